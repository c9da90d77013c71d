//! Every version of every codec decodes for ever: `golden/<codec>/v<version>/` has streams of each, and what is once
//! there stays. Labels come out as `golden/labels` has them, photos as near as they were.

use cortado::catalogue;
use cortado::codec::{Data, Reading};
use cortado::metrics::psnr;
use cortado::{AnyVolume, Limits, Photo, Volume};
use std::fs;
use std::path::{Path, PathBuf};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// How many streams of each version there are, at least.
const LEAST: [(&str, usize); 7] = [
    ("compresso/v0", 10),
    ("compresso/v1", 25),
    ("femto/v1", 4),
    ("laff/v1", 6),
    ("neuroglancer/v1", 2),
    ("ristretto/v1", 9),
    ("svd/v1", 1),
];

/// What a stream should hold: the volume or the picture that its name begins with.
fn expected(stream: &Path, name: &str) -> Option<Data> {
    let first = name.split('.').next().unwrap();
    let labels = golden().join(format!("labels/{first}.npy"));
    let picture = stream.with_file_name(format!("{first}.png"));
    if labels.is_file() {
        let volume = AnyVolume::open(labels).unwrap();
        return Some(if name.contains(".remapped.") { remapped(&volume) } else { volume }.into());
    }
    picture.is_file().then(|| Photo::open(picture).unwrap().into())
}

/// As `make_labels.py` gave them new labels.
fn remapped(volume: &AnyVolume) -> AnyVolume {
    let wide = volume.to_labels::<u64>().unwrap();
    let labels = wide.labels().iter().map(|&label| (u128::from(label) * 7 % 200) as u64).collect();
    let wide = Volume::from_vec(wide.shape(), labels).unwrap();
    match volume {
        AnyVolume::U8(_) => wide.cast::<u8>().unwrap().into(),
        AnyVolume::U16(_) => wide.cast::<u16>().unwrap().into(),
        AnyVolume::U32(_) => wide.cast::<u32>().unwrap().into(),
        AnyVolume::U64(_) => wide.into(),
    }
}

#[test]
fn all_versions_of_all_codecs_decode() {
    let mut found = Vec::new();
    for codec in catalogue::codecs() {
        let info = codec.info();
        // PNG and JPEG files are other people's formats, and raw bytes none.
        if info.writes_pictures || info.name == "raw" {
            continue;
        }
        let folder = golden().join(info.name);
        let versions = entries(&folder).into_iter().filter(|path| path.is_dir() && !path.ends_with("corrupt"));
        for version in versions {
            let streams = entries(&version).iter().filter(|path| decodes(path, info.name)).count();
            let version = version.strip_prefix(golden()).unwrap().to_str().unwrap().replace('\\', "/");
            let least = LEAST.iter().find(|(name, _)| *name == version);
            let least = least.unwrap_or_else(|| panic!("{version} is not in the list of versions")).1;
            assert!(streams >= least, "{version} has {streams} streams, and once had {least}");
            found.push(version);
        }
    }
    found.sort();
    assert_eq!(found, LEAST.map(|(version, _)| version.to_owned()), "versions");
}

/// Decodes a stream and compares what comes out; false of the pictures beside them.
fn decodes(path: &Path, codec: &str) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    if name.ends_with(".png") {
        return false;
    }
    let setting = catalogue::of_path(path).unwrap_or_else(|| panic!("{name} is of no codec"));
    assert_eq!(setting.codec(), codec, "{name}");
    let like = expected(path, name);
    let reading = Reading::new(Limits::new());
    let reading = like.as_ref().map_or(reading.clone(), |like| reading.like(like));
    let found = setting.open(path, &reading).unwrap_or_else(|error| panic!("{name}: {error}"));
    match (&found, &like) {
        (Data::Volume(_), Some(like)) => assert!(found == *like, "{name}"),
        (Data::Photo(photo), Some(Data::Photo(like))) => {
            let quality = psnr(like, photo).unwrap();
            assert!(quality > 50.0, "{name}: {quality} dB");
        }
        // tests/laff.rs knows its samples by their checksum.
        (Data::Photo(_), None) if codec == "laff" => {}
        other => panic!("{name}: {other:?}"),
    }
    true
}
