//! Aggregates of the Kinesis Producer Library: several records of a producer packed into the data of one.
//!
//! Standard polling hands an aggregate to filter and function as it is: its data is no JSON, so a filter that asks for
//! `data` drops it, whatever is inside. Enhanced fan-out splits it first. This module does that splitting:
//! [`deaggregate`] on the bytes, [`expand`] on a record as a function receives it, [`expand_envelope`] on a whole event.
//!
//! # The format
//!
//! | bytes | |
//! |---|---|
//! | 4 | [`MAGIC`] |
//! | … | the protobuf message `AggregatedRecord` |
//! | 16 | the MD5 of that message |
//!
//! ```text
//! message AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2;
//!                            repeated Record records = 3; }
//! message Record { required uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2;
//!                  required bytes data = 3; repeated Tag tags = 4; }
//! ```
//!
//! # All or nothing
//!
//! A wrong checksum, an index outside its table, a missing field: one bad record inside and **the whole aggregate is
//! refused**, which leaves it opaque, as the service does (stackd's captures of enhanced fan-out; the service does the same
//! where the hash key of one record lies outside the shard, which only someone who knows the shard can test: see
//! [`UserRecord::hash_key`]).
//!
//! The reader of the wire format is our own because a generated one copies the data and cannot say at which byte it
//! stopped; the tests hold it against `prost`.

use std::fmt;
use std::ops::Range;

use eventsieve_program::text;
use eventsieve_vm::{RawValue, RecordLimits, TextCursor, check};
use md5::{Digest, Md5};

use crate::envelope::reads;
use crate::{Envelope, EnvelopeError, Source};

/// What an aggregate begins with.
pub const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];

/// Bytes of the checksum at the end.
const CHECKSUM: usize = 16;

/// The highest number that a field can have.
const FIELDS: u64 = (1 << 29) - 1;

/// Most bytes that a record or an envelope may grow to; an aggregate that would lead beyond stays as it is. Each
/// record inside is delivered with all the metadata of the record around it, so a small input can ask for much.
pub const EXPANDED_BYTES: usize = 1 << 30;

/// Whether data looks like an aggregate: it begins with [`MAGIC`] and has room for a checksum.
///
/// Cheap, for counting and warning. Whether it can be read, [`deaggregate`] says.
pub fn is_aggregate(data: &[u8]) -> bool {
    data.starts_with(&MAGIC) && data.len() >= MAGIC.len() + CHECKSUM
}

/// The records inside an aggregate, in order.
///
/// ```
/// use eventsieve::kpl;
///
/// let aggregate = b"\xF3\x89\x9A\xC2\x0A\x04bike\x1A\x0A\x08\x00\x1A\x06unlock\
///     \xFF\x14\x82\x25\x5F\xC8\x24\x25\x16\xD2\x52\x2F\x7E\xBD\x66\x0A";
/// let records = kpl::deaggregate(aggregate)?;
/// assert_eq!((records[0].partition_key, records[0].data), ("bike", b"unlock".as_slice()));
/// # Ok::<(), kpl::KplError>(())
/// ```
///
/// # Errors
/// The first thing wrong with the aggregate; then it is data like any other.
pub fn deaggregate(data: &[u8]) -> Result<Vec<UserRecord<'_>>, KplError> {
    let aggregate = Aggregate::parse(data)?;
    Ok(aggregate.records().collect())
}

/// A record as its producer wrote it, before it was packed into an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserRecord<'a> {
    /// Its partition key.
    pub partition_key: &'a str,
    /// The hash key that the producer gave it, a decimal number.
    pub explicit_hash_key: Option<&'a str>,
    /// Its data.
    pub data: &'a [u8],
}

impl UserRecord<'_> {
    /// The hash key that decides on its shard: the explicit one, or else the MD5 of the partition key. `None` if the
    /// explicit one is no number below 2¹²⁸.
    pub fn hash_key(&self) -> Option<u128> {
        match self.explicit_hash_key {
            Some(explicit) => explicit.parse().ok(),
            None => Some(u128::from_be_bytes(Md5::digest(self.partition_key).into())),
        }
    }
}

/// An aggregate that was read and found good.
#[derive(Debug, Clone)]
pub struct Aggregate<'a> {
    data: &'a [u8],
    partition_keys: Vec<&'a str>,
    hash_keys: Vec<&'a str>,
    len: usize,
}

impl<'a> Aggregate<'a> {
    /// Reads an aggregate. Allocates the two tables of keys and nothing else.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn parse(data: &'a [u8]) -> Result<Aggregate<'a>, KplError> {
        if !data.starts_with(&MAGIC) {
            let offset = data.iter().zip(MAGIC).take_while(|&(&byte, magic)| byte == magic).count();
            return fail(KplErrorKind::NoMagic, offset);
        }
        if !is_aggregate(data) {
            return fail(KplErrorKind::EndsEarly, data.len());
        }
        let end = data.len() - CHECKSUM;
        if Md5::digest(&data[MAGIC.len()..end]).as_slice() != &data[end..] {
            return fail(KplErrorKind::Checksum, end);
        }
        let mut aggregate = Aggregate { data, partition_keys: Vec::new(), hash_keys: Vec::new(), len: 0 };
        // The tables may stand behind the records that use them, so they are read first.
        let mut fields = aggregate.fields();
        while let Some(field) = fields.next()? {
            match field.number {
                1 => aggregate.partition_keys.push(field.text(data)?),
                2 => aggregate.hash_keys.push(field.text(data)?),
                3 => _ = field.bytes()?,
                _ => {}
            }
        }
        let mut fields = aggregate.fields();
        while let Some(field) = fields.next()? {
            if field.number == 3 {
                aggregate.record(field.bytes()?)?;
                aggregate.len += 1;
            }
        }
        Ok(aggregate)
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The records, in order, read as they are asked for; without allocation.
    ///
    /// # Panics
    /// Never: [`Aggregate::parse`] has read every record once.
    pub fn records(&self) -> impl Iterator<Item = UserRecord<'a>> + '_ {
        let mut fields = self.fields();
        std::iter::from_fn(move || {
            loop {
                let field = fields.next().expect("`parse` has read every field")?;
                if field.number == 3 {
                    let record = field.bytes().and_then(|range| self.record(range));
                    return Some(record.expect("`parse` has read every record"));
                }
            }
        })
    }

    fn fields(&self) -> Fields<'a> {
        Fields { data: self.data, at: MAGIC.len(), end: self.data.len() - CHECKSUM }
    }

    fn record(&self, range: Range<usize>) -> Result<UserRecord<'a>, KplError> {
        let start = range.start;
        let (mut partition_key, mut explicit_hash_key, mut data) = (None, None, None);
        let mut fields = Fields { data: self.data, at: range.start, end: range.end };
        while let Some(field) = fields.next()? {
            match field.number {
                1 => partition_key = Some(field.key(&self.partition_keys, Table::PartitionKeys)?),
                2 => explicit_hash_key = Some(field.key(&self.hash_keys, Table::ExplicitHashKeys)?),
                3 => data = Some(&self.data[field.bytes()?]),
                _ => {}
            }
        }
        match (partition_key, data) {
            (Some(partition_key), Some(data)) => Ok(UserRecord { partition_key, explicit_hash_key, data }),
            (None, _) => fail(KplErrorKind::Missing { field: "partition_key_index" }, start),
            (_, None) => fail(KplErrorKind::Missing { field: "data" }, start),
        }
    }
}

/// The fields of one message.
#[derive(Debug, Clone)]
struct Fields<'a> {
    data: &'a [u8],
    at: usize,
    end: usize,
}

/// One field of a message.
struct Field {
    number: u64,
    /// Where it begins.
    start: usize,
    value: Value,
}

enum Value {
    Varint(u64),
    Bytes(Range<usize>),
    /// Of a kind that no field we know has.
    Other,
}

impl Fields<'_> {
    fn next(&mut self) -> Result<Option<Field>, KplError> {
        if self.at == self.end {
            return Ok(None);
        }
        let start = self.at;
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.skip(8)?,
            2 => {
                let len = self.varint()?;
                Value::Bytes(self.take(len)?)
            }
            5 => self.skip(4)?,
            _ => return fail(KplErrorKind::WireType, start),
        };
        match key >> 3 {
            number @ 1..=FIELDS => Ok(Some(Field { number, start, value })),
            _ => fail(KplErrorKind::FieldNumber, start),
        }
    }

    fn varint(&mut self) -> Result<u64, KplError> {
        let start = self.at;
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.data[..self.end].get(self.at) else {
                return fail(KplErrorKind::EndsEarly, self.end);
            };
            self.at += 1;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        fail(KplErrorKind::Varint, start)
    }

    fn take(&mut self, len: u64) -> Result<Range<usize>, KplError> {
        match usize::try_from(len) {
            Ok(len) if len <= self.end - self.at => {
                self.at += len;
                Ok(self.at - len..self.at)
            }
            _ => fail(KplErrorKind::EndsEarly, self.end),
        }
    }

    fn skip(&mut self, len: u64) -> Result<Value, KplError> {
        self.take(len).map(|_| Value::Other)
    }
}

impl Field {
    fn bytes(&self) -> Result<Range<usize>, KplError> {
        match &self.value {
            Value::Bytes(range) => Ok(range.clone()),
            _ => fail(KplErrorKind::WireType, self.start),
        }
    }

    fn text<'a>(&self, data: &'a [u8]) -> Result<&'a str, KplError> {
        let range = self.bytes()?;
        match std::str::from_utf8(&data[range.clone()]) {
            Ok(text) => Ok(text),
            Err(bad) => fail(KplErrorKind::NotUtf8, range.start + bad.valid_up_to()),
        }
    }

    fn key<'a>(&self, keys: &[&'a str], table: Table) -> Result<&'a str, KplError> {
        let Value::Varint(index) = self.value else { return fail(KplErrorKind::WireType, self.start) };
        match usize::try_from(index).ok().and_then(|index| keys.get(index)) {
            Some(key) => Ok(key),
            None => fail(KplErrorKind::Index { table, index, len: keys.len() }, self.start),
        }
    }
}

/// A table of keys in an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `partition_key_table`.
    PartitionKeys,
    /// `explicit_hash_key_table`.
    ExplicitHashKeys,
}

/// Why data is no aggregate, or one that cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KplError {
    kind: KplErrorKind,
    offset: usize,
}

/// What is wrong with an aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KplErrorKind {
    /// It does not begin with [`MAGIC`].
    NoMagic,
    /// The checksum is not that of the message.
    Checksum,
    /// The data or a message in it ends too early.
    EndsEarly,
    /// A number of more than 64 bits.
    Varint,
    /// A field with the number 0, or one above 2²⁹ − 1.
    FieldNumber,
    /// A field of a kind that it cannot have.
    WireType,
    /// A key that is not UTF-8.
    NotUtf8,
    /// A record names a key that its table does not have.
    Index {
        /// The table.
        table: Table,
        /// The place that the record names, counted from 0.
        index: u64,
        /// How many keys the table has.
        len: usize,
    },
    /// A record without a field that it must have.
    Missing {
        /// The field.
        field: &'static str,
    },
}

fn fail<T>(kind: KplErrorKind, offset: usize) -> Result<T, KplError> {
    Err(KplError { kind, offset })
}

impl KplError {
    /// What is wrong.
    pub fn kind(&self) -> &KplErrorKind {
        &self.kind
    }

    /// The byte of the data at which it shows.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for KplError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            KplErrorKind::NoMagic => f.write_str("not an aggregate: it does not begin with F3 89 9A C2")?,
            KplErrorKind::Checksum => f.write_str("the checksum is not the MD5 of the message")?,
            KplErrorKind::EndsEarly => f.write_str("the aggregate or a message in it ends too early")?,
            KplErrorKind::Varint => f.write_str("a number has more than 64 bits")?,
            KplErrorKind::FieldNumber => f.write_str("no field has such a number")?,
            KplErrorKind::WireType => f.write_str("a field is of a kind that it cannot have")?,
            KplErrorKind::NotUtf8 => f.write_str("a key is not UTF-8")?,
            KplErrorKind::Index { table, index, len } => {
                let keys = match table {
                    Table::PartitionKeys => "partition keys",
                    Table::ExplicitHashKeys => "explicit hash keys",
                };
                write!(f, "a record names number {index} of the {keys}, of which there are {len}")?;
            }
            KplErrorKind::Missing { field } => write!(f, "a record has no `{field}`")?,
        }
        write!(f, " (byte {})", self.offset)
    }
}

impl std::error::Error for KplError {}

/// Splits a delivered record that holds an aggregate into delivered records of what is inside. `None` if it holds none
/// that can be read: then it is delivered as it is.
///
/// A record that comes out has the bytes of the one that went in, except for the values of `data` (the base64 of its own
/// data) and `partitionKey` (its own). So `sequenceNumber`, `eventID` and the arrival time are those of the aggregate, as
/// with enhanced fan-out, where only `eventSourceARN` would differ: there it names the consumer. An explicit hash
/// key is not written, for the service does not deliver one either. Members may lie under `kinesis`, as Lambda
/// delivers them, or flat, as a pipe does; repeated ones are all replaced, and the last `data` is the one that is read.
///
/// An aggregate of no records stays as it is, and so does one that would grow beyond [`EXPANDED_BYTES`].
///
/// ```
/// use eventsieve::kpl;
///
/// let record = br#"{"kinesis":{"partitionKey":"a","data":"84mawgoEYmlrZRoKCAAaBnVubG9ja/8UgiVfyCQlFtJSL369Zgo="}}"#;
/// let records = kpl::expand(record).expect("an aggregate");
/// assert_eq!(records, [br#"{"kinesis":{"partitionKey":"bike","data":"dW5sb2Nr"}}"#]);
/// assert_eq!(kpl::expand(&records[0]), None);
/// ```
pub fn expand(record: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut budget = EXPANDED_BYTES;
    let mut records = Vec::new();
    expand_with(record, &mut budget, |inner| records.push(inner.to_vec())).then_some(records)
}

/// A Kinesis event, whatever source it names itself, with each aggregate in it replaced by the records inside, separated
/// by commas. All other bytes stay; so does the whole event where nothing in it is an aggregate.
///
/// # Errors
/// As [`Envelope::parse_as`].
pub fn expand_envelope(bytes: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let envelope = Envelope::parse_as(bytes, Source::Kinesis)?;
    let mut budget = EXPANDED_BYTES;
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for index in 0..envelope.len() {
        let range = envelope.range(index);
        out.extend_from_slice(&bytes[at..range.start]);
        at = range.end;
        let start = out.len();
        let expanded = expand_with(envelope.record(index), &mut budget, |inner| {
            if out.len() > start {
                out.push(b',');
            }
            out.extend_from_slice(inner);
        });
        if !expanded {
            out.extend_from_slice(envelope.record(index));
        }
    }
    out.extend_from_slice(&bytes[at..]);
    Ok(out)
}

/// Hands over each record inside. `false`, and nothing was handed over, if there is none or the budget is too small.
fn expand_with(record: &[u8], budget: &mut usize, mut each: impl FnMut(&[u8])) -> bool {
    let Some(Places { data, keys, payload }) = Places::find(record) else { return false };
    let Ok(aggregate) = Aggregate::parse(&payload) else { return false };
    // At most: each byte of a key becomes six, each three of data four.
    let size = aggregate.records().try_fold(0_usize, |size, inner| {
        let keys = keys.len().checked_mul(inner.partition_key.len().checked_mul(6)?.checked_add(2)?)?;
        let data = data.len().checked_mul(base64_simd::STANDARD.encoded_length(inner.data.len()).checked_add(2)?)?;
        size.checked_add(record.len())?.checked_add(keys)?.checked_add(data)
    });
    let Some(left) = size.and_then(|size| budget.checked_sub(size)).filter(|_| !aggregate.is_empty()) else {
        return false;
    };
    *budget = left;
    let mut places: Vec<(Range<usize>, bool)> =
        data.into_iter().map(|range| (range, true)).chain(keys.into_iter().map(|range| (range, false))).collect();
    places.sort_unstable_by_key(|(range, _)| range.start);
    let (mut coded, mut out) = (String::new(), Vec::new());
    for inner in aggregate.records() {
        coded.clear();
        base64_simd::STANDARD.encode_append(inner.data, &mut coded);
        out.clear();
        let mut at = 0;
        for (range, is_data) in &places {
            out.extend_from_slice(&record[at..range.start]);
            quote(if *is_data { &coded } else { inner.partition_key }, &mut out);
            at = range.end;
        }
        out.extend_from_slice(&record[at..]);
        each(&out);
    }
    true
}

/// The values of a delivered record that are written anew, and the data that counts, decoded.
#[derive(Debug, Default)]
struct Places {
    data: Vec<Range<usize>>,
    keys: Vec<Range<usize>>,
    payload: Vec<u8>,
}

impl Places {
    /// `None` if the record is malformed or its data is no base64.
    fn find(record: &[u8]) -> Option<Places> {
        check(record, &RecordLimits::default()).ok()?;
        let mut places = Places::default();
        let mut last = None;
        let mut cursor = TextCursor::new(record);
        cursor.value();
        places.members(&mut cursor, true, &mut last);
        let (raw, escaped) = last?;
        let mut unescaped = Vec::new();
        if escaped {
            text::unescape_into(raw, &mut unescaped).ok()?;
        }
        places.payload = base64_simd::STANDARD.decode_to_vec(if escaped { &unescaped } else { raw }).ok()?;
        Some(places)
    }

    /// Reads the members of an object; those of `kinesis` in the root are members of the root too.
    fn members<'r>(&mut self, cursor: &mut TextCursor<'r>, root: bool, last: &mut Option<(&'r [u8], bool)>) {
        while let Some((key, escaped)) = cursor.next_member() {
            let next = cursor.peek();
            let start = cursor.position();
            let is_data = reads(key, escaped, "data");
            if root && next == Some(b'{') && reads(key, escaped, "kinesis") {
                cursor.value();
                self.members(cursor, false, last);
            } else if is_data || reads(key, escaped, "partitionKey") {
                let value = cursor.clone().value();
                cursor.skip_value();
                let string = match value {
                    RawValue::String(raw, escaped) => Some((raw, escaped)),
                    _ => None,
                };
                if string.is_some() {
                    let places = if is_data { &mut self.data } else { &mut self.keys };
                    places.push(start..cursor.position());
                }
                if is_data {
                    *last = string;
                }
            } else {
                cursor.skip_value();
            }
        }
    }
}

/// Appends a JSON string.
fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
