//! The prefilter: for which patterns there is one, and that it never stands in the way of a match.

use eventsieve::{Batch, Checks, Dialect, FilterCriteria, Limits, Sieve, Source, Verdict};
use eventsieve_oracle::generate::random_pair;
use eventsieve_program::literals::{Literals, coded_keys};
use eventsieve_vm::{Adaptive, Isa, Prefilter};

/// Pairs of a plain `cargo test`.
const SEEDS: u64 = 8_000;

/// The literals of a row: these texts, or none, for a reason with these words.
type Expected = Result<&'static [&'static str], &'static str>;

/// Source, one pattern a line, the literals of a record as it is delivered.
const PATTERNS: &[(Source, &str, Expected)] = &[
    // Texts.
    (Source::Raw, r#"{"state":["running"]}"#, Ok(&["running"])),
    (Source::Raw, r#"{"state":["running","stopped"]}"#, Ok(&["running", "stopped"])),
    (Source::Raw, r#"{"name":["Jörg Ωmega 😀"]}"#, Ok(&["Jörg Ωmega 😀"])),
    (Source::Raw, r#"{"state":["no"]}"#, Ok(&["no"])),
    (Source::Raw, r#"{"state":["x"]}"#, Err("without 2 bytes")),
    (Source::Raw, r#"{"state":["running","x"]}"#, Err("without 2 bytes")),
    (Source::Raw, r#"{"state":[""]}"#, Err("without 2 bytes")),
    (Source::Raw, r#"{"path":["/api/v2/orders"]}"#, Ok(&["orders"])),
    (Source::Raw, r#"{"path":["C:\\Temp\\file.txt"]}"#, Ok(&["file.txt"])),
    (Source::Raw, r#"{"said":["a \"quoted\" word"]}"#, Ok(&["quoted"])),
    (Source::Raw, r#"{"text":["one\ntwo-three\t4"]}"#, Ok(&["two-three"])),
    (Source::Raw, r#"{"text":["ab\ud83dcdef"]}"#, Ok(&["cdef"])),
    (Source::Raw, r#"{"text":["\u0072unning"]}"#, Ok(&["running"])),
    (
        Source::Raw,
        r#"{"type":["created","paid","sent","returned","lost"]}"#,
        Ok(&["created", "lost", "paid", "returned", "sent"]),
    ),
    // One text within another is enough.
    (Source::Raw, r#"{"state":["running","run"]}"#, Ok(&["run"])),
    // Prefix, suffix, wildcard.
    (Source::Raw, r#"{"region":[{"prefix":"eu-west"}]}"#, Ok(&["eu-west"])),
    (Source::Raw, r#"{"file":[{"suffix":"/photo.png"}]}"#, Ok(&["photo.png"])),
    (Source::Raw, r#"{"file":[{"prefix":"log\""}]}"#, Ok(&["log"])),
    (Source::Raw, r#"{"file":[{"prefix":""}]}"#, Err("without 2 bytes")),
    (Source::Raw, r#"{"file":[{"wildcard":"a*/long-piece-*.txt"}]}"#, Ok(&["long-piece-"])),
    (Source::Raw, r#"{"file":[{"wildcard":"*"}]}"#, Err("without 2 bytes")),
    (Source::Raw, r#"{"file":[{"wildcard":"a*b*c"}]}"#, Err("without 2 bytes")),
    // Letters in any case.
    (Source::Raw, r#"{"id":[{"equals-ignore-case":"ord-2024-77"}]}"#, Ok(&["-2024-77"])),
    (Source::Raw, r#"{"id":[{"prefix":{"equals-ignore-case":"a-12b-345"}}]}"#, Ok(&["-345"])),
    (Source::Raw, r#"{"id":[{"equals-ignore-case":"running"}]}"#, Err("have no case")),
    (Source::Raw, r#"{"id":[{"equals-ignore-case":"a-1b"}]}"#, Err("have no case")),
    // What has no text.
    (Source::Raw, r#"{"n":[7]}"#, Err("a number")),
    (Source::Raw, r#"{"n":[{"numeric":[">",0,"<",5]}]}"#, Err("a number")),
    (Source::Raw, r#"{"n":[1e400]}"#, Err("a number")),
    (Source::Raw, r#"{"on":[true]}"#, Err("`true`")),
    (Source::Raw, r#"{"on":[null,"running"]}"#, Err("`null`")),
    (Source::Raw, r#"{"ip":[{"cidr":"10.0.0.0/8"}]}"#, Err("an address")),
    (Source::Raw, r#"{"ip":["10.0.0.1"]}"#, Err("an address")),
    (Source::Raw, r#"{"state":[{"anything-but":"running"}]}"#, Err("a value of many")),
    (Source::Raw, r#"{"state":[{"exists":true}]}"#, Err("a value of many")),
    (Source::Raw, r#"{"state":[{"exists":false}]}"#, Err("without any value")),
    (Source::Raw, r#"{"state":["running",{"anything-but":"x"}]}"#, Err("a value of many")),
    (
        Source::Raw,
        r#"{"p":[{"prefix":"aa"},{"prefix":"bb"},{"prefix":"cc"},{"suffix":"dd"},{"suffix":"ee"},{"wildcard":"f*g"}]}"#,
        Err("an automaton"),
    ),
    // One field is enough, and the rarest is taken.
    (Source::Raw, r#"{"n":[7],"state":["running"],"gone":[{"exists":false}]}"#, Ok(&["running"])),
    (Source::Raw, r#"{"source":["aws.ec2"],"detail":{"state":["stopping"]}}"#, Ok(&["stopping"])),
    (Source::Raw, r#"{"a":["no"],"b":["long-and-rare"]}"#, Ok(&["long-and-rare"])),
    // Fields that must hold together, in scopes.
    (Source::Raw, r#"{"items":{"sku":["SKU-77"],"size":{"w":[1],"h":[2]}}}"#, Ok(&["SKU-77"])),
    (Source::Raw, r#"{"items":{"size":{"w":[1],"h":[2]}}}"#, Err("a number")),
    // A text beside fields below it.
    (Source::Raw, r#"{"a":["first"],"a.b":["second-text"],"a.c":[3]}"#, Ok(&["second-text"])),
    // Alternatives: each needs one, unless something else must hold anyway.
    (Source::Raw, r#"{"$or":[{"a":["first"]},{"b":["second"]}]}"#, Ok(&["first", "second"])),
    (Source::Raw, r#"{"$or":[{"a":["first"]},{"b":[2]}]}"#, Err("a number")),
    (Source::Raw, r#"{"$or":[{"a":["first"]},{"b":[2]}],"c":["third"]}"#, Ok(&["third"])),
    (Source::Raw, r#"{"$or":[{"a":["first"]},{"b":[{"exists":false}]}]}"#, Err("without any value")),
    (Source::Raw, r#"{"d":{"$or":[{"e":["fifth"]},{"f":["sixth"],"g":[{"exists":false}]}]}}"#, Ok(&["fifth", "sixth"])),
    (Source::Raw, r#"{"l":{"a":["within"],"b":[{"exists":false}]}}"#, Ok(&["within"])),
    // Several filters: all of them need one.
    (Source::Raw, "{\"a\":[\"first\"]}\n{\"b\":[\"second\"]}", Ok(&["first", "second"])),
    (Source::Raw, "{\"a\":[\"first\"]}\n{\"b\":[2]}\n{\"c\":[null]}", Err("filter 1 can match by a number")),
    (Source::Raw, "", Err("every valid record passes")),
    // The body of a message is a string in the record.
    (Source::Sqs, r#"{"body":{"state":["running"]}}"#, Ok(&["running"])),
    (Source::Sqs, r#"{"body":["hello there"]}"#, Ok(&["hello there"])),
    (Source::Sqs, "{\"body\":[\"hello\"]}\n{\"body\":{\"a\":[1]}}", Err("filter 1 can match by a number")),
    (Source::DynamoDb, r#"{"eventName":["INSERT"],"dynamodb":{"NewImage":{"s":{"S":["paid-up"]}}}}"#, Ok(&["paid-up"])),
    // Base64 hides the payload.
    (Source::Kinesis, r#"{"data":{"state":["running"]}}"#, Err("base64")),
    (Source::Kinesis, r#"{"partitionKey":["part-7"],"data":{"state":["running"]}}"#, Ok(&["part-7"])),
    (Source::Kafka, r#"{"topic":["rides"],"value":{"kind":["start"]}}"#, Ok(&["rides"])),
    (Source::Kafka, r#"{"key":["the-key"]}"#, Err("base64")),
    (Source::ActiveMq, r#"{"data":["hello"]}"#, Err("base64")),
];

/// The same once the payload is decoded, for sources that hide it.
const DECODED: &[(Source, &str, Expected)] = &[
    (Source::Kinesis, r#"{"data":{"state":["running"]}}"#, Ok(&["running"])),
    (Source::Kinesis, r#"{"partitionKey":["7"],"data":{"state":["running"]}}"#, Ok(&["running"])),
    (Source::Kinesis, r#"{"partitionKey":["partition-of-note"],"data":{"n":[1]}}"#, Ok(&["partition-of-note"])),
    (Source::Kafka, r#"{"key":["the-key"]}"#, Ok(&["the-key"])),
    // The clause does not count where the value is no JSON, and then anything passes.
    (Source::Kafka, r#"{"value":{"kind":["start"]}}"#, Err("without any value")),
    (Source::RabbitMq, r#"{"basicProperties":{"type":["order"]},"data":{"n":[1]}}"#, Ok(&["order"])),
];

fn sieve<'t>(source: Source, patterns: impl IntoIterator<Item = &'t str>) -> Option<Sieve<'static>> {
    let builder = Sieve::builder(source).dialect(Dialect::EventBridge).limits(Limits::none());
    builder.compile(&FilterCriteria::from_patterns(patterns)).ok()
}

fn literals(sieve: &Sieve<'_>) -> Literals {
    Literals::of(&sieve.program().view(), coded_keys(sieve.source()))
}

fn agree(source: Source, patterns: &str, expected: &Expected, found: Result<&[Vec<u8>], String>) {
    match (expected, found) {
        (Ok(expected), Ok(found)) => {
            let found: Vec<&str> = found.iter().map(|text| str::from_utf8(text).expect("a text")).collect();
            assert_eq!(found, *expected, "{source} {patterns}");
        }
        (Err(words), Err(reason)) => assert!(reason.contains(words), "{source} {patterns}: {reason}"),
        (_, found) => panic!("{source} {patterns}: {found:?}"),
    }
}

#[test]
fn each_kind_of_pattern_has_the_literals_it_should() {
    for (source, patterns, expected) in PATTERNS {
        let sieve = sieve(*source, patterns.lines()).unwrap_or_else(|| panic!("{patterns} compiles"));
        agree(*source, patterns, expected, literals(&sieve).record().map_err(ToString::to_string));
    }
    for (source, patterns, expected) in DECODED {
        let sieve = sieve(*source, patterns.lines()).unwrap_or_else(|| panic!("{patterns} compiles"));
        agree(*source, patterns, expected, literals(&sieve).decoded().map_err(ToString::to_string));
    }
}

#[test]
fn many_texts_are_too_many() {
    let list = |len: usize| {
        let texts: Vec<String> = (0..len).map(|number| format!("\"order-{number:03}\"")).collect();
        format!("{{\"id\":[{}]}}", texts.join(","))
    };
    let found = |pattern: &str| literals(&sieve(Source::Raw, [pattern]).expect("it compiles"));
    assert_eq!(found(&list(64)).record().map(<[_]>::len), Ok(64));
    assert!(found(&list(65)).record().is_err_and(|none| none.to_string().contains("more than 64")));
    let filters: Vec<String> = (0..65).map(|number| format!("{{\"f{number}\":[\"order-{number:03}\"]}}")).collect();
    let found = literals(&sieve(Source::Raw, filters.iter().map(String::as_str)).expect("it compiles"));
    assert!(found.record().is_err_and(|none| none.filter().is_none() && none.to_string().contains("more than 64")));
}

#[test]
fn a_filter_that_cannot_match_needs_nothing() {
    let pattern = r#"{"body":["plain"],"$or":[{"body.a":[1]},{"body.b":[2]}]}"#;
    let sieve = sieve(Source::Sqs, [pattern]).expect("it compiles");
    assert_eq!(literals(&sieve).record(), Ok([].as_slice()));
    assert!(sieve.program().disasm().contains("prefilter  no record can match"));
}

/// Which members are coded is known to the facade as well: a filter on such a member, and on no other, reads base64.
#[test]
fn coded_keys_are_those_that_the_engine_decodes() {
    for &source in Source::ALL {
        for key in ["body", "data", "value", "key", "dynamodb", "topic", "partitionKey"] {
            let pattern = format!(r#"{{"{key}":{{"a":["text"]}}}}"#);
            let Some(sieve) = sieve(source, [pattern.as_str()]) else { continue };
            let of = |text: &str| {
                let record = format!(r#"{{"{key}":"{}"}}"#, base64(format!(r#"{{"a":"{text}"}}"#).as_bytes()));
                verdict(&sieve, record.as_bytes())
            };
            let decodes = of("text") == Verdict::Match && of("other") == Verdict::NoMatch;
            assert_eq!(decodes, coded_keys(source).contains(&key), "{source} {key}");
        }
    }
}

fn verdict(sieve: &Sieve<'_>, record: &[u8]) -> Verdict {
    let mut scratch = sieve.scratch();
    sieve.evaluate(&mut scratch, &Batch::from_slices(&[record])).expect("its scratch")[0]
}

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// How strings of a record are written anew.
#[derive(Clone, Copy)]
enum Spelling {
    /// With the escapes that are not `\u`.
    Short,
    /// With `\u` for one character in so many.
    Units(u64),
}

/// Writes the strings of a JSON text anew. What is escaped already stays as it is.
fn respell(json: &str, spelling: Spelling, seed: u64) -> String {
    let mut state = seed;
    let mut one_in = |many: u64| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 33).is_multiple_of(many)
    };
    let mut out = String::with_capacity(json.len() * 2);
    let (mut inside, mut chars) = (false, json.chars());
    while let Some(char) = chars.next() {
        match (char, spelling) {
            ('"', _) => {
                inside = !inside;
                out.push(char);
            }
            ('\\', _) => {
                out.push(char);
                out.extend(chars.next());
            }
            ('/', Spelling::Short) if inside => out.push_str(r"\/"),
            (_, Spelling::Units(many)) if inside && one_in(many) => {
                char.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            _ => out.push(char),
        }
    }
    out
}

/// A text as a JSON string, with short escapes only.
fn quoted(text: &str, slashes: bool) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '/' if slashes => out.push_str(r"\/"),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\t' => out.push_str(r"\t"),
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}

/// What was met on the way.
#[derive(Debug, Default)]
struct Tally {
    sieves: u32,
    matches: u32,
    dropped: u32,
}

impl Tally {
    /// The record must pass the prefilter if it matches; `decoded` is what its coded member holds.
    fn hold(&mut self, sieve: &Sieve<'_>, prefilter: &Prefilter, record: &[u8], decoded: Option<&[u8]>) {
        let mut passes = None;
        for isa in Isa::available() {
            let found = [Some(record), decoded].into_iter().flatten().any(|text| prefilter.may_match(isa, text));
            assert_eq!(*passes.get_or_insert(found), found, "{isa:?} {}", record.escape_ascii());
        }
        let read = sieve.clone().with_prefilter(false).with_checks(Checks::Every);
        let matches = verdict(&read, record) == Verdict::Match;
        assert_eq!(verdict(sieve, record) == Verdict::Match, matches, "{}", record.escape_ascii());
        self.matches += u32::from(matches);
        self.dropped += u32::from(passes == Some(false));
        assert!(
            !matches || passes == Some(true),
            "{}\nmatches but does not pass the prefilter of\n{}",
            record.escape_ascii(),
            sieve.program().disasm()
        );
    }
}

fn prefilter(literals: Result<&[Vec<u8>], impl Sized>) -> Option<Prefilter> {
    Prefilter::new(literals.ok()?)
}

#[test]
fn no_match_is_lost() {
    let mut raw = Tally::default();
    let mut body = Tally::default();
    let mut data = Tally::default();
    for seed in 0..SEEDS {
        let (pattern, record) = random_pair(0x11fe_0000_0000 + seed);
        let text = str::from_utf8(&record).ok();
        let spellings: Vec<String> = text.map_or_else(Vec::new, |text| {
            [Spelling::Short, Spelling::Units(3), Spelling::Units(40)]
                .map(|spelling| respell(text, spelling, seed))
                .into()
        });
        if let Some(sieve) = sieve(Source::Raw, [pattern.as_str()])
            && let Some(prefilter) = prefilter(literals(&sieve).record())
        {
            raw.sieves += 1;
            raw.hold(&sieve, &prefilter, &record, None);
            spellings.iter().for_each(|record| raw.hold(&sieve, &prefilter, record.as_bytes(), None));
        }
        let Some(text) = text else { continue };
        let texts = || std::iter::once(text).chain(spellings.iter().map(String::as_str));
        if let Some(sieve) = sieve(Source::Sqs, [format!("{{\"body\":{pattern}}}").as_str()])
            && let Some(prefilter) = prefilter(literals(&sieve).record())
        {
            body.sieves += 1;
            for text in texts() {
                for slashes in [false, true] {
                    let record = format!("{{\"body\":{}}}", quoted(text, slashes));
                    body.hold(&sieve, &prefilter, record.as_bytes(), None);
                }
                let record = format!("{{\"body\":{}}}", respell(&quoted(text, true), Spelling::Units(30), seed));
                body.hold(&sieve, &prefilter, record.as_bytes(), None);
            }
        }
        if let Some(sieve) = sieve(Source::Kinesis, [format!("{{\"data\":{pattern}}}").as_str()])
            && let Some(prefilter) = prefilter(literals(&sieve).decoded())
        {
            data.sieves += 1;
            for text in texts() {
                let record = format!("{{\"kinesis\":{{\"data\":\"{}\"}}}}", base64(text.as_bytes()));
                data.hold(&sieve, &prefilter, record.as_bytes(), Some(text.as_bytes()));
                // The payload as it is, and by a key with a dot: legal, if odd.
                data.hold(&sieve, &prefilter, format!("{{\"data\":{text}}}").as_bytes(), None);
                let record =
                    format!("{{\"data\":\"{}\",\"data.{}", base64(b"{}"), text.trim_start_matches(['{', '"', ' ']));
                data.hold(&sieve, &prefilter, record.as_bytes(), Some(b"{}"));
            }
        }
    }
    println!("raw {raw:?}\nbody {body:?}\ndata {data:?}");
    for tally in [raw, body, data] {
        assert!(tally.sieves > 500 && tally.matches > 500 && tally.dropped > 500, "{tally:?}");
    }
}

/// Characters that JSON can write in more than one way, in the middle of a text, in every way.
#[test]
fn no_spelling_of_a_character_hides_a_match() {
    let spellings: &[(&str, &[&str])] = &[
        (r"/", &["/", r"\/", r"\u002f", r"\u002F"]),
        (r#"\""#, &[r#"\""#, r"\u0022"]),
        (r"\\", &[r"\\", r"\u005c"]),
        (r"\n", &[r"\n", r"\u000a"]),
        (r"\b", &[r"\b", r"\u0008"]),
        (r"\u0001", &[r"\u0001"]),
        ("\u{7f}", &["\u{7f}", r"\u007f"]),
        ("é", &["é", r"\u00e9"]),
        ("😀", &["😀", r"\ud83d\ude00"]),
        (r"\ud83d", &[r"\ud83d", r"\uD83D"]),
        ("-42-", &["-42-", r"-4\u0032-", r"\u002d42-"]),
    ];
    let tests: &[(&str, &str)] = &[
        (r#""front{}behind""#, "front{}behind"),
        (r#"{"prefix":"front{}behind"}"#, "front{}behind, and more"),
        (r#"{"suffix":"front{}behind"}"#, "more before the front{}behind"),
        (r#"{"wildcard":"*front{}behind*"}"#, "more before the front{}behind, and behind"),
        (r#"{"equals-ignore-case":"-12{}34-"}"#, "-12{}34-"),
        (r#""first","second","third","fourth","front{}behind""#, "front{}behind"),
    ];
    let mut tally = Tally::default();
    let mut left_out = 0;
    for (pattern_spelling, record_spellings) in spellings {
        for (test, value) in tests {
            // A wildcard has escapes of its own; and beyond the basic plane no letter equals itself where case is ignored.
            if (test.contains("wildcard") && pattern_spelling.starts_with(r"\\"))
                || (test.contains("ignore") && *pattern_spelling == "😀")
            {
                left_out += 1;
                continue;
            }
            let tests = test.replace("{}", pattern_spelling);
            for spelling in *record_spellings {
                let json = format!(r#"{{"a":"{}"}}"#, value.replace("{}", spelling));
                let raw = sieve(Source::Raw, [format!(r#"{{"a":[{tests}]}}"#).as_str()]).expect("it compiles");
                let sqs =
                    sieve(Source::Sqs, [format!(r#"{{"body":{{"a":[{tests}]}}}}"#).as_str()]).expect("it compiles");
                let matches = tally.matches;
                tally.hold(&raw, &prefilter(literals(&raw).record()).expect("it has one"), json.as_bytes(), None);
                let sqs_prefilter = prefilter(literals(&sqs).record()).expect("it has one");
                for slashes in [false, true] {
                    let record = format!(r#"{{"body":{}}}"#, quoted(&json, slashes));
                    tally.hold(&sqs, &sqs_prefilter, record.as_bytes(), None);
                }
                // Byte-wise tests read half of a pair as `?`, and `?` is what their pattern has then; so all match.
                assert_eq!(tally.matches, matches + 3, "{tests} {json}");
            }
        }
    }
    assert!(tally.dropped == 0 && left_out <= 3, "{tally:?}");
}

#[test]
fn no_match_of_many_filters_is_lost() {
    let mut tally = Tally::default();
    for block in 0..SEEDS / 12 {
        let pairs: Vec<(String, Vec<u8>)> = (0..3).map(|at| random_pair(0x22fe_0000_0000 + block * 3 + at)).collect();
        let patterns = pairs.iter().map(|(pattern, _)| pattern.as_str());
        let patterns = patterns
            .filter(|pattern| sieve(Source::Raw, [*pattern]).is_some_and(|one| literals(&one).record().is_ok()));
        let Some(sieve) = sieve(Source::Raw, patterns) else { continue };
        let Some(prefilter) = prefilter(literals(&sieve).record()) else { continue };
        tally.sieves += 1;
        pairs.iter().for_each(|(_, record)| tally.hold(&sieve, &prefilter, record, None));
        // The same in one buffer.
        let mut buffer = Vec::new();
        let mut offsets = vec![0];
        for (_, record) in &pairs {
            buffer.extend_from_slice(record);
            offsets.push(buffer.len());
        }
        for isa in Isa::available() {
            let mut marked = [false; 3];
            let range = |record: usize| offsets[record]..offsets[record + 1];
            prefilter.candidates(isa, &buffer, 3, range, &mut Adaptive::default(), |record| marked[record] = true);
            let alone: Vec<bool> = pairs.iter().map(|(_, record)| prefilter.may_match(isa, record)).collect();
            assert_eq!(marked.as_slice(), alone);
        }
    }
    assert!(tally.sieves > 50 && tally.matches > 20 && tally.dropped > 20, "{tally:?}");
}
