//! What `cortado sweep` writes where, and what it leaves alone.

mod common;

use common::{cortado, json, names, refusal, shell, stderr};
use std::fs;
use std::path::Path;

/// A folder with a small picture in a file of every name.
fn pictures(folder: &Path, names: &[&str]) {
    fs::create_dir_all(folder).unwrap();
    for (seed, name) in names.iter().enumerate() {
        let samples = (0..12 * 10 * 3).map(|at| (at * 3 + seed * 40) as u8).collect();
        let png = cortado::Photo::from_rgb(12, 10, samples).unwrap().to_png().unwrap();
        fs::write(folder.join(name), png).unwrap();
    }
}

#[test]
fn inputs_and_the_files_of_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), &["a.png", "a.png.png"]);
    let before = fs::read(folder.join("in/a.png.png")).unwrap();
    for more in [&[][..], &["--force"]] {
        let refused = refusal(folder, &[&["sweep", "in", "-s", "palette", "--streams", "in"], more].concat());
        assert_eq!(refused, "error: in/a.png.png is an input too: keep the compressed files in another folder");
    }
    assert_eq!(fs::read(folder.join("in/a.png.png")).unwrap(), before);
    assert_eq!(names(&folder.join("in")).len(), 2);

    fs::create_dir(folder.join("out")).unwrap();
    fs::write(folder.join("out/a.png.png"), b"precious").unwrap();
    let batch = ["sweep", "in", "-s", "palette", "--streams", "out", "-o", "rows.csv", "--json"];
    let refused = refusal(folder, &batch);
    assert_eq!(refused, "error: out/a.png.png exists and is not of this sweep: --force replaces it");
    assert_eq!(fs::read(folder.join("out/a.png.png")).unwrap(), b"precious");
    assert!(!folder.join("rows.csv.journal").exists() && !folder.join("rows.csv").exists());
    json(folder, &[&batch[..], &["--force"]].concat());
    assert!(fs::read(folder.join("out/a.png.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn tables_that_cannot_be_written_are_refused_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), &["a.png"]);
    fs::create_dir(folder.join("tt.csv")).unwrap();
    for (output, reason) in [
        ("tt.csv", "tt.csv is a folder: name a file in it"),
        ("nodir/x.csv", "cannot write nodir/x.csv: there is no folder nodir"),
        ("in/a.png/x.csv", "cannot write in/a.png/x.csv: there is no folder in/a.png"),
    ] {
        for more in [&[][..], &["--force"]] {
            let refused = refusal(folder, &[&["sweep", "in", "-s", "png", "-o", output], more].concat());
            assert_eq!(refused, format!("error: {reason}"));
        }
    }
    assert_eq!(names(folder).len(), 2, "no journal");
}

#[test]
fn a_table_of_errors_replaces_no_results() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), &["a.png"]);
    json(folder, &["sweep", "in", "-s", "png", "-o", "rows.csv", "--json"]);
    let before = fs::read(folder.join("rows.csv")).unwrap();
    fs::write(folder.join("in/a.png"), b"no picture").unwrap();
    // The same command again is tried again, and has no other end.
    for more in [&["--force"][..], &["--force"], &[]] {
        let output = cortado(folder, &[&["sweep", "in", "-s", "png", "-o", "rows.csv", "--json"], more].concat());
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.starts_with("error: every row failed") && said.ends_with("; rows.csv is as it was\n"), "{said}");
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(summary["output"].is_null() && summary["errors"] == 1);
        assert_eq!(fs::read(folder.join("rows.csv")).unwrap(), before);
    }
    // A table of errors replaces another.
    for gone in ["gone.png", "away.png"] {
        let output = cortado(folder, &["sweep", gone, "-s", "png", "-o", "errors.csv"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(fs::read_to_string(folder.join("errors.csv")).unwrap().contains(gone));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_summary_that_goes_nowhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), &["a.png"]);
    let run = |script: &str| common::failure(&shell(folder, script, &[]));
    for sweep in ["sweep in -s png", "sweep in -s png -o rows.csv", "sweep --codecs"] {
        assert_eq!(
            run(&format!("\"$0\" {sweep} >&-")),
            "error: cannot write to standard output: it is closed",
            "{sweep}"
        );
    }
    assert_eq!(names(folder).len(), 1, "nothing was begun");
    let full = "cannot write to standard output: No space left on device (os error 28)";
    assert_eq!(
        run("\"$0\" sweep in -s png -o rows.csv >/dev/full"),
        format!("error: rows.csv is written as a whole, but its report is not: {full}")
    );
    assert!(folder.join("rows.csv").is_file() && !folder.join("rows.csv.journal").exists());
}

#[test]
fn errors_name_the_option_that_lifts_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), &["a.png"]);
    let output = cortado(folder, &["sweep", "in", "-s", "png", "--max-bytes", "20", "-o", "rows.csv"]);
    let said = stderr(&output);
    assert!(
        said.starts_with("error: every row failed") && said.ends_with(": a larger --max-bytes lifts it\n"),
        "{said}"
    );
    let table = fs::read_to_string(folder.join("rows.csv")).unwrap();
    assert!(table.contains("a larger --max-bytes lifts it") && !table.contains("Limits::"), "{table}");
}

#[test]
#[cfg(target_os = "linux")]
fn an_input_that_there_is_no_memory_for_is_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("in"), &["a.png", "z.png"]);
    // 1 GiB of labels that takes no room on the disk.
    let header = "{'descr': '<u4', 'fortran_order': False, 'shape': (256, 1024, 1024), }";
    fs::write(folder.join("in/big.npy"), format!("{header:<117}\n")).unwrap();
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(fs::read(folder.join("in/big.npy")).unwrap());
    fs::write(folder.join("in/big.npy"), bytes).unwrap();
    fs::File::options().write(true).open(folder.join("in/big.npy")).unwrap().set_len(128 + (1 << 30)).unwrap();
    let script = "ulimit -v 400000; exec \"$0\" sweep in -s raw --measure none --threads 1 -o rows.csv --json";
    let output = shell(folder, script, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let table = cortado::Table::open(folder.join("rows.csv")).unwrap();
    let errors: Vec<String> = table.records().map(|row| row.text("error")).collect();
    assert!(errors[0].is_empty() && errors[1].contains("no memory for") && errors[2].is_empty(), "{errors:?}");

    // In a codec it is the end: one line, and what is done is done.
    for backtrace in ["0", "1"] {
        let _ = fs::remove_file(folder.join("more.csv.journal"));
        let script = format!(
            "exec env RUST_BACKTRACE={backtrace} \"$0\" sweep in/a.png -s png -s 'fault kind=memory' --faults --threads 1 -o more.csv"
        );
        let message = common::failure(&shell(folder, &script, &[]));
        assert!(message.starts_with("error: out of memory: cannot allocate "), "{message}");
        let journal = fs::read_to_string(folder.join("more.csv.journal")).unwrap();
        assert!(journal.lines().count() == 2 && journal.ends_with('\n'), "{journal}");
    }
}

#[test]
#[cfg(unix)]
fn no_name_breaks_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let odd = "d\x1b[31m\nx";
    pictures(&folder.join(odd), &["a\n.png"]);
    fs::write(folder.join(odd).join("a.txt"), b"text").unwrap();
    let output = cortado(folder, &["sweep", odd, "-s", "png", "--measure", "none", "--json"]);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(said, "note: d\\x1b[31m\\x0ax: 1 file is of no kind that is read (.txt 1)\n");
    let input = format!("{odd}/a\n.png");
    for arguments in [
        &["sweep", &input, &input, "-s", "png"][..],
        &["sweep", "e\n*.png", "-s", "png"],
        &["sweep", "hdfs://e\n.png", "-s", "png"],
        &["sweep", odd, "-s", "png", "-o", "a\n.txt"],
        &["sweep", odd, "-s", "png", "-o", "a\n/b.csv"],
    ] {
        let said = refusal(folder, arguments);
        assert!(said.starts_with("error: ") && said.contains("\\x0a") && !said.contains('\x1b'), "{said}");
    }
}
