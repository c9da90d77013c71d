//! Decompositions against a textbook's, spectra against what reconstructions measure, and quantised factors.

use cortado::prelude::*;
use cortado::svd::Element;
use ndarray::{Array2, ArrayView2, Axis};
use proptest::prelude::*;

mod common;
use common::data;
use common::photos::photos;

/// Singular values by one-sided Jacobi rotations: slow, and exact to the last digits.
fn textbook(a: ArrayView2<f64>) -> Vec<f64> {
    let mut rows = if a.nrows() <= a.ncols() { a.to_owned() } else { a.t().to_owned() };
    for _ in 0..60 {
        let mut turned = false;
        for i in 0..rows.nrows() {
            for j in 0..i {
                let (x, y) = (rows.row(i).to_owned(), rows.row(j).to_owned());
                let (a, b, c) = (x.dot(&x), y.dot(&y), x.dot(&y));
                if c.abs() > 1e-15 * (a * b).sqrt() && c != 0.0 {
                    let zeta = (b - a) / (2.0 * c);
                    let tangent = 1.0 / (zeta + zeta.hypot(1.0).copysign(zeta));
                    let cosine = 1.0 / tangent.hypot(1.0);
                    rows.row_mut(i).assign(&(&x * cosine - &y * (cosine * tangent)));
                    rows.row_mut(j).assign(&(&x * (cosine * tangent) + &y * cosine));
                    turned = true;
                }
            }
        }
        if !turned {
            break;
        }
    }
    let mut values: Vec<f64> = rows.rows().into_iter().map(|row| row.dot(&row).sqrt()).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

fn squares<T: Into<f64> + Copy>(a: &Array2<T>) -> f64 {
    a.iter().map(|&x| x.into() * x.into()).sum()
}

/// Matrices of awkward shapes: of 8-bit levels, of few of them, of low rank, of steeply falling singular values, of one
/// value.
fn matrices() -> impl Strategy<Value = Array2<f64>> {
    let side = prop_oneof![Just(1_usize), Just(2), Just(7), Just(13), Just(31), Just(53)];
    (side.clone(), side, 0..6_usize, any::<u64>()).prop_map(|(rows, columns, kind, seed)| {
        let mut state = seed | 1;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        let mut random = |rows, columns| Array2::from_shape_simple_fn((rows, columns), &mut next);
        match kind {
            0 => random(rows, columns).mapv(|x| (x * 256.0).floor()),
            1 => random(rows, columns).mapv(|x| (x * 2.0).floor() * 255.0),
            2 => random(rows, 2).dot(&random(2, columns)) * 100.0,
            3 => {
                let steep =
                    Array2::from_diag(&ndarray::Array1::from_shape_fn(rows.min(columns), |i| 0.3f64.powi(i as i32)));
                random(rows, rows.min(columns)).dot(&steep).dot(&random(rows.min(columns), columns)) * 255.0
            }
            4 => Array2::from_elem((rows, columns), 200.0),
            _ => Array2::zeros((rows, columns)),
        }
    })
}

fn overlap_of_rows<T: Element + Into<f64> + Copy>(rows: ArrayView2<T>) -> f64 {
    let rows = rows.mapv(Into::into);
    let mut gram = rows.dot(&rows.t());
    gram.diag_mut().iter_mut().for_each(|x| *x -= 1.0);
    gram.iter().fold(0.0, |most: f64, x| most.max(x.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_exact_decomposition_is_the_textbooks(a in matrices()) {
        let expected = textbook(a.view());
        let largest = expected[0];
        for (values, spectrum, difference, overlap, precision) in [
            {
                let svd = Svd::of(a.view(), &SvdOptions::new()).unwrap();
                let overlap = overlap_of_rows(svd.left().t()).max(overlap_of_rows(svd.right().view()));
                (svd.values().to_vec(), svd.spectrum().clone(), &svd.reconstruct(svd.rank()) - &a, overlap, 1e-11)
            },
            {
                let single = a.mapv(|x| x as f32);
                let svd = Svd::of(single.view(), &SvdOptions::new()).unwrap();
                let overlap = overlap_of_rows(svd.left().t()).max(overlap_of_rows(svd.right().view()));
                let difference = svd.reconstruct(svd.rank()).mapv(f64::from) - &single.mapv(f64::from);
                (svd.values().to_vec(), svd.spectrum().clone(), difference, overlap, 3e-6)
            },
        ] {
            prop_assert!(spectrum.is_complete() && values.is_sorted_by(|a, b| a >= b));
            for (at, &value) in expected.iter().enumerate() {
                let found = values.get(at).copied().unwrap_or(0.0);
                prop_assert!((found - value).abs() <= precision * largest, "{at}: {found} {value}");
            }
            prop_assert!(squares(&difference).sqrt() <= precision * largest.max(f64::MIN_POSITIVE));
            prop_assert!(values.is_empty() || overlap < 100.0 * precision, "overlap {overlap}");
        }
    }

    #[test]
    fn a_spectrum_says_what_reconstructions_measure(a in matrices(), energy in 0.0..1.0_f64, db in 5.0..60.0_f64, budget in 0..20_000_usize) {
        let svd = Svd::of(a.view(), &SvdOptions::new()).unwrap();
        let spectrum = svd.spectrum();
        let total = squares(&a);
        let measured: Vec<f64> = (0..=svd.rank()).map(|rank| squares(&(&svd.reconstruct(rank) - &a))).collect();
        for (rank, &measured) in measured.iter().enumerate() {
            let said = spectrum.squared_error(rank);
            // Below the rounding of the elements themselves nothing can be measured.
            prop_assert!((said - measured).abs() <= 1e-6 * said + 1e-20 * total, "{rank}: {said} {measured}");
            prop_assert!(rank == 0 || said <= spectrum.squared_error(rank - 1));
            if measured > 1e-18 * total {
                let db = 10.0 * (255.0 * 255.0 * a.len() as f64 / measured).log10();
                prop_assert!((spectrum.psnr(rank) - db).abs() < 0.01);
            }
        }
        // The rules, from the textbook's singular values.
        let exact = textbook(a.view());
        let left_out = |rank: usize| exact[rank.min(exact.len())..].iter().map(|value| value * value).sum::<f64>();
        let first = |enough: &dyn Fn(usize) -> bool| (0..=exact.len()).find(|&rank| enough(rank));
        // Where rounding decides there is no answer to compare.
        let near = |x: f64, y: f64| (x - y).abs() <= 1e-9 * total;
        let bound = (1.0 - energy) * total;
        if !(0..=exact.len()).any(|rank| near(left_out(rank), bound)) {
            prop_assert_eq!(Some(spectrum.rank_for_energy(energy).unwrap()), first(&|rank| left_out(rank) <= bound));
        }
        let bound = 255.0 * 255.0 * a.len() as f64 / 10f64.powf(db / 10.0);
        if !(0..=exact.len()).any(|rank| near(left_out(rank), bound)) {
            prop_assert_eq!(Some(spectrum.rank_for_psnr(db).unwrap()), first(&|rank| left_out(rank) <= bound));
        }
        let rank = spectrum.rank_for_bytes(budget, 2.0).unwrap();
        prop_assert!(2 * spectrum.numbers(rank) <= budget);
        prop_assert!(rank == svd.rank() || 2 * spectrum.numbers(rank + 1) > budget);
        prop_assert!(spectrum.elbow() <= svd.rank());
        prop_assert!(spectrum.gavish_donoho().unwrap() <= svd.rank());
    }

    #[test]
    fn planes_come_back(photo in photos()) {
        for kind in [Planes::Luma, Planes::Rgb, Planes::YCbCr, Planes::Hsv] {
            let back = kind.join(&kind.split(&photo)).unwrap();
            let expected: Vec<[u8; 3]> = match kind {
                Planes::Luma if !photo.is_grey() => continue,
                _ => photo.colors().collect(),
            };
            prop_assert!(back.colors().eq(expected), "{kind:?}");
        }
    }

    #[test]
    fn quantised_factors_come_back_whole_in_parts_and_not_damaged(
        photo in photos(), kind in 0..4_usize, rank in 1..9_usize, clusters in 1..=256_usize, stages in 1..=4_usize, linfa in any::<bool>(),
        hit in any::<prop::sample::Index>(), bit in 0..8_u8,
    ) {
        let kind = [Planes::Luma, Planes::Rgb, Planes::YCbCr, Planes::Hsv][kind];
        let svd = PhotoSvd::of(&photo, kind, &SvdOptions::new().rank(rank)).unwrap();
        let engine = if linfa { Engine::Linfa } else { Engine::Cortado };
        let options = FactorOptions::new().clusters(clusters).stages(stages).engine(engine);
        let quantized = QuantizedSvd::fit(&svd, &options).unwrap();
        let bytes = quantized.encode().unwrap();
        prop_assert_eq!(&QuantizedSvd::decode(&bytes).unwrap(), &quantized);
        let layers: usize = quantized.ranks().iter().sum();
        let (whole, found) = QuantizedSvd::decode_prefix(&bytes, &Limits::new()).unwrap();
        prop_assert_eq!((&whole, found), (&quantized, layers));
        let mut last = 0;
        for end in 0..bytes.len() {
            prop_assert!(QuantizedSvd::decode(&bytes[..end]).is_err());
            if let Ok((part, found)) = QuantizedSvd::decode_prefix(&bytes[..end], &Limits::new()) {
                prop_assert!(found >= last && found <= layers);
                if found != last {
                    prop_assert_eq!(part.ranks().iter().sum::<usize>(), found);
                    part.to_photo().unwrap();
                }
                last = found;
            }
        }
        let mut damaged = bytes.clone();
        damaged[hit.index(bytes.len())] ^= 1 << bit;
        prop_assert!(QuantizedSvd::decode(&damaged).is_err());
        let _ = QuantizedSvd::decode_prefix(&damaged, &Limits::new());
    }
}

fn china() -> Array2<f32> {
    Planes::Luma.split(&Photo::open(data("photos/china.jpg")).unwrap()).remove(0)
}

#[test]
fn the_randomised_method_is_close_to_the_best() {
    let a = china();
    let exact = Svd::of(a.view(), &SvdOptions::new()).unwrap();
    for rank in [1, 5, 16, 40] {
        let options = SvdOptions::new().rank(rank).method(Method::Randomized);
        let svd = Svd::of(a.view(), &options).unwrap();
        assert_eq!((svd.rank(), svd.spectrum().is_complete()), (rank, false));
        let measured = squares(&(&svd.reconstruct(rank) - &a));
        let best = exact.spectrum().squared_error(rank);
        assert!(measured >= 0.999_999 * best && measured <= 1.001 * best, "rank {rank}: {measured} {best}");
        // It knows its own error, and the energy that it does not decompose.
        assert!((svd.spectrum().squared_error(rank) / measured - 1.0).abs() < 1e-4);
        assert!((svd.spectrum().squared_error(0) / exact.spectrum().squared_error(0) - 1.0).abs() < 1e-9);
        assert!(overlap_of_rows(svd.left().t()) < 1e-5 && overlap_of_rows(svd.right().view()) < 1e-5);
        // Tall as wide.
        let turned = Svd::of(a.t(), &options).unwrap();
        assert!((squares(&(&turned.reconstruct(rank) - &a.t())) / best - 1.0).abs() < 1e-3);
    }
    let few = Svd::of(a.view(), &SvdOptions::new().rank(16).iterations(1)).unwrap();
    let many = Svd::of(a.view(), &SvdOptions::new().rank(16).iterations(6)).unwrap();
    assert!(squares(&(&few.reconstruct(16) - &a)) > squares(&(&many.reconstruct(16) - &a)));
}

#[test]
fn seeds_and_threads() {
    let a = china();
    let on = |threads: usize, options: SvdOptions| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Svd::of(a.view(), &options).unwrap())
    };
    for options in [SvdOptions::new(), SvdOptions::new().rank(16)] {
        assert_eq!(on(1, options), on(2, options));
        assert_eq!(on(1, options), on(5, options));
    }
    assert_ne!(on(1, SvdOptions::new().rank(16)), on(1, SvdOptions::new().rank(16).seed(1)));
}

#[test]
fn layers_add_up_and_signs_are_settled() {
    let a = china();
    let svd = Svd::of(a.view(), &SvdOptions::new().rank(12)).unwrap();
    let sum = (0..12).fold(Array2::zeros(a.dim()), |sum: Array2<f32>, layer| sum + svd.layer(layer));
    assert!((sum - svd.reconstruct(12)).iter().all(|x| x.abs() < 1e-2));
    assert_eq!(svd.truncated(5).reconstruct(99), svd.reconstruct(5));
    assert_eq!(svd.layer(12), Array2::<f32>::zeros(a.dim()));
    assert_eq!(svd.reconstruct(0), Array2::<f32>::zeros(a.dim()));
    for vector in svd.left().axis_iter(Axis(1)) {
        let largest = vector.iter().fold(0.0f32, |most, &x| if x.abs() > most.abs() { x } else { most });
        assert!(largest > 0.0);
    }
}

#[test]
fn numbers_of_any_size() {
    let a = china();
    let expected = Svd::of(a.view(), &SvdOptions::new().rank(3)).unwrap();
    for scale in [1e-40f64, 1e-25, 1e25, 1e35] {
        for (found, expected) in Svd::of(a.mapv(|x| (f64::from(x) * scale) as f32).view(), &SvdOptions::new().rank(3))
            .unwrap()
            .values()
            .iter()
            .zip(expected.values())
        {
            // Numbers of 1e-40 have few digits.
            let tolerance = if scale < 1e-39 { 1e-2 } else { 1e-4 };
            assert!((found / scale / expected - 1.0).abs() < tolerance, "{scale}: {found} {expected}");
        }
    }
    let wide = Svd::of(a.mapv(|x| f64::from(x) * 1e300).view(), &SvdOptions::new().rank(3)).unwrap();
    assert!((wide.values()[0] / expected.values()[0] / 1e300 - 1.0).abs() < 1e-5);
}

#[test]
fn what_cannot_be_decomposed() {
    let error = |a: Array2<f32>, options: SvdOptions| Svd::of(a.view(), &options).unwrap_err().to_string();
    let plain = SvdOptions::new();
    assert_eq!(error(Array2::zeros((0, 3)), plain), "matrix size must be at least 1 x 1, but is 0 x 3");
    assert_eq!(error(Array2::from_elem((2, 2), f32::NAN), plain), "matrix element must be finite, but is NaN");
    assert_eq!(error(Array2::from_elem((2, 2), f32::INFINITY), plain), "matrix element must be finite, but is inf");
    assert_eq!(error(Array2::zeros((2, 2)), plain.rank(0)), "rank must be at least 1, but is 0");
    assert_eq!(error(Array2::zeros((2, 2)), plain.iterations(0)), "iterations must be at least 1, but is 0");
    let photo = PhotoSvd::of(&Photo::from_grey(2, 2, vec![1; 4]).unwrap(), Planes::Luma, &plain).unwrap();
    assert!(photo.truncated(&[1, 2]).is_err());
    assert!(QuantizedSvd::fit(&photo, &FactorOptions::new().clusters(0)).is_err());
    assert!(QuantizedSvd::fit(&photo, &FactorOptions::new().stages(5)).is_err());
}

#[test]
fn the_rules_find_what_was_planted() {
    // Rank 7 under noise of deviation 1.
    let mut state = 5u64;
    let mut normal = move || {
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        };
        (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
    };
    for (rows, columns) in [(200, 200), (120, 400)] {
        let mut random = |rows, columns| Array2::from_shape_simple_fn((rows, columns), &mut normal);
        let signal = random(rows, 7).dot(&random(7, columns)) * 3.0;
        let a = signal + random(rows, columns);
        let svd = Svd::of(a.view(), &SvdOptions::new()).unwrap();
        let spectrum = svd.spectrum();
        assert_eq!(spectrum.gavish_donoho().unwrap(), 7);
        assert_eq!(spectrum.gavish_donoho_for(1.0).unwrap(), 7);
        assert_eq!(spectrum.elbow(), 7);
        assert_eq!(spectrum.gavish_donoho_for(1e9).unwrap(), 0);
        // A few singular values show no median, but what is above noise of a known strength if they reach below it.
        let few = Svd::of(a.view(), &SvdOptions::new().rank(10).method(Method::Randomized)).unwrap();
        assert!(few.spectrum().is_complete() || few.spectrum().gavish_donoho().is_err());
        assert_eq!(few.spectrum().gavish_donoho_for(1.0).unwrap(), 7);
        assert!(few.spectrum().is_complete() || few.spectrum().gavish_donoho_for(0.1).is_err());
        assert!(few.spectrum().is_complete() || few.spectrum().rank_for_energy(1.0).is_err());
        assert!(spectrum.rank_for_energy(1.5).is_err() && spectrum.rank_for_energy(f64::NAN).is_err());
        assert!(spectrum.rank_for_bytes(100, 0.0).is_err());
        assert_eq!(spectrum.table().rows().len(), rows.min(columns));
    }
}

#[test]
fn quantised_factors_get_better_with_clusters_and_stages() {
    let photo = Photo::open(data("photos/china.jpg")).unwrap();
    let svd = PhotoSvd::of(&photo, Planes::Luma, &SvdOptions::new().rank(60)).unwrap();
    let reference = svd.to_photo(60).unwrap();
    let quality = |clusters, stages| {
        let quantized = QuantizedSvd::fit(&svd, &FactorOptions::new().clusters(clusters).stages(stages)).unwrap();
        psnr(&reference, &quantized.to_photo().unwrap()).unwrap()
    };
    assert!(quality(4, 1) < quality(16, 1) && quality(16, 1) < quality(64, 1) && quality(16, 1) < quality(16, 2));
    let quantized = QuantizedSvd::fit(&svd, &FactorOptions::new().clusters(16)).unwrap();
    let sizes = quantized.sizes().unwrap().numbers("bytes").unwrap();
    assert_eq!(sizes[0], 4.0 * 60.0 * (427.0 + 640.0));
    assert!(sizes[0] > sizes[1] && sizes[1] > sizes[2] && sizes[2] > sizes[3] * 0.95, "{sizes:?}");
    assert_eq!(sizes[3], quantized.encode().unwrap().len() as f64);
    let text = quantized.k_string(0, 0);
    assert_eq!(text.chars().count(), 427 * 60);
    assert!(text.chars().all(|place| (place as u32) < 16));
    assert_eq!(quantized.k_string(1, 0), "");
    // Faint layers first left out are the least missed.
    let fewer = |rank| psnr(&reference, &quantized.to_photo_of_rank(rank).unwrap()).unwrap();
    assert!(fewer(5) < fewer(20) && fewer(20) < fewer(60));
}

#[test]
fn patches_and_their_neighbours() {
    let photo = Photo::from_grey(3, 5, (0..15).collect()).unwrap();
    let all = patches(&photo, 2, 2).unwrap();
    // Rows 0 and 1, columns 0, 2 and 3: the last ones end with the photo.
    assert_eq!(all.dim(), (6, 4));
    assert_eq!(all.row(2).to_vec(), [3.0, 4.0, 8.0, 9.0]);
    assert_eq!(all.row(5).to_vec(), [8.0, 9.0, 13.0, 14.0]);
    for (side, step) in [(1, 1), (2, 2), (3, 1), (3, 7)] {
        let svd = PatchSvd::of(&photo, side, step).unwrap();
        if step <= side {
            assert_eq!(svd.to_photo(99).unwrap(), photo, "{side} {step}");
        }
        svd.bases(100).unwrap();
    }
    assert!(patches(&photo, 4, 1).is_err() && patches(&photo, 0, 1).is_err() && patches(&photo, 1, 0).is_err());
    assert_eq!(nearest_rows(all.view(), all.view()).unwrap(), [0, 1, 2, 3, 4, 5]);
    assert!(nearest_rows(all.view(), all.slice(ndarray::s![.., ..3])).is_err());
    assert!(nearest_rows(all.view(), all.slice(ndarray::s![..0, ..])).is_err());
    assert_eq!(rows_of(all.iter().copied().collect(), 4).unwrap(), all);
    assert!(rows_of(vec![0.0; 5], 4).is_err() && rows_of(vec![0.0; 5], 0).is_err());
    let svd = Svd::of(all.view(), &SvdOptions::new()).unwrap();
    let coordinates = svd.left() * &svd.values().iter().map(|&x| x as f32).collect::<ndarray::Array1<f32>>();
    assert!((svd.project(all.view()).unwrap() - coordinates).iter().all(|x| x.abs() < 1e-4));
    assert!(svd.project(all.slice(ndarray::s![.., ..3])).is_err());
}

#[test]
fn noise_is_as_strong_as_it_should_be_and_patches_take_it_away() {
    let chelsea = Photo::open(data("photos/chelsea.png")).unwrap().to_grey();
    let noisy = chelsea.with_noise(10.0, 1).unwrap();
    assert!((mse(&chelsea, &noisy).unwrap() / 100.0 - 1.0).abs() < 0.02);
    assert_eq!(noisy, chelsea.with_noise(10.0, 1).unwrap());
    assert_ne!(noisy, chelsea.with_noise(10.0, 2).unwrap());
    assert_eq!(chelsea.with_noise(0.0, 1).unwrap(), chelsea);
    assert!(chelsea.with_noise(-1.0, 1).is_err() && chelsea.with_noise(f64::NAN, 1).is_err());
    let denoised = PatchSvd::of(&noisy, 8, 2).unwrap().denoised(27.0).unwrap();
    assert!(psnr(&chelsea, &denoised).unwrap() > psnr(&chelsea, &noisy).unwrap() + 4.0);
}

#[test]
fn the_randomised_method_on_matrices_of_low_rank() {
    let (rows, columns) = (300, 220);
    let waves = |count: usize| {
        Array2::from_shape_fn((rows, columns), |(y, x)| {
            (1..=count)
                .map(|k| ((y * k) as f64 * 0.037).sin() * ((x * k) as f64 * 0.053 + 1.0).cos() * 100.0 / k as f64)
                .sum::<f64>()
        })
    };
    for (planted, a) in [
        (0, Array2::zeros((rows, columns))),
        (1, Array2::from_elem((rows, columns), 255.0)),
        (3, waves(3)),
        (6, waves(6)),
    ] {
        let options = SvdOptions::new().rank(12).method(Method::Randomized);
        for svd in [
            Svd::of(a.mapv(|x| x as f32).view(), &options).unwrap().reconstruct(12),
            Svd::of(a.view(), &options).unwrap().reconstruct(12).mapv(|x| x as f32),
        ] {
            let error = squares(&(svd.mapv(f64::from) - &a)).sqrt();
            assert!(error <= 1e-5 * squares(&a).sqrt(), "rank {planted}: {error}");
        }
        let svd = Svd::of(a.view(), &options).unwrap();
        assert!(
            svd.values().iter().skip(planted).all(|&value| value < 1e-9 * squares(&a).sqrt().max(1.0)),
            "{planted}: {:?}",
            svd.values()
        );
        assert!(
            svd.rank() == 0 || overlap_of_rows(svd.left().t()).max(overlap_of_rows(svd.right().view())) < 1e-6,
            "rank {planted}"
        );
    }
}
