//! SSIMULACRA 2, a measure of how good a compressed picture looks.

use super::check_shapes;
use crate::error::{Error, Result};
use crate::photo::{LINEAR, Photo};
use rayon::prelude::*;

/// SSIMULACRA 2 of a photo against its reference: 100 for equal ones, 90 where most people see no difference, 70 for
/// high, 50 for medium, 30 for low quality, and below zero for worse.
///
/// Jon Sneyers' measure in its version 2.1 (libjxl's `tools/ssimulacra2.cc`): structural similarity and lost and false
/// edges in the XYB colour space at six scales, 108 numbers of which people's judgements of compressed pictures chose a
/// weighted sum. libjxl's is the same to about a hundredth of a point. Takes time in proportion to the pixels, and 100
/// bytes for each.
///
/// # Errors
/// [`Error::ShapeMismatch`] when the photos differ in height, width or channels, [`Error::OutOfRange`] when a side is
/// less than 8.
pub fn ssimulacra2(reference: &Photo, other: &Photo) -> Result<f64> {
    check_shapes(reference, other)?;
    if reference.height().min(reference.width()) < LEAST_SIDE {
        let found = format!("{} x {}", reference.height(), reference.width());
        return Err(Error::out_of_range("photo size for SSIMULACRA 2", found, "at least 8 x 8"));
    }
    let mut pictures = [reference, other].map(linear);
    let mut sum = 0.0;
    for scale in 0..SCALES {
        let (height, width) = (pictures[0].height, pictures[0].width);
        if height.min(width) < LEAST_SIDE {
            break;
        }
        let [a, b] = [0, 1].map(|which| opponent(&pictures[which]));
        sum += (0..3)
            .into_par_iter()
            .map(|channel| {
                let norms = compare(&a[channel], &b[channel], height, width);
                let weights = &WEIGHTS[channel * SCALES + scale];
                norms.iter().zip(weights).map(|(norm, weight)| norm * weight).sum::<f64>()
            })
            .sum::<f64>();
        pictures = pictures.map(|picture| picture.halved());
    }
    let sum = sum * 0.956_238_261_683_484_4;
    let bent =
        2.326_765_642_916_932 * sum - 0.020_884_521_182_843_837 * sum.powi(2) + 6.248_496_625_763_138e-5 * sum.powi(3);
    Ok(100.0 - 10.0 * bent.max(0.0).powf(0.627_633_646_783_138_7))
}

const SCALES: usize = 6;
const LEAST_SIDE: usize = 8;

/// Weights of the six numbers of each scale of X, of Y and of B: of similarity, false and lost edges, the mean and then
/// the fourth root of the mean fourth power. Those that are zero or near it stay as they are published.
const WEIGHTS: [[f64; 6]; 3 * SCALES] = [
    [0.0, 0.0007376606707406586, 0.0, 0.0, 0.0007793481682867309, 0.0],
    [0.0, 0.0004371155730107379, 0.0, 1.1041726426657346, 0.00066284834129271, 0.00015231632783718752],
    [0.0, 0.0016406437456599754, 0.0, 1.8422455520539298, 11.441172603757666, 0.0],
    [0.0007989109436015163, 0.000176816438078653, 0.0, 1.8787594979546387, 10.94906990605142, 0.0],
    [
        0.0007289346991508072,
        0.9677937080626833,
        0.0,
        0.00014003424285435884,
        0.9981766977854967,
        0.00031949755934435053,
    ],
    [0.0004550992113792063, 0.0, 0.0, 0.0013648766163243398, 0.0, 0.0],
    [0.0, 0.0, 0.0, 7.466890328078848, 0.0, 17.445833984131262],
    [0.0006235601634041466, 0.0, 0.0, 6.683678146179332, 0.00037724407979611296, 1.027889937768264],
    [225.20515300849274, 0.0, 0.0, 19.213238186143016, 0.0011401524586618361, 0.001237755635509985],
    [176.39317598450694, 0.0, 0.0, 24.43300999870476, 0.28520802612117757, 0.0004485436923833408],
    [0.0, 0.0, 0.0, 34.77906344483772, 44.835625328877896, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0008680556573291698, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0005313191874358747, 0.0, 0.00016533814161379112, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0004179171803251336, 0.0017290828234722833, 0.0],
    [0.0020827005846636437, 0.0, 0.0, 8.826982764996862, 23.19243343998926, 0.0],
    [
        95.1080498811086,
        0.9863978034400682,
        0.9834382792465353,
        0.0012286405048278493,
        171.2667255897307,
        0.9807858872435379,
    ],
    [0.0, 0.0, 0.0, 0.0005130064588990679, 0.0, 0.00010854057858411537],
];

/// A picture in linear light, red, green and blue from 0 to 1.
struct Linear {
    height: usize,
    width: usize,
    channels: [Vec<f32>; 3],
}

fn linear(photo: &Photo) -> Linear {
    let channels = [0, 1, 2].map(|channel| photo.colors().map(|color| LINEAR[usize::from(color[channel])]).collect());
    Linear { height: photo.height(), width: photo.width(), channels }
}

impl Linear {
    /// Half as many rows and columns; the last stand for those beyond.
    fn halved(&self) -> Self {
        let (height, width) = (self.height.div_ceil(2), self.width.div_ceil(2));
        let channels = self.channels.each_ref().map(|channel| {
            let at = |y: usize, x: usize| channel[y.min(self.height - 1) * self.width + x.min(self.width - 1)];
            let four = |y: usize, x: usize| at(y, x) + at(y, x + 1) + at(y + 1, x) + at(y + 1, x + 1);
            (0..height).flat_map(|y| (0..width).map(move |x| (2 * y, 2 * x))).map(|(y, x)| four(y, x) / 4.0).collect()
        });
        Self { height, width, channels }
    }
}

/// The colours in XYB, each brought to about 0 to 1, blue less luma.
fn opponent(picture: &Linear) -> [Vec<f32>; 3] {
    const ABSORBED: [[f32; 3]; 3] =
        [[0.3, 0.622, 0.078], [0.23, 0.692, 0.078], [0.243_422_69, 0.204_767_44, 0.551_809_87]];
    const BIAS: f32 = 0.003_793_073_3;
    let [red, green, blue] = &picture.channels;
    let mut planes = [(); 3].map(|()| vec![0.0; red.len()]);
    for at in 0..red.len() {
        let [long, middle, short] =
            ABSORBED.map(|[r, g, b]| (r * red[at] + g * green[at] + b * blue[at] + BIAS).max(0.0).cbrt() - BIAS.cbrt());
        let (x, y) = ((long - middle) / 2.0, (long + middle) / 2.0);
        planes[0][at] = x * 14.0 + 0.42;
        planes[1][at] = y + 0.01;
        planes[2][at] = short - y + 0.55;
    }
    planes
}

/// How two planes differ, in six numbers.
fn compare(a: &[f32], b: &[f32], height: usize, width: usize) -> [f64; 6] {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f32>>();
    let blurred = |plane: &[f32]| blur(plane, height, width);
    let (mean_a, mean_b) = (blurred(a), blurred(b));
    let (square_a, square_b, both) = (blurred(&product(a, a)), blurred(&product(b, b)), blurred(&product(a, b)));
    let mut sums = [0.0_f64; 6];
    for at in 0..a.len() {
        let (of_a, of_b) = (mean_a[at], mean_b[at]);
        let covariance = 2.0 * (both[at] - of_a * of_b) + 0.0009;
        let variances = (square_a[at] - of_a * of_a) + (square_b[at] - of_b * of_b) + 0.0009;
        let unlike = (1.0 - f64::from((1.0 - (of_a - of_b).powi(2)) * covariance / variances)).max(0.0);
        let edge = |plane: f32, mean: f32| 1.0 + f64::from((plane - mean).abs());
        let edges = edge(b[at], of_b) / edge(a[at], of_a) - 1.0;
        for (sums, error) in sums.as_chunks_mut::<2>().0.iter_mut().zip([unlike, edges.max(0.0), (-edges).max(0.0)]) {
            sums[0] += error;
            sums[1] += error.powi(4);
        }
    }
    let [unlike, unlike4, false_edges, false4, lost, lost4] = sums.map(|sum| sum / a.len() as f64);
    let root = |power: f64| power.sqrt().sqrt();
    [unlike, false_edges, lost, root(unlike4), root(false4), root(lost4)]
}

/// libjxl's recursive Gaussian with a deviation of 1.5 pixels, of which these nine weights are what it does to one
/// pixel; there is nothing beyond the sides.
fn blur(plane: &[f32], height: usize, width: usize) -> Vec<f32> {
    const WEIGHTS: [f32; 5] = [0.264_621_1, 0.212_928_6, 0.109_335_37, 0.036_011_115, 0.009_414_368];
    let mut rows = vec![0.0; plane.len()];
    for (row, blurred) in plane.chunks_exact(width).zip(rows.chunks_exact_mut(width)) {
        blurred.iter_mut().zip(row).for_each(|(sum, &x)| *sum = WEIGHTS[0] * x);
        for (distance, weight) in WEIGHTS.iter().enumerate().skip(1).take_while(|&(distance, _)| distance < width) {
            blurred[distance..].iter_mut().zip(row).for_each(|(sum, &x)| *sum += weight * x);
            blurred.iter_mut().zip(&row[distance..]).for_each(|(sum, &x)| *sum += weight * x);
        }
    }
    let mut both = vec![0.0; plane.len()];
    for (y, blurred) in both.chunks_exact_mut(width).enumerate() {
        for other in y.saturating_sub(4)..(y + 5).min(height) {
            let weight = WEIGHTS[y.abs_diff(other)];
            let row = &rows[other * width..][..width];
            blurred.iter_mut().zip(row).for_each(|(sum, &x)| *sum += weight * x);
        }
    }
    both
}
