//! Does a file hold one record a line, or JSON documents that span lines?
//!
//! NDJSON is the rule and the fast path. A pretty-printed document, several of them, or documents glued together
//! without any line break (as delivery streams write them) are told by the beginning of the file. The doubt is
//! always decided for lines: a broken first line of NDJSON must cost one record, not the file.

use eventsieve::{Malformed, RecordLimits};
use memchr::{memchr, memchr3};

/// How the records of a file are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One record a line.
    Lines,
    /// JSON documents with anything or nothing between them.
    Documents,
}

/// Decides the layout from the beginning of a file, or `None` if more of it is needed.
///
/// `at_end` says that `look` is all there is.
pub(crate) fn detect(look: &[u8], at_end: bool, enough: usize) -> Option<Layout> {
    let Some(start) = look.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return at_end.then_some(Layout::Lines);
    };
    let look = &look[start..];
    let line_end = memchr(b'\n', look);
    let whole_line = at_end || line_end.is_some();
    let line = &look[..line_end.unwrap_or(look.len())];
    let mut splitter = Splitter::default();
    match splitter.feed(line) {
        Step::Stray => Some(Layout::Lines),
        Step::Document(end) => {
            let rest = look[end..].trim_ascii_start();
            // Glued documents. With lines after it, such a line is one bad record of NDJSON.
            let glued = look[end..line.len()].trim_ascii_start().first().is_some_and(|byte| is_open(*byte));
            let alone = line_end.is_none_or(|end| look[end..].trim_ascii().is_empty());
            if !alone || (!glued && whole_line) {
                return Some(Layout::Lines);
            }
            if !at_end && look.len() < enough {
                return None;
            }
            let documents = glued && is_prefix(&look[..end]) && is_prefix(first_document(rest));
            Some(if documents { Layout::Documents } else { Layout::Lines })
        }
        Step::Broken => Some(Layout::Lines),
        // However long the first line is: what it is can only be told from all of it.
        Step::Open if !whole_line => None,
        // A line break inside a string is never JSON: the line was cut short.
        Step::Open if splitter.in_string && line_end.is_some() => Some(Layout::Lines),
        Step::Open => {
            let rest = &look[line.len()..];
            // A line that ends with an opening bracket or a comma, with more of a document below, was not cut short:
            // so a document that turns out broken further down is a document all the same.
            let ends_open = matches!(line.trim_ascii_end().last(), Some(b'{' | b'[' | b','));
            let below = rest.trim_ascii_start();
            if ends_open && below.first().is_some_and(|byte| *byte != b'{') && is_prefix(line) {
                return Some(Layout::Documents);
            }
            let end = match splitter.feed(rest) {
                Step::Document(end) => line.len() + end,
                Step::Open if !at_end && look.len() < enough => return None,
                Step::Open => look.len(),
                Step::Broken | Step::Stray => return Some(Layout::Lines),
            };
            // At the end of the file, an open document with whole ones below it is a line that was cut short.
            let whole_below = || rest.split(|byte| *byte == b'\n').any(is_whole);
            let lines =
                !is_prefix(&look[..end]) || (at_end && end == look.len() && splitter.is_open() && whole_below());
            Some(if lines { Layout::Lines } else { Layout::Documents })
        }
    }
}

fn check(record: &[u8]) -> Result<(), Malformed> {
    eventsieve::check(record, &RecordLimits::default())
}

fn is_open(byte: u8) -> bool {
    matches!(byte, b'{' | b'[')
}

/// The first document of a text, or all of the text if it does not end there.
fn first_document(text: &[u8]) -> &[u8] {
    match Splitter::default().feed(text) {
        Step::Document(end) => &text[..end],
        _ => text,
    }
}

/// Whether a text is a JSON document or could become one if it went on. Any root will do.
fn is_prefix(text: &[u8]) -> bool {
    let mut wrapped = Vec::with_capacity(text.len() + 6);
    wrapped.extend_from_slice(br#"{"":"#);
    wrapped.extend_from_slice(text);
    // Without its closing brace the wrapping object ends too early, which is all that may be wrong with it.
    match check(&wrapped) {
        Ok(()) => false,
        Err(malformed) => malformed.offset() == wrapped.len(),
    }
}

/// Whether a line is a record for itself.
fn is_whole(line: &[u8]) -> bool {
    check(line).is_ok()
}

/// Finds the ends of JSON documents by counting brackets outside of strings.
///
/// It does not judge: what it cuts out is checked like any other record. A document that has a line break inside a
/// string is broken for sure; it is cut before the next line that starts with a bracket, so that one lost quote
/// does not cost the rest of the file.
#[derive(Debug, Default, Clone)]
pub(crate) struct Splitter {
    depth: usize,
    in_string: bool,
    escaped: bool,
    broken: bool,
    /// The last byte was a line feed (only kept while broken).
    at_line_start: bool,
}

/// What [`Splitter::feed`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The document ends before this offset of the bytes fed.
    Document(usize),
    /// The document goes on, if there is more.
    Open,
    /// As open, but it cannot be JSON any more.
    Broken,
    /// No document starts here.
    Stray,
}

impl Splitter {
    /// Whether a document has begun and not ended.
    pub(crate) fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// Reads on. Starts a document at the first byte, which should be a bracket, if none is open.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Step {
        let mut at = 0;
        if !self.is_open() {
            match bytes.first() {
                Some(byte) if is_open(*byte) => {
                    *self = Splitter { depth: 1, ..Splitter::default() };
                    at = 1;
                }
                Some(_) => return Step::Stray,
                None => return Step::Open,
            }
        }
        if !self.broken {
            match self.find_end(bytes, at) {
                Ok(Some(end)) => return Step::Document(end),
                Ok(None) => return Step::Open,
                Err(feed) => (self.broken, at) = (true, feed),
            }
        }
        match self.find_restart(bytes, at) {
            Some(restart) => {
                *self = Splitter::default();
                Step::Document(restart)
            }
            None => Step::Broken,
        }
    }

    /// Where the open document ends; an error is the line feed that breaks it.
    fn find_end(&mut self, bytes: &[u8], mut at: usize) -> Result<Option<usize>, usize> {
        while at < bytes.len() {
            if self.in_string {
                if std::mem::take(&mut self.escaped) {
                    at += 1;
                    continue;
                }
                let Some(next) = memchr3(b'"', b'\\', b'\n', &bytes[at..]) else { return Ok(None) };
                at += next;
                match bytes[at] {
                    b'"' => self.in_string = false,
                    b'\\' => self.escaped = true,
                    _ => return Err(at),
                }
            } else {
                match bytes[at] {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return Ok(Some(at + 1));
                        }
                    }
                    _ => {}
                }
            }
            at += 1;
        }
        Ok(None)
    }

    /// The start of the next line that begins with a bracket.
    fn find_restart(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            if std::mem::take(&mut self.at_line_start) && bytes.get(at).copied().is_some_and(is_open) {
                return Some(at);
            }
            match memchr(b'\n', &bytes[at..]) {
                Some(feed) => {
                    at += feed + 1;
                    self.at_line_start = true;
                    if at == bytes.len() {
                        return None;
                    }
                }
                None => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: usize = 1 << 16;

    fn layout(text: &str) -> Layout {
        detect(text.as_bytes(), true, ENOUGH).expect("at the end there is nothing to wait for")
    }

    /// Cuts a text into documents, fed in pieces of `step` bytes.
    fn documents(text: &str, step: usize) -> Vec<String> {
        let (mut found, mut splitter, mut document) = (Vec::new(), Splitter::default(), Vec::new());
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            if !splitter.is_open() && rest[0].is_ascii_whitespace() {
                rest = &rest[1..];
                continue;
            }
            let piece = &rest[..step.min(rest.len())];
            let used = match splitter.feed(piece) {
                Step::Document(end) => end,
                Step::Stray => panic!("stray at {:?}", String::from_utf8_lossy(rest)),
                _ => piece.len(),
            };
            document.extend_from_slice(&piece[..used]);
            rest = &rest[used..];
            if !splitter.is_open() {
                found.push(String::from_utf8(std::mem::take(&mut document)).unwrap());
            }
        }
        found
    }

    #[test]
    fn one_document_a_line_is_lines() {
        for text in
            ["", "\n\n", "{}", "{}\n", "\n {\"a\":1}\n{\"b\":1}\n", "[1]\n[2]\n", "7\n", "nonsense", "{\"a\":1} \r\n{}"]
        {
            assert_eq!(layout(text), Layout::Lines, "{text:?}");
        }
    }

    #[test]
    fn documents_over_several_lines_are_documents() {
        for text in [
            "{\n  \"a\": 1\n}\n",
            "{ \"a\":\n1}",
            "[\n  {\"a\": 1}\n]",
            "{\"Records\": [\n{\"a\":1},\n{\"a\":2}\n]}\n{\"Records\": [\n]}",
            "\n\n{\n}\n{\n}",
            "{\n  \"a\": 1,\n  \"b\": [", // cut short, but nothing else could be meant
        ] {
            assert_eq!(layout(text), Layout::Documents, "{text:?}");
        }
    }

    #[test]
    fn documents_glued_on_the_only_line_are_documents() {
        assert_eq!(layout("{\"a\":1}{\"a\":2}{\"a\":3}"), Layout::Documents);
        assert_eq!(layout("{\"a\":1} {\"a\":2}\n\n"), Layout::Documents);
        assert_eq!(layout("{\"a\":1}{\"a\":2}\n{\"a\":3}\n"), Layout::Lines);
        assert_eq!(layout("{\"a\":1}{oops}"), Layout::Lines);
        assert_eq!(layout("{\"a\":1}garbage"), Layout::Lines);
    }

    #[test]
    fn broken_first_line_of_lines_stays_one_line() {
        for text in [
            "{\"a\":\n{\"a\":1}\n{\"a\":2}\n",
            "{\"a\":\n{\"a\":1}\n",
            "{\"a\":\"cut\n{\"a\":1}\n",
            "{\"a\":[1,\n{\"a\":1}\n{\"a\":2}\n",
            "{\"a\" 1\n}\n",
            "{{\n}}\n",
        ] {
            assert_eq!(layout(text), Layout::Lines, "{text:?}");
        }
    }

    #[test]
    fn detection_waits_for_a_line_or_a_document() {
        assert_eq!(detect(b"", false, ENOUGH), None);
        assert_eq!(detect(b"{\"a\"", false, ENOUGH), None);
        assert_eq!(detect(b"{\n", false, ENOUGH), None);
        assert_eq!(detect(b"{\n}", false, ENOUGH), Some(Layout::Documents));
        assert_eq!(detect(b"{}\n", false, ENOUGH), Some(Layout::Lines));
        assert_eq!(detect(b"{\n  \"a\": [1,\n", false, 4), Some(Layout::Documents));
    }

    #[test]
    fn splitter_cuts_the_same_whatever_the_pieces() {
        let text = "{\"a\":\"}\\\"{\"}[1,[2]]\n {\"b\":{\"c\":\"\\\\\"}}\n{\n}";
        let whole = documents(text, usize::MAX);
        assert_eq!(whole, ["{\"a\":\"}\\\"{\"}", "[1,[2]]", "{\"b\":{\"c\":\"\\\\\"}}", "{\n}"]);
        for step in 1..20 {
            assert_eq!(documents(text, step), whole, "pieces of {step}");
        }
    }

    #[test]
    fn splitter_recovers_from_a_lost_quote_at_the_next_bracket_in_the_first_column() {
        let text = "{\n  \"a\": \"lost\n  , \"b\": {}\n}\n{\n  \"c\": 1\n}\n";
        let whole = documents(text, usize::MAX);
        assert_eq!(whole, ["{\n  \"a\": \"lost\n  , \"b\": {}\n}\n", "{\n  \"c\": 1\n}"]);
        for step in 1..20 {
            assert_eq!(documents(text, step), whole, "pieces of {step}");
        }
    }
}
