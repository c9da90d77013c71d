//! From a stream to labels.

use super::FORMAT;
use super::block::Block;
use super::contexts::{Contexts, OfDefault, OfFast, OfMax};
use super::header::Stream;
use super::names::Slice;
use super::options::Level;
use super::partition::Partition;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::memory::fill_stretch;
use crate::range_coder::Decoder;
use crate::volume::Label;
use rayon::prelude::*;
use std::ops::Range;

/// Decodes the slices of a range into `labels`, which has just their size. Whatever it held before is overwritten.
pub(super) fn decode_slices<T: Label>(
    stream: &Stream,
    slices: Range<usize>,
    labels: &mut [T],
    limits: &Limits,
) -> Result<()> {
    if labels.is_empty() {
        return Ok(());
    }
    match stream.header().level {
        Level::Fast => decode_blocks(stream, slices, labels, limits, || OfFast),
        Level::Default => decode_blocks(stream, slices, labels, limits, || OfDefault),
        Level::Max => decode_blocks(stream, slices, labels, limits, || OfMax),
    }
}

fn decode_blocks<T: Label, C: Contexts<N>, const N: usize>(
    stream: &Stream,
    slices: Range<usize>,
    labels: &mut [T],
    limits: &Limits,
    contexts: impl Fn() -> C + Sync + Send,
) -> Result<()> {
    let header = stream.header();
    let [depth, height, width] = header.shape;
    let entries: Vec<T> = stream.dictionary()?;
    let mut jobs = Vec::new();
    let mut rest = labels;
    for number in slices.start / header.block_slices..slices.end.div_ceil(header.block_slices) {
        let first = number * header.block_slices;
        let in_block = first..(first + header.block_slices).min(depth);
        let wanted = slices.start.max(in_block.start)..slices.end.min(in_block.end);
        let (labels, others) = rest.split_at_mut(wanted.len() * height * width);
        rest = others;
        jobs.push((number, in_block, wanted, labels));
    }
    // Every thread has a slice's regions in memory, beside the dictionary.
    let dictionary = size_of_val(entries.as_slice()) as u64;
    let threads = rayon::current_num_threads().min(jobs.len()).max(1) as u64;
    let share = limits.bytes(limits.bytes.saturating_sub(dictionary) / threads);
    let start = || Block::new(Partition::new(contexts()), [height, width], entries.len());
    jobs.into_par_iter().try_for_each_init(start, |block, (number, in_block, wanted, labels)| {
        let (bytes, offset) = stream.block(number)?;
        block.restart();
        let mut decoder = Decoder::new(bytes);
        let mut rest = labels;
        for z in in_block.start..wanted.end {
            let slice = block.decode_slice(&mut decoder, &share).map_err(|error| match error {
                Error::TooLarge { what: "bytes", found, .. } => {
                    let found = found.saturating_mul(threads).saturating_add(dictionary);
                    Error::TooLarge { what: "bytes", found, limit: limits.bytes }
                }
                Error::Malformed { message, .. } => {
                    Error::malformed_at(FORMAT, offset, format!("slice {z}: {message}"))
                }
                error => error,
            })?;
            if decoder.is_beyond() {
                return Err(Error::malformed_at(
                    FORMAT,
                    offset + bytes.len(),
                    format!("slice {z} goes on beyond its block"),
                ));
            }
            if wanted.contains(&z) {
                let (labels, others) = rest.split_at_mut(height * width);
                rest = others;
                fill(labels, width, slice, &entries);
            }
        }
        if wanted.end == in_block.end && !decoder.is_finished() {
            return Err(Error::malformed_at(FORMAT, offset, format!("block {number} is longer than its slices")));
        }
        Ok(())
    })
}

/// Writes the labels of a slice.
fn fill<T: Label>(labels: &mut [T], width: usize, slice: &Slice, entries: &[T]) {
    for (y, row) in labels.chunks_exact_mut(width).enumerate() {
        for run in slice.regions.row(y) {
            fill_stretch(row, run.start as usize..run.end as usize, entries[slice.names[run.region as usize] as usize]);
        }
    }
}
