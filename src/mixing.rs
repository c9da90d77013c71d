//! What adaptive models of decisions are made of: logits, probabilities, and counters that learn.
//!
//! All arithmetic is on integers, so that an encoder and a decoder learn the same on every machine. Probabilities are
//! of "true", in 65,536. A probability's logit, ln(p / (1 - p)), is in 1/256.

use crate::range_coder::{Coder, code_plain};

/// Logits are kept between -`LOGIT_LIMIT` and `LOGIT_LIMIT`: about 3,000 to one.
pub(crate) const LOGIT_LIMIT: i32 = 2047;

/// 65,536 / (1 + e^-x) at x = -8, -7.5 .. 8.
pub(crate) const LOGISTIC: [i32; 33] = [
    22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743, 32768, 40793, 47911, 53581,
    57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514,
];

/// No decision is so sure that the other one could not come.
pub(crate) const LEAST: i32 = 12;
pub(crate) const MOST: i32 = 65536 - LEAST;

/// Weights are in 65,536, and kept between -16 and 16.
pub(crate) const WEIGHT_LIMIT: i32 = 16 << 16;

/// The probability of a logit, on lines between the points of [`LOGISTIC`].
#[inline(always)]
pub(crate) const fn probability(logit: i32) -> i32 {
    let from_lowest = logit + LOGIT_LIMIT + 1;
    let (point, beyond) = ((from_lowest >> 7) as usize, from_lowest & 127);
    (LOGISTIC[point] * (128 - beyond) + LOGISTIC[point + 1] * beyond + 64) >> 7
}

/// The logits of probabilities in 4,096: the least whose probability is not below the middle of each step.
pub(crate) static LOGITS: [i16; 4096] = {
    let mut logits = [0; 4096];
    let (mut step, mut logit) = (0, -LOGIT_LIMIT);
    while step < 4096 {
        while logit < LOGIT_LIMIT && probability(logit) < 16 * step as i32 + 8 {
            logit += 1;
        }
        logits[step] = logit as i16;
        step += 1;
    }
    logits
};

/// What has been seen in one context: the upper 22 bits are the probability of true, the lower 10 how often it was
/// seen, up to [`Counter::MEMORY`].
#[derive(Clone, Copy)]
pub(crate) struct Counter(u32);

impl Counter {
    const MEMORY: u32 = 255;
    pub(crate) const UNSEEN: Self = Self(1 << 31);

    /// The share of the distance to what was seen by which a counter moves, in 65,536, by how often it was seen before.
    const SHARES: [i64; Self::MEMORY as usize + 1] = {
        let mut shares = [0; Self::MEMORY as usize + 1];
        let mut seen = 0;
        while seen < shares.len() {
            // 1 / (seen + 1.6): between the mean of what was seen, 1 / (seen + 1), and that of a cautious start.
            shares[seen] = (655_360 / (10 * seen + 16)) as i64;
            seen += 1;
        }
        shares
    };

    /// Seen `seen` times, up to [`Counter::MEMORY`], with this probability.
    pub(crate) fn of(p: i32, seen: u32) -> Self {
        Self((p as u32) << 16 | seen.min(Self::MEMORY))
    }

    /// The probability of true, in 65,536.
    #[inline(always)]
    pub(crate) fn probability(self) -> u32 {
        (self.0 >> 16).clamp(LEAST as u32, MOST as u32)
    }

    /// The probability in 4,096.
    #[inline(always)]
    pub(crate) fn step(self) -> usize {
        (self.0 >> 20) as usize
    }

    #[inline(always)]
    pub(crate) fn update(&mut self, bit: bool) {
        let seen = self.0 & 1023;
        let p = i64::from(self.0 >> 10);
        let target = if bit { (1 << 22) - 1 } else { 0 };
        let p = p + (((target - p) * Self::SHARES[seen as usize]) >> 16);
        self.0 = (p as u32) << 10 | (seen + u32::from(seen < Self::MEMORY));
    }

    /// Codes a decision by this counter alone.
    #[inline(always)]
    pub(crate) fn code(&mut self, coder: &mut impl Coder, bit: bool) -> bool {
        let bit = coder.code(bit, self.probability());
        self.update(bit);
        bit
    }
}

/// Codes the lowest `count` bits of `value`, highest first, each by the counter of those before it; bits beyond those
/// that `counters` has room for are plain.
pub(crate) fn code_number(coder: &mut impl Coder, counters: &mut [Counter], value: u64, count: u32) -> u64 {
    let mut node = 1;
    for shift in (0..count).rev() {
        let bit = value >> shift & 1 != 0;
        let bit = match counters.get_mut(node as usize) {
            Some(counter) => counter.code(coder, bit),
            None => coder.code(bit, 1 << 15),
        };
        node = node << 1 | u64::from(bit);
    }
    node ^ 1 << count
}

/// Codes a number of any size: the number of its bits by counters, then the bits below the highest, plain.
pub(crate) fn code_any_number(coder: &mut impl Coder, counters: &mut [Counter; 128], value: u64) -> u64 {
    let bits = code_number(coder, counters, (u64::BITS - value.leading_zeros()).into(), 7).min(64) as u32;
    match bits.checked_sub(1) {
        None => 0,
        Some(below) => 1 << below | code_plain(coder, value, below),
    }
}
