//! Records that are trusted: the same verdicts where they deserve it, and reading ends where nothing more can count.

use std::collections::HashSet;
use std::fmt;

use eventsieve::{
    Batch, Checks, Dialect, Encoded, FilterCriteria, Isa, Limits, Sieve, Source, Verdict, source::kinesis,
};
use eventsieve_oracle::generate::random_pair;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// JSON in which no object repeats a key, and no key has a dot.
struct Unrepeated;

impl<'de> Deserialize<'de> for Unrepeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Unrepeated, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Unrepeated;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON without repeated keys")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Unrepeated, E> {
                Ok(Unrepeated)
            }
            fn visit_str<E>(self, _: &str) -> Result<Unrepeated, E> {
                Ok(Unrepeated)
            }
            fn visit_unit<E>(self) -> Result<Unrepeated, E> {
                Ok(Unrepeated)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Unrepeated, E> {
                Ok(Unrepeated)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Unrepeated, E> {
                Ok(Unrepeated)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Unrepeated, E> {
                Ok(Unrepeated)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unrepeated, A::Error> {
                while list.next_element::<Unrepeated>()?.is_some() {}
                Ok(Unrepeated)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unrepeated, A::Error> {
                let mut keys = HashSet::new();
                while let Some((key, _)) = map.next_entry::<String, Unrepeated>()? {
                    if key.contains('.') || !keys.insert(key) {
                        return Err(A::Error::custom("a key like that is excluded"));
                    }
                }
                Ok(Unrepeated)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn sieve(source: Source, patterns: &[&str]) -> Sieve<'static> {
    let criteria = FilterCriteria::from_patterns(patterns.iter().copied());
    Sieve::builder(source).limits(Limits::none()).compile(&criteria).unwrap()
}

#[test]
fn verdicts_are_the_same_on_records_without_repeated_keys() {
    let seeds = std::env::var("EVENTSIEVE_DIFFERENTIAL").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(6_000);
    let mut compared = [0_u64; 2];
    for seed in 0..seeds {
        let (pattern, record) = random_pair(0x7257_0000 + seed);
        let criteria = FilterCriteria::from_patterns([pattern.as_str()]);
        let builder = Sieve::builder(Source::Raw).dialect(Dialect::EventBridge).limits(Limits::none());
        let Ok(exact) = builder.compile(&criteria) else { continue };
        let exact = exact.with_checks(Checks::Every);
        // The reader of the service knows more numbers than this one; what it refuses is not compared.
        if serde_json::from_slice::<Unrepeated>(&record).is_err() {
            continue;
        }
        // The same with much behind it, so that it can be left early.
        let Some(end) = record.iter().rposition(|&byte| byte == b'}') else { continue };
        let is_empty = record[..end].trim_ascii_end().ends_with(b"{");
        let filler = format!("{}\"behind it\":\"{}\"}}", if is_empty { "" } else { "," }, "z".repeat(3000));
        let long = [&record[..end], filler.as_bytes()].concat();
        let slices = [record.as_slice(), &long];
        let batch = Batch::from_slices(&slices);
        let expected = exact.evaluate(&mut exact.scratch(), &batch).unwrap().to_vec();
        if expected.contains(&Verdict::Malformed) {
            continue;
        }
        for isa in Isa::available() {
            let trusted = exact.clone().with_checks(Checks::Trusted).with_isa(isa);
            let mut scratch = trusted.scratch();
            for _ in 0..2 {
                let found = trusted.evaluate(&mut scratch, &batch).unwrap();
                assert_eq!(found, expected, "{}\n{pattern}\n{}", isa.name(), record.escape_ascii());
            }
        }
        expected.iter().for_each(|&verdict| compared[usize::from(verdict == Verdict::Match)] += 1);
    }
    assert!(compared.iter().all(|&count| count > seeds / 6), "{compared:?}");
}

#[test]
fn reading_ends_with_the_last_field_that_is_asked_about() {
    let sieve = sieve(Source::Raw, &[r#"{"a":{"b":["x"]},"c":[{"numeric":[">",1]}]}"#]).with_checks(Checks::Trusted);
    let mut scratch = sieve.scratch();
    let tail = format!("{} and no JSON", r#","more":["text","#.repeat(200));
    for (record, expected) in [
        // What would make it malformed, or another value, is not met.
        (r#"{"a":{"b":"x"},"c":2"#, Verdict::Match),
        (r#"{"c":1.5e1,"a":{"q":[1,{"b":0}],"b":"x""#, Verdict::Match),
        (r#"{"a":{"b":"y"},"c":2"#, Verdict::NoMatch),
        // An array is read to its end, for any of its elements may match.
        (r#"{"c":2,"a":{"b":["y",["x"]]}"#, Verdict::Match),
        // A field is missing: the record is read on, and there is no end.
        (r#"{"a":{"b":"x"}"#, Verdict::Malformed),
    ] {
        let record = [record, &tail].concat();
        let found = sieve.evaluate(&mut scratch, &Batch::from_slices(&[record.as_bytes()])).unwrap();
        assert_eq!(found, [expected], "{record:.60}");
    }
}

#[test]
fn values_are_read_whole_wherever_a_record_is_cut() {
    // The record is looked at in pieces of 256, 1024, … bytes: each value lies across each of the borders.
    let sieve = sieve(Source::Raw, &[r#"{"n":[12345678],"s":["a \" quote"]}"#]).with_checks(Checks::Trusted);
    let mut scratch = sieve.scratch();
    for border in [256, 1024, 4096] {
        for shift in 0..60 {
            let pad = "p".repeat(border - shift - 10);
            let record = format!(r#"{{"pad":"{pad}","n":12345678,"s":"a \" quote","t":1}}"#);
            let longer = format!(r#"{{"pad":"{pad}","n":123456789,"s":"a \" quote","t":1}}"#);
            let slices = [record.as_bytes(), longer.as_bytes()];
            let found = sieve.evaluate(&mut scratch, &Batch::from_slices(&slices)).unwrap();
            assert_eq!(found, [Verdict::Match, Verdict::NoMatch], "{border} {shift}");
        }
    }
}

#[test]
fn sources_are_trusted_with_their_payloads() {
    let sieve = sieve(Source::Kinesis, &[r#"{"partitionKey":["p"],"data":{"a":["x"]}}"#]).with_checks(Checks::Trusted);
    let mut scratch = sieve.scratch();
    let payload = br#"{"a":"x","rest":[[[no JSON"#;
    let coded = base64_simd::STANDARD.encode_to_string(payload);
    let delivered = format!(r#"{{"kinesis":{{"data":"{coded}","partitionKey":"p","rest":[[[no JSON"#);
    assert_eq!(sieve.evaluate(&mut scratch, &Batch::from_slices(&[delivered.as_bytes()])).unwrap(), [Verdict::Match]);
    let views =
        [kinesis::record("p", "1", Encoded::plain(payload)), kinesis::record("q", "1", Encoded::plain(payload))];
    let found = sieve.evaluate(&mut scratch, &Batch::from_views(&views)).unwrap();
    assert_eq!(found, [Verdict::Match, Verdict::NoMatch]);
}

#[test]
fn records_that_do_not_deserve_it_harm_nothing() {
    let sieve = sieve(Source::Raw, &[r#"{"a":["x"],"b":{"c":[1]}}"#, r#"{"d":[{"exists":false}]}"#]);
    let sieve = sieve.with_checks(Checks::Trusted);
    let mut scratch = sieve.scratch();
    let good = br#"{"a":"x","b":{"c":1},"d":0}"#;
    for seed in 0..3_000 {
        let (_, record) = random_pair(0xbad_0000 + seed);
        for cut in [record.len(), record.len() / 2, record.len().saturating_sub(1)] {
            let slices = [&record[..cut], good.as_slice()];
            assert_eq!(sieve.evaluate(&mut scratch, &Batch::from_slices(&slices)).unwrap()[1], Verdict::Match);
        }
    }
}
