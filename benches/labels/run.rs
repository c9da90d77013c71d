//! Timing, and the processes that are timed.

use crate::Outcome;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

/// The seconds that a call takes.
pub fn seconds<E>(call: impl FnOnce() -> Result<(), E>) -> Result<f64, E> {
    let started = Instant::now();
    call()?;
    Ok(started.elapsed().as_secs_f64())
}

pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The Python packages in a process that has the volume in memory and answers each call with its seconds.
pub struct Peers {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Peers {
    pub fn start(python: &Path, volume: &Path) -> Outcome<Self> {
        let mut command = Command::new(python);
        command.arg("benches/labels/peers.py").arg(volume).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        Ok(Self { child, answers })
    }

    /// One call, such as `encode crackle`: its seconds, and the bytes of the codec's stream.
    pub fn call(&mut self, call: &str) -> Outcome<(f64, usize)> {
        writeln!(self.child.stdin.as_mut().ok_or("no pipe")?, "{call}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let (seconds, bytes) = answer.trim().split_once(' ').ok_or(format!("{call}: the peers stopped"))?;
        Ok((seconds.parse()?, bytes.parse()?))
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
pub fn peak(command: &mut Command) -> Outcome<f64> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The most memory that this process has had, in bytes.
pub fn high_water() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(1024 * line.trim().trim_end_matches(" kB").parse::<u64>()?)
}

/// A Python with the peers, made on the first run.
pub fn python() -> Outcome<PathBuf> {
    let python = PathBuf::from(".cortado/peers/bin/python");
    let run = |command: &mut Command| match command.status()?.success() {
        true => Ok(()),
        false => Err(Box::<dyn std::error::Error>::from(format!("{command:?} failed"))),
    };
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv", ".cortado/peers"]))?;
    }
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r", "tests/interop/requirements.txt"]))?;
    Ok(python)
}
