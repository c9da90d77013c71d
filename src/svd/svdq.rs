//! Photos as streams of quantised factors, in one call each way.

use super::{FactorOptions, PhotoSvd, Planes, QuantizedSvd, SvdOptions};
use crate::error::{Error, Result};
use crate::file::{self, Existing};
use crate::limits::Limits;
use crate::photo::Photo;
use std::path::Path;

/// How a photo becomes a stream of quantised factors: `EncodeOptions::new().rank(40).chroma_rank(10)`.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct EncodeOptions {
    pub(super) rank: usize,
    pub(super) chroma_rank: Option<usize>,
    pub(super) planes: Planes,
    pub(super) clusters: usize,
    pub(super) stages: usize,
    pub(super) seed: u64,
}

impl EncodeOptions {
    /// 32 singular values of each of Y, Cb and Cr; clusters and stages as in [`FactorOptions::new`].
    pub const fn new() -> Self {
        let FactorOptions { clusters, stages, seed, .. } = FactorOptions::new();
        Self { rank: 32, chroma_rank: None, planes: Planes::YCbCr, clusters, stages, seed }
    }

    /// Singular values of the first plane, at least 1; as many as there are where that is less.
    pub const fn rank(mut self, rank: usize) -> Self {
        self.rank = rank;
        self
    }

    /// Singular values of the other planes; as many as of the first unless set.
    pub const fn chroma_rank(mut self, rank: usize) -> Self {
        self.chroma_rank = Some(rank);
        self
    }

    /// The planes that a colour photo is split into; a grey one is its only plane.
    pub const fn planes(mut self, planes: Planes) -> Self {
        self.planes = planes;
        self
    }

    /// The values that entries are reduced to in a stage, from 1 to 256.
    pub const fn clusters(mut self, clusters: usize) -> Self {
        self.clusters = clusters;
        self
    }

    /// Stages of clusters, from 1 to 4, each for what the ones before leave.
    pub const fn stages(mut self, stages: usize) -> Self {
        self.stages = stages;
        self
    }

    /// The seed of the random choices.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The stream of a photo: its planes decomposed, truncated and quantised.
///
/// # Errors
/// [`Error::OutOfRange`] for options outside their ranges, else as [`QuantizedSvd::encode`].
pub fn encode(photo: &Photo, options: &EncodeOptions) -> Result<Vec<u8>> {
    let &EncodeOptions { rank, chroma_rank, planes, clusters, stages, seed } = options;
    let chroma_rank = chroma_rank.unwrap_or(rank);
    if rank.min(chroma_rank) == 0 {
        return Err(Error::out_of_range("rank", "0", "at least 1"));
    }
    let planes = if photo.is_grey() { Planes::Luma } else { planes };
    let (most, least) = (rank.max(chroma_rank), photo.height().min(photo.width()));
    let mut ranks = vec![rank.min(least)];
    ranks.resize(planes.count(), chroma_rank.min(least));
    let svd = PhotoSvd::of(photo, planes, &SvdOptions::new().rank(most.min(least)).seed(seed))?;
    let factors = FactorOptions::new().clusters(clusters).stages(stages).seed(seed);
    QuantizedSvd::fit(&svd.truncated(&ranks)?, &factors)?.encode()
}

/// The photo of a stream, under the default [`Limits`].
///
/// # Errors
/// As [`QuantizedSvd::decode_with`].
pub fn decode(bytes: &[u8]) -> Result<Photo> {
    decode_with(bytes, &Limits::new())
}

/// The photo of a stream.
///
/// # Errors
/// As [`QuantizedSvd::decode_with`].
pub fn decode_with(bytes: &[u8], limits: &Limits) -> Result<Photo> {
    QuantizedSvd::decode_with(bytes, limits)?.to_photo()
}

/// The photo of a `.svdq` file, under the default [`Limits`].
///
/// # Errors
/// As [`open_with`].
pub fn open(path: impl AsRef<Path>) -> Result<Photo> {
    open_with(path, &Limits::new())
}

/// As [`open`], under limits for all that is in memory at once.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, else as [`QuantizedSvd::decode_with`].
pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Photo> {
    file::open(path.as_ref(), limits, decode_with)
}

/// Writes the stream of a photo to a file, replacing an existing one.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written, else as [`encode`].
pub fn save(photo: &Photo, path: impl AsRef<Path>, options: &EncodeOptions) -> Result<()> {
    file::write(path.as_ref(), &encode(photo, options)?, Existing::Replace)
}

/// What a stream's header says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Rows of the photo.
    pub height: usize,
    /// Columns of the photo.
    pub width: usize,
    /// Which planes it holds.
    pub planes: Planes,
    /// Singular values of every plane.
    pub ranks: Vec<usize>,
}

/// Reads a stream's header.
///
/// # Errors
/// As [`QuantizedSvd::decode_with`], but only the header is looked at.
pub fn info(bytes: &[u8], limits: &Limits) -> Result<Info> {
    let header = QuantizedSvd::header(bytes, limits)?.0;
    let (height, width) = header.shape();
    Ok(Info { height, width, planes: header.kind(), ranks: header.ranks() })
}
