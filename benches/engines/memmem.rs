//! The ceiling: one search for the literal over the whole batch. It finds candidates, not matches, and reads nothing as JSON.

use memchr::memmem::Finder;

use super::{Answer, Engine, Prepared, Validates};
use crate::workloads::{View, Workload};

/// The engine.
pub struct Memmem;

impl Engine for Memmem {
    fn name(&self) -> &'static str {
        "memmem"
    }

    fn mode(&self) -> &'static str {
        "literal"
    }

    fn validates(&self) -> Validates {
        Validates::Nothing
    }

    fn answer(&self) -> Answer {
        Answer::Candidates
    }

    fn prepare(&self, workload: &Workload) -> Result<Box<dyn Prepared>, String> {
        let literal = workload.literal.ok_or("no one literal to look for")?;
        Ok(Box::new(Ready(Finder::new(literal).into_owned())))
    }
}

struct Ready(Finder<'static>);

impl Prepared for Ready {
    fn run(&mut self, records: View<'_>) -> usize {
        // A literal holds no line feed, so none straddles two records; a record that holds several counts once.
        let mut candidates = 0;
        let (mut record, end) = (0, records.offsets[records.count()]);
        let mut from = records.offsets[0];
        while let Some(found) = self.0.find(&records.bytes[from..end]) {
            let at = from + found;
            while records.offsets[record + 1] <= at {
                record += 1;
            }
            candidates += 1;
            from = records.offsets[record + 1];
        }
        candidates
    }
}
