//! From documents to records: a document is a record, or an envelope that holds some.
//!
//! Records of a source may arrive one by one or packed as a function receives them. Which it is is asked of each
//! document, so a file may hold both. Aggregates of the Kinesis Producer Library are split here where the user asks
//! for it; the document is then the split one.

use std::borrow::Cow;

use eventsieve::{Envelope, EnvelopeErrorKind, Source, kpl};

/// One document.
pub(crate) enum Unit<'c> {
    /// A record.
    Record(&'c [u8]),
    /// A record that was an aggregate: the records inside.
    Split(Vec<Vec<u8>>),
    /// An envelope.
    Envelope(Cow<'c, [u8]>),
    /// An envelope that cannot be read: where, and why.
    Broken { offset: usize, reason: String },
}

/// Tells what a document is.
pub(crate) fn read(document: &[u8], source: Source, deaggregate: bool) -> Unit<'_> {
    if Envelope::is_likely(document, source) {
        match Envelope::parse_as(document, source) {
            Ok(_) if deaggregate && source == Source::Kinesis => {
                return Unit::Envelope(kpl::expand_envelope(document).map_or(Cow::Borrowed(document), Cow::Owned));
            }
            Ok(_) => return Unit::Envelope(Cow::Borrowed(document)),
            Err(error) => {
                if let EnvelopeErrorKind::NotARecord { offset } = *error.kind() {
                    return Unit::Broken { offset, reason: error.to_string() };
                }
            }
        }
    }
    if deaggregate
        && source == Source::Kinesis
        && let Some(records) = kpl::expand(document)
    {
        return Unit::Split(records);
    }
    Unit::Record(document)
}

impl Unit<'_> {
    /// The envelope, read again: it borrows from the unit.
    pub(crate) fn envelope(&self, source: Source) -> Option<Envelope<'_>> {
        match self {
            Unit::Envelope(bytes) => Envelope::parse_as(bytes, source).ok(),
            _ => None,
        }
    }
}
