//! One codec with its parameters, as text and as a value; grids and samples of them.

use super::codecs::{self, Coder};
use crate::error::{Error, Result};
use crate::table::{Cell, Record};
use rand::SeedableRng;
use rand::seq::index;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The most settings that one grid may spell out.
const MOST_SETTINGS: usize = 1_000_000;

/// One codec with its parameters, checked: `laff quality=75`, `compresso steps=4,4,1 second=xz`.
///
/// As text it is the codec's name and `name=value` for every parameter that is not left at its default, with spaces between;
/// [`codecs`](super::codecs()) lists the names. Equal texts are equal settings.
#[derive(Clone)]
pub struct Setting {
    codec: &'static str,
    parameters: Vec<(String, String)>,
    pub(super) coder: Arc<dyn Coder>,
}

impl Setting {
    /// A codec's setting of these parameters.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a codec or a parameter that there is not or that is given twice, and for a value that does not
    /// read as the parameter's.
    pub fn new(codec: &str, parameters: &[(&str, &str)]) -> Result<Self> {
        let owned = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::of(codec, owned)
    }

    fn of(codec: &str, parameters: Vec<(String, String)>) -> Result<Self> {
        let (codec, coder) = codecs::build(codec, &parameters)?;
        Ok(Self { codec, parameters, coder })
    }

    /// The setting of a row of [`Sweep::run`](super::Sweep::run)'s table.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the row names no codec; otherwise as [`Setting::new`].
    pub fn of_row(row: &Record<'_>) -> Result<Self> {
        let codec = row.text("codec");
        let names = codecs::parameters(&codec)?;
        let exact = |cell: &Cell| match cell {
            Cell::Int(value) => value.to_string(),
            Cell::Float(value) => value.to_string(),
            other => other.to_string(),
        };
        let given = names.iter().filter_map(|name| Some(((*name).to_owned(), exact(row.cell(name)?))));
        Self::of(&codec, given.collect())
    }

    /// The codec's name.
    pub fn codec(&self) -> &'static str {
        self.codec
    }

    /// The parameters that are given, in the order in which they were.
    pub fn parameters(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The extension of the files that hold what the codec writes, such as `laff`.
    pub fn extension(&self) -> String {
        self.coder.extension()
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codec)?;
        self.parameters.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        (self.codec, &self.parameters) == (other.codec, &other.parameters)
    }
}

impl Eq for Setting {}

impl FromStr for Setting {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let settings = Grid::from_str(text)?.settings()?;
        match <[Self; 1]>::try_from(settings) {
            Ok([setting]) => Ok(setting),
            Err(settings) => Err(unsupported(format!("{text:?} is {} settings, not one", settings.len()))),
        }
    }
}

/// Every combination of some values for the parameters of one codec.
///
/// ```
/// use cortado::sweep::Grid;
/// let grid = Grid::new("palette").over("colors", [16, 64, 256]).over("spatial", [0, 50]);
/// assert_eq!(grid.settings()?.len(), 6);
/// // The same as text:
/// assert_eq!("palette colors=16|64|256 spatial=0|50".parse::<Grid>()?.settings()?, grid.settings()?);
/// // Whole numbers in a range, and 8 of a hundred thousand combinations:
/// let many: Grid = "laff quality=1..99 slice_rows=16..1015".parse()?;
/// assert_eq!(many.sample(8, 0)?.len(), 8);
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Grid {
    codec: String,
    axes: Vec<(String, Vec<String>)>,
}

impl Grid {
    /// The codec with its defaults.
    pub fn new(codec: impl Into<String>) -> Self {
        Self { codec: codec.into(), axes: Vec::new() }
    }

    /// These values for a parameter.
    pub fn over<V: fmt::Display>(mut self, parameter: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        self.axes.push((parameter.into(), values.into_iter().map(|value| value.to_string()).collect()));
        self
    }

    /// How many combinations there are.
    pub fn len(&self) -> usize {
        self.axes.iter().fold(1usize, |product, (_, values)| product.saturating_mul(values.len()))
    }

    /// Whether a parameter has no value at all, and so the grid no combination.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every combination, the last parameter changing fastest.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than a million; otherwise as [`Setting::new`].
    pub fn settings(&self) -> Result<Vec<Setting>> {
        if self.len() > MOST_SETTINGS {
            return Err(Error::TooLarge { what: "settings", found: self.len() as u64, limit: MOST_SETTINGS as u64 });
        }
        (0..self.len()).map(|at| self.setting(at)).collect()
    }

    /// So many different combinations drawn at random, in the grid's order; all when there are no more. Equal seeds draw equal ones.
    ///
    /// # Errors
    /// As [`Setting::new`].
    pub fn sample(&self, count: usize, seed: u64) -> Result<Vec<Setting>> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut drawn = index::sample(&mut random, self.len(), count.min(self.len())).into_vec();
        drawn.sort_unstable();
        drawn.into_iter().map(|at| self.setting(at)).collect()
    }

    fn setting(&self, mut at: usize) -> Result<Setting> {
        let mut parameters = Vec::with_capacity(self.axes.len());
        for (name, values) in self.axes.iter().rev() {
            parameters.push((name.clone(), values[at % values.len()].clone()));
            at /= values.len();
        }
        parameters.reverse();
        Setting::of(&self.codec, parameters)
    }
}

impl FromStr for Grid {
    type Err = Error;

    /// Reads `codec name=value name=value|value name=first..last`, where a range holds its last whole number too.
    fn from_str(text: &str) -> Result<Self> {
        let mut words = text.split_ascii_whitespace();
        let mut grid =
            Self::new(words.next().ok_or_else(|| unsupported("a setting begins with a codec's name".into()))?);
        for word in words {
            let Some((name, values)) = word.split_once('=') else {
                return Err(unsupported(format!("expected name=value, found {word:?} in {text:?}")));
            };
            let mut all = Vec::new();
            for value in values.split('|') {
                let ends = value.split_once("..").map(|(first, last)| (first.parse::<u64>(), last.parse::<u64>()));
                match ends {
                    Some((Ok(first), Ok(last))) if first <= last && last - first < MOST_SETTINGS as u64 => {
                        all.extend((first..=last).map(|value| value.to_string()));
                    }
                    Some(_) => {
                        let message = format!("expected a range of whole numbers such as 10..95, found {value:?}");
                        return Err(unsupported(message));
                    }
                    None => all.push(value.to_owned()),
                }
            }
            grid = grid.over(name, all);
        }
        Ok(grid)
    }
}

pub(super) fn unsupported(message: String) -> Error {
    Error::Unsupported(message)
}
