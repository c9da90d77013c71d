//! JPEG of the old kind, compression 6 of TIFF 6.0: a stream's header and its data lie apart in the file.
//!
//! Three ways are known. Most writers kept a whole stream, which JPEGInterchangeFormat points to. Others kept only its
//! header there, and the data behind it in strips or tiles, each of which begins anew. Or there is no header, and tags
//! point to each table. For the last two a header is made here that any decoder takes, once for all chunks.

use super::{Directory, Tiff, tag};
use crate::error::{Error, Result};

/// The most bytes that are read of a header: all its tables and some notes.
const LONGEST: u64 = 1 << 16;

/// How a page's streams lie in the file.
pub(super) enum Streams {
    /// One holds the page: its offset and length.
    Whole(u64, u64),
    /// A chunk's data begin behind this header.
    Headed(Header),
    /// A chunk is a stream.
    Chunks,
}

/// A stream's bytes up to its data.
pub(super) struct Header {
    bytes: Vec<u8>,
    /// Where in them height and width stand, two bytes each.
    size_at: usize,
}

impl Header {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A stream of the pixels of a chunk.
    pub(super) fn before(&self, data: &[u8], columns: usize, rows: usize) -> Vec<u8> {
        let data = scan_length(data).and_then(|scan| data.get(scan..)).unwrap_or(data);
        let mut stream = Vec::with_capacity(self.bytes.len() + data.len() + 2);
        stream.extend_from_slice(&self.bytes);
        stream[self.size_at..][..2].copy_from_slice(&(rows as u16).to_be_bytes());
        stream[self.size_at + 2..][..2].copy_from_slice(&(columns as u16).to_be_bytes());
        stream.extend_from_slice(data);
        stream.extend([0xFF, 0xD9]);
        stream
    }
}

/// What a page that is compressed so says, of which the first chunk lies at `first` and a pixel has so many samples.
pub(super) fn streams(
    tiff: &mut Tiff,
    directory: &Directory,
    first: Option<u64>,
    samples: usize,
    subsampling: (usize, usize),
) -> Result<Streams> {
    if tiff.value(directory, tag::JPEG_PROCESS)?.is_some_and(|process| process != 1) {
        return Err(Error::Unsupported("lossless JPEG in a TIFF file is not supported".into()));
    }
    let chunks_begin = first.is_some_and(|first| begins(tiff, first));
    match tiff.value(directory, tag::JPEG_STREAM)?.filter(|&start| begins(tiff, start)) {
        Some(start) => {
            let rest = tiff.len() - start;
            let length = tiff.value(directory, tag::JPEG_STREAM_BYTES)?.filter(|length| (1..rest).contains(length));
            let length = length.unwrap_or(rest);
            if first.is_none_or(|first| (start..start + length).contains(&first)) {
                return Ok(Streams::Whole(start, length));
            }
            if chunks_begin {
                return Ok(Streams::Chunks);
            }
            let mut bytes = tiff.bytes_at(start, length.min(LONGEST))?;
            // Some writers left the header of the scan to the first chunk.
            let scan = first.and_then(|first| tiff.bytes_at(first, 4).ok()).and_then(|bytes| scan_length(&bytes));
            if let (Some(first), Some(scan)) = (first, scan) {
                bytes.extend(tiff.bytes_at(first, scan as u64)?);
            }
            let header = cut(bytes);
            header.map(Streams::Headed).ok_or_else(|| directory.malformed("its JPEG header is damaged"))
        }
        None if chunks_begin => Ok(Streams::Chunks),
        None => from_tables(tiff, directory, samples, subsampling).map(Streams::Headed),
    }
}

/// Whether a JPEG stream begins at an offset.
fn begins(tiff: &mut Tiff, offset: u64) -> bool {
    tiff.bytes_at(offset, 3).is_ok_and(|bytes| bytes == [0xFF, 0xD8, 0xFF])
}

/// A header cut behind that of its scan, which is made up where there is none: all components of the frame, each with
/// the tables of its number, or with the last ones.
fn cut(mut bytes: Vec<u8>) -> Option<Header> {
    let (mut at, mut frame, mut tables) = (2, None, 0);
    while let Some(&[0xFF, marker, high, low]) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        match marker {
            // Any number of bytes may fill up before a marker.
            0xFF => {
                at += 1;
                continue;
            }
            0xC0..=0xC2 => frame = Some(at),
            0xC4 => tables = bytes.get(at + 4).map_or(tables, |&kind| tables.max(kind & 3)),
            0xD9 => break,
            _ => {}
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        if at > bytes.len() {
            return None;
        }
        if marker == 0xDA {
            bytes.truncate(at);
            return Some(Header { bytes, size_at: frame? + 5 });
        }
    }
    bytes.truncate(at);
    let frame: usize = frame?;
    let count = *bytes.get(frame + 9)?;
    let ids: Vec<u8> = bytes.iter().skip(frame + 10).step_by(3).take(count.into()).copied().collect();
    scan(&mut bytes, &ids, tables);
    Some(Header { bytes, size_at: frame + 5 })
}

/// Bytes of the header of a scan, when data begin with one.
fn scan_length(data: &[u8]) -> Option<usize> {
    match *data {
        [0xFF, 0xDA, high, low, ..] => Some(2 + usize::from(u16::from_be_bytes([high, low]))),
        _ => None,
    }
}

/// Adds the header of a scan of these components.
fn scan(bytes: &mut Vec<u8>, ids: &[u8], last_table: u8) {
    let parts = (0u8..).zip(ids).flat_map(|(number, &id)| [id, number.min(last_table) * 0x11]);
    let body: Vec<u8> = [ids.len() as u8].into_iter().chain(parts).chain([0, 63, 0]).collect();
    segment(bytes, 0xDA, &body);
}

fn segment(bytes: &mut Vec<u8>, marker: u8, body: &[u8]) {
    bytes.extend([0xFF, marker]);
    bytes.extend((body.len() as u16 + 2).to_be_bytes());
    bytes.extend(body);
}

/// The header that the tags of tables tell of, a table of each kind for each component.
fn from_tables(tiff: &mut Tiff, directory: &Directory, samples: usize, subsampling: (usize, usize)) -> Result<Header> {
    let mut places = |tag| match tiff.numbers(directory, tag)? {
        Some(places) if places.len() >= samples && samples <= 4 => Ok(places[..samples].to_vec()),
        _ => Err(directory.malformed(format!("its JPEG has no tables for {samples} samples a pixel"))),
    };
    let (steps, dc, ac) = (places(tag::JPEG_STEPS)?, places(tag::JPEG_DC)?, places(tag::JPEG_AC)?);
    let mut bytes = vec![0xFF, 0xD8];
    for (number, &place) in (0u8..).zip(&steps) {
        let table = tiff.bytes_at(place, 64)?;
        segment(&mut bytes, 0xDB, &[&[number], &table[..]].concat());
    }
    for (class, places) in [(0, &dc), (1, &ac)] {
        for (number, &place) in (0u8..).zip(places) {
            let counts = tiff.bytes_at(place, 16)?;
            let symbols = counts.iter().map(|&count| u64::from(count)).sum();
            let symbols = tiff.bytes_at(place + 16, symbols)?;
            segment(&mut bytes, 0xC4, &[&[class << 4 | number], &counts[..], &symbols].concat());
        }
    }
    let restart = tiff.value(directory, tag::JPEG_RESTART)?.unwrap_or(0);
    segment(&mut bytes, 0xDD, &(restart as u16).to_be_bytes());
    let frame = bytes.len();
    let ids: Vec<u8> = (1..).take(samples).collect();
    let factors = |id| if id == 1 { (subsampling.0 << 4 | subsampling.1) as u8 } else { 0x11 };
    let parts = ids.iter().flat_map(|&id| [id, factors(id), id - 1]);
    let body: Vec<u8> = [8, 0, 0, 0, 0, samples as u8].into_iter().chain(parts).collect();
    segment(&mut bytes, 0xC0, &body);
    scan(&mut bytes, &ids, 3);
    Ok(Header { bytes, size_at: frame + 5 })
}
