//! Plans: leaves with many tests answer as their code does, and have a plan where that matters.

use eventsieve::{Batch, Dialect, FilterCriteria, Limits, Sieve, Source, Verdict};
use eventsieve_oracle::generate::Pair;
use eventsieve_vm::{Checks, Engine};

/// Lists of tests, each of which meets [`VALUES`] values, in a plain `cargo test`; `EVENTSIEVE_PLANS` is another number.
const LISTS: u64 = 1_500;
const VALUES: usize = 60;
/// Seeds of the oracle's generator, so many at a time in one criteria.
const SEEDS: u64 = 1_200;
const BLOCK: u64 = 24;

/// A small generator: the same numbers from the same seed, everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[self.below(from.len())]
    }
}

/// What texts are made of: few letters, so that texts meet; both cases; letters whose cases differ in length, and one
/// that has none; what lone surrogates read as; a quote, which prefixes and suffixes treat in their own way.
const PIECES: [&str; 14] = ["a", "b", "A", "B", "ab", "é", "É", "ß", "ẞ", "ı", "語", "?", "1", r#"\""#];
/// Texts that no pattern may hold.
const LONE: [&str; 3] = [r"\ud800", r"a\udc00", r"\ud800b"];
const NUMBERS: [&str; 14] =
    ["0", "-0.0", "1", "1.0", "10e-1", "2", "2.5", "-3", "1e3", "1000", "0.1", "9007199254740993", "1e400", "-1e400"];
const ADDRESSES: [&str; 7] =
    ["10.0.0.1", "10.0.1.0", "10.255.0.0", "11.0.0.1", "::1", "2001:db8::7", "::ffff:10.0.0.1"];
const BLOCKS: [&str; 5] = ["10.0.0.0/8", "10.0.0.0/24", "10.0.0.1/31", "::/64", "2001:db8::/32"];

/// The inside of a JSON string.
fn text(random: &mut Random, most: usize) -> String {
    (0..random.below(most + 1)).map(|_| random.pick(&PIECES)).collect()
}

fn texts(random: &mut Random, most: usize) -> String {
    let texts: Vec<String> = (0..1 + random.below(7)).map(|_| format!("\"{}\"", text(random, most))).collect();
    texts.join(",")
}

fn wildcard(random: &mut Random) -> String {
    let mut out = String::new();
    for _ in 0..1 + random.below(4) {
        if random.below(2) == 0 && !out.ends_with('*') {
            out.push('*');
        }
        out.push_str(&text(random, 3));
    }
    if random.below(2) == 0 && !out.ends_with('*') {
        out.push('*');
    }
    out
}

fn test(random: &mut Random) -> String {
    match random.below(20) {
        0 | 1 => format!("\"{}\"", text(random, 3)),
        2 | 3 => format!(r#"{{"prefix":"{}"}}"#, text(random, 3)),
        4 | 5 => format!(r#"{{"suffix":"{}"}}"#, text(random, 3)),
        6 => format!(r#"{{"equals-ignore-case":"{}"}}"#, text(random, 3)),
        7 => format!(r#"{{"prefix":{{"equals-ignore-case":"{}"}}}}"#, text(random, 3)),
        8 => format!(r#"{{"suffix":{{"equals-ignore-case":"{}"}}}}"#, text(random, 3)),
        9 | 10 => format!(r#"{{"wildcard":"{}"}}"#, wildcard(random)),
        11 => random.pick(&NUMBERS).to_owned(),
        12 => {
            let (low, high) = (random.pick(&["-5", "0", "0.1", "1", "2"]), random.pick(&["2.5", "3", "1000", "1001"]));
            format!(r#"{{"numeric":["{}",{low},"{}",{high}]}}"#, random.pick(&[">", ">="]), random.pick(&["<", "<="]))
        }
        13 => {
            format!(
                r#"{{"numeric":["{}",{}]}}"#,
                random.pick(&[">", ">=", "<", "<=", "="]),
                random.pick(&NUMBERS[..11])
            )
        }
        14 => format!(r#"{{"anything-but":[{}]}}"#, texts(random, 2)),
        15 => match random.below(5) {
            0 => format!(r#"{{"anything-but":{{"prefix":[{}]}}}}"#, texts(random, 2)),
            1 => format!(r#"{{"anything-but":{{"suffix":[{}]}}}}"#, texts(random, 2)),
            2 => format!(r#"{{"anything-but":{{"equals-ignore-case":[{}]}}}}"#, texts(random, 2)),
            3 => format!(r#"{{"anything-but":{{"wildcard":"{}"}}}}"#, wildcard(random)),
            _ => format!(r#"{{"anything-but":[{},{}]}}"#, random.pick(&NUMBERS[..11]), random.pick(&NUMBERS[..11])),
        },
        16 => r#"{"exists":true}"#.to_owned(),
        17 => random.pick(&["true", "false", "null"]).to_owned(),
        18 => format!(r#"{{"cidr":"{}"}}"#, random.pick(&BLOCKS)),
        _ => format!("\"{}\"", random.pick(&ADDRESSES)),
    }
}

fn value(random: &mut Random) -> String {
    match random.below(12) {
        0..6 => format!("\"{}\"", text(random, 5)),
        6 => format!("\"{}{}\"", text(random, 2), random.pick(&LONE)),
        7 | 8 => random.pick(&NUMBERS).to_owned(),
        9 => format!("\"{}\"", random.pick(&ADDRESSES)),
        10 => random.pick(&["true", "false", "null", "{}", "[]"]).to_owned(),
        // Several values at one path, also such as no anything-but lets through alone.
        _ => format!("[\"{}\",{},\"{}\"]", text(random, 3), random.pick(&NUMBERS), text(random, 5)),
    }
}

fn compile<'t>(patterns: impl IntoIterator<Item = &'t str>) -> Option<Sieve<'static>> {
    let criteria = FilterCriteria::from_patterns(patterns);
    Sieve::builder(Source::Raw).dialect(Dialect::EventBridge).limits(Limits::none()).compile(&criteria).ok()
}

fn sets(engine: &Engine<'_>, records: &[Vec<u8>]) -> Vec<(Verdict, Vec<usize>)> {
    let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let mut scratch = engine.scratch();
    let outcome = engine.evaluate_sets(&mut scratch, &Batch::from_slices(&slices)).expect("its own scratch");
    let verdicts = outcome.verdicts().iter().enumerate();
    verdicts.map(|(at, &verdict)| (verdict, outcome.filters(at).iter().collect())).collect()
}

/// Holds plans for all leaves against plans for none; returns how many leaves there were plans for, and whether gates
/// were looked at as conjunctions.
fn agree(sieve: &Sieve<'_>, records: &[Vec<u8>], patterns: &[String]) -> (usize, bool) {
    let engine = Engine::new(sieve.program().clone()).with_checks(Checks::Every);
    let planned = engine.clone().with_plans_from(0);
    let by_code = sets(&engine.with_plans_from(u32::MAX), records);
    let by_plan = sets(&planned, records);
    for ((record, by_code), by_plan) in records.iter().zip(&by_code).zip(&by_plan) {
        if by_code != by_plan {
            let wrong = |filter: &&usize| by_code.1.contains(filter) != by_plan.1.contains(filter);
            let wrong: Vec<&String> =
                by_code.1.iter().chain(&by_plan.1).filter(wrong).map(|&at| &patterns[at]).collect();
            panic!("record {}\nby code {by_code:?}\nby plan {by_plan:?}\n{wrong:#?}", record.escape_ascii());
        }
    }
    (planned.planned(), planned.is_flat())
}

#[test]
fn plans_satisfy_what_code_satisfies() {
    let lists = std::env::var("EVENTSIEVE_PLANS").map_or(LISTS, |lists| lists.parse().expect("a number"));
    let mut judged = 0;
    let mut planned = 0;
    for seed in 0..lists {
        let mut random = Random(seed);
        // Few and many; tests that compile alone.
        let len = [3, 10, 40, 120][random.below(4)];
        let patterns = (0..len).map(|_| {
            let tests: Vec<String> = (0..1 + random.below(2)).map(|_| test(&mut random)).collect();
            format!(r#"{{"v":[{}]}}"#, tests.join(","))
        });
        let patterns: Vec<String> = patterns.filter(|pattern| compile([pattern.as_str()]).is_some()).collect();
        let Some(sieve) = compile(patterns.iter().map(String::as_str)) else { continue };
        let records: Vec<Vec<u8>> =
            (0..VALUES).map(|_| format!(r#"{{"v":{}}}"#, value(&mut random)).into_bytes()).collect();
        planned += agree(&sieve, &records, &patterns).0;
        judged += patterns.len() * records.len();
    }
    assert_eq!(planned as u64, lists, "each list is one leaf, and each is planned");
    println!("{judged} judgements");
}

#[test]
fn plans_judge_whole_criteria_as_code_does() {
    let mut planned = 0;
    let mut flat = 0;
    for block in 0..SEEDS / BLOCK {
        let pairs: Vec<Pair> = (0..BLOCK).map(|at| Pair::random(0x91a7 + block * BLOCK + at)).collect();
        let patterns: Vec<String> =
            pairs.iter().map(Pair::pattern).filter(|pattern| compile([pattern.as_str()]).is_some()).collect();
        let Some(sieve) = compile(patterns.iter().map(String::as_str)) else { continue };
        let records: Vec<Vec<u8>> = pairs.iter().map(Pair::record).collect();
        let (of_leaves, is_flat) = agree(&sieve, &records, &patterns);
        planned += of_leaves;
        flat += usize::from(is_flat);
        // One by one more of them are conjunctions.
        for pattern in &patterns {
            let sieve = compile([pattern.as_str()]).expect("it compiled before");
            flat += usize::from(agree(&sieve, &records, std::slice::from_ref(pattern)).1);
        }
    }
    assert!(planned > 1_000, "only {planned} leaves were planned");
    assert!(flat > 50, "only {flat} of the criteria were conjunctions");
}

#[test]
fn paths_with_many_tests_are_planned_and_others_are_not() {
    let many = |test: &dyn Fn(usize) -> String| -> Vec<String> {
        (0..100).map(|at| format!(r#"{{"a":[{}],"b":["{at}"]}}"#, test(at))).collect()
    };
    type Tests<'t> = (&'t str, usize, Vec<String>);
    let rows: [Tests<'_>; 10] = [
        ("exact texts: one lookup", 0, many(&|at| format!("\"text {at}\""))),
        ("prefixes", 1, many(&|at| format!(r#"{{"prefix":"text {at}"}}"#))),
        ("suffixes", 1, many(&|at| format!(r#"{{"suffix":"{at} text"}}"#))),
        ("ignoring case", 1, many(&|at| format!(r#"{{"equals-ignore-case":"text {at}"}}"#))),
        ("wildcards", 1, many(&|at| format!(r#"{{"wildcard":"*text*{at}*"}}"#))),
        ("ranges", 1, many(&|at| format!(r#"{{"numeric":[">",{at},"<=",{}]}}"#, at + 10))),
        ("numbers", 1, many(&|at| format!("{at}"))),
        ("anything-but", 1, many(&|at| format!(r#"{{"anything-but":"text {at}"}}"#))),
        ("blocks of addresses", 1, many(&|at| format!(r#"{{"cidr":"10.0.{at}.0/24"}}"#))),
        ("everywhere", 2, many(&|at| format!(r#"{{"prefix":"{at}"}}],"c":[{{"suffix":"{at}"}}"#))),
    ];
    for (name, expected, patterns) in rows {
        let sieve = compile(patterns.iter().map(String::as_str)).expect(name);
        assert_eq!(Engine::new(sieve.program().clone()).planned(), expected, "{name}");
    }
}

#[test]
fn fields_of_one_object_are_a_conjunction_where_no_array_is() {
    let patterns: Vec<String> = (0..100)
        .map(|at| format!(r#"{{"a":{{"b":["{at}"],"c":[{{"exists":false}}],"d":[{{"prefix":"{at}"}}],"e":[true]}}}}"#))
        .collect();
    let sieve = compile(patterns.iter().map(String::as_str)).expect("valid patterns");
    let engine = Engine::new(sieve.program().clone());
    assert!(engine.is_flat());
    assert_eq!(engine.planned(), 1);
    let records = [
        r#"{"a":{"b":"7","d":"77","e":true}}"#,
        r#"{"a":{"b":"7","c":null,"d":"77","e":true}}"#,
        r#"{"a":{"b":"7","d":"87","e":true}}"#,
        r#"{"a":[{"b":"7","d":"7"},{"e":true}]}"#,
        r#"{"a":[{"b":"7","d":"7","e":true},{}]}"#,
        r#"{"a":{"b":["7","8"],"d":["8","70"],"e":[false,true]}}"#,
    ];
    let records: Vec<Vec<u8>> = records.iter().map(|record| record.as_bytes().to_vec()).collect();
    let found: Vec<Vec<usize>> = sets(&engine, &records).into_iter().map(|(_, filters)| filters).collect();
    assert_eq!(found, [vec![7], vec![], vec![], vec![], vec![7], vec![7, 8]]);
    assert!(agree(&sieve, &records, &patterns).1);
}

/// A payload that is no JSON has none of its fields either, but is no match for filters that ask for them to be absent.
#[test]
fn conjunctions_count_for_the_format_they_ask_for() {
    let patterns = (0..100).map(|at| {
        format!(
            r#"{{"body":{{"k":[{{"exists":false}}]}},"$or":[{{"messageId":["m{at}"]}},{{"eventSource":["s{at}"]}}]}}"#
        )
    });
    let patterns: Vec<String> = patterns.collect();
    let criteria = FilterCriteria::from_patterns(patterns.iter().map(String::as_str));
    let sieve = Sieve::builder(Source::Sqs).limits(Limits::none()).compile(&criteria).expect("valid patterns");
    assert!(Engine::new(sieve.program().clone()).is_flat());
    let records = [
        (r#"{"messageId":"m7","body":"{}"}"#, vec![7]),
        (r#"{"messageId":"m7","eventSource":"s8","body":"{\"a\":1}"}"#, vec![7, 8]),
        (r#"{"messageId":"m7","body":"{\"k\":1}"}"#, vec![]),
        (r#"{"messageId":"m7","body":"text"}"#, vec![]),
        (r#"{"messageId":"m7"}"#, vec![]),
    ];
    let slices: Vec<&[u8]> = records.iter().map(|(record, _)| record.as_bytes()).collect();
    let mut scratch = sieve.scratch();
    let outcome = sieve.evaluate_sets(&mut scratch, &Batch::from_slices(&slices)).expect("its own scratch");
    for (at, (record, expected)) in records.iter().enumerate() {
        assert_eq!(&outcome.filters(at).iter().collect::<Vec<_>>(), expected, "{record}");
    }
}
