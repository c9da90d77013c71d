//! Sweeps: rows that do not depend on threads, errors that stay rows, journals that are gone on from, tables that
//! answer.

use cortado::codec::Data;
use cortado::palette::fit_with_opacity;
use cortado::prelude::*;
use cortado::sweep::{Outcome, Row, Source, TIMES, register_fault};
use cortado::table::Cell;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

mod common;
use common::labels::mixed;
use common::{data, golden, scratch};

fn photo(height: usize, width: usize, seed: u64) -> Photo {
    let samples = (0..height * width * 3).map(|at| (at as u64 / 7 % 200 + mixed(seed << 32 | at as u64) % 40) as u8);
    Photo::from_rgb(height, width, samples.collect()).unwrap()
}

/// Every codec on what it takes, in memory.
fn everything() -> Sweep {
    let tissue = TissueOptions::new([3, 20, 30]).seed(1).generate().unwrap();
    let settings = [
        "palette colors=4|16 dither=none|blue-noise",
        "palette colors=8 spatial=10 effort=best space=oklab",
        "laff quality=30|80 profile=mse|visual",
        "laff psnr=30 full_chroma=true",
        "laff max_bytes=2000 slice_rows=16",
        "svd rank=3|6 planes=ycbcr|rgb|luma|hsv chroma_rank=2 clusters=16",
        "femto ranks=4,4,8 colors=64 thinning=5,4",
        "png",
        "jpeg quality=50|90",
        "compresso steps=4,4,1|8,8,1 connectivity=4|6 second=xz|zstd",
        "compresso index=false",
        "ristretto level=fast|max restart=2",
        "neuroglancer block=4,8,8 second=gzip level=9",
        "raw second=bzip2",
        "raw",
    ];
    let sweep = Sweep::new().input("photo", photo(33, 29, 1)).input("tissue", tissue);
    let sweep = sweep.input("grey", photo(16, 17, 2).to_grey());
    settings.iter().fold(sweep, |sweep, grid| sweep.settings(grid).unwrap())
}

#[test]
fn rows_do_not_depend_on_threads() {
    let one = everything().run(&Threads::new().threads(1)).unwrap();
    for threads in [2, 5] {
        let other = everything().run(&Threads::new().threads(threads)).unwrap();
        assert_eq!(other.without(&TIMES), one.without(&TIMES), "{threads} threads");
    }
    assert_eq!(one.len(), everything().len());
    let errors = one.where_present(&["error"]).unwrap().len();
    let note = format!("{errors} rows have errors only because their codecs are not for their kind of input");
    assert_eq!(outcome(&everything().measures(Measures::NONE)).notes, [note]);
    let photos = |row: &cortado::table::Record| row.text("codec") != "raw" && row.text("input") != "tissue";
    for row in one.records() {
        let codec = row.text("codec");
        let is_for_labels = ["compresso", "ristretto", "neuroglancer"].contains(&codec.as_str());
        let fits = codec == "raw" || (row.text("input") == "tissue") == is_for_labels;
        assert_eq!(row.text("error").is_empty(), fits, "{row:?}");
        if fits && (is_for_labels || ["png", "raw"].contains(&codec.as_str())) {
            assert_eq!(row.text("exact"), "yes", "{row:?}");
        }
        if fits && photos(&row) {
            assert!(row.number("psnr_db") > Some(10.0) && row.number("ssim").is_some(), "{row:?}");
        }
    }
}

#[test]
fn a_rows_figures_are_those_of_the_codec() {
    let china = Photo::open(data("photos/china.jpg")).unwrap();
    let table =
        Sweep::new().input("china", china.clone()).settings("laff quality=60").unwrap().run(&Threads::new()).unwrap();
    let (bytes, decoded) = laff::encode_with_photo(&china, &LaffOptions::new().quality(60.0)).unwrap();
    let row = table.records().next().unwrap();
    assert_eq!(row.cell("bytes"), Some(&Cell::Int(bytes.len() as u64)));
    assert_eq!(row.text("crc32"), format!("{:08x}", crc32(&bytes)));
    assert_eq!(row.number("ratio"), Some(compression_ratio(china.samples().len(), bytes.len())));
    assert_eq!(row.number("bits_per_pixel"), Some(bits_per_pixel(bytes.len(), china.pixels())));
    assert_eq!(row.number("psnr_db"), Some(psnr(&china, &decoded).unwrap()));
    assert_eq!(row.number("ssim"), Some(ssim(&china, &decoded).unwrap()));
    assert_eq!(row.number("ssimulacra2"), Some(ssimulacra2(&china, &decoded).unwrap()));
    assert_eq!((row.text("exact"), row.text("error")), ("no".into(), String::new()));
    assert!(row.number("encode_ms") > Some(0.0) && row.number("decode_ms") > Some(0.0));
    let none = Sweep::new().input("china", china).settings("png").unwrap().measures(Measures::NONE);
    let row = none.run(&Threads::new()).unwrap();
    assert_eq!(row.where_present(&["decode_ms"]).unwrap().len(), 0);
}

/// CRC-32 by the polynomial.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[test]
fn bad_inputs_and_faults_are_rows() {
    register_fault();
    let folder = scratch("sweep_bad");
    fs::write(folder.join("a.png"), photo(5, 5, 1).to_png().unwrap()).unwrap();
    fs::write(folder.join("b.png"), b"no picture").unwrap();
    fs::write(folder.join("c.png"), b"").unwrap();
    fs::write(folder.join("notes.txt"), b"not looked at").unwrap();
    let last = Arc::new(Mutex::new(None));
    let kept = last.clone();
    let sweep = Sweep::new().files(folder.to_str().unwrap()).unwrap().inputs([Input::file(folder.join("gone.png"))]);
    let sweep = sweep.settings("png").unwrap().settings("fault kind=error|panic").unwrap();
    let table = sweep.watch(move |progress| *kept.lock().unwrap() = Some(*progress)).run(&Threads::new()).unwrap();
    let progress = last.lock().unwrap().unwrap();
    assert_eq!((progress.done, progress.total, progress.errors, progress.missing), (12, 12, 11, 0));
    let error = |input: &str, codec: &str| {
        let rows = table.filter(|row| row.text("input").ends_with(input) && row.text("codec") == codec);
        rows.records().next().unwrap().text("error")
    };
    assert_eq!(error("a.png", "png"), "");
    assert!(error("b.png", "png").contains("PNG"), "{}", error("b.png", "png"));
    assert!(error("gone.png", "png").starts_with("cannot read "));
    let faults = table.only("codec", "fault").unwrap();
    let of_a = faults.filter(|row| row.text("input").ends_with("a.png"));
    let errors: Vec<String> = of_a.records().map(|row| row.text("error")).collect();
    assert_eq!(errors, ["an error on purpose", "the codec panicked: a panic on purpose"]);
}

#[test]
fn a_stopped_sweep_goes_on_where_it_was() {
    let folder = scratch("sweep_journal");
    let journal = folder.join("journal.csv");
    let inputs = (0..6).map(|seed| Input::memory(format!("p\"{seed},\n"), photo(12, 14, seed)));
    let sweep = Sweep::new().inputs(inputs).settings("palette colors=2|4|8").unwrap();
    let whole = sweep.clone().run(&Threads::new()).unwrap();
    let journalled = sweep.journal(&journal);
    assert_eq!(journalled.run(&Threads::new()).unwrap().without(&TIMES), whole.without(&TIMES));
    let complete = fs::read(&journal).unwrap();
    let header = complete.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    // Cut anywhere, even inside the header, nothing is lost but what was cut, and the file is whole again.
    for cut in [0, 5, header - 1, header, header + 3, complete.len() / 2, complete.len() - 1, complete.len()] {
        fs::write(&journal, &complete[..cut]).unwrap();
        let lines = complete[..cut].split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n")).count();
        let (resumed, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (first, count) = (resumed.clone(), asked.clone());
        let again = journalled.clone().watch(move |progress| {
            first.store(progress.resumed, Ordering::Relaxed);
            count.fetch_add(1, Ordering::Relaxed);
        });
        let table = again.run(&Threads::new().threads(1)).unwrap();
        assert_eq!(table.without(&TIMES), whole.without(&TIMES), "cut at {cut}");
        let known = lines.saturating_sub(1);
        assert_eq!(resumed.load(Ordering::Relaxed), known, "cut at {cut}");
        assert_eq!(asked.load(Ordering::Relaxed), 1 + whole.len() - known, "cut at {cut}");
        assert_eq!(fs::read_to_string(&journal).unwrap().lines().count(), 1 + whole.len());
    }
    let other = folder.join("other.csv");
    fs::write(&other, "\"something\"\n1\n").unwrap();
    let refused = journalled.journal(&other).run(&Threads::new()).unwrap_err().to_string();
    assert!(refused.ends_with("is there and is no journal of a sweep"), "{refused}");
    assert_eq!(fs::read_to_string(&other).unwrap(), "\"something\"\n1\n");
}

fn outcome(sweep: &Sweep) -> Outcome {
    sweep.outcome(&Threads::new()).unwrap()
}

/// A folder `in` with small pictures of which one is broken.
fn pictures(folder: &std::path::Path, count: u64) -> std::path::PathBuf {
    let inputs = folder.join("in");
    fs::create_dir_all(&inputs).unwrap();
    for seed in 0..count {
        fs::write(inputs.join(format!("{seed}.png")), photo(12, 14, seed).to_png().unwrap()).unwrap();
    }
    fs::write(inputs.join("broken.png"), b"no picture").unwrap();
    inputs
}

#[test]
fn a_row_is_done_again_when_what_it_depends_on_has_changed() {
    let folder = scratch("sweep_depends");
    let inputs = pictures(&folder, 4);
    let plain = || Sweep::new().files(&inputs).unwrap().settings("palette colors=2|4").unwrap();
    let sweep = |measures| plain().measures(measures).journal(folder.join("rows.csv"));
    let resumed = |sweep: &Sweep| outcome(sweep).progress.resumed;
    assert_eq!(resumed(&sweep(Measures::PSNR)), 0);
    assert_eq!(resumed(&sweep(Measures::PSNR)), 10);

    // More is to be measured than was; then less, and what was measured besides is not in the table.
    let all = outcome(&sweep(Measures::ALL));
    assert_eq!((all.progress.resumed, all.table.where_present(&["ssim"]).unwrap().len()), (0, 8));
    for (measures, absent) in [(Measures::PSNR, "ssim"), (Measures::NONE, "psnr_db"), (Measures::NONE, "decode_ms")] {
        let less = outcome(&sweep(measures));
        assert!(less.progress.resumed >= 8, "{measures}");
        assert_eq!(less.table.where_present(&[absent]).unwrap().len(), 0, "{measures}");
        let fresh = plain().measures(measures).run(&Threads::new()).unwrap();
        assert_eq!(less.table.without(&TIMES), fresh.without(&TIMES), "{measures}");
    }
    assert_eq!(resumed(&sweep(Measures::ALL)), 8);

    // Errors hold under the limits that they came under.
    let limited = || sweep(Measures::ALL).limits(Limits::new().bytes(1 << 30));
    assert_eq!(resumed(&limited()), 8);
    assert_eq!(resumed(&limited()), 10);

    // A file of another size, and one of another time.
    fs::write(inputs.join("1.png"), photo(13, 14, 9).to_png().unwrap()).unwrap();
    let changed = outcome(&limited());
    assert_eq!(changed.progress.resumed, 8);
    assert_eq!(changed.table.without(&TIMES), plain().run(&Threads::new()).unwrap().without(&TIMES));
    let file = fs::File::options().write(true).open(inputs.join("2.png")).unwrap();
    file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(7)).unwrap();
    assert_eq!(resumed(&limited()), 8);
    assert_eq!(resumed(&limited()), 10);

    // Compressed files that were not asked for before; then some that are gone, cut off or altered.
    let out = folder.join("out");
    let kept = || limited().streams(&out);
    let names = ["0.png", "1.png", "2.png", "3.png"].map(|name| out.join(format!("{name}.palette_colors=4.png")));
    assert_eq!((resumed(&kept()), fs::read_dir(&out).unwrap().count()), (2, 8));
    assert_eq!(resumed(&kept()), 10);
    let before = names.each_ref().map(|name| fs::read(name).unwrap());
    fs::remove_file(&names[0]).unwrap();
    fs::write(&names[1], &before[1][..before[1].len() - 1]).unwrap();
    let mut altered = before[2].clone();
    *altered.last_mut().unwrap() ^= 1;
    fs::write(&names[2], altered).unwrap();
    assert_eq!(resumed(&kept()), 7);
    assert_eq!(names.each_ref().map(|name| fs::read(name).unwrap()), before);

    // Values in memory are known by what they hold.
    let value = |seed| {
        let sweep = Sweep::new().input("p", photo(5, 6, seed)).settings("png").unwrap();
        resumed(&sweep.journal(folder.join("memory.csv")))
    };
    assert_eq!([value(1), value(1), value(2), value(2), value(1)], [0, 1, 0, 1, 0]);
}

#[test]
fn journals_that_tell_too_little_are_refused() {
    let folder = scratch("sweep_old_journal");
    let journal = folder.join("rows.csv");
    let sweep = Sweep::new().input("a", photo(3, 3, 1)).settings("png").unwrap().journal(&journal);
    let old = format!("{}{}", Row::csv_header(), Row::failed("a", "png", "").to_csv());
    let newer = "\"cortado journal 3\",\"input\"\n";
    for (text, message) in [
        (old.as_str(), "is a journal of an earlier version, which does not tell of which files its rows are"),
        (newer, "is a journal of another version: remove it, and the sweep begins anew"),
    ] {
        fs::write(&journal, text).unwrap();
        let refused = sweep.run(&Threads::new()).unwrap_err().to_string();
        assert!(refused.contains(message) && refused.starts_with(journal.to_str().unwrap()), "{refused}");
        assert_eq!(fs::read_to_string(&journal).unwrap(), text);
    }
}

#[test]
#[cfg(unix)]
fn a_journal_is_a_file_of_its_own() {
    let folder = scratch("sweep_special_journal");
    let [fifo, link, dangling, sub] = ["fifo", "link", "dangling", "sub"].map(|name| folder.join(name));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    fs::write(folder.join("precious"), b"").unwrap();
    std::os::unix::fs::symlink("precious", &link).unwrap();
    std::os::unix::fs::symlink("nothing", &dangling).unwrap();
    fs::create_dir(&sub).unwrap();
    let kinds = [
        (fifo, "a FIFO"),
        (link, "a symbolic link"),
        (dangling, "a symbolic link"),
        (sub, "a folder"),
        ("/dev/null".into(), "a device"),
    ];
    for (path, kind) in kinds {
        let sweep = Sweep::new().input("a", photo(3, 3, 1)).settings("png").unwrap().journal(&path);
        let refused = sweep.run(&Threads::new()).unwrap_err().to_string();
        assert_eq!(refused, format!("{} is {kind}, and the journal of a sweep is a file of its own", path.display()));
    }
    assert_eq!(fs::read(folder.join("precious")).unwrap(), b"");
    assert!(!folder.join("nothing").exists());
}

#[test]
fn what_may_succeed_the_next_time_is_no_finished_row() {
    let folder = scratch("sweep_unfinished");
    let (inputs, out) = (pictures(&folder, 2), folder.join("out"));
    let gone = inputs.join("gone.png");
    let sweep = Sweep::new().files(&inputs).unwrap().inputs([Input::file(&gone)]).settings("png").unwrap();
    let sweep = sweep.journal(folder.join("rows.csv")).streams(&out);
    // A folder is where a file is to be.
    fs::create_dir_all(out.join("1.png.png")).unwrap();
    let refused = sweep.outcome(&Threads::new()).unwrap_err().to_string();
    assert!(
        refused.ends_with("1.png.png exists and is not of this sweep: Sweep::replace(true) replaces it"),
        "{refused}"
    );
    assert!(!folder.join("rows.csv").exists());
    let first = outcome(&sweep.clone().replace(true));
    assert_eq!((first.progress.done, first.progress.errors, first.progress.missing), (4, 3, 0));
    assert_eq!(first.lost.len(), 1);
    assert_eq!(first.lost[0].name, "1.png.png");
    assert!(first.lost[0].reason.contains("1.png.png"), "{}", first.lost[0].reason);
    assert_eq!(fs::read_to_string(folder.join("rows.csv")).unwrap().lines().count(), 2 + 2);
    fs::remove_dir(out.join("1.png.png")).unwrap();
    fs::write(&gone, photo(5, 5, 5).to_png().unwrap()).unwrap();
    let second = outcome(&sweep);
    assert_eq!((second.progress.resumed, second.progress.errors, second.lost.len()), (2, 1, 0));
    assert!(["0.png", "1.png", "gone.png"].iter().all(|name| out.join(format!("{name}.png")).is_file()));
    assert_eq!(outcome(&sweep).progress.resumed, 4);
}

/// A backend whose compressed files do not last.
struct Careless;

impl Backend for Careless {
    fn run(
        &self,
        job: &cortado::sweep::Job,
        deliver: &(dyn Fn(cortado::sweep::Done) -> cortado::Result<()> + Sync),
    ) -> cortado::Result<()> {
        let source = Source::from(Data::from(photo(4, 4, 1)));
        for task in job.tasks {
            let done = job.trial(task, Ok(&source));
            fs::remove_file(job.streams.unwrap().join(job.stream_name(task))).unwrap();
            deliver(done)?;
        }
        Ok(())
    }
}

#[test]
fn a_row_without_its_compressed_file_is_an_error() {
    let folder = scratch("sweep_careless");
    let sweep = Sweep::new().input("a", photo(4, 4, 1)).settings("palette colors=1..3").unwrap();
    let sweep = sweep.journal(folder.join("rows.csv")).streams(folder.join("out"));
    let careless = sweep.outcome(&Careless).unwrap();
    assert_eq!((careless.progress.errors, careless.lost.len()), (3, 3));
    assert_eq!(careless.lost[0].name, "a.palette_colors=1.png");
    let reason = "the compressed file is not there or not whole";
    assert!(careless.rows.iter().all(|row| row.error.as_deref() == Some(reason)));
    let careful = outcome(&sweep);
    assert_eq!((careful.progress.resumed, careful.progress.errors, careful.lost.len()), (0, 0, 0));
}

#[test]
fn transparency_is_kept_or_told() {
    let folder = scratch("sweep_transparency");
    let inputs = folder.join("in");
    fs::create_dir_all(&inputs).unwrap();
    let transparent = ["grey_alpha.png", "rgba.png"];
    for name in transparent.into_iter().chain(["grey16.png"]) {
        fs::write(inputs.join(name), golden(name)).unwrap();
    }
    fs::write(inputs.join("opaque.png"), photo(9, 8, 1).to_png().unwrap()).unwrap();
    let out = folder.join("out");
    let sweep = Sweep::new().files(&inputs).unwrap().settings("palette colors=8").unwrap();
    let sweep = sweep.settings("laff quality=90").unwrap().settings("png").unwrap().settings("raw").unwrap();
    let sweep = sweep.streams(&out).journal(folder.join("rows.csv"));
    let found = outcome(&sweep);
    assert_eq!(found.progress.errors, 0);
    for name in transparent {
        let bytes = golden(name);
        let (photo, _, opacity) = Photo::decode_with_opacity(&bytes, &Limits::new()).unwrap();
        let options = PaletteOptions::new().colors(8);
        let indexed = fit_with_opacity(&photo, opacity.as_ref(), &options, &QuantizeOptions::new()).unwrap();
        let kept = fs::read(out.join(format!("{name}.palette_colors=8.png"))).unwrap();
        assert_eq!(kept, indexed.to_png_with(Effort::Fast).unwrap(), "{name}");
        let (_, _, after) = Photo::decode_with_opacity(&kept, &Limits::new()).unwrap();
        assert_eq!(after.unwrap().mapv(|alpha| alpha < 128), opacity.unwrap().mapv(|alpha| alpha < 128), "{name}");
        assert_eq!(fs::read(out.join(format!("{name}.png.png"))).unwrap(), photo.to_png().unwrap(), "{name}");
    }
    // What reading gave up is not in any file, whatever the codec.
    for row in found.table.records() {
        let is_whole =
            row.text("input").ends_with("opaque.png") && ["png", "raw"].contains(&row.text("codec").as_str());
        assert_eq!(row.text("exact"), if is_whole { "yes" } else { "no" }, "{row:?}");
    }
    let over_white = "2 inputs with laff, png, raw: transparency was laid over white";
    assert!(found.notes.iter().any(|note| note == over_white), "{:?}", found.notes);
    assert!(found.notes.iter().any(|note| note.starts_with("2 inputs with palette: half transparent")));
    assert!(found.notes.iter().any(|note| note.starts_with("1 input: ")), "{:?}", found.notes);
    let again = outcome(&sweep);
    assert_eq!((again.progress.resumed, again.notes), (16, found.notes));
}

#[test]
fn what_no_reader_takes_is_counted() {
    let folder = scratch("sweep_left_out");
    fs::create_dir_all(folder.join("in/deep")).unwrap();
    let tissue = Data::from(TissueOptions::new([3, 20, 30]).seed(3).generate().unwrap());
    let (npy, _) = tissue.to_file().unwrap();
    fs::write(folder.join("in/deep/tissue.npy.gz"), SecondStage::Gzip.encode(&npy, None).unwrap()).unwrap();
    fs::write(folder.join("in/A.PNG"), photo(5, 5, 1).to_png().unwrap()).unwrap();
    for name in ["a.txt", "deep/b.TXT", "read.md", ".hidden.png", "LICENSE"] {
        fs::write(folder.join("in").join(name), b"text").unwrap();
    }
    let found = Input::search(folder.join("in")).unwrap();
    let names: Vec<&str> = found.inputs.iter().map(|input| input.name.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["A.PNG", "tissue.npy.gz"]);
    let kinds = [(".txt", 2), (".md", 1), ("hidden", 1), ("without an extension", 1)];
    assert_eq!(found.skipped, kinds.map(|(kind, count)| (kind.to_owned(), count)));
    let table = Sweep::new().inputs(found.inputs).settings("raw second=xz").unwrap().run(&Threads::new()).unwrap();
    assert!(table.records().all(|row| row.text("exact") == "yes"));
    assert_eq!(table.numbers("raw_bytes").unwrap(), [75.0, tissue.raw_bytes() as f64]);
    fs::create_dir(folder.join("none")).unwrap();
    fs::write(folder.join("none/a.txt"), b"text").unwrap();
    let refused = Input::find(folder.join("none")).unwrap_err().to_string();
    let reason = "none holds no picture, label volume or stream: 1 file is of no kind that is read (.txt 1)";
    assert!(refused.ends_with(reason), "{refused}");
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_are_no_utf8_are_swept_like_others() {
    use std::os::unix::ffi::OsStrExt;
    let folder = scratch("sweep_foreign_names");
    let inputs = folder.join("in");
    fs::create_dir(&inputs).unwrap();
    for (seed, name) in [&b"\xFF.png"[..], b"\xFE.png", b"plain.png"].into_iter().enumerate() {
        let path = inputs.join(std::ffi::OsStr::from_bytes(name));
        fs::write(path, photo(6, 7, seed as u64).to_png().unwrap()).unwrap();
    }
    let expected = ["\\xFE.png", "\\xFF.png", "plain.png"];
    for path in [inputs.clone(), inputs.join("*.png"), folder.join("*/*.png"), folder.join("**/*.png")] {
        let found = Input::find(&path).unwrap();
        let mut names: Vec<&str> = found.iter().map(|input| input.name.rsplit('/').next().unwrap()).collect();
        names.sort();
        assert_eq!(names, expected, "{}", path.display());
    }
    let out = folder.join("out");
    let sweep = Sweep::new().files(&inputs).unwrap().settings("png").unwrap().streams(&out);
    let found = outcome(&sweep.journal(folder.join("rows.csv")));
    assert_eq!((found.progress.errors, found.lost.len()), (0, 0));
    assert!(expected.iter().all(|name| out.join(format!("{name}.png")).is_file()));
    let spark = Sweep::new().files(&inputs).unwrap().settings("png").unwrap().run(&Spark::new("sc://nowhere"));
    assert!(spark.unwrap_err().to_string().ends_with("a path that is no UTF-8 cannot be swept on Spark"));
}

#[test]
fn compressed_files_are_kept() {
    let folder = scratch("sweep_streams");
    fs::create_dir_all(folder.join("in/deep")).unwrap();
    for (seed, name) in ["in/a.png", "in/deep/b.png"].iter().enumerate() {
        fs::write(folder.join(name), photo(8, 9, seed as u64).to_png().unwrap()).unwrap();
    }
    let input = folder.join("in");
    let sweep = Sweep::new().files(input.to_str().unwrap()).unwrap().settings("laff quality=50").unwrap();
    sweep.clone().streams(folder.join("one")).run(&Threads::new()).unwrap();
    let photo_a = Photo::open(input.join("a.png")).unwrap();
    let expected = laff::encode(&photo_a, &LaffOptions::new().quality(50.0)).unwrap();
    assert_eq!(fs::read(folder.join("one/a.png.laff")).unwrap(), expected);
    assert!(folder.join("one/deep/b.png.laff").is_file());
    let several = sweep.settings("compresso second=xz").unwrap().settings("png").unwrap();
    several.streams(folder.join("more")).run(&Threads::new()).unwrap();
    let mut names: Vec<String> = fs::read_dir(folder.join("more"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["a.png.laff_quality=50.laff", "a.png.png.png", "deep"]);
}

#[test]
fn settings_are_checked_before_anything_runs() {
    for (text, message) in [
        ("", "a setting begins with a codec's name"),
        ("zip", "there is no codec \"zip\": expected one of palette, laff, svd"),
        ("laff quality", "expected name=value, found \"quality\" in \"laff quality\""),
        ("laff colors=3", "laff has no parameter \"colors\": expected one of quality, psnr"),
        ("png level=3", "png has no parameter \"level\": it has none"),
        ("laff quality=high", "laff quality must be 0 to 100, but is high"),
        ("laff quality=101", "laff quality must be 0 to 100, but is 101"),
        ("laff quality=3 quality=4", "laff is given quality twice"),
        ("laff quality=3 psnr=4", "laff takes one of quality, psnr, max_bytes, and is given quality and psnr"),
        ("laff quality=9..3", "expected a range of whole numbers such as 10..95, found \"9..3\""),
        ("laff quality=1..99 slice_rows=1..99999", "9899901 settings exceed the limit of 1000000"),
        (
            "compresso steps=4,4",
            "compresso steps must be 3 whole numbers X,Y,Z with commas between, each 1 to 64, but is 4,4",
        ),
        ("compresso steps=9,9,9", "the product of the steps must be from 1 to 64, but is 9 x 9 x 9"),
        ("compresso second=rar", "compresso second must be none, gzip, bzip2, xz"),
        ("raw level=3", "raw: level is for a second stage, and none is named"),
        ("raw second=gzip level=10", "raw level must be 1 to 9 for gzip, but is 10"),
        ("svd planes=cmyk", "svd planes must be luma, rgb, ycbcr or hsv, but is cmyk"),
    ] {
        let error = Sweep::new().settings(text).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with(message), "{text}: {error}");
    }
    let twice = Sweep::new().input("a", photo(3, 3, 1)).settings("png").unwrap().settings("png").unwrap();
    assert_eq!(twice.run(&Threads::new()).unwrap_err().to_string(), "the setting png is given twice");
    let twice = Sweep::new().input("a", photo(3, 3, 1)).input("a", photo(3, 3, 2)).settings("png").unwrap();
    assert_eq!(twice.run(&Threads::new()).unwrap_err().to_string(), "two inputs are called a");
    assert!(Sweep::new().files("no/such/*.png").is_err());
    assert_eq!(Sweep::new().run(&Threads::new()).unwrap().len(), 0);
}

#[test]
fn grids_and_samples() {
    let grid: Grid = "palette colors=2..5 spatial=0|1.5".parse().unwrap();
    let texts: Vec<String> = grid.settings().unwrap().iter().map(Setting::to_string).collect();
    assert_eq!(texts.len(), 8);
    assert_eq!(
        texts[..3],
        ["palette colors=2 spatial=0", "palette colors=2 spatial=1.5", "palette colors=3 spatial=0"]
    );
    let huge: Grid = "laff quality=1..99 slice_rows=16..4080".parse().unwrap();
    let drawn = huge.sample(50, 7).unwrap();
    assert_eq!(drawn, huge.sample(50, 7).unwrap());
    assert_ne!(drawn, huge.sample(50, 8).unwrap());
    assert!((1..drawn.len()).all(|at| !drawn[..at].contains(&drawn[at])));
    assert_eq!(grid.sample(100, 0).unwrap(), grid.settings().unwrap());
    for setting in drawn.iter().chain(&grid.settings().unwrap()) {
        assert_eq!(&setting.to_string().parse::<Setting>().unwrap(), setting);
    }
    let table = Sweep::new().input("p", photo(4, 4, 1)).grid(&grid).unwrap().run(&Threads::new()).unwrap();
    let back: Vec<Setting> = table.records().map(|row| Setting::of_row(&row).unwrap()).collect();
    assert_eq!(back, grid.settings().unwrap());
}

/// A backend that forgets every third task.
struct Forgetful;

impl Backend for Forgetful {
    fn run(
        &self,
        job: &cortado::sweep::Job,
        deliver: &(dyn Fn(cortado::sweep::Done) -> cortado::Result<()> + Sync),
    ) -> cortado::Result<()> {
        let source = Source::from(Data::from(photo(4, 4, 1)));
        job.tasks.iter().step_by(3).try_for_each(|task| {
            deliver(job.trial(task, Ok(&source)))?;
            // What is delivered twice counts once.
            deliver(job.trial(task, Err("late".into())))
        })
    }
}

/// A backend that answers what nobody asked.
struct Confused;

impl Backend for Confused {
    fn run(
        &self,
        _: &cortado::sweep::Job,
        deliver: &(dyn Fn(cortado::sweep::Done) -> cortado::Result<()> + Sync),
    ) -> cortado::Result<()> {
        let task = cortado::sweep::Task { input: 0, setting: 9 };
        deliver(cortado::sweep::Done { task, row: Row::failed("a", "png", ""), facts: Default::default() })
    }
}

#[test]
fn a_row_that_nobody_asked_for_is_an_error() {
    let sweep = Sweep::new().input("a", photo(4, 4, 1)).settings("png").unwrap();
    let error = sweep.run(&Confused).unwrap_err().to_string();
    assert_eq!(error, "the backend delivered a row of input 0 with setting 9: there is none");
}

#[test]
fn what_a_backend_loses_is_told() {
    let folder = scratch("sweep_lost");
    let missing = Arc::new(AtomicUsize::new(0));
    let kept = missing.clone();
    let sweep = Sweep::new().input("a", photo(4, 4, 1)).settings("palette colors=1..7").unwrap();
    let sweep = sweep.journal(folder.join("j.csv"));
    let watched = sweep.clone().watch(move |progress| kept.store(progress.missing, Ordering::Relaxed));
    let table = watched.run(&Forgetful).unwrap();
    assert_eq!((missing.load(Ordering::Relaxed), table.len()), (4, 7));
    let lost = table.where_present(&["error"]).unwrap();
    assert!(lost.len() == 4 && lost.records().all(|row| row.text("error") == "the backend returned nothing"));
    // They are not in the journal, so that the next run does them.
    assert_eq!(sweep.run(&Threads::new()).unwrap().where_present(&["error"]).unwrap().len(), 0);
}

#[test]
fn streams_of_our_own_are_inputs() {
    let folder = scratch("sweep_own_streams");
    let (photo, tissue) = (photo(33, 29, 1), TissueOptions::new([3, 20, 30]).seed(1).generate().unwrap());
    let write =
        |text: &str, name: &str, data: &Data| text.parse::<Setting>().unwrap().save(data, folder.join(name)).unwrap();
    write("laff quality=80", "a.laff", &photo.clone().into());
    write("svd rank=9", "b.svdq", &photo.clone().into());
    write("compresso second=xz", "c.cpso.xz", &AnyVolume::from(tissue.clone()).into());
    write("ristretto", "d.ristretto", &AnyVolume::from(tissue.clone()).into());
    write("femto ranks=4,4,8", "e.json", &photo.into());
    // Of a folder JSON is left out; it is read where it is named.
    let found = Input::search(&folder).unwrap();
    assert_eq!(
        (found.inputs.len(), found.left_out().unwrap()),
        (4, "1 file is of no kind that is read (.json 1)".into())
    );
    let sweep = Sweep::new().files(&folder).unwrap().files(folder.join("e.json")).unwrap();
    let rows = sweep.clone().settings("png").unwrap().settings("ristretto").unwrap().run(&Threads::new()).unwrap();
    let read = |codec: &str| rows.only("codec", codec).unwrap().where_present(&["bytes"]).unwrap().len();
    assert_eq!((read("png"), read("ristretto")), (3, 2));
    let tissue_alone =
        Sweep::new().input("tissue", tissue).settings("ristretto").unwrap().run(&Threads::new()).unwrap();
    let bytes = |table: &Table| table.records().filter_map(|row| row.number("bytes")).collect::<Vec<_>>();
    let from_streams = rows.only("codec", "ristretto").unwrap().where_present(&["bytes"]).unwrap();
    assert_eq!(bytes(&from_streams), [bytes(&tissue_alone)[0]; 2], "what comes out went in");
    // The sweep's limits hold for its inputs' decoders.
    let small = sweep.limits(Limits::new().voxels(100)).settings("ristretto").unwrap();
    let rows = small.run(&Threads::new()).unwrap();
    assert!(rows.records().filter(|row| row.text("error").contains("exceed the limit of 100")).count() >= 2);
}

#[test]
fn streams_of_an_earlier_run_are_no_inputs() {
    let folder = scratch("sweep_own_outputs");
    fs::create_dir(folder.join("below")).unwrap();
    for (name, seed) in [("a.png", 1), ("below/b.png", 2)] {
        photo(9, 7, seed).save(folder.join(name)).unwrap();
    }
    let sweep =
        || Sweep::new().files(&folder).unwrap().streams(folder.join("out")).replace(true).settings("laff").unwrap();
    for _ in 0..2 {
        assert_eq!(sweep().run(&Threads::new()).unwrap().len(), 2);
    }
    // In the other order too; and what lies in the very folder that is walked stays an input.
    let other = Sweep::new().streams(folder.join("out")).files(&folder).unwrap().settings("png").unwrap();
    assert_eq!(other.len(), 2);
    let same = Sweep::new().files(&folder).unwrap().streams(&folder).settings("png").unwrap();
    assert_eq!(same.len(), 4);
}
