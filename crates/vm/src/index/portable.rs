//! The operations in plain 64-bit arithmetic. The reference for the others.

use super::simd::{Lanes, Planes, SORTED, SORTS, Simd, Table, Task, is_any_by_lane};
use crate::isa::Portable;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// What [`Planes`] says of each byte, as in [`SORTS`].
static SORT: [u8; 256] = {
    let mut sort = [0; 256];
    let mut nibble = 0;
    while nibble < 16 {
        if SORTS[nibble] != 0 {
            let byte = SORTED[nibble];
            sort[byte as usize] = SORTS[nibble];
            if byte == b'{' || byte == b'}' {
                sort[(byte ^ 0x20) as usize] = SORTS[nibble];
            }
        }
        nibble += 1;
    }
    sort
};

/// One bit for each byte of `words`: where `flag` gives the top bit.
#[inline(always)]
fn gather(block: &[u8; 64], flag: impl Fn(u64) -> u64) -> u64 {
    let (words, _) = block.as_chunks::<8>();
    let mut mask = 0;
    for (place, word) in words.iter().enumerate() {
        let flags = (flag(u64::from_le_bytes(*word)) & HIGH) >> 7;
        // Byte `i` has its flag at bit `8 i`; the product has it at bit `56 + i`, and nothing carries into those.
        mask |= (flags.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * place);
    }
    mask
}

impl Simd for Portable {
    type Block = [u8; 64];

    #[inline(never)]
    fn run<T: Task>(self, task: T) -> T::Output {
        task.run(self)
    }

    #[inline(always)]
    fn load(self, bytes: &[u8; 64]) -> [u8; 64] {
        *bytes
    }

    #[inline(always)]
    fn planes(self, block: [u8; 64]) -> Planes {
        let sorts = block.map(|byte| SORT[byte as usize]);
        Planes {
            p2: gather(&sorts, |word| word),
            p1: gather(&sorts, |word| word << 1),
            p0: gather(&sorts, |word| word << 2),
        }
    }

    #[inline(always)]
    fn is_rare(self, block: [u8; 64]) -> bool {
        let (words, _) = block.as_chunks::<8>();
        words.iter().fold(0, |rare, word| {
            let word = u64::from_le_bytes(*word);
            let backslash = word ^ (ONES * u64::from(b'\\'));
            // A borrow may mark a byte too many, but only above one that is marked rightly.
            rare | word | (backslash.wrapping_sub(ONES) & !backslash) | word.wrapping_sub(ONES * 0x20)
        }) & HIGH
            != 0
    }

    #[inline(always)]
    fn lookup(self, block: [u8; 64], table: &Table) -> [u8; 64] {
        block.map(|byte| table.low[byte as usize % 16] & table.high[byte as usize / 16])
    }

    #[inline(always)]
    fn any(self, block: [u8; 64], bits: u8) -> u64 {
        gather(&block, |word| {
            let bits = word & (ONES * u64::from(bits));
            ((bits & !HIGH) + !HIGH) | bits
        })
    }

    #[inline(always)]
    fn prefix_xor(self, mask: u64) -> u64 {
        ladder(mask)
    }

    #[inline(always)]
    fn is_any(self, word: u32, lanes: &Lanes) -> bool {
        is_any_by_lane(word, lanes)
    }
}

/// [`Simd::prefix_xor`] in six steps.
#[inline(always)]
pub(super) fn ladder(mask: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].into_iter().fold(mask, |mask, step| mask ^ (mask << step))
}
