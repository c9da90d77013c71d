//! How near synthetic tissue comes to a real volume, in what Compresso sees of both:
//! `cargo run --release --example tissue -- [LABELS.npy]...`

use cortado::compresso::{self, CompressoOptions, Stream};
use cortado::metrics::compression_ratio;
use cortado::volume::TissueOptions;
use cortado::{AnyVolume, Error, Table, Volume};

fn main() -> Result<(), Error> {
    let mut table = Table::new([
        "volume",
        "boundary voxels, %",
        "changed from slice to slice, %",
        "voxels a component",
        "location entries, % of voxels",
        "different windows",
        "ratio",
    ]);
    let mut add = |name: &str, volume: &Volume<u64>| -> Result<(), Error> {
        let [depth, height, width] = volume.shape();
        let voxels = volume.voxels() as f64;
        let (mut boundary, mut changed) = (0, 0);
        for z in 0..depth {
            let slice = volume.slice(z);
            for at in 0..slice.len() {
                let right = at % width + 1 < width && slice[at] != slice[at + 1];
                let below = at + width < height * width && slice[at] != slice[at + width];
                boundary += usize::from(right || below);
                changed += usize::from(z + 1 < depth && slice[at] != volume.slice(z + 1)[at]);
            }
        }
        let bytes = compresso::encode(&volume.cast::<u32>()?, &CompressoOptions::new())?;
        let stream = Stream::parse(&bytes)?;
        let header = stream.header();
        table.push([
            name.into(),
            (100.0 * boundary as f64 / voxels).into(),
            (100.0 * changed as f64 / voxels).into(),
            (voxels / header.ids as f64).into(),
            (100.0 * header.locations as f64 / voxels).into(),
            (header.values as usize).into(),
            compression_ratio(4 * volume.voxels(), bytes.len()).into(),
        ]);
        Ok(())
    };
    add("tissue", &TissueOptions::new([128, 512, 512]).generate()?.cast()?)?;
    for path in std::env::args().skip(1) {
        add(&path, &AnyVolume::open(&path)?.to_labels()?)?;
    }
    println!("{table}");
    Ok(())
}
