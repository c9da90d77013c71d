//! The backend for clusters: Apache Spark, through the `cortado-spark` program.
//!
//! Spark's client is larger than this library, so that the library does not hold it: it hands the sweep to
//! `cortado-spark`, which `cortado cluster up` builds and keeps, and reads the rows that come back. The program sends a
//! manifest of all tasks to the cluster and itself along with it; every executor runs it as `cortado-spark worker`,
//! which calls the same function as [`Threads`](super::Threads) does.
//!
//! All that goes between these programs is lines of fields with tabs between, in which [`escape`] keeps tabs and line
//! breaks out of the fields. What the worker reads and writes:
//!
//! | field | a task | its result |
//! |---|---|---|
//! | 0 | the task's number | the task's number |
//! | 1 | the setting | the row, as [`Row::to_csv`] writes it, without the line break |
//! | 2 | the input's name | the compressed file in base64, or `\N` |
//! | 3 | the input's path; when field 5 is there, any name of its own with the extension of the bytes | what is to be known besides, as [`Facts::to_field`] writes it |
//! | 4 | the name of the compressed file, below the folder for those; one that leads out of it is an error | |
//! | 5 | the input's bytes in base64, or `\N` when the path is to be read | |

use super::input::Place;
use super::{Backend, Done, Facts, Job, Row};
use crate::error::{Error, Result};
use crate::file::{printable, shown};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What stands for a field that is not there.
pub const NULL: &str = r"\N";

/// A cluster of Apache Spark.
///
/// The inputs' paths must lead to the same files on every machine, unless [`Spark::ship`] is set. Compressed files are
/// written by the machines too, to the same folder on all. Values in memory travel through the cluster's driver, which
/// has room for some hundred megabytes of them.
#[derive(Clone, Debug)]
pub struct Spark {
    address: String,
    program: PathBuf,
    token: Option<PathBuf>,
    ship: bool,
    parquet: Option<String>,
}

impl Spark {
    /// The cluster behind a Spark Connect address such as `sc://127.0.0.1:15002`, spoken to by the program
    /// `cortado-spark` of the path [`Spark::program`] or of the environment.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), program: "cortado-spark".into(), token: None, ship: false, parquet: None }
    }

    /// The cluster that `cortado cluster up` started in this checkout: in the current folder or one above it.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there is none.
    pub fn started() -> Result<Self> {
        let here = std::env::current_dir().map_err(Error::io("find", Path::new(".")))?;
        let state = here.ancestors().map(|folder| folder.join(".cortado")).find(|state| state.is_dir());
        let none = || Error::Unsupported("no cluster was started here: run `cortado cluster up`".into());
        let state = state.ok_or_else(none)?;
        let address = std::fs::read_to_string(state.join("cluster/address")).map_err(|_| none())?;
        Ok(Self::new(address.trim())
            .program(state.join(format!("cortado-spark{}", std::env::consts::EXE_SUFFIX)))
            .token(state.join("cluster/token")))
    }

    /// The program that speaks to Spark.
    #[must_use]
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program = path.into();
        self
    }

    /// A file with the token that the cluster asks for.
    #[must_use]
    pub fn token(mut self, path: impl Into<PathBuf>) -> Self {
        self.token = Some(path.into());
        self
    }

    /// Lets Spark read the inputs and send them to the executors, from any file system that Spark knows: for inputs
    /// that the machines do not all see. Inputs with an address such as `hdfs://...` are always read so.
    #[must_use]
    pub fn ship(mut self, ship: bool) -> Self {
        self.ship = ship;
        self
    }

    /// Has Spark write the rows, each with its compressed file in a column `file`, as Parquet to a folder on any file
    /// system that it knows.
    #[must_use]
    pub fn parquet(mut self, folder: impl Into<String>) -> Self {
        self.parquet = Some(folder.into());
        self
    }

    /// The files that a pattern such as `hdfs://host/photos/*.png` matches, as Spark sees them, in the order of their
    /// names. Empty files are not among them.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with Spark's reason, also when no file matches.
    pub fn list(&self, pattern: &str) -> Result<Vec<String>> {
        let plan = json!({"address": self.address, "token": self.token, "list": pattern, "tasks": 0});
        let mut files = Vec::new();
        let send = |to: &mut dyn Write| to.write_all(format!("{plan}\n").as_bytes());
        self.converse(send, |kind, text| {
            if kind == "file" {
                files.push(unescape(text));
            }
            Ok(())
        })?;
        if files.is_empty() {
            return Err(Error::Unsupported(format!("no file matches {}", printable(pattern))));
        }
        files.sort();
        Ok(files)
    }

    /// Runs the program, sends it one thing and takes its answers: lines of two fields, the first of which is `error`
    /// when the second is the reason why there are no more.
    fn converse(
        &self,
        send: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send,
        mut take: impl FnMut(&str, &str) -> Result<()>,
    ) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("submit").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(Error::io("run", &self.program))?;
        let mut stdin = BufWriter::new(child.stdin.take().expect("it is piped"));
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        std::thread::scope(|scope| {
            // What cannot be sent any more has its reason in what comes back.
            let sender = scope.spawn(move || send(&mut stdin).and_then(|()| stdin.flush()));
            let mut taken = Ok(());
            for line in stdout.lines() {
                let line = line.map_err(Error::io("read from", &self.program));
                taken = line.and_then(|line| match line.split_once('\t') {
                    Some(("error", reason)) => Err(Error::Unsupported(format!("Spark: {}", unescape(reason)))),
                    Some((kind, text)) => take(kind, text),
                    None => Err(Error::malformed("answer of cortado-spark", format!("{line:?}"))),
                });
                if taken.is_err() {
                    let _ = child.kill();
                    break;
                }
            }
            let status = child.wait().map_err(Error::io("run", &self.program))?;
            let sent = sender.join().unwrap_or_else(|_| Err(io::Error::other("it panicked")));
            taken?;
            if !status.success() {
                return Err(Error::Unsupported(format!("{} ended with {status}", shown(&self.program))));
            }
            sent.map_err(Error::io("write to", &self.program))
        })
    }

    fn plan(&self, job: &Job) -> Result<String> {
        let plan = json!({
            "address": self.address,
            "token": self.token,
            "measures": job.measures.to_string(),
            "max_bytes": job.limits.bytes,
            "streams": job.streams.map(std::path::absolute).transpose().map_err(Error::io("find", Path::new(".")))?,
            "parquet": self.parquet,
            "tasks": job.tasks.len(),
        });
        Ok(format!("{plan}\n"))
    }

    /// Refuses what does not travel: everything goes to the cluster as text.
    fn check(job: &Job) -> Result<()> {
        let files = job.inputs.iter().filter_map(|input| match &input.place {
            Place::File(path) => Some(path.as_path()),
            _ => None,
        });
        for path in files.chain(job.streams) {
            let path = std::path::absolute(path).map_err(Error::io("find", path))?;
            if path.to_str().is_none() {
                let message = format!("{}: a path that is no UTF-8 cannot be swept on Spark", shown(path));
                return Err(Error::Unsupported(message));
            }
        }
        Ok(())
    }

    /// Every task as the worker reads it, but for a field before it, `1` when Spark is to read the bytes; and the bytes
    /// of a value in memory come with the first of its tasks only.
    fn send(&self, job: &Job, to: &mut dyn Write) -> io::Result<()> {
        let mut sent: Option<(usize, String)> = None;
        for (number, task) in job.tasks.iter().enumerate() {
            let input = &job.inputs[task.input];
            let mut payload = NULL.to_owned();
            let (remote, path) = match &input.place {
                Place::File(path) => (self.ship, std::path::absolute(path)?.to_string_lossy().into_owned()),
                Place::Remote(url) => (true, url.clone()),
                Place::Memory(data) => {
                    if sent.as_ref().is_none_or(|(of, _)| *of != task.input) {
                        let (bytes, extension) = data.to_file().map_err(io::Error::other)?;
                        payload = STANDARD.encode(bytes);
                        sent = Some((task.input, format!("memory-{}.{extension}", task.input)));
                    }
                    (false, sent.as_ref().map(|(_, path)| path.clone()).unwrap_or_default())
                }
            };
            let setting = job.settings[task.setting].to_string();
            let texts = [&setting, &input.name, &path, &job.stream_name(task)].map(|text| escape(text));
            writeln!(to, "{}\t{number}\t{}\t{payload}", u8::from(remote), texts.join("\t"))?;
        }
        Ok(())
    }
}

impl Backend for Spark {
    fn run(&self, job: &Job, deliver: &(dyn Fn(Done) -> Result<()> + Sync)) -> Result<()> {
        Self::check(job)?;
        let plan = self.plan(job)?;
        let send = |to: &mut dyn Write| to.write_all(plan.as_bytes()).and_then(|()| self.send(job, to));
        self.converse(send, |number, answer| {
            let task = number.parse::<usize>().ok().and_then(|number| job.tasks.get(number));
            let task = *task.ok_or_else(|| Error::malformed("sweep result", format!("{number:?}")))?;
            let Some((row, facts)) = answer.split_once('\t') else {
                return Err(Error::Unsupported(format!(
                    "{} is another version than this: run `cortado cluster up` again",
                    shown(&self.program)
                )));
            };
            deliver(Done { task, row: Row::from_csv(row)?, facts: Facts::from_field(facts)? })
        })
    }
}

/// A text without tabs and line breaks: they become `\t`, `\n` and `\r`, and a backslash `\\`.
pub fn escape(text: &str) -> String {
    text.replace('\\', r"\\").replace('\t', r"\t").replace('\n', r"\n").replace('\r', r"\r")
}

/// The text that [`escape`] was given.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    plain
}
