//! What the file subcommands share: checked names, safe writing, progress, the closing line.

use crate::Files;
use anyhow::{Context, Result, bail};
use cortado::Limits;
use cortado::file::{self, Existing};
use cortado::photo::Conversion;
use indicatif::ProgressBar;
use serde_json::{Map, Value};
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

/// Refuses an output that is the input or, without `--force`, already there; sets the number of threads.
pub fn prepare(files: &Files) -> Result<()> {
    if let Some(threads) = files.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global().context("cannot set threads")?;
    }
    if files.writes_stdout() {
        return Ok(());
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

/// A file's name, or what `-` stands for.
pub fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".into() } else { path.display().to_string() }
}

/// The bytes of a file, or of standard input for `-`.
pub fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
    if path != Path::new("-") {
        return Ok(file::read(path, limits)?);
    }
    let most = limits.max_bytes();
    let mut bytes = Vec::new();
    io::stdin().lock().take(most.saturating_add(1)).read_to_end(&mut bytes).context("cannot read standard input")?;
    if bytes.len() as u64 > most {
        bail!("standard input exceeds the limit of {most} bytes");
    }
    Ok(bytes)
}

/// Writes the output whole or not at all; to standard output for `-`.
pub fn write(files: &Files, bytes: &[u8]) -> Result<()> {
    if files.writes_stdout() {
        let mut stdout = io::stdout().lock();
        return stdout.write_all(bytes).and_then(|()| stdout.flush()).context("cannot write to standard output");
    }
    let existing = if files.force { Existing::Replace } else { Existing::Keep };
    Ok(file::write(&files.output, bytes, existing)?)
}

/// A spinner on standard error that says what is being done; nothing when that is no terminal.
pub fn progress(doing: String) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(doing);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Says on standard error what opening a photo gave up.
pub fn note(conversion: Conversion) {
    if conversion.depth_reduced || conversion.alpha_flattened {
        eprintln!("note: samples were rounded to 8 bits, and transparency was laid over white");
    }
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

/// [`report`] after writing the output: on standard error when standard output carries the file itself.
pub fn report_on(files: &Files, fields: Map<String, Value>, line: &str) -> Result<()> {
    if files.writes_stdout() {
        let text = if files.json { Value::Object(fields).to_string() } else { line.to_owned() };
        eprintln!("{text}");
        return Ok(());
    }
    report(files.json, fields, line)
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

/// The most memory that this process has had, in bytes, where the system tells.
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kib.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
