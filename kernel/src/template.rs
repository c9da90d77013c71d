//! The template: a build folder with the library and every crate that notebooks name, compiled at release settings.

use crate::analyzer;
use crate::copy;
use crate::key::{self, Key};
use anyhow::{Context, Result, anyhow, bail};
use evcxr::CommandContext;
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The workspace around the folder that evcxr builds cells in.
///
/// As a member of it, the cells' crate takes its profile from here: cells compile for latency, everything they depend
/// on for speed. And the workspace has one lock file, which the second member keeps whole: a cell that names no
/// dependencies would otherwise drop them from the lock, and the next one that does would resolve them anew.
const MANIFEST: &str = r#"[workspace]
members = ["cells", "library"]
resolver = "3"

[profile.dev]
opt-level = 0
debug = false
strip = "debuginfo"
rpath = true
incremental = false
codegen-units = 4

[profile.dev.package."*"]
opt-level = 3
debug-assertions = false
overflow-checks = false
codegen-units = 16

[profile.dev.package.cortado]
codegen-units = 4
"#;

/// The manifest of the workspace's other member, but for the line that names the library.
///
/// It is one shared library, of the library and all that this is made of, which cells are linked to.
const LIBRARY: &str = r#"[package]
name = "cortado_shared"
version = "1.0.0"
edition = "2024"

[lib]
crate-type = ["dylib"]

[target.'cfg(not(rust_analyzer))'.dependencies]
"#;

/// A template that a kernel works from. It stays in its place while this value lives.
pub(crate) struct Template {
    folder: PathBuf,
    _in_use: File,
}

impl Template {
    /// The template of the project as it is now. When only the library's sources have changed since one was made, it is
    /// refreshed, by a process of its own.
    ///
    /// # Errors
    /// When there is none and making one would take minutes, which is longer than Jupyter waits for a kernel.
    pub(crate) fn ready(root: &Path) -> Result<Self> {
        let (shelf, key) = (shelf(root), Key::of(root)?);
        if let Some(template) = Self::find(&shelf, &key)? {
            return Ok(template);
        }
        if !templates(&shelf).iter().any(|other| is_for(other, &key)) {
            bail!("there is no template for this compiler and lock file: run `cortado kernel warm`");
        }
        let warm = Command::new(env::current_exe()?).arg("--warm").stdout(Stdio::null()).status();
        if !warm.context("cannot refresh the template")?.success() {
            bail!("the template could not be refreshed");
        }
        Self::find(&shelf, &Key::of(root)?)?.context("the library changed while the kernel started")
    }

    fn find(shelf: &Path, key: &Key) -> Result<Option<Self>> {
        if !shelf.is_dir() {
            return Ok(None);
        }
        // Who removes templates holds this lock alone.
        let shelf_lock = lock_file(shelf)?;
        shelf_lock.lock_shared().context("cannot lock the templates")?;
        let folder = shelf.join(key.name());
        if !folder.is_dir() {
            return Ok(None);
        }
        let in_use = lock_file(&folder)?;
        in_use.lock_shared().context("cannot lock the template")?;
        Ok(Some(Self { folder, _in_use: in_use }))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lays out the workspace of a kernel in `folder`. Cells are compiled with what is in the template; what cargo
    /// needs comes when it is asked ([`copy::target`]).
    pub(crate) fn lay_out(&self, folder: &Path) -> Result<()> {
        copy::tree(&self.folder.join("library"), &folder.join("library"))?;
        for name in ["Cargo.toml", "Cargo.lock"] {
            let cannot = || format!("cannot copy {name} of the template");
            fs::copy(self.folder.join(name), folder.join(name)).with_context(cannot)?;
        }
        // Elsewhere cargo compiles every cell.
        if cfg!(target_os = "linux") { Ok(()) } else { copy::target(&self.folder, folder) }
    }
}

/// Makes the template of the project as it is now, if there is none. One process at a time does this.
///
/// One of the same compiler and lock file is the start of the new one, so that after a change in `src/` only the
/// library is compiled.
pub(crate) fn prepare(root: &Path) -> Result<()> {
    let shelf = shelf(root);
    fs::create_dir_all(&shelf).with_context(|| format!("cannot make {}", shelf.display()))?;
    let lock = lock_file(&shelf)?;
    lock.lock().context("cannot lock the templates")?;
    let key = Key::of(root)?;
    let folder = shelf.join(key.name());
    if folder.is_dir() {
        return Ok(());
    }
    let others = templates(&shelf);
    let unfinished = shelf.join(UNFINISHED);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).context("cannot remove an unfinished template")?;
    }
    match others.iter().find(|other| is_for(other, &key)) {
        Some(like) => copy::tree(like, &unfinished)?,
        None => fill(root, &unfinished)?,
    }
    build(root, &unfinished)?;
    // What only the making needed, and what a kernel will need.
    let _ = fs::remove_dir_all(unfinished.join("tools"));
    lock_file(&unfinished)?;
    fs::rename(&unfinished, &folder).context("cannot put the template in its place")?;
    // Those that kernels still work from are left to the next time.
    for other in others.iter().filter(|other| lock_file(other).is_ok_and(|lock| lock.try_lock().is_ok())) {
        fs::remove_dir_all(other).with_context(|| format!("cannot remove {}", other.display()))?;
    }
    Ok(())
}

fn lock_file(folder: &Path) -> Result<File> {
    let lock = File::options().create(true).append(true).open(folder.join("lock"));
    lock.with_context(|| format!("cannot write in {}", folder.display()))
}

const UNFINISHED: &str = "unfinished";

fn shelf(root: &Path) -> PathBuf {
    root.join(".cortado/templates")
}

fn is_for(template: &Path, key: &Key) -> bool {
    template.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&key.base))
}

/// The finished templates.
fn templates(shelf: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(shelf).into_iter().flatten();
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir());
    folders.filter(|path| path.file_name().is_some_and(|name| name != UNFINISHED)).collect()
}

/// Lays out the workspace: the cells' folder empty, and a member that depends on the library.
fn fill(root: &Path, folder: &Path) -> Result<()> {
    let library = folder.join("library");
    fs::create_dir_all(library.join("src")).with_context(|| format!("cannot make {}", library.display()))?;
    // A JSON string is a TOML string too.
    let path = serde_json::to_string(&root.to_string_lossy())?;
    fs::write(folder.join("Cargo.toml"), MANIFEST)?;
    fs::write(library.join("Cargo.toml"), format!("{LIBRARY}cortado = {{ path = {path} }}\n"))?;
    fs::write(library.join("src/lib.rs"), "#[cfg(not(rust_analyzer))]\npub extern crate cortado;\n")?;
    fs::create_dir_all(folder.join("cells/src"))?;
    analyzer::prepare(folder)?;
    // The versions that the project is tested with; cargo drops what is not needed here.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).context("cannot copy Cargo.lock")?;
    Ok(())
}

/// Builds by running a session of cells, so that every flag is as a notebook's cells will have it. evcxr tells on
/// standard error which crate is being compiled.
fn build(root: &Path, folder: &Path) -> Result<()> {
    // `:dep` paths are relative to the notebooks.
    env::set_current_dir(root.join("notebooks")).context("cannot enter the notebooks' folder")?;
    // SAFETY: no other thread runs yet.
    unsafe {
        env::set_var("EVCXR_TMPDIR", folder.join("cells"));
        #[cfg(target_os = "linux")]
        crate::set(crate::cell::variables(folder, None)?);
    }
    let mut dependencies = key::dependencies(root)?;
    let library = ":dep cortado = { path = \"..\" }".to_owned();
    if !dependencies.contains(&library) {
        dependencies.push(library);
    }
    let (mut context, _outputs) = CommandContext::new().map_err(|error| anyhow!("{error}"))?;
    context.execute(&dependencies.join("\n")).map_err(|error| anyhow!("{error}"))?;
    Ok(())
}
