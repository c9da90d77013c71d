//! How a command ends when it does not come to its end: on a signal, out of memory, in a panic. Nothing half-written
//! stays, and one line says what happened.
//!
//! Three things here have no safe form. Stable Rust has no way to learn that memory ran out, but to be the allocator;
//! there is no safe way to handle SIGABRT, for a handler may do next to nothing; and that standard output was closed
//! can be seen only before Rust's own start, which opens `/dev/null` in its place.

use anyhow::{Context, Result, anyhow};
use cortado::file::{self, shown};
use std::alloc::{GlobalAlloc, Layout, System};
use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Has a command that reads files and writes them end as it should: also, with one line, when the system has no memory
/// for what cannot do without. Where the library can, it returns an error, which in a command of many inputs is one of
/// them and not the end.
pub(crate) fn prepare() -> Result<()> {
    handle_signals()?;
    silence_panics();
    ENDS_WITHOUT_MEMORY.store(true, Ordering::Relaxed);
    Ok(())
}

/// Interrupted, or told to end: removes the file that is being written, and then dies of the signal as if nobody had
/// looked.
#[cfg(unix)]
fn handle_signals() -> Result<()> {
    use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level;
    // What is ignored stays so: nohup and shells in the background ask for it.
    let handled = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| !is_ignored(signal));
    let mut signals = Signals::new(handled).context("cannot handle signals")?;
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            file::abandon();
            let _ = low_level::emulate_default_handler(signal);
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait).context("cannot handle signals")?;
    // SAFETY: the handler may run in the midst of anything. `abandon` takes no lock that it has to wait for and, unless
    // a path is very long, no memory, and `exit` is `_exit`.
    let handler = unsafe {
        low_level::register(SIGABRT, || {
            file::abandon();
            low_level::exit(1)
        })
    };
    handler.map(drop).context("cannot handle signals")
}

#[cfg(not(unix))]
fn handle_signals() -> Result<()> {
    Ok(())
}

/// Whether this process was started with the signal ignored, where the system tells.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| (mask >> (signal - 1)) & 1 == 1)
}

/// The system's allocator; without memory the process ends, if it was told to, instead of reporting what nobody is
/// prepared for, of which Rust's own report is two lines or a backtrace.
struct OrEnd;

static ENDS_WITHOUT_MEMORY: AtomicBool = AtomicBool::new(false);

#[global_allocator]
static ALLOCATOR: OrEnd = OrEnd;

impl OrEnd {
    #[inline]
    fn checked(memory: *mut u8, size: usize) -> *mut u8 {
        if memory.is_null() && ENDS_WITHOUT_MEMORY.load(Ordering::Relaxed) && !cortado::memory_may_be_refused() {
            end_without_memory(size);
        }
        memory
    }
}

// SAFETY: all is left to the system's allocator. What is done besides neither unwinds nor allocates, but ends the
// process.
unsafe impl GlobalAlloc for OrEnd {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: what the caller promises is what is asked for.
        Self::checked(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        Self::checked(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        Self::checked(unsafe { System.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[cold]
fn end_without_memory(size: usize) -> ! {
    static ENDING: AtomicBool = AtomicBool::new(false);
    if ENDING.swap(true, Ordering::SeqCst) {
        // One thread says so, once, and ends the process meanwhile.
        std::thread::sleep(Duration::from_secs(2));
        exit();
    }
    let mut line = [0; 96];
    let mut rest = &mut line[..];
    let _ = writeln!(rest, "error: out of memory: cannot allocate {size} bytes");
    let left = rest.len();
    let _ = std::io::stderr().write_all(&line[..line.len() - left]);
    file::abandon();
    exit();
}

/// Ends the process at once: nothing else may run.
fn exit() -> ! {
    #[cfg(unix)]
    signal_hook::low_level::exit(1);
    #[cfg(not(unix))]
    std::process::exit(1);
}

/// What the first panic said.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Keeps what a panic says for the line in which the command ends; prints it, with a backtrace, where one is asked for.
fn silence_panics() {
    let print = std::panic::take_hook();
    let wants_backtrace = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    std::panic::set_hook(Box::new(move |panic| {
        let message = message(panic.payload()).unwrap_or("without a message");
        PANIC.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| message.to_owned());
        if wants_backtrace {
            print(panic);
        }
    }));
}

fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// Runs a command; a panic in it becomes an error that names the input. `doing` is what fails, such as `compress`.
pub(crate) fn guarded(doing: &str, input: &Path, command: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|payload| {
        let first = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
        // What a thread said says more than that one of several panicked.
        let last = message(&*payload).filter(|&last| last != "a scoped thread panicked").map(str::to_owned);
        let said = last.or(first).unwrap_or_else(|| "without a message".into());
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        Err(anyhow!("cannot {doing} {}: the program panicked: {said}; please report it with the file", shown(input)))
    })
}

/// Whether the process was started without a standard output.
pub(crate) fn standard_output_was_closed() -> bool {
    WAS_CLOSED.load(Ordering::Relaxed)
}

static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Run by the system's loader before `main`.
#[cfg(target_os = "linux")]
extern "C" fn look_at_standard_output() {
    // SAFETY: asking for a descriptor's flags changes nothing, whether it is open or not.
    if unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) } == -1 {
        WAS_CLOSED.store(true, Ordering::Relaxed);
    }
}

// SAFETY: the section holds pointers to functions of this type, and this one needs nothing that Rust's start prepares.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK_AT_STANDARD_OUTPUT: extern "C" fn() = look_at_standard_output;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_line_that_names_the_file() {
        let panics = || -> Result<()> { panic!("index out of\n bounds") };
        let error = guarded("read", Path::new("a\n.png"), panics).unwrap_err().to_string();
        assert_eq!(
            error,
            "cannot read a\\x0a.png: the program panicked: index out of bounds; please report it with the file"
        );
        assert!(guarded("read", Path::new("-"), || Ok(())).is_ok());
    }
}
