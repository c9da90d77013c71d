//! A kernel's own copy of the template: made at its start, removed at its end.

use crate::copy;
use crate::template::{self, Found};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

/// A kernel's own build folder. It is removed when this value is dropped; the copy of a kernel that was killed is removed
/// by the next one that starts.
pub struct Workshop {
    folder: PathBuf,
    /// Held for the kernel's life, which tells others that the copy is in use.
    _lock: File,
}

impl Workshop {
    /// A copy of the template of the project as it is now.
    ///
    /// # Errors
    /// When there is no template to start from, or no place to write.
    pub fn open(root: &Path) -> Result<Self> {
        refresh(root)?;
        let bench = root.join(".cortado/kernels");
        fs::create_dir_all(&bench).with_context(|| format!("cannot make {}", bench.display()))?;
        // Nobody sweeps while a folder is there whose lock is not yet held.
        let gate = File::create(bench.join("lock")).context("cannot lock the kernels' folder")?;
        gate.lock().context("cannot lock the kernels' folder")?;
        sweep(&bench);
        let folder = bench.join(process::id().to_string());
        // It must be new: copying over links would write into what they share.
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let lock = File::create(folder.join("lock")).context("cannot lock the kernel's folder")?;
        lock.lock().context("cannot lock the kernel's folder")?;
        let workshop = Self { folder, _lock: lock };
        let _held = template::hold(root)?;
        match template::find(root)? {
            Found::Current(template) => copy::tree(&template, &workshop.folder)?,
            _ => bail!("the library changed while the kernel started"),
        }
        Ok(workshop)
    }

    /// The kernel's own folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where evcxr is to build cells.
    pub fn crate_folder(&self) -> PathBuf {
        self.folder.join("cells")
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // The cells' process may still be ending; what stays behind is swept at the next start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Sees to it that there is a template of the project as it is now: when only the library's sources have changed since one
/// was made, it is refreshed, by a process of its own.
fn refresh(root: &Path) -> Result<()> {
    match template::find(root)? {
        Found::Current(_) => return Ok(()),
        Found::Outdated => {}
        // Compiling everything takes minutes, longer than Jupyter waits for a kernel to start.
        Found::Nothing => bail!("there is no template for this compiler and lock file: run `cortado kernel warm`"),
    }
    let warm = Command::new(env::current_exe()?).arg("--warm").stdout(Stdio::null()).status();
    if !warm.context("cannot refresh the template")?.success() {
        bail!("the template could not be refreshed");
    }
    Ok(())
}

/// Removes the copies of kernels that no longer run: those whose lock can be had.
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
