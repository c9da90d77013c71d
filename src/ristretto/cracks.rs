//! Where the labels of a slice change, as bits on the cracks between its voxels.

use crate::volume::Label;

/// Voxels in a word of cracks.
pub(super) const WORD: usize = 16;

/// Rows of nothing before the first row of a slice and after its last, so that neighbourhoods need no edge cases.
const ROWS_BEFORE: usize = 5;
const ROWS_AFTER: usize = 2;

/// The cracks of one slice, two bits a voxel: the lower one is set where its label differs from the one at x - 1, the
/// upper one where it differs from the one at y - 1. What is outside counts as equal.
pub(super) struct Cracks {
    height: usize,
    width: usize,
    /// Words of a row; the first and the last of them are nothing.
    stride: usize,
    words: Vec<u32>,
}

impl Cracks {
    pub(super) fn new(height: usize, width: usize) -> Self {
        let stride = width.div_ceil(WORD) + 2;
        Self { height, width, stride, words: vec![0; (ROWS_BEFORE + height + ROWS_AFTER) * stride] }
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Sets all cracks to none.
    pub(super) fn clear(&mut self) {
        self.words.fill(0);
    }

    /// The row that is `down` below row `y`, with a word of nothing on both sides.
    #[inline]
    pub(super) fn row(&self, y: usize, down: isize) -> &[u32] {
        let row = (ROWS_BEFORE + y).wrapping_add_signed(down);
        &self.words[row * self.stride..][..self.stride]
    }

    /// The five rows above row `y`, the nearest first, and that row itself.
    #[inline]
    pub(super) fn split(&mut self, y: usize) -> ([&[u32]; 5], &mut [u32]) {
        let (above, from_here) = self.words.split_at_mut((ROWS_BEFORE + y) * self.stride);
        let mut rows = above.rchunks_exact(self.stride);
        (std::array::from_fn(|_| rows.next().unwrap_or_default()), &mut from_here[..self.stride])
    }

    /// Whether the label at (y, x) differs from the one at y - 1.
    #[inline]
    pub(super) fn is_cut_above(&self, y: usize, x: usize) -> bool {
        self.words[(ROWS_BEFORE + y) * self.stride + 1 + x / WORD] >> (2 * (x % WORD) + 1) & 1 != 0
    }

    /// Stretches of rows between cracks.
    pub(super) fn runs(&self) -> usize {
        let lefts: u32 = self.words.iter().map(|word| (word & 0x5555_5555).count_ones()).sum();
        self.height + lefts as usize
    }

    /// Finds the cracks of a slice of labels.
    pub(super) fn find<T: Label>(&mut self, labels: &[T]) {
        let width = self.width;
        for (y, row) in labels.chunks_exact(width).enumerate() {
            let above = if y == 0 { row } else { &labels[(y - 1) * width..][..width] };
            let words = &mut self.split(y).1[1..];
            for ((word, labels), (above, first)) in
                words.iter_mut().zip(row.chunks(WORD)).zip(above.chunks(WORD).zip((0..).step_by(WORD)))
            {
                // Before the first voxel there is none that it could differ from.
                let before = if first == 0 { row[0] } else { row[first - 1] };
                *word = match (labels.try_into(), above.try_into()) {
                    (Ok(labels), Ok(above)) => changes(labels, above, before),
                    _ => {
                        let mut padded = [[labels[labels.len() - 1]; WORD]; 2];
                        padded[0][..labels.len()].copy_from_slice(labels);
                        padded[1][..above.len()].copy_from_slice(above);
                        let used = (1 << (2 * labels.len())) - 1;
                        changes(&padded[0], &padded[1], before) & used
                    }
                };
            }
        }
    }
}

/// The cracks of a word's voxels.
#[inline(always)]
fn changes<T: Label>(labels: &[T; WORD], above: &[T; WORD], before: T) -> u32 {
    let mut left = [before; WORD];
    left[1..].copy_from_slice(&labels[..WORD - 1]);
    let mut flags = [0u8; WORD];
    for (((flag, label), left), above) in flags.iter_mut().zip(labels).zip(&left).zip(above) {
        *flag = u8::from(label != left) | u8::from(label != above) << 1;
    }
    let mut word = 0;
    for (shift, four) in (0..).step_by(8).zip(flags.chunks_exact(4)) {
        let four = u32::from_le_bytes(four.try_into().expect("four bytes"));
        // The two bits of byte i end at bit 24 + 2 i.
        word |= (four.wrapping_mul(0x0104_1040) >> 24) << shift;
    }
    word
}
