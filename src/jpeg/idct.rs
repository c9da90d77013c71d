//! The inverse cosine transform of a block, in whole numbers: the accurate one of the Independent JPEG Group's library,
//! which nearly all programs show pictures by.
//!
//! The numbers are those of Loeffler, Ligtenberg and Moschytz (ICASSP 1989), with 13 bits behind the point. Where a
//! damaged file's coefficients leave 16 bits, sums wrap and results saturate as they do in vectors, so that every
//! processor gives the same pixels.

use crate::simd::vectorised;

/// A rotation's two factors, times 2^13.
type Factors = [i16; 2];

// Of the even half: a rotation by 3/8 of a half turn, times the square root of 2.
const EVEN_2: Factors = [4_433, 4_433 - 15_137];
const EVEN_3: Factors = [4_433 + 6_270, 4_433];
// Of the odd half: what its sums bring to each, and its own pairs.
const SUM_3: Factors = [9_633 - 16_069, 9_633];
const SUM_4: Factors = [9_633, 9_633 - 3_196];
const ODD_0: Factors = [2_446 - 7_373, -7_373];
const ODD_3: Factors = [-7_373, 12_299 - 7_373];
const ODD_1: Factors = [16_819 - 20_995, -20_995];
const ODD_2: Factors = [-20_995, 25_172 - 20_995];

/// Bits behind the point of the factors.
const POINT: i32 = 13;
/// Bits behind the point that the columns' results keep.
const KEPT: i32 = 2;
/// Bits that are rounded away after the columns.
const FIRST: i32 = POINT - KEPT;
/// Bits that are rounded away after the rows; a block's transform is 8 times too large.
const SECOND: i32 = POINT + KEPT + 3;

/// Eight numbers side by side, which the compiler makes a vector of.
type Lanes<T> = [T; 8];

vectorised! {
    /// The samples of a block, from its coefficients and the steps they are multiplied by, into the 8 x 8 samples that
    /// begin at `at` of a plane with rows of `stride` samples.
    pub(super) fn block(coefficients: &[i16; 64], steps: &[i16; 64], plane: &mut [u8], at: usize, stride: usize) {
        let mut whole = [[0; 8]; 8];
        for (i, whole) in whole.as_flattened_mut().iter_mut().enumerate() {
            *whole = coefficients[i].wrapping_mul(steps[i]);
        }
        let mut columns = [[0; 8]; 8];
        if whole[1..].as_flattened().iter().fold(0, |any, &value| any | value) == 0 {
            for (i, value) in columns.as_flattened_mut().iter_mut().enumerate() {
                *value = whole[0][i % 8] << KEPT;
            }
        } else {
            columns = transform::<FIRST>(&whole);
        }
        let rows = transpose(&transform::<SECOND>(&transpose(&columns)));
        let mut samples = [[0; 8]; 8];
        for (sample, &level) in samples.as_flattened_mut().iter_mut().zip(rows.as_flattened()) {
            *sample = (level.clamp(-128, 127) + 128) as u8;
        }
        let plane = &mut plane[at..at + 7 * stride + 8];
        for (y, samples) in samples.iter().enumerate() {
            plane[y * stride..y * stride + 8].copy_from_slice(samples);
        }
    }
}

/// Two products, added.
#[inline(always)]
fn rotate(a: i16, b: i16, [by_a, by_b]: Factors) -> i32 {
    (i32::from(a) * i32::from(by_a)).wrapping_add(i32::from(b) * i32::from(by_b))
}

/// Eight times eight coefficients to as many samples, of which so many bits are rounded away. Each lane is for itself.
#[inline(always)]
fn transform<const BITS: i32>(x: &[Lanes<i16>; 8]) -> [Lanes<i16>; 8] {
    let mut result = [[0; 8]; 8];
    for lane in 0..8 {
        let mut input = [0; 8];
        for i in 0..8 {
            input[i] = x[i][lane];
        }
        let x = input;
        let sum = i32::from(x[0].wrapping_add(x[4])) << POINT;
        let difference = i32::from(x[0].wrapping_sub(x[4])) << POINT;
        let (two, three) = (rotate(x[2], x[6], EVEN_2), rotate(x[2], x[6], EVEN_3));
        let even = [
            sum.wrapping_add(three),
            difference.wrapping_add(two),
            difference.wrapping_sub(two),
            sum.wrapping_sub(three),
        ];
        let (a, b) = (x[7].wrapping_add(x[3]), x[5].wrapping_add(x[1]));
        let (a, b) = (rotate(a, b, SUM_3), rotate(a, b, SUM_4));
        let odd = [
            rotate(x[7], x[1], ODD_3).wrapping_add(b),
            rotate(x[5], x[3], ODD_2).wrapping_add(a),
            rotate(x[5], x[3], ODD_1).wrapping_add(b),
            rotate(x[7], x[1], ODD_0).wrapping_add(a),
        ];
        for i in 0..4 {
            result[i][lane] = round::<BITS>(even[i].wrapping_add(odd[i]));
            result[7 - i][lane] = round::<BITS>(even[i].wrapping_sub(odd[i]));
        }
    }
    result
}

#[inline(always)]
fn round<const BITS: i32>(value: i32) -> i16 {
    let value = value.wrapping_add(1 << (BITS - 1)) >> BITS;
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// Rows to columns.
#[inline(always)]
fn transpose(x: &[Lanes<i16>; 8]) -> [Lanes<i16>; 8] {
    let mut result = [[0; 8]; 8];
    if cfg!(target_endian = "big") {
        for (i, value) in result.as_flattened_mut().iter_mut().enumerate() {
            *value = x[i % 8][i / 8];
        }
        return result;
    }
    // First whole words change places.
    let x: [[u64; 2]; 8] = bytemuck::cast(*x);
    let mut words = [[0; 2]; 8];
    for i in 0..4 {
        words[2 * i] = [x[i][0], x[i + 4][0]];
        words[2 * i + 1] = [x[i][1], x[i + 4][1]];
    }
    bytemuck::cast(exchange::<16>(exchange::<32>(words)))
}

/// Trades the upper half of every two times `BITS` bits of the first four rows for the lower half of the last four, and
/// puts the two rows of each trade side by side. After three rounds with ever fewer bits, rows are columns.
#[inline(always)]
fn exchange<const BITS: u32>(x: [[u64; 2]; 8]) -> [[u64; 2]; 8] {
    let lower = if BITS == 16 { 0x0000_FFFF_0000_FFFF } else { 0x0000_0000_FFFF_FFFF };
    let mut result = [[0; 2]; 8];
    for i in 0..4 {
        for word in 0..2 {
            let (a, b) = (x[i][word], x[i + 4][word]);
            result[2 * i][word] = a & lower | (b & lower) << BITS;
            result[2 * i + 1][word] = a >> BITS & lower | b & !lower;
        }
    }
    result
}

/// As [`block`], of a block that has only its first coefficient.
#[inline]
pub(super) fn flat(coefficient: i16, step: i16, plane: &mut [u8], at: usize, stride: usize) {
    let column = coefficient.wrapping_mul(step) << KEPT;
    let level = (i32::from(column) + (1 << (SECOND - POINT - 1))) >> (SECOND - POINT);
    let samples = [(level.clamp(-128, 127) + 128) as u8; 8];
    for row in plane[at..].chunks_mut(stride).take(8) {
        row[..8].copy_from_slice(&samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn random(seed: &mut u64) -> i32 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) as i32
    }

    fn samples(coefficients: &[i16; 64], steps: &[i16; 64]) -> [[u8; 8]; 8] {
        let mut plane = [0; 64];
        block(coefficients, steps, &mut plane, 0, 8);
        std::array::from_fn(|y| *plane[8 * y..].first_chunk().unwrap())
    }

    /// The definition.
    fn exact(coefficients: &[i16; 64]) -> [[f64; 8]; 8] {
        let scale = |k: usize| if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let cosine = |x: usize, k: usize| scale(k) * ((2 * x + 1) as f64 * k as f64 * PI / 16.0).cos();
        std::array::from_fn(|y| {
            std::array::from_fn(|x| {
                let terms = (0..64).map(|i| f64::from(coefficients[i]) * cosine(y, i / 8) * cosine(x, i % 8));
                (terms.sum::<f64>() / 4.0 + 128.0).clamp(0.0, 255.0)
            })
        })
    }

    #[test]
    fn it_is_the_inverse_cosine_transform() {
        let mut seed = 1;
        for round in 0..400 {
            let mut coefficients = [0; 64];
            for _ in 0..round % 20 {
                coefficients[random(&mut seed) as usize % 64] = (random(&mut seed) % 401 - 200) as i16;
            }
            let (ours, theirs) = (samples(&coefficients, &[1; 64]), exact(&coefficients));
            for (ours, theirs) in ours.as_flattened().iter().zip(theirs.as_flattened()) {
                assert!((f64::from(*ours) - theirs).abs() < 0.6, "{ours} is not {theirs}");
            }
        }
    }

    /// The transform of all columns and then all rows, in numbers that have room.
    fn wide(coefficients: &[i16; 64], steps: &[i16; 64]) -> [[u8; 8]; 8] {
        let part = |x: [i64; 8], bits: i64| -> [i64; 8] {
            let factor = |real: f64| (real * 8192.0).round() as i64;
            // The odd and even halves by the definition's symmetries, with the published factors.
            let (sum, difference) = ((x[0] + x[4]) << 13, (x[0] - x[4]) << 13);
            let common = (x[2] + x[6]) * factor(0.541_196_100);
            let (two, three) = (common - x[6] * factor(1.847_759_065), common + x[2] * factor(0.765_366_865));
            let even = [sum + three, difference + two, difference - two, sum - three];
            let all = (x[7] + x[3] + x[5] + x[1]) * factor(1.175_875_602);
            let (a, b) = (x[7] + x[1], x[5] + x[3]);
            let (c, d) = (x[7] + x[3], x[5] + x[1]);
            let (a, b) = (-a * factor(0.899_976_223), -b * factor(2.562_915_447));
            let (c, d) = (all - c * factor(1.961_570_560), all - d * factor(0.390_180_644));
            let odd = [
                x[1] * factor(1.501_321_110) + a + d,
                x[3] * factor(3.072_711_026) + b + c,
                x[5] * factor(2.053_119_869) + b + d,
                x[7] * factor(0.298_631_336) + a + c,
            ];
            let round = |value: i64| (value + (1 << (bits - 1))) >> bits;
            std::array::from_fn(|i| round(if i < 4 { even[i] + odd[i] } else { even[7 - i] - odd[7 - i] }))
        };
        let value = |i: usize| i64::from(coefficients[i]) * i64::from(steps[i]);
        let columns: [[i64; 8]; 8] = std::array::from_fn(|x| part(std::array::from_fn(|y| value(8 * y + x)), 11));
        std::array::from_fn(|y| {
            part(std::array::from_fn(|x| columns[x][y]), 18).map(|level| (level.clamp(-128, 127) + 128) as u8)
        })
    }

    #[test]
    fn it_is_the_published_algorithm_to_the_last_bit() {
        let mut seed = 3;
        for round in 0..2_000 {
            let (mut coefficients, mut steps) = ([0; 64], [1; 64]);
            for _ in 0..round % 65 {
                let at = random(&mut seed) as usize % if round % 3 == 0 { 8 } else { 64 };
                coefficients[at] = (random(&mut seed) % 61 - 30) as i16;
                steps[at] = (random(&mut seed) % 12 + 1) as i16;
            }
            assert_eq!(samples(&coefficients, &steps), wide(&coefficients, &steps));
        }
    }

    #[test]
    fn processors_agree_even_where_numbers_overflow() {
        let mut seed = 2;
        for round in 0..2_000 {
            let (mut coefficients, mut steps) = ([0; 64], [1; 64]);
            for _ in 0..round % 65 {
                let at = random(&mut seed) as usize % if round % 3 == 0 { 8 } else { 64 };
                coefficients[at] = random(&mut seed) as i16 >> (round % 9);
                steps[at] = random(&mut seed) as i16 >> (round % 13);
            }
            let call = || samples(&coefficients, &steps);
            assert_eq!(call(), crate::simd::tests::portable(call));
        }
    }

    #[test]
    fn a_flat_block_is_one_level() {
        for (coefficient, step) in [(0, 1), (4, 1), (3, 1), (-4, 1), (-1024, 1), (7, 16), (2047, 255), (-2000, 99)] {
            let mut coefficients = [0; 64];
            coefficients[0] = coefficient;
            let mut plane = [0; 64];
            flat(coefficient, step, &mut plane, 0, 8);
            assert_eq!(samples(&coefficients, &[step; 64]).as_flattened(), plane, "{coefficient} x {step}");
        }
    }
}
