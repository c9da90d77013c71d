//! The `cortado` command, and `cortado-spark`, which is the same with the client of Apache Spark in it. This file only
//! parses; each subcommand has a file of its own.

mod cluster;
mod compress;
mod decompress;
mod ending;
mod info;
mod kernel;
mod lab;
mod notebooks;
mod options;
mod output;
mod photo;
#[cfg(feature = "spark")]
mod submit;
mod sweep;
mod volume;
mod worker;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use cortado::{Error, Limits};
use std::ffi::OsString;
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
    /// Compress a photo or a label volume with the codec that the output's name asks for.
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
    /// Memory that the input and what is decoded of it may take, in bytes, whatever the number of pixels or voxels.
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_BYTES)]
    max_bytes: u64,
}

/// Enough for a volume of 2^29 u32 labels.
const DEFAULT_MAX_BYTES: u64 = 2 << 30;

/// The library's limits, with any number of voxels or pixels for which the bytes have room.
fn limits(max_bytes: u64) -> Limits {
    Limits::new().bytes(max_bytes).voxels(u64::MAX).pixels(u64::MAX)
}

impl Files {
    fn limits(&self) -> Limits {
        limits(self.max_bytes)
    }

    fn writes_stdout(&self) -> bool {
        self.output == Path::new("-")
    }
}

/// What was asked for cannot be: the options do not go together, or one of them has no such value. Ends with 2, as
/// options do that nobody knows.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    main_of(std::env::args_os())
}

/// Runs a command: the program's name and its arguments. Codecs that were registered before are known to it.
pub fn main_of(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Of help and version it is the text.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    let command = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()).command;
    match run(command, &matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", output::lines(&line(&error)));
            if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// The command with all its options.
pub fn command() -> clap::Command {
    Arguments::command()
}

fn run(command: Command, matches: &ArgMatches) -> anyhow::Result<()> {
    let input = first_input(matches);
    // The others run until they are stopped, or read no files of other people's.
    match command {
        Command::Compress(_) | Command::Decompress(_) | Command::Info(_) | Command::Sweep(_) => ending::prepare()?,
        _ => {}
    }
    match command {
        Command::Lab(options) => lab::run(&options),
        Command::Notebooks { action } => notebooks::run(&action),
        Command::Kernel { action } => kernel::run(&action),
        Command::Compress(options) => ending::guarded("compress", &input, || compress::run(&options)),
        Command::Decompress(options) => ending::guarded("decompress", &input, || decompress::run(&options)),
        Command::Info(options) => ending::guarded("read", &input, || info::run(&options)),
        Command::Sweep(options) => ending::guarded("sweep", &input, || sweep::run(&options)),
        Command::Cluster { action } => cluster::run(&action),
        Command::Worker(options) => worker::run(&options),
        #[cfg(feature = "spark")]
        Command::Submit => submit::run(),
    }
}

/// The file that a subcommand was given to read, or the first of them.
fn first_input(matches: &ArgMatches) -> PathBuf {
    let given = |name: &str| Some(PathBuf::from(matches.subcommand()?.1.try_get_raw(name).ok()??.next()?));
    given("input").or_else(|| given("inputs")).unwrap_or_default()
}

/// An error and its causes in one line; a cause that the message before it names already is not said twice. Of a limit
/// it also says what lifts it.
fn line(error: &anyhow::Error) -> String {
    let line = error.chain().map(ToString::to_string).fold(String::new(), |line, cause| match line.as_str() {
        "" => cause,
        said if said.ends_with(&cause) => line,
        said => format!("{said}: {cause}"),
    });
    let line = line.replace("VolumeOptions::array", "--array").replace("VolumeOptions::cast", "--cast");
    error.chain().filter_map(|cause| cause.downcast_ref()).fold(line, in_own_words)
}

/// A line with the command's option in place of the library's setter: the one that lifts a limit, or lets files be
/// replaced.
fn in_own_words(line: String, error: &Error) -> String {
    if let Error::Unsupported(_) = error {
        return line.replace("Sweep::replace(true) replaces", "--force replaces");
    }
    let Error::TooLarge { what: what @ ("bytes" | "pixels" | "voxels"), found, limit } = error else { return line };
    let option = match found.saturating_sub(*limit) {
        // One more than the limit was seen, and nobody knows how many follow.
        1 => "a larger --max-bytes lifts it".into(),
        _ => format!("--max-bytes {found} would do"),
    };
    line.replace(&format!("Limits::{what} raises it"), &option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_names_the_option_that_lifts_it() {
        let too_large = |what, found| anyhow::Error::from(Error::TooLarge { what, found, limit: 1000 });
        assert!(line(&too_large("bytes", 5000)).ends_with("1000: --max-bytes 5000 would do"));
        assert!(line(&too_large("bytes", 1001).context("why")).ends_with("1000: a larger --max-bytes lifts it"));
        assert!(!line(&too_large("settings", 5000)).contains("--max-bytes"));
        let taken = Error::Unsupported("a exists and is not of this sweep: Sweep::replace(true) replaces it".into());
        assert_eq!(line(&taken.into()), "a exists and is not of this sweep: --force replaces it");
    }

    #[test]
    fn the_input_of_every_command_that_has_one() {
        let input = |arguments: &[&str]| first_input(&Arguments::command().get_matches_from(arguments));
        assert_eq!(input(&["cortado", "info", "a.png"]), Path::new("a.png"));
        assert_eq!(input(&["cortado", "compress", "a.png", "-o", "b.png"]), Path::new("a.png"));
        assert_eq!(input(&["cortado", "sweep", "a.png", "b.png", "-s", "png"]), Path::new("a.png"));
        assert_eq!(input(&["cortado", "sweep", "--codecs"]), Path::new(""));
    }
}
