//! The compressions that chunks may have.

use crate::error::{Error, Result};

/// How chunks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    /// Fax codes: 2 for lines that begin at a byte, 3 for Group 3 and 4 for Group 4.
    Fax(u8),
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    Lzma,
    Zstd,
}

/// The number of the old kind of JPEG, which TIFF 6.0 had.
pub(super) const OLD_JPEG: u64 = 6;

impl Compression {
    pub(super) fn new(number: u64) -> Result<Self> {
        let refused = |name: &str| {
            let message =
                format!("{name} compression in a TIFF file is not supported: save it without, or with LZW or Deflate");
            Err(Error::Unsupported(message))
        };
        match number {
            0 | 1 => Ok(Self::None),
            2..=4 => Ok(Self::Fax(number as u8)),
            5 => Ok(Self::Lzw),
            OLD_JPEG | 7 => Ok(Self::Jpeg),
            8 | 32946 => Ok(Self::Deflate),
            32773 => Ok(Self::PackBits),
            34925 => Ok(Self::Lzma),
            50000 => Ok(Self::Zstd),
            33003..=33005 | 34712 => refused("JPEG 2000"),
            34887 => refused("LERC"),
            34933 => refused("PNG"),
            50001 => refused("WebP"),
            50002 | 52546 => refused("JPEG XL"),
            32809 => refused("ThunderScan"),
            32766 => refused("NeXT"),
            34676 | 34677 => refused("SGI's logarithmic"),
            other => refused(&format!("an unknown ({other})")),
        }
    }
}
