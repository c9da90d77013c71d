//! Rows on disk as they come, from which a stopped sweep goes on.

use super::row::Row;
use crate::error::{Error, Limits, Result};
use crate::file;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Rows by input and setting.
pub(super) type Known = HashMap<(String, String), Row>;

/// A CSV file to which every finished row is added at once.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens or begins the file; returns the rows that are in it already, by input and setting. A last line that was cut off
    /// by whatever stopped the sweep is dropped.
    pub fn open(path: &Path) -> Result<(Self, Known)> {
        let io = || Error::io("open", path);
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(io())?;
        // Two sweeps that write to one journal would both do all the work.
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let message = format!("{} is the journal of a sweep that is running", path.display());
                return Err(Error::Unsupported(message));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(io()(error)),
        }
        let bytes = file::read(path, &Limits::new())?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        let text = std::str::from_utf8(&bytes[..whole]).map_err(|error| Error::malformed("sweep journal", error))?;
        let header = Row::csv_header();
        let mut journal = Self { path: path.to_owned(), file };
        let mut rows = Known::new();
        if whole == 0 && header.as_bytes().starts_with(&bytes) {
            journal.cut(0)?;
            journal.write(&header)?;
            return Ok((journal, rows));
        }
        let Some(lines) = text.strip_prefix(&header) else {
            let message = format!("{} is there and is no journal of a sweep", path.display());
            return Err(Error::Unsupported(message));
        };
        journal.cut(whole as u64)?;
        for line in lines.split_inclusive('\n') {
            let row = Row::from_csv(line)?;
            rows.insert((row.input.clone(), row.setting.clone()), row);
        }
        Ok((journal, rows))
    }

    /// Adds a row.
    pub fn add(&mut self, row: &Row) -> Result<()> {
        self.write(&row.to_csv())
    }

    fn write(&mut self, line: &str) -> Result<()> {
        self.file.write_all(line.as_bytes()).map_err(Error::io("write", &self.path))
    }

    fn cut(&mut self, len: u64) -> Result<()> {
        self.file.set_len(len).map_err(Error::io("write", &self.path))
    }
}
