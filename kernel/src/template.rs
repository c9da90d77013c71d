//! The template: a build folder with the library and every crate that notebooks name, compiled at release settings.

use crate::copy;
use crate::key::{self, Key};
use anyhow::{Context, Result, anyhow};
use evcxr::CommandContext;
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The workspace around the folder that evcxr builds cells in.
///
/// As a member of it, the cells' crate takes its profile from here: cells compile for latency, everything they depend on
/// for speed. And the workspace has one lock file, which the second member keeps whole: a cell that names no dependencies
/// would otherwise drop them from the lock, and the next one that does would resolve them anew.
pub const MANIFEST: &str = r#"[workspace]
members = ["cells", "library"]
resolver = "3"

[profile.dev]
opt-level = 0
debug = false
strip = "debuginfo"
rpath = true
incremental = false

[profile.dev.package."*"]
opt-level = 3
debug-assertions = false
overflow-checks = false
codegen-units = 16

[profile.dev.package.cortado]
codegen-units = 4
"#;

/// What there is to start a kernel from.
pub enum Found {
    /// The folder of a template of the project as it is now.
    Current(PathBuf),
    /// One of the same compiler and lock file, but of other sources of the library: quick to refresh.
    Outdated,
    /// Nothing of use.
    Nothing,
}

/// Looks for a template of the project as it is now.
pub fn find(root: &Path) -> Result<Found> {
    let (shelf, key) = (shelf(root), Key::of(root)?);
    let current = shelf.join(key.name());
    if current.is_dir() {
        return Ok(Found::Current(current));
    }
    let outdated = shelf.is_dir() && templates(&shelf)?.iter().any(|other| is_for(other, &key));
    Ok(if outdated { Found::Outdated } else { Found::Nothing })
}

/// Makes the template of the project as it is now, if there is none. One process at a time does this.
///
/// One of the same compiler and lock file is the start of the new one, so that after a change in `src/` only the library
/// is compiled.
pub fn prepare(root: &Path) -> Result<()> {
    let shelf = shelf(root);
    fs::create_dir_all(&shelf).with_context(|| format!("cannot make {}", shelf.display()))?;
    let lock = shelf_lock(&shelf)?;
    lock.lock().context("cannot lock the templates")?;
    let key = Key::of(root)?;
    let folder = shelf.join(key.name());
    if folder.is_dir() {
        return Ok(());
    }
    let others = templates(&shelf)?;
    let unfinished = shelf.join(UNFINISHED);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).context("cannot remove an unfinished template")?;
    }
    match others.iter().find(|other| is_for(other, &key)) {
        Some(like) => copy::tree(like, &unfinished)?,
        None => fill(root, &unfinished)?,
    }
    build(root, &unfinished.join("cells"))?;
    fs::rename(&unfinished, &folder).context("cannot put the template in its place")?;
    // Kernels that run from the old ones have links of their own.
    for other in others {
        fs::remove_dir_all(&other).with_context(|| format!("cannot remove {}", other.display()))?;
    }
    Ok(())
}

/// Keeps the templates as they are while the result lives, for who copies one.
pub fn hold(root: &Path) -> Result<File> {
    let lock = shelf_lock(&shelf(root))?;
    lock.lock_shared().context("cannot lock the templates")?;
    Ok(lock)
}

fn shelf_lock(shelf: &Path) -> Result<File> {
    File::create(shelf.join("lock")).context("cannot lock the templates")
}

const UNFINISHED: &str = "unfinished";

fn shelf(root: &Path) -> PathBuf {
    root.join(".cortado/templates")
}

fn is_for(template: &Path, key: &Key) -> bool {
    template.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&key.base))
}

fn templates(shelf: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(shelf).with_context(|| format!("cannot read {}", shelf.display()))?;
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir());
    Ok(folders.filter(|path| path.file_name().is_some_and(|name| name != UNFINISHED)).collect())
}

/// Lays out the workspace: the cells' folder empty, and a member that depends on the library.
fn fill(root: &Path, folder: &Path) -> Result<()> {
    let library = folder.join("library");
    fs::create_dir_all(library.join("src")).with_context(|| format!("cannot make {}", library.display()))?;
    // A JSON string is a TOML string too.
    let path = serde_json::to_string(&root.to_string_lossy())?;
    let manifest = format!(
        "[package]\nname = \"library\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n\
         [target.'cfg(not(rust_analyzer))'.dependencies]\ncortado = {{ path = {path} }}\n"
    );
    fs::write(folder.join("Cargo.toml"), MANIFEST)?;
    fs::write(library.join("Cargo.toml"), manifest)?;
    fs::write(library.join("src/lib.rs"), "")?;
    fs::create_dir_all(folder.join("cells/src"))?;
    // The versions that the project is tested with; cargo drops what is not needed here.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).context("cannot copy Cargo.lock")?;
    Ok(())
}

/// Builds by running a session of cells, so that every flag is as a notebook's cells will have it. evcxr tells on standard
/// error which crate is being compiled.
fn build(root: &Path, cells: &Path) -> Result<()> {
    // `:dep` paths are relative to the notebooks.
    env::set_current_dir(root.join("notebooks")).context("cannot enter the notebooks' folder")?;
    // SAFETY: no other thread runs yet.
    unsafe { env::set_var("EVCXR_TMPDIR", cells) };
    let mut dependencies = key::dependencies(root)?;
    let library = ":dep cortado = { path = \"..\" }".to_owned();
    if !dependencies.contains(&library) {
        dependencies.push(library);
    }
    let (mut context, _outputs) = CommandContext::new().map_err(|error| anyhow!("{error}"))?;
    context.execute(&dependencies.join("\n")).map_err(|error| anyhow!("{error}"))?;
    Ok(())
}
