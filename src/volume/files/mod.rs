//! Volumes in files: NumPy's `.npy` and `.npz`, TIFF stacks, and slices in a folder; compressed, through a pipe, or as
//! they are.

// What no type of the interface is in is hidden from a notebook's analyser; see DESIGN.md.
#[cfg(not(rust_analyzer))]
mod array;
#[cfg(not(rust_analyzer))]
mod carrier;
#[cfg(not(rust_analyzer))]
mod folder;
mod info;
mod options;
#[cfg(not(rust_analyzer))]
mod png;
#[cfg(not(rust_analyzer))]
mod stack;

pub use info::VolumeInfo;
pub use options::VolumeOptions;

use super::any::with_volume;
use super::{AnyVolume, Label, LabelType, Volume};
use crate::error::{Error, Result};
use crate::file::{self, Existing};
use crate::limits::{Budget, Limits};
use crate::npy::{self, NpzBuilder};
use crate::photo::one_line;
use ::tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};
use carrier::Carrier;
use std::io::{Cursor, Write};
use std::ops::Range;
use std::path::Path;

/// The file formats that a volume can be written in.
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
                file::shown(path)
            ))),
        }
    }
}

impl AnyVolume {
    /// Opens a file of labels with the default [`VolumeOptions`]; see [`AnyVolume::open_as`].
    ///
    /// # Errors
    /// As [`AnyVolume::open_as`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_as(path, &VolumeOptions::new())
    }

    /// As [`AnyVolume::open`], under limits.
    ///
    /// # Errors
    /// As [`AnyVolume::open_as`].
    pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        Self::open_as(path, &VolumeOptions::new().limits(*limits))
    }

    /// Opens a file of unsigned or boolean labels, or of signed ones without a negative value; its first bytes tell
    /// what it is.
    ///
    /// - A NumPy array (`.npy`) is read in the order in which it lies in memory: of a C-order array the axes are (z, y,
    ///   x), of a Fortran-order one (x, y, z). Of more than three axes those of length 1 are dropped.
    /// - An archive (`.npz`) holds one array, or [`VolumeOptions::array`] names it.
    /// - Each page of a TIFF stack is a slice, and so is what an ImageJ stack of one page has behind it. Labels are the
    ///   stored numbers, whatever the file says of their colours. Smaller copies of pages are skipped. Stacks with more
    ///   axes than three are refused unless all but three have length 1.
    /// - A PNG file of grey levels or palette entries is one slice.
    /// - A folder of equally large PNG or TIFF slices is read in the natural order of their names: 2 before 10.
    ///
    /// Any of the files may be compressed by a [`SecondStage`](crate::second_stage::SecondStage), and may be a pipe.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read, [`Error::Malformed`] or [`Error::Unsupported`] when it holds no
    /// labels, [`Error::OutOfRange`] for negative ones, [`Error::TooLarge`] when it exceeds the limits, which hold for
    /// all that is in memory at one time.
    pub fn open_as(path: impl AsRef<Path>, options: &VolumeOptions) -> Result<Self> {
        let path = path.as_ref();
        let read = || match path.is_dir() {
            true => folder::read(path, options),
            false => Carrier::open(path, &options.limits)?.read(options, None),
        };
        read().map_err(|error| at_path(error, path))
    }

    /// Opens the slices of a range of z of a NumPy array in memory order (z, y, x), reading nothing else of its file.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when the range is not within the volume, else as [`AnyVolume::open_as`].
    pub fn open_slices(path: impl AsRef<Path>, z: Range<usize>, limits: &Limits) -> Result<Self> {
        let path = path.as_ref();
        let options = VolumeOptions::new().limits(*limits);
        let read = || Carrier::open(path, limits)?.read(&options, Some(z));
        read().map_err(|error| at_path(error, path))
    }

    /// The volume that a file in memory holds; see [`AnyVolume::open_as`]. The format is what is expected where its
    /// first bytes tell nothing.
    ///
    /// # Errors
    /// As [`AnyVolume::open_as`].
    pub fn decode(bytes: &[u8], format: VolumeFormat, limits: &Limits) -> Result<Self> {
        Self::decode_as(bytes, Some(format), &VolumeOptions::new().limits(*limits))
    }

    /// As [`AnyVolume::decode`], with options; without a format the first bytes must tell it.
    ///
    /// # Errors
    /// As [`AnyVolume::open_as`].
    pub fn decode_as(bytes: &[u8], format: Option<VolumeFormat>, options: &VolumeOptions) -> Result<Self> {
        let mut source = Cursor::new(bytes);
        Carrier::memory(&mut source, bytes.len() as u64, format, &options.limits)?.read(options, None)
    }

    /// The bytes of a file that holds the volume: an array of shape (z, y, x) in C order, or a page for each slice.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the format cannot hold the volume: TIFF has no empty pages, and no files over 4 GiB.
    pub fn encode(&self, format: VolumeFormat) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write(format, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes what [`AnyVolume::encode`] makes; of `.npy` without a copy in memory.
    ///
    /// # Errors
    /// [`Error::Io`] when `to` cannot be written to, else as [`AnyVolume::encode`].
    pub fn write(&self, format: VolumeFormat, to: &mut dyn Write) -> Result<()> {
        with_volume!(self, volume => match format {
            VolumeFormat::Npy => npy::write(volume.as_array(), to),
            VolumeFormat::Npz => write_all(to, &NpzBuilder::new().array("labels", volume.as_array())?.finish()?),
            VolumeFormat::Tiff => write_all(to, &tiff_bytes(self)?),
        })
    }

    /// Writes the volume to a file whose extension tells the format, replacing an existing one.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written, else as [`AnyVolume::encode`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let format = VolumeFormat::from_path(&path)?;
        file::write_with(path.as_ref(), Existing::Replace, |to| self.write(format, to))
    }
}

/// An error of the reader with the file's name.
fn at_path(error: Error, path: &Path) -> Error {
    match error {
        Error::Io { action, source, path: none } if none.as_os_str().is_empty() => {
            Error::Io { action, path: path.to_owned(), source }
        }
        other => other,
    }
}

/// Three sides of any number: of more than three those of length 1 are dropped from the front, and ones are put there
/// where there are fewer. `None` when more than three are left.
fn three_axes(mut sides: Vec<usize>) -> Option<[usize; 3]> {
    while sides.len() > 3 {
        let one = sides.iter().position(|&side| side == 1)?;
        sides.remove(one);
    }
    let mut shape = [1; 3];
    shape[3 - sides.len()..].copy_from_slice(&sides);
    Some(shape)
}

/// Checks a volume's size before its memory is asked for; the number of its voxels.
fn check_size(shape: [usize; 3], label_type: LabelType, limits: &Limits) -> Result<usize> {
    let voxels = shape.iter().try_fold(1u64, |product, &side| product.checked_mul(side as u64));
    let voxels = limits.check_voxels(voxels.unwrap_or(u64::MAX))?;
    limits.check_bytes(voxels.saturating_mul(label_type.bytes() as u64))?;
    Ok(voxels as usize)
}

/// A volume whose bytes a reader fills in.
fn fill_volume(
    label_type: LabelType,
    shape: [usize; 3],
    budget: &mut Budget,
    fill: impl FnOnce(&mut [u8], &mut Budget) -> Result<()>,
) -> Result<AnyVolume> {
    fn filled<T: Label>(
        shape: [usize; 3],
        budget: &mut Budget,
        fill: impl FnOnce(&mut [u8], &mut Budget) -> Result<()>,
    ) -> Result<AnyVolume>
    where
        AnyVolume: From<Volume<T>>,
    {
        let mut labels = budget.zeroed::<T>(shape.iter().product())?;
        fill(bytemuck::cast_slice_mut(&mut labels), budget)?;
        Ok(Volume::from_vec(shape, labels)?.into())
    }
    match label_type {
        LabelType::U8 => filled::<u8>(shape, budget, fill),
        LabelType::U16 => filled::<u16>(shape, budget, fill),
        LabelType::U32 => filled::<u32>(shape, budget, fill),
        LabelType::U64 => filled::<u64>(shape, budget, fill),
    }
}

/// Refuses labels that were negative before their bits were taken as an unsigned number's.
fn check_signs(volume: &AnyVolume) -> Result<()> {
    fn check<T: Label>(labels: &[T]) -> Result<()> {
        let most = T::MAX.into() >> 1;
        match labels.iter().find(|&&label| label.into() > most) {
            None => Ok(()),
            Some(&label) => {
                Err(Error::out_of_range("a label", label.into() as i128 - i128::from(T::MAX.into()) - 1, "0 or more"))
            }
        }
    }
    with_volume!(volume, volume => check(volume.labels()))
}

/// Turns floating-point numbers, of which the volume holds the bits, into the labels of as many bytes that they are.
fn cast_floats(volume: &mut AnyVolume) -> Result<()> {
    fn cast<T: Label>(volume: &mut Volume<T>) -> Result<()> {
        // Beyond this, floats of the size skip whole numbers: an id there may have been rounded already.
        let most = match T::BYTES {
            2 => 2048.0,
            4 => 16_777_216.0,
            _ => 9_007_199_254_740_992.0,
        };
        for label in volume.labels_mut() {
            let bits: u64 = (*label).into();
            let number = match T::BYTES {
                2 => half(bits as u16),
                4 => f32::from_bits(bits as u32).into(),
                _ => f64::from_bits(bits),
            };
            if !(0.0..=most).contains(&number) || number.fract() != 0.0 {
                return Err(Error::out_of_range(
                    "a label in floating point",
                    number,
                    "a whole number that its type tells from the next: 0 to 2048, 2^24 or 2^53",
                ));
            }
            *label = T::from_low_bits(number as u64);
        }
        Ok(())
    }
    with_volume!(volume, volume => cast(volume))
}

/// The number that half a float of 32 bits stands for.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    let size = match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// The error for floating-point numbers that nobody asked to cast.
fn refuse_floats(what: &str) -> Error {
    Error::Unsupported(format!(
        "labels are whole numbers, and this file holds {what}: where all of them are whole, \
         VolumeOptions::cast takes them"
    ))
}

fn write_all(to: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    to.write_all(bytes).map_err(Error::io("write", Path::new("")))
}

fn tiff_bytes(volume: &AnyVolume) -> Result<Vec<u8>> {
    if volume.voxels() == 0 {
        return Err(Error::Unsupported("TIFF cannot hold a volume without voxels".into()));
    }
    let [depth, height, width] = volume.shape();
    let (height, width) = (height as u32, width as u32);
    let mut bytes = Cursor::new(Vec::new());
    let unsupported = |error: ::tiff::TiffError| Error::Unsupported(one_line(&error));
    let compression = Compression::Deflate(DeflateLevel::Balanced);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats() {
        for (bits, number) in [(0, 0.0), (0x3C00, 1.0), (0x6800, 2048.0), (0xC000, -2.0), (1, 2f64.powi(-24))] {
            assert_eq!(half(bits), number);
        }
        assert!(half(0x7E00).is_nan() && half(0x7C00).is_infinite());
    }
}
