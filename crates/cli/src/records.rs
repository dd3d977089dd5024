//! Files and stdin to chunks of whole records, in bounded memory.
//!
//! A chunk ends where a record ends, so chunks can be evaluated apart. What comes from stdin is handed on as it
//! arrives: a record that is there is never held back to fill a chunk.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use memchr::{memchr, memchr_iter, memrchr};

use crate::criteria::is_stdin;
use crate::layout::{Layout, Splitter, Step, detect};

/// Bytes that a chunk of a file should have: large enough to make the cost of handing it around vanish, small
/// enough to stay in a core's cache.
const CHUNK_BYTES: usize = 1 << 20;
/// Bytes read at once.
const READ_BYTES: usize = 1 << 18;
/// Longest record: beyond, something else than records is being read.
const RECORD_BYTES: usize = 1 << 28;

/// Whole records of one file.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Which of the files, in the order they were named.
    pub(crate) file: usize,
    /// The text.
    pub(crate) bytes: Vec<u8>,
    first_line: u64,
    layout: Layout,
    /// The records, where the reader had to find them to know where to cut.
    documents: Vec<Span>,
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
    /// The line of the file it begins on, counted from 1.
    pub(crate) line: u64,
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

    /// The records, in order, in place of what `spans` held. Blank lines are no records.
    pub(crate) fn find_records(&mut self, spans: &mut Vec<Span>) {
        if self.layout == Layout::Documents {
            *spans = std::mem::take(&mut self.documents);
            return;
        }
        spans.clear();
        let bytes = self.bytes.as_slice();
        let mut start = 0;
        // The last line may lack its line feed.
        let open_end = (bytes.last() != Some(&b'\n')).then_some(bytes.len());
        for (line, feed) in (self.first_line..).zip(memchr_iter(b'\n', bytes).chain(open_end)) {
            let next = bytes.len().min(feed + 1);
            if !bytes[start..feed].iter().all(u8::is_ascii_whitespace) {
                let carriage = usize::from(feed < bytes.len() && bytes[feed - 1] == b'\r');
                spans.push(Span { start, end: feed - carriage, next, line });
            }
            start = next;
        }
    }
}

/// Chunks, or word of a file that cannot be read (further).
#[derive(Debug)]
pub(crate) enum Item {
    /// Records.
    Chunk(Chunk),
    /// The file, and why; the next item is of the next file.
    Unreadable(usize, io::Error),
}

/// All files in turn.
pub(crate) struct Inputs<'f> {
    files: &'f [PathBuf],
    /// The next file to open.
    next: usize,
    reader: Option<Reader>,
}

impl<'f> Inputs<'f> {
    pub(crate) fn new(files: &'f [PathBuf]) -> Inputs<'f> {
        Inputs { files, next: 0, reader: None }
    }

    /// Whether nothing is left. `false` may still be followed by nothing: stdin is not asked.
    pub(crate) fn is_done(&self) -> bool {
        self.next == self.files.len() && self.reader.as_ref().is_none_or(Reader::is_done)
    }

    /// The next chunk, in the memory of `spare`.
    pub(crate) fn next(&mut self, spare: Vec<u8>) -> Option<Item> {
        let mut spare = Some(spare);
        loop {
            let Some(reader) = &mut self.reader else {
                let path = self.files.get(self.next)?;
                self.next += 1;
                let file = self.next - 1;
                match open(path) {
                    Ok((input, live)) => self.reader = Some(Reader::new(file, input, live)),
                    Err(error) => return Some(Item::Unreadable(file, error)),
                }
                continue;
            };
            match reader.next(&mut spare) {
                Ok(Some(chunk)) => return Some(Item::Chunk(chunk)),
                Ok(None) => self.reader = None,
                Err(error) => {
                    let file = reader.file;
                    self.reader = None;
                    return Some(Item::Unreadable(file, error));
                }
            }
        }
    }
}

/// How much there is to read, if that can be known.
pub(crate) fn total_bytes(files: &[PathBuf]) -> Option<u64> {
    files
        .iter()
        .map(|path| {
            std::fs::metadata(path).ok().filter(|file| file.is_file() && !is_stdin(path)).map(|file| file.len())
        })
        .sum()
}

/// Opens a file; says whether its records should be handed on as they arrive.
fn open(path: &PathBuf) -> io::Result<(Box<dyn Read + Send>, bool)> {
    if is_stdin(path) {
        return Ok((Box::new(io::stdin()), true));
    }
    let file = File::open(path)?;
    let live = !file.metadata()?.is_file();
    Ok((Box::new(file), live))
}

/// One file.
struct Reader {
    file: usize,
    input: BufReader<Box<dyn Read + Send>>,
    live: bool,
    ended: bool,
    /// What was read and not yet handed on.
    pending: Vec<u8>,
    /// How much of `pending` was looked at already.
    looked: usize,
    /// The line that `pending` begins on.
    line: u64,
    layout: Option<Layout>,
    documents: Documents,
}

/// What is known about documents in `pending`.
#[derive(Default)]
struct Documents {
    splitter: Splitter,
    found: Vec<Span>,
    /// Where the open document starts.
    start: usize,
    /// A place in `pending` and the line feeds before it.
    counted: (usize, u64),
}

impl Reader {
    fn new(file: usize, input: Box<dyn Read + Send>, live: bool) -> Reader {
        Reader {
            file,
            input: BufReader::with_capacity(READ_BYTES, input),
            live,
            ended: false,
            pending: Vec::new(),
            looked: 0,
            line: 1,
            layout: None,
            documents: Documents::default(),
        }
    }

    fn is_done(&self) -> bool {
        self.ended && self.pending.is_empty()
    }

    fn next(&mut self, spare: &mut Option<Vec<u8>>) -> io::Result<Option<Chunk>> {
        loop {
            let cut = match self.layout() {
                None => None,
                Some(Layout::Lines) => self.cut_lines(),
                Some(Layout::Documents) => self.cut_documents(),
            };
            if let Some(cut) = cut {
                return Ok(Some(self.hand_on(cut, spare.take().unwrap_or_default())));
            }
            if self.ended {
                return Ok(None);
            }
            if self.pending.len() > RECORD_BYTES {
                let limit = RECORD_BYTES >> 20;
                return Err(io::Error::other(format!("line {}: a record is longer than {limit} MiB", self.line)));
            }
            self.fill()?;
        }
    }

    /// Reads once.
    fn fill(&mut self) -> io::Result<()> {
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => {
                    let read = bytes.len();
                    self.ended = read == 0;
                    self.pending.extend_from_slice(bytes);
                    self.input.consume(read);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The layout, as soon as enough was read to tell.
    fn layout(&mut self) -> Option<Layout> {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        // Small looks are cheap; large ones are only repeated when there is twice as much to see.
        let due = self.ended || self.pending.len() < READ_BYTES / 4 || self.pending.len() >= 2 * self.looked;
        let mark_may_follow = self.pending.len() < MARK.len() && MARK.starts_with(&self.pending) && !self.ended;
        if self.layout.is_none() && due && !mark_may_follow {
            if self.pending.starts_with(MARK) {
                self.pending.drain(..MARK.len());
            }
            self.layout = detect(&self.pending, self.ended, CHUNK_BYTES);
            self.looked = if self.layout.is_some() { 0 } else { self.pending.len() };
        }
        self.layout
    }

    /// Where to cut after whole lines, if there is enough to hand on.
    fn cut_lines(&mut self) -> Option<usize> {
        if self.ended {
            return (!self.pending.is_empty()).then_some(self.pending.len());
        }
        if !self.live && self.pending.len() < CHUNK_BYTES {
            return None;
        }
        let feed = memrchr(b'\n', &self.pending[self.looked..]);
        let looked = std::mem::replace(&mut self.looked, self.pending.len());
        feed.map(|feed| looked + feed + 1)
    }

    /// Where to cut after whole documents, if there is enough to hand on.
    fn cut_documents(&mut self) -> Option<usize> {
        while self.looked < self.pending.len() {
            if !self.documents.splitter.is_open() {
                let rest = &self.pending[self.looked..];
                let blank = rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len());
                // White space belongs to the document before it.
                if let Some(last) = self.documents.found.last_mut().filter(|last| last.next == self.looked) {
                    last.next += blank;
                }
                self.looked += blank;
                self.documents.start = self.looked;
                if self.looked == self.pending.len() {
                    break;
                }
            }
            let rest = &self.pending[self.looked..];
            match self.documents.splitter.feed(rest) {
                Step::Document(end) => self.found_document(self.looked + end),
                Step::Open | Step::Broken => self.looked = self.pending.len(),
                Step::Stray => match memchr(b'\n', rest) {
                    Some(feed) => self.found_document(self.looked + feed),
                    None if self.ended => self.found_document(self.pending.len()),
                    None => break,
                },
            }
        }
        if self.ended && self.documents.splitter.is_open() {
            self.documents.splitter = Splitter::default();
            self.found_document(self.pending.len());
        }
        let due = self.ended || self.live || self.pending.len() >= CHUNK_BYTES;
        // White space after the last document may be still to come.
        let whole = |last: &&Span| self.ended || self.live || last.next < self.pending.len();
        self.documents.found.last().filter(|_| due).filter(whole).map(|last| last.next)
    }

    /// Notes a document from `self.documents.start` to `end`.
    fn found_document(&mut self, end: usize) {
        let start = self.documents.start;
        let (counted, feeds) = self.documents.counted;
        let feeds = feeds + count_feeds(&self.pending[counted..start]);
        self.documents.counted = (start, feeds);
        let trailing = self.pending[start..end].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.documents.found.push(Span { start, end: end - trailing, next: end, line: self.line + feeds });
        self.looked = end;
    }

    /// Hands on what lies before `cut`, in the memory of `spare`.
    fn hand_on(&mut self, cut: usize, mut spare: Vec<u8>) -> Chunk {
        spare.clear();
        spare.extend_from_slice(&self.pending[cut..]);
        let mut bytes = std::mem::replace(&mut self.pending, spare);
        bytes.truncate(cut);
        let first_line = self.line;
        self.line += count_feeds(&bytes);
        // What was looked at behind the cut need not be looked at again.
        self.looked = self.looked.saturating_sub(cut);
        self.documents.start = self.documents.start.saturating_sub(cut);
        self.documents.counted = (0, 0);
        let documents = std::mem::take(&mut self.documents.found);
        Chunk { file: self.file, bytes, first_line, layout: self.layout.unwrap_or(Layout::Lines), documents }
    }
}

fn count_feeds(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its text in pieces of one size, as a pipe does.
    struct Drip {
        text: Vec<u8>,
        step: usize,
    }

    impl Read for Drip {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let len = self.step.min(into.len()).min(self.text.len());
            into[..len].copy_from_slice(&self.text[..len]);
            self.text.drain(..len);
            Ok(len)
        }
    }

    /// Every record with its line, and the text of all chunks together.
    fn read(text: &str, step: usize, live: bool) -> (Vec<(u64, String)>, String) {
        let mut reader = Reader::new(0, Box::new(Drip { text: text.into(), step }), live);
        let (mut records, mut whole, mut spans) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(mut chunk) = reader.next(&mut Some(vec![7; 3])).unwrap() {
            chunk.find_records(&mut spans);
            records.extend(
                spans
                    .iter()
                    .map(|span| (span.line, String::from_utf8_lossy(&chunk.bytes[span.start..span.end]).into_owned())),
            );
            whole.extend_from_slice(&chunk.bytes);
        }
        (records, String::from_utf8(whole).unwrap())
    }

    fn owned(records: &[(u64, &str)]) -> Vec<(u64, String)> {
        records.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
    }

    #[test]
    fn lines_are_found_whatever_the_pieces() {
        let text = "{\"a\":1}\n\n  \r\n{\"a\":2}\r\nnonsense\n{\"a\":3}";
        let expected = owned(&[(1, "{\"a\":1}"), (4, "{\"a\":2}"), (5, "nonsense"), (6, "{\"a\":3}")]);
        for step in [1, 2, 3, 5, 8, 1000] {
            for live in [true, false] {
                assert_eq!(read(text, step, live), (expected.clone(), text.to_owned()), "{step} {live}");
            }
        }
    }

    #[test]
    fn documents_are_found_whatever_the_pieces() {
        let text = "\n{\n  \"a\": 1\n}\n  {\"a\":\n2} stray }\n[\n]\n{\"open\":\n[";
        let expected =
            owned(&[(2, "{\n  \"a\": 1\n}"), (5, "{\"a\":\n2}"), (6, "stray }"), (7, "[\n]"), (9, "{\"open\":\n[")]);
        for step in [1, 2, 3, 5, 8, 1000] {
            for live in [true, false] {
                assert_eq!(read(text, step, live).0, expected, "{step} {live}");
            }
        }
    }

    #[test]
    fn byte_order_mark_is_no_part_of_a_record() {
        for step in [1, 2, 1000] {
            assert_eq!(read("\u{feff}{}\n", step, true).0, owned(&[(1, "{}")]), "{step}");
        }
    }

    #[test]
    fn nothing_is_no_record() {
        for text in ["", "\n", " \n\r\n"] {
            assert_eq!(read(text, 1, false).0, owned(&[]), "{text:?}");
        }
    }

    #[test]
    fn long_input_is_cut_into_chunks_that_add_up() {
        let line = format!("{{\"pad\":\"{}\"}}\n", "x".repeat(1000));
        let text = line.repeat(4000);
        let mut reader = Reader::new(0, Box::new(Drip { text: text.clone().into(), step: 100_000 }), false);
        let (mut chunks, mut records, mut whole, mut spans) = (0, 0, Vec::new(), Vec::new());
        let mut last_line = 0;
        while let Some(mut chunk) = reader.next(&mut None).unwrap() {
            chunk.find_records(&mut spans);
            chunks += 1;
            records += spans.len();
            last_line = spans.last().map_or(0, |span| span.line);
            whole.extend_from_slice(&chunk.bytes);
        }
        assert!((3..=5).contains(&chunks), "{chunks}");
        assert_eq!((records, last_line), (4000, 4000));
        assert!(whole == text.as_bytes());
    }

    #[test]
    fn live_input_is_handed_on_line_by_line() {
        let mut reader = Reader::new(0, Box::new(Drip { text: b"{}\n{}\n".to_vec(), step: 3 }), true);
        let chunk = reader.next(&mut None).unwrap().expect("a chunk");
        assert_eq!(chunk.bytes, b"{}\n");
        // The rest has not even been read.
        assert!(reader.pending.is_empty() && !reader.ended);
    }
}
