//! The models of Ristretto's decisions: counters chosen by contexts, and a mixer of what they say.

use crate::mixing::{Counter, LEAST, LOGISTIC, LOGIT_LIMIT, LOGITS, MOST, WEIGHT_LIMIT, probability};
use crate::range_coder::Coder;

/// `N` sets of `SIZE` counters; `SIZE` is a power of two.
struct Sets<const N: usize, const SIZE: usize>(Box<[Counter]>);

impl<const N: usize, const SIZE: usize> Sets<N, SIZE> {
    const BITS: u32 = SIZE.ilog2();

    fn new() -> Self {
        Self(vec![Counter::UNSEEN; N * SIZE].into())
    }

    fn forget(&mut self) {
        self.0.fill(Counter::UNSEEN);
    }

    #[inline(always)]
    fn counter(&mut self, set: usize, context: usize) -> &mut Counter {
        &mut self.0.as_chunks_mut::<SIZE>().0[set][context % SIZE]
    }
}

/// Makes one probability of what the counters of `N` contexts say.
pub(super) trait Mixer<const N: usize> {
    /// Contexts of a set are numbers of so many bits.
    const CONTEXT_BITS: u32;

    fn new() -> Self;

    /// Starts anew.
    fn forget(&mut self);

    /// Codes a decision in its contexts, one of each set. `kind` and `place` are how the mixer itself tells decisions
    /// apart.
    fn code(
        &mut self,
        coder: &mut impl Coder,
        context: impl Fn(usize) -> usize,
        kind: usize,
        place: usize,
        bit: bool,
    ) -> bool;
}

/// Decisions have one of three kinds, and 64 places.
const KINDS: usize = 4;
const PLACES: usize = 64;

/// One set of counters, whose probability is used as it is.
pub(super) struct Alone<const SIZE: usize>(Sets<1, SIZE>);

impl<const SIZE: usize> Mixer<1> for Alone<SIZE> {
    const CONTEXT_BITS: u32 = Sets::<1, SIZE>::BITS;

    fn new() -> Self {
        Self(Sets::new())
    }

    fn forget(&mut self) {
        self.0.forget();
    }

    #[inline(always)]
    fn code(
        &mut self,
        coder: &mut impl Coder,
        context: impl Fn(usize) -> usize,
        _: usize,
        _: usize,
        bit: bool,
    ) -> bool {
        self.0.counter(0, context(0)).code(coder, bit)
    }
}

/// Two sets of counters; for every pair of what they say, in steps, a counter of what came of it.
pub(super) struct Pair {
    sets: Sets<2, { 1 << 18 }>,
    outcomes: Sets<1, { KINDS * STEPS * STEPS }>,
}

/// Steps of a logit, each of half a unit.
const STEPS: usize = 32;

/// The step of each probability in 4,096.
static LOGIT_STEPS: [u8; 4096] = {
    let mut steps = [0; 4096];
    let mut p = 0;
    while p < 4096 {
        steps[p] = (((LOGITS[p] as i32 + LOGIT_LIMIT + 1) as usize * STEPS) >> 12) as u8;
        p += 1;
    }
    steps
};

impl Mixer<2> for Pair {
    const CONTEXT_BITS: u32 = Sets::<2, { 1 << 18 }>::BITS;

    fn new() -> Self {
        let mut pair = Self { sets: Sets::new(), outcomes: Sets::new() };
        pair.forget();
        pair
    }

    fn forget(&mut self) {
        self.sets.forget();
        for (number, outcome) in self.outcomes.0.iter_mut().enumerate() {
            // A little more than the mean: two that agree are surer together than each alone.
            let [first, second] = [number / STEPS, number].map(|step| 2 * (step % STEPS) as i32 + 1 - STEPS as i32);
            let logit = (first + second) * 40;
            *outcome = Counter::of(probability(logit.clamp(-LOGIT_LIMIT, LOGIT_LIMIT)), 6);
        }
    }

    #[inline(always)]
    fn code(
        &mut self,
        coder: &mut impl Coder,
        context: impl Fn(usize) -> usize,
        kind: usize,
        _: usize,
        bit: bool,
    ) -> bool {
        let [first, second] = [context(0), context(1)];
        let steps = [(0, first), (1, second)].map(|(set, context)| LOGIT_STEPS[self.sets.counter(set, context).step()]);
        let pair = (kind * STEPS + usize::from(steps[0])) * STEPS + usize::from(steps[1]);
        let bit = self.outcomes.counter(0, pair).code(coder, bit);
        self.sets.counter(0, first).update(bit);
        self.sets.counter(1, second).update(bit);
        bit
    }
}

/// `N` sets of counters, and weights by which their logits are added up; what came of the sums corrects them.
pub(super) struct Weighted<const N: usize> {
    sets: Sets<N, { 1 << 18 }>,
    weights: Box<[[i32; N]]>,
    /// What came of each sum, at logits -8, -7.5 .. 8.
    corrections: Box<[[u16; 33]]>,
}

impl<const N: usize> Mixer<N> for Weighted<N> {
    const CONTEXT_BITS: u32 = Sets::<N, { 1 << 18 }>::BITS;

    fn new() -> Self {
        let mut mixer = Self {
            sets: Sets::new(),
            weights: vec![[0; N]; KINDS * PLACES].into(),
            corrections: vec![[0; 33]; KINDS * PLACES].into(),
        };
        mixer.forget();
        mixer
    }

    fn forget(&mut self) {
        self.sets.forget();
        self.weights.fill([(65536 * 16 / 5) / N as i32; N]);
        self.corrections.fill(LOGISTIC.map(|p| p as u16));
    }

    #[inline(always)]
    fn code(
        &mut self,
        coder: &mut impl Coder,
        context: impl Fn(usize) -> usize,
        kind: usize,
        place: usize,
        bit: bool,
    ) -> bool {
        let choice = kind * PLACES + place;
        let contexts: [usize; N] = std::array::from_fn(context);
        let logits: [i32; N] = std::array::from_fn(|set| LOGITS[self.sets.counter(set, contexts[set]).step()].into());
        let weights = &mut self.weights[choice];
        let sum: i64 = logits.iter().zip(&*weights).map(|(&logit, &weight)| i64::from(logit) * i64::from(weight)).sum();
        let logit = (sum >> 16).clamp(-i64::from(LOGIT_LIMIT), LOGIT_LIMIT.into()) as i32;
        let mixed = probability(logit);

        let from_lowest = logit + LOGIT_LIMIT + 1;
        let (point, beyond) = ((from_lowest >> 7) as usize, from_lowest & 127);
        let corrections = &mut self.corrections[choice];
        let [low, high] = [corrections[point], corrections[point + 1]].map(i32::from);
        let corrected = (low * (128 - beyond) + high * beyond) >> 7;
        let bit = coder.code(bit, ((mixed + corrected) >> 1).clamp(LEAST, MOST) as u32);

        let target = if bit { 65535 } else { 0 };
        let nearer = &mut corrections[point + usize::from(beyond >= 64)];
        *nearer = (i32::from(*nearer) + ((target - i32::from(*nearer)) >> 6)) as u16;
        let error = target - mixed;
        for (set, (weight, logit)) in weights.iter_mut().zip(logits).enumerate() {
            *weight = (*weight + ((logit * error + (1 << 15)) >> 16)).clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT);
            self.sets.counter(set, contexts[set]).update(bit);
        }
        bit
    }
}
