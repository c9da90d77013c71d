//! The photo that a command compresses.

use crate::{Files, output};
use anyhow::{Result, anyhow};
use cortado::photo::Conversion;
use cortado::{Error, Photo};
use ndarray::Array2;

/// A photo that was read.
pub(crate) struct Input {
    pub photo: Photo,
    pub conversion: Conversion,
    /// The opacity of every pixel, where some are not opaque.
    pub opacity: Option<Array2<u8>>,
    /// Length of its file.
    pub bytes: usize,
}

/// Reads the input; with `partial` also a damaged JPEG.
pub(crate) fn read(files: &Files, partial: bool) -> Result<Input> {
    let limits = files.limits();
    let bytes = output::read(&files.input, &limits)?;
    let decoded = match partial {
        true => Photo::decode_partial(&bytes, &limits),
        false => Photo::decode_with_opacity(&bytes, &limits),
    };
    let (photo, conversion, opacity) = decoded.map_err(|error| match error {
        Error::Malformed { format: "JPEG", .. } if !partial && Photo::decode_partial(&bytes, &limits).is_ok() => {
            anyhow!("{error}; --partial takes what there is")
        }
        error => error.into(),
    })?;
    Ok(Input { photo, conversion, opacity, bytes: bytes.len() })
}
