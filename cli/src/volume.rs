//! Raw label volumes: files of arrays and stacks.

use crate::output;
use anyhow::{Result, anyhow};
use clap::Args;
use cortado::codec::{Data, Description, Reading, Takes};
use cortado::second_stage::SecondStage;
use cortado::volume::{VolumeInfo, VolumeOptions};
use cortado::{AnyVolume, Error, Limits, catalogue, file};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// How a file of raw labels is read.
#[derive(Args)]
#[command(next_help_heading = "Options of label volumes that are read")]
pub(crate) struct Raw {
    /// The array of this name in an .npz archive of several.
    #[arg(long, value_name = "NAME")]
    array: Option<String>,
    /// Take floating-point numbers for labels where all of them are whole.
    #[arg(long)]
    cast: bool,
}

impl Raw {
    /// Whether anything was said.
    pub(crate) fn is_given(&self) -> bool {
        self.array.is_some() || self.cast
    }

    pub(crate) fn reading(&self, limits: Limits) -> VolumeOptions {
        let options = VolumeOptions::new().cast(self.cast).limits(limits);
        match &self.array {
            Some(name) => options.array(name),
            None => options,
        }
    }
}

/// A volume, raw or a codec's file, and the bytes of its file.
pub(crate) fn read(path: &Path, options: &VolumeOptions, limits: &Limits) -> Result<(AnyVolume, usize)> {
    // A folder, or a file whose name and first bytes are those of no codec for volumes, is read where it is.
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    if path.is_dir() || (is_file && !is_coded(path)) {
        return Ok((AnyVolume::open_as(path, options)?, file_bytes(path) as usize));
    }
    let bytes = output::read(path, limits)?;
    let coded = catalogue::of_path(path).or_else(|| catalogue::of_bytes(&bytes)).filter(is_of_volumes);
    let volume = match coded.map(|setting| setting.decode(&bytes, &Reading::new(*limits))).transpose()? {
        Some(Data::Volume(volume)) => volume,
        _ => AnyVolume::decode_as(&bytes, None, options).map_err(|error| match error {
            Error::Unsupported(message) => anyhow!("{}: {message}", output::name(path)),
            error => error.into(),
        })?,
    };
    Ok((volume, bytes.len()))
}

fn is_of_volumes(setting: &catalogue::Setting) -> bool {
    setting.as_codec().info().takes == Takes::Volumes
}

/// Whether a file is one of a codec for label volumes, reading no more of it than tells.
fn is_coded(path: &Path) -> bool {
    let first = || {
        let mut bytes = Vec::new();
        // A compressor's first block is longer than its magic.
        File::open(path).and_then(|file| file.take(1 << 16).read_to_end(&mut bytes)).ok()?;
        catalogue::of_bytes(&bytes)
    };
    catalogue::of_path(path).or_else(first).is_some_and(|setting| is_of_volumes(&setting))
}

/// Whether the bytes of a pipe, whose name tells nothing, are raw labels.
pub(crate) fn holds_labels(input: &[u8], options: &VolumeOptions) -> bool {
    let inside = SecondStage::from_magic(input).map(|method| method.first_bytes(input, 8));
    match inside.as_deref().unwrap_or(input) {
        [0x93, b'N', b'U', ..] | [b'P', b'K', ..] => true,
        _ => AnyVolume::info_of(input, options).is_ok_and(|info| info.format == "tiff" && info.is_likely_labels()),
    }
}

/// Whether a file is raw labels: an array by its name, or a TIFF file of several slices or of more than 8 bits.
pub(crate) fn is_volume(path: &Path, options: &VolumeOptions) -> bool {
    let inner = match SecondStage::from_extension(&file::extension(path)) {
        Some(_) => path.with_extension(""),
        None => path.to_owned(),
    };
    match file::extension(&inner).as_str() {
        "npy" | "npz" => true,
        // Compressed, it is no photo that is read.
        "tif" | "tiff" if inner != path => true,
        "tif" | "tiff" => AnyVolume::info(path, options).is_ok_and(|info| info.is_likely_labels()),
        _ => false,
    }
}

/// What a file of raw labels is; how many there are is counted when they fit within the limits.
pub(crate) fn info(
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
pub(crate) fn info_of(
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
    let description = Description::of_volume(info.shape, info.label_type, String::new());
    output::describe(&description, fields);
    output::sizes(info.raw_bytes(), description.elements, bytes as usize, fields);
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
