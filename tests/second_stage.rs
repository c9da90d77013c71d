//! The general-purpose compressors: files by other writers, all levels, limits and damage.

mod common;

use common::golden;
use cortado::second_stage::SecondStage;
use cortado::{Error, Limits};

fn raw() -> Vec<u8> {
    golden("labels/nuclei_u16.v1.cpso")
}

#[test]
fn files_of_other_writers() {
    for method in SecondStage::ALL {
        let theirs = golden(&format!("second_stage/nuclei_u16.v1.cpso.{}", method.extension()));
        assert!(method.decode(&theirs, &Limits::new()).unwrap() == raw(), "{method}");
        assert_eq!(SecondStage::from_extension(method.extension()), Some(method));
    }
    assert_eq!(SecondStage::from_extension("rar"), None);
}

#[test]
fn every_level_comes_back() {
    for method in SecondStage::ALL {
        for level in method.levels() {
            for bytes in [raw(), Vec::new(), vec![7; 5000]] {
                let small = method.encode(&bytes, Some(level)).unwrap();
                assert!(method.decode(&small, &Limits::new()).unwrap() == bytes, "{method} {level}");
            }
        }
        let out_of_range = method.encode(b"", Some(method.levels().end() + 1));
        assert!(matches!(out_of_range, Err(Error::OutOfRange { .. })));
        assert!(method.encode(&raw(), None).unwrap().len() < raw().len(), "{method}");
    }
}

#[test]
fn bombs_meet_the_limit() {
    let zeros = vec![0; 1 << 20];
    for method in SecondStage::ALL {
        let small = method.encode(&zeros, None).unwrap();
        // Enough for the decoders' own windows, where they count them.
        let few = Limits::new().bytes(1 << 19);
        assert!(method.decode(&small, &few).is_err(), "{method}");
        assert!(method.decode(&small, &Limits::new().bytes(1 << 27)).unwrap() == zeros, "{method}");
    }
}

#[test]
fn damage_is_an_error_or_other_bytes() {
    for method in SecondStage::ALL {
        let good = method.encode(&raw(), None).unwrap();
        for len in (0..good.len()).step_by(97) {
            assert!(method.decode(&good[..len], &Limits::new()).is_err(), "{method}: {len} of {} bytes", good.len());
        }
        for at in (0..good.len()).step_by(31) {
            let mut bytes = good.clone();
            bytes[at] ^= 0x20;
            let _ = method.decode(&bytes, &Limits::new());
        }
        let error = method.decode(b"no such format", &Limits::new()).unwrap_err().to_string();
        assert!(error.starts_with("not a valid ") && error.lines().count() == 1, "{method}: {error}");
    }
}
