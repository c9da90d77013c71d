//! Steps of the set-up: each says what it does, leaves a mark when it is done, and is skipped while the mark holds.

use anyhow::{Context, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File, TryLockError};
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs `work` unless `mark` holds a record of the same `key` and what was made is `there`; records the key when done.
pub(crate) fn once(mark: &Path, key: &str, there: bool, work: impl FnOnce() -> Result<()>) -> Result<()> {
    if there && fs::read_to_string(mark).is_ok_and(|found| found == key) {
        return Ok(());
    }
    work()?;
    fs::write(mark, key).with_context(|| format!("cannot write {}", mark.display()))
}

/// Takes the lock of the project's state folder, which holds until the file returned is dropped: one process at a time
/// sets up. Who has to wait says so.
pub(crate) fn lock(state: &Path) -> Result<File> {
    let cannot = || format!("cannot write in {}", state.display());
    let lock = File::create(state.join("lock")).with_context(cannot)?;
    match lock.try_lock() {
        Ok(()) => return Ok(lock),
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another cortado that is setting up {} ...", state.display());
        }
        // The next call has the same reason.
        Err(TryLockError::Error(_)) => {}
    }
    lock.lock().with_context(cannot)?;
    Ok(lock)
}

/// A short name for some content; equal content, equal name.
pub(crate) fn digest(content: impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Runs a command with its last line of output behind a spinner, or just announced where there is no terminal.
///
/// `advice` tells the reader what to do when the command fails; it is given everything the command printed.
pub(crate) fn run(title: &str, command: &mut Command, advice: impl FnOnce(&str) -> String) -> Result<()> {
    let started = Instant::now();
    let bar = ProgressBar::new_spinner().with_prefix(title.to_owned());
    bar.set_style(
        ProgressStyle::with_template("{spinner} {prefix} [{elapsed}] {wide_msg:.dim}").expect("a valid template"),
    );
    bar.enable_steady_tick(Duration::from_millis(120));
    let mut announced = std::io::stderr().is_terminal();
    let printed = watch(command, |line| {
        if !announced {
            eprintln!("{title} ...");
            announced = true;
        }
        bar.set_message(line.trim().to_owned());
    });
    bar.finish_and_clear();
    let (success, printed) = printed.with_context(|| format!("{title}: cannot run {}", program(command).display()))?;
    if !success {
        bail!("{title} failed: {}", advice(&printed));
    }
    // A step that found nothing to do has nothing to tell.
    if !printed.is_empty() || started.elapsed() > Duration::from_secs(1) {
        eprintln!("{title}: done in {:.0} s", started.elapsed().as_secs_f64());
    }
    Ok(())
}

fn program(command: &Command) -> PathBuf {
    command.get_program().into()
}

/// Runs a command to its end, tells every line that it prints, and returns whether it succeeded and all that it
/// printed.
fn watch(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<(bool, String)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().ok_or_else(|| anyhow!("no output to read"))?;
    let stderr = child.stderr.take().ok_or_else(|| anyhow!("no errors to read"))?;
    let (sender, lines) = std::sync::mpsc::channel();
    for stream in [Box::new(stdout) as Box<dyn Read + Send>, Box::new(stderr)] {
        let sender = sender.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
    }
    drop(sender);
    let mut printed = String::new();
    for line in lines {
        on_line(&line);
        printed.push_str(&line);
        printed.push('\n');
    }
    Ok((child.wait()?.success(), printed))
}

/// A program's file name on this system.
pub(crate) fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// Copies a built program to where it is kept. The one there may be running: it is replaced by a rename, never written
/// to.
pub(crate) fn place(built: &Path, program: &Path) -> Result<()> {
    let fresh = program.with_extension("new");
    fs::copy(built, &fresh)
        .and_then(|_| fs::rename(&fresh, program))
        .with_context(|| format!("cannot write {}", program.display()))
}

/// The last line that says anything, for error messages.
pub(crate) fn last_line(printed: &str) -> &str {
    printed.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it printed nothing").trim()
}
