//! Makes the tables from photos: `cargo run --release --example train_laff -- FOLDER`.
//!
//! Blocks are sorted by the direction of their gradient at first. Then, again and again, the photos are encoded with
//! what is known, and of the blocks that the encoder gave to a class, that class's prediction becomes the linear map
//! with the least squared error and its basis the singular vectors of what is left: alternating assignment and SVD.
//! What contexts saw in the last passes is where the models will start, and post-filters are fitted at the end.

use super::encode::{Observer, Prepared, Settings};
use super::filter;
use super::header::slices;
use super::layout::{BLOCK, CLASSES, INPUTS, KINDS, NEIGHBOURS};
use super::model::{self, MIXERS, Model, PLANES, SLOTS};
use super::moments::{JOINT, Moments, Normal, solve_normal};
use super::options::Profile;
use super::planes::{Layout, Plane};
use super::search::Choice;
use super::slice::{Border, PlaneSlice};
use super::tables::{self, Class, Tables};
use super::thumbnail::{Guide, Thumbnail};
use crate::error::{Error, Result};
use crate::metrics::psnr_from_mse;
use crate::photo::Photo;
use crate::second_stage::SecondStage;
use rayon::prelude::*;

/// Quantisers at which the photos are encoded: about JPEG's qualities 50, 75 and 90, and two in the visual profile,
/// from which only contexts learn.
const QUANTIZERS: [(u8, Profile); 5] =
    [(146, Profile::Mse), (172, Profile::Mse), (112, Profile::Mse), (140, Profile::Visual), (112, Profile::Visual)];
/// Passes at the end in which every photo is encoded at each of them; before, at one or two.
const FULL_PASSES: usize = 3;
/// Passes at the end in which classes stay, while contexts go on learning.
const SETTLED_PASSES: usize = 2;
/// Quantisers at which post-filters are fitted.
const FILTERED: [u8; 8] = [76, 90, 104, 120, 136, 152, 168, 184];

/// Trains tables on photos and gives the file that the library holds them in. `report` is told what each pass came to.
///
/// The same photos in the same order give the same file on any number of threads. Ten passes over 50 photos of 0.4
/// megapixels take minutes and a gigabyte.
///
/// # Errors
/// [`Error::OutOfRange`] when there is no photo, or fewer than four passes.
pub fn train(photos: &[Photo], passes: usize, mut report: impl FnMut(String)) -> Result<Vec<u8>> {
    if photos.is_empty() || passes <= FULL_PASSES {
        let found = format!("{} photos and {passes} passes", photos.len());
        return Err(Error::out_of_range("training", found, "at least 1 photo and 4 passes"));
    }
    let photos: Vec<Prepared> = photos.iter().map(|photo| Prepared::new(photo, Layout::Halved)).collect();
    let mut classes = class_bytes(&in_order(&photos, by_direction, merge_classes));
    let mut contexts = unknown_contexts();
    let no_filters = vec![0; 2 * KINDS * BLOCK * NEIGHBOURS.len()];
    for pass in 0..passes {
        let tables = Tables::read(&[&classes[..], &contexts, &no_filters].concat())?;
        let full = pass + FULL_PASSES >= passes;
        let numbered: Vec<(usize, &Prepared)> = photos.iter().enumerate().collect();
        let lesson = in_order(
            &numbered,
            |&(index, photo)| {
                let mut lesson = Lesson::new();
                for (number, &(quantizer, profile)) in QUANTIZERS.iter().enumerate() {
                    if full || (index + pass) % 3 == number {
                        lesson.study(photo, &tables, quantizer, profile);
                    }
                }
                lesson
            },
            Lesson::merge,
        );
        report(format!(
            "pass {pass}: {:.4} bits a pixel at {:.3} dB",
            lesson.bytes as f64 * 8.0 / lesson.pixels as f64,
            psnr_from_mse(lesson.error / lesson.pixels as f64)
        ));
        if pass + SETTLED_PASSES < passes {
            classes = class_bytes(&lesson.moments);
        }
        contexts = lesson.contexts();
    }
    let tables = Tables::read(&[&classes[..], &contexts, &no_filters].concat())?;
    let sums = in_order(
        &photos,
        |photo| filter_sums(photo, &tables),
        |mut a, b| {
            for (a, b) in a.as_flattened_mut().as_flattened_mut().iter_mut().zip(b.as_flattened().as_flattened()) {
                *a += b;
            }
            a
        },
    );
    let bytes = [classes, contexts, filter_bytes(&sums)].concat();
    report(format!("{} bytes of tables", bytes.len()));
    SecondStage::Xz.encode(&bytes, Some(9))
}

/// What `work` makes of each photo, in parallel, merged in the order of the photos: floating-point sums depend on it.
fn in_order<P: Sync, T: Send>(photos: &[P], work: impl Fn(&P) -> T + Send + Sync, merge: impl Fn(T, T) -> T) -> T {
    let results: Vec<T> = photos.par_iter().map(work).collect();
    results.into_iter().reduce(merge).expect("there is a photo")
}

type ClassMoments = [Vec<Moments>; 2];

fn merge_classes(mut all: ClassMoments, more: ClassMoments) -> ClassMoments {
    for (set, more) in all.iter_mut().zip(&more) {
        set.iter_mut().zip(more).for_each(|(one, more)| one.merge(more));
    }
    all
}

/// The tables' classes, and for each set the class of all blocks together.
fn class_bytes(moments: &ClassMoments) -> Vec<u8> {
    let mut bytes = Vec::new();
    let all = moments.iter().map(|set| {
        set.iter().skip(1).fold(set[0].clone(), |mut all, one| {
            all.merge(one);
            all
        })
    });
    let all: Vec<Moments> = all.collect();
    for moments in moments.iter().flatten().chain(&all) {
        let (predictor, basis) = moments.solve();
        Class::write(&predictor, &basis, &mut bytes);
    }
    bytes
}

/// What a block is predicted from, and what it is, in levels.
fn joint(border: &Border, sample: impl Fn(usize) -> i32) -> [f64; JOINT] {
    std::array::from_fn(|i| {
        let value = if i < INPUTS { border.inputs[i].into() } else { sample(i - INPUTS) - border.mean };
        f64::from(value) / 16.0
    })
}

/// The blocks of a photo as it is, in classes by their gradients' directions.
fn by_direction(photo: &Prepared) -> ClassMoments {
    let mut moments = CLASSES.map(|count| vec![Moments::new(); count]);
    for (plane, samples) in photo.planes.iter().enumerate() {
        let mut thumbnail = Thumbnail::new(photo.height, photo.width, photo.layout, plane);
        thumbnail.measure(samples);
        let guide = Guide::new(thumbnail, photo.height, photo.width, photo.layout, plane);
        let mut slice = PlaneSlice::new((0, samples.height, samples.width), &guide);
        let places: Vec<(usize, usize)> =
            (0..slice.rows).flat_map(|row| (0..slice.columns).map(move |column| (row, column))).collect();
        for &(row, column) in &places {
            slice.store(row, column, &PlaneSlice::source(samples, 0, row, column));
        }
        for (row, column) in places {
            let (border, block) = (slice.border(row, column), slice.load(row, column));
            let set = &mut moments[plane.min(1)];
            let class = direction(&block, set.len());
            set[class].add(&joint(&border, |i| block[i].into()));
        }
    }
    moments
}

/// A class of `count` for a block: three quarters of them for the directions of clear gradients, the others by energy.
fn direction(block: &[i16; BLOCK], count: usize) -> usize {
    let (mut across, mut down, mut both) = (0.0_f64, 0.0, 0.0);
    for y in 0..7 {
        for x in 0..7 {
            let at = |y: usize, x: usize| f64::from(block[y * 8 + x]) / 16.0;
            let (dx, dy) = (at(y, x + 1) - at(y, x), at(y + 1, x) - at(y, x));
            across += dx * dx;
            down += dy * dy;
            both += dx * dy;
        }
    }
    let (a, b, energy) = (across - down, 2.0 * both, across + down);
    let directions = count * 3 / 4;
    if a.hypot(b) > 0.5 * energy && energy > 200.0 {
        let turn = b.atan2(a) / std::f64::consts::TAU + 0.5;
        (turn * directions as f64 + 0.5) as usize % directions
    } else {
        let step = ((energy + 1.0).log2() - 5.0) / 3.0;
        directions + (step.max(0.0) as usize).min(count - directions - 1)
    }
}

/// What was learned of photos.
struct Lesson {
    moments: ClassMoments,
    /// How often the decisions of each context were false and true.
    seen: Vec<[u32; 2]>,
    /// Sums of the mixers' weights at the end of each slice, and of how many.
    weights: Vec<[i64; model::INPUTS]>,
    slices: i64,
    /// Whether blocks count.
    looks: bool,
    bytes: usize,
    error: f64,
    pixels: usize,
}

impl Lesson {
    fn new() -> Self {
        Self {
            moments: CLASSES.map(|count| vec![Moments::new(); count]),
            seen: vec![[0; 2]; PLANES * SLOTS],
            weights: vec![[0; model::INPUTS]; PLANES * MIXERS],
            slices: 0,
            looks: true,
            bytes: 0,
            error: 0.0,
            pixels: 0,
        }
    }

    fn merge(mut self, other: Self) -> Self {
        self.moments = merge_classes(self.moments, other.moments);
        self.seen.iter_mut().zip(other.seen).for_each(|(sum, seen)| (0..2).for_each(|bit| sum[bit] += seen[bit]));
        for (sum, weights) in self.weights.iter_mut().zip(other.weights) {
            sum.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
        }
        self.slices += other.slices;
        self.bytes += other.bytes;
        self.error += other.error;
        self.pixels += other.pixels;
        self
    }

    /// Encodes a photo, and learns from it.
    fn study(&mut self, photo: &Prepared, tables: &Tables, quantizer: u8, profile: Profile) {
        self.looks = profile == Profile::Mse;
        let settings = Settings::new(profile, quantizer, 8);
        let (thumbnails, bytes) = photo.thumbnail(tables, tables::thumbnail_step(quantizer), &mut Some(self));
        let mut count = bytes.len();
        let guides = Guide::all(&thumbnails, photo.height, photo.width, photo.layout);
        for (top, height) in slices(photo.height, settings.slice) {
            let (planes, bytes) = photo.slice(tables, &settings, &guides, (top, height), &mut Some(self));
            count += bytes.len();
            if self.looks {
                let mut luma = vec![0; height * photo.width];
                planes[0].write(&mut luma, photo.width);
                let source = &photo.planes[0].samples[top * photo.width..];
                self.error += source.iter().zip(&luma).map(|(&a, &b)| (f64::from(a - b) / 16.0).powi(2)).sum::<f64>();
                self.pixels += luma.len();
            }
        }
        if self.looks {
            self.bytes += count;
        }
    }

    /// The tables' contexts and weights.
    fn contexts(&self) -> Vec<u8> {
        let states = self.seen.iter().map(|&[no, yes]| {
            let (no, yes) = (f64::from(no), f64::from(yes));
            Model::summary((yes + 0.4) / (no + yes + 0.8), (no + yes) / 8.0)
        });
        let weights = self.weights.as_flattened().iter().map(|sum| (sum / self.slices.max(1) / 4) as i16);
        states.chain(weights.flat_map(i16::to_le_bytes)).collect()
    }
}

/// Contexts and weights of which nothing is known.
fn unknown_contexts() -> Vec<u8> {
    let weights = (0..PLANES * MIXERS * model::INPUTS).flat_map(|_| 1200_i16.to_le_bytes());
    vec![Model::summary(0.5, 0.0); PLANES * SLOTS].into_iter().chain(weights).collect()
}

impl Observer for Lesson {
    fn start(&mut self, model: &mut Model) {
        model.seen = vec![[0; 2]; PLANES * SLOTS];
    }

    fn block(
        &mut self,
        plane: usize,
        border: &Border,
        choice: &Choice,
        source: &[i16; BLOCK],
        luma: Option<(&[i16; BLOCK], &[i32; BLOCK])>,
    ) {
        if self.looks {
            // Without what chroma takes from luma: the rest is the prediction's to explain.
            let sample = |i: usize| {
                let followed = luma.map_or(0, |(block, expected)| choice.slope * (i32::from(block[i]) - expected[i]));
                i32::from(source[i]) - ((followed + 4) >> 3)
            };
            self.moments[plane.min(1)][choice.class].add(&joint(border, sample));
        }
    }

    fn end(&mut self, model: &Model) {
        self.seen.iter_mut().zip(&model.seen).for_each(|(sum, seen)| (0..2).for_each(|bit| sum[bit] += seen[bit]));
        for (sum, weights) in self.weights.iter_mut().zip(model.weights()) {
            sum.iter_mut().zip(weights).for_each(|(sum, &weight)| *sum += i64::from(weight));
        }
        self.slices += 1;
    }
}

/// For luma and chroma, each kind of block and each place in it what its filter is learned of.
fn filter_sums(photo: &Prepared, tables: &Tables) -> Vec<Normal> {
    let mut sums: Vec<Normal> = vec![[[0.0; NEIGHBOURS.len() + 1]; NEIGHBOURS.len()]; 2 * KINDS * BLOCK];
    for quantizer in FILTERED {
        let settings = Settings::new(Profile::Mse, quantizer, photo.height.div_ceil(16));
        let (thumbnails, _) = photo.thumbnail(tables, tables::thumbnail_step(quantizer), &mut None);
        let guides = Guide::all(&thumbnails, photo.height, photo.width, photo.layout);
        let (slices, _) = photo.slice(tables, &settings, &guides, (0, photo.height), &mut None);
        let limit = filter::limit(tables::step(quantizer));
        for (number, (slice, source)) in slices.iter().zip(&photo.planes).enumerate() {
            let mut decoded = Plane::new(source.height, source.width);
            slice.write(&mut decoded.samples, source.width);
            let padded = filter::Padded::new(&decoded);
            for (index, (&sample, &original)) in decoded.samples.iter().zip(&source.samples).enumerate() {
                let (y, x) = (index / source.width, index % source.width);
                let kind = usize::from(slice.kinds[y / 8 * slice.columns + x / 8]);
                let place = (number.min(1) * KINDS + kind) * BLOCK + y % 8 * 8 + x % 8;
                let differences = padded.differences(y, x, limit);
                for (row, &difference) in sums[place].iter_mut().zip(&differences) {
                    let missing = i32::from(original - sample);
                    let others = differences.iter().chain(std::iter::once(&missing));
                    row.iter_mut().zip(others).for_each(|(sum, &other)| *sum += f64::from(difference * other));
                }
            }
        }
    }
    sums
}

/// The tables' filters.
fn filter_bytes(sums: &[Normal]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for kind in sums.as_chunks::<BLOCK>().0 {
        let weights = kind.each_ref().map(solve_normal);
        for row in weights.as_chunks::<8>().0 {
            for neighbour in 0..NEIGHBOURS.len() {
                let rounded =
                    |weights: &[f64; NEIGHBOURS.len()]| (weights[neighbour] * 128.0).round().clamp(-127.0, 127.0);
                bytes.extend(row.iter().map(|weights| rounded(weights) as i8 as u8));
            }
        }
    }
    bytes
}
