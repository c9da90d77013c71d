//! BMP pictures: palettes and run lengths are read here, and other pixels by the decoder of the crate image, to which
//! headers that it does not know are translated.

use super::color::{ColorSpace, Model};
use super::conversion::Conversion;
use super::others;
use super::picture::{Alpha, Picture, Samples, checked};
use crate::error::{Error, Result};
use crate::limits::{Budget, Limits};
use image::codecs::bmp::BmpDecoder;
use std::io::Cursor;

const FORMAT: &str = "BMP";
/// Bytes of the header before the picture's own; a device-independent bitmap (.dib) has none.
const FILE_HEADER: usize = 14;
/// The sizes of the pictures' own headers that the decoder knows: OS/2 1, and Windows from 3 to 5.
const KNOWN: [usize; 6] = [OS2_1, WINDOWS_3, 52, 56, 108, 124];
const OS2_1: usize = 12;
/// Those of OS/2 2, of 16 to 64 bytes, begin as this does.
const WINDOWS_3: usize = 40;

/// Whether bytes begin as a bitmap does that has no file header.
pub(super) fn is_bare(bytes: &[u8]) -> bool {
    let Some(header) = Header::read(bytes, 0) else { return false };
    let known = KNOWN.contains(&header.size) || header.size == 64;
    known && header.planes == 1 && matches!(header.bits, 1 | 4 | 8 | 16 | 24 | 32)
}

pub(super) fn read(bytes: &[u8], limits: &Limits, budget: &mut Budget) -> Result<Picture> {
    let bare = !bytes.starts_with(b"BM");
    let start = if bare { 0 } else { FILE_HEADER };
    let Some(header) = Header::read(bytes, start) else {
        return Err(Error::malformed_at(FORMAT, bytes.len(), "it ends within its headers"));
    };
    let known = KNOWN.contains(&header.size);
    if !known && !(16..=64).contains(&header.size) {
        let message = format!("its header has {} bytes, which no kind of BMP has", header.size);
        return Err(Error::malformed_at(FORMAT, start, message));
    }
    let compressed = match (header.compression, header.bits) {
        (0, _) => false,
        (1, 8) | (2, 4) => true,
        (3, 16 | 32) if known => false,
        (compression, bits) => {
            let message = format!("BMP's compression {compression} of {bits} bits is not supported: save it without");
            return Err(Error::Unsupported(message));
        }
    };
    let told = if bare { None } else { u32_at(bytes, 10).map(|offset| offset as usize) };
    if told.is_some_and(|pixels| pixels < start + header.size) {
        return Err(Error::malformed_at(FORMAT, 10, "its pixels begin before its headers end"));
    }
    if matches!(header.bits, 1 | 2 | 4 | 8) {
        return header.read_indexed(bytes, start, told, compressed, limits, budget);
    }
    let pixels = told.unwrap_or(start + header.size + header.masks());
    if known && header.planes == 1 && !bare {
        return read_plain(bytes, limits, budget);
    }

    let size = if known { header.size } else { WINDOWS_3 };
    let behind = bytes.get(start + header.size..).unwrap_or_default();
    let mut plain = budget.zeroed::<u8>(FILE_HEADER + size + behind.len())?;
    let offset = FILE_HEADER + size + (pixels - start - header.size);
    plain[..2].copy_from_slice(b"BM");
    plain[10..FILE_HEADER].copy_from_slice(&(offset as u32).to_le_bytes());
    let own = &mut plain[FILE_HEADER..];
    let kept = size.min(header.size);
    own[..kept].copy_from_slice(&bytes[start..start + kept]);
    own[..4].copy_from_slice(&(size as u32).to_le_bytes());
    let planes = if size == OS2_1 { 8 } else { 12 };
    own[planes..][..2].copy_from_slice(&1u16.to_le_bytes());
    own[size..].copy_from_slice(behind);
    let picture = read_plain(&plain, limits, budget)?;
    budget.give_back(plain.len() as u64);
    Ok(picture)
}

fn read_plain(bytes: &[u8], limits: &Limits, budget: &mut Budget) -> Result<Picture> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(others::failed(FORMAT))?;
    others::read(FORMAT, decoder, limits, budget)
}

/// What is looked at of a picture's own header.
struct Header {
    size: usize,
    width: i32,
    /// Negative where the first row is the highest.
    height: i32,
    planes: u16,
    bits: u16,
    compression: u32,
    /// Of the palette; 0 for as many as there are indices.
    colors: u32,
}

impl Header {
    /// Reads the header at `start`; `None` when the file ends within.
    fn read(bytes: &[u8], start: usize) -> Option<Self> {
        let size = u32_at(bytes, start)? as usize;
        let own = bytes.get(start..start.checked_add(size)?)?;
        let short = |at| Some(u16::from_le_bytes(*own.get(at..)?.first_chunk()?));
        Some(match size {
            OS2_1 => Self {
                size,
                width: short(4)?.into(),
                height: short(6)?.into(),
                planes: short(8)?,
                bits: short(10)?,
                compression: 0,
                colors: 0,
            },
            _ => Self {
                size,
                width: u32_at(own, 4)? as i32,
                height: u32_at(own, 8)? as i32,
                planes: short(12)?,
                bits: short(14)?,
                compression: u32_at(own, 16).unwrap_or(0),
                colors: u32_at(own, 32).unwrap_or(0),
            },
        })
    }

    /// Bytes of the masks that follow a header which has no room for them.
    fn masks(&self) -> usize {
        if self.compression == 3 && self.size == WINDOWS_3 { 12 } else { 0 }
    }

    /// Reads a picture of indices, of which the pixels are said to begin at `told`.
    fn read_indexed(
        &self,
        bytes: &[u8],
        start: usize,
        told: Option<usize>,
        compressed: bool,
        limits: &Limits,
        budget: &mut Budget,
    ) -> Result<Picture> {
        let (Ok(width), height) = (usize::try_from(self.width), self.height.unsigned_abs() as usize) else {
            return Err(Error::malformed_at(FORMAT, start, format!("it is {} pixels wide", self.width)));
        };
        if height == 0 || width == 0 {
            return Err(Error::malformed_at(FORMAT, start, format!("it is {width} pixels wide and {height} high")));
        }
        limits.check_pixels(height, width)?;
        let entry = if self.size == OS2_1 { 3 } else { 4 };
        let first = start + self.size;
        let all = match self.colors {
            0 => 1 << self.bits,
            colors => colors as usize,
        };
        let end = first.saturating_add(all.saturating_mul(entry));
        // Some writers forget the palette when they tell where the pixels begin, and some shorten it for them.
        let pixels = told.filter(|&pixels| pixels > first).unwrap_or(end);
        if pixels < first + entry {
            return Err(Error::malformed_at(FORMAT, 10, "its pixels begin before its palette ends"));
        }
        let data = bytes.get(pixels..).unwrap_or_default();
        let palette: Vec<[u8; 3]> = bytes[first..]
            .chunks_exact(entry)
            .take(all.min((pixels - first) / entry).min(256))
            .map(|color| [color[2], color[1], color[0]])
            .collect();

        let mut indices = budget.zeroed::<u8>(checked(height, width, 1)?)?;
        let bits = usize::from(self.bits);
        let whole = match compressed {
            true => unpack_runs(data, bits, width, &mut indices),
            false => unpack_bits(data, bits, width, &mut indices),
        };
        if !whole {
            return Err(Error::malformed_at(FORMAT, bytes.len(), "its picture ends early, or its runs leave it"));
        }
        let most = indices.iter().copied().max().unwrap_or(0);
        if pixels < end && usize::from(most) >= palette.len() {
            let message = format!("its pixels begin before the end of its palette, and one of them has colour {most}");
            return Err(Error::malformed_at(FORMAT, 10, message));
        }
        let mut colors = budget.zeroed::<u8>(checked(height, width, 3)?)?;
        let rows = colors.chunks_exact_mut(3 * width);
        let expand = |(row, indices): (&mut [u8], &[u8])| {
            for (color, &index) in row.chunks_exact_mut(3).zip(indices) {
                // A colour that the palette lacks is black, as with most programs.
                color.copy_from_slice(palette.get(usize::from(index)).unwrap_or(&[0; 3]));
            }
        };
        let stored = indices.chunks_exact(width);
        match self.height < 0 {
            true => rows.zip(stored).for_each(expand),
            false => rows.rev().zip(stored).for_each(expand),
        }
        budget.give_back(indices.len() as u64);
        Ok(Picture {
            height,
            width,
            model: Model::Rgb,
            alpha: Alpha::None,
            samples: Samples::Eight(colors),
            color: ColorSpace::Srgb,
            orientation: 1,
            conversion: Conversion::default(),
        })
    }
}

/// Rows of indices, each filled up to a multiple of four bytes; the last may lack what fills it up. Whether all is
/// there.
fn unpack_bits(data: &[u8], bits: usize, width: usize, indices: &mut [u8]) -> bool {
    let mut stored = data.chunks((bits * width).div_ceil(32) * 4);
    let per_byte = 8 / bits;
    indices.chunks_exact_mut(width).all(|row| {
        let bytes = stored.next().unwrap_or_default();
        for (x, index) in row.iter_mut().enumerate() {
            let Some(&byte) = bytes.get(x / per_byte) else { return false };
            *index = byte >> (8 - bits - x % per_byte * bits) & (0xFF >> (8 - bits));
        }
        true
    })
}

/// Runs of one index or of two in turns, stretches of single ones, and steps over pixels that stay at index 0. What a
/// run has beyond its row is dropped, as some writers mean it. Whether all makes sense up to the end or the last row.
fn unpack_runs(data: &[u8], bits: usize, width: usize, indices: &mut [u8]) -> bool {
    let rows = indices.len() / width;
    let (mut at, mut x, mut y) = (0, 0, 0);
    let index = |byte: u8, place: usize| match bits {
        8 => byte,
        _ => byte >> (4 * (1 - place % 2)) & 15,
    };
    while y < rows {
        let Some(&[count, value]) = data.get(at..).and_then(<[u8]>::first_chunk) else { return false };
        at += 2;
        let (len, run) = match (count, value) {
            (0, 0) => {
                (x, y) = (0, y + 1);
                continue;
            }
            (0, 1) => return true,
            (0, 2) => {
                let Some(&[right, up]) = data.get(at..).and_then(<[u8]>::first_chunk) else { return false };
                (at, x, y) = (at + 2, x + usize::from(right), y + usize::from(up));
                if x > width || y >= rows {
                    return false;
                }
                continue;
            }
            (0, len) => (usize::from(len), None),
            (len, value) => (usize::from(len), Some(value)),
        };
        let row = &mut indices[y * width..][..width];
        let inside = row.iter_mut().skip(x).take(len);
        match run {
            Some(value) => inside.enumerate().for_each(|(place, to)| *to = index(value, place)),
            None => {
                let bytes = (len * bits).div_ceil(8);
                if x + len > width {
                    return false;
                }
                let Some(stretch) = data.get(at..at + bytes) else { return false };
                inside.enumerate().for_each(|(place, to)| *to = index(stretch[place * bits / 8], place));
                // Stretches end at even bytes.
                at += bytes + bytes % 2;
            }
        }
        x += len;
    }
    true
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
