//! What a call came to.
//!
//! **Unsafe**: pointers come from C; `convert` makes references of them for the duration of a call, on the conditions of
//! the header.

use crate::convert::output;
use crate::eventsieve_slice;
use crate::guard::{Mapped, guard};

/// What a call came to. A number never changes its meaning, and is not used again if a status goes; new ones may come.
///
/// Below 100: an answer about what was handed in. From 100: misuse. From 200: a fault of the library.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum eventsieve_status {
    /// It worked.
    Ok = 0,
    /// The criteria do not compile; `errors_out` says why.
    InvalidCriteria = 1,
    /// The bytes are no program that this library can run; `errors_out` says why.
    InvalidProgram = 2,
    /// The event is no envelope of the sieve's source; `errors_out` says why.
    InvalidEnvelope = 3,
    /// The record is no valid JSON object, or exceeds a limit.
    Malformed = 4,
    /// A buffer is too small; the size that would do has been set. Nothing was written to the buffer.
    BufferTooSmall = 5,
    /// Nothing in the document tells its source.
    UnknownSource = 6,
    /// A pointer that must not be NULL is.
    NullPointer = 100,
    /// The `size` of a struct is not that of a struct of this version, or of a later one whose new members are zero.
    WrongSize = 101,
    /// A number that stands for none of the values there are, or a reserved member that is not zero.
    InvalidValue = 102,
    /// A length that no object in memory can have.
    InvalidLength = 103,
    /// Offsets that descend, are negative or leave the buffer.
    InvalidOffsets = 104,
    /// There is no element of that number.
    OutOfRange = 105,
    /// The scratch was made for another program.
    ForeignScratch = 106,
    /// Another thread is using the scratch.
    ScratchInUse = 107,
    /// The scratch met a panic earlier and may only be freed.
    ScratchRetired = 108,
    /// A defect of the library, which is otherwise unharmed; please report it.
    Panic = 200,
}

/// Number, name and text of each status.
const STATUSES: [(eventsieve_status, &str, &str); 17] = [
    (eventsieve_status::Ok, "EVENTSIEVE_STATUS_OK", "success"),
    (
        eventsieve_status::InvalidCriteria,
        "EVENTSIEVE_STATUS_INVALID_CRITERIA",
        "the criteria do not compile; read the errors",
    ),
    (
        eventsieve_status::InvalidProgram,
        "EVENTSIEVE_STATUS_INVALID_PROGRAM",
        "the bytes are no program that this library can run; read the errors",
    ),
    (
        eventsieve_status::InvalidEnvelope,
        "EVENTSIEVE_STATUS_INVALID_ENVELOPE",
        "the event is no envelope of the sieve's source; read the errors",
    ),
    (
        eventsieve_status::Malformed,
        "EVENTSIEVE_STATUS_MALFORMED",
        "the record is no valid JSON object or exceeds a limit",
    ),
    (
        eventsieve_status::BufferTooSmall,
        "EVENTSIEVE_STATUS_BUFFER_TOO_SMALL",
        "a buffer is too small; call again with one of the size that was set",
    ),
    (
        eventsieve_status::UnknownSource,
        "EVENTSIEVE_STATUS_UNKNOWN_SOURCE",
        "nothing in the document tells its source; say which it is",
    ),
    (eventsieve_status::NullPointer, "EVENTSIEVE_STATUS_NULL_POINTER", "a pointer that must not be NULL is NULL"),
    (
        eventsieve_status::WrongSize,
        "EVENTSIEVE_STATUS_WRONG_SIZE",
        "the size in a struct is wrong; set it to sizeof, as the _INIT macro does",
    ),
    (
        eventsieve_status::InvalidValue,
        "EVENTSIEVE_STATUS_INVALID_VALUE",
        "a number stands for none of the values there are, or a reserved member is not zero",
    ),
    (
        eventsieve_status::InvalidLength,
        "EVENTSIEVE_STATUS_INVALID_LENGTH",
        "a length is larger than any object in memory can be",
    ),
    (
        eventsieve_status::InvalidOffsets,
        "EVENTSIEVE_STATUS_INVALID_OFFSETS",
        "offsets descend, are negative or leave the buffer",
    ),
    (eventsieve_status::OutOfRange, "EVENTSIEVE_STATUS_OUT_OF_RANGE", "there is no element of that number"),
    (
        eventsieve_status::ForeignScratch,
        "EVENTSIEVE_STATUS_FOREIGN_SCRATCH",
        "the scratch was made for another program; make one for this sieve",
    ),
    (
        eventsieve_status::ScratchInUse,
        "EVENTSIEVE_STATUS_SCRATCH_IN_USE",
        "another thread is using the scratch; give every thread its own",
    ),
    (
        eventsieve_status::ScratchRetired,
        "EVENTSIEVE_STATUS_SCRATCH_RETIRED",
        "the scratch met a panic earlier; free it and make another",
    ),
    (eventsieve_status::Panic, "EVENTSIEVE_STATUS_PANIC", "a defect of the library; please report it"),
];

/// The name of a status, such as `EVENTSIEVE_STATUS_OK`.
///
/// `name_out`: valid for ever. INVALID_VALUE if there is no such status, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_status_name(status: u32, name_out: *mut eventsieve_slice) -> eventsieve_status {
    guard(|| {
        // SAFETY: the output is NULL or has room, as the header asks.
        let name_out = unsafe { output(name_out)? };
        name_out.set(eventsieve_slice::of(find(status)?.1));
        Ok(())
    })
}

/// What a status means, in words, and what to do.
///
/// `text_out`: valid for ever. INVALID_VALUE if there is no such status, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_status_text(status: u32, text_out: *mut eventsieve_slice) -> eventsieve_status {
    guard(|| {
        // SAFETY: the output is NULL or has room, as the header asks.
        let text_out = unsafe { output(text_out)? };
        text_out.set(eventsieve_slice::of(find(status)?.2));
        Ok(())
    })
}

fn find(status: u32) -> Mapped<&'static (eventsieve_status, &'static str, &'static str)> {
    STATUSES.iter().find(|row| row.0 as u32 == status).ok_or(eventsieve_status::InvalidValue)
}
