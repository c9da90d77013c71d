//! How a file of labels is to be read.

use crate::limits::Limits;

/// How a file of labels is to be read.
///
/// ```
/// use cortado::volume::{AnyVolume, VolumeOptions};
/// let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/labels/mask2d.tif");
/// let volume = AnyVolume::open_as(path, &VolumeOptions::new().cast(true))?;
/// assert_eq!(volume.shape()[0], 1);
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct VolumeOptions {
    pub(super) array: Option<String>,
    pub(super) cast: bool,
    pub(super) limits: Limits,
}

impl VolumeOptions {
    /// The only array of an archive, no floating-point numbers, the default [`Limits`].
    pub fn new() -> Self {
        Self::default()
    }

    /// The array of this name in an archive of several.
    pub fn array(mut self, name: impl Into<String>) -> Self {
        self.array = Some(name.into());
        self
    }

    /// Takes floating-point numbers for labels of as many bytes, where all of them are whole, not negative, and small
    /// enough for their type to tell them from the next: at most 2^11, 2^24 or 2^53.
    pub fn cast(mut self, cast: bool) -> Self {
        self.cast = cast;
        self
    }

    /// What the file may ask for; [`Limits::new`] unless set.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}
