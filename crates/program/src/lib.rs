//! The flat program: what its bytes mean, how they are checked, how they are shown.
//!
//! | module | what it is |
//! |---|---|
//! | [`mod@format`] | the specification of the bytes |
//! | [`inst`] | the table that defines every instruction |
//! | [`assemble`] | lists in, bytes out; the only writer |
//! | `verify` | the gate every program passes on its way in |
//! | [`disasm`] | a program as a listing |
//! | [`literals`] | what bytes a record must hold to match |
//! | [`number`], [`addr`], [`text`], [`fold`], [`glob`] | rules that compiler and vm must read alike |
//!
//! The compiler writes a [`Program`], the vm reads it, and they meet only here.
#![forbid(unsafe_code)]

pub mod addr;
pub mod assemble;
pub mod disasm;
pub mod fold;
pub mod format;
pub mod glob;
pub mod inst;
pub mod literals;
pub mod number;
pub mod text;

mod dialect;
mod program;
mod verify;

pub use dialect::{Dialect, Source, UnknownName};
pub use program::{Program, ProgramError, ProgramErrorKind, View};
