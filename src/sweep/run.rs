//! A sweep while it runs: the rows that are there, in their places, and how far it is.

use super::input::OVER;
use super::journal::{Claim, Entry, Journal, Known};
use super::{Done, Facts, Input, Lost, Outcome, Progress, Row, Sweep, Task, Unfinished, row, stream_name, streams};
use crate::codec::Given;
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

pub(super) struct Run<'a> {
    sweep: &'a Sweep,
    /// The inputs' parts of the names of compressed files.
    names: &'a [String],
    /// The settings in words.
    settings: Vec<String>,
    /// The limits in words.
    limits: String,
    /// What every input held when the sweep began; empty without a journal. A file that changes later is another to the
    /// next run.
    stamps: Vec<Option<String>>,
    /// A place for every input with every setting, input by input.
    rows: Vec<Option<Row>>,
    notes: Notes,
    lost: Vec<Lost>,
    journal: Option<Journal>,
    begun: Instant,
    progress: Progress,
}

impl<'a> Run<'a> {
    /// Begins with what is in the journal and still holds.
    pub(super) fn begin(sweep: &'a Sweep, names: &'a [String]) -> Result<Self> {
        let (journal, known) = match &sweep.journal {
            Some(path) => Journal::open(path).map(|(journal, known)| (Some(journal), known))?,
            None => (None, Known::new()),
        };
        let stamps = match &journal {
            Some(_) => sweep.inputs.iter().map(Input::stamp).collect(),
            None => Vec::new(),
        };
        let mut run = Self {
            sweep,
            names,
            settings: sweep.settings.iter().map(ToString::to_string).collect(),
            limits: format!("{:?}", sweep.limits),
            stamps,
            rows: vec![None; sweep.len()],
            notes: Notes::default(),
            lost: Vec::new(),
            journal,
            begun: Instant::now(),
            progress: Progress {
                done: 0,
                total: sweep.len(),
                errors: 0,
                resumed: 0,
                missing: 0,
                elapsed: Duration::ZERO,
            },
        };
        let outdated = if known.is_empty() { HashSet::new() } else { run.resume(known) };
        if let Err(refused) = run.claim_streams(&outdated) {
            if let Some(journal) = run.journal.take() {
                journal.discard();
            }
            return Err(refused);
        }
        run.tell();
        Ok(run)
    }

    /// Takes the rows that hold; returns the places of those without an error that do not.
    fn resume(&mut self, mut known: Known) -> HashSet<usize> {
        let mut outdated = HashSet::new();
        for task in self.tasks() {
            let name = &self.sweep.inputs[task.input].name;
            let Some(entry) = known.remove(&(name.clone(), self.settings[task.setting].clone())) else { continue };
            let stamp = self.stamps[task.input].as_deref();
            if !entry.holds(stamp, self.sweep.measures, &self.limits) || !self.has_stream(&task, &entry.row, is_whole) {
                if entry.row.error.is_none() {
                    outdated.insert(self.place(&task));
                }
                continue;
            }
            self.notes.add(self.sweep, &task, entry.notes);
            if stamp == Some(Input::UNSEEN) {
                self.notes.unseen.insert(task.input);
            }
            let mut row = entry.row;
            self.sweep.measures.trim(&mut row);
            self.progress.errors += usize::from(row.error.is_some());
            self.progress.done += 1;
            self.progress.resumed += 1;
            let at = self.place(&task);
            self.rows[at] = Some(row);
        }
        outdated
    }

    /// Refuses what is in the place of compressed files and is not this sweep's; what is to come is, from now on. The
    /// journal knows the files of its rows (`outdated` are those to be done again), and every file that an equal sweep
    /// was to write.
    fn claim_streams(&mut self, outdated: &HashSet<usize>) -> Result<()> {
        let Some(folder) = &self.sweep.streams else { return Ok(()) };
        let claim = streams::claim(self.sweep, folder, self.names)?;
        let claims: &[Claim] = self.journal.as_ref().map_or(&[][..], |journal| &journal.claims[..]);
        let all_own = claims.contains(&claim);
        let own_folder = claims.iter().any(|other| other.folder == claim.folder);
        if !self.sweep.replace {
            let is_own = |task: &Task| all_own || (own_folder && outdated.contains(&self.place(task)));
            streams::check_free(self.sweep, folder, self.names, &self.tasks(), is_own)?;
        }
        match &mut self.journal {
            Some(journal) if !all_own => journal.claim(claim),
            _ => Ok(()),
        }
    }

    fn place(&self, task: &Task) -> usize {
        task.input * self.settings.len() + task.setting
    }

    fn name_of_stream(&self, task: &Task) -> String {
        stream_name(self.names, &self.sweep.settings, task)
    }

    /// Whether the compressed file of a row is where it is to be kept, if it is, and as `check` wants it.
    fn has_stream(&self, task: &Task, row: &Row, check: impl Fn(&Path, &Row) -> bool) -> bool {
        match &self.sweep.streams {
            Some(folder) if row.error.is_none() => check(&folder.join(self.name_of_stream(task)), row),
            _ => true,
        }
    }

    /// What is left to do, by input.
    pub(super) fn tasks(&self) -> Vec<Task> {
        let task = |at: usize| Task { input: at / self.settings.len(), setting: at % self.settings.len() };
        (0..self.rows.len()).filter(|&at| self.rows[at].is_none()).map(task).collect()
    }

    /// Keeps a result, on disk first; there only what is finished. What is delivered twice counts once.
    pub(super) fn take(&mut self, done: Done) -> Result<()> {
        let Done { task, row, facts: Facts { unfinished, notes } } = done;
        if task.input >= self.sweep.inputs.len() || task.setting >= self.settings.len() {
            let Task { input, setting } = task;
            let message = format!("the backend delivered a row of input {input} with setting {setting}: there is none");
            return Err(Error::Unsupported(message));
        }
        let at = self.place(&task);
        if self.rows[at].is_some() {
            return Ok(());
        }
        let stamp = self.stamps.get(task.input).cloned().flatten();
        if let (Some(journal), Some(stamp), None) = (&mut self.journal, stamp, unfinished) {
            let limits = row.error.is_some().then(|| self.limits.clone());
            let entry = Entry { stamp, measures: self.sweep.measures, limits, notes: notes.clone(), row: row.clone() };
            journal.add(&entry)?;
        }
        if unfinished == Some(Unfinished::Stream) {
            let (name, reason) = (self.name_of_stream(&task), row.error.clone().unwrap_or_default());
            self.lost.push(Lost { name, reason });
        }
        self.notes.add(self.sweep, &task, notes);
        self.progress.done += 1;
        self.progress.errors += usize::from(row.error.is_some());
        self.rows[at] = Some(row);
        self.tell();
        Ok(())
    }

    /// All rows. What was asked for and did not come becomes a row that says so: a backend that loses one may not know
    /// it. So does a row whose compressed file is not there.
    pub(super) fn finish(mut self) -> Outcome {
        let fail = |run: &mut Self, task: &Task, reason: &str| {
            let row = Row::failed(&run.sweep.inputs[task.input].name, &run.settings[task.setting], reason);
            let at = run.place(task);
            run.rows[at] = Some(row);
            run.progress.errors += 1;
        };
        let left = self.tasks();
        for task in &left {
            fail(&mut self, task, "the backend returned nothing");
            self.progress.missing += 1;
        }
        let settings = self.settings.len();
        let mut without = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let task = Task { input: at / settings, setting: at % settings };
            if row.as_ref().is_some_and(|row| !self.has_stream(&task, row, has_size)) {
                without.push(task);
            }
        }
        for task in &without {
            let reason = "the compressed file is not there or not whole";
            fail(&mut self, task, reason);
            let name = self.name_of_stream(task);
            self.lost.push(Lost { name, reason: reason.to_owned() });
        }
        if !left.is_empty() || !without.is_empty() {
            self.tell();
        }
        self.lost.sort_by(|a, b| a.name.cmp(&b.name));
        let progress = Progress { elapsed: self.begun.elapsed(), ..self.progress };
        let rows: Vec<Row> = self.rows.into_iter().flatten().collect();
        let table = row::table(&rows, &self.sweep.settings);
        let mut notes = self.notes.in_words();
        match rows.iter().filter(|row| row.error.as_deref().is_some_and(Given::is_of_other_kind)).count() {
            0 => {}
            1 => notes.push("1 row has an error only because its codec is not for its kind of input".into()),
            rows => {
                notes.push(format!("{rows} rows have errors only because their codecs are not for their kind of input"))
            }
        }
        Outcome { rows, table, progress, lost: self.lost, notes }
    }

    fn tell(&self) {
        if let Some(watch) = &self.sweep.watch {
            watch(&Progress { elapsed: self.begun.elapsed(), ..self.progress });
        }
    }
}

/// What the codecs were not given of their inputs.
#[derive(Default)]
struct Notes {
    /// Every note with the inputs and the codecs that it is about.
    about: BTreeMap<String, (BTreeSet<usize>, BTreeSet<&'static str>)>,
    /// Inputs whose rows were taken from the journal by their names alone.
    unseen: BTreeSet<usize>,
}

impl Notes {
    fn add(&mut self, sweep: &Sweep, task: &Task, notes: Vec<String>) {
        for note in notes {
            let (inputs, codecs) = self.about.entry(note).or_default();
            inputs.insert(task.input);
            codecs.insert(sweep.settings[task.setting].codec());
        }
    }

    fn in_words(self) -> Vec<String> {
        let count = |inputs: &BTreeSet<usize>| match inputs.len() {
            1 => "1 input".to_owned(),
            inputs => format!("{inputs} inputs"),
        };
        let mut words = Vec::new();
        for (note, (inputs, codecs)) in &self.about {
            // Other notes are the reader's, the same for every codec.
            let with = match note.as_str() {
                note if note.contains(OVER) => {
                    format!(" with {}", codecs.iter().copied().collect::<Vec<_>>().join(", "))
                }
                _ => String::new(),
            };
            words.push(format!("{}{with}: {note}", count(inputs)));
        }
        if !self.unseen.is_empty() {
            let inputs = count(&self.unseen);
            words
                .push(format!("{inputs}: not seen from this machine, so that rows of before were taken by name alone"));
        }
        words
    }
}

/// Whether a file has as many bytes as its row says.
fn has_size(path: &Path, row: &Row) -> bool {
    fs::metadata(path).is_ok_and(|about| about.is_file() && Some(about.len()) == row.bytes)
}

/// Whether a file is the one that its row tells of.
fn is_whole(path: &Path, row: &Row) -> bool {
    has_size(path, row) && checksum(path).is_ok_and(|crc32| Some(crc32) == row.crc32)
}

fn checksum(path: &Path) -> io::Result<u32> {
    let mut file = File::open(path)?;
    let mut hasher = crc32fast::Hasher::new();
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hasher.finalize()),
            read => hasher.update(&part[..read]),
        }
    }
}
