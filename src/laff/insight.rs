//! A look inside: what the tables hold, and what each ingredient of the codec is worth.

use super::encode::Settings;
use super::layout::{BLOCK, INPUTS};
use super::model::Model;
use super::options::{LaffOptions, Profile};
use super::tables::{Class, FROZEN, Tables};
use super::{Trial, quantizer};
use crate::error::{Error, Result};
use crate::photo::Photo;

/// The first 16 singular vectors of each class of luma blocks, as a grey picture: a row for each class, the strongest
/// vector to the left, every sample a square of `scale` x `scale` pixels.
///
/// # Errors
/// [`Error::OutOfRange`] when `scale` is not from 1 to 16.
pub fn basis_sheet(scale: usize) -> Result<Photo> {
    if !(1..=16).contains(&scale) {
        return Err(Error::out_of_range("scale", scale, "from 1 to 16"));
    }
    const SHOWN: usize = 16;
    let classes = FROZEN.classes_of(0);
    let (cell, mut samples) = (9, Vec::new());
    let (height, width) = (cell * classes.len() + 1, cell * SHOWN + 1);
    for y in 0..height {
        for x in 0..width {
            let inside = y % cell > 0 && x % cell > 0;
            samples.push(if inside {
                let vector = &classes[y / cell].basis[x / cell];
                let largest = vector.iter().map(|v| v.unsigned_abs()).max().unwrap_or(1).max(1);
                (128 + i32::from(vector[(y % cell - 1) * 8 + x % cell - 1]) * 127 / i32::from(largest)) as u8
            } else {
                128
            });
        }
    }
    Photo::from_grey(height, width, samples)?.enlarge(scale)
}

/// Ingredients of the codec, each with all those before it: to see what each is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ingredients {
    /// Cosines as in JPEG, 8 x 8, predicted by the mean of the border; rate-distortion optimised levels; a range coder
    /// whose every decision has one adaptive context.
    Cosines,
    /// Six contexts for each decision, mixed.
    Mixing,
    /// One learnt linear prediction from the border.
    Prediction,
    /// Singular vectors of what that prediction leaves.
    SingularVectors,
    /// 16 classes of blocks, each with its own prediction and singular vectors; 8 for chroma.
    Classes,
    /// Contexts that start from what they were on the training photos.
    Training,
    /// The post-filter: the codec as it is.
    Filter,
}

impl Ingredients {
    /// All steps, in order.
    pub const ALL: [Self; 7] = [
        Self::Cosines,
        Self::Mixing,
        Self::Prediction,
        Self::SingularVectors,
        Self::Classes,
        Self::Training,
        Self::Filter,
    ];

    fn has(self, other: Self) -> bool {
        self as u8 >= other as u8
    }

    /// Encodes a photo with these ingredients only, at a quality, for mean squared error and with chroma of half the
    /// resolution: the number of bytes, and what they would be decoded to. With all of them they are those that
    /// [`encode`](super::encode) gives.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when the quality is not from 0 to 100.
    pub fn encode(self, photo: &Photo, quality: f64) -> Result<(usize, Photo)> {
        let quantizer = quantizer(quality, Profile::Mse)?;
        let trial = Trial::new(photo, &LaffOptions::new())?;
        let encoded = trial.prepared.encode(&self.tables(), &Settings::new(Profile::Mse, quantizer, trial.slice));
        let photo = encoded.photo(self.has(Self::Filter).then_some(&FROZEN.filters));
        Ok((encoded.bytes.len(), photo))
    }

    fn tables(self) -> Tables {
        let classes = [0, 1].map(|set| match self {
            Self::Cosines | Self::Mixing => vec![Class::of(&[[0.0; INPUTS]; BLOCK], &cosines())],
            Self::Prediction => vec![FROZEN.plain[set].with_basis(&cosines())],
            Self::SingularVectors => vec![FROZEN.plain[set].clone()],
            Self::Classes | Self::Training | Self::Filter => FROZEN.classes[set].clone(),
        });
        let model = match self {
            Self::Cosines => Model::blank(1),
            _ if !self.has(Self::Training) => Model::blank(super::model::INPUTS),
            _ => FROZEN.model.clone(),
        };
        Tables { classes, plain: FROZEN.plain.clone(), model, filters: FROZEN.filters.clone() }
    }
}

/// The two-dimensional cosines of JPEG, low frequencies first.
fn cosines() -> [[f64; BLOCK]; BLOCK] {
    let mut frequencies: Vec<(usize, usize)> = (0..BLOCK).map(|k| (k / 8, k % 8)).collect();
    frequencies.sort_by_key(|&(v, u)| (u + v, v));
    let wave = |frequency: usize, at: usize| {
        let scale = if frequency == 0 { 0.125_f64.sqrt() } else { 0.5 };
        scale * ((2 * at + 1) as f64 * frequency as f64 * std::f64::consts::PI / 16.0).cos()
    };
    std::array::from_fn(|k| {
        let (v, u) = frequencies[k];
        std::array::from_fn(|i| wave(v, i / 8) * wave(u, i % 8))
    })
}
