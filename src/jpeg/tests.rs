//! Whole files: golden ones, and what damage makes of them.

use super::*;
use crate::limits::Limits;

/// A file of tests/golden/photos, and its samples by Pillow.
macro_rules! golden {
    ($($name:literal),*) => {
        [$((
            $name,
            include_bytes!(concat!("../../tests/golden/photos/", $name, ".jpg")).as_slice(),
            include_bytes!(concat!("../../tests/golden/photos/", $name, ".raw")).as_slice(),
        )),*]
    };
}

const FILES: [(&str, &[u8], &[u8]); 15] = golden![
    "420",
    "422",
    "440",
    "411",
    "chroma_above_luma",
    "scan_a_component",
    "progressive",
    "progressive_restarts",
    "restarts",
    "grey",
    "one_pixel",
    "adobe_rgb",
    "cmyk",
    "ycck",
    "height_behind_scan"
];

fn golden(name: &str) -> &'static [u8] {
    FILES.iter().find(|file| file.0 == name).unwrap().1
}

fn read(bytes: &[u8]) -> Result<Decoded> {
    decode(bytes, &Options::default(), &mut Limits::new().bytes(1 << 20).budget())
}

fn read_part(bytes: &[u8]) -> Result<Decoded> {
    decode(bytes, &Options { partial: true, ..Options::default() }, &mut Limits::new().bytes(1 << 20).budget())
}

/// Where a marker's code is.
fn find(bytes: &[u8], marker: u8) -> usize {
    1 + bytes.windows(2).position(|pair| pair == [0xFF, marker]).unwrap()
}

fn message(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn golden_files_are_read_as_by_pillow() {
    for (name, bytes, samples) in FILES {
        let mut budget = Limits::new().budget();
        let before = budget.left();
        let decoded = decode(bytes, &Options::default(), &mut budget).unwrap();
        assert_eq!(decoded.samples, samples, "{name}");
        assert_eq!(decoded.missing_percent, None, "{name}");
        assert_eq!(before - budget.left(), samples.len() as u64, "{name}");
        let header = header(bytes).unwrap();
        assert_eq!((header.height, header.width), (decoded.height, decoded.width), "{name}");
    }
}

#[test]
fn profiles_and_exif_are_handed_on() {
    let bytes = golden("restarts");
    let whole = header(bytes).unwrap();
    assert_eq!(&whole.icc.as_ref().unwrap()[36..40], b"acsp");
    assert_eq!(whole.exif.unwrap()[..2], *b"MM");
    assert!(!whole.icc_broken);
    // The one chunk says that there are two.
    let mut broken = bytes.to_vec();
    broken[find(bytes, code::APP2) + 16] = 2;
    let broken = header(&broken).unwrap();
    assert!(broken.icc.is_none() && broken.icc_broken);
    // In two chunks, the second first.
    let (start, icc) = (find(bytes, code::APP2) - 1, whole.icc.unwrap());
    let chunk = |number: u8, bytes: &[u8]| {
        let length = (bytes.len() as u16 + 16).to_be_bytes();
        [&[0xFF, code::APP2], &length[..], b"ICC_PROFILE\0", &[number, 2], bytes].concat()
    };
    let behind = &bytes[start + 18 + icc.len()..];
    let parts = [&bytes[..start], &chunk(2, &icc[100..]), &chunk(1, &icc[..100]), behind].concat();
    assert_eq!(header(&parts).unwrap().icc, Some(icc));
    assert!(read(&parts).is_ok());
}

#[test]
fn transforms_can_be_left_out_and_forced() {
    let with = |bytes: &[u8], transform| {
        let options = Options { transform, ..Options::default() };
        decode(bytes, &options, &mut Limits::new().budget()).unwrap().samples
    };
    let (rgb, color) = (golden("adobe_rgb"), golden("422"));
    assert_eq!(with(rgb, Transform::None), with(rgb, Transform::Auto));
    assert_ne!(with(rgb, Transform::YCbCr), with(rgb, Transform::Auto));
    assert_eq!(with(color, Transform::YCbCr), with(color, Transform::Auto));
    assert_ne!(with(color, Transform::None), with(color, Transform::Auto));
    let inverted: Vec<u8> = with(golden("cmyk"), Transform::None).iter().map(|sample| 255 - sample).collect();
    assert_eq!(inverted, with(golden("cmyk"), Transform::Auto));
}

#[test]
fn tables_may_come_from_a_stream_of_their_own() {
    let bytes = golden("grey");
    let frame = find(bytes, code::SOF0) - 1;
    let (tables, scan) = (find(bytes, code::DHT) - 1, find(bytes, code::SOS) - 1);
    let own = [&bytes[..frame], &bytes[tables..scan], &[0xFF, code::EOI]].concat();
    let rest = [&[0xFF, code::SOI], &bytes[frame..tables], &bytes[scan..]].concat();
    let options = Options { tables: Some(&own), ..Options::default() };
    let decoded = decode(&rest, &options, &mut Limits::new().budget()).unwrap();
    assert_eq!(decoded.samples, read(bytes).unwrap().samples);
    assert!(message(&rest).contains("table that is not there"), "{}", message(&rest));
    let options = Options { tables: Some(bytes), ..Options::default() };
    assert!(decode(&rest, &options, &mut Limits::new().budget()).is_err());
}

#[test]
fn kinds_that_are_not_read_are_named() {
    let bytes = golden("420");
    let with = |offset: usize, value: u8| {
        let mut changed = bytes.to_vec();
        changed[find(bytes, code::SOF0) + offset] = value;
        assert_eq!(header(&changed).unwrap_err().to_string(), message(&changed));
        message(&changed)
    };
    let behind = "JPEG is not supported: save it as baseline or progressive";
    assert_eq!(with(0, 0xC9), format!("arithmetic-coded {behind}"));
    assert_eq!(with(0, 0xCA), format!("arithmetic-coded {behind}"));
    assert_eq!(with(0, 0xC3), format!("lossless {behind}"));
    assert_eq!(with(0, 0xC5), format!("hierarchical {behind}"));
    assert_eq!(with(3, 12), "12-bit JPEG is not supported: save it with 8 bits a sample");
    assert_eq!(with(8, 2), "JPEG with 2 components is not supported: save it as grey, colour or CMYK");
}

#[test]
fn a_file_that_is_cut_off_says_so_and_gives_what_is_there() {
    for (name, bytes, samples) in FILES {
        let scan = find(bytes, code::SOS);
        let mut before = 100;
        for length in (0..bytes.len()).step_by(if bytes.len() > 2_000 { 7 } else { 1 }) {
            let (strict, partial) = (read(&bytes[..length]), read_part(&bytes[..length]));
            match (strict, partial) {
                // Perhaps only the end's marker is missing, or bits that fill up the last byte.
                (Ok(strict), Ok(partial)) => {
                    assert_eq!((strict.missing_percent, partial.missing_percent), (None, None));
                    assert_eq!(strict.samples, samples, "{name} of {length} bytes");
                    assert!(length + 3 >= bytes.len() || name == "height_behind_scan", "{name} of {length} bytes");
                }
                (Err(error), Ok(partial)) => {
                    assert!(length > scan);
                    let percent = partial.missing_percent.unwrap();
                    assert!((1..100).contains(&percent));
                    // More bytes, less that is missing, except that another scan may turn out to be due.
                    assert!(
                        percent <= before || name.starts_with("progressive"),
                        "{name}: {percent} % of {length} bytes"
                    );
                    before = percent;
                    let error = error.to_string();
                    assert!(error.starts_with("not a valid JPEG file: "), "{error}");
                }
                (Err(_), Err(_)) => {}
                (Ok(_), Err(error)) => panic!("{name} of {length} bytes: {error}"),
            }
        }
    }
    let bytes = golden("420");
    let half = &bytes[..bytes.len() - 60];
    let message = message(half);
    let percent = read_part(half).unwrap().missing_percent.unwrap();
    assert!(
        message.contains(&format!("its picture data ends early: {percent} % of it is missing (at byte ")),
        "{message}"
    );
}

#[test]
fn changed_bytes_never_do_worse_than_an_error() {
    for (name, bytes, _) in FILES {
        let mut changed = bytes.to_vec();
        for at in (2..bytes.len()).step_by(if bytes.len() > 2_000 { 5 } else { 1 }) {
            for value in [0, 0xFF, bytes[at] ^ 1, bytes[at] ^ 0x80, bytes[at].wrapping_add(0x11)] {
                changed[at] = value;
                let _ = header(&changed);
                let (strict, partial) = (read(&changed), read_part(&changed));
                match (strict, partial) {
                    (Ok(strict), partial) => {
                        assert_eq!(strict.samples, partial.unwrap().samples, "{name}, byte {at} as {value}");
                    }
                    (Err(_), Ok(partial)) => assert!(partial.missing_percent.is_some(), "{name}, byte {at} as {value}"),
                    (Err(_), Err(_)) => {}
                }
            }
            changed[at] = bytes[at];
        }
    }
}

#[test]
fn restart_markers_are_found_again() {
    let bytes = golden("restarts");
    let second = find(bytes, code::RST0 + 1);
    let third = find(bytes, code::RST0 + 2);
    // An interval that is not there, one whose marker is not there, and one whose marker is there twice.
    let without = [&bytes[..second - 1], &bytes[third - 1..]].concat();
    let unmarked = [&bytes[..second - 1], &bytes[second + 1..]].concat();
    let twice = [&bytes[..second + 1], &bytes[second - 1..]].concat();
    for damaged in [&without, &unmarked, &twice] {
        assert!(message(damaged).contains("% of it is missing"), "{}", message(damaged));
        let part = read_part(damaged).unwrap();
        assert!(part.missing_percent.unwrap() <= 50);
        // What comes behind is in its place again.
        assert_eq!(part.samples[part.samples.len() - 3..], read(bytes).unwrap().samples[part.samples.len() - 3..]);
    }
}

#[test]
fn many_scans_and_little_memory_are_refused() {
    let bytes = golden("grey");
    let error = decode(bytes, &Options::default(), &mut Limits::new().bytes(1_000).budget()).unwrap_err();
    assert!(matches!(error, Error::TooLarge { what: "bytes", .. }));
    // Each coefficient of a progressive file in scans of its own, one a bit, and again.
    let table = [0xFF, code::DHT, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut file = [&bytes[..find(bytes, code::SOF0)], &[code::SOF2], &bytes[find(bytes, code::SOF0) + 1..]].concat();
    file.truncate(find(bytes, code::SOS) - 1);
    file.extend(table);
    for coefficient in 1..64 {
        for bit in (0..=9).rev() {
            let before = if bit == 9 { 0 } else { bit + 1 };
            let data = [0x55; 2];
            file.extend([0xFF, code::SOS, 0, 8, 1, 1, 0, coefficient, coefficient, before << 4 | bit]);
            file.extend(data);
        }
    }
    assert_eq!(message(&file), "JPEG with hundreds of scans is not supported: save it as baseline");
}
