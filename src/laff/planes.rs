//! Luma and chroma planes, to and from photos, all in integers.

use crate::error::Result;
use crate::photo::Photo;
use rayon::prelude::*;

/// Samples are kept in 1/16 of a level.
pub(super) const FRACTION: u32 = 4;
/// The largest sample.
pub(super) const PEAK: i32 = 255 << FRACTION;

/// Samples of one colour component: (height, width), in 1/16 of a level from 0 to [`PEAK`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plane {
    pub height: usize,
    pub width: usize,
    pub samples: Vec<i16>,
}

impl Plane {
    pub(super) fn new(height: usize, width: usize) -> Self {
        Self { height, width, samples: vec![0; height * width] }
    }

    pub(super) fn row(&self, y: usize) -> &[i16] {
        &self.samples[y * self.width..][..self.width]
    }

    /// Half as many rows and columns, each sample the mean of four; the last row and column stand for those beyond.
    fn halved(&self) -> Self {
        let mut half = Self::new(self.height.div_ceil(2), self.width.div_ceil(2));
        for (y, row) in half.samples.chunks_exact_mut(half.width).enumerate() {
            let rows = [2 * y, (2 * y + 1).min(self.height - 1)].map(|y| self.row(y));
            for (x, sample) in row.iter_mut().enumerate() {
                let next = (2 * x + 1).min(self.width - 1);
                let sum: i32 = rows.iter().map(|row| i32::from(row[2 * x]) + i32::from(row[next])).sum();
                *sample = ((sum + 2) >> 2) as i16;
            }
        }
        half
    }

    /// A row of the inverse of `halved`, on lines between the samples: three quarters of the nearest, a quarter of the
    /// next.
    fn doubled_row(&self, y: usize, row: &mut [i16]) {
        let (near, far) = (self.row(y / 2), self.row(beside(y, self.height)));
        let blended = |x: usize| 3 * i32::from(near[x]) + i32::from(far[x]);
        let mut last = blended(0);
        for (x, pair) in row.chunks_mut(2).enumerate() {
            let (here, next) = (blended(x), blended((x + 1).min(self.width - 1)));
            for (sample, other) in pair.iter_mut().zip([last, next]) {
                *sample = ((3 * here + other + 8) >> 4) as i16;
            }
            last = here;
        }
    }
}

/// The second nearest of `len` samples of half the resolution.
fn beside(at: usize, len: usize) -> usize {
    if at.is_multiple_of(2) { (at / 2).saturating_sub(1) } else { (at / 2 + 1).min(len - 1) }
}

/// How chroma is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// No chroma.
    Grey,
    /// A chroma sample for four pixels, 4:2:0.
    Halved,
    /// A chroma sample for each pixel, 4:4:4.
    Full,
}

/// The part of a plane that a slice of the photo is: its first row, its rows and its columns.
pub(super) fn part(layout: Layout, plane: usize, top: usize, height: usize, width: usize) -> (usize, usize, usize) {
    let subsampling = layout.subsampling(plane);
    (top / subsampling, height.div_ceil(subsampling), width.div_ceil(subsampling))
}

impl Layout {
    pub(super) fn planes(self) -> usize {
        if self == Self::Grey { 1 } else { 3 }
    }

    /// How many pixels one sample of plane `plane` covers, along each side.
    pub(super) fn subsampling(self, plane: usize) -> usize {
        if self == Self::Halved && plane > 0 { 2 } else { 1 }
    }
}

/// (Y, Cb, Cr) as JPEG has them: BT.601 coefficients, full range, chroma around 128. Coefficients in 1/65,536, rows
/// that sum to one and to nothing.
const TO_YCBCR: [[i32; 3]; 3] = [[19595, 38470, 7471], [-11058, -21710, 32768], [32768, -27439, -5329]];

/// The planes of a photo.
pub(super) fn split(photo: &Photo, layout: Layout) -> Vec<Plane> {
    let (height, width) = (photo.height(), photo.width());
    let mut planes = vec![Plane::new(height, width); layout.planes()];
    if layout == Layout::Grey {
        planes[0].samples = photo.colors().map(|color| i16::from(color[0]) << FRACTION).collect();
        return planes;
    }
    planes.par_iter_mut().enumerate().for_each(|(number, plane)| {
        let zero = if number == 0 { 0 } else { 128 };
        let offset = (zero << 16) + (1 << (15 - FRACTION));
        for (sample, color) in plane.samples.iter_mut().zip(photo.samples().chunks_exact(3)) {
            let levels = TO_YCBCR[number].iter().zip(color);
            let sum: i32 = levels.map(|(&factor, &level)| factor * i32::from(level)).sum();
            *sample = ((sum + offset) >> (16 - FRACTION)).clamp(0, PEAK) as i16;
        }
        if layout.subsampling(number) == 2 {
            *plane = plane.halved();
        }
    });
    planes
}

crate::simd::vectorised! {
    /// One row of RGB samples from one of each plane.
    fn merge_row(luma: &[i16], blue: &[i16], red: &[i16], pixels: &mut [[u8; 3]]) {
        for (((pixel, &luma), &blue), &red) in pixels.iter_mut().zip(luma).zip(blue).zip(red) {
            let (luma, blue, red) = (i32::from(luma), i32::from(blue) - (128 << FRACTION), i32::from(red) - (128 << FRACTION));
            let base = (luma << 14) + (1 << (13 + FRACTION));
            let level = |sum: i32| (sum >> (14 + FRACTION)).clamp(0, 255) as u8;
            *pixel = [level(base + 22970 * red), level(base - 5638 * blue - 11700 * red), level(base + 29032 * blue)];
        }
    }
}

/// A photo of the planes, as large as the first.
pub(super) fn merge(planes: &[Plane], layout: Layout) -> Result<Photo> {
    let (height, width) = (planes[0].height, planes[0].width);
    let [luma, chroma @ ..] = planes else { unreachable!("there is a luma plane") };
    if chroma.is_empty() {
        let level = |&sample: &i16| ((i32::from(sample) + (1 << (FRACTION - 1))) >> FRACTION).clamp(0, 255) as u8;
        return Photo::from_grey(height, width, luma.samples.iter().map(level).collect());
    }
    let mut samples = vec![0; 3 * height * width];
    samples.par_chunks_exact_mut(3 * width).enumerate().for_each_init(
        || vec![0; 2 * width],
        |doubled, (y, row)| {
            let row = row.as_chunks_mut().0;
            if layout == Layout::Full {
                return merge_row(luma.row(y), chroma[0].row(y), chroma[1].row(y), row);
            }
            let (blue, red) = doubled.split_at_mut(width);
            chroma[0].doubled_row(y, blue);
            chroma[1].doubled_row(y, red);
            merge_row(luma.row(y), blue, red, row);
        },
    );
    Photo::from_rgb(height, width, samples)
}
