//! Tables as CSV (RFC 4180): texts in quotes, numbers bare, so that what is read is what was written.
//!
//! A spreadsheet takes a text that begins with `=`, `+`, `-`, `@`, a tab or a line break for a formula, and quotes do
//! not keep it from that; an apostrophe does. So the rule, with *risky* for a text that has one of these behind any
//! number of apostrophes, none included: a risky text is written with one apostrophe more, and of a text in quotes that
//! is risky and begins with an apostrophe that one is taken away. Every text comes back: `=1` is written `"'=1"`, `'=1`
//! is written `"''=1"`, and `'tis` as it is.

use super::{Cell, Table};
use crate::error::{Error, Result};
use crate::file::{self, Existing};
use crate::limits::Limits;
use std::path::Path;

const FORMAT: &str = "CSV";

impl Table {
    /// The table as CSV with a line of names. Texts stand in quotes, those that a spreadsheet would take for a formula
    /// (`=1+1`) behind an apostrophe, which reading takes away; a float always has a point, an exponent or a name
    /// (`inf`, `NaN`), and as many digits as tell it from its neighbours; nothing stands for a missing value.
    pub fn to_csv(&self) -> String {
        let names = self.columns.iter().map(|name| Cell::Text(name.clone())).collect();
        std::iter::once(&names).chain(&self.rows).map(|row| csv_line(row)).collect()
    }

    /// Reads CSV with a line of names: what [`Table::to_csv`] wrote, or another's. What stands bare and reads as a
    /// number is one.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the byte, when the text is empty, a line has more or fewer fields than the first, or a
    /// quote stays open.
    pub fn from_csv(text: &str) -> Result<Self> {
        let mut at = 0;
        let names = read_line(text, &mut at)?;
        let columns: Vec<String> = names.iter().map(|cell| text_of(cell).into_owned()).collect();
        let mut table = Self::with_columns(columns);
        while at < text.len() {
            let start = at;
            let row = read_line(text, &mut at)?;
            if row.len() != table.columns.len() {
                let message = format!("expected {} fields, found {}", table.columns.len(), row.len());
                return Err(Error::malformed_at(FORMAT, start, message));
            }
            table.push_row(row.into_iter().map(Field::into_cell).collect());
        }
        Ok(table)
    }

    /// Writes the table to a file whose name ends in `.csv`, or with the feature `parquet` in `.parquet`, replacing an
    /// existing one; the file is never half there.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written, [`Error::Unsupported`] for another extension.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = match file::extension(path).as_str() {
            "csv" => self.to_csv().into_bytes(),
            #[cfg(feature = "parquet")]
            "parquet" => self.to_parquet()?,
            _ => return Err(no_format(path)),
        };
        file::write(path, &bytes, Existing::Replace)
    }

    /// Reads a file that [`Table::save`] or another program wrote.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read, [`Error::TooLarge`] when it is over 2 GiB, [`Error::Malformed`] when
    /// it is no table, [`Error::Unsupported`] for another extension.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = || file::read(path, &Limits::new());
        match file::extension(path).as_str() {
            "csv" => {
                let text = String::from_utf8(bytes()?);
                Self::from_csv(&text.map_err(|error| Error::malformed(FORMAT, error.utf8_error()))?)
            }
            #[cfg(feature = "parquet")]
            "parquet" => Self::from_parquet(bytes()?),
            _ => Err(no_format(path)),
        }
    }
}

fn no_format(path: &Path) -> Error {
    let parquet = if cfg!(feature = "parquet") { ".parquet" } else { ".parquet (with the feature parquet)" };
    Error::Unsupported(format!(
        "cannot tell a table's format from {}: end its name in .csv or {parquet}",
        file::shown(path)
    ))
}

/// A row and the line break after it.
pub(crate) fn csv_line(row: &[Cell]) -> String {
    let fields = row.iter().map(|cell| match cell {
        Cell::Text(text) => format!("\"{}{}\"", if is_risky(text) { "'" } else { "" }, text.replace('"', "\"\"")),
        Cell::Int(value) => value.to_string(),
        Cell::Float(value) => format!("{value:?}"),
        Cell::Missing => String::new(),
    });
    fields.collect::<Vec<_>>().join(",") + "\n"
}

/// Whether a spreadsheet may take the text for a formula, or might without apostrophes before it.
fn is_risky(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

/// The cells of one line.
pub(crate) fn csv_cells(line: &str) -> Result<Vec<Cell>> {
    Ok(read_line(line, &mut 0)?.into_iter().map(Field::into_cell).collect())
}

/// What stands between two commas.
enum Field<'a> {
    Bare(&'a str),
    Quoted(String),
}

impl Field<'_> {
    fn into_cell(self) -> Cell {
        match self {
            Field::Quoted(text) => Cell::Text(text),
            Field::Bare("") => Cell::Missing,
            Field::Bare(text) => text
                .parse()
                .map(Cell::Int)
                .or_else(|_| text.parse().map(Cell::Float))
                .unwrap_or_else(|_| Cell::Text(text.to_owned())),
        }
    }
}

fn text_of<'a>(field: &'a Field<'a>) -> std::borrow::Cow<'a, str> {
    match field {
        Field::Bare(text) => (*text).into(),
        Field::Quoted(text) => text.into(),
    }
}

/// The fields from `at` to the end of the line, after which `at` is left.
fn read_line<'a>(text: &'a str, at: &mut usize) -> Result<Vec<Field<'a>>> {
    let bytes = text.as_bytes();
    if *at >= bytes.len() {
        return Err(Error::malformed_at(FORMAT, *at, "expected a line, found the end"));
    }
    let mut fields = Vec::new();
    loop {
        fields.push(if bytes.get(*at) == Some(&b'"') { quoted(text, at)? } else { bare(text, at) });
        match bytes.get(*at) {
            Some(b',') => *at += 1,
            Some(b'\r') if bytes.get(*at + 1) == Some(&b'\n') => {
                *at += 2;
                return Ok(fields);
            }
            Some(b'\n') => {
                *at += 1;
                return Ok(fields);
            }
            None => return Ok(fields),
            Some(_) => {
                return Err(Error::malformed_at(FORMAT, *at, "expected a comma or the line's end after a quote"));
            }
        }
    }
}

fn bare<'a>(text: &'a str, at: &mut usize) -> Field<'a> {
    let rest = &text[*at..];
    let end = rest.find([',', '\n']).unwrap_or(rest.len());
    let end = if rest[..end].ends_with('\r') && rest[end..].starts_with('\n') { end - 1 } else { end };
    *at += end;
    Field::Bare(&rest[..end])
}

fn quoted<'a>(text: &'a str, at: &mut usize) -> Result<Field<'a>> {
    let start = *at;
    let mut value = String::new();
    *at += 1;
    loop {
        let rest = &text[*at..];
        let Some(end) = rest.find('"') else {
            return Err(Error::malformed_at(FORMAT, start, "a quote that nothing closes"));
        };
        value.push_str(&rest[..end]);
        *at += end + 1;
        if text.as_bytes().get(*at) != Some(&b'"') {
            if value.starts_with('\'') && is_risky(&value) {
                value.remove(0);
            }
            return Ok(Field::Quoted(value));
        }
        value.push('"');
        *at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_and_every_text_comes_back() {
        let starts = ["", "'", "''", "\"", "'\"", " ", "a"];
        let risks =
            ["", "=", "+", "-", "@", "\t", "\r", "\n", "'=", "=cmd|' /C calc'!A0", "-1", "+1.5e3", "-inf", "@SUM(1)"];
        let ends = ["", "'", "\"", "\"\"", ",", "x\ny", "=", "é"];
        let mut texts: Vec<String> = Vec::new();
        for start in starts {
            for risk in risks {
                texts.extend(ends.iter().map(|end| format!("{start}{risk}{end}")));
            }
        }
        // As cells and as names of columns, which are what stands at the beginning of lines.
        let mut table = Table::with_columns(texts.clone());
        table.push_row(texts.iter().rev().cloned().map(Cell::Text).collect());
        assert_eq!(Table::from_csv(&table.to_csv()).unwrap(), table);
        for text in &texts {
            let cell = [Cell::Text(text.clone())];
            let line = csv_line(&cell);
            assert_eq!(csv_cells(&line).unwrap(), cell, "{line}");
            // What a spreadsheet makes of the quotes.
            let seen = line[1..line.len() - 2].replace("\"\"", "\"");
            assert!(!seen.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{line}");
        }
    }

    #[test]
    fn numbers_stay_bare_and_plain_texts_as_they_are() {
        assert_eq!(
            csv_line(&[Cell::Float(-1.5), Cell::Int(7), "'tis".into(), "=1".into()]),
            "-1.5,7,\"'tis\",\"'=1\"\n"
        );
        assert_eq!(csv_cells("-1.5,'=1,\"'a\"").unwrap(), [Cell::Float(-1.5), "'=1".into(), "'a".into()]);
    }
}
