//! The search for members where a filter has no literal: a key that a match must have, and a value that passes its test.
//!
//! A key alone is in most records. But what stands behind it is at hand once it is found, and to run the tests of its
//! path on that one value costs little: a record without any value that passes them need not be read.
//!
//! > A record may be dropped unread iff no occurrence of any of the keys is followed by a value that passes **and** it
//! > has no two bytes `\u`.
//!
//! That holds because the key right before a value at a path, arrays left aside, ends with the path's last segment,
//! however many segments it has in one (`"a.b"`), and JSON has no second way to write the segment but by `\u`. Where
//! the key stands is not looked at; nor is what lies in an array, so a record with an array behind the key is read.
//!
//! A last segment of a byte or two is in every record many times, as `"S"` is in those of DynamoDB. Then the segment
//! before is searched for, and the value taken from the object behind that.

use std::ops::Range;

use eventsieve_program::View;
use eventsieve_program::format::NONE;
use eventsieve_program::literals::{Member, members};

use super::needle::Needle;
use super::{Adaptive, ESCAPE, PAIRS, Prefilter};
use crate::check::string_stop;
use crate::cursor::is_space;
use crate::exec::{self, Value};
use crate::isa::Isa;

/// Shortest segment that is searched for.
const SEGMENT_BYTES: usize = 3;

/// A search for members.
#[derive(Debug, Clone)]
pub(crate) struct Members {
    prefilter: Prefilter,
    /// No two of them can be found at the same place.
    keys: Vec<Sought>,
}

/// A key that is searched for.
#[derive(Debug, Clone)]
struct Sought {
    /// Its last segment, with its closing quote if the value itself stands behind it.
    text: Box<[u8]>,
    values: Vec<Wanted>,
}

/// A value that makes a record a candidate.
#[derive(Debug, Clone)]
struct Wanted {
    /// If what stands behind the key is an object, the key in it.
    inner: Option<Box<[u8]>>,
    member: Member,
}

impl Members {
    /// `None` if a match need not have any of few members.
    pub(crate) fn new(view: &View<'_>) -> Option<Members> {
        let paths = paths(view);
        let mut keys: Vec<Sought> = Vec::new();
        for member in members(view)? {
            let path = &paths[member.leaf as usize];
            let (&last, before) = path.split_last()?;
            let (text, inner) = if last.len() >= SEGMENT_BYTES {
                ([last, b"\""].concat(), None)
            } else {
                (before.last()?.to_vec(), Some(last.into()))
            };
            if text.len() < SEGMENT_BYTES || ![last, &text[..text.len() - 1]].into_iter().all(is_written_in_one_way) {
                return None;
            }
            let wanted = Wanted { inner, member };
            match keys.iter_mut().find(|key| *key.text == *text) {
                Some(key) => key.values.push(wanted),
                None => keys.push(Sought { text: text.into(), values: vec![wanted] }),
            }
        }
        let is_alone = |a: &Sought| keys.iter().all(|b| a.text == b.text || !may_coincide(&a.text, &b.text));
        if keys.is_empty() || keys.len() > PAIRS || !keys.iter().all(is_alone) {
            return None;
        }
        let texts: Vec<&[u8]> = keys.iter().map(|key| &*key.text).collect();
        Some(Members { prefilter: Prefilter::new(&texts)?, keys })
    }

    /// Whether a record may match; any may where searching does not pay.
    pub(crate) fn admits(&self, view: &View<'_>, isa: Isa, record: &[u8], adaptive: &mut Adaptive) -> bool {
        self.prefilter.admits_where(isa, record, adaptive, |record, range| self.confirm(view, record, range))
    }

    /// As [`Prefilter::candidates`].
    #[allow(clippy::too_many_arguments, reason = "those of a search, and the program")]
    pub(crate) fn candidates(
        &self,
        view: &View<'_>,
        isa: Isa,
        buffer: &[u8],
        record_len: usize,
        range: impl Fn(usize) -> Range<usize>,
        adaptive: &mut Adaptive,
        mark: impl FnMut(usize),
    ) {
        let confirm = |record: &[u8], range: Range<usize>| self.confirm(view, record, range);
        self.prefilter.candidates_where(isa, buffer, record_len, range, adaptive, confirm, mark);
    }

    /// Whether what was found at `range` of a record may make it match.
    fn confirm(&self, view: &View<'_>, record: &[u8], range: Range<usize>) -> bool {
        let found = &record[range.clone()];
        found == ESCAPE
            || self.keys.iter().filter(|key| *key.text == *found).any(|key| {
                let behind = &record[range.end..];
                key.values.iter().any(|wanted| wanted.may_be(view, behind))
            })
    }
}

impl Wanted {
    /// Whether the value is there behind a key, or what is there is not understood.
    fn may_be(&self, view: &View<'_>, behind: &[u8]) -> bool {
        let Some(inner) = &self.inner else {
            return match behind_colon(behind).map(scalar) {
                None | Some(Read::Object) => false,
                Some(Read::Scalar(value, _)) => self.passes(view, value),
                Some(Read::Else) => true,
            };
        };
        match behind.first() {
            // The segments after it are in the same key.
            Some(b'.') => return true,
            Some(b'"') => {}
            _ => return false,
        }
        let Some(value) = behind_colon(&behind[1..]) else { return false };
        match scalar(value) {
            Read::Scalar(..) => return false,
            Read::Else => return true,
            Read::Object => {}
        }
        let mut rest = after_space(&value[1..]);
        loop {
            let Some((key, behind)) = string(rest) else { return rest.first() != Some(&b'}') };
            let Some(value) = behind_colon(behind) else { return true };
            let Read::Scalar(value, behind) = scalar(value) else { return true };
            if *key == **inner && self.passes(view, value) {
                return true;
            }
            match after_space(behind) {
                [b'}', ..] => return false,
                [b',', next @ ..] => rest = after_space(next),
                _ => return true,
            }
        }
    }

    fn passes(&self, view: &View<'_>, value: Value<'_>) -> bool {
        let mut passes = false;
        exec::exec(view, view.leaf(self.member.leaf).pc, value, |slot| {
            passes |= self.member.slot.is_none_or(|wanted| slot == wanted);
        });
        passes
    }
}

/// What a text begins with.
enum Read<'t> {
    /// A string without escapes, a number or a literal; and what comes behind.
    Scalar(Value<'t>, &'t [u8]),
    Object,
    /// An array, a string with escapes, or no JSON.
    Else,
}

fn scalar(text: &[u8]) -> Read<'_> {
    let word = |value, len| text.get(len..).map_or(Read::Else, |behind| Read::Scalar(value, behind));
    match text.first() {
        Some(b'{') => Read::Object,
        Some(b'"') => string(text)
            .map_or(Read::Else, |(exact, behind)| Read::Scalar(Value::String { exact, bytes: exact }, behind)),
        Some(b't') => word(Value::True, 4),
        Some(b'f') => word(Value::False, 5),
        Some(b'n') => word(Value::Null, 4),
        Some(b'-' | b'0'..=b'9') => {
            let number = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
            let (number, behind) = text.split_at(text.iter().take_while(number).count());
            Read::Scalar(Value::Number(number), behind)
        }
        _ => Read::Else,
    }
}

/// A string without escapes, and what comes behind it.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"\"")?;
    let end = string_stop(text, 0);
    (text.get(end) == Some(&b'"')).then(|| (&text[..end], &text[end + 1..]))
}

/// What comes behind the colon that a text begins with; `None` if it begins with none, so that what is before is no key.
fn behind_colon(text: &[u8]) -> Option<&[u8]> {
    after_space(text).strip_prefix(b":").map(after_space)
}

fn after_space(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|&&byte| is_space(byte)).count()..]
}

/// Whether JSON can only write a segment as it is, but for `\u`, and a key that holds it can be cut into segments.
fn is_written_in_one_way(segment: &[u8]) -> bool {
    let is_plain = |&byte: &u8| !matches!(byte, b'"' | b'\\' | b'/' | b'.' | 0..0x20);
    // Halves of surrogate pairs are no UTF-8.
    !segment.is_empty() && segment.iter().all(is_plain) && std::str::from_utf8(segment).is_ok()
}

/// Whether both texts can be at one place, so that a search finds only one of them: where they begin together, or where
/// the bytes stand together that stand for them.
fn may_coincide(a: &[u8], b: &[u8]) -> bool {
    let (lead_of_a, lead_of_b) = (Needle::pair(a).lead, Needle::pair(b).lead);
    let agree = |a: &[u8], b: &[u8]| a.iter().zip(b).all(|(a, b)| a == b);
    let shift = lead_of_a.min(lead_of_b);
    agree(a, b) || agree(&a[lead_of_a - shift..], &b[lead_of_b - shift..])
}

/// The segments that lead to each leaf.
fn paths<'p>(view: &View<'p>) -> Vec<Vec<&'p [u8]>> {
    let mut paths = vec![Vec::new(); view.leaf_len() as usize];
    let mut open = vec![(0, Vec::new())];
    while let Some((node, path)) = open.pop() {
        let entry = view.node(node);
        for edge in (entry.edge_start..entry.edge_start + entry.edge_len).map(|edge| view.edge(edge)) {
            let mut path: Vec<&'p [u8]> = path.clone();
            path.push(view.key(edge));
            open.push((edge.child, path));
        }
        if entry.leaf != NONE {
            paths[entry.leaf as usize] = path;
        }
    }
    paths
}
