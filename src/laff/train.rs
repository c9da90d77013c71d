//! Makes tables from photos.

use super::block::count;
use super::filter::{self, KINDS, NEIGHBOURS};
use super::encode::{Observer, Prepared, Settings, slices};
use super::model::{Model, PLANES, SLOTS};
use super::planes::{Layout, Plane};
use super::search::Choice;
use super::slice::Border;
use super::tables::{BLOCK, CLASSES, Class, INPUTS, Tables};
use super::thumbnail::Guide;
use crate::linalg::symmetric_eigen;
use crate::photo::Photo;
use ndarray::Array2;

/// Inputs and samples of a block, side by side.
const JOINT: usize = INPUTS + BLOCK;

/// Sums of products of what blocks are predicted from and what they are.
#[derive(Clone)]
struct Moments {
    products: Vec<[f64; JOINT]>,
    count: f64,
}

impl Moments {
    fn new() -> Self {
        Self { products: vec![[0.0; JOINT]; JOINT], count: 0.0 }
    }

    fn add(&mut self, joint: &[f64; JOINT], weight: f64) {
        for (row, &value) in self.products.iter_mut().zip(joint) {
            if value != 0.0 {
                let value = value * weight;
                row.iter_mut().zip(joint).for_each(|(sum, &other)| *sum += value * other);
            }
        }
        self.count += weight;
    }

    fn merge(&mut self, other: &Self) {
        for (row, others) in self.products.iter_mut().zip(&other.products) {
            row.iter_mut().zip(others).for_each(|(sum, &other)| *sum += other);
        }
        self.count += other.count;
    }

    /// The linear map with the least squared error, and the singular vectors of what it leaves.
    fn solve(&self) -> (Vec<[f64; INPUTS]>, Vec<[f64; BLOCK]>) {
        let n = self.count.max(1.0);
        // Of inputs alone, with a little added to their variance against maps that amplify noise.
        let mut inputs = vec![[0.0; INPUTS]; INPUTS];
        for (i, row) in inputs.iter_mut().enumerate() {
            row.copy_from_slice(&self.products[i][..INPUTS]);
            row[i] += n * RIDGE;
        }
        let factor = cholesky(inputs);
        let predictor: Vec<[f64; INPUTS]> = (0..BLOCK)
            .map(|sample| solve(&factor, std::array::from_fn(|i| self.products[i][INPUTS + sample])))
            .collect();
        // Covariance of what is left: Cyy - P Cxy - Cyx P' + P Cxx P'.
        let mut left = Array2::zeros((BLOCK, BLOCK));
        let cross = |a: usize, b: usize| (0..INPUTS).map(|i| predictor[a][i] * self.products[i][INPUTS + b]).sum::<f64>();
        let mapped: Vec<[f64; INPUTS]> = predictor
            .iter()
            .map(|row| std::array::from_fn(|j| (0..INPUTS).map(|i| row[i] * self.products[i][j]).sum()))
            .collect();
        for a in 0..BLOCK {
            for b in 0..BLOCK {
                let both: f64 = (0..INPUTS).map(|i| mapped[a][i] * predictor[b][i]).sum();
                left[(a, b)] = (self.products[INPUTS + a][INPUTS + b] - cross(a, b) - cross(b, a) + both) / n;
            }
            left[(a, a)] += 1e-3;
        }
        let (_, vectors) = symmetric_eigen(left);
        let basis = (0..BLOCK).rev().map(|k| std::array::from_fn(|i| vectors[(k, i)])).collect();
        (predictor, basis)
    }
}

/// Added to the variance of every input, in squared levels.
const RIDGE: f64 = 2.0;

fn cholesky(mut a: Vec<[f64; INPUTS]>) -> Vec<[f64; INPUTS]> {
    for i in 0..INPUTS {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            a[i][j] = if i == j { (a[i][i] - sum).max(1e-9).sqrt() } else { (a[i][j] - sum) / a[j][j] };
        }
    }
    a
}

fn solve(factor: &[[f64; INPUTS]], mut b: [f64; INPUTS]) -> [f64; INPUTS] {
    for i in 0..INPUTS {
        let sum: f64 = (0..i).map(|k| factor[i][k] * b[k]).sum();
        b[i] = (b[i] - sum) / factor[i][i];
    }
    for i in (0..INPUTS).rev() {
        let sum: f64 = (i + 1..INPUTS).map(|k| factor[k][i] * b[k]).sum();
        b[i] = (b[i] - sum) / factor[i][i];
    }
    b
}

/// What was learned of the photos so far.
struct Lesson {
    moments: [Vec<Moments>; 2],
    seen: Vec<[u32; 2]>,
    models: Vec<Model>,
    bytes: usize,
    error: f64,
    samples: usize,
}

impl Lesson {
    fn new() -> Self {
        Self {
            moments: CLASSES.map(|count| vec![Moments::new(); count]),
            seen: vec![[0; 2]; PLANES * SLOTS],
            models: Vec::new(),
            bytes: 0,
            error: 0.0,
            samples: 0,
        }
    }

    /// Takes over what contexts saw.
    fn learn_model(&mut self, other: Self) {
        for (sum, seen) in self.seen.iter_mut().zip(&other.seen) {
            (0..2).for_each(|bit| sum[bit] += seen[bit]);
        }
        self.models.extend(other.models);
    }

    fn merge(mut self, other: Self) -> Self {
        for (all, others) in self.moments.iter_mut().zip(&other.moments) {
            all.iter_mut().zip(others).for_each(|(one, other)| one.merge(other));
        }
        self.bytes += other.bytes;
        self.error += other.error;
        self.samples += other.samples;
        self.learn_model(other);
        self
    }
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
        let _ = count(&choice.levels);
        let mut joint = [0.0; JOINT];
        for (value, &input) in joint.iter_mut().zip(&border.inputs) {
            *value = f64::from(input) / 16.0;
        }
        for i in 0..BLOCK {
            let mut sample = i32::from(source[i]) - border.mean;
            if let Some((block, expected)) = luma {
                sample -= (choice.slope * (i32::from(block[i]) - expected[i]) + 4) >> 3;
            }
            joint[INPUTS + i] = f64::from(sample) / 16.0;
        }
        self.moments[plane.min(1)][choice.class].add(&joint, 1.0);
    }

    fn model(&mut self, model: &Model) {
        for (sum, seen) in self.seen.iter_mut().zip(&model.seen) {
            (0..2).for_each(|bit| sum[bit] += seen[bit]);
        }
        let mut model = model.clone();
        model.seen = Vec::new();
        self.models.push(model);
    }
}

/// The bytes of tables with which nothing is known: one prediction for all classes, and bases of cosines.
fn blank(classes: [Vec<(Vec<[f64; INPUTS]>, Vec<[f64; BLOCK]>)>; 2]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for set in &classes {
        set.iter().for_each(|(predictor, basis)| Class::write(predictor, basis, &mut bytes));
    }
    bytes
}

/// Orientation classes to begin with: blocks of a plane sorted by the direction of their gradient.
fn first_moments(photos: &[Prepared]) -> [Vec<Moments>; 2] {
    let mut moments = CLASSES.map(|count| vec![Moments::new(); count]);
    for photo in photos {
        for (plane, samples) in photo.planes.iter().enumerate() {
            let mut thumbnail = super::thumbnail::Thumbnail::new(photo.height, photo.width, photo.layout, plane);
            thumbnail.measure(samples);
            let guide = Guide::new(thumbnail, photo.height, photo.width, photo.layout, plane);
            let whole = (0, samples.height, samples.width);
            let mut slice = super::slice::PlaneSlice::new(whole, &guide);
            for row in 0..slice.rows {
                for column in 0..slice.columns {
                    let source = super::slice::PlaneSlice::source(samples, 0, row, column);
                    slice.store(row, column, &source);
                }
            }
            for row in 0..slice.rows {
                for column in 0..slice.columns {
                    let border = slice.border(row, column);
                    let source = slice.load(row, column);
                    let mut joint = [0.0; JOINT];
                    for (value, &input) in joint.iter_mut().zip(&border.inputs) {
                        *value = f64::from(input) / 16.0;
                    }
                    for i in 0..BLOCK {
                        joint[INPUTS + i] = f64::from(i32::from(source[i]) - border.mean) / 16.0;
                    }
                    let set = &mut moments[plane.min(1)];
                    let class = direction(&source, set.len());
                    set[class].add(&joint, 1.0);
                }
            }
        }
    }
    moments
}

/// A class of `count` by the direction and the clearness of a block's gradient.
fn direction(block: &[i16; BLOCK], count: usize) -> usize {
    let (mut xx, mut yy, mut xy) = (0.0_f64, 0.0, 0.0);
    for y in 0..7 {
        for x in 0..7 {
            let at = |y: usize, x: usize| f64::from(block[y * 8 + x]) / 16.0;
            let (dx, dy) = (at(y, x + 1) - at(y, x), at(y + 1, x) - at(y, x));
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
    }
    let (a, b) = (xx - yy, 2.0 * xy);
    let clear = (a * a + b * b).sqrt() > 0.5 * (xx + yy);
    let directions = count * 3 / 4;
    if clear && xx + yy > 49.0 * 4.0 {
        let angle = b.atan2(a) / std::f64::consts::TAU + 0.5;
        ((angle * directions as f64 + 0.5) as usize) % directions
    } else {
        let energy = (xx + yy + 1.0).log2();
        directions + (((energy - 5.0) / 3.0).clamp(0.0, 0.99 * (count - directions) as f64) as usize).min(count - directions - 1)
    }
}

/// Trains tables; prints what each pass costs.
#[doc(hidden)]
pub fn train(photos: &[Photo], passes: usize, mut report: impl FnMut(String)) -> Vec<u8> {
    use rayon::prelude::*;
    let photos: Vec<Prepared> = photos.iter().map(|photo| Prepared::new(photo, Layout::Halved)).collect();
    let quantizers = [([146_u8; 2], false), ([172; 2], false), ([112; 2], false), ([140; 2], true), ([112; 2], true)];
    let mut classes = first_moments(&photos).map(|set| set.iter().map(Moments::solve).collect::<Vec<_>>());
    let mut model_bytes = unknown_model();
    let no_filters = vec![0; PLACES * NEIGHBOURS.len()];
    for pass in 0..passes {
        let bytes: Vec<u8> = blank(classes.clone()).into_iter().chain(model_bytes.iter().copied()).chain(no_filters.iter().copied()).collect();
        let tables = Tables::read(&bytes).expect("tables as they are written");
        let every = pass + 3 >= passes;
        let lesson = photos
            .par_iter()
            .enumerate()
            .map(|(index, photo)| {
                let mut lesson = Lesson::new();
                for (number, &(quantizers, visual)) in quantizers.iter().enumerate() {
                    if every || (index + pass) % 3 == number {
                        let mut ignored = Lesson::new();
                        observe(photo, &tables, quantizers, visual, if visual { &mut ignored } else { &mut lesson });
                        if visual {
                            lesson.learn_model(ignored);
                        }
                    }
                }
                lesson
            })
            .reduce_with(Lesson::merge)
            .expect("there is a photo");
        report(format!(
            "pass {pass}: {} bytes, {:.3} bits a sample of luma, {:.2} dB",
            lesson.bytes,
            lesson.bytes as f64 * 8.0 / lesson.samples as f64,
            crate::metrics::psnr_from_mse(lesson.error / lesson.samples as f64)
        ));
        if pass + 2 < passes {
            classes = std::array::from_fn(|set| lesson.moments[set].iter().map(Moments::solve).collect());
        }
        model_bytes = learned_model(&lesson);
        report(format!("  blocks: {:?}", lesson.moments.iter().map(|set| set.iter().map(|m| m.count as u32).collect::<Vec<_>>()).collect::<Vec<_>>()));
    }
    let mut bytes: Vec<u8> = blank(classes).into_iter().chain(model_bytes).collect();
    let known = bytes.len();
    bytes.extend(no_filters);
    let tables = Tables::read(&bytes).expect("tables as they are written");
    bytes.truncate(known);
    bytes.extend(train_filters(&photos, &tables));
    bytes
}

fn observe(photo: &Prepared, tables: &Tables, quantizers: [u8; 2], visual: bool, lesson: &mut Lesson) {
    let settings = Settings { layout: photo.layout, quantizers, slice: 8, lambda: 0.13, visual };
    let (thumbnails, bytes) = photo.thumbnail(tables, super::tables::thumbnail_step(quantizers[0]), &mut Some(lesson));
    lesson.bytes += bytes.len();
    let guides = Guide::all(&thumbnails, photo.height, photo.width, photo.layout);
    for (top, height) in slices(photo.height, settings.slice) {
        let (planes, bytes) = photo.slice(tables, &settings, &guides, (top, height), &mut Some(lesson));
        lesson.bytes += bytes.len();
        let mut plane = Plane::new(height, photo.width);
        planes[0].write(&mut plane.samples, photo.width);
        let source = &photo.planes[0].samples[top * photo.width..][..plane.samples.len()];
        lesson.error += source.iter().zip(&plane.samples).map(|(&a, &b)| (f64::from(a - b) / 16.0).powi(2)).sum::<f64>();
        lesson.samples += plane.samples.len();
    }
}

/// Sums of products of differences to neighbours, and with what is missing.
type Normal = [[f64; NEIGHBOURS.len() + 1]; NEIGHBOURS.len()];

/// What filters were learned of: for luma and chroma, each kind of block and each place in it.
type Places = Vec<Normal>;

const PLACES: usize = 2 * KINDS * BLOCK;

/// Trains the post-filters for tables that are otherwise done.
fn train_filters(photos: &[Prepared], tables: &Tables) -> Vec<u8> {
    use rayon::prelude::*;
    let zero = || vec![[[0.0; NEIGHBOURS.len() + 1]; NEIGHBOURS.len()]; PLACES];
    let quantizers = [76_u8, 90, 104, 120, 136, 152, 168, 184];
    let sums: Places = photos
        .par_iter()
        .enumerate()
        .fold(zero, |mut sums, (index, photo)| {
            for (number, quantizer) in quantizers.into_iter().enumerate() {
                if (index + number) % 2 == 0 {
                    observe_filter(photo, tables, quantizer, &mut sums);
                }
            }
            sums
        })
        .reduce(zero, |mut a, b| {
            for (a, b) in a.iter_mut().zip(&b) {
                a.as_flattened_mut().iter_mut().zip(b.as_flattened()).for_each(|(a, b)| *a += b);
            }
            a
        });
    let mut bytes = Vec::new();
    for kind in sums.chunks_exact(BLOCK) {
        let weights: Vec<[f64; NEIGHBOURS.len()]> = kind.iter().map(solve_normal).collect();
        for y in 0..8 {
            for neighbour in 0..NEIGHBOURS.len() {
                for x in 0..8 {
                    bytes.push((weights[8 * y + x][neighbour] * 128.0).round().clamp(-127.0, 127.0) as i8 as u8);
                }
            }
        }
    }
    bytes
}

/// Solves by elimination, with a little added to the diagonal.
fn solve_normal(normal: &Normal) -> [f64; NEIGHBOURS.len()] {
    const N: usize = NEIGHBOURS.len();
    let mut a = *normal;
    let trace: f64 = (0..N).map(|i| a[i][i]).sum();
    for i in 0..N {
        a[i][i] += 1e-3 * trace / N as f64 + 1e3;
    }
    for i in 0..N {
        let pivot = a[i];
        for (j, row) in a.iter_mut().enumerate() {
            if j != i {
                let factor = row[i] / pivot[i];
                row.iter_mut().zip(&pivot).for_each(|(x, &p)| *x -= factor * p);
            }
        }
    }
    std::array::from_fn(|i| a[i][N] / a[i][i])
}

fn observe_filter(photo: &Prepared, tables: &Tables, quantizer: u8, sums: &mut Places) {
    let settings = Settings { layout: photo.layout, quantizers: [quantizer; 2], slice: 64, lambda: 0.13, visual: false };
    let (thumbnails, _) = photo.thumbnail(tables, super::tables::thumbnail_step(quantizer), &mut None);
    let guides = Guide::all(&thumbnails, photo.height, photo.width, photo.layout);
    let (planes, _) = photo.slice(tables, &settings, &guides, (0, photo.height), &mut None);
    let limit = filter::limit(super::tables::step(quantizer));
    for (number, (slice, source)) in planes.iter().zip(&photo.planes).enumerate() {
        let mut decoded = Plane::new(source.height, source.width);
        slice.write(&mut decoded.samples, source.width);
        let padded = filter::Padded::new(&decoded);
        for (index, (&sample, &original)) in decoded.samples.iter().zip(&source.samples).enumerate() {
            let (y, x) = (index / source.width, index % source.width);
            let kind = usize::from(slice.kinds[y / 8 * slice.columns + x / 8]);
            let place = (number.min(1) * KINDS + kind) * BLOCK + y % 8 * 8 + x % 8;
            let at = (y + filter::REACH) * padded.stride + x + filter::REACH;
            let mut row = [0.0_f64; NEIGHBOURS.len() + 1];
            for (value, &(dy, dx)) in row.iter_mut().zip(&NEIGHBOURS) {
                let other = padded.samples[at.wrapping_add_signed(dy * padded.stride as isize + dx)];
                *value = f64::from((i32::from(other) - i32::from(sample)).clamp(-limit, limit));
            }
            row[NEIGHBOURS.len()] = f64::from(original - sample);
            for (sums, &value) in sums[place].iter_mut().zip(&row) {
                sums.iter_mut().zip(&row).for_each(|(sum, &other)| *sum += value * other);
            }
        }
    }
}

fn unknown_model() -> Vec<u8> {
    let mut bytes = vec![Model::summary(0.5, 0.0); PLANES * SLOTS];
    let weights = PLANES * super::model::MIXERS * super::model::INPUTS;
    bytes.extend((0..weights).flat_map(|_| 1200_i16.to_le_bytes()));
    bytes
}

fn learned_model(lesson: &Lesson) -> Vec<u8> {
    let mut bytes: Vec<u8> = lesson
        .seen
        .iter()
        .map(|&[no, yes]| {
            let (no, yes) = (f64::from(no), f64::from(yes));
            Model::summary((yes + 0.4) / (no + yes + 0.8), (no + yes) / 8.0)
        })
        .collect();
    for index in 0..PLANES * super::model::MIXERS {
        for input in 0..super::model::INPUTS {
            let sum: i64 = lesson.models.iter().map(|model| i64::from(model.weights()[index][input])).sum();
            let mean = sum / lesson.models.len() as i64;
            bytes.extend(((mean / 4) as i16).to_le_bytes());
        }
    }
    bytes
}

static DECODE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
static PIXELS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

#[doc(hidden)]
pub fn measure(args: &[String]) {
    use super::planes::merge;
    use rayon::prelude::*;
    if args[0] == "pair" {
        for pair in args[1..].chunks(2) {
            let (a, b) = (Photo::open(&pair[0]).unwrap(), Photo::open(&pair[1]).unwrap());
            println!("{} {}", -10.0 * (1.0 - crate::metrics::ssim(&a, &b).unwrap()).log10(), crate::metrics::ssimulacra2(&a, &b).unwrap());
        }
        return;
    }
    let lambda: f32 = args[0].parse().unwrap();
    let offset: i32 = args[1].parse().unwrap();
    let quantizers: Vec<u8> = args[2].split(',').map(|x| x.parse().unwrap()).collect();
    let tables = &*super::tables::FROZEN;
    let start = std::time::Instant::now();
    let lines: Vec<String> = args[3..]
        .par_iter()
        .flat_map(|path| {
            let photo = Photo::open(path).unwrap();
            let prepared = Prepared::new(&photo, Layout::Halved);
            quantizers
                .iter()
                .map(|&q| {
                    let settings =
                        Settings { layout: Layout::Halved, quantizers: [q, (i32::from(q) + offset).clamp(0, 255) as u8], slice: 8, lambda, visual: std::env::var("VISUAL").is_ok() };
                    let (thumbnails, bytes) = prepared.thumbnail(tables, super::tables::thumbnail_step(q), &mut None);
                    let thumb = bytes.len();
                    let mut total = thumb + 40;
                    let guides = Guide::all(&thumbnails, prepared.height, prepared.width, Layout::Halved);
                    let mut planes: Vec<Plane> =
                        prepared.planes.iter().map(|plane| Plane::new(plane.height, plane.width)).collect();
                    let mut kinds = vec![Vec::new(); 3];
                    for (top, height) in slices(prepared.height, settings.slice) {
                        let (done, bytes) = prepared.slice(tables, &settings, &guides, (top, height), &mut None);
                        total += bytes.len();
                        if std::env::var("TIME").is_ok() {
                            let start = std::time::Instant::now();
                            let again = super::decode::slice(tables, &bytes, Layout::Halved, settings.quantizers, settings.visual, &guides, (top, height, prepared.width));
                            DECODE.fetch_add(start.elapsed().as_micros() as u64, std::sync::atomic::Ordering::Relaxed);
                            PIXELS.fetch_add((height * prepared.width) as u64, std::sync::atomic::Ordering::Relaxed);
                            assert!(again.iter().zip(&done).all(|(a, b)| (0..a.rows).all(|r| (0..a.columns).all(|c| a.load(r, c) == b.load(r, c)))));
                        }
                        for (plane, (slice, out)) in done.iter().zip(&mut planes).enumerate() {
                            let (top, height, width) = super::encode::part(Layout::Halved, plane, top, height, prepared.width);
                            slice.write(&mut out.samples[top * width..][..height * width], width);
                            kinds[plane].extend(&slice.kinds);
                        }
                    }
                    if std::env::var("NOFILTER").is_err() {
                        for (number, plane) in planes.iter_mut().enumerate() {
                            let step = super::tables::step(settings.quantizers[number.min(1)]);
                            filter::apply(plane, &kinds[number], &tables.filters[number.min(1)], filter::limit(step));
                        }
                    }
                    let decoded = merge(&planes).unwrap();
                    let psnr = |of: fn([u8; 3]) -> f64| {
                        let error: f64 = photo.colors().zip(decoded.colors()).map(|(a, b)| (of(a) - of(b)).powi(2)).sum();
                        crate::metrics::psnr_from_mse(error / photo.pixels() as f64)
                    };
                    let y = psnr(|c| 0.299 * f64::from(c[0]) + 0.587 * f64::from(c[1]) + 0.114 * f64::from(c[2]));
                    let cb = psnr(|c| -0.1687 * f64::from(c[0]) - 0.3313 * f64::from(c[1]) + 0.5 * f64::from(c[2]));
                    let cr = psnr(|c| 0.5 * f64::from(c[0]) - 0.4187 * f64::from(c[1]) - 0.0813 * f64::from(c[2]));
                    let name = std::path::Path::new(path).file_stem().unwrap().to_str().unwrap().to_owned();
                    let (ssim, s2) = if std::env::var("METRICS").is_ok() {
                        (-10.0 * (1.0 - crate::metrics::ssim(&photo, &decoded).unwrap()).log10(), crate::metrics::ssimulacra2(&photo, &decoded).unwrap())
                    } else {
                        (0.0, 0.0)
                    };
                    format!("{name} {q} {total} {y:.4} {cb:.3} {cr:.3} {thumb} {ssim} {s2}")
                })
                .collect::<Vec<_>>()
        })
        .collect();
    lines.iter().for_each(|line| println!("{line}"));
    eprintln!("decode {:.2} MP/s", PIXELS.load(std::sync::atomic::Ordering::Relaxed) as f64 / DECODE.load(std::sync::atomic::Ordering::Relaxed).max(1) as f64);
    eprintln!("{:.1} s", start.elapsed().as_secs_f64());
}

#[doc(hidden)]
pub fn only_filters(photos: &[Photo], bytes: &[u8]) -> Vec<u8> {
    let photos: Vec<Prepared> = photos.iter().map(|photo| Prepared::new(photo, Layout::Halved)).collect();
    let filters = PLACES * NEIGHBOURS.len();
    let mut bytes = bytes.to_vec();
    if bytes.len() > 400_000 {
        bytes.truncate(bytes.len() - filters);
    }
    let known = bytes.len();
    bytes.extend(vec![0; filters]);
    let tables = Tables::read(&bytes).unwrap();
    bytes.truncate(known);
    bytes.extend(train_filters(&photos, &tables));
    bytes
}
