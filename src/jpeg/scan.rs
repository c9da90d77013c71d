//! The units of a scan one after the other, over restart markers and over damage; and those of sequential files.

use super::huffman::{Bad, Bits, Table, ZIGZAG};
use super::idct;
use super::markers::code;

/// Takes a scan's units, each an MCU, in their order.
pub(super) trait Coder {
    /// A restart interval begins.
    fn restart(&mut self);

    /// The unit at this place of the scan's grid.
    fn unit(&mut self, bits: &mut Bits, column: usize, row: usize) -> Result<(), Bad>;

    /// The unit at this place is not there, or is not what it should be.
    fn lost(&mut self, column: usize, row: usize);
}

/// How a scan went.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Units that are missing.
    pub lost: u64,
    /// Where the first of them should have been, and what became of it.
    pub damage: Option<(usize, Damage)>,
    /// Where the search for the next marker may begin.
    pub end: usize,
}

/// What is wrong with a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// A marker or the file's end comes before the scan's last unit.
    Short,
    /// Data that means nothing.
    Nonsense,
}

/// Hands a scan's units to the coder, from the byte at `start`: `columns` x `rows` of them, with a restart marker after
/// every `interval`, unless that is 0.
///
/// After damage it goes on at the next restart marker, as far as that marker's number tells where it belongs.
pub(super) fn run(
    coder: &mut impl Coder,
    bytes: &[u8],
    start: usize,
    (columns, rows): (usize, usize),
    interval: usize,
) -> Outcome {
    let total = columns * rows;
    let interval = if interval == 0 { total } else { interval };
    let mut bits = Bits::new(bytes, start);
    let mut outcome = Outcome::default();
    let mut unit = 0;
    loop {
        let (begin, end) = (unit, total.min(unit + interval));
        let mut damage = units(coder, &mut bits, columns, &mut unit, end);
        let mut at = bits.position();
        if damage.is_none() && end == total {
            outcome.end = at;
            return outcome;
        }
        let mut marker = bits.marker(at);
        let unread = &bytes[at..marker.map_or(bytes.len(), |(found, _)| found)];
        if damage.is_none() && unread.iter().any(|&byte| byte != 0xFF) {
            // The interval's bytes were not all needed. It is not known which of its units went wrong.
            damage = Some(Damage::Nonsense);
            unit = begin;
        }
        // The interval that comes next by right, then the one that comes next in fact.
        let (due, mut next) = (end.div_ceil(interval), None);
        while let Some((found, code @ code::RST0..=code::RST7)) = marker {
            at = found + 1;
            // The marker of interval n, counted from 0, has the number n - 1 modulo 8. Two steps back are a repetition.
            let ahead = (usize::from(code) + 1).wrapping_sub(due + usize::from(code::RST0)) % 8;
            if ahead < 6 && due + ahead <= (total - 1) / interval {
                next = Some(due + ahead);
                break;
            }
            damage.get_or_insert(Damage::Nonsense);
            marker = bits.marker(at);
        }
        let next = next.map_or(total, |interval_number| interval_number * interval);
        if next != end {
            damage.get_or_insert(if next == total { Damage::Short } else { Damage::Nonsense });
        }
        if let Some(damage) = damage {
            outcome.damage.get_or_insert((bits.position(), damage));
            outcome.lost += (next - unit) as u64;
            (unit..next).for_each(|unit| coder.lost(unit % columns, unit / columns));
        }
        if next == total {
            outcome.end = at;
            return outcome;
        }
        unit = next;
        bits.restart(at);
    }
}

/// The units of one interval, from `unit` up to `end`; on damage `unit` stays at the one that is damaged.
#[inline(always)]
fn units(coder: &mut impl Coder, bits: &mut Bits, columns: usize, unit: &mut usize, end: usize) -> Option<Damage> {
    coder.restart();
    let (mut row, mut column) = (*unit / columns, *unit % columns);
    while *unit < end {
        let result = coder.unit(bits, column, row);
        if bits.overrun() {
            return Some(Damage::Short);
        }
        if result.is_err() {
            return Some(Damage::Nonsense);
        }
        *unit += 1;
        column += 1;
        if column == columns {
            (row, column) = (row + 1, 0);
        }
    }
    None
}

/// One component of a sequential scan.
pub(super) struct Part<'a> {
    pub dc: &'a Table,
    pub ac: &'a Table,
    pub steps: [i16; 64],
    /// Blocks of it in a unit.
    pub across: usize,
    pub down: usize,
    pub blocks_wide: usize,
    pub blocks_high: usize,
    /// Its samples, in rows of whole blocks.
    pub plane: &'a mut [u8],
    /// The last DC coefficient.
    pub level: i32,
}

impl Part<'_> {
    fn stride(&self) -> usize {
        8 * self.blocks_wide
    }

    /// Where a block's samples begin; `None` of those that only fill up a unit at the picture's edge.
    fn place(&self, x: usize, y: usize) -> Option<usize> {
        (x < self.blocks_wide && y < self.blocks_high).then(|| 8 * y * self.stride() + 8 * x)
    }
}

/// A sequential scan, which turns blocks into samples as they come.
pub(super) struct Sequential<'a> {
    pub parts: Vec<Part<'a>>,
}

impl Coder for Sequential<'_> {
    fn restart(&mut self) {
        self.parts.iter_mut().for_each(|part| part.level = 0);
    }

    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits, column: usize, row: usize) -> Result<(), Bad> {
        for part in &mut self.parts {
            for y in row * part.down..(row + 1) * part.down {
                for x in column * part.across..(column + 1) * part.across {
                    let mut coefficients = [0; 64];
                    let last = sequential_block(bits, part.dc, part.ac, &mut part.level, &mut coefficients)?;
                    if let Some(at) = part.place(x, y) {
                        if last == 0 {
                            idct::flat(coefficients[0], part.steps[0], part.plane, at, part.stride());
                        } else {
                            idct::block(&coefficients, &part.steps, part.plane, at, part.stride());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn lost(&mut self, column: usize, row: usize) {
        for part in &mut self.parts {
            for y in row * part.down..(row + 1) * part.down {
                for x in column * part.across..(column + 1) * part.across {
                    if let Some(at) = part.place(x, y) {
                        idct::flat(0, 1, part.plane, at, part.stride());
                    }
                }
            }
        }
    }
}

/// A block's coefficients, and the place of the last that is not 0, in zigzag order.
#[inline(always)]
fn sequential_block(
    bits: &mut Bits,
    dc: &Table,
    ac: &Table,
    level: &mut i32,
    block: &mut [i16; 64],
) -> Result<usize, Bad> {
    let mut local = *bits;
    *level = level.wrapping_add(local.difference(dc)?);
    block[0] = *level as i16;
    let (mut k, mut last) = (1, 0);
    while k < 64 {
        let (run, number) = local.run(ac)?;
        k += run;
        if number == 0 {
            match run {
                // All the rest is 0.
                0 => break,
                // Sixteen zeros.
                15 if k < 64 => k += 1,
                _ => return Err(Bad),
            }
            continue;
        }
        if k > 63 {
            return Err(Bad);
        }
        block[usize::from(ZIGZAG[k & 63])] = number;
        last = k;
        k += 1;
    }
    *bits = local;
    Ok(last)
}
