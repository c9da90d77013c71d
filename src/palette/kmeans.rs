//! k-means by linfa: the reference, and the path that the walkthrough teaches.

use super::options::PaletteOptions;
use crate::error::{Error, Result};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;

/// The centroids of the clusters of `sample`, in 8-bit levels; needs more distinct colours than are asked for.
pub(super) fn centroids(sample: &[[u8; 3]], options: &PaletteOptions, rng: Xoshiro256Plus) -> Result<Vec<[f64; 3]>> {
    let observations = Array2::from_shape_fn((sample.len(), 3), |(pixel, channel)| f64::from(sample[pixel][channel]));
    let model = KMeans::params_with_rng(options.colors, rng)
        // linfa's default is ten runs: ten times the time for a few tenths of a per cent of error.
        .n_runs(1)
        .init_method(KMeansInit::KMeansPlusPlus)
        .max_n_iterations(options.max_iterations)
        .tolerance(options.tolerance)
        .fit(&DatasetBase::from(observations))
        .map_err(|error| Error::Unsupported(format!("k-means found no palette: {error}")))?;
    // Means of values from 0 to 255 stay there but for rounding errors.
    let centroids = model.centroids().rows();
    Ok(centroids.into_iter().map(|row| [row[0], row[1], row[2]].map(|value| value.clamp(0.0, 255.0))).collect())
}
