//! The structs and constants that C sees.
//!
//! **Unsafe**: a struct may only be read by its size if it has no padding, which an assertion shows for each.

use crate::convert::Growing;

/// Bytes: an input that the caller keeps, or a view into a handle. Text is UTF-8 and has no terminating NUL.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct eventsieve_slice {
    /// The first byte; may be NULL if `len` is 0.
    pub data: *const u8,
    /// Number of bytes.
    pub len: usize,
}

/// Where records come from, and so what a filter sees of one.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum eventsieve_source {
    /// The record is what the pattern sees.
    Raw = 0,
    /// Amazon SQS.
    Sqs = 1,
    /// Amazon Kinesis Data Streams.
    Kinesis = 2,
    /// Amazon DynamoDB Streams.
    Dynamodb = 3,
    /// Amazon MSK.
    Msk = 4,
    /// Self-managed Apache Kafka.
    Kafka = 5,
    /// Amazon MQ for ActiveMQ.
    Activemq = 6,
    /// Amazon MQ for RabbitMQ.
    Rabbitmq = 7,
    /// Amazon DocumentDB.
    Documentdb = 8,
}

/// Which operators and limits are legal.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum eventsieve_dialect {
    /// That of the source: `eventbridge` for raw records, `lambda` for all others.
    Default = 0,
    /// Filter criteria of a Lambda event source mapping.
    Lambda = 1,
    /// Filter criteria of an EventBridge pipe.
    Pipes = 2,
    /// Event pattern of an EventBridge rule: every operator.
    Eventbridge = 3,
}

/// Which records are proved to be valid JSON. A match always is, unless records are trusted.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum eventsieve_checks {
    /// Those that would match: a malformed record that no filter lets through may come out as NO_MATCH.
    Matches = 0,
    /// All: every malformed record comes out as MALFORMED. Slower.
    Every = 1,
    /// None: records are trusted to be JSON and to repeat no key, so that a record is not read on once every field that a
    /// filter asks about was met. On other records the verdict may be wrong; nothing worse comes of it.
    Trusted = 2,
}

/// The answer for a record. In buffers it takes one byte.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum eventsieve_verdict {
    /// No filter matched: the record is dropped.
    NoMatch = 0,
    /// At least one filter matched: the record is delivered.
    Match = 1,
    /// The record is no valid JSON object, or exceeds a limit: it is dropped.
    Malformed = 2,
}

/// Why a record is dropped. In buffers it takes one byte.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum eventsieve_reason {
    /// It is not dropped.
    Delivered = 0,
    /// No filter matched it.
    FilteredOut = 1,
    /// No filter matched it, and its payload is no JSON although a filter asks for JSON: more likely broken than
    /// unwanted.
    PayloadNotJson = 2,
    /// The record itself is malformed.
    Malformed = 3,
}

/// What stands in the way of a program: see `eventsieve_error`.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum eventsieve_severity {
    /// No program comes of it.
    Error = 0,
    /// Legal, but probably not what was meant, or not sure to work everywhere.
    Warning = 1,
}

/// How payloads are written.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum eventsieve_encoding {
    /// As they are.
    Plain = 0,
    /// In base64 (RFC 4648, padded).
    Base64 = 1,
}

/// What is left of an envelope.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum eventsieve_kept {
    /// No record: the function would not be invoked.
    Nothing = 0,
    /// Some records: what stays was written to the buffer.
    Some = 1,
    /// Every record: the event stays as it is, and nothing was written.
    Everything = 2,
}

/// How criteria are compiled. Begin with `EVENTSIEVE_COMPILE_OPTIONS_INIT`: raw records, all defaults.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct eventsieve_compile_options {
    /// `sizeof(eventsieve_compile_options)`.
    pub size: usize,
    /// An `eventsieve_source`.
    pub source: u32,
    /// An `eventsieve_dialect`.
    pub dialect: u32,
    /// 1: warnings are errors. 0: they are not.
    pub strict: u32,
    /// An `eventsieve_checks`.
    pub checks: u32,
    /// Highest accepted complexity of the wildcards on one path; 0 for the service's, which is 10;
    /// `EVENTSIEVE_UNLIMITED` for no limit.
    pub complexity_limit: u32,
    /// 0.
    pub reserved: u32,
}

/// How a program is run. Begin with `EVENTSIEVE_RUN_OPTIONS_INIT`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct eventsieve_run_options {
    /// `sizeof(eventsieve_run_options)`.
    pub size: usize,
    /// An `eventsieve_checks`.
    pub checks: u32,
    /// 0.
    pub reserved: u32,
}

/// Records in the pieces that a poller holds, column by column. Begin with `EVENTSIEVE_PIECES_INIT`.
///
/// Each column is NULL or an array of `record_len` slices, and not all are NULL if there are records; a slice whose
/// `data` is NULL is a piece that the record does not have (an empty piece has some other pointer and length 0). A
/// record is either delivered, or made of the other pieces.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct eventsieve_pieces {
    /// `sizeof(eventsieve_pieces)`.
    pub size: usize,
    /// Number of records.
    pub record_len: usize,
    /// Records as a function receives them: one JSON object each, payload and all.
    pub delivered: *const eventsieve_slice,
    /// JSON objects whose members are metadata.
    pub metadata: *const eventsieve_slice,
    /// Payloads: what filters see under `body` (SQS), `data` (Kinesis, MQ) or `value` (Kafka).
    pub payload: *const eventsieve_slice,
    /// Keys of Kafka records: what filters see under `key`.
    pub key: *const eventsieve_slice,
    /// An `eventsieve_encoding`, of all payloads.
    pub payload_encoding: u32,
    /// An `eventsieve_encoding`, of all keys.
    pub key_encoding: u32,
}

/// Where the answers of a batch go. Begin with `EVENTSIEVE_ANSWERS_INIT` and set the buffers of the answers you want;
/// the others stay NULL with length 0. A buffer that is not NULL is wanted, so one without a length is too small for any
/// record. A struct can be used for any number of batches.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct eventsieve_answers {
    /// `sizeof(eventsieve_answers)`.
    pub size: usize,
    /// For every record an `eventsieve_verdict`.
    pub verdicts: *mut u8,
    /// Bytes there is room for; at least one a record.
    pub verdicts_len: usize,
    /// For every record the filters that matched it, as a row of ceil(filters / 64) words: filter number `f` is bit `f
    /// % 64` of word `f / 64`. Zero for records that did not match, and for those that passed because there are no
    /// filters.
    pub filters: *mut u64,
    /// Words there is room for; at least a row a record.
    pub filters_len: usize,
    /// For every record an `eventsieve_reason`.
    pub reasons: *mut u8,
    /// Bytes there is room for; at least one a record.
    pub reasons_len: usize,
    /// Set: records in the batch, also where a buffer was too small.
    pub record_len: usize,
    /// Set: records that matched.
    pub matched_len: usize,
}

/// One thing that is wrong, or doubtful. Begin with `EVENTSIEVE_ERROR_INIT`. All slices are views into the errors they
/// come from; one without `data` is absent. Numbers that do not apply are `EVENTSIEVE_NONE`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct eventsieve_error {
    /// `sizeof(eventsieve_error)`.
    pub size: usize,
    /// What is wrong and what would be legal; one lower-case clause.
    pub message: eventsieve_slice,
    /// A stable name for scripts, such as `unknown-operator`.
    pub code: eventsieve_slice,
    /// What to write instead, where that is clear.
    pub help: eventsieve_slice,
    /// The full text that EventBridge answers with; absent unless criteria are at fault.
    pub aws_message: eventsieve_slice,
    /// The text that the Lambda API answers with, where it is known.
    pub lambda_message: eventsieve_slice,
    /// The filter it is in, counted from 0.
    pub filter: usize,
    /// Where it begins: a byte of the filter's pattern, if it is in one; of programs and events, a byte of these.
    pub span_start: usize,
    /// The byte where it ends, which is no more part of it.
    pub span_end: usize,
    /// Where it begins in the text of the criteria.
    pub criteria_start: usize,
    /// The byte where it ends there.
    pub criteria_end: usize,
    /// Line of `criteria_start`, counted from 1.
    pub line: usize,
    /// Column of `criteria_start` in characters, counted from 1.
    pub column: usize,
    /// An `eventsieve_severity`.
    pub severity: u32,
    /// 0.
    pub reserved: u32,
}

macro_rules! growing {
    ($($type:ident { $($words:literal words)? $(, $numbers:literal numbers)? },)*) => {$(
        // SAFETY: `repr(C)`, `size` is first, all members are integers and plain pointers, and the assertion shows that
        // there is no padding: a new member always makes the struct larger.
        unsafe impl Growing for $type {}
        const _: () = assert!(size_of::<$type>() == $($words * size_of::<usize>())? $(+ $numbers * size_of::<u32>())?);
    )*};
}

growing! {
    eventsieve_compile_options { 1 words, 6 numbers },
    eventsieve_run_options { 1 words, 2 numbers },
    eventsieve_pieces { 6 words, 2 numbers },
    eventsieve_answers { 9 words },
    eventsieve_error { 18 words, 2 numbers },
}
