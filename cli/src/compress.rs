//! `cortado compress`.

use crate::codec::{Codec, Form};
use crate::{Files, femto, labels, laff, output, palette};
use anyhow::{Result, bail};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    pub files: Files,
    /// What to write when the output is `-`: laff, png, gif, json.gz, ristretto, cpso, cpso.xz ...
    #[arg(long, value_name = "EXTENSION")]
    to: Option<PathBuf>,
    /// Take what there is of a damaged JPEG.
    #[arg(long)]
    partial: bool,
    #[command(flatten, next_help_heading = "Options of .png and .gif")]
    pub palette: palette::Options,
    #[command(flatten, next_help_heading = "Options of .json, the femto archives; these take --colors and --seed too")]
    pub femto: femto::Options,
    #[command(flatten, next_help_heading = "Options of .laff, photos in few bytes; they take --psnr too")]
    pub laff: laff::Options,
    #[command(flatten, next_help_heading = "Options of .cpso and .ristretto")]
    pub labels: labels::Options,
}

pub fn run(options: &Options) -> Result<()> {
    let name = options.to.as_ref().filter(|_| options.files.writes_stdout()).unwrap_or(&options.files.output);
    let Some(codec) = Codec::from_name(name) else {
        let hint = if options.files.writes_stdout() { "say --to" } else { "end its name in" };
        bail!(
            "cannot tell a codec from {}: {hint} .laff (photos; as text .laff.txt), .png or .gif (palette), .json or .json.gz (femto), .ristretto (labels) or .cpso (labels; also .cpso.xz, .zst, .gz, .bz2, .br, .lz4)",
            cortado::file::shown(name)
        );
    };
    match codec {
        Codec::Laff(_) => {
            options.palette.refuse("laff", &["--psnr"])?;
            options.femto.refuse("laff")?;
            options.labels.refuse("laff")?;
        }
        Codec::Palette => {
            options.femto.refuse("png")?;
            options.laff.refuse("png")?;
            options.labels.refuse("png")?;
        }
        Codec::Femto(_) => {
            options.palette.refuse("json", &["--colors", "--seed"])?;
            options.laff.refuse("json")?;
            options.labels.refuse("json")?;
        }
        Codec::Labels(codec) => {
            options.palette.refuse(codec.extension(), &[])?;
            options.femto.refuse(codec.extension())?;
            options.laff.refuse(codec.extension())?;
            if options.partial {
                bail!("--partial is for pictures, not for .{}", codec.extension());
            }
            options.labels.check(codec)?;
        }
    }
    output::prepare(&options.files)?;
    match codec {
        Codec::Palette => {
            let is_gif = name.to_string_lossy().to_ascii_lowercase().ends_with("gif");
            palette::compress(&options.files, &options.palette, is_gif, options.partial)
        }
        Codec::Laff(form) => {
            laff::compress(&options.files, &options.laff, &options.palette, form == Form::Text, options.partial)
        }
        Codec::Femto(second) => {
            femto::compress(&options.files, &options.femto, &options.palette, second, options.partial)
        }
        Codec::Labels(codec) => labels::compress(&options.files, &options.labels, codec),
    }
}
