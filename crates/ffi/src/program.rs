//! Programs: what criteria become, to store, ship and map.
//!
//! **Unsafe**: pointers come from C; `convert` makes references of them for the duration of a call, on the conditions of
//! the header. The one that is kept is that of borrowed bytes, whose caller vouches for the handle's life.

use std::borrow::Cow;
use std::sync::Arc;

use eventsieve::Program;

use crate::convert::{Output, array, buffer, free, into_handle, optional_output, output, shared, write_text};
use crate::errors::ErrorsOutput;
use crate::guard::{Mapped, guard};
use crate::{eventsieve_errors, eventsieve_slice, eventsieve_status};

/// A compiled program: flat bytes that were verified. Immutable: threads may share it.
pub struct eventsieve_program {
    _opaque: [u8; 0],
}

/// Loads a program from its bytes, which are verified and copied.
///
/// Hostile bytes are refused or harmless: no program that loads can make an evaluation crash or run for ever. `data`
/// may lie at any address, without alignment.
///
/// `program_out`: the program, for the caller to free; NULL if the call fails.
/// `errors_out`: NULL if not wanted; the errors, for the caller to free, if the bytes are no program; set to NULL after
/// any other status.
///
/// Returns OK, INVALID_PROGRAM, INVALID_LENGTH, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_program_from_bytes(
    data: *const u8,
    len: usize,
    program_out: *mut *mut eventsieve_program,
    errors_out: *mut *mut eventsieve_errors,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: outputs and an array, as the header asks.
        let (errors_out, program_out, bytes) =
            unsafe { (ErrorsOutput::new(optional_output(errors_out)), output(program_out)?, array(data, len)) };
        load(bytes.map(|bytes| Cow::Owned(bytes.to_vec())), &program_out, &errors_out)
    })
}

/// Loads a program from bytes that are verified and not copied: those of a mapped file, say.
///
/// **The bytes must stay where they are, unchanged, until the program and everything that was made from it is freed:**
/// sieves, scratches, live handles, programs taken out of sieves, and whatever was made from these. A file that others
/// may write to while it is mapped does not give that promise. For such, use `eventsieve_program_from_bytes`.
///
/// Outputs and statuses as for `eventsieve_program_from_bytes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_program_from_borrowed_bytes(
    data: *const u8,
    len: usize,
    program_out: *mut *mut eventsieve_program,
    errors_out: *mut *mut eventsieve_errors,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: outputs and an array, as the header asks. The array is given the lifetime `'static`: the
        // documentation of this function obliges the caller to keep it, unchanged, as long as anything that could read
        // it.
        let (errors_out, program_out, bytes) =
            unsafe { (ErrorsOutput::new(optional_output(errors_out)), output(program_out)?, array::<u8>(data, len)) };
        load(bytes.map(Cow::Borrowed), &program_out, &errors_out)
    })
}

fn load(
    bytes: Mapped<Cow<'static, [u8]>>,
    program_out: &Output<*mut eventsieve_program>,
    errors_out: &ErrorsOutput,
) -> Mapped<()> {
    program_out.set(std::ptr::null_mut());
    let program =
        Program::from_bytes(bytes?).map_err(|error| errors_out.fail(error, eventsieve_status::InvalidProgram))?;
    program_out.set(into_handle(Arc::new(program)));
    Ok(())
}

/// Frees a program; sieves made from it live on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_program_free(program: *mut eventsieve_program) {
    guard(|| {
        // SAFETY: NULL or a handle that is not used again, as the header asks.
        unsafe { free(program) };
        Ok(())
    });
}

/// The bytes, to store or ship. The same criteria and options give the same bytes on every platform.
///
/// `bytes_out`: a view into the program, valid until it is freed.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_program_bytes(
    program: *const eventsieve_program,
    bytes_out: *mut eventsieve_slice,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle and an output, as the header asks.
        let (program, bytes_out) = unsafe { (shared(program)?, output(bytes_out)?) };
        bytes_out.set(eventsieve_slice::of(program.as_bytes()));
        Ok(())
    })
}

/// Number of filters.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_program_filter_len(
    program: *const eventsieve_program,
    filter_len_out: *mut usize,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle and an output, as the header asks.
        let (program, filter_len_out) = unsafe { (shared(program)?, output(filter_len_out)?) };
        filter_len_out.set(program.filter_len());
        Ok(())
    })
}

/// Where its records come from: an `eventsieve_source`.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_program_source(
    program: *const eventsieve_program,
    source_out: *mut u32,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle and an output, as the header asks.
        let (program, source_out) = unsafe { (shared(program)?, output(source_out)?) };
        source_out.set(crate::about::source_code(program.source()));
        Ok(())
    })
}

/// The dialect its criteria were written in: an `eventsieve_dialect`, never DEFAULT.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_program_dialect(
    program: *const eventsieve_program,
    dialect_out: *mut u32,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle and an output, as the header asks.
        let (program, dialect_out) = unsafe { (shared(program)?, output(dialect_out)?) };
        dialect_out.set(crate::about::dialect_code(program.dialect()));
        Ok(())
    })
}

/// The program as a listing for people. Its form may change.
///
/// `buffer`: gets the text, which has no terminating NUL. `needed_out`: is set to its size.
///
/// Returns OK, BUFFER_TOO_SMALL, INVALID_LENGTH, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_program_disasm(
    program: *const eventsieve_program,
    buffer: *mut u8,
    buffer_len: usize,
    needed_out: *mut usize,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle, a buffer and an output, as the header asks.
        let (program, buffer, needed_out) =
            unsafe { (shared(program)?, self::buffer(buffer, buffer_len)?, output(needed_out)?) };
        write_text(&program.disasm(), buffer, needed_out)
    })
}
