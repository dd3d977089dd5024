//! What the walk needs of a front end: a forward-only reader of one valid record.
//!
//! A cursor stands before a value. [`Cursor::value`] reads a scalar whole, or enters a container; inside an
//! object [`Cursor::next_member`] moves to the next value, inside an array [`Cursor::next_element`] does. Every
//! value must be read or skipped before the next step.

/// Whether JSON takes a byte for white space.
#[inline(always)]
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Which buffer the bytes of a value lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Buffer {
    /// The record, or what of it is one JSON object.
    Record,
    /// The copy of it that the tape parser worked on.
    Parsed,
    /// The decoded payload.
    Payload,
    /// The decoded bytes of a member beside the payload.
    Beside,
    /// The scratch's own text.
    Text,
}

/// Bytes of a value: in which buffer, which, and whether escapes are still to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) buffer: Buffer,
    pub(crate) escaped: bool,
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// A value as a cursor meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The cursor has entered an object.
    Object,
    /// The cursor has entered an array.
    Array,
    /// A string, without its quotes.
    String(Located),
    /// A number as it is spelled.
    Number(Located),
    /// A number of a tape, of which only the value is left.
    Integer(i128),
    True,
    False,
    Null,
    /// A value this front end cannot hand over exactly: read the record with another one.
    Lost,
}

/// A key: its bytes, decoded unless `escaped`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'r> {
    pub(crate) bytes: &'r [u8],
    pub(crate) escaped: bool,
}

/// A forward-only reader. See the module documentation.
pub(crate) trait Cursor {
    /// Reads the value here, or enters the container.
    fn value(&mut self) -> Seen;
    /// Skips the value here.
    fn skip_value(&mut self);
    /// Moves to the next member of the object the cursor is in; `None` leaves the object.
    fn next_member(&mut self) -> Option<Key<'_>>;
    /// Moves to the next element of the array the cursor is in; `false` leaves the array.
    fn next_element(&mut self) -> bool;
}
