//! One codec with its parameters, as text and as a value.

use super::second;
use crate::codec::{Codec, Data, Decoded, Description, Form, Given, Reading, Values};
use crate::error::{Error, Result};
use crate::file::{self, Existing};
use crate::limits::Limits;
use crate::second_stage::SecondStage;
use crate::table::{Cell, Record};
use crate::words::as_text;
use std::fmt;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

/// One codec with its parameters, checked: `laff quality=75`, `compresso steps=4,4,1 second=xz`.
///
/// As text it is the codec's name and `name=value` for every parameter that is given, with spaces between;
/// [`catalogue::table`](super::table) lists the names. Equal texts are equal settings.
#[derive(Clone)]
pub struct Setting {
    codec: Arc<dyn Codec>,
    name: &'static str,
    values: Values,
    /// The general compressor behind it, and its level.
    stage: Option<(SecondStage, Option<u32>)>,
    /// The given values as text.
    texts: Vec<(&'static str, String)>,
}

impl Setting {
    /// A codec's setting of these parameters.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a codec or a parameter that there is not, [`Error::OutOfRange`] for a value outside
    /// the parameter's range, [`Error::Conflict`] for one given twice and for values that do not go together; the error
    /// names what is allowed.
    pub fn new(codec: &str, parameters: &[(&str, &str)]) -> Result<Self> {
        Self::of(super::of_name(codec)?, parameters.iter().copied())
    }

    /// A setting of a codec that need not be in the catalogue.
    ///
    /// # Errors
    /// As [`Setting::new`].
    pub fn of<'a>(codec: Arc<dyn Codec>, given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let name = codec.info().name;
        let values = Values::parse(name, &super::parameters(&*codec), given)?;
        let stage = second::stage(&*codec, &values)?;
        codec.check(&values)?;
        let texts = values.given().map(|(name, value)| (name, value.to_string())).collect();
        Ok(Self { codec, name, values, stage, texts })
    }

    /// The setting of a row of [`Sweep::run`](crate::sweep::Sweep::run)'s table.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the row names no codec; otherwise as [`Setting::new`].
    pub fn of_row(row: &Record<'_>) -> Result<Self> {
        let codec = super::of_name(&row.text("codec"))?;
        let exact = |cell: &Cell| match cell {
            Cell::Int(value) => Some(value.to_string()),
            Cell::Float(value) => Some(value.to_string()),
            Cell::Text(text) => Some(text.clone()),
            Cell::Missing => None,
        };
        let parameters = super::parameters(&*codec);
        let cell = |name| Some((name, exact(row.cell(name)?)?));
        let given: Vec<_> = parameters.iter().filter_map(|parameter| cell(parameter.name)).collect();
        Self::of(codec, given.iter().map(|(name, text)| (*name, text.as_str())))
    }

    /// The codec's name.
    pub fn codec(&self) -> &'static str {
        self.name
    }

    /// The codec itself.
    pub fn as_codec(&self) -> &dyn Codec {
        &*self.codec
    }

    /// The general compressor behind the codec.
    pub fn second_stage(&self) -> Option<SecondStage> {
        self.stage.map(|(stage, _)| stage)
    }

    /// Whether any damage to a file is found when it is read.
    pub fn has_checksum(&self) -> bool {
        self.codec.info().has_checksum || self.second_stage().is_some_and(SecondStage::has_checksum)
    }

    /// As this one, with more parameters given.
    ///
    /// # Errors
    /// As [`Setting::new`].
    pub fn with(&self, parameters: &[(&str, &str)]) -> Result<Self> {
        Self::of(self.codec.clone(), self.parameters().chain(parameters.iter().copied()))
    }

    /// The parameters that are given, in the order in which they were.
    pub fn parameters(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The values of all parameters.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The extension of the files that hold what the codec writes, such as `laff`.
    pub fn extension(&self) -> String {
        let forms = self.codec.info().forms;
        // The form that sets most of what is given.
        let fits = |form: &&Form| form.sets.iter().all(|(name, value)| self.has(name, value));
        let form = forms.iter().filter(fits).max_by_key(|form| form.sets.len()).or(forms.first());
        let first = form.map_or(self.name, |form| form.extension);
        match self.stage {
            Some((stage, _)) => format!("{first}.{}", stage.extension()),
            None => first.to_owned(),
        }
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.values.get(name).is_some_and(|found| found.to_string() == value)
    }

    /// The bytes of the file of a photo or a label volume.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the codec is for the other kind of data, and the codec's own.
    pub fn encode(&self, data: &Data) -> Result<Vec<u8>> {
        self.encode_given(&Given::from(data))
    }

    /// As [`Setting::encode`], of a photo with its opacity.
    ///
    /// # Errors
    /// As [`Setting::encode`].
    pub fn encode_given(&self, given: &Given) -> Result<Vec<u8>> {
        let file = self.codec.encode(given, &self.values)?;
        match self.stage {
            Some((stage, level)) => stage.encode(&file, level),
            None => Ok(file),
        }
    }

    /// What such a file holds, under the default [`Limits`] unless told otherwise.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the bytes are no such file or a damaged one,
    /// [`Error::TooLarge`] when they ask for more than the limits allow.
    pub fn decode(&self, bytes: &[u8], reading: &Reading) -> Result<Data> {
        Ok(self.decode_noting(bytes, reading)?.data)
    }

    /// As [`Setting::decode`], and tells what is not as the file has it.
    ///
    /// # Errors
    /// As [`Setting::decode`].
    pub fn decode_noting(&self, bytes: &[u8], reading: &Reading) -> Result<Decoded> {
        self.inside(bytes, &reading.limits, |bytes, limits| {
            self.codec.decode(bytes, &self.values, &Reading { limits: *limits, ..reading.clone() })
        })
    }

    /// What is told of such a file.
    ///
    /// # Errors
    /// As [`Setting::decode`].
    pub fn describe(&self, bytes: &[u8], limits: &Limits) -> Result<Description> {
        self.inside(bytes, limits, |bytes, limits| self.codec.describe(bytes, &self.values, limits))
    }

    /// Such a file as one of another kind, where the codec has a way of its own; see [`Codec::export`].
    ///
    /// # Errors
    /// As [`Setting::decode`].
    pub fn export(&self, bytes: &[u8], extension: &str, limits: &Limits) -> Result<Option<Vec<u8>>> {
        self.inside(bytes, limits, |bytes, limits| self.codec.export(bytes, extension, limits))
    }

    /// Encodes into a file, which is written whole or not at all.
    ///
    /// # Errors
    /// As [`Setting::encode`], and [`Error::Io`] when the file cannot be written.
    pub fn save(&self, data: &Data, path: impl AsRef<Path>) -> Result<()> {
        file::write(path.as_ref(), &self.encode(data)?, Existing::Replace)
    }

    /// Encodes into a pipe or whatever else takes bytes; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Setting::encode`], and [`Error::Io`] when it cannot be written to.
    pub fn encode_to(&self, data: &Data, out: &mut dyn Write, name: &str) -> Result<()> {
        let file = self.codec.encode(&Given::from(data), &self.values)?;
        match self.stage {
            Some((stage, level)) => stage.encode_to(&file, level, out, name),
            None => out.write_all(&file).and_then(|()| out.flush()).map_err(Error::io("write", Path::new(name))),
        }
    }

    /// What the file at a path holds.
    ///
    /// # Errors
    /// As [`Setting::decode`], and [`Error::Io`] when the file cannot be read.
    pub fn open(&self, path: impl AsRef<Path>, reading: &Reading) -> Result<Data> {
        self.decode(&file::read(path.as_ref(), &reading.limits)?, reading)
    }

    /// What a pipe or whatever else yields bytes holds; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Setting::open`].
    pub fn decode_from(&self, input: &mut dyn Read, name: &str, reading: &Reading) -> Result<Data> {
        self.decode(&file::read_stream(input, name, &reading.limits)?, reading)
    }

    /// Works on what is behind the second stage; a limit of bytes holds for all that is in memory at one time.
    fn inside<T>(&self, bytes: &[u8], limits: &Limits, work: impl FnOnce(&[u8], &Limits) -> Result<T>) -> Result<T> {
        limits.within(bytes.len() as u64, |limits| match self.stage {
            None => work(bytes, limits),
            Some((stage, _)) => {
                let first = stage.decode(bytes, limits)?;
                limits.within(first.len() as u64, |limits| work(&first, limits))
            }
        })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.texts.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

as_text!(Setting);

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        (self.name, &self.texts) == (other.name, &other.texts)
    }
}

impl Eq for Setting {}
