//! A codec of one's own: registered, and nothing else. Commands, help, errors, first bytes and the checks that hold for
//! every codec know it.

#[path = "../../tests/common/codecs.rs"]
mod codecs;

use cortado::codec::{Codec, Data, Decoded, Form, Given, Info, Parameter, Reading, Takes, Values};
use cortado::{AnyVolume, Error, Photo, Result, Setting, Volume, catalogue};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// Run lengths of labels: shape, then each run's length and label.
struct Runs;

impl Codec for Runs {
    fn info(&self) -> Info {
        Info::new("runs", "run lengths of labels", Takes::Volumes)
            .form(Form::new("runs"))
            .magic(b"runs")
            .second_stage(None)
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::integer("longest", 1..=65_535, "the longest run").default(65_535)]
    }

    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
        let volume = given.volume()?;
        let wide = volume.to_labels::<u64>()?;
        let mut file = b"runs".to_vec();
        file.push(volume.label_type().bytes() as u8);
        volume.shape().iter().for_each(|&side| file.extend((side as u32).to_le_bytes()));
        let mut rest = wide.labels();
        while let Some(&label) = rest.first() {
            let most = values.integer("longest") as usize;
            let run = rest.iter().take(most).take_while(|&&other| other == label).count();
            file.extend((run as u16).to_le_bytes());
            file.extend(label.to_le_bytes());
            rest = &rest[run..];
        }
        Ok(file)
    }

    fn decode(&self, bytes: &[u8], _: &Values, reading: &Reading) -> Result<Decoded> {
        let wrong = |message: &str| Error::Unsupported(format!("not a valid file of runs: {message}"));
        let head = bytes.get(4..17).ok_or_else(|| wrong("it ends early"))?;
        let side = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
        let shape = [side(1), side(5), side(9)];
        let voxels = shape.iter().try_fold(1u64, |product, &side| product.checked_mul(side as u64));
        let voxels = voxels.filter(|voxels| *voxels <= reading.limits.max_bytes() / 16);
        let voxels = voxels.ok_or_else(|| wrong("it is too large"))? as usize;
        let mut labels: Vec<u64> = Vec::new();
        for run in bytes[17..].chunks_exact(10) {
            let len = usize::from(u16::from_le_bytes([run[0], run[1]])).min(voxels - labels.len());
            labels.extend(std::iter::repeat_n(u64::from_le_bytes(run[2..].try_into().unwrap_or_default()), len));
        }
        let volume: AnyVolume = Volume::from_vec(shape, labels)?.into();
        match head[0] {
            1 => Ok(Data::from(volume.to_labels::<u8>()?).into()),
            2 => Ok(Data::from(volume.to_labels::<u16>()?).into()),
            4 => Ok(Data::from(volume.to_labels::<u32>()?).into()),
            _ => Ok(volume.into()),
        }
    }
}

fn run(arguments: &[&str]) -> bool {
    cortado_cli::main_of([&["cortado"], arguments].concat()) == ExitCode::SUCCESS
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_codec_of_ones_own_is_like_any_other() {
    catalogue::register(Runs).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [volume, runs, packed, back, table] =
        ["a.npy", "a.runs", "a.runs.zst", "b.npy", "rows.csv"].map(|name| path(folder.path(), name));
    let labels = AnyVolume::from(Volume::<u16>::from_vec([2, 3, 5], (0..30).map(|at| at / 7).collect()).unwrap());
    labels.save(&volume).unwrap();

    // Compressed, told by its name and by its first bytes, and back.
    assert!(run(&["compress", &volume, "-o", &runs, "--longest", "3"]));
    assert_eq!(fs::read(&runs).unwrap().len(), 17 + 10 * (3 * 4 + 1));
    assert!(run(&["compress", &volume, "-o", &packed]));
    assert!(run(&["info", &runs]) && run(&["info", &packed, "--json"]));
    fs::rename(&runs, path(folder.path(), "nameless")).unwrap();
    assert!(run(&["decompress", &path(folder.path(), "nameless"), "-o", &back]));
    assert_eq!(AnyVolume::open(&back).unwrap(), labels);
    assert!(run(&["sweep", &volume, "-s", "runs longest=1|9 second=none|gzip", "-o", &table]));
    let rows = cortado::Table::open(&table).unwrap();
    assert!(rows.len() == 4 && rows.records().all(|row| row.text("exact") == "yes"), "{rows}");

    // Its option is in the help and nobody else's; what it does not take is refused.
    let help = cortado_cli::command().find_subcommand_mut("compress").unwrap().render_long_help().to_string();
    assert!(help.contains("Options of runs (.runs): run lengths of labels") && help.contains("--longest"), "{help}");
    assert!(!run(&["compress", &volume, "-o", &path(folder.path(), "c.runs"), "--longest", "0"]));
    assert!(!run(&["compress", &volume, "-o", &path(folder.path(), "c.runs"), "--colors", "3"]));
    assert!(!run(&["compress", &volume, "-o", &path(folder.path(), "c.ristretto"), "--longest", "3"]));
    let unknown = "zip".parse::<Setting>().unwrap_err().to_string();
    assert!(unknown.contains("expected one of palette, ") && unknown.ends_with(", runs"), "{unknown}");
    let photo = Setting::new("runs", &[]).unwrap().encode(&Photo::from_grey(1, 1, vec![0]).unwrap().into());
    assert_eq!(photo.unwrap_err().to_string(), "the codec is for label volumes, and the input is a photo");

    // And what holds for all codecs holds for it.
    let codec = catalogue::of_name("runs").unwrap();
    codecs::round_trips(&codec);
    codecs::damage_is_met(&codec);
    codecs::ranges_hold(&codec);
}
