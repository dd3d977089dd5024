//! What a criteria is compiled for, and how large it may be.

use eventsieve_program::{Dialect, Source};

use crate::payload::PayloadRule;

/// Bounds on a criteria. `None` is no bound.
///
/// Beyond a bound there is an error that names the value met and the bound; only beyond `automaton_bytes` a slower way is
/// taken instead. `depth`, `number_digits` and `key_chars` are those of the service's JSON reader; a value above
/// [`Limits::MAX_DEPTH`] or [`Limits::MAX_PATH_SEGMENTS`] counts as that.
///
/// ```
/// use eventsieve_compiler::{ErrorKind, FilterCriteria, Limits, Options, compile};
/// use eventsieve_program::Source;
///
/// let mut options = Options::new(Source::Raw);
/// options.limits.program_bytes = 400;
/// let criteria = FilterCriteria::from_patterns([r#"{"city":[{"prefix":"Gh"}]}"#]);
/// let errors = compile(&criteria, &options).unwrap_err();
/// assert_eq!(errors.first().kind(), ErrorKind::ProgramTooLarge);
/// assert!(errors.first().message().ends_with("the limit is 400"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Filters in one criteria; at most 16,777,216 whatever is asked for.
    pub filters: Option<usize>,
    /// Characters in one pattern.
    pub pattern_chars: Option<usize>,
    /// Highest accepted complexity of the wildcards on one path (see [`crate::complexity`]).
    pub wildcard_complexity: Option<u32>,
    /// Alternatives that the `$or`s of one filter may be multiplied out to.
    pub or_alternatives: usize,
    /// Different fields in one alternative of a pattern.
    pub paths: usize,
    /// Segments of one path: nested keys, and the parts of keys with dots.
    pub path_segments: usize,
    /// Open objects and lists at any point of a pattern.
    pub depth: usize,
    /// Digits of one number in a pattern.
    pub number_digits: usize,
    /// Length of one key of a pattern in UTF-16 code units.
    pub key_chars: usize,
    /// Bytes of one automaton that several string tests of one path are merged into. Where it would have more, the tests
    /// stay apart, with the same verdicts.
    pub automaton_bytes: usize,
    /// Bytes of the program.
    pub program_bytes: usize,
}

impl Limits {
    /// The deepest nesting that can be asked for.
    pub const MAX_DEPTH: usize = 1000;
    /// The longest path that can be asked for.
    pub const MAX_PATH_SEGMENTS: usize = 10_000;

    /// What the service has, as far as it is known. A complexity of 9 is accepted by the service and 11
    /// refused; 10 is unknown and only warned about. For EventBridge the quota on the length of a
    /// pattern (2,048, on request 4,096) depends on the account and is not applied.
    pub fn of(dialect: Dialect) -> Limits {
        let (filters, pattern_chars) = match dialect {
            Dialect::EventBridge => (None, None),
            _ => (Some(5), Some(4096)),
        };
        Limits { filters, pattern_chars, wildcard_complexity: Some(10), ..Limits::none() }
    }

    /// No bounds but those that guard memory and those of the JSON reader.
    pub fn none() -> Limits {
        Limits {
            filters: None,
            pattern_chars: None,
            wildcard_complexity: None,
            or_alternatives: 16_384,
            paths: 256,
            path_segments: Limits::MAX_PATH_SEGMENTS,
            depth: Limits::MAX_DEPTH,
            number_digits: 1000,
            key_chars: 50_000,
            automaton_bytes: 256 << 10,
            program_bytes: 1 << 30,
        }
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
