//! Messages of a queue: some 750 bytes, the body early, metadata after it. In a delivered record the body is a JSON *string*.

use std::fmt::Write as _;

use eventsieve::Source;

use super::random::{NOUNS, REGIONS, Random};
use super::{NEEDLE, PerMille, Role, Workload, records};
use crate::payload::Payload;

/// The order that a message carries.
fn body(random: &mut Random, role: Role, numbers: Numbers) -> String {
    let tier = if role == Role::Hit { random.pick(&["gold", "platinum", "trial"]) } else { "standard" };
    let cents = match (numbers, role) {
        (Numbers::Free, _) => random.below(200_000),
        (Numbers::Chosen, Role::Hit) => 500_001 + random.below(400_000),
        (Numbers::Chosen, _) => random.below(500_000),
    };
    format!(
        "{{\"id\":\"{}\",\"type\":\"{}\",\"customerId\":\"c-{:06}\",\"shard\":\"s{:03}\",\"tier\":\"{tier}\",\"previous\":\"{}\",\
         \"amount\":{}.{:02},\"currency\":\"{}\",\"vip\":{},\"note\":\"{}, \\\"{}\\\"\",\"quantity\":{}}}",
        random.uuid(),
        role.kind(random),
        random.below(200_000),
        random.below(1_000),
        role.previous(random),
        cents / 100,
        cents % 100,
        random.pick(&["USD", "EUR", "GBP", "JPY"]),
        random.percent(7),
        random.words(3),
        random.pick(NOUNS),
        1 + random.below(9),
    )
}

#[derive(Clone, Copy)]
enum Numbers {
    Free,
    Chosen,
}

/// A message around a body.
fn message(random: &mut Random, index: usize, body: &str, text: &mut String) {
    let region = random.pick(REGIONS);
    let sent = 1_750_000_000_000 + index as u64 * 37;
    let _ = write!(
        text,
        "{{\"messageId\":\"{}\",\"receiptHandle\":\"AQEB{:016x}{:016x}{:016x}==\",\"body\":{body},\"attributes\":\
         {{\"ApproximateReceiveCount\":\"{}\",\"SentTimestamp\":\"{sent}\",\"SenderId\":\"AIDA{:016X}\",\
         \"ApproximateFirstReceiveTimestamp\":\"{}\"}},\"messageAttributes\":{{}},\"md5OfBody\":\"{:016x}{:016x}\",\
         \"eventSource\":\"aws:sqs\",\"eventSourceARN\":\"arn:aws:sqs:{region}:123456789012:orders\",\"awsRegion\":\"{region}\"}}",
        random.uuid(),
        random.bits(),
        random.bits(),
        random.bits(),
        1 + random.below(3),
        random.bits(),
        sent + random.below(40),
        random.bits(),
        random.bits(),
    );
}

/// Bodies are objects, as a filter sees them.
fn raw(bytes: usize, share: PerMille, numbers: Numbers, pattern: &str, literal: Option<&'static str>) -> Workload {
    let (records, expected) = records(1, bytes, share, |random, index, role, text| {
        let body = body(random, role, numbers);
        message(random, index, &body, text);
    });
    let patterns = vec![format!("{{\"body\":{pattern}}}")];
    Workload { name: String::new(), source: Source::Raw, payload: Payload::Whole, patterns, literal, records, expected }
}

/// One exact filter.
pub fn decoded(bytes: usize, share: PerMille) -> Workload {
    raw(bytes, share, Numbers::Free, &format!("{{\"type\":[\"{NEEDLE}\"]}}"), Some(NEEDLE))
}

/// A range of numbers.
pub fn numeric(bytes: usize, share: PerMille) -> Workload {
    raw(bytes, share, Numbers::Chosen, r#"{"amount":[{"numeric":[">",5000,"<=",9500]}]}"#, None)
}

/// All but the usual value.
pub fn anything_but(bytes: usize, share: PerMille) -> Workload {
    raw(bytes, share, Numbers::Free, r#"{"tier":[{"anything-but":["standard"]}]}"#, None)
}

/// Records as they are delivered.
pub fn delivered(bytes: usize, share: PerMille) -> Workload {
    let (records, expected) = records(1, bytes, share, |random, index, role, text| {
        let body = body(random, role, Numbers::Free);
        let quoted = serde_json::to_string(&body).expect("text can be quoted");
        message(random, index, &quoted, text);
    });
    Workload {
        name: String::new(),
        source: Source::Sqs,
        payload: Payload::SqsBody,
        patterns: vec![format!("{{\"body\":{{\"type\":[\"{NEEDLE}\"]}}}}")],
        literal: Some(NEEDLE),
        records,
        expected,
    }
}
