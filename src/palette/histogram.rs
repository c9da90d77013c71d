//! Which colours occur, and how often: the exact histogram that palettes are fitted to.

use crate::error::{Error, Result};
use crate::memory;
use crate::photo::Photo;
use crate::simd::vectorised;
use ndarray::ArrayView2;
use rayon::prelude::*;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bins of 4 x 4 x 4 levels.
const BINS: usize = 1 << 18;

/// Pixels that a thread takes at a time.
const STRETCH: usize = 1 << 16;

/// Pixels that are counted together: no count of 32 bits overflows.
const SECTION: usize = 1 << 31;

/// How often every colour occurs in one photo or in several: exact, and as quick to look up as to fill.
///
/// A palette of several photos is fitted to one histogram of them; photos can be added, and histograms merged, at any
/// time, in any order: the result is the same.
///
/// ```
/// use cortado::prelude::*;
/// use cortado::palette::ColorHistogram;
/// let photos = ["photos/china.jpg", "photos/chelsea.png"];
/// let mut histogram = ColorHistogram::new();
/// for photo in photos {
///     histogram.add(&Photo::open(format!("{}/data/{photo}", env!("CARGO_MANIFEST_DIR")))?);
/// }
/// let palette = Palette::of_histogram(&histogram, &PaletteOptions::new().colors(32))?;
/// assert_eq!(palette.len(), 32);
/// # Ok::<(), cortado::Error>(())
/// ```
///
/// Memory is 4 MiB and 8 bytes a distinct colour; adding a photo takes time proportional to its pixels.
#[derive(Clone)]
pub struct ColorHistogram {
    colors: ColorSet,
    /// Of each colour, in the set's order.
    weights: Vec<u64>,
}

impl ColorHistogram {
    /// A histogram of nothing.
    pub fn new() -> Self {
        Self { colors: ColorSet::new(), weights: Vec::new() }
    }

    /// Adds every pixel of a photo, with weight 1.
    pub fn add(&mut self, photo: &Photo) {
        self.merge(&Self::of_pixels(photo.samples(), photo.channels(), None));
    }

    /// Adds every pixel of a photo with a weight of its own: an importance map of shape (height, width), dtype u16. A
    /// pixel of weight 2 counts as two pixels, one of weight 0 not at all.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] when the map has another shape than the photo.
    pub fn add_weighted(&mut self, photo: &Photo, weights: ArrayView2<u16>) -> Result<()> {
        if weights.dim() != (photo.height(), photo.width()) {
            let expected = vec![photo.height(), photo.width()];
            return Err(Error::ShapeMismatch { expected, found: weights.shape().to_vec() });
        }
        let weights: Vec<u16> = weights.iter().copied().collect();
        self.merge(&Self::of_pixels(photo.samples(), photo.channels(), Some(&weights)));
        Ok(())
    }

    /// Adds all that another histogram holds.
    pub fn merge(&mut self, other: &Self) {
        if self.weights.is_empty() {
            self.clone_from(other);
            return;
        }
        let mut merged = Self { colors: self.colors.clone(), weights: Vec::new() };
        merged.colors.unite(&other.colors);
        merged.colors.rank();
        merged.weights = vec![0; merged.colors.len()];
        for source in [&*self, other] {
            for (code, weight) in source.colors.codes().zip(&source.weights) {
                merged.weights[merged.colors.rank_of(code)] += weight;
            }
        }
        *self = merged;
    }

    /// Number of distinct colours.
    pub fn distinct(&self) -> usize {
        self.weights.len()
    }

    /// The sum of all weights: the number of pixels, where none was weighted.
    pub fn total(&self) -> u64 {
        self.weights.iter().sum()
    }

    /// Every colour with its weight, each once, in an order that keeps similar colours together.
    pub fn iter(&self) -> impl Iterator<Item = ([u8; 3], u64)> + '_ {
        self.colors.iter().zip(self.weights.iter().copied())
    }

    /// The set of colours that occur.
    pub(super) fn colors(&self) -> &ColorSet {
        &self.colors
    }

    /// The weight of each colour, in the order of [`ColorHistogram::iter`].
    pub(super) fn weights(&self) -> &[u64] {
        &self.weights
    }

    /// The histogram of pixels with `channels` samples each.
    pub(super) fn of_pixels(samples: &[u8], channels: usize, weights: Option<&[u16]>) -> Self {
        let colors = ColorSet::of_pixels(samples, channels, weights);
        let len = colors.len();
        let weights = match weights {
            None => {
                let sections = samples.chunks(SECTION * channels).flat_map(|section| {
                    shared(
                        section,
                        channels,
                        || memory::zeroed::<u32>(len),
                        |counts, samples, _| {
                            count(samples, channels, &colors, counts);
                        },
                    )
                });
                sum(len, &sections.collect::<Vec<_>>())
            }
            Some(weights) => sum(
                len,
                &shared(
                    samples,
                    channels,
                    || memory::zeroed::<u64>(len),
                    |sums, samples, pixels| {
                        add_weights(samples, channels, &weights[pixels], &colors, sums);
                    },
                ),
            ),
        };
        Self { colors, weights }
    }
}

/// Shares the pixels out among the threads, stretch by stretch, each of which works on a value of its own; their
/// values. Which thread gets which stretch is not said.
fn shared<T: Send>(
    samples: &[u8],
    channels: usize,
    new: impl Fn() -> T + Sync,
    work: impl Fn(&mut T, &[u8], Range<usize>) + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let threads = (0..rayon::current_num_threads()).into_par_iter().with_max_len(1);
    let values = threads.filter_map(|_| {
        let mut value = None;
        loop {
            let from = STRETCH * next.fetch_add(1, Ordering::Relaxed);
            let Some(rest) = samples.get(from * channels..).filter(|rest| !rest.is_empty()) else { return value };
            let stretch = &rest[..rest.len().min(STRETCH * channels)];
            work(value.get_or_insert_with(&new), stretch, from..from + stretch.len() / channels);
        }
    });
    values.collect()
}

/// The sums, place by place, of several lists.
fn sum<T: Copy + Send + Sync>(len: usize, lists: &[Vec<T>]) -> Vec<u64>
where
    u64: From<T>,
{
    let mut sums = memory::zeroed(len);
    sums.par_chunks_mut(STRETCH).enumerate().for_each(|(at, sums)| {
        for list in lists {
            let list = &list[at * STRETCH..][..sums.len()];
            sums.iter_mut().zip(list).for_each(|(sum, &value)| *sum += u64::from(value));
        }
    });
    sums
}

impl Default for ColorHistogram {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ColorHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ColorHistogram({} distinct colours, total weight {})", self.distinct(), self.total())
    }
}

/// A set of colours, numbered from 0 in the order of their codes.
///
/// A code has 24 bits: the upper two of red, green and blue, then the next two of each, and so on. Colours with
/// neighbouring codes are similar, and the 64 colours of a bin are the bits of one word.
#[derive(Clone)]
pub(super) struct ColorSet {
    bins: Vec<Bin>,
    len: usize,
}

/// A bit for each colour of the bin that is in the set, and the number of colours in the bins before.
type Bin = [u64; 2];

/// The codes of the colours in the bin of that number.
fn codes([occurring, _]: Bin, number: usize) -> impl Iterator<Item = u32> {
    let mut bits = occurring;
    std::iter::from_fn(move || {
        (bits != 0).then(|| {
            let bit = bits.trailing_zeros();
            bits &= bits - 1;
            (number as u32) << 6 | bit
        })
    })
}

impl ColorSet {
    fn new() -> Self {
        Self { bins: memory::zeroed(BINS), len: 0 }
    }

    /// The colours of pixels, of those whose weight is not 0.
    pub(super) fn of_pixels(samples: &[u8], channels: usize, weights: Option<&[u16]>) -> Self {
        let marked = shared(samples, channels, Self::new, |set, samples, pixels| match weights {
            None => mark(samples, channels, &mut set.bins),
            Some(weights) => mark_weighted(samples, channels, &weights[pixels], &mut set.bins),
        });
        let union = |mut set: Self, other: Self| {
            set.unite(&other);
            set
        };
        let mut set = marked.into_iter().reduce(union).unwrap_or_else(Self::new);
        set.rank();
        set
    }

    /// Takes the colours of another set too; they are yet to be numbered.
    fn unite(&mut self, other: &Self) {
        self.bins.iter_mut().zip(&other.bins).for_each(|(bin, other)| bin[0] |= other[0]);
    }

    /// Numbers the colours.
    fn rank(&mut self) {
        self.len = rank(&mut self.bins);
    }

    /// Number of colours.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The number of a colour that is in the set.
    #[inline(always)]
    fn rank_of(&self, code: u32) -> usize {
        let [occurring, before] = self.bins[(code >> 6) as usize];
        let below = (1_u64 << (code & 63)) - 1;
        before as usize + (occurring & below).count_ones() as usize
    }

    /// The codes in their order.
    fn codes(&self) -> impl Iterator<Item = u32> + '_ {
        self.occupied().flat_map(|(number, bin)| codes(bin, number))
    }

    /// The numbers of the first colour of each block of 16 x 16 x 16 levels, in order, and the number of all colours.
    pub(super) fn blocks(&self) -> Vec<usize> {
        let firsts = self.bins.iter().step_by(64).map(|[_, before]| *before as usize);
        firsts.chain([self.len]).collect()
    }

    /// The colours in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = [u8; 3]> + '_ {
        self.codes().map(color_of)
    }

    /// The colours of each bin of a block that holds any, in order.
    pub(super) fn bins_of(&self, block: usize) -> impl Iterator<Item = impl Iterator<Item = [u8; 3]>> + '_ {
        let numbered = self.bins[block * 64..][..64].iter().enumerate().filter(|(_, [occurring, _])| *occurring != 0);
        numbered.map(move |(number, &bin)| codes(bin, block * 64 + number).map(color_of))
    }

    fn occupied(&self) -> impl Iterator<Item = (usize, Bin)> + '_ {
        self.bins.iter().copied().enumerate().filter(|(_, [occurring, _])| *occurring != 0)
    }

    /// For each pixel what `values` has for its colour; every colour of the pixels is in the set.
    pub(super) fn look_up(&self, samples: &[u8], channels: usize, values: &[u8]) -> Vec<u8> {
        let pixels = samples.len() / channels;
        let mut found = memory::zeroed(pixels);
        let stretches = samples.par_chunks(STRETCH * channels).zip(found.par_chunks_mut(STRETCH));
        stretches.for_each(|(samples, found)| look_up(samples, channels, self, values, found));
        found
    }

    /// For each pixel the number of its colour; every colour of the pixels is in the set.
    pub(super) fn numbers(&self, samples: &[u8], channels: usize) -> Vec<u32> {
        let mut found = memory::zeroed(samples.len() / channels);
        let stretches = samples.par_chunks(STRETCH * channels).zip(found.par_chunks_mut(STRETCH));
        stretches.for_each(|(samples, found)| numbers(samples, channels, self, found));
        found
    }
}

/// Where the bits of a red, of a green and of a blue sample go in a code.
static PLACES: [[u32; 256]; 3] = {
    let mut places = [[0; 256]; 3];
    let mut sample = 0;
    while sample < 256 {
        let mut channel = 0;
        while channel < 3 {
            let place = 2 * (2 - channel);
            let mut level = 0;
            while level < 4 {
                places[channel][sample] |= (sample as u32 >> (2 * level) & 3) << (6 * level + place);
                level += 1;
            }
            channel += 1;
        }
        sample += 1;
    }
    places
};

#[inline(always)]
fn code([r, g, b]: [u8; 3]) -> u32 {
    PLACES[0][usize::from(r)] | PLACES[1][usize::from(g)] | PLACES[2][usize::from(b)]
}

fn color_of(code: u32) -> [u8; 3] {
    let sample = |channel: u32| {
        (0..4).fold(0, |sample, level| sample | (code >> (6 * level + 2 * (2 - channel)) & 3) << (2 * level)) as u8
    };
    [sample(0), sample(1), sample(2)]
}

/// The codes of pixels with `channels` samples each, one after the other.
#[inline(always)]
fn each_code(samples: &[u8], channels: usize, mut take: impl FnMut(usize, u32)) {
    if channels == 1 {
        samples.iter().enumerate().for_each(|(at, &grey)| take(at, code([grey; 3])));
    } else {
        samples.as_chunks::<3>().0.iter().enumerate().for_each(|(at, &color)| take(at, code(color)));
    }
}

vectorised! {
    fn mark(samples: &[u8], channels: usize, bins: &mut [Bin]) {
        let bins: &mut [Bin; BINS] = bins.try_into().expect("as many bins as there are");
        each_code(samples, channels, |_, code| bins[(code >> 6) as usize % BINS][0] |= 1 << (code & 63));
    }

    fn mark_weighted(samples: &[u8], channels: usize, weights: &[u16], bins: &mut [Bin]) {
        each_code(samples, channels, |at, code| {
            if weights[at] > 0 {
                bins[(code >> 6) as usize][0] |= 1 << (code & 63);
            }
        });
    }

    fn rank(bins: &mut [Bin]) -> usize {
        let mut before = 0;
        for [occurring, smaller] in bins {
            *smaller = before;
            before += u64::from(occurring.count_ones());
        }
        before as usize
    }

    fn count(samples: &[u8], channels: usize, colors: &ColorSet, counts: &mut [u32]) {
        each_code(samples, channels, |_, code| counts[colors.rank_of(code)] += 1);
    }

    fn add_weights(samples: &[u8], channels: usize, weights: &[u16], colors: &ColorSet, sums: &mut [u64]) {
        each_code(samples, channels, |at, code| {
            if weights[at] > 0 {
                sums[colors.rank_of(code)] += u64::from(weights[at]);
            }
        });
    }

    fn look_up(samples: &[u8], channels: usize, colors: &ColorSet, values: &[u8], found: &mut [u8]) {
        each_code(samples, channels, |at, code| found[at] = values[colors.rank_of(code)]);
    }

    fn numbers(samples: &[u8], channels: usize, colors: &ColorSet, found: &mut [u32]) {
        each_code(samples, channels, |at, code| found[at] = colors.rank_of(code) as u32);
    }
}
