//! Patches: the small pieces of a photo as the rows of a matrix, whose singular vectors are what photos are locally
//! made of.

use super::decompose::Svd;
use super::options::SvdOptions;
use super::planes::Planes;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::linalg::product;
use crate::photo::Photo;
use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

/// Where patches start along a side: every `step` samples, and at the end.
fn starts(len: usize, side: usize, step: usize) -> Vec<usize> {
    let last = len - side;
    let mut starts: Vec<usize> = (0..=last).step_by(step).collect();
    if starts.last() != Some(&last) {
        starts.push(last);
    }
    starts
}

/// The patches of a photo's luma, each as a row: shape (patches, side * side), dtype f32. One starts every `step` rows
/// and columns, and the last ones end where the photo does; raster order.
///
/// # Errors
/// [`Error::OutOfRange`] when the side is 0 or longer than the photo's, or the step is 0; [`Error::TooLarge`] when the
/// patches exceed the default [`Limits`].
pub fn patches(photo: &Photo, side: usize, step: usize) -> Result<Array2<f32>> {
    if side == 0 || side > photo.height().min(photo.width()) {
        return Err(Error::out_of_range("side", side, "from 1 to the photo's shorter side"));
    }
    if step == 0 {
        return Err(Error::out_of_range("step", "0", "at least 1"));
    }
    let (rows, columns) = (starts(photo.height(), side, step), starts(photo.width(), side, step));
    let entries = (rows.len() * columns.len()) as u64 * (side * side) as u64;
    Limits::new().check_bytes(4 * entries)?;
    let plane = Planes::Luma.split(photo).remove(0);
    let mut patches = Array2::zeros((rows.len() * columns.len(), side * side));
    for (mut patch, (&y, &x)) in
        patches.rows_mut().into_iter().zip(rows.iter().flat_map(|y| columns.iter().map(move |x| (y, x))))
    {
        for (to, from) in patch
            .as_slice_mut()
            .expect("a row")
            .chunks_exact_mut(side)
            .zip(plane.slice(s![y..y + side, x..x + side]).rows())
        {
            to.copy_from_slice(from.to_slice().expect("a row"));
        }
    }
    Ok(patches)
}

/// The singular value decomposition of a photo's patches.
///
/// ```
/// use cortado::prelude::*;
/// let photo = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/chelsea.png"))?.to_grey();
/// let noisy = photo.with_noise(25.0, 0)?;
/// let denoised = PatchSvd::of(&noisy, 8, 2)?.denoised(2.7 * 25.0)?;
/// assert!(psnr(&photo, &denoised)? > psnr(&photo, &noisy)? + 8.0);
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PatchSvd {
    shape: (usize, usize),
    side: usize,
    step: usize,
    svd: Svd<f32>,
}

impl PatchSvd {
    /// Decomposes the patches of a photo's luma; see [`patches`] for what they are.
    ///
    /// # Errors
    /// As [`patches`].
    pub fn of(photo: &Photo, side: usize, step: usize) -> Result<Self> {
        let svd = Svd::of(patches(photo, side, step)?.view(), &SvdOptions::new())?;
        Ok(Self { shape: (photo.height(), photo.width()), side, step, svd })
    }

    /// The decomposition: a left vector has an element for every patch, a right vector is a patch.
    pub fn svd(&self) -> &Svd<f32> {
        &self.svd
    }

    /// The right singular vectors as a picture, the first `count` in raster order: patches of which all patches are
    /// weighted sums. Each is scaled to the full range around mid-grey and parted from the others by a line.
    ///
    /// # Errors
    /// None that can come of a photo.
    pub fn bases(&self, count: usize) -> Result<Photo> {
        let count = count.clamp(1, self.svd.rank().max(1));
        let columns = (count as f64).sqrt().ceil() as usize;
        let pitch = self.side + 1;
        let mut picture = Array2::from_elem((count.div_ceil(columns) * pitch + 1, columns * pitch + 1), 90.0);
        for (number, basis) in self.svd.right().rows().into_iter().take(count).enumerate() {
            let (y, x) = (number / columns * pitch + 1, number % columns * pitch + 1);
            let largest = basis.iter().fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs()));
            let basis = basis.mapv(|x| 127.5 + 127.5 * x / largest);
            let basis = basis.into_shape_with_order((self.side, self.side)).expect("a patch");
            picture.slice_mut(s![y..y + self.side, x..x + self.side]).assign(&basis);
        }
        Planes::Luma.join(&[picture])
    }

    /// The grey photo from the patches' best approximation of a rank: every pixel is the mean over the patches that it
    /// lies in.
    ///
    /// # Errors
    /// None that can come of a photo.
    pub fn to_photo(&self, rank: usize) -> Result<Photo> {
        self.assemble(self.svd.reconstruct(rank))
    }

    /// The grey photo without what is weaker than a threshold: of every patch only those coordinates are kept that are
    /// larger. White noise of standard deviation d has it in every coordinate alike, so that 2.7 d removes nearly all
    /// of it, while a photo's patches have most of theirs near zero.
    ///
    /// # Errors
    /// None that can come of a photo.
    pub fn denoised(&self, threshold: f32) -> Result<Photo> {
        let values: ndarray::Array1<f32> = self.svd.values().iter().map(|&value| value as f32).collect();
        let mut coordinates = self.svd.left() * &values;
        coordinates.mapv_inplace(|x| if x.abs() > threshold { x } else { 0.0 });
        self.assemble(product(coordinates.view(), self.svd.right().view()))
    }

    fn assemble(&self, patches: Array2<f32>) -> Result<Photo> {
        let (rows, columns) = (starts(self.shape.0, self.side, self.step), starts(self.shape.1, self.side, self.step));
        let (mut sums, mut counts) = (Array2::zeros(self.shape), Array2::<f32>::zeros(self.shape));
        let places = rows.iter().flat_map(|&y| columns.iter().map(move |&x| (y, x)));
        for (patch, (y, x)) in patches.rows().into_iter().zip(places) {
            let place = s![y..y + self.side, x..x + self.side];
            let patch = patch.into_shape_with_order((self.side, self.side)).expect("a patch");
            sums.slice_mut(place).scaled_add(1.0, &patch);
            counts.slice_mut(place).mapv_inplace(|count| count + 1.0);
        }
        Planes::Luma.join(&[sums / counts])
    }
}

/// A matrix of shape (rows, `length`) from its elements, row after row: for notebooks, which need not name an array
/// type then.
///
/// # Errors
/// [`Error::ShapeMismatch`] when they do not fill rows of that length.
pub fn rows_of(elements: Vec<f32>, length: usize) -> Result<Array2<f32>> {
    let (rows, found) = (elements.len() / length.max(1), elements.len());
    Array2::from_shape_vec((rows, length), elements)
        .map_err(|_| Error::ShapeMismatch { expected: vec![rows, length], found: vec![found] })
}

/// For every row of `queries` the number of the nearest row of `references`, by Euclidean distance; of several, the
/// first. Shapes (m, n) and (k, n); 2 m n k operations.
///
/// # Errors
/// [`Error::ShapeMismatch`] when rows are not as long, [`Error::OutOfRange`] when there is no reference.
pub fn nearest_rows(queries: ArrayView2<f32>, references: ArrayView2<f32>) -> Result<Vec<usize>> {
    if queries.ncols() != references.ncols() {
        return Err(Error::ShapeMismatch { expected: vec![references.ncols()], found: vec![queries.ncols()] });
    }
    if references.nrows() == 0 {
        return Err(Error::out_of_range("references", "0", "at least 1"));
    }
    // |q - r|^2 = |q|^2 - 2 q r + |r|^2, and |q| is the same for all.
    let lengths: Vec<f32> = references.rows().into_iter().map(|row| row.dot(&row)).collect();
    let products = product(queries, references.t());
    let rows: Vec<_> = products.axis_iter(Axis(0)).collect();
    let nearest = |row: &ndarray::ArrayView1<f32>| {
        let distance = |at: usize| lengths[at] - 2.0 * row[at];
        (1..lengths.len()).fold(0, |best, at| if distance(at) < distance(best) { at } else { best })
    };
    Ok(rows.par_iter().map(nearest).collect())
}
