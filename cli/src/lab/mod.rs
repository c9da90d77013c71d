//! `cortado lab`: everything that JupyterLab and the kernel need, made once in the project's `.cortado` folder.

mod jupyter;
mod kernel;
pub(crate) mod python;
pub(crate) mod steps;

pub(crate) use jupyter::{Workplace, find_root};

use anyhow::Result;
use clap::Args;

#[derive(Args)]
pub(crate) struct Options {
    /// Only start the server; do not open a browser.
    #[arg(long)]
    no_browser: bool,
    /// The port to listen on; the first free one from 8888 unless given.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    Workplace::prepare()?.serve(options.no_browser, options.port)
}
