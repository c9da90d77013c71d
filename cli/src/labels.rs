//! Label volumes as Compresso streams, compressed a second time or not.

use crate::{Files, output};
use anyhow::{Context, Result, bail};
use clap::Args;
use cortado::compresso::{self, CompressoOptions, Connectivity, Steps, Stream};
use cortado::metrics::compression_ratio;
use cortado::second_stage::SecondStage;
use cortado::volume::VolumeFormat;
use cortado::{AnyVolume, Limits};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Args)]
pub struct Options {
    /// Voxels of a window in x, y and z [default: 4,4,1, or 8,8,1 where that makes too many different windows].
    #[arg(long, value_name = "X,Y,Z", value_parser = parse_steps)]
    steps: Option<Steps>,
    /// Compare and connect voxels with 4 neighbours (of the slice) or 6 (of the volume) [default: 4].
    #[arg(long, value_parser = ["4", "6"])]
    connectivity: Option<String>,
    /// Leave out the index of the slices, with which one slice is decoded without the others.
    #[arg(long)]
    no_index: bool,
    /// Level of the second compression; each method has its own range [default: the method's own].
    #[arg(long, value_name = "N")]
    level: Option<u32>,
}

fn parse_steps(text: &str) -> Result<Steps, String> {
    let numbers: Result<Vec<u8>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    match numbers.as_deref() {
        Ok(&[x, y, z]) => Steps::new(x, y, z).map_err(|error| error.to_string()),
        _ => Err("three numbers with commas, such as 4,4,1".into()),
    }
}

/// Parses `A..B`, or `A` for one slice.
pub fn parse_slices(text: &str) -> Result<Range<usize>, String> {
    let explain = |_| "a slice, or a range such as 10..20".to_owned();
    match text.split_once("..") {
        Some((start, end)) => Ok(start.parse().map_err(explain)?..end.parse().map_err(explain)?),
        None => {
            let slice: usize = text.parse().map_err(explain)?;
            Ok(slice..slice.saturating_add(1))
        }
    }
}

impl Options {
    /// Refuses options that another codec has no use for.
    pub fn refuse(&self, extension: &str) -> Result<()> {
        if self.steps.is_some() || self.connectivity.is_some() || self.no_index || self.level.is_some() {
            bail!("--steps, --connectivity, --no-index and --level are for .cpso, not for .{extension}");
        }
        Ok(())
    }

    fn for_library(&self) -> CompressoOptions {
        let connectivity =
            if self.connectivity.as_deref() == Some("6") { Connectivity::Six } else { Connectivity::Four };
        let options = CompressoOptions::new().connectivity(connectivity).index(!self.no_index);
        match self.steps {
            Some(steps) => options.steps(steps),
            None => options,
        }
    }
}

pub fn compress(files: &Files, options: &Options, second: Option<SecondStage>) -> Result<()> {
    if second.is_none() && options.level.is_some() {
        bail!("--level is for a second compression, such as .cpso.xz");
    }
    let spinner = output::progress(format!("reading {}", files.input.display()));
    let (volume, input_bytes) = read_volume(&files.input, &files.limits())?;
    spinner.set_message(format!("encoding {volume:?}"));
    let started = Instant::now();
    let stream = compresso::encode_any(&volume, &options.for_library())?;
    let bytes = match second {
        Some(second) => {
            spinner.set_message(format!("compressing {} bytes with {second}", stream.len()));
            second.encode(&stream, options.level)?
        }
        None => stream,
    };
    let seconds = started.elapsed().as_secs_f64();
    spinner.finish_and_clear();
    output::write(files, &bytes)?;

    let raw = volume.raw_bytes();
    let ratio = compression_ratio(raw, bytes.len());
    let mut fields = output::fields(&codec_name(second), files, input_bytes, bytes.len(), seconds);
    describe(&volume, bytes.len(), &mut fields);
    let line = format!("{}: {volume:?}, {raw} raw bytes to {} (ratio {ratio:.2})", files.output.display(), bytes.len());
    output::report_on(files, fields, &line)
}

pub fn decompress(
    files: &Files,
    input: &[u8],
    second: Option<SecondStage>,
    slices: Option<Range<usize>>,
    format: VolumeFormat,
) -> Result<()> {
    let limits = files.limits();
    let spinner = output::progress(format!("decoding {}", files.input.display()));
    let started = Instant::now();
    let stream = first_stage(input, second, &limits)?;
    let volume = match slices {
        Some(slices) => compresso::decode_slices(&stream, slices, &limits)?,
        None => compresso::decode_with(&stream, &limits)?,
    };
    let seconds = started.elapsed().as_secs_f64();
    spinner.set_message(format!("writing {}", files.output.display()));
    let bytes = volume.encode(format)?;
    spinner.finish_and_clear();
    output::write(files, &bytes)?;

    let mut fields = output::fields(&codec_name(second), files, input.len(), bytes.len(), seconds);
    describe(&volume, input.len(), &mut fields);
    let line = format!("{}: {} bytes, {volume:?}", files.output.display(), bytes.len());
    output::report_on(files, fields, &line)
}

/// What a stream holds, section by section, without decoding it.
pub fn info(
    input: &[u8],
    second: Option<SecondStage>,
    limits: &Limits,
    fields: &mut Map<String, Value>,
) -> Result<String> {
    let bytes = first_stage(input, second, limits)?;
    let stream = Stream::parse(&bytes)?;
    let header = stream.header();
    let [z, y, x] = header.shape;
    let labels = stream.labels()?.len();
    let ratio = header.raw_bytes() as f64 / input.len() as f64;
    let sections: Vec<_> = stream
        .sections()
        .into_iter()
        .map(|section| json!({"name": section.name, "offset": section.bytes.start, "bytes": section.bytes.len()}))
        .collect();
    let mut line = format!(
        "{} version {}, {z} x {y} x {x} {}, steps {}, connectivity {}, {labels} labels, {} components; {} bytes, ratio {ratio:.2}",
        codec_name(second),
        header.version,
        header.label_type.name(),
        header.steps,
        header.connectivity.number(),
        header.ids,
        input.len(),
    );
    for section in stream.sections() {
        line.push_str(&format!(
            "\n{:>14} {:>12} bytes at {:>12} ({:.1} %)",
            section.name,
            section.bytes.len(),
            section.bytes.start,
            100.0 * section.bytes.len() as f64 / bytes.len() as f64
        ));
    }
    fields.insert("codec".into(), codec_name(second).into());
    fields.insert("version".into(), header.version.into());
    fields.insert("shape".into(), json!(header.shape));
    fields.insert("label_type".into(), header.label_type.name().into());
    fields.insert("steps".into(), json!([header.steps.x(), header.steps.y(), header.steps.z()]));
    fields.insert("connectivity".into(), header.connectivity.number().into());
    fields.insert("labels".into(), labels.into());
    fields.insert("components".into(), header.ids.into());
    fields.insert("raw_bytes".into(), header.raw_bytes().into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("sections".into(), sections.into());
    Ok(line)
}

/// What a volume of raw labels holds.
pub fn volume_info(path: &Path, limits: &Limits, fields: &mut Map<String, Value>) -> Result<String> {
    let (volume, input_bytes) = read_volume(path, limits)?;
    let labels = volume.distinct_labels().len();
    fields.insert("codec".into(), Value::Null);
    fields.insert("labels".into(), labels.into());
    describe(&volume, input_bytes, fields);
    Ok(format!("{volume:?}, {labels} labels; {input_bytes} bytes, {} raw", volume.raw_bytes()))
}

/// What every report says of a volume and of the bytes that hold it.
fn describe(volume: &AnyVolume, bytes: usize, fields: &mut Map<String, Value>) {
    fields.insert("raw_bytes".into(), volume.raw_bytes().into());
    fields.insert("ratio".into(), compression_ratio(volume.raw_bytes(), bytes).into());
    fields.insert("shape".into(), json!(volume.shape()));
    fields.insert("label_type".into(), volume.label_type().name().into());
}

fn codec_name(second: Option<SecondStage>) -> String {
    match second {
        Some(second) => format!("compresso+{second}"),
        None => "compresso".into(),
    }
}

/// The Compresso stream inside a second compression.
fn first_stage<'a>(input: &'a [u8], second: Option<SecondStage>, limits: &Limits) -> Result<Cow<'a, [u8]>> {
    Ok(match second {
        Some(second) => second.decode(input, limits)?.into(),
        None => input.into(),
    })
}

/// A volume and the bytes of its file; from standard input the first bytes tell the format.
fn read_volume(path: &Path, limits: &Limits) -> Result<(AnyVolume, usize)> {
    if path != Path::new("-") {
        let volume = AnyVolume::open_with(path, limits)?;
        let bytes = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
        return Ok((volume, bytes as usize));
    }
    let bytes = output::read(path, limits)?;
    let format = match bytes.as_slice() {
        [0x93, b'N', b'U', ..] => VolumeFormat::Npy,
        [b'P', b'K', ..] => VolumeFormat::Npz,
        [b'I', b'I', ..] | [b'M', b'M', ..] => VolumeFormat::Tiff,
        _ => bail!("standard input is no .npy, .npz or TIFF file"),
    };
    Ok((AnyVolume::decode(&bytes, format, limits)?, bytes.len()))
}

/// The format of a volume to write; `to` tells it where the output has no name.
pub fn volume_format(files: &Files, to: Option<&PathBuf>) -> Result<VolumeFormat> {
    match to.filter(|_| files.writes_stdout()) {
        Some(to) => Ok(VolumeFormat::from_path(Path::new("-").with_extension(to))?),
        None if files.writes_stdout() => Ok(VolumeFormat::Npy),
        None => Ok(VolumeFormat::from_path(&files.output)?),
    }
}
