//! The engine: weighted k-means on a histogram, as fast as it gets without giving up exactness.
//!
//! 1. [`start`]: the colours are divided, always where they vary most, or drawn as k-means++ does.
//! 2. [`lloyd`]: a few of Lloyd's iterations over the means of 4 x 4 x 4 levels, each a little beyond the mean;
//!    [`kernel`] finds the exact nearest centroids.
//! 3. [`swap`]: centroids move from where they are least missed to where they are most needed, which Lloyd's iteration
//!    cannot do, and iterate on.
//! 4. Plain iterations over all distinct colours.
//!
//! Sums are added up in an order that does not depend on the number of threads, and neither does anything else.

mod cloud;
mod kernel;
mod lloyd;
mod moments;
mod start;
mod swap;

use super::histogram::{ColorHistogram, ColorSet};
use super::options::PaletteOptions;
use super::{Palette, Space};
use cloud::Cloud;
use lloyd::Schedule;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256Plus;

pub(super) use kernel::Centroids;

/// Bins for each centroid, below which they are too coarse and all colours are taken from the start.
const ENOUGH: usize = 8;
/// From a start, over bins: enough to tell where centroids are missing.
const APPROACH: Schedule = Schedule { iterations: 5, gain: 1e-3, relaxation: 1.5 };
/// After each round of swaps.
const SETTLE: Schedule = Schedule { iterations: 5, gain: 1e-3, relaxation: 1.5 };
const ROUNDS: usize = 10;
/// After the last one.
const CONVERGE: Schedule = Schedule { iterations: 10, gain: 1e-3, relaxation: 1.5 };
/// Over all colours, exactly.
const REFINE: Schedule = Schedule { iterations: 3, gain: 0.0, relaxation: 1.0 };

/// The colours of a histogram, ready for palettes to be fitted to.
pub(super) struct Colors {
    space: Space,
    /// Of the histogram.
    exact: Cloud,
    bins: Cloud,
}

impl Colors {
    pub(super) fn new(histogram: &ColorHistogram, space: Space) -> Self {
        let exact = Cloud::of_colors(histogram.colors(), space, Some(histogram.weights()));
        let bins = exact.of_bins(histogram.colors());
        Self { space, exact, bins }
    }

    /// Fits centroids, in 8-bit levels; there are more distinct colours than are asked for.
    pub(super) fn centroids(&self, options: &PaletteOptions) -> Vec<[f64; 3]> {
        let coordinates = |color: &[u8; 3]| self.space.coordinates(*color);
        let locked: Vec<[f32; 3]> = options.locked.iter().map(coordinates).collect();
        let free = options.colors - locked.len();
        let mut rng = Xoshiro256Plus::seed_from_u64(options.seed);
        let cloud = if self.bins.places().count() >= ENOUGH * options.colors { &self.bins } else { &self.exact };
        let mut best = (f64::INFINITY, locked.clone());
        for number in 0..options.starts {
            let mut centroids = locked.clone();
            if number == 0 {
                centroids.extend(options.start.iter().take(free).map(coordinates));
            }
            match options.colors - centroids.len() {
                0 => {}
                missing if number == 0 => centroids.extend(start::divide(cloud, missing)),
                missing => centroids.extend(start::draw(cloud, missing, &mut rng)),
            }
            let inertia = lloyd::iterate(cloud, &mut centroids, locked.len(), APPROACH);
            let inertia = swap::improve(cloud, &mut centroids, inertia, locked.len(), ROUNDS, SETTLE);
            if inertia < best.0 {
                best = (inertia, centroids);
            }
        }
        let (_, mut centroids) = best;
        lloyd::iterate(cloud, &mut centroids, locked.len(), CONVERGE);
        lloyd::iterate(&self.exact, &mut centroids, locked.len(), REFINE);
        centroids.into_iter().map(|centroid| self.space.color(centroid.map(f64::from))).collect()
    }

    /// The number of the palette entry nearest to each colour, of equally near ones the first.
    pub(super) fn nearest(&self, palette: &Palette) -> Vec<u8> {
        lloyd::nearest(&self.exact, &points(palette))
    }
}

/// The number of the palette entry nearest to each colour of a set, of equally near ones the first.
pub(super) fn nearest(colors: &ColorSet, palette: &Palette) -> Vec<u8> {
    lloyd::nearest(&Cloud::of_colors(colors, palette.space(), None), &points(palette))
}

/// The palette's colours in the coordinates of its space.
pub(super) fn points(palette: &Palette) -> Vec<[f32; 3]> {
    palette.colors().iter().map(|&color| palette.space().coordinates(color)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tests::portable;
    use rand::Rng;

    /// Colours in crowds, with a weight each.
    fn histogram(seed: u64, pixels: usize) -> ColorHistogram {
        let mut rng = Xoshiro256Plus::seed_from_u64(seed);
        let crowds: Vec<[u8; 3]> = (0..9).map(|_| rng.r#gen()).collect();
        let samples: Vec<u8> = (0..pixels)
            .flat_map(|_| {
                let middle = crowds[rng.gen_range(0..crowds.len())];
                middle.map(|level| level.saturating_add(rng.gen_range(0..24)).saturating_sub(rng.gen_range(0..24)))
            })
            .collect();
        ColorHistogram::of_pixels(&samples, 3, None)
    }

    fn some_centroids(seed: u64, count: usize) -> Vec<[f32; 3]> {
        let mut rng = Xoshiro256Plus::seed_from_u64(seed);
        (0..count).map(|_| std::array::from_fn(|_| rng.gen_range(0.0..255.0))).collect()
    }

    /// The definition; coordinates of 8-bit colours and their squared distances are exact in f32 where centroids are
    /// whole.
    fn by_brute_force(point: [f32; 3], centroids: &[[f32; 3]]) -> u8 {
        let distance = |centroid: &[f32; 3]| {
            let [dx, dy, dz]: [f32; 3] = std::array::from_fn(|axis| point[axis] - centroid[axis]);
            dx * dx + dy * dy + dz * dz
        };
        let mut best = 0;
        for (at, centroid) in centroids.iter().enumerate() {
            if distance(centroid) < distance(&centroids[best]) {
                best = at;
            }
        }
        best as u8
    }

    #[test]
    fn the_nearest_is_the_nearest_and_ties_go_to_the_first() {
        for (seed, space) in [(0, Space::Srgb), (1, Space::Oklab), (2, Space::Srgb)] {
            let histogram = histogram(seed, 4000);
            let colors = Colors::new(&histogram, space);
            for count in [1, 2, 7, 8, 9, 100, 255, 256] {
                let mut centroids = some_centroids(seed, count);
                if space == Space::Oklab {
                    centroids = centroids.iter().map(|c| space.coordinates(c.map(|value| value as u8))).collect();
                } else if seed == 2 {
                    // Whole numbers a few levels apart, and each twice: ties.
                    centroids = centroids.iter().map(|c| c.map(|value| (value / 16.0).round() * 16.0)).collect();
                    let half = count / 2;
                    centroids.copy_within(..half, count - half);
                }
                for cloud in [&colors.exact, &colors.bins] {
                    let expected = cloud.places().map(|place| by_brute_force(cloud.point(place), &centroids));
                    let expected: Vec<u8> = expected.collect();
                    assert_eq!(lloyd::nearest(cloud, &centroids), expected, "{space}, {count} centroids");
                    assert_eq!(portable(|| lloyd::nearest(cloud, &centroids)), expected);
                }
            }
        }
    }

    #[test]
    fn plain_iterations_never_raise_the_inertia() {
        for seed in 0..4 {
            let colors = Colors::new(&histogram(seed, 3000), Space::Srgb);
            let mut centroids = some_centroids(seed, 12);
            let mut last = f64::INFINITY;
            for _ in 0..20 {
                let once = Schedule { iterations: 1, gain: 0.0, relaxation: 1.0 };
                let inertia = lloyd::iterate(&colors.exact, &mut centroids, 0, once);
                // A centroid without points takes a part of a crowd: never worse either.
                assert!(inertia <= last * (1.0 + 1e-6), "{inertia} after {last}");
                last = inertia;
            }
        }
    }

    #[test]
    fn swaps_find_crowds_that_the_start_missed() {
        let colors = Colors::new(&histogram(5, 3000), Space::Srgb);
        // All centroids in one corner but for one.
        let mut centroids: Vec<[f32; 3]> = (0..9).map(|i| [f32::from(i as u8), 0.0, 0.0]).collect();
        let stuck = lloyd::iterate(&colors.bins, &mut centroids, 0, CONVERGE);
        let improved = swap::improve(&colors.bins, &mut centroids, stuck, 0, ROUNDS, SETTLE);
        assert!(improved <= stuck);
        let (clusters, inertia) = lloyd::clusters(&colors.bins, &centroids);
        assert!(clusters.iter().all(|cluster| cluster.weight() > 0.0));
        assert!(inertia <= improved * (1.0 + 1e-6));
    }

    #[test]
    fn all_processors_add_up_the_same() {
        let colors = Colors::new(&histogram(7, 5000), Space::Oklab);
        let centroids = some_centroids(7, 40);
        let wide = lloyd::clusters(&colors.exact, &centroids);
        assert_eq!(portable(|| lloyd::clusters(&colors.exact, &centroids)), wide);
    }
}
