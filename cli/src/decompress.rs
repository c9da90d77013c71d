//! `cortado decompress`.

use crate::codec::{Codec, Form};
use crate::palette::Target;
use crate::{Files, femto, labels, laff, output, palette};
use anyhow::{Result, bail};
use clap::Args;
use std::ops::Range;
use std::path::PathBuf;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    files: Files,
    /// Decode only these slices of a label volume: A..B, or one.
    #[arg(long, value_name = "A..B", value_parser = labels::parse_slices)]
    z: Option<Range<usize>>,
    /// Decode only so many singular values of every plane of a femto archive.
    #[arg(long, value_name = "N")]
    ranks: Option<usize>,
    /// Decode what there is of a laff stream that ends early or is damaged.
    #[arg(long)]
    partial: bool,
    /// What the input is when its name and first bytes do not tell: cpso.br, cpso.lzma ...
    #[arg(long, value_name = "EXTENSION")]
    from: Option<PathBuf>,
    /// What to write when the output is `-`: npy, npz, tif, png ...
    #[arg(long, value_name = "EXTENSION")]
    to: Option<PathBuf>,
}

pub fn run(options: &Options) -> Result<()> {
    let Options { files, z, ranks, partial, from, to } = options;
    // Before any work, so that a wrong name costs nothing.
    output::prepare(files)?;
    let named = Codec::from_name(from.as_ref().unwrap_or(&files.input));
    check_target(files, to.as_ref(), named)?;
    let input = output::read(&files.input, &files.limits())?;
    let Some(codec) = Codec::of(from.as_ref().unwrap_or(&files.input), &input) else {
        bail!(
            "{} is neither a laff stream, an indexed PNG, a femto archive nor a Compresso or Ristretto stream",
            output::name(&files.input)
        );
    };
    check_target(files, to.as_ref(), Some(codec))?;
    match codec {
        Codec::Laff(_) | Codec::Palette | Codec::Femto(_) if z.is_some() => bail!("--z is for label volumes"),
        Codec::Laff(_) | Codec::Palette | Codec::Labels(_) if ranks.is_some() => bail!("--ranks is for femto archives"),
        Codec::Palette | Codec::Femto(_) | Codec::Labels(_) if *partial => bail!("--partial is for laff streams"),
        Codec::Laff(form) => {
            let target = Target::from_path(&target(files, to.as_ref()))?;
            laff::decompress(files, &input, form == Form::Text, *partial, target)
        }
        Codec::Femto(_) => femto::decompress(files, &input, *ranks, Target::from_path(&target(files, to.as_ref()))?),
        Codec::Palette => palette::decompress(files, &input, Target::from_path(&target(files, to.as_ref()))?),
        Codec::Labels(codec) => {
            labels::decompress(files, &input, codec, z.clone(), labels::volume_format(files, to.as_ref())?)
        }
    }
}

/// The name that tells what to write.
fn target(files: &Files, to: Option<&PathBuf>) -> PathBuf {
    match to.filter(|_| files.writes_stdout()) {
        Some(to) => PathBuf::from("-").with_extension(to),
        None => files.output.clone(),
    }
}

/// Refuses an output that the codec, as far as it is known, does not decompress to.
fn check_target(files: &Files, to: Option<&PathBuf>, codec: Option<Codec>) -> Result<()> {
    match codec {
        Some(Codec::Laff(_) | Codec::Palette | Codec::Femto(_)) => Target::from_path(&target(files, to)).map(drop),
        Some(Codec::Labels(_)) => labels::volume_format(files, to).map(drop),
        None => Ok(()),
    }
}
