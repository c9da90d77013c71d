//! Rows on disk as they come, from which a stopped sweep goes on.

use super::escape::{escape, unescape};
use super::row::Row;
use super::trial::Measures;
use crate::error::{Error, Result};
use crate::file::shown;
use crate::table::{Cell, csv_cells, csv_line};
use std::collections::HashMap;
use std::fs::{self, File, FileType, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The columns before a row's own. The name of the first tells what the file is, so that it is CSV from its first byte
/// on.
const OURS: [&str; 4] = ["cortado journal 2", "measure", "limits", "notes"];
/// What every version's first line begins with, but the first one's.
const FAMILY: &str = "\"cortado journal ";

/// A finished row, and what it depends on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// What the input held, as [`Input::stamp`](super::Input::stamp) tells it.
    pub stamp: String,
    /// What was measured.
    pub measures: Measures,
    /// The limits, where they may be why there is an error.
    pub limits: Option<String>,
    /// What of the input the codec was not given.
    pub notes: Vec<String>,
    /// The row.
    pub row: Row,
}

impl Entry {
    /// Whether the row is what the same trial would give now: of an input as it is, with at least what is to be
    /// measured; an error only under the same limits and measures, either of which may be its reason.
    pub(super) fn holds(&self, stamp: Option<&str>, measures: Measures, limits: &str) -> bool {
        let same_input = stamp == Some(self.stamp.as_str());
        same_input
            && match self.row.error {
                None => self.measures.covers(measures),
                Some(_) => self.measures == measures && self.limits.as_deref() == Some(limits),
            }
    }

    fn to_csv(&self) -> String {
        let notes = (!self.notes.is_empty()).then(|| escape(&self.notes.join("\n")));
        let ours = [
            Cell::from(escape(&self.stamp)),
            Cell::from(self.measures.to_string()),
            self.limits.as_deref().map(escape).into(),
            notes.into(),
        ];
        format!("{},{}", csv_line(&ours).trim_end(), self.row.to_csv())
    }

    fn from_csv(line: &str) -> Result<Self> {
        let no_entry = |message: String| Error::malformed("sweep journal", message);
        let mut cells = csv_cells(line)?;
        if cells.len() < OURS.len() {
            return Err(no_entry(format!("a line has {} fields", cells.len())));
        }
        let row = Row::from_cells(cells.split_off(OURS.len()))?;
        let mut texts = cells.into_iter().map(|cell| match cell {
            Cell::Text(text) => Ok(Some(unescape(&text))),
            Cell::Missing => Ok(None),
            other => Err(no_entry(format!("expected text, found {other}"))),
        });
        let mut text = || texts.next().unwrap_or(Ok(None));
        Ok(Self {
            stamp: text()?.unwrap_or_default(),
            measures: text()?.unwrap_or_default().parse()?,
            limits: text()?,
            notes: text()?.map(|notes| notes.split('\n').map(str::to_owned).collect()).unwrap_or_default(),
            row,
        })
    }
}

/// Where the compressed files of a sweep go, and which they are: an entry without a setting, with the folder for its
/// input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The folder's whole path.
    pub folder: String,
    /// Their number, and what tells their names from others.
    pub files: String,
}

impl Claim {
    fn to_csv(&self) -> String {
        let row = Row::failed(self.folder.as_str(), "", "compressed files go to this folder");
        let stamp = self.files.clone();
        Entry { stamp, measures: Measures::NONE, limits: None, notes: Vec::new(), row }.to_csv()
    }
}

/// Entries by input and setting.
pub(super) type Known = HashMap<(String, String), Entry>;

/// A CSV file to which every finished row is added at once.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Whether there was none before.
    is_new: bool,
    /// The compressed files that were to be written by who had it.
    pub claims: Vec<Claim>,
}

impl Journal {
    /// Opens or begins the file; returns what is in it already, by input and setting: where there are two of one, the
    /// last. A last line that was cut off by whatever stopped the sweep is dropped.
    pub(super) fn open(path: &Path) -> Result<(Self, Known)> {
        let io = || Error::io("open", path);
        check_journal(path)?;
        let is_new = fs::symlink_metadata(path).is_err();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let mut file = options.open(path).map_err(io())?;
        check_kind(path, file.metadata().map_err(io())?.file_type())?;
        // Two sweeps that write to one journal would both do all the work.
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(Error::Unsupported(format!("{} is the journal of a sweep that is running", shown(path))));
            }
            Err(fs::TryLockError::Error(error)) => return Err(io()(error)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Error::io("read", path))?;
        let mut journal = Self { path: path.to_owned(), file, is_new, claims: Vec::new() };
        let header = header();
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        if whole == 0 && header.as_bytes().starts_with(&bytes) {
            journal.cut(0)?;
            journal.write(&header)?;
            return Ok((journal, Known::new()));
        }
        let text = std::str::from_utf8(&bytes[..whole]).map_err(|error| Error::malformed("sweep journal", error))?;
        let Some(lines) = text.strip_prefix(&header) else { return Err(foreign(path, text)) };
        journal.cut(whole as u64)?;
        let mut known = Known::new();
        for line in lines.split_inclusive('\n') {
            let entry = Entry::from_csv(line)?;
            if entry.row.setting.is_empty() {
                journal.claims.push(Claim { folder: entry.row.input, files: entry.stamp });
                continue;
            }
            known.insert((entry.row.input.clone(), entry.row.setting.clone()), entry);
        }
        Ok((journal, known))
    }

    /// Adds a row.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<()> {
        self.write(&entry.to_csv())
    }

    /// Adds where compressed files go, before the first of them is there.
    pub(super) fn claim(&mut self, claim: Claim) -> Result<()> {
        self.write(&claim.to_csv())?;
        self.claims.push(claim);
        Ok(())
    }

    /// Removes the file of a sweep that does not begin, if it was made for it.
    pub(super) fn discard(self) {
        if self.is_new {
            // What is wrong with the sweep is told.
            let _ = fs::remove_file(&self.path);
        }
    }

    fn write(&mut self, line: &str) -> Result<()> {
        self.file.write_all(line.as_bytes()).map_err(Error::io("write", &self.path))
    }

    fn cut(&mut self, len: u64) -> Result<()> {
        self.file.set_len(len).map_err(Error::io("write", &self.path))
    }
}

/// Refuses what no sweep can have as its journal: a link, whose target would be written over, a FIFO, which would be
/// waited for, a folder, a device. What is not there yet can be one. [`Sweep::run`](super::Sweep::run) does this first.
///
/// # Errors
/// [`Error::Unsupported`] with what it is.
pub fn check_journal(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    match fs::symlink_metadata(path) {
        Ok(about) => check_kind(path, about.file_type()),
        Err(_) => Ok(()),
    }
}

fn header() -> String {
    format!("{},{}", csv_line(&OURS.map(Cell::from)).trim_end(), Row::csv_header())
}

/// Why a file that is there is not gone on from.
fn foreign(path: &Path, text: &str) -> Error {
    let path = shown(path);
    Error::Unsupported(if text.starts_with(&Row::csv_header()) {
        format!(
            "{path} is a journal of an earlier version, which does not tell of which files its rows are nor what was measured: \
             remove it, and the sweep begins anew"
        )
    } else if text.starts_with(FAMILY) {
        format!("{path} is a journal of another version: remove it, and the sweep begins anew")
    } else {
        format!("{path} is there and is no journal of a sweep")
    })
}

fn check_kind(path: &Path, kind: FileType) -> Result<()> {
    let kind = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_dir() => "a folder",
        #[cfg(unix)]
        kind if std::os::unix::fs::FileTypeExt::is_fifo(&kind) => "a FIFO",
        #[cfg(unix)]
        kind if std::os::unix::fs::FileTypeExt::is_socket(&kind) => "a socket",
        _ => "a device",
    };
    Err(Error::Unsupported(format!("{} is {kind}, and the journal of a sweep is a file of its own", shown(path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(error: Option<&str>, measures: Measures) -> Entry {
        let row = Row { error: error.map(str::to_owned), bytes: Some(7), ..Row::failed("a\nb", "png", "") };
        let limits = error.map(|_| "few".to_owned());
        Entry { stamp: "file of 3 bytes".into(), measures, limits, notes: vec!["one".into(), "t\\wo".into()], row }
    }

    #[test]
    fn lines_are_read_as_they_were_written() {
        for entry in [entry(None, Measures::ALL), entry(Some("no \"picture\""), Measures::NONE)] {
            let line = entry.to_csv();
            assert_eq!(line.matches('\n').count(), 1);
            assert_eq!(Entry::from_csv(&line).unwrap(), entry);
            let without = Entry { notes: Vec::new(), ..entry };
            assert_eq!(Entry::from_csv(&without.to_csv()).unwrap(), without);
        }
        let claim = Claim { folder: "/a\nb".into(), files: "3 files".into() };
        let told = Entry::from_csv(&claim.to_csv()).unwrap();
        assert_eq!((told.row.input.as_str(), told.row.setting.as_str(), told.stamp.as_str()), ("/a\nb", "", "3 files"));
        assert!(Entry::from_csv("\"a\",\"all\"\n").is_err() && Entry::from_csv("1,2,3,4,5\n").is_err());
        assert_eq!(csv_cells(&header()).unwrap().len(), csv_cells(&entry(None, Measures::ALL).to_csv()).unwrap().len());
    }

    #[test]
    fn a_row_holds_while_nothing_that_it_depends_on_changes() {
        let stamp = Some("file of 3 bytes");
        let good = entry(None, Measures::PSNR);
        assert!(good.holds(stamp, Measures::PSNR, "few") && good.holds(stamp, Measures::NONE, "many"));
        assert!(!good.holds(stamp, Measures::ALL, "few"));
        assert!(
            !good.holds(Some("file of 4 bytes"), Measures::PSNR, "few") && !good.holds(None, Measures::PSNR, "few")
        );
        let bad = entry(Some("3 pixels exceed the limit of 2"), Measures::PSNR);
        assert!(bad.holds(stamp, Measures::PSNR, "few") && !bad.holds(stamp, Measures::PSNR, "many"));
        assert!(!bad.holds(stamp, Measures::NONE, "few") && !bad.holds(stamp, Measures::ALL, "few"));
    }
}
