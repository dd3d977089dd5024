//! Whatever the text, errors come out, and they point into it.

use eventsieve_compiler::parse::parse_pattern;
use eventsieve_compiler::{Diagnostics, FilterCriteria, Limits, Options};
use eventsieve_program::{Dialect, Source};
use proptest::prelude::*;

fn options(strict: bool) -> Options {
    Options {
        limits: Limits::of(Dialect::EventBridge),
        dialect: Dialect::EventBridge,
        strict,
        ..Options::new(Source::Raw)
    }
}

/// Parses, and checks every promise an error makes. Answers whether the pattern is valid.
fn try_pattern(text: &str) -> bool {
    let criteria = FilterCriteria::from_patterns([text]);
    let mut out = Diagnostics::new(&criteria, true);
    let object = parse_pattern(text, &options(true), 0, &mut out);
    assert_eq!(object.is_none(), out.error_len() > 0);
    let Err(errors) = out.finish() else {
        return object.is_some();
    };
    for error in &errors {
        let span = error.span().expect("errors of a pattern point somewhere");
        assert!(text.get(span).is_some(), "the span lies on character boundaries inside the text");
        assert!(!error.render(Some("f")).is_empty() && error.aws_message().starts_with("Event pattern"));
    }
    assert!(!errors.to_string().is_empty() && !errors.render(None).is_empty());
    object.is_some()
}

fn try_criteria(text: &str) {
    match FilterCriteria::from_json(text) {
        Ok(criteria) => {
            let mut out = Diagnostics::new(&criteria, true);
            for (filter, pattern) in criteria.patterns().enumerate() {
                parse_pattern(pattern, &options(true), filter, &mut out);
            }
            for error in out.finish().err().iter().flatten() {
                let span = error.outer_span().expect("patterns of a text lie in the text");
                assert!(text.get(span).is_some());
            }
        }
        Err(errors) => {
            let span = errors.first().outer_span().expect("errors of a criteria point into it");
            assert!(text.get(span).is_some());
            assert!(!errors.render(None).is_empty());
        }
    }
}

/// Pieces that meet the grammar often enough.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"a\"",
        "\"$or\"",
        "\"prefix\"",
        "\"suffix\"",
        "\"equals-ignore-case\"",
        "\"wildcard\"",
        "\"numeric\"",
        "\"exists\"",
        "\"cidr\"",
        "\"anything-but\"",
        "\"exactly\"",
        "\">\"",
        "\"<=\"",
        "\"=\"",
        "1",
        "-0.5e3",
        "1e400",
        "true",
        "false",
        "null",
        "\"**\"",
        "\"a*\\\\*\"",
        "\"10.0.0.0/8\"",
        "\"é\"",
        "\"\\ud83d\"",
        "\"😀",
        "\\",
        "'",
        "tru",
        "NaN",
        "-",
        "1.",
        " ",
        "\n",
        "\u{1}",
        "\u{feff}",
        "/",
        "{\"a\":[",
        "]}",
        "{\"Filters\":[{\"Pattern\":\"",
        "\"}]}",
        "\\\"",
        "\\u00e9",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_judged(text in any::<String>()) {
        try_pattern(&text);
        try_criteria(&text);
    }

    #[test]
    fn any_likely_text_is_judged(text in pieces()) {
        try_pattern(&text);
        try_criteria(&text);
    }

    #[test]
    fn a_damaged_pattern_is_judged(at in 0usize..400, replacement in pieces(), cut in 0usize..20) {
        let whole = r#"{"detail":{"state":["a",1.5,null,{"prefix":{"equals-ignore-case":"É"}},{"numeric":[">",0,"<=",5]}],
            "$or":[{"b":[{"anything-but":{"wildcard":["*x","y*"]}}]},{"c":[{"exists":false}]}],
            "ip":[{"cidr":"10.0.0.0/8"},{"anything-but":[1,2]},{"suffix":"\ud83d\ude00"}]}}"#;
        let boundary = |mut at: usize| {
            at = at.min(whole.len());
            while !whole.is_char_boundary(at) { at -= 1; }
            at
        };
        prop_assert!(try_pattern(whole));
        let (from, to) = (boundary(at), boundary(at + cut));
        try_pattern(&format!("{}{replacement}{}", &whole[..from], &whole[to..]));
        try_pattern(&whole[..from]);
    }
}

#[test]
fn depth_costs_no_stack() {
    let run = || {
        // The root, 998 nested fields and a list.
        let nested = |levels: usize| format!("{}[1]{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(try_pattern(&nested(999)));
        assert!(!try_pattern(&nested(1000)));
        let ors =
            |levels: usize| format!("{}{{\"b\":[1]}}{}", "{\"$or\":[{\"a\":[1]},".repeat(levels), "]}".repeat(levels));
        assert!(try_pattern(&ors(499)));
        assert!(!try_pattern(&ors(500)));
        assert!(!try_pattern(&"[".repeat(1_000_000)));
        assert!(!try_pattern(&"{\"a\":".repeat(1_000_000)));
        assert!(!try_pattern(&format!("{{\"a\":[{}", "{\"anything-but\":[".repeat(100_000))));
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn all_errors_are_found_in_one_go() {
    let text = r#"{"a":"x","b":[{"prefx":"y"},{"numeric":["=","1"]},[],{"cidr":"x"}],"c":[],"d":{},"e":[tru]}"#;
    let criteria = FilterCriteria::from_patterns([text]);
    let mut out = Diagnostics::new(&criteria, false);
    assert!(parse_pattern(text, &options(false), 0, &mut out).is_none());
    let errors = out.finish().unwrap_err();
    let codes: Vec<&str> = errors.iter().map(|error| error.kind().code()).collect();
    assert_eq!(
        codes,
        [
            "bare-value",
            "unknown-operator",
            "numeric-value",
            "nested-list",
            "bad-cidr",
            "empty-list",
            "empty-object",
            "syntax"
        ]
    );
    assert_eq!(errors.aws_message(), "Event pattern is not valid. Reason: \"a\" must be an object or an array");
    assert!(errors.to_string().starts_with("8 errors, first filter 0: "));
}

#[test]
fn the_service_reads_in_order() {
    let reason = |text: &str| {
        let criteria = FilterCriteria::from_patterns([text]);
        let mut out = Diagnostics::new(&criteria, false);
        parse_pattern(text, &options(false), 0, &mut out);
        let message = out.finish().unwrap_err().aws_message();
        message.strip_prefix("Event pattern is not valid. Reason: ").unwrap().to_owned()
    };
    // A syntax error before and after an error of meaning.
    assert!(reason(r#"{"a":["x",],"b":1}"#).starts_with("Unexpected character (']'"));
    assert_eq!(reason(r#"{"b":1,"a":["x",]}"#), "\"b\" must be an object or an array");
    // With a key, the beginning of its value is scanned as well.
    assert!(reason(r#"{"a":[{"foo": tru}]}"#).starts_with("Unrecognized token 'tru'"));
    // The inside of a string is not, until its text is asked for.
    assert_eq!(reason(r#"{"a":[{"foo": "\q"}]}"#), "Unrecognized match type foo");
    assert_eq!(reason(r#"{"a":[{"exists": "\q"}]}"#), "exists match pattern must be either true or false.");
    assert_eq!(reason(r#"{"a":[{"prefix": "\q"}]}"#), "Unrecognized character escape 'q' (code 113)");
    // What follows the pattern is never read by it.
    assert_eq!(reason(r#"{"a":[{"prefix":1}]} x"#), "prefix match pattern must be a string");
}

#[test]
fn a_hundred_thousand_errors_are_not_kept() {
    let text = format!("{{\"a\":[{}]}}", "[],".repeat(100_000) + "1");
    let criteria = FilterCriteria::from_patterns([text.as_str()]);
    let mut out = Diagnostics::new(&criteria, false);
    assert!(parse_pattern(&text, &options(false), 0, &mut out).is_none());
    assert_eq!(out.error_len(), 100_000);
    assert_eq!(out.finish().unwrap_err().len(), 1000);
}
