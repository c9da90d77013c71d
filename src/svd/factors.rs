//! Singular vectors as the numbers of clusters, and a stream of them that a client can stop reading.

use super::clusters::{centers, nearest};
use super::planes::{PhotoSvd, Planes};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::linalg::product;
use crate::palette::Engine;
use crate::photo::Photo;
use crate::range_coder::{Coder, Decoder, Encoder};
use crate::table::Table;
use ndarray::{Array2, ArrayView2, s};

const FORMAT: &str = "quantised SVD";
pub(super) const MAGIC: &[u8; 4] = b"svdq";
const VERSION: u8 = 1;
const HEADER: usize = 16;

/// How singular vectors are quantised: `FactorOptions::new().clusters(16).stages(2)`.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactorOptions {
    pub(super) clusters: usize,
    pub(super) stages: usize,
    engine: Engine,
    pub(super) seed: u64,
}

impl FactorOptions {
    /// One stage of 64 clusters by our own engine.
    pub const fn new() -> Self {
        Self { clusters: 64, stages: 1, engine: Engine::Cortado, seed: 0 }
    }

    /// The clusters of every stage, from 1 to 256.
    #[must_use]
    pub const fn clusters(mut self, clusters: usize) -> Self {
        self.clusters = clusters;
        self
    }

    /// The stages, from 1 to 4: each has clusters for what the ones before leave.
    #[must_use]
    pub const fn stages(mut self, stages: usize) -> Self {
        self.stages = stages;
        self
    }

    /// Who finds the clusters: [`Engine::Cortado`] finds the best ones of all entries, [`Engine::Linfa`] runs Lloyd's
    /// method on 1,500 of them.
    #[must_use]
    pub const fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// The seed of linfa's sample and start.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl Default for FactorOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The vectors of one side of a plane, each row one vector times the root of its singular value.
#[derive(Clone, Debug, PartialEq)]
struct Side {
    /// The centres of every stage.
    books: Vec<Vec<f32>>,
    /// For every stage the places of the centres, shape (rank, length).
    indices: Vec<Array2<u8>>,
}

impl Side {
    fn fit(vectors: ArrayView2<f32>, options: &FactorOptions) -> Result<Self> {
        let mut rest = vectors.as_standard_layout().into_owned();
        let (mut books, mut indices) = (Vec::new(), Vec::new());
        for stage in 0..options.stages {
            let seed = options.seed.wrapping_add(stage as u64);
            let book = centers(rest.as_slice().expect("standard layout"), options.clusters, options.engine, seed)?;
            let book = if book.is_empty() { vec![0.0] } else { book };
            indices.push(rest.mapv(|value| nearest(&book, value) as u8));
            let found = indices.last().expect("just pushed");
            rest.zip_mut_with(found, |value, &index| *value -= book[usize::from(index)]);
            books.push(book);
        }
        Ok(Self { books, indices })
    }

    /// The number of vectors.
    fn rank(&self) -> usize {
        self.indices[0].nrows()
    }

    /// The vectors, those from `rank` on left out.
    fn vectors(&self, rank: usize) -> Array2<f32> {
        let rank = rank.min(self.rank());
        let mut vectors = Array2::zeros((rank, self.indices[0].ncols()));
        for (book, indices) in self.books.iter().zip(&self.indices) {
            vectors.zip_mut_with(&indices.slice(s![..rank, ..]), |value, &index| *value += book[usize::from(index)]);
        }
        vectors
    }
}

/// A photo's truncated decomposition with quantised factors.
///
/// Every layer s u v^T is stored as the product of u and v, each times the root of s. So the entries of both sides
/// shrink alike from layer to layer, one set of clusters serves all of a side, and the entries of faint layers, which
/// are mostly zero, cost little where indices are entropy-coded.
///
/// | offset | bytes | what |
/// |---|---|---|
/// | 0 | 4 | `svdq` |
/// | 4 | 1 | version, 1 |
/// | 5 | 1 | planes: 0 luma, 1 RGB, 2 YCbCr, 3 HSV |
/// | 6 | 4 + 4 | height and width, little-endian |
/// | 14 | 1 | stages |
/// | 15 | 1 | 0 |
/// | 16 | | for every plane: its rank (2 bytes); for its left and right side and every stage: the number of clusters less one (1 byte) and their centres (4 bytes each, f32) |
/// | | 4 | CRC-32 of all before |
/// | | | the layers, first the first of every plane, then the second ...: the bytes that it takes (2), and its indices, left and then right, stage by stage, range-coded |
/// | | 4 | CRC-32 of all layers |
///
/// An index is coded as its bits from the highest, each with a probability that is learned from the same bit of the
/// indices before, on the same plane, side and stage, whose higher bits were the same.
///
/// ```
/// use cortado::prelude::*;
/// let photo = Photo::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/photos/china.jpg"))?;
/// let svd = PhotoSvd::of(&photo, Planes::YCbCr, &SvdOptions::new().rank(40))?.truncated(&[40, 10, 10])?;
/// let quantized = QuantizedSvd::fit(&svd, &FactorOptions::new().clusters(32))?;
/// let bytes = quantized.encode()?;
/// assert_eq!(QuantizedSvd::decode(&bytes)?, quantized);
/// // A client that stops after half of the bytes has some of the layers.
/// let (part, layers) = QuantizedSvd::decode_prefix(&bytes[..bytes.len() / 2], &Limits::new())?;
/// assert!(layers > 10 && psnr(&photo, &part.to_photo()?)? < psnr(&photo, &quantized.to_photo()?)?);
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedSvd {
    kind: Planes,
    shape: (usize, usize),
    /// The left and the right side of every plane.
    planes: Vec<[Side; 2]>,
}

impl QuantizedSvd {
    /// Quantises all layers of a decomposition.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for clusters outside 1..=256, for stages outside 1..=4, and for more than 65,535 layers in
    /// a plane.
    pub fn fit(svd: &PhotoSvd, options: &FactorOptions) -> Result<Self> {
        let within = |name, found: usize, range: std::ops::RangeInclusive<usize>, expected| match range.contains(&found)
        {
            true => Ok(()),
            false => Err(Error::out_of_range(name, found, expected)),
        };
        within("clusters", options.clusters, 1..=256, "from 1 to 256")?;
        within("stages", options.stages, 1..=4, "from 1 to 4")?;
        let mut planes = Vec::new();
        for plane in svd.planes() {
            within("rank", plane.rank(), 0..=usize::from(u16::MAX), "at most 65535")?;
            let roots: ndarray::Array1<f32> = plane.values().iter().map(|value| value.sqrt() as f32).collect();
            let roots = roots.insert_axis(ndarray::Axis(1));
            let left = &plane.left().t() * &roots;
            let right = plane.right() * &roots;
            planes.push([Side::fit(left.view(), options)?, Side::fit(right.view(), options)?]);
        }
        Ok(Self { kind: svd.kind(), shape: svd.shape(), planes })
    }

    /// Which planes these are.
    pub fn kind(&self) -> Planes {
        self.kind
    }

    /// Shape of the photo: (height, width).
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The layers of every plane.
    pub fn ranks(&self) -> Vec<usize> {
        self.planes.iter().map(|[left, _]| left.rank()).collect()
    }

    /// The photo.
    ///
    /// # Errors
    /// None that can come of a photo.
    pub fn to_photo(&self) -> Result<Photo> {
        self.to_photo_of_rank(usize::MAX)
    }

    /// The photo from at most this many layers of every plane.
    ///
    /// # Errors
    /// None that can come of a photo.
    pub fn to_photo_of_rank(&self, rank: usize) -> Result<Photo> {
        let product = |[left, right]: &[Side; 2]| product(left.vectors(rank).t(), right.vectors(rank).view());
        self.kind.join(&self.planes.iter().map(product).collect::<Vec<_>>())
    }

    /// The indices of a plane's left vectors at a stage as text, one character an entry with the index as its code
    /// point, in the order of the rows of U: the k-string of the first archives. Empty for a plane or stage that is not
    /// there.
    pub fn k_string(&self, plane: usize, stage: usize) -> String {
        let indices = self.planes.get(plane).and_then(|[left, _]| left.indices.get(stage));
        indices.map(|indices| indices.t().iter().map(|&index| char::from(index)).collect()).unwrap_or_default()
    }

    /// What the factors take, in bytes: as f32, as indices in whole bits with their centres, at their order-0 entropy,
    /// and as [`QuantizedSvd::encode`] writes them, headers and all.
    ///
    /// # Errors
    /// As [`QuantizedSvd::encode`].
    pub fn sizes(&self) -> Result<Table> {
        let sides = || self.planes.iter().flatten();
        let floats: usize = sides().map(|side| 4 * side.indices[0].len()).sum();
        let books: usize = sides().flat_map(|side| &side.books).map(|book| 4 * book.len()).sum();
        let bits = |side: &Side| -> usize {
            side.books
                .iter()
                .zip(&side.indices)
                .map(|(book, indices)| indices.len() * book.len().next_power_of_two().ilog2() as usize)
                .sum()
        };
        let entropy: f64 = sides().flat_map(|side| &side.indices).map(entropy).sum();
        let mut table = Table::new(["factors as", "bytes"]);
        table.push(["f32".into(), floats.into()]);
        table.push(["indices in whole bits".into(), (sides().map(bits).sum::<usize>().div_ceil(8) + books).into()]);
        table.push(["indices at their entropy".into(), ((entropy / 8.0).ceil() as usize + books).into()]);
        table.push(["the encoded stream".into(), self.encode()?.len().into()]);
        Ok(table)
    }

    /// The stream.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when a layer takes more than 65,535 bytes.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut out = Vec::from(*MAGIC);
        let kind = Planes::ALL.iter().position(|&kind| kind == self.kind).expect("one of all");
        out.extend([VERSION, kind as u8]);
        out.extend((self.shape.0 as u32).to_le_bytes());
        out.extend((self.shape.1 as u32).to_le_bytes());
        out.extend([self.planes[0][0].books.len() as u8, 0]);
        for plane in &self.planes {
            out.extend((plane[0].rank() as u16).to_le_bytes());
            for book in plane.iter().flat_map(|side| &side.books) {
                out.push((book.len() - 1) as u8);
                out.extend(book.iter().flat_map(|center| center.to_le_bytes()));
            }
        }
        out.extend(crc32fast::hash(&out).to_le_bytes());
        let layers = out.len();
        let mut models = self.models();
        for (layer, plane) in self.layers() {
            let mut encoder = Encoder::new();
            for (side, models) in self.planes[plane].iter().zip(&mut models[plane]) {
                for (model, indices) in models.iter_mut().zip(&side.indices) {
                    for &index in indices.row(layer) {
                        model.code(&mut encoder, index);
                    }
                }
            }
            let bytes = encoder.finish();
            let Ok(len) = u16::try_from(bytes.len()) else {
                return Err(Error::Unsupported("a layer of so large a photo takes more than 65535 bytes".into()));
            };
            out.extend(len.to_le_bytes());
            out.extend(bytes);
        }
        let checksum = crc32fast::hash(&out[layers..]);
        out.extend(checksum.to_le_bytes());
        Ok(out)
    }

    /// Decodes a whole stream under the default [`Limits`].
    ///
    /// # Errors
    /// As [`QuantizedSvd::decode_with`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        Self::decode_with(bytes, &Limits::new())
    }

    /// Decodes a whole stream.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is not one, damaged or cut short, [`Error::TooLarge`] when it exceeds the limits.
    pub fn decode_with(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let (layers, checksum) =
            bytes.split_last_chunk().ok_or_else(|| Error::malformed_at(FORMAT, 0, "it is empty"))?;
        let (mut decoded, start) = Self::header(layers, limits)?;
        if crc32fast::hash(&layers[start..]) != u32::from_le_bytes(*checksum) {
            return Err(Error::malformed_at(FORMAT, layers.len(), "the layers do not match their checksum"));
        }
        let expected: usize = decoded.ranks().iter().sum();
        let found = decoded.read_layers(&layers[start..]);
        match found == (expected, layers.len() - start) {
            true => Ok(decoded),
            false => Err(Error::malformed_at(
                FORMAT,
                start + found.1,
                format!("expected {expected} layers, found {}", found.0),
            )),
        }
    }

    /// Decodes as many layers as the start of a stream holds, and tells how many. The others are zero.
    ///
    /// # Errors
    /// As [`QuantizedSvd::decode_with`], when not even the header is there. Damage to layers goes unnoticed.
    pub fn decode_prefix(bytes: &[u8], limits: &Limits) -> Result<(Self, usize)> {
        let (mut decoded, start) = Self::header(bytes, limits)?;
        let (found, _) = decoded.read_layers(&bytes[start..]);
        let mut kept = vec![0; decoded.planes.len()];
        decoded.layers().take(found).for_each(|(layer, plane)| kept[plane] = layer + 1);
        for (plane, rank) in decoded.planes.iter_mut().zip(kept) {
            for indices in plane.iter_mut().flat_map(|side| &mut side.indices) {
                *indices = indices.slice(s![..rank, ..]).to_owned();
            }
        }
        Ok((decoded, found))
    }

    /// What the header tells, with all indices zero, and where the layers start.
    pub(super) fn header(bytes: &[u8], limits: &Limits) -> Result<(Self, usize)> {
        if !bytes.starts_with(MAGIC) {
            return Err(Error::malformed_at(FORMAT, 0, "it does not start with svdq"));
        }
        let short = || Error::malformed_at(FORMAT, bytes.len(), "the header is cut short");
        let mut at = HEADER;
        let fixed: &[u8; HEADER] = bytes.first_chunk().ok_or_else(short)?;
        if fixed[4] != VERSION {
            return Err(Error::Unsupported(format!("version {} of {FORMAT} streams is not known", fixed[4])));
        }
        let kind = Planes::ALL.get(usize::from(fixed[5]));
        let kind =
            *kind.ok_or_else(|| Error::malformed_at(FORMAT, 5, format!("no planes have number {}", fixed[5])))?;
        let side = |at: usize| u32::from_le_bytes(fixed[at..at + 4].try_into().expect("four bytes")) as usize;
        let (height, width) = (side(6), side(10));
        let stages = usize::from(fixed[14]);
        if height == 0 || width == 0 || !(1..=4).contains(&stages) {
            let message = format!("a photo of {height} x {width} in {stages} stages");
            return Err(Error::malformed_at(FORMAT, 6, message));
        }
        let pixels = limits.check_pixels(height, width)? as u64;
        let mut take = |count: usize| {
            let taken = bytes.get(at..at + count).ok_or_else(short);
            at += count;
            taken
        };
        let mut entries = 0u64;
        let mut parts = Vec::new();
        for _ in 0..kind.count() {
            let rank = usize::from(u16::from_le_bytes(take(2)?.try_into().expect("two bytes")));
            if rank > height.min(width) {
                return Err(Error::malformed(FORMAT, format!("a rank of {rank} in a photo of {height} x {width}")));
            }
            let mut books = [Vec::new(), Vec::new()];
            for book in books.iter_mut() {
                for _ in 0..stages {
                    let len = usize::from(take(1)?[0]) + 1;
                    let centers = take(4 * len)?.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
                    let centers: Vec<f32> = centers.collect();
                    if centers.iter().any(|center| !center.is_finite()) {
                        return Err(Error::malformed(FORMAT, "a cluster's centre is no number"));
                    }
                    book.push(centers);
                }
            }
            entries += (rank * (height + width)) as u64;
            parts.push((rank, books));
        }
        let checked = bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(short)?;
        if crc32fast::hash(&bytes[..at]) != u32::from_le_bytes(*checked) {
            return Err(Error::malformed_at(FORMAT, at, "the header does not match its checksum"));
        }
        // Indices and vectors of all entries, and the planes with the photo.
        limits.check_bytes(entries * (stages as u64 + 4) + pixels * (4 * kind.count() as u64 + 3))?;
        let planes = parts.into_iter().map(|(rank, [left, right])| {
            [(left, height), (right, width)]
                .map(|(books, len)| Side { indices: vec![Array2::zeros((rank, len)); stages], books })
        });
        Ok((Self { kind, shape: (height, width), planes: planes.collect() }, at + 4))
    }

    /// The layers in the order of the stream: the number of each in its plane, and the plane.
    fn layers(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let ranks = self.ranks();
        let most = ranks.iter().copied().max().unwrap_or(0);
        let in_planes = move |layer| {
            let has_it = |&(_, &rank): &(usize, &usize)| layer < rank;
            ranks.iter().enumerate().filter(has_it).map(|(plane, _)| (layer, plane)).collect::<Vec<_>>()
        };
        (0..most).flat_map(in_planes)
    }

    /// For every plane, side and stage what its indices are expected to be, before any is seen.
    fn models(&self) -> Vec<[Vec<Model>; 2]> {
        let of_side = |side: &Side| side.books.iter().map(|book| Model::new(book.len())).collect();
        self.planes.iter().map(|plane| plane.each_ref().map(of_side)).collect()
    }

    /// Reads layers up to the first that is not all there, or not right; gives their number and their bytes.
    fn read_layers(&mut self, bytes: &[u8]) -> (usize, usize) {
        let mut models = self.models();
        let (mut found, mut rest) = (0, bytes);
        for (layer, plane) in self.layers() {
            let Some((&len, after)) = rest.split_first_chunk() else { break };
            let Some((coded, after)) = after.split_at_checked(u16::from_le_bytes(len).into()) else { break };
            let mut decoder = Decoder::new(coded);
            for (side, models) in self.planes[plane].iter_mut().zip(&mut models[plane]) {
                for (model, indices) in models.iter_mut().zip(&mut side.indices) {
                    for index in indices.row_mut(layer) {
                        *index = model.code(&mut decoder, 0);
                    }
                }
            }
            if !decoder.is_finished() {
                break;
            }
            (found, rest) = (found + 1, after);
        }
        (found, bytes.len() - rest.len())
    }
}

/// The order-0 entropy of indices in bits.
fn entropy(indices: &Array2<u8>) -> f64 {
    let mut counts = [0usize; 256];
    indices.iter().for_each(|&index| counts[usize::from(index)] += 1);
    let bits = |&count: &usize| -(count as f64) * (count as f64 / indices.len() as f64).log2();
    counts.iter().filter(|&&count| count > 0).map(bits).sum()
}

/// Probabilities of an index's bits, each given the bits above.
struct Model {
    bits: u32,
    clusters: usize,
    /// In 65,536, that the bit is set, learned fast and slowly.
    probabilities: Vec<[u16; 2]>,
}

impl Model {
    fn new(clusters: usize) -> Self {
        let size = clusters.next_power_of_two();
        Self { bits: size.ilog2(), clusters, probabilities: vec![[1 << 15; 2]; size] }
    }

    /// Codes an index, or reads one. An index that no cluster has, in a damaged stream, becomes the last.
    fn code(&mut self, coder: &mut impl Coder, index: u8) -> u8 {
        let mut node = 1;
        for shift in (0..self.bits).rev() {
            let [fast, slow] = &mut self.probabilities[node];
            let p = ((u32::from(*fast) + u32::from(*slow)) / 2).clamp(32, 65_536 - 32);
            let bit = coder.code(index >> shift & 1 != 0, p);
            for (probability, rate) in [(fast, 4), (slow, 7)] {
                match bit {
                    true => *probability += (u16::MAX - *probability) >> rate,
                    false => *probability -= *probability >> rate,
                }
            }
            node = node << 1 | usize::from(bit);
        }
        (node - (1 << self.bits)).min(self.clusters - 1) as u8
    }
}
