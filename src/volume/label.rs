//! The number types that labels come in.

use super::any::LabelsMut;
use super::view::{AnyVolumeView, VolumeView};
use crate::error::{Error, Result};
use crate::words::words;
use std::fmt::{Debug, Display};
use std::hash::Hash;

/// Which of the four unsigned number types a volume's labels have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelType {
    /// One byte a label.
    U8,
    /// Two bytes a label.
    U16,
    /// Four bytes a label.
    U32,
    /// Eight bytes a label.
    U64,
}

impl LabelType {
    /// Bytes a label: 1, 2, 4 or 8.
    pub const fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 => 4,
            Self::U64 => 8,
        }
    }

    /// The type of so many bytes a label.
    pub const fn from_bytes(bytes: usize) -> Option<Self> {
        match bytes {
            1 => Some(Self::U8),
            2 => Some(Self::U16),
            4 => Some(Self::U32),
            8 => Some(Self::U64),
            _ => None,
        }
    }

    /// Appends the little-endian bytes of a number that the type holds.
    pub(crate) fn put_le(self, number: u64, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&number.to_le_bytes()[..self.bytes()]);
    }

    /// The type's largest label.
    pub(crate) const fn max(self) -> u64 {
        u64::MAX >> (64 - 8 * self.bytes())
    }

    /// The new label that a map has for an old one.
    pub(crate) fn renamed(self, label: u64, map: &mut impl FnMut(u64) -> Option<u64>) -> Result<u64> {
        match map(label) {
            None => Err(Error::Unsupported(format!("the map has no label for {label}"))),
            Some(new) if new > self.max() => {
                Err(Error::out_of_range("a new label", new, "at most the largest of the stream's label type"))
            }
            Some(new) => Ok(new),
        }
    }
}

words!(LabelType, "label type", "u8, u16, u32 or u64", {
    U8 => "u8",
    U16 => "u16",
    U32 => "u32",
    U64 => "u64",
});

/// A label's number type: u8, u16, u32 or u64, and no other.
pub trait Label:
    sealed::Sealed + bytemuck::Pod + Copy + Ord + Hash + Default + Debug + Display + Into<u64> + Send + Sync + 'static
{
    /// Which of the four.
    const TYPE: LabelType;
    /// Bytes a label.
    const BYTES: usize = Self::TYPE.bytes();
    /// The largest label.
    const MAX: Self;

    /// The low bits of `value`.
    fn from_low_bits(value: u64) -> Self;

    /// The label whose little-endian bytes these are; exactly [`Label::BYTES`] of them.
    fn from_le_slice(bytes: &[u8]) -> Self;

    /// `value` as a label, when it is small enough.
    fn from_u64(value: u64) -> Option<Self> {
        (value <= Self::MAX.into()).then(|| Self::from_low_bits(value))
    }

    /// The label as u64, whatever its type.
    fn to_u64(self) -> u64 {
        self.into()
    }

    /// Appends the label's little-endian bytes.
    #[inline]
    fn put_le(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.into().to_le_bytes()[..Self::BYTES]);
    }
}

pub(super) mod sealed {
    use crate::volume::any::LabelsMut;
    use crate::volume::view::{AnyVolumeView, VolumeView};

    /// How a generic function hands its argument to one that is compiled with the library: what is generic is compiled
    /// with its caller, and a notebook's cells are compiled without optimisation.
    pub trait Sealed: Sized {
        fn any(view: VolumeView<'_, Self>) -> AnyVolumeView<'_>;
        fn labels_mut(labels: &mut [Self]) -> LabelsMut<'_>;
    }
}

macro_rules! labels {
    ($($number:ty: $name:ident),*) => {$(
        impl sealed::Sealed for $number {
            fn any(view: VolumeView<'_, Self>) -> AnyVolumeView<'_> {
                AnyVolumeView::$name(view)
            }

            fn labels_mut(labels: &mut [Self]) -> LabelsMut<'_> {
                LabelsMut::$name(labels)
            }
        }
        impl Label for $number {
            const TYPE: LabelType = LabelType::$name;
            const MAX: Self = <$number>::MAX;

            #[inline]
            fn from_low_bits(value: u64) -> Self {
                value as Self
            }

            #[inline]
            fn from_le_slice(bytes: &[u8]) -> Self {
                Self::from_le_bytes(bytes.try_into().expect("as many bytes as the label has"))
            }
        }
    )*};
}

labels!(u8: U8, u16: U16, u32: U32, u64: U64);
