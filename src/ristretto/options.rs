//! What a caller chooses.

use crate::words::words;

/// How much work goes into making a stream small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Contexts within a slice: every slice is independent of all others.
    Fast,
    /// Two sets of contexts, in the slice and in the one before it.
    #[default]
    Default,
    /// Eight sets of contexts, in the slice and in the two before it.
    Max,
}

impl Level {
    pub(super) const fn number(self) -> u8 {
        self as u8
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }
}

words!(Level, "level", "fast, default or max", {
    Fast => "fast",
    Default => "default",
    Max => "max",
});

/// How to write a Ristretto stream.
///
/// ```
/// use cortado::ristretto::{Level, RistrettoOptions};
/// let options = RistrettoOptions::new().level(Level::Max).restart(64);
/// ```
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RistrettoOptions {
    pub(super) level: Level,
    pub(super) restart: Option<u32>,
}

impl RistrettoOptions {
    /// Level default; restarts every 16 slices, or every so many as have 4 million voxels where slices are small.
    pub const fn new() -> Self {
        Self { level: Level::Default, restart: None }
    }

    /// How much work goes into making the stream small.
    #[must_use]
    pub const fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Slices after which coding starts anew, at least 1: a slice is decoded from the last such start on, and threads
    /// share the work from start to start. Fewer make the stream larger. Level fast starts anew at every slice,
    /// whatever is set.
    #[must_use]
    pub const fn restart(mut self, slices: u32) -> Self {
        self.restart = Some(if slices == 0 { 1 } else { slices });
        self
    }

    /// Slices of a block, for a volume of this shape; at least 1.
    pub(super) fn block_slices(&self, [depth, height, width]: [usize; 3]) -> usize {
        const SLICES: usize = 16;
        const VOXELS: usize = 1 << 22;
        let slices = match (self.level, self.restart) {
            (Level::Fast, _) => 1,
            (_, Some(slices)) => slices.max(1) as usize,
            (_, None) => VOXELS.div_ceil((height * width).max(1)).max(SLICES),
        };
        slices.min(depth.max(1))
    }
}
