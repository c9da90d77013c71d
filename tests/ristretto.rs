//! Ristretto over awkward volumes and under damage, and against streams that were written before.

mod common;

use common::labels::{NAMES, damage, em_stream, in_pool, mixed, random, volume, volumes};
use common::{cpso, golden};
use cortado::compresso::{self, CompressoOptions, Connectivity};
use cortado::ristretto::{self, HEADER_BYTES, Level, RistrettoOptions, Stream};
use cortado::volume::{Label, TissueOptions};
use cortado::{Error, Limits, Volume};
use proptest::prelude::*;
use std::panic::catch_unwind;

fn at(level: Level) -> RistrettoOptions {
    RistrettoOptions::new().level(level)
}

/// The format is what it was: these streams were written by `cortado compress --level LEVEL`.
#[test]
fn streams_are_those_of_before() {
    for name in ["blocks_u32", "nuclei_u16", "top_u64"] {
        for level in Level::ALL {
            let before = golden(&format!("ristretto/v1/{name}.{}.ristretto", level.name()));
            assert!(ristretto::encode(&volume(name), &at(level)).unwrap() == before, "{name} {level:?}");
            assert!(ristretto::decode(&before).unwrap() == volume(name), "{name} {level:?}");
        }
    }
}

#[test]
fn slices_are_those_of_the_volume() {
    for name in NAMES {
        let volume = volume(name);
        let [depth, height, width] = volume.shape();
        for options in [at(Level::Fast), at(Level::Default).restart(2), at(Level::Max).restart(4)] {
            let bytes = ristretto::encode(&volume, &options).unwrap();
            for start in 0..=depth {
                for end in start..=depth {
                    let expected = volume.crop(start..end, 0..height, 0..width).unwrap();
                    let slices = ristretto::decode_slices(&bytes, start..end, &Limits::new()).unwrap();
                    assert!(slices == expected, "{name} {options:?} {start}..{end}");
                }
            }
            let beyond = ristretto::decode_slices(&bytes, 0..depth + 1, &Limits::new());
            assert!(matches!(beyond, Err(Error::OutOfRange { .. })));
            ristretto::validate(&bytes, &Limits::new()).unwrap();
        }
    }
}

#[test]
fn a_slice_needs_no_room_for_the_volume() {
    let bytes = ristretto::encode(&volume("blocks_u32"), &RistrettoOptions::new()).unwrap();
    let room_for_one = Limits::new().voxels(35 * 40);
    assert!(ristretto::decode_slices(&bytes, 2..3, &room_for_one).is_ok());
    let error = ristretto::decode_with(&bytes, &room_for_one).unwrap_err();
    assert!(matches!(error, Error::TooLarge { what: "voxels", .. }), "{error}");
}

#[test]
fn labels_are_known_and_changed_without_decoding() {
    let limits = Limits::new();
    for name in NAMES {
        let volume = volume(name);
        let most = u64::MAX >> (64 - 8 * volume.label_type().bytes());
        for level in Level::ALL {
            let bytes = ristretto::encode(&volume, &at(level)).unwrap();
            assert_eq!(ristretto::labels(&bytes, &limits).unwrap(), volume.distinct_labels(), "{name}");
            assert!(ristretto::remap(&bytes, Some, &limits).unwrap() == bytes, "the same labels, the same bytes");
            // Many labels become one, and the order is another.
            let map = |label: u64| most - label % 7;
            let remapped = ristretto::remap(&bytes, |label| Some(map(label)), &limits).unwrap();
            let expected = volume.to_labels::<u64>().unwrap().into_array().mapv(map);
            assert_eq!(ristretto::decode(&remapped).unwrap().to_labels::<u64>().unwrap().into_array(), expected);
            let mut distinct: Vec<u64> = volume.distinct_labels().into_iter().map(map).collect();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(ristretto::labels(&remapped, &limits).unwrap(), distinct);
        }
    }
    let bytes = ristretto::encode(&volume("noise_u8"), &RistrettoOptions::new()).unwrap();
    let error = ristretto::remap(&bytes, |_| Some(256), &limits).unwrap_err().to_string();
    assert_eq!(error, "a new label must be at most the largest of the stream's label type, but is 256");
    assert!(ristretto::remap(&bytes, |_| None, &limits).unwrap_err().to_string().starts_with("the map has no label"));
    assert!(matches!(ristretto::labels(&bytes, &limits.bytes(8)), Err(Error::TooLarge { .. })));
}

#[test]
fn compresso_streams_there_and_back() {
    let limits = Limits::new();
    for name in NAMES {
        for (setting, options) in [
            ("default", CompressoOptions::new()),
            ("no_index", CompressoOptions::new().index(false)),
            ("six", CompressoOptions::new().connectivity(Connectivity::Six)),
        ] {
            let theirs = cpso(name, setting);
            let ours = ristretto::from_compresso(&theirs, &RistrettoOptions::new(), &limits).unwrap();
            assert!(ristretto::decode(&ours).unwrap() == volume(name), "{name} {setting}");
            assert!(ristretto::to_compresso(&ours, &options, &limits).unwrap() == theirs, "{name} {setting}");
        }
    }
}

#[test]
fn files_by_name() {
    let folder = common::scratch("ristretto");
    let volume = volume("nuclei_u16");
    let path = folder.join("a.ristretto");
    ristretto::save(&volume, &path, &RistrettoOptions::new()).unwrap();
    assert!(ristretto::open(&path).unwrap() == volume);
    assert!(matches!(ristretto::open(folder.join("gone.ristretto")), Err(Error::Io { .. })));
}

#[test]
fn empty_volumes_are_a_header() {
    for shape in [[0, 3, 4], [2, 0, 4], [2, 3, 0], [0, 0, 0]] {
        for level in Level::ALL {
            let volume = Volume::from_vec(shape, Vec::<u16>::new()).unwrap();
            let bytes = ristretto::encode(&volume, &at(level)).unwrap();
            assert_eq!(bytes.len(), HEADER_BYTES);
            assert!(ristretto::decode(&bytes).unwrap() == volume.into());
            assert!(ristretto::labels(&bytes, &Limits::new()).unwrap().is_empty());
            ristretto::validate(&bytes, &Limits::new()).unwrap();
        }
    }
}

#[test]
fn sides_may_be_longer_than_compressos() {
    let long = Volume::from_vec([1, 2, 70_001], (0..140_002u32).map(|voxel| voxel / 3).collect()).unwrap();
    let tall = Volume::from_vec([2, 70_001, 1], (0..140_002u32).map(|voxel| voxel / 3).collect()).unwrap();
    for volume in [long, tall] {
        for level in Level::ALL {
            let bytes = ristretto::encode(&volume, &at(level)).unwrap();
            assert!(ristretto::decode(&bytes).unwrap() == volume.clone().into(), "{volume:?} {level:?}");
        }
    }
}

#[test]
fn headers_that_lie_are_refused_before_anything_is_allocated() {
    let good = ristretto::encode(&volume("blocks_u32"), &RistrettoOptions::new()).unwrap();
    let change = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        ristretto::decode(&bytes).unwrap_err().to_string()
    };
    assert_eq!(change(0, b'x'), "not a valid Ristretto file: it does not begin with the magic rstt (at byte 0)");
    assert_eq!(change(4, 2), "not a valid Ristretto file: expected version 1, found 2 (at byte 4)");
    assert!(change(5, 3).ends_with("expected 1, 2, 4 or 8 bytes a label, found 3 (at byte 5)"));
    assert!(change(6, 3).ends_with("expected level 0, 1 or 2, found 3 (at byte 6)"));
    assert!(change(7, 1).ends_with("expected a byte of 0, found 1 (at byte 7)"));
    assert!(change(20, 0).ends_with("0 slices cannot be a block (at byte 20)"));
    assert!(change(27, 1).ends_with("labels cannot be those of 8400 voxels (at byte 24)"));
    assert!(change(30, 1).contains("expected a dictionary of"));
    assert!(change(12, 34).ends_with("the checksum of the header, the index and the dictionary is wrong (at byte 32)"));
    let mut vast = good.clone();
    vast[8..20].fill(0xff);
    assert!(ristretto::decode(&vast).is_err());

    // Every voxel a region: more to keep count of than the volume itself takes.
    let distinct = Volume::from_vec([1, 300, 300], (0..90_000u32).collect()).unwrap();
    let bytes = ristretto::encode(&distinct, &RistrettoOptions::new()).unwrap();
    let error = ristretto::decode_with(&bytes, &Limits::new().bytes(1 << 20)).unwrap_err().to_string();
    assert_eq!(error, "10080000 bytes exceed the limit of 1048576: Limits::bytes raises it");

    // A header and an index that are sound, for a volume larger than the limits.
    let flat = Volume::from_vec([300, 1000, 1000], vec![7u8; 300_000_000]).unwrap();
    let bytes = ristretto::encode(&flat, &RistrettoOptions::new()).unwrap();
    let error = ristretto::decode_with(&bytes, &Limits::new().voxels(1 << 20)).unwrap_err().to_string();
    assert_eq!(error, "300000000 voxels exceed the limit of 1048576: Limits::voxels raises it");
    assert!(bytes.len() < 10_000, "{} bytes for one label", bytes.len());
}

#[test]
fn every_changed_bit_and_every_truncation_is_an_error() {
    for level in Level::ALL {
        let bytes = ristretto::encode(&volume("noise_u8"), &at(level)).unwrap();
        for len in 0..bytes.len() {
            assert!(ristretto::decode(&bytes[..len]).is_err(), "{level:?}: {len} of {} bytes", bytes.len());
        }
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(ristretto::decode(&damaged).is_err(), "{level:?}: bit {bit} of {} bytes", bytes.len());
        }
        assert!(ristretto::decode(&[&bytes[..], &[0]].concat()).is_err(), "{level:?}: a byte more");
    }
}

/// 10,000 damaged streams: each one an error.
#[test]
fn damage_is_always_noticed() {
    let mut next = random();
    let limits = Limits::new().voxels(1 << 18).bytes(1 << 21);
    let streams: Vec<_> = NAMES
        .into_iter()
        .flat_map(|name| Level::ALL.map(|level| ristretto::encode(&volume(name), &at(level).restart(2)).unwrap()))
        .collect();
    let mut damaged = 0;
    while damaged < 10_000 {
        let good = &streams[next(streams.len())];
        let mut bytes = good.clone();
        damage(&mut bytes, &mut next);
        if bytes == *good {
            continue;
        }
        damaged += 1;
        let outcome = catch_unwind(|| {
            let _ = ristretto::remap(&bytes, Some, &limits);
            let _ = ristretto::decode_slices(&bytes, 1..2, &limits);
            ristretto::decode_with(&bytes, &limits).is_ok()
        });
        assert!(!outcome.expect("no panic"), "stream {damaged} was decoded");
    }
}

/// Damage under a checksum that is right again: an error or a volume, but neither a panic nor a long wait.
#[test]
fn forged_blocks_never_crash() {
    let mut next = random();
    let limits = Limits::new();
    let (mut refused, mut decoded) = (0, 0);
    for name in ["noise_u8", "nuclei_u16", "top_u64"] {
        for level in [Level::Default, Level::Max] {
            let good = ristretto::encode(&volume(name), &at(level)).unwrap();
            let first = Stream::parse(&good).unwrap().dictionary_bytes() + HEADER_BYTES + 3;
            for _ in 0..150 {
                let mut bytes = good.clone();
                let end = bytes.len() - 4;
                for _ in 0..1 + next(3) {
                    bytes[first + next(end - first)] = next(256) as u8;
                }
                let start = Stream::parse(&good).unwrap().block_range(0).start;
                let checksum = crc32fast::hash(&bytes[start..end]);
                bytes[end..].copy_from_slice(&checksum.to_le_bytes());
                match catch_unwind(|| ristretto::decode_with(&bytes, &limits).is_ok()).expect("no panic") {
                    true => decoded += 1,
                    false => refused += 1,
                }
            }
        }
    }
    println!("{refused} refused, {decoded} decoded to a volume");
    assert!(refused > 300 && refused + decoded == 900, "{refused} {decoded}");
}

#[test]
fn tissue_is_the_same_on_any_number_of_threads_and_smaller_at_every_level() {
    let tissue = TissueOptions::new([20, 90, 130]).seed(7).generate().unwrap();
    let mut sizes = Vec::new();
    for level in Level::ALL {
        let options = at(level).restart(3);
        let bytes = in_pool(1, || ristretto::encode(&tissue, &options).unwrap());
        assert!(in_pool(3, || ristretto::encode(&tissue, &options).unwrap()) == bytes, "{level:?}");
        let mut labels = vec![9u32; tissue.voxels()];
        assert_eq!(in_pool(3, || ristretto::decode_into(&bytes, &mut labels, &Limits::new()).unwrap()), tissue.shape());
        assert!(labels == tissue.labels(), "{level:?}");
        assert!(ristretto::decode_into(&bytes, &mut labels[1..], &Limits::new()).is_err());
        assert!(ristretto::decode_into(&bytes, &mut [0u16; 5], &Limits::new()).is_err());
        let price = ristretto::price(&tissue, &options);
        let most = Stream::parse(&bytes).unwrap().dictionary_bytes() as f64 + price.cracks + price.names;
        let frame = HEADER_BYTES as f64 + 20.0 * 16.0;
        assert!((most..most + frame).contains(&(bytes.len() as f64)), "{level:?}: {price:?}, {} bytes", bytes.len());
        sizes.push(bytes.len());
    }
    assert!(sizes.is_sorted_by(|larger, smaller| larger > smaller), "{sizes:?}");
    // A larger block has more to learn from.
    let whole = ristretto::encode(&tissue, &at(Level::Default)).unwrap().len();
    assert!(whole < sizes[1], "{whole} {sizes:?}");
    let prices = [2, 6, 12].map(|cracks| ristretto::price_of_nearest(&tissue, cracks).cracks);
    assert!(prices.is_sorted_by(|few, more| few > more), "{prices:?}");
}

/// The real volume, where it is there: smaller than any other codec makes it (../shared/peers.md), and it comes back.
#[test]
fn the_em_volume_is_small() {
    let Some(theirs) = em_stream() else { return };
    let volume = compresso::decode(&theirs).unwrap();
    for (level, most) in [(Level::Fast, 2_607_122), (Level::Default, 2_300_000), (Level::Max, 2_140_000)] {
        let bytes = ristretto::encode(&volume, &at(level)).unwrap();
        assert!(bytes.len() < most, "{level:?}: {} bytes", bytes.len());
        assert!(ristretto::decode(&bytes).unwrap() == volume, "{level:?}");
    }
}

fn comes_back<T: Label>(volume: &Volume<u64>, options: &RistrettoOptions) -> Result<(), TestCaseError> {
    let labels = volume.labels().iter().map(|&label| T::from_low_bits(label)).collect();
    let volume = Volume::<T>::from_vec(volume.shape(), labels).unwrap();
    let bytes = ristretto::encode(&volume, options).unwrap();
    let mut back = vec![T::MAX; volume.voxels()];
    ristretto::decode_into(&bytes, &mut back, &Limits::new()).unwrap();
    prop_assert!(back == volume.labels());
    let distinct: Vec<u64> = volume.distinct_labels().into_iter().map(Into::into).collect();
    prop_assert_eq!(ristretto::labels(&bytes, &Limits::new()).unwrap(), distinct);
    Ok(())
}

proptest! {
    #[test]
    fn any_volume_comes_back(volume in volumes(), level in 0..3usize, restart in 1u32..5) {
        let options = at(Level::ALL[level]).restart(restart);
        comes_back::<u8>(&volume, &options)?;
        comes_back::<u16>(&volume, &options)?;
        comes_back::<u32>(&volume, &options)?;
        comes_back::<u64>(&volume, &options)?;
    }

    /// Blobs: regions of all sizes, with holes and diagonals.
    #[test]
    fn blobs_come_back(side in 30usize..90, cell in 2usize..9, seed in any::<u64>(), level in 0..3usize) {
        let label = |voxel: usize| {
            let (z, y, x) = (voxel / side / side, voxel / side % side, voxel % side);
            let jitter = mixed(voxel as u64 ^ seed) % 3;
            let cell = ((z / 2 * 64 + y / cell) * 64 + x / cell + jitter as usize % 2) as u64;
            mixed(cell ^ seed) % 50
        };
        let volume = Volume::from_vec([4, side, side], (0..4 * side * side).map(label).collect()).unwrap();
        comes_back::<u16>(&volume, &at(Level::ALL[level]))?;
    }
}
