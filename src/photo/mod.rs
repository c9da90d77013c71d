//! Photos: 8-bit RGB or grey pictures, opened, saved and exchanged with ndarray.

// What no type of the interface is in is hidden from a notebook's analyser; see DESIGN.md.
#[cfg(not(rust_analyzer))]
mod bmp;
#[cfg(not(rust_analyzer))]
mod color;
mod conversion;
#[cfg(not(rust_analyzer))]
mod decode;
#[cfg(not(rust_analyzer))]
mod gif;
#[cfg(all(feature = "image-types", not(rust_analyzer)))]
mod image_types;
#[cfg(not(rust_analyzer))]
mod orientation;
#[cfg(not(rust_analyzer))]
mod others;
#[cfg(not(rust_analyzer))]
mod picture;
#[cfg(not(rust_analyzer))]
mod png;
#[cfg(not(rust_analyzer))]
mod tiff;

pub use conversion::Conversion;
pub(crate) use decode::unknown_file;
pub(crate) use png::{colors_to_srgb, open_png, png_error};

use crate::error::{Error, Result};

use crate::file;
use crate::limits::Limits;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::tiff::TiffEncoder;
use image::{ExtendedColorType, ImageEncoder};
use ndarray::{Array2, Array3, ArrayView3};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::fmt;
use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;

/// An 8-bit picture in memory: RGB or grey, never empty.
///
/// As an array its shape is (height, width, channel) in C order, dtype u8, with three channels (red, green, blue, sRGB)
/// or one (grey), which is how NumPy, Pillow and scikit-image hold pictures too.
///
/// ```
/// use cortado::Photo;
/// let photo = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/china.jpg"))?;
/// assert_eq!((photo.height(), photo.width(), photo.channels()), (427, 640, 3));
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    height: usize,
    width: usize,
    channels: usize,
    samples: Vec<u8>,
}

/// A picture that was read.
struct Opened {
    photo: Photo,
    conversion: Conversion,
    /// The opacity of every pixel, where some are not opaque.
    opacity: Option<Array2<u8>>,
}

/// The file formats that a [`Photo`] can be written in.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhotoFormat {
    /// Portable Network Graphics, lossless.
    Png,
    /// JPEG with full-size chroma (4:4:4), at a quality from 1 to 100.
    Jpeg(u8),
    /// TIFF, uncompressed.
    Tiff,
}

impl PhotoFormat {
    /// JPEG at quality 90, where none is told.
    pub const JPEG: Self = Self::Jpeg(90);

    /// The format that a file name's extension asks for; JPEG at quality 90.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the extension is none of `png`, `jpg`, `jpeg`, `tif` and `tiff`.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match file::extension(path).as_str() {
            "png" => Ok(Self::Png),
            "jpg" | "jpeg" => Ok(Self::JPEG),
            "tif" | "tiff" => Ok(Self::Tiff),
            _ => Err(Error::Unsupported(format!(
                "cannot tell a picture format from {}: end its name in .png, .jpg or .tif",
                file::shown(path)
            ))),
        }
    }
}

impl Photo {
    /// Opens a PNG, JPEG, TIFF, GIF, WebP, BMP or PNM file with the default [`Limits`]; see [`Photo::decode_with`] for
    /// what becomes of other depths and of transparency.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read, else as [`Photo::decode_with`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &Limits::new())
    }

    /// As [`Photo::open`], under limits for all that is in memory at once.
    ///
    /// # Errors
    /// As [`Photo::open`].
    pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        file::open(path.as_ref(), limits, Self::decode_with)
    }

    /// Decodes a picture in memory with the default [`Limits`].
    ///
    /// # Errors
    /// As [`Photo::decode_with`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        Self::decode_with(bytes, &Limits::new())
    }

    /// Decodes a picture in memory: PNG, JPEG, TIFF, GIF, WebP, BMP or PNM.
    ///
    /// Grey stays grey. Colours become sRGB: ICC profiles, code points (cICP), gAMA and cHRM are applied, the relative
    /// colorimetric way, and CMYK without a profile is taken for ideal inks. Samples of more than 8 bits are rounded to
    /// 8, transparency is laid over white, an orientation is applied, and of several pictures the first is read.
    /// [`Photo::decode_noting`] also tells which of these happened. The limit of bytes holds for all copies together; a
    /// profile has at most 8 MiB.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the bytes are no such picture or a damaged one, [`Error::TooLarge`] when the picture
    /// exceeds the limits, [`Error::Unsupported`] for what is valid and not read: floating-point samples, whole numbers
    /// of 32 bits, arithmetic-coded and lossless JPEG, JPEG 2000 and WebP inside TIFF.
    pub fn decode_with(bytes: &[u8], limits: &Limits) -> Result<Self> {
        Ok(decode::decode(bytes, limits, false)?.photo)
    }

    /// As [`Photo::decode_with`], and tells what was given up.
    ///
    /// # Errors
    /// As [`Photo::decode_with`].
    pub fn decode_noting(bytes: &[u8], limits: &Limits) -> Result<(Self, Conversion)> {
        let opened = decode::decode(bytes, limits, false)?;
        Ok((opened.photo, opened.conversion))
    }

    /// As [`Photo::decode_noting`], and gives the opacity of every pixel where some are not opaque: shape (height,
    /// width), dtype u8, from 0, where the photo is white, to 255.
    ///
    /// # Errors
    /// As [`Photo::decode_with`].
    pub fn decode_with_opacity(bytes: &[u8], limits: &Limits) -> Result<(Self, Conversion, Option<Array2<u8>>)> {
        let opened = decode::decode(bytes, limits, false)?;
        Ok((opened.photo, opened.conversion, opened.opacity))
    }

    /// As [`Photo::decode_with_opacity`], and takes what there is of a damaged JPEG: [`Conversion::missing_percent`]
    /// tells how much is not there. What is missing is grey, or as the picture's first scans had it.
    ///
    /// # Errors
    /// As [`Photo::decode_with`], but for such damage.
    pub fn decode_partial(bytes: &[u8], limits: &Limits) -> Result<(Self, Conversion, Option<Array2<u8>>)> {
        let opened = decode::decode(bytes, limits, true)?;
        Ok((opened.photo, opened.conversion, opened.opacity))
    }

    /// An RGB photo from samples in the order (height, width, channel).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a side is 0, [`Error::ShapeMismatch`] when there are not `3 * height * width`
    /// samples.
    pub fn from_rgb(height: usize, width: usize, samples: Vec<u8>) -> Result<Self> {
        Self::from_samples(height, width, 3, samples)
    }

    /// A grey photo from samples in the order (height, width).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a side is 0, [`Error::ShapeMismatch`] when there are not `height * width` samples.
    pub fn from_grey(height: usize, width: usize, samples: Vec<u8>) -> Result<Self> {
        Self::from_samples(height, width, 1, samples)
    }

    fn from_samples(height: usize, width: usize, channels: usize, samples: Vec<u8>) -> Result<Self> {
        if height == 0 || width == 0 {
            let found = format!("{height} x {width}");
            return Err(Error::out_of_range("photo size", found, "at least 1 x 1"));
        }
        if height.checked_mul(width).and_then(|n| n.checked_mul(channels)) != Some(samples.len()) {
            return Err(Error::ShapeMismatch { expected: vec![height, width, channels], found: vec![samples.len()] });
        }
        Ok(Self { height, width, channels, samples })
    }

    /// A photo from an array of shape (height, width, channel) with 1 or 3 channels, dtype u8.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another number of channels, [`Error::OutOfRange`] when a side is 0.
    pub fn from_array(array: ArrayView3<u8>) -> Result<Self> {
        let (height, width, channels) = array.dim();
        if channels != 1 && channels != 3 {
            return Err(Error::ShapeMismatch {
                expected: vec![height, width, 3],
                found: vec![height, width, channels],
            });
        }
        Self::from_samples(height, width, channels, array.iter().copied().collect())
    }

    /// The samples as an array view of shape (height, width, channel), dtype u8, without a copy.
    pub fn view(&self) -> ArrayView3<'_, u8> {
        ArrayView3::from_shape((self.height, self.width, self.channels), &self.samples)
            .expect("a photo has height * width * channels samples")
    }

    /// The samples as an owned array of shape (height, width, channel), dtype u8.
    pub fn to_array(&self) -> Array3<u8> {
        self.view().to_owned()
    }

    /// The samples as an owned array of shape (height, width, channel), dtype u8. Costs nothing.
    pub fn into_array(self) -> Array3<u8> {
        Array3::from_shape_vec((self.height, self.width, self.channels), self.samples)
            .expect("a photo has height * width * channels samples")
    }

    /// The samples in the order (height, width, channel). Costs nothing.
    pub fn into_samples(self) -> Vec<u8> {
        self.samples
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Samples a pixel: 3 for RGB, 1 for grey.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of pixels, `height * width`.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Whether the photo is grey.
    pub fn is_grey(&self) -> bool {
        self.channels == 1
    }

    /// The samples in the order (height, width, channel). Their number is what the naive storage of the photo takes, in
    /// bytes.
    pub fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// The pixels in raster order as `[red, green, blue]`; a grey pixel has all three equal.
    pub fn colors(&self) -> impl ExactSizeIterator<Item = [u8; 3]> + '_ {
        self.samples.chunks_exact(self.channels).map(|pixel| match *pixel {
            [grey] => [grey; 3],
            [r, g, b] => [r, g, b],
            _ => unreachable!("a photo has 1 or 3 channels"),
        })
    }

    /// Every colour that occurs in the photo, once, sorted.
    pub fn distinct_colors(&self) -> Vec<[u8; 3]> {
        distinct(self.colors().collect())
    }

    /// The pixel at row `y` and column `x` as `[red, green, blue]`, or `None` outside the photo.
    pub fn color_at(&self, y: usize, x: usize) -> Option<[u8; 3]> {
        (y < self.height && x < self.width).then(|| {
            let at = (y * self.width + x) * self.channels;
            std::array::from_fn(|channel| self.samples[at + channel.min(self.channels - 1)])
        })
    }

    /// The part that starts at row `y` and column `x`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when the part is empty or reaches outside the photo.
    pub fn crop(&self, y: usize, x: usize, height: usize, width: usize) -> Result<Self> {
        let inside = |start: usize, len: usize, side: usize| start.checked_add(len).is_some_and(|end| end <= side);
        if !inside(y, height, self.height) || !inside(x, width, self.width) {
            let found = format!("{height} x {width} at ({y}, {x}) of {} x {}", self.height, self.width);
            return Err(Error::out_of_range("crop", found, "inside the photo"));
        }
        let row = self.width * self.channels;
        let rows = self.samples.chunks_exact(row).skip(y).take(height);
        let samples = rows.flat_map(|row| &row[x * self.channels..][..width * self.channels]).copied().collect();
        Self::from_samples(height, width, self.channels, samples)
    }

    /// The luma of the photo (ITU-R BT.601), rounded, as a grey photo; a grey photo stays as it is.
    pub fn to_grey(&self) -> Self {
        let samples = self.colors().map(|color| ((luma(color) + 500) / 1000) as u8).collect();
        Self { height: self.height, width: self.width, channels: 1, samples }
    }

    /// The photo with white Gaussian noise of a standard deviation in 8-bit levels added to every sample, clamped and
    /// rounded. The same seed gives the same noise.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when the deviation is negative or not finite.
    pub fn with_noise(&self, deviation: f64, seed: u64) -> Result<Self> {
        if !(deviation >= 0.0 && deviation.is_finite()) {
            return Err(Error::out_of_range("the noise's deviation", deviation, "at least 0"));
        }
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut normal = || {
            // Box and Muller's method.
            let (radius, angle) = (1.0 - random.r#gen::<f64>(), random.gen_range(0.0..std::f64::consts::TAU));
            deviation * (-2.0 * radius.ln()).sqrt() * angle.cos()
        };
        let samples = self.samples.iter().map(|&sample| (f64::from(sample) + normal()).round() as u8).collect();
        Ok(Self { samples, ..self.clone() })
    }

    /// The photo with every pixel shown as a square of `factor` x `factor` pixels, to look at single pixels.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when `factor` is 0, [`Error::TooLarge`] when the result exceeds the default [`Limits`].
    pub fn enlarge(&self, factor: usize) -> Result<Self> {
        let (height, width) = (self.height.saturating_mul(factor), self.width.saturating_mul(factor));
        Limits::new().check_pixels(height, width)?;
        let mut samples = Vec::with_capacity(height * width * self.channels);
        for row in self.samples.chunks_exact(self.width * self.channels) {
            let pixels = row.chunks_exact(self.channels);
            let wide: Vec<u8> =
                pixels.flat_map(|pixel| std::iter::repeat_n(pixel, factor).flatten()).copied().collect();
            samples.extend(std::iter::repeat_n(wide, factor).flatten());
        }
        Self::from_samples(height, width, self.channels, samples)
    }

    /// Encodes the photo as a file in memory.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a JPEG quality outside 1..=100, [`Error::TooLarge`] when a side is more than the
    /// format can hold.
    pub fn encode(&self, format: PhotoFormat) -> Result<Vec<u8>> {
        let mut bytes = Cursor::new(Vec::new());
        match format {
            PhotoFormat::Png => self.encode_by(PngEncoder::new_with_quality(
                &mut bytes,
                CompressionType::Default,
                FilterType::Adaptive,
            ))?,
            PhotoFormat::Tiff => self.encode_by(TiffEncoder::new(&mut bytes))?,
            PhotoFormat::Jpeg(quality @ 1..=100) => {
                self.encode_by(JpegEncoder::new_with_quality(&mut bytes, quality))?;
            }
            PhotoFormat::Jpeg(quality) => {
                return Err(Error::out_of_range("quality", quality, "from 1 to 100"));
            }
        }
        Ok(bytes.into_inner())
    }

    /// Encodes the photo as a PNG file in memory: RGB or grey, lossless.
    ///
    /// # Errors
    /// As [`Photo::encode`].
    pub fn to_png(&self) -> Result<Vec<u8>> {
        self.encode(PhotoFormat::Png)
    }

    /// Encodes the photo as a JPEG file in memory, at a quality from 1 to 100, with full-size chroma (4:4:4).
    ///
    /// # Errors
    /// As [`Photo::encode`].
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>> {
        self.encode(PhotoFormat::Jpeg(quality))
    }

    /// Saves the photo in the format that the extension asks for: `.png`, `.jpg` (quality 90) or `.tif`. The file is
    /// written beside its place and then moved there, so that it is never half-written.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written, [`Error::Unsupported`] for another extension.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        file::write(path, &self.encode(PhotoFormat::from_path(path)?)?, file::Existing::Replace)
    }

    /// Width and height as other crates count them.
    fn sides(&self) -> Result<(u32, u32)> {
        let side = |what, len: usize| {
            u32::try_from(len).map_err(|_| Error::TooLarge { what, found: len as u64, limit: u32::MAX.into() })
        };
        Ok((side("columns", self.width)?, side("rows", self.height)?))
    }

    fn encode_by(&self, encoder: impl ImageEncoder) -> Result<()> {
        let (width, height) = self.sides()?;
        let color = if self.is_grey() { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
        encoder
            .write_image(&self.samples, width, height, color)
            .map_err(|error| Error::Unsupported(format!("cannot encode the picture: {}", one_line(&error))))
    }
}

impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_grey() { "grey" } else { "RGB" };
        write!(f, "Photo({} x {} {kind})", self.height, self.width)
    }
}

/// The light of each 8-bit sRGB level, from 0 to 1.
pub(crate) static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|level| {
        let sample = level as f64 / 255.0;
        (if sample <= 0.04045 { sample / 12.92 } else { ((sample + 0.055) / 1.055).powf(2.4) }) as f32
    })
});

/// The luma of a colour (ITU-R BT.601) in thousandths of a level.
#[inline(always)]
pub(crate) fn luma(color: [u8; 3]) -> u32 {
    let [r, g, b] = color.map(u32::from);
    299 * r + 587 * g + 114 * b
}

/// Sorted, each once.
pub(crate) fn distinct(mut colors: Vec<[u8; 3]>) -> Vec<[u8; 3]> {
    colors.sort_unstable();
    colors.dedup();
    colors
}

/// Another library's error message, which may hold line breaks, as one line.
pub(crate) fn one_line(error: &impl fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
