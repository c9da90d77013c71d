//! Whole files in and out: read under a limit, written so that nothing is ever half there.
//!
//! What is written goes to a file of its own in the output's folder, `.cortado-PROCESS-NUMBER.part`, which then takes
//! the output's name. That file goes when writing fails; a program that ends on a signal calls [`abandon`]; and what a
//! process left that was killed goes when the next one writes to the folder.

mod write;

pub use crate::names::{extension, printable, shown};
pub use write::{abandon, check, write, write_with};

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::memory;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// What to do when the file to write is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and return an error of kind [`ErrorKind::AlreadyExists`].
    Keep,
    /// Put the new one in its place.
    Replace,
}

/// The bytes of a file of at most the limits' bytes.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, [`Error::TooLarge`] when it is longer, [`Error::OutOfMemory`] when there
/// is no memory for it.
pub fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (found, mut file) = opened.map_err(Error::io("read", path))?;
    let length = if found.is_file() { limits.check_bytes(found.len())? } else { 0 };
    gather(&mut file, length, limits).map_err(|error| error.downcast().unwrap_or_else(Error::io("read", path)))
}

/// What a decoder makes of a file's bytes, which count against the limits.
pub(crate) fn open<T>(path: &Path, limits: &Limits, decode: impl FnOnce(&[u8], &Limits) -> Result<T>) -> Result<T> {
    let bytes = read(path, limits)?;
    limits.within(bytes.len() as u64, |limits| decode(&bytes, limits))
}

/// What a stream such as standard input yields, at most the limits' bytes. Errors call it by `name`.
///
/// # Errors
/// As [`read`].
pub fn read_stream(stream: &mut dyn Read, name: &str, limits: &Limits) -> Result<Vec<u8>> {
    let gathered = gather(stream, 0, limits);
    gathered.map_err(|error| error.downcast().unwrap_or_else(Error::io("read", Path::new(name))))
}

/// The error of a source without a name, or of what it is compressed with.
pub(crate) fn failed(error: io::Error) -> Error {
    error.downcast().unwrap_or_else(|source| Error::Io { action: "read", path: Default::default(), source })
}

/// All that a reader yields, when it is at most the limits' bytes; about `expected` bytes, or nobody knows. The memory
/// is reserved as it is needed, never more than the limit. Errors other than the reader's hold an [`Error`], for
/// `downcast`.
pub(crate) fn gather(reader: &mut dyn Read, expected: u64, limits: &Limits) -> io::Result<Vec<u8>> {
    let limit = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    reserve(&mut bytes, usize::try_from(expected).unwrap_or(usize::MAX).min(limit))?;
    loop {
        let room = bytes.capacity() - bytes.len();
        if room > 0 {
            let read = (&mut *reader).take(room as u64).read_to_end(&mut bytes)?;
            if bytes.len() > limit {
                return Err(io::Error::other(over(limits)));
            }
            if read < room {
                return Ok(bytes);
            }
        }
        // Whether there is more is seen before there is memory for it.
        let mut more = [0; 64];
        let read = loop {
            match reader.read(&mut more) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if read == 0 {
            return Ok(bytes);
        }
        if limit - bytes.len() < read {
            return Err(io::Error::other(over(limits)));
        }
        let growth = (bytes.len() / 2).max(1 << 16).min(limit - bytes.len());
        reserve(&mut bytes, growth)?;
        bytes.extend_from_slice(&more[..read]);
    }
}

/// Room for so many bytes more, or an [`Error::OutOfMemory`].
pub(crate) fn reserve(bytes: &mut Vec<u8>, more: usize) -> io::Result<()> {
    memory::try_reserve_exact(bytes, more).map_err(io::Error::other)
}

/// More than the limit; nobody knows how much.
pub(crate) fn over(limits: &Limits) -> Error {
    Error::TooLarge { what: "bytes", found: limits.bytes.saturating_add(1), limit: limits.bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathers_up_to_the_limit_in_no_more_memory() {
        let source: Vec<u8> = (0..300_000u32).map(|at| (at % 251) as u8).collect();
        for expected in [0, 1, 299_999, 300_000, 400_000] {
            for limit in [300_000, 300_001, 1 << 40] {
                let bytes = gather(&mut &source[..], expected, &Limits::new().bytes(limit)).unwrap();
                assert!(bytes == source, "{expected} {limit}");
                assert!(bytes.capacity() as u64 <= limit.min(450_000), "{}", bytes.capacity());
            }
            for limit in [0, 1, 70_000, 299_999] {
                let error = gather(&mut &source[..], expected, &Limits::new().bytes(limit)).unwrap_err();
                assert!(matches!(error.downcast::<Error>(), Ok(Error::TooLarge { .. })), "{expected} {limit}");
            }
        }
    }
}
