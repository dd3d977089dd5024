//! Amazon MSK and self-managed Apache Kafka.
//!
//! | | |
//! |---|---|
//! | payload key | `value`; `key` is decoded the same way beside it |
//! | decoding | base64, then UTF-8: JSON if it holds an object or array, plain text otherwise |
//! | metadata | `topic`, `partition`, `offset`, `timestamp`, `timestampType`, `key`, `headers` (as delivered: lists of byte numbers) |
//! | mismatch | **the `value` clause is ignored** and metadata alone decides, inside `$or` too; so is it for a value that is no base64, no UTF-8, or absent (a tombstone). A filter with nothing but a `value` clause then passes the record |
//! | envelope | `{"eventSource": …, "records": {"topic-0": [record, …], …}}`, `eventSource` `aws:kafka` (MSK) or `SelfManagedKafka` |
//!
//! Source: "Filter behavior with Kafka" of the Lambda guide; nobody has recorded it. That an alternative of a `$or` which
//! is nothing but an ignored clause holds, like a filter that is nothing else, is our reading; so is the decoding of `key`.

use eventsieve_compiler::{Mismatch, PayloadRule};
use eventsieve_vm::{Encoded, Encoding, PayloadShape, RecordView, Shape};

use super::{EnvelopeShape, Rules};

/// Self-managed Kafka.
pub(crate) const RULES: Rules = Rules {
    payload: Some(PayloadRule { key: "value", mismatch: Mismatch::Ignore, plain: true }),
    shape: Shape {
        payload: Some(PayloadShape { key: "value", encoding: Encoding::Base64 }),
        lifted: None,
        beside: Some("key"),
    },
    event_sources: &["SelfManagedKafka"],
    envelope: EnvelopeShape::Groups("records"),
    filterable: true,
};

/// Amazon MSK.
pub(crate) const MSK_RULES: Rules = Rules { event_sources: &["aws:kafka"], ..RULES };

/// A record as a poller holds it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Record<'r> {
    /// Its topic.
    pub topic: &'r str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in milliseconds.
    pub timestamp: i64,
    /// `CREATE_TIME` or `LOG_APPEND_TIME`.
    pub timestamp_type: &'r str,
    /// Its key, raw; `None` if it has none.
    pub key: Option<&'r [u8]>,
    /// Its value, raw; `None` for a tombstone.
    pub value: Option<&'r [u8]>,
    /// `{"headers": [{"name": [bytes]}, …]}` as JSON, if a filter may ask for headers.
    pub headers: Option<&'r [u8]>,
}

impl<'r> Record<'r> {
    /// The view that filters see.
    ///
    /// ```
    /// use eventsieve::{Batch, FilterCriteria, Sieve, Source, Verdict, source::kafka::Record};
    ///
    /// let criteria = FilterCriteria::from_patterns([r#"{"topic":["rides"],"value":{"kind":["start"]}}"#]);
    /// let sieve = Sieve::builder(Source::Kafka).compile(&criteria)?;
    /// let mut scratch = sieve.scratch();
    /// let rides = Record { topic: "rides", ..Record::default() };
    /// let views = [
    ///     Record { value: Some(br#"{"kind":"start"}"#), ..rides }.view(),
    ///     Record { value: Some(br#"{"kind":"end"}"#), ..rides }.view(),
    ///     Record { value: Some(b"start"), ..rides }.view(), // plain text: the topic alone decides
    /// ];
    /// let verdicts = sieve.evaluate(&mut scratch, &Batch::from_views(&views))?;
    /// assert_eq!(verdicts, [Verdict::Match, Verdict::NoMatch, Verdict::Match]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn view(&self) -> RecordView<'r> {
        let mut view = RecordView::pieces()
            .text("topic", self.topic)
            .number("partition", i64::from(self.partition))
            .number("offset", self.offset)
            .number("timestamp", self.timestamp)
            .text("timestampType", self.timestamp_type);
        if let Some(key) = self.key {
            view = view.decoded("key", Encoded::plain(key));
        }
        if let Some(value) = self.value {
            view = view.payload(Encoded::plain(value));
        }
        if let Some(headers) = self.headers {
            view = view.metadata(headers);
        }
        view
    }
}
