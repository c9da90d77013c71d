//! What a file of labels is, without reading them.

use super::carrier::Carrier;
use super::{VolumeOptions, at_path, folder};
use crate::error::Result;
use crate::volume::{AnyVolume, LabelType};
use std::io::Cursor;
use std::path::Path;

/// What a file of labels is, as its headers say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VolumeInfo {
    /// `npy`, `npz`, `tiff`, `png` or `folder`.
    pub format: &'static str,
    /// Voxels by (z, y, x).
    pub shape: [usize; 3],
    /// The type that the labels have when they are read.
    pub label_type: LabelType,
    /// The type that they have in the file, by NumPy's name, such as `int32`.
    pub dtype: String,
    /// Whether they are floating-point numbers, which are read only when asked for.
    pub floats: bool,
    /// Pages of a TIFF file, or files of a folder; 1 of all else.
    pub pages: usize,
}

impl VolumeInfo {
    /// Bytes of all labels.
    pub fn raw_bytes(&self) -> u64 {
        let bytes = self.label_type.bytes() as u64;
        self.shape.iter().fold(bytes, |product, &side| product.saturating_mul(side as u64))
    }

    /// Whether the numbers are labels rather than a picture's levels, as far as one can tell: they have several slices,
    /// or more than 8 bits.
    pub fn is_likely_labels(&self) -> bool {
        self.shape[0] > 1 || self.label_type.bytes() > 1
    }
}

impl AnyVolume {
    /// What a file of labels is, from its headers; see [`AnyVolume::open_as`] for the kinds.
    ///
    /// # Errors
    /// As [`AnyVolume::open_as`].
    pub fn info(path: impl AsRef<Path>, options: &VolumeOptions) -> Result<VolumeInfo> {
        let path = path.as_ref();
        let read = || match path.is_dir() {
            true => folder::info(path, options),
            false => Carrier::open(path, &options.limits)?.info(options),
        };
        read().map_err(|error| at_path(error, path))
    }

    /// As [`AnyVolume::info`], of a file in memory.
    ///
    /// # Errors
    /// As [`AnyVolume::open_as`].
    pub fn info_of(bytes: &[u8], options: &VolumeOptions) -> Result<VolumeInfo> {
        let mut source = Cursor::new(bytes);
        Carrier::memory(&mut source, bytes.len() as u64, None, &options.limits)?.info(options)
    }
}
