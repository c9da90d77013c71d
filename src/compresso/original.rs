//! The format of the paper's own code, which no one can tell from other bytes: it is read when asked for by name.

use super::bits::BitMap;
use super::components::Runs;
use super::header::Header;
use super::locations::{BEHIND, DOWN, IN_FRONT, LEFT, RIGHT, UP};
use super::options::{Connectivity, Steps};
use super::run_lengths::{Reader, append_missing_zeros};
use super::windows::Grid;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::volume::{LabelType, Volume};

const FORMAT: &str = "original Compresso";
const HEADER_BYTES: usize = 72;
/// A location entry from here on is the label plus this; the entries below name a neighbour.
const OFFSET: u64 = 6;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Volume<u64>> {
    let (header, [ids, values, locations]) = parse(bytes)?;
    header.check(limits)?;
    let [depth, height, width] = header.shape;
    let mut labels = vec![0u64; header.voxels() as usize];
    if labels.is_empty() {
        return Volume::from_vec(header.shape, labels);
    }
    let boundary = read_boundary(&bytes[locations..], locations, &header, &numbers(&bytes[ids..values]))?;
    let mut ids = numbers(&bytes[HEADER_BYTES..ids]).into_iter();
    let mut runs = Runs::default();
    for (z, labels) in labels.chunks_exact_mut(height * width).enumerate() {
        let here = boundary.slice(z);
        runs.find(here);
        // The boundary voxels are a component too, which takes its number where its first voxel comes.
        let first_boundary = (0..height).find_map(|y| {
            let word = here.row(y).iter().position(|&word| word != 0)?;
            Some((y as u32, (word * 64) as u16 + here.row(y)[word].trailing_zeros() as u16))
        });
        let mut slice_ids = Vec::with_capacity(runs.components());
        let mut next = || {
            ids.next().ok_or_else(|| Error::malformed(FORMAT, format!("its ids end before slice {z} has all of its")))
        };
        let mut boundary_pending = first_boundary;
        for &first in runs.first_voxels() {
            if boundary_pending.take_if(|boundary| *boundary < first).is_some() {
                next()?;
            }
            slice_ids.push(next()?.wrapping_sub(1));
        }
        if boundary_pending.is_some() {
            next()?;
        }
        for y in 0..height {
            for (start, end, component) in runs.row(y) {
                labels[y * width + start..y * width + end].fill(slice_ids[component as usize]);
            }
        }
    }
    if ids.len() > 0 {
        return Err(Error::malformed(FORMAT, format!("{} of its ids are left over", ids.len())));
    }
    let mut entries = numbers(&bytes[values..locations]).into_iter();
    for at in 0..labels.len() {
        let (z, y, x) = (at / (height * width), at / width % height, at % width);
        let is_boundary = |z: usize, y, x| boundary.slice(z).get(y, x);
        if !is_boundary(z, y, x) {
            continue;
        }
        if y > 0 && !is_boundary(z, y - 1, x) {
            labels[at] = labels[at - width];
        } else if x > 0 && !is_boundary(z, y, x - 1) {
            labels[at] = labels[at - 1];
        } else {
            let Some(entry) = entries.next() else {
                return Err(Error::malformed_at(FORMAT, locations, "there are fewer location entries than locations"));
            };
            let slice = height * width;
            let found = match entry {
                LEFT => (x > 0).then(|| labels[at - 1]),
                RIGHT => (x + 1 < width && !is_boundary(z, y, x + 1)).then(|| labels[at + 1]),
                UP => (y > 0).then(|| labels[at - width]),
                DOWN => (y + 1 < height && !is_boundary(z, y + 1, x)).then(|| labels[at + width]),
                IN_FRONT => (z > 0).then(|| labels[at - slice]),
                BEHIND => (z + 1 < depth && !is_boundary(z + 1, y, x)).then(|| labels[at + slice]),
                label => Some(label - OFFSET),
            };
            labels[at] = found.ok_or_else(|| {
                let message = format!("location code {entry} names a neighbour that has no label yet");
                Error::malformed_at(FORMAT, locations - 8 * (entries.len() + 1), message)
            })?;
        }
    }
    if entries.len() > 0 {
        return Err(Error::malformed_at(FORMAT, locations, "there are more location entries than locations"));
    }
    Volume::from_vec(header.shape, labels)
}

/// The header, and where the ids, the window values and the locations end.
fn parse(bytes: &[u8]) -> Result<(Header, [usize; 3])> {
    let Some(fields) = bytes.get(..HEADER_BYTES) else {
        let message = format!("it ends inside its header of {HEADER_BYTES} bytes");
        return Err(Error::malformed_at(FORMAT, bytes.len(), message));
    };
    let fields = numbers(fields);
    let side = |at: usize| match usize::from(u16::try_from(fields[at]).unwrap_or(0)) {
        0 if fields[at] != 0 => Err(Error::malformed_at(FORMAT, 8 * at, format!("a side of {} voxels", fields[at]))),
        side => Ok(side),
    };
    let step = |at: usize| u8::try_from(fields[at]).unwrap_or(0);
    let Ok(steps) = Steps::new(step(8), step(7), step(6)) else {
        let message = format!("steps of {} x {} x {} voxels", fields[8], fields[7], fields[6]);
        return Err(Error::malformed_at(FORMAT, 48, message));
    };
    let header = Header {
        version: 0,
        label_type: LabelType::U64,
        shape: [side(0)?, side(1)?, side(2)?],
        steps,
        connectivity: Connectivity::Four,
        ids: fields[3],
        values: u32::try_from(fields[4]).unwrap_or(u32::MAX),
        locations: fields[5],
    };
    let mut end = HEADER_BYTES;
    let mut ends = [0; 3];
    for (at, section_end) in (3..6).zip(&mut ends) {
        let len = fields[at].checked_mul(8).filter(|&len| len <= (bytes.len() - end) as u64);
        let Some(len) = len else {
            let message = format!("expected {} entries of 8 bytes, found {} bytes", fields[at], bytes.len() - end);
            return Err(Error::malformed_at(FORMAT, end, message));
        };
        end += len as usize;
        *section_end = end;
    }
    Ok((header, ends))
}

/// The boundary map from 32-bit run lengths, of which a last run of empty windows is left out.
fn read_boundary(entries: &[u8], offset: usize, header: &Header, values: &[u64]) -> Result<BitMap> {
    let grid = Grid::new(header);
    if !entries.len().is_multiple_of(4) {
        return Err(Error::malformed_at(FORMAT, offset, format!("{} bytes of 32-bit windows", entries.len())));
    }
    let entries = append_missing_zeros::<u32>(entries, (grid.layer() * grid.layers) as u64);
    let mut reader = Reader::<u32>::new(&entries, offset, values);
    let [depth, height, width] = header.shape;
    let mut boundary = BitMap::new(depth, height, width);
    for layer in 0..grid.layers {
        reader.read_layer(grid, &mut boundary, 0, layer)?;
    }
    reader.finish()?;
    Ok(boundary)
}

fn numbers(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).map(|number| u64::from_le_bytes(number.try_into().expect("eight bytes"))).collect()
}
