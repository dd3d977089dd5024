//! Errors as Python sees them: classes that Python defines, filled here.

use eventsieve::{CompileError, CompileErrors, EnvelopeError, ProgramError, Severity};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

mod classes {
    pyo3::import_exception!(eventsieve._errors, CriteriaError);
    pyo3::import_exception!(eventsieve._errors, EnvelopeError);
    pyo3::import_exception!(eventsieve._errors, ProgramError);
}

/// An error or a warning as `eventsieve.Diagnostic`. `name` is the file the criteria came from.
pub(crate) fn diagnostic<'py>(
    py: Python<'py>,
    error: &CompileError,
    name: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let (within, span) = match (error.span(), error.outer_span()) {
        (Some(span), _) => (Some("pattern"), Some(span)),
        (None, Some(span)) => (Some("criteria"), Some(span)),
        (None, None) => (None, None),
    };
    let position = error.outer_position();
    let fields = PyDict::new(py);
    fields.set_item("message", error.message())?;
    fields.set_item("code", error.kind().code())?;
    fields.set_item("severity", if error.severity() == Severity::Warning { "warning" } else { "error" })?;
    fields.set_item("aws_message", error.aws_message())?;
    fields.set_item("help", error.help())?;
    fields.set_item("filter", error.filter())?;
    fields.set_item("within", within)?;
    fields.set_item("start", span.as_ref().map(|span| span.start))?;
    fields.set_item("end", span.as_ref().map(|span| span.end))?;
    fields.set_item("line", position.map(|(line, _)| line))?;
    fields.set_item("column", position.map(|(_, column)| column))?;
    fields.set_item("rendered", error.render(name))?;
    CLASS.import(py, "eventsieve._errors", "Diagnostic")?.call((), Some(&fields))
}

/// `CriteriaError`, with the drawing as its text.
pub(crate) fn criteria(py: Python<'_>, errors: &CompileErrors, name: Option<&str>) -> PyErr {
    let diagnostics: PyResult<Vec<_>> = errors.iter().map(|error| diagnostic(py, error, name)).collect();
    match diagnostics {
        Ok(diagnostics) => {
            let diagnostics = diagnostics.into_iter().map(Bound::unbind).collect::<Vec<_>>();
            classes::CriteriaError::new_err((errors.render(name), diagnostics))
        }
        Err(error) => error,
    }
}

/// `ProgramError`.
pub(crate) fn program(error: &ProgramError) -> PyErr {
    classes::ProgramError::new_err(error.to_string())
}

/// `EnvelopeError`, with the byte it points at.
pub(crate) fn envelope(error: &EnvelopeError) -> PyErr {
    envelope_text(error.to_string(), error.offset())
}

/// `EnvelopeError` in words of our own.
pub(crate) fn envelope_text(message: String, offset: Option<usize>) -> PyErr {
    classes::EnvelopeError::new_err((message, offset))
}
