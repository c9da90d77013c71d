//! `cortado notebooks`: the walkthroughs without a browser.

use crate::lab::Workplace;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use std::fs;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

/// Runs one notebook through nbclient and prints an [`Event`] a line.
const RUNNER: &str = include_str!("lab/run_notebook.py");

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Run notebooks and fail on the first error; the files stay as they are.
    Check(Names),
    /// Run notebooks and write their outputs back.
    Run(Names),
}

#[derive(Args)]
pub(crate) struct Names {
    /// Which notebooks, such as `01-palette`; all unless given.
    names: Vec<String>,
}

/// What the runner says.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event {
    /// A cell has begun.
    Cell { number: u64, total: u64, first_line: String },
    /// A cell failed; nothing comes after.
    Failed { number: u64, first_line: String, message: String },
    /// All cells have run.
    Done,
}

pub(crate) fn run(action: &Action) -> Result<()> {
    let (names, write_back) = match action {
        Action::Check(names) => (&names.names, false),
        Action::Run(names) => (&names.names, true),
    };
    let folder = Workplace::notebooks()?;
    let notebooks = choose(&folder, names)?;
    let workplace = Workplace::prepare()?;
    for notebook in &notebooks {
        run_one(&workplace, notebook, write_back)?;
    }
    Ok(())
}

fn choose(folder: &Path, names: &[String]) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "ipynb"));
    found.sort();
    if names.is_empty() {
        return Ok(found);
    }
    let choose_one = |name: &String| {
        let stem = name.strip_suffix(".ipynb").unwrap_or(name);
        found.iter().find(|path| path.file_stem().is_some_and(|found| found == stem)).cloned().with_context(|| {
            let known: Vec<_> = found.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
            format!("no notebook {stem}: there are {}", known.join(", "))
        })
    };
    names.iter().map(choose_one).collect()
}

fn run_one(workplace: &Workplace, notebook: &Path, write_back: bool) -> Result<()> {
    let name = notebook.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let started = Instant::now();
    let mut command = workplace.python();
    command.args(["-c", RUNNER]).arg(notebook).stdin(Stdio::null()).stdout(Stdio::piped());
    if write_back {
        command.arg("--write-back");
    }
    let mut child = command.spawn().context("cannot start the notebook runner")?;
    let bar = ProgressBar::new(0).with_prefix(name.clone());
    bar.set_style(ProgressStyle::with_template("{prefix} [{elapsed}] {bar:24} {pos}/{len} {wide_msg:.dim}")?);
    let mut done = false;
    let stdout = child.stdout.take().context("the notebook runner has no output")?;
    for line in BufReader::new(stdout).lines() {
        let line = line.context("cannot read from the notebook runner")?;
        match serde_json::from_str(&line).with_context(|| format!("the notebook runner said: {line}"))? {
            Event::Cell { number, total, first_line } => {
                if !std::io::stderr().is_terminal() {
                    eprintln!("{name}: cell {number} of {total}: {first_line}");
                }
                bar.set_length(total);
                bar.set_position(number - 1);
                bar.set_message(first_line);
            }
            Event::Failed { number, first_line, message } => {
                bar.finish_and_clear();
                child.wait().context("the notebook runner did not end")?;
                bail!("{name}: cell {number} ({first_line}) failed:\n{message}");
            }
            Event::Done => done = true,
        }
    }
    bar.finish_and_clear();
    let status = child.wait().context("the notebook runner did not end")?;
    if !done || !status.success() {
        bail!("{name}: the notebook runner ended early with {status}");
    }
    eprintln!("{name}: all cells ran in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}
