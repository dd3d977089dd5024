//! Case files, ours and handed-out ones.

use std::path::{Path, PathBuf};

use eventsieve::{Batch, Dialect, Envelope, FilterCriteria, FrontEnd, Limits, Sieve, Source, Verdict};
use eventsieve_cases::{Case, CaseFile, Expect, Records};
use serde_json::Value;

use crate::harness::*;

// ------------------------------------------------------------------------------------------------------------------
// Case files.

/// Tries every mapping case of a file; gives their number.
fn run_file(path: &Path, sources: &mut Vec<String>) -> usize {
    let file = CaseFile::read(path).unwrap_or_else(|error| panic!("{error}"));
    let (mut cases, mut seen, mut left) = (0, 0, 0);
    for case in &file.cases {
        let Case::Mapping(case) = case else { continue };
        let source: Source = case.source.parse().expect("a source");
        let dialect: Dialect = case.dialect.parse().expect("a dialect");
        let records = match &case.records {
            Records::List(records) => records.clone(),
            Records::Envelope(event) => records_of(source, event),
        };
        let criteria =
            FilterCriteria::from_json(&case.filter_criteria).unwrap_or_else(|errors| panic!("{}: {errors}", case.name));
        let kept = kept_by(source, dialect, &criteria, &records)
            .unwrap_or_else(|errors| panic!("{}: {}", case.name, errors.render(None)));
        assert_eq!(kept, case.expect, "{}: {}", case.place, case.name);
        cases += 1;
        seen += records.len();
        left += kept.len();
        if !sources.contains(&case.source) {
            sources.push(case.source.clone());
        }
    }
    println!("{}: {cases} mapping cases, {left} of {seen} records delivered", path.display());
    cases
}

#[test]
fn handed_out_mapping_cases() {
    let Some(directory) = std::env::var_os("EVENTSIEVE_CONFORMANCE").map(PathBuf::from) else {
        println!("skipped: EVENTSIEVE_CONFORMANCE names no directory");
        return;
    };
    for (name, least) in
        [("aws-event-source-mappings", 38), ("documented-event-source-mappings", 35), ("public-reports", 22)]
    {
        let cases = run_file(&directory.join(name).with_extension("ndjson"), &mut Vec::new());
        assert!(cases >= least, "{name}: only {cases} cases");
    }
}

/// Whether a pattern has an empty key, which means one thing at the root and another below.
fn has_empty_key(pattern: &str) -> bool {
    let pattern: String = pattern.split_ascii_whitespace().collect();
    pattern.contains("{\"\":") || pattern.contains(",\"\":")
}

/// What a pattern says of an event, it says of a payload with that text, under the key of the payload.
#[test]
fn handed_out_patterns_hold_inside_payloads() {
    let Some(directory) = std::env::var_os("EVENTSIEVE_CONFORMANCE").map(PathBuf::from) else {
        println!("skipped: EVENTSIEVE_CONFORMANCE names no directory");
        return;
    };
    for (name, least) in [
        ("aws-event-patterns", 130),
        ("public-reports", 25),
        ("reference-patterns", 16_000),
        ("reference-unit-tests", 5_000),
    ] {
        let file =
            CaseFile::read(directory.join(name).with_extension("ndjson")).unwrap_or_else(|error| panic!("{error}"));
        let mut cases = 0;
        for case in file.patterns() {
            let (expected, Some(event)) = (case.expect, &case.event) else { continue };
            if !matches!(expected, Expect::Match | Expect::NoMatch) || has_empty_key(&case.pattern) {
                continue;
            }
            let expected = if expected == Expect::Match { Verdict::Match } else { Verdict::NoMatch };
            cases += 1;
            for source in DECODED {
                let pattern = format!("{{\"{}\":{}}}", payload_key(source), case.pattern);
                let sieve = Sieve::builder(source)
                    .dialect(Dialect::EventBridge)
                    .limits(Limits::none())
                    .compile(&FilterCriteria::from_patterns([pattern]))
                    .unwrap_or_else(|errors| panic!("{}: {}", case.name, errors.render(None)));
                let record = record(source, event.as_bytes());
                let front_end = if cases % 2 == 0 { FrontEnd::Tape } else { FrontEnd::Text };
                let sieve = sieve.with_front_end(front_end);
                let mut scratch = sieve.scratch();
                let verdicts = sieve.evaluate(&mut scratch, &Batch::from_slices(&[record.as_bytes()])).unwrap();
                let of = format!("{}: {} of {event}", case.name, case.pattern);
                assert_eq!(verdicts, [expected], "{source}, {name}, {}: {of}", case.place);
            }
        }
        println!("{name}: {cases} patterns inside the payloads of {} sources", DECODED.len());
        assert!(cases >= least, "{name}: only {cases}");
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus")
}

#[test]
fn own_mapping_cases() {
    let mut sources = Vec::new();
    let cases = run_file(&corpus().join("conformance/sources.ndjson"), &mut sources);
    assert!(cases >= 60, "{cases}");
    assert_eq!(sources.len(), 7, "{sources:?}");
}

/// The samples of each source: records one a line, the same records in an event, criteria, and how many they keep.
#[test]
fn own_samples() {
    for (source, records_left) in [
        (Source::Sqs, 4),
        (Source::Kinesis, 3),
        (Source::DynamoDb, 3),
        (Source::Msk, 4),
        (Source::Kafka, 3),
        (Source::ActiveMq, 3),
        (Source::RabbitMq, 3),
        (Source::DocumentDb, 2),
    ] {
        let read = |ending: &str| std::fs::read_to_string(corpus().join(format!("sources/{source}{ending}"))).unwrap();
        let (lines, event) = (read(".ndjson"), read(".event.json"));
        let criteria = FilterCriteria::from_json(&read(".criteria.json")).unwrap();
        let records: Vec<String> = lines.lines().map(str::to_owned).collect();
        let dialect = if source == Source::DocumentDb { Dialect::EventBridge } else { Dialect::Lambda };
        let kept = kept_by(source, dialect, &criteria, &records).unwrap();
        assert_eq!(kept.len(), records_left, "{source}: {kept:?}");
        assert!(kept.len() < records.len(), "{source}");

        let envelope = Envelope::parse(event.as_bytes()).unwrap();
        assert_eq!(envelope.source(), source);
        // The event is laid out for people; its records have the same values.
        let values = |texts: Vec<String>| -> Vec<Value> {
            let mut values: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            values.sort_by_key(Value::to_string);
            values
        };
        assert_eq!(values(records_of(source, &event)), values(records.clone()), "{source}");
        let sieve = Sieve::builder(source).dialect(dialect).compile(&criteria).unwrap();
        let filtered = envelope.filter(&sieve, &mut sieve.scratch()).unwrap().expect("some are left");
        let left = records_of(source, std::str::from_utf8(&filtered).unwrap());
        assert_eq!(values(left), values(kept.iter().map(|&at| records[at].clone()).collect()), "{source}");
    }
}
