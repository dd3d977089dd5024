//! Many literals in eight buckets, told by three bytes each: the tables that a vector unit looks bytes up in.
//!
//! The method is Teddy's: byte `k` of a window has a table for its low and one for its high half, and an entry says which
//! buckets hold a literal with that half there. A place where one bucket is left over three bytes is looked at. Other than
//! in `aho_corasick`, the three bytes are the rarest of the literal, not the first, and `\u` is no literal: with but
//! two bytes it would make windows of two for all.

use super::needle::Needle;

/// Bytes of a window.
pub(super) const WIDTH: usize = 3;
/// Buckets: one for each bit of a byte.
const BUCKETS: usize = 8;

/// Literals, and the tables for their windows.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    /// By the first byte of their windows.
    needles: Vec<Needle>,
    /// Of these, how many have a first byte less than the index.
    starts: Box<[u8; 257]>,
    /// For each byte of the window, by its low half.
    pub(super) low: [[u8; 16]; WIDTH],
    /// For each byte of the window, by its high half.
    pub(super) high: [[u8; 16]; WIDTH],
}

impl Buckets {
    /// # Panics
    /// If there are more than 255 literals, or one has less than two bytes.
    pub(super) fn new<'l>(literals: impl Iterator<Item = &'l [u8]>) -> Buckets {
        let mut needles: Vec<Needle> = literals.map(Needle::window).collect();
        assert!(needles.len() <= usize::from(u8::MAX), "numbers of literals are bytes");
        needles.sort_by(|a, b| a.bytes().cmp(b.bytes()));
        let mut starts = Box::new([0; 257]);
        for (byte, start) in starts.iter_mut().enumerate() {
            *start = needles.partition_point(|needle| usize::from(needle.bytes()[0]) < byte) as u8;
        }
        let (mut low, mut high) = ([[0; 16]; WIDTH], [[0; 16]; WIDTH]);
        for (number, needle) in needles.iter().enumerate() {
            // Neighbours in order have bytes in common, so that their bucket does not let much more through than one of
            // them would.
            let bucket = 1 << (number * BUCKETS / needles.len());
            for place in 0..WIDTH {
                match needle.bytes().get(place) {
                    Some(byte) => {
                        low[place][usize::from(byte & 15)] |= bucket;
                        high[place][usize::from(byte >> 4)] |= bucket;
                    }
                    // A short literal is content with whatever follows.
                    None => {
                        (low[place], high[place]) =
                            (low[place].map(|row| row | bucket), high[place].map(|row| row | bucket))
                    }
                }
            }
        }
        Buckets { needles, starts, low, high }
    }

    /// Those literals whose windows begin with this byte.
    #[inline]
    pub(super) fn beginning_with(&self, byte: u8) -> &[Needle] {
        let byte = usize::from(byte);
        &self.needles[usize::from(self.starts[byte])..usize::from(self.starts[byte + 1])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a vector unit makes of three bytes.
    fn lets_through(buckets: &Buckets, window: &[u8]) -> bool {
        (0..WIDTH).fold(0xff, |left, place| {
            let byte = window.get(place).copied().unwrap_or(0);
            left & buckets.low[place][usize::from(byte & 15)] & buckets.high[place][usize::from(byte >> 4)]
        }) != 0
    }

    #[test]
    fn every_literal_is_let_through_and_little_else() {
        for len in [1, 2, 7, 8, 9, 64] {
            let literals: Vec<String> = (0..len).map(|number| format!("{number:02}-Ä")).collect();
            let buckets = Buckets::new(literals.iter().map(String::as_bytes));
            for literal in &literals {
                let window = Needle::window(literal.as_bytes());
                assert!(lets_through(&buckets, window.bytes()), "{literal}");
                assert!(buckets.beginning_with(window.bytes()[0]).contains(&window));
            }
            assert!(!lets_through(&buckets, b"abc"));
        }
    }

    #[test]
    fn a_literal_of_two_bytes_needs_only_two() {
        let buckets = Buckets::new([b"ab".as_slice(), b"wxyz"].into_iter());
        for (window, expected) in [("abc", true), ("ab\u{7f}", true), ("ac", false), ("xyz", true), ("xy ", false)] {
            assert_eq!(lets_through(&buckets, window.as_bytes()), expected, "{window}");
        }
    }
}
