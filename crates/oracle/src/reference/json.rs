//! A strict JSON reader, one function for each rule of the grammar.
//!
//! Every occurrence of a repeated key is kept, numbers keep their spelling, and a lone surrogate written as an escape is
//! kept as the unit it is.

use std::ops::Range;

/// Text in UTF-16 units.
pub(crate) type Text = Vec<u16>;

/// Containers inside each other, the root included.
const DEPTH: usize = 1_000;
/// Digits of one number, those of its exponent included.
const NUMBER_DIGITS: usize = 1_000;
/// Characters of one key in the sense of Java: UTF-16 units, counted after unescaping.
const KEY_CHARS: usize = 50_000;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Object(Vec<(Text, Json)>),
    Array(Vec<Json>),
    Text(Text),
    /// The number as it is spelt.
    Number(String),
    /// `true`, `false` or `null`.
    Word(&'static str),
}

/// The members of the object that `bytes` spell, if they spell one object and nothing else.
pub(crate) fn read_object(bytes: &[u8]) -> Option<Vec<(Text, Json)>> {
    match read_container(bytes)? {
        Json::Object(members) => Some(members),
        _ => None,
    }
}

/// The object or array that `bytes` spell, if they spell one and nothing else.
pub(crate) fn read_container(bytes: &[u8]) -> Option<Json> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader { rest: text };
    reader.skip_space();
    if !reader.rest.starts_with(['{', '[']) {
        return None;
    }
    let value = reader.value(0)?;
    reader.skip_space();
    reader.rest.is_empty().then_some(value)
}

/// A value, with where it stands and where everything in it stands.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) range: Range<usize>,
    pub(crate) inside: Inside,
}

/// What is in a value.
#[derive(Debug, Clone)]
pub(crate) enum Inside {
    Members(Vec<Member>),
    Elements(Vec<Placed>),
    Scalar(Json),
}

/// A member of an object.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) key: Text,
    /// From the key's quote to the end of the value.
    pub(crate) range: Range<usize>,
    pub(crate) value: Placed,
}

/// The object that `bytes` spell, with places, under the conditions of [`read_object`].
pub(crate) fn place_object(bytes: &[u8]) -> Option<Placed> {
    read_object(bytes)?;
    let mut placer = Placer { len: bytes.len(), reader: Reader { rest: std::str::from_utf8(bytes).ok()? } };
    placer.value()
}

/// Reads once more what is known to be valid, looking at places only.
struct Placer<'a> {
    len: usize,
    reader: Reader<'a>,
}

impl Placer<'_> {
    /// Where the next thing begins that is no white space.
    fn start(&mut self) -> usize {
        self.reader.skip_space();
        self.at()
    }

    fn at(&self) -> usize {
        self.len - self.reader.rest.len()
    }

    fn value(&mut self) -> Option<Placed> {
        let start = self.start();
        let inside = if self.reader.take("{") {
            let mut members = Vec::new();
            while !self.closes("}") {
                let start = self.start();
                self.reader.take("\"");
                let key = self.reader.string()?;
                self.reader.skip_space();
                self.reader.take(":");
                let value = self.value()?;
                members.push(Member { key, range: start..value.range.end, value });
            }
            Inside::Members(members)
        } else if self.reader.take("[") {
            let mut elements = Vec::new();
            while !self.closes("]") {
                elements.push(self.value()?);
            }
            Inside::Elements(elements)
        } else {
            Inside::Scalar(self.reader.value(0)?)
        };
        Some(Placed { range: start..self.at(), inside })
    }

    /// Whether a container ends here; a comma is passed over.
    fn closes(&mut self, close: &str) -> bool {
        self.reader.skip_space();
        if self.reader.take(close) {
            return true;
        }
        self.reader.take(",");
        false
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// Takes `token` if it comes next.
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next()?;
        self.rest = chars.as_str();
        Some(next)
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.skip_space();
        if self.take("{") {
            return self.object(depth + 1);
        }
        if self.take("[") {
            return self.array(depth + 1);
        }
        if self.take("\"") {
            return Some(Json::Text(self.string()?));
        }
        for word in ["true", "false", "null"] {
            if self.take(word) {
                return Some(Json::Word(word));
            }
        }
        self.number()
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        let mut members = Vec::new();
        if depth > DEPTH {
            return None;
        }
        self.skip_space();
        if self.take("}") {
            return Some(Json::Object(members));
        }
        loop {
            self.skip_space();
            if !self.take("\"") {
                return None;
            }
            let key = self.string()?;
            if key.len() > KEY_CHARS {
                return None;
            }
            self.skip_space();
            if !self.take(":") {
                return None;
            }
            members.push((key, self.value(depth)?));
            self.skip_space();
            if self.take("}") {
                return Some(Json::Object(members));
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Json> {
        let mut elements = Vec::new();
        if depth > DEPTH {
            return None;
        }
        self.skip_space();
        if self.take("]") {
            return Some(Json::Array(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            self.skip_space();
            if self.take("]") {
                return Some(Json::Array(elements));
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    /// The rest of a string whose opening quote is taken.
    fn string(&mut self) -> Option<Text> {
        let mut text = Text::new();
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                control if control < ' ' => return None,
                plain => text.extend_from_slice(plain.encode_utf16(&mut [0; 2])),
            }
        }
    }

    fn escape(&mut self) -> Option<u16> {
        Some(match self.next()? {
            'b' => 0x08,
            't' => 0x09,
            'n' => 0x0a,
            'f' => 0x0c,
            'r' => 0x0d,
            same @ ('"' | '\\' | '/') => same as u16,
            'u' => {
                let mut unit = 0;
                for _ in 0..4 {
                    unit = unit * 16 + self.next()?.to_digit(16)? as u16;
                }
                unit
            }
            _ => return None,
        })
    }

    fn number(&mut self) -> Option<Json> {
        let all = self.rest;
        self.take("-");
        if !self.take("0") {
            self.digits()?;
        }
        if self.take(".") {
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            self.digits()?;
        }
        let spelling = &all[..all.len() - self.rest.len()];
        let digits = spelling.bytes().filter(u8::is_ascii_digit).count();
        (digits <= NUMBER_DIGITS).then(|| Json::Number(spelling.to_owned()))
    }

    /// One or more digits.
    fn digits(&mut self) -> Option<()> {
        let rest = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let some = rest.len() < self.rest.len();
        self.rest = rest;
        some.then_some(())
    }
}

/// The UTF-16 units of a text known here.
pub(crate) fn text(known: &str) -> Text {
    known.encode_utf16().collect()
}
