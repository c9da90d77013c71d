//! How a photo is encoded.

use crate::words::words;

/// How a photo is encoded: `LaffOptions::new().quality(90.0)`.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaffOptions {
    pub(super) rate: Rate,
    pub(super) profile: Profile,
    pub(super) full_chroma: bool,
    pub(super) slice_rows: Option<usize>,
}

/// What a file is to reach. The last one set counts.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rate {
    Quality(f64),
    Psnr(f64),
    Bytes(usize),
}

/// What an encoder is to keep small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// The mean squared error, and so the PSNR.
    #[default]
    Mse,
    /// What is seen: fine detail and busy places get larger steps, chroma smaller ones.
    Visual,
}

words!(Profile, "profile", "mse or visual", {
    Mse => "mse",
    Visual => "visual",
});

impl LaffOptions {
    /// Quality 75, the profile for mean squared error, chroma of half the resolution, slices of 128 to 256 rows.
    pub const fn new() -> Self {
        Self { rate: Rate::Quality(75.0), profile: Profile::Mse, full_chroma: false, slice_rows: None }
    }

    /// A quality from 0 to 100. From 10 to 95 luma has, within a dB or so, the PSNR that libjpeg-turbo gives it at the
    /// same number; in the visual profile it is SSIMULACRA 2 that is alike.
    #[must_use]
    pub const fn quality(mut self, quality: f64) -> Self {
        self.rate = Rate::Quality(quality);
        self
    }

    /// The smallest file whose luma has at least this PSNR in dB; takes about five times as long as a quality.
    #[must_use]
    pub const fn psnr(mut self, db: f64) -> Self {
        self.rate = Rate::Psnr(db);
        self
    }

    /// The best file of at most so many bytes; takes about five times as long as a quality.
    #[must_use]
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.rate = Rate::Bytes(bytes);
        self
    }

    /// What is to be kept small.
    #[must_use]
    pub const fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Whether chroma keeps its resolution, 4:4:4, and is not halved along both sides, 4:2:0.
    #[must_use]
    pub const fn full_chroma(mut self, full: bool) -> Self {
        self.full_chroma = full;
        self
    }

    /// Rows of a slice, rounded up to a multiple of 16, at most 4,080. Slices are coded in parallel and decoded one by
    /// one as they arrive; each costs a few hundred bytes, so that a photo in one slice is 1 to 2 % smaller.
    #[must_use]
    pub const fn slice_rows(mut self, rows: usize) -> Self {
        self.slice_rows = Some(rows);
        self
    }
}

impl Default for LaffOptions {
    fn default() -> Self {
        Self::new()
    }
}
