//! The thumbnail: the mean of every 16 x 16 pixels, sent first; a picture by itself, and what blocks are predicted from
//! where nothing else is known.

use super::model::{Model, thumbnail_places};
use super::planes::{Layout, PEAK, Plane};
use crate::range_coder::Coder;
use rayon::prelude::*;

/// Pixels along each side of a cell.
pub(super) const CELL: usize = 16;

/// One plane's means.
#[derive(Clone, Debug)]
pub(super) struct Thumbnail {
    pub rows: usize,
    pub columns: usize,
    /// Samples of the plane along each side of a cell.
    cell: usize,
    means: Vec<i16>,
}

impl Thumbnail {
    /// Means not known yet, for a plane of a photo of `height` x `width`.
    pub(super) fn new(height: usize, width: usize, layout: Layout, plane: usize) -> Self {
        let (rows, columns) = (height.div_ceil(CELL), width.div_ceil(CELL));
        let cell = CELL / layout.subsampling(plane);
        Self { rows, columns, cell, means: vec![(PEAK / 2) as i16; rows * columns] }
    }

    /// The same means for a plane with samples as large as those of plane `plane`.
    pub(super) fn at_scale_of(&self, layout: Layout, plane: usize) -> Self {
        Self { cell: CELL / layout.subsampling(plane), ..self.clone() }
    }

    /// The means of a plane.
    pub(super) fn measure(&mut self, plane: &Plane) {
        for (index, mean) in self.means.iter_mut().enumerate() {
            let (top, left) = (index / self.columns * self.cell, index % self.columns * self.cell);
            let (bottom, right) = ((top + self.cell).min(plane.height), (left + self.cell).min(plane.width));
            let sum: i64 =
                (top..bottom).flat_map(|y| &plane.row(y)[left..right]).map(|&sample| i64::from(sample)).sum();
            let count = ((bottom - top) * (right - left)) as i64;
            *mean = ((sum + count / 2) / count) as i16;
        }
    }

    /// A plane with a sample for each mean.
    pub(super) fn into_plane(self) -> Plane {
        Plane { height: self.rows, width: self.columns, samples: self.means }
    }

    /// The value at a sample of the plane, also beyond its sides.
    pub(super) fn at(&self, y: isize, x: isize) -> i16 {
        self.between(2 * y + 1, 2 * x + 1)
    }

    /// The value so many half samples from the plane's corner, on lines between the cells' centres.
    fn between(&self, y: isize, x: isize) -> i16 {
        let side = 2 * self.cell as isize;
        let along = |at: isize, len: usize| {
            let from_first = (at - side / 2).clamp(0, (len as isize - 1) * side);
            let before = (from_first / side) as usize;
            (before, (before + 1).min(len - 1), (from_first % side) as i32)
        };
        let (top, bottom, down) = along(y, self.rows);
        let (left, right, across) = along(x, self.columns);
        let side = side as i32;
        let row = |row: usize| {
            let mean = |column: usize| i32::from(self.means[row * self.columns + column]);
            mean(left) * (side - across) + mean(right) * across
        };
        ((row(top) * (side - down) + row(bottom) * down + side * side / 2) / (side * side)) as i16
    }

    /// The values at the centres of 8 x 8 blocks, with one more block on every side: (rows + 2, columns + 2).
    pub(super) fn blocks(&self, rows: usize, columns: usize) -> Vec<i16> {
        let centers = |count: usize| (-1..=count as isize).map(|block| 16 * block + 8);
        centers(rows).flat_map(|y| centers(columns).map(move |x| self.between(y, x))).collect()
    }

    /// Codes the means in steps of `step`, in 1/16 of a level; an encoder's means become those that a decoder gets.
    pub(super) fn code(
        &mut self,
        coder: &mut impl Coder,
        model: &mut Model,
        plane: usize,
        step: i32,
        luma: &mut Vec<u8>,
    ) {
        let most = (PEAK + step / 2) / step;
        let mut levels = vec![0_i32; self.means.len()];
        let mut sizes = vec![0_u8; self.means.len()];
        for index in 0..self.means.len() {
            let (row, column) = (index / self.columns, index % self.columns);
            let at = |row: usize, column: usize| levels[row * self.columns + column];
            let (left, above, corner) = match (row, column) {
                (0, 0) => (most / 2, most / 2, most / 2),
                (0, _) => (at(0, column - 1), at(0, column - 1), at(0, column - 1)),
                (_, 0) => (at(row - 1, 0), at(row - 1, 0), at(row - 1, 0)),
                _ => (at(row, column - 1), at(row - 1, column), at(row - 1, column - 1)),
            };
            let predicted = (left + above - corner).clamp(left.min(above), left.max(above));
            let size = |row: usize, column: usize| sizes[row * self.columns + column];
            let (left_size, above_size) =
                (if column > 0 { size(row, column - 1) } else { 3 }, if row > 0 { size(row - 1, column) } else { 3 });
            let activity = (left - corner).unsigned_abs() + (above - corner).unsigned_abs();
            let same = luma.get(index).copied().unwrap_or(0);
            let wanted = ((i32::from(self.means[index]) + step / 2) / step).clamp(0, most) - predicted;
            let place = thumbnail_places(plane, [left_size, above_size, same], activity);
            let found = model.code_signed(coder, place, wanted).clamp(-predicted, most - predicted);
            levels[index] = predicted + found;
            sizes[index] = (32 - found.unsigned_abs().leading_zeros()).min(5) as u8;
            self.means[index] = (levels[index] * step).min(PEAK) as i16;
        }
        *luma = sizes;
    }
}

/// What the thumbnail says of one plane.
pub(super) struct Guide {
    pub thumbnail: Thumbnail,
    /// Its values at the centres of blocks.
    pub blocks: Vec<i16>,
}

impl Guide {
    pub(super) fn new(thumbnail: Thumbnail, height: usize, width: usize, layout: Layout, plane: usize) -> Self {
        let side = 8 * layout.subsampling(plane);
        let blocks = thumbnail.blocks(height.div_ceil(side), width.div_ceil(side));
        Self { thumbnail, blocks }
    }

    /// Of each plane: what the thumbnail says of it, and what it says of luma at the plane's scale.
    pub(super) fn all(thumbnails: &[Thumbnail], height: usize, width: usize, layout: Layout) -> Vec<[Self; 2]> {
        let guide = |thumbnail: &Thumbnail, plane| {
            Self::new(thumbnail.at_scale_of(layout, plane), height, width, layout, plane)
        };
        let both = |(plane, own)| [guide(own, plane), guide(&thumbnails[0], plane)];
        thumbnails.par_iter().enumerate().map(both).collect()
    }
}
