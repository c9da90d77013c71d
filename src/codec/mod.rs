//! What a codec says of itself: its name, its files, what may be set, and its two ways.
//!
//! A codec is a value that implements [`Codec`]. Everything that speaks of codecs follows from what it says: settings
//! and their checks, sweeps, the command line's options and help, the recognition of files. The library's own are in
//! the [`catalogue`](crate::catalogue); others are added by [`catalogue::register`](crate::catalogue::register).
//!
//! ```
//! use cortado::codec::{Codec, Decoded, Form, Given, Info, Parameter, Reading, Takes, Values};
//! use cortado::{Photo, Result, Setting, catalogue};
//!
//! /// Every n-th pixel of a grey photo.
//! struct Thin;
//!
//! impl Codec for Thin {
//!     fn info(&self) -> Info {
//!         Info::new("thin", "every n-th pixel of a grey photo", Takes::Photos).form(Form::new("thin")).magic(b"thin")
//!     }
//!
//!     fn parameters(&self) -> Vec<Parameter> {
//!         vec![Parameter::integer("every", 1..=16, "how many pixels become one").default(2)]
//!     }
//!
//!     fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
//!         let photo = given.photo()?.to_grey();
//!         let size = [photo.height(), photo.width()].map(|side| (side as u32).to_le_bytes());
//!         let every = values.integer("every") as usize;
//!         let kept = photo.samples().iter().step_by(every).copied();
//!         Ok(b"thin".iter().copied().chain(size.concat()).chain([every as u8]).chain(kept).collect())
//!     }
//!
//!     fn decode(&self, bytes: &[u8], _: &Values, _: &Reading) -> Result<Decoded> {
//!         let side = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
//!         let (height, width, every) = (side(4), side(8), usize::from(bytes[12]));
//!         let samples = bytes[13..].iter().flat_map(|&sample| vec![sample; every]).take(height * width);
//!         Ok(Photo::from_grey(height, width, samples.collect())?.into())
//!     }
//! }
//!
//! catalogue::register(Thin)?;
//! let setting: Setting = "thin every=4".parse()?;
//! let photo = Photo::from_grey(2, 4, vec![9; 8])?;
//! let file = setting.encode(&photo.clone().into())?;
//! assert_eq!(catalogue::of_bytes(&file).unwrap().decode(&file, &Default::default())?, photo.into());
//! assert_eq!("thin every=0".parse::<Setting>().unwrap_err().to_string(), "thin every must be 1 to 16, but is 0");
//! # Ok::<(), cortado::Error>(())
//! ```

mod data;
mod parameter;
mod plain;
mod value;
mod values;

pub use data::Data;
pub use parameter::{Kind, Parameter};
pub(crate) use plain::{JpegCodec, PngCodec, RawCodec};
pub use value::Value;
pub use values::Values;
pub(crate) use values::expected_one_of;

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::photo::Photo;
use crate::second_stage::SecondStage;
use crate::volume::{AnyVolume, LabelType};
use ndarray::Array2;
use std::fmt;

/// A codec: what it is, what may be set, and its two ways. Its files are made of one [`Data`] each.
pub trait Codec: Send + Sync {
    /// What it is.
    fn info(&self) -> Info;

    /// What may be set when a file is made, in the order in which it is told. Names are those of setters.
    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    /// What may be set when a file is read.
    fn reading_parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    /// Refuses values, each within its range, that do not go together.
    ///
    /// # Errors
    /// Says which, in one line.
    fn check(&self, _values: &Values) -> Result<()> {
        Ok(())
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// Of an input that the codec does not take, and of what stands in the way.
    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>>;

    /// What a file's bytes, of which nobody knows whether they are one, hold. Of `values` only those count that
    /// [`Form::sets`] set.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the place in the bytes, [`Error::TooLarge`] before memory is asked for.
    fn decode(&self, bytes: &[u8], values: &Values, reading: &Reading) -> Result<Decoded>;

    /// What is told of a file: from its headers, where these tell it.
    ///
    /// # Errors
    /// As [`Codec::decode`].
    fn describe(&self, bytes: &[u8], values: &Values, limits: &Limits) -> Result<Description> {
        let decoded = self.decode(bytes, values, &Reading::new(*limits))?;
        Ok(Description::of(&decoded.data))
    }

    /// The file's bytes as a file of another kind, for codecs that have a way of their own to one of this extension;
    /// `None` where there is none.
    ///
    /// # Errors
    /// As [`Codec::decode`].
    fn export(&self, _bytes: &[u8], _extension: &str, _limits: &Limits) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

/// What a codec is.
#[derive(Clone, Debug)]
#[must_use]
pub struct Info {
    /// Its name, one word: what a setting begins with.
    pub name: &'static str,
    /// What it is, in some words without a full stop.
    pub about: &'static str,
    /// What its files are made of.
    pub takes: Takes,
    /// The forms of its files; the first is what a setting without more writes.
    pub forms: Vec<Form>,
    /// The first bytes of its files; none when they have none of their own.
    pub magics: Vec<&'static [u8]>,
    /// Whether any damage to a file is found when it is read.
    pub has_checksum: bool,
    /// Whether a general compressor may follow: none at all, or which one does unless told otherwise.
    pub second_stage: Option<Option<SecondStage>>,
    /// Whether its files are pictures that any program shows, so that a file which begins as one need not be one.
    pub writes_pictures: bool,
    /// Whether its files keep transparency.
    pub keeps_opacity: bool,
    /// The extensions that [`Codec::export`] has a way to.
    pub exports: &'static [&'static str],
}

impl Info {
    /// A codec of this name whose files have no form yet.
    pub fn new(name: &'static str, about: &'static str, takes: Takes) -> Self {
        Self {
            name,
            about,
            takes,
            forms: Vec::new(),
            magics: Vec::new(),
            has_checksum: false,
            second_stage: None,
            writes_pictures: false,
            keeps_opacity: false,
            exports: &[],
        }
    }

    /// A form of its files.
    pub fn form(mut self, form: Form) -> Self {
        self.forms.push(form);
        self
    }

    /// Bytes with which its files begin.
    pub fn magic(mut self, magic: &'static [u8]) -> Self {
        self.magics.push(magic);
        self
    }

    /// Any damage to a file is found when it is read.
    pub fn checksum(mut self) -> Self {
        self.has_checksum = true;
        self
    }

    /// A general compressor may follow: this one unless told otherwise.
    pub fn second_stage(mut self, default: Option<SecondStage>) -> Self {
        self.second_stage = Some(default);
        self
    }

    /// Its files are pictures that any program shows.
    pub fn pictures(mut self) -> Self {
        self.writes_pictures = true;
        self
    }

    /// [`Codec::export`] has a way to these extensions.
    pub fn exports(mut self, extensions: &'static [&'static str]) -> Self {
        self.exports = extensions;
        self
    }

    /// Its files keep transparency, which [`Given::opacity`] tells of.
    pub fn opacity(mut self) -> Self {
        self.keeps_opacity = true;
        self
    }
}

/// A form of a codec's files, told by their extension.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Form {
    /// The extension, without a dot before it.
    pub extension: &'static str,
    /// The parameters that this form stands for, with their values.
    pub sets: &'static [(&'static str, &'static str)],
}

impl Form {
    /// Files of this extension.
    pub const fn new(extension: &'static str) -> Self {
        Self { extension, sets: &[] }
    }

    /// Parameters that this form stands for.
    pub const fn sets(mut self, sets: &'static [(&'static str, &'static str)]) -> Self {
        self.sets = sets;
        self
    }
}

/// What a codec's files are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Photos.
    Photos,
    /// Label volumes.
    Volumes,
    /// Either.
    Both,
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Photos => "photos",
            Self::Volumes => "volumes",
            Self::Both => "both",
        })
    }
}

/// What an encoder is given.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The photo, which lies over white where it is transparent, or the label volume.
    pub data: &'a Data,
    /// The opacity of every pixel of a photo that is not opaque everywhere: shape (height, width), from 0 to 255.
    pub opacity: Option<&'a Array2<u8>>,
}

impl<'a> Given<'a> {
    /// The errors of codecs that are given what they are not for.
    const FOR_PHOTOS: &'static str = "the codec is for photos, and the input is a label volume";
    const FOR_LABELS: &'static str = "the codec is for label volumes, and the input is a photo";

    /// The photo.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when it is a label volume.
    pub fn photo(&self) -> Result<&'a Photo> {
        match self.data {
            Data::Photo(photo) => Ok(photo),
            Data::Volume(_) => Err(Error::Unsupported(Self::FOR_PHOTOS.into())),
        }
    }

    /// The label volume.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when it is a photo.
    pub fn volume(&self) -> Result<&'a AnyVolume> {
        match self.data {
            Data::Volume(volume) => Ok(volume),
            Data::Photo(_) => Err(Error::Unsupported(Self::FOR_LABELS.into())),
        }
    }

    /// Whether an error's line says that its codec is for the other kind of input.
    pub(crate) fn is_of_other_kind(error: &str) -> bool {
        [Self::FOR_PHOTOS, Self::FOR_LABELS].contains(&error)
    }
}

impl<'a> From<&'a Data> for Given<'a> {
    fn from(data: &'a Data) -> Self {
        Self { data, opacity: None }
    }
}

/// What a decoder is told besides the bytes.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Reading<'a> {
    /// What the bytes may ask for.
    pub limits: Limits,
    /// What the bytes were made of, where that is known, for formats that do not tell shapes.
    pub like: Option<&'a Data>,
    /// The values of [`Codec::reading_parameters`].
    pub values: Values,
}

impl<'a> Reading<'a> {
    /// All that is there, under limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, like: None, values: Values::default() }
    }

    /// Of bytes that were made of this.
    pub fn like(mut self, data: &'a Data) -> Self {
        self.like = Some(data);
        self
    }

    /// With these values of reading parameters.
    pub fn values(mut self, values: Values) -> Self {
        self.values = values;
        self
    }

    /// What the bytes were made of.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when that is not known.
    pub fn needs_like(&self) -> Result<&'a Data> {
        let unknown = "the format does not tell shape and type: only a sweep, which knows them, decodes it";
        self.like.ok_or_else(|| Error::Unsupported(unknown.into()))
    }
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Decoded {
    /// The photo or the label volume.
    pub data: Data,
    /// What is not as the file has it, a line each.
    pub notes: Vec<String>,
}

impl Decoded {
    /// With a line more of what is not as the file has it.
    pub fn note(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }
}

impl<D: Into<Data>> From<D> for Decoded {
    fn from(data: D) -> Self {
        Self { data: data.into(), notes: Vec::new() }
    }
}

/// What is told of a file.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Description {
    /// What it is, in some words: `laff stream, 427 x 640 4:2:0, profile mse, 4 slices`.
    pub what: String,
    /// What the line that closes compressing tells besides sizes: `81 colours`.
    pub brief: String,
    /// More lines.
    pub more: Vec<String>,
    /// Facts by their names.
    pub facts: Vec<(&'static str, Fact)>,
    /// Bytes of the samples or labels.
    pub raw_bytes: u64,
    /// Pixels or voxels.
    pub elements: u64,
}

impl Description {
    /// What a photo or a label volume is, with shape and dtype among the facts.
    pub fn of(data: &Data) -> Self {
        match data {
            Data::Photo(photo) => {
                Self::of_photo([photo.height(), photo.width(), photo.channels()], format!("{photo:?}"))
            }
            Data::Volume(volume) => Self::of_volume(volume.shape(), volume.label_type(), format!("{volume:?}")),
        }
    }

    /// Of a photo of this height, width and number of channels.
    pub fn of_photo(shape: [usize; 3], what: String) -> Self {
        let facts = vec![("kind", "photo".into()), ("shape", list(&shape)), ("dtype", "uint8".into())];
        let [height, width, channels] = shape.map(|side| side as u64);
        let pixels = height.saturating_mul(width);
        Self { what, facts, raw_bytes: pixels.saturating_mul(channels), elements: pixels, ..Self::default() }
            .fact("height", height)
            .fact("width", width)
            .fact("channels", channels)
    }

    /// Of a label volume of this shape (z, y, x) and type.
    pub fn of_volume(shape: [usize; 3], label_type: LabelType, what: String) -> Self {
        let facts = vec![("kind", "labels".into()), ("shape", list(&shape))];
        let voxels = shape.iter().fold(1u64, |product, &side| product.saturating_mul(side as u64));
        let raw_bytes = voxels.saturating_mul(label_type.bytes() as u64);
        Self { what, facts, raw_bytes, elements: voxels, ..Self::default() }
            .fact("dtype", format!("uint{}", 8 * label_type.bytes()))
            .fact("label_type", label_type.name())
    }

    /// With one more fact.
    pub fn fact(mut self, name: &'static str, fact: impl Into<Fact>) -> Self {
        self.facts.push((name, fact.into()));
        self
    }
}

/// One thing that is told of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(u64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Several.
    List(Vec<Fact>),
    /// Several with names.
    Object(Vec<(&'static str, Fact)>),
}

fn list(numbers: &[usize]) -> Fact {
    Fact::List(numbers.iter().map(|&number| Fact::from(number)).collect())
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Fact {
    fn from(number: u64) -> Self {
        Self::Integer(number)
    }
}

impl From<usize> for Fact {
    fn from(number: usize) -> Self {
        Self::Integer(number as u64)
    }
}

impl From<f64> for Fact {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Fact {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<T: Into<Fact>> From<Vec<T>> for Fact {
    fn from(facts: Vec<T>) -> Self {
        Self::List(facts.into_iter().map(Into::into).collect())
    }
}
