//! A literal and the few of its bytes that stand for it while it is searched.

/// Most distance of the first and the last of these bytes, so that a search knows how far behind it reads.
pub(super) const DISTANCE: usize = 31;

/// A literal of at least two bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needle {
    pub(super) text: Box<[u8]>,
    /// Where the first of the bytes stands in the text.
    pub(super) lead: usize,
    /// How far behind the first the last stands; 1 to [`DISTANCE`].
    pub(super) distance: usize,
}

impl Needle {
    /// A literal that the rarest two of its bytes stand for.
    ///
    /// # Panics
    /// If the text has less than two bytes.
    pub(super) fn pair(text: &[u8]) -> Needle {
        let pairs = (0..text.len())
            .flat_map(|lead| (1..=DISTANCE.min(text.len() - 1 - lead)).map(move |distance| (lead, distance)));
        let cost = |&(lead, distance): &(usize, usize)| {
            // Neighbours depend on each other: `ll`, `qu`.
            let near = if distance == 1 { 2 } else { 1 };
            (frequency(text[lead]) * frequency(text[lead + distance]) * near, DISTANCE - distance)
        };
        let (lead, distance) = pairs.min_by_key(cost).expect("a needle has two bytes");
        Needle { text: text.into(), lead, distance }
    }

    /// A literal that the rarest three of its bytes stand for that are together; two if it has no more.
    ///
    /// # Panics
    /// If the text has less than two bytes.
    pub(super) fn window(text: &[u8]) -> Needle {
        let width = text.len().min(3);
        assert!(width >= 2, "a needle has two bytes");
        let cost =
            |&lead: &usize| text[lead..lead + width].iter().map(|&byte| u64::from(frequency(byte))).product::<u64>();
        let lead = (0..=text.len() - width).min_by_key(cost).unwrap_or(0);
        Needle { text: text.into(), lead, distance: width - 1 }
    }

    /// The bytes of a window.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.text[self.lead..=self.lead + self.distance]
    }

    /// Where the literal begins if it is the one whose first byte that is searched stands at `at`.
    #[inline]
    pub(super) fn start_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let start = at.checked_sub(self.lead)?;
        let text = text.get(start..start + self.text.len())?;
        // PERF: to compare all of it is a call.
        (text[0] == self.text[0] && *text == *self.text).then_some(start)
    }
}

/// How often a byte is met in records of JSON, in some ten thousandths: a guess at the middle of many kinds of them.
///
/// Digits count as more frequent than they are. In data that is full of numbers every second byte is one, and pairs of
/// digits are then found everywhere. Letters that are hexadecimal digits stand in every identifier.
fn frequency(byte: u8) -> u32 {
    match byte {
        b'"' => 1_500,
        b'0'..=b'9' => 500,
        b':' | b',' | b' ' => 400,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 350,
        b'b' | b'c' | b'd' | b'f' => 250,
        b'-' | b'l' | b'm' | b'u' | b'p' => 200,
        b'.' | b'_' | b'/' | b'g' | b'h' | b'y' => 120,
        b'{' | b'}' | b'[' | b']' | b'k' | b'v' | b'w' | b'\\' => 80,
        b'A'..=b'Z' | 0x80.. => 60,
        b'j' | b'q' | b'x' | b'z' => 50,
        _ => 20,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_bytes_stand_for_a_text() {
        for (text, pair, window) in [
            ("running", "ug", "ing"),
            ("cancelled", "cl", "ell"),
            ("refused-by-fraud", "uy", "-by"),
            ("us-west-2", "w-", "s-w"),
            ("ab", "ab", "ab"),
            ("order-Xyz", "Xz", "Xyz"),
            (r"\u", r"\u", r"\u"),
            ("1234567", "17", "123"),
        ] {
            let needle = Needle::pair(text.as_bytes());
            let [first, second] = pair.as_bytes() else { panic!("{pair} is a pair") };
            assert_eq!(needle.text[needle.lead], *first, "{text}");
            assert_eq!(needle.text[needle.lead + needle.distance], *second, "{text}");
            assert_eq!(Needle::window(text.as_bytes()).bytes(), window.as_bytes(), "{text}");
        }
    }

    #[test]
    fn the_bytes_are_never_far_apart() {
        let text = format!("z{}z", "e".repeat(100));
        let needle = Needle::pair(text.as_bytes());
        assert!(needle.distance <= DISTANCE && needle.lead + needle.distance < text.len());
        assert!(needle.bytes().contains(&b'z'));
    }

    #[test]
    fn a_needle_is_found_by_its_first_byte_only_where_it_is_whole() {
        for needle in [Needle::pair(b"running"), Needle::window(b"running")] {
            let text = b"nrunnin running";
            let found: Vec<usize> = (0..text.len() + 9).filter(|&at| needle.start_at(text, at) == Some(8)).collect();
            assert_eq!(found, [8 + needle.lead]);
            assert!((0..text.len() + 9).all(|at| at == 8 + needle.lead || needle.start_at(text, at).is_none()));
        }
    }
}
