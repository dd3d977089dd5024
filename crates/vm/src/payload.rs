//! Payloads: decoded into the scratch, told apart by format, and walked in place.
//!
//! Nothing is decoded that no filter looks at: the engine asks only where the trie has the payload's key.
//! JSON text is read like any record; it is never parsed into values or written again.

use eventsieve_program::View;
use eventsieve_program::text;

use crate::check::{RecordLimits, is_json_payload};
use crate::cursor::{Buffer, Located};
use crate::text_cursor::TextCursor;
use crate::view::{Encoded, Encoding, PayloadFormat};
use crate::walk::{HitValue, Trail, push_scalar, walk_at};

/// Bytes of a payload as they stand in a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coded<'r> {
    pub(crate) bytes: &'r [u8],
    /// Whether JSON escapes are still to be read.
    pub(crate) escaped: bool,
    pub(crate) encoding: Encoding,
}

impl<'r> Coded<'r> {
    /// Bytes that a caller handed over.
    pub(crate) fn given(given: Encoded<'r>) -> Coded<'r> {
        Coded { bytes: given.bytes, escaped: false, encoding: given.encoding }
    }
}

/// Decodes a payload and walks it at `node`. `decoded` is then its text, in `storage` or where it stood.
#[allow(clippy::too_many_arguments, reason = "buffers of one scratch, borrowed apart")]
pub(crate) fn place<'d>(
    view: &View<'_>,
    trail: &mut Trail,
    node: u32,
    buffer: Buffer,
    coded: Coded<'d>,
    storage: &'d mut Vec<u8>,
    decoded: &mut &'d [u8],
    limits: &RecordLimits,
) -> PayloadFormat {
    let Some(bytes) = decode(coded, storage) else { return PayloadFormat::Undecodable };
    let Ok(text) = std::str::from_utf8(bytes) else { return PayloadFormat::Undecodable };
    *decoded = bytes;
    let opens = matches!(text.trim_ascii_start().as_bytes().first(), Some(b'{' | b'['));
    if opens
        && is_json_payload(text, limits)
        && walk_at(view, &mut TextCursor::within(buffer, bytes), trail, node).is_ok()
    {
        return PayloadFormat::Json;
    }
    let located = Located { buffer, escaped: false, start: 0, len: bytes.len() as u32 };
    push_scalar(view, trail, node, HitValue::String(located));
    PayloadFormat::Plain
}

fn decode<'d>(coded: Coded<'d>, storage: &'d mut Vec<u8>) -> Option<&'d [u8]> {
    let Coded { bytes, escaped, encoding } = coded;
    match encoding {
        Encoding::Plain if !escaped => Some(bytes),
        Encoding::Plain => {
            storage.clear();
            text::unescape_into(bytes, storage).ok()?;
            Some(storage)
        }
        // Base64 has no need of escapes but JSON allows them (`\/`), so they are read first; then the
        // decoder works from the copy's first half into its second.
        Encoding::Base64 => {
            storage.clear();
            let start = if escaped {
                text::unescape_into(bytes, storage).ok()?;
                storage.len()
            } else {
                0
            };
            let len = base64_simd::STANDARD.estimated_decoded_length(if escaped { start } else { bytes.len() });
            storage.resize(start + len, 0);
            let (copy, out) = storage.split_at_mut(start);
            let coded = if escaped { &*copy } else { bytes };
            let written = base64_simd::STANDARD.decode(coded, base64_simd::Out::from_slice(out)).ok()?.len();
            storage.truncate(start + written);
            Some(&storage[start..])
        }
    }
}
