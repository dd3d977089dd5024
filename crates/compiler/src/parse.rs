//! Pattern text to tree, with everything that is wrong with it.
//!
//! The tokens of `json` are walked once, with a stack of open objects and `$or`s, so that depth
//! costs no stack of the machine. After an error the walk goes on behind the value that is wrong. Each
//! error carries the service's own text and the order in which the service would meet it; the operators
//! themselves are read in `expression`.

use std::collections::BTreeMap;

use eventsieve_program::addr::{AddrRange, parse_addr};
use eventsieve_program::number::comparable;

use crate::ast::{Except, Member, MemberValue, Object, Span, Test, TestKind, Text, Wildcard};
use crate::complexity;
use crate::draw::quoted;
use crate::error::{CompileError, Diagnostics, ErrorKind, order};
use crate::json::{Document, Kind, looked_at, readable};
use crate::operator::{Form, Operator, Standing, is_reserved};
use crate::options::Options;

/// Reads one pattern; its errors and warnings go to `out`.
///
/// The result is `None` exactly if an error was found in this pattern.
pub fn parse_pattern(text: &str, options: &Options, filter: usize, out: &mut Diagnostics) -> Option<Object> {
    let errors_before = out.error_len();
    let document = Document::read(text, &options.limits);
    let mut parser =
        Parser { document: &document, options, filter, out, at: 0, levels: Vec::new(), wildcards: BTreeMap::new() };
    let root = parser.root();
    parser.measure_wildcards();
    parser.report_fault();
    root.filter(|_| out.error_len() == errors_before)
}

/// An object or `$or` that is open.
enum Level {
    Object(OpenObject),
    Or(OpenOr),
}

struct OpenObject {
    /// The token that opens it.
    start: usize,
    members: Vec<Member>,
    is_empty: bool,
    /// Whether it is an alternative of a `$or` or lies in one.
    in_or: bool,
    /// The key whose value is being read; `None` before the first and for objects in a `$or`.
    key: Option<usize>,
}

struct OpenOr {
    start: usize,
    alternatives: Vec<Object>,
    item_len: usize,
}

pub(crate) struct Parser<'p> {
    pub(crate) document: &'p Document<'p>,
    options: &'p Options,
    filter: usize,
    out: &'p mut Diagnostics,
    /// The next token.
    at: usize,
    levels: Vec<Level>,
    /// The fields with wildcards, by path.
    wildcards: BTreeMap<Text, Vec<WildcardField>>,
}

/// The wildcards of one field.
struct WildcardField {
    /// The alternatives it lies in, outermost first, each by the token it begins with.
    alternatives: Vec<usize>,
    /// One item a test.
    tests: Vec<Vec<Wildcard>>,
    /// The last of the tests.
    span: Span,
}

impl Parser<'_> {
    fn root(&mut self) -> Option<Object> {
        match self.document.kind(0) {
            Some(Kind::ObjectStart) => self.open_object(0, false),
            None if self.document.fault.is_some() => return None,
            found => {
                let message = match found {
                    None => "an empty pattern; the least is an object with a field",
                    Some(Kind::Str) => "a pattern is an object, not a string",
                    Some(Kind::ListStart) => "a pattern is an object, not a list",
                    Some(_) => "a pattern is an object",
                };
                self.error(ErrorKind::NotAnObject, self.document.value_span(0), looked_at(0), message)
                    .tell("Filter is not an object", None);
                return None;
            }
        }
        loop {
            let step = match self.levels.last()? {
                Level::Object(_) => self.in_object(),
                Level::Or(_) => self.in_or(),
            };
            if let Some(root) = step {
                return Some(root);
            }
        }
    }

    fn open_object(&mut self, start: usize, in_or: bool) {
        self.at = start + 1;
        self.levels.push(Level::Object(OpenObject { start, members: Vec::new(), is_empty: true, in_or, key: None }));
    }

    /// One member, or the end, of the innermost open object. Answers with the root once it is closed.
    fn in_object(&mut self) -> Option<Object> {
        let key = self.at;
        match self.document.kind(key) {
            Some(Kind::Key) => {
                self.member(key);
                None
            }
            end => {
                self.at += 1;
                let Some(Level::Object(object)) = self.levels.pop() else { return None };
                if object.is_empty && end.is_some() {
                    let span = self.document.value_span(object.start);
                    self.error(ErrorKind::EmptyObject, span, looked_at(key), "an object needs a field")
                        .tell("Empty objects are not allowed", None);
                }
                let span = self.document.value_span(object.start);
                self.deliver(Object { members: object.members, span })
            }
        }
    }

    /// Hands a finished object to the level around it; without one it is the root.
    fn deliver(&mut self, object: Object) -> Option<Object> {
        match self.levels.last_mut() {
            None => return Some(object),
            Some(Level::Or(or)) => or.alternatives.push(object),
            Some(Level::Object(_)) => self.add_member(MemberValue::Object(object)),
        }
        None
    }

    /// Gives the key that waits in the innermost object its value.
    fn add_member(&mut self, value: MemberValue) {
        let document = self.document;
        let Some(Level::Object(object)) = self.levels.last_mut() else { return };
        let Some(key) = object.key.take() else { return };
        object.members.push(Member {
            key: document.decoded(key),
            key_span: document.span(key),
            value,
            span: document.value_span(key + 1),
        });
    }

    fn member(&mut self, key: usize) {
        let document = self.document;
        let name = document.decoded(key);
        let Some(Level::Object(object)) = self.levels.last_mut() else { return };
        object.is_empty = false;
        object.key = Some(key);
        let in_or = object.in_or;
        let value = key + 1;
        self.at = document.after(value);
        let kind = document.kind(value);
        if name == b"$or" {
            match kind {
                Some(Kind::ListStart) => {
                    self.at = value + 1;
                    let or = OpenOr { start: value, alternatives: Vec::new(), item_len: 0 };
                    self.levels.push(Level::Or(or));
                }
                Some(_) => {
                    let span = document.value_span(value);
                    self.error(ErrorKind::OrNotAList, span, looked_at(value), "\"$or\" must be a list of objects")
                        .tell("It must be an Array followed with $or.", None);
                }
                None => {}
            }
            return;
        }
        if in_or && is_reserved(&name) {
            let name = readable(&name);
            let message = format!("{} is no field name inside \"$or\": operators are called so", quoted(&name));
            let help = Operator::find(name.as_bytes())
                .map(|_| format!("alternatives are objects with fields, as in {{\"field\":[{{\"{name}\":…}}]}}"));
            let reason = format!("{name} is Ruler reserved fieldName which cannot be used inside $or.");
            self.error(ErrorKind::ReservedName, document.span(key), looked_at(key), message).tell(reason, help);
            return;
        }
        match kind {
            Some(Kind::ObjectStart) => self.open_object(value, in_or),
            Some(Kind::ListStart) => {
                let tests = self.tests(value);
                self.keep_wildcards(&tests);
                self.add_member(MemberValue::Tests(tests));
            }
            Some(_) => self.bare_value(key, value),
            None => {}
        }
    }

    fn bare_value(&mut self, key: usize, value: usize) {
        let document = self.document;
        let name = document.decoded(key);
        let shown = readable(&name);
        let spelling = document.spelling(value);
        let short = spelling.chars().count() <= 60;
        let help = match Operator::find(&name) {
            Some(operator) => {
                format!("an operator stands in the list of a field: [{{\"{}\":…}}]", operator.name())
            }
            None if short && !document.is_cut(value) => format!("write [{spelling}]"),
            None => "put it into a list".to_owned(),
        };
        let message = format!("{} must lead to a list of values or to an object", quoted(&shown));
        self.error(ErrorKind::BareValue, document.span(value), looked_at(value), message)
            .tell(format!("\"{shown}\" must be an object or an array"), Some(help));
    }

    /// One alternative, or the end, of the innermost open `$or`.
    fn in_or(&mut self) -> Option<Object> {
        let item = self.at;
        let kind = self.document.kind(item);
        match (kind, self.levels.last_mut()) {
            (Some(Kind::ObjectStart), Some(Level::Or(or))) => {
                or.item_len += 1;
                self.open_object(item, true);
            }
            (Some(Kind::ListEnd) | None, _) => {
                self.at += 1;
                let Some(Level::Or(or)) = self.levels.pop() else { return None };
                if or.item_len < 2 && kind.is_some() {
                    let span = self.document.value_span(or.start);
                    let message = format!("\"$or\" needs at least two alternatives, not {}", or.item_len);
                    self.error(ErrorKind::OrTooFew, span, looked_at(item), message)
                        .tell("There must have at least 2 Objects in $or relationship.", None);
                }
                self.add_member(MemberValue::Or(or.alternatives));
            }
            (Some(_), level) => {
                if let Some(Level::Or(or)) = level {
                    or.item_len += 1;
                }
                self.at = self.document.after(item);
                let span = self.document.value_span(item);
                let message = "an alternative of \"$or\" is an object with fields";
                self.error(ErrorKind::OrNotAnObject, span, looked_at(item), message)
                    .tell("Only JSON object is allowed in array of $or relationship.", None);
            }
        }
        None
    }

    /// The list of a field.
    fn tests(&mut self, list: usize) -> Vec<Test> {
        let document = self.document;
        let mut tests = Vec::new();
        let mut item = list + 1;
        while let Some(kind) = document.kind(item) {
            let test = match kind {
                Kind::ListEnd => {
                    if item == list + 1 {
                        let span = document.value_span(list);
                        self.error(ErrorKind::EmptyList, span, looked_at(item), "a field needs at least one value")
                            .tell("Empty arrays are not allowed", None);
                    }
                    break;
                }
                Kind::ListStart => {
                    let span = document.value_span(item);
                    let message = "a value is a string, a number, true, false, null or an operator, not a list";
                    self.error(ErrorKind::NestedList, span, looked_at(item), message)
                        .tell("Match value must be String, number, true, false, or null", None);
                    None
                }
                Kind::ObjectStart => self.expression(item),
                Kind::Number => {
                    let text = document.spelling(item);
                    Some(TestKind::Number { value: comparable(text), text: text.to_owned() })
                }
                Kind::True => Some(TestKind::True),
                Kind::False => Some(TestKind::False),
                Kind::Null => Some(TestKind::Null),
                Kind::Str | Kind::Key | Kind::ObjectEnd => Some(plain_string(document.decoded(item))),
            };
            tests.extend(test.map(|kind| Test { kind, span: document.value_span(item) }));
            item = document.after(item);
        }
        tests
    }

    /// Remembers the wildcards of the field whose key waits in the innermost object, and forgets those that
    /// it overrides: the last field of a path wins in every alternative that has both.
    fn keep_wildcards(&mut self, tests: &[Test]) {
        let document = self.document;
        let mut field = WildcardField { alternatives: Vec::new(), tests: Vec::new(), span: 0..0 };
        for test in tests {
            match &test.kind {
                TestKind::Wildcard(wildcard) => field.tests.push(vec![wildcard.clone()]),
                TestKind::AnythingBut(Except::Wildcard(wildcards)) => field.tests.push(wildcards.clone()),
                _ => continue,
            }
            field.span = test.span.clone();
        }
        if field.tests.is_empty() && self.wildcards.is_empty() {
            return;
        }
        let mut names = Vec::new();
        for level in &self.levels {
            let Level::Object(object) = level else { continue };
            if document.kind(object.start.wrapping_sub(1)) != Some(Kind::Key) && object.start > 0 {
                field.alternatives.push(object.start);
            }
            let name = object.key.map(|key| document.decoded(key));
            names.extend(name.filter(|name| name != b"$or"));
        }
        let fields = self.wildcards.entry(names.join(&b'.')).or_default();
        fields.retain(|earlier| !earlier.alternatives.starts_with(&field.alternatives));
        if !field.tests.is_empty() {
            fields.push(field);
        }
    }

    fn measure_wildcards(&mut self) {
        let Some(limit) = self.options.limits.wildcard_complexity else { return };
        for (path, fields) in std::mem::take(&mut self.wildcards) {
            let tests: Vec<&[Wildcard]> = fields.iter().flat_map(|field| &field.tests).map(Vec::as_slice).collect();
            let score = complexity::score_tests(&tests, limit);
            let Some(last) = fields.last().filter(|_| score >= limit) else { continue };
            let span = last.span.clone();
            let path = quoted(&readable(&path));
            let help = "use fewer \"*\", or text after a \"*\" that repeats less of what comes before".to_owned();
            if score == limit {
                let message = format!(
                    "the wildcards of {path} have a complexity of {score}, the highest allowed; the service may \
                     refuse them"
                );
                let warning = CompileError::warning(ErrorKind::WildcardComplexity, message)
                    .in_filter(self.filter, Some(span))
                    .with_order(order::MEASURE)
                    .with_help(help);
                self.out.push(warning);
                continue;
            }
            let message = format!("the wildcards of {path} have a complexity above {limit}, which is the limit");
            self.error(ErrorKind::WildcardComplexity, span, order::MEASURE, message).tell(
                "Rule is too complex - try using fewer wildcard characters or fewer repeating character \
                 sequences after a wildcard character",
                Some(help),
            );
        }
    }

    fn report_fault(&mut self) {
        if let Some(fault) = &self.document.fault {
            let fault = fault.clone();
            self.error(fault.kind, fault.span, fault.order, fault.message).tell(fault.reason, None);
        } else if let Some(span) = self.document.trailing() {
            // After a bare value there is nothing more to say.
            if self.document.kind(0) == Some(Kind::ObjectStart) {
                let message = "nothing may follow the pattern";
                self.error(ErrorKind::TrailingText, span, order::NEVER, message).tell(message, None);
            }
        }
    }

    /// Begins an error; [`Draft::tell`] ends it.
    pub(crate) fn error(&mut self, kind: ErrorKind, span: Span, order: u64, message: impl Into<String>) -> Draft<'_> {
        let error = CompileError::new(kind, message).in_filter(self.filter, Some(span)).with_order(order);
        Draft { error, out: self.out }
    }

    /// Refuses or warns about an operator that the dialect does not have.
    pub(crate) fn check_form(&mut self, form: Form, what: &str, span: Span) {
        let dialect = self.options.dialect;
        let error = match form.standing(dialect) {
            Standing::Documented => return,
            Standing::Undocumented => CompileError::warning(
                ErrorKind::UndocumentedOperator,
                format!("{what} is not documented for the dialect {dialect}"),
            ),
            Standing::Refused => CompileError::new(
                ErrorKind::OperatorNotInDialect,
                format!("{what} does not exist in the dialect {dialect}"),
            ),
        };
        self.out.push(error.in_filter(self.filter, Some(span)).with_order(order::MEASURE));
    }
}

/// An error that still lacks the service's text and the help.
pub(crate) struct Draft<'d> {
    error: CompileError,
    out: &'d mut Diagnostics,
}

impl Draft<'_> {
    /// Files the error.
    pub(crate) fn tell(self, reason: impl Into<String>, help: Option<String>) {
        self.out.push(self.error.with_reason(reason).with_help(help));
    }
}

/// What a string in the list of a field tests: an address is compared as one.
fn plain_string(text: Text) -> TestKind {
    match parse_addr(&text) {
        Some((family, addr)) => TestKind::Addr(AddrRange { family, low: addr, high: addr }),
        None => TestKind::Exact(text),
    }
}

#[cfg(test)]
mod tests {
    use eventsieve_program::Source;

    use super::*;
    use crate::FilterCriteria;

    fn parsed(pattern: &str) -> (Option<Object>, Vec<ErrorKind>) {
        let criteria = FilterCriteria::from_patterns([pattern]);
        let mut out = Diagnostics::new(&criteria, true);
        let object = parse_pattern(pattern, &Options::new(Source::Raw), 0, &mut out);
        let kinds = out.finish().err().iter().flatten().map(|error| error.kind()).collect();
        (object, kinds)
    }

    #[test]
    fn the_tree_is_as_written() {
        let pattern =
            r#"{"a":{"b":["x",1.0,true,null]},"a":["10.0.0.1"],"$or":[{"c":[1]},{"d":{"$or":[{"e":[2]},{"f":[3]}]}}]}"#;
        let (object, errors) = parsed(pattern);
        assert_eq!(errors, []);
        let object = object.unwrap();
        assert_eq!(object.span, 0..pattern.len());
        let keys: Vec<&[u8]> = object.members.iter().map(|member| member.key.as_slice()).collect();
        assert_eq!(keys, [b"a".as_slice(), b"a", b"$or"]);
        assert_eq!(&pattern[object.members[0].key_span.clone()], "\"a\"");
        assert_eq!(&pattern[object.members[0].span.clone()], r#"{"b":["x",1.0,true,null]}"#);
        let MemberValue::Object(inner) = &object.members[0].value else { panic!("an object") };
        let MemberValue::Tests(tests) = &inner.members[0].value else { panic!("a list") };
        assert_eq!(tests[1].kind, TestKind::Number { value: Some(1.0), text: "1.0".to_owned() });
        assert_eq!(&pattern[tests[1].span.clone()], "1.0");
        let MemberValue::Tests(tests) = &object.members[1].value else { panic!("a list") };
        assert!(matches!(tests[0].kind, TestKind::Addr(range) if range.low == range.high));
        let MemberValue::Or(alternatives) = &object.members[2].value else { panic!("an $or") };
        assert_eq!(alternatives.len(), 2);
        let MemberValue::Object(nested) = &alternatives[1].members[0].value else { panic!("an object") };
        assert!(matches!(&nested.members[0].value, MemberValue::Or(inner) if inner.len() == 2));
    }

    #[test]
    fn operators_are_no_fields_inside_or() {
        assert!(parsed(r#"{"prefix":["x"],"=":{"exists":[1]}}"#).0.is_some());
        let nested = r#"{"$or":[{"a":{"prefix":["x"]}},{"b":[1],"date-after":{"c":[1]}}]}"#;
        assert_eq!(parsed(nested).1, [ErrorKind::ReservedName, ErrorKind::ReservedName]);
    }

    #[test]
    fn complexity_counts_by_path() {
        let four = ["A", "B", "C", "D"].map(|name| format!(r#"{{"wildcard":"*:stack/{name}/*"}}"#));
        let refused = |pattern: String| parsed(&pattern).1 == [ErrorKind::WildcardComplexity];
        assert!(refused(format!(r#"{{"a":{{"b":[{}]}}}}"#, four.join(","))));
        assert!(!refused(format!(r#"{{"a":{{"b":[{}]}}}}"#, four[..3].join(","))));
        assert!(!refused(format!(r#"{{"a":[{},{}],"b":[{},{}]}}"#, four[0], four[1], four[2], four[3])));
        // Two spellings of one path in two alternatives.
        let halves = (four[..2].join(","), four[2..].join(","));
        assert!(refused(format!(r#"{{"$or":[{{"a":{{"b":[{}]}}}},{{"a.b":[{}]}}]}}"#, halves.0, halves.1)));
        // What is overridden does not count.
        assert!(!refused(format!(r#"{{"a":[{}],"a":["x"]}}"#, four.join(","))));
        assert!(!refused(format!(r#"{{"$or":[{{"a":[{}]}},{{"b":[1]}}],"a":["x"]}}"#, four.join(","))));
        assert!(refused(format!(r#"{{"a":["x"],"$or":[{{"a":[{}]}},{{"b":[1]}}]}}"#, four.join(","))));
    }
}
