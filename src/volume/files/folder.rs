//! A folder of slices, a file each.

use super::carrier::Carrier;
use super::{VolumeInfo, VolumeOptions, at_path, check_size, fill_volume};
use crate::error::{Error, Result};
use crate::file;
use crate::volume::AnyVolume;
use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn read(folder: &Path, options: &VolumeOptions) -> Result<AnyVolume> {
    let files = slices(folder)?;
    let VolumeInfo { shape, label_type, .. } = info(folder, options)?;
    check_size(shape, label_type, &options.limits)?;
    let mut budget = options.limits.budget();
    fill_volume(label_type, shape, &mut budget, |bytes, budget| {
        let len = bytes.len() / files.len();
        // A slice is read with what the volume leaves of the limit.
        let taken = options.limits.bytes - budget.left();
        for (path, to) in files.iter().zip(bytes.chunks_exact_mut(len.max(1))) {
            let slice = options
                .limits
                .within(taken, |limits| Carrier::open(path, limits)?.read(&options.clone().limits(*limits), None));
            let slice = slice.map_err(|error| in_file(error, path))?;
            if (slice.shape(), slice.label_type()) != ([1, shape[1], shape[2]], label_type) {
                let message =
                    format!("{} is {slice:?}, and the first slice is of another shape or type", file::shown(path));
                return Err(Error::Unsupported(message));
            }
            to.copy_from_slice(slice.as_bytes());
        }
        Ok(())
    })
}

pub(super) fn info(folder: &Path, options: &VolumeOptions) -> Result<VolumeInfo> {
    let files = slices(folder)?;
    let first = Carrier::open(&files[0], &options.limits).and_then(|carrier| carrier.info(options));
    let first = first.map_err(|error| in_file(error, &files[0]))?;
    if first.shape[0] != 1 {
        let message = format!("{} holds several slices: in a folder a file is one", file::shown(&files[0]));
        return Err(Error::Unsupported(message));
    }
    let [_, height, width] = first.shape;
    Ok(VolumeInfo { format: "folder", shape: [files.len(), height, width], pages: files.len(), ..first })
}

/// An error of one of the files, with its name.
fn in_file(error: Error, path: &Path) -> Error {
    match at_path(error, path) {
        error @ (Error::Io { .. } | Error::TooLarge { .. } | Error::OutOfMemory { .. }) => error,
        error => Error::Unsupported(format!("{}: {error}", file::shown(path))),
    }
}

/// The slices' files in natural order. Anything else in the folder is an error: a slice must not be missed.
fn slices(folder: &Path) -> Result<Vec<PathBuf>> {
    let io = || Error::io("read", folder);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(io())? {
        let path = entry.map_err(io())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // What file managers leave behind.
        if name.starts_with('.') || name == "Thumbs.db" {
            continue;
        }
        if !matches!(file::extension(&path).as_str(), "png" | "tif" | "tiff") || path.is_dir() {
            let message =
                format!("{} is no slice: a folder of slices holds .png or .tif files alone", file::shown(&path));
            return Err(Error::Unsupported(message));
        }
        files.push((name, path));
    }
    if files.is_empty() {
        return Err(Error::Unsupported(format!("the folder {} holds no .png or .tif slices", file::shown(folder))));
    }
    files.sort_by(|(a, _), (b, _)| natural(a, b).then_with(|| a.cmp(b)));
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// Names in the order that people count in: `s2` before `s10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (len_a, len_b) = (digits(a), digits(b));
        if len_a > 0 && len_b > 0 {
            let (number_a, number_b) = (a[..len_a].trim_start_matches('0'), b[..len_b].trim_start_matches('0'));
            let order = number_a.len().cmp(&number_b.len()).then_with(|| number_a.cmp(number_b));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (&a[len_a..], &b[len_b..]);
            continue;
        }
        let (mut rest_a, mut rest_b) = (a.chars(), b.chars());
        match (rest_a.next(), rest_b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) if x != y => return x.cmp(&y),
            _ => (a, b) = (rest_a.as_str(), rest_b.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted() {
        let mut names = ["s10", "s2", "s1", "s02", "t", "s1b", "10", "9"];
        names.sort_by(|a, b| natural(a, b).then_with(|| a.cmp(b)));
        assert_eq!(names, ["9", "10", "s1", "s1b", "s02", "s2", "s10", "t"]);
    }
}
