//! What a filter sees of a record of each source.
//!
//! Every expectation here, and every mapping case of the corpus, is tried in many ways ([`kept`]): the records as delivered,
//! in the pieces a poller holds (payload raw, payload in base64), and inside an envelope; with both front ends, compiled here
//! and loaded from bytes. All ways must agree.

mod case_files;
mod each_source;
mod formats;
mod harness;
mod keys;
mod outcomes;
mod payloads;
