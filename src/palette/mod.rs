//! k-means palette quantisation: a photo as at most 256 colours and one index a pixel.
//!
//! Use it for pictures that must be an indexed PNG, and to teach vector quantisation: the palette is a codebook, k-means
//! (Lloyd's algorithm with k-means++ seeding) fits it, and every pixel is stored as the index of its nearest entry.
//!
//! | part | array | bytes |
//! |---|---|---|
//! | palette, as fitted | (k, 3) f64, red green blue, 0 to 255 | 24 k |
//! | palette, as shown | (k, 3) u8 | 3 k |
//! | indices | (height, width) u8 | height x width |
//!
//! Colours are clustered in sRGB, by squared Euclidean distance. Fitting goes to [`linfa_clustering::KMeans`] with one
//! seeded run; the map from pixels to entries is exact.
//!
//! ```
//! use cortado::prelude::*;
//! let china = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/china.jpg"))?;
//! let palette = Palette::fit(&china, &PaletteOptions::new().colors(16).sample(1000).seed(0))?;
//! let indexed = palette.quantize(&china);
//! assert_eq!(indexed.to_photo().height(), china.height());
//! assert!(indexed.to_png()?.len() < china.to_png()?.len() / 4);
//! # Ok::<(), cortado::Error>(())
//! ```

mod arrays;
mod indexed;
mod kmeans;
mod nearest;
mod options;
mod png8;
mod storage;

pub use indexed::IndexedPhoto;
pub use options::PaletteOptions;
pub use storage::Storage;

use crate::error::{Error, Result};
use crate::photo::{Photo, distinct};
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
}

impl Palette {
    /// Fits a palette to a photo by k-means.
    ///
    /// The palette has fewer colours than asked for when the sampled pixels have fewer distinct ones (they are then the
    /// palette, and nothing is lost if all pixels were sampled), or when two centroids round to the same colour. Grey
    /// photos are fitted as colours with three equal parts.
    ///
    /// Time is proportional to pixels sampled x colours x iterations.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for options outside their ranges.
    pub fn fit(photo: &Photo, options: &PaletteOptions) -> Result<Self> {
        let options = options.checked()?;
        let mut rng = Xoshiro256Plus::seed_from_u64(options.seed);
        let sample = sample_colors(photo, options.sample, &mut rng);
        let distinct = distinct(sample.clone());
        let centroids = if distinct.len() <= options.colors {
            distinct.into_iter().map(|color| color.map(f64::from)).collect()
        } else {
            kmeans::centroids(&sample, &options, rng)?
        };
        Ok(Self::sorted(centroids))
    }

    /// A palette of the colours of randomly drawn pixels: the baseline that clustering has to beat.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when `colors` is outside 1..=256.
    pub fn random(photo: &Photo, colors: usize, seed: u64) -> Result<Self> {
        let colors = options::checked_colors(colors)?;
        let mut rng = Xoshiro256Plus::seed_from_u64(seed);
        let drawn = sample_colors(photo, Some(colors), &mut rng);
        Ok(Self::sorted(drawn.into_iter().map(|color| color.map(f64::from)).collect()))
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
        Ok(Self { centroids, colors })
    }

    /// Sorts by the rounded colours' luma, then red, green, blue, and drops duplicates; needs at least one centroid.
    fn sorted(mut centroids: Vec<[f64; 3]>) -> Self {
        let key = |centroid: &[f64; 3]| {
            let color = round(centroid);
            let [r, g, b] = color.map(u32::from);
            (299 * r + 587 * g + 114 * b, color)
        };
        centroids.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.partial_cmp(b).expect("centroids are finite")));
        centroids.dedup_by_key(|centroid| round(centroid));
        Self::from_centroids(centroids).expect("1 to 256 colours were asked for")
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

    /// The index of the colour nearest to `color`; of equally near ones the first.
    pub fn nearest(&self, color: [u8; 3]) -> u8 {
        nearest::indices(&self.colors, std::iter::once(color))[0]
    }

    /// Replaces every pixel by the index of its nearest colour; of equally near ones the first.
    ///
    /// Exact; time is proportional to pixels x colours.
    pub fn quantize(&self, photo: &Photo) -> IndexedPhoto {
        let indices = nearest::indices(&self.colors, photo.colors());
        IndexedPhoto::new(photo.height(), photo.width(), photo.channels(), indices, self.clone())
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
        Error::OutOfRange { name: "colors", found: found.to_string(), expected: "from 1 to 256" }
    }
}
