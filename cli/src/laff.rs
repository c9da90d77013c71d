//! Photos as laff streams, and as text.

use crate::palette::{self, Target};
use crate::photo::{self, Input};
use crate::{Files, output};
use anyhow::{Result, bail};
use clap::Args;
use cortado::laff::{self, LaffOptions, Profile};
use cortado::metrics::{bits_per_pixel, compression_ratio, psnr_luma};
use cortado::{Limits, file};
use serde_json::{Map, Value, json};
use std::time::Instant;

/// None of the options has a default here, so that it can be told whether one was given.
#[derive(Args)]
pub struct Options {
    /// Quality from 0 to 100 [default: 75]; or give --psnr, of luma, or --bytes.
    #[arg(long, value_name = "Q")]
    quality: Option<f64>,
    /// As good as fits into so many bytes.
    #[arg(long, value_name = "N")]
    bytes: Option<usize>,
    /// What is kept small: the squared error (mse) or what is seen (visual) [default: mse].
    #[arg(long)]
    profile: Option<Profile>,
    /// Keep the resolution of chroma (4:4:4).
    #[arg(long)]
    full_chroma: bool,
    /// Rows of a slice, which is decoded by itself [default: a quarter of the photo's, from 128 to 256].
    #[arg(long, value_name = "N")]
    slice_rows: Option<usize>,
}

impl Options {
    /// Refuses options that another codec has no use for.
    pub fn refuse(&self, extension: &str) -> Result<()> {
        let given = [
            ("--quality", self.quality.is_some()),
            ("--bytes", self.bytes.is_some()),
            ("--profile", self.profile.is_some()),
            ("--full-chroma", self.full_chroma),
            ("--slice-rows", self.slice_rows.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => bail!("{option} is for .laff, not for .{extension}"),
            None => Ok(()),
        }
    }

    fn encoding(&self, psnr: Option<f64>) -> Result<LaffOptions> {
        let options = LaffOptions::new().profile(self.profile.unwrap_or_default()).full_chroma(self.full_chroma);
        let options = match self.slice_rows {
            None => options,
            Some(rows) => options.slice_rows(rows),
        };
        Ok(match (self.quality, psnr, self.bytes) {
            (None, None, None) => options,
            (Some(quality), None, None) => options.quality(quality),
            (None, Some(db), None) => options.psnr(db),
            (None, None, Some(bytes)) => options.bytes(bytes),
            _ => bail!("give one of --quality, --psnr and --bytes"),
        })
    }
}

pub fn compress(
    files: &Files,
    options: &Options,
    palette: &palette::Options,
    as_text: bool,
    partial: bool,
) -> Result<()> {
    let encoding = options.encoding(palette.psnr())?;
    let Input { photo, conversion, bytes: input_bytes, .. } = photo::read(files, partial)?;
    let spinner = output::progress(format!("encoding {photo:?}"));
    let started = Instant::now();
    let (stream, decoded) = laff::encode_with_photo(&photo, &encoding)?;
    let file = if as_text { laff::to_text(&stream).into_bytes() } else { stream };
    let seconds = started.elapsed().as_secs_f64();
    spinner.finish_and_clear();
    output::note(&conversion);
    output::write(files, &file)?;

    let raw = photo.samples().len();
    let (ratio, bits) = (compression_ratio(raw, file.len()), bits_per_pixel(file.len(), photo.pixels()));
    let quality = psnr_luma(&photo, &decoded)?;
    let mut fields = output::fields("laff", files, input_bytes, file.len(), seconds);
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("bits_per_pixel".into(), bits.into());
    fields.insert("psnr_luma_db".into(), quality.into());
    let line = format!(
        "{}: {raw} raw bytes to {} (ratio {ratio:.2}, {bits:.3} bits per pixel, luma {quality:.2} dB){}",
        file::shown(&files.output),
        file.len(),
        output::larger(input_bytes, file.len()),
    );
    output::report_on(files, fields, &line)
}

/// The stream in a file, which may be text.
fn stream(input: &[u8], is_text: bool) -> Result<Vec<u8>> {
    match std::str::from_utf8(input) {
        Ok(text) if is_text => Ok(laff::from_text(text)?),
        _ => Ok(input.to_vec()),
    }
}

/// Decompresses a stream; with `partial` also one that ends early or is damaged.
pub fn decompress(files: &Files, input: &[u8], is_text: bool, partial: bool, target: Target) -> Result<()> {
    let Target::Photo(format) = target else { bail!("a laff stream decompresses to a picture: .png, .jpg or .tif") };
    let bytes = stream(input, is_text)?;
    let started = Instant::now();
    let part = laff::decode_prefix(&bytes, &files.limits())?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some(damage) = part.damage {
        if !partial {
            bail!("{damage}; --partial decodes what there is");
        }
        let whole = part.slices.iter().filter(|&&whole| whole).count();
        eprintln!("note: {whole} of {} slices are whole, elsewhere is the thumbnail: {damage}", part.slices.len());
    }
    palette::finish(files, "laff", input.len(), &part.photo, &part.photo.encode(format)?, seconds)
}

/// What a stream holds.
pub fn info(input: &[u8], is_text: bool, limits: &Limits, fields: &mut Map<String, Value>) -> Result<String> {
    let info = laff::info(&stream(input, is_text)?, limits)?;
    let raw = info.height * info.width * info.channels;
    let bits = bits_per_pixel(input.len(), info.height * info.width);
    let ratio = compression_ratio(raw, input.len());
    fields.insert("kind".into(), "photo".into());
    fields.insert("format".into(), "laff".into());
    fields.insert("codec".into(), "laff".into());
    fields.insert("shape".into(), json!([info.height, info.width, info.channels]));
    fields.insert("dtype".into(), "uint8".into());
    fields.insert("checksum".into(), true.into());
    for (name, value) in [("height", info.height), ("width", info.width), ("channels", info.channels)] {
        fields.insert(name.into(), value.into());
    }
    fields.insert("profile".into(), info.profile.to_string().into());
    fields.insert("quantizers".into(), info.quantizers.to_vec().into());
    fields.insert("slices".into(), info.slices.into());
    fields.insert("thumbnail_bytes".into(), info.thumbnail_bytes.into());
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("bits_per_pixel".into(), bits.into());
    let chroma = match (info.channels, info.full_chroma) {
        (1, _) => "grey",
        (_, true) => "4:4:4",
        (_, false) => "4:2:0",
    };
    Ok(format!(
        "laff stream, {} x {} {chroma}, profile {}, {} slices; {} bytes, ratio {ratio:.2}, {bits:.3} bits per pixel",
        info.height,
        info.width,
        info.profile,
        info.slices,
        input.len()
    ))
}
