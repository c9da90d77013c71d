//! x
mod clusters;
mod decompose;
mod factors;
pub mod femto;
mod options;
mod planes;
mod spectrum;

pub use decompose::{Element, Svd};
pub use factors::{FactorOptions, QuantizedSvd};
pub use options::{Method, SvdOptions};
pub use planes::{PhotoSvd, Planes, grey_photo};
pub use spectrum::Spectrum;
