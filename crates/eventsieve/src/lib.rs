//! Evaluates AWS Lambda event filters: exactly, fast and inspectably.
//!
//! An *event source mapping* reads records from a queue or stream and hands batches of them to a function;
//! its `FilterCriteria` decide which records get through. This crate answers that question outside AWS: it
//! compiles criteria into a flat, verified program and runs the program over batches of records.
//!
//! ```
//! use eventsieve::{Batch, FilterCriteria, Sieve, Source, Verdict};
//!
//! let criteria = FilterCriteria::from_json(
//!     r#"{"Filters":[{"Pattern":"{\"detail\":{\"total\":[{\"numeric\":[\">\",100]}]}}"}]}"#,
//! )?;
//! let sieve = Sieve::builder(Source::Raw).compile(&criteria)?; // once; share it between threads
//! let mut scratch = sieve.scratch(); // one per thread
//!
//! let batch = Batch::from_lines(b"{\"detail\":{\"total\":250}}\n{\"detail\":{\"total\":5}}\n{\"detail\":{\"total\":300}\n");
//! let verdicts = sieve.evaluate(&mut scratch, &batch)?;
//! assert_eq!(verdicts, [Verdict::Match, Verdict::NoMatch, Verdict::Malformed]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The types
//!
//! | type | what it is |
//! |---|---|
//! | [`FilterCriteria`] | the filters as written, with their places in the text |
//! | [`Sieve`], [`SieveBuilder`] | criteria compiled for a source: immutable, shareable |
//! | [`Program`] | the flat artefact inside: store it, ship it, map it |
//! | [`Scratch`] | the memory one thread evaluates with |
//! | [`Batch`] | the records, borrowed as you hold them |
//! | [`Verdict`], [`Outcome`], [`FilterSet`] | the answers |
//! | [`source`], [`RecordView`] | what a filter sees of a record of each source; builders for pollers |
//! | [`Envelope`], [`kpl`] | events filtered whole; aggregates of the Kinesis Producer Library |
//! | [`Checks`], [`Checker`] | which records are proved to be JSON; proving records alone |
//! | [`LiveSieve`], [`LiveScratch`] | filters that change while a poller runs |
//! | [`Limits`], [`RecordLimits`], [`Limit`] | how large criteria and records may be; each bound by its name |
//! | [`DropReason`] | a dropped record: unwanted, or broken |
//! | [`CompileErrors`], [`CompileError`] | everything wrong with criteria, each pointing at the text |
//!
//! # Vocabulary
//!
//! *Criteria* are a list of *filters*; a filter is one *pattern*. A pattern names *paths* (key sequences;
//! arrays are invisible in them) and for each a list of *tests*. A *source* says where records come from, a
//! *dialect* which operators and limits are legal. A record of a source has a *payload* that is decoded, and metadata; an
//! *envelope* is the event that holds records. A record is *checked* (is it valid JSON), a program is
//! *verified* (is it safe).
//!
//! # Promises
//!
//! - Evaluation never fails, panics or allocates once the scratch is warm; a bad record is dropped and the batch goes on.
//! - A match is proved: the whole record is valid JSON within the limits. A record that no filter lets through need not be
//!   read to its end, so a malformed one may come out as [`Verdict::NoMatch`]; [`Checks::Every`] tells them all, and
//!   [`Checks::Trusted`], for records of one's own making, proves none.
//! - Time is linear in the record whatever the pattern: arrays and `$or` do not multiply. Only records that reach one
//!   path in several ways cost more, up to a fixed bound for each.
//! - Same criteria, same program bytes, on every platform.
//! - Nothing is global, printed, or read from the environment.
//!
//! [`trust`] says who may try to break them, and how they are tested.
//!
#![doc = "# The README's examples\n\n"]
#![cfg_attr(doctest, doc = include_str!("../../../README.md"))]
#![forbid(unsafe_code)]

mod envelope;
pub mod kpl;
mod limits;
mod live;
#[cfg(feature = "rayon")]
mod parallel;
mod sieve;
pub mod source;
#[doc = include_str!("trust.md")]
pub mod trust {}

pub use envelope::{Envelope, EnvelopeError, EnvelopeErrorKind};
pub use eventsieve_compiler::{CompileError, CompileErrors, ErrorKind, FilterCriteria, Limits, Severity};
pub use eventsieve_program::{Dialect, Program, ProgramError, Source, UnknownName};
pub use eventsieve_vm::{
    Batch, Checker, Checks, DropReason, Encoded, EvaluateError, FilterSet, FrontEnd, Isa, Malformed, Outcome,
    PayloadFormat, Reason, RecordLimits, RecordView, Scratch, Tape, Verdict, check,
};
pub use limits::{Limit, LimitError, LimitErrorKind};
pub use live::{LiveScratch, LiveSieve};
#[cfg(feature = "rayon")]
pub use parallel::ParallelScratch;
pub use sieve::{Sieve, SieveBuilder};

/// The compiler's syntax tree, for tools that look at patterns rather than records.
pub use eventsieve_compiler::ast;
