//! What sweeping costs beside the codecs: `cargo bench --bench sweep`.
//!
//! The work is every photo of data/ with three codecs, measured by PSNR. The sum of the codecs' calls is that of the
//! rows' own times. Rounds alternate; a figure is the median of five. With a cluster that
//! `cortado cluster up --workers 2` started the same sweep, with as many settings as make minutes of work, runs there
//! and on two threads, once each. With `-- --write` the table goes into README.md.

#[path = "../common/mod.rs"]
mod common;

use common::{Outcome, median};
use cortado::prelude::*;
use cortado::sweep::TIMES;
use std::time::Instant;

const ROUNDS: usize = 5;

fn main() -> Outcome<()> {
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    let writes = std::env::args().any(|argument| argument == "--write");
    let short = Sweep::new().files("data/photos")?.measures(Measures::PSNR);
    let short = short
        .settings("palette colors=16|256 spatial=0|20")?
        .settings("laff quality=50|75|90")?
        .settings("svd rank=16|64")?;
    let (mut overheads, mut speedups) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (one, rows) = timed(&short, &Threads::new().threads(1))?;
        let (two, same) = timed(&short, &Threads::new().threads(2))?;
        assert_eq!(rows.without(&TIMES), same.without(&TIMES));
        overheads.push(one / codecs(&rows)?);
        speedups.push(one / two);
        println!("round {}: {:.3} {:.3}", round + 1, one / codecs(&rows)?, one / two);
    }
    let mut text = String::from("| sweep | ratio |\n|---|---|\n");
    text += &format!("| one thread / the sum of the codecs' calls | {:.3} |\n", median(overheads));
    text += &format!("| one thread / two threads | {:.2} |\n", median(speedups));
    match Spark::started() {
        Ok(spark) => {
            let long = Sweep::new().files("data/photos")?.measures(Measures::PSNR);
            let long = long.settings("laff quality=1..99 profile=mse|visual full_chroma=false|true")?;
            let long = long.settings("palette colors=2..256 spatial=20")?;
            let (there, on_spark) = timed(&long, &spark)?;
            let (here, on_threads) = timed(&long, &Threads::new().threads(2))?;
            assert_eq!(on_spark.without(&TIMES), on_threads.without(&TIMES));
            println!("{} rows: {there:.0} s on Spark, {here:.0} s on two threads", on_spark.len());
            text += &format!(
                "| Spark, a master and two workers on two cores / two threads, {:.1} minutes of work | {:.2} |\n",
                here / 60.0,
                there / here
            );
        }
        Err(why) => println!("SKIPPED: {why}"),
    }
    println!("{text}");
    if writes {
        common::write_into_readme("sweep", "overheads", &text)?;
    }
    Ok(())
}

fn timed(sweep: &Sweep, backend: &dyn Backend) -> Outcome<(f64, Table)> {
    let begun = Instant::now();
    let table = sweep.run(backend)?;
    Ok((begun.elapsed().as_secs_f64(), table))
}

/// The seconds of all calls of codecs.
fn codecs(table: &Table) -> Outcome<f64> {
    let milliseconds = TIMES.map(|column| table.numbers(column).map(|times| times.iter().sum::<f64>()));
    let [encoding, decoding] = milliseconds;
    Ok((encoding? + decoding?) / 1e3)
}
