//! Files that are written whole or not at all.

use super::{Existing, shown};
use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::fs::{self, File, FileType, Metadata, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Writes `bytes` to a new file beside `path` and then moves it there: whoever looks sees the old file or the whole new
/// one.
///
/// A file that is replaced leaves its mode to the new one, and its owner where the system lets us. A symbolic link
/// stays and what it leads to is written. What is no file (a named pipe, a device, a folder) is refused.
///
/// # Errors
/// [`Error::Io`], and [`Error::Unsupported`] when `path` is no file; the new file is then gone again and an existing
/// one untouched.
pub fn write(path: &Path, bytes: &[u8], existing: Existing) -> Result<()> {
    write_with(path, existing, |file| file.write_all(bytes).map_err(Error::io("write", path)))
}

/// As [`write()`], with the bytes that `fill` writes: for what need not be in memory as a whole.
///
/// ```
/// use cortado::{Error, file::{self, Existing}};
/// let path = std::env::temp_dir().join("cortado-numbers.txt");
/// file::write_with(&path, Existing::Replace, |file| {
///     (0..9).try_for_each(|number| writeln!(file, "{number}")).map_err(Error::io("write", &path))
/// })?;
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`write()`]; or what `fill` returns, and then nothing has changed.
pub fn write_with(path: &Path, existing: Existing, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let target = Target::of(path, existing)?;
    remove_leftovers(&target.path);
    let pending = Pending::create(&target).map_err(Error::io("write", path))?;
    let mut out = Noting { inner: BufWriter::with_capacity(1 << 16, &pending.file), failure: None };
    let filled = fill(&mut out).and_then(|()| out.flush().map_err(Error::io("write", path)));
    // Whatever `fill` makes of it: that the disk is full is what there is to say.
    if let Some(failure) = out.failure.take() {
        return Err(Error::io("write", path)(failure));
    }
    filled?;
    drop(out);
    pending.finish(&target, existing).map_err(Error::io("write", path))
}

/// Whether [`write()`] would write there, as far as one can tell beforehand: nothing is created.
///
/// # Errors
/// As [`write()`].
pub fn check(path: &Path, existing: Existing) -> Result<()> {
    Target::of(path, existing).map(drop)
}

/// Removes every file that is being written, so that none of them gets its name any more: for a program that ends on a
/// signal, in whatever state it is. From then on every [`write()`] fails.
///
/// It takes no memory unless a path has more than some 380 bytes, and waits for no lock longer than a second, so that a
/// handler of a signal may call it, too.
pub fn abandon() {
    ABANDONED.store(true, Ordering::SeqCst);
    for _ in 0..1000 {
        let paths = match PENDING.try_lock() {
            Ok(paths) => paths,
            Err(std::sync::TryLockError::Poisoned(paths)) => paths.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
        };
        for path in paths.iter() {
            let _ = fs::remove_file(path);
        }
        return;
    }
}

/// The files that are being written. Whoever creates one, or moves one to its name, holds this meanwhile.
static PENDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// Whether the program is ending.
static ABANDONED: AtomicBool = AtomicBool::new(false);

fn pending() -> io::Result<MutexGuard<'static, Vec<PathBuf>>> {
    let paths = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
    if ABANDONED.load(Ordering::SeqCst) { Err(io::Error::other("the program is ending")) } else { Ok(paths) }
}

/// Where a file goes.
struct Target {
    /// Behind all links.
    path: PathBuf,
    /// What is there now.
    replaced: Option<Metadata>,
}

impl Target {
    fn of(path: &Path, existing: Existing) -> Result<Self> {
        // As many as Linux follows.
        const MOST_LINKS: usize = 40;
        // Through all links at once, for what a link such as /dev/stdout leads to may have no path.
        if let Ok(found) = fs::metadata(path)
            && !found.is_file()
        {
            return Err(no_file(path, found.file_type()));
        }
        let mut place = path.to_owned();
        for _ in 0..MOST_LINKS {
            match fs::symlink_metadata(&place) {
                Ok(found) if found.is_symlink() => {
                    let to = fs::read_link(&place).map_err(Error::io("write", path))?;
                    place.pop();
                    place.push(to);
                }
                Ok(found) if !found.is_file() => return Err(no_file(path, found.file_type())),
                Ok(_) if existing == Existing::Keep => {
                    return Err(Error::io("write", path)(ErrorKind::AlreadyExists.into()));
                }
                Ok(found) => return Ok(Self { path: place, replaced: Some(found) }),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self { path: place, replaced: None }),
                Err(error) => return Err(Error::io("write", path)(error)),
            }
        }
        Err(Error::Unsupported(format!("{} is a link that leads nowhere: its links go round", shown(path))))
    }
}

fn no_file(path: &Path, found: FileType) -> Error {
    let name = shown(path);
    Error::Unsupported(match kind(found) {
        "folder" => format!("{name} is a folder: name a file in it"),
        kind => format!("{name} is a {kind}: use `-o -` and send standard output there"),
    })
}

#[cfg(unix)]
fn kind(found: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match found {
        found if found.is_dir() => "folder",
        found if found.is_fifo() => "named pipe",
        found if found.is_socket() => "socket",
        found if found.is_char_device() || found.is_block_device() => "device",
        _ => "special file",
    }
}

#[cfg(not(unix))]
fn kind(found: FileType) -> &'static str {
    if found.is_dir() { "folder" } else { "special file" }
}

/// A file under its temporary name, which goes with this value unless it has been moved.
struct Pending {
    path: PathBuf,
    file: File,
    moved: bool,
}

impl Pending {
    fn create(target: &Target) -> io::Result<Self> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        if target.path.file_name().is_none() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "this is no file name"));
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if target.replaced.is_some() {
            // Until it has the other's mode nobody else is to read it.
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        loop {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = target.path.with_file_name(format!(".cortado-{}-{count}.part", std::process::id()));
            let mut paths = pending()?;
            paths.reserve(1);
            let file = match options.open(&path) {
                Ok(file) => file,
                // Of a process of the same number: on another machine, or before the last start of this one.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            // The lock tells the others that this is none of what dead processes left. Where there are no locks they
            // leave everything.
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                continue;
            }
            paths.push(path.clone());
            return Ok(Self { path, file, moved: false });
        }
    }

    /// Gives the file its name.
    fn finish(mut self, target: &Target, existing: Existing) -> io::Result<()> {
        self.file.sync_all()?;
        #[cfg(unix)]
        if let Some(replaced) = &target.replaced {
            inherit(&self.file, replaced)?;
        }
        let mut paths = pending()?;
        match existing {
            Existing::Replace => fs::rename(&self.path, &target.path)?,
            Existing::Keep => move_to_free_name(&self.path, &target.path)?,
        }
        paths.retain(|path| *path != self.path);
        self.moved = true;
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.moved {
            // There is an error to report already.
            let _ = fs::remove_file(&self.path);
            PENDING.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.path);
        }
    }
}

/// Gives a file the owner and the mode of the one that it replaces. Where the group cannot be kept, the new one may do
/// what everybody may. Some file systems have neither owners nor modes.
#[cfg(unix)]
fn inherit(file: &File, replaced: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let created = file.metadata()?;
    let mut mode = replaced.mode() & 0o777;
    let (owner, group) = (replaced.uid(), replaced.gid());
    if (created.uid(), created.gid()) != (owner, group) && fchown(file, Some(owner), Some(group)).is_err() {
        let group_kept = created.gid() == group || fchown(file, None, Some(group)).is_ok();
        if !group_kept {
            mode &= 0o707 | ((mode & 0o007) << 3);
        }
    }
    let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    Ok(())
}

/// Moves without ever replacing: a hard link fails when the name is taken. File systems without hard links get a check
/// and a rename.
fn move_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// Removes what processes that are no more left in the folder of `path`; once for each folder. A process of another
/// machine or container has no number here, but it holds the lock on what it writes.
fn remove_leftovers(path: &Path) {
    static SEEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if !Path::new("/proc/self").exists()
        || !SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned())
    {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(writer) else { continue };
        let is_file = entry.file_type().is_ok_and(|found| found.is_file());
        if is_file && !Path::new("/proc").join(process.to_string()).exists() && nobody_writes(&entry.path()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The number of the process that a temporary name tells.
fn writer(name: &str) -> Option<u32> {
    let (process, count) = name.strip_prefix(".cortado-")?.strip_suffix(".part")?.split_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number(process) && is_number(count) { process.parse().ok() } else { None }
}

fn nobody_writes(path: &Path) -> bool {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    // Whatever has taken the file's place since is left alone.
    #[cfg(target_os = "linux")]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options.open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// Passes bytes on, and keeps the first error.
struct Noting<W> {
    inner: W,
    failure: Option<io::Error>,
}

impl<W> Noting<W> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && error.kind() != ErrorKind::Interrupted
            && self.failure.is_none()
        {
            let copy = error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
            self.failure = Some(copy);
        }
        result
    }
}

impl<W: Write> Write for Noting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes);
        self.note(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        self.note(flushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_temporary_files() {
        assert_eq!(writer(".cortado-12-0.part"), Some(12));
        for other in
            ["cortado-1-0.part", ".cortado-1.part", ".cortado-+1-0.part", ".cortado-1-.part", ".cortado-1-0.parts"]
        {
            assert_eq!(writer(other), None, "{other}");
        }
    }
}
