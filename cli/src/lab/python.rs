//! A Python of the reader's, and virtual environments of ours with what runs in them.

use super::steps;
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of the virtual environment `venv`, with the packages of `requirements`, which messages call `name`,
/// installed; made on the first call.
pub(crate) fn environment(venv: &Path, requirements: &str, name: &str) -> Result<PathBuf> {
    let inside = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    // An environment whose base Python has gone no longer runs, and is made again.
    steps::once(&venv.join("cortado-ready"), &steps::digest(requirements), runs(&inside), || {
        let python = find()?;
        if venv.exists() {
            fs::remove_dir_all(venv).with_context(|| format!("cannot remove {}", venv.display()))?;
        }
        steps::run("Making a Python environment", Command::new(&python).args(["-m", "venv"]).arg(venv), |printed| {
            if printed.contains("ensurepip") || printed.contains("No module named venv") {
                "this Python lacks the venv module: install it (on Debian and Ubuntu: apt install python3-venv)".into()
            } else {
                steps::last_line(printed).into()
            }
        })?;
        let list = venv.join("requirements.txt");
        fs::write(&list, requirements).with_context(|| format!("cannot write {}", list.display()))?;
        steps::run(
            &format!("Installing {name}"),
            Command::new(&inside)
                .args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--requirement"])
                .arg(&list),
            |printed| {
                let reason = printed.lines().rev().find(|line| line.starts_with("ERROR:"));
                let reason = reason.unwrap_or_else(|| steps::last_line(printed));
                format!("check the network and run this again ({reason})")
            },
        )
    })?;
    Ok(inside)
}

/// A Python of version 3.10 or later: the one that `CORTADO_PYTHON` names, else the first on the path.
fn find() -> Result<PathBuf> {
    let named = env::var_os("CORTADO_PYTHON").map(PathBuf::from);
    let candidates = match &named {
        Some(python) => vec![python.clone()],
        None => ["python3", "python", "py"].map(PathBuf::from).to_vec(),
    };
    match candidates.into_iter().find(|python| runs(python)) {
        Some(python) => Ok(python),
        None if named.is_some() => bail!("CORTADO_PYTHON names no Python 3.10 or later that runs"),
        None => bail!("no Python 3.10 or later found: install one, or name it in CORTADO_PYTHON"),
    }
}

fn runs(python: &Path) -> bool {
    let check = "import sys; sys.exit(sys.version_info < (3, 10))";
    Command::new(python).args(["-c", check]).output().is_ok_and(|output| output.status.success())
}
