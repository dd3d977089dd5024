//! "No allocation once the scratch is warm" as a test: a counting allocator under ten thousand varied records.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use eventsieve::source::kafka::Record;
use eventsieve::{Batch, Checks, FilterCriteria, FrontEnd, Limits, RecordView, Sieve, Source, Verdict};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed to the system allocator unchanged; counting touches a thread-local `Cell`
// that needs no allocation and has no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System` by the methods beside this one.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: as for `dealloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn varied_records() -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let words = ["eu-west-1", "us-east-1", "caf\\u00e9", "x\\ud83dy", "10.1.2.3", "", "stopped", "a\\\"b"];
    let numbers = ["1", "2.50", "1e3", "-0", "9007199254740993", "1e309", "0.1"];
    for index in 0..10_000 {
        let word = words[next(words.len() as u64) as usize];
        let number = numbers[next(numbers.len() as u64) as usize];
        let mut list = String::new();
        for at in 0..next(12) {
            let comma = if at == 0 { "" } else { "," };
            let other = words[next(words.len() as u64) as usize];
            list.push_str(&format!("{comma}{{\"k\":\"{other}\",\"v\":[{at},[\"{word}\"]]}}"));
        }
        let record = format!(
            "{{\"id\":{index},\"detail\":{{\"region\":\"{word}\",\"n\":{number},\"list\":[{list}]}},\"a.b\":\"{word}\"}}"
        );
        let record = if next(3) == 0 { record.replace("\"a.b\"", "\"c.d\"") } else { record };
        let mut record = record.into_bytes();
        if next(20) == 0 {
            record.truncate(next(record.len() as u64) as usize);
        }
        records.push(record);
    }
    records
}

#[test]
fn payloads_are_decoded_without_allocating() {
    let criteria = FilterCriteria::from_patterns([
        r#"{"value":{"n":[{"numeric":[">",500]}],"list":["x\u00e9"]},"topic":["t"]}"#,
        r#"{"value":[{"prefix":"plain 1"}],"topic":["other"]}"#,
        r#"{"key":["k7"],"offset":[{"numeric":["<",100]}],"value":{"a":["b"]}}"#,
    ]);
    let sieve = Sieve::builder(Source::Kafka).compile(&criteria).unwrap();
    let values: Vec<String> = (0..1000)
        .map(|n| match n % 4 {
            0 => format!("plain {n}"),
            1 => format!(r#"{{"n":{n},"list":["\u0078\u00e9",{n}],"a":"b"}}"#),
            2 => format!(r#"{{"n":{n},"list":[["y"]]"#),
            _ => format!(r#" [{{"n":{n}}}]"#),
        })
        .collect();
    let keys: Vec<String> = (0..10).map(|n| format!("k{n}")).collect();
    let views: Vec<RecordView<'_>> = values
        .iter()
        .enumerate()
        .map(|(n, value)| {
            let (key, value) = (Some(keys[n % 10].as_bytes()), Some(value.as_bytes()));
            Record { topic: "t", offset: n as i64, key, value, ..Record::default() }.view()
        })
        .collect();
    let batch = Batch::from_views(&views);
    let mut scratch = sieve.scratch();
    let expected = sieve.evaluate_sets(&mut scratch, &batch).unwrap().verdicts().to_vec();
    assert!(expected.contains(&Verdict::Match) && expected.contains(&Verdict::NoMatch));
    sieve.evaluate(&mut scratch, &batch).unwrap();
    let before = ALLOCATIONS.with(Cell::get);
    let same = sieve.evaluate(&mut scratch, &batch).unwrap() == expected.as_slice();
    let after = ALLOCATIONS.with(Cell::get);
    assert!(same);
    assert_eq!(after - before, 0);
}

/// So many tests of two paths that the engine has plans for them.
fn many_tests() -> String {
    let strings: Vec<String> = (0..40)
        .map(|n| match n % 5 {
            0 => format!(r#"{{"prefix":"eu-{n}"}}"#),
            1 => format!(r#"{{"suffix":"west-{n}"}}"#),
            2 => format!(r#"{{"wildcard":"*{n}*a*"}}"#),
            3 => format!(r#"{{"equals-ignore-case":"É{n}"}}"#),
            _ => format!(r#"{{"anything-but":{{"prefix":["e","{n}"]}}}}"#),
        })
        .collect();
    let numbers: Vec<String> = (0..40).map(|n| format!(r#"{{"numeric":[">",{n},"<=",{}]}}"#, n * 3 + 1)).collect();
    format!(r#"{{"detail":{{"region":[{}],"n":[{}]}}}}"#, strings.join(","), numbers.join(","))
}

#[test]
fn a_warm_scratch_never_allocates() {
    let criteria = FilterCriteria::from_patterns([
        r#"{"detail":{"region":[{"prefix":"eu-"}],"list":{"k":["stopped"],"v":[{"numeric":[">",2]}]}}}"#,
        r#"{"detail":{"region":[{"equals-ignore-case":"CAFÉ"},{"wildcard":"*\\**"},{"suffix":"t-1"}]}}"#,
        r#"{"$or":[{"detail":{"n":[2.5,9007199254740993]}},{"a.b":["10.1.2.3",{"anything-but":["a","b"]}]}]}"#,
        r#"{"detail":{"list":{"k":[{"exists":false}],"a":["x"]}},"id":[{"cidr":"10.0.0.0/8"}]}"#,
        &many_tests(),
    ]);
    let records = varied_records();
    let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let ways = [
        (FrontEnd::Index, Checks::Every),
        (FrontEnd::Index, Checks::Matches),
        (FrontEnd::Index, Checks::Trusted),
        (FrontEnd::Tape, Checks::Every),
        (FrontEnd::Text, Checks::Every),
    ];
    for (front_end, checks) in ways {
        let sieve = Sieve::builder(Source::Raw).limits(Limits::none()).compile(&criteria).unwrap();
        let sieve = sieve.with_front_end(front_end).with_checks(checks);
        let mut scratch = sieve.scratch();
        let batch = Batch::from_slices(&slices);
        let expected = sieve.evaluate_sets(&mut scratch, &batch).unwrap().verdicts().to_vec();
        for verdict in [Verdict::Match, Verdict::NoMatch, Verdict::Malformed] {
            assert!(expected.contains(&verdict), "the records should bring every verdict, {verdict:?} is missing");
        }
        sieve.evaluate(&mut scratch, &batch).unwrap();
        let before = ALLOCATIONS.with(Cell::get);
        let same = sieve.evaluate(&mut scratch, &batch).unwrap() == expected.as_slice();
        let sets = sieve.evaluate_sets(&mut scratch, &batch).unwrap().verdicts() == expected.as_slice();
        let after = ALLOCATIONS.with(Cell::get);
        assert!(same && sets);
        assert_eq!(after - before, 0, "allocations with {front_end:?}");
    }
}
