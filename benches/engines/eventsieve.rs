//! Ours. A mode is a line of [`MODES`].

use eventsieve::{Batch, Checker, Checks, FilterCriteria, FrontEnd, Isa, Limits, Scratch, Sieve, Verdict};

use super::{Answer, Engine, Prepared, Validates};
use crate::payload::Payload;
use crate::workloads::{View, Workload};

/// A way to use it.
pub struct Mode {
    name: &'static str,
    validates: Validates,
    answer: Answer,
    configure: fn(Sieve<'static>) -> Sieve<'static>,
}

/// All of them, the default one first.
pub static MODES: [Mode; 8] = [
    Mode { name: "default", validates: Validates::Matches, answer: Answer::Matches, configure: |sieve| sieve },
    Mode {
        name: "no prefilter",
        validates: Validates::Matches,
        answer: Answer::Matches,
        configure: |sieve| sieve.with_prefilter(false),
    },
    Mode {
        name: "every checked",
        validates: Validates::Records,
        answer: Answer::Matches,
        configure: |sieve| sieve.with_checks(Checks::Every),
    },
    Mode {
        name: "trusted",
        validates: Validates::PartlyRead,
        answer: Answer::Matches,
        configure: |sieve| sieve.with_checks(Checks::Trusted),
    },
    Mode {
        name: "portable",
        validates: Validates::Matches,
        answer: Answer::Matches,
        configure: |sieve| sieve.with_isa(Isa::portable()),
    },
    Mode {
        name: "tape",
        validates: Validates::Records,
        answer: Answer::Matches,
        configure: |sieve| sieve.with_front_end(FrontEnd::Tape),
    },
    Mode {
        name: "text",
        validates: Validates::Records,
        answer: Answer::Matches,
        configure: |sieve| sieve.with_front_end(FrontEnd::Text),
    },
    Mode { name: "check alone", validates: Validates::Records, answer: Answer::Valid, configure: |sieve| sieve },
];

/// Compiles a workload's filters, with no limit on their number.
///
/// # Panics
/// If they do not compile.
pub fn compile(workload: &Workload) -> Sieve<'static> {
    let criteria = FilterCriteria::from_patterns(workload.patterns.iter().cloned());
    let builder = Sieve::builder(workload.source).limits(Limits::none());
    builder.compile(&criteria).expect("a workload's filters compile")
}

impl Engine for Mode {
    fn name(&self) -> &'static str {
        "eventsieve"
    }

    fn mode(&self) -> &'static str {
        self.name
    }

    fn validates(&self) -> Validates {
        self.validates
    }

    fn answer(&self) -> Answer {
        self.answer
    }

    fn prepare(&self, workload: &Workload) -> Result<Box<dyn Prepared>, String> {
        if self.answer == Answer::Valid && workload.payload != Payload::Whole {
            return Err("checks records, not their payloads".to_owned());
        }
        let sieve = (self.configure)(compile(workload));
        Ok(match self.answer {
            Answer::Valid => Box::new(Check(Checker::default())),
            _ => Box::new(Ready { scratch: sieve.scratch(), sieve }),
        })
    }
}

struct Ready {
    sieve: Sieve<'static>,
    scratch: Scratch,
}

impl Prepared for Ready {
    fn run(&mut self, records: View<'_>) -> usize {
        let batch = Batch::from_offsets(records.bytes, records.offsets).expect("the offsets ascend");
        let verdicts = self.sieve.evaluate(&mut self.scratch, &batch).expect("the scratch is this sieve's");
        verdicts.iter().filter(|&&verdict| verdict == Verdict::Match).count()
    }

    fn compiled_bytes(&self) -> Option<usize> {
        Some(self.sieve.program().as_bytes().len())
    }
}

struct Check(Checker);

impl Prepared for Check {
    fn run(&mut self, records: View<'_>) -> usize {
        records.iter().filter(|record| self.0.is_valid(record)).count()
    }
}
