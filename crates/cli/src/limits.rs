//! `--limit NAME=N`: every bound there is, by name.

use std::str::FromStr;

use eventsieve::{Limits, RecordLimits};

/// One bound, chosen by the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    name: &'static str,
    /// `None` is `off`.
    value: Option<usize>,
}

/// Where a bound is kept.
enum Place<'l> {
    /// It can be off.
    Optional(&'l mut Option<usize>),
    Fixed(&'l mut usize),
    Complexity(&'l mut Option<u32>),
}

const RECORD: &str = "record-";

const NAMES: [&str; 15] = [
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
    "record-bytes",
    "record-depth",
    "record-number-digits",
    "record-key-chars",
];

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

impl Place<'_> {
    /// `false` if it cannot have this value.
    fn set(self, value: Option<usize>) -> bool {
        match (self, value) {
            (Place::Optional(place), value) => *place = value,
            (Place::Fixed(place), Some(value)) => *place = value,
            (Place::Fixed(_), None) => return false,
            (Place::Complexity(place), value) => {
                *place = value.map(|value| u32::try_from(value).unwrap_or(u32::MAX));
            }
        }
        true
    }
}

impl FromStr for Limit {
    type Err = String;
    fn from_str(text: &str) -> Result<Limit, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=N")?;
        let name = NAMES.into_iter().find(|known| *known == name).ok_or_else(|| {
            let names = NAMES.join(", ");
            format!("there is no limit with the name {name}; there are {names}")
        })?;
        let value = match value {
            "off" => None,
            number => Some(number.parse().map_err(|_| format!("{name} takes a whole number, not {number}"))?),
        };
        let (mut limits, mut records) = (Limits::none(), RecordLimits::default());
        let place = of_criteria(&mut limits, name).or_else(|| of_records(&mut records, name));
        if place.is_some_and(|place| place.set(value)) {
            Ok(Limit { name, value })
        } else {
            Err(format!("{name} guards memory and cannot be off"))
        }
    }
}

impl Limit {
    /// As it was written.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it bounds records rather than criteria.
    pub(crate) fn is_of_records(&self) -> bool {
        self.name.starts_with(RECORD)
    }
}

/// Sets the bounds on criteria among these.
pub(crate) fn set_criteria(limits: &mut Limits, chosen: &[Limit]) {
    for limit in chosen {
        if let Some(place) = of_criteria(limits, limit.name) {
            place.set(limit.value);
        }
    }
}

/// Default bounds on records, with those among these.
pub(crate) fn records(chosen: &[Limit]) -> RecordLimits {
    let mut limits = RecordLimits::default();
    for limit in chosen {
        if let Some(place) = of_records(&mut limits, limit.name) {
            place.set(limit.value);
        }
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_the_name_of_one_bound() {
        for name in NAMES {
            let limit: Limit = format!("{name}=7").parse().unwrap();
            let (mut limits, mut records) = (Limits::none(), RecordLimits::default());
            let places = [of_criteria(&mut limits, name).is_some(), of_records(&mut records, name).is_some()];
            assert_eq!(places, [!limit.is_of_records(), limit.is_of_records()], "{name}");
        }
    }

    #[test]
    fn what_is_no_limit_is_told() {
        let refused = |text: &str| text.parse::<Limit>().unwrap_err();
        assert!(refused("filters").contains("NAME=N"));
        assert!(refused("filter=5").contains("there are filters, pattern-chars"));
        assert!(refused("filters=many").contains("not many"));
        assert!(refused("paths=off").contains("cannot be off"));
        assert!("filters=off".parse::<Limit>().is_ok());
    }
}
