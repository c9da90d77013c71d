//! From labels to a stream.

use super::block::for_each_block;
use super::contexts::{Contexts, OfDefault, OfFast, OfMax};
use super::dictionary;
use super::header::{Header, write};
use super::options::{Level, RistrettoOptions};
use crate::error::{Error, Result};
use crate::range_coder::Encoder;
use crate::volume::{Label, VolumeView};
use std::collections::HashMap;

/// Voxels of a block: regions and runs are counted in 32 bits.
const MOST_VOXELS: usize = 1 << 31;

pub(super) fn encode<T: Label>(volume: VolumeView<T>, options: &RistrettoOptions) -> Result<Vec<u8>> {
    let shape = volume.shape();
    let [_, height, width] = shape;
    if let Some(side) = shape.into_iter().find(|&side| u32::try_from(side).is_err()) {
        return Err(Error::out_of_range(
            "a side of the volume",
            side,
            "less than 2^32 voxels, which is all that the format can write down",
        ));
    }
    let block_slices = options.block_slices(shape);
    if height.saturating_mul(width).saturating_mul(block_slices) > MOST_VOXELS {
        return Err(Error::Unsupported(format!(
            "{block_slices} slices of {height} x {width} voxels are more than the 2^31 of a block: restart more often"
        )));
    }
    let labels = dictionary::of_volume(volume);
    let numbers = numbered(&labels);
    let header = Header { level: options.level, label_type: T::TYPE, shape, block_slices, entries: labels.len() };
    let blocks = match options.level {
        Level::Fast => encode_blocks(volume, &header, &numbers, || OfFast),
        Level::Default => encode_blocks(volume, &header, &numbers, || OfDefault),
        Level::Max => encode_blocks(volume, &header, &numbers, || OfMax),
    };
    write(&header, &dictionary::encode(labels.into_iter().map(Label::to_u64)), &blocks)
}

/// The number of each label of a dictionary.
pub(super) fn numbered<T: Label>(labels: &[T]) -> HashMap<T, u32> {
    labels.iter().copied().zip(0..).collect()
}

fn encode_blocks<T: Label, C: Contexts<N>, const N: usize>(
    volume: VolumeView<T>,
    header: &Header,
    numbers: &HashMap<T, u32>,
    contexts: impl Fn() -> C + Sync,
) -> Vec<Vec<u8>> {
    for_each_block(volume, header.block_slices, numbers.len(), contexts, |block, slices| {
        let mut encoder = Encoder::new();
        for labels in slices {
            block.encode_cracks(&mut encoder, labels);
            block.encode_names(&mut encoder, labels, numbers);
        }
        encoder.finish()
    })
}
