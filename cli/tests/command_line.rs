//! The `cortado` command as a user meets it: files, messages, exit codes.

mod common;

use common::{cortado, json, names, refusal, stderr, usage};
use std::fs;
use std::process::Command;

fn data(name: &str) -> String {
    format!("{}/../data/photos/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str) -> String {
    format!("{}/../tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn compresses_and_decompresses_a_photo() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, china) = (folder.path(), data("china.jpg"));
    let arguments =
        ["compress", &china, "-o", "out.png", "--colors", "128", "--sample", "1000", "--seed", "0", "--json"];
    let report = json(folder, &arguments);
    assert_eq!(report["input_bytes"], fs::metadata(&china).unwrap().len());
    assert_eq!(report["output_bytes"], fs::metadata(folder.join("out.png")).unwrap().len());
    assert_eq!(report["raw_bytes"], 819_840);
    let ratio = 819_840.0 / report["output_bytes"].as_f64().unwrap();
    assert!((report["ratio"].as_f64().unwrap() - ratio).abs() < 1e-9);
    assert!(report["psnr_db"].as_f64().unwrap() > 33.0);
    assert!(report["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(report["colors"], 128);

    let back = json(folder, &["decompress", "out.png", "-o", "back.tif", "--json"]);
    assert_eq!(back["raw_bytes"], 819_840);
    let info = json(folder, &["info", "back.tif", "--json"]);
    assert_eq!((&info["height"], &info["width"], &info["channels"]), (&427.into(), &640.into(), &3.into()));
    json(folder, &["decompress", "out.png", "-o", "arrays.npz", "--json"]);

    // The recreated photo has the palette's colours and no others, so its own palette is the same and nothing is lost.
    let again = json(folder, &["compress", "back.tif", "-o", "again.png", "--sample", "all", "--json"]);
    assert_eq!((&again["colors"], &again["psnr_db"]), (&128.into(), &serde_json::Value::Null));
    assert_eq!(fs::read(folder.join("again.png")).unwrap(), fs::read(folder.join("out.png")).unwrap());
}

#[test]
fn equal_options_give_equal_files_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = |name: &str, threads: &str| {
        json(folder, &["compress", &data("coffee.png"), "-o", name, "--colors", "32", "--threads", threads, "--json"]);
        fs::read(folder.join(name)).unwrap()
    };
    let one = file("one.png", "1");
    assert_eq!(one, file("two.png", "2"));
    assert_eq!(one, file("three.png", "3"));
}

#[test]
fn tells_what_a_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    let info = |path: &str| json(folder.path(), &["info", path, "--json"]);
    let indexed = info(&golden("indexed4.png"));
    assert_eq!((&indexed["codec"], &indexed["colors"]), (&"palette".into(), &16.into()));
    assert_eq!((&indexed["height"], &indexed["width"]), (&7.into(), &13.into()));
    let deep = info(&golden("grey16.png"));
    assert_eq!((&deep["channels"], &deep["deeper_than_8_bits"]), (&1.into(), &true.into()));
    assert_eq!(info(&golden("rgba.png"))["alpha"], true);
    let line = cortado(folder.path(), &["info", &golden("indexed4.png")]);
    assert!(String::from_utf8(line.stdout).unwrap().contains("indexed PNG, 7 x 13, 16 colours"));
}

#[test]
fn says_what_a_conversion_gives_up() {
    let folder = tempfile::tempdir().unwrap();
    let output = cortado(folder.path(), &["compress", &golden("grey16.png"), "-o", "a.png"]);
    assert_eq!(stderr(&output), "note: samples of more than 8 bits were rounded to 8\n");
    let output = cortado(folder.path(), &["compress", &golden("rgba.png"), "-o", "b.png"]);
    assert_eq!(
        stderr(&output),
        "note: half transparent pixels were laid over white, or left out where less than half was to be seen\n"
    );
}

#[test]
fn palettes_as_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, coffee) = (folder.path(), data("coffee.png"));
    let report = |name: &str, options: &[&str]| {
        json(folder, &[&["compress", &coffee, "-o", name, "--colors", "24", "--json"], options].concat())
    };
    let number = |report: &serde_json::Value, field: &str| report[field].as_f64().unwrap();
    let plain = report("plain.png", &[]);
    let best = report("best.png", &["--best"]);
    let spatial = report("spatial.png", &["--spatial", "20"]);
    assert_eq!(plain["psnr_db"], best["psnr_db"]);
    for smaller in [&best, &spatial] {
        assert!(number(smaller, "output_bytes") < 0.95 * number(&plain, "output_bytes"));
    }
    for (name, options) in [
        ("oklab.png", &["--space", "oklab"][..]),
        ("dithered.png", &["--dither", "floyd-steinberg", "--strength", "0.7"]),
        ("locked.png", &["--lock", "ff00ff", "--lock", "#000102"]),
    ] {
        assert!(number(&report(name, options), "psnr_db") < number(&plain, "psnr_db"), "{name}");
    }
    let locked = cortado::IndexedPhoto::from_png(&fs::read(folder.join("locked.png")).unwrap()).unwrap();
    assert!([[255, 0, 255], [0, 1, 2]].iter().all(|color| locked.palette().colors().contains(color)));
    report("plain.gif", &[]);
    assert!(fs::read(folder.join("plain.gif")).unwrap().starts_with(b"GIF89a"));
    let enough = json(folder, &["compress", &coffee, "-o", "enough.png", "--psnr", "30", "--starts", "2", "--json"]);
    assert!(number(&enough, "psnr_db") >= 30.0 && number(&enough, "colors") < 40.0, "{enough}");
    assert_eq!(
        usage(folder, &["compress", &coffee, "-o", "o.png", "--spatial", "9", "--dither", "bayer"]),
        "error: dithering makes noise and spatial takes it away: ask for one of them"
    );
    assert_eq!(
        usage(folder, &["compress", &coffee, "-o", "o.gif", "--best"]),
        "error: palette: effort=best is for format=png"
    );
    json(folder, &["decompress", "plain.gif", "-o", "gif.png", "--json"]);
    json(folder, &["decompress", "plain.png", "-o", "png.png", "--json"]);
    assert!(fs::read(folder.join("gif.png")).unwrap() == fs::read(folder.join("png.png")).unwrap());
    let message = usage(folder, &["compress", &coffee, "-o", "o.cpso", "--dither", "bayer"]);
    assert_eq!(message, "error: --dither is for palette, not for compresso");
    // The same file name, and another codec.
    let lossless = json(folder, &["compress", &coffee, "-o", "all.png", "--codec", "png", "--json"]);
    assert_eq!((&lossless["codec"], &lossless["psnr_db"]), (&"png".into(), &serde_json::Value::Null));
}

#[test]
fn femto_archives_there_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // One that another program made.
    json(folder, &["decompress", &golden("femto/v1/color.json.gz"), "-o", "theirs.png", "--json"]);
    let report = json(folder, &["info", &golden("femto/v1/color.json.gz"), "--json"]);
    assert_eq!((&report["codec"], &report["ranks"]), (&"femto".into(), &serde_json::json!([24, 24, 48])));
    let picture = json(folder, &["info", "theirs.png", "--json"]);
    assert_eq!((&picture["height"], &picture["width"]), (&report["height"], &report["width"]));

    let compress =
        ["compress", &data("chelsea.png"), "--ranks", "8,8,40", "--clusters", "32", "--colors", "64", "--json", "-o"];
    let packed = json(folder, &[&compress[..], &["a.json.gz"]].concat());
    let plain = json(folder, &[&compress[..], &["a.json", "--thinning", "4,5"]].concat());
    assert_eq!(packed["ranks"], serde_json::json!([8, 8, 40]));
    assert!(packed["psnr_db"].as_f64().unwrap() > 20.0 && plain["psnr_db"].as_f64().unwrap() > 20.0);
    assert!(packed["output_bytes"].as_u64() < plain["output_bytes"].as_u64());
    let bytes = |name: &str| fs::read(folder.join(name)).unwrap();
    for arguments in [&["a.json.gz", "-o", "all.png"][..], &["a.json.gz", "-o", "few.png", "--ranks", "5"]] {
        json(folder, &[&["decompress"], arguments, &["--json"]].concat());
    }
    assert_ne!(bytes("all.png"), bytes("few.png"));
    let again = json(folder, &["decompress", "a.json", "-o", "thinned.tif", "--json"]);
    assert_eq!(again["raw_bytes"], 3 * 300 * 451);
    for (arguments, reason) in [
        (&["decompress", "a.json", "-o", "b.png", "--z", "1"][..], "--z is for compresso and ristretto, not for femto"),
        (
            &["compress", &data("china.jpg"), "-o", "b.json", "--dither", "bayer"],
            "--dither is for palette, not for femto",
        ),
        (&["compress", &data("china.jpg"), "-o", "b.json", "--ranks", "1,2"], "femto ranks must be 3 whole numbers"),
        (&["compress", &data("china.jpg"), "-o", "b.json", "--ranks", "0,1,2"], "each at least 1"),
        (&["compress", &data("china.jpg"), "-o", "b.png", "--clusters", "3"], "for svd and femto, not for palette"),
    ] {
        let message = usage(folder, arguments);
        assert!(message.contains(reason), "{message}");
    }
    let message = refusal(folder, &["decompress", "a.json", "-o", "b.npz"]);
    assert_eq!(message, "error: cannot tell a picture format from b.npz: end its name in .png, .jpg or .tif");
    fs::write(folder.join("cut.json"), &bytes("a.json")[..1000]).unwrap();
    assert!(refusal(folder, &["decompress", "cut.json", "-o", "b.png"]).contains("(at byte"));
    assert!(!folder.join("b.png").exists());
}

#[test]
fn laff_streams_there_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, coffee) = (folder.path(), data("coffee.png"));
    let number = |report: &serde_json::Value, field: &str| report[field].as_f64().unwrap();
    let compress =
        |name: &str, options: &[&str]| json(folder, &[&["compress", &coffee, "-o", name, "--json"], options].concat());
    let plain = compress("plain.laff", &[]);
    assert!(number(&plain, "ratio") > 20.0 && number(&plain, "psnr_luma_db") > 34.0, "{plain}");
    let finer = compress("finer.laff", &["--quality", "90", "--full-chroma", "--slice-rows", "64"]);
    assert!(number(&finer, "psnr_luma_db") > number(&plain, "psnr_luma_db") + 2.0, "{finer}");
    let enough = compress("enough.laff", &["--psnr", "33", "--profile", "visual"]);
    assert!((33.0..33.5).contains(&number(&enough, "psnr_luma_db")), "{enough}");
    let small = compress("small.laff", &["--bytes", "9000"]);
    assert!((8_000.0..=9_000.0).contains(&number(&small, "output_bytes")), "{small}");

    let info = json(folder, &["info", "finer.laff", "--json"]);
    assert_eq!((&info["codec"], &info["profile"], &info["slices"]), (&"laff".into(), &"mse".into(), &7.into()));
    json(folder, &["decompress", "plain.laff", "-o", "plain.png", "--json", "--threads", "1"]);
    // Text is the same stream.
    compress("plain.laff.txt", &[]);
    let text = fs::read_to_string(folder.join("plain.laff.txt")).unwrap();
    assert_eq!(cortado::laff::from_text(&text).unwrap(), fs::read(folder.join("plain.laff")).unwrap());
    json(folder, &["decompress", "plain.laff.txt", "-o", "text.png", "--json"]);
    assert_eq!(fs::read(folder.join("text.png")).unwrap(), fs::read(folder.join("plain.png")).unwrap());
    assert_eq!(json(folder, &["info", "plain.laff.txt", "--json"])["slices"], 4);

    // Half of a file.
    let bytes = fs::read(folder.join("plain.laff")).unwrap();
    fs::write(folder.join("half.laff"), &bytes[..bytes.len() / 2]).unwrap();
    let message = refusal(folder, &["decompress", "half.laff", "-o", "half.png"]);
    assert!(
        message.contains("the stream ends before") && message.ends_with("--partial decodes what there is"),
        "{message}"
    );
    let output = cortado(folder, &["decompress", "half.laff", "-o", "half.png", "--partial"]);
    assert!(output.status.success() && stderr(&output).contains("of 4 slices are whole"), "{}", stderr(&output));
    for (arguments, expected) in [
        (
            ["compress", &coffee, "-o", "o.png", "--quality", "9"],
            "error: --quality is for laff and jpeg, not for palette",
        ),
        (
            ["compress", &coffee, "-o", "o.laff", "--colors", "9"],
            "error: --colors is for palette and femto, not for laff",
        ),
        (
            ["decompress", "plain.png", "-o", "o.png", "--partial", "--json"],
            "error: --partial is for laff, not for palette",
        ),
        (["compress", &coffee, "-o", "o.laff", "--quality", "101"], "error: laff quality must be 0 to 100, but is 101"),
        (
            ["compress", &coffee, "-o", "o.laff", "--bytes=9", "--psnr=30"],
            "error: laff takes one of quality, psnr, max_bytes, and is given psnr and max_bytes",
        ),
    ] {
        assert_eq!(usage(folder, &arguments), expected);
    }
    let message = refusal(folder, &["decompress", "plain.laff", "-o", "o.npz"]);
    assert!(message.starts_with("error: cannot tell a picture format from o.npz"), "{message}");
}

#[test]
fn what_shows_nothing_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in ["rgba.png", "grey_alpha.png", "indexed_transparent.png"] {
        json(folder, &["compress", &golden(name), "-o", "out.png", "--colors", "8", "--force", "--json"]);
        let opacity = |bytes: &[u8]| {
            let (_, _, opacity) = cortado::Photo::decode_with_opacity(bytes, &cortado::Limits::new()).unwrap();
            opacity.unwrap().mapv(|alpha| alpha >= 128)
        };
        let before = opacity(&fs::read(golden(name)).unwrap());
        assert!(before.iter().any(|shows| !shows), "{name} hides something");
        assert_eq!(opacity(&fs::read(folder.join("out.png")).unwrap()), before, "{name}");
    }
    assert_eq!(
        refusal(folder, &["compress", &golden("rgba.png"), "-o", "o.png", "--sample", "9"]),
        "error: sample is for photos without transparency"
    );
    assert_eq!(
        refusal(folder, &["compress", &golden("rgba.png"), "-o", "o.png", "--colors", "1"]),
        "error: colors must be from 2 to 256 with transparency, which takes one, but is 1"
    );
}

#[test]
fn never_replaces_what_it_was_not_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::copy(golden("rgba.png"), folder.join("in.png")).unwrap();
    fs::write(folder.join("out.png"), "precious").unwrap();
    let message = refusal(folder, &["compress", "in.png", "-o", "out.png"]);
    assert_eq!(message, "error: out.png exists: add --force to replace it");
    assert_eq!(fs::read(folder.join("out.png")).unwrap(), b"precious");
    let message = refusal(folder, &["compress", "in.png", "-o", "./in.png", "--force"]);
    assert_eq!(message, "error: ./in.png is the input too: choose another output");
    assert_eq!(fs::read(folder.join("in.png")).unwrap(), fs::read(golden("rgba.png")).unwrap());
    assert!(cortado(folder, &["compress", "in.png", "-o", "out.png", "--force"]).status.success());
    assert!(fs::read(folder.join("out.png")).unwrap().starts_with(b"\x89PNG"));
    assert_eq!(names(folder).len(), 2);
}

#[test]
fn bad_input_is_one_clear_line_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("notes.txt"), "these are notes").unwrap();
    let photo = data("chelsea.png");
    let cut = fs::read(golden("indexed8.png")).unwrap();
    fs::write(folder.join("cut.png"), &cut[..cut.len() / 2]).unwrap();
    let before = names(folder).len();
    for (option, value, expected) in [
        ("--colors", "0", "error: palette colors must be 1 to 256, but is 0"),
        ("--colors", "257", "error: palette colors must be 1 to 256, but is 257"),
        ("--sample", "0", "error: palette sample must be at least 1, but is 0"),
    ] {
        assert_eq!(usage(folder, &["compress", &photo, "-o", "o.png", option, value]), expected);
    }
    let message = refusal(folder, &["compress", &photo, "-o", "o.zip"]);
    assert!(message.starts_with("error: cannot tell a codec from o.zip: end its name in .png, .gif (palette), .laff"));
    let cases: [(&[&str], &str); 7] = [
        (
            &["compress", "notes.txt", "-o", "o.png"],
            "error: not a valid picture file: its first bytes are those of no PNG, JPEG, TIFF, GIF, WebP, BMP or PNM",
        ),
        (
            &["compress", "gone.png", "-o", "o.png"],
            "error: cannot read gone.png: No such file or directory (os error 2)",
        ),
        (&["compress", ".", "-o", "o.png"], "error: cannot read .: Is a directory (os error 21)"),
        (&["decompress", &photo, "-o", "o.png"], "error: the PNG holds colours, not a palette and indices"),
        (
            &["decompress", &photo, "-o", "o.gif"],
            "error: cannot tell a picture format from o.gif: end its name in .png, .jpg or .tif",
        ),
        (
            &["compress", &photo, "-o", "no/folder/o.png"],
            "error: cannot write no/folder/o.png: No such file or directory (os error 2)",
        ),
        (
            &["info", "notes.txt"],
            "error: not a valid picture file: its first bytes are those of no PNG, JPEG, TIFF, GIF, WebP, BMP or PNM",
        ),
    ];
    for (arguments, expected) in cases {
        assert_eq!(refusal(folder, arguments), expected);
    }
    for arguments in [["decompress", "cut.png", "-o", "o.png"], ["compress", "cut.png", "-o", "o.png"]] {
        assert!(refusal(folder, &arguments).starts_with("error: not a valid PNG file: "));
    }
    assert_eq!(names(folder).len(), before, "nothing may be left behind");
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in
        [&["compress"][..], &["brew"], &["compress", "a", "-o", "b.png", "--sample", "some"], &["lab", "--port", "x"]]
    {
        assert_eq!(cortado(folder.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn lab_outside_a_checkout_says_where_to_run_it() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["lab", "--no-browser"][..], &["notebooks", "check"]] {
        let message = refusal(folder.path(), arguments);
        assert!(message.starts_with("error: run this inside a checkout of cortado"), "{message}");
    }
}

/// A checkout as far as `lab` can tell, so that its set-up can fail without touching the real one.
fn checkout() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["notebooks", "kernel"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("kernel/Cargo.toml"), "").unwrap();
    folder
}

#[test]
fn lab_without_python_says_what_to_do() {
    let folder = checkout();
    let run = |variable: &str, value: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cortado"));
        let output = command.current_dir(folder.path()).args(["lab", "--no-browser"]).env(variable, value).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };
    assert_eq!(
        run("PATH", "/nowhere"),
        "error: no Python 3.10 or later found: install one, or name it in CORTADO_PYTHON\n"
    );
    assert_eq!(
        run("CORTADO_PYTHON", "/nowhere/python"),
        "error: CORTADO_PYTHON names no Python 3.10 or later that runs\n"
    );
}

#[cfg(unix)]
#[test]
fn lab_tells_why_its_steps_fail() {
    use std::os::unix::fs::PermissionsExt;
    let folder = checkout();
    // A Python that is new enough and fails at `-m venv`, as Debian's does without its venv package; then one that
    // makes an environment in which pip fails for want of a network.
    let cases = [
        ("echo 'The virtual environment was not created because ensurepip is not available.'; exit 1", "python3-venv"),
        (
            "mkdir -p \"$3/bin\"; printf '#!/bin/sh\\necho ERROR: no route to host; exit 1\\n' > \"$3/bin/python\"; \
             chmod +x \"$3/bin/python\"",
            "check the network and run this again (ERROR: no route to host)",
        ),
    ];
    for (on_venv, expected) in cases {
        let python = folder.path().join("python");
        fs::write(&python, format!("#!/bin/sh\n[ \"$1\" = -m ] || exit 0\n{on_venv}\n")).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cortado"));
        let output = command.current_dir(folder.path()).args(["lab"]).env("CORTADO_PYTHON", &python).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let message = stderr(&output);
        assert!(message.lines().last().unwrap().contains(expected), "{message}");
    }
}
