//! What the benchmarks share: timing, the processes that are timed, and where tables go.
#![allow(dead_code, reason = "every benchmark is a crate of its own and uses a part of this")]

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// The seconds that a call takes.
pub(crate) fn seconds<E>(call: impl FnOnce() -> Result<(), E>) -> Result<f64, E> {
    let started = Instant::now();
    call()?;
    Ok(started.elapsed().as_secs_f64())
}

pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// A process with peers that has its input in memory and answers each line with the call's seconds and perhaps more.
pub(crate) struct Peers {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Peers {
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        Ok(Self { child, answers })
    }

    /// One call, such as `encode crackle`: the numbers that it is answered with, the seconds first.
    pub(crate) fn call<const N: usize>(&mut self, call: &str) -> Outcome<[f64; N]> {
        writeln!(self.child.stdin.as_mut().ok_or("no pipe")?, "{call}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let numbers: Vec<f64> = answer.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        numbers.try_into().map_err(|_| format!("{call}: the peers answered {answer:?}").into())
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        // At the end of its input the process ends.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The peak memory in bytes that a process reports, less what it had before the call that is measured.
pub(crate) fn peak(command: &mut Command) -> Outcome<f64> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The most memory that this process has had, in bytes.
pub(crate) fn high_water() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(1024 * line.trim().trim_end_matches(" kB").parse::<u64>()?)
}

/// A Python with the packages of a list, made on the first run.
pub(crate) fn python(requirements: &str) -> Outcome<PathBuf> {
    let python = PathBuf::from(".cortado/peers/bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv", ".cortado/peers"]))?;
    }
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r", requirements]))?;
    Ok(python)
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Outcome<()> {
    match command.status()?.success() {
        true => Ok(()),
        false => Err(format!("{command:?} failed").into()),
    }
}

/// A pool of so many threads.
pub(crate) fn threads(count: usize) -> Outcome<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(count).build()?)
}

/// Puts a table where README has a place for it.
pub(crate) fn write_into_readme(bench: &str, table: &str, text: &str) -> Outcome<()> {
    let readme = fs::read_to_string("README.md")?;
    let (start, end) = (format!("<!-- cargo bench --bench {bench}: {table} -->\n"), format!("<!-- end of {table} -->"));
    let from = readme.find(&start).ok_or("README.md has no place for the tables")? + start.len();
    let to = readme.find(&end).ok_or("README.md has no end of the tables")?;
    fs::write("README.md", format!("{}\n{text}\n{}", &readme[..from], &readme[to..]))?;
    Ok(())
}
