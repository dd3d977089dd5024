//! A forward cursor over the text of a record.
//!
//! It reads what [`check`](crate::check::check) has accepted and looks at no more of it than it must: a skipped
//! value is skipped by counting brackets, whatever lies between them. On any other bytes its answers mean nothing,
//! but it neither panics nor stands still: every container it reports has cost a byte, and where the text makes no
//! sense the cursor goes to the end, at which every object and array is over.

use crate::check::{bytes_equal, string_stop, word_at};
use crate::cursor::{Buffer, Cursor, Key, Located, Seen};

/// A value as it is written; for a container, only that it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawValue<'r> {
    /// The cursor stands after the `{`; read on with [`TextCursor::next_member`].
    Object,
    /// The cursor stands after the `[`; read on with [`TextCursor::next_element`].
    Array,
    /// What is between the quotes, and whether that has an escape.
    String(&'r [u8], bool),
    /// The whole number.
    Number(&'r [u8]),
    /// `true`.
    True,
    /// `false`.
    False,
    /// `null`.
    Null,
}

/// Reads a record from front to back.
#[derive(Debug, Clone)]
pub struct TextCursor<'r> {
    record: &'r [u8],
    at: usize,
    /// Which of the evaluation's buffers `record` is.
    buffer: Buffer,
}

impl<'r> TextCursor<'r> {
    /// A cursor before the root.
    pub fn new(record: &'r [u8]) -> Self {
        TextCursor { record, at: 0, buffer: Buffer::Record }
    }

    /// A cursor whose values are said to lie in `buffer`.
    pub(crate) fn within(buffer: Buffer, text: &'r [u8]) -> Self {
        TextCursor { record: text, at: 0, buffer }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Reads the value the cursor stands at, or its opening bracket.
    #[inline]
    pub fn value(&mut self) -> RawValue<'r> {
        let Some(byte) = self.peek() else { return RawValue::Null };
        match byte {
            b'"' => {
                let (raw, has_escape) = self.string();
                RawValue::String(raw, has_escape)
            }
            b'-' | b'0'..=b'9' => RawValue::Number(self.number()),
            b'{' => self.past(1, RawValue::Object),
            b'[' => self.past(1, RawValue::Array),
            b't' => self.past(4, RawValue::True),
            b'f' => self.past(5, RawValue::False),
            b'n' => self.past(4, RawValue::Null),
            _ => {
                self.give_up();
                RawValue::Null
            }
        }
    }

    /// Reads the next key of the object the cursor is inside, raw and with whether it has an escape, and its
    /// colon. `None` once the object is over; its `}` is read then.
    ///
    /// Every member's value must have been read or skipped before the next call.
    #[inline]
    pub fn next_member(&mut self) -> Option<(&'r [u8], bool)> {
        match self.peek_after_comma() {
            Some(b'"') => {
                let key = self.string();
                if self.peek() == Some(b':') {
                    self.at += 1;
                    return Some(key);
                }
                self.give_up();
            }
            Some(b'}') => self.at += 1,
            _ => self.give_up(),
        }
        None
    }

    /// Whether the array the cursor is inside has a further element, at which the cursor then stands. If not, its
    /// `]` is read.
    ///
    /// Every element must have been read or skipped before the next call.
    #[inline]
    pub fn next_element(&mut self) -> bool {
        match self.peek_after_comma() {
            Some(b']') => {
                self.at += 1;
                false
            }
            other => other.is_some(),
        }
    }

    /// Reads over the whole value the cursor stands at.
    #[inline]
    pub fn skip_value(&mut self) {
        if let RawValue::Object | RawValue::Array = self.value() {
            self.skip_rest();
        }
    }

    /// Reads over the rest of the innermost container, its closing bracket included.
    ///
    /// Which kind of bracket closes which is not looked at: `check` has seen to that.
    pub(crate) fn skip_rest(&mut self) {
        let mut open = 1_usize;
        while open > 0 {
            self.at = structure_stop(self.record, self.at);
            match self.record.get(self.at) {
                Some(b'"') => {
                    self.string();
                    continue;
                }
                Some(b'{' | b'[') => open += 1,
                Some(_) => open -= 1,
                None => return,
            }
            self.at += 1;
        }
    }

    /// Reads a string from its opening quote.
    #[inline]
    fn string(&mut self) -> (&'r [u8], bool) {
        let start = self.at + 1;
        let mut end = string_stop(self.record, start);
        let mut has_escape = false;
        loop {
            match self.record.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escape = true;
                    end += 2;
                }
                // A control character, which no accepted record has here.
                Some(_) => end += 1,
                None => {
                    self.give_up();
                    return (self.record.get(start..).unwrap_or_default(), has_escape);
                }
            }
            end = string_stop(self.record, end);
        }
        self.at = end + 1;
        (&self.record[start..end], has_escape)
    }

    #[inline]
    fn number(&mut self) -> &'r [u8] {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.record.get(self.at) {
            self.at += 1;
        }
        &self.record[start..self.at]
    }

    /// Goes `bytes` on, if there are that many.
    #[inline]
    fn past(&mut self, bytes: usize, value: RawValue<'r>) -> RawValue<'r> {
        self.at = self.record.len().min(self.at + bytes);
        value
    }

    /// The next byte that is neither white space nor the one comma between two members or elements.
    #[inline]
    fn peek_after_comma(&mut self) -> Option<u8> {
        let byte = self.peek();
        if byte != Some(b',') {
            return byte;
        }
        self.at += 1;
        self.peek()
    }

    /// The next byte that is not white space.
    #[inline]
    /// The first byte of what comes next, white space skipped; [`TextCursor::position`] is then its place.
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            match self.record.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    #[cold]
    fn give_up(&mut self) {
        self.at = self.record.len();
    }
}

/// The first quote or bracket from `from` on, or the end of `text`.
#[inline]
fn structure_stop(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = word_at(text, at) {
        // Bit 0x20 is all that tells `[` from `{` and `]` from `}`; no other byte falls on them with it set.
        let folded = word | 0x2020_2020_2020_2020;
        let stops = bytes_equal(word, b'"') | bytes_equal(folded, b'{') | bytes_equal(folded, b'}');
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let tail = text.get(at..).unwrap_or_default();
    let stop = tail.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'));
    at + stop.unwrap_or(tail.len())
}

impl Cursor for TextCursor<'_> {
    #[inline]
    fn value(&mut self) -> Seen {
        let base = self.record.as_ptr() as usize;
        let buffer = self.buffer;
        let locate = |escaped, bytes: &[u8]| Located {
            buffer,
            escaped,
            start: (bytes.as_ptr() as usize - base) as u32,
            len: bytes.len() as u32,
        };
        match TextCursor::value(self) {
            RawValue::Object => Seen::Object,
            RawValue::Array => Seen::Array,
            RawValue::String(raw, escaped) => Seen::String(locate(escaped, raw)),
            RawValue::Number(raw) => Seen::Number(locate(false, raw)),
            RawValue::True => Seen::True,
            RawValue::False => Seen::False,
            RawValue::Null => Seen::Null,
        }
    }

    #[inline]
    fn skip_value(&mut self) {
        TextCursor::skip_value(self);
    }

    #[inline]
    fn next_member(&mut self) -> Option<Key<'_>> {
        TextCursor::next_member(self).map(|(bytes, escaped)| Key { bytes, escaped })
    }

    #[inline]
    fn next_element(&mut self) -> bool {
        TextCursor::next_element(self)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use serde_json::Value;

    use super::*;
    use crate::check::tests::{Random, mutate, record};
    use crate::check::{RecordLimits, check};

    /// Reads the value at the cursor and all within it, and writes it again without its white space.
    ///
    /// At each value a second cursor skips what the first one reads; they must meet.
    fn rewrite(cursor: &mut TextCursor<'_>, out: &mut String) {
        let mut skipping = cursor.clone();
        skipping.skip_value();
        match cursor.value() {
            RawValue::Object => {
                out.push('{');
                while let Some((key, has_escape)) = cursor.next_member() {
                    comma(out);
                    push_string(key, has_escape, out);
                    out.push(':');
                    rewrite(cursor, out);
                }
                out.push('}');
            }
            RawValue::Array => {
                out.push('[');
                while cursor.next_element() {
                    comma(out);
                    rewrite(cursor, out);
                }
                out.push(']');
            }
            RawValue::String(raw, has_escape) => push_string(raw, has_escape, out),
            RawValue::Number(raw) => out.push_str(std::str::from_utf8(raw).unwrap()),
            RawValue::True => out.push_str("true"),
            RawValue::False => out.push_str("false"),
            RawValue::Null => out.push_str("null"),
        }
        assert_eq!(skipping.position(), cursor.position(), "after {out}");
    }

    fn comma(out: &mut String) {
        if !out.ends_with(['{', '[']) {
            out.push(',');
        }
    }

    fn push_string(raw: &[u8], has_escape: bool, out: &mut String) {
        assert_eq!(has_escape, raw.contains(&b'\\'));
        write!(out, "\"{}\"", std::str::from_utf8(raw).unwrap()).unwrap();
    }

    /// The text without the white space between its tokens.
    fn minified(text: &str) -> String {
        let (mut in_string, mut escaped) = (false, false);
        let mut out = text.to_owned();
        out.retain(|char| {
            let keep = in_string || !char.is_ascii_whitespace();
            if char == '"' && !escaped {
                in_string = !in_string;
            }
            escaped = in_string && char == '\\' && !escaped;
            keep
        });
        out
    }

    fn assert_rewrites(record: &[u8], whence: &str) {
        let text = std::str::from_utf8(record).unwrap();
        let mut cursor = TextCursor::new(record);
        let mut out = String::new();
        rewrite(&mut cursor, &mut out);
        assert_eq!(out, minified(text), "{whence}: {text:?}");
        assert!(text[cursor.position()..].trim_ascii().is_empty(), "{whence}: {text:?}");
        // serde_json has no strings for lone surrogates.
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), value, "{whence}: {text:?}");
        }
    }

    /// Reads whatever comes, skipping some, and counts the calls.
    fn assert_ends(record: &[u8], random: &mut Random, whence: &str) {
        let mut cursor = TextCursor::new(record);
        let mut open = Vec::new();
        let mut calls = 0;
        let mut at_value = true;
        while at_value || !open.is_empty() {
            calls += 1;
            assert!(calls <= 3 * record.len() + 3, "{whence}: {:?}", String::from_utf8_lossy(record));
            assert!(cursor.position() <= record.len());
            if at_value && random.below(4) == 0 {
                cursor.skip_value();
            } else if at_value {
                match cursor.value() {
                    RawValue::Object => open.push(true),
                    RawValue::Array => open.push(false),
                    _ => {}
                }
            }
            at_value = match open.last() {
                Some(true) => cursor.next_member().is_some(),
                Some(false) => cursor.next_element(),
                None => false,
            };
            if !at_value {
                open.pop();
            }
        }
    }

    #[test]
    fn reads_each_kind_of_value() {
        let text = br#" { "a" : [ 1 , -2.5e+3 , "x\"]" , true ] , "\u0062" : false , "c" : null , "d" : { } } "#;
        let mut cursor = TextCursor::new(text);
        assert_eq!(cursor.value(), RawValue::Object);
        assert_eq!(cursor.position(), 2);
        assert_eq!(cursor.next_member(), Some((b"a".as_slice(), false)));
        assert_eq!(cursor.position(), 8);
        assert_eq!(cursor.value(), RawValue::Array);
        for element in
            [RawValue::Number(b"1"), RawValue::Number(b"-2.5e+3"), RawValue::String(br#"x\"]"#, true), RawValue::True]
        {
            assert!(cursor.next_element());
            assert_eq!(cursor.value(), element);
        }
        assert!(!cursor.next_element());
        assert_eq!(cursor.next_member(), Some((br"\u0062".as_slice(), true)));
        assert_eq!(cursor.value(), RawValue::False);
        assert_eq!(cursor.next_member(), Some((b"c".as_slice(), false)));
        assert_eq!(cursor.value(), RawValue::Null);
        assert_eq!(cursor.next_member(), Some((b"d".as_slice(), false)));
        assert_eq!(cursor.value(), RawValue::Object);
        assert_eq!(cursor.next_member(), None);
        assert_eq!(cursor.next_member(), None);
        assert_eq!(cursor.position(), text.len() - 1);
    }

    #[test]
    fn skips_brackets_and_quotes_in_strings() {
        let text = br#"{"a":{"]}":["}}}\"]]]\\",{"{":"["}],"b":[[[]]]},"z":1}"#;
        let mut cursor = TextCursor::new(text);
        cursor.value();
        cursor.next_member();
        cursor.skip_value();
        assert_eq!(cursor.next_member(), Some((b"z".as_slice(), false)));
        cursor.skip_value();
        assert_eq!(cursor.next_member(), None);
        assert_eq!(cursor.position(), text.len());
    }

    #[test]
    fn skips_the_rest_of_a_container() {
        let mut cursor = TextCursor::new(br#"{"a":[1,{"b":[]},"]"],"z":1}"#);
        cursor.value();
        cursor.next_member();
        cursor.value();
        cursor.next_element();
        cursor.value();
        cursor.skip_rest();
        assert_eq!(cursor.next_member(), Some((b"z".as_slice(), false)));
        cursor.skip_rest();
        assert_eq!(cursor.position(), 28);
    }

    #[test]
    fn deep_values_are_skipped_without_recursion() {
        let text = format!("{{\"a\":{}{}}}", "[{\"a\":".repeat(500_000), "}]".repeat(500_000));
        let mut cursor = TextCursor::new(text.as_bytes());
        cursor.skip_value();
        assert_eq!(cursor.position(), text.len());
    }

    #[test]
    fn structure_stops_at_quotes_and_brackets_only() {
        for at in 0..20 {
            for byte in 0..=255 {
                let mut text = [b'x'; 20];
                text[at] = byte;
                let stops = matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
                assert_eq!(structure_stop(&text, 0), if stops { at } else { 20 }, "{byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn agrees_with_the_text_of_every_short_record() {
        let alphabet = b"{}[]\",:\\0 ";
        let mut random = Random(0);
        let mut accepted = 0;
        for len in 0..=5_u32 {
            for mut number in 0..alphabet.len().pow(len) {
                let mut record = b"{\"\":".to_vec();
                for _ in 0..len {
                    record.push(alphabet[number % alphabet.len()]);
                    number /= alphabet.len();
                }
                record.push(b'}');
                assert_ends(&record, &mut random, "short");
                if check(&record, &RecordLimits::default()).is_ok() {
                    accepted += 1;
                    assert_rewrites(&record, "short");
                }
            }
        }
        assert!(accepted > 100, "{accepted}");
    }

    fn walk_generated(seed: u64, rounds: usize) {
        let mut random = Random(seed);
        for round in 0..rounds {
            let whence = format!("seed {seed:#x}, round {round}");
            let mut record = record(&mut random);
            assert_rewrites(&record, &whence);
            assert_ends(&record, &mut random, &whence);
            mutate(&mut random, &mut record);
            assert_ends(&record, &mut random, &whence);
            if check(&record, &RecordLimits::default()).is_ok() {
                assert_rewrites(&record, &whence);
            }
        }
    }

    #[test]
    fn agrees_with_serde_json_on_generated_records() {
        walk_generated(0x5EED, 4_000);
    }

    #[test]
    #[ignore = "half a million records; run by hand after a change"]
    fn agrees_with_serde_json_on_half_a_million_generated_records() {
        for seed in 1..=5 {
            walk_generated(seed, 100_000);
        }
    }

    #[test]
    fn never_panics_on_bytes_without_sense() {
        let mut random = Random(0xB17E);
        for round in 0..20_000 {
            let len = random.below(40);
            let bytes = b"{}[]\",:\\ tfn0-e\xff\x00";
            let record: Vec<u8> = (0..len).map(|_| bytes[random.below(bytes.len())]).collect();
            assert_ends(&record, &mut random, &format!("round {round}"));
        }
    }
}
