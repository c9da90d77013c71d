//! A block's decisions, written once for the encoder and the decoder: its class, how chroma follows luma, its
//! coefficients.

use super::layout::{BLOCK, DELTAS};
use super::model::{INPUTS, Kind, Model, Place, code_large};
use crate::range_coder::Coder;

/// Quantised coefficients, strongest singular vector first.
pub(super) type Levels = [i32; BLOCK];

/// What later blocks are told of a block.
#[derive(Clone, Copy)]
pub(super) struct Coded {
    /// Its class, or [`Coded::NONE`].
    class: u8,
    count: u8,
    /// The sum of its coefficients' sizes, up to 255.
    pub sum: u8,
    slope: i8,
    delta: u8,
    /// Sizes of coefficients up to 15, with a zero before and after.
    sizes: [u8; BLOCK + 2],
}

impl Coded {
    const NONE: u8 = 16;

    /// A block outside the slice.
    pub(super) const OUTSIDE: Self =
        Self { class: Self::NONE, count: 3, sum: 3, slope: 0, delta: DELTAS as u8, sizes: [0; BLOCK + 2] };

    pub(super) fn new(class: usize, delta: usize, slope: i32, levels: &Levels) -> Self {
        let mut coded = Self {
            class: class as u8,
            delta: delta as u8,
            slope: slope as i8,
            count: count(levels) as u8,
            sum: 0,
            ..Self::OUTSIDE
        };
        let mut sum = 0_u32;
        for (size, level) in coded.sizes[1..].iter_mut().zip(&levels[..usize::from(coded.count)]) {
            let level = level.unsigned_abs();
            *size = level.min(15) as u8;
            sum = sum.saturating_add(level);
        }
        coded.sum = sum.min(255) as u8;
        coded
    }
}

/// Coefficients up to the last that is not zero.
pub(super) fn count(levels: &Levels) -> usize {
    levels.iter().rposition(|&level| level != 0).map_or(0, |last| last + 1)
}

/// What is known before a block is coded.
pub(super) struct Around<'a> {
    pub plane: usize,
    pub left: &'a Coded,
    pub above: &'a Coded,
    pub above_left: &'a Coded,
    pub above_right: &'a Coded,
    /// How much the border varies in steps of the quantiser: 0 to 15.
    pub texture: usize,
    /// Which way the border's edges run: 0 to 15.
    pub orientation: usize,
    /// How much is in the same place of the plane before: 0 to 7.
    pub same_place: usize,
}

/// Number of a count, in eight steps.
const COUNT_STEPS: [u8; BLOCK + 1] = steps([0, 1, 2, 4, 7, 12, 21]);
/// Number of a count, in twelve steps.
const FINE_COUNT_STEPS: [u8; BLOCK + 1] = steps([0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32]);
/// Number of a vector, in sixteen steps.
const INDEX_STEPS: [u8; BLOCK + 1] = steps([0, 1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 26, 34, 44, 54]);

/// For each number how many of `limits` it is above.
const fn steps<const N: usize>(limits: [u8; N]) -> [u8; BLOCK + 1] {
    let mut steps = [0; BLOCK + 1];
    let mut number = 0;
    while number < steps.len() {
        let mut limit = 0;
        while limit < N && number > limits[limit] as usize {
            limit += 1;
        }
        steps[number] = limit as u8;
        number += 1;
    }
    steps
}

/// The step of a sum, of those in `steps`, which the last number's stands for beyond.
#[inline(always)]
fn step_of(steps: &[u8; BLOCK + 1], sum: usize) -> usize {
    steps[sum.min(BLOCK)].into()
}

impl Around<'_> {
    /// The average of something of the neighbours, those at the sides counted three times.
    fn average(&self, of: fn(&Coded) -> u8) -> usize {
        let [left, above, above_left, above_right] =
            [self.left, self.above, self.above_left, self.above_right].map(|block| usize::from(of(block)));
        (3 * left + 3 * above + above_left + above_right + 4) / 8
    }

    /// Where a bit of the class is decided: the bits before it, below a leading one.
    #[inline(always)]
    pub(super) fn class_place(&self, node: usize) -> Place {
        let [left, above, above_left, above_right] =
            [self.left, self.above, self.above_left, self.above_right].map(|block| usize::from(block.class));
        let contexts = [
            (left * 17 + above) * 16 + node,
            self.texture * 16 + node,
            (left * 16 + self.texture) * 16 + node,
            (above * 16 + self.orientation) * 16 + node,
            (above_left * 17 + above_right) * 16 + node,
            (self.orientation * 4 + self.texture / 4) * 16 + node,
        ];
        Place::new(self.plane, Kind::Class, contexts, node)
    }

    /// Codes the class, of 2^`bits`.
    pub(super) fn code_class(&self, coder: &mut impl Coder, model: &mut Model, class: usize, bits: u32) -> usize {
        let mut node = 1;
        for shift in (0..bits).rev() {
            node = node << 1 | usize::from(model.code(coder, &self.class_place(node), class >> shift & 1 != 0));
        }
        node ^ 1 << bits
    }

    pub(super) fn delta_place(&self, node: usize) -> Place {
        let [left, above] = [self.left, self.above].map(|block| usize::from(block.delta));
        let contexts = [
            (left * 7 + above) * 8 + node,
            self.texture * 8 + node,
            (left * 16 + self.texture) * 8 + node,
            (above * 16 + self.texture) * 8 + node,
            node,
            node,
        ];
        Place::new(self.plane, Kind::Delta, contexts, node)
    }

    /// Codes which step the block has, in unary.
    pub(super) fn code_delta(&self, coder: &mut impl Coder, model: &mut Model, wanted: usize) -> usize {
        let mut delta = 0;
        while delta + 1 < DELTAS && model.code(coder, &self.delta_place(delta), wanted > delta) {
            delta += 1;
        }
        delta
    }

    pub(super) fn slope_place(&self, node: usize) -> Place {
        let node = node.min(15);
        let [left, above] = [self.left, self.above].map(|block| (block.slope.signum() + 1) as usize);
        let sizes = usize::from(self.left.slope.unsigned_abs() + self.above.slope.unsigned_abs()).min(15);
        let contexts = [
            (left * 3 + above) * 16 + node,
            sizes * 16 + node,
            self.texture * 16 + node,
            self.same_place * 16 + node,
            node,
            node,
        ];
        Place::new(self.plane, Kind::Slope, contexts, node)
    }

    /// Codes the slope of chroma against luma, in eighths, from -7 to 7.
    pub(super) fn code_slope(&self, coder: &mut impl Coder, model: &mut Model, slope: i32) -> i32 {
        model.code_signed(coder, |node| self.slope_place(node), slope).clamp(-7, 7)
    }

    /// Where a block's coefficients are decided.
    pub(super) fn coefficients(&self, class: usize) -> Coefficients<'_> {
        Coefficients {
            around: self,
            class,
            left: step_of(&COUNT_STEPS, self.left.count.into()),
            above: step_of(&COUNT_STEPS, self.above.count.into()),
            diagonal: step_of(&COUNT_STEPS, self.above_left.count.into()) * 8
                + step_of(&COUNT_STEPS, self.above_right.count.into()),
            counts: step_of(&COUNT_STEPS, self.average(|block| block.count)),
            sums: step_of(&COUNT_STEPS, self.average(|block| block.sum)),
        }
    }
}

/// Where a block's coefficients are decided.
pub(super) struct Coefficients<'a> {
    around: &'a Around<'a>,
    class: usize,
    left: usize,
    above: usize,
    diagonal: usize,
    counts: usize,
    sums: usize,
}

/// Where one coefficient is decided, from those after it.
pub(super) struct Spot {
    plane: usize,
    contexts: [usize; INPUTS],
    mixer: usize,
    index: usize,
    near: usize,
    neighbours: usize,
    total: usize,
}

impl Spot {
    /// Of whether it is something.
    #[inline(always)]
    pub(super) fn some(&self) -> Place {
        Place::new(self.plane, Kind::Some, self.contexts, self.mixer)
    }

    /// Of whether it is more than one.
    #[inline(always)]
    pub(super) fn more(&self) -> Place {
        Place::new(self.plane, Kind::More, self.contexts, self.mixer)
    }
}

/// The sizes of the coefficients that were coded, by which the next is expected.
#[derive(Clone, Copy, Default)]
pub(super) struct Trail {
    /// The last two.
    last: [u32; 2],
    /// Of those before, each counted half as much as the next.
    fading: u32,
    total: u32,
}

impl Trail {
    #[inline(always)]
    pub(super) fn push(&mut self, size: u32) {
        let size = size.min(64);
        self.fading = (self.fading + 4 * self.last[1]) >> 1;
        self.last = [size, self.last[0]];
        self.total += size;
    }
}

impl Coefficients<'_> {
    /// Where a step in finding the count is decided.
    #[inline(always)]
    pub(super) fn count_place(&self, node: usize) -> Place {
        let around = self.around;
        let contexts = [
            (self.left * 8 + self.above) * 24 + node,
            (self.class * 8 + self.counts) * 24 + node,
            (around.texture * 8 + self.counts) * 24 + node,
            self.diagonal * 24 + node,
            (self.sums * 8 + around.same_place) * 24 + node,
            (self.class * 16 + around.texture) * 24 + node,
        ];
        Place::new(around.plane, Kind::Count, contexts, node)
    }

    /// Where a coefficient is decided.
    #[inline(always)]
    pub(super) fn spot(&self, i: usize, count: usize, trail: &Trail) -> Spot {
        let around = self.around;
        let index = usize::from(INDEX_STEPS[i]);
        let count = usize::from(FINE_COUNT_STEPS[count]);
        let near = step_of(&COUNT_STEPS, ((8 * trail.last[0] + 6 * trail.last[1] + trail.fading) / 4) as usize);
        let sizes = |block: &Coded| {
            let [before, at, after] = [0, 1, 2].map(|offset| usize::from(block.sizes[i + offset]));
            before + 2 * at + after
        };
        let neighbours = step_of(&FINE_COUNT_STEPS, sizes(around.left) + sizes(around.above));
        let total = step_of(&COUNT_STEPS, trail.total as usize);
        let last = trail.last[0].min(2) as usize;
        let two = (trail.last[0] + trail.last[1]).min(2) as usize;
        let other = if around.plane == 0 { around.texture } else { around.same_place + (around.texture & 8) };
        let contexts = [
            (self.class * 64 + i) * 3 + two,
            index * 64 + near * 8 + self.sums,
            (count * 16 + index) * 3 + last,
            (neighbours * 16 + index) * 3 + last,
            (total * 16 + index) * 12 + count,
            (other * 16 + index) * 8 + near,
        ];
        let mixer = index * 4 + near.min(6) / 2;
        Spot { plane: around.plane, contexts, mixer, index, near, neighbours, total }
    }

    /// Where it is decided whether a coefficient is larger than `size`, at least 2.
    #[inline(always)]
    pub(super) fn larger_place(&self, spot: &Spot, size: u32) -> Place {
        let around = self.around;
        let size = (size as usize - 2).min(7);
        let contexts = [
            (size * 16 + spot.index) * 8 + spot.near,
            size * 16 + self.class,
            size * 8 + self.sums,
            size * 12 + spot.neighbours,
            size * 8 + spot.total,
            size * 16 + around.texture,
        ];
        Place::new(around.plane, Kind::Larger, contexts, size)
    }

    /// Codes the coefficients.
    #[inline(always)]
    pub(super) fn code(&self, coder: &mut impl Coder, model: &mut Model, levels: &mut Levels) {
        let count = self.code_count(coder, model, count(levels));
        let mut trail = Trail::default();
        for i in (0..count).rev() {
            let wanted = levels[i].unsigned_abs();
            let spot = self.spot(i, count, &trail);
            let mut size = 0;
            if i + 1 == count || model.code(coder, &spot.some(), wanted > 0) {
                size = 1 + u32::from(model.code(coder, &spot.more(), wanted > 1));
                if size == 2 {
                    while size < LARGEST_UNARY && model.code(coder, &self.larger_place(&spot, size), wanted > size) {
                        size += 1;
                    }
                    if size == LARGEST_UNARY {
                        size += code_large(coder, wanted.saturating_sub(LARGEST_UNARY));
                    }
                }
                let negative = coder.code(levels[i] < 0, 1 << 15);
                levels[i] = if negative { -(size as i32) } else { size as i32 };
            }
            trail.push(size);
        }
    }

    #[inline(always)]
    fn code_count(&self, coder: &mut impl Coder, model: &mut Model, count: usize) -> usize {
        walk_count(count, |node, bit| match node {
            Some(node) => model.code(coder, &self.count_place(node), bit),
            None => coder.code(bit, 1 << 15),
        })
    }
}

/// Sizes up to this one are coded in unary.
pub(super) const LARGEST_UNARY: u32 = 18;

/// Finds a count by decisions: `decide` is given a node, or none for a decision that is as likely as not, and what
/// `count` would have it be, and says what it is.
#[inline(always)]
pub(super) fn walk_count(count: usize, mut decide: impl FnMut(Option<usize>, bool) -> bool) -> usize {
    if !decide(Some(0), count > 0) {
        return 0;
    }
    // Groups of 1, 1, 2, 4 .. 32 counts.
    let mut group = 0;
    while group < 6 && decide(Some(1 + group), count > 1 << group) {
        group += 1;
    }
    if group == 0 {
        return 1;
    }
    let (bits, wanted) = (group - 1, count.wrapping_sub((1 << (group - 1)) + 1));
    let mut offset = 0;
    for (place, shift) in (0..bits).rev().enumerate() {
        let node = match place {
            0 => 7 + (bits - 1),
            1 => 12 + (bits - 2) * 2 + offset,
            2 => 20 + (bits - 3),
            _ => 23,
        };
        offset = offset << 1 | usize::from(decide(Some(node), wanted >> shift & 1 != 0));
    }
    (1 << (group - 1)) + 1 + offset
}
