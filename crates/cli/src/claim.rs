//! Stretches of a file that several threads read at once.
//!
//! A claim stands for the lines that *begin* in its stretch, so nobody has to look for line feeds before stretches are
//! handed out: whoever has a claim skips the line that is under way where it begins, and reads on past its end until its
//! last line ends. Only regular files can be read so, and only if their lines need no numbers.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use memchr::{memchr, memrchr};

use crate::chunk::{CHUNK_BYTES, Chunk, Text, count_feeds};
use crate::layout::Layout;
use crate::records::{RECORD_BYTES, Trouble};

/// Bytes to read on at least where a line goes on behind its stretch.
const READ_ON_BYTES: usize = 1 << 12;

/// What is left of a file.
pub(crate) struct Claims {
    file: usize,
    input: Arc<File>,
    next: u64,
    /// Whether somebody has met the end of the file.
    ended: Arc<AtomicBool>,
}

/// The lines that begin in one stretch of a file.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) file: usize,
    input: Arc<File>,
    start: u64,
    bytes: usize,
    ended: Arc<AtomicBool>,
    /// Memory to read into.
    text: Text,
}

impl Claims {
    /// The lines from `offset` on, where one begins.
    pub(crate) fn new(file: usize, input: Arc<File>, offset: u64) -> Claims {
        Claims { file, input, next: offset, ended: Arc::new(AtomicBool::new(false)) }
    }

    /// The next one, which may turn out to hold nothing: whether the file has ended is found out by reading.
    pub(crate) fn next(&mut self, spare: &mut Option<Text>) -> Option<Claim> {
        if self.ended.load(Ordering::Relaxed) {
            return None;
        }
        let start = self.next;
        self.next += CHUNK_BYTES as u64;
        Some(Claim {
            file: self.file,
            input: self.input.clone(),
            start,
            bytes: CHUNK_BYTES,
            ended: self.ended.clone(),
            text: spare.take().unwrap_or_default(),
        })
    }
}

impl Claim {
    /// Reads its lines. With trouble, those are lines before it, and nothing of the file counts any more behind them.
    pub(crate) fn read(self) -> (Chunk, Option<Trouble>) {
        let Claim { file, input, start, bytes, ended, text } = self;
        let mut text = text.replaced_by(b"");
        // From one byte before: if that ends a line, a line begins with the stretch.
        let read = read_lines(&mut text, &mut Positioned { file: &input, at: start - 1 }, bytes + 1);
        let trouble = match read {
            Ok(is_end) => {
                ended.fetch_or(is_end, Ordering::Relaxed);
                None
            }
            Err(trouble) => {
                ended.store(true, Ordering::Relaxed);
                Some(trouble)
            }
        };
        (Chunk { file, text, first_line: None, layout: Layout::Lines, documents: Vec::new() }, trouble)
    }
}

/// Leaves in `text` the lines that begin behind one of the first `bytes` bytes of `input`, but for the last of these;
/// says whether `input` has ended.
fn read_lines(text: &mut Text, input: &mut impl Read, bytes: usize) -> Result<bool, Trouble> {
    let mut is_end = false;
    while text.len() < bytes && !is_end {
        let rest = bytes - text.len();
        match text.read(&mut (&mut *input).take(rest as u64)) {
            Ok(read) => is_end = read == 0,
            Err(error) => {
                text.truncate(0);
                return Err(error.into());
            }
        }
    }
    let begins = text.len().min(bytes - 1);
    let Some(feed) = memchr(b'\n', &text[..begins]) else {
        text.truncate(0);
        return Ok(is_end);
    };
    text.remove_first(feed + 1);
    // The line that the last byte is part of is the last one.
    let mut looked = (bytes - 2).saturating_sub(feed);
    loop {
        if let Some(feed) = memchr(b'\n', text.get(looked..).unwrap_or_default()) {
            text.truncate(looked + feed + 1);
            return Ok(is_end);
        }
        if is_end {
            return Ok(true);
        }
        looked = looked.max(text.len());
        let whole = memrchr(b'\n', text).map_or(0, |feed| feed + 1);
        let problem = if text.len() - whole > RECORD_BYTES {
            Trouble::TooLong { line: 1 + count_feeds(text) }
        } else {
            match text.read(&mut (&mut *input).take(READ_ON_BYTES.max(text.len() - whole) as u64)) {
                Ok(read) => {
                    is_end = read == 0;
                    continue;
                }
                Err(error) => error.into(),
            }
        };
        text.truncate(whole);
        return Err(problem);
    }
}

/// A file, read from some place on without moving what others read.
struct Positioned<'f> {
    file: &'f File,
    at: u64,
}

impl Read for Positioned<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = read_at(self.file, into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Whether files can be read so.
pub(crate) const IS_SUPPORTED: bool = cfg!(unix);

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, at)
}

#[cfg(not(unix))]
fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of `text` as claims of `bytes` bytes give them.
    fn claimed(text: &str, bytes: usize) -> Vec<String> {
        let mut chunks = Vec::new();
        let mut start = 0;
        loop {
            let before = if start == 0 { "\n" } else { "" };
            let input = [before, &text[start.max(1) - 1..]].concat();
            let mut chunk = Text::default();
            let is_end = read_lines(&mut chunk, &mut input.as_bytes(), bytes + 1).unwrap();
            chunks.push(String::from_utf8(chunk.to_vec()).unwrap());
            start += bytes;
            if is_end && start > text.len() {
                return chunks;
            }
        }
    }

    #[test]
    fn each_line_is_read_with_the_stretch_it_begins_in() {
        assert_eq!(claimed("ab\ncd\nefghijk\nl", 3), ["ab\n", "cd\n", "efghijk\n", "", "l", ""]);
        assert_eq!(claimed("abcdefgh", 3), ["abcdefgh", "", ""]);
        assert_eq!(claimed("\n\n\n\n", 2), ["\n\n", "\n\n", ""]);
    }

    #[test]
    fn claims_add_up_to_the_text_whatever_their_size() {
        let text = "{}\n\n{\"a\":1}\r\n \n\n\n{\"long\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}\nlast";
        for end in (0..=text.len()).filter(|&end| end > 0) {
            for bytes in 1..70 {
                assert_eq!(claimed(&text[..end], bytes).concat(), text[..end], "{bytes}");
            }
        }
    }

    /// Gives what it has, then fails.
    struct Broken<'t>(&'t [u8]);

    impl Read for Broken<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::Error::other("gone")) } else { self.0.read(into) }
        }
    }

    #[test]
    fn lines_before_an_error_are_kept() {
        let mut text = Text::default();
        let trouble = read_lines(&mut text, &mut Broken(b"\none\ntwo\nthr"), 12).unwrap_err();
        assert!(matches!(trouble, Trouble::Reading(_)), "{trouble:?}");
        assert_eq!(&*text, b"one\ntwo\n");
    }

    #[test]
    fn a_line_without_end_is_trouble_behind_the_lines_before_it() {
        let mut text = Text::default();
        let endless = io::repeat(b'x');
        let trouble = read_lines(&mut text, &mut b"\none\n".chain(endless), 100).unwrap_err();
        assert!(matches!(trouble, Trouble::TooLong { line: 2 }), "{trouble:?}");
        assert_eq!(&*text, b"one\n");
    }
}
