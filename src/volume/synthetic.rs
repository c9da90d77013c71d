//! Synthetic tissue: volumes of any size whose boundaries resemble those of segmented electron micrographs.

use super::Volume;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::memory;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// How to make a volume of synthetic tissue.
///
/// Neurites run along z, wander and change their calibre; they touch each other, with a little background (0) where
/// gaps stay. They are the cells of a power diagram (a Voronoi diagram with weights) around jittered points, seen
/// through two layers of smooth noise that bend the cells and roughen their boundaries.
///
/// ```
/// use cortado::volume::TissueOptions;
/// let tissue = TissueOptions::new([8, 64, 64]).seed(1).generate()?;
/// assert_eq!(tissue.shape(), [8, 64, 64]);
/// # Ok::<(), cortado::Error>(())
/// ```
///
/// How near the defaults come to a real volume in what Compresso sees, by `cargo run --release --example tissue`: 128 x
/// 512 x 512 voxels of tissue, and the 512 x 512 x 512 segmented voxels of an electron micrograph that Compresso's
/// authors distribute. The real one has cell bodies and many thin neurites, where these are all of one size.
///
/// | | tissue | EM volume |
/// |---|---|---|
/// | boundary voxels | 7.7 % | 6.8 % |
/// | voxels that change from slice to slice | 7.5 % | 9.6 % |
/// | voxels a component | 502 | 571 |
/// | location entries, of the voxels | 0.86 % | 0.74 % |
/// | different windows of 4 x 4 | 9,230 | 19,184 |
/// | compression ratio | 41.9 | 48.8 |
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TissueOptions {
    shape: [usize; 3],
    seed: u64,
    diameter: f32,
    anisotropy: f32,
}

impl TissueOptions {
    /// A volume of `shape` (z, y, x): neurites about 30 voxels across, slices five widths of a voxel apart.
    pub const fn new(shape: [usize; 3]) -> Self {
        Self { shape, seed: 0, diameter: 30.0, anisotropy: 5.0 }
    }

    /// Seed of all random choices: the same seed gives the same volume, on any number of threads.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// About how wide a neurite is, in voxels of x and y; at least 4.
    #[must_use]
    pub const fn diameter(mut self, voxels: f32) -> Self {
        self.diameter = voxels;
        self
    }

    /// Distance between slices in widths of a voxel: 5 for slices of 40 nm with pixels of 8 nm. At least 0.1.
    #[must_use]
    pub const fn anisotropy(mut self, ratio: f32) -> Self {
        self.anisotropy = ratio;
        self
    }

    /// Makes the volume. Costs some 0.1 microseconds a voxel, shared by the threads of rayon's current pool.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when an option is; [`Error::TooLarge`] for more voxels than the default [`Limits`] have.
    pub fn generate(&self) -> Result<Volume<u32>> {
        if !(4.0..=1e4).contains(&self.diameter) {
            return Err(Error::out_of_range("diameter", self.diameter, "from 4 to 10000 voxels"));
        }
        if !(0.1..=100.0).contains(&self.anisotropy) {
            return Err(Error::out_of_range("anisotropy", self.anisotropy, "from 0.1 to 100"));
        }
        let [_, height, width] = self.shape;
        let voxels = self.shape.iter().fold(1u64, |product, &side| product.saturating_mul(side as u64));
        let mut labels = memory::try_zeroed(Limits::new().check_voxels(voxels)? as usize)?;
        if !labels.is_empty() {
            let tissue = Tissue::new(self);
            labels.par_chunks_mut(height * width).enumerate().for_each(|(z, slice)| tissue.fill(z, slice, width));
        }
        Volume::from_vec(self.shape, labels)
    }
}

/// The points that neurites grow around: one in each cell of a jittered grid, which is long in z.
struct Tissue {
    bend: [Noise; 2],
    rough: [Noise; 2],
    gaps: Noise,
    /// Edge of a grid cell in x and y, and in z.
    cell: [f32; 2],
    anisotropy: f32,
    /// Grid cells by (z, y, x), one more on each side than the volume reaches with its bends.
    grid: [usize; 3],
    points: Vec<Point>,
}

#[derive(Clone, Copy)]
struct Point {
    x: f32,
    y: f32,
    z: f32,
    weight: f32,
    label: u32,
}

/// Grid cells around the volume, so that every voxel has neighbours on all sides however it is displaced.
const MARGIN: usize = 3;

impl Tissue {
    fn new(options: &TissueOptions) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(options.seed);
        let cell = [options.diameter, 4.0 * options.diameter];
        let [depth, height, width] = options.shape;
        let cells = |side: f32, cell: f32| (side / cell).ceil() as usize + 2 * MARGIN;
        let grid = [
            cells(depth as f32 * options.anisotropy, cell[1]),
            cells(height as f32, cell[0]),
            cells(width as f32, cell[0]),
        ];
        let columns = grid[1] * grid[2];
        let mut labels: Vec<u32> = (1..).take(columns).collect();
        let mut next = columns as u32 + 1;
        let mut points: Vec<Point> = Vec::with_capacity(grid[0] * columns);
        for z in 0..grid[0] {
            for (column, label) in labels.iter_mut().enumerate() {
                // A neurite goes on in the next layer, ends there, or joins the one beside it.
                match random.gen_range(0..10) {
                    0 => (*label, next) = (next, next + 1),
                    1 if column > 0 && z > 0 => *label = points[points.len() - 1].label,
                    _ => (),
                }
                let mut place = |at: usize, edge: f32| (at as f32 - MARGIN as f32 + random.gen_range(0.0..1.0)) * edge;
                let (x, y) = (place(column % grid[2], cell[0]), place(column / grid[2], cell[0]));
                let z = place(z, cell[1]);
                let calibre = random.gen_range(0.0f32..1.0);
                let weight = calibre * calibre * 0.8 * cell[0] * cell[0];
                points.push(Point { x, y, z, weight, label: *label });
            }
        }
        let mut noise = || Noise::new(&mut random);
        Self {
            bend: [noise(), noise()],
            rough: [noise(), noise()],
            gaps: noise(),
            cell,
            anisotropy: options.anisotropy,
            grid,
            points,
        }
    }

    fn fill(&self, z: usize, slice: &mut [u32], width: usize) {
        let z = z as f32 * self.anisotropy;
        let [bend_length, rough_length] = [2.0 * self.cell[0], 0.35 * self.cell[0]];
        for (at, label) in slice.iter_mut().enumerate() {
            let (x, y) = ((at % width) as f32, (at / width) as f32);
            let displacement = |axis: usize| {
                0.9 * self.cell[0] * self.bend[axis].at(x / bend_length, y / bend_length, z / bend_length / 1.5)
                    + 0.10
                        * self.cell[0]
                        * self.rough[axis].at(x / rough_length, y / rough_length, z / rough_length / 1.5)
            };
            let (nearest, distance, second) = self.nearest(x + displacement(0), y + displacement(1), z);
            let open = self.gaps.at(x / bend_length, y / bend_length, z / bend_length);
            let is_gap = open > 0.35 && second - distance < 0.9 * self.cell[0];
            *label = if is_gap { 0 } else { nearest };
        }
    }

    /// The label of the nearest point, its squared distance less its weight, and that of the nearest one of another
    /// label.
    fn nearest(&self, x: f32, y: f32, z: f32) -> (u32, f32, f32) {
        let cell =
            |at: f32, edge: f32, cells: usize| (floor(at / edge) + MARGIN as i32).clamp(1, cells as i32 - 2) as usize;
        let (cx, cy, cz) = (
            cell(x, self.cell[0], self.grid[2]),
            cell(y, self.cell[0], self.grid[1]),
            cell(z, self.cell[1], self.grid[0]),
        );
        let squash = self.cell[0] / self.cell[1];
        let (mut label, mut least, mut second) = (0, f32::INFINITY, f32::INFINITY);
        for layer in cz - 1..=cz + 1 {
            for row in cy - 1..=cy + 1 {
                let first = (layer * self.grid[1] + row) * self.grid[2] + cx - 1;
                for point in &self.points[first..first + 3] {
                    let (dx, dy, dz) = (x - point.x, y - point.y, (z - point.z) * squash);
                    let distance = dx * dx + dy * dy + dz * dz - point.weight;
                    if distance < least {
                        if point.label != label {
                            second = least;
                        }
                        (label, least) = (point.label, distance);
                    } else if distance < second && point.label != label {
                        second = distance;
                    }
                }
            }
        }
        (label, least, second)
    }
}

/// Smooth noise from -1 to 1 that repeats after [`Noise::SIDE`] units.
struct Noise(Vec<f32>);

impl Noise {
    const SIDE: usize = 32;

    fn new(random: &mut Xoshiro256PlusPlus) -> Self {
        Self((0..Self::SIDE.pow(3)).map(|_| random.gen_range(-1.0..1.0)).collect())
    }

    fn at(&self, x: f32, y: f32, z: f32) -> f32 {
        let split = |at: f32| {
            let floor = floor(at);
            let t = at - floor as f32;
            // The lattice shows in a linear blend; this one is smooth.
            (floor.rem_euclid(Self::SIDE as i32) as usize, t * t * (3.0 - 2.0 * t))
        };
        let ((x, tx), (y, ty), (z, tz)) = (split(x), split(y), split(z));
        let next = |at: usize| (at + 1) % Self::SIDE;
        let row = |y: usize, z: usize| {
            let row = &self.0[(z * Self::SIDE + y) * Self::SIDE..][..Self::SIDE];
            row[x] + tx * (row[next(x)] - row[x])
        };
        let plane = |z: usize| row(y, z) + ty * (row(next(y), z) - row(y, z));
        plane(z) + tz * (plane(next(z)) - plane(z))
    }
}

/// As [`f32::floor`], which is a function call on a baseline x86-64.
fn floor(at: f32) -> i32 {
    let truncated = at as i32;
    truncated - i32::from(at < truncated as f32)
}
