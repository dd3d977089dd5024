//! One event, many filters, on the records of [`kinesis`](super::kinesis).
//!
//! Filters of the mixed set use an operator of their own for each field: quamina 0.7 answers wrongly where exact values and
//! prefixes meet on one field (`prefix` `d`, then exact `d4`, matches `d1`), and a wrong answer is not timed.

use std::collections::HashSet;

use super::random::{ADJECTIVES, CITIES, NOUNS, Random};
use super::{Records, Workload, kinesis};
use crate::plain::Filters;

/// `count` filters, each on a customer and a shard that fit together; 1 % of the records match.
pub fn exact(bytes: usize, count: usize) -> Workload {
    let workload = kinesis::decoded(bytes, 0);
    let pairs: Vec<(String, String)> = pairs(&workload.records);
    // Filters that match are made from records, one in a hundred of them as far as there are filters; the others from
    // customers that exist and shards that do not.
    let mut random = Random::new(8);
    let hits = (pairs.len() / 100).clamp(1, count);
    let chosen = random.choose(hits, pairs.len());
    let mut filters: Vec<(String, String)> =
        pairs.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(pair, _)| pair.clone()).collect();
    while filters.len() < count {
        filters.push((format!("c-{:06}", random.below(200_000)), format!("t{:03}", random.below(1_000))));
    }
    let known: HashSet<&(String, String)> = filters.iter().collect();
    let expected = pairs.iter().map(|pair| known.contains(pair)).collect();
    let patterns = filters
        .iter()
        .map(|(customer, shard)| format!(r#"{{"data":{{"customerId":["{customer}"],"shard":["{shard}"]}}}}"#));
    Workload { patterns: patterns.collect(), literal: None, expected, ..workload }
}

/// Customer and shard of each record.
fn pairs(records: &Records) -> Vec<(String, String)> {
    let field = |record: &str, name: &str, length: usize| {
        let start = record.find(name).expect("every record has it") + name.len();
        record[start..start + length].to_owned()
    };
    let records = records.view();
    let texts = records.iter().map(|record| std::str::from_utf8(record).expect("records are text"));
    texts.map(|record| (field(record, "\"customerId\":\"", 8), field(record, "\"shard\":\"", 4))).collect()
}

/// `count` filters with eight operators, some of which match a record now and then.
pub fn mixed(bytes: usize, count: usize) -> Workload {
    let workload = kinesis::decoded(bytes, 0);
    let mut random = Random::new(9);
    let patterns: Vec<String> = (0..count).map(|filter| mixed_filter(&mut random, filter)).collect();
    // Nobody but the naive loop knows how many match; engines are compared with it.
    let filters = Filters::parse(&patterns);
    let matches = |record: &[u8]| filters.match_value(&serde_json::from_slice(record).expect("records are JSON"));
    let expected = workload.records.view().iter().map(matches).collect();
    Workload { patterns, literal: None, expected, ..workload }
}

fn mixed_filter(random: &mut Random, filter: usize) -> String {
    let customer = random.below(200_000);
    let shard = random.below(1_000);
    let fields = match filter % 8 {
        0 => format!(r#""customerId":["c-{customer:06}"],"score":[{{"numeric":[">=",{}]}}]"#, 1 + random.below(999)),
        1 => format!(
            r#""shard":["s{shard:03}"],"geo":{{"city":[{{"anything-but":["{}"]}}]}},"referrer":[{{"prefix":"https://shop.example.com/{}/"}}],"customerId":["c-{customer:06}"]"#,
            random.pick(CITIES),
            random.pick(ADJECTIVES)
        ),
        2 => format!(r#""customerId":["c-{customer:06}"],"referrer":[{{"suffix":"={}"}}]"#, random.below(10_000)),
        3 => format!(
            r#""id":[{{"prefix":"{:02x}"}}],"score":[{{"numeric":[">",{},"<=",{}]}}]"#,
            random.below(1 << 8),
            100 + shard / 4,
            400 + shard / 2
        ),
        4 => format!(
            r#""time":[{{"wildcard":"2026-*-{:02}T*:{:02}:{:02}Z"}}],"shard":["s{shard:03}"]"#,
            1 + random.below(28),
            random.below(60),
            random.below(60)
        ),
        5 => format!(
            r#""device":{{"os":[{{"equals-ignore-case":"IOS"}}]}},"shard":["s{shard:03}"],"coupon":[{{"exists":false}}],"score":[{}]"#,
            random.below(1_000)
        ),
        6 => format!(
            r#""referrer":[{{"wildcard":"*/{}/{}?c={}"}}],"vip":[true]"#,
            random.pick(ADJECTIVES),
            random.pick(NOUNS),
            random.below(10_000)
        ),
        _ => format!(r#""coupon":[{{"exists":true}}],"shard":["s{shard:03}","s{:03}"]"#, random.below(1_000)),
    };
    format!(r#"{{"data":{{{fields}}}}}"#)
}
