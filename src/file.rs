//! Whole files in and out: read under a limit, written so that nothing is ever half there.

use crate::error::{Error, Limits, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// What to do when the file to write is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and return an error of kind [`ErrorKind::AlreadyExists`].
    Keep,
    /// Put the new one in its place.
    Replace,
}

/// The bytes of a file of at most the limits' bytes.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, [`Error::TooLarge`] when it is longer.
pub fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limits.bytes.saturating_add(1)).read_to_end(&mut bytes));
    read.map_err(Error::io("read", path))?;
    limits.check_bytes(bytes.len() as u64)?;
    Ok(bytes)
}

/// Writes `bytes` to a new file beside `path` and then moves it there: whoever looks sees the old file or the whole new
/// one.
///
/// # Errors
/// [`Error::Io`]; the new file is then gone again and an existing one untouched.
pub fn write(path: &Path, bytes: &[u8], existing: Existing) -> Result<()> {
    write_beside(path, bytes, existing).map_err(Error::io("write", path))
}

fn write_beside(path: &Path, bytes: &[u8], existing: Existing) -> io::Result<()> {
    let (beside, mut file) = create_beside(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    let moved = written.and_then(|()| match existing {
        Existing::Replace => fs::rename(&beside, path),
        Existing::Keep => move_to_free_name(&beside, path),
    });
    if moved.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    moved
}

/// Moves without ever replacing: a hard link fails when the name is taken. File systems without hard links get a check
/// and a rename.
fn move_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let name = path.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "this is no file name"))?;
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{count}.part", std::process::id()));
        let beside = path.with_file_name(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        }
    }
}

/// A file name's extension in lower case; empty when it has none.
pub fn extension(path: &Path) -> String {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase()
}
