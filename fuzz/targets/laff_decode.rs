//! Any bytes as a laff stream, and as the text of one. Checksums are not checked here, so that damage gets through.
#![no_main]

use cortado::prelude::*;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::new().bytes(1 << 24).pixels(1 << 16);
    if let Ok(part) = laff::decode_prefix(bytes, &limits) {
        assert_eq!(laff::decode_with(bytes, &limits).is_ok(), part.is_complete());
        laff::thumbnail(bytes, &limits).expect("the thumbnail is whole where there is a photo");
    }
    if let Ok(stream) = std::str::from_utf8(bytes).map_err(drop).and_then(|text| laff::from_text(text).map_err(drop)) {
        assert_eq!(laff::from_text(&laff::to_text(&stream)).expect("it was written so"), stream);
    }
});
