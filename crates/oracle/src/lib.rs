//! Slow truth: a reference evaluator, generators of patterns and records, a runner of case files, and trials for fuzzers.
//!
//! * [`mod@reference`] answers as eventsieve must, by the dullest means: its own JSON reader, its own pattern compiler, `$or`
//!   multiplied out, combinations of values tried one by one. It shares no code with the engine and must not start to.
//! * [`generate`] makes pairs of a pattern and a record that interest a filter engine, from a seed.
//! * [`Engine`] and [`run_cases`] hold anything that answers against case files (`eventsieve-cases`).
//! * [`trial`] is what fuzz targets do to eventsieve, as functions that plain tests call too.
//!
//! # Holding another implementation against a corpus
//!
//! ```no_run
//! use eventsieve_cases::CaseFile;
//! use eventsieve_oracle::{Answer, CaseOptions, Engine, run_cases};
//!
//! struct Mine;
//!
//! impl Engine for Mine {
//!     fn answer(&mut self, pattern: &str, event: &[u8], _options: &CaseOptions<'_>) -> Answer {
//!         # let my_compiler = |_: &str| Some(|_: &[u8]| Some(true));
//!         let Some(filter) = my_compiler(pattern) else { return Answer::InvalidPattern };
//!         match filter(event) {
//!             Some(true) => Answer::Match,
//!             Some(false) => Answer::NoMatch,
//!             None => Answer::InvalidEvent,
//!         }
//!     }
//! }
//!
//! let file = CaseFile::read("corpus/conformance/values.ndjson")?;
//! let report = run_cases(&mut Mine, &file);
//! assert!(report.failures.is_empty(), "{report}");
//! # Ok::<(), eventsieve_cases::CaseError>(())
//! ```
//!
//! `examples/hold.rs` does the same to a command in any language. And against the reference, on pairs nobody has seen before:
//!
//! ```
//! use eventsieve_oracle::{generate::random_pair, reference};
//!
//! for seed in 0..100 {
//!     let (pattern, record) = random_pair(seed);
//!     let judged = reference::judge(&pattern, &record);
//!     if judged.is_settled() {
//!         // assert_eq!(mine(&pattern, &record), judged.answer, "seed {seed}\n{pattern}");
//!     }
//! }
//! ```

#![forbid(unsafe_code)]

pub mod generate;
pub mod reference;
mod run;
pub mod trial;

pub use reference::{Answer, Judged, answer};
pub use run::{CaseOptions, Engine, Failure, Reference, Report, run_cases};
