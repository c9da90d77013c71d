//! Threshold matrices of ordered dithering: numbers from 0 to n - 1, each once, spread over a square that can be tiled.

use std::sync::LazyLock;

/// The numbers of a square of `side` x `side`, row by row.
pub(super) struct Thresholds {
    side: usize,
    numbers: Vec<u16>,
}

impl Thresholds {
    /// The number at a pixel as a share of the count, above 0 and below 1.
    #[inline]
    pub(super) fn at(&self, y: usize, x: usize) -> f32 {
        let number = self.numbers[y % self.side * self.side + x % self.side];
        (f32::from(number) + 0.5) / self.numbers.len() as f32
    }
}

/// Bayer's matrix of 8 x 8: the regular pattern of early displays.
pub(super) static BAYER: LazyLock<Thresholds> = LazyLock::new(|| {
    let number =
        |y: u16, x: u16| (0..3).fold(0, |number, bit| number << 2 | ((x ^ y) >> bit & 1) << 1 | (y >> bit & 1));
    Thresholds { side: 8, numbers: (0..64).map(|at| number(at / 8, at % 8)).collect() }
});

/// Blue noise of 64 x 64 by void and cluster (Robert Ulichney, 1993): neighbours differ, and no pattern shows.
pub(super) static BLUE_NOISE: LazyLock<Thresholds> = LazyLock::new(|| {
    let side = 64;
    Thresholds { side, numbers: void_and_cluster(side) }
});

/// How crowded every place is: each point adds a Gaussian bell around it, on a torus.
struct Crowd {
    side: usize,
    points: Vec<bool>,
    density: Vec<f32>,
    /// The bell from the point outwards, `REACH` places to each side.
    bell: Vec<f32>,
}

/// Where the bell of standard deviation 1.9 has fallen to a ten-thousandth.
const REACH: usize = 8;

impl Crowd {
    fn new(side: usize) -> Self {
        let squared = |offset: usize| (offset as f32 - REACH as f32).powi(2);
        let width = 2 * REACH + 1;
        let bell =
            (0..width * width).map(|at| (-(squared(at / width) + squared(at % width)) / (2.0 * 1.9 * 1.9)).exp());
        Self { side, points: vec![false; side * side], density: vec![0.0; side * side], bell: bell.collect() }
    }

    /// Sets or takes away the point at a place.
    fn toggle(&mut self, place: usize) {
        let (side, width) = (self.side, 2 * REACH + 1);
        self.points[place] = !self.points[place];
        let sign = if self.points[place] { 1.0 } else { -1.0 };
        for dy in 0..width {
            let row = (place / side + side + dy - REACH) % side * side;
            for dx in 0..width {
                self.density[row + (place % side + side + dx - REACH) % side] += sign * self.bell[dy * width + dx];
            }
        }
    }

    /// The point in the tightest cluster.
    fn cluster(&self) -> usize {
        let points = (0..self.points.len()).filter(|&place| self.points[place]);
        points.max_by(|&a, &b| self.density[a].total_cmp(&self.density[b])).expect("there are points")
    }

    /// The free place in the largest void.
    fn void(&self) -> usize {
        let free = (0..self.points.len()).filter(|&place| !self.points[place]);
        free.min_by(|&a, &b| self.density[a].total_cmp(&self.density[b])).expect("there are free places")
    }
}

fn void_and_cluster(side: usize) -> Vec<u16> {
    let count = side * side;
    let mut crowd = Crowd::new(side);
    // A tenth of the places, scattered by steps of the golden ratio, then evened out: the tightest point moves to the
    // largest void until it is the void.
    for point in 0..count / 10 {
        let place = ((point as u64 * 2_654_435_769 % (1 << 32) * count as u64) >> 32) as usize;
        if !crowd.points[place] {
            crowd.toggle(place);
        }
    }
    for _ in 0..count {
        let tightest = crowd.cluster();
        crowd.toggle(tightest);
        let void = crowd.void();
        crowd.toggle(void);
        if void == tightest {
            break;
        }
    }
    // The scattered points are numbered downwards, tightest first; the rest upwards, largest void first.
    let mut numbers = vec![0; count];
    let scattered: Vec<usize> = (0..count).filter(|&place| crowd.points[place]).collect();
    for number in (0..scattered.len()).rev() {
        let tightest = crowd.cluster();
        crowd.toggle(tightest);
        numbers[tightest] = number as u16;
    }
    for &place in &scattered {
        crowd.toggle(place);
    }
    for number in scattered.len()..count {
        let void = crowd.void();
        crowd.toggle(void);
        numbers[void] = number as u16;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_occurs_once() {
        for thresholds in [&*BAYER, &*BLUE_NOISE] {
            let mut numbers = thresholds.numbers.clone();
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..(thresholds.side * thresholds.side) as u16));
        }
        assert_eq!(BAYER.numbers[..8], [0, 32, 8, 40, 2, 34, 10, 42]);
    }

    #[test]
    fn blue_noise_is_even_over_small_squares() {
        let side = BLUE_NOISE.side;
        let mean_of_square = |square: usize| {
            let (top, left) = (square / 8 * 8, square % 8 * 8);
            let numbers = (0..64).map(|at| f64::from(BLUE_NOISE.numbers[(top + at / 8) * side + left + at % 8]));
            numbers.sum::<f64>() / 64.0
        };
        let mean = (side * side - 1) as f64 / 2.0;
        let variance = (0..64).map(|square| (mean_of_square(square) - mean).powi(2)).sum::<f64>() / 64.0;
        // The mean of 64 numbers drawn at random has a standard deviation of 148.
        assert!(variance.sqrt() < 60.0, "{}", variance.sqrt());
    }
}
