//! Any bytes as a femto archive and as a stream of quantised factors, and small photos through both.
#![no_main]

use cortado::prelude::*;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::new().bytes(1 << 22).pixels(1 << 14);
    if let Ok(femto) = Femto::parse(bytes, &limits) {
        femto.to_photo().expect("its shapes were checked");
        // Not the same numbers: text may have said them with more digits than are kept.
        Femto::parse(femto.to_json().as_bytes(), &Limits::new()).expect("it was written so");
    }
    if let Ok((part, _)) = QuantizedSvd::decode_prefix(bytes, &limits) {
        part.to_photo().expect("its shapes were checked");
    }
    if let Ok(quantized) = QuantizedSvd::decode_with(bytes, &limits) {
        assert_eq!(
            QuantizedSvd::decode(&quantized.encode().expect("it was read so")).expect("it was written so"),
            quantized
        );
    }
    let [width, rank, clusters, way, samples @ ..] = bytes else { return };
    let width = usize::from(*width % 64).max(1);
    let samples = &samples[..samples.len().min(3 * 64 * width)];
    let height = samples.len() / 3 / width;
    let Ok(photo) = Photo::from_rgb(height, width, samples[..3 * height * width].to_vec()) else { return };
    let kind = [Planes::Luma, Planes::Rgb, Planes::YCbCr, Planes::Hsv][usize::from(way & 3)];
    let options = SvdOptions::new().rank(usize::from(*rank).max(1)).seed(u64::from(*way));
    let svd = PhotoSvd::of(&photo, kind, &options).expect("a photo can be decomposed");
    for plane in svd.planes() {
        let errors: Vec<f64> = (0..=plane.rank()).map(|rank| plane.spectrum().squared_error(rank)).collect();
        assert!(errors.is_sorted_by(|a, b| a >= b), "an error that rises with the rank");
    }
    let options = FactorOptions::new().clusters(usize::from(*clusters).max(1)).stages(1 + usize::from(way >> 6));
    let quantized = QuantizedSvd::fit(&svd, &options).expect("the options are in their ranges");
    let back = QuantizedSvd::decode(&quantized.encode().expect("a small photo fits")).expect("it was written so");
    assert_eq!(back, quantized);
});
