//! What the encoder decides for a block: the class and the coefficients that cost least, in error and in bits together.

use super::block::{Around, Coefficients, LARGEST_UNARY, Levels, Trail, walk_count};
use super::layout::{BLOCK, DELTAS, NO_DELTA};
use super::model::{Model, Place};
use super::slice::{Border, add_slope, level, predict};
use super::tables::{Class, Quantizer};
use std::sync::LazyLock;

/// Classes whose coefficients are quantised for good: those that look cheapest. All would make files 0.4 % smaller, in
/// 2.5 times the time.
const TRIED: usize = 4;

/// Bits of a decision that came true, by its probability in 4,096.
static BITS: LazyLock<[f32; 4097]> = LazyLock::new(|| std::array::from_fn(|p| -((p as f32).max(0.5) / 4096.0).log2()));

/// Bits of a decision that comes false, and true.
#[inline(always)]
fn price(model: &Model, place: &Place) -> [f32; 2] {
    let p = model.probability(place) as usize;
    [BITS[(65536 - p) >> 4], BITS[p >> 4]]
}

/// The best that was found for a block.
pub(super) struct Choice {
    pub class: usize,
    pub delta: usize,
    pub slope: i32,
    pub levels: Levels,
    pub prediction: [i32; BLOCK],
    cost: f32,
}

/// What luma says of a chroma block: its samples in the same place, and their own border.
pub(super) struct Luma<'a> {
    pub block: &'a [i16; BLOCK],
    pub border: &'a Border,
}

/// What the search needs to know beside the block.
pub(super) struct Search<'a> {
    pub model: &'a Model,
    pub quantizer: &'a Quantizer<'a>,
    /// Squared steps that a bit may cost.
    pub lambda: f32,
}

crate::simd::vectorised! {
    fn transform(class: &Class, residual: &[f32; BLOCK], coefficients: &mut [f32; BLOCK]) {
        let mut sums = [0.0; BLOCK];
        for (&sample, shares) in residual.iter().zip(class.forward.iter()) {
            for (sum, &share) in sums.iter_mut().zip(shares) {
                *sum += sample * share;
            }
        }
        *coefficients = sums;
    }
}

impl Search<'_> {
    /// The best choice for a block.
    pub(super) fn choose(
        &self,
        around: &Around,
        border: &Border,
        luma: Option<&Luma>,
        source: &[i16; BLOCK],
    ) -> Choice {
        let classes = self.quantizer.classes;
        let delta = if self.quantizer.has_deltas() { activity_delta(source) } else { 0 };
        let bits = classes.len().ilog2();
        let mut class_prices = [[0.0; 2]; 16];
        for (node, price_of) in class_prices.iter_mut().enumerate().take(classes.len()).skip(1) {
            *price_of = price(self.model, &around.class_place(node));
        }
        let mut candidates = Vec::with_capacity(classes.len());
        for (number, class) in classes.iter().enumerate() {
            let mut class_bits = 0.0;
            for shift in 0..bits {
                let node = (classes.len() | number) >> (shift + 1);
                class_bits += class_prices[node][number >> shift & 1];
            }
            let mut prediction = [0; BLOCK];
            predict(class, border, &mut prediction);
            let mut slope = 0;
            if let Some(luma) = luma {
                let mut expected = [0; BLOCK];
                predict(class, luma.border, &mut expected);
                slope = fit_slope(luma.block, &expected, source, &prediction);
                add_slope(&mut prediction, luma.block, &expected, slope);
                class_bits += self.slope_bits(around, slope);
            }
            let residual = std::array::from_fn(|i| level(i32::from(source[i]) - prediction[i]));
            let mut exact = [0.0; BLOCK];
            transform(class, &residual, &mut exact);
            let steps = self.quantizer.exact(number, delta);
            exact.iter_mut().zip(steps).for_each(|(coefficient, step)| *coefficient /= step);
            let overhead = class_bits * self.lambda;
            let estimate = overhead + estimate(&exact, self.lambda);
            candidates.push(Candidate { number, slope, prediction, exact, overhead, estimate });
        }
        candidates.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
        let mut best: Option<Choice> = None;
        for candidate in candidates.iter().take(TRIED) {
            let limit = best.as_ref().map_or(f32::INFINITY, |best| best.cost);
            let (levels, cost) = self.quantize(&around.coefficients(candidate.number), &candidate.exact);
            let cost = cost + candidate.overhead;
            if cost < limit {
                let &Candidate { number: class, slope, prediction, .. } = candidate;
                best = Some(Choice { class, delta, slope, levels, prediction, cost });
            }
        }
        best.expect("there is a class")
    }

    fn slope_bits(&self, around: &Around, slope: i32) -> f32 {
        let bit = |node: usize, bit: bool| price(self.model, &around.slope_place(node))[usize::from(bit)];
        let size = slope.unsigned_abs() as usize;
        if size == 0 {
            return bit(0, false);
        }
        bit(0, true) + bit(1, slope < 0) + (1..=size).map(|at| bit(1 + at, at < size)).sum::<f32>()
    }

    /// The levels of coefficients, which are in steps, and what they cost in squared steps.
    fn quantize(&self, coefficients: &Coefficients, exact: &[f32; BLOCK]) -> (Levels, f32) {
        let all_squares: f32 = exact.iter().map(|x| x * x).sum();
        let mut nodes = [None; 24];
        let mut count_bits = |count: usize| {
            let mut bits = 0.0;
            walk_count(count, |node, bit| {
                bits += match node {
                    None => 1.0,
                    Some(node) => nodes[node].get_or_insert_with(|| price(self.model, &coefficients.count_place(node)))
                        [usize::from(bit)],
                };
                bit
            });
            bits
        };
        let mut best = ([0; BLOCK], all_squares + self.lambda * count_bits(0));
        let mut start = exact.iter().rposition(|x| x.abs() >= 0.55).map_or(0, |last| last + 1);
        for _ in 0..2 {
            if start == 0 {
                break;
            }
            let mut levels = [0; BLOCK];
            // For each coefficient what it costs, and what less if it is the last.
            let mut costs = [(0.0, 0.0); BLOCK];
            let mut trail = Trail::default();
            for i in (0..start).rev() {
                let size = exact[i].abs();
                let spot = coefficients.spot(i, start, &trail);
                let some = price(self.model, &spot.some());
                let mut chosen = (0, size * size + self.lambda * some[0]);
                let rounded = (size + 0.5) as u32;
                if rounded > 0 {
                    let more = price(self.model, &spot.more());
                    let mut bits = some[1] + 1.0;
                    let mut consider = |level: u32, bits: f32| {
                        let error = size - level as f32;
                        let cost = error * error + self.lambda * bits;
                        if cost < chosen.1 {
                            chosen = (level, cost);
                        }
                    };
                    consider(1, bits + more[0]);
                    bits += more[1];
                    for level in 2..=rounded.min(LARGEST_UNARY) {
                        let larger = price(self.model, &coefficients.larger_place(&spot, level));
                        if level + 2 > rounded {
                            consider(level, bits + larger[0]);
                        }
                        bits += larger[1];
                    }
                    if rounded > LARGEST_UNARY {
                        consider(rounded, bits + 2.0 * ((rounded - LARGEST_UNARY) as f32 + 1.0).log2());
                    }
                }
                levels[i] = if exact[i] < 0.0 { -(chosen.0 as i32) } else { chosen.0 as i32 };
                costs[i] = (chosen.1, self.lambda * some[1]);
                trail.push(chosen.0);
            }
            // Where to stop.
            let (mut coded, mut beyond) = (0.0, all_squares);
            let mut best_count = 0;
            for i in 0..start {
                beyond -= exact[i] * exact[i];
                coded += costs[i].0;
                if levels[i] != 0 {
                    let cost = coded - costs[i].1 + beyond.max(0.0) + self.lambda * count_bits(i + 1);
                    if cost < best.1 {
                        best_count = i + 1;
                        best = (levels, cost);
                        best.0[best_count..].fill(0);
                    }
                }
            }
            if best_count == 0 || best_count == start {
                break;
            }
            start = best_count;
        }
        best
    }
}

/// The slope in eighths by which luma's deviations explain most of chroma's.
fn fit_slope(luma: &[i16; BLOCK], expected: &[i32; BLOCK], source: &[i16; BLOCK], prediction: &[i32; BLOCK]) -> i32 {
    let (mut squares, mut products) = (0_i64, 0_i64);
    for i in 0..BLOCK {
        let deviation = i64::from(i32::from(luma[i]) - expected[i]);
        squares += deviation * deviation;
        products += deviation * i64::from(i32::from(source[i]) - prediction[i]);
    }
    if squares == 0 { 0 } else { ((8.0 * products as f64 / squares as f64).round() as i32).clamp(-7, 7) }
}

/// A class for a block before its coefficients are quantised.
struct Candidate {
    number: usize,
    slope: i32,
    prediction: [i32; BLOCK],
    /// Coefficients in steps.
    exact: [f32; BLOCK],
    overhead: f32,
    estimate: f32,
}

crate::simd::vectorised! {
    /// About what coefficients will cost.
    fn estimate(exact: &[f32; BLOCK], lambda: f32) -> f32 {
        let mut sums = [0.0_f32; 8];
        for chunk in exact.as_chunks::<8>().0 {
            for (sum, &x) in sums.iter_mut().zip(chunk) {
                let square = x * x;
                // Bits grow with the logarithm, which the exponent of a number is near.
                let bits = (square.to_bits() as f32 - 1_065_353_216.0) * (1.0 / 8_388_608.0);
                let bits = bits.max(-2.0);
                *sum += square.min(0.08 + lambda * (5.5 + bits));
            }
        }
        sums.iter().sum()
    }
}

/// The step of a block by how much it varies: in busy ones errors are seen less.
fn activity_delta(source: &[i16; BLOCK]) -> usize {
    let mean = source.iter().map(|&x| f32::from(x)).sum::<f32>() / BLOCK as f32;
    let variance = source.iter().map(|&x| (f32::from(x) - mean).powi(2)).sum::<f32>() / BLOCK as f32 / 256.0;
    let octaves = (variance + 8.0).log2() - 7.5;
    ((NO_DELTA as f32 + 0.5 + 0.65 * octaves).floor()).clamp(0.0, DELTAS as f32 - 1.0) as usize
}
