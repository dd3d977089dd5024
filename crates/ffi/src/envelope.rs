//! Envelopes: events that a function received, filtered whole.
//!
//! **Unsafe**: pointers come from C; `convert` makes references of them for the duration of a call, on the conditions of
//! the header.

use eventsieve::{Envelope, Verdict};

use crate::convert::{array, buffer, optional_output, output, shared};
use crate::errors::ErrorsOutput;
use crate::guard::guard;
use crate::{about, eventsieve_errors, eventsieve_kept, eventsieve_scratch, eventsieve_sieve, eventsieve_status};

/// Filters an event: what stays is the event with the records that match, every other byte as it was. Topics and queues
/// that lose all their records are left out.
///
/// `event`: an envelope of the sieve's source. Not kept.
/// `buffer`: gets what stays, if some records do and others do not. One of `event_len` bytes is always large enough.
/// `needed_out`: is set to the size of what stays; 0 if nothing does, `event_len` if everything does.
/// `kept_out`: is set to an `eventsieve_kept`. EVERYTHING: nothing was written, go on with `event`. NOTHING: the
/// function would not be invoked.
/// `errors_out`: NULL if not wanted; why the event is no envelope, for the caller to free; set to NULL after any other
/// status.
///
/// Returns OK, INVALID_ENVELOPE, BUFFER_TOO_SMALL (`needed_out` and `kept_out` are set), INVALID_LENGTH,
/// FOREIGN_SCRATCH, SCRATCH_IN_USE, SCRATCH_RETIRED, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_sieve_filter_envelope(
    sieve: *const eventsieve_sieve,
    scratch: *mut eventsieve_scratch,
    event: *const u8,
    event_len: usize,
    buffer: *mut u8,
    buffer_len: usize,
    needed_out: *mut usize,
    kept_out: *mut u32,
    errors_out: *mut *mut eventsieve_errors,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: outputs, handles, an array and a buffer, as the header asks.
        let (errors_out, sieve, scratch, event, mut buffer, needed_out, kept_out) = unsafe {
            (
                ErrorsOutput::new(optional_output(errors_out)),
                shared(sieve)?,
                shared(scratch.cast_const())?,
                array(event, event_len)?,
                self::buffer(buffer, buffer_len)?,
                output(needed_out)?,
                output(kept_out)?,
            )
        };
        scratch.with(|memory| {
            let envelope = Envelope::parse_as(event, sieve.source())
                .map_err(|error| errors_out.fail(error, eventsieve_status::InvalidEnvelope))?;
            // No other error than a foreign scratch can come of it.
            let outcome =
                envelope.evaluate(sieve, &mut memory.scratch).map_err(|_| eventsieve_status::ForeignScratch)?;
            let verdicts = outcome.verdicts();
            let ranges = envelope.kept_ranges(|record| verdicts[record] == Verdict::Match);
            let needed: usize = ranges.iter().map(ExactSizeIterator::len).sum();
            let kept = match needed {
                0 => eventsieve_kept::Nothing,
                _ if needed == event.len() => eventsieve_kept::Everything,
                _ => eventsieve_kept::Some,
            };
            needed_out.set(needed);
            kept_out.set(kept as u32);
            if kept == eventsieve_kept::Some {
                buffer.check_room(needed)?;
                let mut at = 0;
                for range in ranges {
                    at = buffer.copy(at, &event[range]);
                }
            }
            Ok(())
        })
    })
}

/// The source that a document names, be it an envelope or a delivered record.
///
/// `source_out`: is set to an `eventsieve_source`. MSK and self-managed Kafka are seen alike by filters, and are not
/// told apart where the document does not say.
///
/// Returns OK, UNKNOWN_SOURCE (nothing tells, or it is no valid JSON object), INVALID_LENGTH, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_find_source(
    document: *const u8,
    document_len: usize,
    source_out: *mut u32,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: an array and an output, as the header asks.
        let (document, source_out) = unsafe { (array(document, document_len)?, output(source_out)?) };
        let source = Envelope::source_of(document).ok_or(eventsieve_status::UnknownSource)?;
        source_out.set(about::source_code(source));
        Ok(())
    })
}
