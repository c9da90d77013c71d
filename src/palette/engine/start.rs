//! Where the iteration starts: by division, or drawn.

use super::cloud::Cloud;
use super::moments::Moments;
use rand::Rng;
use rand_xoshiro::Xoshiro256Plus;

/// Points that are one cluster until they are divided.
struct Part {
    places: Vec<u32>,
    mean: [f64; 3],
    /// The direction in which the points vary most.
    axis: [f64; 3],
    /// Variance along the axis times weight: about what a division wins.
    spread: f64,
}

impl Part {
    fn new(cloud: &Cloud, places: Vec<u32>) -> Self {
        let mut moments = Moments::default();
        for &place in &places {
            moments.add(cloud.point(place as usize), cloud.moments(place as usize));
        }
        let (axis, spread) = moments.principal_axis();
        Self { places, mean: moments.mean(), axis, spread }
    }

    /// Divides at the plane through the mean, across the axis; gives nothing where all points are on one side of it.
    fn divide(&self, cloud: &Cloud) -> Option<[Self; 2]> {
        let beyond = |&place: &u32| {
            let point = cloud.point(place as usize);
            (0..3).map(|i| self.axis[i] * (f64::from(point[i]) - self.mean[i])).sum::<f64>() > 0.0
        };
        let (high, low): (Vec<u32>, Vec<u32>) = self.places.iter().partition(|place| beyond(place));
        (!high.is_empty() && !low.is_empty()).then(|| [Self::new(cloud, low), Self::new(cloud, high)])
    }
}

/// Divides the points, always the part that varies most along one direction, until there are `count` parts or no part
/// can be divided; their means.
pub(super) fn divide(cloud: &Cloud, count: usize) -> Vec<[f32; 3]> {
    let mut parts = vec![Part::new(cloud, cloud.places().map(|place| place as u32).collect())];
    while parts.len() < count {
        let widest = (0..parts.len()).max_by(|&a, &b| parts[a].spread.total_cmp(&parts[b].spread).then(b.cmp(&a)));
        let widest = widest.expect("at least one part");
        match parts[widest].divide(cloud) {
            Some([low, high]) => {
                parts[widest] = low;
                parts.push(high);
            }
            None if parts[widest].spread > 0.0 => parts[widest].spread = 0.0,
            None => break,
        }
    }
    parts.into_iter().map(|part| part.mean.map(|value| value as f32)).collect()
}

/// Draws `count` points far from those before (k-means++): with a chance of weight times squared distance to the
/// nearest one.
pub(super) fn draw(cloud: &Cloud, count: usize, rng: &mut Xoshiro256Plus) -> Vec<[f32; 3]> {
    let places: Vec<usize> = cloud.places().collect();
    let mut chances: Vec<f64> = places.iter().map(|&place| f64::from(cloud.weights[place])).collect();
    let mut distances = vec![f32::INFINITY; places.len()];
    let mut drawn = Vec::with_capacity(count);
    while drawn.len() < count {
        let total: f64 = chances.iter().sum();
        if total <= 0.0 {
            break;
        }
        let mut left = rng.gen_range(0.0..total);
        let chosen = chances.iter().position(|&chance| {
            left -= chance;
            left < 0.0
        });
        let chosen = cloud.point(places[chosen.unwrap_or(places.len() - 1)]);
        drawn.push(chosen);
        for ((&place, distance), chance) in places.iter().zip(&mut distances).zip(&mut chances) {
            let point = cloud.point(place);
            let squared = (0..3).map(|axis| (point[axis] - chosen[axis]).powi(2)).sum();
            *distance = distance.min(squared);
            *chance = f64::from(*distance) * f64::from(cloud.weights[place]);
        }
    }
    drawn
}
