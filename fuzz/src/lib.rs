//! The glue between libFuzzer and the trials of `eventsieve-oracle`, which hold all there is to hold.
//!
//! Counts of the branches that were reached are written to the file that `EVENTSIEVE_TALLY` names, once a second; `run.sh`
//! asks for them.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use eventsieve_oracle::trial::{Tally, Trial};

struct Report {
    tally: Tally,
    path: Option<String>,
    written: Option<Instant>,
}

thread_local! {
    static REPORT: RefCell<Report> = RefCell::new(Report {
        tally: Tally::default(),
        path: std::env::var("EVENTSIEVE_TALLY").ok(),
        written: None,
    });
}

/// Tries one input. A disagreement is a panic, which libFuzzer takes for a crash.
pub fn run(trial: &Trial, bytes: &[u8]) {
    run_with(trial.run, bytes);
}

/// As [`run`], for a trial that is no part of the library.
pub fn run_with(trial: fn(&[u8], &mut Tally), bytes: &[u8]) {
    REPORT.with_borrow_mut(|report| {
        trial(bytes, &mut report.tally);
        let Some(path) = &report.path else { return };
        if report.written.is_none_or(|written| written.elapsed() > Duration::from_secs(1)) {
            report.written = Some(Instant::now());
            // Counts are a courtesy: a full disk must not look like a find.
            let _ = std::fs::write(path, report.tally.to_string());
        }
    });
}
