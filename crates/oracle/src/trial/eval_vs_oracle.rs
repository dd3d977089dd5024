//! A pattern and a record, held against the reference, in every way the engine can be asked.

use eventsieve::{Checks, Dialect, FilterCriteria, Limits, Sieve, Source, Verdict};

use super::{Tally, Trial, choices, ways};
use crate::generate::{Pair, Rng};
use crate::reference::json::{Json, read_object};
use crate::reference::{Answer, Judged, judge};

/// The trial.
pub const TRIAL: Trial = Trial {
    name: "eval_vs_oracle",
    branches: &[
        "match",
        "no-match",
        "invalid-event",
        "invalid-pattern",
        "unsettled",
        "arrays of objects",
        "repeated keys",
        "irregular",
        "several filters matched",
    ],
    run,
    example: choices,
};

fn run(bytes: &[u8], tally: &mut Tally) {
    let pair = Pair::steered(bytes);
    let (pattern, record) = (pair.pattern(), pair.record());
    let judged = judge(&pattern, &record);
    count(&judged, &record, tally);
    let sieve = compile([pattern.as_str()]);
    if let Some(what) = disagreement(sieve.as_ref(), &pattern, &record, judged) {
        panic!("{what}\n    pattern {pattern}\n    record  {}\n    seed    {:#x}", record.escape_ascii(), pair.seed());
    }
    if sieve.is_none() || judged.empty_steps {
        return;
    }
    // Beside another filter that looks at the same fields, and on that one's record too.
    let mut rng = Rng::steered(bytes);
    rng.next();
    let other = Pair::random(rng.next());
    let (other, record_of_other) = (other.pattern(), other.record());
    let Some(both) = compile([pattern.as_str(), other.as_str()]) else { return };
    let records = [record, record_of_other];
    let found = ways(&both, &records).unwrap_or_else(|what| {
        panic!("{what}\n    patterns {pattern}\n             {other}\n    records  {}", texts(&records))
    });
    for (at, record) in records.iter().enumerate() {
        let expected = [&pattern, &other].map(|pattern| judge(pattern, record));
        tally.add_if(found[at].1.len() > 1, "several filters matched");
        for (filter, judged) in expected.iter().enumerate() {
            let matched = found[at].1.contains(&filter);
            // An empty step of one pattern may open the empty key to the other.
            let settled = expected.iter().all(|judged| !judged.empty_steps) && judged.is_settled();
            assert!(
                !settled || matched == (judged.answer == Answer::Match),
                "reference {} for filter {filter}, engine {:?}\n    patterns {pattern}\n             {other}\n    record   {}",
                judged.answer,
                found[at],
                record.escape_ascii()
            );
        }
    }
}

/// What the engine says otherwise than the reference, or one way otherwise than another.
fn disagreement(sieve: Option<&Sieve<'_>>, pattern: &str, record: &[u8], judged: Judged) -> Option<String> {
    let verdict = match sieve {
        None => None,
        // The record between two others: what lies next to it must not matter.
        Some(sieve) => match ways(sieve, &[b"{}".to_vec(), record.to_vec(), pattern.as_bytes().to_vec()]) {
            Ok(found) => Some(found[1].0),
            Err(what) => return Some(what),
        },
    };
    let answer = answer(verdict);
    (judged.is_settled() && judged.answer != answer).then(|| format!("reference {}, engine {answer}", judged.answer))
}

/// A verdict in the words of the reference; `None` is a pattern that was refused.
pub(super) fn answer(verdict: Option<Verdict>) -> Answer {
    match verdict {
        None => Answer::InvalidPattern,
        Some(Verdict::Match) => Answer::Match,
        Some(Verdict::NoMatch) => Answer::NoMatch,
        Some(Verdict::Malformed) => Answer::InvalidEvent,
    }
}

/// Patterns without any of the limits that the reference does not know.
pub(super) fn compile<'t>(patterns: impl IntoIterator<Item = &'t str>) -> Option<Sieve<'static>> {
    let builder = Sieve::builder(Source::Raw).dialect(Dialect::EventBridge).limits(Limits::none());
    builder.checks(Checks::Every).compile(&FilterCriteria::from_patterns(patterns)).ok()
}

fn count(judged: &Judged, record: &[u8], tally: &mut Tally) {
    tally.add(match judged.answer {
        Answer::Match => "match",
        Answer::NoMatch => "no-match",
        Answer::InvalidEvent => "invalid-event",
        Answer::InvalidPattern => "invalid-pattern",
        Answer::TooExpensive => "too expensive",
    });
    tally.add_if(!judged.is_settled(), "unsettled");
    tally.add_if(judged.uneven_paths, "irregular");
    if let Some(members) = read_object(record) {
        let record = Json::Object(members);
        tally.add_if(
            any(&record, &|json| matches!(json, Json::Array(all) if all.iter().any(is_object))),
            "arrays of objects",
        );
        let repeats = |json: &Json| match json {
            Json::Object(members) => {
                (1..members.len()).any(|at| members[..at].iter().any(|(key, _)| *key == members[at].0))
            }
            _ => false,
        };
        tally.add_if(any(&record, &repeats), "repeated keys");
    }
}

fn is_object(json: &Json) -> bool {
    matches!(json, Json::Object(_))
}

/// Whether something in a value is so.
fn any(json: &Json, so: &dyn Fn(&Json) -> bool) -> bool {
    so(json)
        || match json {
            Json::Object(members) => members.iter().any(|(_, value)| any(value, so)),
            Json::Array(elements) => elements.iter().any(|element| any(element, so)),
            _ => false,
        }
}

fn texts(records: &[Vec<u8>]) -> String {
    records.iter().map(|record| record.escape_ascii().to_string()).collect::<Vec<_>>().join("\n             ")
}

/// A text as a JSON string.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
            plain => quoted.push(plain),
        }
    }
    quoted + "\""
}
