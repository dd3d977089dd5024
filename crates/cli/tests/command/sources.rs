//! `filter` on records and envelopes of the sources.

use crate::{Files, run, run_with};

/// An SQS record with this body, quotes and all as JSON wants them.
fn sqs(id: u32, body: &str) -> String {
    let body = body.replace('\\', "\\\\").replace('"', "\\\"");
    format!(r#"{{"messageId":"{id}","body":"{body}","eventSource":"aws:sqs"}}"#)
}

const PAID: &str = r#"{"body":{"state":["paid"]}}"#;
const TOLD: &str = "source sqs, told from the records; --source says otherwise\n";

#[test]
fn source_is_told_from_records_one_by_one() {
    let records = [sqs(1, r#"{"state":"paid"}"#), sqs(2, r#"{"state":"open"}"#), sqs(3, "paid")];
    let input = records.join("\n") + "\n";
    run_with(&input, &["filter", "--pattern", PAID]).gives(0, &format!("{}\n", records[0])).saying(TOLD);
    run_with(&input, &["filter", "--source", "sqs", "--pattern", PAID, "--invert", "--count"])
        .gives(0, "2\n")
        .silently();
    // As raw records, no pattern with `body` as an object finds one.
    run_with(&input, &["filter", "--source", "raw", "--pattern", PAID]).gives(1, "").silently();
}

#[test]
fn source_is_told_past_documents_that_do_not_tell() {
    let one = sqs(1, r#"{"state":"paid"}"#);
    let input = format!("{{\"Records\":[{{\"body\n{{\"x\":1}}\n{one}\n");
    let run = run_with(&input, &["filter", "--pattern", PAID]);
    assert_eq!((run.status, run.stdout.as_str()), (0, format!("{one}\n").as_str()), "{run:#?}");
    assert!(run.stderr.starts_with(TOLD), "{run:#?}");
    // Records of Kafka name no source; their members tell it.
    let record = r#"{"topic":"t","partition":0,"offset":7,"value":"eyJuIjoxfQ=="}"#;
    run_with(record, &["filter", "--pattern", r#"{"value":{"n":[1]}}"#])
        .gives(0, record)
        .saying("source kafka, told from the records; --source says otherwise\n");
}

#[test]
fn envelope_comes_out_with_the_records_that_match() {
    let (one, two, three) = (sqs(1, r#"{"state":"paid"}"#), sqs(2, "x"), sqs(3, r#"{"state":"paid","n":1e0}"#));
    let input = format!("{{ \"Records\" : [ {one} , {two},\n  {three} ], \"é\\u00e9\": 1545084650.987 }}\n");
    let kept = format!("{{ \"Records\" : [ {one},\n  {three} ], \"é\\u00e9\": 1545084650.987 }}\n");
    run_with(&input, &["filter", "--pattern", PAID]).gives(0, &kept).saying(TOLD);
    let other = format!("{{ \"Records\" : [ {two} ], \"é\\u00e9\": 1545084650.987 }}\n");
    run_with(&input, &["filter", "--invert", "--pattern", PAID]).gives(0, &other).saying(TOLD);
    run_with(&input, &["filter", "--count", "--pattern", PAID]).gives(0, "2\n").saying(TOLD);
    run_with(&input, &["filter", "--pattern", r#"{"body":{"state":["none"]}}"#]).gives(1, "").saying(TOLD);
    let which = "{\"line\":1,\"record\":0,\"match\":true,\"filters\":[0]}\n\
                 {\"line\":1,\"record\":1,\"match\":false,\"filters\":[]}\n\
                 {\"line\":1,\"record\":2,\"match\":true,\"filters\":[0]}\n";
    run_with(&input, &["filter", "--which", "--pattern", PAID]).gives(0, which).saying(TOLD);
}

#[test]
fn stream_of_envelopes_and_records_may_be_mixed() {
    let (one, two) = (sqs(1, r#"{"state":"paid"}"#), sqs(2, r#"{"state":"open"}"#));
    let input = format!("{{\"Records\":[{two}]}}\n{{\"Records\":[{one},{two}]}}\n{one}\n{two}");
    let kept = format!("{{\"Records\":[{one}]}}\n{one}\n");
    for threads in ["1", "2"] {
        run_with(&input, &["filter", "--source", "sqs", "--threads", threads, "--pattern", PAID])
            .gives(0, &kept)
            .silently();
    }
}

#[test]
fn emptied_topics_leave_the_envelope() {
    let envelope =
        |records: &str| format!(r#"{{"eventSource":"aws:kafka","records":{records},"bootstrapServers":"b"}}"#);
    let record = |topic: &str, value: &str| format!(r#"{{"topic":"{topic}","partition":0,"value":"{value}"}}"#);
    // {"n":1}, {"n":2}, and `text`, which a clause for JSON lets through on this source.
    let (a, b, text) = (record("t", "eyJuIjoxfQ=="), record("u", "eyJuIjoyfQ=="), record("v", "dGV4dA=="));
    let input = envelope(&format!(r#"{{"t-0":[{a}], "u-0":[{b}], "v-0":[{text}], "w-0":[]}}"#));
    let kept = envelope(&format!(r#"{{"u-0":[{b}], "v-0":[{text}], "w-0":[]}}"#));
    run_with(&input, &["filter", "--source", "msk", "--pattern", r#"{"value":{"n":[2]}}"#]).gives(0, &kept).silently();
}

#[test]
fn summary_tells_broken_payloads_from_unwanted_ones() {
    let records = [sqs(1, r#"{"state":"paid"}"#), sqs(2, r#"{"state":"open"}"#), sqs(3, "{\"state\":")];
    let run = run_with(records.join("\n"), &["filter", "--source", "sqs", "--stats", "--pattern", PAID]);
    assert!(
        run.stderr.starts_with("3 records: 1 matched, 2 dropped (0 malformed, 1 with a payload that is no JSON); "),
        "{run:#?}"
    );
}

#[test]
fn documentdb_filters_are_refused_as_the_service_refuses_them() {
    let pattern = r#"{"event":{"operationType":["insert"]}}"#;
    let record = r#"{"event":{"operationType":"insert"}}"#;
    let refused = run_with(record, &["filter", "--source", "documentdb", "--pattern", pattern]);
    assert_eq!((refused.status, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("takes no filters for the source documentdb"), "{refused:#?}");
    run_with(record, &["filter", "--source", "documentdb", "--dialect", "eventbridge", "--pattern", pattern])
        .gives(0, record)
        .silently();
}

#[test]
fn aggregates_are_opaque_unless_split() {
    // One record, key `bike`, data `unlock`.
    let data = "84mawgoEYmlrZRoKCAAaBnVubG9ja/8UgiVfyCQlFtJSL369Zgo=";
    let record = format!(r#"{{"kinesis":{{"partitionKey":"a","data":"{data}"}},"eventSource":"aws:kinesis"}}"#);
    let split = r#"{"kinesis":{"partitionKey":"bike","data":"dW5sb2Nr"},"eventSource":"aws:kinesis"}"#;
    // The lambda dialect would warn that the service documents no filters on metadata here.
    let args =
        ["filter", "--source", "kinesis", "--dialect", "eventbridge", "--pattern", r#"{"partitionKey":["bike"]}"#];
    run_with(&record, &args).gives(1, "").silently();
    run_with(&record, &[&args[..], &["--deaggregate"]].concat()).gives(0, split).silently();
    let envelope = |record: &str| format!(r#"{{"Records":[{record}]}}"#);
    run_with(envelope(&record), &[&args[..], &["--deaggregate"]].concat()).gives(0, &envelope(split)).silently();
    let wrong = run_with("", &["filter", "--source", "sqs", "--deaggregate", "--pattern", PAID]);
    assert!(wrong.status == 2 && wrong.stderr.contains("--deaggregate is for the source kinesis"), "{wrong:#?}");
}

#[test]
fn broken_envelope_is_named_and_the_others_go_on() {
    let one = sqs(1, r#"{"state":"paid"}"#);
    let input = format!("{{\"Records\":[{one}, 7]}}\n{{\"Records\":[{one}}}\n{{\"Records\":[{one}]}}\n");
    let run = run_with(input, &["filter", "--source", "sqs", "--pattern", PAID]);
    assert_eq!((run.status, run.stdout), (0, format!("{{\"Records\":[{one}]}}\n")));
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(lines.len() == 2 && lines[0].ends_with(": a record must be an object"), "{lines:?}");
    assert!(lines[1].starts_with("<stdin>:2:"), "{lines:?}");
}

#[test]
fn metadata_filters_are_doubtful_and_refused_when_strict() {
    let args = ["filter", "--source", "kinesis", "--pattern", r#"{"partitionKey":["bike"]}"#];
    let record = r#"{"kinesis":{"partitionKey":"bike","data":""},"eventSource":"aws:kinesis"}"#;
    let run = run_with(record, &args);
    assert_eq!((run.status, run.stdout.as_str()), (0, record), "{run:#?}");
    assert!(run.stderr.starts_with("warning: filter 0: the service documents filters on `data` only"), "{run:#?}");
    assert_eq!(run_with(record, &[&args[..], &["--strict"]].concat()).status, 2);
}

#[test]
fn program_carries_its_source() {
    let files = Files::new();
    let program = files.path("paid.esprog");
    let compiled = run(&["compile", "--source", "sqs", "--pattern", PAID, "-o", &program]);
    assert_eq!(compiled.status, 0, "{compiled:#?}");
    let one = sqs(1, r#"{"state":"paid"}"#);
    run_with(&one, &["filter", "--program", &program]).gives(0, &one).silently();
}
