//! Whatever comes in, an answer comes out: bytes as records, texts as criteria.

use std::sync::LazyLock;

use eventsieve::{
    Batch, Checks, CompileError, CompileErrors, Dialect, FilterCriteria, FrontEnd, Program, Sieve, Source, Verdict,
};
use proptest::prelude::*;

/// A criteria that looks at the keys which [`record_piece`] brings, with every kind of test.
static SIEVE: LazyLock<Sieve<'static>> = LazyLock::new(|| {
    let criteria = FilterCriteria::from_patterns([
        r#"{"a":["x",1.5,null,{"prefix":"é"}],"b":{"c":[true],"d":[{"exists":false}]}}"#,
        r#"{"b":{"c":[{"anything-but":["x"]}],"d":[{"numeric":[">",0]},{"suffix":"?"}]}}"#,
        r#"{"$or":[{"a":[{"wildcard":"*x*"}]},{"b":["x"],"b.c":[{"equals-ignore-case":"É"}]}]}"#,
        r#"{"a":[{"cidr":"10.0.0.0/8"},{"cidr":"::/0"},"\ud83d",1e400]}"#,
        r#"{"a":[{"exists":false}]}"#,
    ]);
    Sieve::builder(Source::Raw).checks(Checks::Every).compile(&criteria).expect("the patterns are valid")
});

/// Records that the damaged ones are made from.
const RECORDS: [&str; 3] = [
    r#"{"a":["x","é?",10.5e-1,-0],"b":[{"c":true,"d":[]},{"c":"\u00c9","d":1e400}],"b.c":null}"#,
    "{ \"\\u0061\" : \"\\ud83d\\ude00 \\ud83d\" ,\r\n\t\"b\":{\"c\":[[true],{\"d\":\"10.1.2.3\"}]},\"z\":{\"a\":[1,2,{}]} }\n",
    r#"{"z":"ä\"\\\/\b\f\n\r\t","zz":[123456789012345678901234567890,1E+2,0.0],"a":"::1","b":"x","b":{"c":"é"}}"#,
];

/// Holds everything that is promised for one record.
fn judge_record(record: &[u8]) -> Verdict {
    let mut found = None;
    for front_end in [FrontEnd::Index, FrontEnd::Tape, FrontEnd::Text] {
        let sieve = SIEVE.clone().with_front_end(front_end).with_checks(Checks::Every);
        // Between two others, whose answers are known.
        let records = [b"{}", record, br#"{"a":"-"}"#];
        let mut scratch = sieve.scratch();
        let outcome = sieve.evaluate_sets(&mut scratch, &Batch::from_slices(&records)).expect("its scratch");
        let [before, verdict, after] = *outcome.verdicts() else { panic!("three records, three verdicts") };
        assert_eq!((before, after), (Verdict::Match, Verdict::NoMatch));
        let filters: Vec<usize> = outcome.filters(1).iter().collect();
        assert_eq!(verdict == Verdict::Match, !filters.is_empty());
        assert_eq!(verdict == Verdict::Malformed, sieve.check(record).is_err());
        if let Err(malformed) = sieve.check(record) {
            assert!(malformed.offset() <= record.len() && !malformed.to_string().is_empty());
        }
        assert_eq!(found.get_or_insert((verdict, filters.clone())), &(verdict, filters), "front ends differ");
    }
    found.expect("both front ends were asked").0
}

/// Holds everything that is promised for one criteria. Answers whether it is valid.
fn judge_criteria(text: &str, source: Source, dialect: Dialect) -> bool {
    let criteria = match FilterCriteria::from_json(text) {
        Ok(criteria) => criteria,
        Err(errors) => {
            judge_errors(&errors, text, None);
            return false;
        }
    };
    match Sieve::builder(source).dialect(dialect).compile(&criteria) {
        Ok(sieve) => {
            sieve.warnings().iter().for_each(|warning| judge_error(warning, text, Some(&criteria)));
            let program = sieve.program();
            let again = Program::from_bytes(program.as_bytes()).expect("what the compiler writes is a program");
            assert!(program == &again && !program.disasm().is_empty());
            let sieve = Sieve::from_program(again);
            let records = RECORDS.map(str::as_bytes);
            sieve.evaluate(&mut sieve.scratch(), &Batch::from_slices(&records)).expect("its scratch");
            true
        }
        Err(errors) => {
            judge_errors(&errors, text, Some(&criteria));
            false
        }
    }
}

fn judge_errors(errors: &CompileErrors, text: &str, criteria: Option<&FilterCriteria>) {
    assert!(errors.iter().next().is_some() && !errors.to_string().is_empty());
    assert!(!errors.render(Some("criteria.json")).is_empty() && !errors.aws_message().is_empty());
    errors.iter().for_each(|error| judge_error(error, text, criteria));
}

fn judge_error(error: &CompileError, text: &str, criteria: Option<&FilterCriteria>) {
    assert!(!error.to_string().is_empty() && !error.render(None).is_empty() && !error.aws_message().is_empty());
    if let Some(span) = error.outer_span() {
        assert!(text.get(span.clone()).is_some(), "{span:?} of the criteria does not lie on characters");
    }
    if let (Some(span), Some(filter)) = (error.span(), error.filter()) {
        let pattern = criteria.and_then(|criteria| criteria.patterns().nth(filter)).expect("the filter exists");
        assert!(pattern.get(span.clone()).is_some(), "{span:?} of filter {filter} does not lie on characters");
    }
}

/// Bytes that meet the grammar of records often enough.
fn record_piece() -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(vec![
        b"{".as_slice(),
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b"\"a\"",
        b"\"b\"",
        b"\"c\":",
        b"\"d\"",
        b"\"b.c\"",
        b"\"x\"",
        b"\"",
        b"\\",
        b"\"\\u0061\"",
        b"\\ud83d",
        b"\\ude00",
        b"\"\\ud83d\"",
        b"1",
        b"-0",
        b"1.5",
        b"15e-1",
        b"1e400",
        b"01",
        b"-",
        b".",
        b"true",
        b"false",
        b"null",
        b"nul",
        b" ",
        b"\n",
        b"\t",
        b"\0",
        b"\x1f",
        b"\x7f",
        b"\xff",
        b"\xc3",
        b"\xa9",
        b"\xed\xa0\xbd",
        b"\xf0\x9f\x98\x80",
        b"\xef\xbb\xbf",
        b"{\"a\":",
        b"{\"b\":{\"c\":",
        b"]}",
        b"\"10.1.2.3\"",
        b"\"\"",
    ])
}

/// Text that meets the grammar of criteria often enough.
fn criteria_piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"a\"",
        "\"é\"",
        "\"a.b\"",
        "\"\"",
        "\"body\"",
        "\"data\"",
        "\"$or\"",
        "\"prefix\"",
        "\"suffix\"",
        "\"equals-ignore-case\"",
        "\"wildcard\"",
        "\"numeric\"",
        "\"exists\"",
        "\"cidr\"",
        "\"anything-but\"",
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
        "\"*a\\\\*\"",
        "\"10.0.0.0/8\"",
        "\"\\ud83d\"",
        "\"😀",
        "\\",
        "'",
        "tru",
        "-",
        " ",
        "\n",
        "\u{1}",
        "\u{feff}",
        "/",
        "{\"a\":[",
        "]}",
        "{\"a\":[{\"",
        "\":",
        "\"}]}",
        "\\u00e9",
        "{\"$or\":[{\"a\":[1]},",
    ])
}

/// The text as a JSON string, some characters of it as escapes.
fn quote(text: &str, escape: &[bool]) -> String {
    let mut quoted = String::from("\"");
    for (char, escape) in text.chars().zip(escape.iter().cycle()) {
        match char {
            '"' | '\\' if !escape => quoted.extend(['\\', char]),
            _ if *escape || char < ' ' || char == '"' || char == '\\' => {
                let mut units = [0; 2];
                char.encode_utf16(&mut units).iter().for_each(|unit| quoted.push_str(&format!("\\u{unit:04x}")));
            }
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

fn source() -> impl Strategy<Value = Source> {
    prop::sample::select(Source::ALL)
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(Dialect::ALL)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        judge_record(&bytes);
    }

    #[test]
    fn any_likely_bytes_are_judged(pieces in prop::collection::vec(record_piece(), 0..24)) {
        judge_record(&pieces.concat());
    }

    #[test]
    fn a_damaged_record_is_judged(
        (which, at, cut) in (0..RECORDS.len(), 0..200_usize, 0..4_usize),
        pieces in prop::collection::vec(record_piece(), 0..3),
    ) {
        let record = RECORDS[which].as_bytes();
        let at = at % record.len();
        let damaged = [&record[..at], &pieces.concat(), &record[(at + cut).min(record.len())..]].concat();
        judge_record(&damaged);
        judge_record(&damaged[..damaged.len() - at.min(damaged.len())]);
    }

    #[test]
    fn any_value_at_any_place_is_judged(value in "[^\\x00-\\x1f\"\\\\]{0,12}", number in any::<f64>(), levels in 0..5_usize) {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        let number = if number.is_finite() { format!("{number:e}") } else { "0".to_owned() };
        let record = format!("{{\"a\":{open}\"{value}\"{close},\"b\":{open}{{\"c\":{number},\"d\":\"{value}?\"}}{close}}}");
        prop_assert_ne!(judge_record(record.as_bytes()), Verdict::Malformed);
    }

    #[test]
    fn any_text_is_judged_as_criteria(text in any::<String>(), source in source(), dialect in dialect()) {
        judge_criteria(&text, source, dialect);
        judge_criteria(&format!("[{}]", quote(&text, &[false])), source, dialect);
    }

    #[test]
    fn any_likely_text_is_judged_as_criteria(
        pieces in prop::collection::vec(criteria_piece(), 0..20),
        escape in prop::collection::vec(any::<bool>(), 1..7),
        (source, dialect) in (source(), dialect()),
    ) {
        let text = pieces.concat();
        judge_criteria(&text, source, dialect);
        judge_criteria(&format!("{{\"Filters\":[{{\"Pattern\":{}}}]}}", quote(&text, &escape)), source, dialect);
    }

    #[test]
    fn a_damaged_criteria_is_judged(
        (at, cut) in (0..600_usize, 0..12_usize),
        pieces in prop::collection::vec(criteria_piece(), 0..4),
        escape in prop::collection::vec(any::<bool>(), 1..7),
        (source, dialect) in (source(), dialect()),
    ) {
        let whole = r#"{"detail":{"é":["a",1.5,null,{"prefix":{"equals-ignore-case":"É"}},{"numeric":[">",0,"<=",5]}],
            "$or":[{"b":[{"anything-but":{"wildcard":["*x","y*"]}}]},{"c":[{"exists":false}]}],
            "ip":[{"cidr":"10.0.0.0/8"},{"anything-but":[1,2]},{"suffix":"😀"}]},"body":{"a":[true]},"data":["x"]}"#;
        prop_assert!(judge_criteria(whole, Source::Raw, Dialect::EventBridge));
        let boundary = |at: usize| (0..=at.min(whole.len())).rev().find(|&at| whole.is_char_boundary(at)).unwrap_or(0);
        let (from, to) = (boundary(at), boundary(at + cut));
        let damaged = format!("{}{}{}", &whole[..from], pieces.concat(), &whole[to..]);
        judge_criteria(&damaged, source, dialect);
        judge_criteria(&format!("{{\"Filters\":[{{\"Pattern\":{}}}]}}", quote(&damaged, &escape)), source, dialect);
    }
}
