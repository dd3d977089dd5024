//! The operations on one 64-byte vector, for x86-64 with AVX-512BW. Compares give 64-bit masks here.
//!
//! **Unsafe**: instructions that not every CPU has must be asked for by name; an `Avx512` is only made where the CPU has
//! them. Loads read borrowed arrays of their size.
#![allow(unsafe_code, reason = "instructions beyond the baseline, each under an `Avx512` token")]

use std::arch::x86_64::*;

use super::avx2::opaque;
use super::simd::{Lanes, Planes, SORTED, SORTS, Simd, Table, Task};
use crate::isa::Avx512;

/// A table of 16 in all four quarters of a vector.
#[inline(always)]
fn table(_: Avx512, bytes: &[u8; 16]) -> __m512i {
    // SAFETY: the token proves the feature; 16 bytes are borrowed and 16 are read.
    unsafe { _mm512_broadcast_i32x4(_mm_loadu_si128(bytes.as_ptr().cast())) }
}

impl Simd for Avx512 {
    type Block = __m512i;

    #[inline(always)]
    fn run<T: Task>(self, task: T) -> T::Output {
        #[inline(never)]
        #[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
        fn enabled<T: Task>(simd: Avx512, task: T) -> T::Output {
            task.run(simd)
        }
        // SAFETY: an `Avx512` is proof of these features.
        unsafe { enabled(self, task) }
    }

    #[inline(always)]
    fn load(self, bytes: &[u8; 64]) -> __m512i {
        // SAFETY: the token proves the feature; 64 bytes are borrowed and 64 are read.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    fn planes(self, block: __m512i) -> Planes {
        let (sorted, sorts) = (table(self, &SORTED), table(self, &SORTS));
        // SAFETY: the token proves the feature.
        let sort = unsafe {
            let folded = _mm512_or_si512(block, _mm512_set1_epi8(0x20));
            // A byte above 0x7F finds 0 in a table of 16, and is not 0 itself.
            let hit = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(sorted, block), folded);
            _mm512_maskz_shuffle_epi8(hit, sorts, block)
        };
        Planes { p2: self.any(sort, 0x80), p1: self.any(sort, 0x40), p0: self.any(sort, 0x20) }
    }

    #[inline(always)]
    fn is_rare(self, block: __m512i) -> bool {
        // SAFETY: the token proves the feature.
        unsafe {
            let backslash = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(b'\\' as i8));
            // As signed numbers, those above 0x7F are below 0x20 too.
            let outside = _mm512_cmplt_epi8_mask(block, _mm512_set1_epi8(0x20));
            backslash | outside != 0
        }
    }

    #[inline(always)]
    fn lookup(self, block: __m512i, classes: &Table) -> __m512i {
        let (low, high) = (table(self, &classes.low), table(self, &classes.high));
        // SAFETY: the token proves the feature.
        unsafe {
            let nibble = _mm512_and_si512(_mm512_srli_epi16::<4>(block), _mm512_set1_epi8(0x0F));
            _mm512_and_si512(_mm512_shuffle_epi8(low, block), _mm512_shuffle_epi8(high, nibble))
        }
    }

    #[inline(always)]
    fn any(self, block: __m512i, bits: u8) -> u64 {
        // SAFETY: the token proves the feature.
        opaque(unsafe { _mm512_test_epi8_mask(block, _mm512_set1_epi8(bits as i8)) })
    }

    #[inline(always)]
    fn prefix_xor(self, mask: u64) -> u64 {
        self.avx2().prefix_xor(mask)
    }

    #[inline(always)]
    fn compresses(self) -> bool {
        self.avx2().compresses()
    }

    #[inline(always)]
    fn compress(self, planes: [u64; 3], mask: u64) -> [u64; 3] {
        self.avx2().compress(planes, mask)
    }

    #[inline(always)]
    fn gather(self, bytes: &[u8; 64], mask: u64, out: &mut [u8; 64]) -> u32 {
        self.avx2().gather(bytes, mask, out)
    }

    #[inline(always)]
    fn is_any(self, word: u32, lanes: &Lanes) -> bool {
        self.avx2().is_any(word, lanes)
    }
}
