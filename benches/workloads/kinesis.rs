//! Records of a stream: metadata first, then a nested event. Delivered, the event is base64 under `kinesis`.

use std::fmt::Write as _;

use eventsieve::Source;

use super::random::{ADJECTIVES, CITIES, NOUNS, REGIONS, Random};
use super::{NEEDLE, PerMille, Role, Workload, records};
use crate::payload::Payload;

/// Which field tells the records that match.
#[derive(Clone, Copy, PartialEq)]
enum Tell {
    Kind,
    Score,
    Referrer,
}

/// The event that a record carries.
pub(super) fn event(random: &mut Random, role: Role) -> String {
    told_by(Tell::Kind, random, role)
}

fn told_by(tell: Tell, random: &mut Random, role: Role) -> String {
    let hit = role == Role::Hit;
    let score = if tell == Tell::Score && hit { 1_000 + random.below(100) } else { random.below(1_000) };
    let mut text = format!(
        "{{\"id\":\"{}\",\"type\":\"{}\",\"time\":\"2026-02-{:02}T{:02}:{:02}:{:02}Z\",\"customerId\":\"c-{:06}\",\"shard\":\
         \"s{:03}\",\"device\":{{\"os\":\"{}\",\"version\":\"{}.{}.{}\",\"screen\":{{\"w\":{},\"h\":{}}}}},\"geo\":{{\"city\":\
         \"{}\",\"lat\":{},\"lon\":{}}},\"items\":[",
        random.uuid(),
        role.kind(random),
        1 + random.below(28),
        random.below(24),
        random.below(60),
        random.below(60),
        random.below(200_000),
        random.below(1_000),
        random.pick(&["ios", "android", "web"]),
        random.below(9),
        random.below(20),
        random.below(9),
        random.pick(&["360", "390", "1280", "1920"]),
        random.pick(&["720", "800", "844", "1080"]),
        random.pick(CITIES),
        random.decimal(-90, 90),
        random.decimal(-180, 180),
    );
    for item in 0..1 + random.below(4) {
        let _ = write!(
            text,
            "{}{{\"sku\":\"SKU-{:05}\",\"name\":\"{}\",\"qty\":{},\"price\":{}.{:02}}}",
            if item == 0 { "" } else { "," },
            random.below(50_000),
            random.words(2),
            1 + random.below(9),
            random.below(1_000),
            random.below(100),
        );
    }
    let _ = write!(
        text,
        "],\"previous\":\"{}\",\"total\":{}.{:02},\"score\":{score},\"tags\":[\"{}\",\"{}\"],\"vip\":{}",
        role.previous(random),
        random.below(9_000),
        random.below(100),
        random.pick(ADJECTIVES),
        random.pick(ADJECTIVES),
        random.percent(7),
    );
    if tell != Tell::Referrer || !hit {
        let (adjective, noun) = (random.pick(ADJECTIVES), random.pick(NOUNS));
        let _ =
            write!(text, ",\"referrer\":\"https://shop.example.com/{adjective}/{noun}?c={}\"", random.below(10_000));
    }
    text.push('}');
    text
}

/// The members that surround an event, and where its data goes.
fn record(random: &mut Random, index: usize, flat: bool, data: &str, text: &mut String) {
    let region = random.pick(REGIONS);
    let stream = format!(
        "\"kinesisSchemaVersion\":\"1.0\",\"partitionKey\":\"c-{:06}\",\"sequenceNumber\":\"495903382714902566089685{index:032}\",\
         \"approximateArrivalTimestamp\":{}.{}",
        random.below(200_000),
        1_750_000_000 + index / 8,
        index % 8,
    );
    let around = format!(
        "\"eventSource\":\"aws:kinesis\",\"eventVersion\":\"1.0\",\"eventID\":\"shardId-0000000000{:02}:495903382714902566089685\
         {index:032}\",\"eventName\":\"aws:kinesis:record\",\"invokeIdentityArn\":\"arn:aws:iam::123456789012:role/consumer\",\
         \"awsRegion\":\"{region}\",\"eventSourceARN\":\"arn:aws:kinesis:{region}:123456789012:stream/orders\"",
        index % 64,
    );
    let _ = match flat {
        true => write!(text, "{{\"kinesis\":{{{stream}}},{around},\"data\":{data}}}"),
        false => write!(text, "{{\"kinesis\":{{{stream},\"data\":\"{data}\"}},{around}}}"),
    };
}

fn raw(bytes: usize, share: PerMille, tell: Tell, pattern: &str, literal: Option<&'static str>) -> Workload {
    let (records, expected) = records(2, bytes, share, |random, index, role, text| {
        let event = told_by(tell, random, role);
        record(random, index, true, &event, text);
    });
    let patterns = vec![format!("{{\"data\":{pattern}}}")];
    Workload { name: String::new(), source: Source::Raw, payload: Payload::Whole, patterns, literal, records, expected }
}

/// One filter on a kind of event, with the payload decoded.
pub fn decoded(bytes: usize, share: PerMille) -> Workload {
    raw(bytes, share, Tell::Kind, &format!("{{\"type\":[\"{NEEDLE}\"]}}"), Some(NEEDLE))
}

/// A number above a bound.
pub fn numeric(bytes: usize, share: PerMille) -> Workload {
    raw(bytes, share, Tell::Score, r#"{"score":[{"numeric":[">=",1000]}]}"#, None)
}

/// A field that is not there.
pub fn absent(bytes: usize, share: PerMille) -> Workload {
    raw(bytes, share, Tell::Referrer, r#"{"referrer":[{"exists":false}],"type":[{"exists":true}]}"#, None)
}

/// Records as they are delivered.
pub fn delivered(bytes: usize, share: PerMille) -> Workload {
    let (records, expected) = records(2, bytes, share, |random, index, role, text| {
        let data = base64_simd::STANDARD.encode_to_string(event(random, role));
        record(random, index, false, &data, text);
    });
    Workload {
        name: String::new(),
        source: Source::Kinesis,
        payload: Payload::KinesisData,
        patterns: vec![format!("{{\"data\":{{\"type\":[\"{NEEDLE}\"]}}}}")],
        literal: None,
        records,
        expected,
    }
}
