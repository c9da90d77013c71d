//! The backend that is always there: the threads of this machine.

use super::input::Source;
use super::trial::{self, Failure};
use super::{Backend, Done, Job, Task};
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// Threads of this machine: the default.
///
/// Every trial runs on one thread, so that the times in the rows are those of one thread; as many run at once as there
/// are threads. An input is read when its first trial begins and dropped after its last, so that no more inputs are in
/// memory than threads are at work, whatever their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Threads(Option<usize>);

impl Threads {
    /// As many as there are cores.
    pub const fn new() -> Self {
        Self(None)
    }

    /// So many, at least 1.
    #[must_use]
    pub const fn threads(self, threads: usize) -> Self {
        Self(Some(if threads == 0 { 1 } else { threads }))
    }
}

impl Backend for Threads {
    fn run(&self, job: &Job, deliver: &(dyn Fn(Done) -> Result<()> + Sync)) -> Result<()> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.0.unwrap_or_else(cores).min(job.tasks.len()).max(1);
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let loaded = Loaded::new(job);
        let work = || -> Result<()> {
            // A codec that asks for threads gets this one.
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
            let pool = pool.map_err(|error| Error::Unsupported(format!("cannot start a thread: {error}")))?;
            while !failed.load(Ordering::Relaxed) {
                let Some(task) = job.tasks.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let delivered = pool.install(|| deliver(loaded.run(task)));
                if delivered.is_err() {
                    failed.store(true, Ordering::Relaxed);
                    return delivered;
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let ended = workers.into_iter().map(|worker| {
                worker.join().unwrap_or_else(|_| Err(Error::Unsupported("a thread of the sweep panicked".into())))
            });
            // Every thread is waited for before the first error is told.
            ended.collect::<Vec<_>>().into_iter().collect()
        })
    }
}

/// The inputs that are in memory.
struct Loaded<'a> {
    job: &'a Job<'a>,
    /// How many trials of every input are still to come.
    left: HashMap<usize, AtomicUsize>,
    read: Mutex<HashMap<usize, Slot>>,
}

type Slot = Arc<OnceLock<Result<Source, Failure>>>;

impl<'a> Loaded<'a> {
    fn new(job: &'a Job) -> Self {
        let mut left: HashMap<usize, AtomicUsize> = HashMap::new();
        for task in job.tasks {
            *left.entry(task.input).or_default().get_mut() += 1;
        }
        Self { job, left, read: Mutex::default() }
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Slot>> {
        self.read.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn run(&self, task: &Task) -> Done {
        let slot = self.slots().entry(task.input).or_default().clone();
        let source = slot.get_or_init(|| trial::guarded(|| self.job.inputs[task.input].load(&self.job.limits)));
        let done = self.job.trial(task, source.as_ref().map_err(Failure::clone));
        if self.left[&task.input].fetch_sub(1, Ordering::Relaxed) == 1 {
            self.slots().remove(&task.input);
        }
        done
    }
}
