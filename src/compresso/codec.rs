//! What Compresso says of itself.

use super::{CompressoOptions, Connectivity, Steps, Stream};
use crate::codec::{Codec, Decoded, Description, Fact, Form, Given, Info, Parameter, Reading, Takes, Values};
use crate::error::Result;
use crate::limits::Limits;

/// Boundary maps of labels.
pub(crate) struct CompressoCodec;

impl CompressoCodec {
    fn options(values: &Values) -> Result<CompressoOptions> {
        let options = CompressoOptions::new().index(values.flag("index")).connectivity(values.word("connectivity")?);
        Ok(match values.integers::<3>("steps") {
            Some(steps) => {
                let [x, y, z] = steps.map(|step| step as u8);
                options.steps(Steps::new(x, y, z)?)
            }
            None => options,
        })
    }
}

impl Codec for CompressoCodec {
    fn info(&self) -> Info {
        Info::new("compresso", "boundary maps of labels", Takes::Volumes)
            .form(Form::new("cpso"))
            .magic(b"cpso")
            .second_stage(None)
    }

    fn parameters(&self) -> Vec<Parameter> {
        let default = CompressoOptions::new();
        vec![
            Parameter::integers("steps", 3, 1..=64, "X,Y,Z", "voxels of a window, at most 64 together")
                .unset("4,4,1, or 8,8,1 where that is better"),
            Parameter::choice(
                "connectivity",
                Connectivity::ALL.map(Connectivity::name),
                "compare and connect voxels with 4 neighbours (of the slice) or 6 (of the volume)",
            )
            .default(default.connectivity.name()),
            Parameter::flag("index", "an index of the slices, with which one is decoded without the others")
                .default(default.index),
        ]
    }

    fn reading_parameters(&self) -> Vec<Parameter> {
        vec![Parameter::range("z", "decode only these slices").unset("all")]
    }

    fn check(&self, values: &Values) -> Result<()> {
        Self::options(values).map(drop)
    }

    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
        super::encode(given.volume()?, &Self::options(values)?)
    }

    fn decode(&self, bytes: &[u8], _: &Values, reading: &Reading) -> Result<Decoded> {
        let volume = match reading.values.range("z") {
            Some(slices) => super::decode_slices(bytes, slices, &reading.limits)?,
            None => super::decode_with(bytes, &reading.limits)?,
        };
        Ok(volume.into())
    }

    fn describe(&self, bytes: &[u8], _: &Values, _: &Limits) -> Result<Description> {
        let stream = Stream::parse(bytes)?;
        let header = stream.header();
        let ([z, y, x], labels) = (header.shape, stream.labels()?.len());
        let what = format!(
            "compresso version {}, {z} x {y} x {x} {}, steps {}, connectivity {}, {labels} labels, {} components",
            header.version,
            header.label_type.name(),
            header.steps,
            header.connectivity,
            header.ids,
        );
        let sections = stream.sections();
        let section = |section: &super::Section| {
            Fact::Object(vec![
                ("name", section.name.into()),
                ("offset", section.bytes.start.into()),
                ("bytes", section.bytes.len().into()),
            ])
        };
        let line = |section: &super::Section| {
            let share = 100.0 * section.bytes.len() as f64 / bytes.len() as f64;
            let (name, len, start) = (section.name, section.bytes.len(), section.bytes.start);
            format!("{name:>14} {len:>12} bytes at {start:>12} ({share:.1} %)")
        };
        let steps = [header.steps.x(), header.steps.y(), header.steps.z()];
        let description = Description::of_volume(header.shape, header.label_type, what)
            .fact("version", u64::from(header.version))
            .fact("steps", steps.to_vec())
            .fact("connectivity", u64::from(header.connectivity.number()))
            .fact("labels", labels)
            .fact("components", header.ids)
            .fact("sections", sections.iter().map(section).collect::<Vec<_>>());
        Ok(Description { more: sections.iter().map(line).collect(), ..description })
    }
}
