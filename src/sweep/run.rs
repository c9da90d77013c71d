//! A sweep while it runs: the rows that are there, in their places, and how far it is.

use super::journal::{Journal, Known};
use super::{Done, Input, Progress, Row, Sweep, Task};
use crate::error::Result;
use std::time::{Duration, Instant};

pub(super) struct Run<'a> {
    sweep: &'a Sweep,
    /// The settings in words.
    settings: Vec<String>,
    /// A place for every input with every setting, input by input.
    rows: Vec<Option<Row>>,
    journal: Option<Journal>,
    begun: Instant,
    progress: Progress,
}

impl<'a> Run<'a> {
    /// Begins with what is in the journal.
    pub fn begin(sweep: &'a Sweep) -> Result<Self> {
        let settings: Vec<String> = sweep.settings.iter().map(ToString::to_string).collect();
        let (journal, mut known) = match &sweep.journal {
            Some(path) => Journal::open(path).map(|(journal, known)| (Some(journal), known))?,
            None => (None, Known::new()),
        };
        let mut rows = Vec::with_capacity(sweep.len());
        for Input { name, .. } in &sweep.inputs {
            rows.extend(settings.iter().map(|setting| known.remove(&(name.clone(), setting.clone()))));
        }
        let there = rows.iter().flatten().count();
        let progress = Progress {
            done: there,
            total: rows.len(),
            errors: rows.iter().flatten().filter(|row| row.error.is_some()).count(),
            resumed: there,
            missing: 0,
            elapsed: Duration::ZERO,
        };
        let run = Self { sweep, settings, rows, journal, begun: Instant::now(), progress };
        run.tell();
        Ok(run)
    }

    /// What is left to do, by input.
    pub fn tasks(&self) -> Vec<Task> {
        let task = |at: usize| Task { input: at / self.settings.len(), setting: at % self.settings.len() };
        (0..self.rows.len()).filter(|&at| self.rows[at].is_none()).map(task).collect()
    }

    /// Keeps a result, on disk first. What is delivered twice counts once.
    pub fn take(&mut self, done: Done) -> Result<()> {
        let at = done.task.input * self.settings.len() + done.task.setting;
        if self.rows[at].is_some() {
            return Ok(());
        }
        if let Some(journal) = &mut self.journal {
            journal.add(&done.row)?;
        }
        self.progress.done += 1;
        self.progress.errors += usize::from(done.row.error.is_some());
        self.rows[at] = Some(done.row);
        self.tell();
        Ok(())
    }

    /// All rows. What was asked for and did not come becomes a row that says so: a backend that loses one may not know it.
    pub fn finish(mut self) -> Vec<Row> {
        for Task { input, setting } in self.tasks() {
            let name = &self.sweep.inputs[input].name;
            let row = Row::failed(name, &self.settings[setting], "the backend returned nothing");
            self.rows[input * self.settings.len() + setting] = Some(row);
            self.progress.missing += 1;
            self.progress.errors += 1;
        }
        if self.progress.missing > 0 {
            self.tell();
        }
        self.rows.into_iter().flatten().collect()
    }

    fn tell(&self) {
        if let Some(watch) = &self.sweep.watch {
            watch(&Progress { elapsed: self.begun.elapsed(), ..self.progress });
        }
    }
}
