//! Tables: what they answer, and CSV that keeps everything.

use cortado::prelude::*;
use cortado::table::Cell;
use proptest::prelude::*;

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
