//! The drawing under an error: the line it points at, with carets.

use std::fmt::Write;
use std::ops::Range;

/// Columns of text shown.
const WIDTH: usize = 100;
/// Columns shown before the span where the line is cut.
const LEAD: usize = 30;
/// Characters of a quoted name.
const QUOTE: usize = 60;

/// Line and column of a byte, both from 1; columns in characters. Beyond the end counts as the end.
pub(crate) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..floor(text, at)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Appends the line that `span` begins in, cut to a window, and carets under the span.
pub(crate) fn excerpt(out: &mut String, text: &str, span: &Range<usize>) {
    let start = floor(text, span.start);
    let end = floor(text, span.end).max(start);
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    let line = &text[line_start..line_end];
    let from = text[line_start..start].chars().count();
    let to = text[line_start..end.min(line_end)].chars().count();
    let line_len = line.chars().count();

    let (mut first, mut last) = (0, line_len);
    if line_len > WIDTH {
        first = from.saturating_sub(LEAD).min(line_len - WIDTH + 2);
        last = (first + WIDTH).min(line_len);
    }
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    let shown: String = line.chars().skip(first).take(last - first).map(visible).collect();
    let caret_len = to.min(last).saturating_sub(from).max(1);
    let indent = from - first + cut(first > 0).chars().count();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "    {}{shown}{}", cut(first > 0), cut(last < line_len));
    let _ = writeln!(out, "    {}{} byte {start}", " ".repeat(indent), "^".repeat(caret_len));
}

/// `text` between quotes for a message: shortened, control characters made visible.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    out.extend(text.chars().take(QUOTE).map(visible));
    if text.chars().nth(QUOTE).is_some() {
        out.push('…');
    }
    out.push('"');
    out
}

/// A character as it may be shown: one column, and nothing that moves the cursor or turns the text.
fn visible(char: char) -> char {
    match char {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(char)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => '\u{fffd}',
        '\u{2060}'..='\u{206f}' | '\u{feff}' => '\u{fffd}',
        _ => char,
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, span: Range<usize>) -> String {
        let mut out = String::new();
        excerpt(&mut out, text, &span);
        out
    }

    #[test]
    fn carets_stand_under_the_span() {
        assert_eq!(drawn("abc def", 4..7), "    abc def\n        ^^^ byte 4\n");
        assert_eq!(drawn("é大x", 5..6), "    é大x\n      ^ byte 5\n");
        assert_eq!(drawn("ab", 2..2), "    ab\n      ^ byte 2\n");
        assert_eq!(drawn("", 0..0), "    \n    ^ byte 0\n");
        assert_eq!(drawn("a\n\tb c\nd", 3..8), "    ␉b c\n     ^^^ byte 3\n");
        assert_eq!(drawn("a", 7..9), "    a\n     ^ byte 1\n");
    }

    #[test]
    fn long_lines_are_cut_around_the_span() {
        let text = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let out = drawn(&text, 500..504);
        assert_eq!(
            out,
            format!("    …{}HERE{}…\n    {}^^^^ byte 500\n", "a".repeat(30), "b".repeat(66), " ".repeat(31))
        );
        let at_end = drawn(&text, 1004..1004);
        assert!(at_end.lines().next().unwrap().ends_with('b') && at_end.contains("^ byte 1004"));
        let whole = drawn(&text, 0..1004);
        assert!(whole.lines().all(|line| line.chars().count() < 130));
        // A line of just the width is whole, one that is longer by one is not.
        assert_eq!(drawn(&"a".repeat(100), 99..100).lines().next(), Some(format!("    {}", "a".repeat(100)).as_str()));
        let longer = drawn(&"a".repeat(101), 100..101);
        assert_eq!(longer, format!("    …{}\n    {}^ byte 100\n", "a".repeat(98), " ".repeat(98)));
        assert_eq!(drawn(&"a".repeat(101), 0..1).lines().next(), Some(format!("    {}…", "a".repeat(100)).as_str()));
    }

    #[test]
    fn a_place_inside_a_character_is_where_it_begins() {
        for at in 1..5 {
            assert_eq!(
                drawn("é大x", at..at).lines().nth(1),
                Some(if at < 2 { "    ^ byte 0" } else { "     ^ byte 2" })
            );
        }
    }

    #[test]
    fn positions_count_lines_and_characters() {
        assert_eq!(position("a\né大x", 7), (2, 3));
        assert_eq!(position("", 9), (1, 1));
    }

    #[test]
    fn quotes_are_short_and_plain() {
        assert_eq!(quoted("a\tb"), "\"a␉b\"");
        assert_eq!(quoted(&"x".repeat(99)).chars().count(), 63);
        assert_eq!(quoted(&"x".repeat(60)), format!("\"{}\"", "x".repeat(60)));
        // A control character, a mark that turns the text around, one that takes no room.
        assert_eq!(
            quoted("a\u{7f}b\u{85}c\u{202e}d\u{200b}e\u{2066}f\u{feff}"),
            "\"a␡b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\u{fffd}\""
        );
        assert_eq!(quoted("é大😀\u{a0}"), "\"é大😀\u{a0}\"");
    }
}
