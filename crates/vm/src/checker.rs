//! Proving many records valid, with memory that is kept.

use crate::check::{Malformed, RecordLimits, check};
use crate::index::{self, Index};
use crate::isa::Isa;

/// Proves records valid at several gigabytes a second, with the answers of [`check`].
///
/// Never allocates once it has seen a record as long.
///
/// ```
/// use eventsieve_vm::{Checker, Reason};
///
/// let mut checker = Checker::default();
/// assert!(checker.is_valid(br#"{"a":1}"#));
/// assert_eq!(checker.check(br#"{"a":01}"#).unwrap_err().reason(), Reason::LeadingZero);
/// ```
#[derive(Debug, Default)]
pub struct Checker {
    isa: Isa,
    limits: RecordLimits,
    index: Index,
}

impl Checker {
    /// A checker with these limits.
    pub fn new(limits: RecordLimits) -> Checker {
        Checker { limits, ..Checker::default() }
    }

    /// Forces an instruction set; all give the same answers.
    pub fn with_isa(self, isa: Isa) -> Checker {
        Checker { isa, ..self }
    }

    /// Whether a record is one valid JSON object within the limits.
    pub fn is_valid(&mut self, record: &[u8]) -> bool {
        index::is_valid(self.isa, record, &self.limits, &mut self.index)
    }

    /// Why it is not, and where.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn check(&mut self, record: &[u8]) -> Result<(), Malformed> {
        if self.is_valid(record) { Ok(()) } else { check(record, &self.limits) }
    }
}
