//! Records and criteria made to hurt: they are judged, in time and memory that the machine has, and hurt nobody else.
//!
//! Nothing here asserts on time. A blow-up shows as a test that does not end.

use eventsieve::Verdict::{Malformed, Match, NoMatch};
use eventsieve::{
    Batch, Checks, EvaluateError, FilterCriteria, FrontEnd, Limits, Reason, RecordLimits, Sieve, Source, Tape, Verdict,
};

fn sieve<'t>(patterns: impl IntoIterator<Item = &'t str>) -> Sieve<'static> {
    let criteria = FilterCriteria::from_patterns(patterns);
    let compiled = Sieve::builder(Source::Raw).checks(Checks::Every).limits(Limits::none()).compile(&criteria);
    compiled.unwrap_or_else(|errors| panic!("{}", errors.render(None)))
}

/// What both front ends say, one record at a time and all together.
fn verdicts<R: AsRef<[u8]>>(sieve: &Sieve<'_>, records: &[R]) -> Vec<Verdict> {
    let slices: Vec<&[u8]> = records.iter().map(AsRef::as_ref).collect();
    let mut found = Vec::new();
    for front_end in [FrontEnd::Index, FrontEnd::Tape, FrontEnd::Text] {
        let sieve = sieve.clone().with_front_end(front_end).with_checks(Checks::Every);
        let mut scratch = sieve.scratch();
        found.push(sieve.evaluate(&mut scratch, &Batch::from_slices(&slices)).unwrap().to_vec());
        found.push(
            slices
                .chunks(1)
                .flat_map(|slice| sieve.evaluate(&mut scratch, &Batch::from_slices(slice)).unwrap().to_vec())
                .collect(),
        );
    }
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "ways to ask differ: {found:?}");
    found.swap_remove(0)
}

/// Runs on a thread with the stack a worker of a poller may have.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_thousand_levels_are_valid_and_one_more_is_not() {
    on_a_small_stack(|| {
        let sieve = sieve([r#"{"a":["x"]}"#]);
        // The root is one level.
        let arrays = |levels: usize| {
            let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
            format!(r#"{{"a":{open}"x"{close}}}"#)
        };
        let objects = |levels: usize| {
            let (open, close) = (r#"{"b":"#.repeat(levels - 1), "}".repeat(levels - 1));
            format!(r#"{{"a":"x","b":{open}1{close}}}"#)
        };
        assert_eq!(verdicts(&sieve, &[arrays(1000), arrays(1001), arrays(2)]), [Match, Malformed, Match]);
        assert_eq!(verdicts(&sieve, &[objects(1000), objects(1001), objects(2)]), [Match, Malformed, Match]);
        assert_eq!(sieve.check(arrays(1001).as_bytes()).unwrap_err().reason(), Reason::TooDeep { limit: 1000 });
    });
}

#[test]
fn brackets_alone_are_malformed_at_any_length() {
    on_a_small_stack(|| {
        let sieve = sieve([r#"{"a":["x"],"b":{"c":[1],"d":[2]}}"#, r#"{"a":[{"exists":false}]}"#]);
        for bytes in [20_000, 20_000_000] {
            let records =
                ["[".repeat(bytes), "{".repeat(bytes), r#"{"b":"#.repeat(bytes / 5), r#"{"b":["#.repeat(bytes / 6)];
            assert_eq!(verdicts(&sieve, &records), [Malformed; 4]);
        }
    });
}

/// Combinations of values are what the reference tries; here they are 64 million and 64 thousand million.
#[test]
fn long_arrays_do_not_multiply() {
    let flat = sieve([r#"{"a":[{"prefix":"a"}],"b":[{"prefix":"b"}],"c":[{"prefix":"c"}],"d":["never"]}"#]);
    let scoped = sieve([r#"{"r":{"a":[{"prefix":"a"}],"b":[{"prefix":"b"}],"c":[{"prefix":"c"}],"d":["never"]}}"#]);
    for len in [400, 4_000] {
        let array = |key: &str| {
            let elements: Vec<String> = (0..len).map(|at| format!("\"{key}{at}\"")).collect();
            format!("\"{key}\":[{}]", elements.join(","))
        };
        let arrays = ["a", "b", "c"].map(array).join(",");
        let record = format!("{{{arrays},\"d\":\"ever\"}}");
        assert_eq!(verdicts(&flat, &[&record, &record.replace("ever", "never")]), [NoMatch, Match]);
        // The same inside one object, inside arrays of arrays, and with every key repeated.
        let inner = record.clone();
        let nested = format!("{{\"r\":[[{inner}],[[{inner},{{}}]]]}}");
        let repeated = format!("{{\"r\":{{{arrays},{arrays},\"d\":[\"ever\",\"e\"]}},\"r\":{inner}}}");
        assert_eq!(verdicts(&scoped, &[&nested, &repeated]), [NoMatch; 2]);
        assert_eq!(verdicts(&scoped, &[nested.replace("ever", "never")]), [Match]);
    }
}

#[test]
fn forty_thousand_elements_are_told_apart() {
    let sieve = sieve([r#"{"l":{"a":["x"],"b":["y"],"c":[{"exists":false}]}}"#, r#"{"l":{"a":["x"]},"k":["z"]}"#]);
    let elements = |last: &str| {
        let mut elements: Vec<String> = (0..40_000)
            .map(|at| match at % 3 {
                0 => r#"{"a":"x","b":"-"}"#.to_owned(),
                1 => r#"{"a":"-","b":"y"}"#.to_owned(),
                _ => r#"{"a":"x","b":["-",{"a":1}]}"#.to_owned(),
            })
            .collect();
        elements.push(last.to_owned());
        format!("{{\"l\":[{}]}}", elements.join(","))
    };
    let records =
        [elements(r#"{"b":"y","a":"x"}"#), elements(r#"{"b":"y","a":"-"}"#), elements(r#"{"b":"y"},{"a":"x"}"#)];
    assert_eq!(verdicts(&sieve, &records), [Match, NoMatch, NoMatch]);
}

/// Every level of the pattern is a scope, and every level of the record an array.
#[test]
fn scopes_inside_scopes_inside_scopes() {
    on_a_small_stack(|| {
        let levels = 127;
        let pattern = |value: &str| {
            let open: String = (0..levels).map(|at| format!(r#"{{"k":[{at}],"l":"#)).collect();
            format!("{open}{{\"k\":[{value}]}}{}", "}".repeat(levels))
        };
        let sieve = sieve([pattern("1000").as_str(), pattern("{\"exists\":false}").as_str()]);
        let record = |value: &str, extra: &str| {
            let open: String = (0..levels).map(|at| format!(r#"{extra}{{"k":{at},"l":["#)).collect();
            format!("{open}{{\"k\":{value}}}{}", "]}".repeat(levels))
        };
        // With an array more around each element the record comes close to the greatest depth.
        let wide = record("1000", "").replacen(r#""l":["#, r#""l":[{"k":0},{"l":[{"k":1}]},"#, 60);
        let records = [record("1000", ""), record("1001", ""), wide, record("{\"q\":[]}", "")];
        assert_eq!(verdicts(&sieve, &records), [Match, NoMatch, Match, Match]);
    });
}

#[test]
fn numbers_and_keys_have_limits() {
    let sieve = sieve([r#"{"a":["x"]}"#]);
    let number = |digits: usize| format!(r#"{{"a":"x","n":{}}}"#, "7".repeat(digits));
    let fraction = |digits: usize| format!(r#"{{"a":"x","n":[-0.{}]}}"#, "7".repeat(digits - 1));
    let key = |key: &str, len: usize| format!(r#"{{"a":"x","{}":1}}"#, key.repeat(len));
    let records = [
        number(1000),
        number(1001),
        fraction(1000),
        fraction(1001),
        key("k", 50_000),
        key("k", 50_001),
        // Counted in UTF-16 units, escapes resolved.
        key("é", 50_000),
        key("\\u00e9", 50_001),
        key("😀", 25_000),
        key("\\ud83d\\ude00", 25_001),
    ];
    let expected = [Match, Malformed].repeat(5);
    assert_eq!(verdicts(&sieve, &records), expected);
    // Other limits can be asked for.
    let narrow = RecordLimits { depth: 2, number_digits: 3, key_chars: 4, ..RecordLimits::default() };
    let sieve = sieve.with_record_limits(narrow);
    let records = [
        r#"{"a":["x"]}"#,
        r#"{"a":[["x"]]}"#,
        r#"{"a":"x","b":123}"#,
        r#"{"a":"x","b":1.234}"#,
        r#"{"a":"x","abcde":1}"#,
    ];
    assert_eq!(verdicts(&sieve, &records), [Match, Malformed, Match, Malformed, Malformed]);

    // White space counts: the record is what was handed over.
    let short = RecordLimits { record_bytes: 9, ..RecordLimits::default() };
    let sieve = sieve.with_record_limits(short);
    let records = [r#"{"a":"x"}"#, r#" {"a":"x"}"#, r#"{"a":"y"}"#, r#"{"a":"x"} "#];
    assert_eq!(verdicts(&sieve, &records), [Match, Malformed, NoMatch, Malformed]);
}

#[test]
fn a_good_record_after_a_bad_one_is_unaffected() {
    let sieve = sieve([
        r#"{"l":{"a":["x"],"b":["y"]},"n":[1]}"#,
        r#"{"l":{"a":["x"],"b":[{"exists":false}]}}"#,
        r#"{"$or":[{"n":[2]},{"m":["é"]}],"l":{"c":[{"exists":false}]}}"#,
    ]);
    let good = [r#"{"l":[{"a":"x","b":"y"},{"b":"q"}],"n":1}"#, r#"{"l":[{"a":"x","b":"-"}]}"#, r#"{"m":"\u00e9"}"#];
    let good_verdicts = [Match, NoMatch, Match];
    assert_eq!(verdicts(&sieve, &good), good_verdicts);
    let bad: [&[u8]; 12] = [
        b"",
        b" ",
        b"null",
        br#"{"l":[{"a":"x","b":"y"#,
        br#"{"l":[{"a":"x","b":"y"}],"n":1"#,
        br#"{"l":[{"a":"x","b":"y"}],"n":1}}"#,
        b"{\"l\":[{\"a\":\"x\",\"b\":\"\xff\"}],\"n\":1}",
        br#"{"l":[{"a":"x","b":"y"},[[["#,
        br#"{"m":"\ud8"}"#,
        br#"{"n":01}"#,
        b"\xef\xbb\xbf{\"n\":1}",
        br#"{"n":1,"a":NaN}"#,
    ];
    for bad in bad {
        for good in good.iter().zip(good_verdicts) {
            let records = [bad, good.0.as_bytes(), bad, bad, good.0.as_bytes()];
            let expected = [Malformed, good.1, Malformed, Malformed, good.1];
            assert_eq!(verdicts(&sieve, &records), expected, "{}", bad.escape_ascii());
        }
    }
}

#[test]
fn misuse_is_reported() {
    let one = sieve([r#"{"a":["x"]}"#]);
    let other = sieve([r#"{"a":["y"]}"#]);
    let record = br#"{"a":"x"}"#.as_slice();
    let slices = [record];
    let batch = Batch::from_slices(&slices);
    let mut foreign = other.scratch();
    assert_eq!(one.evaluate(&mut foreign, &batch), Err(EvaluateError::ForeignScratch));
    assert_eq!(one.evaluate_sets(&mut foreign, &batch).unwrap_err(), EvaluateError::ForeignScratch);
    assert_eq!(one.evaluate_into(&mut foreign, &batch, &mut [NoMatch]), Err(EvaluateError::ForeignScratch));
    let mut own = one.scratch();
    let length = EvaluateError::OutputLength { expected: 1, found: 2 };
    assert_eq!(one.evaluate_into(&mut own, &batch, &mut [NoMatch; 2]), Err(length));
    // Neither spoils a scratch for its owner.
    assert_eq!(one.evaluate(&mut own, &batch).unwrap(), [Match]);
    assert_eq!(other.evaluate(&mut foreign, &batch).unwrap(), [NoMatch]);
    assert!(Batch::from_offsets(record, &[0, 5, 3]).is_none() && Batch::from_offsets(record, &[0, 10]).is_none());
}

#[test]
fn nothing_is_a_batch() {
    let sieve = sieve([r#"{"a":["x"]}"#]);
    let mut scratch = sieve.scratch();
    let offsets = Batch::from_offsets(b"", &[]).unwrap();
    for batch in [Batch::from_slices(&[]), Batch::from_lines(b""), Batch::from_lines(b"\n \r\n\t\n"), offsets] {
        assert!(batch.is_empty());
        assert!(sieve.evaluate(&mut scratch, &batch).unwrap().is_empty());
        assert!(sieve.evaluate_sets(&mut scratch, &batch).unwrap().verdicts().is_empty());
        assert_eq!(sieve.evaluate_into(&mut scratch, &batch, &mut []), Ok(()));
    }
    // A record without bytes is a record, and no JSON.
    assert_eq!(verdicts(&sieve, &[""]), [Malformed]);
    assert_eq!(sieve.check(b"").unwrap_err().reason(), Reason::Empty);
}

#[test]
fn criteria_without_filters_pass_what_is_valid() {
    for text in [r#"{"Filters":[]}"#, "{}", "[]", r#"{"Filters":null}"#] {
        let sieve = Sieve::builder(Source::Raw)
            .checks(Checks::Every)
            .compile(&FilterCriteria::from_json(text).unwrap())
            .unwrap();
        let records: [&[u8]; 8] = [
            b"{}",
            br#"{"a":[{}]}"#,
            b" {\"a\":1e999}\r\n",
            br#"{"a":"\ud800"}"#,
            b"{} {}",
            b"[]",
            b"{\"a\"}",
            b"\"x\"",
        ];
        let expected = [Match, Match, Match, Match, Malformed, Malformed, Malformed, Malformed];
        assert_eq!(verdicts(&sieve, &records), expected, "{text}");
        let mut scratch = sieve.scratch();
        let outcome = sieve.evaluate_sets(&mut scratch, &Batch::from_slices(&records)).unwrap();
        assert!((0..records.len()).all(|record| outcome.filters(record).is_empty()));
    }
}

#[test]
fn deep_patterns_cost_no_stack() {
    on_a_small_stack(|| {
        let pattern = |levels: usize| format!("{}[1]{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        // The list is a level too.
        let deep = sieve([pattern(999).as_str()]);
        let record = |value: &str, levels: usize| format!("{}{value}{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        let records =
            [record("1", 999), record("[1]", 999), record("1", 998), record("[[1]]", 999), record("1.0", 1000)];
        assert_eq!(verdicts(&deep, &records), [Match, Match, NoMatch, Malformed, NoMatch]);
        assert!(!deep.program().disasm().is_empty());
        let criteria = FilterCriteria::from_patterns([pattern(1000)]);
        let errors =
            Sieve::builder(Source::Raw).checks(Checks::Every).limits(Limits::none()).compile(&criteria).unwrap_err();
        assert_eq!(errors.first().kind(), eventsieve::ErrorKind::TooDeep);

        // `$or`s around a field, all the way down; and a thousand levels in one key.
        let ors =
            |levels: usize| format!("{}{{\"z\":[1]}}{}", r#"{"$or":[{"b":[2]},"#.repeat(levels), "]}".repeat(levels));
        assert_eq!(
            verdicts(&sieve([ors(499).as_str()]), &[r#"{"z":1}"#, r#"{"b":2}"#, r#"{"b":1}"#]),
            [Match, Match, NoMatch]
        );
        let fields = |levels: usize| {
            format!("{}{{\"z\":[1]}}{}", r#"{"a":{"$or":[{"b":[2],"c":[3]},"#.repeat(levels), "]}}".repeat(levels))
        };
        assert_eq!(
            verdicts(&sieve([fields(330).as_str()]), &[r#"{"a":{"c":3,"b":2}}"#, r#"{"a":[{"c":3},{"b":2}]}"#]),
            [Match, NoMatch]
        );
    });
}

/// A key of the greatest length can be 25,000 keys joined with dots.
#[test]
fn a_key_of_many_segments_costs_no_stack() {
    on_a_small_stack(|| {
        for segments in [2_000, 20_000, 24_999] {
            let key = "a.".repeat(segments) + "a";
            let criteria = FilterCriteria::from_patterns([
                format!("{{\"{key}\":[1]}}"),
                format!("{{\"{key}\":{{\"b\":[1],\"c\":[{{\"exists\":false}}]}}}}"),
            ]);
            let Ok(sieve) = Sieve::builder(Source::Raw).checks(Checks::Every).limits(Limits::none()).compile(&criteria)
            else {
                continue;
            };
            let records = [format!("{{\"{key}\":1}}"), format!("{{\"{key}\":{{\"b\":1}}}}"), "{\"a\":{}}".to_owned()];
            assert_eq!(verdicts(&sieve, &records), [Match, Match, NoMatch]);
            assert!(!sieve.program().disasm().is_empty());
        }
    });
}

/// What an empty key leads to is the pattern's own affair.
#[test]
fn an_empty_key_of_one_filter_is_nothing_to_another() {
    let (first, second) = (r#"{"k":{"":["x"]}}"#, r#"{".n":[1]}"#);
    let record = br#"{"k":{"":"x"}}"#.as_slice();
    let alone = verdicts(&sieve([first]), &[record]);
    let both = sieve([first, second]);
    let mut scratch = both.scratch();
    let outcome = both.evaluate_sets(&mut scratch, &Batch::from_slices(&[record])).unwrap();
    assert_eq!(outcome.filters(0).contains(0), alone == [Match]);
}

#[test]
fn three_hundred_alternatives() {
    let alternatives: Vec<String> = (0..300).map(|at| format!(r#"{{"k{at}":[{at}],"l{}":["x"]}}"#, at % 7)).collect();
    let alternatives = alternatives.join(",");
    let sieve = sieve([
        format!(r#"{{"$or":[{alternatives}],"s":["y"]}}"#).as_str(),
        format!(r#"{{"d":{{"$or":[{alternatives}],"s":["y"]}}}}"#).as_str(),
        format!(r#"{{"d":{{"$or":[{alternatives}],"k299":[299]}}}}"#).as_str(),
    ]);
    assert!(sieve.program().as_bytes().len() < 1 << 18, "{} bytes", sieve.program().as_bytes().len());
    let records = [
        r#"{"k299":299,"l5":"x","s":"y"}"#,
        r#"{"k299":299,"l4":"x","s":"y"}"#,
        r#"{"d":[{"k299":299},{"l5":"x","s":"y"}]}"#,
        r#"{"d":[{"k0":1},{"k6":6,"l6":"x","s":"y"}]}"#,
        r#"{"d":{"k299":299,"k3":3,"l3":["x"]}}"#,
    ];
    assert_eq!(verdicts(&sieve, &records), [Match, NoMatch, NoMatch, Match, Match]);
}

#[test]
fn ten_thousand_repeats_of_a_key() {
    let sieve = sieve([
        r#"{"a":["x"],"b":["y"]}"#,
        r#"{"l":{"a":["x"],"b":["y"],"c":["z"]}}"#,
        r#"{"l":{"a":["x"],"d":[{"exists":false}],"e":["z"]}}"#,
    ]);
    let object = |members: &[&str]| format!("{{{}}}", members.join(","));
    let repeat = |member: &str| vec![member.to_owned(); 10_000].join(",");
    let records = [
        object(&[&repeat(r#""a":"x""#), r#""b":"y""#]),
        object(&[&repeat(r#""a":"x""#), &repeat(r#""b":"z""#)]),
        // One object in many pieces: its fields go together.
        object(&[&repeat(r#""l":{"a":"x"}"#), &repeat(r#""l":{"b":"y"}"#), r#""l.c":"z""#]),
        // Ten thousand times ten thousand combinations, none of which will do.
        object(&[&repeat(r#""l":{"a":"x"}"#), &repeat(r#""l.b":"y""#), r#""l":{"c":"-"}"#]),
        object(&[&repeat(r#""l":[{"a":"x"}]"#), &repeat(r#""l":[{"b":"y"}]"#), r#""l":{"c":"-"}"#]),
        object(&[&repeat(r#""a":"w""#), r#""a":"x""#, &repeat(r#""b":["w","y"]"#)]),
    ];
    assert_eq!(verdicts(&sieve, &records), [Match, NoMatch, Match, NoMatch, NoMatch, Match]);
}

#[test]
fn tapes_that_nobody_parsed_are_judged_all_the_same() {
    use simd_json::{Node, StaticNode};
    let sieve = sieve([r#"{"a":["x"],"b":[{"exists":false}]}"#]);
    let string = Node::String;
    let object = |len, count| Node::Object { len, count };
    let tapes = [
        vec![],
        vec![string("a")],
        vec![object(1, 2), string("a"), string("x")],
        // Counts that lead out of the tape, and members without values.
        vec![object(1, usize::MAX), string("a"), string("x")],
        vec![object(9, 9), string("a")],
        vec![object(1, 2), string("a"), Node::Array { len: 3, count: usize::MAX }],
        // A key that is no string.
        vec![object(1, 2), Node::Static(StaticNode::Null), string("x")],
    ]
    .map(Tape);
    let mut scratch = sieve.scratch();
    let found = sieve.evaluate(&mut scratch, &Batch::from_tapes(&tapes)).unwrap();
    assert_eq!(found, [Malformed, Malformed, Match, Malformed, Malformed, Malformed, Malformed]);

    let deep = |levels: usize| {
        let arrays = (0..levels - 1).rev().map(|below| Node::Array { len: 1, count: below + 1 });
        let nodes = [object(2, levels + 3), string("a"), string("x"), string("deep")];
        Tape(nodes.into_iter().chain(arrays).chain([string("y")]).collect())
    };
    let tapes = [deep(1000), deep(1001)];
    assert_eq!(sieve.evaluate(&mut scratch, &Batch::from_tapes(&tapes)).unwrap(), [Match, Malformed]);
}

#[test]
fn keys_of_tapes_have_the_limit_of_keys_of_texts() {
    let limits = RecordLimits { key_chars: 4, ..RecordLimits::default() };
    let sieve = sieve([r#"{"a":["x"]}"#]).with_record_limits(limits);
    // Longer in bytes than the limit, and not in UTF-16 units; values have no such limit.
    let mut texts =
        ["abcd", "abcde", "éééé", "ééééé", "😀😀", "😀😀a"].map(|key| format!(r#"{{"a":"x","{key}":"long enough"}}"#));
    let expected = [Match, Malformed, Match, Malformed, Match, Malformed];
    assert_eq!(verdicts(&sieve, &texts), expected);
    let mut bytes = texts.each_mut().map(|text| std::mem::take(text).into_bytes());
    let tapes = bytes.each_mut().map(|text| simd_json::to_tape(text).unwrap());
    assert_eq!(sieve.evaluate(&mut sieve.scratch(), &Batch::from_tapes(&tapes)).unwrap(), expected);
}

#[test]
fn a_tape_knows_doubles_where_the_text_had_digits() {
    let sieve = sieve([r#"{"n":[0.3]}"#, r#"{"n":[{"numeric":[">",1e20]}]}"#]);
    let mut texts =
        ["0.3", "3.00e-1", "0.30000000000000001", "1.5e21", "-0.0"].map(|n| format!(r#"{{"n":{n}}}"#).into_bytes());
    let expected = verdicts(&sieve, &texts);
    assert_eq!(expected, [Match, Match, NoMatch, Match, NoMatch]);
    let tapes = texts.each_mut().map(|text| simd_json::to_tape(text).unwrap());
    let found = sieve.evaluate_sets(&mut sieve.scratch(), &Batch::from_tapes(&tapes)).unwrap().verdicts().to_vec();
    // The third is the same double as the first, and only the text knows that it was written otherwise.
    assert_eq!(found, [Match, Match, Match, Match, NoMatch]);
}

#[test]
fn a_set_of_filters_can_be_asked() {
    let sieve = sieve([r#"{"a":["x"]}"#, r#"{"a":["y"]}"#, r#"{"b":["z"]}"#]);
    let records: [&[u8]; 2] = [br#"{"a":"x","b":"z"}"#, b"{}"];
    let mut scratch = sieve.scratch();
    let outcome = sieve.evaluate_sets(&mut scratch, &Batch::from_slices(&records)).unwrap();
    let (both, none) = (outcome.filters(0), outcome.filters(1));
    assert_eq!((both.len(), both.is_empty(), none.len(), none.is_empty()), (2, false, 0, true));
    assert_eq!([0, 1, 2, 3].map(|filter| both.contains(filter)), [true, false, true, false]);
    assert!(!none.contains(0));
    let short = EvaluateError::OutputLength { expected: 3, found: 2 };
    assert_eq!(short.to_string(), "the batch has 3 records but the slice for verdicts has length 2");
}

#[test]
fn the_deepest_pattern_compiles_on_a_small_stack() {
    let nested =
        |levels: usize| format!("{}[{{\"prefix\":\"x\"}}]{}", r#"{"a":"#.repeat(levels - 2), "}".repeat(levels - 2));
    let ors = |levels: usize| {
        let (open, close) = (r#"{"$or":[{"b":[1]},"#.repeat(levels / 2), "]}".repeat(levels / 2));
        format!(r#"{open}{{"c":["x"]}}{close}"#)
    };
    // A thread of a server may have no more.
    let small = std::thread::Builder::new().stack_size(96 << 10);
    let run = move || {
        for pattern in [nested(1000), nested(50), ors(900), ors(60)] {
            let criteria = FilterCriteria::from_patterns([pattern.as_str()]);
            let sieve = Sieve::builder(Source::Raw).limits(Limits::none()).compile(&criteria);
            let sieve = sieve.unwrap_or_else(|errors| panic!("{}", errors.render(None)));
            let mut scratch = sieve.scratch();
            assert_eq!(sieve.evaluate(&mut scratch, &Batch::from_slices(&[b"{}".as_slice()])).unwrap(), [NoMatch]);
            assert!(!sieve.program().disasm().is_empty());
        }
    };
    small.spawn(run).unwrap().join().unwrap();
}
