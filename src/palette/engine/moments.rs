//! The moments of weighted points up to the second: where they are and how they are spread.

/// Sums over points: the weight, the coordinates and their products, times the weight.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    /// x, y, z and the weight.
    first: [f64; 4],
    /// xx, xy, xz, yy, yz, zz.
    second: [f64; 6],
}

impl Moments {
    /// Adds a point, given with its coordinates times its weight, and its weight.
    #[inline]
    pub(super) fn add(&mut self, point: [f32; 3], moments: [f32; 4]) {
        let [x, y, z] = point.map(f64::from);
        let first = moments.map(f64::from);
        let [mx, my, mz, _] = first;
        let second = [mx * x, mx * y, mx * z, my * y, my * z, mz * z];
        self.first.iter_mut().zip(first).for_each(|(sum, moment)| *sum += moment);
        self.second.iter_mut().zip(second).for_each(|(sum, moment)| *sum += moment);
    }

    /// Adds other points.
    pub(super) fn join(&mut self, other: &Self) {
        self.first.iter_mut().zip(other.first).for_each(|(sum, moment)| *sum += moment);
        self.second.iter_mut().zip(other.second).for_each(|(sum, moment)| *sum += moment);
    }

    pub(super) fn weight(&self) -> f64 {
        self.first[3]
    }

    pub(super) fn mean(&self) -> [f64; 3] {
        let [x, y, z, weight] = self.first;
        [x / weight, y / weight, z / weight]
    }

    /// The direction in which the points vary most, and their variance along it times their weight.
    pub(super) fn principal_axis(&self) -> ([f64; 3], f64) {
        let [mx, my, mz] = self.mean();
        let [x, y, z, _] = self.first;
        let [xx, xy, xz, yy, yz, zz] = self.second;
        principal_axis(&[
            [xx - mx * x, xy - mx * y, xz - mx * z],
            [xy - mx * y, yy - my * y, yz - my * z],
            [xz - mx * z, yz - my * z, zz - mz * z],
        ])
    }
}

/// The eigenvector of the largest eigenvalue of a symmetric matrix that has no negative ones, and that eigenvalue.
fn principal_axis(matrix: &[[f64; 3]; 3]) -> ([f64; 3], f64) {
    let scaled = |matrix: &[[f64; 3]; 3]| {
        let trace = matrix[0][0] + matrix[1][1] + matrix[2][2];
        (trace > 0.0).then(|| matrix.map(|row| row.map(|value| value / trace)))
    };
    let Some(mut power) = scaled(matrix) else {
        return ([1.0, 0.0, 0.0], 0.0);
    };
    // The 64th power: all columns then point along the axis.
    for _ in 0..6 {
        let square = std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| power[i][k] * power[k][j]).sum()));
        let Some(square) = scaled(&square) else { break };
        power = square;
    }
    let longest = (0..3).max_by(|&a, &b| power[a][a].total_cmp(&power[b][b])).expect("three");
    let axis = power[longest];
    let length = axis.iter().map(|value| value * value).sum::<f64>().sqrt();
    let axis = axis.map(|value| value / length);
    let along = (0..3).map(|i| axis[i] * (0..3).map(|j| matrix[i][j] * axis[j]).sum::<f64>()).sum();
    (axis, along)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_of_points_on_a_line() {
        let mut moments = Moments::default();
        for t in -3_i8..=3 {
            let [x, y, z] = [2.0, -1.0, 2.0].map(|direction| 10.0 + direction * f32::from(t));
            moments.add([x, y, z], [2.0 * x, 2.0 * y, 2.0 * z, 2.0]);
        }
        let (axis, spread) = moments.principal_axis();
        assert_eq!((moments.mean(), moments.weight()), ([10.0; 3], 14.0));
        // Seven points, twice, 3 apart: 2 * 9 * (9 + 4 + 1) * 2.
        assert!((spread - 504.0).abs() < 1e-9, "{spread}");
        assert!((axis[0] / axis[1] + 2.0).abs() < 1e-9 && (axis[0] - axis[2]).abs() < 1e-9, "{axis:?}");
        let one = Moments { first: [5.0, 5.0, 5.0, 1.0], second: [25.0; 6] };
        assert_eq!(one.principal_axis().1, 0.0);
    }
}
