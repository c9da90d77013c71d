//! The codecs' parameters as options, from what the catalogue says of them.

use crate::Usage;
use anyhow::Result;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use cortado::catalogue::{self, Setting};
use cortado::codec::{Codec, Info, Kind, Parameter, Values};
use std::sync::Arc;

/// The options with which files are made, as far as they were given.
pub(crate) struct Compressing {
    given: Vec<Given>,
}

/// The options with which files are read, as far as they were given.
pub(crate) struct Reading {
    given: Vec<Given>,
}

/// One option that was given.
struct Given {
    /// As the command line has it.
    option: String,
    parameter: &'static str,
    value: String,
}

/// A parameter and the codecs that have it.
struct Offer {
    /// The option's name, without the dashes before it.
    option: String,
    parameter: Parameter,
    /// Names, and what each says of the parameter.
    codecs: Vec<(Info, Parameter)>,
}

/// The options that the commands have besides: a parameter of one of these names gets its codec's name before it.
const TAKEN: [&str; 9] = ["output", "force", "json", "threads", "max-bytes", "to", "from", "codec", "help"];
/// Those of `compress` alone.
const TAKEN_BY_COMPRESS: [&str; 3] = ["partial", "array", "cast"];

fn compressing() -> Vec<Offer> {
    offers(&TAKEN_BY_COMPRESS, settable)
}

/// What may be set of a codec's file besides what its name tells.
fn settable(codec: &dyn Codec) -> Vec<Parameter> {
    let told = told_by_name(&codec.info());
    let mut parameters = catalogue::parameters(codec);
    parameters.retain(|parameter| !told.contains(&parameter.name));
    parameters
}

fn reading() -> Vec<Offer> {
    offers(&[], |codec| codec.reading_parameters())
}

/// The parameters that the name of a file tells.
fn told_by_name(info: &Info) -> Vec<&'static str> {
    let sets = info.forms.iter().flat_map(|form| form.sets).map(|(name, _)| *name);
    sets.chain(info.second_stage.map(|_| catalogue::SECOND)).collect()
}

/// Parameters of one name are one option.
fn offers(taken: &[&str], of: impl Fn(&dyn Codec) -> Vec<Parameter>) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for codec in catalogue::codecs() {
        for parameter in of(&*codec) {
            match offers.iter_mut().find(|offer| offer.parameter.name == parameter.name) {
                Some(offer) => offer.codecs.push((codec.info(), parameter)),
                None => {
                    let option = option(&codec.info(), &parameter, taken);
                    offers.push(Offer { option, codecs: vec![(codec.info(), parameter.clone())], parameter });
                }
            }
        }
    }
    offers
}

/// A parameter's option; a flag that is on unless told otherwise is turned off.
fn option(info: &Info, parameter: &Parameter, taken: &[&str]) -> String {
    let name = parameter.name.replace('_', "-");
    match &*name {
        _ if is_on(parameter) => format!("no-{name}"),
        word if TAKEN.contains(&word) || taken.contains(&word) => format!("{}-{name}", info.name),
        _ => name,
    }
}

/// Whether it is a flag that is on unless told otherwise.
fn is_on(parameter: &Parameter) -> bool {
    parameter.kind == Kind::Flag && parameter.default == Some(true.into())
}

impl Offer {
    fn heading(&self) -> String {
        let (info, _) = &self.codecs[0];
        format!("Options of {} ({}): {}", info.name, dotted(info).join(", "), info.about)
    }

    fn help(&self) -> String {
        let several = self.codecs.len() > 1;
        let one = |(info, parameter): &(Info, Parameter)| {
            let name = if several { format!("{}: ", info.name) } else { String::new() };
            format!("{name}{}", help(parameter))
        };
        self.codecs.iter().map(one).collect::<Vec<_>>().join("; ")
    }

    fn args(&self) -> Vec<Arg> {
        let option = self.option.clone();
        let base = Arg::new(option.clone()).help(self.help()).help_heading(self.heading());
        let arg = match &self.parameter.kind {
            Kind::Flag => base.long(option).action(ArgAction::SetTrue),
            kind => {
                let action = if *kind == Kind::Colors { ArgAction::Append } else { ArgAction::Set };
                base.long(option).action(action).value_name(kind.placeholder()).allow_negative_numbers(true)
            }
        };
        let mut args = vec![arg];
        for (_, parameter) in &self.codecs {
            for (alias, value) in &parameter.aliases {
                match value {
                    None => args[0] = args[0].clone().visible_alias(*alias),
                    Some(value) => args.push(
                        Arg::new(*alias)
                            .long(*alias)
                            .action(ArgAction::SetTrue)
                            .help(format!("Short for --{} {value}", self.option))
                            .help_heading(self.heading()),
                    ),
                }
            }
        }
        args
    }

    /// What was given of it.
    fn given(&self, matches: &ArgMatches) -> Vec<Given> {
        let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let (option, parameter) = (self.option.clone(), self.parameter.name);
        let mut given = Vec::new();
        if is_given(&option) {
            let value = match self.parameter.kind {
                Kind::Flag => (!is_on(&self.parameter)).to_string(),
                _ => matches.get_many::<String>(&option).into_iter().flatten().cloned().collect::<Vec<_>>().join(","),
            };
            given.push(Given { option, parameter, value });
        }
        for (alias, value) in self.codecs.iter().flat_map(|(_, parameter)| &parameter.aliases) {
            if let Some(value) = value
                && is_given(alias)
            {
                given.push(Given { option: (*alias).into(), parameter, value: (*value).into() });
            }
        }
        given
    }
}

/// What a parameter does, the values allowed and the default.
fn help(parameter: &Parameter) -> String {
    let unit = if parameter.unit.is_empty() { String::new() } else { format!(", in {}", parameter.unit) };
    let values = match &parameter.kind {
        Kind::Flag | Kind::Integers(..) | Kind::Colors | Kind::Range => String::new(),
        kind => format!(": {}", kind.expected()),
    };
    let default = match parameter.default_text() {
        text if text.is_empty() || parameter.kind == Kind::Flag => String::new(),
        text => format!(" [default: {text}]"),
    };
    let about = if is_on(parameter) { format!("leave out {}", parameter.about) } else { parameter.about.to_owned() };
    format!("{about}{values}{unit}{default}")
}

fn augment(command: Command, offers: Vec<Offer>) -> Command {
    let mut offers = offers;
    // What stands under one heading stands together.
    offers.sort_by_key(|offer| catalogue_place(offer.codecs[0].0.name));
    command.args(offers.iter().flat_map(Offer::args))
}

fn catalogue_place(name: &str) -> usize {
    catalogue::codecs().iter().position(|codec| codec.info().name == name).unwrap_or(usize::MAX)
}

fn given(matches: &ArgMatches, offers: &[Offer]) -> Vec<Given> {
    offers.iter().flat_map(|offer| offer.given(matches)).collect()
}

/// Refuses an option of other codecs: nothing that was said is ignored.
fn check(given: &[Given], offers: &[Offer], codec: &str, known: &[Parameter]) -> Result<()> {
    for Given { option, parameter, .. } in given {
        if known.iter().all(|known| known.name != *parameter) {
            let offer = offers.iter().find(|offer| offer.parameter.name == *parameter);
            let names = offer.map_or(Vec::new(), |offer| offer.codecs.iter().map(|(info, _)| info.name).collect());
            return Err(Usage(format!("--{option} is for {}, not for {codec}", names.join(" and "))).into());
        }
    }
    Ok(())
}

impl Compressing {
    /// A setting with what was given.
    pub(crate) fn apply(&self, setting: Setting) -> Result<Setting> {
        check(&self.given, &compressing(), setting.codec(), &settable(setting.as_codec()))?;
        let given: Vec<_> = self.given.iter().map(|given| (given.parameter, given.value.as_str())).collect();
        setting.with(&given).map_err(|error| Usage(error.to_string()).into())
    }
}

impl Reading {
    /// The values that were given, for a codec.
    pub(crate) fn values(&self, codec: &dyn Codec) -> Result<Values> {
        let (name, known) = (codec.info().name, codec.reading_parameters());
        check(&self.given, &reading(), name, &known)?;
        let given = self.given.iter().map(|given| (given.parameter, given.value.as_str()));
        Values::parse(name, &known, given).map_err(|error| Usage(error.to_string()).into())
    }
}

macro_rules! from_offers {
    ($options:ident, $offers:path) => {
        impl Args for $options {
            fn augment_args(command: Command) -> Command {
                augment(command, $offers())
            }

            fn augment_args_for_update(command: Command) -> Command {
                augment(command, $offers())
            }
        }

        impl FromArgMatches for $options {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                Ok(Self { given: given(matches, &$offers()) })
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                self.given = given(matches, &$offers());
                Ok(())
            }
        }
    };
}

from_offers!(Compressing, compressing);
from_offers!(Reading, reading);

/// The extensions of a codec's files, each with a dot before it.
fn dotted(info: &Info) -> Vec<String> {
    info.forms.iter().map(|form| format!(".{}", form.extension)).collect()
}

/// The extensions of all codecs' files, for errors: `.png, .gif (palette), .laff, .laff.txt (laff) ...`
pub(crate) fn extensions() -> String {
    let one = |codec: Arc<dyn Codec>| {
        let info = codec.info();
        let mut names = dotted(&info);
        if info.second_stage.is_some() {
            names.push(format!(".{}.xz and the like", info.forms[0].extension));
        }
        format!("{} ({})", names.join(", "), info.name)
    };
    catalogue::codecs().into_iter().map(one).collect::<Vec<_>>().join(", ")
}
