//! What is written where, and what is left when writing ends early.
#![cfg(unix)]

mod common;

use common::{cortado, failure, json, names, refusal, shell, stderr};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn golden(name: &str) -> String {
    format!("{}/../tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A small picture that is read without a note.
fn picture() -> String {
    golden("rgb.tif")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// An array of so many u32 labels: `random`, or zeros that take no room on the disk.
fn array(path: &Path, shape: [usize; 3], random: bool) {
    let text =
        format!("{{'descr': '<u4', 'fortran_order': False, 'shape': ({}, {}, {}), }}", shape[0], shape[1], shape[2]);
    let mut file = File::create(path).unwrap();
    file.write_all(b"\x93NUMPY\x01\x00\x76\x00").unwrap();
    file.write_all(format!("{text:<117}\n").as_bytes()).unwrap();
    let voxels = shape.iter().product::<usize>();
    if !random {
        return file.set_len(128 + 4 * voxels as u64).unwrap();
    }
    let mut state = 1u64;
    let bytes: Vec<u8> = (0..voxels)
        .flat_map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) as u32).to_le_bytes()
        })
        .collect();
    file.write_all(&bytes).unwrap();
}

#[test]
fn a_replaced_file_keeps_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("plain"), "").unwrap();
    json(folder, &["compress", &picture(), "-o", "a.png", "--json"]);
    assert_eq!(mode(&folder.join("a.png")), mode(&folder.join("plain")));
    let bytes = fs::read(folder.join("a.png")).unwrap();
    for bits in [0o600, 0o640, 0o666] {
        fs::write(folder.join("a.png"), "old").unwrap();
        fs::set_permissions(folder.join("a.png"), fs::Permissions::from_mode(bits)).unwrap();
        json(folder, &["compress", &picture(), "-o", "a.png", "--force", "--json"]);
        assert_eq!((mode(&folder.join("a.png")), fs::read(folder.join("a.png")).unwrap() == bytes), (bits, true));
    }
}

#[test]
fn links_are_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("real")).unwrap();
    fs::write(folder.join("real/a.png"), "old").unwrap();
    symlink("real/a.png", folder.join("link.png")).unwrap();
    let compress =
        |output: &str, force: &[&str]| cortado(folder, &[&["compress", &picture(), "-o", output], force].concat());
    assert!(failure(&compress("link.png", &[])).ends_with("link.png exists: add --force to replace it"));
    assert!(compress("link.png", &["--force"]).status.success());
    assert!(fs::symlink_metadata(folder.join("link.png")).unwrap().is_symlink());
    assert!(fs::read(folder.join("real/a.png")).unwrap().starts_with(b"\x89PNG"));
    symlink("real/b.png", folder.join("dangling.png")).unwrap();
    assert!(compress("dangling.png", &[]).status.success());
    assert!(fs::read(folder.join("real/b.png")).unwrap().starts_with(b"\x89PNG"));
    symlink("round.png", folder.join("round.png")).unwrap();
    for force in [&[][..], &["--force"]] {
        assert!(failure(&compress("round.png", force)).contains("round.png is a link that leads nowhere"));
    }
    assert_eq!((names(folder).len(), names(&folder.join("real")).len()), (4, 2));
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(Command::new("mkfifo").arg(folder.join("pipe.png")).status().unwrap().success());
    symlink("pipe.png", folder.join("link.png")).unwrap();
    symlink("/dev/null", folder.join("device.png")).unwrap();
    fs::create_dir(folder.join("folder.png")).unwrap();
    for (output, what) in [
        ("pipe.png", "error: pipe.png is a named pipe: use `-o -`"),
        ("link.png", "error: link.png is a named pipe: use `-o -`"),
        ("device.png", "error: device.png is a device: use `-o -`"),
        ("folder.png", "error: folder.png is a folder: name a file in it"),
    ] {
        for force in [&[][..], &["--force"]] {
            for command in [["compress", &picture()], ["decompress", &golden("indexed4.png")]] {
                let message = refusal(folder, &[&command[..], &["-o", output], force].concat());
                assert!(message.starts_with(what), "{message}");
            }
        }
    }
    assert_eq!(names(folder).len(), 4);
}

#[test]
fn names_as_long_as_they_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let name = format!("{}.png", "n".repeat(251));
    for force in [&[][..], &["--force"]] {
        let output = cortado(folder, &[&["compress", &picture(), "-o", &name], force].concat());
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(names(folder), [folder.join(&name)]);
}

#[test]
fn what_dead_processes_left_goes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join(".cortado-4294967295-0.part"), "half").unwrap();
    fs::write(folder.join(".cortado-notes.part"), "whole").unwrap();
    json(folder, &["compress", &picture(), "-o", "a.png", "--json"]);
    let mut left = names(folder);
    left.sort();
    assert_eq!(left, [folder.join(".cortado-notes.part"), folder.join("a.png")]);
}

#[test]
fn a_signal_ends_it_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    array(&folder.join("big.npy"), [32, 512, 512], true);
    let start = |script: &str| {
        let mut command = Command::new("sh");
        command.current_dir(folder).args(["-c", script, env!("CARGO_BIN_EXE_cortado")]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(400));
        child
    };
    let send = |signal: &str, process: u32| {
        assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
    };
    let compress = "exec \"$0\" compress big.npy -o out.ristretto --level max";
    // Those that the tests were told to ignore, as in the background of a script, the command ignores too.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let signals = [("-INT", 2), ("-TERM", 15), ("-HUP", 1)];
    for (name, number) in signals.into_iter().filter(|(_, number)| (ignored.unwrap_or(0) >> (number - 1)) & 1 == 0) {
        let mut child = start(compress);
        assert!(child.try_wait().unwrap().is_none(), "it ends too soon to be stopped");
        send(name, child.id());
        assert_eq!(child.wait().unwrap().signal(), Some(number), "{name}");
        assert_eq!(names(folder), [folder.join("big.npy")], "{name}");
    }
    // As under nohup.
    let mut child = start(&format!("trap '' HUP; {compress}"));
    send("-HUP", child.id());
    std::thread::sleep(Duration::from_millis(200));
    assert!(child.try_wait().unwrap().is_none());
    send("-TERM", child.id());
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    // The file that a process left which had no time for anything.
    let mut child = start(compress);
    fs::write(folder.join(format!(".cortado-{}-0.part", child.id())), "half").unwrap();
    send("-KILL", child.id());
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    json(folder, &["compress", &picture(), "-o", "a.png", "--json"]);
    assert_eq!(names(folder).len(), 2);
}

#[test]
fn standard_output_that_takes_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let closed = "error: cannot write to standard output: it is closed";
    for (to, expected) in [
        (">&-", Some(closed)),
        ("<&- >&-", Some(closed)),
        (">/dev/full", Some("error: cannot write to standard output: No space left on device (os error 28)")),
        (">/dev/null", None),
        // As Python's subprocess.DEVNULL is opened.
        ("1<>/dev/null", None),
    ] {
        for (input, extension) in [(picture(), "png"), (golden("labels/nuclei_u16.npy"), "cpso.xz")] {
            let output = shell(folder, &format!("\"$0\" compress \"$1\" -o - --to \"$2\" {to}"), &[&input, extension]);
            match expected {
                Some(line) => assert_eq!(failure(&output), line, "{to}"),
                None => assert!(output.status.success(), "{to}: {}", stderr(&output)),
            }
        }
        let output = shell(folder, &format!("\"$0\" decompress \"$1\" -o - --to tif {to}"), &[&golden("indexed4.png")]);
        assert_eq!(output.status.code(), Some(i32::from(expected.is_some())), "{to}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_cortado"));
    let mut child = command
        .args(["compress", &picture(), "-o", "-", "--to", "png"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let message = failure(&child.wait_with_output().unwrap());
    assert_eq!(message, "error: cannot write to standard output: Broken pipe (os error 32)");
    assert!(names(folder).is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_that_goes_nowhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let closed = "error: cannot write to standard output: it is closed";
    for script in ["\"$0\" info \"$1\" >&-", "\"$0\" compress \"$1\" -o a.png >&-"] {
        assert_eq!(failure(&shell(folder, script, &[&picture()])), closed, "{script}");
    }
    assert!(names(folder).is_empty());
    let full = "cannot write to standard output: No space left on device (os error 28)";
    let script = "\"$0\" info \"$1\" >/dev/full";
    assert_eq!(failure(&shell(folder, script, &[&picture()])), format!("error: {full}"));
    // The file is there, which the line says.
    let script = "\"$0\" compress \"$1\" -o a.png >/dev/full";
    let message = failure(&shell(folder, script, &[&picture()]));
    assert_eq!(message, format!("error: a.png is written as a whole, but its report is not: {full}"));
    assert!(fs::read(folder.join("a.png")).unwrap().starts_with(b"\x89PNG"));
}

/// Runs the command on names that are no text.
fn run(folder: &Path, arguments: &[&OsStr]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cortado")).current_dir(folder).args(arguments).output().unwrap()
}

#[test]
fn names_that_are_no_utf8() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let name = |bytes: &[u8]| OsString::from(OsStr::from_bytes(bytes));
    let text = OsStr::new;
    for (from, input, packed, unpacked) in [
        (picture(), name(b"\xfeein.tif"), name(b"\xfepacked.png"), name(b"\xfeout.tif")),
        (picture(), name(b"\xc3\x28.tif"), name(b"\xc3\x28.laff"), name(b"\xc3\x28.png")),
        (golden("labels/nuclei_u16.npy"), name(b"\xff.npy"), name(b"\xff.cpso.xz"), name(b"\xff.out.npy")),
        (golden("labels/nuclei_u16.npy"), name(b"b\xff.npy"), name(b"b\xff.ristretto"), name(b"b\xff.out.npz")),
    ] {
        fs::copy(from, folder.join(&input)).unwrap();
        for arguments in [
            [text("compress"), &input, text("-o"), &packed, text("--json")],
            [text("decompress"), &packed, text("-o"), &unpacked, text("--json")],
        ] {
            let output = run(folder, &arguments);
            assert!(output.status.success(), "{}", stderr(&output));
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(report["output"], cortado::file::shown(arguments[3]));
        }
        for file in [&input, &packed, &unpacked] {
            let output = run(folder, &[text("info"), file]);
            assert!(output.status.success(), "{}", stderr(&output));
            let line = String::from_utf8(output.stdout).unwrap();
            assert!(line.starts_with(&format!("{}: ", cortado::file::shown(file))), "{line}");
        }
    }
    let message = failure(&run(folder, &[text("info"), &name(b"gone\xff.png")]));
    assert_eq!(message, r"error: cannot read gone\xff.png: No such file or directory (os error 2)");
}

#[test]
fn control_characters_of_names_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let odd = "a\x1b[31m\n\u{202e}b.png";
    let shown = r"a\x1b[31m\x0a\u{202e}b.png";
    let output = cortado(folder, &["compress", &picture(), "-o", odd]);
    assert!(output.status.success() && folder.join(odd).exists());
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.starts_with(shown) && line.lines().count() == 1, "{line}");
    assert_eq!(
        refusal(folder, &["compress", &picture(), "-o", odd]),
        format!("error: {shown} exists: add --force to replace it")
    );
    let message = refusal(folder, &["compress", "gone\x1b\n.png", "-o", "b.png"]);
    assert_eq!(message, r"error: cannot read gone\x1b\x0a.png: No such file or directory (os error 2)");
    // In JSON the name is whole.
    assert_eq!(json(folder, &["info", odd, "--json"])["input"], odd);
    fs::write(folder.join("x\x07.png"), "no picture").unwrap();
    for arguments in [["info", "x\x07.png"].to_vec(), vec!["compress", "x\x07.png", "-o", "c.png"]] {
        assert!(!refusal(folder, &arguments).chars().any(char::is_control));
    }
}

#[test]
fn without_memory_there_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // 1 GiB that is not there.
    array(&folder.join("zeros.npy"), [256, 1024, 1024], false);
    let zeros = cortado::Volume::from_vec([64, 1024, 1024], vec![0u32; 64 << 20]).unwrap();
    let options = cortado::ristretto::RistrettoOptions::new().level(cortado::ristretto::Level::Fast);
    fs::write(folder.join("zeros.ristretto"), cortado::ristretto::encode(&zeros, &options).unwrap()).unwrap();
    drop(zeros);
    for arguments in [
        ["compress", "zeros.npy", "-o", "out.ristretto"],
        ["compress", "zeros.npy", "-o", "out.cpso"],
        ["decompress", "zeros.ristretto", "-o", "out.npy"],
        ["decompress", "zeros.ristretto", "-o", "out.npz"],
    ] {
        for backtrace in ["0", "1"] {
            let script = format!("ulimit -v 250000; exec env RUST_BACKTRACE={backtrace} \"$0\" \"$@\" --threads 1");
            let message = failure(&shell(folder, &script, &arguments));
            assert!(message.contains("memory") && !message.contains("panicked"), "{message}");
        }
    }
    assert_eq!(names(folder).len(), 2);
}

#[test]
fn limits_name_the_option_that_lifts_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let length = fs::metadata(picture()).unwrap().len();
    let message = refusal(folder, &["compress", &picture(), "-o", "a.png", "--max-bytes", "100"]);
    assert!(message.ends_with(&format!(": --max-bytes {length} would do")), "{message}");
    let output = shell(folder, "cat \"$1\" | \"$0\" compress - -o a.png --max-bytes 100", &[&picture()]);
    assert!(failure(&output).ends_with(": a larger --max-bytes lifts it"));
}

#[test]
fn no_cell_of_a_table_is_a_formula() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::copy(golden("grey.png"), folder.join("=1+1.png")).unwrap();
    json(folder, &["sweep", "=1+1.png", "-s", "png", "--measure", "none", "-o", "t.csv", "--json"]);
    let text = fs::read_to_string(folder.join("t.csv")).unwrap();
    assert!(text.lines().nth(1).unwrap().starts_with("\"'=1+1.png\","), "{text}");
    let table = cortado::Table::open(folder.join("t.csv")).unwrap();
    assert_eq!(table.rows()[0][0], cortado::table::Cell::from("=1+1.png"));
}
