//! `cortado-kernel`: evcxr_jupyter, embedded, and started with the library already built.
//!
//! | call | what it does |
//! |---|---|
//! | `cortado-kernel --control_file FILE` | serves one notebook; Jupyter calls it so |
//! | `cortado-kernel --warm` | prepares the template that kernels start from |
//!
//! Both find the project by the environment variable `CORTADO_ROOT`; without it the kernel is a plain evcxr_jupyter.

mod analyzer;
#[cfg(target_os = "linux")]
mod cell;
mod copy;
mod key;
mod private;
#[cfg(target_os = "linux")]
mod recipe;
mod template;

use anyhow::{Context, Result, bail};
use private::Workshop;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
#[cfg(unix)]
use std::time::Duration;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(failure) = cell::stand_in() {
        return failure;
    }
    // The kernel runs this same program for the cells; such a process does not come back from here.
    #[cfg(unix)]
    if project().is_some() && env::var_os("EVCXR_IS_RUNTIME").is_some() {
        end_with_parent(None);
    }
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
    if let Some(root) = project() {
        // evcxr_jupyter brings a kernel that it finds installed there, or in the reader's home, to its own version: the
        // reader's stock kernel would become this program.
        // SAFETY: no other thread runs yet.
        unsafe { env::set_var("JUPYTER_PATH", root.join(".cortado/nothing-installed")) };
    }
    let workshop = project().and_then(|root| match enter_workshop(&root) {
        Ok(workshop) => Some(workshop),
        Err(error) => {
            // A slow kernel is better than none.
            eprintln!("cortado-kernel starts cold: {error:#}");
            None
        }
    });
    #[cfg(unix)]
    if project().is_some() {
        end_with_parent(workshop.as_ref().map(|workshop| workshop.folder().to_owned()));
    }
    let served = evcxr_jupyter::main();
    drop(workshop);
    served
}

/// Ends this process when the one that started it has: a kernel when Jupyter was killed, a cell's loop when its kernel
/// was. Both would go on for ever.
#[cfg(unix)]
fn end_with_parent(workshop: Option<PathBuf>) {
    use std::os::unix::process::parent_id;
    let parent = parent_id();
    std::thread::spawn(move || {
        while parent_id() == parent {
            std::thread::sleep(Duration::from_secs(1));
        }
        if let Some(folder) = workshop {
            let _ = std::fs::remove_dir_all(folder);
        }
        std::process::exit(0)
    });
}

fn enter_workshop(root: &Path) -> Result<Workshop> {
    let workshop = Workshop::open(root)?;
    let variables = workshop.variables()?;
    // SAFETY: no other thread runs yet.
    unsafe { set(variables) };
    Ok(workshop)
}

/// Sets variables of this process's environment, and notes down what it then is.
///
/// # Safety
/// No other thread may run.
unsafe fn set(variables: Vec<(&'static str, OsString)>) {
    // SAFETY: the caller's promise.
    unsafe {
        for (name, value) in variables {
            env::set_var(name, value);
        }
        #[cfg(target_os = "linux")]
        env::set_var(cell::SURROUNDINGS, cell::surroundings());
    }
}
