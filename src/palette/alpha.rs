//! Palettes of photos with transparency.

use super::{ColorHistogram, IndexedPhoto, MAX_COLORS, Palette, PaletteOptions, QuantizeOptions};
use crate::error::{Error, Result};
use crate::photo::Photo;
use ndarray::Array2;

/// Which pixels become transparent: those of which less than half is to be seen, in a picture that has clear ones, and
/// so an outline. A picture none of whose pixels is clear stays whole, over white.
fn hidden_pixels(opacity: &Array2<u8>) -> Option<Array2<bool>> {
    opacity.iter().any(|&alpha| alpha == 0).then(|| opacity.mapv(|alpha| alpha < 128))
}

/// What becomes of pixels that are neither opaque nor clear, in a line; `None` where there are none.
pub fn half_transparent_note(opacity: &Array2<u8>) -> Option<&'static str> {
    let any = opacity.iter().any(|alpha| !matches!(alpha, 0 | 255));
    any.then(|| match hidden_pixels(opacity) {
        Some(_) => "half transparent pixels were laid over white, or left out where less than half was to be seen",
        None => "half transparent pixels were laid over white",
    })
}

/// Fits a palette to a photo and gives every pixel its index; hidden ones become transparent: those of which less than
/// half is to be seen, in a picture that has clear ones.
///
/// `opacity` has shape (height, width), dtype u8, from 0 to 255: what
/// [`Photo::decode_with_opacity`](crate::Photo::decode_with_opacity) gives. A hidden pixel counts nothing for the
/// palette and takes an entry of its own, one of the colours asked for; all others are opaque. Where none is hidden
/// this is [`Palette::fit`] and [`Palette::quantize_with`].
///
/// # Errors
/// As [`Palette::fit`] and [`Palette::quantize_with`]. With transparent pixels also [`Error::Conflict`] for
/// [`PaletteOptions::sample`], [`Error::OutOfRange`] for less than two colours, and [`Error::ShapeMismatch`] when
/// `opacity` has another shape.
pub fn fit_with_opacity(
    photo: &Photo,
    opacity: Option<&Array2<u8>>,
    fitting: &PaletteOptions,
    quantizing: &QuantizeOptions,
) -> Result<IndexedPhoto> {
    let Some(hidden) = opacity.and_then(hidden_pixels) else {
        return match *quantizing == QuantizeOptions::new() {
            true => IndexedPhoto::fit(photo, fitting),
            false => Palette::fit(photo, fitting)?.quantize_with(photo, quantizing),
        };
    };
    if fitting.sample.is_some() {
        return Err(Error::Conflict("sample is for photos without transparency".into()));
    }
    let colors = fitting.colors;
    if !(2..=MAX_COLORS).contains(&colors) {
        let expected = format!("from 2 to {MAX_COLORS} with transparency, which takes one");
        return Err(Error::out_of_range("colors", colors, expected));
    }
    let mut histogram = ColorHistogram::new();
    histogram.add_weighted(photo, hidden.mapv(|hidden| u16::from(!hidden)).view())?;
    let palette = match histogram.distinct() {
        0 => Palette::from_colors(&[[255; 3]])?,
        _ => Palette::of_histogram(&histogram, &fitting.clone().colors(colors - 1))?,
    };
    palette.quantize_with(photo, quantizing)?.with_transparent(hidden.view())
}
