//! What Ristretto says of itself.

use super::{Level, RistrettoOptions, Stream};
use crate::codec::{Codec, Decoded, Description, Form, Given, Info, Parameter, Reading, Takes, Values};
use crate::error::Result;
use crate::limits::Limits;

/// Context-modelled labels.
pub(crate) struct RistrettoCodec;

impl Codec for RistrettoCodec {
    fn info(&self) -> Info {
        Info::new("ristretto", "context-modelled labels", Takes::Volumes)
            .form(Form::new("ristretto"))
            .magic(b"rstt")
            .second_stage(None)
            .checksum()
    }

    fn parameters(&self) -> Vec<Parameter> {
        let about = "slices after which the file starts anew, for one of them to be decoded without all before it";
        vec![
            Parameter::choice("level", Level::ALL.map(Level::name), "how much work goes into a small file")
                .default(RistrettoOptions::new().level.name()),
            Parameter::integer("restart", 1..=u32::MAX.into(), about).unset("16, more where slices are small"),
        ]
    }

    fn reading_parameters(&self) -> Vec<Parameter> {
        vec![Parameter::range("z", "decode only these slices").unset("all")]
    }

    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
        let options = RistrettoOptions::new().level(values.word("level")?);
        let options = match values.maybe_integer("restart") {
            Some(slices) => options.restart(slices as u32),
            None => options,
        };
        super::encode(given.volume()?, &options)
    }

    fn decode(&self, bytes: &[u8], _: &Values, reading: &Reading) -> Result<Decoded> {
        let volume = match reading.values.range("z") {
            Some(slices) => super::decode_slices(bytes, slices, &reading.limits)?,
            None => super::decode_with(bytes, &reading.limits)?,
        };
        Ok(volume.into())
    }

    fn describe(&self, bytes: &[u8], _: &Values, limits: &Limits) -> Result<Description> {
        let stream = Stream::parse(bytes)?;
        let header = stream.header();
        let ([z, y, x], labels) = (header.shape, super::labels(bytes, limits)?.len());
        let what = format!(
            "ristretto, level {}, {z} x {y} x {x} {}, {labels} labels in {} bytes, {} blocks of {} slices",
            header.level.name(),
            header.label_type.name(),
            stream.dictionary_bytes(),
            header.blocks(),
            header.block_slices,
        );
        Ok(Description::of_volume(header.shape, header.label_type, what)
            .fact("level", header.level.name())
            .fact("block_slices", header.block_slices)
            .fact("blocks", header.blocks())
            .fact("labels", labels)
            .fact("dictionary_bytes", stream.dictionary_bytes()))
    }
}
