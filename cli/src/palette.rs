//! Photos as indexed PNG and GIF files.

use crate::{Files, output};
use anyhow::{Result, bail};
use clap::Args;
use cortado::metrics::{bits_per_pixel, compression_ratio, psnr};
use cortado::palette::{ColorHistogram, Dither, Effort, IndexedPhoto, Palette, PaletteOptions, QuantizeOptions, Space};
use cortado::{Photo, PhotoFormat, file};
use ndarray::Array2;
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

    fn quantize(&self, photo: &Photo, opacity: Option<&Array2<u8>>) -> Result<IndexedPhoto> {
        let Some(hidden) =
            opacity.map(|opacity| opacity.mapv(|alpha| alpha < 128)).filter(|mask| mask.iter().any(|&m| m))
        else {
            let quantizing = self.quantizing();
            return Ok(match quantizing == QuantizeOptions::new() {
                true => IndexedPhoto::fit(photo, &self.fitting())?,
                false => Palette::fit(photo, &self.fitting())?.quantize_with(photo, &quantizing)?,
            });
        };
        if self.sample.is_some() {
            bail!("--sample is for photos without transparency");
        }
        let colors = self.colors();
        if !(2..=256).contains(&colors) {
            bail!("with transparency, which takes one, colors must be from 2 to 256, but is {colors}");
        }
        let mut histogram = ColorHistogram::new();
        histogram.add_weighted(photo, hidden.mapv(|hidden| u16::from(!hidden)).view())?;
        let palette = match histogram.distinct() {
            0 => Palette::from_colors(&[[255; 3]])?,
            _ => Palette::of_histogram(&histogram, &self.fitting().colors(colors - 1))?,
        };
        Ok(palette.quantize_with(photo, &self.quantizing())?.with_transparent(hidden.view())?)
    }
}

pub fn compress(files: &Files, options: &Options, is_gif: bool) -> Result<()> {
    if is_gif && options.best {
        bail!("--best is for .png, not for .gif");
    }
    let limits = files.limits();
    let input = output::read(&files.input, &limits)?;
    let (photo, conversion, opacity) = Photo::decode_with_opacity(&input, &limits)?;

    let spinner = output::progress(format!("fitting a palette to {photo:?}"));
    let started = Instant::now();
    let indexed = options.quantize(&photo, opacity.as_ref())?;
    let file = match is_gif {
        true => indexed.to_gif()?,
        false => indexed.to_png_with(if options.best { Effort::Best } else { Effort::Fast })?,
    };
    let seconds = started.elapsed().as_secs_f64();
    spinner.finish_and_clear();
    if conversion.depth_reduced {
        eprintln!("note: samples of more than 8 bits were rounded to 8");
    }
    if opacity.iter().flatten().any(|alpha| !matches!(alpha, 0 | 255)) {
        eprintln!(
            "note: half transparent pixels were laid over white, or left out where less than half was to be seen"
        );
    }
    output::write(files, &file)?;

    let raw = photo.samples().len();
    let (ratio, bits) = (compression_ratio(raw, file.len()), bits_per_pixel(file.len(), photo.pixels()));
    let quality = psnr(&photo, &indexed.to_photo())?;
    let mut fields = output::fields("palette", files, input.len(), file.len(), seconds);
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("bits_per_pixel".into(), bits.into());
    // A lossless result has an infinite PSNR, which JSON writes as null.
    fields.insert("psnr_db".into(), quality.into());
    fields.insert("colors".into(), indexed.palette().len().into());
    let line = format!(
        "{}: {raw} raw bytes to {} ({} colours, ratio {ratio:.2}, {bits:.3} bits per pixel, {quality:.2} dB)",
        files.output.display(),
        file.len(),
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
    if input.starts_with(b"GIF8") {
        bail!("GIF files are written, not read");
    }
    let started = Instant::now();
    let indexed = IndexedPhoto::from_png_with(input, &files.limits())?;
    let photo = indexed.to_photo();
    let seconds = started.elapsed().as_secs_f64();
    let bytes = match target {
        Target::Photo(format) => photo.encode(format)?,
        Target::Arrays => indexed.to_npz()?,
    };
    finish(files, "palette", input.len(), &photo, &bytes, seconds)
}

/// Writes what a photo was decompressed to, and reports.
pub fn finish(files: &Files, codec: &str, input_bytes: usize, photo: &Photo, bytes: &[u8], seconds: f64) -> Result<()> {
    output::write(files, bytes)?;
    let raw = photo.samples().len();
    let mut fields = output::fields(codec, files, input_bytes, bytes.len(), seconds);
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), compression_ratio(raw, input_bytes).into());
    let line = format!("{}: {} bytes, {photo:?}", files.output.display(), bytes.len());
    output::report_on(files, fields, &line)
}
