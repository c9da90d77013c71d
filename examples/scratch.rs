use cortado::compresso::*;
use cortado::Volume;
use std::time::Instant;
fn main() {
    let reference = std::fs::read("/tmp/w/em.v1.cpso").unwrap();
    let npy = std::fs::read("/tmp/w/em.npy").unwrap();
    let labels: Vec<u32> = npy[128..].chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect();
    drop(npy);
    let v = Volume::from_vec([512,512,512], labels).unwrap();
    for (name, o) in [("v1", CompressoOptions::new()), ("v0", CompressoOptions::new().index(false)), ("6", CompressoOptions::new().connectivity(Connectivity::Six))] {
        let r = std::fs::read(match name {"v1"=>"/tmp/w/em.v1.cpso","v0"=>"/tmp/w/em.v0.cpso",_=>"/tmp/w/em6.cpso"}).unwrap();
        let mut out = vec![0u32; v.voxels()];
        for _ in 0..3 {
            let t = Instant::now();
            let s = encode(&v, &o).unwrap();
            let e = t.elapsed().as_secs_f64();
            let t = Instant::now();
            let d = decode(&r).unwrap();
            let f = t.elapsed().as_secs_f64();
            let t = Instant::now();
            decode_into(&r, &mut out).unwrap();
            let g = t.elapsed().as_secs_f64();
            let same = d.to_labels::<u32>().unwrap() == v && out == v.labels();
            let n = v.voxels() as f64/1e6;
            println!("{name} enc {:.0} MVx/s  dec {:.0} into {:.0}  identical {} decoded {}", n/e, n/f, n/g, s == r, same);
        }
    }
    let _ = reference;
}
