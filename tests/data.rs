//! The sample data is what data/README.md says it is.

use cortado::Photo;
use sha2::{Digest, Sha256};

mod common;
use common::data;

/// The files' names and checksums, from the tables of data/README.md.
fn listed() -> Vec<(String, String)> {
    let readme = std::fs::read_to_string(data("README.md")).unwrap();
    let rows = readme.lines().filter(|line| line.starts_with("| `"));
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    rows.map(|row| row.split('|').collect::<Vec<_>>())
        .map(|cells| (cell(cells[1]), cell(cells[cells.len() - 2])))
        .collect()
}

#[test]
fn checksums_hold_and_every_file_is_listed() {
    let listed = listed();
    for (name, sum) in &listed {
        let bytes = std::fs::read(data(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(&found, sum, "{name}");
    }
    for folder in ["photos", "labels", "peers"] {
        for entry in std::fs::read_dir(data(folder)).unwrap() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
            assert!(listed.iter().any(|(listed, _)| *listed == name), "{name} is not listed");
        }
    }
}

#[test]
fn photos_have_their_listed_shapes() {
    let shapes = [
        ("china.jpg", (427, 640)),
        ("flower.jpg", (427, 640)),
        ("astronaut.png", (512, 512)),
        ("coffee.png", (400, 600)),
        ("chelsea.png", (300, 451)),
        ("kodim02.tif", (512, 768)),
        ("kodim07.tif", (512, 768)),
    ];
    for (name, shape) in shapes {
        let photo = Photo::open(data("photos").join(name)).unwrap();
        assert_eq!((photo.height(), photo.width(), photo.channels()), (shape.0, shape.1, 3), "{name}");
    }
}
