//! A value that every filter wants absent ends the reading of a record that need not be proved, and changes no verdict.

use eventsieve::{Batch, Checks, FilterCriteria, FrontEnd, Isa, Sieve, Source, Verdict};

fn sieve(source: Source, patterns: &[&str]) -> Sieve<'static> {
    let criteria = FilterCriteria::from_patterns(patterns.iter().copied());
    Sieve::builder(source).compile(&criteria).expect("the patterns compile")
}

fn verdict(sieve: &Sieve<'_>, record: &str) -> Verdict {
    let slices = [record.as_bytes()];
    sieve.evaluate(&mut sieve.scratch(), &Batch::from_slices(&slices)).expect("the scratch is the sieve's")[0]
}

#[test]
fn a_record_is_not_read_behind_a_value_that_must_be_absent() {
    let lone = [r#"{"a":[{"exists":false}]}"#];
    let shared = [r#"{"a":[{"exists":false}],"b":["x"]}"#, r#"{"a":[{"exists":false}],"c":["x"]}"#];
    let nested = [r#"{"o":{"a":[{"exists":false}]},"b":["x"]}"#];
    let apart = [r#"{"a":[{"exists":false}]}"#, r#"{"b":[{"exists":false}]}"#];
    // What is cut off behind such a value is seen only by those who prove every record.
    for (patterns, record, expected) in [
        (&lone[..], r#"{"a":1,"#, Verdict::NoMatch),
        (&lone[..], r#"{"a":[1],"#, Verdict::NoMatch),
        (&shared[..], r#"{"a":null,"b":"x","#, Verdict::NoMatch),
        (&nested[..], r#"{"o":{"a":"","#, Verdict::NoMatch),
        (&lone[..], r#"{"b":1,"#, Verdict::Malformed),
        // One filter does not mind.
        (&apart[..], r#"{"a":1,"#, Verdict::Malformed),
    ] {
        let sieve = sieve(Source::Raw, patterns).with_prefilter(false);
        for isa in Isa::available() {
            let sieve = sieve.clone().with_isa(isa);
            assert_eq!(verdict(&sieve, record), expected, "{patterns:?} on {record}");
            let every = sieve.clone().with_checks(Checks::Every);
            assert_eq!(verdict(&every, record), Verdict::Malformed, "{patterns:?} on {record}");
        }
    }
}

#[test]
fn verdicts_are_those_of_the_whole_record() {
    let filters: [&[&str]; 5] = [
        &[r#"{"a":[{"exists":false}]}"#],
        &[r#"{"a":[{"exists":false}],"b":["x"]}"#, r#"{"a":[{"exists":false}],"c":["x"]}"#],
        &[r#"{"a":[{"exists":false}]}"#, r#"{"b":[{"exists":false}]}"#],
        &[r#"{"o":{"a":[{"exists":false}],"b":["x"]}}"#],
        &[r#"{"o":{"a":[{"exists":false}]},"a":[{"exists":false}]}"#],
    ];
    let records = [
        r#"{"a":1,"b":"x"}"#,
        r#"{"b":"x","a":{}}"#,
        r#"{"a":[],"b":"x"}"#,
        r#"{"a":{"c":1},"c":"x"}"#,
        r#"{"b":"x","a":[[1]]}"#,
        r#"{"c":"x","a":1,"a":{}}"#,
        r#"{"o":{"b":"x"},"b":1}"#,
        r#"{"o":[{"a":1},{"b":"x"}]}"#,
        r#"{"o":{"b":"x"},"o.a":1}"#,
        r#"{"o":{"b":"x","\u0061":2}}"#,
        r#"{"o":1}"#,
        "{}",
    ];
    let sources = [Source::Raw, Source::Kinesis, Source::Kafka];
    let (mut matches, mut others) = (0, 0);
    for (source, patterns) in sources.into_iter().flat_map(|source| filters.map(|patterns| (source, patterns))) {
        // The same below the payload, where the source has one that is coded.
        let key = match source {
            Source::Kinesis => Some("data"),
            Source::Kafka => Some("value"),
            _ => None,
        };
        let patterns: Vec<String> = patterns
            .iter()
            .map(|pattern| key.map_or((*pattern).to_owned(), |key| format!(r#"{{"{key}":{pattern}}}"#)))
            .collect();
        let sieve = sieve(source, &patterns.iter().map(String::as_str).collect::<Vec<_>>());
        for record in records {
            let record = match source {
                Source::Kinesis => format!(r#"{{"kinesis":{{"data":"{}"}}}}"#, base64(record)),
                Source::Kafka => format!(r#"{{"topic":"t","value":"{}"}}"#, base64(record)),
                _ => record.to_owned(),
            };
            let expected = verdict(&sieve.clone().with_front_end(FrontEnd::Text), &record);
            for checks in [Checks::Matches, Checks::Every] {
                let found = verdict(&sieve.clone().with_checks(checks), &record);
                assert_eq!(found, expected, "{patterns:?} on {record}, {checks:?}");
            }
            if expected == Verdict::Match { matches += 1 } else { others += 1 }
        }
    }
    assert!(matches > 30 && others > 30, "{matches} and {others}");
}

fn base64(text: &str) -> String {
    base64_simd::STANDARD.encode_to_string(text)
}
