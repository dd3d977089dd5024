//! What came of a batch, compactly.

use eventsieve::{DropReason, Outcome, Verdict};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyTuple, PyType};

/// The byte that stands for a verdict; `eventsieve.Verdict` has the same numbers.
pub(crate) fn verdict_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NoMatch => 0,
        Verdict::Match => MATCH,
        Verdict::Malformed => MALFORMED,
    }
}

const MATCH: u8 = 1;
const MALFORMED: u8 = 2;

/// The number that stands for a drop reason; `eventsieve.DropReason` has the same.
pub(crate) fn reason_code(reason: Option<DropReason>) -> u8 {
    match reason {
        None => 0,
        Some(DropReason::FilteredOut) => 1,
        Some(DropReason::PayloadNotJson) => 2,
        Some(DropReason::Malformed) => MALFORMED_REASON,
    }
}

const MALFORMED_REASON: u8 = 3;

/// Verdicts while they are collected, of one batch after another.
#[derive(Default)]
pub(crate) struct Collected {
    verdicts: Vec<u8>,
    sets: Option<Sets>,
}

/// Which filters matched, and why records were dropped.
#[derive(Default)]
struct Sets {
    /// The filters of all records, one record after another.
    ids: Vec<u32>,
    /// Where each record's filters end.
    ends: Vec<usize>,
    reasons: Vec<u8>,
}

impl Collected {
    /// Room for as many records; with filters, if they are asked for.
    pub(crate) fn new(records: usize, filters: bool) -> Collected {
        Collected { verdicts: Vec::with_capacity(records), sets: filters.then(Sets::default) }
    }

    pub(crate) fn wants_filters(&self) -> bool {
        self.sets.is_some()
    }

    pub(crate) fn len(&self) -> usize {
        self.verdicts.len()
    }

    pub(crate) fn add(&mut self, verdicts: &[Verdict]) {
        self.verdicts.extend(verdicts.iter().map(|&verdict| verdict_code(verdict)));
    }

    pub(crate) fn add_outcome(&mut self, outcome: &Outcome<'_>) {
        self.add(outcome.verdicts());
        let Some(sets) = &mut self.sets else { return };
        for record in 0..outcome.verdicts().len() {
            sets.ids.extend(outcome.filters(record).iter().map(|filter| filter as u32));
            sets.ends.push(sets.ids.len());
            sets.reasons.push(reason_code(outcome.drop_reason(record)));
        }
    }

    /// What is no record at all is malformed, whether or not such are told.
    pub(crate) fn null(&mut self, record: usize) {
        self.verdicts[record] = MALFORMED;
        if let Some(sets) = &mut self.sets {
            sets.reasons[record] = MALFORMED_REASON;
        }
    }

    pub(crate) fn finish(self, py: Python<'_>) -> BatchResult {
        let count = |code: u8| self.verdicts.iter().filter(|&&verdict| verdict == code).count();
        BatchResult {
            count: count(MATCH),
            malformed: count(MALFORMED),
            verdicts: PyBytes::new(py, &self.verdicts).unbind(),
            sets: self.sets,
        }
    }
}

/// Verdicts of a batch, a byte each. Made by `Sieve.match_batch`.
#[pyclass(frozen, module = "eventsieve")]
pub(crate) struct BatchResult {
    /// A byte a record: 0 no match, 1 match, 2 malformed, as in `Verdict`. Being `bytes`, it can be wrapped without a
    /// copy: `numpy.frombuffer(result.verdicts, "u1")`, `pyarrow.py_buffer(result.verdicts)`.
    #[pyo3(get)]
    verdicts: Py<PyBytes>,
    /// How many records match.
    #[pyo3(get)]
    count: usize,
    /// How many records are malformed; a lower bound unless the sieve was made with `checks="every"`.
    #[pyo3(get)]
    malformed: usize,
    sets: Option<Sets>,
}

impl BatchResult {
    fn sets(&self, py: Python<'_>, record: isize) -> PyResult<(&Sets, usize)> {
        let len = self.__len__(py);
        let index = if record < 0 { record.checked_add_unsigned(len) } else { Some(record) };
        let index = index.and_then(|index| usize::try_from(index).ok()).filter(|&index| index < len);
        let Some(index) = index else {
            return Err(PyIndexError::new_err(format!("there is no record {record}; the batch has {len}")));
        };
        match &self.sets {
            Some(sets) => Ok((sets, index)),
            None => Err(PyValueError::new_err("not asked for; call match_batch(…, filters=True)")),
        }
    }
}

#[pymethods]
impl BatchResult {
    fn __len__(&self, py: Python<'_>) -> usize {
        self.verdicts.as_bytes(py).len()
    }

    /// The indices of the records that match, ascending.
    #[getter]
    fn matches(&self, py: Python<'_>) -> Vec<usize> {
        let verdicts = self.verdicts.as_bytes(py).iter().enumerate();
        verdicts.filter(|&(_, &verdict)| verdict == MATCH).map(|(record, _)| record).collect()
    }

    /// A byte a record: 1 if it matches, 0 if not. `numpy.frombuffer(result.mask(), "?")` is a mask of booleans.
    fn mask<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let verdicts = self.verdicts.as_bytes(py);
        PyBytes::new_with(py, verdicts.len(), |mask| {
            for (mask, &verdict) in mask.iter_mut().zip(verdicts) {
                *mask = u8::from(verdict == MATCH);
            }
            Ok(())
        })
    }

    /// The filters that matched a record, counted from 0. Empty if none did, and if there are no filters at all.
    fn filters<'py>(&self, py: Python<'py>, record: isize) -> PyResult<Bound<'py, PyTuple>> {
        let (sets, record) = self.sets(py, record)?;
        let start = record.checked_sub(1).map_or(0, |before| sets.ends[before]);
        PyTuple::new(py, &sets.ids[start..sets.ends[record]])
    }

    /// Why a record is not delivered; `None` if it is.
    fn drop_reason<'py>(&self, py: Python<'py>, record: isize) -> PyResult<Option<Bound<'py, PyAny>>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let (sets, record) = self.sets(py, record)?;
        match sets.reasons[record] {
            0 => Ok(None),
            code => CLASS.import(py, "eventsieve._sieve", "DropReason")?.call1((code,)).map(Some),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let (records, count, malformed) = (self.__len__(py), self.count, self.malformed);
        format!("<eventsieve.BatchResult records={records} count={count} malformed={malformed}>")
    }
}
