//! `cortado info`.

use crate::codec::{Codec, Form};
use crate::{DEFAULT_MAX_BYTES, femto, labels, laff, limits, output};
use anyhow::Result;
use clap::Args;
use cortado::metrics::{bits_per_pixel, compression_ratio};
use cortado::{Error, IndexedPhoto, Limits, Photo, file};
use serde_json::{Map, Value};
use std::path::PathBuf;

#[derive(Args)]
pub struct Options {
    /// The file to look into.
    input: PathBuf,
    /// Print one JSON object instead of a line.
    #[arg(long)]
    json: bool,
    /// Bytes that the file may take when decoded.
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_BYTES)]
    max_bytes: u64,
}

pub fn run(options: &Options) -> Result<()> {
    let limits = limits(options.max_bytes);
    let mut fields = Map::new();
    fields.insert("input".into(), output::display(&options.input));
    if matches!(file::extension(&options.input).as_str(), "npy" | "npz") {
        let what = labels::volume_info(&options.input, &limits, &mut fields)?;
        return output::report(options.json, fields, &format!("{}: {what}", options.input.display()));
    }
    let input = output::read(&options.input, &limits)?;
    fields.insert("input_bytes".into(), input.len().into());
    let described = match Codec::of(&options.input, &input) {
        Some(Codec::Labels(codec)) => Some(labels::info(&input, codec, &limits, &mut fields)?),
        Some(Codec::Laff(form)) => Some(laff::info(&input, form == Form::Text, &limits, &mut fields)?),
        Some(Codec::Femto(_)) => Some(femto::info(&input, &limits, &mut fields)?),
        _ => None,
    };
    if let Some(what) = described {
        return output::report(options.json, fields, &format!("{}: {what}", options.input.display()));
    }
    let photo = photo_info(&input, &limits, &mut fields);
    let what = match (photo, file::extension(&options.input).as_str()) {
        // A TIFF file that is no photo may be a stack of labels.
        (Err(error), "tif" | "tiff") => labels::volume_info(&options.input, &limits, &mut fields).map_err(|_| error)?,
        (photo, _) => photo?,
    };
    output::report(options.json, fields, &format!("{}: {what}", options.input.display()))
}

fn photo_info(input: &[u8], limits: &Limits, fields: &mut Map<String, Value>) -> Result<String> {
    let indexed = match IndexedPhoto::from_png_with(input, limits) {
        Ok(indexed) => Some(indexed),
        // A valid PNG without a palette, or no PNG at all: a photo, or an error that names what was expected.
        Err(Error::Unsupported(_) | Error::Malformed { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let (photo, what) = match indexed {
        Some(indexed) => {
            let (colors, bits) = (indexed.palette().len(), indexed.entropy());
            fields.insert("codec".into(), "palette".into());
            fields.insert("colors".into(), colors.into());
            fields.insert("entropy_bits_per_pixel".into(), bits.into());
            let photo = indexed.to_photo();
            let (height, width) = (photo.height(), photo.width());
            (
                photo,
                format!("indexed PNG, {height} x {width}, {colors} colours, order-0 entropy {bits:.3} bits per pixel"),
            )
        }
        None => {
            let (photo, conversion) = Photo::decode_noting(input, limits)?;
            fields.insert("codec".into(), Value::Null);
            fields.insert("deeper_than_8_bits".into(), conversion.depth_reduced.into());
            fields.insert("alpha".into(), conversion.alpha_flattened.into());
            let mut what = format!("{photo:?}");
            if conversion.depth_reduced {
                what.push_str(", more than 8 bits a sample");
            }
            if conversion.alpha_flattened {
                what.push_str(", with transparency");
            }
            (photo, what)
        }
    };
    let raw = photo.samples().len();
    let (ratio, bits) = (compression_ratio(raw, input.len()), bits_per_pixel(input.len(), photo.pixels()));
    for (name, value) in [("height", photo.height()), ("width", photo.width()), ("channels", photo.channels())] {
        fields.insert(name.into(), value.into());
    }
    fields.insert("raw_bytes".into(), raw.into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("bits_per_pixel".into(), bits.into());
    Ok(format!("{what}; {} bytes, ratio {ratio:.2}, {bits:.3} bits per pixel", input.len()))
}
