//! Writes a volume of u32 or u64 labels in Neuroglancer's compressed_segmentation, in blocks of 8 x 8 x 8:
//! `cargo run --release --example compressed_segmentation -- labels.npy labels.cseg`. Reads it back to be sure.

use cortado::neuroglancer::{self, BlockSize};
use cortado::volume::Label;
use cortado::{AnyVolume, Error, Volume};
use std::fs;
use std::path::Path;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        return Err(Error::Unsupported("usage: compressed_segmentation LABELS.npy OUTPUT".into()));
    };
    let bytes = match AnyVolume::open(input)? {
        AnyVolume::U64(volume) => round_trip(&volume)?,
        other => round_trip(&other.to_labels::<u32>()?)?,
    };
    fs::write(output, bytes).map_err(Error::io("write", Path::new(output)))
}

fn round_trip<T: Label>(volume: &Volume<T>) -> Result<Vec<u8>, Error> {
    let bytes = neuroglancer::encode(volume, &BlockSize::default())?;
    let back = neuroglancer::decode(&bytes, volume.shape(), &BlockSize::default())?;
    assert!(back == *volume, "what was written reads back");
    Ok(bytes)
}
