//! The search for literals in what is written in base64 within a record, without decoding it.
//!
//! Base64 writes three bytes as four characters. So a text is written in one of three ways, by how many bytes of its
//! group come before it, but for the characters at its ends, which other bytes have a part in. What is sure of each way is
//! a *needle*, and it stands at one place in its group of four.
//!
//! > A record may be dropped unread iff it has none of the literals, none of their needles, none of the needles of `\u`,
//! > **and** no two bytes `\u`.
//!
//! The first and the last are for what the record holds as it is. A needle has no `/`, which JSON may write as `\/`: it is
//! cut there, and the longest piece taken. A string with any backslash counts as one where a needle may stand anywhere.
//!
//! Of `\u` itself no more than one or two characters are sure; what follows in JSON is a hexadecimal digit, and with its
//! first bits, or all that may come before, there are [`ESCAPES`] needles of three.

use std::cell::Cell;
use std::ops::Range;
use std::ptr;

use memchr::{memchr, memrchr};

use super::needle::Needle;
use super::{Adaptive, Prefilter};
use crate::isa::Isa;

/// Shortest needle. Shorter ones are found everywhere.
const NEEDLE_BYTES: usize = 3;

/// Where in a group of four a needle may begin: a bit each.
type Places = u8;
const ANYWHERE: Places = 0b1111;

/// `\u` and a hexadecimal digit, in base64.
const ESCAPES: [(&[u8; 3], Places); 9] = [
    // Two bytes and the first two bits of the digit, which are 00 or 01.
    (b"XHU", 1 << 0),
    (b"XHV", 1 << 0),
    // Before it, two bits of the byte before.
    (b"Fx1", 1 << 1),
    (b"Vx1", 1 << 1),
    (b"lx1", 1 << 1),
    (b"1x1", 1 << 1),
    // The backslash ends a group. Behind, the first four bits of the digit: 3, 4, or 6.
    (b"cdT", 1 << 3),
    (b"cdU", 1 << 3),
    (b"cdW", 1 << 3),
];

/// A search in records that have something in base64.
#[derive(Debug, Clone)]
pub(crate) struct CodedPrefilter {
    prefilter: Prefilter,
    needles: Vec<(Box<[u8]>, Places)>,
}

impl CodedPrefilter {
    /// `None` if there are too many literals, or one is so short that nothing much is sure of it.
    pub(crate) fn new(literals: &[Vec<u8>]) -> Option<CodedPrefilter> {
        let mut needles: Vec<(Box<[u8]>, Places)> = Vec::new();
        let mut add = |needle: &[u8], places| match needles.iter_mut().find(|(known, _)| **known == *needle) {
            Some((_, known)) => *known |= places,
            None => needles.push((needle.into(), places)),
        };
        for (needle, places) in ESCAPES {
            add(needle, places);
        }
        for literal in literals {
            add(literal, ANYWHERE);
            for before in 0..3 {
                let (needle, place) = needle(literal, before)?;
                add(&needle, 1 << place);
            }
        }
        // A search that has found one does not look for another at the same place.
        let firsts: Vec<(usize, usize)> = (0..needles.len())
            .flat_map(|a| (0..needles.len()).map(move |b| (a, b)))
            .filter(|&(a, b)| a != b && may_coincide(&needles[a].0, &needles[b].0))
            .collect();
        for (a, _) in firsts {
            needles[a].1 = ANYWHERE;
        }
        let texts: Vec<&[u8]> = needles.iter().map(|(needle, _)| &**needle).collect();
        Some(CodedPrefilter { prefilter: Prefilter::new(&texts)?, needles })
    }

    /// As [`Prefilter::admits`].
    pub(crate) fn admits(&self, isa: Isa, record: &[u8], adaptive: &mut Adaptive) -> bool {
        let last = Cell::new(Last::NONE);
        self.prefilter.admits_where(isa, record, adaptive, |record, range| self.confirm(record, range, &last))
    }

    /// As [`Prefilter::candidates`].
    pub(crate) fn candidates(
        &self,
        isa: Isa,
        buffer: &[u8],
        record_len: usize,
        range: impl Fn(usize) -> Range<usize>,
        adaptive: &mut Adaptive,
        mark: impl FnMut(usize),
    ) {
        let last = Cell::new(Last::NONE);
        let confirm = |record: &[u8], range: Range<usize>| self.confirm(record, range, &last);
        self.prefilter.candidates_where(isa, buffer, record_len, range, adaptive, confirm, mark);
    }

    /// Whether what was found at `range` of a record may be what it looks like: whether it stands in its group where it
    /// would.
    // What is looked at lies behind what was looked at before, so that many needles in one string take no more than linear
    // time.
    fn confirm(&self, record: &[u8], range: Range<usize>, last: &Cell<Last>) -> bool {
        let found = &record[range.clone()];
        let places = self.needles.iter().find(|(needle, _)| **needle == *found).map_or(ANYWHERE, |&(_, places)| places);
        if places == ANYWHERE {
            return true;
        }
        let at = range.start;
        let mut string = last.get();
        if !ptr::eq(string.record, record.as_ptr()) || string.looked_at > at {
            string = Last { record: record.as_ptr(), ..Last::NONE };
        }
        if let Some(quote) = memrchr(b'"', &record[string.looked_at..at]) {
            string.start = string.looked_at + quote + 1;
            string.has_backslash = false;
        }
        let from = string.looked_at.max(string.start);
        string.has_backslash |= memchr(b'\\', &record[from..at]).is_some();
        string.looked_at = at;
        last.set(string);
        string.has_backslash || places >> ((at - string.start) % 4) & 1 != 0
    }
}

/// The string that a needle was found in last.
#[derive(Clone, Copy)]
struct Last {
    /// Where its record begins.
    record: *const u8,
    /// How much of the record has been looked at.
    looked_at: usize,
    /// Where it begins, behind its quote.
    start: usize,
    /// Whether there is one from there to what has been looked at.
    has_backslash: bool,
}

impl Last {
    const NONE: Last = Last { record: ptr::null(), looked_at: 0, start: 0, has_backslash: false };
}

/// What is sure of a text in base64 with so many bytes of its group before it, and where in a group of characters that begins.
/// `None` if it is too short.
fn needle(text: &[u8], before: usize) -> Option<(Vec<u8>, usize)> {
    // Characters whose six bits are all of the text.
    let (first, end) = ((8 * before).div_ceil(6), 8 * (before + text.len()) / 6);
    let bytes = [&[0; 2][..before], text].concat();
    let coded = base64_simd::STANDARD_NO_PAD.encode_to_string(bytes).into_bytes();
    let sure = &coded[first..end.max(first)];
    let mut at = first;
    let mut longest: Option<(&[u8], usize)> = None;
    for piece in sure.split(|&byte| byte == b'/') {
        if piece.len() >= NEEDLE_BYTES && longest.is_none_or(|(known, _)| piece.len() > known.len()) {
            longest = Some((piece, at));
        }
        at += piece.len() + 1;
    }
    longest.map(|(piece, at)| (piece.to_vec(), at % 4))
}

/// Whether two needles may be found at the same place.
fn may_coincide(a: &[u8], b: &[u8]) -> bool {
    let agree = |a: &[u8], b: &[u8]| a.iter().zip(b).all(|(a, b)| a == b);
    agree(a, b) || agree(Needle::window(a).bytes(), Needle::window(b).bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base64(text: &[u8]) -> String {
        base64_simd::STANDARD.encode_to_string(text)
    }

    fn may_match(coded: &CodedPrefilter, isa: Isa, record: &str) -> bool {
        let alone = coded.admits(isa, record.as_bytes(), &mut Adaptive::default());
        let (mut found, buffer) = (false, format!("{record}\n"));
        let mark = |_| found = true;
        coded.candidates(isa, buffer.as_bytes(), 1, |_| 0..record.len(), &mut Adaptive::default(), mark);
        assert_eq!(found, alone, "{record}");
        found
    }

    #[test]
    fn a_literal_is_found_at_every_place_in_its_group() {
        for literal in ["running", "US-42", "abcdef???ghijkl", "ä€uro"] {
            let coded = CodedPrefilter::new(&[literal.as_bytes().to_vec()]).unwrap();
            for isa in Isa::available() {
                for len in 0..150 {
                    let before = "x".repeat(len % 9);
                    let payload = format!("{before}{literal}{}", "z".repeat(len / 9));
                    let record = format!(r#"{{"data":"{}"}}"#, base64(payload.as_bytes()));
                    assert!(may_match(&coded, isa, &record), "{literal}: {payload}");
                    let escaped = record.replace('/', "\\/");
                    assert!(may_match(&coded, isa, &escaped), "{escaped}");
                    assert!(may_match(&coded, isa, &format!(r#"{{"other":"{literal}"}}"#)));
                }
            }
        }
    }

    #[test]
    fn an_escape_is_found_whatever_comes_before_and_behind() {
        let coded = CodedPrefilter::new(&[b"running".to_vec()]).unwrap();
        let isa = Isa::detect();
        for before in 0..=u8::MAX {
            for digit in *b"0123456789abcdefABCDEF" {
                for len in 0..3 {
                    let payload = [&vec![before; len][..], b"\\u", &[digit], b"000"].concat();
                    let record = format!(r#"{{"data":"{}"}}"#, base64(&payload));
                    assert!(may_match(&coded, isa, &record), "{payload:?}");
                }
            }
        }
    }

    #[test]
    fn what_only_looks_like_a_literal_is_not_one() {
        let coded = CodedPrefilter::new(&[b"running".to_vec()]).unwrap();
        for isa in Isa::available() {
            for (payload, expected) in [("stopped", false), ("runnin", false), (r"\n", false), (r"\u0072", true)] {
                let payload = format!(r#"{{"state":"{payload}"}}"#);
                let record = format!(r#"{{"data":"{}"}}"#, base64(payload.as_bytes()));
                assert_eq!(may_match(&coded, isa, &record), expected, "{payload}");
            }
            // The needles of `\u`, at their places and at others; and where a place cannot be told.
            for (record, expected) in [
                (r#"{"data":"XHUA"}"#, true),
                (r#"{"data":"AXHU"}"#, false),
                (r#"{"data":"AXHUAAAAXHUA"}"#, true),
                (r#"{"a":"\n","data":"AXHU"}"#, false),
                (r#"{"data":"\/XHU"}"#, true),
                (r#"{"data":"AFx1"}"#, true),
                (r#"{"data":"Fx1A"}"#, false),
                (r#"{"data":"AAAcdT=="}"#, true),
                (r#"{"data":"cdTA"}"#, false),
            ] {
                assert_eq!(may_match(&coded, isa, record), expected, "{record}");
            }
        }
    }

    #[test]
    fn many_needles_at_wrong_places_take_linear_time() {
        let coded = CodedPrefilter::new(&[b"running".to_vec()]).unwrap();
        let record = format!(r#"{{"data":"{}"}}"#, "AXHU".repeat(500_000));
        let begun = std::time::Instant::now();
        assert!(!may_match(&coded, Isa::detect(), &record));
        // Quadratic time would be minutes.
        assert!(begun.elapsed().as_secs() < 20);
    }

    #[test]
    fn short_literals_have_no_needles() {
        assert!(CodedPrefilter::new(&[b"US".to_vec()]).is_none());
        assert!(CodedPrefilter::new(&[b"USA".to_vec()]).is_some());
        // In base64, `////`.
        assert!(CodedPrefilter::new(&[vec![0xFF; 9]]).is_none());
        assert!(CodedPrefilter::new(&vec![b"running".to_vec(); 65]).is_some());
        let many: Vec<Vec<u8>> = (0..30).map(|number| format!("running-{number}").into_bytes()).collect();
        assert!(CodedPrefilter::new(&many).is_none());
    }
}
