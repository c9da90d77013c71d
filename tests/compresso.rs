//! Compresso against the streams that the Python package wrote, over awkward volumes, and under damage.

mod common;

use common::labels::{NAMES, damage, em_stream, in_pool, mixed, random, volume, volumes};
use common::{cpso, golden};
use cortado::compresso::{self, CompressoArray, CompressoOptions, Connectivity, HEADER_BYTES, Header, Steps, Stream};
use cortado::volume::{Label, TissueOptions};
use cortado::{AnyVolume, Error, Limits, Volume};
use proptest::prelude::*;
use std::panic::catch_unwind;

/// What the wheel was asked for, by the golden file's name; see make_labels.py.
fn settings() -> [(&'static str, CompressoOptions); 6] {
    let steps = |x, y, z| CompressoOptions::new().steps(Steps::new(x, y, z).unwrap());
    [
        ("default", CompressoOptions::new()),
        ("no_index", CompressoOptions::new().index(false)),
        ("six", CompressoOptions::new().connectivity(Connectivity::Six)),
        ("wide", steps(8, 8, 1)),
        ("deep", steps(4, 2, 2)),
        ("uneven", steps(3, 5, 1)),
    ]
}

#[test]
fn streams_are_those_of_the_python_package() {
    for name in NAMES {
        let volume = volume(name);
        for (setting, options) in settings() {
            let theirs = cpso(name, setting);
            for threads in [1, 3] {
                let (ours, back) = in_pool(threads, || {
                    (compresso::encode(&volume, &options).unwrap(), compresso::decode(&theirs).unwrap())
                });
                assert!(ours == theirs, "{name} {setting}, {threads} threads");
                assert!(back == volume, "{name} {setting}, {threads} threads");
            }
            compresso::validate(&theirs, &Limits::new()).unwrap();
        }
    }
}

#[test]
fn remapped_streams_are_those_of_the_python_package() {
    for name in NAMES {
        // As in make_labels.py, where Python multiplies without an end.
        let map = |label: u64| (u128::from(label) * 7 % 200) as u64;
        let ours = compresso::remap(&cpso(name, "default"), |label| Some(map(label)), &Limits::new()).unwrap();
        assert!(ours == cpso(name, "remapped"), "{name}");
    }
}

#[test]
fn the_papers_own_format_is_read_by_name() {
    for name in NAMES.into_iter().filter(|&name| name != "top_u64") {
        let bytes = golden(&format!("labels/{name}.original"));
        let limits = Limits::new();
        assert!(compresso::decode_original(&bytes, &limits).unwrap() == volume(name).to_labels().unwrap(), "{name}");
        assert!(compresso::decode(&bytes).is_err(), "it is not taken for the other format");
        assert!(matches!(
            compresso::decode_original(&bytes, &limits.voxels(10)),
            Err(Error::TooLarge { what: "voxels", .. })
        ));
        for len in 0..bytes.len() {
            assert!(compresso::decode_original(&bytes[..len], &limits).is_err() || len > HEADER_BYTES, "{name} {len}");
        }
    }
}

#[test]
fn sections_and_labels_need_no_decoding() {
    let bytes = cpso("blocks_u32", "default");
    let stream = Stream::parse(&bytes).unwrap();
    let names: Vec<_> = stream.sections().iter().map(|section| section.name).collect();
    assert_eq!(names, ["header", "ids", "window values", "locations", "windows", "z index"]);
    assert_eq!(stream.sections().last().unwrap().bytes.end, bytes.len());
    let header = stream.header();
    assert_eq!((header.version, header.shape, header.steps), (1, [6, 35, 40], Steps::DEFAULT));
    assert_eq!(stream.labels().unwrap(), volume("blocks_u32").distinct_labels());
    assert_eq!(*header, Header::parse(&bytes[..HEADER_BYTES]).unwrap());
    for name in NAMES {
        let labels = Stream::parse(&cpso(name, "six")).unwrap().labels().unwrap();
        assert_eq!(labels, volume(name).distinct_labels(), "{name}");
    }
}

#[test]
fn slices_are_those_of_the_volume() {
    for name in NAMES {
        let volume = volume(name);
        let [depth, height, width] = volume.shape();
        for (setting, _) in settings() {
            let bytes = cpso(name, setting);
            let array = CompressoArray::new(bytes).unwrap();
            for start in 0..=depth {
                for end in start..=depth {
                    let expected = volume.crop(start..end, 0..height, 0..width).unwrap();
                    assert!(array.slices(start..end).unwrap() == expected, "{name} {setting} {start}..{end}");
                }
            }
            let crop = array.crop(1..2, 2..height, 3..7).unwrap();
            assert!(crop == volume.crop(1..2, 2..height, 3..7).unwrap());
            assert!(matches!(array.slices(0..depth + 1), Err(Error::OutOfRange { .. })));
            assert_eq!(array.get(depth, 0, 0).unwrap(), None);
        }
    }
}

#[test]
fn a_slice_needs_no_room_for_the_volume() {
    let bytes = cpso("blocks_u32", "default");
    let room_for_one = Limits::new().voxels(35 * 40);
    assert!(compresso::decode_slices(&bytes, 2..3, &room_for_one).is_ok());
    assert!(matches!(compresso::decode_with(&bytes, &room_for_one), Err(Error::TooLarge { .. })));
    let without_index = cpso("blocks_u32", "no_index");
    assert!(matches!(compresso::decode_slices(&without_index, 2..3, &room_for_one), Err(Error::TooLarge { .. })));
}

#[test]
fn files_with_and_without_a_second_stage() {
    let folder = common::scratch("compresso");
    let volume = volume("nuclei_u16");
    for name in ["a.cpso", "a.cpso.xz", "a.cpso.zst"] {
        let path = folder.join(name);
        compresso::save(&volume, &path, &CompressoOptions::new()).unwrap();
        assert!(compresso::open(&path).unwrap() == volume, "{name}");
    }
    assert!(std::fs::read(folder.join("a.cpso")).unwrap() == cpso("nuclei_u16", "default"));
    assert!(matches!(compresso::open(folder.join("gone.cpso")), Err(Error::Io { .. })));
}

#[test]
fn empty_volumes_are_a_header() {
    for shape in [[0, 3, 4], [2, 0, 4], [2, 3, 0], [0, 0, 0]] {
        let volume = Volume::from_vec(shape, Vec::<u16>::new()).unwrap();
        let bytes = compresso::encode(&volume, &CompressoOptions::new()).unwrap();
        assert_eq!((bytes.len(), bytes[4]), (HEADER_BYTES, 0));
        assert!(compresso::decode(&bytes).unwrap() == volume.into());
        compresso::validate(&bytes, &Limits::new()).unwrap();
    }
}

#[test]
fn what_the_format_cannot_hold_is_an_error() {
    let long = Volume::from_vec([1, 1, 65536], vec![0u8; 65536]).unwrap();
    let error = compresso::encode(&long, &CompressoOptions::new()).unwrap_err().to_string();
    assert!(error.starts_with("a side of the volume must be at most 65535 voxels"), "{error}");
    let longest = Volume::from_vec([1, 1, 65535], (0..65535u16).map(|x| x / 3).collect()).unwrap();
    let bytes = compresso::encode(&longest, &CompressoOptions::new()).unwrap();
    assert!(compresso::decode(&bytes).unwrap() == longest.into());

    // Noise of two labels, one the rarer: more than 128 different windows of 8 voxels.
    let noise: Vec<u8> = (0..160_000).map(|voxel| u8::from(mixed(voxel) % 10 < 3)).collect();
    let noise = Volume::from_vec([1, 400, 400], noise).unwrap();
    let narrow = CompressoOptions::new().steps(Steps::new(4, 2, 1).unwrap());
    let error = compresso::encode(&noise, &narrow).err().unwrap().to_string();
    assert!(error.starts_with("steps of 4x2x1 make more different windows"), "{error}");
    assert!(Steps::new(0, 4, 1).is_err() && Steps::new(8, 8, 2).is_err() && Steps::new(1, 64, 1).is_ok());
}

#[test]
fn new_labels_may_be_the_largest() {
    for name in NAMES {
        let volume = volume(name);
        let most = u64::MAX >> (64 - 8 * volume.label_type().bytes());
        for (setting, _) in settings() {
            let bytes = cpso(name, setting);
            assert!(
                compresso::remap(&bytes, Some, &Limits::new()).unwrap() == bytes,
                "{name} {setting}: the same labels, the same bytes"
            );
            // Every label among the top seven, which take two entries where they were one.
            let map = |label: u64| most - label % 7;
            let remapped = compresso::remap(&bytes, |label| Some(map(label)), &Limits::new()).unwrap();
            let expected = volume.to_labels::<u64>().unwrap().into_array().mapv(map);
            let back = compresso::decode(&remapped).unwrap().to_labels::<u64>().unwrap().into_array();
            assert_eq!(back, expected, "{name} {setting}");
            compresso::validate(&remapped, &Limits::new()).unwrap();
        }
    }
    let bytes = cpso("noise_u8", "default");
    let error = compresso::remap(&bytes, |_| Some(256), &Limits::new()).unwrap_err().to_string();
    assert_eq!(error, "a new label must be at most the largest of the stream's label type, but is 256");
    assert!(
        compresso::remap(&bytes, |_| None, &Limits::new())
            .unwrap_err()
            .to_string()
            .starts_with("the map has no label for 2")
    );
}

#[test]
fn headers_that_lie_are_refused_before_anything_is_allocated() {
    let mut bytes = cpso("blocks_u32", "no_index");
    bytes[6..12].fill(0xff);
    let error = compresso::decode(&bytes).unwrap_err().to_string();
    assert_eq!(error, "281462092005375 voxels exceed the limit of 2147483648: Limits::voxels raises it");
    let change = |at: usize, value: u8| {
        let mut bytes = cpso("blocks_u32", "default");
        bytes[at] = value;
        compresso::decode(&bytes).unwrap_err().to_string()
    };
    assert_eq!(change(0, b'x'), "not a valid Compresso file: it does not begin with the magic cpso (at byte 0)");
    assert_eq!(change(4, 2), "not a valid Compresso file: expected version 0 or 1, found 2 (at byte 4)");
    assert_eq!(change(5, 3), "not a valid Compresso file: expected 1, 2, 4 or 8 bytes a label, found 3 (at byte 5)");
    assert!(change(12, 0).ends_with("expected steps with a product from 1 to 64, found 0 x 4 x 1 (at byte 12)"));
    assert!(change(22, 0xff).ends_with("(at byte 36)"), "more ids than bytes");
    assert!(change(35, 5).ends_with("expected connectivity 4 or 6, found 5 (at byte 35)"));
}

/// Streams with damage in one place, made by make_labels.py, and what is said of each.
#[test]
fn damage_is_named_with_its_place() {
    let cases = [
        ("empty", "it does not begin with the magic cpso (at byte 0)"),
        ("magic", "it does not begin with the magic cpso (at byte 0)"),
        ("header_cut", "it ends inside its header of 36 bytes (at byte 30)"),
        ("ids_beyond_the_end", "expected 65535 ids of 1 bytes, found 487 bytes (at byte 36)"),
        ("no_window_values", "a volume that is not empty has at least one window value (at byte 23)"),
        ("window_index", "expected the index of one of 9 windows, found 32767 (at byte 469)"),
        ("windows_end_early", "its windows end before the volume does (at byte 515)"),
        ("windows_left_over", "it has more windows than the volume (at byte 517)"),
        ("half_a_window", "expected windows of 2 bytes, found 47 bytes of them (at byte 469)"),
        ("location_without_neighbour", "location code 0 names a neighbour that has no label yet (at byte 60)"),
        ("index_of_components", "the index counts 7 components, the header 6 (at byte 519)"),
        ("index_of_locations", "the first slice's locations do not begin at 0 (at byte 520)"),
        ("connectivity", "version 1 has connectivity 4 only, found 6 (at byte 35)"),
    ];
    for (name, expected) in cases {
        let bytes = golden(&format!("compresso/corrupt/{name}.cpso"));
        let error = compresso::decode(&bytes).unwrap_err().to_string();
        assert_eq!(error.strip_prefix("not a valid Compresso file: "), Some(expected), "{name}");
        assert!(compresso::validate(&bytes, &Limits::new()).is_err(), "{name}");
    }
}

#[test]
fn every_truncation_is_an_error() {
    for (setting, _) in settings() {
        let bytes = cpso("noise_u8", setting);
        for len in 0..bytes.len() {
            assert!(compresso::decode(&bytes[..len]).is_err(), "{setting}: {len} of {} bytes", bytes.len());
        }
        let longer = [&bytes[..], &[0, 0]].concat();
        assert!(compresso::decode(&longer).is_err(), "{setting}: two bytes more");
    }
}

/// 10,000 damaged streams: each an error or a volume, within the limits and without a panic.
#[test]
fn damaged_streams_never_crash() {
    let mut next = random();
    let limits = Limits::new().voxels(1 << 18).bytes(1 << 21);
    let (mut refused, mut decoded) = (0, 0);
    for round in 0..10_000 {
        let name = NAMES[next(NAMES.len())];
        let setting = settings()[next(6)].0;
        let mut bytes = cpso(name, setting);
        damage(&mut bytes, &mut next);
        let outcome = catch_unwind(|| {
            let _ = compresso::remap(&bytes, Some, &Limits::new());
            let _ = compresso::decode_original(&bytes, &limits);
            compresso::decode_with(&bytes, &limits).is_ok()
        });
        match outcome {
            Ok(true) => decoded += 1,
            Ok(false) => refused += 1,
            Err(_) => panic!("round {round}: {name}.{setting} made it panic"),
        }
    }
    println!("{refused} refused, {decoded} decoded to a volume");
    assert!(refused > 7_000, "{refused}");
}

#[test]
fn tissue_is_the_same_on_any_number_of_threads_and_comes_back() {
    let options = TissueOptions::new([20, 90, 130]).seed(7);
    let tissue = in_pool(1, || options.generate().unwrap());
    assert!(in_pool(3, || options.generate().unwrap()) == tissue);
    assert!(options.seed(8).generate().unwrap() != tissue);
    for (setting, options) in settings() {
        let bytes = in_pool(1, || compresso::encode(&tissue, &options).unwrap());
        assert!(in_pool(2, || compresso::encode(&tissue, &options).unwrap()) == bytes, "{setting}");
        let mut labels = vec![9u32; tissue.voxels()];
        assert_eq!(compresso::decode_into(&bytes, &mut labels, &Limits::new()).unwrap(), tissue.shape());
        assert!(labels == tissue.labels(), "{setting}");
        assert!(compresso::decode_into(&bytes, &mut labels[1..], &Limits::new()).is_err());
        assert!(compresso::decode_into(&bytes, &mut [0u16; 5], &Limits::new()).is_err());
    }
}

/// The real volume that the package's authors distribute, where it is there.
#[test]
fn the_em_volume_comes_back() {
    let Some(theirs) = em_stream() else { return };
    let AnyVolume::U32(volume) = compresso::decode(&theirs).unwrap() else { panic!("u32") };
    assert_eq!((volume.shape(), volume.distinct_labels().len()), ([512, 512, 512], 2524));
    let index = Stream::parse(&theirs).unwrap().header().version == 1;
    assert!(compresso::encode(&volume, &CompressoOptions::new().index(index)).unwrap() == theirs);
}

fn comes_back<T: Label>(volume: &Volume<u64>, options: &CompressoOptions) -> Result<(), TestCaseError> {
    let labels = volume.labels().iter().map(|&label| T::from_low_bits(label)).collect();
    let volume = Volume::<T>::from_vec(volume.shape(), labels).unwrap();
    let bytes = match compresso::encode(&volume, options) {
        Err(Error::Unsupported(_)) => return Ok(()),
        bytes => bytes.unwrap(),
    };
    prop_assert_eq!(in_pool(3, || compresso::encode(&volume, options).unwrap()), bytes.clone());
    let mut back = vec![T::MAX; volume.voxels()];
    compresso::decode_into(&bytes, &mut back, &Limits::new()).unwrap();
    prop_assert!(back == volume.labels());
    let distinct: Vec<u64> = volume.distinct_labels().into_iter().map(Into::into).collect();
    prop_assert_eq!(Stream::parse(&bytes).unwrap().labels().unwrap(), distinct);
    Ok(())
}

proptest! {
    #[test]
    fn any_volume_comes_back(
        volume in volumes(),
        steps in (1u8..9, 1u8..9, 1u8..4),
        six in any::<bool>(),
        index in any::<bool>(),
    ) {
        let connectivity = if six { Connectivity::Six } else { Connectivity::Four };
        let mut options = CompressoOptions::new().connectivity(connectivity).index(index);
        if let Ok(steps) = Steps::new(steps.0, steps.1, steps.2) {
            options = options.steps(steps);
        }
        comes_back::<u8>(&volume, &options)?;
        comes_back::<u16>(&volume, &options)?;
        comes_back::<u32>(&volume, &options)?;
        comes_back::<u64>(&volume, &options)?;
    }
}

/// Found by fuzzing: a run of no windows at the end was refused or not, depending on the slices and the threads.
#[test]
fn runs_of_nothing_change_nothing() {
    let mut bytes =
        b"cpso\x01\x02\x82\0\x04\0\x03\0\x08\x08\x01\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x04".to_vec();
    bytes.extend([255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([0x67, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    let whole = in_pool(1, || compresso::decode(&bytes)).unwrap();
    for threads in [2, 3, 5] {
        assert!(in_pool(threads, || compresso::decode(&bytes)).unwrap() == whole, "{threads} threads");
    }
    for z in 0..3 {
        let slice = compresso::decode_slices(&bytes, z..z + 1, &Limits::new()).unwrap();
        assert!(slice == whole.crop(z..z + 1, 0..4, 0..130).unwrap(), "slice {z}");
    }
}
