//! Filter criteria: ordered patterns, and where each of them stood in the text they were read from.
//!
//! Three shapes of text are read: AWS's own (`{"Filters":[{"Pattern":"…"}]}`, patterns as text or as
//! objects), a list of patterns, and one pattern. An object with a `Filters` key is always taken for the
//! first. Patterns are not looked into here; that is [`crate::parse`]'s part.

use std::ops::Range;
use std::sync::Arc;

use eventsieve_program::format::FILTERS;
use eventsieve_program::text;

use crate::error::{CompileError, CompileErrors, Diagnostics, ErrorKind, order, single};
use crate::json::{Document, Kind, readable};
use crate::options::{Limits, Options};

/// Ordered filters, of which one must match. None at all lets everything pass.
///
/// ```
/// # use eventsieve_compiler::FilterCriteria;
/// let criteria = FilterCriteria::from_json(r#"{"Filters":[{"Pattern":"{\"a\":[\"x\"]}"}]}"#)?;
/// assert_eq!(criteria.patterns().collect::<Vec<_>>(), [r#"{"a":["x"]}"#]);
/// # Ok::<(), eventsieve_compiler::CompileErrors>(())
/// ```
#[derive(Debug, Clone)]
pub struct FilterCriteria {
    sources: Arc<Sources>,
}

impl FilterCriteria {
    /// Reads AWS's criteria object, a list of patterns or one pattern.
    ///
    /// `{}`, `{"Filters":[]}` and `{"Filters":null}` are criteria without filters. In a list, an object
    /// whose only key is `Pattern` with a string is a filter, not a pattern. The patterns themselves are
    /// only checked when they are compiled.
    ///
    /// # Errors
    /// If the text is no JSON, or has none of the three shapes, or a filter has no pattern.
    pub fn from_json(text: &str) -> Result<FilterCriteria, CompileErrors> {
        let outer = Arc::<str>::from(text);
        let document = Document::read(text, &Limits::none());
        match filters(&document) {
            Ok(patterns) => Ok(FilterCriteria { sources: Arc::new(Sources { outer: Some(outer), patterns }) }),
            Err(error) => {
                let sources = Arc::new(Sources { outer: Some(outer), patterns: Vec::new() });
                Err(single(*error, &sources))
            }
        }
    }

    /// Filters from pattern texts.
    pub fn from_patterns(patterns: impl IntoIterator<Item = impl Into<String>>) -> FilterCriteria {
        let patterns = patterns.into_iter().map(|text| PatternSource { text: text.into(), runs: Vec::new() }).collect();
        FilterCriteria { sources: Arc::new(Sources { outer: None, patterns }) }
    }

    /// How many filters there are.
    pub fn len(&self) -> usize {
        self.sources.patterns.len()
    }

    /// Whether there is no filter, so that everything passes.
    pub fn is_empty(&self) -> bool {
        self.sources.patterns.is_empty()
    }

    /// The pattern texts, in order.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.sources.patterns.iter().map(|pattern| pattern.text.as_str())
    }

    /// The text the criteria was read from, if it was read from one.
    pub fn text(&self) -> Option<&str> {
        self.sources.text()
    }

    pub(crate) fn sources(&self) -> &Arc<Sources> {
        &self.sources
    }
}

/// Refuses more or longer patterns than the limits allow.
pub(crate) fn check_limits(criteria: &FilterCriteria, options: &Options, out: &mut Diagnostics) {
    let limit = options.limits.filters.unwrap_or(usize::MAX).min(FILTERS as usize);
    let filter_len = criteria.len();
    if filter_len > limit {
        let message = format!("{filter_len} filters; the limit is {limit}");
        out.push(CompileError::new(ErrorKind::TooManyFilters, message).with_order(order::FIRST));
    }
    if let Some(limit) = options.limits.pattern_chars {
        for (filter, pattern) in criteria.patterns().enumerate() {
            let char_len = pattern.chars().count();
            if char_len > limit {
                let message = format!("a pattern of {char_len} characters; the limit is {limit}");
                let beyond = pattern.char_indices().nth(limit).map_or(0, |(at, _)| at);
                out.push(
                    CompileError::new(ErrorKind::PatternTooLong, message)
                        .in_filter(filter, Some(beyond..pattern.len()))
                        .with_order(order::FIRST),
                );
            }
        }
    }
}

/// The texts that spans point into.
#[derive(Debug)]
pub(crate) struct Sources {
    outer: Option<Arc<str>>,
    patterns: Vec<PatternSource>,
}

impl Sources {
    pub(crate) fn text(&self) -> Option<&str> {
        self.outer.as_deref()
    }

    pub(crate) fn pattern(&self, filter: usize) -> Option<&str> {
        Some(self.patterns.get(filter)?.text.as_str())
    }

    /// Where a span of a pattern lies in the outer text.
    pub(crate) fn outer_span(&self, filter: usize, span: Range<usize>) -> Option<Range<usize>> {
        let pattern = self.patterns.get(filter)?;
        self.outer.as_ref()?;
        Some(pattern.outer_offset(span.start)?..pattern.outer_offset(span.end)?)
    }
}

#[derive(Debug)]
struct PatternSource {
    text: String,
    /// Stretches of equal bytes in pattern and outer text, ascending; the end of the pattern is the last.
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    pattern: usize,
    outer: usize,
}

impl PatternSource {
    fn outer_offset(&self, at: usize) -> Option<usize> {
        let next = self.runs.partition_point(|run| run.pattern <= at);
        let run = self.runs.get(next.checked_sub(1)?)?;
        let offset = run.outer + (at - run.pattern);
        // Inside what an escape stands for there is no finer place than the escape.
        Some(match self.runs.get(next) {
            Some(following) => offset.min(following.outer),
            None => offset.min(run.outer),
        })
    }
}

type Filters = Result<Vec<PatternSource>, Box<CompileError>>;

fn filters(document: &Document<'_>) -> Filters {
    if let Some(fault) = &document.fault {
        let error = CompileError::new(ErrorKind::CriteriaSyntax, fault.message.clone())
            .with_reason(fault.reason.clone())
            .in_criteria(fault.span.clone());
        return Err(Box::new(error));
    }
    if let Some(span) = document.trailing() {
        let message = "nothing may follow the criteria";
        return Err(Box::new(CompileError::new(ErrorKind::CriteriaSyntax, message).in_criteria(span)));
    }
    match document.kind(0) {
        Some(Kind::ObjectStart) if document.kind(1) == Some(Kind::ObjectEnd) => Ok(Vec::new()),
        Some(Kind::ObjectStart) => match member(document, 0, b"Filters") {
            Some(list) => {
                only_member(document, 0, "Filters")?;
                aws_filters(document, list)
            }
            None => Ok(vec![object_pattern(document, 0)]),
        },
        Some(Kind::ListStart) => {
            items(document, 0).enumerate().map(|(filter, at)| listed(document, filter, at)).collect()
        }
        _ => {
            let message = "a criteria is an object with \"Filters\", a list of patterns, or a pattern";
            Err(shape(document, 0, message))
        }
    }
}

fn shape(document: &Document<'_>, at: usize, message: &str) -> Box<CompileError> {
    Box::new(CompileError::new(ErrorKind::CriteriaShape, message).in_criteria(document.value_span(at)))
}

/// The list under `Filters`.
fn aws_filters(document: &Document<'_>, list: usize) -> Filters {
    match document.kind(list) {
        Some(Kind::Null) => Ok(Vec::new()),
        Some(Kind::ListStart) => items(document, list)
            .enumerate()
            .map(|(filter, at)| match document.kind(at) {
                Some(Kind::ObjectStart) => filter_pattern(document, filter, at),
                _ => Err(shape(document, at, "a filter is an object with \"Pattern\"")),
            })
            .collect(),
        _ => Err(shape(document, list, "\"Filters\" must be a list")),
    }
}

/// The pattern of one `{"Pattern": …}`.
fn filter_pattern(document: &Document<'_>, filter: usize, at: usize) -> Result<PatternSource, Box<CompileError>> {
    let pattern = member(document, at, b"Pattern").filter(|&pattern| document.kind(pattern) != Some(Kind::Null));
    let Some(pattern) = pattern else {
        let error = CompileError::new(ErrorKind::MissingPattern, "a filter needs a \"Pattern\"")
            .in_filter(filter, None)
            .in_criteria(document.value_span(at))
            .with_help("to let everything pass, leave the filters out".to_owned());
        return Err(Box::new(error));
    };
    only_member(document, at, "Pattern")?;
    match document.kind(pattern) {
        Some(Kind::Str) => Ok(text_pattern(document, pattern)),
        Some(Kind::ObjectStart) => Ok(object_pattern(document, pattern)),
        _ => Err(shape(document, pattern, "\"Pattern\" must be the text of a pattern, or a pattern")),
    }
}

/// One element of a list of patterns.
fn listed(document: &Document<'_>, filter: usize, at: usize) -> Result<PatternSource, Box<CompileError>> {
    match document.kind(at) {
        Some(Kind::Str) => Ok(text_pattern(document, at)),
        Some(Kind::ObjectStart) => {
            let is_filter = document.kind(at + 1) == Some(Kind::Key)
                && document.decoded(at + 1) == b"Pattern"
                && document.kind(at + 2) == Some(Kind::Str)
                && document.kind(at + 3) == Some(Kind::ObjectEnd);
            if is_filter { filter_pattern(document, filter, at) } else { Ok(object_pattern(document, at)) }
        }
        _ => Err(shape(document, at, "a list of patterns holds texts or objects")),
    }
}

/// The tokens at which the items of a list begin.
fn items(document: &Document<'_>, list: usize) -> impl Iterator<Item = usize> {
    let mut at = list + 1;
    std::iter::from_fn(move || {
        let item = at;
        at = document.after(item);
        (document.kind(item)? != Kind::ListEnd).then_some(item)
    })
}

/// The tokens of the keys of an object.
fn keys(document: &Document<'_>, object: usize) -> impl Iterator<Item = usize> {
    let mut at = object + 1;
    std::iter::from_fn(move || {
        let key = at;
        at = document.after(key + 1);
        (document.kind(key)? == Kind::Key).then_some(key)
    })
}

/// The value of a key; of the last, where it is repeated.
fn member(document: &Document<'_>, object: usize, name: &[u8]) -> Option<usize> {
    keys(document, object).filter(|&key| document.decoded(key) == name).last().map(|key| key + 1)
}

fn only_member(document: &Document<'_>, object: usize, name: &str) -> Result<(), Box<CompileError>> {
    match keys(document, object).find(|&key| document.decoded(key) != name.as_bytes()) {
        Some(key) => {
            let other = crate::draw::quoted(&readable(&document.decoded(key)));
            let message = format!("{other} cannot stand beside {name:?}");
            let error = CompileError::new(ErrorKind::CriteriaShape, message).in_criteria(document.span(key));
            Err(Box::new(error))
        }
        None => Ok(()),
    }
}

fn object_pattern(document: &Document<'_>, at: usize) -> PatternSource {
    let span = document.value_span(at);
    let text = document.text[span.clone()].to_owned();
    let runs = vec![Run { pattern: 0, outer: span.start }, Run { pattern: text.len(), outer: span.end }];
    PatternSource { text, runs }
}

/// A pattern that stands as text inside a JSON string.
fn text_pattern(document: &Document<'_>, at: usize) -> PatternSource {
    let raw = document.raw(at);
    let start = document.span(at).start + 1;
    let mut pattern = Vec::new();
    let mut runs = Vec::new();
    let mut from = 0;
    while from < raw.len() {
        runs.push(Run { pattern: pattern.len(), outer: start + from });
        let escape = raw[from..].find('\\').map_or(raw.len(), |ahead| from + ahead);
        pattern.extend_from_slice(&raw.as_bytes()[from..escape]);
        if escape == raw.len() {
            break;
        }
        if escape > from {
            runs.push(Run { pattern: pattern.len(), outer: start + escape });
        }
        from = escape_end(raw, escape);
        let before = pattern.len();
        let escaped = &raw.as_bytes()[escape..from];
        let read = text::unescape_into(escaped, &mut pattern);
        // Half of a surrogate pair cannot stand in a text, but its escape can, and means the same there.
        if !read.is_ok_and(|read| !read.lone_surrogate) {
            pattern.truncate(before);
            pattern.extend_from_slice(escaped);
        }
    }
    runs.push(Run { pattern: pattern.len(), outer: start + raw.len() });
    PatternSource { text: String::from_utf8(pattern).unwrap_or_default(), runs }
}

/// Where the escape at `at` ends; two that make one character count as one.
fn escape_end(raw: &str, at: usize) -> usize {
    let unit = |at: usize| {
        let digits = raw.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    match (unit(at), unit(at + 6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at + 12,
        (Some(_), _) => at + 6,
        (None, _) => at + 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        FilterCriteria::from_json(text).unwrap().patterns().map(str::to_owned).collect()
    }

    fn refused(text: &str) -> (ErrorKind, String) {
        let errors = FilterCriteria::from_json(text).unwrap_err();
        let error = errors.first();
        (error.kind(), text[error.outer_span().unwrap()].to_owned())
    }

    #[test]
    fn the_text_is_kept_where_there_was_one() {
        let text = r#"{"Filters": []}"#;
        assert_eq!(FilterCriteria::from_json(text).unwrap().text(), Some(text));
        assert_eq!(FilterCriteria::from_patterns([r#"{"a":["x"]}"#]).text(), None);
    }

    #[test]
    fn every_shape_is_read() {
        let one = r#"{"a":["x"]}"#;
        let quoted = r#""{\"a\":[\"x\"]}""#;
        for text in [
            format!(r#"{{"Filters":[{{"Pattern":{quoted}}}]}}"#),
            format!(r#"{{"Filters":[{{"Pattern":{one}}}]}}"#),
            format!(r#"{{"Filters":[],"Filters":[{{"Pattern":1,"Pattern":{quoted}}}]}}"#),
            format!("[{quoted}]"),
            format!("[{one}]"),
            format!(r#"[{{"Pattern":{quoted}}}]"#),
            format!(" {one}\n"),
        ] {
            assert_eq!(read(&text), [one], "{text}");
        }
        assert_eq!(read(&format!("[{one},{quoted}]")), [one, one]);
        assert_eq!(read(r#"[{"Pattern":["x"]}]"#), [r#"{"Pattern":["x"]}"#]);
        for text in ["{}", r#"{"Filters":[]}"#, r#"{"Filters":null}"#, "[]"] {
            assert!(read(text).is_empty(), "{text}");
        }
        assert_eq!(read(r#"{"Filters":[{"Pattern":""}]}"#), [""]);
    }

    #[test]
    fn other_shapes_are_refused_where_they_go_wrong() {
        for (text, kind, at) in [
            ("", ErrorKind::CriteriaShape, ""),
            ("1", ErrorKind::CriteriaShape, "1"),
            (r#"{"Filters":{}}"#, ErrorKind::CriteriaShape, "{}"),
            (r#"{"Filters":["x"]}"#, ErrorKind::CriteriaShape, "\"x\""),
            (r#"{"Filters":[{}]}"#, ErrorKind::MissingPattern, "{}"),
            (r#"{"Filters":[{"Pattern":null}]}"#, ErrorKind::MissingPattern, "{\"Pattern\":null}"),
            (r#"{"Filters":[{"Pattern":[]}]}"#, ErrorKind::CriteriaShape, "[]"),
            (r#"{"Filters":[{"Pattern":"{}","Name":"n"}]}"#, ErrorKind::CriteriaShape, "\"Name\""),
            (r#"{"Filters":[],"x":1}"#, ErrorKind::CriteriaShape, "\"x\""),
            ("[1]", ErrorKind::CriteriaShape, "1"),
            ("{} x", ErrorKind::CriteriaSyntax, "x"),
            (r#"{"Filters":[}"#, ErrorKind::CriteriaSyntax, "}"),
        ] {
            assert_eq!(refused(text), (kind, at.to_owned()), "{text}");
        }
    }

    #[test]
    fn spans_find_their_way_through_escapes() {
        let text = r#"{"Filters":[{"Pattern":"{\"é\":\t[\"\u00e9\\u00e9\ud83d\ude00\"]}"}]}"#;
        let criteria = FilterCriteria::from_json(text).unwrap();
        let pattern = criteria.patterns().next().unwrap().to_owned();
        assert_eq!(pattern, "{\"é\":\t[\"é\\u00e9😀\"]}");
        let outer = |part: &str| {
            let start = pattern.find(part).unwrap();
            let span = criteria.sources().outer_span(0, start..start + part.len()).unwrap();
            text[span].to_owned()
        };
        assert_eq!(outer("{"), "{");
        assert_eq!(outer("\"é\":"), r#"\"é\":"#);
        assert_eq!(outer("\t"), r"\t");
        assert_eq!(outer("é\\u00e9"), r"\u00e9\\u00e9");
        assert_eq!(outer("😀"), r"\ud83d\ude00");
        assert_eq!(outer("]}"), "]}");
        let end = criteria.sources().outer_span(0, pattern.len()..pattern.len()).unwrap();
        assert_eq!(&text[end.start..end.start + 1], "\"");
    }

    #[test]
    fn half_a_pair_stays_an_escape() {
        assert_eq!(read(r#"["{\"a\":[\"\ud83d\"]}"]"#), [r#"{"a":["\ud83d"]}"#]);
    }
}
