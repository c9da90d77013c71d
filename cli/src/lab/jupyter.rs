//! The prepared workplace, and JupyterLab in it.

use super::{kernel, python, steps};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A project whose set-up is complete: Python environment, JupyterLab, kernel.
pub(crate) struct Workplace {
    root: PathBuf,
    state: PathBuf,
    python: PathBuf,
}

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// Defaults that a reader can change in JupyterLab's settings: no questions about news and updates on the first page,
/// and cells that stay in the page when they are scrolled out of sight, so that a slider keeps its place.
const OVERRIDES: &str = r#"{
  "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false},
  "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}
}
"#;

impl Workplace {
    /// Does what is left to do of the set-up, one process at a time.
    pub(crate) fn prepare() -> Result<Self> {
        let root = find_root()?;
        let state = root.join(".cortado");
        let cannot = || format!("cannot write in {}", state.display());
        fs::create_dir_all(state.join("jupyter")).with_context(cannot)?;
        let _lock = steps::lock(&state)?;
        let venv = state.join("venv");
        let python = python::environment(&venv, REQUIREMENTS, "JupyterLab")?;
        kernel::install(&root, &state, &venv)?;
        kernel::fetch_sources();
        kernel::warm(&root, &state)?;
        let settings = venv.join("share/jupyter/lab/settings");
        fs::create_dir_all(&settings)
            .and_then(|()| fs::write(settings.join("overrides.json"), OVERRIDES))
            .with_context(cannot)?;
        Ok(Self { root, state, python })
    }

    /// The folder with the walkthroughs, which is there before anything is set up.
    pub(crate) fn notebooks() -> Result<PathBuf> {
        Ok(find_root()?.join("notebooks"))
    }

    /// The project's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A command of the environment's Python that keeps its settings and run-time files in the state folder.
    pub(crate) fn python(&self) -> Command {
        let mut command = Command::new(&self.python);
        let jupyter = self.state.join("jupyter");
        for (variable, folder) in
            [("JUPYTER_CONFIG_DIR", "config"), ("JUPYTER_DATA_DIR", "data"), ("JUPYTER_RUNTIME_DIR", "runtime")]
        {
            command.env(variable, jupyter.join(folder));
        }
        command.env("IPYTHONDIR", jupyter.join("ipython"));
        // What `cargo run` says of this program would tell the cells' own cargo about a package that is not theirs.
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|head| name.starts_with(head))
            {
                command.env_remove(&*name);
            }
        }
        command
    }

    /// Runs JupyterLab until it is stopped. It listens on the loopback address only, behind its token.
    pub(crate) fn serve(&self, no_browser: bool, port: Option<u16>) -> Result<()> {
        let mut command = self.python();
        command.args(["-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", "--ServerApp.allow_root=True"]);
        command.arg(format!("--ServerApp.root_dir={}", self.root.join("notebooks").display()));
        command.arg("--LabApp.default_url=/lab/tree/01-palette.ipynb");
        if no_browser {
            command.arg("--no-browser");
        }
        if let Some(port) = port {
            command.arg(format!("--ServerApp.port={port}")).arg("--ServerApp.port_retries=0");
        }
        become_process(&mut command)
    }
}

/// Hands this process over, so that a signal to it reaches the server.
#[cfg(unix)]
fn become_process(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).context("cannot start JupyterLab")
}

#[cfg(not(unix))]
fn become_process(command: &mut Command) -> Result<()> {
    let status = command.status().context("cannot start JupyterLab")?;
    if !status.success() {
        bail!("JupyterLab ended with {status}");
    }
    Ok(())
}

/// The project's root: the nearest folder upwards that holds the walkthroughs and the kernel.
pub(crate) fn find_root() -> Result<PathBuf> {
    let here = env::current_dir().context("cannot tell the current folder")?;
    let is_root = |folder: &&Path| folder.join("notebooks").is_dir() && folder.join("kernel/Cargo.toml").is_file();
    match here.ancestors().find(is_root) {
        Some(root) => Ok(root.to_owned()),
        None => {
            bail!("run this inside a checkout of cortado: no folder above {} holds the walkthroughs", here.display())
        }
    }
}
