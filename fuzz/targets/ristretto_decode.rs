//! Any bytes: decoded, sliced, validated and mapped under small limits, whatever their checksums. What decodes is a
//! volume, so it encodes at every level and comes back.
#![no_main]

use cortado::Limits;
use cortado::ristretto::{self, Level, RistrettoOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::new().voxels(1 << 18).bytes(1 << 21);
    let whole = ristretto::decode_with(bytes, &limits);
    let labels = ristretto::labels(bytes, &limits);
    let Ok(volume) = whole else { return };
    assert!(labels.is_ok(), "what decodes has labels");
    ristretto::validate(bytes, &limits).expect("what decodes is valid");
    let [depth, height, width] = volume.shape();
    for z in [0, depth / 2, depth.saturating_sub(1)] {
        if z < depth {
            let slice = ristretto::decode_slices(bytes, z..z + 1, &limits).expect("a slice of what decodes decodes");
            assert!(slice == volume.crop(z..z + 1, 0..height, 0..width).unwrap());
        }
    }
    let same = ristretto::remap(bytes, Some, &limits).expect("the same labels");
    assert!(ristretto::decode(&same).expect("a mapped stream") == volume);
    for level in Level::ALL {
        let again = ristretto::encode(&volume, &RistrettoOptions::new().level(level)).expect("it encodes");
        assert!(ristretto::decode(&again).expect("our own stream") == volume);
    }
});
