//! Every bound by its name, for configuration that comes as text: a flag, a dictionary, a file.
//!
//! The only table of names: the command's `--limit` and Python's `limits=` read it, and a test holds it against the
//! fields of [`Limits`] and [`RecordLimits`].

use std::fmt;

use eventsieve_compiler::Limits;
use eventsieve_vm::RecordLimits;

/// One bound, chosen by name: a field of [`Limits`], or of [`RecordLimits`] where the name begins with `record-`.
///
/// The names are those of the README's table of limits, which says what each bounds. All is refused when the bound is
/// made, so applying it cannot fail.
///
/// ```
/// use eventsieve::{FilterCriteria, Dialect, Limit, Limits, RecordLimits, Sieve, Source};
///
/// let chosen = [Limit::new("filters", None)?, Limit::new("record-bytes", Some(65_536))?];
///
/// let (mut limits, mut records) = (Limits::of(Dialect::Lambda), RecordLimits::default());
/// for limit in chosen {
///     limit.apply_to_criteria(&mut limits);
///     limit.apply_to_records(&mut records);
/// }
/// assert_eq!((limits.filters, records.record_bytes), (None, 65_536));
///
/// let criteria = FilterCriteria::from_patterns([r#"{"body": {"n": [1]}}"#; 6]);
/// Sieve::builder(Source::Sqs).limits(limits).record_limits(records).compile(&criteria)?;
///
/// let unknown = Limit::new("record-byte", Some(65_536)).unwrap_err();
/// assert!(unknown.to_string().starts_with("there is no limit with the name record-byte; there are filters, "));
/// let memory = Limit::new("paths", None).unwrap_err();
/// assert_eq!(memory.to_string(), "paths guards memory and cannot be off");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    name: &'static str,
    /// `None` is off.
    value: Option<usize>,
}

/// Where a bound is kept.
enum Place<'l> {
    /// It can be off.
    Optional(&'l mut Option<usize>),
    /// It cannot.
    Fixed(&'l mut usize),
    /// It can be off.
    Complexity(&'l mut Option<u32>),
}

impl Limit {
    /// The names of the bounds on criteria, in the order of the fields of [`Limits`].
    pub const OF_CRITERIA: &'static [&'static str] = &[
        "filters",
        "pattern-chars",
        "wildcard-complexity",
        "or-alternatives",
        "paths",
        "path-segments",
        "depth",
        "number-digits",
        "key-chars",
        "automaton-bytes",
        "program-bytes",
    ];

    /// The names of the bounds on records, in the order of the fields of [`RecordLimits`].
    pub const OF_RECORDS: &'static [&'static str] =
        &["record-bytes", "record-depth", "record-number-digits", "record-key-chars"];

    /// All names: those of criteria, then those of records.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Limit::OF_CRITERIA.iter().chain(Limit::OF_RECORDS).copied()
    }

    /// The bound with this name; `None` turns it off. A `wildcard-complexity` beyond [`u32::MAX`] counts as that.
    ///
    /// # Errors
    /// If no bound has this name, and if one that guards memory would be off: of all, only `filters`, `pattern-chars` and
    /// `wildcard-complexity` can be.
    pub fn new(name: &str, value: Option<usize>) -> Result<Limit, LimitError> {
        let Some(known) = Limit::names().find(|known| *known == name) else {
            return Err(LimitError { name: name.to_owned(), kind: LimitErrorKind::Unknown });
        };
        let (mut limits, mut records) = (Limits::none(), RecordLimits::default());
        let place = of_criteria(&mut limits, known).or_else(|| of_records(&mut records, known));
        match (place, value) {
            (Some(Place::Fixed(_)), None) => Err(LimitError { name: name.to_owned(), kind: LimitErrorKind::NeverOff }),
            _ => Ok(Limit { name: known, value }),
        }
    }

    /// All bounds on records, as they are here: made anew from these, [`RecordLimits`] are the same.
    pub fn of_records(limits: &RecordLimits) -> impl Iterator<Item = Limit> {
        let mut limits = *limits;
        Limit::OF_RECORDS.iter().filter_map(move |name| match of_records(&mut limits, name) {
            Some(Place::Fixed(value)) => Some(Limit { name, value: Some(*value) }),
            _ => None,
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The bound; `None` if it is off.
    pub fn value(&self) -> Option<usize> {
        self.value
    }

    /// Whether it bounds records rather than criteria.
    pub fn is_of_records(&self) -> bool {
        Limit::OF_RECORDS.contains(&self.name)
    }

    /// Sets it, if it is one on criteria; nothing changes otherwise.
    pub fn apply_to_criteria(&self, limits: &mut Limits) {
        self.apply(of_criteria(limits, self.name));
    }

    /// Sets it, if it is one on records; nothing changes otherwise.
    pub fn apply_to_records(&self, limits: &mut RecordLimits) {
        self.apply(of_records(limits, self.name));
    }

    fn apply(&self, place: Option<Place<'_>>) {
        match (place, self.value) {
            (Some(Place::Optional(place)), value) => *place = value,
            (Some(Place::Fixed(place)), Some(value)) => *place = value,
            (Some(Place::Complexity(place)), value) => {
                *place = value.map(|value| u32::try_from(value).unwrap_or(u32::MAX));
            }
            // It bounds the other thing. `new` has refused one that would be off and cannot be.
            (Some(Place::Fixed(_)) | None, _) => {}
        }
    }
}

/// The bound on criteria with this name.
fn of_criteria<'l>(limits: &'l mut Limits, name: &str) -> Option<Place<'l>> {
    Some(match name {
        "filters" => Place::Optional(&mut limits.filters),
        "pattern-chars" => Place::Optional(&mut limits.pattern_chars),
        "wildcard-complexity" => Place::Complexity(&mut limits.wildcard_complexity),
        "or-alternatives" => Place::Fixed(&mut limits.or_alternatives),
        "paths" => Place::Fixed(&mut limits.paths),
        "path-segments" => Place::Fixed(&mut limits.path_segments),
        "depth" => Place::Fixed(&mut limits.depth),
        "number-digits" => Place::Fixed(&mut limits.number_digits),
        "key-chars" => Place::Fixed(&mut limits.key_chars),
        "automaton-bytes" => Place::Fixed(&mut limits.automaton_bytes),
        "program-bytes" => Place::Fixed(&mut limits.program_bytes),
        _ => return None,
    })
}

/// The bound on records with this name.
fn of_records<'l>(limits: &'l mut RecordLimits, name: &str) -> Option<Place<'l>> {
    Some(Place::Fixed(match name {
        "record-bytes" => &mut limits.record_bytes,
        "record-depth" => &mut limits.depth,
        "record-number-digits" => &mut limits.number_digits,
        "record-key-chars" => &mut limits.key_chars,
        _ => return None,
    }))
}

/// Why a bound cannot be had: see [`Limit::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitError {
    name: String,
    kind: LimitErrorKind,
}

/// What is wrong with a bound that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitErrorKind {
    /// No bound has this name. The message lists all names.
    Unknown,
    /// It guards memory, and was asked to be off.
    NeverOff,
}

impl LimitError {
    /// The name that was asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong.
    pub fn kind(&self) -> LimitErrorKind {
        self.kind
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.kind {
            LimitErrorKind::Unknown => {
                write!(f, "there is no limit with the name {name}; there are ")?;
                for (number, known) in Limit::names().enumerate() {
                    write!(f, "{}{known}", if number == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            LimitErrorKind::NeverOff => write!(f, "{name} guards memory and cannot be off"),
        }
    }
}

impl std::error::Error for LimitError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of a struct, in order, as its `Debug` writes them.
    fn fields(debug: &str) -> Vec<&str> {
        let body = debug.split_once('{').unwrap().1;
        body.split(", ").map(|field| field.split_once(':').unwrap().0.trim()).collect()
    }

    #[test]
    fn every_field_has_a_name() {
        let criteria: Vec<_> = Limit::OF_CRITERIA.iter().map(|name| name.replace('-', "_")).collect();
        assert_eq!(criteria, fields(&format!("{:?}", Limits::none())));

        let within = |name: &str| if name == "record-bytes" { name.to_owned() } else { name.replace("record-", "") };
        let records: Vec<_> = Limit::OF_RECORDS.iter().map(|name| within(name).replace('-', "_")).collect();
        assert_eq!(records, fields(&format!("{:?}", RecordLimits::default())));
    }

    #[test]
    fn a_name_sets_its_own_field_and_no_other() {
        let before = (Limits::none(), RecordLimits::default());
        for name in Limit::names() {
            let limit = Limit::new(name, Some(7)).unwrap();
            let mut after = before.clone();
            limit.apply_to_criteria(&mut after.0);
            limit.apply_to_records(&mut after.1);
            let debug = |bounds: &(Limits, RecordLimits)| {
                let text = format!("{:?}, {:?}", bounds.0, bounds.1);
                text.split(", ").map(str::to_owned).collect::<Vec<_>>()
            };
            let (before, after) = (debug(&before), debug(&after));
            let changed: Vec<_> = (0..after.len()).filter(|&field| before[field] != after[field]).collect();
            assert_eq!(changed, [Limit::names().position(|known| known == name).unwrap()], "{name}: {after:?}");
            assert!(after[changed[0]].contains('7'), "{name}: {after:?}");
            assert_eq!(limit.is_of_records(), changed[0] >= Limit::OF_CRITERIA.len(), "{name}");
        }
    }

    #[test]
    fn only_what_guards_no_memory_can_be_off() {
        for name in Limit::names() {
            match Limit::new(name, None) {
                Ok(limit) => {
                    assert!(["filters", "pattern-chars", "wildcard-complexity"].contains(&name), "{name}");
                    let mut limits = Limits::none();
                    (limits.filters, limits.pattern_chars, limits.wildcard_complexity) = (Some(1), Some(1), Some(1));
                    limit.apply_to_criteria(&mut limits);
                    assert_eq!(format!("{limits:?}").matches("None").count(), 1, "{name}");
                }
                Err(error) => {
                    assert_eq!((error.kind(), error.name()), (LimitErrorKind::NeverOff, name));
                    assert_eq!(error.to_string(), format!("{name} guards memory and cannot be off"));
                }
            }
        }
    }

    #[test]
    fn an_unknown_name_gets_the_known_ones() {
        let error = Limit::new("filter", Some(5)).unwrap_err();
        assert_eq!((error.kind(), error.name()), (LimitErrorKind::Unknown, "filter"));
        assert_eq!(
            error.to_string(),
            "there is no limit with the name filter; there are filters, pattern-chars, wildcard-complexity, \
             or-alternatives, paths, path-segments, depth, number-digits, key-chars, automaton-bytes, program-bytes, \
             record-bytes, record-depth, record-number-digits, record-key-chars"
        );
    }

    #[test]
    fn a_complexity_beyond_its_type_counts_as_the_largest() {
        let mut limits = Limits::none();
        Limit::new("wildcard-complexity", Some(usize::MAX)).unwrap().apply_to_criteria(&mut limits);
        assert_eq!(limits.wildcard_complexity, Some(u32::try_from(usize::MAX).unwrap_or(u32::MAX)));
    }

    #[test]
    fn bounds_on_records_survive_being_named() {
        let limits = RecordLimits { record_bytes: 1, depth: 2, number_digits: 3, key_chars: 4 };
        let mut again = RecordLimits::default();
        for limit in Limit::of_records(&limits) {
            Limit::new(limit.name(), limit.value()).unwrap().apply_to_records(&mut again);
        }
        assert_eq!(again, limits);
    }
}
