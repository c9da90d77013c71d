//! x
mod decompose;
mod options;
mod spectrum;

pub use decompose::{Element, Svd};
pub use options::{Method, SvdOptions};
pub use spectrum::Spectrum;
