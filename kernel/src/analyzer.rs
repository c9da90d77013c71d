//! What the code analyser reads.
//!
//! evcxr asks rust-analyzer for the types of a cell's variables, and rust-analyzer reads the sources of every crate
//! that cargo lists, and of the standard library. Much of both says nothing about a notebook's variables and is left
//! out here.

use anyhow::{Context, Result};
use ra_ap_syntax::{AstNode, Edition, NodeOrToken, SourceFile, SyntaxKind};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates of the standard library that types of variables come from.
const CRATES: [&str; 3] = ["alloc", "core", "std"];

/// Folders of them that say nothing about types.
const LEFT_OUT: [&str; 2] = ["benches", "tests"];

/// Makes what the analyser is to read of the standard library, in a template. Without the component `rust-src` there is
/// nothing to make it from; the analyser then does what it can.
pub(crate) fn prepare(template: &Path) -> Result<()> {
    let sources = sysroot()?.join("lib/rustlib/src/rust/library");
    // There is no manifest beside the crates, so that the analyser asks cargo nothing about them.
    for name in CRATES.iter().filter(|name| sources.join(name).is_dir()) {
        copy(&sources.join(name), &template.join("std").join(name))?;
    }
    Ok(())
}

/// The environment that shortens what the analyser reads in a kernel that works from `template`.
pub(crate) fn variables(template: &Path) -> Vec<(&'static str, OsString)> {
    // Cargo hides the crates that the library is made of from whoever sets this name. Cells are compiled with flags
    // that evcxr sets itself.
    let mut variables = vec![("RUSTFLAGS", OsString::from("--cfg rust_analyzer"))];
    // The analyser asks the compiler much; rustup, which stands in its place on the path, takes as long as the answers.
    variables.extend(sysroot().ok().map(|sysroot| ("RUSTC", sysroot.join("bin/rustc").into_os_string())));
    let std = template.join("std");
    variables.extend(std.is_dir().then(|| ("RUST_SRC_PATH", std.into_os_string())));
    variables
}

fn sysroot() -> Result<PathBuf> {
    let printed = Command::new("rustc").args(["--print", "sysroot"]).output().context("cannot run rustc")?.stdout;
    Ok(PathBuf::from(std::str::from_utf8(&printed)?.trim()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            if !LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
                copy(&source, &target)?;
            }
        } else if source.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
            fs::write(&target, shorten(text)).with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}

/// A source file without the comments in its macros. The macros that define the methods of numbers are expanded for
/// every type of number, documentation and all.
fn shorten(text: String) -> String {
    if !text.contains("macro_rules!") {
        return text;
    }
    let file = SourceFile::parse(&text, Edition::CURRENT).tree();
    let tokens = file.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let in_macros = tokens.filter(|token| token.parent().is_some_and(|node| node.kind() == SyntaxKind::TOKEN_TREE));
    let mut short = text.clone();
    let comments: Vec<_> = in_macros.filter(|token| token.kind() == SyntaxKind::COMMENT).collect();
    for comment in comments.iter().rev() {
        short.replace_range(std::ops::Range::<usize>::from(comment.text_range()), "");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_in_macros_go_and_all_else_stays() {
        let text = "/// One.\nfn one() {} // 1\nmacro_rules! two { ($name:ident) => {\n/// Two.\nfn $name() -> &'static str { \"// 2\" } }; }\n";
        let short = shorten(text.to_owned());
        assert_eq!(short, text.replace("/// Two.", ""));
        assert_eq!(shorten("/// Only.\nfn only() {}\n".to_owned()), "/// Only.\nfn only() {}\n");
    }

    #[test]
    fn the_library_is_read_without_its_tests() {
        let template = tempfile::tempdir().unwrap();
        prepare(template.path()).unwrap();
        let std = template.path().join("std");
        if !std.exists() {
            println!("skipped: the component rust-src is not installed");
            return;
        }
        let integers = fs::read_to_string(std.join("core/src/num/int_macros.rs")).unwrap();
        assert!(integers.contains("pub const fn checked_add(") && !integers.contains("///"));
        assert!(fs::read_to_string(std.join("alloc/src/vec/mod.rs")).unwrap().contains("/// Appends an element"));
        assert!(!std.join("Cargo.toml").exists());
    }
}
