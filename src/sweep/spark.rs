//! The backend for clusters: Apache Spark, through the `cortado-spark` program.
//!
//! Spark's client is larger than this library, so that the library does not hold it: it hands the sweep to
//! `cortado-spark`, which `cortado cluster up` builds and keeps, and reads the rows that come back. The program sends a
//! manifest of all tasks to the cluster and itself along with it; every executor runs it as `cortado-spark worker`,
//! which calls the same function as [`Threads`](super::Threads) does. What goes
//! between these programs is in [`wire`](super::wire).

use super::escape::unescape;
use super::input::Place;
use super::wire::{Plan, TaskLine, parse_submitted, to_field};
use super::{Backend, Done, Job};
use crate::error::{Error, Result};
use crate::file::{printable, shown};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

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
    /// [`Error::Unsupported`] when there is none, or none any more.
    pub fn started() -> Result<Self> {
        Self::started_at(&std::env::current_dir().map_err(Error::io("find", Path::new(".")))?)
    }

    fn started_at(here: &Path) -> Result<Self> {
        let state = here.ancestors().map(|folder| folder.join(".cortado")).find(|state| state.is_dir());
        let none = || Error::Unsupported("no cluster was started here: run `cortado cluster up`".into());
        let state = state.ok_or_else(none)?;
        let address = std::fs::read_to_string(state.join("cluster/address")).map_err(|_| none())?;
        if !answers(address.trim()) {
            let message = "the cluster that was started here answers no more: run `cortado cluster up`";
            return Err(Error::Unsupported(message.into()));
        }
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
        let plan = Plan { list: Some(pattern.to_owned()), ..self.plan() }.to_line();
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

    /// Nothing to do yet, on this cluster.
    fn plan(&self) -> Plan {
        Plan { address: self.address.clone(), token: self.token.clone(), ..Plan::default() }
    }

    fn plan_of(&self, job: &Job) -> Result<Plan> {
        let absolute = |path: &Path| std::path::absolute(path).map_err(Error::io("find", path));
        Ok(Plan {
            measures: job.measures.to_string(),
            max_bytes: job.limits.bytes,
            streams: job.streams.map(absolute).transpose()?,
            parquet: self.parquet.clone(),
            tasks: job.tasks.len(),
            ..self.plan()
        })
    }

    /// Refuses what does not travel: everything goes to the cluster as text.
    fn check(job: &Job) -> Result<()> {
        let files = job.inputs.iter().filter_map(|input| match &input.place {
            Place::File(path) => Some(path.as_path()),
            Place::Remote(_) | Place::Memory(_) => None,
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
            let mut payload = None;
            let (remote, path) = match &input.place {
                Place::File(path) => (self.ship, std::path::absolute(path)?.to_string_lossy().into_owned()),
                Place::Remote(url) => (true, url.clone()),
                Place::Memory(data) => {
                    if sent.as_ref().is_none_or(|(of, _)| *of != task.input) {
                        let (bytes, extension) = data.to_file().map_err(io::Error::other)?;
                        payload = Some(to_field(Some(&bytes)));
                        sent = Some((task.input, format!("memory-{}.{extension}", task.input)));
                    }
                    (false, sent.as_ref().map(|(_, path)| path.clone()).unwrap_or_default())
                }
            };
            let line = TaskLine {
                number: number.to_string(),
                setting: job.settings[task.setting].to_string(),
                name: input.name.clone(),
                path,
                stream: job.stream_name(task),
                payload,
            };
            writeln!(to, "{}", line.to_submit(remote))?;
        }
        Ok(())
    }
}

/// Whether anybody listens at a Spark Connect address: its client would try for minutes.
fn answers(address: &str) -> bool {
    const PATIENCE: Duration = Duration::from_secs(3);
    let host = address.strip_prefix("sc://").unwrap_or(address);
    let host = host.split(['/', ';']).next().unwrap_or_default();
    let Ok(mut places) = host.to_socket_addrs() else { return false };
    places.any(|place| TcpStream::connect_timeout(&place, PATIENCE).is_ok())
}

impl Backend for Spark {
    fn run(&self, job: &Job, deliver: &(dyn Fn(Done) -> Result<()> + Sync)) -> Result<()> {
        Self::check(job)?;
        let plan = self.plan_of(job)?.to_line();
        let send = |to: &mut dyn Write| to.write_all(format!("{plan}\n").as_bytes()).and_then(|()| self.send(job, to));
        self.converse(send, |number, answer| {
            let task = number.parse::<usize>().ok().and_then(|number| job.tasks.get(number));
            let task = *task.ok_or_else(|| Error::malformed("sweep result", format!("{number:?}")))?;
            let (row, facts) = parse_submitted(answer).map_err(|error| {
                let program = shown(&self.program);
                Error::Unsupported(format!("{error}: if {program} is another version, run `cortado cluster up` again"))
            })?;
            deliver(Done { task, row, facts })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_ended_is_none() {
        let folder = std::env::temp_dir().join(format!("cortado-started-{}", std::process::id()));
        std::fs::create_dir_all(folder.join(".cortado/cluster")).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("sc://{}/;user=x\n", listener.local_addr().unwrap());
        std::fs::write(folder.join(".cortado/cluster/address"), address).unwrap();
        assert!(Spark::started_at(&folder).is_ok());
        drop(listener);
        let error = Spark::started_at(&folder).err().unwrap().to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(error.contains("answers no more: run `cortado cluster up`"), "{error}");
    }
}
