//! A record as bitmaps: where its strings, members and brackets are, found 64 bytes at a time.
//!
//! Two entries leave the same bitmaps behind: [`index`] believes the record, [`is_valid`] proves it as well, with the
//! answer of [`check`](crate::check::check()) in a fraction of its time. So a record that must be both proved and walked is
//! read once.
//!
//! | module | what it does |
//! |---|---|
//! | `simd` | what is asked of a CPU; `portable`, `avx2`, `avx512`, `neon` answer it |
//! | `scan` | **the loop**: bytes to bitmaps and, when checking, to tokens |
//! | `text` | escapes and UTF-8 |
//! | `scalars` | numbers, `true`, `false`, `null` |
//! | `grammar` | tokens, 64 at a time, against the grammar |
//! | `unescape` | strings without their escapes |
//!
//! `scan` and all it calls are written once and compiled once for each instruction set. `check` remains the
//! definition of what is valid: it is asked where a record comes near one of its limits, which the fast road does not
//! count exactly.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod grammar;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod scalars;
mod scan;
mod simd;
mod text;
mod unescape;

#[cfg(test)]
mod tests;

use scan::{Finding, Scan};
pub(crate) use simd::{Lanes, Simd, Task};
use unescape::Unescape;

use crate::check::{RecordLimits, check};
use crate::isa::{Isa, Kind};

/// Bytes of a record that one [`Block`] speaks of.
pub(crate) const BLOCK_BYTES: usize = 64;

/// Bitmaps of 64 bytes of a record. Bit `i` speaks of byte `i`; bits beyond the record's end are zero.
///
/// All instruction sets agree on every bit, also where the record is not JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Block {
    /// Quotes that no backslash escapes: those that open a string and those that close one, in turn.
    pub(crate) quotes: u64,
    /// All backslashes, escaped or not.
    pub(crate) backslashes: u64,
    /// Colons outside strings.
    pub(crate) colons: u64,
    /// `{` and `[` outside strings.
    pub(crate) opens: u64,
    /// `}` and `]` outside strings.
    pub(crate) closes: u64,
    /// First bytes of what is no container: opening quotes (of keys too), and the first byte of every run that is
    /// neither string, structure nor white space, so of every number and literal.
    pub(crate) starts: u64,
}

/// The bitmaps of a record, block by block.
///
/// Never allocates once it has held a record as long.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// At least `len` of them.
    blocks: Vec<Block>,
    len: usize,
}

impl Index {
    pub(crate) fn new() -> Self {
        Index::default()
    }

    /// The blocks of the record that was indexed last: one for each 64 bytes of it that have begun.
    #[inline]
    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks[..self.len]
    }

    /// Room for a record of `bytes`; what it holds is to be overwritten.
    #[inline]
    fn make_room(&mut self, bytes: usize) -> &mut [Block] {
        self.len = bytes.div_ceil(BLOCK_BYTES);
        if self.blocks.len() < self.len {
            self.blocks.resize(self.len, Block::default());
        }
        &mut self.blocks[..self.len]
    }
}

/// What the fast road can count to.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Open containers; at most [`Bounds::MAX_DEPTH`].
    depth: u32,
}

impl Bounds {
    /// One bit for each open container, one to mark the end of them and one to see an excess.
    const MAX_DEPTH: usize = 62;
    /// For a scan that checks nothing.
    const NONE: Bounds = Bounds { depth: 0 };
}

/// Makes the bitmaps of `record`, which need not be JSON.
pub(crate) fn index(isa: Isa, record: &[u8], index: &mut Index) {
    let blocks = index.make_room(record.len());
    run(isa, Scan::<false> { record, blocks, bounds: Bounds::NONE });
}

/// Whether [`check`] accepts `record`. Makes its bitmaps too, whatever the answer.
///
/// The time is linear in the record. Records near a limit are read a second time, by `check`: those nested deeper than
/// [`Bounds::MAX_DEPTH`] or `limits.depth`, those with a number of 64 bytes or more, and those with a key
/// of about `limits.key_chars` bytes. With limits so low that such records are common, all are.
pub(crate) fn is_valid(isa: Isa, record: &[u8], limits: &RecordLimits, index: &mut Index) -> bool {
    let bounds = Bounds { depth: limits.depth.min(Bounds::MAX_DEPTH) as u32 };
    let blocks = index.make_room(record.len());
    let finding = run(isa, Scan::<true> { record, blocks: &mut *blocks, bounds });
    match finding {
        Finding::Invalid => false,
        Finding::Valid if limits.number_digits >= MIN_DIGITS && !may_have_long_key(record, blocks, limits) => true,
        Finding::Valid | Finding::Unsure => check(record, limits).is_ok(),
    }
}

/// Reads a string into `out`, from its start on and whatever lies behind; how many bytes it is. `None` if some escape is not of
/// one character, or none at all: then it takes `text::unescape_into` to say so.
pub(crate) fn unescape(isa: Isa, raw: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    // A block is written at a time, and not all of it is text.
    let room = raw.len() + BLOCK_BYTES;
    if out.len() < room {
        out.resize(room, 0);
    }
    run(isa, Unescape { raw, out })
}

/// Runs a task with the instructions of `isa`.
#[inline]
pub(crate) fn run<T: Task>(isa: Isa, task: T) -> T::Output {
    match isa.kind() {
        Kind::Portable(simd) => simd.run(task),
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2(simd) => simd.run(task),
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512(simd) => simd.run(task),
        #[cfg(target_arch = "aarch64")]
        Kind::Neon(simd) => simd.run(task),
    }
}

/// A number of more digits than this fills a whole block, wherever it starts, and that is seen by the scan.
const MIN_DIGITS: usize = 2 * BLOCK_BYTES;

/// Whether some key may have more bytes, hence more code units, than the limit. Never wrong with a no.
///
/// `blocks` are those of `record`, which is JSON.
#[inline]
fn may_have_long_key(record: &[u8], blocks: &[Block], limits: &RecordLimits) -> bool {
    record.len() > limits.key_chars && has_long_key(record, blocks, limits.key_chars)
}

#[cold]
fn has_long_key(record: &[u8], blocks: &[Block], key_chars: usize) -> bool {
    // So many blocks at least lie wholly within such a key. They have no quote.
    let within = key_chars.saturating_sub(BLOCK_BYTES) / BLOCK_BYTES;
    if within == 0 {
        return true;
    }
    let mut without = 0;
    for (number, block) in blocks.iter().enumerate() {
        if block.quotes == 0 {
            without += 1;
            continue;
        }
        if without >= within {
            let end = number * BLOCK_BYTES + block.quotes.trailing_zeros() as usize;
            let behind = record.get(end + 1..).unwrap_or_default().trim_ascii_start();
            if behind.first() == Some(&b':') {
                return true;
            }
        }
        without = 0;
    }
    false
}
