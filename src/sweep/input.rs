//! What a sweep compresses: files, folders, patterns, and values in memory.

use crate::error::{Error, Limits, Result};
use crate::file;
use crate::photo::{Photo, PhotoFormat};
use crate::volume::{AnyVolume, VolumeFormat};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An input that has been read.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// A photo.
    Photo(Photo),
    /// A label volume.
    Volume(AnyVolume),
}

impl Data {
    /// Reads a file's bytes: `.npy`, `.npz` and TIFF files of integers of more than 8 bits as label volumes, all others as photos.
    /// A TIFF file of 8-bit samples is a photo.
    ///
    /// # Errors
    /// As [`Photo::decode_with`] and [`AnyVolume::decode`].
    pub fn decode(name: &Path, bytes: &[u8], limits: &Limits) -> Result<Self> {
        match VolumeFormat::from_path(name) {
            Ok(VolumeFormat::Tiff) => match AnyVolume::decode(bytes, VolumeFormat::Tiff, limits) {
                Ok(volume) if volume.shape()[0] > 1 || volume.label_type().bytes() > 1 => Ok(Self::Volume(volume)),
                _ => Ok(Self::Photo(Photo::decode_with(bytes, limits)?)),
            },
            Ok(format) => Ok(Self::Volume(AnyVolume::decode(bytes, format, limits)?)),
            Err(_) => Ok(Self::Photo(Photo::decode_with(bytes, limits)?)),
        }
    }

    /// The bytes of a file that holds the value without loss, and its extension: PNG or npy.
    ///
    /// # Errors
    /// As [`Photo::to_png`] and [`AnyVolume::encode`].
    pub fn to_file(&self) -> Result<(Vec<u8>, &'static str)> {
        match self {
            Self::Photo(photo) => Ok((photo.to_png()?, "png")),
            Self::Volume(volume) => Ok((volume.encode(VolumeFormat::Npy)?, "npy")),
        }
    }

    /// Bytes of the samples or labels.
    pub fn raw_bytes(&self) -> usize {
        match self {
            Self::Photo(photo) => photo.samples().len(),
            Self::Volume(volume) => volume.raw_bytes(),
        }
    }

    /// Pixels or voxels.
    pub fn elements(&self) -> usize {
        match self {
            Self::Photo(photo) => photo.pixels(),
            Self::Volume(volume) => volume.voxels(),
        }
    }
}

impl From<Photo> for Data {
    fn from(photo: Photo) -> Self {
        Self::Photo(photo)
    }
}

impl<V: Into<AnyVolume>> From<V> for Data {
    fn from(volume: V) -> Self {
        Self::Volume(volume.into())
    }
}

/// Where an input is, and what rows call it.
#[derive(Clone, Debug)]
pub struct Input {
    /// What rows call it: a file's path as it was given or found, or the name of a value in memory.
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
    /// A value in memory.
    pub fn memory(name: impl Into<String>, data: impl Into<Data>) -> Self {
        Self { name: name.into(), place: Place::Memory(Arc::new(data.into())) }
    }

    /// One file, which need not be there: the sweep's row will say so.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { name: path.display().to_string(), place: Place::File(path) }
    }

    /// One file that Spark reads.
    pub fn remote(url: impl Into<String>) -> Self {
        let url = url.into();
        Self { name: url.clone(), place: Place::Remote(url) }
    }

    /// The files that a path means, in the order of their names: the file itself; of a folder every picture and volume in it
    /// and below; of a pattern with `*`, `?`, `[...]` or `**` every file that it matches.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when a folder or a pattern yields no file, [`Error::Io`] when a folder cannot be read.
    pub fn find(path: &str) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        let as_path = Path::new(path);
        if as_path.is_dir() {
            walk(as_path, &mut found)?;
            if found.is_empty() {
                return Err(Error::Unsupported(format!("{path} holds no .png, .jpg, .tif, .npy or .npz file")));
            }
        } else if path.contains(['*', '?', '[']) && fs::symlink_metadata(as_path).is_err() {
            let paths = glob::glob(path).map_err(|error| Error::Unsupported(format!("{path}: {}", error.msg)))?;
            found.extend(paths.flatten().filter(|path| path.is_file()));
            if found.is_empty() {
                return Err(Error::Unsupported(format!("no file matches {path}")));
            }
        } else {
            found.push(as_path.to_owned());
        }
        found.sort();
        Ok(found.into_iter().map(Self::file).collect())
    }

    /// Reads the input.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read, else as [`Data::decode`].
    pub(super) fn load(&self, limits: &Limits) -> Result<Arc<Data>> {
        match &self.place {
            Place::Memory(data) => Ok(data.clone()),
            Place::File(path) => Ok(Arc::new(Data::decode(path, &file::read(path, limits)?, limits)?)),
            Place::Remote(_) => Err(Error::Unsupported("only a cluster can read this input".into())),
        }
    }
}

/// The files below a folder whose names end as those of pictures and volumes do; what is hidden is left out.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // A link to a folder may lead in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, found)?;
        } else if PhotoFormat::from_path(&path).is_ok() || VolumeFormat::from_path(&path).is_ok() {
            found.push(path);
        }
    }
    Ok(())
}
