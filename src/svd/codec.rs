//! What the codec of quantised factors says of itself.

use super::{FactorOptions, PhotoSvd, Planes, QuantizedSvd, SvdOptions};
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
        const RANK: u64 = 32;
        let factors = FactorOptions::new();
        vec![
            Parameter::integer("rank", 1..=u64::MAX, "singular values of the first plane").default(RANK).logarithmic(),
            Parameter::integer("chroma_rank", 1..=u64::MAX, "singular values of the other planes").unset("as rank"),
            Parameter::choice("planes", Planes::ALL.map(Planes::name), "which planes the photo is split into")
                .default(Planes::YCbCr.name()),
            Parameter::integer("clusters", 1..=256, "values that entries are reduced to, a stage")
                .default(factors.clusters),
            Parameter::integer("stages", 1..=4, "stages of clusters, each for what the ones before leave")
                .default(factors.stages),
            Parameter::integer("seed", 0..=u64::MAX, "seed of the random choices").default(factors.seed),
        ]
    }

    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
        let photo = given.photo()?;
        let planes = if photo.is_grey() { Planes::Luma } else { values.word("planes")? };
        let rank = values.integer("rank") as usize;
        let chroma_rank = values.maybe_integer("chroma_rank").map_or(rank, |rank| rank as usize);
        let seed = values.integer("seed");
        let (most, least) = (rank.max(chroma_rank), photo.height().min(photo.width()));
        let mut ranks = vec![rank.min(least)];
        ranks.resize(planes.count(), chroma_rank.min(least));
        let svd = PhotoSvd::of(photo, planes, &SvdOptions::new().rank(most.min(least)).seed(seed))?;
        let factors = FactorOptions::new()
            .clusters(values.integer("clusters") as usize)
            .stages(values.integer("stages") as usize)
            .seed(seed);
        QuantizedSvd::fit(&svd.truncated(&ranks)?, &factors)?.encode()
    }

    fn decode(&self, bytes: &[u8], _: &Values, reading: &Reading) -> Result<Decoded> {
        let decoded = QuantizedSvd::decode_with(bytes, &reading.limits)?.to_photo()?;
        // Luma alone of a colour photo is compared as a grey one in colour.
        let wants_color = matches!(reading.like, Some(Data::Photo(like)) if decoded.is_grey() && !like.is_grey());
        Ok(if wants_color { in_color(&decoded)? } else { decoded }.into())
    }
}

fn in_color(grey: &Photo) -> Result<Photo> {
    Photo::from_rgb(grey.height(), grey.width(), grey.colors().flatten().collect())
}
