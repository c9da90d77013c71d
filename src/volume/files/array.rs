//! NumPy arrays as volumes.

use super::{VolumeInfo, VolumeOptions, cast_floats, check_signs, check_size, fill_volume, refuse_floats, three_axes};
use crate::error::{Error, Result};
use crate::file::failed;
use crate::limits::Budget;
use crate::npy::{Header, Number};
use crate::volume::{AnyVolume, LabelType, check_range};
use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// The longest side of a volume without voxels: of one with any, no side is longer than its file.
const LONGEST_EMPTY: usize = 1 << 31;

/// Reads an array, or some of its slices, from a `.npy` file of a known or unknown length.
pub(super) fn read(
    source: &mut dyn Read,
    len: Option<u64>,
    z: Option<Range<usize>>,
    options: &VolumeOptions,
    budget: &mut Budget,
) -> Result<AnyVolume> {
    let header = header(source, len)?;
    let [depth, height, width] = shape(&header)?;
    let label_type = label_type(&header)?;
    if header.number == Number::Float && !options.cast {
        return Err(refuse_floats(&format!("floating-point numbers ({})", header.descr)));
    }
    let is_whole = z.is_none();
    let z = z.unwrap_or(0..depth);
    check_range(&z, depth)?;
    let shape = [z.len(), height, width];
    let shape = match check_size(shape, label_type, &options.limits)? {
        0 if shape.iter().any(|&side| side > LONGEST_EMPTY) => {
            return Err(Error::Unsupported("an array without elements has sides that no volume has".into()));
        }
        _ => shape,
    };
    // Within the file, since the header asks for no more than there is; or of no voxels, and then there is nothing to
    // skip.
    let slice = (height as u64).saturating_mul(width as u64).saturating_mul(label_type.bytes() as u64);
    let skipped = if z.is_empty() { 0 } else { (z.start as u64).saturating_mul(slice) };
    skip(source, skipped).map_err(failed)?;
    let mut volume = fill_volume(label_type, shape, budget, |bytes, _| {
        source.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => {
                let message = format!("it ends before the {} bytes of its array are there", bytes.len());
                Error::malformed_at("npy", header.data_offset, message)
            }
            _ => failed(error),
        })?;
        if is_whole && source.read(&mut [0]).map_err(failed)? > 0 {
            let message = format!("bytes follow the {} of its array", bytes.len());
            return Err(Error::malformed_at("npy", header.data_offset + bytes.len(), message));
        }
        let is_big = header.descr.starts_with('>');
        if is_big != cfg!(target_endian = "big") && label_type.bytes() > 1 {
            bytes.chunks_exact_mut(label_type.bytes()).for_each(<[u8]>::reverse);
        }
        Ok(())
    })?;
    match header.number {
        Number::Unsigned | Number::Bool => {}
        Number::Signed => check_signs(&volume)?,
        Number::Float => cast_floats(&mut volume)?,
    }
    Ok(volume)
}

/// What an array is, from its header alone.
pub(super) fn info(source: &mut dyn Read, len: Option<u64>) -> Result<VolumeInfo> {
    let header = header(source, len)?;
    Ok(VolumeInfo {
        format: "npy",
        shape: shape(&header)?,
        label_type: label_type(&header)?,
        dtype: header.number.name(label_type(&header)?.bytes()),
        floats: header.number == Number::Float,
        pages: 1,
    })
}

fn header(source: &mut dyn Read, len: Option<u64>) -> Result<Header> {
    let header = Header::read(source, failed)?;
    let expected = header.data_len.map(|data| (header.data_offset as u64).saturating_add(data as u64));
    match (expected, len) {
        (None, _) => {
            let message = "its header asks for more bytes than there are addresses";
            Err(Error::malformed_at("npy", header.data_offset, message))
        }
        (Some(expected), Some(len)) if expected != len => {
            let message = format!("its header asks for a file of {expected} bytes, it has {len}");
            Err(Error::malformed_at("npy", header.data_offset, message))
        }
        _ => Ok(header),
    }
}

/// The sides by (z, y, x): the axis that varies fastest is x, and of more than three those of length 1 are dropped.
fn shape(header: &Header) -> Result<[usize; 3]> {
    let mut sides = header.shape.clone();
    if header.fortran_order {
        sides.reverse();
    }
    three_axes(sides).ok_or_else(|| {
        let message = format!("a volume has three axes, and this array of shape {:?} has more", header.shape);
        Error::Unsupported(message)
    })
}

/// The label type that holds a dtype's bits.
fn label_type(header: &Header) -> Result<LabelType> {
    LabelType::from_bytes(header.item_bytes)
        .ok_or_else(|| Error::Unsupported(format!("labels of the dtype {} are not supported", header.descr)))
}

fn skip(source: &mut dyn Read, bytes: u64) -> io::Result<()> {
    match io::copy(&mut source.take(bytes), &mut io::sink())? {
        skipped if skipped == bytes => Ok(()),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}
