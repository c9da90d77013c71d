//! The post-filter: what linear filters, learnt for each place in a block, correct after decoding.
//!
//! A sample moves towards its neighbours by weighted differences, each cut off at the quantiser's step, so that edges
//! stay.

use super::layout::{BLOCK, Filter, NEIGHBOURS, SIDE};
use super::planes::{PEAK, Plane};
use rayon::prelude::*;

/// How far neighbours are.
const REACH: usize = 2;

/// The kind of a block.
pub(super) fn kind(quantizer: u8, count: usize) -> u8 {
    (quantizer.saturating_sub(64) / 32).min(3) * 3 + count.div_ceil(3).min(2) as u8
}

/// A plane with `REACH` samples more on all sides, which repeat the nearest.
pub(super) struct Padded {
    stride: usize,
    samples: Vec<i16>,
}

impl Padded {
    pub(super) fn new(plane: &Plane) -> Self {
        let (rows, columns) = (plane.height.next_multiple_of(SIDE), plane.width.next_multiple_of(SIDE));
        let stride = columns + 2 * REACH;
        let mut samples = vec![0; (rows + 2 * REACH) * stride];
        for (y, padded) in samples.chunks_exact_mut(stride).enumerate() {
            let row = plane.row(y.saturating_sub(REACH).min(plane.height - 1));
            padded[..REACH].fill(row[0]);
            padded[REACH..][..row.len()].copy_from_slice(row);
            padded[REACH + row.len()..].fill(row[row.len() - 1]);
        }
        Self { stride, samples }
    }
}

impl Padded {
    /// A sample's differences to its neighbours.
    pub(super) fn differences(&self, y: usize, x: usize, limit: i32) -> [i32; NEIGHBOURS.len()] {
        let at = (y + REACH) * self.stride + x + REACH;
        NEIGHBOURS.map(|(dy, dx)| {
            let other = self.samples[at.wrapping_add_signed(dy * self.stride as isize + dx)];
            (i32::from(other) - i32::from(self.samples[at])).clamp(-limit, limit)
        })
    }
}

crate::simd::vectorised! {
    /// Filters a block whose first sample is number `at`.
    fn filter_block(padded: &Padded, at: usize, filter: &Filter, limit: i32, block: &mut [i16; BLOCK]) {
        for ((y, weights), out) in filter.iter().enumerate().zip(block.as_chunks_mut::<SIDE>().0) {
            let at = at + y * padded.stride;
            let centre: &[i16; SIDE] = padded.samples[at..].first_chunk().expect("a row of a block");
            let mut sums = [64; SIDE];
            for (&(dy, dx), weights) in NEIGHBOURS.iter().zip(weights) {
                let from = at.wrapping_add_signed(dy * padded.stride as isize + dx);
                let others: &[i16; SIDE] = padded.samples[from..].first_chunk().expect("a row beside a block's");
                for (((sum, &other), &centre), &weight) in sums.iter_mut().zip(others).zip(centre).zip(weights) {
                    let difference = (i32::from(other) - i32::from(centre)).clamp(-limit, limit);
                    *sum += difference * i32::from(weight);
                }
            }
            for ((out, sum), &centre) in out.iter_mut().zip(sums).zip(centre) {
                *out = (i32::from(centre) + (sum >> 7)).clamp(0, PEAK) as i16;
            }
        }
    }
}

/// Differences are cut off here, in 1/16 of a level, at a quantiser's step of so many 1/256.
pub(super) fn limit(step: u32) -> i32 {
    (step / 16) as i32
}

/// Filters a plane whose blocks are of these kinds; those of no kind stay.
pub(super) fn apply(plane: &mut Plane, kinds: &[u8], filters: &[Filter], limit: i32) {
    let padded = Padded::new(plane);
    let columns = plane.width.div_ceil(SIDE);
    let (width, rows) = (plane.width, kinds.par_chunks(columns));
    plane.samples.par_chunks_mut(SIDE * width).zip(rows).enumerate().for_each(|(row, (samples, kinds))| {
        let mut block = [0; BLOCK];
        for (column, &kind) in kinds.iter().enumerate() {
            let at = (row * SIDE + REACH) * padded.stride + REACH + column * SIDE;
            let Some(filter) = filters.get(usize::from(kind)) else { continue };
            filter_block(&padded, at, filter, limit, &mut block);
            let left = column * SIDE;
            let right = (left + SIDE).min(width);
            for (out, block) in samples.chunks_exact_mut(width).zip(block.as_chunks::<SIDE>().0) {
                out[left..right].copy_from_slice(&block[..right - left]);
            }
        }
    });
}
