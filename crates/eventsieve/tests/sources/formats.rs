//! The tables of payload formats, and filters that mix them.

use std::fmt::Write as _;

use eventsieve::{Batch, Dialect, FilterCriteria, Sieve, Source};

use crate::harness::*;

// ------------------------------------------------------------------------------------------------------------------
// The tables of payload formats in the module documentation of `source`.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Plain,
    /// No UTF-8, no base64, or not there.
    Broken,
}

#[test]
fn every_row_of_the_format_tables() {
    let json = "{\"kind\":\"start\"}".as_bytes();
    let payloads: [(Format, bool, Option<&[u8]>); 6] = [
        (Format::Json, true, Some(json)),
        (Format::Json, false, Some(b"{\"kind\":\"end\"}")),
        (Format::Plain, true, Some(b"start")),
        (Format::Plain, false, Some(b"end")),
        (Format::Broken, false, Some(b"\xff\xfestart")),
        (Format::Broken, false, None),
    ];
    let mut rows = 0;
    for source in DECODED {
        let key = payload_key(source);
        let clauses = [
            (Some(Format::Json), format!("\"{key}\":{{\"kind\":[\"start\"]}}")),
            (Some(Format::Plain), format!("\"{key}\":[\"start\"]")),
            (None, String::new()),
        ];
        for (asks, clause) in &clauses {
            if source == Source::Kinesis && *asks == Some(Format::Plain) {
                continue; // refused when compiled, see below
            }
            for metadata in [None, Some(0), Some(1)] {
                let parts = [metadata.map_or("", |at| metadata_clauses(source)[at]), clause.as_str()];
                let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                if parts.is_empty() {
                    continue;
                }
                let pattern = format!("{{{}}}", parts.join(","));
                for (format, right, payload) in payloads {
                    let record = match payload {
                        Some(_) if source == Source::Sqs && format == Format::Broken => continue, // bodies are text
                        Some(payload) => record(source, payload),
                        None => record_with(source, None),
                    };
                    let of_payload = match asks {
                        None => true,
                        Some(asked) if *asked == format => right,
                        Some(_) => IGNORING.contains(&source),
                    };
                    let expected = of_payload && metadata != Some(1);
                    let got = !kept(source, &[&pattern], std::slice::from_ref(&record)).is_empty();
                    assert_eq!(got, expected, "{source}: {pattern} of {record}");
                    rows += 1;
                }
            }
        }
    }
    println!("{rows} rows");
    assert!(rows > 200, "{rows}");
}

#[test]
fn filters_of_different_formats_stand_side_by_side() {
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &["{\"kind\":\"start\"}", "{\"kind\":\"end\"}", "start", "end"]);
        let json = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        let json_and_metadata = format!("{{{},\"{key}\":{{\"kind\":[\"end\"]}}}}", metadata_clauses(source)[1]);
        if source == Source::Kinesis {
            assert_eq!(kept(source, &[&json, &json_and_metadata], &records), [0]);
            continue;
        }
        let plain = format!("{{\"{key}\":[\"start\"]}}");
        let expected: &[usize] = if source == Source::Sqs { &[0, 2] } else { &[0, 1, 2, 3] };
        assert_eq!(kept(source, &[&json, &plain, &json_and_metadata], &records), expected, "{source}");
        assert_eq!(kept(source, &[&plain, &json], &records), expected, "{source}");
        // Which filter let a record through.
        let criteria = FilterCriteria::from_patterns([json.as_str(), plain.as_str()]);
        let sieve = Sieve::builder(source).compile(&criteria).unwrap();
        let slices: Vec<&[u8]> = records.iter().map(String::as_bytes).collect();
        let mut scratch = sieve.scratch();
        let outcome = sieve.evaluate_sets(&mut scratch, &Batch::from_slices(&slices)).unwrap();
        let filters: Vec<Vec<usize>> = (0..4).map(|index| outcome.filters(index).iter().collect()).collect();
        if source == Source::Sqs {
            assert_eq!(filters, [vec![0], vec![], vec![1], vec![]]);
        } else {
            assert_eq!(filters, [vec![0, 1], vec![1], vec![0, 1], vec![0]], "{source}: an ignored clause holds");
        }
    }
}

#[test]
fn or_across_payload_and_metadata() {
    let payloads = ["{\"kind\":\"start\"}", "{\"kind\":\"end\"}", "start", "end"];
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &payloads);
        let [holds, fails] = metadata_clauses(source);
        let with = |metadata: &str| {
            kept(source, &[&format!("{{\"$or\":[{{\"{key}\":{{\"kind\":[\"start\"]}}}},{{{metadata}}}]}}")], &records)
        };
        assert_eq!(with(holds), [0, 1, 2, 3], "{source}");
        // For those that ignore, an alternative that is nothing but an ignored clause holds.
        let expected: &[usize] = if IGNORING.contains(&source) { &[0, 2, 3] } else { &[0] };
        assert_eq!(with(fails), expected, "{source}");
        // Of an alternative with more in it, the rest decides.
        let alternatives = format!(
            "{{\"$or\":[{{\"{key}\":{{\"kind\":[\"start\"]}},{fails}}},{{\"{key}\":{{\"kind\":[\"end\"]}},{holds}}}]}}"
        );
        let expected: &[usize] = if IGNORING.contains(&source) { &[1, 2, 3] } else { &[1] };
        assert_eq!(kept(source, &[&alternatives], &records), expected, "{source}");
        // Inside the payload an `$or` is like any other clause of it.
        let inside = format!("{{\"{key}\":{{\"$or\":[{{\"kind\":[\"start\"]}},{{\"kind\":[\"none\"]}}]}}}}");
        let expected: &[usize] = if IGNORING.contains(&source) { &[0, 2, 3] } else { &[0] };
        assert_eq!(kept(source, &[&inside], &records), expected, "{source}");
        // Metadata beside an `$or` must hold all the same.
        let or = format!("\"$or\":[{{\"{key}\":{{\"kind\":[\"start\"]}}}},{{\"nowhere\":[{{\"exists\":false}}]}}]");
        assert_eq!(kept(source, &[&format!("{{{holds},{or}}}")], &records), [0, 1, 2, 3], "{source}");
        let beside = format!("{{{fails},{or}}}");
        assert_eq!(kept(source, &[&beside], &records), [0; 0], "{source}: {beside}");
    }
    // Both formats in one `$or`.
    for source in [Source::Sqs, Source::Kafka] {
        let key = payload_key(source);
        let both = format!("{{\"$or\":[{{\"{key}\":{{\"kind\":[\"start\"]}}}},{{\"{key}\":[\"start\"]}}]}}");
        let expected: &[usize] = if source == Source::Sqs { &[0, 2] } else { &[0, 1, 2, 3] };
        assert_eq!(kept(source, &[&both], &records(source, &payloads)), expected, "{source}");
    }
}

/// A generated pattern, each of whose fields is asked about once.
enum Tree {
    /// A field of the payload as JSON, of the payload as text, or of the metadata; and whether the record has it so.
    Json(usize),
    Plain,
    Metadata(usize),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

const FIELDS: usize = 12;

impl Tree {
    /// An object of a pattern. `used` counts the fields that are taken.
    fn object(random: &mut Random, depth: usize, plain: bool, used: &mut (usize, usize, bool)) -> Tree {
        let mut members = Vec::new();
        for _ in 0..1 + random.below(3) {
            match random.below(if depth == 0 { 5 } else { 8 }) {
                0 | 1 if used.0 < FIELDS => {
                    members.push(Tree::Json(used.0));
                    used.0 += 1;
                }
                2 if plain && !used.2 => {
                    members.push(Tree::Plain);
                    used.2 = true;
                }
                5.. if !members.iter().any(|member| matches!(member, Tree::Any(_))) => {
                    let alternatives = 2 + random.below(2);
                    members.push(Tree::Any(
                        (0..alternatives).map(|_| Tree::object(random, depth - 1, plain, used)).collect(),
                    ));
                }
                _ => {
                    members.push(Tree::Metadata(used.1));
                    used.1 += 1;
                }
            }
        }
        Tree::All(members)
    }

    fn write(&self, key: &str, out: &mut String) {
        match self {
            Tree::Json(field) => write!(out, "\"{key}.p{field}\":[1]").unwrap(),
            Tree::Plain => write!(out, "\"{key}\":[\"start\"]").unwrap(),
            Tree::Metadata(field) => write!(out, "\"m{field}\":[1]").unwrap(),
            Tree::All(trees) | Tree::Any(trees) => {
                let any = matches!(self, Tree::Any(_));
                out.push_str(if any { "\"$or\":[" } else { "{" });
                for (at, tree) in trees.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    tree.write(key, out);
                }
                out.push(if any { ']' } else { '}' });
            }
        }
    }

    /// A clause for the other format is true for sources that ignore it, false for the others.
    fn holds(&self, format: Format, payload: u32, metadata: u64, ignoring: bool) -> bool {
        match self {
            Tree::Json(field) if format == Format::Json => payload >> field & 1 == 1,
            Tree::Plain if format == Format::Plain => payload & 1 == 1,
            Tree::Json(_) | Tree::Plain => ignoring,
            Tree::Metadata(field) => metadata >> field & 1 == 1,
            Tree::All(trees) => trees.iter().all(|tree| tree.holds(format, payload, metadata, ignoring)),
            Tree::Any(trees) => trees.iter().any(|tree| tree.holds(format, payload, metadata, ignoring)),
        }
    }
}

#[test]
fn generated_patterns_across_formats() {
    let mut random = Random(0x0f0e);
    let (mut rounds, mut delivered, mut seen) = (0, 0, 0);
    while rounds < 1_500 {
        let source = DECODED[rounds % DECODED.len()];
        let key = payload_key(source);
        let mut used = (0, 0, false);
        let tree = Tree::object(&mut random, 3, source != Source::Kinesis, &mut used);
        if used.1 > 60 {
            continue;
        }
        rounds += 1;
        let mut pattern = String::new();
        tree.write(key, &mut pattern);
        let (mut records, mut expected) = (Vec::new(), Vec::new());
        for at in 0..6 {
            // Mostly true, so that conjunctions have a chance.
            let payload = (random.below(1 << FIELDS) | random.below(1 << FIELDS)) as u32;
            let metadata = (random.below(1 << 60) | random.below(1 << 60)) as u64;
            let (format, text) = match random.below(4) {
                0 => (Format::Plain, if payload & 1 == 1 { "start".to_owned() } else { "end".to_owned() }),
                1 => (Format::Broken, String::new()),
                _ => {
                    let fields: Vec<String> =
                        (0..FIELDS).map(|field| format!("\"p{field}\":{}", payload >> field & 1)).collect();
                    (Format::Json, format!("{{{}}}", fields.join(",")))
                }
            };
            let record =
                if format == Format::Broken { record_with(source, None) } else { record(source, text.as_bytes()) };
            let fields: Vec<String> =
                (0..used.1).map(|field| format!("\"m{field}\":{},", metadata >> field & 1)).collect();
            records.push(format!("{{{}{}", fields.concat(), &record[1..]));
            if tree.holds(format, payload, metadata, IGNORING.contains(&source)) {
                expected.push(at);
            }
        }
        seen += records.len();
        delivered += expected.len();
        let criteria = FilterCriteria::from_patterns([pattern.as_str()]);
        let kept = kept_by(source, Dialect::EventBridge, &criteria, &records)
            .unwrap_or_else(|errors| panic!("{}", errors.render(None)));
        assert_eq!(kept, expected, "{source}: {pattern}: {records:#?}");
    }
    println!("{delivered} of {seen} records delivered");
    assert!((seen / 5..seen * 4 / 5).contains(&delivered), "{delivered} of {seen}");
}
