//! Compresso against the Python package's C++ on the same volumes in the same run: `cargo bench --bench labels`.
//!
//! Calls alternate and a figure is the median of the rounds. Speed is in millions of voxels a second (MVx/s), peak memory is
//! that of a process of its own that does one call, over the bytes of its input and output. With `-- --write` the tables go
//! into README.md. The EM volume is read from ../shared where it is there; the peers are installed into .cortado/peers.

use cortado::compresso::{self, CompressoOptions, Stream};
use cortado::second_stage::SecondStage;
use cortado::volume::TissueOptions;
use cortado::{AnyVolume, Limits, Volume};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 7;
const EM: &str = "../shared/data/labels/connectomics.npy.cpso.lzma";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::env::set_current_dir(root)?;
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [flag, direction, file] = arguments.as_slice()
        && flag == "--peak"
    {
        return one_call(direction, file);
    }
    let python = python()?;
    let folder = PathBuf::from("target/tmp/bench-labels");
    fs::create_dir_all(&folder)?;
    let mut rows = String::from(
        "| volume | direction | wheel, MVx/s | Cortado, MVx/s | ratio | two threads over one | peak memory: wheel | Cortado |\n|---|---|---|---|---|---|---|---|\n",
    );
    let mut sizes = String::from(
        "| volume | shape, type | raw bytes | Compresso | ratio | + xz | ratio | time of one slice, of all |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (name, volume) in volumes(root)? {
        eprintln!("{name}: {volume:?}");
        let path = folder.join(format!("{name}.npy"));
        AnyVolume::from(volume.clone()).save(&path)?;
        measure(name, &volume, &path, &python, &mut rows, &mut sizes)?;
        fs::remove_file(&path)?;
    }
    let text = format!("{rows}\n{sizes}");
    println!("{text}");
    if arguments.iter().any(|argument| argument == "--write") {
        let readme = fs::read_to_string("README.md")?;
        let (start, end) = ("<!-- cargo bench --bench labels -->\n", "<!-- end of bench labels -->");
        let from = readme.find(start).ok_or("README.md has no place for the tables")? + start.len();
        let to = readme.find(end).ok_or("README.md has no end of the tables")?;
        fs::write("README.md", format!("{}\n{text}\n{}", &readme[..from], &readme[to..]))?;
    }
    Ok(())
}

fn volumes(root: &Path) -> Outcome<Vec<(&'static str, Volume<u32>)>> {
    let mut volumes = Vec::new();
    match fs::read(EM) {
        Ok(bytes) => {
            let stream = SecondStage::Lzma.decode(&bytes, &Limits::new())?;
            volumes.push(("EM", compresso::decode(&stream)?.to_labels()?));
        }
        Err(_) => println!("SKIPPED: {EM} is not there"),
    }
    volumes.push(("tissue", TissueOptions::new([256, 512, 512]).generate()?));
    let nuclei = AnyVolume::open(root.join("data/labels/nuclei_label.tif"))?;
    volumes.push(("nuclei", nuclei.to_labels()?));
    Ok(volumes)
}

fn measure(
    name: &str,
    volume: &Volume<u32>,
    path: &Path,
    python: &Path,
    rows: &mut String,
    sizes: &mut String,
) -> Outcome<()> {
    let options = CompressoOptions::new();
    let [one, two] = [1, 2].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build());
    let (one, two) = (one?, two?);
    let mut peer = Peer::start(python, path)?;
    let stream = one.install(|| compresso::encode(volume, &options))?;
    let mut buffer = vec![0u32; volume.voxels()];
    let mut times: [Vec<f64>; 9] = Default::default();
    for round in 0..=ROUNDS {
        let middle = volume.shape()[0] / 2;
        let round_times = [
            peer.call("encode")?,
            seconds(|| one.install(|| compresso::encode(volume, &options)).map(drop))?,
            seconds(|| two.install(|| compresso::encode(volume, &options)).map(drop))?,
            peer.call("decode")?,
            seconds(|| one.install(|| compresso::decode(&stream)).map(drop))?,
            seconds(|| two.install(|| compresso::decode(&stream)).map(drop))?,
            seconds(|| one.install(|| compresso::decode_into(&stream, &mut buffer)).map(drop))?,
            seconds(|| two.install(|| compresso::decode_into(&stream, &mut buffer)).map(drop))?,
            seconds(|| {
                one.install(|| compresso::decode_slices(&stream, middle..middle + 1, &Limits::new())).map(drop)
            })?,
        ];
        // The first round warms the caches of both sides.
        if round > 0 {
            times.iter_mut().zip(round_times).for_each(|(times, time)| times.push(time));
        }
    }
    assert!(buffer == volume.labels(), "what was timed is the volume");
    let theirs = peer.finish(path)?;
    assert!(theirs == stream, "both sides wrote the same stream");
    let [peer_encode, encode, encode_two, peer_decode, decode, decode_two, into, into_two, slice] = times.map(median);

    let stream_path = path.with_extension("cpso");
    fs::write(&stream_path, &stream)?;
    let bytes = (volume.raw_bytes() + stream.len()) as f64;
    let this = std::env::current_exe()?;
    let ours = |direction: &str, file: &Path| peak(Command::new(&this).arg("--peak").arg(direction).arg(file));
    let theirs = |direction: &str, file: &Path| {
        peak(Command::new(python).args(["benches/peer_compresso.py", "--peak", direction]).arg(file))
    };
    let speed = |seconds: f64| volume.voxels() as f64 / 1e6 / seconds;
    let mut row = |direction: &str, peer: f64, time: f64, time_two: f64, peaks: [f64; 2]| {
        writeln!(
            rows,
            "| {name} | {direction} | {:.0} | {:.0} | **{:.1}** | {:.2} | {:.2} | {:.2} |",
            speed(peer),
            speed(time),
            peer / time,
            time / time_two,
            peaks[0] / bytes,
            peaks[1] / bytes
        )
    };
    let encode_peaks = [theirs("encode", path)?, ours("encode", path)?];
    let decode_peaks = [theirs("decode", &stream_path)?, ours("decode", &stream_path)?];
    row("encode", peer_encode, encode, encode_two, encode_peaks)?;
    row("decode", peer_decode, decode, decode_two, decode_peaks)?;
    row("decode into a buffer", peer_decode, into, into_two, decode_peaks)?;
    fs::remove_file(&stream_path)?;

    let xz = SecondStage::Xz.encode(&stream, None)?.len();
    let raw = volume.raw_bytes() as f64;
    let [z, y, x] = volume.shape();
    Stream::parse(&stream)?;
    writeln!(
        sizes,
        "| {name} | {z} x {y} x {x}, u32 | {raw} | {} | {:.1} | {xz} | {:.1} | 1/{:.0} |",
        stream.len(),
        raw / stream.len() as f64,
        raw / xz as f64,
        decode / slice
    )?;
    Ok(())
}

fn seconds<E>(call: impl FnOnce() -> Result<(), E>) -> Result<f64, E> {
    let started = Instant::now();
    call()?;
    Ok(started.elapsed().as_secs_f64())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The wheel in a process that has the volume in memory and answers each call with its seconds.
struct Peer {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Peer {
    fn start(python: &Path, volume: &Path) -> Outcome<Self> {
        let mut command = Command::new(python);
        command.arg("benches/peer_compresso.py").arg(volume).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        Ok(Self { child, answers })
    }

    fn call(&mut self, call: &str) -> Outcome<f64> {
        writeln!(self.child.stdin.as_mut().ok_or("no pipe")?, "{call}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer.trim().parse()?)
    }

    /// Ends the process; its stream, for comparison.
    fn finish(mut self, volume: &Path) -> Outcome<Vec<u8>> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        let path = volume.with_extension("peer");
        let stream = fs::read(&path)?;
        fs::remove_file(path)?;
        Ok(stream)
    }
}

/// The peak memory in bytes that a process reports, less what it had before the call that is measured.
fn peak(command: &mut Command) -> Outcome<f64> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// In a process of its own: one call on a file, and the peak of the process's memory, without that of the empty process.
fn one_call(direction: &str, file: &str) -> Outcome<()> {
    let empty = high_water()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    if direction == "encode" {
        let AnyVolume::U32(volume) = AnyVolume::open(file)? else { return Err("not u32".into()) };
        let stream = pool.install(|| compresso::encode(&volume, &CompressoOptions::new()))?;
        assert!(!stream.is_empty());
    } else {
        let stream = fs::read(file)?;
        let volume = pool.install(|| compresso::decode(&stream))?;
        assert!(volume.voxels() > 0);
    }
    println!("{}", high_water()? - empty);
    Ok(())
}

/// The most memory that this process has had, in bytes.
fn high_water() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(1024 * line.trim().trim_end_matches(" kB").parse::<u64>()?)
}

/// A Python with the peers, made on the first run.
fn python() -> Outcome<PathBuf> {
    let python = PathBuf::from(".cortado/peers/bin/python");
    let run = |command: &mut Command| match command.status()?.success() {
        true => Ok(()),
        false => Err(Box::<dyn Error>::from(format!("{command:?} failed"))),
    };
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv", ".cortado/peers"]))?;
    }
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r", "tests/interop/requirements.txt"]))?;
    Ok(python)
}
