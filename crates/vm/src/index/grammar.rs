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

use super::Bounds;
use super::simd::{Simd, Task};

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
#[derive(Default)]
pub(super) struct Tokens {
    planes: [u64; 3],
    /// How many; below 64.
    len: u32,
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

    #[inline(always)]
    fn kinds(&self) -> Kinds {
        let [bracket, middle, low] = self.planes;
        Kinds { bracket, middle, low }
    }

    /// The last tokens.
    #[inline(always)]
    pub(super) fn finish<S: Simd>(&self, simd: S, grammar: &mut Grammar) {
        if self.len > 0 {
            simd.run(Word { grammar, kinds: self.kinds(), live: (1 << self.len) - 1 });
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
        let [opens, curly, inside] = simd.compress([open, curly, inside], brackets);
        self.brackets(simd, brackets.count_ones(), opens, curly, inside);
    }

    /// Holds `len` brackets against the stack. Bit 0 of each mask speaks of the first one.
    #[inline(always)]
    fn brackets<S: Simd>(&mut self, simd: S, mut len: u32, mut opens: u64, mut curly: u64, mut inside: u64) {
        let (mut stack, mut error, mut none, mut reached) = (self.stack, 0, 0, 0);
        // Containers that have no container in them need no stack. What opens one is followed by what closes it, which
        // must be of its kind; and what comes after that is inside the same container as it. Twice, so that containers
        // of such go too. What is left out here must not be what goes too deep.
        let room = self.bounds.depth.saturating_sub(63 - (stack | 1).leading_zeros());
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
        for _ in 0..len {
            // Bit 0 is the kind of the innermost container.
            error |= stack ^ inside;
            // None is open: this turns negative.
            none |= stack.wrapping_sub(2);
            stack = if opens & 1 != 0 { stack << 1 | curly & 1 } else { stack >> 1 };
            reached |= stack;
            opens >>= 1;
            curly >>= 1;
            inside >>= 1;
        }
        self.stack = stack;
        // A stack so high that it is negative too has gone too deep, and then errors mean nothing.
        self.error |= error & 1 | none >> 63;
        self.deep |= reached >> (self.bounds.depth + 1);
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
