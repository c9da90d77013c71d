//! A volume whose label type a file decides.

use super::{Label, LabelType, Volume};
use crate::error::{Error, Result};
use std::fmt;
use std::ops::Range;

/// A [`Volume`] of any of the four label types.
#[derive(Clone, PartialEq, Eq)]
pub enum AnyVolume {
    /// One byte a label.
    U8(Volume<u8>),
    /// Two bytes a label.
    U16(Volume<u16>),
    /// Four bytes a label.
    U32(Volume<u32>),
    /// Eight bytes a label.
    U64(Volume<u64>),
}

/// A buffer for labels of any of the four types.
#[derive(Debug)]
pub enum LabelsMut<'a> {
    U8(&'a mut [u8]),
    U16(&'a mut [u16]),
    U32(&'a mut [u32]),
    U64(&'a mut [u64]),
}

/// Runs an expression on the volume inside an [`AnyVolume`], or on what is inside one of the other two, whatever its
/// type.
macro_rules! with_volume {
    ($any:expr, $volume:ident => $expression:expr) => {
        $crate::volume::with_volume!(AnyVolume, $any, $volume => $expression)
    };
    ($enum:ident, $any:expr, $volume:ident => $expression:expr) => {
        match $any {
            $crate::volume::$enum::U8($volume) => $expression,
            $crate::volume::$enum::U16($volume) => $expression,
            $crate::volume::$enum::U32($volume) => $expression,
            $crate::volume::$enum::U64($volume) => $expression,
        }
    };
}
pub(crate) use with_volume;

/// Runs an expression with `$label` standing for the number type that a [`LabelType`] names.
macro_rules! with_label_type {
    ($label_type:expr, $label:ident => $expression:expr) => {
        match $label_type {
            $crate::volume::LabelType::U8 => {
                type $label = u8;
                $expression
            }
            $crate::volume::LabelType::U16 => {
                type $label = u16;
                $expression
            }
            $crate::volume::LabelType::U32 => {
                type $label = u32;
                $expression
            }
            $crate::volume::LabelType::U64 => {
                type $label = u64;
                $expression
            }
        }
    };
}
pub(crate) use with_label_type;

impl AnyVolume {
    /// The labels' number type.
    pub fn label_type(&self) -> LabelType {
        match self {
            Self::U8(_) => LabelType::U8,
            Self::U16(_) => LabelType::U16,
            Self::U32(_) => LabelType::U32,
            Self::U64(_) => LabelType::U64,
        }
    }

    /// Voxels by (z, y, x).
    pub fn shape(&self) -> [usize; 3] {
        with_volume!(self, volume => volume.shape())
    }

    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        with_volume!(self, volume => volume.voxels())
    }

    /// Bytes of the labels: voxels times bytes a label.
    pub fn raw_bytes(&self) -> usize {
        with_volume!(self, volume => volume.raw_bytes())
    }

    /// The part of the volume that lies in the three ranges; see [`Volume::crop`].
    ///
    /// # Errors
    /// As [`Volume::crop`].
    pub fn crop(&self, z: Range<usize>, y: Range<usize>, x: Range<usize>) -> Result<Self> {
        Ok(with_volume!(self, volume => volume.crop(z, y, x)?.into()))
    }

    /// The labels' memory.
    pub(super) fn as_bytes(&self) -> &[u8] {
        with_volume!(self, volume => bytemuck::cast_slice(volume.labels()))
    }

    /// The labels that occur, ascending.
    pub fn distinct_labels(&self) -> Vec<u64> {
        with_volume!(self, volume => volume.distinct_labels().into_iter().map(Label::to_u64).collect())
    }

    /// How many labels occur; `None` of more than `most`, for which memory would not do.
    pub fn count_labels(&self, most: usize) -> Option<usize> {
        with_volume!(self, volume => volume.count_labels(most))
    }

    /// All labels in C order as little-endian bytes.
    pub fn to_le_bytes(&self) -> Vec<u8> {
        with_volume!(self, volume => volume.to_le_bytes())
    }

    /// The volume with labels of type `T`. Costs a copy.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a label is too large for `T`.
    pub fn to_labels<T: Label>(&self) -> Result<Volume<T>> {
        with_volume!(self, volume => volume.cast())
    }
}

impl fmt::Debug for AnyVolume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with_volume!(self, volume => volume.fmt(f))
    }
}

macro_rules! from_volumes {
    ($($number:ty: $name:ident),*) => {$(
        impl From<Volume<$number>> for AnyVolume {
            fn from(volume: Volume<$number>) -> Self {
                Self::$name(volume)
            }
        }

        /// Costs nothing when the labels are of this very type, else as [`AnyVolume::to_labels`].
        impl TryFrom<AnyVolume> for Volume<$number> {
            type Error = Error;

            fn try_from(volume: AnyVolume) -> Result<Self> {
                match volume {
                    AnyVolume::$name(volume) => Ok(volume),
                    other => other.to_labels(),
                }
            }
        }
    )*};
}

from_volumes!(u8: U8, u16: U16, u32: U32, u64: U64);
