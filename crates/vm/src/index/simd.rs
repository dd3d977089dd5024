//! What the scan asks of a CPU: a handful of operations on 64 bytes at a time, each with a 64-bit mask for a result.
//!
//! Bit `i` of a mask speaks of byte `i` of the block. An implementor is a token of `isa`, so that having `self` is the
//! proof that the instructions exist.
//!
//! An instruction is only inlined into a function that has its feature enabled, and the one such function of each
//! instruction set is [`Simd::run`]. So everything between that and an instruction is `#[inline(always)]`, and there
//! are no closures in between, which cannot be.

/// The operations on a block of 64 bytes.
pub(crate) trait Simd: Copy {
    /// 64 bytes.
    type Block: Copy;

    /// Runs a task where these instructions may be used. It is a call, also from within another task.
    fn run<T: Task>(self, task: T) -> T::Output;

    fn load(self, bytes: &[u8; 64]) -> Self::Block;

    /// Sorts the bytes that JSON is made of.
    fn planes(self, block: Self::Block) -> Planes;

    /// Whether any byte is a backslash, below 0x20 or above 0x7F.
    fn is_rare(self, block: Self::Block) -> bool;

    /// What `table` has for each byte.
    fn lookup(self, block: Self::Block, table: &Table) -> Self::Block;

    /// The bytes that have at least one of `bits`, which should be a constant.
    fn any(self, block: Self::Block, bits: u8) -> u64;

    /// Bit `i` of the result is the parity of bits `0..=i`.
    fn prefix_xor(self, mask: u64) -> u64;

    /// Whether [`Simd::compress`] is worth its while, and [`Simd::gather`] is not.
    #[inline(always)]
    fn compresses(self) -> bool {
        false
    }

    /// The bits of each plane that are under the mask, moved together at the low end.
    #[inline(always)]
    fn compress(self, planes: [u64; 3], mut mask: u64) -> [u64; 3] {
        let mut out = [0; 3];
        let mut to = 0;
        while mask != 0 {
            let from = mask.trailing_zeros();
            for (out, plane) in out.iter_mut().zip(planes) {
                *out |= (plane >> from & 1) << to;
            }
            mask &= mask - 1;
            to += 1;
        }
        out
    }

    /// The bytes that are under the mask, moved together at the beginning of `out`, with anything behind them; how many they
    /// are.
    // PERF: eight at a time, with no branch for each.
    #[inline(always)]
    fn gather(self, bytes: &[u8; 64], mut mask: u64, out: &mut [u8; 64]) -> u32 {
        let len = mask.count_ones();
        for eight in out.as_chunks_mut::<8>().0 {
            for out in eight {
                *out = bytes[mask.trailing_zeros() as usize % 64];
                mask &= mask.wrapping_sub(1);
            }
            if mask == 0 {
                break;
            }
        }
        len
    }

    /// Whether `word`, under the mask of some lane, is the lane's word.
    fn is_any(self, word: u32, lanes: &Lanes) -> bool;
}

/// Words to look for, under masks. A lane that is not used has a bit in its word that its mask has not.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
pub(crate) struct Lanes {
    pub(crate) masks: [u32; 8],
    pub(crate) words: [u32; 8],
}

impl Default for Lanes {
    fn default() -> Lanes {
        Lanes { masks: [0; 8], words: [1; 8] }
    }
}

/// [`Simd::is_any`] lane by lane.
#[inline(always)]
pub(super) fn is_any_by_lane(word: u32, lanes: &Lanes) -> bool {
    let mut any = false;
    for (mask, expected) in lanes.masks.iter().zip(&lanes.words) {
        any |= word & mask == *expected;
    }
    any
}

/// Work written once for all instruction sets.
pub(crate) trait Task {
    type Output;

    /// Does it. Must be `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Three bits for each byte.
///
/// | byte | `p2` | `p1` | `p0` |
/// |---|---|---|---|
/// | space | 0 | 0 | 1 |
/// | `"` | 0 | 1 | 0 |
/// | `,` | 1 | 0 | 0 |
/// | `:` | 1 | 0 | 1 |
/// | `{` `[` | 1 | 1 | 0 |
/// | `}` `]` | 1 | 1 | 1 |
///
/// Other bytes from 0x20 on have none. Of a byte below 0x20 they mean nothing.
#[derive(Clone, Copy)]
pub(crate) struct Planes {
    pub(super) p2: u64,
    pub(super) p1: u64,
    pub(super) p0: u64,
}

/// The bit that `{` and `}` have and `[` and `]` have not.
pub(super) const CURLY: u8 = 0x20;

/// A class of bytes is a bit; a byte has those bits that both of its nibbles have.
pub(crate) struct Table {
    pub(super) low: [u8; 16],
    pub(super) high: [u8; 16],
}

impl Table {
    /// A table of `classes`: bit, the high nibbles and the low nibbles of its bytes as bits 0 to 15.
    ///
    /// No byte above 0x7F has a class.
    pub(super) const fn new(classes: &[(u8, u16, u16)]) -> Table {
        let mut table = Table { low: [0; 16], high: [0; 16] };
        let mut class = 0;
        while class < classes.len() {
            let (bit, high, low) = classes[class];
            assert!(high & 0xFF00 == 0);
            let mut nibble = 0;
            while nibble < 16 {
                if high >> nibble & 1 != 0 {
                    table.high[nibble] |= bit;
                }
                if low >> nibble & 1 != 0 {
                    table.low[nibble] |= bit;
                }
                nibble += 1;
            }
            class += 1;
        }
        table
    }
}

/// For vector units that look bytes up by their low nibble: the byte with that low nibble which is sorted by
/// [`Planes`], once bit 5 is set in it (`[` becomes `{`, `]` becomes `}`).
///
/// No two of these bytes share a low nibble. Where there is none, a byte stands that does not have that low nibble,
/// and nothing equals it.
pub(super) const SORTED: [u8; 16] = {
    let mut sorted = [0xFF; 16];
    sorted[0xF] = 0;
    sorted[0x0] = b' ';
    sorted[0x2] = b'"';
    sorted[0xA] = b':';
    sorted[0xB] = b'{';
    sorted[0xC] = b',';
    sorted[0xD] = b'}';
    sorted
};

/// What [`Planes`] says of those bytes: `p2`, `p1` and `p0` from the top bit down.
pub(super) const SORTS: [u8; 16] = {
    let mut sorts = [0; 16];
    sorts[0x0] = 0b001 << 5;
    sorts[0x2] = 0b010 << 5;
    sorts[0xA] = 0b101 << 5;
    sorts[0xB] = 0b110 << 5;
    sorts[0xC] = 0b100 << 5;
    sorts[0xD] = 0b111 << 5;
    sorts
};

/// For vector units that move bytes about by a table: for each mask of eight, which of them come first.
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    allow(dead_code, reason = "no vector unit reads it")
)]
pub(super) static TOGETHER: [[u8; 8]; 256] = {
    let mut together = [[0; 8]; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut byte, mut len) = (0, 0);
        while byte < 8 {
            if mask >> byte & 1 != 0 {
                together[mask][len] = byte as u8;
                len += 1;
            }
            byte += 1;
        }
        mask += 1;
    }
    together
};
