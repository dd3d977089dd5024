//! The ignore-case rule: what may stand for a character of the pattern.
//!
//! For every UTF-16 code unit of the pattern, the value must continue with its lower-case or its
//! upper-case mapping (full mappings, so one unit may stand for several characters) and with nothing
//! else (patterns.md section 4). Half a surrogate pair has no mapping and encodes as `?`, which is why
//! text beyond the basic plane never matches itself (oddity D6, reproduced).

use eventsieve_program::{fold, text};

/// The fold sequence (see [`eventsieve_program::fold`]) of a pattern text.
pub(crate) fn sequence(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut lower, mut upper) = (String::new(), String::new());
    for unit in text::utf16_units(pattern) {
        lower.clear();
        upper.clear();
        match char::from_u32(u32::from(unit)) {
            Some(character) => {
                lower.extend(character.to_lowercase());
                upper.extend(character.to_uppercase());
                fold::push(&mut out, lower.as_bytes(), upper.as_bytes());
            }
            None => fold::push(&mut out, b"?", b"?"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_begins_with_the_other() {
        // `fold::match_start` may take the first spelling that fits because of this.
        for unit in 0..=0xffff_u32 {
            let Some(character) = char::from_u32(unit) else { continue };
            let lower: String = character.to_lowercase().collect();
            let upper: String = character.to_uppercase().collect();
            if lower != upper {
                assert!(!lower.starts_with(&upper) && !upper.starts_with(&lower), "U+{unit:04X}");
            }
        }
    }

    #[test]
    fn a_unit_stands_for_its_two_mappings_only() {
        let matches = |pattern: &str, value: &str| {
            fold::match_start(&sequence(pattern.as_bytes()), value.as_bytes()) == Some(value.len())
        };
        assert!(matches("aBc", "AbC") && matches("ß", "SS") && matches("İ", "i\u{307}"));
        assert!(!matches("ß", "ss") && !matches("SS", "ß") && !matches("ǅ", "ǅ"));
        assert!(matches("😀", "??") && !matches("😀", "😀"));
    }
}
