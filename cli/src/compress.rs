//! `cortado compress`.

use crate::options::{self, Compressing};
use crate::photo::{self, Input};
use crate::volume::{self, Raw};
use crate::{Files, Usage, output};
use anyhow::{Result, bail};
use clap::Args;
use cortado::catalogue::{self, Setting};
use cortado::codec::{Data, Description, Given, Reading, Takes};
use cortado::file;
use cortado::metrics::{psnr, psnr_luma};
use cortado::palette::half_transparent_note;
use ndarray::Array2;
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    files: Files,
    /// What to write when the output is `-`: laff, png, gif, json.gz, ristretto, cpso, cpso.xz ...
    #[arg(long, value_name = "EXTENSION")]
    to: Option<PathBuf>,
    /// The codec, where the output's name tells another: png for a PNG file without a palette.
    #[arg(long, value_name = "NAME")]
    codec: Option<String>,
    /// Take what there is of a damaged JPEG.
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    raw: Raw,
    #[command(flatten)]
    codecs: Compressing,
}

/// What is compressed, and the length of its file.
struct Source {
    data: Data,
    opacity: Option<Array2<u8>>,
    bytes: usize,
    /// What the codec is not given of the file.
    notes: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let Options { files, .. } = options;
    let setting = options.codecs.apply(options.setting()?)?;
    let info = setting.as_codec().info();
    if options.partial && info.takes == Takes::Volumes {
        return Err(Usage(format!("--partial is for photos, not for {}", info.name)).into());
    }
    if options.raw.is_given() && info.takes == Takes::Photos {
        return Err(Usage(format!("--array and --cast are for label volumes, not for {}", info.name)).into());
    }
    output::prepare(files)?;
    let spinner = output::progress(format!("reading {}", output::name(&files.input)));
    let takes_volume = match info.takes {
        Takes::Photos => false,
        Takes::Volumes => true,
        Takes::Both => options.raw.is_given() || volume::is_volume(&files.input, &options.raw.reading(files.limits())),
    };
    let source = match takes_volume {
        true => options.volume()?,
        false => options.photo(info.keeps_opacity)?,
    };
    spinner.set_message(format!("encoding with {setting}"));
    let started = Instant::now();
    let file = setting.encode_given(&Given { data: &source.data, opacity: source.opacity.as_ref() })?;
    let seconds = started.elapsed().as_secs_f64();
    spinner.finish_and_clear();
    source.notes.iter().for_each(|note| output::say(note));
    output::write(files, &file)?;
    report(files, &setting, &source, &file, seconds)
}

impl Options {
    /// The setting that the output's name or --codec asks for.
    fn setting(&self) -> Result<Setting> {
        let name = self.to.as_ref().filter(|_| self.files.writes_stdout()).unwrap_or(&self.files.output);
        let told = catalogue::of_path(name);
        match (&self.codec, told) {
            (Some(codec), Some(told)) if told.codec() == codec => Ok(told),
            (Some(codec), _) => Ok(Setting::new(codec, &[])?),
            (None, Some(told)) => Ok(told),
            (None, None) => {
                let hint = if self.files.writes_stdout() { "say --to" } else { "end its name in" };
                bail!("cannot tell a codec from {}: {hint} {}", file::shown(name), options::extensions())
            }
        }
    }

    fn volume(&self) -> Result<Source> {
        let (volume, bytes) =
            volume::read(&self.files.input, &self.raw.reading(self.files.limits()), &self.files.limits())?;
        Ok(Source { data: volume.into(), opacity: None, bytes, notes: Vec::new() })
    }

    fn photo(&self, keeps_opacity: bool) -> Result<Source> {
        let Input { photo, mut conversion, opacity, bytes } = photo::read(&self.files, self.partial)?;
        if keeps_opacity {
            // What is clear stays clear.
            conversion.alpha_flattened = false;
        }
        let half = opacity.as_ref().filter(|_| keeps_opacity).and_then(half_transparent_note);
        let notes = conversion.notes().into_iter().chain(half.map(str::to_owned)).collect();
        Ok(Source { data: photo.into(), opacity, bytes, notes })
    }
}

fn report(files: &Files, setting: &Setting, source: &Source, file: &[u8], seconds: f64) -> Result<()> {
    // What was just made may be read as it asks to be.
    let limits = crate::limits(u64::MAX);
    let description = setting.describe(file, &limits).unwrap_or_else(|_| Description::of(&source.data));
    let mut fields = output::fields(&output::codec(setting), files, source.bytes, file.len(), seconds);
    output::describe(&description, &mut fields);
    let raw = source.data.raw_bytes();
    let (ratio, bits) = output::sizes(raw as u64, source.data.elements() as u64, file.len(), &mut fields);
    let mut words: Vec<String> = Vec::new();
    words.extend((!description.brief.is_empty()).then_some(description.brief));
    words.push(format!("ratio {ratio:.2}"));
    let what = match &source.data {
        Data::Volume(volume) => format!("{volume:?}, "),
        Data::Photo(photo) => {
            words.push(format!("{bits:.3} bits per pixel"));
            let decoded = setting.decode(file, &Reading::new(limits).like(&source.data))?;
            if let Data::Photo(decoded) = &decoded {
                let (all, luma) = (psnr(photo, decoded)?, psnr_luma(photo, decoded)?);
                // A lossless result has an infinite PSNR, which JSON writes as null.
                fields.insert("psnr_db".into(), all.into());
                fields.insert("psnr_luma_db".into(), luma.into());
                words.push(format!("{all:.2} dB"));
                words.extend((!photo.is_grey()).then(|| format!("luma {luma:.2} dB")));
            }
            String::new()
        }
    };
    let line = format!(
        "{}: {what}{raw} raw bytes to {} ({}){}",
        file::shown(&files.output),
        file.len(),
        words.join(", "),
        output::larger(source.bytes, file.len()),
    );
    output::report_on(files, fields, &line)
}
