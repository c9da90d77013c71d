//! Figures: well-formed, complete, and saved under the right names.

use cortado::plot::{Bars, Curve, Figure, Heatmap, Media, Slider, side_by_side, swatches};
use cortado::prelude::*;
use ndarray::array;

mod common;
use common::scratch;

/// Every element that opens also closes, in order; attributes are quoted.
fn assert_well_formed(markup: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("an element that ends");
        let tag = &rest[start + 1..end];
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "in {markup:.200}");
        } else if !tag.ends_with('/') && !["img", "input", "!doctype"].contains(&name) {
            open.push(name);
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "in <{tag:.100}>");
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "not closed: {open:?}");
}

fn photo() -> Photo {
    Photo::from_rgb(40, 90, (0..40 * 90 * 3).map(|i| (i * 7 % 251) as u8).collect()).unwrap()
}

#[test]
fn curves_show_series_labels_and_marks() {
    let curve = Curve::new("Rate & distortion")
        .x("bits per pixel")
        .y("PSNR (dB)")
        .log_x()
        .line("palette", [(0.5, 20.0), (1.0, 25.0), (2.0, f64::INFINITY)])
        .points("JPEG", [(0.4, 24.0), (0.0, 3.0)])
        .mark(1.0, "here");
    let svg = curve.svg();
    assert_well_formed(&svg);
    for text in ["Rate &amp; distortion", "bits per pixel", "PSNR (dB)", "palette", "JPEG", "here"] {
        assert!(svg.contains(text), "{text}");
    }
    // Three finite points, and one more in each entry of the legend.
    assert_eq!(svg.matches("<circle").count(), 3 + 2);
}

#[test]
fn figures_without_data_are_still_figures() {
    assert_well_formed(&Curve::new("").svg());
    assert_well_formed(&Curve::new("one").log_x().line("a", [(f64::NAN, 1.0)]).svg());
    assert_well_formed(&Bars::new("none").svg());
    assert_well_formed(&Bars::new("odd").bar("nan", f64::NAN).bar("less", -1.0).svg());
    assert_well_formed(&Heatmap::new("flat", array![[1.0]]).svg());
    assert_well_formed(&Heatmap::new("empty", ndarray::Array2::zeros((0, 3))).svg());
    assert_well_formed(&Slider::new("none").html());
}

#[test]
fn bars_show_every_name_and_value() {
    let svg = Bars::new("Storage").x("bytes").bar("naive", 819_840.0).bar("<PNG>", 0.5).svg();
    assert_well_formed(&svg);
    for text in ["naive", "819,840", "&lt;PNG&gt;", "0.5", "bytes"] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn heatmaps_hold_their_cells_as_a_picture() {
    let matrix = array![[0.0, 1.0, f64::NAN], [4.0, 3.0, 2.0]];
    let svg = Heatmap::new("Errors", matrix).value("levels").svg();
    assert_well_formed(&svg);
    let encoded = svg.split("base64,").nth(1).unwrap().split('"').next().unwrap();
    assert!(encoded.len() > 50);
    assert_eq!(svg.matches("<image").count(), 2, "the cells and the scale");
}

#[test]
fn swatches_show_every_colour() {
    for k in [1, 16, 17, 200] {
        let colors: Vec<[u8; 3]> = (0..k).map(|i| [i as u8, 3, 250]).collect();
        let svg = swatches(&Palette::from_colors(&colors).unwrap()).svg();
        assert_well_formed(&svg);
        assert!((0..k).all(|i| svg.contains(&format!("fill=\"#{i:02x}03fa\""))), "{k}");
    }
}

#[test]
fn pictures_stand_side_by_side() {
    let palette = Palette::from_colors(&[[0; 3], [255; 3]]).unwrap();
    let figure = side_by_side(&photo(), &palette.quantize(&photo())).captions("before <", "after");
    let svg = figure.svg();
    assert_well_formed(&svg);
    assert_eq!(svg.matches("data:image/png;base64,").count(), 2);
    assert!(svg.contains("before &lt;") && svg.contains("after"));
}

#[test]
fn sliders_hold_all_frames_and_start_at_the_first() {
    let small = Photo::from_grey(1, 2, vec![1, 2]).unwrap();
    let html = Slider::new("rank").frame("k = \"2\"", &small).frame("k = 4", &photo()).html();
    assert_well_formed(&html);
    assert_eq!(html.matches("<img").count(), 2);
    assert_eq!(html.matches("display:block").count(), 1);
    assert!(html.contains("max=\"1\"") && html.contains("k = &quot;2&quot;"));
    assert!(!html.contains("<script") && !html.contains("http"), "it needs nothing from outside");
}

#[test]
fn photos_show_as_the_picture_they_are() {
    let Media::Png(bytes) = photo().media() else { panic!("a photo is a PNG") };
    assert_eq!(Photo::decode(&bytes).unwrap(), photo());
    // Small ones are enlarged.
    let tiny = Photo::from_grey(1, 2, vec![0, 200]).unwrap();
    let Media::Png(bytes) = tiny.media() else { panic!("a photo is a PNG") };
    let shown = Photo::decode(&bytes).unwrap();
    assert_eq!((shown.width() as u32, shown.height() as u32), tiny.size());
    assert_eq!(shown.color_at(0, shown.width() - 1), Some([200; 3]));
}

#[test]
fn figures_are_saved_as_what_they_are() {
    let folder = scratch("plot");
    photo().save_figure(folder.join("photo.png")).unwrap();
    Curve::new("c").save_figure(folder.join("curve.svg")).unwrap();
    Slider::new("s").frame("f", &photo()).save_figure(folder.join("slider.html")).unwrap();
    let page = std::fs::read_to_string(folder.join("slider.html")).unwrap();
    assert!(page.starts_with("<!doctype html>"));
    let refused = Curve::new("c").save_figure(folder.join("curve.png")).unwrap_err().to_string();
    assert!(refused.starts_with("this figure is saved as .svg"), "{refused}");
}

#[test]
fn a_long_logarithmic_axis_goes_in_tens() {
    let curve = |last: f64| Curve::new("noise").log_x().line("a", [(0.001, 3.0), (last, 1.0)]).svg();
    let has = |svg: &str, tick: &str| svg.split('<').any(|part| part.ends_with(&format!("\n{tick}\n")));
    assert!(has(&curve(10.0), "0.01") && has(&curve(10.0), "0.1") && has(&curve(10.0), "1"));
    assert!(!has(&curve(0.008), "0.01") && has(&curve(0.008), "0.003906"));
}
