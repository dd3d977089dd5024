//! Text to cases: find the rows, then judge each by its shape.

use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{CaseError, CaseErrorKind};
use crate::model::{Case, CaseFile, Expect, MappingCase, OtherRow, PatternCase, Place, Records};

impl CaseFile {
    /// Reads a case file from disk.
    ///
    /// # Errors
    /// When the file cannot be read, is not UTF-8, or is not a case file (see [`CaseFile::parse`]).
    pub fn read(path: impl AsRef<Path>) -> Result<Self, CaseError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| CaseError::new(&name, None, CaseErrorKind::Io, error.to_string()).caused_by(error))?;
        Self::parse(&name, &text)
    }

    /// Reads a case file from text. `name` is used in errors, and its ending (`.yaml`, `.yml`) says that it is YAML.
    ///
    /// # Errors
    /// The first row that is not JSON, not an object, or has the shape of a case but says something impossible.
    pub fn parse(name: &str, text: &str) -> Result<Self, CaseError> {
        // Windows editors put a byte order mark in front; nobody means it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let cases = match Spelling::of(name, text) {
            Spelling::Lines => read_lines(name, text),
            Spelling::JsonList => read_json_list(name, text),
            Spelling::Yaml => read_yaml_list(name, text),
        }?;
        Ok(Self { name: name.to_owned(), cases })
    }
}

/// How the rows of a file are written.
enum Spelling {
    Lines,
    JsonList,
    Yaml,
}

impl Spelling {
    fn of(name: &str, text: &str) -> Self {
        let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml") {
            return Self::Yaml;
        }
        // The first line that says something decides. An NDJSON file may be empty.
        match text.lines().map(str::trim_start).find(|line| !is_skipped(line)) {
            None => Self::Lines,
            Some(line) if line.starts_with('[') => Self::JsonList,
            Some(line) if line.starts_with('-') || line.starts_with('#') || line.starts_with('%') => Self::Yaml,
            Some(_) => Self::Lines,
        }
    }
}

fn is_skipped(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with("//")
}

fn read_lines(name: &str, text: &str) -> Result<Vec<Case>, CaseError> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !is_skipped(line))
        .map(|(index, line)| read_row(name, Place::Line(index + 1), line))
        .collect()
}

fn read_json_list(name: &str, text: &str) -> Result<Vec<Case>, CaseError> {
    // Comment lines may stand before the list. They are counted, so that places stay true.
    let skipped: usize = text.split_inclusive('\n').take_while(|line| is_skipped(line)).map(str::len).sum();
    let line_of = |offset: usize| 1 + text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count();
    let rows: Vec<&RawValue> = serde_json::from_str(&text[skipped..]).map_err(|error| {
        let line = line_of(skipped) + error.line().saturating_sub(1);
        CaseError::new(name, Some(Place::Line(line)), CaseErrorKind::Syntax, without_place(&error)).caused_by(error)
    })?;
    rows.into_iter()
        .map(|row| {
            // The rows borrow from the text, so their distance from its start is their offset.
            let offset = (row.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
            read_row(name, Place::Line(line_of(offset)), row.get())
        })
        .collect()
}

fn read_yaml_list(name: &str, text: &str) -> Result<Vec<Case>, CaseError> {
    // Not `serde_json::Value`: it would sort the keys, and the order of keys around an `$or` is part of a pattern's meaning.
    let rows: Vec<yaml_serde::Value> = yaml_serde::from_str(text).map_err(|error| {
        let place = error.location().map(|location| Place::Line(location.line()));
        CaseError::new(name, place, CaseErrorKind::Syntax, error.to_string()).caused_by(error)
    })?;
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            let place = Place::Item(index + 1);
            let row = serde_json::to_string(row).map_err(|error| {
                CaseError::new(name, Some(place), CaseErrorKind::Shape, error.to_string()).caused_by(error)
            })?;
            read_row(name, place, &row)
        })
        .collect()
}

/// The fields we know, unread: what they must hold depends on the shape of the row.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    dialect: Option<String>,
    #[serde(default)]
    aws_message: Option<String>,
    #[serde(default, borrow)]
    pattern: Option<&'a RawValue>,
    #[serde(default, borrow)]
    event: Option<&'a RawValue>,
    #[serde(default, borrow)]
    filter_criteria: Option<&'a RawValue>,
    #[serde(default, borrow)]
    records: Option<&'a RawValue>,
    #[serde(default, borrow)]
    expect: Option<&'a RawValue>,
}

fn read_row(file: &str, place: Place, text: &str) -> Result<Case, CaseError> {
    let wrong = |message: String| CaseError::new(file, Some(place), CaseErrorKind::Shape, message);
    if !text.trim_start().starts_with('{') {
        return Err(wrong("a case is a JSON object".to_owned()));
    }
    let row: Row<'_> = serde_json::from_str(text).map_err(|error| {
        // A place inside the row helps in a long line; the line itself is already named.
        let message = format!("{} (column {})", without_place(&error), error.column());
        let kind = if error.is_data() { CaseErrorKind::Shape } else { CaseErrorKind::Syntax };
        CaseError::new(file, Some(place), kind, message).caused_by(error)
    })?;
    let name = row.name.clone().unwrap_or_else(|| place.to_string());
    let other = |reason: &str| Case::Other(OtherRow { name: name.clone(), place, reason: reason.to_owned() });

    let Some(expect) = row.expect else {
        return Ok(other("it has no expectation"));
    };
    if let Some(pattern) = row.pattern {
        let word: String = serde_json::from_str(expect.get())
            .map_err(|_| wrong(format!("expectation of a pattern case is a word, not {}", expect.get())))?;
        let expect = Expect::from_word(&word).ok_or_else(|| {
            wrong(format!("unknown expectation {word:?}; it is one of match, no-match, invalid-pattern, invalid-event"))
        })?;
        return Ok(Case::Pattern(PatternCase {
            pattern: text_of("pattern", pattern).map_err(wrong)?,
            event: row.event.map(|event| text_of("event", event)).transpose().map_err(wrong)?,
            dialect: row.dialect.unwrap_or_else(|| "eventbridge".to_owned()),
            aws_message: row.aws_message,
            name,
            place,
            expect,
        }));
    }
    let (Some(criteria), Some(records)) = (row.filter_criteria, row.records) else {
        return Ok(other("it has neither a pattern nor filter criteria with records"));
    };
    if !expect.get().starts_with('[') {
        return Ok(other("its expectation is not a list of records"));
    }
    let expect: Vec<usize> = serde_json::from_str(expect.get())
        .map_err(|_| wrong(format!("expectation of a mapping case is a list of indices, not {}", expect.get())))?;
    let records = records_of(records).map_err(wrong)?;
    if let Records::List(list) = &records
        && let Some(index) = expect.iter().find(|index| **index >= list.len())
    {
        return Err(wrong(format!("expected record {index} does not exist; there are {}", list.len())));
    }
    Ok(Case::Mapping(MappingCase {
        source: row.source.ok_or_else(|| wrong("a mapping case names its source".to_owned()))?,
        dialect: row.dialect.unwrap_or_else(|| "lambda".to_owned()),
        filter_criteria: criteria.get().to_owned(),
        name,
        place,
        records,
        expect,
    }))
}

/// A text, or an object that stands for its JSON text.
fn text_of(field: &str, raw: &RawValue) -> Result<String, String> {
    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()).map_err(|error| format!("{field}: {}", without_place(&error))),
        Some(b'{') => Ok(raw.get().to_owned()),
        _ => Err(format!("{field} is a text or an object, not {}", raw.get())),
    }
}

fn records_of(raw: &RawValue) -> Result<Records, String> {
    match raw.get().as_bytes().first() {
        Some(b'{') => Ok(Records::Envelope(raw.get().to_owned())),
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|error| without_place(&error))?;
            Ok(Records::List(list.into_iter().map(|record| record.get().to_owned()).collect()))
        }
        _ => Err("records is a list or an envelope object".to_owned()),
    }
}

/// What serde_json says, less the place: ours is given with the file.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MATCH: &str = r#"{"name":"n","pattern":"{\"a\":[1]}","event":"{\"a\":1.0}","expect":"match"}"#;

    fn one(text: &str) -> Case {
        CaseFile::parse("f.ndjson", text).expect("a case file").cases.remove(0)
    }

    fn error(name: &str, text: &str) -> String {
        CaseFile::parse(name, text).expect_err("not a case file").to_string()
    }

    #[test]
    fn lines_skip_blanks_and_comments_and_keep_their_numbers() {
        let file = CaseFile::parse("f.ndjson", &format!("// first\n\n{MATCH}\r\n  // more\n{MATCH}\n")).unwrap();
        let places: Vec<_> = file.cases.iter().map(Case::place).collect();
        assert_eq!(places, [Place::Line(3), Place::Line(5)]);
    }

    #[test]
    fn pattern_case_keeps_its_texts_exactly() {
        let Case::Pattern(case) = one(r#"{"pattern":"{ bad","expect":"invalid-pattern","aws_message":"m","x":[1]}"#)
        else {
            panic!("a pattern case")
        };
        assert_eq!(case.pattern, "{ bad");
        assert_eq!((case.event, case.expect), (None, Expect::InvalidPattern));
        assert_eq!((case.dialect.as_str(), case.name.as_str()), ("eventbridge", "line 1"));
        assert_eq!(case.aws_message.as_deref(), Some("m"));
    }

    #[test]
    fn pattern_and_event_may_be_objects() {
        let Case::Pattern(case) = one(r#"{"pattern":{"a":[1.0]},"event":{"a": 1e0},"expect":"match"}"#) else {
            panic!("a pattern case")
        };
        assert_eq!(case.pattern, r#"{"a":[1.0]}"#);
        assert_eq!(case.event.as_deref(), Some(r#"{"a": 1e0}"#));
    }

    #[test]
    fn mapping_case_keeps_records_as_written() {
        let Case::Mapping(case) = one(
            r#"{"name":"m","source":"sqs","filter_criteria":{"Filters":[]},"records":[{"n": 1.50}, {}],"expect":[1]}"#,
        ) else {
            panic!("a mapping case")
        };
        assert_eq!(case.records, Records::List(vec![r#"{"n": 1.50}"#.into(), "{}".into()]));
        assert_eq!(case.filter_criteria, r#"{"Filters":[]}"#);
        assert_eq!((case.source.as_str(), case.dialect.as_str()), ("sqs", "lambda"));
        assert_eq!(case.expect, [1]);
    }

    #[test]
    fn records_may_be_an_envelope() {
        let Case::Mapping(case) =
            one(r#"{"source":"sqs","filter_criteria":{},"records":{"Records":[{},{}]},"expect":[0,1]}"#)
        else {
            panic!("a mapping case")
        };
        assert_eq!(case.records, Records::Envelope(r#"{"Records":[{},{}]}"#.into()));
    }

    #[test]
    fn rows_of_neither_shape_are_kept_with_the_reason() {
        for row in [
            r#"{"name":"quirk","pattern":"{}","event":"{}","ours":"match"}"#,
            r#"{"name":"api","filter_criteria":{},"records":[],"expect":null}"#,
            r#"{"name":"api","filter_criteria":{},"records":[],"expect":"all"}"#,
            r#"{"name":"template","template":"…","expect":"match"}"#,
        ] {
            let Case::Other(other) = one(row) else { panic!("no case: {row}") };
            assert!(!other.reason.is_empty());
        }
    }

    #[test]
    fn errors_name_file_and_line() {
        assert_eq!(
            error("f.ndjson", r#"{"pattern":"{}","expect":"mach"}"#),
            "f.ndjson: line 1: unknown expectation \"mach\"; it is one of match, no-match, invalid-pattern, invalid-event"
        );
        assert_eq!(
            error("f.ndjson", &format!("{MATCH}\n{{\"a\"")),
            "f.ndjson: line 2: EOF while parsing an object (column 4)"
        );
        assert_eq!(error("f.ndjson", "\n[1]x"), "f.ndjson: line 2: trailing characters");
        assert_eq!(
            error("f.ndjson", r#"{"source":"sqs","filter_criteria":{},"records":[{}],"expect":[1]}"#),
            "f.ndjson: line 1: expected record 1 does not exist; there are 1"
        );
        assert_eq!(error("f.ndjson", "7"), "f.ndjson: line 1: a case is a JSON object");
    }

    #[test]
    fn json_list_keeps_lines() {
        let file = CaseFile::parse("f.json", &format!("// note\n[\n  {MATCH},\n\n  {MATCH}\n]\n")).unwrap();
        let places: Vec<_> = file.cases.iter().map(Case::place).collect();
        assert_eq!(places, [Place::Line(3), Place::Line(5)]);
        assert_eq!(error("f.json", "[\n{},\n7\n]"), "f.json: line 3: a case is a JSON object");
        assert_eq!(error("f.json", "[\n{},\n{,\n]"), "f.json: line 3: key must be a string");
    }

    #[test]
    fn yaml_list_is_read() {
        let text = "- name: first\n  pattern: '{\"a\":[1]}'\n  event: |\n    {\"a\": 1}\n  expect: match\n\
                    - pattern:\n      b: [{prefix: x}]\n      a: [1.0]\n  expect: no-match\n";
        let file = CaseFile::parse("f.yaml", text).unwrap();
        let cases: Vec<_> = file.patterns().collect();
        assert_eq!((cases[0].name.as_str(), cases[0].event.as_deref()), ("first", Some("{\"a\": 1}\n")));
        assert_eq!(
            (cases[1].pattern.as_str(), cases[1].place),
            (r#"{"b":[{"prefix":"x"}],"a":[1.0]}"#, Place::Item(2))
        );
        assert!(error("f.yml", "- pattern: [\n").starts_with("f.yml: line 2: "));
        assert!(error("f.yml", "a: b\n").contains("sequence"));
    }

    #[test]
    fn file_that_is_not_there_is_named() {
        let error = CaseFile::read("no/such/file.ndjson").unwrap_err();
        assert_eq!((error.kind(), error.file()), (CaseErrorKind::Io, "no/such/file.ndjson"));
        assert!(std::error::Error::source(&error).is_some());
    }
}
