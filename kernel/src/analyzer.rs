//! What the code analyser reads.
//!
//! evcxr asks rust-analyzer for the types of a cell's variables, and rust-analyzer reads the sources of every crate that
//! cargo lists, and of the standard library. Much of both says nothing about a notebook's variables and is left out here.

use anyhow::{Context, Result};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Parts of the standard library's sources that no variable needs: processor intrinsics, which are more than all the rest
/// together, and the library's own tests.
const LEFT_OUT: [&str; 4] = ["stdarch", "portable-simd", "coretests", "alloctests"];

/// Shortens what the analyser reads in a kernel whose own folder is `folder`.
///
/// # Safety
/// No other thread may run.
pub unsafe fn shorten(folder: &Path) {
    // Without the component `rust-src` there is nothing to link to; the analyser then does what it can.
    let library = link_std(&folder.join("std"));
    // SAFETY: the caller's promise.
    unsafe {
        if let Ok(library) = library {
            env::set_var("RUST_SRC_PATH", library);
        }
        // Cargo hides the crates that the library is made of from whoever sets this name. Cells are compiled with flags
        // that evcxr sets itself.
        env::set_var("RUSTFLAGS", "--cfg rust_analyzer");
    }
}

/// A folder of links to the standard library's sources, but for [`LEFT_OUT`].
fn link_std(folder: &Path) -> Result<PathBuf> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().context("cannot run rustc")?.stdout;
    let library = Path::new(std::str::from_utf8(&sysroot)?.trim()).join("lib/rustlib/src/rust/library");
    let entries = fs::read_dir(&library).with_context(|| format!("cannot read {}", library.display()))?;
    fs::create_dir(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if !LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            link(&entry.path(), &folder.join(entry.file_name()))?;
        }
    }
    Ok(folder.to_owned())
}

#[cfg(unix)]
fn link(original: &Path, link: &Path) -> Result<()> {
    std::os::unix::fs::symlink(original, link).with_context(|| format!("cannot make {}", link.display()))
}

/// Elsewhere links need rights that a reader may not have.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> Result<()> {
    anyhow::bail!("no links here")
}
