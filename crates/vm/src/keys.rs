//! The path trie as the bytes of keys: what stands before a colon, compared from its end.
//!
//! Where a record's colons are is known before its keys have been read ([`crate::index`]), so a key is compared
//! backwards: its last bytes and its closing quote are one word, and a node has such a word for every key that leads on
//! from it. Most keys of a record lead nowhere, and one comparison a candidate says so.
//!
//! A key with dots is several segments at once, so it leads past nodes; each node has the texts of all nodes below
//! it, joined with dots, among its keys.

use eventsieve_program::View;
use eventsieve_program::format::{NODE_EMPTY_KEY, NONE};

use crate::index::Lanes;
use crate::view::Shape;

/// From so many keys of one node on, they are looked up in a table.
const TABLE_FROM: usize = 9;
/// Longest key whose escapes, if it has any, lie within the 64 bytes before its colon: an escape takes at most 6
/// bytes for one of the key.
pub(crate) const NEAR: usize = 58;
/// Most keys. A trie of long chains would have a number of them that grows with the square.
const KEYS: usize = 1 << 20;

/// What a key leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
    /// A node.
    Into(u32),
    /// The members of the value are members of the root.
    Lift,
    /// The payload or the member beside it, to be decoded, and its node.
    Decode { node: u32, payload: bool },
}

/// One key of one node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// The last bytes of the key and its closing quote, as they lie before the colon.
    tail: u64,
    /// Which of these eight bytes are part of the key or its quotes.
    mask: u64,
    start: u32,
    len: u32,
    pub(crate) lead: Lead,
    /// Whether the key passes a node whose elements are scopes, without a container of its own.
    pub(crate) irregular: bool,
}

/// The keys of a node.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NodeKeys {
    start: u32,
    len: u32,
    /// First cell of the table and its size less one; 0 for no table.
    table: u32,
    table_mask: u32,
    /// Bytes of the longest key.
    pub(crate) longest: u32,
    pub(crate) leaf: u32,
    /// The last bytes of each key and its closing quote: where the four bytes before a colon are none of these, its key
    /// leads nowhere. Not for a node that has a table.
    pub(crate) lanes: Lanes,
}

/// The keys of a program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    nodes: Vec<NodeKeys>,
    keys: Vec<Key>,
    cells: Vec<u32>,
    text: Vec<u8>,
}

impl Keys {
    /// `None` for a trie with too many keys.
    pub(crate) fn new(view: &View<'_>, shape: &Shape) -> Option<Keys> {
        let mut keys = Keys::default();
        for node in 0..view.node_len() {
            keys.node(view, shape, node)?;
        }
        Some(keys)
    }

    #[inline(always)]
    pub(crate) fn node_keys(&self, node: u32) -> &NodeKeys {
        &self.nodes[node as usize]
    }

    fn node(&mut self, view: &View<'_>, shape: &Shape, node: u32) -> Option<()> {
        let start = self.keys.len();
        let special = if node == 0 { self.special(view, shape) } else { Vec::new() };
        // Depth first, with the text of the keys passed and whether what was passed has scopes.
        let mut open = vec![(node, Vec::new(), false, 0)];
        while let Some((at, prefix, irregular, segments)) = open.pop() {
            let entry = view.node(at);
            for edge in (entry.edge_start..entry.edge_start + entry.edge_len).rev() {
                let edge = view.edge(edge);
                let mut text: Vec<u8> = prefix.clone();
                if segments > 0 {
                    text.push(b'.');
                }
                text.extend_from_slice(view.key(edge));
                let irregular = irregular || (segments > 0 && entry.is_scoped());
                let is_walked = segments > 0 || !text.is_empty() || view.node(edge.child).flags & NODE_EMPTY_KEY != 0;
                if is_walked && !special.contains(&text) {
                    self.push(&text, Lead::Into(edge.child), irregular)?;
                }
                open.push((edge.child, text, irregular, segments + 1));
            }
        }
        let len = self.keys.len() - start;
        let longest = self.keys[start..].iter().map(|key| key.len).max().unwrap_or(0);
        let (table, table_mask) = if len >= TABLE_FROM { self.table(start, len) } else { (0, 0) };
        let leaf = view.node(node).leaf;
        let mut lanes = Lanes::default();
        for (lane, key) in self.keys[start..].iter().take(TABLE_FROM - 1).enumerate() {
            lanes.masks[lane] = (key.mask >> 32) as u32;
            lanes.words[lane] = (key.tail >> 32) as u32;
        }
        self.nodes.push(NodeKeys { start: start as u32, len: len as u32, table, table_mask, longest, leaf, lanes });
        Some(())
    }

    /// The keys that mean something of their own at the root; those that are not asked for lead nowhere.
    fn special(&mut self, view: &View<'_>, shape: &Shape) -> Vec<Vec<u8>> {
        let mut special = Vec::new();
        let root = view.node(0);
        let mut add = |keys: &mut Keys, key: &str, lead: Option<Lead>| {
            if !special.iter().any(|known| known == key.as_bytes()) {
                special.push(key.as_bytes().to_vec());
                if let Some(lead) = lead {
                    // The first few keys are never too many.
                    let _ = keys.push(key.as_bytes(), lead, false);
                }
            }
        };
        let decode = |key: &str, payload| view.child(root, key.as_bytes()).map(|node| Lead::Decode { node, payload });
        if let Some(payload) = shape.payload {
            add(self, payload.key, decode(payload.key, true));
        }
        if let Some(beside) = shape.beside {
            add(self, beside, decode(beside, false));
        }
        if let Some(lifted) = shape.lifted {
            add(self, lifted, Some(Lead::Lift));
        }
        special
    }

    fn push(&mut self, text: &[u8], lead: Lead, irregular: bool) -> Option<()> {
        if self.keys.len() >= KEYS || self.text.len() >= KEYS * 16 {
            return None;
        }
        // What stands before the colon: at most the last eight bytes of the key in its quotes.
        let mut tail = [0_u8; 8];
        let mut mask = [0_u8; 8];
        let quoted = std::iter::once(&b'"').chain(text).chain(std::iter::once(&b'"'));
        for (place, &byte) in (0..8).rev().zip(quoted.rev()) {
            tail[place] = byte;
            mask[place] = 0xff;
        }
        let start = self.text.len() as u32;
        self.text.extend_from_slice(text);
        self.keys.push(Key {
            tail: u64::from_le_bytes(tail),
            mask: u64::from_le_bytes(mask),
            start,
            len: text.len() as u32,
            lead,
            irregular,
        });
        Some(())
    }

    fn table(&mut self, start: usize, len: usize) -> (u32, u32) {
        let capacity = (len * 2).next_power_of_two();
        // Cell 0 of all is not used, so that a table's number is never 0.
        if self.cells.is_empty() {
            self.cells.push(NONE);
        }
        let first = self.cells.len();
        self.cells.resize(first + capacity, NONE);
        for index in start..start + len {
            let mut cell = hash(self.text_of(&self.keys[index])) as usize & (capacity - 1);
            while self.cells[first + cell] != NONE {
                cell = (cell + 1) & (capacity - 1);
            }
            self.cells[first + cell] = index as u32;
        }
        (first as u32, capacity as u32 - 1)
    }

    fn text_of(&self, key: &Key) -> &[u8] {
        &self.text[key.start as usize..][..key.len as usize]
    }

    /// Keys that may be few enough to be compared one by one; none where there is a table.
    #[inline(always)]
    pub(crate) fn few(&self, node: &NodeKeys) -> &[Key] {
        let len = if node.table == 0 { node.len as usize } else { 0 };
        &self.keys[node.start as usize..][..len]
    }

    #[inline(always)]
    pub(crate) fn has_table(node: &NodeKeys) -> bool {
        node.table != 0
    }

    /// The key with this text.
    pub(crate) fn find(&self, node: &NodeKeys, text: &[u8]) -> Option<&Key> {
        if node.table == 0 {
            return self.few(node).iter().find(|key| self.text_of(key) == text);
        }
        let mut cell = hash(text) & node.table_mask;
        loop {
            let index = self.cells[(node.table + cell) as usize];
            if index == NONE {
                return None;
            }
            let key = &self.keys[index as usize];
            if self.text_of(key) == text {
                return Some(key);
            }
            cell = (cell + 1) & node.table_mask;
        }
    }

    /// Whether `key` in its quotes ends at `end`; `tail` are the eight bytes before. Whether the opening quote is one is
    /// for the caller to see to; its place is returned.
    #[inline(always)]
    pub(crate) fn ends_with(&self, key: &Key, tail: u64, record: &[u8], end: usize) -> Option<usize> {
        if tail & key.mask != key.tail {
            return None;
        }
        let start = end.checked_sub(key.len as usize + 2)?;
        if key.len > 6 && (record[start] != b'"' || record[start + 1..end - 1] != *self.text_of(key)) {
            return None;
        }
        Some(start)
    }
}

/// The keys of a table are the author's, so nobody else chooses what collides.
fn hash(text: &[u8]) -> u32 {
    eventsieve_program::format::string_hash(0x6b65_7973, text)
}
