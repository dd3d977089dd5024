//! Strings with escapes of one character, as SQS writes JSON in a body: read 64 bytes at a time.

use super::BLOCK_BYTES;
use super::scan::{BACKSLASH, Carry, RARE};
use super::simd::{Simd, Task};

/// What stands for a character behind a backslash; 0 for what is no such escape, and for `u`.
static ESCAPED: [u8; 256] = {
    let mut escaped = [0; 256];
    let (letters, bytes) = (b"\"\\/bfnrt", b"\"\\/\x08\x0C\n\r\t");
    let mut at = 0;
    while at < letters.len() {
        escaped[letters[at] as usize] = bytes[at];
        at += 1;
    }
    escaped
};

/// Reads `raw` into `out`, which must be longer by a block; how many bytes it is. `None` if some escape is not of one
/// character, or none at all.
pub(super) struct Unescape<'u> {
    pub(super) raw: &'u [u8],
    pub(super) out: &'u mut [u8],
}

impl Task for Unescape<'_> {
    type Output = Option<usize>;

    // To leave the backslashes out is nearly all there is to do: behind most stands what they stand for.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Option<usize> {
        let Unescape { raw, out } = self;
        let mut carry = Carry::default();
        let mut to = 0;
        let (whole, rest) = raw.as_chunks::<BLOCK_BYTES>();
        let mut last = [b' '; BLOCK_BYTES];
        last[..rest.len()].copy_from_slice(rest);
        let last_mask = (1_u64 << rest.len()) - 1;
        let blocks = whole.iter().map(|bytes| (bytes, !0_u64)).chain((!rest.is_empty()).then_some((&last, last_mask)));
        for (bytes, mask) in blocks {
            let room = out.get_mut(to..)?.first_chunk_mut::<BLOCK_BYTES>()?;
            let backslashes = simd.any(simd.lookup(simd.load(bytes), &RARE), BACKSLASH);
            if backslashes | carry.escape() == 0 {
                *room = *bytes;
                to += mask.count_ones() as usize;
                continue;
            }
            let (escaped, escaping) = carry.escapes(backslashes);
            if escaped & !mask != 0 {
                return None;
            }
            let keep = mask & !escaping;
            let len = simd.gather(bytes, keep, room) as usize;
            let mut letters = escaped;
            while letters != 0 {
                let at = letters.trailing_zeros();
                let byte = ESCAPED[usize::from(bytes[at as usize])];
                if byte == 0 {
                    return None;
                }
                room[(keep & ((1 << at) - 1)).count_ones() as usize % BLOCK_BYTES] = byte;
                letters &= letters - 1;
            }
            to += len;
        }
        (carry.escape() == 0).then_some(to)
    }
}

#[cfg(test)]
mod tests {
    use eventsieve_program::text;

    use super::super::unescape;
    use crate::isa::Isa;

    #[test]
    fn short_escapes_are_read_as_all_escapes() {
        let parts = [
            "",
            "a",
            "plain text of some length",
            "text that is longer than a block, so that there is one without any backslash in it, and some more of it",
            "\\\"",
            "\\\\",
            "\\/",
            "\\n",
            "\\b\\f\\r\\t",
            "\\\\\\\\\\\"",
            "é",
            "\\u00e9",
            "\\q",
            "\\",
        ];
        let mut storage = vec![b'x'; 3];
        let mut short_ones = 0;
        for [a, b] in parts.iter().flat_map(|a| parts.map(|b| [*a, b])) {
            for c in parts {
                let raw = format!("{a}{b}{a}{c}{b}{a}{c}");
                for from in (0..raw.len().min(70)).filter(|&from| raw.is_char_boundary(from)) {
                    let raw = &raw[from..];
                    let mut expected = Vec::new();
                    let is_right = text::unescape_into(raw.as_bytes(), &mut expected).is_ok();
                    for isa in Isa::available() {
                        match unescape(isa, raw.as_bytes(), &mut storage) {
                            Some(len) => {
                                assert!(is_right, "{raw}");
                                assert_eq!(storage[..len], expected, "{raw}");
                                short_ones += 1;
                            }
                            None => assert!(!is_right || raw.contains("\\u"), "{raw}"),
                        }
                    }
                }
            }
        }
        assert!(short_ones > 500, "{short_ones}");
    }
}
