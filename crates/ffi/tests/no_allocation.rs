//! A warm scratch allocates nothing, whatever form records come in.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::{null, null_mut};

use eventsieve_ffi::*;

struct Counting;

thread_local! {
    /// By thread: the one that waits for the test allocates when it pleases.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: everything is the system allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_warm_scratch_allocates_nothing() {
    let criteria = br#"{"body":{"n":[{"numeric":[">",5]}],"kind":["a\u0062c"]}}"#;
    let options = eventsieve_compile_options {
        size: size_of::<eventsieve_compile_options>(),
        source: eventsieve_source::Sqs as u32,
        dialect: 0,
        strict: 0,
        checks: 0,
        complexity_limit: 0,
        reserved: 0,
    };
    let (mut sieve, mut scratch) = (null_mut(), null_mut());
    // SAFETY: pointers to locals; handles that the library made.
    unsafe {
        let made = eventsieve_sieve_compile(criteria.as_ptr(), criteria.len(), &options, &mut sieve, null_mut());
        assert_eq!(made, eventsieve_status::Ok);
        assert_eq!(eventsieve_scratch_new(sieve, &mut scratch), eventsieve_status::Ok);
    }

    let bodies: Vec<String> = (0..100).map(|n| format!(r#"{{"n":{n},"kind":"\u0061bc"}}"#)).collect();
    let records: Vec<String> = bodies.iter().map(|body| format!(r#"{{"body":{body:?}}}"#)).collect();
    let slice = |text: &String| eventsieve_slice { data: text.as_ptr(), len: text.len() };
    let slices: Vec<eventsieve_slice> = records.iter().map(slice).collect();
    let payload: Vec<eventsieve_slice> = bodies.iter().map(slice).collect();
    let data = records.concat();
    let mut offsets = vec![0_usize];
    offsets.extend(records.iter().scan(0, |end, record| {
        *end += record.len();
        Some(*end)
    }));
    let offsets32: Vec<i32> = offsets.iter().map(|&offset| offset as i32).collect();
    let offsets64: Vec<i64> = offsets.iter().map(|&offset| offset as i64).collect();
    let bounds: Vec<usize> = offsets.windows(2).flatten().copied().collect();
    let pieces = eventsieve_pieces {
        size: size_of::<eventsieve_pieces>(),
        record_len: 100,
        delivered: null(),
        metadata: null(),
        payload: payload.as_ptr(),
        key: null(),
        payload_encoding: 0,
        key_encoding: 0,
    };
    let mut verdicts = [9_u8; 100];
    let mut filters = [9_u64; 100];
    let mut reasons = [9_u8; 100];
    let mut answers = eventsieve_answers {
        size: size_of::<eventsieve_answers>(),
        verdicts: verdicts.as_mut_ptr(),
        verdicts_len: 100,
        filters: null_mut(),
        filters_len: 0,
        reasons: null_mut(),
        reasons_len: 0,
        record_len: 0,
        matched_len: 0,
    };
    let all = |answers: &mut eventsieve_answers| {
        // SAFETY: pointers to locals with their lengths; handles that the library made.
        let statuses = unsafe {
            let (data, len) = (data.as_ptr(), data.len());
            [
                eventsieve_sieve_evaluate_slices(sieve, scratch, slices.as_ptr(), 100, answers),
                eventsieve_sieve_evaluate_offsets(sieve, scratch, data, len, offsets.as_ptr(), 101, answers),
                eventsieve_sieve_evaluate_offsets32(sieve, scratch, data, len, offsets32.as_ptr(), 101, answers),
                eventsieve_sieve_evaluate_offsets64(sieve, scratch, data, len, offsets64.as_ptr(), 101, answers),
                eventsieve_sieve_evaluate_ranges(sieve, scratch, data, len, bounds.as_ptr(), 200, answers),
                eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, answers),
            ]
        };
        assert_eq!(statuses, [eventsieve_status::Ok; 6]);
        assert_eq!((answers.record_len, answers.matched_len), (100, 94));
    };
    for wants_all in [false, true] {
        if wants_all {
            (answers.filters, answers.filters_len) = (filters.as_mut_ptr(), 100);
            (answers.reasons, answers.reasons_len) = (reasons.as_mut_ptr(), 100);
        }
        all(&mut answers);
        all(&mut answers);
        let before = ALLOCATIONS.get();
        for _ in 0..10 {
            all(&mut answers);
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "with filters and reasons: {wants_all}");
    }
    // SAFETY: handles that the library made, not used again.
    unsafe {
        eventsieve_scratch_free(scratch);
        eventsieve_sieve_free(sieve);
    }
}
