//! One error for the whole crate.

use crate::names::shown;
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in one line.
///
/// `Debug` prints the same line as `Display`, so that a failing cell or a `main` that returns this error shows the
/// reader a sentence and not a structure.
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read or write a file.
    Io {
        /// What was being done, such as `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The bytes are not what they should be.
    Malformed {
        /// The format that was expected, such as `PNG`.
        format: &'static str,
        /// Where in the stream, in bytes from its start, when the decoder knows.
        offset: Option<u64>,
        /// What was expected and what was found.
        message: String,
    },
    /// The input asks for more than [`Limits`](crate::Limits) allow.
    TooLarge {
        /// What there is too much of, such as `pixels`.
        what: &'static str,
        /// How much the input asks for.
        found: u64,
        /// How much is allowed.
        limit: u64,
    },
    /// An argument is outside its range.
    OutOfRange {
        /// The argument's name, as the caller knows it.
        name: Cow<'static, str>,
        /// The value given.
        found: String,
        /// The values allowed, to be read after "must be".
        expected: Cow<'static, str>,
    },
    /// Options, each of which is allowed, that cannot be had together.
    Conflict(String),
    /// A goal, such as a PSNR or a number of bytes, that nothing allowed reaches.
    Unreachable {
        /// The goal.
        goal: String,
        /// The best there is instead.
        best: String,
    },
    /// Two arrays that must agree in shape do not.
    ShapeMismatch {
        /// The shape that was expected.
        expected: Vec<usize>,
        /// The shape that was found.
        found: Vec<usize>,
    },
    /// The input is a valid file, but of a kind that this operation does not take.
    Unsupported(String),
    /// The system has no memory for something that the limits would allow.
    OutOfMemory {
        /// How many bytes were asked for at once.
        bytes: u64,
    },
}

impl Error {
    /// An [`Error::Io`] on `path`, for use with `map_err`.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { action, path, source }
    }

    pub(crate) fn out_of_range(
        name: impl Into<Cow<'static, str>>,
        found: impl fmt::Display,
        expected: impl Into<Cow<'static, str>>,
    ) -> Error {
        Error::OutOfRange { name: name.into(), found: found.to_string(), expected: expected.into() }
    }

    pub(crate) fn malformed(format: &'static str, message: impl fmt::Display) -> Error {
        Error::Malformed { format, offset: None, message: message.to_string() }
    }

    pub(crate) fn malformed_at(format: &'static str, offset: usize, message: impl fmt::Display) -> Error {
        Error::Malformed { format, offset: Some(offset as u64), message: message.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io { action, path, source } => write!(f, "cannot {action} {}: {source}", shown(path)),
            Error::Malformed { format, offset: None, message } => write!(f, "not a valid {format} file: {message}"),
            Error::Malformed { format, offset: Some(offset), message } => {
                write!(f, "not a valid {format} file: {message} (at byte {offset})")
            }
            Error::TooLarge { what, found, limit } => {
                write!(f, "{found} {what} exceed the limit of {limit}")?;
                // Other limits are a format's own, and nothing raises them.
                if matches!(*what, "bytes" | "pixels" | "voxels") {
                    write!(f, ": Limits::{what} raises it")?;
                }
                Ok(())
            }
            Error::OutOfRange { name, found, expected } => write!(f, "{name} must be {expected}, but is {found}"),
            Error::ShapeMismatch { expected, found } => {
                write!(f, "expected an array of shape {expected:?}, found {found:?}")
            }
            Error::Unsupported(message) | Error::Conflict(message) => f.write_str(message),
            Error::Unreachable { goal, best } => write!(f, "{goal} cannot be reached: {best}"),
            Error::OutOfMemory { bytes } => write!(f, "there is no memory for {bytes} bytes"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            Error::Malformed { .. }
            | Error::TooLarge { .. }
            | Error::OutOfRange { .. }
            | Error::Conflict(_)
            | Error::Unreachable { .. }
            | Error::ShapeMismatch { .. }
            | Error::Unsupported(_)
            | Error::OutOfMemory { .. } => None,
        }
    }
}
