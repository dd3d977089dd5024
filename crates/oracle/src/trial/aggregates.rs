//! The part of [`super::sources`] that is about aggregates: packed by hand from the schema, read by the engine.

use eventsieve::{Batch, Checks, Dialect, Envelope, FilterCriteria, Sieve, Source, Verdict, kpl};
use md5::{Digest, Md5};

use super::sources::to_base64;
use super::{Tally, quoted};
use crate::generate::{Rng, random_pair};
use crate::reference::json::{Inside, Json, Member, place_object, text};

const KEYS: [&str; 5] = ["bike-7", "", "é\"\\\n", "bike-8", "\u{7f}x"];

/// What is to be packed.
#[derive(Debug)]
struct Packed {
    partition_keys: Vec<&'static str>,
    hash_keys: Vec<String>,
    records: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    partition_key: usize,
    hash_key: Option<usize>,
    data: Vec<u8>,
}

pub(super) fn run(rng: &mut Rng, tally: &mut Tally) {
    let packed = Packed::random(rng);
    let message = packed.message(rng);
    let mut data = sealed(&message);
    let is_sound = packed.is_sound();
    hold(&packed, is_sound, &data, tally);
    if is_sound {
        expand(rng, &packed, &data, tally);
    }
    // Any damage is seen by its checksum; with the checksum mended, nothing bad may come of it.
    let at = rng.below(data.len());
    let bit = 1 << rng.below(8);
    data[at] ^= bit;
    assert!(kpl::deaggregate(&data).is_err(), "byte {at} of an aggregate was changed: {}", data.escape_ascii());
    let mut message = message;
    for _ in 0..1 + rng.below(3) {
        if message.is_empty() {
            return;
        }
        let at = rng.below(message.len());
        match rng.below(3) {
            0 => message[at] = rng.below(256) as u8,
            1 => message.truncate(at),
            _ => drop(message.splice(at..at, [0xff, 0x80, 0x1a])),
        }
    }
    tally.add("aggregate damaged, checksum mended");
    let data = sealed(&message);
    match kpl::deaggregate(&data) {
        Ok(records) => {
            let expanded = kpl::expand(&delivered("a", &data));
            let len = expanded.map_or(0, |records| records.len());
            assert_eq!(len, records.len(), "{}", data.escape_ascii());
        }
        Err(error) => {
            assert!(error.offset() <= data.len() && !error.to_string().is_empty());
            assert_eq!(kpl::expand(&delivered("a", &data)), None, "{}", data.escape_ascii());
        }
    }
}

fn sealed(message: &[u8]) -> Vec<u8> {
    [&kpl::MAGIC, message, Md5::digest(message).as_slice()].concat()
}

impl Packed {
    fn random(rng: &mut Rng) -> Packed {
        let partition_keys: Vec<&str> = (0..rng.between(1, 3)).map(|_| rng.pick(&KEYS)).collect();
        let hash_keys: Vec<String> = (0..rng.below(3)).map(|_| rng.next().to_string()).collect();
        // Once in a while an index leads outside its table.
        let beyond = usize::from(rng.one_in(12));
        let records = (0..rng.weighted(&[1, 3, 4, 3]))
            .map(|_| Record {
                partition_key: rng.below(partition_keys.len() + beyond),
                hash_key: (rng.percent(40) && !hash_keys.is_empty()).then(|| rng.below(hash_keys.len() + beyond)),
                data: if rng.percent(80) { random_pair(rng.next()).1 } else { b"start".to_vec() },
            })
            .collect();
        Packed { partition_keys, hash_keys, records }
    }

    fn is_sound(&self) -> bool {
        self.records.iter().all(|record| {
            record.partition_key < self.partition_keys.len()
                && record.hash_key.is_none_or(|index| index < self.hash_keys.len())
        })
    }

    /// The protobuf message, its fields in some order, with some that nobody knows.
    fn message(&self, rng: &mut Rng) -> Vec<u8> {
        let mut keys = Vec::new();
        self.partition_keys.iter().for_each(|key| field(&mut keys, 1, key.as_bytes()));
        self.hash_keys.iter().for_each(|key| field(&mut keys, 2, key.as_bytes()));
        let mut records = Vec::new();
        for record in &self.records {
            let mut inner = Vec::new();
            if rng.percent(20) {
                field(&mut inner, 4, b"\x0a\x01t");
            }
            number(&mut inner, 1, record.partition_key as u64);
            if let Some(index) = record.hash_key {
                number(&mut inner, 2, index as u64);
            }
            if rng.percent(10) {
                number(&mut inner, 77, u64::MAX);
            }
            field(&mut inner, 3, &record.data);
            field(&mut records, 3, &inner);
        }
        if rng.percent(15) {
            keys.extend_from_slice(&[9 << 3 | 5, 1, 2, 3, 4]);
            records.extend_from_slice(&[9 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8]);
        }
        if rng.percent(75) { [keys, records].concat() } else { [records, keys].concat() }
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn hold(packed: &Packed, is_sound: bool, data: &[u8], tally: &mut Tally) {
    assert!(kpl::is_aggregate(data));
    match kpl::deaggregate(data) {
        Ok(records) => {
            assert!(is_sound, "an index outside its table was followed: {packed:?}");
            tally.add(if records.is_empty() { "aggregate of nothing" } else { "aggregate read" });
            let found: Vec<_> =
                records.iter().map(|record| (record.partition_key, record.explicit_hash_key, record.data)).collect();
            let expected: Vec<_> = packed
                .records
                .iter()
                .map(|record| {
                    let hash_key = record.hash_key.map(|index| packed.hash_keys[index].as_str());
                    (packed.partition_keys[record.partition_key], hash_key, record.data.as_slice())
                })
                .collect();
            assert_eq!(found, expected);
            let aggregate = kpl::Aggregate::parse(data).expect("it was read");
            assert!(aggregate.len() == records.len() && aggregate.records().eq(records));
        }
        Err(error) => {
            tally.add("aggregate refused");
            assert!(!is_sound, "{error}: {packed:?}");
        }
    }
}

/// A record as a function receives it.
fn delivered(partition_key: &str, data: &[u8]) -> Vec<u8> {
    format!(
        "{{\"kinesis\": {{\"data\" :\"{}\",\"partitionKey\": {}, \"n\":\"\\u007d\"}} ,\"eventSource\":\"aws:kinesis\"}}",
        to_base64(data),
        quoted(partition_key)
    )
    .into_bytes()
}

/// A record without the values of `data` and `partitionKey`, and these two.
fn apart(record: &[u8]) -> (Vec<u8>, Json, Json) {
    let place = place_object(record).expect("it is an object");
    let inside = |members: &[Member], name: &str| {
        members.iter().find(|member| member.key == text(name)).map(|member| member.value.clone()).expect("it is there")
    };
    let Inside::Members(members) = &place.inside else { panic!("it is an object") };
    let Inside::Members(members) = inside(members, "kinesis").inside else { panic!("it is an object") };
    let (data, key) = (inside(&members, "data"), inside(&members, "partitionKey"));
    let around =
        [&record[..data.range.start], &record[data.range.end..key.range.start], &record[key.range.end..]].concat();
    match (data.inside, key.inside) {
        (Inside::Scalar(data), Inside::Scalar(key)) => (around, data, key),
        _ => panic!("both are strings"),
    }
}

fn expand(rng: &mut Rng, packed: &Packed, data: &[u8], tally: &mut Tally) {
    let around = delivered("of the aggregate", data);
    let expanded = kpl::expand(&around);
    if packed.records.is_empty() {
        assert_eq!(expanded, None, "an aggregate of nothing stays");
        return;
    }
    tally.add("aggregate expanded");
    let expanded = expanded.expect("it is sound");
    assert_eq!(expanded.len(), packed.records.len());
    let (rest, ..) = apart(&around);
    for (record, inner) in expanded.iter().zip(&packed.records) {
        let (rest_of_this, coded, key) = apart(record);
        assert_eq!(rest_of_this, rest, "bytes other than the two values were changed");
        assert_eq!(coded, Json::Text(text(&to_base64(&inner.data))));
        assert_eq!(key, Json::Text(text(packed.partition_keys[inner.partition_key])));
        assert_eq!(kpl::expand(record), None, "what is inside is no aggregate");
    }
    // Among others in an event; what a filter says is what it says to records that were never packed.
    let plain = delivered("plain", b"{\"a\":1}");
    let mut parts = vec![plain.clone(), around.clone(), plain.clone()];
    if rng.percent(30) {
        parts.push(around);
    }
    let event = [b"{\"Records\":[ ".as_slice(), &parts.join(b" ,\n".as_slice()), b"]}"].concat();
    let event = kpl::expand_envelope(&event).expect("an event of Kinesis");
    let envelope = Envelope::parse_as(&event, Source::Kinesis).expect("it stays one");
    let single: Vec<Vec<u8>> =
        parts.iter().flat_map(|part| kpl::expand(part).unwrap_or_else(|| vec![part.clone()])).collect();
    let records: Vec<&[u8]> = (0..envelope.len()).map(|index| envelope.record(index)).collect();
    assert_eq!(records, single);
    let (pattern, _) = random_pair(rng.next());
    let criteria =
        FilterCriteria::from_patterns([format!("{{\"data\":{pattern}}}"), "{\"data\":{\"a\":[1]}}".to_owned()]);
    let builder = Sieve::builder(Source::Kinesis).dialect(Dialect::EventBridge).checks(Checks::Every);
    let Ok(sieve) = builder.compile(&criteria) else { return };
    tally.add("envelope expanded");
    let mut scratch = sieve.scratch();
    let found = envelope.evaluate(&sieve, &mut scratch).expect("its scratch").verdicts().to_vec();
    let never_packed: Vec<Vec<u8>> = parts
        .iter()
        .flat_map(|part| {
            let inner = packed.records.iter().map(|record| delivered("x", &record.data)).collect();
            if kpl::expand(part).is_some() { inner } else { vec![part.clone()] }
        })
        .collect();
    let slices: Vec<&[u8]> = never_packed.iter().map(Vec::as_slice).collect();
    let expected = sieve.evaluate(&mut scratch, &Batch::from_slices(&slices)).expect("its scratch");
    assert_eq!(found, expected, "{pattern} on {}", event.escape_ascii());
    assert_eq!(found[0], Verdict::Match);
}
