//! TIFF pictures: what the stored numbers of a page mean.

use super::color::{ColorSpace, LONGEST_PROFILE, Model, from_light};
use super::conversion::Conversion;
use super::picture::{Alpha, Picture, Samples, checked, scale};
use crate::error::{Error, Result};
use crate::limits::{Budget, Limits};
use crate::tiff::{Directory, FORMAT, Page, SampleFormat, Tiff, photometric, tag};
use std::io::Cursor;

pub(super) fn read(bytes: &[u8], limits: &Limits, budget: &mut Budget) -> Result<Picture> {
    let mut source = Cursor::new(bytes);
    let mut tiff = Tiff::open(&mut source)?;
    let Some(directory) = tiff.main_directory()? else {
        return Err(Error::malformed(FORMAT, "it has no page"));
    };
    let page = Page::new(&mut tiff, &directory, budget)?;
    limits.check_pixels(page.height, page.width)?;
    let kind = Kind::of(&page, tiff.value(&directory, tag::INK_SET)?)?;
    let mut samples = kind.samples(&page, &mut tiff, budget)?;
    let model = kind.model();
    match kind {
        Kind::Palette => apply_palette(&mut samples, &page, &mut tiff, &directory, budget)?,
        Kind::WhiteIsZero => invert(&mut samples, &page),
        Kind::YCbCr => to_rgb(&mut samples, &page, &mut tiff, &directory)?,
        Kind::Lab => {
            let rgb = lab_to_rgb(&samples, &page, budget)?;
            budget.give_back(samples.bytes());
            samples = rgb;
        }
        Kind::BlackIsZero | Kind::Rgb | Kind::Cmyk => {}
    }
    if !matches!(kind, Kind::Palette | Kind::Lab) {
        spread_bits(&mut samples, page.bits);
    }
    let stored_colors = if kind == Kind::Palette { 1 } else { model.samples() };
    let (alpha, samples_left_out) = keep_alpha(&mut samples, &page, model.samples(), stored_colors);
    let color = match kind {
        Kind::Lab => ColorSpace::Srgb,
        _ => color_space(&mut tiff, &directory)?,
    };
    // A tag of an odd type is no reason not to show a picture.
    let orientation = tiff.value(&directory, tag::ORIENTATION).ok().flatten().unwrap_or(1);
    // A chain that is damaged behind the first page has no second.
    let first_of_several = matches!(tiff.main_directory(), Ok(Some(_)));
    Ok(Picture {
        height: page.height,
        width: page.width,
        model,
        alpha,
        samples,
        color,
        orientation,
        conversion: Conversion {
            depth_reduced: page.bits > 8,
            first_of_several,
            samples_left_out,
            color_converted: kind == Kind::Lab,
            ..Conversion::default()
        },
    })
}

/// What the numbers of a page are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
    Lab,
}

impl Kind {
    fn of(page: &Page, ink_set: Option<u64>) -> Result<Self> {
        let refused = |what: &str| Err(Error::Unsupported(format!("a TIFF picture {what} is not supported")));
        match page.format {
            SampleFormat::Float => return refused(&format!("with floating-point samples of {} bits", page.bits)),
            SampleFormat::Complex => return refused(&format!("with complex samples of {} bits", page.bits)),
            SampleFormat::Signed => return refused(&format!("with signed samples of {} bits", page.bits)),
            SampleFormat::Unsigned if page.bits > 16 => {
                return refused(&format!("with whole numbers of {} bits", page.bits));
            }
            SampleFormat::Unsigned => {}
        }
        if page.depth > 1 {
            return refused("of several slices a page");
        }
        let kind = match page.photometric {
            photometric::WHITE_IS_ZERO => Self::WhiteIsZero,
            photometric::BLACK_IS_ZERO => Self::BlackIsZero,
            photometric::RGB => Self::Rgb,
            photometric::PALETTE if page.bits <= 8 => Self::Palette,
            photometric::PALETTE => return refused("with a palette of more than 256 colours"),
            photometric::CMYK if matches!(ink_set, None | Some(1)) => Self::Cmyk,
            photometric::CMYK => return refused("of other inks than CMYK"),
            photometric::YCBCR if page.jpeg_gives_rgb => Self::Rgb,
            photometric::YCBCR if page.bits == 8 => Self::YCbCr,
            photometric::YCBCR => return refused("of YCbCr of other than 8 bits"),
            photometric::LAB if matches!(page.bits, 8 | 16) => Self::Lab,
            photometric::LAB | photometric::ICC_LAB | photometric::ITU_LAB => {
                return refused("in CIELAB of this kind");
            }
            photometric::MASK => return refused("that is a mask"),
            photometric::CFA => return refused("of a sensor's colour filter"),
            photometric::LOG_L | photometric::LOG_LUV => return refused("of logarithmic light"),
            other => return refused(&format!("of the photometric interpretation {other}")),
        };
        if page.samples < kind.model().samples() && kind != Self::Palette {
            let message = format!("its pixels have {} samples, too few for their colours", page.samples);
            return Err(Error::malformed(FORMAT, message));
        }
        Ok(kind)
    }

    fn model(self) -> Model {
        match self {
            Self::WhiteIsZero | Self::BlackIsZero => Model::Grey,
            Self::Rgb | Self::Palette | Self::YCbCr | Self::Lab => Model::Rgb,
            Self::Cmyk => Model::Cmyk,
        }
    }

    /// The stored numbers, all samples of each pixel.
    fn samples(self, page: &Page, tiff: &mut Tiff, budget: &mut Budget) -> Result<Samples> {
        let len = checked(page.height, page.width, page.samples)?;
        Ok(match page.sample_bytes() {
            1 => {
                let mut samples = budget.zeroed::<u8>(len)?;
                page.read(tiff, &mut samples, budget)?;
                Samples::Eight(samples)
            }
            _ => {
                let mut samples = budget.zeroed::<u16>(len)?;
                page.read(tiff, bytemuck::cast_slice_mut(&mut samples), budget)?;
                Samples::Sixteen(samples)
            }
        })
    }
}

fn invert(samples: &mut Samples, page: &Page) {
    let most = (1u32 << page.bits) - 1;
    // Of grey alone; an alpha sample behind it stays.
    match samples {
        Samples::Eight(samples) => {
            samples.iter_mut().step_by(page.samples).for_each(|sample| *sample = most as u8 - *sample);
        }
        Samples::Sixteen(samples) => {
            samples.iter_mut().step_by(page.samples).for_each(|sample| *sample = most as u16 - *sample);
        }
    }
}

/// Scales samples of other than 8 or 16 bits to these.
fn spread_bits(samples: &mut Samples, bits: usize) {
    match samples {
        Samples::Eight(samples) if bits < 8 => {
            samples.iter_mut().for_each(|sample| *sample = scale((*sample).into(), bits, 255) as u8);
        }
        Samples::Sixteen(samples) if bits < 16 => {
            samples.iter_mut().for_each(|sample| *sample = scale(*sample, bits, 65_535));
        }
        _ => {}
    }
}

fn apply_palette(
    samples: &mut Samples,
    page: &Page,
    tiff: &mut Tiff,
    directory: &Directory,
    budget: &mut Budget,
) -> Result<()> {
    let map = tiff.numbers(directory, tag::COLOR_MAP)?.unwrap_or_default();
    let colors = 1 << page.bits;
    if map.len() < 3 * colors {
        let message = format!("its palette has {} numbers, and {} are needed", map.len(), 3 * colors);
        return Err(directory.malformed(message));
    }
    // Some writers put levels of 8 bits where 16 belong.
    let shift = if map.iter().any(|&level| level > 255) { 8 } else { 0 };
    let Samples::Eight(indices) = samples else { unreachable!("a palette's indices have at most 8 bits") };
    let others = page.samples - 1;
    let mut rgb = budget.zeroed::<u8>(checked(page.height, page.width, 3 + others)?)?;
    for (color, pixel) in rgb.chunks_exact_mut(3 + others).zip(indices.chunks_exact(page.samples)) {
        for (channel, level) in color[..3].iter_mut().enumerate() {
            *level = (map[channel * colors + usize::from(pixel[0])] >> shift) as u8;
        }
        for (sample, &stored) in color[3..].iter_mut().zip(&pixel[1..]) {
            *sample = scale(stored.into(), page.bits, 255) as u8;
        }
    }
    budget.give_back(indices.len() as u64);
    *indices = rgb;
    Ok(())
}

/// YCbCr to RGB, by the file's coefficients and its levels of black and white.
fn to_rgb(samples: &mut Samples, page: &Page, tiff: &mut Tiff, directory: &Directory) -> Result<()> {
    let Samples::Eight(samples) = samples else { unreachable!("YCbCr has 8 bits") };
    let weights = tiff.fractions(directory, tag::YCBCR_COEFFICIENTS)?;
    let [red, green, blue] = match weights.as_deref() {
        Some(&[red, green, blue, ..]) if green > 0.0 => [red, green, blue],
        _ => [0.299, 0.587, 0.114],
    };
    let range = tiff.fractions(directory, tag::REFERENCE_BLACK_WHITE)?;
    let range = match range.as_deref() {
        Some(&[a, b, c, d, e, f, ..]) if b > a && d > c && f > e => [a, b, c, d, e, f],
        _ => [0.0, 255.0, 128.0, 255.0, 128.0, 255.0],
    };
    for pixel in samples.chunks_exact_mut(page.samples) {
        let [y, cb, cr] = [0, 1, 2].map(|part| {
            let (black, white) = (range[2 * part], range[2 * part + 1]);
            (f64::from(pixel[part]) - black) * if part == 0 { 255.0 } else { 127.0 } / (white - black)
        });
        let (r, b) = (y + cr * (2.0 - 2.0 * red), y + cb * (2.0 - 2.0 * blue));
        let g = (y - blue * b - red * r) / green;
        pixel[..3].copy_from_slice(&[r, g, b].map(|level| level.round() as u8));
    }
    Ok(())
}

/// CIELAB under the light of D50 to sRGB of 16 bits; other samples of a pixel are scaled alike.
fn lab_to_rgb(samples: &Samples, page: &Page, budget: &mut Budget) -> Result<Samples> {
    let mut rgb = budget.zeroed::<u16>(checked(page.height, page.width, page.samples)?)?;
    let one = |pixel: &[u16], out: &mut [u16]| {
        // Lightness has no sign, the two colours have.
        let [a, b] = [pixel[1], pixel[2]].map(|sample| f64::from(sample as i16) / 256.0);
        out[..3].copy_from_slice(&lab(f64::from(pixel[0]) / 655.35, a, b).map(|part| (part * 65_535.0).round() as u16));
        out[3..].copy_from_slice(&pixel[3..]);
    };
    let pixels = rgb.chunks_exact_mut(page.samples);
    match samples {
        Samples::Sixteen(samples) => {
            samples.chunks_exact(page.samples).zip(pixels).for_each(|(pixel, out)| one(pixel, out));
        }
        Samples::Eight(samples) => {
            let mut wide = vec![0; page.samples];
            for (pixel, out) in samples.chunks_exact(page.samples).zip(pixels) {
                wide.iter_mut().zip(pixel).for_each(|(wide, &sample)| *wide = u16::from(sample) * 257);
                wide[1..3].iter_mut().zip(&pixel[1..3]).for_each(|(wide, &sample)| *wide = u16::from(sample) << 8);
                one(&wide, out);
            }
        }
    }
    Ok(Samples::Sixteen(rgb))
}

/// A colour of CIELAB in sRGB, from 0 to 1.
fn lab(lightness: f64, a: f64, b: f64) -> [f64; 3] {
    let y = (lightness + 16.0) / 116.0;
    let cube = |t: f64| if t > 6.0 / 29.0 { t * t * t } else { 3.0 * (6.0f64 / 29.0).powi(2) * (t - 4.0 / 29.0) };
    let xyz = [0.9642 * cube(y + a / 500.0), cube(y), 0.8249 * cube(y - b / 200.0)];
    // From D50 to linear sRGB, with Bradford's adaptation to D65.
    let rows =
        [[3.133_856, -1.616_867, -0.490_615], [-0.978_768, 1.916_141, 0.033_454], [0.071_945, -0.228_991, 1.405_243]];
    rows.map(|row| {
        let light: f64 = row.iter().zip(xyz).map(|(factor, part)| factor * part).sum();
        from_light(light)
    })
}

/// Leaves colours and at most one alpha sample of each pixel, of which so many samples were colours in the file; which
/// kind of alpha that is, and whether other samples were left out.
fn keep_alpha(samples: &mut Samples, page: &Page, colors: usize, stored_colors: usize) -> (Alpha, bool) {
    let extras = page.samples - stored_colors;
    let alpha = match page.extra_samples.as_slice() {
        // Nobody says what the one sample more is: opacity, as with most programs.
        [] if extras == 1 => Some(0),
        kinds => kinds.iter().take(extras).position(|&kind| matches!(kind, 1 | 2)),
    };
    if extras > usize::from(alpha.is_some()) {
        match samples {
            Samples::Eight(samples) => compact(samples, colors + extras, colors, alpha),
            Samples::Sixteen(samples) => compact(samples, colors + extras, colors, alpha),
        }
    }
    let kind = match alpha.map(|place| page.extra_samples.get(place)) {
        Some(Some(1)) => Alpha::Associated,
        Some(_) => Alpha::Straight,
        None => Alpha::None,
    };
    (kind, extras > usize::from(alpha.is_some()))
}

fn compact<T: Copy>(samples: &mut Vec<T>, from: usize, colors: usize, alpha: Option<usize>) {
    let to = colors + usize::from(alpha.is_some());
    let pixels = samples.len() / from;
    for pixel in 0..pixels {
        samples.copy_within(pixel * from..pixel * from + colors, pixel * to);
        if let Some(place) = alpha {
            samples[pixel * to + colors] = samples[pixel * from + colors + place];
        }
    }
    samples.truncate(pixels * to);
}

fn color_space(tiff: &mut Tiff, directory: &Directory) -> Result<ColorSpace> {
    if let Some(profile) = tiff.bytes(directory, tag::ICC)? {
        return Ok(if profile.len() <= LONGEST_PROFILE { ColorSpace::Icc(profile) } else { ColorSpace::Unknown });
    }
    if directory.has(tag::TRANSFER_FUNCTION) {
        return Ok(ColorSpace::Unknown);
    }
    let white = tiff.fractions(directory, tag::WHITE_POINT)?;
    let primaries = tiff.fractions(directory, tag::PRIMARIES)?;
    Ok(match (white.as_deref(), primaries.as_deref()) {
        (Some(&[x, y]), Some(&[rx, ry, gx, gy, bx, by])) => {
            ColorSpace::Gamma { exponent: None, chromaticities: Some([[x, y], [rx, ry], [gx, gy], [bx, by]]) }
        }
        (None, None) => ColorSpace::Srgb,
        _ => ColorSpace::Unknown,
    })
}
