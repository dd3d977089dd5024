//! The operations on four 16-byte vectors, for AArch64.
//!
//! **Unsafe**: instructions must be asked for by name; a `Neon` is only made where the CPU has them. Loads read borrowed
//! arrays of their size.
#![allow(unsafe_code, reason = "vector instructions, each under a `Neon` token")]

use std::arch::aarch64::*;

use super::portable::ladder;
use super::simd::{Lanes, Planes, SORTED, SORTS, Simd, TOGETHER, Table, Task, is_any_by_lane};
use crate::isa::Neon;

/// One bit for each byte of four vectors whose bytes are all ones or all zeros.
#[inline(always)]
fn gather(_: Neon, [a, b, c, d]: [uint8x16_t; 4]) -> u64 {
    const WEIGHTS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    // SAFETY: the token proves the feature; 16 bytes are borrowed and 16 are read.
    unsafe {
        let weights = vld1q_u8(WEIGHTS.as_ptr());
        // There is no movemask. Each sum of neighbours halves the vectors, and eight bytes of weights make one.
        let ab = vpaddq_u8(vandq_u8(a, weights), vandq_u8(b, weights));
        let cd = vpaddq_u8(vandq_u8(c, weights), vandq_u8(d, weights));
        let abcd = vpaddq_u8(ab, cd);
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(abcd, abcd)))
    }
}

/// A table of 16 as a vector.
#[inline(always)]
fn table(_: Neon, bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: the token proves the feature; 16 bytes are borrowed and 16 are read.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// The same for all vectors of a block. Stands only where a `Neon` is at hand.
// PERF: not `array::map`. See `avx2`.
macro_rules! each {
    ($bytes:ident in $block:expr => $do:expr) => {{
        let mut block = $block;
        let mut place = 0;
        while place < 4 {
            let $bytes = block[place];
            // SAFETY: the token proves the feature.
            block[place] = unsafe { $do };
            place += 1;
        }
        block
    }};
}

impl Simd for Neon {
    type Block = [uint8x16_t; 4];

    #[inline(always)]
    fn run<T: Task>(self, task: T) -> T::Output {
        #[inline(never)]
        #[target_feature(enable = "neon")]
        fn enabled<T: Task>(simd: Neon, task: T) -> T::Output {
            task.run(simd)
        }
        // SAFETY: a `Neon` is proof of these features.
        unsafe { enabled(self, task) }
    }

    #[inline(always)]
    fn load(self, bytes: &[u8; 64]) -> Self::Block {
        // SAFETY: the token proves the feature; 64 bytes are borrowed and 64 are read.
        unsafe {
            let start = bytes.as_ptr();
            [vld1q_u8(start), vld1q_u8(start.add(16)), vld1q_u8(start.add(32)), vld1q_u8(start.add(48))]
        }
    }

    #[inline(always)]
    fn planes(self, block: Self::Block) -> Planes {
        let (sorted, sorts) = (table(self, &SORTED), table(self, &SORTS));
        let sort = each!(bytes in block => {
            let nibble = vandq_u8(bytes, vdupq_n_u8(0x0F));
            let hit = vceqq_u8(vqtbl1q_u8(sorted, nibble), vorrq_u8(bytes, vdupq_n_u8(0x20)));
            vandq_u8(vqtbl1q_u8(sorts, nibble), hit)
        });
        Planes { p2: self.any(sort, 0x80), p1: self.any(sort, 0x40), p0: self.any(sort, 0x20) }
    }

    #[inline(always)]
    fn is_rare(self, block: Self::Block) -> bool {
        let [a, b, c, d] = each!(bytes in block => {
            // As signed numbers, those above 0x7F are below 0x20 too.
            let outside = vcltq_s8(vreinterpretq_s8_u8(bytes), vdupq_n_s8(0x20));
            vorrq_u8(outside, vceqq_u8(bytes, vdupq_n_u8(b'\\')))
        });
        // SAFETY: the token proves the feature.
        unsafe { vmaxvq_u8(vorrq_u8(vorrq_u8(a, b), vorrq_u8(c, d))) != 0 }
    }

    #[inline(always)]
    fn lookup(self, block: Self::Block, classes: &Table) -> Self::Block {
        let (low, high) = (table(self, &classes.low), table(self, &classes.high));
        each!(bytes in block => {
            let low = vqtbl1q_u8(low, vandq_u8(bytes, vdupq_n_u8(0x0F)));
            vandq_u8(low, vqtbl1q_u8(high, vshrq_n_u8::<4>(bytes)))
        })
    }

    #[inline(always)]
    fn any(self, block: Self::Block, bits: u8) -> u64 {
        gather(self, each!(bytes in block => vtstq_u8(bytes, vdupq_n_u8(bits))))
    }

    #[inline(always)]
    fn prefix_xor(self, mask: u64) -> u64 {
        ladder(mask)
    }

    #[inline(always)]
    fn gather(self, bytes: &[u8; 64], mask: u64, out: &mut [u8; 64]) -> u32 {
        let mut len = 0;
        for (group, mask) in mask.to_le_bytes().into_iter().enumerate() {
            // SAFETY: the token proves the feature. Eight bytes are read of the 64, of eight groups, and of an entry, which
            // has eight; and eight are written at `len`, which is at most eight for each group before, so at most 56.
            unsafe {
                let eight = vld1_u8(bytes.as_ptr().add(8 * group));
                let order = vld1_u8(TOGETHER[usize::from(mask)].as_ptr());
                vst1_u8(out.as_mut_ptr().add(len), vtbl1_u8(eight, order));
            }
            len += mask.count_ones() as usize;
        }
        len as u32
    }

    #[inline(always)]
    fn is_any(self, word: u32, lanes: &Lanes) -> bool {
        is_any_by_lane(word, lanes)
    }
}
