//! What the codec of quantised factors says of itself.

use super::{EncodeOptions, Planes};
use crate::codec::{Codec, Data, Decoded, Form, Given, Info, Parameter, Reading, Takes, Values};
use crate::error::Result;
use crate::photo::Photo;

/// Truncated SVD with quantised factors.
pub(crate) struct SvdCodec;

impl Codec for SvdCodec {
    fn info(&self) -> Info {
        let about = "truncated SVD with quantised factors";
        Info::new("svd", about, Takes::Photos).form(Form::new("svdq")).magic(super::factors::MAGIC)
    }

    fn parameters(&self) -> Vec<Parameter> {
        let default = EncodeOptions::new();
        vec![
            Parameter::integer("rank", 1..=u64::MAX, "singular values of the first plane")
                .default(default.rank)
                .logarithmic(),
            Parameter::integer("chroma_rank", 1..=u64::MAX, "singular values of the other planes").unset("as rank"),
            Parameter::choice("planes", Planes::ALL.map(Planes::name), "which planes the photo is split into")
                .default(default.planes.name()),
            Parameter::integer("clusters", 1..=256, "values that entries are reduced to, a stage")
                .default(default.clusters),
            Parameter::integer("stages", 1..=4, "stages of clusters, each for what the ones before leave")
                .default(default.stages),
            Parameter::integer("seed", 0..=u64::MAX, "seed of the random choices").default(default.seed),
        ]
    }

    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
        let options = EncodeOptions::new()
            .rank(values.integer("rank") as usize)
            .planes(values.word("planes")?)
            .clusters(values.integer("clusters") as usize)
            .stages(values.integer("stages") as usize)
            .seed(values.integer("seed"));
        let options = match values.maybe_integer("chroma_rank") {
            Some(rank) => options.chroma_rank(rank as usize),
            None => options,
        };
        super::encode(given.photo()?, &options)
    }

    fn decode(&self, bytes: &[u8], _: &Values, reading: &Reading) -> Result<Decoded> {
        let decoded = super::decode_with(bytes, &reading.limits)?;
        // Luma alone of a colour photo is compared as a grey one in colour.
        let wants_color = matches!(reading.like, Some(Data::Photo(like)) if decoded.is_grey() && !like.is_grey());
        Ok(if wants_color { in_color(&decoded)? } else { decoded }.into())
    }
}

fn in_color(grey: &Photo) -> Result<Photo> {
    Photo::from_rgb(grey.height(), grey.width(), grey.colors().flatten().collect())
}
