//! The general-purpose compressors: files by other writers, all levels, limits and damage.

mod common;

use common::{cpso, golden};
use cortado::second_stage::SecondStage;
use cortado::{Error, Limits};

fn raw() -> Vec<u8> {
    cpso("nuclei_u16", "default")
}

#[test]
fn files_of_other_writers() {
    for method in SecondStage::ALL {
        let theirs = golden(&format!("second_stage/nuclei_u16.cpso.{}", method.extension()));
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

/// Short, so that every bit of what becomes of it can be damaged.
fn text() -> Vec<u8> {
    b"the labels of a volume, the labels of a volume again, and then some more of the labels".to_vec()
}

#[test]
fn a_flipped_bit_never_gives_other_bytes() {
    let without = SecondStage::ALL.into_iter().filter(|method| !method.has_checksum());
    assert_eq!(without.map(SecondStage::extension).collect::<Vec<_>>(), ["lzma", "br", "lzw"]);
    for method in SecondStage::ALL.into_iter().filter(|method| method.has_checksum()) {
        let check = |raw: &[u8], good: &[u8], bit: usize| {
            let mut bytes = good.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // Some bits say nothing of what is in the file: a time, or the number of a system.
            match method.decode(&bytes, &Limits::new()) {
                Ok(decoded) => assert!(decoded == raw, "{method}: bit {bit} of {}", 8 * good.len()),
                Err(error) => assert_eq!(error.to_string().lines().count(), 1),
            }
        };
        let raw = raw();
        let good = method.encode(&raw, None).unwrap();
        (0..250).for_each(|at| check(&raw, &good, at * 8 * good.len() / 250 + at % 8));
        for raw in [text(), vec![0; 70_000], Vec::new()] {
            let good = method.encode(&raw, None).unwrap();
            (0..8 * good.len()).for_each(|bit| check(&raw, &good, bit));
        }
    }
}

#[test]
fn what_is_cut_off_or_followed_by_something_is_refused() {
    for method in SecondStage::ALL {
        for raw in [text(), Vec::new()] {
            let good = method.encode(&raw, None).unwrap();
            for len in 0..good.len() {
                if method != SecondStage::Lzma && method != SecondStage::Lzw {
                    assert!(method.decode(&good[..len], &Limits::new()).is_err(), "{method}: {len} of {}", good.len());
                }
            }
        }
        let good = method.encode(&text(), None).unwrap();
        let decoded = |more: &[u8]| method.decode(&[&good, more].concat(), &Limits::new());
        match method {
            SecondStage::Lzma | SecondStage::Lzw => {}
            SecondStage::Brotli => assert!(decoded(b"x").is_err() && decoded(&good).is_err()),
            // Several files in one are the sum of them.
            _ => {
                assert!(decoded(b"x").is_err() && decoded(&[7; 5000]).is_err(), "{method}");
                assert_eq!(decoded(&good).unwrap(), [text(), text()].concat(), "{method}");
            }
        }
    }
}

#[test]
fn first_bytes() {
    for method in SecondStage::ALL {
        let bytes = method.encode(&text(), None).unwrap();
        let has_magic = !matches!(method, SecondStage::Lzma | SecondStage::Brotli | SecondStage::Lzw);
        assert_eq!(SecondStage::from_magic(&bytes), Some(method).filter(|_| has_magic));
    }
    assert_eq!(SecondStage::from_magic(b""), None);
    assert_eq!(SecondStage::from_magic(b"PK\x03\x04"), None);
}

#[test]
fn one_limit_is_one_memory() {
    let size = 3_000_000;
    let raw: Vec<u8> = (0..size).map(|at| (at / 1000) as u8).collect();
    for method in SecondStage::ALL {
        let small = method.encode(&raw, None).unwrap();
        let decoded = method.decode(&small, &Limits::new().bytes(size)).unwrap();
        assert!(decoded == raw && decoded.capacity() as u64 <= size + size / 10, "{method}: {}", decoded.capacity());
        let Err(Error::TooLarge { found, limit, .. }) = method.decode(&small, &Limits::new().bytes(size - 1)) else {
            panic!("{method}: no limit")
        };
        assert_eq!((found, limit), (size, size - 1), "{method}");
        let Err(Error::TooLarge { found, .. }) = method.decode(&small, &Limits::new().bytes(1_000_000)) else {
            panic!("{method}: no limit")
        };
        // The size that the file tells, or just more than the limit.
        let tells = matches!(method, SecondStage::Gzip | SecondStage::Zstd | SecondStage::Lzma);
        assert_eq!(found, if tells { size } else { 1_000_001 }, "{method}");
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
        // LZMA has no magic, and takes some of this for a length.
        let expected = if method == SecondStage::Lzma { "7020393216920807523 bytes exceed" } else { "not a valid " };
        assert!(error.starts_with(expected) && error.lines().count() == 1, "{method}: {error}");
    }
}
