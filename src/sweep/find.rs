//! The inputs that a path means: walking folders, matching patterns, and counting what is left out.

use super::input::{Input, stream_of};
use crate::catalogue::Setting;
use crate::error::{Error, Result};
use crate::file::{self, printable, shown};
use crate::second_stage::SecondStage;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The extensions of the files in a folder that are read.
const READ: [&str; 16] =
    ["png", "jpg", "jpeg", "tif", "tiff", "gif", "webp", "bmp", "dib", "pnm", "ppm", "pgm", "pbm", "pam", "npy", "npz"];
/// Those of volumes, which are also read with a second stage over them, as `.npy.gz`.
const VOLUMES: [&str; 4] = ["npy", "npz", "tif", "tiff"];
/// The least first bytes of a codec's streams whose extension is no other files' too, as that of JSON is.
const LEAST_MAGIC: usize = 4;
/// The most kinds of files that a note counts one by one.
const MOST_KINDS: usize = 6;

/// The inputs that a path means, and what it has besides them.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The inputs, in the order of their names.
    pub inputs: Vec<Input>,
    /// Of a folder, the files that are of no kind that is read: the kinds (an extension such as `.txt`, `hidden`, ...),
    /// each with its number of files, the most numerous first.
    pub skipped: Vec<(String, usize)>,
}

impl Found {
    /// How many files were left out, and of what kinds, in words:
    /// `12 files are of no kind that is read (.txt 10, .md 2)`. None when there are none.
    pub fn left_out(&self) -> Option<String> {
        let total: usize = self.skipped.iter().map(|(_, count)| count).sum();
        let mut kinds: Vec<String> =
            self.skipped.iter().take(MOST_KINDS).map(|(kind, count)| format!("{kind} {count}")).collect();
        let others: usize = self.skipped.iter().skip(MOST_KINDS).map(|(_, count)| count).sum();
        if others > 0 {
            kinds.push(format!("others {others}"));
        }
        let files = if total == 1 { "file is" } else { "files are" };
        (total > 0).then(|| format!("{total} {files} of no kind that is read ({})", kinds.join(", ")))
    }
}

impl Input {
    /// The files that a path means, in the order of their names: the file itself; of a folder every picture, volume and
    /// stream of a codec in it and below; of a pattern with `*`, `?`, `[...]` or `**` every file that it matches.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when a folder or a pattern yields no file, [`Error::Io`] when a folder cannot be read.
    pub fn find(path: impl AsRef<Path>) -> Result<Vec<Self>> {
        Ok(Self::search(path)?.inputs)
    }

    /// As [`Input::find`], and tells what of a folder is left out.
    ///
    /// # Errors
    /// As [`Input::find`].
    pub fn search(path: impl AsRef<Path>) -> Result<Found> {
        let path = path.as_ref();
        let pattern = path.to_str().filter(|text| has_wildcard(text));
        let (mut found, mut skipped) = (Vec::new(), Vec::new());
        if path.is_dir() {
            let mut walk = Walk::default();
            walk.folder(path)?;
            found = walk.found;
            skipped = walk.skipped.into_iter().collect();
            skipped.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        } else if let Some(pattern) = pattern
            && fs::symlink_metadata(path).is_err()
        {
            found = matches(pattern)?;
            if found.is_empty() {
                return Err(Error::Unsupported(format!("no file matches {}", printable(pattern))));
            }
        } else {
            found.push(path.to_owned());
        }
        found.sort();
        found.dedup();
        let found = Found { inputs: found.into_iter().map(Self::file).collect(), skipped };
        if found.inputs.is_empty() {
            let reason = found.left_out().map(|left_out| format!(": {left_out}")).unwrap_or_default();
            return Err(Error::Unsupported(format!(
                "{} holds no picture, label volume or stream{reason}",
                shown(path)
            )));
        }
        Ok(found)
    }
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether a file's name ends as those of pictures, volumes and codecs' own streams do. JSON files, which begin with
/// one byte that tells nothing, are inputs only where they are named.
fn is_read(path: &Path) -> bool {
    let extension = file::extension(path);
    let is_file_of_others = match SecondStage::from_extension(&extension) {
        Some(_) => VOLUMES.contains(&file::extension(&path.with_extension("")).as_str()),
        None => READ.contains(&extension.as_str()),
    };
    let tells = |setting: &Setting| setting.as_codec().info().magics.iter().all(|magic| magic.len() >= LEAST_MAGIC);
    is_file_of_others || !extension.is_empty() && stream_of(path).as_ref().is_some_and(tells)
}

/// The files below a folder, and those that are left out.
#[derive(Default)]
struct Walk {
    found: Vec<PathBuf>,
    skipped: BTreeMap<String, usize>,
}

impl Walk {
    fn folder(&mut self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
            let entry = entry.map_err(Error::io("read", folder))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(Error::io("read", &path))?;
            // Where a link leads; one that leads nowhere is a file that cannot be read.
            let target =
                if kind.is_symlink() { fs::metadata(&path).ok().map(|about| about.file_type()) } else { Some(kind) };
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                self.skip("hidden".into());
            } else if kind.is_dir() {
                self.folder(&path)?;
            } else if target.is_some_and(|target| target.is_dir()) {
                // It may lead in circles.
                self.skip("linked folder".into());
            } else if target.is_some_and(|target| !target.is_file()) {
                self.skip("no regular file".into());
            } else if is_read(&path) {
                self.found.push(path);
            } else {
                self.skip(match file::extension(&path) {
                    extension if extension.is_empty() => "without an extension".into(),
                    extension => format!(".{}", extension.escape_debug()),
                });
            }
        }
        Ok(())
    }

    fn skip(&mut self, kind: String) {
        *self.skipped.entry(kind).or_default() += 1;
    }
}

/// The files that a pattern matches. A folder that cannot be read is an error, and a link that leads nowhere a file.
fn matches(pattern: &str) -> Result<Vec<PathBuf>> {
    let mut found = expand(pattern)?;
    add_foreign_names(pattern, &mut found);
    found.retain(|path| fs::metadata(path).map_or(true, |about| about.is_file()));
    Ok(found)
}

fn expand(pattern: &str) -> Result<Vec<PathBuf>> {
    let paths =
        glob::glob(pattern).map_err(|error| Error::Unsupported(format!("{}: {}", printable(pattern), error.msg)))?;
    let path = |path: glob::GlobResult| {
        path.map_err(|error| {
            let path = error.path().to_owned();
            Error::io("read", &path)(error.into())
        })
    };
    paths.map(path).collect()
}

/// Adds the files with names that are no UTF-8, which the crate `glob` passes over: the pattern's last part is matched
/// with the mark for what is no UTF-8 in their places.
fn add_foreign_names(pattern: &str, found: &mut Vec<PathBuf>) {
    let path = Path::new(pattern);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(OsStr::to_str)) else { return };
    let Ok(name) = glob::Pattern::new(name) else { return };
    let mut folders = vec![parent.to_owned()];
    if let Some(parent) = parent.to_str()
        && has_wildcard(parent)
    {
        // A folder that cannot be read was told before.
        folders = expand(parent).unwrap_or_default();
        folders.extend(Path::new(parent).parent().filter(|_| parent.ends_with("**")).map(Path::to_owned));
    }
    for folder in folders {
        let here: &Path = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        let Ok(entries) = fs::read_dir(here) else { continue };
        let names = entries.flatten().map(|entry| entry.file_name()).filter(|name| name.to_str().is_none());
        found.extend(names.filter(|foreign| name.matches(&foreign.to_string_lossy())).map(|name| folder.join(name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_files_are_known_by_their_names() {
        for name in ["a.png", "b.JPG", "c.webp", "d.npy", "e.npz.zst", "f.tif.gz", "g.b.npy.xz", "h.cpso.xz", "i.laff"]
        {
            assert!(is_read(Path::new(name)), "{name}");
        }
        for name in ["png", "a.txt", "b.gz", "c.png.gz", "d.tar.gz", "npy.gz", "e.json", "f.json.gz", "g.raw", "h.cseg"]
        {
            assert!(!is_read(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let found = |skipped: &[(&str, usize)]| Found {
            inputs: Vec::new(),
            skipped: skipped.iter().map(|&(kind, count)| (kind.to_owned(), count)).collect(),
        };
        assert_eq!(found(&[]).left_out(), None);
        let one = found(&[(".md", 1)]).left_out();
        assert_eq!(one.as_deref(), Some("1 file is of no kind that is read (.md 1)"));
        let many = found(&[(".a", 9), (".b", 8), (".c", 7), (".d", 6), (".e", 5), (".f", 4), (".g", 2), (".h", 1)]);
        let said = "42 files are of no kind that is read (.a 9, .b 8, .c 7, .d 6, .e 5, .f 4, others 3)";
        assert_eq!(many.left_out().as_deref(), Some(said));
    }
}
