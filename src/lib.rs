//! Cortado: image and label-volume codecs made to be taught with and tuned in Jupyter notebooks.
//!
//! | module | what it is for |
//! |---|---|
//! | [`photo`] | [`Photo`]: 8-bit RGB or grey pictures, in and out |
//! | [`metrics`] | how good and how small: MSE, PSNR, SSIM, bits per pixel, compression ratio |
//! | [`palette`] | k-means palette quantisation, indexed PNG |
//! | [`svd`] | singular values: rank selection, quantised factors, the femto archives |
//! | [`laff`] | photos in half the bytes of JPEG, by learnt singular vectors |
//! | [`volume`] | [`Volume`]: labels on a grid, in and out; synthetic tissue |
//! | [`compresso`] | label volumes as their boundaries, byte-compatible with Python's `compresso` |
//! | [`ristretto`] | label volumes as small as they get, with every damage noticed |
//! | [`neuroglancer`] | Neuroglancer's compressed_segmentation |
//! | [`second_stage`] | gzip, bzip2, xz, zstd, brotli, LZ4 and LZW behind one enum |
//! | [`codec`], [`catalogue`] | what a codec says of itself; all of them, and settings as text |
//! | [`sweep`] | parameter sweeps, on threads or on Apache Spark |
//! | [`plot`] | figures as values: curve, bars, heatmap, swatches, side by side, slider |
//! | [`table`] | tidy tables of results |
//! | [`file`](mod@file) | whole files, read under a limit and written atomically |
//! | [`notebook`] | how each of these shows itself at the end of a cell |
//!
//! Its arrays are those of [`ndarray`], which is exported. Features: `image-types` converts photos from and to the
//! pictures of the crate `image`, `serde` writes and reads options, settings and tables, `parquet` keeps tables as
//! Parquet files.
//!
//! ```
//! use cortado::prelude::*;
//! let china = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/china.jpg"))?;
//! let palette = Palette::fit(&china, &PaletteOptions::new().colors(128).sample(1000).seed(0))?;
//! let indexed = palette.quantize(&china);
//! println!("{:.1} dB", psnr(&china, &indexed.to_photo())?);
//! println!("{}", indexed.storage()?.table());
//! # Ok::<(), cortado::Error>(())
//! ```
#![deny(missing_docs)]
#![deny(unsafe_code)]

pub mod catalogue;
pub mod codec;
pub mod compresso;
mod error;
pub mod file;
#[cfg(not(rust_analyzer))]
mod jpeg;
pub mod laff;
mod lengths;
mod limits;
mod linalg;
mod memory;
pub mod metrics;
mod mixing;
mod names;
pub mod neuroglancer;
pub mod notebook;
mod npy;
pub mod palette;
pub mod photo;
pub mod plot;
mod range_coder;
pub mod ristretto;
pub mod second_stage;
mod simd;
pub mod svd;
pub mod sweep;
pub mod table;
// Hidden from a notebook's analyser, as other readers are; see DESIGN.md.
#[cfg(not(rust_analyzer))]
mod tiff;
pub mod volume;
mod words;

pub use catalogue::{Grid, Setting};
pub use error::{Error, Result};
pub use limits::Limits;
pub use memory::memory_may_be_refused;
pub use palette::{IndexedPhoto, Palette, PaletteOptions};
pub use photo::{Photo, PhotoFormat};
pub use table::Table;
pub use volume::{AnyVolume, Volume};

#[cfg(all(feature = "image-types", not(rust_analyzer)))]
pub use image;
pub use ndarray;

/// Everything a notebook needs, for `use cortado::prelude::*;`.
pub mod prelude {
    pub use crate::catalogue::{Grid, Setting};
    pub use crate::compresso::{self, CompressoArray, CompressoOptions, Connectivity, Steps, Stream};
    pub use crate::error::Error;
    pub use crate::laff::{self, Ingredients, LaffOptions, Profile};
    pub use crate::limits::Limits;
    pub use crate::metrics::{bits_per_pixel, compression_ratio, error_map, mse, psnr, psnr_luma, ssim, ssimulacra2};
    pub use crate::neuroglancer;
    pub use crate::palette::{ColorHistogram, Dither, Effort, Engine, QuantizeOptions, Space};
    pub use crate::palette::{IndexedPhoto, Palette, PaletteOptions};
    pub use crate::photo::{Photo, PhotoFormat};
    pub use crate::plot::{Bars, Curve, Figure, Heatmap, Slider, label_slice, rate_distortion};
    pub use crate::plot::{side_by_side, spectrum_curve, swatches};
    pub use crate::ristretto::{self, Level, RistrettoArray, RistrettoOptions};
    pub use crate::second_stage::SecondStage;
    pub use crate::svd::femto::{self, Femto, FemtoOptions};
    pub use crate::svd::{
        FactorOptions, Method, PatchSvd, PhotoSvd, Planes, QuantizedSvd, Spectrum, Svd, SvdOptions, nearest_rows,
        patches, rows_of,
    };
    pub use crate::sweep::{Backend, Input, Measures, Spark, Sweep, Threads};
    pub use crate::table::Table;
    pub use crate::volume::{AnyVolume, TissueOptions, Volume, VolumeView};
}
