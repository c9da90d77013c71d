//! Operations on one or two vectors, and on a triangle of a matrix with a vector.

use super::kernel::Float;
use crate::simd::vectorised;

const LANES: usize = 8;

/// The sum of squares, in double precision.
pub(crate) fn sum_of_squares<T: Float>(values: &[T]) -> f64 {
    // In parts, so that the numbers in double precision stay in the cache.
    let mut doubles = Vec::with_capacity(512);
    let mut sum = 0.0;
    for part in values.chunks(512) {
        doubles.clear();
        doubles.extend(part.iter().map(|&value| value.into()));
        sum += dot(&doubles, &doubles);
    }
    sum
}

vectorised! {
    /// The sum of products, in eight partial sums.
    pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
        let mut sums = [0.0; LANES];
        let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
        for (a, b) in a.zip(b) {
            for lane in 0..LANES {
                sums[lane] += a[lane] * b[lane];
            }
        }
        sums.iter().sum::<f64>() + rest
    }

    /// Adds `factor * x` to `y`.
    pub(super) fn add_scaled(y: &mut [f64], factor: f64, x: &[f64]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y += factor * x;
        }
    }

    /// Turns two vectors in their plane: `a` becomes `cosine * a + sine * b`, and `b` becomes `cosine * b - sine * a`.
    pub(super) fn rotate(a: &mut [f64], b: &mut [f64], cosine: f64, sine: f64) {
        for (a, b) in a.iter_mut().zip(b) {
            (*a, *b) = (cosine * *a + sine * *b, cosine * *b - sine * *a);
        }
    }

    /// The product of a symmetric matrix with `x`. Of the matrix, whose rows start `stride` apart in `a`, only the
    /// lower triangle is read, and only once.
    pub(super) fn symmetric_product(a: &[f64], stride: usize, x: &[f64], y: &mut [f64]) {
        const ROWS: usize = 4;
        y.fill(0.0);
        let size = x.len();
        let whole = size / ROWS * ROWS;
        for top in (0..whole).step_by(ROWS) {
            let rows: [&[f64]; ROWS] = std::array::from_fn(|i| &a[(top + i) * stride..][..top + ROWS]);
            let factors: [f64; ROWS] = std::array::from_fn(|i| x[top + i]);
            let mut sums = [[0.0; LANES]; ROWS];
            let long = top / LANES * LANES;
            for at in (0..long).step_by(LANES) {
                let (x, y) = (&x[at..at + LANES], &mut y[at..at + LANES]);
                let mut added = [0.0; LANES];
                for i in 0..ROWS {
                    let row = &rows[i][at..at + LANES];
                    for lane in 0..LANES {
                        sums[i][lane] += row[lane] * x[lane];
                        added[lane] += row[lane] * factors[i];
                    }
                }
                for lane in 0..LANES {
                    y[lane] += added[lane];
                }
            }
            for i in 0..ROWS {
                let mut sum: f64 = sums[i].iter().sum();
                for at in long..top + i {
                    sum += rows[i][at] * x[at];
                    y[at] += rows[i][at] * factors[i];
                }
                y[top + i] += sum + rows[i][top + i] * factors[i];
            }
        }
        for row in whole..size {
            let (left, factor) = (&a[row * stride..][..row + 1], x[row]);
            let mut sum = left[row] * factor;
            for at in 0..row {
                sum += left[at] * x[at];
                y[at] += left[at] * factor;
            }
            y[row] += sum;
        }
    }
}
