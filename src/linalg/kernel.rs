//! The inner loop of the matrix product, in vector instructions.
//!
//! A tile of the product has as many rows and columns as the registers hold sums. Every step loads a part of a row of
//! `b`, spreads one element of `a` over a vector for each row of the tile, multiplies and adds. Processors with AVX-512
//! or AVX2 round once for both; the portable tile rounds twice, so the last bits of a product depend on the processor,
//! but never on the number of threads.
#![allow(
    unsafe_code,
    reason = "vectors are loaded through pointers, and a tile for AVX may only run where there is AVX"
)]

#[cfg(target_arch = "x86_64")]
use crate::simd;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// No tile has more rows.
pub(super) const MOST_ROWS: usize = 8;
/// No tile has more columns.
pub(super) const MOST_COLUMNS: usize = 48;

/// One tile's operands. Element (i, k) of `a` is at `a + i * a_row + k * a_step`, element (k, j) of `b` at
/// `b + k * b_step + j`, and element (i, j) of the result at `c + i * c_row + j`.
#[derive(Clone, Copy)]
pub(super) struct Tile<T> {
    pub steps: usize,
    pub a: *const T,
    pub a_row: isize,
    pub a_step: isize,
    pub b: *const T,
    pub b_step: isize,
    pub c: *mut T,
    pub c_row: isize,
}

/// The tiles for one type that suit a processor.
#[derive(Clone, Copy)]
pub(crate) struct Kernel<T: 'static> {
    /// Rows of a tile.
    pub(super) rows: usize,
    /// Columns of a tile, for each vector in its rows.
    pub(super) lanes: usize,
    /// Tiles with one, two and three vectors in a row.
    tiles: [unsafe fn(Tile<T>); 3],
}

impl<T> Kernel<T> {
    /// Adds the product of `a` and `b` to a tile of `vectors` vectors, 1 to 3, in each row.
    ///
    /// # Safety
    /// For all `i < self.rows`, `k < tile.steps` and `j < vectors * self.lanes` the elements (i, k) of `a` and (k, j)
    /// of `b` may be read, and the element (i, j) of `c` read and written.
    #[inline]
    pub(super) unsafe fn add_product(&self, vectors: usize, tile: Tile<T>) {
        // SAFETY: the caller vouches for the elements; `Float::kernel` chose a tile that this processor can run.
        unsafe { self.tiles[vectors - 1](tile) }
    }
}

/// f32 or f64, in which matrices are multiplied.
pub(crate) trait Float: ndarray::NdFloat + Into<f64> {
    /// The tiles that suit this processor.
    fn kernel() -> Kernel<Self>;

    /// The nearest number of this type.
    fn nearest(value: f64) -> Self;
}

macro_rules! tile {
    ($(#[$attribute:meta])* $name:ident, $float:ty, $rows:literal x $lanes:literal, $zero:expr, $load:path, $store:path, $spread:path, $add:path, $fused:path) => {
        $(#[$attribute])*
        pub(super) unsafe fn $name<const VECTORS: usize>(tile: Tile<$float>) {
            // SAFETY: these are the elements that `Kernel::add_product` asks its caller for.
            unsafe {
                let mut sums = [[$zero; VECTORS]; $rows];
                let (mut a, mut b) = (tile.a, tile.b);
                for _ in 0..tile.steps {
                    let row: [_; VECTORS] = std::array::from_fn(|j| $load(b.add(j * $lanes)));
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let spread = $spread(*a.offset(i as isize * tile.a_row));
                        for (sum, vector) in sums.iter_mut().zip(row) {
                            *sum = $fused(spread, vector, *sum);
                        }
                    }
                    (a, b) = (a.wrapping_offset(tile.a_step), b.wrapping_offset(tile.b_step));
                }
                for (i, sums) in sums.into_iter().enumerate() {
                    for (j, sum) in sums.into_iter().enumerate() {
                        let at = tile.c.offset(i as isize * tile.c_row + (j * $lanes) as isize);
                        $store(at, $add($load(at), sum));
                    }
                }
            }
        }
    };
}

/// The tile for every processor: vectors of four numbers that the compiler makes what it can of.
macro_rules! portable {
    ($name:ident, $float:ty) => {
        mod $name {
            use super::Tile;

            type Vector = [$float; 4];

            #[inline(always)]
            unsafe fn load(from: *const $float) -> Vector {
                // SAFETY: the caller vouches for four numbers.
                unsafe { from.cast::<Vector>().read_unaligned() }
            }

            #[inline(always)]
            unsafe fn store(at: *mut $float, vector: Vector) {
                // SAFETY: the caller vouches for four numbers.
                unsafe { at.cast::<Vector>().write_unaligned(vector) }
            }

            #[inline(always)]
            fn spread(value: $float) -> Vector {
                [value; 4]
            }

            #[inline(always)]
            fn add(a: Vector, b: Vector) -> Vector {
                std::array::from_fn(|lane| a[lane] + b[lane])
            }

            #[inline(always)]
            fn multiply_add(a: Vector, b: Vector, c: Vector) -> Vector {
                std::array::from_fn(|lane| c[lane] + a[lane] * b[lane])
            }

            tile!(tile, $float, 4 x 4, [0.0; 4], load, store, spread, add, multiply_add);

            pub(super) const KERNEL: super::Kernel<$float> = super::Kernel { rows: 4, lanes: 4, tiles: [tile::<1>, tile::<2>, tile::<3>] };
        }
    };
}

portable!(portable_f32, f32);
portable!(portable_f64, f64);

#[cfg(target_arch = "x86_64")]
mod wide {
    use super::*;

    tile!(
        #[target_feature(enable = "avx512f")]
        avx512_f32, f32, 8 x 16, _mm512_setzero_ps(), _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_add_ps, _mm512_fmadd_ps
    );
    tile!(
        #[target_feature(enable = "avx512f")]
        avx512_f64, f64, 8 x 8, _mm512_setzero_pd(), _mm512_loadu_pd, _mm512_storeu_pd, _mm512_set1_pd, _mm512_add_pd, _mm512_fmadd_pd
    );
    tile!(
        #[target_feature(enable = "avx2,fma")]
        avx2_f32, f32, 4 x 8, _mm256_setzero_ps(), _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_add_ps, _mm256_fmadd_ps
    );
    tile!(
        #[target_feature(enable = "avx2,fma")]
        avx2_f64, f64, 4 x 4, _mm256_setzero_pd(), _mm256_loadu_pd, _mm256_storeu_pd, _mm256_set1_pd, _mm256_add_pd, _mm256_fmadd_pd
    );
}

macro_rules! float {
    ($float:ty, $lanes:literal, $avx512:ident, $avx2:ident, $portable:ident) => {
        impl Float for $float {
            fn kernel() -> Kernel<Self> {
                #[cfg(target_arch = "x86_64")]
                {
                    use wide::{$avx2, $avx512};
                    if simd::has_avx512() {
                        return Kernel { rows: 8, lanes: $lanes, tiles: [$avx512::<1>, $avx512::<2>, $avx512::<3>] };
                    }
                    if simd::has_fma() {
                        return Kernel { rows: 4, lanes: $lanes / 2, tiles: [$avx2::<1>, $avx2::<2>, $avx2::<3>] };
                    }
                }
                $portable::KERNEL
            }

            fn nearest(value: f64) -> Self {
                value as Self
            }
        }
    };
}

float!(f32, 16, avx512_f32, avx2_f32, portable_f32);
float!(f64, 8, avx512_f64, avx2_f64, portable_f64);
