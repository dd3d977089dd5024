//! Filters that change while threads evaluate.
//!
//! **Unsafe**: pointers come from C; `convert` makes references of them for the duration of a call, on the conditions of
//! the header.

use std::sync::Arc;

use eventsieve::LiveSieve;

use crate::convert::{free, into_handle, output, shared};
use crate::guard::guard;
use crate::{eventsieve_scratch, eventsieve_sieve, eventsieve_status};

/// A sieve that can be replaced while threads evaluate with it. Threads may share it: all functions but `_free` may run
/// at once.
pub struct eventsieve_live {
    _opaque: [u8; 0],
}

/// Begins with a sieve.
///
/// `live_out`: for the caller to free; NULL if the call fails. `sieve` may be freed at once.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_live_new(
    sieve: *const eventsieve_sieve,
    live_out: *mut *mut eventsieve_live,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: an output and a handle, as the header asks.
        let (live_out, sieve) = unsafe { (output(live_out)?, shared(sieve)) };
        live_out.set(std::ptr::null_mut());
        live_out.set(into_handle(Arc::new(LiveSieve::new(sieve?.clone()))));
        Ok(())
    })
}

/// Puts another sieve in the place of the one before. Nobody waits: threads work on with the one that they loaded,
/// until they load again.
///
/// `sieve` may be freed at once.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_live_replace(
    live: *const eventsieve_live,
    sieve: *const eventsieve_sieve,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: handles, as the header asks.
        let (live, sieve) = unsafe { (shared(live)?, shared(sieve)?) };
        live.replace(sieve.clone());
        Ok(())
    })
}

/// The sieve of the moment, and memory for it in the scratch: call it before every batch. It allocates only if the
/// sieve was replaced.
///
/// `sieve_out`: the sieve, for the caller to free with `eventsieve_sieve_free` after the batch, which costs no more than
/// counting down; NULL if the call fails. Use it with that scratch, until that is fitted to another.
///
/// Returns OK, SCRATCH_IN_USE, SCRATCH_RETIRED, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_live_load(
    live: *const eventsieve_live,
    scratch: *mut eventsieve_scratch,
    sieve_out: *mut *mut eventsieve_sieve,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: an output and handles, as the header asks.
        let (sieve_out, live, scratch) = unsafe { (output(sieve_out)?, shared(live), shared(scratch.cast_const())) };
        sieve_out.set(std::ptr::null_mut());
        let live = live?;
        scratch?.with(|memory| {
            let current = live.load();
            if !memory.held.as_ref().is_some_and(|held| Arc::ptr_eq(held, &current)) {
                memory.scratch = current.scratch();
                memory.held = Some(Arc::clone(&current));
            }
            sieve_out.set(into_handle(current));
            Ok(())
        })
    })
}

/// Frees a live handle. Sieves that were loaded from it live on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_live_free(live: *mut eventsieve_live) {
    guard(|| {
        // SAFETY: NULL or a handle that is not used again, as the header asks.
        unsafe { free(live) };
        Ok(())
    });
}
