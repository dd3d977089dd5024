//! Criteria to programs, and programs to bytes.

use std::hash::{Hash, Hasher};

use eventsieve::{Dialect, FilterCriteria, Limits, RecordLimits, Sieve, Source};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyType};

use crate::errors;
use crate::limits;
use crate::record::Bytes;

/// Compiled criteria: a flat artefact that can be stored and shipped as bytes.
///
/// `bytes(program)` gives the bytes, `Program.from_bytes` verifies them and takes them back; a program can also be
/// pickled. Equal criteria give equal bytes on every platform, so programs can be compared, and be keys.
#[pyclass(frozen, eq, hash, module = "eventsieve")]
#[derive(PartialEq)]
pub(crate) struct Program {
    pub(crate) program: eventsieve::Program<'static>,
}

impl Hash for Program {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.program.as_bytes().hash(state);
    }
}

#[pymethods]
impl Program {
    /// Verifies the bytes of a program and takes them (a copy).
    ///
    /// Raises `ProgramError`, which names the rule that the bytes break.
    #[classmethod]
    fn from_bytes(_class: &Bound<'_, PyType>, data: &Bound<'_, PyAny>) -> PyResult<Program> {
        let bytes = Bytes::of_buffer(data)?.as_slice().to_vec();
        match eventsieve::Program::from_bytes(bytes) {
            Ok(program) => Ok(Program { program }),
            Err(error) => Err(errors::program(&error)),
        }
    }

    /// The bytes, to store or ship.
    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.program.as_bytes())
    }

    /// Where its records come from.
    #[getter]
    fn source(&self) -> &'static str {
        self.program.source().name()
    }

    /// The dialect that its criteria were written in.
    #[getter]
    fn dialect(&self) -> &'static str {
        self.program.dialect().name()
    }

    /// How many filters it has; none lets every valid record pass.
    #[getter]
    fn filter_len(&self) -> usize {
        self.program.filter_len()
    }

    /// The program as a listing, for people.
    fn disasm(&self) -> String {
        self.program.disasm()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((slf.get_type().getattr("from_bytes")?, (slf.get().__bytes__(slf.py()),)))
    }

    fn __repr__(&self) -> String {
        let program = &self.program;
        format!(
            "<eventsieve.Program source={} dialect={} filters={} bytes={}>",
            program.source(),
            program.dialect(),
            program.filter_len(),
            program.as_bytes().len()
        )
    }
}

/// Compiles criteria: the text of one, or pattern texts. Gives the program and the warnings. `chosen` are bounds by name;
/// those on records are looked at, and are for the sieve to keep.
#[pyfunction]
#[pyo3(signature = (text, patterns, name, source, dialect, strict, chosen))]
#[expect(clippy::too_many_arguments, reason = "only `Sieve.__new__` calls it")]
pub(crate) fn compile<'py>(
    py: Python<'py>,
    text: Option<String>,
    patterns: Option<Vec<String>>,
    name: Option<String>,
    source: &str,
    dialect: Option<&str>,
    strict: bool,
    chosen: &Bound<'py, PyDict>,
) -> PyResult<(Program, Vec<Bound<'py, PyAny>>)> {
    let source: Source = source.parse().map_err(|error| PyValueError::new_err(format!("source: {error}")))?;
    let dialect: Dialect = match dialect {
        Some(dialect) => dialect.parse().map_err(|error| PyValueError::new_err(format!("dialect: {error}")))?,
        None => source.default_dialect(),
    };
    let mut bounds = Limits::of(dialect);
    limits::set(chosen, Some(&mut bounds), &mut RecordLimits::default())?;
    let compiled = py.detach(|| {
        let criteria = match &text {
            Some(text) => FilterCriteria::from_json(text)?,
            None => FilterCriteria::from_patterns(patterns.unwrap_or_default()),
        };
        Sieve::builder(source).dialect(dialect).limits(bounds).strict(strict).compile(&criteria)
    });
    let sieve = compiled.map_err(|errors| errors::criteria(py, &errors, name.as_deref()))?;
    let warnings: PyResult<Vec<_>> =
        sieve.warnings().iter().map(|warning| errors::diagnostic(py, warning, name.as_deref())).collect();
    Ok((Program { program: sieve.program().clone() }, warnings?))
}
