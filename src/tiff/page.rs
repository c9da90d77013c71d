//! One page: how its samples lie in the file.

use super::compression::{Compression, OLD_JPEG};
use super::old_jpeg::{self, Streams};
use super::{Directory, Tiff, tag};
use crate::error::{Error, Result};
use crate::limits::Budget;

/// What kind of number a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SampleFormat {
    Unsigned,
    Signed,
    Float,
    Complex,
}

/// How a page says its colours, as far as reading depends on it.
pub(crate) mod photometric {
    pub(crate) const WHITE_IS_ZERO: u64 = 0;
    pub(crate) const BLACK_IS_ZERO: u64 = 1;
    pub(crate) const RGB: u64 = 2;
    pub(crate) const PALETTE: u64 = 3;
    pub(crate) const MASK: u64 = 4;
    pub(crate) const CMYK: u64 = 5;
    pub(crate) const YCBCR: u64 = 6;
    pub(crate) const LAB: u64 = 8;
    pub(crate) const ICC_LAB: u64 = 9;
    pub(crate) const ITU_LAB: u64 = 10;
    pub(crate) const CFA: u64 = 32803;
    pub(crate) const LOG_L: u64 = 32844;
    pub(crate) const LOG_LUV: u64 = 32845;
}

/// A page of samples, checked: what it says of itself can be true of a file of this length.
pub(crate) struct Page {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Slices; more than 1 of what is called a volumetric page.
    pub(crate) depth: usize,
    /// Bits a sample, the same for all.
    pub(crate) bits: usize,
    /// Samples a pixel.
    pub(crate) samples: usize,
    pub(crate) format: SampleFormat,
    /// How colours are told in the file.
    pub(crate) photometric: u64,
    pub(crate) compression: Compression,
    /// Whether each sample has chunks of its own.
    pub(crate) planar: bool,
    /// What the samples beyond the colours are: 1 associated alpha, 2 unassociated alpha.
    pub(crate) extra_samples: Vec<u64>,
    /// Pixels that share a chroma sample, across and down.
    pub(crate) subsampling: (usize, usize),
    /// Columns, rows and slices of a chunk.
    pub(super) chunk: [usize; 3],
    pub(super) tiled: bool,
    pub(super) predictor: u64,
    pub(super) reversed_bits: bool,
    pub(super) swaps: bool,
    pub(super) t4_options: u64,
    pub(super) jpeg_tables: Option<Vec<u8>>,
    /// Whether the JPEG decoder makes RGB of YCbCr.
    pub(crate) jpeg_gives_rgb: bool,
    /// What begins the JPEG streams of chunks that lack it.
    pub(super) jpeg_header: Option<old_jpeg::Header>,
    pub(super) offsets: Vec<u64>,
    pub(super) lengths: Vec<u64>,
}

impl Page {
    /// Understands a directory.
    pub(crate) fn new(tiff: &mut Tiff, directory: &Directory, budget: &mut Budget) -> Result<Self> {
        let malformed = |message: String| directory.malformed(message);
        let mut side = |tag, name: &str| match tiff.value(directory, tag)? {
            Some(side @ 1..=0x7FFF_FFFF) => Ok(side as usize),
            Some(side) => Err(malformed(format!("its {name} is {side}"))),
            None => Err(malformed(format!("it has no {name}"))),
        };
        let (width, height) = (side(tag::WIDTH, "width")?, side(tag::HEIGHT, "height")?);
        let bits = tiff.numbers(directory, tag::BITS)?.unwrap_or_default();
        let photometric = tiff.value(directory, tag::PHOTOMETRIC)?;
        let samples = match tiff.value(directory, tag::SAMPLES)? {
            Some(samples) => samples,
            // Careless writers of colours count them by their depths alone.
            None if matches!(photometric, Some(photometric::RGB | photometric::YCBCR)) => bits.len().max(1) as u64,
            None => 1,
        };
        if !(1..=64).contains(&samples) {
            return Err(malformed(format!("a pixel has {samples} samples")));
        }
        let samples = samples as usize;
        // Some list a depth more than there are samples.
        let bits = same(Some(bits.into_iter().take(samples).collect()), 1)
            .ok_or_else(|| Error::Unsupported("a TIFF file whose samples differ in depth is not supported".into()))?;
        if !matches!(bits, 1..=16 | 32 | 64) && bits != 24 && bits != 128 {
            return Err(malformed(format!("a sample has {bits} bits")));
        }
        let format = match same(tiff.numbers(directory, tag::SAMPLE_FORMAT)?, 1) {
            Some(1 | 4) => SampleFormat::Unsigned,
            Some(2) => SampleFormat::Signed,
            Some(3) => SampleFormat::Float,
            Some(5 | 6) => SampleFormat::Complex,
            Some(other) => return Err(malformed(format!("its samples are of the unknown kind {other}"))),
            None => {
                return Err(Error::Unsupported("a TIFF file with samples of several kinds is not supported".into()));
            }
        };
        let number = tiff.value(directory, tag::COMPRESSION)?.unwrap_or(1);
        let compression = Compression::new(number)?;
        let tiled = directory.has(tag::TILE_OFFSETS);
        let depth = tiff.value(directory, tag::IMAGE_DEPTH)?.unwrap_or(1).clamp(1, 1 << 31) as usize;
        let chunk = match tiled {
            true => {
                let mut tile_side = |tag| match tiff.value(directory, tag)? {
                    Some(side @ 1..=0x00FF_FFFF) => Ok(side as usize),
                    _ => Err(malformed("its tiles have no size".into())),
                };
                let (width, height) = (tile_side(tag::TILE_WIDTH)?, tile_side(tag::TILE_HEIGHT)?);
                [width, height, tiff.value(directory, tag::TILE_DEPTH)?.unwrap_or(1).clamp(1, 1 << 24) as usize]
            }
            false => {
                let rows = tiff.value(directory, tag::ROWS_PER_STRIP)?.unwrap_or(height as u64);
                [width, (rows.min(height as u64) as usize).max(1), 1]
            }
        };
        let photometric = match photometric {
            Some(photometric) => photometric,
            None if samples >= 3 => photometric::RGB,
            // Fax is black on white unless it says otherwise.
            None if matches!(compression, Compression::Fax(_)) => photometric::WHITE_IS_ZERO,
            None => photometric::BLACK_IS_ZERO,
        };
        let subsampling = match photometric {
            photometric::YCBCR => {
                let factors = tiff.numbers(directory, tag::YCBCR_SUBSAMPLING)?;
                match factors.as_deref().unwrap_or(&[2, 2]) {
                    [across @ (1 | 2 | 4), down @ (1 | 2 | 4), ..] => (*across as usize, *down as usize),
                    _ => return Err(malformed("its chroma has no valid subsampling".into())),
                }
            }
            _ => (1, 1),
        };
        let mut page = Self {
            width,
            height,
            depth,
            bits: bits as usize,
            samples,
            format,
            photometric,
            compression,
            planar: samples > 1 && tiff.value(directory, tag::PLANAR)? == Some(2),
            extra_samples: tiff.numbers(directory, tag::EXTRA_SAMPLES)?.unwrap_or_default(),
            subsampling,
            chunk,
            tiled,
            predictor: tiff.value(directory, tag::PREDICTOR)?.unwrap_or(1),
            reversed_bits: tiff.value(directory, tag::FILL_ORDER)? == Some(2),
            swaps: tiff.swaps(),
            t4_options: tiff.value(directory, tag::T4_OPTIONS)?.unwrap_or(0),
            jpeg_tables: tiff.bytes(directory, tag::JPEG_TABLES)?,
            jpeg_gives_rgb: false,
            jpeg_header: None,
            offsets: Vec::new(),
            lengths: Vec::new(),
        };
        if page.is_jpeg() {
            page.find_streams(tiff, directory, number == OLD_JPEG)?;
        }
        if page.offsets.is_empty() {
            page.find_chunks(tiff, directory, budget)?;
        }
        Ok(page)
    }

    /// Finds what of a page's JPEG streams its chunks do not tell.
    fn find_streams(&mut self, tiff: &mut Tiff, directory: &Directory, is_old: bool) -> Result<()> {
        if self.bits != 8 {
            return Err(Error::Unsupported(format!("JPEG of {} bits in a TIFF file is not supported", self.bits)));
        }
        // The JPEG decoder spreads chroma.
        let subsampling = std::mem::replace(&mut self.subsampling, (1, 1));
        if is_old {
            let first = tiff.value(directory, self.offsets_tag())?;
            match old_jpeg::streams(tiff, directory, first, self.samples, subsampling)? {
                Streams::Whole(offset, length) => {
                    (self.offsets, self.lengths) = (vec![offset], vec![length]);
                    (self.chunk, self.tiled, self.planar) = ([self.width, self.height, 1], false, false);
                }
                Streams::Headed(header) => self.jpeg_header = Some(header),
                Streams::Chunks => {}
            }
        }
        // Of the new kind levels of black and white are not looked at by anybody.
        let has_levels = is_old && directory.has(tag::REFERENCE_BLACK_WHITE);
        self.jpeg_gives_rgb = self.photometric == photometric::YCBCR && !self.planar && !has_levels;
        Ok(())
    }

    fn offsets_tag(&self) -> u16 {
        if self.tiled { tag::TILE_OFFSETS } else { tag::STRIP_OFFSETS }
    }

    /// Whether its chunks are JPEG, which loses.
    pub(crate) fn is_jpeg(&self) -> bool {
        self.compression == Compression::Jpeg
    }

    /// Whether no sample is said to be something else than the others.
    pub(crate) fn extra_samples_are_slices(&self) -> bool {
        self.extra_samples.iter().all(|&kind| kind == 0)
    }

    /// Bytes of a sample in memory: a power of two that has room for its bits.
    pub(crate) fn sample_bytes(&self) -> usize {
        self.bits.next_power_of_two().max(8) / 8
    }

    /// Where the first chunk is, and how many bytes follow it contiguously, of a page whose samples lie as they are.
    pub(crate) fn plain_start(&self) -> Option<u64> {
        let plain =
            self.compression == Compression::None && !self.tiled && self.bits >= 8 && self.bits.is_power_of_two();
        let mut end = *self.offsets.first()?;
        for (&offset, &length) in self.offsets.iter().zip(&self.lengths) {
            if offset != end {
                return None;
            }
            end = end.checked_add(length)?;
        }
        plain.then(|| self.offsets[0])
    }

    /// Samples of a pixel that are together in a chunk.
    pub(super) fn chunk_samples(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    pub(super) fn planes(&self) -> usize {
        if self.planar { self.samples } else { 1 }
    }

    pub(super) fn chunks(&self) -> [usize; 3] {
        [self.width.div_ceil(self.chunk[0]), self.height.div_ceil(self.chunk[1]), self.depth.div_ceil(self.chunk[2])]
    }

    /// Reads where the parts of the picture are, having checked that their number and size can be true.
    fn find_chunks(&mut self, tiff: &mut Tiff, directory: &Directory, budget: &mut Budget) -> Result<()> {
        let [across, down, deep] = self.chunks();
        let sides = [across, down, deep, self.planes()].map(|side| side as u64);
        let count = sides.into_iter().try_fold(1u64, |product, side| product.checked_mul(side));
        let chunk = self.chunk.iter().try_fold((self.chunk_samples() * self.sample_bytes()) as u64, |bytes, &side| {
            bytes.checked_mul(side as u64).filter(|&bytes| bytes <= 1 << 40)
        });
        let (Some(count), Some(chunk)) = (count, chunk) else {
            return Err(directory.malformed("its parts are larger than any memory"));
        };
        // Tiles may reach over the page's sides, but not far: each of them is decoded whole.
        let page = [self.height, self.width, self.depth, self.samples, self.sample_bytes()];
        let page = page.into_iter().fold(1u64, |product, side| product.saturating_mul(side as u64));
        if count.saturating_mul(chunk) > page.saturating_mul(64).saturating_add(64 << 20) {
            return Err(directory.malformed("its parts are much larger than its picture"));
        }
        let lengths = if self.tiled { tag::TILE_BYTES } else { tag::STRIP_BYTES };
        budget.take(count.saturating_mul(2 * size_of::<u64>() as u64))?;
        self.offsets = tiff.first_numbers(directory, self.offsets_tag(), count)?.unwrap_or_default();
        self.lengths = tiff.first_numbers(directory, lengths, count)?.unwrap_or_default();
        let found = self.offsets.len() as u64;
        if found < count {
            return Err(directory.malformed(format!("its picture has {count} parts, and it knows {found} of them")));
        }
        if self.lengths.len() < self.offsets.len() && self.compression != Compression::None {
            return Err(directory.malformed("it does not say how long its parts are"));
        }
        // Old writers left the lengths of what is not compressed out.
        self.lengths.resize(self.offsets.len(), 0);
        Ok(())
    }
}

/// The one value of a list; `default` of none, `None` of different ones.
fn same(values: Option<Vec<u64>>, default: u64) -> Option<u64> {
    let values = values.unwrap_or_default();
    let first = values.first().copied().unwrap_or(default);
    values.iter().all(|&value| value == first).then_some(first)
}
