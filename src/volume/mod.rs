//! Label volumes: which object each voxel belongs to.
//!
//! A segmentation gives every voxel of an image a number, its *label*; 0 is the background by custom. Labels are names
//! and not amounts: nothing may change them, so the codecs for them lose nothing.
//!
//! Axes are (z, y, x) in C order: x varies fastest. That is the same memory as an (x, y, z) array in Fortran order,
//! which is how Python users of Compresso hold volumes.

mod any;
mod files;
mod label;
mod lazy;
mod synthetic;
mod view;

pub use any::AnyVolume;
pub(crate) use any::{LabelsMut, with_label_type, with_volume};
pub use files::{VolumeFormat, VolumeInfo, VolumeOptions};
pub use label::{Label, LabelType};
pub use lazy::{LazyVolume, Sliced};
pub use synthetic::TissueOptions;
pub use view::{AnyVolumeView, VolumeView};

use crate::error::{Error, Result};
use ndarray::{Array3, ArrayView3};
use std::fmt;
use std::ops::Range;

/// Labels of type u8, u16, u32 or u64 on a grid of shape (z, y, x). Sides may be 0.
///
/// ```
/// use cortado::Volume;
/// let volume = Volume::from_vec([1, 2, 3], vec![7u32, 7, 9, 7, 9, 9])?;
/// assert_eq!(volume.get(0, 1, 2), Some(9));
/// assert_eq!(volume.distinct_labels(), [7, 9]);
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Volume<T> {
    shape: [usize; 3],
    labels: Vec<T>,
}

impl<T: Label> Volume<T> {
    /// A volume of `shape` (z, y, x) from its labels in C order. Costs nothing.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when the number of labels is not the product of the sides.
    pub fn from_vec(shape: [usize; 3], labels: Vec<T>) -> Result<Self> {
        check_len(shape, labels.len())?;
        Ok(Self { shape, labels })
    }

    /// A volume from an array of shape (z, y, x) in any memory order. Costs a copy.
    pub fn from_array(array: ArrayView3<T>) -> Self {
        let (z, y, x) = array.dim();
        let labels = match array.as_slice() {
            Some(labels) => labels.to_vec(),
            None => array.iter().copied().collect(),
        };
        Self { shape: [z, y, x], labels }
    }

    /// The labels as an array of shape (z, y, x). Costs nothing.
    pub fn as_array(&self) -> ArrayView3<'_, T> {
        ArrayView3::from_shape(self.shape, &self.labels).expect("as many labels as the shape asks for")
    }

    /// The labels as an owned array of shape (z, y, x). Costs nothing.
    pub fn into_array(self) -> Array3<T> {
        Array3::from_shape_vec(self.shape, self.labels).expect("as many labels as the shape asks for")
    }

    /// Voxels by (z, y, x).
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        self.labels.len()
    }

    /// Bytes of the labels: voxels times bytes a label.
    pub fn raw_bytes(&self) -> usize {
        size_of_val(self.labels.as_slice())
    }

    /// All labels in C order.
    pub fn labels(&self) -> &[T] {
        &self.labels
    }

    /// All labels in C order as little-endian bytes. Costs a copy.
    pub fn to_le_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.raw_bytes());
        self.labels.iter().for_each(|label| label.put_le(&mut bytes));
        bytes
    }

    /// The labels of the slice at `z`, row after row.
    ///
    /// # Panics
    /// When `z` is outside the volume.
    pub fn slice(&self, z: usize) -> &[T] {
        VolumeView::from(self).slice(z)
    }

    /// The label at a voxel; `None` outside the volume.
    pub fn get(&self, z: usize, y: usize, x: usize) -> Option<T> {
        let [depth, height, width] = self.shape;
        (z < depth && y < height && x < width).then(|| self.labels[(z * height + y) * width + x])
    }

    /// The part of the volume that lies in the three ranges. Costs a copy of that part.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a range is not within its side.
    pub fn crop(&self, z: Range<usize>, y: Range<usize>, x: Range<usize>) -> Result<Self> {
        for (range, side) in [&z, &y, &x].into_iter().zip(self.shape) {
            check_range(range, side)?;
        }
        let mut labels = Vec::with_capacity(z.len() * y.len() * x.len());
        for z in z.clone() {
            for y in y.clone() {
                labels.extend_from_slice(&self.slice(z)[y * self.shape[2]..][x.clone()]);
            }
        }
        Ok(Self { shape: [z.len(), y.len(), x.len()], labels })
    }

    /// All labels in C order, to be changed.
    pub(crate) fn labels_mut(&mut self) -> &mut [T] {
        &mut self.labels
    }

    /// The labels that occur, ascending.
    pub fn distinct_labels(&self) -> Vec<T> {
        let mut labels: Vec<T> = self.set_of_labels(usize::MAX).into_iter().flatten().collect();
        labels.sort_unstable();
        labels
    }

    /// The labels that occur; `None` of more than `most`.
    fn set_of_labels(&self, most: usize) -> Option<std::collections::HashSet<T>> {
        let mut seen = std::collections::HashSet::new();
        // Neighbours mostly share a label.
        let mut before = None;
        for &label in &self.labels {
            if before != Some(label) && seen.insert(label) && seen.len() > most {
                return None;
            }
            before = Some(label);
        }
        Some(seen)
    }

    /// How many labels occur; `None` of more than `most`, for which memory would not do.
    pub fn count_labels(&self, most: usize) -> Option<usize> {
        Some(self.set_of_labels(most)?.len())
    }

    /// The volume with every label as another type.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a label is too large for it.
    pub fn cast<U: Label>(&self) -> Result<Volume<U>> {
        let cast = |&label: &T| {
            U::from_u64(label.into()).ok_or_else(|| {
                Error::out_of_range("a label", label, format!("at most {} to fit {}", U::MAX, U::TYPE.name()))
            })
        };
        Ok(Volume { shape: self.shape, labels: self.labels.iter().map(cast).collect::<Result<_>>()? })
    }
}

/// Refuses labels that are not as many as a shape has voxels.
fn check_len(shape: [usize; 3], found: usize) -> Result<()> {
    let voxels = shape.iter().try_fold(1usize, |product, &side| product.checked_mul(side));
    match voxels == Some(found) {
        true => Ok(()),
        false => Err(Error::ShapeMismatch { expected: shape.to_vec(), found: vec![found] }),
    }
}

/// Refuses a range that does not lie within a side.
pub(crate) fn check_range(range: &Range<usize>, side: usize) -> Result<()> {
    if range.start > range.end || range.end > side {
        let found = format!("{}..{} of {side}", range.start, range.end);
        return Err(Error::out_of_range("a range of voxels", found, "within its side"));
    }
    Ok(())
}

/// Refuses a buffer that a stream's volume is not to be decoded into: of another type, or of another size.
pub(crate) fn check_buffer<T: Label>(
    labels: &[T],
    label_type: LabelType,
    shape: [usize; 3],
    voxels: u64,
) -> Result<()> {
    if label_type != T::TYPE {
        let (found, expected) = (label_type.name(), T::TYPE.name());
        return Err(Error::Unsupported(format!("the stream's labels are {found}, the buffer's {expected}")));
    }
    if labels.len() as u64 != voxels {
        return Err(Error::ShapeMismatch { expected: shape.to_vec(), found: vec![labels.len()] });
    }
    Ok(())
}

impl<T: Label> fmt::Debug for Volume<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [z, y, x] = self.shape;
        write!(f, "Volume {z} x {y} x {x} {}", T::TYPE.name())
    }
}
