//! Large records: many sections of text, numbers and lists, and three short fields after (or before) all of them.

use std::fmt::Write as _;

use eventsieve::Source;

use super::random::{NOUNS, Random};
use super::{NEEDLE, PerMille, Role, Workload, records};
use crate::payload::Payload;

/// Sections of about `size` bytes together.
fn sections(random: &mut Random, size: usize, text: &mut String) {
    let end = text.len() + size;
    let mut section = 0;
    text.push('{');
    while text.len() < end {
        let comma = if section == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{comma}\"section{section:04}\":{{\"id\":\"{}\",\"n\":{},\"f\":{},\"ok\":{},\"z\":null,\"text\":\"",
            random.uuid(),
            random.below(1_000_000_000),
            random.decimal(0, 1),
            random.percent(50),
        );
        let words = 4 + random.below(16);
        text.push_str(&random.words(words));
        let _ = write!(text, "\",\"quote\":\"say \\\"{}\\\"\\n\",\"items\":[", random.pick(NOUNS));
        for item in 0..1 + random.below(3) {
            let comma = if item == 0 { "" } else { "," };
            let (sku, price) = (random.below(50_000), random.below(100_000));
            let _ = write!(
                text,
                "{comma}{{\"sku\":\"SKU-{sku:05}\",\"qty\":{},\"price\":{}.{:02}}}",
                1 + sku % 9,
                price / 100,
                price % 100
            );
        }
        text.push_str("],\"list\":[");
        for at in 0..2 + random.below(10) {
            let _ = write!(text, "{}{}", if at == 0 { "" } else { "," }, random.below(1_000));
        }
        text.push_str("]}");
        section += 1;
    }
    text.push('}');
}

fn workload(
    bytes: usize,
    size: usize,
    share: PerMille,
    late: bool,
    pattern: String,
    literal: Option<&'static str>,
) -> Workload {
    let (records, expected) = records(6, bytes, share, |random, _, role, text| {
        let score = if role == Role::Hit { 1_000 + random.below(100) } else { random.below(1_000) };
        let fields = format!(
            "\"data\":{{\"customerId\":\"c-{:06}\",\"previous\":\"{}\",\"type\":\"{}\",\"score\":{score}}}",
            random.below(200_000),
            role.previous(random),
            role.kind(random),
        );
        text.push_str("{\"source\":\"shop\",");
        if !late {
            let _ = write!(text, "{fields},");
        }
        text.push_str("\"payload\":");
        sections(random, size, text);
        if late {
            let _ = write!(text, ",{fields}");
        }
        text.push('}');
    });
    let patterns = vec![pattern];
    Workload { name: String::new(), source: Source::Raw, payload: Payload::Whole, patterns, literal, records, expected }
}

fn exact() -> String {
    format!(r#"{{"source":["shop"],"data":{{"type":["{NEEDLE}"]}}}}"#)
}

/// The fields come last.
pub fn late(bytes: usize, size: usize, share: PerMille) -> Workload {
    workload(bytes, size, share, true, exact(), Some(NEEDLE))
}

/// The fields come first.
pub fn early(bytes: usize, size: usize, share: PerMille) -> Workload {
    workload(bytes, size, share, false, exact(), Some(NEEDLE))
}

/// A number comes last.
pub fn numeric(bytes: usize, size: usize, share: PerMille) -> Workload {
    let pattern = r#"{"source":[{"exists":true}],"data":{"score":[{"numeric":[">=",1000]}]}}"#.to_owned();
    workload(bytes, size, share, true, pattern, None)
}
