//! Singular values: a matrix as a sum of layers, the strongest first, and how many of them a photo needs.
//!
//! Every matrix A of shape (m, n) is a sum of layers s u v^T, where u is a column and v^T a row of length 1, and the
//! *singular values* s fall from layer to layer. The first k layers are the best approximation of rank k that there is.
//! They take k (m + n + 1) numbers where the matrix has m n, which is why one can compress with them, and not well: at
//! equal quality such a file is a few times larger than a JPEG file. It is where energy is compacted, noise removed and
//! features are found that singular values win. The walkthrough `02-svd-rank` shows both.
//!
//! | what | for |
//! |---|---|
//! | [`Svd`] | a matrix decomposed, exactly or by a randomised method, f32 or f64 |
//! | [`Spectrum`] | the error of every rank, and ranks by rule: energy, PSNR, bytes, elbow, noise |
//! | [`PhotoSvd`], [`Planes`] | a photo's planes decomposed, and put together again |
//! | [`QuantizedSvd`] | factors in clusters and a stream that can be cut off |
//! | [`encode`], [`decode`], [`open`], [`save`] | a photo as such a stream in one call, and back |
//! | [`femto`] | the JSON archives of the project that this one began with |
//! | [`PatchSvd`], [`patches`], [`rows_of`], [`nearest_rows`] | the small pieces of a photo as a matrix: denoising, features |
//!
//! ```
//! use cortado::prelude::*;
//! let photo = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/china.jpg"))?.to_grey();
//! let svd = PhotoSvd::of(&photo, Planes::Luma, &SvdOptions::new())?;
//! let spectrum = svd.planes()[0].spectrum();
//! let rank = spectrum.rank_for_psnr(30.0)?;
//! // Rounded to 8 bits the photo is as good as its singular values say.
//! assert!((psnr(&photo, &svd.to_photo(rank)?)? - spectrum.psnr(rank)).abs() < 0.5);
//! println!("{rank} layers for 30 dB: {} numbers for {} pixels", spectrum.numbers(rank), photo.pixels());
//! # Ok::<(), cortado::Error>(())
//! ```

mod clusters;
mod codec;
mod decompose;
mod factors;
pub mod femto;
mod femto_codec;
mod options;
mod patches;
mod planes;
mod spectrum;
mod svdq;

pub(crate) use codec::SvdCodec;
pub use decompose::{Element, Svd};
pub use factors::{FactorOptions, QuantizedSvd};
pub(crate) use femto_codec::FemtoCodec;
pub use options::{Method, SvdOptions};
pub use patches::{PatchSvd, nearest_rows, patches, rows_of};
pub use planes::{PhotoSvd, Planes};
pub use spectrum::Spectrum;
pub use svdq::{EncodeOptions, Info, decode, decode_with, encode, info, open, open_with, save};
