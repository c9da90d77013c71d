use cortado::prelude::*;
use std::time::Instant;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let profile: Profile = args[0].parse().unwrap();
    let qs: Vec<f64> = args[1].split(',').map(|x| x.parse().unwrap()).collect();
    let metrics = std::env::var("METRICS").is_ok();
    let (mut e, mut d, mut px) = (0.0, 0.0, 0.0);
    for path in &args[2..] {
        let photo = Photo::open(path).unwrap();
        for &q in &qs {
            let t = Instant::now();
            let (bytes, expect) = laff::encode_with_photo(&photo, &LaffOptions::new().quality(q).profile(profile)).unwrap();
            e += t.elapsed().as_secs_f64();
            let t = Instant::now();
            let back = laff::decode(&bytes).unwrap();
            d += t.elapsed().as_secs_f64();
            px += photo.pixels() as f64 / 1e6;
            assert!(back == expect);
            let (s, s2) = if metrics { (-10.0 * (1.0 - ssim(&photo, &back).unwrap()).log10(), ssimulacra2(&photo, &back).unwrap()) } else { (0.0, 0.0) };
            let name = std::path::Path::new(path).file_stem().unwrap().to_str().unwrap().to_owned();
            println!("{name} {q} {} {:.4} 0 0 {} {s} {s2}", bytes.len(), psnr_luma(&photo, &back).unwrap(), laff::info(&bytes, &Limits::new()).unwrap().thumbnail_bytes);
        }
    }
    eprintln!("encode {:.2} decode {:.2} MP/s", px / e, px / d);
}
