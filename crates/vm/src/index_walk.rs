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

use crate::cursor::{Buffer, Located};
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
}

impl Task for IndexWalk<'_, '_> {
    type Output = Result<Deferred, Lost>;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> Result<Deferred, Lost> {
        Walker { walk: self, block: 0, above: !0, deferred: Deferred::default() }.run()
    }
}

/// A value that is being entered or read.
#[derive(Clone, Copy)]
enum Place {
    /// Its first byte.
    At(usize),
    /// There is none.
    Nowhere,
}

struct Walker<'w, 'p> {
    walk: IndexWalk<'w, 'p>,
    /// The block the walk is in.
    block: usize,
    /// The bits of the block that are still to be looked at.
    above: u64,
    deferred: Deferred,
}

/// What is announced at a place: a container there is entered.
#[derive(Clone, Copy)]
struct Pending {
    at: usize,
    lead: Lead,
}

impl Walker<'_, '_> {
    #[inline(always)]
    fn run(mut self) -> Result<Deferred, Lost> {
        let root = self.walk.root;
        let first = self.next_bracket()?;
        let array = self.walk.text[first] == b'[';
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
        let mut node = self.walk.keys.node_keys(frame.node);
        let mut pending = Pending { at: usize::MAX, lead: Lead::Lift };
        loop {
            let Some(&block) = self.walk.blocks.get(self.block) else { return Err(Lost) };
            let brackets = (block.opens | block.closes) & self.above;
            let first = brackets & brackets.wrapping_neg();
            let range = if brackets == 0 { self.above } else { self.above & (first - 1) };
            let base = self.block * BLOCK_BYTES;
            if !frame.array {
                let mut colons = block.colons & range;
                if colons != 0 {
                    let before = match self.block.checked_sub(1) {
                        Some(before) => self.walk.blocks[before].backslashes,
                        None => 0,
                    };
                    let has_backslash = (block.backslashes | before) != 0 || node.longest as usize > NEAR;
                    while colons != 0 {
                        let colon = base + colons.trailing_zeros() as usize;
                        colons &= colons - 1;
                        if let Some((lead, irregular)) = self.key(node, colon, has_backslash) {
                            self.walk.trail.irregular |= irregular;
                            pending = self.member(colon, lead)?;
                        }
                    }
                }
            } else if node.leaf != NONE {
                let mut starts = block.starts & range;
                while starts != 0 {
                    let at = base + starts.trailing_zeros() as usize;
                    starts &= starts - 1;
                    let value = self.scalar(at)?;
                    self.walk.trail.hits.push(Hit::Value { leaf: node.leaf, value });
                }
            }
            if brackets == 0 {
                self.block += 1;
                self.above = !0;
                continue;
            }
            self.consume(first);
            let at = base + first.trailing_zeros() as usize;
            if block.opens & first == 0 {
                // A container ends.
                self.walk.trail.leave();
                match self.walk.trail.frames.last() {
                    Some(&outer) => frame = outer,
                    None => return Ok(self.deferred),
                }
            } else {
                let array = self.walk.text[at] == b'[';
                if frame.array {
                    self.walk.trail.enter(self.walk.view, frame.node, array, frame);
                } else if pending.at == at {
                    match pending.lead {
                        Lead::Into(child) => self.walk.trail.enter(self.walk.view, child, array, frame),
                        Lead::Decode { node, payload } => {
                            // A payload that is no string was decoded by somebody before: it is read as it lies.
                            if payload {
                                self.deferred.payload = Some(Found::Container);
                            }
                            self.walk.trail.enter(self.walk.view, node, array, frame);
                        }
                        Lead::Lift if array => {
                            self.skip()?;
                            continue;
                        }
                        Lead::Lift => self.walk.trail.start_inside(0),
                    }
                } else {
                    self.skip()?;
                    continue;
                }
                frame = self.walk.trail.frames.last().copied().ok_or(Lost)?;
            }
            node = self.walk.keys.node_keys(frame.node);
        }
    }

    /// Consumes the bits of the block up to and including `bit`.
    #[inline(always)]
    fn consume(&mut self, bit: u64) {
        // Wraps to nothing left for the topmost bit.
        self.above = !(bit | (bit - 1));
    }

    /// The first bracket, which opens something in any record that is JSON.
    #[inline(always)]
    fn next_bracket(&mut self) -> Result<usize, Lost> {
        loop {
            let block = self.walk.blocks.get(self.block).ok_or(Lost)?;
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
    fn skip(&mut self) -> Result<(), Lost> {
        let mut depth = 1_u32;
        loop {
            let block = self.walk.blocks.get(self.block).ok_or(Lost)?;
            let (opens, mut closes) = (block.opens & self.above, block.closes & self.above);
            if closes.count_ones() >= depth {
                // It may end in this block.
                let mut closed = 0;
                while closes != 0 {
                    let close = closes & closes.wrapping_neg();
                    closes ^= close;
                    closed += 1;
                    if depth + (opens & (close - 1)).count_ones() == closed {
                        self.consume(close);
                        return Ok(());
                    }
                }
            }
            depth = (depth + opens.count_ones()).wrapping_sub((block.closes & self.above).count_ones());
            self.block += 1;
            self.above = !0;
        }
    }

    /// What the key before a colon leads to.
    #[inline(always)]
    fn key(&mut self, node: NodeKeys, colon: usize, has_backslash: bool) -> Option<(Lead, bool)> {
        let text = self.walk.text;
        let tail = match text[..colon].last_chunk::<8>() {
            Some(tail) => u64::from_le_bytes(*tail),
            None => {
                let mut tail = [0; 8];
                tail[8 - colon..].copy_from_slice(&text[..colon]);
                u64::from_le_bytes(tail)
            }
        };
        if has_backslash || Keys::has_table(node) || tail >> 56 != u64::from(b'"') {
            return self.key_by_text(node, colon);
        }
        for key in self.walk.keys.few(node) {
            if let Some(start) = self.walk.keys.ends_with(key, tail, text, colon)
                && self.is_quote(start)
            {
                return Some((key.lead, key.irregular));
            }
        }
        None
    }

    #[inline(always)]
    fn is_quote(&self, at: usize) -> bool {
        self.walk.blocks[at / BLOCK_BYTES].quotes >> (at % BLOCK_BYTES) & 1 != 0
    }

    /// As [`Walker::key`], by finding the whole key.
    fn key_by_text(&mut self, node: NodeKeys, colon: usize) -> Option<(Lead, bool)> {
        let mut end = colon;
        while end > 0 && matches!(self.walk.text[end - 1], b' ' | b'\t' | b'\n' | b'\r') {
            end -= 1;
        }
        // The closing quote, and the quote before it.
        let close = end.checked_sub(1)?;
        if self.walk.text[close] != b'"' {
            return None;
        }
        let open = self.quote_before(close, (node.longest as usize).saturating_mul(6))?;
        let raw = self.walk.text.get(open + 1..close)?;
        let key: &Key = if self.has_backslash(open, close) {
            let Trail { key, .. } = &mut *self.walk.trail;
            key.clear();
            text::unescape_into(raw, key).ok()?;
            self.walk.keys.find(node, key)?
        } else {
            self.walk.keys.find(node, raw)?
        };
        Some((key.lead, key.irregular))
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
        let nothing = Pending { at: usize::MAX, lead };
        let Place::At(at) = self.after_space(colon + 1) else { return Err(Lost) };
        if matches!(self.walk.text[at], b'{' | b'[') {
            return Ok(Pending { at, lead });
        }
        match lead {
            Lead::Into(child) => {
                let leaf = self.walk.keys.node_keys(child).leaf;
                if leaf != NONE {
                    let value = self.scalar(at)?;
                    self.walk.trail.hits.push(Hit::Value { leaf, value });
                }
            }
            Lead::Lift => {}
            Lead::Decode { payload, .. } => match self.scalar(at)? {
                HitValue::String(located) if payload => self.deferred.payload = Some(Found::String(located)),
                HitValue::String(located) => self.deferred.beside = Some(located),
                _ if payload => self.deferred.payload = Some(Found::Other),
                _ => {}
            },
        }
        Ok(nothing)
    }

    #[inline(always)]
    fn after_space(&self, mut at: usize) -> Place {
        while let Some(&byte) = self.walk.text.get(at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Place::At(at);
            }
            at += 1;
        }
        Place::Nowhere
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
