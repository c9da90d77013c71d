//! `cortado worker` as clusters meet it.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

fn data(name: &str) -> String {
    format!("{}/../data/photos/{name}", env!("CARGO_MANIFEST_DIR"))
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
    let [_, row, _, _] = answer else { panic!("{answer:?}") };
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
    // What the system did not let be read is no finished row; what is damaged is one.
    let facts: Vec<&str> = answers.iter().map(|answer| answer[3].as_str()).collect();
    assert_eq!((facts[0], facts[2], facts[3], facts[5], facts[12]), ("done", "done", "input", "done", "input"));
    assert_eq!(worker(&[], b"").len(), 0);
}

#[test]
fn a_worker_writes_only_below_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let china = data("china.jpg");
    let absolute = folder.join("absolute");
    let names = ["../x", "a/../../x", "..", "", "/", absolute.to_str().unwrap(), "deep/good.png"];
    let task = |(number, name): (usize, &&str)| format!("{number}\tpalette colors=2\tn\t{china}\t{name}\t\\N\n");
    let tasks: String = names.iter().enumerate().map(task).collect();
    let streams = folder.join("streams");
    let answers = worker(&["--measure", "none", "--streams", streams.to_str().unwrap(), "--blobs"], tasks.as_bytes());
    assert_eq!(answers.len(), names.len());
    let (good, bad) = answers.split_last().unwrap();
    for (answer, name) in bad.iter().zip(names) {
        let expected = format!("the name {name:?} of a compressed file leads out of the folder for them");
        assert_eq!((error(answer), answer[2].as_str(), answer[3].as_str()), (expected, r"\N", "stream"));
    }
    assert_eq!((error(good).as_str(), good[3].as_str()), ("", "done"));
    assert!(streams.join("deep/good.png").is_file());
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing but the folder for compressed files");
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
