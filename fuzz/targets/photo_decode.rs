//! Any bytes as a picture, whole or damaged, and as a file of labels, whose format the first bytes tell.
#![no_main]

use cortado::volume::VolumeOptions;
use cortado::{AnyVolume, Limits, Photo};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::new().pixels(1 << 20).voxels(1 << 20).bytes(1 << 24);
    let whole = Photo::decode_with_opacity(bytes, &limits);
    let partial = Photo::decode_partial(bytes, &limits);
    if let Ok((photo, _, opacity)) = whole {
        // What is whole is also read where damage is allowed, and alike.
        let (again, conversion, opacity_again) = partial.expect("a whole picture");
        assert!(photo == again && opacity == opacity_again && conversion.missing_percent == 0);
    }
    let _ = AnyVolume::decode_as(bytes, None, &VolumeOptions::new().cast(true).limits(limits));
});
