//! Bounds by name, as `limits={…}` has them: those of the library, with underscores for dashes.

use eventsieve::{Limit, LimitErrorKind, Limits, RecordLimits};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString};

/// A name of the library, as Python has it.
fn in_python(name: &str) -> String {
    name.replace('-', "_")
}

/// A list for messages.
fn list(names: impl Iterator<Item = &'static str>) -> String {
    names.map(in_python).collect::<Vec<_>>().join(", ")
}

/// Sets bounds on criteria and on records; on records alone where a program is compiled already.
pub(crate) fn set(
    chosen: &Bound<'_, PyDict>,
    mut criteria: Option<&mut Limits>,
    records: &mut RecordLimits,
) -> PyResult<()> {
    for (name, value) in chosen {
        let name = name.cast::<PyString>().map_err(|_| PyTypeError::new_err("limits: names are str"))?.to_str()?;
        let Some(known) = Limit::names().find(|known| in_python(known) == name) else {
            let names = list(Limit::names());
            let message = format!("limits: there is no limit with the name {name}; there are {names}");
            return Err(PyValueError::new_err(message));
        };
        if criteria.is_none() && Limit::OF_CRITERIA.contains(&known) {
            let names = list(Limit::OF_RECORDS.iter().copied());
            let message = format!("limits: {name}: a program is compiled already; what can be set is {names}");
            return Err(PyValueError::new_err(message));
        }
        let limit = Limit::new(known, number(name, &value)?).map_err(|error| {
            PyValueError::new_err(match error.kind() {
                LimitErrorKind::NeverOff => format!("limits: {name} guards memory and cannot be None"),
                _ => format!("limits: {error}"),
            })
        })?;
        if let Some(criteria) = &mut criteria {
            limit.apply_to_criteria(criteria);
        }
        limit.apply_to_records(records);
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
pub(crate) fn of_sieve<'py>(limits: &RecordLimits, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
    let named = PyDict::new(py);
    for limit in Limit::of_records(limits) {
        named.set_item(in_python(limit.name()), limit.value())?;
    }
    Ok(named)
}
