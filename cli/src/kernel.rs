//! `cortado kernel`: what kernels start from, and how fast they are.

use crate::lab::Workplace;
use anyhow::{Result, bail};
use clap::Subcommand;
use std::process::Command;

/// Measures the stock kernel and ours.
const BENCH: &str = include_str!("lab/bench_kernel.py");

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Prepare what kernels start from: the library and every crate that notebooks name, compiled.
    Warm,
    /// Compare the kernel with the stock one over the cells of 01-palette, and print a table.
    Bench {
        /// How many times each kernel is started.
        #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
    },
}

pub(crate) fn run(action: &Action) -> Result<()> {
    // Preparing the workplace warms the kernel.
    let workplace = Workplace::prepare()?;
    let Action::Bench { rounds } = action else { return Ok(()) };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(workplace.root()).args(["build", "--release", "--quiet", "--example", "kmeans_all_pixels"]);
    let mut bench = workplace.python();
    bench.args(["-c", BENCH]).arg(workplace.root()).arg(rounds.to_string());
    for command in [&mut build, &mut bench] {
        if !command.status()?.success() {
            bail!("the benchmark did not finish");
        }
    }
    Ok(())
}
