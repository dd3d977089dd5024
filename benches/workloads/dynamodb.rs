//! Changes of a table, with images before and after: typed attributes, deep, full of one-letter keys.

use std::fmt::Write as _;

use eventsieve::Source;

use super::random::{ADJECTIVES, CITIES, NOUNS, REGIONS, Random};
use super::{NEEDLE, PerMille, Role, Workload, records};
use crate::payload::Payload;

/// An item as it was or is.
fn image(random: &mut Random, index: usize, kind: &str, status: &str, tier: &str, customer: u64) -> String {
    format!(
        "{{\"pk\":{{\"S\":\"CUSTOMER#c-{customer:06}\"}},\"sk\":{{\"S\":\"ORDER#{index:010}\"}},\"type\":{{\"S\":\"{kind}\"}},\"status\":\
         {{\"S\":\"{status}\"}},\"tier\":{{\"S\":\"{tier}\"}},\"amount\":{{\"N\":\"{}.{:02}\"}},\"items\":{{\"L\":[{{\"M\":{{\"sku\":{{\"S\":\
         \"SKU-{:05}\"}},\"qty\":{{\"N\":\"{}\"}}}}}},{{\"M\":{{\"sku\":{{\"S\":\"SKU-{:05}\"}},\"qty\":{{\"N\":\"{}\"}}}}}}]}},\
         \"address\":{{\"M\":{{\"city\":{{\"S\":\"{}\"}},\"zip\":{{\"S\":\"{:05}\"}},\"street\":{{\"S\":\"{} {} street\"}}}}}},\
         \"flags\":{{\"SS\":[\"{}\",\"{}\"]}},\"vip\":{{\"BOOL\":{}}},\"note\":{{\"NULL\":true}}}}",
        random.below(9_000),
        random.below(100),
        random.below(50_000),
        1 + random.below(9),
        random.below(50_000),
        1 + random.below(9),
        random.pick(CITIES),
        random.below(99_999),
        random.below(999),
        random.pick(NOUNS),
        random.pick(ADJECTIVES),
        random.pick(ADJECTIVES),
        random.percent(7),
    )
}

fn workload(bytes: usize, share: PerMille, pattern: String, literal: Option<&'static str>) -> Workload {
    let (records, expected) = records(4, bytes, share, |random, index, role, text| {
        let region = random.pick(REGIONS);
        let customer = random.below(200_000);
        let tier = if role == Role::Hit { random.pick(&["gold", "platinum"]) } else { "standard" };
        let (kind, before) = (role.kind(random), role.previous(random));
        let status = random.pick(&["paid", "shipped", "done"]);
        let new = image(random, index, kind, status, tier, customer);
        let name = random.pick(&["INSERT", "MODIFY", "MODIFY"]);
        let old = match name {
            "MODIFY" => format!(",\"OldImage\":{}", image(random, index, before, "new", "standard", customer)),
            _ => String::new(),
        };
        let _ = write!(
            text,
            "{{\"eventID\":\"{:016x}{:016x}\",\"eventName\":\"{name}\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\",\
             \"awsRegion\":\"{region}\",\"dynamodb\":{{\"ApproximateCreationDateTime\":{},\"Keys\":{{\"pk\":{{\"S\":\
             \"CUSTOMER#c-{customer:06}\"}},\"sk\":{{\"S\":\"ORDER#{index:010}\"}}}},\"NewImage\":{new}{old},\"SequenceNumber\":\
             \"4421584500000000017450{index:012}\",\"SizeBytes\":{},\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}},\"eventSourceARN\":\
             \"arn:aws:dynamodb:{region}:123456789012:table/orders/stream/2026-01-01T00:00:00.000\"}}",
            random.bits(),
            random.bits(),
            1_750_000_000 + index,
            300 + random.below(600),
        );
    });
    let patterns = vec![pattern];
    Workload { name: String::new(), source: Source::Raw, payload: Payload::Whole, patterns, literal, records, expected }
}

/// One filter on an attribute of the new image.
pub fn stream(bytes: usize, share: PerMille) -> Workload {
    let pattern =
        format!(r#"{{"eventName":["INSERT","MODIFY"],"dynamodb":{{"NewImage":{{"type":{{"S":["{NEEDLE}"]}}}}}}}}"#);
    workload(bytes, share, pattern, Some(NEEDLE))
}

/// All but the usual value of an attribute.
pub fn anything_but(bytes: usize, share: PerMille) -> Workload {
    let pattern = r#"{"dynamodb":{"NewImage":{"tier":{"S":[{"anything-but":["standard"]}]}}}}"#.to_owned();
    workload(bytes, share, pattern, None)
}
