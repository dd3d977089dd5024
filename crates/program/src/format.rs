//! The bytes of a program, complete enough to write a second reader from.
//!
//! All integers are little endian; offsets count bytes; nothing needs alignment. A program is one block:
//!
//! ```text
//! offset size
//!      0    8  magic "ESVPROG\0"
//!      8    2  version, now 1
//!     10    1  source (see `Source::code`)
//!     11    1  dialect (see `Dialect::code`)
//!     12    4  flags: bit 0, every valid record passes (criteria without filters)
//!     16    4  number of filters, at most 16,777,216
//!     20    4  number of sections, always 15
//!     24    8  length of the whole program
//!     32    4  CRC-32 (IEEE) of all other bytes: 0 to 31, then 36 to the end
//!     36    4  zero
//!     40       section table: for each section its offset (u64) and its length (u64), in the order below
//! ```
//!
//! Sections lie behind the table without gaps, in the same order:
//!
//! | # | section | one entry |
//! |---|---|---|
//! | 0 | nodes | 16 bytes, [`Node`]: trie of the paths; node 0 is the root; children come after parents |
//! | 1 | edges | 12 bytes, [`Edge`]: of one node together, sorted by key |
//! | 2 | leaves | 8 bytes, [`Leaf`]: a path that has tests or whose absence is asked; in the order of the paths' UTF-16 |
//! | 3 | insts | 16 bytes, [`crate::inst::Inst`] |
//! | 4 | slots | 16 bytes, [`Slot`]: one path with one list of tests |
//! | 5 | conjs | 16 bytes, [`Conj`]: an AND of slots and absences that needs no scopes |
//! | 6 | items | `u32`: slots and leaves of the conjunctions; of each gate, leaf and bit, in turn, of its absences, then its sleepers |
//! | 7 | free conjs | `u32`: conjunctions without a slot, looked at for every record |
//! | 8 | free gates | `u32`: gates that can be ready without any slot, looked at for every record |
//! | 9 | gates | 32 bytes, [`Gate`]: an AND counted inside one scope (array element or record) |
//! | 10 | inputs | 12 bytes, [`Input`]: what a satisfied slot counts towards |
//! | 11 | tables | 16 bytes, [`Table`]: where a string table lies in the words |
//! | 12 | dfas | 16 bytes, [`Dfa`]: where an automaton lies in the words |
//! | 13 | words | `u32`: table entries, automata, postings |
//! | 14 | literals | bytes |
//!
//! Lists that an entry owns (a node's edges, a slot's conjunctions and inputs) follow each other in the order of
//! their owners, without gaps; free conjunctions come after all others. Children are one level deeper than their
//! parents. A gate's parent is a later gate of the same or a smaller depth.
//!
//! **Trie.** A path is the key sequence that leads to a value, arrays left out. A key with dots is that
//! many segments. Node flags: bit 0, elements of an array here are scopes;
//! bit 1, an event key that is empty leads here (without it, only a key with dots does); bits 16 to 31, depth (root 0).
//!
//! **Leaf code.** A scalar at a leaf's path runs the code that begins at the leaf's `pc` (see
//! [`crate::inst`]) and marks the leaf as seen.
//!
//! **Satisfying.** A satisfied slot (a) stands for the rest of the record, for the conjunctions that
//! look at it in the end; (b) counts once in the current scope towards each of its inputs.
//!
//! **Conjunction.** Holds when all its slots were satisfied somewhere and none of its absent leaves was
//! seen. It is listed under one of its slots, the *anchor*, and only looked at when that was satisfied.
//!
//! **Gate.** Counts in the innermost open scope whose node is not deeper than the gate's depth. When that
//! scope ends and anything was counted in it, each of its absent leaves that was not seen inside the scope sets its bit
//! too, and its *sleepers* (gates that can be ready by absences alone, so that no slot need wake them) are looked at
//! in the same way. As soon as all
//! bits of `need` are set the gate is *ready*: it sets its bit in the parent gate (in the parent's scope)
//! or, without a parent, accepts its filter.
//!
//! **Guard.** An input may name a guard gate: a slot satisfied directly inside an element of an array at
//! its own path counts only if the guard was ready inside that element.
//!
//! **When.** Conjunctions and gates that accept a filter carry a mask of payload formats (bit 0 JSON, bit 1
//! plain text, bit 2 undecodable) under which they count; records without a payload have format JSON.
//!
//! **String table.** Words: capacity (a power of two) entries of 4 words: hash, literal offset, literal
//! length, posting; an empty entry has offset `0xffff_ffff`. The entry of a text is the first one, from
//! `hash & (capacity - 1)` on and wrapping, with that hash and text; an empty entry ends the search, which
//! always is met because at most half of the entries are used. [`string_hash`] defines the hash.
//!
//! **Automaton.** Words: 256 words of byte classes; then for each state `class_len` words of next states;
//! then for each state one posting. State 0 is dead (all its transitions lead to itself). The text is
//! read from the start state; the posting of the last state lists the satisfied slots.
//!
//! **Posting.** Index into the words: a count, then that many slots. `0xffff_ffff` is "none".

/// First bytes of every program.
pub const MAGIC: [u8; 8] = *b"ESVPROG\0";
/// The version this crate reads and writes.
pub const VERSION: u16 = 1;
/// Bytes before the section table.
pub const HEADER_BYTES: usize = 40;
/// Where the bytes covered by the checksum begin.
pub const CHECKED_FROM: usize = 36;
/// "None" in fields that hold an index.
pub const NONE: u32 = u32::MAX;
/// Most filters of a program. Memory is set aside for each, and a filter that never matches takes no room in a program.
pub const FILTERS: u32 = 1 << 24;
/// Number of sections.
pub const SECTIONS: usize = 15;
/// Header flag: every valid record passes.
pub const FLAG_PASS_ALL: u32 = 1;
/// Node flag: elements of an array here are scopes.
pub const NODE_SCOPED: u32 = 1;
/// Node flag: an event key that is empty leads here. Without it only a key with dots does.
pub const NODE_EMPTY_KEY: u32 = 2;
/// Payload format: JSON (or no payload at all).
pub const WHEN_JSON: u8 = 1;
/// Payload format: plain text.
pub const WHEN_PLAIN: u8 = 2;
/// Payload format: cannot be decoded.
pub const WHEN_BROKEN: u8 = 4;
/// Every payload format.
pub const WHEN_ANY: u8 = 7;

/// The sections, in file order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
#[allow(missing_docs, reason = "the table in the module documentation says what each holds")]
pub enum Section {
    Nodes,
    Edges,
    Leaves,
    Insts,
    Slots,
    Conjs,
    Items,
    FreeConjs,
    FreeGates,
    Gates,
    Inputs,
    Tables,
    Dfas,
    Words,
    Literals,
}

impl Section {
    /// Every section, in file order.
    pub const ALL: [Section; SECTIONS] = [
        Section::Nodes,
        Section::Edges,
        Section::Leaves,
        Section::Insts,
        Section::Slots,
        Section::Conjs,
        Section::Items,
        Section::FreeConjs,
        Section::FreeGates,
        Section::Gates,
        Section::Inputs,
        Section::Tables,
        Section::Dfas,
        Section::Words,
        Section::Literals,
    ];

    /// Bytes of one entry.
    pub fn entry_bytes(self) -> usize {
        match self {
            Section::Nodes | Section::Insts | Section::Slots | Section::Conjs => 16,
            Section::Tables | Section::Dfas => 16,
            Section::Gates => 32,
            Section::Edges | Section::Inputs => 12,
            Section::Leaves => 8,
            Section::Items | Section::FreeConjs | Section::FreeGates | Section::Words => 4,
            Section::Literals => 1,
        }
    }

    /// The name used in errors and listings.
    pub fn name(self) -> &'static str {
        match self {
            Section::Nodes => "nodes",
            Section::Edges => "edges",
            Section::Leaves => "leaves",
            Section::Insts => "insts",
            Section::Slots => "slots",
            Section::Conjs => "conjs",
            Section::Items => "items",
            Section::FreeConjs => "free conjs",
            Section::FreeGates => "free gates",
            Section::Gates => "gates",
            Section::Inputs => "inputs",
            Section::Tables => "tables",
            Section::Dfas => "dfas",
            Section::Words => "words",
            Section::Literals => "literals",
        }
    }
}

/// Little-endian `u32` at `at`; the caller has checked the bounds of the entry.
#[inline]
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

macro_rules! entries {
    ($( $(#[doc = $doc:literal])* $name:ident $bytes:literal { $( $(#[doc = $field_doc:literal])* $field:ident at $at:literal ),* $(,)? } )*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name {
            $( $(#[doc = $field_doc])* pub $field: u32, )*
        }

        impl $name {
            /// Bytes of one entry.
            pub const BYTES: usize = $bytes;

            /// Decodes one entry.
            #[inline]
            pub fn from_bytes(bytes: &[u8; $bytes]) -> Self {
                Self { $( $field: word(bytes, $at), )* }
            }

            /// Encodes the entry.
            pub fn to_bytes(self) -> [u8; $bytes] {
                let mut bytes = [0; $bytes];
                $( bytes[$at..$at + 4].copy_from_slice(&self.$field.to_le_bytes()); )*
                bytes
            }
        }
    )*};
}

entries! {
    /// A node of the path trie.
    Node 16 {
        /// First edge.
        edge_start at 0,
        /// Number of edges.
        edge_len at 4,
        /// The leaf of this path, or [`NONE`].
        leaf at 8,
        /// Bit 0 [`NODE_SCOPED`]; bit 1 [`NODE_EMPTY_KEY`]; bits 16-31 the depth.
        flags at 12,
    }
    /// An edge of the path trie.
    Edge 12 {
        /// Offset of the key (WTF-8) in the literals.
        key at 0,
        /// Its length.
        key_len at 4,
        /// The node it leads to.
        child at 8,
    }
    /// A path with tests.
    Leaf 8 {
        /// Where its code begins.
        pc at 0,
        /// Its node.
        node at 4,
    }
    /// One path with one list of tests.
    Slot 16 {
        /// First of the conjunctions anchored here.
        conj_start at 0,
        /// Their number.
        conj_len at 4,
        /// First of its inputs.
        input_start at 8,
        /// Their number.
        input_len at 12,
    }
    /// An AND of slots and absences.
    Conj 16 {
        /// The filter it accepts.
        filter at 0,
        /// First of its items: the slots other than the anchor, then the absent leaves.
        item_start at 4,
        /// Number of slots among them (low half), of absent leaves (high half).
        lens at 8,
        /// Payload formats under which it counts (low byte).
        when at 12,
    }
    /// An AND inside a scope.
    Gate 32 {
        /// Bits that must be set, low half.
        need_low at 0,
        /// Bits that must be set, high half.
        need_high at 4,
        /// The gate it counts towards, always a later one; [`NONE`]: it accepts `filter`.
        parent at 8,
        /// Its bit there (low byte), payload formats (second byte), depth (high half).
        shape at 12,
        /// The filter it accepts if it has no parent, else [`NONE`].
        filter at 16,
        /// First of its absences among the items.
        absent_start at 20,
        /// Their number; each is two items, leaf and bit.
        absent_len at 24,
        /// Number of its sleepers: gates among the items behind its absences, all earlier than the gate itself.
        sleeper_len at 28,
    }
    /// What a satisfied slot counts towards.
    Input 12 {
        /// The gate.
        gate at 0,
        /// Its bit there (low byte); depth of the slot's own node (high half).
        shape at 4,
        /// The guard gate, or [`NONE`].
        guard at 8,
    }
    /// A string table.
    Table 16 {
        /// First word.
        start at 0,
        /// Entries, a power of two.
        capacity at 4,
        /// Entries in use.
        len at 8,
        /// Seed of the hash.
        seed at 12,
    }
    /// An automaton.
    Dfa 16 {
        /// First word.
        start at 0,
        /// Number of states.
        state_len at 4,
        /// Number of byte classes.
        class_len at 8,
        /// The start state.
        start_state at 12,
    }
}

impl Node {
    /// Number of segments from the root.
    #[inline]
    pub fn depth(self) -> u32 {
        self.flags >> 16
    }

    /// Whether elements of an array here are scopes.
    #[inline]
    pub fn is_scoped(self) -> bool {
        self.flags & NODE_SCOPED != 0
    }
}

impl Conj {
    /// Number of slots besides the anchor.
    #[inline]
    pub fn slot_len(self) -> u32 {
        self.lens & 0xffff
    }

    /// Number of absent leaves.
    #[inline]
    pub fn absent_len(self) -> u32 {
        self.lens >> 16
    }
}

impl Gate {
    /// The bits that must be set.
    #[inline]
    pub fn need(self) -> u64 {
        u64::from(self.need_low) | u64::from(self.need_high) << 32
    }

    /// Its bit in the parent gate.
    #[inline]
    pub fn parent_bit(self) -> u32 {
        self.shape & 0xff
    }

    /// Payload formats under which it accepts its filter.
    #[inline]
    pub fn when(self) -> u8 {
        (self.shape >> 8) as u8
    }

    /// First of its sleepers among the items.
    #[inline]
    pub fn sleeper_start(self) -> u32 {
        self.absent_start + self.absent_len * 2
    }

    /// Whether it has to be looked at when its scope ends.
    #[inline]
    pub fn waits(self) -> bool {
        self.absent_len > 0 || self.sleeper_len > 0
    }

    /// Scopes deeper than this are not its own.
    #[inline]
    pub fn depth(self) -> u32 {
        self.shape >> 16
    }
}

impl Input {
    /// The bit it sets.
    #[inline]
    pub fn bit(self) -> u32 {
        self.shape & 0xff
    }

    /// Depth of the slot's node.
    #[inline]
    pub fn depth(self) -> u32 {
        self.shape >> 16
    }
}

/// The hash of string tables: 64-bit multiply and fold over 8-byte pieces, upper half of the result.
///
/// Not meant to resist an author who looks for collisions: the compiler bounds the length of runs by
/// choosing the seed, and nobody but the author of the criteria decides what is in a table.
#[inline]
pub fn string_hash(seed: u32, text: &[u8]) -> u32 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |a: u64, b: u64| {
        let wide = u128::from(a) * u128::from(b);
        (wide as u64) ^ (wide >> 64) as u64
    };
    let mut state = K ^ (u64::from(seed) << 32 | text.len() as u64);
    let mut chunks = text.chunks_exact(8);
    for chunk in &mut chunks {
        let piece =
            u64::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7]]);
        state = fold(state ^ piece, K);
    }
    let mut tail = [0; 8];
    tail[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    (fold(state ^ u64::from_le_bytes(tail), K ^ 0x5bd1_e995) >> 32) as u32
}
