//! Aggregates of the Kinesis Producer Library, written by `prost` from the schema and read by ours.

use eventsieve::kpl::{self, Aggregate, KplErrorKind, MAGIC, Table};
use eventsieve::{Batch, Encoded, Envelope, FilterCriteria, Sieve, Source, Verdict, source};
use md5::{Digest, Md5};
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct AggregatedRecord {
    #[prost(string, repeated, tag = "1")]
    partition_key_table: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    explicit_hash_key_table: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    records: Vec<Record>,
}

/// Without its tags, which are skipped unread.
#[derive(Clone, PartialEq, Message)]
struct Record {
    #[prost(uint64, required, tag = "1")]
    partition_key_index: u64,
    #[prost(uint64, optional, tag = "2")]
    explicit_hash_key_index: Option<u64>,
    #[prost(bytes = "vec", required, tag = "3")]
    data: Vec<u8>,
}

/// Magic and checksum around a message.
fn sealed(message: &[u8]) -> Vec<u8> {
    [&MAGIC, message, Md5::digest(message).as_slice()].concat()
}

/// An aggregate of records, each a partition key and data.
fn aggregate(records: &[(&str, &str)]) -> Vec<u8> {
    let mut message = AggregatedRecord::default();
    for (key, data) in records {
        let index = message.partition_key_table.iter().position(|known| known == key).unwrap_or_else(|| {
            message.partition_key_table.push((*key).to_owned());
            message.partition_key_table.len() - 1
        });
        message.records.push(Record {
            partition_key_index: index as u64,
            explicit_hash_key_index: None,
            data: data.as_bytes().to_vec(),
        });
    }
    sealed(&message.encode_to_vec())
}

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

fn record(key: &str, sequence: u64, data: &[u8]) -> String {
    format!(
        "{{\"kinesis\":{{\"kinesisSchemaVersion\":\"1.0\",\"partitionKey\":\"{key}\",\"sequenceNumber\":\"4965{sequence:048}\",\
         \"data\":\"{}\",\"approximateArrivalTimestamp\":1764000001.125}},\"eventSource\":\"aws:kinesis\",\
         \"eventID\":\"shardId-000000000000:4965{sequence:048}\",\"awsRegion\":\"eu-west-1\"}}",
        base64(data)
    )
}

fn strings(records: &[Vec<u8>]) -> Vec<&str> {
    records.iter().map(|record| std::str::from_utf8(record).unwrap()).collect()
}

#[test]
fn records_come_out_as_they_were_packed() {
    let message = AggregatedRecord {
        partition_key_table: vec!["bike-7".to_owned(), "bike-é\"\n".to_owned(), String::new()],
        explicit_hash_key_table: vec!["0".to_owned(), "340282366920938463463374607431768211455".to_owned()],
        records: [(1, Some(1), "{\"kind\":\"start\"}"), (0, None, ""), (2, Some(0), "plain"), (1, None, "plain")]
            .map(|(partition_key_index, explicit_hash_key_index, data)| Record {
                partition_key_index,
                explicit_hash_key_index,
                data: data.as_bytes().to_vec(),
            })
            .to_vec(),
    };
    let data = sealed(&message.encode_to_vec());
    assert!(kpl::is_aggregate(&data));
    let records = kpl::deaggregate(&data).unwrap();
    let seen: Vec<_> =
        records.iter().map(|record| (record.partition_key, record.explicit_hash_key, record.data)).collect();
    assert_eq!(
        seen,
        [
            ("bike-é\"\n", Some("340282366920938463463374607431768211455"), b"{\"kind\":\"start\"}".as_slice()),
            ("bike-7", None, b""),
            ("", Some("0"), b"plain"),
            ("bike-é\"\n", None, b"plain"),
        ]
    );
    let aggregate = Aggregate::parse(&data).unwrap();
    assert_eq!((aggregate.len(), aggregate.is_empty()), (4, false));
    assert!(aggregate.records().eq(records));
    // What a shard looks at: the explicit hash key, or the MD5 of the partition key as one number.
    assert_eq!(
        records_hash_keys(&data),
        [Some(u128::MAX), Some(md5_of("bike-7")), Some(0), Some(md5_of("bike-é\"\n"))]
    );
}

fn records_hash_keys(data: &[u8]) -> Vec<Option<u128>> {
    kpl::deaggregate(data).unwrap().iter().map(kpl::UserRecord::hash_key).collect()
}

fn md5_of(text: &str) -> u128 {
    Md5::digest(text).iter().fold(0, |number, &byte| number << 8 | u128::from(byte))
}

#[test]
fn hash_key_that_is_no_number_is_none() {
    for (explicit, expected) in
        [("12", Some(12)), ("", None), ("-1", None), ("x", None), ("340282366920938463463374607431768211456", None)]
    {
        let record = kpl::UserRecord { partition_key: "a", explicit_hash_key: Some(explicit), data: b"" };
        assert_eq!(record.hash_key(), expected, "{explicit}");
    }
}

#[test]
fn tables_may_follow_the_records_and_unknown_fields_are_skipped() {
    let message = [
        b"\x1A\x09\x08\x01\x1A\x01x\x22\x02\x0A\x00".as_slice(), // record: key 1, data "x", a tag
        b"\x58\x07\x61\x01\x02\x03\x04\x05\x06\x07\x08\x6D\x01\x02\x03\x04", // fields 11 to 13: varint, 64 bits, 32 bits
        b"\x0A\x01a\x0A\x01b",
        b"\x1A\x0B\x08\x07\x08\x00\x1A\x01y\x1A\x02zz", // repeated fields: the last counts, indices are all looked at
    ]
    .concat();
    let data = sealed(&message);
    let error = kpl::deaggregate(&data).unwrap_err();
    assert_eq!(*error.kind(), KplErrorKind::Index { table: Table::PartitionKeys, index: 7, len: 2 });

    let fixed: Vec<u8> = message.iter().map(|&byte| if byte == 7 { 1 } else { byte }).collect();
    let data = sealed(&fixed);
    let records = kpl::deaggregate(&data).unwrap();
    let seen: Vec<_> = records.iter().map(|record| (record.partition_key, record.data)).collect();
    assert_eq!(seen, [("b", b"x".as_slice()), ("a", b"zz")]);
}

#[test]
fn anything_wrong_refuses_the_whole_and_names_the_byte() {
    use KplErrorKind as Kind;
    let good = b"\x0A\x01a\x12\x019\x1A\x05\x08\x00\x1A\x01x"; // keys "a" and "9", one record
    assert_eq!(kpl::deaggregate(&sealed(good)).unwrap().len(), 1);
    let with = |more: &[u8]| sealed(&[good, more].concat());
    let base = MAGIC.len() + good.len();
    let cases = [
        (b"".to_vec(), Kind::NoMagic, 0),
        (b"{\"kind\":\"start\"}".to_vec(), Kind::NoMagic, 0),
        (b"\xF3\x89\x9A".to_vec(), Kind::NoMagic, 3),
        (b"\xF3\x89\x9A\xC3".to_vec(), Kind::NoMagic, 3),
        (MAGIC.to_vec(), Kind::EndsEarly, 4),
        ([MAGIC.as_slice(), &[0; 15]].concat(), Kind::EndsEarly, 19),
        ([MAGIC.as_slice(), good, &[0; 16]].concat(), Kind::Checksum, base),
        (with(b"\x1A"), Kind::EndsEarly, base + 1),
        (with(b"\x1A\x80"), Kind::EndsEarly, base + 2),
        (with(b"\x1A\x05\x08"), Kind::EndsEarly, base + 3),
        (with(b"\x1A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), Kind::EndsEarly, base + 11),
        (with(b"\x1A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"), Kind::Varint, base + 1),
        (with(b"\x1A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x81"), Kind::Varint, base + 1),
        (with(b"\x02\x00"), Kind::FieldNumber, base),
        (with(b"\x82\x80\x80\x80\x10\x00"), Kind::FieldNumber, base),
        (with(b"\x1B"), Kind::WireType, base),
        (with(b"\x18\x01"), Kind::WireType, base),
        (with(b"\x08\x01"), Kind::WireType, base),
        (with(b"\x5D\x01\x02\x03"), Kind::EndsEarly, base + 4),
        (with(b"\x0A\x03ab\xFF"), Kind::NotUtf8, base + 4),
        (with(b"\x1A\x05\x08\x01\x1A\x01x"), Kind::Index { table: Table::PartitionKeys, index: 1, len: 1 }, base + 2),
        (
            with(b"\x1A\x07\x08\x00\x10\x02\x1A\x01x"),
            Kind::Index { table: Table::ExplicitHashKeys, index: 2, len: 1 },
            base + 4,
        ),
        (with(b"\x1A\x03\x1A\x01x"), Kind::Missing { field: "partition_key_index" }, base + 2),
        (with(b"\x1A\x02\x08\x00"), Kind::Missing { field: "data" }, base + 2),
        (with(b"\x1A\x04\x0A\x00\x1A\x00"), Kind::WireType, base + 2),
        (with(b"\x1A\x04\x08\x00\x18\x00"), Kind::WireType, base + 4),
        (with(b"\x1A\x05\x08\x00\x1A\x02x"), Kind::EndsEarly, base + 7),
    ];
    for (data, kind, offset) in cases {
        let error = kpl::deaggregate(&data).expect_err("something is wrong");
        assert_eq!((error.kind(), error.offset()), (&kind, offset), "{error}: {data:02x?}");
        assert!(error.to_string().ends_with(&format!(" (byte {offset})")), "{error}");
        let delivered = record("a", 1, &data);
        assert_eq!(kpl::expand(delivered.as_bytes()), None, "{error}");
    }
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

/// Damaged messages under a good checksum: what ours reads, `prost` reads the same; what ours refuses, `prost` refuses too, or
/// the schema does.
#[test]
fn agrees_with_prost_on_damaged_aggregates() {
    let mut random = Random(0x5eed_cafe);
    let (mut good, mut bad) = (0, 0);
    for round in 0..60_000 {
        let mut message = AggregatedRecord::default();
        for at in 0..1 + random.below(3) {
            message.partition_key_table.push("k".repeat(at + random.below(3)));
            message.explicit_hash_key_table.push(random.below(1000).to_string());
        }
        for _ in 0..random.below(4) {
            message.records.push(Record {
                partition_key_index: random.below(message.partition_key_table.len()) as u64,
                explicit_hash_key_index: (random.below(2) == 0).then_some(0),
                data: vec![b'd'; random.below(6)],
            });
        }
        let mut bytes = message.encode_to_vec();
        for _ in 0..random.below(3) {
            let at = random.below(bytes.len() + 1);
            match random.below(3) {
                0 if at < bytes.len() => bytes[at] = random.below(256) as u8,
                1 if at < bytes.len() => _ = bytes.remove(at),
                _ => bytes.insert(at, random.below(256) as u8),
            }
        }
        let theirs = AggregatedRecord::decode(bytes.as_slice());
        let data = sealed(&bytes);
        match kpl::deaggregate(&data) {
            Ok(ours) => {
                good += 1;
                let theirs = theirs.unwrap_or_else(|error| panic!("round {round}: {error}: {bytes:02x?}"));
                assert_eq!(ours.len(), theirs.records.len());
                for (ours, theirs_record) in ours.iter().zip(&theirs.records) {
                    let key = &theirs.partition_key_table[theirs_record.partition_key_index as usize];
                    let hash = theirs_record
                        .explicit_hash_key_index
                        .map(|index| theirs.explicit_hash_key_table[index as usize].as_str());
                    assert_eq!((ours.partition_key, ours.explicit_hash_key), (key.as_str(), hash), "round {round}");
                    assert_eq!(ours.data, theirs_record.data, "round {round}");
                }
            }
            Err(error) => {
                bad += 1;
                let schema = matches!(error.kind(), KplErrorKind::Missing { .. } | KplErrorKind::Index { .. });
                // `prost` steps over groups.
                let group = matches!(error.kind(), KplErrorKind::WireType);
                assert!(theirs.is_err() || schema || group, "round {round}: {error}: {bytes:02x?}");
            }
        }
    }
    assert!(good > 10_000 && bad > 10_000, "{good} good, {bad} bad");
}

#[test]
fn bytes_without_sense_never_panic() {
    let mut random = Random(7);
    for _ in 0..20_000 {
        let len = random.below(40);
        let bytes: Vec<u8> = (0..len).map(|_| [0, 1, 8, 10, 16, 18, 26, 127, 128, 255][random.below(10)]).collect();
        let _ = kpl::deaggregate(&bytes);
        let _ = kpl::deaggregate(&sealed(&bytes));
        let _ = kpl::expand(&bytes);
        let _ = kpl::expand_envelope(&bytes);
    }
}

#[test]
fn delivered_record_is_spliced() {
    let data = aggregate(&[("bike-7", "{\"kind\":\"start\"}"), ("bike-8", "plain")]);
    let outer = record("a", 17, &data);
    let inner = kpl::expand(outer.as_bytes()).expect("an aggregate");
    assert_eq!(strings(&inner), [record("bike-7", 17, b"{\"kind\":\"start\"}"), record("bike-8", 17, b"plain")]);
}

#[test]
fn white_space_escapes_and_order_stay() {
    let data = base64(&aggregate(&[("q\"\\\u{1}é", "x")]));
    let slashed = data.replace('/', "\\/");
    let outer = format!(
        "\t{{ \"x\" : 1545084650.9870 , \"kines\\u0069s\" :\n {{ \"d\\u0061ta\" : \"{slashed}\" , \"n\" : [ {{\"data\":\"no\"}} ] , \
         \"partitionKey\"  :  \"old\\u0021\" }} , \"partitionKe\" : \"\\ud83d\" }} \r\n"
    );
    let inner = kpl::expand(outer.as_bytes()).expect("an aggregate");
    let expected = outer.replace(&slashed, "eA==").replace("\"old\\u0021\"", "\"q\\\"\\\\\\u0001é\"");
    assert_eq!(strings(&inner), [expected]);
}

#[test]
fn flat_records_of_a_pipe_are_split_too() {
    let data = base64(&aggregate(&[("k1", "x"), ("k2", "y")]));
    let outer = format!("{{\"partitionKey\":\"a\",\"data\":\"{data}\",\"eventSource\":\"aws:kinesis\"}}");
    assert_eq!(
        strings(&kpl::expand(outer.as_bytes()).unwrap()),
        [
            "{\"partitionKey\":\"k1\",\"data\":\"eA==\",\"eventSource\":\"aws:kinesis\"}",
            "{\"partitionKey\":\"k2\",\"data\":\"eQ==\",\"eventSource\":\"aws:kinesis\"}",
        ]
    );
}

#[test]
fn repeated_members_are_all_replaced_and_the_last_data_is_read() {
    let data = base64(&aggregate(&[("k", "x")]));
    let outer =
        format!("{{\"data\":\"?\",\"kinesis\":{{\"data\":\"{data}\"}},\"partitionKey\":\"1\",\"partitionKey\":\"2\"}}");
    let expected = "{\"data\":\"eA==\",\"kinesis\":{\"data\":\"eA==\"},\"partitionKey\":\"k\",\"partitionKey\":\"k\"}";
    assert_eq!(strings(&kpl::expand(outer.as_bytes()).unwrap()), [expected]);

    let other_last = format!("{{\"kinesis\":{{\"data\":\"{data}\",\"data\":null}}}}");
    assert_eq!(kpl::expand(other_last.as_bytes()), None);
}

#[test]
fn what_holds_no_aggregate_is_left_alone() {
    let data = base64(&aggregate(&[("k", "xyz")]));
    assert!(data.ends_with('='));
    for record in [
        record("a", 1, b"{\"kind\":\"start\"}"),
        record("a", 1, &aggregate(&[])), // an aggregate of nothing
        format!("{{\"kinesis\":{{\"data\":\"{}\"}}}}", data.trim_end_matches('=')),
        format!("{{\"kinesis\":[{{\"data\":\"{data}\"}}]}}"),
        format!("{{\"kinesis\":{{\"kinesis\":{{\"data\":\"{data}\"}}}}}}"),
        format!("{{\"body\":\"{data}\"}}"),
        format!("{{\"kinesis\":{{\"data\":\"{data}\"}}"), // no JSON
        format!("[{{\"kinesis\":{{\"data\":\"{data}\"}}}}]"),
        "{}".to_owned(),
        String::new(),
    ] {
        assert_eq!(kpl::expand(record.as_bytes()), None, "{record}");
    }
}

#[test]
fn small_input_cannot_ask_for_endless_output() {
    let many: Vec<(&str, &str)> = vec![("k", ""); 2_000];
    let data = base64(&aggregate(&many));
    let huge = format!("{{\"kinesis\":{{\"data\":\"{data}\"}},\"pad\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(kpl::expand(huge.as_bytes()), None, "two gigabytes");
    let small = format!("{{\"kinesis\":{{\"data\":\"{data}\"}}}}");
    assert_eq!(kpl::expand(small.as_bytes()).expect("an aggregate").len(), 2_000);
}

#[test]
fn envelope_keeps_every_byte_around_the_records() {
    let (plain, broken) = (record("a", 1, b"{\"kind\":\"start\"}"), {
        let mut data = aggregate(&[("k", "x")]);
        *data.last_mut().unwrap() ^= 1;
        record("a", 2, &data)
    });
    let packed = record("a", 3, &aggregate(&[("k1", "{\"kind\":\"start\"}"), ("k2", "{\"kind\":\"end\"}")]));
    let event = format!("{{\"window\":{{}} ,\n \"Records\":[ {plain} ,\n {packed},{broken} ] , \"shardId\":\"s\"}}\n");
    let expanded = kpl::expand_envelope(event.as_bytes()).unwrap();
    let [first, second] = [record("k1", 3, b"{\"kind\":\"start\"}"), record("k2", 3, b"{\"kind\":\"end\"}")];
    let expected =
        format!("{{\"window\":{{}} ,\n \"Records\":[ {plain} ,\n {first},{second},{broken} ] , \"shardId\":\"s\"}}\n");
    assert_eq!(std::str::from_utf8(&expanded).unwrap(), expected);
    assert_eq!(kpl::expand_envelope(&expanded).unwrap(), expanded, "a second time changes nothing");

    // Standard polling drops the aggregate; split, one of its records passes.
    let criteria = FilterCriteria::from_patterns([r#"{"data":{"kind":["start"]}}"#]);
    let sieve = Sieve::builder(Source::Kinesis).compile(&criteria).unwrap();
    let mut scratch = sieve.scratch();
    let before = Envelope::parse(event.as_bytes()).unwrap();
    let verdicts = before.evaluate(&sieve, &mut scratch).unwrap().verdicts().to_vec();
    assert_eq!(verdicts, [Verdict::Match, Verdict::NoMatch, Verdict::NoMatch]);
    let after = Envelope::parse(&expanded).unwrap();
    let verdicts = after.evaluate(&sieve, &mut scratch).unwrap().verdicts().to_vec();
    assert_eq!(verdicts, [Verdict::Match, Verdict::Match, Verdict::NoMatch, Verdict::NoMatch]);
}

#[test]
fn poller_feeds_what_is_inside_to_a_sieve() {
    let criteria = FilterCriteria::from_patterns([r#"{"partitionKey":["k1"],"data":{"kind":["start"]}}"#]);
    let sieve = Sieve::builder(Source::Kinesis).compile(&criteria).unwrap();
    let data = aggregate(&[("k1", "{\"kind\":\"start\"}"), ("k2", "{\"kind\":\"start\"}"), ("k1", "start")]);
    let records = kpl::deaggregate(&data).unwrap();
    let views: Vec<_> = records
        .iter()
        .map(|record| source::kinesis::record(record.partition_key, "4965", Encoded::plain(record.data)))
        .collect();
    let mut scratch = sieve.scratch();
    let verdicts = sieve.evaluate(&mut scratch, &Batch::from_views(&views)).unwrap();
    assert_eq!(verdicts, [Verdict::Match, Verdict::NoMatch, Verdict::NoMatch]);
}

#[test]
fn events_of_other_sources_stay_and_broken_ones_are_errors() {
    let event = br#"{"Records":[{"body":"x","eventSource":"aws:sqs"}]}"#;
    assert_eq!(kpl::expand_envelope(event).unwrap(), event);
    let empty = br#"{"Records":[ ],"eventSource":"aws:kinesis"}"#;
    assert_eq!(kpl::expand_envelope(empty).unwrap(), empty);
    let inside = base64(&aggregate(&[("k", "x"), ("k", "y")]));
    let silent = format!("{{\"Records\":[{{\"kinesis\":{{\"data\":\"{inside}\"}}}}]}}");
    let expected = br#"{"Records":[{"kinesis":{"data":"eA=="}},{"kinesis":{"data":"eQ=="}}]}"#;
    assert_eq!(kpl::expand_envelope(silent.as_bytes()).unwrap(), expected, "it need not name its source");
    assert!(kpl::expand_envelope(b"{\"Records\":[").is_err());
    assert!(kpl::expand_envelope(b"{}").is_err());
}

/// The handed-out records have what looks like an aggregate, whose checksum is none.
#[test]
fn handed_out_aggregates_are_recognised() {
    let Some(directory) = std::env::var_os("EVENTSIEVE_CONFORMANCE").map(std::path::PathBuf::from) else {
        println!("skipped: EVENTSIEVE_CONFORMANCE names no directory");
        return;
    };
    let text = std::fs::read_to_string(directory.join("public-reports.ndjson")).unwrap();
    let file = eventsieve_cases::CaseFile::parse("public-reports.ndjson", &text).unwrap();
    let mut seen = 0;
    for case in file.mappings().filter(|case| case.source == "kinesis") {
        let eventsieve_cases::Records::List(records) = &case.records else { continue };
        for record in records {
            let value: serde_json::Value = serde_json::from_str(record).unwrap();
            let data = value["kinesis"]["data"].as_str().unwrap();
            let Ok(data) = base64_simd::STANDARD.decode_to_vec(data) else { continue };
            if kpl::is_aggregate(&data) {
                seen += 1;
                println!("{}: {:?}", case.name, kpl::deaggregate(&data));
            }
        }
    }
    println!("{seen} aggregates");
    assert!(seen >= 1);
}
