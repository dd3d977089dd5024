//! Front end over simd-json's tape.
//!
//! The tape holds strings as slices of the parsed buffer and containers with their node counts, so that
//! skipping is an addition. It keeps no spelling of numbers: integers are exact and their spelling is
//! known. Anything with a fraction or exponent is [`Seen::Lost`] where the record's text is at hand to be read instead,
//! and spelled as shortly as its double allows where the tape is all there is.

use eventsieve_program::number;
use simd_json::{Node, StaticNode};

use crate::check::RecordLimits;
use crate::cursor::{Buffer, Cursor, Key, Located, Seen};

/// A cursor over the nodes of one tape.
pub(crate) struct TapeCursor<'t, 'i> {
    nodes: &'t [Node<'i>],
    at: usize,
    values: Values<'t>,
    /// Ends of the containers entered, as node indices. Depth is bounded by `check` or [`is_within`].
    ends: &'t mut Vec<u32>,
}

/// Where the bytes of values lie, [`Buffer::Parsed`] either way.
enum Values<'t> {
    /// In the buffer that was parsed, which begins at this address.
    InPlace { base: usize },
    /// In here, copied when they are asked for: the tape is a caller's, whose buffer is not at hand.
    Copied(&'t mut Vec<u8>),
}

impl<'t, 'i> TapeCursor<'t, 'i> {
    /// `base` is the address of the first byte that was parsed.
    pub(crate) fn new(nodes: &'t [Node<'i>], base: usize, ends: &'t mut Vec<u32>) -> Self {
        ends.clear();
        TapeCursor { nodes, at: 0, values: Values::InPlace { base }, ends }
    }

    /// A cursor that copies the values asked for to `values`.
    pub(crate) fn copying(nodes: &'t [Node<'i>], values: &'t mut Vec<u8>, ends: &'t mut Vec<u32>) -> Self {
        ends.clear();
        values.clear();
        TapeCursor { nodes, at: 0, values: Values::Copied(values), ends }
    }

    fn string(&mut self, text: &str) -> Seen {
        let base = match &mut self.values {
            Values::InPlace { base } => *base,
            Values::Copied(values) => {
                let start = values.len();
                values.extend_from_slice(text.as_bytes());
                return u32::try_from(values.len()).map_or(Seen::Lost, |end| Seen::String(parsed(start as u32, end)));
            }
        };
        match u32::try_from((text.as_ptr() as usize).wrapping_sub(base)) {
            Ok(start) => Seen::String(parsed(start, start + text.len() as u32)),
            // An empty string may point anywhere.
            Err(_) if text.is_empty() => Seen::String(parsed(0, 0)),
            Err(_) => Seen::Lost,
        }
    }

    fn double(&mut self, value: f64) -> Seen {
        let Values::Copied(values) = &mut self.values else { return Seen::Lost };
        let start = values.len();
        number::spell(value, values);
        u32::try_from(values.len()).map_or(Seen::Lost, |end| Seen::Number(parsed(start as u32, end)))
    }

    fn enter(&mut self, count: usize) {
        self.ends.push((self.at + count) as u32);
    }

    /// Whether the innermost container goes on; leaves it if not.
    fn goes_on(&mut self) -> bool {
        match self.ends.last() {
            Some(&end) if self.at < end as usize => true,
            _ => {
                self.ends.pop();
                false
            }
        }
    }
}

impl Cursor for TapeCursor<'_, '_> {
    fn value(&mut self) -> Seen {
        let Some(node) = self.nodes.get(self.at) else { return Seen::Lost };
        self.at += 1;
        match *node {
            Node::String(text) => self.string(text),
            Node::Object { count, .. } => {
                self.enter(count);
                Seen::Object
            }
            Node::Array { count, .. } => {
                self.enter(count);
                Seen::Array
            }
            Node::Static(StaticNode::Bool(true)) => Seen::True,
            Node::Static(StaticNode::Bool(false)) => Seen::False,
            Node::Static(StaticNode::Null) => Seen::Null,
            Node::Static(StaticNode::I64(value)) => Seen::Integer(i128::from(value)),
            Node::Static(StaticNode::U64(value)) => Seen::Integer(i128::from(value)),
            Node::Static(StaticNode::F64(value)) => self.double(value),
            #[allow(unreachable_patterns, reason = "simd-json has further integers if another crate asks it for them")]
            Node::Static(_) => Seen::Lost,
        }
    }

    fn skip_value(&mut self) {
        self.at += 1 + match self.nodes.get(self.at) {
            Some(Node::Object { count, .. } | Node::Array { count, .. }) => *count,
            _ => 0,
        };
    }

    fn next_member(&mut self) -> Option<Key<'_>> {
        if !self.goes_on() {
            return None;
        }
        match self.nodes.get(self.at) {
            Some(Node::String(key)) => {
                self.at += 1;
                Some(Key { bytes: key.as_bytes(), escaped: false })
            }
            _ => None,
        }
    }

    fn next_element(&mut self) -> bool {
        self.goes_on()
    }
}

fn parsed(start: u32, end: u32) -> Located {
    Located { buffer: Buffer::Parsed, escaped: false, start, len: end - start }
}

/// A container that is open in [`is_within`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    end: usize,
    object: bool,
    /// Whether what comes next is a key.
    key: bool,
}

/// Whether a caller's tape is one object, hangs together, and keeps to the limits as far as a tape shows them.
pub(crate) fn is_within(nodes: &[Node<'_>], limits: &RecordLimits, open: &mut Vec<Open>) -> bool {
    if !matches!(nodes.first(), Some(Node::Object { .. })) {
        return false;
    }
    open.clear();
    for (at, node) in nodes.iter().enumerate() {
        if !leave(open, at) {
            return false;
        }
        let is_key = open.last_mut().is_some_and(|container| {
            let key = container.key;
            container.key = container.object && !key;
            key
        });
        let (count, object) = match *node {
            Node::String(key) if is_key => {
                if key.len() > limits.key_chars && key.encode_utf16().count() > limits.key_chars {
                    return false;
                }
                continue;
            }
            _ if is_key => return false,
            Node::Object { count, .. } => (count, true),
            Node::Array { count, .. } => (count, false),
            Node::String(_) | Node::Static(_) => continue,
        };
        let end = (at + 1).saturating_add(count);
        let outer = open.last().map_or(nodes.len(), |container| container.end);
        open.push(Open { end, object, key: object });
        if end > outer || open.len() > limits.depth.min(RecordLimits::MAX_DEPTH) {
            return false;
        }
    }
    leave(open, nodes.len())
}

/// Leaves the containers that end before a node; `false` if one ends between a key and its value.
fn leave(open: &mut Vec<Open>, at: usize) -> bool {
    while let Some(container) = open.pop_if(|container| container.end <= at) {
        if container.object && !container.key {
            return false;
        }
    }
    true
}
