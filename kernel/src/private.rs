//! A kernel's own folder: made at its start, removed at its end.

use crate::analyzer;
use crate::template::Template;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process;

/// A kernel's own folder, in which evcxr builds its cells. It is removed when this value is dropped; the folder of a
/// kernel that was killed is removed by the next one that starts.
pub(crate) struct Workshop {
    folder: PathBuf,
    template: Template,
    /// Held for the kernel's life, which tells others that the folder is in use.
    _lock: File,
}

impl Workshop {
    /// A folder for a kernel that starts from the template of the project as it is now.
    ///
    /// # Errors
    /// When there is no template to start from, or no place to write.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let template = Template::ready(root)?;
        let bench = root.join(".cortado/kernels");
        fs::create_dir_all(&bench).with_context(|| format!("cannot make {}", bench.display()))?;
        // Nobody sweeps while a folder is there whose lock is not yet held.
        let gate = File::create(bench.join("lock")).context("cannot lock the kernels' folder")?;
        gate.lock().context("cannot lock the kernels' folder")?;
        sweep(&bench);
        let folder = bench.join(process::id().to_string());
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let lock = File::create(folder.join("lock")).context("cannot lock the kernel's folder")?;
        lock.lock().context("cannot lock the kernel's folder")?;
        let workshop = Self { folder, template, _lock: lock };
        workshop.template.lay_out(&workshop.folder)?;
        Ok(workshop)
    }

    /// The folder.
    #[cfg(unix)]
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The environment in which evcxr works in this folder.
    pub(crate) fn variables(&self) -> Result<Vec<(&'static str, OsString)>> {
        let mut variables = vec![("EVCXR_TMPDIR", self.folder.join("cells").into_os_string())];
        variables.extend(analyzer::variables(self.template.folder()));
        #[cfg(target_os = "linux")]
        variables.extend(crate::cell::variables(&self.folder, Some(self.template.folder()))?);
        Ok(variables)
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // The cells' process may still be ending; what stays behind is swept at the next start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Removes the folders of kernels that no longer run: those whose lock can be had.
fn sweep(bench: &Path) {
    let folders = fs::read_dir(bench).into_iter().flatten().flatten().map(|entry| entry.path());
    for folder in folders.filter(|folder| folder.is_dir()) {
        if File::open(folder.join("lock")).is_ok_and(|lock| lock.try_lock().is_err()) {
            continue;
        }
        // What cannot be removed now is tried again at the next start.
        let _ = fs::remove_dir_all(&folder);
    }
}
