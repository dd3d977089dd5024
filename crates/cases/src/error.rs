//! Why a case file could not be read.

use std::fmt;

use crate::model::Place;

/// A case file that cannot be read, with the file and the place in it.
///
/// `Display` is one clause that starts with the file, e.g. `cases.ndjson: line 3: unknown expectation "mach"`.
#[derive(Debug)]
pub struct CaseError {
    file: String,
    place: Option<Place>,
    kind: CaseErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What sort of trouble a [`CaseError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseErrorKind {
    /// The file could not be read from disk, or is not UTF-8.
    Io,
    /// The text is not JSON (or YAML, where YAML is expected).
    Syntax,
    /// The text is well formed, but a row is not a case.
    Shape,
}

impl CaseError {
    pub(crate) fn new(file: &str, place: Option<Place>, kind: CaseErrorKind, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place, kind, message: message.into(), source: None }
    }

    pub(crate) fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// What sort of trouble this is.
    pub fn kind(&self) -> CaseErrorKind {
        self.kind
    }

    /// The file, as it was named to the reader.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Where in the file, if the trouble has a place.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// The trouble itself, without file and place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{}: {}: {}", self.file, place, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for CaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
