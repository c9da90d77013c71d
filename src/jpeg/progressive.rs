//! The units of progressive scans: coefficients that come band by band and bit by bit.

use super::huffman::{Bad, Bits, Table, ZIGZAG};
use super::markers::{Component, ScanHeader};
use super::scan::Coder;

/// How far a component's coefficients have come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// Of each coefficient in zigzag order: how many of its lowest bits are still to come; `None` before the first
    /// scan.
    open: [Option<u8>; 64],
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { open: [None; 64] }
    }

    /// Whether a scan is the next one of the coefficients it has.
    pub(super) fn precedes(&self, scan: &ScanHeader) -> bool {
        let before = (scan.before > 0).then_some(scan.before);
        self.open[scan.first..=scan.last].iter().all(|&open| open == before)
    }

    /// Notes a scan.
    pub(super) fn advance(&mut self, scan: &ScanHeader) {
        self.open[scan.first..=scan.last].fill(Some(scan.after));
    }

    /// Whether the first coefficients are there.
    pub(super) fn has_dc(&self) -> bool {
        self.open[0].is_some()
    }

    /// The fewest scans in which the rest could come.
    pub(super) fn scans_to_come(&self) -> u64 {
        let scans = |open: &Option<u8>| open.map_or(1, u64::from);
        scans(&self.open[0]) + self.open[1..].iter().map(scans).max().unwrap_or(0)
    }
}

/// One component of a scan of DC coefficients.
pub(super) struct DcPart<'a> {
    /// None in a scan of further bits, which come as they are.
    pub table: Option<&'a Table>,
    /// Blocks of it in a unit.
    pub across: usize,
    pub down: usize,
    pub blocks_wide: usize,
    pub blocks_high: usize,
    /// Its coefficients, block by block.
    pub coefficients: &'a mut [i16],
    /// The last DC coefficient.
    pub level: i32,
}

impl<'a> DcPart<'a> {
    /// `alone` in its scan, where a unit is one block.
    pub(super) fn new(
        component: &Component,
        table: Option<&'a Table>,
        alone: bool,
        coefficients: &'a mut [i16],
    ) -> Self {
        Self {
            table,
            across: if alone { 1 } else { component.across },
            down: if alone { 1 } else { component.down },
            blocks_wide: component.blocks_wide,
            blocks_high: component.blocks_high,
            coefficients,
            level: 0,
        }
    }
}

/// A scan of DC coefficients.
pub(super) struct DcScan<'a> {
    pub parts: Vec<DcPart<'a>>,
    /// Where the scan's bit stands.
    pub bit: u8,
}

impl Coder for DcScan<'_> {
    fn restart(&mut self) {
        self.parts.iter_mut().for_each(|part| part.level = 0);
    }

    fn unit(&mut self, bits: &mut Bits, column: usize, row: usize) -> Result<(), Bad> {
        for part in &mut self.parts {
            for y in row * part.down..(row + 1) * part.down {
                for x in column * part.across..(column + 1) * part.across {
                    let value = match part.table {
                        Some(table) => {
                            part.level = part.level.wrapping_add(bits.difference(table)?);
                            (part.level << self.bit) as i16
                        }
                        None => (bits.take(1) << self.bit) as i16,
                    };
                    // The rest of a unit at the picture's edge is not kept.
                    if x < part.blocks_wide && y < part.blocks_high && !bits.overrun() {
                        part.coefficients[64 * (y * part.blocks_wide + x)] |= value;
                    }
                }
            }
        }
        Ok(())
    }

    fn lost(&mut self, _: usize, _: usize) {}
}

/// A scan of a component's AC coefficients.
pub(super) struct AcScan<'a> {
    pub table: &'a Table,
    pub first: usize,
    pub last: usize,
    /// Where the scan's bit stands, and whether there were higher ones.
    pub bit: u8,
    pub refines: bool,
    pub blocks_wide: usize,
    /// The component's coefficients, block by block.
    pub coefficients: &'a mut [i16],
    /// How many blocks more have nothing new in the band.
    pub empty: u32,
}

impl Coder for AcScan<'_> {
    fn restart(&mut self) {
        self.empty = 0;
    }

    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits, column: usize, row: usize) -> Result<(), Bad> {
        let at = 64 * (row * self.blocks_wide + column);
        if self.refines {
            self.refine(bits, at)
        } else if self.empty > 0 {
            self.empty -= 1;
            Ok(())
        } else {
            self.begin(bits, at)
        }
    }

    fn lost(&mut self, _: usize, _: usize) {}
}

/// The number of blocks, this one first, that have nothing more in the band.
#[inline(always)]
fn empty_blocks(bits: &mut Bits, run: usize) -> u32 {
    (1 << run) + bits.take(run as u32)
}

impl AcScan<'_> {
    /// The first bits of a block's band.
    #[inline(always)]
    fn begin(&mut self, bits: &mut Bits, at: usize) -> Result<(), Bad> {
        let block: &mut [i16; 64] = self.coefficients[at..].first_chunk_mut().ok_or(Bad)?;
        let mut local = *bits;
        let mut k = self.first;
        while k <= self.last {
            let (run, number) = local.run(self.table)?;
            if number != 0 {
                k += run;
                if k > self.last {
                    return Err(Bad);
                }
                block[usize::from(ZIGZAG[k & 63])] = number << self.bit;
                k += 1;
            } else if run == 15 {
                k += 16;
                if k > self.last + 1 {
                    return Err(Bad);
                }
            } else {
                self.empty = empty_blocks(&mut local, run) - 1;
                break;
            }
        }
        *bits = local;
        Ok(())
    }

    /// A further bit of a block's band: of the coefficients that are not 0, and of some that are.
    fn refine(&mut self, bits: &mut Bits, at: usize) -> Result<(), Bad> {
        let block: &mut [i16; 64] = self.coefficients[at..].first_chunk_mut().ok_or(Bad)?;
        let mut local = *bits;
        let one = 1_i16 << self.bit;
        let band = &ZIGZAG[self.first..=self.last];
        let mut k = 0;
        while self.empty == 0 && k < band.len() {
            let (run, number) = local.run(self.table)?;
            if number == 0 && run < 15 {
                self.empty = empty_blocks(&mut local, run);
                break;
            }
            if number.unsigned_abs() > 1 {
                return Err(Bad);
            }
            // The new coefficient's place, or for sixteen zeros that of the last, is behind so many zeros.
            let mut zeros = run;
            loop {
                let Some(&place) = band.get(k) else { return Err(Bad) };
                let coefficient = &mut block[usize::from(place & 63)];
                k += 1;
                if *coefficient != 0 {
                    correct(&mut local, coefficient, one);
                } else if zeros > 0 {
                    zeros -= 1;
                } else {
                    *coefficient = number * one;
                    break;
                }
            }
        }
        if self.empty > 0 {
            for &place in &band[k..] {
                let coefficient = &mut block[usize::from(place & 63)];
                if *coefficient != 0 {
                    correct(&mut local, coefficient, one);
                }
            }
            self.empty -= 1;
        }
        *bits = local;
        Ok(())
    }
}

/// A further bit of a coefficient that is not 0, away from 0.
#[inline(always)]
fn correct(bits: &mut Bits, coefficient: &mut i16, one: i16) {
    if bits.take(1) == 1 {
        *coefficient = coefficient.wrapping_add(one * coefficient.signum());
    }
}
