//! Tables as Parquet files: whole numbers as INT64, floats as DOUBLE, texts as strings, every column optional.

use super::{Cell, Table};
use crate::error::{Error, Result};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::Field;
use parquet::schema::types::Type;
use std::sync::Arc;

const FORMAT: &str = "Parquet";

/// How the cells of a column are stored: as what holds all of them.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Int,
    Float,
    Text,
}

impl Table {
    /// The table as a Parquet file in memory, compressed with Snappy. A column that has texts and numbers is one of
    /// texts.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when two columns have one name, [`Error::OutOfRange`] for a whole number of 2^63 or more.
    pub fn to_parquet(&self) -> Result<Vec<u8>> {
        let kinds: Vec<Kind> = (0..self.columns.len()).map(|column| self.kind(column)).collect();
        if let Some(twice) = (0..self.columns.len()).find(|&at| self.columns[..at].contains(&self.columns[at])) {
            return Err(Error::Unsupported(format!("two columns are called {}", self.columns[twice])));
        }
        if let Some(found) = self.rows.iter().flatten().find_map(|cell| match cell {
            Cell::Int(value) if i64::try_from(*value).is_err() => Some(*value),
            _ => None,
        }) {
            return Err(Error::out_of_range("cell", found, "less than 2^63"));
        }
        // Nothing but memory is written to.
        self.written(&kinds).map_err(|error| Error::Unsupported(format!("cannot write Parquet: {error}")))
    }

    fn kind(&self, column: usize) -> Kind {
        let cells = || self.rows.iter().map(|row| &row[column]);
        match () {
            () if cells().any(|cell| matches!(cell, Cell::Text(_))) => Kind::Text,
            () if cells().any(|cell| matches!(cell, Cell::Float(_))) => Kind::Float,
            () if cells().any(|cell| matches!(cell, Cell::Int(_))) => Kind::Int,
            () => Kind::Text,
        }
    }

    fn written(&self, kinds: &[Kind]) -> Result<Vec<u8>, ParquetError> {
        let field = |(name, kind): (&String, &Kind)| {
            let physical = match kind {
                Kind::Int => Physical::INT64,
                Kind::Float => Physical::DOUBLE,
                Kind::Text => Physical::BYTE_ARRAY,
            };
            let text = (*kind == Kind::Text).then_some(LogicalType::String);
            let builder = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
            builder.with_logical_type(text).build().map(Arc::new)
        };
        let fields = self.columns.iter().zip(kinds).map(field).collect::<Result<Vec<_>, _>>()?;
        let schema = Arc::new(Type::group_type_builder("table").with_fields(fields).build()?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
        let mut group = writer.next_row_group()?;
        for (column, kind) in kinds.iter().enumerate() {
            self.write_column(column, *kind, &mut group)?;
        }
        group.close()?;
        writer.into_inner()
    }

    fn write_column(
        &self,
        column: usize,
        kind: Kind,
        group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    ) -> Result<(), ParquetError> {
        let cells = || self.rows.iter().map(|row| &row[column]);
        let there: Vec<i16> = cells().map(|cell| i16::from(*cell != Cell::Missing)).collect();
        let Some(mut writer) = group.next_column()? else { return Ok(()) };
        match kind {
            Kind::Int => {
                let int = |cell: &Cell| if let Cell::Int(value) = cell { Some(*value as i64) } else { None };
                writer.typed::<Int64Type>().write_batch(
                    &cells().filter_map(int).collect::<Vec<_>>(),
                    Some(&there),
                    None,
                )?;
            }
            Kind::Float => {
                let numbers: Vec<f64> = cells().filter_map(Cell::number).collect();
                writer.typed::<DoubleType>().write_batch(&numbers, Some(&there), None)?;
            }
            Kind::Text => {
                let text = |cell: &Cell| match cell {
                    Cell::Missing => None,
                    Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                    Cell::Int(value) => Some(ByteArray::from(value.to_string().as_str())),
                    Cell::Float(value) => Some(ByteArray::from(value.to_string().as_str())),
                };
                writer.typed::<ByteArrayType>().write_batch(
                    &cells().filter_map(text).collect::<Vec<_>>(),
                    Some(&there),
                    None,
                )?;
            }
        }
        writer.close()
    }

    /// Reads a Parquet file in memory of plain columns: integers, floats, booleans (as the texts `true` and `false`)
    /// and strings. Pages may be compressed with Snappy.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the bytes are no such file, [`Error::Unsupported`] for a column of another type.
    pub fn from_parquet(bytes: Vec<u8>) -> Result<Self> {
        // The reader panics at some kinds of damage.
        let read = std::panic::catch_unwind(|| Self::read_parquet(bytes));
        read.unwrap_or_else(|_| Err(Error::malformed(FORMAT, "its pages are damaged")))
    }

    fn read_parquet(bytes: Vec<u8>) -> Result<Self> {
        let malformed = |error: ParquetError| Error::malformed(FORMAT, error);
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).map_err(malformed)?;
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let mut table =
            Self::with_columns(schema.root_schema().get_fields().iter().map(|f| f.name().to_owned()).collect());
        for row in reader.get_row_iter(None).map_err(malformed)? {
            let row = row.map_err(malformed)?;
            table.push_row(row.get_column_iter().map(|(name, field)| cell(name, field)).collect::<Result<_>>()?);
        }
        Ok(table)
    }
}

fn cell(column: &str, field: &Field) -> Result<Cell> {
    let int = |value: i64| u64::try_from(value).map_or(Cell::Float(value as f64), Cell::Int);
    Ok(match field {
        Field::Null => Cell::Missing,
        Field::Bool(value) => Cell::Text(value.to_string()),
        Field::Byte(value) => int((*value).into()),
        Field::Short(value) => int((*value).into()),
        Field::Int(value) => int((*value).into()),
        Field::Long(value) => int(*value),
        Field::UByte(value) => Cell::Int((*value).into()),
        Field::UShort(value) => Cell::Int((*value).into()),
        Field::UInt(value) => Cell::Int((*value).into()),
        Field::ULong(value) => Cell::Int(*value),
        Field::Float(value) => Cell::Float((*value).into()),
        Field::Double(value) => Cell::Float(*value),
        Field::Str(text) => Cell::Text(text.clone()),
        other => {
            return Err(Error::Unsupported(format!("column {column} holds {other:?}, which is no number and no text")));
        }
    })
}
