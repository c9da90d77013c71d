//! Which way up a picture is, as its metadata say.

use crate::error::Result;
use crate::tiff::{Tiff, tag};
use std::io::Cursor;

/// The orientation that a file's metadata ask for: EXIF data before XMP; 1, upright, where neither says.
pub(super) fn orientation(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> u64 {
    exif.and_then(exif_orientation).or_else(|| xmp.and_then(xmp_orientation)).unwrap_or(1)
}

/// The orientation in EXIF data, which are a TIFF file of their own.
pub(super) fn exif_orientation(exif: &[u8]) -> Option<u64> {
    // WebP and others keep the mark that JPEG puts before it.
    let mut source = Cursor::new(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
    let mut read = || -> Result<Option<u64>> {
        let mut tiff = Tiff::open(&mut source)?;
        match tiff.directory()? {
            Some(directory) => tiff.value(&directory, tag::ORIENTATION),
            None => Ok(None),
        }
    };
    // Damaged EXIF data are no reason not to show a picture.
    read().ok().flatten()
}

/// The orientation in XMP, which is XML: the digit of a property, as an attribute or an element.
pub(super) fn xmp_orientation(xmp: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"tiff:Orientation";
    let at = xmp.windows(NAME.len()).position(|window| window == NAME)?;
    match xmp[at + NAME.len()..] {
        [b'>', digit @ b'1'..=b'8', ..] | [b'=', b'"' | b'\'', digit @ b'1'..=b'8', ..] => {
            Some(u64::from(digit - b'0'))
        }
        _ => None,
    }
}
