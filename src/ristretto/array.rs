//! Ristretto streams as arrays.

use super::{Stream, decode_slices, remap};
use crate::error::Result;
use crate::limits::Limits;
use crate::volume::{AnyVolume, LabelType, LazyVolume, Sliced};
use std::ops::Range;

/// A stream that is sliced like an array: an access decodes the blocks of its slices, each from its start.
pub type RistrettoArray = LazyVolume<RistrettoStreams>;

/// What a [`RistrettoArray`] is an array of.
#[derive(Clone, Copy, Debug)]
pub enum RistrettoStreams {}

impl Sliced for RistrettoStreams {
    const NAME: &'static str = "RistrettoArray";

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
