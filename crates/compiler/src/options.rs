//! What a criteria is compiled for, and how large it may be.

use eventsieve_program::{Dialect, Source};

use crate::payload::PayloadRule;

/// Bounds on a criteria. `None` is no bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Filters in one criteria.
    pub filters: Option<usize>,
    /// Characters in one pattern.
    pub pattern_chars: Option<usize>,
    /// Highest accepted complexity of the wildcards on one path (see [`crate::complexity`]).
    pub wildcard_complexity: Option<u32>,
    /// Alternatives that the `$or`s of one filter may be multiplied out to.
    pub or_alternatives: usize,
}

impl Limits {
    /// What the service has, as far as it is known. A complexity of 9 is accepted by the service and 11
    /// refused; 10 is unknown and only warned about. For EventBridge the quota on the length of a
    /// pattern (2,048, on request 4,096) depends on the account and is not applied.
    pub fn of(dialect: Dialect) -> Limits {
        let (filters, pattern_chars) = match dialect {
            Dialect::EventBridge => (None, None),
            _ => (Some(5), Some(4096)),
        };
        Limits { filters, pattern_chars, wildcard_complexity: Some(10), or_alternatives: 16_384 }
    }

    /// No bounds but the one on alternatives, which guards memory.
    pub fn none() -> Limits {
        Limits { filters: None, pattern_chars: None, wildcard_complexity: None, or_alternatives: 16_384 }
    }
}

/// What a criteria is compiled for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where records come from.
    pub source: Source,
    /// Which operators are legal.
    pub dialect: Dialect,
    /// How large the criteria may be.
    pub limits: Limits,
    /// Whether warnings are errors.
    pub strict: bool,
    /// How payload clauses are treated; `None` where the source's records have no payload.
    pub payload: Option<PayloadRule>,
    /// Whether the service takes filters for the source at all. If not, the dialects of the service say so.
    pub filterable: bool,
}

impl Options {
    /// The dialect that goes with the source, its limits, not strict.
    pub fn new(source: Source) -> Options {
        let dialect = source.default_dialect();
        Options { source, dialect, limits: Limits::of(dialect), strict: false, payload: None, filterable: true }
    }
}
