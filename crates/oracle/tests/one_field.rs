//! Many tests of one field: they are merged into automata, tables and plans, and must say what each would say alone.
//!
//! Texts are of two letters, so that tests share beginnings, ends and pieces, and values pass some of them and nearly pass others.

use eventsieve::{Batch, Checks, Dialect, FilterCriteria, Limits, Sieve, Source};
use eventsieve_oracle::Answer;
use eventsieve_oracle::generate::Rng;
use eventsieve_oracle::reference::judge;
use eventsieve_oracle::trial::sets;

/// Lists of tests; each is held against all values.
const LISTS: u64 = 150;

fn text(rng: &mut Rng, most: usize) -> String {
    (0..rng.below(most + 1)).map(|_| *rng.choose(&['a', 'b', 'a', 'b', 'A', 'é'])).collect()
}

/// Pieces between stars, none of which follows another at once.
fn wildcard(rng: &mut Rng) -> String {
    let mut steps = if rng.percent(50) { "*".to_owned() } else { String::new() };
    for piece in 0..rng.below(4) {
        if piece > 0 {
            steps.push('*');
        }
        steps.push(*rng.choose(&['a', 'b']));
        steps.push_str(&text(rng, 2));
    }
    if rng.percent(50) && !steps.ends_with('*') {
        steps.push('*');
    }
    steps
}

fn test(rng: &mut Rng) -> String {
    match rng.below(8) {
        0 => format!("\"{}\"", text(rng, 3)),
        1 => format!(r#"{{"prefix":"{}"}}"#, text(rng, 3)),
        2 => format!(r#"{{"suffix":"{}"}}"#, text(rng, 3)),
        3 => format!(r#"{{"prefix":{{"equals-ignore-case":"{}"}}}}"#, text(rng, 3)),
        4 => format!(r#"{{"suffix":{{"equals-ignore-case":"{}"}}}}"#, text(rng, 3)),
        _ => format!(r#"{{"wildcard":"{}"}}"#, wildcard(rng)),
    }
}

/// In one filter, each in a filter of its own, and split between two.
#[test]
fn merged_tests_say_what_each_says_alone() {
    let mut matched = 0;
    for seed in 0..LISTS {
        let mut rng = Rng::new(seed);
        let tests: Vec<String> = (0..rng.between(2, 16)).map(|_| test(&mut rng)).collect();
        let values: Vec<String> = (0..40).map(|_| text(&mut rng, 7)).collect();
        let records: Vec<Vec<u8>> = values.iter().map(|value| format!(r#"{{"v":"{value}"}}"#).into_bytes()).collect();
        let pattern = |tests: &[String]| format!(r#"{{"v":[{}]}}"#, tests.join(","));
        let (front, back) = tests.split_at(tests.len() / 2);
        let alone: Vec<String> = tests.iter().map(|test| pattern(std::slice::from_ref(test))).collect();
        for patterns in [vec![pattern(&tests)], vec![pattern(front), pattern(back)], alone] {
            let patterns: Vec<String> = patterns.into_iter().filter(|pattern| !pattern.contains("[]")).collect();
            matched += agree(&patterns, &records);
        }
    }
    assert!(matched > 10_000, "{matched}");
}

/// Tables, automata, numbers and addresses of one field are not those of the next.
#[test]
fn fields_have_their_own() {
    let fields = ["v", "w", "x"];
    let mut matched = 0;
    for seed in 0..20 {
        let mut rng = Rng::new(seed);
        let mut patterns = Vec::new();
        for field in fields {
            let mut list = |len: usize, test: &dyn Fn(&mut Rng) -> String| {
                let tests: Vec<String> = (0..len).map(|_| test(&mut rng)).collect();
                tests.join(",")
            };
            let exact = |rng: &mut Rng| format!("\"{}\"", text(rng, 4));
            let block = |rng: &mut Rng| format!(r#"{{"cidr":"10.0.{}.0/24"}}"#, rng.below(4));
            let number = |rng: &mut Rng| rng.below(9).to_string();
            let range = |rng: &mut Rng| format!(r#"{{"numeric":[">",{},"<=",9]}}"#, rng.below(8));
            let tests = [
                list(24, &exact),
                list(9, &test),
                list(1, &block),
                list(2, &number),
                list(1, &range),
                format!(r#"{{"anything-but":[{}]}}"#, list(12, &exact)),
                format!(r#"{{"anything-but":[{}]}}"#, list(3, &number)),
            ];
            patterns.extend(tests.map(|tests| format!(r#"{{"{field}":[{tests}]}}"#)));
        }
        let value = |rng: &mut Rng| match rng.below(3) {
            0 => format!("\"{}\"", text(rng, 5)),
            1 => format!("\"10.0.{}.{}\"", rng.below(5), rng.below(300)),
            _ => rng.below(11).to_string(),
        };
        let records: Vec<Vec<u8>> = (0..60)
            .map(|_| {
                let members: Vec<String> =
                    fields.iter().map(|field| format!(r#""{field}":{}"#, value(&mut rng))).collect();
                format!("{{{}}}", members.join(",")).into_bytes()
            })
            .collect();
        matched += agree(&patterns, &records);
    }
    assert!(matched > 3_000, "{matched}");
}

/// Holds each filter of a criteria against the reference; how often one matched.
fn agree(patterns: &[String], records: &[Vec<u8>]) -> usize {
    let sieve = Sieve::builder(Source::Raw)
        .dialect(Dialect::EventBridge)
        .limits(Limits::none())
        .checks(Checks::Every)
        .compile(&FilterCriteria::from_patterns(patterns.iter().map(String::as_str)))
        .unwrap_or_else(|errors| panic!("{}", errors.render(None)));
    let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let found = sets(&sieve, &mut sieve.scratch(), &Batch::from_slices(&slices));
    let mut matched = 0;
    for (record, (_, filters)) in records.iter().zip(&found) {
        for (filter, pattern) in patterns.iter().enumerate() {
            let answer = judge(pattern, record).answer;
            let expected = if filters.contains(&filter) { Answer::Match } else { Answer::NoMatch };
            assert_eq!(answer, expected, "pattern {pattern}\n    record  {}", record.escape_ascii());
            matched += usize::from(answer == Answer::Match);
        }
    }
    matched
}
