//! The femto archives: pictures as JSON, made of truncated decompositions with clustered factors.
//!
//! They come from a student project whose notebooks replaced a picture's colours by 256, left out every so many rows
//! and columns, decomposed hue, saturation and value, and wrote singular vectors as strings. They are read and written
//! here for the sake of those files, and to measure what such an archive is worth: at equal quality it is many times
//! larger than a JPEG file, as the walkthrough `02-svd-rank` shows. [`QuantizedSvd`](super::QuantizedSvd) codes the
//! same factors in a fraction of the bytes.
//!
//! A grey archive is a JSON object of numbers in lists of lists; the picture is a b c in levels from 0 to 255.
//!
//! | key | what |
//! |---|---|
//! | `a` | U, shape (height, rank), rounded to 4 decimals |
//! | `b` | the singular values, rounded to 2 decimals |
//! | `c` | V^T, shape (rank, width), rounded to 5 decimals |
//!
//! A colour archive has for each plane `h`, `s` and `v`, with samples from 0 to 1:
//!
//! | key | what |
//! |---|---|
//! | `shape` | width and height |
//! | `new_shape` | width and height without what was left out |
//! | `remove` | n and m: column j > 0 but the last was left out when j + 1 is a multiple of n, row j likewise with m; 0 for none |
//! | `h_a_kstring` | a character for every entry of U, row after row: its code point is the place in the list of clusters |
//! | `h_a_cluster` | the clusters of U |
//! | `h_b` | the singular values |
//! | `h_c_kstring`, `h_c_cluster` | the same for V^T |
//!
//! What was left out comes back as the mean of its neighbours, columns first. An archive may be compressed with gzip.
//! The project's own decompressor stretched every picture so that its darkest sample became 0 and its brightest 255;
//! here samples are clamped.

use super::clusters::{centers, nearest};
use super::decompose::Svd;
use super::options::SvdOptions;
use super::planes::Planes;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::linalg::product;
use crate::palette::{Engine, IndexedPhoto, PaletteOptions};
use crate::photo::Photo;
use crate::second_stage::SecondStage;
use ndarray::{Array1, Array2, Array3, Axis, s};
use serde_json::{Map, Value};
use std::path::Path;

const FORMAT: &str = "femto";

/// How a femto archive is made: `FemtoOptions::new().ranks([16, 16, 32])`.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FemtoOptions {
    pub(super) ranks: [usize; 3],
    pub(super) colors: usize,
    pub(super) clusters: usize,
    pub(super) thinning: [usize; 2],
    engine: Engine,
    pub(super) seed: u64,
}

impl FemtoOptions {
    /// As the project published it: ranks 256, 256 and 512, 256 colours, 64 clusters, nothing left out. Clusters are
    /// found by our engine.
    pub const fn new() -> Self {
        Self { ranks: [256, 256, 512], colors: 256, clusters: 64, thinning: [0, 0], engine: Engine::Cortado, seed: 0 }
    }

    /// The ranks of hue, saturation and value, or fewer where the picture is smaller; of a grey picture, the last.
    #[must_use]
    pub const fn ranks(mut self, ranks: [usize; 3]) -> Self {
        self.ranks = ranks;
        self
    }

    /// The colours that a colour picture is reduced to first, from 1 to 256, by a palette fitted to 1,000 pixels.
    #[must_use]
    pub const fn colors(mut self, colors: usize) -> Self {
        self.colors = colors;
        self
    }

    /// The values that the entries of a matrix of singular vectors are reduced to, from 1 to 4,096.
    #[must_use]
    pub const fn clusters(mut self, clusters: usize) -> Self {
        self.clusters = clusters;
        self
    }

    /// Leaves out every n-th column and every m-th row of a colour picture: at least 2 each, or 0 for none.
    #[must_use]
    pub const fn thinning(mut self, column: usize, row: usize) -> Self {
        self.thinning = [column, row];
        self
    }

    /// Who finds the clusters: as [`FactorOptions::engine`](super::FactorOptions::engine).
    #[must_use]
    pub const fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// The seed of the pixels that the palette is fitted to, and of linfa's samples.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl FemtoOptions {
    pub(super) fn checked(&self) -> Result<()> {
        if !(1..=4096).contains(&self.clusters) {
            return Err(Error::out_of_range("clusters", self.clusters, "from 1 to 4096"));
        }
        if self.thinning.contains(&1) {
            return Err(Error::out_of_range("thinning", "1", "0, or at least 2"));
        }
        Ok(())
    }
}

impl Default for FemtoOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// A femto archive in memory.
///
/// ```
/// use cortado::prelude::*;
/// let photo = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/china.jpg"))?;
/// let archive = Femto::of(&photo, &FemtoOptions::new().ranks([8, 8, 32]))?;
/// let json = archive.to_json();
/// assert_eq!(Femto::parse(json.as_bytes(), &Limits::new())?, archive);
/// println!("{:.1} dB", psnr(&photo, &archive.to_photo()?)?);
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Femto {
    /// Height and width.
    shape: (usize, usize),
    thinning: [usize; 2],
    /// One plane of levels, or hue, saturation and value.
    planes: Vec<Plane>,
}

/// The product of three matrices.
#[derive(Clone, Debug, PartialEq)]
struct Plane {
    left: Factor,
    values: Vec<f64>,
    right: Factor,
}

/// The archive of a photo as JSON text.
///
/// # Errors
/// As [`Femto::of`].
pub fn encode(photo: &Photo, options: &FemtoOptions) -> Result<Vec<u8>> {
    Ok(Femto::of(photo, options)?.to_json().into_bytes())
}

/// The photo of an archive, plain or compressed with gzip, under the default [`Limits`].
///
/// # Errors
/// As [`Femto::parse`].
pub fn decode(bytes: &[u8]) -> Result<Photo> {
    decode_with(bytes, &Limits::new())
}

/// As [`decode`], under limits.
///
/// # Errors
/// As [`Femto::parse`].
pub fn decode_with(bytes: &[u8], limits: &Limits) -> Result<Photo> {
    Femto::parse(bytes, limits)?.to_photo()
}

/// The photo of a file `.json` or `.json.gz`, under the default [`Limits`].
///
/// # Errors
/// As [`open_with`].
pub fn open(path: impl AsRef<Path>) -> Result<Photo> {
    open_with(path, &Limits::new())
}

/// As [`open`], under limits for all that is in memory at once.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, else as [`Femto::parse`].
pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Photo> {
    SecondStage::open_file(path.as_ref(), limits, decode_with)
}

/// Writes the archive of a photo, replacing an existing file; with gzip when the name ends in `.json.gz`.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written, else as [`encode`].
pub fn save(photo: &Photo, path: impl AsRef<Path>, options: &FemtoOptions) -> Result<()> {
    SecondStage::write(path.as_ref(), encode(photo, options)?)
}

/// What an archive says of its picture.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Rows of the picture.
    pub height: usize,
    /// Columns of the picture.
    pub width: usize,
    /// The rank of every plane.
    pub ranks: Vec<usize>,
}

/// What an archive says of its picture. JSON has no front: all of it is read.
///
/// # Errors
/// As [`Femto::parse`].
pub fn info(bytes: &[u8], limits: &Limits) -> Result<Info> {
    let femto = Femto::parse(bytes, limits)?;
    let ((height, width), ranks) = (femto.shape(), femto.ranks());
    Ok(Info { height, width, ranks })
}

/// A matrix of singular vectors, with its clusters where its entries are some of them.
#[derive(Clone, Debug, PartialEq)]
struct Factor {
    entries: Array2<f32>,
    clusters: Option<Vec<f32>>,
}

impl Femto {
    /// Makes an archive of a photo; a grey one of a grey photo.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for options outside their ranges.
    pub fn of(photo: &Photo, options: &FemtoOptions) -> Result<Self> {
        let shape = (photo.height(), photo.width());
        options.checked()?;
        if photo.is_grey() {
            let plane = &Planes::Luma.split(photo)[0];
            let plane = Plane::of(plane, options.ranks[2], None)?;
            return Ok(Self { shape, thinning: [0, 0], planes: vec![plane] });
        }
        let palette = PaletteOptions::new().colors(options.colors).sample(1_000).seed(options.seed);
        let reduced = IndexedPhoto::fit(photo, &palette)?.to_photo();
        let (rows, columns) = (kept(shape.0, options.thinning[1]), kept(shape.1, options.thinning[0]));
        let planes = Planes::Hsv.split(&reduced).into_iter().zip(options.ranks).map(|(plane, rank)| {
            let plane = plane.select(Axis(0), &rows).select(Axis(1), &columns);
            Plane::of(&plane, rank, Some(options))
        });
        Ok(Self { shape, thinning: options.thinning, planes: planes.collect::<Result<_>>()? })
    }

    /// Height and width of the picture.
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The rank of every plane: of hue, saturation and value, or of the only one of a grey archive.
    pub fn ranks(&self) -> Vec<usize> {
        self.planes.iter().map(|plane| plane.values.len()).collect()
    }

    /// The picture.
    ///
    /// # Errors
    /// None that can come of a parsed archive.
    pub fn to_photo(&self) -> Result<Photo> {
        self.to_photo_of_rank(usize::MAX)
    }

    /// The picture from at most this many singular values of every plane: what a client that has so many can show.
    ///
    /// # Errors
    /// None that can come of a parsed archive.
    pub fn to_photo_of_rank(&self, rank: usize) -> Result<Photo> {
        let planes: Vec<_> = self.planes.iter().map(|plane| plane.product(rank)).collect();
        if planes.len() == 1 {
            return Planes::Luma.join(&planes);
        }
        let (height, width) = planes[0].dim();
        let colors: Vec<f32> = Planes::Hsv.colors(&planes).flatten().collect();
        let colors = Array3::from_shape_vec((height, width, 3), colors).expect("a colour for each pixel");
        let colors = put_back(colors, Axis(1), self.shape.1, self.thinning[0]);
        let colors = put_back(colors, Axis(0), self.shape.0, self.thinning[1]);
        Photo::from_rgb(
            self.shape.0,
            self.shape.1,
            colors.iter().map(|sample| sample.round_ties_even() as u8).collect(),
        )
    }

    /// The archive as JSON text.
    pub fn to_json(&self) -> String {
        if let [plane] = self.planes.as_slice() {
            let (a, c) = (rows(&plane.left.entries), rows(&plane.right.entries));
            return format!("{{\"a\": {a}, \"b\": {}, \"c\": {c}}}", list(&plane.values));
        }
        let (height, width) = self.shape;
        let (new_height, new_width) = (kept(height, self.thinning[1]).len(), kept(width, self.thinning[0]).len());
        let [nth_column, nth_row] = self.thinning;
        let mut json = format!(
            "{{\"shape\": [{width}, {height}], \"new_shape\": [{new_width}, {new_height}], \"remove\": [{nth_column}, {nth_row}]"
        );
        for (name, plane) in ["h", "s", "v"].into_iter().zip(&self.planes) {
            for (side, factor) in [("a", &plane.left), ("c", &plane.right)] {
                let clusters = factor.clusters.as_deref().unwrap_or_default();
                json += &format!(", \"{name}_{side}_kstring\": {}", Value::from(factor.k_string()));
                json += &format!(", \"{name}_{side}_cluster\": {}", list(clusters));
            }
            json += &format!(", \"{name}_b\": {}", list(&plane.values));
        }
        json + "}"
    }

    /// Reads an archive, plain or compressed with gzip.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the bytes are no archive, [`Error::TooLarge`] when it exceeds the limits. The tree of
    /// a JSON text is counted as 16 times its bytes.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let unpacked;
        let bytes = match bytes.starts_with(b"\x1f\x8b") {
            true => {
                unpacked = SecondStage::Gzip.decode(bytes, limits)?;
                &unpacked
            }
            false => bytes,
        };
        limits.check_bytes(16 * bytes.len() as u64)?;
        let tree: Value = serde_json::from_slice(bytes).map_err(|error| {
            let line_start = match error.line() {
                0 | 1 => 0,
                line => bytes
                    .iter()
                    .enumerate()
                    .filter(|(_, byte)| **byte == b'\n')
                    .nth(line - 2)
                    .map_or(0, |(at, _)| at + 1),
            };
            let message = error.to_string();
            let message = message.split(" at line").next().unwrap_or_default();
            Error::malformed_at(FORMAT, line_start + error.column().saturating_sub(1), message)
        })?;
        let Value::Object(tree) = tree else {
            return Err(Error::malformed_at(FORMAT, 0, "it is no JSON object"));
        };
        if tree.contains_key("a") { Self::grey(&tree, limits) } else { Self::color(&tree, limits) }
    }

    fn grey(tree: &Map<String, Value>, limits: &Limits) -> Result<Self> {
        let values = numbers(field(tree, "b")?, "b")?;
        let (left, right) = (matrix(tree, "a")?, matrix(tree, "c")?);
        let shape = (left.nrows(), right.ncols());
        if left.ncols() != values.len() || right.nrows() != values.len() || shape.0 == 0 || shape.1 == 0 {
            let message = format!("a is {:?}, b has {}, c is {:?}", left.dim(), values.len(), right.dim());
            return Err(Error::malformed(FORMAT, message));
        }
        let pixels = limits.check_pixels(shape.0, shape.1)?;
        limits.check_bytes(5 * pixels as u64)?;
        let factor = |entries| Factor { entries, clusters: None };
        let plane = Plane { left: factor(left), values, right: factor(right) };
        Ok(Self { shape, thinning: [0, 0], planes: vec![plane] })
    }

    fn color(tree: &Map<String, Value>, limits: &Limits) -> Result<Self> {
        let [width, height] = pair(tree, "shape")?;
        let new_shape = pair(tree, "new_shape")?;
        let thinning = pair(tree, "remove")?;
        let pixels = limits.check_pixels(height, width)?;
        // Three planes, colours before and after what was left out is put back, and the photo.
        limits.check_bytes((3 * 4 * 3 + 3) * pixels as u64)?;
        if width == 0 || height == 0 || thinning.contains(&1) {
            let message = format!("a picture of {width} x {height} of which every {thinning:?} is left out");
            return Err(Error::malformed(FORMAT, message));
        }
        let expected = [kept(width, thinning[0]).len(), kept(height, thinning[1]).len()];
        if new_shape != expected {
            return Err(Error::malformed(
                FORMAT,
                format!("new_shape is {new_shape:?} where shape and remove give {expected:?}"),
            ));
        }
        let planes = ["h", "s", "v"].map(|name| {
            let values = numbers(field(tree, &format!("{name}_b"))?, name)?;
            let left = Factor::parse(tree, &format!("{name}_a"), (expected[1], values.len()))?;
            let right = Factor::parse(tree, &format!("{name}_c"), (values.len(), expected[0]))?;
            Ok(Plane { left, values, right })
        });
        Ok(Self { shape: (height, width), thinning, planes: planes.into_iter().collect::<Result<_>>()? })
    }
}

impl Plane {
    /// Decomposes a plane, rounds, and clusters if there are options for it.
    fn of(plane: &Array2<f32>, rank: usize, clustering: Option<&FemtoOptions>) -> Result<Self> {
        let svd = Svd::of(plane.view(), &SvdOptions::new().rank(rank))?;
        let rounded = |value: f64, scale: f64| (value * scale).round() / scale;
        let factor = |vectors: &Array2<f32>, scale: f64| {
            let mut entries = vectors.mapv(|entry| rounded(entry.into(), scale) as f32);
            let mut clusters = None;
            if let Some(options) = clustering {
                let all: Vec<f32> = entries.iter().copied().collect();
                let book = centers(&all, options.clusters, options.engine, options.seed)?;
                entries.mapv_inplace(|entry| book[nearest(&book, entry)]);
                clusters = Some(in_order_of_use(book, &entries));
            }
            Ok(Factor { entries, clusters })
        };
        if svd.rank() == 0 {
            // A picture of zeros has one layer of zeros, or a list of no rows would not tell its width.
            let zeros = |shape| factor(&Array2::zeros(shape), 1.0);
            let (height, width) = plane.dim();
            return Ok(Self { left: zeros((height, 1))?, values: vec![0.0], right: zeros((1, width))? });
        }
        Ok(Self {
            left: factor(svd.left(), 1e4)?,
            values: svd.values().iter().map(|&value| rounded(value, 1e2)).collect(),
            right: factor(svd.right(), 1e5)?,
        })
    }

    fn product(&self, rank: usize) -> Array2<f32> {
        let rank = rank.min(self.values.len());
        let values: Array1<f32> = self.values[..rank].iter().map(|&value| value as f32).collect();
        let left = &self.left.entries.slice(s![.., ..rank]) * &values;
        product(left.view(), self.right.entries.slice(s![..rank, ..]))
    }
}

impl Factor {
    fn k_string(&self) -> String {
        let mut clusters: Vec<(f32, u32)> = self.clusters.iter().flatten().copied().zip(0..).collect();
        clusters.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (sorted, places): (Vec<f32>, Vec<u32>) = clusters.into_iter().unzip();
        self.entries.iter().filter_map(|&entry| char::from_u32(places[nearest(&sorted, entry)])).collect()
    }

    fn parse(tree: &Map<String, Value>, name: &str, shape: (usize, usize)) -> Result<Self> {
        let key = format!("{name}_cluster");
        let clusters: Vec<f32> = numbers(field(tree, &key)?, &key)?.into_iter().map(|center| center as f32).collect();
        let key = format!("{name}_kstring");
        let Value::String(text) = field(tree, &key)? else {
            return Err(Error::malformed(FORMAT, format!("{key} is no string")));
        };
        let entry = |place: char| {
            let entry = clusters.get(place as usize).copied();
            entry.ok_or_else(|| {
                let message = format!("{key} names cluster {}, of {}", place as u32, clusters.len());
                Error::malformed(FORMAT, message)
            })
        };
        let entries: Vec<f32> = text.chars().map(entry).collect::<Result<_>>()?;
        let found = entries.len();
        let entries = Array2::from_shape_vec(shape, entries).map_err(|_| {
            Error::malformed(
                FORMAT,
                format!("{key} has {found} characters where {} x {} were expected", shape.0, shape.1),
            )
        })?;
        Ok(Self { entries, clusters: Some(clusters) })
    }
}

/// Clusters in the order in which JSON has short characters for their places, those of most entries first: a control
/// character takes six bytes in a string, a letter one.
fn in_order_of_use(sorted: Vec<f32>, entries: &Array2<f32>) -> Vec<f32> {
    let mut uses: Vec<(usize, f32)> = sorted.iter().map(|&center| (0, center)).collect();
    entries.iter().for_each(|&entry| uses[nearest(&sorted, entry)].0 += 1);
    uses.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
    let written = |place: &usize| {
        char::from_u32(*place as u32).map_or(usize::MAX, |c| Value::from(String::from(c)).to_string().len())
    };
    let mut places: Vec<usize> = (0..sorted.len()).collect();
    places.sort_by_key(written);
    let mut clusters = sorted;
    places.into_iter().zip(uses).for_each(|(place, (_, center))| clusters[place] = center);
    clusters
}

/// The rows or columns that stay of so many, when every n-th is left out.
fn kept(len: usize, nth: usize) -> Vec<usize> {
    let goes = |at: usize| nth > 0 && at > 0 && at + 1 < len && (at + 1).is_multiple_of(nth);
    (0..len).filter(|&at| !goes(at)).collect()
}

/// Puts the rows or columns that were left out back as the mean of their neighbours.
fn put_back(colors: Array3<f32>, axis: Axis, len: usize, nth: usize) -> Array3<f32> {
    let kept = kept(len, nth);
    let mut all = Array3::zeros((
        if axis.0 == 0 { len } else { colors.dim().0 },
        if axis.0 == 1 { len } else { colors.dim().1 },
        3,
    ));
    for (from, &to) in kept.iter().enumerate() {
        all.index_axis_mut(axis, to).assign(&colors.index_axis(axis, from));
    }
    for (from, pair) in kept.windows(2).enumerate().filter(|(_, pair)| pair[1] - pair[0] == 2) {
        let mean = (&colors.index_axis(axis, from) + &colors.index_axis(axis, from + 1)) / 2.0;
        all.index_axis_mut(axis, pair[0] + 1).assign(&mean);
    }
    all
}

/// Numbers as a JSON list, each with the digits that tell it from its neighbours.
fn list<T: std::fmt::Display>(numbers: &[T]) -> String {
    let texts: Vec<String> = numbers.iter().map(T::to_string).collect();
    format!("[{}]", texts.join(", "))
}

fn rows(matrix: &Array2<f32>) -> String {
    let rows: Vec<String> = matrix.rows().into_iter().map(|row| list(&row.to_vec())).collect();
    format!("[{}]", rows.join(", "))
}

fn field<'a>(tree: &'a Map<String, Value>, key: &str) -> Result<&'a Value> {
    tree.get(key).ok_or_else(|| Error::malformed(FORMAT, format!("it has no {key}")))
}

fn numbers(value: &Value, key: &str) -> Result<Vec<f64>> {
    let numbers = value.as_array().and_then(|list| list.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>());
    // Samples are far from what f32 holds at most, and so are their sums.
    match numbers {
        Some(numbers) if numbers.iter().all(|number| number.abs() < 1e12) => Ok(numbers),
        Some(_) => Err(Error::malformed(FORMAT, format!("{key} has numbers beyond 1e12"))),
        None => Err(Error::malformed(FORMAT, format!("{key} is no list of numbers"))),
    }
}

fn pair(tree: &Map<String, Value>, key: &str) -> Result<[usize; 2]> {
    let list = field(tree, key)?.as_array().map(|list| list.iter().map(Value::as_u64).collect::<Vec<_>>());
    match list.as_deref() {
        Some(&[Some(first), Some(second)]) => Ok([first as usize, second as usize]),
        _ => Err(Error::malformed(FORMAT, format!("{key} is no pair of whole numbers"))),
    }
}

fn matrix(tree: &Map<String, Value>, key: &str) -> Result<Array2<f32>> {
    let no_matrix = || Error::malformed(FORMAT, format!("{key} is no matrix of numbers"));
    let list = field(tree, key)?.as_array().ok_or_else(no_matrix)?;
    let columns = list.first().and_then(Value::as_array).map_or(0, Vec::len);
    let mut entries = Vec::new();
    for row in list {
        let row = numbers(row, key)?;
        if row.len() != columns {
            return Err(no_matrix());
        }
        entries.extend(row.into_iter().map(|entry| entry as f32));
    }
    Array2::from_shape_vec((list.len(), columns), entries).map_err(|_| no_matrix())
}
