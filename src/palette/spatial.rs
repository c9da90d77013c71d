//! Indices that take the spatial proximity of the pixels into account: among near-equal colours the one that makes the
//! file smaller.
//!
//! A PNG file says again what was said before (LZ77), and codes what is new by how frequent it is (Huffman). So every
//! stretch of pixels has the choice: to go on as indices before it did, at the cost of the error that this makes, or to
//! be new, at the cost of its codes. Whatever has the least error + lambda x bits is taken, from left to right, with
//! the code lengths that the pass before would have had; after each pass the colours move to the means of their pixels.

use super::Palette;
use super::engine::{self, Centroids};
use super::histogram::ColorSet;
use crate::photo::Photo;
use crate::simd::vectorised;
use rayon::prelude::*;

/// Entries that a pixel may take that is no part of a copy: the nearest ones.
const NEAR: usize = 8;

/// Passes over the photo.
const PASSES: usize = 3;

/// The longest copy, as in deflate.
const LONGEST: usize = 258;

/// The shortest copy, as in deflate.
const SHORTEST: usize = 3;

/// How far back a copy may reach, as in deflate.
const WINDOW: usize = 32_768;

/// Places with the same next indices that are tried as a copy's source.
const SOURCES: usize = 16;

/// The indices, and the palette with its colours moved to the means of their pixels, in its old order. `lambda` is the
/// squared error, in the coordinates of the palette's space, that a bit is worth.
pub(super) fn quantize(photo: &Photo, palette: &Palette, lambda: f32) -> (Vec<u8>, Palette) {
    let colors = ColorSet::of_pixels(photo.samples(), photo.channels(), None);
    let numbers = colors.numbers(photo.samples(), photo.channels());
    let points: Vec<[f32; 3]> = colors.iter().map(|color| palette.space().coordinates(color)).collect();
    let mut palette = palette.clone();
    let mut indices = Vec::new();
    let mut codes = None;
    for _ in 0..PASSES {
        let entries = engine::points(&palette);
        let choices = choices(&points, &entries);
        let writer =
            Writer { width: photo.width(), numbers: &numbers, points: &points, choices: &choices, entries: &entries };
        let known = codes.unwrap_or_else(|| Codes::unknown(&writer));
        let (written, learnt) = writer.write(lambda, &known);
        palette = moved(&palette, &entries, &numbers, &points, &written);
        (indices, codes) = (written, Some(learnt));
    }
    (indices, palette)
}

/// The palette with every colour at the mean of its pixels.
fn moved(palette: &Palette, entries: &[[f32; 3]], numbers: &[u32], points: &[[f32; 3]], indices: &[u8]) -> Palette {
    let mut sums = vec![([0.0_f64; 3], 0.0_f64); entries.len()];
    for (&number, &index) in numbers.iter().zip(indices) {
        let (sum, count) = &mut sums[usize::from(index)];
        sum.iter_mut().zip(points[number as usize]).for_each(|(sum, value)| *sum += f64::from(value));
        *count += 1.0;
    }
    let means = sums.into_iter().zip(entries).map(|((sum, count), entry)| match count > 0.0 {
        true => palette.space().color(sum.map(|sum| sum / count)),
        false => palette.space().color(entry.map(f64::from)),
    });
    let moved = Palette::from_centroids(means.collect()).expect("as many colours as before");
    moved.in_space(palette.space())
}

/// The entries nearest to a colour, nearest first, and their squared distances.
#[derive(Clone, Copy, Default)]
struct Choice {
    entries: [u8; NEAR],
    errors: [f32; NEAR],
}

fn choices(points: &[[f32; 3]], entries: &[[f32; 3]]) -> Vec<Choice> {
    let centroids = Centroids::new(entries);
    let mut choices = vec![Choice::default(); points.len()];
    let chunks = points.par_chunks(1024).zip(choices.par_chunks_mut(1024));
    chunks.for_each(|(points, choices)| nearest_few(points, &centroids, choices));
    choices
}

vectorised! {
    fn nearest_few(points: &[[f32; 3]], centroids: &Centroids, choices: &mut [Choice]) {
        let mut distances = [0.0; super::MAX_COLORS];
        for (&point, choice) in points.iter().zip(choices) {
            let len = centroids.distances(point, &mut distances);
            *choice = Choice { entries: [0; NEAR], errors: [f32::INFINITY; NEAR] };
            for (entry, &distance) in distances[..len].iter().enumerate() {
                if distance < choice.errors[NEAR - 1] {
                    let mut place = NEAR - 1;
                    while place > 0 && choice.errors[place - 1] > distance {
                        choice.errors[place] = choice.errors[place - 1];
                        choice.entries[place] = choice.entries[place - 1];
                        place -= 1;
                    }
                    choice.errors[place] = distance;
                    choice.entries[place] = entry as u8;
                }
            }
        }
    }
}

/// The lengths in bits of deflate's codes: of literals and copy lengths, and of distances.
struct Codes {
    literals: [f32; 256],
    lengths: [f32; 32],
    distances: [f32; 32],
}

/// How often each code was used.
#[derive(Default)]
struct Uses {
    literals: Vec<u32>,
    lengths: [u32; 32],
    distances: [u32; 32],
}

impl Codes {
    /// Before anything is known: indices as frequent as without copies, and middling lengths for the rest.
    fn unknown(writer: &Writer) -> Self {
        let mut uses = Uses { literals: vec![0; 256], ..Uses::default() };
        for &number in writer.numbers {
            uses.literals[usize::from(writer.choices[number as usize].entries[0])] += 1;
        }
        Self { lengths: [7.0; 32], distances: [4.0; 32], ..uses.codes() }
    }

    fn copy(&self, length: usize, distance: usize) -> f32 {
        let (length, length_extra) = length_code(length);
        let (distance, distance_extra) = distance_code(distance);
        self.lengths[length] + self.distances[distance] + (length_extra + distance_extra) as f32
    }
}

impl Uses {
    fn codes(&self) -> Codes {
        let bits = |count: u32, total: u32| ((total as f32 + 64.0) / (count as f32 + 0.25)).log2();
        let symbols = self.literals.iter().chain(&self.lengths).sum();
        let copies = self.distances.iter().sum();
        Codes {
            literals: std::array::from_fn(|at| bits(self.literals[at], symbols)),
            lengths: std::array::from_fn(|at| bits(self.lengths[at], symbols)),
            distances: std::array::from_fn(|at| bits(self.distances[at], copies)),
        }
    }
}

/// Deflate's code of a length, counted from that of the shortest, and the bits that follow it.
fn length_code(length: usize) -> (usize, u32) {
    let above = length - SHORTEST;
    let extra = above.max(4).ilog2() - 2;
    (4 * extra as usize + (above >> extra), extra)
}

/// Deflate's code of a distance and the bits that follow it.
fn distance_code(distance: usize) -> (usize, u32) {
    let above = distance - 1;
    let extra = above.max(2).ilog2() - 1;
    (2 * extra as usize + (above >> extra), extra)
}

struct Writer<'a> {
    width: usize,
    /// Of each pixel's colour.
    numbers: &'a [u32],
    points: &'a [[f32; 3]],
    choices: &'a [Choice],
    entries: &'a [[f32; 3]],
}

impl Writer<'_> {
    fn write(&self, lambda: f32, codes: &Codes) -> (Vec<u8>, Codes) {
        let literals: Vec<(f32, u8)> = self.choices.iter().map(|choice| self.literal(choice, lambda, codes)).collect();
        let mut uses = Uses { literals: vec![0; 256], ..Uses::default() };
        let mut indices: Vec<u8> = Vec::with_capacity(self.numbers.len());
        let mut seen = Seen::new(self.numbers.len());
        while indices.len() < self.numbers.len() {
            let at = indices.len();
            match self.best_copy(&indices, &literals, &seen, lambda, codes) {
                Some((length, distance)) => {
                    uses.lengths[length_code(length).0] += 1;
                    uses.distances[distance_code(distance).0] += 1;
                    for _ in 0..length {
                        indices.push(indices[indices.len() - distance]);
                    }
                }
                None => {
                    let (_, index) = literals[self.numbers[at] as usize];
                    uses.literals[usize::from(index)] += 1;
                    indices.push(index);
                }
            }
            seen.add(&indices);
        }
        (indices, uses.codes())
    }

    /// What a pixel of this colour costs that is no part of a copy, and the entry that it takes.
    fn literal(&self, choice: &Choice, lambda: f32, codes: &Codes) -> (f32, u8) {
        let costs = choice.entries.iter().zip(choice.errors);
        let costs = costs.map(|(&entry, error)| (error + lambda * codes.literals[usize::from(entry)], entry));
        costs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("at least one entry is near")
    }

    /// The copy, as length and distance, that wins most against literals, if any wins something.
    fn best_copy(
        &self,
        indices: &[u8],
        literals: &[(f32, u8)],
        seen: &Seen,
        lambda: f32,
        codes: &Codes,
    ) -> Option<(usize, usize)> {
        let at = indices.len();
        let longest = LONGEST.min(self.numbers.len() - at);
        let mut best = (0.0, None);
        let near = [1, 2, 3, self.width - 1, self.width, self.width + 1, 2 * self.width];
        let next = self.numbers[at..].first_chunk::<SHORTEST>();
        let sources =
            next.into_iter().flat_map(|numbers| seen.sources(numbers.map(|number| literals[number as usize].1)));
        for distance in near.into_iter().chain(sources.map(|source| at - source)) {
            if distance == 0 || distance > at.min(WINDOW) {
                continue;
            }
            let mut gain = 0.0;
            let mut highest = 0.0;
            for length in 1..=longest {
                let number = self.numbers[at + length - 1] as usize;
                // A copy may go on into what it has just written.
                let index = indices[at - distance + (length - 1) % distance];
                let (point, entry) = (self.points[number], self.entries[usize::from(index)]);
                let error: f32 = (0..3).map(|axis| (point[axis] - entry[axis]).powi(2)).sum();
                gain += literals[number].0 - error;
                if length >= SHORTEST {
                    let total = gain - lambda * codes.copy(length, distance);
                    if total > best.0 {
                        best = (total, Some((length, distance)));
                    }
                }
                highest = gain.max(highest);
                // What is lost by now will hardly be made up for.
                if gain < highest - 8.0 * lambda {
                    break;
                }
            }
        }
        best.1
    }
}

/// Where three indices in a row occurred, latest first.
struct Seen {
    latest: Vec<u32>,
    before: Vec<u32>,
    len: usize,
}

const NOWHERE: u32 = u32::MAX;

impl Seen {
    fn new(pixels: usize) -> Self {
        Self { latest: vec![NOWHERE; 1 << 16], before: vec![NOWHERE; pixels], len: 0 }
    }

    fn hash(next: [u8; SHORTEST]) -> usize {
        let [a, b, c] = next.map(u32::from);
        ((a | b << 8 | c << 16).wrapping_mul(0x9e37_79b1) >> 16) as usize
    }

    fn add(&mut self, indices: &[u8]) {
        while self.len + SHORTEST <= indices.len() {
            let next = [indices[self.len], indices[self.len + 1], indices[self.len + 2]];
            self.before[self.len] = std::mem::replace(&mut self.latest[Self::hash(next)], self.len as u32);
            self.len += 1;
        }
    }

    fn sources(&self, next: [u8; SHORTEST]) -> impl Iterator<Item = usize> + '_ {
        let first = self.latest[Self::hash(next)];
        let step = |&place: &u32| Some(self.before[place as usize]).filter(|&place| place != NOWHERE);
        std::iter::successors(Some(first).filter(|&place| place != NOWHERE), step)
            .take(SOURCES)
            .map(|place| place as usize)
    }
}
