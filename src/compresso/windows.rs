//! Windows: blocks of the boundary map as numbers, and the distinct ones of a volume.

use super::bits::BitMap;
use super::header::Header;
use super::options::Steps;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Where a volume's windows lie.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    steps: Steps,
    /// Slices and rows of the volume.
    slices: usize,
    rows: usize,
    /// The bits of a row's last word that are voxels.
    last_word: u64,
    /// Windows in a row of windows, rows of windows in a layer, layers.
    pub(super) across: usize,
    pub(super) down: usize,
    pub(super) layers: usize,
}

impl Grid {
    pub(super) fn new(header: &Header) -> Self {
        let [layers, down, across] = header.windows();
        let [slices, rows, columns] = header.shape;
        let last_word = u64::MAX >> (columns.next_multiple_of(64) - columns);
        Self { steps: header.steps, slices, rows, last_word, across, down, layers }
    }

    /// Windows of a layer.
    pub(super) fn layer(&self) -> usize {
        self.across * self.down
    }

    /// The rows of voxels that the row of windows at (`layer`, `down`) covers, each with its lowest bit's place in a
    /// window.
    fn rows(self, layer: usize, down: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        let Self { steps, slices, rows, .. } = self;
        (0..steps.z()).flat_map(move |dz| {
            (0..steps.y()).filter_map(move |dy| {
                let (z, y) = (layer * steps.z() + dz, down * steps.y() + dy);
                (z < slices && y < rows).then_some((z, y, steps.x() * (dy + steps.y() * dz)))
            })
        })
    }

    /// Reads one row of windows off the boundary map, whose first slice is the volume's.
    pub(super) fn read(&self, bits: &BitMap, layer: usize, down: usize, windows: &mut [u64]) {
        windows.fill(0);
        for (z, y, shift) in self.rows(layer, down) {
            let row = bits.row(z, y);
            match self.steps.x() {
                1 => read_row::<1>(row, shift, windows),
                2 => read_row::<2>(row, shift, windows),
                4 => read_row::<4>(row, shift, windows),
                8 => read_row::<8>(row, shift, windows),
                step => read_uneven_row(row, step, shift, windows),
            }
        }
    }

    /// Writes one row of windows into the words of slices, of which the first is `first_slice` of the volume.
    pub(super) fn write(
        &self,
        words: &mut [u64],
        row_words: usize,
        first_slice: usize,
        (layer, down): (usize, usize),
        windows: &[u64],
    ) {
        for (z, y, shift) in self.rows(layer, down) {
            let Some(z) = z.checked_sub(first_slice) else { continue };
            let start = (z * self.rows + y) * row_words;
            let Some(row) = words.get_mut(start..start + row_words) else { continue };
            match self.steps.x() {
                1 => write_row::<1>(row, shift, windows),
                2 => write_row::<2>(row, shift, windows),
                4 => write_row::<4>(row, shift, windows),
                8 => write_row::<8>(row, shift, windows),
                step => write_uneven_row(row, step, shift, windows),
            }
            // Whatever a stream says of voxels beyond the edge.
            row[row_words - 1] &= self.last_word;
        }
    }
}

/// For steps that divide a word: the windows of one word at a time.
fn read_row<const STEP: usize>(row: &[u64], shift: usize, windows: &mut [u64]) {
    let mask = u64::MAX >> (64 - STEP);
    for (&word, windows) in row.iter().zip(windows.chunks_mut(64 / STEP)) {
        if word != 0 {
            for (window, at) in windows.iter_mut().zip((0..64).step_by(STEP)) {
                *window |= (word >> at & mask) << shift;
            }
        }
    }
}

fn write_row<const STEP: usize>(row: &mut [u64], shift: usize, windows: &[u64]) {
    let mask = u64::MAX >> (64 - STEP);
    for (word, windows) in row.iter_mut().zip(windows.chunks(64 / STEP)) {
        *word = windows
            .iter()
            .zip((0..64).step_by(STEP))
            .fold(0, |word, (window, at)| word | (window >> shift & mask) << at);
    }
}

/// For all other steps: one window at a time, which may lie in two words.
fn read_uneven_row(row: &[u64], step: usize, shift: usize, windows: &mut [u64]) {
    let mask = u64::MAX >> (64 - step);
    for (window, x) in windows.iter_mut().zip((0..).step_by(step)) {
        let (index, at) = (x / 64, x % 64);
        let mut bits = row[index] >> at;
        if at + step > 64 && index + 1 < row.len() {
            bits |= row[index + 1] << (64 - at);
        }
        *window |= (bits & mask) << shift;
    }
}

fn write_uneven_row(row: &mut [u64], step: usize, shift: usize, windows: &[u64]) {
    let mask = u64::MAX >> (64 - step);
    row.fill(0);
    for (window, x) in windows.iter().zip((0..).step_by(step)) {
        let (index, at) = (x / 64, x % 64);
        let bits = window >> shift & mask;
        row[index] |= bits << at;
        if at + step > 64 && index + 1 < row.len() {
            row[index + 1] |= bits >> (64 - at);
        }
    }
}

/// The distinct windows met so far.
pub(super) enum Distinct {
    /// One bit for each possible window of at most 16 voxels.
    Flags(Box<[u64; 1024]>),
    /// For larger windows, those that were met.
    Set(HashSet<u64, Spread>),
}

impl Distinct {
    pub(super) fn new(steps: Steps) -> Self {
        if steps.product() <= 16 { Self::Flags(Box::new([0; 1024])) } else { Self::Set(HashSet::default()) }
    }

    pub(super) fn insert(&mut self, windows: &[u64]) {
        match self {
            Self::Flags(flags) => {
                for window in windows {
                    flags[(window / 64 % 1024) as usize] |= 1 << (window % 64);
                }
            }
            Self::Set(set) => {
                // Most windows repeat the one before: the empty one.
                let mut before = None;
                for &window in windows {
                    if before != Some(window) {
                        set.insert(window);
                        before = Some(window);
                    }
                }
            }
        }
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        match (&mut self, other) {
            (Self::Flags(flags), Self::Flags(others)) => {
                for (flag, other) in flags.iter_mut().zip(others.iter()) {
                    *flag |= other;
                }
            }
            (Self::Set(set), Self::Set(others)) => set.extend(others),
            _ => unreachable!("one volume has windows of one size"),
        }
        self
    }

    /// The windows in ascending order.
    pub(super) fn sorted(self) -> Vec<u64> {
        match self {
            Self::Flags(flags) => {
                let mut windows = Vec::new();
                super::bits::set_bits(flags.iter().copied(), |window| windows.push(window as u64));
                windows
            }
            Self::Set(set) => {
                let mut windows: Vec<u64> = set.into_iter().collect();
                windows.sort_unstable();
                windows
            }
        }
    }
}

/// From each distinct window to its index among them.
pub(super) enum Indices {
    Table(Box<[u16; 65536]>),
    Map(HashMap<u64, u32, Spread>),
}

impl Indices {
    pub(super) fn new(steps: Steps, values: &[u64]) -> Self {
        if steps.product() <= 16 {
            let mut table: Box<[u16; 65536]> = vec![0; 65536].try_into().expect("as long as that");
            for (index, &value) in values.iter().enumerate() {
                table[value as usize] = index as u16;
            }
            Self::Table(table)
        } else {
            Self::Map(values.iter().copied().zip(0..).collect())
        }
    }
}

/// A hash for windows: one multiplication, folded.
#[derive(Default)]
pub(super) struct SpreadHasher(u64);
pub(super) type Spread = BuildHasherDefault<SpreadHasher>;

impl Hasher for SpreadHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
