//! Which reader a picture's first bytes ask for.

use super::color::{ColorSpace, Model};
use super::conversion::Conversion;
use super::orientation::orientation;
use super::picture::{Alpha, Picture, Samples};
use super::{Opened, bmp, gif, others, png, tiff};
use crate::error::{Error, Result};
use crate::jpeg;
use crate::limits::{Budget, Limits};
use crate::tiff::Tiff;

/// Decodes a picture; with `partial` also a damaged one as far as it goes.
pub(super) fn decode(bytes: &[u8], limits: &Limits, partial: bool) -> Result<Opened> {
    let mut budget = limits.budget();
    let picture = match bytes {
        [0x89, b'P', b'N', b'G', ..] => png::read(bytes, limits, &mut budget)?,
        [0xFF, 0xD8, ..] => read_jpeg(bytes, limits, partial, &mut budget)?,
        [b'G', b'I', b'F', b'8', ..] => gif::read(bytes, limits, &mut budget)?,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            others::read_webp(bytes, limits, &mut budget)?
        }
        [b'B', b'M', ..] => bmp::read(bytes, limits, &mut budget)?,
        [b'P', b'1'..=b'6', b'\t' | b'\n' | b'\r' | b' ' | b'#', ..] | [b'P', b'7', b'\n' | b'\r' | b'#', ..] => {
            others::read_pnm(bytes, limits, &mut budget)?
        }
        _ if bmp::is_bare(bytes) => bmp::read(bytes, limits, &mut budget)?,
        _ if Tiff::is_tiff(bytes) => tiff::read(bytes, limits, &mut budget)?,
        _ => {
            let found = unknown_file("no PNG, JPEG, TIFF, GIF, WebP, BMP or PNM", bytes);
            return Err(Error::malformed("picture", format!("its first bytes are those of {found}")));
        }
    };
    picture.finish(&mut budget)
}

/// `none` of the kinds that are read, and the kind that a file is of, when its first bytes tell one that others read.
pub(crate) fn unknown_file(none: &str, bytes: &[u8]) -> String {
    let kind = match bytes {
        [] => return format!("{none}: it is empty"),
        [0x89, b'H', b'D', b'F', ..] => "an HDF5 file: save its data set as .npy",
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e' | b'i', ..] => "a HEIC picture: save it as JPEG or PNG",
        [_, _, _, _, b'f', b't', b'y', b'p', b'm', b'i', ..] => "a HEIC picture: save it as JPEG or PNG",
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', ..] => "an AVIF picture: save it as PNG",
        [0, 0, 0, 12, b'j', b'P', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => "a JPEG 2000 picture: save it as PNG or TIFF",
        [0, 0, 0, 12, b'J', b'X', b'L', ..] => "a JPEG XL picture: save it as PNG",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document: save its picture as PNG",
        [b'8', b'B', b'P', b'S', ..] => "a Photoshop file: save it as PNG or TIFF",
        [b'P', b'7', b' ', ..] => "an XV thumbnail: save it as PNG",
        [b'P', b'K', ..] => "an archive: unpack it",
        [0x1F, 0x8B, ..] => "a gzip file: decompress it",
        [b'c', b'p', b's', b'o', ..] | [b'r', b's', b't', b't', ..] => "a label volume's stream: decompress it",
        [b'l', b'a', b'f', b'f', ..] => "a laff stream: decompress it",
        [0x93, b'N', b'U', b'M', ..] => "a NumPy array: labels go to .ristretto or .cpso",
        _ => return none.to_owned(),
    };
    format!("{none}, but of {kind}")
}

fn read_jpeg(bytes: &[u8], limits: &Limits, partial: bool, budget: &mut Budget) -> Result<Picture> {
    let header = jpeg::header(bytes)?;
    limits.check_pixels(header.height, header.width)?;
    let options = jpeg::Options { tables: None, transform: jpeg::Transform::Auto, partial };
    let decoded = jpeg::decode(bytes, &options, budget)?;
    let color = match header.icc {
        Some(profile) => ColorSpace::Icc(profile),
        None if header.icc_broken => ColorSpace::Unknown,
        None => ColorSpace::Srgb,
    };
    let model = match decoded.components {
        1 => Model::Grey,
        3 => Model::Rgb,
        _ => Model::Cmyk,
    };
    let missing_percent = decoded.missing_percent.unwrap_or(0);
    Ok(Picture {
        height: decoded.height,
        width: decoded.width,
        model,
        alpha: Alpha::None,
        samples: Samples::Eight(decoded.samples),
        color,
        orientation: orientation(header.exif.as_deref(), header.xmp.as_deref()),
        conversion: Conversion { missing_percent, ..Conversion::default() },
    })
}
