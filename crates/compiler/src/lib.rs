//! Filter criteria text in, verified program out, or errors that point at the text.
//!
//! | stage | module | makes |
//! |---|---|---|
//! | read | [`criteria`], `json` | pattern texts, each with its place in the outer text |
//! | parse | [`parse`](parse::parse_pattern) | [`ast`]: what the author wrote, with spans; **all** errors |
//! | payload | `payload` | variants of a filter for each payload format |
//! | bound | [`complexity`] | the score of the wildcards on one path |
//! | lower | `lower` | what it means: ANDs and ORs of tests, arranged by path prefix |
//! | value | `value`, `fold` | automata and fold sequences for string tests |
//! | emit | `emit` | a [`Program`](eventsieve_program::Program) |
//!
//! # Arrays and `$or`
//!
//! Values chosen for different paths of one pattern must agree on the element of every array they share. So what
//! a pattern asks below one key is a *part*: it must hold inside one array element. `lower` arranges a
//! pattern as a tree of such parts; the vm counts each part in the scope of an element and hands up only
//! what was complete there. `$or` stays an OR inside the tree; it is multiplied out only with things that
//! share a key with it, since there one element must serve both.
//!
//! **Where regex-automata serves**: the string tests of one path that read bytes one by one (prefix, suffix,
//! wildcard, ignore-case) are merged into one automaton that it determinises, see `value`. smallvec holds
//! short lists while parsing.
#![forbid(unsafe_code)]

pub mod ast;
pub mod complexity;
pub mod criteria;
pub mod parse;

mod arrange;
mod compile;
mod draw;
mod emit;
mod error;
mod expression;
mod fold;
#[cfg(test)]
mod golden;
mod json;
mod lower;
mod operator;
mod options;
mod payload;
mod value;

pub use compile::{Compiled, compile};
pub use criteria::FilterCriteria;
pub use error::{CompileError, CompileErrors, Diagnostics, ErrorKind, Severity};
pub use options::{Limits, Options};
pub use payload::{Mismatch, PayloadRule};
