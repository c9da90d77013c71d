//! Every version of every codec decodes for ever: `golden/<codec>/v<version>/` has streams of each, and what is once
//! there stays. Labels come out as `golden/labels` has them, photos as near as they were.

use cortado::catalogue;
use cortado::codec::{Data, Reading};
use cortado::metrics::psnr;
use cortado::{AnyVolume, Limits, Photo};
use std::fs;
use std::path::{Path, PathBuf};

mod common;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// What a stream should hold: the volume or the picture that its name begins with.
fn expected(stream: &Path, name: &str) -> Option<Data> {
    let first = name.split('.').next().unwrap();
    let labels = golden().join(format!("labels/{first}.npy"));
    let picture = stream.with_file_name(format!("{first}.png"));
    if labels.is_file() {
        return Some(AnyVolume::open(labels).unwrap().into());
    }
    picture.is_file().then(|| Photo::open(picture).unwrap().into())
}

#[test]
fn all_versions_of_all_codecs_decode() {
    for codec in catalogue::codecs() {
        let info = codec.info();
        // PNG and JPEG files are other people's formats, and raw bytes none.
        if info.writes_pictures || info.name == "raw" {
            continue;
        }
        let folder = golden().join(info.name);
        let versions: Vec<_> = entries(&folder).into_iter().filter(|path| path.join(".").is_dir()).collect();
        let versions = versions.iter().filter(|path| path.file_name().is_some_and(|name| name != "corrupt"));
        let mut streams = 0;
        for path in versions.flat_map(|version| entries(version)) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.ends_with(".png") {
                continue;
            }
            let setting = catalogue::of_path(&path).unwrap_or_else(|| panic!("{name} is of no codec"));
            assert_eq!(setting.codec(), info.name, "{name}");
            let like = expected(&path, name);
            let reading = Reading::new(Limits::new());
            let reading = like.as_ref().map_or(reading.clone(), |like| reading.like(like));
            let found = setting.open(&path, &reading).unwrap_or_else(|error| panic!("{name}: {error}"));
            match (&found, &like) {
                (Data::Volume(_), Some(like)) => assert!(name.contains(".remapped.") || found == *like, "{name}"),
                (Data::Photo(photo), Some(Data::Photo(like))) => {
                    let quality = psnr(like, photo).unwrap();
                    assert!(quality > 50.0, "{name}: {quality} dB");
                }
                // What its own tests know by its checksum.
                (Data::Photo(_), None) => {}
                other => panic!("{name}: {other:?}"),
            }
            streams += 1;
        }
        assert!(streams > 0, "{} has no golden stream", info.name);
    }
}
