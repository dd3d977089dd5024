//! Numbers, `true`, `false` and `null`, in the domain of bits.
//!
//! A run of bytes outside strings that are neither structure nor white space must be one of these. What is rarer is
//! only looked for where something was met that the more common does not explain: whole numbers; literals and
//! fractions; exponents.

use super::simd::{Simd, Table, Task};

const DIGIT: u8 = 0x80;
const MINUS: u8 = 0x40;
const ZERO: u8 = 0x20;
const PLUS: u8 = 0x10;
const POINT: u8 = 0x08;
const EXPONENT: u8 = 0x04;

static NUMBERS: Table = Table::new(&[
    (DIGIT, 1 << 3, 0x03FF),
    (ZERO, 1 << 3, 1 << 0x0),
    (PLUS, 1 << 2, 1 << 0xB),
    (MINUS, 1 << 2, 1 << 0xD),
    (POINT, 1 << 2, 1 << 0xE),
    (EXPONENT, 1 << 4 | 1 << 6, 1 << 0x5),
]);

/// What a block says about the next one. Each is 1 or 0, except for `literal`.
#[derive(Default)]
pub(super) struct Scalars {
    /// Its last byte is a digit. No demand.
    digit: u64,
    /// It is a minus before a number.
    minus: u64,
    /// It is that or a point.
    before_digit: u64,
    /// It is the mark of an exponent.
    exponent: u64,
    /// It is the sign of one.
    sign: u64,
    /// It is a zero that leads a number.
    zero: u64,
    /// The digits of a fraction may start or go on.
    fraction: u64,
    /// The digits of an exponent may start or go on.
    power: u64,
    /// The first bytes of the next block that belong to a literal.
    literal: u64,
    /// The last byte is the last one of a literal, or one of those within.
    literal_last: u64,
    /// All of the above that demand something.
    pending: u64,
    /// Whether a whole block was one run.
    long: bool,
}

impl Scalars {
    /// Not 0 if the next block must be looked at, whatever it is.
    #[inline(always)]
    pub(super) fn pending(&self) -> u64 {
        self.pending
    }

    /// Whether there may be a number of more than two blocks.
    #[inline(always)]
    pub(super) fn is_long(&self) -> bool {
        self.long
    }

    /// Not 0 if something is wrong with the runs in the block.
    ///
    /// `scalar` are their bytes, `firsts` those that start one; `bytes` are at `start` of the record.
    #[inline(always)]
    pub(super) fn check<S: Simd>(
        &mut self,
        simd: S,
        bytes: &[u8; 64],
        scalar: u64,
        firsts: u64,
        record: &[u8],
        start: usize,
    ) -> u64 {
        self.long |= scalar == !0;
        let kinds = simd.lookup(simd.load(bytes), &NUMBERS);
        let digits = simd.any(kinds, DIGIT) & scalar;
        let zeros = simd.any(kinds, ZERO);
        let minus = simd.any(kinds, MINUS) & firsts;
        let mut error = 0;

        let (mut points, mut pending) = (0, 0);
        if scalar & !(digits | minus) | self.pending() != 0 {
            let literals = self.literals(firsts & !(digits | minus), record, start);
            // A literal is a run of its own: what comes after its last byte is part of no run.
            error |= (literals << 1 | self.literal_last) & !literals & scalar;
            self.literal_last = literals >> 63;
            // What is no digit and no minus starts a literal. So nothing below need fear what is kept from a block
            // that was not the last one: it only speaks of bytes that start no run.
            error |= firsts & !(digits | minus | literals);
            let rest = scalar & !(literals | digits | minus);
            points = simd.any(kinds, POINT) & rest;
            let others = rest & !points;

            // A point comes after a digit; and a fraction ends before another one. The sum sends a bit from the first
            // digit to the byte after the last one, or over the top.
            error |= points & !(digits << 1 | self.digit);
            let (sum, fraction) = digits.overflowing_add(points << 1 | self.fraction);
            error |= sum & !digits & points;
            self.fraction = points >> 63 | u64::from(fraction);

            if others | self.exponent | self.power != 0 {
                error |= simd.run(Exponents { scalars: self, bytes, digits, points, others });
            }
            pending = self.exponent | self.fraction | self.power | self.literal | self.literal_last;
        }

        // After a minus or a point a digit; after a leading zero none.
        let before_digit = minus | points;
        error |= (before_digit << 1 | self.before_digit) & !digits;
        let zeros = zeros & digits & (firsts | minus << 1 | self.minus);
        error |= (zeros << 1 | self.zero) & digits;
        self.digit = digits >> 63;
        self.minus = minus >> 63;
        self.before_digit = before_digit >> 63;
        self.zero = zeros >> 63;
        self.pending = pending | self.before_digit | self.zero;
        error
    }

    /// The bytes of the block that belong to literals; `words` are where some may start.
    #[inline(always)]
    fn literals(&mut self, mut words: u64, record: &[u8], start: usize) -> u64 {
        let mut literals = self.literal;
        self.literal = 0;
        while words != 0 {
            let at = words.trailing_zeros();
            let bits = ((1_u64 << literal_len(record, start + at as usize)) - 1).rotate_left(at);
            // What is turned out at the top comes back at the bottom, where it is the next block's.
            literals |= bits & (!0 << at);
            self.literal |= bits & !(!0 << at);
            words &= words - 1;
        }
        literals
    }

    /// Not 0 if something is wrong with `others`, which must be exponents and their signs.
    #[inline(always)]
    fn exponents<S: Simd>(&mut self, simd: S, block: S::Block, digits: u64, points: u64, others: u64) -> u64 {
        let kinds = simd.lookup(block, &NUMBERS);
        let exponents = simd.any(kinds, EXPONENT) & others;
        let signs = simd.any(kinds, MINUS | PLUS) & others;
        let mut error = others & !(exponents | signs);
        let after = exponents << 1 | self.exponent;
        error |= exponents & !(digits << 1 | self.digit);
        error |= after & !(digits | signs) | signs & !after;
        error |= (signs << 1 | self.sign) & !digits;
        // It ends before a point and another mark.
        let (sum, power) = digits.overflowing_add(after & digits | signs << 1 | self.power);
        error |= sum & !digits & (points | exponents);
        self.exponent = exponents >> 63;
        self.sign = signs >> 63;
        self.power = signs >> 63 | u64::from(power);
        error
    }
}

/// [`Scalars::exponents`], as a call: they are rare.
struct Exponents<'s> {
    scalars: &'s mut Scalars,
    bytes: &'s [u8; 64],
    digits: u64,
    points: u64,
    others: u64,
}

impl Task for Exponents<'_> {
    type Output = u64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> u64 {
        self.scalars.exponents(simd, simd.load(self.bytes), self.digits, self.points, self.others)
    }
}

/// The length of the literal at `at`, or 0.
// A literal at the very end may be missed: nothing closes the root behind it.
#[inline(always)]
fn literal_len(record: &[u8], at: usize) -> u32 {
    let Some(bytes) = record.get(at..).and_then(|rest| rest.first_chunk::<5>()) else { return 0 };
    let [a, b, c, d, last] = *bytes;
    // PERF: as one number; byte by byte it is as many branches.
    match u32::from_le_bytes([a, b, c, d]) {
        TRUE | NULL => 4,
        FALS if last == b'e' => 5,
        _ => 0,
    }
}

const TRUE: u32 = u32::from_le_bytes(*b"true");
const NULL: u32 = u32::from_le_bytes(*b"null");
const FALS: u32 = u32::from_le_bytes(*b"fals");
