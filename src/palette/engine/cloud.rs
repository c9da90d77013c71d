//! Weighted points in groups that are small enough to share their candidates.

use crate::memory;
use crate::palette::histogram::ColorSet;
use crate::palette::space::Space;
use rayon::prelude::*;

/// Points that a vector register of the wide kind holds.
pub(super) const LANES: usize = 8;

/// The most points in a group. Fewer share their candidates better, more make fewer groups to find candidates for.
pub(super) const GROUP: usize = 32;

/// Blocks that a thread takes at a time.
const BLOCKS: usize = 64;

/// The weighted points that a palette is fitted to, in the coordinates of a [`Space`].
///
/// Points are in groups of neighbours. Each group begins at a multiple of [`LANES`]; in between are copies of points
/// with weight 0.
pub(super) struct Cloud {
    /// The coordinates, an array each.
    pub axes: [Vec<f32>; 3],
    pub weights: Vec<f32>,
    pub groups: Vec<Group>,
}

/// A stretch of points and the box around them.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub start: u32,
    /// Points, those of weight 0 at the end left out.
    pub len: u32,
    pub low: [f32; 3],
    pub high: [f32; 3],
}

impl Group {
    /// The points without the copies that fill their last register.
    pub(super) fn points(&self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// Places of a cloud that are yet to be filled.
struct Places<'a> {
    /// The number of the first.
    start: usize,
    axes: [&'a mut [f32]; 3],
    weights: &'a mut [f32],
}

impl Places<'_> {
    /// Takes away the first `len` places.
    fn split_off(&mut self, len: usize) -> Self {
        let start = self.start;
        self.start += len;
        let axes = self.axes.each_mut().map(|axis| axis.split_off_mut(..len).expect("as many places as points"));
        Self { start, axes, weights: self.weights.split_off_mut(..len).expect("as many places as points") }
    }

    /// Fills the first places with a group.
    fn put(&mut self, points: &[Weighted]) -> Group {
        let places = self.split_off(points.len().next_multiple_of(LANES));
        let (mut low, mut high) = (points[0].0, points[0].0);
        let last = (points[points.len() - 1].0, 0.0);
        for (at, place) in places.weights.iter_mut().enumerate() {
            let &(point, weight) = points.get(at).unwrap_or(&last);
            for axis in 0..3 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
                places.axes[axis][at] = point[axis];
            }
            *place = weight;
        }
        Group { start: places.start as u32, len: points.len() as u32, low, high }
    }
}

/// A point and its weight.
type Weighted = ([f32; 3], f32);

impl Cloud {
    /// A point for each colour, in the set's order, with the weights given or else 1.
    pub(super) fn of_colors(colors: &ColorSet, space: Space, weights: Option<&[u64]>) -> Self {
        let firsts = colors.blocks();
        let counts = firsts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        Self::of_blocks(counts, |block, points| {
            let numbers = firsts[block]..firsts[block + 1];
            points.extend(numbers.zip(colors.bins_of(block).flatten()).map(|(number, color)| {
                (space.coordinates(color), weights.map_or(1.0, |weights| weights[number] as f32))
            }));
        })
    }

    /// A point for each bin of 4 x 4 x 4 levels: the mean of its colours, with all their weight.
    pub(super) fn of_bins(&self, colors: &ColorSet) -> Self {
        let mut starts = vec![0];
        for pair in colors.blocks().windows(2) {
            starts.push(starts[starts.len() - 1] + (pair[1] - pair[0]).next_multiple_of(LANES));
        }
        let counts = (0..starts.len() - 1).map(|block| colors.bins_of(block).count()).collect();
        Self::of_blocks(counts, |block, points| {
            let mut place = starts[block];
            points.extend(colors.bins_of(block).map(|bin| {
                let mut sums = [0.0_f64; 4];
                for _ in bin {
                    sums.iter_mut().zip(self.moments(place)).for_each(|(sum, moment)| *sum += f64::from(moment));
                    place += 1;
                }
                let [x, y, z, weight] = sums;
                ([x, y, z].map(|sum| (sum / weight) as f32), weight as f32)
            }));
        })
    }

    /// The points of each block, in groups; a group never holds points of two blocks.
    fn of_blocks(counts: Vec<usize>, fill: impl Fn(usize, &mut Vec<Weighted>) + Sync) -> Self {
        let places: usize = counts.iter().map(|count| count.next_multiple_of(LANES)).sum();
        let mut cloud = Self {
            axes: std::array::from_fn(|_| memory::zeroed(places)),
            weights: memory::zeroed(places),
            groups: Vec::new(),
        };
        let mut rest =
            Places { start: 0, axes: cloud.axes.each_mut().map(|axis| &mut axis[..]), weights: &mut cloud.weights };
        let mut parts = Vec::new();
        for (part, counts) in counts.chunks(BLOCKS).enumerate() {
            let len = counts.iter().map(|count| count.next_multiple_of(LANES)).sum();
            parts.push((part * BLOCKS..part * BLOCKS + counts.len(), rest.split_off(len)));
        }
        let groups = parts.into_par_iter().map(|(blocks, mut places)| {
            let (mut groups, mut points) = (Vec::new(), Vec::new());
            for block in blocks {
                points.clear();
                fill(block, &mut points);
                groups.extend(points.chunks(GROUP).map(|points| places.put(points)));
            }
            groups
        });
        cloud.groups = groups.collect::<Vec<_>>().concat();
        cloud
    }

    /// The coordinates of a point.
    pub(super) fn point(&self, at: usize) -> [f32; 3] {
        [self.axes[0][at], self.axes[1][at], self.axes[2][at]]
    }

    /// The coordinates of a point times its weight, and its weight.
    #[inline(always)]
    pub(super) fn moments(&self, at: usize) -> [f32; 4] {
        let weight = self.weights[at];
        [self.axes[0][at] * weight, self.axes[1][at] * weight, self.axes[2][at] * weight, weight]
    }

    /// The places of the points, without those of weight 0.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.groups.iter().flat_map(Group::points)
    }
}
