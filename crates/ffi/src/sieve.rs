//! Sieves: criteria ready to run.
//!
//! **Unsafe**: pointers come from C; `convert` makes references of them for the duration of a call, on the conditions of
//! the header.

use std::sync::Arc;

use eventsieve::{FilterCriteria, Limits, Sieve};

use crate::convert::{array, buffer, free, into_handle, optional_output, output, read_sized, shared};
use crate::errors::{Errors, ErrorsOutput};
use crate::guard::{Mapped, guard};
use crate::{
    about, eventsieve_compile_options, eventsieve_errors, eventsieve_program, eventsieve_run_options, eventsieve_status,
};

/// Criteria compiled for a source, ready to run. Immutable: threads may share it, each with a scratch of its own.
pub struct eventsieve_sieve {
    _opaque: [u8; 0],
}

/// `EVENTSIEVE_UNLIMITED`.
const UNLIMITED: u32 = u32::MAX;

/// Compiles criteria.
///
/// `criteria`: UTF-8; the object that the Lambda API takes (`{"Filters": [{"Pattern": "…"}]}`), a list of patterns, or
/// one pattern. Not kept.
/// `options`: for which source and how. Not kept.
/// `sieve_out`: the sieve, for the caller to free; NULL if the call fails.
/// `errors_out`: NULL if not wanted; everything wrong with the criteria, for the caller to free, if they are invalid;
/// set to NULL after any other status. Warnings are in `eventsieve_sieve_warnings`.
///
/// A pattern that is nested to the limit of 1,000 takes half a megabyte of the thread's stack; threads of some systems
/// have less unless told otherwise. Evaluation does not recurse.
///
/// Returns OK, INVALID_CRITERIA, WRONG_SIZE, INVALID_VALUE, INVALID_LENGTH, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_compile(
    criteria: *const u8,
    criteria_len: usize,
    options: *const eventsieve_compile_options,
    sieve_out: *mut *mut eventsieve_sieve,
    errors_out: *mut *mut eventsieve_errors,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: outputs, an array and a struct that says its size, as the header asks.
        let (errors_out, sieve_out, criteria, options) = unsafe {
            (
                ErrorsOutput::new(optional_output(errors_out)),
                output(sieve_out)?,
                array(criteria, criteria_len),
                read_sized(options),
            )
        };
        sieve_out.set(std::ptr::null_mut());
        let compiled = compile(criteria?, &options?)?;
        let sieve = compiled.map_err(|errors| errors_out.fail(errors, eventsieve_status::InvalidCriteria))?;
        sieve_out.set(into_handle(Arc::new(sieve)));
        Ok(())
    })
}

fn compile(criteria: &[u8], options: &eventsieve_compile_options) -> Mapped<Result<Sieve<'static>, Errors>> {
    about::reserved(options.reserved)?;
    let source = about::source(options.source)?;
    let dialect = about::dialect(options.dialect)?.unwrap_or(source.default_dialect());
    let mut limits = Limits::of(dialect);
    match options.complexity_limit {
        0 => {}
        UNLIMITED => limits.wildcard_complexity = None,
        limit => limits.wildcard_complexity = Some(limit),
    }
    let builder = Sieve::builder(source)
        .dialect(dialect)
        .limits(limits)
        .strict(about::flag(options.strict)?)
        .checks(about::checks(options.checks)?);
    let text = match std::str::from_utf8(criteria) {
        Ok(text) => text,
        Err(error) => return Ok(Err(Errors::of_encoding(criteria, error))),
    };
    Ok(FilterCriteria::from_json(text).and_then(|criteria| builder.compile(&criteria)).map_err(Errors::from))
}

/// Makes a sieve of a program that was compiled before.
///
/// `options`: how it is run. Not kept.
/// `sieve_out`: the sieve, for the caller to free; NULL if the call fails. `program` may be freed first.
///
/// Returns OK, WRONG_SIZE, INVALID_VALUE, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_from_program(
    program: *const eventsieve_program,
    options: *const eventsieve_run_options,
    sieve_out: *mut *mut eventsieve_sieve,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: an output, a handle and a struct that says its size, as the header asks.
        let (sieve_out, program, options) = unsafe { (output(sieve_out)?, shared(program), read_sized(options)) };
        sieve_out.set(std::ptr::null_mut());
        let (program, options) = (program?, options?);
        about::reserved(options.reserved)?;
        let checks = about::checks(options.checks)?;
        let sieve = Sieve::from_program(program.clone()).with_checks(checks);
        sieve_out.set(into_handle(Arc::new(sieve)));
        Ok(())
    })
}

/// Frees a sieve. Scratches and live handles made from it live on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_free(sieve: *mut eventsieve_sieve) {
    guard(|| {
        // SAFETY: NULL or a handle that is not used again, as the header asks.
        unsafe { free(sieve) };
        Ok(())
    });
}

/// The program inside, to store or ship.
///
/// `program_out`: a program of its own, for the caller to free; NULL if the call fails. It borrows the same bytes if the
/// sieve was made of borrowed ones.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_program(
    sieve: *const eventsieve_sieve,
    program_out: *mut *mut eventsieve_program,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: an output and a handle, as the header asks.
        let (program_out, sieve) = unsafe { (output(program_out)?, shared(sieve)) };
        program_out.set(std::ptr::null_mut());
        program_out.set(into_handle(Arc::new(sieve?.program().clone())));
        Ok(())
    })
}

/// What the dialect had to say about criteria that it nevertheless took.
///
/// `warnings_out`: the warnings, for the caller to free; without any if there was nothing to say, or the sieve came
/// from a program. NULL if the call fails.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_warnings(
    sieve: *const eventsieve_sieve,
    warnings_out: *mut *mut eventsieve_errors,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: an output and a handle, as the header asks.
        let (warnings_out, sieve) = unsafe { (output(warnings_out)?, shared(sieve)) };
        warnings_out.set(std::ptr::null_mut());
        warnings_out.set(into_handle(Arc::new(Errors::of_criteria(sieve?.warnings()))));
        Ok(())
    })
}

/// Number of filters.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_filter_len(
    sieve: *const eventsieve_sieve,
    filter_len_out: *mut usize,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle and an output, as the header asks.
        let (sieve, filter_len_out) = unsafe { (shared(sieve)?, output(filter_len_out)?) };
        filter_len_out.set(sieve.filter_len());
        Ok(())
    })
}

/// Where its records come from: an `eventsieve_source`.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_source(
    sieve: *const eventsieve_sieve,
    source_out: *mut u32,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle and an output, as the header asks.
        let (sieve, source_out) = unsafe { (shared(sieve)?, output(source_out)?) };
        source_out.set(about::source_code(sieve.source()));
        Ok(())
    })
}

/// Why a record is malformed, and where. The payload inside is not looked at.
///
/// `offset_out`: is set to the first byte that no acceptable record could have there, or to `record_len` where the
/// record ends too early.
/// `buffer`: gets the reason, which has no terminating NUL; NULL with length 0 if it is not wanted. What does not fit
/// is left out; 128 bytes hold every reason. `needed_out`: is set to the size of the reason.
///
/// Returns OK if the record is valid (then nothing but zeros is set), MALFORMED, INVALID_LENGTH, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_check(
    sieve: *const eventsieve_sieve,
    record: *const u8,
    record_len: usize,
    offset_out: *mut usize,
    buffer: *mut u8,
    buffer_len: usize,
    needed_out: *mut usize,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle, an array, a buffer and outputs, as the header asks.
        let (sieve, record, offset_out, mut buffer, needed_out) = unsafe {
            (
                shared(sieve)?,
                array(record, record_len)?,
                output(offset_out)?,
                self::buffer::<u8>(buffer, buffer_len)?,
                output(needed_out)?,
            )
        };
        let Err(malformed) = sieve.check(record) else {
            offset_out.set(0);
            needed_out.set(0);
            return Ok(());
        };
        let reason = malformed.to_string();
        offset_out.set(malformed.offset());
        needed_out.set(reason.len());
        buffer.copy(0, &reason.as_bytes()[..reason.len().min(buffer_len)]);
        Err(eventsieve_status::Malformed)
    })
}
