//! Huffman tables, and the bits of entropy-coded data.

/// How many bits of a code are looked up at once.
const LOOK: u32 = 10;

/// Where the k-th coefficient of a block in the file's zigzag order stands in its rows.
pub(super) const ZIGZAG: [u8; 64] = zigzag();

const fn zigzag() -> [u8; 64] {
    let mut order = [0; 64];
    let (mut row, mut column, mut k) = (0_usize, 0_usize, 0);
    while k < 64 {
        order[k] = (row * 8 + column) as u8;
        // Along the diagonal, up where row + column is even, and around the block's edges.
        if (row + column) % 2 == 0 {
            match (row, column) {
                (_, 7) => row += 1,
                (0, _) => column += 1,
                _ => (row, column) = (row - 1, column + 1),
            }
        } else {
            match (row, column) {
                (7, _) => column += 1,
                (_, 0) => row += 1,
                _ => (row, column) = (row + 1, column - 1),
            }
        }
        k += 1;
    }
    order
}

/// The data does not say what a block holds: a code its table lacks, or a coefficient that its block has no place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad;

/// A Huffman table, made to be decoded with.
pub(super) struct Table {
    /// By the next [`LOOK`] bits: an [`Entry`], 0 for longer codes and those that do not exist.
    look: [u32; 1 << LOOK],
    /// By length: one past the last code, with zeros behind it up to 16 bits.
    limit: [u32; 17],
    /// By length: the index of the first symbol less the first code, modulo 2^32.
    first: [u32; 17],
    symbols: [u8; 256],
}

/// What some bits mean: a code, and the number behind the code when it is among the bits that were looked up.
///
/// From the lowest bit: 8 bits for how many bits that takes, 4 for the size of the number that is still to be read, 4
/// for the run of zeros before it, and 16 for the number, 0 when it is still to be read.
#[derive(Clone, Copy)]
struct Entry(u32);

impl Entry {
    fn new(taken: u32, size: u32, run: u32, number: i32) -> Self {
        Self(taken | size << 8 | run << 12 | (number as u32) << 16)
    }

    #[inline(always)]
    fn taken(self) -> u32 {
        self.0 & 0xFF
    }

    #[inline(always)]
    fn size(self) -> u32 {
        self.0 >> 8 & 15
    }

    #[inline(always)]
    fn run(self) -> usize {
        (self.0 >> 12 & 15) as usize
    }

    #[inline(always)]
    fn number(self) -> i16 {
        (self.0 >> 16) as i16
    }
}

impl Table {
    /// A table from how many codes there are of each length from 1 to 16, and their symbols in that order.
    ///
    /// `None` when there are more codes than fit, counting that one of only ones is no code, or when there are not as
    /// many symbols.
    pub(super) fn new(counts: &[u8; 16], values: &[u8]) -> Option<Self> {
        let mut table = Self { look: [0; 1 << LOOK], limit: [0; 17], first: [0; 17], symbols: [0; 256] };
        table.symbols.get_mut(..values.len())?.copy_from_slice(values);
        let (mut code, mut index) = (0_u32, 0_u32);
        for (length, &count) in (1..).zip(counts) {
            table.first[length as usize] = index.wrapping_sub(code);
            if count > 0 && code + u32::from(count) >= 1 << length {
                return None;
            }
            for _ in 0..count {
                if length <= LOOK {
                    let symbol = u32::from(*values.get(index as usize)?);
                    table.enter(code, length, symbol & 15, symbol >> 4);
                }
                code += 1;
                index += 1;
            }
            table.limit[length as usize] = code << (16 - length);
            code <<= 1;
        }
        (index as usize == values.len()).then_some(table)
    }

    /// Fills in what begins with a code.
    fn enter(&mut self, code: u32, length: u32, size: u32, run: u32) {
        let free = LOOK - length;
        let start = (code << free) as usize;
        for tail in 0..1_u32 << free {
            self.look[start + tail as usize] = if (1..=free).contains(&size) {
                let number = extend(tail >> (free - size), size);
                Entry::new(length + size, 0, run, number).0
            } else {
                Entry::new(length, size, run, 0).0
            };
        }
    }

    /// Whether no symbol is larger than what a table of DC coefficients may hold.
    pub(super) fn serves_dc(&self) -> bool {
        self.symbols.iter().all(|&symbol| symbol <= 15)
    }

    /// The entry of a code that is longer than [`LOOK`].
    #[cold]
    fn long(&self, next: u64) -> Option<Entry> {
        let next = (next >> 48) as u32;
        let length = (LOOK + 1..=16).find(|&length| next < self.limit[length as usize])?;
        let index = (next >> (16 - length)).wrapping_add(self.first[length as usize]);
        let symbol = u32::from(*self.symbols.get(index as usize)?);
        Some(Entry::new(length, symbol & 15, symbol >> 4, 0))
    }
}

/// The number of `size` bits, of which those that start with a 0 stand for negative ones.
#[inline(always)]
fn extend(bits: u32, size: u32) -> i32 {
    let bits = bits as i32;
    if bits >> (size - 1) == 0 { bits - (1 << size) + 1 } else { bits }
}

/// Entropy-coded data, bit by bit, up to the next marker. Behind its end come zeros, which [`Bits::overrun`] tells of.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// The first byte that is not in `next`.
    at: usize,
    /// The bits that come next, from the highest. Behind the first `have` there may be some of the byte at `at`.
    next: u64,
    have: u32,
    /// How many of the bits that were ever in `next` are zeros from behind the end.
    made_up: u32,
    ended: bool,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self { data, at, next: 0, have: 0, made_up: 0, ended: false }
    }

    /// Goes on at another byte.
    pub(super) fn restart(&mut self, at: usize) {
        *self = Self::new(self.data, at);
    }

    /// Whether more bits were read than there are.
    #[inline(always)]
    pub(super) fn overrun(&self) -> bool {
        self.made_up > self.have
    }

    /// Where the first byte is of which no bit was read.
    pub(super) fn position(&self) -> usize {
        // Bytes of 0xFF have a second one, which is found again by going back over them.
        let mut at = self.at;
        for _ in 0..self.have.saturating_sub(self.made_up) / 8 {
            at -= if at >= 2 && self.data[at - 2..at] == [0xFF, 0] { 2 } else { 1 };
        }
        at
    }

    /// Where the next marker is, as the position of its code, and the code; `None` when the data ends without.
    pub(super) fn marker(&self, from: usize) -> Option<(usize, u8)> {
        let mut at = from;
        loop {
            at += self.data.get(at..)?.iter().position(|&byte| byte == 0xFF)?;
            at += self.data[at..].iter().position(|&byte| byte != 0xFF)?;
            if self.data[at] != 0 {
                return Some((at, self.data[at]));
            }
        }
    }

    /// Sees to it that there are at least 32 bits.
    #[inline(always)]
    fn refill(&mut self) {
        if self.have < 32 {
            if let Some(&bytes) = self.data.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
                let bytes = u64::from_be_bytes(bytes);
                // Of a byte of ones the complement is zero, and a zero minus one borrows from its highest bit.
                let no = !bytes;
                if no.wrapping_sub(0x0101_0101_0101_0101) & bytes & 0x8080_8080_8080_8080 == 0 {
                    self.next |= bytes >> self.have;
                    let taken = (63 - self.have) / 8;
                    self.at += taken as usize;
                    self.have += 8 * taken;
                    return;
                }
            }
            *self = self.refill_slowly();
        }
    }

    /// As `refill`, byte by byte. By value, so that the fast path's numbers may stay in registers.
    #[cold]
    #[inline(never)]
    fn refill_slowly(mut self) -> Self {
        while self.have <= 56 {
            let byte = match self.data.get(self.at) {
                _ if self.ended => None,
                Some(0xFF) => {
                    // Any number of bytes 0xFF, and then a 0 that makes them data or a marker's code.
                    let rest = &self.data[self.at..];
                    match rest.iter().position(|&byte| byte != 0xFF) {
                        Some(ones) if rest[ones] == 0 => {
                            self.at += ones;
                            Some(0xFF)
                        }
                        _ => None,
                    }
                }
                byte => byte.copied(),
            };
            match byte {
                Some(byte) => {
                    self.at += 1;
                    self.next |= u64::from(byte) << (56 - self.have);
                }
                None => {
                    self.ended = true;
                    self.made_up += 8;
                }
            }
            self.have += 8;
        }
        self
    }

    #[inline(always)]
    fn skip(&mut self, bits: u32) {
        self.next <<= bits;
        self.have -= bits;
    }

    /// The next entry, of which the code is read.
    #[inline(always)]
    fn entry(&mut self, table: &Table) -> Result<Entry, Bad> {
        self.refill();
        let mut entry = Entry(table.look[(self.next >> (64 - LOOK)) as usize]);
        if entry.0 == 0 {
            entry = table.long(self.next).ok_or(Bad)?;
        }
        self.skip(entry.taken());
        Ok(entry)
    }

    /// An entry's number, which takes at most 15 of the bits that are there after its code.
    #[inline(always)]
    fn number(&mut self, entry: Entry) -> i16 {
        match entry.size() {
            0 => entry.number(),
            size => {
                let number = extend((self.next >> (64 - size)) as u32, size);
                self.skip(size);
                number as i16
            }
        }
    }

    /// The next `count` bits, at most 16, as a number.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        self.refill();
        let bits = (self.next >> 32) as u32;
        self.skip(count);
        bits.checked_shr(32 - count).unwrap_or(0)
    }

    /// A difference of DC coefficients.
    #[inline(always)]
    pub(super) fn difference(&mut self, table: &Table) -> Result<i32, Bad> {
        let entry = self.entry(table)?;
        Ok(i32::from(self.number(entry)))
    }

    /// A run of zeros and the number behind it; of the number 0, the run says what is meant.
    #[inline(always)]
    pub(super) fn run(&mut self, table: &Table) -> Result<(usize, i16), Bad> {
        let entry = self.entry(table)?;
        Ok((entry.run(), self.number(entry)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes 0, 10 and 110.
    fn small() -> Table {
        Table::new(&[1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[0x01, 0x12, 0x00]).unwrap()
    }

    #[test]
    fn zigzag_is_that_of_the_standard() {
        assert_eq!(ZIGZAG[..10], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24]);
        assert_eq!(ZIGZAG[60..], [47, 55, 62, 63]);
    }

    #[test]
    fn tables_that_are_too_full_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 2;
        assert!(Table::new(&counts, &[0, 1]).is_none(), "a code of only ones");
        counts[0] = 1;
        assert!(Table::new(&counts, &[0, 1]).is_none(), "a symbol too many");
        assert!(Table::new(&counts, &[]).is_none(), "a symbol too few");
        assert!(Table::new(&[0; 16], &[]).is_some());
    }

    #[test]
    fn runs_and_numbers_are_read_up_to_the_end() {
        // 0 1 | 10 01 | 110 | and ones.
        let mut bits = Bits::new(&[0b0110_0111, 0b0111_1111], 0);
        assert_eq!(bits.run(&small()), Ok((0, 1)));
        assert_eq!(bits.run(&small()), Ok((1, -2)));
        assert_eq!(bits.run(&small()), Ok((0, 0)));
        assert!(!bits.overrun());
        assert_eq!(bits.run(&small()), Err(Bad));
        assert_eq!(bits.take(7), 0x7F);
        assert!(!bits.overrun());
        assert_eq!(bits.take(1), 0);
        assert!(bits.overrun());
    }

    #[test]
    fn stuffed_bytes_are_data_and_markers_are_not() {
        let data = [0xFF, 0x00, 0xFF, 0xFF, 0x00, 0xA5, 0xFF, 0xFF, 0xD3, 0x77];
        let mut bits = Bits::new(&data, 0);
        assert_eq!((bits.take(16), bits.take(8)), (0xFFFF, 0xA5));
        assert!(!bits.overrun());
        assert_eq!((bits.position(), bits.marker(bits.position())), (6, Some((8, 0xD3))));
        assert_eq!(bits.take(1), 0);
        assert!(bits.overrun());
        bits.restart(9);
        assert_eq!((bits.take(8), bits.overrun(), bits.marker(9)), (0x77, false, None));
    }

    #[test]
    fn long_codes_are_found() {
        let mut counts = [0; 16];
        counts[15] = 3;
        counts[2] = 7;
        let table = Table::new(&counts, &[1, 2, 3, 4, 5, 6, 7, 0x21, 0x33, 0xF0]).unwrap();
        let mut bits = Bits::new(&[0b1110_0000, 0, 0b1111_0000, 0, 0b1101_0000], 0);
        assert_eq!(bits.run(&table), Ok((2, 1)));
        assert_eq!(bits.run(&table), Ok((3, 5)));
    }
}
