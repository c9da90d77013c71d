//! Every codec of the catalogue: whatever the bytes, its files are read or refused, and what it writes it reads.
#![no_main]

use cortado::catalogue;
use cortado::codec::{Data, Reading, Takes};
use cortado::{Limits, Photo, Setting, Volume};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let codecs = catalogue::codecs();
    let codec = codecs[usize::from(choice) % codecs.len()].clone();
    let takes = codec.info().takes;
    let setting = Setting::of(codec, []).expect("its defaults");
    let limits = Limits::new().pixels(1 << 16).voxels(1 << 16).bytes(8 << 20);
    let photo: Data = Photo::from_grey(1, 1, vec![0]).expect("a photo").into();
    let like = if takes == Takes::Volumes {
        Volume::<u32>::from_vec([1, 1, 1], vec![0]).expect("a volume").into()
    } else {
        photo
    };
    let _ = setting.describe(bytes, &limits);
    let _ = setting.decode(bytes, &Reading::new(limits).like(&like));
    if let Some(found) = catalogue::of_bytes(bytes) {
        let _ = found.decode(bytes, &Reading::new(limits));
    }

    // A small photo or volume of the bytes.
    let [width, rest @ ..] = bytes else { return };
    let width = usize::from(*width % 24) + 1;
    let height = (rest.len() / width).min(24);
    if height == 0 {
        return;
    }
    let samples = rest[..height * width].to_vec();
    let data: Data = match takes {
        Takes::Volumes => Volume::<u8>::from_vec([1, height, width], samples).expect("a volume").into(),
        Takes::Photos | Takes::Both => Photo::from_grey(height, width, samples).expect("a photo").into(),
    };
    let file = setting.encode(&data).expect("an encoder takes all photos or volumes");
    let decoded = setting.decode(&file, &Reading::default().like(&data)).expect("what was written");
    assert_eq!(decoded.elements(), data.elements());
    assert!(decoded == data || takes != Takes::Volumes);
});
