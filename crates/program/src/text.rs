//! JSON text and the bytes it stands for.
//!
//! Text is kept as *WTF-8*: UTF-8, except that half of a surrogate pair written alone (`"\ud83d"`) is kept
//! as its three bytes `ED A0..BF xx`. Two halves side by side are always joined. The reference compares
//! whole strings as UTF-16, where such a half is a unit like any other, but everything byte-wise sees `?`
//! in its place ([`question_marks`]).

use std::cmp::Ordering;

/// What [`unescape_into`] met on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unescaped {
    /// Whether half of a surrogate pair stands alone in the text.
    pub lone_surrogate: bool,
}

/// An escape that JSON does not have, or that is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EscapeError {
    /// Where its backslash is.
    pub offset: usize,
}

/// Appends to `out` the text that `raw`, the bytes between two quotes, stands for.
///
/// `raw` must be valid UTF-8 for the result to be WTF-8; whether it holds control characters is not looked
/// at here. Allocates only to grow `out`.
///
/// # Errors
/// On an escape that is no escape. What came before it has been appended by then.
pub fn unescape_into(raw: &[u8], out: &mut Vec<u8>) -> Result<Unescaped, EscapeError> {
    let mut lone_surrogate = false;
    let mut at = 0;
    while let Some(run) = raw[at..].iter().position(|&byte| byte == b'\\') {
        out.extend_from_slice(&raw[at..at + run]);
        at += run;
        let error = EscapeError { offset: at };
        let plain = match raw.get(at + 1).ok_or(error)? {
            byte @ (b'"' | b'\\' | b'/') => *byte,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let unit = read_unit(raw, at).ok_or(error)?;
                at += 6;
                let point = match (unit, read_unit(raw, at)) {
                    (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
                        at += 6;
                        0x1_0000 + ((u32::from(unit) - 0xd800) << 10) + (u32::from(low) - 0xdc00)
                    }
                    _ => u32::from(unit),
                };
                lone_surrogate |= (0xd800..=0xdfff).contains(&point);
                push_point(point, out);
                continue;
            }
            _ => return Err(error),
        };
        out.push(plain);
        at += 2;
    }
    out.extend_from_slice(&raw[at..]);
    Ok(Unescaped { lone_surrogate })
}

/// The unit of a `\uXXXX` that begins at `at`.
fn read_unit(raw: &[u8], at: usize) -> Option<u16> {
    let digits = raw.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)? as u16))
}

/// Appends a code point, surrogates included.
fn push_point(point: u32, out: &mut Vec<u8>) {
    match char::from_u32(point) {
        Some(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[0xed, 0x80 | (point >> 6 & 0x3f) as u8, 0x80 | (point & 0x3f) as u8]),
    }
}

/// Whether WTF-8 text holds half of a surrogate pair.
pub fn has_lone_surrogate(wtf8: &[u8]) -> bool {
    wtf8.windows(2).any(|pair| pair[0] == 0xed && pair[1] >= 0xa0)
}

/// Appends `wtf8` to `out`, with `?` for every half of a surrogate pair: what byte-wise tests see.
pub fn question_marks(wtf8: &[u8], out: &mut Vec<u8>) {
    let mut rest = wtf8;
    while let Some(at) = rest.windows(2).position(|pair| pair[0] == 0xed && pair[1] >= 0xa0) {
        out.extend_from_slice(&rest[..at]);
        out.push(b'?');
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// The UTF-16 units of WTF-8 text; halves of a pair as themselves.
pub fn utf16_units(wtf8: &[u8]) -> impl Iterator<Item = u16> {
    let mut rest = wtf8;
    let mut low = None;
    std::iter::from_fn(move || {
        if let Some(unit) = low.take() {
            return Some(unit);
        }
        let (&first, tail) = rest.split_first()?;
        let (len, bits) = match first {
            0x00..=0x7f => (0, u32::from(first)),
            0x80..=0xdf => (1, u32::from(first & 0x1f)),
            0xe0..=0xef => (2, u32::from(first & 0x0f)),
            _ => (3, u32::from(first & 0x07)),
        };
        let (continued, tail) = tail.split_at(len.min(tail.len()));
        rest = tail;
        let point = continued.iter().fold(bits, |point, &byte| point << 6 | u32::from(byte & 0x3f));
        match point.checked_sub(0x1_0000) {
            None => Some(point as u16),
            Some(above) => {
                low = Some(0xdc00 | (above & 0x3ff) as u16);
                Some(0xd800 | (above >> 10 & 0x3ff) as u16)
            }
        }
    })
}

/// Compares by UTF-16 units, as Java sorts paths. Differs from the order of the bytes only between
/// characters above U+FFFF and those from U+E000 to U+FFFF.
pub fn cmp_utf16(a: &[u8], b: &[u8]) -> Ordering {
    utf16_units(a).cmp(utf16_units(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unescaped(raw: &str) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let lone = unescape_into(raw.as_bytes(), &mut out).unwrap().lone_surrogate;
        (out, lone)
    }

    #[test]
    fn every_escape_is_read() {
        let (text, lone) = unescaped(r#"a\"\\\/\b\f\n\r\té\u00e9\u0000\ud83d\ude00z"#);
        assert_eq!(str::from_utf8(&text).unwrap(), "a\"\\/\u{8}\u{c}\n\r\téé\0😀z");
        assert!(!lone);
        assert_eq!(unescaped(""), (Vec::new(), false));
    }

    #[test]
    fn halves_are_kept_and_pairs_joined() {
        assert_eq!(unescaped(r"\ud83d"), (vec![0xed, 0xa0, 0xbd], true));
        assert_eq!(unescaped(r"\uDE00x"), (vec![0xed, 0xb8, 0x80, b'x'], true));
        let (text, lone) = unescaped(r"\ud83d\ud83d\ude00");
        assert!(lone && has_lone_surrogate(&text));
        assert_eq!(text, [&[0xed, 0xa0, 0xbd], "😀".as_bytes()].concat());
        let mut seen = Vec::new();
        question_marks(&text, &mut seen);
        assert_eq!(seen, "?😀".as_bytes());
        assert!(!has_lone_surrogate("\u{d7ff}\u{e000}".as_bytes()));
        // Bytes of whole characters that half a pair has too.
        for whole in ["\u{d7ff}\u{e000}", "\u{d000}", "éç\u{a0}", "大\u{ac00}"] {
            seen.clear();
            question_marks(whole.as_bytes(), &mut seen);
            assert_eq!(seen, whole.as_bytes());
        }
    }

    #[test]
    fn a_bad_escape_is_pointed_at() {
        for (raw, offset) in [(r"ab\q", 2), (r"\", 0), (r"\u12", 0), (r"x\u12g4", 1), (r"\ud83d\u", 6), (r"\n\x41", 2)]
        {
            let error = unescape_into(raw.as_bytes(), &mut Vec::new()).unwrap_err();
            assert_eq!(error, EscapeError { offset }, "{raw}");
        }
    }

    #[test]
    fn units_are_those_of_utf16() {
        for text in ["", "aé大😀\u{10ffff}\u{ffff}z", "\0\u{7f}\u{80}\u{7ff}\u{800}"] {
            assert!(utf16_units(text.as_bytes()).eq(text.encode_utf16()), "{text:?}");
        }
        assert!(utf16_units(&[0xed, 0xa0, 0xbd, b'x']).eq([0xd83d, u16::from(b'x')]));
    }

    #[test]
    fn order_is_that_of_units() {
        assert_eq!(cmp_utf16("😀".as_bytes(), "\u{ff5e}".as_bytes()), Ordering::Less);
        assert_eq!(cmp_utf16(b"a", b"a.b"), Ordering::Less);
        assert_eq!(cmp_utf16("é".as_bytes(), "é".as_bytes()), Ordering::Equal);
        assert_eq!(cmp_utf16(b"b", b"a"), Ordering::Greater);
    }
}
