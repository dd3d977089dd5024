//! Front end over simd-json's tape.
//!
//! The tape holds strings as slices of the parsed buffer and containers with their node counts, so that
//! skipping is an addition. It keeps no spelling of numbers: integers are exact and their spelling is
//! known, anything with a fraction or exponent is [`Seen::Lost`].

use simd_json::{Node, StaticNode};

use crate::cursor::{Buffer, Cursor, Key, Located, Seen};

/// A cursor over the nodes of one tape.
pub(crate) struct TapeCursor<'t, 'i> {
    nodes: &'t [Node<'i>],
    at: usize,
    /// Address of the parsed buffer, to turn slices back into offsets.
    base: usize,
    /// Ends of the containers entered, as node indices. Depth is bounded by `check`.
    ends: &'t mut Vec<u32>,
}

impl<'t, 'i> TapeCursor<'t, 'i> {
    /// `base` is the address of the first byte that was parsed.
    pub(crate) fn new(nodes: &'t [Node<'i>], base: usize, ends: &'t mut Vec<u32>) -> Self {
        ends.clear();
        TapeCursor { nodes, at: 0, base, ends }
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
            Node::String(text) => {
                let start = (text.as_ptr() as usize).wrapping_sub(self.base);
                match u32::try_from(start) {
                    Ok(start) => {
                        Seen::String(Located { buffer: Buffer::Parsed, escaped: false, start, len: text.len() as u32 })
                    }
                    // An empty string may point anywhere.
                    Err(_) if text.is_empty() => {
                        Seen::String(Located { buffer: Buffer::Parsed, escaped: false, start: 0, len: 0 })
                    }
                    Err(_) => Seen::Lost,
                }
            }
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
