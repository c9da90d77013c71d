//! Volumes in files: NumPy's `.npy` and `.npz`, and TIFF stacks.

use super::any::with_volume;
use super::{AnyVolume, Label, LabelType, Volume, check_range};
use crate::error::{Error, Limits, Result};
use crate::file::{self, Existing};
use crate::memory;
use crate::npy::{self, Header, LONGEST_PREFIX, Npz, NpzBuilder};
use crate::photo::one_line;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::encoder::{Compression, TiffEncoder, colortype};

/// The file formats that a volume can be read from and written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VolumeFormat {
    /// One NumPy array.
    Npy,
    /// A NumPy archive; written with one array, `labels`.
    Npz,
    /// A TIFF file with a page for each slice; written with Deflate.
    Tiff,
}

impl VolumeFormat {
    /// The format that a file name's extension asks for.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the extension is none of `npy`, `npz`, `tif` and `tiff`.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match file::extension(path).as_str() {
            "npy" => Ok(Self::Npy),
            "npz" => Ok(Self::Npz),
            "tif" | "tiff" => Ok(Self::Tiff),
            _ => Err(Error::Unsupported(format!(
                "cannot tell a volume format from {}: end its name in .npy, .npz or .tif",
                path.display()
            ))),
        }
    }
}

impl AnyVolume {
    /// Opens a `.npy`, `.npz` or TIFF file with the default [`Limits`]; see [`AnyVolume::open_with`].
    ///
    /// # Errors
    /// As [`AnyVolume::open_with`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &Limits::new())
    }

    /// Opens a `.npy`, `.npz` or TIFF file of unsigned or boolean labels, or of signed ones without a negative value.
    ///
    /// NumPy arrays of up to three axes are read in the order in which they lie in memory: of a C-order array the axes are
    /// (z, y, x), of a Fortran-order one (x, y, z). An archive holds one array. Each page of a TIFF file is a slice; of
    /// a file with more axes they follow one another.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read, [`Error::Malformed`] or [`Error::Unsupported`] when it holds no labels,
    /// [`Error::TooLarge`] when it exceeds the limits.
    pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let path = path.as_ref();
        match VolumeFormat::from_path(path)? {
            VolumeFormat::Npy => {
                let (file, len) = open_file(path)?;
                read_npy(file, len, None, limits).map_err(|error| at_path(error, path))
            }
            format => Self::decode(&file::read(path, limits)?, format, limits),
        }
    }

    /// Opens the slices of a range of z of a `.npy` file in memory order (z, y, x), reading nothing else of it.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when the range is not within the volume, else as [`AnyVolume::open_with`].
    pub fn open_slices(path: impl AsRef<Path>, z: Range<usize>, limits: &Limits) -> Result<Self> {
        let path = path.as_ref();
        let (file, len) = open_file(path)?;
        read_npy(file, len, Some(z), limits).map_err(|error| at_path(error, path))
    }

    /// The volume that a file in memory holds; see [`AnyVolume::open_with`].
    ///
    /// # Errors
    /// As [`AnyVolume::open_with`].
    pub fn decode(bytes: &[u8], format: VolumeFormat, limits: &Limits) -> Result<Self> {
        match format {
            VolumeFormat::Npy => read_npy(Cursor::new(bytes), bytes.len() as u64, None, limits),
            VolumeFormat::Npz => {
                let mut archive = Npz::open(bytes, limits)?;
                let names = archive.names();
                let [name] = names.as_slice() else {
                    let found = format!("it holds {} arrays, a volume is one", names.len());
                    return Err(Error::malformed("npz", found));
                };
                let npy = archive.npy(name)?;
                read_npy(Cursor::new(&npy), npy.len() as u64, None, limits)
            }
            VolumeFormat::Tiff => read_tiff(bytes, limits),
        }
    }

    /// The bytes of a file that holds the volume: an array of shape (z, y, x) in C order, or a page for each slice.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the format cannot hold the volume: TIFF has no empty pages, and no files over 4 GiB.
    pub fn encode(&self, format: VolumeFormat) -> Result<Vec<u8>> {
        with_volume!(self, volume => match format {
            VolumeFormat::Npy => npy::to_npy(volume.as_array()),
            VolumeFormat::Npz => NpzBuilder::new().array("labels", volume.as_array())?.finish(),
            VolumeFormat::Tiff => write_tiff(self),
        })
    }

    /// Writes the volume to a file whose extension tells the format, replacing an existing one.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written, else as [`AnyVolume::encode`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let format = VolumeFormat::from_path(&path)?;
        file::write(path.as_ref(), &self.encode(format)?, Existing::Replace)
    }
}

fn open_file(path: &Path) -> Result<(File, u64)> {
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata.len())));
    opened.map_err(Error::io("read", path))
}

/// An error of the reader with the file's name.
fn at_path(error: Error, path: &Path) -> Error {
    match error {
        Error::Io { action, source, .. } => Error::Io { action, path: path.to_owned(), source },
        other => other,
    }
}

fn read_npy(mut file: impl Read + Seek, len: u64, z: Option<Range<usize>>, limits: &Limits) -> Result<AnyVolume> {
    let failed = |source| Error::Io { action: "read", path: Default::default(), source };
    let mut prefix = Vec::new();
    file.by_ref().take(LONGEST_PREFIX as u64).read_to_end(&mut prefix).map_err(failed)?;
    let header = Header::parse(&prefix)?;
    let expected = header.data_len.map(|data| (header.data_offset + data) as u64);
    if expected != Some(len) {
        let expected = expected.map_or("more than the address space".into(), |len| len.to_string());
        let message = format!("its header asks for a file of {expected} bytes, it has {len}");
        return Err(Error::malformed_at("npy", header.data_offset, message));
    }
    let mut sides = header.shape.clone();
    if header.fortran_order {
        sides.reverse();
    }
    let [depth, height, width] = match *sides.as_slice() {
        [] => [1, 1, 1],
        [x] => [1, 1, x],
        [y, x] => [1, y, x],
        [z, y, x] => [z, y, x],
        _ => return Err(Error::Unsupported(format!("a volume has up to 3 axes, this array has {}", sides.len()))),
    };
    let z = z.unwrap_or(0..depth);
    check_range(&z, depth)?;
    let shape = [z.len(), height, width];
    let label_type = label_type(&header.descr)?;
    limits.check_voxels(shape.iter().map(|&side| side as u64).product())?;
    limits.check_bytes((z.len() * height * width * label_type.bytes()) as u64)?;
    let start = header.data_offset + z.start * height * width * label_type.bytes();
    file.seek(SeekFrom::Start(start as u64)).map_err(failed)?;
    Ok(match label_type {
        LabelType::U8 => read_labels::<u8>(file, shape, &header)?.into(),
        LabelType::U16 => read_labels::<u16>(file, shape, &header)?.into(),
        LabelType::U32 => read_labels::<u32>(file, shape, &header)?.into(),
        LabelType::U64 => read_labels::<u64>(file, shape, &header)?.into(),
    })
}

/// The label type that holds a dtype's values.
fn label_type(descr: &str) -> Result<LabelType> {
    let unsupported = || Error::Unsupported(format!("labels are whole numbers, this array's dtype is {descr}"));
    let size = descr.strip_prefix(['<', '>', '|', '=']).and_then(|rest| rest.strip_prefix(['u', 'i', 'b']));
    size.and_then(|size| LabelType::from_bytes(size.parse().ok()?)).ok_or_else(unsupported)
}

fn read_labels<T: Label>(mut file: impl Read, shape: [usize; 3], header: &Header) -> Result<Volume<T>> {
    let mut labels = memory::zeroed::<T>(shape.iter().product());
    file.read_exact(bytemuck::cast_slice_mut(&mut labels)).map_err(|source| Error::Io {
        action: "read",
        path: Default::default(),
        source,
    })?;
    let is_big = header.descr.starts_with('>');
    if is_big != cfg!(target_endian = "big") && T::BYTES > 1 {
        bytemuck::cast_slice_mut::<T, u8>(&mut labels).chunks_exact_mut(T::BYTES).for_each(<[u8]>::reverse);
    }
    if header.descr.contains('i') {
        check_signs(&labels)?;
    }
    Volume::from_vec(shape, labels)
}

/// Refuses labels that were negative before their bits were taken as an unsigned number's.
fn check_signs<T: Label>(labels: &[T]) -> Result<()> {
    let most = T::MAX.into() >> 1;
    match labels.iter().find(|&&label| label.into() > most) {
        None => Ok(()),
        Some(&label) => Err(Error::OutOfRange {
            name: "a label",
            found: (label.into() as i64 - T::MAX.into() as i64 - 1).to_string(),
            expected: "0 or more",
        }),
    }
}

fn read_tiff(bytes: &[u8], limits: &Limits) -> Result<AnyVolume> {
    let malformed = |error: tiff::TiffError| Error::malformed("TIFF", one_line(&error));
    let mut budget = tiff::decoder::Limits::default();
    budget.decoding_buffer_size = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
    budget.intermediate_buffer_size = budget.decoding_buffer_size;
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(malformed)?.with_limits(budget);
    let mut stack: Option<AnyVolume> = None;
    // A page takes more bytes than this, so a longer chain of pages runs in a circle.
    for page in 1..bytes.len() / 16 + 1 {
        let (width, height) = decoder.dimensions().map_err(malformed)?;
        let tiff::ColorType::Gray(bits) = decoder.colortype().map_err(malformed)? else {
            return Err(Error::Unsupported("a volume has one label a voxel, this TIFF file has colours".into()));
        };
        let voxels = (page as u64).saturating_mul(u64::from(width) * u64::from(height));
        limits.check_voxels(voxels)?;
        limits.check_bytes(voxels.saturating_mul(u64::from(bits).div_ceil(8)))?;
        let slice = tiff_slice(decoder.read_image().map_err(malformed)?, [1, height as usize, width as usize])?;
        let fits = match &mut stack {
            Some(stack) => stack.append(&slice),
            None => {
                stack = Some(slice);
                true
            }
        };
        if !fits {
            let message = format!("page {page} of the TIFF file differs from the first in shape or label type");
            return Err(Error::Unsupported(message));
        }
        if !decoder.more_images() {
            return Ok(stack.expect("a page was read"));
        }
        decoder.next_image().map_err(malformed)?;
    }
    Err(Error::malformed("TIFF", "its pages follow one another in a circle"))
}

/// A page as a volume of one slice.
fn tiff_slice(page: DecodingResult, shape: [usize; 3]) -> Result<AnyVolume> {
    fn unsigned<T: Label>(labels: Vec<T>, shape: [usize; 3]) -> Result<Volume<T>> {
        check_signs(&labels)?;
        Volume::from_vec(shape, labels)
    }
    Ok(match page {
        DecodingResult::U8(labels) => Volume::from_vec(shape, labels)?.into(),
        DecodingResult::U16(labels) => Volume::from_vec(shape, labels)?.into(),
        DecodingResult::U32(labels) => Volume::from_vec(shape, labels)?.into(),
        DecodingResult::U64(labels) => Volume::from_vec(shape, labels)?.into(),
        DecodingResult::I8(labels) => unsigned::<u8>(bytemuck::cast_vec(labels), shape)?.into(),
        DecodingResult::I16(labels) => unsigned::<u16>(bytemuck::cast_vec(labels), shape)?.into(),
        DecodingResult::I32(labels) => unsigned::<u32>(bytemuck::cast_vec(labels), shape)?.into(),
        DecodingResult::I64(labels) => unsigned::<u64>(bytemuck::cast_vec(labels), shape)?.into(),
        _ => return Err(Error::Unsupported("labels are whole numbers, this TIFF file has others".into())),
    })
}

fn write_tiff(volume: &AnyVolume) -> Result<Vec<u8>> {
    if volume.voxels() == 0 {
        return Err(Error::Unsupported("TIFF cannot hold a volume without voxels".into()));
    }
    let [depth, height, width] = volume.shape();
    let (height, width) = (height as u32, width as u32);
    let mut bytes = Cursor::new(Vec::new());
    let unsupported = |error: tiff::TiffError| Error::Unsupported(one_line(&error));
    let compression = Compression::Deflate(tiff::encoder::DeflateLevel::Balanced);
    let mut encoder = TiffEncoder::new(&mut bytes).map_err(unsupported)?.with_compression(compression);
    for z in 0..depth {
        match volume {
            AnyVolume::U8(volume) => encoder.write_image::<colortype::Gray8>(width, height, volume.slice(z)),
            AnyVolume::U16(volume) => encoder.write_image::<colortype::Gray16>(width, height, volume.slice(z)),
            AnyVolume::U32(volume) => encoder.write_image::<colortype::Gray32>(width, height, volume.slice(z)),
            AnyVolume::U64(volume) => encoder.write_image::<colortype::Gray64>(width, height, volume.slice(z)),
        }
        .map_err(unsupported)?;
    }
    Ok(bytes.into_inner())
}
