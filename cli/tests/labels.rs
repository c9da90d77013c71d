//! Label volumes on the command line.

mod common;

use common::{cortado, json, names, refusal, stderr, usage};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

fn golden(name: &str) -> String {
    golden_stream(&format!("labels/{name}"))
}

/// A golden stream, as `compresso/v1/blocks_u32.default.cpso`.
fn golden_stream(name: &str) -> String {
    format!("{}/../tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Whether two .npy files hold the same labels; their headers differ by a comma.
fn same_array(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a[128..] == b[128..]
}

#[test]
fn every_second_stage_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let input = golden("nuclei_u16.npy");
    for extension in ["cpso", "cpso.gz", "cpso.bz2", "cpso.xz", "cpso.lzma", "cpso.zst", "cpso.br", "cpso.lz4"] {
        let name = format!("out.{extension}");
        let report = json(folder, &["compress", &input, "-o", &name, "--json"]);
        assert_eq!(report["output_bytes"], fs::metadata(folder.join(&name)).unwrap().len());
        assert_eq!(report["raw_bytes"], 2 * 8 * 40 * 60);
        assert!(report["seconds"].as_f64().unwrap() > 0.0);
        let back = json(folder, &["decompress", &name, "-o", "back.npy", "--force", "--json"]);
        assert_eq!((&back["shape"], &back["label_type"]), (&serde_json::json!([8, 40, 60]), &"u16".into()));
        assert!(same_array(&fs::read(folder.join("back.npy")).unwrap(), &fs::read(&input).unwrap()), "{extension}");
        let info = json(folder, &["info", &name, "--json"]);
        assert_eq!(info["sections"].as_array().unwrap().len(), 6, "{extension}");
    }
    assert_eq!(
        fs::read(folder.join("out.cpso")).unwrap(),
        fs::read(golden_stream("compresso/v1/nuclei_u16.default.cpso")).unwrap()
    );
}

#[test]
fn ristretto_at_every_level_and_from_and_to_compresso() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let input = golden("nuclei_u16.npy");
    for level in ["fast", "default", "max"] {
        let report = json(folder, &["compress", &input, "-o", "out.ristretto", "--level", level, "--force", "--json"]);
        assert_eq!((&report["codec"], &report["raw_bytes"]), (&"ristretto".into(), &(2 * 8 * 40 * 60).into()));
        let stream = fs::read(folder.join("out.ristretto")).unwrap();
        assert!(
            stream == fs::read(golden_stream(&format!("ristretto/v1/nuclei_u16.{level}.ristretto"))).unwrap(),
            "{level}"
        );
        json(folder, &["decompress", "out.ristretto", "-o", "back.npy", "--force", "--json"]);
        assert!(same_array(&fs::read(folder.join("back.npy")).unwrap(), &fs::read(&input).unwrap()), "{level}");
        let info = json(folder, &["info", "out.ristretto", "--json"]);
        assert_eq!((&info["level"], &info["shape"]), (&level.into(), &serde_json::json!([8, 40, 60])));
    }
    let restarted = ["compress", &input, "-o", "out.ristretto", "--restart", "3", "--force", "--json"];
    json(folder, &restarted);
    assert_eq!(json(folder, &["info", "out.ristretto", "--json"])["blocks"], 3);
    let slices = json(folder, &["decompress", "out.ristretto", "-o", "slices.npy", "--z", "4..6", "--json"]);
    assert_eq!(slices["shape"], serde_json::json!([2, 40, 60]));

    // A stream of one codec is an input of the other.
    json(folder, &["compress", "out.ristretto", "-o", "again.cpso", "--json"]);
    let theirs = golden_stream("compresso/v1/nuclei_u16.default.cpso");
    assert!(fs::read(folder.join("again.cpso")).unwrap() == fs::read(&theirs).unwrap());
    json(folder, &["compress", &theirs, "-o", "again.ristretto", "--json"]);
    let stream = fs::read(golden_stream("ristretto/v1/nuclei_u16.default.ristretto")).unwrap();
    assert!(fs::read(folder.join("again.ristretto")).unwrap() == stream);
    assert!(piped(folder, &["compress", "-", "-o", "-", "--to", "cpso"], &stream) == fs::read(&theirs).unwrap());
}

#[test]
fn options_choose_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cases: [(&str, &[&str]); 5] = [
        ("v1/blocks_u32.default", &["--threads", "2"]),
        ("v0/blocks_u32.no_index", &["--no-index"]),
        ("v0/blocks_u32.six", &["--connectivity", "6"]),
        ("v1/blocks_u32.deep", &["--steps", "4,2,2"]),
        ("v1/blocks_u32.uneven", &["--steps", "3, 5, 1"]),
    ];
    for (setting, options) in cases {
        let mut arguments = vec!["compress", "in.npy", "-o", "out.cpso", "--force", "--json"];
        arguments.extend(options);
        fs::copy(golden("blocks_u32.npy"), folder.join("in.npy")).unwrap();
        json(folder, &arguments);
        let theirs = fs::read(golden_stream(&format!("compresso/{setting}.cpso"))).unwrap();
        assert!(fs::read(folder.join("out.cpso")).unwrap() == theirs, "{setting}");
    }
    let small = json(folder, &["compress", "in.npy", "-o", "small.cpso.zst", "--level", "19", "--json"]);
    let fast = json(folder, &["compress", "in.npy", "-o", "fast.cpso.zst", "--level", "1", "--json"]);
    assert!(small["output_bytes"].as_u64() <= fast["output_bytes"].as_u64());
}

#[test]
fn one_slice_or_some() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let stream = golden_stream("compresso/v1/blocks_u32.default.cpso");
    let some = json(folder, &["decompress", &stream, "-o", "some.tif", "--z", "2..5", "--json"]);
    assert_eq!(some["shape"], serde_json::json!([3, 35, 40]));
    let one = json(folder, &["decompress", &stream, "-o", "one.npz", "--z", "3", "--json"]);
    assert_eq!(one["shape"], serde_json::json!([1, 35, 40]));
    let info = cortado(folder, &["info", "some.tif"]);
    assert!(String::from_utf8(info.stdout).unwrap().contains("tiff, 3 pages, 3 x 35 x 40 uint32"));
    let message = refusal(folder, &["decompress", &stream, "-o", "no.npy", "--z", "2..7"]);
    assert_eq!(message, "error: a range of voxels must be within its side, but is 2..7 of 6");
}

#[test]
fn tells_the_sections_of_a_stream() {
    let folder = tempfile::tempdir().unwrap();
    let info = json(folder.path(), &["info", &golden_stream("compresso/v1/blocks_u32.default.cpso"), "--json"]);
    assert_eq!((&info["codec"], &info["version"], &info["connectivity"]), (&"compresso".into(), &1.into(), &4.into()));
    assert_eq!(info["steps"], serde_json::json!([4, 4, 1]));
    let sections = info["sections"].as_array().unwrap();
    let bytes: u64 = sections.iter().map(|section| section["bytes"].as_u64().unwrap()).sum();
    assert_eq!(bytes, info["input_bytes"].as_u64().unwrap());
    let text = String::from_utf8(
        cortado(folder.path(), &["info", &golden_stream("compresso/v1/blocks_u32.default.cpso")]).stdout,
    )
    .unwrap();
    assert_eq!(text.lines().count(), 7, "{text}");
    assert!(text.lines().nth(4).unwrap().trim_start().starts_with("locations"), "{text}");
    let raw = json(folder.path(), &["info", &golden("blocks_u32.npy"), "--json"]);
    assert_eq!((&raw["shape"], &raw["labels"]), (&info["shape"], &info["labels"]));
}

/// Runs the command with bytes on its standard input; its standard output.
fn piped(folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cortado"));
    command.current_dir(folder).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1, "the report is on standard error");
    output.stdout
}

#[test]
fn streams_pass_through_pipes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let raw = fs::read(golden("blocks_u32.npy")).unwrap();
    let stream = piped(folder, &["compress", "-", "-o", "-", "--to", "cpso"], &raw);
    assert!(stream == fs::read(golden_stream("compresso/v1/blocks_u32.default.cpso")).unwrap());
    assert!(same_array(&piped(folder, &["decompress", "-", "-o", "-"], &stream), &raw));
    let small = piped(folder, &["compress", "-", "-o", "-", "--to", "cpso.br", "--json"], &raw);
    assert!(same_array(
        &piped(folder, &["decompress", "-", "-o", "-", "--from", "cpso.br", "--to", "npy"], &small),
        &raw
    ));
    let tiff = piped(folder, &["decompress", "-", "-o", "-", "--to", "tif"], &stream);
    assert!(piped(folder, &["compress", "-", "-o", "-", "--to", "cpso"], &tiff) == stream);
    assert!(names(folder).is_empty());
}

#[test]
fn bad_input_is_one_clear_line_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (labels, stream) = (golden("blocks_u32.npy"), golden_stream("compresso/v1/blocks_u32.default.cpso"));
    fs::copy(golden("noise_u8.npy"), folder.join("wrong.cpso")).unwrap();
    let whole = fs::read(&stream).unwrap();
    fs::write(folder.join("cut.cpso"), &whole[..whole.len() - 40]).unwrap();
    let whole = fs::read(golden_stream("ristretto/v1/blocks_u32.default.ristretto")).unwrap();
    fs::write(folder.join("cut.ristretto"), &whole[..whole.len() - 1]).unwrap();
    fs::write(folder.join("cut.cpso.xz"), b"\xfd7zXZ\0\0").unwrap();
    let before = names(folder).len();
    let cases: [(&[&str], &str); 8] = [
        (
            &["compress", &golden("floats.npy"), "-o", "o.cpso"],
            "labels are whole numbers, and this file holds floating-point numbers (<f4): where all of them are whole, \
             --cast takes them",
        ),
        (&["compress", &golden("negative.npy"), "-o", "o.cpso"], "a label must be 0 or more, but is -1"),
        (&["compress", "gone.npy", "-o", "o.cpso"], "cannot read gone.npy: No such file or directory (os error 2)"),
        (
            &["decompress", "cut.ristretto", "-o", "o.npy"],
            "not a valid Ristretto file: expected 97 bytes of block 0, found 96 (at byte 44)",
        ),
        (
            &["decompress", "wrong.cpso", "-o", "o.npy"],
            "not a valid Compresso file: it does not begin with the magic cpso (at byte 0)",
        ),
        (
            &["decompress", &stream, "-o", "o.png"],
            "cannot tell a volume format from o.png: end its name in .npy, .npz or .tif",
        ),
        (
            &["decompress", &stream, "-o", "o.npy", "--max-bytes", "4000"],
            "36094 bytes exceed the limit of 4000: --max-bytes 36094 would do",
        ),
        (&["decompress", &labels, "-o", "o.npy"], ""),
    ];
    for (arguments, expected) in cases {
        let message = refusal(folder, arguments);
        if expected.is_empty() {
            assert!(message.contains("blocks_u32.npy is of no codec: .png, .gif (palette), .laff, "), "{message}");
        } else {
            assert_eq!(message, format!("error: {expected}"));
        }
    }
    let message = refusal(folder, &["compress", &labels, "-o", "-"]);
    assert!(
        message.starts_with("error: cannot tell a codec from -: say --to .png, .gif (palette), .laff, "),
        "{message}"
    );
    assert!(
        message
            .contains(".cpso, .cpso.xz and the like (compresso), .ristretto, .ristretto.xz and the like (ristretto)"),
        "{message}"
    );
    for (output, options, expected) in [
        ("o.cpso", ["--colors", "3"], "--colors is for palette and femto, not for compresso"),
        (
            "o.cpso",
            ["--level", "3"],
            "compresso: level is for a second stage, and none is named: second=xz and the like",
        ),
        ("o.cpso.gz", ["--level", "10"], "compresso level must be 1 to 9 for gzip, but is 10"),
        ("o.ristretto", ["--level", "9"], "ristretto level must be fast, default or max, but is 9"),
        ("o.ristretto", ["--steps", "4,4,1"], "--steps is for compresso, not for ristretto"),
        ("o.cpso", ["--restart", "4"], "--restart is for ristretto, not for compresso"),
        ("o.cpso.xz", ["--level", "max"], "compresso level must be at most 22, but is max"),
        ("o.cpso", ["--connectivity", "8"], "compresso connectivity must be 4 or 6, but is 8"),
    ] {
        let message = usage(folder, &[&["compress", &labels, "-o", output], &options[..]].concat());
        assert_eq!(message, format!("error: {expected}"));
    }
    for name in ["cut.cpso", "cut.cpso.xz"] {
        let message = refusal(folder, &["decompress", name, "-o", "o.npy"]);
        assert!(message.starts_with("error: not a valid "), "{message}");
    }
    assert_eq!(names(folder).len(), before, "nothing may be left behind");
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for option in [["--steps", "9,9,1"], ["--steps", "4,4"], ["--connectivity", "8"]] {
        let output = cortado(folder.path(), &[&["compress", "a.npy", "-o", "b.cpso"][..], &option].concat());
        assert_eq!(output.status.code(), Some(2), "{option:?}");
    }
    let output = cortado(folder.path(), &["decompress", "a.cpso", "-o", "b.npy", "--z", "x"]);
    assert_eq!(output.status.code(), Some(2));
}
