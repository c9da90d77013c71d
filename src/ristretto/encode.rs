//! From labels to a stream.

use super::block::Block;
use super::coder::Encoder;
use super::contexts::{Contexts, OfDefault, OfFast, OfMax};
use super::dictionary;
use super::header::{Header, write};
use super::options::{Level, RistrettoOptions};
use super::partition::Partition;
use crate::error::{Error, Result};
use crate::volume::{Label, Volume};
use rayon::prelude::*;
use std::collections::HashMap;

/// Voxels of a block: regions and runs are counted in 32 bits.
const MOST_VOXELS: usize = 1 << 31;

pub(super) fn encode<T: Label>(volume: &Volume<T>, options: &RistrettoOptions) -> Result<Vec<u8>> {
    let shape = volume.shape();
    let [_, height, width] = shape;
    if let Some(side) = shape.into_iter().find(|&side| u32::try_from(side).is_err()) {
        return Err(Error::OutOfRange {
            name: "a side of the volume",
            found: side.to_string(),
            expected: "less than 2^32 voxels, which is all that the format can write down",
        });
    }
    let block_slices = options.block_slices(shape);
    if height.saturating_mul(width).saturating_mul(block_slices) > MOST_VOXELS {
        return Err(Error::Unsupported(format!(
            "{block_slices} slices of {height} x {width} voxels are more than the 2^31 of a block: restart more often"
        )));
    }
    let numbers = numbered_labels(volume);
    let mut labels: Vec<T> = numbers.keys().copied().collect();
    labels.sort_unstable();
    let header = Header { level: options.level, label_type: T::TYPE, shape, block_slices, entries: labels.len() };
    let blocks = match options.level {
        Level::Fast => encode_blocks(volume, &header, &numbers, || OfFast),
        Level::Default => encode_blocks(volume, &header, &numbers, || OfDefault),
        Level::Max => encode_blocks(volume, &header, &numbers, || OfMax),
    };
    write(&header, &dictionary::encode(labels.into_iter().map(Label::to_u64)), &blocks)
}

/// The number of each label in the dictionary: they are numbered in ascending order.
pub(super) fn numbered_labels<T: Label>(volume: &Volume<T>) -> HashMap<T, u32> {
    dictionary::of_volume(volume).into_iter().zip(0..).collect()
}

fn encode_blocks<T: Label, C: Contexts<N>, const N: usize>(
    volume: &Volume<T>,
    header: &Header,
    numbers: &HashMap<T, u32>,
    contexts: impl Fn() -> C + Sync,
) -> Vec<Vec<u8>> {
    let [_, height, width] = header.shape;
    if volume.labels().is_empty() {
        return Vec::new();
    }
    let start = || Block::new(Partition::new(contexts()), [height, width], numbers.len());
    let blocks = volume.labels().par_chunks(header.block_slices * height * width);
    let blocks = blocks.map_init(start, |block, labels| {
        block.restart();
        let mut encoder = Encoder::new();
        for labels in labels.chunks_exact(height * width) {
            block.encode_slice(&mut encoder, labels, numbers);
        }
        encoder.finish()
    });
    blocks.collect()
}
