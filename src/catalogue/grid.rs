//! Grids and samples of settings.

use super::setting::Setting;
use crate::error::{Error, Result};
use crate::words::as_text;
use rand::SeedableRng;
use rand::seq::index;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::fmt;
use std::str::FromStr;

/// The most settings that one grid may spell out.
const MOST_SETTINGS: usize = 1_000_000;

/// Every combination of some values for the parameters of one codec.
///
/// ```
/// use cortado::Grid;
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

    /// So many different combinations drawn at random, in the grid's order; all when there are no more. Equal seeds
    /// draw equal ones.
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
            parameters.push((name.as_str(), values[at % values.len()].as_str()));
            at /= values.len();
        }
        parameters.reverse();
        Setting::new(&self.codec, &parameters)
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.codec)?;
        self.axes.iter().try_for_each(|(name, values)| write!(f, " {name}={}", values.join("|")))
    }
}

as_text!(Grid);

impl FromStr for Grid {
    type Err = Error;

    /// Reads `codec name=value name=value|value name=first..last`, where a range holds its last whole number too.
    fn from_str(text: &str) -> Result<Self> {
        let mut words = text.split_ascii_whitespace();
        let mut grid =
            Self::new(words.next().ok_or_else(|| Error::Unsupported("a setting begins with a codec's name".into()))?);
        for word in words {
            let Some((name, values)) = word.split_once('=') else {
                return Err(Error::Unsupported(format!("expected name=value, found {word:?} in {text:?}")));
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
                        return Err(Error::Unsupported(message));
                    }
                    None => all.push(value.to_owned()),
                }
            }
            grid = grid.over(name, all);
        }
        Ok(grid)
    }
}

impl FromStr for Setting {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let settings = Grid::from_str(text)?.settings()?;
        match <[Self; 1]>::try_from(settings) {
            Ok([setting]) => Ok(setting),
            Err(settings) => Err(Error::Unsupported(format!("{text:?} is {} settings, not one", settings.len()))),
        }
    }
}
