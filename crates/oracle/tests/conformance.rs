//! The reference against the case files, when `EVENTSIEVE_CONFORMANCE` names the directory that holds them.

use std::path::PathBuf;

use eventsieve_cases::{Case, CaseFile};
use eventsieve_oracle::{Reference, run_cases};

/// Files of cases, each with how many pattern cases it holds at least, and the ones the reference cannot answer: those are
/// refused for the cost of their wildcards, a limit of the dialect, which the reference does not know.
const FILES: [(&str, usize, &[&str]); 5] = [
    ("aws-event-patterns", 174, &["content_wildcard_complex_EXC"]),
    ("reference-patterns", 20_000, &[]),
    ("reference-unit-tests", 5_000, &[]),
    ("reference-complex-wildcards", 200, &[]),
    ("public-reports", 30, &["four-wildcards-rejected"]),
];

#[test]
fn reference_answers_the_case_files() {
    let Some(directory) = std::env::var_os("EVENTSIEVE_CONFORMANCE").map(PathBuf::from) else {
        println!("skipped: EVENTSIEVE_CONFORMANCE names no directory");
        return;
    };
    for (name, least, exceptions) in FILES {
        let mut file = CaseFile::read(directory.join(name).with_extension("ndjson")).expect("a case file");
        file.cases.retain(|case| match case {
            Case::Pattern(case) => !exceptions.contains(&case.name.as_str()),
            _ => false,
        });
        let report = run_cases(&mut Reference, &file);
        println!("{name}: {}", report.to_string().lines().last().unwrap_or_default());
        assert!(report.failures.is_empty() && report.skipped == 0, "{name}\n{report}");
        assert!(report.passed >= least, "{name}: only {} cases", report.passed);
    }
}

/// The reading list of the reference's quirks has no expectations, but says what ours is where that is decided.
#[test]
fn reference_gives_our_answer_where_upstream_errs() {
    let Some(directory) = std::env::var_os("EVENTSIEVE_CONFORMANCE").map(PathBuf::from) else {
        println!("skipped: EVENTSIEVE_CONFORMANCE names no directory");
        return;
    };
    let text = std::fs::read_to_string(directory.join("reference-quirks.ndjson")).expect("the reading list");
    let decided =
        text.lines().filter(|line| line.contains("\"ours\": ")).map(|line| line.replace("\"ours\": ", "\"expect\": "));
    let file = CaseFile::parse("reference-quirks.ndjson", &decided.collect::<Vec<_>>().join("\n")).expect("case file");
    let report = run_cases(&mut Reference, &file);
    println!("reference-quirks: {}", report.to_string().lines().last().unwrap_or_default());
    assert!(report.failures.is_empty(), "{report}");
    assert!(report.passed >= 500, "only {} cases", report.passed);
}
