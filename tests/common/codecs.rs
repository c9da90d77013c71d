//! What holds for every codec, whatever it is.

use cortado::catalogue;
use cortado::codec::{Codec, Data, Kind, Reading, Takes};
use cortado::{Limits, Photo, Setting, Volume};
use std::sync::Arc;

/// Numbers as random as a test needs them, the same in every run.
fn numbers(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 8
    }
}

/// Photos and label volumes of awkward shapes: one pixel, one row, primes, all equal, all distinct, the largest labels.
pub(crate) fn samples(takes: Takes) -> Vec<Data> {
    let mut next = numbers(7);
    let mut found: Vec<Data> = Vec::new();
    if takes != Takes::Volumes {
        for (height, width) in [(1, 1), (1, 13), (31, 1), (7, 11), (17, 19)] {
            let noise = (0..3 * height * width).map(|_| next() as u8).collect();
            let slope = (0..height * width).map(|pixel| (pixel * 5 % 256) as u8).collect();
            found.push(Photo::from_rgb(height, width, noise).unwrap().into());
            found.push(Photo::from_grey(height, width, slope).unwrap().into());
        }
        found.push(Photo::from_rgb(9, 9, vec![77; 243]).unwrap().into());
    }
    if takes != Takes::Photos {
        for shape in [[1, 1, 1], [1, 1, 13], [5, 1, 1], [3, 5, 7], [2, 17, 19]] {
            let voxels: usize = shape.iter().product();
            let blocks = (0..voxels).map(|voxel| (voxel / 4 % 5) as u32).collect();
            let distinct = (0..voxels as u64).map(|voxel| u64::MAX - voxel).collect();
            let narrow = (0..voxels).map(|_| next() as u8).collect();
            found.push(Volume::<u32>::from_vec(shape, blocks).unwrap().into());
            found.push(Volume::<u64>::from_vec(shape, distinct).unwrap().into());
            found.push(Volume::<u8>::from_vec(shape, narrow).unwrap().into());
        }
        found.push(Volume::<u16>::from_vec([4, 9, 9], vec![65_535; 324]).unwrap().into());
    }
    found
}

fn shape(data: &Data) -> Vec<usize> {
    match data {
        Data::Photo(photo) => vec![photo.height(), photo.width()],
        Data::Volume(volume) => volume.shape().to_vec(),
    }
}

/// A setting of a codec with all at its default.
fn plain(codec: &Arc<dyn Codec>) -> Setting {
    Setting::of(codec.clone(), []).unwrap()
}

/// Files hold what was put in, of the same shape and the same bytes on any number of threads, and are recognised.
pub(crate) fn round_trips(codec: &Arc<dyn Codec>) {
    let (info, setting) = (codec.info(), plain(codec));
    let of_name = catalogue::of_path(format!("a.{}", setting.extension())).unwrap();
    let names: Vec<_> = catalogue::codecs().iter().map(|codec| codec.info()).collect();
    let writes = names.iter().find(|other| other.forms.iter().any(|form| info.forms[0].extension == form.extension));
    assert_eq!(of_name.codec(), writes.unwrap().name, "of two codecs of one extension it is the first");
    for data in samples(info.takes) {
        let named = format!("{} of {:?}", info.name, shape(&data));
        let file = setting.encode(&data).unwrap_or_else(|error| panic!("{named}: {error}"));
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(
                pool.install(|| setting.encode(&data)).unwrap() == file,
                "{named}: other bytes on {threads} threads"
            );
        }
        let decoded = setting.decode(&file, &Reading::default().like(&data)).unwrap_or_else(|e| panic!("{named}: {e}"));
        assert_eq!(shape(&decoded), shape(&data), "{named}");
        if let (Data::Volume(_), Data::Volume(_)) = (&data, &decoded) {
            assert!(decoded == data, "{named}: other labels");
        }
        for magic in &info.magics {
            let first = setting.second_stage().is_none() && file.starts_with(magic);
            assert!(!first || catalogue::of_bytes(&file).is_some_and(|found| found.codec() == info.name), "{named}");
        }
        // What tells its shape can be described.
        if setting.decode(&file, &Reading::default()).is_ok() {
            let description = setting.describe(&file, &Limits::new()).unwrap();
            assert_eq!(description.elements, data.elements() as u64, "{named}");
        }
    }
}

/// Cut and changed files end in an error or in a value, and never in a panic; limits hold.
pub(crate) fn damage_is_met(codec: &Arc<dyn Codec>) {
    let (info, setting) = (codec.info(), plain(codec));
    let mut next = numbers(11);
    for data in samples(info.takes) {
        let file = setting.encode(&data).unwrap();
        let whole = setting.decode(&file, &Reading::default().like(&data)).unwrap();
        let read = |bytes: &[u8], limits: Limits| {
            let _ = setting.describe(bytes, &limits);
            setting.decode(bytes, &Reading::new(limits).like(&data))
        };
        for len in (0..file.len()).step_by(1 + file.len() / 40) {
            let _ = read(&file[..len], Limits::new().bytes(1 << 24));
        }
        for _ in 0..60 {
            let mut bytes = file.clone();
            let at = next() as usize % bytes.len();
            bytes[at] ^= 1 << (next() % 8);
            if let (Ok(found), true) = (read(&bytes, Limits::new().bytes(1 << 24)), setting.has_checksum()) {
                assert!(found == whole || info.writes_pictures, "{}: damage at byte {at} went unnoticed", info.name);
            }
        }
        let tight = read(&file, Limits::new().bytes(file.len() as u64 - 1));
        assert!(tight.is_err(), "{}: a limit below the file's length holds", info.name);
    }
}

/// Texts that are no value of a parameter.
pub(crate) fn wrong_values(kind: &Kind) -> Vec<String> {
    let beyond = |least: u64, most: u64| {
        let below = least.checked_sub(1).map(|number| number.to_string());
        let above = most.checked_add(1).map(|number| number.to_string());
        below.into_iter().chain(above).chain(["-1".into(), "1.5".into(), "99999999999999999999999".into()])
    };
    let mut texts: Vec<String> = match kind {
        Kind::Integer(range) => beyond(*range.start(), *range.end()).collect(),
        Kind::Number(range) => {
            let ends = [range.start() - 1.0, range.end() * 1.01 + 1.0];
            ends.into_iter().filter(|end| !range.contains(end)).map(|end| end.to_string()).collect()
        }
        Kind::Choice(_) => vec!["no such word".into()],
        Kind::Flag => vec!["yes".into(), "1".into()],
        Kind::Integers(count, range, _) => {
            let one = range.start().to_string();
            let short = vec![one.clone(); count - 1].join(",");
            let mut texts = vec![format!("{short},{one},{one}"), format!("{short},x")];
            texts.extend((*count > 1).then_some(short.clone()));
            texts.extend(beyond(*range.start(), *range.end()).map(|number| format!("{short},{number}")));
            texts
        }
        Kind::Colors => vec!["red".into(), "ff80".into(), "ff8000,".into()],
        Kind::Range => vec!["2..".into(), "..3".into(), "a".into()],
    };
    texts.extend(["".into(), "nan".into()]);
    texts
}

/// Every parameter's default is a value, and whatever is none is refused when the setting is made, with what is
/// allowed.
pub(crate) fn ranges_hold(codec: &Arc<dyn Codec>) {
    for parameter in catalogue::parameters(&**codec) {
        let named = format!("{} {}", codec.info().name, parameter.name);
        if let Some(default) = &parameter.default {
            let text = default.to_string();
            let setting = Setting::of(codec.clone(), [(parameter.name, text.as_str())]);
            let back = setting.unwrap_or_else(|error| panic!("{named}: {error}")).values().get(parameter.name).cloned();
            assert_eq!(back.as_ref(), Some(default), "{named}");
        } else {
            assert!(!parameter.unset.is_empty(), "{named}: nothing is said where it is not given");
            assert!(Setting::of(codec.clone(), [(parameter.name, parameter.unset)]).is_ok(), "{named}");
        }
        assert!(!parameter.about.is_empty() && !parameter.about.ends_with('.'), "{named}: {}", parameter.about);
        for text in wrong_values(&parameter.kind) {
            match Setting::of(codec.clone(), [(parameter.name, text.as_str())]) {
                Ok(setting) => panic!("{setting} was taken"),
                Err(error) => {
                    let line = error.to_string();
                    assert!(line.contains(&parameter.kind.expected()), "{named}={text}: {line}");
                }
            }
        }
    }
}
