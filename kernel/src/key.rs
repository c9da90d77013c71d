//! What a template is made from, as two short names: equal inputs, equal names.

use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// All that decides how a template is made, but for the project.
const MAKING: [&str; 5] = [
    include_str!("analyzer.rs"),
    include_str!("cell.rs"),
    include_str!("copy.rs"),
    include_str!("recipe.rs"),
    include_str!("template.rs"),
];

/// Names what a template is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The compiler, where the project is, its manifest and lock file, the crates that notebooks name, and how
    /// templates are made.
    pub base: String,
    /// The library's sources.
    pub sources: String,
}

impl Key {
    pub(crate) fn of(root: &Path) -> Result<Self> {
        let rustc = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?.stdout;
        let manifests = ["Cargo.toml", "Cargo.lock"].map(|name| fs::read(root.join(name)).unwrap_or_default());
        let base = digest((rustc, root, manifests, dependencies(root)?, MAKING));
        let mut files = Vec::new();
        list(&root.join("src"), &mut files)?;
        files.sort();
        let contents: Vec<Vec<u8>> = files.iter().map(fs::read).collect::<Result<_, _>>().context("cannot read src")?;
        Ok(Self { base, sources: digest((files, contents)) })
    }

    /// The template's folder name.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.base, self.sources)
    }
}

/// A short name for some content; equal content, equal name.
pub(crate) fn digest(content: impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { list(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// The `:dep` lines of all notebooks of the project, each once.
pub(crate) fn dependencies(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("notebooks");
    let mut lines = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "ipynb") {
            continue;
        }
        // A notebook that is being edited may be half a file; it then adds nothing.
        let notebook: Value = serde_json::from_slice(&fs::read(&path)?).unwrap_or_default();
        let cells = notebook["cells"].as_array().map(Vec::as_slice).unwrap_or_default();
        for cell in cells.iter().filter(|cell| cell["cell_type"] == "code") {
            let source: String = match &cell["source"] {
                Value::String(text) => text.clone(),
                Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
                _ => continue,
            };
            lines.extend(source.lines().map(str::trim).filter(|line| line.starts_with(":dep ")).map(str::to_owned));
        }
    }
    lines.sort();
    lines.dedup();
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_follow_what_they_are_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["src/deep", "notebooks"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        let write = |name: &str, content: &str| fs::write(root.join(name), content).unwrap();
        write("Cargo.lock", "lock");
        write("src/lib.rs", "//! One.");
        write("src/deep/mod.rs", "//! Two.");
        let first = Key::of(root).unwrap();
        assert_eq!(Key::of(root).unwrap(), first);

        write("src/deep/mod.rs", "//! Three.");
        let edited = Key::of(root).unwrap();
        assert_eq!(edited.base, first.base);
        assert_ne!(edited.sources, first.sources);
        write("src/deep/mod.rs", "//! Two.");
        assert_eq!(Key::of(root).unwrap(), first);

        write("Cargo.lock", "other");
        assert_ne!(Key::of(root).unwrap().base, first.base);
        write("Cargo.lock", "lock");
        let cell = |kind: &str, source: serde_json::Value| json!({"cell_type": kind, "source": source});
        let notebook = json!({"cells": [
            cell("markdown", json!(":dep nothing")),
            cell("code", json!([":dep rand = \"0.8\"\n", "let x = 1;"])),
            cell("code", json!("  :dep rand = \"0.8\"")),
        ]});
        write("notebooks/a.ipynb", &notebook.to_string());
        write("notebooks/half.ipynb", "{\"cells\": [");
        assert_eq!(dependencies(root).unwrap(), [":dep rand = \"0.8\""]);
        assert_ne!(Key::of(root).unwrap().base, first.base);
    }
}
