//! What a chunk came to: the records to write, and what there is to say about it.

use eventsieve::Verdict;

use crate::chunk::{Span, Text};
use crate::records::Trouble;

/// Malformed records that are named one by one.
pub(crate) const NAMED_PROBLEMS: usize = 10;

/// What a chunk came to.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) file: usize,
    /// What to write, unless all of the chunk is.
    pub(crate) out: Vec<u8>,
    /// All of the chunk is to be written as it lies.
    pub(crate) whole: bool,
    /// The last record to be written has no line ending.
    pub(crate) open_end: bool,
    pub(crate) records: u64,
    pub(crate) matched: u64,
    pub(crate) kept: u64,
    pub(crate) malformed: u64,
    /// Dropped records whose payload is no JSON although a filter asks for JSON.
    pub(crate) payload_not_json: u64,
    /// The first few malformed records.
    pub(crate) problems: Vec<Problem>,
    /// Why the file cannot be read (further).
    pub(crate) trouble: Option<Trouble>,
    /// Lines that end in the chunk and that `problems` do not know to be of the file.
    pub(crate) lines: u64,
    /// The chunk's text.
    pub(crate) text: Text,
}

/// A malformed record.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Counted as [`Span`] does.
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) reason: String,
}

/// Memory of an answer that was taken, to be used again.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    pub(crate) text: Text,
    pub(crate) out: Vec<u8>,
}

impl Answer {
    /// What to write.
    pub(crate) fn written(&self) -> &[u8] {
        if self.whole { &self.text } else { &self.out }
    }

    /// The memory, for the next chunk.
    pub(crate) fn into_spare(mut self) -> Spare {
        self.out.clear();
        Spare { text: self.text, out: self.out }
    }

    /// Counts records by their verdicts; those with the verdict `keep` are printed, or would be.
    pub(crate) fn count(&mut self, verdicts: &[Verdict], keep: Verdict) {
        let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count() as u64;
        self.matched = count(Verdict::Match);
        self.malformed = count(Verdict::Malformed);
        self.kept = count(keep);
    }

    /// Writes one record with its ending, which it may lack if nothing follows.
    pub(crate) fn write(&mut self, record: &[u8], end: &[u8]) {
        if self.open_end {
            self.out.push(b'\n');
        }
        self.out.extend_from_slice(record);
        self.out.extend_from_slice(end);
        self.open_end = end.is_empty();
    }

    /// Writes lines as they lay. Neighbours are copied together, and nothing is if all are kept.
    pub(crate) fn write_lines<'s>(&mut self, bytes: &[u8], kept: impl Iterator<Item = &'s Span>) {
        let mut run = 0..0;
        for span in kept {
            if span.start != run.end {
                self.out.extend_from_slice(&bytes[run]);
                run = span.start..span.start;
            }
            run.end = span.next;
            self.open_end = span.next == span.end;
        }
        self.whole = run == (0..bytes.len());
        if !self.whole {
            self.out.extend_from_slice(&bytes[run]);
        }
    }

    /// Writes documents with the white space that followed them; a line feed parts documents that had none.
    pub(crate) fn write_documents<'s>(&mut self, bytes: &[u8], kept: impl Iterator<Item = &'s Span>) {
        for span in kept {
            self.write(&bytes[span.range()], &bytes[span.end..span.next]);
        }
    }

    /// Writes records, each followed by a NUL byte.
    pub(crate) fn write_null_ended<'s>(&mut self, bytes: &[u8], kept: impl Iterator<Item = &'s Span>) {
        for span in kept {
            self.out.extend_from_slice(&bytes[span.range()]);
            self.out.push(0);
        }
    }

    /// Notes a malformed record, if it is among those to be named.
    pub(crate) fn problem(&mut self, problem: Problem) {
        if self.problems.len() < NAMED_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"{}\n{}\n{}";

    /// What is written of [`TEXT`] if these of its lines are kept, and whether it was copied.
    fn lines(kept: &[usize]) -> (Vec<u8>, bool, bool) {
        let span = |line: &usize| {
            let start = 3 * line;
            Span { start, end: start + 2, next: TEXT.len().min(start + 3), line: 1 }
        };
        let spans: Vec<_> = kept.iter().map(span).collect();
        let mut answer = Answer { text: Text::default().replaced_by(TEXT), ..Answer::default() };
        answer.write_lines(TEXT, spans.iter());
        (answer.written().to_vec(), answer.open_end, !answer.out.is_empty())
    }

    #[test]
    fn all_lines_are_written_without_a_copy() {
        assert_eq!(lines(&[0, 1, 2]), (TEXT.to_vec(), true, false));
    }

    #[test]
    fn some_lines_are_copied() {
        assert_eq!(lines(&[0, 1]), (b"{}\n{}\n".to_vec(), false, true));
        assert_eq!(lines(&[0, 2]), (b"{}\n{}".to_vec(), true, true));
        assert_eq!(lines(&[]), (Vec::new(), false, false));
    }
}
