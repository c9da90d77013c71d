//! What stands before a stream's slices.

use super::FORMAT;
use super::options::Profile;
use super::planes::Layout;
use super::thumbnail::CELL;
use crate::error::{Error, Result};
use crate::lengths;
use crate::limits::Limits;

const MAGIC: [u8; 4] = *b"laff";
const VERSION: u8 = 1;
/// The tables that come with this version of the library.
const TABLE: u8 = 1;
/// Bytes before the lengths.
const FIXED: usize = 15;
/// Sides are two bytes.
pub(super) const MOST_SIDE: usize = 65_535;

/// Slices of a photo: the first row and the number of rows.
pub(super) fn slices(height: usize, cells: usize) -> Vec<(usize, usize)> {
    let rows = cells * CELL;
    (0..height).step_by(rows).map(|top| (top, rows.min(height - top))).collect()
}

/// What a stream says of itself before its slices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub height: usize,
    pub width: usize,
    pub layout: Layout,
    pub profile: Profile,
    /// Of luma and of chroma.
    pub quantizers: [u8; 2],
    /// In 1/16 of a level, a multiple of 8.
    pub thumbnail_step: i32,
    /// Rows of cells in a slice.
    pub slice: usize,
    /// Bytes of the thumbnail, and of each slice, without their checksums.
    pub lengths: Vec<usize>,
}

/// Bytes of the checksum after a part.
pub(super) const CHECK: usize = 2;

/// The checksum of a part: the lower half of its CRC-32.
pub(super) fn check(part: &[u8]) -> [u8; CHECK] {
    (crc32fast::hash(part) as u16).to_le_bytes()
}

/// Whether a part is followed by its checksum. A fuzzer would never find one that is right.
pub(super) fn is_whole(part: &[u8], found: &[u8]) -> bool {
    cfg!(fuzzing) || check(part) == found
}

impl Header {
    pub(super) fn write(&self) -> Vec<u8> {
        let layout = match self.layout {
            Layout::Grey => 0,
            Layout::Halved => 1,
            Layout::Full => 2,
        };
        let mut bytes = MAGIC.to_vec();
        let step = (self.thumbnail_step / 8) as u8;
        let flags = layout | u8::from(self.profile == Profile::Visual) << 2;
        bytes.extend([VERSION, flags, TABLE, self.quantizers[0], self.quantizers[1], step, self.slice as u8]);
        bytes.extend((self.width as u16).to_le_bytes());
        bytes.extend((self.height as u16).to_le_bytes());
        for &length in &self.lengths {
            lengths::put(length, &mut bytes);
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// The header and the number of its bytes.
    pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<(Self, usize)> {
        let bad = |at: usize, message: String| Err(Error::malformed_at(FORMAT, at, message));
        if !bytes.starts_with(&MAGIC) {
            return bad(0, format!("expected the bytes \"laff\", found {:?}", &bytes[..bytes.len().min(4)]));
        }
        let Some(&[version, flags, table, luma, chroma, step, slice, w0, w1, h0, h1]) = bytes[4..].first_chunk() else {
            return bad(bytes.len(), format!("the header has {FIXED} bytes and more, and the stream ends in it"));
        };
        if version != VERSION {
            return Err(Error::Unsupported(format!("laff version {version} is not supported, only {VERSION}")));
        }
        if table != TABLE {
            return Err(Error::Unsupported(format!("laff table {table} is not known, only {TABLE}")));
        }
        let layout = match flags & 3 {
            0 => Layout::Grey,
            1 => Layout::Halved,
            2 => Layout::Full,
            _ => return bad(5, format!("expected flags for grey, 4:2:0 or 4:4:4, found {flags:#04x}")),
        };
        if flags >> 3 != 0 {
            return bad(5, format!("expected flags below 8, found {flags:#04x}"));
        }
        if step == 0 || slice == 0 {
            return bad(9, format!("expected steps and slices of at least 1, found {step} and {slice}"));
        }
        let [width, height] = [[w0, w1], [h0, h1]].map(|side| usize::from(u16::from_le_bytes(side)));
        if width == 0 || height == 0 {
            return bad(11, format!("expected sides of at least 1, found {height} x {width}"));
        }
        limits.check_pixels(height, width)?;
        limits.check_bytes((height * width) as u64 * BYTES_A_PIXEL)?;
        let mut at = FIXED;
        let mut parts = Vec::new();
        for _ in 0..=slices(height, usize::from(slice)).len() {
            match lengths::read(bytes, &mut at, 35) {
                Some(length) => parts.push(length as usize),
                None if at == bytes.len() => return bad(at, "the stream ends in the lengths of its slices".into()),
                None => return bad(at, "expected a length below 2^35".into()),
            }
        }
        let Some(&found) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
            return bad(at, "the stream ends before its header's checksum".into());
        };
        let (expected, found) = (crc32fast::hash(&bytes[..at]), u32::from_le_bytes(found));
        if expected != found && !cfg!(fuzzing) {
            return bad(at, format!("expected the header's checksum {expected:#010x}, found {found:#010x}"));
        }
        let profile = if flags & 4 != 0 { Profile::Visual } else { Profile::Mse };
        let (slice, thumbnail_step) = (slice.into(), 8 * i32::from(step));
        let quantizers = [luma, chroma];
        Ok((Self { height, width, layout, profile, quantizers, thumbnail_step, slice, lengths: parts }, at + 4))
    }

    /// Rows of the photo in each slice: the first and how many.
    pub(super) fn slices(&self) -> Vec<(usize, usize)> {
        slices(self.height, self.slice)
    }
}

/// Memory that decoding takes: planes before and after filtering, in two bytes a sample, and the photo.
const BYTES_A_PIXEL: u64 = 18;

/// Rows of cells in a slice unless told otherwise: four slices, or as many as have 128 to 256 rows, about equal.
pub(super) fn usual_slice(height: usize) -> usize {
    let rows = height.div_ceil(CELL);
    let count = rows.div_ceil(rows.div_ceil(4).clamp(128 / CELL, 256 / CELL));
    rows.div_ceil(count)
}
