//! What the file subcommands share: checked names, safe writing, progress, the closing line.

use crate::Files;
use anyhow::{Context, Result, bail};
use cortado::file::{self, Existing};
use indicatif::ProgressBar;
use serde_json::{Map, Value};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Refuses an output that is the input or, without `--force`, already there; sets the number of threads.
pub fn prepare(files: &Files) -> Result<()> {
    if let Some(threads) = files.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global().context("cannot set threads")?;
    }
    let same_file =
        matches!((fs::canonicalize(&files.input), fs::canonicalize(&files.output)), (Ok(a), Ok(b)) if a == b);
    if same_file {
        bail!("{} is the input too: choose another output", files.output.display());
    }
    if !files.force && fs::symlink_metadata(&files.output).is_ok() {
        bail!("{} exists: add --force to replace it", files.output.display());
    }
    Ok(())
}

/// Writes the output whole or not at all.
pub fn write(files: &Files, bytes: &[u8]) -> Result<()> {
    let existing = if files.force { Existing::Replace } else { Existing::Keep };
    Ok(file::write(&files.output, bytes, existing)?)
}

/// A spinner on standard error that says what is being done; nothing when that is no terminal.
pub fn progress(doing: String) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(doing);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// What a subcommand reports: a JSON object, or the line that is made of it.
pub fn report(json: bool, fields: Map<String, Value>, line: &str) -> Result<()> {
    let text = if json { Value::Object(fields).to_string() } else { line.to_owned() };
    match writeln!(io::stdout(), "{text}") {
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// The fields that every compression and decompression reports; `seconds` is the codec call alone.
pub fn fields(codec: &str, files: &Files, input_bytes: usize, output_bytes: usize, seconds: f64) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("codec".into(), codec.into());
    fields.insert("input".into(), display(&files.input));
    fields.insert("output".into(), display(&files.output));
    fields.insert("input_bytes".into(), input_bytes.into());
    fields.insert("output_bytes".into(), output_bytes.into());
    fields.insert("seconds".into(), seconds.into());
    fields
}

pub fn display(path: &Path) -> Value {
    path.display().to_string().into()
}
