//! The sources: what a filter sees of a record of each, and what its envelope looks like.
//!
//! One file a source holds its rules as one constant and, where a poller needs one, a builder of record views from the
//! pieces it holds. To add a source, add a file and a row to `rules`.
//!
//! | source | payload key | decoding | a format mismatch | `eventSource` | records in the envelope |
//! |---|---|---|---|---|---|
//! | [`sqs`] | `body` | text | drops | `aws:sqs` | `Records` |
//! | [`kinesis`] | `data` | base64 | drops; a `data` clause for plain text is refused | `aws:kinesis` | `Records` |
//! | [`dynamodb`] | `dynamodb` | none | a clause that is no object is refused | `aws:dynamodb` | `Records` |
//! | [`kafka`] (MSK) | `value` (`key` beside it) | base64 | the clause is ignored | `aws:kafka` | each topic of `records` |
//! | [`kafka`] (self-managed) | `value` (`key` beside it) | base64 | the clause is ignored | `SelfManagedKafka` | each topic of `records` |
//! | [`mq`] (ActiveMQ) | `data` | base64 | the clause is ignored | `aws:mq`, `aws:amq` | `messages` |
//! | [`mq`] (RabbitMQ) | `data` | base64 | the clause is ignored | `aws:rmq` | each queue of `rmqMessagesByQueue` |
//! | [`documentdb`] | – | none | – (the service takes no filters) | `aws:docdb` | `events` |
//!
//! If a record repeats its payload key, the last one counts, as for the function that would receive it; within a
//! payload every occurrence of a key counts, as everywhere.

use eventsieve_compiler::PayloadRule;
use eventsieve_program::Source;
use eventsieve_vm::Shape;

pub mod documentdb;
pub mod dynamodb;
pub mod kafka;
pub mod kinesis;
pub mod mq;
pub mod sqs;

/// Everything the engine must know about a source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// How payload clauses of filters are treated.
    pub(crate) payload: Option<PayloadRule>,
    /// How records are built.
    pub(crate) shape: Shape,
    /// Values of `eventSource`.
    pub(crate) event_sources: &'static [&'static str],
    /// Where an envelope holds its records.
    pub(crate) envelope: EnvelopeShape,
    /// Whether the service takes filters at all.
    pub(crate) filterable: bool,
}

/// Where an envelope holds its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnvelopeShape {
    /// In a list under this key.
    List(&'static str),
    /// In the lists that are the members of the object under this key (topics, queues).
    Groups(&'static str),
    /// There is no envelope.
    None,
}

const RAW: Rules =
    Rules { payload: None, shape: Shape::RAW, event_sources: &[], envelope: EnvelopeShape::None, filterable: true };

/// The rules of a source.
pub(crate) fn rules(source: Source) -> &'static Rules {
    match source {
        Source::Sqs => &sqs::RULES,
        Source::Kinesis => &kinesis::RULES,
        Source::DynamoDb => &dynamodb::RULES,
        Source::Msk => &kafka::MSK_RULES,
        Source::Kafka => &kafka::RULES,
        Source::ActiveMq => &mq::ACTIVEMQ_RULES,
        Source::RabbitMq => &mq::RABBITMQ_RULES,
        Source::DocumentDb => &documentdb::RULES,
        _ => &RAW,
    }
}

/// The source that an `eventSource` stands for; `is` says whether it is the value it is given.
pub(crate) fn by_event_source(is: impl Fn(&str) -> bool) -> Option<Source> {
    Source::ALL.iter().copied().find(|&source| rules(source).event_sources.iter().any(|name| is(name)))
}
