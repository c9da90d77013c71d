//! Eigenvalues and eigenvectors of a symmetric matrix, by dividing a tridiagonal one (Cuppen 1981).

use super::gemm::product;
use super::secular::{eigenvalue, fitting_vector};
use super::tridiagonal::Tridiagonal;
use super::vectors::rotate;
use ndarray::{Array2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

/// Up to this size the QL method is faster than dividing.
const SMALL: usize = 32;

/// The eigenvalues, ascending, and the eigenvectors as rows, of the symmetric matrix of which `a` has the lower
/// triangle. About 9 n^3 operations; all numbers must be finite.
pub(crate) fn symmetric_eigen(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    // By a power of two, so that nothing is rounded.
    let largest = a.iter().fold(f64::MIN_POSITIVE, |most, value| most.max(value.abs()));
    let scale = largest.log2().floor().exp2();
    a.mapv_inplace(|value| value / scale);
    let mut tridiagonal = Tridiagonal::of(a);
    let mut values = std::mem::take(&mut tridiagonal.diagonal);
    let mut vectors = Array2::zeros((values.len(), values.len()));
    divide(&mut values, &mut tridiagonal.beside, vectors.view_mut());
    tridiagonal.turn_back(&mut vectors);
    values.iter_mut().for_each(|value| *value *= scale);
    (values, vectors)
}

/// Replaces the diagonal of a tridiagonal matrix by its eigenvalues and `vectors`, which is zero, by its eigenvectors
/// as rows.
fn divide(diagonal: &mut [f64], beside: &mut [f64], mut vectors: ArrayViewMut2<f64>) {
    let size = diagonal.len();
    if size <= SMALL {
        vectors.diag_mut().fill(1.0);
        ql(diagonal, beside, vectors.view_mut());
        let sorted = order(diagonal);
        let (values, rows) = (diagonal.to_vec(), vectors.to_owned());
        for (place, &from) in sorted.iter().enumerate() {
            diagonal[place] = values[from];
            vectors.row_mut(place).assign(&rows.row(from));
        }
        return;
    }
    let half = size / 2;
    let coupling = beside[half - 1];
    diagonal[half - 1] -= coupling.abs();
    diagonal[half] -= coupling.abs();
    {
        let (first, second) = vectors.multi_slice_mut((s![..half, ..half], s![half.., half..]));
        let (first_diagonal, second_diagonal) = diagonal.split_at_mut(half);
        let (first_beside, second_beside) = beside.split_at_mut(half);
        rayon::join(
            || divide(first_diagonal, &mut first_beside[..half - 1], first),
            || divide(second_diagonal, second_beside, second),
        );
    }
    merge(diagonal, vectors, half, coupling);
}

/// Which columns of a row of `vectors` are not zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    First,
    Both,
    Second,
}

/// One eigenvector of the undivided matrix that is known from the halves, or of which only the share in all others is.
struct Row {
    value: f64,
    share: f64,
    part: Part,
    at: usize,
}

/// Joins the eigenvalues and eigenvectors of two halves that are coupled by one element.
fn merge(values: &mut [f64], mut vectors: ArrayViewMut2<f64>, half: usize, coupling: f64) {
    let size = values.len();
    // The coupled matrix is the diagonal one plus rho z z^T, and z has length 1.
    let rho = 2.0 * coupling.abs();
    let (above, below) = (std::f64::consts::FRAC_1_SQRT_2, std::f64::consts::FRAC_1_SQRT_2.copysign(coupling));
    let share = |row: usize| match row < half {
        true => above * vectors[(row, half - 1)],
        false => below * vectors[(row, half)],
    };
    let sorted = order(values).into_iter().map(|at| {
        let part = if at < half { Part::First } else { Part::Second };
        Row { value: values[at], share: share(at), part, at }
    });
    let sorted: Vec<Row> = sorted.collect();
    let largest = sorted.iter().fold(0.0f64, |most, row| most.max(row.value.abs()).max(row.share.abs()));
    let tolerance = 8.0 * f64::EPSILON * largest;

    // A row without a share in z, or with a value so close to another's that it can be turned to have none, is an
    // eigenvector.
    let (mut done, mut open): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    for mut row in sorted {
        if rho * row.share.abs() <= tolerance {
            done.push(row);
            continue;
        }
        if let Some(before) = open.last() {
            let length = row.share.hypot(before.share);
            let (cosine, sine) = (row.share / length, -before.share / length);
            if ((row.value - before.value) * cosine * sine).abs() <= tolerance {
                let mut before = open.pop().expect("there is a last one");
                let (mut a, mut b) = vectors.multi_slice_mut((s![before.at, ..], s![row.at, ..]));
                let (a, b) = (a.as_slice_mut().expect("a row"), b.as_slice_mut().expect("a row"));
                rotate(a, b, cosine, sine);
                let (x, y) = (before.value, row.value);
                before.value = x * cosine * cosine + y * sine * sine;
                row.value = x * sine * sine + y * cosine * cosine;
                row.share = length;
                if before.part != row.part {
                    (before.part, row.part) = (Part::Both, Part::Both);
                }
                done.push(before);
            }
        }
        open.push(row);
    }

    let poles: Vec<f64> = open.iter().map(|row| row.value).collect();
    let squares: Vec<f64> = open.iter().map(|row| row.share * row.share).collect();
    let count = open.len();
    let mut shares = Array2::<f64>::zeros((count, count));
    let rows: Vec<_> = shares.axis_iter_mut(Axis(0)).enumerate().collect();
    let solve = |(j, row): (usize, ndarray::ArrayViewMut1<f64>)| {
        eigenvalue(j, &poles, &squares, rho, row.into_slice().expect("a row"))
    };
    let mut results: Vec<f64> = rows.into_par_iter().with_min_len(16).map(solve).collect();
    let rows = shares.rows();
    let fitting = fitting_vector(&poles, rows.into_iter().map(|row| row.to_slice().expect("a row")));

    // The rows in the order of their parts, so that products can leave out what is zero.
    let mut by_part: Vec<usize> = (0..count).collect();
    by_part.sort_by_key(|&row| open[row].part);
    let end_of = |part| by_part.partition_point(|&row| open[row].part <= part);
    let (firsts, boths) = (end_of(Part::First), end_of(Part::Both));
    let mut weights = Array2::zeros((count, count));
    for (mut weights, distances) in weights.rows_mut().into_iter().zip(shares.rows()) {
        for (weight, &row) in weights.iter_mut().zip(&by_part) {
            *weight = fitting[row].copysign(open[row].share) / distances[row];
        }
        let length = weights.dot(&weights).sqrt();
        weights.mapv_inplace(|weight| weight / length);
    }
    let places: Vec<usize> = by_part.iter().map(|&row| open[row].at).collect();
    let left = vectors.slice(s![.., ..half]).select(Axis(0), &places[..boths]);
    let right = vectors.slice(s![.., half..]).select(Axis(0), &places[firsts..]);
    let left = product(weights.slice(s![.., ..boths]), left.view());
    let right = product(weights.slice(s![.., firsts..]), right.view());
    let kept = vectors.select(Axis(0), &done.iter().map(|row| row.at).collect::<Vec<_>>());

    results.extend(done.iter().map(|row| row.value));
    for (place, from) in order(&results).into_iter().enumerate() {
        values[place] = results[from];
        let mut row = vectors.row_mut(place);
        if from < count {
            row.slice_mut(s![..half]).assign(&left.row(from));
            row.slice_mut(s![half..]).assign(&right.row(from));
        } else {
            row.assign(&kept.row(from - count));
        }
    }
    debug_assert_eq!(results.len(), size);
}

/// The places of the values from the least to the greatest.
fn order(values: &[f64]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    places
}

/// The implicit QL method (Bowdler, Martin, Reinsch, Wilkinson 1968), with the eigenvectors as rows.
fn ql(diagonal: &mut [f64], beside: &[f64], mut vectors: ArrayViewMut2<f64>) {
    let size = diagonal.len();
    let mut beside = [beside, &[0.0]].concat();
    for first in 0..size {
        // Two or three turns are usual.
        for _ in 0..60 {
            let small = |at: &usize| {
                let around = diagonal[*at].abs() + diagonal[at + 1].abs();
                beside[*at].abs() <= f64::EPSILON * around
            };
            let last = (first..size - 1).find(small).unwrap_or(size - 1);
            if last == first {
                break;
            }
            let shift = (diagonal[first + 1] - diagonal[first]) / (2.0 * beside[first]);
            let mut g = diagonal[last] - diagonal[first] + beside[first] / (shift + shift.hypot(1.0).copysign(shift));
            let (mut sine, mut cosine, mut shifted) = (1.0, 1.0, 0.0);
            let mut underflow = false;
            for i in (first..last).rev() {
                let (f, b) = (sine * beside[i], cosine * beside[i]);
                let length = f.hypot(g);
                beside[i + 1] = length;
                if length == 0.0 {
                    diagonal[i + 1] -= shifted;
                    beside[last] = 0.0;
                    underflow = true;
                    break;
                }
                (sine, cosine) = (f / length, g / length);
                g = diagonal[i + 1] - shifted;
                let r = (diagonal[i] - g) * sine + 2.0 * cosine * b;
                shifted = sine * r;
                diagonal[i + 1] = g + shifted;
                g = cosine * r - b;
                let (mut upper, mut lower) = vectors.multi_slice_mut((s![i, ..], s![i + 1, ..]));
                let (upper, lower) = (upper.as_slice_mut().expect("a row"), lower.as_slice_mut().expect("a row"));
                rotate(upper, lower, cosine, -sine);
            }
            if !underflow {
                diagonal[first] -= shifted;
                beside[first] = g;
                beside[last] = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest entry of A v - lambda v and of V V^T - I, in units of the largest eigenvalue's and of 1's last
    /// place.
    fn check(a: &Array2<f64>) -> (Vec<f64>, f64, f64) {
        let (values, vectors) = symmetric_eigen(a.clone());
        let scale = values.iter().fold(f64::MIN_POSITIVE, |most, value| most.max(value.abs()));
        let mut left = product(vectors.view(), a.view());
        for (mut row, (vector, &value)) in left.rows_mut().into_iter().zip(vectors.rows().into_iter().zip(&values)) {
            row.scaled_add(-value, &vector);
        }
        let mut gram = product(vectors.view(), vectors.t());
        gram.diag_mut().iter_mut().for_each(|value| *value -= 1.0);
        let most = |m: &Array2<f64>| m.iter().fold(0.0f64, |most, value| most.max(value.abs())) / f64::EPSILON;
        assert!(values.is_sorted());
        (values, most(&left) / scale, most(&gram))
    }

    fn assert_exact(a: &Array2<f64>, what: &str) -> Vec<f64> {
        let (values, residual, overlap) = check(a);
        let bound = 40.0 + 2.0 * (a.nrows() as f64).sqrt();
        assert!(residual < bound && overlap < bound, "{what}: {residual} {overlap}");
        values
    }

    fn symmetric(size: usize, at: impl Fn(usize, usize) -> f64) -> Array2<f64> {
        Array2::from_shape_fn((size, size), |(i, j)| at(i.max(j), i.min(j)))
    }

    #[test]
    fn eigenvectors_of_awkward_matrices() {
        let noise = |i: usize, j: usize| ((i * 7919 + j * 104_729 + i * j * 31) as f64 * 0.37).sin();
        for size in [0, 1, 2, 3, 31, 32, 33, 64, 65, 97, 130, 257, 400] {
            assert_exact(&symmetric(size, noise), &format!("noise {size}"));
            assert_exact(&Array2::zeros((size, size)), "zeros");
            assert_exact(&Array2::eye(size), "identity");
            assert_exact(&Array2::ones((size, size)), "ones");
            assert_exact(&symmetric(size, |i, j| f64::from(i == j + 1)), "a path");
            assert_exact(&symmetric(size, |i, j| f64::from(i == j) * (i as f64 * 0.1)), "a diagonal");
            assert_exact(&symmetric(size, |i, j| 1e-9 * noise(i, j) + f64::from(i == j)), "nearly the identity");
            assert_exact(&symmetric(size, |i, j| 1e-280 * noise(i, j)), "tiny");
            assert_exact(&symmetric(size, |i, j| 0.5f64.powi((i + j) as i32)), "steep");
            // Wilkinson's matrix: pairs of eigenvalues that agree to the last digits.
            let middle = size as f64 / 2.0;
            assert_exact(
                &symmetric(size, |i, j| if i == j { (i as f64 - middle).abs() } else { f64::from(i == j + 1) }),
                "Wilkinson",
            );
            if size > 0 {
                let factors = Array2::from_shape_fn((size, 3), |(i, j)| noise(i, j + 5));
                let values = assert_exact(&product(factors.view(), factors.t()), "rank 3");
                assert!(values.iter().rev().skip(3).all(|value| value.abs() < 1e-11));
            }
        }
    }

    #[test]
    fn eigenvalues_of_a_path() {
        let size = 300;
        let values = assert_exact(&symmetric(size, |i, j| f64::from(i == j + 1)), "a path");
        for (k, value) in values.iter().rev().enumerate() {
            let expected = 2.0 * ((k + 1) as f64 * std::f64::consts::PI / (size + 1) as f64).cos();
            assert!((value - expected).abs() < 1e-13, "{k}: {value} {expected}");
        }
    }
}
