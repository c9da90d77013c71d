//! How a palette is fitted.

use super::{MAX_COLORS, Palette, Space};
use crate::error::{Error, Result};

/// What fits a palette.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Engine {
    /// Our own: k-means on a histogram of the colours, with all pixels in a fraction of a second.
    #[default]
    Cortado,
    /// [`linfa_clustering::KMeans`], one seeded run from k-means++: the reference, for comparing and teaching. In sRGB
    /// only.
    Linfa,
}

/// How a palette is fitted: `PaletteOptions::new().colors(128).sample(1000).seed(0)`.
///
/// Values are checked when they are used, so that setters can be chained without a `?` each.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct PaletteOptions {
    pub(super) colors: usize,
    pub(super) sample: Option<usize>,
    pub(super) seed: u64,
    pub(super) max_iterations: u64,
    pub(super) tolerance: f64,
    pub(super) engine: Engine,
    pub(super) space: Space,
    pub(super) locked: Vec<[u8; 3]>,
    pub(super) start: Vec<[u8; 3]>,
    pub(super) starts: usize,
    pub(super) psnr: Option<f64>,
}

impl PaletteOptions {
    /// 256 colours, fitted to all pixels by our own engine in sRGB, with seed 0.
    pub const fn new() -> Self {
        Self {
            colors: 256,
            sample: None,
            seed: 0,
            max_iterations: 300,
            tolerance: 0.5,
            engine: Engine::Cortado,
            space: Space::Srgb,
            locked: Vec::new(),
            start: Vec::new(),
            starts: 1,
            psnr: None,
        }
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

    /// Fit to all pixels, which is the default: the best palette. With [`Engine::Linfa`] minutes of work for a large
    /// photo.
    pub const fn all_pixels(mut self) -> Self {
        self.sample = None;
        self
    }

    /// The seed of the pixels drawn and of k-means++; 0 unless set. Equal photo, options and seed give an equal
    /// palette.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What fits the palette; our own engine unless set.
    pub const fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// The space in which colours are compared; sRGB unless set.
    pub const fn space(mut self, space: Space) -> Self {
        self.space = space;
        self
    }

    /// Colours that are in the palette as they are, of the colours asked for.
    pub fn locked(mut self, colors: &[[u8; 3]]) -> Self {
        self.locked = colors.to_vec();
        self
    }

    /// Starts from another palette instead of from nothing, or from its first colours where it has more than are asked
    /// for: after photos were added to a [`ColorHistogram`], the palette before fits almost.
    ///
    /// [`ColorHistogram`]: super::ColorHistogram
    pub fn start(mut self, palette: &Palette) -> Self {
        self.start = palette.colors().to_vec();
        self
    }

    /// The best of so many starts, at least 1; 1 unless set. The first divides the colours, the others are drawn as
    /// k-means++ does. Worth it for few colours; a start of 16 takes a few milliseconds.
    pub const fn starts(mut self, starts: usize) -> Self {
        self.starts = starts;
        self
    }

    /// As few colours as reach this PSNR in dB, of at most as many as asked for.
    pub const fn psnr(mut self, db: f64) -> Self {
        self.psnr = Some(db);
        self
    }

    /// [`Engine::Linfa`] stops after this many Lloyd iterations, at least 1; 300 unless set.
    pub const fn max_iterations(mut self, iterations: u64) -> Self {
        self.max_iterations = iterations;
        self
    }

    /// [`Engine::Linfa`] stops when one iteration moves the centroids, taken together as one vector, by less than this
    /// many 8-bit levels; above 0; 0.5 unless set.
    pub const fn tolerance(mut self, levels: f64) -> Self {
        self.tolerance = levels;
        self
    }

    pub(super) fn checked(&self) -> Result<Self> {
        let out_of_range = |name, found: String, expected| Err(Error::out_of_range(name, found, expected));
        checked_colors(self.colors)?;
        if self.sample == Some(0) {
            return out_of_range("sample", "0".into(), "at least 1 pixel");
        }
        if self.starts == 0 {
            return out_of_range("starts", "0".into(), "at least 1");
        }
        if self.locked.len() > self.colors {
            return out_of_range("locked colours", self.locked.len().to_string(), "at most as many as colors");
        }
        if let Some(db) = self.psnr
            && !(db > 0.0 && db.is_finite())
        {
            return out_of_range("psnr", db.to_string(), "above 0 dB");
        }
        let only_ours = self.space != Space::Srgb || self.psnr.is_some() || self.starts > 1;
        if self.engine == Engine::Linfa && (only_ours || !self.locked.is_empty() || !self.start.is_empty()) {
            let message = "space, locked, start, starts and psnr are for our own engine, not for linfa";
            return Err(Error::Conflict(message.into()));
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
