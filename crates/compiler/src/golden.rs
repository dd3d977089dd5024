//! The full text of every kind of error, as `tests/golden/errors.txt`; `BLESS=1` rewrites it.

use std::fmt::Write;
use std::path::Path;

use eventsieve_program::{Dialect, Source};

use crate::error::{CompileError, CompileErrors, Diagnostics, ErrorKind};
use crate::options::{Limits, Options};
use crate::{FilterCriteria, Mismatch, PayloadRule, compile};

/// Patterns, and the dialect they are compiled for.
const PATTERNS: &[(Dialect, &str)] = &[
    (Dialect::EventBridge, ""),
    (Dialect::EventBridge, "null"),
    (Dialect::EventBridge, "[\"a\"]"),
    (Dialect::EventBridge, "{'a':['x']}"),
    (Dialect::EventBridge, "{\"a\":[x]}"),
    (Dialect::EventBridge, "{\"a\":[\"x\",]}"),
    (Dialect::EventBridge, "{\"a\":[\"x\"]"),
    (Dialect::EventBridge, "{\"a\":[\"x\"}"),
    (Dialect::EventBridge, "{\"a\":[01]}"),
    (Dialect::EventBridge, "{\"a\":[\"x\ty\"]}"),
    (Dialect::EventBridge, "{\"a\":[\"\\d\"]}"),
    (Dialect::EventBridge, "{\"a\":[\"x\"]} {}"),
    (Dialect::EventBridge, "{}"),
    (Dialect::EventBridge, "{\"a\":[]}"),
    (Dialect::EventBridge, "{\"string\": \"my-value\"}"),
    (Dialect::EventBridge, "{\"a\":{\"prefix\":\"x\"}}"),
    (Dialect::EventBridge, "{\"a\":[[\"x\"]]}"),
    (Dialect::EventBridge, "{\"$or\":{\"a\":[\"x\"]}}"),
    (Dialect::EventBridge, "{\"$or\":[\"a\",{\"b\":[1]}]}"),
    (Dialect::EventBridge, "{\"$or\":[{\"a\":[\"x\"]}]}"),
    (Dialect::EventBridge, "{\"$or\":[{\"a\":[\"x\"]},{\"prefix\":[\"y\"]}]}"),
    (Dialect::EventBridge, "{\"a\":[{}]}"),
    (Dialect::EventBridge, "{\"body\":{\"city\":[{\"begins-with\":\"Sea\"}]}}"),
    (Dialect::EventBridge, "{\"a\":[{\"Prefix\":\"x\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"b\":[\"x\"]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"prefix\":\"x\",\"suffix\":\"y\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"prefix\":{\"suffix\":\"y\"}}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":{\"numeric\":[\"=\",1]}}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"prefix\":[\"x\"]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"exists\":\"true\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":5}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\"!=\",5]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\"&gt;\",5]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\"<\",\"5\"]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\"<\",5,\">\",0]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\">=\",5,\"<=\",5]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\">\",1.7976931348623157e308]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\"=\",9007199254740993]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"cidr\":\"10.0.0.1/32\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"cidr\":\"10.0.0/8\"}]}"),
    (Dialect::EventBridge, "{\"EventBusArn\": [{\"wildcard\": \"arn:aws:events:us-east-1:**:event-bus/*\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"wildcard\":\"a\\\\b\"}]}"),
    (Dialect::EventBridge, "{\"EventBusArn\": [{\"wildcard\": \"*:*:*:*:*:event-bus/*\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":null}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":[\"x\",{\"prefix\":\"y\"}]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":[\"x\",1]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":[]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":{\"suffix\":[]}}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":{\"prefix\":\"\"}}]}"),
    (Dialect::Pipes, "{\"a\":[{\"wildcard\":\"a*\"}]}"),
    (Dialect::Lambda, "{\"a\":[{\"wildcard\":\"a*\"},{\"cidr\":\"10.0.0.0/8\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"wildcard\":\"*a*b*c*d*e*f*g*h*\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"$or\":[{\"b\":[1]}]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"Pattern\":\"x\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"exists\":\"yes\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\"==\",5]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\"=>\",5]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\"=<\",5]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\"&lt;\",5]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\"<\",\"five\"]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\">=\",6,\"<=\",5]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\">\",5,\"<=\",5]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"numeric\":[\">=\",5,\"<\",5]}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":{\"equals-ignore-case\":[1]}}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":{\"wildcard\":[1]}}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"wildcard\":\"\\u0061**\"}]}"),
    (Dialect::EventBridge, "{\"a\": /* x */ [\"x\"]}"),
    (Dialect::EventBridge, "{,\"a\":[\"x\"]}"),
    (Dialect::EventBridge, "{\"a\":['x']}"),
    (Dialect::EventBridge, "{\"a\":[.5]}"),
    (Dialect::EventBridge, "{\"a\":[-.5]}"),
    (Dialect::EventBridge, "{\"a\":[-x]}"),
    (Dialect::EventBridge, "{\"a\":[-Infinity]}"),
    (Dialect::EventBridge, "{\"a\":[+1]}"),
    (Dialect::EventBridge, "{\"a\":[+"),
    (Dialect::EventBridge, "{\"a\":[NaN]}"),
    (Dialect::EventBridge, "{\"a\":[NaN"),
    (Dialect::EventBridge, "{\"a\":[NaNs]}"),
    (Dialect::EventBridge, "{\"a\":[Na]}"),
    (Dialect::EventBridge, "{\"a\":[true"),
    (Dialect::EventBridge, "{\"a\":[truer]}"),
    (Dialect::EventBridge, "{\"a\":[x\u{301}\u{1}\u{200b}-]}"),
    (Dialect::EventBridge, "{\"a\":[x\u{10400}]}"),
    (Dialect::EventBridge, "{\"a\":[\u{2028}]}"),
    (Dialect::EventBridge, "{\"a\":[\u{10400}]}"),
    (Dialect::EventBridge, "{\"a\"\u{7f}:[1]}"),
    (Dialect::EventBridge, "{\r\n\"a\":\n\r[1 2]}"),
    (
        Dialect::EventBridge,
        "{\"string\": \"a value that is much longer than it is useful to show in what a person should write\"}",
    ),
    (Dialect::EventBridge, "{\"string\": \"my-va"),
    (Dialect::EventBridge, "{\r\n\"a\":\n\r\n\r [1"),
    (Dialect::EventBridge, "{\"é\u{7f}\":[1"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":{\"prefix\":\"x\"},\"prefix\":\"y\"}]}"),
    (Dialect::EventBridge, "{\"a\":[{\"anything-but\":{}}]}"),
];

/// Whole criteria.
const CRITERIA: &[&str] = &[
    "{\"Filters\": [}",
    "\"x\"",
    "{\n  \"Filters\": [\n    {\"pattern\": \"{}\"}\n  ]\n}",
    "{\n  \"Filters\": [\n    {\"Pattern\": \"{\\\"é\\\":[{\\\"prefx\\\":\\\"b\\\"}],\\\"b\\\":\\\"x\\\"}\"}\n  ]\n}",
    "{\"Filters\": [{\"Pattern\": \"{ \\\"a\\\":  x}\"}]}",
    "[{\"Pattern\":[1],\"b\":2}]",
    "[{\"a\":[1]},{\"a\":[2]},{\"a\":[3]},{\"a\":[4]},{\"a\":[5]},{\"a\":[6]}]",
];

fn options(dialect: Dialect) -> Options {
    Options { dialect, limits: Limits::of(dialect), strict: true, ..Options::new(Source::Raw) }
}

fn pattern_errors(dialect: Dialect, pattern: &str) -> Option<CompileErrors> {
    compile(&FilterCriteria::from_patterns([pattern]), &options(dialect)).err()
}

/// The samples that are too long to write out.
fn built() -> Vec<(&'static str, Dialect, String)> {
    let fields: Vec<String> = (0..257).map(|at| format!("\"f{at}\":[1]")).collect();
    let ors: Vec<String> = (0..16).map(|at| format!("\"$or\":[{{\"k.a{at}\":[1]}},{{\"m.b{at}\":[2]}}]")).collect();
    vec![
        ("1,001 lists", Dialect::EventBridge, format!("{{\"a\":{}", "[".repeat(1001))),
        ("a number of 1,001 digits", Dialect::EventBridge, format!("{{\"a\":[{}]}}", "1".repeat(1001))),
        ("a key of 50,001 characters", Dialect::EventBridge, format!("{{\"{}\":[1]}}", "k".repeat(50_001))),
        ("4,097 characters", Dialect::Lambda, format!("{{\"a\":[\"{}\"]}}", "x".repeat(4097 - 10))),
        ("a key with 10,000 dots", Dialect::EventBridge, format!("{{\"{}\":[1]}}", "a.".repeat(10_000))),
        ("500 units that do not end", Dialect::EventBridge, format!("{:500}", "{\"a\":[1")),
        ("501 units that do not end", Dialect::EventBridge, format!("{:501}", "{\"a\":[1")),
        ("a pair of which half is beyond 500 units", Dialect::EventBridge, format!("{:499}😀\"", "{\"a\":[1,\"")),
        ("257 fields", Dialect::EventBridge, format!("{{{}}}", fields.join(","))),
        ("16 $ors around two keys", Dialect::EventBridge, format!("{{{}}}", ors.join(","))),
    ]
}

fn describe(out: &mut String, title: &str, errors: &CompileErrors, name: Option<&str>) {
    let _ = writeln!(out, "==== {title}");
    for error in errors {
        let _ = write!(out, "[{}] {}", error.kind().code(), error.render(name));
        for line in error.aws_message().lines() {
            let _ = writeln!(out, "    aws: {}", line.replace(char::is_control, "\u{fffd}"));
        }
    }
    out.push('\n');
}

#[test]
fn every_kind_has_its_full_text_on_record() {
    let mut all: Vec<(String, CompileErrors, Option<&str>)> = Vec::new();
    for (dialect, pattern) in PATTERNS {
        let errors = pattern_errors(*dialect, pattern);
        all.push((
            format!("{dialect}: {}", crate::draw::quoted(pattern)),
            errors.unwrap_or_else(|| panic!("{pattern} compiles")),
            None,
        ));
    }
    for criteria in CRITERIA {
        let errors = FilterCriteria::from_json(criteria)
            .and_then(|criteria| compile(&criteria, &options(Dialect::Lambda)))
            .expect_err(criteria);
        all.push((format!("criteria: {}", crate::draw::quoted(criteria)), errors, Some("criteria.json")));
    }
    for (title, dialect, pattern) in built() {
        let errors = pattern_errors(dialect, &pattern);
        all.push((format!("{dialect}: {title}"), errors.unwrap_or_else(|| panic!("{title} compiles")), None));
    }
    let mut too_large = Diagnostics::new(&FilterCriteria::from_patterns(["{}"]), false);
    too_large.push(
        CompileError::new(ErrorKind::ProgramTooLarge, "the program would be larger than its format can hold")
            .with_help("split the criteria into several programs".to_owned()),
    );
    all.push(("a program too large".to_owned(), too_large.finish().unwrap_err(), None));

    let rule = PayloadRule { key: "data", mismatch: Mismatch::Drop, plain: false };
    let refused = Options { payload: Some(rule), ..Options::new(Source::Kinesis) };
    let plain = FilterCriteria::from_patterns([r#"{"partitionKey":["1"],"$or":[{"data":["x"]},{"data.n":[1]}]}"#]);
    all.push(("kinesis: a data clause for text".to_owned(), compile(&plain, &refused).unwrap_err(), None));
    let strict = Options { strict: true, ..refused.clone() };
    let metadata = FilterCriteria::from_patterns([r#"{"partitionKey":["1"],"data":{"n":[1]}}"#]);
    all.push(("kinesis, strict: metadata".to_owned(), compile(&metadata, &strict).unwrap_err(), None));
    let closed = Options { filterable: false, ..Options::new(Source::DocumentDb) };
    let filters = FilterCriteria::from_patterns([r#"{"event":{"operationType":["insert"]}}"#]);
    all.push(("documentdb: any filter".to_owned(), compile(&filters, &closed).unwrap_err(), None));

    for kind in ErrorKind::ALL {
        let has_sample = all.iter().any(|(_, errors, _)| errors.iter().any(|error| error.kind() == *kind));
        assert!(has_sample, "{kind:?} has no sample");
    }
    let mut text = String::new();
    for (title, errors, name) in &all {
        describe(&mut text, title, errors, *name);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/errors.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    for (ours, theirs) in text.lines().zip(golden.lines()) {
        assert_eq!(ours, theirs, "BLESS=1 rewrites tests/golden/errors.txt");
    }
    assert_eq!(text.len(), golden.len(), "BLESS=1 rewrites tests/golden/errors.txt");
}

#[test]
fn messages_are_lower_case_clauses() {
    for (dialect, pattern) in PATTERNS {
        for error in pattern_errors(*dialect, pattern).iter().flatten() {
            let message = error.to_string();
            assert!(!message.ends_with('.') && !message.contains('\n'), "{message}");
            assert!(!message.starts_with(|char: char| char.is_uppercase()) || message.starts_with("JSON"), "{message}");
        }
    }
}

/// What the texts on record are drawn from can be asked for.
#[test]
fn an_error_can_be_asked() {
    let patterns = ["{}", r#"{"a":["x"]}"#, r#"{"a":"x"}"#, "{"];
    let errors = compile(&FilterCriteria::from_patterns(patterns), &options(Dialect::Lambda)).unwrap_err();
    let filters: Vec<Option<usize>> = errors.iter().map(CompileError::filter).collect();
    assert_eq!((errors.len(), filters), (3, vec![Some(0), Some(2), Some(3)]));
    let bare = errors.iter().nth(1).unwrap();
    assert_eq!((bare.span(), bare.help()), (Some(5..8), Some("write [\"x\"]")));
    assert_eq!(bare.to_string(), bare.message());
    assert_eq!(bare.lambda_message(), Some("Invalid filter pattern definition."));
    let source = std::error::Error::source(&errors).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some(errors.first().message()));

    let warned = Options { strict: false, ..Options::new(Source::Sqs) };
    let rule = PayloadRule { key: "body", mismatch: Mismatch::Drop, plain: true };
    let metadata = FilterCriteria::from_patterns([r#"{"messageId":["1"]}"#]);
    let warned = compile(&metadata, &Options { payload: Some(rule), ..warned }).unwrap();
    assert_eq!(warned.warnings.iter().map(CompileError::lambda_message).collect::<Vec<_>>(), [None]);
    let criteria = FilterCriteria::from_json("[").unwrap_err();
    assert_eq!(criteria.first().lambda_message(), None);
    let long = FilterCriteria::from_patterns([format!("{{\"a\":[\"{}\"]}}", "x".repeat(5_000))]);
    assert_eq!(compile(&long, &options(Dialect::Lambda)).unwrap_err().first().lambda_message(), None);
}

#[test]
fn codes_are_unique() {
    let mut codes: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), ErrorKind::ALL.len());
}
