//! Photos as femto archives.

use crate::palette::Target;
use crate::photo::{self, Input};
use crate::{Files, output, palette};
use anyhow::{Result, bail};
use clap::Args;
use cortado::file;
use cortado::metrics::{bits_per_pixel, compression_ratio, psnr};
use cortado::second_stage::SecondStage;
use cortado::svd::femto::{Femto, FemtoOptions};
use serde_json::{Map, Value, json};
use std::time::Instant;

#[derive(Args)]
pub struct Options {
    /// Ranks of hue, saturation and value, such as 16,16,32; of a grey photo the last counts [default: 256,256,512].
    #[arg(long, value_name = "H,S,V", value_delimiter = ',')]
    ranks: Option<Vec<usize>>,
    /// Values that the entries of singular vectors are reduced to [default: 64].
    #[arg(long, value_name = "N")]
    clusters: Option<usize>,
    /// Leave out every C-th column and every R-th row, 0 for none [default: 0,0].
    #[arg(long, value_name = "C,R", value_delimiter = ',')]
    thinning: Option<Vec<usize>>,
}

impl Options {
    /// Refuses options that another codec has no use for.
    pub fn refuse(&self, extension: &str) -> Result<()> {
        if self.ranks.is_some() || self.clusters.is_some() || self.thinning.is_some() {
            bail!("--ranks, --clusters and --thinning are for .json, not for .{extension}");
        }
        Ok(())
    }

    fn archive(&self, palette: &palette::Options) -> Result<FemtoOptions> {
        let mut options = FemtoOptions::new().colors(palette.colors()).seed(palette.seed());
        if let Some(ranks) = &self.ranks {
            let Ok(ranks) = <[usize; 3]>::try_from(ranks.as_slice()) else { bail!("--ranks takes three numbers") };
            options = options.ranks(ranks);
        }
        if let Some(thinning) = &self.thinning {
            let &[column, row] = thinning.as_slice() else { bail!("--thinning takes two numbers") };
            options = options.thinning(column, row);
        }
        if let Some(clusters) = self.clusters {
            options = options.clusters(clusters);
        }
        Ok(options)
    }
}

pub fn compress(
    files: &Files,
    options: &Options,
    palette: &palette::Options,
    second: Option<SecondStage>,
    partial: bool,
) -> Result<()> {
    let options = options.archive(palette)?;
    let Input { photo, conversion, bytes: input_bytes, .. } = photo::read(files, partial)?;
    let spinner = output::progress(format!("decomposing {photo:?}"));
    let started = Instant::now();
    let femto = Femto::of(&photo, &options)?;
    let mut file = femto.to_json().into_bytes();
    if let Some(second) = second {
        file = second.encode(&file, None)?;
    }
    let seconds = started.elapsed().as_secs_f64();
    spinner.finish_and_clear();
    output::note(&conversion);
    output::write(files, &file)?;

    let raw = photo.samples().len();
    let (ratio, bits) = (compression_ratio(raw, file.len()), bits_per_pixel(file.len(), photo.pixels()));
    let quality = psnr(&photo, &femto.to_photo()?)?;
    let mut fields = output::fields("femto", files, input_bytes, file.len(), seconds);
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("bits_per_pixel".into(), bits.into());
    fields.insert("psnr_db".into(), quality.into());
    fields.insert("ranks".into(), femto.ranks().into());
    let line = format!(
        "{}: {raw} raw bytes to {} (ranks {:?}, ratio {ratio:.2}, {bits:.3} bits per pixel, {quality:.2} dB){}",
        file::shown(&files.output),
        file.len(),
        femto.ranks(),
        output::larger(input_bytes, file.len()),
    );
    output::report_on(files, fields, &line)
}

/// Decompresses an archive, or its first singular values.
pub fn decompress(files: &Files, input: &[u8], rank: Option<usize>, target: Target) -> Result<()> {
    let Target::Photo(format) = target else { bail!("a femto archive decompresses to a picture: .png, .jpg or .tif") };
    let started = Instant::now();
    let femto = Femto::parse(input, &files.limits())?;
    let photo = femto.to_photo_of_rank(rank.unwrap_or(usize::MAX))?;
    let seconds = started.elapsed().as_secs_f64();
    palette::finish(files, "femto", input.len(), &photo, &photo.encode(format)?, seconds)
}

/// What an archive holds.
pub fn info(input: &[u8], limits: &cortado::Limits, fields: &mut Map<String, Value>) -> Result<String> {
    let femto = Femto::parse(input, limits)?;
    let ((height, width), ranks) = (femto.shape(), femto.ranks());
    let raw = height * width * ranks.len();
    let ratio = compression_ratio(raw, input.len());
    fields.insert("kind".into(), "photo".into());
    fields.insert("format".into(), "femto".into());
    fields.insert("codec".into(), "femto".into());
    fields.insert("shape".into(), json!([height, width, ranks.len()]));
    fields.insert("dtype".into(), "uint8".into());
    fields.insert("bits_per_pixel".into(), bits_per_pixel(input.len(), height * width).into());
    fields.insert("height".into(), height.into());
    fields.insert("width".into(), width.into());
    fields.insert("channels".into(), ranks.len().into());
    fields.insert("ranks".into(), ranks.clone().into());
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), ratio.into());
    Ok(format!("femto archive, {height} x {width}, ranks {ranks:?}; {} bytes, ratio {ratio:.2}", input.len()))
}
