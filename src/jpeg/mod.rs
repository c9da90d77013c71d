//! JPEG files, read: baseline, extended sequential and progressive ones of 8 bits a sample, after ITU-T T.81.
//!
//! Pixels are those of libjpeg-turbo to the last bit, which most programs show: the same cosine transform in whole
//! numbers, the same enlargement of chroma, the same colours. Of a damaged file it says how much is missing.

mod color;
mod decoder;
mod huffman;
mod idct;
mod markers;
mod progressive;
mod scan;
#[cfg(test)]
mod tests;
mod upsample;

use crate::error::{Error, Result};
use crate::limits::Budget;
use decoder::Decoder;
pub(crate) use markers::MAX_ICC;
use markers::{Frame, Notes, Walk, code};

/// What errors call such a file.
const FORMAT: &str = "JPEG";

/// What a file's markers say before any pixel is decoded.
#[derive(Debug)]
pub(crate) struct Header {
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
    /// The colour profile, when it is whole.
    pub icc: Option<Vec<u8>>,
    /// Whether there are parts of a colour profile that make no whole.
    pub icc_broken: bool,
    /// The EXIF data: a TIFF stream, without the name before it.
    pub exif: Option<Vec<u8>>,
    /// The XMP data, without the name before it.
    pub xmp: Option<Vec<u8>>,
}

/// How the components of a pixel become its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Transform {
    /// As the file says.
    #[default]
    Auto,
    /// They stay as they are stored; ink is not inverted either.
    None,
    /// The first three are luma and chroma, whatever the file says.
    YCbCr,
}

/// What a caller may know or want.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options<'a> {
    /// A stream of only tables that is read first, such as TIFF's JPEGTables.
    pub tables: Option<&'a [u8]>,
    /// How the components of a pixel become its colour.
    pub transform: Transform,
    /// Whether a damaged file gives what is there of it, and no error.
    pub partial: bool,
}

/// A picture.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
    /// 1 for grey, 3 for red, green and blue, 4 for cyan, magenta, yellow and black, of which 255 is full ink.
    pub components: usize,
    /// The samples in the order (height, width, component).
    pub samples: Vec<u8>,
    /// How much of a damaged picture is missing, at least 1.
    pub missing_percent: Option<u8>,
}

/// Reads a file's markers up to its first scan.
///
/// # Errors
/// [`Error::Malformed`] when they are not what they should be, [`Error::Unsupported`] for kinds of JPEG that [`decode`]
/// does not read.
pub(crate) fn header(bytes: &[u8]) -> Result<Header> {
    let (mut walk, mut notes, mut frame) = (Walk::new(bytes)?, Notes::default(), None);
    while let Some((marker, offset)) = walk.marker() {
        match marker {
            code::SOS | code::EOI | code::SOI => break,
            marker if markers::begins_frame(marker) => frame = Some(read_frame(&mut walk, marker, offset, &frame)?),
            _ => notes.read(marker, walk.segment()?),
        }
    }
    match frame {
        Some(frame) => Ok(notes.header(&frame)),
        None => Err(no_picture(&walk)),
    }
}

/// Decodes a picture.
///
/// Memory is taken from the budget before it is allocated; what is still taken in the end is the samples.
///
/// # Errors
/// As [`header`]; [`Error::Malformed`] too when a part of the picture is missing, unless that is allowed, and
/// [`Error::TooLarge`] when the budget does not suffice.
pub(crate) fn decode(bytes: &[u8], options: &Options, budget: &mut Budget) -> Result<Decoded> {
    let (mut walk, mut notes, mut decoder) = (Walk::new(bytes)?, Notes::default(), Decoder::default());
    if let Some(tables) = options.tables {
        decoder.tables.read_all(tables)?;
    }
    let ended = loop {
        match step(&mut walk, &mut notes, &mut decoder, budget) {
            Ok(Step::Next) => {}
            Ok(Step::Complete) => break true,
            Ok(Step::End) => break false,
            // What comes before damage between scans is still a picture.
            Err(Error::Malformed { offset, .. }) if options.partial && decoder.has_begun() => {
                decoder.stop(offset.unwrap_or(0) as usize);
                break false;
            }
            Err(error) => return Err(error),
        }
    };
    if !decoder.has_begun() {
        return Err(no_picture(&walk));
    }
    // A file may end before its finest scans. But where bytes belong to nothing, one of them may have been there.
    if let (true, Some(at)) = (ended && !decoder.is_complete(), walk.skipped) {
        decoder.stop(at);
    }
    decoder.finish(ended && walk.skipped.is_none(), walk.at, &notes, options, budget)
}

/// What there is after a marker.
enum Step {
    Next,
    /// All that the file promises has come.
    Complete,
    /// The file's end, without its last marker.
    End,
}

fn step<'a>(walk: &mut Walk<'a>, notes: &mut Notes<'a>, decoder: &mut Decoder, budget: &mut Budget) -> Result<Step> {
    let Some((marker, offset)) = walk.marker() else { return Ok(Step::End) };
    match marker {
        code::EOI => return Ok(Step::Complete),
        code::SOI => return Err(Error::malformed_at(FORMAT, offset, "a second picture begins inside the first")),
        // Reserved, or of an extension that says what the data means.
        0x02..=0xBF | 0xF0..=0xFD => return Err(Error::malformed_at(FORMAT, offset, "a marker is of no known kind")),
        code::SOS => {
            let segment = walk.segment()?;
            walk.at = decoder.scan(segment, walk.bytes, walk.at, budget)?;
            if decoder.is_complete() {
                return Ok(Step::Complete);
            }
        }
        marker if markers::begins_frame(marker) => {
            decoder.frame = Some(read_frame(walk, marker, offset, &decoder.frame)?);
        }
        _ => {
            let segment = walk.segment()?;
            decoder.tables.read(marker, segment)?;
            if !decoder.has_begun() {
                notes.read(marker, segment);
            }
        }
    }
    Ok(Step::Next)
}

fn read_frame(walk: &mut Walk, marker: u8, offset: usize, before: &Option<Frame>) -> Result<Frame> {
    let segment = walk.segment()?;
    let frame = Frame::read(marker, segment, || markers::height_behind_scan(walk.bytes, walk.at))?;
    match before {
        None => Ok(frame),
        Some(_) => Err(Error::malformed_at(FORMAT, offset, "it has two frames")),
    }
}

fn no_picture(walk: &Walk) -> Error {
    Error::malformed_at(FORMAT, walk.at.min(walk.bytes.len()), "it ends before its picture begins")
}
