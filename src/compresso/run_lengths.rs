//! Windows as run lengths of their indices, written and read.

use super::bits::BitMap;
use super::header::FORMAT;
use super::windows::{Grid, Indices};
use crate::error::{Error, Result};
use crate::volume::Label;
use std::ops::Range;

/// The run lengths of a stretch of windows, to be joined with those of its neighbours.
pub(super) struct RunLengths {
    /// Windows of index 0 before the first entry of `entries`, or of the whole stretch.
    leading: u64,
    /// Little-endian entries, from a window of another index to a window of another index.
    entries: Vec<u8>,
    trailing: u64,
}

impl RunLengths {
    /// The run lengths of the layers of windows in `layers`; `W` is the window's number type.
    pub(super) fn encode<W: Label>(bits: &BitMap, grid: Grid, layers: Range<usize>, indices: &Indices) -> Self {
        let mut entries = Entries::<W>::new();
        let mut leading = None;
        let mut windows = vec![0; grid.across];
        let mut zeros = 0;
        let mut put = |index: u64| {
            if index == 0 {
                zeros += 1;
            } else {
                if leading.is_none() {
                    leading = Some(zeros);
                } else {
                    entries.run(zeros);
                }
                zeros = 0;
                entries.entry(index << 1);
            }
        };
        for layer in layers {
            for down in 0..grid.down {
                grid.read(bits, layer, down, &mut windows);
                match indices {
                    Indices::Table(table) => {
                        windows.iter().for_each(|&window| put(table[window as usize & 0xffff].into()))
                    }
                    Indices::Map(map) => {
                        let (mut before, mut index) = (windows[0], map[&windows[0]]);
                        for &window in &windows {
                            if window != before {
                                (before, index) = (window, map[&window]);
                            }
                            put(index.into());
                        }
                    }
                }
            }
        }
        match leading {
            Some(leading) => Self { leading, entries: entries.bytes, trailing: zeros },
            None => Self { leading: zeros, entries: Vec::new(), trailing: 0 },
        }
    }

    /// Appends the run lengths of all stretches, in order, as one.
    pub(super) fn join<W: Label>(stretches: Vec<Self>) -> Vec<u8> {
        let mut joined = Entries::<W>::new();
        let mut zeros = 0;
        for stretch in stretches {
            zeros += stretch.leading;
            if !stretch.entries.is_empty() {
                joined.run(zeros);
                joined.bytes.extend_from_slice(&stretch.entries);
                zeros = stretch.trailing;
            }
        }
        joined.run(zeros);
        joined.bytes
    }
}

struct Entries<W> {
    bytes: Vec<u8>,
    number_type: std::marker::PhantomData<W>,
}

impl<W: Label> Entries<W> {
    fn new() -> Self {
        Self { bytes: Vec::new(), number_type: std::marker::PhantomData }
    }

    fn entry(&mut self, entry: u64) {
        W::from_low_bits(entry).put_le(&mut self.bytes);
    }

    /// A run of `zeros` windows of index 0, in as many entries as their size asks for.
    fn run(&mut self, mut zeros: u64) {
        let longest = W::MAX.into() >> 1;
        while zeros > 0 {
            let run = zeros.min(longest);
            self.entry(run << 1 | 1);
            zeros -= run;
        }
    }
}

/// Reads run lengths as windows.
pub(super) struct Reader<'a, W> {
    /// The entries and where they begin in the stream.
    entries: &'a [u8],
    offset: usize,
    values: &'a [u64],
    position: usize,
    /// Windows of index 0 that are left of the current run.
    zeros: u64,
    number_type: std::marker::PhantomData<W>,
}

impl<'a, W: Label> Reader<'a, W> {
    pub(super) fn new(entries: &'a [u8], offset: usize, values: &'a [u64]) -> Self {
        Self { entries, offset, values, position: 0, zeros: 0, number_type: std::marker::PhantomData }
    }

    /// The reader of the same entries that stands before the window `count` further on.
    ///
    /// Costs a pass over the entries between, without their values.
    pub(super) fn skip(&self, mut count: u64) -> Result<Self> {
        let mut reader = Self { ..*self };
        let from_run = count.min(reader.zeros);
        reader.zeros -= from_run;
        count -= from_run;
        // Whole blocks first, which compiles to vector code: what a block of entries stands for needs no branch.
        for block in self.entries[self.position..].chunks(256 * W::BYTES) {
            let windows = block
                .chunks_exact(W::BYTES)
                .map(|entry| windows_of(W::from_le_slice(entry).into()))
                .fold(0u64, u64::saturating_add);
            if windows > count {
                break;
            }
            count -= windows;
            reader.position += block.len();
        }
        while count > 0 {
            let entry = reader.next_entry()?;
            let windows = windows_of(entry);
            if windows > count {
                reader.zeros = windows - count;
                count = 0;
            } else {
                count -= windows;
            }
        }
        Ok(reader)
    }

    fn next_entry(&mut self) -> Result<u64> {
        let Some(entry) = self.entries.get(self.position..self.position + W::BYTES) else {
            return Err(Error::malformed_at(
                FORMAT,
                self.offset + self.position,
                "its windows end before the volume does",
            ));
        };
        self.position += W::BYTES;
        Ok(W::from_le_slice(entry).into())
    }

    /// The next windows.
    fn read(&mut self, windows: &mut [u64]) -> Result<()> {
        let first = self.values.first().copied().unwrap_or(0);
        let mut filled = 0;
        while filled < windows.len() {
            if self.zeros > 0 {
                let run = self.zeros.min((windows.len() - filled) as u64);
                windows[filled..filled + run as usize].fill(first);
                self.zeros -= run;
                filled += run as usize;
                continue;
            }
            let entry = self.next_entry()?;
            if entry & 1 == 1 {
                self.zeros = entry >> 1;
            } else {
                let Some(&value) = self.values.get((entry >> 1) as usize) else {
                    return Err(Error::malformed_at(
                        FORMAT,
                        self.offset + self.position - W::BYTES,
                        format!("expected the index of one of {} windows, found {}", self.values.len(), entry >> 1),
                    ));
                };
                windows[filled] = value;
                filled += 1;
            }
        }
        Ok(())
    }

    /// Reads one layer of windows into a map whose first slice is `first_slice` of the volume.
    pub(super) fn read_layer(&mut self, grid: Grid, map: &mut BitMap, first_slice: usize, layer: usize) -> Result<()> {
        let mut windows = vec![0; grid.across];
        let row_words = map.row_words();
        for down in 0..grid.down {
            self.read(&mut windows)?;
            grid.write(map.words_mut(), row_words, first_slice, (layer, down), &windows);
        }
        Ok(())
    }

    /// Refuses windows that are left over. Runs of none mean nothing, and what skips entries has passed some of them.
    pub(super) fn finish(&self) -> Result<()> {
        let rest = &self.entries[self.position..];
        if self.zeros > 0 || rest.chunks_exact(W::BYTES).any(|entry| windows_of(W::from_le_slice(entry).into()) > 0) {
            let offset = self.offset + self.position;
            return Err(Error::malformed_at(FORMAT, offset, "it has more windows than the volume"));
        }
        Ok(())
    }
}

/// Run lengths with as many windows of index 0 appended as they lack of `count`.
pub(super) fn append_missing_zeros<W: Label>(entries: &[u8], count: u64) -> Vec<u8> {
    let windows = entries.chunks_exact(W::BYTES).map(|entry| windows_of(W::from_le_slice(entry).into()));
    let found = windows.fold(0, u64::saturating_add);
    let mut entries = Entries::<W> { bytes: entries.to_vec(), ..Entries::new() };
    entries.run(count.saturating_sub(found));
    entries.bytes
}

/// How many windows an entry stands for: one, or a run of index 0.
fn windows_of(entry: u64) -> u64 {
    if entry & 1 == 1 { entry >> 1 } else { 1 }
}
