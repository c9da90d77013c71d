//! Codes the cracks of a slice, each decision in the context of the cracks around it.

use super::contexts::{ABOVE, Around, BOTH, Contexts, LEFT};
use super::cracks::{Cracks, WORD};
use super::model::Mixer;
use crate::mixing::Counter;
use crate::range_coder::Coder;

/// The cracks of slices, coded one after another.
pub(super) struct Partition<C: Contexts<N>, const N: usize> {
    contexts: C,
    mixer: C::Mixer,
    /// Whether a stretch of voxels without a crack nearby has one, by its length.
    stretches: [Counter; WORD + 1],
    /// Whether, when it has one, it is at the next voxel, by the length that is left.
    places: [Counter; WORD + 1],
}

impl<C: Contexts<N>, const N: usize> Partition<C, N> {
    pub(super) fn new(contexts: C) -> Self {
        let [stretches, places] = [[Counter::UNSEEN; WORD + 1]; 2];
        Self { contexts, mixer: C::Mixer::new(), stretches, places }
    }

    /// Starts anew.
    pub(super) fn forget(&mut self) {
        self.mixer.forget();
        self.stretches.fill(Counter::UNSEEN);
        self.places.fill(Counter::UNSEEN);
    }

    /// Codes the cracks of a slice, in the context of the slice before and the one before that. An encoder's are coded,
    /// a decoder's are written, whatever they were.
    pub(super) fn code(&mut self, coder: &mut impl Coder, cracks: &mut Cracks, [before, two_before]: [&Cracks; 2]) {
        let width = cracks.width();
        // A coder of our own stays in registers.
        let mut local = std::mem::take(coder);
        for y in 0..cracks.height() {
            let ([n1, n2, n3, n4, n5], row) = cracks.split(y);
            let [p_above, p0, p_below, p_two_below] = [-1, 0, 1, 2].map(|down| before.row(y, down));
            let [pp_above, pp0, pp_below] = [-1, 0, 1].map(|down| two_before.row(y, down));
            let mut left = 0;
            for (index, first) in (1..).zip((0..width).step_by(WORD)) {
                let window = |row: &[u32]| window(row, index);
                let mut word = Word {
                    n: [window(n1), window(n2), window(n3)],
                    p: [window(p_above), window(p0), window(p_below)],
                    far: if N > 2 {
                        [window(n4), window(n5), window(p_two_below), window(pp_above), window(pp0), window(pp_below)]
                    } else {
                        [0; 6]
                    },
                    left,
                    truth: row[index],
                    cracks: 0,
                };
                let edges = [if first == 0 { 0 } else { LEFT }, if y == 0 { 0 } else { ABOVE }];
                self.code_word(&mut local, &mut word, (width - first).min(WORD), edges);
                row[index] = word.cracks;
                left = word.left;
            }
        }
        *coder = local;
    }

    /// Codes the cracks of up to 16 voxels. `edges` are the cracks that the first one and all of them can have.
    #[inline(always)]
    fn code_word(&mut self, coder: &mut impl Coder, word: &mut Word, voxels: usize, edges: [u64; 2]) {
        let busy = word.busy();
        let mut x = 0;
        let possible = |x: usize| edges[1] | if x == 0 { edges[0] } else { LEFT };
        while x < voxels {
            let quiet = ((busy >> (2 * x)).trailing_zeros() as usize / 2).min(voxels - x);
            if word.left & 0xf == 0 && quiet > 0 {
                let truth = word.truth >> (2 * x);
                let is_crossed = truth & ((1u64 << (2 * quiet)) - 1) as u32 != 0;
                if !self.stretches[quiet].code(coder, is_crossed) {
                    x += quiet;
                    word.left <<= 2 * quiet;
                    continue;
                }
                let mut passed = 0;
                while passed + 1 < quiet && !self.places[quiet - passed].code(coder, truth >> (2 * passed) & 3 != 0) {
                    passed += 1;
                }
                x += passed;
                word.left <<= 2 * passed;
                // Both neighbours are alike, so it differs from both.
                word.push(x, possible(x));
            } else {
                let cracks = self.code_voxel(coder, word, x, possible(x));
                word.push(x, cracks);
            }
            x += 1;
        }
    }

    #[inline(always)]
    fn code_voxel(&mut self, coder: &mut impl Coder, word: &Word, x: usize, possible: u64) -> u64 {
        let around = word.around(x, N > 2);
        let truth = u64::from(word.truth >> (2 * x));
        match possible {
            BOTH => {
                let is_left = self.decide(coder, around, 0, truth & LEFT != 0);
                // Of the four cracks that meet at the voxel's corner, never just one is set.
                let others = (word.n[0] >> (2 * x + 4) & LEFT) + (word.left >> 1 & 1);
                let is_above = match (is_left, others) {
                    (true, 0) => true,
                    (false, 0) => false,
                    (false, 1) => true,
                    _ => self.decide(coder, around, 1 + u64::from(is_left), truth & ABOVE != 0),
                };
                u64::from(is_left) | u64::from(is_above) << 1
            }
            0 => 0,
            one => one * u64::from(self.decide(coder, around, 0, truth & one != 0)),
        }
    }

    #[inline(always)]
    fn decide(&mut self, coder: &mut impl Coder, around: Around, kind: u64, bit: bool) -> bool {
        // Odd numbers without a pattern: the upper bits of the products depend on all bits of a context.
        const SPREAD: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93];
        // What is decided last chooses within a line of the cache, so that the line is known before.
        let latest = kind << 2 | around.near >> 32 & BOTH;
        let masks = self.contexts.masks();
        let context = |set: usize| {
            let mask = masks[set];
            let mut spread = (around.near & mask.near).wrapping_mul(SPREAD[0]);
            if N > 2 {
                spread ^= (around.far & mask.far).wrapping_mul(SPREAD[1]);
            }
            (spread >> (68 - C::Mixer::CONTEXT_BITS) << 4 | latest) as usize
        };
        self.mixer.code(coder, context, kind as usize, around.place, bit)
    }
}

/// Sixteen voxels of a row that are being coded. Windows hold the row's voxels from two before the first one on.
struct Word {
    /// N1, N2, N3.
    n: [u64; 3],
    /// P above, P0, P below.
    p: [u64; 3],
    /// N4, N5, P two below, PP above, PP0, PP below.
    far: [u64; 6],
    /// The voxels to the left, the nearest lowest.
    left: u64,
    /// What an encoder's cracks are.
    truth: u32,
    /// What has been coded of them.
    cracks: u32,
}

impl Word {
    /// The lower bit of each voxel that has a crack nearby, in other rows than its own.
    #[inline(always)]
    fn busy(&self) -> u32 {
        let above = self.n[0] | self.n[0] << 2 | self.n[0] >> 2 | self.n[0] >> 4;
        let all = above | self.p[1];
        let all = all | all << 2 | all >> 2;
        ((all | all >> 1) >> 4) as u32 & 0x5555_5555
    }

    #[inline(always)]
    fn around(&self, x: usize, with_far: bool) -> Around {
        let at = |window: u64| window >> (2 * x);
        let n1 = at(self.n[0]);
        let near = n1 & 0x3fff
            | (at(self.n[1]) & 0xfff) << 14
            | (at(self.n[2]) >> 2 & 0x3f) << 26
            | (self.left & 0x3f) << 32
            | (at(self.p[1]) >> 2 & 0xff) << 38
            | (at(self.p[0]) >> 2 & 0x3f) << 46
            | (at(self.p[2]) >> 2 & 0x3f) << 52;
        let far = match with_far {
            false => 0,
            true => {
                let [n4, n5, p_two_below, pp_above, pp0, pp_below] = self.far.map(at);
                self.left >> 6 & 0x3ff
                    | (at(self.n[2]) & 0x3ff) << 10
                    | (n4 & 0x3ff) << 20
                    | (n5 & 0x3ff) << 30
                    | (p_two_below >> 2 & 0x3f) << 40
                    | (pp0 >> 2 & 0x3f) << 46
                    | (pp_above >> 4 & BOTH) << 52
                    | (pp_below >> 4 & BOTH) << 54
                    | (n1 >> 14 & BOTH) << 56
                    | (at(self.p[1]) & BOTH) << 58
            }
        };
        // The nearest on the left, and those above: three of x and x + 1, one of x + 2.
        let place = self.left & 3 | (n1 >> 4 & 7) << 2 | (n1 >> 8 & 1) << 5;
        Around { near, far, place: place as usize }
    }

    #[inline(always)]
    fn push(&mut self, x: usize, cracks: u64) {
        self.cracks |= (cracks as u32) << (2 * x);
        self.left = self.left << 2 | cracks;
    }
}

/// The voxels from two before those of a word to 14 after it.
#[inline(always)]
fn window(row: &[u32], word: usize) -> u64 {
    u64::from(row[word - 1]) >> 28 | u64::from(row[word]) << 4 | u64::from(row[word + 1]) << 36
}
