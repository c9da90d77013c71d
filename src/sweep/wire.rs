//! What goes between the programs of a sweep on a cluster: lines of fields with tabs between, in which
//! [`escape`](super::escape()) keeps tabs and line breaks out of the fields. Who writes such a line and who reads it do
//! it here.
//!
//! A sweep sends `cortado-spark submit` a [`Plan`] and then its tasks, of which Spark makes the lines that
//! `cortado-spark worker` reads; the worker's answers come back with a number before them.
//!
//! | field | a task, as the worker reads it | its answer |
//! |---|---|---|
//! | 0 | the task's number | the task's number |
//! | 1 | the setting | the row, as [`Row::to_csv`] writes it, without the line break |
//! | 2 | the input's name | the compressed file in base64, or `\N` |
//! | 3 | the input's path; when field 5 is there, any name of its own with the extension of the bytes | the [`Facts`] |
//! | 4 | the name of the compressed file, below the folder for those; one that leads out of it is an error | |
//! | 5 | the input's bytes in base64, or `\N` when the path is to be read | |
//!
//! For `submit` a field comes before these: `1` when Spark is to read the bytes. The bytes of a value in memory are
//! then in the first of its tasks alone.

use super::escape::{escape, unescape};
use super::facts::Facts;
use super::row::Row;
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What stands for a field that is not there.
pub const NULL: &str = r"\N";

/// What a sweep's first line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The cluster's address.
    pub address: String,
    /// The file with the token that it asks for.
    pub token: Option<PathBuf>,
    /// A pattern of files that are only to be listed.
    pub list: Option<String>,
    /// What to measure, as [`Measures`](super::Measures) is written.
    pub measures: String,
    /// Bytes that an input may take.
    pub max_bytes: u64,
    /// The folder for compressed files.
    pub streams: Option<PathBuf>,
    /// Where Spark is to write rows and files as Parquet.
    pub parquet: Option<String>,
    /// How many tasks follow.
    pub tasks: usize,
}

impl Plan {
    /// The plan as a line, without its break. A path that is no UTF-8 does not travel.
    pub fn to_line(&self) -> String {
        let path = |path: &Option<PathBuf>| path.as_deref().map(|path: &Path| path.to_string_lossy().into_owned());
        json!({
            "address": self.address,
            "token": path(&self.token),
            "list": self.list,
            "measures": self.measures,
            "max_bytes": self.max_bytes,
            "streams": path(&self.streams),
            "parquet": self.parquet,
            "tasks": self.tasks,
        })
        .to_string()
    }

    /// Reads what [`Plan::to_line`] wrote.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is something else.
    pub fn from_line(line: &str) -> Result<Self> {
        let no_plan = |message: String| Error::malformed("plan of a sweep", message);
        let plan: Value = serde_json::from_str(line).map_err(|error| no_plan(error.to_string()))?;
        let text = |name: &str| plan[name].as_str().map(str::to_owned);
        let number = |name: &str| plan[name].as_u64().ok_or_else(|| no_plan(format!("it has no number {name}")));
        Ok(Self {
            address: text("address").ok_or_else(|| no_plan("it has no address".into()))?,
            token: text("token").map(PathBuf::from),
            list: text("list"),
            measures: text("measures").unwrap_or_default(),
            max_bytes: number("max_bytes")?,
            streams: text("streams").map(PathBuf::from),
            parquet: text("parquet"),
            tasks: number("tasks")? as usize,
        })
    }
}

/// A task as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLine {
    /// Its number, as it is answered; of a worker's task any text that was there.
    pub number: String,
    /// The setting.
    pub setting: String,
    /// The input's name.
    pub name: String,
    /// The input's path, or a name of its own where the bytes come along.
    pub path: String,
    /// The name of the compressed file.
    pub stream: String,
    /// The input's bytes in base64.
    pub payload: Option<String>,
}

impl TaskLine {
    /// The names of a task's fields but the last, the bytes.
    pub const FIELDS: [&str; 5] = ["task", "setting", "name", "path", "stream"];

    /// The task as the worker reads it, without a line break.
    pub fn to_line(&self) -> String {
        let texts = self.escaped().join("\t");
        format!("{}\t{texts}\t{}", self.number, self.payload.as_deref().unwrap_or(NULL))
    }

    /// The texts behind the number, escaped.
    pub fn escaped(&self) -> [String; 4] {
        [&self.setting, &self.name, &self.path, &self.stream].map(|text| escape(text))
    }

    /// Reads a line as the worker does. Whatever the line is, it has a number to answer with.
    ///
    /// # Errors
    /// The number, and what is wrong with the line.
    pub fn parse(line: &str) -> Result<Self, (String, String)> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [number, setting, name, path, stream, payload] = fields[..] else {
            return Err((fields[0].to_owned(), format!("a task has 6 fields, this line has {}", fields.len())));
        };
        let text = |field: &str, what: &str| match field {
            NULL => Err((number.to_owned(), format!("the task has no {what}"))),
            text => Ok(unescape(text)),
        };
        Ok(Self {
            number: number.to_owned(),
            setting: text(setting, "setting")?,
            name: text(name, "name")?,
            path: text(path, "path")?,
            stream: text(stream, "name for its file")?,
            payload: (payload != NULL).then(|| payload.to_owned()),
        })
    }

    /// The task as `submit` reads it: with a word before it, whether Spark is to read the bytes.
    pub fn to_submit(&self, ship: bool) -> String {
        format!("{}\t{}", u8::from(ship), self.to_line())
    }

    /// Reads what [`TaskLine::to_submit`] wrote: whether Spark is to read the bytes, the number, and the task.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is something else.
    pub fn parse_submit(line: &str) -> Result<(bool, i64, Self)> {
        let no_task = |message: String| Error::malformed("task of a sweep", message);
        let (ship, rest) = line.split_once('\t').ok_or_else(|| no_task("it has one field".into()))?;
        let task = Self::parse(rest).map_err(|(_, reason)| no_task(reason))?;
        let number = task.number.parse().map_err(|_| no_task(format!("{:?} is no number", task.number)))?;
        Ok((ship == "1", number, task))
    }

    /// The bytes that came along, if any did.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when they are no base64.
    pub fn bytes(&self) -> Result<Option<Vec<u8>>> {
        let no_bytes = |error| Error::Unsupported(format!("the task's bytes are no base64: {error}"));
        self.payload.as_ref().map(|payload| STANDARD.decode(payload).map_err(no_bytes)).transpose()
    }
}

/// Bytes as a field.
pub fn to_field(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| NULL.to_owned(), |bytes| STANDARD.encode(bytes))
}

/// A worker's answer, with the line break. A number that is none would be NULL to Spark anyway.
pub fn answer(number: &str, row: &Row, facts: &Facts, file: Option<&[u8]>) -> String {
    let number = if number.parse::<u64>().is_ok() { number } else { NULL };
    format!("{number}\t{}\t{}\t{}\n", row_field(row), to_field(file), facts.to_field())
}

/// A row as a field.
pub fn row_field(row: &Row) -> String {
    row.to_csv().trim_end_matches('\n').to_owned()
}

/// What `submit` says of a row: its fields and those of its facts, as the worker wrote them.
pub fn submitted(row: &str, facts: &str) -> String {
    format!("{row}\t{facts}")
}

/// Reads what [`submitted`] wrote.
///
/// # Errors
/// [`Error::Malformed`] when it is something else: another version's.
pub fn parse_submitted(text: &str) -> Result<(Row, Facts)> {
    let other = || Error::malformed("sweep result", "it has one field, as another version writes it");
    let (row, facts) = text.split_once('\t').ok_or_else(other)?;
    Ok((Row::from_csv(row)?, Facts::from_field(facts)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back() {
        let task = TaskLine {
            number: "7".into(),
            setting: "laff quality=9".into(),
            name: "a\tb\n\\N".into(),
            path: "/x/\\y".into(),
            stream: "a.laff".into(),
            payload: Some("AAE=".into()),
        };
        assert_eq!(TaskLine::parse(&task.to_line()).as_ref(), Ok(&task));
        assert_eq!(TaskLine::parse_submit(&task.to_submit(true)).unwrap(), (true, 7, task.clone()));
        assert_eq!(task.bytes().unwrap(), Some(vec![0, 1]));
        assert_eq!(
            TaskLine::parse("7\ta\tb").unwrap_err(),
            ("7".into(), "a task has 6 fields, this line has 3".into())
        );
        assert_eq!(TaskLine::parse("x\t\\N\ta\tb\tc\t\\N").unwrap_err().1, "the task has no setting");
        let plan = Plan { address: "sc://a".into(), list: Some("*".into()), tasks: 3, ..Plan::default() };
        assert_eq!(Plan::from_line(&plan.to_line()).unwrap(), plan);
        assert!(Plan::from_line("{}").is_err() && Plan::from_line("").is_err());
        let (row, facts) = (Row::failed("a", "b", "c\td"), Facts::default());
        assert_eq!(parse_submitted(&submitted(&row_field(&row), &facts.to_field())).unwrap(), (row, facts));
        assert!(parse_submitted("1").is_err());
    }
}
