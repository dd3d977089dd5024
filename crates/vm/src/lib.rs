//! Runs a program over batches of records: one verdict a record, no allocation once the scratch is warm.
//!
//! | module | what it does |
//! |---|---|
//! | [`check`](check()) | is a record one valid JSON object within the limits |
//! | `index` | a record as bitmaps, 64 bytes at a time, believed or proved |
//! | `isa` | which instructions the CPU has |
//! | `prefilter` | records that need not be read at all |
//! | `keys`, `index_walk` | **the walk**: bitmaps against the path trie, reading only what leads somewhere |
//! | `cursor`, `walk` | the same walk over a forward-only reader, which the two other front ends implement |
//! | `tape_cursor` | front end over simd-json's tape |
//! | `text_cursor` | front end over the record's own bytes, one after another |
//! | `view`, `payload` | what a filter sees of a record of a source; decoding |
//! | `exec` | **the loop that evaluates**: the tests of one path against one value |
//! | `plan` | the same for leaves with many tests, all at once |
//! | `resolve` | satisfied tests to filters |
//! | `irregular` | the few records whose repeated keys need a search |
//! | `judge` | the two together, for the hits of a record |
//! | `engine`, `outcome` | all of it, record by record |
//! | `lately` | guesses from the records before, which only speed depends on |
//!
//! **The way of a record**: its literals are searched for (`prefilter`); it is indexed and walked, both without taking it
//! for JSON (`index`, `index_walk`); its values are tested (`exec`) and filters resolved (`resolve`); and only if one
//! accepts it is it proved (`index` again, with checks on). Where most records match they are proved first, so that the
//! proof and the walk share one index. [`Checks::Every`] asks for a proof of all.
//!
//! **Where simd-json serves.** The tape is another front end, to be forced with [`FrontEnd`]: three
//! independent readers of JSON run the whole corpus and must agree. [`check`](check()) has the last word on validity (a tape parser
//! is laxer in places and stricter in others: it refuses `1e309` and lone surrogates, which the reference accepts).
//! What a tape does not keep, the spelling of a fraction, sends the one record it concerns through the text cursor.
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
mod judge;
mod keys;
mod lately;
mod outcome;
mod payload;
mod plan;
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
pub use engine::{Checks, Engine, EvaluateError, FrontEnd, Verdict};
pub use isa::Isa;
pub use outcome::{DropReason, FilterSet, Outcome};
pub use prefilter::{Adaptive, Prefilter};
pub use scratch::Scratch;
pub use simd_json::Tape;
pub use text_cursor::{RawValue, TextCursor};
pub use view::{Encoded, Encoding, PayloadFormat, PayloadShape, RecordView, Shape};
