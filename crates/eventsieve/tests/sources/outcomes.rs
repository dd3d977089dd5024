//! Reasons, programs, views.

use std::fmt::Write as _;

use eventsieve::source::{kafka, kinesis, mq, sqs};
use eventsieve::{
    Batch, Checks, Dialect, DropReason, Encoded, FilterCriteria, PayloadFormat, Program, RecordView, Sieve, Source,
    Verdict,
};

use crate::harness::*;

// ------------------------------------------------------------------------------------------------------------------
// Reasons, programs, views.

#[test]
fn a_deleted_message_says_whether_it_was_broken_or_unwanted() {
    let mut lines = String::new();
    for record in
        records(Source::Sqs, &["{\"kind\":\"end\"}", "end", "{\"kind\":\"start\"", "{\"kind\":\"start\"}", "7"])
    {
        writeln!(lines, "{record}").unwrap();
    }
    writeln!(lines, "{}\n{{\"body\":", record_with(Source::Sqs, None)).unwrap();
    let batch = Batch::from_lines(lines.as_bytes());
    let reasons = |patterns: &[&str]| -> (Vec<Option<DropReason>>, Vec<Option<PayloadFormat>>) {
        let sieve = Sieve::builder(Source::Sqs)
            .checks(Checks::Every)
            .compile(&FilterCriteria::from_patterns(patterns.iter().copied()))
            .unwrap();
        let mut scratch = sieve.scratch();
        let outcome = sieve.evaluate_sets(&mut scratch, &batch).unwrap();
        (0..batch.len()).map(|index| (outcome.drop_reason(index), outcome.payload_format(index))).unzip()
    };
    use DropReason::{FilteredOut, Malformed, PayloadNotJson};
    let formats = [
        Some(PayloadFormat::Json),
        Some(PayloadFormat::Plain),
        Some(PayloadFormat::Plain),
        Some(PayloadFormat::Json),
        Some(PayloadFormat::Plain),
        Some(PayloadFormat::Undecodable),
        None,
    ];
    let not_json = Some(PayloadNotJson);
    let json = [Some(FilteredOut), not_json, not_json, None, not_json, not_json, Some(Malformed)];
    assert_eq!(reasons(&[r#"{"body":{"kind":["start"]}}"#]), (json.to_vec(), formats.to_vec()));
    // With a filter for plain text beside it, what that takes is no loss.
    let both = [Some(FilteredOut), None, not_json, None, not_json, not_json, Some(Malformed)];
    assert_eq!(reasons(&[r#"{"body":{"kind":["start"]}}"#, r#"{"body":["end"]}"#]).0, both);
    // Nobody asks for JSON: nothing is broken.
    let out = Some(FilteredOut);
    let plain = [out, out, out, out, out, out, Some(Malformed)];
    assert_eq!(reasons(&[r#"{"body":["start"]}"#]), (plain.to_vec(), formats.to_vec()));
    // Nobody looks at the body: it has no format.
    assert_eq!(reasons(&[r#"{"awsRegion":["us-east-1"]}"#]), (plain.to_vec(), vec![None; 7]));
}

#[test]
fn program_carries_its_source_and_is_the_same_every_time() {
    for &source in Source::ALL {
        let pattern = r#"{"eventSource":["aws:sqs"],"body":{"kind":["start"]}}"#;
        let criteria = FilterCriteria::from_patterns([pattern]);
        let compile = || Sieve::builder(source).dialect(Dialect::EventBridge).compile(&criteria).unwrap();
        let bytes = compile().program().as_bytes().to_vec();
        assert_eq!(compile().program().as_bytes(), bytes, "{source}");
        let loaded = Sieve::from_program(Program::from_bytes(bytes).unwrap());
        assert_eq!(loaded.source(), source);
    }
    // The same pattern on the same record means different things to different sources.
    let record = br#"{"eventSource":"aws:sqs","body":"{\"kind\":\"start\"}"}"#.as_slice();
    let criteria = FilterCriteria::from_patterns([r#"{"body":{"kind":["start"]}}"#]);
    for (source, expected) in
        [(Source::Sqs, Verdict::Match), (Source::Raw, Verdict::NoMatch), (Source::Kafka, Verdict::NoMatch)]
    {
        let bytes = Sieve::builder(source).compile(&criteria).unwrap().program().as_bytes().to_vec();
        let loaded = Sieve::from_program(Program::from_bytes(bytes).unwrap());
        let mut scratch = loaded.scratch();
        assert_eq!(loaded.evaluate(&mut scratch, &Batch::from_slices(&[record])).unwrap(), [expected], "{source}");
    }
}

#[test]
fn builders_need_no_metadata() {
    let evaluate = |source, pattern, view: RecordView<'_>| {
        let sieve = Sieve::builder(source).compile(&FilterCriteria::from_patterns([pattern])).unwrap();
        let mut scratch = sieve.scratch();
        sieve.evaluate(&mut scratch, &Batch::from_views(&[view])).unwrap()[0]
    };
    assert_eq!(evaluate(Source::Sqs, r#"{"body":["x"]}"#, sqs::message("x", None)), Verdict::Match);
    assert_eq!(evaluate(Source::ActiveMq, r#"{"data":["x"]}"#, mq::message(b"x", None)), Verdict::Match);
    assert_eq!(evaluate(Source::RabbitMq, r#"{"data":["y"]}"#, mq::message(b"x", None)), Verdict::NoMatch);
    let absent = r#"{"attributes":{"SenderId":[{"exists":false}]}}"#;
    assert_eq!(evaluate(Source::Sqs, absent, sqs::message("x", None)), Verdict::Match);
    assert_eq!(evaluate(Source::Sqs, absent, sqs::message("x", Some(b"{\"attributes\":"))), Verdict::Malformed);
    assert_eq!(evaluate(Source::Sqs, absent, RecordView::pieces()), Verdict::Match);
    let tombstone = kafka::Record { topic: "rides", ..kafka::Record::default() };
    assert_eq!(evaluate(Source::Kafka, r#"{"topic":["rides"],"value":["x"]}"#, tombstone.view()), Verdict::Match);
    assert_eq!(evaluate(Source::Kafka, r#"{"topic":["other"],"value":["x"]}"#, tombstone.view()), Verdict::NoMatch);
    // The payload in hand counts, not one that stands in the metadata.
    let both = sqs::message("y", Some(b"{\"body\":\"x\"}"));
    assert_eq!(evaluate(Source::Sqs, r#"{"body":["x"]}"#, both), Verdict::NoMatch);
    assert_eq!(evaluate(Source::Sqs, r#"{"body":["y"]}"#, both), Verdict::Match);
}

#[test]
fn text_members_may_hold_anything() {
    let criteria = FilterCriteria::from_patterns([r#"{"partitionKey":["a\"\\\u0001é🚲"]}"#]);
    let sieve = Sieve::builder(Source::Kinesis).compile(&criteria).unwrap();
    let mut scratch = sieve.scratch();
    let views = [
        kinesis::record("a\"\\\u{1}é🚲", "1", Encoded::plain(b"\xff")),
        kinesis::record("a", "a\"\\\u{1}é🚲", Encoded::base64(b"no base64")),
        kinesis::record("", "", Encoded::plain(b"")),
    ];
    let verdicts = sieve.evaluate(&mut scratch, &Batch::from_views(&views)).unwrap();
    assert_eq!(verdicts, [Verdict::Match, Verdict::NoMatch, Verdict::NoMatch]);
}

#[test]
fn a_scratch_forgets_the_payload_before() {
    // Long, then short, then broken, then none: nothing of one record is left for the next.
    let long = format!("{{\"kind\":\"start\",\"pad\":\"{}\"}}", "x".repeat(5_000));
    for source in [Source::Kinesis, Source::Kafka] {
        let key = payload_key(source);
        let records = [
            record(source, long.as_bytes()),
            record(source, b"{}"),
            record(source, b"\xff"),
            record_with(source, None),
            record(source, long.as_bytes()),
        ];
        let pattern = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        let expected: &[usize] = if source == Source::Kafka { &[0, 2, 3, 4] } else { &[0, 4] };
        assert_eq!(kept(source, &[&pattern], &records), expected, "{source}");
    }
}

#[test]
fn payloads_are_not_decoded_where_metadata_decides() {
    let sieve = |patterns: &[&str]| {
        let criteria = FilterCriteria::from_patterns(patterns.iter().copied());
        Sieve::builder(Source::Kafka).compile(&criteria).unwrap()
    };
    // What is no UTF-8 shows whether anybody looked.
    let record = |topic| kafka::Record { topic, value: Some(b"\xff"), ..kafka::Record::default() }.view();
    let views = [record("rides"), record("other")];
    let batch = Batch::from_views(&views);
    let formats = |sieve: &Sieve<'_>| {
        let mut scratch = sieve.scratch();
        let outcome = sieve.evaluate_sets(&mut scratch, &batch).unwrap();
        [0, 1].map(|record| outcome.payload_format(record))
    };
    let decoded = Some(PayloadFormat::Undecodable);
    let by_topic = sieve(&[r#"{"topic":["rides"],"value":{"km":[1]}}"#]);
    assert_eq!(formats(&by_topic), [decoded, None]);
    assert_eq!(formats(&by_topic.with_checks(Checks::Every)), [decoded, decoded]);
    let absent = sieve(&[r#"{"topic":[{"exists":false}],"value":{"km":[1]}}"#]);
    assert_eq!(formats(&absent), [None, None]);
    // One filter that may still match is enough.
    let either = sieve(&[r#"{"topic":["rides"],"value":{"km":[1]}}"#, r#"{"value":{"km":[2]}}"#]);
    assert_eq!(formats(&either), [decoded, decoded]);
}
