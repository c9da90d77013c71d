//! Label volumes as Compresso and Ristretto streams.

use crate::codec::{Codec, LabelCodec};
use crate::{Files, output};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use cortado::compresso::{self, CompressoOptions, Connectivity, Steps};
use cortado::metrics::compression_ratio;
use cortado::ristretto::{self, Level, RistrettoOptions};
use cortado::second_stage::SecondStage;
use cortado::volume::{LabelType, VolumeFormat};
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
    /// How much work goes into a small file: fast, default or max for .ristretto, a number for a second compression such
    /// as .cpso.xz, where each method has its own range [default: the method's own].
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Slices after which a .ristretto file starts anew, for one of them to be decoded without all before it [default: 16,
    /// more where slices are small].
    #[arg(long, value_name = "SLICES", value_parser = clap::value_parser!(u32).range(1..))]
    restart: Option<u32>,
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
        self.refuse_steps(extension)?;
        self.refuse_restart(extension)?;
        if self.level.is_some() {
            bail!("--level is for .cpso and .ristretto, not for .{extension}");
        }
        Ok(())
    }

    /// Refuses options that the other label codec is for, before any work.
    pub fn check(&self, codec: LabelCodec) -> Result<()> {
        match codec {
            LabelCodec::Ristretto => {
                self.refuse_steps("ristretto")?;
                self.ristretto().map(drop)
            }
            LabelCodec::Compresso(second) => {
                self.refuse_restart("cpso")?;
                if second.is_none() && self.level.is_some() {
                    bail!("--level is for .ristretto and for a second compression, such as .cpso.xz");
                }
                self.second_level().map(drop)
            }
        }
    }

    fn refuse_steps(&self, extension: &str) -> Result<()> {
        if self.steps.is_some() || self.connectivity.is_some() || self.no_index {
            bail!("--steps, --connectivity and --no-index are for .cpso, not for .{extension}");
        }
        Ok(())
    }

    fn refuse_restart(&self, extension: &str) -> Result<()> {
        if self.restart.is_some() {
            bail!("--restart is for .ristretto, not for .{extension}");
        }
        Ok(())
    }

    fn second_level(&self) -> Result<Option<u32>> {
        let parse = |level: &String| level.parse().map_err(|_| anyhow!("--level must be a number, but is {level}"));
        self.level.as_ref().map(parse).transpose()
    }

    fn ristretto(&self) -> Result<RistrettoOptions> {
        let level = match &self.level {
            Some(level) => level.parse().map_err(|error| anyhow!("--level: {error}"))?,
            None => Level::Default,
        };
        let options = RistrettoOptions::new().level(level);
        Ok(match self.restart {
            Some(slices) => options.restart(slices),
            None => options,
        })
    }

    fn compresso(&self) -> CompressoOptions {
        let connectivity =
            if self.connectivity.as_deref() == Some("6") { Connectivity::Six } else { Connectivity::Four };
        let options = CompressoOptions::new().connectivity(connectivity).index(!self.no_index);
        match self.steps {
            Some(steps) => options.steps(steps),
            None => options,
        }
    }
}

pub fn compress(files: &Files, options: &Options, codec: LabelCodec) -> Result<()> {
    let spinner = output::progress(format!("reading {}", files.input.display()));
    let (volume, input_bytes) = read_volume(&files.input, &files.limits())?;
    spinner.set_message(format!("encoding {volume:?}"));
    let started = Instant::now();
    let bytes = match codec {
        LabelCodec::Ristretto => ristretto::encode_any(&volume, &options.ristretto()?)?,
        LabelCodec::Compresso(None) => compresso::encode_any(&volume, &options.compresso())?,
        LabelCodec::Compresso(Some(second)) => {
            let stream = compresso::encode_any(&volume, &options.compresso())?;
            spinner.set_message(format!("compressing {} bytes with {second}", stream.len()));
            second.encode(&stream, options.second_level()?)?
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    spinner.finish_and_clear();
    output::write(files, &bytes)?;

    let raw = volume.raw_bytes();
    let ratio = compression_ratio(raw, bytes.len());
    let mut fields = output::fields(&codec.name(), files, input_bytes, bytes.len(), seconds);
    describe(&volume, bytes.len(), &mut fields);
    let line = format!("{}: {volume:?}, {raw} raw bytes to {} (ratio {ratio:.2})", files.output.display(), bytes.len());
    output::report_on(files, fields, &line)
}

pub fn decompress(
    files: &Files,
    input: &[u8],
    codec: LabelCodec,
    slices: Option<Range<usize>>,
    format: VolumeFormat,
) -> Result<()> {
    let limits = files.limits();
    let spinner = output::progress(format!("decoding {}", files.input.display()));
    let started = Instant::now();
    let volume = decode(input, codec, slices, &limits)?;
    let seconds = started.elapsed().as_secs_f64();
    spinner.set_message(format!("writing {}", files.output.display()));
    let bytes = volume.encode(format)?;
    spinner.finish_and_clear();
    output::write(files, &bytes)?;

    let mut fields = output::fields(&codec.name(), files, input.len(), bytes.len(), seconds);
    describe(&volume, input.len(), &mut fields);
    let line = format!("{}: {} bytes, {volume:?}", files.output.display(), bytes.len());
    output::report_on(files, fields, &line)
}

/// The volume of a stream, or some of its slices.
fn decode(input: &[u8], codec: LabelCodec, slices: Option<Range<usize>>, limits: &Limits) -> Result<AnyVolume> {
    Ok(match (codec, slices) {
        (LabelCodec::Compresso(second), slices) => {
            let stream = first_stage(input, second, limits)?;
            match slices {
                Some(slices) => compresso::decode_slices(&stream, slices, limits)?,
                None => compresso::decode_with(&stream, limits)?,
            }
        }
        (LabelCodec::Ristretto, Some(slices)) => ristretto::decode_slices(input, slices, limits)?,
        (LabelCodec::Ristretto, None) => ristretto::decode_with(input, limits)?,
    })
}

/// What a stream holds, without decoding it.
pub fn info(input: &[u8], codec: LabelCodec, limits: &Limits, fields: &mut Map<String, Value>) -> Result<String> {
    fields.insert("codec".into(), codec.name().into());
    match codec {
        LabelCodec::Compresso(second) => {
            let stream = first_stage(input, second, limits)?;
            compresso_info(&stream, input.len(), codec, fields)
        }
        LabelCodec::Ristretto => ristretto_info(input, limits, fields),
    }
}

fn compresso_info(
    bytes: &[u8],
    input_bytes: usize,
    codec: LabelCodec,
    fields: &mut Map<String, Value>,
) -> Result<String> {
    let stream = compresso::Stream::parse(bytes)?;
    let header = stream.header();
    let [z, y, x] = header.shape;
    let labels = stream.labels()?.len();
    let ratio = describe_raw(header.shape, header.label_type, header.raw_bytes(), input_bytes, fields);
    let sections: Vec<_> = stream
        .sections()
        .into_iter()
        .map(|section| json!({"name": section.name, "offset": section.bytes.start, "bytes": section.bytes.len()}))
        .collect();
    let mut line = format!(
        "{} version {}, {z} x {y} x {x} {}, steps {}, connectivity {}, {labels} labels, {} components; {} bytes, ratio {ratio:.2}",
        codec.name(),
        header.version,
        header.label_type.name(),
        header.steps,
        header.connectivity.number(),
        header.ids,
        input_bytes,
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
    fields.insert("version".into(), header.version.into());
    fields.insert("steps".into(), json!([header.steps.x(), header.steps.y(), header.steps.z()]));
    fields.insert("connectivity".into(), header.connectivity.number().into());
    fields.insert("labels".into(), labels.into());
    fields.insert("components".into(), header.ids.into());
    fields.insert("sections".into(), sections.into());
    Ok(line)
}

fn ristretto_info(bytes: &[u8], limits: &Limits, fields: &mut Map<String, Value>) -> Result<String> {
    let stream = ristretto::Stream::parse(bytes)?;
    let header = stream.header();
    let [z, y, x] = header.shape;
    let labels = ristretto::labels(bytes, limits)?.len();
    let ratio = describe_raw(header.shape, header.label_type, header.raw_bytes(), bytes.len(), fields);
    fields.insert("level".into(), header.level.name().into());
    fields.insert("block_slices".into(), header.block_slices.into());
    fields.insert("blocks".into(), header.blocks().into());
    fields.insert("labels".into(), labels.into());
    fields.insert("dictionary_bytes".into(), stream.dictionary_bytes().into());
    Ok(format!(
        "ristretto, level {}, {z} x {y} x {x} {}, {labels} labels in {} bytes, {} blocks of {} slices; {} bytes, ratio {ratio:.2}",
        header.level.name(),
        header.label_type.name(),
        stream.dictionary_bytes(),
        header.blocks(),
        header.block_slices,
        bytes.len(),
    ))
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
    describe_raw(volume.shape(), volume.label_type(), volume.raw_bytes() as u64, bytes, fields);
}

/// The same of a volume that is not decoded; its ratio of compression.
fn describe_raw(
    shape: [usize; 3],
    label_type: LabelType,
    raw_bytes: u64,
    bytes: usize,
    fields: &mut Map<String, Value>,
) -> f64 {
    let ratio = raw_bytes as f64 / bytes as f64;
    fields.insert("raw_bytes".into(), raw_bytes.into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("shape".into(), json!(shape));
    fields.insert("label_type".into(), label_type.name().into());
    ratio
}

/// The Compresso stream inside a second compression.
fn first_stage<'a>(input: &'a [u8], second: Option<SecondStage>, limits: &Limits) -> Result<Cow<'a, [u8]>> {
    Ok(match second {
        Some(second) => second.decode(input, limits)?.into(),
        None => input.into(),
    })
}

/// A volume, raw or a stream of either codec, and the bytes of its file; from standard input the first bytes tell the format.
fn read_volume(path: &Path, limits: &Limits) -> Result<(AnyVolume, usize)> {
    if let Some(Codec::Labels(codec)) = Codec::from_name(path) {
        let bytes = output::read(path, limits)?;
        return Ok((decode(&bytes, codec, None, limits)?, bytes.len()));
    }
    if path != Path::new("-") {
        let volume = AnyVolume::open_with(path, limits)?;
        let bytes = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
        return Ok((volume, bytes as usize));
    }
    let bytes = output::read(path, limits)?;
    if let Some(Codec::Labels(codec)) = Codec::of(path, &bytes) {
        return Ok((decode(&bytes, codec, None, limits)?, bytes.len()));
    }
    let format = match bytes.as_slice() {
        [0x93, b'N', b'U', ..] => VolumeFormat::Npy,
        [b'P', b'K', ..] => VolumeFormat::Npz,
        [b'I', b'I', ..] | [b'M', b'M', ..] => VolumeFormat::Tiff,
        _ => bail!("standard input is no .npy, .npz or TIFF file, and no Compresso or Ristretto stream"),
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
