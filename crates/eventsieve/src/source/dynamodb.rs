//! Amazon DynamoDB Streams.
//!
//! | | |
//! |---|---|
//! | payload key | `dynamodb` |
//! | decoding | none: the record is JSON with typed attributes, `{"NewImage": {"state": {"S": "paid"}}}` |
//! | metadata | `eventID`, `eventName`, `eventVersion`, `eventSource`, `awsRegion`, `eventSourceARN`, `userIdentity` |
//! | mismatch | cannot happen; a `dynamodb` clause that is no object is refused when compiled |
//! | envelope | `{"Records": [record, …]}`, `eventSource` `aws:dynamodb` |
//!
//! Numbers are strings in a stream (`{"N": "101"}`), so `numeric` on `N` never matches, and `exists` must stand on the
//! type key (recorded cases `ddb_*`). Metadata filters work, whatever the current page says (same cases). A record is passed
//! whole; there is nothing a poller would hold in pieces.

use eventsieve_compiler::{Mismatch, PayloadRule};
use eventsieve_vm::Shape;

use super::{EnvelopeShape, Rules};

pub(crate) const RULES: Rules = Rules {
    payload: Some(PayloadRule { key: "dynamodb", mismatch: Mismatch::Drop, plain: false }),
    shape: Shape::RAW,
    event_sources: &["aws:dynamodb"],
    envelope: EnvelopeShape::List("Records"),
    filterable: true,
};
