//! The loop that evaluates: the tests of one path against one value.
//!
//! [`exec`] runs the code of a leaf from its first instruction to `end`. The instructions are defined in
//! [`eventsieve_program::inst`]. Jumps only go forward (the verifier has seen to that), so the loop needs no
//! other bound. What a satisfied slot leads to is `resolve`'s business. Leaves with many tests have a `plan` instead.

use eventsieve_program::addr::{self, Family};
use eventsieve_program::format::NONE;
use eventsieve_program::glob::Glob;
use eventsieve_program::inst::{GOTO, HIGH_OPEN, Inst, LOW_OPEN, Op, Operand, V6};
use eventsieve_program::{View, fold, number};

/// A value as tests see it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'v> {
    /// A decoded string.
    String {
        /// As it is: lone surrogates are themselves.
        exact: &'v [u8],
        /// As byte-wise tests see it: lone surrogates are `?`.
        bytes: &'v [u8],
    },
    /// A number as it is spelled.
    Number(&'v [u8]),
    True,
    False,
    Null,
}

/// Runs the tests from `pc` on and calls `satisfied` for every slot one of whose tests holds; a slot may
/// be reported more than once.
pub(crate) fn exec(view: &View<'_>, mut pc: u32, value: Value<'_>, mut satisfied: impl FnMut(u32)) {
    let mut facts = Facts::of(value);
    loop {
        let inst = view.inst(pc);
        pc += 1;
        let holds = match inst.op {
            Op::End => return,
            Op::Always => true,
            Op::UnlessString => {
                if !matches!(value, Value::String { .. }) {
                    pc = inst.a;
                }
                continue;
            }
            Op::UnlessNumber => {
                if !matches!(value, Value::Number(_)) {
                    pc = inst.a;
                }
                continue;
            }
            Op::Lookup => {
                if let Value::String { exact, .. } = value
                    && let Some(posting) = view.lookup(view.table(inst.a), exact)
                {
                    view.posting(posting).for_each(&mut satisfied);
                }
                continue;
            }
            Op::Scan => {
                if let Value::String { bytes, .. } = value {
                    view.posting(view.run(view.dfa(inst.a), bytes)).for_each(&mut satisfied);
                }
                continue;
            }
            Op::True => matches!(value, Value::True),
            Op::False => matches!(value, Value::False),
            Op::Null => matches!(value, Value::Null),
            Op::Number | Op::Between | Op::Spelling => facts.number(view, inst),
            _ => facts.string(view, inst),
        };
        if holds {
            if inst.x & GOTO != 0 {
                pc = inst.c;
            } else {
                satisfied(inst.c);
            }
        }
    }
}

/// Every slot that the code of a leaf can satisfy.
pub(crate) fn slots_of(view: &View<'_>, mut pc: u32, mut found: impl FnMut(u32)) {
    loop {
        let inst = view.inst(pc);
        pc += 1;
        match inst.op {
            Op::End => return,
            Op::Lookup => {
                let table = view.table(inst.a);
                for entry in 0..table.capacity {
                    let at = table.start + entry * 4;
                    if view.word(at + 1) != NONE {
                        view.posting(view.word(at + 3)).for_each(&mut found);
                    }
                }
            }
            Op::Scan => {
                let dfa = view.dfa(inst.a);
                let accepts = dfa.start + 256 + dfa.state_len * dfa.class_len;
                (0..dfa.state_len).for_each(|state| view.posting(view.word(accepts + state)).for_each(&mut found));
            }
            op if op.operands()[2] == Operand::Outcome && inst.x & GOTO == 0 => found(inst.c),
            _ => {}
        }
    }
}

/// The value, and what was found out about it so far.
pub(crate) struct Facts<'v> {
    value: Value<'v>,
    /// Outer `None`: not asked yet.
    number: Option<Option<f64>>,
    address: Option<Option<(Family, u128)>>,
}

impl<'v> Facts<'v> {
    pub(crate) fn of(value: Value<'v>) -> Facts<'v> {
        Facts { value, number: None, address: None }
    }

    #[inline]
    fn number(&mut self, view: &View<'_>, inst: Inst) -> bool {
        let Value::Number(spelling) = self.value else { return false };
        let comparable = *self.number.get_or_insert_with(|| comparable(spelling));
        match (inst.op, comparable) {
            (Op::Number, Some(value)) => value == view.f64_at(inst.a),
            (Op::Between, Some(value)) => {
                let (low, high) = (view.f64_at(inst.a), view.f64_at(inst.a + 8));
                let above = if inst.x & LOW_OPEN != 0 { value > low } else { value >= low };
                let below = if inst.x & HIGH_OPEN != 0 { value < high } else { value <= high };
                above && below
            }
            (Op::Spelling, None) => spelling == view.literal(inst.a, inst.b),
            _ => false,
        }
    }

    /// Whether a test of strings holds.
    #[inline]
    pub(crate) fn string(&mut self, view: &View<'_>, inst: Inst) -> bool {
        let Value::String { exact, bytes } = self.value else { return false };
        let literal = || view.literal(inst.a, inst.b);
        match inst.op {
            Op::Exact => exact == literal(),
            Op::Prefix => bytes.starts_with(literal()),
            Op::Suffix => bytes.ends_with(literal()),
            Op::Fold => fold::match_start(literal(), bytes) == Some(bytes.len()),
            Op::FoldPrefix => fold::match_start(literal(), bytes).is_some(),
            Op::FoldSuffix => fold::match_end(literal(), bytes),
            Op::Glob => Glob::parse(literal()).is_some_and(|glob| glob_matches(&glob, bytes)),
            Op::Address => {
                let address = *self.address.get_or_insert_with(|| addr::parse_addr(exact));
                address.is_some_and(|(family, bits)| {
                    (family == Family::V6) == (inst.x & V6 != 0)
                        && view.u128_at(inst.a) <= bits
                        && bits <= view.u128_at(inst.a + 16)
                })
            }
            Op::Member => view.lookup(view.table(inst.a), exact).is_some(),
            _ => false,
        }
    }
}

/// [`number::comparable_bytes`], with a short way for what most numbers are: some digits, perhaps with a point among them.
#[inline]
pub(crate) fn comparable(spelling: &[u8]) -> Option<f64> {
    short(spelling).or_else(|| number::comparable_bytes(spelling))
}

/// The value of a number without an exponent and with so few digits that its value is that of its double.
#[inline]
fn short(spelling: &[u8]) -> Option<f64> {
    /// So many digits, zeros included, are a whole number that a double holds exactly, and so is the power of ten.
    const DIGITS: usize = 15;
    const POWERS: [f64; DIGITS + 1] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (negative, digits) = match spelling {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > DIGITS {
        return None;
    }
    let (mut mantissa, mut point) = (0_u64, None);
    for (at, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    // Both factors are exact, so the one rounding gives the nearest double.
    let value = mantissa as f64 / POWERS[point.map_or(0, |at| digits.len() - 1 - at)];
    Some(if negative && mantissa != 0 { -value } else { value })
}

/// Whether a glob matches the whole text. Taking each piece at its first place is enough, as only the
/// ends are fixed; so the text is read once.
pub(crate) fn glob_matches(glob: &Glob<'_>, text: &[u8]) -> bool {
    let mut rest = text;
    let mut pieces = glob.pieces().peekable();
    if pieces.peek().is_none() {
        return glob.leading || glob.trailing || text.is_empty();
    }
    if !glob.leading {
        let Some(first) = pieces.next() else { return false };
        match rest.strip_prefix(first) {
            Some(left) => rest = left,
            None => return false,
        }
        if pieces.peek().is_none() {
            return glob.trailing || rest.is_empty();
        }
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() && !glob.trailing {
            return rest.ends_with(piece);
        }
        match memchr::memmem::find(rest, piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventsieve_program::glob;

    fn matches(pattern: &str, text: &str) -> bool {
        let mut bytes = Vec::new();
        let pieces = pattern.split('*').filter(|piece| !piece.is_empty()).map(str::as_bytes);
        glob::push(&mut bytes, pattern.starts_with('*'), pattern.ends_with('*'), pieces);
        glob_matches(&Glob::parse(&bytes).unwrap(), text.as_bytes())
    }

    #[test]
    fn short_numbers_have_the_values_of_all_numbers() {
        let pieces = ["", "-", "0", "1", "9", "00", "007", "12345", "999999999999999", "100000000", "1e5", "+", "x"];
        let points = ["", ".", "..", "."];
        let mut short_ones = 0;
        for text in pieces.iter().flat_map(|a| points.map(|point| format!("{a}{point}"))) {
            for text in pieces.iter().flat_map(|b| ["", "-"].map(|sign| format!("{sign}{text}{b}"))) {
                let Some(value) = short(text.as_bytes()) else { continue };
                short_ones += 1;
                if text.bytes().any(|byte| byte.is_ascii_digit()) {
                    assert_eq!(Some(value.to_bits()), number::comparable(&text).map(f64::to_bits), "{text}");
                }
            }
        }
        assert!(short_ones > 300, "{short_ones}");
    }

    #[test]
    fn globs_are_anchored_at_both_ends() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "x", true),
            ("", "", true),
            ("", "x", false),
            ("a*b", "ab", true),
            ("a*b", "aXbc", false),
            ("a*b", "aXb", true),
            ("a*b*c", "aXbYc", true),
            ("a*a", "a", false),
            ("*a*", "a", true),
            ("*ab*ab", "ab", false),
            ("*ab*ab", "xabab", true),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*", "b", false),
            ("*bc", "abc", true),
            ("*bc", "bcd", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
