//! One source, two compilations: for every processor, and for those with AVX2; and which instructions the processor
//! has.
//!
//! Users build for baseline x86-64, which has vectors of four numbers and no instruction that counts bits. A function
//! made by [`vectorised!`] is compiled a second time for newer processors, and picks when it is called. Both give the
//! same bits: the compiler may not fuse or reorder floating-point operations.
#![allow(unsafe_code, reason = "a function compiled for AVX2 may only be called where the processor has it")]

/// Defines functions without generic parameters that are compiled for AVX2 too.
macro_rules! vectorised {
    ($($(#[$attribute:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        $(#[$attribute])*
        $visibility fn $name($($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn portable($($argument: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
                fn wide($($argument: $type),*) $(-> $result)? {
                    portable($($argument),*)
                }
                if $crate::simd::has_avx2() {
                    // SAFETY: the processor has what `wide` is compiled for.
                    #[allow(unsafe_code, reason = "checked in the line above")]
                    return unsafe { wide($($argument),*) };
                }
            }
            portable($($argument),*)
        }
    )*};
}
pub(crate) use vectorised;

/// Whether the processor has AVX2 and the instructions that came with it.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn has_avx2() -> bool {
    #[cfg(test)]
    if tests::PORTABLE.get() {
        return false;
    }
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

/// Whether the processor multiplies and adds in one instruction, on vectors of 256 bits.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_fma() -> bool {
    has_avx2() && is_x86_feature_detected!("fma")
}

/// Whether the processor has vectors of 512 bits.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_avx512() -> bool {
    has_fma() && is_x86_feature_detected!("avx512f")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    thread_local! {
        /// Whether this thread leaves the wide functions aside.
        pub static PORTABLE: Cell<bool> = const { Cell::new(false) };
    }

    /// What a function gives on any processor.
    pub(crate) fn portable<T>(call: impl FnOnce() -> T) -> T {
        PORTABLE.set(true);
        let result = call();
        PORTABLE.set(false);
        result
    }
}
