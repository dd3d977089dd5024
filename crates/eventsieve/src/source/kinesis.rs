//! Amazon Kinesis Data Streams.
//!
//! | | |
//! |---|---|
//! | payload key | `data` |
//! | decoding | base64, then UTF-8, then JSON |
//! | metadata | `kinesisSchemaVersion`, `partitionKey`, `sequenceNumber`, `approximateArrivalTimestamp`, `eventSource`, `eventVersion`, `eventID`, `eventName`, `invokeIdentityArn`, `awsRegion`, `eventSourceARN` |
//! | mismatch | data that is no JSON under a `data` clause: the record is dropped; a `data` clause that is no object is refused when compiled |
//! | envelope | `{"Records": [record, …]}`, `eventSource` `aws:kinesis` |
//!
//! **A filter sees the record flat**: `{"partitionKey": […], "data": {…}}`, although it is delivered with these members
//! under `kinesis` (Lambda guide of 2022; case `kinesis-metadata-and-data`).
//!
//! Records that the Kinesis Producer Library has aggregated are opaque to standard polling: not JSON, so a `data` clause
//! drops them. [`kpl`](crate::kpl) recognises and splits them as enhanced fan-out does.

use eventsieve_compiler::{Mismatch, PayloadRule};
use eventsieve_vm::{Encoded, Encoding, PayloadShape, RecordView, Shape};

use super::{EnvelopeShape, Rules};

pub(crate) const RULES: Rules = Rules {
    payload: Some(PayloadRule { key: "data", mismatch: Mismatch::Drop, plain: false }),
    shape: Shape {
        payload: Some(PayloadShape { key: "data", encoding: Encoding::Base64 }),
        lifted: Some("kinesis"),
        beside: None,
    },
    event_sources: &["aws:kinesis"],
    envelope: EnvelopeShape::List("Records"),
    filterable: true,
};

/// A record as a poller holds it: partition key, sequence number, and its data as [`Encoded::plain`] (what an SDK
/// returns) or [`Encoded::base64`] (what the wire carries).
///
/// ```
/// use eventsieve::{Batch, Encoded, FilterCriteria, Sieve, Source, Verdict, source::kinesis};
///
/// let criteria = FilterCriteria::from_patterns([r#"{"partitionKey":["p1"],"data":{"n":[{"numeric":[">",1]}]}}"#]);
/// let sieve = Sieve::builder(Source::Kinesis).compile(&criteria)?;
/// let mut scratch = sieve.scratch();
/// let views = [
///     kinesis::record("p1", "49590338", Encoded::plain(br#"{"n":2}"#)),
///     kinesis::record("p1", "49590339", Encoded::base64(b"eyJuIjoxfQ==")), // {"n":1}
/// ];
/// let verdicts = sieve.evaluate(&mut scratch, &Batch::from_views(&views))?;
/// assert_eq!(verdicts, [Verdict::Match, Verdict::NoMatch]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn record<'r>(partition_key: &'r str, sequence_number: &'r str, data: Encoded<'r>) -> RecordView<'r> {
    RecordView::pieces().text("partitionKey", partition_key).text("sequenceNumber", sequence_number).payload(data)
}
