//! One value, and how it is written.

use std::fmt;
use std::ops::Range;

/// One value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Kind::Integer`](super::Kind::Integer).
    Integer(u64),
    /// Of [`Kind::Number`](super::Kind::Number).
    Number(f64),
    /// Of [`Kind::Choice`](super::Kind::Choice).
    Choice(&'static str),
    /// Of [`Kind::Flag`](super::Kind::Flag).
    Flag(bool),
    /// Of [`Kind::Integers`](super::Kind::Integers).
    Integers(Vec<u64>),
    /// Of [`Kind::Colors`](super::Kind::Colors).
    Colors(Vec<[u8; 3]>),
    /// Of [`Kind::Range`](super::Kind::Range).
    Range(Range<u64>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Choice(word) => f.write_str(word),
            Self::Flag(flag) => flag.fmt(f),
            Self::Integers(numbers) => join(f, numbers.iter()),
            Self::Colors(colors) => {
                join(f, colors.iter().map(|[red, green, blue]| format!("{red:02x}{green:02x}{blue:02x}")))
            }
            Self::Range(range) => write!(f, "{}..{}", range.start, range.end),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, parts: impl Iterator<Item: fmt::Display>) -> fmt::Result {
    for (number, part) in parts.enumerate() {
        let comma = if number > 0 { "," } else { "" };
        write!(f, "{comma}{part}")?;
    }
    Ok(())
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(number)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Integer(number as u64)
    }
}

impl From<i32> for Value {
    /// Of a number that is written down in code; a negative one is none.
    fn from(number: i32) -> Self {
        Self::Integer(number.try_into().unwrap_or(0))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Self {
        Self::Choice(word)
    }
}

impl<const N: usize> From<[usize; N]> for Value {
    fn from(numbers: [usize; N]) -> Self {
        Self::Integers(numbers.iter().map(|&number| number as u64).collect())
    }
}
