#![no_main]

use eventsieve_oracle::trial::sources::TRIAL;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eventsieve_fuzz::run(&TRIAL, bytes));
