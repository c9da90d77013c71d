//! Time and error of the quantisers.

use crate::common::{Outcome, Peers, median, seconds, threads};
use crate::mean;
use crate::programs::{Programs, SCRATCH};
use cortado::metrics::mse;
use cortado::palette::{Engine, Space};
use cortado::{IndexedPhoto, PaletteOptions, Photo};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const ROUNDS: usize = 5;

/// The names in the tables, and who runs them.
const QUANTISERS: [(&str, Runner); 8] = [
    ("**Cortado, sRGB**", Runner::Ours(Space::Srgb)),
    ("**Cortado, Oklab**", Runner::Ours(Space::Oklab)),
    ("linfa 0.8, 1,000 pixels", Runner::Linfa),
    ("scikit-learn 1.9, 1,000 pixels", Runner::Python("sklearn-sample")),
    ("scikit-learn 1.9, all pixels", Runner::Python("sklearn-lloyd")),
    ("quantette 0.6, sRGB", Runner::Rust("quantette-srgb")),
    ("quantette 0.6, Oklab", Runner::Rust("quantette-oklab")),
    ("imagequant 4.4, speed 4", Runner::Rust("imagequant")),
];

#[derive(Clone, Copy, PartialEq)]
enum Runner {
    Ours(Space),
    Linfa,
    Python(&'static str),
    Rust(&'static str),
}

/// What a quantiser makes of a photo.
struct Outcomes {
    times: Vec<f64>,
    recreated: Option<Photo>,
    /// The MSE before the palette was rounded, where that is known.
    unrounded: Option<f64>,
}

/// Runs some quantisers in turns, `ROUNDS` times after one that warms up.
fn race(photo: &Photo, colors: usize, runners: &[Runner], peers: &mut [Peers; 2]) -> Outcome<Vec<Outcomes>> {
    let one = threads(1)?;
    let mut outcomes: Vec<Outcomes> =
        runners.iter().map(|_| Outcomes { times: Vec::new(), recreated: None, unrounded: None }).collect();
    let output = format!("{SCRATCH}/indexed");
    for round in 0..=ROUNDS {
        for (runner, outcome) in runners.iter().zip(&mut outcomes) {
            let time = match *runner {
                Runner::Ours(_) | Runner::Linfa => {
                    let options = PaletteOptions::new().colors(colors);
                    let options = match *runner {
                        Runner::Ours(space) => options.space(space),
                        _ => options.sample(1000).engine(Engine::Linfa),
                    };
                    let mut indexed = None;
                    let fit = || IndexedPhoto::fit(photo, &options);
                    let time = seconds(|| one.install(fit).map(|made| indexed = Some(made)))?;
                    outcome.recreated = indexed.map(|indexed| indexed.to_photo());
                    time
                }
                Runner::Python(name) => {
                    let [time, unrounded] = peers[0].call(&format!("{name} {colors} {output}"))?;
                    outcome.unrounded = Some(unrounded);
                    outcome.recreated = Some(read(photo, Path::new(&output))?);
                    time
                }
                Runner::Rust(name) => {
                    let [time] = peers[1].call(&format!("{name} {colors} {output}"))?;
                    outcome.recreated = Some(read(photo, Path::new(&output))?);
                    time
                }
            };
            if round > 0 {
                outcome.times.push(time);
            }
        }
    }
    Ok(outcomes)
}

/// The photo that a peer's palette and indices recreate.
fn read(photo: &Photo, path: &Path) -> Outcome<Photo> {
    let bytes = fs::read(path)?;
    let (palette, indices) = bytes[1..].split_at(3 * (usize::from(bytes[0]) + 1));
    let samples = indices.iter().flat_map(|&index| &palette[3 * usize::from(index)..][..3]).copied().collect();
    Ok(Photo::from_rgb(photo.height(), photo.width(), samples)?)
}

/// Mean squared error a coordinate in Oklab, times 100,000.
fn oklab_error(photo: &Photo, other: &Photo) -> f64 {
    let pairs = photo.colors().zip(other.colors());
    let sum: f64 = pairs
        .filter(|(a, b)| a != b)
        .map(|(a, b)| oklab(a).into_iter().zip(oklab(b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>())
        .sum();
    sum / (3.0 * photo.pixels() as f64) * 1e5
}

/// Oklab by its definition, in f64: a measure of its own beside the library's.
fn oklab(color: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = color.map(|sample| {
        let sample = f64::from(sample) / 255.0;
        if sample <= 0.04045 { sample / 12.92 } else { ((sample + 0.055) / 1.055).powf(2.4) }
    });
    let l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b).cbrt();
    let m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b).cbrt();
    let s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b).cbrt();
    [
        0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
        1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
    ]
}

/// All quantisers over all photos, for each number of colours.
pub(crate) fn table(programs: &Programs, photos: &[(String, Photo)]) -> Outcome<String> {
    let mut text = String::from(
        "| colours | quantiser | time, Cortado's = 1 | MSE, sRGB | before rounding | MSE, Oklab, e-5 | PNG bytes, oxipng |\n|---|---|---|---|---|---|---|\n",
    );
    for colors in [16, 128, 256] {
        // A minute a photo at 256 colours.
        let is_run = |runner: &Runner| colors == 128 || *runner != Runner::Python("sklearn-lloyd");
        let (names, runners): (Vec<&str>, Vec<Runner>) =
            QUANTISERS.into_iter().filter(|(_, runner)| is_run(runner)).unzip();
        let mut rows: Vec<Vec<[f64; 5]>> = vec![Vec::new(); runners.len()];
        for (name, photo) in photos {
            eprintln!("{name}, {colors} colours");
            let mut peers = programs.start(photo)?;
            let outcomes = race(photo, colors, &runners, &mut peers)?;
            let ours = median(outcomes[0].times.clone());
            for (row, outcome) in rows.iter_mut().zip(outcomes) {
                let recreated = outcome.recreated.ok_or("nothing was made")?;
                let error = mse(photo, &recreated)?;
                let file = crate::files::oxipng(&mut peers[0], &indexed(&recreated)?)?;
                let unrounded = outcome.unrounded.unwrap_or(error);
                row.push([median(outcome.times) / ours, error, unrounded, oklab_error(photo, &recreated), file]);
            }
        }
        for (name, row) in names.into_iter().zip(rows) {
            let [time, error, unrounded, oklab, png] =
                std::array::from_fn(|at| mean(row.iter().map(|values| values[at])));
            let unrounded = if unrounded == error { String::new() } else { format!("{unrounded:.3}") };
            writeln!(text, "| {colors} | {name} | {time:.2} | {error:.3} | {unrounded} | {oklab:.3} | {png:.0} |")?;
        }
    }
    Ok(text)
}

/// The photo with its own colours as the palette, from dark to light.
fn indexed(photo: &Photo) -> Outcome<IndexedPhoto> {
    Ok(IndexedPhoto::fit(photo, &PaletteOptions::new())?)
}

/// The fast ones on a large photo, and ours on two threads.
pub(crate) fn large_table(programs: &Programs, photo: &Photo) -> Outcome<String> {
    let mut text = String::from(
        "| colours | quantiser | time, Cortado's = 1 | MSE, sRGB | MSE, Oklab, e-5 |\n|---|---|---|---|---|\n",
    );
    let is_run = |runner: &Runner| matches!(runner, Runner::Ours(_) | Runner::Rust(_));
    let (names, runners): (Vec<&str>, Vec<Runner>) =
        QUANTISERS.into_iter().filter(|(_, runner)| is_run(runner)).unzip();
    for colors in [16, 128, 256] {
        eprintln!("12 megapixels, {colors} colours");
        let outcomes = race(photo, colors, &runners, &mut programs.start(photo)?)?;
        let ours = median(outcomes[0].times.clone());
        let two = two_threads(photo, colors)?;
        for (name, outcome) in names.iter().zip(outcomes) {
            let recreated = outcome.recreated.ok_or("nothing was made")?;
            let (time, error) = (median(outcome.times) / ours, mse(photo, &recreated)?);
            writeln!(text, "| {colors} | {name} | {time:.2} | {error:.3} | {:.3} |", oklab_error(photo, &recreated))?;
        }
        writeln!(text, "| {colors} | **Cortado, sRGB**, two threads | {two:.2} | the same | the same |")?;
    }
    Ok(text)
}

/// The time on two threads over that on one, in turns.
fn two_threads(photo: &Photo, colors: usize) -> Outcome<f64> {
    let options = PaletteOptions::new().colors(colors);
    let pools = [threads(1)?, threads(2)?];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (pool, times) in pools.iter().zip(&mut times) {
            times.push(seconds(|| pool.install(|| IndexedPhoto::fit(photo, &options)).map(drop))?);
        }
    }
    let [one, two] = times.map(median);
    Ok(two / one)
}
