//! C programs against the library: every function, every status, sixteen threads, the whole corpus; linked with the
//! shared and with the static library, plainly, with sanitizers, and under valgrind.

mod common;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{NATIVE_LIBRARIES, Toolchain, fresh_dir, is_there, libraries, library_path, manifest_dir, run};
use eventsieve::{Dialect, Envelope, Source};
use eventsieve_cases::{Case, CaseFile, Expect, MappingCase, PatternCase, Records};

fn c_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(manifest_dir().join("tests/c"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .collect();
    files.sort();
    files
}

/// Compiles the suites and links them with a library.
fn build(gcc: &Toolchain, name: &str, dir: &Path, library: &Path, flags: &[&str]) -> PathBuf {
    let program = dir.join(name);
    let mut command = gcc.command("c11");
    command.args(flags).args(c_files()).arg("-o").arg(&program).arg(library);
    run(command.args(NATIVE_LIBRARIES));
    program
}

fn run_suite(program: &Path, shared: &Path, corpus: &Path, wrapper: &[&str]) {
    let mut command = match wrapper {
        [] => Command::new(program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    };
    let output = run(command.arg(corpus).env("LD_LIBRARY_PATH", library_path(shared)));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("cases of the corpus"), "the suite came to no end: {told}");
}

#[test]
fn the_suites_pass_with_both_libraries() {
    let Some(gcc) = Toolchain::gcc() else { return };
    let dir = fresh_dir("suite");
    let corpus = corpus_file(&dir);
    let (shared, archive) = libraries(&dir);
    run_suite(&build(&gcc, "with_shared", &dir, &shared, &[]), &shared, &corpus, &[]);
    run_suite(&build(&gcc, "with_archive", &dir, &archive, &[]), &shared, &corpus, &[]);
}

#[test]
fn the_suites_pass_under_sanitizers() {
    const FLAGS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let Some(gcc) = Toolchain::gcc() else { return };
    if !gcc.takes(&FLAGS) {
        eprintln!("skipped: gcc has no address and undefined sanitizers");
        return;
    }
    let dir = fresh_dir("sanitized");
    let corpus = corpus_file(&dir);
    let (shared, archive) = libraries(&dir);
    // The archive: then the library's own allocations are the sanitizer's, and leaks in it are told.
    run_suite(&build(&gcc, "sanitized", &dir, &archive, &FLAGS), &shared, &corpus, &[]);
}

#[test]
fn the_suites_pass_under_valgrind() {
    let Some(gcc) = Toolchain::gcc() else { return };
    if !is_there("valgrind") {
        eprintln!("skipped: valgrind is not installed");
        return;
    }
    let dir = fresh_dir("valgrind");
    let corpus = corpus_file(&dir);
    let (shared, _) = libraries(&dir);
    let program = build(&gcc, "valgrinded", &dir, &shared, &[]);
    let wrapper = ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite"];
    run_suite(&program, &shared, &corpus, &[&wrapper[..], &["--fair-sched=yes"]].concat());
}

#[test]
fn the_suites_meet_every_function_and_every_status() {
    let text: String = c_files().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let header = fs::read_to_string(manifest_dir().join("include/eventsieve.h")).unwrap();
    let words = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(str::to_owned).collect()
    };
    let met = words(&text);
    for symbol in common::symbols() {
        assert!(met.contains(&symbol), "no C test calls {symbol}");
    }
    // Only a defect could show these two; `guard` and `scratch` have tests of their own.
    let unseen = ["EVENTSIEVE_STATUS_PANIC", "EVENTSIEVE_STATUS_SCRATCH_RETIRED"];
    let statuses: Vec<String> =
        words(&header).into_iter().filter(|word| word.starts_with("EVENTSIEVE_STATUS_")).collect();
    assert_eq!(statuses.len(), 17);
    for status in &statuses {
        let checked = text.contains(&format!("{status})")) || unseen.contains(&status.as_str());
        assert!(checked, "no C test expects {status}");
    }
}

#[test]
fn the_library_exports_what_is_promised() {
    if !is_there("nm") {
        eprintln!("skipped: nm is not installed");
        assert!(std::env::var_os("CI").is_none(), "nm is missing; apt-get install binutils");
        return;
    }
    let dir = fresh_dir("symbols");
    let (shared, archive) = libraries(&dir);
    let exported = |flags: &[&str], library: &Path| -> Vec<String> {
        let output = run(Command::new("nm").args(flags).arg("--defined-only").arg(library));
        let text = String::from_utf8(output.stdout).unwrap();
        let mut names: Vec<String> = text
            .lines()
            .filter_map(|line| line.split_whitespace().nth(2))
            .filter(|name| flags == ["-D"] || name.starts_with("eventsieve_"))
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let found = exported(&["-D"], &shared);
    let path = manifest_dir().join("symbols.txt");
    if std::env::var_os("BLESS").is_some() {
        let head = "# The functions of the C library. One that is here stays: taking it away needs a new soname.\n";
        fs::write(&path, format!("{head}{}\n", found.join("\n"))).unwrap();
    }
    assert_eq!(found, common::symbols(), "the exported symbols are no longer those of symbols.txt");
    assert_eq!(exported(&["-g"], &archive), found, "the static library has others");
}

/// The cases of the corpus in the form that `corpus.c` reads.
fn corpus_file(dir: &Path) -> PathBuf {
    let corpus = manifest_dir().join("../../corpus/conformance");
    let mut paths: Vec<PathBuf> = fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut out = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "ndjson")) {
        for case in CaseFile::read(path).unwrap().cases {
            match case {
                Case::Pattern(case) => out.push(pattern_case(&case)),
                Case::Mapping(case) => out.push(mapping_case(&case)),
                Case::Other(_) => {}
            }
        }
    }
    let path = dir.join("corpus.txt");
    fs::write(&path, out.concat()).unwrap();
    path
}

fn pattern_case(case: &PatternCase) -> String {
    let criteria = serde_json::json!({ "Filters": [{ "Pattern": case.pattern }] }).to_string();
    let expected = match case.expect {
        Expect::InvalidPattern => "invalid",
        Expect::NoMatch => "0",
        Expect::Match => "1",
        Expect::InvalidEvent => "2",
    };
    let records: Vec<&str> = case.event.as_deref().into_iter().collect();
    let expected = if records.is_empty() && expected != "invalid" { "-" } else { expected };
    // The other message that cases have is about the event.
    let aws = case.aws_message.as_deref().filter(|_| expected == "invalid").unwrap_or_default();
    written(&case.name, Source::Raw, &case.dialect, &criteria, aws, &records, expected, None)
}

fn mapping_case(case: &MappingCase) -> String {
    let source: Source = case.source.parse().unwrap();
    let digits = |record_len: usize| -> String {
        (0..record_len).map(|record| if case.expect.contains(&record) { '1' } else { '0' }).collect()
    };
    let put = |records: &[&str], expected: &str, envelope| {
        let expected = if records.is_empty() { "-" } else { expected };
        written(&case.name, source, &case.dialect, &case.filter_criteria, "", records, expected, envelope)
    };
    match &case.records {
        Records::List(list) => {
            let records: Vec<&str> = list.iter().map(String::as_str).collect();
            put(&records, &digits(records.len()), None)
        }
        Records::Envelope(text) => {
            let envelope = Envelope::parse_as(text.as_bytes(), source).unwrap();
            let records: Vec<&str> = (0..envelope.len()).map(|at| &text[envelope.range(at)]).collect();
            let mut left = Vec::new();
            envelope.splice(|record| case.expect.contains(&record), &mut left);
            let left = String::from_utf8(left).unwrap();
            put(&records, &digits(records.len()), Some((text.as_str(), left.as_str())))
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "the columns of the file")]
fn written(
    name: &str,
    source: Source,
    dialect: &str,
    criteria: &str,
    aws: &str,
    records: &[&str],
    expected: &str,
    envelope: Option<(&str, &str)>,
) -> String {
    let (event, left) = envelope.unwrap_or_default();
    let dialect = dialect.parse::<Dialect>().unwrap().code() + 1;
    let name = name.replace(char::is_whitespace, "-");
    let mut out = format!(
        "case {name} {} {dialect} {} {} {} {expected} {} {}\n{criteria}\n{aws}\n",
        source.code(),
        criteria.len(),
        aws.len(),
        records.len(),
        event.len(),
        left.len()
    );
    for record in records {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}\n{record}\n", record.len());
    }
    let _ = write!(out, "{event}\n{left}\n");
    out
}
