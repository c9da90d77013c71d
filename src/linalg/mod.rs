//! The dense linear algebra that singular values need: matrix products, and the symmetric eigenvalue problem.

mod eigen;
mod gemm;
mod kernel;
mod secular;
mod tridiagonal;
mod vectors;

pub(crate) use eigen::symmetric_eigen;
pub(crate) use gemm::{add_product, product, product_of_transposed};
pub(crate) use kernel::Float;
pub(crate) use vectors::sum_of_squares;
