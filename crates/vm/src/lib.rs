//! Runs a program over batches of records: one verdict a record, no allocation once the scratch is warm.
//!
//! | module | what it does |
//! |---|---|
//! | [`check`](check()) | is a record one valid JSON object within the limits |
//! | `index` | a record as bitmaps, 64 bytes at a time, believed or proved |
//! | `isa` | which instructions the CPU has |
//! | `prefilter` | records that need not be read at all |
//! | `cursor` | the forward-only reader that both front ends implement |
//! | `tape_cursor` | front end over simd-json's tape: its SIMD parser reads the batch's records |
//! | `text_cursor` | front end over the record's own bytes, for what a tape cannot hold |
//! | `walk` | keys against the path trie: which values matter, in which scope |
//! | `view`, `payload` | what a filter sees of a record of a source; decoding |
//! | `exec` | **the loop that evaluates**: the tests of one path against one value |
//! | `resolve` | satisfied tests to filters |
//! | `irregular` | the few records whose repeated keys need a search |
//! | `engine` | all of it, record by record |
//!
//! **Where simd-json serves.** [`check`](check()) has the last word on validity (a tape parser is laxer in
//! places and stricter in others: it refuses `1e309` and lone surrogates, which the reference accepts).
//! A valid record is parsed by simd-json, and the walk reads its tape. What a tape does not keep, the
//! spelling of a fraction, sends the one record it concerns through the text cursor instead. Both cursors
//! feed the same walk and run the whole corpus.
//!
//! memchr finds record borders and the pieces of wildcards; base64-simd decodes payloads.
//!
//! *Invariants*: nothing here parses a pattern; nothing here recurses on a record; a bad record is a
//! [`Verdict`], misuse is an [`EvaluateError`]. Unsafe code is in the modules of `index` and `prefilter` that
//! are for one instruction set each, and nowhere else.
#![deny(unsafe_code)]

mod batch;
mod check;
mod checker;
mod cursor;
mod engine;
mod exec;
mod index;
mod index_walk;
mod irregular;
mod isa;
mod keys;
mod payload;
mod prefilter;
mod resolve;
mod scratch;
mod tape_cursor;
mod text_cursor;
mod view;
mod walk;

pub use batch::Batch;
pub use check::{Malformed, Reason, RecordLimits, check};
pub use checker::Checker;
pub use engine::{Checks, DropReason, Engine, EvaluateError, FilterSet, FrontEnd, Outcome, Verdict};
pub use isa::Isa;
pub use prefilter::{Adaptive, Prefilter};
pub use scratch::Scratch;
pub use text_cursor::{RawValue, TextCursor};
pub use view::{Encoded, Encoding, PayloadFormat, PayloadShape, RecordView, Shape};
