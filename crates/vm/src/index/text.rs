//! Escapes and UTF-8, in the domain of bits.
//!
//! Asked only about blocks that have a byte outside ordinary text, and those that come after an unfinished escape or
//! character.

use super::simd::{Simd, Table, Task};

/// What may follow a backslash, other than a backslash and `u`.
const SHORT: u8 = QUOTE_OR_SLASH | B_F_N | R_T;
const QUOTE_OR_SLASH: u8 = 0x80;
const B_F_N: u8 = 0x40;
const R_T: u8 = 0x20;
const U: u8 = 0x10;

const HEX: u8 = DIGIT | A_TO_F;
const DIGIT: u8 = 0x08;
const A_TO_F: u8 = 0x04;

static ESCAPES: Table = Table::new(&[
    (QUOTE_OR_SLASH, 1 << 2, 1 << 0x2 | 1 << 0xF),
    (B_F_N, 1 << 6, 1 << 0x2 | 1 << 0x6 | 1 << 0xE),
    (R_T, 1 << 7, 1 << 0x2 | 1 << 0x4),
    (U, 1 << 7, 1 << 0x5),
    (DIGIT, 1 << 3, 0x03FF),
    (A_TO_F, 1 << 4 | 1 << 6, 0x007E),
]);

/// What a block demands of the first bytes of the next one, lowest bit first.
#[derive(Default)]
pub(super) struct Text {
    /// They must be hexadecimal digits.
    digits: u64,
    /// They must continue a character.
    continuations: u64,
    /// 1 if the last byte was the one in question; they restrict what comes second.
    last_e0: u64,
    last_ed: u64,
    last_f0: u64,
    last_f4: u64,
}

impl Text {
    /// Not 0 if the next block must be looked at, whatever it is.
    #[inline(always)]
    pub(super) fn pending(&self) -> u64 {
        self.digits | self.continuations
    }

    /// Not 0 if something is wrong with the block.
    ///
    /// `letters` are the bytes behind a backslash in force, other than backslashes and quotes.
    #[inline(always)]
    pub(super) fn check<S: Simd>(&mut self, simd: S, bytes: &[u8; 64], block: S::Block, letters: u64) -> u64 {
        let high = simd.any(block, 0x80);
        if letters | high | self.pending() == 0 {
            return 0;
        }
        simd.run(Rest { text: self, bytes, letters, high })
    }

    #[inline(always)]
    fn escapes<S: Simd>(&mut self, simd: S, block: S::Block, letters: u64) -> u64 {
        let kinds = simd.lookup(block, &ESCAPES);
        let u = simd.any(kinds, U) & letters;
        let digits = u << 1 | u << 2 | u << 3 | u << 4 | self.digits;
        self.digits = u >> 63 | u >> 62 | u >> 61 | u >> 60;
        letters & !(simd.any(kinds, SHORT) | u) | digits & !simd.any(kinds, HEX)
    }

    /// UTF-8. `high` are the bytes above 0x7F.
    // PERF: some ten masks a block and the rest is logic; a lookup of each pair of neighbours is as many instructions
    // on 32-byte vectors and needs the block before.
    #[inline(always)]
    fn characters<S: Simd>(&mut self, simd: S, block: S::Block, high: u64) -> u64 {
        let (six, five, four) = (simd.any(block, 0x40), simd.any(block, 0x20), simd.any(block, 0x10));
        let lead = high & six;
        let lead_of_3_up = lead & five;
        let lead_of_4_up = lead_of_3_up & four;

        let continuations = lead << 1 | lead_of_3_up << 2 | lead_of_4_up << 3 | self.continuations;
        let mut error = continuations ^ (high & !six);
        self.continuations = lead >> 63 | lead_of_3_up >> 62 | lead_of_4_up >> 61;

        // Forms that are too long, surrogates, and what is above U+10FFFF.
        let restricted = self.last_e0 | self.last_ed | self.last_f0 | self.last_f4;
        if lead_of_3_up | restricted == 0 {
            // C0 and C1.
            return error | lead & !simd.any(block, 0x1E);
        }
        let (three, two) = (simd.any(block, 0x08), simd.any(block, 0x04));
        let (one, zero) = (simd.any(block, 0x02), simd.any(block, 0x01));
        let lead_of_3 = lead_of_3_up & !four;
        let e0 = lead_of_3 & !(three | two | one | zero);
        let ed = lead_of_3 & three & two & !one & zero;
        let f0 = lead_of_4_up & !(three | two | one | zero);
        let f4 = lead_of_4_up & !three & two & !(one | zero);
        error |= lead & !five & !(four | three | two | one);
        error |= lead_of_4_up & (three | two & (one | zero));
        error |= (e0 << 1 | self.last_e0) & !five | (ed << 1 | self.last_ed) & five;
        error |= (f0 << 1 | self.last_f0) & !(five | four) | (f4 << 1 | self.last_f4) & (five | four);
        self.last_e0 = e0 >> 63;
        self.last_ed = ed >> 63;
        self.last_f0 = f0 >> 63;
        self.last_f4 = f4 >> 63;
        error
    }
}

/// What [`Text::check`] does not do itself.
// PERF: a call. Inlined, it takes the registers of the loop over blocks, most of which have nothing for it.
struct Rest<'t> {
    text: &'t mut Text,
    bytes: &'t [u8; 64],
    letters: u64,
    high: u64,
}

impl Task for Rest<'_> {
    type Output = u64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> u64 {
        let Rest { text, bytes, letters, high } = self;
        let block = simd.load(bytes);
        let mut error = 0;
        if letters | text.digits != 0 {
            error |= text.escapes(simd, block, letters);
        }
        if high | text.continuations != 0 {
            error |= text.characters(simd, block, high);
        }
        error
    }
}
