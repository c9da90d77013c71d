//! What may be set of a codec, described once.

use super::value::Value;
use std::ops::{Range, RangeInclusive};

/// One thing that may be set.
#[derive(Clone, Debug)]
#[must_use]
pub struct Parameter {
    /// Its name, as the setter's of the codec's options.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// The value unless one is given; none where that depends on the input.
    pub default: Option<Value>,
    /// What is said in place of the default where there is none: `all`. Given as a value it means the same.
    pub unset: &'static str,
    /// The unit of its values, such as `dB`; empty without one.
    pub unit: &'static str,
    /// What it does, in a sentence without a full stop.
    pub about: &'static str,
    /// Whether a control should move along its logarithm.
    pub is_logarithmic: bool,
    /// Other names that the command line takes, each for a value or, given one, as a flag that stands for it.
    pub aliases: Vec<(&'static str, Option<&'static str>)>,
}

/// What the values of a parameter are.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Whole numbers of a range.
    Integer(RangeInclusive<u64>),
    /// Numbers of a range.
    Number(RangeInclusive<f64>),
    /// One of some words.
    Choice(Vec<&'static str>),
    /// `true` or `false`.
    Flag,
    /// So many whole numbers of a range, with commas between, and what they are called: `X,Y,Z`.
    Integers(usize, RangeInclusive<u64>, &'static str),
    /// Colours such as `ff8000`, with commas between.
    Colors,
    /// A range of whole numbers such as `2..7`, without its end, or one number.
    Range,
}

impl Parameter {
    fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, default: None, unset: "", unit: "", about, is_logarithmic: false, aliases: Vec::new() }
    }

    /// A whole number.
    pub fn integer(name: &'static str, range: RangeInclusive<u64>, about: &'static str) -> Self {
        Self::new(name, Kind::Integer(range), about)
    }

    /// A number.
    pub fn number(name: &'static str, range: RangeInclusive<f64>, about: &'static str) -> Self {
        Self::new(name, Kind::Number(range), about)
    }

    /// One of these words.
    pub fn choice(name: &'static str, words: impl IntoIterator<Item = &'static str>, about: &'static str) -> Self {
        Self::new(name, Kind::Choice(words.into_iter().collect()), about)
    }

    /// Yes or no, and no unless given.
    pub fn flag(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Kind::Flag, about).default(false)
    }

    /// So many whole numbers.
    pub fn integers(
        name: &'static str,
        count: usize,
        range: RangeInclusive<u64>,
        called: &'static str,
        about: &'static str,
    ) -> Self {
        Self::new(name, Kind::Integers(count, range, called), about)
    }

    /// Colours.
    pub fn colors(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Kind::Colors, about)
    }

    /// A range of whole numbers, or one.
    pub fn range(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Kind::Range, about)
    }

    /// The value unless one is given.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// What is said where no value is given and none is the default.
    pub fn unset(mut self, words: &'static str) -> Self {
        self.unset = words;
        self
    }

    /// The unit of its values.
    pub fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// A control should move along its logarithm.
    pub fn logarithmic(mut self) -> Self {
        self.is_logarithmic = true;
        self
    }

    /// The default as text, or what is said in its place.
    pub fn default_text(&self) -> String {
        self.default.as_ref().map_or_else(|| self.unset.to_owned(), ToString::to_string)
    }

    /// Another name on the command line.
    pub fn alias(mut self, name: &'static str) -> Self {
        self.aliases.push((name, None));
        self
    }

    /// A flag of the command line that stands for a value.
    pub fn shorthand(mut self, flag: &'static str, value: &'static str) -> Self {
        self.aliases.push((flag, Some(value)));
        self
    }
}

impl Kind {
    /// The values allowed, in words: `1 to 256`, `mse or visual`.
    pub fn expected(&self) -> String {
        match self {
            Self::Integer(range) => span(range),
            Self::Number(range) => span(range),
            Self::Choice(words) => match words.as_slice() {
                [] => "nothing".into(),
                [word] => (*word).into(),
                [words @ .., last] => format!("{} or {last}", words.join(", ")),
            },
            Self::Flag => "true or false".into(),
            Self::Integers(count, range, called) => {
                format!("{count} whole numbers {called} with commas between, each {}", span(range))
            }
            Self::Colors => "colours such as ff8000 with commas between".into(),
            Self::Range => "a whole number, or a range such as 2..7".into(),
        }
    }

    /// What stands for a value in help: `N`, `X,Y,Z`.
    pub fn placeholder(&self) -> &'static str {
        match self {
            Self::Integer(_) => "N",
            Self::Number(_) => "X",
            Self::Choice(_) => "WORD",
            Self::Flag => "FLAG",
            Self::Integers(_, _, called) => called,
            Self::Colors => "RRGGBB",
            Self::Range => "A..B",
        }
    }

    /// Reads a value; `None` when the text is none that is allowed.
    pub(crate) fn parse(&self, text: &str) -> Option<Value> {
        match self {
            Self::Integer(range) => text.parse().ok().filter(|number| range.contains(number)).map(Value::Integer),
            Self::Number(range) => text.parse().ok().filter(|number| range.contains(number)).map(Value::Number),
            Self::Choice(words) => words.iter().find(|word| **word == text).map(|word| Value::Choice(word)),
            Self::Flag => text.parse().ok().map(Value::Flag),
            Self::Integers(count, range, _) => numbers(text, *count, range).map(Value::Integers),
            Self::Colors => text.split(',').map(color).collect::<Option<_>>().map(Value::Colors),
            Self::Range => slices(text).map(Value::Range),
        }
    }
}

/// The least and the most of a range, in words; ends that nobody reaches are left out.
fn span<T: PartialOrd + std::fmt::Display + Bounded>(range: &RangeInclusive<T>) -> String {
    let (least, most) = (range.start(), range.end());
    match (*least <= T::LEAST, *most >= T::MOST) {
        (false, false) => format!("{least} to {most}"),
        (true, false) => format!("at most {most}"),
        (false, true) => format!("at least {least}"),
        (true, true) => T::ANY.into(),
    }
}

/// A number type with the ends that stand for none.
trait Bounded: Sized {
    const LEAST: Self;
    const MOST: Self;
    const ANY: &'static str;
}

impl Bounded for u64 {
    const LEAST: Self = 0;
    const MOST: Self = u64::MAX;
    const ANY: &'static str = "a whole number";
}

impl Bounded for f64 {
    const LEAST: Self = f64::NEG_INFINITY;
    // Some options hold their number in 32 bits.
    const MOST: Self = f32::MAX as f64;
    const ANY: &'static str = "a number";
}

fn numbers(text: &str, count: usize, range: &RangeInclusive<u64>) -> Option<Vec<u64>> {
    let numbers = text.split(',').map(|number| number.trim().parse().ok().filter(|number| range.contains(number)));
    numbers.collect::<Option<Vec<u64>>>().filter(|numbers| numbers.len() == count)
}

fn color(text: &str) -> Option<[u8; 3]> {
    let digits = text.trim().trim_start_matches('#');
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6)?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue])
}

fn slices(text: &str) -> Option<Range<u64>> {
    match text.split_once("..") {
        Some((start, end)) => Some(start.parse().ok()?..end.parse().ok()?),
        None => {
            let one: u64 = text.parse().ok()?;
            Some(one..one.saturating_add(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &Kind, text: &str) -> String {
        kind.parse(text).map_or_else(|| kind.expected(), |value| value.to_string())
    }

    #[test]
    fn values_are_read_within_their_ranges_alone() {
        let colors = Kind::Integer(1..=256);
        assert_eq!(["1", "256"].map(|text| said(&colors, text)), ["1", "256"]);
        for text in ["0", "257", "-1", "1.5", "", "x", "99999999999999999999"] {
            assert_eq!(said(&colors, text), "1 to 256", "{text}");
        }
        let share = Kind::Number(0.0..=1.0);
        assert_eq!(["0", "0.50", "1"].map(|text| said(&share, text)), ["0", "0.5", "1"]);
        for text in ["-0.1", "1.1", "nan", "inf", ""] {
            assert_eq!(said(&share, text), "0 to 1", "{text}");
        }
        let steps = Kind::Integers(3, 1..=64, "X,Y,Z");
        assert_eq!(said(&steps, "4, 4,1"), "4,4,1");
        for text in ["4,4", "4,4,1,1", "0,4,4", "4,4,"] {
            assert!(said(&steps, text).starts_with("3 whole numbers X,Y,Z"), "{text}");
        }
        assert_eq!(said(&Kind::Colors, "#ff8000,000000"), "ff8000,000000");
        assert_eq!((said(&Kind::Range, "3"), said(&Kind::Range, "2..7")), ("3..4".into(), "2..7".into()));
        assert_eq!(said(&Kind::Choice(vec!["a", "b", "c"]), "d"), "a, b or c");
        assert_eq!(said(&Kind::Flag, "yes"), "true or false");
    }

    #[test]
    fn ends_that_nobody_reaches_are_not_said() {
        assert_eq!(Kind::Integer(0..=u64::MAX).expected(), "a whole number");
        assert_eq!(Kind::Integer(1..=u64::MAX).expected(), "at least 1");
        assert_eq!(Kind::Integer(0..=9).expected(), "at most 9");
        assert_eq!(Kind::Number(0.0..=f64::MAX).expected(), "at least 0");
    }
}
