//! Figures as values: build one, and it shows itself at the end of a cell or saves itself to a file.
//!
//! | figure | for | file |
//! |---|---|---|
//! | [`Curve`] | one measure against another, one line a method | SVG |
//! | [`Bars`] | one measure of several named things | SVG |
//! | [`Heatmap`] | a matrix, such as an error at each pixel | SVG |
//! | [`Swatches`] | the colours of a palette | SVG |
//! | [`SideBySide`] | two pictures to compare | SVG |
//! | [`Slider`] | a picture that changes with a parameter | HTML, no script to load, no server |
//!
//! A [`Photo`] is a figure as well, and so is a label [`Volume`](crate::Volume), by its middle slice; [`label_slice`]
//! makes a photo of any other. So photos and charts can stand side by side or be a slider's frames. Every figure brings
//! its own light background and reads the same on a dark page.
//!
//! ```
//! use cortado::prelude::*;
//! let curve = Curve::new("how error falls").x("colours").y("mse").line("k-means", [(2.0, 900.0), (4.0, 400.0)]);
//! assert!(curve.svg().starts_with("<svg"));
//! ```

mod bars;
mod chart;
mod curve;
mod heatmap;
mod labels;
mod rate_distortion;
mod side_by_side;
mod slider;
mod svd;
mod swatches;

pub use bars::Bars;
pub use curve::Curve;
pub use heatmap::Heatmap;
pub use labels::label_slice;
pub use rate_distortion::rate_distortion;
pub use side_by_side::{SideBySide, side_by_side};
pub use slider::Slider;
pub use svd::spectrum_curve;
pub use swatches::{Swatches, swatches};

use crate::error::{Error, Result};
use crate::file;
use crate::palette::{IndexedPhoto, MAX_COLORS, Palette};
use crate::photo::Photo;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::path::Path;

/// A figure's content, ready to be shown or stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// A PNG file.
    Png(Vec<u8>),
    /// An SVG document.
    Svg(String),
    /// An HTML fragment that needs nothing from outside.
    Html(String),
}

impl Media {
    /// The MIME type.
    pub fn mime_type(&self) -> &'static str {
        match self {
            Media::Png(_) => "image/png",
            Media::Svg(_) => "image/svg+xml",
            Media::Html(_) => "text/html",
        }
    }

    /// The content as a notebook's message carries it: text as it is, bytes in base64.
    pub fn payload(&self) -> String {
        match self {
            Media::Png(bytes) => BASE64_STANDARD.encode(bytes),
            Media::Svg(text) | Media::Html(text) => text.clone(),
        }
    }

    /// The content as a `data:` address, to stand in an `img` element.
    pub fn data_uri(&self) -> String {
        let bytes = match self {
            Media::Png(bytes) => bytes,
            Media::Svg(text) | Media::Html(text) => text.as_bytes(),
        };
        format!("data:{};base64,{}", self.mime_type(), BASE64_STANDARD.encode(bytes))
    }
}

/// Something that can be looked at.
pub trait Figure {
    /// The figure itself.
    fn media(&self) -> Media;

    /// Width and height in CSS pixels.
    fn size(&self) -> (u32, u32);

    /// One line for places that show only text.
    fn summary(&self) -> String;

    /// Saves the figure under a name that ends as its [`Media`] does: `.png`, `.svg` or `.html`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another extension, [`Error::Io`] when the file cannot be written.
    fn save_figure(&self, path: impl AsRef<Path>) -> Result<()>
    where
        Self: Sized,
    {
        let path = path.as_ref();
        let (extension, bytes) = match self.media() {
            Media::Png(bytes) => ("png", bytes),
            Media::Svg(svg) => ("svg", svg.into_bytes()),
            Media::Html(body) => {
                let head = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Cortado</title><body>";
                ("html", format!("{head}{body}</body></html>\n").into_bytes())
            }
        };
        if file::extension(path) != extension {
            return Err(Error::Unsupported(format!("this figure is saved as .{extension}, not as {}", path.display())));
        }
        file::write(path, &bytes, file::Existing::Replace)
    }
}

/// A picture with a longer side below this many pixels is shown enlarged.
const SMALL: usize = 64;

/// How many times a photo is enlarged to be shown.
fn zoom(height: usize, width: usize) -> usize {
    let side = height.max(width);
    if side < SMALL { 256 / side } else { 1 }
}

/// Width and height of a photo as it is shown.
fn shown_size(height: usize, width: usize) -> (u32, u32) {
    let zoom = zoom(height, width);
    ((width * zoom) as u32, (height * zoom) as u32)
}

/// A photo as a PNG; indexed when it has at most 256 colours, which is the same picture in fewer bytes.
fn small_png(photo: &Photo) -> Media {
    let colors = photo.distinct_colors();
    let png = if colors.len() <= MAX_COLORS {
        Palette::from_colors(&colors).and_then(|palette| palette.quantize(photo).to_png())
    } else {
        photo.to_png()
    };
    Media::Png(png.expect("a photo within the limits can be a PNG"))
}

impl Figure for Photo {
    fn media(&self) -> Media {
        match zoom(self.height(), self.width()) {
            // Of any size, also above what may be made larger.
            1 => small_png(self),
            factor => small_png(&self.enlarge(factor).expect("a small photo can be enlarged")),
        }
    }

    fn size(&self) -> (u32, u32) {
        shown_size(self.height(), self.width())
    }

    fn summary(&self) -> String {
        format!("{self:?}")
    }
}

impl Figure for IndexedPhoto {
    fn media(&self) -> Media {
        self.to_photo().media()
    }

    fn size(&self) -> (u32, u32) {
        shown_size(self.height(), self.width())
    }

    fn summary(&self) -> String {
        format!("{self:?}")
    }
}

impl Figure for Palette {
    fn media(&self) -> Media {
        swatches(self).media()
    }

    fn size(&self) -> (u32, u32) {
        swatches(self).size()
    }

    fn summary(&self) -> String {
        format!("{self:?}")
    }
}

impl<F: Figure> Figure for &F {
    fn media(&self) -> Media {
        F::media(self)
    }

    fn size(&self) -> (u32, u32) {
        F::size(self)
    }

    fn summary(&self) -> String {
        F::summary(self)
    }
}

/// Implements [`Figure`] for a type with methods `svg` and `dimensions` and a `title` field.
macro_rules! svg_figure {
    ($figure:ty, $kind:literal) => {
        impl $crate::plot::Figure for $figure {
            fn media(&self) -> $crate::plot::Media {
                $crate::plot::Media::Svg(self.svg())
            }

            fn size(&self) -> (u32, u32) {
                self.dimensions()
            }

            fn summary(&self) -> String {
                format!("{}: {}", $kind, self.title)
            }
        }
    };
}
use svg_figure;
