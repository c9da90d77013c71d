//! Photos from and to the pictures of the crate `image`, without a copy.

use super::Photo;
use crate::error::{Error, Result};
use image::{GrayImage, ImageBuffer, RgbImage};

/// Needs at least one pixel.
impl TryFrom<RgbImage> for Photo {
    type Error = Error;

    fn try_from(image: RgbImage) -> Result<Self> {
        let (width, height) = image.dimensions();
        Self::from_rgb(height as usize, width as usize, image.into_raw())
    }
}

/// Needs at least one pixel.
impl TryFrom<GrayImage> for Photo {
    type Error = Error;

    fn try_from(image: GrayImage) -> Result<Self> {
        let (width, height) = image.dimensions();
        Self::from_grey(height as usize, width as usize, image.into_raw())
    }
}

/// Sides below 2^32. A grey photo becomes colours of three equal parts, which costs a copy.
impl TryFrom<Photo> for RgbImage {
    type Error = Error;

    fn try_from(photo: Photo) -> Result<Self> {
        let (width, height) = photo.sides()?;
        let samples = match photo.is_grey() {
            true => photo.colors().flatten().collect(),
            false => photo.into_samples(),
        };
        Ok(ImageBuffer::from_raw(width, height, samples).expect("three samples a pixel"))
    }
}

/// Sides below 2^32, and a grey photo: [`Photo::to_grey`] makes one.
impl TryFrom<Photo> for GrayImage {
    type Error = Error;

    fn try_from(photo: Photo) -> Result<Self> {
        if !photo.is_grey() {
            return Err(Error::Unsupported("the photo has colours: Photo::to_grey takes them away".into()));
        }
        let (width, height) = photo.sides()?;
        Ok(ImageBuffer::from_raw(width, height, photo.into_samples()).expect("a sample a pixel"))
    }
}
