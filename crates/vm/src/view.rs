//! What a filter sees of a record: metadata, and a payload that is decoded before it is looked at.
//!
//! A [`Shape`] says how the records of a source are built; the facade has one for each source. A [`RecordView`] is one
//! record of a source, either as a function would receive it (one JSON object), or in the pieces a poller holds. Either
//! way the walk sees the members of one object at the root of the path trie, and the payload under its key.

/// How the records of a source are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The payload, if the source has one that is decoded.
    pub payload: Option<PayloadShape>,
    /// A member of a delivered record whose own members stand at the root of what a filter sees.
    pub lifted: Option<&'static str>,
    /// A second member that is decoded like the payload, but whose format decides nothing.
    pub beside: Option<&'static str>,
}

impl Shape {
    /// Records that are what a filter sees.
    pub const RAW: Shape = Shape { payload: None, lifted: None, beside: None };
}

/// Where the payload stands and how it is written in a delivered record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadShape {
    /// Its key.
    pub key: &'static str,
    /// How the string under that key is to be read.
    pub encoding: Encoding,
}

/// How a payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// In base64 (RFC 4648, padded).
    Base64,
}

/// The format a payload turned out to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayloadFormat {
    /// A JSON object or array.
    Json,
    /// Text that is no JSON object or array: words, a number, a quoted string.
    Plain,
    /// Absent, no base64 where there should be, or no UTF-8.
    Undecodable,
}

/// Bytes and how they are written.
#[derive(Debug, Clone, Copy)]
pub struct Encoded<'r> {
    pub(crate) bytes: &'r [u8],
    pub(crate) encoding: Encoding,
}

impl<'r> Encoded<'r> {
    /// Bytes as they are.
    pub fn plain(bytes: &'r [u8]) -> Encoded<'r> {
        Encoded { bytes, encoding: Encoding::Plain }
    }

    /// Bytes in base64.
    pub fn base64(bytes: &'r [u8]) -> Encoded<'r> {
        Encoded { bytes, encoding: Encoding::Base64 }
    }
}

/// A metadata value that a poller holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Member<'r> {
    Text(&'r str),
    Number(i64),
    /// Decoded, and JSON if it is an object or array.
    Decoded(Encoded<'r>),
}

/// Most scalar members of a view.
const MEMBERS: usize = 8;

/// One record, in pieces or whole. The facade's `source` modules have a builder for each source.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'r> {
    pub(crate) delivered: Option<&'r [u8]>,
    pub(crate) metadata: Option<&'r [u8]>,
    members: [(&'static str, Member<'r>); MEMBERS],
    member_len: usize,
    pub(crate) payload: Option<Encoded<'r>>,
}

impl<'r> RecordView<'r> {
    /// A record as a function receives it: one JSON object, payload and all.
    pub const fn delivered(json: &'r [u8]) -> RecordView<'r> {
        let mut view = RecordView::pieces();
        view.delivered = Some(json);
        view
    }

    /// A record in pieces; add them.
    pub const fn pieces() -> RecordView<'r> {
        RecordView {
            delivered: None,
            metadata: None,
            members: [("", Member::Number(0)); MEMBERS],
            member_len: 0,
            payload: None,
        }
    }

    /// The record in one text, if there is nothing else of it.
    pub(crate) fn whole(&self) -> Option<&'r [u8]> {
        self.delivered.filter(|_| self.payload.is_none() && self.metadata.is_none() && self.member_len == 0)
    }

    /// The payload.
    pub fn payload(mut self, payload: Encoded<'r>) -> RecordView<'r> {
        self.payload = Some(payload);
        self
    }

    /// A JSON object whose members are metadata.
    pub fn metadata(mut self, json: &'r [u8]) -> RecordView<'r> {
        self.metadata = Some(json);
        self
    }

    /// A metadata string.
    ///
    /// # Panics
    /// If the view has eight such members already; put more into [`RecordView::metadata`].
    pub fn text(self, key: &'static str, value: &'r str) -> RecordView<'r> {
        self.push(key, Member::Text(value))
    }

    /// A metadata number.
    ///
    /// # Panics
    /// If the view has eight such members already; put more into [`RecordView::metadata`].
    pub fn number(self, key: &'static str, value: i64) -> RecordView<'r> {
        self.push(key, Member::Number(value))
    }

    /// Metadata bytes that are decoded: JSON if they hold an object or array, otherwise a string. A view has room
    /// for one such member; of several the last counts.
    ///
    /// # Panics
    /// If the view has eight such members already; put more into [`RecordView::metadata`].
    pub fn decoded(self, key: &'static str, value: Encoded<'r>) -> RecordView<'r> {
        self.push(key, Member::Decoded(value))
    }

    fn push(mut self, key: &'static str, member: Member<'r>) -> RecordView<'r> {
        assert!(self.member_len < MEMBERS, "a view has room for {MEMBERS} single members");
        self.members[self.member_len] = (key, member);
        self.member_len += 1;
        self
    }

    pub(crate) fn members(&self) -> &[(&'static str, Member<'r>)] {
        &self.members[..self.member_len]
    }
}
