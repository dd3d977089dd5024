//! What the benchmarks share: workloads, engines, and the way they are timed.
//!
//! | module | what it holds |
//! |---|---|
//! | [`workloads`] | records and criteria, made here |
//! | [`engines`] | ours and its peers, behind one trait |
//! | [`payload`] | what a poller does before it asks a peer |
//! | [`plain`] | filters applied in the plain way: the check on everything else |
//! | [`measure`] | interleaved timing |
//! | [`report`] | the table and the rows |
//!
//! The questions are the files beside this one: `matching` (criterion), `compare`, `index`, `scaling`, `compile`, `sources`
//! (criterion), `latency` and `ffi`. Name the package, `cargo bench -p eventsieve-benches --bench compare`: built together with the rest of the
//! workspace, `serde_json` would have features that make it slower than its users know it.

pub mod engines;
pub mod measure;
pub mod payload;
pub mod plain;
pub mod report;
pub mod workloads;
