//! A component's samples at the size of the picture, row by row.
//!
//! Where a component has half the picture's size it is enlarged by triangles, so that each sample leans a quarter
//! towards its neighbour; at other ratios samples are repeated. Sums are rounded up and down in turns, as in the
//! library that nearly all programs show pictures by.

use super::markers::{Component, Frame};
use crate::simd::vectorised;

/// How a component comes to the picture's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It has it.
    Full,
    /// Half as wide.
    Wide,
    /// Half as high.
    High,
    /// Half as wide and as high.
    Both,
    /// Of this many samples there are so many across and so many down.
    Repeat { across: (usize, usize), down: (usize, usize) },
}

/// A component that is enlarged.
pub(super) struct Upsampler {
    way: Way,
    width: usize,
    height: usize,
    stride: usize,
}

impl Upsampler {
    pub(super) fn new(component: &Component, frame: &Frame) -> Self {
        let full = (component.across == frame.across, component.down == frame.down);
        let half = (2 * component.across == frame.across, 2 * component.down == frame.down);
        // Two samples have no sample with a neighbour on both sides.
        let triangles = component.width > 2;
        let way = match (full, half) {
            ((true, true), _) => Way::Full,
            ((true, _), (_, true)) => Way::High,
            ((_, true), (true, _)) if triangles => Way::Wide,
            (_, (true, true)) if triangles => Way::Both,
            _ => Way::Repeat { across: (component.across, frame.across), down: (component.down, frame.down) },
        };
        Self { way, width: component.width, height: component.height, stride: 8 * component.blocks_wide }
    }

    /// How long a buffer for a row must be: a sample more than the picture's width where that is odd.
    pub(super) fn buffer(&self, width: usize) -> usize {
        if self.way == Way::Full { 0 } else { width.max(2 * self.width) }
    }

    /// Row `y` of the picture, which may lie in the buffer and be longer than the picture is wide.
    pub(super) fn row<'a>(&self, plane: &'a [u8], y: usize, buffer: &'a mut [u8]) -> &'a [u8] {
        let row = |y: usize| &plane[y.min(self.height - 1) * self.stride..][..self.width];
        // The row that row y / 2 leans to; beyond the first and the last are those themselves.
        let neighbour = || row(if y.is_multiple_of(2) { (y / 2).saturating_sub(1) } else { y / 2 + 1 });
        match self.way {
            Way::Full => return row(y),
            Way::Wide => widen(row(y), buffer),
            Way::High => lean(row(y / 2), neighbour(), 1 + (y % 2) as u16, buffer),
            Way::Both => enlarge(row(y / 2), neighbour(), buffer),
            Way::Repeat { across, down } => {
                let row = row(y * down.0 / down.1);
                match across {
                    (1, 2) => repeat::<2>(row, buffer),
                    (1, 4) => repeat::<4>(row, buffer),
                    (few, many) => {
                        // Never beyond the last sample, which the buffer's rounded length might ask for.
                        let last = row.len() - 1;
                        buffer.iter_mut().enumerate().for_each(|(x, out)| *out = row[(x * few / many).min(last)]);
                    }
                }
            }
        }
        buffer
    }
}

/// Each sample so many times.
fn repeat<const TIMES: usize>(row: &[u8], out: &mut [u8]) {
    for (out, &sample) in out.chunks_mut(TIMES).zip(row) {
        out.fill(sample);
    }
}

vectorised! {
    /// Three quarters of a row and one of its neighbour.
    fn lean(row: &[u8], neighbour: &[u8], half: u16, out: &mut [u8]) {
        for ((out, &near), &far) in out.iter_mut().zip(row).zip(neighbour) {
            *out = ((3 * u16::from(near) + u16::from(far) + half) >> 2) as u8;
        }
    }

    /// Twice as many samples, each three quarters of the nearest and one of the next.
    fn widen(row: &[u8], out: &mut [u8]) {
        let last = row.len() - 1;
        let quarters = |near: u8, far: u8, half: u16| ((3 * u16::from(near) + u16::from(far) + half) >> 2) as u8;
        out[0] = row[0];
        out[1] = quarters(row[0], row[1], 2);
        let (left, middle, right) = (&row[..last - 1], &row[1..last], &row[2..]);
        for (((out, &left), &middle), &right) in out[2..].chunks_exact_mut(2).zip(left).zip(middle).zip(right) {
            out[0] = quarters(middle, left, 1);
            out[1] = quarters(middle, right, 2);
        }
        out[2 * last] = quarters(row[last], row[last - 1], 1);
        out[2 * last + 1] = row[last];
    }

    /// Twice as many samples of a row and its neighbour, in sixteenths.
    fn enlarge(row: &[u8], neighbour: &[u8], out: &mut [u8]) {
        let neighbour = &neighbour[..row.len()];
        let last = row.len() - 1;
        let sum = |near: u8, far: u8| 3 * u16::from(near) + u16::from(far);
        let sum_at = |x: usize| sum(row[x], neighbour[x]);
        out[0] = ((4 * sum_at(0) + 8) >> 4) as u8;
        out[1] = ((3 * sum_at(0) + sum_at(1) + 7) >> 4) as u8;
        let near = row[..last - 1].iter().zip(&row[1..last]).zip(&row[2..]);
        let far = neighbour[..last - 1].iter().zip(&neighbour[1..last]).zip(&neighbour[2..]);
        for ((out, near), far) in out[2..].chunks_exact_mut(2).zip(near).zip(far) {
            let (((&a, &b), &c), ((&d, &e), &f)) = (near, far);
            let (left, middle, right) = (sum(a, d), 3 * sum(b, e), sum(c, f));
            out[0] = ((middle + left + 8) >> 4) as u8;
            out[1] = ((middle + right + 7) >> 4) as u8;
        }
        out[2 * last] = ((3 * sum_at(last) + sum_at(last - 1) + 8) >> 4) as u8;
        out[2 * last + 1] = ((4 * sum_at(last) + 7) >> 4) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_enlarged_by_triangles() {
        let mut out = [0; 8];
        widen(&[0, 100, 200, 40], &mut out);
        assert_eq!(out, [0, 25, 75, 125, 175, 160, 80, 40]);
        enlarge(&[0, 100, 200, 40], &[0, 100, 200, 40], &mut out);
        assert_eq!(out, [0, 25, 75, 125, 175, 160, 80, 40]);
        lean(&[0, 100, 255], &[0, 104, 0], 2, &mut out);
        assert_eq!(out[..3], [0, 101, 191]);
    }

    #[test]
    fn other_ratios_repeat_samples() {
        let component = |across, down, width, height| Component {
            id: 1,
            across,
            down,
            steps: 0,
            width,
            height,
            blocks_wide: 1,
            blocks_high: 1,
        };
        let frame = Frame {
            progressive: false,
            height: 5,
            width: 5,
            across: 3,
            down: 4,
            components: vec![component(3, 4, 5, 5)],
        };
        let plane: Vec<u8> = (0..64).collect();
        let row = |component: &Component, y| {
            let upsampler = Upsampler::new(component, &frame);
            let mut buffer = vec![0; upsampler.buffer(5)];
            upsampler.row(&plane, y, &mut buffer)[..5].to_vec()
        };
        assert_eq!(row(&component(3, 4, 5, 5), 4), [32, 33, 34, 35, 36]);
        assert_eq!(row(&component(1, 1, 2, 2), 4), [8, 8, 8, 9, 9]);
        assert_eq!(row(&component(2, 3, 4, 4), 4), [24, 24, 25, 26, 26]);
        assert_eq!(row(&component(3, 2, 5, 3), 1), [2, 3, 4, 5, 6]);
    }
}
