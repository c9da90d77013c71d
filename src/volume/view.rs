//! Borrowed label volumes: what the encoders take.

use super::{AnyVolume, Label, LabelType, Volume, check_len, with_volume};
use crate::error::{Error, Result};
use ndarray::ArrayView3;
use std::fmt;

/// Labels on a grid of shape (z, y, x) that lie in somebody else's memory, in C order.
///
/// ```
/// use cortado::{ristretto::{self, RistrettoOptions}, volume::VolumeView};
/// let labels: &[u32] = &[7, 7, 9, 7, 9, 9];
/// let bytes = ristretto::encode(VolumeView::new([1, 2, 3], labels)?, &RistrettoOptions::new())?;
/// # Ok::<(), cortado::Error>(())
/// ```
pub struct VolumeView<'a, T> {
    shape: [usize; 3],
    labels: &'a [T],
}

/// A [`VolumeView`] of any of the four label types; every volume and typed view becomes one by itself.
#[derive(Clone, Copy)]
pub enum AnyVolumeView<'a> {
    /// One byte a label.
    U8(VolumeView<'a, u8>),
    /// Two bytes a label.
    U16(VolumeView<'a, u16>),
    /// Four bytes a label.
    U32(VolumeView<'a, u32>),
    /// Eight bytes a label.
    U64(VolumeView<'a, u64>),
}

impl<T> Clone for VolumeView<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for VolumeView<'_, T> {}

impl<'a, T: Label> VolumeView<'a, T> {
    /// A view of labels in C order as a volume of `shape` (z, y, x). Costs nothing.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when the number of labels is not the product of the sides.
    pub fn new(shape: [usize; 3], labels: &'a [T]) -> Result<Self> {
        check_len(shape, labels.len())?;
        Ok(Self { shape, labels })
    }

    /// Voxels by (z, y, x).
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// All labels in C order.
    pub fn labels(&self) -> &'a [T] {
        self.labels
    }

    /// The labels of the slice at `z`, row after row.
    ///
    /// # Panics
    /// When `z` is outside the volume.
    pub fn slice(&self, z: usize) -> &'a [T] {
        let len = self.shape[1] * self.shape[2];
        &self.labels[z * len..(z + 1) * len]
    }
}

impl AnyVolumeView<'_> {
    /// The labels' number type.
    pub fn label_type(&self) -> LabelType {
        with_volume!(AnyVolumeView, self, view => type_of(view))
    }

    /// Voxels by (z, y, x).
    pub fn shape(&self) -> [usize; 3] {
        with_volume!(AnyVolumeView, self, view => view.shape())
    }
}

fn type_of<T: Label>(_: &VolumeView<T>) -> LabelType {
    T::TYPE
}

impl<'a, T: Label> From<&'a Volume<T>> for VolumeView<'a, T> {
    fn from(volume: &'a Volume<T>) -> Self {
        Self { shape: volume.shape(), labels: volume.labels() }
    }
}

impl<'a, T: Label> From<VolumeView<'a, T>> for AnyVolumeView<'a> {
    fn from(view: VolumeView<'a, T>) -> Self {
        T::any(view)
    }
}

impl<'a, T: Label> From<&'a Volume<T>> for AnyVolumeView<'a> {
    fn from(volume: &'a Volume<T>) -> Self {
        T::any(volume.into())
    }
}

impl<'a> From<&'a AnyVolume> for AnyVolumeView<'a> {
    fn from(volume: &'a AnyVolume) -> Self {
        with_volume!(volume, volume => volume.into())
    }
}

/// Needs an array in C order without gaps; [`Volume::from_array`] copies any other.
impl<'a, T: Label> TryFrom<ArrayView3<'a, T>> for VolumeView<'a, T> {
    type Error = Error;

    fn try_from(array: ArrayView3<'a, T>) -> Result<Self> {
        let (z, y, x) = array.dim();
        let message = "the array does not lie in C order (z, y, x) without gaps: Volume::from_array copies it so";
        let labels = array.to_slice().ok_or_else(|| Error::Unsupported(message.into()))?;
        Ok(Self { shape: [z, y, x], labels })
    }
}

impl<T: Label> fmt::Debug for VolumeView<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [z, y, x] = self.shape;
        write!(f, "VolumeView {z} x {y} x {x} {}", T::TYPE.name())
    }
}

impl fmt::Debug for AnyVolumeView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        with_volume!(AnyVolumeView, self, view => view.fmt(f))
    }
}
