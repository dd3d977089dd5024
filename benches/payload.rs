//! What a poller does before it can ask a peer: it takes the payload out of a delivered record and decodes it.
//!
//! eventsieve does this itself, as part of evaluating; peers know documents only. Theirs is done with the fastest parts that
//! are to be had: `serde` with borrowed text, unknown members ignored, and `base64-simd`.

use std::borrow::Cow;

use serde::Deserialize;

/// Where the document stands that filters look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// The record is the document.
    Whole,
    /// JSON in a string under `body`.
    SqsBody,
    /// Base64 in a string under `kinesis`, `data`.
    KinesisData,
    /// Base64 in a string under `value`.
    KafkaValue,
}

#[derive(Deserialize)]
struct Message<'r> {
    #[serde(borrow)]
    body: Cow<'r, str>,
}

#[derive(Deserialize)]
struct StreamRecord<'r> {
    #[serde(borrow)]
    kinesis: StreamData<'r>,
}

#[derive(Deserialize)]
struct StreamData<'r> {
    #[serde(borrow)]
    data: Cow<'r, str>,
}

#[derive(Deserialize)]
struct TopicRecord<'r> {
    #[serde(borrow)]
    value: Cow<'r, str>,
}

impl Payload {
    /// The document in a record, in the buffer if it had to be decoded; `None` if there is none.
    pub fn decode<'r>(self, record: &'r [u8], buffer: &'r mut Vec<u8>) -> Option<&'r [u8]> {
        match self {
            Payload::Whole => return Some(record),
            Payload::SqsBody => {
                let message: Message<'_> = serde_json::from_slice(record).ok()?;
                buffer.clear();
                buffer.extend_from_slice(message.body.as_bytes());
            }
            Payload::KinesisData => {
                let record: StreamRecord<'_> = serde_json::from_slice(record).ok()?;
                decode_base64(&record.kinesis.data, buffer)?;
            }
            Payload::KafkaValue => {
                let record: TopicRecord<'_> = serde_json::from_slice(record).ok()?;
                decode_base64(&record.value, buffer)?;
            }
        }
        Some(buffer)
    }

    /// The key that a pattern has around what it says of the document.
    fn key(self) -> Option<&'static str> {
        match self {
            Payload::Whole => None,
            Payload::SqsBody => Some("body"),
            Payload::KinesisData => Some("data"),
            Payload::KafkaValue => Some("value"),
        }
    }

    /// What a pattern says of the document.
    ///
    /// # Panics
    /// If the pattern says nothing of it, or something of anything else: a peer could not be asked that way.
    pub fn inner_pattern(self, pattern: &str) -> String {
        let Some(key) = self.key() else { return pattern.to_owned() };
        let whole: serde_json::Value = serde_json::from_str(pattern).expect("a workload's patterns are JSON");
        assert_eq!(whole.as_object().map(serde_json::Map::len), Some(1), "only the payload is filtered: {pattern}");
        whole[key].to_string()
    }
}

/// Decodes into a buffer that is used again for every record.
fn decode_base64(text: &str, buffer: &mut Vec<u8>) -> Option<()> {
    buffer.resize(base64_simd::STANDARD.estimated_decoded_length(text.len()), 0);
    let length = base64_simd::STANDARD.decode(text.as_bytes(), base64_simd::Out::from_slice(buffer)).ok()?.len();
    buffer.truncate(length);
    Some(())
}
