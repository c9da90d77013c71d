//! WebP and PNM pictures, and what else the decoders of the crate image read.

use super::color::{ColorSpace, LONGEST_PROFILE, Model};
use super::conversion::Conversion;
use super::one_line;
use super::orientation::orientation;
use super::picture::{Alpha, Picture, Samples};
use crate::error::{Error, Result};
use crate::limits::{Budget, Limits};
use image::codecs::pnm::PnmDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, ImageError};
use std::io::Cursor;

pub(super) fn read_webp(bytes: &[u8], limits: &Limits, budget: &mut Budget) -> Result<Picture> {
    const FORMAT: &str = "WebP";
    let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(failed(FORMAT))?;
    let first_of_several = decoder.has_animation();
    let mut picture = read(FORMAT, decoder, limits, budget)?;
    picture.conversion.first_of_several = first_of_several;
    Ok(picture)
}

pub(super) fn read_pnm(bytes: &[u8], limits: &Limits, budget: &mut Budget) -> Result<Picture> {
    const FORMAT: &str = "PNM";
    read(FORMAT, PnmDecoder::new(Cursor::new(bytes)).map_err(failed(FORMAT))?, limits, budget)
}

pub(super) fn failed(format: &'static str) -> impl Fn(ImageError) -> Error {
    move |error| match error {
        ImageError::Limits(_) => {
            Error::Unsupported(format!("this {format} file asks for more memory than its decoder may take"))
        }
        ImageError::Unsupported(_) => {
            Error::Unsupported(format!("cannot read this {format} file: {}", one_line(&error)))
        }
        _ => Error::malformed(format, one_line(&error)),
    }
}

/// What a decoder gives, and what it knows of colours and orientation.
pub(super) fn read(
    format: &'static str,
    mut decoder: impl ImageDecoder,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Picture> {
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    limits.check_pixels(height, width)?;
    let bytes = decoder.total_bytes();
    // The decoder's own copy, at most, and what it gives.
    budget.take(bytes.saturating_mul(2))?;
    let mut own = image::Limits::default();
    own.max_alloc = Some(limits.bytes);
    decoder.set_limits(own).map_err(failed(format))?;
    let color = match decoder.icc_profile() {
        Ok(Some(profile)) if profile.len() > LONGEST_PROFILE => ColorSpace::Unknown,
        Ok(Some(profile)) => ColorSpace::Icc(profile),
        Ok(None) => ColorSpace::Srgb,
        Err(_) => ColorSpace::Unknown,
    };
    let (exif, xmp) = (decoder.exif_metadata().ok().flatten(), decoder.xmp_metadata().ok().flatten());
    let orientation = orientation(exif.as_deref(), xmp.as_deref());
    let picture = DynamicImage::from_decoder(decoder).map_err(failed(format))?;
    budget.give_back(bytes);
    let deep = |samples: Vec<u16>| Samples::Sixteen(samples);
    let (model, alpha, samples) = match picture {
        DynamicImage::ImageLuma8(grey) => (Model::Grey, Alpha::None, Samples::Eight(grey.into_raw())),
        DynamicImage::ImageLumaA8(grey) => (Model::Grey, Alpha::Straight, Samples::Eight(grey.into_raw())),
        DynamicImage::ImageRgb8(rgb) => (Model::Rgb, Alpha::None, Samples::Eight(rgb.into_raw())),
        DynamicImage::ImageRgba8(rgb) => (Model::Rgb, Alpha::Straight, Samples::Eight(rgb.into_raw())),
        DynamicImage::ImageLuma16(grey) => (Model::Grey, Alpha::None, deep(grey.into_raw())),
        DynamicImage::ImageLumaA16(grey) => (Model::Grey, Alpha::Straight, deep(grey.into_raw())),
        DynamicImage::ImageRgb16(rgb) => (Model::Rgb, Alpha::None, deep(rgb.into_raw())),
        DynamicImage::ImageRgba16(rgb) => (Model::Rgb, Alpha::Straight, deep(rgb.into_raw())),
        _ => {
            let message = format!("a {format} file with floating-point samples is not supported");
            return Err(Error::Unsupported(message));
        }
    };
    let depth_reduced = matches!(samples, Samples::Sixteen(_));
    Ok(Picture {
        height,
        width,
        model,
        alpha,
        samples,
        color,
        orientation,
        conversion: Conversion { depth_reduced, ..Conversion::default() },
    })
}
