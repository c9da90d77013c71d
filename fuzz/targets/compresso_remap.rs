//! Any bytes with any map of labels: what decodes still does, to the mapped labels.
#![no_main]

use cortado::{AnyVolume, Limits, compresso};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Numbers from the bytes themselves, so that a stream is a good first input.
    let factor = 2 * bytes.len() as u64 + 1;
    let offset = bytes.iter().fold(0u64, |sum, &byte| sum.rotate_left(8) ^ u64::from(byte));
    let limits = Limits::new().voxels(1 << 18).bytes(1 << 21);
    let Ok(stream) = compresso::Stream::parse(bytes) else { return };
    let most = u64::MAX >> (64 - 8 * stream.header().label_type.bytes());
    let map = |label: u64| label.wrapping_mul(factor).wrapping_add(offset) & most;
    let remapped = compresso::remap(bytes, |label| Some(map(label)), &Limits::new());
    let _ = compresso::remap(bytes, |label| (label != offset).then_some(label), &Limits::new());
    let Ok(volume) = compresso::decode_with(bytes, &limits) else { return };
    let remapped = compresso::decode_with(&remapped.expect("what decodes can be mapped"), &limits);
    let labels = |volume: &AnyVolume| volume.to_labels::<u64>().expect("every label fits").into_array();
    assert_eq!(labels(&volume).mapv(map), labels(&remapped.expect("and decodes again")));
});
