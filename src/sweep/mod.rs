//! Parameter sweeps: codecs with many settings over many inputs, on this machine's threads or on a cluster.
//!
//! A [`Sweep`] says what to try, in words that are the same everywhere: inputs (photos or label volumes; files,
//! folders, patterns or values in memory) and settings (`laff quality=50|75|90`). A [`Backend`] runs it: [`Threads`],
//! the default, or [`Spark`]. The table of results does not depend on the backend, times aside, nor on the number of
//! threads: rows come in the order of the inputs and, for each, of the settings.
//!
//! - An input that cannot be read, or on which a codec fails, is a row with an `error`; nothing stops the sweep.
//! - With a journal every row is on disk as soon as it is there, and the same sweep, run again after whatever stopped
//!   it, does only what is missing: of files that changed, of measures that are new, and where a compressed file is not
//!   there, rows are done again.
//! - What came of a sweep besides its rows, such as compressed files that could not be kept, is in its [`Outcome`].
//! - [`Table`] answers what one asks of the result: [`Table::filter`], [`Table::means`], [`Table::at_least`] with
//!   [`Table::least`], [`Table::pareto`]; [`rate_distortion`](crate::plot::rate_distortion) plots it.
//!
//! ```
//! use cortado::prelude::*;
//! let photos = concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/c*.jpg");
//! let sweep = Sweep::new().files(photos)?.settings("palette colors=16|64")?.settings("laff quality=50|75")?;
//! let table = sweep.measures(Measures::PSNR).run(&Threads::new())?;
//! let best = table.at_least("psnr_db", 30.0)?.least("bits_per_pixel")?;
//! println!("{best}");
//! # assert!(table.len() == 4 && best.len() == 1);
//! # Ok::<(), cortado::Error>(())
//! ```

mod escape;
mod facts;
mod fault;
mod find;
mod input;
mod journal;
mod local;
mod row;
mod run;
pub mod spark;
mod streams;
pub mod trial;
pub mod wire;

pub use escape::{escape, unescape};
pub use facts::{Facts, Unfinished};
pub use fault::register_fault;
pub use find::Found;
pub use input::{Input, Place, Source};
pub use journal::check_journal;
pub use local::Threads;
pub use row::{Row, TIMES};
pub use spark::Spark;
pub use trial::{Failure, Measures};

use crate::catalogue::{Grid, Setting};
use crate::codec::Data;
use crate::error::{Error, Result};
use crate::file::printable;
use crate::limits::Limits;
use crate::table::Table;
use run::Run;
use std::collections::HashSet;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What to try: inputs, settings, what to measure and where to keep it.
#[derive(Clone, Default)]
#[must_use]
pub struct Sweep {
    inputs: Vec<Input>,
    settings: Vec<Setting>,
    measures: Measures,
    limits: Limits,
    journal: Option<PathBuf>,
    streams: Option<PathBuf>,
    /// Folders whose files are inputs.
    walked: Vec<PathBuf>,
    replace: bool,
    watch: Option<Watch>,
}

type Watch = Arc<dyn Fn(&Progress) + Send + Sync>;

impl fmt::Debug for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sweep({} settings of {} inputs)", self.settings.len(), self.inputs.len())
    }
}

/// How far a sweep is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows that are there, those from the journal among them.
    pub done: usize,
    /// Rows that there will be.
    pub total: usize,
    /// Rows with an error.
    pub errors: usize,
    /// Rows that were in the journal.
    pub resumed: usize,
    /// Rows that the backend did not deliver, known at the end.
    pub missing: usize,
    /// Since the sweep began.
    pub elapsed: Duration,
}

/// Who runs trials.
pub trait Backend {
    /// Runs every task of the job and delivers each one's result, in any order and from any thread.
    ///
    /// # Errors
    /// What `deliver` returns, and what keeps the backend from running at all. A trial that fails is a result.
    fn run(&self, job: &Job, deliver: &(dyn Fn(Done) -> Result<()> + Sync)) -> Result<()>;
}

/// What a backend is given to do.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The sweep's inputs.
    pub inputs: &'a [Input],
    /// The sweep's settings.
    pub settings: &'a [Setting],
    /// What is left to do, by input.
    pub tasks: &'a [Task],
    /// What to measure.
    pub measures: Measures,
    /// What an input may ask for.
    pub limits: Limits,
    /// The folder for compressed files; none unless they are to be kept.
    pub streams: Option<&'a Path>,
    names: &'a [String],
}

/// One setting for one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// The place in [`Job::inputs`].
    pub input: usize,
    /// The place in [`Job::settings`].
    pub setting: usize,
}

/// The result of a [`Task`].
#[derive(Clone, Debug)]
pub struct Done {
    /// The task.
    pub task: Task,
    /// What was found.
    pub row: Row,
    /// What is to be known besides.
    pub facts: Facts,
}

/// What came of a sweep.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// A row for every input with every setting, input by input.
    pub rows: Vec<Row>,
    /// The rows as [`Sweep::run`] gives them.
    pub table: Table,
    /// How far the sweep came.
    pub progress: Progress,
    /// The compressed files that were to be kept and are not there. Their rows have errors.
    pub lost: Vec<Lost>,
    /// What the codecs were not given of the inputs, such as transparency, and how many inputs that was, a sentence
    /// each; and how many rows have errors only because their codec is for the other kind of input.
    pub notes: Vec<String>,
}

/// A compressed file that was to be kept and is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Its name below the folder for compressed files.
    pub name: String,
    /// Why it is not there.
    pub reason: String,
}

impl Job<'_> {
    /// Runs a task on what was read, or tells why nothing was; keeps the compressed file when that is asked for.
    ///
    /// # Panics
    /// On a task that is none of the job's.
    pub fn trial(&self, task: &Task, source: Result<&Source, Failure>) -> Done {
        let (name, setting) = (&self.inputs[task.input].name, &self.settings[task.setting]);
        let below = self.stream_name(task);
        let place = self.streams.map(|folder| (folder, below.as_str()));
        let trial = trial::run(name, source, setting, self.measures, &self.limits, place);
        Done { task: *task, row: trial.row, facts: trial.facts }
    }

    /// The name, below [`Job::streams`], of the compressed file of a task: the input's name below the folder that all
    /// inputs have in common, with the setting where there are several, and the codec's extension.
    pub fn stream_name(&self, task: &Task) -> String {
        stream_name(self.names, self.settings, task)
    }
}

fn stream_name(names: &[String], settings: &[Setting], task: &Task) -> String {
    let (name, setting) = (&names[task.input], &settings[task.setting]);
    let described = match settings.len() {
        1 => String::new(),
        _ => format!(".{}", setting.to_string().replace([' ', '/', '\\'], "_")),
    };
    format!("{name}{described}.{}", setting.extension())
}

impl Sweep {
    /// Nothing to do yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the files of a path, a folder or a pattern; see [`Input::find`]. What an earlier run left in
    /// [`Sweep::streams`] below such a folder is no input.
    ///
    /// # Errors
    /// As [`Input::find`].
    pub fn files(self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Ok(self.found(path, Input::search(path)?))
    }

    /// As [`Sweep::files`], of a path that was searched.
    pub fn found(mut self, path: &Path, found: Found) -> Self {
        if path.is_dir() {
            self.walked.push(path.to_owned());
        }
        self.inputs(found.inputs).without_own_streams()
    }

    fn without_own_streams(mut self) -> Self {
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        let Some(folder) = self.streams.as_deref().and_then(real) else { return self };
        let walked: Vec<_> = self
            .walked
            .iter()
            .filter(|walked| real(walked).is_some_and(|walked| folder != walked && folder.starts_with(walked)))
            .collect();
        self.inputs.retain(|input| match &input.place {
            Place::File(path) => {
                !walked.iter().any(|walked| path.starts_with(walked))
                    || real(path).is_none_or(|path| !path.starts_with(&folder))
            }
            Place::Remote(_) | Place::Memory(_) => true,
        });
        self
    }

    /// Adds a photo or a volume in memory under a name.
    pub fn input(self, name: impl Into<String>, data: impl Into<Data>) -> Self {
        self.inputs([Input::memory(name, data)])
    }

    /// Adds inputs.
    pub fn inputs(mut self, inputs: impl IntoIterator<Item = Input>) -> Self {
        self.inputs.extend(inputs);
        self
    }

    /// Adds every setting of a [`Grid`] in words, such as `palette colors=16|64|256 dither=none|blue-noise`.
    ///
    /// # Errors
    /// As [`Grid::settings`].
    pub fn settings(self, grid: &str) -> Result<Self> {
        self.grid(&grid.parse()?)
    }

    /// Adds every setting of a grid.
    ///
    /// # Errors
    /// As [`Grid::settings`].
    pub fn grid(self, grid: &Grid) -> Result<Self> {
        Ok(self.list(grid.settings()?))
    }

    /// Adds settings.
    pub fn list(mut self, settings: impl IntoIterator<Item = Setting>) -> Self {
        self.settings.extend(settings);
        self
    }

    /// What is measured; [`Measures::ALL`] unless set.
    pub fn measures(mut self, measures: Measures) -> Self {
        self.measures = measures;
        self
    }

    /// What an input may ask for; [`Limits::new`] unless set.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A CSV file for the rows as they come. When it is there already, the rows in it are not done again while they
    /// hold: a row is known by its input's name and its setting, and is done again
    ///
    /// - when the input's file has another size or time of last change, the value in memory another shape or checksum
    ///   (an address that only a cluster can read is known by its name alone, which [`Outcome::notes`] tells);
    /// - when less was measured than is to be; what was measured besides stays in the journal and out of the table;
    /// - when compressed files are to be kept and its own is not there, has another size or another checksum;
    /// - when it has an error, and limits or measures are others.
    ///
    /// A row with an error of the codec or of a damaged input is a finished one. One whose input the system did not let
    /// be read or had no memory for, or whose compressed file could not be kept, is not in the journal, and so tried
    /// again.
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// A folder in which the compressed files are kept; see [`Job::stream_name`]. At the end every row has its file
    /// there, or an error.
    ///
    /// A sweep one of whose compressed files would be written over an input is refused. So is one where something is in
    /// a file's place that is not of this sweep, unless [`Sweep::replace`] is set. Its own is what its journal tells
    /// of: the files of rows that it knows, and all that a run with this journal, these inputs, these settings and this
    /// folder was to write.
    pub fn streams(mut self, folder: impl Into<PathBuf>) -> Self {
        self.streams = Some(folder.into());
        self.without_own_streams()
    }

    /// Whether compressed files take the place of what is there already and is not of this sweep: links are written
    /// through. Not unless set. Inputs stay in any case.
    pub fn replace(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }

    /// Calls `watch` before the first row and after every one.
    pub fn watch(mut self, watch: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }

    /// How many rows there will be.
    pub fn len(&self) -> usize {
        self.inputs.len() * self.settings.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs the sweep: a row for every input with every setting. Columns: `input`, `codec`, one for every parameter,
    /// then `raw_bytes`, `bytes`, `crc32` (of the compressed file), `ratio`, `bits_per_pixel` (or voxel), `psnr_db`,
    /// `ssim`, `ssimulacra2`, `exact`, `encode_ms`, `decode_ms` ([`TIMES`], on one thread) and `error`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when two inputs have one name or a setting is given twice, and when the journal is no
    /// journal of this version, or a link, a folder, a FIFO or a device; when compressed files would take the place of
    /// others, as [`Sweep::streams`] says, and then nothing has been written; [`Error::Io`] when the journal cannot be
    /// written; what keeps the backend from running. Inputs and codecs that fail are rows.
    pub fn run(&self, backend: &dyn Backend) -> Result<Table> {
        Ok(self.outcome(backend)?.table)
    }

    /// As [`Sweep::run`], as rows.
    ///
    /// # Errors
    /// As [`Sweep::run`].
    pub fn rows(&self, backend: &dyn Backend) -> Result<Vec<Row>> {
        Ok(self.outcome(backend)?.rows)
    }

    /// As [`Sweep::run`], with all that is to be known besides the table.
    ///
    /// # Errors
    /// As [`Sweep::run`].
    pub fn outcome(&self, backend: &dyn Backend) -> Result<Outcome> {
        self.check()?;
        let names = stream_names(&self.inputs);
        if self.streams.is_some() && names.iter().collect::<HashSet<_>>().len() < names.len() {
            return Err(Error::Unsupported("the compressed files of two inputs would have one name".into()));
        }
        if let Some(folder) = &self.streams {
            streams::check_inputs(self, folder, &names)?;
        }
        let run = Run::begin(self, &names)?;
        let tasks = run.tasks();
        let job = Job {
            inputs: &self.inputs,
            settings: &self.settings,
            tasks: &tasks,
            measures: self.measures,
            limits: self.limits,
            streams: self.streams.as_deref(),
            names: &names,
        };
        let run = Mutex::new(run);
        if !tasks.is_empty() {
            backend.run(&job, &|done| run.lock().unwrap_or_else(PoisonError::into_inner).take(done))?;
        }
        Ok(run.into_inner().unwrap_or_else(PoisonError::into_inner).finish())
    }

    fn check(&self) -> Result<()> {
        let mut names = HashSet::new();
        if let Some(twice) = self.inputs.iter().find(|input| !names.insert(&input.name)) {
            return Err(Error::Unsupported(format!("two inputs are called {}", printable(&twice.name))));
        }
        let mut texts = HashSet::new();
        if let Some(twice) = self.settings.iter().find(|setting| !texts.insert(setting.to_string())) {
            return Err(Error::Unsupported(format!("the setting {twice} is given twice")));
        }
        Ok(())
    }
}

/// The inputs' names below the folder that they have in common, safe below another: no root, no `..`.
fn stream_names(inputs: &[Input]) -> Vec<String> {
    let parts = |input: &Input| -> Vec<String> {
        let name = match &input.place {
            Place::Remote(url) => url.split_once("://").map_or(url.as_str(), |(_, path)| path),
            Place::File(_) | Place::Memory(_) => &input.name,
        };
        let normal = Path::new(name).components().filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
            _ => None,
        });
        normal.collect()
    };
    let all: Vec<Vec<String>> = inputs.iter().map(parts).collect();
    let folder = |name: &Vec<String>| name[..name.len().saturating_sub(1)].to_vec();
    let shared = all.iter().map(folder).reduce(|shared, name| {
        let same = shared.iter().zip(&name).take_while(|(a, b)| a == b).count();
        shared[..same].to_vec()
    });
    let skipped = shared.map_or(0, |shared| shared.len());
    all.iter().map(|name| name[skipped..].join("/")).collect()
}
