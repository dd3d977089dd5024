//! The corpus: `corpus/README.md` tells how many cases each file holds, and every case is answered alike in every way there is
//! to ask the engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use eventsieve::{Dialect, FilterCriteria, Limits, Sieve, Source, Verdict};
use eventsieve_cases::{CaseFile, Expect};
use eventsieve_oracle::trial::ways;

/// Cases are asked about in batches of so many events, where they share a pattern.
const EVENTS: usize = 64;

/// By front end, instruction set, batch, prefilter, program fresh and reloaded. Cases of `EVENTSIEVE_CONFORMANCE`, too.
#[test]
fn every_case_is_answered_alike_in_every_way() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/conformance");
    let others = std::env::var_os("EVENTSIEVE_CONFORMANCE").map(PathBuf::from);
    if others.is_none() {
        println!("only our own cases: EVENTSIEVE_CONFORMANCE names no directory");
    }
    let mut asked = 0;
    for directory in [Some(own), others].into_iter().flatten() {
        for file in std::fs::read_dir(&directory).expect("the folder") {
            let path = file.expect("it can be read").path();
            if path.extension().is_none_or(|extension| extension != "ndjson") {
                continue;
            }
            let file = CaseFile::read(&path).expect("a case file");
            let mut by_pattern: BTreeMap<(&str, &str), Vec<(&str, Verdict)>> = BTreeMap::new();
            for case in file.patterns() {
                let expected = match case.expect {
                    Expect::Match => Verdict::Match,
                    Expect::NoMatch => Verdict::NoMatch,
                    Expect::InvalidEvent => Verdict::Malformed,
                    _ => continue,
                };
                if let Some(event) = &case.event {
                    by_pattern.entry((&case.dialect, &case.pattern)).or_default().push((event, expected));
                }
            }
            for ((dialect, pattern), events) in by_pattern {
                let dialect: Dialect = dialect.parse().expect("a dialect");
                let mut limits = Limits::of(dialect);
                limits.wildcard_complexity = None;
                let criteria = FilterCriteria::from_patterns([pattern]);
                let builder = Sieve::builder(Source::Raw).dialect(dialect).limits(limits);
                let sieve =
                    builder.compile(&criteria).unwrap_or_else(|errors| panic!("{pattern}: {}", errors.render(None)));
                for events in events.chunks(EVENTS) {
                    let records: Vec<Vec<u8>> = events.iter().map(|(event, _)| event.as_bytes().to_vec()).collect();
                    let found =
                        ways(&sieve, &records).unwrap_or_else(|way| panic!("{}, {pattern}: {way}", path.display()));
                    for (found, (event, expected)) in found.iter().zip(events) {
                        assert_eq!(found.0, *expected, "{}: {pattern} on {event}", path.display());
                    }
                    asked += events.len();
                }
            }
        }
    }
    println!("{asked} cases");
    assert!(asked > 250, "only {asked} cases");
}

#[test]
fn the_readme_counts_right() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    let readme = std::fs::read_to_string(corpus.join("README.md")).expect("the README");
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for file in std::fs::read_dir(corpus.join("conformance")).expect("the folder") {
        let path = file.expect("it can be read").path();
        let cases = CaseFile::read(&path).expect("a case file");
        assert_eq!(cases.others().count(), 0, "{} holds rows that are no cases", path.display());
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        counted.insert(name, cases.patterns().count() + cases.mappings().count());
    }
    let rows = readme.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?.to_owned();
        Some((name, cells.next()?.parse().ok()?))
    });
    let told: BTreeMap<String, usize> = rows.collect();
    assert_eq!(told, counted);
    let total = format!("{} cases", counted.values().sum::<usize>());
    assert!(readme.contains(&total), "the README does not speak of {total}");
}
