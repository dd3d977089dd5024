//! Scratches: the memory one thread evaluates with.
//!
//! **Unsafe**: pointers come from C; `convert` makes references of them for the duration of a call, on the conditions of
//! the header.

use std::sync::{Arc, Mutex, TryLockError};

use eventsieve::{RecordView, Scratch, Sieve};

use crate::convert::{free, into_handle, output, shared};
use crate::guard::{Mapped, guard};
use crate::{eventsieve_live, eventsieve_sieve, eventsieve_status};

/// The memory one thread evaluates with: make one per thread and use it again. Two threads at once are refused
/// (SCRATCH_IN_USE). Grows to the largest batch and record it meets, then allocates no more.
pub struct eventsieve_scratch {
    _opaque: [u8; 0],
}

/// What is behind [`eventsieve_scratch`].
///
/// The lock is never waited for: whoever finds it taken has given one scratch to two threads. A panic poisons it, which
/// retires the scratch.
#[derive(Debug)]
pub(crate) struct Cell {
    memory: Mutex<Memory>,
}

/// All that is kept from call to call.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) scratch: Scratch,
    /// The sieve of a live handle that the scratch was fitted to last.
    pub(crate) held: Option<Arc<Sieve<'static>>>,
    pub(crate) batch: BatchMemory,
}

/// Allocations for what C hands over in another layout. Between calls nothing in them refers to the caller's memory.
#[derive(Debug, Default)]
pub(crate) struct BatchMemory {
    pub(crate) slices: Vec<&'static [u8]>,
    pub(crate) views: Vec<RecordView<'static>>,
    pub(crate) offsets: Vec<usize>,
    pub(crate) ranges: Vec<std::ops::Range<usize>>,
}

impl Cell {
    pub(crate) fn new(scratch: Scratch, held: Option<Arc<Sieve<'static>>>) -> Arc<Cell> {
        Arc::new(Cell { memory: Mutex::new(Memory { scratch, held, batch: BatchMemory::default() }) })
    }

    /// Calls `run` with the memory, unless another thread does so at this moment or a call has panicked.
    pub(crate) fn with<T>(&self, run: impl FnOnce(&mut Memory) -> Mapped<T>) -> Mapped<T> {
        match self.memory.try_lock() {
            Ok(mut memory) => run(&mut memory),
            Err(TryLockError::WouldBlock) => Err(eventsieve_status::ScratchInUse),
            Err(TryLockError::Poisoned(_)) => Err(eventsieve_status::ScratchRetired),
        }
    }
}

/// An empty vector with the allocation of another, whose elements differ in nothing but a lifetime.
///
/// Collecting from a vector's own iterator keeps its allocation where layouts agree; `tests/no_allocation.rs` would
/// notice if that ever changed.
pub(crate) fn recycled<T, U>(mut vec: Vec<T>) -> Vec<U> {
    vec.clear();
    vec.into_iter().map(|_| unreachable!("it is empty")).collect()
}

/// Makes a scratch for a sieve, and for any other sieve of the same program.
///
/// `scratch_out`: the scratch, for the caller to free; NULL if the call fails.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_scratch_new(
    sieve: *const eventsieve_sieve,
    scratch_out: *mut *mut eventsieve_scratch,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: an output and a handle, as the header asks.
        let (scratch_out, sieve) = unsafe { (output(scratch_out)?, shared(sieve)) };
        scratch_out.set(std::ptr::null_mut());
        scratch_out.set(into_handle(Cell::new(sieve?.scratch(), None)));
        Ok(())
    })
}

/// Makes a scratch for a live handle. `eventsieve_live_load` fits it to the sieve of the moment.
///
/// `scratch_out`: the scratch, for the caller to free; NULL if the call fails.
///
/// Returns OK, NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_scratch_new_live(
    live: *const eventsieve_live,
    scratch_out: *mut *mut eventsieve_scratch,
) -> eventsieve_status {
    guard(|| {
        // SAFETY: an output and a handle, as the header asks.
        let (scratch_out, live) = unsafe { (output(scratch_out)?, shared(live)) };
        scratch_out.set(std::ptr::null_mut());
        let sieve = live?.load();
        scratch_out.set(into_handle(Cell::new(sieve.scratch(), Some(sieve))));
        Ok(())
    })
}

/// Frees a scratch. NULL is fine. No thread may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventsieve_scratch_free(scratch: *mut eventsieve_scratch) {
    guard(|| {
        // SAFETY: NULL or a handle that is not used again, as the header asks.
        unsafe { free(scratch) };
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventsieve::{FilterCriteria, Source};

    fn cell() -> Arc<Cell> {
        let criteria = FilterCriteria::from_patterns([r#"{"id":["a"]}"#]);
        Cell::new(Sieve::builder(Source::Raw).compile(&criteria).unwrap().scratch(), None)
    }

    #[test]
    fn a_scratch_is_retired_by_a_panic() {
        let cell = cell();
        assert_eq!(guard(|| cell.with(|_| Err(eventsieve_status::ForeignScratch))), eventsieve_status::ForeignScratch);
        assert_eq!(guard(|| cell.with(|_| Ok(()))), eventsieve_status::Ok, "an error does not retire it");
        assert_eq!(guard(|| cell.with(|_| panic!("defect"))), eventsieve_status::Panic);
        assert_eq!(guard(|| cell.with(|_| Ok(()))), eventsieve_status::ScratchRetired);
    }

    #[test]
    fn a_scratch_serves_one_caller_at_a_time() {
        let cell = cell();
        let (inner, outer) = std::thread::scope(|scope| {
            let outer = cell.with(|_| Ok(scope.spawn(|| cell.with(|_| Ok(()))).join().unwrap()));
            (outer.unwrap(), cell.with(|_| Ok(())))
        });
        assert_eq!((inner, outer), (Err(eventsieve_status::ScratchInUse), Ok(())));
    }

    #[test]
    fn recycling_keeps_the_allocation() {
        let text = String::from("x");
        let mut slices: Vec<&[u8]> = Vec::with_capacity(100);
        slices.push(text.as_bytes());
        let (place, capacity) = (slices.as_ptr() as usize, slices.capacity());
        let again: Vec<&'static [u8]> = recycled(slices);
        assert_eq!((again.as_ptr() as usize, again.capacity(), again.len()), (place, capacity, 0));
    }
}
