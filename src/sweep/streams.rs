//! The folder for compressed files, looked at before anything is written to it: no input is written over, and nothing
//! that is there already and is not the sweep's own, unless that is wanted.

use super::input::{Place, in_utf8};
use super::journal::Claim;
use super::{Sweep, Task, stream_name};
use crate::error::{Error, Result};
use crate::file::shown;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Refuses a sweep one of whose compressed files would be written over an input.
pub(super) fn check_inputs(sweep: &Sweep, folder: &Path, names: &[String]) -> Result<()> {
    let mut inputs = HashSet::new();
    for input in &sweep.inputs {
        let path = match &input.place {
            Place::File(path) => path.to_owned(),
            // Spark writes such addresses with one slash or with three.
            Place::Remote(url) => match url.strip_prefix("file:") {
                Some(path) => Path::new("/").join(path.trim_start_matches('/')),
                None => continue,
            },
            Place::Memory(_) => continue,
        };
        inputs.insert(resolved(&path));
    }
    let place = resolved(folder);
    for task in tasks(sweep) {
        let name = stream_name(names, &sweep.settings, &task);
        let path = folder.join(&name);
        // What is not there is nothing's link.
        let target = fs::canonicalize(&path).unwrap_or_else(|_| place.join(&name));
        if inputs.contains(&target) {
            return Err(Error::Unsupported(format!(
                "{} is an input too: keep the compressed files in another folder",
                shown(&path)
            )));
        }
    }
    Ok(())
}

/// Refuses what is already where the compressed files of these tasks go, but for files that are the sweep's own.
pub(super) fn check_free(
    sweep: &Sweep,
    folder: &Path,
    names: &[String],
    tasks: &[Task],
    is_own: impl Fn(&Task) -> bool,
) -> Result<()> {
    let mut first = None;
    let mut others = 0;
    for task in tasks {
        let path = folder.join(stream_name(names, &sweep.settings, task));
        // What cannot be looked at cannot be written either, which the row will tell.
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        if about.is_file() && is_own(task) {
            continue;
        }
        match first {
            None => first = Some(path),
            Some(_) => others += 1,
        }
    }
    let Some(first) = first else { return Ok(()) };
    let (more, them) = match others {
        0 => (String::new(), "exists and is not of this sweep: Sweep::replace(true) replaces it"),
        1 => (" and 1 more".to_owned(), "exist and are not of this sweep: Sweep::replace(true) replaces them"),
        _ => (format!(" and {others} more"), "exist and are not of this sweep: Sweep::replace(true) replaces them"),
    };
    Err(Error::Unsupported(format!("{}{more} {them}", shown(first))))
}

/// What the journal is told of the sweep's compressed files.
pub(super) fn claim(sweep: &Sweep, folder: &Path, names: &[String]) -> Result<Claim> {
    let mut hasher = crc32fast::Hasher::new();
    for task in tasks(sweep) {
        hasher.update(stream_name(names, &sweep.settings, &task).as_bytes());
        hasher.update(b"\n");
    }
    let folder = std::path::absolute(folder).map_err(Error::io("find", folder))?;
    let files = format!("{} files, CRC-32 of their names {:08x}", sweep.len(), hasher.finalize());
    Ok(Claim { folder: in_utf8(&folder), files })
}

fn tasks(sweep: &Sweep) -> impl Iterator<Item = Task> {
    let settings = sweep.settings.len();
    (0..sweep.len()).map(move |at| Task { input: at / settings, setting: at % settings })
}

/// A path behind all links, whether the file itself is there or not.
fn resolved(path: &Path) -> PathBuf {
    let of_parent = || {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(fs::canonicalize(parent).ok()?.join(path.file_name()?))
    };
    let there = fs::canonicalize(path).ok().or_else(of_parent);
    there.or_else(|| std::path::absolute(path).ok()).unwrap_or_else(|| path.to_owned())
}
