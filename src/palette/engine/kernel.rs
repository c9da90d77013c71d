//! The nearest centroid of every point: exact, and without looking at most centroids.
//!
//! For a group of points, the centroid nearest to the middle of their box beats every centroid that is farther from
//! each corner of the box. What is left, a handful, is compared with the points, eight at a time.

use super::cloud::{Cloud, GROUP, Group, LANES};
use crate::palette::MAX_COLORS;
use crate::simd::vectorised;

/// What the points of one centroid add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cluster {
    /// Coordinates times weight, and the weight.
    pub moments: [f64; 4],
    /// Squared distances times weight.
    pub error: f64,
}

impl Cluster {
    pub(super) fn add(&mut self, other: &Self) {
        self.moments.iter_mut().zip(other.moments).for_each(|(sum, moment)| *sum += moment);
        self.error += other.error;
    }

    pub(super) fn weight(&self) -> f64 {
        self.moments[3]
    }
}

/// Some centroids in the order of their numbers: an array a coordinate, in whole registers.
#[derive(Clone)]
pub(in crate::palette) struct Centroids {
    numbers: [u32; MAX_COLORS],
    axes: [[f32; MAX_COLORS]; 3],
    len: usize,
}

/// So far away that it is never nearest.
const FAR: f32 = 1e5;

/// Rounding errors of squared distances are below this; what is so close to equal stays a candidate.
const SLACK: f32 = 0.1;

impl Centroids {
    /// All centroids; from 1 to 256.
    pub(crate) fn new(centroids: &[[f32; 3]]) -> Self {
        let mut all = Self::none();
        for (at, centroid) in centroids.iter().enumerate() {
            all.numbers[at] = at as u32;
            all.axes.iter_mut().zip(centroid).for_each(|(axis, &value)| axis[at] = value);
        }
        all.len = centroids.len();
        all
    }

    fn none() -> Self {
        Self { numbers: [0; MAX_COLORS], axes: [[FAR; MAX_COLORS]; 3], len: 0 }
    }

    /// The place among these of the one nearest to a point, of equally near ones the first.
    #[inline(always)]
    pub(crate) fn nearest(&self, [x, y, z]: [f32; 3]) -> usize {
        let [xs, ys, zs] = &self.axes;
        let mut least = [f32::INFINITY; LANES];
        let mut place = [0_u32; LANES];
        for from in (0..self.len).step_by(LANES) {
            for lane in 0..LANES {
                let (dx, dy, dz) = (xs[from + lane] - x, ys[from + lane] - y, zs[from + lane] - z);
                let distance = dx * dx + dy * dy + dz * dz;
                let nearer = distance < least[lane];
                least[lane] = if nearer { distance } else { least[lane] };
                place[lane] = if nearer { (from + lane) as u32 } else { place[lane] };
            }
        }
        let first = |a: usize, b: usize| (least[a], place[a]) <= (least[b], place[b]);
        place[(1..LANES).fold(0, |best, lane| if first(best, lane) { best } else { lane })] as usize
    }

    /// The squared distances of all from a point; returns how many there are.
    #[inline(always)]
    pub(crate) fn distances(&self, [x, y, z]: [f32; 3], distances: &mut [f32; MAX_COLORS]) -> usize {
        let [xs, ys, zs] = &self.axes;
        for at in 0..self.len {
            let (dx, dy, dz) = (xs[at] - x, ys[at] - y, zs[at] - z);
            distances[at] = dx * dx + dy * dy + dz * dz;
        }
        self.len
    }

    /// Takes those of `all` that may be nearest to a point in a box.
    #[inline(always)]
    fn narrow(&mut self, all: &Self, low: [f32; 3], high: [f32; 3]) {
        let [xs, ys, zs] = &all.axes;
        let twice_middle: [f32; 3] = std::array::from_fn(|axis| low[axis] + high[axis]);
        let side: [f32; 3] = std::array::from_fn(|axis| high[axis] - low[axis]);
        let winner = all.nearest(twice_middle.map(|twice| twice / 2.0));
        let winner = [xs[winner], ys[winner], zs[winner]];
        // A centroid c is farther than the winner w from the corner where it does best, and so from the whole box, when
        // (c - w)(c + w - 2 middle) - |c - w| side, summed over the axes, is above 0.
        let offset: [f32; 3] = std::array::from_fn(|axis| 2.0 * winner[axis] - twice_middle[axis]);
        let mut behind = [0.0; MAX_COLORS];
        for from in (0..all.len).step_by(LANES) {
            for lane in 0..LANES {
                let term = |axis: usize, value: f32| {
                    let apart = value - winner[axis];
                    apart * (apart + offset[axis]) - apart.abs() * side[axis]
                };
                behind[from + lane] = term(0, xs[from + lane]) + term(1, ys[from + lane]) + term(2, zs[from + lane]);
            }
        }
        let mut places = [0_u32; MAX_COLORS];
        self.len = 0;
        for (place, &behind) in (0..).zip(&behind[..all.len]) {
            places[self.len % MAX_COLORS] = place;
            self.len += usize::from(behind <= SLACK);
        }
        for (at, &place) in places[..self.len].iter().enumerate() {
            let place = place as usize % MAX_COLORS;
            self.numbers[at] = all.numbers[place];
            self.axes[0][at] = xs[place];
            self.axes[1][at] = ys[place];
            self.axes[2][at] = zs[place];
        }
        self.axes[0][self.len..self.len.next_multiple_of(LANES)].fill(FAR);
    }

    /// For each point of a group the number of the nearest of these, of equally near ones the first, and its squared
    /// distance.
    #[inline(always)]
    fn nearest_to_group(&self, cloud: &Cloud, group: &Group, nearest: &mut [u32; GROUP], least: &mut [f32; GROUP]) {
        let [xs, ys, zs] = &cloud.axes;
        for from in (0..group.len as usize).step_by(LANES) {
            let place = group.start as usize + from;
            let register = |axis: &[f32]| -> [f32; LANES] { axis[place..place + LANES].try_into().expect("as long") };
            let (x, y, z) = (register(xs), register(ys), register(zs));
            let mut best = [f32::INFINITY; LANES];
            let mut number = [0_u32; LANES];
            for at in 0..self.len {
                let (cx, cy, cz) = (self.axes[0][at], self.axes[1][at], self.axes[2][at]);
                let candidate = self.numbers[at];
                for lane in 0..LANES {
                    let (dx, dy, dz) = (x[lane] - cx, y[lane] - cy, z[lane] - cz);
                    let distance = dx * dx + dy * dy + dz * dz;
                    let nearer = distance < best[lane];
                    best[lane] = if nearer { distance } else { best[lane] };
                    number[lane] = if nearer { candidate } else { number[lane] };
                }
            }
            least[from..from + LANES].copy_from_slice(&best);
            nearest[from..from + LANES].copy_from_slice(&number);
        }
    }
}

/// Groups whose candidates are found among those of a box around all of them.
const FAMILY: usize = 8;

/// Finds the nearest centroids of one group after the other.
struct Search {
    of_family: Centroids,
    of_group: Centroids,
    /// The number of the centroid nearest to each point of the group.
    nearest: [u32; GROUP],
    /// Its squared distance.
    least: [f32; GROUP],
}

impl Search {
    fn new() -> Self {
        let (of_family, of_group) = (Centroids::none(), Centroids::none());
        Self { of_family, of_group, nearest: [0; GROUP], least: [0.0; GROUP] }
    }

    /// Goes on to the next family.
    #[inline(always)]
    fn enter(&mut self, family: &[Group], all: &Centroids) {
        let (mut low, mut high) = (family[0].low, family[0].high);
        for group in &family[1..] {
            for axis in 0..3 {
                low[axis] = low[axis].min(group.low[axis]);
                high[axis] = high[axis].max(group.high[axis]);
            }
        }
        self.of_family.narrow(all, low, high);
    }

    #[inline(always)]
    fn find(&mut self, cloud: &Cloud, group: &Group) {
        self.of_group.narrow(&self.of_family, group.low, group.high);
        self.of_group.nearest_to_group(cloud, group, &mut self.nearest, &mut self.least);
    }
}

vectorised! {
    /// Adds the points of some groups to the clusters of their nearest centroids.
    pub(super) fn add_to_clusters(cloud: &Cloud, groups: &[Group], centroids: &Centroids, clusters: &mut [Cluster]) {
        let mut search = Search::new();
        for family in groups.chunks(FAMILY) {
            search.enter(family, centroids);
            for group in family {
                search.find(cloud, group);
                for (at, place) in group.points().enumerate() {
                    let moments = cloud.moments(place);
                    let cluster = &mut clusters[search.nearest[at] as usize];
                    for (sum, moment) in cluster.moments.iter_mut().zip(moments) {
                        *sum += f64::from(moment);
                    }
                    cluster.error += f64::from(search.least[at] * moments[3]);
                }
            }
        }
    }

    /// Appends the nearest centroid of each point of some groups.
    pub(super) fn append_nearest(cloud: &Cloud, groups: &[Group], centroids: &Centroids, indices: &mut Vec<u8>) {
        let mut search = Search::new();
        for family in groups.chunks(FAMILY) {
            search.enter(family, centroids);
            for group in family {
                search.find(cloud, group);
                indices.extend(search.nearest[..group.len as usize].iter().map(|&number| number as u8));
            }
        }
    }
}
