//! Evaluation: one record or a batch, with Python's lock released while records are read.

use std::sync::{Mutex, PoisonError};

use eventsieve::{Batch, Checks, Envelope, EnvelopeErrorKind, Outcome, RecordLimits, Scratch, Sieve, Source, Verdict};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::batch::{BatchResult, Collected, reason_code, verdict_code};
use crate::errors;
use crate::limits;
use crate::program::Program;
use crate::record::{self, Bytes, Chunk, Pieces};

/// A record of at least so many bytes is worth letting other threads run: giving the lock up and taking it again
/// costs about as much as evaluating a kilobyte, and may mean to wait.
const DETACH_BYTES: usize = 16 * 1024;

/// Memory of evaluations that are over, for the next. Never more than evaluations have run at once.
#[derive(Default)]
struct Pool {
    scratches: Mutex<Vec<Scratch>>,
}

impl Pool {
    /// Calls `run` with memory that no other thread uses meanwhile.
    fn with<T>(&self, sieve: &Sieve<'_>, run: impl FnOnce(&mut Scratch) -> T) -> T {
        // The lock is held for a push or a pop, and nothing in between can panic.
        let scratches = || self.scratches.lock().unwrap_or_else(PoisonError::into_inner);
        let pooled = scratches().pop();
        let mut scratch = pooled.unwrap_or_else(|| sieve.scratch());
        let result = run(&mut scratch);
        scratches().push(scratch);
        result
    }
}

/// A program made ready to run. `eventsieve.Sieve` is the class to use.
#[pyclass(frozen, subclass, module = "eventsieve._eventsieve")]
pub(crate) struct NativeSieve {
    sieve: Sieve<'static>,
    checks: Checks,
    records: RecordLimits,
    pool: Pool,
}

const OWN_SCRATCH: &str = "scratches of the pool were made by this sieve";

impl NativeSieve {
    /// One record to whatever is asked of it.
    fn one<T: Send>(
        &self,
        record: &Bound<'_, PyAny>,
        run: impl FnOnce(&Sieve<'_>, &mut Scratch, &Batch<'_>) -> T + Send,
    ) -> PyResult<T> {
        let bytes = Bytes::of(record)?;
        let bytes = bytes.as_slice();
        let evaluate =
            || self.pool.with(&self.sieve, |scratch| run(&self.sieve, scratch, &Batch::from_slices(&[bytes])));
        Ok(if bytes.len() < DETACH_BYTES { evaluate() } else { record.py().detach(evaluate) })
    }

    fn one_verdict(&self, record: &Bound<'_, PyAny>) -> PyResult<Verdict> {
        self.one(record, |sieve, scratch, batch| sieve.evaluate(scratch, batch).expect(OWN_SCRATCH)[0])
    }

    fn one_outcome<T: Send>(
        &self,
        record: &Bound<'_, PyAny>,
        read: impl FnOnce(Outcome<'_>) -> T + Send,
    ) -> PyResult<T> {
        self.one(record, |sieve, scratch, batch| read(sieve.evaluate_sets(scratch, batch).expect(OWN_SCRATCH)))
    }

    fn evaluate(&self, batch: &Batch<'_>, into: &mut Collected) {
        self.pool.with(&self.sieve, |scratch| {
            if into.wants_filters() {
                into.add_outcome(&self.sieve.evaluate_sets(scratch, batch).expect(OWN_SCRATCH));
            } else {
                into.add(self.sieve.evaluate(scratch, batch).expect(OWN_SCRATCH));
            }
        });
    }
}

#[pymethods]
impl NativeSieve {
    #[new]
    fn new(program: &Program, checks: &str, chosen: &Bound<'_, PyDict>) -> PyResult<NativeSieve> {
        let checks = match checks {
            "matches" => Checks::Matches,
            "every" => Checks::Every,
            "trusted" => Checks::Trusted,
            _ => {
                let message = format!("checks: unknown name {checks:?}; legal names are matches, every, trusted");
                return Err(PyValueError::new_err(message));
            }
        };
        let mut records = RecordLimits::default();
        limits::set(chosen, None, &mut records)?;
        let sieve = Sieve::from_program(program.program.clone()).with_checks(checks).with_record_limits(records);
        Ok(NativeSieve { sieve, checks, records, pool: Pool::default() })
    }

    /// The program: `bytes(sieve.program)` can be stored and shipped.
    #[getter]
    fn program(&self) -> Program {
        Program { program: self.sieve.program().clone() }
    }

    /// Where its records come from.
    #[getter]
    fn source(&self) -> &'static str {
        self.sieve.source().name()
    }

    /// The dialect that its criteria were written in.
    #[getter]
    fn dialect(&self) -> &'static str {
        self.sieve.program().dialect().name()
    }

    /// How many filters it has; none lets every valid record pass.
    #[getter]
    fn filter_len(&self) -> usize {
        self.sieve.filter_len()
    }

    /// Which records are proved to be valid JSON: `"matches"` or `"every"`.
    #[getter]
    fn checks(&self) -> &'static str {
        match self.checks {
            Checks::Matches => "matches",
            Checks::Every => "every",
            Checks::Trusted => "trusted",
        }
    }

    /// Bounds on records by name, all of them.
    #[getter]
    fn _record_limits<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        limits::of_sieve(&self.records, py)
    }

    /// The program as a listing, for people.
    fn disasm(&self) -> String {
        self.sieve.program().disasm()
    }

    /// Whether a record passes. A malformed record does not.
    #[pyo3(name = "match")]
    fn is_match(&self, record: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.one_verdict(record)? == Verdict::Match)
    }

    /// The filters that match a record, counted from 0. Empty if none does, and if there are no filters at all.
    fn filters<'py>(&self, record: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
        let filters: Vec<usize> = self.one_outcome(record, |outcome| outcome.filters(0).iter().collect())?;
        PyTuple::new(record.py(), filters)
    }

    /// The number of a record's verdict.
    fn _verdict(&self, record: &Bound<'_, PyAny>) -> PyResult<u8> {
        Ok(verdict_code(self.one_verdict(record)?))
    }

    /// The number of the reason why a record is not delivered; 0 if it is.
    fn _drop_reason(&self, record: &Bound<'_, PyAny>) -> PyResult<u8> {
        self.one_outcome(record, |outcome| reason_code(outcome.drop_reason(0)))
    }

    /// Where and why a record is malformed.
    fn _check(&self, record: &Bound<'_, PyAny>) -> PyResult<Option<(usize, String)>> {
        let checked = self.one(record, |sieve, _, batch| sieve.check(batch.record(0)))?;
        Ok(checked.err().map(|malformed| (malformed.offset(), malformed.to_string())))
    }

    /// A batch of objects that each hold a record; `None` is a null.
    fn _match_objects(&self, records: &Bound<'_, PyTuple>, filters: bool) -> PyResult<BatchResult> {
        let py = records.py();
        // The tuple cannot change and holds them, so they stay where they are while other threads run.
        let objects: Vec<_> = records.iter_borrowed().collect();
        let mut slices: Vec<&[u8]> = Vec::with_capacity(objects.len());
        let (mut others, mut nulls) = (Vec::new(), Vec::new());
        for (record, object) in objects.iter().enumerate() {
            let object: &Bound<'_, PyAny> = object;
            // PERF: all records of most batches are `bytes`, and cost a pointer and a length here.
            if let Ok(bytes) = object.cast::<PyBytes>() {
                slices.push(bytes.as_bytes());
                continue;
            }
            slices.push(&[]);
            if object.is_none() {
                nulls.push(record);
            } else {
                others.push((record, Bytes::of(object)?));
            }
        }
        for (record, bytes) in &others {
            slices[*record] = bytes.as_slice();
        }
        let collected = py.detach(|| {
            let mut collected = Collected::new(slices.len(), filters);
            self.evaluate(&Batch::from_slices(&slices), &mut collected);
            nulls.iter().for_each(|&record| collected.null(record));
            collected
        });
        Ok(collected.finish(py))
    }

    /// A batch in one buffer, cut by offsets.
    fn _match_buffer(
        &self,
        buffer: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        filters: bool,
    ) -> PyResult<BatchResult> {
        let py = buffer.py();
        let bytes = Bytes::of_buffer(buffer)?;
        let offsets = record::offsets(offsets)?;
        let batch = record::cut(bytes.as_slice(), &offsets)?;
        let collected = py.detach(|| {
            let mut collected = Collected::new(batch.len(), filters);
            self.evaluate(&batch, &mut collected);
            collected
        });
        Ok(collected.finish(py))
    }

    /// A batch that lies in chunks of an Arrow array.
    fn _match_chunks(&self, py: Python<'_>, chunks: Vec<Chunk<'_>>, filters: bool) -> PyResult<BatchResult> {
        let pieces = chunks.iter().map(Pieces::of).collect::<PyResult<Vec<_>>>()?;
        let collected = py.detach(|| {
            let mut collected = Collected::new(0, filters);
            for pieces in &pieces {
                let first = collected.len();
                pieces.with_batch(|batch| self.evaluate(batch, &mut collected))?;
                pieces.nulls.iter().for_each(|&record| collected.null(first + record));
            }
            Ok::<_, PyErr>(collected)
        });
        Ok(collected?.finish(py))
    }

    /// An event with only the records that match, every other byte as it was; `None` if no record is left: then the
    /// function would not be invoked.
    ///
    /// Raises `EnvelopeError` if it is no event of the sieve's source.
    fn filter_envelope<'py>(&self, event: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let py = event.py();
        let bytes = Bytes::of(event)?;
        let bytes = bytes.as_slice();
        let source = self.sieve.source();
        let envelope = py.detach(|| match Envelope::parse(bytes) {
            // Trust the sieve where the event names no source.
            Err(error) if *error.kind() == EnvelopeErrorKind::UnknownSource && source != Source::Raw => {
                Envelope::parse_as(bytes, source)
            }
            parsed => parsed,
        });
        let envelope = envelope.map_err(|error| errors::envelope(&error))?;
        // Filters see the two kinds of Kafka alike.
        let alike = |source: Source| if source == Source::Msk { Source::Kafka } else { source };
        if alike(envelope.source()) != alike(source) {
            let message = format!(
                "the event comes from {0}, and the sieve was made for {source}; make one with source=\"{0}\"",
                envelope.source()
            );
            return Err(errors::envelope_text(message, None));
        }
        let kept = py.detach(|| {
            self.pool.with(&self.sieve, |scratch| envelope.filter(&self.sieve, scratch).expect(OWN_SCRATCH))
        });
        Ok(kept.map(|kept| PyBytes::new(py, &kept)))
    }

    fn __repr__(&self) -> String {
        let (source, dialect, filters) = (self.source(), self.dialect(), self.filter_len());
        format!("<eventsieve.Sieve source={source} dialect={dialect} filters={filters} checks={}>", self.checks())
    }
}
