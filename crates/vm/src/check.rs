//! Is a record malformed, and where?
//!
//! A match is only given for a record that is wholly valid (decision 3 of the house), so this is the proof paid
//! by the records that are about to match. One pass after the UTF-8 test, no recursion, no allocation: the kinds
//! of the open containers are bits in an array on the stack. The bounds are those of the JSON reader behind the
//! service: a record beyond them never reaches a function, so here it is malformed too.
//!
//! `text_cursor` reads what this file has accepted.

use std::fmt;

/// Bounds on a record; beyond one of them the record is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordLimits {
    /// Bytes of a record, and of a payload that is handed over apart from one. A value above
    /// [`RecordLimits::MAX_RECORD_BYTES`] counts as that. No tape is asked, since none shows it.
    pub record_bytes: usize,
    /// Open objects and arrays at any point, the root included. A value above [`RecordLimits::MAX_DEPTH`] counts
    /// as that.
    pub depth: usize,
    /// Digits of one number: those before the point, after it, and of the exponent, taken together.
    pub number_digits: usize,
    /// Length of one key in UTF-16 code units, once its escapes are resolved.
    pub key_chars: usize,
}

impl RecordLimits {
    /// The deepest nesting that can be asked for: one bit each must fit the array of container kinds.
    pub const MAX_DEPTH: usize = 1024;
    /// The longest record that can be asked for: positions are held in 32 bits, with room to spare.
    pub const MAX_RECORD_BYTES: usize = 1 << 30;

    /// Whether a text is not too long.
    pub(crate) fn take(&self, text: &[u8]) -> bool {
        text.len() <= self.record_bytes.min(RecordLimits::MAX_RECORD_BYTES)
    }
}

impl Default for RecordLimits {
    fn default() -> Self {
        RecordLimits {
            record_bytes: RecordLimits::MAX_RECORD_BYTES,
            depth: 1000,
            number_digits: 1000,
            key_chars: 50_000,
        }
    }
}

/// Why a record is malformed, and where: its first problem in document order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    offset: usize,
    reason: Reason,
}

impl Malformed {
    /// Where in the record: the first byte that no acceptable record could have there, or the record's length
    /// where it ends too early.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong there.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl std::error::Error for Malformed {}

/// What makes a record malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing but white space.
    Empty,
    /// A byte order mark before the root.
    ByteOrderMark,
    /// The root is not an object.
    NotAnObject,
    /// A byte that is not UTF-8 where it stands.
    InvalidUtf8,
    /// Something other than a key or `}` after `{`.
    ExpectedKeyOrClose,
    /// Something other than a key after a comma in an object.
    ExpectedKey,
    /// Something other than `:` after a key.
    ExpectedColon,
    /// Something that starts no value.
    ExpectedValue,
    /// Something that starts no value after `[`.
    ExpectedValueOrClose,
    /// Something other than `,` or `}` after a member.
    ExpectedCommaInObject,
    /// Something other than `,` or `]` after an element.
    ExpectedCommaInArray,
    /// A word other than `true`, `false` and `null`.
    UnknownLiteral,
    /// A number without a digit where it needs one.
    ExpectedDigit,
    /// A digit after a number's leading zero.
    LeadingZero,
    /// A byte below 0x20 inside a string.
    ControlCharacter,
    /// A backslash before a byte that makes no escape.
    UnknownEscape,
    /// A `\u` without its four hexadecimal digits.
    ExpectedHexDigit,
    /// The end of the record inside a string.
    EndsInString,
    /// The end of the record where a number needs a digit.
    EndsInNumber,
    /// The end of the record inside `true`, `false` or `null`.
    EndsInLiteral,
    /// The end of the record inside an object.
    EndsInObject,
    /// The end of the record inside an array.
    EndsInArray,
    /// Something other than white space after the root.
    TrailingText,
    /// More bytes than [`RecordLimits::record_bytes`]; nothing else was looked at.
    TooLong {
        /// The limit that held.
        limit: usize,
    },
    /// More open containers than [`RecordLimits::depth`].
    TooDeep {
        /// The limit that held.
        limit: usize,
    },
    /// More digits than [`RecordLimits::number_digits`].
    NumberTooLong {
        /// The limit that held.
        limit: usize,
    },
    /// A key longer than [`RecordLimits::key_chars`].
    KeyTooLong {
        /// The limit that held.
        limit: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Reason::Empty => "the record is empty",
            Reason::ByteOrderMark => "a byte order mark before the record",
            Reason::NotAnObject => "the record is not a JSON object",
            Reason::InvalidUtf8 => "invalid UTF-8",
            Reason::ExpectedKeyOrClose => "expected a key or '}' after '{'",
            Reason::ExpectedKey => "expected a key after ','",
            Reason::ExpectedColon => "expected ':' after a key",
            Reason::ExpectedValue => "expected a value",
            Reason::ExpectedValueOrClose => "expected a value or ']' after '['",
            Reason::ExpectedCommaInObject => "expected ',' or '}' in an object",
            Reason::ExpectedCommaInArray => "expected ',' or ']' in an array",
            Reason::UnknownLiteral => "expected true, false or null",
            Reason::ExpectedDigit => "expected a digit in a number",
            Reason::LeadingZero => "number has a leading zero",
            Reason::ControlCharacter => "control character in a string must be escaped",
            Reason::UnknownEscape => "expected one of \" \\ / b f n r t u after a backslash",
            Reason::ExpectedHexDigit => "expected four hexadecimal digits after \\u",
            Reason::EndsInString => "the record ends inside a string",
            Reason::EndsInNumber => "the record ends inside a number",
            Reason::EndsInLiteral => "the record ends inside true, false or null",
            Reason::EndsInObject => "the record ends inside an object",
            Reason::EndsInArray => "the record ends inside an array",
            Reason::TrailingText => "only white space may follow the root object",
            Reason::TooLong { limit } => return write!(f, "the record has more than {limit} bytes"),
            Reason::TooDeep { limit } => return write!(f, "nested deeper than {limit} levels"),
            Reason::NumberTooLong { limit } => return write!(f, "number has more than {limit} digits"),
            Reason::KeyTooLong { limit } => return write!(f, "key has more than {limit} UTF-16 code units"),
        })
    }
}

/// Tests that a record is one JSON document (RFC 8259) in valid UTF-8, its root an object, with nothing but white
/// space around it, and within `limits`.
///
/// Lone surrogate escapes and repeated keys are accepted, as the service accepts them. Never allocates or
/// recurses; the time is linear in the record.
///
/// # Errors
/// The first problem in document order.
pub fn check(record: &[u8], limits: &RecordLimits) -> Result<(), Malformed> {
    if !limits.take(record) {
        let limit = limits.record_bytes.min(RecordLimits::MAX_RECORD_BYTES);
        return Err(Malformed { offset: limit, reason: Reason::TooLong { limit } });
    }
    match std::str::from_utf8(record) {
        Ok(_) => Reader::new(record, limits).document(false),
        Err(bad) => Err(first_problem(record, bad.valid_up_to(), limits)),
    }
}

/// Whether valid UTF-8 text is one JSON object or array within `limits`, with nothing but white space around it.
pub(crate) fn is_json_payload(text: &str, limits: &RecordLimits) -> bool {
    Reader::new(text.as_bytes(), limits).document(true).is_ok()
}

/// The first problem of a record whose UTF-8 breaks at `cut`: the break, unless something is wrong before it.
#[cold]
fn first_problem(record: &[u8], cut: usize, limits: &RecordLimits) -> Malformed {
    match Reader::new(&record[..cut], limits).document(false) {
        Err(earlier) if earlier.offset < cut => earlier,
        _ => Malformed { offset: cut, reason: Reason::InvalidUtf8 },
    }
}

struct Reader<'r> {
    text: &'r [u8],
    at: usize,
    limits: RecordLimits,
    /// Open containers; at most `limits.depth`, which `new` has capped.
    depth: usize,
    /// Whether the innermost one is an object.
    in_object: bool,
    /// Bit `d` is set if the container at depth `d + 1` is an object.
    kinds: [u64; RecordLimits::MAX_DEPTH / 64],
}

impl<'r> Reader<'r> {
    fn new(text: &'r [u8], limits: &RecordLimits) -> Self {
        let limits = RecordLimits { depth: limits.depth.min(RecordLimits::MAX_DEPTH), ..*limits };
        Reader { text, at: 0, limits, depth: 0, in_object: false, kinds: [0; RecordLimits::MAX_DEPTH / 64] }
    }

    /// Reads the whole text; an array is taken as the root only with `arrays`.
    fn document(&mut self, arrays: bool) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'{') => self.root(true)?,
            Some(b'[') if arrays => self.root(false)?,
            Some(_) if self.text.starts_with(b"\xEF\xBB\xBF") => return self.fail(Reason::ByteOrderMark),
            Some(_) => return self.fail(Reason::NotAnObject),
            None => return self.fail(Reason::Empty),
        }
        match self.peek() {
            Some(_) => self.fail(Reason::TrailingText),
            None => Ok(()),
        }
    }

    /// Reads the root and all within it.
    fn root(&mut self, object: bool) -> Result<(), Malformed> {
        self.open(object)?;
        // Whether the container has just been opened and may be closed at once.
        let mut fresh = true;
        loop {
            // At a member or an element.
            let mut byte = self.peek();
            if !(fresh && byte == Some(self.closing())) {
                if self.in_object {
                    self.member_start(byte, fresh)?;
                    byte = self.peek();
                }
                match byte {
                    Some(b'"') => self.string()?,
                    Some(b'-' | b'0'..=b'9') => self.number()?,
                    Some(open @ (b'{' | b'[')) => {
                        self.open(open == b'{')?;
                        fresh = true;
                        continue;
                    }
                    Some(b't') => self.literal(b"true")?,
                    Some(b'f') => self.literal(b"false")?,
                    Some(b'n') => self.literal(b"null")?,
                    Some(_) if fresh && !self.in_object => return self.fail(Reason::ExpectedValueOrClose),
                    Some(_) => return self.fail(Reason::ExpectedValue),
                    None => return self.ends_in_container(),
                }
            }
            // After it, or at the end of an empty container.
            loop {
                match self.peek() {
                    Some(b',') => break,
                    Some(close) if close == self.closing() => {
                        self.close();
                        if self.depth == 0 {
                            return Ok(());
                        }
                    }
                    Some(_) if self.in_object => return self.fail(Reason::ExpectedCommaInObject),
                    Some(_) => return self.fail(Reason::ExpectedCommaInArray),
                    None => return self.ends_in_container(),
                }
            }
            self.at += 1;
            fresh = false;
        }
    }

    /// Reads a key, which should start with `byte`, and its colon.
    #[inline]
    fn member_start(&mut self, byte: Option<u8>, fresh: bool) -> Result<(), Malformed> {
        match byte {
            Some(b'"') => self.key()?,
            Some(_) if fresh => return self.fail(Reason::ExpectedKeyOrClose),
            Some(_) => return self.fail(Reason::ExpectedKey),
            None => return self.ends_in_container(),
        }
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return self.fail(Reason::ExpectedColon),
            None => return self.ends_in_container(),
        }
        Ok(())
    }

    /// What closes the innermost container.
    #[inline]
    fn closing(&self) -> u8 {
        if self.in_object { b'}' } else { b']' }
    }

    #[cold]
    fn ends_in_container(&self) -> Result<(), Malformed> {
        self.fail(if self.in_object { Reason::EndsInObject } else { Reason::EndsInArray })
    }

    fn open(&mut self, object: bool) -> Result<(), Malformed> {
        if self.depth >= self.limits.depth {
            return self.fail(Reason::TooDeep { limit: self.limits.depth });
        }
        let (word, bit) = kind_bit(self.depth);
        self.kinds[word] = if object { self.kinds[word] | bit } else { self.kinds[word] & !bit };
        self.depth += 1;
        self.in_object = object;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
        let (word, bit) = kind_bit(self.depth.saturating_sub(1));
        self.in_object = self.kinds[word] & bit != 0;
    }

    /// Reads a key. Too long a key is a problem at its first character too many, even where the key goes wrong later.
    #[inline]
    fn key(&mut self) -> Result<(), Malformed> {
        let start = self.at + 1;
        let read = self.string();
        let end = read.map_or_else(|malformed| malformed.offset, |()| self.at - 1);
        let limit = self.limits.key_chars;
        // A key never has more code units than bytes.
        if end.saturating_sub(start) > limit
            && let Some(excess) = code_unit_offset(&self.text[start..end], limit)
        {
            self.at = start + excess;
            return self.fail(Reason::KeyTooLong { limit });
        }
        read
    }

    /// Reads a string from its opening quote.
    #[inline]
    fn string(&mut self) -> Result<(), Malformed> {
        self.at += 1;
        loop {
            self.at = string_stop(self.text, self.at);
            match self.text.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(_) => return self.fail(Reason::ControlCharacter),
                None => return self.fail(Reason::EndsInString),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        self.at += 1;
        match self.text.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.text.get(self.at) {
                        Some(digit) if digit.is_ascii_hexdigit() => self.at += 1,
                        Some(_) => return self.fail(Reason::ExpectedHexDigit),
                        None => return self.fail(Reason::EndsInString),
                    }
                }
            }
            Some(_) => return self.fail(Reason::UnknownEscape),
            None => return self.fail(Reason::EndsInString),
        }
        Ok(())
    }

    /// Reads a number. As with a key, its first digit too many comes before whatever is wrong behind it.
    #[inline]
    fn number(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        let read = self.number_parts();
        let limit = self.limits.number_digits;
        if self.at - start > limit {
            let mut digits = (start..self.at).filter(|&at| self.text[at].is_ascii_digit());
            if let Some(excess) = digits.nth(limit) {
                self.at = excess;
                return self.fail(Reason::NumberTooLong { limit });
            }
        }
        read
    }

    #[inline]
    fn number_parts(&mut self) -> Result<(), Malformed> {
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
            if self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
                return self.fail(Reason::LeadingZero);
            }
        } else {
            self.digits()?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Reads one digit or more.
    #[inline]
    fn digits(&mut self) -> Result<(), Malformed> {
        match self.text.get(self.at) {
            Some(b'0'..=b'9') => {}
            Some(_) => return self.fail(Reason::ExpectedDigit),
            None => return self.fail(Reason::EndsInNumber),
        }
        while let Some(b'0'..=b'9') = self.text.get(self.at) {
            self.at += 1;
        }
        Ok(())
    }

    /// Reads `word`. What follows it needs no look: a letter there is no comma and no closing bracket.
    fn literal(&mut self, word: &[u8]) -> Result<(), Malformed> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        let same = self.text[self.at..].iter().zip(word).take_while(|(have, want)| have == want);
        self.at += same.count();
        self.fail(if self.at == self.text.len() { Reason::EndsInLiteral } else { Reason::UnknownLiteral })
    }

    /// The next byte that is not white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// The error for a problem at the byte the reader stands at.
    #[cold]
    fn fail<T>(&self, reason: Reason) -> Result<T, Malformed> {
        Err(Malformed { offset: self.at, reason })
    }
}

/// Where the kind of the container with `outer` containers around it is kept.
fn kind_bit(outer: usize) -> (usize, u64) {
    // The mask changes nothing: `open` keeps `outer` below `MAX_DEPTH`. It lets the bounds check go.
    (outer / 64 % (RecordLimits::MAX_DEPTH / 64), 1 << (outer % 64))
}

/// Where in the text of a key its code unit number `limit` (from 0) starts, if there is one. The text may end
/// inside an escape, but not inside a character.
#[cold]
fn code_unit_offset(key: &[u8], limit: usize) -> Option<usize> {
    let (mut at, mut units) = (0, 0);
    while let Some(&byte) = key.get(at) {
        let (bytes, more) = match byte {
            b'\\' if key.get(at + 1) == Some(&b'u') => (6, 1),
            b'\\' => (2, 1),
            0x00..=0x7F => (1, 1),
            0x80..=0xDF => (2, 1),
            0xE0..=0xEF => (3, 1),
            0xF0..=0xFF => (4, 2),
        };
        units += more;
        if units > limit {
            return Some(at);
        }
        at += bytes;
    }
    None
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Eight bytes of `text` at `at`, the first in the low byte.
#[inline]
pub(crate) fn word_at(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// The high bit of every byte of `word` that is `byte`. A bit above the lowest one may be false.
#[inline]
pub(crate) fn bytes_equal(word: u64, byte: u8) -> u64 {
    let zero = word ^ (LOW * u64::from(byte));
    zero.wrapping_sub(LOW) & !zero & HIGH
}

/// The same for bytes below 0x20.
#[inline]
fn bytes_control(word: u64) -> u64 {
    word.wrapping_sub(LOW * 0x20) & !word & HIGH
}

#[inline]
fn stops_string(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// The first byte from `from` on that an ordinary stretch of a string ends at: a quote, a backslash, a control
/// character, or the end of `text`.
#[inline]
pub(crate) fn string_stop(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = word_at(text, at) {
        let stops = bytes_equal(word, b'"') | bytes_equal(word, b'\\') | bytes_control(word);
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
        if at - from == 32 {
            at = skip_blocks(text, at);
        }
    }
    let tail = text.get(at..).unwrap_or_default();
    at + tail.iter().position(|&byte| stops_string(byte)).unwrap_or(tail.len())
}

/// Passes whole blocks that have nothing of interest to [`string_stop`].
// PERF: the fold without an early way out is what the compiler turns into vector compares.
#[inline(never)]
fn skip_blocks(text: &[u8], mut at: usize) -> usize {
    while let Some(block) = text.get(at..).and_then(|rest| rest.first_chunk::<32>()) {
        if block.iter().fold(0, |stops, &byte| stops | u8::from(stops_string(byte))) != 0 {
            break;
        }
        at += 32;
    }
    at
}

#[cfg(test)]
pub(crate) mod tests {
    use serde::de::IgnoredAny;

    use super::*;

    /// Numbers that look random and are the same in every run with one seed (SplitMix64).
    pub(crate) struct Random(pub(crate) u64);

    impl Random {
        pub(crate) fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (mixed ^ (mixed >> 31)) as usize % end
        }

        fn pick<T: Copy>(&mut self, from: &[T]) -> T {
            from[self.below(from.len())]
        }
    }

    /// A valid record within the default limits.
    pub(crate) fn record(random: &mut Random) -> Vec<u8> {
        let mut out = Vec::new();
        space(random, &mut out);
        push_container(random, &mut out, true, 4);
        space(random, &mut out);
        out
    }

    fn push_container(random: &mut Random, out: &mut Vec<u8>, object: bool, depth: usize) {
        out.push(if object { b'{' } else { b'[' });
        let len = random.below(4);
        for member in 0..len {
            space(random, out);
            if object {
                push_string(random, out);
                space(random, out);
                out.push(b':');
                space(random, out);
            }
            push_value(random, out, depth);
            space(random, out);
            if member + 1 < len {
                out.push(b',');
            }
        }
        space(random, out);
        out.push(if object { b'}' } else { b']' });
    }

    fn push_value(random: &mut Random, out: &mut Vec<u8>, depth: usize) {
        match random.below(8) {
            0 | 1 if depth > 0 => push_container(random, out, true, depth - 1),
            2 if depth > 0 => push_container(random, out, false, depth - 1),
            3 | 4 => {
                let numbers =
                    ["0", "-0", "7", "-12", "0.50", "1e9", "1E-07", "-2.25e+3", "1e400", "123456789012345678901"];
                out.extend_from_slice(random.pick(&numbers).as_bytes());
            }
            5 => out.extend_from_slice(random.pick(&["true", "false", "null"]).as_bytes()),
            _ => push_string(random, out),
        }
    }

    fn push_string(random: &mut Random, out: &mut Vec<u8>) {
        let pieces = [
            "a",
            "b",
            "key",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            " ",
            "\\\"",
            "\\\\",
            "\\/",
            "\\n",
            "\\u0041",
            "\\uD83D",
            "\\ude00",
            "\\uD83D\\uDE00",
            "é",
            "日",
            "😀",
            "\u{7f}",
            "\u{2028}",
            "eight or more",
            "0123456789abcdef",
            "a stretch that is longer than a block of the scan, so that it is left early",
        ];
        out.push(b'"');
        for _ in 0..random.below(5) {
            out.extend_from_slice(random.pick(&pieces).as_bytes());
        }
        out.push(b'"');
    }

    fn space(random: &mut Random, out: &mut Vec<u8>) {
        if random.below(3) == 0 {
            out.extend_from_slice(random.pick(&[" ", "\t", "\n", "\r\n", "          "]).as_bytes());
        }
    }

    /// Damages a record in one to three places, which often leaves it valid.
    pub(crate) fn mutate(random: &mut Random, record: &mut Vec<u8>) {
        let bytes =
            b"{}[]\",:\\ \n\t\x00\x1f\x20\x7f/ubtfnrx019-+.eE\x0b\x80\xbf\xc0\xc3\xa9\xe2\x82\xed\xa0\xef\xf0\x9f\xff";
        for _ in 0..=random.below(3) {
            let at = random.below(record.len() + 1);
            match random.below(8) {
                0 | 1 => record.insert(at, random.pick(bytes)),
                2 | 3 if at < record.len() => record[at] = random.pick(bytes),
                4 | 5 if at < record.len() => drop(record.remove(at)),
                6 => {
                    let end = record.len().min(at + random.below(12));
                    let again = record[at..end].to_vec();
                    let to = random.below(record.len() + 1);
                    record.splice(to..to, again);
                }
                7 if random.below(4) == 0 => record.truncate(at),
                _ => {}
            }
        }
    }

    fn checked(record: impl AsRef<[u8]>) -> Result<(), (usize, String)> {
        let result = check(record.as_ref(), &RecordLimits::default());
        result.map_err(|malformed| (malformed.offset(), malformed.to_string()))
    }

    #[track_caller]
    fn refused(record: impl AsRef<[u8]>, offset: usize, text: &str) {
        let record = record.as_ref();
        assert_eq!(checked(record), Err((offset, text.to_owned())), "{:?}", String::from_utf8_lossy(record));
    }

    /// What serde_json says; it finds no fault with lone surrogates and numbers that no float holds either.
    fn serde_accepts(record: &[u8]) -> Result<(), serde_json::Error> {
        serde_json::from_slice::<IgnoredAny>(record).map(drop)
    }

    fn reference_accepts(record: &[u8]) -> bool {
        std::str::from_utf8(record).is_ok_and(|text| text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{'))
            && serde_accepts(record).is_ok()
    }

    /// Holds a verdict against serde_json's, and an error's offset against what the text before it allows.
    fn compare(record: &[u8], whence: &dyn fmt::Display) {
        let limits = RecordLimits::default();
        let shown = || format!("{whence}: {:?}", String::from_utf8_lossy(record));
        let result = check(record, &limits);
        assert_eq!(result.is_ok(), reference_accepts(record), "{}: {result:?}", shown());
        let Err(Malformed { offset, reason }) = result else { return };

        // The text before the offset is still the start of some record ..
        match check(&record[..offset], &limits) {
            Ok(()) => assert!(matches!(reason, Reason::TrailingText | Reason::InvalidUtf8), "{}", shown()),
            Err(before) => {
                assert_eq!(before.offset, offset, "{}: {before:?}", shown());
                // serde_json calls a number that lacks a digit at the end wrong, not short.
                let digit = if before.reason == Reason::EndsInNumber { "0" } else { "" };
                let serde = serde_accepts(&[&record[..offset], digit.as_bytes()].concat());
                assert!(serde.as_ref().is_err_and(serde_json::Error::is_eof), "{}: {serde:?}", shown());
            }
        }
        // .. and the byte at it settles the matter.
        if let Some(byte) = record.get(offset).filter(|byte| byte.is_ascii()) {
            let with = check(&record[..=offset], &limits);
            assert_eq!(with, Err(Malformed { offset, reason }), "{}: {byte}", shown());
        }
    }

    fn compare_generated(seed: u64, rounds: usize) -> (usize, usize) {
        let mut random = Random(seed);
        let mut accepted = 0;
        for round in 0..rounds {
            let whence = format_args!("seed {seed:#x}, round {round}").to_string();
            let mut record = record(&mut random);
            assert_eq!(checked(&record), Ok(()), "{whence}: {:?}", String::from_utf8_lossy(&record));
            compare(&record, &whence);
            mutate(&mut random, &mut record);
            compare(&record, &whence);
            accepted += usize::from(checked(&record).is_ok());
        }
        (accepted, rounds - accepted)
    }

    #[test]
    fn agrees_with_serde_json_on_generated_records() {
        let (accepted, refused) = compare_generated(0x5EED, 4_000);
        assert!(accepted > 400 && refused > 400, "{accepted} accepted, {refused} refused");
    }

    #[test]
    #[ignore = "a million records; run by hand after a change"]
    fn agrees_with_serde_json_on_a_million_generated_records() {
        for seed in 1..=10 {
            println!("{:?}", compare_generated(seed, 100_000));
        }
    }

    #[test]
    fn agrees_with_serde_json_on_all_short_records() {
        let alphabet = b"{}[]\",:\\0-";
        for len in 0..=5_u32 {
            for mut number in 0..alphabet.len().pow(len) {
                let mut record = b"{".to_vec();
                for _ in 0..len {
                    record.push(alphabet[number % alphabet.len()]);
                    number /= alphabet.len();
                }
                compare(&record, &"short");
                compare(&[b"{\"\":", &record[1..], b"}"].concat(), &"short member");
            }
        }
    }

    #[test]
    fn accepts_every_form_of_json() {
        for record in [
            "{}",
            " \t\r\n{ \t\r\n} \t\r\n",
            r#"{"a":[],"b":{},"c":[[],{}],"":[1,"x",true,false,null]}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":[0,-0,0.0,-0.10,1e5,1E+5,1e-05,120,1e309,123456789012345678901234567890]}"#,
            r#"{"a":"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"}"#,
            r#"{"\ud83d":"\ud83d","b":"\ude00\ud83d x"}"#,
            "{\"a\":\"\u{7f}\u{80}é\u{2028}\u{FEFF}😀\"}",
        ] {
            assert_eq!(checked(record), Ok(()), "{record}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        refused("", 0, "the record is empty");
        refused(" \n ", 3, "the record is empty");
        refused("\u{FEFF}{}", 0, "a byte order mark before the record");
        refused(" \u{FEFF}{}", 1, "the record is not a JSON object");
        for record in [" []", " \"x\"", " 1", " null", " true", " }", " x", " é"] {
            refused(record, 1, "the record is not a JSON object");
        }
        refused("{", 1, "the record ends inside an object");
        refused("{,", 1, "expected a key or '}' after '{'");
        refused("{'a':1}", 1, "expected a key or '}' after '{'");
        refused("{]", 1, "expected a key or '}' after '{'");
        refused("{1:2}", 1, "expected a key or '}' after '{'");
        refused("{//\n}", 1, "expected a key or '}' after '{'");
        refused(r#"{"a"}"#, 4, "expected ':' after a key");
        refused(r#"{"a" 1}"#, 5, "expected ':' after a key");
        refused(r#"{"a""#, 4, "the record ends inside an object");
        refused(r#"{"a":"#, 5, "the record ends inside an object");
        refused(r#"{"a":}"#, 5, "expected a value");
        refused(r#"{"a":]"#, 5, "expected a value");
        refused(r#"{"a":NaN}"#, 5, "expected a value");
        refused(r#"{"a":+1}"#, 5, "expected a value");
        refused(r#"{"a":.5}"#, 5, "expected a value");
        refused(r#"{"a":True}"#, 5, "expected a value");
        refused("{\"a\":\u{B}1}", 5, "expected a value");
        refused("{\"a\":\u{A0}1}", 5, "expected a value");
        refused(r#"{"a":1"#, 6, "the record ends inside an object");
        refused(r#"{"a":1,"#, 7, "the record ends inside an object");
        refused(r#"{"a":1,}"#, 7, "expected a key after ','");
        refused(r#"{"a":1,,"b":2}"#, 7, "expected a key after ','");
        refused(r#"{"a":1 "b":2}"#, 7, "expected ',' or '}' in an object");
        refused(r#"{"a":1]"#, 6, "expected ',' or '}' in an object");
        refused(r#"{"a":["#, 6, "the record ends inside an array");
        refused(r#"{"a":[1"#, 7, "the record ends inside an array");
        refused(r#"{"a":[1,"#, 8, "the record ends inside an array");
        refused(r#"{"a":[,1]}"#, 6, "expected a value or ']' after '['");
        refused(r#"{"a":[}"#, 6, "expected a value or ']' after '['");
        refused(r#"{"a":[1,]}"#, 8, "expected a value");
        refused(r#"{"a":[1 2]}"#, 8, "expected ',' or ']' in an array");
        refused(r#"{"a":[1}"#, 7, "expected ',' or ']' in an array");
        refused(r#"{"a":[1:2]}"#, 7, "expected ',' or ']' in an array");
        refused("{} {}", 3, "only white space may follow the root object");
        refused("{}\0", 2, "only white space may follow the root object");
    }

    #[test]
    fn says_what_is_wrong_with_a_scalar() {
        refused(r#"{"a":tru}"#, 8, "expected true, false or null");
        refused(r#"{"a":nul"#, 8, "the record ends inside true, false or null");
        refused(r#"{"a":truex}"#, 9, "expected ',' or '}' in an object");
        refused(r#"{"a":null1}"#, 9, "expected ',' or '}' in an object");
        refused(r#"{"a":-}"#, 6, "expected a digit in a number");
        refused(r#"{"a":-x}"#, 6, "expected a digit in a number");
        refused(r#"{"a":1.}"#, 7, "expected a digit in a number");
        refused(r#"{"a":1.e5}"#, 7, "expected a digit in a number");
        refused(r#"{"a":1e}"#, 7, "expected a digit in a number");
        refused(r#"{"a":1e+}"#, 8, "expected a digit in a number");
        refused(r#"{"a":-"#, 6, "the record ends inside a number");
        refused(r#"{"a":1.5e-"#, 10, "the record ends inside a number");
        refused(r#"{"a":01}"#, 6, "number has a leading zero");
        refused(r#"{"a":-00}"#, 7, "number has a leading zero");
        refused(r#"{"a":0x1}"#, 6, "expected ',' or '}' in an object");
        refused(r#"{"a":1.2.3}"#, 8, "expected ',' or '}' in an object");
        refused(r#"{"a":1_000}"#, 6, "expected ',' or '}' in an object");
        refused(r#"{"a":"x"#, 7, "the record ends inside a string");
        refused(r#"{"a":"x\"#, 8, "the record ends inside a string");
        refused(r#"{"a":"x\u12"#, 11, "the record ends inside a string");
        refused(r#"{"a"#, 3, "the record ends inside a string");
        refused("{\"a\":\"line\nbreak\"}", 10, "control character in a string must be escaped");
        refused("{\"\0\":1}", 2, "control character in a string must be escaped");
        refused(r#"{"a":"\q"}"#, 7, "expected one of \" \\ / b f n r t u after a backslash");
        refused(r#"{"a":"\U0041"}"#, 7, "expected one of \" \\ / b f n r t u after a backslash");
        refused(r#"{"a":"\u00g0"}"#, 10, "expected four hexadecimal digits after \\u");
        refused(r#"{"a":"\u00"}"#, 10, "expected four hexadecimal digits after \\u");
    }

    #[test]
    fn the_first_problem_wins_over_bad_utf8() {
        refused(b"{\"a\":\"\xff\"}", 6, "invalid UTF-8");
        refused(b"{\"a\":\"\xc0\x80\"}", 6, "invalid UTF-8");
        refused(b"{\"a\":\"\xed\xa0\x80\"}", 6, "invalid UTF-8");
        refused(b"{\"a\":\"\xf4\x90\x80\x80\"}", 6, "invalid UTF-8");
        refused(b"{\"a\":\"\xe2\x82", 6, "invalid UTF-8");
        refused(b"{\"a\":\"\\\xff\"}", 7, "invalid UTF-8");
        refused(b"{\"a\":1\xff}", 6, "invalid UTF-8");
        refused(b"{}\xff", 2, "invalid UTF-8");
        refused(b"\xff\xfe{\0}\0", 0, "invalid UTF-8");
        refused(b"[\"\xff\"]", 0, "the record is not a JSON object");
        refused(b"{\"a\" \"\xff\"}", 5, "expected ':' after a key");
        refused(b"{\"a\":tru\xff}", 8, "invalid UTF-8");
        refused(b"{\"a\":trux\xff}", 8, "expected true, false or null");
        refused(b"{\"a\":\"\xff\"} x", 6, "invalid UTF-8");
    }

    #[test]
    fn a_string_may_stop_at_any_byte_of_a_block() {
        for len in 0..100 {
            let text = format!("{{\"{0}\":\"{0}", "é".repeat(len / 2) + &"x".repeat(len % 2));
            assert_eq!(checked(format!("{text}\"}}")), Ok(()));
            assert_eq!(checked(format!("{text}\\\"\"}}")), Ok(()));
            refused(format!("{text}\u{1f}\"}}"), text.len(), "control character in a string must be escaped");
            refused(&text, text.len(), "the record ends inside a string");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        // The root is the first level.
        let arrays = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        let objects = |levels: usize| format!("{}{{}}{}", "{\"a\":".repeat(levels - 1), "}".repeat(levels - 1));
        for levels in [1, 2, 63, 64, 65, 128, 129, 999, 1000] {
            assert_eq!(checked(objects(levels)), Ok(()));
            assert_eq!(checked(arrays(levels)), if levels == 1 { checked("{\"a\":}") } else { Ok(()) });
        }
        refused(arrays(1001), 5 + 999, "nested deeper than 1000 levels");
        refused(objects(1001), 5 * 1000, "nested deeper than 1000 levels");

        let limits = |depth| RecordLimits { depth, ..RecordLimits::default() };
        let at = |malformed: Malformed| (malformed.offset(), malformed.reason());
        let depth_of = |text: &str, depth| check(text.as_bytes(), &limits(depth)).map_err(at);
        assert_eq!(depth_of("{}", 0), Err((0, Reason::TooDeep { limit: 0 })));
        assert_eq!(depth_of("{\"a\":[]}", 1), Err((5, Reason::TooDeep { limit: 1 })));
        assert_eq!(depth_of("{\"a\":[],\"b\":[]}", 2), Ok(()));
        // More than the array of kinds can hold is not to be had.
        assert_eq!(depth_of(&arrays(1024), usize::MAX), Ok(()));
        assert_eq!(depth_of(&objects(1025), usize::MAX), Err((5 * 1024, Reason::TooDeep { limit: 1024 })));
    }

    #[test]
    fn kinds_of_containers_survive_nesting() {
        // Objects and arrays in turn, in a pattern that fits no word.
        let kinds: Vec<bool> = (0..1000).map(|level| level % 3 == 0 || level % 7 == 0).collect();
        let mut text = String::new();
        for &object in &kinds {
            text.push_str(if object { "{\"a\":" } else { "[" });
        }
        text.push('1');
        for (level, &object) in kinds.iter().enumerate().rev() {
            let (right, wrong) = if object { ("}", "]") } else { ("]", "}") };
            let expected = if object { "expected ',' or '}' in an object" } else { "expected ',' or ']' in an array" };
            if level % 50 == 0 {
                refused(format!("{text}{wrong}"), text.len(), expected);
            }
            text.push_str(right);
        }
        assert_eq!(checked(&text), Ok(()));
    }

    #[test]
    fn numbers_have_a_limit_of_digits() {
        let digits = |len| "7".repeat(len);
        let member = |number: &str| format!("{{\"a\":{number}}}");
        let too_long = "number has more than 1000 digits";
        assert_eq!(checked(member(&digits(1000))), Ok(()));
        assert_eq!(checked(member(&format!("-{}", digits(1000)))), Ok(()));
        refused(member(&digits(1001)), 5 + 1000, too_long);
        refused(member(&format!("-{}", digits(1001))), 6 + 1000, too_long);
        // Sign, point and exponent mark are no digits; the leading zero is one.
        assert_eq!(checked(member(&format!("-0.{}e-{}", digits(900), digits(99)))), Ok(()));
        refused(member(&format!("-0.{}e-{}", digits(900), digits(100))), 5 + 3 + 900 + 2 + 99, too_long);
        assert_eq!(checked(member(&format!("[{0},{0}]", digits(1000)))), Ok(()));
        // Whatever comes after the digit too many comes after it.
        refused(member(&format!("{}.x", digits(1001))), 5 + 1000, too_long);
        refused(format!("{{\"a\":{}", digits(1001)), 5 + 1000, too_long);
        refused(member(&format!("{}.x", digits(1000))), 5 + 1001, "expected a digit in a number");
    }

    #[test]
    fn keys_have_a_limit_of_code_units() {
        let too_long = "key has more than 50000 UTF-16 code units";
        let member = |key: &str| format!("{{\"{key}\":\"{key}\"}}");
        for (piece, units) in [("k", 1), ("é", 1), ("日", 1), ("😀", 2), ("\\n", 1), ("\\u0041", 1), ("\\uD83D", 1)]
        {
            let full = piece.repeat(50_000 / units);
            assert_eq!(checked(member(&full)), Ok(()), "{piece}");
            refused(member(&format!("{full}{piece}")), 2 + full.len(), too_long);
            refused(member(&format!("{full}x")), 2 + full.len(), too_long);
        }
        let full = "k".repeat(50_000);
        refused(format!("{{\"{full}k"), 2 + 50_000, too_long);
        refused(format!("{{\"{full}k\n\":1}}"), 2 + 50_000, too_long);
        refused(format!("{{\"{full}\n\":1}}"), 2 + 50_000, "control character in a string must be escaped");
        // A pair that begins within the limit and ends outside it.
        refused(member(&format!("{}😀", &full[1..])), 2 + 49_999, too_long);
        // A value's string is free.
        assert_eq!(checked(format!("{{\"a\":\"{full}{full}\"}}")), Ok(()));
    }

    #[test]
    fn hostile_records_cost_linear_time() {
        const LEN: usize = 20_000_000;
        let start = std::time::Instant::now();
        for len in [20_000, LEN] {
            refused(format!("{{\"a\":{}", "[".repeat(len)), 5 + 999, "nested deeper than 1000 levels");
        }
        refused(format!("{{\"a\":{}", "7".repeat(LEN)), 5 + 1000, "number has more than 1000 digits");
        refused(
            format!("{{\"{}", "\\u0041".repeat(LEN / 6)),
            2 + 6 * 50_000,
            "key has more than 50000 UTF-16 code units",
        );
        refused(format!("{{\"a\":\"{}", "\\\\".repeat(LEN / 2)), 6 + LEN, "the record ends inside a string");
        assert_eq!(checked(format!("{{\"a\":[{}0]}}", "[],".repeat(LEN / 3))), Ok(()));
        // Generous: a quarter of a second is usual; quadratic time would be hours.
        assert!(start.elapsed().as_secs() < 60);
    }
}
