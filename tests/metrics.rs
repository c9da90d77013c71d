//! Metrics against scikit-image's values (tests/golden/make_golden.py).

use cortado::prelude::*;

mod common;
use common::{data, golden};

/// Eight levels a channel: the same picture that the script measured.
fn posterised(photo: &Photo) -> Photo {
    let samples = photo.samples().iter().map(|sample| sample / 32 * 32 + 16).collect();
    Photo::from_rgb(photo.height(), photo.width(), samples).unwrap()
}

#[test]
fn agree_with_scikit_image() {
    let photo = Photo::open(data("photos/astronaut.png")).unwrap();
    let coarse = posterised(&photo);
    let values = String::from_utf8(golden("metrics.txt")).unwrap();
    let measured = [
        ("mse", mse(&photo, &coarse).unwrap()),
        ("psnr", psnr(&photo, &coarse).unwrap()),
        ("ssim", ssim(&photo, &coarse).unwrap()),
    ];
    for ((name, value), line) in measured.into_iter().zip(values.lines()) {
        let (expected_name, expected) = line.split_once(' ').unwrap();
        let expected: f64 = expected.parse().unwrap();
        assert_eq!(name, expected_name);
        assert!((value - expected).abs() < 1e-9 * expected, "{name}: {value}, scikit-image: {expected}");
    }
}

#[test]
fn equal_photos_are_perfect() {
    let photo = Photo::open(data("photos/chelsea.png")).unwrap();
    assert_eq!(mse(&photo, &photo).unwrap(), 0.0);
    assert_eq!(psnr(&photo, &photo).unwrap(), f64::INFINITY);
    assert!((ssim(&photo, &photo).unwrap() - 1.0).abs() < 1e-12);
    assert!(error_map(&photo, &photo).unwrap().iter().all(|&distance| distance == 0.0));
}

#[test]
fn the_error_map_holds_the_mse() {
    let photo = Photo::open(data("photos/coffee.png")).unwrap();
    let coarse = posterised(&photo);
    let map = error_map(&photo, &coarse).unwrap();
    assert_eq!(map.dim(), (photo.height(), photo.width()));
    let from_map = map.mapv(|distance| distance * distance).sum() / (photo.samples().len() as f64);
    assert!((from_map - mse(&photo, &coarse).unwrap()).abs() < 1e-9);
}

#[test]
fn ratios_and_rates() {
    // The ends of the PSNR scale: an error of one level everywhere, and of all levels.
    let psnr_of = |a: u8, b: u8| {
        psnr(&Photo::from_grey(1, 2, vec![a; 2]).unwrap(), &Photo::from_grey(1, 2, vec![b; 2]).unwrap()).unwrap()
    };
    assert!((psnr_of(7, 8) - 20.0 * 255.0_f64.log10()).abs() < 1e-12);
    assert_eq!(psnr_of(0, 255), 0.0);
    assert_eq!(bits_per_pixel(273_280, 273_280), 8.0);
    assert_eq!(compression_ratio(819_840, 409_920), 2.0);
}

#[test]
fn different_shapes_are_errors() {
    let photo = Photo::from_grey(12, 12, vec![0; 144]).unwrap();
    let wide = Photo::from_grey(12, 13, vec![0; 156]).unwrap();
    let rgb = Photo::from_rgb(12, 12, vec![0; 432]).unwrap();
    for other in [&wide, &rgb] {
        assert!(mse(&photo, other).is_err());
        assert!(psnr(&photo, other).is_err());
        assert!(ssim(&photo, other).is_err());
        assert!(error_map(&photo, other).is_err());
    }
    let tiny = Photo::from_grey(10, 40, vec![0; 400]).unwrap();
    assert_eq!(
        ssim(&tiny, &tiny).unwrap_err().to_string(),
        "photo size for SSIM must be at least 11 x 11, but is 10 x 40"
    );
}
