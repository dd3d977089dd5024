//! Files and stdin to chunks of whole records, in bounded memory.
//!
//! A chunk ends where a record ends, so chunks can be evaluated apart. What comes from stdin is handed on as it
//! arrives: a record that is there is never held back to fill a chunk.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use memchr::{memchr, memrchr};

use crate::chunk::{CHUNK_BYTES, Chunk, Span, Text, count_feeds};
use crate::claim::{self, Claim, Claims};
use crate::criteria::is_stdin;
use crate::layout::{Layout, Splitter, Step, detect};

/// Bytes to look at before it is decided what a file holds, at least where that is in doubt.
const LAYOUT_BYTES: usize = 1 << 20;
/// Fewer bytes are looked at again whenever there are more.
const GLANCE_BYTES: usize = 1 << 16;
/// Longest record: beyond, something else than records is being read.
pub(crate) const RECORD_BYTES: usize = 1 << 28;

/// Chunks, or word of a file that cannot be read (further).
#[derive(Debug)]
pub(crate) enum Item {
    /// Records.
    Chunk(Chunk),
    /// A stretch of a file that whoever has the claim reads for himself.
    Claim(Claim),
    /// The file, and why; the next item is of the next file.
    Unreadable(usize, Trouble),
}

/// Why a file is not read (further).
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It cannot be.
    Reading(io::Error),
    /// The record that begins on this line, counted as [`Span`] does, is longer than any record.
    TooLong { line: u64 },
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Reading(error)
    }
}

impl Trouble {
    /// What to say, where so many lines were read before.
    pub(crate) fn tell(&self, lines: u64) -> String {
        match self {
            Trouble::Reading(error) => error.to_string(),
            Trouble::TooLong { line } => {
                format!("line {}: a record is longer than {} MiB", lines + line, RECORD_BYTES >> 20)
            }
        }
    }
}

/// All files in turn.
pub(crate) struct Inputs<'f> {
    files: &'f [PathBuf],
    /// The next file to open.
    next: usize,
    reader: Option<Reader>,
    claims: Option<Claims>,
    /// Whether claims are handed out where that can be.
    shared: bool,
    numbered: bool,
}

impl<'f> Inputs<'f> {
    /// `numbered`: chunks are to say which line they begin on, so all lines are counted here.
    pub(crate) fn new(files: &'f [PathBuf], numbered: bool) -> Inputs<'f> {
        Inputs { files, next: 0, reader: None, claims: None, shared: false, numbered }
    }

    /// From here on, what can be read by several threads at once is handed out as claims.
    pub(crate) fn share(&mut self) {
        self.shared = true;
    }

    /// Whether nothing is left. `false` may still be followed by nothing: stdin is not asked.
    pub(crate) fn is_done(&self) -> bool {
        self.next == self.files.len() && self.reader.as_ref().is_none_or(Reader::is_done) && self.claims.is_none()
    }

    /// The next chunk, in the memory of `spare`.
    pub(crate) fn next(&mut self, spare: Text) -> Option<Item> {
        let mut spare = Some(spare);
        loop {
            if let Some(claims) = &mut self.claims {
                match claims.next(&mut spare) {
                    Some(claim) => return Some(Item::Claim(claim)),
                    None => self.claims = None,
                }
            }
            if self.shared
                && let Some(claims) = self.reader.as_ref().and_then(Reader::claims)
            {
                self.reader = None;
                self.claims = Some(claims);
                continue;
            }
            let Some(reader) = &mut self.reader else {
                let path = self.files.get(self.next)?;
                self.next += 1;
                let file = self.next - 1;
                match open(path) {
                    Ok(opened) => self.reader = Some(Reader::new(file, opened, self.numbered)),
                    Err(error) => return Some(Item::Unreadable(file, error.into())),
                }
                continue;
            };
            match reader.next(&mut spare) {
                Ok(Some(chunk)) => return Some(Item::Chunk(chunk)),
                Ok(None) => self.reader = None,
                Err(trouble) => {
                    let file = reader.file;
                    self.reader = None;
                    return Some(Item::Unreadable(file, trouble));
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

/// A file that was opened.
struct Opened {
    input: Box<dyn Read + Send>,
    /// Whether its records should be handed on as they arrive.
    live: bool,
    /// The same file, for reading it anywhere.
    anywhere: Option<Arc<File>>,
}

fn open(path: &PathBuf) -> io::Result<Opened> {
    if is_stdin(path) {
        return Ok(Opened { input: Box::new(io::stdin()), live: true, anywhere: None });
    }
    let file = File::open(path)?;
    let live = !file.metadata()?.is_file();
    let anywhere = if live || !claim::IS_SUPPORTED { None } else { file.try_clone().ok().map(Arc::new) };
    Ok(Opened { input: Box::new(file), live, anywhere })
}

/// One file.
struct Reader {
    file: usize,
    input: Box<dyn Read + Send>,
    live: bool,
    anywhere: Option<Arc<File>>,
    ended: bool,
    /// What was read and not yet handed on.
    pending: Text,
    /// Where `pending` begins in the file.
    offset: u64,
    /// How much of `pending` was looked at already.
    looked: usize,
    /// The line that `pending` begins on, if lines are numbered.
    line: Option<u64>,
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
    fn new(file: usize, opened: Opened, numbered: bool) -> Reader {
        let Opened { input, live, anywhere } = opened;
        Reader {
            file,
            input,
            live,
            anywhere,
            ended: false,
            pending: Text::default(),
            offset: 0,
            looked: 0,
            line: numbered.then_some(1),
            layout: None,
            documents: Documents::default(),
        }
    }

    fn is_done(&self) -> bool {
        self.ended && self.pending.is_empty()
    }

    /// What is left of the file, as claims: if it holds lines that need no numbers, and something was handed on before,
    /// so that a line begins here.
    fn claims(&self) -> Option<Claims> {
        let shareable = self.layout == Some(Layout::Lines) && self.line.is_none() && self.offset > 0 && !self.is_done();
        let input = self.anywhere.as_ref().filter(|_| shareable)?;
        Some(Claims::new(self.file, input.clone(), self.offset))
    }

    fn next(&mut self, spare: &mut Option<Text>) -> Result<Option<Chunk>, Trouble> {
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
                return Err(Trouble::TooLong { line: self.line.unwrap_or(1) });
            }
            self.ended = self.pending.read(&mut self.input)? == 0;
        }
    }

    /// The layout, as soon as enough was read to tell.
    fn layout(&mut self) -> Option<Layout> {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        // Small looks are cheap; large ones are only repeated when there is twice as much to see.
        let due = self.ended || self.pending.len() < GLANCE_BYTES || self.pending.len() >= 2 * self.looked;
        let mark_may_follow = self.pending.len() < MARK.len() && MARK.starts_with(&self.pending) && !self.ended;
        if self.layout.is_none() && due && !mark_may_follow {
            if self.pending.starts_with(MARK) {
                self.pending.remove_first(MARK.len());
                self.offset += MARK.len() as u64;
            }
            self.layout = detect(&self.pending, self.ended, LAYOUT_BYTES);
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
        let line = self.line.unwrap_or(1) + feeds;
        let trailing = self.pending[start..end].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.documents.found.push(Span { start, end: end - trailing, next: end, line });
        self.looked = end;
    }

    /// Hands on what lies before `cut`; what lies behind goes to the memory of `spare`.
    fn hand_on(&mut self, cut: usize, spare: Text) -> Chunk {
        let rest = spare.replaced_by(&self.pending[cut..]);
        let mut text = std::mem::replace(&mut self.pending, rest);
        text.truncate(cut);
        self.offset += cut as u64;
        let first_line = self.line;
        if let Some(line) = &mut self.line {
            *line += count_feeds(&text);
        }
        // What was looked at behind the cut need not be looked at again.
        self.looked = self.looked.saturating_sub(cut);
        self.documents.start = self.documents.start.saturating_sub(cut);
        self.documents.counted = (0, 0);
        let documents = std::mem::take(&mut self.documents.found);
        Chunk { file: self.file, text, first_line, layout: self.layout.unwrap_or(Layout::Lines), documents }
    }
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

    fn drip(text: &str, step: usize, live: bool) -> Opened {
        Opened { input: Box::new(Drip { text: text.into(), step }), live, anywhere: None }
    }

    /// Every record with its line, and the text of all chunks together.
    fn read(text: &str, step: usize, live: bool) -> (Vec<(u64, String)>, String) {
        let mut reader = Reader::new(0, drip(text, step, live), true);
        let (mut records, mut whole, mut spans) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(mut chunk) = reader.next(&mut Some(Text::default().replaced_by(b"old"))).unwrap() {
            chunk.find_records(&mut spans);
            records.extend(
                spans
                    .iter()
                    .map(|span| (span.line, String::from_utf8_lossy(&chunk.text[span.start..span.end]).into_owned())),
            );
            whole.extend_from_slice(&chunk.text);
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
        let mut reader = Reader::new(0, drip(&text, 100_000, false), true);
        let (mut chunks, mut records, mut whole, mut spans) = (0, 0, Vec::new(), Vec::new());
        let mut last_line = 0;
        while let Some(mut chunk) = reader.next(&mut None).unwrap() {
            chunk.find_records(&mut spans);
            chunks += 1;
            records += spans.len();
            last_line = spans.last().map_or(0, |span| span.line);
            whole.extend_from_slice(&chunk.text);
        }
        assert!((14..=17).contains(&chunks), "{chunks}");
        assert_eq!((records, last_line), (4000, 4000));
        assert!(whole == text.as_bytes());
    }

    #[test]
    fn live_input_is_handed_on_line_by_line() {
        let mut reader = Reader::new(0, drip("{}\n{}\n", 3, true), true);
        let chunk = reader.next(&mut None).unwrap().expect("a chunk");
        assert_eq!(&*chunk.text, b"{}\n");
        // The rest has not even been read.
        assert!(reader.pending.is_empty() && !reader.ended);
    }
}
