//! A picture from its scans: which tables they take, what of it has come, and how much is missing.

use super::color::{self, Stored};
use super::markers::{Component, Frame, Notes, ScanHeader, Segment, Tables};
use super::progressive::{AcScan, DcPart, DcScan, Progress};
use super::scan::{self, Coder, Damage, Outcome, Part, Sequential};
use super::upsample::Upsampler;
use super::{Decoded, FORMAT, Options, idct};
use crate::error::{Error, Result};
use crate::limits::Budget;

/// The most visits of a block, on average: a file of many scans would otherwise take minutes with few bytes.
const MAX_VISITS: u64 = 500;
/// The most visits of a block, on average, of a picture so large that more would take minutes.
const MAX_VISITS_OF_LARGE: u64 = 32;
/// So many visits take seconds.
const FEW_VISITS: u64 = 1 << 26;

/// What has come of a component.
#[derive(Default)]
struct State {
    /// Its steps of quantisation, those of its first scan.
    steps: Option<[i16; 64]>,
    /// Its samples in rows of whole blocks, or empty before they are decoded.
    plane: Vec<u8>,
    /// Its coefficients, in a progressive file.
    coefficients: Vec<i16>,
    /// How far those have come.
    progress: Option<Progress>,
}

/// A picture that is being decoded.
#[derive(Default)]
pub(super) struct Decoder {
    pub tables: Tables,
    pub frame: Option<Frame>,
    /// One a component, from the first scan on.
    states: Vec<State>,
    /// Blocks that scans should have, visited or not.
    due: u64,
    /// Those that are missing.
    missing: u64,
    /// Where the first of them should have been, and what became of it.
    damage: Option<(usize, Damage)>,
}

impl Decoder {
    /// Whether a scan has come.
    pub(super) fn has_begun(&self) -> bool {
        !self.states.is_empty()
    }

    /// Whether all has come that could, down to the lowest bit.
    pub(super) fn is_complete(&self) -> bool {
        let complete = |state: &State| match &state.progress {
            Some(progress) => progress.scans_to_come() == 0,
            None => state.steps.is_some(),
        };
        self.states.iter().all(complete)
    }

    /// Notes that the file cannot be followed beyond a place.
    pub(super) fn stop(&mut self, offset: usize) {
        self.damage.get_or_insert((offset, Damage::Nonsense));
    }

    /// Decodes the scan with this header, of which the data begins at `start`, and tells where to look for a marker.
    pub(super) fn scan(&mut self, segment: Segment, bytes: &[u8], start: usize, budget: &mut Budget) -> Result<usize> {
        let Some(frame) = &self.frame else {
            return Err(Error::malformed_at(FORMAT, segment.offset, "a scan comes before the frame"));
        };
        let header = ScanHeader::read(segment, frame)?;
        let malformed = |message: &str| Error::malformed_at(FORMAT, segment.offset, message);
        let lone = match header.parts[..] {
            [(index, ..)] => Some(&frame.components[index]),
            _ => None,
        };
        let grid = match lone {
            Some(component) => (component.blocks_wide, component.blocks_high),
            None => (frame.width.div_ceil(8 * frame.across), frame.height.div_ceil(8 * frame.down)),
        };
        let blocks: usize = match lone {
            Some(_) => 1,
            None => header.parts.iter().map(|part| &frame.components[part.0]).map(|part| part.across * part.down).sum(),
        };
        let due = (grid.0 * grid.1 * blocks) as u64;
        let most = (MAX_VISITS_OF_LARGE * frame.blocks()).max(FEW_VISITS.min(MAX_VISITS * frame.blocks()));
        if self.due + due > most {
            return Err(Error::Unsupported("JPEG with hundreds of scans is not supported: save it as baseline".into()));
        }
        // Before anything is changed: what the scan needs is there.
        let (starts_dc, has_ac) = (header.first == 0 && header.before == 0, header.last > 0);
        for &(index, dc, ac) in &header.parts {
            if (starts_dc && self.tables.dc[dc].is_none()) || (has_ac && self.tables.ac[ac].is_none()) {
                return Err(malformed("a scan takes a Huffman table that is not there"));
            }
            if self.tables.steps[frame.components[index].steps].is_none() {
                return Err(malformed("a component takes a quantisation table that is not there"));
            }
        }
        if self.states.is_empty() {
            self.states.resize_with(frame.components.len(), State::default);
        }
        for &(index, ..) in &header.parts {
            let state = &self.states[index];
            if frame.progressive && !state.progress.unwrap_or_else(Progress::new).precedes(&header) {
                return Err(malformed("a scan brings bits that do not follow those before"));
            }
            if !frame.progressive && state.steps.is_some() {
                return Err(malformed("a component is in two scans"));
            }
        }
        for &(index, ..) in &header.parts {
            let (state, component) = (&mut self.states[index], &frame.components[index]);
            let samples = 64 * component.blocks();
            if frame.progressive {
                state.progress.get_or_insert_with(Progress::new).advance(&header);
                if state.coefficients.is_empty() {
                    state.coefficients = budget.zeroed(length(samples)?)?;
                }
            } else {
                state.plane = budget.zeroed(length(samples)?)?;
            }
            if state.steps.is_none() {
                state.steps = self.tables.steps[component.steps];
            }
        }
        let data = Data { bytes, start, grid, interval: self.tables.restart };
        let outcome = if frame.progressive {
            progressive(&self.tables, &mut self.states, frame, &header, data)
        } else {
            sequential(&self.tables, &mut self.states, frame, &header, data)
        };
        self.due += due;
        self.missing += outcome.lost * blocks as u64;
        self.damage = self.damage.or(outcome.damage);
        Ok(outcome.end)
    }

    /// The picture of what has come, when that is all or may be less. `ended` when the file has its last marker, `at`
    /// is where reading ended.
    pub(super) fn finish(
        mut self,
        ended: bool,
        at: usize,
        notes: &Notes,
        options: &Options,
        budget: &mut Budget,
    ) -> Result<Decoded> {
        let Some(frame) = self.frame.take() else { return Err(Error::malformed_at(FORMAT, at, "it has no frame")) };
        for (state, component) in self.states.iter().zip(&frame.components) {
            let scans = match &state.progress {
                None if state.steps.is_some() => 0,
                // A file may end before its finest scans, but not without the first.
                Some(progress) if ended && progress.has_dc() => 0,
                Some(progress) => progress.scans_to_come(),
                None => 1,
            };
            self.due += scans * component.blocks();
            self.missing += scans * component.blocks();
        }
        let missing_percent = (self.missing > 0).then(|| percent(self.missing, self.due));
        if let Some(percent) = missing_percent
            && (!options.partial || self.missing == self.due)
        {
            let (at, damage) = self.damage.unwrap_or((at, Damage::Short));
            let what = match damage {
                Damage::Short => "its picture data ends early",
                Damage::Nonsense => "its picture data is damaged",
            };
            return Err(Error::malformed_at(FORMAT, at, format!("{what}: {percent} % of it is missing")));
        }
        let planes = self.planes(&frame, budget)?;
        let samples = pixels(&frame, &planes, Stored::of(&frame, notes, options.transform), budget)?;
        planes.iter().for_each(|plane| budget.give_back(plane.len() as u64));
        let (height, width, components) = (frame.height, frame.width, frame.components.len());
        Ok(Decoded { height, width, components, samples, missing_percent })
    }

    /// The samples of all components, in rows of whole blocks.
    fn planes(&mut self, frame: &Frame, budget: &mut Budget) -> Result<Vec<Vec<u8>>> {
        let plane = |(state, component): (&mut State, &Component)| {
            if !state.plane.is_empty() {
                return Ok(std::mem::take(&mut state.plane));
            }
            let mut plane: Vec<u8> = budget.zeroed(length(64 * component.blocks())?)?;
            let Some(steps) = &state.steps else {
                plane.fill(128);
                return Ok(plane);
            };
            let stride = 8 * component.blocks_wide;
            for (n, block) in state.coefficients.as_chunks::<64>().0.iter().enumerate() {
                let at = n / component.blocks_wide * 8 * stride + n % component.blocks_wide * 8;
                if block[1..].iter().fold(0, |any, &coefficient| any | coefficient) == 0 {
                    idct::flat(block[0], steps[0], &mut plane, at, stride);
                } else {
                    idct::block(block, steps, &mut plane, at, stride);
                }
            }
            let coefficients = std::mem::take(&mut state.coefficients);
            budget.give_back(size_of_val(&coefficients[..]) as u64);
            Ok(plane)
        };
        self.states.iter_mut().zip(&frame.components).map(plane).collect()
    }
}

/// A scan's data: the bytes and where it begins, units across and down, and those between restart markers.
#[derive(Clone, Copy)]
struct Data<'a> {
    bytes: &'a [u8],
    start: usize,
    grid: (usize, usize),
    interval: usize,
}

impl Data<'_> {
    fn run(self, mut coder: impl Coder) -> Outcome {
        scan::run(&mut coder, self.bytes, self.start, self.grid, self.interval)
    }
}

fn sequential(tables: &Tables, states: &mut [State], frame: &Frame, header: &ScanHeader, data: Data) -> Outcome {
    let mut planes: Vec<_> = header.parts.iter().map(|part| std::mem::take(&mut states[part.0].plane)).collect();
    let alone = header.parts.len() == 1;
    let parts = header.parts.iter().zip(&mut planes).filter_map(|(&(index, dc, ac), plane)| {
        let component = &frame.components[index];
        Some(Part {
            dc: tables.dc[dc].as_deref()?,
            ac: tables.ac[ac].as_deref()?,
            steps: states[index].steps?,
            across: if alone { 1 } else { component.across },
            down: if alone { 1 } else { component.down },
            blocks_wide: component.blocks_wide,
            blocks_high: component.blocks_high,
            plane,
            level: 0,
        })
    });
    let outcome = data.run(Sequential { parts: parts.collect() });
    header.parts.iter().zip(planes).for_each(|(part, plane)| states[part.0].plane = plane);
    outcome
}

fn progressive(tables: &Tables, states: &mut [State], frame: &Frame, header: &ScanHeader, data: Data) -> Outcome {
    let mut all: Vec<_> = header.parts.iter().map(|part| std::mem::take(&mut states[part.0].coefficients)).collect();
    let alone = header.parts.len() == 1;
    let refines = header.before > 0;
    let outcome = if header.first == 0 {
        let parts = header.parts.iter().zip(&mut all).map(|(&(index, dc, _), coefficients)| {
            let table = if refines { None } else { tables.dc[dc].as_deref() };
            DcPart::new(&frame.components[index], table, alone, coefficients)
        });
        data.run(DcScan { parts: parts.collect(), bit: header.after })
    } else {
        let (index, _, ac) = header.parts[0];
        let table = tables.ac[ac].as_deref().expect("the table was looked for");
        data.run(AcScan {
            table,
            first: header.first,
            last: header.last,
            bit: header.after,
            refines,
            blocks_wide: frame.components[index].blocks_wide,
            coefficients: &mut all[0],
            empty: 0,
        })
    };
    header.parts.iter().zip(all).for_each(|(part, coefficients)| states[part.0].coefficients = coefficients);
    outcome
}

/// The picture's pixels, row by row.
fn pixels(frame: &Frame, planes: &[Vec<u8>], stored: Stored, budget: &mut Budget) -> Result<Vec<u8>> {
    let row_length = frame.width * planes.len();
    let mut samples: Vec<u8> = budget.zeroed(length(frame.height as u64 * row_length as u64)?)?;
    let upsamplers: Vec<_> = frame.components.iter().map(|component| Upsampler::new(component, frame)).collect();
    let mut buffers = Vec::new();
    for upsampler in &upsamplers {
        buffers.push(budget.zeroed::<u8>(upsampler.buffer(frame.width))?);
    }
    for (y, out) in samples.chunks_exact_mut(row_length).enumerate() {
        let mut rows: [&[u8]; 4] = [&[]; 4];
        for (((row, upsampler), plane), buffer) in rows.iter_mut().zip(&upsamplers).zip(planes).zip(&mut buffers) {
            *row = upsampler.row(plane, y, buffer);
        }
        color::convert(stored, &rows[..planes.len()], out);
    }
    buffers.iter().for_each(|buffer| budget.give_back(buffer.len() as u64));
    Ok(samples)
}

/// How much is missing of what is due, rounded up, and all only when it is all.
fn percent(missing: u64, due: u64) -> u8 {
    if missing >= due { 100 } else { (100 * missing).div_ceil(due).min(99) as u8 }
}

/// A length of memory, which has as many bytes as an address can count.
fn length(samples: u64) -> Result<usize> {
    let limit = isize::MAX as u64;
    usize::try_from(samples).map_err(|_| Error::TooLarge { what: "bytes", found: samples, limit })
}
