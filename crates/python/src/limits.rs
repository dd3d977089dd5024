//! Bounds by name, as `limits={…}` has them: those of the command's `--limit`, with underscores for dashes.

use eventsieve::{Limits, RecordLimits};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString};

/// Where a bound is kept.
enum Place<'l> {
    /// It can be off.
    Optional(&'l mut Option<usize>),
    Fixed(&'l mut usize),
    Complexity(&'l mut Option<u32>),
}

const OF_CRITERIA: [&str; 11] = [
    "filters",
    "pattern_chars",
    "wildcard_complexity",
    "or_alternatives",
    "paths",
    "path_segments",
    "depth",
    "number_digits",
    "key_chars",
    "automaton_bytes",
    "program_bytes",
];

const OF_RECORDS: [&str; 4] = ["record_bytes", "record_depth", "record_number_digits", "record_key_chars"];

/// The bound on criteria with this name.
fn of_criteria<'l>(limits: &'l mut Limits, name: &str) -> Option<Place<'l>> {
    Some(match name {
        "filters" => Place::Optional(&mut limits.filters),
        "pattern_chars" => Place::Optional(&mut limits.pattern_chars),
        "wildcard_complexity" => Place::Complexity(&mut limits.wildcard_complexity),
        "or_alternatives" => Place::Fixed(&mut limits.or_alternatives),
        "paths" => Place::Fixed(&mut limits.paths),
        "path_segments" => Place::Fixed(&mut limits.path_segments),
        "depth" => Place::Fixed(&mut limits.depth),
        "number_digits" => Place::Fixed(&mut limits.number_digits),
        "key_chars" => Place::Fixed(&mut limits.key_chars),
        "automaton_bytes" => Place::Fixed(&mut limits.automaton_bytes),
        "program_bytes" => Place::Fixed(&mut limits.program_bytes),
        _ => return None,
    })
}

/// The bound on records with this name.
fn of_records<'l>(limits: &'l mut RecordLimits, name: &str) -> Option<Place<'l>> {
    Some(Place::Fixed(match name {
        "record_bytes" => &mut limits.record_bytes,
        "record_depth" => &mut limits.depth,
        "record_number_digits" => &mut limits.number_digits,
        "record_key_chars" => &mut limits.key_chars,
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

/// Sets bounds on criteria and on records; on records alone where a program is compiled already.
pub(crate) fn set(
    chosen: &Bound<'_, PyDict>,
    mut criteria: Option<&mut Limits>,
    records: &mut RecordLimits,
) -> PyResult<()> {
    for (name, value) in chosen {
        let name = name.cast::<PyString>().map_err(|_| PyTypeError::new_err("limits: names are str"))?.to_str()?;
        let place = match &mut criteria {
            Some(criteria) => of_criteria(criteria, name),
            None if OF_CRITERIA.contains(&name) => {
                let names = OF_RECORDS.join(", ");
                let message = format!("limits: {name}: a program is compiled already; what can be set is {names}");
                return Err(PyValueError::new_err(message));
            }
            None => None,
        };
        let Some(place) = place.or_else(|| of_records(records, name)) else {
            let (criteria, records) = (OF_CRITERIA.join(", "), OF_RECORDS.join(", "));
            let message = format!("limits: there is no limit with the name {name}; there are {criteria}, {records}");
            return Err(PyValueError::new_err(message));
        };
        if !place.set(number(name, &value)?) {
            return Err(PyValueError::new_err(format!("limits: {name} guards memory and cannot be None")));
        }
    }
    Ok(())
}

/// A bound's value; `None` is no bound.
fn number(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    if let Ok(bound) = value.extract() {
        return Ok(bound);
    }
    let message = format!("limits: {name} is a whole number from 0 to {}, not {}", usize::MAX, value.repr()?);
    // An integer that is negative or too large, or no integer at all.
    Err(if value.is_instance_of::<PyInt>() { PyValueError::new_err(message) } else { PyTypeError::new_err(message) })
}

/// All bounds on records, for a sieve that is made anew elsewhere.
pub(crate) fn of_sieve(limits: &RecordLimits) -> [(&'static str, usize); OF_RECORDS.len()] {
    let mut limits = *limits;
    OF_RECORDS.map(|name| match of_records(&mut limits, name) {
        Some(Place::Fixed(value)) => (name, *value),
        _ => unreachable!("every bound on records is a fixed one"),
    })
}
