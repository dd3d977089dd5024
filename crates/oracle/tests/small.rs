//! Every small pattern on every small record: what is decided by where things are, held against the reference.
//!
//! Values play no part here. A pattern says of four fields of one object, and in one `$or`, whether each must be there, must be
//! absent, or may be either; a record is an array of two elements that hold any of the fields. Where an absence is judged, which
//! element must serve what, and what is multiplied out, is all met in this little world, where nothing is left to chance.

use std::sync::atomic::{AtomicUsize, Ordering};

use eventsieve::{Batch, Checks, Dialect, FilterCriteria, Limits, Sieve, Source, Verdict};
use eventsieve_oracle::Answer;
use eventsieve_oracle::reference::judge;
use eventsieve_oracle::trial::sets;

/// Patterns that become one criteria.
const BLOCK: usize = 64;

/// Filters on a field that no record has.
const OTHERS: usize = 100;

/// What a pattern says of a field: nothing, there, absent, either.
const ASKED: [Option<&str>; 4] =
    [None, Some(r#"["x"]"#), Some(r#"[{"exists":false}]"#), Some(r#"["x",{"exists":false}]"#)];

/// The members of one assignment of `ASKED` to keys, `choice` being its number.
fn members(keys: &[&str], mut choice: usize, asked: usize) -> Vec<String> {
    let mut members = Vec::new();
    for key in keys {
        if let Some(tests) = ASKED[choice % asked] {
            members.push(format!(r#""{key}":{tests}"#));
        }
        choice /= asked;
    }
    members
}

/// Records `{"a":[E,F]}`, and those with one element, none, or no array, where the elements are of `kinds`.
fn records(kinds: &[String]) -> Vec<Vec<u8>> {
    let mut records = vec!["{}".to_owned(), r#"{"a":[]}"#.to_owned(), r#"{"a":"x"}"#.to_owned()];
    for (at, one) in kinds.iter().enumerate() {
        records.push(format!(r#"{{"a":{one}}}"#));
        records.extend(kinds[at..].iter().map(|other| format!(r#"{{"a":[{one},{other}]}}"#)));
    }
    records.into_iter().map(String::into_bytes).collect()
}

/// Elements that hold any of the keys.
fn elements(keys: &[&str]) -> Vec<String> {
    (0..1_usize << keys.len())
        .map(|held| {
            let members: Vec<String> = keys
                .iter()
                .enumerate()
                .filter(|(at, _)| held >> at & 1 == 1)
                .map(|(_, key)| format!(r#""{key}":"x""#))
                .collect();
            format!("{{{}}}", members.join(","))
        })
        .collect()
}

/// Holds all patterns against the reference on all records, many of them in one criteria.
fn agree(patterns: &[String], records: &[Vec<u8>]) {
    let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let batch = Batch::from_slices(&slices);
    let blocks: Vec<&[String]> = patterns.chunks(BLOCK).collect();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    // A field that is met both inside and outside an inner array: what that means the reference leaves open.
    let open = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (blocks, batch, open) = (&blocks, &batch, &open);
            scope.spawn(move || {
                for (number, block) in blocks.iter().enumerate().skip(worker).step_by(workers) {
                    // Every other criteria has so many more filters that it is judged by other means.
                    let others = if number % 2 == 0 { 0 } else { OTHERS };
                    let others: Vec<String> = (0..others).map(|at| format!(r#"{{"other":["{at}"]}}"#)).collect();
                    let sieve = Sieve::builder(Source::Raw)
                        .dialect(Dialect::EventBridge)
                        .limits(Limits::none())
                        .checks(Checks::Every)
                        .compile(&FilterCriteria::from_patterns(block.iter().chain(&others).map(String::as_str)))
                        .expect("the patterns are valid");
                    let found = sets(&sieve, &mut sieve.scratch(), batch);
                    for (record, (verdict, filters)) in records.iter().zip(&found) {
                        assert_ne!(*verdict, Verdict::Malformed);
                        for (filter, pattern) in block.iter().enumerate() {
                            let judged = judge(pattern, record);
                            if !judged.is_settled() {
                                open.fetch_add(1, Ordering::Relaxed);
                                continue;
                            }
                            assert_eq!(
                                judged.answer,
                                if filters.contains(&filter) { Answer::Match } else { Answer::NoMatch },
                                "pattern {pattern}\n    record  {}",
                                record.escape_ascii()
                            );
                        }
                    }
                }
            });
        }
    });
    let (open, all) = (open.into_inner(), patterns.len() * records.len());
    println!("{} patterns, {} records, {open} pairs of {all} left open", patterns.len(), records.len());
    assert!(open * 20 < all, "{open} pairs of {all} were left open");
}

/// Whether two lists of members write a field that both have. What that means is another matter: the last of them counts.
fn overlap(one: &[String], other: &[String]) -> bool {
    let key = |member: &String| member.split(':').next().map(str::to_owned);
    one.iter().any(|member| other.iter().any(|known| key(known) == key(member)))
}

/// Patterns on fields below `a`: of all, what each of `keys` may be asked, with and without a `$or` of two alternatives that
/// together name up to `in_or` other fields.
fn patterns(keys: &[&str], in_or: usize) -> Vec<String> {
    let below = |members: &[String]| format!(r#"{{"a":{{{}}}}}"#, members.join(","));
    let all = |asked: usize| (1..asked.pow(keys.len() as u32)).map(move |choice| members(keys, choice, asked));
    let alternatives: Vec<Vec<String>> = all(3).filter(|members| members.len() < in_or).collect();
    let mut patterns = Vec::new();
    for plain in std::iter::once(Vec::new()).chain(all(4)) {
        if !plain.is_empty() {
            patterns.push(below(&plain));
        }
        for (at, one) in alternatives.iter().enumerate() {
            for other in &alternatives[at + 1..] {
                if one.len() + other.len() <= in_or && !overlap(&plain, one) && !overlap(&plain, other) {
                    let or = format!(r#""$or":[{{{}}},{{{}}}]"#, one.join(","), other.join(","));
                    patterns.push(below(&[plain.clone(), vec![or]].concat()));
                }
            }
        }
    }
    patterns
}

/// Four fields of one object, and beside them a `$or` of two alternatives.
#[test]
fn one_object() {
    const KEYS: [&str; 4] = ["b", "c", "d", "e"];
    let patterns = patterns(&KEYS, 3);
    assert!(patterns.len() > 2_000, "{}", patterns.len());
    agree(&patterns, &records(&elements(&KEYS)));
}

/// Two fields of an object and two of one inside it, which may be in an array of its own.
#[test]
fn an_object_in_an_object() {
    let patterns = patterns(&["b", "m.c", "m.d", "n"], 2);
    assert!(patterns.len() > 500, "{}", patterns.len());
    let inner = [r#"{}"#, r#"{"c":"x"}"#, r#"{"d":"x"}"#, r#"{"c":"x","d":"x"}"#, r#"[{"c":"x"},{"d":"x"}]"#];
    let mut kinds = elements(&["b", "n"]);
    for outer in elements(&["b", "n"]) {
        let outer = outer.trim_start_matches('{');
        let comma = if outer == "}" { "" } else { "," };
        kinds.extend(inner.iter().map(|inner| format!(r#"{{"m":{inner}{comma}{outer}"#)));
    }
    agree(&patterns, &records(&kinds));
}
