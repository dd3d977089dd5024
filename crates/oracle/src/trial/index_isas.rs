//! Any bytes as a record, wherever it lies: all instruction sets and all front ends say the same.

use std::sync::LazyLock;

use eventsieve::{Batch, Checker, Checks, FilterCriteria, FrontEnd, Isa, RecordLimits, Sieve, Source, Verdict, check};

use super::{Tally, Trial, sets, text_of, text_or_choices};
use crate::generate::{Rng, random_pair};

/// The trial.
pub const TRIAL: Trial = Trial {
    name: "index_isas",
    branches: &[
        "valid",
        "malformed",
        "match",
        "more than a block",
        "more than four blocks",
        "escapes",
        "not ASCII",
        "at a tight limit",
    ],
    run,
    example: |rng| text_or_choices(rng, made),
};

/// Filters that look at the generator's keys with every kind of test, and some that must be told by absence.
static SIEVE: LazyLock<Sieve<'static>> = LazyLock::new(|| {
    let criteria = FilterCriteria::from_patterns([
        r#"{"a":["x",1.5,null,{"prefix":"é"}],"b":{"c":[true],"d":[{"exists":false}]}}"#,
        r#"{"b":{"c":[{"anything-but":["x"]}],"d":[{"numeric":[">",0]},{"suffix":"?"}]}}"#,
        r#"{"$or":[{"a":[{"wildcard":"*x*"}]},{"b":["x"],"b.c":[{"equals-ignore-case":"É"}]}]}"#,
        r#"{"a":[{"cidr":"10.0.0.0/8"},{"cidr":"::/0"},"\ud83d",1e400]}"#,
        r#"{"detail":{"state":["ab","b"],"id":[{"numeric":["<",301]}]}}"#,
        r#"{"name":[{"exists":true}],"a":[{"exists":false}]}"#,
    ]);
    Sieve::builder(Source::Raw).compile(&criteria).expect("the patterns are valid")
});

/// Distances from where an allocation begins. Blocks are of 64 bytes.
const SHIFTS: [usize; 6] = [0, 1, 15, 31, 33, 63];

fn run(bytes: &[u8], tally: &mut Tally) {
    let record = &*text_of(bytes, made);
    let limits = RecordLimits::default();
    let expected = check(record, &limits);
    tally.add(if expected.is_ok() { "valid" } else { "malformed" });
    tally.add_if(record.len() > 64, "more than a block");
    tally.add_if(record.len() > 256, "more than four blocks");
    tally.add_if(record.contains(&b'\\'), "escapes");
    tally.add_if(!record.is_ascii(), "not ASCII");

    // Limits that this very record may be at.
    let tight = RecordLimits { depth: 3, number_digits: 4, key_chars: 6, record_bytes: 600 };
    let expected_tight = check(record, &tight);
    tally.add_if(expected_tight.is_err() && expected.is_ok(), "at a tight limit");

    let whole = |sieve: &Sieve<'_>| {
        let batch = [record];
        sets(sieve, &mut sieve.scratch(), &Batch::from_slices(&batch))
    };
    let exact = SIEVE.clone().with_checks(Checks::Every);
    let found = whole(&exact.clone().with_isa(Isa::portable()));
    tally.add_if(found[0].0 == Verdict::Match, "match");
    assert_eq!(found[0].0 == Verdict::Malformed, expected.is_err(), "{}", record.escape_ascii());

    for isa in Isa::available() {
        let name = isa.name();
        let mut checker = Checker::new(limits).with_isa(isa);
        let mut strict = Checker::new(tight).with_isa(isa);
        let sieves = [exact.clone().with_isa(isa), exact.clone().with_isa(isa).with_prefilter(false)];
        let mut scratch = exact.scratch();
        for (turn, shift) in SHIFTS.into_iter().enumerate() {
            // What lies around the record would change the answer if it were read. Behind it, now and then, lies nothing at
            // all, for a sanitizer to see.
            let behind: &[u8] = if turn % 2 == 0 { b"\"}]\\" } else { b"" };
            let around = [&b"\\\"{["[..].repeat(16)[..shift], record, behind].concat().into_boxed_slice();
            let shifted = &around[shift..shift + record.len()];
            let how = || format!("{name}, {shift} bytes into an allocation\n    record  {}", record.escape_ascii());
            assert_eq!(checker.check(shifted), expected, "{}", how());
            assert_eq!(checker.is_valid(shifted), expected.is_ok(), "{}", how());
            assert_eq!(strict.check(shifted), expected_tight, "tight limits, {}", how());
            let batch = [shifted];
            let batch = Batch::from_slices(&batch);
            for sieve in &sieves {
                assert_eq!(sets(sieve, &mut scratch, &batch), found, "{}", how());
            }
            let quick = SIEVE.clone().with_isa(isa);
            let (verdict, filters) = &sets(&quick, &mut scratch, &batch)[0];
            let dropped = *verdict == Verdict::NoMatch && found[0].0 == Verdict::Malformed && filters.is_empty();
            assert!(dropped || (*verdict, filters) == (found[0].0, &found[0].1), "matches proved, {}", how());
        }
        // Twice in one batch, next to each other: where one ends must not depend on what the other is.
        let twice = [record, record].concat();
        let offsets = [0, record.len(), 2 * record.len()];
        let batch = Batch::from_offsets(&twice, &offsets).expect("offsets ascend");
        let both = sets(&sieves[0], &mut scratch, &batch);
        assert!(both.iter().all(|one| *one == found[0]), "{name}, twice\n    record  {}", record.escape_ascii());
    }
    for front_end in [FrontEnd::Tape, FrontEnd::Text] {
        let other = whole(&exact.clone().with_front_end(front_end));
        assert_eq!(other, found, "{front_end:?}\n    record  {}", record.escape_ascii());
    }
}

fn made(rng: &mut Rng) -> Vec<u8> {
    let mut record = random_pair(rng.next()).1;
    // Now and then something long in front, so that the rest is met at every place of a block.
    if rng.percent(40) && record.first() == Some(&b'{') {
        let long = rng.pick(&["x", "\\\\", "\\\"", "é", "{", "\\u00e9"]).repeat(rng.below(100));
        let member = format!("{{\"z\":[\"{long}\",{}]{}", rng.below(10), if record.len() > 2 { "," } else { "" });
        record.splice(0..1, member.into_bytes());
    }
    record
}
