//! Palette quantisers on the same photos in the same run: `cargo bench --bench palette`.
//!
//! Each call goes from the photo's samples to a palette and indices, on one thread; calls alternate, and a time is the
//! median of five rounds. Tables give geometric means over the photos. With `-- --write` they go into README.md;
//! `--files` makes the last table only. The Kodak photos are read from ../shared where they are there. The peers are
//! installed into .cortado/peers and built in benches/palette/peers.

#[path = "../common/mod.rs"]
mod common;
mod files;
mod programs;
mod quantisers;

use common::Outcome;
use cortado::Photo;
use std::fs;

const KODAK: &str = "../shared/data/photos/kodak";

fn main() -> Outcome<()> {
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let (writes, only_files) = (has("--write"), has("--files"));
    fs::create_dir_all("target/tmp/bench-palette")?;
    let peers = programs::Programs::install()?;
    let photos = photos()?;
    let mut tables = Vec::new();
    if !only_files {
        tables.push(("palettes", quantisers::table(&peers, &photos)?));
        tables.push(("12 megapixels", quantisers::large_table(&peers, &enlarged(&photos[0].1)?)?));
    }
    tables.push(("palette files", files::table(&peers, &photos)?));
    for (name, text) in tables {
        println!("{text}");
        if writes {
            common::write_into_readme("palette", name, &text)?;
        }
    }
    Ok(())
}

fn photos() -> Outcome<Vec<(String, Photo)>> {
    let mut photos = vec![("china".to_string(), Photo::open("data/photos/china.jpg")?)];
    match fs::read_dir(KODAK) {
        Ok(folder) => {
            let mut paths: Vec<_> = folder.map(|entry| Ok(entry?.path())).collect::<Outcome<_>>()?;
            paths.sort();
            for path in paths {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                photos.push((name, Photo::open(&path)?));
            }
        }
        Err(_) => println!("SKIPPED: {KODAK} is not there"),
    }
    Ok(photos)
}

/// The photo with 6.63 times its width and height, interpolated (Catmull-Rom): 12 megapixels.
fn enlarged(photo: &Photo) -> Outcome<Photo> {
    let picture = image::RgbImage::from_raw(photo.width() as u32, photo.height() as u32, photo.samples().to_vec());
    let picture = picture.ok_or("a colour photo is an RGB picture")?;
    let (height, width) = (2829, 4240);
    let large = image::imageops::resize(&picture, width, height, image::imageops::FilterType::CatmullRom);
    Ok(Photo::from_rgb(height as usize, width as usize, large.into_raw())?)
}

/// The geometric mean.
fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0.0), |(sum, count), value| (sum + value.ln(), count + 1.0));
    f64::exp(sum / count)
}
