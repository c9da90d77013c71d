//! A quick copy of a build folder that shares what is never written in place.

use anyhow::{Context, Result};
use std::fs::{self, File, FileTimes};
use std::path::Path;

/// Files of at least this many bytes are compiled code, which the compiler replaces by a new file and never writes into.
/// What cargo does write in place, its records of what is fresh, is smaller.
const SHARED: u64 = 64 * 1024;

/// Copies the tree `from` to `to`: hard links for compiled code, real copies with their times for all else. Cargo tells
/// by those times what is fresh.
pub fn tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            // What the template's own cells left: other kernels' cells live elsewhere and cannot use it.
            if entry.file_name() != "incremental" {
                tree(&source, &target)?;
            }
            continue;
        }
        let shared = entry.metadata()?.len() >= SHARED;
        // A file system without hard links gets copies.
        if !(shared && fs::hard_link(&source, &target).is_ok()) {
            copy(&source, &target).with_context(|| format!("cannot copy {}", source.display()))?;
        }
    }
    Ok(())
}

fn copy(source: &Path, target: &Path) -> std::io::Result<()> {
    fs::copy(source, target)?;
    let times = fs::metadata(source)?;
    let file = File::options().write(true).open(target)?;
    file.set_times(FileTimes::new().set_modified(times.modified()?).set_accessed(times.accessed()?))
}
