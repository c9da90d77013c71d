//! A symmetric matrix made tridiagonal by reflections, and vectors turned back by them.
//!
//! A reflection is I - t v v^T. A panel of them is gathered before the rest of the matrix is updated, by one matrix
//! product; within the panel each takes one pass over the rest, which is what the time goes into (Dongarra, Hammarling,
//! Sorensen 1989).

use super::gemm::{add_lower, add_product, product};
use super::vectors::{add_scaled, dot, symmetric_product};
use ndarray::{Array1, Array2, ArrayView2, s};

/// Reflections that are gathered before the rest of the matrix is updated.
const PANEL: usize = 32;
/// Reflections that vectors are turned back by at once.
const BLOCK: usize = 64;

/// A = Q T Q^T, with T tridiagonal and Q the product of reflections.
pub(super) struct Tridiagonal {
    pub diagonal: Vec<f64>,
    /// What neighbours on the diagonal share: one less than there are.
    pub beside: Vec<f64>,
    /// Row j holds the vector of reflection j, which is zero up to its element j.
    vectors: Array2<f64>,
    factors: Vec<f64>,
}

impl Tridiagonal {
    /// Reads the lower triangle of a square matrix in standard order, with a largest element of about 1. Takes 4/3 n^3
    /// operations, half of them at the speed of memory.
    pub(super) fn of(mut a: Array2<f64>) -> Self {
        let size = a.nrows();
        let (mut diagonal, mut beside) = (vec![0.0; size], vec![0.0; size.saturating_sub(1)]);
        let mut factors = vec![0.0; beside.len()];
        let mut vectors = Array2::zeros((beside.len(), size));
        // Rows 2 i and 2 i + 1 of the one are rows 2 i + 1 and 2 i of the other: v and w of reflection i, w and v.
        let (mut pairs, mut swapped) =
            (Array2::<f64>::zeros((2 * PANEL, size)), Array2::<f64>::zeros((2 * PANEL, size)));
        for start in (0..size).step_by(PANEL) {
            let end = size.min(start + PANEL);
            for j in start..end {
                let pairs_so_far = 2 * (j - start);
                let mut column = a.slice(s![j.., j]).to_owned();
                for (v, w) in pairs.rows().into_iter().zip(swapped.rows()).take(pairs_so_far) {
                    column.scaled_add(-w[j], &v.slice(s![j..]));
                }
                diagonal[j] = column[0];
                if j + 1 == size {
                    break;
                }
                let mut v = vectors.row_mut(j);
                v.slice_mut(s![j + 1..]).assign(&column.slice(s![1..]));
                let v = &mut v.into_slice().expect("a row")[j + 1..];
                (beside[j], factors[j]) = reflection(v);
                let mut w = vec![0.0; size - j - 1];
                if factors[j] != 0.0 {
                    let rest = &a.as_slice().expect("standard order")[(j + 1) * size + j + 1..];
                    symmetric_product(rest, size, v, &mut w);
                    for (x, y) in pairs.rows().into_iter().zip(swapped.rows()).take(pairs_so_far) {
                        let (x, y) = (&x.to_slice().expect("a row")[j + 1..], &y.to_slice().expect("a row")[j + 1..]);
                        add_scaled(&mut w, -dot(y, v), x);
                    }
                    w.iter_mut().for_each(|w| *w *= factors[j]);
                    let along = -0.5 * factors[j] * dot(&w, v);
                    add_scaled(&mut w, along, v);
                }
                let (v, w) = (Array1::from(v.to_vec()), Array1::from(w));
                for (matrix, first, second) in [(&mut pairs, &v, &w), (&mut swapped, &w, &v)] {
                    matrix.slice_mut(s![pairs_so_far, j + 1..]).assign(first);
                    matrix.slice_mut(s![pairs_so_far + 1, j + 1..]).assign(second);
                }
            }
            // Elements that an earlier panel left behind stand before `end`.
            let (pairs, swapped) =
                (pairs.slice(s![..2 * (end - start), end..]), swapped.slice(s![..2 * (end - start), end..]));
            add_lower(a.slice_mut(s![end.., end..]), -1.0, pairs.t(), swapped);
        }
        Self { diagonal, beside, vectors, factors }
    }

    /// Multiplies the rows of a matrix, vectors that refer to T, by Q: they then refer to A. Takes 2 n^2 operations a
    /// row.
    pub(super) fn turn_back(&self, rows: &mut Array2<f64>) {
        for start in (0..self.factors.len()).step_by(BLOCK).rev() {
            let end = self.factors.len().min(start + BLOCK);
            let vectors = self.vectors.slice(s![start..end, start + 1..]);
            let joined = join(vectors, &self.factors[start..end]);
            let along = product(rows.slice(s![.., start + 1..]), vectors.t());
            let along = product(along.view(), joined.t());
            add_product(rows.slice_mut(s![.., start + 1..]), -1.0, along.view(), vectors);
        }
    }
}

/// Turns `x` into the vector of a reflection that leaves of `x` its first element only; gives that element and the
/// factor.
fn reflection(x: &mut [f64]) -> (f64, f64) {
    let below: f64 = dot(&x[1..], &x[1..]);
    // Beside a largest element of about 1, what has smaller squares is nothing.
    if below < 1e-200 {
        let first = x[0];
        x[0] = 1.0;
        return (first, 0.0);
    }
    let length = -(x[0] * x[0] + below).sqrt().copysign(x[0]);
    let factor = (length - x[0]) / length;
    let scale = 1.0 / (x[0] - length);
    x.iter_mut().for_each(|x| *x *= scale);
    x[0] = 1.0;
    (length, factor)
}

/// The matrix T by which the product of reflections is I - V T V^T, where V has their vectors as columns (Schreiber,
/// Van Loan 1989).
fn join(vectors: ArrayView2<f64>, factors: &[f64]) -> Array2<f64> {
    let overlaps = product(vectors, vectors.t());
    let mut joined = Array2::zeros(overlaps.dim());
    for (i, &factor) in factors.iter().enumerate() {
        let column = joined.slice(s![..i, ..i]).dot(&overlaps.slice(s![..i, i])) * -factor;
        joined.slice_mut(s![..i, i]).assign(&column);
        joined[(i, i)] = factor;
    }
    joined
}
