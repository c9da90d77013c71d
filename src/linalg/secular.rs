//! The eigenvalues of a diagonal matrix plus a multiple of z z^T: the zeros of the secular function
//! f(x) = 1 + rho * sum of z_i^2 / (d_i - x).
//!
//! Between two neighbours of `d` lies one zero. It is looked for from the nearer of both, so that its distance from
//! every d_i is known to the last bits even where d_i are close (Gu, Eisenstat 1994).

use crate::simd::vectorised;

const LANES: usize = 4;

vectorised! {
    /// Sums of z_i^2 / (d_i - x) and of z_i^2 / (d_i - x)^2 over a part of the poles.
    fn sums(squares: &[f64], poles: &[f64], x: f64) -> [f64; 2] {
        let (mut values, mut slopes) = ([0.0; LANES], [0.0; LANES]);
        let (z, d) = (squares.chunks_exact(LANES), poles.chunks_exact(LANES));
        let (mut value, mut slope) = (0.0, 0.0);
        for (z, d) in z.remainder().iter().zip(d.remainder()) {
            let quotient = z / (d - x);
            value += quotient;
            slope += quotient / (d - x);
        }
        for (z, d) in z.zip(d) {
            for lane in 0..LANES {
                let inverse = 1.0 / (d[lane] - x);
                let quotient = z[lane] * inverse;
                values[lane] += quotient;
                slopes[lane] += quotient * inverse;
            }
        }
        [value + values.iter().sum::<f64>(), slope + slopes.iter().sum::<f64>()]
    }

    /// Multiplies each product by its distance from an eigenvalue over its distance from the pole before it.
    fn multiply(products: &mut [f64], distances: &[f64], poles: &[f64], pole: f64) {
        for ((product, distance), d) in products.iter_mut().zip(distances).zip(poles) {
            *product *= distance / (d - pole);
        }
    }
}

/// The eigenvalue after pole `j`. The distances of all poles from it, `d_i - x`, are left in `distances`.
pub(super) fn eigenvalue(j: usize, poles: &[f64], squares: &[f64], rho: f64, distances: &mut [f64]) -> f64 {
    let count = poles.len();
    let last = j + 1 == count;
    let width = if last { rho * squares.iter().sum::<f64>() } else { poles[j + 1] - poles[j] };
    let shift_by = |origin: f64, distances: &mut [f64]| {
        distances.iter_mut().zip(poles).for_each(|(distance, d)| *distance = d - origin);
    };
    // The terms are summed on both sides of a pole: the value and slope of either side give a pole's weight in a model.
    let split = if last { j.max(1) } else { j + 1 };
    let evaluate = |distances: &[f64], x: f64| {
        let [left, left_slope] = sums(&squares[..split], &distances[..split], x).map(|sum| rho * sum);
        let [right, right_slope] = sums(&squares[split..], &distances[split..], x).map(|sum| rho * sum);
        (left, left_slope, right, right_slope)
    };
    let mut origin = poles[j];
    shift_by(origin, distances);
    let (mut low, mut high, mut x) = (0.0, width, 0.5 * width);
    if !last {
        let (left, _, right, _) = evaluate(distances, x);
        if 1.0 + left + right < 0.0 {
            origin = poles[j + 1];
            shift_by(origin, distances);
            (low, high, x) = (-0.5 * width, 0.0, -0.5 * width);
        } else {
            high = x;
        }
    }
    for _ in 0..100 {
        let (left, left_slope, right, right_slope) = evaluate(distances, x);
        let value = 1.0 + left + right;
        let slope = left_slope + right_slope;
        if value < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let noise = f64::EPSILON * (8.0 * (1.0 + left.abs() + right.abs()) + x.abs() * slope);
        if value.abs() <= noise {
            break;
        }
        // A model with a pole on either side (for the last zero, with the last two poles) that has the same value and
        // slopes.
        let step = if count == 1 {
            width - x
        } else {
            let (p, q) = (distances[split - 1] - x, distances[split] - x);
            let c = value - p * left_slope - q * right_slope;
            let a = (p + q) * value - p * q * slope;
            let b = p * q * value;
            let root = (a * a - 4.0 * b * c).max(0.0).sqrt();
            match (last, a > 0.0) {
                (false, false) => (a - root) / (2.0 * c),
                (false, true) => 2.0 * b / (a + root),
                (true, false) => 2.0 * b / (a - root),
                (true, true) => (a + root) / (2.0 * c),
            }
        };
        let next = x + step;
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        if next == x || next == low || next == high {
            break;
        }
        x = next;
    }
    distances.iter_mut().for_each(|distance| *distance -= x);
    origin + x
}

/// The vector z for which the computed eigenvalues are the exact ones, up to signs and a common factor. `distances`
/// gives a row for every eigenvalue, as [`eigenvalue`] leaves it.
pub(super) fn fitting_vector<'a>(poles: &[f64], distances: impl Iterator<Item = &'a [f64]>) -> Vec<f64> {
    let mut products = vec![1.0; poles.len()];
    for (j, distances) in distances.enumerate() {
        multiply(&mut products[..j], &distances[..j], &poles[..j], poles[j]);
        products[j] *= distances[j];
        multiply(&mut products[j + 1..], &distances[j + 1..], &poles[j + 1..], poles[j]);
    }
    products.into_iter().map(|product| product.abs().sqrt()).collect()
}
