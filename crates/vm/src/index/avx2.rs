//! The operations on two 32-byte vectors, for x86-64 with AVX2, BMI2 and PCLMULQDQ.
//!
//! **Unsafe**: instructions that not every CPU has must be asked for by name; an `Avx2` is only made where the CPU has
//! them. Loads read borrowed arrays of their size.
#![allow(unsafe_code, reason = "instructions beyond the baseline, each under an `Avx2` token")]

use std::arch::x86_64::*;

use super::simd::{Lanes, Planes, SORTED, SORTS, Simd, TOGETHER, Table, Task};
use crate::isa::Avx2;

/// Makes the compiler forget where a mask came from.
///
/// PERF: LLVM sees a mask as 32 lanes of one bit. If it flows through a join of branches, it is taken apart and put
/// together again lane by lane, and neighbouring masks are packed into vectors; stage 1 becomes four times slower.
#[inline(always)]
pub(super) fn opaque(mask: u64) -> u64 {
    #[cfg(not(miri))]
    {
        let mut mask = mask;
        // SAFETY: no instruction at all, only a comment with the name of a register.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) mask, options(pure, nomem, nostack, preserves_flags));
        }
        mask
    }
    #[cfg(miri)]
    mask
}

/// The top bit of each byte.
#[inline(always)]
fn top_bits(_: Avx2, [low, high]: [__m256i; 2]) -> u64 {
    // SAFETY: the token proves the feature.
    let (low, high) = unsafe { (_mm256_movemask_epi8(low), _mm256_movemask_epi8(high)) };
    opaque(u64::from(low as u32) | u64::from(high as u32) << 32)
}

/// A table of 16 in both halves of a vector.
#[inline(always)]
fn table(_: Avx2, bytes: &[u8; 16]) -> __m256i {
    // SAFETY: the token proves the feature; 16 bytes are borrowed and 16 are read.
    unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().cast())) }
}

/// The same for both vectors of a block. Stands only where an `Avx2` is at hand.
// PERF: not `array::map`. A closure has no features, and by the time it is inlined into a function that has them, the
// instructions in it are calls.
macro_rules! each {
    ($bytes:ident in $block:expr => $do:expr) => {{
        let [low, high] = $block;
        // SAFETY: the token proves the feature.
        unsafe {
            let low = {
                let $bytes = low;
                $do
            };
            let $bytes = high;
            [low, $do]
        }
    }};
}

impl Simd for Avx2 {
    type Block = [__m256i; 2];

    #[inline(always)]
    fn run<T: Task>(self, task: T) -> T::Output {
        #[inline(never)]
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
        fn enabled<T: Task>(simd: Avx2, task: T) -> T::Output {
            task.run(simd)
        }
        // SAFETY: an `Avx2` is proof of these features.
        unsafe { enabled(self, task) }
    }

    #[inline(always)]
    fn load(self, bytes: &[u8; 64]) -> Self::Block {
        // SAFETY: the token proves the feature; 64 bytes are borrowed and 64 are read.
        unsafe { [_mm256_loadu_si256(bytes.as_ptr().cast()), _mm256_loadu_si256(bytes.as_ptr().add(32).cast())] }
    }

    #[inline(always)]
    fn planes(self, block: Self::Block) -> Planes {
        let (sorted, sorts) = (table(self, &SORTED), table(self, &SORTS));
        let sort = each!(bytes in block => {
            let folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
            // A byte above 0x7F finds 0 in a table of 16, and is not 0 itself.
            let hit = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(sorted, bytes), folded);
            _mm256_and_si256(_mm256_shuffle_epi8(sorts, bytes), hit)
        });
        Planes { p2: self.any(sort, 0x80), p1: self.any(sort, 0x40), p0: self.any(sort, 0x20) }
    }

    #[inline(always)]
    fn is_rare(self, [low, high]: Self::Block) -> bool {
        // SAFETY: the token proves the feature.
        unsafe {
            let backslash = _mm256_set1_epi8(b'\\' as i8);
            let backslash = _mm256_or_si256(_mm256_cmpeq_epi8(low, backslash), _mm256_cmpeq_epi8(high, backslash));
            // As signed numbers, those above 0x7F are below 0x20 too.
            let outside = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), _mm256_min_epi8(low, high));
            _mm256_movemask_epi8(_mm256_or_si256(backslash, outside)) != 0
        }
    }

    #[inline(always)]
    fn lookup(self, block: Self::Block, classes: &Table) -> Self::Block {
        let (low, high) = (table(self, &classes.low), table(self, &classes.high));
        each!(bytes in block => {
            let nibble = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0x0F));
            _mm256_and_si256(_mm256_shuffle_epi8(low, bytes), _mm256_shuffle_epi8(high, nibble))
        })
    }

    #[inline(always)]
    fn any(self, block: Self::Block, bits: u8) -> u64 {
        let shifted = each!(bytes in block => {
            match bits {
                0x80 => bytes,
                0x40 => _mm256_add_epi8(bytes, bytes),
                0x20 => _mm256_slli_epi16::<2>(bytes),
                0x10 => _mm256_slli_epi16::<3>(bytes),
                0x08 => _mm256_slli_epi16::<4>(bytes),
                0x04 => _mm256_slli_epi16::<5>(bytes),
                0x02 => _mm256_slli_epi16::<6>(bytes),
                0x01 => _mm256_slli_epi16::<7>(bytes),
                _ => {
                    let bits = _mm256_and_si256(bytes, _mm256_set1_epi8(bits as i8));
                    let none = _mm256_cmpeq_epi8(bits, _mm256_setzero_si256());
                    _mm256_andnot_si256(none, _mm256_set1_epi8(-1))
                }
            }
        });
        top_bits(self, shifted)
    }

    #[inline(always)]
    fn prefix_xor(self, mask: u64) -> u64 {
        // SAFETY: the token proves the feature.
        unsafe {
            // A product without carries by all ones: each bit is added to itself and all above.
            let product = _mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, mask as i64), _mm_set1_epi8(-1));
            _mm_cvtsi128_si64(product) as u64
        }
    }

    #[inline(always)]
    fn compresses(self) -> bool {
        self.has_fast_pext()
    }

    #[inline(always)]
    fn compress(self, planes: [u64; 3], mask: u64) -> [u64; 3] {
        let [a, b, c] = planes;
        // SAFETY: the token proves the feature.
        unsafe { [_pext_u64(a, mask), _pext_u64(b, mask), _pext_u64(c, mask)] }
    }

    #[inline(always)]
    fn gather(self, bytes: &[u8; 64], mask: u64, out: &mut [u8; 64]) -> u32 {
        let mut len = 0;
        for (group, mask) in mask.to_le_bytes().into_iter().enumerate() {
            // SAFETY: the token proves the feature. Eight bytes are read of the 64, of eight groups, and of an entry, which
            // has eight; and eight are written at `len`, which is at most eight for each group before, so at most 56.
            unsafe {
                let eight = _mm_loadl_epi64(bytes.as_ptr().add(8 * group).cast());
                let order = _mm_loadl_epi64(TOGETHER[usize::from(mask)].as_ptr().cast());
                _mm_storel_epi64(out.as_mut_ptr().add(len).cast(), _mm_shuffle_epi8(eight, order));
            }
            len += mask.count_ones() as usize;
        }
        len as u32
    }

    #[inline(always)]
    fn is_any(self, word: u32, lanes: &Lanes) -> bool {
        // SAFETY: the token proves the feature; 32 bytes are borrowed and 32 are read, twice.
        unsafe {
            let masks = _mm256_loadu_si256(lanes.masks.as_ptr().cast());
            let words = _mm256_loadu_si256(lanes.words.as_ptr().cast());
            let equal = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(word as i32), masks), words);
            _mm256_movemask_epi8(equal) != 0
        }
    }
}
