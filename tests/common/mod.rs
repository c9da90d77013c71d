//! Where the tests' files are.
#![allow(dead_code, reason = "every test file is a crate of its own and uses a part of this")]

pub(crate) mod labels;
pub(crate) mod photos;

use std::path::{Path, PathBuf};

/// A file of the sample data.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// The bytes of a file that a foreign writer made.
pub(crate) fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A golden Compresso stream: of a volume in `golden/labels`, by Python's package with one of its settings.
pub(crate) fn cpso(volume: &str, setting: &str) -> Vec<u8> {
    let version = if matches!(setting, "no_index" | "six") { 0 } else { 1 };
    golden(&format!("compresso/v{version}/{volume}.{setting}.cpso"))
}

/// An empty folder for one test's files.
pub(crate) fn scratch(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
