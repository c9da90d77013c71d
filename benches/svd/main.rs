//! Singular value decompositions of the same matrices in the same run: `cargo bench --bench svd`.
//!
//! All on one thread, in f32; calls alternate, and a time is the median of five rounds after one to warm up. Errors are
//! Frobenius norms over that of the best approximation. With `-- --write` the table goes into README.md. The small
//! matrix is the luma of china.jpg; the large one, a contact sheet of 16 photos, needs ../shared. The peers are
//! installed into .cortado/peers.

#[path = "../common/mod.rs"]
mod common;

use common::{Outcome, Peers, median, seconds};
use cortado::Photo;
use cortado::svd::{Planes, Svd, SvdOptions};
use ndarray::{Array1, Array2, s};
use std::fs;
use std::process::Command;

const ROUNDS: usize = 5;
const RANKS: [usize; 3] = [16, 64, 256];
const SHEET: &str = "../shared/data/photos/cq100";

/// One contender's times, and what its error was.
#[derive(Default)]
struct Entry {
    times: Vec<f64>,
    error: f64,
}

impl Entry {
    fn time(&self) -> f64 {
        // The first round is to warm up.
        median(self.times[1..].to_vec())
    }
}

fn main() -> Outcome<()> {
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    let writes = std::env::args().any(|argument| argument == "--write");
    let python = common::python("benches/svd/requirements.txt")?;
    let mut matrices = vec![luma(&Photo::open("data/photos/china.jpg")?)];
    match contact_sheet() {
        Ok(sheet) => matrices.push(sheet),
        Err(_) => println!("SKIPPED: {SHEET} is not there"),
    }
    let mut text = String::from(
        "| matrix | rank | gesdd / ours | randomized_svd / ours | its error, ours | randomized_svd, 2 iterations / ours, 5 | its error, ours |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let pool = common::threads(1)?;
    for matrix in &matrices {
        text += &pool.install(|| rows(matrix, &python).map_err(|error| error.to_string()))?;
    }
    println!("{text}");
    if writes {
        common::write_into_readme("svd", "decompositions", &text)?;
    }
    Ok(())
}

fn luma(photo: &Photo) -> Array2<f32> {
    Planes::Luma.split(photo).remove(0)
}

/// 2000 x 3000 samples of 16 photos, four by four.
fn contact_sheet() -> Outcome<Array2<f32>> {
    let mut paths: Vec<_> = fs::read_dir(SHEET)?.map(|entry| Ok(entry?.path())).collect::<Outcome<_>>()?;
    paths.sort();
    let mut sheet = Array2::zeros((2048, 3072));
    let mut places = (0..16).map(|place| (512 * (place / 4), 768 * (place % 4)));
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "png")) {
        let photo = luma(&Photo::open(path)?);
        if photo.dim() == (512, 768) {
            let Some((y, x)) = places.next() else { break };
            sheet.slice_mut(s![y..y + 512, x..x + 768]).assign(&photo);
        }
    }
    if places.next().is_some() {
        return Err("too few photos for a sheet".into());
    }
    Ok(sheet.slice(s![..2000, ..3000]).to_owned())
}

/// The table's rows for one matrix.
fn rows(matrix: &Array2<f32>, python: &std::path::Path) -> Outcome<String> {
    let (height, width) = matrix.dim();
    let folder = fs::canonicalize("target")?.join("tmp/bench-svd");
    fs::create_dir_all(&folder)?;
    let file = folder.join("matrix.f32");
    fs::write(&file, matrix.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
    let size = [height.to_string(), width.to_string()];
    let mut peers = Peers::start(Command::new(python).arg("benches/svd/peers.py").args(&size).arg(&file))?;

    let best = Svd::of(matrix.mapv(f64::from).view(), &SvdOptions::new())?;
    let ours = |options: SvdOptions, entry: &mut Entry| -> Outcome<()> {
        let mut svd = None;
        entry.times.push(seconds(|| Svd::of(matrix.view(), &options).map(|found| svd = Some(found)))?);
        if entry.times.len() == 1 {
            entry.error = error(matrix, &svd.expect("just computed"));
        }
        Ok(())
    };
    let mut entries: [Vec<Entry>; 4] = std::array::from_fn(|_| RANKS.iter().map(|_| Entry::default()).collect());
    let (mut gesdd, mut full) = (Entry::default(), Entry::default());
    for _ in 0..=ROUNDS {
        let [time, error] = peers.call("gesdd")?;
        (gesdd.error, _) = (error, gesdd.times.push(time));
        ours(SvdOptions::new(), &mut full)?;
        for (at, rank) in RANKS.into_iter().enumerate() {
            let [default, theirs, quick, theirs_quick] = &mut entries;
            ours(SvdOptions::new().rank(rank), &mut default[at])?;
            ours(SvdOptions::new().rank(rank).iterations(5), &mut quick[at])?;
            for (entry, iterations) in [(&mut theirs[at], "auto"), (&mut theirs_quick[at], "2")] {
                let [time, error] = peers.call(&format!("randomized {rank} {iterations}"))?;
                (entry.error, _) = (error, entry.times.push(time));
            }
        }
    }
    let mut text = String::new();
    let [default, theirs, quick, theirs_quick] = &entries;
    for (at, rank) in RANKS.into_iter().enumerate() {
        let over = |entry: &Entry| entry.error / best.spectrum().squared_error(rank).sqrt();
        text += &format!(
            "| {height} x {width} | {rank} | {:.1} | {:.2} | {:.5}, {:.5} | {:.2} | {:.4}, {:.4} |\n",
            gesdd.time() / default[at].time(),
            theirs[at].time() / default[at].time(),
            over(&theirs[at]),
            over(&default[at]),
            theirs_quick[at].time() / quick[at].time(),
            over(&theirs_quick[at]),
            over(&quick[at]),
        );
    }
    let norm = best.spectrum().squared_error(0).sqrt();
    text += &format!(
        "| {height} x {width} | all | {:.1} | | of the matrix: gesdd {:.1e}, ours {:.1e} | | |\n",
        gesdd.time() / full.time(),
        gesdd.error / norm,
        full.error / norm,
    );
    Ok(text)
}

/// The Frobenius norm of what a decomposition leaves, in double precision.
fn error(matrix: &Array2<f32>, svd: &Svd) -> f64 {
    let scaled = svd.left().mapv(f64::from) * &Array1::from(svd.values().to_vec());
    let rebuilt = scaled.dot(&svd.right().mapv(f64::from));
    matrix.iter().zip(&rebuilt).map(|(&a, b)| (f64::from(a) - b).powi(2)).sum::<f64>().sqrt()
}
