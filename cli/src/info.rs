//! `cortado info`.

use crate::codec::{Codec, Form};
use crate::{DEFAULT_MAX_BYTES, femto, labels, laff, limits, output, palette};
use anyhow::Result;
use clap::Args;
use cortado::metrics::{bits_per_pixel, compression_ratio};
use cortado::second_stage::SecondStage;
use cortado::volume::VolumeOptions;
use cortado::{AnyVolume, Error, IndexedPhoto, Limits, Photo, file};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Options {
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

pub fn run(options: &Options) -> Result<()> {
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
        return labels::volume_info(path, &reading, limits, fields);
    }
    let input = output::read(path, limits)?;
    fields.insert("input_bytes".into(), input.len().into());
    match Codec::of(path, &input) {
        Some(Codec::Labels(codec)) => return labels::info(&input, codec, limits, fields),
        Some(Codec::Laff(form)) => return laff::info(&input, form == Form::Text, limits, fields),
        Some(Codec::Femto(_)) => return femto::info(&input, limits, fields),
        Some(Codec::Palette) | None => {}
    }
    if !is_file && holds_labels(&input, &reading) {
        return labels::volume_info_of(&input, &reading, limits, fields);
    }
    let (what, may_be_stack) = photo_info(&input, limits, fields)?;
    if may_be_stack {
        // What is refused as a stack of labels is no photo either.
        AnyVolume::info_of(&input, &reading)?;
    }
    Ok(what)
}

/// Whether the bytes of a pipe, whose name tells nothing, are raw labels.
fn holds_labels(input: &[u8], options: &VolumeOptions) -> bool {
    let inside = SecondStage::from_magic(input).map(|method| method.first_bytes(input, 8));
    match inside.as_deref().unwrap_or(input) {
        [0x93, b'N', b'U', ..] | [b'P', b'K', ..] => true,
        _ => AnyVolume::info_of(input, options).is_ok_and(|info| info.format == "tiff" && info.is_likely_labels()),
    }
}

/// Whether a file is raw labels: an array by its name, or a TIFF file of several slices or of more than 8 bits.
fn is_volume(path: &Path, options: &VolumeOptions) -> bool {
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

/// What a photo is, and whether it may rather be a stack of labels: grey, and with more pages.
fn photo_info(input: &[u8], limits: &Limits, fields: &mut Map<String, Value>) -> Result<(String, bool)> {
    let mut may_be_stack = false;
    let indexed = match IndexedPhoto::from_png_noting(input, limits) {
        Ok(indexed) => Some(indexed),
        // A valid PNG without a palette, or no PNG at all: a photo, or an error that names what was expected.
        Err(Error::Unsupported(_) | Error::Malformed { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    fields.insert("kind".into(), "photo".into());
    fields.insert("format".into(), format_of(input).into());
    fields.insert("dtype".into(), "uint8".into());
    let (photo, what) = match indexed {
        Some((indexed, conversion)) => {
            let (colors, bits) = (indexed.palette().len(), indexed.entropy());
            fields.insert("codec".into(), "palette".into());
            fields.insert("colors".into(), colors.into());
            fields.insert("entropy_bits_per_pixel".into(), bits.into());
            let photo = palette::photo_of(&indexed, limits)?;
            fields.insert("alpha".into(), conversion.alpha_flattened.into());
            fields.insert("notes".into(), conversion.notes().into());
            let (height, width) = (photo.height(), photo.width());
            (
                photo,
                format!("indexed PNG, {height} x {width}, {colors} colours, order-0 entropy {bits:.3} bits per pixel"),
            )
        }
        None => {
            let (photo, conversion) = Photo::decode_noting(input, limits)?;
            may_be_stack = photo.is_grey() && conversion.first_of_several && format_of(input) == "tiff";
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
            (photo, what)
        }
    };
    let raw = photo.samples().len();
    let (ratio, bits) = (compression_ratio(raw, input.len()), bits_per_pixel(input.len(), photo.pixels()));
    for (name, value) in [("height", photo.height()), ("width", photo.width()), ("channels", photo.channels())] {
        fields.insert(name.into(), value.into());
    }
    fields.insert("shape".into(), json!([photo.height(), photo.width(), photo.channels()]));
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("bits_per_pixel".into(), bits.into());
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
