//! The exact map from colours to the nearest palette entries.

/// Pixels compared with the palette together: enough to fill vector registers, few enough to stay in the first cache.
const BLOCK: usize = 128;

/// For each pixel the index of the palette colour at the least squared Euclidean distance, of equal ones the first.
///
/// `palette` holds 1 to 256 colours. Distances are whole numbers below 2^18, which f32 holds exactly, and its arithmetic
/// has vector instructions on every x86-64 where that of 32-bit integers does not.
pub(super) fn indices(palette: &[[u8; 3]], pixels: impl Iterator<Item = [u8; 3]>) -> Vec<u8> {
    let palette: Vec<[f32; 3]> = palette.iter().map(|color| color.map(f32::from)).collect();
    let mut indices = Vec::with_capacity(pixels.size_hint().0);
    let mut block = Block::default();
    let mut filled = 0;
    for pixel in pixels {
        for (plane, sample) in block.planes.iter_mut().zip(pixel) {
            plane[filled] = f32::from(sample);
        }
        filled += 1;
        if filled == BLOCK {
            indices.extend(block.nearest(&palette));
            filled = 0;
        }
    }
    indices.extend(&block.nearest(&palette)[..filled]);
    indices
}

struct Block {
    /// The red, green and blue samples of the block's pixels.
    planes: [[f32; BLOCK]; 3],
}

impl Default for Block {
    fn default() -> Self {
        Self { planes: [[0.0; BLOCK]; 3] }
    }
}

impl Block {
    fn nearest(&self, palette: &[[f32; 3]]) -> [u8; BLOCK] {
        let [red, green, blue] = &self.planes;
        let mut least = [f32::INFINITY; BLOCK];
        let mut nearest = [0u32; BLOCK];
        for (index, [r, g, b]) in (0u32..).zip(palette) {
            for i in 0..BLOCK {
                let (dr, dg, db) = (red[i] - r, green[i] - g, blue[i] - b);
                let distance = dr * dr + dg * dg + db * db;
                // Selections rather than a branch, so that the loop becomes vector code.
                let nearer = distance < least[i];
                least[i] = if nearer { distance } else { least[i] };
                nearest[i] = if nearer { index } else { nearest[i] };
            }
        }
        nearest.map(|index| index as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256Plus;

    /// The definition, in whole numbers.
    fn by_brute_force(palette: &[[u8; 3]], pixel: [u8; 3]) -> u8 {
        let distance =
            |color: &[u8; 3]| -> u32 { color.iter().zip(pixel).map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2)).sum() };
        // `min_by_key` returns the first of equal minima.
        (0..palette.len()).min_by_key(|&index| distance(&palette[index])).unwrap() as u8
    }

    #[test]
    fn nearest_is_nearest_and_ties_go_to_the_first() {
        let mut rng = Xoshiro256Plus::seed_from_u64(7);
        for (k, levels) in [(1, 256), (2, 4), (16, 4), (255, 256), (256, 256), (256, 3)] {
            // Few levels make many ties.
            let mut color = || std::array::from_fn(|_| (rng.gen_range(0..levels) * 255 / (levels - 1)) as u8);
            let palette: Vec<[u8; 3]> = (0..k).map(|_| color()).collect();
            let pixels: Vec<[u8; 3]> = (0..3 * BLOCK + 17).map(|_| color()).collect();
            let expected: Vec<u8> = pixels.iter().map(|&pixel| by_brute_force(&palette, pixel)).collect();
            assert_eq!(indices(&palette, pixels.into_iter()), expected, "k = {k}, {levels} levels");
        }
    }
}
