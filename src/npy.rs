//! NumPy's `.npy` and `.npz` files through ndarray-npy, behind a check of their headers.
//!
//! ndarray-npy allocates what a header claims before it reads the data, and parses a header of any length and nesting.
//! So the header is read here first, by the letter of the format's specification
//! (`numpy.lib.format`), and only an array whose data is all there goes on to ndarray-npy.

use crate::error::{Error, Result};

use crate::file;
use crate::limits::Limits;
use crate::photo::one_line;
use ndarray::{Array, ArrayView, Dimension};
use ndarray_npy::{NpzWriter, ReadNpyExt, ReadableElement, WritableElement, WriteNpyExt};
use std::io::{self, Cursor, Read, Seek, Write};
use zip::ZipArchive;

/// NumPy writes headers of one short line; a structured dtype, which is not read here, may take more.
const LONGEST_HEADER: usize = 4096;
const MAGIC: &[u8] = b"\x93NUMPY";

/// The bytes of a `.npy` file that holds `array`.
pub(crate) fn to_npy<T: WritableElement, D: Dimension>(array: ArrayView<T, D>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).map_err(|error| Error::Unsupported(one_line(&error)))?;
    Ok(bytes)
}

/// Writes a `.npy` file that holds `array`, of contiguous numbers without a copy of them.
pub(crate) fn write<T: WritableElement, D: Dimension>(array: ArrayView<T, D>, mut to: impl Write) -> Result<()> {
    use ndarray_npy::WriteNpyError;
    array.write_npy(&mut to).map_err(|error| match error {
        WriteNpyError::Io(source) => Error::Io { action: "write", path: Default::default(), source },
        error => Error::Unsupported(one_line(&error)),
    })
}

/// The array that a `.npy` file in memory holds.
pub(crate) fn from_npy<T: ReadableElement, D: Dimension>(bytes: &[u8], limits: &Limits) -> Result<Array<T, D>> {
    // The file and the array.
    limits.check_bytes(2 * bytes.len() as u64)?;
    let header = Header::parse(bytes)?;
    let found = bytes.len() - header.data_offset;
    if header.data_len != Some(found) {
        let expected = header.data_len.map_or("more than the address space".into(), |len| format!("{len} bytes"));
        let message = format!("its header asks for {expected} of data, {found} bytes follow");
        return Err(Error::malformed_at("npy", header.data_offset, message));
    }
    Array::read_npy(bytes).map_err(|error| Error::malformed("npy", one_line(&error)))
}

/// A `.npz` archive, read under limits.
pub(crate) struct Npz<R> {
    zip: ZipArchive<R>,
    limits: Limits,
}

impl<R: Read + Seek> Npz<R> {
    pub(crate) fn open(source: R, limits: &Limits) -> Result<Self> {
        let zip = ZipArchive::new(source).map_err(|error| Error::malformed("npz", one_line(&error)))?;
        Ok(Self { zip, limits: *limits })
    }

    /// The names of the arrays.
    pub(crate) fn names(&self) -> Vec<String> {
        self.zip.file_names().filter_map(|name| Some(name.strip_suffix(".npy")?.to_owned())).collect()
    }

    /// The array stored as `name`.
    pub(crate) fn array<T: ReadableElement, D: Dimension>(&mut self, name: &str) -> Result<Array<T, D>> {
        let limits = self.limits;
        let (entry, _) = self.entry(name)?;
        let mut bytes = Vec::new();
        entry
            .take(limits.bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| Error::malformed("npz", format!("array {name:?}: {error}")))?;
        from_npy(&bytes, &limits)
    }

    /// The `.npy` file stored as `name`, as it is read, and its length.
    pub(crate) fn entry(&mut self, name: &str) -> Result<(impl Read, u64)> {
        let entry = self.zip.by_name(&format!("{name}.npy"));
        let entry = entry.map_err(|error| Error::malformed("npz", format!("array {name:?}: {}", one_line(&error))))?;
        let len = entry.size();
        Ok((entry, len))
    }
}

/// Collects arrays into the bytes of a `.npz` archive, stored without compression as `numpy.savez` does.
pub(crate) struct NpzBuilder(NpzWriter<Cursor<Vec<u8>>>);

impl NpzBuilder {
    pub(crate) fn new() -> Self {
        Self(NpzWriter::new(Cursor::new(Vec::new())))
    }

    pub(crate) fn array<T: WritableElement, D: Dimension>(
        mut self,
        name: &str,
        array: ArrayView<T, D>,
    ) -> Result<Self> {
        self.0.add_array(name, &array).map_err(|error| Error::Unsupported(one_line(&error)))?;
        Ok(self)
    }

    pub(crate) fn finish(self) -> Result<Vec<u8>> {
        let cursor = self.0.finish().map_err(|error| Error::Unsupported(one_line(&error)))?;
        Ok(cursor.into_inner())
    }
}

/// What kind of number an array holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Bool,
    Unsigned,
    Signed,
    Float,
}

impl Number {
    /// NumPy's name of the numbers of so many bytes.
    pub(crate) fn name(self, bytes: usize) -> String {
        match self {
            Self::Bool => "bool".into(),
            Self::Unsigned => format!("uint{}", 8 * bytes),
            Self::Signed => format!("int{}", 8 * bytes),
            Self::Float => format!("float{}", 8 * bytes),
        }
    }
}

/// What a `.npy` header says.
pub(crate) struct Header {
    /// Where the data begins.
    pub(crate) data_offset: usize,
    /// Bytes of data that the shape and dtype ask for; `None` when they overflow.
    pub(crate) data_len: Option<usize>,
    /// NumPy's code of the dtype, such as `<u4`.
    pub(crate) descr: String,
    pub(crate) number: Number,
    /// Bytes of a number: 1, 2, 4 or 8.
    pub(crate) item_bytes: usize,
    /// Whether the first axis varies fastest.
    pub(crate) fortran_order: bool,
    pub(crate) shape: Vec<usize>,
}

impl Header {
    /// Reads the header, and nothing behind it.
    pub(crate) fn read(source: &mut dyn Read, failed: impl Fn(io::Error) -> Error) -> Result<Self> {
        let mut prefix = Vec::new();
        let mut more = |prefix: &mut Vec<u8>, len: usize| {
            let missing = len.saturating_sub(prefix.len()) as u64;
            source.take(missing).read_to_end(prefix).map_err(&failed)
        };
        more(&mut prefix, MAGIC.len() + 4)?;
        if prefix.starts_with(b"\x93NUMPY\x02") || prefix.starts_with(b"\x93NUMPY\x03") {
            more(&mut prefix, MAGIC.len() + 6)?;
        }
        if let Ok((start, len)) = Self::extent(&prefix) {
            more(&mut prefix, start + len)?;
        }
        Self::parse(&prefix)
    }

    /// Where the header's text begins, and its length.
    fn extent(bytes: &[u8]) -> Result<(usize, usize)> {
        let malformed = |offset, message: &str| Err(Error::malformed_at("npy", offset, message));
        if !bytes.starts_with(MAGIC) {
            return malformed(0, "it does not begin with the magic \\x93NUMPY");
        }
        let (start, len) = match bytes[MAGIC.len()..] {
            [1, 0, a, b, ..] => (10, usize::from(u16::from_le_bytes([a, b]))),
            [2 | 3, 0, a, b, c, d, ..] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
            _ => return malformed(6, "its version is none of 1.0, 2.0 and 3.0"),
        };
        if len > LONGEST_HEADER {
            return malformed(start, "its header is longer than 4096 bytes");
        }
        Ok((start, len))
    }

    /// Reads the header at the beginning of `bytes`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let malformed = |offset, message: &str| Err(Error::malformed_at("npy", offset, message));
        let (start, len) = Self::extent(bytes)?;
        let Some(text) = bytes.get(start..start + len) else {
            return malformed(bytes.len(), "it ends inside its header");
        };
        let Ok(text) = std::str::from_utf8(text) else { return malformed(start, "its header is not text") };
        let text = text.replace('"', "'");
        let Some(descr) = text_after(&text, "'descr':") else { return malformed(start, "its header names no dtype") };
        if descr.starts_with('[') {
            let message = "arrays of structured records are not supported: save the field that is meant";
            return Err(Error::Unsupported(message.into()));
        }
        let Some((descr, _)) = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) else {
            return malformed(start, "its header names no dtype");
        };
        let (number, item_bytes) = number(descr)?;
        let shape = text_after(&text, "'shape':").and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
        let Some((shape, _)) = shape else { return malformed(start, "its header names no shape") };
        let fortran_order = match text_after(&text, "'fortran_order':") {
            Some(rest) if rest.starts_with("True") => true,
            Some(rest) if rest.starts_with("False") => false,
            _ => return malformed(start, "its header does not tell the order of its axes"),
        };
        let mut data_len = Some(item_bytes);
        let mut sides = Vec::new();
        for side in shape.split(',').map(str::trim).filter(|side| !side.is_empty()) {
            // Python 2 wrote `3L`.
            let Ok(side) = side.trim_end_matches('L').parse::<usize>() else {
                return malformed(start, "its shape is not made of numbers");
            };
            data_len = data_len.and_then(|len| len.checked_mul(side));
            sides.push(side);
        }
        let data_offset = start + len;
        // Nothing below reaches the end of the address space.
        let data_len = data_len.filter(|len| len.checked_add(data_offset).is_some_and(|end| end < usize::MAX / 2));
        Ok(Self { data_offset, data_len, descr: descr.into(), number, item_bytes, fortran_order, shape: sides })
    }
}

fn text_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    Some(text.split_once(key)?.1.trim_start())
}

/// The kind of number and its bytes, from a dtype such as `<f8`.
fn number(descr: &str) -> Result<(Number, usize)> {
    let code = descr.strip_prefix(['<', '>', '|', '=']).unwrap_or(descr);
    let (kind, size) = code.split_at_checked(1).unwrap_or((code, ""));
    let refused = |what: &str| {
        let descr = file::printable(descr);
        let message = format!("arrays of {what} (dtype {descr}) are not supported: save them as whole numbers");
        Err(Error::Unsupported(message))
    };
    let number = match kind {
        "b" => Number::Bool,
        "u" => Number::Unsigned,
        "i" => Number::Signed,
        "f" => Number::Float,
        "c" => return refused("complex numbers"),
        "O" => return refused("Python objects"),
        "M" | "m" => return refused("dates and times"),
        "U" | "S" | "a" => return refused("text"),
        "V" => return refused("raw records"),
        _ => return refused("an unknown kind"),
    };
    match size {
        "1" | "2" | "4" | "8" => Ok((number, size.parse().expect("a digit"))),
        _ => refused("numbers of this size"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Ix2, array};

    fn npy(shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Array2<u8>> {
        from_npy::<u8, Ix2>(bytes, &Limits::new())
    }

    #[test]
    fn arrays_come_back() {
        let array = array![[1u8, 2, 3], [4, 5, 6]];
        assert_eq!(read(&to_npy(array.view()).unwrap()).unwrap(), array);
        assert_eq!(read(&npy("(2, 3)", &[1, 2, 3, 4, 5, 6])).unwrap(), array);
    }

    #[test]
    fn hostile_headers_are_errors() {
        let huge = npy("(4000000000, 4000000000)", &[0; 6]);
        assert_eq!(
            read(&huge).unwrap_err().to_string(),
            "not a valid npy file: its header asks for more than the address space of data, 6 bytes follow (at byte 88)"
        );
        assert!(read(&npy("(18446744073709551615, 2)", &[0; 6])).is_err());
        assert!(read(&npy("(2, 3)", &[0; 5])).is_err());
        assert!(read(&npy("((((((((2))))))))", &[0; 2])).is_err());
        assert!(read(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").is_err());
        assert!(read(b"\x93NUMPY").is_err());
        assert!(read(b"").is_err());
        let small = Limits::new().bytes(8);
        assert!(matches!(from_npy::<u8, Ix2>(&npy("(2, 3)", &[0; 6]), &small), Err(Error::TooLarge { .. })));
    }
}
