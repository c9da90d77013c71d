//! What a sweep compresses: files, folders, patterns, and values in memory.

use crate::catalogue::{self, Setting};
use crate::codec::{Data, Decoded, Given, Reading};
use crate::error::{Error, Result};
use crate::file;
use crate::limits::Limits;
use crate::palette::half_transparent_note;
use crate::photo::{Conversion, Photo};
use crate::second_stage::SecondStage;
use crate::volume::{AnyVolume, VolumeFormat, VolumeOptions};
use ndarray::Array2;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// What becomes of transparency in a codec that has none.
const OVER_WHITE: &str = "transparency was laid over white";
/// What every note on transparency says, which depends on the codec; other notes are the reader's.
pub(super) const OVER: &str = "laid over white";

impl Data {
    /// Reads a file's bytes: streams of the catalogue's codecs as what they hold; `.npy`, `.npz` and TIFF files of
    /// integers of more than 8 bits as label volumes, all others as photos. A TIFF file of 8-bit samples is a photo.
    /// What a second stage's extension stands for is decompressed first.
    ///
    /// # Errors
    /// As [`Photo::decode_with`], [`AnyVolume::decode`] and [`Setting::decode`].
    pub fn decode(name: &Path, bytes: &[u8], limits: &Limits) -> Result<Self> {
        Ok(Arc::unwrap_or_clone(Source::decode(name, bytes, limits)?.data))
    }
}

/// An input that has been read: its value, and what its file held that is not in it.
#[derive(Clone, Debug)]
pub struct Source {
    data: Arc<Data>,
    /// Of a photo's pixels, where one is not opaque.
    opacity: Option<Array2<u8>>,
    /// Whether the value is all that the file held.
    is_whole: bool,
    /// What reading gave up but for transparency, which some codecs keep.
    notes: Vec<String>,
}

impl Source {
    /// Reads a file's bytes as [`Data::decode`] does.
    ///
    /// # Errors
    /// As [`Data::decode`].
    pub fn decode(name: &Path, bytes: &[u8], limits: &Limits) -> Result<Self> {
        if let Some(setting) = stream_of(name) {
            let Decoded { data, notes } = setting.decode_noting(bytes, &Reading::new(*limits))?;
            return Ok(Self { is_whole: notes.is_empty(), notes, ..data.into() });
        }
        if let Some(method) = SecondStage::from_extension(&file::extension(name)) {
            let name = name.with_extension("");
            return limits.within(bytes.len() as u64, |limits| {
                let first = method.decode(bytes, limits)?;
                match stream_of(&name) {
                    // Which counts it itself.
                    Some(_) => Self::decode(&name, &first, limits),
                    None => limits.within(first.len() as u64, |limits| Self::decode(&name, &first, limits)),
                }
            });
        }
        match VolumeFormat::from_path(name) {
            Ok(VolumeFormat::Tiff) => {
                let options = VolumeOptions::new().limits(*limits);
                match AnyVolume::info_of(bytes, &options).is_ok_and(|info| info.is_likely_labels()) {
                    true => Ok(Data::from(AnyVolume::decode_as(bytes, None, &options)?).into()),
                    false => Self::of_photo(bytes, limits),
                }
            }
            Ok(format) => Ok(Data::from(AnyVolume::decode(bytes, format, limits)?).into()),
            Err(_) => Self::of_photo(bytes, limits),
        }
    }

    fn of_photo(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let (photo, conversion, opacity) = Photo::decode_with_opacity(bytes, limits)?;
        let opacity = opacity.filter(|opacity| opacity.iter().any(|&alpha| alpha < 255));
        let is_whole = conversion.is_lossless() && opacity.is_none();
        let notes = Conversion { alpha_flattened: false, ..conversion }.notes();
        Ok(Self { data: Arc::new(Data::Photo(photo)), opacity, is_whole, notes })
    }

    fn whole(data: Arc<Data>) -> Self {
        Self { data, opacity: None, is_whole: true, notes: Vec::new() }
    }

    /// The value; a photo lies over white where it is transparent.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// What an encoder is given of it.
    pub fn given(&self) -> Given<'_> {
        Given { data: &self.data, opacity: self.opacity.as_ref() }
    }

    /// The opacity of every pixel of a photo that is not opaque everywhere: shape (height, width), from 0 to 255.
    pub fn opacity(&self) -> Option<&Array2<u8>> {
        self.opacity.as_ref()
    }

    /// Whether the value is all that the file held: no depth, no transparency, no profile was given up.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// What a setting's codec is not given of the input, in words.
    pub(super) fn notes(&self, setting: &Setting) -> Vec<String> {
        let mut notes = self.notes.clone();
        if let Some(opacity) = &self.opacity {
            if !setting.as_codec().info().keeps_opacity {
                notes.push(OVER_WHITE.to_owned());
            } else {
                notes.extend(half_transparent_note(opacity).map(str::to_owned));
            }
        }
        notes
    }
}

impl From<Data> for Source {
    fn from(data: Data) -> Self {
        Self::whole(Arc::new(data))
    }
}

/// The setting that reads a file which a codec of the catalogue wrote, told by its name; `None` of pictures, which are
/// read as such, and of files that say nothing of their size.
pub(super) fn stream_of(name: &Path) -> Option<Setting> {
    catalogue::of_path(name).filter(|setting| {
        let info = setting.as_codec().info();
        !info.writes_pictures && !info.magics.is_empty()
    })
}

/// Where an input is, and what rows call it.
#[derive(Clone, Debug)]
pub struct Input {
    /// What rows call it: a file's path as it was given or found, or the name of a value in memory. A byte of a path
    /// that is no UTF-8 is written as `\xFF`.
    pub name: String,
    /// Where it is.
    pub place: Place,
}

/// Where an input is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file of this machine, or of a file system that all machines see under the same path.
    File(PathBuf),
    /// A file that only the cluster can read, such as `hdfs://host/folder/photo.png`.
    Remote(String),
    /// A value in memory.
    Memory(Arc<Data>),
}

impl Input {
    /// What a journal says of an input that this machine does not see.
    pub(super) const UNSEEN: &'static str = "unseen";

    /// A value in memory.
    pub fn memory(name: impl Into<String>, data: impl Into<Data>) -> Self {
        Self { name: name.into(), place: Place::Memory(Arc::new(data.into())) }
    }

    /// One file, which need not be there: the sweep's row will say so.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { name: in_utf8(&path), place: Place::File(path) }
    }

    /// One file that Spark reads.
    pub fn remote(url: impl Into<String>) -> Self {
        let url = url.into();
        Self { name: url.clone(), place: Place::Remote(url) }
    }

    /// Reads the input.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) when the file cannot be read, else as [`Data::decode`].
    pub(super) fn load(&self, limits: &Limits) -> Result<Source> {
        match &self.place {
            Place::Memory(data) => Ok(Source::whole(data.clone())),
            Place::File(path) => Source::decode(path, &file::read(path, limits)?, limits),
            Place::Remote(_) => Err(Error::Unsupported("only a cluster can read this input".into())),
        }
    }

    /// What the input holds now, told by little: of a file its size and the time of its last change, of a value its
    /// shape and checksum. None of what may hold something else the next time it is read.
    pub(super) fn stamp(&self) -> Option<String> {
        let path = match &self.place {
            Place::Memory(data) => return Some(data.fingerprint()),
            Place::Remote(_) => return Some(Self::UNSEEN.to_owned()),
            Place::File(path) => path,
        };
        let Ok(about) = fs::metadata(path) else { return Some(Self::UNSEEN.to_owned()) };
        let changed = about.modified().ok().filter(|_| about.is_file())?;
        let nanoseconds = match changed.duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_nanos().to_string(),
            Err(before) => format!("-{}", before.duration().as_nanos()),
        };
        Some(format!("file of {} bytes, changed at {nanoseconds} ns", about.len()))
    }
}

/// A path as text, different for different paths: what is no UTF-8 in it becomes `\xFF` and its like.
pub(super) fn in_utf8(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02X}").expect("a string takes all");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn paths_that_are_no_utf8_have_names_of_their_own() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let name = |bytes: &[u8]| in_utf8(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(name("b/é.png".as_bytes()), "b/é.png");
        assert_eq!(name(b"a\xFF\xFEb\xC3.png"), "a\\xFF\\xFEb\\xC3.png");
        assert_ne!(name(b"\xFF.png"), name(b"\xFE.png"));
    }
}
