//! Clusters of numbers: k-means in one dimension.

use crate::error::{Error, Result};
use crate::palette::Engine;
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::KMeans;
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256Plus;

/// Bins for the exact method: a width of a thousandth of a factor's spread.
const BINS: usize = 4096;
/// Numbers that linfa is given, as many as the first archives were made from.
const SAMPLE: usize = 1_500;

/// Up to `count` cluster centres of finite numbers, ascending.
pub(super) fn centers(values: &[f32], count: usize, engine: Engine, seed: u64) -> Result<Vec<f32>> {
    let mut centers = match engine {
        Engine::Linfa => by_linfa(values, count, seed)?,
        Engine::Cortado => exact(values, count),
    };
    centers.sort_by(f32::total_cmp);
    centers.dedup();
    Ok(centers)
}

/// The place of the nearest centre; of two as near, of the smaller.
pub(super) fn nearest(centers: &[f32], value: f32) -> usize {
    let above = centers.partition_point(|&center| center < value);
    match (above.checked_sub(1), centers.get(above)) {
        (Some(below), Some(&next)) if value - centers[below] > next - value => above,
        (Some(below), _) => below,
        (None, _) => above,
    }
}

/// The k-means of least inertia, but for the width of a bin: by dynamic programming over the sorted bins (Bellman
/// 1973), where the last cluster's start never moves back as the end moves on, so that halving finds all starts (Wu
/// 1991).
fn exact(values: &[f32], count: usize) -> Vec<f32> {
    let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    if values.is_empty() || low == high {
        return values.first().copied().into_iter().collect();
    }
    let scale = (BINS - 1) as f64 / f64::from(high - low);
    let mut bins = vec![(0.0f64, 0.0f64); BINS];
    for &value in values {
        let (weight, sum) = &mut bins[(f64::from(value - low) * scale) as usize];
        *weight += 1.0;
        *sum += f64::from(value);
    }
    bins.retain(|&(weight, _)| weight > 0.0);
    // Sums of weights, values and squares of the bins' means up to each bin give a cluster's inertia from its ends.
    let mut sums = vec![[0.0; 3]];
    for &(weight, sum) in &bins {
        let [weights, values, squares] = sums[sums.len() - 1];
        sums.push([weights + weight, values + sum, squares + sum * sum / weight]);
    }
    let between =
        |from: usize, to: usize| std::array::from_fn::<f64, 3, _>(|which| sums[to][which] - sums[from][which]);
    let inertia = |from: usize, to: usize| {
        let [weight, sum, squares] = between(from, to);
        (squares - sum * sum / weight).max(0.0)
    };
    let bin_count = bins.len();
    let count = count.min(bin_count);
    let mut least: Vec<f64> = (0..=bin_count).map(|to| if to == 0 { 0.0 } else { inertia(0, to) }).collect();
    let mut starts: Vec<Vec<u16>> = vec![vec![0; bin_count + 1]];
    for clusters in 1..count {
        let (mut next, mut start) = (vec![0.0; bin_count + 1], vec![clusters as u16; bin_count + 1]);
        let mut open = vec![(clusters + 1, bin_count, clusters, bin_count - 1)];
        while let Some((first, last, lowest, highest)) = open.pop() {
            if first > last {
                continue;
            }
            let to = (first + last) / 2;
            let choice = (lowest..=highest.min(to - 1)).map(|from| (least[from] + inertia(from, to), from));
            let (value, from) =
                choice.fold((f64::INFINITY, lowest), |best, new| if new.0 < best.0 { new } else { best });
            (next[to], start[to]) = (value, from as u16);
            open.push((first, to - 1, lowest, from));
            open.push((to + 1, last, from, highest));
        }
        (least, _) = (next, starts.push(start));
    }
    let (mut to, mut centers) = (bin_count, Vec::with_capacity(count));
    for start in starts.iter().rev() {
        let from = usize::from(start[to]);
        let [weight, sum, _] = between(from, to);
        centers.push((sum / weight) as f32);
        to = from;
    }
    centers
}

/// Lloyd's method from k-means++ on a sample.
fn by_linfa(values: &[f32], count: usize, seed: u64) -> Result<Vec<f32>> {
    let mut rng = Xoshiro256Plus::seed_from_u64(seed);
    let sample: Vec<f64> = match values.len() {
        0..=SAMPLE => values.iter().map(|&value| value.into()).collect(),
        len => (0..SAMPLE).map(|_| values[rng.gen_range(0..len)].into()).collect(),
    };
    let mut distinct = sample.clone();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() <= count {
        return Ok(distinct.into_iter().map(|value| value as f32).collect());
    }
    let observations = DatasetBase::from(Array2::from_shape_vec((sample.len(), 1), sample).expect("a column"));
    let model = KMeans::params_with_rng(count, rng).n_runs(1).fit(&observations);
    let model = model.map_err(|error| Error::Unsupported(format!("k-means found no clusters: {error}")))?;
    Ok(model.centroids().iter().map(|&center| center as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inertia(values: &[f32], centers: &[f32]) -> f64 {
        values.iter().map(|&value| f64::from(value - centers[nearest(centers, value)]).powi(2)).sum()
    }

    /// The least inertia of all ways to cut the sorted values.
    fn brute_force(values: &[f32], count: usize) -> f64 {
        if count <= 1 || values.len() <= 1 {
            let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
            return inertia(values, &[mean]);
        }
        (1..values.len()).fold(inertia(values, &[values.iter().sum::<f32>() / values.len() as f32]), |best, cut| {
            let mean = values[cut..].iter().sum::<f32>() / (values.len() - cut) as f32;
            best.min(brute_force(&values[..cut], count - 1) + inertia(&values[cut..], &[mean]))
        })
    }

    #[test]
    fn exact_clusters_are_the_best() {
        let mut random = Xoshiro256Plus::seed_from_u64(3);
        for round in 0..200 {
            let mut values: Vec<f32> =
                (0..random.gen_range(1..12)).map(|_| random.gen_range(-1.0f32..1.0).powi(3)).collect();
            values.sort_by(f32::total_cmp);
            for count in 1..5 {
                let centers = centers(&values, count, Engine::default(), 0).unwrap();
                assert!(centers.len() <= count && !centers.is_empty());
                let (found, best) = (inertia(&values, &centers), brute_force(&values, count));
                // Values of one bin stay together.
                assert!(found <= best + 1e-3 * values.len() as f64 / 4.0, "{round} {count}: {found} {best}");
            }
        }
    }

    #[test]
    fn more_clusters_are_never_worse_and_beat_linfa() {
        let mut random = Xoshiro256Plus::seed_from_u64(5);
        let values: Vec<f32> = (0..20_000).map(|_| random.gen_range(-1.0f32..1.0).powi(5)).collect();
        let mut last = f64::INFINITY;
        for count in [1, 2, 3, 8, 17, 64, 256] {
            let ours = inertia(&values, &centers(&values, count, Engine::default(), 0).unwrap());
            let theirs = inertia(&values, &centers(&values, count, Engine::Linfa, 0).unwrap());
            assert!(ours <= last * 1.0001 && ours <= theirs * 1.0001, "{count}: {ours} {theirs}");
            last = ours;
        }
    }

    #[test]
    fn few_values_are_their_own_clusters() {
        for engine in [Engine::default(), Engine::Linfa] {
            assert_eq!(centers(&[], 4, engine, 0).unwrap(), [] as [f32; 0]);
            assert_eq!(centers(&[2.0, 2.0], 4, engine, 0).unwrap(), [2.0]);
            assert_eq!(centers(&[3.0, 1.0, 3.0], 4, engine, 0).unwrap(), [1.0, 3.0]);
        }
        assert_eq!([-5.0, 0.4, 0.5, 0.6, 9.0].map(|value| nearest(&[0.0, 1.0], value)), [0, 0, 0, 1, 1]);
    }
}
