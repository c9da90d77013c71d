//! What the femto archives say of themselves.

use super::femto::{Femto, FemtoOptions};
use crate::codec::{Codec, Decoded, Description, Form, Given, Info, Parameter, Reading, Takes, Values};
use crate::error::Result;
use crate::limits::Limits;
use crate::palette::MAX_COLORS;
use crate::second_stage::SecondStage;

/// The femto archives, with gzip unless told otherwise.
pub(crate) struct FemtoCodec;

impl FemtoCodec {
    fn options(values: &Values) -> FemtoOptions {
        let mut options = FemtoOptions::new()
            .colors(values.integer("colors") as usize)
            .clusters(values.integer("clusters") as usize)
            .seed(values.integer("seed"));
        if let Some(ranks) = values.integers::<3>("ranks") {
            options = options.ranks(ranks.map(|rank| rank as usize));
        }
        if let Some([column, row]) = values.integers::<2>("thinning") {
            options = options.thinning(column as usize, row as usize);
        }
        options
    }
}

impl Codec for FemtoCodec {
    fn info(&self) -> Info {
        Info::new("femto", "the femto archives, with gzip", Takes::Photos)
            .form(Form::new("json"))
            .magic(b"{")
            .second_stage(Some(SecondStage::Gzip))
    }

    fn parameters(&self) -> Vec<Parameter> {
        let default = FemtoOptions::new();
        let about_ranks = "ranks of hue, saturation and value; of a grey photo the last counts";
        let about_thinning = "leave out every C-th column and every R-th row, 0 for none";
        vec![
            Parameter::integers("ranks", 3, 1..=u64::MAX, "H,S,V", about_ranks).default(default.ranks),
            Parameter::integer("colors", 1..=MAX_COLORS as u64, "colours that the photo is reduced to first")
                .default(default.colors)
                .logarithmic(),
            Parameter::integer("clusters", 1..=4096, "values that the entries of singular vectors are reduced to")
                .default(default.clusters)
                .logarithmic(),
            Parameter::integers("thinning", 2, 0..=u64::MAX, "C,R", about_thinning).default(default.thinning),
            Parameter::integer("seed", 0..=u64::MAX, "seed of the pixels that the palette is fitted to")
                .default(default.seed),
        ]
    }

    fn reading_parameters(&self) -> Vec<Parameter> {
        let about = "decode only so many singular values of every plane";
        vec![Parameter::integer("ranks", 0..=u64::MAX, about).unset("all")]
    }

    fn check(&self, values: &Values) -> Result<()> {
        Self::options(values).checked()
    }

    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
        super::femto::encode(given.photo()?, &Self::options(values))
    }

    fn decode(&self, bytes: &[u8], _: &Values, reading: &Reading) -> Result<Decoded> {
        let rank = reading.values.maybe_integer("ranks").map_or(usize::MAX, |rank| rank as usize);
        Ok(Femto::parse(bytes, &reading.limits)?.to_photo_of_rank(rank)?.into())
    }

    fn describe(&self, bytes: &[u8], _: &Values, limits: &Limits) -> Result<Description> {
        let femto = Femto::parse(bytes, limits)?;
        let ((height, width), ranks) = (femto.shape(), femto.ranks());
        let what = format!("femto archive, {height} x {width}, ranks {ranks:?}");
        let description = Description::of_photo([height, width, ranks.len()], what);
        Ok(Description { brief: format!("ranks {ranks:?}"), ..description }.fact("ranks", ranks))
    }
}
