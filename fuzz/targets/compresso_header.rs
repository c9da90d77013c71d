//! Any bytes: the header, the sections and the labels, which need no decoding.
#![no_main]

use cortado::compresso::{Header, Stream};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let header = Header::parse(bytes);
    let Ok(stream) = Stream::parse(bytes) else { return };
    assert_eq!(header.expect("a stream has a header"), *stream.header());
    let mut end = 0;
    for section in stream.sections() {
        assert_eq!(section.bytes.start, end, "sections follow one another");
        end = section.bytes.end;
    }
    assert_eq!(end, bytes.len(), "sections are the whole stream");
    assert_eq!(stream.ids().count() as u64, stream.header().ids);
    assert_eq!(stream.locations().count() as u64, stream.header().locations);
    if let Ok(labels) = stream.labels() {
        assert!(labels.is_sorted());
    }
});
