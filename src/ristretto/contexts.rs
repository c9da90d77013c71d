//! Which of the cracks around a voxel a level looks at.

use super::model::{Alone, Mixer, Pair, Weighted};

/// The cracks around a voxel that are known before its own, in two words of 64 bits: those nearby, and those further
/// away.
///
/// Each voxel has two bits, as in [`Cracks`], those of lower x below. Rows are counted from the voxel's own: N1 is the
/// one above. P are rows of the slice before, PP of the one before that.
///
/// | bits | near | voxels |
/// |---|---|---|
/// | 0..14 | N1 | x - 2 to x + 4 |
/// | 14..26 | N2 | x - 2 to x + 3 |
/// | 26..32 | N3 | x - 1 to x + 1 |
/// | 32..38 | N0 | x - 1 to x - 3: the nearest lowest |
/// | 38..46 | P0 | x - 1 to x + 2 |
/// | 46..52 | P, above | x - 1 to x + 1 |
/// | 52..58 | P, below | x - 1 to x + 1 |
///
/// | bits | far | voxels |
/// |---|---|---|
/// | 0..10 | N0 | x - 4 to x - 8 |
/// | 10..20 | N3 | x - 2 to x + 2 |
/// | 20..30 | N4 | x - 2 to x + 2 |
/// | 30..40 | N5 | x - 2 to x + 2 |
/// | 40..46 | P, two below | x - 1 to x + 1 |
/// | 46..52 | PP0 | x - 1 to x + 1 |
/// | 52..54, 54..56 | PP, above and below | x |
/// | 56..58 | N1 | x + 5 |
/// | 58..60 | P0 | x - 2 |
#[derive(Clone, Copy)]
pub(super) struct Around {
    pub(super) near: u64,
    pub(super) far: u64,
    /// The nearest few of them, for the mixer.
    pub(super) place: usize,
}

/// The bit of the crack left of a voxel, and of the one above it, in its two bits.
pub(super) const LEFT: u64 = 1;
pub(super) const ABOVE: u64 = 2;
pub(super) const BOTH: u64 = 3;

/// Which bits of [`Around`] make a context; the two of the voxel to the left are part of every one.
#[derive(Clone, Copy)]
pub(super) struct Mask {
    pub(super) near: u64,
    pub(super) far: u64,
}

/// The two bits, or one of them, of the voxel `x` of a row whose lowest voxel is `first`, and whose lowest bit is `at`.
const fn bits(at: u32, first: i32, x: i32, which: u64) -> u64 {
    which << (at + 2 * (x - first) as u32)
}

const fn n1(x: i32, which: u64) -> u64 {
    bits(0, -2, x, which)
}
const fn n2(x: i32, which: u64) -> u64 {
    bits(14, -2, x, which)
}
const fn n3(x: i32, which: u64) -> u64 {
    bits(26, -1, x, which)
}
const fn n0(x: i32, which: u64) -> u64 {
    bits(32, 1, -x, which)
}
const fn p0(x: i32, which: u64) -> u64 {
    bits(38, -1, x, which)
}
const fn p_above(x: i32, which: u64) -> u64 {
    bits(46, -1, x, which)
}
const fn p_below(x: i32, which: u64) -> u64 {
    bits(52, -1, x, which)
}

/// The nearest cracks of the slice.
const SMALL: u64 = n1(-1, BOTH) | n1(0, BOTH) | n1(1, LEFT) | n1(2, LEFT) | n2(0, LEFT) | n2(1, LEFT);

/// More of the slice.
const WIDE: u64 = n0(-2, BOTH)
    | n1(-2, LEFT)
    | n1(-1, BOTH)
    | n1(0, BOTH)
    | n1(1, BOTH)
    | n1(2, LEFT)
    | n1(3, BOTH)
    | n2(-1, BOTH)
    | n2(0, BOTH)
    | n2(1, BOTH)
    | n2(2, LEFT)
    | n3(0, LEFT);

/// The nearest cracks of the slice and of the one before.
const BESIDE: u64 = n1(-1, ABOVE)
    | n1(0, BOTH)
    | n1(1, LEFT)
    | n1(2, LEFT)
    | n1(3, ABOVE)
    | n2(-1, LEFT)
    | n2(1, LEFT)
    | p0(-1, ABOVE)
    | p0(0, BOTH)
    | p0(1, ABOVE)
    | p_above(-1, ABOVE)
    | p_above(1, LEFT)
    | p_below(0, LEFT);

/// Everything of the slice before.
const BEFORE: u64 = n1(0, BOTH)
    | n1(1, LEFT)
    | p0(-1, BOTH)
    | p0(0, BOTH)
    | p0(1, BOTH)
    | p_above(-1, ABOVE)
    | p_above(0, BOTH)
    | p_above(1, LEFT)
    | p_below(-1, ABOVE)
    | p_below(0, BOTH)
    | p_below(1, LEFT);

/// How the crack above goes on upwards.
const TALL: Mask = Mask {
    near: n1(-2, LEFT)
        | n1(-1, LEFT)
        | n1(0, LEFT)
        | n1(1, LEFT)
        | n1(2, LEFT)
        | n2(-2, LEFT)
        | n2(-1, LEFT)
        | n2(0, LEFT)
        | n2(1, LEFT)
        | n2(2, LEFT),
    far: 0b01_01_01_01_01 << 10 | 0b00_01_01_01_00 << 20 | 0b00_01_01_01_00 << 30,
};

/// How the cracks left and right go on sideways.
const LONG: Mask = Mask {
    near: n0(-2, BOTH)
        | n0(-3, BOTH)
        | n1(0, BOTH)
        | n1(1, BOTH)
        | n1(2, BOTH)
        | n1(3, BOTH)
        | n1(4, BOTH)
        | n2(3, LEFT),
    far: 0b10_10 | BOTH << 56,
};

/// The two slices before.
const TWO_BEFORE: Mask = Mask {
    near: n1(0, LEFT)
        | n1(1, LEFT)
        | n1(2, LEFT)
        | p0(-1, BOTH)
        | p0(0, BOTH)
        | p0(1, LEFT)
        | p_above(0, LEFT)
        | p_below(0, ABOVE),
    far: 0b01_11_11 << 46 | LEFT << 52 | ABOVE << 54,
};

/// The slice before, far around.
const FAR_BEFORE: Mask = Mask {
    near: n1(0, LEFT)
        | n1(1, LEFT)
        | n1(2, LEFT)
        | p0(-1, LEFT)
        | p0(0, BOTH)
        | p0(1, BOTH)
        | p0(2, LEFT)
        | p_above(0, BOTH)
        | p_below(-1, BOTH)
        | p_below(0, BOTH)
        | p_below(1, BOTH),
    far: 0b10_11_10 << 40 | LEFT << 58,
};

const fn near(near: u64) -> Mask {
    Mask { near, far: 0 }
}

/// Which contexts a level uses: known when it is compiled, so that bits that none uses cost nothing.
pub(super) trait Contexts<const N: usize> {
    type Mixer: Mixer<N>;

    fn masks(&self) -> [Mask; N];
}

/// Those of level fast.
pub(super) struct OfFast;
/// Those of level default.
pub(super) struct OfDefault;
/// Those of level max.
pub(super) struct OfMax;

impl Contexts<1> for OfFast {
    type Mixer = Alone<{ 1 << 13 }>;

    #[inline(always)]
    fn masks(&self) -> [Mask; 1] {
        const { [near(SMALL)] }
    }
}

impl Contexts<2> for OfDefault {
    type Mixer = Pair;

    #[inline(always)]
    fn masks(&self) -> [Mask; 2] {
        const { [near(WIDE), near(BESIDE)] }
    }
}

impl Contexts<8> for OfMax {
    type Mixer = Weighted<8>;

    #[inline(always)]
    fn masks(&self) -> [Mask; 8] {
        const { [near(SMALL), near(WIDE), near(BESIDE), near(BEFORE), TALL, LONG, TWO_BEFORE, FAR_BEFORE] }
    }
}

/// One set of contexts: the two cracks of the voxel to the left, and so many of the next nearest.
pub(super) struct Nearest(Mask);

/// Cracks by their distance from the middle of the voxel's own two, those of the slice before as if it were one voxel
/// away.
const NEAREST: [u64; 20] = [
    n1(0, LEFT),
    n1(1, LEFT),
    n1(0, ABOVE),
    n1(-1, ABOVE),
    p0(0, LEFT),
    p0(0, ABOVE),
    n1(1, ABOVE),
    n1(-1, LEFT),
    n1(2, LEFT),
    n2(0, LEFT),
    n2(1, LEFT),
    p0(-1, ABOVE),
    p_above(0, LEFT),
    p0(1, LEFT),
    p_below(0, ABOVE),
    n0(-2, BOTH),
    n2(0, ABOVE),
    n2(-1, ABOVE),
    n1(2, ABOVE),
    n2(2, LEFT),
];

impl Nearest {
    pub(super) fn new(cracks: usize) -> Self {
        Self(near(NEAREST[..cracks.min(NEAREST.len())].iter().fold(0, |mask, crack| mask | crack)))
    }
}

impl Contexts<1> for Nearest {
    type Mixer = Alone<{ 1 << 20 }>;

    #[inline(always)]
    fn masks(&self) -> [Mask; 1] {
        [self.0]
    }
}
