//! Pictures and label files of every kind that is read, or refused by name, each beside what must come of it:
//! golden/files, written by make_files.py. What is damaged of them may be read or refused, and nothing panics.

use cortado::volume::{LabelType, VolumeFormat, VolumeOptions};
use cortado::{AnyVolume, Limits, Photo};
use rayon::prelude::*;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

mod common;
use common::labels::random;

/// How many files there are at least, so that none is lost unseen.
const PHOTOS: usize = 118;
const LABELS: usize = 86;

/// A file or a folder of slices, and what lies beside it.
struct Case {
    path: PathBuf,
    /// The file's name up to the first dot.
    name: String,
    want: Option<Vec<u8>>,
    refuse: Option<String>,
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap().to_str().unwrap();
    name.split_once('.').map_or(name, |(name, _)| name).to_owned()
}

/// Everything in one of the folders.
fn cases(kind: &str, least: usize) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/files").join(kind);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let is_beside = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "want" || kind == "refuse");
    let (beside, files): (Vec<PathBuf>, Vec<PathBuf>) = paths.into_iter().partition(is_beside);
    assert!(files.len() >= least, "{} files of {kind}, and there were {least}", files.len());
    let case = |path: PathBuf| {
        let name = name(&path);
        let want = fs::read(folder.join(format!("{name}.want"))).ok();
        let refuse = fs::read_to_string(folder.join(format!("{name}.refuse"))).ok();
        Case { path, name, want, refuse }
    };
    let cases: Vec<Case> = files.into_iter().map(case).collect();
    for path in beside {
        assert!(cases.iter().any(|case| case.name == name(&path)), "{} is beside no file", path.display());
    }
    cases
}

/// Fails with all that is wrong.
fn check(cases: &[Case], wrong: impl Fn(&Case) -> Option<String> + Sync) {
    let line = |case: &Case| Some(format!("{}: {}", case.path.file_name()?.display(), wrong(case)?));
    let failures: Vec<String> = cases.par_iter().filter_map(line).collect();
    assert!(failures.is_empty(), "{} of {} files:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// Whether nothing that a file says breaks an error's line or steers the terminal.
fn is_one_line(said: &str) -> bool {
    !said.contains(char::is_control)
}

/// What is wrong with what comes of a file. It is compared with the first line of what must come, and the bytes behind
/// that.
fn wrong<T>(
    case: &Case,
    read: impl FnOnce() -> cortado::Result<T>,
    compare: impl FnOnce(T, &str, &[u8]) -> Option<String>,
) -> Option<String> {
    let Ok(found) = catch_unwind(AssertUnwindSafe(read)) else { return Some("it panics".into()) };
    match (&case.want, &case.refuse, found) {
        (None, None, _) => Some("nothing beside it tells what must come of it".into()),
        (Some(_), Some(_), _) => Some("it cannot be read and refused".into()),
        (Some(want), None, Ok(found)) => {
            let end = want.iter().position(|&byte| byte == b'\n').expect("the first line ends");
            compare(found, std::str::from_utf8(&want[..end]).expect("the first line is text"), &want[end + 1..])
        }
        (Some(_), None, Err(error)) => Some(format!("it is refused: {error}")),
        (None, Some(_), Ok(_)) => Some("it is read, and must be refused".into()),
        (None, Some(words), Err(error)) => {
            let said = error.to_string();
            let lower = said.to_lowercase();
            let absent: Vec<&str> = words.lines().filter(|word| !lower.contains(&word.to_lowercase())).collect();
            match is_one_line(&said) {
                true if absent.is_empty() => None,
                true => Some(format!("it is refused without {absent:?}: {said}")),
                false => Some(format!("it is refused, but not in one line of text: {said:?}")),
            }
        }
    }
}

#[test]
fn pictures_come_out_as_they_look() {
    check(&cases("photos", PHOTOS), |case| {
        let read = || Photo::decode(&fs::read(&case.path).unwrap());
        wrong(case, read, |photo, line, samples| {
            let (shape, tolerance) = line.rsplit_once(' ').expect("a shape and a tolerance");
            let found = format!("{} {} {}", photo.height(), photo.width(), photo.channels());
            if found != shape || photo.samples().len() != samples.len() {
                return Some(format!("it is {found}, wanted {shape}"));
            }
            let tolerance: u8 = tolerance.parse().expect("a number of levels");
            let apart = photo.samples().iter().zip(samples).map(|(a, b)| a.abs_diff(*b)).max()?;
            (apart > tolerance).then(|| format!("its samples are up to {apart} off, at most {tolerance} is right"))
        })
    });
}

fn options(case: &Case) -> VolumeOptions {
    let options = VolumeOptions::new().cast(case.name.ends_with("_cast"));
    if case.name.ends_with("_named") { options.array("labels") } else { options }
}

#[test]
fn labels_come_out_as_they_are() {
    let shown = |[z, y, x]: [usize; 3], label_type: LabelType| format!("{z} {y} {x} {}", label_type.name());
    check(&cases("labels", LABELS), |case| {
        let options = options(case);
        let read = || AnyVolume::open_as(&case.path, &options);
        wrong(case, read, |volume, line, labels| {
            let found = shown(volume.shape(), volume.label_type());
            if found != line {
                return Some(format!("it is {found}, wanted {line}"));
            }
            if volume.to_le_bytes() != labels {
                return Some("it holds other labels".into());
            }
            match AnyVolume::info(&case.path, &options) {
                Ok(info) if shown(info.shape, info.label_type) == line => None,
                info => Some(format!("its headers tell {info:?}")),
            }
        })
    });
}

/// Beginnings of a file, and copies with one byte changed.
fn damaged(bytes: &[u8]) -> Vec<Vec<u8>> {
    const PARTS: usize = 30;
    const CHANGES: usize = 60;
    let mut copies: Vec<Vec<u8>> = (0..PARTS).map(|part| bytes[..bytes.len() * part / PARTS].to_vec()).collect();
    let changes = if bytes.is_empty() { 0 } else { CHANGES };
    let mut next = random();
    for _ in 0..changes {
        let mut copy = bytes.to_vec();
        copy[next(bytes.len())] ^= 1 + next(255) as u8;
        copies.push(copy);
    }
    copies
}

/// How many damaged copies of a file end in a panic, or in an error that is no line, where some do.
fn failing(path: &Path, read: impl Fn(&[u8]) -> cortado::Result<()>) -> Option<String> {
    let copies = damaged(&fs::read(path).unwrap());
    let fails = |copy: &&Vec<u8>| match catch_unwind(AssertUnwindSafe(|| read(copy))) {
        Ok(Ok(())) => false,
        Ok(Err(error)) => !is_one_line(&error.to_string()),
        Err(_) => true,
    };
    let count = copies.iter().filter(fails).count();
    let what = "panic, or are refused in more than a line";
    (count > 0).then(|| format!("{count} of {} damaged copies of {} {what}", copies.len(), path.display()))
}

#[test]
fn damaged_pictures_are_read_or_refused() {
    let limits = Limits::new().bytes(64 << 20);
    check(&cases("photos", PHOTOS), |case| {
        failing(&case.path, |bytes| {
            let whole = Photo::decode_with_opacity(bytes, &limits);
            let partial = Photo::decode_partial(bytes, &limits);
            whole.and(partial).map(drop)
        })
    });
}

#[test]
fn damaged_labels_are_read_or_refused() {
    let limits = Limits::new().bytes(64 << 20);
    check(&cases("labels", LABELS), |case| {
        let options = options(case).limits(limits);
        let files: Vec<PathBuf> = match case.path.is_dir() {
            true => fs::read_dir(&case.path).unwrap().map(|entry| entry.unwrap().path()).collect(),
            false => vec![case.path.clone()],
        };
        let found = files.iter().filter_map(|path| {
            failing(path, |bytes| AnyVolume::decode_as(bytes, VolumeFormat::from_path(path).ok(), &options).map(drop))
        });
        found.reduce(|all, one| format!("{all}; {one}"))
    });
}
