//! The frozen tables: for each class of blocks a predictor and a basis, and what the model starts from.

use super::layout::{BLOCK, CLASSES, DELTAS, Filter, INPUTS, KINDS, NEIGHBOURS, NO_DELTA};
use super::model::{INPUTS as CONTEXTS, MIXERS, Model, PLANES, SLOTS};
use super::options::Profile;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::second_stage::SecondStage;
use std::sync::LazyLock;

/// One class of blocks.
#[derive(Clone)]
pub(super) struct Class {
    /// For each sample of the block the weights of the inputs, in 1/4,096.
    pub predictor: Box<[[i16; INPUTS]; BLOCK]>,
    /// The singular vectors, strongest first, of different lengths.
    pub basis: Box<[[i16; BLOCK]; BLOCK]>,
    /// Their lengths in 1/256.
    pub lengths: [u32; BLOCK],
    /// How much larger the steps of vectors are in a visual profile, in 1/64: the more, the finer their detail.
    pub weights: [u8; BLOCK],
    /// For each sample its share in each coefficient: the basis transposed and of length one.
    pub forward: Box<[[f32; BLOCK]; BLOCK]>,
}

/// All tables of one identity.
pub(super) struct Tables {
    /// Classes of luma, and of chroma.
    pub classes: [Vec<Class>; 2],
    /// One class that stands for all, of luma and of chroma: not for the codec but to compare with.
    pub plain: [Class; 2],
    /// A model at the start of a photo.
    pub model: Model,
    /// Post-filters of luma, and of chroma, for each kind of block.
    pub filters: [Vec<Filter>; 2],
}

/// The tables that come with the library.
pub(super) static FROZEN: LazyLock<Tables> = LazyLock::new(|| {
    let tables = SecondStage::Xz.decode(include_bytes!("tables.bin.xz"), &Limits::new());
    Tables::read(&tables.expect("the library's own tables are whole")).expect("the library's own tables are whole")
});

/// Bytes of a filter: for each row, neighbour and column a weight.
const FILTER_BYTES: usize = BLOCK * NEIGHBOURS.len();

fn read_filter(bytes: &[u8]) -> Filter {
    let mut filter = [[[0; 8]; NEIGHBOURS.len()]; 8];
    for (weight, &byte) in filter.as_flattened_mut().as_flattened_mut().iter_mut().zip(bytes) {
        *weight = i16::from(byte as i8);
    }
    filter
}

/// Bytes of a class: weights with a scale for each sample, and singular vectors.
const CLASS_BYTES: usize = BLOCK * (INPUTS + 1) + BLOCK * BLOCK;

impl Tables {
    /// The tables in a file that `write` has made.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let classes = (CLASSES.iter().sum::<usize>() + 2) * CLASS_BYTES;
        let model = PLANES * (SLOTS + MIXERS * CONTEXTS * 2);
        let expected = classes + model + 2 * KINDS * FILTER_BYTES;
        if bytes.len() != expected {
            let found = bytes.len();
            return Err(Error::malformed("laff table", format!("expected {expected} bytes, found {found}")));
        }
        let (of_classes, rest) = bytes.split_at(classes);
        let (model, filters) = rest.split_at(model);
        let (contexts, weights) = model.split_at(PLANES * SLOTS);
        let mut filters = filters.chunks_exact(FILTER_BYTES).map(read_filter);
        let filters = [0, 1].map(|_| filters.by_ref().take(KINDS).collect());
        let mut of_classes = of_classes.chunks_exact(CLASS_BYTES).map(Class::read);
        let classes = CLASSES.map(|count| of_classes.by_ref().take(count).collect());
        let plain = [0, 1].map(|_| of_classes.next().expect("bytes for all classes"));
        let weights: Vec<_> =
            weights.as_chunks::<2>().0.iter().map(|&pair| 4 * i32::from(i16::from_le_bytes(pair))).collect();
        Ok(Self { classes, plain, model: Model::new(contexts, weights.as_chunks().0), filters })
    }

    /// The set of classes for a plane.
    pub(super) fn classes_of(&self, plane: usize) -> &[Class] {
        &self.classes[plane.min(1)]
    }
}

impl Class {
    /// A class with weights in 1 and singular vectors, rounded to what the tables hold.
    pub(super) fn of(predictor: &[[f64; INPUTS]], basis: &[[f64; BLOCK]]) -> Self {
        let mut bytes = Vec::with_capacity(CLASS_BYTES);
        Self::write(predictor, basis, &mut bytes);
        Self::read(&bytes)
    }

    /// The same predictor with another basis.
    pub(super) fn with_basis(&self, basis: &[[f64; BLOCK]]) -> Self {
        Self { predictor: self.predictor.clone(), ..Self::of(&[[0.0; INPUTS]; BLOCK], basis) }
    }

    fn read(bytes: &[u8]) -> Self {
        let (predictor, basis) = bytes.split_at(BLOCK * (INPUTS + 1));
        let mut class = Self {
            predictor: Box::new([[0; INPUTS]; BLOCK]),
            basis: Box::new([[0; BLOCK]; BLOCK]),
            lengths: [0; BLOCK],
            weights: [64; BLOCK],
            forward: Box::new([[0.0; BLOCK]; BLOCK]),
        };
        for (row, bytes) in class.predictor.iter_mut().zip(predictor.as_chunks::<{ INPUTS + 1 }>().0) {
            for (weight, &byte) in row.iter_mut().zip(&bytes[1..]) {
                *weight = i16::from(byte as i8) * i16::from(bytes[0]);
            }
        }
        for (k, (vector, bytes)) in class.basis.iter_mut().zip(basis.as_chunks::<BLOCK>().0).enumerate() {
            *vector = bytes.map(|byte| i16::from(byte as i8));
            let squares: u64 = vector.iter().map(|&v| u64::from(v.unsigned_abs()).pow(2)).sum();
            // A vector of zeros would have no direction: a length beyond any makes its coefficients nothing.
            class.lengths[k] = if squares == 0 { u32::MAX } else { (squares << 16).isqrt() as u32 };
            class.weights[k] = visual_weight(vector, squares);
            for (sample, &v) in class.forward.iter_mut().zip(vector.iter()) {
                sample[k] = f32::from(v) * 256.0 / class.lengths[k] as f32;
            }
        }
        class
    }

    /// The bytes of a class: weights in 1 and singular vectors, rounded to what the file holds.
    pub(super) fn write(predictor: &[[f64; INPUTS]], basis: &[[f64; BLOCK]], bytes: &mut Vec<u8>) {
        for row in predictor {
            let largest = row.iter().fold(0.0_f64, |largest, weight| largest.max(weight.abs()));
            let scale = (largest * 4096.0 / 127.0).ceil().clamp(1.0, 255.0);
            bytes.push(scale as u8);
            bytes.extend(row.iter().map(|weight| (weight * 4096.0 / scale).round().clamp(-127.0, 127.0) as i8 as u8));
        }
        for vector in basis {
            let largest = vector.iter().fold(1e-9_f64, |largest, v| largest.max(v.abs()));
            bytes.extend(vector.iter().map(|v| (v / largest * 127.0).round() as i8 as u8));
        }
    }
}

fn with_delta(quantizer: u8, delta: usize) -> u8 {
    (i32::from(quantizer) + (delta as i32 - NO_DELTA as i32) * DELTA).clamp(0, 255) as u8
}

/// The visual weight of a singular vector: its detail is the root of how much neighbours differ, about its frequency.
fn visual_weight(vector: &[i16; BLOCK], squares: u64) -> u8 {
    let square = |a: usize, b: usize| u64::from((vector[a] - vector[b]).unsigned_abs()).pow(2);
    let differences: u64 = (0..8)
        .flat_map(|y| (0..7).map(move |x| square(8 * y + x, 8 * y + x + 1) + square(8 * x + y, 8 * x + 8 + y)))
        .sum();
    let detail = ((differences << 12) / squares.max(1)).isqrt();
    (64 + detail * 26 / 64).min(255) as u8
}

/// Quantiser steps in 1/256 of a level: from 1/2 to 127, 32 an octave.
pub(super) fn step(quantizer: u8) -> u32 {
    /// 2^(i / 32) in 1/65,536.
    const OCTAVE: [u32; 32] = [
        65536, 66971, 68438, 69936, 71468, 73032, 74632, 76266, 77936, 79642, 81386, 83169, 84990, 86851, 88752, 90696,
        92682, 94711, 96785, 98905, 101070, 103283, 105545, 107856, 110218, 112631, 115098, 117618, 120194, 122825,
        125515, 128263,
    ];
    (OCTAVE[usize::from(quantizer % 32)] << (quantizer / 32)) >> 9
}

/// Quantisers from one choice of a block's step to the next.
const DELTA: i32 = 10;
/// The step of the thumbnail that goes with a quantiser of luma, in 1/16 of a level: half of its step, in halves of a
/// level.
pub(super) fn thumbnail_step(quantizer: u8) -> i32 {
    (step(quantizer) as i32 / 32).clamp(16, 512) / 8 * 8
}

/// What coefficients of one are worth.
pub(super) struct Quantizer<'a> {
    pub classes: &'a [Class],
    number: u8,
    /// The step of the plane in 1/256 of a level.
    pub step: u32,
    /// For each delta, class and vector, in 1/2^14 of 1/16 of a level.
    steps: Vec<[i32; BLOCK]>,
}

impl<'a> Quantizer<'a> {
    /// Of a plane. In a `visual` profile fine detail has larger steps, and blocks of luma have choices.
    pub(super) fn new(tables: &'a Tables, plane: usize, quantizer: u8, profile: Profile) -> Self {
        let visual = profile == Profile::Visual;
        let classes = tables.classes_of(plane);
        let deltas = if visual && plane == 0 { DELTAS } else { 1 };
        let mut steps = Vec::with_capacity(deltas * classes.len());
        for delta in 0..deltas {
            let step = u64::from(step(with_delta(quantizer, if deltas == 1 { NO_DELTA } else { delta })));
            steps.extend(classes.iter().map(|class| -> [i32; BLOCK] {
                std::array::from_fn(|k| {
                    let weight = if visual { u64::from(class.weights[k]) } else { 64 };
                    (((step * weight) << 12) / u64::from(class.lengths[k])) as i32
                })
            }));
        }
        Self { classes, number: quantizer, step: step(quantizer), steps }
    }

    /// What coefficients of a block are worth.
    pub(super) fn of(&self, class: usize, delta: usize) -> &[i32; BLOCK] {
        &self.steps[delta * self.classes.len() + class]
    }

    /// The number of a block's quantiser.
    pub(super) fn number(&self, delta: usize) -> u8 {
        if self.has_deltas() { with_delta(self.number, delta) } else { self.number }
    }

    /// Whether blocks have a choice of steps.
    pub(super) fn has_deltas(&self) -> bool {
        self.steps.len() > self.classes.len()
    }

    /// The same in levels of a sample, for vectors of length one.
    pub(super) fn exact(&self, class: usize, delta: usize) -> [f32; BLOCK] {
        let (steps, lengths) = (self.of(class, delta), &self.classes[class].lengths);
        std::array::from_fn(|k| (steps[k].max(1) as f32 * lengths[k] as f32) / (1_u64 << 26) as f32)
    }
}
