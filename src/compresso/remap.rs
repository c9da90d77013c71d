//! New labels for a stream's objects, without decoding it.

use super::header::HEADER_BYTES;
use super::locations::{ESCAPE, OFFSET};
use super::stream::Stream;
use crate::error::Result;
use crate::limits::Limits;

/// Bytes that the index of a slice takes here.
const SLICE_BYTES: u64 = 40;

pub(super) fn remap(stream: &Stream, mut map: impl FnMut(u64) -> Option<u64>, limits: &Limits) -> Result<Vec<u8>> {
    let mut header = *stream.header();
    let label_type = header.label_type;
    // Every entry may become two.
    let most = stream.bytes().len() as u64 + header.locations * label_type.bytes() as u64;
    limits.check_bytes(most + header.shape[0] as u64 * SLICE_BYTES)?;
    let mut renamed = |label| label_type.renamed(label, &mut map);
    let mut bytes = stream.bytes()[..HEADER_BYTES].to_vec();
    for id in stream.ids() {
        label_type.put_le(renamed(id)?, &mut bytes);
    }
    let (_, values_end) = stream.locations_bytes();
    bytes.extend_from_slice(&stream.bytes()[HEADER_BYTES + stream.ids_bytes().len()..values_end]);

    // A label that has become one of the largest takes two entries, so what the index counts is counted anew.
    let old = stream.index()?;
    let starts = old.iter().flatten().map(|slice| slice.locations.start);
    let mut starts = starts.peekable();
    let mut new_starts = Vec::new();
    let mut entries = stream.locations();
    let (mut read, mut written) = (0, 0);
    loop {
        while starts.next_if(|&start| start <= read).is_some() {
            new_starts.push(written);
        }
        let Some(entry) = entries.next() else { break };
        read += 1;
        written += 1;
        if entry == ESCAPE {
            let Some(label) = entries.next() else { return Err(stream.no_label_after_escape()) };
            read += 1;
            written += 1;
            label_type.put_le(ESCAPE, &mut bytes);
            label_type.put_le(renamed(label)?, &mut bytes);
        } else if entry < OFFSET {
            label_type.put_le(entry, &mut bytes);
        } else {
            let label = renamed(entry - OFFSET)?;
            if label > label_type.max() - OFFSET {
                label_type.put_le(ESCAPE, &mut bytes);
                label_type.put_le(label, &mut bytes);
                written += 1;
            } else {
                label_type.put_le(label + OFFSET, &mut bytes);
            }
        }
    }
    header.locations = written;
    bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());

    bytes.extend_from_slice(stream.windows_bytes().0);
    if let (Some(old), Some(index_type)) = (old, header.index_type()) {
        for slice in &old {
            index_type.put_le(slice.ids.len() as u64, &mut bytes);
        }
        let mut before = 0;
        for start in new_starts {
            index_type.put_le(start - before, &mut bytes);
            before = start;
        }
    }
    Ok(bytes)
}
