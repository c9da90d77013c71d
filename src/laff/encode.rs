//! From planes to streams.

use super::block::{Coded, count};
use super::filter;
use super::planes::{Layout, Plane, split};
use super::search::{Choice, Luma, Search};
use super::slice::{Border, History, PlaneSlice, SIDE, predict, reconstruct};
use super::tables::{BLOCK, Quantizer, Tables};
use super::thumbnail::{CELL, Guide, Thumbnail};
use crate::photo::Photo;
use crate::range_coder::Encoder;

/// How a photo is coded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub layout: Layout,
    /// Quantisers of luma and of chroma.
    pub quantizers: [u8; 2],
    /// Rows of cells in a slice.
    pub slice: usize,
    pub lambda: f32,
    pub visual: bool,
}

/// Sees every block after it was coded; only in training.
pub(super) trait Observer: Send {
    fn block(&mut self, plane: usize, border: &Border, choice: &Choice, source: &[i16; BLOCK], luma: Option<(&[i16; BLOCK], &[i32; BLOCK])>);
    /// The model after a slice.
    fn model(&mut self, model: &super::model::Model);
    fn start(&mut self, model: &mut super::model::Model);
}

/// Slices of a photo: the first row and the number of rows.
pub(super) fn slices(height: usize, cells: usize) -> Vec<(usize, usize)> {
    let rows = cells * CELL;
    (0..height).step_by(rows).map(|top| (top, rows.min(height - top))).collect()
}

/// The part of a plane that a slice of the photo is: its first row, its rows and its columns.
pub(super) fn part(layout: Layout, plane: usize, top: usize, height: usize, width: usize) -> (usize, usize, usize) {
    let subsampling = layout.subsampling(plane);
    (top / subsampling, height.div_ceil(subsampling), width.div_ceil(subsampling))
}

/// A photo as it is encoded: its planes, and its thumbnail as a decoder gets it.
pub(super) struct Prepared {
    pub height: usize,
    pub width: usize,
    pub layout: Layout,
    pub planes: Vec<Plane>,
}

impl Prepared {
    pub(super) fn new(photo: &Photo, layout: Layout) -> Self {
        Self { height: photo.height(), width: photo.width(), layout, planes: split(photo, layout) }
    }

    /// The thumbnail and its bytes.
    pub(super) fn thumbnail(&self, tables: &Tables, step: i32, observer: &mut Option<&mut dyn Observer>) -> (Vec<Thumbnail>, Vec<u8>) {
        let mut encoder = Encoder::new();
        let mut model = tables.model.clone();
        if let Some(observer) = observer {
            observer.start(&mut model);
        }
        let mut sizes = Vec::new();
        let thumbnails = self.planes.iter().enumerate().map(|(plane, samples)| {
            let mut thumbnail = Thumbnail::new(self.height, self.width, self.layout, plane);
            thumbnail.measure(samples);
            thumbnail.code(&mut encoder, &mut model, plane, step, &mut sizes);
            thumbnail
        });
        let thumbnails = thumbnails.collect();
        if let Some(observer) = observer {
            observer.model(&model);
        }
        (thumbnails, encoder.finish())
    }

    /// Codes one slice.
    pub(super) fn slice(
        &self,
        tables: &Tables,
        settings: &Settings,
        guides: &[[Guide; 2]],
        (top, height): (usize, usize),
        observer: &mut Option<&mut dyn Observer>,
    ) -> (Vec<PlaneSlice>, Vec<u8>) {
        let mut encoder = Encoder::new();
        let mut model = tables.model.clone();
        if let Some(observer) = observer {
            observer.start(&mut model);
        }
        let mut done: Vec<PlaneSlice> = Vec::new();
        let mut before: Option<History> = None;
        for (plane, source) in self.planes.iter().enumerate() {
            let part = part(self.layout, plane, top, height, self.width);
            let [guide, luma_guide] = &guides[plane];
            let mut slice = PlaneSlice::new(part, guide);
            let quantizer = Quantizer::new(tables, plane, settings.quantizers[plane.min(1)], settings.visual);
            let classes = quantizer.classes;
            let subsampling = if plane == 1 { self.layout.subsampling(plane) } else { 1 };
            let luma = (plane > 0).then(|| {
                let mut luma = PlaneSlice::new(part, luma_guide);
                luma.follow(&done[0], self.layout.subsampling(plane));
                luma
            });
            let mut history = History::new(slice.columns);
            for row in 0..slice.rows {
                for column in 0..slice.columns {
                    let border = slice.border(row, column);
                    let same_place = before.as_ref().map_or(0, |before| before.same_place(row, column, subsampling));
                    let around = history.around(plane, column, &border, quantizer.step, same_place);
                    let samples = PlaneSlice::source(source, part.0, row, column);
                    let luma = luma.as_ref().map(|luma| (luma.load(row, column), luma.border(row, column)));
                    let luma_view = luma.as_ref().map(|(block, border)| Luma { block, border });
                    let search = Search { model: &model, quantizer: &quantizer, plane, lambda: settings.lambda };
                    let mut choice = search.choose(&around, &border, luma_view.as_ref(), &samples);
                    around.code_class(&mut encoder, &mut model, choice.class, classes.len().ilog2());
                    if quantizer.has_deltas() {
                        around.code_delta(&mut encoder, &mut model, choice.delta);
                    }
                    if plane > 0 {
                        around.code_slope(&mut encoder, &mut model, choice.slope);
                    }
                    around.coefficients(choice.class).code(&mut encoder, &mut model, &mut choice.levels);
                    let class = &classes[choice.class];
                    let block = reconstruct(class, quantizer.of(choice.class, choice.delta), &choice.prediction, &choice.levels, count(&choice.levels));
                    slice.store(row, column, &block);
                    slice.kinds.push(filter::kind(quantizer.number(choice.delta), count(&choice.levels)));
                    history.push(column, Coded::new(choice.class, choice.delta, choice.slope, &choice.levels));
                    if let Some(observer) = observer {
                        let expected = luma.as_ref().map(|(block, border)| {
                            let mut expected = [0; BLOCK];
                            predict(class, border, &mut expected);
                            (block, expected)
                        });
                        observer.block(plane, &border, &choice, &samples, expected.as_ref().map(|(block, expected)| (*block, expected)));
                    }
                }
                history.end_row();
            }
            before = Some(history);
            done.push(slice);
        }
        if let Some(observer) = observer {
            observer.model(&model);
        }
        debug_assert!(done.iter().all(|slice| slice.columns * SIDE >= 1));
        (done, encoder.finish())
    }
}
