//! Text of whole records, and where they lie in it.

use std::io::{self, Read};
use std::ops::{Deref, Range};

use memchr::memchr_iter;

use crate::layout::Layout;

/// Bytes that a chunk of a file should have: large enough to make the cost of handing it around vanish, small
/// enough to stay in the nearest cache of a core between reading it and being done with it.
pub(crate) const CHUNK_BYTES: usize = 1 << 18;

/// Bytes in memory that goes from chunk to chunk: a text can be read into it without clearing it first.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// What was taken away, the text, then memory for more of it.
    memory: Vec<u8>,
    start: usize,
    end: usize,
}

impl Deref for Text {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }
}

impl Text {
    /// Another text in the same memory, which is given up where a huge record has left it larger than is good.
    pub(crate) fn replaced_by(mut self, text: &[u8]) -> Text {
        if self.memory.len() > 4 * CHUNK_BYTES {
            self.memory = Vec::new();
        }
        if self.memory.len() < text.len() {
            self.memory.resize(text.len().next_power_of_two(), 0);
        }
        self.memory[..text.len()].copy_from_slice(text);
        Text { memory: self.memory, start: 0, end: text.len() }
    }

    /// Reads once, to the end of the memory; none of it left, it doubles. Says how many bytes came.
    pub(crate) fn read(&mut self, input: &mut impl Read) -> io::Result<usize> {
        if self.end == self.memory.len() || self.memory.len() < CHUNK_BYTES {
            self.memory.resize((2 * self.end).max(CHUNK_BYTES), 0);
        }
        loop {
            match input.read(&mut self.memory[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes bytes away from the beginning.
    pub(crate) fn remove_first(&mut self, len: usize) {
        self.start = (self.start + len).min(self.end);
    }

    /// Forgets what lies behind `len`.
    pub(crate) fn truncate(&mut self, len: usize) {
        if len == 0 {
            (self.start, self.end) = (0, 0);
        }
        self.end = self.end.min(self.start + len);
    }
}

/// Whole records of one file.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Which of the files, in the order they were named.
    pub(crate) file: usize,
    pub(crate) text: Text,
    /// Which line of the file it begins on, if lines are numbered by the reader.
    pub(crate) first_line: Option<u64>,
    pub(crate) layout: Layout,
    /// The records, where the reader had to find them to know where to cut.
    pub(crate) documents: Vec<Span>,
}

/// Where one record lies in its chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First byte.
    pub(crate) start: usize,
    /// Behind the last byte, without a line ending.
    pub(crate) end: usize,
    /// Behind the line ending, if there is one.
    pub(crate) next: usize,
    /// The line it begins on, counted from 1: of the file if the reader numbers lines, or else of the chunk.
    pub(crate) line: u64,
}

impl Span {
    /// The record's bytes.
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl Chunk {
    /// Whether each record has lines for itself.
    pub(crate) fn has_lines(&self) -> bool {
        self.layout == Layout::Lines
    }

    /// Takes back what [`Chunk::find_records`] found, if it cannot be found again.
    pub(crate) fn keep_records(&mut self, spans: Vec<Span>) {
        if self.layout == Layout::Documents {
            self.documents = spans;
        }
    }

    /// The records, in order, in place of what `spans` held. Blank lines are no records. Returns how many lines end
    /// here that the reader has not counted.
    pub(crate) fn find_records(&mut self, spans: &mut Vec<Span>) -> u64 {
        let feeds = match self.layout {
            Layout::Documents => {
                *spans = std::mem::take(&mut self.documents);
                count_feeds(&self.text)
            }
            Layout::Lines => self.find_lines(spans),
        };
        if self.first_line.is_some() { 0 } else { feeds }
    }

    /// Returns how many lines end.
    fn find_lines(&self, spans: &mut Vec<Span>) -> u64 {
        spans.clear();
        let bytes: &[u8] = &self.text;
        let mut start = 0;
        // The last line may lack its line feed.
        let open_end = (bytes.last() != Some(&b'\n')).then_some(bytes.len());
        let first = self.first_line.unwrap_or(1);
        let mut line = first;
        for feed in memchr_iter(b'\n', bytes).chain(open_end) {
            let next = bytes.len().min(feed + 1);
            if !bytes[start..feed].iter().all(u8::is_ascii_whitespace) {
                let carriage = usize::from(feed < bytes.len() && bytes[feed - 1] == b'\r');
                spans.push(Span { start, end: feed - carriage, next, line });
            }
            start = next;
            line += 1;
        }
        line - first - u64::from(open_end.is_some())
    }
}

pub(crate) fn count_feeds(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &str, first_line: Option<u64>) -> Chunk {
        let text = Text::default().replaced_by(text.as_bytes());
        Chunk { file: 0, text, first_line, layout: Layout::Lines, documents: Vec::new() }
    }

    #[test]
    fn lines_lose_their_endings_and_blank_ones_are_skipped() {
        let mut spans = Vec::new();
        let feeds = chunk("\n{}\r\n \t\r\n{\"a\":1}\n\n7", None).find_records(&mut spans);
        assert_eq!(feeds, 5);
        let expected = [(1, 3, 5, 2), (9, 16, 17, 4), (18, 19, 19, 6)];
        assert_eq!(spans, expected.map(|(start, end, next, line)| Span { start, end, next, line }));
    }

    #[test]
    fn lines_that_the_reader_numbers_are_not_counted_again() {
        let mut spans = Vec::new();
        assert_eq!(chunk("{}\n{}\n", Some(41)).find_records(&mut spans), 0);
        assert_eq!(spans.iter().map(|span| span.line).collect::<Vec<_>>(), [41, 42]);
    }

    #[test]
    fn text_is_read_behind_what_it_holds_and_grows_as_needed() {
        let mut text = Text::default().replaced_by(b"ab");
        assert_eq!(text.read(&mut b"cd".as_slice()).unwrap(), 2);
        assert_eq!(&*text, b"abcd");
        text.remove_first(1);
        assert_eq!(&*text, b"bcd");
        let long = vec![b'x'; 3 * CHUNK_BYTES];
        let mut input = long.as_slice();
        while text.read(&mut input).unwrap() > 0 {}
        assert!(text.len() == 3 + long.len() && text.starts_with(b"bcdxx"));
        text.truncate(2);
        assert_eq!(&*text, b"bc");
    }

    #[test]
    fn memory_of_a_huge_record_is_given_up() {
        let huge = Text::default().replaced_by(&vec![b'x'; 9 * CHUNK_BYTES]);
        let next = huge.replaced_by(b"{}");
        assert!(&*next == b"{}" && next.memory.capacity() < CHUNK_BYTES);
    }
}
