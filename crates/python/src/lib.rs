//! The native half of the Python package `eventsieve`.
//!
//! Everything that Python can say as well lives in `python/eventsieve/`: shapes of criteria, Arrow arrays of every
//! library, enumerations, error classes. Here is what it cannot: bytes borrowed from Python objects ([`record`]),
//! programs ([`program`]) and their bounds ([`limits`]), and evaluation without Python's global lock ([`sieve`]).

mod batch;
mod errors;
mod limits;
mod program;
mod record;
mod sieve;

/// What `eventsieve._eventsieve` holds.
#[pyo3::pymodule(gil_used = true)]
mod _eventsieve {
    #[pymodule_export]
    use crate::batch::BatchResult;
    #[pymodule_export]
    use crate::program::{Program, compile};
    #[pymodule_export]
    use crate::sieve::NativeSieve;
}
