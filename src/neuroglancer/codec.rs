//! What compressed_segmentation says of itself.

use super::BlockSize;
use crate::codec::{Codec, Decoded, Form, Given, Info, Parameter, Reading, Takes, Values};
use crate::error::Result;
use crate::volume::{AnyVolume, LabelType};

/// Neuroglancer's compressed_segmentation.
pub(crate) struct NeuroglancerCodec;

fn block(values: &Values) -> Result<BlockSize> {
    let [z, y, x] = values.integers::<3>("block").unwrap_or_default();
    BlockSize::new(x as usize, y as usize, z as usize)
}

impl Codec for NeuroglancerCodec {
    fn info(&self) -> Info {
        Info::new("neuroglancer", "compressed_segmentation", Takes::Volumes).form(Form::new("cseg")).second_stage(None)
    }

    fn parameters(&self) -> Vec<Parameter> {
        let BlockSize { z, y, x } = BlockSize::default();
        let about = "voxels of a block, at most 2^24 together";
        vec![Parameter::integers("block", 3, 1..=1 << 24, "Z,Y,X", about).default([z, y, x])]
    }

    fn check(&self, values: &Values) -> Result<()> {
        block(values).map(drop)
    }

    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
        let block = block(values)?;
        match given.volume()? {
            wide @ (AnyVolume::U32(_) | AnyVolume::U64(_)) => super::encode(wide, &block),
            narrow @ (AnyVolume::U8(_) | AnyVolume::U16(_)) => super::encode(&narrow.to_labels::<u32>()?, &block),
        }
    }

    fn decode(&self, bytes: &[u8], values: &Values, reading: &Reading) -> Result<Decoded> {
        let like = Given::from(reading.needs_like()?).volume()?;
        let (shape, block, limits) = (like.shape(), block(values)?, &reading.limits);
        let wide = || super::decode_with::<u32>(bytes, shape, &block, limits).map(AnyVolume::U32);
        let volume = match like.label_type() {
            LabelType::U64 => AnyVolume::U64(super::decode_with(bytes, shape, &block, limits)?),
            LabelType::U32 => wide()?,
            LabelType::U16 => AnyVolume::U16(wide()?.to_labels()?),
            LabelType::U8 => AnyVolume::U8(wide()?.to_labels()?),
        };
        Ok(volume.into())
    }
}
