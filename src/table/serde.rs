//! Tables through serde: a cell is a number, a text or nothing; a number that JSON does not know is
//! `{"number": "inf"}`.

use super::{Cell, Table};
use ::serde::de::Error as _;
use ::serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Plain {
    Int(u64),
    Float(f64),
    Other { number: String },
    Text(String),
    Missing,
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Int(number) => Plain::Int(*number),
            Cell::Float(number) if number.is_finite() => Plain::Float(*number),
            Cell::Float(number) => Plain::Other { number: number.to_string() },
            Cell::Text(text) => Plain::Text(text.clone()),
            Cell::Missing => Plain::Missing,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Plain::deserialize(deserializer)? {
            Plain::Int(number) => Cell::Int(number),
            Plain::Float(number) => Cell::Float(number),
            Plain::Other { number } => Cell::Float(number.parse().map_err(D::Error::custom)?),
            Plain::Text(text) => Cell::Text(text),
            Plain::Missing => Cell::Missing,
        })
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Parts { columns: self.columns.clone(), rows: self.rows.clone() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Parts { columns, rows } = Parts::deserialize(deserializer)?;
        match rows.iter().find(|row| row.len() != columns.len()) {
            None => Ok(Self { columns, rows }),
            Some(row) => {
                Err(D::Error::custom(format!("a row has {} cells, and there are {} columns", row.len(), columns.len())))
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Table")]
struct Parts {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}
