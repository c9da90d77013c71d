//! GIF pictures: the first frame on its screen, transparent where the frame does not reach.

use super::color::{ColorSpace, LONGEST_PROFILE, Model};
use super::conversion::Conversion;
use super::one_line;
use super::picture::{Alpha, Picture, Samples, checked};
use crate::error::{Error, Result};
use crate::limits::{Budget, Limits};
use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, MemoryLimit};
use std::io::{Cursor, Read};
use std::num::NonZeroU64;

const FORMAT: &str = "GIF";
/// Bytes of a header, up to the palette for all frames.
const HEADER: usize = 13;
/// The header's byte that says whether there is such a palette, by its highest bit, and of how many colours.
const FLAGS: usize = 10;

pub(super) fn read(bytes: &[u8], limits: &Limits, budget: &mut Budget) -> Result<Picture> {
    match bytes.get(FLAGS) {
        Some(flags) if flags & 0x80 == 0 && bytes.len() > HEADER => {
            // Frames without a palette of their own have grey levels: the decoder is given a palette of these.
            let mut header = [0; HEADER];
            header.copy_from_slice(&bytes[..HEADER]);
            header[FLAGS] |= 0x80 | 7;
            let greys: Vec<u8> = (0..=255).flat_map(|level| [level; 3]).collect();
            read_frame(Cursor::new(header).chain(Cursor::new(greys)).chain(&bytes[HEADER..]), true, limits, budget)
        }
        _ => read_frame(bytes, false, limits, budget),
    }
}

/// Reads the first frame; `greys` when the palette for all frames is made up.
fn read_frame(source: impl Read, greys: bool, limits: &Limits, budget: &mut Budget) -> Result<Picture> {
    let mut decoder = open(source, limits).map_err(failed)?;
    let (height, width) = (usize::from(decoder.height()), usize::from(decoder.width()));
    limits.check_pixels(height, width)?;
    let Some(frame) = decoder.next_frame_info().map_err(failed)? else {
        return Err(Error::malformed(FORMAT, "it has no picture"));
    };
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (columns, rows) = (usize::from(frame.width), usize::from(frame.height));
    let palette_missing = greys && frame.palette.is_none();
    let line = 4 * columns;
    // The decoder keeps the indices of a frame besides.
    budget.take((columns * rows) as u64)?;
    let mut colors = budget.zeroed::<u8>(checked(rows, columns, 4)?)?;
    decoder.read_into_buffer(&mut colors).map_err(failed)?;
    if (left, top, columns, rows) != (0, 0, width, height) {
        let mut screen = budget.zeroed::<u8>(checked(height, width, 4)?)?;
        let inside = 4 * columns.min(width.saturating_sub(left));
        let rows_inside = if inside > 0 { rows.min(height.saturating_sub(top)) } else { 0 };
        for y in 0..rows_inside {
            let to = ((top + y) * width + left) * 4;
            screen[to..to + inside].copy_from_slice(&colors[y * line..][..inside]);
        }
        budget.give_back(colors.len() as u64);
        colors = screen;
    }
    budget.give_back((columns * rows) as u64);
    let color = match decoder.icc_profile() {
        Some(profile) if profile.len() > LONGEST_PROFILE => ColorSpace::Unknown,
        Some(profile) => ColorSpace::Icc(profile.to_vec()),
        None => ColorSpace::Srgb,
    };
    Ok(Picture {
        height,
        width,
        model: Model::Rgb,
        alpha: Alpha::Straight,
        samples: Samples::Eight(colors),
        color,
        orientation: 1,
        conversion: Conversion {
            palette_missing,
            first_of_several: matches!(decoder.next_frame_info(), Ok(Some(_))),
            ..Conversion::default()
        },
    })
}

fn open<R: Read>(source: R, limits: &Limits) -> std::result::Result<Decoder<R>, DecodingError> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.set_memory_limit(MemoryLimit::Bytes(NonZeroU64::new(limits.bytes).unwrap_or(NonZeroU64::MIN)));
    // Extensions of other programs' own say themselves where they end.
    options.allow_unknown_blocks(true);
    options.read_info(source)
}

fn failed(error: DecodingError) -> Error {
    match error {
        DecodingError::MemoryLimit | DecodingError::OutOfMemory => {
            Error::Unsupported("this GIF file asks for more memory than its decoder may take".into())
        }
        _ => Error::malformed(FORMAT, one_line(&error)),
    }
}
