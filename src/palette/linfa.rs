//! k-means by linfa: the reference, and the path that the walkthrough teaches.

use super::options::PaletteOptions;
use crate::error::{Error, Result};
use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;

/// The centroids of the clusters of `sample`, in 8-bit levels; needs more distinct colours than are asked for.
pub(super) fn centroids(sample: &[[u8; 3]], options: &PaletteOptions, rng: Xoshiro256Plus) -> Result<Vec<[f64; 3]>> {
    let observations = Array2::from_shape_fn((sample.len(), 3), |(pixel, channel)| f64::from(sample[pixel][channel]));
    let observations = DatasetBase::from(observations);
    let model = KMeans::params_with_rng(options.colors, rng)
        // linfa's default is ten runs: ten times the time for a few tenths of a per cent of error.
        .n_runs(1)
        .init_method(KMeansInit::KMeansPlusPlus)
        .max_n_iterations(options.max_iterations)
        .tolerance(options.tolerance)
        .fit(&observations)
        .map_err(|error| Error::Unsupported(format!("k-means found no palette: {error}")))?;
    // Means of values from 0 to 255 stay there but for rounding errors.
    let in_range = |value: f64| value.clamp(0.0, 255.0);
    let rows = model.centroids().rows().into_iter();
    let mut centroids: Vec<[f64; 3]> = rows.map(|row| [row[0], row[1], row[2]].map(in_range)).collect();
    move_to_means(&mut centroids, sample, model.predict(&observations).iter().copied());
    Ok(centroids)
}

/// One exact step of Lloyd's iteration: every centroid moves to the mean of its pixels; one without pixels stays.
///
/// linfa counts the old centroid as one more pixel of its cluster, which leaves small clusters short of their means.
fn move_to_means(centroids: &mut [[f64; 3]], sample: &[[u8; 3]], clusters: impl Iterator<Item = usize>) {
    let mut sums = vec![([0_u64; 3], 0_u64); centroids.len()];
    for (pixel, cluster) in sample.iter().zip(clusters) {
        let (sum, count) = &mut sums[cluster];
        for (sum, &sample) in sum.iter_mut().zip(pixel) {
            *sum += u64::from(sample);
        }
        *count += 1;
    }
    for (centroid, (sum, count)) in centroids.iter_mut().zip(sums) {
        if count > 0 {
            *centroid = sum.map(|sum| sum as f64 / count as f64);
        }
    }
}
