//! Any engine against any case file.

use std::fmt;

use eventsieve_cases::{Case, CaseFile, Expect, Place};

use crate::reference::{self, Answer};

/// Something that answers pattern cases.
pub trait Engine {
    /// The answer to one pattern on one event. A bad pattern with a bad event is [`Answer::InvalidPattern`].
    fn answer(&mut self, pattern: &str, event: &[u8], options: &CaseOptions<'_>) -> Answer;
}

/// What else a case says about how it is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseOptions<'a> {
    /// The name of the case, for engines that keep a list of exceptions.
    pub name: &'a str,
    /// The dialect as the case writes it: `eventbridge`, `lambda` or `pipes`.
    pub dialect: &'a str,
}

/// The reference itself is an engine: a corpus can be held against it. It knows no dialects and no limit on wildcards.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reference;

impl Engine for Reference {
    fn answer(&mut self, pattern: &str, event: &[u8], _options: &CaseOptions<'_>) -> Answer {
        reference::answer(pattern, event)
    }
}

/// What came of running a case file.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// Pattern cases answered as expected.
    pub passed: usize,
    /// Rows that are no pattern cases, and cases that were too expensive for the engine.
    pub skipped: usize,
    /// Pattern cases answered otherwise.
    pub failures: Vec<Failure>,
}

/// One case that was answered otherwise than expected.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The name of the case.
    pub name: String,
    /// Where it stands in its file.
    pub place: Place,
    /// The answer it expects.
    pub expected: Expect,
    /// The answer it got.
    pub got: Answer,
    /// The pattern.
    pub pattern: String,
    /// The event, if the case has one.
    pub event: Option<String>,
}

/// Runs every pattern case of a file. A case without an event is run on `{}`: it asks whether the pattern compiles.
pub fn run_cases(engine: &mut dyn Engine, file: &CaseFile) -> Report {
    let mut report = Report::default();
    for case in &file.cases {
        let Case::Pattern(case) = case else {
            report.skipped += 1;
            continue;
        };
        let options = CaseOptions { name: &case.name, dialect: &case.dialect };
        let event = case.event.as_deref().unwrap_or("{}");
        let got = engine.answer(&case.pattern, event.as_bytes(), &options);
        match got {
            Answer::TooExpensive => report.skipped += 1,
            _ if got.expect() == Some(case.expect) => report.passed += 1,
            _ => report.failures.push(Failure {
                name: case.name.clone(),
                place: case.place,
                expected: case.expect,
                got,
                pattern: case.pattern.clone(),
                event: case.event.clone(),
            }),
        }
    }
    report
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "{} ({}): expected {}, got {}", failure.name, failure.place, failure.expected, failure.got)?;
            writeln!(f, "    pattern {}", failure.pattern)?;
            writeln!(f, "    event   {}", failure.event.as_deref().unwrap_or("-"))?;
        }
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failures.len(), self.skipped)
    }
}
