//! Neuroglancer's `compressed_segmentation`: the first stage that label codecs are compared with.
//!
//! The volume is cut into blocks; each has the table of its labels and, for every voxel, the label's place in the table
//! in as few bits as the table asks for. A viewer reads any voxel without decoding the rest, which is what the format
//! is for; it is less compact than Compresso. Bytes are identical to those of the Python package
//! `compressed-segmentation`.
//!
//! The layout is that of Neuroglancer's documentation (`sliceview/compressed_segmentation`), one channel, in
//! little-endian u32 words:
//!
//! | word | field |
//! |---|---|
//! | 0 | where the channel begins: 1 |
//! | 1 + 2i | block i, x fastest: where its table begins (24 bits, in words from word 1) and above it the bits a voxel: 0, 1, 2, 4, 8, 16 or 32 |
//! | 2 + 2i | where its voxels begin, in words from word 1 |
//! | then | for each block its voxels, x fastest, from the lowest bit, and its table unless an earlier one is the same: labels ascending |

mod codec;

pub(crate) use codec::NeuroglancerCodec;

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::memory;
use crate::second_stage::SecondStage;
use crate::volume::{AnyVolumeView, Label, Volume, VolumeView, with_volume};
use crate::words::{as_text, three};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

const FORMAT: &str = "compressed_segmentation";
/// Bits that a block's header has for the place of its table.
const TABLE_BITS: u32 = 24;

/// The size of a block, 8 x 8 x 8 voxels unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSize {
    z: usize,
    y: usize,
    x: usize,
}

impl BlockSize {
    /// Blocks of `x` columns, `y` rows and `z` slices: the order of `Steps::new` and of the format's own documents.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a side is 0 or the block has more than 2^24 voxels.
    pub fn new(x: usize, y: usize, z: usize) -> Result<Self> {
        let voxels = z.saturating_mul(y).saturating_mul(x);
        if !(1..=1 << TABLE_BITS).contains(&voxels) {
            let found = format!("{x} x {y} x {z}");
            return Err(Error::out_of_range("a block", found, "of 1 to 2^24 voxels"));
        }
        Ok(Self { z, y, x })
    }

    fn voxels(self) -> usize {
        self.z * self.y * self.x
    }
}

impl fmt::Display for BlockSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.x, self.y, self.z)
    }
}

/// As it is displayed: `8x8x8`, x first; the parameter `block` of a setting is z first.
impl FromStr for BlockSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match three(text) {
            Some([x, y, z]) => Self::new(x, y, z),
            None => Err(Error::out_of_range("block", format!("{text:?}"), "three numbers such as 8x8x8")),
        }
    }
}

as_text!(BlockSize);

impl Default for BlockSize {
    fn default() -> Self {
        Self { z: 8, y: 8, x: 8 }
    }
}

/// The file of a volume of u32 or u64 labels.
///
/// # Errors
/// [`Error::Unsupported`] when the labels are u8 or u16, which the format does not know, or when the tables do not fit
/// the 24 bits that tell their places.
pub fn encode<'a>(volume: impl Into<AnyVolumeView<'a>>, block: &BlockSize) -> Result<Vec<u8>> {
    encode_view(volume.into(), *block)
}

fn encode_view(volume: AnyVolumeView, block: BlockSize) -> Result<Vec<u8>> {
    with_volume!(AnyVolumeView, volume, volume => encode_labels(volume, block))
}

fn encode_labels<T: Label>(volume: VolumeView<T>, block: BlockSize) -> Result<Vec<u8>> {
    check_type::<T>()?;
    let blocks = Blocks::new(volume.shape(), block);
    let mut words = vec![0u32; 2 * blocks.count()];
    let mut tables = HashMap::new();
    let mut labels = Vec::new();
    for (index, place) in blocks.places().enumerate() {
        labels.clear();
        for row in blocks.rows(place) {
            labels.extend_from_slice(&volume.labels()[row.start..row.start + row.len]);
        }
        let mut table = labels.clone();
        table.dedup();
        table.sort_unstable();
        table.dedup();
        let bits = bits_for(table.len());
        let values = words.len();
        words.resize(values + (bits as usize * block.voxels()).div_ceil(32), 0);
        if bits > 0 {
            let mut rest = labels.iter();
            let mut last = (table[0], 0);
            for row in blocks.rows(place) {
                for (at, &label) in (row.in_block..row.in_block + row.len).zip(&mut rest) {
                    if label != last.0 {
                        last = (label, table.binary_search(&label).expect("the table has every label") as u32);
                    }
                    let bit = at * bits as usize;
                    words[values + bit / 32] |= last.1 << (bit % 32);
                }
            }
        }
        let next = words.len();
        let table_at = *tables.entry(table).or_insert_with_key(|table| {
            for &label in table {
                let label: u64 = label.into();
                words.push(label as u32);
                if T::BYTES == 8 {
                    words.push((label >> 32) as u32);
                }
            }
            next
        });
        let Ok(values) = u32::try_from(values) else { return Err(too_large()) };
        if table_at >= 1 << TABLE_BITS {
            return Err(too_large());
        }
        words[2 * index] = table_at as u32 | bits << TABLE_BITS;
        words[2 * index + 1] = values;
    }
    Ok(std::iter::once(1).chain(words).flat_map(u32::to_le_bytes).collect())
}

/// The volume of `shape` (z, y, x) that a file holds, under the default [`Limits`]; the format itself tells neither
/// shape nor label type nor block size, which is why this module has no `info`.
///
/// # Errors
/// As [`decode_with`].
pub fn decode<T: Label>(bytes: &[u8], shape: [usize; 3], block: &BlockSize) -> Result<Volume<T>> {
    decode_with(bytes, shape, block, &Limits::new())
}

/// The volume of a file, as [`decode`], under the default [`Limits`]; of one compressed a second time, such as
/// `.cseg.gz`, too.
///
/// # Errors
/// As [`open_with`].
pub fn open<T: Label>(path: impl AsRef<Path>, shape: [usize; 3], block: &BlockSize) -> Result<Volume<T>> {
    open_with(path, shape, block, &Limits::new())
}

/// As [`open`], under limits for all that is in memory at once.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, else as [`decode_with`].
pub fn open_with<T: Label>(
    path: impl AsRef<Path>,
    shape: [usize; 3],
    block: &BlockSize,
    limits: &Limits,
) -> Result<Volume<T>> {
    SecondStage::open_file(path.as_ref(), limits, |bytes, limits| decode_with(bytes, shape, block, limits))
}

/// Writes the file of a volume, replacing an existing one; compressed a second time at the method's default level when
/// the name ends in its extension, such as `.cseg.gz`.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written, else as [`encode`].
pub fn save<'a>(volume: impl Into<AnyVolumeView<'a>>, path: impl AsRef<Path>, block: &BlockSize) -> Result<()> {
    SecondStage::write(path.as_ref(), encode(volume, block)?)
}

/// As [`decode`], under limits.
///
/// # Errors
/// [`Error::Malformed`] when a block's table or voxels are not there, [`Error::Unsupported`] when `T` is u8 or u16,
/// [`Error::TooLarge`] when the volume exceeds the limits.
pub fn decode_with<T: Label>(bytes: &[u8], shape: [usize; 3], block: &BlockSize, limits: &Limits) -> Result<Volume<T>> {
    check_type::<T>()?;
    let voxels = shape.iter().try_fold(1u64, |product, &side| product.checked_mul(side as u64));
    // More than can be counted exceeds every limit.
    let limit = limits.voxels.min(u64::MAX - 1);
    let voxels = voxels.ok_or(Error::TooLarge { what: "voxels", found: u64::MAX, limit })?;
    limits.check_voxels(voxels)?;
    limits.check_bytes(voxels.saturating_mul(T::BYTES as u64))?;
    let word = |at: usize| {
        let word = at.checked_mul(4).and_then(|at| bytes.get(at..at + 4));
        let message = || Error::malformed_at(FORMAT, bytes.len(), format!("it ends before word {at}"));
        word.map(|word| u32::from_le_bytes(word.try_into().expect("four bytes"))).ok_or_else(message)
    };
    let blocks = Blocks::new(shape, *block);
    let channel = word(0)? as usize;
    // Every block has a header, so what follows is no more work than the file is long.
    if blocks.count() > 0 {
        word(blocks.count().saturating_mul(2).saturating_add(channel).saturating_sub(1))?;
    }
    let mut labels: Vec<T> = memory::try_zeroed(voxels as usize)?;
    for (index, place) in blocks.places().enumerate() {
        let header = word(channel + 2 * index)?;
        let (table, bits) = (channel + (header & 0xff_ffff) as usize, header >> TABLE_BITS);
        if !matches!(bits, 0 | 1 | 2 | 4 | 8 | 16 | 32) {
            let offset = 4 * (channel + 2 * index) + 3;
            return Err(Error::malformed_at(
                FORMAT,
                offset,
                format!("{bits} bits a voxel are none of 0, 1, 2, 4 to 32"),
            ));
        }
        let values = channel + word(channel + 2 * index + 1)? as usize;
        let mask = ((1u64 << bits) - 1) as u32;
        let mut last: Option<(u32, T)> = None;
        for row in blocks.rows(place) {
            for (at, label) in (row.in_block..).zip(&mut labels[row.start..row.start + row.len]) {
                let bit = at * bits as usize;
                let entry = if bits == 0 { 0 } else { word(values + bit / 32)? >> (bit % 32) & mask };
                if last.is_none_or(|last| last.0 != entry) {
                    let words = T::BYTES / 4;
                    let at = table + entry as usize * words;
                    let high = if words == 2 { word(at + 1)? } else { 0 };
                    last = Some((entry, T::from_low_bits(u64::from(high) << 32 | u64::from(word(at)?))));
                }
                *label = last.expect("read just now").1;
            }
        }
    }
    Volume::from_vec(shape, labels)
}

fn check_type<T: Label>() -> Result<()> {
    if T::BYTES < 4 {
        let name = T::TYPE.name();
        return Err(Error::Unsupported(format!("compressed_segmentation holds u32 and u64 labels, not {name}")));
    }
    Ok(())
}

fn too_large() -> Error {
    Error::Unsupported("the volume's tables need more than the 24 bits that the format has for their places".into())
}

/// Bits a voxel for a table of so many labels.
fn bits_for(labels: usize) -> u32 {
    match labels {
        0 | 1 => 0,
        2 => 1,
        _ => (usize::BITS - (labels - 1).leading_zeros()).next_power_of_two(),
    }
}

/// A volume cut into blocks.
struct Blocks {
    shape: [usize; 3],
    block: BlockSize,
    grid: [usize; 3],
}

/// A stretch of voxels of one block that are neighbours in x.
struct Row {
    /// Where it begins in the volume.
    start: usize,
    /// Where it begins in the block.
    in_block: usize,
    len: usize,
}

impl Blocks {
    fn new(shape: [usize; 3], block: BlockSize) -> Self {
        let [z, y, x] = shape;
        let is_empty = shape.contains(&0);
        let grid = [z.div_ceil(block.z), y.div_ceil(block.y), x.div_ceil(block.x)];
        Self { shape, block, grid: if is_empty { [0; 3] } else { grid } }
    }

    fn count(&self) -> usize {
        self.grid.iter().product()
    }

    /// The blocks' first voxels (z, y, x), x fastest.
    fn places(&self) -> impl Iterator<Item = [usize; 3]> + use<> {
        let ([depth, height, width], block) = (self.grid, self.block);
        (0..depth * height * width).map(move |index| {
            [index / (height * width) * block.z, index / width % height * block.y, index % width * block.x]
        })
    }

    /// The rows of the block at a place that lie in the volume.
    fn rows(&self, [z, y, x]: [usize; 3]) -> impl Iterator<Item = Row> + use<> {
        let ([depth, height, width], block) = (self.shape, self.block);
        let len = block.x.min(width - x);
        (z..depth.min(z + block.z)).flat_map(move |at_z| {
            (y..height.min(y + block.y)).map(move |at_y| Row {
                start: (at_z * height + at_y) * width + x,
                in_block: ((at_z - z) * block.y + at_y - y) * block.x,
                len,
            })
        })
    }
}
