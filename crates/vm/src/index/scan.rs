//! The loop over a record: 64 bytes to bitmaps and, when checking, to tokens.

use std::hint::black_box;

use super::grammar::{Grammar, Kinds, Tokens};
use super::scalars::Scalars;
use super::simd::{CURLY, Simd, Table, Task};
use super::text::Text;
use super::{BLOCK_BYTES, Block, Bounds};

/// What a checking scan says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// JSON with an object for its root, and within the bounds, but for the length of its keys.
    Valid,
    /// Not that.
    Invalid,
    /// Something was met that the scan cannot count.
    Unsure,
}

pub(super) const BACKSLASH: u8 = 0x80;
/// Tab, line feed, carriage return.
const WHITE: u8 = 0x40;
/// Below 0x20.
const CONTROL: u8 = 0x20;

/// What is looked for only in blocks that have a byte outside ordinary text.
pub(super) static RARE: Table =
    Table::new(&[(BACKSLASH, 1 << 5, 1 << 0xC), (WHITE, 1 << 0, 1 << 0x9 | 1 << 0xA | 1 << 0xD), (CONTROL, 0b11, !0)]);

/// What a block says about the first bytes of the next one.
#[derive(Default)]
pub(super) struct Carry {
    /// 1 if the next byte is escaped.
    escape: u64,
    /// All ones if it is inside a string.
    inside: u64,
    /// 1 if the last byte was part of a number or literal.
    scalar: u64,
}

impl Carry {
    /// Not 0 if the next byte is escaped.
    #[inline(always)]
    pub(super) fn escape(&self) -> u64 {
        self.escape
    }

    /// The bytes that a backslash escapes, and the backslashes that do.
    #[inline(always)]
    pub(super) fn escapes(&mut self, backslashes: u64) -> (u64, u64) {
        const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
        // A backslash that is itself escaped starts no run.
        let runs = backslashes & !self.escape;
        // The borrow of each run stops behind it. With the odd bits added in, the bits that change are every second
        // one of a run, from its first on, and the one behind it if the run has odd length.
        let changed = (((runs << 1) | ODD).wrapping_sub(runs)) ^ ODD;
        let escaped = changed ^ (backslashes | self.escape);
        let escaping = changed & backslashes;
        self.escape = escaping >> 63;
        (escaped, escaping)
    }
}

/// Fills `blocks`, of which there must be one for each 64 bytes of `record` that have begun.
///
/// Without `CHECK` the finding means nothing.
pub(super) struct Scan<'s, const CHECK: bool> {
    pub(super) record: &'s [u8],
    pub(super) blocks: &'s mut [Block],
    pub(super) bounds: Bounds,
}

impl<const CHECK: bool> Task for Scan<'_, CHECK> {
    type Output = Finding;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Finding {
        scan::<S, CHECK>(simd, self.record, self.blocks, self.bounds)
    }
}

#[inline(always)]
fn scan<S: Simd, const CHECK: bool>(simd: S, record: &[u8], blocks: &mut [Block], bounds: Bounds) -> Finding {
    let (whole, _) = record.as_chunks::<BLOCK_BYTES>();
    let mut tail: [u8; BLOCK_BYTES];
    let mut carry = Carry::default();
    // PERF: there are more of these than registers, and most are only used behind a branch. As values they would be
    // moved about in each round; their address taken, they stay in memory (`black_box` only hides that it is known).
    let (mut text, mut scalars) = (Text::default(), Scalars::default());
    let (mut tokens, mut grammar) = (Tokens::default(), Grammar::new(bounds));
    let (text, scalars, tokens) = (black_box(&mut text), black_box(&mut scalars), black_box(&mut tokens));
    let mut error = 0;

    for (number, out) in blocks.iter_mut().enumerate() {
        // PERF: not before the loop. The end of a record is not in the cache until what is before it has been read.
        let bytes = match whole.get(number) {
            Some(bytes) => bytes,
            None => {
                tail = last_block(record);
                &tail
            }
        };
        let block = simd.load(bytes);
        let planes = simd.planes(block);

        let mut quotes = planes.p1 & !planes.p2;
        let mut structure = planes.p2;
        let mut white = planes.p0 & !planes.p2;
        let mut backslashes = 0;
        let mut control = 0;
        if simd.is_rare(block) || carry.escape | text.pending() != 0 {
            let rare = simd.lookup(block, &RARE);
            backslashes = simd.any(rare, BACKSLASH);
            control = simd.any(rare, CONTROL);
            white = (white & !control) | simd.any(rare, WHITE);
            structure &= !control;
            quotes &= !control;
            let escaped = carry.escapes(backslashes).0 & !backslashes;
            if CHECK {
                error |= text.check(simd, bytes, block, escaped & !quotes);
            }
            quotes &= !escaped;
        } else if quotes | !carry.inside == 0 && (!CHECK || scalars.pending() == 0) {
            // PERF: the middle of a long string, such as one in base64.
            *out = Block::default();
            carry.scalar = 0;
            continue;
        }

        // From each opening quote up to the byte before the closing one.
        let inside = simd.prefix_xor(quotes) ^ carry.inside;
        carry.inside = ((inside as i64) >> 63) as u64;
        structure &= !inside;
        let brackets = structure & planes.p1;
        let scalar = !(structure | inside | quotes | white);
        let firsts = scalar & !(scalar << 1 | carry.scalar);
        let starts = firsts | (quotes & inside);
        *out = Block {
            quotes,
            backslashes,
            colons: structure & !planes.p1 & planes.p0,
            opens: brackets & !planes.p0,
            closes: brackets & planes.p0,
            starts,
        };
        if CHECK {
            error |= control & inside;
            if scalar | scalars.pending() != 0 {
                error |= scalars.check(simd, bytes, scalar, firsts, record, number * BLOCK_BYTES);
            }
            let tokens_here = structure | starts;
            if simd.compresses() {
                let curly = brackets & simd.any(block, CURLY);
                let kinds = Kinds { bracket: brackets, middle: out.closes | starts, low: out.colons | curly | firsts };
                tokens.push(simd, kinds, tokens_here, &mut grammar);
            } else {
                tokens.push_bytes(simd, bytes, tokens_here, &mut grammar);
            }
        }
        carry.scalar = scalar >> 63;
    }

    if !CHECK {
        return Finding::Unsure;
    }
    // A string or an escape that goes on shows as a string; a character, hexadecimal digits or a number that go on
    // cannot stand at the end of a record whose last token is a bracket.
    tokens.finish(simd, &mut grammar);
    if grammar.is_deep() || scalars.is_long() {
        Finding::Unsure
    } else if grammar.accepts() && error | carry.inside | text.pending() == 0 {
        Finding::Valid
    } else {
        Finding::Invalid
    }
}

/// The bytes after the last whole block, filled up with spaces.
// PERF: copies of fixed size; one of `record.len() % 64` bytes is a call, and costs 10 ns a record.
#[inline(always)]
fn last_block(record: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut padded = [b' '; 2 * BLOCK_BYTES];
    let len = record.len() % BLOCK_BYTES;
    let from = if let Some(last) = record.last_chunk::<BLOCK_BYTES>() {
        padded[..BLOCK_BYTES].copy_from_slice(last);
        BLOCK_BYTES - len
    } else {
        padded[..len].copy_from_slice(record);
        0
    };
    let mut block = [b' '; BLOCK_BYTES];
    if let Some(bytes) = padded.get(from..).and_then(|rest| rest.first_chunk()) {
        block = *bytes;
    }
    block
}
