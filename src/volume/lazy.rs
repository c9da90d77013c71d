//! Streams that are sliced like an array and decoded only where they are looked at.

use super::{AnyVolume, Label, LabelType, check_range, with_volume};
use crate::error::Result;
use crate::limits::Limits;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

/// A format of label volumes in which slices, and what is said of the labels, can be read without decoding all.
pub trait Sliced {
    /// What such an array is called.
    const NAME: &'static str;

    /// Voxels by (z, y, x), and the labels' number type.
    ///
    /// # Errors
    /// Those of the format's parser.
    fn header(bytes: &[u8]) -> Result<([usize; 3], LabelType)>;

    /// The slices of a range of z.
    ///
    /// # Errors
    /// Those of the format's decoder; [`Error::OutOfRange`](crate::Error::OutOfRange) for a range beyond the volume.
    fn slices(bytes: &[u8], z: Range<usize>, limits: &Limits) -> Result<AnyVolume>;

    /// The labels that occur, ascending; nothing is decoded.
    ///
    /// # Errors
    /// Those of the format's decoder.
    fn labels(bytes: &[u8], limits: &Limits) -> Result<Vec<u64>>;

    /// The stream with other labels; nothing is decoded.
    ///
    /// # Errors
    /// Those of the format's `remap`.
    fn remap(bytes: &[u8], map: impl FnMut(u64) -> Option<u64>, limits: &Limits) -> Result<Vec<u8>>;
}

/// A stream seen as a volume of shape (z, y, x), of which no more is decoded than the format must for the slices asked
/// for: [`CompressoArray`](crate::compresso::CompressoArray) and [`RistrettoArray`](crate::ristretto::RistrettoArray).
///
/// It owns the stream, so that a notebook's variable can hold it.
///
/// ```
/// use cortado::{Volume, ristretto::{self, RistrettoArray, RistrettoOptions}};
/// let volume = Volume::from_vec([2, 2, 2], vec![1u8, 1, 2, 2, 3, 3, 3, 4])?;
/// let array = RistrettoArray::new(ristretto::encode(&volume, &RistrettoOptions::new())?)?;
/// assert_eq!(array.get(1, 1, 1)?, Some(4));
/// assert!(array.contains(2)? && !array.contains(5)?);
/// assert_eq!(array.slices(1..2)?, volume.crop(1..2, 0..2, 0..2)?.into());
/// # Ok::<(), cortado::Error>(())
/// ```
pub struct LazyVolume<F> {
    bytes: Vec<u8>,
    shape: [usize; 3],
    label_type: LabelType,
    limits: Limits,
    format: PhantomData<fn() -> F>,
}

impl<F: Sliced> LazyVolume<F> {
    /// The array of a stream, under the default [`Limits`].
    ///
    /// # Errors
    /// As [`Sliced::header`].
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        Self::with_limits(bytes, &Limits::new())
    }

    /// The array of a stream. The limits hold for what one access decodes.
    ///
    /// # Errors
    /// As [`Sliced::header`].
    pub fn with_limits(bytes: Vec<u8>, limits: &Limits) -> Result<Self> {
        let (shape, label_type) = F::header(&bytes)?;
        Ok(Self { bytes, shape, label_type, limits: *limits, format: PhantomData })
    }

    /// The stream.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Voxels by (z, y, x).
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The labels' number type.
    pub fn label_type(&self) -> LabelType {
        self.label_type
    }

    /// The labels that occur, ascending; nothing is decoded.
    ///
    /// # Errors
    /// As [`Sliced::labels`].
    pub fn labels(&self) -> Result<Vec<u64>> {
        F::labels(&self.bytes, &self.limits)
    }

    /// Whether a label occurs; nothing is decoded.
    ///
    /// # Errors
    /// As [`Sliced::labels`].
    pub fn contains(&self, label: u64) -> Result<bool> {
        Ok(self.labels()?.binary_search(&label).is_ok())
    }

    /// The slices of a range of z.
    ///
    /// # Errors
    /// As [`Sliced::slices`].
    pub fn slices(&self, z: Range<usize>) -> Result<AnyVolume> {
        F::slices(&self.bytes, z, &self.limits)
    }

    /// The voxels of three ranges.
    ///
    /// # Errors
    /// As [`Sliced::slices`].
    pub fn crop(&self, z: Range<usize>, y: Range<usize>, x: Range<usize>) -> Result<AnyVolume> {
        for (range, side) in [&z, &y, &x].into_iter().zip(self.shape) {
            check_range(range, side)?;
        }
        let depth = z.len();
        self.slices(z)?.crop(0..depth, y, x)
    }

    /// The label at a voxel; `None` outside the volume. Costs as much as its slice.
    ///
    /// # Errors
    /// As [`Sliced::slices`].
    pub fn get(&self, z: usize, y: usize, x: usize) -> Result<Option<u64>> {
        if z >= self.shape[0] {
            return Ok(None);
        }
        Ok(with_volume!(self.slices(z..z + 1)?, slice => slice.get(0, y, x).map(Label::to_u64)))
    }

    /// The stream with other labels: `map` is asked for each old label.
    ///
    /// # Errors
    /// As [`Sliced::remap`].
    pub fn remap(&self, map: impl FnMut(u64) -> Option<u64>) -> Result<Vec<u8>> {
        F::remap(&self.bytes, map, &self.limits)
    }
}

impl<F> Clone for LazyVolume<F> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), ..*self }
    }
}

impl<F: Sliced> fmt::Debug for LazyVolume<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [z, y, x] = self.shape;
        write!(f, "{} {z} x {y} x {x} {}, {} bytes", F::NAME, self.label_type.name(), self.bytes.len())
    }
}
