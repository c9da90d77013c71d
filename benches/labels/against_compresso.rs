//! Compresso against the C++ of the Python package: the same bytes, sooner.

use crate::common::{Outcome, median, seconds, threads};
use crate::{our_peak, peer_peak, peers};
use cortado::compresso::{self, CompressoOptions};
use cortado::second_stage::SecondStage;
use cortado::{Limits, Volume};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const ROUNDS: usize = 7;

pub(crate) struct Tables {
    rows: String,
    sizes: String,
}

impl Tables {
    pub(crate) fn new() -> Self {
        Self {
            rows: "| volume | direction | wheel, MVx/s | Cortado, MVx/s | ratio | two threads over one | peak memory: wheel | Cortado |\n|---|---|---|---|---|---|---|---|\n".into(),
            sizes: "| volume | shape, type | raw bytes | Compresso | ratio | + xz | ratio | time of one slice, of all |\n|---|---|---|---|---|---|---|---|\n".into(),
        }
    }

    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.rows, self.sizes)
    }

    pub(crate) fn measure(&mut self, name: &str, volume: &Volume<u32>, path: &Path, python: &Path) -> Outcome<()> {
        let options = CompressoOptions::new();
        let (one, two) = (threads(1)?, threads(2)?);
        let mut peers = peers(python, path)?;
        let stream = one.install(|| compresso::encode(volume, &options))?;
        let mut buffer = vec![0u32; volume.voxels()];
        let mut times: [Vec<f64>; 9] = Default::default();
        for round in 0..=ROUNDS {
            let middle = volume.shape()[0] / 2;
            let slice = || compresso::decode_slices(&stream, middle..middle + 1, &Limits::new());
            let round_times = [
                peers.call::<2>("encode compresso")?[0],
                seconds(|| one.install(|| compresso::encode(volume, &options)).map(drop))?,
                seconds(|| two.install(|| compresso::encode(volume, &options)).map(drop))?,
                peers.call::<2>("decode compresso")?[0],
                seconds(|| one.install(|| compresso::decode(&stream)).map(drop))?,
                seconds(|| two.install(|| compresso::decode(&stream)).map(drop))?,
                seconds(|| one.install(|| compresso::decode_into(&stream, &mut buffer, &Limits::new())).map(drop))?,
                seconds(|| two.install(|| compresso::decode_into(&stream, &mut buffer, &Limits::new())).map(drop))?,
                seconds(|| one.install(slice).map(drop))?,
            ];
            // The first round warms the caches of both sides.
            if round > 0 {
                times.iter_mut().zip(round_times).for_each(|(times, time)| times.push(time));
            }
        }
        assert!(buffer == volume.labels(), "what was timed is the volume");
        let stream_path = path.with_extension("cpso");
        peers.call::<2>(&format!("save compresso {}", stream_path.display()))?;
        assert!(fs::read(&stream_path)? == stream, "both sides wrote the same stream");
        drop(peers);
        let [peer_encode, encode, encode_two, peer_decode, decode, decode_two, into, into_two, slice] =
            times.map(median);

        let bytes = (volume.raw_bytes() + stream.len()) as f64;
        let speed = |seconds: f64| volume.voxels() as f64 / 1e6 / seconds;
        let mut row = |direction: &str, peer: f64, time: f64, time_two: f64, peaks: [f64; 2]| {
            writeln!(
                self.rows,
                "| {name} | {direction} | {:.0} | {:.0} | **{:.1}** | {:.2} | {:.2} | {:.2} |",
                speed(peer),
                speed(time),
                peer / time,
                time / time_two,
                peaks[0] / bytes,
                peaks[1] / bytes
            )
        };
        let peaks = |direction: &str, file: &Path| -> Outcome<[f64; 2]> {
            Ok([peer_peak(direction, "compresso", file, python)?, our_peak(direction, "compresso", file)?])
        };
        let encode_peaks = peaks("encode", path)?;
        let decode_peaks = peaks("decode", &stream_path)?;
        row("encode", peer_encode, encode, encode_two, encode_peaks)?;
        row("decode", peer_decode, decode, decode_two, decode_peaks)?;
        row("decode into a buffer", peer_decode, into, into_two, decode_peaks)?;
        fs::remove_file(&stream_path)?;

        let xz = SecondStage::Xz.encode(&stream, None)?.len();
        let raw = volume.raw_bytes() as f64;
        let [z, y, x] = volume.shape();
        writeln!(
            self.sizes,
            "| {name} | {z} x {y} x {x}, u32 | {raw} | {} | {:.1} | {xz} | {:.1} | 1/{:.0} |",
            stream.len(),
            raw / stream.len() as f64,
            raw / xz as f64,
            decode / slice
        )?;
        Ok(())
    }
}
