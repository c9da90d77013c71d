//! The slices between one restart and the next: what a block's coding remembers from slice to slice.

use super::contexts::Contexts;
use super::cracks::Cracks;
use super::names::{Naming, Slice};
use super::partition::Partition;
use crate::error::Result;
use crate::limits::Limits;
use crate::range_coder::{Coder, Decoder};
use crate::volume::{Label, VolumeView};
use rayon::prelude::*;
use std::collections::HashMap;
use std::slice::ChunksExact;

/// Memory that a run can take, in this slice and the one before: itself, a region, its name and what may be its name.
const RUN_BYTES: u64 = 2 * (16 + 16 + 4) + 32;

/// Calls `code` with each block of a volume, one slice after another, and the state to code it with, from which
/// everything before is forgotten. What it makes of the blocks comes in their order.
pub(super) fn for_each_block<T: Label, C: Contexts<N>, R: Send, const N: usize>(
    volume: VolumeView<T>,
    block_slices: usize,
    entries: usize,
    contexts: impl Fn() -> C + Sync,
    code: impl Fn(&mut Block<C, N>, ChunksExact<T>) -> R + Sync,
) -> Vec<R> {
    let [_, height, width] = volume.shape();
    let start = || Block::new(Partition::new(contexts()), [height, width], entries);
    let blocks = volume.labels().par_chunks((block_slices * height * width).max(1));
    let coded = blocks.map_init(start, |block, labels| {
        block.restart();
        code(block, labels.chunks_exact(height * width))
    });
    coded.collect()
}

/// Codes one block after another, with `N` sets of contexts.
pub(super) struct Block<C: Contexts<N>, const N: usize> {
    partition: Partition<C, N>,
    naming: Naming,
    /// Of the slice itself, the one before and the one before that.
    cracks: [Cracks; 3],
    /// Of the slice itself and the one before.
    slices: [Slice; 2],
    /// Slices since the restart, with the one that is being coded.
    coded: usize,
}

impl<C: Contexts<N>, const N: usize> Block<C, N> {
    /// For slices of a size, and labels of a dictionary of so many entries.
    pub(super) fn new(partition: Partition<C, N>, [height, width]: [usize; 2], entries: usize) -> Self {
        Self {
            partition,
            naming: Naming::new(entries),
            cracks: std::array::from_fn(|_| Cracks::new(height, width)),
            slices: Default::default(),
            coded: 0,
        }
    }

    /// Forgets all that was coded.
    pub(super) fn restart(&mut self) {
        self.partition.forget();
        self.naming.forget();
        self.cracks.iter_mut().for_each(Cracks::clear);
        self.coded = 0;
    }

    /// Encodes the cracks of the next slice.
    pub(super) fn encode_cracks<T: Label>(&mut self, coder: &mut impl Coder, labels: &[T]) {
        self.next_slice();
        self.cracks[0].find(labels);
        self.code_cracks(coder);
        self.slices[0].regions.find(&self.cracks[0]);
    }

    /// Encodes the names of that slice's regions, by the numbers that their labels have in the dictionary.
    pub(super) fn encode_names<T: Label>(&mut self, coder: &mut impl Coder, labels: &[T], numbers: &HashMap<T, u32>) {
        let voxels = self.slices[0].regions.first_voxels();
        let names: Vec<u32> = voxels.map(|voxel| numbers[&labels[voxel]]).collect();
        self.code_names(coder, &names).expect("every label is in the dictionary");
    }

    /// Decodes the next slice.
    ///
    /// # Errors
    /// A region has a name that no label has, or there are more regions than the limits have room for.
    pub(super) fn decode_slice(&mut self, decoder: &mut Decoder, limits: &Limits) -> Result<&Slice> {
        self.next_slice();
        self.code_cracks(decoder);
        // Cracks may make every voxel a region; a slice of them takes this much at most.
        limits.check_bytes(self.cracks[0].runs() as u64 * RUN_BYTES)?;
        self.slices[0].regions.find(&self.cracks[0]);
        self.code_names(decoder, &[])?;
        Ok(&self.slices[0])
    }

    fn next_slice(&mut self) {
        self.cracks.rotate_right(1);
        self.slices.rotate_right(1);
        self.coded += 1;
    }

    fn code_cracks(&mut self, coder: &mut impl Coder) {
        let [cracks, before, two_before] = &mut self.cracks;
        self.partition.code(coder, cracks, [before, two_before]);
    }

    fn code_names(&mut self, coder: &mut impl Coder, names: &[u32]) -> Result<()> {
        let [slice, before] = &mut self.slices;
        self.naming.code(coder, slice, (self.coded > 1).then_some(&*before), names)
    }
}
