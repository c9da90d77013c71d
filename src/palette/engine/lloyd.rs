//! Lloyd's iteration over a cloud, and what it is measured by.

use super::cloud::{Cloud, Group};
use super::kernel::{self, Centroids, Cluster};
use rayon::prelude::*;

/// Groups that are summed up together. Partial sums are added in order, so that the result is the same on any number of
/// threads.
const CHUNK: usize = 128;

/// What `work` makes of each chunk of groups, in order; on all threads.
pub(super) fn chunks<T: Send>(
    cloud: &Cloud,
    centroids: &[[f32; 3]],
    work: impl Fn(&[Group], &Centroids) -> T + Sync,
) -> Vec<T> {
    let centroids = Centroids::new(centroids);
    cloud.groups.par_chunks(CHUNK).map(|groups| work(groups, &centroids)).collect()
}

/// The clusters of the points that are nearest to each centroid, and the inertia.
pub(super) fn clusters(cloud: &Cloud, centroids: &[[f32; 3]]) -> (Vec<Cluster>, f64) {
    let partial = chunks(cloud, centroids, |groups, lanes| {
        let mut clusters = vec![Cluster::default(); centroids.len()];
        kernel::add_to_clusters(cloud, groups, lanes, &mut clusters);
        clusters
    });
    let mut clusters = vec![Cluster::default(); centroids.len()];
    for partial in partial {
        clusters.iter_mut().zip(&partial).for_each(|(cluster, partial)| cluster.add(partial));
    }
    let inertia = clusters.iter().map(|cluster| cluster.error).sum();
    (clusters, inertia)
}

/// The number of the centroid nearest to each point, of equally near ones the first.
pub(super) fn nearest(cloud: &Cloud, centroids: &[[f32; 3]]) -> Vec<u8> {
    let parts = chunks(cloud, centroids, |groups, lanes| {
        let mut indices = Vec::new();
        kernel::append_nearest(cloud, groups, lanes, &mut indices);
        indices
    });
    parts.concat()
}

/// How long to iterate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub iterations: usize,
    /// Stop when an iteration lowers the inertia by less than this share of it.
    pub gain: f64,
    /// How far a centroid goes on the way to its mean: 1 for plain Lloyd, up to 2.
    pub relaxation: f64,
}

/// Iterates until nothing is gained; the first `locked` centroids stay. Returns the inertia of the last centroids but
/// one step: those that are left in `centroids` have no more than that.
///
/// A step beyond the mean gets there in fewer iterations, and may overshoot: the last step is to the mean, from which
/// the inertia cannot rise.
pub(super) fn iterate(cloud: &Cloud, centroids: &mut [[f32; 3]], locked: usize, schedule: Schedule) -> f64 {
    let mut last = f64::INFINITY;
    let mut relaxation = schedule.relaxation;
    for iteration in 1.. {
        let (clusters, inertia) = clusters(cloud, centroids);
        let ends = iteration >= schedule.iterations || last - inertia <= schedule.gain * inertia;
        if ends {
            // Once more without overshooting, if the budget has room.
            if relaxation == 1.0 || iteration >= schedule.iterations {
                move_to_means(centroids, &clusters, locked, 1.0);
                return inertia;
            }
            relaxation = 1.0;
        }
        move_to_means(centroids, &clusters, locked, relaxation);
        last = inertia;
    }
    unreachable!("it ends after the last iteration")
}

/// Moves every centroid but the first `locked` to, or beyond, the mean of its points. Those without points go beside
/// the centroids with the largest errors.
fn move_to_means(centroids: &mut [[f32; 3]], clusters: &[Cluster], locked: usize, relaxation: f64) {
    let mut empty = Vec::new();
    for (at, (centroid, cluster)) in centroids.iter_mut().zip(clusters).enumerate().skip(locked) {
        if cluster.weight() > 0.0 {
            for (value, sum) in centroid.iter_mut().zip(cluster.moments) {
                let mean = sum / cluster.weight();
                *value = (f64::from(*value) + relaxation * (mean - f64::from(*value))) as f32;
            }
        } else {
            empty.push(at);
        }
    }
    if empty.is_empty() {
        return;
    }
    let mut by_error: Vec<usize> = (0..clusters.len()).collect();
    by_error.sort_by(|&a, &b| clusters[b].error.total_cmp(&clusters[a].error).then(a.cmp(&b)));
    for (empty, crowded) in empty.into_iter().zip(by_error) {
        // Far enough to get points, near enough to get those of one cluster.
        let spread = (clusters[crowded].error / clusters[crowded].weight().max(1.0)).sqrt() as f32;
        centroids[empty] = centroids[crowded];
        centroids[empty][0] += 0.5 * spread;
    }
}
