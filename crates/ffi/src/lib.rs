//! The C library: convert, guard, call, map. What filters mean is the facade's business, nothing of it is decided here.
//!
//! The documentation of every function is the manual that C programmers read: `include/eventsieve.h` is generated from
//! it, after an introduction that stands in `cbindgen.toml`. Each function has the same four steps: `guard` against
//! panics, `convert` pointers, one call, map the result.
//!
//! | file | what it holds |
//! |---|---|
//! | `convert` | **every pointer conversion**, and what must hold for it; which handle is which Rust type |
//! | `guard` | panics become a status |
//! | `status` | the statuses |
//! | `structs` | the structs and constants that C sees |
//! | `errors`, `program`, `sieve`, `scratch`, `evaluate`, `envelope`, `live`, `about` | the functions, by handle |
//!
//! *Invariants*: no panic crosses into C; no function keeps a pointer of the caller, but for
//! [`eventsieve_program_from_borrowed_bytes`]; what one thread changes is behind a scratch's lock.
#![allow(non_camel_case_types, reason = "C names, so that the header needs no second list of them")]
#![allow(clippy::missing_safety_doc, reason = "the header's introduction has the rules of safe calls, once for all")]

mod about;
mod convert;
mod envelope;
mod errors;
mod evaluate;
mod guard;
mod live;
mod program;
mod scratch;
mod sieve;
mod status;
mod structs;

pub use about::*;
pub use envelope::*;
pub use errors::*;
pub use evaluate::*;
pub use live::*;
pub use program::*;
pub use scratch::{eventsieve_scratch, eventsieve_scratch_free, eventsieve_scratch_new, eventsieve_scratch_new_live};
pub use sieve::*;
pub use status::*;
pub use structs::*;
