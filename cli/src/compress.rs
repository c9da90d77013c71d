//! `cortado compress`.

use crate::codec::Codec;
use crate::{Files, labels, output, palette};
use anyhow::{Result, bail};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    pub files: Files,
    /// What to write when the output is `-`: png, cpso, cpso.xz ...
    #[arg(long, value_name = "EXTENSION")]
    to: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Options of .png")]
    pub palette: palette::Options,
    #[command(flatten, next_help_heading = "Options of .cpso")]
    pub labels: labels::Options,
}

pub fn run(options: &Options) -> Result<()> {
    let name = options.to.as_ref().filter(|_| options.files.writes_stdout()).unwrap_or(&options.files.output);
    let Some(codec) = Codec::from_name(name) else {
        let hint = if options.files.writes_stdout() { "say --to" } else { "end its name in" };
        bail!(
            "cannot tell a codec from {}: {hint} .png (palette) or .cpso (labels; also .cpso.xz, .zst, .gz, .bz2, .br, .lz4)",
            name.display()
        );
    };
    match codec {
        Codec::Palette => options.labels.refuse("png")?,
        Codec::Compresso(_) => options.palette.refuse("cpso")?,
    }
    output::prepare(&options.files)?;
    match codec {
        Codec::Palette => palette::compress(&options.files, &options.palette),
        Codec::Compresso(second) => labels::compress(&options.files, &options.labels, second),
    }
}
