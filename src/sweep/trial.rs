//! One codec on one input: the function that every backend runs.

use super::facts::{Facts, Unfinished};
use super::input::Source;
use super::row::Row;
use crate::catalogue::Setting;
use crate::codec::{Data, Reading};
use crate::error::{Error, Result};
use crate::file::{self, Existing};
use crate::limits::Limits;
use crate::metrics;
use crate::photo::Photo;
use crate::words::as_text;
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path};
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

    /// Whether all that `other` asks for is measured.
    pub(super) fn covers(self, other: Self) -> bool {
        (self.decode || !other.decode) && (self.ssim || !other.ssim) && (self.ssimulacra2 || !other.ssimulacra2)
    }

    /// Takes out of a row what is not asked for.
    pub(super) fn trim(self, row: &mut Row) {
        if !self.decode {
            row.decode_ms = None;
            row.exact = None;
            row.psnr_db = None;
        }
        if !self.ssim {
            row.ssim = None;
        }
        if !self.ssimulacra2 {
            row.ssimulacra2 = None;
        }
    }
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
                    return Err(Error::Unsupported(format!("cannot measure {other:?}: expected {expected}")));
                }
            }
        }
        Ok(measures)
    }
}

as_text!(Measures);

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

/// What came of one trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The row.
    pub row: Row,
    /// What is to be known besides.
    pub facts: Facts,
    /// The compressed file; none when the row has an error.
    pub file: Option<Vec<u8>>,
}

/// Why there is no input to compress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason.
    pub error: String,
    /// Whether it may be there the next time: when the system did not let it be read or had no memory for it, not when
    /// it is damaged.
    pub retry: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error: error.to_string(), retry: matches!(error, Error::Io { .. } | Error::OutOfMemory { .. }) }
    }
}

impl From<String> for Failure {
    fn from(error: String) -> Self {
        Self { error, retry: false }
    }
}

impl From<&str> for Failure {
    fn from(error: &str) -> Self {
        error.to_owned().into()
    }
}

/// Compresses an input (or tells why there is none), measures, and returns the row together with the compressed file. A
/// codec that panics gives an error. With a folder and a name below it the file is kept there, too: it is there before
/// the row is. `limits` hold for decoding. A name that leads out of the folder gives an error, and nothing is written.
pub fn run(
    name: &str,
    source: Result<&Source, Failure>,
    setting: &Setting,
    measures: Measures,
    limits: &Limits,
    place: Option<(&Path, &str)>,
) -> Trial {
    let tried = source.map_err(|failure| {
        let why = failure.retry.then_some(Unfinished::Input);
        (failure.error, why)
    });
    let tried = tried.and_then(|source| {
        // A name that leads elsewhere is known before there is any work.
        let checked = place.map_or(Ok(()), |(_, below)| check_name(below));
        checked.map_err(|error| (error.to_string(), Some(Unfinished::Stream)))?;
        let measured = guarded(|| measure(name, source, setting, measures, limits));
        let (row, file) = measured.map_err(|failure| (failure.error, failure.retry.then_some(Unfinished::Input)))?;
        if let Some((folder, below)) = place {
            let kept = guarded(|| keep(folder, below, &file));
            kept.map_err(|failure| (failure.error, Some(Unfinished::Stream)))?;
        }
        let facts = Facts { unfinished: None, notes: source.notes(setting) };
        Ok(Trial { row, facts, file: Some(file) })
    });
    tried.unwrap_or_else(|(error, unfinished)| Trial {
        row: Row::failed(name, setting.to_string(), one_line(&error)),
        facts: Facts { unfinished, notes: Vec::new() },
        file: None,
    })
}

fn measure(
    name: &str,
    source: &Source,
    setting: &Setting,
    measures: Measures,
    limits: &Limits,
) -> Result<(Row, Vec<u8>)> {
    let data = source.data();
    let started = Instant::now();
    let file = setting.encode_given(&source.given())?;
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
        let decoded = setting.decode(&file, &Reading::new(*limits).like(data))?;
        row.decode_ms = Some(started.elapsed().as_secs_f64() * 1e3);
        // What reading gave up is not in what was decoded.
        row.exact = Some(source.is_whole() && decoded == *data);
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

/// Runs `work`; an error or a panic becomes a reason.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Failure::from),
        Err(panic) => Err(format!("the codec panicked: {}", message(&*panic)).into()),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Refuses a name that leads out of the folder it is to be below, or is none.
fn check_name(name: &str) -> Result<()> {
    let mut parts = Path::new(name).components().peekable();
    if parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_))) {
        return Ok(());
    }
    Err(Error::Unsupported(format!("the name {name:?} of a compressed file leads out of the folder for them")))
}

/// Writes a compressed file below `folder`, making the folders that its name asks for.
fn keep(folder: &Path, name: &str, file: &[u8]) -> Result<()> {
    check_name(name)?;
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
    }
    file::write(&path, file, Existing::Replace)
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_stay_below_their_folder() {
        for name in ["a.png", "a/b.png", "..a/b..png", "a b", "a\\xFF.png"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "..", "../a", "a/../../b", "/a", "/", ".", "./a", "a/.."] {
            assert!(check_name(name).is_err(), "{name}");
        }
        #[cfg(windows)]
        for name in ["\\a", "C:a", "C:\\a", "\\\\host\\share\\a", "..\\a"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
