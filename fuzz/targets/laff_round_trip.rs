//! Small photos of any samples through laff with any options.
#![no_main]

use cortado::prelude::*;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [width, quality, way, rows, samples @ ..] = bytes else { return };
    let width = usize::from(*width % 96).max(1);
    let channels = if way & 1 == 0 { 3 } else { 1 };
    let samples = &samples[..samples.len().min(96 * 96 * channels)];
    let height = samples.len() / channels / width;
    let samples = samples[..channels * height * width].to_vec();
    let photo = match channels {
        1 => Photo::from_grey(height, width, samples),
        _ => Photo::from_rgb(height, width, samples),
    };
    let Ok(photo) = photo else { return };
    let mut options = LaffOptions::new().full_chroma(way & 2 != 0).slice_rows(usize::from(*rows).max(1));
    if way & 4 != 0 {
        options = options.profile(Profile::Visual);
    }
    options = match way >> 6 {
        0 => options.psnr(f64::from(*quality) / 4.0),
        _ => options.quality(f64::from(*quality) / 2.55),
    };
    let (stream, expected) = laff::encode_with_photo(&photo, &options).expect("the options are in their ranges");
    assert!(laff::decode(&stream).expect("it was written so") == expected, "not what the encoder said");
    let cut = &stream[..stream.len() * usize::from(*quality) / 256];
    if let Ok(part) = laff::decode_prefix(cut, &Limits::new()) {
        assert!(!part.is_complete());
    }
});
