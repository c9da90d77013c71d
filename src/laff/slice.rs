//! The rows of one plane in a slice while they are coded: borders, predictions and what becomes of blocks.

use super::block::{Around, Coded, Levels};
use super::layout::{BLOCK, INPUTS, SIDE};
use super::planes::{FRACTION, PEAK, Plane};
use super::tables::Class;
use super::thumbnail::Guide;

/// Samples known to the left of the rows and above them, and to the right of the last block.
const BEFORE: usize = 2;
const AFTER: usize = 8;

/// Samples of a slice of a plane, in 1/16 of a level, with a border that the thumbnail fills.
pub(super) struct PlaneSlice {
    /// Rows and columns of blocks.
    pub rows: usize,
    pub columns: usize,
    stride: usize,
    samples: Vec<i16>,
    /// The thumbnail's values at the centres of blocks: (rows + 2, columns + 2).
    blocks: Vec<i16>,
    /// The kind of each block for the post-filter.
    pub kinds: Vec<u8>,
    /// The class of each block.
    pub classes: Vec<u8>,
}

/// What a block is predicted from, less their mean.
pub(super) struct Border {
    pub mean: i32,
    pub inputs: [i16; INPUTS],
    /// How much it varies, as the sum of squared differences.
    energy: u32,
    pub orientation: usize,
}

impl PlaneSlice {
    /// The rows of a plane from `top` on, nothing of which is known but the thumbnail.
    pub(super) fn new((top, height, width): (usize, usize, usize), guide: &Guide) -> Self {
        let (rows, columns) = (height.div_ceil(SIDE), width.div_ceil(SIDE));
        let stride = BEFORE + columns * SIDE + AFTER;
        let blocks = guide.blocks[top / SIDE * (columns + 2)..][..(rows + 2) * (columns + 2)].to_vec();
        let mut slice = Self {
            rows,
            columns,
            stride,
            samples: vec![0; (BEFORE + rows * SIDE) * stride],
            blocks,
            kinds: Vec::new(),
            classes: Vec::new(),
        };
        for (y, row) in slice.samples.chunks_exact_mut(stride).enumerate() {
            let at_y = (top + y) as isize - BEFORE as isize;
            let mut fill = |xs: std::ops::Range<usize>| {
                for x in xs {
                    row[x] = guide.thumbnail.at(at_y, x as isize - BEFORE as isize);
                }
            };
            if y < BEFORE {
                fill(0..stride);
            } else {
                fill(0..BEFORE);
                fill(stride - AFTER..stride);
            }
        }
        slice
    }

    fn at(&self, row: usize, column: usize) -> usize {
        (BEFORE + row * SIDE) * self.stride + BEFORE + column * SIDE
    }

    /// The border of a block.
    pub(super) fn border(&self, row: usize, column: usize) -> Border {
        let (at, stride) = (self.at(row, column), self.stride);
        let samples = &self.samples[at - BEFORE * stride - BEFORE..];
        let (above, beside) = (stride, BEFORE * stride);
        let mut inputs = [0_i16; INPUTS];
        const ROW: usize = BEFORE + 2 * SIDE;
        inputs[..ROW].copy_from_slice(&samples[above..][..ROW]);
        inputs[ROW..2 * ROW].copy_from_slice(&samples[..ROW]);
        for y in 0..SIDE {
            inputs[2 * ROW + y] = samples[beside + y * stride + 1];
            inputs[2 * ROW + SIDE + y] = samples[beside + y * stride];
        }
        let block = row * (self.columns + 2) + column;
        for y in 0..3 {
            let values = &self.blocks[block + y * (self.columns + 2)..][..3];
            inputs[2 * ROW + 2 * SIDE + 3 * y..][..3].copy_from_slice(values);
        }
        let nearest = inputs[BEFORE..][..SIDE].iter().chain(&inputs[2 * ROW..][..SIDE]);
        let mean = (nearest.map(|&sample| i32::from(sample)).sum::<i32>() + SIDE as i32) >> 4;

        // The structure tensor of the border: squares and products of differences across and down.
        let (mut across, mut down, mut both) = (0_i32, 0_i32, 0_i32);
        let mut add = |dx: i32, dy: i32| {
            let (dx, dy) = (dx >> 2, dy >> 2);
            across += dx * dx;
            down += dy * dy;
            both += dx * dy;
        };
        let sample = |index: usize| i32::from(inputs[index]);
        for x in 1..ROW - 1 {
            add(sample(x + 1) - sample(x - 1), 2 * (sample(x) - sample(ROW + x)));
        }
        for y in 2 * ROW + 1..2 * ROW + SIDE - 1 {
            add(2 * (sample(y) - sample(y + SIDE)), sample(y + 1) - sample(y - 1));
        }
        let (along, diagonal, energy) = (across - down, 2 * both, across + down);
        let octant =
            usize::from(along < 0) * 4 + usize::from(diagonal < 0) * 2 + usize::from(along.abs() < diagonal.abs());
        let clear = 2 * along.abs().max(diagonal.abs()) > energy;
        inputs[..2 * ROW + 2 * SIDE + 9].iter_mut().for_each(|input| *input -= mean as i16);
        Border { mean, inputs, energy: energy as u32, orientation: octant * 2 + usize::from(clear) }
    }

    /// Puts a block in its place.
    pub(super) fn store(&mut self, row: usize, column: usize, block: &[i16; BLOCK]) {
        let (at, stride) = (self.at(row, column), self.stride);
        for (y, samples) in block.as_chunks::<SIDE>().0.iter().enumerate() {
            self.samples[at + y * stride..][..SIDE].copy_from_slice(samples);
        }
    }

    /// A block as it is.
    pub(super) fn load(&self, row: usize, column: usize) -> [i16; BLOCK] {
        let (at, stride) = (self.at(row, column), self.stride);
        std::array::from_fn(|index| self.samples[at + index / SIDE * stride + index % SIDE])
    }

    /// Fills the slice with what the thumbnail says.
    pub(super) fn fill(&mut self, top: usize, guide: &Guide) {
        let (height, width) = (self.rows * SIDE, self.columns * SIDE);
        for (y, row) in self.samples[BEFORE * self.stride..].chunks_exact_mut(self.stride).take(height).enumerate() {
            for (x, sample) in row[BEFORE..][..width].iter_mut().enumerate() {
                *sample = guide.thumbnail.at((top + y) as isize, x as isize);
            }
        }
        self.kinds = vec![u8::MAX; self.rows * self.columns];
        self.classes = self.kinds.clone();
    }

    /// Luma as a slice of chroma that is `part` of its plane: as it is, or the means of four samples where chroma is
    /// halved.
    pub(super) fn at_scale_of(&self, part: (usize, usize, usize), guide: &Guide, subsampling: usize) -> Self {
        let mut scaled = Self::new(part, guide);
        let (height, width) = (scaled.rows * SIDE, scaled.columns * SIDE);
        let own_row = |y: usize| &self.samples[(BEFORE + y.min(self.rows * SIDE - 1)) * self.stride + BEFORE..];
        let last = self.columns * SIDE - 1;
        for (y, row) in
            scaled.samples[BEFORE * scaled.stride..].chunks_exact_mut(scaled.stride).take(height).enumerate()
        {
            let row = &mut row[BEFORE..][..width];
            if subsampling == 1 {
                row.copy_from_slice(&own_row(y)[..width]);
                continue;
            }
            let rows = [own_row(2 * y), own_row(2 * y + 1)];
            for (x, sample) in row.iter_mut().enumerate() {
                let (left, right) = ((2 * x).min(last), (2 * x + 1).min(last));
                let sum: i32 = rows.iter().map(|row| i32::from(row[left]) + i32::from(row[right])).sum();
                *sample = ((sum + 2) >> 2) as i16;
            }
        }
        scaled
    }

    /// Writes the slice's samples into the rows of a plane that it is of.
    pub(super) fn write(&self, rows: &mut [i16], width: usize) {
        for (y, row) in rows.chunks_exact_mut(width).enumerate() {
            row.copy_from_slice(&self.samples[(BEFORE + y) * self.stride + BEFORE..][..width]);
        }
    }

    /// Takes a block of a plane, as wide as the slice, whose rows from `top` on the slice is of; sides stand for what
    /// is beyond.
    pub(super) fn source(plane: &Plane, top: usize, row: usize, column: usize) -> [i16; BLOCK] {
        let (y, x) = (top + row * SIDE, column * SIDE);
        std::array::from_fn(|index| {
            let y = (y + index / SIDE).min(plane.height - 1);
            plane.row(y)[(x + index % SIDE).min(plane.width - 1)]
        })
    }
}

impl Border {
    /// How much the border varies in steps of the quantiser, in half octaves: 0 to 15.
    pub(super) fn texture(&self, step: u32) -> usize {
        let relative = u64::from(self.energy) * (1 << 14) / (u64::from(step) * u64::from(step)).max(1);
        relative.max(1).ilog2().min(15) as usize
    }
}

crate::simd::vectorised! {
    /// What a class predicts of a block from its border, in 1/16 of a level.
    pub(super) fn predict(class: &Class, border: &Border, prediction: &mut [i32; BLOCK]) {
        for (sample, weights) in prediction.iter_mut().zip(class.predictor.iter()) {
            let sum: i32 = weights.iter().zip(&border.inputs).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum();
            *sample = border.mean + ((sum + (1 << 11)) >> 12);
        }
    }

    /// A block from what was predicted and its coefficients, of which the last that is not zero is number `count - 1`.
    pub(super) fn reconstruct(
        class: &Class,
        steps: &[i32; BLOCK],
        prediction: &[i32; BLOCK],
        levels: &Levels,
        count: usize,
    ) -> [i16; BLOCK] {
        let mut sums = [1 << 13; BLOCK];
        for ((&level, &step), vector) in levels.iter().zip(steps).zip(class.basis.iter()).take(count) {
            if level != 0 {
                let coefficient = level.wrapping_mul(step).clamp(-COEFFICIENT_LIMIT, COEFFICIENT_LIMIT);
                for (sum, &v) in sums.iter_mut().zip(vector) {
                    *sum = i32::wrapping_add(*sum, coefficient * i32::from(v));
                }
            }
        }
        std::array::from_fn(|index| (prediction[index] + (sums[index] >> 14)).clamp(0, PEAK) as i16)
    }
}

/// More than any coefficient of a photo.
const COEFFICIENT_LIMIT: i32 = 1 << 23;

/// The blocks coded before, as those after see them.
pub(super) struct History {
    columns: usize,
    above: Vec<Coded>,
    current: Vec<Coded>,
    /// The sums of coefficients' sizes of all blocks.
    sums: Vec<u8>,
}

impl History {
    pub(super) fn new(columns: usize) -> Self {
        let row = vec![Coded::OUTSIDE; columns + 2];
        Self { columns, above: row.clone(), current: row, sums: Vec::new() }
    }

    /// What is around a block of the current row.
    pub(super) fn around<'a>(
        &'a self,
        plane: usize,
        column: usize,
        border: &Border,
        step: u32,
        same_place: usize,
    ) -> Around<'a> {
        Around {
            plane,
            left: &self.current[column],
            above: &self.above[column + 1],
            above_left: &self.above[column],
            above_right: &self.above[column + 2],
            texture: border.texture(step),
            orientation: border.orientation,
            same_place,
        }
    }

    pub(super) fn push(&mut self, column: usize, block: Coded) {
        self.current[column + 1] = block;
        self.sums.push(block.sum);
    }

    pub(super) fn end_row(&mut self) {
        std::mem::swap(&mut self.above, &mut self.current);
    }

    /// How much is in the same place of this plane, for a plane with `rows` x `columns` blocks: 0 to 7.
    pub(super) fn same_place(&self, row: usize, column: usize, subsampling: usize) -> usize {
        let mut sum = 0_usize;
        for y in 0..subsampling {
            for x in 0..subsampling {
                let (row, column) = (row * subsampling + y, (column * subsampling + x).min(self.columns - 1));
                sum += self.sums.get(row * self.columns + column).map_or(0, |&sum| usize::from(sum));
            }
        }
        let mean = sum / (subsampling * subsampling);
        (usize::BITS - mean.leading_zeros()).min(7) as usize
    }
}

/// Predicts chroma: what its own border says, and a share of what luma does that its border does not say.
pub(super) fn add_slope(
    prediction: &mut [i32; BLOCK],
    luma: &[i16; BLOCK],
    luma_prediction: &[i32; BLOCK],
    slope: i32,
) {
    for ((sample, &luma), &expected) in prediction.iter_mut().zip(luma).zip(luma_prediction) {
        *sample += (slope * (i32::from(luma) - expected) + 4) >> 3;
    }
}

/// 1/16 of a level as levels.
pub(super) fn level(sample: i32) -> f32 {
    sample as f32 / (1 << FRACTION) as f32
}
