//! What files say of their colours, and the way to sRGB.

use crate::error::Result;
use crate::limits::Budget;
use moxcms::{
    BarycentricWeightScale, Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile,
    DataColorSpace, InterpolationMethod, Layout, LutStore, LutType, LutWarehouse, MatrixCoefficients, ParsingOptions,
    ProfileVersion, RenderingIntent, ToneReprCurve, TransferCharacteristics, TransformExecutor, TransformOptions,
};
use std::sync::Arc;

/// The longest colour profile that is looked at, in bytes: a few megabytes are the largest of printers.
pub(super) const LONGEST_PROFILE: usize = crate::jpeg::MAX_ICC;

/// What a pixel's colour samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    Grey,
    Rgb,
    /// 0 is no ink.
    Cmyk,
}

impl Model {
    pub(super) fn samples(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// What a file says of its colours.
#[derive(Default)]
pub(super) enum ColorSpace {
    /// Nothing, or sRGB.
    #[default]
    Srgb,
    /// Something that is not understood.
    Unknown,
    /// An ICC profile.
    Icc(Vec<u8>),
    /// The exponent that turns light into samples, such as 0.45455, and the chromaticities of white, red, green and
    /// blue.
    Gamma { exponent: Option<f64>, chromaticities: Option<[[f64; 2]; 4]> },
    /// Code points of ITU-T H.273: primaries, transfer, matrix, full range.
    Cicp([u8; 4]),
}

/// The way to sRGB.
pub(super) enum Profile {
    /// There is nothing to do.
    Srgb,
    /// There is none.
    Unknown,
    /// Through a colour engine.
    Other(Box<ToSrgb>),
}

/// Conversion from one colour space, which is not sRGB.
pub(super) struct ToSrgb {
    profile: ColorProfile,
}

/// White, red, green and blue of sRGB.
const SRGB: [[f64; 2]; 4] = [[0.3127, 0.3290], [0.64, 0.33], [0.30, 0.60], [0.15, 0.06]];

impl ColorSpace {
    /// How the colours of a model become sRGB.
    pub(super) fn profile(&self, model: Model) -> Profile {
        let profile = match self {
            Self::Srgb => return Profile::Srgb,
            Self::Unknown => None,
            Self::Icc(bytes) => parse(bytes, model),
            Self::Gamma { exponent, chromaticities } if model != Model::Cmyk => described(*exponent, *chromaticities),
            Self::Gamma { .. } => None,
            Self::Cicp(points) if model != Model::Cmyk => match cicp(*points) {
                // sRGB's own primaries and curve.
                Some(CicpProfile {
                    color_primaries: CicpColorPrimaries::Bt709,
                    transfer_characteristics: TransferCharacteristics::Srgb,
                    ..
                }) => return Profile::Srgb,
                Some(points) => Some(ColorProfile::new_from_cicp(points)),
                None => None,
            },
            Self::Cicp(_) => None,
        };
        match profile {
            None => Profile::Unknown,
            Some(profile) => {
                let conversion = ToSrgb { profile };
                match conversion.is_srgb(model) {
                    None => Profile::Unknown,
                    Some(true) => Profile::Srgb,
                    Some(false) => Profile::Other(Box::new(conversion)),
                }
            }
        }
    }
}

/// An ICC profile, when it is for such samples.
fn parse(bytes: &[u8], model: Model) -> Option<ColorProfile> {
    let options = ParsingOptions {
        max_profile_size: LONGEST_PROFILE,
        max_allowed_clut_size: LONGEST_PROFILE,
        max_allowed_trc_size: 1 << 16,
    };
    let mut profile = ColorProfile::new_from_slice_with_options(bytes, options).ok()?;
    match (profile.color_space, model) {
        (DataColorSpace::Gray, Model::Grey) if profile.gray_trc.is_some() => return Some(profile),
        // Grey is taken for equal red, green and blue.
        (DataColorSpace::Rgb, Model::Rgb | Model::Grey) | (DataColorSpace::Cmyk, Model::Cmyk) => {}
        _ => return None,
    }
    if profile.pcs == DataColorSpace::Lab && profile.version() < ProfileVersion::V4_0 {
        let luts = [&mut profile.lut_a_to_b_colorimetric, &mut profile.lut_a_to_b_perceptual];
        luts.into_iter().flatten().for_each(widen);
    }
    Some(profile)
}

/// The light, from 0 to 1, that a curve gives a sample from 0 to 1.
fn light(curve: &ToneReprCurve, sample: f64) -> f64 {
    match curve {
        ToneReprCurve::Lut(points) => match points.as_slice() {
            [] => sample,
            // A whole and 256ths.
            &[exponent] => sample.powf(f64::from(exponent) / 256.0),
            points => {
                let place = sample * (points.len() - 1) as f64;
                let before = (place as usize).min(points.len() - 2);
                let [a, b] = [points[before], points[before + 1]].map(f64::from);
                (a + (b - a) * (place - before as f64)) / 65_535.0
            }
        },
        ToneReprCurve::Parametric(numbers) => {
            let number = |place: usize| numbers.get(place).copied().map_or(0.0, f64::from);
            let [exponent, a, b, c, d, e, f] = std::array::from_fn(number);
            let power = |sample: f64| (a * sample + b).max(0.0).powf(exponent);
            match numbers.len() {
                0 | 1 => sample.powf(exponent),
                3 | 4 if a * sample + b < 0.0 => c,
                3 | 4 => power(sample) + c,
                5 if sample < d => c * sample,
                5 => power(sample),
                _ if sample < d => c * sample + f,
                _ => power(sample) + e,
            }
        }
    }
}

/// A grey sample in sRGB, both from 0 to 1.
fn grey_to_srgb(curve: &ToneReprCurve, sample: f64) -> f64 {
    from_light(light(curve, sample))
}

/// The sRGB sample from 0 to 1 of an amount of light; what is outside of that is the nearest within.
pub(super) fn from_light(light: f64) -> f64 {
    let light = light.clamp(0.0, 1.0);
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Gives tables of 8 bits 16. In profiles before version 4 the engine (moxcms 0.8.1) takes the numbers that come of any
/// table for those of 16 bits, of which 0xFF00 is the most, and those of 8 bits begin and end elsewhere.
fn widen(lut: &mut LutWarehouse) {
    let LutWarehouse::Lut(lut) = lut else { return };
    let wide = |store: &mut LutStore, factor: u16| {
        if let LutStore::Store8(bytes) = store {
            *store = LutStore::Store16(bytes.iter().map(|&byte| u16::from(byte) * factor).collect());
        }
    };
    wide(&mut lut.input_table, 257);
    wide(&mut lut.clut_table, 257);
    wide(&mut lut.output_table, 256);
    if lut.lut_type == LutType::Lut8 {
        lut.lut_type = LutType::Lut16;
    }
}

fn described(exponent: Option<f64>, chromaticities: Option<[[f64; 2]; 4]>) -> Option<ColorProfile> {
    // 0.45455 is what is written for sRGB's curve.
    let is_srgb_curve = exponent.is_none_or(|exponent| (exponent - 1.0 / 2.2).abs() < 0.005);
    let [white, red, green, blue] = chromaticities.unwrap_or(SRGB);
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).abs() < 0.002 && (a[1] - b[1]).abs() < 0.002;
    if ![white, red, green, blue].into_iter().zip(SRGB).all(|(a, b)| near(a, b)) {
        let valid = |point: [f64; 2]| point.iter().all(|&part| (0.0..=1.0).contains(&part)) && point[1] > 0.0;
        if ![white, red, green, blue].into_iter().all(valid) {
            return None;
        }
        let at = |[x, y]: [f64; 2]| Chromaticity::new(x as f32, y as f32);
        let primaries = ColorPrimaries { red: at(red), green: at(green), blue: at(blue) };
        profile.update_rgb_colorimetry(at(white).to_xyyb(), primaries);
    }
    if !is_srgb_curve {
        let exponent = exponent.filter(|&exponent| (0.1..=10.0).contains(&exponent))?;
        let curve = Some(ToneReprCurve::Parametric(vec![(1.0 / exponent) as f32]));
        (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    }
    Some(profile)
}

/// Code points of samples that are red, green and blue and use all levels; brightness beyond white has no place in
/// sRGB.
fn cicp([primaries, transfer, matrix, full_range]: [u8; 4]) -> Option<CicpProfile> {
    let profile = CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
        transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
        matrix_coefficients: MatrixCoefficients::try_from(matrix).ok()?,
        full_range: full_range == 1,
    };
    let is_high_range = matches!(
        profile.transfer_characteristics,
        TransferCharacteristics::Smpte2084 | TransferCharacteristics::Hlg | TransferCharacteristics::Unspecified
    );
    let is_known = profile.color_primaries != CicpColorPrimaries::Unspecified;
    (matrix == 0 && full_range == 1 && is_known && !is_high_range).then_some(profile)
}

/// What the engine is given; alpha samples go round it.
fn layout(model: Model) -> Layout {
    match model {
        Model::Grey | Model::Rgb => Layout::Rgb,
        // Of four samples, whatever they are.
        Model::Cmyk => Layout::Rgba,
    }
}

impl ToSrgb {
    /// The relative colorimetric way, or the perceptual one where a profile of tables has no other.
    fn options(&self) -> TransformOptions {
        let has_only_perceptual =
            self.profile.lut_a_to_b_colorimetric.is_none() && self.profile.lut_a_to_b_perceptual.is_some();
        TransformOptions {
            rendering_intent: match has_only_perceptual {
                true => RenderingIntent::Perceptual,
                false => RenderingIntent::RelativeColorimetric,
            },
            allow_use_cicp_transfer: false,
            prefer_fixed_point: false,
            interpolation_method: InterpolationMethod::Tetrahedral,
            // Of four inks at 16 bits the engine's (moxcms 0.8.1) finer weights overflow.
            barycentric_weight_scale: match self.profile.color_space {
                DataColorSpace::Cmyk => BarycentricWeightScale::Low,
                _ => BarycentricWeightScale::High,
            },
        }
    }

    /// The curve of a profile of grey alone, which needs no engine.
    fn curve(&self) -> Option<&ToneReprCurve> {
        self.profile.gray_trc.as_ref().filter(|_| self.profile.color_space == DataColorSpace::Gray)
    }

    /// Whether colours come out as they went in, within a level of 8 bits; `None` when the engine has no way to sRGB.
    fn is_srgb(&self, model: Model) -> Option<bool> {
        if let Some(curve) = self.curve() {
            let far =
                |level: u16| (grey_to_srgb(curve, f64::from(level) / 255.0) * 255.0 - f64::from(level)).abs() > 1.0;
            return Some(!(0..=255).any(far));
        }
        let transform = self.transform_8(model)?;
        if model == Model::Cmyk {
            return Some(false);
        }
        let levels = [0u8, 16, 32, 64, 96, 128, 160, 192, 224, 240, 255];
        let mut colors = Vec::new();
        match model {
            Model::Grey => levels.iter().for_each(|&level| colors.extend([level; 3])),
            Model::Rgb | Model::Cmyk => {
                for red in levels {
                    for green in levels {
                        levels.iter().for_each(|&blue| colors.extend([red, green, blue]));
                    }
                }
            }
        }
        let mut converted = vec![0; colors.len()];
        transform.transform(&colors, &mut converted).ok()?;
        Some(colors.iter().zip(&converted).all(|(&a, &b)| a.abs_diff(b) <= 1))
    }

    fn transform_8(&self, model: Model) -> Option<Arc<dyn TransformExecutor<u8> + Send + Sync>> {
        self.profile.create_transform_8bit(layout(model), &ColorProfile::new_srgb(), Layout::Rgb, self.options()).ok()
    }

    fn transform_16(&self, model: Model) -> Option<Arc<dyn TransformExecutor<u16> + Send + Sync>> {
        self.profile.create_transform_16bit(layout(model), &ColorProfile::new_srgb(), Layout::Rgb, self.options()).ok()
    }

    /// Converts samples in place, CMYK becoming RGB; false when the engine cannot, and nothing has changed.
    pub(super) fn apply_8(
        &self,
        samples: &mut Vec<u8>,
        model: Model,
        has_alpha: bool,
        budget: &mut Budget,
    ) -> Result<bool> {
        if let Some(curve) = self.curve() {
            let table: Vec<u8> = (0..=255u8)
                .map(|level| (grey_to_srgb(curve, f64::from(level) / 255.0) * 255.0).round() as u8)
                .collect();
            let greys = samples.iter_mut().step_by(1 + usize::from(has_alpha));
            greys.for_each(|level| *level = table[usize::from(*level)]);
            return Ok(true);
        }
        let Some(transform) = self.transform_8(model) else { return Ok(false) };
        self.apply(&*transform, samples, model, has_alpha, budget)
    }

    /// As [`ToSrgb::apply_8`] for samples of 16 bits.
    pub(super) fn apply_16(
        &self,
        samples: &mut Vec<u16>,
        model: Model,
        has_alpha: bool,
        budget: &mut Budget,
    ) -> Result<bool> {
        if let Some(curve) = self.curve() {
            let greys = samples.iter_mut().step_by(1 + usize::from(has_alpha));
            greys.for_each(|level| {
                *level = (grey_to_srgb(curve, f64::from(*level) / 65_535.0) * 65_535.0).round() as u16
            });
            return Ok(true);
        }
        let Some(transform) = self.transform_16(model) else { return Ok(false) };
        self.apply(&*transform, samples, model, has_alpha, budget)
    }

    fn apply<T: Copy + Default>(
        &self,
        transform: &dyn TransformExecutor<T>,
        samples: &mut Vec<T>,
        model: Model,
        has_alpha: bool,
        budget: &mut Budget,
    ) -> Result<bool> {
        const PIXELS: usize = 4096;
        // What a stretch of pixels takes besides.
        budget.take((PIXELS * 8 * size_of::<T>()) as u64)?;
        let extra = usize::from(has_alpha);
        let from = model.samples() + extra;
        let to = from.min(3 + extra);
        let pixels = samples.len() / from;
        // Grey is spread to three equal samples.
        let spread = model == Model::Grey;
        let mut colors = Vec::with_capacity(PIXELS * 4);
        let mut converted = [T::default(); PIXELS * 3];
        for start in (0..pixels).step_by(PIXELS) {
            let stretch = start..(start + PIXELS).min(pixels);
            colors.clear();
            for pixel in samples[stretch.start * from..stretch.end * from].chunks_exact(from) {
                match spread {
                    true => colors.extend([pixel[0]; 3]),
                    false => colors.extend_from_slice(&pixel[..from - extra]),
                }
            }
            let converted = &mut converted[..3 * stretch.len()];
            if transform.transform(&colors, converted).is_err() {
                return Ok(false);
            }
            for (pixel, color) in stretch.zip(converted.chunks_exact(3)) {
                let alpha = samples[pixel * from + from - 1];
                match spread {
                    // Green, of three that are the same but for rounding.
                    true => samples[pixel * to] = color[1],
                    false => samples[pixel * to..][..3].copy_from_slice(color),
                }
                if has_alpha {
                    samples[pixel * to + to - 1] = alpha;
                }
            }
        }
        samples.truncate(pixels * to);
        Ok(true)
    }
}
