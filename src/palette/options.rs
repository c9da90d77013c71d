//! How a palette is fitted.

use super::MAX_COLORS;
use crate::error::{Error, Result};

/// How a palette is fitted: `PaletteOptions::new().colors(128).sample(1000).seed(0)`.
///
/// Values are checked when they are used, so that setters can be chained without a `?` each.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct PaletteOptions {
    pub(super) colors: usize,
    pub(super) sample: Option<usize>,
    pub(super) seed: u64,
    pub(super) max_iterations: u64,
    pub(super) tolerance: f64,
}

impl PaletteOptions {
    /// 256 colours, fitted to 10,000 sampled pixels with seed 0.
    pub const fn new() -> Self {
        Self { colors: 256, sample: Some(10_000), seed: 0, max_iterations: 300, tolerance: 0.5 }
    }

    /// At most this many colours, from 1 to 256.
    pub const fn colors(mut self, colors: usize) -> Self {
        self.colors = colors;
        self
    }

    /// Fit to this many pixels, drawn without replacement; at least 1. A photo with fewer is taken whole.
    pub const fn sample(mut self, pixels: usize) -> Self {
        self.sample = Some(pixels);
        self
    }

    /// Fit to all pixels: the best palette, and minutes of work for a large photo.
    pub const fn all_pixels(mut self) -> Self {
        self.sample = None;
        self
    }

    /// The seed of the pixels drawn and of k-means++. Equal photo, options and seed give an equal palette.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Stop after this many Lloyd iterations, at least 1; 300 unless set.
    pub const fn max_iterations(mut self, iterations: u64) -> Self {
        self.max_iterations = iterations;
        self
    }

    /// Stop when one iteration moves the centroids, taken together as one vector, by less than this many 8-bit levels;
    /// above 0; 0.5 unless set.
    pub const fn tolerance(mut self, levels: f64) -> Self {
        self.tolerance = levels;
        self
    }

    pub(super) fn checked(&self) -> Result<Self> {
        let out_of_range = |name, found: String, expected| Err(Error::OutOfRange { name, found, expected });
        checked_colors(self.colors)?;
        if self.sample == Some(0) {
            return out_of_range("sample", "0".into(), "at least 1 pixel");
        }
        if self.max_iterations == 0 {
            return out_of_range("max_iterations", "0".into(), "at least 1");
        }
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return out_of_range("tolerance", self.tolerance.to_string(), "above 0");
        }
        Ok(self.clone())
    }
}

impl Default for PaletteOptions {
    fn default() -> Self {
        Self::new()
    }
}

pub(super) fn checked_colors(colors: usize) -> Result<usize> {
    if (1..=MAX_COLORS).contains(&colors) { Ok(colors) } else { Err(Error::palette_size(colors)) }
}
