//! What a hostile sender does to a record, before and after it is written.

use super::rng::Rng;
use super::words::Vocabulary;
use crate::reference::json::{Json, text};

/// One change to a text. Places are taken modulo its length, so that shrinking cannot invalidate them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Damage {
    Truncate(usize),
    Delete(usize),
    Replace(usize, u8),
    Insert(usize, &'static [u8]),
    Append(&'static [u8]),
    Prepend(&'static [u8]),
}

/// Bytes that matter to a JSON reader.
const BYTES: &[u8] = b"\"\\{}[]:,0-.eE+ntf/ \n\x00\x1f\x7f\x80\xbf\xc0\xe2\xed\xf0\xff'";

/// Pieces that are wrong, or at least interesting, nearly everywhere.
const PIECES: [&[u8]; 30] = [
    b"\xff",
    b"\xc0\x80",
    b"\xc3",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xed\xb8\x80",
    b"\xf0\x9f\x98",
    b"\xf4\x90\x80\x80",
    b"\x80",
    b"\xf8",
    b"\0",
    b"\x1f",
    b"\n",
    b"\t",
    b"\\",
    b"\\x",
    b"\\u12",
    b"\\u12g4",
    b"\\ud83d",
    b"\"",
    b"'",
    b",",
    b"}",
    b"]",
    b"{",
    b"[",
    b"01",
    b"NaN",
    b"//x\n",
    b"-",
];

const ENDS: [&[u8]; 14] = [
    b"x",
    b"\0",
    b"{}",
    b",",
    b"}",
    b"]",
    b"\"",
    b"\xef\xbb\xbf",
    b"\x0b",
    b"\xc2\xa0",
    b" \n\r\t",
    b"null",
    b"\x0c",
    b"\xe2\x80\xa8",
];

const FRONTS: [&[u8]; 6] = [b"\xef\xbb\xbf", b"x", b"\0", b" \n\r\t", b"[", b"\x0c"];

impl Damage {
    pub(super) fn random(rng: &mut Rng) -> Vec<Self> {
        (0..1 + rng.weighted(&[8, 2, 1])).map(|_| Self::one(rng)).collect()
    }

    fn one(rng: &mut Rng) -> Self {
        // A large prime range: any place in any text we write, modulo its length.
        let place = rng.below(1_000_003);
        match rng.weighted(&[2, 3, 4, 4, 2, 1]) {
            0 => Damage::Truncate(place),
            1 => Damage::Delete(place),
            2 => Damage::Replace(place, rng.pick(BYTES)),
            3 => Damage::Insert(place, rng.pick(&PIECES)),
            4 => Damage::Append(rng.pick(&ENDS)),
            _ => Damage::Prepend(rng.pick(&FRONTS)),
        }
    }

    fn apply(&self, text: &mut Vec<u8>) {
        let within = |place: &usize| place % text.len().max(1);
        match self {
            Damage::Truncate(place) => text.truncate(within(place)),
            Damage::Delete(place) if !text.is_empty() => {
                text.remove(within(place));
            }
            Damage::Replace(place, byte) if !text.is_empty() => {
                let place = within(place);
                text[place] = *byte;
            }
            Damage::Delete(_) | Damage::Replace(..) => {}
            Damage::Insert(place, piece) => {
                let place = within(place);
                text.splice(place..place, piece.iter().copied());
            }
            Damage::Append(piece) => text.extend_from_slice(piece),
            Damage::Prepend(piece) => {
                text.splice(0..0, piece.iter().copied());
            }
        }
    }
}

pub(super) fn apply(damage: &[Damage], mut text: Vec<u8>) -> Vec<u8> {
    for damage in damage {
        damage.apply(&mut text);
    }
    text
}

/// Puts something at a limit into a record: nesting, a long number, a long key. On either side of the limit.
pub(super) fn burden(rng: &mut Rng, vocabulary: &Vocabulary, record: &mut Json) {
    let Json::Object(members) = record else { return };
    let key = if rng.percent(50) { vocabulary.key(rng) } else { text("burden") };
    let member = match rng.weighted(&[10, 9, 1]) {
        0 => {
            // The root is one level of the thousand.
            let depth = rng.between(998, 1_001);
            let scalar = vocabulary.scalar(rng);
            let value = (0..depth).fold(scalar, |inner, level| {
                if level % 3 == 0 { Json::Object(vec![(text("a"), inner)]) } else { Json::Array(vec![inner]) }
            });
            (key, value)
        }
        1 => {
            let digits = rng.between(998, 1_001);
            let number = match rng.below(3) {
                0 => format!("1{}", "0".repeat(digits)),
                1 => format!("0.{}1", "0".repeat(digits - 1)),
                _ => format!("5.{}", "0".repeat(digits)),
            };
            (key, Json::Number(number))
        }
        _ => {
            let unit = rng.pick(&["k", "é", "😀"]);
            // The limit counts UTF-16 units.
            let unit_len = text(unit).len();
            (text(&unit.repeat(rng.between(49_999, 50_001).div_ceil(unit_len))), Json::Word("null"))
        }
    };
    members.insert(rng.below(members.len() + 1), member);
}
