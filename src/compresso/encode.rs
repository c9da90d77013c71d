//! From labels to a stream.

use super::bits::{BitMap, BitSlice, mark_boundaries, set_bits};
use super::components::{Joined, Runs};
use super::header::Header;
use super::locations::{BEHIND, DOWN, ESCAPE, IN_FRONT, OFFSET, RIGHT, candidates};
use super::options::{CompressoOptions, Connectivity, Steps};
use super::run_lengths::RunLengths;
use super::windows::{Distinct, Grid, Indices};
use crate::error::{Error, Result};
use crate::volume::{Label, LabelType, VolumeView};
use rayon::prelude::*;

pub(super) fn encode<T: Label>(volume: VolumeView<T>, options: &CompressoOptions) -> Result<Vec<u8>> {
    let shape = volume.shape();
    if let Some(side) = shape.into_iter().find(|&side| side > 65535) {
        return Err(Error::out_of_range(
            "a side of the volume",
            side,
            "at most 65535 voxels, which is all that the format can write down",
        ));
    }
    let mut header = Header {
        version: options.writes_index().into(),
        label_type: T::TYPE,
        shape,
        steps: options.steps.unwrap_or_default(),
        connectivity: options.connectivity,
        ids: 0,
        values: 0,
        locations: 0,
    };
    if volume.labels().is_empty() {
        header.version = 0;
        return Ok(header.to_bytes().to_vec());
    }
    let map = Map::new(volume, &header)?;
    header.ids = map.ids.iter().map(|ids| ids.len() as u64).sum();
    header.locations = map.locations.iter().map(|entries| entries.len() as u64).sum();

    let windows = match (encode_windows(&map.boundary, &header), options.steps) {
        (None, None) => {
            header.steps = Steps::WIDE;
            encode_windows(&map.boundary, &header)
        }
        (windows, _) => windows,
    };
    let Some((values, windows)) = windows else {
        return Err(Error::Unsupported(format!(
            "steps of {} make more different windows of this volume than the format can number: choose others",
            header.steps
        )));
    };
    header.values = values.len() as u32;

    let mut bytes = header.to_bytes().to_vec();
    let index_bytes = header.index_type().map_or(0, |index| 2 * shape[0] * index.bytes());
    let entries = (header.ids + header.locations) as usize * T::BYTES;
    bytes.reserve_exact(entries + values.len() * header.steps.window_type().bytes() + windows.len() + index_bytes);
    map.ids.iter().flatten().for_each(|id| id.put_le(&mut bytes));
    values.iter().for_each(|&value| header.steps.window_type().put_le(value, &mut bytes));
    map.locations.iter().flatten().for_each(|entry| entry.put_le(&mut bytes));
    bytes.extend_from_slice(&windows);
    if let Some(index_type) = header.index_type() {
        map.ids.iter().for_each(|ids| index_type.put_le(ids.len() as u64, &mut bytes));
        // The start of each slice less that of the one before it, which is the length of that.
        let lengths = map.locations.iter().map(|entries| entries.len() as u64);
        let differences = std::iter::once(0).chain(lengths).take(shape[0]);
        differences.for_each(|difference| index_type.put_le(difference, &mut bytes));
    }
    Ok(bytes)
}

/// What the stream keeps of a volume beside its windows.
struct Map<T> {
    boundary: BitMap,
    ids: Vec<Vec<T>>,
    locations: Vec<Vec<T>>,
}

impl<T: Label> Map<T> {
    fn new(volume: VolumeView<T>, header: &Header) -> Result<Self> {
        let [depth, height, width] = header.shape;
        let mut boundary = BitMap::new(depth, height, width);
        let slice_words = boundary.slice_words();
        let slices = boundary.words_mut().par_chunks_mut(slice_words).enumerate();
        if header.version == 1 {
            // Slices know nothing of each other: everything is found while their labels are in the cache.
            let found = slices.map_init(Runs::default, |runs, (z, words)| {
                mark_boundaries(volume.slice(z), None, width, words);
                let here = BitSlice::new(words, width);
                (ids_of_slice(volume.slice(z), here, runs), locations_of_slice(volume, z, Neighbours::alone(here)))
            });
            let (ids, locations) = found.unzip();
            return Ok(Self { boundary, ids, locations });
        }
        slices.for_each(|(z, words)| {
            let behind = header.connectivity == Connectivity::Six && z + 1 < depth;
            mark_boundaries(volume.slice(z), behind.then(|| volume.slice(z + 1)), width, words);
        });
        let all = (0..depth).into_par_iter();
        let locations = all.clone().map(|z| {
            let neighbours = Neighbours {
                here: boundary.slice(z),
                in_front: z.checked_sub(1).map(|z| boundary.slice(z)),
                behind: (z + 1 < depth).then(|| boundary.slice(z + 1)),
                connectivity: header.connectivity,
            };
            locations_of_slice(volume, z, neighbours)
        });
        let locations = locations.collect();
        let ids = match header.connectivity {
            Connectivity::Four => {
                all.map_init(Runs::default, |runs, z| ids_of_slice(volume.slice(z), boundary.slice(z), runs)).collect()
            }
            Connectivity::Six => vec![ids_of_volume(volume, &boundary)?],
        };
        Ok(Self { boundary, ids, locations })
    }
}

/// The label of each component of one slice.
fn ids_of_slice<T: Label>(labels: &[T], boundary: BitSlice, runs: &mut Runs) -> Vec<T> {
    runs.find(boundary);
    runs.first_voxels().iter().map(|&(y, x)| labels[y as usize * boundary.width + usize::from(x)]).collect()
}

/// The label of each component that may reach through the slices.
fn ids_of_volume<T: Label>(volume: VolumeView<T>, boundary: &BitMap) -> Result<Vec<T>> {
    let mut ids = Vec::new();
    let joined = Joined::find(boundary, |z, runs| {
        let first_voxels = runs.first_voxels().iter();
        ids.extend(first_voxels.map(|&(y, x)| volume.slice(z)[y as usize * boundary.width + usize::from(x)]));
    })?;
    let mut is_first = joined.first_of_each();
    ids.retain(|_| is_first.next().expect("one a component of a slice"));
    Ok(ids)
}

/// The boundary map around a slice.
struct Neighbours<'a> {
    here: BitSlice<'a>,
    in_front: Option<BitSlice<'a>>,
    behind: Option<BitSlice<'a>>,
    connectivity: Connectivity,
}

impl<'a> Neighbours<'a> {
    /// Of a slice that is coded without its neighbours.
    fn alone(here: BitSlice<'a>) -> Self {
        Self { here, in_front: None, behind: None, connectivity: Connectivity::Four }
    }
}

/// The entries of one slice's indeterminate locations.
fn locations_of_slice<T: Label>(volume: VolumeView<T>, z: usize, boundary: Neighbours) -> Vec<T> {
    let Neighbours { here, in_front, behind, connectivity } = boundary;
    let labels = volume.slice(z);
    let (width, height) = (here.width, labels.len() / here.width);
    let mut entries = Vec::new();
    let is_six = connectivity == Connectivity::Six;
    for y in 0..height {
        set_bits(candidates(here, in_front.filter(|_| is_six), y), |x| {
            let at = y * width + x;
            let label = labels[at];
            let tells = |slice: Option<BitSlice>, z: usize| {
                slice.is_some_and(|slice| !slice.get(y, x)) && volume.slice(z)[at] == label
            };
            let code = if x + 1 < width && !here.get(y, x + 1) && labels[at + 1] == label {
                RIGHT
            } else if y + 1 < height && !here.get(y + 1, x) && labels[at + width] == label {
                DOWN
            } else if tells(in_front, z.wrapping_sub(1)) {
                IN_FRONT
            } else if tells(behind, z + 1) {
                BEHIND
            } else if label.into() > T::MAX.into() - OFFSET {
                entries.push(T::from_low_bits(ESCAPE));
                return entries.push(label);
            } else {
                label.into() + OFFSET
            };
            entries.push(T::from_low_bits(code));
        });
    }
    entries
}

/// The distinct windows in ascending order and the run lengths of all windows; `None` when there are more distinct ones
/// than an entry can number.
fn encode_windows(boundary: &BitMap, header: &Header) -> Option<(Vec<u64>, Vec<u8>)> {
    match header.steps.window_type() {
        LabelType::U8 => encode_windows_as::<u8>(boundary, header),
        LabelType::U16 => encode_windows_as::<u16>(boundary, header),
        LabelType::U32 => encode_windows_as::<u32>(boundary, header),
        LabelType::U64 => encode_windows_as::<u64>(boundary, header),
    }
}

fn encode_windows_as<W: Label>(boundary: &BitMap, header: &Header) -> Option<(Vec<u64>, Vec<u8>)> {
    let grid = Grid::new(header);
    // A few stretches a thread, so that none waits long for the last.
    let stretch = grid.layers.div_ceil(4 * rayon::current_num_threads());
    let stretches: Vec<_> = (0..grid.layers).step_by(stretch).map(|z| z..(z + stretch).min(grid.layers)).collect();
    let distinct = stretches.par_iter().map(|layers| {
        let mut distinct = Distinct::new(header.steps);
        let mut windows = vec![0; grid.across];
        for layer in layers.clone() {
            for down in 0..grid.down {
                grid.read(boundary, layer, down, &mut windows);
                distinct.insert(&windows);
            }
        }
        distinct
    });
    let values = distinct.reduce(|| Distinct::new(header.steps), Distinct::merge).sorted();
    if values.len() as u64 - 1 > W::MAX.into() >> 1 {
        return None;
    }
    let indices = Indices::new(header.steps, &values);
    let runs = stretches.into_par_iter().map(|layers| RunLengths::encode::<W>(boundary, grid, layers, &indices));
    let runs: Vec<_> = runs.collect();
    Some((values, RunLengths::join::<W>(runs)))
}
