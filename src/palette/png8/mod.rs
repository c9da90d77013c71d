//! Indexed PNG, with 1, 2, 4 or 8 bits a pixel.

use super::{IndexedPhoto, MAX_COLORS, Palette};
use crate::error::{Error, Result};
use crate::limits::{Budget, Limits};
use crate::photo::{Conversion, colors_to_srgb, open_png, png_error};
use crate::words::words;
use filter::{Choice, filter};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use png::{ColorType, Reader, Transformations};
use rayon::prelude::*;
use std::io::{Cursor, Write};

mod filter;
mod order;

/// How long an encoder looks for the smallest file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effort {
    /// Indices as they are, deflated well.
    #[default]
    Fast,
    /// Orders of the palette, row filters and the deflate stream are searched for the smallest file: for files that are
    /// written once and read often. Takes many seconds a megapixel.
    Best,
}

words!(Effort, "effort", "fast or best", {
    Fast => "fast",
    Best => "best",
});

impl IndexedPhoto {
    /// The photo as an indexed PNG file in memory, with the fewest bits a pixel (1, 2, 4 or 8) that tell its colours
    /// apart.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when a side is above 2^31 - 1.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        self.to_png_with(Effort::Fast)
    }

    /// As [`IndexedPhoto::to_png`], with an effort. [`Effort::Best`] may put the palette in another order.
    ///
    /// # Errors
    /// As [`IndexedPhoto::to_png`].
    pub fn to_png_with(&self, effort: Effort) -> Result<Vec<u8>> {
        let side = |what, len: usize| match u32::try_from(len) {
            Ok(side) if side <= i32::MAX as u32 => Ok(side),
            _ => Err(Error::TooLarge { what, found: len as u64, limit: i32::MAX as u64 }),
        };
        let (width, height) = (side("columns", self.width())?, side("rows", self.height())?);
        let depth = match self.palette().bits() {
            0 | 1 => 1,
            2 => 2,
            3 | 4 => 4,
            _ => 8,
        };
        let as_it_is: Vec<u8> = (0..self.palette().len()).map(|entry| entry as u8).collect();
        let (order, data) = match effort {
            Effort::Fast => {
                let data = zlib(&self.rows(&as_it_is, depth, NONE));
                (as_it_is, data)
            }
            Effort::Best => self.smallest(as_it_is, depth),
        };
        let colors: Vec<[u8; 3]> = order.iter().map(|&entry| self.palette().colors()[usize::from(entry)]).collect();
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth as u8, 3, 0, 0, 0]].concat();
        chunk(&mut bytes, b"IHDR", &header);
        chunk(&mut bytes, b"PLTE", colors.as_flattened());
        if let Some(place) = order.iter().position(|&entry| Some(entry) == self.transparent()) {
            // An opacity for each entry up to the transparent one; those after it are opaque.
            let mut opacity = vec![255; place + 1];
            opacity[place] = 0;
            chunk(&mut bytes, b"tRNS", &opacity);
        }
        for data in data.chunks(i32::MAX as usize) {
            chunk(&mut bytes, b"IDAT", data);
        }
        chunk(&mut bytes, b"IEND", &[]);
        Ok(bytes)
    }

    /// The rows as PNG stores them, with the palette in an order.
    fn rows(&self, order: &[u8], depth: usize, choice: Choice) -> Vec<u8> {
        let mut places = [0; MAX_COLORS];
        (0..=u8::MAX).zip(order).for_each(|(place, &entry)| places[usize::from(entry)] = place);
        let indices: Vec<u8> = self.index_bytes().iter().map(|&index| places[usize::from(index)]).collect();
        filter(&pack(&indices, self.width(), depth), row_bytes(self.width(), depth), choice)
    }

    /// The order of the palette, and the zlib stream of the rows, that make the smallest file of those that are tried.
    fn smallest(&self, as_it_is: Vec<u8>, depth: usize) -> (Vec<u8>, Vec<u8>) {
        let (width, len) = (self.width(), self.palette().len());
        let by_neighbours = order::by_neighbours(self.index_bytes(), width, len);
        let by_pairs = order::by_pairs(self.index_bytes(), width, len);
        let choices = [NONE, Choice::Always(4), Choice::Sum, Choice::Entropy, Choice::Pairs, Choice::PairEntropy];
        let orders = [as_it_is, by_neighbours, by_pairs];
        let tries: Vec<_> = orders.iter().flat_map(|order| choices.map(|choice| (order, choice))).collect();
        // A quick look at all, then a long one at the best.
        let quick = |&(order, choice): &(&Vec<u8>, Choice)| zlib(&self.rows(order, depth, choice)).len();
        let mut ranked: Vec<_> = tries.par_iter().map(|attempt| (quick(attempt), attempt)).collect();
        ranked.sort_by_key(|&(size, _)| size);
        let finalists = ranked[..FINALISTS].par_iter();
        let files: Vec<_> =
            finalists.map(|&(_, &(order, choice))| (zopfli(&self.rows(order, depth, choice)), order)).collect();
        // Not in parallel: of equally small files the first, on any number of threads.
        let (data, order) = files.into_iter().min_by_key(|(data, _)| data.len()).expect("some are tried");
        (order.clone(), data)
    }

    /// Reads an indexed PNG file in memory with the default [`Limits`].
    ///
    /// # Errors
    /// As [`IndexedPhoto::from_png_with`].
    pub fn from_png(bytes: &[u8]) -> Result<Self> {
        Self::from_png_with(bytes, &Limits::new())
    }

    /// Reads an indexed PNG file in memory: any bit depth, interlaced or not, palette order kept. A single transparent
    /// entry stays one and is white; where there are more, or half transparent ones, they are laid over white.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the bytes are no PNG, a damaged one, or one with an index beyond its palette;
    /// [`Error::Unsupported`] for a PNG that is not indexed; [`Error::TooLarge`].
    pub fn from_png_with(bytes: &[u8], limits: &Limits) -> Result<Self> {
        Ok(Self::from_png_noting(bytes, limits)?.0)
    }

    /// As [`IndexedPhoto::from_png_with`], and tells what of the file the palette's colours do not hold: they are sRGB,
    /// over white.
    ///
    /// # Errors
    /// As [`IndexedPhoto::from_png_with`].
    pub fn from_png_noting(bytes: &[u8], limits: &Limits) -> Result<(Self, Conversion)> {
        let mut budget = limits.budget();
        let mut reader = open_indexed(bytes, limits, &budget)?;
        let info = reader.info();
        let (height, width, depth) = (info.height as usize, info.width as usize, info.bit_depth as usize);
        let opacity = info.trns.clone().unwrap_or_default();
        let palette = info.palette.as_deref().unwrap_or_default();
        let (colors, mut conversion) = colors_to_srgb(bytes, palette.as_chunks::<3>().0);
        let opaque = colors.iter().enumerate().map(|(i, &color)| over_white(color, opacity.get(i).copied()));
        let palette = Palette::from_colors(&opaque.collect::<Vec<_>>())?;
        let size = reader.output_buffer_size().ok_or_else(|| Error::malformed("PNG", "its size overflows"))?;
        let mut packed = budget.zeroed(size)?;
        reader.next_frame(&mut packed).map_err(|error| png_error(error, &budget))?;
        let transparent = match opacity.iter().position(|&alpha| alpha == 0) {
            Some(entry) if entry < palette.len() && opacity.iter().filter(|&&alpha| alpha < 255).count() == 1 => {
                Some(entry as u8)
            }
            _ => None,
        };
        budget.take((height * width) as u64)?;
        let indices = unpack(&packed, width, depth);
        conversion.alpha_flattened =
            indices.iter().any(|&index| opacity.get(usize::from(index)).is_some_and(|&alpha| alpha < 255));
        Ok((Self::from_parts(height, width, indices, palette)?.set_transparent(transparent), conversion))
    }
}

/// A reader of an indexed PNG file, which has a palette and is within the limits.
pub(super) fn open_indexed<'a>(bytes: &'a [u8], limits: &Limits, budget: &Budget) -> Result<Reader<Cursor<&'a [u8]>>> {
    let reader = open_png(bytes, budget, Transformations::IDENTITY)?;
    let info = reader.info();
    if info.color_type != ColorType::Indexed {
        return Err(Error::Unsupported("the PNG holds colours, not a palette and indices".into()));
    }
    limits.check_pixels(info.height as usize, info.width as usize)?;
    match info.palette {
        Some(_) => Ok(reader),
        None => Err(Error::malformed("PNG", "it has no palette")),
    }
}

const NONE: Choice = Choice::Always(0);

/// Files that are deflated as well as can be, of those that are tried.
const FINALISTS: usize = 4;

fn row_bytes(width: usize, depth: usize) -> usize {
    (width * depth).div_ceil(8)
}

fn zlib(rows: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(rows).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

/// The same, a few per cent smaller and a hundred times slower.
fn zopfli(rows: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Zlib, rows, &mut data)
        .expect("writing to memory does not fail");
    data
}

fn chunk(bytes: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    bytes.extend((data.len() as u32).to_be_bytes());
    let start = bytes.len();
    bytes.extend(kind);
    bytes.extend(data);
    bytes.extend(crc32fast::hash(&bytes[start..]).to_be_bytes());
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
    let rows = packed.chunks(row_bytes(width, depth));
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
