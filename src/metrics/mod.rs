//! How good and how small: MSE, PSNR, SSIM, SSIMULACRA 2, bits per pixel and the compression ratio.

use crate::error::{Error, Result};
use crate::photo::Photo;
use ndarray::{Array2, ArrayView2};

mod ssimulacra2;

pub use ssimulacra2::ssimulacra2;

/// Mean squared error over all samples of two photos of the same shape, in squared 8-bit levels.
///
/// # Errors
/// [`Error::ShapeMismatch`] when the photos differ in height, width or channels.
pub fn mse(reference: &Photo, other: &Photo) -> Result<f64> {
    check_shapes(reference, other)?;
    let pairs = reference.samples().iter().zip(other.samples());
    let sum: u64 = pairs.map(|(&a, &b)| u64::from(a.abs_diff(b)).pow(2)).sum();
    Ok(sum as f64 / reference.samples().len() as f64)
}

/// Peak signal-to-noise ratio in dB over all samples, with a peak of 255: `10 log10(255^2 / mse)`. Infinite for equal
/// photos.
///
/// # Errors
/// As [`mse`].
pub fn psnr(reference: &Photo, other: &Photo) -> Result<f64> {
    Ok(psnr_from_mse(mse(reference, other)?))
}

/// PSNR in dB of the lumas (BT.601) of two photos, before rounding, with a peak of 255. Papers on codecs call it
/// PSNR-Y.
///
/// # Errors
/// As [`mse`].
pub fn psnr_luma(reference: &Photo, other: &Photo) -> Result<f64> {
    check_shapes(reference, other)?;
    let lumas = reference.colors().zip(other.colors()).map(|(a, b)| [a, b].map(crate::photo::luma));
    let sum: f64 = lumas.map(|[a, b]| (f64::from(a.abs_diff(b)) / 1000.0).powi(2)).sum();
    Ok(psnr_from_mse(sum / reference.pixels() as f64))
}

/// The PSNR in dB that belongs to a mean squared error in squared 8-bit levels.
pub fn psnr_from_mse(mse: f64) -> f64 {
    10.0 * (255.0_f64.powi(2) / mse).log10()
}

/// How far the photos are apart at each pixel: the Euclidean distance of the two colours in 8-bit levels, shape
/// (height, width), dtype f64.
///
/// # Errors
/// As [`mse`].
pub fn error_map(reference: &Photo, other: &Photo) -> Result<Array2<f64>> {
    check_shapes(reference, other)?;
    let squared = |(&a, &b): (&u8, &u8)| f64::from(a.abs_diff(b)).powi(2);
    let channels = reference.channels();
    let pixels = reference.samples().chunks_exact(channels).zip(other.samples().chunks_exact(channels));
    let distances = pixels.map(|(a, b)| a.iter().zip(b).map(squared).sum::<f64>().sqrt()).collect();
    Ok(Array2::from_shape_vec((reference.height(), reference.width()), distances).expect("one distance a pixel"))
}

/// Structural similarity of the lumas of two photos: 1 for equal ones, less for worse.
///
/// Mean SSIM as Wang, Bovik, Sheikh and Simoncelli define it ("Image quality assessment: from error visibility to
/// structural similarity", IEEE Transactions on Image Processing 13(4), 2004): an 11 x 11 Gaussian window of
/// sigma 1.5, K1 = 0.01, K2 = 0.03, on BT.601 luma from 0 to 255, averaged over the windows that lie inside the photo.
/// scikit-image computes the same with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255`.
///
/// # Errors
/// [`Error::ShapeMismatch`] when the photos differ in height, width or channels, [`Error::OutOfRange`] when a side is
/// less than 11.
pub fn ssim(reference: &Photo, other: &Photo) -> Result<f64> {
    check_shapes(reference, other)?;
    if reference.height() < WINDOW || reference.width() < WINDOW {
        let found = format!("{} x {}", reference.height(), reference.width());
        return Err(Error::out_of_range("photo size for SSIM", found, "at least 11 x 11"));
    }
    let (x, y) = (luma(reference), luma(other));
    let (mean_x, mean_y) = (smooth(x.view()), smooth(y.view()));
    let (square_x, square_y, product) = (smooth((&x * &x).view()), smooth((&y * &y).view()), smooth((&x * &y).view()));
    let (c1, c2) = ((0.01 * 255.0_f64).powi(2), (0.03 * 255.0_f64).powi(2));
    let count = mean_x.len() as f64;
    let similarities =
        ndarray::Zip::from(&mean_x).and(&mean_y).and(&square_x).and(&square_y).and(&product).map_collect(
            |&mean_x, &mean_y, &square_x, &square_y, &product| {
                let variances = (square_x - mean_x * mean_x) + (square_y - mean_y * mean_y);
                let covariance = product - mean_x * mean_y;
                (2.0 * mean_x * mean_y + c1) * (2.0 * covariance + c2)
                    / ((mean_x * mean_x + mean_y * mean_y + c1) * (variances + c2))
            },
        );
    Ok(similarities.sum() / count)
}

/// Bits of an encoded file for each pixel of the photo.
pub fn bits_per_pixel(encoded_bytes: usize, pixels: usize) -> f64 {
    encoded_bytes as f64 * 8.0 / pixels as f64
}

/// How many times smaller the encoded form is: raw bytes / encoded bytes.
pub fn compression_ratio(raw_bytes: usize, encoded_bytes: usize) -> f64 {
    raw_bytes as f64 / encoded_bytes as f64
}

/// Side of the SSIM window in pixels.
const WINDOW: usize = 11;

fn check_shapes(reference: &Photo, other: &Photo) -> Result<()> {
    let shape = |photo: &Photo| vec![photo.height(), photo.width(), photo.channels()];
    let (expected, found) = (shape(reference), shape(other));
    if expected != found {
        return Err(Error::ShapeMismatch { expected, found });
    }
    Ok(())
}

/// BT.601 luma, 0 to 255, shape (height, width).
fn luma(photo: &Photo) -> Array2<f64> {
    let luma = photo.colors().map(|[r, g, b]| 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b));
    Array2::from_shape_vec((photo.height(), photo.width()), luma.collect()).expect("one luma for each pixel")
}

/// Gaussian means over the windows inside the plane: shape (height - 10, width - 10).
fn smooth(plane: ArrayView2<f64>) -> Array2<f64> {
    let weights: [f64; WINDOW] = std::array::from_fn(|i| (-(i as f64 - 5.0).powi(2) / (2.0 * 1.5 * 1.5)).exp());
    let total: f64 = weights.iter().sum();
    let (height, width) = plane.dim();
    let (inner_height, inner_width) = (height + 1 - WINDOW, width + 1 - WINDOW);
    let mut rows = Array2::zeros((height, inner_width));
    let mut smoothed = Array2::zeros((inner_height, inner_width));
    for (i, weight) in weights.iter().map(|weight| weight / total).enumerate() {
        rows.scaled_add(weight, &plane.slice(ndarray::s![.., i..i + inner_width]));
    }
    for (i, weight) in weights.iter().map(|weight| weight / total).enumerate() {
        smoothed.scaled_add(weight, &rows.slice(ndarray::s![i..i + inner_height, ..]));
    }
    smoothed
}
