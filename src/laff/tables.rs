//! The frozen tables: for each class of blocks a predictor and a basis, and what the model starts from.

use super::model::{INPUTS as CONTEXTS, MIXERS, Model, PLANES, SLOTS};
use crate::error::{Error, Result};
use std::sync::LazyLock;

/// Samples of a block.
pub(super) const BLOCK: usize = 64;
/// What a block is predicted from: 52 samples of its border, 9 of the thumbnail, and zeros.
pub(super) const INPUTS: usize = 64;
/// Classes of luma blocks, and of chroma blocks.
pub(super) const CLASSES: [usize; 2] = [16, 8];

/// One class of blocks.
pub(super) struct Class {
    /// For each sample of the block the weights of the inputs, in 1/4,096.
    pub predictor: Box<[[i16; INPUTS]; BLOCK]>,
    /// The singular vectors, strongest first, of different lengths.
    pub basis: Box<[[i16; BLOCK]; BLOCK]>,
    /// Their lengths in 1/256.
    pub lengths: [u32; BLOCK],
    /// For each sample its share in each coefficient: the basis transposed and of length one.
    pub forward: Box<[[f32; BLOCK]; BLOCK]>,
}

/// All tables of one identity.
pub(super) struct Tables {
    /// Classes of luma, and of chroma.
    pub classes: [Vec<Class>; 2],
    /// A model at the start of a photo.
    pub model: Model,
}

/// The tables that come with the library.
pub(super) static FROZEN: LazyLock<Tables> =
    LazyLock::new(|| Tables::read(include_bytes!("tables.bin")).expect("the library's own tables are whole"));

/// Bytes of a class: weights with a scale for each sample, and singular vectors.
const CLASS_BYTES: usize = BLOCK * (INPUTS + 1) + BLOCK * BLOCK;

impl Tables {
    /// The tables in a file that `write` has made.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let classes = CLASSES.iter().sum::<usize>() * CLASS_BYTES;
        let expected = classes + PLANES * (SLOTS + MIXERS * CONTEXTS * 2);
        if bytes.len() != expected {
            let found = bytes.len();
            return Err(Error::malformed("laff table", format!("expected {expected} bytes, found {found}")));
        }
        let (of_classes, rest) = bytes.split_at(classes);
        let (contexts, weights) = rest.split_at(PLANES * SLOTS);
        let mut of_classes = of_classes.chunks_exact(CLASS_BYTES).map(Class::read);
        let classes = CLASSES.map(|count| of_classes.by_ref().take(count).collect());
        let weights: Vec<_> = weights.as_chunks::<2>().0.iter().map(|&pair| 4 * i32::from(i16::from_le_bytes(pair))).collect();
        Ok(Self { classes, model: Model::new(contexts, weights.as_chunks().0) })
    }

    /// The set of classes for a plane.
    pub(super) fn classes_of(&self, plane: usize) -> &[Class] {
        &self.classes[plane.min(1)]
    }
}

impl Class {
    fn read(bytes: &[u8]) -> Self {
        let (predictor, basis) = bytes.split_at(BLOCK * (INPUTS + 1));
        let mut class = Self {
            predictor: Box::new([[0; INPUTS]; BLOCK]),
            basis: Box::new([[0; BLOCK]; BLOCK]),
            lengths: [0; BLOCK],
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

/// Quantiser steps in 1/256 of a level: from 1/2 to 127, 32 an octave.
pub(super) fn step(quantizer: u8) -> u32 {
    /// 2^(i / 32) in 1/65,536.
    const OCTAVE: [u32; 32] = [
        65536, 66971, 68438, 69936, 71468, 73032, 74632, 76266, 77936, 79642, 81386, 83169, 84990, 86851, 88752, 90696,
        92682, 94711, 96785, 98905, 101070, 103283, 105545, 107856, 110218, 112631, 115098, 117618, 120194, 122825, 125515,
        128263,
    ];
    (OCTAVE[usize::from(quantizer % 32)] << (quantizer / 32)) >> 9
}

/// What a coefficient of one is worth for each vector of each class: in 1/2^14 of 1/16 of a level.
pub(super) fn steps(classes: &[Class], step: u32) -> Vec<[i32; BLOCK]> {
    let of = |class: &Class| class.lengths.map(|length| ((u64::from(step) << 18) / u64::from(length)) as i32);
    classes.iter().map(of).collect()
}
