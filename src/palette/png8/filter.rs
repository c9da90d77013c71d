//! PNG's row filters, and ways to choose one for each row.

/// Filter types 0 to 4 of the PNG specification: none, sub, up, average, Paeth.
const FILTERS: u8 = 5;

/// How a filter is chosen for each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Always the same.
    Always(u8),
    /// The least sum of absolute values, taken as signed.
    Sum,
    /// The least order-0 entropy.
    Entropy,
    /// The fewest distinct pairs of neighbouring bytes.
    Pairs,
    /// The least entropy of pairs of neighbouring bytes.
    PairEntropy,
}

/// All rows, each after its filter's number; one pixel takes at most one byte.
pub(super) fn filter(rows: &[u8], row_bytes: usize, choice: Choice) -> Vec<u8> {
    let mut filtered = Vec::with_capacity(rows.len() + rows.len() / row_bytes);
    let mut above = vec![0; row_bytes];
    let (mut attempt, mut best) = (Vec::new(), Vec::new());
    let mut scratch = Scratch::new();
    for row in rows.chunks_exact(row_bytes) {
        if let Choice::Always(number) = choice {
            filtered.push(number);
            apply(number, row, &above, &mut attempt);
            filtered.extend(&attempt);
        } else {
            let mut least = (u64::MAX, 0);
            for number in 0..FILTERS {
                apply(number, row, &above, &mut attempt);
                let cost = scratch.cost(choice, &attempt);
                if cost < least.0 {
                    least = (cost, number);
                    std::mem::swap(&mut attempt, &mut best);
                }
            }
            filtered.push(least.1);
            filtered.extend(&best);
        }
        above.copy_from_slice(row);
    }
    filtered
}

fn apply(number: u8, row: &[u8], above: &[u8], filtered: &mut Vec<u8>) {
    filtered.clear();
    let left = |at: usize| if at > 0 { row[at - 1] } else { 0 };
    let above_left = |at: usize| if at > 0 { above[at - 1] } else { 0 };
    filtered.extend((0..row.len()).map(|at| {
        let prediction = match number {
            0 => 0,
            1 => left(at),
            2 => above[at],
            3 => left(at).midpoint(above[at]),
            _ => paeth(left(at), above[at], above_left(at)),
        };
        row[at].wrapping_sub(prediction)
    }));
}

/// Of the three, in this order, the one nearest to `left + above - above_left`.
fn paeth(left: u8, above: u8, above_left: u8) -> u8 {
    let [a, b, c] = [left, above, above_left].map(i16::from);
    let distances = [(b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs()];
    match distances {
        [to_a, to_b, to_c] if to_a <= to_b && to_a <= to_c => left,
        [_, to_b, to_c] if to_b <= to_c => above,
        _ => above_left,
    }
}

/// Counts of bytes and pairs, kept from row to row.
struct Scratch {
    counts: Vec<u32>,
}

impl Scratch {
    fn new() -> Self {
        Self { counts: vec![0; 1 << 16] }
    }

    fn cost(&mut self, choice: Choice, row: &[u8]) -> u64 {
        let pairs = row.windows(2).map(|pair| usize::from(pair[0]) << 8 | usize::from(pair[1]));
        match choice {
            Choice::Always(_) => 0,
            Choice::Sum => row.iter().map(|&byte| u64::from((byte as i8).unsigned_abs())).sum(),
            Choice::Entropy => self.entropy(row.iter().map(|&byte| usize::from(byte))),
            Choice::PairEntropy => self.entropy(pairs),
            Choice::Pairs => {
                let mut distinct = 0;
                for pair in pairs.clone() {
                    distinct += u64::from(self.counts[pair] == 0);
                    self.counts[pair] = 1;
                }
                pairs.for_each(|pair| self.counts[pair] = 0);
                distinct
            }
        }
    }

    /// The order-0 entropy of all symbols together, in millibits.
    fn entropy(&mut self, symbols: impl Iterator<Item = usize> + Clone) -> u64 {
        let mut total = 0_u32;
        for symbol in symbols.clone() {
            self.counts[symbol] += 1;
            total += 1;
        }
        let mut bits = f64::from(total) * f64::from(total.max(1)).log2();
        for symbol in symbols {
            let count = f64::from(std::mem::take(&mut self.counts[symbol]));
            if count > 0.0 {
                bits -= count * count.log2();
            }
        }
        (bits * 1000.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's reconstruction.
    fn unfilter(filtered: &[u8], row_bytes: usize) -> Vec<u8> {
        let mut rows: Vec<u8> = Vec::new();
        for row in filtered.chunks_exact(row_bytes + 1) {
            let start = rows.len();
            for at in 0..row_bytes {
                let left = if at > 0 { rows[start + at - 1] } else { 0 };
                let above = if start > 0 { rows[start + at - row_bytes] } else { 0 };
                let above_left = if start > 0 && at > 0 { rows[start + at - row_bytes - 1] } else { 0 };
                let prediction = match row[0] {
                    0 => 0,
                    1 => left,
                    2 => above,
                    3 => ((u16::from(left) + u16::from(above)) / 2) as u8,
                    4 => {
                        let estimate = i32::from(left) + i32::from(above) - i32::from(above_left);
                        let distance = |value: u8| (estimate - i32::from(value)).abs();
                        // `min_by_key` takes the first of equal ones.
                        [left, above, above_left].into_iter().min_by_key(|&value| distance(value)).unwrap()
                    }
                    number => panic!("no filter {number}"),
                };
                rows.push(row[at + 1].wrapping_add(prediction));
            }
        }
        rows
    }

    #[test]
    fn filtered_rows_come_back() {
        let choices = [Choice::Sum, Choice::Entropy, Choice::Pairs, Choice::PairEntropy];
        let choices = choices.into_iter().chain((0..FILTERS).map(Choice::Always));
        for choice in choices {
            for (width, height) in [(1, 1), (1, 9), (13, 1), (7, 11)] {
                let rows: Vec<u8> = (0..width * height).map(|i| (i * i * 37 % 251) as u8).collect();
                assert_eq!(unfilter(&filter(&rows, width, choice), width), rows, "{choice:?}, {width} x {height}");
            }
        }
    }
}
