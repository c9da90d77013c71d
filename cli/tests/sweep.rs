//! `cortado sweep` and `cortado worker` as users and clusters meet them.

mod common;

use common::{cortado, json, refusal, stderr};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn data(name: &str) -> String {
    format!("{}/../data/photos/{name}", env!("CARGO_MANIFEST_DIR"))
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

/// What the worker answers to these bytes; it must end well.
fn worker(arguments: &[&str], tasks: &[u8]) -> Vec<Vec<String>> {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_cortado"))
        .arg("worker")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = worker.stdin.take().unwrap();
    let tasks = tasks.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(&tasks).unwrap());
    let output = worker.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    answers.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// The error in an answer, without the quotes around it; empty when there is none.
fn error(answer: &[String]) -> String {
    let [_, row, _] = answer else { panic!("{answer:?}") };
    cortado::sweep::Row::from_csv(row).unwrap().error.unwrap_or_default()
}

#[test]
fn a_worker_answers_every_line_whatever_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let china = data("china.jpg");
    let odd = folder.path().join("tab\there\nand \\ break.png");
    let empty = folder.path().join("empty.png");
    fs::write(&odd, cortado::Photo::from_rgb(1, 1, vec![1, 2, 3]).unwrap().to_png().unwrap()).unwrap();
    fs::write(&empty, b"").unwrap();
    let escaped = odd.to_str().unwrap().replace('\\', r"\\").replace('\t', r"\t").replace('\n', r"\n");
    // 40 MB of base64 of no picture, and a good picture as payload.
    let huge = "QUFB".repeat(10_000_000);
    let tasks = [
        format!("0\tpalette colors=2\tname\t{china}\tx\t\\N"),
        format!("1\tpalette colors=2\t{escaped}\t{escaped}\tx\t\\N"),
        format!("2\tpng\tempty\t{}\tx\t\\N", empty.display()),
        "3\tpng\tgone\t/no/such.png\tx\t\\N".into(),
        format!("4\tpng\thuge\thuge.png\tx\t{huge}"),
        "5\tpng\tbad\tbad.png\tx\tno base64".into(),
        "6\t\\N\tn\tp\tx\t\\N".into(),
        "7\tzip level=3\tn\tp\tx\t\\N".into(),
        "\\N\tpng\tn\tp\tx\t\\N".into(),
        "".into(),
        "8\tpng".into(),
        format!("9\tpng\tp\tp.png\tx\t{}", base64(&fs::read(&odd).unwrap())),
    ];
    let mut bytes = tasks.join("\n").into_bytes();
    bytes.extend(b"\n10\tpng\t\xff\xfe\tp\tx\t\\N");
    let answers = worker(&[], &bytes);
    assert_eq!(answers.len(), tasks.len() + 1);
    let numbers: Vec<&str> = answers.iter().map(|answer| answer[0].as_str()).collect();
    assert_eq!(numbers, ["0", "1", "2", "3", "4", "5", "6", "7", r"\N", r"\N", "8", "9", "10"]);
    let errors: Vec<String> = answers.iter().map(|answer| error(answer)).collect();
    for (at, expected) in [
        (0, ""),
        (1, ""),
        (2, "not a valid picture file"),
        (3, "cannot read /no/such.png"),
        (4, "not a valid picture file"),
        (5, "the task's bytes are no base64"),
        (6, "the task has no setting"),
        (7, "there is no codec \"zip\""),
        (9, "a task has 6 fields, this line has 1"),
        (10, "a task has 6 fields, this line has 2"),
        (11, ""),
        (12, "cannot read p"),
    ] {
        assert!(
            errors[at].starts_with(expected) && errors[at].is_empty() == expected.is_empty(),
            "{at}: {}",
            errors[at]
        );
    }
    assert_eq!(cortado::sweep::Row::from_csv(&answers[1][1]).unwrap().input, odd.to_str().unwrap());
    assert_eq!(worker(&[], b"").len(), 0);
}

#[test]
fn a_worker_outlives_what_its_codecs_do() {
    let china = data("china.jpg");
    let task = |number: u32, setting: &str| format!("{number}\t{setting}\tn\t{china}\ts.laff\t\\N\n");
    let faults = ["panic", "abort", "memory", "hang", "error"];
    let mut tasks = String::new();
    for (at, fault) in faults.iter().enumerate() {
        tasks += &task(2 * at as u32, &format!("fault kind={fault}"));
        tasks += &task(2 * at as u32 + 1, "laff quality=20");
    }
    let folder = tempfile::tempdir().unwrap();
    let streams = folder.path().to_str().unwrap();
    let answers = worker(&["--timeout", "3", "--measure", "none", "--streams", streams, "--blobs"], tasks.as_bytes());
    let numbers: Vec<u32> = answers.iter().map(|answer| answer[0].parse().unwrap()).collect();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    let expected = [
        "the codec panicked: a panic on purpose",
        "the codec took its process down (signal: 6 (SIGABRT)",
        "the codec took its process down (signal: 6 (SIGABRT)",
        "the codec did not come back within 3 s",
        "an error on purpose",
    ];
    for (pair, expected) in answers.chunks(2).zip(expected) {
        assert!(error(&pair[0]).starts_with(expected), "{}", error(&pair[0]));
        assert_eq!((error(&pair[1]).as_str(), pair[0][2].as_str()), ("", r"\N"));
        assert_eq!(pair[1][2], base64(&fs::read(folder.path().join("s.laff")).unwrap()));
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize] as char;
            text.push(if at <= group.len() { digit } else { '=' });
        }
    }
    text
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
