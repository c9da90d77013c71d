//! Connected components of the voxels off the boundary, found on runs of a row and never voxel by voxel.

use super::bits::{BitMap, BitSlice};
use crate::error::{Error, Result};

/// The runs of one slice, each a stretch of a row between boundary voxels, and the component that each belongs to.
///
/// Components are numbered in the order of their first runs, which is the raster order of their first voxels. One value
/// is used for slice after slice, so that its memory is allocated once.
#[derive(Default)]
pub(super) struct Runs {
    /// First voxel and one past the last, by x.
    spans: Vec<(u16, u16)>,
    /// Where each row's runs begin in `spans`, and after the last row their number.
    row_starts: Vec<u32>,
    /// For each run an earlier one of its component, or itself; after `find`, the component's number.
    parents: Vec<u32>,
    /// The row and x of each component's first voxel.
    first_voxels: Vec<(u32, u16)>,
}

impl Runs {
    /// Finds the 4-connected components of the voxels whose boundary bit is not set.
    pub(super) fn find(&mut self, boundary: BitSlice) {
        self.spans.clear();
        self.row_starts.clear();
        self.parents.clear();
        self.row_starts.push(0);
        let mut above = 0..0;
        for row in boundary.rows() {
            let start = self.spans.len();
            push_spans(row, boundary.width, &mut self.spans);
            self.join(above, start);
            above = start..self.spans.len();
            self.row_starts.push(self.spans.len() as u32);
        }
        self.number();
    }

    /// The slice's number of components.
    pub(super) fn components(&self) -> usize {
        self.first_voxels.len()
    }

    /// The row and x of each component's first voxel, in raster order.
    pub(super) fn first_voxels(&self) -> &[(u32, u16)] {
        &self.first_voxels
    }

    /// The runs of row `y`: first x, one past the last x, number of the component.
    pub(super) fn row(&self, y: usize) -> impl Iterator<Item = (usize, usize, u32)> + '_ {
        let row = self.row_starts[y] as usize..self.row_starts[y + 1] as usize;
        let spans = &self.spans[row.clone()];
        spans.iter().zip(&self.parents[row]).map(|(&(start, end), &component)| (start.into(), end.into(), component))
    }

    /// Gives the runs from `start` on their parents: the runs of the row above that they touch, or themselves.
    fn join(&mut self, above: std::ops::Range<usize>, start: usize) {
        let Self { spans, parents, .. } = self;
        let mut first = above.start;
        for (run, &(from, to)) in (start..).zip(&spans[start..]) {
            while first < above.end && spans[first].1 <= from {
                first += 1;
            }
            let mut parent = run as u32;
            let mut touched = first;
            while touched < above.end && spans[touched].0 < to {
                let other = root(parents, touched as u32);
                if other < parent {
                    // The run itself has no entry yet.
                    if parent != run as u32 {
                        parents[parent as usize] = other;
                    }
                    parent = other;
                } else if other > parent {
                    parents[other as usize] = parent;
                }
                touched += 1;
            }
            parents.push(parent);
            // The last one may touch the next run too.
            first = first.max(touched.saturating_sub(1));
        }
    }

    /// Replaces each run's parent by its component's number.
    fn number(&mut self) {
        self.first_voxels.clear();
        for y in 0..self.row_starts.len() - 1 {
            for run in self.row_starts[y]..self.row_starts[y + 1] {
                let run = run as usize;
                let parent = self.parents[run] as usize;
                self.parents[run] = if parent == run {
                    self.first_voxels.push((y as u32, self.spans[run].0));
                    self.first_voxels.len() as u32 - 1
                } else {
                    // An earlier run, so its number is there already.
                    self.parents[parent]
                };
            }
        }
    }
}

/// The components of slices joined with those behind them: 6-connected components.
pub(super) struct Joined {
    /// For each component of a slice, slice after slice, the first member of the 6-connected component that it is of.
    parents: Vec<u32>,
}

impl Joined {
    /// Finds the components of a volume's boundary map; `visit` is called with each slice and its runs.
    pub(super) fn find(boundary: &BitMap, mut visit: impl FnMut(usize, &Runs)) -> Result<Self> {
        let mut joined = Self { parents: Vec::new() };
        let (mut in_front, mut here) = (Runs::default(), Runs::default());
        let mut front_start = 0;
        for z in 0..boundary.slices() {
            here.find(boundary.slice(z));
            let start = joined.parents.len();
            let Ok(end) = u32::try_from(start + here.components()) else {
                return Err(Error::Unsupported("more than 2^32 components in slices are not supported".into()));
            };
            joined.parents.extend(start as u32..end);
            if z > 0 {
                for y in 0..boundary.height {
                    joined.join_rows(in_front.row(y), front_start, here.row(y), start as u32);
                }
            }
            visit(z, &here);
            front_start = start as u32;
            std::mem::swap(&mut in_front, &mut here);
        }
        for member in 0..joined.parents.len() {
            joined.parents[member] = joined.parents[joined.parents[member] as usize];
        }
        Ok(joined)
    }

    fn join_rows(
        &mut self,
        in_front: impl Iterator<Item = (usize, usize, u32)>,
        front_start: u32,
        here: impl Iterator<Item = (usize, usize, u32)>,
        start: u32,
    ) {
        let (mut in_front, mut here) = (in_front.peekable(), here.peekable());
        while let (Some(front), Some(run)) = (in_front.peek(), here.peek()) {
            if front.0 < run.1 && run.0 < front.1 {
                union(&mut self.parents, front_start + front.2, start + run.2);
            }
            if front.1 < run.1 {
                in_front.next()
            } else {
                here.next()
            };
        }
    }

    /// For each component of a slice, whether it is the first of its 6-connected component.
    pub(super) fn first_of_each(&self) -> impl Iterator<Item = bool> + '_ {
        (0..).zip(&self.parents).map(|(member, &parent): (u32, _)| member == parent)
    }

    /// For each component of a slice, slice after slice, the number of its 6-connected component; and their count.
    pub(super) fn numbers(mut self) -> (Vec<u32>, u32) {
        let mut count = 0;
        for member in 0..self.parents.len() {
            let parent = self.parents[member] as usize;
            self.parents[member] = if parent == member {
                count += 1;
                count - 1
            } else {
                self.parents[parent]
            };
        }
        (self.parents, count)
    }
}

/// Joins the sets of `a` and `b`; the smaller of their first members stands for both.
fn union(parents: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(parents, a), root(parents, b));
    if a < b {
        parents[b as usize] = a;
    } else {
        parents[a as usize] = b;
    }
}

/// The first member of the set of `member`.
fn root(parents: &mut [u32], mut member: u32) -> u32 {
    while parents[member as usize] != member {
        let grandparent = parents[parents[member as usize] as usize];
        parents[member as usize] = grandparent;
        member = grandparent;
    }
    member
}

/// Appends the stretches of unset bits of a row.
fn push_spans(row: &[u64], width: usize, spans: &mut Vec<(u16, u16)>) {
    // Before x = 0 counts as boundary.
    let mut before = 1;
    let mut start = None;
    for (index, &word) in row.iter().enumerate() {
        let first = index as u16 * 64;
        let mut changes = word ^ (word << 1 | before);
        before = word >> 63;
        while changes != 0 {
            let x = first + changes.trailing_zeros() as u16;
            changes &= changes - 1;
            match start.take() {
                None => start = Some(x),
                Some(start) => spans.push((start, x)),
            }
        }
    }
    // Bits beyond the row's end are 0, so a run that reaches the end is open; one that starts there is none.
    if let Some(start) = start.filter(|&start| usize::from(start) < width) {
        spans.push((start, width as u16));
    }
}
