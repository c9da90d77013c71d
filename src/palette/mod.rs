//! k-means palette quantisation: a photo as at most 256 colours and one index a pixel.
//!
//! Use it for pictures that must be an indexed PNG or a GIF, and to teach vector quantisation: the palette is a
//! codebook, k-means fits it, and every pixel is stored as the index of its nearest entry.
//!
//! | part | array | bytes |
//! |---|---|---|
//! | palette, as fitted | (k, 3) f64, red green blue, 0 to 255 | 24 k |
//! | palette, as shown | (k, 3) u8 | 3 k |
//! | indices | (height, width) u8 | height x width |
//!
//! | to | call |
//! |---|---|
//! | fit and quantise one photo | [`IndexedPhoto::fit`] |
//! | fit to several photos, or with weights | [`ColorHistogram`], [`Palette::of_histogram`] |
//! | lock colours, reach a PSNR, start from another palette, compare in Oklab | [`PaletteOptions`] |
//! | keep transparency | [`fit_with_opacity`] |
//! | dither, or choose indices that make a smaller file | [`Palette::quantize_with`] |
//! | photo to file and back in one call | [`encode`], [`decode`], [`open`], [`save`] |
//! | write a file | [`IndexedPhoto::to_png_with`], [`IndexedPhoto::to_gif`], [`IndexedPhoto::to_npz`] |
//!
//! Palettes are fitted to all pixels by an engine of our own, or by [`linfa_clustering::KMeans`] for comparing and
//! teaching ([`Engine`]). The map from pixels to entries is exact in both.
//!
//! ```
//! use cortado::prelude::*;
//! let china = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/china.jpg"))?;
//! let indexed = IndexedPhoto::fit(&china, &PaletteOptions::new().colors(16))?;
//! assert_eq!(indexed.to_photo().height(), china.height());
//! assert!(indexed.to_png()?.len() < china.to_png()?.len() / 4);
//! # Ok::<(), cortado::Error>(())
//! ```

mod alpha;
mod archive;
mod arrays;
mod codec;
mod dither;
mod engine;
mod gif;
mod histogram;
mod indexed;
mod linfa;
mod options;
mod png8;
mod quantize;
mod space;
mod spatial;
mod storage;
mod thresholds;

pub use alpha::{fit_with_opacity, half_transparent_note};
pub use archive::{EncodeOptions, Info, decode, decode_with, encode, info, open, open_with, save};
pub(crate) use codec::PaletteCodec;
pub use dither::Dither;
pub use histogram::ColorHistogram;
pub use indexed::IndexedPhoto;
pub use options::{Engine, PaletteOptions};
pub use png8::Effort;
pub use quantize::QuantizeOptions;
pub use space::Space;
pub use storage::Storage;

use crate::error::{Error, Result};
use crate::metrics::psnr_from_mse;
use crate::photo::{Photo, distinct, luma};
use engine::{Centroids, Colors};
use histogram::ColorSet;
use ndarray::Array2;
use rand::SeedableRng;
use rand::seq::index;
use rand_xoshiro::Xoshiro256Plus;
use std::fmt;

/// The most colours a palette can hold, so that an index fits a byte.
pub const MAX_COLORS: usize = 256;

/// From 1 to 256 colours, in a fixed order.
///
/// A fitted palette is sorted from dark to light and free of duplicates, so equal fits give equal files. A palette that
/// was read from a file keeps the file's order.
#[derive(Clone, PartialEq)]
pub struct Palette {
    /// As fitted, in 8-bit levels, not rounded.
    centroids: Vec<[f64; 3]>,
    /// The centroids rounded: what pixels are compared with and shown as.
    colors: Vec<[u8; 3]>,
    /// Where pixels are compared with them.
    space: Space,
}

impl Palette {
    /// Fits a palette to a photo by k-means.
    ///
    /// The palette has fewer colours than asked for when the pixels have fewer distinct ones (they are then the
    /// palette, and nothing is lost), or when two centroids round to the same colour. Grey photos are fitted as colours
    /// with three equal parts.
    ///
    /// Time is proportional to the pixels, plus distinct colours x iterations; with [`Engine::Linfa`] to
    /// pixels sampled x colours x iterations.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for options outside their ranges; [`Error::Unreachable`] when as many colours as asked for
    /// do not reach the PSNR; [`Error::Conflict`] for options that linfa has no use for.
    pub fn fit(photo: &Photo, options: &PaletteOptions) -> Result<Self> {
        let options = options.checked()?;
        let mut rng = Xoshiro256Plus::seed_from_u64(options.seed);
        if options.engine == Engine::Cortado {
            let histogram = match options.sample {
                Some(count) if count < photo.pixels() => {
                    let sample = sample_colors(photo, options.sample, &mut rng);
                    ColorHistogram::of_pixels(sample.as_flattened(), 3, None)
                }
                _ => ColorHistogram::of_pixels(photo.samples(), photo.channels(), None),
            };
            return Ok(Self::fit_histogram(&histogram, &options)?.0);
        }
        let sample = sample_colors(photo, options.sample, &mut rng);
        let distinct = distinct(sample.clone());
        let centroids = if distinct.len() <= options.colors {
            distinct.into_iter().map(|color| color.map(f64::from)).collect()
        } else {
            linfa::centroids(&sample, &options, rng)?
        };
        Ok(Self::sorted(centroids, Space::Srgb))
    }

    /// Fits a palette to a histogram: of several photos, of weighted pixels. [`PaletteOptions::sample`] has no meaning
    /// here.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for options outside their ranges and for an empty histogram; [`Error::Conflict`] for
    /// [`Engine::Linfa`], which takes no weights; [`Error::Unreachable`] when as many colours as asked for do not reach
    /// the PSNR.
    pub fn of_histogram(histogram: &ColorHistogram, options: &PaletteOptions) -> Result<Self> {
        Ok(Self::fit_histogram(histogram, &options.checked()?)?.0)
    }

    /// As [`Palette::of_histogram`], with the index of each of the histogram's colours.
    fn fit_histogram(histogram: &ColorHistogram, options: &PaletteOptions) -> Result<(Self, Vec<u8>)> {
        if options.engine == Engine::Linfa {
            return Err(Error::Conflict("linfa takes no weighted colours: use our own engine".into()));
        }
        if histogram.distinct() == 0 {
            return Err(Error::out_of_range("distinct colours", "0", "at least 1"));
        }
        let colors = Colors::new(histogram, options.space);
        let of_size = |size: usize| {
            let options = PaletteOptions { colors: size, ..options.clone() };
            let palette = Self::of_colors(histogram, &colors, &options);
            let indices = colors.nearest(&palette);
            (palette, indices)
        };
        match options.psnr {
            None => Ok(of_size(options.colors)),
            Some(db) => smallest(options, db, of_size, |(palette, indices)| psnr_of(histogram, palette, indices)),
        }
    }

    fn of_colors(histogram: &ColorHistogram, colors: &Colors, options: &PaletteOptions) -> Self {
        let mut all: Vec<[u8; 3]> = options.locked.clone();
        // Once there are more than fit, nothing is gained by looking at the rest.
        all.extend(histogram.iter().map(|(color, _)| color).take(options.colors + 1));
        let all = distinct(all);
        let centroids = match all.len() <= options.colors {
            true => all.into_iter().map(|color| color.map(f64::from)).collect(),
            false => colors.centroids(options),
        };
        Self::sorted(centroids, options.space)
    }

    /// A palette of the colours of randomly drawn pixels: the baseline that clustering has to beat.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when `colors` is outside 1..=256.
    pub fn random(photo: &Photo, colors: usize, seed: u64) -> Result<Self> {
        let colors = options::checked_colors(colors)?;
        let mut rng = Xoshiro256Plus::seed_from_u64(seed);
        let drawn = sample_colors(photo, Some(colors), &mut rng);
        Ok(Self::sorted(drawn.into_iter().map(|color| color.map(f64::from)).collect(), Space::Srgb))
    }

    /// A palette of the given colours in the given order.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when there are none or more than 256.
    pub fn from_colors(colors: &[[u8; 3]]) -> Result<Self> {
        Self::from_centroids(colors.iter().map(|color| color.map(f64::from)).collect())
    }

    /// A palette in the order given, of values that are known to be within 0 to 255.
    fn from_centroids(centroids: Vec<[f64; 3]>) -> Result<Self> {
        options::checked_colors(centroids.len())?;
        let colors = centroids.iter().map(round).collect();
        Ok(Self { centroids, colors, space: Space::Srgb })
    }

    /// Sorts by the rounded colours' luma, then red, green, blue, and drops duplicates; needs at least one centroid.
    fn sorted(mut centroids: Vec<[f64; 3]>, space: Space) -> Self {
        let key = |centroid: &[f64; 3]| {
            let color = round(centroid);
            (luma(color), color)
        };
        centroids.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.partial_cmp(b).expect("centroids are finite")));
        centroids.dedup_by_key(|centroid| round(centroid));
        Self { space, ..Self::from_centroids(centroids).expect("1 to 256 colours were asked for") }
    }

    /// Number of colours, from 1 to 256.
    #[expect(clippy::len_without_is_empty, reason = "a palette is never empty")]
    pub fn len(&self) -> usize {
        self.colors.len()
    }

    /// The colours as `[red, green, blue]`.
    pub fn colors(&self) -> &[[u8; 3]] {
        &self.colors
    }

    /// The colours as fitted, before rounding: shape (k, 3), dtype f64, red green blue from 0 to 255.
    pub fn centroids(&self) -> Array2<f64> {
        Array2::from_shape_fn((self.len(), 3), |(entry, channel)| self.centroids[entry][channel])
    }

    /// The space in which pixels are compared with the colours: the one they were fitted in, or sRGB.
    pub fn space(&self) -> Space {
        self.space
    }

    /// The same colours, compared with pixels in another space.
    #[must_use]
    pub fn in_space(self, space: Space) -> Self {
        Self { space, ..self }
    }

    /// The index of the colour nearest to `color`; of equally near ones the first.
    pub fn nearest(&self, color: [u8; 3]) -> u8 {
        Centroids::new(&engine::points(self)).nearest(self.space.coordinates(color)) as u8
    }

    /// Replaces every pixel by the index of its nearest colour; of equally near ones the first.
    ///
    /// Exact; time is proportional to the pixels, plus distinct colours x a handful of palette entries.
    pub fn quantize(&self, photo: &Photo) -> IndexedPhoto {
        let colors = ColorSet::of_pixels(photo.samples(), photo.channels(), None);
        self.look_up(photo, &colors, &engine::nearest(&colors, self))
    }

    /// Replaces every pixel by an index, dithered or with regard to its neighbours as the options say.
    ///
    /// Error diffusion takes time proportional to pixels x colours, ordered dithering to distinct colours x colours,
    /// both of which are a good deal more than [`Palette::quantize`] takes.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for options outside their ranges, [`Error::Conflict`] for `spatial` with dithering.
    pub fn quantize_with(&self, photo: &Photo, options: &QuantizeOptions) -> Result<IndexedPhoto> {
        let options = options.checked()?;
        let (indices, palette) = match options.spatial > 0.0 {
            true => spatial::quantize(photo, self, options.spatial),
            false => (dither::indices(photo, self, options.dither, options.strength), self.clone()),
        };
        Ok(IndexedPhoto::new(photo.height(), photo.width(), photo.channels(), indices, palette))
    }

    /// The photo, where the index of each of its colours is known.
    fn look_up(&self, photo: &Photo, colors: &ColorSet, indices: &[u8]) -> IndexedPhoto {
        let indices = colors.look_up(photo.samples(), photo.channels(), indices);
        IndexedPhoto::new(photo.height(), photo.width(), photo.channels(), indices, self.clone())
    }

    /// The same with white as one more entry, the last.
    fn with_white(mut self) -> Self {
        self.centroids.push([255.0; 3]);
        self.colors.push([255; 3]);
        self
    }

    /// Bits that tell the colours apart: the least b with 2^b >= k, 0 for one colour.
    pub fn bits(&self) -> u32 {
        self.len().next_power_of_two().trailing_zeros()
    }
}

impl fmt::Debug for Palette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Palette({} colours)", self.len())
    }
}

/// The smallest palette that reaches a PSNR: the one with a colour less does not.
fn smallest<T>(options: &PaletteOptions, db: f64, of_size: impl Fn(usize) -> T, psnr: impl Fn(&T) -> f64) -> Result<T> {
    let mut found = of_size(options.colors);
    let most = psnr(&found);
    if most < db {
        let best = format!("{} colours reach only {most:.2} dB", options.colors);
        return Err(Error::Unreachable { goal: format!("{db} dB"), best });
    }
    let (mut enough, mut too_few) = (options.colors, options.locked.len().max(1) - 1);
    while enough - too_few > 1 {
        let size = enough.midpoint(too_few);
        let palette = of_size(size);
        if psnr(&palette) >= db {
            (enough, found) = (size, palette);
        } else {
            too_few = size;
        }
    }
    Ok(found)
}

/// The PSNR in dB of the colours of a histogram, each replaced by the palette's nearest, over all three channels.
pub fn psnr_of_histogram(histogram: &ColorHistogram, palette: &Palette) -> f64 {
    psnr_of(histogram, palette, &engine::nearest(histogram.colors(), palette))
}

/// The PSNR of a histogram's colours and the palette entries that they are replaced by, in dB.
fn psnr_of(histogram: &ColorHistogram, palette: &Palette, indices: &[u8]) -> f64 {
    let squares = histogram.iter().zip(indices).map(|((color, weight), &index)| {
        let entry = palette.colors()[usize::from(index)];
        let squared: u64 = color.iter().zip(entry).map(|(&a, b)| u64::from(a.abs_diff(b)).pow(2)).sum();
        u128::from(squared) * u128::from(weight)
    });
    psnr_from_mse(squares.sum::<u128>() as f64 / (3.0 * histogram.total() as f64))
}

fn round(centroid: &[f64; 3]) -> [u8; 3] {
    centroid.map(|value| value.round() as u8)
}

/// The colours of `count` pixels drawn without replacement, or of all pixels in raster order.
fn sample_colors(photo: &Photo, count: Option<usize>, rng: &mut Xoshiro256Plus) -> Vec<[u8; 3]> {
    match count {
        Some(count) if count < photo.pixels() => index::sample(rng, photo.pixels(), count)
            .into_iter()
            .map(|at| photo.color_at(at / photo.width(), at % photo.width()).expect("drawn inside the photo"))
            .collect(),
        _ => photo.colors().collect(),
    }
}

impl Error {
    fn palette_size(found: usize) -> Self {
        Error::out_of_range("colors", found, "from 1 to 256")
    }
}
