//! Records that need not be read: those without any of the literals that a match must hold.
//!
//! Which literals these are is derived in [`eventsieve_program::literals`], together with the proof: a record may be
//! dropped iff it contains none of them and no `\u`. Here they are searched for, and `\u` with them, in one pass.
//!
//! | literals | with AVX2 | elsewhere |
//! |---|---|---|
//! | up to [`PAIRS`] | two bytes of each, at their distance | as for more |
//! | up to 64 | three bytes of all, by halves: `buckets` | Teddy (`aho_corasick::packed`), or an automaton where it declines |
//!
//! Where a literal may be in a member that is written in base64, `coded` searches for what it is there, too. Where there are no
//! literals, `members` searches for keys and tests what stands behind them.
//!
//! [`Prefilter::may_match`] asks for one text. [`Prefilter::candidates`] asks for the records of a whole buffer: it
//! searches the buffer, not the records, and after a hit goes on behind the record it lies in, so where many match
//! little is searched. It leaves off where it does not pay, as [`Adaptive`] tells.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(any(target_arch = "x86_64", test))]
mod buckets;
mod coded;
mod members;
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "without a vector unit only the rarest byte is asked for")
)]
mod needle;

#[cfg(test)]
mod tests;

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind, packed};
use eventsieve_program::literals::LITERALS;

#[cfg(target_arch = "x86_64")]
use self::buckets::Buckets;
pub(crate) use self::coded::CodedPrefilter;
pub(crate) use self::members::Members;
#[cfg(target_arch = "x86_64")]
use self::needle::Needle;
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::isa::Kind;

/// What begins an escape that can hide any literal.
const ESCAPE: &[u8] = br"\u";
/// Most literals that are searched by two bytes of each.
// PERF: from four on, three bytes of all are faster, and tell words of common letters better apart.
const PAIRS: usize = 3;

/// Searches for a set of literals and `\u`. Immutable and shareable.
///
/// ```
/// use eventsieve_vm::{Isa, Prefilter};
///
/// let prefilter = Prefilter::new(&[b"running".as_slice()]).unwrap();
/// let isa = Isa::detect();
/// assert!(prefilter.may_match(isa, br#"{"state":"running"}"#));
/// assert!(prefilter.may_match(isa, br#"{"state":"r\u0075nning"}"#));
/// assert!(!prefilter.may_match(isa, br#"{"state":"stopped"}"#));
/// ```
#[derive(Debug, Clone)]
pub struct Prefilter {
    #[cfg(target_arch = "x86_64")]
    vector: Vector,
    scalar: Scalar,
}

/// For `avx2`.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone)]
enum Vector {
    /// The literals and `\u`.
    Pairs(Vec<Needle>),
    /// The literals.
    Many(Box<Buckets>),
}

/// For all else.
#[derive(Debug, Clone)]
enum Scalar {
    Packed(Box<packed::Searcher>),
    Automaton(Box<AhoCorasick>),
}

/// A literal that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    /// Where it is.
    range: Range<usize>,
    /// From here on is still to be searched. Hits lie in the order of this.
    next: usize,
}

impl Prefilter {
    /// A search for these literals; `None` if there are too many ([`LITERALS`]) or one is shorter than two bytes.
    ///
    /// Without any literal it is a search for `\u`.
    pub fn new<L: AsRef<[u8]>>(literals: &[L]) -> Option<Prefilter> {
        if literals.len() > LITERALS || literals.iter().any(|literal| literal.as_ref().len() < 2) {
            return None;
        }
        let patterns = || literals.iter().map(L::as_ref).chain([ESCAPE]);
        #[cfg(target_arch = "x86_64")]
        let vector = if literals.len() <= PAIRS {
            Vector::Pairs(patterns().map(Needle::pair).collect())
        } else {
            Vector::Many(Box::new(Buckets::new(literals.iter().map(L::as_ref))))
        };
        let packed = packed::Config::new().builder().extend(patterns()).build();
        let scalar = match packed {
            Some(packed) => Scalar::Packed(Box::new(packed)),
            None => {
                let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(patterns());
                Scalar::Automaton(Box::new(automaton.ok()?))
            }
        };
        Some(Prefilter {
            #[cfg(target_arch = "x86_64")]
            vector,
            scalar,
        })
    }

    /// Whether a text holds a literal or `\u`. If not, no record that consists of it can match.
    pub fn may_match(&self, isa: Isa, text: &[u8]) -> bool {
        self.find(isa, text, 0, &mut 0).is_some()
    }

    /// As [`Prefilter::may_match`] for one record after another: where searching does not pay, any may match.
    pub fn admits(&self, isa: Isa, text: &[u8], adaptive: &mut Adaptive) -> bool {
        self.admits_where(isa, text, adaptive, |_, _| true)
    }

    /// As [`Prefilter::admits`], for literals that count only where `confirm` says so, of a text and a range of it.
    pub(crate) fn admits_where(
        &self,
        isa: Isa,
        text: &[u8],
        adaptive: &mut Adaptive,
        confirm: impl Fn(&[u8], Range<usize>) -> bool,
    ) -> bool {
        if !adaptive.is_searching() {
            adaptive.passed(text.len(), 1);
            return true;
        }
        let (mut from, mut false_alarms) = (0, 0);
        let found = loop {
            match self.find(isa, text, from, &mut false_alarms) {
                None => break false,
                Some(hit) if confirm(text, hit.range.clone()) => break true,
                Some(hit) => from = hit.next,
            }
            false_alarms = false_alarms.saturating_add(1);
        };
        adaptive.searched(text.len(), 1, u32::from(found), false_alarms);
        found
    }

    /// Calls `mark` for the records of a buffer that may match, in order. `range` tells where a record lies; records
    /// follow each other and do not overlap.
    ///
    /// # Panics
    /// If a record lies outside the buffer.
    pub fn candidates(
        &self,
        isa: Isa,
        buffer: &[u8],
        record_len: usize,
        range: impl Fn(usize) -> Range<usize>,
        adaptive: &mut Adaptive,
        mark: impl FnMut(usize),
    ) {
        self.candidates_where(isa, buffer, record_len, range, adaptive, |_, _| true, mark);
    }

    /// As [`Prefilter::candidates`], for literals that count only where `confirm` says so, of a record and a range of it.
    #[allow(clippy::too_many_arguments, reason = "those of a search, and one more")]
    pub(crate) fn candidates_where(
        &self,
        isa: Isa,
        buffer: &[u8],
        record_len: usize,
        range: impl Fn(usize) -> Range<usize>,
        adaptive: &mut Adaptive,
        confirm: impl Fn(&[u8], Range<usize>) -> bool,
        mut mark: impl FnMut(usize),
    ) {
        let mut first = 0;
        while first < record_len {
            // The records that fill the window.
            let mut behind = first;
            let mut bytes = 0;
            while behind < record_len && adaptive.has_room(bytes, behind - first) {
                bytes += range(behind).len();
                behind += 1;
            }
            let records = (behind - first) as u32;
            if adaptive.is_searching() {
                let mut false_alarms = 0;
                let found = self.search(isa, buffer, first..behind, &range, &confirm, &mut false_alarms, &mut mark);
                adaptive.searched(bytes, records, found, false_alarms);
            } else {
                (first..behind).for_each(&mut mark);
                adaptive.passed(bytes, records);
            }
            first = behind;
        }
    }

    /// The candidates among some records, which must not be none. Returns how many they are.
    #[allow(clippy::too_many_arguments, reason = "called once")]
    fn search(
        &self,
        isa: Isa,
        buffer: &[u8],
        records: Range<usize>,
        range: &impl Fn(usize) -> Range<usize>,
        confirm: &impl Fn(&[u8], Range<usize>) -> bool,
        false_alarms: &mut u32,
        mark: &mut impl FnMut(usize),
    ) -> u32 {
        let text = &buffer[..range(records.end - 1).end];
        let mut found = 0;
        let mut record = records.start;
        let mut bounds = range(record);
        let mut from = bounds.start;
        while let Some(hit) = self.find(isa, text, from, false_alarms) {
            while bounds.end <= hit.range.start {
                record += 1;
                if record == records.end {
                    return found;
                }
                bounds = range(record);
            }
            from = hit.next;
            // Otherwise it begins in what lies between two records, or ends in it.
            if bounds.start <= hit.range.start && hit.range.end <= bounds.end {
                let place = hit.range.start - bounds.start..hit.range.end - bounds.start;
                if !confirm(&text[bounds.clone()], place) {
                    *false_alarms = false_alarms.saturating_add(1);
                    continue;
                }
                mark(record);
                found += 1;
                record += 1;
                if record == records.end {
                    return found;
                }
                bounds = range(record);
                from = from.max(bounds.start);
            }
        }
        found
    }

    /// The first hit from `from` on, which is no more than the length of the text.
    #[inline]
    fn find(&self, isa: Isa, text: &[u8], from: usize, false_alarms: &mut u32) -> Option<Hit> {
        #[cfg(target_arch = "x86_64")]
        let avx2 = match isa.kind() {
            Kind::Avx2(avx2) => Some(avx2),
            Kind::Avx512(avx512) => Some(avx512.avx2()),
            Kind::Portable(_) => None,
        };
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = avx2 {
            return match &self.vector {
                Vector::Pairs(needles) => avx2::find_pairs(avx2, needles, text, from, false_alarms),
                Vector::Many(buckets) => avx2::find_many(avx2, buckets, text, from, false_alarms),
            };
        }
        let _ = (isa, &false_alarms);
        self.scalar.find(text, from)
    }
}

impl Scalar {
    fn find(&self, text: &[u8], from: usize) -> Option<Hit> {
        let range = match self {
            Scalar::Packed(searcher) => searcher.find_in(text, (from..text.len()).into())?.range(),
            Scalar::Automaton(automaton) => automaton.find(aho_corasick::Input::new(text).range(from..))?.range(),
        };
        Some(Hit { next: range.start + 1, range })
    }
}

/// Whether searching pays, found out on the way: state that goes from one search to the next.
///
/// It counts over windows of [`Adaptive::WINDOW_BYTES`]. If in one of them more than 7 of 10 records were candidates, or there
/// was a false alarm every 256 bytes, the next [`Adaptive::PASSED_WINDOWS`] are not searched, and all their records are
/// candidates. It looks at no clock, so the same records have the same candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adaptive {
    /// Windows that are still not to be searched, the present one included.
    passing: u32,
    bytes: usize,
    records: u32,
    candidates: u32,
    false_alarms: u32,
}

impl Adaptive {
    /// Least bytes of a window.
    pub const WINDOW_BYTES: usize = 64 << 10;
    /// Least records of a window: of a few large records one says little about the next.
    pub const WINDOW_RECORDS: u32 = 16;
    /// Windows that are passed over after one that did not pay. So one in 32 is tried.
    pub const PASSED_WINDOWS: u32 = 31;

    /// Whether the next record is to be searched.
    pub fn is_searching(&self) -> bool {
        self.passing == 0
    }

    /// Whether the window has room beyond what it holds and these.
    fn has_room(&self, bytes: usize, records: usize) -> bool {
        self.bytes + bytes < Self::WINDOW_BYTES || self.records as usize + records < Self::WINDOW_RECORDS as usize
    }

    /// Records were searched.
    fn searched(&mut self, bytes: usize, records: u32, candidates: u32, false_alarms: u32) {
        self.bytes += bytes;
        self.records += records;
        self.candidates += candidates;
        self.false_alarms = self.false_alarms.saturating_add(false_alarms);
        if !self.has_room(0, 0) {
            let most = u64::from(self.candidates) * 10 > u64::from(self.records) * 7;
            let noisy = self.false_alarms as usize > self.bytes / 256;
            *self = Adaptive { passing: if most || noisy { Self::PASSED_WINDOWS } else { 0 }, ..Adaptive::default() };
        }
    }

    /// Records were not searched.
    fn passed(&mut self, bytes: usize, records: u32) {
        self.bytes += bytes;
        self.records += records;
        if !self.has_room(0, 0) {
            *self = Adaptive { passing: self.passing.saturating_sub(1), ..Adaptive::default() };
        }
    }
}
