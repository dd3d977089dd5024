//! Amazon MQ: ActiveMQ and RabbitMQ.
//!
//! | | |
//! |---|---|
//! | payload key | `data` |
//! | decoding | base64, then UTF-8: JSON if it holds an object or array, plain text otherwise |
//! | metadata, ActiveMQ | `messageID`, `messageType`, `deliveryMode`, `replyTo`, `type`, `expiration`, `priority`, `correlationId`, `redelivered`, `destination`, `timestamp`, `brokerInTime`, `brokerOutTime`, `properties` |
//! | metadata, RabbitMQ | `basicProperties`, `redelivered` |
//! | mismatch | **the `data` clause is ignored** and metadata alone decides, as for Kafka; so is it for data that cannot be decoded |
//! | envelope, ActiveMQ | `{"eventSource": "aws:mq", "messages": [record, …]}` (older captures: `aws:amq`) |
//! | envelope, RabbitMQ | `{"eventSource": "aws:rmq", "rmqMessagesByQueue": {"queue::/": [record, …], …}}` |
//!
//! Source: "Filter behavior with Amazon MQ" of the Lambda guide; nobody has recorded it.

use eventsieve_compiler::{Mismatch, PayloadRule};
use eventsieve_vm::{Encoded, Encoding, PayloadShape, RecordView, Shape};

use super::{EnvelopeShape, Rules};

/// ActiveMQ.
pub(crate) const ACTIVEMQ_RULES: Rules = Rules {
    payload: Some(PayloadRule { key: "data", mismatch: Mismatch::Ignore, plain: true }),
    shape: Shape {
        payload: Some(PayloadShape { key: "data", encoding: Encoding::Base64 }),
        lifted: None,
        beside: None,
    },
    event_sources: &["aws:mq", "aws:amq"],
    envelope: EnvelopeShape::List("messages"),
    filterable: true,
};

/// RabbitMQ.
pub(crate) const RABBITMQ_RULES: Rules =
    Rules { event_sources: &["aws:rmq"], envelope: EnvelopeShape::Groups("rmqMessagesByQueue"), ..ACTIVEMQ_RULES };

/// A message as a poller holds it: its data, raw, and its other members as one JSON object if a filter may ask for
/// them.
pub fn message<'r>(data: &'r [u8], metadata: Option<&'r [u8]>) -> RecordView<'r> {
    let view = RecordView::pieces().payload(Encoded::plain(data));
    match metadata {
        Some(json) => view.metadata(json),
        None => view,
    }
}
