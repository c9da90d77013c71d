//! Palettes and indices as NumPy files.

use super::{IndexedPhoto, Palette};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::npy::{self, Npz, NpzBuilder};
use ndarray::{Array2, Ix2};
use std::io::Cursor;

impl Palette {
    /// The palette as a `.npy` file in memory: shape (k, 3), dtype f64, red green blue from 0 to 255, as fitted.
    ///
    /// # Errors
    /// None in practice; ndarray-npy's own are passed on.
    pub fn to_npy(&self) -> Result<Vec<u8>> {
        npy::to_npy(self.centroids().view())
    }

    /// Reads what [`Palette::to_npy`] or `numpy.save` wrote, in the file's order.
    ///
    /// # Errors
    /// [`Error::Malformed`] for another shape or dtype, for values outside 0 to 255 and for damaged files,
    /// [`Error::OutOfRange`] when there are no colours or more than 256.
    pub fn from_npy(bytes: &[u8]) -> Result<Self> {
        Self::from_array(npy::from_npy::<f64, Ix2>(bytes, &Limits::new())?)
    }

    fn from_array(array: Array2<f64>) -> Result<Self> {
        if array.ncols() != 3 {
            return Err(Error::ShapeMismatch { expected: vec![array.nrows(), 3], found: array.shape().to_vec() });
        }
        if let Some(value) = array.iter().find(|value| !(0.0..=255.0).contains(*value)) {
            return Err(Error::malformed("palette", format!("colours go from 0 to 255, found {value}")));
        }
        Self::from_centroids(array.rows().into_iter().map(|row| [row[0], row[1], row[2]]).collect())
    }
}

impl IndexedPhoto {
    /// The photo as a `.npz` archive in memory: `palette`, shape (k, 3), dtype f64, and `indices`, shape
    /// (height, width), dtype u8. In Python `palette[indices]` is the photo.
    ///
    /// # Errors
    /// None in practice; ndarray-npy's own are passed on.
    pub fn to_npz(&self) -> Result<Vec<u8>> {
        let archive = NpzBuilder::new().array("palette", self.palette().centroids().view())?;
        archive.array("indices", self.indices())?.finish()
    }

    /// Reads what [`IndexedPhoto::to_npz`], `numpy.savez` or `numpy.savez_compressed` wrote.
    ///
    /// # Errors
    /// [`Error::Malformed`] for damaged archives, missing arrays, other shapes or dtypes, and indices beyond the
    /// palette; [`Error::OutOfRange`] when there are no colours or more than 256, or no pixels; [`Error::TooLarge`].
    pub fn from_npz(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let mut archive = Npz::open(Cursor::new(bytes), limits)?;
        let palette = Palette::from_array(archive.array::<f64, Ix2>("palette")?)?;
        let indices = archive.array::<u8, Ix2>("indices")?;
        let (height, width) = indices.dim();
        limits.check_pixels(height, width)?;
        Self::from_parts(height, width, indices.iter().copied().collect(), palette)
    }

    /// Puts indices and a palette from an untrusted source together.
    pub(super) fn from_parts(height: usize, width: usize, indices: Vec<u8>, palette: Palette) -> Result<Self> {
        if indices.is_empty() {
            let found = format!("{height} x {width}");
            return Err(Error::out_of_range("photo size", found, "at least 1 x 1"));
        }
        if let Some(at) = indices.iter().position(|&index| usize::from(index) >= palette.len()) {
            let message = format!(
                "index {} at row {}, column {} is beyond the palette of {} colours",
                indices[at],
                at / width,
                at % width,
                palette.len()
            );
            return Err(Error::malformed("indexed picture", message));
        }
        Ok(Self::new(height, width, 1, indices, palette))
    }
}
