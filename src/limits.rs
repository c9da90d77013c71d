//! What decoders may ask for, and a count of it.

use crate::error::{Error, Result};
use crate::memory;

/// How much a decoder may ask for on behalf of bytes that nobody vouches for.
///
/// Every decoder checks these before it allocates.
///
/// ```
/// use cortado::{Limits, Photo};
/// let limits = Limits::new().pixels(1_000);
/// let bytes = Photo::from_rgb(100, 100, vec![0; 30_000])?.to_png()?;
/// assert_eq!(
///     Photo::decode_with(&bytes, &limits).unwrap_err().to_string(),
///     "10000 pixels exceed the limit of 1000: Limits::pixels raises it"
/// );
/// # Ok::<(), cortado::Error>(())
/// ```
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) pixels: u64,
    pub(crate) voxels: u64,
    pub(crate) bytes: u64,
}

impl Limits {
    /// At most 2^28 pixels (a 16,384 x 16,384 photo), 2^31 voxels, and 2 GiB of memory while decoding.
    pub const fn new() -> Self {
        Self { pixels: 1 << 28, voxels: 1 << 31, bytes: 2 << 30 }
    }

    /// At most this many pixels.
    #[must_use]
    pub const fn pixels(mut self, pixels: u64) -> Self {
        self.pixels = pixels;
        self
    }

    /// At most this many voxels of a label volume.
    #[must_use]
    pub const fn voxels(mut self, voxels: u64) -> Self {
        self.voxels = voxels;
        self
    }

    /// At most this many bytes allocated while decoding: all copies that are in memory at one time, counted together.
    #[must_use]
    pub const fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// Runs `work` under what is left of the limit of bytes while so many are taken by something else that is in
    /// memory. An error for too many bytes tells of all together.
    ///
    /// # Errors
    /// As `work`.
    pub fn within<T>(&self, taken: u64, work: impl FnOnce(&Limits) -> Result<T>) -> Result<T> {
        let left = self.bytes.saturating_sub(taken);
        work(&self.bytes(left)).map_err(|error| match error {
            Error::TooLarge { what: "bytes", found, limit } if limit == left => {
                Error::TooLarge { what: "bytes", found: found.saturating_add(taken), limit: self.bytes }
            }
            error => error,
        })
    }

    /// A count of the bytes that one file's decoding takes.
    pub(crate) fn budget(&self) -> Budget {
        Budget { limit: self.bytes, used: 0 }
    }

    /// The most bytes allocated while decoding.
    pub const fn max_bytes(&self) -> u64 {
        self.bytes
    }

    /// `height * width`, when it is within the limit.
    pub(crate) fn check_pixels(&self, height: usize, width: usize) -> Result<usize> {
        let found = (height as u64).saturating_mul(width as u64);
        if found > self.pixels {
            return Err(Error::TooLarge { what: "pixels", found, limit: self.pixels });
        }
        Ok(found as usize)
    }

    /// `voxels`, when it is within the limit.
    pub(crate) fn check_voxels(&self, voxels: u64) -> Result<u64> {
        if voxels > self.voxels {
            return Err(Error::TooLarge { what: "voxels", found: voxels, limit: self.voxels });
        }
        Ok(voxels)
    }

    /// `bytes`, when it is within the limit.
    pub(crate) fn check_bytes(&self, bytes: u64) -> Result<u64> {
        if bytes > self.bytes {
            return Err(Error::TooLarge { what: "bytes", found: bytes, limit: self.bytes });
        }
        Ok(bytes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// The bytes that one file's decoding has in memory, counted against a limit before they are asked for.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    used: u64,
}

impl Budget {
    /// Counts bytes that are about to be allocated.
    pub(crate) fn take(&mut self, bytes: u64) -> Result<()> {
        let found = self.used.saturating_add(bytes);
        if found > self.limit {
            return Err(Error::TooLarge { what: "bytes", found, limit: self.limit });
        }
        self.used = found;
        Ok(())
    }

    /// The error for bytes that a foreign decoder, which does not tell how many, was not given.
    pub(crate) fn exceeded(&self) -> Error {
        Error::TooLarge { what: "bytes", found: self.limit.saturating_add(1), limit: self.limit }
    }

    /// Counts bytes that were freed.
    pub(crate) fn give_back(&mut self, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// How many bytes may still be taken.
    pub(crate) fn left(&self) -> u64 {
        self.limit - self.used
    }

    /// `len` zeros, counted.
    pub(crate) fn zeroed<T: bytemuck::Pod>(&mut self, len: usize) -> Result<Vec<T>> {
        self.take((len as u64).saturating_mul(size_of::<T>() as u64))?;
        memory::try_zeroed(len)
    }
}
