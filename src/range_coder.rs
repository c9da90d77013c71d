//! A binary range coder: yes-or-no decisions in, bytes out, and back, each decision at the price of its probability.
//!
//! The interval is `low..low + range` in 64 bits. When less than 32 bits of it are left, its upper 32 bits are written;
//! a carry out of `low` is added to what is written already.

/// One side of the coder, so that a model is written once and serves both.
pub(crate) trait Coder: Default {
    /// Codes one decision that is true with a probability of `p` in 65,536, where 0 < p < 65,536. An encoder writes
    /// `bit` and returns it, a decoder returns the bit that it reads.
    fn code(&mut self, bit: bool, p: u32) -> bool;
}

/// Codes the lowest `count` bits of `value`, highest first, each as likely as not.
pub(crate) fn code_plain(coder: &mut impl Coder, value: u64, count: u32) -> u64 {
    (0..count).rev().fold(0, |read, shift| read << 1 | u64::from(coder.code(value >> shift & 1 != 0, 1 << 15)))
}

#[derive(Default)]
pub(crate) struct Encoder {
    low: u64,
    range: u64,
    bytes: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self { low: 0, range: u64::MAX, bytes: Vec::new() }
    }

    /// Adds one to the number that the written bytes are.
    #[cold]
    fn carry(&mut self) {
        for byte in self.bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    /// The bytes: without zeros among the last eight, for the decoder reads zeros beyond their end.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        // A number in the interval with as many low zero bits as there can be.
        let mut zeros = 63;
        let end = loop {
            let mask = (1u64 << zeros) - 1;
            let (rounded, carried) = self.low.overflowing_add(mask);
            let rounded = rounded & !mask;
            if rounded.wrapping_sub(self.low) < self.range {
                if carried {
                    self.carry();
                }
                break rounded;
            }
            zeros -= 1;
        };
        let used = 8 - end.trailing_zeros().min(64) as usize / 8;
        self.bytes.extend_from_slice(&end.to_be_bytes()[..used]);
        self.bytes
    }
}

impl Coder for Encoder {
    #[inline(always)]
    fn code(&mut self, bit: bool, p: u32) -> bool {
        let bound = (self.range >> 16) * u64::from(p);
        if bit {
            self.range = bound;
        } else {
            let (low, carried) = self.low.overflowing_add(bound);
            if carried {
                self.carry();
            }
            self.low = low;
            self.range -= bound;
        }
        if self.range < 1 << 32 {
            self.bytes.extend_from_slice(&((self.low >> 32) as u32).to_be_bytes());
            self.low <<= 32;
            self.range <<= 32;
        }
        bit
    }
}

#[derive(Default)]
pub(crate) struct Decoder<'a> {
    /// The number read less the interval's low end.
    code: u64,
    range: u64,
    rest: &'a [u8],
    /// Bytes read beyond the end.
    beyond: usize,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self { code: 0, range: u64::MAX, rest: bytes, beyond: 0 };
        decoder.read();
        decoder.read();
        decoder
    }

    #[inline(always)]
    fn read(&mut self) {
        let word = match self.rest.split_first_chunk() {
            Some((&word, rest)) => {
                self.rest = rest;
                word
            }
            None => {
                self.beyond += 4 - self.rest.len();
                last_word(std::mem::take(&mut self.rest))
            }
        };
        self.code = self.code << 32 | u64::from(u32::from_be_bytes(word));
    }

    /// Whether everything that is there has been read, and no more than an encoder leaves out.
    pub(crate) fn is_finished(&self) -> bool {
        self.rest.is_empty() && !self.is_beyond()
    }

    /// Whether more was read than an encoder can have left out.
    pub(crate) fn is_beyond(&self) -> bool {
        self.beyond > 8
    }
}

/// Bytes that are not enough for a word, and zeros.
#[cold]
fn last_word(bytes: &[u8]) -> [u8; 4] {
    let mut word = [0; 4];
    word[..bytes.len()].copy_from_slice(bytes);
    word
}

impl Coder for Decoder<'_> {
    #[inline(always)]
    fn code(&mut self, _: bool, p: u32) -> bool {
        let bound = (self.range >> 16) * u64::from(p);
        let bit = self.code < bound;
        if bit {
            self.range = bound;
        } else {
            self.code -= bound;
            self.range -= bound;
        }
        if self.range < 1 << 32 {
            self.range <<= 32;
            self.read();
        }
        bit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn decisions_come_back_at_about_the_price_of_their_probability() {
        for seed in 0..200 {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            // Small, large and middling probabilities: carries, long runs and everything between.
            let decisions: Vec<(bool, u32)> = (0..random.gen_range(0..3000))
                .map(|_| {
                    let p = match seed % 5 {
                        0 => random.gen_range(1..65536),
                        1 => random.gen_range(1..40),
                        2 => random.gen_range(65500..65536),
                        // Always true, so that the number stays 0 for long.
                        4 => 65535,
                        _ => 32768,
                    };
                    (seed % 5 == 4 || random.gen_range(0..65536) < p, p)
                })
                .collect();
            let mut encoder = Encoder::new();
            decisions.iter().for_each(|&(bit, p)| assert_eq!(encoder.code(bit, p), bit));
            let bytes = encoder.finish();
            let mut decoder = Decoder::new(&bytes);
            for &(bit, p) in &decisions {
                assert_eq!(decoder.code(false, p), bit, "seed {seed}");
            }
            assert!(decoder.is_finished());
            let price: f64 =
                decisions.iter().map(|&(bit, p)| -(f64::from(if bit { p } else { 65536 - p }) / 65536.0).log2()).sum();
            assert!((bytes.len() as f64) < price / 8.0 * 1.001 + 9.0, "seed {seed}: {} bytes", bytes.len());
        }
    }
}
