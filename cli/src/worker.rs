//! `cortado worker`: the tasks of a cluster, a line each; see `cortado::sweep::wire` for the fields.
//!
//! Spark fails the whole job when a worker ends early, and loses rows without a word when one stops reading. So this
//! process only passes lines on: a child does the work, and when a codec takes the child down with it, or does not come
//! back, the task gets a row that says so, and the next one a new child. Every line in has one line out, whatever is in
//! it.

use anyhow::{Context, Result, bail};
use clap::Args;
use cortado::sweep::trial::{self, Trial};
use cortado::sweep::wire::{self, TaskLine};
use cortado::sweep::{Facts, Failure, Measures, Row, Source, register_fault};
use cortado::{Limits, Setting, file};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Options {
    /// What to measure: all, none, or some of psnr, ssim, ssimulacra2.
    #[arg(long, default_value_t = Measures::ALL)]
    measure: Measures,
    /// Bytes that an input may take, and what is decoded of it.
    #[arg(long, value_name = "BYTES", default_value_t = crate::DEFAULT_MAX_BYTES)]
    max_bytes: u64,
    /// Memory that a codec may take.
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 30)]
    max_memory: u64,
    /// Seconds that a task may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    timeout: u64,
    /// Keep the compressed files in this folder.
    #[arg(long, value_name = "FOLDER")]
    streams: Option<PathBuf>,
    /// Put the compressed files into the answers, in base64.
    #[arg(long)]
    blobs: bool,
    /// Do the work in this process.
    #[arg(long, hide = true)]
    inner: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    // Who sends tasks has said whether there may be such.
    register_fault();
    if options.inner { work(options) } else { supervise(options) }
}

fn answer(number: &str, row: &Row, facts: &Facts, file: Option<&[u8]>) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    let line = wire::answer(number, row, facts, file);
    stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).context("cannot answer")
}

/// The lines of standard input; what is not UTF-8 in them becomes the mark for that.
fn lines() -> impl Iterator<Item = Result<String>> {
    let lines = std::io::stdin().lock().split(b'\n');
    lines.map(|line| Ok(String::from_utf8_lossy(&line.context("cannot read a task")?).into_owned()))
}

fn work(options: &Options) -> Result<()> {
    // When memory runs out, this process goes before all others.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().context("cannot set threads")?;
    // Tasks of one input come one after the other, and a path means the same input in all.
    let mut last: Option<(String, Result<Source, Failure>)> = None;
    for line in lines() {
        let line = line?;
        let task = match TaskLine::parse(&line) {
            Ok(task) => task,
            Err((number, error)) => {
                answer(&number, &Row::failed("", "", error), &Facts::default(), None)?;
                continue;
            }
        };
        if last.as_ref().is_none_or(|(path, _)| *path != task.path) {
            last = Some((task.path.clone(), read(&task, &crate::limits(options.max_bytes))));
        }
        let source = last.as_ref().expect("just read").1.as_ref().map_err(Failure::clone);
        let Trial { row, facts, file } = done(&task, source, options);
        answer(&task.number, &row, &facts, file.as_deref().filter(|_| options.blobs))?;
    }
    Ok(())
}

fn read(task: &TaskLine, limits: &Limits) -> Result<Source, Failure> {
    let path = Path::new(&task.path);
    let bytes = match task.bytes()? {
        Some(bytes) => bytes,
        None => file::read(path, limits)?,
    };
    // A reader that panics is a bad input like any other.
    let read = std::panic::catch_unwind(|| Source::decode(path, &bytes, limits));
    Ok(read.map_err(|_| Failure::from("reading the input panicked"))??)
}

fn done(task: &TaskLine, source: Result<&Source, Failure>, options: &Options) -> Trial {
    let setting: Setting = match task.setting.parse() {
        Ok(setting) => setting,
        Err(error) => {
            let row = Row::failed(&task.name, &task.setting, error.to_string());
            return Trial { row, facts: Facts::default(), file: None };
        }
    };
    let place = options.streams.as_deref().map(|folder| (folder, task.stream.as_str()));
    trial::run(&task.name, source, &setting, options.measure, &crate::limits(options.max_bytes), place)
}

fn supervise(options: &Options) -> Result<()> {
    let mut worker: Option<Inner> = None;
    for line in lines() {
        let line = line?;
        let mut inner = match worker.take() {
            Some(inner) => inner,
            None => Inner::start(options)?,
        };
        match inner.ask(&line, Duration::from_secs(options.timeout)) {
            Ok(answer) => {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(answer.as_bytes()).and_then(|()| stdout.flush()).context("cannot answer")?;
                worker = Some(inner);
            }
            Err(reason) => {
                let end = inner.stop();
                let error = if end.is_empty() { reason } else { format!("{reason} ({end})") };
                let (number, row) = match TaskLine::parse(&line) {
                    Ok(task) => (task.number, Row::failed(task.name, task.setting, error)),
                    Err((number, _)) => (number, Row::failed("", "", error)),
                };
                answer(&number, &row, &Facts::default(), None)?;
            }
        }
    }
    Ok(())
}

/// This very program, even when the cluster has removed its file in the meantime.
fn this_program() -> Result<PathBuf> {
    let running = PathBuf::from(format!("/proc/{}/exe", std::process::id()));
    if running.exists() { Ok(running) } else { std::env::current_exe().context("cannot find this program") }
}

/// The child that does the work.
struct Inner {
    child: Child,
    tasks: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Inner {
    fn start(options: &Options) -> Result<Self> {
        let program = this_program()?;
        let mut command = match cfg!(unix) {
            true => {
                let mut shell = Command::new("sh");
                shell.args(["-c", r#"ulimit -v "$1" 2>/dev/null; shift; exec "$@""#, "sh"]);
                shell.arg((options.max_memory / 1024).to_string()).arg(program);
                shell
            }
            false => Command::new(program),
        };
        command.args(["worker", "--inner", "--measure", &options.measure.to_string()]);
        command.args(["--max-bytes", &options.max_bytes.to_string()]);
        if let Some(folder) = &options.streams {
            command.arg("--streams").arg(folder);
        }
        if options.blobs {
            command.arg("--blobs");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start a child")?;
        let tasks = child.stdin.take();
        let Some(stdout) = child.stdout.take() else { bail!("the child's output is not piped") };
        let (sender, answers) = sync_channel(1);
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut answer = String::new();
            // An answer that was cut off is none.
            while stdout.read_line(&mut answer).is_ok() && answer.ends_with('\n') {
                if sender.send(std::mem::take(&mut answer)).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, tasks, answers })
    }

    fn ask(&mut self, line: &str, timeout: Duration) -> Result<String, String> {
        if let Some(tasks) = &mut self.tasks {
            // A child that is gone has no answer either, which tells what happened.
            let _ = tasks.write_all(line.as_bytes()).and_then(|()| tasks.write_all(b"\n")).and_then(|()| tasks.flush());
        }
        self.answers.recv_timeout(timeout).map_err(|error| match error {
            RecvTimeoutError::Timeout => format!("the codec did not come back within {} s", timeout.as_secs()),
            RecvTimeoutError::Disconnected => "the codec took its process down".to_owned(),
        })
    }

    /// Ends the child, if it has not ended by itself, and tells how it did.
    fn stop(mut self) -> String {
        drop(self.tasks.take());
        if let Ok(None) = self.child.try_wait() {
            // What died a moment ago may not be seen as dead yet.
            std::thread::sleep(Duration::from_millis(50));
        }
        let ended_by_itself = matches!(self.child.try_wait(), Ok(Some(_)));
        let _ = self.child.kill();
        match self.child.wait() {
            Ok(status) if ended_by_itself => status.to_string(),
            _ => String::new(),
        }
    }
}
