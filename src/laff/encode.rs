//! From planes to streams.

use super::block::{Coded, count};
use super::decode::assemble;
use super::filter;
use super::header::{Header, check, slices};
use super::layout::{BLOCK, Filter};
use super::model::Model;
use super::options::Profile;
use super::planes::{Layout, Plane, part, split};
use super::search::{Choice, Luma, Search};
use super::slice::{Border, History, PlaneSlice, predict, reconstruct};
use super::tables::{self, Quantizer, Tables};
use super::thumbnail::{Guide, Thumbnail};
use crate::photo::Photo;
use crate::range_coder::Encoder;
use rayon::prelude::*;

/// How a photo is coded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub profile: Profile,
    /// Of luma and of chroma.
    pub quantizers: [u8; 2],
    /// Rows of cells in a slice.
    pub slice: usize,
    /// Squared steps that a bit may cost.
    lambda: f32,
}

impl Settings {
    pub(super) fn new(profile: Profile, quantizer: u8, slice: usize) -> Self {
        // Found by trying on Kodak's photos: in the visual profile chroma has steps of 0.7 of luma's.
        let (lambda, finer) = match profile {
            Profile::Mse => (0.13, 0),
            Profile::Visual => (0.08, 16),
        };
        Self { profile, quantizers: [quantizer, quantizer.saturating_sub(finer)], slice, lambda }
    }
}

/// A photo that was coded.
pub(super) struct Encoded {
    pub bytes: Vec<u8>,
    header: Header,
    slices: Vec<Vec<PlaneSlice>>,
}

impl Encoded {
    /// What a decoder with these filters makes of the bytes.
    pub(super) fn photo(&self, filters: Option<&[Vec<Filter>; 2]>) -> Photo {
        assemble(&self.header, &self.slices, filters).expect("a photo's planes make a photo")
    }
}

/// Watches while photos are encoded, to learn from them.
pub(super) trait Observer: Send {
    /// Before a thumbnail or a slice is coded.
    fn start(&mut self, model: &mut Model);

    /// After a block: of chroma with luma in its place, as it is and as the class predicts it from luma's border.
    fn block(
        &mut self,
        plane: usize,
        border: &Border,
        choice: &Choice,
        source: &[i16; BLOCK],
        luma: Option<(&[i16; BLOCK], &[i32; BLOCK])>,
    );

    /// After a thumbnail or a slice.
    fn end(&mut self, model: &Model);
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
    pub(super) fn thumbnail(
        &self,
        tables: &Tables,
        step: i32,
        observer: &mut Option<&mut dyn Observer>,
    ) -> (Vec<Thumbnail>, Vec<u8>) {
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
            observer.end(&model);
        }
        (thumbnails, encoder.finish())
    }

    /// Codes the photo.
    pub(super) fn encode(&self, tables: &Tables, settings: &Settings) -> Encoded {
        let thumbnail_step = tables::thumbnail_step(settings.quantizers[0]);
        let (thumbnails, thumbnail) = self.thumbnail(tables, thumbnail_step, &mut None);
        let guides = Guide::all(&thumbnails, self.height, self.width, self.layout);
        let slices = slices(self.height, settings.slice);
        let coded: Vec<(Vec<PlaneSlice>, Vec<u8>)> =
            slices.par_iter().map(|&slice| self.slice(tables, settings, &guides, slice, &mut None)).collect();
        let (slices, parts): (Vec<_>, Vec<_>) = coded.into_iter().unzip();
        let parts = || std::iter::once(&thumbnail).chain(&parts);
        let header = Header {
            height: self.height,
            width: self.width,
            layout: self.layout,
            profile: settings.profile,
            quantizers: settings.quantizers,
            thumbnail_step,
            slice: settings.slice,
            lengths: parts().map(Vec::len).collect(),
        };
        let mut bytes = header.write();
        for part in parts() {
            bytes.extend(part);
            bytes.extend(check(part));
        }
        Encoded { bytes, header, slices }
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
            let quantizer = Quantizer::new(tables, plane, settings.quantizers[plane.min(1)], settings.profile);
            let classes = quantizer.classes;
            let subsampling = if plane == 1 { self.layout.subsampling(plane) } else { 1 };
            let luma = (plane > 0).then(|| done[0].at_scale_of(part, luma_guide, self.layout.subsampling(plane)));
            let mut history = History::new(slice.columns);
            for row in 0..slice.rows {
                for column in 0..slice.columns {
                    let border = slice.border(row, column);
                    let same_place = before.as_ref().map_or(0, |before| before.same_place(row, column, subsampling));
                    let around = history.around(plane, column, &border, quantizer.step, same_place);
                    let samples = PlaneSlice::source(source, part.0, row, column);
                    let luma = luma.as_ref().map(|luma| (luma.load(row, column), luma.border(row, column)));
                    let luma_view = luma.as_ref().map(|(block, border)| Luma { block, border });
                    let search = Search { model: &model, quantizer: &quantizer, lambda: settings.lambda };
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
                    let block = reconstruct(
                        class,
                        quantizer.of(choice.class, choice.delta),
                        &choice.prediction,
                        &choice.levels,
                        count(&choice.levels),
                    );
                    slice.store(row, column, &block);
                    slice.classes.push(choice.class as u8);
                    slice.kinds.push(filter::kind(quantizer.number(choice.delta), count(&choice.levels)));
                    history.push(column, Coded::new(choice.class, choice.delta, choice.slope, &choice.levels));
                    if let Some(observer) = observer {
                        let expected = luma.as_ref().map(|(block, border)| {
                            let mut expected = [0; BLOCK];
                            predict(class, border, &mut expected);
                            (block, expected)
                        });
                        observer.block(
                            plane,
                            &border,
                            &choice,
                            &samples,
                            expected.as_ref().map(|(block, expected)| (*block, expected)),
                        );
                    }
                }
                history.end_row();
            }
            before = Some(history);
            done.push(slice);
        }
        if let Some(observer) = observer {
            observer.end(&model);
        }
        (done, encoder.finish())
    }
}
