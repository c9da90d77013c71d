//! laff: what is decoded, on how many threads and from how much of the stream, and that goals are reached.

use cortado::prelude::*;
use cortado::{Error, Result};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

mod common;
use common::photos::photos;
use common::{data, golden};

fn open(name: &str) -> Photo {
    Photo::open(data(&format!("photos/{name}"))).unwrap()
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// The options of golden streams, and photos with sides that no block divides.
fn examples() -> Vec<(&'static str, Photo, LaffOptions)> {
    let chelsea = open("chelsea.png");
    let crop = |height, width| chelsea.crop(60, 90, height, width).unwrap();
    vec![
        ("mse.laff", crop(173, 211), LaffOptions::new()),
        ("visual.laff", crop(130, 97), LaffOptions::new().quality(60.0).profile(Profile::Visual)),
        ("full.laff", crop(61, 83), LaffOptions::new().quality(95.0).full_chroma(true).slice_rows(16)),
        ("grey.laff", crop(150, 70).to_grey(), LaffOptions::new().quality(20.0)),
        ("finest.laff", crop(17, 33), LaffOptions::new().quality(100.0)),
        ("pixel.laff", crop(1, 1), LaffOptions::new()),
    ]
}

/// What golden streams decode to: the SHA-256 of their samples. Decoding is the same on every machine for ever.
const DECODED: [&str; 6] = [
    "2185d1b27a7451b00e52d72f01d99e826e673ee2dda612edc9ff3e99c13eb932",
    "fcf3c4ce6ac562ead12dd25272c8282fe4260fc17c0f31f7019191672feb44ed",
    "aaff7f65c064b73eb112cd792a269eba9c3020983bf4f2ec88e188c357d59dda",
    "2321ebfa02f58f02beec3278ea852540b162e8b299164d1bbdc866ef3a08e05b",
    "d72bd5521923cd4e5e42e7b2381c0df792f2157cec793d6860f1aa39d5d997e1",
    "b91cfd507df0b2694d8161bd6356254679aa223e7973169dc4517bfa606bdc8b",
];

#[test]
fn golden_streams_decode_to_the_same_samples_for_ever() {
    for ((name, photo, _), expected) in examples().iter().zip(DECODED) {
        let decoded = laff::decode(&golden(&format!("laff/v1/{name}"))).unwrap();
        assert_eq!((decoded.height(), decoded.width()), (photo.height(), photo.width()));
        let found: String = Sha256::digest(decoded.samples()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, expected, "{name}");
    }
}

/// Not part of the format, which an encoder may fill better, but of what this version does.
/// `CORTADO_BLESS=1 cargo test` writes the streams anew.
#[test]
fn golden_streams_are_what_the_encoder_writes() {
    for (name, photo, options) in examples() {
        let bytes = laff::encode(&photo, &options).unwrap();
        if std::env::var("CORTADO_BLESS").is_ok() {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/laff/v1");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(name), &bytes).unwrap();
        }
        assert!(bytes == golden(&format!("laff/v1/{name}")), "{name} is another");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_photo_decodes_to_what_its_encoder_said(
        photo in photos(),
        quality in 0.0..=100.0,
        visual in any::<bool>(),
        full in any::<bool>(),
        rows in prop_oneof![Just(None), (1..100_usize).prop_map(Some)],
    ) {
        let mut options = LaffOptions::new().quality(quality).full_chroma(full);
        if visual {
            options = options.profile(Profile::Visual);
        }
        if let Some(rows) = rows {
            options = options.slice_rows(rows);
        }
        let (bytes, expected) = on_threads(1, || laff::encode_with_photo(&photo, &options)).unwrap();
        prop_assert_eq!(&laff::encode(&photo, &options).unwrap(), &bytes);
        let decoded = laff::decode(&bytes).unwrap();
        prop_assert!(decoded == expected);
        prop_assert_eq!((decoded.height(), decoded.width(), decoded.channels()), (photo.height(), photo.width(), photo.channels()));
        for threads in [1, 2, 5] {
            prop_assert!(on_threads(threads, || laff::decode(&bytes)).unwrap() == expected);
        }
        let info = laff::info(&bytes, &Limits::new()).unwrap();
        prop_assert_eq!((info.height, info.width, info.channels), (photo.height(), photo.width(), photo.channels()));
        prop_assert_eq!((info.full_chroma, info.profile == Profile::Visual), (full && !photo.is_grey(), visual));
        prop_assert_eq!(laff::from_text(&laff::to_text(&bytes)).unwrap(), bytes);
    }

    #[test]
    fn the_finest_quality_is_within_a_few_levels(photo in photos()) {
        // Without chroma between the levels of RGB there is next to no error; with it, that of two conversions.
        let options = LaffOptions::new().quality(100.0).full_chroma(true);
        let decoded = laff::decode(&laff::encode(&photo, &options).unwrap()).unwrap();
        let farthest = photo.samples().iter().zip(decoded.samples()).map(|(&a, &b)| a.abs_diff(b)).max().unwrap();
        prop_assert!(farthest <= 12, "{}", farthest);
    }

    #[test]
    fn any_bytes_after_a_header_are_refused_or_decoded(
        at in 0..4000_usize,
        mask in 1..=255_u8,
        cut in 0..4000_usize,
    ) {
        let (bytes, limits) = (golden("laff/v1/mse.laff"), Limits::new().pixels(1 << 20));
        let mut damaged = bytes.clone();
        let at = at % bytes.len();
        damaged[at] ^= mask;
        // Two bytes of a checksum let one damage in 65,536 pass; one byte that is wrong, never.
        prop_assert!(laff::decode_with(&damaged, &limits).is_err());
        let _ = laff::thumbnail(&damaged, &limits);
        let cut = cut % bytes.len();
        prop_assert!(laff::decode_with(&bytes[..cut], &limits).is_err());
        if let Ok(part) = laff::decode_prefix(&bytes[..cut], &limits) {
            prop_assert!(!part.is_complete() && part.slices.contains(&false));
        }
    }
}

#[test]
fn a_prefix_decodes_what_it_holds() {
    let photo = open("coffee.png");
    let (bytes, whole) = laff::encode_with_photo(&photo, &LaffOptions::new()).unwrap();
    let info = laff::info(&bytes, &Limits::new()).unwrap();
    assert_eq!(info.slices, 4);
    let mut last = (0, 0.0);
    for tenths in 1..=10 {
        let part = laff::decode_prefix(&bytes[..bytes.len() * tenths / 10], &Limits::new()).unwrap();
        let arrived = part.slices.iter().take_while(|&&whole| whole).count();
        assert_eq!(part.slices.iter().filter(|&&whole| whole).count(), arrived, "slices arrive in order");
        assert_eq!(part.is_complete(), tenths == 10);
        let quality = psnr_luma(&photo, &part.photo).unwrap();
        assert!(
            arrived > last.0 || (arrived, quality) == last || tenths == 1,
            "{tenths}: {arrived} {quality} after {last:?}"
        );
        assert!(quality > 14.0 && quality >= last.1);
        let known = part.classes.iter().filter(|&&class| class != u8::MAX).count();
        assert_eq!(known == part.classes.len(), arrived == 4);
        last = (arrived, quality);
    }
    let part = laff::decode_prefix(&bytes, &Limits::new()).unwrap();
    assert!(part.photo == whole && part.classes.dim() == (50, 75) && part.classes.iter().all(|&class| class < 16));
    // One damaged slice leaves the others; the rows far from it are as they were.
    let mut damaged = bytes.clone();
    let at = bytes.len() - 100;
    damaged[at] ^= 1;
    let part = laff::decode_prefix(&damaged, &Limits::new()).unwrap();
    assert_eq!(part.slices, [true, true, true, false]);
    let rows = |photo: &Photo| photo.samples()[..3 * 600 * 330].to_vec();
    assert!(rows(&part.photo) == rows(&whole));
    assert!(part.damage.unwrap().to_string().contains("slice 3 is damaged: its checksum is another (at byte "));
    // The thumbnail is there with the first bytes.
    let small = laff::thumbnail(&bytes[..info.thumbnail_bytes], &Limits::new()).unwrap();
    assert_eq!((small.height(), small.width()), (25, 38));
    assert!(laff::thumbnail(&bytes[..info.thumbnail_bytes - 1], &Limits::new()).is_err());
}

#[test]
fn goals_are_reached_and_not_by_much() -> Result<()> {
    let photo = open("chelsea.png").crop(0, 0, 200, 300)?;
    for profile in [Profile::Mse, Profile::Visual] {
        let options = LaffOptions::new().profile(profile);
        for db in [28.0, 33.3, 41.0] {
            let decoded = laff::decode(&laff::encode(&photo, &options.psnr(db))?)?;
            let found = psnr_luma(&photo, &decoded)?;
            assert!(found >= db && found < db + 0.6, "{db} dB asked, {found} found");
        }
        for budget in [1_500, 4_000, 20_000] {
            let found = laff::encode(&photo, &options.bytes(budget))?.len();
            assert!(found <= budget && found * 100 >= budget * 94, "{budget} bytes asked, {found} found");
        }
    }
    // More than there is to be had gives the finest, and less than there can be an error.
    let finest = laff::encode(&photo, &LaffOptions::new().psnr(99.0))?;
    assert_eq!(laff::info(&finest, &Limits::new())?.quantizers, [0, 0]);
    assert_eq!(laff::encode(&photo, &LaffOptions::new().bytes(10_000_000))?, finest);
    let coarsest = laff::encode(&photo, &LaffOptions::new().psnr(-1.0))?;
    assert_eq!(laff::info(&coarsest, &Limits::new())?.quantizers, [255, 255]);
    assert_eq!(laff::encode(&photo, &LaffOptions::new().bytes(coarsest.len()))?, coarsest);
    let message = laff::encode(&photo, &LaffOptions::new().bytes(40)).unwrap_err().to_string();
    assert!(message.starts_with("40 bytes cannot be reached: the coarsest file has "), "{message}");
    Ok(())
}

#[test]
fn error_falls_and_bytes_grow_with_quality() -> Result<()> {
    for name in ["astronaut.png", "coffee.png"] {
        let photo = open(name).crop(100, 100, 256, 256)?;
        for profile in [Profile::Mse, Profile::Visual] {
            let mut last = (0, 0.0);
            for quality in [0.0, 10.0, 30.0, 50.0, 70.0, 85.0, 95.0, 100.0] {
                let (bytes, decoded) =
                    laff::encode_with_photo(&photo, &LaffOptions::new().quality(quality).profile(profile))?;
                let found = (bytes.len(), psnr_luma(&photo, &decoded)?);
                assert!(found.0 > last.0 && found.1 > last.1, "{name} {quality}: {found:?} after {last:?}");
                last = found;
            }
        }
    }
    Ok(())
}

/// What is lost is lost once: encoding what was decoded again and again hardly changes it, nor its size.
#[test]
fn encoding_what_was_decoded_is_stable() -> Result<()> {
    for name in ["chelsea.png", "coffee.png"] {
        let photo = open(name);
        for profile in [Profile::Mse, Profile::Visual] {
            let options = LaffOptions::new().profile(profile);
            let (bytes, first) = laff::encode_with_photo(&photo, &options)?;
            let once = psnr_luma(&photo, &first)?;
            let mut last = first.clone();
            for generation in 2..=5 {
                let (again, decoded) = laff::encode_with_photo(&last, &options)?;
                let lost = once - psnr_luma(&photo, &decoded)?;
                let ratio = again.len() as f64 / bytes.len() as f64;
                println!("{name} {profile}, generation {generation}: {lost:.3} dB lost, {ratio:.3} of the bytes");
                assert!(lost < 0.5 * (generation - 1) as f64 && (0.9..1.02).contains(&ratio));
                last = decoded;
            }
        }
    }
    Ok(())
}

#[test]
fn the_ingredients_add_up_to_the_codec() -> Result<()> {
    let photo = open("chelsea.png").crop(0, 100, 256, 256)?;
    let (bytes, decoded) = laff::encode_with_photo(&photo, &LaffOptions::new())?;
    let (len, last) = Ingredients::Filter.encode(&photo, 75.0)?;
    assert!(len == bytes.len() && last == decoded);
    let (first, _) = Ingredients::ALL[0].encode(&photo, 75.0)?;
    assert!(first > len);
    Ok(())
}

#[test]
fn bad_input_and_bad_options_are_one_clear_line() {
    let bytes = golden("laff/v1/mse.laff");
    let with = |at: usize, value: u8| {
        let mut changed = bytes.clone();
        changed[at] = value;
        changed
    };
    let longer = [&bytes[..], &[0]].concat();
    for (input, expected) in [
        (vec![], "not a valid laff file: expected the bytes \"laff\", found [] (at byte 0)"),
        (bytes[..7].to_vec(), "the header has 15 bytes and more, and the stream ends in it (at byte 7)"),
        (with(0, b'L'), "expected the bytes \"laff\", found [76, 97, 102, 102] (at byte 0)"),
        (with(4, 2), "laff version 2 is not supported, only 1"),
        (with(6, 9), "laff table 9 is not known, only 1"),
        (with(5, 3), "expected flags for grey, 4:2:0 or 4:4:4, found 0x03 (at byte 5)"),
        (with(5, 0x81), "expected flags below 8, found 0x81 (at byte 5)"),
        (with(10, 0), "expected steps and slices of at least 1"),
        (with(7, 0), "expected the header's checksum"),
        (bytes[..16].to_vec(), "the stream ends in the lengths of its slices (at byte 16)"),
        (bytes[..bytes.len() - 1].to_vec(), "and the stream ends before"),
        (longer, "1 bytes follow the last slice"),
    ] {
        let message = laff::decode(&input).unwrap_err().to_string();
        assert!(message.contains(expected) && !message.contains('\n'), "{message}");
    }
    let message = laff::decode_with(&bytes, &Limits::new().pixels(99)).unwrap_err().to_string();
    assert_eq!(message, format!("{} pixels exceed the limit of 99: Limits::pixels raises it", 173 * 211));
    assert!(matches!(laff::decode_with(&bytes, &Limits::new().bytes(99)), Err(Error::TooLarge { what: "bytes", .. })));

    let photo = open("chelsea.png").crop(0, 0, 8, 8).unwrap();
    for (options, expected) in [
        (LaffOptions::new().quality(100.1), "quality must be from 0 to 100, but is 100.1"),
        (LaffOptions::new().quality(f64::NAN), "quality must be from 0 to 100, but is NaN"),
        (LaffOptions::new().psnr(f64::NAN), "PSNR must be a number of dB, but is NaN"),
        (LaffOptions::new().slice_rows(0), "slice rows must be from 1 to 4080, but is 0"),
    ] {
        assert_eq!(laff::encode(&photo, &options).unwrap_err().to_string(), expected);
    }
    let wide = Photo::from_grey(1, 65_536, vec![0; 65_536]).unwrap();
    let message = laff::encode(&wide, &LaffOptions::new()).unwrap_err().to_string();
    assert_eq!(message, "65536 columns exceed the limit of 65535");
    let widest = Photo::from_grey(1, 65_535, vec![77; 65_535]).unwrap();
    let decoded = laff::decode(&laff::encode(&widest, &LaffOptions::new()).unwrap()).unwrap();
    assert!(decoded.width() == 65_535 && psnr(&widest, &decoded).unwrap() > 38.0);
    assert_eq!(laff::basis_sheet(0).unwrap_err().to_string(), "scale must be from 1 to 16, but is 0");
    assert_eq!("best".parse::<Profile>().unwrap_err().to_string(), "profile must be mse or visual, but is \"best\"");
}
