//! Files written whole: what is replaced, followed, refused, and left behind.
#![cfg(unix)]

mod common;

use common::scratch;
use cortado::Error;
use cortado::file::{self, Existing, shown};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_replaced_file_keeps_its_mode() {
    let folder = scratch("file_mode");
    let path = folder.join("file");
    fs::write(folder.join("plain"), "").unwrap();
    file::write(&path, b"one", Existing::Keep).unwrap();
    assert_eq!(mode(&path), mode(&folder.join("plain")), "what the umask says");
    for bits in [0o600, 0o644, 0o664, 0o755, 0o400] {
        fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
        let (owner, group) = (fs::metadata(&path).unwrap().uid(), fs::metadata(&path).unwrap().gid());
        file::write(&path, format!("{bits:o}").as_bytes(), Existing::Replace).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{bits:o}"));
        let found = fs::metadata(&path).unwrap();
        assert_eq!((mode(&path), found.uid(), found.gid()), (bits, owner, group));
    }
    assert_eq!(names(&folder), ["file", "plain"]);
}

#[test]
fn links_stay_and_what_they_lead_to_is_written() {
    let folder = scratch("file_links");
    fs::create_dir(folder.join("real")).unwrap();
    fs::write(folder.join("real/file"), "old").unwrap();
    symlink("real/file", folder.join("link")).unwrap();
    symlink("link", folder.join("second")).unwrap();
    file::write(&folder.join("second"), b"new", Existing::Replace).unwrap();
    assert_eq!(fs::read(folder.join("real/file")).unwrap(), b"new");
    assert!(file::write(&folder.join("link"), b"newer", Existing::Keep).unwrap_err().to_string().contains("exists"));
    assert_eq!(fs::read(folder.join("real/file")).unwrap(), b"new");
    // One that leads to nothing yet.
    symlink("real/other", folder.join("dangling")).unwrap();
    file::write(&folder.join("dangling"), b"first", Existing::Keep).unwrap();
    assert_eq!(fs::read(folder.join("real/other")).unwrap(), b"first");
    for link in ["link", "second", "dangling"] {
        assert!(fs::symlink_metadata(folder.join(link)).unwrap().is_symlink(), "{link}");
    }
    symlink("b", folder.join("a")).unwrap();
    symlink("a", folder.join("b")).unwrap();
    for existing in [Existing::Keep, Existing::Replace] {
        let error = file::write(&folder.join("a"), b"", existing).unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)), "{error}");
    }
    symlink("no/such/folder", folder.join("astray")).unwrap();
    assert!(matches!(file::write(&folder.join("astray"), b"", Existing::Keep), Err(Error::Io { .. })));
    assert_eq!(names(&folder), ["a", "astray", "b", "dangling", "link", "real", "second"]);
    assert_eq!(names(&folder.join("real")), ["file", "other"]);
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    let folder = scratch("file_kinds");
    let pipe = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("pipe", folder.join("to_pipe")).unwrap();
    let before = names(&folder);
    for (path, what) in [
        (pipe, "pipe is a named pipe: use `-o -`"),
        (folder.join("to_pipe"), "to_pipe is a named pipe: use `-o -`"),
        (PathBuf::from("/dev/null"), "/dev/null is a device: use `-o -`"),
        (folder.clone(), "is a folder: name a file in it"),
    ] {
        for existing in [Existing::Keep, Existing::Replace] {
            for error in [file::write(&path, b"", existing), file::check(&path, existing)] {
                let error = error.unwrap_err();
                assert!(matches!(error, Error::Unsupported(_)) && error.to_string().contains(what), "{error}");
            }
        }
    }
    assert_eq!(names(&folder), before);
}

#[test]
fn names_as_long_as_they_may_be() {
    let folder = scratch("file_names");
    let path = folder.join("n".repeat(255));
    file::write(&path, b"one", Existing::Keep).unwrap();
    file::write(&path, b"two", Existing::Replace).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert!(matches!(file::write(&folder.join("n".repeat(256)), b"", Existing::Keep), Err(Error::Io { .. })));
    let odd = folder.join(OsStr::from_bytes(b"\xff\x1b\n"));
    file::write(&odd, b"three", Existing::Keep).unwrap();
    assert_eq!(fs::read(&odd).unwrap(), b"three");
    assert!(shown(&odd).ends_with(r"/\xff\x1b\x0a"), "{}", shown(&odd));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn a_write_that_fails_changes_nothing() {
    let folder = scratch("file_failures");
    let path = folder.join("file");
    fs::write(&path, "old").unwrap();
    let failed = file::write_with(&path, Existing::Replace, |file| {
        file.write_all(&[7; 200_000]).unwrap();
        Err(Error::Unsupported("no more".into()))
    });
    assert_eq!(failed.unwrap_err().to_string(), "no more");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        file::write_with(&path, Existing::Replace, |file| {
            file.write_all(b"half").unwrap();
            panic!("in the middle")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!((fs::read(&path).unwrap(), names(&folder)), (b"old".to_vec(), vec!["file".to_owned()]));
    // Piece by piece.
    let numbers = |file: &mut dyn Write| {
        (0..50_000u32).try_for_each(|number| file.write_all(&number.to_le_bytes())).map_err(Error::io("write", &path))
    };
    file::write_with(&path, Existing::Replace, numbers).unwrap();
    let expected: Vec<u8> = (0..50_000u32).flat_map(u32::to_le_bytes).collect();
    assert!(fs::read(&path).unwrap() == expected);
    assert_eq!(names(&folder), ["file"]);
}

#[test]
fn what_dead_processes_left_goes() {
    let folder = scratch("file_leftovers");
    // No Linux has so many processes.
    let dead = ".cortado-4294967295-0.part";
    let locked = ".cortado-4294967295-1.part";
    let mine = format!(".cortado-{}-4000000000.part", std::process::id());
    let others = [".cortado-4294967295-2.partial", ".cortado-x-1.part", "cortado-4294967295-3.part", mine.as_str()];
    for name in others.into_iter().chain([dead, locked]) {
        fs::write(folder.join(name), "half").unwrap();
    }
    fs::create_dir(folder.join(".cortado-4294967295-4.part")).unwrap();
    // A process on another machine.
    let held = File::open(folder.join(locked)).unwrap();
    held.lock().unwrap();
    file::write(&folder.join("file"), b"whole", Existing::Keep).unwrap();
    let left = names(&folder);
    assert!(!left.contains(&dead.to_owned()), "{left:?}");
    assert_eq!(left.len(), others.len() + 3, "{left:?}");
}

#[test]
fn nothing_is_left_after_abandon() {
    const FOLDER: &str = "CORTADO_TEST_ABANDON";
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        // It ends all writing of a process: this test in one of its own.
        let folder = scratch("file_abandon");
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "nothing_is_left_after_abandon", "--nocapture"]).env(FOLDER, &folder);
        assert!(again.status().unwrap().success());
        assert_eq!(names(&folder), ["old"]);
        return;
    };
    let old = folder.join("old");
    fs::write(&old, "old").unwrap();
    let written = file::write_with(&old, Existing::Replace, |file| {
        file.write_all(b"half").unwrap();
        assert_eq!(names(&folder).len(), 2);
        file::abandon();
        assert_eq!(names(&folder), ["old"]);
        Ok(())
    });
    assert!(matches!(written, Err(Error::Io { .. })));
    let Err(Error::Io { source, .. }) = file::write(&folder.join("new"), b"", Existing::Keep) else {
        panic!("written")
    };
    assert_eq!((source.kind(), fs::read(&old).unwrap()), (ErrorKind::Other, b"old".to_vec()));
}
