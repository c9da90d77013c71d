//! `cortado cluster`: Apache Spark on this machine, or on several.
//!
//! A cluster is a master, workers that run executors, and the Spark Connect server, which is the driver of every sweep.
//! All that is known of it lies in the project's `.cortado/cluster` folder, which only its owner may read.

mod daemons;
#[cfg(any(feature = "spark", test))]
pub(crate) mod fresh;
mod setup;

use crate::output;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use cortado::sweep::Spark;
use daemons::{Cluster, Daemon, Role};
use setup::Installation;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Start a master, workers and the Spark Connect server on this machine; installs what they need.
    Up(Up),
    /// Start a worker on this machine, for a master on another or one more for the master here.
    Join(Join),
    /// Tell what runs.
    Status,
    /// Stop the workers of this machine.
    Leave,
    /// Stop everything of the cluster that runs on this machine.
    Down,
}

#[derive(Args)]
pub(crate) struct Up {
    /// Workers on this machine, which share its cores; 0 for a master alone.
    #[arg(long, default_value_t = 1, value_name = "N")]
    workers: u16,
    /// The address to listen on: the loopback address, unless other machines are to join.
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    bind: IpAddr,
    /// Cores of every worker; the machine's, shared among the workers, unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    cores: Option<u16>,
}

#[derive(Args)]
pub(crate) struct Join {
    /// The master's address, such as spark://192.168.1.10:7077; the master that runs here unless given.
    #[arg(requires = "secret_file", requires = "bind")]
    master: Option<String>,
    /// The file `.cortado/cluster/secret` of the master's machine, copied to this one.
    #[arg(long, value_name = "FILE", requires = "master")]
    secret_file: Option<PathBuf>,
    /// This machine's address, under which the others reach it; the master's own unless given.
    #[arg(long, value_name = "IP")]
    bind: Option<IpAddr>,
    /// Cores to give; all unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    cores: Option<u16>,
}

pub(crate) fn run(action: &Action) -> Result<()> {
    let cluster = Cluster::here()?;
    match action {
        Action::Up(options) => up(cluster, options),
        Action::Join(options) => join(cluster, options),
        Action::Status => status(&cluster),
        Action::Leave => stop(cluster, |role| role == Role::Worker),
        Action::Down => stop(cluster, |_| true),
    }
}

fn up(mut cluster: Cluster, options: &Up) -> Result<()> {
    if cluster.alive().next().is_some() {
        bail!("a cluster runs here already: `cortado cluster status` tells more, `cortado cluster down` ends it");
    }
    let installation = Installation::prepare(cluster.state())?;
    setup::client(cluster.state())?;
    cluster.clear()?;
    cluster.make_secrets()?;
    let started = start(&mut cluster, &installation, options);
    if started.is_err() {
        // What did start is of no use alone.
        cluster.stop(|_| true)?;
    }
    let (master, page) = started?;
    let folder = cluster.folder().display();
    let join = match options.bind.is_loopback() {
        true => {
            "cortado cluster join --cores N, for one more worker here; start with --bind IP for other machines to join"
                .into()
        }
        false => format!(
            "cortado cluster join {master} --secret-file SECRET --bind IP, on another machine with this checkout;\n          \
             SECRET is a copy of {folder}/secret"
        ),
    };
    let lines = [
        format!("sweeps    cortado sweep ... --spark (address {}, token in {folder}/token)", daemons::CONNECT_ADDRESS),
        format!("web page  {page}"),
        format!("join      {join}"),
        "end       cortado cluster down".to_owned(),
    ];
    output::report(false, Default::default(), &lines.join("\n"))
}

fn start(cluster: &mut Cluster, installation: &Installation, options: &Up) -> Result<(String, String)> {
    let bind = options.bind.to_string();
    let master = cluster.start(installation, &Daemon::master(&bind))?;
    let workers = options.workers;
    let cores = options.cores.unwrap_or_else(|| (machine_cores() / workers.max(1)).max(1));
    for _ in 0..workers {
        cluster.start(installation, &Daemon::worker(&bind, &master.address, cores))?;
    }
    cluster.start(installation, &Daemon::connect(&bind, &master.address))?;
    std::fs::write(cluster.folder().join("address"), daemons::CONNECT_ADDRESS)
        .with_context(|| format!("cannot write in {}", cluster.folder().display()))?;
    Ok((master.address, master.page))
}

fn machine_cores() -> u16 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(usize::from(u16::MAX)) as u16)
}

fn join(mut cluster: Cluster, options: &Join) -> Result<()> {
    let master = match (&options.master, &options.secret_file) {
        (Some(master), Some(secret_file)) => {
            if cluster.alive().next().is_some() {
                bail!("part of a cluster runs here already: `cortado cluster status` tells more");
            }
            if !master.starts_with("spark://") {
                bail!("a master's address begins with spark://, not {master}");
            }
            let secret = std::fs::read_to_string(secret_file)
                .with_context(|| format!("cannot read {}", secret_file.display()))?;
            cluster.clear()?;
            cluster.take_secret(secret.trim())?;
            master.clone()
        }
        _ => match cluster.alive().find(|process| process.role == Role::Master) {
            Some(master) => master.address.clone(),
            None => bail!("no master runs here: give the address of one"),
        },
    };
    let installation = Installation::prepare(cluster.state())?;
    let cores = options.cores.unwrap_or_else(machine_cores);
    let bind = match options.bind {
        Some(bind) => bind.to_string(),
        None => daemons::host_of(&master).to_owned(),
    };
    let worker = cluster.start(&installation, &Daemon::worker(&bind, &master, cores))?;
    output::report(false, Default::default(), &format!("joined {master} with {cores} cores; web page {}", worker.page))
}

fn status(cluster: &Cluster) -> Result<()> {
    let mut lines: Vec<String> = Vec::new();
    for process in cluster.processes() {
        let state = if process.is_alive() { "runs" } else { "has ended" };
        let log = cluster.folder().join(&process.log);
        lines.push(format!("{:8} {state}, process {}, log {}", process.role.name(), process.group, log.display()));
    }
    if lines.is_empty() {
        lines.push("nothing of a cluster runs here".to_owned());
    }
    if let Some(summary) = cluster.master_page().and_then(|page| daemons::workers_of(&page)) {
        lines.push(summary);
    }
    output::report(false, Default::default(), &lines.join("\n"))
}

fn stop(mut cluster: Cluster, which: impl Fn(Role) -> bool) -> Result<()> {
    let stopped = cluster.stop(which)?;
    output::report(false, Default::default(), &format!("{stopped} processes stopped"))
}

/// The cluster at an address, or for an empty one the cluster that was started here.
pub(crate) fn connect(address: &str) -> Result<Spark> {
    let cluster = Cluster::here()?;
    if address.is_empty() {
        if !cluster.alive().any(|process| process.role == Role::Connect) {
            bail!("no cluster runs here: start one with `cortado cluster up`, or give its address, --spark=sc://...");
        }
        return Ok(Spark::started()?);
    }
    if !address.starts_with("sc://") {
        bail!("a Spark Connect address begins with sc://, not {address}");
    }
    Ok(Spark::new(address).program(setup::client(cluster.state())?))
}

/// The folder of the project's state, made if it is not there.
fn state_folder(root: &Path) -> Result<PathBuf> {
    let state = root.join(".cortado");
    std::fs::create_dir_all(&state).with_context(|| format!("cannot write in {}", state.display()))?;
    Ok(state)
}
