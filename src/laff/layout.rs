//! Sizes that the format fixes. This file imports nothing.

/// Samples along each side of a block.
pub(super) const SIDE: usize = 8;
/// Samples of a block.
pub(super) const BLOCK: usize = 64;
/// What a block is predicted from: 52 samples of its border, 9 of the thumbnail, and zeros.
pub(super) const INPUTS: usize = 64;
/// Classes of luma blocks, and of chroma blocks.
pub(super) const CLASSES: [usize; 2] = [16, 8];
/// Choices of how far a block's step is from its plane's, in a visual profile.
pub(super) const DELTAS: usize = 6;
/// The choice that is the plane's own step.
pub(super) const NO_DELTA: usize = 2;

/// Neighbours of a sample: those of the 5 x 5 around it without the corners.
pub(super) const NEIGHBOURS: [(isize, isize); 20] = {
    let mut neighbours = [(0, 0); 20];
    let (mut at, mut y) = (0, -2);
    while y <= 2 {
        let mut x = -2;
        while x <= 2 {
            if !(x == 0 && y == 0) && x * x + y * y < 8 {
                neighbours[at] = (y, x);
                at += 1;
            }
            x += 1;
        }
        y += 1;
    }
    neighbours
};
/// Kinds of blocks: by the quantiser's step, and by how many coefficients there are.
pub(super) const KINDS: usize = 12;

/// Weights of each neighbour for each place in a block, in 1/128: for each row, neighbour and column.
pub(super) type Filter = [[[i16; SIDE]; NEIGHBOURS.len()]; SIDE];
