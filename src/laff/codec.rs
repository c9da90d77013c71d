//! What laff says of itself.

use super::{LaffOptions, MAX_SLICE_ROWS, Profile, Rate};
use crate::codec::{Codec, Decoded, Description, Form, Given, Info, Parameter, Reading, Takes, Values};
use crate::error::{Error, Result};
use crate::limits::Limits;
use std::borrow::Cow;

/// Photos by learnt singular vectors.
pub(crate) struct LaffCodec;

/// What a file is to reach, of which one counts.
const GOALS: [&str; 3] = ["quality", "psnr", "max_bytes"];

impl Codec for LaffCodec {
    fn info(&self) -> Info {
        Info::new("laff", "learnt singular vectors", Takes::Photos)
            .form(Form::new("laff"))
            .form(Form::new("laff.txt").sets(&[("text", "true")]))
            .magic(b"laff")
            .checksum()
    }

    fn parameters(&self) -> Vec<Parameter> {
        let default = LaffOptions::new();
        let Rate::Quality(quality) = default.rate else { unreachable!("a quality is the default") };
        let about_rows = "rows of a slice, which is decoded by itself";
        vec![
            Parameter::number("quality", 0.0..=100.0, "quality of the picture").default(quality),
            Parameter::number("psnr", 0.0..=f64::MAX, "the smallest file with this PSNR in luma")
                .unit("dB")
                .unset("none"),
            Parameter::integer("max_bytes", 1..=u64::MAX, "as good as fits into so many bytes")
                .unit("bytes")
                .unset("none")
                .alias("bytes"),
            Parameter::choice(
                "profile",
                Profile::ALL.map(Profile::name),
                "what is kept small: squared error, or what is seen",
            )
            .default(default.profile.name()),
            Parameter::flag("full_chroma", "keep the resolution of chroma, 4:4:4"),
            Parameter::integer("slice_rows", 1..=MAX_SLICE_ROWS as u64, about_rows).unset("a quarter, from 128 to 256"),
            Parameter::flag("text", "write the stream as text"),
        ]
    }

    fn reading_parameters(&self) -> Vec<Parameter> {
        vec![Parameter::flag("partial", "decode what there is of a stream that ends early or is damaged")]
    }

    fn check(&self, values: &Values) -> Result<()> {
        let given: Vec<_> = GOALS.into_iter().filter(|goal| values.is_given(goal)).collect();
        match given.as_slice() {
            [] | [_] => Ok(()),
            several => {
                let message = format!("laff takes one of {}, and is given {}", GOALS.join(", "), several.join(" and "));
                Err(Error::Conflict(message))
            }
        }
    }

    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
        let options = LaffOptions::new().profile(values.word("profile")?).full_chroma(values.flag("full_chroma"));
        let options = match (values.maybe_number("psnr"), values.maybe_integer("max_bytes")) {
            (Some(db), _) => options.psnr(db),
            (None, Some(bytes)) => options.bytes(bytes as usize),
            (None, None) => options.quality(values.number("quality")),
        };
        let options = match values.maybe_integer("slice_rows") {
            Some(rows) => options.slice_rows(rows as usize),
            None => options,
        };
        let stream = super::encode(given.photo()?, &options)?;
        Ok(if values.flag("text") { super::to_text(&stream).into_bytes() } else { stream })
    }

    fn decode(&self, bytes: &[u8], values: &Values, reading: &Reading) -> Result<Decoded> {
        let part = super::decode_prefix(&stream(bytes, values)?, &reading.limits)?;
        match part.damage {
            None => Ok(part.photo.into()),
            Some(damage) if reading.values.flag("partial") => {
                let (whole, all) = (part.slices.iter().filter(|&&whole| whole).count(), part.slices.len());
                let note = format!("{whole} of {all} slices are whole, elsewhere is the thumbnail: {damage}");
                Ok(Decoded::from(part.photo).note(note))
            }
            Some(damage) => Err(damage),
        }
    }

    fn describe(&self, bytes: &[u8], values: &Values, limits: &Limits) -> Result<Description> {
        let info = super::info(&stream(bytes, values)?, limits)?;
        let chroma = match (info.channels, info.full_chroma) {
            (1, _) => "grey",
            (_, true) => "4:4:4",
            (_, false) => "4:2:0",
        };
        let (height, width) = (info.height, info.width);
        let what =
            format!("laff stream, {height} x {width} {chroma}, profile {}, {} slices", info.profile, info.slices);
        let quantizers = info.quantizers.iter().map(|&quantizer| u64::from(quantizer)).collect::<Vec<_>>();
        Ok(Description::of_photo([height, width, info.channels], what)
            .fact("profile", info.profile.name())
            .fact("quantizers", quantizers)
            .fact("slices", info.slices)
            .fact("thumbnail_bytes", info.thumbnail_bytes))
    }
}

/// The stream in a file, which may be text.
fn stream<'a>(bytes: &'a [u8], values: &Values) -> Result<Cow<'a, [u8]>> {
    match std::str::from_utf8(bytes) {
        Ok(text) if values.flag("text") => Ok(super::from_text(text)?.into()),
        _ => Ok(bytes.into()),
    }
}
