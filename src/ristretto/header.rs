//! The stream's frame: header, index of the blocks, dictionary, blocks, and the checksums of all of them.

use super::FORMAT;
use super::dictionary;
use super::options::Level;
use crate::error::{Error, Result};
use crate::lengths;
use crate::limits::Limits;
use crate::volume::{Label, LabelType};
use std::fmt;
use std::ops::Range;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 36;
const MAGIC: &[u8; 4] = b"rstt";
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 4;
/// Where the checksum of everything before the blocks is.
const CHECKSUM_AT: usize = 32;

/// What a stream's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The level that it was written at.
    pub level: Level,
    /// The labels' number type.
    pub label_type: LabelType,
    /// Voxels by (z, y, x), each less than 2^32.
    pub shape: [usize; 3],
    /// Slices of a block; the last block may have fewer.
    pub block_slices: usize,
    /// Entries of the dictionary of labels.
    pub entries: usize,
}

impl Header {
    /// Number of voxels; `u64::MAX` when there are more than that.
    pub fn voxels(&self) -> u64 {
        self.shape.iter().fold(1, |product: u64, &side| product.saturating_mul(side as u64))
    }

    /// Bytes of the volume when decoded.
    pub fn raw_bytes(&self) -> u64 {
        self.voxels().saturating_mul(self.label_type.bytes() as u64)
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        if self.voxels() == 0 { 0 } else { self.shape[0].div_ceil(self.block_slices) }
    }

    /// Refuses a volume that exceeds the limits, before anything is allocated for it.
    pub(super) fn check(&self, limits: &Limits) -> Result<()> {
        limits.check_voxels(self.voxels())?;
        limits.check_bytes(self.raw_bytes())?;
        limits.check_bytes(self.entries as u64 * self.label_type.bytes() as u64)?;
        Ok(())
    }
}

/// A stream from its parts. `blocks` are copied.
pub(super) fn write<B: AsRef<[u8]>>(header: &Header, dictionary: &[u8], blocks: &[B]) -> Result<Vec<u8>> {
    let too_long = |_| Error::Unsupported("a dictionary of 2^32 labels or bytes is not supported".into());
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[VERSION, header.label_type.bytes() as u8, header.level.number(), 0]);
    let [z, y, x] = header.shape;
    for number in [z, y, x, header.block_slices, header.entries, dictionary.len()] {
        bytes.extend_from_slice(&u32::try_from(number).map_err(too_long)?.to_le_bytes());
    }
    bytes.extend_from_slice(&[0; CHECKSUM_BYTES]);
    for block in blocks {
        lengths::put(block.as_ref().len(), &mut bytes);
    }
    bytes.extend_from_slice(dictionary);
    let checksum = front_checksum(&bytes);
    bytes[CHECKSUM_AT..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
    bytes.reserve_exact(blocks.iter().map(|block| block.as_ref().len() + CHECKSUM_BYTES).sum());
    for block in blocks {
        bytes.extend_from_slice(block.as_ref());
        bytes.extend_from_slice(&crc32fast::hash(block.as_ref()).to_le_bytes());
    }
    Ok(bytes)
}

/// The checksum of everything before the blocks, but for the checksum itself.
fn front_checksum(front: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&front[..CHECKSUM_AT]);
    hasher.update(&front[HEADER_BYTES..]);
    hasher.finalize()
}

/// Whether a checksum is wrong. A fuzzer's inputs never have the right one, so under it none is.
fn is_wrong(found: u32, stored: &[u8]) -> bool {
    !cfg!(fuzzing) && found.to_le_bytes() != stored
}

/// A Ristretto stream in memory, its header read and its blocks told apart.
#[derive(Clone)]
pub struct Stream<'a> {
    bytes: &'a [u8],
    header: Header,
    dictionary: Range<usize>,
    /// Where each block begins, and where the last one ends; each ends with its checksum.
    blocks: Vec<usize>,
}

impl fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream of {} bytes, {:?}", self.bytes.len(), self.header)
    }
}

impl<'a> Stream<'a> {
    /// Reads the header and the index, and checks the checksum of everything before the blocks. Those are checked when
    /// they are decoded, or by [`validate`](super::validate).
    ///
    /// # Errors
    /// [`Error::Malformed`] when the header is wrong, or the stream is not as long as it should be.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let fail = |offset, message: String| Err(Error::malformed_at(FORMAT, offset, message));
        if !bytes.starts_with(MAGIC) {
            return fail(0, "it does not begin with the magic rstt".into());
        }
        if bytes.len() < HEADER_BYTES {
            return fail(bytes.len(), format!("it ends inside its header of {HEADER_BYTES} bytes"));
        }
        if bytes[4] != VERSION {
            return fail(4, format!("expected version {VERSION}, found {}", bytes[4]));
        }
        let Some(label_type) = LabelType::from_bytes(bytes[5].into()) else {
            return fail(5, format!("expected 1, 2, 4 or 8 bytes a label, found {}", bytes[5]));
        };
        let Some(level) = Level::from_number(bytes[6]) else {
            return fail(6, format!("expected level 0, 1 or 2, found {}", bytes[6]));
        };
        if bytes[7] != 0 {
            return fail(7, format!("expected a byte of 0, found {}", bytes[7]));
        }
        let [z, y, x, block_slices, entries, dictionary_bytes] = std::array::from_fn(|number| {
            let at = 8 + 4 * number;
            u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
        });
        let header = Header { level, label_type, shape: [z, y, x], block_slices, entries };
        let voxels = header.voxels();
        let in_block = (block_slices as u64).saturating_mul(y as u64).saturating_mul(x as u64);
        if block_slices == 0 || voxels > 0 && (block_slices > z || in_block > 1 << 31) {
            return fail(20, format!("{block_slices} slices cannot be a block"));
        }
        if (entries == 0) != (voxels == 0)
            || entries as u64 > voxels
            || (entries as u64).saturating_sub(1) > label_type.max()
        {
            return fail(24, format!("{entries} labels cannot be those of {voxels} voxels"));
        }

        let mut at = HEADER_BYTES;
        let read = |block| {
            let length = lengths::read(bytes, &mut at, 56);
            length.ok_or_else(|| Error::malformed_at(FORMAT, at, format!("expected the length of block {block}")))
        };
        let lengths: Result<Vec<u64>> = (0..header.blocks()).map(read).collect();
        let lengths = lengths?;
        let dictionary = at..at + dictionary_bytes;
        if dictionary.end > bytes.len() {
            return fail(at, format!("expected a dictionary of {dictionary_bytes} bytes, found {}", bytes.len() - at));
        }
        if is_wrong(front_checksum(&bytes[..dictionary.end]), &bytes[CHECKSUM_AT..HEADER_BYTES]) {
            return fail(CHECKSUM_AT, "the checksum of the header, the index and the dictionary is wrong".into());
        }
        let mut end = dictionary.end as u64;
        let mut blocks = Vec::with_capacity(lengths.len() + 1);
        for (number, length) in lengths.into_iter().enumerate() {
            blocks.push(end as usize);
            let length = length + CHECKSUM_BYTES as u64;
            let found = bytes.len() as u64 - end;
            if found < length {
                return fail(end as usize, format!("expected {length} bytes of block {number}, found {found}"));
            }
            end += length;
        }
        blocks.push(end as usize);
        if end < bytes.len() as u64 {
            return fail(end as usize, "it goes on after its last block".into());
        }
        Ok(Self { bytes, header, dictionary, blocks })
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes of the dictionary of labels.
    pub fn dictionary_bytes(&self) -> usize {
        self.dictionary.len()
    }

    /// Where a block lies in the stream, without its checksum.
    ///
    /// # Panics
    /// When there is no such block.
    pub fn block_range(&self, number: usize) -> Range<usize> {
        self.blocks[number]..self.blocks[number + 1] - CHECKSUM_BYTES
    }

    /// The labels of the dictionary, by the numbers that blocks name them with.
    pub(super) fn dictionary<T: Label>(&self) -> Result<Vec<T>> {
        dictionary::decode(&self.bytes[self.dictionary.clone()], self.dictionary.start, self.header.entries)
    }

    /// The same blocks under another dictionary.
    pub(super) fn with_dictionary(&self, dictionary: &[u8]) -> Result<Vec<u8>> {
        let blocks: Result<Vec<_>> = (0..self.header.blocks()).map(|number| Ok(self.block(number)?.0)).collect();
        write(&self.header, dictionary, &blocks?)
    }

    /// The bytes of a block, and where they begin in the stream.
    ///
    /// # Errors
    /// Its checksum is wrong.
    pub(super) fn block(&self, number: usize) -> Result<(&'a [u8], usize)> {
        let range = self.block_range(number);
        let start = range.start;
        let checksum = &self.bytes[range.end..range.end + CHECKSUM_BYTES];
        let block = &self.bytes[range];
        if is_wrong(crc32fast::hash(block), checksum) {
            return Err(Error::malformed_at(FORMAT, start, format!("the checksum of block {number} is wrong")));
        }
        Ok((block, start))
    }
}
