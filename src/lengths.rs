//! Numbers of any size in streams: seven bits a byte, the lowest first; the upper bit says that more follow.

/// Writes a number.
pub(crate) fn put(mut length: usize, bytes: &mut Vec<u8>) {
    while length >= 128 {
        bytes.push(length as u8 | 128);
        length >>= 7;
    }
    bytes.push(length as u8);
}

/// Reads a number of at most `bits` bits, a multiple of seven, and moves on behind it; none when it is longer or the
/// bytes end.
pub(crate) fn read(bytes: &[u8], at: &mut usize, bits: u32) -> Option<u64> {
    let mut length = 0;
    for shift in (0..bits).step_by(7) {
        let &byte = bytes.get(*at)?;
        *at += 1;
        length |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(length);
        }
    }
    None
}
