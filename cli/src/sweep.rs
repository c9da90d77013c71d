//! `cortado sweep`.

use crate::{cluster, output};
use anyhow::{Context, Result, bail};
use clap::Args;
use cortado::sweep::{Backend, Grid, Input, Measures, Progress, Spark, Sweep, Threads, codecs};
use cortado::table::{Cell, Table};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Args)]
pub struct Options {
    /// Photos and label volumes: files, folders, patterns in quotes, or for a cluster addresses such as hdfs://host/photos/*.png.
    #[arg(required_unless_present = "codecs")]
    inputs: Vec<String>,
    /// A codec with parameters, such as 'laff quality=50|75|90' or 'palette colors=2..256'; can be given several times.
    #[arg(short, long, value_name = "SETTINGS", required_unless_present = "codecs")]
    setting: Vec<Grid>,
    /// Try only so many of each --setting's combinations, drawn at random.
    #[arg(long, value_name = "N")]
    random: Option<usize>,
    /// Seed of --random.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where the table goes, a .csv or .parquet file; printed unless given. Rows are kept beside it as they come, so that the same
    /// command goes on where it was stopped.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the output if it is there.
    #[arg(long)]
    force: bool,
    /// What to measure: all, none (only sizes), or some of psnr, ssim, ssimulacra2 with commas between.
    #[arg(long, default_value_t = Measures::ALL, value_name = "WHAT")]
    measure: Measures,
    /// Keep the compressed files in this folder; with one setting this compresses a folder.
    #[arg(long, value_name = "FOLDER")]
    streams: Option<PathBuf>,
    /// Use at most this many threads; all cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "spark")]
    threads: Option<u16>,
    /// Run on a cluster: the one that `cortado cluster up` started, or the one at a Spark Connect address.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    spark: Option<String>,
    /// Let Spark read the files and send them to the machines, which need not see them.
    #[arg(long, requires = "spark")]
    ship: bool,
    /// Have Spark write rows and compressed files as Parquet to this folder, on any file system that Spark knows.
    #[arg(long, value_name = "ADDRESS", requires = "spark")]
    parquet: Option<String>,
    /// Bytes that an input may take, and what is decoded of it.
    #[arg(long, value_name = "BYTES", default_value_t = crate::DEFAULT_MAX_BYTES)]
    max_bytes: u64,
    /// Print one JSON object instead of a line.
    #[arg(long)]
    json: bool,
    /// List the codecs and their parameters.
    #[arg(long)]
    codecs: bool,
}

pub fn run(options: &Options) -> Result<()> {
    if options.codecs {
        return output::report(false, Map::new(), &codecs().to_string());
    }
    if let Some(path) = &options.output {
        if !matches!(cortado::file::extension(path).as_str(), "csv" | "parquet") {
            bail!("cannot tell a table's format from {}: end its name in .csv or .parquet", path.display());
        }
        if !options.force && fs::symlink_metadata(path).is_ok() {
            bail!("{} exists: add --force to replace it", path.display());
        }
    }
    let progress = Arc::new(Mutex::new(None));
    let sweep = describe(options)?.watch(watch(progress.clone()));
    let journal = options.output.as_ref().map(|path| {
        let mut name = path.as_os_str().to_owned();
        name.push(".journal");
        PathBuf::from(name)
    });
    let sweep = match &journal {
        Some(journal) => sweep.journal(journal),
        None => sweep,
    };
    let table = sweep.run(&*backend(options)?)?;
    if let Some(path) = &options.output {
        table.save(path)?;
    }
    let progress: Option<Progress> = *progress.lock().unwrap_or_else(PoisonError::into_inner);
    let progress = progress.context("the sweep did not begin")?;
    if let Some(journal) = journal.filter(|_| progress.missing == 0) {
        fs::remove_file(&journal).with_context(|| format!("cannot remove {}", journal.display()))?;
    }
    summarise(options, &table, &progress)?;
    match progress.missing {
        0 => Ok(()),
        missing => bail!("{missing} rows are missing: the same command tries them again"),
    }
}

fn describe(options: &Options) -> Result<Sweep> {
    let mut sweep = Sweep::new().measures(options.measure).limits(crate::limits(options.max_bytes));
    for input in &options.inputs {
        sweep = match input.contains("://") {
            true => sweep.inputs(remote(options, input)?),
            false => sweep.files(input)?,
        };
    }
    for grid in &options.setting {
        sweep = match options.random {
            Some(count) => sweep.list(grid.sample(count, options.seed)?),
            None => sweep.grid(grid)?,
        };
    }
    Ok(match &options.streams {
        Some(folder) => sweep.streams(folder),
        None => sweep,
    })
}

/// The files of an address: Spark lists those of a pattern.
fn remote(options: &Options, address: &str) -> Result<Vec<Input>> {
    let Some(spark) = &options.spark else {
        bail!("{address} can be read by a cluster only: add --spark");
    };
    if !address.contains(['*', '?', '[', '{']) {
        return Ok(vec![Input::remote(address)]);
    }
    Ok(cluster::connect(spark)?.list(address)?.into_iter().map(Input::remote).collect())
}

fn backend(options: &Options) -> Result<Box<dyn Backend>> {
    let Some(spark) = &options.spark else {
        let threads = Threads::new();
        return Ok(Box::new(options.threads.map_or(threads, |count| threads.threads(count.into()))));
    };
    let spark: Spark = cluster::connect(spark)?.ship(options.ship);
    Ok(Box::new(match &options.parquet {
        Some(folder) => spark.parquet(folder),
        None => spark,
    }))
}

/// Draws the bar, and keeps the last of what it was told.
fn watch(last: Arc<Mutex<Option<Progress>>>) -> impl Fn(&Progress) + Send + Sync + 'static {
    let style = "{bar:40} {pos} of {len} rows [{elapsed}, {eta} left] {msg}";
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(style).expect("a valid template"));
    move |progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
        if progress.errors > 0 {
            bar.set_message(format!("{} errors", progress.errors));
        }
        if progress.done == progress.total {
            bar.finish_and_clear();
        }
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(*progress);
    }
}

fn summarise(options: &Options, table: &Table, progress: &Progress) -> Result<()> {
    let seconds = progress.elapsed.as_secs_f64();
    let mut fields = Map::new();
    fields.insert("rows".into(), progress.total.into());
    fields.insert("resumed".into(), progress.resumed.into());
    fields.insert("errors".into(), progress.errors.into());
    fields.insert("missing".into(), progress.missing.into());
    fields.insert("seconds".into(), seconds.into());
    let mut line = format!(
        "{} rows in {seconds:.1} s, {} of them from before, {} with an error, {} missing",
        progress.total, progress.resumed, progress.errors, progress.missing
    );
    if let Some(peak) = output::peak_memory() {
        fields.insert("peak_memory_bytes".into(), peak.into());
        line += &format!("; at most {} MB of memory", peak.div_ceil(1_000_000));
    }
    match &options.output {
        Some(path) => fields.insert("output".into(), Value::from(path.display().to_string())),
        None if options.json => fields.insert("table".into(), rows(table)),
        None => {
            output::report(false, Map::new(), &table.to_string())?;
            eprintln!("{line}");
            return Ok(());
        }
    };
    output::report(options.json, fields, &line)
}

/// The table as JSON: an object for every row. What JSON has no number for becomes null.
fn rows(table: &Table) -> Value {
    let value = |cell: &Cell| match cell {
        Cell::Text(text) => text.as_str().into(),
        Cell::Int(value) => (*value).into(),
        Cell::Float(value) => (*value).into(),
        Cell::Missing => Value::Null,
    };
    let row = |cells: &Vec<Cell>| -> Value {
        Value::Object(table.columns().iter().cloned().zip(cells.iter().map(value)).collect())
    };
    table.rows().iter().map(row).collect()
}
