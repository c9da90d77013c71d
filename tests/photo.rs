//! Photos in and out: other people's files, other depths, damage.

use cortado::file::{self, Existing};
use cortado::prelude::*;

mod common;
use common::{data, golden, scratch};

const HEIGHT: usize = 7;
const WIDTH: usize = 13;

fn by_pixel<const N: usize>(pixel: impl Fn(usize, usize) -> [u8; N]) -> Vec<u8> {
    (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (y, x))).flat_map(|(y, x)| pixel(y, x)).collect()
}

fn over_white(sample: usize, alpha: usize) -> u8 {
    ((sample * alpha + 255 * (255 - alpha)) as f64 / 255.0).round() as u8
}

#[test]
fn grey_stays_grey_and_depth_is_rounded() {
    let photo = Photo::decode(&golden("grey.png")).unwrap();
    assert_eq!(photo, Photo::from_grey(HEIGHT, WIDTH, by_pixel(|_, x| [(x * 19) as u8])).unwrap());

    let (photo, conversion) = Photo::decode_noting(&golden("grey16.png"), &Limits::new()).unwrap();
    assert_eq!(conversion.notes(), ["samples of more than 8 bits were rounded to 8"]);
    let rounded = |deep: usize| (deep as f64 / 257.0).round() as u8;
    assert_eq!(photo, Photo::from_grey(HEIGHT, WIDTH, by_pixel(|y, x| [rounded(y * 2000 + x * 4000)])).unwrap());

    let photo = Photo::decode(&golden("rgb16.png")).unwrap();
    let deep = |y: usize, x: usize| y * 2000 + x * 4000;
    let expected = by_pixel(|y, x| [deep(y, x), deep(y, x) / 2, 65_535 - deep(y, x)].map(rounded));
    assert_eq!(photo, Photo::from_rgb(HEIGHT, WIDTH, expected).unwrap());
}

#[test]
fn transparency_is_laid_over_white() {
    let (photo, conversion) = Photo::decode_noting(&golden("rgba.png"), &Limits::new()).unwrap();
    assert_eq!(conversion.notes(), ["transparency was laid over white"]);
    let expected = by_pixel(|y, x| [x * 19, y * 36, x + y].map(|sample| over_white(sample, x * 21)));
    assert_eq!(photo, Photo::from_rgb(HEIGHT, WIDTH, expected).unwrap());

    let photo = Photo::decode(&golden("grey_alpha.png")).unwrap();
    assert_eq!(photo, Photo::from_grey(HEIGHT, WIDTH, by_pixel(|_, x| [over_white(x * 19, x * 21)])).unwrap());
}

#[test]
fn tiff_and_exif_orientation_are_read() {
    let photo = Photo::decode(&golden("rgb.tif")).unwrap();
    let expected = by_pixel(|y, x| [x * 19, y * 36, x + y].map(|sample| sample as u8));
    let expected = Photo::from_rgb(HEIGHT, WIDTH, expected).unwrap();
    assert_eq!(photo, expected);

    // Turned clockwise: the left column becomes the top row, from bottom to top.
    let turned = Photo::decode(&golden("turned.jpg")).unwrap();
    assert_eq!((turned.height(), turned.width()), (WIDTH, HEIGHT));
    let back = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (y, x)));
    let back = back.flat_map(|(y, x)| turned.color_at(x, HEIGHT - 1 - y).unwrap()).collect();
    let difference = mse(&expected, &Photo::from_rgb(HEIGHT, WIDTH, back).unwrap()).unwrap();
    assert!(difference < 60.0, "mse {difference}");
}

#[test]
fn files_come_back() {
    let folder = scratch("photo_files");
    let coffee = Photo::open(data("photos/coffee.png")).unwrap();
    let grey = Photo::from_grey(1, 3, vec![0, 128, 255]).unwrap();
    for photo in [&coffee, &grey] {
        for name in ["photo.png", "photo.tif", "photo.TIFF"] {
            photo.save(folder.join(name)).unwrap();
            assert_eq!(&Photo::open(folder.join(name)).unwrap(), photo, "{name}");
        }
    }
    coffee.save(folder.join("photo.jpg")).unwrap();
    assert!(psnr(&coffee, &Photo::open(folder.join("photo.jpg")).unwrap()).unwrap() > 35.0);
    let message = coffee.save(folder.join("photo.gif")).unwrap_err().to_string();
    assert!(message.starts_with("cannot tell a picture format from"), "{message}");
    assert!(coffee.to_jpeg(0).is_err() && coffee.to_jpeg(101).is_err());
    let left_behind: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left_behind.len(), 4, "{left_behind:?}");
}

#[test]
fn jpeg_quality_buys_fidelity() {
    let photo = Photo::open(data("photos/chelsea.png")).unwrap();
    let files: Vec<Vec<u8>> = [10, 50, 90].map(|quality| photo.to_jpeg(quality).unwrap()).to_vec();
    let qualities: Vec<f64> = files.iter().map(|file| psnr(&photo, &Photo::decode(file).unwrap()).unwrap()).collect();
    assert!(files.is_sorted_by_key(Vec::len) && qualities.is_sorted(), "{qualities:?}");
}

/// One scan a component, with chroma of full and of half size.
#[test]
fn jpeg_with_separate_scans_is_the_same_picture() {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
    let photo = Photo::open(data("photos/chelsea.png")).unwrap();
    let decode = |sampling, separate_scans| {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 90);
        encoder.set_sampling_factor(sampling);
        // This encoder writes one scan a component when it optimises the tables.
        encoder.set_optimized_huffman_tables(separate_scans);
        encoder.encode(photo.samples(), photo.width() as u16, photo.height() as u16, ColorType::Rgb).unwrap();
        Photo::decode(&bytes).unwrap()
    };
    for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2, SamplingFactor::F_2_1] {
        let together = decode(sampling, false);
        assert!(psnr(&photo, &together).unwrap() > 35.0, "{sampling:?}");
        assert!(decode(sampling, true) == together, "{sampling:?}");
    }
}

#[test]
fn what_is_no_picture_is_one_clear_line() {
    let folder = scratch("photo_bad");
    let text = folder.join("notes.png");
    std::fs::write(&text, "these are notes").unwrap();
    assert_eq!(
        Photo::open(&text).unwrap_err().to_string(),
        "not a valid picture file: its first bytes are those of no PNG, JPEG, TIFF, GIF, WebP, BMP or PNM"
    );
    assert!(Photo::decode(&[]).is_err());
    let missing = Photo::open(folder.join("missing.png")).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read "), "{missing}");
    assert_eq!(format!("{missing:?}"), missing.to_string());
    assert!(std::error::Error::source(&missing).is_some());
}

#[test]
fn damaged_files_are_errors_or_pictures_but_never_panics() {
    for name in ["rgba.png", "grey16.png", "rgb.tif", "turned.jpg", "indexed8_interlaced.png"] {
        let bytes = golden(name);
        for len in 0..bytes.len() {
            let _ = Photo::decode(&bytes[..len]);
        }
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                if let Err(error) = Photo::decode(&damaged) {
                    assert!(!error.to_string().contains('\n'), "{error}");
                }
            }
        }
    }
    // Most of a TIFF is its pixels, so only half a file is sure to be noticed.
    for name in ["rgba.png", "grey16.png", "rgb.tif", "turned.jpg"] {
        let bytes = golden(name);
        assert!(Photo::decode(&bytes[..bytes.len() / 2]).is_err(), "{name}");
    }
}

#[test]
fn limits_come_before_memory() {
    let bytes = golden("rgba.png");
    let pixels = Limits::new().pixels((HEIGHT * WIDTH) as u64);
    assert!(Photo::decode_with(&bytes, &pixels).is_ok());
    assert!(Photo::decode_with(&bytes, &pixels.pixels((HEIGHT * WIDTH - 1) as u64)).is_err());
    assert!(Photo::decode_with(&bytes, &Limits::new().bytes(100)).is_err());
    // A header that claims 2^31 - 1 pixels a side.
    let mut huge = bytes.clone();
    huge[16..24].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
    assert!(Photo::decode(&huge).is_err());
}

#[test]
fn shapes_are_checked() {
    assert!(Photo::from_rgb(0, 5, vec![]).is_err());
    assert!(Photo::from_grey(5, 0, vec![]).is_err());
    assert!(Photo::from_rgb(2, 2, vec![0; 11]).is_err());
    assert!(Photo::from_rgb(usize::MAX, 2, vec![0; 6]).is_err());
    let photo = Photo::from_rgb(2, 3, (0..18).collect()).unwrap();
    assert_eq!(Photo::from_array(photo.view()).unwrap(), photo);
    assert_eq!(photo.view()[[1, 2, 0]], 15);
    assert_eq!((photo.color_at(1, 2), photo.color_at(2, 0)), (Some([15, 16, 17]), None));
    let two = photo.to_array().slice_move(ndarray::s![.., .., ..2]);
    assert!(Photo::from_array(two.view()).is_err());
}

#[test]
fn crops_and_enlargements_keep_pixels() {
    let photo = Photo::from_rgb(2, 3, (0..18).collect()).unwrap();
    assert_eq!(photo.crop(1, 1, 1, 2).unwrap().samples(), [12, 13, 14, 15, 16, 17]);
    assert!(photo.crop(1, 1, 2, 2).is_err() && photo.crop(0, 0, 0, 1).is_err());
    assert!(photo.crop(usize::MAX, 0, 2, 1).is_err());
    let grey = Photo::from_grey(1, 2, vec![5, 9]).unwrap();
    assert_eq!(grey.enlarge(2).unwrap(), Photo::from_grey(2, 4, vec![5, 5, 9, 9, 5, 5, 9, 9]).unwrap());
    assert!(grey.enlarge(0).is_err() && grey.enlarge(usize::MAX).is_err());
    assert_eq!(grey.distinct_colors(), [[5; 3], [9; 3]]);
}

#[test]
fn files_are_kept_or_replaced_whole() {
    let folder = scratch("photo_atomic");
    let path = folder.join("file");
    file::write(&path, b"one", Existing::Keep).unwrap();
    let refused = file::write(&path, b"two", Existing::Keep).unwrap_err().to_string();
    assert!(refused.contains("exists"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), b"one");
    file::write(&path, b"three", Existing::Replace).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"three");
    assert!(file::write(&folder.join("no/such/folder"), b"", Existing::Replace).is_err());
    assert!(file::read(&path, &Limits::new().bytes(4)).is_err());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}
