//! Palette quantisation: the classic figures, awkward photos, other people's files, damage.

use cortado::palette::MAX_COLORS;
use cortado::prelude::*;
use proptest::prelude::*;

mod common;
use common::photos::photos;
use common::{data, golden};

fn china() -> Photo {
    Photo::open(data("photos/china.jpg")).unwrap()
}

fn classic() -> PaletteOptions {
    PaletteOptions::new().colors(128).sample(1000).seed(0)
}

#[test]
fn the_classic_figures() {
    let china = china();
    let palette = Palette::fit(&china, &classic()).unwrap();
    assert_eq!(palette.len(), 128);
    let indexed = palette.quantize(&china);
    let storage = indexed.storage().unwrap();
    assert_eq!(storage.naive as f64 / 1024.0, 800.625);
    assert_eq!(storage.float_palette as f64 / 1024.0, 269.875);
    assert_eq!(storage.packed, 273_280 * 7 / 8 + 384);
    assert_eq!(storage.png, indexed.to_png().unwrap().len());
    assert!(storage.png < storage.entropy && storage.entropy < storage.packed);
    let error = mse(&china, &indexed.to_photo()).unwrap();
    assert!(error <= 31.0, "mse {error}");
    let random = Palette::random(&china, 128, 0).unwrap().quantize(&china).to_photo();
    assert!(mse(&china, &random).unwrap() > 1.5 * error);
}

#[test]
fn equal_seeds_give_equal_files_and_others_do_not() {
    let china = china();
    let file = |seed| Palette::fit(&china, &classic().seed(seed)).unwrap().quantize(&china).to_png().unwrap();
    assert_eq!(file(3), file(3));
    assert_ne!(file(3), file(4));
}

#[test]
fn more_colours_and_more_iterations_mean_less_error() {
    let photo = Photo::open(data("photos/chelsea.png")).unwrap();
    let error = |options: &PaletteOptions| {
        mse(&photo, &Palette::fit(&photo, options).unwrap().quantize(&photo).to_photo()).unwrap()
    };
    let by_colors: Vec<f64> = [1, 2, 8, 32, 128, 256].map(|k| error(&classic().colors(k))).to_vec();
    assert!(by_colors.is_sorted_by(|a, b| a > b), "{by_colors:?}");
    // On the pixels it is fitted to, Lloyd's iteration never raises the inertia; rounding the colours costs at most a
    // quarter of a level squared a channel.
    let all = PaletteOptions::new().colors(16).all_pixels().tolerance(1e-9);
    let small = photo.crop(100, 100, 60, 60).unwrap();
    let by_iterations: Vec<f64> = [1, 2, 4, 8, 16, 32]
        .map(|n| {
            let palette = Palette::fit(&small, &all.clone().max_iterations(n)).unwrap();
            mse(&small, &palette.quantize(&small).to_photo()).unwrap()
        })
        .to_vec();
    assert!(by_iterations.windows(2).all(|pair| pair[1] <= pair[0] + 0.25), "{by_iterations:?}");
}

#[test]
fn one_colour_is_the_mean() {
    let photo = Photo::from_rgb(1, 2, vec![10, 20, 30, 20, 60, 31]).unwrap();
    let palette = Palette::fit(&photo, &PaletteOptions::new().colors(1)).unwrap();
    assert_eq!(palette.centroids().as_slice().unwrap(), [15.0, 40.0, 30.5]);
    assert_eq!((palette.len(), palette.bits()), (1, 0));
}

#[test]
fn few_distinct_colours_are_kept_exactly() {
    let photo = Photo::from_rgb(2, 2, vec![9, 9, 9, 200, 0, 0, 9, 9, 9, 0, 0, 255]).unwrap();
    for k in [3, 4, 256] {
        let palette = Palette::fit(&photo, &PaletteOptions::new().colors(k)).unwrap();
        // From dark to light.
        assert_eq!(palette.colors(), [[9, 9, 9], [0, 0, 255], [200, 0, 0]], "k = {k}");
        let indexed = palette.quantize(&photo);
        assert_eq!(indexed.to_photo(), photo);
        assert_eq!(indexed.counts(), [2, 1, 1]);
        assert_eq!(indexed.entropy(), 1.5);
    }
    let one = Photo::from_grey(1, 1, vec![77]).unwrap();
    let indexed = Palette::fit(&one, &PaletteOptions::new()).unwrap().quantize(&one);
    assert_eq!((indexed.palette().colors(), indexed.to_photo()), (&[[77; 3]][..], one));
    assert_eq!(indexed.entropy(), 0.0);
}

#[test]
fn grey_photos_stay_grey() {
    let ramp = Photo::from_grey(16, 16, (0..=255).collect()).unwrap();
    let indexed = Palette::fit(&ramp, &PaletteOptions::new().colors(16)).unwrap().quantize(&ramp);
    assert_eq!(indexed.to_photo().channels(), 1);
    assert_eq!(indexed.storage().unwrap().naive, 256);
    assert_eq!(IndexedPhoto::from_png(&indexed.to_png().unwrap()).unwrap().to_photo(), indexed.to_photo());
    // 256 levels over 16 colours: 16 levels each, 21.25 the least mean squared error.
    let error = mse(&ramp, &indexed.to_photo()).unwrap();
    assert!((21.25..30.0).contains(&error), "mse {error}");
}

#[test]
fn options_outside_their_ranges_are_one_clear_line() {
    let photo = Photo::from_grey(1, 1, vec![0]).unwrap();
    let message = |options: PaletteOptions| Palette::fit(&photo, &options).unwrap_err().to_string();
    assert_eq!(message(PaletteOptions::new().colors(0)), "colors must be from 1 to 256, but is 0");
    assert_eq!(message(PaletteOptions::new().colors(257)), "colors must be from 1 to 256, but is 257");
    assert_eq!(message(PaletteOptions::new().sample(0)), "sample must be at least 1 pixel, but is 0");
    assert_eq!(message(PaletteOptions::new().max_iterations(0)), "max_iterations must be at least 1, but is 0");
    assert_eq!(message(PaletteOptions::new().tolerance(f64::NAN)), "tolerance must be above 0, but is NaN");
    assert!(Palette::random(&photo, 257, 0).is_err());
    assert!(Palette::from_colors(&[]).is_err());
    assert!(Palette::from_colors(&[[0; 3]; 257]).is_err());
}

/// The palette of tests/golden/make_golden.py.
fn golden_palette(colors: usize) -> Vec<[u8; 3]> {
    (0..colors).map(|i| [7 * i, 255_usize.wrapping_sub(5 * i), 11 * i].map(|value| value as u8)).collect()
}

fn check_golden(indexed: &IndexedPhoto, colors: usize) {
    assert_eq!(indexed.palette().colors(), golden_palette(colors));
    assert_eq!(indexed.indices().dim(), (7, 13));
    for ((y, x), &index) in indexed.indices().indexed_iter() {
        assert_eq!(usize::from(index), (3 * y + x) % colors, "row {y}, column {x}");
    }
}

#[test]
fn other_writers_files_are_read() {
    for (name, colors) in [("indexed1", 2), ("indexed2", 4), ("indexed4", 16), ("indexed8", 91)] {
        for kind in ["", "_interlaced"] {
            check_golden(&IndexedPhoto::from_png(&golden(&format!("{name}{kind}.png"))).unwrap(), colors);
        }
    }
    for name in ["indexed.npz", "indexed_compressed.npz"] {
        check_golden(&IndexedPhoto::from_npz(&golden(name), &Limits::new()).unwrap(), 16);
    }
    assert_eq!(Palette::from_npy(&golden("palette_fortran.npy")).unwrap().colors(), golden_palette(16));
    let transparent = IndexedPhoto::from_png(&golden("indexed_transparent.png")).unwrap();
    assert_eq!(transparent.palette().colors(), [[200, 0, 0], [127, 227, 127], [255, 255, 255]]);
}

#[test]
fn files_that_hold_something_else_are_errors() {
    let message = |bytes: &[u8]| IndexedPhoto::from_png(bytes).unwrap_err().to_string();
    assert_eq!(message(&golden("rgba.png")), "the PNG holds colours, not a palette and indices");
    assert!(message(b"not a png").starts_with("not a valid PNG file"));
    assert!(IndexedPhoto::from_npz(&golden("indexed1.png"), &Limits::new()).is_err());
    assert!(IndexedPhoto::from_npz(&golden("indexed.npz"), &Limits::new().pixels(90)).is_err());
    assert!(IndexedPhoto::from_npz(&golden("indexed.npz"), &Limits::new().bytes(300)).is_err());
    assert!(IndexedPhoto::from_png_with(&golden("indexed8.png"), &Limits::new().pixels(90)).is_err());
    // A palette of one byte an entry in place of f64, an index array in place of a palette.
    let bytes = golden("palette_fortran.npy");
    let mut as_u8 = bytes.clone();
    let at = bytes.windows(3).position(|window| window == b"<f8").unwrap();
    as_u8[at..at + 3].copy_from_slice(b"|u1");
    assert!(Palette::from_npy(&as_u8).is_err());
}

#[test]
fn damaged_files_are_errors_or_pictures_but_never_panics() {
    for name in ["indexed4.png", "indexed8_interlaced.png", "indexed_transparent.png"] {
        let bytes = golden(name);
        for len in 0..bytes.len() - 12 {
            assert!(IndexedPhoto::from_png(&bytes[..len]).is_err(), "{name} cut at {len}");
        }
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                let _ = IndexedPhoto::from_png(&damaged);
            }
        }
    }
    for name in ["indexed.npz", "indexed_compressed.npz"] {
        let bytes = golden(name);
        for len in 0..bytes.len() {
            assert!(IndexedPhoto::from_npz(&bytes[..len], &Limits::new()).is_err(), "{name} cut at {len}");
        }
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                let _ = IndexedPhoto::from_npz(&damaged, &Limits::new());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_form_comes_back(photo in photos(), k in 1..=MAX_COLORS, seed in 0..4_u64) {
        let palette = Palette::fit(&photo, &PaletteOptions::new().colors(k).seed(seed).max_iterations(20)).unwrap();
        let distinct = photo.distinct_colors().len();
        prop_assert!(palette.len() <= k.min(distinct));
        let indexed = palette.quantize(&photo);
        let recreated = indexed.to_photo();
        prop_assert_eq!(recreated.channels(), photo.channels());
        if distinct <= k {
            prop_assert_eq!(&recreated, &photo);
        }

        let png = indexed.to_png().unwrap();
        let read = IndexedPhoto::from_png(&png).unwrap();
        prop_assert_eq!(read.indices(), indexed.indices());
        prop_assert_eq!(read.palette().colors(), palette.colors());
        prop_assert_eq!(Photo::decode(&png).unwrap().colors().collect::<Vec<_>>(), recreated.colors().collect::<Vec<_>>());
        // Bit depth, at its fixed place in the header.
        let depth = [1, 2, 4, 8].into_iter().find(|&depth| palette.len() <= 1 << depth).unwrap();
        prop_assert_eq!(png[24], depth);

        let arrays = IndexedPhoto::from_npz(&indexed.to_npz().unwrap(), &Limits::new()).unwrap();
        prop_assert_eq!(arrays.indices(), indexed.indices());
        prop_assert_eq!(arrays.palette(), &palette);
        prop_assert_eq!(&Palette::from_npy(&palette.to_npy().unwrap()).unwrap(), &palette);
    }

    #[test]
    fn fitted_palettes_are_sorted_without_duplicates(photo in photos(), k in 1..=MAX_COLORS) {
        let palette = Palette::fit(&photo, &PaletteOptions::new().colors(k).max_iterations(10)).unwrap();
        let key = |&[r, g, b]: &[u8; 3]| (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b), [r, g, b]);
        prop_assert!(palette.colors().is_sorted_by(|a, b| key(a) < key(b)));
    }
}
