//! Photo codecs at equal quality in the same run: `cargo bench --bench laff`.
//!
//! Every codec encodes every photo at several settings. Where one of its curves of bytes against PSNR-Y, SSIM or
//! SSIMULACRA 2 has the value of libjpeg-turbo at quality 50, 75 or 90, its bytes are read off, on a line between the
//! two nearest settings; tables give geometric means over the photos, in percent of libjpeg-turbo's bytes. Then all
//! encode and decode in turns on one thread, at about libjpeg-turbo's quality 75; times are medians of five rounds.
//! With `-- --write` tables and the plot docs/laff.svg are written. The Kodak photos are read from ../shared where they
//! are there. The peers are installed into .cortado/peers.

#[path = "../common/mod.rs"]
mod common;

use common::{Outcome, Peers, median};
use cortado::prelude::*;
use rayon::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const KODAK: &str = "../shared/data/photos/kodak";
const ROUNDS: usize = 5;
/// libjpeg-turbo's qualities that all are compared at.
const QUALITIES: [u32; 3] = [50, 75, 90];

/// A codec, the settings of its curve, and one that comes near libjpeg-turbo's quality 75 in PSNR-Y.
struct Contender {
    name: &'static str,
    title: &'static str,
    settings: &'static [u32],
    usual: u32,
}

const CONTENDERS: [Contender; 7] = [
    Contender { name: "libjpeg-turbo", title: "libjpeg-turbo", settings: &QUALITIES, usual: 75 },
    Contender { name: "mozjpeg", title: "mozjpeg", settings: &[30, 45, 60, 72, 82, 89, 94], usual: 75 },
    Contender { name: "webp", title: "WebP, method 6", settings: &[25, 45, 65, 78, 87, 93, 97], usual: 78 },
    Contender { name: "jxl", title: "JPEG XL, effort 7", settings: &[30, 45, 60, 72, 82, 90, 95], usual: 76 },
    Contender { name: "avif", title: "AVIF, speed 4", settings: &[35, 48, 58, 68, 78, 87, 94], usual: 66 },
    Contender { name: "mse", title: "**laff, mse**", settings: &[40, 50, 62, 74, 83, 90, 94], usual: 78 },
    Contender { name: "visual", title: "**laff, visual**", settings: &[30, 42, 56, 68, 80, 88, 93], usual: 78 },
];

/// What a codec made of a photo at a setting.
struct Result {
    bytes: f64,
    seconds: [f64; 2],
    /// PSNR-Y in dB, SSIM as -10 log10(1 - SSIM), and SSIMULACRA 2.
    qualities: [f64; 3],
}

struct Bench {
    peers: Peers,
    decoded: PathBuf,
    pool: rayon::ThreadPool,
}

impl Bench {
    /// Encodes and decodes; the decoded photo, and the result without its qualities.
    fn run(&mut self, contender: &Contender, setting: u32, path: &Path, photo: &Photo) -> Outcome<(Photo, Result)> {
        let profile = match contender.name {
            "mse" => Profile::Mse,
            "visual" => Profile::Visual,
            name => {
                let call = format!("{name} {setting} {} {}", path.display(), self.decoded.display());
                let [encoding, decoding, bytes] = self.peers.call(&call)?;
                let decoded = Photo::from_rgb(photo.height(), photo.width(), fs::read(&self.decoded)?)?;
                return Ok((decoded, Result { bytes, seconds: [encoding, decoding], qualities: [0.0; 3] }));
            }
        };
        let options = LaffOptions::new().quality(setting.into()).profile(profile);
        let outcome = self.pool.install(|| -> std::result::Result<_, cortado::Error> {
            let started = Instant::now();
            let bytes = laff::encode(photo, &options)?;
            let encoding = started.elapsed().as_secs_f64();
            let started = Instant::now();
            let decoded = laff::decode(&bytes)?;
            let decoding = started.elapsed().as_secs_f64();
            let result = Result { bytes: bytes.len() as f64, seconds: [encoding, decoding], qualities: [0.0; 3] };
            Ok((decoded, result))
        });
        Ok(outcome?)
    }

    /// All settings of all contenders on a photo.
    fn curves(&mut self, path: &Path, photo: &Photo) -> Outcome<Vec<Vec<Result>>> {
        let mut all = Vec::new();
        for contender in &CONTENDERS {
            let runs = contender.settings.iter().map(|&setting| self.run(contender, setting, path, photo));
            let mut runs = runs.collect::<Outcome<Vec<_>>>()?;
            runs.par_iter_mut().try_for_each(|(decoded, result)| -> std::result::Result<(), cortado::Error> {
                let similarity = -10.0 * (1.0 - ssim(photo, decoded)?).log10();
                result.qualities = [psnr_luma(photo, decoded)?, similarity, ssimulacra2(photo, decoded)?];
                Ok(())
            })?;
            all.push(runs.into_iter().map(|(_, result)| result).collect());
        }
        Ok(all)
    }
}

/// The logarithm of the bytes at which a curve has a quality.
fn bytes_at(curve: &[Result], measure: usize, quality: f64) -> f64 {
    let mut points: Vec<(f64, f64)> =
        curve.iter().map(|result| (result.qualities[measure], result.bytes.ln())).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let after = points.iter().position(|point| point.0 >= quality).unwrap_or(points.len() - 1).max(1);
    let ((low, less), (high, more)) = (points[after - 1], points[after]);
    less + (more - less) * (quality - low) / (high - low)
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// Bytes in percent of libjpeg-turbo's at equal quality.
fn table(curves: &[Vec<Vec<Result>>]) -> String {
    let mut text = String::from("| codec | PSNR-Y | SSIM | SSIMULACRA 2 |\n|---|---|---|---|");
    for (number, contender) in CONTENDERS.iter().enumerate().skip(1) {
        text += &format!("\n| {} ", contender.title);
        for measure in 0..3 {
            let at = |reference: usize| {
                let shares = curves.iter().map(|photo| {
                    let jpeg = &photo[0][reference];
                    bytes_at(&photo[number], measure, jpeg.qualities[measure]) - jpeg.bytes.ln()
                });
                format!("{:.1}", 100.0 * mean(shares).exp())
            };
            text += &format!("| {} / {} / {} ", at(0), at(1), at(2));
        }
        text += "|";
    }
    text
}

/// Encoding and decoding in turns.
fn speeds(bench: &mut Bench, photos: &[(PathBuf, Photo)]) -> Outcome<String> {
    let mut two = common::threads(2)?;
    let mut times = vec![[vec![], vec![]]; CONTENDERS.len() + 1];
    for round in 0..=ROUNDS {
        let mut sums = vec![[0.0; 2]; CONTENDERS.len() + 1];
        for (path, photo) in photos {
            for (number, contender) in CONTENDERS.iter().enumerate() {
                let (_, result) = bench.run(contender, contender.usual, path, photo)?;
                (0..2).for_each(|which| sums[number][which] += result.seconds[which]);
            }
            // The first profile once more, on two threads.
            let contender = &CONTENDERS[5];
            std::mem::swap(&mut bench.pool, &mut two);
            let (_, result) = bench.run(contender, contender.usual, path, photo)?;
            std::mem::swap(&mut bench.pool, &mut two);
            (0..2).for_each(|which| sums[CONTENDERS.len()][which] += result.seconds[which]);
        }
        // The first round is to warm up.
        if round > 0 {
            for (times, sums) in times.iter_mut().zip(sums) {
                (0..2).for_each(|which| times[which].push(sums[which]));
            }
        }
    }
    let medians: Vec<[f64; 2]> = times.into_iter().map(|both| both.map(median)).collect();
    let pixels: usize = photos.iter().map(|(_, photo)| photo.pixels()).sum();
    let mut text = String::from("| codec | encoding | decoding |\n|---|---|---|");
    let titles = CONTENDERS.iter().map(|contender| contender.title).chain(["laff, mse, two threads"]);
    for (title, seconds) in titles.zip(&medians) {
        let [encoding, decoding] = [0, 1].map(|which| seconds[which] / medians[5][which]);
        text += &format!("\n| {title} | {encoding:.3} | {decoding:.3} |");
        let [encoding, decoding] = seconds.map(|seconds| pixels as f64 / 1e6 / seconds);
        println!("{title}: {encoding:.2} megapixels a second encoded, {decoding:.2} decoded");
    }
    Ok(text)
}

/// Mean PSNR-Y against mean bits per pixel.
fn plot(curves: &[Vec<Vec<Result>>], photos: &[(PathBuf, Photo)]) -> Curve {
    let mut chart = Curve::new("Kodak 01 to 12").x("bits per pixel").y("PSNR-Y (dB)").log_x();
    for (number, contender) in CONTENDERS.iter().enumerate() {
        let points = (0..contender.settings.len()).map(|setting| {
            let bits = curves
                .iter()
                .zip(photos)
                .map(|(photo, (_, original))| 8.0 * photo[number][setting].bytes / original.pixels() as f64);
            (mean(bits), mean(curves.iter().map(|photo| photo[number][setting].qualities[0])))
        });
        let points: Vec<(f64, f64)> = points.filter(|point| (0.2..4.0).contains(&point.0)).collect();
        chart = chart.line(contender.title.trim_matches('*'), points);
    }
    chart
}

fn photos(folder: &str) -> Outcome<Vec<(PathBuf, Photo)>> {
    let Ok(listing) = fs::read_dir(folder) else {
        println!("SKIPPED: {folder} is not there");
        return Ok(Vec::new());
    };
    let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    // The TIFF files of data/photos are of Kodak's.
    paths.retain(|path| matches!(path.extension().and_then(|e| e.to_str()), Some("png" | "jpg")));
    paths.sort();
    paths.into_iter().map(|path| Ok((path.canonicalize()?, Photo::open(&path)?))).collect()
}

fn main() -> Outcome<()> {
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    let writes = std::env::args().any(|argument| argument == "--write");
    fs::create_dir_all("target/tmp/bench-laff")?;
    let python = common::python("benches/laff/requirements.txt")?;
    let peers = Peers::start(Command::new(python).arg("benches/laff/peers.py"))?;
    let decoded = fs::canonicalize("target/tmp/bench-laff")?.join("decoded.rgb");
    let mut bench = Bench { peers, decoded, pool: common::threads(1)? };
    let mut tables = Vec::new();
    for (name, folder) in [("laff on Kodak", KODAK), ("laff on other photos", "data/photos")] {
        let photos = photos(folder)?;
        if photos.is_empty() {
            continue;
        }
        let mut curves = Vec::new();
        for (path, photo) in &photos {
            curves.push(bench.curves(path, photo)?);
        }
        tables.push((name, table(&curves)));
        println!("{name}\n{}", tables[tables.len() - 1].1);
        if folder == KODAK {
            if writes {
                fs::write("docs/laff.svg", plot(&curves, &photos).svg())?;
            }
            tables.push(("laff's speed", speeds(&mut bench, &photos)?));
            println!("{}", tables[tables.len() - 1].1);
        }
    }
    if writes {
        for (name, text) in tables {
            common::write_into_readme("laff", name, &text)?;
        }
    }
    Ok(())
}
