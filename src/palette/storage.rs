//! What a quantised photo takes, by each way of counting.

use super::{Effort, IndexedPhoto};
use crate::error::Result;
use crate::metrics::{bits_per_pixel, compression_ratio};
use crate::table::Table;

/// What a quantised photo takes in bytes, by each way of counting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Number of pixels.
    pub pixels: usize,
    /// The photo as it was: one byte a sample.
    pub naive: usize,
    /// A palette of f64 and indices of u8, as NumPy holds them.
    pub float_palette: usize,
    /// A palette of u8 and indices of the fewest bits that tell the colours apart.
    pub packed: usize,
    /// A palette of u8 and indices at their order-0 entropy: the bound of a coder that ignores the neighbours.
    pub entropy: usize,
    /// Palette and indices as a `.npz` file.
    pub npz: usize,
    /// A GIF file, which uses what stands before a pixel in its row and in the rows above.
    pub gif: usize,
    /// An indexed PNG file, which does so better.
    pub png: usize,
    /// An indexed PNG file written with [`Effort::Best`].
    pub optimised_png: usize,
}

impl Storage {
    pub(super) fn of(indexed: &IndexedPhoto) -> Result<Self> {
        let (pixels, palette) = (indexed.pixels(), indexed.palette());
        let colors = palette.len() * 3;
        Ok(Self {
            pixels,
            naive: pixels * indexed.channels(),
            float_palette: pixels + colors * size_of::<f64>(),
            packed: (pixels * palette.bits() as usize).div_ceil(8) + colors,
            entropy: (pixels as f64 * indexed.entropy() / 8.0).ceil() as usize + colors,
            npz: indexed.to_npz()?.len(),
            gif: indexed.to_gif()?.len(),
            png: indexed.to_png()?.len(),
            optimised_png: indexed.to_png_with(Effort::Best)?.len(),
        })
    }

    /// The same as a table: method, bytes, KiB, bits per pixel, compression ratio.
    pub fn table(&self) -> Table {
        let rows = [
            ("naive: one byte a sample", self.naive),
            ("f64 palette + u8 indices", self.float_palette),
            ("u8 palette + packed indices", self.packed),
            ("u8 palette + order-0 entropy", self.entropy),
            (".npz file", self.npz),
            ("GIF file", self.gif),
            ("indexed PNG file", self.png),
            ("optimised indexed PNG file", self.optimised_png),
        ];
        let mut table = Table::new(["storage", "bytes", "KiB", "bits per pixel", "ratio"]);
        for (storage, bytes) in rows {
            table.push([
                storage.into(),
                bytes.into(),
                (bytes as f64 / 1024.0).into(),
                bits_per_pixel(bytes, self.pixels).into(),
                compression_ratio(self.naive, bytes).into(),
            ]);
        }
        table
    }
}
