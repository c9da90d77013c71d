//! Photos as indexed PNG files, in one call each way.

use super::png8::{Effort, open_indexed};
use super::{IndexedPhoto, PaletteOptions, QuantizeOptions, fit_with_opacity};
use crate::error::{Error, Result};
use crate::file::{self, Existing};
use crate::limits::Limits;
use crate::photo::Photo;
use std::path::Path;

/// How a photo becomes an indexed PNG file: how its palette is fitted, how pixels are given their colours, and how long
/// the smallest file is looked for.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct EncodeOptions {
    fitting: PaletteOptions,
    quantizing: QuantizeOptions,
    effort: Effort,
}

impl EncodeOptions {
    /// A palette as [`PaletteOptions::new`] fits it, nearest colours, [`Effort::Fast`].
    pub const fn new() -> Self {
        Self { fitting: PaletteOptions::new(), quantizing: QuantizeOptions::new(), effort: Effort::Fast }
    }

    /// How the palette is fitted.
    pub fn fitting(mut self, options: PaletteOptions) -> Self {
        self.fitting = options;
        self
    }

    /// How pixels are given their colours.
    pub fn quantizing(mut self, options: QuantizeOptions) -> Self {
        self.quantizing = options;
        self
    }

    /// How long the smallest file is looked for.
    pub fn effort(mut self, effort: Effort) -> Self {
        self.effort = effort;
        self
    }
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The indexed PNG file of a photo.
///
/// # Errors
/// As [`Palette::fit`](super::Palette::fit), [`Palette::quantize_with`](super::Palette::quantize_with) and
/// [`IndexedPhoto::to_png`].
pub fn encode(photo: &Photo, options: &EncodeOptions) -> Result<Vec<u8>> {
    fit_with_opacity(photo, None, &options.fitting, &options.quantizing)?.to_png_with(options.effort)
}

/// The indexed photo of a PNG file, under the default [`Limits`].
///
/// # Errors
/// As [`IndexedPhoto::from_png_with`].
pub fn decode(bytes: &[u8]) -> Result<IndexedPhoto> {
    decode_with(bytes, &Limits::new())
}

/// The indexed photo of a PNG file.
///
/// # Errors
/// As [`IndexedPhoto::from_png_with`].
pub fn decode_with(bytes: &[u8], limits: &Limits) -> Result<IndexedPhoto> {
    IndexedPhoto::from_png_with(bytes, limits)
}

/// Opens an indexed PNG file under the default [`Limits`].
///
/// # Errors
/// As [`open_with`].
pub fn open(path: impl AsRef<Path>) -> Result<IndexedPhoto> {
    open_with(path, &Limits::new())
}

/// As [`open`], under limits for all that is in memory at once.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, else as [`IndexedPhoto::from_png_with`].
pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<IndexedPhoto> {
    file::open(path.as_ref(), limits, decode_with)
}

/// Writes the indexed PNG file of a photo, replacing an existing one.
///
/// # Errors
/// [`Error::Unsupported`] when the name does not end in `.png`, [`Error::Io`] when the file cannot be written, else as
/// [`encode`].
pub fn save(photo: &Photo, path: impl AsRef<Path>, options: &EncodeOptions) -> Result<()> {
    let path = path.as_ref();
    if file::extension(path) != "png" {
        let message = "is to be an indexed PNG file: end its name in .png, or write what IndexedPhoto::to_gif gives";
        return Err(Error::Unsupported(format!("{} {message}", file::shown(path))));
    }
    file::write(path, &encode(photo, options)?, Existing::Replace)
}

/// What the front of an indexed PNG file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Rows of the photo.
    pub height: usize,
    /// Columns of the photo.
    pub width: usize,
    /// Colours of the palette.
    pub colors: usize,
    /// Bits of an index: 1, 2, 4 or 8.
    pub bits: u8,
}

/// Reads the front of an indexed PNG file, up to its pixels.
///
/// # Errors
/// As [`IndexedPhoto::from_png_with`], but the pixels are not looked at.
pub fn info(bytes: &[u8], limits: &Limits) -> Result<Info> {
    let reader = open_indexed(bytes, limits, &limits.budget())?;
    let info = reader.info();
    let colors = info.palette.as_ref().map_or(0, |palette| palette.len() / 3);
    Ok(Info { height: info.height as usize, width: info.width as usize, colors, bits: info.bit_depth as u8 })
}
