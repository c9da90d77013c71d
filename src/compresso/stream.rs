//! A stream's sections, told apart and checked without decoding them.

use super::header::{FORMAT, HEADER_BYTES, Header};
use super::locations::{ESCAPE, OFFSET};
use crate::error::{Error, Result};
use crate::volume::LabelType;
use std::fmt;
use std::ops::Range;

/// A Compresso stream in memory, its header read and its sections told apart.
#[derive(Clone)]
pub struct Stream<'a> {
    bytes: &'a [u8],
    header: Header,
    /// Where each section ends.
    ids_end: usize,
    values_end: usize,
    locations_end: usize,
    windows_end: usize,
}

/// One part of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// `header`, `ids`, `window values`, `locations`, `windows` or `z index`.
    pub name: &'static str,
    /// Where it lies in the stream, in bytes.
    pub bytes: Range<usize>,
}

/// What the tail of a version 1 stream says of one slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SliceIndex {
    pub(super) ids: Range<usize>,
    pub(super) locations: Range<usize>,
}

impl<'a> Stream<'a> {
    /// Reads the header and finds the sections. What the sections hold is checked when they are decoded, or by
    /// [`validate`](super::validate).
    ///
    /// # Errors
    /// [`Error::Malformed`] when the header is wrong or the stream is too short for what it announces.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let header = Header::parse(bytes)?;
        let window_bytes = header.steps.window_type().bytes();
        let label_bytes = header.label_type.bytes() as u64;
        let section = |start: usize, count: u64, size: u64, name: &str| {
            let end = count.checked_mul(size).and_then(|len| len.checked_add(start as u64));
            match end.filter(|&end| end <= bytes.len() as u64) {
                Some(end) => Ok(end as usize),
                None => {
                    let found = bytes.len() - start;
                    let message = format!("expected {count} {name} of {size} bytes, found {found} bytes");
                    Err(Error::malformed_at(FORMAT, start, message))
                }
            }
        };
        let ids_end = section(HEADER_BYTES, header.ids, label_bytes, "ids")?;
        let values_end = section(ids_end, header.values.into(), window_bytes as u64, "window values")?;
        let locations_end = section(values_end, header.locations, label_bytes, "location entries")?;
        let index_entries = 2 * header.shape[0] as u64;
        let index_bytes = header.index_type().map_or(0, |index| index.bytes());
        let tail = section(locations_end, index_entries, index_bytes as u64, "entries of the z index")? - locations_end;
        let windows_end = bytes.len() - tail;
        if !(windows_end - locations_end).is_multiple_of(window_bytes) {
            let found = windows_end - locations_end;
            let message = format!("expected windows of {window_bytes} bytes, found {found} bytes of them");
            return Err(Error::malformed_at(FORMAT, locations_end, message));
        }
        if header.values == 0 && header.voxels() > 0 {
            return Err(Error::malformed_at(FORMAT, 23, "a volume that is not empty has at least one window value"));
        }
        if header.voxels() == 0 && bytes.len() > HEADER_BYTES {
            return Err(Error::malformed_at(FORMAT, HEADER_BYTES, "an empty volume is followed by bytes"));
        }
        Ok(Self { bytes, header, ids_end, values_end, locations_end, windows_end })
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The stream's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The parts of the stream in their order; the z index only where there is one.
    pub fn sections(&self) -> Vec<Section> {
        let ends = [
            ("header", HEADER_BYTES),
            ("ids", self.ids_end),
            ("window values", self.values_end),
            ("locations", self.locations_end),
            ("windows", self.windows_end),
            ("z index", self.bytes.len()),
        ];
        let mut start = 0;
        let mut sections = Vec::new();
        for (name, end) in ends {
            if name != "z index" || self.header.version == 1 {
                sections.push(Section { name, bytes: start..end });
            }
            start = end;
        }
        sections
    }

    /// The label of each component, in the order of the components.
    pub fn ids(&self) -> impl Iterator<Item = u64> + 'a {
        numbers(&self.bytes[HEADER_BYTES..self.ids_end], self.header.label_type)
    }

    /// The distinct windows.
    pub fn window_values(&self) -> impl Iterator<Item = u64> + 'a {
        numbers(&self.bytes[self.ids_end..self.values_end], self.header.steps.window_type())
    }

    /// The entries for indeterminate locations: codes below 7, labels + 7, and labels after an entry 6.
    pub fn locations(&self) -> impl Iterator<Item = u64> + 'a {
        numbers(&self.bytes[self.values_end..self.locations_end], self.header.label_type)
    }

    /// The entries of the run-length coded windows: an index << 1, or a run of index 0 as its length << 1 | 1.
    pub fn window_runs(&self) -> impl Iterator<Item = u64> + 'a {
        numbers(&self.bytes[self.locations_end..self.windows_end], self.header.steps.window_type())
    }

    /// The labels that occur in the volume, ascending, without decoding it.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the locations end after an entry 6.
    pub fn labels(&self) -> Result<Vec<u64>> {
        let mut labels: Vec<u64> = self.ids().collect();
        let mut entries = self.locations();
        while let Some(entry) = entries.next() {
            match entry {
                ESCAPE => labels.push(entries.next().ok_or_else(|| self.no_label_after_escape())?),
                entry if entry >= OFFSET => labels.push(entry - OFFSET),
                _ => (),
            }
        }
        labels.sort_unstable();
        labels.dedup();
        Ok(labels)
    }

    pub(super) fn no_label_after_escape(&self) -> Error {
        let message = "the locations end where a label should follow an entry 6";
        Error::malformed_at(FORMAT, self.locations_end, message)
    }

    pub(super) fn ids_bytes(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..self.ids_end]
    }

    /// The location entries and where they begin in the stream.
    pub(super) fn locations_bytes(&self) -> (&'a [u8], usize) {
        (&self.bytes[self.values_end..self.locations_end], self.values_end)
    }

    /// The run-length coded windows and where they begin in the stream.
    pub(super) fn windows_bytes(&self) -> (&'a [u8], usize) {
        (&self.bytes[self.locations_end..self.windows_end], self.locations_end)
    }

    /// For each slice its components and location entries; `None` when the stream has no index.
    pub(super) fn index(&self) -> Result<Option<Vec<SliceIndex>>> {
        let Some(index_type) = self.header.index_type() else { return Ok(None) };
        let depth = self.header.shape[0];
        let at = |entry: usize| self.windows_end + entry * index_type.bytes();
        let tail: Vec<u64> = numbers(&self.bytes[self.windows_end..], index_type).collect();
        let (components, differences) = tail.split_at(depth);
        let cumulated = |steps: &[u64], first: usize, most: u64, what: &str| {
            let mut sum = 0u64;
            let mut sums = Vec::with_capacity(steps.len());
            for (entry, &step) in (first..).zip(steps) {
                sum = sum.saturating_add(step);
                if sum > most {
                    let message = format!("the index counts {sum} {what}, the header {most}");
                    return Err(Error::malformed_at(FORMAT, at(entry), message));
                }
                sums.push(sum as usize);
            }
            Ok(sums)
        };
        let id_ends = cumulated(components, 0, self.header.ids, "components")?;
        let starts = cumulated(differences, depth, self.header.locations, "location entries")?;
        if starts.first().is_some_and(|&start| start != 0) {
            return Err(Error::malformed_at(FORMAT, at(depth), "the first slice's locations do not begin at 0"));
        }
        if id_ends.last().is_some_and(|&end| end as u64 != self.header.ids) {
            return Err(Error::malformed_at(
                FORMAT,
                at(depth - 1),
                "the index counts fewer components than the header",
            ));
        }
        let id_starts = std::iter::once(0).chain(id_ends.iter().copied());
        let location_ends = starts.iter().skip(1).copied().chain(std::iter::once(self.header.locations as usize));
        let ids = id_starts.zip(&id_ends).map(|(start, &end)| start..end);
        let locations = starts.iter().zip(location_ends).map(|(&start, end)| start..end);
        Ok(Some(ids.zip(locations).map(|(ids, locations)| SliceIndex { ids, locations }).collect()))
    }
}

impl fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream of {} bytes, {:?}", self.bytes.len(), self.header)
    }
}

/// Little-endian numbers, one after the other.
fn numbers(bytes: &[u8], number_type: LabelType) -> impl Iterator<Item = u64> + '_ {
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
    bytes.chunks_exact(number_type.bytes()).map(number)
}
