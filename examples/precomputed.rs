//! Writes a label volume as a Neuroglancer "precomputed" layer with encoding `compresso`, which cloud-volume opens:
//! `cargo run --release --example precomputed -- labels.npy layer` makes a folder for
//! `CloudVolume("file://.../layer")`.

use cortado::compresso::{self, CompressoOptions};
use cortado::{AnyVolume, Error};
use std::fs;
use std::path::Path;

/// Voxels of a chunk by (z, y, x).
const CHUNK: [usize; 3] = [32, 64, 64];

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, layer] = arguments.as_slice() else {
        return Err(Error::Unsupported("usage: precomputed LABELS.npy FOLDER".into()));
    };
    let volume = AnyVolume::open(input)?;
    let [depth, height, width] = volume.shape();
    let [cz, cy, cx] = CHUNK;
    let chunks = Path::new(layer).join("1_1_1");
    fs::create_dir_all(&chunks).map_err(Error::io("create", &chunks))?;
    let bits = 8 * volume.label_type().bytes();
    let info = format!(
        r#"{{"@type": "neuroglancer_multiscale_volume", "type": "segmentation", "data_type": "uint{bits}", "num_channels": 1,
 "scales": [{{"key": "1_1_1", "size": [{width}, {height}, {depth}], "resolution": [1, 1, 1], "voxel_offset": [0, 0, 0],
 "chunk_sizes": [[{cx}, {cy}, {cz}]], "encoding": "compresso"}}]}}"#
    );
    let path = Path::new(layer).join("info");
    fs::write(&path, info).map_err(Error::io("write", &path))?;
    for z in (0..depth).step_by(cz) {
        for y in (0..height).step_by(cy) {
            for x in (0..width).step_by(cx) {
                let ends = [depth.min(z + cz), height.min(y + cy), width.min(x + cx)];
                let chunk = volume.crop(z..ends[0], y..ends[1], x..ends[2])?;
                let path = chunks.join(format!("{x}-{}_{y}-{}_{z}-{}", ends[2], ends[1], ends[0]));
                let stream = compresso::encode(&chunk, &CompressoOptions::new())?;
                fs::write(&path, stream).map_err(Error::io("write", &path))?;
            }
        }
    }
    Ok(())
}
