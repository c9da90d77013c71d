//! How decompositions look: spectra as curves, and everything that makes a photo as that photo.

use super::{Curve, Figure, Media};
use crate::photo::Photo;
use crate::svd::femto::Femto;
use crate::svd::{PatchSvd, PhotoSvd, QuantizedSvd, Spectrum};

/// The singular values of one or more spectra over their numbers, on a logarithmic scale.
///
/// ```
/// use cortado::prelude::*;
/// use ndarray::array;
/// let svd = Svd::of(array![[3.0f32, 0.0], [0.0, 1.0]].view(), &SvdOptions::new())?;
/// let figure = spectrum_curve("two singular values", [("a diagonal matrix", svd.spectrum())]);
/// assert!(figure.svg().contains("two singular values"));
/// # Ok::<(), cortado::Error>(())
/// ```
pub fn spectrum_curve<'a>(title: &str, spectra: impl IntoIterator<Item = (&'a str, &'a Spectrum)>) -> Curve {
    let curve = Curve::new(title).x("number of the singular value").y("singular value, log10");
    spectra.into_iter().fold(curve, |curve, (name, spectrum)| {
        curve.line(name, spectrum.values().iter().enumerate().map(|(at, value)| ((at + 1) as f64, value.log10())))
    })
}

impl Figure for Spectrum {
    fn media(&self) -> Media {
        spectrum_curve("Spectrum", [("", self)]).media()
    }

    fn size(&self) -> (u32, u32) {
        spectrum_curve("Spectrum", [("", self)]).size()
    }

    fn summary(&self) -> String {
        let ((rows, columns), count) = (self.shape(), self.values().len());
        format!("Spectrum({count} singular values of a {rows} x {columns} matrix)")
    }
}

/// Implements [`Figure`] for what stands for a photo.
macro_rules! photo_figure {
    ($type:ty, $photo:expr, $name:literal, $ranks:expr) => {
        impl Figure for $type {
            fn media(&self) -> Media {
                let photo: fn(&$type) -> crate::error::Result<Photo> = $photo;
                photo(self).expect("its shapes were checked").media()
            }

            fn size(&self) -> (u32, u32) {
                let (height, width) = self.shape();
                super::shown_size(height, width)
            }

            fn summary(&self) -> String {
                let ((height, width), ranks): (_, fn(&$type) -> Vec<usize>) = (self.shape(), $ranks);
                format!("{}({height} x {width}, ranks {:?})", $name, ranks(self))
            }
        }
    };
}

photo_figure!(PhotoSvd, |svd| svd.to_photo(usize::MAX), "PhotoSvd", |svd| svd
    .planes()
    .iter()
    .map(|plane| plane.rank())
    .collect());
photo_figure!(QuantizedSvd, |svd| svd.to_photo(), "QuantizedSvd", |svd| svd.ranks());
photo_figure!(Femto, |femto| femto.to_photo(), "Femto", |femto| femto.ranks());

/// All patches that others are made of, enlarged.
fn all_bases(patches: &PatchSvd) -> Photo {
    patches.bases(patches.svd().rank()).and_then(|bases| bases.enlarge(4)).expect("a small picture")
}

impl Figure for PatchSvd {
    fn media(&self) -> Media {
        all_bases(self).media()
    }

    fn size(&self) -> (u32, u32) {
        all_bases(self).size()
    }

    fn summary(&self) -> String {
        let (patches, entries) = self.svd().spectrum().shape();
        format!("PatchSvd({patches} patches of {entries} samples)")
    }
}
