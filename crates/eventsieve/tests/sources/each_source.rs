//! What is special about one source.

use eventsieve::{Batch, Checks, Dialect, ErrorKind, FilterCriteria, FrontEnd, Sieve, Source, Verdict};

use crate::harness::*;

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
        for front_end in [FrontEnd::Index, FrontEnd::Tape, FrontEnd::Text] {
            for (pattern, expected) in [
                (r#"{"partitionKey":["bike-7"]}"#, Verdict::NoMatch),
                (r#"{"partitionKey":[{"exists":false}]}"#, Verdict::Match),
                (r#"{"eventSource":["aws:kinesis"]}"#, Verdict::Match),
            ] {
                let criteria = FilterCriteria::from_patterns([pattern]);
                let sieve = Sieve::builder(Source::Kinesis)
                    .compile(&criteria)
                    .unwrap()
                    .with_front_end(front_end)
                    .with_checks(Checks::Every);
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
