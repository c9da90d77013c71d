//! The samples of a page: their way from the file into memory.

use super::compression::Compression;
use super::page::Page;
use super::{Tiff, chunk, take_bytes};
use crate::error::Result;
use crate::limits::Budget;

impl Page {
    /// Reads the samples in the order (slice, row, column, sample), each as this machine's number of
    /// [`Page::sample_bytes`] bytes. The buffer has [`Page::bytes`] zeros.
    pub(crate) fn read(&self, tiff: &mut Tiff, into: &mut [u8], budget: &mut Budget) -> Result<()> {
        let [across, down, deep] = self.chunks();
        let mut place = 0;
        for plane in 0..self.planes() {
            for z in 0..deep {
                for y in 0..down {
                    for x in 0..across {
                        let origin = [x * self.chunk[0], y * self.chunk[1], z * self.chunk[2]];
                        self.read_chunk(tiff, place, plane, origin, into, budget)?;
                        place += 1;
                    }
                }
            }
        }
        Ok(())
    }

    fn read_chunk(
        &self,
        tiff: &mut Tiff,
        place: usize,
        plane: usize,
        origin: [usize; 3],
        into: &mut [u8],
        budget: &mut Budget,
    ) -> Result<()> {
        let (offset, mut length) = (self.offsets[place], self.lengths[place]);
        // What was never written is zeros, whatever the compression.
        if offset == 0 || (length == 0 && self.compression != Compression::None) {
            return Ok(());
        }
        // The last strip may be shorter, tiles are whole.
        let rows = if self.tiled { self.chunk[1] } else { self.chunk[1].min(self.height - origin[1]) };
        let shape = [self.chunk[0], rows, self.chunk[2]];
        let expected = chunk::stored_bytes(self, shape) as u64;
        if self.compression == Compression::None && length == 0 {
            length = expected;
        }
        // No compression doubles what it is given, but for what JPEG has besides pixels; what follows is never read.
        length = match self.compression {
            Compression::None => length.min(expected),
            Compression::Fax(_)
            | Compression::Lzw
            | Compression::Jpeg
            | Compression::Deflate
            | Compression::PackBits
            | Compression::Lzma
            | Compression::Zstd => length.min(expected.saturating_mul(2).saturating_add(1 << 20)),
        };
        let stored = take_bytes(tiff, offset, length, budget)?;
        let (samples, taken) = chunk::decode(self, shape, stored, offset, budget)?;
        self.place(&samples, shape, plane, origin, into);
        budget.give_back(length + taken);
        Ok(())
    }

    /// Copies the part of a chunk that lies within the page.
    fn place(&self, samples: &[u8], shape: [usize; 3], plane: usize, origin: [usize; 3], into: &mut [u8]) {
        let size = self.sample_bytes();
        let [columns, rows, slices] = shape;
        let inside = |side: usize, origin: usize, len: usize| len.min(side - origin);
        let columns_inside = inside(self.width, origin[0], columns);
        for z in 0..inside(self.depth, origin[2], slices) {
            for y in 0..inside(self.height, origin[1], rows) {
                let pixel = ((origin[2] + z) * self.height + origin[1] + y) * self.width + origin[0];
                let from = (z * rows + y) * columns * self.chunk_samples() * size;
                let from = &samples[from..][..columns_inside * self.chunk_samples() * size];
                match self.planar {
                    false => into[pixel * self.samples * size..][..from.len()].copy_from_slice(from),
                    true => {
                        let pixels = into[pixel * self.samples * size..].chunks_exact_mut(self.samples * size);
                        for (pixel, sample) in pixels.zip(from.chunks_exact(size)) {
                            pixel[plane * size..][..size].copy_from_slice(sample);
                        }
                    }
                }
            }
        }
    }
}
