#[path = "../common/mod.rs"]
mod common;
use cortado::svd::*;
use ndarray::Array2;
fn main() {
    let photo = cortado::Photo::open("/tmp/w/sheet.png").unwrap();
    let a =
        Array2::from_shape_vec((photo.height(), photo.width()), photo.samples().iter().map(|&x| x as f32).collect())
            .unwrap();
    let a64 = a.mapv(f64::from);
    let pool = common::threads(1).unwrap();
    pool.install(|| {
        let exact = Svd::of(a.view(), &SvdOptions::new()).unwrap();
        println!("rank {} {:?}", exact.rank(), &exact.values()[..3]);
        for k in [16, 64, 256, 2000] {
            for its in [8] {
                let mut times = vec![];
                let mut svd = None;
                for _ in 0..3 {
                    let t = std::time::Instant::now();
                    svd = Some(Svd::of(a.view(), &SvdOptions::new().rank(k).iterations(its)).unwrap());
                    times.push(t.elapsed().as_secs_f64());
                }
                let svd = svd.unwrap();
                let left = svd.left().mapv(f64::from) * &ndarray::Array1::from(svd.values().to_vec());
                let rec = left.dot(&svd.right().mapv(f64::from));
                let err = (&a64 - &rec).iter().map(|x| x * x).sum::<f64>().sqrt();
                let opt = exact.spectrum().squared_error(k).sqrt();
                println!("{k} {its}: {:.4} err/opt {:.7} {err}", common::median(times), err / opt);
            }
        }
    });
}
