//! Ristretto: label volumes as small as they get, with every damage noticed.
//!
//! A ristretto is a more concentrated espresso. Like [`compresso`] it writes down where labels change and which label
//! each region has; but every decision is coded at the price of its probability, learned from the cracks around it. Use
//! it to store and to send segmentations. Compresso decodes several times faster and is read by Python users; labels
//! that change from voxel to voxel are larger than raw in both.
//!
//! ```
//! use cortado::Volume;
//! use cortado::ristretto::{self, RistrettoOptions};
//! let volume = Volume::from_vec([1, 4, 4], vec![5u32, 5, 5, 8, 5, 5, 8, 8, 5, 8, 8, 8, 8, 8, 8, 8])?;
//! let bytes = ristretto::encode(&volume, &RistrettoOptions::new())?;
//! assert_eq!(ristretto::decode(&bytes)?, volume.into());
//! # Ok::<(), cortado::Error>(())
//! ```
//!
//! # The stream
//! All numbers are little-endian; x varies fastest. A *block* is a number of slices that are coded without any other:
//! all that was learned is forgotten at its start.
//!
//! | offset | field | type |
//! |---|---|---|
//! | 0 | magic `rstt` | 4 bytes |
//! | 4 | format version: 1 | u8 |
//! | 5 | bytes a label: 1, 2, 4 or 8 | u8 |
//! | 6 | level: 0 fast, 1 default, 2 max | u8 |
//! | 7 | zero | u8 |
//! | 8, 12, 16 | voxels in z, y, x | u32 each |
//! | 20 | slices of a block; the last block may have fewer | u32 |
//! | 24 | entries of the dictionary | u32 |
//! | 28 | bytes of the dictionary | u32 |
//! | 32 | CRC-32 (as in gzip) of everything before the blocks but for this field | u32 |
//! | 36 | bytes of each block, without its checksum | LEB128 each |
//! | | the dictionary | |
//! | | each block, and its CRC-32 | block, u32 |
//!
//! An empty volume is a header. Dictionary and blocks are each one number of a binary range coder with 64 bits of
//! state, highest byte first and without zeros among its last eight bytes (`coder.rs`); all arithmetic is on integers.
//! Each decision is coded by a counter that it updates, or by several and a mixer (`model.rs`).
//!
//! - **Dictionary.** For each label whether it is below the one before, and the distance: the number of its bits, then
//!   those below the highest. The first one counts from 0. Encoders write labels in ascending order.
//! - **Cracks** of each slice (`partition.rs`). Voxels in raster order: does the label differ from the one at x - 1,
//!   and, where that leaves it open, from the one at y - 1? Contexts are the cracks nearby (`contexts.rs`), in levels
//!   default and max also those of the slice before; of every four cracks around a corner never just one is set, so
//!   most second answers follow from the first. A stretch of up to 16 voxels without a crack nearby is one decision.
//! - **Names** of the regions that the cracks leave (`names.rs`), each a number of the dictionary. Regions of 32 voxels
//!   and more first: is it what covers most of the region in the slice before, or the second to fourth of these? Then
//!   the smaller ones: is it what is around the region without touching an edge of it, what is before its first voxel,
//!   what was last spelt out for such a region? Otherwise the number is spelt out, bit by bit.
//!
//! Level fast has one set of contexts and blocks of one slice; default has two sets, max eight.
//!
//! # Damage
//! Header, index and dictionary have a checksum, and so has every block: bytes that changed, went missing or came in
//! are an error, with the offset of the part that they are in. [`labels`] and [`remap`] do not look into the blocks;
//! remap checks the checksums of those it copies.

mod array;
mod block;
mod codec;
mod contexts;
mod cracks;
mod decode;
mod dictionary;
mod encode;
mod header;
mod model;
mod names;
mod options;
mod partition;
mod price;
mod regions;

pub use array::{RistrettoArray, RistrettoStreams};
pub(crate) use codec::RistrettoCodec;
pub use header::{HEADER_BYTES, Header, Stream};
pub use options::{Level, RistrettoOptions};
pub use price::Price;

use crate::compresso::{self, CompressoOptions};
use crate::error::Result;
use crate::limits::Limits;
use crate::memory;
use crate::second_stage::SecondStage;
use crate::volume::{
    AnyVolume, AnyVolumeView, Label, LabelsMut, Volume, check_buffer, check_range, with_label_type, with_volume,
};
use std::ops::Range;
use std::path::Path;

/// The format's name in errors.
const FORMAT: &str = "Ristretto";

/// The stream of a volume.
///
/// Costs two passes over the labels and some ten nanoseconds for each voxel near a crack. Beside the stream it takes a
/// few bits for each voxel of three slices, and up to 9 MiB, for each of the threads of rayon's current pool, which
/// share the blocks. The bytes are the same on any number of them.
///
/// # Errors
/// [`Error::OutOfRange`](crate::Error::OutOfRange) when a side has 2^32 voxels or more,
/// [`Error::Unsupported`](crate::Error::Unsupported) when a block has more than 2^31.
pub fn encode<'a>(volume: impl Into<AnyVolumeView<'a>>, options: &RistrettoOptions) -> Result<Vec<u8>> {
    encode_view(volume.into(), options)
}

fn encode_view(volume: AnyVolumeView, options: &RistrettoOptions) -> Result<Vec<u8>> {
    with_volume!(AnyVolumeView, volume, volume => encode::encode(volume, options))
}

/// The volume of a stream, under the default [`Limits`].
///
/// # Errors
/// As [`decode_with`].
pub fn decode(bytes: &[u8]) -> Result<AnyVolume> {
    decode_with(bytes, &Limits::new())
}

/// The volume of a stream. Threads of rayon's current pool share the blocks.
///
/// # Errors
/// [`Error::Malformed`](crate::Error::Malformed) when the bytes are no stream or a damaged one,
/// [`Error::TooLarge`](crate::Error::TooLarge) when the volume exceeds the limits, or one slice has so many regions
/// that to keep count of them does.
pub fn decode_with(bytes: &[u8], limits: &Limits) -> Result<AnyVolume> {
    let stream = Stream::parse(bytes)?;
    decode_stream_slices(&stream, 0..stream.header().shape[0], limits)
}

/// The volume of a file `.ristretto`, or of one compressed a second time such as `.ristretto.xz`, under the default
/// [`Limits`].
///
/// # Errors
/// As [`open_with`].
pub fn open(path: impl AsRef<Path>) -> Result<AnyVolume> {
    open_with(path, &Limits::new())
}

/// As [`open`], under limits for all that is in memory at once.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) when the file cannot be read, else as [`decode_with`].
pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<AnyVolume> {
    SecondStage::open_file(path.as_ref(), limits, decode_with)
}

/// Writes the stream of a volume to a file, replacing an existing one; compressed a second time at the method's default
/// level when the name ends in its extension, such as `.ristretto.xz`.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) when the file cannot be written, else as [`encode`].
pub fn save<'a>(
    volume: impl Into<AnyVolumeView<'a>>,
    path: impl AsRef<Path>,
    options: &RistrettoOptions,
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

/// The slices of a range of z. Only the blocks that they are in are decoded, each from its start to the last of them.
///
/// # Errors
/// [`Error::OutOfRange`](crate::Error::OutOfRange) when the range is not within the volume, else as [`decode_with`].
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
    Header { shape: [z.len(), height, width], ..*header }.check(limits)?;
    let mut labels = memory::try_zeroed_at_once(z.len() * height * width)?;
    let taken = size_of_val(labels.as_slice()) as u64;
    limits.within(taken, |limits| decode::decode_slices(stream, z.clone(), &mut labels, limits))?;
    Volume::from_vec([z.len(), height, width], labels)
}

/// Decodes a stream into the caller's buffer, which has one label a voxel, and returns the volume's shape (z, y, x).
/// What the buffer held is overwritten, also when the stream turns out to be damaged. The buffer's bytes do not count
/// against the limits.
///
/// # Errors
/// [`Error::Unsupported`](crate::Error::Unsupported) when the stream's labels are of another type,
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) when the buffer is of another size, else as [`decode_with`].
pub fn decode_into<T: Label>(bytes: &[u8], labels: &mut [T], limits: &Limits) -> Result<[usize; 3]> {
    decode_into_mut(bytes, T::labels_mut(labels), limits)
}

fn decode_into_mut(bytes: &[u8], labels: LabelsMut, limits: &Limits) -> Result<[usize; 3]> {
    let stream = Stream::parse(bytes)?;
    let header = stream.header();
    limits.check_voxels(header.voxels())?;
    with_volume!(LabelsMut, labels, labels => {
        check_buffer(labels, header.label_type, header.shape, header.voxels())?;
        decode::decode_slices(&stream, 0..header.shape[0], labels, limits)?;
    });
    Ok(header.shape)
}

/// Checks all that [`decode`] checks, a block at a time.
///
/// # Errors
/// As [`decode_with`]; the limits hold for one block.
pub fn validate(bytes: &[u8], limits: &Limits) -> Result<()> {
    let stream = Stream::parse(bytes)?;
    let header = stream.header();
    for block in 0..header.blocks() {
        let start = block * header.block_slices;
        decode_stream_slices(&stream, start..(start + header.block_slices).min(header.shape[0]), limits)?;
    }
    Ok(())
}

/// The different labels of a stream, ascending, without decoding it.
///
/// # Errors
/// [`Error::Malformed`](crate::Error::Malformed) when the front of the stream is damaged,
/// [`Error::TooLarge`](crate::Error::TooLarge) when the labels take more bytes than the limits allow.
pub fn labels(bytes: &[u8], limits: &Limits) -> Result<Vec<u64>> {
    let mut labels = dictionary_of(&Stream::parse(bytes)?, limits)?;
    labels.sort_unstable();
    labels.dedup();
    Ok(labels)
}

/// The stream with new labels for its objects, without decoding it: `map` is asked for each old label. Only the
/// dictionary changes; objects that get the same label stay apart in it.
///
/// ```
/// use cortado::{Limits, Volume, ristretto::{self, RistrettoOptions}};
/// let volume = Volume::from_vec([1, 2, 2], vec![1u8, 1, 2, 2])?;
/// let bytes = ristretto::encode(&volume, &RistrettoOptions::new())?;
/// let map = |label| Some(if label == 2 { 255 } else { label });
/// let merged = ristretto::remap(&bytes, map, &Limits::new())?;
/// assert_eq!(ristretto::decode(&merged)?, Volume::from_vec([1, 2, 2], vec![1u8, 1, 255, 255])?.into());
/// # Ok::<(), cortado::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unsupported`](crate::Error::Unsupported) when `map` returns `None`,
/// [`Error::OutOfRange`](crate::Error::OutOfRange) when a new label does not fit the stream's label type, else as
/// [`labels`].
pub fn remap(bytes: &[u8], mut map: impl FnMut(u64) -> Option<u64>, limits: &Limits) -> Result<Vec<u8>> {
    let stream = Stream::parse(bytes)?;
    let label_type = stream.header().label_type;
    // The blocks are copied, and labels are in memory old and new.
    limits.check_bytes(bytes.len() as u64 + 16 * stream.header().entries as u64)?;
    let labels = dictionary_of(&stream, limits)?;
    let renamed: Result<Vec<u64>> = labels.into_iter().map(|label| label_type.renamed(label, &mut map)).collect();
    stream.with_dictionary(&dictionary::encode(renamed?.into_iter()))
}

fn dictionary_of(stream: &Stream, limits: &Limits) -> Result<Vec<u64>> {
    limits.check_bytes(stream.header().entries as u64 * 8)?;
    with_label_type!(stream.header().label_type, T => {
        Ok(stream.dictionary::<T>()?.into_iter().map(Label::to_u64).collect())
    })
}

/// The same volume as a Compresso stream becomes a Ristretto stream.
///
/// # Errors
/// As [`compresso::decode_with`] and [`encode`].
pub fn from_compresso(bytes: &[u8], options: &RistrettoOptions, limits: &Limits) -> Result<Vec<u8>> {
    encode(&compresso::decode_with(bytes, limits)?, options)
}

/// The same volume as a Ristretto stream becomes a Compresso stream: with the options that it was once written with,
/// the very same bytes.
///
/// # Errors
/// As [`decode_with`] and [`compresso::encode`].
pub fn to_compresso(bytes: &[u8], options: &CompressoOptions, limits: &Limits) -> Result<Vec<u8>> {
    compresso::encode(&decode_with(bytes, limits)?, options)
}

/// Where the bytes of a volume's stream would go. Costs about as much as [`encode`].
pub fn price<'a>(volume: impl Into<AnyVolumeView<'a>>, options: &RistrettoOptions) -> Price {
    price::price(volume.into(), options)
}

/// What it would cost to know only this many of the nearest cracks, up to 22 and at least the two of the voxel to the
/// left: one set of contexts instead of a level's, and blocks as in level default.
pub fn price_of_nearest<'a>(volume: impl Into<AnyVolumeView<'a>>, cracks: usize) -> Price {
    price::price_of_nearest(volume.into(), cracks.saturating_sub(2))
}
