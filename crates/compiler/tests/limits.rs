//! Both sides of every bound on criteria, and that an error names what was met and the bound.

use eventsieve_compiler::{CompileErrors, ErrorKind, FilterCriteria, Limits, Options, compile};
use eventsieve_program::{Dialect, Source};

/// Compiles under no bounds but those that `set` makes.
fn program(patterns: &[String], set: impl Fn(&mut Limits)) -> Result<Vec<u8>, CompileErrors> {
    let mut options = Options { dialect: Dialect::EventBridge, ..Options::new(Source::Raw) };
    options.limits = Limits::none();
    set(&mut options.limits);
    let compiled = compile(&FilterCriteria::from_patterns(patterns.iter().cloned()), &options)?;
    Ok(compiled.program.as_bytes().to_vec())
}

/// At the bound `patterns` compile, one below they do not.
#[track_caller]
fn edge(patterns: &[String], at: usize, kind: ErrorKind, set: impl Fn(&mut Limits, usize)) {
    let free = program(patterns, |_| {}).unwrap_or_else(|errors| panic!("{}", errors.render(None)));
    let bound = program(patterns, |limits| set(limits, at)).unwrap_or_else(|errors| panic!("{}", errors.render(None)));
    assert_eq!(free, bound, "a bound that is kept changes nothing");
    let errors = program(patterns, |limits| set(limits, at - 1)).unwrap_err();
    let error = errors.first();
    assert_eq!(error.kind(), kind, "{}", errors.render(None));
    assert!(error.message().contains(&(at - 1).to_string()), "the bound is named: {}", error.message());
}

fn one(pattern: impl Into<String>) -> Vec<String> {
    vec![pattern.into()]
}

#[test]
fn filters() {
    let patterns: Vec<String> = (0..7).map(|n| format!(r#"{{"a":[{n}]}}"#)).collect();
    edge(&patterns, 7, ErrorKind::TooManyFilters, |limits, most| limits.filters = Some(most));
}

/// What is compiled without a word on limits is what the service takes, and a rule of EventBridge has no such bounds.
#[test]
fn event_source_mappings_and_pipes_take_five_filters_of_4096_characters() {
    let judged = |dialect: Dialect, patterns: &[String]| {
        let options = Options { dialect, limits: Limits::of(dialect), ..Options::new(Source::Raw) };
        let compiled = compile(&FilterCriteria::from_patterns(patterns.iter().cloned()), &options);
        compiled.err().map(|errors| errors.first().kind())
    };
    let filters: Vec<String> = (0..6).map(|n| format!(r#"{{"a":[{n}]}}"#)).collect();
    let long = |chars: usize| one(format!(r#"{{"a":["{}"]}}"#, "x".repeat(chars - r#"{"a":[""]}"#.len())));
    for dialect in [Dialect::Lambda, Dialect::Pipes] {
        assert_eq!(judged(dialect, &filters[..5]), None);
        assert_eq!(judged(dialect, &filters), Some(ErrorKind::TooManyFilters));
        assert_eq!(judged(dialect, &long(4_096)), None);
        assert_eq!(judged(dialect, &long(4_097)), Some(ErrorKind::PatternTooLong));
    }
    assert_eq!(judged(Dialect::EventBridge, &filters), None);
    assert_eq!(judged(Dialect::EventBridge, &long(4_097)), None);
}

#[test]
fn pattern_chars_are_characters_and_no_bytes() {
    edge(&one(r#"{"é":["日本"]}"#), 12, ErrorKind::PatternTooLong, |limits, most| limits.pattern_chars = Some(most));
}

#[test]
fn wildcard_complexity() {
    let complex = one(r#"{"a":[{"wildcard":"*ab*ab*ab*"}]}"#);
    let found = (1..100).find(|&most| program(&complex, |limits| limits.wildcard_complexity = Some(most)).is_ok());
    let found = found.expect("some complexity is enough") as usize;
    assert!(found > 2, "{found}");
    edge(&complex, found, ErrorKind::WildcardComplexity, |limits, most| limits.wildcard_complexity = Some(most as u32));
}

#[test]
fn or_alternatives() {
    // Each `$or` writes the same two fields, so they are multiplied.
    let or = |n: usize| format!(r#""$or":[{{"a":["{n}"]}},{{"b":["{n}"]}},{{"c":["{n}"]}}]"#);
    let pattern = one(format!("{{{}}}", (0..4).map(or).collect::<Vec<_>>().join(",")));
    let enough = |most: usize| program(&pattern, |limits| limits.or_alternatives = most).is_ok();
    let at = (1..5000).find(|&most| enough(most)).expect("some number is enough");
    assert!(at > 20, "{at}");
    edge(&pattern, at, ErrorKind::TooManyAlternatives, |limits, most| limits.or_alternatives = most);
}

/// Multiplied out, these would be 2^40 alternatives. What that costs is bounded whatever the limit.
#[test]
fn multiplying_out_ends_without_a_limit() {
    let or = |n: usize| format!(r#""$or":[{{"k":{{"x{n}":["x"]}},"z":["1"]}},{{"k":{{"y{n}":["y"]}}}}]"#);
    let pattern = one(format!("{{{}}}", (0..40).map(or).collect::<Vec<_>>().join(",")));
    let errors = program(&pattern, |limits| limits.or_alternatives = usize::MAX).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.kind()).collect::<Vec<_>>(), [ErrorKind::TooManyAlternatives]);
}

#[test]
fn paths() {
    let fields: Vec<String> = (0..40).map(|n| format!(r#""f{n}":[1]"#)).collect();
    edge(&one(format!("{{{}}}", fields.join(","))), 40, ErrorKind::TooManyPaths, |limits, most| limits.paths = most);
}

#[test]
fn path_segments_count_nested_keys_and_dots() {
    edge(&one(r#"{"a":{"b.c":{"d":[1]}}}"#), 4, ErrorKind::PathTooDeep, |limits, most| limits.path_segments = most);
}

#[test]
fn depth_counts_lists_too() {
    edge(&one(r#"{"a":{"b":[{"prefix":"x"}]}}"#), 4, ErrorKind::TooDeep, |limits, most| limits.depth = most);
}

#[test]
fn depth_cannot_be_raised_beyond_what_is_safe() {
    let nested = |levels: usize| one(format!("{}[1]{}", r#"{"a":"#.repeat(levels - 1), "}".repeat(levels - 1)));
    let raised = |limits: &mut Limits| limits.depth = usize::MAX;
    assert!(program(&nested(Limits::MAX_DEPTH), raised).is_ok());
    let errors = program(&nested(Limits::MAX_DEPTH + 1), raised).unwrap_err();
    assert_eq!(errors.first().kind(), ErrorKind::TooDeep);
}

#[test]
fn number_digits() {
    edge(&one(r#"{"a":[123.45e1]}"#), 6, ErrorKind::NumberTooLong, |limits, most| limits.number_digits = most);
}

#[test]
fn key_chars() {
    edge(&one(r#"{"k\u00e9y":[1]}"#), 3, ErrorKind::KeyTooLong, |limits, most| limits.key_chars = most);
}

#[test]
fn program_bytes() {
    let patterns: Vec<String> = (0..50).map(|n| format!(r#"{{"a":["{n}"],"b":["{n}"]}}"#)).collect();
    let at = program(&patterns, |_| {}).unwrap().len();
    edge(&patterns, at, ErrorKind::ProgramTooLarge, |limits, most| limits.program_bytes = most);
    // Far beyond, it is not even written.
    let errors = program(&patterns, |limits| limits.program_bytes = 500).unwrap_err();
    assert!(errors.first().filter().is_some(), "the filter is named that was one too many");
}

#[test]
fn automaton_bytes_change_the_program_and_no_verdict() {
    let prefixes: Vec<String> = (0..8).map(|n| format!(r#"{{"wildcard":"{n}*a*b"}}"#)).collect();
    let pattern = one(format!(r#"{{"a":[{}]}}"#, prefixes.join(",")));
    let (merged, apart) =
        (program(&pattern, |_| {}).unwrap(), program(&pattern, |limits| limits.automaton_bytes = 100).unwrap());
    let listing = |bytes: &[u8]| eventsieve_program::Program::from_bytes(bytes.to_vec()).unwrap().disasm();
    assert!(listing(&merged).contains("scan") && !listing(&apart).contains("scan"));
    assert!(apart.len() < merged.len());
}
