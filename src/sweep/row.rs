//! What one trial found.

use super::escape::{escape, unescape};
use crate::catalogue::Setting;
use crate::error::{Error, Result};
use crate::table::{Cell, Table, csv_cells, csv_line};

/// What one codec did to one input: a row of a sweep's table before its parameters have columns of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The input's name.
    pub input: String,
    /// The codec and its parameters, as [`Setting`] writes them.
    pub setting: String,
    /// Bytes of the samples or labels.
    pub raw_bytes: Option<u64>,
    /// Bytes of the compressed file.
    pub bytes: Option<u64>,
    /// CRC-32 of the compressed file.
    pub crc32: Option<u32>,
    /// Raw bytes / compressed bytes.
    pub ratio: Option<f64>,
    /// Bits of the compressed file for each pixel or voxel.
    pub bits_per_pixel: Option<f64>,
    /// Of photos, in dB; infinite without loss.
    pub psnr_db: Option<f64>,
    /// Of photos, 1 without loss; none where a side is less than 11 pixels.
    pub ssim: Option<f64>,
    /// Of photos, 100 without loss; none where the measure is not defined.
    pub ssimulacra2: Option<f64>,
    /// Whether what was decoded is what the input's file held: never of one that had more than 8 bits a sample or
    /// transparency.
    pub exact: Option<bool>,
    /// Milliseconds that encoding took, on one thread.
    pub encode_ms: Option<f64>,
    /// Milliseconds that decoding took, on one thread.
    pub decode_ms: Option<f64>,
    /// Why there is nothing else.
    pub error: Option<String>,
}

/// The columns of a row that are the same for every codec.
pub(super) const MEASURES: [&str; 12] = [
    "raw_bytes",
    "bytes",
    "crc32",
    "ratio",
    "bits_per_pixel",
    "psnr_db",
    "ssim",
    "ssimulacra2",
    "exact",
    "encode_ms",
    "decode_ms",
    "error",
];

/// The columns in which two runs of one sweep differ.
pub const TIMES: [&str; 2] = ["encode_ms", "decode_ms"];

impl Row {
    /// A row of nothing but an error.
    pub fn failed(input: impl Into<String>, setting: impl Into<String>, error: impl Into<String>) -> Self {
        Self {
            input: input.into(),
            setting: setting.into(),
            raw_bytes: None,
            bytes: None,
            crc32: None,
            ratio: None,
            bits_per_pixel: None,
            psnr_db: None,
            ssim: None,
            ssimulacra2: None,
            exact: None,
            encode_ms: None,
            decode_ms: None,
            error: Some(error.into()),
        }
    }

    fn measures(&self) -> [Cell; MEASURES.len()] {
        [
            self.raw_bytes.map(Cell::Int).into(),
            self.bytes.map(Cell::Int).into(),
            self.crc32.map(|crc| format!("{crc:08x}")).into(),
            self.ratio.into(),
            self.bits_per_pixel.into(),
            self.psnr_db.into(),
            self.ssim.into(),
            self.ssimulacra2.into(),
            self.exact.map(|exact| if exact { "yes" } else { "no" }).into(),
            self.encode_ms.into(),
            self.decode_ms.into(),
            self.error.clone().into(),
        ]
    }

    /// The names of the cells of [`Row::to_csv`], as a line.
    pub fn csv_header() -> String {
        let names = ["input", "setting"].into_iter().chain(MEASURES).map(Cell::from);
        csv_line(&names.collect::<Vec<_>>())
    }

    /// The row as one line of CSV: what is no single line in it goes through [`escape`](super::escape()).
    pub fn to_csv(&self) -> String {
        let named = [Cell::from(self.input.as_str()), Cell::from(self.setting.as_str())];
        let single = |cell| match cell {
            Cell::Text(text) => Cell::Text(escape(&text)),
            other => other,
        };
        csv_line(&named.into_iter().chain(self.measures()).map(single).collect::<Vec<_>>())
    }

    /// Reads a line that [`Row::to_csv`] wrote.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is no such line.
    pub fn from_csv(line: &str) -> Result<Self> {
        Self::from_cells(csv_cells(line)?)
    }

    pub(super) fn from_cells(cells: Vec<Cell>) -> Result<Self> {
        let found = cells.len();
        let no_row = |message: String| Error::malformed("sweep row", message);
        let [
            input,
            setting,
            raw_bytes,
            bytes,
            crc32,
            ratio,
            bits,
            psnr,
            ssim,
            ssimulacra2,
            exact,
            encode,
            decode,
            error,
        ] = <[Cell; 2 + MEASURES.len()]>::try_from(cells)
            .map_err(|_| no_row(format!("expected {} fields, found {found}", 2 + MEASURES.len())))?;
        let text = |cell: Cell| match cell {
            Cell::Text(text) => Ok(Some(unescape(&text))),
            Cell::Missing => Ok(None),
            other => Err(no_row(format!("expected text, found {other}"))),
        };
        let whole = |cell: Cell| match cell {
            Cell::Int(value) => Ok(Some(value)),
            Cell::Missing => Ok(None),
            other => Err(no_row(format!("expected a whole number, found {other}"))),
        };
        let float = |cell: Cell| match cell {
            Cell::Text(text) => Err(no_row(format!("expected a number, found {text}"))),
            other => Ok(other.number()),
        };
        let crc = |text: String| {
            u32::from_str_radix(&text, 16).map_err(|_| no_row(format!("expected a CRC-32, found {text}")))
        };
        let truth = |text: String| match text.as_str() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(no_row(format!("expected yes or no, found {text}"))),
        };
        Ok(Self {
            input: text(input)?.unwrap_or_default(),
            setting: text(setting)?.unwrap_or_default(),
            raw_bytes: whole(raw_bytes)?,
            bytes: whole(bytes)?,
            crc32: text(crc32)?.map(crc).transpose()?,
            ratio: float(ratio)?,
            bits_per_pixel: float(bits)?,
            psnr_db: float(psnr)?,
            ssim: float(ssim)?,
            ssimulacra2: float(ssimulacra2)?,
            exact: text(exact)?.map(truth).transpose()?,
            encode_ms: float(encode)?,
            decode_ms: float(decode)?,
            error: text(error)?,
        })
    }
}

/// The tidy table of rows: the input, the codec, a column for every parameter that a setting gives, and what was
/// measured.
pub(super) fn table(rows: &[Row], settings: &[Setting]) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in settings.iter().flat_map(Setting::parameters) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let columns = ["input", "codec"].into_iter().chain(names.iter().copied()).chain(MEASURES);
    let mut table = Table::with_columns(columns.map(str::to_owned).collect());
    let by_text: std::collections::HashMap<String, &Setting> =
        settings.iter().map(|setting| (setting.to_string(), setting)).collect();
    for row in rows {
        let Some(setting) = by_text.get(&row.setting) else { continue };
        let value = |name: &&str| {
            let given = setting.parameters().find(|(given, _)| given == name);
            given.map_or(Cell::Missing, |(_, value)| parameter(value))
        };
        let named = [Cell::from(row.input.as_str()), Cell::from(setting.codec())];
        table.push_row(named.into_iter().chain(names.iter().map(value)).chain(row.measures()).collect());
    }
    table
}

fn parameter(value: &str) -> Cell {
    let float = || value.parse().ok().filter(|float: &f64| float.is_finite()).map(Cell::Float);
    value.parse().ok().map(Cell::Int).or_else(float).unwrap_or_else(|| Cell::Text(value.to_owned()))
}
