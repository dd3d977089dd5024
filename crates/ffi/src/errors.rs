//! What is wrong with criteria, programs and events.
//!
//! **Unsafe**: pointers come from C; `convert` makes references of them for the duration of a call, on the conditions of
//! the header.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use eventsieve::{CompileError, CompileErrors, EnvelopeError, ProgramError, Severity};

use crate::convert::{Output, array, buffer, check_sized, free, into_handle, output, shared, write_text};
use crate::guard::{Mapped, guard};
use crate::{eventsieve_error, eventsieve_severity, eventsieve_slice, eventsieve_status};

/// Everything that was found wrong, or the warnings of a sieve that compiled. Immutable: threads may share it.
pub struct eventsieve_errors {
    _opaque: [u8; 0],
}

/// What is behind [`eventsieve_errors`].
#[derive(Debug, Default)]
pub(crate) struct Errors {
    items: Vec<Item>,
}

/// One of them, with texts that C can look at as long as the handle lives.
#[derive(Debug)]
enum Item {
    /// About criteria.
    Compile { error: CompileError, aws_message: String },
    /// Criteria that are no text: which bytes, and the line and column where they begin.
    Encoding { message: String, span: Range<usize>, line: usize, column: usize },
    /// About anything else.
    Other { code: &'static str, message: String, span: Option<Range<usize>> },
}

impl Errors {
    /// About criteria.
    pub(crate) fn of_criteria<'e>(errors: impl IntoIterator<Item = &'e CompileError>) -> Errors {
        let item = |error: &CompileError| Item::Compile { error: error.clone(), aws_message: error.aws_message() };
        Errors { items: errors.into_iter().map(item).collect() }
    }

    fn other(code: &'static str, message: String, span: Option<Range<usize>>) -> Errors {
        Errors { items: vec![Item::Other { code, message, span }] }
    }

    /// Criteria that are no text.
    pub(crate) fn of_encoding(criteria: &[u8], error: std::str::Utf8Error) -> Errors {
        let at = error.valid_up_to();
        let before = String::from_utf8_lossy(&criteria[..at]);
        let item = Item::Encoding {
            message: format!("the criteria are not UTF-8: byte {at} begins no character"),
            // Where the text ends too early, all that is left is at fault.
            span: at..error.error_len().map_or(criteria.len(), |len| at + len),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
        };
        Errors { items: vec![item] }
    }
}

impl From<CompileErrors> for Errors {
    fn from(errors: CompileErrors) -> Errors {
        Errors::of_criteria(&errors)
    }
}

impl From<ProgramError> for Errors {
    fn from(error: ProgramError) -> Errors {
        Errors::other("invalid-program", error.to_string(), None)
    }
}

impl From<EnvelopeError> for Errors {
    fn from(error: EnvelopeError) -> Errors {
        Errors::other("invalid-envelope", error.to_string(), error.offset().map(|at| at..at))
    }
}

/// The place for errors of a call, if the caller wants them.
pub(crate) struct ErrorsOutput(Option<Output<*mut eventsieve_errors>>);

impl ErrorsOutput {
    /// No errors so far.
    pub(crate) fn new(place: Option<Output<*mut eventsieve_errors>>) -> ErrorsOutput {
        if let Some(place) = &place {
            place.set(std::ptr::null_mut());
        }
        ErrorsOutput(place)
    }

    /// Sets the errors and returns the status that goes with them.
    pub(crate) fn fail(&self, errors: impl Into<Errors>, status: eventsieve_status) -> eventsieve_status {
        if let Some(place) = &self.0 {
            place.set(into_handle(Arc::new(errors.into())));
        }
        status
    }
}

impl Item {
    fn describe(&self) -> eventsieve_error {
        let text = |text: Option<&str>| text.map_or(eventsieve_slice::NONE, eventsieve_slice::of);
        let start = |span: &Option<Range<usize>>| span.as_ref().map_or(NONE, |span| span.start);
        let end = |span: &Option<Range<usize>>| span.as_ref().map_or(NONE, |span| span.end);
        let size = size_of::<eventsieve_error>();
        match self {
            Item::Compile { error, aws_message } => {
                let (span, outer) = (error.span(), error.outer_span());
                let (line, column) = error.outer_position().unwrap_or((NONE, NONE));
                let severity = match error.severity() {
                    Severity::Error => eventsieve_severity::Error,
                    Severity::Warning => eventsieve_severity::Warning,
                };
                eventsieve_error {
                    size,
                    message: eventsieve_slice::of(error.message()),
                    code: eventsieve_slice::of(error.kind().code()),
                    help: text(error.help()),
                    aws_message: eventsieve_slice::of(aws_message),
                    lambda_message: text(error.lambda_message()),
                    filter: error.filter().unwrap_or(NONE),
                    span_start: start(&span),
                    span_end: end(&span),
                    criteria_start: start(&outer),
                    criteria_end: end(&outer),
                    line,
                    column,
                    severity: severity as u32,
                    reserved: 0,
                }
            }
            Item::Encoding { message, span, line, column } => eventsieve_error {
                criteria_start: span.start,
                criteria_end: span.end,
                line: *line,
                column: *column,
                ..Item::plain("criteria-encoding", message)
            },
            Item::Other { code, message, span } => {
                eventsieve_error { span_start: start(span), span_end: end(span), ..Item::plain(code, message) }
            }
        }
    }

    /// A message and nothing else.
    fn plain(code: &str, message: &str) -> eventsieve_error {
        eventsieve_error {
            size: size_of::<eventsieve_error>(),
            message: eventsieve_slice::of(message),
            code: eventsieve_slice::of(code),
            help: eventsieve_slice::NONE,
            aws_message: eventsieve_slice::NONE,
            lambda_message: eventsieve_slice::NONE,
            filter: NONE,
            span_start: NONE,
            span_end: NONE,
            criteria_start: NONE,
            criteria_end: NONE,
            line: NONE,
            column: NONE,
            severity: eventsieve_severity::Error as u32,
            reserved: 0,
        }
    }

    fn draw(&self, name: Option<&str>, out: &mut String) {
        match self {
            Item::Compile { error, .. } => out.push_str(&error.render(name)),
            Item::Encoding { message, span, .. } => Item::draw_plain(message, Some(span.start), name, out),
            Item::Other { message, span, .. } => {
                Item::draw_plain(message, span.as_ref().map(|span| span.start), name, out);
            }
        }
    }

    fn draw_plain(message: &str, at: Option<usize>, name: Option<&str>, out: &mut String) {
        if let Some(name) = name {
            out.push_str(name);
            out.push_str(": ");
        }
        // Writing to a string cannot fail.
        let _ = match at {
            Some(at) => writeln!(out, "byte {at}: {message}"),
            None => writeln!(out, "{message}"),
        };
    }
}

/// `EVENTSIEVE_NONE`.
const NONE: usize = usize::MAX;

/// Frees errors, and with them all texts they gave out. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_errors_free(errors: *mut eventsieve_errors) {
    guard(|| {
        // SAFETY: NULL or a handle that is not used again, as the header asks.
        unsafe { free(errors) };
        Ok(())
    });
}

/// How many errors there are.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_errors_len(
    errors: *const eventsieve_errors,
    len_out: *mut usize,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle and an output, as the header asks.
        let (errors, len_out) = unsafe { (shared(errors)?, output(len_out)?) };
        len_out.set(errors.items.len());
        Ok(())
    })
}

/// Error number `index`: those of the first filter come first, and of one filter those that the service would meet
/// first.
///
/// `error`: its `size` is read, everything that this library knows is set. The slices in it are valid until `errors` is
/// freed.
///
/// Returns OK, OUT_OF_RANGE, WRONG_SIZE, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_errors_get(
    errors: *const eventsieve_errors,
    index: usize,
    error: *mut eventsieve_error,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle and a struct that says its size, as the header asks.
        let (errors, size, out) = unsafe { (shared(errors)?, check_sized(error)?, output(error)?) };
        let item = errors.items.get(index).ok_or(eventsieve_status::OutOfRange)?;
        out.set(eventsieve_error { size, ..item.describe() });
        Ok(())
    })
}

/// Draws errors: what, where (with the text and carets under the place), help. Lines end with a line feed.
///
/// `index`: which one, or `EVENTSIEVE_ALL`, with an empty line between two.
/// `name`: the file that the text came from, in UTF-8; NULL with length 0 if it has none.
/// `buffer`: gets the text, which has no terminating NUL. `needed_out`: is set to its size.
///
/// Returns OK, BUFFER_TOO_SMALL, OUT_OF_RANGE, INVALID_VALUE (the name is not UTF-8), INVALID_LENGTH, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_errors_draw(
    errors: *const eventsieve_errors,
    index: usize,
    name: *const u8,
    name_len: usize,
    buffer: *mut u8,
    buffer_len: usize,
    needed_out: *mut usize,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: a handle, an array, a buffer and an output, as the header asks.
        let (errors, name, buffer, needed_out) = unsafe {
            (shared(errors)?, array(name, name_len)?, self::buffer(buffer, buffer_len)?, output(needed_out)?)
        };
        let name = std::str::from_utf8(name).map_err(|_| eventsieve_status::InvalidValue)?;
        let name = (!name.is_empty()).then_some(name);
        write_text(&errors.draw(index, name)?, buffer, needed_out)
    })
}

impl Errors {
    fn draw(&self, index: usize, name: Option<&str>) -> Mapped<String> {
        let mut drawn = String::new();
        if index == usize::MAX {
            for (place, item) in self.items.iter().enumerate() {
                if place > 0 {
                    drawn.push('\n');
                }
                item.draw(name, &mut drawn);
            }
        } else {
            self.items.get(index).ok_or(eventsieve_status::OutOfRange)?.draw(name, &mut drawn);
        }
        Ok(drawn)
    }
}
