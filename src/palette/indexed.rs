//! A quantised photo: indices and their palette.

use super::{ColorHistogram, Engine, MAX_COLORS, Palette, PaletteOptions, Storage};
use crate::error::{Error, Result};
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
    /// The entry of pixels that show nothing.
    transparent: Option<u8>,
}

impl IndexedPhoto {
    /// Needs `height * width` indices, at least one, each below the palette's length.
    pub(super) fn new(height: usize, width: usize, channels: usize, indices: Vec<u8>, palette: Palette) -> Self {
        debug_assert_eq!(indices.len(), height * width);
        let is_grey = |&[r, g, b]: &[u8; 3]| r == g && g == b;
        let channels = if palette.colors().iter().all(is_grey) { channels } else { 3 };
        Self { height, width, channels, indices, palette, transparent: None }
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

    /// Makes the pixels transparent that are marked: they take an entry of their own, the palette's last, which is
    /// white where nothing can be transparent. `mask` has shape (height, width).
    ///
    /// To leave them out of the palette's fit as well, give them weight 0 in a [`ColorHistogram`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when the mask has another shape; [`Error::OutOfRange`] when the palette has 256 colours
    /// already or a transparent entry.
    pub fn with_transparent(mut self, mask: ArrayView2<bool>) -> Result<Self> {
        if mask.dim() != (self.height, self.width) {
            let expected = vec![self.height, self.width];
            return Err(Error::ShapeMismatch { expected, found: mask.shape().to_vec() });
        }
        if self.palette.len() == MAX_COLORS || self.transparent.is_some() {
            let found = format!("{} and a transparent one", self.palette.len());
            return Err(Error::out_of_range("colors", found, "at most 255 and a transparent one"));
        }
        let entry = self.palette.len() as u8;
        self.palette = self.palette.with_white();
        self.indices.iter_mut().zip(mask).filter(|(_, marked)| **marked).for_each(|(index, _)| *index = entry);
        self.transparent = Some(entry);
        Ok(self)
    }

    /// The entry of transparent pixels, if there is one.
    pub fn transparent(&self) -> Option<u8> {
        self.transparent
    }

    /// The same, where the entry is known to be in the palette.
    pub(super) fn set_transparent(self, transparent: Option<u8>) -> Self {
        Self { transparent, ..self }
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

    /// The photo that palette and indices recreate, transparent pixels white. Grey when the quantised photo was, or
    /// when it was read from a file whose colours are all grey.
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
