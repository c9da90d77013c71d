//! What files are made of.

use crate::error::Result;
use crate::photo::Photo;
use crate::volume::{AnyVolume, VolumeFormat, with_volume};

/// What a codec's file is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// A photo.
    Photo(Photo),
    /// A label volume.
    Volume(AnyVolume),
}

impl Data {
    /// The bytes of a file that holds the value without loss, and its extension: PNG or npy.
    ///
    /// # Errors
    /// As [`Photo::to_png`] and [`AnyVolume::encode`].
    pub fn to_file(&self) -> Result<(Vec<u8>, &'static str)> {
        match self {
            Self::Photo(photo) => Ok((photo.to_png()?, "png")),
            Self::Volume(volume) => Ok((volume.encode(VolumeFormat::Npy)?, "npy")),
        }
    }

    /// Bytes of the samples or labels.
    pub fn raw_bytes(&self) -> usize {
        match self {
            Self::Photo(photo) => photo.samples().len(),
            Self::Volume(volume) => volume.raw_bytes(),
        }
    }

    /// Pixels or voxels.
    pub fn elements(&self) -> usize {
        match self {
            Self::Photo(photo) => photo.pixels(),
            Self::Volume(volume) => volume.voxels(),
        }
    }

    /// Shape and CRC-32, in words: equal for equal values.
    pub(crate) fn fingerprint(&self) -> String {
        match self {
            Self::Photo(photo) => {
                let crc32 = crc32fast::hash(photo.samples());
                format!("photo {} x {} x {}, CRC-32 {crc32:08x}", photo.height(), photo.width(), photo.channels())
            }
            Self::Volume(volume) => {
                let [z, y, x] = volume.shape();
                let crc32 = with_volume!(volume, volume => crc32fast::hash(bytemuck::cast_slice(volume.labels())));
                format!("volume {z} x {y} x {x} of {} bytes, CRC-32 {crc32:08x}", volume.label_type().bytes())
            }
        }
    }
}

impl From<Photo> for Data {
    fn from(photo: Photo) -> Self {
        Self::Photo(photo)
    }
}

impl<V: Into<AnyVolume>> From<V> for Data {
    fn from(volume: V) -> Self {
        Self::Volume(volume.into())
    }
}
