//! One operator in the list of a field: `{"prefix": …}` and its kin, to a [`TestKind`].
//!
//! Each function reads the tokens in the order in which the service does, so that the errors carry the
//! right order; `None` is the answer where an error was filed or where the text breaks off.

use eventsieve_program::addr::parse_cidr;
use eventsieve_program::number::comparable;
use eventsieve_program::text::question_marks;

use crate::ast::{Except, Interval, Span, TestKind, Text, Wildcard, WildcardPiece};
use crate::draw::quoted;
use crate::error::{ErrorKind, order};
use crate::json::{Kind, looked_at, read_at, readable};
use crate::operator::{Form, Operator, suggest};
use crate::parse::Parser;

const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY: &str = "Too many elements in numeric expression";

/// What `anything-but` takes apart from plain values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inner {
    Prefix,
    Suffix,
    Fold,
    Wildcard,
}

impl Parser<'_> {
    /// The operator in the object that begins at token `object`.
    pub(crate) fn expression(&mut self, object: usize) -> Option<TestKind> {
        let document = self.document;
        let key = object + 1;
        if document.kind(key)? != Kind::Key {
            let span = document.value_span(object);
            self.error(ErrorKind::MissingOperator, span, looked_at(key), "an object in a list names an operator")
                .tell("Match expression name not found", None);
            return None;
        }
        let name = document.decoded(key);
        let operand = key + 1;
        let Some(operator) = Operator::find(&name) else {
            self.unknown_operator(key, &readable(&name));
            return None;
        };
        match operator {
            Operator::Exactly => {
                let text = self.string_operand(key, "exact match pattern must be a string")?;
                self.check_form(Form::Exactly, "\"exactly\"", document.span(key));
                self.ends(operand + 1, ONE_KEY)?;
                Some(TestKind::Exact(text))
            }
            Operator::Prefix | Operator::Suffix => self.affix(key, operator),
            Operator::Fold => {
                let text = self.string_operand(key, "equals-ignore-case match pattern must be a string")?;
                self.ends(operand + 1, ONE_KEY)?;
                Some(TestKind::Fold(text))
            }
            Operator::Wildcard => {
                let text = self.string_operand(key, "wildcard match pattern must be a string")?;
                self.check_form(Form::Wildcard, "\"wildcard\"", document.span(key));
                let wildcard = self.wildcard(operand, &text, read_at(operand))?;
                self.ends(operand + 1, ONE_KEY)?;
                Some(TestKind::Wildcard(wildcard))
            }
            Operator::Exists => self.exists(key),
            Operator::Cidr => self.cidr(key),
            Operator::Numeric => self.numeric(key),
            Operator::AnythingBut => self.anything_but(key),
        }
    }

    fn unknown_operator(&mut self, key: usize, name: &str) {
        let document = self.document;
        let help = match (name, document.kind(key + 1)) {
            ("$or", _) => Some("\"$or\" stands beside fields, not in the list of one".to_owned()),
            ("Pattern", _) => Some("the list of filters belongs under \"Filters\"".to_owned()),
            (_, kind) => suggest(name).or_else(|| {
                matches!(kind, Some(Kind::ObjectStart | Kind::ListStart))
                    .then(|| "a nested field stands in an object without the list around it".to_owned())
            }),
        };
        let message = format!("unknown operator {}", quoted(name));
        self.error(ErrorKind::UnknownOperator, document.span(key), looked_at(key), message)
            .tell(format!("Unrecognized match type {name}"), help);
    }

    /// The text of the operand of the operator at `key`.
    fn string_operand(&mut self, key: usize, reason: &str) -> Option<Text> {
        let document = self.document;
        let operand = key + 1;
        if document.kind(operand)? != Kind::Str {
            let name = readable(&document.decoded(key));
            let message = format!("{} takes a string", quoted(&name));
            let help = (document.kind(operand) == Some(Kind::ListStart))
                .then(|| "for several, write the operator once for each".to_owned());
            self.error(ErrorKind::NotAString, document.value_span(operand), looked_at(operand), message)
                .tell(reason, help);
            return None;
        }
        (!document.is_cut(operand)).then(|| document.decoded(operand))
    }

    /// Checks that an object ends with token `at`.
    fn ends(&mut self, at: usize, reason: &str) -> Option<()> {
        let document = self.document;
        if document.kind(at)? == Kind::ObjectEnd {
            return Some(());
        }
        let message = "an object in a list holds one operator only";
        self.error(ErrorKind::SeveralOperators, document.span(at), looked_at(at), message)
            .tell(reason, Some("write one object for each".to_owned()));
        None
    }

    fn affix(&mut self, key: usize, operator: Operator) -> Option<TestKind> {
        let document = self.document;
        let (name, title) = match operator {
            Operator::Prefix => ("prefix", "Prefix"),
            _ => ("suffix", "Suffix"),
        };
        let operand = key + 1;
        if document.kind(operand)? != Kind::ObjectStart {
            let text = self.string_operand(key, &format!("{name} match pattern must be a string"))?;
            self.ends(operand + 1, ONE_KEY)?;
            return Some(match operator {
                Operator::Prefix => TestKind::Prefix(text),
                _ => TestKind::Suffix(text),
            });
        }
        let inner = operand + 1;
        if document.kind(inner)? != Kind::Key {
            let message = format!("\"{name}\" takes a string or \"equals-ignore-case\"");
            self.error(ErrorKind::MissingOperator, document.value_span(operand), looked_at(inner), message)
                .tell(format!("{title} expression name not found"), None);
            return None;
        }
        let found = document.decoded(inner);
        if found != b"equals-ignore-case" {
            let found = readable(&found);
            let message = format!("\"{name}\" takes a string or \"equals-ignore-case\", not {}", quoted(&found));
            self.error(ErrorKind::UnsupportedInner, document.span(inner), looked_at(inner), message)
                .tell(format!("Unsupported {name} pattern: {found}"), None);
            return None;
        }
        let text = self.string_operand(inner, "equals-ignore-case match pattern must be a string")?;
        let what = format!("\"{name}\" with \"equals-ignore-case\"");
        self.check_form(Form::AffixIgnoringCase, &what, document.span(key));
        self.ends(inner + 2, ONE_KEY)?;
        self.ends(inner + 3, ONE_KEY)?;
        Some(match operator {
            Operator::Prefix => TestKind::PrefixFold(text),
            _ => TestKind::SuffixFold(text),
        })
    }

    fn exists(&mut self, key: usize) -> Option<TestKind> {
        let operand = key + 1;
        let exists = match self.document.kind(operand)? {
            Kind::True => true,
            Kind::False => false,
            kind => {
                let span = self.document.value_span(operand);
                let quoted_word = matches!(self.document.spelling(operand), "\"true\"" | "\"false\"");
                let help = (kind == Kind::Str && quoted_word).then(|| "leave the quotes out".to_owned());
                self.error(ErrorKind::NotABoolean, span, looked_at(operand), "\"exists\" takes true or false")
                    .tell("exists match pattern must be either true or false.", help);
                return None;
            }
        };
        self.ends(operand + 1, ONE_KEY)?;
        Some(TestKind::Exists(exists))
    }

    fn cidr(&mut self, key: usize) -> Option<TestKind> {
        let operand = key + 1;
        let text = self.string_operand(key, "prefix match pattern must be a string")?;
        self.check_form(Form::Cidr, "\"cidr\"", self.document.span(key));
        let text = readable(&text);
        match parse_cidr(&text) {
            Ok(range) => {
                self.ends(operand + 1, ONE_KEY)?;
                Some(TestKind::Addr(range))
            }
            Err(error) => {
                let message = format!("{} is no CIDR block", quoted(&text));
                let help = match text.trim_end_matches("/32").trim_end_matches("/128") {
                    addr if eventsieve_program::addr::parse_addr(addr.as_bytes()).is_some() => {
                        format!("for one address, list the string \"{addr}\"")
                    }
                    _ => "write an address, '/' and the number of fixed bits: 0 to 31, or 0 to 127 for IPv6".to_owned(),
                };
                let span = self.document.span(operand);
                self.error(ErrorKind::BadCidr, span, read_at(operand), message).tell(error.to_string(), Some(help));
                None
            }
        }
    }

    fn numeric(&mut self, key: usize) -> Option<TestKind> {
        let document = self.document;
        let list = key + 1;
        if document.kind(list)? != Kind::ListStart {
            let message = "\"numeric\" takes a list of comparisons and numbers";
            self.error(ErrorKind::NumericNotAList, document.value_span(list), looked_at(list), message)
                .tell("Value of numeric must be an array.", Some("as in [\">\",0,\"<=\",5]".to_owned()));
            return None;
        }
        let interval = self.interval(list)?;
        self.ends(document.after(list), TOO_MANY)?;
        Some(TestKind::Numeric(interval))
    }

    fn interval(&mut self, list: usize) -> Option<Interval> {
        let document = self.document;
        let (operator, value) = (list + 1, list + 2);
        if document.kind(operator)? != Kind::Str {
            let reason = format!("Invalid member in numeric match: {}", document.spelling(operator));
            self.bad_comparison(operator, looked_at(operator), "\"numeric\" begins with a comparison", reason);
            return None;
        }
        if document.is_cut(operator) {
            return None;
        }
        let comparison = readable(&document.decoded(operator));
        document.kind(value)?;
        let end = value + 1;
        match comparison.as_str() {
            "=" | "<" | "<=" => {
                let name = if comparison == "=" { "equals" } else { &comparison };
                self.number(value, &comparison, name)?;
                if document.kind(end)? != Kind::ListEnd {
                    let message = format!("nothing may follow {} and its number", quoted(&comparison));
                    let help = matches!(document.spelling(end), "\">\"" | "\">=\"")
                        .then(|| "write the lower bound first".to_owned());
                    self.error(ErrorKind::NumericTooLong, document.value_span(end), looked_at(end), message)
                        .tell(TOO_MANY, help);
                    return None;
                }
                let number = self.compared(value, looked_at(end))?;
                if comparison == "=" {
                    return Some(Interval { low: number, low_open: false, high: number, high_open: false });
                }
                // A range that begins at the very end of its open side is kept, marked as empty: the service fails
                // on it only if no later field of the same path overrides it (`Interval::is_empty`).
                let high_open = comparison == "<" || number == f64::MIN;
                Some(Interval { low: f64::MIN, low_open: false, high: number, high_open })
            }
            ">" | ">=" => {
                self.number(value, &comparison, &comparison)?;
                let low_open = comparison == ">";
                if document.kind(end)? == Kind::ListEnd {
                    let low = self.compared(value, looked_at(end))?;
                    let low_open = low_open || low == f64::MAX;
                    return Some(Interval { low, low_open, high: f64::MAX, high_open: false });
                }
                self.between(list, low_open)
            }
            _ => {
                let reason = format!("Unrecognized numeric range operator: {comparison}");
                let message = format!("{} is no comparison", quoted(&comparison));
                self.bad_comparison(operator, looked_at(value), &message, reason);
                None
            }
        }
    }

    /// The second half of a range, behind its lower bound.
    fn between(&mut self, list: usize, low_open: bool) -> Option<Interval> {
        let document = self.document;
        let (operator, value, end) = (list + 3, list + 4, list + 5);
        if document.kind(operator)? != Kind::Str {
            let reason = format!("Bad value in numeric range: {}", document.spelling(operator));
            let message = "a lower bound is followed by \"<\" or \"<=\"";
            self.bad_comparison(operator, looked_at(operator), message, reason);
            return None;
        }
        if document.is_cut(operator) {
            return None;
        }
        let comparison = readable(&document.decoded(operator));
        if comparison != "<" && comparison != "<=" {
            let reason = format!("Bad numeric range operator: {comparison}");
            let message = format!("a lower bound is followed by \"<\" or \"<=\", not {}", quoted(&comparison));
            self.bad_comparison(operator, read_at(operator), &message, reason);
            return None;
        }
        self.number(value, &comparison, &comparison)?;
        if document.kind(end)? != Kind::ListEnd {
            let message = "a range has two bounds only";
            self.error(ErrorKind::NumericTooLong, document.value_span(end), looked_at(end), message)
                .tell("Too many terms in numeric range expression", None);
            return None;
        }
        let low = self.compared(list + 2, looked_at(end))?;
        let high = self.compared(value, looked_at(end))?;
        if low >= high {
            let message = format!(
                "no number lies in this range: {} is not below {}",
                document.spelling(list + 2),
                document.spelling(value)
            );
            let help = (low == high && !low_open && comparison == "<=")
                .then(|| format!("for one number, write [\"=\",{}]", document.spelling(value)));
            self.error(ErrorKind::EmptyRange, document.value_span(list), looked_at(end), message)
                .tell("Bottom must be less than top", help);
            return None;
        }
        Some(Interval { low, low_open, high, high_open: comparison == "<" })
    }

    fn bad_comparison(&mut self, at: usize, order: u64, message: &str, reason: String) {
        let help = match readable(&self.document.decoded(at)).as_str() {
            "==" | "eq" => "equality is \"=\"",
            "!=" | "<>" => "inequality is {\"anything-but\":…}",
            "=>" | "&gt;=" => "write \">=\"",
            "=<" | "&lt;=" => "write \"<=\"",
            "&gt;" => "write \">\"",
            "&lt;" => "write \"<\"",
            _ => "comparisons are \"=\", \"<\", \"<=\", \">\", \">=\", each before its number",
        };
        self.error(ErrorKind::NumericOperator, self.document.value_span(at), order, message)
            .tell(reason, Some(help.to_owned()));
    }

    /// Checks that token `value` is a number.
    fn number(&mut self, value: usize, comparison: &str, reason_name: &str) -> Option<()> {
        let document = self.document;
        if document.kind(value)? == Kind::Number {
            return Some(());
        }
        let message = format!("a number must follow {}", quoted(comparison));
        let help = (document.kind(value) == Some(Kind::Str) && comparable(document.raw(value)).is_some())
            .then(|| "leave the quotes out".to_owned());
        self.error(ErrorKind::NumericValue, document.value_span(value), looked_at(value), message)
            .tell(format!("Value of {reason_name} must be numeric"), help);
        None
    }

    /// The value of number token `value`.
    fn compared(&mut self, value: usize, order: u64) -> Option<f64> {
        let text = self.document.spelling(value);
        let compared = comparable(text);
        if compared.is_none() {
            let message = "a number that a double cannot hold exactly enough to compare";
            let help = "at most 15 significant digits are always safe".to_owned();
            self.error(ErrorKind::NotComparable, self.document.span(value), order, message)
                .tell(format!("Cannot compare number : {text}"), Some(help));
        }
        compared
    }

    fn anything_but(&mut self, key: usize) -> Option<TestKind> {
        let document = self.document;
        let operand = key + 1;
        let (inner, value) = match document.kind(operand)? {
            Kind::ObjectStart => (Some(self.inner(key)?), operand + 2),
            _ => (None, operand),
        };
        let is_list = match document.kind(value)? {
            Kind::ListStart => true,
            Kind::Str | Kind::Number => false,
            _ => {
                let message = match inner {
                    None => "\"anything-but\" takes strings, numbers or an operator",
                    Some(_) => "an operator in \"anything-but\" takes a string or a list of strings",
                };
                self.error(ErrorKind::AnythingButOperand, document.value_span(value), looked_at(value), message)
                    .tell("Value of anything-but must be an array or single string/number value.", None);
                return None;
            }
        };
        let excluded = match inner {
            None => self.excluded_values(value, is_list),
            Some(inner) => self.excluded_texts(value, is_list, inner),
        };
        let end = document.after(value);
        self.ends(end, TOO_MANY)?;
        if inner.is_some() {
            self.ends(end + 1, TOO_MANY)?;
        }
        excluded.map(TestKind::AnythingBut)
    }

    /// Which operator stands in the `anything-but` at `key`.
    fn inner(&mut self, key: usize) -> Option<Inner> {
        let document = self.document;
        let name_at = key + 2;
        if document.kind(name_at)? != Kind::Key {
            let message = "\"anything-but\" takes strings, numbers or an operator";
            self.error(ErrorKind::MissingOperator, document.value_span(key + 1), looked_at(name_at), message)
                .tell("Anything-But expression name not found", None);
            return None;
        }
        let name = readable(&document.decoded(name_at));
        let inner = match Operator::find(name.as_bytes()) {
            Some(Operator::Prefix) => Inner::Prefix,
            Some(Operator::Suffix) => Inner::Suffix,
            Some(Operator::Fold) => Inner::Fold,
            Some(Operator::Wildcard) => Inner::Wildcard,
            known => {
                let message = format!(
                    "\"anything-but\" knows \"prefix\", \"suffix\", \"equals-ignore-case\" and \"wildcard\", not {}",
                    quoted(&name)
                );
                let help = if known.is_some() { None } else { suggest(&name) };
                self.error(ErrorKind::UnsupportedInner, document.span(name_at), looked_at(name_at), message)
                    .tell(format!("Unsupported anything-but pattern: {name}"), help);
                return None;
            }
        };
        let what = format!("\"anything-but\" with \"{name}\"");
        self.check_form(Form::AnythingButInner, &what, document.span(key));
        Some(inner)
    }

    /// The tokens of a list's items, or the one token of a single value; and what comes after them.
    fn operands(&self, value: usize, is_list: bool) -> (Vec<usize>, usize) {
        if !is_list {
            return (vec![value], value);
        }
        let mut items = Vec::new();
        let mut at = value + 1;
        while self.document.kind(at).is_some_and(|kind| kind != Kind::ListEnd) {
            items.push(at);
            at = self.document.after(at);
        }
        (items, at)
    }

    /// Plain strings or numbers.
    fn excluded_values(&mut self, value: usize, is_list: bool) -> Option<Except> {
        let document = self.document;
        let (items, end) = self.operands(value, is_list);
        let (mut strings, mut numbers) = (Vec::new(), Vec::new());
        let mut first_other = None;
        let mut failed = false;
        for &item in &items {
            let kind = document.kind(item)?;
            match kind {
                Kind::Str => strings.push(document.decoded(item)),
                Kind::Number => match self.compared(item, looked_at(item)) {
                    Some(number) => numbers.push(number),
                    None => failed = true,
                },
                _ => {
                    failed = true;
                    let message = "the list of \"anything-but\" takes strings or numbers";
                    let help = (kind == Kind::ObjectStart)
                        .then(|| "an operator stands without the list: {\"anything-but\":{\"prefix\":…}}".to_owned());
                    self.error(ErrorKind::AnythingButOperand, document.value_span(item), looked_at(item), message)
                        .tell("Inside anything but list, start|null|boolean is not supported.", help);
                }
            }
            let both = !strings.is_empty() && !numbers.is_empty();
            first_other = first_other.or(both.then_some(item));
        }
        document.kind(end)?;
        if failed {
            return None;
        }
        const MIXED: &str =
            "Inside anything but list, either all values are number or string, mixed type is not supported";
        if let Some(other) = first_other {
            let message = "the list of \"anything-but\" takes strings or numbers, not both";
            self.error(ErrorKind::AnythingButMixed, document.span(other), looked_at(end), message).tell(MIXED, None);
            return None;
        }
        if items.is_empty() {
            let message = "\"anything-but\" needs at least one value";
            self.error(ErrorKind::AnythingButEmpty, document.value_span(value), looked_at(end), message)
                .tell(MIXED, None);
            return None;
        }
        Some(if numbers.is_empty() { Except::Strings(strings) } else { Except::Numbers(numbers) })
    }

    /// The strings of an operator in `anything-but`.
    fn excluded_texts(&mut self, value: usize, is_list: bool, inner: Inner) -> Option<Except> {
        let document = self.document;
        let (items, end) = self.operands(value, is_list);
        let is_affix = matches!(inner, Inner::Prefix | Inner::Suffix);
        let mut texts: Vec<(usize, Text)> = Vec::new();
        let mut failed = false;
        for &item in &items {
            let span: Span = document.value_span(item);
            if document.kind(item)? != Kind::Str {
                failed = true;
                let reason = match inner {
                    Inner::Fold => {
                        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
                    }
                    Inner::Wildcard => "wildcard match pattern must be a string",
                    _ => "prefix/suffix match pattern must be a string",
                };
                let message = "an operator in \"anything-but\" takes strings only";
                self.error(ErrorKind::AnythingButOperand, span, looked_at(item), message).tell(reason, None);
                continue;
            }
            if document.is_cut(item) {
                return None;
            }
            let text = document.decoded(item);
            if is_affix && text.is_empty() {
                failed = true;
                let message = "an empty string excludes everything";
                self.error(ErrorKind::AnythingButEmptyText, span, read_at(item), message)
                    .tell("Null prefix/suffix not allowed", None);
                continue;
            }
            texts.push((item, text));
        }
        document.kind(end)?;
        if items.is_empty() {
            let message = "\"anything-but\" needs at least one value";
            self.error(ErrorKind::AnythingButEmpty, document.value_span(value), order::BUILD, message)
                .tell(message, None);
            return None;
        }
        if inner == Inner::Wildcard {
            let order = if is_list { looked_at(end) } else { read_at(end) };
            let read: Vec<Option<Wildcard>> =
                texts.iter().map(|(item, text)| self.wildcard(*item, text, order)).collect();
            let wildcards: Option<Vec<Wildcard>> = read.into_iter().collect();
            return wildcards.filter(|_| !failed).map(Except::Wildcard);
        }
        if failed {
            return None;
        }
        let texts = texts.into_iter().map(|(_, text)| text).collect();
        Some(match inner {
            Inner::Prefix => Except::Prefix(texts),
            Inner::Suffix => Except::Suffix(texts),
            Inner::Fold | Inner::Wildcard => Except::Fold(texts),
        })
    }

    /// Reads the stars and escapes of a wildcard.
    fn wildcard(&mut self, at: usize, text: &[u8], order: u64) -> Option<Wildcard> {
        let mut bytes = Vec::with_capacity(text.len());
        question_marks(text, &mut bytes);
        match read_wildcard(&bytes) {
            Ok(wildcard) => Some(wildcard),
            Err((kind, offset)) => {
                let mut span = self.document.span(at);
                if self.document.raw(at).len() == bytes.len() && kind == ErrorKind::WildcardStars {
                    // No escapes in the string: the place in it is the place in the text.
                    span = span.start + 1 + offset..span.start + 3 + offset;
                }
                // The service counts from the quote.
                let at = offset + 1;
                let (message, reason, help) = match kind {
                    ErrorKind::WildcardStars => (
                        "\"*\" cannot follow \"*\"",
                        format!("Consecutive wildcard characters at pos {at}"),
                        "one \"*\" matches any text; a literal star is written \"\\\\*\" in JSON",
                    ),
                    _ => (
                        "a backslash in a wildcard stands before \"*\" or another backslash",
                        format!("Invalid escape character at pos {at}"),
                        "a literal backslash is written \"\\\\\\\\\" in JSON",
                    ),
                };
                self.error(kind, span, order, message).tell(reason, Some(help.to_owned()));
                None
            }
        }
    }
}

fn read_wildcard(bytes: &[u8]) -> Result<Wildcard, (ErrorKind, usize)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let literal = match (byte, bytes.get(at + 1)) {
            (b'*', Some(b'*')) => return Err((ErrorKind::WildcardStars, at)),
            (b'*', _) => {
                pieces.push(WildcardPiece::Star);
                at += 1;
                continue;
            }
            (b'\\', Some(&escaped @ (b'*' | b'\\'))) => {
                at += 1;
                escaped
            }
            (b'\\', _) => return Err((ErrorKind::WildcardEscape, at)),
            _ => byte,
        };
        match pieces.last_mut() {
            Some(WildcardPiece::Literal(bytes)) => bytes.push(literal),
            _ => pieces.push(WildcardPiece::Literal(vec![literal])),
        }
        at += 1;
    }
    Ok(Wildcard(pieces))
}

#[cfg(test)]
mod tests {
    use eventsieve_program::addr::{AddrRange, Family};
    use eventsieve_program::{Dialect, Source};

    use super::*;
    use crate::ast::{MemberValue, Test};
    use crate::error::Diagnostics;
    use crate::options::{Limits, Options};
    use crate::parse::parse_pattern;
    use crate::{CompileErrors, FilterCriteria};

    fn options(dialect: Dialect) -> Options {
        Options { dialect, limits: Limits::of(dialect), ..Options::new(Source::Raw) }
    }

    fn parsed(tests: &str, dialect: Dialect) -> Result<Vec<Test>, CompileErrors> {
        let pattern = format!("{{\"a\":[{tests}]}}");
        let criteria = FilterCriteria::from_patterns([pattern.as_str()]);
        let mut out = Diagnostics::new(&criteria, false);
        let object = parse_pattern(&pattern, &options(dialect), 0, &mut out);
        out.finish()?;
        match object.unwrap().members.remove(0).value {
            MemberValue::Tests(tests) => Ok(tests),
            other => panic!("{other:?} are no tests"),
        }
    }

    fn kinds(tests: &str) -> Vec<TestKind> {
        let tests = parsed(tests, Dialect::EventBridge).unwrap();
        tests.into_iter().map(|test| test.kind).collect()
    }

    fn reason(tests: &str) -> String {
        let message = parsed(tests, Dialect::EventBridge).expect_err(tests).aws_message();
        message.strip_prefix("Event pattern is not valid. Reason: ").unwrap().to_owned()
    }

    fn text(text: &str) -> Text {
        text.as_bytes().to_vec()
    }

    #[test]
    fn every_operator_is_read() {
        assert_eq!(
            kinds(r#"{"exactly":"::1"},{"prefix":"p"},{"suffix":""},{"equals-ignore-case":"É"},{"exists":false}"#),
            [
                TestKind::Exact(text("::1")),
                TestKind::Prefix(text("p")),
                TestKind::Suffix(text("")),
                TestKind::Fold(text("É")),
                TestKind::Exists(false),
            ]
        );
        assert_eq!(
            kinds(r#"{"prefix":{"equals-ignore-case":"p"}},{"suffix":{"equals-ignore-case":"s"}}"#),
            [TestKind::PrefixFold(text("p")), TestKind::SuffixFold(text("s"))]
        );
        let ten = AddrRange { family: Family::V4, low: 0x0a00_0000, high: 0x0aff_ffff };
        assert_eq!(kinds(r#"{"cidr":"10.1.2.3/8"}"#), [TestKind::Addr(ten)]);
        assert_eq!(
            kinds(r#"{"anything-but":"x"},{"anything-but":[1,1.0]},{"anything-but":{"prefix":["a","b"]}}"#),
            [
                TestKind::AnythingBut(Except::Strings(vec![text("x")])),
                TestKind::AnythingBut(Except::Numbers(vec![1.0, 1.0])),
                TestKind::AnythingBut(Except::Prefix(vec![text("a"), text("b")])),
            ]
        );
    }

    #[test]
    fn intervals_have_finite_ends() {
        let interval = |low, low_open, high, high_open| TestKind::Numeric(Interval { low, low_open, high, high_open });
        assert_eq!(
            kinds(
                r#"{"numeric":["=",5]},{"numeric":["<",5]},{"numeric":[">=",5]},{"numeric":[">",0,"<=",5e0]},
                {"numeric":["<",1.7976931348623157e308]}"#
            ),
            [
                interval(5.0, false, 5.0, false),
                interval(f64::MIN, false, 5.0, true),
                interval(5.0, false, f64::MAX, false),
                interval(0.0, true, 5.0, false),
                interval(f64::MIN, false, f64::MAX, true),
            ]
        );
    }

    #[test]
    fn wildcards_are_pieces() {
        let star = || WildcardPiece::Star;
        let literal = |text: &str| WildcardPiece::Literal(text.as_bytes().to_vec());
        assert_eq!(
            kinds(r#"{"wildcard":""},{"wildcard":"*"},{"wildcard":"a\u002a\\*\\\\b*\ud83d"}"#),
            [
                TestKind::Wildcard(Wildcard(vec![])),
                TestKind::Wildcard(Wildcard(vec![star()])),
                TestKind::Wildcard(Wildcard(vec![literal("a"), star(), literal("*\\b"), star(), literal("?")])),
            ]
        );
        assert_eq!(reason(r#"{"wildcard":"a**b"}"#), "Consecutive wildcard characters at pos 2");
        assert_eq!(reason(r#"{"wildcard":"é\\"}"#), "Invalid escape character at pos 3");
        assert_eq!(reason(r#"{"anything-but":{"wildcard":["a","**"]}}"#), "Consecutive wildcard characters at pos 1");
    }

    #[test]
    fn numeric_speaks_like_the_service() {
        for (tests, expected) in [
            (r#"{"numeric":[]}"#, "Invalid member in numeric match: ]"),
            (r#"{"numeric":[true]}"#, "Invalid member in numeric match: true"),
            (r#"{"numeric":["="]}"#, "Value of equals must be numeric"),
            (r#"{"numeric":["=",1,2]}"#, TOO_MANY),
            (r#"{"numeric":[">",1,2]}"#, "Bad value in numeric range: 2"),
            (r#"{"numeric":[">",1,"=",2]}"#, "Bad numeric range operator: ="),
            (r#"{"numeric":[">",1,"<"]}"#, "Value of < must be numeric"),
            (r#"{"numeric":[">",1,"<",2,3]}"#, "Too many terms in numeric range expression"),
            (r#"{"numeric":[">",1,"<",1]}"#, "Bottom must be less than top"),
            (r#"{"numeric":[">",1,"<",1e309]}"#, "Cannot compare number : 1e309"),
            (r#"{"numeric":["=",1],"x":1}"#, TOO_MANY),
        ] {
            assert_eq!(reason(tests), expected, "{tests}");
        }
    }

    #[test]
    fn dialects_have_their_own_operators() {
        let wildcard = r#"{"wildcard":"a*"}"#;
        assert!(parsed(wildcard, Dialect::Lambda).is_ok());
        let errors = parsed(wildcard, Dialect::Pipes).unwrap_err();
        assert_eq!(errors.first().kind(), ErrorKind::OperatorNotInDialect);
        assert!(parsed(r#"{"anything-but":{"suffix":"x"}}"#, Dialect::Pipes).is_err());
        assert!(parsed(r#"{"cidr":"::/0"},{"anything-but":"x"}"#, Dialect::Pipes).is_ok());
    }
}
