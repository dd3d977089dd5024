//! The project's own cases, and the recorded and generated ones where they are at hand.

use std::path::{Path, PathBuf};

use crate::{run, top};

/// The case files of a directory, sorted.
fn case_files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .expect("the directory of case files is there")
        .map(|entry| entry.expect("the directory can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "ndjson"))
        .collect();
    files.sort();
    files
}

fn cases(file: &Path) -> usize {
    let text = std::fs::read_to_string(file).expect("the case file can be read");
    text.lines().filter(|line| line.contains("\"expect\":")).count()
}

#[test]
fn own_cases_pass() {
    let files = case_files(&top().join("corpus/conformance"));
    let expected: usize = files.iter().map(|file| cases(file)).sum();
    assert!(expected >= 120, "{expected}");
    let run = run(&[&[PathBuf::from("test")], files.as_slice()].concat());
    assert_eq!(run.status, 0, "{run:#?}");
    assert_eq!(run.stdout.lines().last(), Some(format!("{expected} passed, 0 failed").as_str()));
}

#[test]
fn every_deliberate_difference_is_a_case() {
    let text = std::fs::read_to_string(top().join("corpus/conformance/differences.ndjson")).unwrap();
    for number in 1..=13 {
        assert!(text.contains(&format!("\"name\": \"D{number}-")), "D{number}");
    }
}

#[test]
fn samples_give_what_the_readme_says() {
    let readme = std::fs::read_to_string(top().join("README.md")).unwrap();
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of commands");
    let commands: Vec<_> = block.lines().collect();
    let [first, second] = commands[..] else { panic!("two commands, not {commands:?}") };
    assert_eq!(second, "cargo test --workspace --locked");
    let args =
        first.strip_prefix("cargo run --release --locked -p eventsieve-cli -- ").expect("the command is run by cargo");
    let run = run(&args.split(' ').collect::<Vec<_>>());
    assert_eq!(run.status, 0, "{run:#?}");
    assert_eq!(run.stdout.lines().count(), 9);
    assert!(run.stderr.contains("corpus/samples/orders.ndjson:10:"), "{run:#?}");
    assert!(run.stderr.contains("\n21 records: 9 matched, 12 dropped (1 malformed); "), "{run:#?}");
}

/// Runs the named files of the directory that `EVENTSIEVE_CONFORMANCE` names. Every case must pass, none be skipped.
fn conformance(names: &[&str], flags: &[&str]) {
    let Some(directory) = std::env::var_os("EVENTSIEVE_CONFORMANCE") else {
        println!("skipped: EVENTSIEVE_CONFORMANCE names no directory of case files");
        return;
    };
    for name in names {
        let file = Path::new(&directory).join(name);
        let mut args = vec![PathBuf::from("test"), file.clone()];
        args.extend(flags.iter().map(PathBuf::from));
        let run = run(&args);
        assert_eq!(run.status, 0, "{name}\n{}{}", run.stderr, run.stdout);
        let total = run.stdout.lines().last().unwrap_or_default();
        assert_eq!(total, format!("{} passed, 0 failed", cases(&file)), "{name}");
        assert_eq!(run.stderr, "", "{name}");
    }
}

#[test]
fn recorded_answers_of_the_service_are_ours() {
    conformance(&["aws-event-patterns.ndjson", "public-reports.ndjson"], &[]);
    conformance(&["aws-event-source-mappings.ndjson", "documented-event-source-mappings.ndjson"], &[]);
}

#[test]
fn answers_of_the_reference_are_ours() {
    conformance(&["reference-patterns.ndjson", "reference-unit-tests.ndjson"], &[]);
}

#[test]
fn answers_of_the_reference_to_complex_wildcards_are_ours() {
    conformance(&["reference-complex-wildcards.ndjson"], &["--complexity-limit", "off"]);
}
