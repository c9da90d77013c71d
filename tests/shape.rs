//! Every codec has the same functions with the same order of arguments, limits reach all of them, and data goes in and
//! out without a copy.

mod common;

use cortado::compresso::{CompressoArray, CompressoOptions, Steps};
use cortado::neuroglancer::BlockSize;
use cortado::ristretto::{RistrettoArray, RistrettoOptions};
use cortado::second_stage::SecondStage;
use cortado::volume::{AnyVolumeView, LabelType, LazyVolume, Sliced, TissueOptions, VolumeView};
use cortado::{AnyVolume, Error, Limits, Photo, Volume, compresso, neuroglancer, ristretto};
use cortado::{laff::LaffOptions, ndarray::Array3, palette, svd, svd::femto::FemtoOptions};
use std::path::{Path, PathBuf};

type Result<T = ()> = std::result::Result<T, Error>;

fn photo() -> Photo {
    Photo::open(common::data("photos/coffee.png")).unwrap().crop(100, 150, 60, 70).unwrap()
}

fn tissue() -> Volume<u32> {
    TissueOptions::new([5, 40, 30]).diameter(8.0).generate().unwrap()
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Limits that nothing fits.
const NONE: Limits = Limits::new().pixels(1).voxels(1).bytes(1);

fn is_too_large<T>(result: Result<T>) -> bool {
    matches!(result, Err(Error::TooLarge { .. }))
}

macro_rules! one_shape {
    ($($codec:ident: $($path:ident)::+, $input:expr, $options:expr, $extension:literal;)*) => {$(
        #[test]
        fn $codec() -> Result {
            use cortado::$($path)::+ as codec;
            let (input, options) = ($input, $options);
            let bytes = codec::encode(&input, &options)?;
            let value = codec::decode(&bytes)?;
            assert!(codec::decode_with(&bytes, &Limits::new())? == value);
            let path = file(concat!("one_shape_", stringify!($codec), $extension));
            codec::save(&input, &path, &options)?;
            assert!(codec::open(&path)? == value && codec::open_with(&path, &Limits::new())? == value);
            codec::info(&bytes, &Limits::new())?;
            assert!(is_too_large(codec::decode_with(&bytes, &NONE)));
            assert!(is_too_large(codec::open_with(&path, &NONE)));
            assert!(is_too_large(codec::info(&bytes, &NONE)));
            // What reads whole files counts them with what comes of them.
            let just_the_file = Limits::new().bytes(std::fs::metadata(&path).unwrap().len());
            assert!(is_too_large(codec::open_with(&path, &just_the_file)));
            Ok(())
        }
    )*};
}

one_shape! {
    of_palettes: palette, photo(), palette::EncodeOptions::new(), ".png";
    of_laff: laff, photo(), LaffOptions::new(), ".laff";
    of_svd: svd, photo(), svd::EncodeOptions::new().rank(9), ".svdq";
    of_femto: svd::femto, photo(), FemtoOptions::new().ranks([4, 4, 9]), ".json.gz";
    of_compresso: compresso, AnyVolume::from(tissue()), CompressoOptions::new(), ".cpso.xz";
    of_ristretto: ristretto, AnyVolume::from(tissue()), RistrettoOptions::new(), ".ristretto.zst";
}

#[test]
fn of_compressed_segmentation() -> Result {
    let (volume, block) = (tissue(), BlockSize::new(4, 8, 2)?);
    let (bytes, shape) = (neuroglancer::encode(&volume, &block)?, volume.shape());
    assert!(neuroglancer::decode::<u32>(&bytes, shape, &block)? == volume);
    let path = file("one_shape.cseg.gz");
    neuroglancer::save(&volume, &path, &block)?;
    assert!(neuroglancer::open::<u32>(&path, shape, &block)? == volume);
    assert!(is_too_large(neuroglancer::open_with::<u32>(&path, shape, &block, &NONE)));
    Ok(())
}

#[test]
fn limits_reach_every_path() -> Result {
    let volume = tissue();
    let streams =
        [compresso::encode(&volume, &CompressoOptions::new())?, ristretto::encode(&volume, &RistrettoOptions::new())?];
    let mut labels = vec![0u32; volume.voxels()];
    let [cpso, rstt] = &streams;
    assert!(is_too_large(compresso::decode_into(cpso, &mut labels, &NONE)));
    assert!(is_too_large(ristretto::decode_into(rstt, &mut labels, &NONE)));
    assert!(is_too_large(compresso::remap(cpso, Some, &NONE)) && is_too_large(ristretto::remap(rstt, Some, &NONE)));
    assert!(is_too_large(compresso::labels(cpso, &NONE)) && is_too_large(ristretto::labels(rstt, &NONE)));
    assert!(is_too_large(CompressoArray::with_limits(cpso.clone(), &NONE)?.slices(0..1)));
    assert!(is_too_large(RistrettoArray::with_limits(rstt.clone(), &NONE)?.slices(0..1)));
    // Of a larger limit than the default the whole is read.
    let roomy = Limits::new().voxels(u64::MAX).bytes(u64::MAX);
    assert_eq!(ristretto::decode_into(rstt, &mut labels, &roomy)?, volume.shape());
    assert!(labels == volume.labels());
    Ok(())
}

fn slices_are_looked_at_alone<F: Sliced>(bytes: Vec<u8>, volume: &Volume<u32>) -> Result {
    let array = LazyVolume::<F>::new(bytes.clone())?;
    let [depth, height, width] = volume.shape();
    assert_eq!((array.shape(), array.label_type()), (volume.shape(), LabelType::U32));
    assert!(format!("{array:?}").starts_with(&format!("{} 5 x 40 x 30 u32, ", F::NAME)));
    assert!(array.slices(1..3)? == volume.crop(1..3, 0..height, 0..width)?.into());
    assert!(array.crop(0..depth, 3..7, 2..width)? == volume.crop(0..depth, 3..7, 2..width)?.into());
    assert!(array.crop(0..1, 0..height + 1, 0..1).is_err() && array.slices(2..depth + 1).is_err());
    assert_eq!(array.get(4, 3, 2)?, volume.get(4, 3, 2).map(u64::from));
    assert_eq!((array.get(depth, 0, 0)?, array.get(0, height, 0)?), (None, None));
    let labels: Vec<u64> = volume.distinct_labels().into_iter().map(u64::from).collect();
    assert_eq!(array.labels()?, labels);
    assert!(array.contains(labels[1])? && !array.contains(u64::from(u32::MAX))?);
    let doubled = LazyVolume::<F>::new(array.remap(|label| Some(2 * label))?)?;
    assert_eq!(doubled.get(4, 3, 2)?, array.get(4, 3, 2)?.map(|label| 2 * label));
    assert!(array.clone().bytes() == bytes && LazyVolume::<F>::new(bytes[1..].to_vec()).is_err());
    Ok(())
}

#[test]
fn both_label_codecs_are_arrays() -> Result {
    use cortado::{compresso::CompressoStreams, ristretto::RistrettoStreams};
    let volume = tissue();
    slices_are_looked_at_alone::<CompressoStreams>(compresso::encode(&volume, &CompressoOptions::new())?, &volume)?;
    let options = RistrettoOptions::new().restart(2);
    slices_are_looked_at_alone::<RistrettoStreams>(ristretto::encode(&volume, &options)?, &volume)
}

#[test]
fn borrowed_labels_are_encoded_as_volumes_are() -> Result {
    let volume = tissue();
    let (labels, shape) = (volume.labels(), volume.shape());
    let view = VolumeView::new(shape, labels)?;
    let array = VolumeView::try_from(volume.as_array())?;
    let any = AnyVolume::from(volume.clone());
    let options = CompressoOptions::new();
    let expected = compresso::encode(&volume, &options)?;
    assert!(compresso::encode(view, &options)? == expected && compresso::encode(array, &options)? == expected);
    assert!(compresso::encode(&any, &options)? == expected);
    assert_eq!((AnyVolumeView::from(&any).shape(), AnyVolumeView::from(view).label_type()), (shape, LabelType::U32));
    assert_eq!(view.labels().as_ptr(), labels.as_ptr(), "nothing is copied");
    assert!(matches!(VolumeView::new([1, 2, 3], labels), Err(Error::ShapeMismatch { .. })));
    let turned = volume.as_array().reversed_axes();
    assert!(VolumeView::try_from(turned).unwrap_err().to_string().contains("Volume::from_array"));
    assert!(VolumeView::<u8>::new([usize::MAX, 2, 2], &[]).is_err(), "the product overflows");
    Ok(())
}

#[test]
fn volumes_of_a_known_type_come_out_of_any() -> Result {
    let volume = tissue();
    let address = volume.labels().as_ptr();
    let same = Volume::<u32>::try_from(AnyVolume::from(volume.clone()))?;
    assert!(same == volume);
    let moved = Volume::<u32>::try_from(AnyVolume::from(volume))?;
    assert_eq!(moved.labels().as_ptr(), address, "nothing is copied");
    let wide = Volume::<u64>::try_from(AnyVolume::from(moved))?;
    let large = Volume::from_vec([1, 1, 1], vec![300u64])?;
    assert_eq!(wide.shape(), [5, 40, 30]);
    let error = Volume::<u8>::try_from(AnyVolume::from(large)).unwrap_err();
    assert_eq!(error.to_string(), "a label must be at most 255 to fit u8, but is 300");
    Ok(())
}

#[test]
fn photos_give_their_memory_away() -> Result {
    let photo = photo();
    let (address, same) = (photo.samples().as_ptr(), photo.clone());
    let array: Array3<u8> = photo.into_array();
    assert_eq!((array.dim(), array.as_ptr()), ((60, 70, 3), address), "nothing is copied");
    assert_eq!(same.samples().to_vec(), same.into_samples());
    Ok(())
}

#[test]
fn what_is_displayed_is_parsed() -> Result {
    fn there_and_back<T: std::fmt::Display + std::str::FromStr<Err = Error> + PartialEq>(value: T) {
        assert!(value.to_string().parse::<T>().is_ok_and(|back| back == value), "{value}");
    }
    SecondStage::ALL.into_iter().for_each(there_and_back);
    LabelType::ALL.into_iter().for_each(there_and_back);
    there_and_back(Steps::new(8, 4, 2)?);
    there_and_back(BlockSize::new(8, 4, 2)?);
    there_and_back("compresso steps=4,4,1|8,8,1 second=xz".parse::<cortado::Grid>()?);
    there_and_back("laff quality=75".parse::<cortado::Setting>()?);
    for text in ["", "8x8", "8x8x8x8", "0x8x8", "8x8xa", "8,8,8"] {
        assert!(text.parse::<Steps>().is_err() && text.parse::<BlockSize>().is_err(), "{text}");
    }
    assert!("rar".parse::<SecondStage>().unwrap_err().to_string().starts_with("second stage must be one of gzip, "));
    Ok(())
}

#[test]
fn errors_can_be_matched() -> Result {
    use cortado::{Palette, PaletteOptions, Setting, palette::Engine};
    let photo = photo();
    let both = PaletteOptions::new().engine(Engine::Linfa).psnr(30.0);
    assert!(matches!(Palette::fit(&photo, &both), Err(Error::Conflict(_))));
    let sharp = PaletteOptions::new().colors(2).psnr(60.0);
    assert!(matches!(Palette::fit(&photo, &sharp), Err(Error::Unreachable { .. })));
    assert!(matches!(cortado::laff::encode(&photo, &LaffOptions::new().bytes(9)), Err(Error::Unreachable { .. })));
    assert!(matches!("laff quality=50 psnr=30".parse::<Setting>(), Err(Error::Conflict(_))));
    assert!(matches!("raw level=3".parse::<Setting>(), Err(Error::Conflict(_))));
    let Err(Error::OutOfRange { name, found, expected }) = "ristretto second=xz second_level=10".parse::<Setting>()
    else {
        panic!("it was taken")
    };
    assert_eq!((&*name, &*found, &*expected), ("ristretto second_level", "10", "0 to 9 for xz"));
    Ok(())
}

#[test]
fn settings_read_and_write_whatever_takes_bytes() -> Result {
    use cortado::{Setting, codec::Data, codec::Reading};
    let data = Data::from(AnyVolume::from(tissue()));
    for text in ["ristretto level=fast second=zstd second_level=19", "compresso second=LZW", "raw", "compresso"] {
        let setting: Setting = text.parse()?;
        let mut out = Vec::new();
        setting.encode_to(&data, &mut out, "memory")?;
        assert!(out == setting.encode(&data)?, "{text}");
        let reading = Reading::new(Limits::new()).like(&data);
        assert!(setting.decode_from(&mut out.as_slice(), "memory", &reading)? == data, "{text}");
        let path = file("whatever.bytes");
        setting.save(&data, &path)?;
        assert!(setting.open(&path, &reading)? == data, "{text}");
        let full = setting.encode_to(&data, &mut [0; 3].as_mut_slice(), "a short pipe").unwrap_err();
        assert!(full.to_string().starts_with("cannot write a short pipe: "), "{full}");
    }
    Ok(())
}

#[test]
fn files_are_what_their_names_say() -> Result {
    let photo = photo();
    let error = palette::save(&photo, file("shape.gif"), &palette::EncodeOptions::new()).unwrap_err().to_string();
    assert!(error.contains("end its name in .png"), "{error}");
    assert!(!file("shape.gif").exists());
    let (plain, text) = (file("shape.laff"), file("shape.laff.txt"));
    for path in [&plain, &text] {
        cortado::laff::save(&photo, path, &LaffOptions::new())?;
    }
    assert!(cortado::laff::open(&plain)? == cortado::laff::open(&text)?);
    assert!(std::str::from_utf8(&std::fs::read(text).unwrap()).is_ok(), "text is text");
    Ok(())
}
