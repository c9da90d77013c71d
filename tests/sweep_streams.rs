//! The folder for compressed files of a sweep: whose files are written over, and whose are not.

use cortado::prelude::*;
use cortado::sweep::Outcome;
use std::fs;
use std::path::{Path, PathBuf};

mod common;
use common::scratch;

/// A folder with a small photo in a file of every name.
fn pictures(folder: &Path, names: &[&str]) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    for (seed, name) in names.iter().enumerate() {
        let samples = (0..9 * 8 * 3).map(|at| (at * 5 + seed * 40) as u8).collect();
        fs::write(folder.join(name), Photo::from_rgb(9, 8, samples).unwrap().to_png().unwrap()).unwrap();
    }
    folder.to_owned()
}

fn sweep(inputs: &Path, out: &Path) -> Sweep {
    let sweep = Sweep::new().files(inputs).unwrap().settings("png").unwrap().measures(Measures::NONE);
    sweep.streams(out)
}

fn outcome(sweep: &Sweep) -> Outcome {
    sweep.outcome(&Threads::new()).unwrap()
}

fn refusal(sweep: &Sweep) -> String {
    sweep.outcome(&Threads::new()).unwrap_err().to_string()
}

#[test]
fn no_input_is_written_over() {
    let folder = scratch("streams_inputs");
    let inputs = pictures(&folder.join("in"), &["a.png", "a.png.png"]);
    let before = fs::read(inputs.join("a.png.png")).unwrap();
    let reason = "a.png.png is an input too: keep the compressed files in another folder";
    for place in [inputs.clone(), inputs.join("../in")] {
        for replace in [false, true] {
            let refused = refusal(&sweep(&inputs, &place).replace(replace).journal(folder.join("rows.csv")));
            assert!(refused.ends_with(reason), "{refused}");
        }
    }
    // An input that is yet to come.
    let late = Sweep::new().inputs([Input::file(inputs.join("b.png")), Input::file(inputs.join("b.png.png"))]);
    let refused = refusal(&late.settings("png").unwrap().streams(&inputs).replace(true));
    assert!(refused.ends_with("b.png.png is an input too: keep the compressed files in another folder"), "{refused}");
    assert_eq!(fs::read(inputs.join("a.png.png")).unwrap(), before);
    assert!(!folder.join("rows.csv").exists());
    assert_eq!(fs::read_dir(&inputs).unwrap().count(), 2);
}

#[test]
#[cfg(unix)]
fn no_input_is_written_over_through_a_link() {
    let folder = scratch("streams_links");
    let inputs = pictures(&folder.join("in"), &["a.png", "b.png"]);
    let out = folder.join("out");
    fs::create_dir(&out).unwrap();
    std::os::unix::fs::symlink("../in/b.png", out.join("a.png.png")).unwrap();
    for replace in [false, true] {
        let refused = refusal(&sweep(&inputs, &out).replace(replace));
        assert!(refused.contains("a.png.png is an input too"), "{refused}");
    }
    // A link to something else is followed when that is wanted.
    fs::remove_file(out.join("a.png.png")).unwrap();
    fs::write(folder.join("precious"), b"precious").unwrap();
    std::os::unix::fs::symlink("../precious", out.join("a.png.png")).unwrap();
    assert!(refusal(&sweep(&inputs, &out)).contains("a.png.png exists and is not of this sweep"));
    assert_eq!(fs::read(folder.join("precious")).unwrap(), b"precious");
    assert_eq!(outcome(&sweep(&inputs, &out).replace(true)).progress.errors, 0);
    assert!(fs::read(folder.join("precious")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn what_is_not_of_the_sweep_stays_unless_that_is_wanted() {
    let folder = scratch("streams_others");
    let inputs = pictures(&folder.join("in"), &["a.png", "b.png", "c.png"]);
    let (out, journal) = (folder.join("out"), folder.join("rows.csv"));
    fs::create_dir(&out).unwrap();
    for name in ["b.png.png", "c.png.png"] {
        fs::write(out.join(name), b"precious").unwrap();
    }
    let plain = sweep(&inputs, &out);
    let refused = refusal(&plain.clone().journal(&journal));
    let expected = "b.png.png and 1 more exist and are not of this sweep: Sweep::replace(true) replaces them";
    assert!(refused.ends_with(expected), "{refused}");
    assert!(!journal.exists() && !out.join("a.png.png").exists());
    assert_eq!(fs::read(out.join("b.png.png")).unwrap(), b"precious");
    assert_eq!(outcome(&plain.clone().replace(true)).progress.errors, 0);
    // Without a journal nobody knows whose files they are.
    assert!(refusal(&plain).contains("a.png.png and 2 more exist"));
}

#[test]
fn a_sweep_knows_its_own_files_by_its_journal() {
    let folder = scratch("streams_own");
    let inputs = pictures(&folder.join("in"), &["a.png", "b.png", "c.png"]);
    let (out, journal) = (folder.join("out"), folder.join("rows.csv"));
    let kept = sweep(&inputs, &out).journal(&journal);
    assert_eq!(outcome(&kept).progress.resumed, 0);
    let complete = fs::read_to_string(&journal).unwrap();
    assert_eq!(complete.lines().count(), 2 + 3);
    assert_eq!(outcome(&kept).progress.resumed, 3);
    // Stopped after a file was there and before its row was.
    let lines: Vec<&str> = complete.split_inclusive('\n').collect();
    for rows in 0..3 {
        fs::write(&journal, lines[..2 + rows].concat()).unwrap();
        let again = outcome(&kept);
        assert_eq!((again.progress.resumed, again.progress.errors, again.lost.len()), (rows, 0, 0));
    }
    // A file whose input has changed is its own in a sweep of more files, too; others are not.
    pictures(&inputs, &["d.png", "a.png"]);
    let more = sweep(&inputs, &out).journal(&journal);
    fs::write(out.join("d.png.png"), b"precious").unwrap();
    let refused = refusal(&more);
    assert!(
        refused.ends_with("d.png.png exists and is not of this sweep: Sweep::replace(true) replaces it"),
        "{refused}"
    );
    fs::remove_file(out.join("d.png.png")).unwrap();
    assert_eq!(outcome(&more).progress.errors, 0);
    // The journal of a sweep that kept nothing, or kept it elsewhere, says nothing about this folder.
    let other = folder.join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("a.png.png"), b"precious").unwrap();
    assert!(refusal(&sweep(&inputs, &other).journal(&journal)).contains("a.png.png exists"));
    let unkept = Sweep::new().files(&inputs).unwrap().settings("png").unwrap().measures(Measures::NONE);
    outcome(&unkept.clone().journal(folder.join("unkept.csv")));
    assert!(refusal(&unkept.journal(folder.join("unkept.csv")).streams(&other)).contains("a.png.png exists"));
    assert_eq!(fs::read(other.join("a.png.png")).unwrap(), b"precious");
}
