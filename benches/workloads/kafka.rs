//! Records of a topic, the value before the headers. Delivered, key and value are base64.

use std::fmt::Write as _;

use eventsieve::Source;

use super::random::Random;
use super::{NEEDLE, PerMille, Workload, kinesis, records};
use crate::payload::Payload;

fn record(random: &mut Random, index: usize, key: &str, value: &str, text: &mut String) {
    let _ = write!(
        text,
        "{{\"topic\":\"orders\",\"partition\":{},\"offset\":{},\"timestamp\":{},\"timestampType\":\"CREATE_TIME\",\"key\":{key},\
         \"value\":{value},\"headers\":[{{\"trace\":[",
        random.below(12),
        1_000_000 + index,
        1_750_000_000_000_u64 + index as u64 * 13,
    );
    for at in 0..16 {
        let _ = write!(text, "{}{}", if at == 0 { "" } else { "," }, 48 + random.below(10));
    }
    text.push_str("]}]}");
}

/// Values are objects, as a filter sees them.
pub fn decoded(bytes: usize, share: PerMille) -> Workload {
    let (records, expected) = records(3, bytes, share, |random, index, role, text| {
        let value = kinesis::event(random, role);
        let key = format!("\"{}\"", random.uuid());
        record(random, index, &key, &value, text);
    });
    let patterns = vec![format!("{{\"topic\":[\"orders\"],\"value\":{{\"type\":[\"{NEEDLE}\"]}}}}")];
    let literal = Some(NEEDLE);
    Workload { name: String::new(), source: Source::Raw, payload: Payload::Whole, patterns, literal, records, expected }
}

/// Records as they are delivered.
pub fn delivered(bytes: usize, share: PerMille) -> Workload {
    let (records, expected) = records(3, bytes, share, |random, index, role, text| {
        let value = base64_simd::STANDARD.encode_to_string(kinesis::event(random, role));
        let key = base64_simd::STANDARD.encode_to_string(random.uuid());
        record(random, index, &format!("\"{key}\""), &format!("\"{value}\""), text);
    });
    Workload {
        name: String::new(),
        source: Source::Kafka,
        payload: Payload::KafkaValue,
        patterns: vec![format!("{{\"value\":{{\"type\":[\"{NEEDLE}\"]}}}}")],
        literal: None,
        records,
        expected,
    }
}
