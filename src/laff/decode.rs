//! From streams to planes.

use super::block::{Coded, count};
use super::encode::part;
use super::filter;
use super::planes::Layout;
use super::slice::{History, PlaneSlice, add_slope, predict, reconstruct};
use super::tables::{BLOCK, Quantizer, Tables};
use super::thumbnail::{Guide, Thumbnail};
use crate::range_coder::Decoder;

/// The thumbnail, from its bytes.
pub(super) fn thumbnail(tables: &Tables, bytes: &[u8], height: usize, width: usize, layout: Layout, step: i32) -> Vec<Thumbnail> {
    let mut decoder = Decoder::new(bytes);
    let mut model = tables.model.clone();
    let mut sizes = Vec::new();
    let planes = (0..layout.planes()).map(|plane| {
        let mut thumbnail = Thumbnail::new(height, width, layout, plane);
        thumbnail.code(&mut decoder, &mut model, plane, step, &mut sizes);
        thumbnail
    });
    planes.collect()
}

/// A slice's planes, from its bytes.
pub(super) fn slice(
    tables: &Tables,
    bytes: &[u8],
    layout: Layout,
    quantizers: [u8; 2],
    visual: bool,
    guides: &[[Guide; 2]],
    (top, height, width): (usize, usize, usize),
) -> Vec<PlaneSlice> {
    let mut decoder = Decoder::new(bytes);
    let mut model = tables.model.clone();
    let mut done: Vec<PlaneSlice> = Vec::new();
    let mut before: Option<History> = None;
    for (plane, [guide, luma_guide]) in guides.iter().enumerate() {
        let part = part(layout, plane, top, height, width);
        let mut slice = PlaneSlice::new(part, guide);
        let quantizer = Quantizer::new(tables, plane, quantizers[plane.min(1)], visual);
        let classes = quantizer.classes;
        let subsampling = if plane == 1 { layout.subsampling(plane) } else { 1 };
        let luma = (plane > 0).then(|| {
            let mut luma = PlaneSlice::new(part, luma_guide);
            luma.follow(&done[0], layout.subsampling(plane));
            luma
        });
        let mut history = History::new(slice.columns);
        for row in 0..slice.rows {
            for column in 0..slice.columns {
                let border = slice.border(row, column);
                let same_place = before.as_ref().map_or(0, |before| before.same_place(row, column, subsampling));
                let around = history.around(plane, column, &border, quantizer.step, same_place);
                let number = around.code_class(&mut decoder, &mut model, 0, classes.len().ilog2());
                let delta =
                    if quantizer.has_deltas() { around.code_delta(&mut decoder, &mut model, 0) } else { 0 };
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
                    slice.kinds.push(filter::kind(quantizer.number(delta), count(&levels)));
                history.push(column, Coded::new(number, delta, slope, &levels));
            }
            history.end_row();
        }
        before = Some(history);
        done.push(slice);
    }
    done
}
