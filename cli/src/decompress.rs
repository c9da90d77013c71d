//! `cortado decompress`.

use crate::options::Reading as ReadingOptions;
use crate::{Files, options, output};
use anyhow::{Result, bail};
use clap::Args;
use cortado::catalogue::{self, Setting};
use cortado::codec::{Data, Description, Reading, Takes};
use cortado::volume::VolumeFormat;
use cortado::{AnyVolume, Error, PhotoFormat, file};
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    files: Files,
    /// What the input is when its name and first bytes do not tell: cpso.br, cpso.lzma ...
    #[arg(long, value_name = "EXTENSION")]
    from: Option<PathBuf>,
    /// What to write when the output is `-`: npy, npz, tif, png ...
    #[arg(long, value_name = "EXTENSION")]
    to: Option<PathBuf>,
    #[command(flatten)]
    codecs: ReadingOptions,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let Options { files, from, .. } = options;
    let named = catalogue::of_path(from.as_ref().unwrap_or(&files.input));
    if let Some(named) = &named {
        options.codecs.values(named.as_codec())?;
    }
    // Before any work, so that a wrong name costs nothing.
    output::prepare(files)?;
    if let Some(named) = &named {
        options.check_target(named)?;
    }
    let input = output::read(&files.input, &files.limits())?;
    let Some(setting) = named.or_else(|| catalogue::of_bytes(&input)) else {
        bail!("{} is of no codec: {}", output::name(&files.input), options::extensions());
    };
    options.check_target(&setting)?;
    let reading = Reading::new(files.limits()).values(options.codecs.values(setting.as_codec())?);

    let spinner = output::progress(format!("decoding {}", output::name(&files.input)));
    let started = Instant::now();
    let target = options.target(setting.as_codec().info().takes);
    let extension = file::extension(&target);
    if setting.as_codec().info().exports.contains(&extension.as_str())
        && let Some(bytes) = setting.export(&input, &extension, &files.limits())?
    {
        let description = setting.describe(&input, &files.limits())?;
        let seconds = started.elapsed().as_secs_f64();
        output::write(files, &bytes)?;
        spinner.finish_and_clear();
        return report(files, &setting, &description, input.len(), bytes.len(), &description.what, seconds);
    }
    let decoded = setting.decode_noting(&input, &reading).map_err(|error| hint(error, &setting))?;
    let seconds = started.elapsed().as_secs_f64();
    decoded.notes.iter().for_each(|note| output::say(note));
    spinner.set_message(format!("writing {}", file::shown(&files.output)));
    let written = match &decoded.data {
        Data::Photo(photo) => {
            let bytes = photo.encode(PhotoFormat::from_path(&target)?)?;
            output::write(files, &bytes)?;
            bytes.len()
        }
        Data::Volume(volume) => write_volume(files, volume, VolumeFormat::from_path(&target)?)?,
    };
    spinner.finish_and_clear();
    let what = match &decoded.data {
        Data::Photo(photo) => format!("{photo:?}"),
        Data::Volume(volume) => format!("{volume:?}"),
    };
    report(files, &setting, &Description::of(&decoded.data), input.len(), written, &what, seconds)
}

impl Options {
    /// The name that tells what to write; arrays of labels where nothing tells.
    fn target(&self, takes: Takes) -> PathBuf {
        match self.to.as_ref().filter(|_| self.files.writes_stdout()) {
            Some(to) => PathBuf::from("-").with_extension(to),
            None if self.files.writes_stdout() && takes == Takes::Volumes => "-.npy".into(),
            None => self.files.output.clone(),
        }
    }

    /// Refuses an output that the codec does not decompress to.
    fn check_target(&self, setting: &Setting) -> Result<()> {
        let info = setting.as_codec().info();
        let target = self.target(info.takes);
        let exported = info.exports.contains(&file::extension(&target).as_str());
        let photo = || PhotoFormat::from_path(&target).map(drop);
        let volume = || VolumeFormat::from_path(&target).map(drop);
        match info.takes {
            _ if exported => {}
            Takes::Photos => photo()?,
            Takes::Volumes => volume()?,
            Takes::Both => photo().or_else(|_| volume())?,
        }
        Ok(())
    }
}

/// Says of a damaged file how what there is of it is decoded.
fn hint(error: Error, setting: &Setting) -> anyhow::Error {
    let has_partial = setting.as_codec().reading_parameters().iter().any(|parameter| parameter.name == "partial");
    match error {
        Error::Malformed { .. } if has_partial => anyhow::anyhow!("{error}; --partial decodes what there is"),
        error => error.into(),
    }
}

/// Without a copy: the volume may be all that memory has room for.
fn write_volume(files: &Files, volume: &AnyVolume, format: VolumeFormat) -> Result<usize> {
    let (needed, limit) = (2 * volume.raw_bytes() as u64, files.limits().max_bytes());
    if format == VolumeFormat::Npz && needed > limit {
        // The archive is made in memory, beside the volume.
        return Err(Error::TooLarge { what: "bytes", found: needed, limit }.into());
    }
    output::write_with(files, |to| volume.write(format, to))
}

fn report(
    files: &Files,
    setting: &Setting,
    description: &Description,
    input_bytes: usize,
    written: usize,
    what: &str,
    seconds: f64,
) -> Result<()> {
    let mut fields = output::fields(&output::codec(setting), files, input_bytes, written, seconds);
    output::describe(description, &mut fields);
    output::sizes(description.raw_bytes, description.elements, input_bytes, &mut fields);
    let line = format!("{}: {written} bytes, {what}", file::shown(&files.output));
    output::report_on(files, fields, &line)
}
