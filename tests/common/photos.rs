//! Photos for property tests.

use cortado::prelude::*;
use proptest::prelude::*;

/// Photos of awkward shapes and few or many colours.
pub(crate) fn photos() -> impl Strategy<Value = Photo> {
    let side = prop_oneof![Just(1_usize), Just(2), Just(7), Just(8), Just(13), Just(31), Just(97)];
    (side.clone(), side, 1_u8..=255, any::<u64>(), any::<bool>()).prop_map(|(height, width, step, seed, grey)| {
        let mut state = seed | 1;
        let mut sample = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 56) as u8) / step * step
        };
        let count = height * width * if grey { 1 } else { 3 };
        let samples = (0..count).map(|_| sample()).collect();
        if grey { Photo::from_grey(height, width, samples) } else { Photo::from_rgb(height, width, samples) }.unwrap()
    })
}
