//! `cortado compress`.

use crate::{Files, output};
use anyhow::{Result, bail};
use clap::Args;
use cortado::metrics::{bits_per_pixel, compression_ratio, psnr};
use cortado::{Limits, Palette, PaletteOptions, Photo, file};
use std::time::Instant;

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    files: Files,
    /// Colours of the palette, from 1 to 256.
    #[arg(long, default_value_t = 256, value_name = "K")]
    colors: usize,
    /// Pixels that the palette is fitted to, or `all`.
    #[arg(long, default_value = "10000", value_name = "N", value_parser = parse_sample)]
    sample: Sample,
    /// Seed of the random choices: the same seed gives the same file.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Clone, Copy)]
enum Sample {
    Pixels(usize),
    All,
}

fn parse_sample(text: &str) -> Result<Sample, String> {
    match text.parse() {
        _ if text == "all" => Ok(Sample::All),
        Ok(pixels) => Ok(Sample::Pixels(pixels)),
        Err(_) => Err("a number of pixels or `all`".into()),
    }
}

pub fn run(options: &Options) -> Result<()> {
    let files = &options.files;
    if file::extension(&files.output) != "png" {
        bail!("cannot tell a codec from {}: end its name in .png (palette)", files.output.display());
    }
    output::prepare(files)?;
    let limits = Limits::new();
    let input = file::read(&files.input, &limits)?;
    let (photo, conversion) = Photo::decode_noting(&input, &limits)?;
    if conversion.depth_reduced {
        eprintln!("note: samples of more than 8 bits were rounded to 8");
    }
    if conversion.alpha_flattened {
        eprintln!("note: transparency was laid over white");
    }

    let palette_options = PaletteOptions::new().colors(options.colors).seed(options.seed);
    let palette_options = match options.sample {
        Sample::Pixels(pixels) => palette_options.sample(pixels),
        Sample::All => palette_options.all_pixels(),
    };
    let spinner = output::progress(format!("fitting {} colours to {:?}", options.colors, photo));
    let started = Instant::now();
    let indexed = Palette::fit(&photo, &palette_options)?.quantize(&photo);
    let png = indexed.to_png()?;
    let seconds = started.elapsed().as_secs_f64();
    spinner.finish_and_clear();
    output::write(files, &png)?;

    let raw = photo.samples().len();
    let (ratio, bits) = (compression_ratio(raw, png.len()), bits_per_pixel(png.len(), photo.pixels()));
    let quality = psnr(&photo, &indexed.to_photo())?;
    let mut fields = output::fields("palette", files, input.len(), png.len(), seconds);
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("bits_per_pixel".into(), bits.into());
    // A lossless result has an infinite PSNR, which JSON writes as null.
    fields.insert("psnr_db".into(), quality.into());
    fields.insert("colors".into(), indexed.palette().len().into());
    let line = format!(
        "{}: {raw} raw bytes to {} ({} colours, ratio {ratio:.2}, {bits:.3} bits per pixel, {quality:.2} dB)",
        files.output.display(),
        png.len(),
        indexed.palette().len(),
    );
    output::report(files.json, fields, &line)
}
