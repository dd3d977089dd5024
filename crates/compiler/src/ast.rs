//! A pattern as its author wrote it, checked but not yet interpreted.
//!
//! [`crate::parse`] makes these trees; `lower` gives them their meaning. Everything keeps the
//! byte span it came from inside the pattern text, so that a later stage (an error, a lint, an
//! explanation) can point at it. Text is held as *WTF-8*: UTF-8 in which a lone surrogate of a JSON
//! `\u` escape survives as its three-byte form (see `eventsieve_program::text`).

use std::ops::Range;

use eventsieve_program::addr::AddrRange;

/// A byte range inside the pattern text.
pub type Span = Range<usize>;

/// Decoded JSON text (WTF-8).
pub type Text = Vec<u8>;

/// `{ … }` that holds fields: the pattern itself, a nested field, or one alternative of a `$or`.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Members in the order written, repetitions included.
    pub members: Vec<Member>,
    /// From `{` to `}`.
    pub span: Span,
}

/// One `key: value` of an [`Object`].
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The decoded key; dots are part of it.
    pub key: Text,
    /// The key with its quotes.
    pub key_span: Span,
    /// What the key leads to.
    pub value: MemberValue,
    /// The value.
    pub span: Span,
}

/// What a key of a pattern can lead to.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberValue {
    /// A nested field.
    Object(Object),
    /// A leaf: the list of tests of which one must hold. Never empty.
    Tests(Vec<Test>),
    /// `$or`: alternatives of which one must hold. At least two. Only under the key `$or`.
    Or(Vec<Object>),
}

/// One element of a leaf's list.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What is tested.
    pub kind: TestKind,
    /// The element in the pattern text.
    pub span: Span,
}

/// What one element of a leaf's list tests.
#[derive(Debug, Clone, PartialEq)]
pub enum TestKind {
    /// A string equal to this text (`"x"` that is no address, or `exactly`).
    Exact(Text),
    /// A string that is an address inside this range: a bare IP literal (range of one) or `cidr`.
    Addr(AddrRange),
    /// A number written in the list.
    Number {
        /// Its value, or `None` where it cannot be compared: then only its spelling counts.
        value: Option<f64>,
        /// The source spelling.
        text: String,
    },
    /// `true`.
    True,
    /// `false`.
    False,
    /// `null`.
    Null,
    /// `{"prefix": "…"}`.
    Prefix(Text),
    /// `{"suffix": "…"}`.
    Suffix(Text),
    /// `{"prefix": {"equals-ignore-case": "…"}}`.
    PrefixFold(Text),
    /// `{"suffix": {"equals-ignore-case": "…"}}`.
    SuffixFold(Text),
    /// `{"equals-ignore-case": "…"}`.
    Fold(Text),
    /// `{"wildcard": "…"}`.
    Wildcard(Wildcard),
    /// `{"numeric": […]}`.
    Numeric(Interval),
    /// `{"exists": true}` or `{"exists": false}`.
    Exists(bool),
    /// `{"anything-but": …}`.
    AnythingBut(Except),
}

/// A range of comparable numbers. Both ends finite; `low == high` only for `["=", n]`, and for ranges at the far end
/// of what an `f64` holds, see [`Interval::is_empty`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Whether `low` itself is outside.
    pub low_open: bool,
    /// Upper end.
    pub high: f64,
    /// Whether `high` itself is outside.
    pub high_open: bool,
}

impl Interval {
    /// Whether no number can lie inside.
    pub fn is_empty(&self) -> bool {
        self.low == self.high && (self.low_open || self.high_open)
    }
}

/// A wildcard pattern after its escapes were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard(pub Vec<WildcardPiece>);

/// A part of a [`Wildcard`]. Two `Star`s never follow each other, nor do two `Literal`s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WildcardPiece {
    /// `*`: any bytes, also none.
    Star,
    /// Bytes that must stand here (UTF-8; lone surrogates already `?`). Never empty.
    Literal(Vec<u8>),
}

/// What `anything-but` excludes. Never empty.
#[derive(Debug, Clone, PartialEq)]
pub enum Except {
    /// These strings.
    Strings(Vec<Text>),
    /// These numbers.
    Numbers(Vec<f64>),
    /// Strings that begin so. No member is empty.
    Prefix(Vec<Text>),
    /// Strings that end so. No member is empty.
    Suffix(Vec<Text>),
    /// Strings equal to one of these but for case.
    Fold(Vec<Text>),
    /// Strings that one of these wildcards matches.
    Wildcard(Vec<Wildcard>),
}
