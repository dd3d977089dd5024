//! Structure to text, plain or in an odd but legal spelling.

use super::rng::Rng;
use crate::reference::json::{Json, Text};

/// The text of a value. With a seed, white space and escapes are sprinkled over it.
pub(super) fn write(json: &Json, spelling: Option<u64>) -> Vec<u8> {
    let mut rng = Rng::new(spelling.unwrap_or(0));
    let (space, escape) = match spelling {
        Some(_) => (rng.pick(&[0, 5, 25]), rng.pick(&[0, 5, 30])),
        None => (0, 0),
    };
    let mut writer = Writer { rng, space, escape, out: Vec::new() };
    writer.space();
    writer.value(json);
    writer.space();
    writer.out
}

struct Writer {
    rng: Rng,
    /// Per cent of gaps with white space in them.
    space: usize,
    /// Per cent of characters escaped without need.
    escape: usize,
    out: Vec<u8>,
}

impl Writer {
    fn space(&mut self) {
        while self.space > 0 && self.rng.percent(self.space) {
            let byte = self.rng.pick(b" \t\r\n  ");
            self.out.push(byte);
        }
    }

    /// A mark with room on both sides.
    fn mark(&mut self, mark: u8) {
        self.space();
        self.out.push(mark);
        self.space();
    }

    fn value(&mut self, json: &Json) {
        match json {
            Json::Object(members) => {
                self.mark(b'{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        self.mark(b',');
                    }
                    self.string(key);
                    self.mark(b':');
                    self.value(value);
                }
                self.mark(b'}');
            }
            Json::Array(elements) => {
                self.mark(b'[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        self.mark(b',');
                    }
                    self.value(element);
                }
                self.mark(b']');
            }
            Json::Text(text) => self.string(text),
            Json::Number(token) => self.out.extend_from_slice(token.as_bytes()),
            Json::Word(word) => self.out.extend_from_slice(word.as_bytes()),
        }
    }

    fn string(&mut self, text: &Text) {
        self.out.push(b'"');
        for unit in char::decode_utf16(text.iter().copied()) {
            let gratuitous = self.escape > 0 && self.rng.percent(self.escape);
            match unit {
                Err(lone) => self.unit(lone.unpaired_surrogate()),
                Ok(unit @ ('"' | '\\')) if !gratuitous => self.out.extend_from_slice(&[b'\\', unit as u8]),
                Ok('\n') if !gratuitous => self.out.extend_from_slice(br"\n"),
                Ok('/') if gratuitous => self.out.extend_from_slice(br"\/"),
                Ok(unit) if gratuitous || unit < ' ' => {
                    for half in unit.encode_utf16(&mut [0; 2]) {
                        self.unit(*half);
                    }
                }
                Ok(unit) => self.out.extend_from_slice(unit.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.out.push(b'"');
    }

    fn unit(&mut self, unit: u16) {
        let escape = if self.rng.percent(50) { format!("\\u{unit:04x}") } else { format!("\\u{unit:04X}") };
        self.out.extend_from_slice(escape.as_bytes());
    }
}
