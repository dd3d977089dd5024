//! The search for literals in what is written in base64 within a record.
//!
//! A record that is delivered with its payload in base64 is decoded where the payload's key stands, without finding out
//! first which of several such keys is the payload's: each string behind one is decoded, and what has a literal or not
//! among all of them and in the record itself is the answer. Too many candidates cost time, one too few would cost a
//! match; so a record with any backslash, which could hide a key, is one.

use memchr::{memchr, memmem};

use super::{Adaptive, Prefilter};
use crate::cursor::is_space;
use crate::isa::Isa;

/// A search in records and in the strings behind certain keys of theirs.
#[derive(Debug, Clone)]
pub(crate) struct CodedPrefilter {
    /// The keys in their quotes.
    keys: Vec<memmem::Finder<'static>>,
}

impl CodedPrefilter {
    pub(crate) fn new(keys: &[&str]) -> CodedPrefilter {
        let finder = |key: &&str| memmem::Finder::new(format!("\"{key}\"").as_bytes()).into_owned();
        CodedPrefilter { keys: keys.iter().map(finder).collect() }
    }

    /// Whether a record may hold a literal, as it is or decoded into `storage`.
    pub(crate) fn may_match(
        &self,
        prefilter: &Prefilter,
        isa: Isa,
        record: &[u8],
        storage: &mut Vec<u8>,
        adaptive: &mut Adaptive,
    ) -> bool {
        if !adaptive.is_searching() {
            adaptive.passed(record.len(), 1);
            return true;
        }
        if memchr(b'\\', record).is_some() {
            return true;
        }
        for key in &self.keys {
            let mut from = 0;
            while let Some(at) = key.find(&record[from..]) {
                from += at + key.needle().len();
                let Some((coded, behind)) = string_behind(&record[from..]) else { continue };
                // As there is no backslash, no key is in the string.
                from = record.len() - behind.len();
                let len = base64_simd::STANDARD.estimated_decoded_length(coded.len());
                if storage.len() < len {
                    storage.resize(len, 0);
                }
                // What cannot be decoded has no text.
                let out = base64_simd::Out::from_slice(&mut storage[..len]);
                let Ok(text) = base64_simd::STANDARD.decode(coded, out) else { continue };
                if prefilter.admits(isa, text, adaptive) {
                    return true;
                }
            }
        }
        prefilter.may_match(isa, record)
    }
}

/// The string that is the value of the key which ends where `text` begins, and what is behind it.
fn string_behind(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let skip = |text: &[u8]| text.iter().take_while(|&&byte| is_space(byte)).count();
    let text = text[skip(text)..].strip_prefix(b":")?;
    let text = text[skip(text)..].strip_prefix(b"\"")?;
    let end = memchr(b'"', text)?;
    Some((&text[..end], &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_found_wherever_the_key_stands() {
        let prefilter = Prefilter::new(&[b"running".as_slice()]).unwrap();
        let coded = CodedPrefilter::new(&["data", "key"]);
        let (with, without) = ("eyJzIjoicnVubmluZyJ9", "eyJzIjoic3RvcHBlZCJ9");
        for (record, expected) in [
            (format!(r#"{{"data":"{with}"}}"#), true),
            (format!(r#"{{"data":"{without}"}}"#), false),
            (format!(r#"{{"data":"{without}","kinesis":{{"data" : "{with}"}}}}"#), true),
            (format!("{{\"a\":[\"data\"],\"key\"\n:\t\"{with}\"}}"), true),
            (format!(r#"{{"data":"{without}","other":"running"}}"#), true),
            (format!(r#"{{"data":"no base64!","key":"{without}"}}"#), false),
            (format!(r#"{{"data":{{"s":"stopped"}},"other":"{with}"}}"#), false),
            (r#"{"data":{"s":"running"}}"#.to_owned(), true),
            (format!(r#"{{"d\u0061ta":"{with}"}}"#), true),
            (r#"{"data":"eyJzIjoi"#.to_owned(), false),
            (r#"{"data":"#.to_owned(), false),
        ] {
            for isa in Isa::available() {
                let found =
                    coded.may_match(&prefilter, isa, record.as_bytes(), &mut Vec::new(), &mut Adaptive::default());
                assert_eq!(found, expected, "{record}");
            }
        }
    }
}
