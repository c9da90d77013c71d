//! What stands between a file's scans: marker segments, read and checked.

use super::huffman::{Table, ZIGZAG};
use super::{FORMAT, Header};
use crate::error::{Error, Result};

/// The codes of markers, which follow a byte 0xFF.
pub(super) mod code {
    pub(crate) const SOF0: u8 = 0xC0;
    pub(crate) const SOF2: u8 = 0xC2;
    pub(crate) const DHT: u8 = 0xC4;
    pub(crate) const DAC: u8 = 0xCC;
    pub(crate) const SOF15: u8 = 0xCF;
    pub(crate) const RST0: u8 = 0xD0;
    pub(crate) const RST7: u8 = 0xD7;
    pub(crate) const SOI: u8 = 0xD8;
    pub(crate) const EOI: u8 = 0xD9;
    pub(crate) const SOS: u8 = 0xDA;
    pub(crate) const DQT: u8 = 0xDB;
    pub(crate) const DNL: u8 = 0xDC;
    pub(crate) const DRI: u8 = 0xDD;
    pub(crate) const DHP: u8 = 0xDE;
    pub(crate) const EXP: u8 = 0xDF;
    pub(crate) const APP0: u8 = 0xE0;
    pub(crate) const APP1: u8 = 0xE1;
    pub(crate) const APP2: u8 = 0xE2;
    pub(crate) const APP14: u8 = 0xEE;
    pub(crate) const TEM: u8 = 0x01;
}

/// The most bytes of a colour profile: more than any has.
pub(crate) const MAX_ICC: usize = 8 << 20;

/// A walk from marker to marker.
pub(super) struct Walk<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    /// Where bytes were first skipped that belong to nothing.
    pub skipped: Option<usize>,
}

/// What a marker segment holds behind its length.
#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    pub bytes: &'a [u8],
    pub offset: usize,
}

impl Segment<'_> {
    fn malformed(&self, message: &str) -> Error {
        Error::malformed_at(FORMAT, self.offset, message)
    }
}

impl<'a> Walk<'a> {
    /// A walk from a stream's start.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self> {
        match bytes {
            [0xFF, code::SOI, ..] => Ok(Self { bytes, at: 2, skipped: None }),
            _ => Err(Error::malformed_at(FORMAT, 0, "it does not begin with FF D8")),
        }
    }

    /// The next marker that may have a segment, and where it is. What stands before it is skipped, as all readers do.
    pub(super) fn marker(&mut self) -> Option<(u8, usize)> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            let start = self.at + rest.iter().position(|&byte| byte == 0xFF)?;
            if start > self.at {
                self.skipped.get_or_insert(self.at);
            }
            self.at = start;
            self.at += self.bytes[start..].iter().position(|&byte| byte != 0xFF)?;
            let marker = self.bytes[self.at];
            self.at += 1;
            if !matches!(marker, 0 | code::TEM | code::RST0..=code::RST7) {
                return Some((marker, start));
            }
        }
    }

    /// The segment of the marker that was just read.
    pub(super) fn segment(&mut self) -> Result<Segment<'a>> {
        let offset = self.at;
        let cut = || Error::malformed_at(FORMAT, offset, "a marker segment is cut off");
        let length = usize::from(u16::from_be_bytes(*self.bytes[offset..].first_chunk().ok_or_else(cut)?));
        if length < 2 {
            return Err(Error::malformed_at(FORMAT, offset, "a marker segment is shorter than its own length"));
        }
        let bytes = self.bytes.get(offset + 2..offset + length).ok_or_else(cut)?;
        self.at = offset + length;
        Ok(Segment { bytes, offset: offset + 2 })
    }
}

/// The tables that segments define for the scans behind them.
#[derive(Default)]
pub(super) struct Tables {
    /// Steps of quantisation in rows of a block, as 16 bits however they are signed.
    pub steps: [Option<[i16; 64]>; 4],
    pub dc: [Option<Box<Table>>; 4],
    pub ac: [Option<Box<Table>>; 4],
    /// MCUs between restart markers; 0 for no such markers.
    pub restart: usize,
}

impl Tables {
    /// Takes what a segment defines; one of another kind is left alone.
    pub(super) fn read(&mut self, marker: u8, segment: Segment) -> Result<()> {
        match marker {
            code::DQT => self.read_steps(segment),
            code::DHT => self.read_huffman(segment),
            code::DRI => match *segment.bytes {
                [high, low] => {
                    self.restart = u16::from_be_bytes([high, low]).into();
                    Ok(())
                }
                _ => Err(segment.malformed("a restart interval is not of 2 bytes")),
            },
            _ => Ok(()),
        }
    }

    /// Takes the tables of a stream that holds nothing else.
    pub(super) fn read_all(&mut self, stream: &[u8]) -> Result<()> {
        let mut walk = Walk::new(stream)?;
        while let Some((marker, offset)) = walk.marker() {
            match marker {
                code::EOI => break,
                code::SOF0..=code::SOF2 | code::SOS | code::SOI => {
                    return Err(Error::malformed_at(FORMAT, offset, "its stream of tables holds more than tables"));
                }
                _ => self.read(marker, walk.segment()?)?,
            }
        }
        Ok(())
    }

    fn read_steps(&mut self, segment: Segment) -> Result<()> {
        let mut rest = segment.bytes;
        while let Some((&kind, values)) = rest.split_first() {
            let (deep, index) = (kind >> 4, usize::from(kind & 15));
            let bytes = if deep == 0 { 64 } else { 128 };
            if deep > 1 || index > 3 || values.len() < bytes {
                return Err(segment.malformed("a quantisation table is not of the form it must have"));
            }
            let (values, behind) = values.split_at(bytes);
            let steps = self.steps[index].insert([0; 64]);
            for (k, &at) in ZIGZAG.iter().enumerate() {
                let step = match deep {
                    0 => values[k].into(),
                    _ => u16::from_be_bytes([values[2 * k], values[2 * k + 1]]),
                };
                steps[usize::from(at)] = step as i16;
            }
            rest = behind;
        }
        Ok(())
    }

    fn read_huffman(&mut self, segment: Segment) -> Result<()> {
        let mut rest = segment.bytes;
        while let Some((&kind, behind)) = rest.split_first() {
            let (counts, behind) =
                behind.split_first_chunk().ok_or_else(|| segment.malformed("a Huffman table is cut off"))?;
            let symbols: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let (values, behind) =
                behind.split_at_checked(symbols).ok_or_else(|| segment.malformed("a Huffman table is cut off"))?;
            let table = Table::new(counts, values).ok_or_else(|| segment.malformed("a Huffman table is too full"))?;
            let index = usize::from(kind & 15);
            match kind >> 4 {
                0 if index < 4 && table.serves_dc() => self.dc[index] = Some(Box::new(table)),
                1 if index < 4 => self.ac[index] = Some(Box::new(table)),
                _ => return Err(segment.malformed("a Huffman table is not of the form it must have")),
            }
            rest = behind;
        }
        Ok(())
    }
}

/// One colour of the picture, as the frame's header tells of it.
pub(super) struct Component {
    pub id: u8,
    /// Samples across and down, out of the frame's largest.
    pub across: usize,
    pub down: usize,
    /// Which table of quantisation steps it takes.
    pub steps: usize,
    /// Size in samples.
    pub width: usize,
    pub height: usize,
    /// Size in blocks.
    pub blocks_wide: usize,
    pub blocks_high: usize,
}

impl Component {
    pub(super) fn blocks(&self) -> u64 {
        self.blocks_wide as u64 * self.blocks_high as u64
    }
}

/// The frame's header.
pub(super) struct Frame {
    pub progressive: bool,
    pub height: usize,
    pub width: usize,
    /// The largest of the components'.
    pub across: usize,
    pub down: usize,
    pub components: Vec<Component>,
}

impl Frame {
    /// The header of a frame with this marker, or why there is no reading it.
    ///
    /// `height` gives the height when the header leaves it to a later segment.
    pub(super) fn read(marker: u8, segment: Segment, height: impl FnOnce() -> Option<usize>) -> Result<Self> {
        refuse(marker, segment)?;
        let &[depth, h1, h0, w1, w0, count, ref parts @ ..] = segment.bytes else {
            return Err(segment.malformed("the frame's header is cut off"));
        };
        if depth != 8 {
            return Err(Error::Unsupported(format!("{depth}-bit JPEG is not supported: save it with 8 bits a sample")));
        }
        let width = usize::from(u16::from_be_bytes([w1, w0]));
        let height = match u16::from_be_bytes([h1, h0]) {
            0 => height().unwrap_or(0),
            height => height.into(),
        };
        if height == 0 || width == 0 {
            return Err(segment.malformed(&format!("it is {width} pixels wide and {height} high")));
        }
        match count {
            1 | 3 | 4 => {}
            0 => return Err(segment.malformed("it has no components")),
            _ => {
                return Err(Error::Unsupported(format!(
                    "JPEG with {count} components is not supported: save it as grey, colour or CMYK"
                )));
            }
        }
        if parts.len() != 3 * usize::from(count) {
            return Err(segment.malformed("the frame's header has another length than its components take"));
        }
        let factors = |part: &[u8]| (usize::from(part[1] >> 4), usize::from(part[1] & 15));
        if parts.chunks_exact(3).any(|part| {
            let (across, down) = factors(part);
            !(1..=4).contains(&across) || !(1..=4).contains(&down) || part[2] > 3
        }) {
            return Err(segment.malformed("a component is not of the form it must have"));
        }
        let largest = |factor: fn((usize, usize)) -> usize| {
            parts.chunks_exact(3).map(|part| factor(factors(part))).max().unwrap_or(1)
        };
        let (most_across, most_down) = (largest(|(across, _)| across), largest(|(_, down)| down));
        let component = |part: &[u8]| {
            let (across, down) = factors(part);
            let (columns, rows) = ((width * across).div_ceil(most_across), (height * down).div_ceil(most_down));
            Component {
                id: part[0],
                across,
                down,
                steps: part[2].into(),
                width: columns,
                height: rows,
                blocks_wide: columns.div_ceil(8),
                blocks_high: rows.div_ceil(8),
            }
        };
        Ok(Self {
            progressive: marker == code::SOF2,
            height,
            width,
            across: most_across,
            down: most_down,
            components: parts.chunks_exact(3).map(component).collect(),
        })
    }

    /// The blocks of all components.
    pub(super) fn blocks(&self) -> u64 {
        self.components.iter().map(Component::blocks).sum()
    }
}

/// Whether the marker begins a frame of whatever kind, or tells of that kind before.
pub(super) fn begins_frame(marker: u8) -> bool {
    matches!(marker, code::SOF0..=code::SOF15 | code::DHP | code::EXP) && marker != code::DHT
}

/// Names the kinds of frame that there is no reading.
fn refuse(marker: u8, segment: Segment) -> Result<()> {
    let kind = match marker {
        code::SOF0..=code::SOF2 => return Ok(()),
        // Lossless, and the same with arithmetic coding.
        0xC3 | 0xCB => "lossless",
        0xC9 | 0xCA | code::DAC => "arithmetic-coded",
        0xC5..=0xC7 | 0xCD..=0xCF | code::DHP | code::EXP => "hierarchical",
        _ => return Err(segment.malformed("its frame is of no known kind")),
    };
    Err(Error::Unsupported(format!("{kind} JPEG is not supported: save it as baseline or progressive")))
}

/// The height in the first scan's end, when there is one: behind the data that begins at `at`.
pub(super) fn height_behind_scan(bytes: &[u8], at: usize) -> Option<usize> {
    let mut walk = Walk { bytes, at, skipped: None };
    // The scan's own header comes first, perhaps behind tables.
    while walk.marker()?.0 != code::SOS {
        walk.segment().ok()?;
    }
    walk.segment().ok()?;
    match walk.marker()? {
        (code::DNL, _) => match walk.segment().ok()?.bytes {
            &[high, low] => Some(u16::from_be_bytes([high, low]).into()),
            _ => None,
        },
        _ => None,
    }
}

/// A scan's header.
pub(super) struct ScanHeader {
    /// Of each component in the scan: its place in the frame, and which tables it takes for DC and AC coefficients.
    pub parts: Vec<(usize, usize, usize)>,
    /// The first and last coefficient, in zigzag order; and where a bit stands before and after this scan.
    pub first: usize,
    pub last: usize,
    pub before: u8,
    pub after: u8,
}

impl ScanHeader {
    pub(super) fn read(segment: Segment, frame: &Frame) -> Result<Self> {
        let malformed = || segment.malformed("a scan's header is not of the form it must have");
        let (&count, rest) = segment.bytes.split_first().ok_or_else(malformed)?;
        let (entries, spectrum) = rest.split_at_checked(2 * usize::from(count)).ok_or_else(malformed)?;
        let &[first, last, bits] = spectrum else { return Err(malformed()) };
        if !(1..=4).contains(&count) {
            return Err(malformed());
        }
        let mut parts: Vec<(usize, usize, usize)> = Vec::new();
        for entry in entries.chunks_exact(2) {
            // Some writers give all components the same name, and mean them in their order.
            let named = |(index, component): &(usize, &Component)| {
                component.id == entry[0] && parts.iter().all(|part| part.0 != *index)
            };
            let found = frame.components.iter().enumerate().find(named);
            let (index, _) = found.ok_or_else(|| segment.malformed("a scan has a component that the frame lacks"))?;
            let (dc, ac) = (usize::from(entry[1] >> 4), usize::from(entry[1] & 15));
            if dc > 3 || ac > 3 {
                return Err(malformed());
            }
            parts.push((index, dc, ac));
        }
        let scan = if frame.progressive {
            Self { parts, first: first.into(), last: last.into(), before: bits >> 4, after: bits & 15 }
        } else {
            // Nothing else is possible, whatever careless writers say.
            Self { parts, first: 0, last: 63, before: 0, after: 0 }
        };
        let band = match scan.first {
            0 => scan.last == 0 || !frame.progressive,
            first => first <= scan.last && scan.last < 64 && scan.parts.len() == 1,
        };
        if !band || scan.after > 13 || (scan.before != 0 && scan.before != scan.after + 1) {
            return Err(malformed());
        }
        Ok(scan)
    }
}

/// What the segments of applications say: how colours are stored, and what is to be passed on.
#[derive(Default)]
pub(super) struct Notes<'a> {
    pub jfif: bool,
    /// The colour transform of an Adobe marker.
    pub adobe: Option<u8>,
    pub exif: Option<&'a [u8]>,
    pub xmp: Option<&'a [u8]>,
    /// Of each chunk of the colour profile: its number, how many there should be, and its bytes.
    icc: Vec<(u8, u8, &'a [u8])>,
    icc_broken: bool,
}

impl<'a> Notes<'a> {
    pub(super) fn read(&mut self, marker: u8, segment: Segment<'a>) {
        match marker {
            code::APP0 => self.jfif |= segment.bytes.len() >= 14 && segment.bytes.starts_with(b"JFIF\0"),
            code::APP14 if segment.bytes.len() >= 12 && segment.bytes.starts_with(b"Adobe") => {
                self.adobe = Some(segment.bytes[11]);
            }
            code::APP1 => {
                if let Some(exif) = segment.bytes.strip_prefix(b"Exif\0\0") {
                    self.exif.get_or_insert(exif);
                }
                if let Some(xmp) = segment.bytes.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                    self.xmp.get_or_insert(xmp);
                }
            }
            code::APP2 => match segment.bytes.strip_prefix(b"ICC_PROFILE\0") {
                Some(&[number, count, ref chunk @ ..]) if self.icc.len() < 255 => {
                    self.icc.push((number, count, chunk));
                }
                Some(_) => self.icc_broken = true,
                None => {}
            },
            _ => {}
        }
    }

    /// The colour profile, when its chunks are all there, each once.
    fn icc(&self) -> Option<Vec<u8>> {
        let mut chunks = self.icc.clone();
        chunks.sort_unstable_by_key(|chunk| chunk.0);
        let count = chunks.len();
        let whole = (1..).zip(&chunks).all(|(n, chunk)| usize::from(chunk.0) == n && usize::from(chunk.1) == count);
        let bytes: usize = chunks.iter().map(|chunk| chunk.2.len()).sum();
        (count > 0 && whole && !self.icc_broken && bytes <= MAX_ICC)
            .then(|| chunks.iter().flat_map(|chunk| chunk.2).copied().collect())
    }

    pub(super) fn header(&self, frame: &Frame) -> Header {
        let icc = self.icc();
        Header {
            height: frame.height,
            width: frame.width,
            icc_broken: icc.is_none() && (self.icc_broken || !self.icc.is_empty()),
            icc,
            exif: self.exif.map(<[u8]>::to_vec),
            xmp: self.xmp.map(<[u8]>::to_vec),
        }
    }
}
