//! About the library: its version, what it can do, and the words for its numbers.
//!
//! **Unsafe**: pointers come from C; `convert` makes references of them for the duration of a call, on the conditions of
//! the header.

use std::ffi::{CStr, c_char, c_int};

use eventsieve::{Checks, Dialect, Source};

use crate::convert::output;
use crate::guard::{Mapped, guard};
use crate::{eventsieve_checks, eventsieve_dialect, eventsieve_slice, eventsieve_status};

/// The version, as in `EVENTSIEVE_VERSION`, with a terminating NUL.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// Optional parts of this build, for `eventsieve_has_feature`.
const FEATURES: &[&str] = &["envelopes", "live", "pieces"];

/// The version of the library that runs, as text with a terminating NUL; `EVENTSIEVE_VERSION` is that of the header.
/// Valid for ever.
#[unsafe(no_mangle)]
pub extern "C" fn eventsieve_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

/// The version of the library that runs, as a number that can be compared: major << 16 | minor << 8 | patch.
#[unsafe(no_mangle)]
pub extern "C" fn eventsieve_version_number() -> u32 {
    const fn number(text: &str) -> u32 {
        let (bytes, mut at, mut value) = (text.as_bytes(), 0, 0);
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            value = value * 10 + (bytes[at] - b'0') as u32;
            at += 1;
        }
        value
    }
    const NUMBER: u32 = {
        let parts = [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")];
        let parts = [number(parts[0]), number(parts[1]), number(parts[2])];
        assert!(parts[1] < 256 && parts[2] < 256);
        parts[0] << 16 | parts[1] << 8 | parts[2]
    };
    NUMBER
}

/// Whether this build has an optional part: 1 or 0. `name` ends with a NUL. Known names: `envelopes`, `live`, `pieces`,
/// which are there, and `explain` (telling why a record got its verdict), which is not yet. Any other name, and NULL,
/// give 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_has_feature(name: *const c_char) -> c_int {
    if name.is_null() {
        return 0;
    }
    // SAFETY: not NULL, and the caller has ended it with a NUL, as the documentation asks.
    let name = unsafe { CStr::from_ptr(name) };
    c_int::from(FEATURES.iter().any(|feature| feature.as_bytes() == name.to_bytes()))
}

/// The name of an `eventsieve_source`, such as `sqs`.
///
/// `name_out`: valid for ever.
///
/// Returns OK, INVALID_VALUE, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_source_name(source: u32, name_out: *mut eventsieve_slice) -> eventsieve_status {
    guard(|| {
        // SAFETY: an output, as the header asks.
        let name_out = unsafe { output(name_out)? };
        name_out.set(eventsieve_slice::of(self::source(source)?.name()));
        Ok(())
    })
}

/// The name of an `eventsieve_dialect`, such as `lambda`. DEFAULT has none.
///
/// `name_out`: valid for ever.
///
/// Returns OK, INVALID_VALUE, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_dialect_name(dialect: u32, name_out: *mut eventsieve_slice) -> eventsieve_status {
    guard(|| {
        // SAFETY: an output, as the header asks.
        let name_out = unsafe { output(name_out)? };
        name_out.set(eventsieve_slice::of(self::dialect(dialect)?.ok_or(eventsieve_status::InvalidValue)?.name()));
        Ok(())
    })
}

/// The number of a source: the byte that stands for it in programs, which never changes.
pub(crate) fn source_code(source: Source) -> u32 {
    u32::from(source.code())
}

/// The source of a number.
pub(crate) fn source(code: u32) -> Mapped<Source> {
    u8::try_from(code).ok().and_then(Source::from_code).ok_or(eventsieve_status::InvalidValue)
}

/// The number of a dialect: one more than the byte that stands for it in programs, so that zero is the default.
pub(crate) fn dialect_code(dialect: Dialect) -> u32 {
    u32::from(dialect.code()) + 1
}

/// The dialect of a number; `None` is the default.
pub(crate) fn dialect(code: u32) -> Mapped<Option<Dialect>> {
    if code == eventsieve_dialect::Default as u32 {
        return Ok(None);
    }
    let dialect = u8::try_from(code - 1).ok().and_then(Dialect::from_code);
    dialect.map(Some).ok_or(eventsieve_status::InvalidValue)
}

/// The checks of a number.
pub(crate) fn checks(code: u32) -> Mapped<Checks> {
    const MATCHES: u32 = eventsieve_checks::Matches as u32;
    const EVERY: u32 = eventsieve_checks::Every as u32;
    const TRUSTED: u32 = eventsieve_checks::Trusted as u32;
    match code {
        MATCHES => Ok(Checks::Matches),
        EVERY => Ok(Checks::Every),
        TRUSTED => Ok(Checks::Trusted),
        _ => Err(eventsieve_status::InvalidValue),
    }
}

/// A number that is yes or no.
pub(crate) fn flag(code: u32) -> Mapped<bool> {
    match code {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(eventsieve_status::InvalidValue),
    }
}

/// A member that is for later.
pub(crate) fn reserved(value: u32) -> Mapped<()> {
    if value == 0 { Ok(()) } else { Err(eventsieve_status::InvalidValue) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eventsieve_source;

    #[test]
    fn numbers_are_those_of_the_header() {
        let sources = [
            (eventsieve_source::Raw, Source::Raw),
            (eventsieve_source::Sqs, Source::Sqs),
            (eventsieve_source::Kinesis, Source::Kinesis),
            (eventsieve_source::Dynamodb, Source::DynamoDb),
            (eventsieve_source::Msk, Source::Msk),
            (eventsieve_source::Kafka, Source::Kafka),
            (eventsieve_source::Activemq, Source::ActiveMq),
            (eventsieve_source::Rabbitmq, Source::RabbitMq),
            (eventsieve_source::Documentdb, Source::DocumentDb),
        ];
        assert_eq!(sources.map(|(_, source)| source), Source::ALL);
        for (there, here) in sources {
            assert_eq!((source(there as u32), source_code(here)), (Ok(here), there as u32));
        }
        let dialects = [
            (eventsieve_dialect::Lambda, Dialect::Lambda),
            (eventsieve_dialect::Pipes, Dialect::Pipes),
            (eventsieve_dialect::Eventbridge, Dialect::EventBridge),
        ];
        assert_eq!(dialects.map(|(_, dialect)| dialect), Dialect::ALL);
        for (there, here) in dialects {
            assert_eq!((dialect(there as u32), dialect_code(here)), (Ok(Some(here)), there as u32));
        }
        assert_eq!(dialect(eventsieve_dialect::Default as u32), Ok(None));
        for wrong in [9, 256, u32::MAX] {
            assert_eq!(source(wrong), Err(eventsieve_status::InvalidValue));
            assert_eq!(dialect(wrong), Err(eventsieve_status::InvalidValue));
        }
    }
}
