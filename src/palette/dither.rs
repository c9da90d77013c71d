//! Dithering: errors that would form bands become noise that eyes average.

use super::engine::{self, Centroids};
use super::histogram::ColorSet;
use super::thresholds::{BAYER, BLUE_NOISE, Thresholds};
use super::{Palette, Space};
use crate::photo::{self, Photo};
use crate::simd::vectorised;
use crate::words::words;
use rayon::prelude::*;

/// How the error of a pixel is made up for by others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dither {
    /// Not at all: every pixel takes the nearest colour. The least mean squared error, and bands where colours fade.
    #[default]
    None,
    /// Error diffusion (Robert Floyd and Louis Steinberg, 1976): the neighbours that come later take the error over.
    /// Rows go forth and back in turns.
    FloydSteinberg,
    /// Ordered, by a matrix of blue noise: no pattern shows, and a pixel does not depend on its neighbours.
    BlueNoise,
    /// Ordered, by Bayer's matrix: a regular pattern, which compresses best of the three.
    Bayer,
}

words!(Dither, "dither", "none, floyd-steinberg, blue-noise or bayer", {
    None => "none",
    FloydSteinberg => "floyd-steinberg",
    BlueNoise => "blue-noise",
    Bayer => "bayer",
});

/// The index of every pixel.
pub(super) fn indices(photo: &Photo, palette: &Palette, dither: Dither, strength: f32) -> Vec<u8> {
    let entries = Entries::new(palette);
    let colors = || ColorSet::of_pixels(photo.samples(), photo.channels(), None);
    match dither {
        Dither::None => {
            let colors = colors();
            colors.look_up(photo.samples(), photo.channels(), &engine::nearest(&colors, palette))
        }
        Dither::FloydSteinberg => {
            let mut indices = vec![0; photo.pixels()];
            diffuse(photo, &entries, strength, &mut indices);
            indices
        }
        Dither::BlueNoise => ordered(photo, &colors(), &entries, strength, &BLUE_NOISE),
        Dither::Bayer => ordered(photo, &colors(), &entries, strength, &BAYER),
    }
}

/// A palette, ready to be compared with.
struct Entries<'a> {
    colors: &'a [[u8; 3]],
    space: Space,
    centroids: Centroids,
}

impl<'a> Entries<'a> {
    fn new(palette: &'a Palette) -> Self {
        Self { colors: palette.colors(), space: palette.space(), centroids: Centroids::new(&engine::points(palette)) }
    }

    /// The index of the entry nearest to a colour in 8-bit levels, and the entry's colour.
    #[inline(always)]
    fn nearest(&self, wanted: [f32; 3]) -> (u8, [f32; 3]) {
        let rounded = wanted.map(|value| (value + 0.5) as u8);
        let index = self.centroids.nearest(self.space.coordinates(rounded));
        (index as u8, self.colors[index].map(f32::from))
    }
}

/// Entries that stand in for one colour in ordered dithering.
const MIX: usize = 16;

/// Sixteen entries for each colour, whose mean is near it, from dark to light (after Thomas Knoll); the threshold of a
/// pixel says which it takes.
fn ordered(photo: &Photo, colors: &ColorSet, entries: &Entries, strength: f32, thresholds: &Thresholds) -> Vec<u8> {
    let all: Vec<[u8; 3]> = colors.iter().collect();
    let mut mixes = vec![[0; MIX]; all.len()];
    let chunks = all.par_chunks(1024).zip(mixes.par_chunks_mut(1024));
    chunks.for_each(|(colors, mixes)| mix(colors, entries, strength, mixes));
    let numbers = colors.numbers(photo.samples(), photo.channels());
    let mut indices = vec![0; photo.pixels()];
    let rows = indices.par_chunks_mut(photo.width()).zip(numbers.par_chunks(photo.width()));
    rows.enumerate().for_each(|(y, (row, numbers))| {
        for (x, (index, &number)) in row.iter_mut().zip(numbers).enumerate() {
            *index = mixes[number as usize][(thresholds.at(y, x) * MIX as f32) as usize];
        }
    });
    indices
}

vectorised! {
    fn mix(colors: &[[u8; 3]], entries: &Entries, strength: f32, mixes: &mut [[u8; MIX]]) {
        let luma = |index: u8| photo::luma(entries.colors[usize::from(index)]);
        for (color, mix) in colors.iter().zip(mixes) {
            let color = color.map(f32::from);
            let mut owed = [0.0_f32; 3];
            for index in mix.iter_mut() {
                let wanted: [f32; 3] = std::array::from_fn(|i| (color[i] + strength * owed[i]).clamp(0.0, 255.0));
                let (nearest, taken) = entries.nearest(wanted);
                *index = nearest;
                owed = std::array::from_fn(|i| owed[i] + color[i] - taken[i]);
            }
            mix.sort_by_key(|&index| (luma(index), index));
        }
    }

    fn diffuse(photo: &Photo, entries: &Entries, strength: f32, indices: &mut [u8]) {
        let (width, channels) = (photo.width(), photo.channels());
        // The errors that this row and the next take over, with a place beyond each end.
        let mut errors = vec![[0.0_f32; 3]; width + 2];
        let mut next = errors.clone();
        let rows = photo.samples().chunks_exact(width * channels).zip(indices.chunks_exact_mut(width));
        for (y, (samples, indices)) in rows.enumerate() {
            for step in 0..width {
                let (x, ahead, behind) = match y % 2 {
                    0 => (step, step + 2, step),
                    _ => (width - 1 - step, width - 1 - step, width + 1 - step),
                };
                let pixel: [f32; 3] = std::array::from_fn(|i| f32::from(samples[x * channels + i % channels]));
                let wanted: [f32; 3] = std::array::from_fn(|i| (pixel[i] + errors[x + 1][i]).clamp(0.0, 255.0));
                let (index, taken) = entries.nearest(wanted);
                indices[x] = index;
                for i in 0..3 {
                    let sixteenth = strength * (wanted[i] - taken[i]) / 16.0;
                    errors[ahead][i] += 7.0 * sixteenth;
                    next[behind][i] += 3.0 * sixteenth;
                    next[x + 1][i] += 5.0 * sixteenth;
                    next[ahead][i] += sixteenth;
                }
            }
            std::mem::swap(&mut errors, &mut next);
            next.fill([0.0; 3]);
        }
    }
}
