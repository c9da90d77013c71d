//! Femto archives: those of a foreign writer, our own, and hostile ones.

use cortado::prelude::*;

mod common;
use common::{data, golden};

#[test]
fn archives_of_the_python_script_decode_within_a_level() {
    for (archive, picture, ranks) in [
        ("color.json.gz", "color.png", vec![24, 24, 48]),
        ("thinned.json", "thinned.png", vec![12, 12, 24]),
        ("every_second.json.gz", "every_second.png", vec![9, 15, 15]),
        ("grey.json", "grey.png", vec![20]),
    ] {
        let femto = Femto::parse(&golden(&format!("femto/v1/{archive}")), &Limits::new()).unwrap();
        assert_eq!(femto.ranks(), ranks, "{archive}");
        let (photo, expected) =
            (femto.to_photo().unwrap(), Photo::decode(&golden(&format!("femto/v1/{picture}"))).unwrap());
        assert_eq!(
            (photo.height(), photo.width(), photo.channels()),
            (expected.height(), expected.width(), expected.channels())
        );
        assert_eq!(femto.shape(), (photo.height(), photo.width()));
        let farthest = photo.samples().iter().zip(expected.samples()).map(|(&a, &b)| a.abs_diff(b)).max().unwrap();
        assert!(farthest <= 1, "{archive}: {farthest}");
        // Fewer ranks are further from the whole.
        let of_rank = |rank| psnr(&photo, &femto.to_photo_of_rank(rank).unwrap()).unwrap();
        assert!(of_rank(1) < of_rank(4) && of_rank(4) < of_rank(8), "{archive}");
        assert_eq!(femto.to_photo_of_rank(10_000).unwrap(), photo);
    }
}

#[test]
fn what_is_written_is_what_is_read() {
    let chelsea = Photo::open(data("photos/chelsea.png")).unwrap();
    let grey = chelsea.to_grey();
    let crop = |photo: &Photo, height, width| photo.crop(40, 30, height, width).unwrap();
    for (photo, options) in [
        (crop(&chelsea, 60, 80), FemtoOptions::new()),
        (crop(&chelsea, 61, 79), FemtoOptions::new().thinning(2, 3).clusters(300)),
        (crop(&chelsea, 50, 2), FemtoOptions::new().thinning(2, 2).colors(4).engine(Engine::Linfa)),
        (crop(&chelsea, 1, 1), FemtoOptions::new().ranks([1, 1, 1])),
        (crop(&grey, 40, 50), FemtoOptions::new().ranks([1, 1, 12])),
        (Photo::from_grey(3, 5, vec![0; 15]).unwrap(), FemtoOptions::new()),
        (Photo::from_rgb(3, 5, vec![0; 45]).unwrap(), FemtoOptions::new()),
        (Photo::from_rgb(3, 5, vec![255; 45]).unwrap(), FemtoOptions::new()),
    ] {
        let femto = Femto::of(&photo, &options).unwrap();
        let json = femto.to_json();
        assert_eq!(Femto::parse(json.as_bytes(), &Limits::new()).unwrap(), femto);
        let packed = SecondStage::Gzip.encode(json.as_bytes(), None).unwrap();
        let back = Femto::parse(&packed, &Limits::new()).unwrap().to_photo().unwrap();
        assert_eq!((back.height(), back.width(), back.channels()), (photo.height(), photo.width(), photo.channels()));
    }
    // Nothing but rounding is lost where rank and clusters are enough.
    let small = crop(&chelsea, 12, 12);
    let all = FemtoOptions::new().ranks([12; 3]).clusters(4096);
    let femto = Femto::of(&small, &all).unwrap();
    assert!(psnr(&small, &femto.to_photo().unwrap()).unwrap() > 40.0);
    assert!(Femto::of(&chelsea, &FemtoOptions::new().clusters(0)).is_err());
    assert!(Femto::of(&chelsea, &FemtoOptions::new().thinning(1, 0)).is_err());
    assert!(Femto::of(&chelsea, &FemtoOptions::new().ranks([0, 1, 1])).is_err());
}

#[test]
fn hostile_archives_are_refused_with_a_reason() {
    let parse = |text: &str| Femto::parse(text.as_bytes(), &Limits::new().bytes(1 << 20)).unwrap_err().to_string();
    let color = |from: &str, to: &str| {
        let text = String::from_utf8(golden("femto/v1/thinned.json")).unwrap();
        assert!(text.contains(from), "{from}");
        parse(&text.replacen(from, to, 1))
    };
    assert_eq!(parse(""), "not a valid femto file: EOF while parsing a value (at byte 0)");
    assert_eq!(parse("[1]"), "not a valid femto file: it is no JSON object (at byte 0)");
    assert_eq!(
        parse("{\"a\": [[1]],\n \"b\": [1], oops}"),
        "not a valid femto file: key must be a string (at byte 24)"
    );
    assert_eq!(parse("{}"), "not a valid femto file: it has no shape");
    assert_eq!(parse(r#"{"a": [[1]], "c": [[1]]}"#), "not a valid femto file: it has no b");
    assert_eq!(
        parse(r#"{"a": [[1, 2]], "b": [1], "c": [[1]]}"#),
        "not a valid femto file: a is (1, 2), b has 1, c is (1, 1)"
    );
    assert_eq!(
        parse(r#"{"a": [[1], [1, 2]], "b": [1], "c": [[1]]}"#),
        "not a valid femto file: a is no matrix of numbers"
    );
    assert_eq!(parse(r#"{"a": [], "b": [], "c": []}"#), "not a valid femto file: a is (0, 0), b has 0, c is (0, 0)");
    assert_eq!(parse(r#"{"a": [["x"]], "b": [1], "c": [[1]]}"#), "not a valid femto file: a is no list of numbers");
    assert_eq!(parse(r#"{"a": [[1]], "b": [1e30], "c": [[1]]}"#), "not a valid femto file: b has numbers beyond 1e12");
    assert!(parse(r#"{"a": [[1e999]], "b": [1], "c": [[1]]}"#).contains("number out of range (at byte"));
    assert!(parse(&"[".repeat(10_000)).contains("recursion limit exceeded (at byte"));
    assert!(parse(&" ".repeat(100_000)).starts_with("1600000 bytes exceed the limit"));
    assert!(color("\"remove\": [5, 3]", "\"remove\": [1, 3]").contains("is left out"));
    assert!(color("\"remove\": [5, 3]", "\"remove\": [5]").contains("remove is no pair of whole numbers"));
    assert!(color("\"remove\": [5, 3]", "\"remove\": [7, 3]").contains("new_shape is"));
    assert!(color("\"shape\": [97, 96]", "\"shape\": [4294967295, 4294967295]").contains("pixels exceed the limit"));
    assert!(color("\"shape\": [97, 96]", "\"shape\": [0, 96]").contains("0 x 96"));
    assert!(color("\"shape\": [97, 96]", "\"shape\": [-97, 96]").contains("shape is no pair"));
    assert!(color("\"h_a_kstring\": \"", "\"h_a_kstring\": \"\\u0001").contains("characters where"));
    assert!(color("\"h_a_kstring\": \"", "\"h_a_kstring\": \"\u{1F40C}").contains("names cluster 128012, of 40"));
    assert!(color("\"h_a_kstring\"", "\"x\"").contains("it has no h_a_kstring"));
    assert!(color("\"h_b\": [", "\"h_b\": [3, ").contains("characters where"));
    let packed = SecondStage::Gzip.encode(&vec![b' '; 1 << 21], None).unwrap();
    let error = Femto::parse(&packed, &Limits::new().bytes(1 << 20)).unwrap_err().to_string();
    assert!(error.contains("exceed the limit"), "{error}");
    assert!(Femto::parse(&packed[..packed.len() - 9], &Limits::new()).unwrap_err().to_string().contains("gzip"));
    let whole = golden("femto/v1/grey.json");
    assert!((0..whole.len()).step_by(97).all(|end| Femto::parse(&whole[..end], &Limits::new()).is_err()));
}
