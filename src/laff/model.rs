//! The adaptive model of all decisions: what each was in several contexts, and weights by which these are added up.
//!
//! A decision has a kind, and of each of its kind's [`INPUTS`] sets of contexts one. Every context has a counter of
//! what came of its decisions; counters and weights start from what they were on the photos that the tables were
//! trained on.

use crate::mixing::{Counter, LEAST, LOGIT_LIMIT, LOGITS, MOST, probability};
use crate::range_coder::{Coder, code_plain};

/// Contexts of each decision.
pub(super) const INPUTS: usize = 6;

/// What a decision is about.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A block's class, a bit at a time.
    Class,
    /// How many coefficients a block has, up to its last that is not zero.
    Count,
    /// Whether a coefficient is not zero.
    Some,
    /// Whether it is more than one.
    More,
    /// Whether it is still larger.
    Larger,
    /// Which step a block has.
    Delta,
    /// How chroma follows luma.
    Slope,
    /// The thumbnail's values.
    Mean,
}

/// How many contexts there are of each kind: of each input, and in the mixer.
const SIZES: [([usize; INPUTS], usize); 8] = [
    ([16 * 289, 16 * 16, 16 * 17 * 16, 16 * 17 * 16, 16 * 289, 16 * 64], 16),
    ([24 * 64, 24 * 16 * 8, 24 * 16 * 8, 24 * 64, 24 * 64, 24 * 16 * 16], 24),
    ([16 * 64 * 3, 16 * 64, 12 * 16 * 3, 12 * 16 * 3, 8 * 16 * 12, 16 * 16 * 8], 64),
    ([16 * 64 * 3, 16 * 64, 12 * 16 * 3, 12 * 16 * 3, 8 * 16 * 12, 16 * 16 * 8], 64),
    ([8 * 16 * 8, 8 * 16, 8 * 8, 8 * 12, 8 * 8, 8 * 16], 8),
    ([8 * 49, 8 * 16, 8 * 16 * 7, 8 * 16 * 7, 8, 8], 8),
    ([16 * 16, 16 * 16, 16 * 16, 16 * 16, 16, 16], 16),
    ([32 * 36, 32 * 48, 32 * 36, 32, 32 * 8, 32 * 6], 32),
];

/// Where the contexts of each kind and input start, and the mixers of each kind.
const STARTS: ([[usize; INPUTS]; SIZES.len()], [usize; SIZES.len()]) = {
    let mut starts = ([[0; INPUTS]; SIZES.len()], [0; SIZES.len()]);
    let (mut slots, mut mixers, mut kind) = (0, 0, 0);
    while kind < SIZES.len() {
        let mut input = 0;
        while input < INPUTS {
            starts.0[kind][input] = slots;
            slots += SIZES[kind].0[input];
            input += 1;
        }
        starts.1[kind] = mixers;
        mixers += SIZES[kind].1;
        kind += 1;
    }
    starts
};

/// Contexts and mixers of one plane.
pub(super) const SLOTS: usize = STARTS.0[SIZES.len() - 1][INPUTS - 1] + SIZES[SIZES.len() - 1].0[INPUTS - 1];
pub(super) const MIXERS: usize = STARTS.1[SIZES.len() - 1] + SIZES[SIZES.len() - 1].1;

/// Planes that have contexts of their own.
pub(super) const PLANES: usize = 3;

/// A decision's place in the model.
#[derive(Clone, Copy)]
pub(super) struct Place {
    slots: [u32; INPUTS],
    mixer: u32,
}

impl Place {
    /// Of a decision of `kind` in plane `plane`, in a context for each input and one for the mixer.
    #[inline(always)]
    pub(super) fn new(plane: usize, kind: Kind, contexts: [usize; INPUTS], mixer: usize) -> Self {
        let kind = kind as usize;
        let slots = std::array::from_fn(|input| {
            debug_assert!(contexts[input] < SIZES[kind].0[input], "kind {kind} input {input}: {}", contexts[input]);
            (plane * SLOTS + STARTS.0[kind][input] + contexts[input]) as u32
        });
        debug_assert!(mixer < SIZES[kind].1);
        Self { slots, mixer: (plane * MIXERS + STARTS.1[kind] + mixer) as u32 }
    }
}

/// Weights are in 16,384, and kept between -8 and 8.
const WEIGHT_LIMIT: i32 = 8 << 14;

/// Counters and weights, as learned until now.
#[derive(Clone)]
pub(super) struct Model {
    counters: Vec<Counter>,
    weights: Vec<[i32; INPUTS]>,
    /// The larger, the slower weights learn: by halves.
    slowness: u32,
    /// How often each context's decisions were false and true; only in training.
    pub seen: Vec<[u32; 2]>,
}

/// How often a context's decisions count as seen before a photo starts, by the upper two bits of its byte in the
/// tables.
const CONFIDENCE: [u32; 4] = [1, 4, 12, 30];

impl Model {
    /// What the tables hold: a byte for each context, and the weights.
    pub(super) fn new(contexts: &[u8], weights: &[[i32; INPUTS]]) -> Self {
        let counters = contexts.iter().map(|&byte| {
            let logit = (i32::from(byte & 63) - 32) * 64;
            Counter::of(probability(logit.max(-LOGIT_LIMIT)), CONFIDENCE[usize::from(byte >> 6)])
        });
        Self { counters: counters.collect(), weights: weights.to_vec(), slowness: 17, seen: Vec::new() }
    }

    /// Of which nothing is known; with only the first `inputs` inputs, and weights that stay where it is one.
    pub(super) fn blank(inputs: usize) -> Self {
        let mut weights = [0; INPUTS];
        // The second input alone, for it tells most by itself; or a little more than the mean of all.
        if inputs == 1 {
            weights[1] = 1 << 14
        } else {
            weights[..inputs].fill((1 << 14) * 3 / 10)
        }
        let slowness = if inputs == 1 { 31 } else { 17 };
        let counters = vec![Counter::UNSEEN; PLANES * SLOTS];
        Self { counters, weights: vec![weights; PLANES * MIXERS], slowness, seen: Vec::new() }
    }

    /// The byte of a context that was seen `count` times with a probability of `p`.
    pub(super) fn summary(p: f64, count: f64) -> u8 {
        let logit = ((p / (1.0 - p)).ln() * 4.0).round().clamp(-31.0, 31.0) as i32 + 32;
        let confidence = CONFIDENCE.iter().rposition(|&least| count >= f64::from(least)).unwrap_or(0);
        (confidence as u8) << 6 | logit as u8
    }

    pub(super) fn weights(&self) -> &[[i32; INPUTS]] {
        &self.weights
    }

    /// The probability of true, in 65,536.
    #[inline(always)]
    pub(super) fn probability(&self, place: &Place) -> u32 {
        let (_, logit) = self.mix(place);
        probability(logit).clamp(LEAST, MOST) as u32
    }

    #[inline(always)]
    fn mix(&self, place: &Place) -> ([i32; INPUTS], i32) {
        let logits: [i32; INPUTS] =
            std::array::from_fn(|input| LOGITS[self.counters[place.slots[input] as usize].step()].into());
        let weights = &self.weights[place.mixer as usize];
        let sum: i32 = logits.iter().zip(weights).map(|(&logit, &weight)| logit * weight).sum();
        (logits, (sum >> 14).clamp(-LOGIT_LIMIT, LOGIT_LIMIT))
    }

    /// Codes a decision and learns from it.
    #[inline(always)]
    pub(super) fn code(&mut self, coder: &mut impl Coder, place: &Place, bit: bool) -> bool {
        let (logits, logit) = self.mix(place);
        let mixed = probability(logit);
        let bit = coder.code(bit, mixed.clamp(LEAST, MOST) as u32);
        let error = (if bit { 65535 } else { 0 }) - mixed;
        let weights = &mut self.weights[place.mixer as usize];
        for (weight, logit) in weights.iter_mut().zip(logits) {
            *weight = (*weight + ((logit * error + (1 << (self.slowness - 1))) >> self.slowness))
                .clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT);
        }
        for slot in place.slots {
            self.counters[slot as usize].update(bit);
        }
        if !self.seen.is_empty() {
            place.slots.iter().for_each(|&slot| self.seen[slot as usize][usize::from(bit)] += 1);
        }
        bit
    }

    /// Codes a number with its sign: whether it is zero, its sign, and its size, in unary until it is large.
    pub(super) fn code_signed(&mut self, coder: &mut impl Coder, place: impl Fn(usize) -> Place, value: i32) -> i32 {
        const UNARY: u32 = 24;
        if !self.code(coder, &place(0), value != 0) {
            return 0;
        }
        let negative = self.code(coder, &place(1), value < 0);
        let wanted = value.unsigned_abs();
        let mut size = 1;
        while size < UNARY && self.code(coder, &place(1 + size as usize), wanted > size) {
            size += 1;
        }
        if size == UNARY {
            size += code_large(coder, wanted.saturating_sub(UNARY));
        }
        if negative { -(size as i32) } else { size as i32 }
    }
}

/// Codes a number below 2^16, a small one in few bits: how many bits it has, in unary, and the bits.
pub(super) fn code_large(coder: &mut impl Coder, value: u32) -> u32 {
    let (wanted, mut bits) = ((value + 1).ilog2(), 0);
    while bits < 16 && coder.code(bits < wanted, 1 << 15) {
        bits += 1;
    }
    (1 << bits) - 1 + code_plain(coder, u64::from((value + 1) & ((1 << bits) - 1)), bits) as u32
}

/// Where the decisions about one of the thumbnail's values are: by how far the values to the left, above, and of luma
/// were from what was predicted, and by how much the neighbours differ.
pub(super) fn thumbnail_places(plane: usize, [left, above, same]: [u8; 3], activity: u32) -> impl Fn(usize) -> Place {
    let [left, above, same] = [left, above, same].map(usize::from);
    let activity = (32 - activity.leading_zeros()).min(7) as usize;
    move |node| {
        let contexts = [
            (left * 6 + above) * 32 + node,
            (activity * 6 + same) * 32 + node,
            (left.midpoint(above) * 6 + same) * 32 + node,
            node,
            activity * 32 + node,
            same * 32 + node,
        ];
        Place::new(plane, Kind::Mean, contexts, node)
    }
}
