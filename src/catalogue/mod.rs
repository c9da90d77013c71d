//! All codecs, by their names, their files' names and their first bytes; and settings of them.
//!
//! | to | call |
//! |---|---|
//! | name a codec and its parameters | [`Setting`], `"laff quality=75".parse()` |
//! | name many | [`Grid`], `"palette colors=16..256"` |
//! | find what a file is coded with | [`of_path`], [`of_bytes`] |
//! | list codecs and parameters | [`codecs`], [`parameters`], [`table`] |
//! | add one | [`register`] |

mod grid;
mod second;
mod setting;

pub use grid::Grid;
pub use second::SECOND;
pub use setting::Setting;

use crate::codec::{Codec, Parameter, expected_one_of};
use crate::error::{Error, Result};
use crate::second_stage::SecondStage;
use crate::table::Table;
use crate::{codec, compresso, laff, neuroglancer, palette, ristretto, svd};
use std::path::Path;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

/// The library's own codecs, and those that were added. Of two whose files have one extension the first writes them.
static CODECS: LazyLock<RwLock<Vec<Arc<dyn Codec>>>> = LazyLock::new(|| {
    RwLock::new(vec![
        Arc::new(palette::PaletteCodec),
        Arc::new(laff::LaffCodec),
        Arc::new(svd::SvdCodec),
        Arc::new(svd::FemtoCodec),
        Arc::new(codec::PngCodec),
        Arc::new(codec::JpegCodec),
        Arc::new(compresso::CompressoCodec),
        Arc::new(ristretto::RistrettoCodec),
        Arc::new(neuroglancer::NeuroglancerCodec),
        Arc::new(codec::RawCodec),
    ])
});

/// Adds a codec: settings, sweeps, the recognition of files and, in a program that has it, the command line know it
/// from then on.
///
/// # Errors
/// [`Error::Unsupported`] when there is one of its name, when it has no form, or when two of its parameters have one
/// name.
pub fn register(codec: impl Codec + 'static) -> Result<()> {
    let info = codec.info();
    let refuse = |why: String| Err(Error::Unsupported(format!("the codec {}: {why}", info.name)));
    if info.forms.is_empty() {
        return refuse("its files have no extension".into());
    }
    let names: Vec<_> = parameters(&codec).iter().map(|parameter| parameter.name).collect();
    if let Some(twice) = (1..names.len()).find(|&at| names[..at].contains(&names[at])) {
        return refuse(format!("two parameters are called {}", names[twice]));
    }
    let mut codecs = CODECS.write().unwrap_or_else(PoisonError::into_inner);
    if codecs.iter().any(|known| known.info().name == info.name) {
        return refuse("there is one of this name".into());
    }
    codecs.push(Arc::new(codec));
    Ok(())
}

/// All codecs, in the order in which they are told.
pub fn codecs() -> Vec<Arc<dyn Codec>> {
    CODECS.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The codec of a name.
///
/// # Errors
/// [`Error::Unsupported`] when there is none; the error names all.
pub fn of_name(name: &str) -> Result<Arc<dyn Codec>> {
    let codecs = codecs();
    let found = codecs.iter().find(|codec| codec.info().name == name);
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = codecs.iter().map(|codec| codec.info().name).collect();
        Error::Unsupported(format!("there is no codec {name:?}: {}", expected_one_of(&names)))
    })
}

/// What may be set when a codec makes a file: its own parameters, and those of a second stage where it may have one.
pub fn parameters(codec: &dyn Codec) -> Vec<Parameter> {
    let mut parameters = codec.parameters();
    parameters.extend(second::parameters(codec));
    parameters
}

/// A setting that makes files of a name such as `brain.cpso.xz`, or of an extension alone, with all that the name does
/// not tell at its default; `None` when no codec's files are called so.
pub fn of_path(path: impl AsRef<Path>) -> Option<Setting> {
    let name = path.as_ref().file_name()?.to_string_lossy().to_ascii_lowercase();
    let ends =
        |extension: &str| name.strip_suffix(extension).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let mut best: Option<(usize, Setting)> = None;
    for codec in codecs() {
        let info = codec.info();
        let stages = match info.second_stage {
            Some(_) => [None].into_iter().chain(SecondStage::ALL.map(Some)).collect(),
            None => vec![None],
        };
        for (form, stage) in info.forms.iter().flat_map(|form| stages.iter().map(move |stage| (form, *stage))) {
            let extension = match stage {
                Some(stage) => format!("{}.{}", form.extension, stage.extension()),
                None => form.extension.to_owned(),
            };
            // Of several the one that tells more.
            if ends(&extension) && best.as_ref().is_none_or(|(len, _)| extension.len() > *len) {
                best = Some((extension.len(), of_form(&codec, form.sets, stage).ok()?));
            }
        }
    }
    best.map(|(_, setting)| setting)
}

/// A setting by which a file that begins with these bytes is read, through a second stage where there is one; `None`
/// when no codec's files begin so. Brotli, LZMA and LZW have no first bytes of their own.
pub fn of_bytes(bytes: &[u8]) -> Option<Setting> {
    // More than any first bytes.
    const MAGIC: usize = 16;
    let stage = SecondStage::from_magic(bytes);
    let inside = stage.map(|stage| stage.first_bytes(bytes, MAGIC));
    let first = inside.as_deref().unwrap_or(bytes);
    codecs().iter().find_map(|codec| {
        let info = codec.info();
        let fits = (stage.is_none() || info.second_stage.is_some())
            && info.magics.iter().any(|magic| first.starts_with(magic));
        if fits { of_form(codec, &[], stage).ok() } else { None }
    })
}

fn of_form(codec: &Arc<dyn Codec>, sets: &[(&str, &str)], stage: Option<SecondStage>) -> Result<Setting> {
    let second = codec.info().second_stage.map(|_| (second::SECOND, stage.map_or(second::NONE, SecondStage::name)));
    Setting::of(codec.clone(), sets.iter().copied().chain(second))
}

/// The codecs as a table: what each takes, what it is, and its parameters, which are called as the setters of its
/// options are. `raw` with a `second` stage is what any compressor does.
pub fn table() -> Table {
    let mut table = Table::new(["codec", "takes", "what", "parameters"]);
    for codec in codecs() {
        let info = codec.info();
        let names: Vec<_> = parameters(&*codec).iter().map(|parameter| parameter.name).collect();
        table.push([info.name.into(), info.takes.to_string().into(), info.about.into(), names.join(" ").into()]);
    }
    table
}

/// Every parameter of every codec as a table: codec, parameter, values allowed, default, unit and what it does.
pub fn parameters_table() -> Table {
    let mut table = Table::new(["codec", "parameter", "values", "default", "what"]);
    for codec in codecs() {
        for parameter in parameters(&*codec) {
            let unit = if parameter.unit.is_empty() { String::new() } else { format!(" {}", parameter.unit) };
            table.push([
                codec.info().name.into(),
                parameter.name.into(),
                format!("{}{unit}", parameter.kind.expected()).into(),
                parameter.default_text().into(),
                parameter.about.into(),
            ]);
        }
    }
    table
}
