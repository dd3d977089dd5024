//! `test`: case files against the engine.
//!
//! Every pattern case gets a sieve of its own, so that a case also tests the compiler and the loader, and nothing
//! of one case can help another.

use std::collections::BTreeMap;
use std::thread;

use eventsieve::{Batch, Checks, Dialect, Envelope, FilterCriteria, Sieve, Source, Verdict};
use eventsieve_cases::{Case, CaseFile, Expect, MappingCase, PatternCase, Place, Records};
use serde::Serialize;

use crate::args::{Format, TestArgs};
use crate::criteria;
use crate::exit::{Exit, Failure};
use crate::output;

pub(crate) fn run(args: &TestArgs) -> Result<Exit, Failure> {
    let mut files = Vec::new();
    let mut unreadable = false;
    for path in &args.files {
        let read = if criteria::is_stdin(path) {
            read_stdin()
        } else {
            CaseFile::read(path).map_err(|error| error.to_string())
        };
        match read {
            Ok(file) => files.push(file),
            Err(error) => {
                output::complain(&error);
                unreadable = true;
            }
        }
    }
    let outcomes: Vec<Vec<Outcome>> = files.iter().map(|file| run_cases(&file.cases, args)).collect();
    let total = report(&files, &outcomes, args.format)?;
    Ok(match total {
        _ if unreadable => Exit::Trouble,
        Tally { failed: 0, .. } => Exit::Yes,
        _ => Exit::No,
    })
}

fn read_stdin() -> Result<CaseFile, String> {
    let text = std::io::read_to_string(std::io::stdin()).map_err(|error| format!("<stdin>: {error}"))?;
    CaseFile::parse("<stdin>", &text).map_err(|error| error.to_string())
}

/// What became of a case.
enum Outcome {
    Passed,
    Failed(Difference),
    /// Not tried, and why.
    Skipped(String),
}

/// How an answer differs from the expected one.
struct Difference {
    expected: String,
    got: String,
    /// More about what came, for people.
    detail: Option<String>,
}

/// Runs cases on several threads; the outcomes are in the order of the cases.
fn run_cases(cases: &[Case], args: &TestArgs) -> Vec<Outcome> {
    // Below a few hundred cases a thread costs more than it saves.
    const SHARE: usize = 256;
    let share = cases.len().div_ceil(args.threads.len()).max(SHARE);
    let run = |cases: &[Case]| -> Vec<Outcome> { cases.iter().map(|case| run_case(case, args)).collect() };
    if cases.len() <= share {
        return run(cases);
    }
    thread::scope(|scope| {
        let threads: Vec<_> = cases.chunks(share).map(|cases| scope.spawn(move || run(cases))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("running a case does not panic")).collect()
    })
}

fn run_case(case: &Case, args: &TestArgs) -> Outcome {
    match case {
        Case::Pattern(case) => run_pattern(case, args),
        Case::Mapping(case) => run_mapping(case, args),
        Case::Other(row) => Outcome::Skipped(row.reason.clone()),
    }
}

/// Judges the records of a mapping case, one by one or as the envelope they come in.
fn run_mapping(case: &MappingCase, args: &TestArgs) -> Outcome {
    let failed = |got: String, detail: Option<String>| {
        Outcome::Failed(Difference { expected: format!("delivered {:?}", case.expect), got, detail })
    };
    let (source, dialect) = match (case.source.parse::<Source>(), case.dialect.parse::<Dialect>()) {
        (Ok(source), Ok(dialect)) => (source, dialect),
        (Err(error), _) | (_, Err(error)) => return failed(error.to_string(), None),
    };
    let compiled = FilterCriteria::from_json(&case.filter_criteria).and_then(|criteria| {
        let limits = criteria::limits(dialect, args.complexity_limit);
        let builder = Sieve::builder(source).dialect(dialect).limits(limits).strict(args.strict);
        builder.checks(Checks::Every).compile(&criteria)
    });
    let sieve = match compiled {
        Ok(sieve) => sieve,
        Err(errors) => return failed("invalid criteria".to_owned(), Some(errors.render(None))),
    };
    let mut scratch = sieve.scratch();
    let envelope = match &case.records {
        Records::List(_) => None,
        Records::Envelope(text) => match Envelope::parse_as(text.as_bytes(), source) {
            Ok(envelope) => Some(envelope),
            Err(error) => return failed(format!("no envelope: {error}"), None),
        },
    };
    let records: Vec<&[u8]> = match (&case.records, &envelope) {
        (_, Some(envelope)) => (0..envelope.len()).map(|record| envelope.record(record)).collect(),
        (Records::List(list), _) => list.iter().map(|record| record.as_bytes()).collect(),
        (Records::Envelope(_), None) => Vec::new(),
    };
    let verdicts =
        sieve.evaluate(&mut scratch, &Batch::from_slices(&records)).expect("the scratch was made by this sieve");
    let delivered: Vec<usize> = (0..records.len()).filter(|&record| verdicts[record] == Verdict::Match).collect();
    if delivered == case.expect { Outcome::Passed } else { failed(format!("delivered {delivered:?}"), None) }
}

/// The service's answer to an event it cannot take.
const INVALID_EVENT: &str = "Parameter Event is not valid.";

fn run_pattern(case: &PatternCase, args: &TestArgs) -> Outcome {
    let dialect: Dialect = match case.dialect.parse() {
        Ok(dialect) => dialect,
        Err(error) => {
            return Outcome::Failed(Difference {
                expected: case.expect.as_str().to_owned(),
                got: format!("the case's dialect: {error}"),
                detail: None,
            });
        }
    };
    let compiled = Sieve::builder(Source::Raw)
        .dialect(dialect)
        .limits(criteria::limits(dialect, args.complexity_limit))
        .strict(args.strict)
        .checks(Checks::Every)
        .compile(&FilterCriteria::from_patterns([case.pattern.as_str()]));
    let got = match (&compiled, &case.event) {
        (Err(errors), _) => Got {
            answer: Some(Expect::InvalidPattern),
            message: Some(errors.aws_message()),
            detail: Some(errors.render(None)),
        },
        (Ok(_), None) => Got { answer: None, message: None, detail: None },
        (Ok(sieve), Some(event)) => evaluate(sieve, event.as_bytes()),
    };
    judge(case, got)
}

/// What the engine answers. No answer: the pattern is valid, and there is no event to try.
struct Got {
    answer: Option<Expect>,
    /// The service's words for it.
    message: Option<String>,
    detail: Option<String>,
}

fn evaluate(sieve: &Sieve<'_>, event: &[u8]) -> Got {
    let mut scratch = sieve.scratch();
    let verdicts =
        sieve.evaluate(&mut scratch, &Batch::from_slices(&[event])).expect("the scratch was made by this sieve");
    let (answer, message, detail) = match verdicts[0] {
        Verdict::Match => (Expect::Match, None, None),
        Verdict::NoMatch => (Expect::NoMatch, None, None),
        Verdict::Malformed => {
            let reason =
                sieve.check(event).err().map(|malformed| format!("byte {}: {malformed}\n", malformed.offset()));
            (Expect::InvalidEvent, Some(INVALID_EVENT.to_owned()), reason)
        }
    };
    Got { answer: Some(answer), message, detail }
}

fn judge(case: &PatternCase, got: Got) -> Outcome {
    if got.answer != Some(case.expect) {
        let answer = got.answer.map_or("a valid pattern, and no event to try", Expect::as_str);
        return Outcome::Failed(Difference {
            expected: case.expect.as_str().to_owned(),
            got: answer.to_owned(),
            detail: got.detail,
        });
    }
    match &case.aws_message {
        Some(message) if got.message.as_ref() != Some(message) => Outcome::Failed(Difference {
            expected: message.clone(),
            got: got.message.unwrap_or_else(|| "no message".to_owned()),
            detail: got.detail,
        }),
        _ => Outcome::Passed,
    }
}

/// How many cases came to what.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Tally {
    fn of(outcomes: &[Outcome]) -> Tally {
        outcomes.iter().fold(Tally::default(), |mut tally, outcome| {
            match outcome {
                Outcome::Passed => tally.passed += 1,
                Outcome::Failed(_) => tally.failed += 1,
                Outcome::Skipped(_) => tally.skipped += 1,
            }
            tally
        })
    }

    fn plus(self, other: Tally) -> Tally {
        Tally {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// A line of `--format json`; the field names are a promise.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line<'l> {
    Failure {
        file: &'l str,
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        item: Option<usize>,
        name: &'l str,
        expected: &'l str,
        got: &'l str,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'l str>,
    },
    File {
        file: &'l str,
        #[serde(flatten)]
        tally: Tally,
    },
    Total(Tally),
}

/// Prints failures, the tally of each file and the total, which it returns.
fn report(files: &[CaseFile], outcomes: &[Vec<Outcome>], format: Format) -> Result<Tally, Failure> {
    let mut out = String::new();
    for (file, outcomes) in files.iter().zip(outcomes) {
        let failures = file.cases.iter().zip(outcomes).filter_map(|(case, outcome)| match outcome {
            Outcome::Failed(difference) => Some((case, difference)),
            _ => None,
        });
        for (case, difference) in failures {
            match format {
                Format::Text => tell_failure(&mut out, &file.name, case, difference),
                Format::Json => out.push_str(&output::json_line(&failure_line(&file.name, case, difference))),
            }
        }
        say_skipped(&file.name, outcomes);
    }
    let mut total = Tally::default();
    for (file, outcomes) in files.iter().zip(outcomes) {
        let tally = Tally::of(outcomes);
        total = total.plus(tally);
        match format {
            Format::Text => out.push_str(&format!("{}: {tally}\n", file.name)),
            Format::Json => out.push_str(&output::json_line(&Line::File { file: &file.name, tally })),
        }
    }
    match format {
        Format::Text => out.push_str(&format!("{total}\n")),
        Format::Json => out.push_str(&output::json_line(&Line::Total(total))),
    }
    output::print(out.as_bytes())?;
    Ok(total)
}

fn tell_failure(out: &mut String, file: &str, case: &Case, difference: &Difference) {
    out.push_str(&format!(
        "{file}: {}: {}\n    expected: {}\n    got:      {}\n",
        case.place(),
        case.name(),
        difference.expected,
        difference.got
    ));
    for line in difference.detail.iter().flat_map(|detail| detail.lines()) {
        out.push_str(&format!("        {line}\n"));
    }
    out.push('\n');
}

fn failure_line<'l>(file: &'l str, case: &'l Case, difference: &'l Difference) -> Line<'l> {
    let (line, item) = match case.place() {
        Place::Line(line) => (Some(line), None),
        Place::Item(item) => (None, Some(item)),
    };
    Line::Failure {
        file,
        line,
        item,
        name: case.name(),
        expected: &difference.expected,
        got: &difference.got,
        detail: difference.detail.as_deref(),
    }
}

/// Says on stderr why cases were skipped, once for each reason.
fn say_skipped(file: &str, outcomes: &[Outcome]) {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for outcome in outcomes {
        if let Outcome::Skipped(reason) = outcome {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    for (reason, count) in reasons {
        output::note(&format!("{file}: {count} skipped: {reason}"));
    }
}
