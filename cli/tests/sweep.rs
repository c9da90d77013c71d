//! `cortado sweep` as users meet it, and the clusters that it may run on.

mod common;

use common::{cortado, json, refusal, stderr};
use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn data(name: &str) -> String {
    format!("{}/../data/photos/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str) -> String {
    format!("{}/../tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Small pictures, all different.
fn pictures(folder: &Path, count: usize) {
    fs::create_dir_all(folder).unwrap();
    for number in 0..count {
        let samples = (0..12 * 10 * 3).map(|at| ((at * (number % 97 + 1)) ^ number) as u8).collect();
        let png = cortado::Photo::from_rgb(12, 10, samples).unwrap().to_png().unwrap();
        fs::write(folder.join(format!("{number:05}.png")), png).unwrap();
    }
}

/// The table in a file but for the columns of times.
fn table(path: &Path) -> cortado::Table {
    cortado::Table::open(path).unwrap().without(&cortado::sweep::TIMES)
}

#[test]
fn writes_tables_and_refuses_to_lose_any() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let china = data("china.jpg");
    let sweep = ["sweep", &china, "-s", "laff quality=50|75", "-s", "palette colors=16", "--measure", "ssim"];
    let with = |more: &[&'static str]| [&sweep, more].concat();
    let summary = json(folder, &with(&["-o", "a.csv", "--json"]));
    assert_eq!((&summary["rows"], &summary["errors"], &summary["missing"]), (&3.into(), &0.into(), &0.into()));
    assert!(!folder.join("a.csv.journal").exists());
    json(folder, &with(&["-o", "a.parquet", "--json", "--threads", "1"]));
    let (csv, parquet) = (table(&folder.join("a.csv")), table(&folder.join("a.parquet")));
    assert_eq!(csv, parquet);
    assert_eq!(csv.columns()[..4], ["input", "codec", "quality", "colors"]);
    assert_eq!(refusal(folder, &with(&["-o", "a.csv"])), "error: a.csv exists: add --force to replace it");
    assert_eq!(
        refusal(folder, &with(&["-o", "a.txt"])),
        "error: cannot tell a table's format from a.txt: end its name in .csv or .parquet"
    );
    let refused = refusal(folder, &["sweep", "hdfs://host/a.png", "-s", "png"]);
    assert_eq!(refused, "error: hdfs://host/a.png can be read by a cluster only: add --spark");
    let printed = cortado(folder, &sweep);
    assert_eq!(String::from_utf8(printed.stdout).unwrap().lines().count(), 4);
    assert!(
        stderr(&cortado(folder, &["sweep", &china, "-s", "laff colour=3"]))
            .contains("laff has no parameter \"colour\"")
    );
    let objects = json(folder, &with(&["--json"]));
    assert_eq!(objects["table"][0]["quality"], 50);
    let listed = cortado(folder, &["sweep", "--codecs"]);
    assert!(String::from_utf8(listed.stdout).unwrap().contains("ristretto"));
}

#[test]
fn compresses_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), 3);
    json(folder, &["sweep", "in", "-s", "laff quality=80", "--measure", "none", "--streams", "out", "--json"]);
    let single = ["compress", "in/00001.png", "-o", "one.laff", "--quality", "80", "--json"];
    json(folder, &single);
    assert_eq!(fs::read(folder.join("out/00001.png.laff")).unwrap(), fs::read(folder.join("one.laff")).unwrap());
    assert_eq!(fs::read_dir(folder.join("out")).unwrap().count(), 3);
}

#[test]
#[cfg(unix)]
fn a_killed_sweep_of_ten_thousand_goes_on_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), 10_000);
    let arguments = ["sweep", "in", "-s", "palette colors=4", "--measure", "psnr", "-o", "rows.csv", "--json"];
    let journal = folder.join("rows.csv.journal");
    let lines = || fs::read(&journal).map_or(0, |bytes| bytes.iter().filter(|&&byte| byte == b'\n').count());
    let mut first = Command::new(env!("CARGO_BIN_EXE_cortado"))
        .current_dir(folder)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while lines() < 500 {
        assert!(first.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let there = lines() - 1;
    let summary = json(folder, &arguments);
    assert_eq!(summary["resumed"], there);
    assert_eq!((&summary["rows"], &summary["errors"], &summary["missing"]), (&10_000.into(), &0.into(), &0.into()));
    let peak = summary["peak_memory_bytes"].as_u64().unwrap();
    println!("10,000 pictures, {there} rows from before the kill, at most {} MB of memory", peak / 1_000_000);
    assert!(peak < 200_000_000, "{peak}");
    let table = table(&folder.join("rows.csv"));
    assert_eq!(table.len(), 10_000);
    let names: Vec<String> = table.records().map(|row| row.text("input")).collect();
    assert!(names.is_sorted() && names.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
#[cfg(unix)]
fn two_thousand_files_are_compressed_whatever_kills_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("in")).unwrap();
    for number in 0..2000 {
        let samples = (0..8 * 8 * 3).map(|at| ((at * (number % 89 + 1)) ^ number) as u8).collect();
        let png = cortado::Photo::from_rgb(8, 8, samples).unwrap().to_png().unwrap();
        fs::write(folder.join(format!("in/{number:05}.png")), png).unwrap();
    }
    let arguments =
        ["sweep", "in", "-s", "palette colors=4", "--measure", "none", "--streams", "out", "-o", "rows.csv", "--json"];
    let journal = folder.join("rows.csv.journal");
    let lines = || fs::read(&journal).map_or(0, |bytes| bytes.iter().filter(|&&byte| byte == b'\n').count());
    for kill in 1..=9 {
        let mut sweep = Command::new(env!("CARGO_BIN_EXE_cortado"))
            .current_dir(folder)
            .args(arguments)
            .args(["--threads", "1"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while lines() < 150 * kill {
            assert!(sweep.try_wait().unwrap().is_none(), "it ended before it could be killed");
            std::thread::sleep(Duration::from_millis(1));
        }
        sweep.kill().unwrap();
        sweep.wait().unwrap();
    }
    // No line is there twice: a row is done again only where something has changed. The second tells where files go.
    let there = lines() - 2;
    let text = fs::read_to_string(&journal).unwrap();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).skip(2);
    let inputs: HashSet<&str> =
        whole.map(|line| line.split(',').find(|field| field.contains("in/")).unwrap()).collect();
    assert_eq!(inputs.len(), there);
    let summary = json(folder, &arguments);
    assert_eq!((&summary["resumed"], &summary["rows"]), (&there.into(), &2000.into()));
    assert_eq!(
        (&summary["errors"], &summary["missing"], &summary["streams_missing"]),
        (&0.into(), &0.into(), &0.into())
    );
    let table = table(&folder.join("rows.csv"));
    let names: HashSet<String> = table.records().map(|row| row.text("input")).collect();
    assert_eq!((table.len(), names.len()), (2000, 2000));
    for row in table.records() {
        let name = row.text("input").replacen("in/", "out/", 1) + ".png";
        let bytes = fs::metadata(folder.join(&name)).unwrap().len();
        assert_eq!(row.number("bytes"), Some(bytes as f64), "{name}");
    }
    let files = fs::read_dir(folder.join("out")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(files.filter(|name| !name.as_encoded_bytes().starts_with(b".")).count(), 2000);
    assert!(!journal.exists());
}

#[test]
fn goes_on_only_from_rows_that_hold() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), 4);
    fs::write(folder.join("in/broken.png"), b"no picture").unwrap();
    let sweep = |more: &[&'static str]| {
        [&["sweep", "in", "-s", "palette colors=4", "-o", "rows.csv", "--force", "--json"], more].concat()
    };
    // A file is to be where a folder is: exit 1, and the journal stays.
    fs::create_dir_all(folder.join("out/00002.png.png")).unwrap();
    let streams = sweep(&["--measure", "psnr", "--streams", "out"]);
    let first = cortado(folder, &streams);
    assert_eq!(first.status.code(), Some(1), "{}", stderr(&first));
    let said = stderr(&first);
    assert!(
        said.starts_with("error: 1 compressed file is missing, the first 00002.png.png (") && said.lines().count() == 1
    );
    let summary: serde_json::Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!((&summary["errors"], &summary["streams_missing"]), (&2.into(), &1.into()));
    let journal = folder.join("rows.csv.journal");
    assert_eq!(fs::read_to_string(&journal).unwrap().lines().count(), 2 + 4);
    fs::remove_dir(folder.join("out/00002.png.png")).unwrap();
    let before = fs::read(&journal).unwrap();

    // More measures, and the same after a kill that left the journal alone.
    let summary = json(folder, &sweep(&["--measure", "all"]));
    assert_eq!((&summary["resumed"], &summary["errors"]), (&0.into(), &1.into()));
    assert_eq!(table(&folder.join("rows.csv")).where_present(&["psnr_db"]).unwrap().len(), 4);
    fs::write(&journal, &before).unwrap();

    // The same command, without --force: the table that is there is of a sweep that did not end well.
    let again: Vec<&str> = streams.iter().copied().filter(|&argument| argument != "--force").collect();
    let summary = json(folder, &again);
    assert_eq!(
        (&summary["resumed"], &summary["errors"], &summary["streams_missing"]),
        (&4.into(), &1.into(), &0.into())
    );
    assert!(!journal.exists() && folder.join("out/00002.png.png").is_file());
    assert_eq!(refusal(folder, &again), "error: rows.csv exists: add --force to replace it");

    // A compressed file that is gone since, and a folder where none is yet.
    fs::write(&journal, &before).unwrap();
    fs::remove_file(folder.join("out/00001.png.png")).unwrap();
    assert_eq!(json(folder, &streams)["resumed"], 3);
    fs::write(&journal, &before).unwrap();
    let other = sweep(&["--measure", "psnr", "--streams", "elsewhere"]);
    assert_eq!(json(folder, &other)["resumed"], 1);
    assert_eq!(fs::read_dir(folder.join("elsewhere")).unwrap().count(), 4);
}

#[test]
fn a_sweep_of_failures_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("in")).unwrap();
    for name in ["a.png", "b.png"] {
        fs::write(folder.join("in").join(name), b"no picture").unwrap();
    }
    let output = cortado(folder, &["sweep", "in", "gone.png", "-s", "png", "-o", "rows.csv"]);
    let said = stderr(&output);
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.starts_with("error: every row failed, the first with: not a valid picture"), "{said}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("3 rows in "), "the summary counts them");
    assert!(folder.join("rows.csv.journal").is_file());
    assert_eq!(table(&folder.join("rows.csv")).where_present(&["error"]).unwrap().len(), 3);
    // One good row is enough: the others are in the table.
    pictures(&folder.join("in"), 1);
    json(folder, &["sweep", "in", "gone.png", "-s", "png", "-o", "rows.csv", "--json"]);
    assert!(!folder.join("rows.csv.journal").exists());
}

#[test]
#[cfg(unix)]
fn a_journal_that_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), 1);
    let journal = folder.join("rows.csv.journal");
    let arguments = ["sweep", "in", "-s", "png", "-o", "rows.csv"];
    assert!(Command::new("mkfifo").arg(&journal).status().unwrap().success());
    let fifo = "error: rows.csv.journal is a FIFO, and the journal of a sweep is a file of its own";
    assert_eq!(refusal(folder, &arguments), fifo);
    fs::remove_file(&journal).unwrap();
    fs::write(folder.join("precious"), b"precious").unwrap();
    std::os::unix::fs::symlink("precious", &journal).unwrap();
    let link = "error: rows.csv.journal is a symbolic link, and the journal of a sweep is a file of its own";
    assert_eq!(refusal(folder, &arguments), link);
    assert_eq!(fs::read(folder.join("precious")).unwrap(), b"precious");
    fs::remove_file(&journal).unwrap();
    fs::write(&journal, format!("{}\"in\"\n", cortado::sweep::Row::csv_header())).unwrap();
    assert!(refusal(folder, &arguments).contains("rows.csv.journal is a journal of an earlier version"));
}

#[test]
fn batches_keep_transparency_and_count_what_they_leave_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("in")).unwrap();
    let names = ["rgba.png", "grey_alpha.png", "indexed_transparent.png"];
    for name in names {
        fs::copy(golden(name), folder.join("in").join(name)).unwrap();
    }
    for name in ["a.txt", "b.txt", "c.md"] {
        fs::write(folder.join("in").join(name), b"text").unwrap();
    }
    let batch = ["sweep", "in", "-s", "palette colors=8", "--measure", "none", "--streams", "out"];
    let output = cortado(folder, &batch);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).starts_with("note: in: 3 files are of no kind that is read (.txt 2, .md 1)\n"));
    for name in names {
        let input = format!("in/{name}");
        json(folder, &["compress", &input, "-o", "one.png", "--colors", "8", "--force", "--json"]);
        let kept = fs::read(folder.join(format!("out/{name}.png"))).unwrap();
        assert_eq!(kept, fs::read(folder.join("one.png")).unwrap(), "{name}");
    }
    let output = cortado(folder, &["sweep", "in/rgba.png", "in/grey_alpha.png", "-s", "png", "-s", "jpeg", "--json"]);
    let said = stderr(&output);
    assert!(said.contains("note: 2 inputs with jpeg, png: transparency was laid over white\n"), "{said}");
    let objects: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(objects["table"].as_array().unwrap().iter().all(|row| row["exact"] == "no"));
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_are_no_utf8_are_swept() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), 1);
    let foreign = std::ffi::OsStr::from_bytes(b"in/\xFFa.png");
    fs::copy(folder.join("in/00000.png"), folder.join(foreign)).unwrap();
    let rows = |input: &std::ffi::OsStr| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cortado"));
        command.current_dir(folder).arg("sweep").arg(input).args(["-s", "png", "--json"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let objects: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        objects["table"].as_array().unwrap().clone()
    };
    assert_eq!(rows(foreign)[0]["input"], "in/\\xFFa.png");
    assert_eq!(rows("in".as_ref()).len(), 2);
    assert!(rows("in".as_ref()).iter().all(|row| row["exact"] == "yes"));
}

#[test]
#[cfg(unix)]
fn who_waits_for_another_set_up_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in ["notebooks", "kernel", ".cortado", "java/bin"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    fs::write(folder.join("kernel/Cargo.toml"), "").unwrap();
    let java = folder.join("java/bin/java");
    fs::write(&java, "#!/bin/sh\necho 'openjdk version \"17.0.15\"' >&2\n").unwrap();
    fs::set_permissions(&java, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for command in [&["cluster", "up"][..], &["lab", "--no-browser"]] {
        let lock = fs::File::create(folder.join(".cortado/lock")).unwrap();
        lock.lock().unwrap();
        let mut waiting = Command::new(env!("CARGO_BIN_EXE_cortado"))
            .current_dir(folder)
            .args(command)
            // Once it has the lock, it ends for want of a Python.
            .envs([("JAVA_HOME", folder.join("java")), ("CORTADO_PYTHON", folder.join("no-python"))])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(waiting.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.starts_with("waiting for another cortado that is setting up "), "{command:?}: {line}");
        assert!(waiting.try_wait().unwrap().is_none());
        drop(lock);
        said.read_to_string(&mut line).unwrap();
        assert!(
            line.ends_with("error: CORTADO_PYTHON names no Python 3.10 or later that runs\n"),
            "{command:?}: {line}"
        );
        assert_eq!(waiting.wait().unwrap().code(), Some(1));
    }
}

#[test]
#[cfg(unix)]
fn a_cluster_asks_for_java_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in ["notebooks", "kernel"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    fs::write(folder.join("kernel/Cargo.toml"), "").unwrap();
    let up = |java: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cortado"));
        command.current_dir(folder).args(["cluster", "up"]).env("JAVA_HOME", java);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };
    let missing = up(&folder.join("nowhere"));
    assert!(missing.contains("does not run; Spark needs Java 17 or later: install one"), "{missing}");
    let java = folder.join("old/bin/java");
    fs::create_dir_all(java.parent().unwrap()).unwrap();
    fs::write(&java, "#!/bin/sh\necho 'java version \"1.8.0_402\"' >&2\n").unwrap();
    let mut mode = fs::metadata(&java).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    fs::set_permissions(&java, mode).unwrap();
    assert!(up(&folder.join("old")).contains("is Java 8; Spark needs Java 17 or later"));
    assert!(refusal(folder, &["sweep", "a.png", "-s", "png", "--spark"]).contains("`cortado cluster up`"));
    assert!(refusal(folder, &["cluster", "join"]).contains("no master runs here"));
    let status = cortado(folder, &["cluster", "status"]);
    assert_eq!(String::from_utf8(status.stdout).unwrap(), "nothing of a cluster runs here\n");
}
