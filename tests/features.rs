//! What the features `image-types` and `serde` give.

mod common;

use cortado::compresso::{CompressoOptions, Connectivity, Steps};
use cortado::image::{GrayImage, RgbImage};
use cortado::laff::{LaffOptions, Profile};
use cortado::{Error, Grid, Limits, PaletteOptions, Photo, Setting, Table, palette, ristretto, svd};
use serde_json::{from_str, from_value, json, to_string, to_value};

#[test]
fn photos_become_images_and_back() -> Result<(), Error> {
    let photo = Photo::open(common::data("photos/coffee.png"))?.crop(0, 0, 9, 11)?;
    let address = photo.samples().as_ptr();
    let image = RgbImage::try_from(photo.clone())?;
    assert_eq!(image.dimensions(), (11, 9));
    assert_eq!(image.get_pixel(3, 2).0.as_slice(), photo.view().slice(cortado::ndarray::s![2, 3, ..]).to_vec());
    assert!(Photo::try_from(image)? == photo);
    assert_eq!(RgbImage::try_from(photo.clone())?.len(), 9 * 11 * 3);
    let grey = photo.to_grey();
    assert!(Photo::try_from(GrayImage::try_from(grey.clone())?)? == grey);
    assert_eq!(RgbImage::try_from(grey)?.len(), 9 * 11 * 3);
    assert!(GrayImage::try_from(photo.clone()).unwrap_err().to_string().contains("to_grey"));
    assert!(Photo::try_from(RgbImage::new(0, 5)).is_err());
    assert_eq!(RgbImage::try_from(photo)?.as_raw().as_ptr(), address, "nothing is copied");
    Ok(())
}

#[test]
fn options_settings_and_tables_are_written_and_read() -> Result<(), Box<dyn std::error::Error>> {
    fn same<T>(value: T)
    where
        T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        assert_eq!(from_str::<T>(&to_string(&value).unwrap()).unwrap(), value);
    }
    same(PaletteOptions::new().colors(16).locked(&[[1, 2, 3]]).psnr(30.0));
    same(palette::EncodeOptions::new());
    same(svd::EncodeOptions::new().rank(9));
    same(LaffOptions::new().bytes(999).profile(Profile::Visual));
    same(CompressoOptions::new().steps(Steps::new(8, 8, 1)?).connectivity(Connectivity::Six));
    same(ristretto::RistrettoOptions::new().restart(4));
    same(Limits::new().pixels(5));
    same("compresso steps=8,8,1 second=xz".parse::<Setting>()?);
    same("laff quality=10|20".parse::<Grid>()?);
    // What is left out is as in `new`; what is out of its range is refused where it is told, or where it is used.
    assert_eq!(from_value::<PaletteOptions>(json!({"colors": 16}))?, PaletteOptions::new().colors(16));
    assert_eq!(to_value("laff quality=75".parse::<Setting>()?)?, json!("laff quality=75"));
    let error = from_value::<Setting>(json!("laff quality=101")).unwrap_err();
    assert!(error.to_string().contains("laff quality must be 0 to 100, but is 101"), "{error}");
    assert!(from_value::<CompressoOptions>(json!({"steps": "9x9x9"})).is_err());
    assert!(from_value::<PaletteOptions>(json!({"colours": 16})).is_err(), "a name that is none");
    let volume = cortado::volume::TissueOptions::new([3, 20, 30]).generate()?;
    let options = from_value::<ristretto::RistrettoOptions>(json!({"restart": 0}))?;
    assert!(ristretto::decode(&ristretto::encode(&volume, &options)?)? == volume.into());

    let mut table = Table::new(["name", "PSNR (dB)", "bytes"]);
    table.push(["1.5".into(), f64::INFINITY.into(), 3.into()]);
    table.push(["b".into(), 2.0.into(), cortado::table::Cell::Missing]);
    assert_eq!(to_value(&table)?["rows"], json!([["1.5", {"number": "inf"}, 3], ["b", 2.0, null]]),);
    same(table);
    assert!(from_value::<Table>(json!({"columns": ["a"], "rows": [[1, 2]]})).is_err());
    Ok(())
}
