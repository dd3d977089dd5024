//! What a filter sees of a record of each source.
//!
//! Every expectation here, and every mapping case of the corpus, is tried in many ways ([`kept`]): the records as delivered,
//! in the pieces a poller holds (payload raw, payload in base64), and inside an envelope; with both front ends, compiled here
//! and loaded from bytes. All ways must agree.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use eventsieve::source::{kafka, kinesis, mq, sqs};
use eventsieve::{
    Batch, CompileErrors, Dialect, DropReason, Encoded, Envelope, ErrorKind, FilterCriteria, FrontEnd, Limits,
    PayloadFormat, Program, RecordView, Sieve, Source, Verdict,
};
use eventsieve_cases::{Case, CaseFile, Expect, Records};
use serde_json::Value;
use serde_json::value::RawValue;

/// The sources whose records have a payload that is decoded.
const DECODED: [Source; 6] =
    [Source::Sqs, Source::Kinesis, Source::Msk, Source::Kafka, Source::ActiveMq, Source::RabbitMq];

/// The sources that ignore a payload clause of the wrong format.
const IGNORING: [Source; 4] = [Source::Msk, Source::Kafka, Source::ActiveMq, Source::RabbitMq];

fn payload_key(source: Source) -> &'static str {
    match source {
        Source::Sqs => "body",
        Source::Kinesis | Source::ActiveMq | Source::RabbitMq => "data",
        Source::DynamoDb => "dynamodb",
        Source::Msk | Source::Kafka => "value",
        _ => panic!("{source} has no payload"),
    }
}

// ------------------------------------------------------------------------------------------------------------------
// Base64, dull on purpose.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            text.push(if at > chunk.len() { '=' } else { DIGITS[(bits >> (18 - 6 * at) & 63) as usize].into() });
        }
    }
    text
}

/// `None` for anything but canonical, padded text.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = chunk.iter().try_fold(0_u32, |bits, digit| {
            DIGITS.iter().position(|known| known == digit).map(|value| bits << 6 | value as u32)
        })?;
        let bits = bits << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    (to_base64(&bytes) == text).then_some(bytes)
}

#[test]
fn base64_of_the_test_is_base64() {
    for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
        assert_eq!(to_base64(bytes.as_bytes()), text);
        assert_eq!(from_base64(text).as_deref(), Some(bytes.as_bytes()));
    }
    for text in ["Zg", "Zg=", "Zh==", "Zg==Zg==", "Z", "=", "Zm9v\n", "Zm9_"] {
        assert_eq!(from_base64(text), None, "{text}");
    }
}

// ------------------------------------------------------------------------------------------------------------------
// A record in pieces.

/// The members of an object, in order, repeated ones included; values as they are written.
fn members(object: &str) -> Vec<(String, &str)> {
    struct Members<'m>(Vec<(String, &'m RawValue)>);
    impl<'de> serde::Deserialize<'de> for Members<'de> {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Members<'de>;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                    let mut members = Vec::new();
                    while let Some(key) = map.next_key()? {
                        members.push((key, map.next_value()?));
                    }
                    Ok(Members(members))
                }
            }
            from.deserialize_map(Visitor)
        }
    }
    let Members(members) = serde_json::from_str(object).unwrap_or_else(|error| panic!("{error}: {object}"));
    members.into_iter().map(|(key, value)| (key, value.get())).collect()
}

fn object(members: &[(String, &str)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(key, value)| format!("{}: {value}", serde_json::to_string(key).unwrap())).collect();
    format!("{{ {} }}", members.join(" , "))
}

/// What a poller holds of a record.
#[derive(Debug)]
struct Pieces {
    source: Source,
    /// The members that are no payload, as one object; those that a builder takes apart left out.
    metadata: String,
    /// The payload as its producer wrote it.
    raw: Option<Vec<u8>>,
    /// The payload in base64, also where that is broken.
    coded: Option<String>,
    kafka: Option<KafkaPieces>,
    /// Partition key and sequence number.
    kinesis: Option<(String, String)>,
}

#[derive(Debug)]
struct KafkaPieces {
    topic: String,
    partition: i32,
    offset: i64,
    timestamp: i64,
    timestamp_type: String,
    key: Option<Vec<u8>>,
}

/// Takes a member out if it is written as a `T`.
fn take<T: serde::de::DeserializeOwned>(members: &mut Vec<(String, &str)>, key: &str) -> Option<T> {
    let at = members.iter().position(|(known, _)| known == key)?;
    let value = serde_json::from_str(members[at].1).ok()?;
    members.remove(at);
    Some(value)
}

impl Pieces {
    /// `None` where no poller could hold the record: a payload with half a surrogate pair, or one that is no string.
    fn of(source: Source, record: &str) -> Option<Pieces> {
        let mut members: Vec<(String, &str)> = members(record)
            .into_iter()
            .flat_map(|(key, value)| match key.as_str() {
                "kinesis" if source == Source::Kinesis => self::members(value),
                _ => vec![(key, value)],
            })
            .collect();
        let (mut raw, mut coded) = (None, None);
        if DECODED.contains(&source) {
            let key = payload_key(source);
            // Of a repeated payload the last counts.
            if let Some(&(_, value)) = members.iter().rev().find(|(known, _)| known == key)
                && value != "null"
            {
                let text: String = serde_json::from_str(value).ok()?;
                members.retain(|(known, value)| known != key || !value.starts_with('"'));
                if source == Source::Sqs {
                    coded = Some(to_base64(text.as_bytes()));
                    raw = Some(text.into_bytes());
                } else {
                    raw = from_base64(&text);
                    coded = Some(text);
                }
            }
        }
        let mut pieces = Pieces { source, metadata: String::new(), raw, coded, kafka: None, kinesis: None };
        match source {
            Source::Msk | Source::Kafka => pieces.kafka = Pieces::kafka(&mut members),
            Source::Kinesis => {
                let mut left = members.clone();
                pieces.kinesis = take(&mut left, "partitionKey").zip(take(&mut left, "sequenceNumber"));
                if pieces.kinesis.is_some() {
                    members = left;
                }
            }
            _ => {}
        }
        pieces.metadata = object(&members);
        Some(pieces)
    }

    fn kafka(members: &mut Vec<(String, &str)>) -> Option<KafkaPieces> {
        let mut left = members.clone();
        let pieces = KafkaPieces {
            topic: take(&mut left, "topic")?,
            partition: take(&mut left, "partition")?,
            offset: take(&mut left, "offset")?,
            timestamp: take(&mut left, "timestamp")?,
            timestamp_type: take(&mut left, "timestampType")?,
            key: match left.iter().any(|(known, _)| known == "key") {
                true => match take::<Option<String>>(&mut left, "key")? {
                    Some(key) => Some(from_base64(&key)?),
                    None => None,
                },
                false => None,
            },
        };
        *members = left;
        Some(pieces)
    }

    /// The view, with the payload raw or in base64. Uses the builder of the source where it can say all there is.
    fn view(&self, coded: bool) -> RecordView<'_> {
        let metadata = self.metadata.as_bytes();
        let payload = match (&self.raw, &self.coded) {
            (Some(raw), _) if !coded => Some(Encoded::plain(raw)),
            (_, Some(coded)) => Some(Encoded::base64(coded.as_bytes())),
            _ => None,
        };
        let raw = self.raw.as_deref().filter(|_| !coded);
        match (self.source, raw, &self.kafka, &self.kinesis) {
            (Source::Sqs, Some(raw), ..) => sqs::message(std::str::from_utf8(raw).unwrap(), Some(metadata)),
            (Source::ActiveMq | Source::RabbitMq, Some(raw), ..) => mq::message(raw, Some(metadata)),
            (Source::Kinesis, _, _, Some((key, sequence))) if payload.is_some() => {
                kinesis::record(key, sequence, payload.unwrap()).metadata(metadata)
            }
            (_, raw, Some(pieces), _) if raw.is_some() || payload.is_none() => kafka::Record {
                topic: &pieces.topic,
                partition: pieces.partition,
                offset: pieces.offset,
                timestamp: pieces.timestamp,
                timestamp_type: &pieces.timestamp_type,
                key: pieces.key.as_deref(),
                value: raw,
                headers: Some(metadata),
            }
            .view(),
            (_, _, kafka, kinesis) => {
                let mut view = RecordView::pieces().metadata(metadata);
                if let Some(payload) = payload {
                    view = view.payload(payload);
                }
                if let Some(pieces) = kafka {
                    view = view
                        .text("topic", &pieces.topic)
                        .number("partition", i64::from(pieces.partition))
                        .number("offset", pieces.offset)
                        .number("timestamp", pieces.timestamp)
                        .text("timestampType", &pieces.timestamp_type);
                    if let Some(key) = &pieces.key {
                        view = view.decoded("key", Encoded::plain(key));
                    }
                }
                if let Some((key, sequence)) = kinesis {
                    view = view.text("partitionKey", key).text("sequenceNumber", sequence);
                }
                view
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------------------------
// Records in an envelope.

/// An event of the source with these records in it, and the order in which it holds them.
fn envelope(source: Source, records: &[String]) -> (String, Vec<usize>) {
    let join = |indices: &[usize]| -> String {
        indices.iter().map(|&index| records[index].as_str()).collect::<Vec<_>>().join(" ,\n\t")
    };
    let all: Vec<usize> = (0..records.len()).collect();
    // Topics and queues take the records in turns, so that their order is not that of the records.
    let groups: Vec<(String, Vec<usize>)> = (0..3)
        .map(|group| (format!("g\\u00e9{group}::/"), all.iter().copied().filter(|at| at % 3 == group).collect()))
        .collect();
    let grouped = || -> (String, Vec<usize>) {
        let lists: Vec<String> = groups.iter().map(|(key, list)| format!("\"{key}\" : [{}]", join(list))).collect();
        (lists.join(",\n  "), groups.iter().flat_map(|(_, list)| list.iter().copied()).collect())
    };
    match source {
        Source::Sqs | Source::Kinesis | Source::DynamoDb => (format!("{{ \"Records\" : [ {} ] }}\n", join(&all)), all),
        Source::Msk | Source::Kafka => {
            let (lists, order) = grouped();
            let name = if source == Source::Msk { "aws:kafka" } else { "SelfManagedKafka" };
            (
                format!("{{\"eventSource\":\"{name}\",\"bootstrapServers\":\"b-1:9092\",\"records\":{{ {lists} }}}}"),
                order,
            )
        }
        Source::ActiveMq => {
            (format!("{{\"eventSource\":\"aws:mq\",\"eventSourceArn\":\"arn\",\"messages\":[{}]}}", join(&all)), all)
        }
        Source::RabbitMq => {
            let (lists, order) = grouped();
            (
                format!(
                    "{{\"eventSource\":\"aws:rmq\",\"rmqMessagesByQueue\":{{{lists}}},\"eventSourceArn\":\"arn\"}}"
                ),
                order,
            )
        }
        Source::DocumentDb => (format!("{{\"events\":[{}],\"eventSource\":\"aws:docdb\"}}", join(&all)), all),
        _ => panic!("{source} has no envelope"),
    }
}

/// The records of an event, as they are written, in order.
fn records_of(source: Source, event: &str) -> Vec<String> {
    let list = |text| -> Vec<String> {
        let list: Vec<&RawValue> = serde_json::from_str(text).unwrap();
        list.iter().map(|record| record.get().to_owned()).collect()
    };
    let key = match source {
        Source::Sqs | Source::Kinesis | Source::DynamoDb => "Records",
        Source::Msk | Source::Kafka => "records",
        Source::ActiveMq => "messages",
        Source::RabbitMq => "rmqMessagesByQueue",
        _ => "events",
    };
    let (_, value) = members(event).into_iter().find(|(known, _)| known == key).expect("a member with the records");
    if value.starts_with('[') { list(value) } else { members(value).iter().flat_map(|(_, text)| list(text)).collect() }
}

// ------------------------------------------------------------------------------------------------------------------
// All ways.

fn matches(verdicts: &[Verdict]) -> Vec<usize> {
    (0..verdicts.len()).filter(|&index| verdicts[index] == Verdict::Match).collect()
}

/// The records that criteria keep, with all ways in agreement.
fn kept_by(
    source: Source,
    dialect: Dialect,
    criteria: &FilterCriteria,
    records: &[String],
) -> Result<Vec<usize>, CompileErrors> {
    let compiled = Sieve::builder(source).dialect(dialect).compile(criteria)?;
    let bytes = compiled.program().as_bytes().to_vec();
    let loaded = Sieve::from_program(Program::from_bytes(bytes.as_slice()).expect("our own program"));
    assert_eq!(loaded.source(), source, "a program carries its source");

    let slices: Vec<&[u8]> = records.iter().map(String::as_bytes).collect();
    let pieces: Vec<Option<Pieces>> = records.iter().map(|record| Pieces::of(source, record)).collect();
    let delivered: Vec<RecordView<'_>> = slices.iter().map(|record| RecordView::delivered(record)).collect();
    let views = |coded| -> Vec<RecordView<'_>> {
        let views = pieces.iter().zip(&delivered);
        views.map(|(pieces, &delivered)| pieces.as_ref().map_or(delivered, |pieces| pieces.view(coded))).collect()
    };
    let (raw, coded) = (views(false), views(true));
    let batches = [
        ("delivered", Batch::from_slices(&slices)),
        ("delivered views", Batch::from_views(&delivered)),
        ("pieces, payload raw", Batch::from_views(&raw)),
        ("pieces, payload in base64", Batch::from_views(&coded)),
    ];
    let mut first: Option<(Vec<usize>, Vec<Vec<usize>>)> = None;
    for (whence, sieve) in [("compiled", compiled), ("loaded", loaded)] {
        for front_end in [FrontEnd::Tape, FrontEnd::Text] {
            let sieve = sieve.clone().with_front_end(front_end);
            let mut scratch = sieve.scratch();
            for (way, batch) in &batches {
                let way = format!("{source}, {whence}, {front_end:?}, {way}: {records:#?}");
                let outcome = sieve.evaluate_sets(&mut scratch, batch).unwrap();
                let verdicts = outcome.verdicts().to_vec();
                let filters: Vec<Vec<usize>> =
                    (0..records.len()).map(|index| outcome.filters(index).iter().collect()).collect();
                let answer = (matches(&verdicts), filters);
                assert_eq!(sieve.evaluate(&mut scratch, batch).unwrap(), verdicts, "{way}");
                assert_eq!(first.get_or_insert_with(|| answer.clone()), &answer, "{way}");
            }
            let kept = &first.as_ref().expect("delivered came first").0;
            let (event, order) = envelope(source, records);
            let names_itself = !event.starts_with("{ \"Records\"") || event.contains("\"eventSource\"");
            let envelope = if names_itself && !records.is_empty() {
                Envelope::parse(event.as_bytes()).unwrap_or_else(|error| panic!("{error}: {event}"))
            } else {
                Envelope::parse_as(event.as_bytes(), source).unwrap()
            };
            assert_eq!((envelope.source(), envelope.len()), (source, records.len()), "{event}");
            let verdicts = envelope.evaluate(&sieve, &mut scratch).unwrap().verdicts().to_vec();
            let mut of_envelope: Vec<usize> = matches(&verdicts).into_iter().map(|at| order[at]).collect();
            of_envelope.sort_unstable();
            assert_eq!(&of_envelope, kept, "{source}, {whence}, {front_end:?}, envelope {event}");
            let filtered = envelope.filter(&sieve, &mut scratch).unwrap();
            let left = filtered.map_or(Vec::new(), |event| records_of(source, std::str::from_utf8(&event).unwrap()));
            let expected: Vec<&String> =
                order.iter().filter(|index| kept.contains(index)).map(|&index| &records[index]).collect();
            assert_eq!(
                left.iter().collect::<Vec<_>>(),
                expected,
                "{source}, {whence}, {front_end:?}, filtered {event}"
            );
        }
    }
    Ok(first.expect("several ways").0)
}

/// As [`kept_by`], for patterns in the dialect of the source (for DocumentDB, the one that takes filters).
fn kept(source: Source, patterns: &[&str], records: &[String]) -> Vec<usize> {
    let dialect = if source == Source::DocumentDb { Dialect::EventBridge } else { Dialect::Lambda };
    kept_by(source, dialect, &FilterCriteria::from_patterns(patterns.iter().copied()), records)
        .unwrap_or_else(|errors| panic!("{patterns:?}: {}", errors.render(None)))
}

// ------------------------------------------------------------------------------------------------------------------
// Records of our own: a bike rental.

fn json_text(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A delivered record with this text where the payload stands, or without one.
fn record_with(source: Source, payload: Option<&str>) -> String {
    let member = |key: &str| payload.map_or(String::new(), |payload| format!("\"{key}\": {payload}, "));
    match source {
        Source::Sqs => format!(
            r#"{{"messageId": "19dd0b57-b21e-4ac1-bd88-01bbb068cb78", "receiptHandle": "AQEBzbVv", {}"attributes": {{"ApproximateReceiveCount": "1", "SentTimestamp": "1764000000123", "SenderId": "AIDAFLEET", "ApproximateFirstReceiveTimestamp": "1764000000125"}}, "messageAttributes": {{"city": {{"stringValue": "Ghent", "stringListValues": [], "binaryListValues": [], "dataType": "String"}}}}, "md5OfMessageAttributes": null, "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:rides", "awsRegion": "eu-west-1"}}"#,
            member("body")
        ),
        Source::Kinesis => format!(
            r#"{{"kinesis": {{"kinesisSchemaVersion": "1.0", "partitionKey": "bike-7", "sequenceNumber": "49650000000000000000000000000000000000000000000000000001", {}"approximateArrivalTimestamp": 1545084650.987}}, "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": "shardId-000000000006:49650000000000000000000000000000000000000000000000000001", "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:aws:iam::111122223333:role/rides", "awsRegion": "eu-west-1", "eventSourceARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/rides"}}"#,
            member("data")
        ),
        Source::DynamoDb => format!(
            r#"{{"eventID": "c4ca4238a0b923820dcc509a6f75849b", "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1", {}"eventSourceARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/bikes/stream/2026-01-01T00:00:00.000"}}"#,
            member("dynamodb")
        ),
        Source::Msk | Source::Kafka => format!(
            r#"{{"topic": "rides", "partition": 3, "offset": 1501, "timestamp": 1764000000123, "timestampType": "CREATE_TIME", "key": "YmlrZS03", {}"headers": [{{"trace": [97, 98]}}]}}"#,
            member("value")
        ),
        Source::ActiveMq => format!(
            r#"{{"messageID": "ID:b-1-2.mq.eu-west-1.amazonaws.com-34859-1598944546501-4:12:1:1:3", "messageType": "jms/text-message", "deliveryMode": 1, "replyTo": null, "type": null, "expiration": "60000", "priority": 1, "correlationId": "ride-1", "redelivered": false, "destination": {{"physicalName": "rides"}}, {}"timestamp": 1764000000123, "brokerInTime": 1764000000124, "brokerOutTime": 1764000000125, "properties": {{"city": "Ghent"}}}}"#,
            member("data")
        ),
        Source::RabbitMq => format!(
            r#"{{"basicProperties": {{"contentType": "application/json", "headers": {{"city": {{"bytes": [71, 104]}}, "tries": 10}}, "deliveryMode": 1, "priority": 34, "expiration": "60000", "messageId": null, "timestamp": "Jan 1, 2026, 12:33:41 AM", "userId": "rides", "bodySize": 80}}, {}"redelivered": false}}"#,
            member("data")
        ),
        Source::DocumentDb => format!(r#"{{"event": {}}}"#, payload.unwrap_or("{}")),
        _ => panic!("no records of {source}"),
    }
}

/// A delivered record whose producer wrote this payload.
fn record(source: Source, payload: &[u8]) -> String {
    let text = match source {
        Source::Sqs => json_text(std::str::from_utf8(payload).unwrap()),
        _ => json_text(&to_base64(payload)),
    };
    record_with(source, Some(&text))
}

fn records(source: Source, payloads: &[&str]) -> Vec<String> {
    payloads.iter().map(|payload| record(source, payload.as_bytes())).collect()
}

/// A clause on metadata that the records of a source satisfy, and one that they do not.
fn metadata_clauses(source: Source) -> [&'static str; 2] {
    match source {
        Source::Sqs => [r#""attributes":{"SenderId":["AIDAFLEET"]}"#, r#""attributes":{"SenderId":["AIDAOTHER"]}"#],
        Source::Kinesis => [r#""partitionKey":["bike-7"]"#, r#""partitionKey":["bike-8"]"#],
        Source::Msk | Source::Kafka => [r#""topic":["rides"],"partition":[3]"#, r#""topic":["rides"],"partition":[4]"#],
        Source::ActiveMq => [r#""destination":{"physicalName":["rides"]}"#, r#""destination":{"physicalName":["r"]}"#],
        Source::RabbitMq => [r#""basicProperties":{"priority":[34]}"#, r#""basicProperties":{"priority":[33]}"#],
        _ => panic!("no clauses for {source}"),
    }
}

// ------------------------------------------------------------------------------------------------------------------
// The format tables of lambda.md 3.2.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Plain,
    /// No UTF-8, no base64, or not there.
    Broken,
}

#[test]
fn every_row_of_the_format_tables() {
    let json = "{\"kind\":\"start\"}".as_bytes();
    let payloads: [(Format, bool, Option<&[u8]>); 6] = [
        (Format::Json, true, Some(json)),
        (Format::Json, false, Some(b"{\"kind\":\"end\"}")),
        (Format::Plain, true, Some(b"start")),
        (Format::Plain, false, Some(b"end")),
        (Format::Broken, false, Some(b"\xff\xfestart")),
        (Format::Broken, false, None),
    ];
    let mut rows = 0;
    for source in DECODED {
        let key = payload_key(source);
        let clauses = [
            (Some(Format::Json), format!("\"{key}\":{{\"kind\":[\"start\"]}}")),
            (Some(Format::Plain), format!("\"{key}\":[\"start\"]")),
            (None, String::new()),
        ];
        for (asks, clause) in &clauses {
            if source == Source::Kinesis && *asks == Some(Format::Plain) {
                continue; // refused when compiled, see below
            }
            for metadata in [None, Some(0), Some(1)] {
                let parts = [metadata.map_or("", |at| metadata_clauses(source)[at]), clause.as_str()];
                let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                if parts.is_empty() {
                    continue;
                }
                let pattern = format!("{{{}}}", parts.join(","));
                for (format, right, payload) in payloads {
                    let record = match payload {
                        Some(_) if source == Source::Sqs && format == Format::Broken => continue, // bodies are text
                        Some(payload) => record(source, payload),
                        None => record_with(source, None),
                    };
                    let of_payload = match asks {
                        None => true,
                        Some(asked) if *asked == format => right,
                        Some(_) => IGNORING.contains(&source),
                    };
                    let expected = of_payload && metadata != Some(1);
                    let got = !kept(source, &[&pattern], std::slice::from_ref(&record)).is_empty();
                    assert_eq!(got, expected, "{source}: {pattern} of {record}");
                    rows += 1;
                }
            }
        }
    }
    println!("{rows} rows");
    assert!(rows > 200, "{rows}");
}

#[test]
fn filters_of_different_formats_stand_side_by_side() {
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &["{\"kind\":\"start\"}", "{\"kind\":\"end\"}", "start", "end"]);
        let json = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        let json_and_metadata = format!("{{{},\"{key}\":{{\"kind\":[\"end\"]}}}}", metadata_clauses(source)[1]);
        if source == Source::Kinesis {
            assert_eq!(kept(source, &[&json, &json_and_metadata], &records), [0]);
            continue;
        }
        let plain = format!("{{\"{key}\":[\"start\"]}}");
        let expected: &[usize] = if source == Source::Sqs { &[0, 2] } else { &[0, 1, 2, 3] };
        assert_eq!(kept(source, &[&json, &plain, &json_and_metadata], &records), expected, "{source}");
        assert_eq!(kept(source, &[&plain, &json], &records), expected, "{source}");
        // Which filter let a record through.
        let criteria = FilterCriteria::from_patterns([json.as_str(), plain.as_str()]);
        let sieve = Sieve::builder(source).compile(&criteria).unwrap();
        let slices: Vec<&[u8]> = records.iter().map(String::as_bytes).collect();
        let mut scratch = sieve.scratch();
        let outcome = sieve.evaluate_sets(&mut scratch, &Batch::from_slices(&slices)).unwrap();
        let filters: Vec<Vec<usize>> = (0..4).map(|index| outcome.filters(index).iter().collect()).collect();
        if source == Source::Sqs {
            assert_eq!(filters, [vec![0], vec![], vec![1], vec![]]);
        } else {
            assert_eq!(filters, [vec![0, 1], vec![1], vec![0, 1], vec![0]], "{source}: an ignored clause holds");
        }
    }
}

#[test]
fn or_across_payload_and_metadata() {
    let payloads = ["{\"kind\":\"start\"}", "{\"kind\":\"end\"}", "start", "end"];
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &payloads);
        let [holds, fails] = metadata_clauses(source);
        let with = |metadata: &str| {
            kept(source, &[&format!("{{\"$or\":[{{\"{key}\":{{\"kind\":[\"start\"]}}}},{{{metadata}}}]}}")], &records)
        };
        assert_eq!(with(holds), [0, 1, 2, 3], "{source}");
        // For those that ignore, an alternative that is nothing but an ignored clause holds.
        let expected: &[usize] = if IGNORING.contains(&source) { &[0, 2, 3] } else { &[0] };
        assert_eq!(with(fails), expected, "{source}");
        // Of an alternative with more in it, the rest decides.
        let alternatives = format!(
            "{{\"$or\":[{{\"{key}\":{{\"kind\":[\"start\"]}},{fails}}},{{\"{key}\":{{\"kind\":[\"end\"]}},{holds}}}]}}"
        );
        let expected: &[usize] = if IGNORING.contains(&source) { &[1, 2, 3] } else { &[1] };
        assert_eq!(kept(source, &[&alternatives], &records), expected, "{source}");
        // Inside the payload an `$or` is like any other clause of it.
        let inside = format!("{{\"{key}\":{{\"$or\":[{{\"kind\":[\"start\"]}},{{\"kind\":[\"none\"]}}]}}}}");
        let expected: &[usize] = if IGNORING.contains(&source) { &[0, 2, 3] } else { &[0] };
        assert_eq!(kept(source, &[&inside], &records), expected, "{source}");
        // Metadata beside an `$or` must hold all the same.
        let or = format!("\"$or\":[{{\"{key}\":{{\"kind\":[\"start\"]}}}},{{\"nowhere\":[{{\"exists\":false}}]}}]");
        assert_eq!(kept(source, &[&format!("{{{holds},{or}}}")], &records), [0, 1, 2, 3], "{source}");
        let beside = format!("{{{fails},{or}}}");
        assert_eq!(kept(source, &[&beside], &records), [0; 0], "{source}: {beside}");
    }
    // Both formats in one `$or`.
    for source in [Source::Sqs, Source::Kafka] {
        let key = payload_key(source);
        let both = format!("{{\"$or\":[{{\"{key}\":{{\"kind\":[\"start\"]}}}},{{\"{key}\":[\"start\"]}}]}}");
        let expected: &[usize] = if source == Source::Sqs { &[0, 2] } else { &[0, 1, 2, 3] };
        assert_eq!(kept(source, &[&both], &records(source, &payloads)), expected, "{source}");
    }
}

/// A generated pattern, each of whose fields is asked about once.
enum Tree {
    /// A field of the payload as JSON, of the payload as text, or of the metadata; and whether the record has it so.
    Json(usize),
    Plain,
    Metadata(usize),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

const FIELDS: usize = 12;

impl Tree {
    /// An object of a pattern. `used` counts the fields that are taken.
    fn object(random: &mut Random, depth: usize, plain: bool, used: &mut (usize, usize, bool)) -> Tree {
        let mut members = Vec::new();
        for _ in 0..1 + random.below(3) {
            match random.below(if depth == 0 { 5 } else { 8 }) {
                0 | 1 if used.0 < FIELDS => {
                    members.push(Tree::Json(used.0));
                    used.0 += 1;
                }
                2 if plain && !used.2 => {
                    members.push(Tree::Plain);
                    used.2 = true;
                }
                5.. if !members.iter().any(|member| matches!(member, Tree::Any(_))) => {
                    let alternatives = 2 + random.below(2);
                    members.push(Tree::Any(
                        (0..alternatives).map(|_| Tree::object(random, depth - 1, plain, used)).collect(),
                    ));
                }
                _ => {
                    members.push(Tree::Metadata(used.1));
                    used.1 += 1;
                }
            }
        }
        Tree::All(members)
    }

    fn write(&self, key: &str, out: &mut String) {
        match self {
            Tree::Json(field) => write!(out, "\"{key}.p{field}\":[1]").unwrap(),
            Tree::Plain => write!(out, "\"{key}\":[\"start\"]").unwrap(),
            Tree::Metadata(field) => write!(out, "\"m{field}\":[1]").unwrap(),
            Tree::All(trees) | Tree::Any(trees) => {
                let any = matches!(self, Tree::Any(_));
                out.push_str(if any { "\"$or\":[" } else { "{" });
                for (at, tree) in trees.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    tree.write(key, out);
                }
                out.push(if any { ']' } else { '}' });
            }
        }
    }

    /// A clause for the other format is true for sources that ignore it, false for the others.
    fn holds(&self, format: Format, payload: u32, metadata: u64, ignoring: bool) -> bool {
        match self {
            Tree::Json(field) if format == Format::Json => payload >> field & 1 == 1,
            Tree::Plain if format == Format::Plain => payload & 1 == 1,
            Tree::Json(_) | Tree::Plain => ignoring,
            Tree::Metadata(field) => metadata >> field & 1 == 1,
            Tree::All(trees) => trees.iter().all(|tree| tree.holds(format, payload, metadata, ignoring)),
            Tree::Any(trees) => trees.iter().any(|tree| tree.holds(format, payload, metadata, ignoring)),
        }
    }
}

#[test]
fn generated_patterns_across_formats() {
    let mut random = Random(0x0f0e);
    let (mut rounds, mut delivered, mut seen) = (0, 0, 0);
    while rounds < 1_500 {
        let source = DECODED[rounds % DECODED.len()];
        let key = payload_key(source);
        let mut used = (0, 0, false);
        let tree = Tree::object(&mut random, 3, source != Source::Kinesis, &mut used);
        if used.1 > 60 {
            continue;
        }
        rounds += 1;
        let mut pattern = String::new();
        tree.write(key, &mut pattern);
        let (mut records, mut expected) = (Vec::new(), Vec::new());
        for at in 0..6 {
            // Mostly true, so that conjunctions have a chance.
            let payload = (random.below(1 << FIELDS) | random.below(1 << FIELDS)) as u32;
            let metadata = (random.below(1 << 60) | random.below(1 << 60)) as u64;
            let (format, text) = match random.below(4) {
                0 => (Format::Plain, if payload & 1 == 1 { "start".to_owned() } else { "end".to_owned() }),
                1 => (Format::Broken, String::new()),
                _ => {
                    let fields: Vec<String> =
                        (0..FIELDS).map(|field| format!("\"p{field}\":{}", payload >> field & 1)).collect();
                    (Format::Json, format!("{{{}}}", fields.join(",")))
                }
            };
            let record =
                if format == Format::Broken { record_with(source, None) } else { record(source, text.as_bytes()) };
            let fields: Vec<String> =
                (0..used.1).map(|field| format!("\"m{field}\":{},", metadata >> field & 1)).collect();
            records.push(format!("{{{}{}", fields.concat(), &record[1..]));
            if tree.holds(format, payload, metadata, IGNORING.contains(&source)) {
                expected.push(at);
            }
        }
        seen += records.len();
        delivered += expected.len();
        let criteria = FilterCriteria::from_patterns([pattern.as_str()]);
        let kept = kept_by(source, Dialect::EventBridge, &criteria, &records)
            .unwrap_or_else(|errors| panic!("{}", errors.render(None)));
        assert_eq!(kept, expected, "{source}: {pattern}: {records:#?}");
    }
    println!("{delivered} of {seen} records delivered");
    assert!((seen / 5..seen * 4 / 5).contains(&delivered), "{delivered} of {seen}");
}

// ------------------------------------------------------------------------------------------------------------------
// What counts as JSON.

#[test]
fn scalars_are_plain_text() {
    let scalars = ["123", "\"x\"", "null", "true", "false", "-1.50", " 123 ", "1e2"];
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &scalars);
        let json = format!("{{\"{key}\":{{\"kind\":[{{\"exists\":false}}]}}}}");
        let all: Vec<usize> = (0..scalars.len()).collect();
        let expected: &[usize] = if IGNORING.contains(&source) { &all } else { &[] };
        assert_eq!(kept(source, &[&json], &records), expected, "{source}");
        if source == Source::Kinesis {
            continue;
        }
        for (at, scalar) in scalars.iter().enumerate() {
            let plain = format!("{{\"{key}\":[{}]}}", json_text(scalar));
            assert_eq!(kept(source, &[&plain], &records), [at], "{source}: {plain}");
        }
        // They are strings: neither numbers nor null nor true.
        for tests in ["[123]", "[null]", "[true]", "[{\"numeric\":[\"=\",123]}]", "[\"x\"]"] {
            assert_eq!(kept(source, &[&format!("{{\"{key}\":{tests}}}")], &records), [0; 0], "{source}: {tests}");
        }
    }
}

#[test]
fn arrays_are_json() {
    let arrays = ["[{\"kind\":\"start\"},{\"kind\":\"end\"}]", "[\"start\"]", "[]", "[{\"kind\":\"end\",\"n\":1}]"];
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &arrays);
        let json = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        assert_eq!(kept(source, &[&json], &records), [0], "{source}");
        // Fields of different elements never go together.
        let two = format!("{{\"{key}\":{{\"kind\":[\"start\",\"end\"],\"n\":[1]}}}}");
        assert_eq!(kept(source, &[&two], &records), [3], "{source}");
        if source == Source::Kinesis {
            continue;
        }
        let plain = format!("{{\"{key}\":[\"start\"]}}");
        let expected: &[usize] = if IGNORING.contains(&source) { &[0, 1, 2, 3] } else { &[] };
        assert_eq!(kept(source, &[&plain], &records), expected, "{source}");
    }
}

#[test]
fn text_that_only_begins_like_json_is_plain() {
    let texts = [
        "{\"kind\":\"start\"",
        "{\"kind\":\"start\"}}",
        "{'kind':'start'}",
        "{kind:1}",
        "[1,]",
        "{\"n\":01}",
        "\u{feff}{}",
    ];
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &texts);
        let all: Vec<usize> = (0..texts.len()).collect();
        let json = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        let expected: &[usize] = if IGNORING.contains(&source) { &all } else { &[] };
        assert_eq!(kept(source, &[&json], &records), expected, "{source}");
        if source != Source::Kinesis {
            let plain = format!("{{\"{key}\":[{{\"anything-but\":[\"start\"]}}]}}");
            assert_eq!(kept(source, &[&plain], &records), all, "{source}");
        }
    }
}

#[test]
fn white_space_around_json_is_no_matter() {
    let texts = [" \t\r\n{ \"kind\" :\n\"start\" }\n\n", "\u{c}{\"kind\":\"start\"}", "\u{a0}{\"kind\":\"start\"}"];
    for source in DECODED {
        let json = format!("{{\"{}\":{{\"kind\":[\"start\"]}}}}", payload_key(source));
        // A form feed and a no-break space are not white space of JSON.
        let expected: &[usize] = if IGNORING.contains(&source) { &[0, 1, 2] } else { &[0] };
        assert_eq!(kept(source, &[&json], &records(source, &texts)), expected, "{source}");
    }
}

#[test]
fn empty_payload_is_empty_text() {
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &[""]);
        let json = format!("{{\"{key}\":{{\"kind\":[{{\"exists\":false}}]}}}}");
        assert_eq!(kept(source, &[&json], &records).len(), usize::from(IGNORING.contains(&source)), "{source}");
        if source != Source::Kinesis {
            assert_eq!(kept(source, &[&format!("{{\"{key}\":[\"\"]}}")], &records), [0], "{source}");
            assert_eq!(kept(source, &[&format!("{{\"{key}\":[\"x\"]}}")], &records), [0; 0], "{source}");
        }
    }
}

#[test]
fn missing_payload_and_one_that_is_no_text() {
    for source in DECODED {
        let key = payload_key(source);
        let records: Vec<String> =
            [None, Some("null"), Some("7"), Some("true")].map(|payload| record_with(source, payload)).to_vec();
        let all: &[usize] = if IGNORING.contains(&source) { &[0, 1, 2, 3] } else { &[] };
        let mut patterns = vec![
            format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}"),
            format!("{{\"{key}\":{{\"kind\":[{{\"exists\":false}}]}}}}"),
        ];
        if source != Source::Kinesis {
            patterns.extend(
                ["[\"x\"]", "[null]", "[7]", "[{\"exists\":false}]"].map(|tests| format!("{{\"{key}\":{tests}}}")),
            );
        }
        for pattern in patterns {
            assert_eq!(kept(source, &[&pattern], &records), all, "{source}: {pattern}");
        }
        let metadata = format!("{{{}}}", metadata_clauses(source)[0]);
        assert_eq!(kept(source, &[&metadata], &records), [0, 1, 2, 3], "{source}");
    }
}

#[test]
fn payload_that_is_an_object_already_is_read_as_it_lies() {
    for source in DECODED {
        let key = payload_key(source);
        let records: Vec<String> = ["{\"kind\": \"start\"}", "[{\"kind\": \"start\"}]", "{\"kind\": \"end\"}", "{}"]
            .map(|payload| record_with(source, Some(payload)))
            .to_vec();
        assert_eq!(kept(source, &[&format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}")], &records), [0, 1], "{source}");
        if source != Source::Kinesis {
            // It is JSON, so a clause for plain text mismatches.
            let all: &[usize] = if IGNORING.contains(&source) { &[0, 1, 2, 3] } else { &[] };
            assert_eq!(kept(source, &[&format!("{{\"{key}\":[\"start\"]}}")], &records), all, "{source}");
        }
    }
}

#[test]
fn surrogates_and_bad_utf8() {
    // Half a pair inside a JSON payload is legal JSON, and compares as a question mark.
    let half = "{\"kind\":\"a\\ud83db\"}";
    for source in DECODED {
        let key = payload_key(source);
        let half = records(source, &[half]);
        assert_eq!(
            kept(source, &[&format!("{{\"{key}\":{{\"kind\":[{{\"prefix\":\"a?\"}}]}}}}")], &half),
            [0],
            "{source}"
        );
        assert_eq!(kept(source, &[&format!("{{\"{key}\":{{\"kind\":[{{\"prefix\":\"a!\"}}]}}}}")], &half), [0; 0]);
        let pair = records(source, &["{\"kind\":\"\\ud83d\\udeb2\"}", "{\"kind\":\"🚲\"}"]);
        assert_eq!(kept(source, &[&format!("{{\"{key}\":{{\"kind\":[\"🚲\"]}}}}")], &pair), [0, 1], "{source}");
    }
    // Half a pair in the string that holds the payload: no text can be that, so it has neither format.
    let sqs: Vec<String> =
        ["\"\\ud83d\"", "\"{\\\"kind\\\":\\\"\\ud83d\\\"}\""].map(|body| record_with(Source::Sqs, Some(body))).to_vec();
    for pattern in [
        r#"{"body":{"kind":[{"exists":true}]}}"#,
        r#"{"body":{"kind":[{"exists":false}]}}"#,
        r#"{"body":[{"anything-but":["x"]}]}"#,
    ] {
        assert_eq!(kept(Source::Sqs, &[pattern], &sqs), [0; 0], "{pattern}");
    }
    assert_eq!(kept(Source::Sqs, &[r#"{"awsRegion":["eu-west-1"]}"#], &sqs), [0, 1]);
    // Bytes that are no UTF-8, at the end and inside JSON.
    for source in DECODED.into_iter().filter(|&source| source != Source::Sqs) {
        let bad: [&[u8]; 3] = [b"\xff", b"{\"kind\":\"st\xc3\"}", b"{\"kind\":\"start\"}\xed\xa0\xbd"];
        let bad: Vec<String> = bad.iter().map(|payload| record(source, payload)).collect();
        let json = format!("{{\"{}\":{{\"kind\":[\"start\"]}}}}", payload_key(source));
        let all: &[usize] = if IGNORING.contains(&source) { &[0, 1, 2] } else { &[] };
        assert_eq!(kept(source, &[&json], &bad), all, "{source}");
    }
}

#[test]
fn only_padded_standard_base64_is_base64() {
    // `{"k":"?>"}` has both digits that the two alphabets differ in … nearly: `eyJrIjoiPz4ifQ==`.
    let json = "{\"kind\":\"start\",\"x\":\"~?>\u{ff}\"}";
    let good = to_base64(json.as_bytes());
    assert!(good.contains('/') || good.contains('+') || good.ends_with('='), "{good}");
    let slashed = good.replace('/', "\\/").replacen('e', "\\u0065", 1);
    let texts = [
        good.clone(),                                          // 0: as it should be
        slashed,                                               // 1: JSON may escape any of it
        "eyJraW5kIjoic3RhcnQifQ".to_owned(),                   // 2: {"kind":"start"} without padding
        "eyJraW5kIjoic3RhcnQifQ=".to_owned(),                  // 3: half a padding
        "eyJraW5kIjoic3RhcnQifR==".to_owned(),                 // 4: bits left over
        "eyJraW5kIjoic3Rh\\ncnQifQ==".to_owned(),              // 5: a line break
        " eyJraW5kIjoic3RhcnQifQ==".to_owned(),                // 6: a space
        "eyJraW5kIjoic3RhcnQiLCJ4Ijoifj8-w78ifQ==".to_owned(), // 7: the alphabet of URLs
        "{\\\"kind\\\":\\\"start\\\"}".to_owned(),             // 8: not encoded at all
        "=".to_owned(),                                        // 9
        "eyJraW5kIjoic3RhcnQifQ==".to_owned(),                 // 10: as it should be
    ];
    for source in DECODED.into_iter().filter(|&source| source != Source::Sqs) {
        let records: Vec<String> = texts.iter().map(|text| record_with(source, Some(&format!("\"{text}\"")))).collect();
        let key = payload_key(source);
        let start = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        let end = format!("{{\"{key}\":{{\"kind\":[\"end\"]}}}}");
        let (starts, ends): (&[usize], &[usize]) = match IGNORING.contains(&source) {
            true => (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &[2, 3, 4, 5, 6, 7, 8, 9]),
            false => (&[0, 1, 10], &[]),
        };
        assert_eq!(kept(source, &[&start], &records), starts, "{source}");
        assert_eq!(kept(source, &[&end], &records), ends, "{source}");
    }
}

// ------------------------------------------------------------------------------------------------------------------
// Keys.

#[test]
fn dotted_payload_clauses_ask_for_json() {
    let payloads = ["{\"kind\":\"start\",\"at\":{\"city\":\"Ghent\"}}", "{\"kind.of\":\"x\"}", "kind"];
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &payloads);
        let ignored: Vec<usize> = if IGNORING.contains(&source) { vec![2] } else { vec![] };
        for (pattern, at) in [
            (format!("{{\"{key}.kind\":[\"start\"]}}"), 0),
            (format!("{{\"{key}.at.city\":[\"Ghent\"]}}"), 0),
            (format!("{{\"{key}.at\":{{\"city\":[\"Ghent\"]}}}}"), 0),
            (format!("{{\"{key}\":{{\"at.city\":[\"Ghent\"]}}}}"), 0),
            (format!("{{\"{key}\":{{\"kind\":{{\"of\":[\"x\"]}}}}}}"), 1),
        ] {
            let expected = [vec![at], ignored.clone()].concat();
            assert_eq!(kept(source, &[&pattern], &records), expected, "{source}: {pattern}");
        }
    }
}

#[test]
fn escapes_in_keys_are_read() {
    for source in DECODED {
        let key = payload_key(source);
        let escaped = format!("\\u{:04x}{}", key.as_bytes()[0], &key[1..]);
        let records: Vec<String> = records(source, &["{\"ki\\u006ed\":\"st\\u0061rt\"}", "start"])
            .iter()
            .map(|record| record.replace(&format!("\"{key}\":"), &format!("\"{escaped}\":")))
            .collect();
        assert!(records[0].contains("\\u00"), "{}", records[0]);
        let pattern = format!("{{\"{escaped}\":{{\"\\u006bind\":[\"start\"]}}}}");
        let expected: &[usize] = if IGNORING.contains(&source) { &[0, 1] } else { &[0] };
        assert_eq!(kept(source, &[&pattern], &records), expected, "{source}");
    }
}

#[test]
fn of_repeated_payload_keys_the_last_counts() {
    for source in DECODED {
        let key = payload_key(source);
        let text = |payload: &str| match source {
            Source::Sqs => json_text(payload),
            _ => json_text(&to_base64(payload.as_bytes())),
        };
        let twice = |first: &str, second: &str| {
            record_with(source, Some(&format!("{}, \"{key}\": {}", text(first), text(second))))
        };
        let (start, end) = ("{\"kind\":\"start\"}", "{\"kind\":\"end\"}");
        let records = [twice(start, end), twice(end, start), twice("plain", start), twice(start, "plain")];
        let pattern = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        let expected: &[usize] = if IGNORING.contains(&source) { &[1, 2, 3] } else { &[1, 2] };
        assert_eq!(kept(source, &[&pattern], &records), expected, "{source}");
    }
}

#[test]
fn keys_are_exact() {
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &["{\"kind\":\"start\"}"]);
        let upper = format!("{{\"{}\":{{\"kind\":[\"start\"]}}}}", key.to_uppercase());
        assert_eq!(kept(source, &[&upper], &records), [0; 0], "{source}");
        assert_eq!(kept(source, &[&format!("{{\"{key}x\":[{{\"exists\":false}}]}}")], &records), [0], "{source}");
        // The payload's fields are not fields of the record, nor the other way round.
        assert_eq!(kept(source, &["{\"kind\":[\"start\"]}"], &records), [0; 0], "{source}");
        assert_eq!(
            kept(source, &[&format!("{{\"{key}\":{{\"{key}\":[{{\"exists\":false}}]}}}}")], &records),
            [0],
            "{source}"
        );
    }
}

#[test]
fn text_is_compared_to_the_last_byte() {
    for source in DECODED.into_iter().filter(|&source| source != Source::Kinesis) {
        let key = payload_key(source);
        let records = records(source, &["Ticket 17", "ticket 17", "Ticket 17 ", "Ticket \"17\"", "Tické"]);
        for (tests, expected) in [
            (r#"["Ticket 17"]"#, &[0_usize] as &[usize]),
            (r#"[{"prefix":"Ticket"}]"#, &[0, 2, 3]),
            (r#"[{"suffix":"17"}]"#, &[0, 1]),
            (r#"[{"equals-ignore-case":"TICKET 17"}]"#, &[0, 1]),
            (r#"[{"anything-but":["Ticket 17"]}]"#, &[1, 2, 3, 4]),
            (r#"["Ticket \"17\"","Tick\u00e9"]"#, &[3, 4]),
            (r#"[{"exists":true}]"#, &[0, 1, 2, 3, 4]),
            (r#"[{"exists":false}]"#, &[]),
            (r#"[{"numeric":[">",0]},"Ticket 17"]"#, &[0]),
        ] {
            assert_eq!(kept(source, &[&format!("{{\"{key}\":{tests}}}")], &records), expected, "{source}: {tests}");
        }
    }
}

// ------------------------------------------------------------------------------------------------------------------
// Kinesis.

#[test]
fn kinesis_is_seen_flat() {
    let records = records(Source::Kinesis, &["{\"kind\":\"start\"}"]);
    let all: &[usize] = &[0];
    for (pattern, expected) in [
        (r#"{"kinesis":{"data":{"kind":["start"]}}}"#, &[] as &[usize]),
        (r#"{"kinesis":{"partitionKey":["bike-7"]}}"#, &[]),
        (r#"{"kinesis.partitionKey":["bike-7"]}"#, &[]),
        (r#"{"kinesis":{"partitionKey":[{"exists":false}]}}"#, all),
        (r#"{"partitionKey":["bike-7"]}"#, all),
        (r#"{"partitionKey":["bike-8"]}"#, &[]),
        (r#"{"sequenceNumber":[{"prefix":"4965"}],"kinesisSchemaVersion":["1.0"]}"#, all),
        (r#"{"approximateArrivalTimestamp":[{"numeric":[">",1545084650.9,"<",1545084651]}]}"#, all),
        (r#"{"approximateArrivalTimestamp":[1545084650.987]}"#, all),
        (r#"{"eventSource":["aws:kinesis"],"data":{"kind":["start"]},"partitionKey":["bike-7"]}"#, all),
        (r#"{"eventSourceARN":[{"suffix":":stream/rides"}],"data":{"kind":["end"]}}"#, &[]),
    ] {
        assert_eq!(kept(Source::Kinesis, &[pattern], &records), expected, "{pattern}");
    }
    // A pipe hands the record over flat; the view is the same.
    let flat = format!(
        "{{\"partitionKey\":\"bike-7\",\"sequenceNumber\":\"1\",\"data\":\"{}\",\"eventSource\":\"aws:kinesis\"}}",
        to_base64(b"{\"kind\":\"start\"}")
    );
    let criteria = FilterCriteria::from_patterns([r#"{"partitionKey":["bike-7"],"data":{"kind":["start"]}}"#]);
    assert_eq!(kept_by(Source::Kinesis, Dialect::Pipes, &criteria, &[flat]).unwrap(), [0]);
}

#[test]
fn kinesis_member_that_is_no_object_leads_nowhere() {
    let odd = ["[{\"partitionKey\":\"bike-7\"}]", "\"partitionKey\"", "null", "1.5", "{}"];
    for kinesis in odd {
        let record = format!("{{\"eventSource\":\"aws:kinesis\",\"kinesis\":{kinesis}}}").into_bytes();
        for front_end in [FrontEnd::Tape, FrontEnd::Text] {
            for (pattern, expected) in [
                (r#"{"partitionKey":["bike-7"]}"#, Verdict::NoMatch),
                (r#"{"partitionKey":[{"exists":false}]}"#, Verdict::Match),
                (r#"{"eventSource":["aws:kinesis"]}"#, Verdict::Match),
            ] {
                let criteria = FilterCriteria::from_patterns([pattern]);
                let sieve = Sieve::builder(Source::Kinesis).compile(&criteria).unwrap().with_front_end(front_end);
                let mut scratch = sieve.scratch();
                let slices = [record.as_slice()];
                let verdicts = sieve.evaluate(&mut scratch, &Batch::from_slices(&slices)).unwrap();
                assert_eq!(verdicts, [expected], "{kinesis} {pattern}");
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------------------------
// Kafka.

#[test]
fn kafka_key_is_decoded_like_the_value() {
    let with_key = |key: &str| {
        record(Source::Kafka, b"{\"kind\":\"start\"}").replace("\"key\": \"YmlrZS03\"", &format!("\"key\": {key}"))
    };
    let coded = |key: &str| json_text(&to_base64(key.as_bytes()));
    let records = [
        with_key(&coded("bike-7")),
        with_key(&coded("{\"bike\":7}")),
        with_key(&coded("7")),
        with_key("null"),
        with_key("\"not base64\""),
        record(Source::Kafka, b"plain").replace("\"key\": \"YmlrZS03\", ", ""),
    ];
    for source in [Source::Kafka, Source::Msk] {
        for (pattern, expected) in [
            (r#"{"key":["bike-7"]}"#, &[0_usize] as &[usize]),
            (r#"{"key":[{"prefix":"bike-"}],"value":{"kind":["start"]}}"#, &[0]),
            (r#"{"key":{"bike":[7]}}"#, &[1]),
            (r#"{"key.bike":[7]}"#, &[1]),
            (r#"{"key":["7"]}"#, &[2]),
            (r#"{"key":[7]}"#, &[]),
            // A key that cannot be read is absent. Its format decides nothing, so a clause on it is never ignored.
            (r#"{"key":["YmlrZS03"]}"#, &[]),
            (r#"{"key":[{"exists":false}]}"#, &[1, 3, 4, 5]),
            (r#"{"key":[null]}"#, &[]),
        ] {
            assert_eq!(kept(source, &[pattern], &records), expected, "{source}: {pattern}");
        }
    }
}

#[test]
fn kafka_headers_are_lists_of_bytes() {
    let records = [record(Source::Kafka, b"x")];
    for (pattern, expected) in [
        (r#"{"headers":{"trace":[97]}}"#, &[0_usize] as &[usize]),
        (r#"{"headers":{"trace":[98]}}"#, &[0]),
        (r#"{"headers":{"trace":["ab"]}}"#, &[]),
        (r#"{"headers":{"span":[{"exists":false}]}}"#, &[0]),
    ] {
        assert_eq!(kept(Source::Kafka, &[pattern], &records), expected, "{pattern}");
    }
}

#[test]
fn kafka_metadata_of_every_kind() {
    let records = [record(Source::Msk, b"x")];
    for pattern in [
        r#"{"offset":[1501],"timestamp":[{"numeric":[">=",1764000000123]}],"timestampType":["CREATE_TIME"]}"#,
        r#"{"partition":[{"numeric":["=",3]}]}"#,
        r#"{"partition":[3.0]}"#,
    ] {
        assert_eq!(kept(Source::Msk, &[pattern], &records), [0], "{pattern}");
    }
    for pattern in [r#"{"offset":["1501"]}"#, r#"{"partition":[{"numeric":["<",3]}]}"#] {
        assert_eq!(kept(Source::Msk, &[pattern], &records), [0; 0], "{pattern}");
    }
}

// ------------------------------------------------------------------------------------------------------------------
// DynamoDB and DocumentDB.

#[test]
fn dynamodb_is_seen_as_it_is() {
    let image = |image: &str| {
        let dynamodb = format!(
            "{{\"ApproximateCreationDateTime\": 1764000001.0, \"Keys\": {{\"id\": {{\"S\": \"bike-7\"}}}}, \"NewImage\": {image}, \
             \"SequenceNumber\": \"900000000001\", \"SizeBytes\": 64, \"StreamViewType\": \"NEW_AND_OLD_IMAGES\"}}"
        );
        record_with(Source::DynamoDb, Some(&dynamodb))
    };
    let records = [
        image(r#"{"state": {"S": "free"}, "rides": {"N": "101"}, "electric": {"BOOL": true}}"#),
        image(r#"{"state": {"S": "rented"}, "rides": {"N": "99"}, "tags": {"L": [{"S": "new"}, {"N": "1"}]}}"#),
        image(r#"{"lost": {"NULL": true}, "basket": {"M": {"size": {"S": "L"}}}, "sizes": {"SS": ["S", "L"]}}"#),
    ];
    for (pattern, expected) in [
        (r#"{"dynamodb":{"NewImage":{"state":{"S":["free"]}}}}"#, &[0_usize] as &[usize]),
        (r#"{"dynamodb":{"NewImage":{"state":["free"]}}}"#, &[]),
        (r#"{"dynamodb":{"NewImage":{"rides":{"N":[{"numeric":[">",0]}]}}}}"#, &[]),
        (r#"{"dynamodb":{"NewImage":{"rides":{"N":["101"]}}}}"#, &[0]),
        (r#"{"dynamodb":{"NewImage":{"electric":{"BOOL":[true]}}}}"#, &[0]),
        (r#"{"dynamodb":{"NewImage":{"tags":{"L":{"S":["new"]}}}}}"#, &[1]),
        (r#"{"dynamodb":{"NewImage":{"sizes":{"SS":["L"]}}}}"#, &[2]),
        (r#"{"dynamodb":{"NewImage":{"basket":{"M":{"size":{"S":["L"]}}}}}}"#, &[2]),
        (r#"{"dynamodb":{"NewImage":{"lost":{"NULL":[true]}}}}"#, &[2]),
        (r#"{"dynamodb":{"NewImage":{"state":{"S":[{"exists":false}]}}}}"#, &[2]),
        (r#"{"dynamodb":{"NewImage":{"state":[{"exists":false}]}}}"#, &[0, 1, 2]),
        (r#"{"dynamodb":{"NewImage":{"state":[{"exists":true}]}}}"#, &[]),
        (r#"{"dynamodb":{"OldImage":{"state":{"S":[{"exists":false}]}}}}"#, &[0, 1, 2]),
        (r#"{"dynamodb":{"ApproximateCreationDateTime":[{"numeric":[">",1764000000]}]}}"#, &[0, 1, 2]),
        (r#"{"dynamodb.NewImage.state.S":["rented"]}"#, &[1]),
        (r#"{"eventName":["INSERT"]}"#, &[0, 1, 2]),
        (r#"{"eventName":["REMOVE"]}"#, &[]),
        (r#"{"userIdentity":{"type":[{"exists":false}]},"dynamodb":{"Keys":{"id":{"S":["bike-7"]}}}}"#, &[0, 1, 2]),
        (r#"{"$or":[{"eventName":["REMOVE"]},{"dynamodb":{"NewImage":{"state":{"S":["rented"]}}}}]}"#, &[1]),
    ] {
        assert_eq!(kept(Source::DynamoDb, &[pattern], &records), expected, "{pattern}");
    }
}

#[test]
fn documentdb_is_filtered_as_an_extension() {
    let records = [
        record_with(
            Source::DocumentDb,
            Some(r#"{"operationType": "insert", "ns": {"db": "rental", "coll": "bikes"}}"#),
        ),
        record_with(
            Source::DocumentDb,
            Some(r#"{"operationType": "delete", "ns": {"db": "rental", "coll": "rides"}}"#),
        ),
    ];
    assert_eq!(kept(Source::DocumentDb, &[r#"{"event":{"operationType":["insert"]}}"#], &records), [0]);
    assert_eq!(kept(Source::DocumentDb, &[r#"{"event":{"ns":{"coll":[{"prefix":"ri"}]}}}"#], &records), [1]);
    assert_eq!(kept(Source::DocumentDb, &[r#"{"operationType":["insert"]}"#], &records), [0; 0]);
}

// ------------------------------------------------------------------------------------------------------------------
// What the service refuses.

fn refusal(source: Source, dialect: Dialect, pattern: &str) -> Option<(ErrorKind, Option<&'static str>)> {
    let compiled = Sieve::builder(source).dialect(dialect).compile(&FilterCriteria::from_patterns([pattern]));
    compiled.err().map(|errors| (errors.first().kind(), errors.first().lambda_message()))
}

#[test]
fn clauses_that_are_no_object_are_refused_where_the_payload_is_always_json() {
    let generic = Some("Invalid filter pattern definition.");
    for (source, pattern) in [
        (Source::Kinesis, r#"{"data":["start"]}"#),
        (Source::Kinesis, r#"{"data":[{"prefix":"x"}]}"#),
        (Source::Kinesis, r#"{"partitionKey":["a"],"data":[{"exists":true}]}"#),
        (Source::Kinesis, r#"{"d\u0061ta":["start"]}"#),
        (Source::Kinesis, r#"{"$or":[{"partitionKey":["a"]},{"data":["start"]}]}"#),
        (Source::DynamoDb, r#"{"dynamodb":["start"]}"#),
        (Source::DynamoDb, r#"{"dynamodb":[{"exists":true}],"eventName":["INSERT"]}"#),
        (Source::DynamoDb, r#"{"$or":[{"dynamodb":["x"]},{"eventName":["INSERT"]}]}"#),
    ] {
        for dialect in [Dialect::Lambda, Dialect::Pipes] {
            let expected = Some((ErrorKind::PayloadNotAnObject, generic));
            assert_eq!(refusal(source, dialect, pattern), expected, "{source}: {pattern}");
        }
    }
    for (source, pattern) in [
        (Source::Kinesis, r#"{"data":{"data":["start"]}}"#),
        (Source::Kinesis, r#"{"data.kind":["start"]}"#),
        (Source::Kinesis, r#"{"database":["start"]}"#),
        (Source::DynamoDb, r#"{"dynamodb":{"Keys":{"id":{"S":["x"]}}}}"#),
        (Source::Sqs, r#"{"body":["start"]}"#),
        (Source::Sqs, r#"{"data":["start"],"dynamodb":["start"]}"#),
        (Source::Kafka, r#"{"value":["start"],"data":["start"]}"#),
        (Source::ActiveMq, r#"{"data":["start"]}"#),
        (Source::RabbitMq, r#"{"data":["start"]}"#),
        (Source::Raw, r#"{"data":["start"],"dynamodb":["start"]}"#),
    ] {
        assert_eq!(refusal(source, Dialect::Lambda, pattern), None, "{source}: {pattern}");
    }
}

#[test]
fn a_scalar_is_a_bad_pattern_wherever_it_stands() {
    for source in DECODED {
        let pattern = format!("{{\"{}\":\"start\"}}", payload_key(source));
        let (kind, message) = refusal(source, Dialect::Lambda, &pattern).expect("refused");
        assert_eq!((kind, message), (ErrorKind::BareValue, Some("Invalid filter pattern definition.")), "{source}");
    }
}

#[test]
fn documentdb_takes_no_filters() {
    let expected = Some((ErrorKind::NotFilterable, Some("Invalid parameters: filterCriteria")));
    for dialect in [Dialect::Lambda, Dialect::Pipes] {
        assert_eq!(refusal(Source::DocumentDb, dialect, r#"{"event":{"operationType":["insert"]}}"#), expected);
    }
    assert_eq!(refusal(Source::DocumentDb, Dialect::EventBridge, r#"{"event":{"operationType":["insert"]}}"#), None);
    // No filters are no filters: every record passes.
    let none = FilterCriteria::from_json(r#"{"Filters":[]}"#).unwrap();
    let sieve = Sieve::builder(Source::DocumentDb).compile(&none).unwrap();
    let mut scratch = sieve.scratch();
    assert_eq!(sieve.evaluate(&mut scratch, &Batch::from_lines(b"{\"event\":{}}")).unwrap(), [Verdict::Match]);
}

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
        let sieve =
            Sieve::builder(Source::Sqs).compile(&FilterCriteria::from_patterns(patterns.iter().copied())).unwrap();
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

/// Whether a pattern has an empty key, which means one thing at the root and another below (patterns.md section 8).
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
