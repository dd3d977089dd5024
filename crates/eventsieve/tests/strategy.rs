//! Which instructions patterns compile to, so that a fast path cannot be lost silently; and how large programs are.

use eventsieve::{Batch, Dialect, FilterCriteria, Limits, Program, Sieve, Source, Verdict};
use eventsieve_program::inst::Op;

fn sieve<'t>(patterns: impl IntoIterator<Item = &'t str>) -> Sieve<'static> {
    let criteria = FilterCriteria::from_patterns(patterns);
    let builder = Sieve::builder(Source::Raw).dialect(Dialect::EventBridge).limits(Limits::none());
    builder.compile(&criteria).unwrap_or_else(|errors| panic!("{}", errors.render(None)))
}

fn count(program: &Program<'_>, op: Op) -> usize {
    let view = program.view();
    (0..view.inst_len()).filter(|&pc| view.inst(pc).op == op).count()
}

#[test]
fn five_exact_strings_are_one_lookup() {
    let four = sieve([r#"{"a":["1","2"]}"#, r#"{"a":["3","4","1"]}"#]);
    assert_eq!((count(four.program(), Op::Exact), count(four.program(), Op::Lookup)), (5, 0));
    let five = sieve([r#"{"a":["1","2"]}"#, r#"{"a":["3","4","5"]}"#]);
    assert_eq!((count(five.program(), Op::Exact), count(five.program(), Op::Lookup)), (0, 1));
    assert_eq!(five.program().view().table(0).len, 5);
}

#[test]
fn six_bytewise_tests_are_one_scan() {
    let pattern = |len: usize| {
        let tests = [
            r#"{"equals-ignore-case":"Alpha"}"#,
            r#"{"wildcard":"*beta*"}"#,
            r#"{"equals-ignore-case":"gamma"}"#,
            r#"{"prefix":"delta"}"#,
            r#"{"suffix":{"equals-ignore-case":"epsilon"}}"#,
            r#"{"wildcard":"z*eta"}"#,
        ];
        format!("{{\"a\":[{}]}}", tests[..len].join(","))
    };
    let five = sieve([pattern(5).as_str()]);
    assert_eq!(count(five.program(), Op::Scan), 0);
    let six = sieve([pattern(6).as_str()]);
    assert_eq!(count(six.program(), Op::Scan), 1);
    assert_eq!(six.program().view().inst_len(), 3, "unless-string, scan, end");
}

#[test]
fn an_automaton_that_would_grow_too_large_stays_instructions() {
    // Six pieces anywhere in the text, each in one of many tests: subsets multiply.
    let tests: Vec<String> = (0..40)
        .map(|at| format!("{{\"wildcard\":\"*{at:03}*{:03}*{:03}*\"}}", at * 7 % 1000, at * 31 % 1000))
        .collect();
    let sieve = sieve([format!("{{\"a\":[{}]}}", tests.join(",")).as_str()]);
    assert_eq!((count(sieve.program(), Op::Scan), count(sieve.program(), Op::Glob)), (0, 40));
    let records: [&[u8]; 2] = [br#"{"a":"xx039-273_209"}"#, br#"{"a":"xx039-209_273"}"#];
    let mut scratch = sieve.scratch();
    let verdicts = sieve.evaluate(&mut scratch, &Batch::from_slices(&records)).unwrap();
    assert_eq!(verdicts, [Verdict::Match, Verdict::NoMatch]);
}

#[test]
fn fields_without_shared_arrays_are_a_conjunction() {
    for pattern in [
        r#"{"a":["x"],"b":[1]}"#,
        r#"{"a":{"b":{"c":["x"]}},"d":{"e":[1]}}"#,
        r#"{"a":["x"],"b":{"c":[{"exists":true}]},"d":[{"exists":false}]}"#,
    ] {
        let sieve = sieve([pattern]);
        let view = sieve.program().view();
        assert_eq!((view.conj_len(), view.gate_len()), (1, 0), "{pattern}");
        assert!((0..view.node_len()).all(|node| !view.node(node).is_scoped()), "{pattern}");
        assert_eq!(view.free_conjs().count(), 0, "a record without values of the filter never looks at it: {pattern}");
    }
    // Fields that share an array do need a scope.
    let shared = sieve([r#"{"a":{"b":["x"],"c":[1]}}"#]);
    assert!(shared.program().view().gate_len() > 0);
}

#[test]
fn a_conjunction_hangs_on_its_narrowest_slot() {
    let sieve = sieve([r#"{"a":[{"exists":true}],"b":[{"anything-but":"x"}],"c":["y"]}"#]);
    assert!(sieve.program().disasm().contains("filter 0 <- slot 2 & slot 0 & slot 1"), "{}", sieve.program().disasm());
}

#[test]
fn filters_share_paths_and_slots() {
    let patterns: Vec<String> =
        (0..1000).map(|at| format!(r#"{{"source":["s"],"detail":{{"id":["{at}"]}}}}"#)).collect();
    let sieve = sieve(patterns.iter().map(String::as_str));
    let view = sieve.program().view();
    assert_eq!((view.leaf_len(), view.slot_len(), view.gate_len()), (2, 1001, 0));
    assert_eq!(view.slot(0).conj_len, 0, "the test that all filters share anchors none of them");
}

/// `n` two-way `$or`s, each with fields of its own.
fn ors(len: usize) -> String {
    let ors: Vec<String> = (0..len).map(|at| format!(r#""$or":[{{"a{at}":["x"]}},{{"b{at}":[{at}]}}]"#)).collect();
    format!("{{{}}}", ors.join(","))
}

#[test]
fn ors_cost_their_number_not_their_product() {
    let gates = |len: usize| {
        let sieve = sieve([ors(len).as_str()]);
        assert!(sieve.program().as_bytes().len() < 1 << 20);
        let record: String = (0..len)
            .map(|at| format!(r#""{}{at}":{},"#, ["a", "b"][at % 2], ["\"x\"", &at.to_string()][at % 2]))
            .collect();
        let record = format!("{{{}\"z\":1}}", record);
        let verdicts =
            |record: &[u8]| sieve.evaluate(&mut sieve.scratch(), &Batch::from_slices(&[record])).unwrap().to_vec();
        assert_eq!(verdicts(record.as_bytes()), [Verdict::Match]);
        assert_eq!(verdicts(record.replace("\"a0\"", "\"y0\"").as_bytes()), [Verdict::NoMatch]);
        (sieve.program().view().gate_len() as usize, sieve.program().as_bytes().len())
    };
    let ((gates_7, bytes_7), (gates_14, bytes_14), (gates_120, bytes_120)) = (gates(7), gates(14), gates(120));
    assert!(
        gates_14 <= 2 * gates_7 + 1 && gates_14 <= 14 * 3 && gates_120 <= 120 * 3,
        "{gates_7} {gates_14} {gates_120}"
    );
    assert!(bytes_14 < 2 * bytes_7 && bytes_120 < 9 * bytes_14, "{bytes_7} {bytes_14} {bytes_120}");
}

/// The order of a `HashMap` differs from map to map and from thread to thread; the bytes must not.
#[test]
fn the_same_criteria_give_the_same_bytes() {
    let mut patterns: Vec<String> = (0..300)
        .map(|at| {
            format!(
                r#"{{"s{}":["{at}",{{"prefix":"p{at}"}}],"d":{{"k{at}":[{at}],"e":[{{"exists":false}}]}}}}"#,
                at % 7
            )
        })
        .collect();
    patterns.push(ors(14));
    patterns.push(
        r#"{"a":["x",{"anything-but":["1","2","3","4","5","6"]}],"a.b":["y"],"$or":[{"a.c":[1]},{"z":[2]}]}"#
            .to_owned(),
    );
    let compile = || sieve(patterns.iter().map(String::as_str)).program().as_bytes().to_vec();
    let expected = compile();
    assert!(compile() == expected);
    let threads: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(compile)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(threads.iter().all(|bytes| *bytes == expected));
}

/// White space, escapes and the spelling of a number say nothing, so programs do not differ by them.
#[test]
fn spelling_leaves_no_trace() {
    let plain = sieve([r#"{"a":["x","y"],"b":[1.5]}"#]);
    let spelled = sieve(["{ \"\\u0061\" : [ \"x\", \"\\u0079\" ],\n\"b\":[15e-1]}"]);
    assert!(plain.program() == spelled.program());
}

#[test]
fn a_hundred_thousand_filters_fit() {
    let patterns =
        (0..100_000).map(|at| format!(r#"{{"account":["{:012}"],"detail":{{"event":["e{}"]}}}}"#, at, at % 500));
    let criteria = FilterCriteria::from_patterns(patterns);
    let started = std::time::Instant::now();
    let sieve = Sieve::builder(Source::Raw).compile(&criteria).unwrap();
    let bytes = sieve.program().as_bytes().len();
    println!("{} bytes a filter, compiled in {:?}", bytes / 100_000, started.elapsed());
    assert!(bytes < 400 * 100_000, "{bytes} bytes");
    assert_eq!(sieve.program().view().gate_len(), 0);
    let record = br#"{"account":"000000077777","detail":{"event":"e277"}}"#;
    let mut scratch = sieve.scratch();
    let outcome = sieve.evaluate_sets(&mut scratch, &Batch::from_slices(&[record])).unwrap();
    assert_eq!(outcome.filters(0).iter().collect::<Vec<_>>(), [77_777]);
}
