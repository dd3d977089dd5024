//! Any text as criteria, for every source: an answer or errors whose spans lie in the text, never a panic.
#![no_main]

use eventsieve::{Batch, FilterCriteria, Sieve, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(criteria) = FilterCriteria::from_json(text) else { return };
    match Sieve::builder(Source::Raw).compile(&criteria) {
        Ok(sieve) => {
            let mut scratch = sieve.scratch();
            let records: [&[u8]; 2] = [br#"{"a":{"b":[1,"x",{"c":null}]}}"#, text.as_bytes()];
            let _ = sieve.evaluate_sets(&mut scratch, &Batch::from_slices(&records));
            let _ = sieve.program().disasm();
        }
        Err(errors) => {
            for error in &errors {
                let _ = (error.render(None), error.aws_message());
                if let Some(span) = error.outer_span() {
                    assert!(text.get(span).is_some());
                }
            }
        }
    }
});
