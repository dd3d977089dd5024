//! The guard: no panic leaves the library.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::eventsieve_status;

/// The result of a conversion or call; the error is the status to return.
pub(crate) type Mapped<T> = Result<T, eventsieve_status>;

/// Runs the body of a function of the library; a panic becomes a status.
///
/// What a panic may leave half done is a scratch, which retires itself (see [`crate::scratch::Cell::with`]), and the
/// caller's own output buffers, which a failed call leaves undefined. Everything else behind a handle is immutable.
pub(crate) fn guard(body: impl FnOnce() -> Mapped<()>) -> eventsieve_status {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => eventsieve_status::Ok,
        Ok(Err(status)) => status,
        Err(payload) => {
            // Dropping what was thrown may panic in its turn; it is a few bytes, once.
            std::mem::forget(payload);
            eventsieve_status::Panic
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_status() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        assert_eq!(guard(|| panic!("defect")), eventsieve_status::Panic);
        assert_eq!(guard(|| std::panic::panic_any(Bomb)), eventsieve_status::Panic);
        assert_eq!(guard(|| Err(eventsieve_status::OutOfRange)), eventsieve_status::OutOfRange);
        assert_eq!(guard(|| Ok(())), eventsieve_status::Ok);
    }
}
