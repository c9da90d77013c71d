//! The labels of a volume, each written once; regions name them by their number.

use super::FORMAT;
use crate::error::{Error, Result};
use crate::mixing::{Counter, code_any_number};
use crate::range_coder::{Coder, Decoder, Encoder};
use crate::volume::{Label, VolumeView};
use rayon::prelude::*;
use std::collections::HashSet;

/// The different labels of a volume, ascending.
pub(super) fn of_volume<T: Label>(volume: VolumeView<T>) -> Vec<T> {
    let slice = (volume.shape()[1] * volume.shape()[2]).max(1);
    let sets = volume.labels().par_chunks(slice).fold(HashSet::new, |mut set, labels| {
        // Most labels are those of the voxel before, and most of the others came up lately.
        let mut lately = [labels[0]; 256];
        set.insert(labels[0]);
        let mut before = labels[0];
        for &label in labels {
            if label != before {
                before = label;
                let entry = &mut lately[label.to_u64() as usize % 256];
                if *entry != label {
                    *entry = label;
                    set.insert(label);
                }
            }
        }
        set
    });
    let mut labels: Vec<T> = sets.reduce(HashSet::new, |a, b| &a | &b).into_iter().collect();
    labels.sort_unstable();
    labels
}

/// The bytes of a dictionary: by how much each entry is above or below the one before, the first one above 0.
pub(super) fn encode(entries: impl Iterator<Item = u64>) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let mut state = State::new();
    for entry in entries {
        state.code(&mut encoder, entry);
    }
    encoder.finish()
}

/// Reads a dictionary of so many entries, whose bytes begin at `offset` of the stream.
pub(super) fn decode<T: Label>(bytes: &[u8], offset: usize, count: usize) -> Result<Vec<T>> {
    let mut decoder = Decoder::new(bytes);
    let mut state = State::new();
    let mut entries = Vec::new();
    for number in 0..count {
        let entry = state.code(&mut decoder, 0);
        let Some(entry) = T::from_u64(entry).filter(|_| !decoder.is_beyond()) else {
            let message = format!("entry {number} of the dictionary is no {}", T::TYPE.name());
            return Err(Error::malformed_at(FORMAT, offset, message));
        };
        entries.push(entry);
    }
    if !decoder.is_finished() {
        return Err(Error::malformed_at(FORMAT, offset, "the dictionary is longer than its entries"));
    }
    Ok(entries)
}

struct State {
    before: u64,
    is_below: Counter,
    distance: [Counter; 128],
}

impl State {
    fn new() -> Self {
        Self { before: 0, is_below: Counter::UNSEEN, distance: [Counter::UNSEEN; 128] }
    }

    fn code(&mut self, coder: &mut impl Coder, entry: u64) -> u64 {
        let is_below = self.is_below.code(coder, entry < self.before);
        let distance = code_any_number(coder, &mut self.distance, entry.abs_diff(self.before));
        self.before = if is_below { self.before.wrapping_sub(distance) } else { self.before.wrapping_add(distance) };
        self.before
    }
}
