//! A picture as its file has it, and its way to a [`Photo`](super::Photo).

use super::color::{ColorSpace, Model, Profile};
use super::conversion::Conversion;
use super::{Opened, Photo};
use crate::error::{Error, Result};
use crate::limits::Budget;
use ndarray::Array2;

/// What becomes of the sample behind the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    None,
    /// Opacity beside full colours.
    Straight,
    /// Opacity with which the colours have been multiplied.
    Associated,
}

/// Samples in the order (row, column, sample).
pub(super) enum Samples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

impl Samples {
    /// What they take in memory.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Eight(samples) => samples.len() as u64,
            Self::Sixteen(samples) => 2 * samples.len() as u64,
        }
    }
}

pub(super) struct Picture {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) model: Model,
    pub(super) alpha: Alpha,
    pub(super) samples: Samples,
    pub(super) color: ColorSpace,
    /// From 1 to 8, as EXIF numbers them; others change nothing.
    pub(super) orientation: u64,
    pub(super) conversion: Conversion,
}

impl Picture {
    /// Converts the colours to sRGB, lays transparency over white, rounds to 8 bits and turns the picture.
    pub(super) fn finish(mut self, budget: &mut Budget) -> Result<Opened> {
        if self.alpha == Alpha::Associated {
            self.divide_out(budget)?;
        }
        self.convert_to_srgb(budget)?;
        let has_alpha = self.alpha != Alpha::None;
        let channels = if self.model == Model::Grey { 1 } else { 3 };
        let mut opacity = None;
        let samples = match (self.samples, has_alpha) {
            (Samples::Eight(samples), false) => samples,
            (Samples::Eight(samples), true) => {
                let wide = samples.chunks_exact(channels + 1);
                let (colors, alphas) = lay_over_white(wide, |sample| u64::from(sample) * 257, channels, budget)?;
                opacity = Some(alphas);
                colors
            }
            (Samples::Sixteen(samples), false) => {
                let mut rounded = budget.zeroed::<u8>(samples.len())?;
                rounded.iter_mut().zip(&samples).for_each(|(to, &from)| *to = over_white(from.into(), FULL));
                rounded
            }
            (Samples::Sixteen(samples), true) => {
                let wide = samples.chunks_exact(channels + 1);
                let (colors, alphas) = lay_over_white(wide, u64::from, channels, budget)?;
                opacity = Some(alphas);
                colors
            }
        };
        // An alpha channel that hides nothing is none.
        let opacity = opacity.filter(|alphas| alphas.iter().any(|&alpha| alpha != u8::MAX));
        self.conversion.alpha_flattened = opacity.is_some();
        let (height, width) = (self.height, self.width);
        let turned = matches!(self.orientation, 2..=8);
        let mut turn = |samples: Vec<u8>, channels| match turned {
            true => turn(self.orientation, height, width, channels, &samples, budget),
            false => Ok(samples),
        };
        let samples = turn(samples, channels)?;
        let opacity = opacity.map(|alphas| turn(alphas, 1)).transpose()?;
        let (height, width) = if self.orientation >= 5 && turned { (width, height) } else { (height, width) };
        Ok(Opened {
            photo: Photo::from_samples(height, width, channels, samples)?,
            conversion: self.conversion,
            opacity: opacity
                .map(|alphas| Array2::from_shape_vec((height, width), alphas).expect("an opacity for each pixel")),
        })
    }

    /// Undoes the multiplication of colours by their opacity, in 16 bits, so that nothing is lost of what is left.
    fn divide_out(&mut self, budget: &mut Budget) -> Result<()> {
        if let Samples::Eight(samples) = &self.samples {
            let mut wide = budget.zeroed::<u16>(samples.len())?;
            wide.iter_mut().zip(samples).for_each(|(to, &from)| *to = u16::from(from) * 257);
            budget.give_back(samples.len() as u64);
            self.samples = Samples::Sixteen(wide);
        }
        let Samples::Sixteen(samples) = &mut self.samples else { unreachable!("just widened") };
        for pixel in samples.chunks_exact_mut(self.model.samples() + 1) {
            let (alpha, colors) = pixel.split_last_mut().expect("a pixel has an alpha sample");
            for color in colors {
                let full = u64::from(*color) * FULL;
                *color = (full + u64::from(*alpha) / 2).checked_div((*alpha).into()).unwrap_or(0).min(FULL) as u16;
            }
        }
        self.alpha = Alpha::Straight;
        Ok(())
    }

    /// Applies what the file says of its colours; without a profile inks are taken for ideal ones.
    fn convert_to_srgb(&mut self, budget: &mut Budget) -> Result<()> {
        let has_alpha = self.alpha != Alpha::None;
        match self.color.profile(self.model) {
            Profile::Srgb if self.model == Model::Cmyk => {}
            Profile::Srgb => return Ok(()),
            Profile::Unknown => {
                self.conversion.color_ignored = true;
                if self.model != Model::Cmyk {
                    return Ok(());
                }
            }
            Profile::Other(profile) => {
                let applied = match &mut self.samples {
                    Samples::Eight(samples) => profile.apply_8(samples, self.model, has_alpha, budget),
                    Samples::Sixteen(samples) => profile.apply_16(samples, self.model, has_alpha, budget),
                }?;
                if applied {
                    self.conversion.color_converted = true;
                    if self.model == Model::Cmyk {
                        self.model = Model::Rgb;
                    }
                    return Ok(());
                }
                self.conversion.color_ignored = true;
                if self.model != Model::Cmyk {
                    return Ok(());
                }
            }
        }
        match &mut self.samples {
            Samples::Eight(samples) => ideal_inks(samples, has_alpha, 255, u64::from, |level| level as u8),
            Samples::Sixteen(samples) => ideal_inks(samples, has_alpha, FULL, u64::from, |level| level as u16),
        }
        self.model = Model::Rgb;
        self.conversion.color_converted = true;
        Ok(())
    }
}

/// Cyan takes red, magenta green, yellow blue, and black takes all three.
fn ideal_inks<T: Copy>(
    samples: &mut Vec<T>,
    has_alpha: bool,
    full: u64,
    number: impl Fn(T) -> u64,
    sample: impl Fn(u64) -> T,
) {
    let (from, to) = (4 + usize::from(has_alpha), 3 + usize::from(has_alpha));
    let pixels = samples.len() / from;
    for pixel in 0..pixels {
        let inks = &samples[pixel * from..][..from];
        let black = number(inks[3]);
        let light = |ink: T| sample(((full - number(ink)) * (full - black) + full / 2) / full);
        let (colors, alpha) = ([light(inks[0]), light(inks[1]), light(inks[2])], inks[from - 1]);
        samples[pixel * to..][..3].copy_from_slice(&colors);
        if has_alpha {
            samples[pixel * to + 3] = alpha;
        }
    }
    samples.truncate(pixels * to);
}

const FULL: u64 = u16::MAX as u64;

/// A sample of 16 bits laid over white and rounded to 8.
fn over_white(sample: u64, alpha: u64) -> u8 {
    let blended = sample * alpha + FULL * (FULL - alpha);
    ((blended * 255 + FULL * FULL / 2) / (FULL * FULL)) as u8
}

/// The colours laid over white, and the opacities.
fn lay_over_white<'a, T: Copy + 'a>(
    pixels: impl ExactSizeIterator<Item = &'a [T]>,
    wide: impl Fn(T) -> u64,
    channels: usize,
    budget: &mut Budget,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut colors = budget.zeroed::<u8>(pixels.len() * channels)?;
    let mut alphas = budget.zeroed::<u8>(pixels.len())?;
    for ((pixel, color), opacity) in pixels.zip(colors.chunks_exact_mut(channels)).zip(&mut alphas) {
        let alpha = wide(pixel[channels]);
        *opacity = (alpha >> 8) as u8;
        for (color, &sample) in color.iter_mut().zip(pixel) {
            *color = over_white(wide(sample), alpha);
        }
    }
    Ok((colors, alphas))
}

/// The samples of a picture turned or mirrored so that it stands upright.
fn turn(
    orientation: u64,
    height: usize,
    width: usize,
    channels: usize,
    samples: &[u8],
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    let columns = if orientation >= 5 { height } else { width };
    let from = |y: usize, x: usize| match orientation {
        2 => (y, width - 1 - x),
        3 => (height - 1 - y, width - 1 - x),
        4 => (height - 1 - y, x),
        5 => (x, y),
        6 => (height - 1 - x, y),
        7 => (height - 1 - x, width - 1 - y),
        _ => (x, width - 1 - y),
    };
    let mut turned = budget.zeroed::<u8>(samples.len())?;
    for (place, pixel) in turned.chunks_exact_mut(channels).enumerate() {
        let (y, x) = from(place / columns, place % columns);
        pixel.copy_from_slice(&samples[(y * width + x) * channels..][..channels]);
    }
    budget.give_back(samples.len() as u64);
    Ok(turned)
}

/// Samples of a few bits scaled to all levels of 8 bits, or of up to 16 to those of 16.
pub(super) fn scale(value: u16, bits: usize, full: u32) -> u16 {
    let most = (1u32 << bits) - 1;
    ((u32::from(value) * full + most / 2) / most) as u16
}

/// The number of bytes that samples take, checked against the limits before anything is allocated.
pub(super) fn checked(height: usize, width: usize, samples: usize) -> Result<usize> {
    height.checked_mul(width).and_then(|pixels| pixels.checked_mul(samples)).ok_or(Error::TooLarge {
        what: "bytes",
        found: u64::MAX,
        limit: usize::MAX as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blending_keeps_the_ends_and_rounds() {
        assert_eq!(over_white(0, 65_535), 0);
        assert_eq!(over_white(65_535, 65_535), 255);
        assert_eq!(over_white(0, 0), 255);
        assert_eq!(over_white(0, 32_768), 127);
        assert_eq!(over_white(128 * 257, 65_535), 128);
        assert_eq!(over_white(128 * 257 + 129, 65_535), 129);
    }

    #[test]
    fn turning_keeps_every_sample_and_comes_back() {
        let samples: Vec<u8> = (0..24).collect();
        let mut budget = crate::limits::Limits::new().budget();
        for orientation in 2..=8 {
            let turned = turn(orientation, 2, 4, 3, &samples, &mut budget).unwrap();
            let (height, width) = if orientation >= 5 { (4, 2) } else { (2, 4) };
            // A quarter to the right undoes one to the left; every other is its own inverse.
            let back = match orientation {
                6 => 8,
                8 => 6,
                other => other,
            };
            assert_ne!(turned, samples);
            let again = turn(back, height, width, 3, &turned, &mut budget).unwrap();
            assert_eq!(again, samples, "{orientation}");
        }
    }

    #[test]
    fn few_bits_reach_both_ends() {
        assert_eq!([0, 1, 2, 3].map(|value| scale(value, 2, 255)), [0, 85, 170, 255]);
        assert_eq!((scale(4095, 12, 65_535), scale(0, 12, 65_535)), (65_535, 0));
    }
}
