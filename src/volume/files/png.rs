//! A PNG file as one slice: grey levels or palette entries are its labels.

use super::{VolumeInfo, VolumeOptions, check_size, fill_volume};
use crate::error::{Error, Result};
use crate::limits::{Budget, Limits};
use crate::photo::{open_png, png_error};
use crate::volume::{AnyVolume, LabelType};
use png::{BitDepth, ColorType, Reader, Transformations};
use std::io::Cursor;

fn describe(reader: &Reader<Cursor<&[u8]>>) -> Result<VolumeInfo> {
    let info = reader.info();
    if !matches!(info.color_type, ColorType::Grayscale | ColorType::Indexed) {
        let message = "a volume has one label a voxel, and this PNG file has colours or transparency: \
                       save labels as grey levels or palette entries";
        return Err(Error::Unsupported(message.into()));
    }
    if info.animation_control.is_some_and(|control| control.num_frames > 1) {
        return Err(Error::Unsupported("this PNG file is animated, and a slice of labels is one picture".into()));
    }
    let label_type = if info.bit_depth == BitDepth::Sixteen { LabelType::U16 } else { LabelType::U8 };
    Ok(VolumeInfo {
        format: "png",
        shape: [1, info.height as usize, info.width as usize],
        label_type,
        dtype: format!("uint{}", info.bit_depth as u8),
        floats: false,
        pages: 1,
    })
}

pub(super) fn info(bytes: &[u8]) -> Result<VolumeInfo> {
    describe(&open_png(bytes, &Limits::new().budget(), Transformations::IDENTITY)?)
}

pub(super) fn read(bytes: &[u8], options: &VolumeOptions, budget: &mut Budget) -> Result<AnyVolume> {
    let mut reader = open_png(bytes, budget, Transformations::IDENTITY)?;
    let VolumeInfo { shape, label_type, .. } = describe(&reader)?;
    check_size(shape, label_type, &options.limits)?;
    let bits = reader.info().bit_depth as usize;
    let stored = reader.output_buffer_size().ok_or_else(|| Error::malformed("PNG", "its picture has no size"))?;
    let mut rows = budget.zeroed::<u8>(stored)?;
    reader.next_frame(&mut rows).map_err(|error| png_error(error, budget))?;
    let volume = fill_volume(label_type, shape, budget, |labels, _| {
        let [_, height, width] = shape;
        let row_bytes = stored / height;
        for (row, labels) in rows.chunks_exact(row_bytes).zip(labels.chunks_exact_mut(width * label_type.bytes())) {
            match bits {
                16 => {
                    for (label, bytes) in labels.chunks_exact_mut(2).zip(row.chunks_exact(2)) {
                        label.copy_from_slice(&u16::from_be_bytes([bytes[0], bytes[1]]).to_ne_bytes());
                    }
                }
                8 => labels.copy_from_slice(row),
                _ => {
                    for (x, label) in labels.iter_mut().enumerate() {
                        let shift = 8 - bits - x * bits % 8;
                        *label = row[x * bits / 8] >> shift & ((1 << bits) - 1);
                    }
                }
            }
        }
        Ok(())
    })?;
    budget.give_back(stored as u64);
    Ok(volume)
}
