//! Sums of products, and the linear maps and singular vectors that follow from them.

use super::layout::{BLOCK, INPUTS, NEIGHBOURS};
use crate::linalg::symmetric_eigen;
use ndarray::Array2;

/// Inputs of a prediction and samples of a block, side by side.
pub(super) const JOINT: usize = INPUTS + BLOCK;

/// Sums of products of what blocks are predicted from and what they are.
#[derive(Clone)]
pub(super) struct Moments {
    products: Vec<[f64; JOINT]>,
    pub count: f64,
}

/// Added to the variance of every input, in squared levels, against maps that amplify noise.
const RIDGE: f64 = 2.0;

impl Moments {
    pub(super) fn new() -> Self {
        Self { products: vec![[0.0; JOINT]; JOINT], count: 0.0 }
    }

    pub(super) fn add(&mut self, joint: &[f64; JOINT]) {
        for (row, &value) in self.products.iter_mut().zip(joint) {
            row.iter_mut().zip(joint).for_each(|(sum, &other)| *sum += value * other);
        }
        self.count += 1.0;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (row, others) in self.products.iter_mut().zip(&other.products) {
            row.iter_mut().zip(others).for_each(|(sum, &other)| *sum += other);
        }
        self.count += other.count;
    }

    /// The linear map with the least squared error, and the singular vectors of what it leaves, the strongest first.
    pub(super) fn solve(&self) -> (Vec<[f64; INPUTS]>, Vec<[f64; BLOCK]>) {
        let n = self.count.max(1.0);
        let mut inputs = vec![[0.0; INPUTS]; INPUTS];
        for (i, row) in inputs.iter_mut().enumerate() {
            row.copy_from_slice(&self.products[i][..INPUTS]);
            row[i] += n * RIDGE;
        }
        let factor = cholesky(inputs);
        let map: Vec<[f64; INPUTS]> = (0..BLOCK)
            .map(|sample| solve(&factor, std::array::from_fn(|i| self.products[i][INPUTS + sample])))
            .collect();
        // The covariance of what is left is Cyy - P Cxy - Cyx P' + P Cxx P'.
        let sum = |of: &dyn Fn(usize) -> f64| (0..INPUTS).map(of).sum::<f64>();
        let cross = |a: usize, b: usize| sum(&|i| map[a][i] * self.products[i][INPUTS + b]);
        let mapped: Vec<[f64; INPUTS]> =
            map.iter().map(|row| std::array::from_fn(|j| sum(&|i| row[i] * self.products[i][j]))).collect();
        let mut left = Array2::zeros((BLOCK, BLOCK));
        for ((a, b), value) in left.indexed_iter_mut() {
            let both = sum(&|i| mapped[a][i] * map[b][i]);
            *value = (self.products[INPUTS + a][INPUTS + b] - cross(a, b) - cross(b, a) + both) / n;
            if a == b {
                // So that there are directions even where nothing is left.
                *value += 1e-3;
            }
        }
        let (_, vectors) = symmetric_eigen(left);
        (map, (0..BLOCK).rev().map(|k| std::array::from_fn(|i| vectors[(k, i)])).collect())
    }
}

fn cholesky(mut a: Vec<[f64; INPUTS]>) -> Vec<[f64; INPUTS]> {
    for i in 0..INPUTS {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            a[i][j] = if i == j { (a[i][i] - sum).max(1e-9).sqrt() } else { (a[i][j] - sum) / a[j][j] };
        }
    }
    a
}

/// Solves A x = b by the Cholesky factor of A.
fn solve(factor: &[[f64; INPUTS]], mut b: [f64; INPUTS]) -> [f64; INPUTS] {
    for i in 0..INPUTS {
        let sum: f64 = (0..i).map(|k| factor[i][k] * b[k]).sum();
        b[i] = (b[i] - sum) / factor[i][i];
    }
    for i in (0..INPUTS).rev() {
        let sum: f64 = (i + 1..INPUTS).map(|k| factor[k][i] * b[k]).sum();
        b[i] = (b[i] - sum) / factor[i][i];
    }
    b
}

/// Sums of products of a sample's differences to its neighbours, and with what is missing to the original.
pub(super) type Normal = [[f64; NEIGHBOURS.len() + 1]; NEIGHBOURS.len()];

/// The weights with the least squared error, by elimination.
pub(super) fn solve_normal(normal: &Normal) -> [f64; NEIGHBOURS.len()] {
    const N: usize = NEIGHBOURS.len();
    let mut a = *normal;
    let mean = (0..N).map(|i| a[i][i]).sum::<f64>() / N as f64;
    for (i, row) in a.iter_mut().enumerate() {
        // Against weights for which there is little evidence.
        row[i] += 1e-3 * mean + 1e3;
    }
    for i in 0..N {
        let pivot = a[i];
        for (j, row) in a.iter_mut().enumerate() {
            if j != i {
                let factor = row[i] / pivot[i];
                row.iter_mut().zip(&pivot).for_each(|(x, &p)| *x -= factor * p);
            }
        }
    }
    std::array::from_fn(|i| a[i][N] / a[i][i])
}
