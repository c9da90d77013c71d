//! Large buffers: pages for them, what becomes of those that there is no memory for, and stretches of one value in
//! them.
//!
//! The first touch of memory costs the kernel's work for each page of it; in pages of 4 KiB that takes longer than
//! decoding a volume. Linux gives pages of 2 MiB to those who ask.
#![allow(unsafe_code, reason = "the one call that asks has no safe form")]

use crate::error::{Error, Result};
use std::cell::Cell;
use std::ops::Range;

thread_local! {
    /// Whether this thread is in [`ask`].
    static ASKS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is asking for memory that it can do without, and returns an [`Error::OutOfMemory`] when there is
/// none.
///
/// For a global allocator that ends the program with a word of its own where there is no memory, instead of returning
/// null to those who are not prepared for it. It allocates nothing.
pub fn memory_may_be_refused() -> bool {
    ASKS.try_with(Cell::get).unwrap_or(false)
}

/// Runs a request for memory that tells when there is none.
fn ask<T>(request: impl FnOnce() -> T) -> T {
    let before = ASKS.replace(true);
    let answer = request();
    ASKS.set(before);
    answer
}

/// Room for exactly so many values more, or an error where the system has no memory for them all.
pub(crate) fn try_reserve_exact<T>(values: &mut Vec<T>, more: usize) -> Result<()> {
    let bytes = (values.len() as u64).saturating_add(more as u64).saturating_mul(size_of::<T>() as u64);
    ask(|| values.try_reserve_exact(more)).map_err(|_| Error::OutOfMemory { bytes })
}

/// `len` zeros, which are few enough to be there.
pub(crate) fn zeroed<T: bytemuck::Pod>(len: usize) -> Vec<T> {
    #[allow(unused_mut, reason = "other systems take no advice")]
    let mut zeros = vec![T::zeroed(); len];
    #[cfg(target_os = "linux")]
    advise(&mut zeros, libc::MADV_HUGEPAGE);
    zeros
}

/// `len` zeros, or an error where the system has no memory for them: for sizes that a file asks for.
pub(crate) fn try_zeroed<T: bytemuck::Pod>(len: usize) -> Result<Vec<T>> {
    let bytes = (len as u64).saturating_mul(size_of::<T>() as u64);
    #[allow(unused_mut, reason = "other systems take no advice")]
    let mut zeros = ask(|| bytemuck::allocation::try_zeroed_vec(len)).map_err(|()| Error::OutOfMemory { bytes })?;
    #[cfg(target_os = "linux")]
    advise(&mut zeros, libc::MADV_HUGEPAGE);
    Ok(zeros)
}

/// As [`try_zeroed`], with pages that are there already, for who fills them slowly: a virtual machine may give free
/// pages back to its host within seconds, and to get them again one by one takes longer than all at once.
pub(crate) fn try_zeroed_at_once<T: bytemuck::Pod>(len: usize) -> Result<Vec<T>> {
    #[allow(unused_mut, reason = "other systems take no advice")]
    let mut zeros = try_zeroed(len)?;
    #[cfg(target_os = "linux")]
    advise(&mut zeros, libc::MADV_POPULATE_WRITE);
    Ok(zeros)
}

/// Tells the kernel how a large buffer will be used; the bytes stay as they are, and where the kernel does not know the
/// advice nothing happens.
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
            for zeros in [zeroed::<u16>(len), try_zeroed(len).unwrap(), try_zeroed_at_once(len).unwrap()] {
                assert_eq!(zeros.len(), len);
                assert!(zeros.iter().all(|&zero| zero == 0));
            }
        }
        assert!(matches!(try_zeroed::<u64>(usize::MAX / 16), Err(Error::OutOfMemory { .. })));
        let mut values = vec![1u16, 2];
        let refused = try_reserve_exact(&mut values, usize::MAX / 8).unwrap_err();
        assert!(matches!(refused, Error::OutOfMemory { bytes } if bytes == (usize::MAX / 8 + 2) as u64 * 2));
        assert!(try_reserve_exact(&mut values, 5).is_ok() && values.capacity() >= 7);
        assert!(!memory_may_be_refused() && ask(|| ask(memory_may_be_refused) && memory_may_be_refused()));
    }
}
