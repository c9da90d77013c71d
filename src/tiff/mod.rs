//! TIFF files as they are: directories of tags, and pages of samples in strips or tiles.
//!
//! One reader serves photos and label volumes. It gives the stored numbers; what they mean is for `photo` and `volume`
//! to say. See DESIGN.md for why the container is read here, and the TIFF 6.0 specification with its supplements for
//! the format.

mod chunk;
mod compression;
mod fax;
mod old_jpeg;
mod page;
mod samples;

pub(crate) use page::{Page, SampleFormat, photometric};

use crate::error::{Error, Result};
use crate::limits::Budget;
use crate::memory;
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

pub(crate) const FORMAT: &str = "TIFF";

/// The most numbers that a tag's are read of: as many as the palette of 65,536 colours has.
const MOST_NUMBERS: u64 = 3 << 16;
/// The most bytes that are read of a tag of bytes: profiles are the longest, and no longer one is used.
const LONGEST_BYTES: u64 = 16 << 20;

/// Numbers of the tags that are looked at.
pub(crate) mod tag {
    pub(crate) const NEW_SUBFILE_TYPE: u16 = 254;
    pub(crate) const SUBFILE_TYPE: u16 = 255;
    pub(crate) const WIDTH: u16 = 256;
    pub(crate) const HEIGHT: u16 = 257;
    pub(crate) const BITS: u16 = 258;
    pub(crate) const COMPRESSION: u16 = 259;
    pub(crate) const PHOTOMETRIC: u16 = 262;
    pub(crate) const FILL_ORDER: u16 = 266;
    pub(crate) const DESCRIPTION: u16 = 270;
    pub(crate) const STRIP_OFFSETS: u16 = 273;
    pub(crate) const ORIENTATION: u16 = 274;
    pub(crate) const SAMPLES: u16 = 277;
    pub(crate) const ROWS_PER_STRIP: u16 = 278;
    pub(crate) const STRIP_BYTES: u16 = 279;
    pub(crate) const PLANAR: u16 = 284;
    pub(crate) const T4_OPTIONS: u16 = 292;
    pub(crate) const TRANSFER_FUNCTION: u16 = 301;
    pub(crate) const PREDICTOR: u16 = 317;
    pub(crate) const WHITE_POINT: u16 = 318;
    pub(crate) const PRIMARIES: u16 = 319;
    pub(crate) const COLOR_MAP: u16 = 320;
    pub(crate) const TILE_WIDTH: u16 = 322;
    pub(crate) const TILE_HEIGHT: u16 = 323;
    pub(crate) const TILE_OFFSETS: u16 = 324;
    pub(crate) const TILE_BYTES: u16 = 325;
    pub(crate) const INK_SET: u16 = 332;
    pub(crate) const EXTRA_SAMPLES: u16 = 338;
    pub(crate) const SAMPLE_FORMAT: u16 = 339;
    pub(crate) const JPEG_TABLES: u16 = 347;
    pub(crate) const JPEG_PROCESS: u16 = 512;
    pub(crate) const JPEG_STREAM: u16 = 513;
    pub(crate) const JPEG_STREAM_BYTES: u16 = 514;
    pub(crate) const JPEG_RESTART: u16 = 515;
    pub(crate) const JPEG_STEPS: u16 = 519;
    pub(crate) const JPEG_DC: u16 = 520;
    pub(crate) const JPEG_AC: u16 = 521;
    pub(crate) const YCBCR_COEFFICIENTS: u16 = 529;
    pub(crate) const YCBCR_SUBSAMPLING: u16 = 530;
    pub(crate) const REFERENCE_BLACK_WHITE: u16 = 532;
    pub(crate) const IMAGE_DEPTH: u16 = 32997;
    pub(crate) const TILE_DEPTH: u16 = 32998;
    pub(crate) const ICC: u16 = 34675;
}

/// Where a TIFF file's bytes are.
pub(crate) trait Source: Read + Seek {}

impl<S: Read + Seek> Source for S {}

/// A file whose directories are read one after the other.
pub(crate) struct Tiff<'a> {
    source: &'a mut dyn Source,
    len: u64,
    big_endian: bool,
    /// Offsets of eight bytes, and other sizes with them.
    is_big: bool,
    next: u64,
    seen: HashSet<u64>,
}

/// The tags of one page.
pub(crate) struct Directory {
    entries: Vec<Entry>,
    offset: u64,
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The value where it fits, else where it is.
    data: [u8; 8],
}

impl<'a> Tiff<'a> {
    /// Whether bytes begin as a TIFF file does.
    pub(crate) fn is_tiff(bytes: &[u8]) -> bool {
        matches!(bytes, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..])
    }

    /// Reads the header.
    pub(crate) fn open(source: &'a mut dyn Source) -> Result<Self> {
        let len = source.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut tiff = Self { source, len, big_endian: false, is_big: false, next: 0, seen: HashSet::new() };
        let header = tiff.bytes_at(0, 8)?;
        if !Self::is_tiff(&header) {
            return Err(Error::malformed_at(FORMAT, 0, "its first bytes are not those of the format"));
        }
        tiff.big_endian = header[0] == b'M';
        tiff.is_big = tiff.number(&header[2..4]) == 43;
        tiff.next = match tiff.is_big {
            false => tiff.number(&header[4..8]),
            true if tiff.number(&header[4..6]) != 8 => {
                return Err(Error::malformed_at(FORMAT, 4, "its offsets do not have 8 bytes"));
            }
            true => {
                let offset = tiff.bytes_at(8, 8)?;
                tiff.number(&offset)
            }
        };
        Ok(tiff)
    }

    /// Length of the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Whether numbers of several bytes have to be turned round to be this machine's.
    pub(crate) fn swaps(&self) -> bool {
        self.big_endian != cfg!(target_endian = "big")
    }

    /// The next page's tags; `None` after the last.
    pub(crate) fn directory(&mut self) -> Result<Option<Directory>> {
        let offset = self.next;
        if offset == 0 {
            return Ok(None);
        }
        if !self.seen.insert(offset) {
            return Err(Error::malformed_at(FORMAT, offset as usize, "its pages follow one another in a circle"));
        }
        let (count_bytes, entry_bytes, offset_bytes) = if self.is_big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.bytes_at(offset, count_bytes)?;
        let count = self.number(&count);
        // Longer than any that exists, and short enough to be read at once.
        if count > 4096 {
            return Err(Error::malformed_at(FORMAT, offset as usize, format!("a directory has {count} tags")));
        }
        let start = offset + count_bytes;
        let table = self.bytes_at(start, count * entry_bytes)?;
        let entry = |bytes: &[u8]| {
            let mut data = [0; 8];
            let (value, width) = if self.is_big { (12, 8) } else { (8, 4) };
            data[..width].copy_from_slice(&bytes[value..value + width]);
            Entry {
                tag: self.number(&bytes[..2]) as u16,
                kind: self.number(&bytes[2..4]) as u16,
                count: self.number(&bytes[4..value]),
                data,
            }
        };
        let entries = table.chunks_exact(entry_bytes as usize).map(entry).collect();
        let next = self.bytes_at(start + count * entry_bytes, offset_bytes)?;
        self.next = self.number(&next);
        Ok(Some(Directory { entries, offset }))
    }

    /// The first page that is no smaller copy of another and no mask.
    pub(crate) fn main_directory(&mut self) -> Result<Option<Directory>> {
        while let Some(directory) = self.directory()? {
            if !self.is_aside(&directory)? {
                return Ok(Some(directory));
            }
        }
        Ok(None)
    }

    /// Whether a page is a copy at reduced resolution, or a mask.
    pub(crate) fn is_aside(&mut self, directory: &Directory) -> Result<bool> {
        let flags = self.value(directory, tag::NEW_SUBFILE_TYPE)?.unwrap_or(0);
        let old = self.value(directory, tag::SUBFILE_TYPE)?.unwrap_or(0);
        Ok(flags & 0b101 != 0 || old == 2)
    }

    /// A tag's whole numbers; no tag but those that tell where the parts of a picture are has many.
    pub(crate) fn numbers(&mut self, directory: &Directory, tag: u16) -> Result<Option<Vec<u64>>> {
        self.first_numbers(directory, tag, MOST_NUMBERS)
    }

    /// The first of a tag's whole numbers, at most so many.
    pub(crate) fn first_numbers(&mut self, directory: &Directory, tag: u16, most: u64) -> Result<Option<Vec<u64>>> {
        let Some((kind, bytes)) = self.field(directory, tag, most)? else { return Ok(None) };
        let width = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 13 => 4,
            16..=18 => 8,
            _ => return Err(directory.malformed(format!("its tag {tag} holds no whole numbers"))),
        };
        Ok(Some(bytes.chunks_exact(width).map(|number| self.number(number)).collect()))
    }

    /// A tag's first whole number.
    pub(crate) fn value(&mut self, directory: &Directory, tag: u16) -> Result<Option<u64>> {
        Ok(self.first_numbers(directory, tag, 1)?.and_then(|numbers| numbers.first().copied()))
    }

    /// A tag's fractions, or its whole numbers as such; `None` also of a tag of another type.
    pub(crate) fn fractions(&mut self, directory: &Directory, tag: u16) -> Result<Option<Vec<f64>>> {
        let Some((kind, bytes)) = self.field(directory, tag, MOST_NUMBERS)? else { return Ok(None) };
        let whole = |bytes: &[u8]| self.number(bytes);
        let signed = |bytes: &[u8]| f64::from(self.number(bytes) as u32 as i32);
        let fractions = match kind {
            5 => bytes.chunks_exact(8).map(|pair| whole(&pair[..4]) as f64 / whole(&pair[4..]) as f64).collect(),
            10 => bytes.chunks_exact(8).map(|pair| signed(&pair[..4]) / signed(&pair[4..])).collect(),
            11 => bytes.chunks_exact(4).map(|bits| f64::from(f32::from_bits(whole(bits) as u32))).collect(),
            12 => bytes.chunks_exact(8).map(|bits| f64::from_bits(whole(bits))).collect(),
            3 => bytes.chunks_exact(2).map(|number| whole(number) as f64).collect(),
            4 => bytes.chunks_exact(4).map(|number| whole(number) as f64).collect(),
            _ => return Ok(None),
        };
        Ok(Some(fractions))
    }

    /// A tag's bytes as they are in the file.
    pub(crate) fn bytes(&mut self, directory: &Directory, tag: u16) -> Result<Option<Vec<u8>>> {
        Ok(self.field(directory, tag, LONGEST_BYTES)?.map(|(_, bytes)| bytes))
    }

    /// A tag's text; what is no UTF-8 in it becomes the mark for that.
    pub(crate) fn text(&mut self, directory: &Directory, tag: u16) -> Result<String> {
        let bytes = self.bytes(directory, tag)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned())
    }

    /// A tag's type and the bytes of at most so many of its values.
    fn field(&mut self, directory: &Directory, tag: u16, most: u64) -> Result<Option<(u16, Vec<u8>)>> {
        let Some(entry) = directory.entry(tag) else { return Ok(None) };
        let width = match entry.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            kind => return Err(directory.malformed(format!("its tag {tag} is of the unknown type {kind}"))),
        };
        let len = entry.count.saturating_mul(width);
        let room = if self.is_big { 8 } else { 4 };
        let wanted = entry.count.min(most).saturating_mul(width);
        let bytes = match len <= room {
            true => entry.data[..wanted as usize].to_vec(),
            false => self.bytes_at(self.number(&entry.data[..room as usize]), wanted)?,
        };
        Ok(Some((entry.kind, bytes)))
    }

    /// `len` bytes of the file, of which there must be so many.
    pub(crate) fn bytes_at(&mut self, offset: u64, len: u64) -> Result<Vec<u8>> {
        self.check_range(offset, len)?;
        let mut bytes = Vec::new();
        memory::try_reserve_exact(&mut bytes, len as usize)?;
        bytes.resize(len as usize, 0);
        self.read_at(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Fills a buffer with the bytes at an offset.
    pub(crate) fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<()> {
        self.check_range(offset, into.len() as u64)?;
        self.source.seek(SeekFrom::Start(offset)).map_err(failed)?;
        self.source.read_exact(into).map_err(failed)
    }

    fn check_range(&self, offset: u64, len: u64) -> Result<()> {
        match offset.checked_add(len) {
            Some(end) if end <= self.len => Ok(()),
            _ => {
                let message = format!("{len} bytes are to follow there, and the file has {}", self.len);
                Err(Error::malformed_at(FORMAT, offset as usize, message))
            }
        }
    }

    /// A number of up to eight bytes in the file's order.
    fn number(&self, bytes: &[u8]) -> u64 {
        let join = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        match self.big_endian {
            true => bytes.iter().fold(0, join),
            false => bytes.iter().rev().fold(0, join),
        }
    }
}

impl Directory {
    /// Whether it has a tag.
    pub(crate) fn has(&self, tag: u16) -> bool {
        self.entry(tag).is_some()
    }

    fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    /// Where it is in the file.
    pub(crate) fn malformed(&self, message: impl std::fmt::Display) -> Error {
        Error::malformed_at(FORMAT, self.offset as usize, message)
    }
}

fn failed(source: io::Error) -> Error {
    Error::Io { action: "read", path: Default::default(), source }
}

/// The compressed bytes of a chunk, counted while they are in memory.
fn take_bytes(tiff: &mut Tiff, offset: u64, len: u64, budget: &mut Budget) -> Result<Vec<u8>> {
    tiff.check_range(offset, len)?;
    budget.take(len)?;
    tiff.bytes_at(offset, len)
}
