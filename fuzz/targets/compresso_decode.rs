//! Any bytes: decoded, sliced and validated under small limits. What decodes is a volume, so it encodes and comes back.
#![no_main]

use cortado::Limits;
use cortado::compresso::{self, CompressoOptions, Connectivity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::new().voxels(1 << 20).bytes(1 << 23);
    let whole = compresso::decode_with(bytes, &limits);
    let valid = compresso::validate(bytes, &limits);
    assert!(whole.is_ok() || valid.is_err(), "what is valid decodes");
    let Ok(volume) = whole else { return };
    let [depth, height, width] = volume.shape();
    for z in [0, depth / 2, depth.saturating_sub(1)] {
        if z < depth {
            let slice = compresso::decode_slices(bytes, z..z + 1, &limits).expect("a slice of what decodes decodes");
            assert!(slice == volume.crop(z..z + 1, 0..height, 0..width).unwrap());
        }
    }
    for connectivity in [Connectivity::Four, Connectivity::Six] {
        let options = CompressoOptions::new().connectivity(connectivity);
        let again = compresso::encode(&volume, &options).expect("small volumes encode");
        assert!(compresso::decode(&again).expect("our own stream") == volume);
    }
});
