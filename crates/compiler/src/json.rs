//! A spanned JSON reader: text in, a flat list of tokens out, and the first fault if there is one.
//!
//! What was read before a fault is kept, so that everything wrong with that part can be reported too. The
//! service reads tokens one by one and stops at the first problem, be it of syntax or of meaning. To
//! know which one that is, every fault and every error of [`crate::parse`] carries an *order*: the number
//! of the token after whose reading the service meets it, and a step within ([`SCAN`] to [`READ`]). Two
//! habits of its reader matter: with a key it also scans the beginning of the value, and the inside of a
//! string value is not looked at before someone asks for the text.
//!
//! Nothing here recurses. The default limits are those of the service's reader.

use std::fmt::Write;

use eventsieve_program::text;

use crate::ast::{Span, Text};
use crate::error::ErrorKind;
use crate::options::Limits;

/// Longest part of a wrong token that is repeated in a message.
const TOKEN_UNITS: usize = 256;
/// Longest part of the text that is repeated in a message.
const SNIPPET_UNITS: usize = 500;

const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// Step: the token was being scanned.
const SCAN: u64 = 0;
/// Step: the token was looked at.
const LOOK: u64 = 1;
/// Step: the text of a string token was decoded.
const DECODE: u64 = 2;
/// Step: the text of a string token was looked at.
const READ: u64 = 3;

/// The order of an error that needs token `at` but not its text.
pub(crate) fn looked_at(at: usize) -> u64 {
    at as u64 * 4 + LOOK + 4
}

/// The order of an error that needs the text of string token `at`.
pub(crate) fn read_at(at: usize) -> u64 {
    at as u64 * 4 + READ + 4
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ObjectStart,
    ObjectEnd,
    ListStart,
    ListEnd,
    Key,
    Str,
    Number,
    True,
    False,
    Null,
}

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// The token in the text; strings with their quotes.
    pub(crate) span: Span,
    /// For a start, the token that ends it; the token count where that is missing. Otherwise the token.
    pub(crate) close: usize,
}

/// Why reading stopped.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) span: Span,
    pub(crate) order: u64,
    /// In our words.
    pub(crate) message: String,
    /// In the words of the service's reader.
    pub(crate) reason: String,
}

/// A text as tokens.
#[derive(Debug)]
pub(crate) struct Document<'t> {
    pub(crate) text: &'t str,
    pub(crate) tokens: Vec<Token>,
    pub(crate) fault: Option<Fault>,
    /// Where the root value ends; what follows was not read.
    pub(crate) end: usize,
}

impl<'t> Document<'t> {
    /// Reads the first value of `text`.
    pub(crate) fn read(text: &'t str, limits: &Limits) -> Document<'t> {
        let bounds = Bounds {
            depth: limits.depth.min(Limits::MAX_DEPTH),
            number_digits: limits.number_digits,
            key_units: limits.key_chars,
        };
        let bytes = text.as_bytes();
        let mut reader = Reader { text, bytes, bounds, at: 0, tokens: Vec::new(), open: Vec::new(), call: 0 };
        let fault = reader.value().err().map(|fault| *fault);
        let count = reader.tokens.len();
        for level in &reader.open {
            reader.tokens[level.token].close = count;
        }
        Document { text, tokens: reader.tokens, fault, end: reader.at }
    }

    pub(crate) fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// The bytes of token `at`; the end of the text where there is none.
    pub(crate) fn span(&self, at: usize) -> Span {
        self.tokens.get(at).map_or(self.text.len()..self.text.len(), |token| token.span.clone())
    }

    /// The bytes of the whole value that begins at token `at`.
    pub(crate) fn value_span(&self, at: usize) -> Span {
        let start = self.span(at).start;
        match self.tokens.get(at).map(|token| token.close).and_then(|close| self.tokens.get(close)) {
            Some(last) => start..last.span.end,
            None => start..self.text.len(),
        }
    }

    /// The token after the whole value that begins at token `at`.
    pub(crate) fn after(&self, at: usize) -> usize {
        self.tokens.get(at).map_or(at, |token| token.close + 1)
    }

    /// The source spelling of token `at`.
    pub(crate) fn spelling(&self, at: usize) -> &'t str {
        self.text.get(self.span(at)).unwrap_or_default()
    }

    /// Whether the text of string token `at` could not be read to its end.
    pub(crate) fn is_cut(&self, at: usize) -> bool {
        at + 1 == self.tokens.len()
            && self.fault.as_ref().is_some_and(|fault| fault.order == at as u64 * 4 + DECODE + 4)
    }

    /// The bytes between the quotes of string or key token `at`.
    pub(crate) fn raw(&self, at: usize) -> &'t str {
        let spelling = self.spelling(at);
        spelling.get(1..spelling.len().saturating_sub(1)).unwrap_or_default()
    }

    /// The decoded text of string or key token `at`.
    pub(crate) fn decoded(&self, at: usize) -> Text {
        let mut out = Text::new();
        // A cut token has its fault already.
        let _ = text::unescape_into(self.raw(at).as_bytes(), &mut out);
        out
    }

    /// What stands after the root value but white space.
    pub(crate) fn trailing(&self) -> Option<Span> {
        let rest = &self.text[self.end..];
        let trailing = rest.trim_matches([' ', '\t', '\r', '\n']);
        let start = self.end + (rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len());
        (!trailing.is_empty()).then(|| start..start + trailing.len())
    }
}

/// Text for people, from text that may hold halves of surrogate pairs.
pub(crate) fn readable(wtf8: &[u8]) -> String {
    let mut out = Vec::with_capacity(wtf8.len());
    text::question_marks(wtf8, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

struct Level {
    is_object: bool,
    /// The token that opened it.
    token: usize,
    /// Whether a value was begun in it, so that a comma must come next.
    filled: bool,
}

struct Bounds {
    depth: usize,
    number_digits: usize,
    key_units: usize,
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    bounds: Bounds,
    at: usize,
    tokens: Vec<Token>,
    open: Vec<Level>,
    /// The token that the service's reader was asked for.
    call: usize,
}

// Boxed, so that the common way stays cheap.
type Scan<T> = Result<T, Box<Fault>>;

impl<'t> Reader<'t> {
    /// Reads one value.
    fn value(&mut self) -> Scan<()> {
        loop {
            self.call = self.tokens.len();
            let Some(mut byte) = self.skip_space()? else {
                return self.end_of_text();
            };
            if byte == b']' || byte == b'}' {
                self.close(byte)?;
            } else {
                if self.open.last_mut().is_some_and(|level| std::mem::replace(&mut level.filled, true)) {
                    byte = self.comma(byte)?;
                }
                if self.open.last().is_some_and(|level| level.is_object) {
                    byte = self.key(byte)?;
                }
                self.begin_value(byte)?;
            }
            if self.open.is_empty() {
                return Ok(());
            }
        }
    }

    fn fault<T>(&self, span: Span, message: impl Into<String>, reason: impl Into<String>) -> Scan<T> {
        self.fault_of(ErrorKind::Syntax, span, message, reason)
    }

    fn fault_of<T>(
        &self,
        kind: ErrorKind,
        span: Span,
        message: impl Into<String>,
        reason: impl Into<String>,
    ) -> Scan<T> {
        let order = self.call as u64 * 4 + SCAN + 4;
        Err(Box::new(Fault { kind, span, order, message: message.into(), reason: reason.into() }))
    }

    fn cut<T>(&self, message: &str, reason: &str) -> Scan<T> {
        let end = self.text.len();
        let reason = format!("Unexpected end-of-input{reason}");
        self.fault(end..end, format!("the pattern ends too early: {message}"), reason)
    }

    /// The character at a byte offset, and its bytes.
    fn char_at(&self, at: usize) -> (char, Span) {
        let char = self.text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or('\0');
        (char, at..(at + char.len_utf8()).min(self.text.len()))
    }

    fn unexpected<T>(&self, at: usize, message: &str, reason: &str) -> Scan<T> {
        let (char, span) = self.char_at(at);
        let reason = format!("Unexpected character ({}){reason}", describe(char));
        self.fault(span, format!("unexpected {}; {message}", shown(char)), reason)
    }

    /// The next byte that is no white space, without stepping over it.
    fn skip_space(&mut self) -> Scan<Option<u8>> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                0..=0x1f => {
                    let (char, span) = self.char_at(self.at);
                    let reason = format!(
                        "Illegal character ({}): only regular white space (\\r, \\n, \\t) is allowed between \
                         tokens",
                        describe(char)
                    );
                    return self.fault(span, "control characters are not allowed between values", reason);
                }
                b'/' => {
                    return self.unexpected(
                        self.at,
                        "comments are not allowed in JSON",
                        ": maybe a (non-standard) comment? (not recognized as one since Feature \
                         'ALLOW_COMMENTS' not enabled for parser)",
                    );
                }
                _ => return Ok(Some(byte)),
            }
        }
        Ok(None)
    }

    fn end_of_text(&self) -> Scan<()> {
        let Some(level) = self.open.last() else {
            return Ok(());
        };
        let (name, mark) = if level.is_object { ("Object", '}') } else { ("Array", ']') };
        let start = self.tokens[level.token].span.start;
        let reason = format!(": expected close marker for {name} (start marker at {})", self.location(start));
        self.cut(&format!("'{mark}' is missing for the '{}' of byte {start}", opening(mark)), &reason)
    }

    fn close(&mut self, byte: u8) -> Scan<()> {
        let is_object = byte == b'}';
        match self.open.last() {
            Some(level) if level.is_object == is_object => {
                let token = self.tokens.len();
                self.tokens[level.token].close = token;
                let kind = if is_object { Kind::ObjectEnd } else { Kind::ListEnd };
                self.push(kind, self.at..self.at + 1);
                self.at += 1;
                self.open.pop();
                Ok(())
            }
            level => {
                let expected = if is_object { ']' } else { '}' };
                let (place, start) = match level {
                    Some(level) => {
                        let name = if level.is_object { "Object" } else { "Array" };
                        let start = self.tokens[level.token].span.start;
                        (format!("{name} starting at {}", self.location(start)), Some(start))
                    }
                    None => (format!("root starting at {}", self.root_location()), None),
                };
                let byte = char::from(byte);
                let message = match start {
                    Some(start) => {
                        format!("unexpected '{byte}'; the '{}' of byte {start} is open", opening(expected))
                    }
                    None => format!("unexpected '{byte}'; nothing is open"),
                };
                let reason = format!("Unexpected close marker '{byte}': expected '{expected}' (for {place})");
                self.fault(self.at..self.at + 1, message, reason)
            }
        }
    }

    fn comma(&mut self, byte: u8) -> Scan<u8> {
        let is_object = self.open.last().is_some_and(|level| level.is_object);
        let (name, mark) = if is_object { ("Object", '}') } else { ("Array", ']') };
        if byte != b',' {
            let reason = format!(": was expecting comma to separate {name} entries");
            return self.unexpected(self.at, &format!("expected ',' or '{mark}'"), &reason);
        }
        self.at += 1;
        match self.skip_space()? {
            Some(byte) => Ok(byte),
            None => self.cut("something must follow ','", &format!(" within/between {name} entries")),
        }
    }

    /// Reads a key and its colon; answers with the first byte of the value.
    fn key(&mut self, byte: u8) -> Scan<u8> {
        if byte != b'"' {
            let message = match byte {
                b'\'' => "keys stand in double quotes",
                b',' => "expected a key",
                _ => "expected a key in double quotes",
            };
            return self.unexpected(self.at, message, ": was expecting double-quote to start field name");
        }
        let start = self.at;
        self.string(true)?;
        let span = start..self.at;
        let raw = &self.bytes[start + 1..self.at - 1];
        let most = self.bounds.key_units;
        if raw.len() > most {
            let mut decoded = Text::new();
            let _ = text::unescape_into(raw, &mut decoded);
            let units = text::utf16_units(&decoded).count();
            if units > most {
                return self.fault_of(
                    ErrorKind::KeyTooLong,
                    span,
                    format!("a key of {units} characters; the limit is {most}"),
                    format!(
                        "Name length ({units}) exceeds the maximum allowed ({most}, from \
                         `StreamReadConstraints.getMaxNameLength()`)"
                    ),
                );
            }
        }
        self.push(Kind::Key, span);
        match self.skip_space()? {
            Some(b':') => self.at += 1,
            Some(_) => {
                let reason = ": was expecting a colon to separate field name and value";
                return self.unexpected(self.at, "expected ':' after a key", reason);
            }
            None => return self.cut("expected ':' after a key", " within/between Object entries"),
        }
        match self.skip_space()? {
            Some(byte) => Ok(byte),
            None => self.cut("a value must follow ':'", " within/between Object entries"),
        }
    }

    /// Steps over a string. The fault of a value comes later than that of a key.
    fn string(&mut self, is_key: bool) -> Scan<()> {
        let (reason_end, name) = match is_key {
            true => (" in field name", "name"),
            false => (": was expecting closing quote for a string value", "string value"),
        };
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                None => return self.cut("a closing '\"' is missing", reason_end),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => {
                    let (char, span) = self.char_at(self.at);
                    let reason = format!(
                        "Illegal unquoted character ({}): has to be escaped using backslash to be included in \
                         {name}",
                        describe(char)
                    );
                    return self.fault(span, "control characters must be escaped in a string", reason);
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Scan<()> {
        let start = self.at;
        match self.bytes.get(start + 1) {
            None => self.cut("an escape is cut off", " in character escape sequence"),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => {
                for at in start + 2..start + 6 {
                    match self.bytes.get(at) {
                        None => return self.cut("an escape is cut off", " in character escape sequence"),
                        Some(byte) if byte.is_ascii_hexdigit() => {}
                        Some(_) => {
                            let reason = ": expected a hex-digit for character escape sequence";
                            let message = "expected four hexadecimal digits after '\\u'";
                            return self.unexpected(at, message, reason);
                        }
                    }
                }
                self.at = start + 6;
                Ok(())
            }
            Some(_) => {
                let (char, span) = self.char_at(start + 1);
                self.fault(
                    start..span.end,
                    format!("a backslash cannot stand before {}; write \"\\\\\" for a backslash", shown(char)),
                    format!("Unrecognized character escape {}", describe(char)),
                )
            }
        }
    }

    fn push(&mut self, kind: Kind, span: Span) {
        let close = self.tokens.len();
        self.tokens.push(Token { kind, span, close });
    }

    fn begin_value(&mut self, byte: u8) -> Scan<()> {
        let start = self.at;
        match byte {
            b'"' => {
                let token = self.tokens.len();
                let scanned = self.string(false);
                self.push(Kind::Str, start..self.at);
                scanned.map_err(|mut fault| {
                    fault.order = token as u64 * 4 + DECODE + 4;
                    fault
                })
            }
            b'{' | b'[' => self.begin_level(byte == b'{'),
            b't' => self.word("true", Kind::True),
            b'f' => self.word("false", Kind::False),
            b'n' => self.word("null", Kind::Null),
            b'-' | b'0'..=b'9' => self.number(),
            b'}' => self.unexpected(start, "expected a value", ": expected a value"),
            _ => self.odd_value(start),
        }
    }

    fn begin_level(&mut self, is_object: bool) -> Scan<()> {
        let most = self.bounds.depth;
        if self.open.len() >= most {
            // After a key, the level is only made when the value is asked for.
            self.call = self.tokens.len();
            return self.fault_of(
                ErrorKind::TooDeep,
                self.at..self.at + 1,
                format!("nested {} deep; the limit is {most}", most + 1),
                format!(
                    "Document nesting depth ({}) exceeds the maximum allowed ({most}, from \
                     `StreamReadConstraints.getMaxNestingDepth()`)",
                    most + 1
                ),
            );
        }
        self.open.push(Level { is_object, token: self.tokens.len(), filled: false });
        self.push(if is_object { Kind::ObjectStart } else { Kind::ListStart }, self.at..self.at + 1);
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str, kind: Kind) -> Scan<()> {
        let start = self.at;
        let matched = word.bytes().zip(&self.bytes[start..]).take_while(|(a, b)| a == *b).count();
        let (next, _) = self.char_at(start + matched);
        if matched < word.len() || (start + matched < self.text.len() && is_identifier_part(next)) {
            return self.unknown_word(start, start + matched);
        }
        self.at = start + matched;
        self.push(kind, start..self.at);
        Ok(())
    }

    /// A word that is no value: from `start`, where what lies before `known` is part of it in any case.
    fn unknown_word<T>(&self, start: usize, known: usize) -> Scan<T> {
        let mut word = self.text[start..known].to_owned();
        let mut end = known;
        for char in self.text[known..].chars() {
            if !is_identifier_part(char) {
                break;
            }
            word.push(char);
            end += char.len_utf8();
            if word.encode_utf16().count() >= TOKEN_UNITS {
                word.push_str("...");
                break;
            }
        }
        let message = format!("{} is no JSON value; strings stand in double quotes", crate::draw::quoted(&word));
        self.fault(start..end, message, format!("Unrecognized token '{word}': was expecting {VALUES}"))
    }

    fn odd_value(&mut self, at: usize) -> Scan<()> {
        let (char, span) = self.char_at(at);
        for name in ["NaN", "Infinity"] {
            if self.text[at..].starts_with(char) && name.starts_with(char) {
                let matched = name.bytes().zip(&self.bytes[at..]).take_while(|(a, b)| a == *b).count();
                let (next, _) = self.char_at(at + matched);
                if matched < name.len() || (at + matched < self.text.len() && is_identifier_part(next)) {
                    return self.unknown_word(at, at + matched);
                }
                let reason =
                    format!("Non-standard token '{name}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow");
                return self.fault(at..at + matched, format!("JSON has no number {name}"), reason);
            }
        }
        if char == '+' {
            return match self.bytes.get(at + 1) {
                None => self.cut("digits must follow a sign", " in a Number value"),
                Some(_) => self.fault(
                    span,
                    "numbers have no plus sign in JSON",
                    "Unexpected character ('+' (code 43)) in numeric value: JSON spec does not allow numbers to \
                     have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow",
                ),
            };
        }
        if is_identifier_start(char) {
            return self.unknown_word(at, at + char.len_utf8());
        }
        let message = match char {
            '\'' => "strings stand in double quotes",
            '.' => "a number begins with a digit",
            _ => "expected a value",
        };
        self.unexpected(at, message, &format!(": expected a valid value {VALUES}"))
    }

    fn in_number<T>(&self, at: usize, message: &str, reason: &str) -> Scan<T> {
        self.unexpected(at.min(self.text.len()), message, &format!(" in numeric value: {reason}"))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Scan<()> {
        let start = self.at;
        let negative = self.bytes[start] == b'-';
        self.at += usize::from(negative);
        match self.bytes.get(self.at) {
            None => return self.cut("digits must follow '-'", "No digit following sign"),
            Some(b'.') => return self.odd_value(self.at),
            Some(byte) if byte.is_ascii_digit() => {}
            Some(b'I') => {
                let reason = "Non-standard token '-Infinity': enable \
                              `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow";
                return self.fault(start..self.at + 1, "JSON has no infinite numbers", reason);
            }
            Some(_) => {
                let reason = "expected digit (0-9) to follow minus sign, for valid numeric value";
                return self.in_number(self.at, "digits must follow '-'", reason);
            }
        }
        if self.bytes[self.at] == b'0' && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) {
            let reason = "Invalid numeric value: Leading zeroes not allowed";
            return self.fault(start..self.at + 2, "a number does not begin with 0 and more digits", reason);
        }
        let mut digit_len = self.digits();
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            let fraction_len = self.digits();
            if fraction_len == 0 {
                // At the end of the text, the reader still holds the point.
                let at = if self.at == self.text.len() { self.at - 1 } else { self.at };
                let reason = "Decimal point not followed by a digit";
                return self.in_number(at, "digits must follow the decimal point", reason);
            }
            digit_len += fraction_len;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.at == self.text.len() {
                return self.cut("digits must follow the exponent", "expected a digit for number exponent");
            }
            let exponent_len = self.digits();
            if exponent_len == 0 {
                let reason = "Exponent indicator not followed by a digit";
                return self.in_number(self.at, "digits must follow the exponent", reason);
            }
            digit_len += exponent_len;
        }
        let most = self.bounds.number_digits;
        if digit_len > most {
            return self.fault_of(
                ErrorKind::NumberTooLong,
                start..self.at,
                format!("a number of {digit_len} digits; the limit is {most}"),
                format!(
                    "Number value length ({digit_len}) exceeds the maximum allowed ({most}, from \
                     `StreamReadConstraints.getMaxNumberLength()`)"
                ),
            );
        }
        if self.open.is_empty() && !matches!(self.bytes.get(self.at), None | Some(b' ' | b'\t' | b'\r' | b'\n')) {
            let reason = ": Expected space separating root-level values";
            return self.unexpected(self.at, "nothing may follow a value", reason);
        }
        self.push(Kind::Number, start..self.at);
        Ok(())
    }

    /// Where `start` is, as the service's reader prints it.
    fn location(&self, start: usize) -> String {
        let before = &self.text[..start];
        let line_start = before.rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let bytes = before.as_bytes();
        let newline = |at: usize| bytes[at] == b'\n' && (at == 0 || bytes[at - 1] != b'\r') || bytes[at] == b'\r';
        let line = 1 + (0..start).filter(|&at| newline(at)).count();
        let column = before[line_start..].encode_utf16().count() + 1;
        format!("[Source: {}; line: {line}, column: {column}]", self.snippet())
    }

    fn root_location(&self) -> String {
        format!("[Source: {}; line: 1, column: 0]", self.snippet())
    }

    fn snippet(&self) -> String {
        let units = self.text.encode_utf16().count();
        let mut out = String::from("(String)\"");
        let mut taken = 0;
        for char in self.text.chars() {
            taken += char.len_utf16();
            if taken > SNIPPET_UNITS {
                break;
            }
            match char {
                '\n' | '\r' => out.push(char),
                _ if char.is_control() => {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{:04X}", u32::from(char));
                }
                _ => out.push(char),
            }
        }
        out.push('"');
        if units > SNIPPET_UNITS {
            let _ = write!(out, "[truncated {} chars]", units - SNIPPET_UNITS);
        }
        out
    }
}

fn opening(closing: char) -> char {
    if closing == '}' { '{' } else { '[' }
}

/// A character as the service's reader prints it: by UTF-16 unit, so beyond U+FFFF only half of it.
fn describe(char: char) -> String {
    let unit = char.encode_utf16(&mut [0; 2])[0];
    let shown = char::from_u32(u32::from(unit)).unwrap_or('?');
    match unit {
        _ if shown.is_control() => format!("(CTRL-CHAR, code {unit})"),
        256.. => format!("'{shown}' (code {unit} / 0x{unit:x})"),
        _ => format!("'{shown}' (code {unit})"),
    }
}

/// A character in our own messages.
fn shown(char: char) -> String {
    match char {
        _ if char.is_control() => format!("control character U+{:04X}", u32::from(char)),
        ' '..='~' => format!("'{char}'"),
        _ if char.is_alphanumeric() => format!("'{char}'"),
        _ => format!("character U+{:04X}", u32::from(char)),
    }
}

/// What Java lets a name begin with, nearly.
fn is_identifier_start(char: char) -> bool {
    u32::from(char) <= 0xffff && (char.is_alphabetic() || matches!(char, '_' | '$' | '¢'..='¥' | '€' | '‿'))
}

/// What Java lets a name go on with, nearly.
fn is_identifier_part(char: char) -> bool {
    is_identifier_start(char)
        || u32::from(char) <= 0xffff
            && (char.is_alphanumeric()
                || matches!(char, '\0'..='\u{8}' | '\u{e}'..='\u{1b}' | '\u{7f}'..='\u{9f}')
                || matches!(char, '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        Document::read(text, &Limits::none()).tokens.iter().map(|token| token.kind).collect()
    }

    fn fault(text: &str) -> (String, String) {
        let fault = Document::read(text, &Limits::none()).fault.unwrap_or_else(|| panic!("{text} is read"));
        (text[fault.span].to_owned(), fault.reason)
    }

    #[test]
    fn tokens_know_where_they_are_and_end() {
        let text = r#" {"a" : [1, {"b":null}], "c":"x"} y"#;
        let document = Document::read(text, &Limits::none());
        assert!(document.fault.is_none());
        assert_eq!(document.spelling(0), "{");
        assert_eq!(&text[document.value_span(0)], &text[1..text.len() - 2]);
        assert_eq!(document.spelling(1), "\"a\"");
        assert_eq!(&text[document.value_span(2)], r#"[1, {"b":null}]"#);
        assert_eq!(document.decoded(document.after(2)), b"c");
        assert_eq!(&text[document.trailing().unwrap()], "y");
        assert_eq!(Document::read("{} \r\n", &Limits::none()).trailing(), None);
    }

    #[test]
    fn what_came_before_a_fault_is_kept() {
        assert_eq!(kinds(r#"{"a":[1,tru"#), [Kind::ObjectStart, Kind::Key, Kind::ListStart, Kind::Number]);
        let document = Document::read(r#"{"a":["x"#, &Limits::none());
        assert_eq!(document.kind(3), Some(Kind::Str));
        assert!(document.is_cut(3));
        assert_eq!(document.after(0), 5);
        assert!(kinds("").is_empty() && Document::read("  ", &Limits::none()).fault.is_none());
    }

    #[test]
    fn faults_speak_like_the_reader_of_the_service() {
        for (text, at, reason) in [
            ("this is", "this", format!("Unrecognized token 'this': was expecting {VALUES}")),
            ("[Nan]", "Nan", format!("Unrecognized token 'Nan': was expecting {VALUES}")),
            ("[大]", "大", format!("Unrecognized token '大': was expecting {VALUES}")),
            (
                "[😀]",
                "😀",
                format!("Unexpected character ('?' (code 55357 / 0xd83d)): expected a valid value {VALUES}"),
            ),
        ] {
            assert_eq!(fault(text), (at.to_owned(), reason), "{text}");
        }
        for (text, at, reason) in [
            ("{'a'", "'", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
            (
                "{\"a\"1}",
                "1",
                "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
            ),
            ("{\"a\":}", "}", "Unexpected character ('}' (code 125)): expected a value"),
            ("{\"a\"", "", "Unexpected end-of-input within/between Object entries"),
            ("{\"a", "", "Unexpected end-of-input in field name"),
            ("[1,", "", "Unexpected end-of-input within/between Array entries"),
            ("[1 2]", "2", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries"),
            ("[\"a", "", "Unexpected end-of-input: was expecting closing quote for a string value"),
            (
                "[\"\\u12x\"]",
                "x",
                "Unexpected character ('x' (code 120)): expected a hex-digit for character escape sequence",
            ),
            ("[\"\\q\"]", "\\q", "Unrecognized character escape 'q' (code 113)"),
            (
                "[\"\n\"]",
                "\n",
                "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included \
                 in string value",
            ),
            (
                "[\u{1}]",
                "\u{1}",
                "Illegal character ((CTRL-CHAR, code 1)): only regular white space (\\r, \\n, \\t) is allowed between \
                 tokens",
            ),
            (
                "[13.",
                ".",
                "Unexpected character ('.' (code 46)) in numeric value: Decimal point not followed by a digit",
            ),
            (
                "[5.]",
                "]",
                "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed by a digit",
            ),
            ("[3e", "", "Unexpected end-of-inputexpected a digit for number exponent"),
            (
                "[3ex]",
                "x",
                "Unexpected character ('x' (code 120)) in numeric value: Exponent indicator not followed by a digit",
            ),
            (
                "[-x]",
                "x",
                "Unexpected character ('x' (code 120)) in numeric value: expected digit (0-9) to follow minus sign, for \
                 valid numeric value",
            ),
            ("[-01]", "-01", "Invalid numeric value: Leading zeroes not allowed"),
            ("[NaN]", "NaN", "Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"),
            (
                "{\"a\":\n [}",
                "}",
                "Unexpected close marker '}': expected ']' (for Array starting at [Source: (String)\"{\"a\":\n [}\"; \
                 line: 2, column: 2])",
            ),
            (
                "]",
                "]",
                "Unexpected close marker ']': expected '}' (for root starting at [Source: (String)\"]\"; line: 1, column: \
                 0])",
            ),
            ("1x", "x", "Unexpected character ('x' (code 120)): Expected space separating root-level values"),
        ] {
            assert_eq!(fault(text), (at.to_owned(), reason.to_owned()), "{text}");
        }
    }

    #[test]
    fn long_texts_are_shortened_in_reasons() {
        let reason = fault(&format!("[\"{}\"", "é".repeat(600))).1;
        assert!(reason.contains("é\"[truncated 103 chars]; line: 1, column: 1]"), "{reason}");
        assert!(fault(&"t".repeat(300)).1.contains("t...'"));
    }

    #[test]
    fn limits_are_those_of_the_reader() {
        let kind = |text: String| Document::read(&text, &Limits::none()).fault.map(|fault| fault.kind);
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(kind(nested(1000)), None);
        assert_eq!(kind(nested(1001)), Some(ErrorKind::TooDeep));
        let number = |digits: usize| format!("[0.{}]", "1".repeat(digits - 1));
        assert_eq!(kind(number(1000)), None);
        assert_eq!(kind(number(1001)), Some(ErrorKind::NumberTooLong));
        let key = |units: usize| format!("{{\"{}\":1}}", "\\u0041".repeat(units));
        assert_eq!(kind(key(50_000)), None);
        assert_eq!(kind(key(50_001)), Some(ErrorKind::KeyTooLong));
    }
}
