//! What holds for all codecs of the catalogue, and how they are found.

#[path = "common/codecs.rs"]
mod codecs;

use cortado::catalogue;
use cortado::codec::{Codec, Decoded, Form, Given, Info, Reading, Takes, Values};
use cortado::{Result, Setting};
use std::collections::HashSet;

#[test]
fn files_hold_what_was_put_in() {
    catalogue::codecs().iter().for_each(codecs::round_trips);
}

#[test]
fn damaged_files_are_met() {
    catalogue::codecs().iter().for_each(codecs::damage_is_met);
}

#[test]
fn parameters_out_of_their_range_are_refused_when_they_are_parsed() {
    catalogue::codecs().iter().for_each(codecs::ranges_hold);
    for (text, error) in [
        ("laff quality=101", "laff quality must be 0 to 100, but is 101"),
        ("laff quality=50 psnr=30", "laff takes one of quality, psnr, max_bytes, and is given quality and psnr"),
        ("palette effort=best format=gif", "palette: effort=best is for format=png"),
        ("palette dither=bayer spatial=9", "dithering makes noise and spatial takes it away: ask for one of them"),
        ("compresso steps=9,9,9", "the product of the steps must be from 1 to 64, but is 9 x 9 x 9"),
        ("compresso level=3", "compresso: level is for a second stage, and none is named: second=xz and the like"),
        ("compresso second=bzip2 level=0", "compresso level must be 1 to 9 for bzip2, but is 0"),
        ("femto thinning=1,0", "thinning must be 0, or at least 2, but is 1"),
    ] {
        assert_eq!(text.parse::<Setting>().unwrap_err().to_string(), error);
    }
}

#[test]
fn names_and_extensions_are_one_codec_s() {
    let (mut names, mut extensions) = (HashSet::new(), HashSet::new());
    for codec in catalogue::codecs() {
        let info = codec.info();
        assert!(names.insert(info.name), "two codecs are called {}", info.name);
        for form in info.forms {
            // The palette writes PNG files, too, and comes first.
            assert!(extensions.insert(form.extension) || info.name == "png", "two codecs write .{}", form.extension);
        }
    }
}

#[test]
fn files_are_told_by_their_names() {
    let told = |name: &str| catalogue::of_path(name).map(|setting| setting.to_string());
    for (name, setting) in [
        ("a/b.PNG", "palette"),
        ("b.gif", "palette format=gif"),
        ("b.laff", "laff"),
        ("b.laff.txt", "laff text=true"),
        ("laff.txt", "laff text=true"),
        ("b.json", "femto second=none"),
        ("b.JSON.gz", "femto second=gzip"),
        ("b.npy.cpso", "compresso second=none"),
        ("cpso", "compresso second=none"),
        ("b.cpso.lzma", "compresso second=lzma"),
        ("b.npy.Ristretto", "ristretto second=none"),
        ("b.ristretto.xz", "ristretto second=xz"),
        ("b.jpeg", "jpeg"),
    ] {
        assert_eq!(told(name).as_deref(), Some(setting), "{name}");
        assert!(setting.parse::<Setting>().is_ok(), "{setting}");
    }
    for name in ["b.xz", "b.npy", "b.txt", "b", "", "apng", "b.svdq.xz"] {
        assert_eq!(told(name), None, "{name}");
    }
    for extension in
        ["png", "gif", "laff", "laff.txt", "json", "json.gz", "cpso", "cpso.br", "ristretto", "cseg", "svdq"]
    {
        assert_eq!(catalogue::of_path(extension).unwrap().extension(), extension);
    }
}

#[test]
fn files_are_told_by_their_first_bytes() {
    use cortado::second_stage::SecondStage::{Bzip2, Gzip};
    let told = |bytes: &[u8]| catalogue::of_bytes(bytes).map(|setting| setting.to_string());
    let inside = |bytes: &[u8]| told(&Bzip2.encode(bytes, None).unwrap());
    assert_eq!(told(b"rstt").as_deref(), Some("ristretto second=none"));
    assert_eq!(inside(b"rstt").as_deref(), Some("ristretto second=bzip2"));
    assert_eq!(told(b"{\"a\"").as_deref(), Some("femto second=none"));
    assert_eq!(inside(b"cpso and more").as_deref(), Some("compresso second=bzip2"));
    assert_eq!(told(&Gzip.encode(b"{}", None).unwrap()).as_deref(), Some("femto second=gzip"));
    assert_eq!((inside(b"\x93NUMPY"), inside(b""), told(b""), inside(b"svdq")), (None, None, None, None));
}

struct Other(&'static str, Option<&'static str>);

impl Codec for Other {
    fn info(&self) -> Info {
        let info = Info::new(self.0, "nothing", Takes::Photos);
        self.1.map_or(info.clone(), |extension| info.form(Form::new(extension)))
    }

    fn encode(&self, _: &Given, _: &Values) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn decode(&self, _: &[u8], _: &Values, _: &Reading) -> Result<Decoded> {
        unreachable!("nothing is decoded")
    }
}

#[test]
fn a_codec_that_cannot_be_told_from_others_is_refused() {
    let refused = |codec: Other| catalogue::register(codec).unwrap_err().to_string();
    assert_eq!(refused(Other("laff", Some("x"))), "the codec laff: there is one of this name");
    assert_eq!(refused(Other("formless", None)), "the codec formless: its files have no extension");
}
