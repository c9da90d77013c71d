//! From a stream to labels.

use super::bits::{BitMap, BitSlice, set_bits};
use super::components::{Joined, Runs};
use super::header::{FORMAT, Header};
use super::locations::{BEHIND, DOWN, ESCAPE, IN_FRONT, LEFT, OFFSET, RIGHT, UP, candidates, from_in_front};
use super::options::Connectivity;
use super::run_lengths::Reader;
use super::stream::{SliceIndex, Stream};
use super::windows::Grid;
use crate::error::{Error, Result};
use crate::memory::{self, fill_stretch};
use crate::volume::{Label, LabelType};
use rayon::prelude::*;
use std::ops::Range;

/// Decodes the slices of a range into `labels`, which has just their size. Whatever it held before is overwritten.
pub(super) fn decode_slices<T: Label>(stream: &Stream, slices: Range<usize>, labels: &mut [T]) -> Result<()> {
    match stream.header().steps.window_type() {
        _ if labels.is_empty() => Ok(()),
        LabelType::U8 => Decoder::<T, u8>::new(stream).decode(slices, labels),
        LabelType::U16 => Decoder::<T, u16>::new(stream).decode(slices, labels),
        LabelType::U32 => Decoder::<T, u32>::new(stream).decode(slices, labels),
        LabelType::U64 => Decoder::<T, u64>::new(stream).decode(slices, labels),
    }
}

struct Decoder<'a, T, W> {
    stream: &'a Stream<'a>,
    header: Header,
    grid: Grid,
    values: Vec<u64>,
    number_types: std::marker::PhantomData<(T, W)>,
}

impl<'a, T: Label, W: Label> Decoder<'a, T, W> {
    fn new(stream: &'a Stream) -> Self {
        let header = *stream.header();
        let values = stream.window_values().collect();
        Self { stream, header, grid: Grid::new(&header), values, number_types: std::marker::PhantomData }
    }

    fn decode(&self, slices: Range<usize>, labels: &mut [T]) -> Result<()> {
        match self.stream.index()? {
            Some(index) => self.decode_indexed(&index, slices, labels),
            None if slices.len() == self.header.shape[0] => self.decode_whole(labels),
            None => {
                // Without an index nothing tells where a slice begins.
                let slice = labels.len() / slices.len();
                let mut all = memory::try_zeroed::<T>(slice * self.header.shape[0])?;
                self.decode_whole(&mut all)?;
                labels.copy_from_slice(&all[slices.start * slice..slices.end * slice]);
                Ok(())
            }
        }
    }

    fn windows(&self) -> Reader<'_, W> {
        let (entries, offset) = self.stream.windows_bytes();
        Reader::new(entries, offset, &self.values)
    }

    /// Version 1: every layer of windows by itself, so that threads share them.
    fn decode_indexed(&self, index: &[SliceIndex], slices: Range<usize>, labels: &mut [T]) -> Result<()> {
        let step = self.header.steps.z();
        let slice_len = self.header.shape[1] * self.header.shape[2];
        let layers = slices.start / step..slices.end.div_ceil(step);
        // A few stretches of layers a thread, so that none waits long for the last.
        let stretch = layers.len().div_ceil(match rayon::current_num_threads() {
            1 => 1,
            threads => 4 * threads,
        });
        let mut reader = self.windows().skip((layers.start * self.grid.layer()) as u64)?;
        let mut jobs = Vec::new();
        let mut rest = labels;
        for first in layers.clone().step_by(stretch) {
            let end = (first + stretch).min(layers.end);
            let part = slices.start.max(first * step)..slices.end.min(end * step);
            let (part_labels, others) = rest.split_at_mut(part.len() * slice_len);
            rest = others;
            let next =
                if end < layers.end { Some(reader.skip(((end - first) * self.grid.layer()) as u64)?) } else { None };
            let ends_volume = part.end == self.header.shape[0];
            jobs.push((reader, part, part_labels, ends_volume));
            match next {
                Some(next) => reader = next,
                None => break,
            }
        }
        jobs.into_par_iter().try_for_each(|(mut reader, slices, labels, ends_volume)| {
            self.decode_stretch(&mut reader, index, slices, labels)?;
            if ends_volume { reader.finish() } else { Ok(()) }
        })
    }

    fn decode_stretch(
        &self,
        reader: &mut Reader<W>,
        index: &[SliceIndex],
        slices: Range<usize>,
        labels: &mut [T],
    ) -> Result<()> {
        let [depth, height, width] = self.header.shape;
        let step = self.header.steps.z();
        let mut boundary = BitMap::new(step.min(depth), height, width);
        let mut runs = Runs::default();
        let mut rest = labels;
        for layer in slices.start / step..slices.end.div_ceil(step) {
            reader.read_layer(self.grid, &mut boundary, layer * step, layer)?;
            let in_layer = slices.start.max(layer * step)..slices.end.min((layer + 1) * step);
            for (z, SliceIndex { ids, locations }) in in_layer.clone().zip(&index[in_layer]) {
                let (labels, others) = rest.split_at_mut(height * width);
                rest = others;
                let here = boundary.slice(z - layer * step);
                runs.find(here);
                if runs.components() != ids.len() {
                    let message =
                        format!("slice {z} has {} components, its index counts {}", runs.components(), ids.len());
                    return Err(Error::malformed(FORMAT, message));
                }
                let ids = &self.stream.ids_bytes()[ids.start * T::BYTES..ids.end * T::BYTES];
                fill_slice(labels, width, &runs, |component| id(ids, component));
                let mut entries = self.locations(locations.clone());
                patch_slice(labels, Surroundings { here, in_front: None, behind: None, is_six: false }, &mut entries)?;
                entries.finish()?;
            }
        }
        Ok(())
    }

    /// Version 0: the whole volume, slice after slice.
    fn decode_whole(&self, labels: &mut [T]) -> Result<()> {
        let [depth, height, width] = self.header.shape;
        let slice_len = height * width;
        let mut boundary = BitMap::new(depth, height, width);
        let mut reader = self.windows();
        for layer in 0..self.grid.layers {
            reader.read_layer(self.grid, &mut boundary, 0, layer)?;
        }
        reader.finish()?;
        let is_six = self.header.connectivity == Connectivity::Six;
        // With connectivity 6 a component's number is known only when the last slice has been seen.
        let joined = if is_six { Some(Joined::find(&boundary, |_, _| ())?.numbers()) } else { None };
        let mut runs = Runs::default();
        let mut components = 0;
        let mut entries = self.locations(0..self.header.locations as usize);
        let ids = self.stream.ids_bytes();
        // A location may take its label from the slice behind, so that one is filled first.
        for z in 0..=depth {
            if z < depth {
                runs.find(boundary.slice(z));
                let first = components;
                components += runs.components();
                let slice = &mut labels[z * slice_len..][..slice_len];
                match &joined {
                    Some((numbers, count)) => {
                        self.check_components(*count as usize, z + 1 == depth)?;
                        fill_slice(slice, width, &runs, |component| id(ids, numbers[first + component as usize]));
                    }
                    None => {
                        self.check_components(components, z + 1 == depth)?;
                        let ids = &ids[first * T::BYTES..];
                        fill_slice(slice, width, &runs, |component| id(ids, component));
                    }
                }
            }
            let Some(z) = z.checked_sub(1) else { continue };
            let (before, from_here) = labels.split_at_mut(z * slice_len);
            let (labels, after) = from_here.split_at_mut(slice_len);
            let in_front = z.checked_sub(1).map(|front| (boundary.slice(front), &before[front * slice_len..]));
            let behind = (z + 1 < depth).then(|| (boundary.slice(z + 1), &after[..slice_len]));
            let around = Surroundings { here: boundary.slice(z), in_front, behind, is_six };
            patch_slice(labels, around, &mut entries)?;
        }
        entries.finish()
    }

    fn check_components(&self, found: usize, all: bool) -> Result<()> {
        let expected = self.header.ids;
        if found as u64 > expected || all && found as u64 != expected {
            let message = format!("its boundaries make {found} components, the header counts {expected} ids");
            return Err(Error::malformed_at(FORMAT, 15, message));
        }
        Ok(())
    }

    fn locations(&self, entries: Range<usize>) -> Locations<'a, T> {
        let (bytes, offset) = self.stream.locations_bytes();
        Locations {
            offset: offset + entries.start * T::BYTES,
            bytes: &bytes[entries.start * T::BYTES..entries.end * T::BYTES],
            position: 0,
            number_type: std::marker::PhantomData,
        }
    }
}

/// The label of a component.
fn id<T: Label>(ids: &[u8], component: u32) -> T {
    T::from_le_slice(&ids[component as usize * T::BYTES..][..T::BYTES])
}

/// Writes the labels of all voxels that are off the boundary, of boundary voxels right of such a one, and of those
/// below such a one where the left one is on the boundary too.
fn fill_slice<T: Label>(labels: &mut [T], width: usize, runs: &Runs, label: impl Fn(u32) -> T) {
    for y in 0..labels.len() / width {
        let (above, rest) = labels.split_at_mut(y * width);
        let row = &mut rest[..width];
        // Above the first row there is nothing to take labels from: what is written there is patched later.
        let above = above.len().checked_sub(width).map(|start| &above[start..]);
        let mut filled = 0;
        for (start, end, component) in runs.row(y) {
            copy_stretch(row, above, filled..start);
            filled = (end + 1).min(width);
            fill_stretch(row, start..filled, label(component));
        }
        copy_stretch(row, above, filled..width);
    }
}

/// Copies a stretch, mostly an empty one, from the row above.
#[inline]
fn copy_stretch<T: Copy>(row: &mut [T], above: Option<&[T]>, stretch: Range<usize>) {
    if let Some(above) = above.filter(|_| !stretch.is_empty()) {
        row[stretch.clone()].copy_from_slice(&above[stretch]);
    }
}

/// The boundary map around a slice, with the labels of the slices before and after it.
struct Surroundings<'a, T> {
    here: BitSlice<'a>,
    in_front: Option<(BitSlice<'a>, &'a [T])>,
    behind: Option<(BitSlice<'a>, &'a [T])>,
    is_six: bool,
}

/// Writes the labels of the boundary voxels that [`fill_slice`] could not know.
fn patch_slice<T: Label>(labels: &mut [T], around: Surroundings<T>, entries: &mut Locations<T>) -> Result<()> {
    let Surroundings { here, in_front, behind, is_six } = around;
    let width = here.width;
    let height = labels.len() / width;
    let through = in_front.filter(|_| is_six);
    for y in 0..height {
        if let Some((boundary, front)) = through {
            set_bits(from_in_front(here, boundary, y), |x| labels[y * width + x] = front[y * width + x]);
        }
        let mut result = Ok(());
        set_bits(candidates(here, through.map(|(boundary, _)| boundary), y), |x| {
            if result.is_ok() {
                let at = y * width + x;
                result = entries.next().and_then(|entry| {
                    let found = match entry.into() {
                        LEFT => (x > 0).then(|| labels[at - 1]),
                        UP => (y > 0).then(|| labels[at - width]),
                        IN_FRONT => in_front.map(|(_, front)| front[at]),
                        RIGHT => (x + 1 < width && !here.get(y, x + 1)).then(|| labels[at + 1]),
                        DOWN => (y + 1 < height && !here.get(y + 1, x)).then(|| labels[at + width]),
                        BEHIND => behind.filter(|(boundary, _)| !boundary.get(y, x)).map(|(_, behind)| behind[at]),
                        ESCAPE => Some(entries.next()?),
                        label => Some(T::from_low_bits(label - OFFSET)),
                    };
                    labels[at] = found.ok_or_else(|| entries.no_neighbour(entry))?;
                    Ok(())
                });
            }
        });
        result?;
    }
    Ok(())
}

/// Reads the entries of indeterminate locations.
struct Locations<'a, T> {
    bytes: &'a [u8],
    offset: usize,
    position: usize,
    number_type: std::marker::PhantomData<T>,
}

impl<T: Label> Locations<'_, T> {
    fn next(&mut self) -> Result<T> {
        let Some(entry) = self.bytes.get(self.position..self.position + T::BYTES) else {
            let offset = self.offset + self.bytes.len();
            return Err(Error::malformed_at(FORMAT, offset, "there are fewer location entries than locations"));
        };
        self.position += T::BYTES;
        Ok(T::from_le_slice(entry))
    }

    fn no_neighbour(&self, code: T) -> Error {
        let message = format!("location code {code} names a neighbour that has no label yet");
        Error::malformed_at(FORMAT, self.offset + self.position - T::BYTES, message)
    }

    fn finish(&self) -> Result<()> {
        if self.position < self.bytes.len() {
            let offset = self.offset + self.position;
            return Err(Error::malformed_at(FORMAT, offset, "there are more location entries than locations"));
        }
        Ok(())
    }
}
