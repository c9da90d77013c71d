//! The `cortado` command, and `cortado-spark`, which is the same with the client of Apache Spark in it. This file only parses; each
//! subcommand has a file of its own.

mod cluster;
mod codec;
mod compress;
mod decompress;
mod femto;
mod info;
mod kernel;
mod lab;
mod labels;
mod laff;
mod notebooks;
mod output;
mod palette;
#[cfg(feature = "spark")]
mod submit;
mod sweep;
mod worker;

use clap::{Parser, Subcommand};
use cortado::Limits;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Image and label-volume codecs, made to be taught with and tuned in notebooks.
#[derive(Parser)]
#[command(name = "cortado", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set up JupyterLab and the kernel, and open the walkthroughs.
    Lab(lab::Options),
    /// Run the walkthroughs without a browser.
    Notebooks {
        #[command(subcommand)]
        action: notebooks::Action,
    },
    /// Prepare or measure the Rust kernel.
    Kernel {
        #[command(subcommand)]
        action: kernel::Action,
    },
    /// Compress a photo (to .laff, .png, .gif or .json.gz) or a label volume (to .cpso, .cpso.xz, ...).
    Compress(Box<compress::Options>),
    /// Decompress to a picture (.png, .jpg, .tif), to arrays (.npz) or to a label volume (.npy, .npz, .tif).
    Decompress(decompress::Options),
    /// Tell what a file holds.
    Info(info::Options),
    /// Try codecs with many settings on many files: on threads, or on a cluster.
    Sweep(sweep::Options),
    /// Start and stop a cluster of Apache Spark, on this machine or on several.
    Cluster {
        #[command(subcommand)]
        action: cluster::Action,
    },
    /// Do the tasks on standard input, a line each, and answer each with a line: what a cluster's machines run.
    Worker(worker::Options),
    /// Run the sweep on standard input on a cluster: what a sweep hands itself over to.
    #[cfg(feature = "spark")]
    #[command(hide = true)]
    Submit,
}

/// What every subcommand that reads a file and writes one takes.
#[derive(clap::Args)]
struct Files {
    /// The file to read; `-` for standard input.
    input: PathBuf,
    /// The file to write; `-` for standard output.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the output if it is there.
    #[arg(long)]
    force: bool,
    /// Print one JSON object instead of a line.
    #[arg(long)]
    json: bool,
    /// Use at most this many threads; all cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Bytes that the input may take, and what is decoded of it.
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_BYTES)]
    max_bytes: u64,
}

/// Enough for a volume of 2^29 u32 labels.
const DEFAULT_MAX_BYTES: u64 = 2 << 30;

/// The library's limits, with any number of voxels for which the bytes have room.
fn limits(max_bytes: u64) -> Limits {
    Limits::new().bytes(max_bytes).voxels(u64::MAX)
}

impl Files {
    fn limits(&self) -> Limits {
        limits(self.max_bytes)
    }

    fn writes_stdout(&self) -> bool {
        self.output == Path::new("-")
    }
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Lab(options) => lab::run(&options),
        Command::Notebooks { action } => notebooks::run(&action),
        Command::Kernel { action } => kernel::run(&action),
        Command::Compress(options) => compress::run(&options),
        Command::Decompress(options) => decompress::run(&options),
        Command::Info(options) => info::run(&options),
        Command::Sweep(options) => sweep::run(&options),
        Command::Cluster { action } => cluster::run(&action),
        Command::Worker(options) => worker::run(&options),
        #[cfg(feature = "spark")]
        Command::Submit => submit::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", line(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes in one line; a cause that the message before it names already is not said twice.
fn line(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |line, cause| match line.as_str() {
        "" => cause,
        said if said.ends_with(&cause) => line,
        said => format!("{said}: {cause}"),
    })
}
