//! Volumes in files by other writers, their crops and casts, and Neuroglancer's format.

mod common;

use common::{data, golden, scratch};
use cortado::neuroglancer::{self, BlockSize};
use cortado::volume::{TissueOptions, VolumeFormat};
use cortado::{AnyVolume, Error, Limits, Volume};
use proptest::prelude::*;

fn open(name: &str) -> Result<AnyVolume, Error> {
    AnyVolume::open(format!("{}/tests/golden/labels/{name}", env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn files_of_other_writers() {
    let nuclei = open("nuclei_u16.npy").unwrap();
    assert_eq!(format!("{nuclei:?}"), "Volume 8 x 40 x 60 u16");
    // Part of the sample data, as tifffile read it.
    let whole = AnyVolume::open(data("labels/nuclei_label.tif")).unwrap();
    assert_eq!(format!("{whole:?}"), "Volume 60 x 256 x 256 u32");
    let part = whole.crop(20..28, 100..140, 90..150).unwrap().to_labels::<u16>().unwrap();
    assert!(nuclei == part.clone().into());

    for name in ["fortran.npy", "big_endian.npy", "archive.npz", "deflate.tif"] {
        assert!(open(name).unwrap() == nuclei, "{name}");
    }
    assert!(open("signed.npy").unwrap() == part.cast::<u64>().unwrap().into());
    assert!(open("signed.tif").unwrap() == part.cast::<u32>().unwrap().into());
    let boolean = Volume::from_vec(part.shape(), part.labels().iter().map(|&label| u8::from(label > 0)).collect());
    assert!(open("boolean.npy").unwrap() == boolean.unwrap().into());
    assert_eq!(open("plane.npy").unwrap().shape(), [1, 40, 60]);
    assert_eq!(AnyVolume::open(data("labels/tgmm-mini.tif")).unwrap().shape(), [31 * 29, 101, 151]);
    assert_eq!(AnyVolume::open(data("labels/mask2d.tif")).unwrap().shape(), [1, 512, 512]);
}

#[test]
fn what_is_no_label_volume_is_an_error() {
    let refusal = |name: &str| open(name).unwrap_err().to_string();
    assert_eq!(refusal("negative.npy"), "a label must be 0 or more, but is -1");
    assert_eq!(
        refusal("floats.npy"),
        "labels are whole numbers, and this file holds floating-point numbers (<f4): where all of them are whole, \
         VolumeOptions::cast takes them"
    );
    assert!(refusal("no.npy").starts_with("cannot read "));
    assert!(
        refusal("../compresso/v1/nuclei_u16.default.cpso").ends_with(", but of a label volume's stream: decompress it")
    );
    let photo = AnyVolume::open(data("photos/kodim02.tif")).unwrap_err().to_string();
    assert!(photo.starts_with("a volume has one label a voxel, and this TIFF file has colours: save "), "{photo}");
    for (format, name) in
        [(VolumeFormat::Npy, "plane.npy"), (VolumeFormat::Npz, "archive.npz"), (VolumeFormat::Tiff, "deflate.tif")]
    {
        let bytes = golden(&format!("labels/{name}"));
        let few = Limits::new().voxels(100);
        assert!(matches!(AnyVolume::decode(&bytes, format, &few), Err(Error::TooLarge { .. })), "{name}");
        for len in (0..bytes.len()).step_by(7) {
            let decoded = AnyVolume::decode(&bytes[..len], format, &Limits::new());
            assert!(decoded.is_err(), "{name} {len}");
        }
    }
}

#[test]
fn every_format_gives_the_volume_back() {
    let folder = scratch("volumes");
    for name in ["blocks_u32", "noise_u8", "top_u64", "flat_u16"] {
        let volume = open(&format!("{name}.npy")).unwrap();
        for extension in ["npy", "npz", "tif"] {
            let path = folder.join(format!("{name}.{extension}"));
            volume.save(&path).unwrap();
            assert!(AnyVolume::open(&path).unwrap() == volume, "{name}.{extension}");
        }
    }
    let empty: AnyVolume = Volume::from_vec([0, 2, 3], Vec::<u8>::new()).unwrap().into();
    empty.save(folder.join("empty.npy")).unwrap();
    assert!(AnyVolume::open(folder.join("empty.npy")).unwrap() == empty);
    assert!(empty.encode(VolumeFormat::Tiff).is_err());
}

#[test]
fn some_slices_of_a_file() {
    let nuclei = open("nuclei_u16.npy").unwrap();
    for name in ["nuclei_u16.npy", "fortran.npy", "big_endian.npy"] {
        let path = format!("{}/tests/golden/labels/{name}", env!("CARGO_MANIFEST_DIR"));
        let part = AnyVolume::open_slices(&path, 2..5, &Limits::new().voxels(3 * 40 * 60)).unwrap();
        assert!(part == nuclei.crop(2..5, 0..40, 0..60).unwrap(), "{name}");
        assert!(matches!(AnyVolume::open_slices(&path, 2..9, &Limits::new()), Err(Error::OutOfRange { .. })));
    }
}

#[test]
fn arrays_in_any_order() {
    let labels: Vec<u16> = (0..24).collect();
    let volume = Volume::from_vec([2, 3, 4], labels).unwrap();
    assert_eq!(volume.as_array()[[1, 2, 3]], 23);
    let turned = volume.as_array().permuted_axes([2, 1, 0]);
    assert_eq!(turned.shape(), [4, 3, 2]);
    assert_eq!(Volume::from_array(turned).get(3, 2, 1), Some(23));
    assert_eq!(volume.clone().into_array().into_raw_vec_and_offset().0, volume.labels());
    assert!(Volume::from_vec([2, 3, 5], vec![0u8; 24]).is_err());
    assert!(Volume::from_vec([usize::MAX, 2, 0], Vec::<u8>::new()).is_err());
    assert_eq!(volume.cast::<u8>().unwrap().labels()[23], 23);
    let error = Volume::from_vec([1, 1, 1], vec![256u16]).unwrap().cast::<u8>().unwrap_err().to_string();
    assert_eq!(error, "a label must be at most 255 to fit u8, but is 256");
}

#[test]
fn tissue_resembles_what_its_text_says() {
    let tissue = TissueOptions::new([16, 256, 256]).generate().unwrap();
    let zeros = tissue.labels().iter().filter(|&&label| label == 0).count() as f64 / tissue.voxels() as f64;
    assert!((0.0005..0.05).contains(&zeros), "{zeros} of the voxels are background");
    assert!(tissue.distinct_labels().len() > 60);
    assert!(TissueOptions::new([1, 1, 1]).diameter(1.0).generate().is_err());
    assert!(TissueOptions::new([1, 1, 1]).anisotropy(f32::NAN).generate().is_err());
    assert_eq!(TissueOptions::new([0, 5, 5]).generate().unwrap().voxels(), 0);
}

#[test]
fn compressed_segmentation_is_that_of_the_python_package() {
    let block = BlockSize::default();
    let blocks = open("blocks_u32.npy").unwrap().to_labels::<u32>().unwrap();
    let theirs = golden("neuroglancer/v1/blocks_u32.cseg");
    assert!(neuroglancer::encode(&blocks, &block).unwrap() == theirs);
    assert!(neuroglancer::decode_with(&theirs, blocks.shape(), &block, &Limits::new()).unwrap() == blocks);
    let top = open("top_u64.npy").unwrap().to_labels::<u64>().unwrap();
    let theirs = golden("neuroglancer/v1/top_u64.cseg");
    assert!(neuroglancer::encode(&top, &block).unwrap() == theirs);
    assert!(neuroglancer::decode_with(&theirs, top.shape(), &block, &Limits::new()).unwrap() == top);

    for len in 0..theirs.len() {
        assert!(neuroglancer::decode_with::<u64>(&theirs[..len], top.shape(), &block, &Limits::new()).is_err());
    }
    for at in 0..theirs.len() {
        let mut bytes = theirs.clone();
        bytes[at] ^= 0x55;
        // An error or other labels, never a panic.
        let _ = neuroglancer::decode_with::<u64>(&bytes, top.shape(), &block, &Limits::new());
    }
    let few = Limits::new().voxels(10);
    assert!(neuroglancer::decode_with::<u64>(&theirs, top.shape(), &block, &few).is_err());
    assert!(neuroglancer::encode(&open("noise_u8.npy").unwrap().to_labels::<u8>().unwrap(), &block).is_err());
    assert!(BlockSize::new(0, 8, 8).is_err() && BlockSize::new(1 << 20, 1 << 20, 1).is_err());
}

proptest! {
    #[test]
    fn compressed_segmentation_comes_back(
        shape in (0usize..5, 1usize..20, 1usize..20),
        block in (1usize..9, 1usize..9, 1usize..9),
        kinds in 1u64..400,
        seed in any::<u64>(),
    ) {
        let label = |voxel: usize| ((voxel as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % kinds;
        let labels = (0..shape.0 * shape.1 * shape.2).map(label).collect();
        let volume = Volume::<u64>::from_vec([shape.0, shape.1, shape.2], labels).unwrap();
        let block = BlockSize::new(block.2, block.1, block.0).unwrap();
        let bytes = neuroglancer::encode(&volume, &block).unwrap();
        prop_assert!(neuroglancer::decode_with(&bytes, volume.shape(), &block, &Limits::new()).unwrap() == volume);
        let narrow = volume.cast::<u32>().unwrap();
        let bytes = neuroglancer::encode(&narrow, &block).unwrap();
        prop_assert!(neuroglancer::decode_with(&bytes, narrow.shape(), &block, &Limits::new()).unwrap() == narrow);
    }
}

#[test]
fn volumes_larger_than_any_memory_are_errors() {
    for shape in [[usize::MAX; 3], [usize::MAX, 1, 1], [1 << 22, 1 << 21, 1 << 21], [3, 1 << 20, 1 << 20]] {
        let error = TissueOptions::new(shape).generate().map(drop).unwrap_err();
        assert!(matches!(error, cortado::Error::TooLarge { what: "voxels", .. }), "{error}");
        let none = Limits::new().voxels(u64::MAX).bytes(u64::MAX);
        for file in [&[1u8, 0, 0, 0][..], &[0; 16], &[255; 64]] {
            assert!(neuroglancer::decode_with::<u64>(file, shape, &BlockSize::default(), &none).is_err());
            assert!(neuroglancer::decode_with::<u32>(file, shape, &BlockSize::new(1, 1, 1).unwrap(), &none).is_err());
        }
    }
}
