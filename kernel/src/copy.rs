//! A quick copy of a build folder that shares what is never written in place.

use anyhow::{Context, Result};
use std::fs::{self, File, FileTimes};
use std::path::Path;

/// Files of at least this many bytes are compiled code, which the compiler replaces by a new file and never writes
/// into. What cargo does write in place, its records of what is fresh, is smaller.
const SHARED: u64 = 64 * 1024;

/// Copies the tree `from` to `to`: hard links for compiled code, real copies with their times for all else. Cargo tells
/// by those times what is fresh.
pub(crate) fn tree(from: &Path, to: &Path) -> Result<()> {
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

/// Copies what cargo has built in a template, and its records of it, to a kernel's folder.
pub(crate) fn target(template: &Path, folder: &Path) -> Result<()> {
    let target = folder.join("cells/target");
    if target.exists() {
        // Copying over links would write into what they share.
        fs::remove_dir_all(&target).with_context(|| format!("cannot remove {}", target.display()))?;
    }
    tree(&template.join("cells/target"), &target)
}

fn copy(source: &Path, target: &Path) -> std::io::Result<()> {
    fs::copy(source, target)?;
    let times = fs::metadata(source)?;
    let file = File::options().write(true).open(target)?;
    file.set_times(FileTimes::new().set_modified(times.modified()?).set_accessed(times.accessed()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn large_files_are_shared_and_small_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("deps")).unwrap();
        fs::create_dir_all(from.join("incremental/cell")).unwrap();
        fs::write(from.join("deps/libbig.rlib"), vec![1; SHARED as usize]).unwrap();
        fs::write(from.join("deps/small.d"), "small").unwrap();
        fs::write(from.join("incremental/cell/state"), "state").unwrap();
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        File::options().write(true).open(from.join("deps/small.d")).unwrap().set_modified(hour_ago).unwrap();

        tree(&from, &to).unwrap();
        assert_eq!(fs::metadata(to.join("deps/small.d")).unwrap().modified().unwrap(), hour_ago);
        assert!(!to.join("incremental").exists());
        // Writing into the copy of a small file leaves the template's alone.
        fs::write(to.join("deps/small.d"), "changed").unwrap();
        assert_eq!(fs::read(from.join("deps/small.d")).unwrap(), b"small");
        // A large file is one file; replacing it, as the compiler does, leaves the template's alone too.
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let inode = |path: &Path| fs::metadata(path).unwrap().ino();
            assert_eq!(inode(&from.join("deps/libbig.rlib")), inode(&to.join("deps/libbig.rlib")));
        }
        fs::write(to.join("new"), "other").unwrap();
        fs::rename(to.join("new"), to.join("deps/libbig.rlib")).unwrap();
        assert_eq!(fs::metadata(from.join("deps/libbig.rlib")).unwrap().len(), SHARED);
    }
}
