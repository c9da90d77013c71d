//! Trains laff's tables: `cargo run --release --example train_laff -- FOLDER [PASSES]`.
//!
//! Every PNG, JPEG and TIFF file of the folder is taken, in the order of their names. Writes `src/laff/tables.bin.xz`,
//! and what it was made from beside it. Never give it photos that the codec is judged on.

use cortado::{Error, Photo, file, laff};
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: train_laff FOLDER [PASSES]");
        std::process::exit(2);
    };
    let passes = arguments.next().map_or(14, |passes| passes.parse().expect("a number of passes"));
    let listing = std::fs::read_dir(&folder).map_err(Error::io("read", Path::new(&folder)))?;
    let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| cortado::PhotoFormat::from_path(path).is_ok());
    paths.sort();
    let photos = paths.iter().map(Photo::open).collect::<Result<Vec<_>, _>>()?;
    let mut record = format!("{} photos, {passes} passes:\n", photos.len());
    for (path, photo) in paths.iter().zip(&photos) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        writeln!(record, "{name} {photo:?}").expect("a string takes all");
    }
    record.push('\n');
    let tables = laff::train(&photos, passes, |line| {
        println!("{line}");
        writeln!(record, "{line}").expect("a string takes all");
    })?;
    println!("{} bytes compressed", tables.len());
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/laff");
    file::write(&here.join("tables.bin.xz"), &tables, file::Existing::Replace)?;
    file::write(&here.join("tables.log"), record.as_bytes(), file::Existing::Replace)
}
