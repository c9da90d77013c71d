//! laff: photos in about half the bytes of JPEG, by singular vectors.
//!
//! A photo's own singular vectors cost more than they save (see [`crate::svd`]). Those of many photos' *blocks* cost
//! nothing, for they come with the library: every 8 x 8 block is predicted from its border by one of 16 learnt linear
//! maps, and what is left is written in the singular vectors of what that map left on the training photos. Few
//! coefficients remain; which are worth their bits, and which map, the encoder finds by trying; and a range coder with
//! mixed adaptive contexts writes them. A thumbnail goes first, so that the beginning of a file is a picture already.
//!
//! Use it for photos where bytes count and a decoder of 10 to 20 megapixels a second is fast enough. It is lossy. Text
//! and drawings with few colours are smaller as an indexed PNG ([`crate::palette`]).
//!
//! ```
//! use cortado::prelude::*;
//! let china = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/china.jpg"))?;
//! let file = laff::encode(&china, &LaffOptions::new().quality(75.0))?;
//! let again = laff::decode(&file)?;
//! assert!(psnr_luma(&china, &again)? > 35.0 && file.len() < 46_000);
//! // The first tenth of the file is a picture too.
//! let part = laff::decode_prefix(&file[..file.len() / 10], &Limits::new())?;
//! assert!(!part.is_complete() && part.photo.width() == 640);
//! # Ok::<(), cortado::Error>(())
//! ```
//!
//! # Format, version 1
//!
//! Numbers are little-endian; `varint` has seven bits a byte, the lowest first, and the highest bit set in all but the
//! last.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | `laff` |
//! | 4 | 1 | version, 1 |
//! | 5 | 1 | bits 0 and 1: 0 grey, 1 YCbCr 4:2:0, 2 YCbCr 4:4:4; bit 2: visual profile |
//! | 6 | 1 | the tables' identity, 1 |
//! | 7 | 1 | quantiser q of luma: steps are 2^(q / 32 - 1) levels |
//! | 8 | 1 | quantiser of chroma |
//! | 9 | 1 | step of the thumbnail in halves of a level |
//! | 10 | 1 | rows of a slice, in 16 |
//! | 11 | 2 | width |
//! | 13 | 2 | height |
//! | 15 | varint | bytes of the thumbnail |
//! | | varint each | bytes of each slice |
//! | | 4 | CRC-32 of all before |
//! | | | the thumbnail, and the lower 16 bits of its CRC-32 |
//! | | | each slice, and the lower 16 bits of its CRC-32 |
//!
//! The thumbnail is the mean of every 16 x 16 pixels of Y, Cb and Cr, a plane after the other. A slice is its rows of
//! Y, then of Cb and of Cr, each in 8 x 8 blocks from left to right and top to bottom. A block is its class, in the
//! visual profile (luma) its choice of step, in chroma how it follows luma, the number of its coefficients up to the
//! last that is not zero, and from that one down to the first whether each is zero, more than one and so on, and its
//! sign. All are yes-or-no decisions for one range coder each for the thumbnail and a slice, whose models start as the
//! tables say: `model.rs` has the arithmetic, `block.rs` the contexts. Slices know nothing of each other: their borders
//! are the thumbnail's, on lines between its values.
//!
//! Decoding is arithmetic on integers alone, with samples in 1/16 of a level: the same pixels on every machine and with
//! any number of threads.

mod block;
mod codec;
mod decode;
mod encode;
mod filter;
mod header;
mod insight;
mod layout;
mod model;
mod moments;
mod options;
mod planes;
mod search;
mod slice;
mod tables;
mod text;
mod thumbnail;
mod train;

pub(crate) use codec::LaffCodec;
pub use insight::{Ingredients, basis_sheet};
pub use options::{LaffOptions, Profile};
pub use text::{from_text, to_text};
pub use train::train;

use crate::error::{Error, Result};
use crate::file::{self, Existing};
use crate::limits::Limits;
use crate::metrics::psnr_luma;
use crate::photo::Photo;
use encode::{Encoded, Prepared, Settings};
use header::{CHECK, Header, MOST_SIDE, usual_slice};
use ndarray::Array2;
use options::Rate;
use planes::Layout;
use std::path::Path;
use tables::FROZEN;

const FORMAT: &str = "laff";
/// The most rows of a slice.
const MAX_SLICE_ROWS: usize = 4080;

/// Encodes a photo.
///
/// The same photo and options give the same bytes on any number of threads. One thread encodes one to two megapixels a
/// second, several times less with a PSNR or a number of bytes as the goal; memory is about 30 bytes a pixel.
///
/// # Errors
/// [`Error::OutOfRange`] when the quality is not from 0 to 100, the PSNR not a number, or slices are not from 1 to
/// 4,080 rows; [`Error::Unreachable`] when no file is small enough; [`Error::TooLarge`] when a side is more than
/// 65,535.
pub fn encode(photo: &Photo, options: &LaffOptions) -> Result<Vec<u8>> {
    Ok(reach(photo, options)?.bytes)
}

/// Encodes a photo, and gives what it will be decoded to, which the encoder knows: faster than decoding it.
///
/// # Errors
/// As [`encode`].
pub fn encode_with_photo(photo: &Photo, options: &LaffOptions) -> Result<(Vec<u8>, Photo)> {
    let encoded = reach(photo, options)?;
    let photo = encoded.photo(Some(&FROZEN.filters));
    Ok((encoded.bytes, photo))
}

/// Encodes a photo so that its goal is reached.
fn reach(photo: &Photo, options: &LaffOptions) -> Result<Encoded> {
    let encoder = Trial::new(photo, options)?;
    Ok(match options.rate {
        Rate::Quality(quality) => encoder.encode(quantizer(quality, options.profile)?),
        Rate::Psnr(db) => encoder.reach_psnr(photo, db)?,
        Rate::Bytes(bytes) => encoder.reach_bytes(bytes)?,
    })
}

/// Encodes one photo with one quantiser after another.
struct Trial {
    prepared: Prepared,
    profile: Profile,
    slice: usize,
}

impl Trial {
    fn new(photo: &Photo, options: &LaffOptions) -> Result<Self> {
        let (height, width) = (photo.height(), photo.width());
        for (what, side) in [("rows", height), ("columns", width)] {
            if side > MOST_SIDE {
                return Err(Error::TooLarge { what, found: side as u64, limit: MOST_SIDE as u64 });
            }
        }
        let slice = match options.slice_rows {
            None => usual_slice(height),
            Some(rows @ 1..=MAX_SLICE_ROWS) => rows.div_ceil(thumbnail::CELL),
            Some(rows) => {
                return Err(Error::out_of_range("slice rows", rows, "from 1 to 4080"));
            }
        };
        let layout = match (photo.is_grey(), options.full_chroma) {
            (true, _) => Layout::Grey,
            (false, false) => Layout::Halved,
            (false, true) => Layout::Full,
        };
        Ok(Self { prepared: Prepared::new(photo, layout), profile: options.profile, slice })
    }

    fn encode(&self, quantizer: u8) -> Encoded {
        self.prepared.encode(&FROZEN, &Settings::new(self.profile, quantizer, self.slice))
    }

    /// The coarsest quantiser that gives a PSNR.
    fn reach_psnr(&self, photo: &Photo, db: f64) -> Result<Encoded> {
        if db.is_nan() {
            return Err(Error::out_of_range("PSNR", "NaN", "a number of dB"));
        }
        // Finer by an octave is better by 5 dB or so.
        let (last, next) =
            self.last_above(db, -5.0 / 32.0, |encoded| psnr_luma(photo, &encoded.photo(Some(&FROZEN.filters))))?;
        Ok(last.or(next).expect("one of all quantisers is either"))
    }

    /// The finest quantiser that gives so few bytes.
    fn reach_bytes(&self, bytes: usize) -> Result<Encoded> {
        // Finer by an octave takes 1.7 times the bytes or so.
        let price = |encoded: &Encoded| Ok((encoded.bytes.len() as f64).ln());
        let (last, next) = self.last_above((bytes as f64 + 0.5).ln(), -0.55 / 32.0, price)?;
        next.ok_or_else(|| {
            let least = last.map_or(0, |last| last.bytes.len());
            Error::Unreachable { goal: format!("{bytes} bytes"), best: format!("the coarsest file has {least}") }
        })
    }

    /// The coarsest quantiser at which what `measure` finds, which falls from one quantiser to the next by about
    /// `slope`, is at least `goal`; and the next coarser one.
    fn last_above(
        &self,
        goal: f64,
        slope: f64,
        measure: impl Fn(&Encoded) -> Result<f64>,
    ) -> Result<(Option<Encoded>, Option<Encoded>)> {
        // The measure is at least the goal at `above`, and below it at `below`: quantisers that were tried, or beyond
        // all.
        let (mut above, mut below): (i32, i32) = (-1, 256);
        let mut last: Option<(f64, Encoded)> = None;
        let mut next: Option<(f64, Encoded)> = None;
        let mut guess = 170.0;
        while below - above > 1 {
            let quantizer = (guess as i64).clamp(i64::from(above) + 1, i64::from(below) - 1) as i32;
            let encoded = self.encode(quantizer as u8);
            let found = measure(&encoded)?;
            if found >= goal {
                (above, last) = (quantizer, Some((found, encoded)));
            } else {
                (below, next) = (quantizer, Some((found, encoded)));
            }
            guess = match (&last, &next) {
                // Between two, where a line through them says, but not next to one while the other is far.
                (Some((more, _)), Some((less, _))) => {
                    let share = ((more - goal) / (more - less)).clamp(0.1, 0.9);
                    f64::from(above) + f64::from(below - above) * share + 0.5
                }
                // By the usual slope and a little more, to get to the other side.
                _ => f64::from(quantizer) + 1.1 * (goal - found) / slope,
            };
        }
        Ok((last.map(|(_, encoded)| encoded), next.map(|(_, encoded)| encoded)))
    }
}

/// The quantiser of luma for a quality: 0 is the coarsest.
fn quantizer(quality: f64, profile: Profile) -> Result<u8> {
    if !(0.0..=100.0).contains(&quality) {
        return Err(Error::out_of_range("quality", quality, "from 0 to 100"));
    }
    let curve = match profile {
        Profile::Mse => &QUALITIES,
        Profile::Visual => &VISUAL_QUALITIES,
    };
    let after = curve.iter().position(|&(at, _)| at >= quality).unwrap_or(curve.len() - 1).max(1);
    let ((low, from), (high, to)) = (curve[after - 1], curve[after]);
    Ok((from + (to - from) * (quality - low) / (high - low)).round() as u8)
}

/// Qualities and the quantisers at which luma has about the PSNR that libjpeg-turbo gives it: a little more on the
/// training photos, a little less on Kodak's.
const QUALITIES: [(f64, f64); 9] = [
    (0.0, 255.0),
    (10.0, 231.0),
    (25.0, 208.0),
    (50.0, 189.0),
    (75.0, 168.0),
    (85.0, 151.0),
    (90.0, 136.0),
    (95.0, 108.0),
    (100.0, 40.0),
];

/// The same for the visual profile and SSIMULACRA 2, on the training photos.
const VISUAL_QUALITIES: [(f64, f64); 9] = [
    (0.0, 255.0),
    (10.0, 224.0),
    (25.0, 188.0),
    (50.0, 166.0),
    (75.0, 144.0),
    (85.0, 127.0),
    (90.0, 111.0),
    (95.0, 83.0),
    (100.0, 32.0),
];

/// Decodes a photo with the default [`Limits`].
///
/// One thread decodes 10 megapixels a second or more; memory is below 20 bytes a pixel.
///
/// # Errors
/// As [`decode_with`].
pub fn decode(bytes: &[u8]) -> Result<Photo> {
    decode_with(bytes, &Limits::new())
}

/// Decodes a photo, all of which must be there.
///
/// # Errors
/// [`Error::Malformed`] when the bytes are no such stream, are damaged, or end too early, with the byte;
/// [`Error::TooLarge`] when the photo exceeds the limits; [`Error::Unsupported`] for a later version or other tables.
pub fn decode_with(bytes: &[u8], limits: &Limits) -> Result<Photo> {
    let part = decode_prefix(bytes, limits)?;
    match part.damage {
        None => Ok(part.photo),
        Some(damage) => Err(damage),
    }
}

/// Opens a `.laff` file, or its text in a `.laff.txt` file, with the default [`Limits`].
///
/// # Errors
/// As [`open_with`].
pub fn open(path: impl AsRef<Path>) -> Result<Photo> {
    open_with(path, &Limits::new())
}

/// As [`open`], under limits for all that is in memory at once.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, else as [`decode_with`].
pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Photo> {
    let path = path.as_ref();
    file::open(path, limits, |bytes, limits| match is_text(path) {
        false => decode_with(bytes, limits),
        true => {
            let text = std::str::from_utf8(bytes).map_err(|_| Error::malformed(FORMAT, "its text is no UTF-8"))?;
            decode_with(&from_text(text)?, limits)
        }
    })
}

fn is_text(path: &Path) -> bool {
    file::extension(path) == "txt"
}

/// Writes a photo to a `.laff` file, or as text to a `.laff.txt` file, replacing an existing one.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written, else as [`encode`].
pub fn save(photo: &Photo, path: impl AsRef<Path>, options: &LaffOptions) -> Result<()> {
    let path = path.as_ref();
    let bytes = encode(photo, options)?;
    let bytes = if is_text(path) { to_text(&bytes).into_bytes() } else { bytes };
    file::write(path, &bytes, Existing::Replace)
}

/// What could be decoded of a stream.
#[derive(Debug)]
pub struct Part {
    /// The photo in its full size; the rows of slices that are missing are the thumbnail's.
    pub photo: Photo,
    /// Of each slice whether it arrived whole, from top to bottom.
    pub slices: Vec<bool>,
    /// The classes of luma blocks, 0 to 15, shape (rows of blocks, columns of blocks); 255 where they did not arrive.
    pub classes: Array2<u8>,
    /// The first thing that was wrong.
    pub damage: Option<Error>,
}

impl Part {
    /// Whether this is the whole photo.
    pub fn is_complete(&self) -> bool {
        self.damage.is_none()
    }
}

/// Decodes what there is of a stream that may end early or be damaged: the slices that are whole, and elsewhere the
/// thumbnail.
///
/// # Errors
/// As [`decode_with`], when the header or the thumbnail are not whole.
pub fn decode_prefix(bytes: &[u8], limits: &Limits) -> Result<Part> {
    decode::part(&FROZEN, bytes, limits)
}

/// The thumbnail of a stream, a pixel for each 16 x 16, of which the beginning of the stream is enough.
///
/// # Errors
/// As [`decode_with`], when the header or the thumbnail are not whole.
pub fn thumbnail(bytes: &[u8], limits: &Limits) -> Result<Photo> {
    decode::small(&FROZEN, bytes, limits)
}

/// What a stream's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Rows of the photo.
    pub height: usize,
    /// Columns of the photo.
    pub width: usize,
    /// Samples a pixel, 3 or 1.
    pub channels: usize,
    /// Whether chroma has the resolution of luma.
    pub full_chroma: bool,
    /// What the encoder kept small.
    pub profile: Profile,
    /// Quantisers of luma and of chroma, from 0, the finest, to 255.
    pub quantizers: [u8; 2],
    /// Bytes up to the end of the thumbnail.
    pub thumbnail_bytes: usize,
    /// How many slices there are.
    pub slices: usize,
}

/// Reads a stream's header.
///
/// # Errors
/// As [`decode_with`], but only the header is looked at.
pub fn info(bytes: &[u8], limits: &Limits) -> Result<Info> {
    let (header, at) = Header::read(bytes, limits)?;
    Ok(Info {
        height: header.height,
        width: header.width,
        channels: header.layout.planes(),
        full_chroma: header.layout == Layout::Full,
        profile: header.profile,
        quantizers: header.quantizers,
        thumbnail_bytes: at + header.lengths[0] + CHECK,
        slices: header.lengths.len() - 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tests::portable;

    /// Numbers of the tables that arithmetic in 32 bits relies on.
    #[test]
    fn the_tables_keep_their_bounds() {
        for class in FROZEN.classes.iter().flatten().chain(&FROZEN.plain) {
            for weights in class.predictor.iter() {
                let most: i64 = weights.iter().map(|&weight| i64::from(weight).abs()).sum();
                assert!(most * i64::from(planes::PEAK) < 1 << 31);
            }
            assert!(class.lengths.iter().all(|&length| (127 << 8..1 << 20).contains(&length)));
        }
        for filter in FROZEN.filters.iter().flatten() {
            for weights in filter.as_flattened() {
                assert!(weights.iter().all(|weight| weight.abs() < 128));
            }
        }
        assert_eq!((tables::step(0), tables::step(32), tables::step(255)), (128, 256, 32_065));
        for quantizer in 0..=255 {
            assert!((1..=64).contains(&(tables::thumbnail_step(quantizer) / 8)));
        }
    }

    #[test]
    fn processors_without_avx2_code_and_decode_the_same() {
        let photo = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/chelsea.png")).unwrap();
        let photo = photo.crop(10, 20, 70, 101).unwrap();
        // On this thread alone, which knows that it has no AVX2.
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        for options in [LaffOptions::new(), LaffOptions::new().quality(95.0).profile(Profile::Visual)] {
            let (bytes, decoded) = encode_with_photo(&photo, &options).unwrap();
            let (same, again) =
                alone.install(|| portable(|| (encode(&photo, &options).unwrap(), decode(&bytes).unwrap())));
            assert!(same == bytes && again == decoded);
        }
    }
}
