//! One codec on one input: the function that every backend runs.

use super::input::Data;
use super::row::Row;
use super::setting::{Setting, unsupported};
use crate::error::{Error, Result};
use crate::file::{self, Existing};
use crate::metrics;
use crate::photo::Photo;
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::str::FromStr;
use std::time::Instant;

/// What is measured of a compressed input besides its size.
///
/// As text: `all`, `none`, or some of `psnr`, `ssim`, `ssimulacra2` with commas between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measures {
    decode: bool,
    ssim: bool,
    ssimulacra2: bool,
}

impl Measures {
    /// Everything: decoding, exactness, PSNR, SSIM and SSIMULACRA 2. The last two take longer than most codecs.
    pub const ALL: Self = Self { decode: true, ssim: true, ssimulacra2: true };
    /// Decoding, exactness and PSNR, which cost next to nothing.
    pub const PSNR: Self = Self { decode: true, ssim: false, ssimulacra2: false };
    /// Sizes only: nothing is decoded.
    pub const NONE: Self = Self { decode: false, ssim: false, ssimulacra2: false };
}

impl Default for Measures {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromStr for Measures {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "all" => return Ok(Self::ALL),
            "none" => return Ok(Self::NONE),
            _ => {}
        }
        let mut measures = Self::PSNR;
        for name in text.split(',') {
            match name {
                "psnr" => {}
                "ssim" => measures.ssim = true,
                "ssimulacra2" => measures.ssimulacra2 = true,
                other => {
                    let expected = "all, none, or some of psnr, ssim and ssimulacra2 with commas between";
                    return Err(unsupported(format!("cannot measure {other:?}: expected {expected}")));
                }
            }
        }
        Ok(measures)
    }
}

impl fmt::Display for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.decode, self.ssim, self.ssimulacra2) {
            (false, ..) => "none",
            (_, true, true) => "all",
            (_, true, false) => "ssim",
            (_, false, true) => "ssimulacra2",
            (_, false, false) => "psnr",
        })
    }
}

/// Compresses `data` (or tells why there is none), measures, and returns the row together with the compressed file; no file when
/// the row has an error. A codec that panics gives an error. With a folder and a name below it the file is kept there, too.
pub fn run(
    name: &str,
    data: Result<&Data, String>,
    setting: &Setting,
    measures: Measures,
    place: Option<(&Path, &str)>,
) -> (Row, Option<Vec<u8>>) {
    let tried = data.and_then(|data| {
        guarded(|| {
            let (row, file) = measure(name, data, setting, measures)?;
            if let Some((folder, below)) = place {
                keep(folder, below, &file)?;
            }
            Ok((row, Some(file)))
        })
    });
    tried.unwrap_or_else(|error| (Row::failed(name, setting.to_string(), one_line(&error)), None))
}

fn measure(name: &str, data: &Data, setting: &Setting, measures: Measures) -> Result<(Row, Vec<u8>)> {
    let started = Instant::now();
    let file = setting.coder.encode(data)?;
    let encode_ms = started.elapsed().as_secs_f64() * 1e3;
    let mut row = Row {
        raw_bytes: Some(data.raw_bytes() as u64),
        bytes: Some(file.len() as u64),
        crc32: Some(crc32fast::hash(&file)),
        ratio: (!file.is_empty()).then(|| metrics::compression_ratio(data.raw_bytes(), file.len())),
        bits_per_pixel: (data.elements() > 0).then(|| metrics::bits_per_pixel(file.len(), data.elements())),
        encode_ms: Some(encode_ms),
        error: None,
        ..Row::failed(name, setting.to_string(), "")
    };
    if measures.decode {
        let started = Instant::now();
        let decoded = setting.coder.decode(&file, data)?;
        row.decode_ms = Some(started.elapsed().as_secs_f64() * 1e3);
        row.exact = Some(decoded == *data);
        if let (Data::Photo(photo), Data::Photo(decoded)) = (data, &decoded) {
            compare(photo, decoded, measures, &mut row)?;
        }
    }
    Ok((row, file))
}

fn compare(photo: &Photo, decoded: &Photo, measures: Measures, row: &mut Row) -> Result<()> {
    row.psnr_db = Some(metrics::psnr(photo, decoded)?);
    // Small photos have neither of the two.
    row.ssim = measures.ssim.then(|| metrics::ssim(photo, decoded).ok()).flatten();
    row.ssimulacra2 = measures.ssimulacra2.then(|| metrics::ssimulacra2(photo, decoded).ok()).flatten();
    Ok(())
}

/// Runs `work`; an error or a panic becomes a text.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("the codec panicked: {}", message(&*panic))),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes a compressed file below `folder`, making the folders that its name asks for.
fn keep(folder: &Path, name: &str, file: &[u8]) -> Result<()> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
    }
    file::write(&path, file, Existing::Replace)
}
