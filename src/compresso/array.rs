//! Compresso streams as arrays.

use super::{Stream, decode_slices, remap};
use crate::error::Result;
use crate::limits::Limits;
use crate::volume::{AnyVolume, LabelType, LazyVolume, Sliced};
use std::ops::Range;

/// A stream that is sliced like an array.
///
/// With the index of the slices (format version 1) a slice costs its own decoding and a pass over the run lengths
/// before it; without, every access decodes the whole volume.
pub type CompressoArray = LazyVolume<CompressoStreams>;

/// What a [`CompressoArray`] is an array of.
#[derive(Clone, Copy, Debug)]
pub enum CompressoStreams {}

impl Sliced for CompressoStreams {
    const NAME: &'static str = "CompressoArray";

    fn header(bytes: &[u8]) -> Result<([usize; 3], LabelType)> {
        let header = *Stream::parse(bytes)?.header();
        Ok((header.shape, header.label_type))
    }

    fn slices(bytes: &[u8], z: Range<usize>, limits: &Limits) -> Result<AnyVolume> {
        decode_slices(bytes, z, limits)
    }

    fn labels(bytes: &[u8], limits: &Limits) -> Result<Vec<u64>> {
        super::labels(bytes, limits)
    }

    fn remap(bytes: &[u8], map: impl FnMut(u64) -> Option<u64>, limits: &Limits) -> Result<Vec<u8>> {
        remap(bytes, map, limits)
    }
}

impl CompressoArray {
    /// The stream and its sections.
    pub fn stream(&self) -> Stream<'_> {
        Stream::parse(self.bytes()).expect("it was one when the array was made")
    }
}
