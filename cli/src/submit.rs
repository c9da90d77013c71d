//! `cortado-spark submit`: the plan and the tasks on standard input, run through Spark Connect; see
//! `cortado::sweep::wire`.
//!
//! Tasks become a manifest in Spark, a script transformation runs `cortado-spark worker` on its rows wherever Spark
//! puts them, and the rows come back as their partitions are done.

use crate::cluster::fresh::Fresh;
use anyhow::{Context, Result, anyhow, bail};
use cortado::sweep::wire::{self, Plan, TaskLine};
use cortado::sweep::{Facts, Row, Unfinished, escape};
use sha2::{Digest, Sha256};
use spark_connect::row::{Row as Record, Value};
use spark_connect::{DataFrame, DataType, SparkError, SparkSession};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, Write};

/// A task, and what Spark has to do with it.
struct Task {
    /// Whether Spark is to read the input.
    ship: bool,
    number: i64,
    line: TaskLine,
}

/// The columns of a manifest: a task's fields, and the path by which Spark knows its file.
fn manifest_columns() -> Vec<&'static str> {
    TaskLine::FIELDS.into_iter().chain(["file"]).collect()
}

const MANIFEST_TYPES: &str = "task bigint, setting string, name string, path string, stream string, file string";
/// Files that one pattern names.
const FILES_OF_A_PATTERN: usize = 500;
/// Bytes of a view that are sent at once: Spark takes 128 MB in a message.
const PART_BYTES: usize = 32 << 20;

pub(crate) fn run() -> Result<()> {
    // The reason goes where the rows go: to who asked.
    if let Err(error) = converse() {
        say("error", &escape(&crate::line(&error)))?;
    }
    Ok(())
}

/// A row as whoever asked takes it: with what is to be known besides.
fn say_row(number: i64, row: &str, facts: &str) -> Result<()> {
    say(&number.to_string(), &wire::submitted(row, facts))
}

/// Writes a line of two fields; the second has no line break in it.
fn say(kind: &str, text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(format!("{kind}\t{text}\n").as_bytes()).and_then(|()| stdout.flush())?;
    Ok(())
}

fn converse() -> Result<()> {
    let mut lines = std::io::stdin().lock().lines();
    let first = lines.next().context("there is no plan")??;
    let plan = Plan::from_line(&first)?;
    let task = |line: std::io::Result<String>| {
        let (ship, number, line) = TaskLine::parse_submit(&line?)?;
        anyhow::Ok(Task { ship, number, line })
    };
    let tasks = lines.map(task).collect::<Result<Vec<_>>>()?;
    if plan.list.is_none() && tasks.len() != plan.tasks {
        bail!("{} tasks came instead of {}", tasks.len(), plan.tasks);
    }
    let session = connect(&plan)?;
    let done = match &plan.list {
        Some(pattern) => list(&session, pattern),
        None => Job { plan: &plan, session: &session, tasks: &tasks }.run(),
    };
    // The session's files on the cluster go with it. The server may fail at that when an executor has just died, and
    // does it later then; the rows are here.
    let _ = session.stop();
    done
}

/// Spark's errors come with stack traces; the first line is what there is to know.
fn one_line(error: SparkError) -> anyhow::Error {
    let text = error.to_string();
    anyhow!("{}", text.lines().next().unwrap_or_default().trim())
}

fn connect(plan: &Plan) -> Result<SparkSession> {
    let token = match &plan.token {
        Some(path) => {
            let token = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            format!("/;token={}", token.trim())
        }
        None => String::new(),
    };
    let url = format!("{}{token}", plan.address);
    let cannot = || format!("cannot connect to {}", plan.address);
    let session = SparkSession::builder().remote(&url).get_or_create().map_err(one_line).with_context(cannot)?;
    // Connecting is lazy: the first question is whether one may ask.
    session.version().map_err(one_line).with_context(cannot)?;
    Ok(session)
}

fn list(session: &SparkSession, pattern: &str) -> Result<()> {
    let files = session.read().format("binaryFile").load(Some(pattern)).select(["path"]);
    for file in files.collect().map_err(one_line)? {
        say("file", &escape(file.get(0).and_then(Value::as_str).unwrap_or_default()))?;
    }
    Ok(())
}

struct Job<'a> {
    plan: &'a Plan,
    session: &'a SparkSession,
    tasks: &'a [Task],
}

impl Job<'_> {
    fn run(&self) -> Result<()> {
        let program = self.ship_program()?;
        let mut left: BTreeMap<i64, &Task> = self.tasks.iter().map(|task| (task.number, task)).collect();
        if let Some(folder) = &self.plan.parquet {
            self.run_once(&program, &mut left, Some(folder))?;
        } else {
            // A server may end a stream of rows before its last, after two minutes unless told otherwise, and the
            // client takes that for the end. So what is left is asked for again, until twice in a row nothing comes.
            let mut idle = 0;
            while !left.is_empty() && idle < 2 {
                let before = left.len();
                self.run_once(&program, &mut left, None)?;
                idle = if left.len() < before { 0 } else { idle + 1 };
                if !left.is_empty() {
                    self.session.interrupt_all().map_err(one_line)?;
                }
            }
        }
        for (number, task) in left.into_iter().filter(|(_, task)| task.ship) {
            let reason = "Spark found no bytes: the file is empty or not there";
            let row = Row::failed(&task.line.name, &task.line.setting, reason);
            say_row(number, &wire::row_field(&row), &Facts::unfinished(Unfinished::Input).to_field())?;
        }
        Ok(())
    }

    /// Uploads this very program under its hash; returns its name, under which executors find it.
    fn ship_program(&self) -> Result<String> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let bytes = fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
        let hash: String = Sha256::digest(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("cortado-{hash}");
        // The name is what executors know the program by, so that what is sent lies under it, where nobody else can put
        // anything.
        let folder = Fresh::new()?;
        let copy = folder.path().join(&name);
        fs::write(&copy, &bytes)
            .with_context(|| format!("cannot write {}", copy.display()))
            .and_then(|()| self.session.add_artifact(&copy.to_string_lossy()).map_err(one_line))
            .context("cannot send the worker to the cluster")?;
        Ok(name)
    }

    fn run_once(&self, program: &str, left: &mut BTreeMap<i64, &Task>, parquet: Option<&str>) -> Result<()> {
        let Some(work) = self.manifest(left)? else { return Ok(()) };
        work.create_or_replace_temp_view("cortado_work").map_err(one_line)?;
        let format = r"ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' LINES TERMINATED BY '\n'";
        let transform = format!(
            "SELECT TRANSFORM(task, setting, name, path, stream, payload) {format} USING '{}' \
             AS (task BIGINT, row STRING, file STRING, facts STRING) {format} FROM cortado_work",
            self.command(program, parquet.is_some()).replace('\\', r"\\").replace('\'', r"\'"),
        );
        let done = self.sql(&transform)?;
        let done = match parquet {
            None => done,
            Some(folder) => self.write(done, folder)?,
        };
        for record in done.select(["task", "row", "facts"]).to_local_iterator(true).map_err(one_line)? {
            let record = record.map_err(one_line)?;
            let number = record.get(0).and_then(Value::as_i64);
            let row = record.get(1).and_then(Value::as_str);
            let facts = record.get(2).and_then(Value::as_str);
            let (Some(number), Some(row), Some(facts)) = (number, row, facts) else { continue };
            if left.remove(&number).is_some() {
                say_row(number, row, facts)?;
            }
        }
        Ok(())
    }

    /// What an executor's shell runs: the shipped program, in a folder that Spark names as it likes. Another session's
    /// copy of the same name is the same program.
    fn command(&self, program: &str, blobs: bool) -> String {
        let mut command = format!("for p in ./*/{program}; do exec \"$p\" worker --measure {}", self.plan.measures);
        command += &format!(" --max-bytes {}", self.plan.max_bytes);
        if let Some(folder) = &self.plan.streams {
            command += &format!(" --streams {}", quoted(&folder.to_string_lossy()));
        }
        if blobs {
            command += " --blobs";
        }
        command + "; done"
    }

    /// The rows with typed columns and the compressed file, as Parquet; returns what was written.
    fn write(&self, done: DataFrame, folder: &str) -> Result<DataFrame> {
        done.create_or_replace_temp_view("cortado_done").map_err(one_line)?;
        let schema = "input STRING, setting STRING, raw_bytes BIGINT, bytes BIGINT, crc32 STRING, ratio DOUBLE, \
                      bits_per_pixel DOUBLE, psnr_db DOUBLE, ssim DOUBLE, ssimulacra2 DOUBLE, exact STRING, encode_ms DOUBLE, \
                      decode_ms DOUBLE, error STRING";
        let typed = format!(
            r#"SELECT task, columns.*, unbase64(file) AS file, row, facts FROM (SELECT *, from_csv(
               row, '{schema}', map('escape', '"', 'positiveInf', 'inf')) AS columns FROM cortado_done)"#
        );
        let typed = self.sql(&typed)?;
        typed.write().mode("error").parquet(folder).map_err(one_line)?;
        Ok(self.session.read().parquet(folder))
    }

    /// The tasks with the bytes of their inputs, where those are not for the worker to read; none when there is nothing
    /// that Spark could do.
    fn manifest(&self, left: &BTreeMap<i64, &Task>) -> Result<Option<DataFrame>> {
        let (shipped, others): (Vec<&Task>, Vec<&Task>) = left.values().partition(|task| task.ship);
        let mut work: Option<DataFrame> = None;
        if let Some(files) = self.files(&shipped)? {
            files.create_or_replace_temp_view("cortado_files").map_err(one_line)?;
            self.tasks("cortado_shipped", &shipped)?;
            work = Some(self.sql(
                "SELECT /*+ BROADCAST(s) */ s.task, s.setting, s.name, s.path, s.stream, \
                 replace(base64(f.content), '\\r\\n', '') AS payload \
                 FROM cortado_files f JOIN cortado_shipped s ON f.path = s.file",
            )?);
        }
        if !others.is_empty() {
            self.tasks("cortado_tasks", &others)?;
            self.memory("cortado_memory")?;
            // Ranges, so that tasks of one input stay together, and are small enough for the cluster to share them
            // fairly.
            let partitions = (others.len() / 16).clamp(others.len().min(32), 512);
            let others = self.sql(&format!(
                "SELECT /*+ BROADCAST(m) */ t.task, t.setting, t.name, t.path, t.stream, m.payload \
                 FROM (SELECT /*+ REPARTITION_BY_RANGE({partitions}, task) */ * FROM cortado_tasks) t \
                 LEFT JOIN cortado_memory m ON t.path = m.path"
            ))?;
            work = Some(match work {
                Some(work) => work.union(&others),
                None => others,
            });
        }
        Ok(work)
    }

    fn sql(&self, query: &str) -> Result<DataFrame> {
        self.session.sql(query).map_err(one_line)
    }

    /// Tasks as a view, each with the path by which Spark knows its file.
    fn tasks(&self, view: &str, tasks: &[&Task]) -> Result<()> {
        let records = tasks.iter().map(|task| {
            let file = spark_path(&task.line.path);
            let texts = task.line.escaped().into_iter().chain([file]).map(Value::String);
            [Value::Long(task.number)].into_iter().chain(texts).collect()
        });
        self.view(view, &manifest_columns(), MANIFEST_TYPES, records)
    }

    /// The inputs in memory, by their paths, as a view.
    fn memory(&self, view: &str) -> Result<()> {
        let records = self.tasks.iter().filter_map(|task| {
            let payload = task.line.payload.clone()?;
            let [_, _, path, _] = task.line.escaped();
            Some(vec![Value::String(path), Value::String(payload)])
        });
        self.view(view, &["path", "payload"], "path string, payload string", records)
    }

    /// Records as a view of as many parts as it takes messages to send them.
    fn view(&self, view: &str, names: &[&str], types: &str, records: impl Iterator<Item = Vec<Value>>) -> Result<()> {
        let schema = DataType::from_ddl(types).map_err(one_line)?;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parts: Vec<Vec<Record>> = vec![Vec::new()];
        let mut bytes = 0;
        for values in records {
            bytes += values.iter().filter_map(Value::as_str).map(str::len).sum::<usize>();
            if bytes > PART_BYTES {
                parts.push(Vec::new());
                bytes = 0;
            }
            parts.last_mut().expect("there is one").push(Record::new(names.clone(), values));
        }
        let mut union = Vec::new();
        for (number, part) in parts.into_iter().enumerate() {
            let part = self.session.create_dataframe(part, schema.clone()).map_err(one_line)?;
            part.create_or_replace_temp_view(&format!("{view}_{number}")).map_err(one_line)?;
            union.push(format!("SELECT * FROM {view}_{number}"));
        }
        self.sql(&union.join(" UNION ALL "))?.create_or_replace_temp_view(view).map_err(one_line)
    }

    /// Paths and contents of the shipped inputs that are there and not empty.
    fn files(&self, tasks: &[&Task]) -> Result<Option<DataFrame>> {
        let mut by_folder: HashMap<String, Vec<String>> = HashMap::new();
        for task in tasks {
            let path = spark_path(&task.line.path);
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            let names = by_folder.entry(folder.to_owned()).or_default();
            if names.last().is_none_or(|last| last != name) {
                names.push(name.to_owned());
            }
        }
        for setting in ["spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes"] {
            self.session.conf().set(setting, "65536").map_err(one_line)?;
        }
        let mut files: Option<DataFrame> = None;
        for (folder, mut names) in by_folder {
            names.sort();
            names.dedup();
            for names in names.chunks(FILES_OF_A_PATTERN) {
                let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
                let pattern = format!("{}/{{{}}}", literal(&folder), names.join(","));
                let found = self.session.read().format("binaryFile").load(Some(&pattern)).select(["path", "content"]);
                // Where not one of the files is there, Spark refuses the pattern.
                if found.schema().is_err() {
                    continue;
                }
                files = Some(match files {
                    Some(files) => files.union(&found),
                    None => found,
                });
            }
        }
        Ok(files)
    }
}

/// A path as Spark's `binaryFile` tells it.
fn spark_path(path: &str) -> String {
    match path.strip_prefix("file://").or(path.starts_with('/').then_some(path)) {
        Some(local) => format!("file:{local}"),
        None => path.to_owned(),
    }
}

/// A name in a pattern that matches only itself.
fn literal(name: &str) -> String {
    name.chars().flat_map(|c| "\\*?[]{},^".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
