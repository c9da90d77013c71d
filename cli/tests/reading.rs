//! What `info` and the closing lines say of files of every kind.

mod common;

use common::{cortado, json, stderr};
use std::collections::BTreeSet;
use std::fs;

fn data(name: &str) -> String {
    format!("{}/../data/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str) -> String {
    format!("{}/../tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn info_has_the_same_keys_for_every_kind_of_input() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let photo = golden("rgb.tif");
    for name in ["a.laff", "a.png", "a.json"] {
        json(folder, &["compress", &photo, "-o", name, "--json"]);
    }
    let labels = golden("labels/nuclei_u16.npy");
    for name in ["a.cpso", "a.cpso.br", "a.ristretto"] {
        json(folder, &["compress", &labels, "-o", name, "--json"]);
    }
    let mut inputs: Vec<String> =
        ["a.laff", "a.png", "a.json", "a.cpso", "a.cpso.br", "a.ristretto"].map(Into::into).into();
    inputs.extend([photo, golden("turned.jpg"), golden("grey16.png"), labels, golden("labels/archive.npz")]);
    inputs.extend([golden("labels/deflate.tif"), golden("labels/floats.npy")]);
    let keys = [
        "input",
        "input_bytes",
        "kind",
        "format",
        "codec",
        "shape",
        "dtype",
        "labels",
        "colors",
        "raw_bytes",
        "ratio",
        "bits_per_pixel",
        "checksum",
        "notes",
    ];
    for input in inputs {
        let info = json(folder, &["info", &input, "--json"]);
        let found: BTreeSet<&str> = info.as_object().unwrap().keys().map(String::as_str).collect();
        let missing: Vec<&&str> = keys.iter().filter(|key| !found.contains(**key)).collect();
        assert!(missing.is_empty(), "{input} lacks {missing:?}");
        for key in ["input", "input_bytes", "kind", "format", "shape", "dtype", "raw_bytes", "ratio", "bits_per_pixel"]
        {
            assert!(!info[key].is_null(), "{input}: {key} is null");
        }
        let is_labels = info["kind"] == "labels";
        assert_eq!(info["labels"].is_u64(), is_labels && !input.ends_with("floats.npy"), "{input}");
    }
}

#[test]
fn what_has_no_checksum_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let line = |name: &str| {
        json(folder, &["compress", &golden("labels/nuclei_u16.npy"), "-o", name, "--json"]);
        let has = json(folder, &["info", name, "--json"])["checksum"].as_bool().unwrap();
        let info = String::from_utf8(cortado(folder, &["info", name]).stdout).unwrap();
        assert_eq!(info.contains("no checksum"), !has, "{info}");
        has
    };
    for name in ["a.cpso", "a.cpso.br", "a.cpso.lzma"] {
        assert!(!line(name), "{name}");
    }
    for name in ["a.cpso.gz", "a.cpso.zst", "a.cpso.lz4", "a.ristretto"] {
        assert!(line(name), "{name}");
    }
}

#[test]
fn what_became_larger_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let small = golden("grey.png");
    let said = |name: &str| String::from_utf8(cortado(folder, &["compress", &small, "-o", name]).stdout).unwrap();
    assert!(said("a.json").ends_with("larger than the input\n"));
    let china = data("photos/china.jpg");
    let output = cortado(folder, &["compress", &china, "-o", "a.laff"]);
    assert!(!String::from_utf8(output.stdout).unwrap().contains("larger"));
}

#[test]
fn a_palettes_transparency_is_not_lost_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::copy(golden("indexed_transparent.png"), folder.join("a.png")).unwrap();
    let output = cortado(folder, &["decompress", "a.png", "-o", "a.tif"]);
    assert!(output.status.success());
    assert_eq!(stderr(&output), "note: transparency was laid over white\n");
    assert_eq!(json(folder, &["info", "a.png", "--json"])["alpha"], true);
}

#[test]
fn a_damaged_jpeg_is_taken_when_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let whole = fs::read(data("photos/china.jpg")).unwrap();
    fs::write(folder.join("cut.jpg"), &whole[..whole.len() / 2]).unwrap();
    let refused = cortado(folder, &["compress", "cut.jpg", "-o", "a.laff"]);
    assert_eq!(refused.status.code(), Some(1));
    let message = stderr(&refused);
    assert!(
        message.contains(" % of it is missing") && message.ends_with("--partial takes what there is\n"),
        "{message}"
    );
    assert!(!folder.join("a.laff").exists());
    let taken = cortado(folder, &["compress", "cut.jpg", "-o", "a.laff", "--partial"]);
    assert!(taken.status.success() && stderr(&taken).contains(" % of the picture is missing"), "{}", stderr(&taken));
}
