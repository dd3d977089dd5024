//! Fold sequences: the text of an ignore-case test, one *unit* after the other.
//!
//! A unit is one UTF-16 code unit of the pattern and is written as its two spellings: a length byte and
//! that many bytes for the first, the same for the second; a second length of zero means "the same".
//! A value matches a unit where it continues with one of the spellings (the rule of the reference: the
//! lower-case and the upper-case mapping of the pattern's unit, nothing else).

/// One unit: the bytes that may stand for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit<'l> {
    /// First spelling; never empty.
    pub first: &'l [u8],
    /// Second spelling; equal to the first where there is only one.
    pub second: &'l [u8],
}

/// Appends a unit.
///
/// # Panics
/// If a spelling is empty or longer than 255 bytes: no case mapping of one code unit is.
pub fn push(out: &mut Vec<u8>, first: &[u8], second: &[u8]) {
    assert!(!first.is_empty() && first.len() < 256 && !second.is_empty() && second.len() < 256);
    out.push(first.len() as u8);
    out.extend_from_slice(first);
    if first == second {
        out.push(0);
    } else {
        out.push(second.len() as u8);
        out.extend_from_slice(second);
    }
}

/// Reads the units of a fold sequence. Ends early where the bytes are no sequence; [`is_valid`] tells.
pub fn units(literal: &[u8]) -> impl Iterator<Item = Unit<'_>> {
    let mut rest = literal;
    std::iter::from_fn(move || {
        let (unit, left) = split(rest)?;
        rest = left;
        Some(unit)
    })
}

/// Whether the bytes are a fold sequence from end to end.
pub fn is_valid(literal: &[u8]) -> bool {
    let mut rest = literal;
    while !rest.is_empty() {
        match split(rest) {
            Some((_, left)) => rest = left,
            None => return false,
        }
    }
    true
}

fn split(rest: &[u8]) -> Option<(Unit<'_>, &[u8])> {
    let (&len, rest) = rest.split_first()?;
    let (first, rest) = rest.split_at_checked(usize::from(len))?;
    let (&len, rest) = rest.split_first()?;
    let (second, rest) = rest.split_at_checked(usize::from(len))?;
    if first.is_empty() {
        return None;
    }
    Some((Unit { first, second: if second.is_empty() { first } else { second } }, rest))
}

/// How many bytes at the start of `value` match the whole sequence, if they do.
///
/// No spelling of a unit is the beginning of its other spelling, so there is at most one way to read the
/// value and the first spelling that fits is the right one (`compiler` tests this for every code unit).
#[inline]
pub fn match_start(literal: &[u8], value: &[u8]) -> Option<usize> {
    let mut at = 0;
    for unit in units(literal) {
        let rest = &value[at..];
        if rest.starts_with(unit.first) {
            at += unit.first.len();
        } else if rest.starts_with(unit.second) {
            at += unit.second.len();
        } else {
            return None;
        }
    }
    Some(at)
}

/// Whether `value` ends with bytes that match the whole sequence.
pub fn match_end(literal: &[u8], value: &[u8]) -> bool {
    // Spellings differ in length, so where the match would begin is not known; but every spelling begins
    // with the first byte of a character, so only as many places as the sequence has units are tried
    // backwards: each unit moves one spelling towards the start. Both spellings may fit from behind
    // ("ss" ends with "s"), so a small set of places is kept.
    let mut places: smallvec::SmallVec<[usize; 8]> = smallvec::smallvec![value.len()];
    let units: smallvec::SmallVec<[Unit<'_>; 32]> = units(literal).collect();
    for unit in units.iter().rev() {
        let mut next: smallvec::SmallVec<[usize; 8]> = smallvec::SmallVec::new();
        for &end in &places {
            for spelling in [unit.first, unit.second] {
                if value[..end].ends_with(spelling) && !next.contains(&(end - spelling.len())) {
                    next.push(end - spelling.len());
                }
                if unit.first == unit.second {
                    break;
                }
            }
        }
        if next.is_empty() {
            return false;
        }
        places = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(units: &[(&str, &str)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (first, second) in units {
            push(&mut out, first.as_bytes(), second.as_bytes());
        }
        out
    }

    #[test]
    fn either_spelling_matches_and_nothing_else() {
        let ab = sequence(&[("a", "A"), ("ß", "SS"), ("1", "1")]);
        assert_eq!(match_start(&ab, "aSS1x".as_bytes()), Some(4));
        assert_eq!(match_start(&ab, "Aß1".as_bytes()), Some(4));
        assert_eq!(match_start(&ab, b"ass1"), None);
        assert!(match_end(&ab, "xaß1".as_bytes()));
        assert!(match_end(&ab, b"xASS1"));
        assert!(!match_end(&ab, b"xASS1 "));
    }

    /// From behind, more than one place may be the right one for a while.
    #[test]
    fn every_way_to_read_the_end_is_followed() {
        let sequence = sequence(&[("x", "x"), ("s", "s"), ("s", "ss")]);
        for (value, matches) in [("xss", true), ("xsss", true), ("xs", false), ("xssss", false), ("ss", false)] {
            assert_eq!(match_end(&sequence, value.as_bytes()), matches, "{value}");
        }
    }

    #[test]
    fn damaged_sequences_are_told() {
        let ok = sequence(&[("a", "A")]);
        assert!(is_valid(&ok) && is_valid(b""));
        assert!(!is_valid(&ok[..ok.len() - 1]));
        assert!(!is_valid(&[0, 0]));
    }
}
