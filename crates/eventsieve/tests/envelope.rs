//! Envelopes, spliced: nothing is written that was not there, and what stays is what the separator rule says.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use eventsieve::{Dialect, Envelope, EnvelopeErrorKind, FilterCriteria, RecordLimits, Sieve, Source, Verdict, check};
use serde_json::value::RawValue;

// ------------------------------------------------------------------------------------------------------------------
// The reference: finds records with serde_json and builds the answer from pieces of text.

/// Where a text lies in the text around it.
fn place(inner: &str, outer: &str) -> usize {
    inner.as_ptr() as usize - outer.as_ptr() as usize
}

/// Members of an object: key, value, and where the member begins and ends in `event`.
fn members<'m>(object: &'m str, event: &str) -> Vec<(String, &'m str, usize, usize)> {
    struct Pairs<'m>(Vec<(String, &'m RawValue)>);
    impl<'de> serde::Deserialize<'de> for Pairs<'de> {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Pairs<'de>;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                    let mut pairs = Vec::new();
                    while let Some(key) = map.next_key()? {
                        pairs.push((key, map.next_value()?));
                    }
                    Ok(Pairs(pairs))
                }
            }
            from.deserialize_map(Visitor)
        }
    }
    let Pairs(pairs) = serde_json::from_str(object).unwrap_or_else(|error| panic!("{error}: {object}"));
    let mut at = place(object, event) + event[place(object, event)..].find('{').unwrap() + 1;
    pairs
        .into_iter()
        .map(|(key, value)| {
            // Only white space and a comma lie between two members.
            let start = at + event[at..].find('"').unwrap();
            at = place(value.get(), event) + value.get().len();
            (key, value.get(), start, at)
        })
        .collect()
}

fn elements(list: &str) -> Vec<&str> {
    let elements: Vec<&RawValue> = serde_json::from_str(list).unwrap();
    elements.into_iter().map(RawValue::get).collect()
}

/// A list of things with text between them: what is before the first, each with what stands before it, and the rest.
struct Row<'r> {
    head: &'r str,
    items: Vec<(&'r str, String, bool)>,
    tail: &'r str,
}

impl<'r> Row<'r> {
    /// `items` are the places of things in `event[from..to]`, what is written for each, and whether it stays.
    fn new(event: &'r str, from: usize, to: usize, items: Vec<(usize, usize, String, bool)>) -> Row<'r> {
        let (Some(first), Some(last)) = (items.first(), items.last()) else {
            return Row { head: &event[from..to], items: Vec::new(), tail: "" };
        };
        let (head, tail) = (&event[from..first.0], &event[last.1..to]);
        let mut end = first.0;
        let items = items.into_iter().map(|(start, stop, text, stays)| {
            let separator = &event[end..start];
            end = stop;
            (separator, text, stays)
        });
        Row { head, items: items.collect(), tail }
    }

    /// The text before the first, each that stays with the separator that stood before it (the first without), the text
    /// after the last.
    fn write(&self) -> String {
        let mut out = self.head.to_owned();
        for (at, (separator, text, _)) in self.items.iter().filter(|(.., stays)| *stays).enumerate() {
            out.push_str(if at == 0 { "" } else { separator });
            out.push_str(text);
        }
        out.push_str(self.tail);
        out
    }
}

const LISTS: [&str; 3] = ["Records", "messages", "events"];
const GROUPS: [&str; 2] = ["records", "rmqMessagesByQueue"];

/// The name under which an event of the source holds its records, and whether they lie in topics or queues.
fn shape(source: Source) -> (&'static str, bool) {
    match source {
        Source::Sqs | Source::Kinesis | Source::DynamoDb => (LISTS[0], false),
        Source::ActiveMq => (LISTS[1], false),
        Source::DocumentDb => (LISTS[2], false),
        Source::Msk | Source::Kafka => (GROUPS[0], true),
        Source::RabbitMq => (GROUPS[1], true),
        _ => panic!("{source}"),
    }
}

/// The event without the records that `keep` does not name (counted in the order they stand), and how many records it
/// had. `None` if none is left.
fn reference(source: Source, event: &str, keep: &dyn Fn(usize) -> bool) -> (Option<String>, usize) {
    let (name, grouped) = shape(source);
    let (mut seen, mut left) = (0, 0);
    let mut list = |text: &str| -> (String, bool) {
        let start = place(text, event);
        let items: Vec<_> = elements(text)
            .into_iter()
            .map(|record| {
                let stays = keep(seen);
                seen += 1;
                left += usize::from(stays);
                let start = place(record, event);
                (start, start + record.len(), record.to_owned(), stays)
            })
            .collect();
        let emptied = !items.is_empty() && items.iter().all(|(.., stays)| !stays);
        (Row::new(event, start, start + text.len(), items).write(), emptied)
    };
    let mut out = String::new();
    let mut at = 0;
    for (key, value, ..) in members(event, event) {
        let start = place(value, event);
        let written = if key != name {
            continue;
        } else if grouped && value.starts_with('{') {
            let groups = members(value, event)
                .into_iter()
                .map(|(_, value, from, to)| {
                    let before = &event[from..place(value, event)];
                    let (text, emptied) = if value.starts_with('[') { list(value) } else { (value.to_owned(), false) };
                    (from, to, format!("{before}{text}"), !emptied)
                })
                .collect();
            Row::new(event, start, start + value.len(), groups).write()
        } else if !grouped && value.starts_with('[') {
            list(value).0
        } else {
            continue;
        };
        out.push_str(&event[at..start]);
        out.push_str(&written);
        at = start + value.len();
    }
    out.push_str(&event[at..]);
    ((left > 0).then_some(out), seen)
}

#[test]
fn reference_knows_the_rule() {
    let event = "{\"Records\": [ 1 , 2,3\t,\n4 ] }";
    let keep = |keep: &'static [usize]| reference(Source::Sqs, event, &move |at| keep.contains(&at)).0;
    assert_eq!(keep(&[0, 1, 2, 3]).unwrap(), event);
    assert_eq!(keep(&[0]).unwrap(), "{\"Records\": [ 1 ] }");
    assert_eq!(keep(&[1]).unwrap(), "{\"Records\": [ 2 ] }");
    assert_eq!(keep(&[1, 3]).unwrap(), "{\"Records\": [ 2\t,\n4 ] }");
    assert_eq!(keep(&[0, 2]).unwrap(), "{\"Records\": [ 1,3 ] }");
    assert_eq!(keep(&[]), None);
    let topics = "{\"records\":{ \"a\" : [1, 2] ,\"b\":[ ], \"c\":[3],\"d\":{} }}";
    let keep = |keep: &'static [usize]| reference(Source::Kafka, topics, &move |at| keep.contains(&at)).0;
    assert_eq!(keep(&[1]).unwrap(), "{\"records\":{ \"a\" : [2] ,\"b\":[ ],\"d\":{} }}");
    assert_eq!(keep(&[2]).unwrap(), "{\"records\":{ \"b\":[ ], \"c\":[3],\"d\":{} }}");
}

// ------------------------------------------------------------------------------------------------------------------
// Ours against it.

struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }

    fn pick<'p>(&mut self, from: &[&'p str]) -> &'p str {
        from[self.below(from.len())]
    }
}

fn sieve(source: Source, pattern: Option<&str>) -> Sieve<'static> {
    let dialect = if source == Source::DocumentDb { Dialect::EventBridge } else { Dialect::Lambda };
    Sieve::builder(source).dialect(dialect).compile(&FilterCriteria::from_patterns(pattern)).unwrap()
}

/// What every event must do: all through gives the same bytes, nothing through gives none, some through gives what the
/// reference gives.
fn examine(source: Source, event: &str, random: &mut Random) {
    let envelope = Envelope::parse_as(event.as_bytes(), source).unwrap_or_else(|error| panic!("{error}: {event}"));
    let len = envelope.len();
    assert_eq!(reference(source, event, &|_| true), ((len > 0).then(|| event.to_owned()), len));
    for (pattern, passes) in [
        (None, true),
        (Some(r#"{"no such field":[{"exists":false}]}"#), true),
        (Some(r#"{"no such field":[{"exists":true}]}"#), false),
    ] {
        let sieve = sieve(source, pattern);
        let filtered = envelope.filter(&sieve, &mut sieve.scratch()).unwrap();
        let expected = (passes && len > 0).then(|| event.to_owned());
        assert_eq!(filtered.map(|bytes| String::from_utf8(bytes).unwrap()), expected, "{source}: {pattern:?}");
    }
    for round in 0..8 {
        // From nearly none to nearly all.
        let kept: Vec<bool> = (0..len).map(|_| random.below(8) <= round).collect();
        let mut out = b"before".to_vec();
        let left = envelope.splice(|at| kept[at], &mut out);
        let (expected, _) = reference(source, event, &|at| kept[at]);
        assert_eq!(left, expected.is_some());
        assert_eq!(std::str::from_utf8(&out).unwrap(), format!("before{}", expected.clone().unwrap_or_default()));
        // The ranges say the same: in order, apart, never empty.
        let ranges = envelope.kept_ranges(|at| kept[at]);
        assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start), "{ranges:?}");
        assert!(ranges.iter().all(|range| !range.is_empty()), "{ranges:?}");
        assert_eq!(
            ranges.iter().map(|range| &event[range.clone()]).collect::<String>(),
            expected.clone().unwrap_or_default()
        );
        if let Some(text) = &expected {
            check(text.as_bytes(), &RecordLimits::default()).unwrap();
            let again = Envelope::parse_as(text.as_bytes(), source).unwrap();
            assert_eq!(again.len(), kept.iter().filter(|&&kept| kept).count());
            for (at, from) in (0..len).filter(|&at| kept[at]).enumerate() {
                assert_eq!(again.record(at), envelope.record(from));
            }
        }
    }
}

fn files(directory: &Path, ending: &str) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.file_name().unwrap().to_string_lossy().into_owned(), text)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn own_events_of_each_source() {
    let mut random = Random(0xe0e);
    let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/sources"), ".event.json");
    for (name, event) in &files {
        let envelope = Envelope::parse(event.as_bytes()).unwrap();
        assert_eq!(*name, format!("{}.event.json", envelope.source()));
        assert!(envelope.len() >= 4, "{name}");
        for _ in 0..20 {
            examine(envelope.source(), event, &mut random);
        }
    }
    assert_eq!(files.len(), 8);
}

#[test]
fn handed_out_events() {
    let Some(directory) = std::env::var_os("EVENTSIEVE_CONFORMANCE").map(PathBuf::from) else {
        println!("skipped: EVENTSIEVE_CONFORMANCE names no directory");
        return;
    };
    let mut random = Random(0xf1f);
    let mut sources = Vec::new();
    for (name, event) in files(&directory.join("../fixtures"), ".json") {
        match Envelope::parse(event.as_bytes()) {
            Ok(envelope) => {
                println!("{name}: {} records of {}", envelope.len(), envelope.source());
                examine(envelope.source(), &event, &mut random);
                sources.push(envelope.source());
            }
            Err(error) => {
                println!("{name}: no envelope: {error}");
                assert!(
                    ["event-record", "api-event", "batch-response"].iter().any(|part| name.contains(part)),
                    "{name}: {error}"
                );
            }
        }
    }
    assert!(sources.len() >= 15, "{sources:?}");
    for &source in Source::ALL {
        // Of self-managed Kafka there is none.
        assert!(matches!(source, Source::Raw | Source::Kafka) || sources.contains(&source), "{source}");
    }
}

// ------------------------------------------------------------------------------------------------------------------
// Generated events.

fn white_space(random: &mut Random) -> &'static str {
    random.pick(&["", "", "", " ", "\n", "\t", "\r\n  ", "    "])
}

fn generated_value(random: &mut Random, depth: usize, out: &mut String) {
    match random.below(if depth == 0 { 8 } else { 10 }) {
        8 => {
            out.push('{');
            generated_members(random, depth - 1, out);
            out.push('}');
        }
        9 => {
            out.push('[');
            for at in 0..random.below(4) {
                out.push_str(if at == 0 { "" } else { "," });
                out.push_str(white_space(random));
                generated_value(random, depth - 1, out);
                out.push_str(white_space(random));
            }
            out.push(']');
        }
        _ => out.push_str(random.pick(&[
            "1545084650.987",
            "-0.0",
            "1E+400",
            "49650000000000000000000000000000000000000000000000000001",
            "null",
            "true",
            "\"\"",
            "\"]}],\\\"\\\\\"",
            "\"{\\\"kind\\\":[\\\"start\\\",{}]}\"",
            "\"\\ud83d\\udeb2 \\u00e9\\/é🚲\"",
            "\"\\ud83d\"",
            "\"a,b\"",
        ])),
    }
}

fn generated_members(random: &mut Random, depth: usize, out: &mut String) {
    let keys = [
        "\"a\"",
        "\"a\"",
        "\"b.c\"",
        "\"\"",
        "\"\\u0061\"",
        "\"body\"",
        "\"data\"",
        "\"eventSource\"",
        "\"é🚲\"",
        "\"records\"",
        "\"Records\"",
        "\"\\\"]}\"",
    ];
    for at in 0..random.below(5) {
        out.push_str(if at == 0 { "" } else { "," });
        out.push_str(white_space(random));
        out.push_str(random.pick(&keys));
        out.push_str(white_space(random));
        out.push(':');
        out.push_str(white_space(random));
        generated_value(random, depth, out);
        out.push_str(white_space(random));
    }
}

fn generated_record(random: &mut Random, out: &mut String) {
    out.push('{');
    generated_members(random, 3, out);
    out.push('}');
}

fn generated_list(random: &mut Random, len: usize, out: &mut String) {
    out.push('[');
    out.push_str(white_space(random));
    for at in 0..len {
        out.push_str(if at == 0 { "" } else { "," });
        out.push_str(white_space(random));
        generated_record(random, out);
        out.push_str(white_space(random));
    }
    out.push(']');
}

fn generated_groups(random: &mut Random, out: &mut String) {
    out.push('{');
    out.push_str(white_space(random));
    for at in 0..random.below(6) {
        out.push_str(if at == 0 { "" } else { "," });
        out.push_str(white_space(random));
        let key = [
            "\"rides-0\"",
            "\"rides-0\"",
            "\"v\\u00e9los-1\"",
            "\"自転車-2\"",
            "\"\"",
            "\"queue::/\"",
            "\"q\\\"]}[\\\\\"",
        ];
        out.push_str(random.pick(&key));
        out.push_str(white_space(random));
        out.push(':');
        out.push_str(white_space(random));
        match random.below(8) {
            // No list: it stays whatever happens.
            0 => generated_value(random, 0, out),
            1 => out.push_str("[ ]"),
            _ => {
                let len = 1 + random.below(4);
                generated_list(random, len, out);
            }
        }
        out.push_str(white_space(random));
    }
    out.push('}');
}

fn generated_event(random: &mut Random, source: Source) -> String {
    let (name, grouped) = shape(source);
    let mut out = String::from(white_space(random));
    out.push('{');
    // Mostly one member with records, sometimes several or one that is something else.
    let with_records = random.below(4);
    for at in 0..4 {
        out.push_str(if at == 0 { "" } else { "," });
        out.push_str(white_space(random));
        if at == with_records || random.below(12) == 0 {
            let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
            let key = if random.below(4) == 0 { escaped.as_str() } else { name };
            write!(out, "\"{key}\"{}:{}", white_space(random), white_space(random)).unwrap();
            match random.below(if at == with_records { 20 } else { 4 }) {
                0 if at != with_records => generated_value(random, 0, &mut out),
                _ if grouped => generated_groups(random, &mut out),
                _ => {
                    let len = random.below(9);
                    generated_list(random, len, &mut out);
                }
            }
        } else {
            out.push_str(random.pick(&[
                "\"eventSourceArn\"",
                "\"bootstrapServers\"",
                "\"wind\\u006fw\"",
                "\"Records \"",
            ]));
            out.push(':');
            generated_value(random, 3, &mut out);
        }
        out.push_str(white_space(random));
    }
    out.push('}');
    out.push_str(white_space(random));
    out
}

const SOURCES: [Source; 8] = [
    Source::Sqs,
    Source::Kinesis,
    Source::DynamoDb,
    Source::Msk,
    Source::Kafka,
    Source::ActiveMq,
    Source::RabbitMq,
    Source::DocumentDb,
];

#[test]
fn generated_events_are_spliced_like_the_reference() {
    let mut random = Random(0x5eed);
    let (mut events, mut records) = (0, 0);
    for round in 0..250 {
        for source in SOURCES {
            let event = generated_event(&mut random, source);
            let envelope = Envelope::parse_as(event.as_bytes(), source)
                .unwrap_or_else(|error| panic!("round {round}, {source}: {error}: {event}"));
            events += 1;
            records += envelope.len();
            examine(source, &event, &mut random);
        }
    }
    println!("{events} events, {records} records");
    assert!(records > 5_000, "{records}");
}

#[test]
fn ten_thousand_records() {
    let mut random = Random(10_000);
    let mut list = String::new();
    for at in 0..10_000 {
        let separator = if at == 0 { "" } else { [",", ", ", "\n ,", " , "][at % 4] };
        write!(
            list,
            "{separator}{{\"kinesis\":{{\"partitionKey\":\"bike-{}\",\"sequenceNumber\":\"{at}\",\"data\":\"eyJuIjoxfQ==\",\
             \"approximateArrivalTimestamp\":1545084650.987}},\"eventSource\":\"aws:kinesis\"}}",
            at % 7
        )
        .unwrap();
    }
    let event = format!("{{\"Records\":[ {list} ]}}\n");
    let envelope = Envelope::parse(event.as_bytes()).unwrap();
    assert_eq!((envelope.source(), envelope.len()), (Source::Kinesis, 10_000));
    examine(Source::Kinesis, &event, &mut random);

    let sieve = sieve(Source::Kinesis, Some(r#"{"partitionKey":["bike-3"],"data":{"n":[1]}}"#));
    let mut scratch = sieve.scratch();
    let verdicts = envelope.evaluate(&sieve, &mut scratch).unwrap().verdicts().to_vec();
    assert!((0..10_000).all(|at| (verdicts[at] == Verdict::Match) == (at % 7 == 3)));
    let filtered = envelope.filter(&sieve, &mut scratch).unwrap().expect("some are left");
    let expected = reference(Source::Kinesis, &event, &|at| at % 7 == 3).0.unwrap();
    assert_eq!(std::str::from_utf8(&filtered).unwrap(), expected);
}

#[test]
fn many_topics_of_one_record() {
    let topics: Vec<String> = (0..5_000).map(|at| format!("\"topic-{at}\":[{{\"offset\":{at}}}]")).collect();
    let event = format!("{{\"eventSource\":\"SelfManagedKafka\",\"records\":{{{}}}}}", topics.join(","));
    examine(Source::Kafka, &event, &mut Random(3));
    let sieve = sieve(Source::Kafka, Some(r#"{"offset":[{"numeric":[">=",4998]}]}"#));
    let filtered = Envelope::parse(event.as_bytes()).unwrap().filter(&sieve, &mut sieve.scratch()).unwrap().unwrap();
    let expected = "{\"eventSource\":\"SelfManagedKafka\",\"records\":{\"topic-4998\":[{\"offset\":4998}],\"topic-4999\":[{\"offset\":4999}]}}";
    assert_eq!(std::str::from_utf8(&filtered).unwrap(), expected);
}

// ------------------------------------------------------------------------------------------------------------------
// The rule, written out.

/// The event with only these records left.
fn with(source: Source, event: &str, keep: &[usize]) -> String {
    let envelope = Envelope::parse_as(event.as_bytes(), source).unwrap();
    let mut out = Vec::new();
    envelope.splice(|at| keep.contains(&at), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_dropped_record_takes_one_separator_along() {
    let event = "{ \"Records\" :[ {\"n\":0} ,{\"n\":1}\n, {\"n\":2},\t{\"n\":3}  ] }";
    let kept = |keep: &[usize]| with(Source::Sqs, event, keep);
    assert_eq!(kept(&[0, 1, 2, 3]), event);
    assert_eq!(kept(&[1, 2, 3]), "{ \"Records\" :[ {\"n\":1}\n, {\"n\":2},\t{\"n\":3}  ] }");
    assert_eq!(kept(&[0, 2, 3]), "{ \"Records\" :[ {\"n\":0}\n, {\"n\":2},\t{\"n\":3}  ] }");
    assert_eq!(kept(&[0, 1]), "{ \"Records\" :[ {\"n\":0} ,{\"n\":1}  ] }");
    assert_eq!(kept(&[2]), "{ \"Records\" :[ {\"n\":2}  ] }");
    assert_eq!(kept(&[0, 3]), "{ \"Records\" :[ {\"n\":0},\t{\"n\":3}  ] }");
    assert_eq!(kept(&[]), "");
}

#[test]
fn emptied_topics_go_and_empty_ones_stay() {
    let event = "{\"records\":{ \"a-0\":[{},{}] , \"b-0\" : [ ],\n\"c-0\":[ {} ], \"d\":null }}";
    let kept = |keep: &[usize]| with(Source::Msk, event, keep);
    assert_eq!(kept(&[0, 1, 2]), event);
    assert_eq!(kept(&[1]), "{\"records\":{ \"a-0\":[{}] , \"b-0\" : [ ], \"d\":null }}");
    assert_eq!(kept(&[2]), "{\"records\":{ \"b-0\" : [ ],\n\"c-0\":[ {} ], \"d\":null }}");
    assert_eq!(kept(&[]), "");
}

#[test]
fn repeated_members_all_count() {
    let event = "{\"Records\":[{\"n\":0},{\"n\":1}],\"Records\":[{\"n\":2}],\"Records\":7}";
    let kept = |keep: &[usize]| with(Source::Sqs, event, keep);
    assert_eq!(kept(&[1]), "{\"Records\":[{\"n\":1}],\"Records\":[],\"Records\":7}");
    assert_eq!(kept(&[2]), "{\"Records\":[],\"Records\":[{\"n\":2}],\"Records\":7}");
    let event = "{\"records\":{\"a\":[{}],\"a\":[{}]},\"records\":{\"a\":[{}]}}";
    assert_eq!(with(Source::Kafka, event, &[1]), "{\"records\":{\"a\":[{}]},\"records\":{}}");
}

#[test]
fn an_event_of_no_records_is_no_invocation() {
    for (source, event) in [
        (Source::Sqs, "{\"Records\":[],\"eventSource\":\"aws:sqs\"}"),
        (Source::Msk, "{\"eventSource\":\"aws:kafka\",\"records\":{}}"),
        (Source::RabbitMq, "{\"eventSource\":\"aws:rmq\",\"rmqMessagesByQueue\":{\"q::/\":[ ]}}"),
    ] {
        let envelope = Envelope::parse(event.as_bytes()).unwrap();
        assert_eq!((envelope.source(), envelope.len(), envelope.is_empty()), (source, 0, true));
        let sieve = sieve(source, None);
        assert_eq!(envelope.filter(&sieve, &mut sieve.scratch()).unwrap(), None);
        assert!(envelope.kept_ranges(|_| true).is_empty());
    }
}

#[test]
fn malformed_inside_is_not_possible_and_views_are_the_records() {
    let event = "{\"Records\":[{\"body\":\"a\",\"eventSource\":\"aws:sqs\"},{\"body\":\"b\"}]}";
    let envelope = Envelope::parse(event.as_bytes()).unwrap();
    let views = envelope.views();
    let sieve = sieve(Source::Sqs, Some(r#"{"body":["b"]}"#));
    let mut scratch = sieve.scratch();
    let verdicts = sieve.evaluate(&mut scratch, &eventsieve::Batch::from_views(&views)).unwrap();
    assert_eq!(verdicts, [Verdict::NoMatch, Verdict::Match]);
    assert_eq!(&event[envelope.range(1)], "{\"body\":\"b\"}");
    assert_eq!(envelope.record(1), b"{\"body\":\"b\"}");
}

// ------------------------------------------------------------------------------------------------------------------
// Finding the source, and errors.

#[test]
fn source_is_told_from_the_event_or_its_first_record() {
    let cases = [
        (r#"{"Records":[{"eventSource":"aws:sqs"}]}"#, Some(Source::Sqs)),
        (r#"{"Records":[{"eventSource":"aws:kinesis"}]}"#, Some(Source::Kinesis)),
        (r#"{"Records":[{"eventSource":"aws:dynamodb"}]}"#, Some(Source::DynamoDb)),
        (r#"{"records":{},"eventSource":"aws:kafka"}"#, Some(Source::Msk)),
        (r#"{"eventSource":"SelfManagedKafka","records":{}}"#, Some(Source::Kafka)),
        (r#"{"eventSource":"aws:mq","messages":[]}"#, Some(Source::ActiveMq)),
        (r#"{"eventSource":"aws:amq","messages":[]}"#, Some(Source::ActiveMq)),
        (r#"{"eventSource":"aws:rmq","rmqMessagesByQueue":{}}"#, Some(Source::RabbitMq)),
        (r#"{"events":[],"eventSource":"aws:docdb"}"#, Some(Source::DocumentDb)),
        // Escapes, white space, members before it.
        (r#"{ "\u0052ecords" : [ {"a":[{}],"\u0065ventSource" : "aws\u003asqs"} ] }"#, Some(Source::Sqs)),
        (r#"{"eventSource":"\u0053elfManagedKafka","records":{}}"#, Some(Source::Kafka)),
        // The event's own word counts more than its records'; a later record speaks where the first is silent.
        (r#"{"Records":[{"eventSource":"aws:sqs"}],"eventSource":"aws:kinesis"}"#, Some(Source::Kinesis)),
        (r#"{"Records":[{},{"eventSource":"aws:sqs"},{"eventSource":"aws:kinesis"}]}"#, Some(Source::Sqs)),
        (r#"{"eventSource":null,"Records":[{"eventSource":7},{"eventSource":"aws:sqs"}]}"#, Some(Source::Sqs)),
        (r#"{"Records":[{"eventSource":"aws:s3"}]}"#, None),
        (r#"{"Records":[{"EventSource":"aws:sns"}]}"#, None),
        (r#"{"Records":[{"x":{"eventSource":"aws:sqs"}}]}"#, None),
        (r#"{"Records":[]}"#, None),
        (r#"{"source":"shop.orders","detail":{"eventSource":"aws:sqs"}}"#, None),
        (r#"{"eventSource":"AWS:SQS","Records":[]}"#, None),
        ("{}", None),
    ];
    for (event, source) in cases {
        match (Envelope::parse(event.as_bytes()), source) {
            (Ok(envelope), Some(source)) => assert_eq!(envelope.source(), source, "{event}"),
            (Err(error), None) => {
                assert_eq!(error.kind(), &EnvelopeErrorKind::UnknownSource, "{event}");
                assert_eq!(error.offset(), None);
            }
            (other, _) => panic!("{event}: {other:?}"),
        }
    }
}

#[test]
fn what_may_be_an_envelope_is_likely_one() {
    for (source, event, likely) in [
        (Source::Sqs, r#"{"Records":[]}"#, true),
        (Source::Sqs, r#"{"\u0052ecords":[]}"#, true),
        (Source::Sqs, r#"{"body":"Records"}"#, true), // likely is not certain
        (Source::Sqs, r#"{"body":"x"}"#, false),
        (Source::Sqs, r#"{"records":{}}"#, false),
        (Source::Kafka, r#"{"records":{}}"#, true),
        (Source::RabbitMq, r#"{"rmqMessagesByQueue":{}}"#, true),
        (Source::Raw, r#"{"Records":[]}"#, false),
    ] {
        assert_eq!(Envelope::is_likely(event.as_bytes(), source), likely, "{source}: {event}");
    }
    assert_eq!(Envelope::source_of(br#"{"messageId":"1","eventSource":"aws:sqs"}"#), Some(Source::Sqs));
    assert_eq!(Envelope::source_of(br#"{"eventSource":"aws:sqs""#), None);
}

#[test]
fn errors_say_what_and_where() {
    let error = |event: &str| Envelope::parse(event.as_bytes()).expect_err("no envelope");
    let missing = error(r#"{"eventSource":"aws:kafka","Records":[]}"#);
    assert_eq!(missing.to_string(), "an event of source msk holds its records under `records`, which is missing");
    // A delivered record names its source, but is no event.
    let record = error(r#"{"messageId":"1","body":"x","eventSource":"aws:sqs"}"#);
    assert_eq!(record.kind(), &EnvelopeErrorKind::NoRecords { source: Source::Sqs, member: "Records" });
    let odd = error(r#"{"eventSource":"aws:sqs","Records":[{}, 7]}"#);
    assert_eq!((odd.kind(), odd.offset()), (&EnvelopeErrorKind::NotARecord { offset: 40 }, Some(40)));
    let odd = error(r#"{"eventSource":"aws:kafka","records":{"a":[null]}}"#);
    assert_eq!(odd.offset(), Some(43));
    let broken = error(r#"{"eventSource":"aws:sqs","Records":[{},]}"#);
    assert!(matches!(broken.kind(), EnvelopeErrorKind::Malformed(_)));
    assert_eq!(broken.offset(), Some(39));
    assert!(std::error::Error::source(&broken).is_some());
    for text in ["", "[]", "null", "{\"Records\":[]} x", "\u{feff}{}"] {
        assert!(matches!(error(text).kind(), EnvelopeErrorKind::Malformed(_)), "{text:?}");
    }
    let raw = Envelope::parse_as(b"{}", Source::Raw).expect_err("raw records have no envelope");
    assert_eq!(raw.kind(), &EnvelopeErrorKind::UnknownSource);
}

#[test]
fn deep_and_wide_events_are_bounded_not_fatal() {
    let deep = format!(
        "{{\"eventSource\":\"aws:sqs\",\"Records\":[{}{}]}}",
        "{\"a\":".repeat(5_000),
        "1".to_owned() + &"}".repeat(5_000)
    );
    assert!(matches!(Envelope::parse(deep.as_bytes()).unwrap_err().kind(), EnvelopeErrorKind::Malformed(_)));
}

/// Whatever becomes of the bytes: an error or an answer, and the answer is valid JSON made of what was there.
#[test]
fn damaged_events_are_errors_or_answers() {
    let mut random = Random(0xdead);
    let (mut answers, mut errors) = (0, 0);
    for round in 0..6_000 {
        let source = SOURCES[round % SOURCES.len()];
        let mut bytes = generated_event(&mut random, source).into_bytes();
        for _ in 0..1 + random.below(3) {
            let at = random.below(bytes.len() + 1);
            let byte = b"{}[]\",:\\ \n0n\xff\x00e"[random.below(15)];
            match random.below(5) {
                0 => bytes.truncate(at.max(1)),
                1 if at < bytes.len() => _ = bytes.remove(at),
                2 => bytes.insert(at, byte),
                3 => {
                    let end = (at + random.below(30)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ if at < bytes.len() => bytes[at] = byte,
                _ => {}
            }
        }
        let valid = check(&bytes, &RecordLimits::default()).is_ok();
        let _ = Envelope::parse(&bytes);
        match Envelope::parse_as(&bytes, source) {
            Err(error) => {
                errors += 1;
                assert!(error.offset().is_none_or(|offset| offset <= bytes.len()));
                assert_eq!(matches!(error.kind(), EnvelopeErrorKind::Malformed(_)), !valid);
            }
            Ok(envelope) => {
                answers += 1;
                assert!(valid, "round {round}");
                let mut out = Vec::new();
                if envelope.splice(|at| (at + round) % 2 == 0, &mut out) {
                    check(&out, &RecordLimits::default()).unwrap_or_else(|error| {
                        panic!("round {round}: {error}: {}", String::from_utf8_lossy(&out));
                    });
                }
                let sieve = sieve(source, Some(r#"{"a":[{"exists":true}]}"#));
                let _ = envelope.filter(&sieve, &mut sieve.scratch()).unwrap();
            }
        }
    }
    println!("{answers} answers, {errors} errors");
    assert!(answers > 500 && errors > 500, "{answers} answers, {errors} errors");
}
