//! Large buffers: pages for them, and stretches of one value in them.
//!
//! The first touch of memory costs the kernel's work for each page of it; in pages of 4 KiB that takes longer than decoding
//! a volume. Linux gives pages of 2 MiB to those who ask.
#![allow(unsafe_code, reason = "the one call that asks has no safe form")]

use std::ops::Range;

/// `len` zeros.
pub(crate) fn zeroed<T: bytemuck::Pod>(len: usize) -> Vec<T> {
    #[allow(unused_mut, reason = "other systems take no advice")]
    let mut zeros = vec![T::zeroed(); len];
    #[cfg(target_os = "linux")]
    advise(&mut zeros, libc::MADV_HUGEPAGE);
    zeros
}

/// `len` zeros whose pages are there already, for who fills them slowly: a virtual machine may give free pages back to its
/// host within seconds, and to get them again one by one takes longer than all at once.
pub(crate) fn zeroed_at_once<T: bytemuck::Pod>(len: usize) -> Vec<T> {
    #[allow(unused_mut, reason = "other systems take no advice")]
    let mut zeros = zeroed(len);
    #[cfg(target_os = "linux")]
    advise(&mut zeros, libc::MADV_POPULATE_WRITE);
    zeros
}

/// Tells the kernel how a large buffer will be used; the bytes stay as they are, and where the kernel does not know the advice
/// nothing happens.
#[cfg(target_os = "linux")]
fn advise<T: bytemuck::Pod>(buffer: &mut [T], advice: libc::c_int) {
    const LARGE: usize = 2 << 20;
    if size_of_val(buffer) >= 2 * LARGE {
        let range = buffer.as_mut_ptr_range();
        let start = range.start.addr().next_multiple_of(LARGE);
        let end = range.end.addr() / LARGE * LARGE;
        // SAFETY: the range lies within the buffer and begins at a multiple of the page size, and both kinds of advice
        // change how memory is backed but never what it holds. An error leaves everything as it was.
        unsafe {
            libc::madvise(range.start.with_addr(start).cast(), end - start, advice);
        }
    }
}

/// Fills a stretch with a label, and where that is quicker some of what follows it, which is yet to be written.
#[inline]
pub(crate) fn fill_stretch<T: Copy>(row: &mut [T], stretch: Range<usize>, label: T) {
    const BLOCK: usize = 16;
    let mut at = stretch.start;
    while at < stretch.end {
        match row.get_mut(at..at + BLOCK) {
            Some(block) => block.fill(label),
            None => return row[at..stretch.end].fill(label),
        }
        at += BLOCK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_of_all_sizes() {
        for len in [0, 1, 1 << 10, (1 << 21) - 1, (1 << 21) + 1, 5 << 20] {
            for zeros in [zeroed::<u16>(len), zeroed_at_once(len)] {
                assert_eq!(zeros.len(), len);
                assert!(zeros.iter().all(|&zero| zero == 0));
            }
        }
    }
}
