//! A stream that is sliced like an array and decoded only where it is looked at.

use super::header::Header;
use super::stream::Stream;
use super::{decode_stream_slices, remap};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::volume::{AnyVolume, Label, LabelType, check_range, with_volume};
use std::fmt;
use std::ops::Range;

/// A stream seen as a volume of shape (z, y, x), of which only the slices that are asked for are decoded.
///
/// With the index of the slices (format version 1) a slice costs its own decoding and a pass over the run lengths before
/// it; without, every access decodes the whole volume.
///
/// ```
/// use cortado::{Volume, compresso::{self, CompressoArray, CompressoOptions}};
/// let volume = Volume::from_vec([2, 2, 2], vec![1u8, 1, 2, 2, 3, 3, 3, 4])?;
/// let bytes = compresso::encode(&volume, &CompressoOptions::new())?;
/// let array = CompressoArray::new(bytes)?;
/// assert_eq!(array.get(1, 1, 1)?, Some(4));
/// assert!(array.contains(2)? && !array.contains(5)?);
/// assert_eq!(array.slices(1..2)?, volume.crop(1..2, 0..2, 0..2)?.into());
/// # Ok::<(), cortado::Error>(())
/// ```
///
/// It owns the stream, so that a notebook's variable can hold it; [`Stream`] borrows one.
#[derive(Clone)]
pub struct CompressoArray {
    bytes: Vec<u8>,
    header: Header,
    limits: Limits,
}

impl CompressoArray {
    /// The array of a stream, under the default [`Limits`].
    ///
    /// # Errors
    /// As [`Stream::parse`].
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        Self::with_limits(bytes, &Limits::new())
    }

    /// The array of a stream. The limits hold for what one access decodes.
    ///
    /// # Errors
    /// As [`Stream::parse`].
    pub fn with_limits(bytes: Vec<u8>, limits: &Limits) -> Result<Self> {
        let header = *Stream::parse(&bytes)?.header();
        Ok(Self { bytes, header, limits: *limits })
    }

    /// The stream and its sections.
    pub fn stream(&self) -> Stream<'_> {
        Stream::parse(&self.bytes).expect("it was one when the array was made")
    }

    /// Voxels by (z, y, x).
    pub fn shape(&self) -> [usize; 3] {
        self.header.shape
    }

    /// The labels' number type.
    pub fn label_type(&self) -> LabelType {
        self.header.label_type
    }

    /// The labels that occur, ascending; nothing is decoded.
    ///
    /// # Errors
    /// As [`Stream::labels`].
    pub fn labels(&self) -> Result<Vec<u64>> {
        self.stream().labels()
    }

    /// Whether a label occurs; nothing is decoded.
    ///
    /// # Errors
    /// As [`Stream::labels`].
    pub fn contains(&self, label: u64) -> Result<bool> {
        Ok(self.labels()?.binary_search(&label).is_ok())
    }

    /// The slices of a range of z.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when the range is not within the volume, else as [`decode_with`](super::decode_with).
    pub fn slices(&self, z: Range<usize>) -> Result<AnyVolume> {
        decode_stream_slices(&self.stream(), z, &self.limits)
    }

    /// The voxels of three ranges.
    ///
    /// # Errors
    /// As [`CompressoArray::slices`].
    pub fn crop(&self, z: Range<usize>, y: Range<usize>, x: Range<usize>) -> Result<AnyVolume> {
        for (range, side) in [&z, &y, &x].into_iter().zip(self.shape()) {
            check_range(range, side)?;
        }
        let depth = z.len();
        self.slices(z)?.crop(0..depth, y, x)
    }

    /// The label at a voxel; `None` outside the volume. Decodes its slice.
    ///
    /// # Errors
    /// As [`CompressoArray::slices`].
    pub fn get(&self, z: usize, y: usize, x: usize) -> Result<Option<u64>> {
        if z >= self.shape()[0] {
            return Ok(None);
        }
        Ok(with_volume!(self.slices(z..z + 1)?, slice => slice.get(0, y, x).map(Label::to_u64)))
    }

    /// The stream with other labels; see [`remap`].
    ///
    /// # Errors
    /// As [`remap`].
    pub fn remap(&self, map: impl FnMut(u64) -> Option<u64>) -> Result<Vec<u8>, Error> {
        remap(&self.bytes, map)
    }
}

impl fmt::Debug for CompressoArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [z, y, x] = self.shape();
        write!(f, "CompressoArray {z} x {y} x {x} {}, {} bytes", self.label_type().name(), self.bytes.len())
    }
}
