//! A photo as matrices, one for each plane, and their decompositions together.

use super::decompose::Svd;
use super::options::SvdOptions;
use crate::error::{Error, Result};
use crate::photo::Photo;
use crate::words::words;
use ndarray::Array2;

/// Which planes a photo is split into. Samples run from 0 to 255, but those of HSV from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Planes {
    /// One plane: the luma of a colour photo (ITU-R BT.601), or the samples of a grey one.
    Luma,
    /// Red, green and blue.
    Rgb,
    /// Luma and two colour differences as in JPEG (BT.601, full range): most of a photo's detail is in the first.
    YCbCr,
    /// Hue, saturation and value (Smith 1978), each from 0 to 1. Hue is an angle, so that its matrix has jumps the
    /// picture has not.
    Hsv,
}

words!(Planes, "planes", "luma, rgb, ycbcr or hsv", {
    Luma => "luma",
    Rgb => "rgb",
    YCbCr => "ycbcr",
    Hsv => "hsv",
});

impl Planes {
    /// How many planes there are.
    pub const fn count(self) -> usize {
        if matches!(self, Self::Luma) { 1 } else { 3 }
    }

    /// The planes' names.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Luma => &["luma"],
            Self::Rgb => &["red", "green", "blue"],
            Self::YCbCr => &["luma", "blue difference", "red difference"],
            Self::Hsv => &["hue", "saturation", "value"],
        }
    }

    /// The planes of a photo: arrays of shape (height, width), dtype f32.
    pub fn split(self, photo: &Photo) -> Vec<Array2<f32>> {
        let mut planes = vec![Vec::with_capacity(photo.pixels()); self.count()];
        for color in photo.colors() {
            let samples = self.samples(color);
            planes.iter_mut().zip(samples).for_each(|(plane, sample)| plane.push(sample));
        }
        let shape = (photo.height(), photo.width());
        let arrays =
            planes.into_iter().map(|plane| Array2::from_shape_vec(shape, plane).expect("a sample for each pixel"));
        arrays.collect()
    }

    /// The photo of planes: a colour photo, or a grey one of [`Planes::Luma`]. What is outside the range of samples is
    /// clamped.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when there are not [`Planes::count`] planes of one shape, [`Error::OutOfRange`] when a
    /// side is 0.
    pub fn join(self, planes: &[Array2<f32>]) -> Result<Photo> {
        let shape = planes.first().map_or((0, 0), |plane| plane.dim());
        if planes.len() != self.count() || planes.iter().any(|plane| plane.dim() != shape) {
            let found = planes.iter().flat_map(|plane| plane.shape().to_vec()).collect();
            return Err(Error::ShapeMismatch { expected: vec![self.count(), shape.0, shape.1], found });
        }
        let level = |sample: f32| sample.round_ties_even() as u8;
        if let [grey] = planes {
            return Photo::from_grey(shape.0, shape.1, grey.iter().map(|&sample| level(sample)).collect());
        }
        let colors = self.colors(planes).flatten().map(level).collect();
        Photo::from_rgb(shape.0, shape.1, colors)
    }

    /// The colours of three planes in 8-bit levels, not rounded.
    pub(super) fn colors(self, planes: &[Array2<f32>]) -> impl Iterator<Item = [f32; 3]> + '_ {
        let [x, y, z] = planes else { unreachable!("three planes") };
        x.iter().zip(y).zip(z).map(move |((&x, &y), &z)| self.color([x, y, z]))
    }

    fn samples(self, color: [u8; 3]) -> [f32; 3] {
        let [r, g, b] = color.map(f32::from);
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        match self {
            Self::Luma if r == g && g == b => [r; 3],
            Self::Luma => [luma; 3],
            Self::Rgb => [r, g, b],
            Self::YCbCr => [luma, (b - luma) / 1.772 + 128.0, (r - luma) / 1.402 + 128.0],
            Self::Hsv => {
                let (most, least) = (r.max(g).max(b), r.min(g).min(b));
                let spread = most - least;
                if spread == 0.0 {
                    return [0.0, 0.0, most / 255.0];
                }
                let sixths = match most {
                    most if most == r => ((g - b) / spread).rem_euclid(6.0),
                    most if most == g => (b - r) / spread + 2.0,
                    _ => (r - g) / spread + 4.0,
                };
                [sixths / 6.0, spread / most, most / 255.0]
            }
        }
    }

    fn color(self, [x, y, z]: [f32; 3]) -> [f32; 3] {
        let color = match self {
            Self::Luma => [x; 3],
            Self::Rgb => [x, y, z],
            Self::YCbCr => {
                let (blue, red) = (1.772 * (y - 128.0), 1.402 * (z - 128.0));
                [x + red, x - (0.114 * blue + 0.299 * red) / 0.587, x + blue]
            }
            Self::Hsv => {
                let (saturation, value) = (y.clamp(0.0, 1.0), 255.0 * z.clamp(0.0, 1.0));
                let sixths = 6.0 * x.clamp(0.0, 1.0);
                // How much of the saturation each channel lacks: nothing within a sixth of its own hue, all of it
                // opposite.
                [5.0, 3.0, 1.0].map(|at| {
                    let k: f32 = (at + sixths) % 6.0;
                    value * (1.0 - saturation * k.min(4.0 - k).clamp(0.0, 1.0))
                })
            }
        };
        color.map(|sample| sample.clamp(0.0, 255.0))
    }
}

/// A photo's planes, each as a singular value decomposition.
///
/// ```
/// use cortado::prelude::*;
/// let photo = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/china.jpg"))?;
/// let svd = PhotoSvd::of(&photo, Planes::YCbCr, &SvdOptions::new().rank(60))?;
/// let blurred = svd.to_photo(20)?;
/// assert!(psnr(&photo, &blurred)? < psnr(&photo, &svd.to_photo(60)?)?);
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PhotoSvd {
    kind: Planes,
    planes: Vec<Svd<f32>>,
}

impl PhotoSvd {
    /// Decomposes every plane of a photo.
    ///
    /// # Errors
    /// As [`Svd::of`].
    pub fn of(photo: &Photo, kind: Planes, options: &SvdOptions) -> Result<Self> {
        let planes = kind.split(photo).iter().map(|plane| Svd::of(plane.view(), options)).collect::<Result<_>>()?;
        Ok(Self { kind, planes })
    }

    /// Which planes these are.
    pub fn kind(&self) -> Planes {
        self.kind
    }

    /// The decompositions, one for each plane.
    pub fn planes(&self) -> &[Svd<f32>] {
        &self.planes
    }

    /// Shape of the photo: (height, width).
    pub fn shape(&self) -> (usize, usize) {
        self.planes[0].spectrum().shape()
    }

    /// The photo from this rank in every plane, or from all layers that a plane has; clamped to 0..=255 and rounded.
    ///
    /// # Errors
    /// None that can come of a decomposed photo.
    pub fn to_photo(&self, rank: usize) -> Result<Photo> {
        let planes: Vec<_> = self.planes.iter().map(|plane| plane.reconstruct(rank)).collect();
        self.kind.join(&planes)
    }

    /// The decomposition with at most these ranks, one for each plane.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when there are not as many ranks as planes.
    pub fn truncated(&self, ranks: &[usize]) -> Result<Self> {
        if ranks.len() != self.planes.len() {
            return Err(Error::ShapeMismatch { expected: vec![self.planes.len()], found: vec![ranks.len()] });
        }
        let planes = self.planes.iter().zip(ranks).map(|(plane, &rank)| plane.truncated(rank)).collect();
        Ok(Self { kind: self.kind, planes })
    }

    /// The numbers to store: `rank * (height + width + 1)`, summed over the planes.
    pub fn numbers(&self) -> usize {
        self.planes.iter().map(|plane| plane.spectrum().numbers(plane.rank())).sum()
    }
}
