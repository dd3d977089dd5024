//! Tokens against the grammar, 64 at a time.
//!
//! A token is one bit in each of four planes, however many bytes it has; white space is gone. So "the token after" is
//! a shift by one, and what is paid here is paid once for some hundreds of bytes. A string is any string: escapes and
//! numbers are looked at elsewhere.
//!
//! Neighbours decide everything but two things. Which *bracket* closes which needs a stack, one bit for each open
//! container. Whether a *comma* stands in an object or an array needs none: between two brackets all commas are in one
//! container, so they must agree with each other and with the bracket that ends the stretch, and that one is held
//! against the stack.

use super::simd::{CURLY, Planes, Simd, Task};
use super::{BLOCK_BYTES, Bounds};

/// A bit from each word to the next: of the last token, or of a stretch that goes on.
#[derive(Default)]
struct Carry {
    opener: u64,
    separator: u64,
    curly_open: u64,
    colon: u64,
    comma: u64,
    first_key: u64,
    maybe_key: u64,
    in_object: u64,
    in_array: u64,
}

/// Tokens until there are enough for a word.
///
/// They are kept as planes where a CPU can move a block's bits together, and else as their bytes.
pub(super) struct Tokens {
    planes: [u64; 3],
    /// The first byte of each, and what is left over of former ones.
    bytes: [u8; 2 * BLOCK_BYTES],
    /// How many; below 64.
    len: u32,
}

impl Default for Tokens {
    fn default() -> Self {
        Tokens { planes: [0; 3], bytes: [0; 2 * BLOCK_BYTES], len: 0 }
    }
}

/// A block's bytes, or a word's tokens, in three bits each.
///
/// | token | `bracket` | `middle` | `low` |
/// |---|---|---|---|
/// | `,` | 0 | 0 | 0 |
/// | `:` | 0 | 0 | 1 |
/// | string | 0 | 1 | 0 |
/// | number or literal | 0 | 1 | 1 |
/// | `[` | 1 | 0 | 0 |
/// | `{` | 1 | 0 | 1 |
/// | `]` | 1 | 1 | 0 |
/// | `}` | 1 | 1 | 1 |
#[derive(Clone, Copy)]
pub(super) struct Kinds {
    pub(super) bracket: u64,
    pub(super) middle: u64,
    pub(super) low: u64,
}

impl Tokens {
    /// Adds the tokens of a block: the bytes in `tokens`.
    #[inline(always)]
    pub(super) fn push<S: Simd>(&mut self, simd: S, kinds: Kinds, tokens: u64, grammar: &mut Grammar) {
        let new = simd.compress([kinds.bracket, kinds.middle, kinds.low], tokens);
        let before = self.len;
        self.len += tokens.count_ones();
        for (plane, new) in self.planes.iter_mut().zip(new) {
            *plane |= new << before;
        }
        // PERF: the branch is foreseen nearly always; selecting by mask was slower.
        if self.len >= 64 {
            simd.run(Word { grammar, kinds: self.kinds(), live: !0 });
            self.len -= 64;
            for (plane, new) in self.planes.iter_mut().zip(new) {
                // In two steps: a shift by 64, into a word that was empty, leaves nothing.
                *plane = new >> 1 >> (63 - before);
            }
        }
    }

    /// The same for a CPU that does not move bits together.
    #[inline(always)]
    pub(super) fn push_bytes<S: Simd>(
        &mut self,
        simd: S,
        bytes: &[u8; BLOCK_BYTES],
        tokens: u64,
        grammar: &mut Grammar,
    ) {
        // There is room for a block behind what is less than one.
        let room = &mut self.bytes[self.len as usize % BLOCK_BYTES..];
        if let Some(room) = room.first_chunk_mut() {
            self.len += simd.gather(bytes, tokens, room);
        }
        if self.len >= 64 {
            simd.run(Word { grammar, kinds: self.kinds_of_bytes(simd), live: !0 });
            self.len -= 64;
            let (word, rest) = self.bytes.split_at_mut(BLOCK_BYTES);
            word.copy_from_slice(rest);
        }
    }

    #[inline(always)]
    fn kinds(&self) -> Kinds {
        let [bracket, middle, low] = self.planes;
        Kinds { bracket, middle, low }
    }

    /// Of a token whose first byte is none of JSON's nothing is known, and it is an error anyway.
    #[inline(always)]
    fn kinds_of_bytes<S: Simd>(&self, simd: S) -> Kinds {
        let mut word = [0; BLOCK_BYTES];
        word.copy_from_slice(&self.bytes[..BLOCK_BYTES]);
        let block = simd.load(&word);
        let Planes { p2, p1, p0 } = simd.planes(block);
        let bracket = p2 & p1;
        let curly = simd.any(block, CURLY);
        Kinds { bracket, middle: !p2 | bracket & p0, low: !(p2 | p1) | bracket & curly | p2 & !p1 & p0 }
    }

    /// The last tokens.
    #[inline(always)]
    pub(super) fn finish<S: Simd>(&self, simd: S, grammar: &mut Grammar) {
        if self.len > 0 {
            let live = (1 << self.len) - 1;
            let kinds = if simd.compresses() {
                self.kinds()
            } else {
                let Kinds { bracket, middle, low } = self.kinds_of_bytes(simd);
                Kinds { bracket: bracket & live, middle: middle & live, low: low & live }
            };
            simd.run(Word { grammar, kinds, live });
        }
    }
}

/// [`Grammar::word`], as a call.
// PERF: inlined into the loop over blocks, it takes the registers that the loop needs.
struct Word<'g> {
    grammar: &'g mut Grammar,
    kinds: Kinds,
    live: u64,
}

impl Task for Word<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.grammar.word(simd, self.kinds, self.live);
    }
}

/// The state between words.
pub(super) struct Grammar {
    carry: Carry,
    /// 1 until the first word is done, which has the root's bracket as its first token.
    root: u64,
    /// Kinds of the open containers, the innermost in bit 0; 1 is an object. Above the outermost stands a 1.
    stack: u64,
    /// Not 0 if containers were nested deeper than the bounds.
    deep: u64,
    bounds: Bounds,
    error: u64,
    /// 1 if the last token so far closes a container.
    closed: u64,
}

impl Grammar {
    #[inline(always)]
    pub(super) fn new(bounds: Bounds) -> Self {
        Grammar {
            // The root may come where a value may come.
            carry: Carry { opener: 1, ..Carry::default() },
            root: 1,
            // The root, which is an object or an error, is open from the start.
            stack: 0b11,
            deep: u64::from(bounds.depth == 0),
            bounds,
            error: 0,
            closed: 0,
        }
    }

    /// Whether the tokens make one object, if [`Grammar::is_deep`] does not hold.
    #[inline(always)]
    pub(super) fn accepts(&self) -> bool {
        self.error == 0 && self.stack == 1 && self.closed == 1
    }

    /// Whether containers were nested deeper than can be, or may be, counted.
    #[inline(always)]
    pub(super) fn is_deep(&self) -> bool {
        self.deep != 0
    }

    /// Looks at a word of tokens: those in `live`, of which there is at least one.
    #[inline(always)]
    fn word<S: Simd>(&mut self, simd: S, kinds: Kinds, live: u64) {
        let Kinds { bracket, middle, low: curly } = kinds;
        let carry = &mut self.carry;
        let open = bracket & !middle;
        let close = bracket & middle;
        let colon = !(bracket | middle) & kinds.low;
        let comma = live & !(bracket | middle | kinds.low);
        let string = !bracket & middle & !kinds.low;
        let value = open | !bracket & middle;
        let curly_open = open & curly;
        let curly_close = close & curly;

        // A value comes first in a container, and after a separator; a separator does not; nor does the end come after
        // a separator.
        let after_opener = after(open | colon | comma, &mut carry.opener);
        let after_separator = after(colon | comma, &mut carry.separator);
        let mut error = value & !after_opener | (colon | comma) & after_opener | close & after_separator;

        // An object starts with a key or ends at once. A colon comes after a key, and a key is a string that is the
        // first in an object or comes after a comma.
        let after_curly = after(curly_open, &mut carry.curly_open);
        let after_comma = after(comma, &mut carry.comma);
        let after_first_key = after(string & after_curly, &mut carry.first_key);
        let after_maybe_key = after(string & after_comma, &mut carry.maybe_key);
        error |= after_curly & !(string | close);
        error |= after_first_key & !colon | colon & !(after_first_key | after_maybe_key);

        // Evidence for the kind of container that a stretch is in: a comma before a member is one in an object; before
        // anything but a string, or a string that is no key, one in an array.
        let object = colon & after_maybe_key;
        let lone_string = after_maybe_key & !colon;
        let array = after_comma & (value & !string) | lone_string;
        let between = !(open | close);
        let in_object = stretch(object, between, &mut carry.in_object);
        let in_array = stretch(array & between, between, &mut carry.in_array);
        error |= in_object & (array | close & !curly);
        error |= in_array & (object | curly_close) | lone_string & curly_close;

        // Brackets. `inside` is the kind of container that each must be in.
        let inside = open & after(colon, &mut carry.colon) | curly_close;
        error |= self.root & !curly_open;
        let brackets = (open | close) & !self.root;
        self.root = 0;
        self.closed = close >> (63 - live.leading_zeros() % 64) & 1;
        self.error |= error;
        if simd.compresses() {
            let [opens, curly, inside] = simd.compress([open, curly, inside], brackets);
            self.brackets(simd, brackets.count_ones(), opens, curly, inside);
        } else {
            self.brackets_as_they_lie(brackets, open, curly, inside);
        }
    }

    /// Holds `len` brackets against the stack. Bit 0 of each mask speaks of the first one.
    #[inline(always)]
    fn brackets<S: Simd>(&mut self, simd: S, mut len: u32, mut opens: u64, mut curly: u64, mut inside: u64) {
        // Containers that have no container in them need no stack. What opens one is followed by what closes it, which
        // must be of its kind; and what comes after that is inside the same container as it. Twice, so that containers
        // of such go too. What is left out here must not be what goes too deep.
        let room = self.bounds.depth.saturating_sub(63 - (self.stack | 1).leading_zeros());
        if len >= PAIRS_FROM && opens.count_ones() <= room {
            for _ in 0..2 {
                // The last two have nothing after them that would answer for them.
                let pairs = opens & !(opens >> 1) & ((1 << (len.max(2) - 2)) - 1);
                self.error |= pairs & (curly ^ inside >> 1 | inside ^ inside >> 2);
                let rest = !(pairs | pairs << 1) & (!0 >> (64 - len));
                [opens, curly, inside] = simd.compress([opens, curly, inside], rest);
                len -= 2 * pairs.count_ones();
            }
        }
        let mut brackets = Brackets::new(self.stack);
        for _ in 0..len {
            brackets.next(opens, curly, inside);
            opens >>= 1;
            curly >>= 1;
            inside >>= 1;
        }
        self.hold(brackets);
    }

    /// As [`Grammar::brackets`], with the masks not moved together: those in `brackets` are meant.
    // PERF: to leave out containers without containers here too, found by sums that go from bracket to bracket, gained 3 % on
    // records that are half brackets and nothing elsewhere.
    #[inline(always)]
    fn brackets_as_they_lie(&mut self, mut brackets: u64, opens: u64, curly: u64, inside: u64) {
        let mut held = Brackets::new(self.stack);
        while brackets != 0 {
            let at = brackets.trailing_zeros();
            held.next(opens >> at, curly >> at, inside >> at);
            brackets &= brackets - 1;
        }
        self.hold(held);
    }

    #[inline(always)]
    fn hold(&mut self, Brackets { stack, error, none, reached }: Brackets) {
        self.stack = stack;
        // A stack so high that it is negative too has gone too deep, and then errors mean nothing.
        self.error |= error & 1 | none >> 63;
        self.deep |= reached >> (self.bounds.depth + 1);
    }
}

/// The stack of a word, and what was met on the way.
struct Brackets {
    /// As [`Grammar::stack`].
    stack: u64,
    /// Bit 0: one was in a container of the other kind.
    error: u64,
    /// The topmost bit: one came when none was open.
    none: u64,
    /// All bits that the stack ever had.
    reached: u64,
}

impl Brackets {
    #[inline(always)]
    fn new(stack: u64) -> Self {
        Brackets { stack, error: 0, none: 0, reached: 0 }
    }

    /// The next one, of which bit 0 of each mask speaks.
    #[inline(always)]
    fn next(&mut self, opens: u64, curly: u64, inside: u64) {
        // Bit 0 is the kind of the innermost container.
        self.error |= self.stack ^ inside;
        // None is open: this turns negative.
        self.none |= self.stack.wrapping_sub(2);
        self.stack = if opens & 1 != 0 { self.stack << 1 | curly & 1 } else { self.stack >> 1 };
        self.reached |= self.stack;
    }
}

/// Below this many brackets in a word, one after the other is as fast.
const PAIRS_FROM: u32 = 8;

/// The tokens that come right after one of `tokens`.
#[inline(always)]
fn after(tokens: u64, carry: &mut u64) -> u64 {
    let after = tokens << 1 | *carry;
    *carry = tokens >> 63;
    after
}

/// Everything from one of `tokens` up to and including the next bracket. `between` is what is no bracket.
#[inline(always)]
fn stretch(tokens: u64, between: u64, carry: &mut u64) -> u64 {
    // A bit added to a run of ones goes to its end. One that is met there by another stays as it was, hence the or.
    let (sum, over) = between.overflowing_add(tokens);
    let (sum, again) = sum.overflowing_add(*carry);
    *carry = u64::from(over | again);
    (sum ^ between) | tokens
}
