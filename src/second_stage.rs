//! General-purpose compressors behind one enum: the second stage of the ratio experiments.
//!
//! What a label codec leaves is still redundant: its sections repeat from slice to slice, which a compressor of bytes
//! finds. Every method writes its usual file format, so that the command-line tools and other languages read it.

use crate::error::{Error, Result};

use crate::file::{self, Existing};
use crate::limits::Limits;
use crate::words::as_text;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read, Write};
use std::ops::RangeInclusive;
use std::path::Path;
use std::rc::Rc;
use std::str::FromStr;

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

    /// The method whose files begin with these bytes. LZMA, brotli and LZW have no first bytes of their own.
    ///
    /// ```
    /// use cortado::second_stage::SecondStage;
    /// assert_eq!(SecondStage::from_magic(b"BZh91AY"), Some(SecondStage::Bzip2));
    /// assert_eq!(SecondStage::from_magic(b"\x93NUMPY"), None);
    /// ```
    pub fn from_magic(bytes: &[u8]) -> Option<Self> {
        let magics: [(&[u8], Self); 5] = [
            (b"\x1f\x8b", Self::Gzip),
            (b"BZh", Self::Bzip2),
            (b"\xfd7zXZ\0", Self::Xz),
            (b"\x28\xb5\x2f\xfd", Self::Zstd),
            (b"\x04\x22\x4d\x18", Self::Lz4),
        ];
        magics.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, method)| method)
    }

    /// Whether the files that [`SecondStage::encode`] writes have a checksum of what is in them, so that decoding one
    /// that was damaged is an error and never gives other bytes. LZMA, brotli and LZW have none: other bytes may come
    /// out.
    pub const fn has_checksum(self) -> bool {
        match self {
            Self::Gzip | Self::Bzip2 | Self::Xz | Self::Zstd | Self::Lz4 => true,
            Self::Lzma | Self::Brotli | Self::Lzw => false,
        }
    }

    /// The first bytes, at most `count`, of what `bytes` decompress to, to tell what it is; none of what is damaged
    /// there.
    pub fn first_bytes(self, bytes: &[u8], count: usize) -> Vec<u8> {
        let mut first = Vec::new();
        if let Ok(reader) = self.reader(bytes, &Limits::new()) {
            // What came before the damage, if any, tells as much.
            let _ = reader.take(count as u64).read_to_end(&mut first);
        }
        first
    }

    /// The bytes of a file: what they decompress to when its name ends in a method's extension.
    pub(crate) fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
        let Some(method) = Self::from_extension(&file::extension(path)) else { return file::read(path, limits) };
        let source = BufReader::with_capacity(1 << 16, File::open(path).map_err(Error::io("read", path))?);
        let decoded = method.collect(source, 0, limits);
        decoded.map_err(|error| error.downcast().unwrap_or_else(Error::io("read", path)))
    }

    /// What a decoder makes of [`SecondStage::read`]'s bytes, which count against the limits.
    pub(crate) fn open_file<T>(
        path: &Path,
        limits: &Limits,
        decode: impl FnOnce(&[u8], &Limits) -> Result<T>,
    ) -> Result<T> {
        let bytes = Self::read(path, limits)?;
        limits.within(bytes.len() as u64, |limits| decode(&bytes, limits))
    }

    /// Writes a file, replacing an existing one; compressed at the default level when its name ends in a method's
    /// extension.
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

    /// A level that the method has; errors call it by `name`.
    pub(crate) fn checked(self, level: u32, name: impl Into<Cow<'static, str>>) -> Result<u32> {
        let levels = self.levels();
        match levels.contains(&level) {
            true => Ok(level),
            false => {
                let expected = format!("{} to {} for {self}", levels.start(), levels.end());
                Err(Error::out_of_range(name, level, expected))
            }
        }
    }

    /// Compresses `bytes` at a level, or at the default one.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when the method does not have the level.
    pub fn encode(self, bytes: &[u8], level: Option<u32>) -> Result<Vec<u8>> {
        let level = self.checked(level.unwrap_or(self.default_level()), "level")?;
        let mut out = Vec::new();
        self.encode_at(bytes, level, &mut out).expect("nothing but memory is written to");
        Ok(out)
    }

    /// As [`SecondStage::encode`], into a file or a pipe as it goes (LZW at once). `name` is what errors call it.
    ///
    /// # Errors
    /// As [`SecondStage::encode`], and [`Error::Io`] when it cannot be written to.
    pub fn encode_to(self, bytes: &[u8], level: Option<u32>, out: &mut dyn Write, name: &str) -> Result<()> {
        let level = self.checked(level.unwrap_or(self.default_level()), "level")?;
        self.encode_at(bytes, level, out).and_then(|out| out.flush()).map_err(Error::io("write", Path::new(name)))
    }

    fn encode_at<W: Write>(self, bytes: &[u8], level: u32, out: W) -> io::Result<W> {
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
            Self::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, level as i32)?;
                encoder.include_checksum(true)?;
                encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Brotli => {
                let mut params = brotli::enc::BrotliEncoderParams { quality: level as i32, ..Default::default() };
                params.size_hint = bytes.len();
                let mut out = out;
                brotli::BrotliCompress(&mut Cursor::new(bytes), &mut out, &params)?;
                Ok(out)
            }
            Self::Lz4 => {
                let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
                let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, out);
                encoder.write_all(bytes)?;
                encoder.finish().map_err(io::Error::other)
            }
            Self::Lzw => {
                let mut out = out;
                let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
                out.write_all(&encoder.encode(bytes).map_err(io::Error::other)?)?;
                Ok(out)
            }
        }
    }

    /// Decompresses `bytes`. The result takes no more memory than the limits' bytes; a decoder's window comes to that,
    /// of at most a sixteenth of them, or 128 MiB.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the bytes are not of the method's format, damaged or cut short, [`Error::TooLarge`]
    /// when they hold more than the limits allow, [`Error::OutOfMemory`] when there is no memory for that.
    pub fn decode(self, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>> {
        let told = self.told_size(bytes);
        // Gzip's is the size of the last member, if the bytes end where they should.
        if let (Self::Zstd | Self::Lzma, Some(size)) = (self, told) {
            limits.check_bytes(size)?;
        }
        // Deflate makes of a byte no more than 1,032.
        let believed = told.filter(|&size| self != Self::Gzip || size / 1032 <= bytes.len() as u64);
        match self.collect(bytes, believed.unwrap_or(0), limits) {
            Ok(decoded) => Ok(decoded),
            Err(error) => Err(match self.error(error, limits) {
                Error::TooLarge { what, found, limit } => {
                    Error::TooLarge { what, found: found.max(believed.unwrap_or(0)), limit }
                }
                error => error,
            }),
        }
    }

    /// How many bytes a file says that it holds, before anybody has decoded it.
    fn told_size(self, bytes: &[u8]) -> Option<u64> {
        match self {
            Self::Gzip => bytes.last_chunk().map(|&size| u32::from_le_bytes(size).into()),
            Self::Zstd => zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten(),
            Self::Lzma => {
                let size: [u8; 8] = bytes.get(5..13)?.try_into().ok()?;
                Some(u64::from_le_bytes(size)).filter(|&size| size != UNKNOWN)
            }
            Self::Bzip2 | Self::Xz | Self::Brotli | Self::Lz4 | Self::Lzw => None,
        }
    }

    /// What a source decompresses to, about `expected` bytes. Errors other than the source's hold an [`Error`].
    fn collect(self, source: impl BufRead, expected: u64, limits: &Limits) -> io::Result<Vec<u8>> {
        if self == Self::Lzw {
            let (source, failure) = Source::new(source);
            return lzw(source, limits).map_err(|error| self.cause(error, &failure, limits));
        }
        let mut reader = self.reader(source, limits).map_err(io::Error::other)?;
        let mut bytes = file::gather(&mut *reader, expected, limits)?;
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    /// Decompresses a source piece by piece, any number of bytes: only the decoder's window is limited, as in
    /// [`SecondStage::decode`]. (LZW, which belongs to no file, is decoded whole.) An error of the source comes out as
    /// it is; all others hold an [`Error`], for [`io::Error::downcast`].
    ///
    /// # Errors
    /// As [`SecondStage::decode`], where the beginning is wrong.
    pub fn reader<'a>(self, source: impl BufRead + 'a, limits: &Limits) -> Result<Box<dyn Read + 'a>> {
        let (source, failure) = Source::new(source);
        let (decoder, ended) = match self.open(source, limits) {
            Ok(decoder) => (Some(decoder), None),
            Err(error) => match failure.take() {
                // Who reads knows what was read and can tell.
                Some(error) => (None, Some(error)),
                None => return Err(self.error(error, limits)),
            },
        };
        if ended.is_some() {
            failure.set(ended);
        }
        Ok(Box::new(Decoded { method: self, limits: *limits, decoder, failure }))
    }

    fn open<'a, R: BufRead + 'a>(self, mut source: Source<R>, limits: &Limits) -> io::Result<Box<dyn Read + 'a>> {
        // Some decoders take no bytes for a file of nothing.
        let Some(&first) = source.fill_buf()?.first() else { return Err(ErrorKind::UnexpectedEof.into()) };
        let decoder: Box<dyn Read + 'a> = match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(source)),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(source)),
            Self::Xz => {
                // What it takes besides its window is less than a mebibyte.
                let kib = u32::try_from(window(limits) / 1024 + 1024).unwrap_or(u32::MAX);
                Box::new(lzma_rust2::XzReader::new_mem_limit(source, true, kib))
            }
            Self::Lzma => Box::new(open_lzma(source, limits)?),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(source)?;
                // libzstd itself knows no larger one than 2^31.
                decoder.window_log_max(window(limits).next_power_of_two().ilog2().min(31))?;
                Box::new(decoder)
            }
            Self::Brotli => {
                // "Large windows", of up to 1 GiB, are not in RFC 7932.
                if first & 0x7f == 0x11 {
                    return Err(io::Error::other("its window is larger than the format allows"));
                }
                Box::new(Brotli { decoder: brotli::Decompressor::new(source, 4096) })
            }
            Self::Lz4 => {
                // The frames of old, whose first byte differs, have no mark at their end.
                let has_marks = first != 0x02;
                let decoder = lz4_flex::frame::FrameDecoder::new(source);
                Box::new(Lz4 { decoder, has_marks, between_frames: false })
            }
            Self::Lzw => Box::new(Cursor::new(lzw(source, limits)?)),
        };
        Ok(decoder)
    }

    /// What to report for a decoder's error: the source's own when there was one, else what [`SecondStage::error`]
    /// makes of it.
    fn cause(self, error: io::Error, failure: &Failure, limits: &Limits) -> io::Error {
        failure.take().unwrap_or_else(|| io::Error::other(self.error(error, limits)))
    }

    /// A decoder's error in the crate's words.
    fn error(self, error: io::Error, limits: &Limits) -> Error {
        let error = match error.downcast::<Error>() {
            Ok(error) => return error,
            Err(error) => error,
        };
        let message = error.to_string();
        // lzma-rust2's and libzstd's words for a window over the limit, then for memory that is not to be had.
        match message.lines().next().unwrap_or_default() {
            line if line.contains("mem_limit") || line.contains("too much memory") => file::over(limits),
            line if error.kind() == ErrorKind::OutOfMemory || line.contains("not enough memory") => {
                Error::OutOfMemory { bytes: window(limits) }
            }
            line => Error::malformed(self.name(), line),
        }
    }

    /// The name in words, such as `xz`.
    pub const fn name(self) -> &'static str {
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

/// By the name or the extension.
impl FromStr for SecondStage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = |method: &Self| method.name() == text || method.extension() == text;
        Self::ALL.into_iter().find(known).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::out_of_range("second stage", format!("{text:?}"), format!("one of {names}"))
        })
    }
}

as_text!(SecondStage);

impl fmt::Display for SecondStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// In the header of an .lzma file: the size is not known, a mark stands at the end.
const UNKNOWN: u64 = u64::MAX;

/// The largest window that a decoder may have: what the methods' highest levels ask for, or a sixteenth of the limit.
/// None of the decoders touches more of it than it has decoded.
fn window(limits: &Limits) -> u64 {
    (limits.bytes / 16).max(128 << 20)
}

/// A reader of an .lzma file. Its header may ask for any window; none larger than what comes out is of use.
fn open_lzma<R: BufRead>(mut source: Source<R>, limits: &Limits) -> io::Result<lzma_rust2::LzmaReader<Source<R>>> {
    let mut header = [0; 13];
    source.read_exact(&mut header)?;
    let properties = header[0];
    let dictionary = u32::from_le_bytes(header[1..5].try_into().expect("four bytes"));
    let size = u64::from_le_bytes(header[5..].try_into().expect("eight bytes"));
    if properties >= 9 * 5 * 5 {
        return Err(io::Error::other("its first byte is no set of properties"));
    }
    let wanted = u64::from(dictionary.min(lzma_rust2::DICT_SIZE_MAX)).min(size.max(4096));
    let Some(wanted) = u32::try_from(wanted).ok().filter(|_| wanted <= window(limits)) else {
        return Err(io::Error::other(file::over(limits)));
    };
    let (lc, lp, pb) = (properties % 9, properties / 9 % 5, properties / 45);
    lzma_rust2::LzmaReader::new(source, size, lc.into(), lp.into(), pb.into(), wanted, None)
}

/// All of an LZW stream, at most the limit's bytes.
fn lzw(source: impl BufRead, limits: &Limits) -> io::Result<Vec<u8>> {
    let mut bounded = Bounded { bytes: Vec::new(), most: limits.bytes.saturating_add(1) };
    let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let read = decoder.into_stream(&mut bounded).decode_all(source);
    if bounded.bytes.len() as u64 > limits.bytes {
        return Err(io::Error::other(file::over(limits)));
    }
    read.status?;
    Ok(bounded.bytes)
}

/// Memory that takes so many bytes and then no more.
struct Bounded {
    bytes: Vec<u8>,
    most: u64,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.most - self.bytes.len() as u64;
        let room = left.min(bytes.len() as u64) as usize;
        if self.bytes.capacity() - self.bytes.len() < room {
            let growth = (self.bytes.len() / 2).max(1 << 16).max(room);
            file::reserve(&mut self.bytes, growth.min(usize::try_from(left).unwrap_or(usize::MAX)))?;
        }
        self.bytes.extend_from_slice(&bytes[..room]);
        if room == 0 && !bytes.is_empty() { Err(ErrorKind::StorageFull.into()) } else { Ok(room) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The error of a source: decoders pass some on in their own words.
type Failure = Rc<Cell<Option<io::Error>>>;

/// What a decoder reads from.
struct Source<R> {
    inner: R,
    failure: Failure,
    /// How many bytes were taken from it.
    taken: u64,
    /// Whether the decoder has asked for more than there is.
    ended: bool,
}

impl<R: BufRead> Source<R> {
    fn new(inner: R) -> (Self, Failure) {
        let failure = Failure::default();
        (Self { inner, failure: failure.clone(), taken: 0, ended: false }, failure)
    }
}

impl<R: BufRead> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.inner.fill_buf() {
                Ok([]) => {
                    self.ended = true;
                    return Ok(&[]);
                }
                // It holds what it has, and gives it again.
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = error.kind();
                    self.failure.set(Some(error));
                    return Err(kind.into());
                }
            }
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount as u64;
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let mut available = self.fill_buf()?;
        let read = available.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// A decoder whose errors are the crate's.
struct Decoded<'a> {
    method: SecondStage,
    limits: Limits,
    /// Gone after an error.
    decoder: Option<Box<dyn Read + 'a>>,
    failure: Failure,
}

impl Read for Decoded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else {
            return Err(self.failure.take().unwrap_or_else(|| ErrorKind::InvalidData.into()));
        };
        decoder.read(buffer).map_err(|error| {
            self.decoder = None;
            self.method.cause(error, &self.failure, &self.limits)
        })
    }
}

/// LZ4 frames up to the end of the source. Where the source ends between two blocks lz4_flex sees the end of the frame,
/// which would then have no checksum.
struct Lz4<R: BufRead> {
    decoder: lz4_flex::frame::FrameDecoder<Source<R>>,
    /// Whether frames end in a mark.
    has_marks: bool,
    between_frames: bool,
}

impl<R: BufRead> Read for Lz4<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let before = self.decoder.get_ref().taken;
            let read = self.decoder.read(buffer)?;
            if read > 0 {
                self.between_frames = false;
                return Ok(read);
            }
            let source = self.decoder.get_ref();
            if source.ended {
                let whole = (self.between_frames || !self.has_marks) && source.taken == before;
                return if whole { Ok(0) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
            // The mark of the frame's end was read, and no more: another frame may follow.
            self.between_frames = true;
        }
    }
}

/// A brotli stream, which nothing may follow.
struct Brotli<R: BufRead> {
    decoder: brotli::Decompressor<Source<R>>,
}

impl<R: BufRead> Read for Brotli<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        // Asked again after the end, the decoder complains of bytes that it has read already.
        match self.decoder.read(buffer) {
            Ok(0) if self.decoder.get_mut().fill_buf()?.is_empty() => Ok(0),
            _ => Err(io::Error::other("bytes follow the end of the stream")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that repeat themselves now and then.
    fn sample() -> Vec<u8> {
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..6000).map(|at| if at % 100 < 60 { at as u8 } else { random() }).collect()
    }

    /// A file on a disk that fails in the middle.
    struct Broken<'a>(&'a [u8]);

    impl Read for Broken<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0 {
                [] => Err(io::Error::new(ErrorKind::PermissionDenied, "taken away")),
                _ => self.0.read(buffer),
            }
        }
    }

    #[test]
    fn sources_in_pieces_of_any_size() {
        for method in SecondStage::ALL {
            let small = method.encode(&sample(), None).unwrap();
            for piece in [1, 7, 100_000] {
                let source = BufReader::with_capacity(piece, &small[..]);
                let mut bytes = Vec::new();
                method.reader(source, &Limits::new()).unwrap().read_to_end(&mut bytes).unwrap();
                assert!(bytes == sample(), "{method} {piece}");
            }
        }
    }

    #[test]
    fn errors_are_the_sources_or_the_formats() {
        for method in SecondStage::ALL {
            let small = method.encode(&sample(), None).unwrap();
            for len in [0, 3, small.len() / 2] {
                let source = BufReader::with_capacity(5, Broken(&small[..len]));
                let error = method.reader(source, &Limits::new()).unwrap().read_to_end(&mut Vec::new()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{method} {len}: {error}");
                assert_eq!(error.to_string(), "taken away");
            }
            let cut = &small[..small.len() / 2];
            let error = match method.reader(cut, &Limits::new()) {
                Ok(mut reader) => reader.read_to_end(&mut Vec::new()).unwrap_err().downcast::<Error>().unwrap(),
                Err(error) => error,
            };
            assert!(matches!(error, Error::Malformed { .. }), "{method}: {error}");
        }
    }
}
