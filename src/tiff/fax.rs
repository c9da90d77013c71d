//! Fax: black and white lines as run lengths (ITU-T T.4) or as changes against the line before (T.4 in two dimensions,
//! T.6).
//!
//! The code tables are the crate fax's; its decoders know Group 4 and one kind of Group 3 alone.

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader, Bits};
use std::io;

/// The end of a line, with as many zeros before it as there may be.
const END_OF_LINE: Bits = Bits { data: 1, len: 12 };

/// Decodes lines of `columns` pixels, 1 black, each from a byte on, until `out` is full; the number of bytes that came.
pub(super) fn decode(kind: u8, t4_options: u64, columns: usize, stored: &[u8], out: &mut [u8]) -> io::Result<usize> {
    let Ok(width) = u16::try_from(columns) else { return Err(io::Error::other("a fax is wider than 65535 pixels")) };
    let mut bits = Reader { bytes: stored, at: 0 };
    let mut before: Vec<u16> = Vec::new();
    let mut filled = 0;
    for line in out.chunks_exact_mut(columns.div_ceil(8)) {
        let changes = match kind {
            2 => {
                bits.skip_to_byte();
                run_lengths(&mut bits, width)
            }
            3 => {
                let ended = bits.skip_end_of_line();
                match t4_options & 1 == 1 && ended && !bits.take_bit() {
                    true => against(&mut bits, &before, width),
                    false => run_lengths(&mut bits, width),
                }
            }
            _ => against(&mut bits, &before, width),
        };
        let Some(changes) = changes else { break };
        paint(&changes, columns, line);
        filled += line.len();
        before = changes;
    }
    Ok(filled)
}

/// The places at which the colour of a line changes, from run lengths, beginning with white.
fn run_lengths(bits: &mut Reader, width: u16) -> Option<Vec<u16>> {
    let (mut changes, mut at, mut is_black) = (Vec::new(), 0u16, false);
    while at < width {
        at = at.checked_add(run(bits, is_black)?)?;
        if at > width {
            return None;
        }
        change(&mut changes, at);
        is_black = !is_black;
    }
    Some(changes)
}

/// The length of one run: codes of multiples of 64, then one below.
fn run(bits: &mut Reader, is_black: bool) -> Option<u16> {
    let mut sum = 0u16;
    loop {
        let len = if is_black { black::decode(bits) } else { white::decode(bits) }?;
        sum = sum.checked_add(len)?;
        if len < 64 {
            return Some(sum);
        }
    }
}

/// The same, told by how the line differs from the one before.
fn against(bits: &mut Reader, before: &[u16], width: u16) -> Option<Vec<u16>> {
    let (mut changes, mut at, mut is_black) = (Vec::new(), 0u16, false);
    // Changes of the line before that are behind us; one at the very beginning is still ahead.
    let mut passed = 0;
    let mut is_first = true;
    while at < width {
        while before.get(passed).is_some_and(|&place| place < at || (place == at && !is_first)) {
            passed += 1;
        }
        // Of what is ahead, the first change to the other colour, and the one behind it. Even ones are to black.
        let ahead = passed + usize::from((passed % 2 == 1) != is_black);
        let place = |number: usize| before.get(number).copied().unwrap_or(width);
        match mode::decode(bits)? {
            Mode::Pass => at = place(ahead + 1),
            Mode::Horizontal => {
                for colour in [is_black, !is_black] {
                    at = at.checked_add(run(bits, colour)?).filter(|&at| at <= width)?;
                    change(&mut changes, at);
                }
            }
            Mode::Vertical(shift) => {
                let to = i32::from(place(ahead)) + i32::from(shift);
                at = u16::try_from(to).ok().filter(|&to| to <= width && to >= at)?;
                change(&mut changes, at);
                is_black = !is_black;
            }
            Mode::Extension | Mode::EOF => return None,
        }
        is_first = false;
    }
    Some(changes)
}

/// Adds a change; two at one place are none.
fn change(changes: &mut Vec<u16>, at: u16) {
    if changes.last() == Some(&at) {
        changes.pop();
    } else {
        changes.push(at);
    }
}

/// Sets the bits of the black stretches.
fn paint(changes: &[u16], columns: usize, line: &mut [u8]) {
    for stretch in changes.chunks(2) {
        let start = usize::from(stretch[0]);
        let end = stretch.get(1).map_or(columns, |&end| usize::from(end));
        for x in start..end {
            line[x / 8] |= 0x80 >> (x % 8);
        }
    }
}

/// Bits, highest first; behind the last there are zeros.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn skip_to_byte(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    fn is_at_end(&self) -> bool {
        self.at >= 8 * self.bytes.len()
    }

    fn take_bit(&mut self) -> bool {
        let bit = self.peek(1) == Some(1);
        self.at += 1;
        bit
    }

    /// Skips an end of line and the zeros before it, where there is one.
    fn skip_end_of_line(&mut self) -> bool {
        let start = self.at;
        while self.peek(END_OF_LINE.len) == Some(0) && !self.is_at_end() {
            self.at += 1;
        }
        let found = self.peek(END_OF_LINE.len) == Some(END_OF_LINE.data);
        self.at = if found { self.at + usize::from(END_OF_LINE.len) } else { start };
        found
    }
}

impl BitReader for Reader<'_> {
    type Error = ();

    fn peek(&self, bits: u8) -> Option<u16> {
        if self.is_at_end() {
            return None;
        }
        let byte = |place: usize| u32::from(self.bytes.get(place).copied().unwrap_or(0));
        let first = self.at / 8;
        let window = byte(first) << 16 | byte(first + 1) << 8 | byte(first + 2);
        let shift = 24 - self.at % 8 - usize::from(bits);
        Some((window >> shift & ((1 << bits) - 1)) as u16)
    }

    fn consume(&mut self, bits: u8) -> Result<(), ()> {
        self.at += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        (self.at.next_multiple_of(8) - self.at) as u8
    }
}
