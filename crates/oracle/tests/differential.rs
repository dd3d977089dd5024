//! The engine against the reference, on pairs nobody has seen before, in every way the engine can be asked.
//!
//! A seed gives a pair of a pattern and a record. Around it lie its *siblings*: the same pattern, the same record with one
//! thing left out. They share nearly all paths and tests, so together in one criteria they must be told apart by the little
//! they differ in. For every seed
//!
//! * the pattern on all sibling records and all sibling patterns on the record are held against the reference;
//! * each pattern is asked in all [`ways`]: both front ends, fresh and reloaded program (also at odd addresses), cold and
//!   warm scratch, batched and single, verdicts and filter sets;
//! * a block of seeds' patterns become one criteria, whose filter sets must be what the patterns say one by one.
//!
//! `EVENTSIEVE_DIFFERENTIAL` is the number of seeds, `EVENTSIEVE_SEED` the first of them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use eventsieve::{Batch, Checks, Dialect, FilterCriteria, Limits, Sieve, Source, Verdict};
use eventsieve_oracle::generate::Pair;
use eventsieve_oracle::reference::judge;
use eventsieve_oracle::trial::{sets, ways};
use eventsieve_oracle::{Answer, Judged};

/// Seeds of a plain `cargo test`: some nine thousand pairs, siblings counted.
const SEEDS: u64 = 1_200;
/// The first of them.
const FIRST_SEED: u64 = 0x5eed_0000_0000;
/// Seeds whose patterns become one criteria.
const BLOCK: u64 = 8;
/// Siblings of each pattern and of each record.
const SIBLINGS: usize = 4;
/// Failures after which a campaign ends.
const FAILURES: usize = 40;

#[test]
fn engine_answers_as_the_reference() {
    let seeds = from_environment("EVENTSIEVE_DIFFERENTIAL").unwrap_or(SEEDS);
    let first = from_environment("EVENTSIEVE_SEED").unwrap_or(FIRST_SEED);
    let blocks: Vec<u64> = (0..seeds.div_ceil(BLOCK)).collect();
    let total = Mutex::new(Tally::default());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (blocks, total) = (&blocks, &total);
            scope.spawn(move || {
                for block in blocks.iter().skip(worker).step_by(workers) {
                    let from = first.wrapping_add(block * BLOCK);
                    let len = BLOCK.min(seeds - block * BLOCK);
                    let tally = judge_block(from, len);
                    let mut total = total.lock().expect("no worker panics while it holds the tally");
                    total.add(tally);
                    if total.failures.len() >= FAILURES {
                        return;
                    }
                }
            });
        }
    });
    let tally = total.into_inner().expect("all workers have ended");
    println!(
        "{} seeds, {} judgements, {} of them unsettled; {:?}",
        seeds, tally.judged, tally.unsettled, tally.answers
    );
    assert!(tally.failures.is_empty(), "{} differences\n\n{}", tally.failures.len(), tally.failures.join("\n"));
    assert!(tally.unsettled * 5 <= tally.judged, "the reference left too much open");
    if seeds >= SEEDS {
        for answer in [Answer::Match, Answer::NoMatch, Answer::InvalidEvent, Answer::InvalidPattern] {
            let count = tally.answers.get(&answer.to_string()).copied().unwrap_or_default();
            assert!(count * 100 >= tally.judged, "{answer} is too rare to say that it was tested");
        }
    }
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok());
    Some(number.unwrap_or_else(|| panic!("{name} must be a number, not {text:?}")))
}

#[derive(Default)]
struct Tally {
    judged: u64,
    unsettled: u64,
    answers: BTreeMap<String, u64>,
    failures: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.judged += other.judged;
        self.unsettled += other.unsettled;
        other.answers.into_iter().for_each(|(answer, count)| *self.answers.entry(answer).or_default() += count);
        self.failures.extend(other.failures);
    }
}

/// A pattern with what it compiles to, and the seed of its pair.
struct Compiled {
    pattern: String,
    sieve: Sieve<'static>,
}

fn judge_block(from: u64, len: u64) -> Tally {
    let mut tally = Tally::default();
    let mut block: Vec<Compiled> = Vec::new();
    let mut block_records: Vec<Vec<u8>> = Vec::new();
    for seed in from..from.wrapping_add(len) {
        let pair = Pair::random(seed);
        let (patterns, records) = siblings(&pair);
        for (at, pattern) in patterns.into_iter().enumerate() {
            // The pattern meets all the records, its siblings only the record itself.
            let sieve = compile([pattern.as_str()]);
            let met = if at == 0 && sieve.is_some() { records.as_slice() } else { &records[..1] };
            match agree(sieve.as_ref(), &pattern, met, &mut tally) {
                // What an empty step means is left open, and for the whole criteria at once.
                Ok(()) if judge(&pattern, b"{}").empty_steps => {}
                Ok(()) => block.extend(sieve.map(|sieve| Compiled { pattern, sieve })),
                Err(what) => tally.failures.push(describe(&pair, &what)),
            }
        }
        block_records.extend(records);
    }
    if let Err(what) = together(&block, &block_records) {
        tally.failures.push(format!("seeds {from:#x} to {:#x} in one criteria\n{what}", from + len - 1));
    }
    tally
}

/// Every pair that is smaller by one thing; none if that would take too long, as for a record near the limits.
fn smaller(pair: &Pair, most_bytes: usize) -> Vec<Pair> {
    let record = pair.record();
    let brackets = record.iter().filter(|byte| b"[{".contains(byte)).count();
    if brackets < 200 && record.len() < most_bytes { pair.smaller() } else { Vec::new() }
}

/// The pattern and the record of a pair, each followed by some that are smaller by one thing.
fn siblings(pair: &Pair) -> (Vec<String>, Vec<Vec<u8>>) {
    let smaller = smaller(pair, 800);
    let mut patterns = vec![pair.pattern()];
    let mut records = vec![pair.record()];
    // From both ends and the middle: near the root and deep inside.
    let step = (smaller.len() / (3 * SIBLINGS)).max(1);
    for pair in smaller.iter().step_by(step) {
        let (pattern, record) = (pair.pattern(), pair.record());
        if patterns.len() <= SIBLINGS && !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
        if records.len() <= SIBLINGS && !records.contains(&record) {
            records.push(record);
        }
    }
    (patterns, records)
}

fn compile<'t>(patterns: impl IntoIterator<Item = &'t str>) -> Option<Sieve<'static>> {
    let criteria = FilterCriteria::from_patterns(patterns);
    Sieve::builder(Source::Raw)
        .dialect(Dialect::EventBridge)
        .limits(Limits::none())
        .checks(Checks::Every)
        .compile(&criteria)
        .ok()
}

/// Holds one pattern against the reference on some records.
fn agree(sieve: Option<&Sieve<'_>>, pattern: &str, records: &[Vec<u8>], tally: &mut Tally) -> Result<(), String> {
    let found = sieve.map(|sieve| ways(sieve, records)).transpose()?;
    for (at, record) in records.iter().enumerate() {
        let judged = judge(pattern, record);
        tally.judged += 1;
        tally.unsettled += u64::from(!judged.is_settled());
        *tally.answers.entry(judged.answer.to_string()).or_default() += 1;
        let found = found.as_ref().map(|found| found[at].0);
        differs(found, judged).map_or(Ok(()), |what| {
            Err(format!("{what}\n    pattern {pattern}\n    record  {}", record.escape_ascii()))
        })?;
    }
    Ok(())
}

fn differs(found: Option<Verdict>, judged: Judged) -> Option<String> {
    let answer = match found {
        None => Answer::InvalidPattern,
        Some(Verdict::Match) => Answer::Match,
        Some(Verdict::NoMatch) => Answer::NoMatch,
        Some(Verdict::Malformed) => Answer::InvalidEvent,
    };
    (judged.is_settled() && judged.answer != answer).then(|| format!("reference {}, engine {answer}", judged.answer))
}

/// Holds many patterns in one criteria against the same patterns one by one.
fn together(block: &[Compiled], records: &[Vec<u8>]) -> Result<(), String> {
    if block.is_empty() {
        return Ok(());
    }
    let patterns: Vec<&str> = block.iter().map(|compiled| compiled.pattern.as_str()).collect();
    let all = compile(patterns.iter().copied()).ok_or("valid patterns do not compile together")?;
    let found = ways(&all, records)?;
    let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let batch = Batch::from_slices(&slices);
    for (filter, Compiled { pattern, sieve }) in block.iter().enumerate() {
        let alone = sets(sieve, &mut sieve.scratch(), &batch);
        for (at, (verdict, _)) in alone.iter().enumerate() {
            let (of_all, filters) = &found[at];
            let expected = *verdict == Verdict::Match;
            let malformed = [*verdict, *of_all].map(|verdict| verdict == Verdict::Malformed);
            if filters.contains(&filter) != expected || malformed[0] != malformed[1] {
                let (patterns, record) = (fewest(&patterns, filter, &records[at]), records[at].escape_ascii());
                return Err(format!(
                    "alone {verdict:?}, as filter {filter} {of_all:?} by {filters:?}\n    pattern {pattern}\n    \
                     together with\n        {}\n    record  {record}",
                    patterns.join("\n        ")
                ));
            }
        }
    }
    for (at, (verdict, filters)) in found.iter().enumerate() {
        if (*verdict == Verdict::Match) == filters.is_empty() {
            return Err(format!("{verdict:?} by {filters:?}\n    record {}", records[at].escape_ascii()));
        }
    }
    Ok(())
}

/// The other patterns that are needed for `filter` to be answered otherwise than alone.
fn fewest<'t>(patterns: &[&'t str], filter: usize, record: &Vec<u8>) -> Vec<&'t str> {
    let pattern = patterns[filter];
    let matches = |before: &[&str], after: &[&str]| {
        let all = [before, &[pattern], after].concat();
        let sieve = compile(all)?;
        let found = sets(&sieve, &mut sieve.scratch(), &Batch::from_slices(&[record.as_slice()]));
        Some(found[0].1.contains(&before.len()))
    };
    let alone = matches(&[], &[]);
    let (mut before, mut after) = (patterns[..filter].to_vec(), patterns[filter + 1..].to_vec());
    let mut at = 0;
    while at < before.len() + after.len() {
        let (mut fewer_before, mut fewer_after) = (before.clone(), after.clone());
        if at < before.len() {
            fewer_before.remove(at)
        } else {
            fewer_after.remove(at - before.len())
        };
        if matches(&fewer_before, &fewer_after) == alone {
            at += 1;
        } else {
            (before, after) = (fewer_before, fewer_after);
        }
    }
    [before, after].concat()
}

/// What is needed to look into a difference: the seed, and the smallest pair found that still differs.
fn describe(pair: &Pair, what: &str) -> String {
    let differs = |pair: &Pair| {
        let pattern = pair.pattern();
        agree(compile([pattern.as_str()]).as_ref(), &pattern, &[pair.record()], &mut Tally::default()).err()
    };
    // The difference may have shown on a sibling, which is among the smaller pairs.
    let mut smallest = (pair.clone(), what.to_owned());
    while let Some(smaller) =
        smaller(&smallest.0, 10_000).into_iter().find_map(|pair| differs(&pair).map(|what| (pair, what)))
    {
        smallest = smaller;
    }
    format!("seed {:#x}: {}\n", pair.seed(), smallest.1)
}
