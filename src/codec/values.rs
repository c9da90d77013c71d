//! The values of all parameters of a codec, checked.

use super::parameter::Parameter;
use super::value::Value;
use crate::error::{Error, Result};
use std::ops::Range;
use std::str::FromStr;

/// The values of a codec's parameters: those that are given, each of its kind and within its range, and the defaults of
/// the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    given: Vec<(&'static str, Value)>,
    defaults: Vec<(&'static str, Value)>,
}

impl Values {
    /// Reads the given names and texts.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a name that no parameter has, [`Error::Conflict`] for one that is given twice,
    /// [`Error::OutOfRange`] for a value that is not of the parameter's kind or outside its range, with what is
    /// allowed. `of` is whose parameters they are.
    pub fn parse<'a>(
        of: &str,
        parameters: &[Parameter],
        given: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self> {
        let default = |parameter: &Parameter| Some((parameter.name, parameter.default.clone()?));
        let mut values = Self { given: Vec::new(), defaults: parameters.iter().filter_map(default).collect() };
        for (name, text) in given {
            let Some(parameter) = parameters.iter().find(|parameter| parameter.name == name) else {
                let names: Vec<_> = parameters.iter().map(|parameter| parameter.name).collect();
                let known = if names.is_empty() { "it has none".into() } else { expected_one_of(&names) };
                return Err(Error::Unsupported(format!("{of} has no parameter {name:?}: {known}")));
            };
            if values.is_given(name) {
                return Err(Error::Conflict(format!("{of} is given {name} twice")));
            }
            if parameter.default.is_none() && text == parameter.unset && !text.is_empty() {
                continue;
            }
            let found = if text.is_empty() { "\"\"" } else { text };
            let wrong = || Error::out_of_range(format!("{of} {name}"), found, parameter.kind.expected());
            values.given.push((parameter.name, parameter.kind.parse(text).ok_or_else(wrong)?));
        }
        Ok(values)
    }

    /// Whether a parameter was given.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    /// The given values by their parameters' names, in the order in which they were given.
    pub fn given(&self) -> impl ExactSizeIterator<Item = (&'static str, &Value)> {
        self.given.iter().map(|(name, value)| (*name, value))
    }

    /// A parameter's value, given or its default.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.given.iter().chain(&self.defaults).find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// A whole number that is given, or the default.
    pub fn maybe_integer(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// A whole number with a default; 0 without.
    pub fn integer(&self, name: &str) -> u64 {
        self.maybe_integer(name).unwrap_or_default()
    }

    /// A number that is given, or the default.
    pub fn maybe_number(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Value::Number(number) => Some(*number),
            Value::Integer(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// A number with a default; 0 without.
    pub fn number(&self, name: &str) -> f64 {
        self.maybe_number(name).unwrap_or_default()
    }

    /// A word that is given, or the default.
    pub fn maybe_word(&self, name: &str) -> Option<&'static str> {
        match self.get(name)? {
            Value::Choice(word) => Some(word),
            _ => None,
        }
    }

    /// What a word with a default stands for.
    ///
    /// # Errors
    /// Those of its type's parser, when the words of the parameter are not the type's.
    pub fn word<T: FromStr<Err = Error>>(&self, name: &str) -> Result<T> {
        self.maybe_word(name).unwrap_or_default().parse()
    }

    /// Yes or no.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Flag(true))
    }

    /// Whole numbers that are given, or the default.
    pub fn integers<const N: usize>(&self, name: &str) -> Option<[u64; N]> {
        match self.get(name)? {
            Value::Integers(numbers) => numbers.as_slice().try_into().ok(),
            _ => None,
        }
    }

    /// Colours that are given; none without.
    pub fn colors(&self, name: &str) -> &[[u8; 3]] {
        match self.get(name) {
            Some(Value::Colors(colors)) => colors,
            _ => &[],
        }
    }

    /// A range that is given.
    pub fn range(&self, name: &str) -> Option<Range<usize>> {
        match self.get(name)? {
            Value::Range(range) => Some(to_usize(range.start)..to_usize(range.end)),
            _ => None,
        }
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// `expected one of` some names.
pub(crate) fn expected_one_of(names: &[&str]) -> String {
    format!("expected one of {}", names.join(", "))
}
