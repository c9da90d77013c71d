//! Compresso: label volumes as the boundaries between their objects.
//!
//! Compresso (Matejek, Haehn, Lekschas, Mitzenmacher, Pfister: "Compresso: efficient compression of segmentation data
//! for connectomics", MICCAI 2017) writes down where neighbouring labels differ, in small windows of bits of which a
//! volume has few different ones, and one label for each connected component that the boundaries leave. It is fast and
//! lossless, and what it leaves compresses well a second time. Use it for segmentations whose objects are larger than a
//! window; on labels that change from voxel to voxel it is larger than the raw volume.
//!
//! Streams are byte-identical to those of the Python package `compresso` 3.3.3 for every volume that it handles, in
//! both directions. Where that package wraps or corrupts silently, this module returns an error: sides over 65,535
//! voxels, and steps that make more different windows than can be numbered.
//!
//! ```
//! use cortado::Volume;
//! use cortado::compresso::{self, CompressoOptions};
//! let volume = Volume::from_vec([1, 4, 4], vec![5u32, 5, 5, 8, 5, 5, 8, 8, 5, 8, 8, 8, 8, 8, 8, 8])?;
//! let bytes = compresso::encode(&volume, &CompressoOptions::new())?;
//! assert_eq!(compresso::decode(&bytes)?, volume.into());
//! # Ok::<(), cortado::Error>(())
//! ```
//!
//! # The stream
//! All numbers are little-endian; x varies fastest. `LABEL` is the labels' type; `WINDOW` is the smallest unsigned type
//! of 8, 16, 32 or 64 bits that has a bit for every voxel of a window.
//!
//! | offset | field | type |
//! |---|---|---|
//! | 0 | magic `cpso` | 4 bytes |
//! | 4 | format version: 0, or 1 with the index of the slices | u8 |
//! | 5 | bytes a label | u8 |
//! | 6, 8, 10 | voxels in x, y, z | u16 each |
//! | 12, 13, 14 | window steps in x, y, z, with a product of 1 to 64 | u8 each |
//! | 15 | number of ids | u64 |
//! | 23 | number of window values | u32 |
//! | 27 | number of location entries | u64 |
//! | 35 | connectivity, 4 or 6 | u8 |
//! | 36 | ids: the label of each component, by the raster order of their first voxels | `LABEL` each |
//! | | window values: the distinct windows, ascending | `WINDOW` each |
//! | | locations: labels that no neighbour tells | `LABEL` each |
//! | | windows: run lengths of indices into the values | `WINDOW` each |
//! | | version 1: the components of each slice, then by how much each slice's first location entry is after the last one's | u8, u16, u32 or u64 each, by 2 x X x Y |
//!
//! A voxel is on the boundary when its label differs from the one at x + 1, at y + 1 or, with connectivity 6, at z + 1.
//! A window's bits are its boundary voxels, x fastest, from the lowest bit. Index i > 0 is written as `i << 1`, a run
//! of n indices 0 as `n << 1 | 1`. A boundary voxel has the label of its left neighbour when that is off the boundary,
//! else of the upper one, else (connectivity 6) of the one at z - 1, else the next location entry tells: 0 to 5 as the
//! neighbour at x - 1, x + 1, y - 1, y + 1, z - 1, z + 1; 6 is followed by the label; more is the label + 7. Version 1
//! uses no entries 4 and 5, so that slices are independent of each other. An empty volume is a header of version 0.
//!
//! # Damage
//! The format has no checksum. [`decode`] detects sections that are too short or too long, indices of windows that are
//! not there, components and locations that do not come out as counted, and references to voxels that have no label
//! yet. It cannot detect a changed id, a changed label among the locations, or a changed window that leaves the same
//! numbers of components and locations: such streams decode to other labels. Keep a checksum beside a stream that
//! matters.

mod array;
mod bits;
mod codec;
mod components;
mod decode;
mod encode;
mod header;
mod locations;
mod options;
mod original;
mod remap;
mod run_lengths;
mod stream;
mod windows;

pub use array::{CompressoArray, CompressoStreams};
pub(crate) use codec::CompressoCodec;
pub use header::{HEADER_BYTES, Header};
pub use options::{CompressoOptions, Connectivity, Steps};
pub use stream::{Section, Stream};

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::memory;
use crate::second_stage::SecondStage;
use crate::volume::{
    AnyVolume, AnyVolumeView, Label, LabelsMut, Volume, check_buffer, check_range, with_label_type, with_volume,
};
use std::ops::Range;
use std::path::Path;

/// The stream of a volume.
///
/// Costs a pass over the labels and, beside the stream, one bit a voxel of memory. Threads of rayon's current pool
/// share the work; the bytes are the same on any number of them.
///
/// # Errors
/// [`Error::OutOfRange`] when a side exceeds 65,535 voxels, [`Error::Unsupported`] when the volume has more different
/// windows than its steps can number.
pub fn encode<'a>(volume: impl Into<AnyVolumeView<'a>>, options: &CompressoOptions) -> Result<Vec<u8>> {
    encode_view(volume.into(), options)
}

fn encode_view(volume: AnyVolumeView, options: &CompressoOptions) -> Result<Vec<u8>> {
    with_volume!(AnyVolumeView, volume, volume => encode::encode(volume, options))
}

/// The volume of a stream, under the default [`Limits`].
///
/// # Errors
/// As [`decode_with`].
pub fn decode(bytes: &[u8]) -> Result<AnyVolume> {
    decode_with(bytes, &Limits::new())
}

/// The volume of a stream.
///
/// The memory of a large volume comes from the operating system, which takes about as long to hand it out as decoding
/// takes; [`decode_into`] reuses a buffer instead. Threads of rayon's current pool share the slices of a stream that
/// has the index.
///
/// # Errors
/// [`Error::Malformed`] when the bytes are no stream or a damaged one (see the module's text for which damage shows),
/// [`Error::TooLarge`] when the volume exceeds the limits.
pub fn decode_with(bytes: &[u8], limits: &Limits) -> Result<AnyVolume> {
    let stream = Stream::parse(bytes)?;
    decode_stream_slices(&stream, 0..stream.header().shape[0], limits)
}

/// The volume of a file `.cpso`, or of one compressed a second time such as `.cpso.xz`, under the default [`Limits`].
///
/// # Errors
/// As [`open_with`].
pub fn open(path: impl AsRef<Path>) -> Result<AnyVolume> {
    open_with(path, &Limits::new())
}

/// As [`open`], under limits for all that is in memory at once.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, else as [`decode_with`].
pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<AnyVolume> {
    SecondStage::open_file(path.as_ref(), limits, decode_with)
}

/// Writes the stream of a volume to a file, replacing an existing one; compressed a second time at the method's default
/// level when the name ends in its extension, such as `.cpso.xz`.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written, else as [`encode`].
pub fn save<'a>(
    volume: impl Into<AnyVolumeView<'a>>,
    path: impl AsRef<Path>,
    options: &CompressoOptions,
) -> Result<()> {
    SecondStage::write(path.as_ref(), encode(volume, options)?)
}

/// What a stream's header says.
///
/// # Errors
/// As [`decode_with`], but only what comes before the labels is looked at.
pub fn info(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let header = *Stream::parse(bytes)?.header();
    header.check(limits)?;
    Ok(header)
}

/// The slices of a range of z. With the index of the slices (version 1) only they are decoded, after a pass over the
/// run lengths of the windows before them; without, the whole volume is.
///
/// # Errors
/// [`Error::OutOfRange`] when the range is not within the volume, else as [`decode_with`].
pub fn decode_slices(bytes: &[u8], z: Range<usize>, limits: &Limits) -> Result<AnyVolume> {
    decode_stream_slices(&Stream::parse(bytes)?, z, limits)
}

fn decode_stream_slices(stream: &Stream, z: Range<usize>, limits: &Limits) -> Result<AnyVolume> {
    with_label_type!(stream.header().label_type, T => Ok(decode_labels::<T>(stream, z, limits)?.into()))
}

fn decode_labels<T: Label>(stream: &Stream, z: Range<usize>, limits: &Limits) -> Result<Volume<T>> {
    let header = stream.header();
    let [depth, height, width] = header.shape;
    check_range(&z, depth)?;
    // Without the index all slices are decoded, whatever the range.
    let slices = if header.version == 1 { z.len() } else { depth };
    Header { shape: [slices, height, width], ..*header }.check(limits)?;
    let mut labels = memory::try_zeroed(z.len() * height * width)?;
    decode::decode_slices(stream, z.clone(), &mut labels)?;
    Volume::from_vec([z.len(), height, width], labels)
}

/// Decodes a stream into the caller's buffer, which has one label a voxel, and returns the volume's shape (z, y, x).
/// What the buffer held is overwritten, also when the stream turns out to be damaged. Nothing is allocated: of
/// the limits only that of voxels acts.
///
/// # Errors
/// [`Error::Unsupported`] when the stream's labels are of another type, [`Error::ShapeMismatch`] when the buffer is of
/// another size, else as [`decode_with`].
pub fn decode_into<T: Label>(bytes: &[u8], labels: &mut [T], limits: &Limits) -> Result<[usize; 3]> {
    decode_into_mut(bytes, T::labels_mut(labels), limits)
}

fn decode_into_mut(bytes: &[u8], labels: LabelsMut, limits: &Limits) -> Result<[usize; 3]> {
    let stream = Stream::parse(bytes)?;
    let header = stream.header();
    limits.check_voxels(header.voxels())?;
    with_volume!(LabelsMut, labels, labels => {
        check_buffer(labels, header.label_type, header.shape, header.voxels())?;
        decode::decode_slices(&stream, 0..header.shape[0], labels)?;
    });
    Ok(header.shape)
}

/// Checks everything that can be checked of a stream: what [`decode`] checks, and that the window values ascend.
/// Streams with the index are checked a few slices at a time and need memory for these only.
///
/// # Errors
/// As [`decode_with`].
pub fn validate(bytes: &[u8], limits: &Limits) -> Result<()> {
    let stream = Stream::parse(bytes)?;
    let header = *stream.header();
    let mut before = None;
    for value in stream.window_values() {
        if before.is_some_and(|before| before >= value) {
            return Err(Error::malformed(header::FORMAT, format!("the window value {value} does not ascend")));
        }
        before = Some(value);
    }
    let depth = header.shape[0];
    let few = if header.version == 1 { 16 * header.steps.z() } else { depth.max(1) };
    for z in (0..depth).step_by(few) {
        decode_stream_slices(&stream, z..(z + few).min(depth), limits)?;
    }
    Ok(())
}

/// The stream with new labels for its objects, without decoding it: `map` is asked for each old label.
///
/// Decoding the result gives the decoded volume with its labels mapped. Python's `preserve_missing_labels` is a map
/// that returns the label itself.
///
/// ```
/// use cortado::{Limits, Volume, compresso::{self, CompressoOptions}};
/// let volume = Volume::from_vec([1, 2, 2], vec![1u8, 1, 2, 2])?;
/// let bytes = compresso::encode(&volume, &CompressoOptions::new())?;
/// let map = |label| Some(if label == 2 { 255 } else { label });
/// let merged = compresso::remap(&bytes, map, &Limits::new())?;
/// assert_eq!(compresso::decode(&merged)?, Volume::from_vec([1, 2, 2], vec![1u8, 1, 255, 255])?.into());
/// # Ok::<(), cortado::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unsupported`] when `map` returns `None`, [`Error::OutOfRange`] when a new label does not fit the stream's
/// label type, [`Error::Malformed`] when the stream is damaged, [`Error::TooLarge`] when the new stream may take more
/// bytes than the limits allow.
pub fn remap(bytes: &[u8], map: impl FnMut(u64) -> Option<u64>, limits: &Limits) -> Result<Vec<u8>> {
    remap::remap(&Stream::parse(bytes)?, map, limits)
}

/// The different labels of a stream, ascending, without decoding it.
///
/// # Errors
/// [`Error::Malformed`] when the stream is damaged, [`Error::TooLarge`] when the labels take more bytes than the limits
/// allow.
pub fn labels(bytes: &[u8], limits: &Limits) -> Result<Vec<u64>> {
    let stream = Stream::parse(bytes)?;
    limits.check_bytes(8 * (stream.header().ids + stream.header().locations))?;
    stream.labels()
}

/// The volume of a stream that the paper's own code wrote (`github.com/VCG/compresso`), a format without a magic that
/// [`decode`] does not read.
///
/// Its header is nine u64: voxels in z, y, x; the numbers of ids, window values and location entries; window steps in
/// z, y, x. Then follow ids, values and locations in u64 and the run lengths of the windows in u32, without the last
/// run of empty ones. Ids are labels + 1, for each slice in the order of the components' first voxels, where the
/// boundary is one of the components; boundary voxels look up before left; location entries from 6 on are labels + 6.
///
/// # Errors
/// As [`decode_with`].
pub fn decode_original(bytes: &[u8], limits: &Limits) -> Result<Volume<u64>> {
    original::decode(bytes, limits)
}
