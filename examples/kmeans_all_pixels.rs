//! Times one heavy call of the library in a release binary: the yardstick of `cortado kernel bench`.
//!
//! `cargo run --release --example kmeans_all_pixels` prints the seconds that fitting 16 colours to all pixels of
//! china.jpg took.

use cortado::prelude::*;
use std::time::Instant;

fn main() -> Result<(), Error> {
    let china = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/china.jpg"))?;
    let started = Instant::now();
    Palette::fit(&china, &PaletteOptions::new().colors(16).engine(Engine::Linfa).max_iterations(20))?;
    println!("{:.6}", started.elapsed().as_secs_f64());
    Ok(())
}
