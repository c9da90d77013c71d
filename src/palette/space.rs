//! The spaces in which colours are compared.

use crate::photo::LINEAR;
use crate::words::words;

/// The space in which distances between colours are squared and summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Space {
    /// 8-bit sRGB samples, which mean squared error and PSNR are counted in.
    #[default]
    Srgb,
    /// Oklab, made so that equal distances look equally large (Björn Ottosson, 2020). Greys and skin keep more of the
    /// palette, at a higher error in sRGB.
    Oklab,
}

impl Space {
    /// The coordinates of a colour: red, green and blue from 0 to 255, or L, a and b times 255.
    #[inline(always)]
    pub(super) fn coordinates(self, color: [u8; 3]) -> [f32; 3] {
        match self {
            Self::Srgb => color.map(f32::from),
            Self::Oklab => oklab(color.map(|sample| LINEAR[usize::from(sample)])).map(|value| value * SCALE),
        }
    }

    /// The colour of coordinates, in 8-bit levels, not rounded; those outside sRGB are clamped.
    pub(super) fn color(self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        match self {
            Self::Srgb => [x, y, z].map(|value| value.clamp(0.0, 255.0)),
            Self::Oklab => {
                let color = linear_srgb([x, y, z].map(|value| value / f64::from(SCALE))).map(|value| {
                    let value = value.clamp(0.0, 1.0);
                    255.0 * if value <= 0.003_130_8 { 12.92 * value } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
                });
                let [r, g, b] = color;
                let mean = (r + g + b) / 3.0;
                // What is grey but for the rounding of coordinates is grey.
                if color.iter().all(|value| (value - mean).abs() < 0.01) { [mean; 3] } else { color }
            }
        }
    }
}

words!(Space, "space", "srgb or oklab", {
    Srgb => "srgb",
    Oklab => "oklab",
});

/// Oklab's coordinates go from 0 to 1; times this they are as large as those of sRGB.
const SCALE: f32 = 255.0;

/// Oklab of linear sRGB, as its author gives it: light to cone responses, their cube roots, and the opponent axes.
#[inline(always)]
fn oklab([r, g, b]: [f32; 3]) -> [f32; 3] {
    let l = cube_root(0.412_221_47 * r + 0.536_332_55 * g + 0.051_445_995 * b);
    let m = cube_root(0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b);
    let s = cube_root(0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b);
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn linear_srgb([lightness, a, b]: [f64; 3]) -> [f64; 3] {
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ]
}

/// The cube root of a number from 0 to 1 by a guess from its exponent and two steps of Halley's method: the same bits
/// on every machine, which the system's own does not promise, and in vector code.
#[inline(always)]
fn cube_root(x: f32) -> f32 {
    let guess = f32::from_bits(x.to_bits() / 3 + 0x2a51_4067);
    let step = |y: f32| {
        let cube = y * y * y;
        y * (cube + x + x) / (cube + cube + x)
    };
    let root = step(step(guess));
    if x > 0.0 { root } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_roots() {
        for i in 0..=100_000 {
            let x = i as f32 / 100_000.0;
            assert!((cube_root(x) - x.cbrt()).abs() <= 3e-7, "{x}");
        }
    }

    #[test]
    fn oklab_has_its_authors_values_and_comes_back() {
        // White, and sRGB's red, green and blue.
        let known = [
            ([255, 255, 255], [1.0, 0.0, 0.0]),
            ([255, 0, 0], [0.627_955, 0.224_863, 0.125_846]),
            ([0, 255, 0], [0.866_440, -0.233_888, 0.179_498]),
            ([0, 0, 255], [0.452_014, -0.032_457, -0.311_528]),
        ];
        for (color, expected) in known {
            let found = Space::Oklab.coordinates(color);
            for (found, expected) in found.into_iter().zip(expected) {
                assert!((found / SCALE - expected).abs() < 2e-5, "{color:?}: {found}, {expected}");
            }
        }
        for code in (0..1 << 24).step_by(997) {
            let color = [code >> 16, code >> 8, code].map(|sample| sample as u8);
            for space in [Space::Srgb, Space::Oklab] {
                let back = space.color(space.coordinates(color).map(f64::from));
                let error = back.into_iter().zip(color).map(|(back, sample)| (back - f64::from(sample)).abs());
                assert!(error.fold(0.0, f64::max) < 0.1, "{space}: {color:?} {back:?}");
            }
        }
    }
}
