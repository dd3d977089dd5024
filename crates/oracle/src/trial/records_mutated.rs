//! Records that are damaged, and cut at every length: the engine calls malformed what the reference's JSON reader refuses.

use eventsieve::{Batch, Checker, Checks, FilterCriteria, Isa, Reason, RecordLimits, Sieve, Source, Verdict, check};

use super::{Tally, Trial, text_of, text_or_choices};
use crate::generate::{Rng, random_pair};
use crate::reference::json::read_object;

/// The trial.
pub const TRIAL: Trial = Trial {
    name: "records_mutated",
    branches: &[
        "valid",
        "malformed",
        "cut short and malformed",
        "cut short and valid",
        "Empty",
        "ByteOrderMark",
        "NotAnObject",
        "InvalidUtf8",
        "ExpectedKeyOrClose",
        "ExpectedKey",
        "ExpectedColon",
        "ExpectedValue",
        "ExpectedValueOrClose",
        "ExpectedCommaInObject",
        "ExpectedCommaInArray",
        "UnknownLiteral",
        "ExpectedDigit",
        "LeadingZero",
        "ControlCharacter",
        "UnknownEscape",
        "ExpectedHexDigit",
        "EndsInString",
        "EndsInNumber",
        "EndsInLiteral",
        "EndsInObject",
        "EndsInArray",
        "TrailingText",
        "TooDeep",
        "NumberTooLong",
    ],
    run,
    example: |rng| text_or_choices(rng, made),
};

/// Longer records are not cut everywhere.
const CUT_EVERYWHERE: usize = 200;

fn run(bytes: &[u8], tally: &mut Tally) {
    let record = &*text_of(bytes, made);
    let valid = hold(record, true, tally);
    tally.add(if valid { "valid" } else { "malformed" });
    let step = record.len().div_ceil(CUT_EVERYWHERE).max(1);
    for len in (0..record.len()).step_by(step) {
        // Only every few cuts is worth the engine; the check is asked for all.
        let valid = hold(&record[..len], len % 16 == 3, tally);
        tally.add(if valid { "cut short and valid" } else { "cut short and malformed" });
    }
}

/// Holds what is promised for one record. Whether it is valid.
fn hold(record: &[u8], with_engine: bool, tally: &mut Tally) -> bool {
    let limits = RecordLimits::default();
    let checked = check(record, &limits);
    let valid = read_object(record).is_some();
    let text = || record.escape_ascii();
    assert_eq!(checked.is_ok(), valid, "the reference says otherwise than {checked:?}\n    record  {}", text());
    if let Err(malformed) = checked {
        tally.add(name(malformed.reason()));
        assert!(malformed.offset() <= record.len() && !malformed.to_string().is_empty(), "{malformed:?}: {}", text());
        // What comes behind the first problem makes no difference to it, unless it is the end itself.
        let (before, _) = record.split_at(malformed.offset());
        if ends(malformed.reason()) {
            assert_eq!(malformed.offset(), record.len(), "{malformed:?}: {}", text());
        } else if malformed.reason() != Reason::InvalidUtf8 && std::str::from_utf8(before).is_ok() {
            let shorter = check(before, &limits);
            assert!(
                shorter.is_ok() || shorter.is_err_and(|shorter| shorter.offset() == before.len()),
                "{malformed:?}, but {shorter:?} without what is behind: {}",
                text()
            );
        }
    }
    for isa in Isa::available() {
        let mut checker = Checker::new(limits).with_isa(isa);
        assert_eq!(checker.check(record), checked, "{}: {}", isa.name(), text());
    }
    if with_engine {
        // Criteria that every valid record passes, and ones that none does.
        for (patterns, verdict) in [(&[][..], Verdict::Match), (&[r#"{"\u0001":[1]}"#][..], Verdict::NoMatch)] {
            let criteria = FilterCriteria::from_patterns(patterns.iter().copied());
            let sieve = Sieve::builder(Source::Raw).checks(Checks::Every).compile(&criteria).expect("it is valid");
            let expected = if valid { verdict } else { Verdict::Malformed };
            let records = [record];
            let found = super::sets(&sieve, &mut sieve.scratch(), &Batch::from_slices(&records));
            assert_eq!(found[0].0, expected, "{patterns:?} on {}", text());
        }
    }
    valid
}

/// Whether the record ends too early, rather than goes wrong.
fn ends(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Empty
            | Reason::EndsInString
            | Reason::EndsInNumber
            | Reason::EndsInLiteral
            | Reason::EndsInObject
            | Reason::EndsInArray
    )
}

fn name(reason: Reason) -> &'static str {
    match reason {
        Reason::Empty => "Empty",
        Reason::ByteOrderMark => "ByteOrderMark",
        Reason::NotAnObject => "NotAnObject",
        Reason::InvalidUtf8 => "InvalidUtf8",
        Reason::ExpectedKeyOrClose => "ExpectedKeyOrClose",
        Reason::ExpectedKey => "ExpectedKey",
        Reason::ExpectedColon => "ExpectedColon",
        Reason::ExpectedValue => "ExpectedValue",
        Reason::ExpectedValueOrClose => "ExpectedValueOrClose",
        Reason::ExpectedCommaInObject => "ExpectedCommaInObject",
        Reason::ExpectedCommaInArray => "ExpectedCommaInArray",
        Reason::UnknownLiteral => "UnknownLiteral",
        Reason::ExpectedDigit => "ExpectedDigit",
        Reason::LeadingZero => "LeadingZero",
        Reason::ControlCharacter => "ControlCharacter",
        Reason::UnknownEscape => "UnknownEscape",
        Reason::ExpectedHexDigit => "ExpectedHexDigit",
        Reason::EndsInString => "EndsInString",
        Reason::EndsInNumber => "EndsInNumber",
        Reason::EndsInLiteral => "EndsInLiteral",
        Reason::EndsInObject => "EndsInObject",
        Reason::EndsInArray => "EndsInArray",
        Reason::TrailingText => "TrailingText",
        Reason::TooDeep { .. } => "TooDeep",
        Reason::NumberTooLong { .. } => "NumberTooLong",
        Reason::KeyTooLong { .. } => "KeyTooLong",
        Reason::TooLong { .. } => "TooLong",
        _ => "another reason",
    }
}

/// Pieces that a grammar of JSON turns on.
const PIECES: [&str; 40] = [
    "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u12", "\\ud83d", "\\q", "\\u00zz", "\"a\"", "\"a\":", "{\"a\":", "[]",
    "{}", "0", "01", "-", "1.", "1e", "1e+", ".5", "+1", "true", "tru", "nul", "nan", "\u{1}", "\n", " ", "\u{feff}",
    "é", "1 2", ",]", ",}", "{,", "[,", "\"a\" 1",
];

fn made(rng: &mut Rng) -> Vec<u8> {
    match rng.below(12) {
        0 => format!("{{\"a\":{}1{}}}", "[".repeat(998 + rng.below(4)), "]".repeat(998)).into_bytes(),
        1 => format!("{{\"a\":{}}}", "1".repeat(999 + rng.below(3))).into_bytes(),
        2 | 3 => (0..1 + rng.below(12)).map(|_| rng.pick(&PIECES)).collect::<String>().into_bytes(),
        _ => {
            let mut record = random_pair(rng.next()).1;
            record.truncate(2_000);
            for _ in 0..rng.below(4) {
                let mut at = rng.below(record.len() + 1);
                if rng.percent(60) {
                    // Where a value begins.
                    at += record[at..].iter().position(|byte| b":[,".contains(byte)).map_or(0, |mark| mark + 1);
                }
                if rng.percent(60) {
                    record.splice(at..at, rng.pick(&PIECES).bytes());
                } else if at < record.len() {
                    record[at] = rng.below(256) as u8;
                }
            }
            record
        }
    }
}
