//! Label volumes as Compresso and Ristretto streams.

use crate::codec::{Codec, LabelCodec};
use crate::{Files, output};
use anyhow::{Result, anyhow, bail};
use clap::Args;
use cortado::compresso::{self, CompressoOptions, Connectivity, Steps};
use cortado::metrics::compression_ratio;
use cortado::ristretto::{self, Level, RistrettoOptions};
use cortado::second_stage::SecondStage;
use cortado::volume::{LabelType, VolumeFormat, VolumeInfo, VolumeOptions};
use cortado::{AnyVolume, Error, Limits, file};
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
    /// How much work goes into a small file: fast, default or max for .ristretto, a number for a second compression
    /// such as .cpso.xz, where each method has its own range [default: the method's own].
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Slices after which a .ristretto file starts anew, for one of them to be decoded without all before it [default:
    /// 16, more where slices are small].
    #[arg(long, value_name = "SLICES", value_parser = clap::value_parser!(u32).range(1..))]
    restart: Option<u32>,
    /// The array of this name in an .npz archive of several.
    #[arg(long, value_name = "NAME")]
    array: Option<String>,
    /// Take floating-point numbers for labels where all of them are whole.
    #[arg(long)]
    cast: bool,
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
        if self.array.is_some() || self.cast {
            bail!("--array and --cast are for label volumes, not for .{extension}");
        }
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

    fn reading(&self, limits: Limits) -> VolumeOptions {
        let options = VolumeOptions::new().cast(self.cast).limits(limits);
        match &self.array {
            Some(name) => options.array(name),
            None => options,
        }
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
    let spinner = output::progress(format!("reading {}", output::name(&files.input)));
    let (volume, input_bytes) = read_volume(&files.input, &options.reading(files.limits()), &files.limits())?;
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
    let line = format!(
        "{}: {volume:?}, {raw} raw bytes to {} (ratio {ratio:.2}){}",
        file::shown(&files.output),
        bytes.len(),
        output::larger(input_bytes, bytes.len())
    );
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
    let spinner = output::progress(format!("decoding {}", output::name(&files.input)));
    let started = Instant::now();
    let volume = decode(input, codec, slices, &limits)?;
    let seconds = started.elapsed().as_secs_f64();
    spinner.set_message(format!("writing {}", file::shown(&files.output)));
    let (needed, limit) = (2 * volume.raw_bytes() as u64, limits.max_bytes());
    if format == VolumeFormat::Npz && needed > limit {
        // The archive is made in memory, beside the volume.
        return Err(Error::TooLarge { what: "bytes", found: needed, limit }.into());
    }
    // Without a copy: the volume may be all that memory has room for.
    let output_bytes = output::write_with(files, |to| volume.write(format, to))?;
    spinner.finish_and_clear();

    let mut fields = output::fields(&codec.name(), files, input.len(), output_bytes, seconds);
    describe(&volume, input.len(), &mut fields);
    let line = format!("{}: {output_bytes} bytes, {volume:?}", file::shown(&files.output));
    output::report_on(files, fields, &line)
}

/// The volume of a stream, or some of its slices; the limit holds for the stream, too, which is in memory.
fn decode(input: &[u8], codec: LabelCodec, slices: Option<Range<usize>>, limits: &Limits) -> Result<AnyVolume> {
    let decoded = limits.within(input.len() as u64, |limits| match codec {
        LabelCodec::Compresso(None) => decode_compresso(input, slices, limits),
        LabelCodec::Compresso(Some(second)) => {
            let stream = second.decode(input, limits)?;
            limits.within(stream.len() as u64, |limits| decode_compresso(&stream, slices, limits))
        }
        LabelCodec::Ristretto => match slices {
            Some(slices) => ristretto::decode_slices(input, slices, limits),
            None => ristretto::decode_with(input, limits),
        },
    });
    Ok(decoded?)
}

fn decode_compresso(stream: &[u8], slices: Option<Range<usize>>, limits: &Limits) -> cortado::Result<AnyVolume> {
    match slices {
        Some(slices) => compresso::decode_slices(stream, slices, limits),
        None => compresso::decode_with(stream, limits),
    }
}

/// What a stream holds, without decoding it.
pub fn info(input: &[u8], codec: LabelCodec, limits: &Limits, fields: &mut Map<String, Value>) -> Result<String> {
    fields.insert("codec".into(), codec.name().into());
    fields.insert("format".into(), codec.extension().into());
    fields.insert("checksum".into(), codec.has_checksum().into());
    let line = match codec {
        LabelCodec::Compresso(second) => {
            let stream = first_stage(input, second, limits)?;
            compresso_info(&stream, input.len(), codec, fields)
        }
        LabelCodec::Ristretto => ristretto_info(input, limits, fields),
    }?;
    let (first, sections) = line.split_once('\n').unwrap_or((&line, ""));
    Ok(match codec.has_checksum() {
        true => line,
        false => format!("{first}; no checksum, so that damage may go unnoticed\n{sections}").trim_end().to_owned(),
    })
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

/// What a file of raw labels is; how many there are is counted when they fit within the limits.
pub fn volume_info(
    path: &Path,
    options: &VolumeOptions,
    limits: &Limits,
    fields: &mut Map<String, Value>,
) -> Result<String> {
    let info = AnyVolume::info(path, options)?;
    let labels = count_labels(&info, limits, || AnyVolume::open_as(path, options));
    Ok(describe_file(&info, labels, file_bytes(path), fields))
}

/// The same of a file in memory.
pub fn volume_info_of(
    bytes: &[u8],
    options: &VolumeOptions,
    limits: &Limits,
    fields: &mut Map<String, Value>,
) -> Result<String> {
    let info = AnyVolume::info_of(bytes, options)?;
    let labels = count_labels(&info, limits, || AnyVolume::decode_as(bytes, None, options));
    Ok(describe_file(&info, labels, bytes.len() as u64, fields))
}

/// How many labels there are, or why they were not counted.
fn count_labels(
    info: &VolumeInfo,
    limits: &Limits,
    read: impl FnOnce() -> cortado::Result<AnyVolume>,
) -> Result<usize, String> {
    // Beside the volume a set of labels, which has at most as many as there are voxels.
    const BYTES_OF_A_LABEL: u64 = 24;
    if info.floats {
        return Err("not read as labels, unless with --cast where all are whole".into());
    }
    let needed = info.raw_bytes();
    if needed > limits.max_bytes() {
        return Err(format!("labels not counted: --max-bytes {needed} would do"));
    }
    let most = (limits.max_bytes() - needed) / BYTES_OF_A_LABEL;
    let volume = read().map_err(|error| format!("labels not counted: {error}"))?;
    volume.count_labels(most as usize).ok_or_else(|| "more labels than a larger --max-bytes would count".into())
}

fn describe_file(
    info: &VolumeInfo,
    labels: Result<usize, String>,
    bytes: u64,
    fields: &mut Map<String, Value>,
) -> String {
    let [z, y, x] = info.shape;
    fields.insert("codec".into(), Value::Null);
    fields.insert("format".into(), info.format.into());
    fields.insert("input_bytes".into(), bytes.into());
    fields.insert("labels".into(), labels.as_ref().ok().copied().into());
    describe_raw(info.shape, info.label_type, info.raw_bytes(), bytes as usize, fields);
    fields.insert("dtype".into(), info.dtype.as_str().into());
    if let Err(why) = &labels {
        fields.insert("notes".into(), json!([why]));
    }
    let labels = labels.map_or_else(|why| why, |labels| format!("{labels} labels"));
    let pages = match info.pages {
        1 => String::new(),
        pages => format!(", {pages} pages"),
    };
    format!("{}{pages}, {z} x {y} x {x} {}, {labels}; {bytes} bytes, {} raw", info.format, info.dtype, info.raw_bytes())
}

/// Length of a file, or of all files of a folder of slices.
fn file_bytes(path: &Path) -> u64 {
    let len = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    match std::fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| len(&entry.path())).sum(),
        Err(_) => len(path),
    }
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
    let voxels = shape.iter().map(|&side| side as f64).product::<f64>();
    fields.insert("kind".into(), "labels".into());
    fields.insert("raw_bytes".into(), raw_bytes.into());
    fields.insert("ratio".into(), ratio.into());
    // Of a voxel; JSON has no number for what an empty volume takes.
    fields.insert("bits_per_pixel".into(), (8.0 * bytes as f64 / voxels).into());
    fields.insert("shape".into(), json!(shape));
    fields.insert("dtype".into(), format!("uint{}", 8 * label_type.bytes()).into());
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

/// A volume, raw or a stream of either codec, and the bytes of its file.
fn read_volume(path: &Path, options: &VolumeOptions, limits: &Limits) -> Result<(AnyVolume, usize)> {
    // A folder, or a file whose name and first bytes are those of no stream, is read where it is.
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    if path.is_dir() || (is_file && !matches!(Codec::of_file(path), Some(Codec::Labels(_)))) {
        return Ok((AnyVolume::open_as(path, options)?, file_bytes(path) as usize));
    }
    let bytes = output::read(path, limits)?;
    let volume = match Codec::of(path, &bytes) {
        Some(Codec::Labels(codec)) => decode(&bytes, codec, None, limits)?,
        _ => AnyVolume::decode_as(&bytes, None, options).map_err(|error| match error {
            Error::Unsupported(message) => anyhow!("{}: {message}", output::name(path)),
            error => error.into(),
        })?,
    };
    Ok((volume, bytes.len()))
}

/// The format of a volume to write; `to` tells it where the output has no name.
pub fn volume_format(files: &Files, to: Option<&PathBuf>) -> Result<VolumeFormat> {
    match to.filter(|_| files.writes_stdout()) {
        Some(to) => Ok(VolumeFormat::from_path(Path::new("-").with_extension(to))?),
        None if files.writes_stdout() => Ok(VolumeFormat::Npy),
        None => Ok(VolumeFormat::from_path(&files.output)?),
    }
}
