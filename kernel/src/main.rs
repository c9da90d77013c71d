//! `cortado-kernel`: evcxr_jupyter, embedded, and started with the library already built.
//!
//! | call | what it does |
//! |---|---|
//! | `cortado-kernel --control_file FILE` | serves one notebook; Jupyter calls it so |
//! | `cortado-kernel --warm` | prepares the template that kernels start from |
//!
//! Both find the project by the environment variable `CORTADO_ROOT`; without it the kernel is a plain evcxr_jupyter.

mod analyzer;
mod copy;
mod key;
mod private;
mod template;

use anyhow::{Context, Result, bail};
use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The kernel runs this same program for the cells; such a process does not come back from here.
    evcxr::runtime_hook();
    let warm = env::args().nth(1).is_some_and(|argument| argument == "--warm");
    let result = if warm { warm_up() } else { serve() };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn project() -> Option<PathBuf> {
    env::var_os("CORTADO_ROOT").map(PathBuf::from)
}

fn warm_up() -> Result<()> {
    let Some(root) = project() else { bail!("CORTADO_ROOT does not name the project") };
    template::prepare(&root).context("cannot prepare the kernel")
}

fn serve() -> Result<()> {
    let workshop = project().and_then(|root| match private::Workshop::open(&root) {
        Ok(workshop) => Some(workshop),
        Err(error) => {
            // A slow kernel is better than none.
            eprintln!("cortado-kernel starts cold: {error:#}");
            None
        }
    });
    if let Some(workshop) = &workshop {
        // SAFETY: no other thread runs yet.
        unsafe {
            env::set_var("EVCXR_TMPDIR", workshop.crate_folder());
            analyzer::shorten(workshop.folder());
        }
    }
    let served = evcxr_jupyter::main();
    drop(workshop);
    served
}
