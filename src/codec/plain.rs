//! Codecs that others are compared with: PNG and JPEG, and the samples or labels themselves.

use super::{Codec, Data, Decoded, Form, Given, Info, Parameter, Reading, Takes, Values};
use crate::error::Result;
use crate::photo::{Photo, PhotoFormat};
use crate::volume::{Label, Volume, with_label_type};

/// Lossless PNG.
pub(crate) struct PngCodec;

impl Codec for PngCodec {
    fn info(&self) -> Info {
        Info::new("png", "lossless PNG", Takes::Photos).form(Form::new("png")).pictures().checksum()
    }

    fn encode(&self, given: &Given, _: &Values) -> Result<Vec<u8>> {
        given.photo()?.to_png()
    }

    fn decode(&self, bytes: &[u8], _: &Values, reading: &Reading) -> Result<Decoded> {
        Ok(Photo::decode_with(bytes, &reading.limits)?.into())
    }
}

/// Baseline JPEG.
pub(crate) struct JpegCodec;

impl Codec for JpegCodec {
    fn info(&self) -> Info {
        Info::new("jpeg", "baseline JPEG, 4:4:4", Takes::Photos)
            .form(Form::new("jpg"))
            .form(Form::new("jpeg"))
            .pictures()
    }

    fn parameters(&self) -> Vec<Parameter> {
        let quality = match PhotoFormat::JPEG {
            PhotoFormat::Jpeg(quality) => quality,
            _ => unreachable!("it is JPEG"),
        };
        vec![Parameter::integer("quality", 1..=100, "quality of the picture").default(u64::from(quality))]
    }

    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
        given.photo()?.to_jpeg(values.integer("quality") as u8)
    }

    fn decode(&self, bytes: &[u8], _: &Values, reading: &Reading) -> Result<Decoded> {
        Ok(Photo::decode_with(bytes, &reading.limits)?.into())
    }
}

/// The samples or labels as they are: with a second stage, what any compressor does.
pub(crate) struct RawCodec;

impl Codec for RawCodec {
    fn info(&self) -> Info {
        let about = "the samples or labels themselves";
        Info::new("raw", about, Takes::Both).form(Form::new("raw")).second_stage(None)
    }

    fn encode(&self, given: &Given, _: &Values) -> Result<Vec<u8>> {
        Ok(match given.data {
            Data::Photo(photo) => photo.samples().to_vec(),
            Data::Volume(volume) => volume.to_le_bytes(),
        })
    }

    fn decode(&self, bytes: &[u8], _: &Values, reading: &Reading) -> Result<Decoded> {
        reading.limits.check_bytes(bytes.len() as u64)?;
        Ok(match reading.needs_like()? {
            Data::Photo(photo) if photo.is_grey() => {
                Photo::from_grey(photo.height(), photo.width(), bytes.to_vec())?.into()
            }
            Data::Photo(photo) => Photo::from_rgb(photo.height(), photo.width(), bytes.to_vec())?.into(),
            Data::Volume(volume) => {
                let label_type = volume.label_type();
                with_label_type!(label_type, T => {
                    let labels = bytes.chunks_exact(label_type.bytes()).map(<T as Label>::from_le_slice).collect();
                    Volume::<T>::from_vec(volume.shape(), labels)?.into()
                })
            }
        })
    }
}
