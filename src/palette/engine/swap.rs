//! Moving centroids from where they are least missed to where they are most needed.
//!
//! Lloyd's iteration moves a centroid no farther than its own points reach. What the start got wrong stays wrong: two
//! centroids share what one could serve while another stretches over two crowds. A round here joins the pairs of
//! clusters that cost least to join, and divides as many that win most by it.

use super::cloud::{Cloud, Group};
use super::kernel;
use super::lloyd::{self, Schedule};
use super::moments::Moments;

/// What dividing a cluster wins, as a share of the variance along its axis. At once it is 3/4 were the points spread
/// evenly, 2/pi were they normally distributed; the neighbours then move too. Measured on photos: a hopeful estimate
/// finds more than it costs, since a round that wins nothing is taken back.
const DIVISION: f64 = 2.0;

/// Swaps and iterates while that lowers the inertia, at most `rounds` times; the first `locked` centroids stay. Returns
/// the inertia.
pub(super) fn improve(
    cloud: &Cloud,
    centroids: &mut Vec<[f32; 3]>,
    inertia: f64,
    locked: usize,
    rounds: usize,
    schedule: Schedule,
) -> f64 {
    let mut best = inertia;
    let mut most = centroids.len() / 4 + 1;
    for _ in 0..rounds {
        let mut swapped = centroids.clone();
        if !swap(cloud, &mut swapped, locked, most) {
            break;
        }
        let inertia = lloyd::iterate(cloud, &mut swapped, locked, schedule);
        if inertia < best {
            best = inertia;
            *centroids = swapped;
        } else if most > 1 {
            most /= 2;
        } else {
            break;
        }
    }
    best
}

/// Makes at most `most` swaps that seem to win something; whether there was one.
fn swap(cloud: &Cloud, centroids: &mut [[f32; 3]], locked: usize, most: usize) -> bool {
    let clusters = moments(cloud, centroids);
    let joins = joins(&clusters, locked);
    let mut divisions: Vec<(f64, usize)> = clusters
        .iter()
        .enumerate()
        .skip(locked)
        .filter(|(_, cluster)| cluster.weight() > 0.0)
        .map(|(at, cluster)| (DIVISION * cluster.principal_axis().1, at))
        .collect();
    divisions.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut divisions = divisions.into_iter();
    let mut touched = vec![false; centroids.len()];
    let mut swaps = 0;
    for (cost, [kept, freed]) in joins {
        if touched[kept] || touched[freed] {
            continue;
        }
        let Some((gain, divided)) = divisions.find(|&(_, at)| !touched[at] && at != kept && at != freed) else { break };
        if gain <= cost || swaps == most {
            break;
        }
        for at in [kept, freed, divided] {
            touched[at] = true;
        }
        let mut joined = clusters[kept];
        joined.join(&clusters[freed]);
        if kept >= locked && joined.weight() > 0.0 {
            centroids[kept] = joined.mean().map(|value| value as f32);
        }
        let (axis, spread) = clusters[divided].principal_axis();
        let apart = 0.8 * (spread / clusters[divided].weight()).sqrt();
        let mean = clusters[divided].mean();
        centroids[divided] = std::array::from_fn(|i| (mean[i] - apart * axis[i]) as f32);
        centroids[freed] = std::array::from_fn(|i| (mean[i] + apart * axis[i]) as f32);
        swaps += 1;
    }
    swaps > 0
}

fn moments(cloud: &Cloud, centroids: &[[f32; 3]]) -> Vec<Moments> {
    let partial = lloyd::chunks(cloud, centroids, |groups, lanes| {
        let mut indices = Vec::new();
        kernel::append_nearest(cloud, groups, lanes, &mut indices);
        let mut clusters = vec![Moments::default(); centroids.len()];
        for (place, number) in groups.iter().flat_map(Group::points).zip(indices) {
            clusters[usize::from(number)].add(cloud.point(place), cloud.moments(place));
        }
        clusters
    });
    let mut clusters = vec![Moments::default(); centroids.len()];
    for partial in partial {
        clusters.iter_mut().zip(&partial).for_each(|(cluster, partial)| cluster.join(partial));
    }
    clusters
}

/// For each cluster the one that it costs least to join it to, cheapest first: how much the error rises when both are
/// served by their common mean (Ward's criterion), the one that keeps its centroid, and the one that is free then.
fn joins(clusters: &[Moments], locked: usize) -> Vec<(f64, [usize; 2])> {
    let means: Vec<([f64; 3], f64)> = clusters.iter().map(|cluster| (cluster.mean(), cluster.weight())).collect();
    let cost = |freed: usize, other: usize| {
        let ((from, a), (to, b)) = (means[freed], means[other]);
        let squared = (0..3).map(|axis| (from[axis] - to[axis]).powi(2)).sum::<f64>();
        match (a > 0.0, b > 0.0) {
            (false, _) => 0.0,
            (_, false) => f64::INFINITY,
            // A locked centroid does not move to meet the other.
            _ if other < locked => a * squared,
            _ => a * b / (a + b) * squared,
        }
    };
    let cheapest = (locked..clusters.len()).filter_map(|freed| {
        let others = (0..clusters.len()).filter(|&other| other != freed);
        let costs = others.map(|other| (cost(freed, other), [other, freed]));
        costs.min_by(|a, b| a.0.total_cmp(&b.0))
    });
    let mut joins: Vec<_> = cheapest.collect();
    joins.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1[1].cmp(&b.1[1])));
    joins
}
