//! Label volumes, damage and random numbers for the tests of the label codecs.

use super::golden;
use cortado::second_stage::SecondStage;
use cortado::volume::VolumeFormat;
use cortado::{AnyVolume, Limits, Volume};
use proptest::prelude::*;

/// Volumes in golden/labels, made by make_labels.py.
pub(crate) const NAMES: [&str; 5] = ["blocks_u32", "noise_u8", "top_u64", "flat_u16", "nuclei_u16"];

/// One of them.
pub(crate) fn volume(name: &str) -> AnyVolume {
    AnyVolume::decode(&golden(&format!("labels/{name}.npy")), VolumeFormat::Npy, &Limits::new()).unwrap()
}

/// Numbers as random as a test needs them.
pub(crate) fn mixed(number: u64) -> u64 {
    let product = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (product ^ product >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11
}

/// A call on so many threads.
pub(crate) fn in_pool<R: Send>(threads: usize, call: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(call)
}

/// Random numbers below what is asked for, the same in every run.
pub(crate) fn random() -> impl FnMut(usize) -> usize {
    let mut random = 0x2545_f491_4f6c_dd1du64;
    move |below| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    }
}

/// Cuts, changes, flips or repeats something in one to four places.
pub(crate) fn damage(bytes: &mut Vec<u8>, next: &mut impl FnMut(usize) -> usize) {
    for _ in 0..1 + next(4) {
        match (next(4), bytes.len()) {
            (_, 0) => (),
            (0, len) => bytes.truncate(next(len)),
            (1, len) => bytes[next(len)] = next(256) as u8,
            (2, len) => bytes[next(len)] ^= 1 << next(8),
            (_, len) => {
                let (from, to) = (next(len), next(len));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                let at = next(len);
                bytes.splice(at..at, part.into_iter().take(64));
            }
        }
    }
}

/// The real volume that the authors of Python's compresso distribute, where it is there.
pub(crate) fn em_stream() -> Option<Vec<u8>> {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/labels/connectomics.npy.cpso.lzma");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("SKIPPED: the EM volume is not beside the project");
        return None;
    };
    Some(SecondStage::Lzma.decode(&bytes, &Limits::new()).unwrap())
}

/// Shapes with sides of 1, primes, and just over a word; labels of all kinds.
pub(crate) fn volumes() -> impl Strategy<Value = Volume<u64>> {
    let side = prop_oneof![Just(1usize), Just(2), Just(7), Just(13), Just(64), Just(67)];
    let labels = prop_oneof![Just(1u64), Just(2), Just(5), Just(1 << 40)];
    (1usize..6, side.clone(), side, labels, 1usize..9, any::<u64>()).prop_map(|(z, y, x, kinds, stretch, seed)| {
        let label = |voxel: usize| {
            let label = mixed((voxel / stretch) as u64 ^ seed);
            // One in four at the top of the range.
            if label & 3 == 0 { u64::MAX - label % kinds.min(300) } else { label % kinds }
        };
        Volume::from_vec([z, y, x], (0..z * y * x).map(label).collect()).unwrap()
    })
}
