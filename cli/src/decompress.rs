//! `cortado decompress`.

use crate::{Files, output};
use anyhow::Result;
use clap::Args;
use cortado::metrics::compression_ratio;
use cortado::{IndexedPhoto, Limits, PhotoFormat, file};
use std::time::Instant;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    files: Files,
}

pub fn run(options: &Options) -> Result<()> {
    let files = &options.files;
    let arrays = file::extension(&files.output) == "npz";
    // Before any work, so that a wrong name costs nothing.
    let format = if arrays { None } else { Some(PhotoFormat::from_path(&files.output)?) };
    output::prepare(files)?;
    let limits = Limits::new();
    let input = file::read(&files.input, &limits)?;
    let started = Instant::now();
    let indexed = IndexedPhoto::from_png_with(&input, &limits)?;
    let photo = indexed.to_photo();
    let seconds = started.elapsed().as_secs_f64();
    let bytes = match format {
        Some(format) => photo.encode(format)?,
        None => indexed.to_npz()?,
    };
    output::write(files, &bytes)?;

    let raw = photo.samples().len();
    let mut fields = output::fields("palette", files, input.len(), bytes.len(), seconds);
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), compression_ratio(raw, input.len()).into());
    let line = format!("{}: {} bytes, {:?}", files.output.display(), bytes.len(), photo);
    output::report(files.json, fields, &line)
}
