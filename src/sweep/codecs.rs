//! The library's codecs behind one trait, each made of named parameters.

use super::input::Data;
use super::setting::unsupported;
use crate::compresso::{self, CompressoOptions, Connectivity, Steps};
use crate::error::{Error, Limits, Result};
use crate::laff::{self, LaffOptions};
use crate::neuroglancer::{self, BlockSize};
use crate::palette::{Effort, IndexedPhoto, PaletteOptions, QuantizeOptions, fit_with_opacity};
use crate::photo::Photo;
use crate::ristretto::{self, RistrettoOptions};
use crate::second_stage::SecondStage;
use crate::svd::femto::{Femto, FemtoOptions};
use crate::svd::{FactorOptions, PhotoSvd, Planes, QuantizedSvd, SvdOptions};
use crate::table::Table;
use crate::volume::{AnyVolume, Label, LabelType, Volume, with_label_type};
use ndarray::Array2;
use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

/// What a sweep asks of a codec.
pub(super) trait Coder: Send + Sync {
    /// The bytes of the file.
    fn encode(&self, data: &Data) -> Result<Vec<u8>>;
    /// The bytes of the file of a photo that lies over white where `opacity`, of shape (height, width), is below 255.
    fn encode_with_opacity(&self, data: &Data, _opacity: &Array2<u8>) -> Result<Vec<u8>> {
        self.encode(data)
    }
    /// Whether the file has transparent pixels where the photo has.
    fn keeps_opacity(&self) -> bool {
        false
    }
    /// What the bytes decode to; `like` is what they were made of, for formats that do not tell shapes.
    fn decode(&self, bytes: &[u8], like: &Data) -> Result<Data>;
    /// The extension of such files.
    fn extension(&self) -> String;
}

/// What is known of a codec before it has parameters.
struct Kind {
    name: &'static str,
    takes: &'static str,
    about: &'static str,
    parameters: &'static [&'static str],
    build: fn(&Parameters) -> Result<Arc<dyn Coder>>,
}

const KINDS: [Kind; 11] = [
    Kind {
        name: "palette",
        takes: "photos",
        about: "k-means palette, indexed PNG",
        parameters: &["colors", "sample", "seed", "space", "psnr", "starts", "dither", "strength", "spatial", "effort"],
        build: palette,
    },
    Kind {
        name: "laff",
        takes: "photos",
        about: "learnt singular vectors",
        parameters: &["quality", "psnr", "max_bytes", "profile", "full_chroma", "slice_rows"],
        build: laff,
    },
    Kind {
        name: "svd",
        takes: "photos",
        about: "truncated SVD with quantised factors",
        parameters: &["rank", "chroma_rank", "planes", "clusters", "stages", "seed"],
        build: svd,
    },
    Kind {
        name: "femto",
        takes: "photos",
        about: "the femto archives, with gzip",
        parameters: &["ranks", "colors", "clusters", "thinning", "seed"],
        build: femto,
    },
    Kind { name: "png", takes: "photos", about: "lossless PNG", parameters: &[], build: |_| Ok(Arc::new(Png)) },
    Kind {
        name: "jpeg",
        takes: "photos",
        about: "baseline JPEG, 4:4:4",
        parameters: &["quality"],
        build: |p| Ok(Arc::new(Jpeg(p.get("quality", 90)?))),
    },
    Kind {
        name: "compresso",
        takes: "volumes",
        about: "boundary maps of labels",
        parameters: &["steps", "connectivity", "index", "second", "level"],
        build: compresso,
    },
    Kind {
        name: "ristretto",
        takes: "volumes",
        about: "context-modelled labels",
        parameters: &["level", "restart"],
        build: ristretto,
    },
    Kind {
        name: "neuroglancer",
        takes: "volumes",
        about: "compressed_segmentation",
        parameters: &["block", "second", "level"],
        build: neuroglancer,
    },
    Kind {
        name: "raw",
        takes: "both",
        about: "the samples or labels themselves",
        parameters: &["second", "level"],
        build: |p| Ok(Arc::new(Raw(second(p)?))),
    },
    Kind {
        name: "fault",
        takes: "both",
        about: "fails on purpose, to try what is around it",
        parameters: &["kind"],
        build: |p| Ok(Arc::new(p.get("kind", Fault::Error)?)),
    },
];

/// The codecs that a [`Setting`](super::Setting) can name: what each takes, what it is, and its parameters, which are
/// called as the setters of its options are. `raw` with a `second` stage is what any compressor does. `fault` fails as
/// its `kind` says (`error`, `panic`, `abort`, `memory`, `hang`): the last three end or hold up the process they are
/// in, which on threads is the caller's.
pub fn codecs() -> Table {
    let mut table = Table::new(["codec", "takes", "what", "parameters"]);
    for kind in &KINDS {
        table.push([kind.name.into(), kind.takes.into(), kind.about.into(), kind.parameters.join(" ").into()]);
    }
    table
}

fn kind(name: &str) -> Result<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| {
        let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        unsupported(format!("there is no codec {name:?}: expected one of {}", names.join(", ")))
    })
}

/// The names of a codec's parameters.
pub(super) fn parameters(codec: &str) -> Result<&'static [&'static str]> {
    Ok(kind(codec)?.parameters)
}

pub(super) fn build(codec: &str, given: &[(String, String)]) -> Result<(&'static str, Arc<dyn Coder>)> {
    let kind = kind(codec)?;
    for (at, (name, _)) in given.iter().enumerate() {
        if !kind.parameters.contains(&name.as_str()) {
            let known = match kind.parameters {
                [] => "it has none".to_owned(),
                names => format!("expected one of {}", names.join(", ")),
            };
            return Err(unsupported(format!("{codec} has no parameter {name:?}: {known}")));
        }
        if given[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(unsupported(format!("{codec} is given {name} twice")));
        }
    }
    Ok((kind.name, (kind.build)(&Parameters { codec: kind.name, given })?))
}

/// The given parameters, read one by one.
struct Parameters<'a> {
    codec: &'static str,
    given: &'a [(String, String)],
}

impl Parameters<'_> {
    fn maybe<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>> {
        let Some((_, value)) = self.given.iter().find(|(given, _)| given == name) else { return Ok(None) };
        let cannot = |error| unsupported(format!("{} {name}={value}: {error}", self.codec));
        value.parse().map(Some).map_err(cannot)
    }

    fn get<T: FromStr<Err: Display>>(&self, name: &str, default: T) -> Result<T> {
        Ok(self.maybe(name)?.unwrap_or(default))
    }

    /// Numbers with commas between.
    fn numbers<T: FromStr<Err: Display> + Copy, const N: usize>(&self, name: &str) -> Result<Option<[T; N]>> {
        let Some(text) = self.maybe::<String>(name)? else { return Ok(None) };
        let cannot = |error: String| unsupported(format!("{} {name}={text}: {error}", self.codec));
        let numbers = text.split(',').map(|number| number.parse().map_err(|error: T::Err| cannot(error.to_string())));
        let numbers: Vec<T> = numbers.collect::<Result<_>>()?;
        Ok(Some(numbers.try_into().map_err(|_| cannot(format!("expected {N} numbers with commas between")))?))
    }
}

/// The errors of codecs that are given what they are not for.
const FOR_PHOTOS: &str = "the codec is for photos, and the input is a label volume";
const FOR_LABELS: &str = "the codec is for label volumes, and the input is a photo";

/// Whether a row's error is that its codec is for the other kind of input.
pub(super) fn is_for_other_kind(error: &str) -> bool {
    [FOR_PHOTOS, FOR_LABELS].contains(&error)
}

fn photo(data: &Data) -> Result<&Photo> {
    match data {
        Data::Photo(photo) => Ok(photo),
        Data::Volume(_) => Err(unsupported(FOR_PHOTOS.into())),
    }
}

fn volume(data: &Data) -> Result<&AnyVolume> {
    match data {
        Data::Volume(volume) => Ok(volume),
        Data::Photo(_) => Err(unsupported(FOR_LABELS.into())),
    }
}

struct PaletteCoder {
    fitting: PaletteOptions,
    quantizing: QuantizeOptions,
    effort: Effort,
}

fn palette(p: &Parameters) -> Result<Arc<dyn Coder>> {
    let mut fitting = PaletteOptions::new()
        .colors(p.get("colors", 256)?)
        .seed(p.get("seed", 0)?)
        .space(p.get("space", Default::default())?)
        .starts(p.get("starts", 1)?);
    if let Some(pixels) = p.maybe("sample")? {
        fitting = fitting.sample(pixels);
    }
    if let Some(db) = p.maybe("psnr")? {
        fitting = fitting.psnr(db);
    }
    let quantizing = QuantizeOptions::new()
        .dither(p.get("dither", Default::default())?)
        .strength(p.get("strength", 1.0)?)
        .spatial(p.get("spatial", 0.0)?);
    let effort = match p.get("effort", "fast".to_owned())?.as_str() {
        "fast" => Effort::Fast,
        "best" => Effort::Best,
        other => return Err(unsupported(format!("palette effort={other}: expected fast or best"))),
    };
    Ok(Arc::new(PaletteCoder { fitting, quantizing, effort }))
}

impl Coder for PaletteCoder {
    fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        fit_with_opacity(photo(data)?, None, &self.fitting, &self.quantizing)?.to_png_with(self.effort)
    }

    fn encode_with_opacity(&self, data: &Data, opacity: &Array2<u8>) -> Result<Vec<u8>> {
        fit_with_opacity(photo(data)?, Some(opacity), &self.fitting, &self.quantizing)?.to_png_with(self.effort)
    }

    fn keeps_opacity(&self) -> bool {
        true
    }

    fn decode(&self, bytes: &[u8], _: &Data) -> Result<Data> {
        Ok(Data::Photo(IndexedPhoto::from_png(bytes)?.to_photo()))
    }

    fn extension(&self) -> String {
        "png".into()
    }
}

fn laff(p: &Parameters) -> Result<Arc<dyn Coder>> {
    let mut options = LaffOptions::new();
    let targets =
        ["quality", "psnr", "max_bytes"].into_iter().filter(|name| p.given.iter().any(|given| given.0 == *name));
    if targets.count() > 1 {
        return Err(unsupported("laff takes one of quality, psnr and max_bytes".into()));
    }
    if let Some(quality) = p.maybe("quality")? {
        options = options.quality(quality);
    }
    if let Some(db) = p.maybe("psnr")? {
        options = options.psnr(db);
    }
    if let Some(bytes) = p.maybe("max_bytes")? {
        options = options.bytes(bytes);
    }
    if let Some(rows) = p.maybe("slice_rows")? {
        options = options.slice_rows(rows);
    }
    if let Some(profile) = p.maybe("profile")? {
        options = options.profile(profile);
    }
    Ok(Arc::new(options.full_chroma(p.get("full_chroma", false)?)))
}

impl Coder for LaffOptions {
    fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        laff::encode(photo(data)?, self)
    }

    fn decode(&self, bytes: &[u8], _: &Data) -> Result<Data> {
        Ok(Data::Photo(laff::decode(bytes)?))
    }

    fn extension(&self) -> String {
        "laff".into()
    }
}

struct SvdCoder {
    rank: usize,
    chroma_rank: usize,
    planes: Planes,
    factors: FactorOptions,
    seed: u64,
}

fn svd(p: &Parameters) -> Result<Arc<dyn Coder>> {
    let rank = p.get("rank", 32)?;
    let planes = match p.get("planes", "ycbcr".to_owned())?.as_str() {
        "luma" => Planes::Luma,
        "rgb" => Planes::Rgb,
        "ycbcr" => Planes::YCbCr,
        "hsv" => Planes::Hsv,
        other => return Err(unsupported(format!("svd planes={other}: expected luma, rgb, ycbcr or hsv"))),
    };
    let seed = p.get("seed", 0)?;
    let factors = FactorOptions::new().clusters(p.get("clusters", 64)?).stages(p.get("stages", 1)?).seed(seed);
    Ok(Arc::new(SvdCoder { rank, chroma_rank: p.get("chroma_rank", rank)?, planes, factors, seed }))
}

impl Coder for SvdCoder {
    fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        let photo = photo(data)?;
        let planes = if photo.is_grey() { Planes::Luma } else { self.planes };
        let (most, least) = (self.rank.max(self.chroma_rank), photo.height().min(photo.width()));
        let mut ranks = vec![self.rank.min(least)];
        ranks.resize(planes.count(), self.chroma_rank.min(least));
        let svd = PhotoSvd::of(photo, planes, &SvdOptions::new().rank(most.min(least)).seed(self.seed))?;
        QuantizedSvd::fit(&svd.truncated(&ranks)?, &self.factors)?.encode()
    }

    fn decode(&self, bytes: &[u8], like: &Data) -> Result<Data> {
        let decoded = QuantizedSvd::decode(bytes)?.to_photo()?;
        // Luma alone of a colour photo is compared as a grey one in colour.
        let wants_color = decoded.is_grey() && !photo(like)?.is_grey();
        Ok(Data::Photo(if wants_color { in_color(&decoded)? } else { decoded }))
    }

    fn extension(&self) -> String {
        "svdq".into()
    }
}

fn in_color(grey: &Photo) -> Result<Photo> {
    Photo::from_rgb(grey.height(), grey.width(), grey.colors().flatten().collect())
}

fn femto(p: &Parameters) -> Result<Arc<dyn Coder>> {
    let mut options =
        FemtoOptions::new().colors(p.get("colors", 256)?).clusters(p.get("clusters", 64)?).seed(p.get("seed", 0)?);
    if let Some(ranks) = p.numbers("ranks")? {
        options = options.ranks(ranks);
    }
    if let Some([column, row]) = p.numbers("thinning")? {
        options = options.thinning(column, row);
    }
    Ok(Arc::new(options))
}

impl Coder for FemtoOptions {
    fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        SecondStage::Gzip.encode(Femto::of(photo(data)?, self)?.to_json().as_bytes(), None)
    }

    fn decode(&self, bytes: &[u8], _: &Data) -> Result<Data> {
        let json = SecondStage::Gzip.decode(bytes, &Limits::new())?;
        Ok(Data::Photo(Femto::parse(&json, &Limits::new())?.to_photo()?))
    }

    fn extension(&self) -> String {
        "json.gz".into()
    }
}

struct Png;

impl Coder for Png {
    fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        photo(data)?.to_png()
    }

    fn decode(&self, bytes: &[u8], _: &Data) -> Result<Data> {
        Ok(Data::Photo(Photo::decode(bytes)?))
    }

    fn extension(&self) -> String {
        "png".into()
    }
}

struct Jpeg(u8);

impl Coder for Jpeg {
    fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        photo(data)?.to_jpeg(self.0)
    }

    fn decode(&self, bytes: &[u8], _: &Data) -> Result<Data> {
        Ok(Data::Photo(Photo::decode(bytes)?))
    }

    fn extension(&self) -> String {
        "jpg".into()
    }
}

/// A general compressor behind a codec, at a level or its default one.
#[derive(Clone, Copy)]
struct Second(Option<(SecondStage, Option<u32>)>);

fn second(p: &Parameters) -> Result<Second> {
    let level = p.maybe("level")?;
    let Some(name) = p.maybe::<String>("second")? else {
        return match level {
            None => Ok(Second(None)),
            Some(_) => Err(unsupported(format!("{}: level is for a second stage, and none is named", p.codec))),
        };
    };
    let found = SecondStage::ALL.into_iter().find(|method| method.to_string() == name);
    let method = found.ok_or_else(|| {
        let names: Vec<_> = SecondStage::ALL.iter().map(ToString::to_string).collect();
        unsupported(format!("{} second={name}: expected one of {}", p.codec, names.join(", ")))
    })?;
    Ok(Second(Some((method, level))))
}

impl Second {
    fn encode(self, bytes: Vec<u8>) -> Result<Vec<u8>> {
        match self.0 {
            Some((method, level)) => method.encode(&bytes, level),
            None => Ok(bytes),
        }
    }

    fn decode(self, bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
        Ok(match self.0 {
            Some((method, _)) => method.decode(bytes, &Limits::new())?.into(),
            None => bytes.into(),
        })
    }

    fn extension(self, first: &str) -> String {
        self.0.map_or(first.into(), |(method, _)| format!("{first}.{}", method.extension()))
    }
}

struct CompressoCoder {
    options: CompressoOptions,
    second: Second,
}

fn compresso(p: &Parameters) -> Result<Arc<dyn Coder>> {
    let mut options = CompressoOptions::new().index(p.get("index", true)?);
    if let Some([x, y, z]) = p.numbers("steps")? {
        options = options.steps(Steps::new(x, y, z)?);
    }
    options = options.connectivity(match p.get("connectivity", 4u8)? {
        4 => Connectivity::Four,
        6 => Connectivity::Six,
        other => return Err(unsupported(format!("compresso connectivity={other}: expected 4 or 6"))),
    });
    Ok(Arc::new(CompressoCoder { options, second: second(p)? }))
}

impl Coder for CompressoCoder {
    fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        self.second.encode(compresso::encode_any(volume(data)?, &self.options)?)
    }

    fn decode(&self, bytes: &[u8], _: &Data) -> Result<Data> {
        Ok(Data::Volume(compresso::decode(&self.second.decode(bytes)?)?))
    }

    fn extension(&self) -> String {
        self.second.extension("cpso")
    }
}

fn ristretto(p: &Parameters) -> Result<Arc<dyn Coder>> {
    let mut options = RistrettoOptions::new();
    if let Some(level) = p.maybe("level")? {
        options = options.level(level);
    }
    if let Some(slices) = p.maybe("restart")? {
        options = options.restart(slices);
    }
    Ok(Arc::new(options))
}

impl Coder for RistrettoOptions {
    fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        ristretto::encode_any(volume(data)?, self)
    }

    fn decode(&self, bytes: &[u8], _: &Data) -> Result<Data> {
        Ok(Data::Volume(ristretto::decode(bytes)?))
    }

    fn extension(&self) -> String {
        "ristretto".into()
    }
}

struct NeuroglancerCoder {
    block: BlockSize,
    second: Second,
}

fn neuroglancer(p: &Parameters) -> Result<Arc<dyn Coder>> {
    let block = match p.numbers("block")? {
        Some([z, y, x]) => BlockSize::new(z, y, x)?,
        None => BlockSize::default(),
    };
    Ok(Arc::new(NeuroglancerCoder { block, second: second(p)? }))
}

impl Coder for NeuroglancerCoder {
    fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        let first = match volume(data)? {
            AnyVolume::U32(volume) => neuroglancer::encode(volume, self.block)?,
            AnyVolume::U64(volume) => neuroglancer::encode(volume, self.block)?,
            narrow => neuroglancer::encode(&narrow.to_labels::<u32>()?, self.block)?,
        };
        self.second.encode(first)
    }

    fn decode(&self, bytes: &[u8], like: &Data) -> Result<Data> {
        let (first, like) = (self.second.decode(bytes)?, volume(like)?);
        let (shape, limits) = (like.shape(), Limits::new());
        Ok(Data::Volume(match like.label_type() {
            LabelType::U64 => AnyVolume::U64(neuroglancer::decode(&first, shape, self.block, &limits)?),
            LabelType::U32 => AnyVolume::U32(neuroglancer::decode(&first, shape, self.block, &limits)?),
            narrow => {
                let wide = AnyVolume::U32(neuroglancer::decode(&first, shape, self.block, &limits)?);
                match narrow {
                    LabelType::U8 => AnyVolume::U8(wide.to_labels()?),
                    _ => AnyVolume::U16(wide.to_labels()?),
                }
            }
        }))
    }

    fn extension(&self) -> String {
        self.second.extension("cseg")
    }
}

struct Raw(Second);

impl Coder for Raw {
    fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        self.0.encode(match data {
            Data::Photo(photo) => photo.samples().to_vec(),
            Data::Volume(volume) => volume.to_le_bytes(),
        })
    }

    fn decode(&self, bytes: &[u8], like: &Data) -> Result<Data> {
        let raw = self.0.decode(bytes)?.into_owned();
        match like {
            Data::Photo(photo) if photo.is_grey() => {
                Ok(Data::Photo(Photo::from_grey(photo.height(), photo.width(), raw)?))
            }
            Data::Photo(photo) => Ok(Data::Photo(Photo::from_rgb(photo.height(), photo.width(), raw)?)),
            Data::Volume(volume) => {
                let label_type = volume.label_type();
                Ok(Data::Volume(with_label_type!(label_type, T => {
                    let labels = raw.chunks_exact(label_type.bytes()).map(<T as Label>::from_le).collect();
                    Volume::<T>::from_vec(volume.shape(), labels)?.into()
                })))
            }
        }
    }

    fn extension(&self) -> String {
        self.0.extension("raw")
    }
}

/// A codec that fails in one of the ways in which programs do.
#[derive(Clone, Copy)]
enum Fault {
    Error,
    Panic,
    Abort,
    Memory,
    Hang,
}

impl FromStr for Fault {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "error" => Ok(Self::Error),
            "panic" => Ok(Self::Panic),
            "abort" => Ok(Self::Abort),
            "memory" => Ok(Self::Memory),
            "hang" => Ok(Self::Hang),
            _ => Err("expected error, panic, abort, memory or hang"),
        }
    }
}

impl Coder for Fault {
    fn encode(&self, _: &Data) -> Result<Vec<u8>> {
        match self {
            Self::Error => Err(Error::Unsupported("an error on purpose".into())),
            Self::Panic => panic!("a panic on purpose"),
            Self::Abort => std::process::abort(),
            // More than there is anywhere, so that the refusal comes at once.
            Self::Memory => Ok(vec![0; isize::MAX as usize]),
            Self::Hang => loop {
                std::thread::park();
            },
        }
    }

    fn decode(&self, _: &[u8], _: &Data) -> Result<Data> {
        Err(Error::Unsupported("nothing was encoded".into()))
    }

    fn extension(&self) -> String {
        "none".into()
    }
}
