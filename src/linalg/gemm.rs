//! Products of matrices.
//!
//! The method is Goto's: parts of both matrices that fit a cache are copied into the order in which the inner loop
//! reads them. A part that is read but once or twice, in rows already, is not worth the copy: the products of a large
//! matrix with a few vectors take their time from memory alone.

use super::kernel::{Float, Kernel, MOST_COLUMNS, MOST_ROWS, Tile};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

/// Steps of the inner loop between one load of a tile's sums and their store. As sums are rounded when they are stored,
/// it is the same for all threads.
const STEPS: usize = 384;
/// Rows of `a` that are copied at once, for a second-level cache.
const ROWS: usize = 512;
/// Columns of `b` that are copied at once.
const COLUMNS: usize = 32 * MOST_COLUMNS;
/// Multiplications for which another thread is worth waking.
const PARALLEL: usize = 1 << 22;

/// `a * b`, of shapes (m, k) and (k, n).
pub(crate) fn product<T: Float>(a: ArrayView2<T>, b: ArrayView2<T>) -> Array2<T> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    add_product(c.view_mut(), T::one(), a, b);
    c
}

/// The lower triangle of `a * a^T`, and of the upper triangle what comes along.
pub(crate) fn product_of_transposed<T: Float>(a: ArrayView2<T>) -> Array2<T> {
    let mut c = Array2::zeros((a.nrows(), a.nrows()));
    add_lower(c.view_mut(), T::one(), a, a.t());
    c
}

/// Adds `factor * a * b` to the lower triangle of the square matrix `c`, and to some of the upper.
pub(crate) fn add_lower<T: Float>(mut c: ArrayViewMut2<T>, factor: T, a: ArrayView2<T>, b: ArrayView2<T>) {
    const BAND: usize = 256;
    let bands: Vec<_> = c.axis_chunks_iter_mut(Axis(0), BAND).enumerate().collect();
    // The last bands are the longest; who starts with them is done first.
    bands.into_par_iter().rev().for_each(|(number, band)| {
        let from = number * BAND;
        let to = from + band.nrows();
        let band = band.slice_move(s![.., ..to]);
        add_on_this_thread(band, factor, a.slice(s![from..to, ..]), b.slice(s![.., ..to]));
    });
}

/// Adds `factor * a * b` to `c`, of shapes (m, k), (k, n) and (m, n), on the threads of the current pool. The sums are
/// the same on any number of them.
pub(crate) fn add_product<T: Float>(mut c: ArrayViewMut2<T>, factor: T, a: ArrayView2<T>, b: ArrayView2<T>) {
    let (rows, columns) = c.dim();
    let parts = (rows * columns * a.ncols() / PARALLEL).clamp(1, 4 * rayon::current_num_threads());
    if parts == 1 || rayon::current_num_threads() == 1 {
        return add_on_this_thread(c, factor, a, b);
    }
    let (axis, len, unit) = if rows >= columns { (Axis(0), rows, MOST_ROWS) } else { (Axis(1), columns, MOST_COLUMNS) };
    let len = len.div_ceil(parts).next_multiple_of(unit);
    let parts: Vec<_> = c.axis_chunks_iter_mut(axis, len).enumerate().collect();
    parts.into_par_iter().for_each(|(number, mut part)| {
        let (from, shape) = (number * len, part.dim());
        match axis {
            Axis(0) => add_on_this_thread(part.view_mut(), factor, a.slice(s![from..from + shape.0, ..]), b),
            _ => add_on_this_thread(part.view_mut(), factor, a, b.slice(s![.., from..from + shape.1])),
        }
    });
}

fn add_on_this_thread<T: Float>(mut c: ArrayViewMut2<T>, factor: T, a: ArrayView2<T>, b: ArrayView2<T>) {
    let kernel = T::kernel();
    let width = 3 * kernel.lanes;
    // What is in the right order already, and serves a few panels of the other matrix only, is read in place.
    let a_stays = a.strides()[1] == 1 && factor == T::one() && b.ncols() <= 2 * width;
    let b_stays = b.strides()[1] == 1 && a.nrows() <= 10 * kernel.rows;
    let (mut a_copy, mut b_copy) = (Vec::new(), Vec::new());
    for left in (0..b.ncols()).step_by(COLUMNS) {
        let right = b.ncols().min(left + COLUMNS);
        for first in (0..a.ncols()).step_by(STEPS) {
            let last = a.ncols().min(first + STEPS);
            let b = Panels::new(
                b.slice(s![first..last, left..right]).reversed_axes(),
                width,
                b_stays,
                T::one(),
                &mut b_copy,
            );
            for top in (0..a.nrows()).step_by(ROWS) {
                let bottom = a.nrows().min(top + ROWS);
                let a = Panels::new(a.slice(s![top..bottom, first..last]), kernel.rows, a_stays, factor, &mut a_copy);
                add_block(&kernel, c.slice_mut(s![top..bottom, left..right]), &a, &b);
            }
        }
    }
}

/// A matrix as panels of so many rows (or, of the right factor, columns), in the order in which tiles read them.
struct Panels<'a, T> {
    /// The matrix itself, whose first panels may be read in place.
    matrix: ArrayView2<'a, T>,
    in_place: usize,
    /// The other panels, step after step, filled up with zeros.
    copy: &'a [T],
    rows: usize,
}

impl<'a, T: Float> Panels<'a, T> {
    fn new(matrix: ArrayView2<'a, T>, rows: usize, stays: bool, factor: T, copy: &'a mut Vec<T>) -> Self {
        let steps = matrix.ncols();
        let in_place = if stays { matrix.nrows() / rows } else { 0 };
        copy.clear();
        for panel in matrix.slice(s![in_place * rows.., ..]).axis_chunks_iter(Axis(0), rows) {
            let from = copy.len();
            copy.resize(from + rows * steps, T::zero());
            let out = &mut copy[from..];
            if panel.strides()[0] == 1 {
                for (out, column) in out.chunks_exact_mut(rows).zip(panel.columns()) {
                    let column = column.to_slice().expect("rows are neighbours in memory");
                    out.iter_mut().zip(column).for_each(|(out, &value)| *out = factor * value);
                }
            } else {
                for (row, values) in panel.rows().into_iter().enumerate() {
                    out[row..].iter_mut().step_by(rows).zip(values).for_each(|(out, &value)| *out = factor * value);
                }
            }
        }
        Self { matrix, in_place, copy, rows }
    }

    fn steps(&self) -> usize {
        self.matrix.ncols()
    }

    /// A panel's first element, and how far apart its rows and its steps are.
    fn panel(&self, number: usize) -> (*const T, isize, isize) {
        if number < self.in_place {
            let strides = self.matrix.strides();
            let start = &raw const self.matrix[(number * self.rows, 0)];
            (start, strides[0], strides[1])
        } else {
            (self.copy[(number - self.in_place) * self.rows * self.steps()..].as_ptr(), 1, self.rows as isize)
        }
    }
}

/// Adds the product of two blocks, tile after tile.
#[allow(unsafe_code, reason = "tiles take pointers")]
fn add_block<T: Float>(kernel: &Kernel<T>, mut c: ArrayViewMut2<T>, a: &Panels<T>, b: &Panels<T>) {
    let (rows, columns) = c.dim();
    for left in (0..columns).step_by(b.rows) {
        let width = b.rows.min(columns - left);
        let vectors = width.div_ceil(kernel.lanes);
        let (b_start, _, b_step) = b.panel(left / b.rows);
        for top in (0..rows).step_by(a.rows) {
            let height = a.rows.min(rows - top);
            let (a_start, a_row, a_step) = a.panel(top / a.rows);
            let mut part = c.slice_mut(s![top..top + height, left..left + width]);
            let whole = height == a.rows && width == vectors * kernel.lanes && part.strides()[1] == 1;
            let mut edge = [T::zero(); MOST_ROWS * MOST_COLUMNS];
            let (target, c_row) = match whole {
                true => (part.as_mut_ptr(), part.strides()[0]),
                false => (edge.as_mut_ptr(), MOST_COLUMNS as isize),
            };
            let tile = Tile { steps: a.steps(), a: a_start, a_row, a_step, b: b_start, b_step, c: target, c_row };
            // SAFETY: a panel has all of its rows, in place or filled up with zeros, and as many steps in both blocks,
            // whose steps are `a.steps()`; the rows of `b`'s panels are `3 * kernel.lanes` neighbours in memory. The
            // target is the whole tile within `c`, or an array that is as large as any tile.
            unsafe { kernel.add_product(vectors, tile) };
            if !whole {
                for (row, sums) in part.rows_mut().into_iter().zip(edge.chunks_exact(MOST_COLUMNS)) {
                    row.into_iter().zip(sums).for_each(|(value, &sum)| *value += sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tests::portable;

    fn textbook(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
        Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| (0..a.ncols()).map(|k| a[(i, k)] * b[(k, j)]).sum())
    }

    /// Whole numbers, so that no sum is rounded.
    fn matrix(rows: usize, columns: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17 + i * j) % 13) as f64 - 6.0)
    }

    #[test]
    fn products_of_all_shapes_and_orders() {
        let sides = [0, 1, 2, 7, 8, 9, 16, 17, 47, 49, 100, 131, 260];
        for (m, k, n) in sides.iter().flat_map(|&m| sides.iter().flat_map(move |&k| sides.map(|n| (m, k, n)))) {
            let (a, b) = (matrix(m, k), matrix(k, n));
            let expected = textbook(&a, &b);
            // The same matrices with their other side contiguous.
            let (a_turned, b_turned) =
                (a.t().as_standard_layout().into_owned(), b.t().as_standard_layout().into_owned());
            let mut upside_down = a.slice(s![..;-1, ..]).to_owned();
            upside_down.invert_axis(Axis(0));
            for a in [a.view(), a_turned.t(), upside_down.view()] {
                for b in [b.view(), b_turned.t()] {
                    assert_eq!(product(a, b), expected, "{m} {k} {n}");
                }
            }
            assert_eq!(portable(|| product(a.view(), b.view())), expected, "{m} {k} {n}");
            let single = product(a.mapv(|x| x as f32).view(), b.mapv(|x| x as f32).view());
            assert_eq!(single.mapv(f64::from), expected, "{m} {k} {n}");
            let mut doubled = expected.clone();
            add_product(doubled.view_mut(), -2.0, a.view(), b.view());
            assert_eq!(doubled, -expected, "{m} {k} {n}");
        }
    }

    #[test]
    fn the_lower_triangle_of_a_product() {
        for (rows, columns) in [(0, 3), (1, 1), (255, 3), (257, 40), (600, 7)] {
            let a = matrix(rows, columns);
            let (lower, all) = (product_of_transposed(a.view()), product(a.view(), a.t()));
            assert!(lower.indexed_iter().all(|((i, j), &value)| j > i || value == all[(i, j)]));
        }
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let a = Array2::from_shape_fn((517, 803), |(i, j)| f64::sin((i * 803 + j) as f64));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (product(a.view(), a.t()), product(a.t(), a.view()), product_of_transposed(a.view())))
        };
        assert_eq!(on(1), on(3));
    }
}
