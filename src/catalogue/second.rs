//! The second stage: parameters that every codec has which a general compressor may follow.

use crate::codec::{Info, Parameter, Values};
use crate::error::{Error, Result};
use crate::second_stage::SecondStage;

/// The parameter that names the general compressor behind a codec.
pub const SECOND: &str = "second";
/// Its level, and the word for none.
const LEVEL: &str = "level";
pub(super) const NONE: &str = "none";

/// The parameters that such a codec has besides its own.
pub(super) fn parameters(info: &Info) -> Vec<Parameter> {
    let Some(default) = info.second_stage else { return Vec::new() };
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
            LEVEL,
            least.into()..=most.into(),
            "how hard that compressor tries; each has a range of its own",
        )
        .unset("its own"),
    ]
}

/// The second stage of a setting, and its level.
pub(super) fn stage(values: &Values) -> Option<(SecondStage, Option<u32>)> {
    let name = values.maybe_word(SECOND)?;
    let stage = SecondStage::ALL.into_iter().find(|stage| stage.name() == name)?;
    Some((stage, values.maybe_integer(LEVEL).map(|level| level as u32)))
}

/// Refuses a level of another method or of none.
pub(super) fn check(codec: &str, values: &Values) -> Result<()> {
    if values.maybe_word(SECOND).is_none() {
        return Ok(());
    }
    let Some(level) = values.maybe_integer(LEVEL) else { return Ok(()) };
    let Some((stage, _)) = stage(values) else {
        let message = format!("{codec}: {LEVEL} is for a second stage, and none is named: {SECOND}=xz and the like");
        return Err(Error::Unsupported(message));
    };
    let levels = stage.levels();
    if !levels.contains(&(level as u32)) {
        let (least, most) = (levels.start(), levels.end());
        return Err(Error::Unsupported(format!("{codec} {LEVEL}={level}: expected {least} to {most} for {stage}")));
    }
    Ok(())
}
