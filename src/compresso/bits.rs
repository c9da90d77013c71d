//! The boundary map as bits: rows of 64-bit words, the voxel at x in bit x % 64 of word x / 64.

use crate::volume::Label;

/// Rows of bits for some slices of a volume; bits beyond a row's end are 0.
pub(super) struct BitMap {
    pub(super) width: usize,
    pub(super) height: usize,
    row_words: usize,
    words: Vec<u64>,
}

impl BitMap {
    pub(super) fn new(slices: usize, height: usize, width: usize) -> Self {
        let row_words = width.div_ceil(64);
        Self { width, height, row_words, words: vec![0; slices * height * row_words] }
    }

    /// Words of one slice.
    pub(super) fn slice_words(&self) -> usize {
        self.height * self.row_words
    }

    pub(super) fn slices(&self) -> usize {
        self.words.len() / self.slice_words()
    }

    pub(super) fn row_words(&self) -> usize {
        self.row_words
    }

    pub(super) fn slice(&self, z: usize) -> BitSlice<'_> {
        BitSlice::new(&self.words[z * self.slice_words()..(z + 1) * self.slice_words()], self.width)
    }

    /// The words of all slices, to be written.
    pub(super) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    pub(super) fn row(&self, z: usize, y: usize) -> &[u64] {
        &self.words[(z * self.height + y) * self.row_words..][..self.row_words]
    }
}

/// One slice of a [`BitMap`].
#[derive(Clone, Copy)]
pub(super) struct BitSlice<'a> {
    pub(super) width: usize,
    row_words: usize,
    words: &'a [u64],
}

impl<'a> BitSlice<'a> {
    pub(super) fn new(words: &'a [u64], width: usize) -> Self {
        Self { width, row_words: width.div_ceil(64), words }
    }

    pub(super) fn rows(self) -> std::slice::ChunksExact<'a, u64> {
        self.words.chunks_exact(self.row_words)
    }

    pub(super) fn row(self, y: usize) -> &'a [u64] {
        &self.words[y * self.row_words..][..self.row_words]
    }

    pub(super) fn get(self, y: usize, x: usize) -> bool {
        self.words[y * self.row_words + x / 64] >> (x % 64) & 1 != 0
    }
}

/// Calls `visit` with the position of every set bit of a row, in order.
#[inline(always)]
pub(super) fn set_bits(words: impl Iterator<Item = u64>, mut visit: impl FnMut(usize)) {
    for (first, mut word) in (0..).step_by(64).zip(words) {
        while word != 0 {
            visit(first + word.trailing_zeros() as usize);
            word &= word - 1;
        }
    }
}

/// The boundary map of one slice of labels: bit set where the label differs from the one at x + 1, at y + 1 or, when
/// there is a slice behind, at z + 1.
pub(super) fn mark_boundaries<T: Label>(labels: &[T], behind: Option<&[T]>, width: usize, bits: &mut [u64]) {
    let row_words = width.div_ceil(64);
    let height = labels.len() / width;
    for (y, bits) in bits.chunks_exact_mut(row_words).enumerate() {
        let row = &labels[y * width..][..width];
        // The last row is its own neighbour: equal everywhere.
        let below = if y + 1 < height { &labels[(y + 1) * width..][..width] } else { row };
        match behind {
            Some(behind) => mark_row(row, below, &behind[y * width..][..width], bits),
            None => mark_row(row, below, below, bits),
        }
    }
}

fn mark_row<T: Label>(row: &[T], below: &[T], behind: &[T], bits: &mut [u64]) {
    let last = row.len() - 1;
    for (word, first) in bits.iter_mut().zip((0..).step_by(64)) {
        let end = (first + 64).min(last);
        // All but the row's last voxel have a right neighbour; the last one is set apart below.
        let (row, right) = (&row[first..end], &row[first + 1..end + 1]);
        *word = different(row, right, &below[first..end], &behind[first..end]);
    }
    if row[last] != below[last] || row[last] != behind[last] {
        bits[last / 64] |= 1 << (last % 64);
    }
}

/// Bit i set where the label at i differs from any of the three others at i.
#[inline(always)]
fn different<T: Label>(row: &[T], right: &[T], below: &[T], behind: &[T]) -> u64 {
    let mut flags = [0u8; 64];
    for ((((flag, label), right), below), behind) in flags.iter_mut().zip(row).zip(right).zip(below).zip(behind) {
        *flag = u8::from(label != right) | u8::from(label != below) | u8::from(label != behind);
    }
    let mut word = 0;
    for (shift, eight) in (0..64).step_by(8).zip(flags.chunks_exact(8)) {
        // The product moves the lowest bit of byte i to bit 56 + i.
        let eight = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
        word |= (eight.wrapping_mul(0x0102_0408_1020_4080) >> 56) << shift;
    }
    word
}
