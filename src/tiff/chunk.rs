//! One strip or tile: decompressed, its differences added up, its samples a power of two of bytes each.

use super::compression::Compression;
use super::page::Page;
use super::{FORMAT, SampleFormat, fax};
use crate::error::{Error, Result};
use crate::jpeg;
use crate::limits::Budget;
use std::io::{self, Read};

/// Bytes of a row of a chunk before compression.
fn row_bytes(page: &Page, columns: usize) -> usize {
    (columns * page.chunk_samples() * page.bits).div_ceil(8)
}

/// Bytes of a chunk of so many columns, rows and slices before compression.
pub(super) fn stored_bytes(page: &Page, [columns, rows, slices]: [usize; 3]) -> usize {
    match page.subsampling {
        (1, 1) => row_bytes(page, columns) * rows * slices,
        (across, down) => columns.div_ceil(across) * rows.div_ceil(down) * (across * down + 2) * slices,
    }
}

/// The samples of a chunk, and the bytes that the budget has counted for them.
pub(super) fn decode(
    page: &Page,
    shape: [usize; 3],
    mut stored: Vec<u8>,
    offset: u64,
    budget: &mut Budget,
) -> Result<(Vec<u8>, u64)> {
    if page.compression == Compression::Jpeg {
        let mut headed = 0;
        if let Some(header) = &page.jpeg_header {
            headed = header.len() as u64 + stored.len() as u64;
            budget.take(headed)?;
            stored = header.before(&stored, shape[0], shape[1]);
        }
        let samples = decode_jpeg(page, shape, &stored, budget)?;
        budget.give_back(headed);
        let taken = samples.len() as u64;
        return Ok((samples, taken));
    }
    let [columns, rows, slices] = shape;
    let row_bytes = row_bytes(page, columns);
    let mut bytes = budget.zeroed::<u8>(stored_bytes(page, shape))?;
    if page.reversed_bits {
        stored.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
    }
    let failed = |error: io::Error| Error::malformed_at(FORMAT, offset as usize, error);
    let filled = decompress(page, columns, &stored, &mut bytes, budget).map_err(failed)?;
    if filled < bytes.len() {
        let message = format!("a part of its picture ends early: {filled} of {} bytes are there", bytes.len());
        return Err(Error::malformed_at(FORMAT, offset as usize, message));
    }
    let taken = bytes.len() as u64;
    if page.subsampling != (1, 1) {
        let samples = spread_chroma(page, shape, &bytes, budget)?;
        budget.give_back(taken);
        let taken = samples.len() as u64;
        return Ok((samples, taken));
    }
    undo_predictor(page, columns, row_bytes, &mut bytes)?;
    if page.bits == 8 * page.sample_bytes() {
        return Ok((bytes, taken));
    }
    let samples = unpack(page, columns, rows * slices, row_bytes, &bytes, budget)?;
    budget.give_back(taken);
    let taken = samples.len() as u64;
    Ok((samples, taken))
}

/// Fills as much of `out` as there is.
fn decompress(page: &Page, columns: usize, stored: &[u8], out: &mut [u8], budget: &Budget) -> io::Result<usize> {
    match page.compression {
        Compression::None => {
            let len = stored.len().min(out.len());
            out[..len].copy_from_slice(&stored[..len]);
            Ok(len)
        }
        Compression::PackBits => Ok(unpack_bits(stored, out)),
        Compression::Lzw => unpack_lzw(stored, out),
        Compression::Deflate => fill(flate2::read::ZlibDecoder::new(stored), out),
        Compression::Lzma => fill(lzma_rust2::XzReader::new_mem_limit(stored, true, window_kib(budget)), out),
        Compression::Zstd => fill(zstd::stream::read::Decoder::with_buffer(stored)?, out),
        Compression::Fax(_) if page.bits * page.chunk_samples() != 1 => {
            Err(io::Error::other("a fax has one sample of one bit a pixel, and this page more"))
        }
        Compression::Fax(kind) => fax::decode(kind, page.t4_options, columns, stored, out),
        Compression::Jpeg => unreachable!("JPEG gives samples, not bytes"),
    }
}

/// What a window may take of what the limit leaves, in KiB.
fn window_kib(budget: &Budget) -> u32 {
    u32::try_from(budget.left() / 1024).unwrap_or(u32::MAX)
}

/// Reads until the buffer is full or nothing more comes.
fn fill(mut reader: impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match reader.read(&mut out[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Runs of literal bytes and of one repeated.
fn unpack_bits(stored: &[u8], out: &mut [u8]) -> usize {
    let (mut at, mut filled) = (0, 0);
    while let (Some(&head), true) = (stored.get(at), filled < out.len()) {
        at += 1;
        let room = out.len() - filled;
        match head {
            0..=127 => {
                let len = (usize::from(head) + 1).min(room).min(stored.len() - at);
                out[filled..filled + len].copy_from_slice(&stored[at..at + len]);
                at += usize::from(head) + 1;
                filled += len;
                if at > stored.len() {
                    break;
                }
            }
            128 => {}
            129..=255 => {
                let Some(&value) = stored.get(at) else { break };
                let len = (257 - usize::from(head)).min(room);
                out[filled..filled + len].fill(value);
                at += 1;
                filled += len;
            }
        }
    }
    filled
}

/// LZW with the highest bit first and codes that grow one early, or the old kind: lowest bit first, and not early.
fn unpack_lzw(stored: &[u8], out: &mut [u8]) -> io::Result<usize> {
    let is_old = matches!(stored, [0, second, ..] if second & 1 == 1);
    let mut decoder = match is_old {
        true => weezl::decode::Decoder::new(weezl::BitOrder::Lsb, 8),
        false => weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8),
    };
    let (mut read, mut filled) = (0, 0);
    while filled < out.len() {
        let step = decoder.decode_bytes(&stored[read..], &mut out[filled..]);
        read += step.consumed_in;
        filled += step.consumed_out;
        match step.status {
            Ok(weezl::LzwStatus::Ok) if step.consumed_in + step.consumed_out > 0 => {}
            Ok(_) => break,
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(filled)
}

/// Decodes a JPEG of a chunk's size, or of a little more, as it has when its last block of pixels is not cut off.
fn decode_jpeg(page: &Page, shape: [usize; 3], stored: &[u8], budget: &mut Budget) -> Result<Vec<u8>> {
    // Whole blocks of the coarsest chroma.
    const MARGIN: usize = 32;
    let transform = if page.jpeg_gives_rgb { jpeg::Transform::YCbCr } else { jpeg::Transform::None };
    let [columns, rows, _] = shape;
    let expected = page.chunk_samples();
    let header = jpeg::header(stored)?;
    let fits = |found: usize, side: usize| (side..side + MARGIN).contains(&found);
    if !fits(header.width, columns) || !fits(header.height, rows) {
        let found = format!("{} x {}", header.height, header.width);
        return Err(Error::malformed(FORMAT, format!("a part of {rows} x {columns} pixels holds a JPEG of {found}")));
    }
    let options = jpeg::Options { tables: page.jpeg_tables.as_deref(), transform, partial: false };
    let mut decoded = jpeg::decode(stored, &options, budget)?;
    if decoded.components != expected {
        let message = format!("pixels of {expected} samples are in a JPEG of {}", decoded.components);
        return Err(Error::malformed(FORMAT, message));
    }
    let (wide, narrow) = (decoded.width * expected, columns * expected);
    for row in 0..rows {
        decoded.samples.copy_within(row * wide..row * wide + narrow, row * narrow);
    }
    budget.give_back((decoded.samples.len() - rows * narrow) as u64);
    decoded.samples.truncate(rows * narrow);
    Ok(decoded.samples)
}

/// Turns blocks of several luma samples and one pair of chroma samples into pixels.
fn spread_chroma(page: &Page, shape: [usize; 3], bytes: &[u8], budget: &mut Budget) -> Result<Vec<u8>> {
    if page.bits != 8 || page.planar || page.samples != 3 || page.depth > 1 {
        let message = "chroma of reduced size other than of 8 bits between its luma is not supported in a TIFF file";
        return Err(Error::Unsupported(message.into()));
    }
    let (across, down) = page.subsampling;
    let [columns, rows, _] = shape;
    let mut samples = budget.zeroed::<u8>(columns * rows * 3)?;
    let block_bytes = across * down + 2;
    for (number, block) in bytes.chunks_exact(block_bytes).enumerate() {
        let (left, top) = (number % columns.div_ceil(across) * across, number / columns.div_ceil(across) * down);
        for (place, &luma) in block[..across * down].iter().enumerate() {
            let (x, y) = (left + place % across, top + place / across);
            if x < columns && y < rows {
                samples[(y * columns + x) * 3..][..3].copy_from_slice(&[
                    luma,
                    block[across * down],
                    block[across * down + 1],
                ]);
            }
        }
    }
    Ok(samples)
}

/// Brings samples into this machine's order, and adds up the differences that a predictor left.
fn undo_predictor(page: &Page, columns: usize, row_bytes: usize, bytes: &mut [u8]) -> Result<()> {
    let size = page.bits / 8;
    let whole = page.bits.is_power_of_two() && page.bits >= 8;
    if page.predictor == 3 {
        if page.format != SampleFormat::Float || !whole || size < 2 {
            return Err(Error::malformed(FORMAT, "its predictor is for floating-point numbers, and it has none"));
        }
        for row in bytes.chunks_exact_mut(row_bytes) {
            undo_float_differences(row, columns, page.chunk_samples(), size);
        }
        return Ok(());
    }
    // Bits that are packed are in the order of bytes.
    if page.swaps && whole && size > 1 {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
    match page.predictor {
        0 | 1 => Ok(()),
        2 if !whole || size > 8 => {
            Err(Error::Unsupported(format!("a TIFF predictor over samples of {} bits is not supported", page.bits)))
        }
        2 => {
            let stride = page.chunk_samples();
            for row in bytes.chunks_exact_mut(row_bytes) {
                match size {
                    1 => add_up(row, stride, u8::wrapping_add),
                    2 => add_up(groups(row), stride, |a: [u8; 2], b| {
                        u16::from_ne_bytes(a).wrapping_add(u16::from_ne_bytes(b)).to_ne_bytes()
                    }),
                    4 => add_up(groups(row), stride, |a: [u8; 4], b| {
                        u32::from_ne_bytes(a).wrapping_add(u32::from_ne_bytes(b)).to_ne_bytes()
                    }),
                    _ => add_up(groups(row), stride, |a: [u8; 8], b| {
                        u64::from_ne_bytes(a).wrapping_add(u64::from_ne_bytes(b)).to_ne_bytes()
                    }),
                }
            }
            Ok(())
        }
        other => Err(Error::malformed(FORMAT, format!("its predictor {other} is unknown"))),
    }
}

/// The bytes as groups of `N`, which need no alignment.
fn groups<const N: usize>(bytes: &mut [u8]) -> &mut [[u8; N]] {
    bytes.as_chunks_mut().0
}

fn add_up<T: Copy>(row: &mut [T], stride: usize, add: impl Fn(T, T) -> T) {
    for at in stride..row.len() {
        row[at] = add(row[at], row[at - stride]);
    }
}

/// Technical note 3: the bytes of a row's numbers sorted by significance, highest first, and their differences taken.
fn undo_float_differences(row: &mut [u8], columns: usize, samples: usize, size: usize) {
    add_up(row, samples, u8::wrapping_add);
    let sorted = row.to_vec();
    let numbers = columns * samples;
    for (number, bytes) in row.chunks_exact_mut(size).enumerate() {
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = sorted[place * numbers + number];
        }
        if cfg!(target_endian = "little") {
            bytes.reverse();
        }
    }
}

/// Gives samples that are packed in bits one or two bytes each.
fn unpack(
    page: &Page,
    columns: usize,
    rows: usize,
    row_bytes: usize,
    bytes: &[u8],
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    if page.bits > 16 {
        let message = format!("samples of {} bits in a TIFF file are not supported", page.bits);
        return Err(Error::Unsupported(message));
    }
    let (size, numbers) = (page.sample_bytes(), columns * page.chunk_samples());
    let mut samples = budget.zeroed::<u8>(numbers * rows * size)?;
    let mask = (1u32 << page.bits) - 1;
    for (row, out) in bytes.chunks_exact(row_bytes).zip(samples.chunks_exact_mut(numbers * size)) {
        let (mut bits, mut held, mut next) = (0u32, 0, row.iter());
        for sample in out.chunks_exact_mut(size) {
            while held < page.bits {
                bits = bits << 8 | u32::from(*next.next().expect("a row has a byte for every eight bits"));
                held += 8;
            }
            held -= page.bits;
            let value = (bits >> held & mask) as u16;
            match sample {
                [byte] => *byte = value as u8,
                two => two.copy_from_slice(&value.to_ne_bytes()),
            }
        }
    }
    Ok(samples)
}
