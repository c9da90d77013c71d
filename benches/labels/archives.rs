//! The smallest archives: Ristretto beside Compresso and crackle, with a second stage.

use crate::common::{Outcome, Peers, median, seconds, threads};
use crate::{our_peak, peer_peak, peers};
use cortado::ristretto::{self, Level, RistrettoOptions};
use cortado::{Limits, Volume};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const ROUNDS: usize = 5;
const PEERS: [&str; 5] = ["compresso+brotli", "crackle", "crackle+brotli", "crackle-pins", "crackle-pins+brotli"];
/// Those of them whose calls are timed: Compresso's own speed is in the other tables.
const TIMED_PEERS: [&str; 4] = ["crackle", "crackle+brotli", "crackle-pins", "crackle-pins+brotli"];
/// Volumes whose calls are timed; of the others only the sizes are told.
const TIMED_VOLUMES: [&str; 2] = ["EM", "nuclei"];

pub(crate) struct Tables {
    sizes: String,
    speeds: String,
}

impl Tables {
    pub(crate) fn new() -> Self {
        let peers = PEERS.map(|peer| format!(" {peer} |")).concat();
        let columns = "|---".repeat(PEERS.len() + 5);
        Self {
            sizes: format!("| volume |{peers} fast | default | max | best peer over max |\n{columns}|\n"),
            speeds: "| volume | codec | bytes | encode, MVx/s | two threads | decode, MVx/s | two threads | into a buffer | peak memory: encode | decode | time of a block's last slice, of all |\n|---|---|---|---|---|---|---|---|---|---|---|\n".into(),
        }
    }

    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.sizes, self.speeds)
    }

    pub(crate) fn measure(&mut self, name: &str, volume: &Volume<u32>, path: &Path, python: &Path) -> Outcome<()> {
        let mut peers = peers(python, path)?;
        let mut sizes = Vec::new();
        for peer in PEERS {
            // The first call makes the stream, and is not counted.
            sizes.push(peers.call::<2>(&format!("decode {peer}"))?[1] as usize);
        }
        let best = *sizes.iter().min().ok_or("no peers")?;
        for level in Level::ALL {
            let stream = ristretto::encode(volume, &RistrettoOptions::new().level(level))?;
            assert!(ristretto::decode(&stream)? == volume.clone().into(), "it comes back");
            sizes.push(stream.len());
        }
        write!(self.sizes, "| {name} |")?;
        for size in &sizes {
            write!(self.sizes, " {size} |")?;
        }
        writeln!(self.sizes, " **{:.2}** |", best as f64 / sizes[sizes.len() - 1] as f64)?;
        if TIMED_VOLUMES.contains(&name) {
            self.time(name, volume, path, python, peers)?;
        }
        Ok(())
    }

    fn time(&mut self, name: &str, volume: &Volume<u32>, path: &Path, python: &Path, mut peers: Peers) -> Outcome<()> {
        let (one, two) = (threads(1)?, threads(2)?);
        let options = Level::ALL.map(|level| RistrettoOptions::new().level(level));
        let streams: Vec<_> = options.iter().map(|options| ristretto::encode(volume, options)).collect();
        let streams = streams.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut buffer = vec![0u32; volume.voxels()];
        let mut peer_times: [[Vec<f64>; 2]; TIMED_PEERS.len()] = Default::default();
        let mut times: [[Vec<f64>; 6]; 3] = Default::default();
        for round in 0..=ROUNDS {
            for (times, peer) in peer_times.iter_mut().zip(TIMED_PEERS) {
                for (times, direction) in times.iter_mut().zip(["encode", "decode"]) {
                    times.push(peers.call::<2>(&format!("{direction} {peer}"))?[0]);
                }
            }
            for ((times, options), stream) in times.iter_mut().zip(&options).zip(&streams) {
                let z = last_of_middle_block(stream)?;
                let slice = || ristretto::decode_slices(stream, z..z + 1, &Limits::new());
                let round_times = [
                    seconds(|| one.install(|| ristretto::encode(volume, options)).map(drop))?,
                    seconds(|| two.install(|| ristretto::encode(volume, options)).map(drop))?,
                    seconds(|| one.install(|| ristretto::decode(stream)).map(drop))?,
                    seconds(|| two.install(|| ristretto::decode(stream)).map(drop))?,
                    seconds(|| one.install(|| ristretto::decode_into(stream, &mut buffer, &Limits::new())).map(drop))?,
                    seconds(|| one.install(slice).map(drop))?,
                ];
                times.iter_mut().zip(round_times).for_each(|(times, time)| times.push(time));
            }
            if round == 0 {
                // It warmed the caches of all.
                peer_times.as_flattened_mut().iter_mut().for_each(Vec::clear);
                times.as_flattened_mut().iter_mut().for_each(Vec::clear);
            }
        }
        assert!(buffer == volume.labels(), "what was timed is the volume");

        let speed = |seconds: f64| volume.voxels() as f64 / 1e6 / seconds;
        let stream_path = path.with_extension("stream");
        for (peer, times) in TIMED_PEERS.into_iter().zip(peer_times) {
            let [encode, decode] = times.map(median);
            let [_, bytes] = peers.call(&format!("save {peer} {}", stream_path.display()))?;
            let total = volume.raw_bytes() as f64 + bytes;
            let encode_peak = peer_peak("encode", peer, path, python)?;
            let decode_peak = peer_peak("decode", peer, &stream_path, python)?;
            writeln!(
                self.speeds,
                "| {name} | {peer} | {bytes} | {:.0} | | {:.0} | | | {:.2} | {:.2} | |",
                speed(encode),
                speed(decode),
                encode_peak / total,
                decode_peak / total
            )?;
        }
        for ((level, times), stream) in Level::ALL.into_iter().zip(times).zip(&streams) {
            let [encode, encode_two, decode, decode_two, into, slice] = times.map(median);
            let total = (volume.raw_bytes() + stream.len()) as f64;
            fs::write(&stream_path, stream)?;
            let encode_peak = our_peak("encode", level.name(), path)?;
            let decode_peak = our_peak("decode", level.name(), &stream_path)?;
            writeln!(
                self.speeds,
                "| {name} | **Ristretto, {}** | **{}** | {:.0} | x {:.2} | {:.0} | x {:.2} | {:.0} | {:.2} | {:.2} | 1/{:.0} |",
                level.name(),
                stream.len(),
                speed(encode),
                encode / encode_two,
                speed(decode),
                decode / decode_two,
                speed(into),
                encode_peak / total,
                decode_peak / total,
                decode / slice
            )?;
        }
        fs::remove_file(&stream_path)?;
        Ok(())
    }
}

/// The slice for which the most others are decoded.
fn last_of_middle_block(stream: &[u8]) -> Outcome<usize> {
    let stream = ristretto::Stream::parse(stream)?;
    let header = stream.header();
    let after = (header.shape[0] / 2 / header.block_slices + 1) * header.block_slices;
    Ok(after.min(header.shape[0]) - 1)
}
