//! The bundled sample, over and over: small records, one of them malformed, three filters.

use eventsieve::Source;

use super::{Records, Workload};
use crate::payload::Payload;

const SAMPLE: &str = include_str!("../../corpus/samples/orders.ndjson");
const CRITERIA: &str = include_str!("../../corpus/samples/orders.criteria.json");

/// Which lines match, by reading them; one returns an order for the reason `null`, which is anything but a change of mind.
const MATCHES: usize = 9;

/// About `bytes` of the sample, and how many records match.
pub fn sample(bytes: usize) -> (Workload, usize) {
    let times = (bytes / SAMPLE.len()).max(1);
    let mut records = Records::default();
    (0..times).flat_map(|_| SAMPLE.lines()).for_each(|line| records.push(line));
    let criteria: serde_json::Value = serde_json::from_str(CRITERIA).expect("the sample's criteria is JSON");
    let filters = criteria["Filters"].as_array().expect("the sample's criteria has filters");
    let patterns = filters.iter().filter_map(|filter| filter["Pattern"].as_str()).map(str::to_owned).collect();
    let workload = Workload {
        name: "orders".to_owned(),
        source: Source::Raw,
        payload: Payload::Whole,
        patterns,
        literal: None,
        records,
        expected: Vec::new(),
    };
    (workload, times * MATCHES)
}
