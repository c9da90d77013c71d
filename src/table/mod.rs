//! Small tidy tables: one row an observation, one column a variable.

use crate::error::{Error, Result};
use crate::file::printable;
use std::fmt;

mod csv;
#[cfg(feature = "parquet")]
mod parquet;
mod query;
#[cfg(all(feature = "serde", not(rust_analyzer)))]
mod serde;

pub(crate) use csv::{csv_cells, csv_line};
pub use query::Record;

/// One value of a [`Table`].
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A name.
    Text(String),
    /// A whole number, such as a count of bytes.
    Int(u64),
    /// A measure; shown with three decimals.
    Float(f64),
    /// Nothing: what this row has no value for. Shown as nothing.
    Missing,
}

impl Cell {
    /// The value as a number; `None` for text and for nothing.
    pub fn number(&self) -> Option<f64> {
        match self {
            Cell::Text(_) | Cell::Missing => None,
            Cell::Int(value) => Some(*value as f64),
            Cell::Float(value) => Some(*value),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Text(text) => f.write_str(text),
            Cell::Int(value) => f.write_str(&grouped(*value)),
            Cell::Float(value) => write!(f, "{value:.3}"),
            Cell::Missing => Ok(()),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Cell::Int(value as u64)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Cell::Float(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Missing, Into::into)
    }
}

/// Named columns and rows of [`Cell`]s, shown as an HTML table in a notebook and as aligned text elsewhere: each row on
/// one line, control characters of its texts as their numbers.
///
/// ```
/// use cortado::Table;
/// let mut table = Table::new(["k", "PSNR (dB)"]);
/// table.push([16.into(), 27.5.into()]);
/// table.push([32.into(), 30.25.into()]);
/// assert_eq!(table.points("k", "PSNR (dB)")?, [(16.0, 27.5), (32.0, 30.25)]);
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self { columns: columns.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// An empty table with columns whose names are known only when the program runs.
    pub fn with_columns(columns: Vec<String>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// When the row has another number of cells than the table has columns.
    pub fn push<const N: usize>(&mut self, row: [Cell; N]) {
        self.push_row(row.to_vec());
    }

    /// Adds a row of as many cells as the table has columns.
    ///
    /// # Panics
    /// As [`Table::push`].
    pub fn push_row(&mut self, row: Vec<Cell>) {
        assert_eq!(row.len(), self.columns.len(), "a row needs one cell for each column");
        self.rows.push(row);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows, in the order they were added.
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// The rows whose cell in `column` shows as `value`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when there is no such column.
    pub fn only(&self, column: &str, value: &str) -> Result<Self> {
        let at = self.position(column)?;
        let rows = self.rows.iter().filter(|row| row[at].to_string() == value).cloned().collect();
        Ok(self.of_rows(rows))
    }

    /// The numbers of a column.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when there is no such column, it holds text or a value is missing.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>> {
        let at = self.position(column)?;
        let number = |row: &Vec<Cell>| {
            let found = || format!("{:?} in {column:?}", row[at].to_string());
            row[at].number().ok_or_else(|| Error::out_of_range("cell", found(), "a number"))
        };
        self.rows.iter().map(number).collect()
    }

    /// Two columns as points, to plot one against the other. Rows in which either is missing are left out.
    ///
    /// # Errors
    /// As [`Table::numbers`].
    pub fn points(&self, x: &str, y: &str) -> Result<Vec<(f64, f64)>> {
        let both = self.where_present(&[x, y])?;
        Ok(both.numbers(x)?.into_iter().zip(both.numbers(y)?).collect())
    }

    fn of_rows(&self, rows: Vec<Vec<Cell>>) -> Self {
        Self { columns: self.columns.clone(), rows }
    }

    fn position(&self, column: &str) -> Result<usize> {
        self.columns
            .iter()
            .position(|name| name == column)
            .ok_or_else(|| Error::out_of_range("column", format!("{column:?}"), "one of the table's columns"))
    }

    fn is_numeric(&self, column: usize) -> bool {
        self.rows.iter().all(|row| !matches!(row[column], Cell::Text(_)))
    }

    /// The table as HTML, numbers aligned to the right.
    pub fn to_html(&self) -> String {
        let row = |tag: &str, cells: Vec<String>| {
            let cells = cells.iter().enumerate().map(|(column, cell)| {
                let side = if self.is_numeric(column) { "right" } else { "left" };
                let text = escape(&printable(cell));
                format!("<{tag} style=\"text-align:{side};padding:2px 12px\">{text}</{tag}>")
            });
            format!("<tr>{}</tr>", cells.collect::<String>())
        };
        let body = self.rows.iter().map(|cells| row("td", cells.iter().map(Cell::to_string).collect()));
        format!(
            "<table><thead>{}</thead><tbody>{}</tbody></table>",
            row("th", self.columns.clone()),
            body.collect::<String>()
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.columns.iter().map(|name| printable(name)).collect();
        let body = self.rows.iter().map(|row| row.iter().map(|cell| printable(&cell.to_string())).collect());
        let lines: Vec<Vec<String>> = std::iter::once(names).chain(body).collect();
        let width =
            |column: usize| lines.iter().map(|line: &Vec<String>| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        for (number, line) in lines.iter().enumerate() {
            let cells = line.iter().enumerate().map(|(column, cell)| {
                let width = widths[column];
                if self.is_numeric(column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            write!(f, "{}{}", if number == 0 { "" } else { "\n" }, line.trim_end())?;
        }
        Ok(())
    }
}

/// A whole number with a comma between thousands.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group));
    groups.collect::<Vec<_>>().join(",")
}

/// Text for HTML, SVG and their attributes.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_numbers_grouped_aligned_and_escaped() {
        let mut table = Table::new(["what", "bytes"]);
        table.push(["a <b>".into(), 1_234_567.into()]);
        table.push(["c".into(), 89.into()]);
        assert_eq!(table.to_string(), "what       bytes\na <b>  1,234,567\nc             89");
        assert!(table.to_html().contains("a &lt;b&gt;"));
        assert_eq!(table.only("what", "c").unwrap().numbers("bytes").unwrap(), [89.0]);
        assert_eq!(
            table.numbers("what").unwrap_err().to_string(),
            "cell must be a number, but is \"a <b>\" in \"what\""
        );
        assert!(table.points("bytes", "nothing").is_err());
    }

    #[test]
    fn a_text_stays_on_its_line() {
        let mut table = Table::new(["a\x1b[2J"]);
        table.push(["b\nc\r".into()]);
        assert_eq!(table.to_string(), "a\\x1b[2J\nb\\x0ac\\x0d");
        assert!(table.to_html().contains("b\\x0ac\\x0d"));
        assert_eq!(table.only("a\x1b[2J", "b\nc\r").unwrap().len(), 1);
    }
}
