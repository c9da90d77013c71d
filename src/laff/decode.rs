//! From streams to planes, and to photos.

use super::block::{Coded, count};
use super::filter;
use super::header::{CHECK, Header, is_whole};
use super::layout::{BLOCK, Filter};
use super::planes::{Plane, merge, part as part_of};
use super::slice::{History, PlaneSlice, add_slope, predict, reconstruct};
use super::tables::{self, Quantizer, Tables};
use super::thumbnail::{Guide, Thumbnail};
use super::{FORMAT, Part};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::photo::Photo;
use crate::range_coder::Decoder;
use ndarray::Array2;
use rayon::prelude::*;

/// The part of a stream at `at`, which has `length` bytes and a checksum.
fn section<'a>(bytes: &'a [u8], at: usize, length: usize, name: &str) -> Result<&'a [u8]> {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some((section, rest)) = rest.split_at_checked(length).filter(|(_, rest)| rest.len() >= CHECK) else {
        let message = format!("{name} has {length} bytes from byte {at} on, and the stream ends before");
        return Err(Error::malformed_at(FORMAT, bytes.len(), message));
    };
    if !is_whole(section, &rest[..CHECK]) {
        return Err(Error::malformed_at(FORMAT, at, format!("{name} is damaged: its checksum is another")));
    }
    Ok(section)
}

/// The header, and the thumbnail's planes.
fn start(tables: &Tables, bytes: &[u8], limits: &Limits) -> Result<(Header, Vec<Thumbnail>, usize)> {
    let (header, at) = Header::read(bytes, limits)?;
    let section = section(bytes, at, header.lengths[0], "the thumbnail")?;
    let mut decoder = Decoder::new(section);
    let mut model = tables.model.clone();
    let mut sizes = Vec::new();
    let mut thumbnails = Vec::new();
    for plane in 0..header.layout.planes() {
        let mut thumbnail = Thumbnail::new(header.height, header.width, header.layout, plane);
        thumbnail.code(&mut decoder, &mut model, plane, header.thumbnail_step, &mut sizes);
        thumbnails.push(thumbnail);
    }
    if !decoder.is_finished() {
        return Err(Error::malformed_at(FORMAT, at, "the thumbnail does not end where it says"));
    }
    let after = at + header.lengths[0] + CHECK;
    Ok((header, thumbnails, after))
}

/// The thumbnail alone.
pub(super) fn small(tables: &Tables, bytes: &[u8], limits: &Limits) -> Result<Photo> {
    let (header, thumbnails, _) = start(tables, bytes, limits)?;
    // A chroma value for each of luma.
    let layout = if header.layout == super::Layout::Grey { header.layout } else { super::Layout::Full };
    merge(&thumbnails.into_iter().map(Thumbnail::into_plane).collect::<Vec<_>>(), layout)
}

/// All that there is of a stream.
pub(super) fn part(tables: &Tables, bytes: &[u8], limits: &Limits) -> Result<Part> {
    let (header, thumbnails, mut at) = start(tables, bytes, limits)?;
    let guides = Guide::all(&thumbnails, header.height, header.width, header.layout);
    let mut sections = Vec::new();
    for (number, (&length, rows)) in header.lengths[1..].iter().zip(header.slices()).enumerate() {
        sections.push((rows, at, section(bytes, at, length, &format!("slice {number}"))));
        at = at.saturating_add(length).saturating_add(CHECK);
    }
    let decoded: Vec<(Vec<PlaneSlice>, Option<Error>)> = sections
        .into_par_iter()
        .map(|(rows, at, section)| {
            let planes = section.and_then(|section| {
                let message = "the slice does not end where it says";
                slice(tables, section, &header, &guides, rows).ok_or_else(|| Error::malformed_at(FORMAT, at, message))
            });
            match planes {
                Ok(planes) => (planes, None),
                Err(damage) => (missing(&header, &guides, rows), Some(damage)),
            }
        })
        .collect();
    let (planes, damages): (Vec<_>, Vec<_>) = decoded.into_iter().unzip();
    let slices = damages.iter().map(Option::is_none).collect();
    let mut damage = damages.into_iter().flatten().next();
    if damage.is_none() && at < bytes.len() {
        damage = Some(Error::malformed_at(FORMAT, at, format!("{} bytes follow the last slice", bytes.len() - at)));
    }
    let shape = (header.height.div_ceil(8), header.width.div_ceil(8));
    let classes = planes.iter().flat_map(|planes| &planes[0].classes).copied().collect();
    let classes = Array2::from_shape_vec(shape, classes).expect("a class for each block");
    Ok(Part { photo: assemble(&header, &planes, Some(&tables.filters))?, slices, classes, damage })
}

/// The photo of all slices' planes.
pub(super) fn assemble(
    header: &Header,
    slices: &[Vec<PlaneSlice>],
    filters: Option<&[Vec<Filter>; 2]>,
) -> Result<Photo> {
    let layout = header.layout;
    let planes: Vec<Plane> = (0..layout.planes())
        .into_par_iter()
        .map(|number| {
            let (_, height, width) = part_of(layout, number, 0, header.height, header.width);
            let mut plane = Plane::new(height, width);
            let mut kinds = Vec::new();
            for (slice, (top, rows)) in slices.iter().zip(header.slices()) {
                let (top, rows, _) = part_of(layout, number, top, rows, header.width);
                slice[number].write(&mut plane.samples[top * width..][..rows * width], width);
                kinds.extend(&slice[number].kinds);
            }
            if let Some(filters) = filters {
                let limit = filter::limit(tables::step(header.quantizers[number.min(1)]));
                filter::apply(&mut plane, &kinds, &filters[number.min(1)], limit);
            }
            plane
        })
        .collect();
    merge(&planes, layout)
}

/// A slice of which nothing arrived.
fn missing(header: &Header, guides: &[[Guide; 2]], (top, height): (usize, usize)) -> Vec<PlaneSlice> {
    let planes = guides.iter().enumerate().map(|(plane, [guide, _])| {
        let part = part_of(header.layout, plane, top, height, header.width);
        let mut slice = PlaneSlice::new(part, guide);
        slice.fill(part.0, guide);
        slice
    });
    planes.collect()
}

/// A slice's planes, from its bytes; none when these do not end where the decisions do.
fn slice(
    tables: &Tables,
    bytes: &[u8],
    header: &Header,
    guides: &[[Guide; 2]],
    (top, height): (usize, usize),
) -> Option<Vec<PlaneSlice>> {
    let layout = header.layout;
    let mut decoder = Decoder::new(bytes);
    let mut model = tables.model.clone();
    let mut done: Vec<PlaneSlice> = Vec::new();
    let mut before: Option<History> = None;
    for (plane, [guide, luma_guide]) in guides.iter().enumerate() {
        let part = part_of(layout, plane, top, height, header.width);
        let mut slice = PlaneSlice::new(part, guide);
        let quantizer = Quantizer::new(tables, plane, header.quantizers[plane.min(1)], header.profile);
        let classes = quantizer.classes;
        let subsampling = if plane == 1 { layout.subsampling(plane) } else { 1 };
        let luma = (plane > 0).then(|| done[0].at_scale_of(part, luma_guide, layout.subsampling(plane)));
        let mut history = History::new(slice.columns);
        for row in 0..slice.rows {
            for column in 0..slice.columns {
                let border = slice.border(row, column);
                let same_place = before.as_ref().map_or(0, |before| before.same_place(row, column, subsampling));
                let around = history.around(plane, column, &border, quantizer.step, same_place);
                let number = around.code_class(&mut decoder, &mut model, 0, classes.len().ilog2());
                let delta = if quantizer.has_deltas() { around.code_delta(&mut decoder, &mut model, 0) } else { 0 };
                let slope = if plane > 0 { around.code_slope(&mut decoder, &mut model, 0) } else { 0 };
                let mut levels = [0; BLOCK];
                around.coefficients(number).code(&mut decoder, &mut model, &mut levels);
                let class = &classes[number];
                let mut prediction = [0; BLOCK];
                predict(class, &border, &mut prediction);
                if let (Some(luma), true) = (&luma, slope != 0) {
                    let mut expected = [0; BLOCK];
                    predict(class, &luma.border(row, column), &mut expected);
                    add_slope(&mut prediction, &luma.load(row, column), &expected, slope);
                }
                let block = reconstruct(class, quantizer.of(number, delta), &prediction, &levels, count(&levels));
                slice.store(row, column, &block);
                slice.classes.push(number as u8);
                slice.kinds.push(filter::kind(quantizer.number(delta), count(&levels)));
                history.push(column, Coded::new(number, delta, slope, &levels));
            }
            history.end_row();
            if decoder.is_beyond() {
                return None;
            }
        }
        before = Some(history);
        done.push(slice);
    }
    decoder.is_finished().then_some(done)
}
