//! Indeterminate locations: boundary voxels whose label no neighbour before them tells.

use super::bits::BitSlice;

/// What an entry below [`OFFSET`] refers to.
pub(super) const LEFT: u64 = 0;
pub(super) const RIGHT: u64 = 1;
pub(super) const UP: u64 = 2;
pub(super) const DOWN: u64 = 3;
pub(super) const IN_FRONT: u64 = 4;
pub(super) const BEHIND: u64 = 5;
/// The next entry is the label itself: for the largest labels, to which [`OFFSET`] cannot be added.
pub(super) const ESCAPE: u64 = 6;
/// An entry from here on is the label plus this.
pub(super) const OFFSET: u64 = 7;

/// The words of row `y` in which a bit is set for every indeterminate location: a boundary voxel whose left and upper
/// neighbours, and with connectivity 6 the one at z - 1 in `in_front`, are on the boundary too or outside.
pub(super) fn candidates<'a>(
    boundary: BitSlice<'a>,
    in_front: Option<BitSlice<'a>>,
    y: usize,
) -> impl Iterator<Item = u64> + 'a {
    let row = boundary.row(y);
    // Outside counts as boundary, and so does what connectivity 4 does not look at: the row itself changes nothing.
    let above = if y == 0 { row } else { boundary.row(y - 1) };
    let in_front = in_front.map_or(row, |slice| slice.row(y));
    words_after(row).zip(above).zip(in_front).map(|(((word, left), above), in_front)| word & left & above & in_front)
}

/// The words of row `y` in which a bit is set for every boundary voxel that takes its label from z - 1: connectivity 6
/// only.
pub(super) fn from_in_front<'a>(
    boundary: BitSlice<'a>,
    in_front: BitSlice<'a>,
    y: usize,
) -> impl Iterator<Item = u64> + 'a {
    candidates(boundary, None, y).zip(in_front.row(y)).map(|(word, in_front)| word & !in_front)
}

/// Each word of a row beside the one whose bits are those of the left neighbours, where outside counts as boundary.
fn words_after(row: &[u64]) -> impl Iterator<Item = (u64, u64)> + '_ {
    row.iter().scan(1, |before, &word| {
        let left = word << 1 | *before;
        *before = word >> 63;
        Some((word, left))
    })
}
