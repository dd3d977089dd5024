//! Payloads of every source, in every encoding and damaged; aggregates of the Kinesis Producer Library.
//!
//! What a filter sees of a payload is worked out by hand, with a dull base64 decoder and the reference's JSON reader, written
//! as one plain record, and given to the reference.

use eventsieve::{
    Batch, Checks, Dialect, Encoded, FilterCriteria, FrontEnd, Isa, Limits, PayloadFormat, RecordView, Sieve, Source,
    Verdict,
};

use super::eval_vs_oracle::answer;
use super::{Tally, Trial, aggregates, choices, quoted};
use crate::generate::{Pair, Rng};
use crate::reference::json::read_container;
use crate::reference::{Answer, judge};

/// The trial.
pub const TRIAL: Trial = Trial {
    name: "sources",
    branches: &[
        "JSON payload",
        "plain payload",
        "undecodable payload",
        "no payload",
        "clause ignored",
        "clause dropped the record",
        "match",
        "no-match",
        "pattern refused",
        "metadata asked",
        "payload repeated",
        "aggregate read",
        "aggregate of nothing",
        "aggregate refused",
        "aggregate damaged, checksum mended",
        "aggregate expanded",
        "envelope expanded",
    ],
    run,
    example: choices,
};

/// The sources whose payload is decoded: its key, whether it is in base64, whether a clause of the wrong format is ignored.
const SOURCES: [(Source, &str, bool, bool); 6] = [
    (Source::Sqs, "body", false, false),
    (Source::Kinesis, "data", true, false),
    (Source::Msk, "value", true, true),
    (Source::Kafka, "value", true, true),
    (Source::ActiveMq, "data", true, true),
    (Source::RabbitMq, "data", true, true),
];

const PLAIN: [&str; 14] = [
    "",
    "start",
    "stop",
    "st",
    "17",
    "1e3",
    "true",
    "null",
    "\"start\"",
    " start",
    "{",
    "{\"a\":1",
    "[1,]",
    "é\u{0}\n\\\"",
];

/// Clauses on plain text.
const PLAIN_TESTS: [&str; 7] = [
    r#"["start"]"#,
    r#"["stop",{"prefix":"st"}]"#,
    r#"[{"anything-but":["start"]}]"#,
    r#"[{"exists":true}]"#,
    r#"[{"wildcard":"*a*"},"17"]"#,
    r#"["","null"]"#,
    r#"[{"suffix":"\""}]"#,
];

fn run(bytes: &[u8], tally: &mut Tally) {
    let mut rng = Rng::steered(bytes);
    rng.next();
    if rng.percent(25) {
        aggregates::run(&mut rng, tally);
    } else {
        payload(&mut rng, &Pair::steered(bytes), tally);
    }
}

/// A record, with all that was done to it.
struct Record {
    source: Source,
    key: &'static str,
    /// The payload as it was meant; `None` if there is none.
    payload: Option<Vec<u8>>,
    /// The text under the key, before escapes.
    text: Option<String>,
    /// The payload as it can be read; `None` if it cannot.
    decoded: Option<Vec<u8>>,
    metadata: &'static str,
    delivered: Vec<u8>,
}

fn payload(rng: &mut Rng, pair: &Pair, tally: &mut Tally) {
    let (source, key, coded, ignores) = rng.pick(&SOURCES);
    let asks_json = rng.percent(75);
    let clause = if asks_json { pair.pattern() } else { rng.pick(&PLAIN_TESTS).to_owned() };
    let asks_metadata = rng.percent(30);
    let metadata_clause = if asks_metadata { "\"m\":[\"x\"]," } else { "" };
    let pattern = format!("{{{metadata_clause}\"{key}\":{clause}}}");
    let record = Record::made(rng, source, key, coded, pair, tally);

    let criteria = FilterCriteria::from_patterns([pattern.as_str()]);
    let builder = Sieve::builder(source).dialect(Dialect::EventBridge).limits(Limits::none()).checks(Checks::Every);
    let found = builder.compile(&criteria).ok().map(|sieve| record.ways(&sieve, &pattern));
    let format = record.format();
    tally.add(match (&record.payload, format) {
        (None, _) => "no payload",
        (_, PayloadFormat::Json) => "JSON payload",
        (_, PayloadFormat::Plain) => "plain payload",
        (_, PayloadFormat::Undecodable) => "undecodable payload",
    });
    tally.add_if(asks_metadata, "metadata asked");

    // What the filter sees, as one plain record for the reference.
    let seen = match (&record.decoded, format) {
        (Some(decoded), PayloadFormat::Json) => {
            [record.metadata.as_bytes(), b",\"", key.as_bytes(), b"\":", decoded, b"}"].concat()
        }
        (Some(decoded), PayloadFormat::Plain) => format!(
            "{},\"{key}\":{}}}",
            record.metadata,
            quoted(std::str::from_utf8(decoded).expect("it is plain text"))
        )
        .into_bytes(),
        _ => format!("{}}}", record.metadata).into_bytes(),
    };
    let judged = judge(&pattern, &seen);
    let is_asked = format == if asks_json { PayloadFormat::Json } else { PayloadFormat::Plain };
    let expected = if judged.answer == Answer::InvalidPattern || (source == Source::Kinesis && !asks_json) {
        tally.add("pattern refused");
        Answer::InvalidPattern
    } else if is_asked {
        // Inside the seen record a payload at the limit of depth is beyond it.
        if !judged.is_settled() || judged.answer == Answer::InvalidEvent {
            return;
        }
        judged.answer
    } else if ignores {
        tally.add("clause ignored");
        let holds = !asks_metadata || record.metadata.contains("\"x\"");
        if holds { Answer::Match } else { Answer::NoMatch }
    } else {
        tally.add("clause dropped the record");
        Answer::NoMatch
    };
    tally.add_if(expected == Answer::Match, "match");
    tally.add_if(expected == Answer::NoMatch, "no-match");
    assert_eq!(
        answer(found),
        expected,
        "{source}, payload {format:?}\n    pattern {pattern}\n    {}",
        record.describe()
    );
}

impl Record {
    fn made(rng: &mut Rng, source: Source, key: &'static str, coded: bool, pair: &Pair, tally: &mut Tally) -> Record {
        let payload = match rng.weighted(&[60, 8, 20, 6, 6]) {
            0 => Some(pair.record()),
            1 => Some([b" [", pair.record().as_slice(), b"]"].concat()),
            2 => Some(rng.pick(&PLAIN).as_bytes().to_vec()),
            3 => Some((0..rng.below(9)).map(|_| rng.below(256) as u8).collect()),
            _ => None,
        };
        // Text cannot hold other bytes.
        let payload = payload.map(|bytes| match coded {
            true => bytes,
            false => String::from_utf8_lossy(&bytes).into_owned().into_bytes(),
        });
        let text = payload.as_ref().map(|bytes| match coded {
            true => damaged(rng, to_base64(bytes)),
            false => String::from_utf8_lossy(bytes).into_owned(),
        });
        let decoded = text.as_ref().and_then(|text| match coded {
            true => from_base64(text),
            false => Some(text.clone().into_bytes()),
        });
        let metadata = rng.pick(&["{\"m\":\"x\"", "{\"m\":\"y\"", "{\"m\":[1,\"x\"],\"n\":{\"a\":\"]}\"}"]);
        let mut delivered = String::from(metadata);
        // Of a repeated payload the last counts.
        if text.is_some() && rng.percent(8) {
            tally.add("payload repeated");
            let object = String::from_utf8(pair.record())
                .ok()
                .filter(|text| text.len() < 400 && read_container(text.as_bytes()).is_some());
            let before = match (rng.below(6), object) {
                // Decoded by somebody before, and perhaps what the pattern asks for.
                (0, Some(object)) => object,
                (1, Some(object)) => format!("[{object},{object}]"),
                _ => rng.pick(&["\"\"", "\"e30=\"", "null", "{\"a\":1}", "\"start\""]).to_owned(),
            };
            delivered.push_str(&format!(",\"{key}\":{before}"));
        }
        let value = text.as_ref().map(|text| spelt(rng, text));
        let value = value.or_else(|| rng.percent(50).then(|| "null".to_owned()));
        if let Some(value) = value {
            // Of a Kinesis record, as Lambda delivers it, the members of `kinesis` are what a filter sees.
            match source == Source::Kinesis && rng.percent(50) {
                true => delivered.push_str(&format!(",\"kinesis\":{{\"{key}\": {value} }}")),
                false => delivered.push_str(&format!(" ,\"{key}\" :{value}")),
            }
        }
        delivered.push('}');
        Record { source, key, payload, text, decoded, metadata, delivered: delivered.into_bytes() }
    }

    fn format(&self) -> PayloadFormat {
        match &self.decoded {
            Some(decoded) if read_container(decoded).is_some() => PayloadFormat::Json,
            Some(decoded) if std::str::from_utf8(decoded).is_ok() => PayloadFormat::Plain,
            _ => PayloadFormat::Undecodable,
        }
    }

    /// The verdict, with all ways to ask in agreement.
    fn ways(&self, sieve: &Sieve<'_>, pattern: &str) -> Verdict {
        let slices = [self.delivered.as_slice()];
        let metadata = format!("{}}}", self.metadata);
        let pieces = RecordView::pieces().metadata(metadata.as_bytes());
        let coded = self.text.as_deref().unwrap_or_default();
        let as_it_came = match (&self.text, self.source) {
            (None, _) => pieces,
            (Some(text), Source::Sqs) => pieces.payload(Encoded::plain(text.as_bytes())),
            _ => pieces.payload(Encoded::base64(coded.as_bytes())),
        };
        let raw = match &self.decoded {
            Some(decoded) => pieces.payload(Encoded::plain(decoded)),
            None => as_it_came,
        };
        let views = [RecordView::delivered(&self.delivered), as_it_came, raw];
        let batches = [("slices", Batch::from_slices(&slices)), ("views", Batch::from_views(&views))];
        let mut verdict = None;
        let mut hold = |how: &str, sieve: &Sieve<'_>| {
            let mut scratch = sieve.scratch();
            for (form, batch) in &batches {
                let outcome = sieve.evaluate_sets(&mut scratch, batch).expect("its scratch");
                for (at, &found) in outcome.verdicts().iter().enumerate() {
                    let first = *verdict.get_or_insert(found);
                    assert_eq!(
                        found,
                        first,
                        "{}, {how}, {form} {at}\n    pattern {pattern}\n    {}",
                        self.source,
                        self.describe()
                    );
                    let format = outcome.payload_format(at);
                    assert!(
                        format.is_none_or(|format| format == self.format()),
                        "{}, {how}, {form} {at}: {format:?}\n    pattern {pattern}\n    {}",
                        self.source,
                        self.describe()
                    );
                }
            }
        };
        for front_end in [FrontEnd::Index, FrontEnd::Tape, FrontEnd::Text] {
            hold(&format!("{front_end:?}"), &sieve.clone().with_front_end(front_end));
        }
        for isa in Isa::available() {
            for checks in [Checks::Every, Checks::Matches] {
                for prefilter in [true, false] {
                    let sieve = sieve.clone().with_isa(isa).with_checks(checks).with_prefilter(prefilter);
                    hold(&format!("{}, {checks:?} proved, prefilter {prefilter}", isa.name()), &sieve);
                }
            }
        }
        verdict.expect("there are several ways")
    }

    fn describe(&self) -> String {
        format!(
            "record  {}\n    payload under `{}`: {:?}, decoded {:?}",
            self.delivered.escape_ascii(),
            self.key,
            self.payload.as_ref().map(|bytes| bytes.escape_ascii().to_string()),
            self.decoded.as_ref().map(|bytes| bytes.escape_ascii().to_string())
        )
    }
}

/// The text as a JSON string, now and then with escapes where none are needed.
fn spelt(rng: &mut Rng, text: &str) -> String {
    let escapes = rng.pick(&[0, 0, 3, 40]);
    let mut out = String::from("\"");
    for character in text.chars() {
        if rng.percent(escapes) {
            match character {
                '/' => out.push_str("\\/"),
                '\n' => out.push_str("\\n"),
                _ => {
                    character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04X}")))
                }
            }
        } else {
            let plain = quoted(character.encode_utf8(&mut [0; 4]));
            out.push_str(&plain[1..plain.len() - 1]);
        }
    }
    out + "\""
}

/// Base64, now and then spoilt.
fn damaged(rng: &mut Rng, mut text: String) -> String {
    if rng.percent(85) {
        return text;
    }
    let at = rng.below(text.len() + 1);
    match rng.below(6) {
        0 => text.truncate(at),
        1 => text.insert_str(at, rng.pick(&["=", "\n", " ", "-", "_", "A", "é", "\u{0}"])),
        2 => drop(text.pop()),
        3 => text.push('='),
        4 => text = text.trim_end_matches('=').to_owned(),
        // The last digit before the padding holds bits that must be zero.
        _ => {
            let digits = text.trim_end_matches('=').len();
            if digits > 0 {
                text.replace_range(digits - 1..digits, rng.pick(&["B", "h", "/", "R"]));
            }
        }
    }
    text
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            text.push(if at > chunk.len() { '=' } else { DIGITS[(bits >> (18 - 6 * at) & 63) as usize].into() });
        }
    }
    text
}

/// `None` for anything but the one right spelling, with its padding.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = chunk.iter().try_fold(0_u32, |bits, digit| {
            DIGITS.iter().position(|known| known == digit).map(|value| bits << 6 | value as u32)
        })?;
        let bits = bits << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    (to_base64(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_base64() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(to_base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text).as_deref(), Some(bytes.as_bytes()));
        }
        for text in ["Zg", "Zg=", "Zh==", "Zg==Zg==", "Z", "=", "Zm9v\n", "Zm9_"] {
            assert_eq!(from_base64(text), None, "{text}");
        }
    }
}
