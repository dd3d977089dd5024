//! The walk over bitmaps: from an indexed record to the list of hits, reading only what leads somewhere.
//!
//! The answers are those of [`crate::walk`] on a text cursor, on every valid record. **Nothing is taken on trust**: on
//! any other bytes the walk ends (each step consumes a bit) and finds something or other, which counts for nothing
//! because a match is only reported after the whole record was checked.
//!
//! Inside an object all that matters are colons, up to the next bracket: the key before each is compared backwards with the
//! keys that lead on ([`crate::keys`]). An opening bracket that no such key announced is skipped by counting. Inside an
//! array the first bytes of scalars matter, and only if scalars are asked for there.

use eventsieve_program::View;
use eventsieve_program::format::NONE;
use eventsieve_program::text;

use crate::cursor::{Buffer, Located, is_space};
use crate::index::{BLOCK_BYTES, Block, Simd, Task};
use crate::keys::{Key, Keys, Lead, NEAR, NodeKeys};
use crate::walk::{Deferred, Found, Frame, Hit, HitValue, Lost, Trail};

/// Walks the text that `blocks` were made of.
pub(crate) struct IndexWalk<'w, 'p> {
    pub(crate) view: &'w View<'p>,
    pub(crate) keys: &'w Keys,
    pub(crate) text: &'w [u8],
    /// Which of the evaluation's buffers `text` is.
    pub(crate) buffer: Buffer,
    pub(crate) blocks: &'w [Block],
    pub(crate) trail: &'w mut Trail,
    /// The node that the outermost container stands at. At 0 it must be an object.
    pub(crate) root: u32,
    /// When to stop before the end, if at all.
    pub(crate) until: Option<Until>,
    /// Leaves that every filter wants absent, one bit each: to meet one is to stop.
    pub(crate) forbidden: u64,
}

/// All that is asked about in a text whose keys are not repeated: once it was met, the rest is of no interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Until {
    /// One bit a leaf.
    pub(crate) leaves: u64,
    /// The payload, and the member beside it.
    pub(crate) payload: bool,
    pub(crate) beside: bool,
}

impl Task for IndexWalk<'_, '_> {
    type Output = Result<Deferred, Lost>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Result<Deferred, Lost> {
        Reader { walk: self, deferred: Deferred::default(), seen: 0 }.run(simd)
    }
}

/// All that does not change from block to block.
struct Reader<'w, 'p> {
    walk: IndexWalk<'w, 'p>,
    deferred: Deferred,
    /// The leaves met so far, where that matters.
    seen: u64,
}

/// What is announced at a place: a container there is entered.
#[derive(Clone, Copy)]
struct Pending {
    at: usize,
    lead: Lead,
}

impl Pending {
    const NOTHING: Pending = Pending { at: usize::MAX, lead: Lead::Lift };
}

/// The bits that are still to be looked at.
#[derive(Clone, Copy)]
struct Rest {
    block: usize,
    above: u64,
}

/// Where a backslash would have to stand for one of the three bytes before a closing quote to be part of an escape, which has
/// at most six; and the quote itself.
const LAST_BYTES: u64 = !(!0 >> 9);

impl<'w> Reader<'w, '_> {
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) -> Result<Deferred, Lost> {
        let root = self.walk.root;
        let keys = self.walk.keys;
        let (text, blocks) = (self.walk.text, self.walk.blocks);
        let mut rest = Rest { block: 0, above: !0 };
        let first = rest.first_open(blocks)?;
        let array = text[first] == b'[';
        if root == 0 {
            if array {
                return Err(Lost);
            }
            self.walk.trail.start(root);
        } else {
            self.walk.trail.frames.clear();
            let outside = Frame { node: root, array: false, scope: false, number: 0 };
            self.walk.trail.enter(self.walk.view, root, array, outside);
        }
        let mut frame = self.walk.trail.frames.last().copied().ok_or(Lost)?;
        let mut node = keys.node_keys(frame.node);
        let mut pending = Pending::NOTHING;
        loop {
            let block = blocks.get(rest.block).ok_or(Lost)?;
            let brackets = (block.opens | block.closes) & rest.above;
            let first = brackets & brackets.wrapping_neg();
            let range = if brackets == 0 { rest.above } else { rest.above & (first - 1) };
            let base = rest.block * BLOCK_BYTES;
            if !frame.array {
                let mut colons = block.colons & range;
                if colons != 0 {
                    let before = rest.block.checked_sub(1).map(|before| &blocks[before]);
                    let (backslashes, quote) =
                        before.map_or((0, 0), |before| (before.backslashes, before.quotes >> 63));
                    // Colons that do not follow a quote at once.
                    let spaced = colons & !(block.quotes << 1 | quote);
                    let is_block_plain = spaced == 0 && node.longest as usize <= NEAR && !Keys::has_table(node);
                    while colons != 0 {
                        let place = colons.trailing_zeros();
                        let colon = base + place as usize;
                        colons &= colons - 1;
                        // Backslashes among the 64 bytes before; the topmost bit is the byte right before.
                        let near = if backslashes | block.backslashes == 0 {
                            0
                        } else {
                            let both = u128::from(backslashes) | u128::from(block.backslashes) << BLOCK_BYTES;
                            (both >> place) as u64
                        };
                        // PERF: all keys at once, and everything that a hit needs out of the way. To ask about all colons of
                        // a block before the first branch, one by one or in fours, gained nothing.
                        if is_block_plain
                            && near & LAST_BYTES == 0
                            && let Some(tail) = text[..colon].last_chunk::<4>()
                            && !simd.is_any(u32::from_le_bytes(*tail), &node.lanes)
                        {
                            continue;
                        }
                        let is_plain = is_block_plain && near == 0;
                        pending = self.key(node, colon, is_plain, pending)?;
                        if self.is_done() {
                            return Ok(self.deferred);
                        }
                    }
                }
            } else if node.leaf != NONE {
                let mut starts = block.starts & range;
                while starts != 0 {
                    let at = base + starts.trailing_zeros() as usize;
                    starts &= starts - 1;
                    self.element(node.leaf, at)?;
                }
            }
            if brackets == 0 {
                rest.block += 1;
                rest.above = !0;
                continue;
            }
            rest.consume(first);
            let at = base + first.trailing_zeros() as usize;
            if block.opens & first == 0 {
                // A container ends.
                self.walk.trail.leave();
                match self.walk.trail.frames.last() {
                    Some(&outer) if !self.is_done() => frame = outer,
                    _ => return Ok(self.deferred),
                }
            } else if !frame.array && pending.at != at {
                rest.skip(blocks)?;
                continue;
            } else {
                let array = text[at] == b'[';
                if frame.array {
                    self.walk.trail.enter(self.walk.view, frame.node, array, frame);
                } else {
                    match pending.lead {
                        Lead::Into(child) => self.walk.trail.enter(self.walk.view, child, array, frame),
                        Lead::Decode { node, payload } => {
                            // A payload that is no string was decoded by somebody before: it is read as it lies.
                            self.deferred.set(self.walk.trail, payload, Found::Container);
                            self.walk.trail.enter_decoded(self.walk.view, node, array, frame, payload);
                            // What is met in it may not count in the end.
                            self.walk.forbidden = 0;
                        }
                        Lead::Lift if array => {
                            rest.skip(blocks)?;
                            continue;
                        }
                        Lead::Lift => self.walk.trail.start_inside(0),
                    }
                }
                frame = self.walk.trail.frames.last().copied().ok_or(Lost)?;
            }
            node = keys.node_keys(frame.node);
        }
    }

    /// Looks at the key before a colon: what is announced then, if the key leads on, else what was.
    #[inline(never)]
    fn key(&mut self, node: &NodeKeys, colon: usize, is_plain: bool, before: Pending) -> Result<Pending, Lost> {
        let text = self.walk.text;
        let found = match text[..colon].last_chunk::<8>() {
            Some(tail) if is_plain => {
                let tail = u64::from_le_bytes(*tail);
                let keys = self.walk.keys;
                keys.few(node)
                    .iter()
                    .find(|key| keys.ends_with(key, tail, text, colon).is_some_and(|start| self.is_quote(start)))
            }
            _ => self.key_by_text(node, colon),
        };
        match found {
            Some(key) => {
                self.walk.trail.irregular |= key.irregular;
                self.member(colon, key.lead)
            }
            None => Ok(before),
        }
    }

    /// A scalar of an array at a leaf.
    #[inline(never)]
    fn element(&mut self, leaf: u32, at: usize) -> Result<(), Lost> {
        let value = self.scalar(at)?;
        self.hit(leaf, value);
        Ok(())
    }

    #[inline(always)]
    fn hit(&mut self, leaf: u32, value: HitValue) {
        self.walk.trail.hits.push(Hit::Value { leaf, value });
        // There are no more than 64 where either matters.
        let leaf = 1 << (leaf % 64);
        self.deferred.is_dropped |= self.walk.forbidden & leaf != 0;
        if self.walk.until.is_some() {
            self.seen |= leaf;
        }
    }

    /// Whether nothing that follows is of interest.
    #[inline(always)]
    fn is_done(&self) -> bool {
        self.deferred.is_dropped || self.walk.until.is_some_and(|until| self.has_met(until))
    }

    #[inline(never)]
    fn has_met(&self, until: Until) -> bool {
        let payload = matches!(self.deferred.payload, Some(Found::String(_) | Found::Other));
        self.seen & until.leaves == until.leaves
            && (payload || !until.payload)
            && (self.deferred.beside.is_some() || !until.beside)
            // Another element may bring other values.
            && !self.walk.trail.frames.iter().any(|frame| frame.array)
    }

    #[inline(always)]
    fn is_quote(&self, at: usize) -> bool {
        self.walk.blocks[at / BLOCK_BYTES].quotes >> (at % BLOCK_BYTES) & 1 != 0
    }

    /// The key before a colon, wherever it begins and however it is written.
    fn key_by_text(&mut self, node: &NodeKeys, colon: usize) -> Option<&'w Key> {
        let mut end = colon;
        while end > 0 && is_space(self.walk.text[end - 1]) {
            end -= 1;
        }
        // The closing quote, and the quote before it.
        let close = end.checked_sub(1)?;
        if self.walk.text[close] != b'"' {
            return None;
        }
        let open = self.quote_before(close, (node.longest as usize).saturating_mul(6))?;
        let raw = self.walk.text.get(open + 1..close)?;
        if self.has_backslash(open, close) {
            let Trail { key, .. } = &mut *self.walk.trail;
            key.clear();
            text::unescape_into(raw, key).ok()?;
            self.walk.keys.find(node, key)
        } else {
            self.walk.keys.find(node, raw)
        }
    }

    /// The last quote before `close`, unless it is more than about `most` bytes away.
    fn quote_before(&self, close: usize, most: usize) -> Option<usize> {
        let mut block = close / BLOCK_BYTES;
        let mut below = (1_u64 << (close % BLOCK_BYTES)) - 1;
        let mut left = most / BLOCK_BYTES + 2;
        loop {
            let quotes = self.walk.blocks[block].quotes & below;
            if quotes != 0 {
                return Some(block * BLOCK_BYTES + 63 - quotes.leading_zeros() as usize);
            }
            left = left.checked_sub(1)?;
            block = block.checked_sub(1)?;
            below = !0;
        }
    }

    /// Whether there is a backslash between two places.
    #[inline(always)]
    fn has_backslash(&self, from: usize, to: usize) -> bool {
        let (first, last) = (from / BLOCK_BYTES, to / BLOCK_BYTES);
        let after = !0_u64 << (from % BLOCK_BYTES);
        let before = (1_u64 << (to % BLOCK_BYTES)) - 1;
        if first == last {
            return self.walk.blocks[first].backslashes & after & before != 0;
        }
        self.walk.blocks[first].backslashes & after != 0
            || self.walk.blocks[last].backslashes & before != 0
            || self.walk.blocks[first + 1..last].iter().any(|block| block.backslashes != 0)
    }

    /// Reads the value after a colon, if it is a scalar; announces it if it is a container.
    #[inline(always)]
    fn member(&mut self, colon: usize, lead: Lead) -> Result<Pending, Lost> {
        let at = self.after_space(colon + 1).ok_or(Lost)?;
        if matches!(self.walk.text[at], b'{' | b'[') {
            return Ok(Pending { at, lead });
        }
        match lead {
            Lead::Into(child) => {
                let leaf = self.walk.keys.node_keys(child).leaf;
                if leaf != NONE {
                    let value = self.scalar(at)?;
                    self.hit(leaf, value);
                }
            }
            Lead::Lift => {}
            Lead::Decode { payload, .. } => {
                let found = match self.scalar(at)? {
                    HitValue::String(located) => Found::String(located),
                    _ => Found::Other,
                };
                self.deferred.set(self.walk.trail, payload, found);
            }
        }
        Ok(Pending::NOTHING)
    }

    #[inline(always)]
    fn after_space(&self, mut at: usize) -> Option<usize> {
        while let Some(&byte) = self.walk.text.get(at) {
            if !is_space(byte) {
                return Some(at);
            }
            at += 1;
        }
        None
    }

    /// The scalar that begins at `at`.
    #[inline(always)]
    fn scalar(&self, at: usize) -> Result<HitValue, Lost> {
        match self.walk.text[at] {
            b'"' => {
                let end = self.closing_quote(at)?;
                let located = Located {
                    buffer: self.walk.buffer,
                    escaped: self.has_backslash(at, end),
                    start: at as u32 + 1,
                    len: (end - at - 1) as u32,
                };
                Ok(HitValue::String(located))
            }
            b't' => Ok(HitValue::True),
            b'f' => Ok(HitValue::False),
            b'n' => Ok(HitValue::Null),
            _ => {
                let number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let len = self.walk.text[at..].iter().take_while(|byte| number(byte)).count();
                // Something always follows a number. Not so if the text is the beginning of a longer one.
                if at + len == self.walk.text.len() {
                    return Err(Lost);
                }
                let buffer = self.walk.buffer;
                Ok(HitValue::Number(Located { buffer, escaped: false, start: at as u32, len: len as u32 }))
            }
        }
    }

    /// The quote that ends the string which begins at `open`.
    #[inline(always)]
    fn closing_quote(&self, open: usize) -> Result<usize, Lost> {
        let mut block = open / BLOCK_BYTES;
        // Nothing is above the topmost bit.
        let mut above = !1_u64 << (open % BLOCK_BYTES);
        loop {
            let quotes = self.walk.blocks.get(block).ok_or(Lost)?.quotes & above;
            if quotes != 0 {
                return Ok(block * BLOCK_BYTES + quotes.trailing_zeros() as usize);
            }
            block += 1;
            above = !0;
        }
    }
}

impl Rest {
    /// Consumes the bits of the block up to and including `bit`.
    #[inline(always)]
    fn consume(&mut self, bit: u64) {
        // Nothing is left above the topmost bit.
        self.above = !(bit | (bit - 1));
    }

    /// Consumes the first opening bracket, which any record that is JSON begins with.
    #[inline(always)]
    fn first_open(&mut self, blocks: &[Block]) -> Result<usize, Lost> {
        loop {
            let block = blocks.get(self.block).ok_or(Lost)?;
            let opens = block.opens & self.above;
            if opens != 0 {
                let first = opens & opens.wrapping_neg();
                self.consume(first);
                return Ok(self.block * BLOCK_BYTES + first.trailing_zeros() as usize);
            }
            self.block += 1;
            self.above = !0;
        }
    }

    /// Skips the rest of the container whose opening bracket was consumed last.
    #[inline(always)]
    fn skip(&mut self, blocks: &[Block]) -> Result<(), Lost> {
        let mut depth = 1_u32;
        loop {
            let block = blocks.get(self.block).ok_or(Lost)?;
            let (opens, closes) = (block.opens & self.above, block.closes & self.above);
            if closes.count_ones() >= depth {
                // It may end in this block.
                let (mut left, mut closed) = (closes, 0);
                while left != 0 {
                    let close = left & left.wrapping_neg();
                    left ^= close;
                    closed += 1;
                    if depth + (opens & (close - 1)).count_ones() == closed {
                        self.consume(close);
                        return Ok(());
                    }
                }
            }
            depth = (depth + opens.count_ones()).wrapping_sub(closes.count_ones());
            self.block += 1;
            self.above = !0;
        }
    }
}
