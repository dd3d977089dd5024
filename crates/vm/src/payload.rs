//! Payloads: decoded into the scratch, told apart by format, and walked in place.
//!
//! Nothing is decoded that no filter looks at: the engine asks only where the trie has the payload's key.
//! JSON text is read like any record; it is never parsed into values or written again.

use eventsieve_program::View;
use eventsieve_program::text;

use crate::check::{RecordLimits, is_json_payload};
use crate::cursor::{Buffer, Located};
use crate::index::{self, Index};
use crate::index_walk::{IndexWalk, Until};
use crate::isa::Isa;
use crate::keys::Keys;
use crate::prefilter::{Adaptive, Prefilter};
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

/// Where a payload goes.
pub(crate) struct Placing<'e, 'p> {
    pub(crate) view: &'e View<'p>,
    /// For reading it by way of bitmaps.
    pub(crate) keys: Option<&'e Keys>,
    pub(crate) isa: Isa,
    pub(crate) limits: &'e RecordLimits,
    /// The node it is walked at.
    pub(crate) node: u32,
    pub(crate) buffer: Buffer,
    /// When to stop reading it before its end, if at all.
    pub(crate) until: Option<Until>,
    /// As [`IndexWalk::forbidden`].
    pub(crate) forbidden: u64,
}

/// Whether a payload that looks like a JSON object is taken for one without proof.
pub(crate) enum Belief<'b> {
    None,
    Json,
    /// And is not even walked if it has none of the literals.
    Literals(&'b Prefilter, &'b mut Adaptive),
}

/// What became of a payload.
pub(crate) struct Placed<'d> {
    /// Its decoded text.
    pub(crate) text: &'d [u8],
    pub(crate) format: PayloadFormat,
    /// That it is JSON is no more than believed.
    pub(crate) believed: bool,
    /// It has no literal and was not walked.
    pub(crate) unread: bool,
}

impl Placing<'_, '_> {
    /// Decodes a payload, into `storage` if it does not lie there as it is, and walks it at the node.
    pub(crate) fn place<'d>(
        &self,
        trail: &mut Trail,
        index: &mut Index,
        coded: Coded<'d>,
        storage: &'d mut Vec<u8>,
        belief: Belief<'_>,
    ) -> Placed<'d> {
        let undecodable = Placed { text: &[], format: PayloadFormat::Undecodable, believed: false, unread: false };
        let Some(text) = decode(self.isa, coded, storage) else { return undecodable };
        let mark = trail.mark();
        let walked = match text.trim_ascii_start().first() {
            Some(b'{') => {
                let believe = !matches!(belief, Belief::None);
                if let Belief::Literals(prefilter, adaptive) = belief
                    && !prefilter.admits(self.isa, text, adaptive)
                {
                    return Placed { text, format: PayloadFormat::Json, believed: true, unread: true };
                }
                self.walk_object(trail, index, text, believe)
            }
            Some(b'[') => self.walk_text(trail, text),
            _ => None,
        };
        if let Some(believed) = walked {
            return Placed { text, format: PayloadFormat::Json, believed, unread: false };
        }
        trail.take_back(mark);
        if std::str::from_utf8(text).is_err() {
            return undecodable;
        }
        let located = Located { buffer: self.buffer, escaped: false, start: 0, len: text.len() as u32 };
        push_scalar(self.view, trail, self.node, HitValue::String(located));
        Placed { text, format: PayloadFormat::Plain, believed: false, unread: false }
    }

    /// Walks an object, if it is one; whether that is believed.
    fn walk_object(&self, trail: &mut Trail, index: &mut Index, bytes: &[u8], believe: bool) -> Option<bool> {
        let Some(keys) = self.keys else { return self.walk_text(trail, bytes) };
        if believe {
            index::index(self.isa, bytes, index);
        } else if !index::is_valid(self.isa, bytes, self.limits, index) {
            return None;
        }
        let walk = IndexWalk {
            view: self.view,
            keys,
            text: bytes,
            buffer: self.buffer,
            blocks: index.blocks(),
            trail,
            root: self.node,
            until: self.until,
            forbidden: self.forbidden,
        };
        index::run(self.isa, walk).is_ok().then_some(believe)
    }

    fn walk_text(&self, trail: &mut Trail, bytes: &[u8]) -> Option<bool> {
        let text = std::str::from_utf8(bytes).ok()?;
        let is_json = is_json_payload(text, self.limits)
            && walk_at(self.view, &mut TextCursor::within(self.buffer, bytes), trail, self.node).is_ok();
        is_json.then_some(false)
    }
}

fn decode<'d>(isa: Isa, coded: Coded<'d>, storage: &'d mut Vec<u8>) -> Option<&'d [u8]> {
    let Coded { bytes, escaped, encoding } = coded;
    match encoding {
        Encoding::Plain if !escaped => Some(bytes),
        Encoding::Plain => {
            if let Some(len) = index::unescape(isa, bytes, storage) {
                return Some(&storage[..len]);
            }
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
