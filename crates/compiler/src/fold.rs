//! The ignore-case rule: what may stand for a character of the pattern.
//!
//! For every UTF-16 code unit of the pattern, the value must continue with its lower-case or its
//! upper-case mapping (full mappings, so one unit may stand for several characters) and with nothing
//! else. Half a surrogate pair has no mapping and encodes as `?`, which is why
//! text beyond the basic plane never matches itself (oddity D6, reproduced).

use eventsieve_program::{fold, text};

/// Letters whose case mappings are newer than Unicode 15, which the Java of the service does not know: they map to
/// themselves. Leaving them out also keeps the bytes of programs from changing with the Rust release.
const NEWER: [u16; 16] = [
    0x019b, 0x0264, 0x1c89, 0x1c8a, 0xa7cb, 0xa7cc, 0xa7cd, 0xa7ce, 0xa7cf, 0xa7d2, 0xa7d3, 0xa7d4, 0xa7d5, 0xa7da,
    0xa7db, 0xa7dc,
];

/// The fold sequence (see [`eventsieve_program::fold`]) of a pattern text.
pub(crate) fn sequence(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut lower, mut upper) = (String::new(), String::new());
    for unit in text::utf16_units(pattern) {
        lower.clear();
        upper.clear();
        match char::from_u32(u32::from(unit)) {
            Some(character) if NEWER.contains(&unit) => {
                lower.push(character);
                fold::push(&mut out, lower.as_bytes(), lower.as_bytes());
            }
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
    fn mappings_do_not_change_with_the_rust_release() {
        // FNV-1a over the sequences of all code units. If a new release changes it, find what it added and list
        // it in `NEWER`.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for unit in (0..=0xffff_u32).filter_map(char::from_u32) {
            for byte in sequence(unit.to_string().as_bytes()) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        assert_eq!(hash, 0x8bb7_0627_b609_05aa, "{hash:#x}");
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
