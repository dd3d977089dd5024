//! A source's records in every form: delivered, in pieces, in an envelope; and all ways to judge them.

use eventsieve::source::{kafka, kinesis, mq, sqs};
use eventsieve::{
    Batch, Checks, CompileErrors, Dialect, Encoded, Envelope, FilterCriteria, FrontEnd, Program, RecordView, Sieve,
    Source, Tape, Verdict,
};
use serde_json::value::RawValue;

/// The sources whose records have a payload that is decoded.
pub(crate) const DECODED: [Source; 6] =
    [Source::Sqs, Source::Kinesis, Source::Msk, Source::Kafka, Source::ActiveMq, Source::RabbitMq];

/// The sources that ignore a payload clause of the wrong format.
pub(crate) const IGNORING: [Source; 4] = [Source::Msk, Source::Kafka, Source::ActiveMq, Source::RabbitMq];

pub(crate) fn payload_key(source: Source) -> &'static str {
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

pub(crate) const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn to_base64(bytes: &[u8]) -> String {
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
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
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
pub(crate) fn base64_of_the_test_is_base64() {
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
pub(crate) fn members(object: &str) -> Vec<(String, &str)> {
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

pub(crate) fn object(members: &[(String, &str)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(key, value)| format!("{}: {value}", serde_json::to_string(key).unwrap())).collect();
    format!("{{ {} }}", members.join(" , "))
}

/// What a poller holds of a record.
#[derive(Debug)]
pub(crate) struct Pieces {
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
pub(crate) struct KafkaPieces {
    topic: String,
    partition: i32,
    offset: i64,
    timestamp: i64,
    timestamp_type: String,
    key: Option<Vec<u8>>,
}

/// Takes a member out if it is written as a `T`.
pub(crate) fn take<T: serde::de::DeserializeOwned>(members: &mut Vec<(String, &str)>, key: &str) -> Option<T> {
    let at = members.iter().position(|(known, _)| known == key)?;
    let value = serde_json::from_str(members[at].1).ok()?;
    members.remove(at);
    Some(value)
}

impl Pieces {
    /// `None` where no poller could hold the record: a payload with half a surrogate pair, or one that is no string.
    pub(crate) fn of(source: Source, record: &str) -> Option<Pieces> {
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

    pub(crate) fn kafka(members: &mut Vec<(String, &str)>) -> Option<KafkaPieces> {
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
    pub(crate) fn view(&self, coded: bool) -> RecordView<'_> {
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
pub(crate) fn envelope(source: Source, records: &[String]) -> (String, Vec<usize>) {
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
pub(crate) fn records_of(source: Source, event: &str) -> Vec<String> {
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

pub(crate) fn matches(verdicts: &[Verdict]) -> Vec<usize> {
    (0..verdicts.len()).filter(|&index| verdicts[index] == Verdict::Match).collect()
}

/// The records that criteria keep, with all ways in agreement.
pub(crate) fn kept_by(
    source: Source,
    dialect: Dialect,
    criteria: &FilterCriteria,
    records: &[String],
) -> Result<Vec<usize>, CompileErrors> {
    let compiled = Sieve::builder(source).dialect(dialect).checks(Checks::Every).compile(criteria)?;
    let bytes = compiled.program().as_bytes().to_vec();
    let loaded =
        Sieve::from_program(Program::from_bytes(bytes.as_slice()).expect("our own program")).with_checks(Checks::Every);
    assert_eq!(loaded.source(), source, "a program carries its source");

    let slices: Vec<&[u8]> = records.iter().map(String::as_bytes).collect();
    let pieces: Vec<Option<Pieces>> = records.iter().map(|record| Pieces::of(source, record)).collect();
    let delivered: Vec<RecordView<'_>> = slices.iter().map(|record| RecordView::delivered(record)).collect();
    let views = |coded| -> Vec<RecordView<'_>> {
        let views = pieces.iter().zip(&delivered);
        views.map(|(pieces, &delivered)| pieces.as_ref().map_or(delivered, |pieces| pieces.view(coded))).collect()
    };
    let (raw, coded) = (views(false), views(true));
    let mut buffers: Vec<Vec<u8>> = records.iter().map(|record| record.clone().into_bytes()).collect();
    // Half a surrogate pair is JSON, but simd-json has no tape for it.
    let tapes: Option<Vec<Tape<'_>>> = buffers.iter_mut().map(|text| simd_json::to_tape(text).ok()).collect();
    let mut batches = vec![
        ("delivered", Batch::from_slices(&slices)),
        ("delivered views", Batch::from_views(&delivered)),
        ("pieces, payload raw", Batch::from_views(&raw)),
        ("pieces, payload in base64", Batch::from_views(&coded)),
    ];
    batches.extend(tapes.as_deref().map(|tapes| ("tapes", Batch::from_tapes(tapes))));
    let mut first: Option<(Vec<usize>, Vec<Vec<usize>>)> = None;
    for (whence, sieve) in [("compiled", compiled), ("loaded", loaded)] {
        for (front_end, checks) in [
            (FrontEnd::Index, Checks::Every),
            (FrontEnd::Index, Checks::Matches),
            (FrontEnd::Tape, Checks::Every),
            (FrontEnd::Text, Checks::Every),
        ] {
            let sieve = sieve.clone().with_front_end(front_end).with_checks(checks);
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
pub(crate) fn kept(source: Source, patterns: &[&str], records: &[String]) -> Vec<usize> {
    let dialect = if source == Source::DocumentDb { Dialect::EventBridge } else { Dialect::Lambda };
    kept_by(source, dialect, &FilterCriteria::from_patterns(patterns.iter().copied()), records)
        .unwrap_or_else(|errors| panic!("{patterns:?}: {}", errors.render(None)))
}

// ------------------------------------------------------------------------------------------------------------------
// Records of our own: a bike rental.

pub(crate) fn json_text(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A delivered record with this text where the payload stands, or without one.
pub(crate) fn record_with(source: Source, payload: Option<&str>) -> String {
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
pub(crate) fn record(source: Source, payload: &[u8]) -> String {
    let text = match source {
        Source::Sqs => json_text(std::str::from_utf8(payload).unwrap()),
        _ => json_text(&to_base64(payload)),
    };
    record_with(source, Some(&text))
}

pub(crate) fn records(source: Source, payloads: &[&str]) -> Vec<String> {
    payloads.iter().map(|payload| record(source, payload.as_bytes())).collect()
}

/// A clause on metadata that the records of a source satisfy, and one that they do not.
pub(crate) fn metadata_clauses(source: Source) -> [&'static str; 2] {
    match source {
        Source::Sqs => [r#""attributes":{"SenderId":["AIDAFLEET"]}"#, r#""attributes":{"SenderId":["AIDAOTHER"]}"#],
        Source::Kinesis => [r#""partitionKey":["bike-7"]"#, r#""partitionKey":["bike-8"]"#],
        Source::Msk | Source::Kafka => [r#""topic":["rides"],"partition":[3]"#, r#""topic":["rides"],"partition":[4]"#],
        Source::ActiveMq => [r#""destination":{"physicalName":["rides"]}"#, r#""destination":{"physicalName":["r"]}"#],
        Source::RabbitMq => [r#""basicProperties":{"priority":[34]}"#, r#""basicProperties":{"priority":[33]}"#],
        _ => panic!("no clauses for {source}"),
    }
}
