//! The bytes of PNG files: against oxipng on the same indices, and with regard to the neighbours.

use crate::common::{Outcome, Peers};
use crate::mean;
use crate::programs::Programs;
use cortado::metrics::psnr;
use cortado::palette::{Effort, QuantizeOptions};
use cortado::{IndexedPhoto, Palette, PaletteOptions, Photo};
use std::fmt::Write;
use std::fs;

/// The bytes that `oxipng -o 4` makes of a photo's file.
pub(crate) fn oxipng(python: &mut Peers, indexed: &IndexedPhoto) -> Outcome<f64> {
    let [input, output] = ["in.png", "out.png"].map(|name| format!("target/tmp/bench-palette/{name}"));
    fs::write(&input, indexed.to_png()?)?;
    let [_, bytes] = python.call(&format!("oxipng {input} {output}"))?;
    Ok(bytes)
}

/// Colours of the palettes, plain and spatial.
const PLAIN: usize = 128;
const SPATIAL: usize = 160;

/// Files of 128 colours; and of 160 with the lambda that gives the same PSNR.
pub(crate) fn table(programs: &Programs, photos: &[(String, Photo)]) -> Outcome<String> {
    let mut text = String::from(
        "| photo | PSNR, dB | `Fast` | `Best` | oxipng -o 4 | `Best` / oxipng | lambda | spatial, `Best` | spatial / plain |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    let mut ratios = [Vec::new(), Vec::new()];
    for (name, photo) in photos {
        eprintln!("{name}, files");
        let plain = IndexedPhoto::fit(photo, &PaletteOptions::new().colors(PLAIN))?;
        let [mut python, _] = programs.start(photo)?;
        let oxipng = oxipng(&mut python, &plain)?;
        let (fast, best) = (plain.to_png()?.len(), plain.to_png_with(Effort::Best)?.len());
        let quality = psnr(photo, &plain.to_photo())?;
        let (lambda, spatial) = spatial(photo, quality)?;
        let spatial = spatial.to_png_with(Effort::Best)?.len();
        let [against_oxipng, against_plain] = [best as f64 / oxipng, spatial as f64 / best as f64];
        ratios[0].push(against_oxipng);
        ratios[1].push(against_plain);
        writeln!(
            text,
            "| {name} | {quality:.2} | {fast} | {best} | {oxipng} | {against_oxipng:.3} | {lambda:.1} | {spatial} | {against_plain:.3} |"
        )?;
    }
    let [against_oxipng, against_plain] = ratios.map(mean);
    writeln!(text, "| geometric mean | | | | | **{against_oxipng:.3}** | | | **{against_plain:.3}** |")?;
    Ok(text)
}

/// The largest lambda, to one part in a hundred, with which the photo is as good as asked for, and what comes of it.
fn spatial(photo: &Photo, quality: f64) -> Outcome<(f32, IndexedPhoto)> {
    let palette = Palette::fit(photo, &PaletteOptions::new().colors(SPATIAL))?;
    let with = |lambda| palette.quantize_with(photo, &QuantizeOptions::new().spatial(lambda));
    let is_good = |indexed: &IndexedPhoto| Ok::<_, cortado::Error>(psnr(photo, &indexed.to_photo())? >= quality);
    let mut found = palette.quantize(photo);
    if !is_good(&found)? {
        return Err("more colours are not better".into());
    }
    let (mut good, mut bad) = (0.0, None);
    loop {
        let lambda = bad.map_or(if good > 0.0 { 2.0 * good } else { 1.0 }, |bad| (good + bad) / 2.0);
        let indexed = with(lambda)?;
        match is_good(&indexed)? {
            true => (good, found) = (lambda, indexed),
            false => bad = Some(lambda),
        }
        if bad.is_some_and(|bad| bad - good < 0.01 * bad) {
            return Ok((good, found));
        }
    }
}
