//! What a filter asks of the payload, and what is left of it when the payload has another format.
//!
//! A record of most sources carries a *payload* that is decoded before a filter sees it, and is then JSON, plain
//! text, or neither. A filter's *payload clause* is written for one of the two: an object under the payload key asks for
//! JSON, a list of tests for plain text. Where the two differ, the source's rule decides ([`Mismatch`]). The
//! decision per format is made here, once: a filter becomes up to three variants, each of which counts only
//! for the formats it was made for ([`eventsieve_program::format`], "When").

use eventsieve_program::format::{WHEN_ANY, WHEN_BROKEN, WHEN_JSON, WHEN_PLAIN};
use eventsieve_program::{Dialect, Source};

use crate::ast::{Member, MemberValue, Object};
use crate::error::{CompileError, Diagnostics, ErrorKind, order};
use crate::options::Options;

/// What a mismatch of formats does to a filter's payload clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The clause fails, so the record is dropped (SQS, Kinesis).
    Drop,
    /// The clause is as if it were not written: metadata alone decides (Kafka, Amazon MQ).
    Ignore,
}

/// How a source treats payload clauses. [`crate::Options::payload`] holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadRule {
    /// The key of the view under which the payload stands.
    pub key: &'static str,
    /// What a mismatch does.
    pub mismatch: Mismatch,
    /// Whether a clause may be written for plain text. If not, the service refuses a filter that is.
    pub plain: bool,
}

/// A filter under some payload formats.
#[derive(Debug, PartialEq)]
pub(crate) enum Variant {
    /// Every record passes.
    Always,
    /// No record passes.
    Never,
    /// The records that this passes.
    Pattern(Object),
}

/// The variants of a filter, each with the formats it is for.
pub(crate) fn variants(pattern: Object, rule: &PayloadRule) -> Vec<(u8, Variant)> {
    let mut has_clause = false;
    for_each_member(&pattern, &mut |member| has_clause |= asks(member, rule).is_some());
    if !has_clause {
        return vec![(WHEN_ANY, Variant::Pattern(pattern))];
    }
    let mut variants: Vec<(u8, Variant)> = Vec::new();
    for format in [WHEN_JSON, WHEN_PLAIN, WHEN_BROKEN] {
        let variant = specialise(&pattern, rule, format);
        match variants.iter_mut().find(|(_, before)| *before == variant) {
            Some((formats, _)) => *formats |= format,
            None => variants.push((format, variant)),
        }
    }
    variants
}

/// Fields that the page on filtering in Pipes names as not filterable.
const PIPES_CLOSED: [&str; 8] = [
    "awsRegion",
    "eventSource",
    "eventSourceARN",
    "eventVersion",
    "eventID",
    "eventName",
    "invokeIdentityArn",
    "eventSourceKey",
];

/// Reports payload clauses that the source refuses, and warns of metadata that the documents do not offer to filters.
///
/// The pages of the Lambda guide say that only the payload key can be filtered. For DynamoDB recordings show
/// otherwise, so nothing is said there; for the other sources an older guide offered it and nobody has recorded it.
pub(crate) fn check(pattern: &Object, rule: &PayloadRule, filter: usize, options: &Options, out: &mut Diagnostics) {
    for_each_member(pattern, &mut |member| {
        let asked = asks(member, rule);
        if !rule.plain && asked == Some(WHEN_PLAIN) {
            out.push(
                CompileError::new(
                    ErrorKind::PayloadNotAnObject,
                    format!("`{0}` must lead to an object: the {0} of this source is always JSON", rule.key),
                )
                .with_help(format!(
                    "write the fields that `{0}` holds: {{\"{0}\": {{\"field\": [\"value\"]}}}}",
                    rule.key
                ))
                .in_filter(filter, Some(member.span.clone()))
                .with_order(member.span.start as u64),
            );
        }
        let doubt = match options.dialect {
            _ if asked.is_some() => None,
            Dialect::Lambda if options.source != Source::DynamoDb => {
                Some(format!("the service documents filters on `{}` only, for the source {}", rule.key, options.source))
            }
            Dialect::Pipes if PIPES_CLOSED.iter().any(|closed| closed.as_bytes() == member.key) => {
                Some("the service documents this field as not filterable in pipes".to_owned())
            }
            _ => None,
        };
        if let Some(message) = doubt {
            out.push(
                CompileError::warning(ErrorKind::MetadataFilter, message)
                    .in_filter(filter, Some(member.key_span.clone()))
                    .with_order(order::MEASURE),
            );
        }
    });
}

/// The format a member's value asks of the payload, if it is a payload clause.
fn asks(member: &Member, rule: &PayloadRule) -> Option<u8> {
    let rest = member.key.strip_prefix(rule.key.as_bytes())?;
    match (rest, &member.value) {
        ([], MemberValue::Tests(_)) => Some(WHEN_PLAIN),
        ([], MemberValue::Object(_)) | ([b'.', ..], _) => Some(WHEN_JSON),
        _ => None,
    }
}

/// Visits the members at the top of a pattern, and of the alternatives of its `$or`s.
fn for_each_member<'o>(object: &'o Object, visit: &mut impl FnMut(&'o Member)) {
    for member in &object.members {
        match &member.value {
            MemberValue::Or(alternatives) => alternatives.iter().for_each(|inner| for_each_member(inner, visit)),
            _ => visit(member),
        }
    }
}

fn specialise(object: &Object, rule: &PayloadRule, format: u8) -> Variant {
    let mut members = Vec::with_capacity(object.members.len());
    for member in &object.members {
        let MemberValue::Or(alternatives) = &member.value else {
            match asks(member, rule) {
                Some(asked) if asked != format && rule.mismatch == Mismatch::Drop => return Variant::Never,
                Some(asked) if asked != format => {}
                _ => members.push(member.clone()),
            }
            continue;
        };
        let mut left = Vec::with_capacity(alternatives.len());
        let mut always = false;
        for alternative in alternatives {
            match specialise(alternative, rule, format) {
                Variant::Always => always = true,
                Variant::Never => {}
                Variant::Pattern(alternative) => left.push(alternative),
            }
        }
        if always {
            continue;
        }
        if left.is_empty() {
            return Variant::Never;
        }
        members.push(Member { value: MemberValue::Or(left), ..member.clone() });
    }
    if members.is_empty() { Variant::Always } else { Variant::Pattern(Object { members, span: object.span.clone() }) }
}

#[cfg(test)]
mod tests {
    use eventsieve_program::{Dialect, Source};

    use crate::{FilterCriteria, Mismatch, Options, PayloadRule, compile};

    /// Where a clause on metadata is doubtful; not what the documents offer, and not where recordings show that it works.
    #[test]
    fn warnings_are_for_what_documents_do_not_offer() {
        for (dialect, source, key, doubtful) in [
            (Dialect::Lambda, Source::Sqs, "messageId", true),
            (Dialect::Lambda, Source::Sqs, "body", false),
            (Dialect::Lambda, Source::DynamoDb, "eventName", false),
            (Dialect::Pipes, Source::Sqs, "awsRegion", true),
            (Dialect::Pipes, Source::Kinesis, "eventSourceKey", true),
            (Dialect::Pipes, Source::Sqs, "messageId", false),
            (Dialect::EventBridge, Source::Sqs, "awsRegion", false),
        ] {
            let of_source = if source == Source::DynamoDb { "dynamodb" } else { "body" };
            let rule = PayloadRule { key: of_source, mismatch: Mismatch::Drop, plain: true };
            let options = Options { dialect, payload: Some(rule), ..Options::new(source) };
            let criteria = FilterCriteria::from_patterns([format!(r#"{{"{key}":["x"]}}"#)]);
            let compiled = compile(&criteria, &options).unwrap_or_else(|errors| panic!("{}", errors.render(None)));
            assert_eq!(compiled.warnings.len(), usize::from(doubtful), "{dialect:?}, {source}, {key}");
        }
    }
}
