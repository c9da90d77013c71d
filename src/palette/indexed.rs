//! A quantised photo: indices and their palette.

use super::{ColorHistogram, Engine, Palette, PaletteOptions, Storage};
use crate::error::Result;
use crate::photo::Photo;
use ndarray::ArrayView2;
use std::fmt;

/// A photo as a palette and one index a pixel, every index within the palette.
#[derive(Clone, PartialEq)]
pub struct IndexedPhoto {
    height: usize,
    width: usize,
    /// Channels of the photo that comes back: 1 only when every colour is grey.
    channels: usize,
    indices: Vec<u8>,
    palette: Palette,
}

impl IndexedPhoto {
    /// Needs `height * width` indices, at least one, each below the palette's length.
    pub(super) fn new(height: usize, width: usize, channels: usize, indices: Vec<u8>, palette: Palette) -> Self {
        debug_assert_eq!(indices.len(), height * width);
        let is_grey = |&[r, g, b]: &[u8; 3]| r == g && g == b;
        let channels = if palette.colors().iter().all(is_grey) { channels } else { 3 };
        Self { height, width, channels, indices, palette }
    }

    /// Fits a palette to a photo and replaces every pixel by the index of its nearest colour: the same as
    /// [`Palette::fit`] and [`Palette::quantize`], with one look at the photo's colours instead of two.
    ///
    /// # Errors
    /// As [`Palette::fit`].
    pub fn fit(photo: &Photo, options: &PaletteOptions) -> Result<Self> {
        if options.engine != Engine::Cortado || options.sample.is_some() {
            return Ok(Palette::fit(photo, options)?.quantize(photo));
        }
        let histogram = ColorHistogram::of_pixels(photo.samples(), photo.channels(), None);
        let (palette, indices) = Palette::fit_histogram(&histogram, &options.checked()?)?;
        Ok(palette.look_up(photo, histogram.colors(), &indices))
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of pixels, `height * width`.
    pub fn pixels(&self) -> usize {
        self.indices.len()
    }

    /// Samples a pixel of the photo that [`IndexedPhoto::to_photo`] gives: 3, or 1 for grey.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The palette.
    pub fn palette(&self) -> &Palette {
        &self.palette
    }

    /// The indices as an array view of shape (height, width), dtype u8, without a copy.
    pub fn indices(&self) -> ArrayView2<'_, u8> {
        ArrayView2::from_shape((self.height, self.width), &self.indices).expect("one index for each pixel")
    }

    pub(super) fn index_bytes(&self) -> &[u8] {
        &self.indices
    }

    /// Pixels of each palette entry, in the palette's order.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.palette.len()];
        for &index in &self.indices {
            counts[usize::from(index)] += 1;
        }
        counts
    }

    /// Order-0 entropy of the indices in bits a pixel: what an ideal coder needs that looks at one pixel at a time.
    pub fn entropy(&self) -> f64 {
        let pixels = self.pixels() as f64;
        let shares = self.counts().into_iter().filter(|&count| count > 0).map(|count| count as f64 / pixels);
        // Subtracted from 0, so that a single colour gives 0 and not -0.
        0.0 - shares.map(|share| share * share.log2()).sum::<f64>()
    }

    /// The photo that palette and indices recreate. Grey when the quantised photo was, or when it was read from a file
    /// whose colours are all grey.
    pub fn to_photo(&self) -> Photo {
        let colors = self.indices.iter().map(|&index| self.palette.colors()[usize::from(index)]);
        let photo = match self.channels {
            1 => Photo::from_grey(self.height, self.width, colors.map(|[grey, ..]| grey).collect()),
            _ => Photo::from_rgb(self.height, self.width, colors.flatten().collect()),
        };
        photo.expect("an indexed photo is not empty")
    }

    /// What the photo takes by each way of counting.
    ///
    /// # Errors
    /// As [`IndexedPhoto::to_png`], which it calls to measure a real file.
    pub fn storage(&self) -> Result<Storage> {
        Storage::of(self)
    }
}

impl fmt::Debug for IndexedPhoto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IndexedPhoto({} x {}, {} colours)", self.height, self.width, self.palette.len())
    }
}
