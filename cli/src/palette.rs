//! Photos as indexed PNG files.

use crate::{Files, output};
use anyhow::{Result, bail};
use clap::Args;
use cortado::metrics::{bits_per_pixel, compression_ratio, psnr};
use cortado::{IndexedPhoto, Palette, PaletteOptions, Photo, PhotoFormat, file};
use std::time::Instant;

#[derive(Args)]
pub struct Options {
    /// Colours of the palette, from 1 to 256 [default: 256].
    #[arg(long, value_name = "K")]
    colors: Option<usize>,
    /// Pixels that the palette is fitted to, or `all` [default: 10000].
    #[arg(long, value_name = "N", value_parser = parse_sample)]
    sample: Option<Sample>,
    /// Seed of the random choices: the same seed gives the same file [default: 0].
    #[arg(long)]
    seed: Option<u64>,
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

impl Options {
    /// Refuses options that another codec has no use for.
    pub fn refuse(&self, extension: &str) -> Result<()> {
        if self.colors.is_some() || self.sample.is_some() || self.seed.is_some() {
            bail!("--colors, --sample and --seed are for .png, not for .{extension}");
        }
        Ok(())
    }

    fn for_library(&self) -> PaletteOptions {
        let options = PaletteOptions::new().colors(self.colors.unwrap_or(256)).seed(self.seed.unwrap_or(0));
        match self.sample {
            None => options.sample(10_000),
            Some(Sample::Pixels(pixels)) => options.sample(pixels),
            Some(Sample::All) => options.all_pixels(),
        }
    }
}

pub fn compress(files: &Files, options: &Options) -> Result<()> {
    let limits = files.limits();
    let input = output::read(&files.input, &limits)?;
    let (photo, conversion) = Photo::decode_noting(&input, &limits)?;
    if conversion.depth_reduced {
        eprintln!("note: samples of more than 8 bits were rounded to 8");
    }
    if conversion.alpha_flattened {
        eprintln!("note: transparency was laid over white");
    }

    let spinner = output::progress(format!("fitting a palette to {photo:?}"));
    let started = Instant::now();
    let indexed = Palette::fit(&photo, &options.for_library())?.quantize(&photo);
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
    output::report_on(files, fields, &line)
}

/// What a palette's indexed PNG is decompressed to.
pub enum Target {
    /// A picture.
    Photo(PhotoFormat),
    /// The palette and the indices as a NumPy archive.
    Arrays,
}

impl Target {
    /// What the output's name asks for.
    pub fn from_path(path: &std::path::Path) -> Result<Self> {
        if file::extension(path) == "npz" { Ok(Self::Arrays) } else { Ok(Self::Photo(PhotoFormat::from_path(path)?)) }
    }
}

pub fn decompress(files: &Files, input: &[u8], target: Target) -> Result<()> {
    let started = Instant::now();
    let indexed = IndexedPhoto::from_png_with(input, &files.limits())?;
    let photo = indexed.to_photo();
    let seconds = started.elapsed().as_secs_f64();
    let bytes = match target {
        Target::Photo(format) => photo.encode(format)?,
        Target::Arrays => indexed.to_npz()?,
    };
    output::write(files, &bytes)?;

    let raw = photo.samples().len();
    let mut fields = output::fields("palette", files, input.len(), bytes.len(), seconds);
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), compression_ratio(raw, input.len()).into());
    let line = format!("{}: {} bytes, {:?}", files.output.display(), bytes.len(), photo);
    output::report_on(files, fields, &line)
}
