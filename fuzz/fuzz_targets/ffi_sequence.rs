#![no_main]

#[path = "../../crates/oracle/tests/ffi_sequence/trial.rs"]
mod trial;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eventsieve_fuzz::run_with(trial::run, bytes));
