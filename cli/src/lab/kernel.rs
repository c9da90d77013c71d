//! The Rust kernel: built from the workspace, copied into the state folder, registered in the virtual environment.

use super::steps;
use anyhow::{Context, Result};
use serde_json::json;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the kernel if its sources changed, and registers it in the environment `venv`.
///
/// It is called `rust`, as the stock kernel is, so that the walkthroughs open with either.
pub(super) fn install(root: &Path, state: &Path, venv: &Path) -> Result<()> {
    let kernel = state.join(steps::executable("cortado-kernel"));
    let mark = state.join("cortado-kernel.built-from");
    steps::once(&mark, &sources(root)?, kernel.is_file(), || steps::place(&build(root)?, &kernel))?;
    let spec = json!({
        "argv": [kernel, "--control_file", "{connection_file}"],
        "display_name": "Rust (Cortado)",
        "language": "rust",
        "interrupt_mode": "message",
        // Large pages, most of each never used, take the kernel's allocator as long as all else at its start.
        "env": {"CORTADO_ROOT": root, "MIMALLOC_ALLOW_THP": "0"},
    });
    let folder = venv.join("share/jupyter/kernels/rust");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join("kernel.json");
    fs::write(&file, format!("{spec:#}\n")).with_context(|| format!("cannot write {}", file.display()))
}

/// Prepares what kernels start from: the library and every crate that notebooks name, compiled. Answers at once when
/// nothing has changed.
pub(super) fn warm(root: &Path, state: &Path) -> Result<()> {
    let mut command = Command::new(state.join(steps::executable("cortado-kernel")));
    command.arg("--warm").env("CORTADO_ROOT", root);
    steps::run("Warming the kernel (minutes, the first time)", &mut command, |printed| steps::last_line(printed).into())
}

/// Fetches the sources of the standard library, from which the kernel tells the types of variables. Without them it
/// works, less well, so that a failure is a note and no more.
pub(super) fn fetch_sources() {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().map(|output| output.stdout);
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.unwrap_or_default()).trim());
    if sysroot.join("lib/rustlib/src/rust/library").is_dir() {
        return;
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["component", "add", "rust-src"]);
    let fetched =
        steps::run("Fetching the standard library's sources", &mut rustup, |printed| steps::last_line(printed).into());
    if let Err(error) = fetched {
        eprintln!("note: {error:#}; cells will have to name the types of variables that come out of a `?`");
    }
}

/// What the kernel is made of: its sources, the lock file and the compiler.
fn sources(root: &Path) -> Result<String> {
    let mut files = vec![root.join("Cargo.lock"), root.join("kernel/Cargo.toml")];
    let folder = root.join("kernel/src");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    files.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
    files.sort();
    let contents: Vec<_> = files.iter().map(fs::read).collect::<Result<_, _>>().context("cannot read the kernel")?;
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("-vV").output().context("cannot run rustc")?.stdout;
    Ok(steps::digest((contents, version)))
}

fn build(root: &Path) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = root.join("target");
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["build", "--release", "--locked", "--package", "cortado-kernel", "--target-dir"]);
    steps::run("Building the Rust kernel (minutes, the first time)", command.arg(&target), |printed| {
        let reason =
            printed.lines().find(|line| line.starts_with("error")).unwrap_or_else(|| steps::last_line(printed));
        format!("check the network and that rustc is current (rustup update), and run this again ({reason})")
    })?;
    Ok(target.join("release").join(steps::executable("cortado-kernel")))
}
