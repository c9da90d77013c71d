//! A call of the compiler, noted down.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::Command;

/// How cargo called the compiler for a crate of a workspace.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Recipe {
    /// The workspace, in which cargo calls the compiler for a member; most paths below are in it.
    folder: String,
    program: String,
    arguments: Vec<String>,
    /// What cargo tells the compiler, and a crate's `env!`, through the environment.
    variables: Vec<(String, String)>,
}

impl Recipe {
    /// The call of `program` that this process is to make; nothing if some of it is no UTF-8.
    pub(crate) fn of_this_process(program: &OsStr, arguments: &[OsString]) -> Option<Self> {
        let text = |word: &OsString| word.to_str().map(str::to_owned);
        // Cargo's job server ends with cargo.
        let of_cargo = |name: &str| name.starts_with("CARGO") && !name.ends_with("MAKEFLAGS");
        Some(Self {
            folder: env::current_dir().ok()?.to_str()?.to_owned(),
            program: program.to_str()?.to_owned(),
            arguments: arguments.iter().map(text).collect::<Option<_>>()?,
            variables: env::vars().filter(|(name, _)| of_cargo(name)).collect(),
        })
    }

    /// The recipe in a file; nothing if there is none that can be read.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file).ok()?).ok()
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        fs::write(file, serde_json::to_vec(self)?).with_context(|| format!("cannot write {}", file.display()))
    }

    /// The same where the workspace has moved to.
    pub(crate) fn moved_to(mut self, folder: &Path) -> Self {
        let old = std::mem::replace(&mut self.folder, folder.to_string_lossy().into_owned());
        let values = self.variables.iter_mut().map(|(_, value)| value);
        for text in self.arguments.iter_mut().chain(values) {
            *text = text.replace(&old, &self.folder);
        }
        self
    }

    /// The same with its results in another folder.
    pub(crate) fn into_folder(mut self, results: &Path) -> Self {
        if let Some(option) = self.arguments.iter().position(|argument| argument == "--out-dir") {
            self.arguments[option + 1] = results.to_string_lossy().into_owned();
        }
        self
    }

    /// The same without code for the results.
    pub(crate) fn for_errors_only(mut self) -> Self {
        for argument in self.arguments.iter_mut().filter(|argument| argument.starts_with("--emit=")) {
            *argument = "--emit=metadata".into();
        }
        self
    }

    /// The call, for the crate in the same place of another workspace.
    pub(crate) fn command(&self, workspace: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(workspace);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What follows an option of the compiler, where that comes first.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.arguments.iter().skip_while(|argument| *argument != name).nth(1).map(String::as_str)
    }

    /// The file of the compiled library among the crates that this one uses.
    pub(crate) fn library(&self) -> Option<&Path> {
        self.arguments.iter().find_map(|argument| argument.strip_prefix("cortado=")).map(Path::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe {
        let library = "cortado=/old/deps/lib.rlib";
        let arguments =
            ["--crate-name", "ctx", "--emit=dep-info,link", "--out-dir", "/old/out", "--extern", library, "-g"];
        Recipe {
            folder: "/old".into(),
            program: "rustc".into(),
            arguments: arguments.map(str::to_owned).to_vec(),
            variables: vec![("CARGO_MANIFEST_DIR".into(), "/old/cells".into())],
        }
    }

    #[test]
    fn a_recipe_moves_with_its_workspace() {
        let moved = recipe().moved_to(Path::new("/new/place"));
        assert_eq!(moved.library().unwrap(), Path::new("/new/place/deps/lib.rlib"));
        assert_eq!(moved.variables[0].1, "/new/place/cells");
        assert_eq!(moved.option("--out-dir"), Some("/new/place/out"));
        assert_eq!(moved.clone().moved_to(Path::new("/old")).arguments, recipe().arguments);
    }

    #[test]
    fn only_the_results_change() {
        let command =
            recipe().into_folder(Path::new("/kernel/compiled")).for_errors_only().command(Path::new("/kernel"));
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_str().unwrap()).collect();
        let (results, library) = ("/kernel/compiled", "cortado=/old/deps/lib.rlib");
        let expected = ["--crate-name", "ctx", "--emit=metadata", "--out-dir", results, "--extern", library, "-g"];
        assert_eq!(arguments, expected);
        assert_eq!(command.get_current_dir(), Some(Path::new("/kernel")));
    }

    #[test]
    fn a_recipe_comes_back_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recipe");
        assert!(Recipe::read(&file).is_none());
        fs::write(&file, "{").unwrap();
        assert!(Recipe::read(&file).is_none());
        recipe().write(&file).unwrap();
        assert_eq!(Recipe::read(&file).unwrap().arguments, recipe().arguments);
    }
}
