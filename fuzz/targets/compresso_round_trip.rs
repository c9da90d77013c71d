//! Any volume with any options comes back.
#![no_main]

use cortado::compresso::{self, CompressoOptions, Connectivity, Steps};
use cortado::volume::Label;
use cortado::{Limits, Volume};
use libfuzzer_sys::fuzz_target;

/// Shape, steps, other choices, labels.
type Input<'a> = ([u8; 3], [u8; 3], u8, &'a [u8]);

fuzz_target!(|input: Input| {
    let choices = input.2;
    match choices & 3 {
        0 => round_trip::<u8>(input),
        1 => round_trip::<u16>(input),
        2 => round_trip::<u32>(input),
        _ => round_trip::<u64>(input),
    }
});

fn round_trip<T: Label>((shape, steps, choices, bytes): Input) {
    let shape = [usize::from(shape[0] % 9), usize::from(shape[1] % 70), usize::from(shape[2])];
    let voxels: usize = shape.iter().product();
    if bytes.is_empty() || voxels > 1 << 15 {
        return;
    }
    // A few labels, some of them the largest, in stretches: what a volume is like.
    let label = |voxel: usize| {
        let byte = bytes[voxel / (1 + usize::from(choices >> 5)) % bytes.len()];
        if byte & 0x80 == 0 {
            T::from_low_bits(byte.into())
        } else {
            T::from_low_bits(T::MAX.into() - u64::from(byte & 15))
        }
    };
    let volume = Volume::from_vec(shape, (0..voxels).map(label).collect()).expect("as many labels as voxels");
    let connectivity = if choices & 4 == 0 { Connectivity::Four } else { Connectivity::Six };
    let mut options = CompressoOptions::new().connectivity(connectivity).index(choices & 8 == 0);
    if choices & 16 == 0 {
        let Ok(steps) = Steps::new(steps[0], steps[1], steps[2]) else { return };
        options = options.steps(steps);
    }
    // Noise may have more windows than narrow steps can number.
    let Ok(stream) = compresso::encode(&volume, &options) else { return };
    compresso::validate(&stream, &Default::default()).expect("our own stream is valid");
    let mut labels = vec![T::default(); voxels];
    assert_eq!(compresso::decode_into(&stream, &mut labels, &Limits::new()).expect("our own stream decodes"), shape);
    assert!(labels == volume.labels());
    assert_eq!(compresso::remap(&stream, Some, &Limits::new()).expect("the same labels"), stream);
}
