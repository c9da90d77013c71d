//! What the file subcommands share: checked names, safe writing, progress, the closing line.

use crate::{Files, ending};
use anyhow::{Context, Result, bail};
use cortado::Limits;
use cortado::catalogue::Setting;
use cortado::codec::{Description, Fact};
use cortado::file::{self, Existing, printable, shown};
use indicatif::ProgressBar;
use serde_json::{Map, Value};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// Refuses an output that is the input, is no file, or is already there without `--force`, and a standard output that
/// is closed; sets the number of threads.
pub(crate) fn prepare(files: &Files) -> Result<()> {
    if let Some(threads) = files.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global().context("cannot set threads")?;
    }
    // The file or the report goes there.
    check_standard_output()?;
    if files.writes_stdout() {
        return Ok(());
    }
    let same_file =
        matches!((fs::canonicalize(&files.input), fs::canonicalize(&files.output)), (Ok(a), Ok(b)) if a == b);
    if same_file {
        bail!("{} is the input too: choose another output", shown(&files.output));
    }
    file::check(&files.output, Existing::Replace)?;
    if !files.force && fs::metadata(&files.output).is_ok() {
        bail!("{} exists: add --force to replace it", shown(&files.output));
    }
    Ok(())
}

/// Refuses to begin what has nowhere to tell its result.
pub(crate) fn check_standard_output() -> Result<()> {
    if ending::standard_output_was_closed() {
        bail!("cannot write to standard output: it is closed");
    }
    Ok(())
}

/// A file's name, or what `-` stands for.
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".into() } else { shown(path) }
}

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
    Ok(match path == Path::new("-") {
        true => file::read_stream(&mut io::stdin().lock(), "standard input", limits)?,
        false => file::read(path, limits)?,
    })
}

/// Writes the output whole or not at all; to standard output for `-`.
pub(crate) fn write(files: &Files, bytes: &[u8]) -> Result<()> {
    if files.writes_stdout() {
        let mut stdout = io::stdout().lock();
        return stdout.write_all(bytes).and_then(|()| stdout.flush()).context("cannot write to standard output");
    }
    Ok(file::write(&files.output, bytes, existing(files))?)
}

/// As [`write`], with the bytes that `fill` writes; returns how many they were. Whatever `fill` makes of an error of
/// writing, that error is reported.
pub(crate) fn write_with(files: &Files, fill: impl FnOnce(&mut dyn Write) -> cortado::Result<()>) -> Result<usize> {
    let mut bytes = 0;
    if !files.writes_stdout() {
        file::write_with(&files.output, existing(files), |file| {
            let mut counting = Counting { inner: file, bytes: &mut bytes, failure: None };
            fill(&mut counting)
        })?;
        return Ok(bytes);
    }
    let stdout = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut counting = Counting { inner: stdout, bytes: &mut bytes, failure: None };
    let filled = fill(&mut counting);
    let flushed = counting.flush();
    if let Some(failure) = counting.failure.take() {
        return Err(failure).context("cannot write to standard output");
    }
    drop(counting);
    filled?;
    flushed.context("cannot write to standard output")?;
    Ok(bytes)
}

fn existing(files: &Files) -> Existing {
    if files.force { Existing::Replace } else { Existing::Keep }
}

/// Counts the bytes that pass, and keeps the first error.
struct Counting<'a, W> {
    inner: W,
    bytes: &'a mut usize,
    failure: Option<io::Error>,
}

impl<W> Counting<'_, W> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::Interrupted
            && self.failure.is_none()
        {
            let copy = error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
            self.failure = Some(copy);
        }
        result
    }
}

impl<W: Write> Write for Counting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.inner.write(bytes);
        let written = self.note(result)?;
        *self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.inner.flush();
        self.note(result)
    }
}

/// A spinner on standard error that says what is being done; nothing when that is no terminal.
pub(crate) fn progress(doing: String) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(printable(&doing));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Says on standard error what is to be known besides the report, in one line.
pub(crate) fn say(note: &str) {
    eprintln!("note: {}", printable(note));
}

/// For the end of a closing line: whether there was anything to be gained.
pub(crate) fn larger(input_bytes: usize, output_bytes: usize) -> &'static str {
    if output_bytes > input_bytes { "; larger than the input" } else { "" }
}

/// What a subcommand reports: a JSON object, or the line that is made of it.
pub(crate) fn report(json: bool, fields: Map<String, Value>, line: &str) -> Result<()> {
    check_standard_output()?;
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{}", text(json, fields, line)).and_then(|()| stdout.flush()) {
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// [`report`] after writing the output: on standard error when standard output carries the file itself.
pub(crate) fn report_on(files: &Files, fields: Map<String, Value>, line: &str) -> Result<()> {
    if files.writes_stdout() {
        eprintln!("{}", text(files.json, fields, line));
        return Ok(());
    }
    report(files.json, fields, line).with_context(|| written_without_report(&files.output))
}

/// What there is to say when a file is there and its report cannot be given.
pub(crate) fn written_without_report(path: &Path) -> String {
    format!("{} is written as a whole, but its report is not", shown(path))
}

fn text(json: bool, fields: Map<String, Value>, line: &str) -> String {
    if json { Value::Object(fields).to_string() } else { lines(line) }
}

/// Text of one or more lines, without other control characters.
pub(crate) fn lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// The fields that every compression and decompression reports; `seconds` is the codec call alone.
pub(crate) fn fields(
    codec: &str,
    files: &Files,
    input_bytes: usize,
    output_bytes: usize,
    seconds: f64,
) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("codec".into(), codec.into());
    fields.insert("input".into(), display(&files.input));
    fields.insert("output".into(), display(&files.output));
    fields.insert("input_bytes".into(), input_bytes.into());
    fields.insert("output_bytes".into(), output_bytes.into());
    fields.insert("seconds".into(), seconds.into());
    fields
}

/// What reports call a codec: with the general compressor behind it, where that is not the one that it always has.
pub(crate) fn codec(setting: &Setting) -> String {
    let usual = setting.as_codec().info().second_stage.flatten();
    match setting.second_stage().filter(|stage| Some(*stage) != usual) {
        Some(stage) => format!("{}+{stage}", setting.codec()),
        None => setting.codec().to_owned(),
    }
}

/// Adds what is told of a file.
pub(crate) fn describe(description: &Description, fields: &mut Map<String, Value>) {
    for (name, fact) in &description.facts {
        fields.insert((*name).to_owned(), json(fact));
    }
}

fn json(fact: &Fact) -> Value {
    match fact {
        Fact::Text(text) => text.as_str().into(),
        Fact::Integer(number) => (*number).into(),
        Fact::Number(number) => (*number).into(),
        Fact::Flag(flag) => (*flag).into(),
        Fact::List(facts) => facts.iter().map(json).collect(),
        Fact::Object(facts) => facts.iter().map(|(name, fact)| ((*name).to_owned(), json(fact))).collect(),
    }
}

/// Adds what every report says of sizes; returns the ratio of compression and the bits a pixel or voxel, of which JSON
/// has no numbers for an empty volume.
pub(crate) fn sizes(raw_bytes: u64, elements: u64, bytes: usize, fields: &mut Map<String, Value>) -> (f64, f64) {
    let (ratio, bits) = (raw_bytes as f64 / bytes as f64, 8.0 * bytes as f64 / elements as f64);
    fields.insert("raw_bytes".into(), raw_bytes.into());
    fields.insert("ratio".into(), ratio.into());
    fields.insert("bits_per_pixel".into(), bits.into());
    (ratio, bits)
}

/// A path in JSON, which has escapes of its own for control characters but none for what is no UTF-8.
pub(crate) fn display(path: &Path) -> Value {
    path.to_str().map_or_else(|| shown(path), str::to_owned).into()
}

/// The most memory that this process has had, in bytes, where the system tells.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kib.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
