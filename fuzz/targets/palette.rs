//! Palettes of any photo, and any bytes as a PNG or `.npz` file of a palette and its indices.
#![no_main]

use cortado::prelude::*;
use libfuzzer_sys::fuzz_target;

const DITHERS: [Dither; 4] = [Dither::None, Dither::FloydSteinberg, Dither::BlueNoise, Dither::Bayer];

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::new().bytes(1 << 20).pixels(1 << 16);
    let _ = IndexedPhoto::from_npz(bytes, &limits);
    if let Ok(indexed) = IndexedPhoto::from_png_with(bytes, &limits) {
        check(&indexed);
    }
    let [width, colors, way, samples @ ..] = bytes else { return };
    let width = usize::from(*width).max(1);
    let height = samples.len() / 3 / width;
    let Ok(photo) = Photo::from_rgb(height, width, samples[..3 * height * width].to_vec()) else { return };
    let space = if way & 4 == 0 { Space::Srgb } else { Space::Oklab };
    let options = PaletteOptions::new().colors(usize::from(*colors) + 1).space(space).starts(1 + usize::from(way >> 7));
    let palette = Palette::fit(&photo, &options).expect("the options are in their ranges");
    let quantizing = match way & 8 {
        0 => QuantizeOptions::new().dither(DITHERS[usize::from(way & 3)]),
        _ => QuantizeOptions::new().spatial(f32::from(*way)),
    };
    check(&palette.quantize_with(&photo, &quantizing).expect("the options are in their ranges"));
});

/// What is written is what is read.
fn check(indexed: &IndexedPhoto) {
    let back = IndexedPhoto::from_png(&indexed.to_png().expect("a small photo fits")).expect("it was written so");
    assert_eq!(back.indices(), indexed.indices());
    assert_eq!(back.palette().colors(), indexed.palette().colors());
    indexed.to_gif().expect("a small photo fits");
}
