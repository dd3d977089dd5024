//! Envelopes: the JSON document a function receives, filtered without being written anew.
//!
//! [`Envelope::parse`] finds the source and the byte range of every record. [`Envelope::splice`] writes the document with
//! some of them left out: every byte it writes is a byte of the original, in order. A dropped record takes one
//! separator (its comma and the white space around it) with it: what stays is the text before the first record,
//! each kept record with the separator that stood before it (the first kept one without), and the text after the last.
//! Topics and queues that lose all their records are left out in the same way; ones that were empty before stay.

use std::fmt;
use std::ops::Range;

use eventsieve_vm::{Batch, Malformed, RawValue, RecordLimits, TextCursor, check};

use crate::source::{EnvelopeShape, by_event_source, rules};
use crate::{EvaluateError, Outcome, RecordView, Scratch, Sieve, Source, Verdict};

/// An envelope and where its records lie.
///
/// ```
/// use eventsieve::{Envelope, FilterCriteria, Sieve, Source};
///
/// let event = br#"{"Records": [ {"body":"{\"n\":1}","eventSource":"aws:sqs"},
///                               {"body":"{\"n\":2}","eventSource":"aws:sqs"} ]}"#;
/// let envelope = Envelope::parse(event)?;
/// assert_eq!((envelope.source(), envelope.len()), (Source::Sqs, 2));
///
/// let criteria = FilterCriteria::from_patterns([r#"{"body":{"n":[2]}}"#]);
/// let sieve = Sieve::builder(envelope.source()).compile(&criteria)?;
/// let kept = envelope.filter(&sieve, &mut sieve.scratch())?.expect("one record is left");
/// assert_eq!(kept, br#"{"Records": [ {"body":"{\"n\":2}","eventSource":"aws:sqs"} ]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Envelope<'e> {
    bytes: &'e [u8],
    source: Source,
    records: Vec<Range<usize>>,
    /// Lists of records, as ranges of `records`.
    lists: Vec<Range<usize>>,
    /// For topics and queues: the objects whose members they are.
    groups: Vec<Vec<Member>>,
}

/// A member of an object of topics or queues.
#[derive(Debug, Clone)]
struct Member {
    /// Its bytes, key included.
    range: Range<usize>,
    /// The list it holds, as an index; `None` if it holds something else, which stays.
    list: Option<usize>,
}

/// Why bytes are no envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeError {
    kind: EnvelopeErrorKind,
}

/// What is wrong with an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvelopeErrorKind {
    /// It is no valid JSON object.
    Malformed(Malformed),
    /// No member of it, and no record in it, names a known source.
    UnknownSource,
    /// The source was found, but not the list of records.
    NoRecords {
        /// The source.
        source: Source,
        /// Where its records should be.
        member: &'static str,
    },
    /// An element of the list is no object.
    NotARecord {
        /// Where it begins.
        offset: usize,
    },
}

impl EnvelopeError {
    /// What is wrong.
    pub fn kind(&self) -> &EnvelopeErrorKind {
        &self.kind
    }

    /// The byte at which it shows, if there is one.
    pub fn offset(&self) -> Option<usize> {
        match &self.kind {
            EnvelopeErrorKind::Malformed(malformed) => Some(malformed.offset()),
            EnvelopeErrorKind::NotARecord { offset } => Some(*offset),
            _ => None,
        }
    }
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            EnvelopeErrorKind::Malformed(malformed) => malformed.fmt(f),
            EnvelopeErrorKind::UnknownSource => {
                f.write_str("no known `eventSource` in the event or its records; say which source it is")
            }
            EnvelopeErrorKind::NoRecords { source, member } => {
                write!(f, "an event of source {source} holds its records under `{member}`, which is missing")
            }
            EnvelopeErrorKind::NotARecord { .. } => f.write_str("a record must be an object"),
        }
    }
}

impl std::error::Error for EnvelopeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            EnvelopeErrorKind::Malformed(malformed) => Some(malformed),
            _ => None,
        }
    }
}

fn fail<T>(kind: EnvelopeErrorKind) -> Result<T, EnvelopeError> {
    Err(EnvelopeError { kind })
}

impl<'e> Envelope<'e> {
    /// Finds source and records of an envelope, which must be valid JSON as a whole.
    ///
    /// # Errors
    /// [`EnvelopeError`] says what is wrong and where.
    pub fn parse(bytes: &'e [u8]) -> Result<Envelope<'e>, EnvelopeError> {
        Self::check(bytes)?;
        match find_source(bytes) {
            Some(source) => Self::read(bytes, source),
            None => fail(EnvelopeErrorKind::UnknownSource),
        }
    }

    /// As [`Envelope::parse`] for an envelope of a known source, whatever it says itself.
    ///
    /// # Errors
    /// [`EnvelopeError`] says what is wrong and where.
    pub fn parse_as(bytes: &'e [u8], source: Source) -> Result<Envelope<'e>, EnvelopeError> {
        Self::check(bytes)?;
        Self::read(bytes, source)
    }

    /// Whether bytes that are one JSON object of this source could be an envelope rather than a record: whether the
    /// name of the member that holds an envelope's records occurs in them at all, or may be there in escapes. A cheap
    /// first question.
    pub fn is_likely(bytes: &[u8], source: Source) -> bool {
        match rules(source).envelope {
            EnvelopeShape::List(name) | EnvelopeShape::Groups(name) => {
                let occurs = |text: &[u8]| memchr::memmem::find(bytes, text).is_some();
                occurs(name.as_bytes()) || occurs(b"\\u00")
            }
            EnvelopeShape::None => false,
        }
    }

    /// The source that a document names, be it an envelope or a delivered record: by its own `eventSource`, or else
    /// by that of its first record. Records of Kafka and MQ name none; they are told by their members (for Kafka, this
    /// cannot tell MSK from self-managed, which filters see alike). `None` if nothing tells, or if it is no valid JSON
    /// object.
    pub fn source_of(bytes: &[u8]) -> Option<Source> {
        Self::check(bytes).ok()?;
        find_source(bytes).or_else(|| source_by_members(bytes))
    }

    fn check(bytes: &[u8]) -> Result<(), EnvelopeError> {
        check(bytes, &RecordLimits::default())
            .map_err(|error| EnvelopeError { kind: EnvelopeErrorKind::Malformed(error) })
    }

    fn read(bytes: &'e [u8], source: Source) -> Result<Envelope<'e>, EnvelopeError> {
        let shape = rules(source).envelope;
        let (name, grouped) = match shape {
            EnvelopeShape::List(name) => (name, false),
            EnvelopeShape::Groups(name) => (name, true),
            EnvelopeShape::None => return fail(EnvelopeErrorKind::UnknownSource),
        };
        let mut envelope = Envelope { bytes, source, records: Vec::new(), lists: Vec::new(), groups: Vec::new() };
        let mut cursor = TextCursor::new(bytes);
        cursor.value();
        let mut found = false;
        while let Some((key, escaped)) = cursor.next_member() {
            let opening = if grouped { b'{' } else { b'[' };
            if !reads(key, escaped, name) || cursor.peek() != Some(opening) {
                cursor.skip_value();
                continue;
            }
            found = true;
            if grouped { envelope.group(&mut cursor)? } else { envelope.list(&mut cursor)? }
        }
        if found { Ok(envelope) } else { fail(EnvelopeErrorKind::NoRecords { source, member: name }) }
    }

    /// Reads an object of topics or queues.
    fn group(&mut self, cursor: &mut TextCursor<'e>) -> Result<(), EnvelopeError> {
        cursor.value();
        let mut members = Vec::new();
        while let Some((key, _)) = cursor.next_member() {
            // The key's opening quote is the byte before its text.
            let start = (key.as_ptr() as usize - self.bytes.as_ptr() as usize) - 1;
            let list = if cursor.peek() == Some(b'[') {
                self.list(cursor)?;
                Some(self.lists.len() - 1)
            } else {
                cursor.skip_value();
                None
            };
            members.push(Member { range: start..cursor.position(), list });
        }
        self.groups.push(members);
        Ok(())
    }

    fn list(&mut self, cursor: &mut TextCursor<'e>) -> Result<(), EnvelopeError> {
        let first = self.records.len();
        cursor.value();
        while cursor.next_element() {
            let byte = cursor.peek();
            let start = cursor.position();
            if byte != Some(b'{') {
                return fail(EnvelopeErrorKind::NotARecord { offset: start });
            }
            cursor.skip_value();
            self.records.push(start..cursor.position());
        }
        self.lists.push(first..self.records.len());
        Ok(())
    }

    /// The source the envelope comes from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Number of records, over all topics or queues.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The byte range of record number `index`.
    ///
    /// # Panics
    /// If there is none.
    pub fn range(&self, index: usize) -> Range<usize> {
        self.records[index].clone()
    }

    /// The bytes of record number `index`.
    ///
    /// # Panics
    /// If there is none.
    pub fn record(&self, index: usize) -> &'e [u8] {
        &self.bytes[self.range(index)]
    }

    /// What filters see of each record.
    pub fn views(&self) -> Vec<RecordView<'e>> {
        (0..self.len()).map(|index| RecordView::delivered(self.record(index))).collect()
    }

    /// Verdicts and matching filters of the records, in their order.
    ///
    /// # Errors
    /// As [`Sieve::evaluate`].
    pub fn evaluate<'s>(&self, sieve: &Sieve<'_>, scratch: &'s mut Scratch) -> Result<Outcome<'s>, EvaluateError> {
        let records: Vec<&[u8]> = (0..self.len()).map(|index| self.record(index)).collect();
        sieve.evaluate_sets(scratch, &Batch::from_slices(&records))
    }

    /// The envelope with only the records that match, or `None` if none is left: then the function is not invoked.
    ///
    /// # Errors
    /// As [`Sieve::evaluate`].
    pub fn filter(&self, sieve: &Sieve<'_>, scratch: &mut Scratch) -> Result<Option<Vec<u8>>, EvaluateError> {
        let outcome = self.evaluate(sieve, scratch)?;
        let mut out = Vec::with_capacity(self.bytes.len());
        let verdicts = outcome.verdicts();
        let left = self.splice(|record| verdicts[record] == Verdict::Match, &mut out);
        Ok(left.then_some(out))
    }

    /// The byte ranges of the document that stay when the records that `keep` names stay; none if no record does.
    pub fn kept_ranges(&self, keep: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
        if !(0..self.len()).any(&keep) {
            return Vec::new();
        }
        let mut cuts = Vec::new();
        let emptied = |list: usize| {
            let records = self.lists[list].clone();
            !records.is_empty() && !records.clone().any(&keep)
        };
        for members in &self.groups {
            let ranges: Vec<Range<usize>> = members.iter().map(|member| member.range.clone()).collect();
            cut(&ranges, |at| !members[at].list.is_some_and(emptied), &mut cuts);
        }
        for (index, list) in self.lists.iter().enumerate() {
            if self.groups.is_empty() || !emptied(index) {
                cut(&self.records[list.clone()], |at| keep(list.start + at), &mut cuts);
            }
        }
        cuts.sort_by_key(|cut| cut.start);
        let mut ranges = Vec::with_capacity(cuts.len() + 1);
        let mut at = 0;
        for cut in cuts {
            ranges.push(at..cut.start);
            at = cut.end;
        }
        ranges.push(at..self.bytes.len());
        ranges.retain(|range| !range.is_empty());
        ranges
    }

    /// Appends the document without the records that `keep` does not name. `false` if none is left: nothing is
    /// appended then.
    pub fn splice(&self, keep: impl Fn(usize) -> bool, out: &mut Vec<u8>) -> bool {
        let ranges = self.kept_ranges(keep);
        for range in &ranges {
            out.extend_from_slice(&self.bytes[range.clone()]);
        }
        !ranges.is_empty()
    }
}

/// The bytes to cut so that of some items, separated by commas, those that `keep` names stay.
fn cut(items: &[Range<usize>], keep: impl Fn(usize) -> bool, cuts: &mut Vec<Range<usize>>) {
    let Some(last) = items.last() else { return };
    let mut before: Option<usize> = None;
    for at in (0..items.len()).filter(|&at| keep(at)) {
        match before {
            None if at > 0 => cuts.push(items[0].start..items[at].start),
            Some(before) if at > before + 1 => cuts.push(items[before].end..items[at - 1].end),
            _ => {}
        }
        before = Some(at);
    }
    match before {
        None => cuts.push(items[0].start..last.end),
        Some(before) if before + 1 < items.len() => cuts.push(items[before].end..last.end),
        Some(_) => {}
    }
}

/// Whether a string, as it is written, reads `text`.
pub(crate) fn reads(raw: &[u8], escaped: bool, text: &str) -> bool {
    if !escaped {
        return raw == text.as_bytes();
    }
    let mut decoded = Vec::new();
    eventsieve_program::text::unescape_into(raw, &mut decoded).is_ok() && decoded == text.as_bytes()
}

/// The source that a document names: by an `eventSource` of its own, or else by that of its first record.
fn find_source(bytes: &[u8]) -> Option<Source> {
    let mut cursor = TextCursor::new(bytes);
    if cursor.value() != RawValue::Object {
        return None;
    }
    let mut of_record = None;
    while let Some((key, escaped)) = cursor.next_member() {
        if reads(key, escaped, "eventSource") {
            if let Some(source) = event_source(&mut cursor) {
                return Some(source);
            }
        } else if reads(key, escaped, "Records") && cursor.peek() == Some(b'[') && of_record.is_none() {
            cursor.value();
            while cursor.next_element() {
                if of_record.is_none() && cursor.peek() == Some(b'{') {
                    of_record = record_source(&mut cursor);
                } else {
                    cursor.skip_value();
                }
            }
        } else {
            cursor.skip_value();
        }
    }
    of_record
}

/// The source of a delivered record that does not name it, by members that no other source has together.
fn source_by_members(bytes: &[u8]) -> Option<Source> {
    const TELLING: [(Source, &[&str]); 3] = [
        (Source::Kafka, &["topic", "partition", "offset"]),
        (Source::RabbitMq, &["basicProperties", "data"]),
        (Source::ActiveMq, &["messageID", "destination", "data"]),
    ];
    let mut seen = [0_usize; TELLING.len()];
    let mut cursor = TextCursor::new(bytes);
    cursor.value();
    while let Some((key, escaped)) = cursor.next_member() {
        for ((_, names), seen) in TELLING.iter().zip(&mut seen) {
            for (bit, name) in names.iter().enumerate() {
                *seen |= usize::from(reads(key, escaped, name)) << bit;
            }
        }
        cursor.skip_value();
    }
    TELLING.iter().zip(seen).find(|((_, names), seen)| *seen == (1 << names.len()) - 1).map(|((source, _), _)| *source)
}

fn record_source(cursor: &mut TextCursor<'_>) -> Option<Source> {
    let mut found = None;
    cursor.value();
    while let Some((key, escaped)) = cursor.next_member() {
        if reads(key, escaped, "eventSource") {
            found = event_source(cursor).or(found);
        } else {
            cursor.skip_value();
        }
    }
    found
}

fn event_source(cursor: &mut TextCursor<'_>) -> Option<Source> {
    if cursor.peek() != Some(b'"') {
        cursor.skip_value();
        return None;
    }
    match cursor.value() {
        RawValue::String(raw, escaped) => by_event_source(|name| reads(raw, escaped, name)),
        _ => None,
    }
}
