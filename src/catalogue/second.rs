//! The second stage: parameters that every codec has which a general compressor may follow.

use crate::codec::{Codec, Parameter, Values};
use crate::error::{Error, Result};
use crate::second_stage::SecondStage;

/// The parameter that names the general compressor behind a codec.
pub const SECOND: &str = "second";
/// Its level, and what that is called behind a codec that has a `level` of its own.
const LEVEL: &str = "level";
const SECOND_LEVEL: &str = "second_level";
/// The word for none.
pub(super) const NONE: &str = "none";

fn level_of(codec: &dyn Codec) -> &'static str {
    match codec.parameters().iter().any(|parameter| parameter.name == LEVEL) {
        true => SECOND_LEVEL,
        false => LEVEL,
    }
}

/// The parameters that such a codec has besides its own.
pub(super) fn parameters(codec: &dyn Codec) -> Vec<Parameter> {
    let Some(default) = codec.info().second_stage else { return Vec::new() };
    let levels = SecondStage::ALL.map(SecondStage::levels);
    let least = levels.iter().map(|levels| *levels.start()).min().unwrap_or(0);
    let most = levels.iter().map(|levels| *levels.end()).max().unwrap_or(0);
    let words = [NONE].into_iter().chain(SecondStage::ALL.map(SecondStage::name));
    vec![
        Parameter::choice(SECOND, words, "a general compressor behind the codec").default(match default {
            Some(stage) => stage.name(),
            None => NONE,
        }),
        Parameter::integer(
            level_of(codec),
            least.into()..=most.into(),
            "how hard that compressor tries; each has a range of its own",
        )
        .unset("its own"),
    ]
}

/// The second stage that values name, and its level.
///
/// # Errors
/// [`Error::Conflict`] for a level without a stage, [`Error::OutOfRange`] for a level that the stage does not have.
pub(super) fn stage(codec: &dyn Codec, values: &Values) -> Result<Option<(SecondStage, Option<u32>)>> {
    let Some(word) = values.maybe_word(SECOND) else { return Ok(None) };
    let (name, level_name) = (codec.info().name, level_of(codec));
    let level = values.maybe_integer(level_name).map(|level| level as u32);
    let Some(stage) = SecondStage::ALL.into_iter().find(|stage| stage.name() == word) else {
        return match level {
            None => Ok(None),
            Some(_) => Err(Error::Conflict(format!(
                "{name}: {level_name} is for a second stage, and none is named: {SECOND}=xz and the like"
            ))),
        };
    };
    let level = level.map(|level| stage.checked(level, format!("{name} {level_name}"))).transpose()?;
    Ok(Some((stage, level)))
}
