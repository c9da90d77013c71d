//! What carries a volume's file: a file on disk, a pipe, memory, any of them compressed.

use super::{VolumeFormat, VolumeInfo, VolumeOptions, array, png, stack};
use crate::error::{Error, Result};
use crate::file;
use crate::limits::{Budget, Limits};
use crate::memory;
use crate::npy::Npz;
use crate::photo::unknown_file;
use crate::second_stage::SecondStage;
use crate::tiff::{Source, Tiff};
use crate::volume::AnyVolume;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// How many bytes tell what a file is.
const MAGIC: u64 = 16;
/// A file may be compressed and compressed again; more is a mistake or a trap.
const STAGES: usize = 2;

enum Bytes<'a> {
    /// A source and its length.
    Seekable(Box<dyn Source + 'a>, u64),
    Stream(Box<dyn BufRead + 'a>),
}

/// What the first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Npy,
    Npz,
    Tiff,
    Png,
}

pub(super) struct Carrier<'a> {
    bytes: Bytes<'a>,
    kind: Kind,
}

impl Carrier<'static> {
    pub(super) fn open(path: &Path, limits: &Limits) -> Result<Self> {
        let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
        let (file, metadata) = opened.map_err(Error::io("read", path))?;
        let bytes = match metadata.is_file() {
            true => Bytes::Seekable(Box::new(BufReader::new(file)), metadata.len()),
            false => Bytes::Stream(Box::new(BufReader::new(file))),
        };
        let (magic, bytes) = look(bytes).map_err(file::failed)?;
        let named = SecondStage::from_extension(&file::extension(path));
        let inner = if named.is_some() { path.file_stem().map(Path::new) } else { Some(path) };
        let expected = inner.and_then(|inner| VolumeFormat::from_path(inner).ok());
        Self::new(bytes, named, expected, limits)?.ok_or_else(|| {
            Error::Unsupported(format!(
                "cannot tell a volume format from {}: its first bytes are those of {}",
                file::shown(path),
                unknown_file("no .npy, .npz, TIFF or PNG file", &magic)
            ))
        })
    }
}

impl<'a> Carrier<'a> {
    pub(super) fn memory(
        source: &'a mut Cursor<&'a [u8]>,
        len: u64,
        format: Option<VolumeFormat>,
        limits: &Limits,
    ) -> Result<Self> {
        let magic = source.get_ref()[..source.get_ref().len().min(MAGIC as usize)].to_vec();
        Self::new(Bytes::Seekable(Box::new(source), len), None, format, limits)?.ok_or_else(|| {
            let found = unknown_file("no .npy, .npz, TIFF or PNG file", &magic);
            Error::Unsupported(format!("these are no labels: the first bytes are those of {found}"))
        })
    }

    /// Looks at the first bytes, through what they are compressed with; `named` is what the name says of that, and
    /// `expected` what it says of what is inside. `None` when nothing tells what it is.
    fn new(
        mut bytes: Bytes<'a>,
        mut named: Option<SecondStage>,
        expected: Option<VolumeFormat>,
        limits: &Limits,
    ) -> Result<Option<Self>> {
        for _ in 0..=STAGES {
            let (magic, looked_at) = look(bytes).map_err(file::failed)?;
            bytes = looked_at;
            if let Some(kind) = Kind::of(&magic) {
                return Ok(Some(Self { bytes, kind }));
            }
            // The name tells of methods that have no first bytes of their own.
            let Some(method) = SecondStage::from_magic(&magic).or(named.take()) else { break };
            let source: Box<dyn BufRead + 'a> = match bytes {
                Bytes::Seekable(source, _) => Box::new(BufReader::new(source)),
                Bytes::Stream(source) => source,
            };
            bytes = Bytes::Stream(Box::new(BufReader::new(method.reader(source, limits)?)));
        }
        // The reader of what is expected says best what is wrong.
        let kind = expected.map(|format| match format {
            VolumeFormat::Npy => Kind::Npy,
            VolumeFormat::Npz => Kind::Npz,
            VolumeFormat::Tiff => Kind::Tiff,
        });
        Ok(kind.map(|kind| Self { bytes, kind }))
    }

    /// The volume, or some of its slices.
    pub(super) fn read(self, options: &VolumeOptions, z: Option<Range<usize>>) -> Result<AnyVolume> {
        let mut budget = options.limits.budget();
        if z.is_some() && !matches!(self.kind, Kind::Npy | Kind::Npz) {
            return Err(Error::Unsupported("slices are read from NumPy arrays only".into()));
        }
        match self.kind {
            Kind::Npy => match self.bytes {
                Bytes::Seekable(mut source, len) => array::read(&mut source, Some(len), z, options, &mut budget),
                Bytes::Stream(mut source) => array::read(&mut source, None, z, options, &mut budget),
            },
            kind @ (Kind::Npz | Kind::Tiff | Kind::Png) => {
                let (mut source, len) = self.bytes.seekable(&mut budget)?;
                match kind {
                    Kind::Tiff => stack::read(&mut source, options, &mut budget),
                    Kind::Png => {
                        let bytes = all(&mut source, Some(len), &mut budget)?;
                        png::read(&bytes, options, &mut budget)
                    }
                    Kind::Npz | Kind::Npy => {
                        let mut archive = open_archive(source, &options.limits)?;
                        let name = choose(&archive.names(), options)?;
                        let (mut entry, len) = archive.entry(&name)?;
                        array::read(&mut entry, Some(len), z, options, &mut budget)
                    }
                }
            }
        }
    }

    /// What the volume is, reading no labels.
    pub(super) fn info(self, options: &VolumeOptions) -> Result<VolumeInfo> {
        let mut budget = options.limits.budget();
        match self.kind {
            Kind::Npy => match self.bytes {
                Bytes::Seekable(mut source, len) => array::info(&mut source, Some(len)),
                Bytes::Stream(mut source) => array::info(&mut source, None),
            },
            kind @ (Kind::Npz | Kind::Tiff | Kind::Png) => {
                let (mut source, len) = self.bytes.seekable(&mut budget)?;
                match kind {
                    Kind::Tiff => stack::info(&mut source, &mut budget),
                    Kind::Png => png::info(&all(&mut source, Some(len), &mut budget)?),
                    Kind::Npz | Kind::Npy => {
                        let mut archive = open_archive(source, &options.limits)?;
                        let name = choose(&archive.names(), options)?;
                        let (mut entry, len) = archive.entry(&name)?;
                        Ok(VolumeInfo { format: "npz", ..array::info(&mut entry, Some(len))? })
                    }
                }
            }
        }
    }
}

impl Kind {
    fn of(magic: &[u8]) -> Option<Self> {
        match magic {
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(Self::Npy),
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Some(Self::Npz),
            [0x89, b'P', b'N', b'G', ..] => Some(Self::Png),
            _ if Tiff::is_tiff(magic) => Some(Self::Tiff),
            _ => None,
        }
    }
}

impl<'a> Bytes<'a> {
    /// A source that can be read here and there; a stream is read into memory for that.
    fn seekable(self, budget: &mut Budget) -> Result<(Box<dyn Source + 'a>, u64)> {
        match self {
            Self::Seekable(source, len) => Ok((source, len)),
            Self::Stream(mut source) => {
                let bytes = all(&mut source, None, budget)?;
                let len = bytes.len() as u64;
                Ok((Box::new(Cursor::new(bytes)), len))
            }
        }
    }
}

/// Everything that a source still has, counted as it comes; of a known length at once.
fn all(source: &mut dyn Read, len: Option<u64>, budget: &mut Budget) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(len) = len {
        budget.take(len)?;
        memory::try_reserve_exact(&mut bytes, len as usize)?;
        source.take(len).read_to_end(&mut bytes).map_err(file::failed)?;
        return Ok(bytes);
    }
    loop {
        // Memory grows by half, never over the limit.
        let step = (bytes.len() as u64 / 2).max(1 << 16).min(budget.left());
        if step == 0 {
            let over = source.take(1).read_to_end(&mut Vec::new()).map_err(file::failed)?;
            return if over == 0 { Ok(bytes) } else { budget.take(1).map(|()| bytes) };
        }
        budget.take(step)?;
        memory::try_reserve_exact(&mut bytes, step as usize)?;
        let read = source.take(step).read_to_end(&mut bytes).map_err(file::failed)? as u64;
        budget.give_back(step - read);
        if read < step {
            return Ok(bytes);
        }
    }
}

/// The first bytes, and the source as it was.
fn look(bytes: Bytes) -> std::io::Result<(Vec<u8>, Bytes)> {
    let mut magic = Vec::new();
    Ok(match bytes {
        Bytes::Seekable(mut source, len) => {
            source.by_ref().take(MAGIC).read_to_end(&mut magic)?;
            source.seek(SeekFrom::Start(0))?;
            (magic, Bytes::Seekable(source, len))
        }
        Bytes::Stream(mut source) => {
            source.by_ref().take(MAGIC).read_to_end(&mut magic)?;
            (magic.clone(), Bytes::Stream(Box::new(Cursor::new(magic).chain(source))))
        }
    })
}

fn open_archive<R: Read + Seek>(mut source: R, limits: &Limits) -> Result<Npz<R>> {
    let mut magic = [0; 2];
    let read = source.read_exact(&mut magic).and_then(|()| source.seek(SeekFrom::Start(0)));
    match read {
        Ok(_) if magic == *b"PK" => Npz::open(source, limits),
        _ => Err(Error::malformed_at("npz", 0, "its first bytes are not those of the format")),
    }
}

/// The name of the array that is meant.
fn choose(names: &[String], options: &VolumeOptions) -> Result<String> {
    // Some archives hold thousands.
    const SHOWN: usize = 20;
    let list = || {
        let mut list: Vec<String> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
        if names.len() > SHOWN {
            list.push(format!("and {} more", names.len() - SHOWN));
        }
        list.join(", ")
    };
    match (&options.array, names) {
        (Some(name), _) if names.contains(name) => Ok(name.clone()),
        (Some(name), _) => Err(Error::Unsupported(format!("the archive has no array {name:?}: it holds {}", list()))),
        (None, [name]) => Ok(name.clone()),
        (None, []) => Err(Error::malformed("npz", "it holds no array")),
        (None, _) => Err(Error::Unsupported(format!(
            "the archive holds {} arrays, and labels are one: name it with VolumeOptions::array: {}",
            names.len(),
            list()
        ))),
    }
}
