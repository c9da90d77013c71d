//! Singular value decompositions: exact, and of low rank from a few products with the matrix.

use super::options::{Method, SvdOptions};
use super::spectrum::Spectrum;
use crate::error::{Error, Result};
use crate::linalg::{self, Float, product, product_of_transposed, symmetric_eigen};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rand::Rng;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The largest singular values of a matrix with their vectors: A = U diag(s) V^T, or the best approximation of its
/// rank.
///
/// ```
/// use cortado::svd::{Svd, SvdOptions};
/// use ndarray::array;
/// let a = array![[2.0_f64, 0.0, 0.0], [0.0, 3.0, 4.0]];
/// let svd = Svd::of(a.view(), &SvdOptions::new())?;
/// assert_eq!(svd.values(), [5.0, 2.0]);
/// assert!((svd.reconstruct(2) - a).iter().all(|difference| difference.abs() < 1e-12));
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Svd<T = f32> {
    left: Array2<T>,
    values: Vec<f64>,
    right: Array2<T>,
    spectrum: Spectrum,
}

/// The element types of matrices that [`Svd::of`] takes: f32 and f64.
pub trait Element: sealed::Sealed {}

pub(super) mod sealed {
    use super::*;

    /// What is generic would be compiled with a notebook's cell, without optimisation; these are compiled with the
    /// library.
    pub trait Sealed: Sized {
        fn decompose(a: ArrayView2<Self>, options: &SvdOptions) -> Result<Svd<Self>>;
        fn truncated(svd: &Svd<Self>, rank: usize) -> Svd<Self>;
        fn project(svd: &Svd<Self>, rows: ArrayView2<Self>) -> Result<Array2<Self>>;
        fn sum_of_layers(svd: &Svd<Self>, from: usize, to: usize) -> Array2<Self>;
    }
}

macro_rules! element {
    ($float:ty) => {
        impl Element for $float {}

        impl sealed::Sealed for $float {
            fn decompose(a: ArrayView2<Self>, options: &SvdOptions) -> Result<Svd<Self>> {
                decompose(a, options)
            }

            fn truncated(svd: &Svd<Self>, rank: usize) -> Svd<Self> {
                let rank = rank.min(svd.values.len());
                Svd {
                    left: svd.left.slice(s![.., ..rank]).to_owned(),
                    values: svd.values[..rank].to_vec(),
                    right: svd.right.slice(s![..rank, ..]).to_owned(),
                    spectrum: svd.spectrum.clone(),
                }
            }

            fn project(svd: &Svd<Self>, rows: ArrayView2<Self>) -> Result<Array2<Self>> {
                if rows.ncols() != svd.right.ncols() {
                    return Err(Error::ShapeMismatch { expected: vec![svd.right.ncols()], found: vec![rows.ncols()] });
                }
                Ok(product(rows, svd.right.t()))
            }

            fn sum_of_layers(svd: &Svd<Self>, from: usize, to: usize) -> Array2<Self> {
                sum_of_layers(svd, from, to)
            }
        }
    };
}

element!(f32);
element!(f64);

impl<T: Element> Svd<T> {
    /// Decomposes a matrix of shape (m, n), dtype f32 or f64.
    ///
    /// The exact method works in double precision: f32 results are exact to their last digits, singular values of f64
    /// matrices to about 1e-13 of the largest. Singular values below the type's precision, as those of a matrix of low
    /// rank, are left out. It takes about 3 m^2 n + 9 m^3 operations for m <= n; the randomised one 4 m n (2 k + 28)
    /// with 7 iterations for rank k.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a side is 0, when an element is not finite, and for a rank or iterations of 0.
    pub fn of(a: ArrayView2<T>, options: &SvdOptions) -> Result<Self> {
        T::decompose(a, options)
    }

    /// The number of singular values that were found.
    pub fn rank(&self) -> usize {
        self.values.len()
    }

    /// The singular values, largest first.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The left singular vectors as columns: shape (m, rank). In every one the largest element is positive.
    pub fn left(&self) -> &Array2<T> {
        &self.left
    }

    /// The right singular vectors as rows: shape (rank, n).
    pub fn right(&self) -> &Array2<T> {
        &self.right
    }

    /// What is known about every rank.
    pub fn spectrum(&self) -> &Spectrum {
        &self.spectrum
    }

    /// The decomposition of a rank at most.
    #[must_use]
    pub fn truncated(&self, rank: usize) -> Self {
        T::truncated(self, rank)
    }

    /// The best approximation of a rank: the sum of as many layers, or of all there are. Shape (m, n); 2 m n rank
    /// operations.
    pub fn reconstruct(&self, rank: usize) -> Array2<T> {
        T::sum_of_layers(self, 0, rank)
    }

    /// The coordinates of rows of length n along the right singular vectors: shape (rows, rank). The coordinates of the
    /// matrix itself are its left singular vectors times their values.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when the rows have another length.
    pub fn project(&self, rows: ArrayView2<T>) -> Result<Array2<T>> {
        T::project(self, rows)
    }

    /// One layer, the product of a left and a right singular vector and their value, counted from 0. Shape (m, n);
    /// zeros beyond the last.
    pub fn layer(&self, number: usize) -> Array2<T> {
        T::sum_of_layers(self, number, number.saturating_add(1))
    }
}

fn sum_of_layers<T: Float>(svd: &Svd<T>, from: usize, to: usize) -> Array2<T> {
    let to = to.min(svd.values.len());
    let from = from.min(to);
    let values: Array1<T> = svd.values[from..to].iter().map(|&value| T::nearest(value)).collect();
    let scaled = &svd.left.slice(s![.., from..to]) * &values;
    product(scaled.view(), svd.right.slice(s![from..to, ..]))
}

fn decompose<T: Float>(a: ArrayView2<T>, options: &SvdOptions) -> Result<Svd<T>> {
    let (rows, columns) = a.dim();
    if rows == 0 || columns == 0 {
        let found = format!("{rows} x {columns}");
        return Err(Error::out_of_range("matrix size", found, "at least 1 x 1"));
    }
    for (name, number) in [("rank", options.rank.unwrap_or(1)), ("iterations", options.iterations)] {
        if number == 0 {
            return Err(Error::out_of_range(name, "0", "at least 1"));
        }
    }
    // The side with fewer rows is decomposed; numbers of which squares could overflow or vanish are brought near 1
    // first.
    let mut scale = 1.0;
    let mut a = a.as_standard_layout();
    let mut energy = linalg::sum_of_squares(a.as_slice().expect("standard layout"));
    if !(1e-20..1e20).contains(&energy) {
        if let Some(&element) = a.iter().find(|element| !element.is_finite()) {
            return Err(Error::out_of_range("matrix element", element, "finite"));
        }
        let largest = a.iter().fold(0.0f64, |most, &value| most.max(value.into().abs()));
        if largest > 0.0 {
            scale = largest.log2().floor().exp2();
            a = a.mapv(|value| T::nearest(value.into() / scale)).into();
            energy = linalg::sum_of_squares(a.as_slice().expect("standard layout"));
        }
    }
    let turned = rows > columns;
    let wide = if turned { a.t() } else { a.view() };
    let small = wide.nrows();
    let rank = options.rank.unwrap_or(small).min(small);
    let block = (rank / 4 + 4).next_multiple_of(8);
    let randomized = match options.method {
        Method::Exact => false,
        Method::Randomized => block.saturating_mul(options.iterations) < small,
        Method::Auto => block.saturating_mul(options.iterations) < small / 2,
    };
    let mut triplets = match randomized {
        true => krylov(wide, rank, block, options),
        false => exact(wide, rank),
    };
    triplets.make_largest_positive(turned);
    let Triplets { left, values, right, complete } = triplets;
    let values: Vec<f64> = values.into_iter().map(|value| value * scale).collect();
    let spectrum = Spectrum::new((rows, columns), values.clone(), energy * scale * scale, complete);
    let values = values[..values.len().min(rank)].to_vec();
    let (left, right) = match turned {
        false => (left.reversed_axes().as_standard_layout().into_owned(), right),
        true => (right.reversed_axes().as_standard_layout().into_owned(), left),
    };
    Ok(Svd { left, values, right, spectrum })
}

/// Singular vectors, both as rows, and singular values: as many as there are vectors, or more, or all.
struct Triplets<T> {
    left: Array2<T>,
    values: Vec<f64>,
    right: Array2<T>,
    /// Whether the values are all that are not zero.
    complete: bool,
}

impl<T: Float> Triplets<T> {
    /// Vectors are known up to a sign: turns them so that the largest element on one side is positive.
    fn make_largest_positive(&mut self, on_the_right: bool) {
        for (mut left, mut right) in self.left.rows_mut().into_iter().zip(self.right.rows_mut()) {
            let decides = if on_the_right { &right } else { &left };
            let largest = decides.iter().fold(T::zero(), |most, &x| if x.abs() > most.abs() { x } else { most });
            if largest < T::zero() {
                left.mapv_inplace(|x| -x);
                right.mapv_inplace(|x| -x);
            }
        }
    }
}

/// All singular values of a matrix with no more rows than columns, and the vectors of the largest.
///
/// The eigenvectors of A A^T are the left singular vectors. In double precision they tell singular values apart down to
/// 1e-8 of the largest, but what they leave of A is the less orthogonal the smaller it is; what is smaller than a bound
/// is therefore decomposed anew by itself, without the larger ones.
fn exact<T: Float>(a: ArrayView2<T>, rank: usize) -> Triplets<T> {
    let bound = if T::epsilon().into() > 1e-10 { 1e-5 } else { 1e-3 };
    let mut rest = a.mapv(|value| value.into());
    // Rows that turn the left singular vectors of the rest into those of the matrix.
    let mut basis: Option<Array2<f64>> = None;
    let (rows, columns) = a.dim();
    let (mut left, mut right) = (Array2::zeros((rank, rows)), Array2::zeros((rank, columns)));
    let mut values: Vec<f64> = Vec::new();
    loop {
        let (squares, mut vectors) = symmetric_eigen(product_of_transposed(rest.view()));
        vectors.invert_axis(Axis(0));
        let lengths: Vec<f64> = squares.iter().rev().map(|square| square.max(0.0).sqrt()).collect();
        let kept = lengths.iter().take_while(|&&length| length > bound * lengths[0]).count();
        let wanted = kept.min(rank.saturating_sub(values.len()));
        // A singular value is the length of what its left vector takes out of the matrix.
        let taken = product(vectors.slice(s![..wanted, ..]), rest.view());
        let in_matrix = |part: ArrayView2<f64>| match &basis {
            Some(basis) => product(part, basis.view()),
            None => part.to_owned(),
        };
        let wanted_vectors = in_matrix(vectors.slice(s![..wanted, ..]));
        for (number, row) in taken.rows().into_iter().enumerate() {
            let at = values.len();
            let length = row.dot(&row).sqrt();
            left.row_mut(at).assign(&wanted_vectors.row(number).mapv(T::nearest));
            right.row_mut(at).assign(&row.mapv(|x| T::nearest(x / length)));
            values.push(length);
        }
        values.extend(&lengths[wanted..kept]);
        if kept == lengths.len() {
            break;
        }
        let mut smaller = product(vectors.slice(s![kept.., ..]), rest.view());
        let overlaps = right.slice(s![..values.len().min(rank), ..]).mapv(|x| x.into());
        let along = product(smaller.view(), overlaps.t());
        linalg::add_product(smaller.view_mut(), -1.0, along.view(), overlaps.view());
        let energy = smaller.iter().map(|x| x * x).sum::<f64>();
        if kept == 0 || energy.sqrt() <= T::epsilon().into() * values[0] {
            break;
        }
        basis = Some(in_matrix(vectors.slice(s![kept.., ..])));
        rest = smaller;
    }
    let found = values.len().min(rank);
    // Lengths of nearly equal vectors may differ in another order than eigenvalues, in their last digits.
    values.sort_by(|a, b| b.total_cmp(a));
    let (left, right) = (left.slice(s![..found, ..]).to_owned(), right.slice(s![..found, ..]).to_owned());
    Triplets { left, values, right, complete: true }
}

/// The largest singular values of a matrix, found in the space that a block of random vectors spans with its images
/// under the powers of A A^T.
fn krylov<T: Float>(a: ArrayView2<T>, rank: usize, block: usize, options: &SvdOptions) -> Triplets<T> {
    let (rows, columns) = a.dim();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(options.seed);
    let mut start = Array2::from_shape_simple_fn((block, columns), || T::nearest(random.gen_range(-1.0..1.0)));
    let most = block * options.iterations;
    let (mut basis, mut images) = (Array2::zeros((most, rows)), Array2::zeros((most, columns)));
    let mut found = 0;
    for _ in 0..options.iterations {
        let image = product(a, start.t());
        let next = orthonormal(image.t().as_standard_layout().into_owned(), basis.slice(s![..found, ..]));
        start = product(next.view(), a);
        let places = found..found + next.nrows();
        basis.slice_mut(s![places.clone(), ..]).assign(&next);
        images.slice_mut(s![places.clone(), ..]).assign(&start);
        found = places.end;
    }
    let (basis, images) = (basis.slice(s![..found, ..]), images.slice(s![..found, ..]));
    let inner = exact(images, rank.min(found));
    let left = product(inner.left.view(), basis);
    let mut values = inner.values;
    values.truncate(rank);
    Triplets { left, values, right: inner.right, complete: false }
}

/// Rows of length 1 that are at right angles to each other and to those of `basis`, and span with these what the given
/// rows span with them, up to rounding; perhaps fewer.
fn orthonormal<T: Float>(mut rows: Array2<T>, basis: ArrayView2<T>) -> Array2<T> {
    let epsilon: f64 = T::epsilon().into();
    // What is no longer than this beside the rows as they came is their rounding.
    let rounding = 64.0 * epsilon * 64.0 * epsilon * linalg::sum_of_squares(rows.as_slice().expect("standard layout"));
    // Rounding leaves something in the directions of the basis that a second time takes away. It shortens vectors
    // hardly, or there was nothing but rounding in them.
    for least in [rounding, 0.25] {
        let along = product(rows.view(), basis.t());
        linalg::add_product(rows.view_mut(), -T::one(), along.view(), basis);
        let gram = product_of_transposed(rows.view()).mapv(|x| x.into());
        let (squares, vectors) = symmetric_eigen(gram);
        let largest = squares.last().copied().unwrap_or(0.0);
        let bound = least.max(16.0 * epsilon * largest);
        let first = squares.iter().position(|&square| square > bound).unwrap_or(squares.len());
        let lengths: Array1<f64> = squares[first..].iter().map(|square| square.sqrt()).collect();
        let weights = &vectors.slice(s![first.., ..]) / &lengths.insert_axis(Axis(1));
        rows = product(weights.mapv(T::nearest).view(), rows.view());
    }
    rows
}
