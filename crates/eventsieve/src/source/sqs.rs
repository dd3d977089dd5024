//! Amazon SQS.
//!
//! | | |
//! |---|---|
//! | payload key | `body` |
//! | decoding | the string itself: JSON if it holds an object or array, plain text otherwise |
//! | metadata | `messageId`, `receiptHandle`, `attributes`, `messageAttributes`, `md5OfBody`, `eventSource`, `eventSourceARN`, `awsRegion` |
//! | mismatch | JSON clause and plain body, or the other way round: the record is dropped, and the service **deletes** the message |
//! | envelope | `{"Records": [record, …]}`, `eventSource` `aws:sqs` |
//!
//! Source: "Filter behavior with SQS" of the Lambda guide; recorded cases `sqs_*`. A body that is a number, a quoted
//! string, `true`, `false` or `null` counts as plain text (the guide does not say; choice `payload-scalar`).

use eventsieve_compiler::{Mismatch, PayloadRule};
use eventsieve_vm::{Encoded, Encoding, PayloadShape, RecordView, Shape};

use super::{EnvelopeShape, Rules};

pub(crate) const RULES: Rules = Rules {
    payload: Some(PayloadRule { key: "body", mismatch: Mismatch::Drop, plain: true }),
    shape: Shape { payload: Some(PayloadShape { key: "body", encoding: Encoding::Plain }), lifted: None, beside: None },
    event_sources: &["aws:sqs"],
    envelope: EnvelopeShape::List("Records"),
    filterable: true,
};

/// A message as a poller holds it: its body, and its other members as one JSON object if a filter may ask for them.
///
/// ```
/// use eventsieve::{Batch, FilterCriteria, Sieve, Source, Verdict, source::sqs};
///
/// let criteria = FilterCriteria::from_patterns([r#"{"body":{"kind":["paid"]},"attributes":{"SenderId":["A"]}}"#]);
/// let sieve = Sieve::builder(Source::Sqs).compile(&criteria)?;
/// let mut scratch = sieve.scratch();
/// let views = [
///     sqs::message(r#"{"kind":"paid"}"#, Some(br#"{"attributes":{"SenderId":"A"}}"#)),
///     sqs::message("paid", None),
/// ];
/// let verdicts = sieve.evaluate(&mut scratch, &Batch::from_views(&views))?;
/// assert_eq!(verdicts, [Verdict::Match, Verdict::NoMatch]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn message<'r>(body: &'r str, metadata: Option<&'r [u8]>) -> RecordView<'r> {
    let view = RecordView::pieces().payload(Encoded::plain(body.as_bytes()));
    match metadata {
        Some(json) => view.metadata(json),
        None => view,
    }
}
