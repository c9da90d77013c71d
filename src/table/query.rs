//! What one asks a table of results.

use super::{Cell, Table};
use crate::error::Result;
use std::cmp::Ordering;

/// One row of a [`Table`], its cells asked for by the columns' names.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    table: &'a Table,
    cells: &'a [Cell],
}

impl Record<'_> {
    /// The cell of a column; `None` when there is no such column or nothing in it.
    pub fn cell(&self, column: &str) -> Option<&Cell> {
        let at = self.table.columns.iter().position(|name| name == column)?;
        Some(&self.cells[at]).filter(|cell| **cell != Cell::Missing)
    }

    /// The number in a column; `None` when there is none.
    pub fn number(&self, column: &str) -> Option<f64> {
        self.cell(column)?.number()
    }

    /// What a column shows; empty when there is nothing.
    pub fn text(&self, column: &str) -> String {
        self.cell(column).map(Cell::to_string).unwrap_or_default()
    }
}

impl Table {
    /// The rows one by one.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.rows.iter().map(|cells| Record { table: self, cells })
    }

    /// The rows for which `keep` says so.
    ///
    /// ```
    /// use cortado::Table;
    /// let mut table = Table::new(["k", "psnr_db"]);
    /// table.push([16.into(), 27.5.into()]);
    /// table.push([32.into(), 30.25.into()]);
    /// assert_eq!(table.filter(|row| row.number("psnr_db") > Some(30.0)).len(), 1);
    /// ```
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&Record<'_>) -> bool) -> Self {
        let kept = self.records().filter(|record| keep(record)).map(|record| record.cells.to_vec());
        self.of_rows(kept.collect())
    }

    /// The rows that have something in each of these columns.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) when there is no such column.
    pub fn where_present(&self, columns: &[&str]) -> Result<Self> {
        let at: Vec<usize> = columns.iter().map(|column| self.position(column)).collect::<Result<_>>()?;
        let rows = self.rows.iter().filter(|row| at.iter().all(|&at| row[at] != Cell::Missing));
        Ok(self.of_rows(rows.cloned().collect()))
    }

    /// The rows whose number in `column` is `bound` or more.
    ///
    /// # Errors
    /// As [`Table::where_present`].
    pub fn at_least(&self, column: &str, bound: f64) -> Result<Self> {
        let at = self.position(column)?;
        let rows = self.rows.iter().filter(|row| row[at].number().is_some_and(|number| number >= bound));
        Ok(self.of_rows(rows.cloned().collect()))
    }

    /// The rows whose number in `column` is `bound` or less.
    ///
    /// # Errors
    /// As [`Table::where_present`].
    pub fn at_most(&self, column: &str, bound: f64) -> Result<Self> {
        let at = self.position(column)?;
        let rows = self.rows.iter().filter(|row| row[at].number().is_some_and(|number| number <= bound));
        Ok(self.of_rows(rows.cloned().collect()))
    }

    /// The row with the least number in `column`, the first of equal ones; no row when none has a number there. After
    /// [`Table::at_least`] it is the best under a constraint.
    ///
    /// # Errors
    /// As [`Table::where_present`].
    pub fn least(&self, column: &str) -> Result<Self> {
        self.extreme(column, Ordering::Less)
    }

    /// The row with the greatest number in `column`; otherwise as [`Table::least`].
    ///
    /// # Errors
    /// As [`Table::where_present`].
    pub fn greatest(&self, column: &str) -> Result<Self> {
        self.extreme(column, Ordering::Greater)
    }

    fn extreme(&self, column: &str, wanted: Ordering) -> Result<Self> {
        let at = self.position(column)?;
        let numbers = self.rows.iter().filter_map(|row| Some((row[at].number().filter(|n| !n.is_nan())?, row)));
        let best = numbers.reduce(|best, row| if row.0.total_cmp(&best.0) == wanted { row } else { best });
        Ok(self.of_rows(best.into_iter().map(|(_, row)| row.clone()).collect()))
    }

    /// The rows in the order of a column: numbers from the least, then texts, then rows without a value. Equal ones
    /// keep their order.
    ///
    /// # Errors
    /// As [`Table::where_present`].
    pub fn sorted(&self, column: &str) -> Result<Self> {
        let at = self.position(column)?;
        let mut rows = self.rows.clone();
        rows.sort_by(|a, b| compare(&a[at], &b[at]));
        Ok(self.of_rows(rows))
    }

    /// The rows in the opposite order.
    #[must_use]
    pub fn reversed(&self) -> Self {
        self.of_rows(self.rows.iter().rev().cloned().collect())
    }

    /// The rows of every value of a column, in the order of their first.
    ///
    /// # Errors
    /// As [`Table::where_present`].
    pub fn groups(&self, column: &str) -> Result<Vec<(Cell, Self)>> {
        let at = self.position(column)?;
        let mut groups: Vec<(Cell, Self)> = Vec::new();
        for row in &self.rows {
            let group = match groups.iter_mut().position(|(value, _)| *value == row[at]) {
                Some(group) => group,
                None => {
                    groups.push((row[at].clone(), self.of_rows(Vec::new())));
                    groups.len() - 1
                }
            };
            groups[group].1.rows.push(row.clone());
        }
        Ok(groups)
    }

    /// One row for every combination of values of the columns `by`, in the order of their first: how many rows have it
    /// (`rows`), and of every other column of numbers the mean of those that are there.
    ///
    /// # Errors
    /// As [`Table::where_present`].
    pub fn means(&self, by: &[&str]) -> Result<Self> {
        let keys: Vec<usize> = by.iter().map(|column| self.position(column)).collect::<Result<_>>()?;
        let measured = (0..self.columns.len()).filter(|column| !keys.contains(column));
        let has_numbers = |&column: &usize| {
            self.is_numeric(column) && self.rows.iter().any(|row: &Vec<Cell>| row[column].number().is_some())
        };
        let measured: Vec<usize> = measured.filter(has_numbers).collect();
        let mut groups: Vec<(Vec<&Cell>, Vec<&Vec<Cell>>)> = Vec::new();
        for row in &self.rows {
            let key: Vec<&Cell> = keys.iter().map(|&column| &row[column]).collect();
            match groups.iter_mut().find(|group| group.0 == key) {
                Some(group) => group.1.push(row),
                None => groups.push((key, vec![row])),
            }
        }
        let name = |&column: &usize| self.columns[column].clone();
        let columns = keys.iter().map(name).chain(["rows".to_owned()]).chain(measured.iter().map(name));
        let mut means = Self::with_columns(columns.collect());
        for (key, rows) in groups {
            let mean = |&column: &usize| {
                let numbers: Vec<f64> = rows.iter().filter_map(|row| row[column].number()).collect();
                Cell::from((!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64))
            };
            let counted = [Cell::from(rows.len())];
            means.push_row(key.into_iter().cloned().chain(counted).chain(measured.iter().map(mean)).collect());
        }
        Ok(means)
    }

    /// The Pareto front where less of `cost` and more of `gain` is better: the rows than which no other is better in
    /// one and as good in the other, from the cheapest; of equal ones the first. Rows without either number are left
    /// out.
    ///
    /// ```
    /// use cortado::Table;
    /// let mut table = Table::new(["bytes", "psnr_db"]);
    /// for (bytes, db) in [(90, 30.0), (50, 28.0), (70, 27.0), (95, 29.5)] {
    ///     table.push([bytes.into(), db.into()]);
    /// }
    /// assert_eq!(table.pareto("bytes", "psnr_db")?.points("bytes", "psnr_db")?, [(50.0, 28.0), (90.0, 30.0)]);
    /// # Ok::<(), cortado::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Table::where_present`].
    pub fn pareto(&self, cost: &str, gain: &str) -> Result<Self> {
        let (cost, gain) = (self.position(cost)?, self.position(gain)?);
        let measured = self.rows.iter().filter_map(|row| Some((row[cost].number()?, row[gain].number()?, row)));
        let mut rows: Vec<_> = measured.filter(|(cost, gain, _)| !cost.is_nan() && !gain.is_nan()).collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let mut best = None;
        rows.retain(|&(_, gain, _)| {
            let better = best.is_none_or(|best| gain > best);
            best = if better { Some(gain) } else { best };
            better
        });
        Ok(self.of_rows(rows.into_iter().map(|(_, _, row)| row.clone()).collect()))
    }

    /// These columns, in this order.
    ///
    /// # Errors
    /// As [`Table::where_present`].
    pub fn select(&self, columns: &[&str]) -> Result<Self> {
        let at: Vec<usize> = columns.iter().map(|column| self.position(column)).collect::<Result<_>>()?;
        let row = |row: &Vec<Cell>| at.iter().map(|&column| row[column].clone()).collect();
        Ok(Self {
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows: self.rows.iter().map(row).collect(),
        })
    }

    /// The table without these columns; those that it has not are no error.
    #[must_use]
    pub fn without(&self, columns: &[&str]) -> Self {
        let kept: Vec<&str> = self.columns.iter().map(String::as_str).filter(|name| !columns.contains(name)).collect();
        self.select(&kept).expect("the table's own columns")
    }
}

fn compare(a: &Cell, b: &Cell) -> Ordering {
    let kind = |cell: &Cell| match cell {
        Cell::Int(_) | Cell::Float(_) => 0,
        Cell::Text(_) => 1,
        Cell::Missing => 2,
    };
    match (a, b) {
        (Cell::Int(a), Cell::Int(b)) => a.cmp(b),
        (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
        _ => match (a.number(), b.number()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => kind(a).cmp(&kind(b)),
        },
    }
}
