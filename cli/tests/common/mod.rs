//! Running the command.
#![allow(dead_code, reason = "every test file is a crate of its own and uses a part of this")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) fn cortado(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cortado")).current_dir(folder).args(arguments).output().unwrap()
}

/// Runs a script for sh, in which `"$0"` is the command and `"$1"`, `"$2"` ... are the arguments.
pub(crate) fn shell(folder: &Path, script: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.current_dir(folder).args(["-c", script, env!("CARGO_BIN_EXE_cortado")]).args(arguments).output().unwrap()
}

/// Checks that a command failed with exit code 1 and one line, and returns that line.
pub(crate) fn failure(output: &Output) -> String {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{}: {message}", output.status);
    assert_eq!(message.lines().count(), 1, "{message}");
    message.trim_end().to_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs what must succeed and returns the JSON object that it prints.
pub(crate) fn json(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = cortado(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs what must fail with exit code 1 and returns its one line.
pub(crate) fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = cortado(folder, arguments);
    assert!(output.stdout.is_empty(), "{arguments:?}");
    failure(&output)
}

/// Runs what must be refused as wrong usage, with exit code 2, and returns its one line.
pub(crate) fn usage(folder: &Path, arguments: &[&str]) -> String {
    let output = cortado(folder, arguments);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty() && message.lines().count() == 1, "{arguments:?}: {message}");
    message.trim_end().to_owned()
}

pub(crate) fn names(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
