//! Indexed PNG, with 1, 2, 4 or 8 bits a pixel.

use super::{IndexedPhoto, Palette};
use crate::error::{Error, Limits, Result};
use crate::photo::one_line;
use png::{BitDepth, ColorType, Transformations};
use std::io::Cursor;

impl IndexedPhoto {
    /// The photo as an indexed PNG file in memory, with the fewest bits a pixel (1, 2, 4 or 8) that tell its colours
    /// apart.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when a side is above 2^31 - 1.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let side = |what, len: usize| match u32::try_from(len) {
            Ok(side) if side <= i32::MAX as u32 => Ok(side),
            _ => Err(Error::TooLarge { what, found: len as u64, limit: i32::MAX as u64 }),
        };
        let (width, height) = (side("columns", self.width())?, side("rows", self.height())?);
        let depth = match self.palette().bits() {
            0 | 1 => BitDepth::One,
            2 => BitDepth::Two,
            3 | 4 => BitDepth::Four,
            _ => BitDepth::Eight,
        };
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(depth);
        encoder.set_palette(self.palette().colors().concat());
        encoder.set_compression(png::Compression::High);
        // Neighbouring indices are names, not amounts: the differences that filters take only add noise.
        encoder.set_filter(png::Filter::NoFilter);
        let encoding_error = |error| Error::Unsupported(format!("cannot encode the picture: {}", one_line(&error)));
        let mut writer = encoder.write_header().map_err(encoding_error)?;
        writer.write_image_data(&pack(self.index_bytes(), self.width(), depth as usize)).map_err(encoding_error)?;
        writer.finish().map_err(encoding_error)?;
        Ok(bytes)
    }

    /// Reads an indexed PNG file in memory with the default [`Limits`].
    ///
    /// # Errors
    /// As [`IndexedPhoto::from_png_with`].
    pub fn from_png(bytes: &[u8]) -> Result<Self> {
        Self::from_png_with(bytes, &Limits::new())
    }

    /// Reads an indexed PNG file in memory: any bit depth, interlaced or not, palette order kept. Transparent entries
    /// are laid over white.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the bytes are no PNG, a damaged one, or one with an index beyond its palette;
    /// [`Error::Unsupported`] for a PNG that is not indexed; [`Error::TooLarge`].
    pub fn from_png_with(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let malformed = |error: png::DecodingError| Error::malformed("PNG", one_line(&error));
        let png_limits = png::Limits { bytes: usize::try_from(limits.bytes).unwrap_or(usize::MAX) };
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png_limits);
        decoder.set_transformations(Transformations::IDENTITY);
        let mut reader = decoder.read_info().map_err(malformed)?;
        let info = reader.info();
        if info.color_type != ColorType::Indexed {
            return Err(Error::Unsupported("the PNG holds colours, not a palette and indices".into()));
        }
        let (height, width, depth) = (info.height as usize, info.width as usize, info.bit_depth as usize);
        limits.check_pixels(height, width)?;
        let opacity = info.trns.clone().unwrap_or_default();
        let palette = info.palette.as_ref().ok_or_else(|| Error::malformed("PNG", "it has no palette"))?;
        let colors: Vec<[u8; 3]> = palette.as_chunks::<3>().0.to_vec();
        let opaque = colors.iter().enumerate().map(|(i, &color)| over_white(color, opacity.get(i).copied()));
        let palette = Palette::from_colors(&opaque.collect::<Vec<_>>())?;
        let size = reader.output_buffer_size().ok_or_else(|| Error::malformed("PNG", "its size overflows"))?;
        limits.check_bytes(size as u64)?;
        let mut packed = vec![0; size];
        reader.next_frame(&mut packed).map_err(malformed)?;
        Self::from_parts(height, width, unpack(&packed, width, depth), palette)
    }
}

/// Rows of indices of `depth` bits each, most significant first; every row starts a new byte.
fn pack(indices: &[u8], width: usize, depth: usize) -> Vec<u8> {
    let per_byte = 8 / depth;
    let rows = indices.chunks(width).flat_map(|row| row.chunks(per_byte));
    rows.map(|group| {
        let place = |(at, &index): (usize, &u8)| index << (8 - depth * (at + 1));
        group.iter().enumerate().map(place).fold(0, |byte, bits| byte | bits)
    })
    .collect()
}

fn unpack(packed: &[u8], width: usize, depth: usize) -> Vec<u8> {
    let mask = u8::MAX >> (8 - depth);
    let rows = packed.chunks((width * depth).div_ceil(8));
    rows.flat_map(|row| (0..width).map(move |x| (row[x * depth / 8] >> (8 - depth - x * depth % 8)) & mask)).collect()
}

fn over_white(color: [u8; 3], alpha: Option<u8>) -> [u8; 3] {
    let alpha = u32::from(alpha.unwrap_or(255));
    color.map(|sample| ((u32::from(sample) * alpha + 255 * (255 - alpha) + 127) / 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_follows_the_png_specification_and_comes_back() {
        assert_eq!(pack(&[1, 0, 1, 1], 4, 1), [0b1011_0000]);
        assert_eq!(pack(&[1, 2, 3, 0, 2, 1], 3, 2), [0b0110_1100, 0b0010_0100]);
        assert_eq!(pack(&[15, 1, 2], 3, 4), [0xF1, 0x20]);
        for depth in [1, 2, 4, 8] {
            for width in [1, 2, 3, 5, 7, 8, 9, 13] {
                let indices: Vec<u8> = (0..width * 3).map(|i| (i * 7 % (1 << depth)) as u8).collect();
                assert_eq!(unpack(&pack(&indices, width, depth), width, depth), indices, "{width} at {depth} bits");
            }
        }
    }
}
