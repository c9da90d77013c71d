//! The regions that the cracks of a slice leave: 4-connected voxels of one label, found on runs of a row.

use super::cracks::{Cracks, WORD};
use std::ops::Range;

/// A stretch of a row between two cracks.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) end: u32,
    /// While regions are looked for an earlier run of the same one, or itself; afterwards the region's number.
    pub(super) region: u32,
    /// The next run of the region, or [`NONE`].
    next: u32,
}

/// A region of a slice.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub(super) voxels: u32,
    /// The row of its first run, and that run.
    pub(super) first_row: u32,
    first_run: u32,
    last_run: u32,
}

/// No run, no region, no label.
pub(super) const NONE: u32 = u32::MAX;

/// The runs and regions of one slice; the latter are numbered in the raster order of their first voxels.
#[derive(Default)]
pub(super) struct Regions {
    runs: Vec<Run>,
    /// Where each row's runs begin, and after the last row their number.
    row_starts: Vec<u32>,
    regions: Vec<Region>,
    width: usize,
}

impl Regions {
    /// Finds the regions of a slice with less than 2^31 voxels.
    pub(super) fn find(&mut self, cracks: &Cracks) {
        self.width = cracks.width();
        self.runs.clear();
        self.row_starts.clear();
        self.row_starts.push(0);
        for y in 0..cracks.height() {
            let start = self.runs.len();
            self.push_runs(cracks.row(y, 0), cracks.width() as u32);
            if y > 0 {
                self.join(cracks, y, start);
            }
            self.row_starts.push(self.runs.len() as u32);
        }
        self.number();
    }

    pub(super) fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The runs of row `y`.
    #[inline]
    pub(super) fn row(&self, y: usize) -> &[Run] {
        &self.runs[self.row_starts[y] as usize..self.row_starts[y + 1] as usize]
    }

    pub(super) fn height(&self) -> usize {
        self.row_starts.len() - 1
    }

    /// The first voxel of each region, in raster order.
    pub(super) fn first_voxels(&self) -> impl Iterator<Item = usize> + '_ {
        let first = |region: &Region| {
            region.first_row as usize * self.width + self.runs[region.first_run as usize].start as usize
        };
        self.regions.iter().map(first)
    }

    /// The run of a voxel.
    pub(super) fn at(&self, y: usize, x: usize) -> Run {
        let row = self.row(y);
        row[row.partition_point(|run| run.end as usize <= x)]
    }

    /// The runs of row `y`, if there is one, that have voxels in a stretch.
    #[inline]
    pub(super) fn overlapping(&self, y: usize, stretch: Range<u32>) -> impl Iterator<Item = &Run> {
        let row = if y < self.height() { self.row(y) } else { &[] };
        let first = row.partition_point(|run| run.end <= stretch.start);
        row[first..].iter().take_while(move |run| run.start < stretch.end)
    }

    /// The runs of a region with their rows, from top to bottom and from left to right.
    pub(super) fn runs_of(&self, region: &Region) -> impl Iterator<Item = (usize, Run)> + '_ {
        let mut y = region.first_row as usize;
        let mut at = region.first_run;
        std::iter::from_fn(move || {
            let &run = self.runs.get(at as usize)?;
            while self.row_starts[y + 1] <= at {
                y += 1;
            }
            at = run.next;
            Some((y, run))
        })
    }

    fn push_runs(&mut self, row: &[u32], width: u32) {
        let mut start = 0;
        for (&word, first) in row[1..].iter().zip((0..width).step_by(WORD)) {
            let mut lefts = word & 0x5555_5555;
            while lefts != 0 {
                let end = first + lefts.trailing_zeros() / 2;
                lefts &= lefts - 1;
                self.push_run(start, end);
                start = end;
            }
        }
        self.push_run(start, width);
    }

    #[inline]
    fn push_run(&mut self, start: u32, end: u32) {
        let region = self.runs.len() as u32;
        self.runs.push(Run { start, end, region, next: NONE });
    }

    /// Joins the runs of row `y`, from `start` on, with those above that no crack parts from them.
    fn join(&mut self, cracks: &Cracks, y: usize, start: usize) {
        let mut above = self.row_starts[y - 1] as usize;
        let mut here = start;
        let mut x = 0;
        while here < self.runs.len() {
            if !cracks.is_cut_above(y, x as usize) {
                self.union(above, here);
            }
            let ends = [self.runs[above].end, self.runs[here].end];
            x = ends[0].min(ends[1]);
            above += usize::from(ends[0] == x);
            here += usize::from(ends[1] == x);
        }
    }

    /// The smaller of two regions' first members stands for both.
    #[inline]
    fn union(&mut self, above: usize, here: usize) {
        let (a, b) = (self.root(above as u32), self.root(here as u32));
        self.runs[a.max(b) as usize].region = a.min(b);
    }

    #[inline]
    fn root(&mut self, mut run: u32) -> u32 {
        loop {
            let parent = self.runs[run as usize].region;
            if parent == run {
                return run;
            }
            let grandparent = self.runs[parent as usize].region;
            self.runs[run as usize].region = grandparent;
            run = grandparent;
        }
    }

    /// Replaces each run's earlier member by its region's number.
    fn number(&mut self) {
        self.regions.clear();
        for y in 0..self.row_starts.len() - 1 {
            for at in self.row_starts[y]..self.row_starts[y + 1] {
                let Run { start, end, region: member, .. } = self.runs[at as usize];
                let voxels = end - start;
                let number = if member == at {
                    self.regions.push(Region { voxels, first_row: y as u32, first_run: at, last_run: at });
                    self.regions.len() as u32 - 1
                } else {
                    // An earlier run, so its number is there already.
                    let number = self.runs[member as usize].region;
                    let region = &mut self.regions[number as usize];
                    region.voxels += voxels;
                    self.runs[region.last_run as usize].next = at;
                    region.last_run = at;
                    number
                };
                self.runs[at as usize].region = number;
            }
        }
    }
}
