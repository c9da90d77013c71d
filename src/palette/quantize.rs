//! How pixels are given their indices.

use super::dither::Dither;
use crate::error::{Error, Result};

/// How pixels are given their indices: `QuantizeOptions::new().dither(Dither::BlueNoise)`.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct QuantizeOptions {
    pub(super) dither: Dither,
    pub(super) strength: f32,
    pub(super) spatial: f32,
}

impl QuantizeOptions {
    /// Every pixel takes its nearest colour.
    pub const fn new() -> Self {
        Self { dither: Dither::None, strength: 1.0, spatial: 0.0 }
    }

    /// How the error of a pixel is made up for by others; not at all unless set.
    pub const fn dither(mut self, dither: Dither) -> Self {
        self.dither = dither;
        self
    }

    /// How much of the error is made up for, from 0 to 1; all of it unless set. Less means less noise and more of the
    /// bands.
    pub const fn strength(mut self, strength: f32) -> Self {
        self.strength = strength;
        self
    }

    /// Takes the spatial proximity of the pixels into account: among near-equal colours a pixel takes what makes the
    /// file smaller. `lambda` is the squared error, in squared 8-bit levels summed over the three channels, that a bit
    /// of the file is worth; 0, the default, is off. The palette's colours then move to the means of their pixels.
    pub const fn spatial(mut self, lambda: f32) -> Self {
        self.spatial = lambda;
        self
    }

    pub(super) fn checked(&self) -> Result<Self> {
        if !(0.0..=1.0).contains(&self.strength) {
            return Err(Error::out_of_range("dither strength", self.strength, "from 0 to 1"));
        }
        if !(self.spatial >= 0.0 && self.spatial.is_finite()) {
            return Err(Error::out_of_range("spatial lambda", self.spatial, "0 or above"));
        }
        if self.spatial > 0.0 && self.dither != Dither::None {
            let message = "dithering makes noise and spatial takes it away: ask for one of them";
            return Err(Error::Conflict(message.into()));
        }
        Ok(*self)
    }
}

impl Default for QuantizeOptions {
    fn default() -> Self {
        Self::new()
    }
}
