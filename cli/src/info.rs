//! `cortado info`.

use crate::volume::{self, holds_labels, is_volume};
use crate::{DEFAULT_MAX_BYTES, limits, output};
use anyhow::Result;
use clap::Args;
use cortado::catalogue::{self, Setting};
use cortado::codec::Takes;
use cortado::volume::VolumeOptions;
use cortado::{AnyVolume, Error, Limits, Photo};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Options {
    /// The file to look into; `-` for standard input, a folder for slices of labels.
    input: PathBuf,
    /// The array of this name in an .npz archive of several.
    #[arg(long, value_name = "NAME")]
    array: Option<String>,
    /// Print one JSON object instead of a line.
    #[arg(long)]
    json: bool,
    /// Bytes that the file may take when decoded.
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_BYTES)]
    max_bytes: u64,
}

/// What every report has, whatever the input; null where there is no such thing.
const KEYS: [&str; 13] = [
    "input",
    "input_bytes",
    "kind",
    "format",
    "codec",
    "shape",
    "dtype",
    "labels",
    "colors",
    "raw_bytes",
    "ratio",
    "bits_per_pixel",
    "checksum",
];

pub(crate) fn run(options: &Options) -> Result<()> {
    let limits = limits(options.max_bytes);
    let mut fields = Map::new();
    for key in KEYS {
        fields.insert(key.into(), Value::Null);
    }
    fields.insert("notes".into(), json!([]));
    fields.insert("input".into(), output::display(&options.input));
    let what = describe(options, &limits, &mut fields)?;
    output::report(options.json, fields, &format!("{}: {what}", output::name(&options.input)))
}

fn describe(options: &Options, limits: &Limits, fields: &mut Map<String, Value>) -> Result<String> {
    let path = &options.input;
    let mut reading = VolumeOptions::new().limits(*limits);
    if let Some(name) = &options.array {
        reading = reading.array(name);
    }
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    if path.is_dir() || (is_file && is_volume(path, &reading)) {
        return volume::info(path, &reading, limits, fields);
    }
    let input = output::read(path, limits)?;
    fields.insert("input_bytes".into(), input.len().into());
    if let Some(setting) = catalogue::of_path(path).or_else(|| catalogue::of_bytes(&input))
        && let Some(line) = coded(&setting, &input, limits, fields)?
    {
        return Ok(line);
    }
    if !is_file && holds_labels(&input, &reading) {
        return volume::info_of(&input, &reading, limits, fields);
    }
    let (what, may_be_stack) = photo_info(&input, limits, fields)?;
    if may_be_stack {
        // What is refused as a stack of labels is no photo either.
        AnyVolume::info_of(&input, &reading)?;
    }
    Ok(what)
}

/// What a codec's file is; `None` of a picture that only begins as one.
fn coded(setting: &Setting, input: &[u8], limits: &Limits, fields: &mut Map<String, Value>) -> Result<Option<String>> {
    let info = setting.as_codec().info();
    // Of a picture that is no codec's own more can be told.
    if info.writes_pictures && info.magics.is_empty() {
        return Ok(None);
    }
    let description = match setting.describe(input, limits) {
        Ok(description) => description,
        Err(Error::Unsupported(_) | Error::Malformed { .. }) if info.writes_pictures => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    fields.insert("codec".into(), output::codec(setting).into());
    fields.insert("format".into(), info.forms[0].extension.into());
    fields.insert("checksum".into(), setting.has_checksum().into());
    output::describe(&description, fields);
    let (ratio, bits) = output::sizes(description.raw_bytes, description.elements, input.len(), fields);
    let behind = setting.second_stage().map_or(String::new(), |stage| format!(" in {stage}"));
    let mut line = format!("{}{behind}; {} bytes, ratio {ratio:.2}", description.what, input.len());
    if info.takes == Takes::Photos {
        line += &format!(", {bits:.3} bits per pixel");
    }
    if info.takes == Takes::Volumes && !setting.has_checksum() {
        line += "; no checksum, so that damage may go unnoticed";
    }
    description.more.iter().for_each(|more| line += &format!("\n{more}"));
    Ok(Some(line))
}

/// What a photo is, and whether it may rather be a stack of labels: grey, and with more pages.
fn photo_info(input: &[u8], limits: &Limits, fields: &mut Map<String, Value>) -> Result<(String, bool)> {
    fields.insert("kind".into(), "photo".into());
    fields.insert("format".into(), format_of(input).into());
    fields.insert("dtype".into(), "uint8".into());
    let (photo, conversion) = Photo::decode_noting(input, limits)?;
    let may_be_stack = photo.is_grey() && conversion.first_of_several && format_of(input) == "tiff";
    fields.insert("deeper_than_8_bits".into(), conversion.depth_reduced.into());
    fields.insert("alpha".into(), conversion.alpha_flattened.into());
    fields.insert("color_converted".into(), conversion.color_converted.into());
    fields.insert("notes".into(), conversion.notes().into());
    let mut what = format!("{photo:?}");
    for (is_so, word) in [
        (conversion.depth_reduced, ", more than 8 bits a sample"),
        (conversion.alpha_flattened, ", with transparency"),
        (conversion.color_converted, ", converted to sRGB"),
        (conversion.color_ignored, ", of colours that could not be converted"),
        (conversion.first_of_several, ", the first of several"),
    ] {
        if is_so {
            what.push_str(word);
        }
    }
    let (ratio, bits) = output::sizes(photo.samples().len() as u64, photo.pixels() as u64, input.len(), fields);
    for (name, value) in [("height", photo.height()), ("width", photo.width()), ("channels", photo.channels())] {
        fields.insert(name.into(), value.into());
    }
    fields.insert("shape".into(), json!([photo.height(), photo.width(), photo.channels()]));
    let line = format!("{what}; {} bytes, ratio {ratio:.2}, {bits:.3} bits per pixel", input.len());
    Ok((line, may_be_stack))
}

/// The name of a picture's file format.
fn format_of(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, ..] => "png",
        [0xFF, ..] => "jpeg",
        [b'G', ..] => "gif",
        [b'R', ..] => "webp",
        [b'I' | b'M', ..] => "tiff",
        [b'P', ..] => "pnm",
        // Without a file header it has no letters of its own.
        _ => "bmp",
    }
}
