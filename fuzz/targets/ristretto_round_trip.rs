//! Any volume at any level comes back.
#![no_main]

use cortado::ristretto::{self, Level, RistrettoOptions};
use cortado::volume::Label;
use cortado::{Limits, Volume};
use libfuzzer_sys::fuzz_target;

/// Shape, level and restart, other choices, labels.
type Input<'a> = ([u8; 3], [u8; 2], u8, &'a [u8]);

fuzz_target!(|input: Input| {
    match input.2 & 3 {
        0 => round_trip::<u8>(input),
        1 => round_trip::<u16>(input),
        2 => round_trip::<u32>(input),
        _ => round_trip::<u64>(input),
    }
});

fn round_trip<T: Label>((shape, [level, restart], choices, bytes): Input) {
    let [z, y, x] = [usize::from(shape[0] % 9), usize::from(shape[1] % 70), usize::from(shape[2])];
    if bytes.is_empty() || z * y * x > 1 << 15 {
        return;
    }
    // Blobs that drift from slice to slice, their edges rough: what a volume is like.
    let size = 1 + usize::from(choices >> 4);
    let label = |voxel: usize| {
        let (z, y, x) = (voxel / (y * x), voxel / x % y, voxel % x);
        let rough = usize::from(bytes[voxel % bytes.len()] & 1) * usize::from(choices >> 2 & 3);
        let byte = bytes[((y + z) / size * 31 + (x + rough) / size) % bytes.len()];
        if byte & 0x80 == 0 {
            T::from_low_bits(byte.into())
        } else {
            T::from_low_bits(T::MAX.into() - u64::from(byte & 15))
        }
    };
    let volume = Volume::from_vec([z, y, x], (0..z * y * x).map(label).collect()).expect("as many labels as voxels");
    let options = RistrettoOptions::new().level(Level::ALL[usize::from(level % 3)]).restart(restart.into());
    let stream = ristretto::encode(&volume, &options).expect("a small volume");
    let mut labels = vec![T::default(); volume.voxels()];
    assert_eq!(
        ristretto::decode_into(&stream, &mut labels, &Limits::new()).expect("our own stream decodes"),
        [z, y, x]
    );
    assert!(labels == volume.labels());
    assert_eq!(ristretto::remap(&stream, Some, &Limits::new()).expect("the same labels"), stream);
}
