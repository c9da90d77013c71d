//! General-purpose compressors behind one enum: the second stage of the ratio experiments.
//!
//! What a label codec leaves is still redundant: its sections repeat from slice to slice, which a compressor of bytes finds.
//! Every method writes its usual file format, so that the command-line tools and other languages read it.

use crate::error::{Error, Limits, Result};
use crate::file::{self, Existing};
use std::fmt;
use std::io::{self, Cursor, Read, Write};
use std::ops::RangeInclusive;
use std::path::Path;

/// A general-purpose compressor.
///
/// ```
/// use cortado::{Limits, second_stage::SecondStage};
/// let bytes = vec![7; 10_000];
/// let small = SecondStage::Xz.encode(&bytes, None)?;
/// assert!(small.len() < 200);
/// assert_eq!(SecondStage::Xz.decode(&small, &Limits::new())?, bytes);
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecondStage {
    /// Deflate in a gzip file (RFC 1952): LZ77 and Huffman codes. Zlib is the same within a few bytes.
    Gzip,
    /// The Burrows-Wheeler transform and Huffman codes.
    Bzip2,
    /// LZMA2 in an .xz file: LZ77 with large windows and adaptive binary codes.
    Xz,
    /// LZMA in the older .lzma file, which has no checksum.
    Lzma,
    /// Zstandard (RFC 8878): LZ77 and finite-state entropy codes.
    Zstd,
    /// Brotli (RFC 7932): LZ77 and context-modelled Huffman codes.
    Brotli,
    /// LZ4 frames: LZ77 without entropy codes, the fastest. One level.
    Lz4,
    /// Lempel-Ziv-Welch as in TIFF, a dictionary of 4,096 strings. One level; its bytes belong to no file format.
    Lzw,
}

impl SecondStage {
    /// All methods.
    pub const ALL: [Self; 8] =
        [Self::Gzip, Self::Bzip2, Self::Xz, Self::Lzma, Self::Zstd, Self::Brotli, Self::Lz4, Self::Lzw];

    /// The method's name, which is also its files' extension: `gz`, `bz2`, `xz`, `lzma`, `zst`, `br`, `lz4` or `lzw`.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Bzip2 => "bz2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Zstd => "zst",
            Self::Brotli => "br",
            Self::Lz4 => "lz4",
            Self::Lzw => "lzw",
        }
    }

    /// The method whose files have this extension.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.extension() == extension)
    }

    /// The bytes of a file: what they decompress to when its name ends in a method's extension.
    pub(crate) fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
        let bytes = file::read(path, limits)?;
        match Self::from_extension(&file::extension(path)) {
            Some(method) => method.decode(&bytes, limits),
            None => Ok(bytes),
        }
    }

    /// Writes a file, replacing an existing one; compressed at the default level when its name ends in a method's extension.
    pub(crate) fn write(path: &Path, bytes: Vec<u8>) -> Result<()> {
        let bytes = match Self::from_extension(&file::extension(path)) {
            Some(method) => method.encode(&bytes, None)?,
            None => bytes,
        };
        file::write(path, &bytes, Existing::Replace)
    }

    /// The levels that the method has, from fastest to smallest.
    pub const fn levels(self) -> RangeInclusive<u32> {
        match self {
            Self::Gzip | Self::Bzip2 => 1..=9,
            Self::Xz | Self::Lzma => 0..=9,
            Self::Zstd => 1..=22,
            Self::Brotli => 0..=11,
            Self::Lz4 | Self::Lzw => 1..=1,
        }
    }

    /// The level that the method's own command-line tool takes unless told otherwise.
    pub const fn default_level(self) -> u32 {
        match self {
            Self::Gzip | Self::Xz | Self::Lzma => 6,
            Self::Bzip2 => 9,
            Self::Zstd => 3,
            Self::Brotli => 11,
            Self::Lz4 | Self::Lzw => 1,
        }
    }

    /// Compresses `bytes` at a level, or at the default one.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when the method does not have the level.
    pub fn encode(self, bytes: &[u8], level: Option<u32>) -> Result<Vec<u8>> {
        let level = level.unwrap_or(self.default_level());
        if !self.levels().contains(&level) {
            return Err(Error::OutOfRange {
                name: "the level",
                found: format!("{level} for {self}"),
                expected: "one that the method has",
            });
        }
        // Writing to memory does not fail.
        Ok(self.encode_at(bytes, level).expect("nothing but memory is written to"))
    }

    fn encode_at(self, bytes: &[u8], level: u32) -> io::Result<Vec<u8>> {
        let out = Vec::new();
        match self {
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::new(level));
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(out, bzip2::Compression::new(level));
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Xz => {
                let mut encoder = lzma_rust2::XzWriter::new(out, lzma_rust2::XzOptions::with_preset(level))?;
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Lzma => {
                let options = lzma_rust2::LzmaOptions::with_preset(level);
                let mut encoder = lzma_rust2::LzmaWriter::new_use_header(out, &options, Some(bytes.len() as u64))?;
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Zstd => zstd::stream::encode_all(bytes, level as i32),
            Self::Brotli => {
                let mut params = brotli::enc::BrotliEncoderParams { quality: level as i32, ..Default::default() };
                params.size_hint = bytes.len();
                let mut out = out;
                brotli::BrotliCompress(&mut Cursor::new(bytes), &mut out, &params)?;
                Ok(out)
            }
            Self::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(out);
                encoder.write_all(bytes)?;
                encoder.finish().map_err(io::Error::other)
            }
            Self::Lzw => weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
                .encode(bytes)
                .map_err(io::Error::other),
        }
    }

    /// Decompresses `bytes`. Neither the result nor a decoder's window takes more memory than the limits' bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the bytes are not of the method's format, damaged or cut short, [`Error::TooLarge`] when
    /// they hold more than the limits allow.
    pub fn decode(self, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>> {
        let out = self
            .decode_under(bytes, limits)
            .map_err(|error| Error::malformed(self.format(), error.to_string().lines().next().unwrap_or_default()))?;
        limits.check_bytes(out.len() as u64)?;
        Ok(out)
    }

    /// At most one byte more than the limit.
    fn decode_under(self, bytes: &[u8], limits: &Limits) -> io::Result<Vec<u8>> {
        // Some decoders take no bytes for a file of nothing.
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let most = limits.bytes.saturating_add(1);
        let mut out = Vec::new();
        match self {
            Self::Gzip => flate2::read::MultiGzDecoder::new(bytes).take(most).read_to_end(&mut out)?,
            Self::Bzip2 => bzip2::read::MultiBzDecoder::new(bytes).take(most).read_to_end(&mut out)?,
            Self::Xz => {
                let kib = u32::try_from(limits.bytes / 1024).unwrap_or(u32::MAX);
                lzma_rust2::XzReader::new_mem_limit(bytes, true, kib).take(most).read_to_end(&mut out)?
            }
            Self::Lzma => open_lzma(bytes, limits)?.take(most).read_to_end(&mut out)?,
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
                // The largest window that one ordinarily meets, 128 MiB, or the largest that the limit has room for.
                decoder.window_log_max(limits.bytes.max(1024).ilog2().min(27))?;
                decoder.take(most).read_to_end(&mut out)?
            }
            Self::Brotli => {
                let mut rest = bytes;
                let read = brotli::Decompressor::new(&mut rest, 4096).take(most).read_to_end(&mut out)?;
                if !rest.is_empty() && (read as u64) < most {
                    return Err(io::Error::other("bytes follow the end of the stream"));
                }
                read
            }
            Self::Lz4 => lz4_flex::frame::FrameDecoder::new(bytes).take(most).read_to_end(&mut out)?,
            Self::Lzw => {
                let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
                let mut bounded = Bounded { bytes: Vec::new(), most };
                let read = decoder.into_stream(&mut bounded).decode_all(bytes);
                if (bounded.bytes.len() as u64) < most {
                    read.status?;
                }
                out = bounded.bytes;
                out.len()
            }
        };
        Ok(out)
    }

    /// The format's name in errors.
    const fn format(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Zstd => "zstd",
            Self::Brotli => "brotli",
            Self::Lz4 => "lz4",
            Self::Lzw => "LZW",
        }
    }
}

impl fmt::Display for SecondStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.format())
    }
}

/// A reader of an .lzma file. Its header may ask for any window; none larger than the limit is of use.
fn open_lzma<'a>(bytes: &'a [u8], limits: &Limits) -> io::Result<lzma_rust2::LzmaReader<&'a [u8]>> {
    let Some((header, rest)) = bytes.split_at_checked(13) else { return Err(io::ErrorKind::UnexpectedEof.into()) };
    let properties = header[0];
    let window = u32::from_le_bytes(header[1..5].try_into().expect("four bytes"));
    let window = window.min(u32::try_from(limits.bytes).unwrap_or(u32::MAX)).min(lzma_rust2::DICT_SIZE_MAX);
    let len = u64::from_le_bytes(header[5..].try_into().expect("eight bytes"));
    if properties >= 9 * 5 * 5 {
        return Err(io::Error::other("its first byte is no set of properties"));
    }
    let (lc, lp, pb) = (properties % 9, properties / 9 % 5, properties / 45);
    lzma_rust2::LzmaReader::new(rest, len, lc.into(), lp.into(), pb.into(), window, None)
}

/// Memory that takes so many bytes and then no more.
struct Bounded {
    bytes: Vec<u8>,
    most: u64,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = (self.most - self.bytes.len() as u64).min(bytes.len() as u64) as usize;
        self.bytes.extend_from_slice(&bytes[..room]);
        if room == 0 && !bytes.is_empty() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(room) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
