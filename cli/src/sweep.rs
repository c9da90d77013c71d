//! `cortado sweep`.

use crate::{cluster, output};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use cortado::file::{self, Existing, printable, shown};
use cortado::sweep::{
    Backend, Input, Measures, Outcome, Progress, Spark, Sweep, Threads, check_journal, register_fault,
};
use cortado::table::{Cell, Table};
use cortado::{Grid, catalogue};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(crate) struct Options {
    /// Photos, label volumes and streams of the codecs: files, folders, patterns in quotes, or for a cluster addresses
    /// such as hdfs://host/photos/*.png.
    #[arg(required_unless_present = "codecs")]
    inputs: Vec<PathBuf>,
    /// A codec with parameters, such as 'laff quality=50|75|90' or 'palette colors=2..256'; can be given several times.
    #[arg(short, long, value_name = "SETTINGS", required_unless_present = "codecs")]
    setting: Vec<Grid>,
    /// Try only so many of each --setting's combinations, drawn at random.
    #[arg(long, value_name = "N")]
    random: Option<usize>,
    /// Seed of --random.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where the table goes, a .csv or .parquet file; printed unless given. Rows are kept beside it as they come, so
    /// that the same command goes on where it was stopped; rows of files that have changed, and whatever else no longer
    /// holds, are done again.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the output, and in the folder of --streams files that are not of this sweep, if they are there. A table
    /// stays when every row has failed.
    #[arg(long)]
    force: bool,
    /// What to measure: all, none (only sizes), or some of psnr, ssim, ssimulacra2 with commas between.
    #[arg(long, default_value_t = Measures::ALL, value_name = "WHAT")]
    measure: Measures,
    /// Keep the compressed files in this folder; with one setting this compresses a folder. No input is written over.
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
    /// Know the codec `fault`, which fails on purpose.
    #[arg(long, hide = true)]
    faults: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.faults {
        register_fault();
    }
    if options.codecs {
        return output::report(
            false,
            Map::new(),
            &format!("{}\n{}", catalogue::table(), catalogue::parameters_table()),
        );
    }
    output::check_standard_output()?;
    if let Some(path) = &options.output {
        check_output(path, options.force)?;
    }
    let sweep = describe(options)?.watch(watch());
    let journal = options.output.as_deref().map(journal_of);
    let sweep = match &journal {
        Some(journal) => sweep.journal(journal),
        None => sweep,
    };
    let mut outcome = sweep.outcome(&*backend(options)?)?;
    in_own_words(&mut outcome);
    let mut verdict = verdict(&outcome);
    // A table of errors alone is worth less than the one that is there.
    let all_failed = outcome.progress.total > 0 && outcome.progress.errors == outcome.progress.total;
    let written = options.output.as_deref().filter(|path| !all_failed || !holds_results(path));
    if let Some(path) = written {
        outcome.table.save(path)?;
    } else if let (Some(path), Some(verdict)) = (&options.output, &mut verdict) {
        *verdict += &format!("; {} is as it was", shown(path));
    }
    if let Some(journal) = journal.filter(|_| verdict.is_none()) {
        fs::remove_file(&journal).with_context(|| format!("cannot remove {}", shown(&journal)))?;
    }
    outcome.notes.iter().for_each(|note| output::say(note));
    let told = summarise(options, written, &outcome);
    let told = match written {
        Some(path) => told.with_context(|| output::written_without_report(path)),
        None => told,
    };
    match (verdict, told) {
        (None, told) => told,
        (Some(reason), Ok(())) => bail!("{reason}"),
        (Some(reason), Err(error)) => Err(anyhow!("{reason}; {error:#}")),
    }
}

/// Puts the command's option in place of the library's setters, which errors name.
fn in_own_words(outcome: &mut Outcome) {
    let own = |error: &str| {
        let setters = ["bytes", "pixels", "voxels"].map(|what| format!("Limits::{what} raises it"));
        setters.iter().fold(error.to_owned(), |error, setter| error.replace(setter, "a larger --max-bytes lifts it"))
    };
    for row in &mut outcome.rows {
        row.error = row.error.take().map(|error| own(&error));
    }
    let mut table = Table::with_columns(outcome.table.columns().to_vec());
    let errors = table.columns().iter().rposition(|column| column == "error");
    for cells in outcome.table.rows() {
        let mut cells = cells.clone();
        if let Some(Cell::Text(error)) = errors.and_then(|at| cells.get_mut(at)) {
            *error = own(error);
        }
        table.push_row(cells);
    }
    outcome.table = table;
}

/// Refuses, before there is any work, what no table can be written to.
fn check_output(path: &Path, force: bool) -> Result<()> {
    let name = shown(path);
    if !matches!(file::extension(path).as_str(), "csv" | "parquet") {
        bail!("cannot tell a table's format from {name}: end its name in .csv or .parquet");
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        bail!("cannot write {name}: there is no folder {}", shown(folder));
    }
    file::check(path, Existing::Replace)?;
    let journal = journal_of(path);
    check_journal(&journal)?;
    // Beside its journal lies what a sweep left that had not all it was asked for: that is gone on from.
    let unfinished = fs::symlink_metadata(&journal).is_ok_and(|about| about.is_file());
    if !force && !unfinished && fs::symlink_metadata(path).is_ok() {
        bail!("{name} exists: add --force to replace it");
    }
    Ok(())
}

/// Whether there is a table with a row that has no error, or something else.
fn holds_results(path: &Path) -> bool {
    let failed = |table: Table| table.records().all(|row| !row.text("error").is_empty());
    fs::symlink_metadata(path).is_ok() && !Table::open(path).is_ok_and(failed)
}

/// Where rows are kept until a table is whole.
fn journal_of(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".journal");
    PathBuf::from(name)
}

/// Why a sweep has not done what it was asked for, if it has not.
fn verdict(outcome: &Outcome) -> Option<String> {
    let Progress { total, errors, missing, .. } = outcome.progress;
    let again = "the same command tries them again";
    let mut reasons = Vec::new();
    if missing > 0 {
        reasons.push(format!("{missing} of {total} rows are missing: {again}"));
    }
    if let Some(first) = outcome.lost.first() {
        let lost = outcome.lost.len();
        let files = if lost == 1 { "file is" } else { "files are" };
        reasons.push(format!(
            "{lost} compressed {files} missing, the first {} ({}): {again}",
            printable(&first.name),
            printable(&first.reason)
        ));
    }
    if reasons.is_empty() && total > 0 && errors == total {
        let first = outcome.rows.iter().find_map(|row| row.error.as_deref()).unwrap_or_default();
        reasons.push(format!("every row failed, the first with: {first}"));
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn describe(options: &Options) -> Result<Sweep> {
    let mut sweep = Sweep::new().measures(options.measure).limits(crate::limits(options.max_bytes));
    for input in &options.inputs {
        if let Some(address) = input.to_str().filter(|text| text.contains("://")) {
            sweep = sweep.inputs(remote(options, address)?);
            continue;
        }
        let found = Input::search(input)?;
        if let Some(left_out) = found.left_out() {
            output::say(&format!("{}: {left_out}", shown(input)));
        }
        sweep = sweep.found(input, found);
    }
    for grid in &options.setting {
        sweep = match options.random {
            Some(count) => sweep.list(grid.sample(count, options.seed)?),
            None => sweep.grid(grid)?,
        };
    }
    Ok(match &options.streams {
        Some(folder) => sweep.streams(folder).replace(options.force),
        None => sweep,
    })
}

/// The files of an address: Spark lists those of a pattern.
fn remote(options: &Options, address: &str) -> Result<Vec<Input>> {
    let Some(spark) = &options.spark else {
        bail!("{} can be read by a cluster only: add --spark", printable(address));
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

/// Draws the bar.
fn watch() -> impl Fn(&Progress) + Send + Sync + 'static {
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
    }
}

/// Tells what came of it; `written` is the table's file.
fn summarise(options: &Options, written: Option<&Path>, outcome: &Outcome) -> Result<()> {
    let Outcome { table, progress, .. } = outcome;
    let seconds = progress.elapsed.as_secs_f64();
    let mut fields = Map::new();
    fields.insert("rows".into(), progress.total.into());
    fields.insert("resumed".into(), progress.resumed.into());
    fields.insert("errors".into(), progress.errors.into());
    fields.insert("missing".into(), progress.missing.into());
    if options.streams.is_some() {
        fields.insert("streams_missing".into(), outcome.lost.len().into());
    }
    fields.insert("seconds".into(), seconds.into());
    let mut line = format!(
        "{} rows in {seconds:.1} s, {} of them from before, {} with an error, {} missing",
        progress.total, progress.resumed, progress.errors, progress.missing
    );
    if options.streams.is_some() {
        line += &format!(", {} compressed files missing", outcome.lost.len());
    }
    if let Some(peak) = output::peak_memory() {
        fields.insert("peak_memory_bytes".into(), peak.into());
        line += &format!("; at most {} MB of memory", peak.div_ceil(1_000_000));
    }
    match &options.output {
        Some(_) => fields.insert("output".into(), written.map_or(Value::Null, output::display)),
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
