//! NumPy's `.npy` and `.npz` files through ndarray-npy, behind a check of their headers.
//!
//! ndarray-npy allocates what a header claims before it reads the data, and parses a header of any length and nesting.
//! So the header is read here first, by the letter of the format's specification
//! (`numpy.lib.format`), and only an array whose data is all there goes on to ndarray-npy.

use crate::error::{Error, Limits, Result};
use crate::photo::one_line;
use ndarray::{Array, ArrayView, Dimension};
use ndarray_npy::{NpzWriter, ReadNpyExt, ReadableElement, WritableElement, WriteNpyExt};
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// NumPy writes headers of one short line; a structured dtype, which is not read here, may take more.
const LONGEST_HEADER: usize = 4096;
/// The most bytes that magic, version, length and header take.
pub(crate) const LONGEST_PREFIX: usize = LONGEST_HEADER + 12;
const MAGIC: &[u8] = b"\x93NUMPY";

/// The bytes of a `.npy` file that holds `array`.
pub(crate) fn to_npy<T: WritableElement, D: Dimension>(array: ArrayView<T, D>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).map_err(|error| Error::Unsupported(one_line(&error)))?;
    Ok(bytes)
}

/// The array that a `.npy` file in memory holds.
pub(crate) fn from_npy<T: ReadableElement, D: Dimension>(bytes: &[u8], limits: &Limits) -> Result<Array<T, D>> {
    limits.check_bytes(bytes.len() as u64)?;
    let header = Header::parse(bytes)?;
    let found = bytes.len() - header.data_offset;
    if header.data_len != Some(found) {
        let expected = header.data_len.map_or("more than the address space".into(), |len| len.to_string());
        let message = format!("its header asks for {expected} bytes of data, {found} follow");
        return Err(Error::malformed_at("npy", header.data_offset, message));
    }
    Array::read_npy(bytes).map_err(|error| Error::malformed("npy", one_line(&error)))
}

/// A `.npz` archive in memory, read under limits.
pub(crate) struct Npz<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    limits: Limits,
}

impl<'a> Npz<'a> {
    pub(crate) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| Error::malformed("npz", one_line(&error)))?;
        Ok(Self { zip, limits: *limits })
    }

    /// The names of the arrays.
    pub(crate) fn names(&self) -> Vec<String> {
        self.zip.file_names().filter_map(|name| Some(name.strip_suffix(".npy")?.to_owned())).collect()
    }

    /// The array stored as `name`.
    pub(crate) fn array<T: ReadableElement, D: Dimension>(&mut self, name: &str) -> Result<Array<T, D>> {
        from_npy(&self.npy(name)?, &self.limits)
    }

    /// The `.npy` file stored as `name`.
    pub(crate) fn npy(&mut self, name: &str) -> Result<Vec<u8>> {
        let named = |error: String| Error::malformed("npz", format!("array {name:?}: {error}"));
        let entry = self.zip.by_name(&format!("{name}.npy")).map_err(|error| named(one_line(&error)))?;
        let mut bytes = Vec::new();
        entry
            .take(self.limits.bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| named(one_line(&error)))?;
        self.limits.check_bytes(bytes.len() as u64)?;
        Ok(bytes)
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

/// What a `.npy` header says.
pub(crate) struct Header {
    /// Where the data begins.
    pub(crate) data_offset: usize,
    /// Bytes of data that the shape and dtype ask for; `None` when they overflow.
    pub(crate) data_len: Option<usize>,
    /// NumPy's name of the dtype, such as `<u4`.
    pub(crate) descr: String,
    /// Whether the first axis varies fastest.
    pub(crate) fortran_order: bool,
    pub(crate) shape: Vec<usize>,
}

impl Header {
    /// Reads the header at the beginning of `bytes`, of which [`LONGEST_PREFIX`] are enough.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
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
        let Some(text) = bytes.get(start..start + len) else {
            return malformed(bytes.len(), "it ends inside its header");
        };
        let Ok(text) = std::str::from_utf8(text) else { return malformed(start, "its header is not text") };
        let descr = text_after(text, "'descr':").and_then(|rest| Some(rest.strip_prefix('\'')?.split_once('\'')?.0));
        let Some((descr, item)) = descr.and_then(|descr| Some((descr, item_size(descr)?))) else {
            return malformed(start, "its dtype is not a plain number type");
        };
        let shape = text_after(text, "'shape':").and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
        let Some((shape, _)) = shape else { return malformed(start, "its header names no shape") };
        let fortran_order = text_after(text, "'fortran_order':").is_some_and(|rest| rest.starts_with("True"));
        let mut data_len = Some(item);
        let mut sides = Vec::new();
        for side in shape.split(',').map(str::trim).filter(|side| !side.is_empty()) {
            let Ok(side) = side.parse::<usize>() else { return malformed(start, "its shape is not made of numbers") };
            data_len = data_len.and_then(|len| len.checked_mul(side));
            sides.push(side);
        }
        Ok(Self { data_offset: start + len, data_len, descr: descr.into(), fortran_order, shape: sides })
    }
}

fn text_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    Some(text.split_once(key)?.1.trim_start())
}

/// Bytes an element, from a dtype such as `'<f8'`.
fn item_size(descr: &str) -> Option<usize> {
    let size = descr.strip_prefix(['<', '>', '|', '='])?.strip_prefix(['b', 'i', 'u', 'f'])?;
    matches!(size, "1" | "2" | "4" | "8").then(|| size.parse().ok())?
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
            "not a valid npy file: its header asks for 16000000000000000000 bytes of data, 6 follow (at byte 88)"
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
