use cortado::compresso::*;
use cortado::volume::TissueOptions;
use std::time::Instant;
fn main() {
    let t = Instant::now();
    let v = TissueOptions::new([128, 512, 512]).generate().unwrap();
    println!("{:.1} MVx/s", v.voxels() as f64 / 1e6 / t.elapsed().as_secs_f64());
    let s = encode(&v, &CompressoOptions::new()).unwrap();
    let st = Stream::parse(&s).unwrap();
    let h = st.header();
    println!(
        "voxels/component {:.0} loc/voxel {:.5} values {} ratio {:.2} labels {} zero {:.4}",
        v.voxels() as f64 / h.ids as f64,
        h.locations as f64 / v.voxels() as f64,
        h.values,
        v.raw_bytes() as f64 / s.len() as f64,
        v.distinct_labels().len(),
        v.labels().iter().filter(|&&l| l == 0).count() as f64 / v.voxels() as f64
    );
    let dz = (0..127).map(|z| v.slice(z).iter().zip(v.slice(z + 1)).filter(|(a, b)| a != b).count()).sum::<usize>()
        as f64
        / v.voxels() as f64;
    println!("dz {dz:.4}");
    std::fs::write("/tmp/w/t.cpso", &s).unwrap();
}
