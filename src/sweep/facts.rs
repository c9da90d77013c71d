//! What is to be known of a trial besides its row.

use super::escape::{escape, unescape};
use crate::error::{Error, Result};

/// What is to be known of a trial besides its row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Why the row is no finished one, if it is none: the next run of the same sweep tries it again.
    pub unfinished: Option<Unfinished>,
    /// What of the input the codec was not given, in words.
    pub notes: Vec<String>,
}

/// What failed that may succeed the next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// The system did not let the input be read, or had no memory for what was to be done with it.
    Input,
    /// The compressed file could not be kept.
    Stream,
}

impl Facts {
    /// Nothing but that the row is no finished one.
    pub fn unfinished(why: Unfinished) -> Self {
        Self { unfinished: Some(why), notes: Vec::new() }
    }

    /// The facts as a field of a line, never empty: `done`, `input` or `stream`, and the notes, through [`escape`].
    pub fn to_field(&self) -> String {
        let word = match self.unfinished {
            None => "done",
            Some(Unfinished::Input) => "input",
            Some(Unfinished::Stream) => "stream",
        };
        let lines = std::iter::once(word).chain(self.notes.iter().map(String::as_str));
        escape(&lines.collect::<Vec<_>>().join("\n"))
    }

    /// Reads what [`Facts::to_field`] wrote.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is something else.
    pub fn from_field(field: &str) -> Result<Self> {
        let text = unescape(field);
        let mut lines = text.split('\n');
        let unfinished = match lines.next() {
            Some("done") => None,
            Some("input") => Some(Unfinished::Input),
            Some("stream") => Some(Unfinished::Stream),
            _ => {
                let message = format!("expected done, input or stream, found {field:?}");
                return Err(Error::malformed("answer of a worker", message));
            }
        };
        Ok(Self { unfinished, notes: lines.map(str::to_owned).collect() })
    }
}
