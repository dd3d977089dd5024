//! Workloads that the benchmarks share.
//!
//! Each states how many of its records match. The number is known from how the records are made, not from an engine, so a
//! benchmark that checks it first times right answers only. Everything is the same on every machine and in every run.

use std::fmt::Write as _;

/// Bytes of each workload, about.
const BYTES: usize = 4 << 20;

/// Records and the criteria to judge them by.
#[derive(Debug, Clone)]
pub struct Workload {
    /// For the name of a benchmark.
    pub name: &'static str,
    /// Filter criteria, as `FilterCriteria::from_json` reads them.
    pub criteria: String,
    /// One record a line.
    pub records: Vec<u8>,
    /// How many records match.
    pub matches: usize,
}

/// All workloads.
pub fn workloads() -> Vec<Workload> {
    vec![orders(), sqs_decoded(), dynamodb()]
}

/// The bundled sample, over and over.
fn orders() -> Workload {
    const SAMPLE: &str = include_str!("../corpus/samples/orders.ndjson");
    const CRITERIA: &str = include_str!("../corpus/samples/orders.criteria.json");
    /// Counted by reading them; one returns an order for the reason `null`, which is anything but a change of mind.
    const MATCHES: usize = 9;
    let times = BYTES / SAMPLE.len();
    Workload {
        name: "orders",
        criteria: CRITERIA.to_owned(),
        records: SAMPLE.repeat(times).into_bytes(),
        matches: times * MATCHES,
    }
}

/// Messages of a queue with their bodies decoded: some 900 bytes of which a filter looks at three fields. About 1 % match.
fn sqs_decoded() -> Workload {
    let mut random = Random(1);
    let mut records = String::with_capacity(BYTES + 2_000);
    let mut matches = 0;
    while records.len() < BYTES {
        let state = random.pick(&["placed", "paid", "packed", "sent", "failed", "returned"]);
        let region = random.pick(&["eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-south-1"]);
        let cents = random.below(100_000);
        matches += usize::from(state == "failed" && region.starts_with("eu-") && cents >= 80_000);
        let _ = write!(
            records,
            "{{\"messageId\":\"{:016x}-{:08x}\",\"receiptHandle\":\"AQEB{:016x}{:016x}{:016x}==\",\"body\":{{\"order\":\
             \"A-{:06}\",\"state\":\"{state}\",\"region\":\"{region}\",\"total\":{}.{:02},\"currency\":\"EUR\",\"customer\":\
             {{\"name\":\"{} {}\",\"city\":\"Gie\\u00dfen\",\"vip\":{}}},\"items\":[",
            random.next(),
            random.below(1 << 32),
            random.next(),
            random.next(),
            random.next(),
            random.below(1_000_000),
            cents / 100,
            cents % 100,
            random.pick(&["Ada", "Grace", "Zoë", "Edsger", "Barbara"]),
            random.pick(&["Lovelace", "Hopper", "Dijkstra", "Liskov", "O\\\"Neil"]),
            random.below(4) == 0,
        );
        for item in 0..1 + random.below(4) {
            let comma = if item == 0 { "" } else { "," };
            let sku = random.pick(&["GLASS-TUMBLER", "CUP-PLAIN", "TEA-SENCHA-100", "POT-IRON"]);
            let _ = write!(records, "{comma}{{\"sku\":\"{sku}\",\"quantity\":{},\"gift\":null}}", 1 + random.below(9));
        }
        let _ = writeln!(
            records,
            "]}},\"attributes\":{{\"ApproximateReceiveCount\":\"{}\",\"SentTimestamp\":\"{}\",\"SenderId\":\"AIDA{:016X}\",\
             \"ApproximateFirstReceiveTimestamp\":\"{}\"}},\"messageAttributes\":{{\"trace\":{{\"stringValue\":\"{:032x}\",\
             \"dataType\":\"String\"}}}},\"md5OfBody\":\"{:032x}\",\"eventSource\":\"aws:sqs\",\"eventSourceARN\":\
             \"arn:aws:sqs:{region}:123456789012:orders\",\"awsRegion\":\"{region}\"}}",
            1 + random.below(3),
            1_740_000_000_000 + random.below(1 << 32),
            random.next(),
            1_740_000_000_000 + random.below(1 << 32),
            random.next(),
            random.next(),
        );
    }
    let pattern = r#"{"body":{"state":["failed"],"region":[{"prefix":"eu-"}],"total":[{"numeric":[">=",800]}]}}"#;
    Workload { name: "sqs-decoded", criteria: format!("[{pattern}]"), records: records.into_bytes(), matches }
}

/// Changes of a table, with images before and after: deep and full of one-letter keys. About 20 % match, by two filters.
fn dynamodb() -> Workload {
    let mut random = Random(2);
    let mut records = String::with_capacity(BYTES + 2_000);
    let mut matches = 0;
    while records.len() < BYTES {
        let event = random.pick(&["INSERT", "MODIFY", "MODIFY", "REMOVE"]);
        let kind = random.pick(&["order", "order", "customer", "item"]);
        let before = random.pick(&["draft", "placed", "paid"]);
        let after = random.pick(&["placed", "paid", "sent"]);
        matches += usize::from(event == "INSERT" && kind == "order")
            + usize::from(event == "MODIFY" && before == "draft" && after == "paid" && kind != "item");
        let mut image = |state: &str| {
            format!(
                "{{\"type\":{{\"S\":\"{kind}\"}},\"state\":{{\"S\":\"{state}\"}},\"total\":{{\"N\":\"{}.{:02}\"}},\"tags\":\
                 {{\"L\":[{{\"S\":\"{}\"}},{{\"S\":\"new\"}},{{\"M\":{{\"k\":{{\"BOOL\":true}}}}}}]}},\"note\":{{\"NULL\":true}}}}",
                random.below(1_000),
                random.below(100),
                random.pick(&["gift", "express", "fragile"]),
            )
        };
        let (old, new) = (image(before), image(after));
        let images = match event {
            "INSERT" => format!("\"NewImage\":{new}"),
            "REMOVE" => format!("\"OldImage\":{old}"),
            _ => format!("\"NewImage\":{new},\"OldImage\":{old}"),
        };
        let _ = writeln!(
            records,
            "{{\"eventID\":\"{:032x}\",\"eventName\":\"{event}\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\",\
             \"awsRegion\":\"eu-west-1\",\"dynamodb\":{{\"ApproximateCreationDateTime\":{},\"Keys\":{{\"pk\":{{\"S\":\
             \"{:016x}\"}},\"sk\":{{\"N\":\"{}\"}}}},{images},\"SequenceNumber\":\"{:021}\",\"SizeBytes\":{},\
             \"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}},\"eventSourceARN\":\
             \"arn:aws:dynamodb:eu-west-1:123456789012:table/shop/stream/2025-03-01T00:00:00.000\"}}",
            random.next(),
            1_740_000_000 + random.below(1 << 24),
            random.next(),
            random.below(1_000),
            random.next(),
            200 + random.below(400),
        );
    }
    let inserted = r#"{"eventName":["INSERT"],"dynamodb":{"NewImage":{"type":{"S":["order"]}}}}"#;
    let paid = r#"{"eventName":["MODIFY"],"dynamodb":{"NewImage":{"state":{"S":["paid"]},"type":{"S":[{"anything-but":"item"}]}},"OldImage":{"state":{"S":["draft"]}}}}"#;
    Workload { name: "dynamodb", criteria: format!("[{inserted},{paid}]"), records: records.into_bytes(), matches }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.below(choices.len() as u64) as usize]
    }
}
