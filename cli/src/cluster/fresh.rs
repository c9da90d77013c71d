//! Folders for what is on its way to a cluster.

use anyhow::{Context, Result};
use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, RandomState};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A new folder in the temporary one, for its owner alone, under a name that nobody can know before; gone with the
/// value.
pub(crate) struct Fresh(PathBuf);

impl Fresh {
    pub(crate) fn new() -> Result<Self> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        loop {
            let path = std::env::temp_dir().join(format!("cortado-{:016x}{:016x}", random(), random()));
            match builder.create(&path) {
                Ok(()) => return Ok(Self(path)),
                // Whoever made it, it is not ours.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(|| format!("cannot make {}", path.display())),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Keys that the system drew go into every hash.
fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_folder_is_its_owners_and_does_not_last() {
        let (one, other) = (Fresh::new().unwrap(), Fresh::new().unwrap());
        assert_ne!(one.path(), other.path());
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(one.path()).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o700);
        }
        let path = one.path().to_owned();
        fs::write(path.join("inside"), b"x").unwrap();
        drop(one);
        assert!(!path.exists() && other.path().is_dir());
    }
}
