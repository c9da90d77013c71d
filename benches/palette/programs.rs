//! The peers' programs, installed and started.

use crate::common::{self, Outcome, Peers};
use cortado::Photo;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Where files lie that the programs read.
pub(crate) const SCRATCH: &str = "target/tmp/bench-palette";

/// The peers' programs.
pub(crate) struct Programs {
    python: PathBuf,
    rust: PathBuf,
}

impl Programs {
    pub(crate) fn install() -> Outcome<Self> {
        let manifest = "benches/palette/peers/Cargo.toml";
        common::run(Command::new("cargo").args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--manifest-path",
            manifest,
        ]))?;
        let rust = PathBuf::from("benches/palette/peers/target/release/palette-peers");
        Ok(Self { python: common::python("benches/palette/requirements.txt")?, rust })
    }

    /// Both programs with a photo in memory, Python's first.
    pub(crate) fn start(&self, photo: &Photo) -> Outcome<[Peers; 2]> {
        let samples = format!("{SCRATCH}/photo.rgb");
        fs::write(&samples, photo.samples())?;
        let (width, height) = (photo.width().to_string(), photo.height().to_string());
        let python =
            Peers::start(Command::new(&self.python).args(["benches/palette/peers.py", &width, &height, &samples]))?;
        Ok([python, Peers::start(Command::new(&self.rust).args([&width, &height, &samples]))?])
    }
}
