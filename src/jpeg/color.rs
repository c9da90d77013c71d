//! From the components of a pixel to its colour.

use super::Transform;
use super::markers::{Frame, Notes};
use crate::simd::vectorised;

/// How colours are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// As they are.
    Plain,
    /// Luma and two chroma differences.
    Ycc,
    /// Ink, of which 255 stands for none.
    Inverted,
    /// The same after the transform to luma and chroma, with black beside.
    Ycck,
}

impl Stored {
    /// What the file's notes and the names of its components say, unless the caller knows.
    pub(super) fn of(frame: &Frame, notes: &Notes, transform: Transform) -> Self {
        let names: Vec<u8> = frame.components.iter().map(|component| component.id).collect();
        match (names[..].len(), transform) {
            (_, Transform::None) | (1, _) => Self::Plain,
            (3, Transform::YCbCr) => Self::Ycc,
            (3, Transform::Auto) => match notes.adobe {
                _ if notes.jfif => Self::Ycc,
                Some(0) => Self::Plain,
                None if names == *b"RGB" => Self::Plain,
                _ => Self::Ycc,
            },
            (_, Transform::YCbCr) => Self::Ycck,
            (_, Transform::Auto) => match notes.adobe {
                None | Some(0) => Self::Inverted,
                Some(_) => Self::Ycck,
            },
        }
    }
}

/// A row of pixels from its components' rows, which are at least as long.
pub(super) fn convert(stored: Stored, rows: &[&[u8]], out: &mut [u8]) {
    match (stored, rows) {
        (_, [grey]) => out.copy_from_slice(&grey[..out.len()]),
        (Stored::Ycc, [y, blue, red]) => rgb(y, blue, red, out),
        (Stored::Ycck, [y, blue, red, black]) => ink(y, blue, red, black, out),
        _ => {
            let mask = if stored == Stored::Inverted { 255 } else { 0 };
            for (x, pixel) in out.chunks_exact_mut(rows.len()).enumerate() {
                pixel.iter_mut().zip(rows).for_each(|(sample, row)| *sample = row[x] ^ mask);
            }
        }
    }
}

/// How many pixels are converted before they are stored.
const AT_ONCE: usize = 64;

/// The colours of so many lumas and pairs of chroma differences (ITU-R BT.601, full range), rounded in 2^-16; colour by
/// colour, and for as many pixels as all three arrays have.
#[inline(always)]
fn colors(y: &[u8], blue: &[u8], red: &[u8]) -> [[u8; AT_ONCE]; 3] {
    let mut colors = [[0; AT_ONCE]; 3];
    let [r, g, b] = &mut colors;
    let clamp = |level: i16| level.clamp(0, 255) as u8;
    // Factors that 16 bits have no room for lose a whole number, which is added by itself. Half of what twice the
    // product gives is the product rounded.
    let rounded = |chroma: i16, factor: i16| (((i32::from(2 * chroma) * i32::from(factor)) >> 16) as i16 + 1) >> 1;
    let out = r.iter_mut().zip(g).zip(b);
    for ((((r, g), b), &y), (&blue, &red)) in out.zip(y).zip(blue.iter().zip(red)) {
        let (y, blue, red) = (i16::from(y), i16::from(blue) - 128, i16::from(red) - 128);
        // 1.402, 0.34414 and 0.71414, 1.772.
        *r = clamp(y + red + rounded(red, (91_881 - 65_536) as i16));
        let green = i32::from(blue) * -22_554 + i32::from(red) * (65_536 - 46_802);
        *g = clamp(y - red + ((green + (1 << 15)) >> 16) as i16);
        *b = clamp(y + 2 * blue + rounded(blue, (116_130 - 131_072) as i16));
    }
    colors
}

vectorised! {
    fn rgb(y: &[u8], blue: &[u8], red: &[u8], out: &mut [u8]) {
        let planes = y.chunks(AT_ONCE).zip(blue.chunks(AT_ONCE)).zip(red.chunks(AT_ONCE));
        for (out, ((y, blue), red)) in out.chunks_mut(3 * AT_ONCE).zip(planes) {
            let [r, g, b] = colors(y, blue, red);
            let mut pixels = [[0; 3]; AT_ONCE];
            for i in 0..AT_ONCE {
                pixels[i] = [r[i], g[i], b[i]];
            }
            out.copy_from_slice(&pixels.as_flattened()[..out.len()]);
        }
    }

    fn ink(y: &[u8], blue: &[u8], red: &[u8], black: &[u8], out: &mut [u8]) {
        let planes = y.chunks(AT_ONCE).zip(blue.chunks(AT_ONCE)).zip(red.chunks(AT_ONCE)).zip(black.chunks(AT_ONCE));
        for (out, (((y, blue), red), black)) in out.chunks_mut(4 * AT_ONCE).zip(planes) {
            // The colour is that of the light which the ink leaves. The file holds the ink inverted, and so as it is.
            let [r, g, b] = colors(y, blue, red);
            for ((((pixel, r), g), b), &black) in out.chunks_exact_mut(4).zip(r).zip(g).zip(b).zip(black) {
                pixel.copy_from_slice(&[r, g, b, 255 - black]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_within_a_level_of_the_real_transform() {
        for y in (0..=255).step_by(15) {
            for blue in (0..=255).step_by(5) {
                for red in (0..=255).step_by(5) {
                    let (luma, b, r) = (f64::from(y), f64::from(blue) - 128.0, f64::from(red) - 128.0);
                    let exact = [luma + 1.402 * r, luma - 0.344_136 * b - 0.714_136 * r, luma + 1.772 * b];
                    let mut ours = [0; 3];
                    rgb(&[y], &[blue], &[red], &mut ours);
                    for (ours, exact) in ours.into_iter().zip(exact) {
                        assert!((f64::from(ours) - exact.clamp(0.0, 255.0)).abs() < 0.51);
                    }
                }
            }
        }
    }
}
