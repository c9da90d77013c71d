//! Compresso: label volumes as the boundaries between their objects.

mod bits;
mod components;
mod decode;
mod encode;
mod header;
mod locations;
mod options;
mod stream;
mod windows;

pub use header::{HEADER_BYTES, Header};
pub use options::{CompressoOptions, Connectivity, Steps};
pub use stream::{Section, Stream};

use crate::error::{Error, Limits, Result};
use crate::memory;
use crate::volume::{AnyVolume, Label, LabelType, Volume, check_range, with_volume};
use std::ops::Range;

/// x
pub fn encode<T: Label>(volume: &Volume<T>, options: &CompressoOptions) -> Result<Vec<u8>> {
    encode::encode(volume, options)
}

/// x
pub fn encode_any(volume: &AnyVolume, options: &CompressoOptions) -> Result<Vec<u8>> {
    with_volume!(volume, volume => encode(volume, options))
}

/// x
pub fn decode(bytes: &[u8]) -> Result<AnyVolume> {
    decode_with(bytes, &Limits::new())
}

/// x
pub fn decode_with(bytes: &[u8], limits: &Limits) -> Result<AnyVolume> {
    let stream = Stream::parse(bytes)?;
    Ok(match stream.header().label_type {
        LabelType::U8 => decode_all::<u8>(&stream, limits)?.into(),
        LabelType::U16 => decode_all::<u16>(&stream, limits)?.into(),
        LabelType::U32 => decode_all::<u32>(&stream, limits)?.into(),
        LabelType::U64 => decode_all::<u64>(&stream, limits)?.into(),
    })
}

fn decode_all<T: Label>(stream: &Stream, limits: &Limits) -> Result<Volume<T>> {
    let header = stream.header();
    header.check(limits)?;
    let mut labels = memory::zeroed(header.voxels() as usize);
    decode::decode_slices(stream, 0..header.shape[0], &mut labels)?;
    Volume::from_vec(header.shape, labels)
}

/// x
pub fn decode_into<T: Label>(bytes: &[u8], labels: &mut [T]) -> Result<[usize; 3]> {
    let stream = Stream::parse(bytes)?;
    let header = stream.header();
    if header.label_type != T::TYPE {
        return Err(Error::Unsupported("x".into()));
    }
    if labels.len() as u64 != header.voxels() {
        return Err(Error::ShapeMismatch { expected: header.shape.to_vec(), found: vec![labels.len()] });
    }
    decode::decode_slices(&stream, 0..header.shape[0], labels)?;
    Ok(header.shape)
}
