//! Spark's long-running processes: started in groups of their own, remembered in a file, stopped by group.

use super::setup::Installation;
use super::state_folder;
use crate::lab;
use anyhow::{Context, Result, bail};
use cortado::file::{self, Existing};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where sweeps go. The server listens on this machine only, whatever the cluster does: its protocol is not encrypted.
pub(super) const CONNECT_ADDRESS: &str = "sc://127.0.0.1:15002";

/// How long a process may take until it is up.
const START: Duration = Duration::from_secs(180);
/// What a worker says before it tries again, for minutes.
const REFUSED: &str = "Failed to connect to master";
/// How long a process may take to end by itself.
const END: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Role {
    Master,
    Worker,
    Connect,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Worker => "worker",
            Self::Connect => "connect",
        }
    }

    /// What the process' command line holds.
    fn class(self) -> &'static str {
        match self {
            Self::Master => "org.apache.spark.deploy.master.Master",
            Self::Worker => "org.apache.spark.deploy.worker.Worker",
            Self::Connect => "org.apache.spark.sql.connect.service.SparkConnectServer",
        }
    }
}

/// A process to start.
pub(super) struct Daemon {
    role: Role,
    bind: String,
    arguments: Vec<String>,
    /// Lines of the log by which it is known to be up.
    ready: &'static [&'static str],
}

impl Daemon {
    pub(super) fn master(bind: &str) -> Self {
        let arguments = ["--host", bind, "--port", "7077", "--webui-port", "8080"].map(str::to_owned).to_vec();
        let ready = &["Starting Spark master at ", "started at "];
        Self { role: Role::Master, bind: bind.to_owned(), arguments, ready }
    }

    pub(super) fn worker(bind: &str, master: &str, cores: u16) -> Self {
        let arguments =
            ["--host", bind, "--webui-port", "8081", "--memory", "2g", "--cores", &cores.to_string(), master];
        let ready = &["started at ", "Successfully registered with master"];
        Self { role: Role::Worker, bind: bind.to_owned(), arguments: arguments.map(str::to_owned).to_vec(), ready }
    }

    pub(super) fn connect(bind: &str, master: &str) -> Self {
        let arguments = ["--master", master, "--name", "cortado"].map(str::to_owned).to_vec();
        Self { role: Role::Connect, bind: bind.to_owned(), arguments, ready: &["Spark Connect server started at"] }
    }
}

/// A process that was started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Process {
    pub role: Role,
    /// The group of the process and all that it starts, which is the number of the process itself.
    pub group: u32,
    /// Its log, in the cluster's folder.
    pub log: String,
    /// The address that others reach it at; empty unless it is a master.
    pub address: String,
    /// Its web page; empty where it has none.
    pub page: String,
}

impl Process {
    /// Whether the group has a process that is what was started, and not another that was given the number since.
    pub(super) fn is_alive(&self) -> bool {
        let listed = Command::new("ps").args(["-e", "-o", "pgid=,args="]).output();
        let Ok(listed) = listed else { return false };
        let listed = String::from_utf8_lossy(&listed.stdout);
        let mut lines = listed.lines().filter_map(|line| line.trim_start().split_once(' '));
        lines.any(|(group, command)| group.parse() == Ok(self.group) && command.contains("spark"))
    }

    fn signal(&self, signal: &str) {
        // A group that is gone takes no signal, which is as well.
        let group = format!("-{}", self.group);
        let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
    }

    fn ends_within(&self, time: Duration) -> bool {
        let begun = Instant::now();
        while self.is_alive() {
            if begun.elapsed() > time {
                return false;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        true
    }
}

/// What is known of the cluster on this machine.
pub(super) struct Cluster {
    state: PathBuf,
    folder: PathBuf,
    processes: Vec<Process>,
}

impl Cluster {
    /// The cluster of the checkout that the current folder is in.
    pub(super) fn here() -> Result<Self> {
        let state = state_folder(&lab::find_root()?)?;
        let folder = state.join("cluster");
        let processes = match fs::read(folder.join("processes.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is damaged", folder.join("processes.json").display()))?,
            Err(_) => Vec::new(),
        };
        Ok(Self { state, folder, processes })
    }

    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn processes(&self) -> &[Process] {
        &self.processes
    }

    pub(super) fn alive(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(|process| process.is_alive())
    }

    pub(super) fn master_page(&self) -> Option<String> {
        self.alive().find(|process| process.role == Role::Master).map(|master| master.page.clone())
    }

    /// Makes the folder anew: empty, and for its owner alone.
    pub(super) fn clear(&mut self) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).with_context(|| format!("cannot remove {}", self.folder.display()))?;
        }
        self.processes.clear();
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))
    }

    /// Writes a file that only its owner can read, from its first byte on.
    fn write_private(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// A secret for the cluster's machines and a token for who sends it sweeps, both drawn by the system.
    pub(super) fn make_secrets(&self) -> Result<()> {
        self.write_private("token", &random_word()?)?;
        self.take_secret(&random_word()?)
    }

    /// Keeps the secret, and writes what Spark is to be told.
    pub(super) fn take_secret(&self, secret: &str) -> Result<()> {
        if secret.is_empty() || !secret.chars().all(|character| character.is_ascii_alphanumeric()) {
            bail!("the secret's file holds no secret of a cluster");
        }
        self.write_private("secret", secret)?;
        let token = fs::read_to_string(self.folder.join("token")).unwrap_or_default();
        let folder = self.folder.display();
        let mut settings = format!(
            "spark.authenticate true\n\
             spark.authenticate.secret {secret}\n\
             spark.network.crypto.enabled true\n\
             spark.master.rest.enabled false\n\
             spark.ui.killEnabled false\n\
             spark.scheduler.mode FAIR\n\
             spark.connect.execute.manager.detachedTimeout 60s\n\
             spark.connect.execute.reattachable.senderMaxStreamDuration 0\n\
             spark.connect.execute.reattachable.senderMaxStreamSize 0\n\
             spark.executor.memory 512m\n\
             spark.driver.memory 1g\n\
             spark.sql.warehouse.dir {folder}/warehouse\n\
             spark.connect.grpc.binding.address 127.0.0.1\n\
             spark.connect.grpc.binding.port 15002\n"
        );
        if !token.is_empty() {
            settings += &format!("spark.connect.authenticate.token {token}\n");
        }
        self.write_private("spark.conf", &settings)
    }

    /// Starts a process and waits until its log says that it is up.
    pub(super) fn start(&mut self, installation: &Installation, daemon: &Daemon) -> Result<Process> {
        let count = self.processes.iter().filter(|process| process.role == daemon.role).count();
        let log = format!("{}-{}.log", daemon.role.name(), count + 1);
        let path = self.folder.join(&log);
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut command = self.command(installation, daemon);
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().context("cannot start Spark")?;
        self.processes.push(Process {
            role: daemon.role,
            group: child.id(),
            log,
            address: String::new(),
            page: String::new(),
        });
        // Remembered before it is up: whatever happens next, `down` finds it.
        self.remember()?;
        let said = wait_for(daemon, &mut child, &path);
        let process = self.processes.last_mut().expect("just pushed");
        let said = match said {
            Ok(said) => said,
            Err(error) => {
                process.signal("-KILL");
                self.processes.pop();
                self.remember()?;
                return Err(error);
            }
        };
        process.address = word_after(&said, "Starting Spark master at ");
        process.page = match daemon.role {
            Role::Connect => String::new(),
            _ => word_after(&said, "started at "),
        };
        let process = process.clone();
        self.remember()?;
        Ok(process)
    }

    fn command(&self, installation: &Installation, daemon: &Daemon) -> Command {
        let script = if daemon.role == Role::Connect { "bin/spark-submit" } else { "bin/spark-class" };
        let mut command = Command::new(installation.home.join(script));
        // Settings of another Spark on this machine are not this cluster's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SPARK_") {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(&self.folder)
            .env("SPARK_HOME", &installation.home)
            .env("SPARK_CONF_DIR", &self.folder)
            .env("SPARK_LOCAL_IP", &daemon.bind)
            .env("SPARK_LOCAL_DIRS", self.folder.join("scratch"))
            .env("SPARK_WORKER_DIR", self.folder.join("work"));
        let settings = self.folder.join("spark.conf");
        match daemon.role {
            Role::Connect => {
                command.args(["--class", daemon.role.class()]).arg("--properties-file").arg(settings);
                for setting in ["spark.driver.host", "spark.driver.bindAddress"] {
                    command.arg("--conf").arg(format!("{setting}={}", daemon.bind));
                }
                command.args(&daemon.arguments).arg("spark-internal");
            }
            _ => {
                // This variable would rule the Connect server's memory too.
                command.env("SPARK_DAEMON_MEMORY", "512m");
                command.arg(daemon.role.class()).arg("--properties-file").arg(settings).args(&daemon.arguments);
            }
        }
        command
    }

    /// Stops processes of some roles, the last started first; returns how many were running.
    pub(super) fn stop(&mut self, which: impl Fn(Role) -> bool) -> Result<usize> {
        let mut stopped = 0;
        for process in self.processes.iter().rev().filter(|process| which(process.role)) {
            if !process.is_alive() {
                continue;
            }
            stopped += 1;
            process.signal("-TERM");
            if !process.ends_within(END) {
                process.signal("-KILL");
                if !process.ends_within(END) {
                    bail!("the {} (process {}) does not end", process.role.name(), process.group);
                }
            }
        }
        self.processes.retain(|process| !which(process.role));
        if self.folder.exists() {
            self.remember()?;
        }
        if self.processes.is_empty() {
            // What is no process any more has no address and no secret.
            for name in ["address", "token", "secret", "spark.conf"] {
                let _ = fs::remove_file(self.folder.join(name));
            }
        }
        Ok(stopped)
    }

    fn remember(&self) -> Result<()> {
        let bytes = serde_json::to_vec(&self.processes).context("cannot write down what runs")?;
        Ok(file::write(&self.folder.join("processes.json"), &bytes, Existing::Replace)?)
    }
}

/// Waits until a process' log says that it is up; returns the log.
fn wait_for(daemon: &Daemon, child: &mut Child, log: &Path) -> Result<String> {
    let bar = ProgressBar::new_spinner().with_message(format!("starting the {}", daemon.role.name()));
    bar.enable_steady_tick(Duration::from_millis(120));
    let begun = Instant::now();
    loop {
        let said = fs::read_to_string(log).unwrap_or_default();
        if daemon.ready.iter().all(|line| said.contains(line)) {
            bar.finish_and_clear();
            return Ok(said);
        }
        if said.contains(REFUSED) {
            bail!("the master does not answer, or has another secret (see {})", log.display());
        }
        let ended = child.try_wait().context("cannot watch Spark")?;
        if ended.is_some() || begun.elapsed() > START {
            let what = if ended.is_some() { "ended" } else { "did not come up" };
            let reason = said.lines().rev().find(|line| line.contains("ERROR") || line.contains("Exception"));
            let reason = reason.map(|reason| format!(": {}", reason.trim())).unwrap_or_default();
            bail!("Spark's {} {what}{reason} (see {})", daemon.role.name(), log.display());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn random_word() -> Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("cannot draw a secret")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The host in `spark://HOST:PORT`.
pub(super) fn host_of(master: &str) -> &str {
    let address = master.strip_prefix("spark://").unwrap_or(master);
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

fn word_after(text: &str, before: &str) -> String {
    let rest = text.split_once(before).map_or("", |(_, rest)| rest);
    rest.split_whitespace().next().unwrap_or_default().to_owned()
}

/// The workers that a master knows, as its web page tells.
pub(super) fn workers_of(page: &str) -> Option<String> {
    let host = page.strip_prefix("http://")?.trim_end_matches('/');
    let mut stream = TcpStream::connect(host).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET /json/ HTTP/1.0\r\nHost: {host}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let known: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(format!("{} workers alive, {} cores, {page}", known["aliveworkers"], known["cores"]))
}
