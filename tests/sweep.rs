//! Sweeps: rows that do not depend on threads, errors that stay rows, journals that are gone on from, tables that answer.

use cortado::prelude::*;
use cortado::sweep::{Data, Row, TIMES, codecs};
use cortado::table::Cell;
use proptest::prelude::*;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

mod common;
use common::labels::mixed;
use common::{data, scratch};

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
    let header = Row::csv_header().len();
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
        ("laff quality=high", "laff quality=high: invalid float literal"),
        ("laff quality=3 quality=4", "laff is given quality twice"),
        ("laff quality=3 psnr=4", "laff takes one of quality, psnr and max_bytes"),
        ("laff quality=9..3", "expected a range of whole numbers such as 10..95, found \"9..3\""),
        ("laff quality=1..99 slice_rows=1..99999", "9899901 settings exceed the limit of 1000000"),
        ("compresso steps=4,4", "compresso steps=4,4: expected 3 numbers with commas between"),
        ("compresso steps=9,9,9", "the product of the steps must be from 1 to 64, but is 9 x 9 x 9"),
        ("compresso second=rar", "compresso second=rar: expected one of"),
        ("raw level=3", "raw: level is for a second stage, and none is named"),
        ("svd planes=cmyk", "svd planes=cmyk: expected luma, rgb, ycbcr or hsv"),
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
    assert_eq!(codecs().len(), 11);
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
        let data = Data::from(photo(4, 4, 1));
        job.tasks.iter().step_by(3).try_for_each(|task| {
            deliver(job.trial(task, Ok(&data)))?;
            // What is delivered twice counts once.
            deliver(job.trial(task, Err("late".into())))
        })
    }
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
fn tables_answer() {
    let mut table = Table::new(["codec", "k", "bytes", "psnr_db"]);
    for (codec, k, bytes, db) in [
        ("a", 2, 100, 20.0),
        ("a", 4, 200, 25.0),
        ("b", 2, 150, 24.0),
        ("b", 4, 400, f64::INFINITY),
        ("b", 8, 500, 25.0),
    ] {
        table.push([codec.into(), Cell::Int(k), Cell::Int(bytes), db.into()]);
    }
    table.push(["c".into(), Cell::Missing, Cell::Missing, Cell::Missing]);
    let bytes = |table: &Table| table.where_present(&["bytes"]).unwrap().numbers("bytes").unwrap();
    assert_eq!(bytes(&table.pareto("bytes", "psnr_db").unwrap()), [100.0, 150.0, 200.0, 400.0]);
    assert_eq!(bytes(&table.at_least("psnr_db", 24.5).unwrap().least("bytes").unwrap()), [200.0]);
    assert_eq!(bytes(&table.at_most("bytes", 200.0).unwrap().greatest("psnr_db").unwrap()), [200.0]);
    assert_eq!(bytes(&table.sorted("psnr_db").unwrap()), [100.0, 150.0, 200.0, 500.0, 400.0]);
    assert_eq!(bytes(&table.sorted("bytes").unwrap().reversed()), [500.0, 400.0, 200.0, 150.0, 100.0]);
    assert_eq!(bytes(&table.filter(|row| row.text("codec") == "a")), [100.0, 200.0]);
    let groups = table.groups("codec").unwrap();
    assert_eq!(
        groups.iter().map(|(name, rows)| (name.to_string(), rows.len())).collect::<Vec<_>>(),
        [("a".to_owned(), 2), ("b".to_owned(), 3), ("c".to_owned(), 1)]
    );
    let means = table.means(&["codec"]).unwrap();
    assert_eq!(means.columns(), ["codec", "rows", "k", "bytes", "psnr_db"]);
    assert_eq!(means.rows()[0], ["a".into(), Cell::Int(2), 3.0.into(), 150.0.into(), 22.5.into()]);
    assert_eq!(means.rows()[2], ["c".into(), Cell::Int(1), Cell::Missing, Cell::Missing, Cell::Missing]);
    assert_eq!(table.select(&["bytes", "k"]).unwrap().columns(), ["bytes", "k"]);
    assert_eq!(table.without(&["codec", "no such"]).columns(), ["k", "bytes", "psnr_db"]);
    assert!(table.pareto("bytes", "ssim").is_err() && table.sorted("x").is_err() && table.means(&["x"]).is_err());
    let plot = cortado::plot::rate_distortion("t", &table, "bytes", "psnr_db", "codec").unwrap().svg();
    assert!(["Pareto front", "codec a", "compressed bytes", "PSNR (dB)"].iter().all(|text| plot.contains(text)));
}

fn cells() -> impl Strategy<Value = Cell> {
    prop_oneof![
        any::<u64>().prop_map(Cell::Int),
        any::<f64>().prop_filter("NaN is not equal to itself", |float| !float.is_nan()).prop_map(Cell::Float),
        Just(Cell::Missing),
        "[ -~\\n\\r\\t\"é,]{0,8}".prop_map(Cell::Text),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn csv_keeps_everything(rows in prop::collection::vec([cells(), cells(), cells()], 0..6), name in "[ -~\\n\"é,]{0,6}") {
        let mut table = Table::new(["a", "", &name]);
        rows.into_iter().for_each(|row| table.push(row));
        prop_assert_eq!(Table::from_csv(&table.to_csv()).unwrap(), table.clone());
        prop_assert_eq!(Table::from_csv(&table.to_csv().replace('\n', "\r\n")).is_ok(), true);
    }

    #[test]
    fn any_text_is_a_table_or_an_error(text in "[a-c0-9.,\"\\r\\n]{0,40}") {
        let _ = Table::from_csv(&text);
    }

    #[test]
    fn the_front_is_what_nothing_beats(points in prop::collection::vec((0u8..20, 0u8..20), 0..30)) {
        let mut table = Table::new(["cost", "gain"]);
        points.iter().for_each(|&(cost, gain)| table.push([f64::from(cost).into(), f64::from(gain).into()]));
        let beaten = |&(cost, gain): &(u8, u8)| {
            points.iter().any(|&(c, g)| c <= cost && g >= gain && (c, g) != (cost, gain))
        };
        let mut best: Vec<_> = points.iter().copied().filter(|point| !beaten(point)).collect();
        best.sort();
        best.dedup();
        let best: Vec<_> = best.into_iter().map(|(cost, gain)| (f64::from(cost), f64::from(gain))).collect();
        prop_assert_eq!(table.pareto("cost", "gain").unwrap().points("cost", "gain").unwrap(), best);
    }
}

#[test]
fn foreign_csv_is_read() {
    let table = Table::from_csv("name,n,x\r\nb c,3,-1\n\"q\"\"q\",,2.5e3").unwrap();
    assert_eq!(table.rows()[0], ["b c".into(), Cell::Int(3), Cell::Float(-1.0)]);
    assert_eq!(table.rows()[1], ["q\"q".into(), Cell::Missing, Cell::Float(2500.0)]);
    for (text, message) in [
        ("", "expected a line, found the end (at byte 0)"),
        ("a,b\n1\n", "expected 2 fields, found 1 (at byte 4)"),
        ("a\n\"open", "a quote that nothing closes (at byte 2)"),
        ("a\n\"x\"y", "expected a comma or the line's end after a quote (at byte 5)"),
    ] {
        let error = Table::from_csv(text).unwrap_err().to_string();
        assert!(error.ends_with(message), "{error}");
    }
}
