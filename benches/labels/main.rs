//! The label codecs against the Python packages, on the same volumes in the same run: `cargo bench --bench labels`.
//!
//! Calls alternate and a figure is the median of the rounds. Speed is in millions of voxels a second (MVx/s) on one
//! thread, peak memory is that of a process of its own that does one call, over the bytes of its input and output. With
//! `-- --write` the tables go into README.md. The EM volume is read from ../shared where it is there; the peers are
//! installed into .cortado/peers.

mod against_compresso;
mod archives;
#[path = "../common/mod.rs"]
mod common;

use common::{Outcome, high_water};
use cortado::compresso::{self, CompressoOptions};
use cortado::ristretto::{self, Level, RistrettoOptions};
use cortado::second_stage::SecondStage;
use cortado::volume::TissueOptions;
use cortado::{AnyVolume, Limits, Volume};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const EM: &str = "../shared/data/labels/connectomics.npy.cpso.lzma";

fn main() -> Outcome<()> {
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [flag, direction, codec, file] = arguments.as_slice()
        && flag == "--peak"
    {
        return one_call(direction, codec, file);
    }
    let python = common::python("tests/interop/requirements.txt")?;
    let folder = PathBuf::from("target/tmp/bench-labels");
    fs::create_dir_all(&folder)?;
    let mut compresso = against_compresso::Tables::new();
    let mut archives = archives::Tables::new();
    for (name, volume) in volumes()? {
        eprintln!("{name}: {volume:?}");
        let path = folder.join(format!("{name}.npy"));
        AnyVolume::from(volume.clone()).save(&path)?;
        if matches!(name, "EM" | "tissue" | "nuclei") {
            compresso.measure(name, &volume, &path, &python)?;
        }
        archives.measure(name, &volume, &path, &python)?;
        fs::remove_file(&path)?;
    }
    let writes = arguments.iter().any(|argument| argument == "--write");
    for (table, text) in [("labels", compresso.text()), ("archives", archives.text())] {
        println!("{text}");
        if writes {
            common::write_into_readme("labels", table, &text)?;
        }
    }
    Ok(())
}

/// Real volumes, and what is made of the EM volume so that nothing fits it alone: a crop, other axes, other labels.
fn volumes() -> Outcome<Vec<(&'static str, Volume<u32>)>> {
    let mut volumes = Vec::new();
    match fs::read(EM) {
        Ok(bytes) => {
            let stream = SecondStage::Lzma.decode(&bytes, &Limits::new())?;
            let em: Volume<u32> = compresso::decode(&stream)?.to_labels()?;
            let crop = em.crop(100..163, 37..338, 201..472)?;
            let transposed = Volume::from_array(em.crop(0..256, 0..512, 0..256)?.as_array().permuted_axes([2, 1, 0]));
            let labels = em.crop(0..128, 0..512, 0..512)?;
            let relabelled = labels.labels().iter().map(|&label| (label ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b1));
            let relabelled = Volume::from_vec(labels.shape(), relabelled.collect())?;
            volumes.push(("EM", em));
            volumes.push(("EM crop", crop));
            volumes.push(("EM, x as z", transposed));
            volumes.push(("EM, relabelled", relabelled));
        }
        Err(_) => println!("SKIPPED: {EM} is not there"),
    }
    volumes.push(("tissue", TissueOptions::new([256, 512, 512]).generate()?));
    for (name, file) in [("nuclei", "nuclei_label"), ("tgmm-mini", "tgmm-mini")] {
        volumes.push((name, AnyVolume::open(format!("data/labels/{file}.tif"))?.to_labels()?));
    }
    Ok(volumes)
}

/// In a process of its own: one call on a file, and the peak of the process's memory, without that of the empty
/// process.
fn one_call(direction: &str, codec: &str, file: &str) -> Outcome<()> {
    let empty = high_water()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    if direction == "encode" {
        let volume = AnyVolume::open(file)?;
        let stream = pool.install(|| match codec.parse::<Level>() {
            Ok(level) => ristretto::encode(&volume, &RistrettoOptions::new().level(level)),
            Err(_) => compresso::encode(&volume, &CompressoOptions::new()),
        })?;
        assert!(!stream.is_empty());
    } else {
        let stream = fs::read(file)?;
        let decode = if codec == "compresso" { compresso::decode } else { ristretto::decode };
        assert!(pool.install(|| decode(&stream))?.voxels() > 0);
    }
    println!("{}", high_water()? - empty);
    Ok(())
}

/// The peak memory in bytes of one call of the library on a file.
fn our_peak(direction: &str, codec: &str, file: &Path) -> Outcome<f64> {
    common::peak(Command::new(std::env::current_exe()?).args(["--peak", direction, codec]).arg(file))
}

/// The same of a Python package.
fn peer_peak(direction: &str, codec: &str, file: &Path, python: &Path) -> Outcome<f64> {
    common::peak(Command::new(python).args(["benches/labels/peers.py", "--peak", direction, codec]).arg(file))
}

/// The Python packages in a process that has the volume in memory.
fn peers(python: &Path, volume: &Path) -> Outcome<common::Peers> {
    common::Peers::start(Command::new(python).arg("benches/labels/peers.py").arg(volume))
}
