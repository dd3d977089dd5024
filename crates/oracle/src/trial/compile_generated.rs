//! Well-formed patterns as criteria of every source and dialect.

use eventsieve::{Dialect, FilterCriteria, Source};

use super::compile_text::{compile, judge_pattern};
use super::{Tally, Trial, choices};
use crate::generate::{Pair, Rng};

/// The trial.
pub const TRIAL: Trial = Trial {
    name: "compile_generated",
    branches: &[
        "compiled for eventbridge",
        "compiled for lambda",
        "compiled for pipes",
        "refused for eventbridge",
        "refused for lambda",
        "refused for pipes",
        "payload clause",
        "several filters",
        "judged",
        "prefix",
        "suffix",
        "equals-ignore-case",
        "wildcard",
        "anything-but",
        "numeric",
        "cidr",
        "exists",
        "exactly",
        "$or",
    ],
    run,
    example: choices,
};

/// The sources, each with the key of its payload if it has one.
const SOURCES: [(Source, Option<&str>); 9] = [
    (Source::Raw, None),
    (Source::Sqs, Some("body")),
    (Source::Kinesis, Some("data")),
    (Source::DynamoDb, Some("dynamodb")),
    (Source::Msk, Some("value")),
    (Source::Kafka, Some("value")),
    (Source::ActiveMq, Some("data")),
    (Source::RabbitMq, Some("data")),
    (Source::DocumentDb, None),
];

fn run(bytes: &[u8], tally: &mut Tally) {
    let pattern = Pair::steered(bytes).pattern();
    judge_pattern(&pattern, tally);
    // What else there is to choose comes from the end of the stream's twin, so that the pair stays that of its seed.
    let mut rng = Rng::steered(bytes);
    rng.next();
    let (source, payload) = rng.pick(&SOURCES);
    let mut patterns = vec![pattern];
    for _ in 0..rng.weighted(&[6, 3, 1]) {
        patterns.push(Pair::random(rng.next()).pattern());
    }
    tally.add_if(patterns.len() > 1, "several filters");
    if let Some(key) = payload.filter(|_| rng.percent(80)) {
        tally.add("payload clause");
        for pattern in &mut patterns {
            *pattern = match rng.below(3) {
                0 => format!("{{\"{key}\":{pattern}}}"),
                1 => format!("{{\"$or\":[{{\"{key}\":{pattern}}},{{\"{key}\":[\"x\"]}}]}}"),
                _ => format!("{{\"m\":[1],\"{key}\":{pattern}}}"),
            };
        }
    }
    let criteria = FilterCriteria::from_patterns(patterns.iter().map(String::as_str));
    let [by_rule, by_lambda, by_pipes] =
        [Dialect::EventBridge, Dialect::Lambda, Dialect::Pipes].map(|dialect| compile(&criteria, source, dialect));
    tally.add(if by_rule.is_some() { "compiled for eventbridge" } else { "refused for eventbridge" });
    tally.add(if by_lambda.is_some() { "compiled for lambda" } else { "refused for lambda" });
    tally.add(if by_pipes.is_some() { "compiled for pipes" } else { "refused for pipes" });
    // The other two dialects are this one with some things taken away.
    let narrower = by_rule.is_some() || (by_lambda.is_none() && by_pipes.is_none());
    assert!(narrower, "{source} refuses as a rule what a narrower dialect takes: {patterns:#?}");
    if let Some(sieve) = by_rule {
        let text = patterns.concat();
        for operator in TRIAL.branches.iter().filter(|branch| text.contains(**branch) && !branch.contains(' ')) {
            tally.add(operator);
        }
        assert_eq!(sieve.filter_len(), patterns.len());
    }
}
