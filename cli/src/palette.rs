//! Photos as indexed PNG and GIF files.

use crate::photo::{self, Input};
use crate::{Files, output};
use anyhow::{Result, bail};
use clap::Args;
use cortado::metrics::{bits_per_pixel, compression_ratio, psnr};
use cortado::palette::{Dither, Effort, IndexedPhoto, PaletteOptions, QuantizeOptions, Space};
use cortado::palette::{fit_with_opacity, half_transparent_note};
use cortado::{Error, Limits, Photo, PhotoFormat, file};
use std::time::Instant;

/// None of the options has a default here, so that it can be told whether one was given.
#[derive(Args)]
pub struct Options {
    /// Colours of the palette, from 1 to 256 [default: 256].
    #[arg(long, value_name = "K")]
    colors: Option<usize>,
    /// Pixels that the palette is fitted to, or `all` [default: all].
    #[arg(long, value_name = "N", value_parser = parse_sample)]
    sample: Option<Sample>,
    /// Seed of the random choices: the same seed gives the same file [default: 0].
    #[arg(long)]
    seed: Option<u64>,
    /// Where distances between colours are taken: srgb or oklab [default: srgb].
    #[arg(long)]
    space: Option<Space>,
    /// As few colours as reach this PSNR in dB; for .laff the smallest file with it in luma.
    #[arg(long, value_name = "DB")]
    psnr: Option<f64>,
    /// The best of so many starts [default: 1].
    #[arg(long, value_name = "N")]
    starts: Option<usize>,
    /// A colour that the palette holds as it is, such as ff8000; can be given several times.
    #[arg(long, value_name = "RRGGBB", value_parser = parse_color)]
    lock: Vec<[u8; 3]>,
    /// none, floyd-steinberg, blue-noise or bayer [default: none].
    #[arg(long)]
    dither: Option<Dither>,
    /// How much of the error dithering makes up for, from 0 to 1 [default: 1].
    #[arg(long, value_name = "SHARE")]
    strength: Option<f32>,
    /// Squared error that a bit of the file is worth: among near-equal colours take what makes it smaller [default: 0].
    #[arg(long, value_name = "LAMBDA")]
    spatial: Option<f32>,
    /// Search for the smallest PNG file: many seconds a megapixel.
    #[arg(long)]
    best: bool,
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

fn parse_color(text: &str) -> Result<[u8; 3], String> {
    match u32::from_str_radix(text.trim_start_matches('#'), 16) {
        Ok(color) if text.trim_start_matches('#').len() == 6 => {
            let [_, red, green, blue] = color.to_be_bytes();
            Ok([red, green, blue])
        }
        _ => Err("six hexadecimal digits".into()),
    }
}

impl Options {
    /// Refuses options that another codec has no use for, but for those that it allows.
    pub fn refuse(&self, extension: &str, allowed: &[&str]) -> Result<()> {
        let given = [
            ("--colors", self.colors.is_some()),
            ("--sample", self.sample.is_some()),
            ("--seed", self.seed.is_some()),
            ("--space", self.space.is_some()),
            ("--psnr", self.psnr.is_some()),
            ("--starts", self.starts.is_some()),
            ("--lock", !self.lock.is_empty()),
            ("--dither", self.dither.is_some()),
            ("--strength", self.strength.is_some()),
            ("--spatial", self.spatial.is_some()),
            ("--best", self.best),
        ];
        match given.iter().find(|(option, is_given)| *is_given && !allowed.contains(option)) {
            Some((option, _)) => bail!("{option} is for palettes, not for .{extension}"),
            None => Ok(()),
        }
    }

    pub fn psnr(&self) -> Option<f64> {
        self.psnr
    }

    pub fn colors(&self) -> usize {
        self.colors.unwrap_or(256)
    }

    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }

    fn fitting(&self) -> PaletteOptions {
        let options = PaletteOptions::new()
            .colors(self.colors())
            .seed(self.seed())
            .space(self.space.unwrap_or_default())
            .starts(self.starts.unwrap_or(1))
            .locked(&self.lock);
        let options = match self.sample {
            None | Some(Sample::All) => options,
            Some(Sample::Pixels(pixels)) => options.sample(pixels),
        };
        match self.psnr {
            None => options,
            Some(db) => options.psnr(db),
        }
    }

    fn quantizing(&self) -> QuantizeOptions {
        QuantizeOptions::new()
            .dither(self.dither.unwrap_or_default())
            .strength(self.strength.unwrap_or(1.0))
            .spatial(self.spatial.unwrap_or(0.0))
    }
}

pub fn compress(files: &Files, options: &Options, is_gif: bool, partial: bool) -> Result<()> {
    if is_gif && options.best {
        bail!("--best is for .png, not for .gif");
    }
    let Input { photo, conversion, opacity, bytes: input_bytes } = photo::read(files, partial)?;
    let spinner = output::progress(format!("fitting a palette to {photo:?}"));
    let started = Instant::now();
    let indexed = fit_with_opacity(&photo, opacity.as_ref(), &options.fitting(), &options.quantizing())?;
    let file = match is_gif {
        true => indexed.to_gif()?,
        false => indexed.to_png_with(if options.best { Effort::Best } else { Effort::Fast })?,
    };
    let seconds = started.elapsed().as_secs_f64();
    spinner.finish_and_clear();
    // What is clear stays clear.
    let mut kept = conversion;
    kept.alpha_flattened = false;
    output::note(&kept);
    if let Some(note) = opacity.as_ref().and_then(half_transparent_note) {
        eprintln!("note: {note}");
    }
    output::write(files, &file)?;

    let raw = photo.samples().len();
    let (ratio, bits) = (compression_ratio(raw, file.len()), bits_per_pixel(file.len(), photo.pixels()));
    let quality = psnr(&photo, &indexed.to_photo())?;
    let mut fields = output::fields("palette", files, input_bytes, file.len(), seconds);
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("bits_per_pixel".into(), bits.into());
    // A lossless result has an infinite PSNR, which JSON writes as null.
    fields.insert("psnr_db".into(), quality.into());
    fields.insert("colors".into(), indexed.palette().len().into());
    let line = format!(
        "{}: {raw} raw bytes to {} ({} colours, ratio {ratio:.2}, {bits:.3} bits per pixel, {quality:.2} dB){}",
        file::shown(&files.output),
        file.len(),
        indexed.palette().len(),
        output::larger(input_bytes, file.len()),
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
    if input.starts_with(b"GIF8") {
        bail!("GIF files are written, not read");
    }
    let started = Instant::now();
    let (indexed, conversion) = IndexedPhoto::from_png_noting(input, &files.limits())?;
    output::note(&conversion);
    let photo = photo_of(&indexed, &files.limits())?;
    let seconds = started.elapsed().as_secs_f64();
    let bytes = match target {
        Target::Photo(format) => photo.encode(format)?,
        Target::Arrays => indexed.to_npz()?,
    };
    finish(files, "palette", input.len(), &photo, &bytes, seconds)
}

/// The photo of an indexed one, under a limit of bytes for both.
pub fn photo_of(indexed: &IndexedPhoto, limits: &Limits) -> Result<Photo> {
    let (found, limit) = (4 * indexed.pixels() as u64, limits.max_bytes());
    if found > limit {
        return Err(Error::TooLarge { what: "bytes", found, limit }.into());
    }
    Ok(indexed.to_photo())
}

/// Writes what a photo was decompressed to, and reports.
pub fn finish(files: &Files, codec: &str, input_bytes: usize, photo: &Photo, bytes: &[u8], seconds: f64) -> Result<()> {
    output::write(files, bytes)?;
    let raw = photo.samples().len();
    let mut fields = output::fields(codec, files, input_bytes, bytes.len(), seconds);
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), compression_ratio(raw, input_bytes).into());
    let line = format!("{}: {} bytes, {photo:?}", file::shown(&files.output), bytes.len());
    output::report_on(files, fields, &line)
}
