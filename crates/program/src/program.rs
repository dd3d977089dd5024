//! A verified program, and cheap typed access to its sections.

use std::borrow::Cow;
use std::fmt;

use crate::format::*;
use crate::inst::{INST_BYTES, Inst, Op};
use crate::verify;
use crate::{Dialect, Source};

/// A verified program: immutable, `Send + Sync`, relocatable.
///
/// [`Program::from_bytes`] is the only way from bytes to a program. It checks everything an evaluation
/// leans on, so that no program that exists can make one loop, panic or read out of bounds. The bytes may
/// be owned or borrowed (from a mapped file, say) and lie at any alignment.
///
/// ```
/// use eventsieve_program::Program;
/// assert!(Program::from_bytes(b"not a program".as_slice()).is_err());
/// ```
#[derive(Clone)]
pub struct Program<'p> {
    bytes: Cow<'p, [u8]>,
    layout: Layout,
}

/// Where the sections lie, and the header's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) source: Source,
    pub(crate) dialect: Dialect,
    pub(crate) flags: u32,
    pub(crate) filter_len: u32,
    pub(crate) id: u64,
    pub(crate) sections: [std::ops::Range<usize>; SECTIONS],
}

impl<'p> Program<'p> {
    /// Verifies the bytes and takes them, owned or borrowed.
    ///
    /// # Errors
    /// [`ProgramError`] names the first broken rule and where.
    pub fn from_bytes(bytes: impl Into<Cow<'p, [u8]>>) -> Result<Program<'p>, ProgramError> {
        let bytes = bytes.into();
        let layout = verify::verify(&bytes)?;
        Ok(Program { bytes, layout })
    }

    /// The bytes, to store or ship.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same program with bytes of its own.
    pub fn into_owned(self) -> Program<'static> {
        Program { bytes: Cow::Owned(self.bytes.into_owned()), layout: self.layout }
    }

    /// Where its records come from.
    pub fn source(&self) -> Source {
        self.layout.source
    }

    /// The dialect its criteria was written in.
    pub fn dialect(&self) -> Dialect {
        self.layout.dialect
    }

    /// Number of filters.
    pub fn filter_len(&self) -> usize {
        self.layout.filter_len as usize
    }

    /// Whether every valid record passes (criteria without filters).
    pub fn passes_all(&self) -> bool {
        self.layout.flags & FLAG_PASS_ALL != 0
    }

    /// A number that tells programs apart: a hash of the bytes. It is for use within a process, another release may have
    /// another hash.
    pub fn id(&self) -> u64 {
        self.layout.id
    }

    /// The program as a listing (see [`crate::disasm`]).
    pub fn disasm(&self) -> String {
        crate::disasm::disasm(self)
    }

    /// Typed access to the sections.
    #[inline]
    pub fn view(&self) -> View<'_> {
        View::new(&self.bytes, &self.layout)
    }
}

impl fmt::Debug for Program<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("bytes_len", &self.bytes.len())
            .field("source", &self.layout.source)
            .field("dialect", &self.layout.dialect)
            .field("filter_len", &self.layout.filter_len)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Program<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Program<'_> {}

/// The sections of a program as slices, with a decoder for each kind of entry.
///
/// Indices come from the program itself and were verified; an index from elsewhere may panic.
#[derive(Debug, Clone, Copy)]
pub struct View<'p> {
    nodes: &'p [[u8; Node::BYTES]],
    edges: &'p [[u8; Edge::BYTES]],
    leaves: &'p [[u8; Leaf::BYTES]],
    insts: &'p [[u8; INST_BYTES]],
    slots: &'p [[u8; Slot::BYTES]],
    conjs: &'p [[u8; Conj::BYTES]],
    items: &'p [[u8; 4]],
    free_conjs: &'p [[u8; 4]],
    free_gates: &'p [[u8; 4]],
    gates: &'p [[u8; Gate::BYTES]],
    inputs: &'p [[u8; Input::BYTES]],
    tables: &'p [[u8; Table::BYTES]],
    dfas: &'p [[u8; Dfa::BYTES]],
    words: &'p [[u8; 4]],
    literals: &'p [u8],
    /// Number of filters.
    pub filter_len: u32,
    /// Header flags.
    pub flags: u32,
}

macro_rules! accessors {
    ($( $(#[doc = $doc:literal])* $one:ident $len:ident $field:ident $type:ident; )*) => {$(
        $(#[doc = $doc])*
        #[inline]
        pub fn $one(&self, index: u32) -> $type {
            $type::from_bytes(&self.$field[index as usize])
        }

        /// How many there are.
        #[inline]
        pub fn $len(&self) -> u32 {
            self.$field.len() as u32
        }
    )*};
}

impl<'p> View<'p> {
    pub(crate) fn new(bytes: &'p [u8], layout: &Layout) -> View<'p> {
        let section = |s: Section| &bytes[layout.sections[s as usize].clone()];
        View {
            nodes: section(Section::Nodes).as_chunks().0,
            edges: section(Section::Edges).as_chunks().0,
            leaves: section(Section::Leaves).as_chunks().0,
            insts: section(Section::Insts).as_chunks().0,
            slots: section(Section::Slots).as_chunks().0,
            conjs: section(Section::Conjs).as_chunks().0,
            items: section(Section::Items).as_chunks().0,
            free_conjs: section(Section::FreeConjs).as_chunks().0,
            free_gates: section(Section::FreeGates).as_chunks().0,
            gates: section(Section::Gates).as_chunks().0,
            inputs: section(Section::Inputs).as_chunks().0,
            tables: section(Section::Tables).as_chunks().0,
            dfas: section(Section::Dfas).as_chunks().0,
            words: section(Section::Words).as_chunks().0,
            literals: section(Section::Literals),
            filter_len: layout.filter_len,
            flags: layout.flags,
        }
    }

    accessors! {
        /// A node of the trie.
        node node_len nodes Node;
        /// An edge of the trie.
        edge edge_len edges Edge;
        /// A leaf.
        leaf leaf_len leaves Leaf;
        /// A slot.
        slot slot_len slots Slot;
        /// A conjunction.
        conj conj_len conjs Conj;
        /// A gate.
        gate gate_len gates Gate;
        /// An input.
        input input_len inputs Input;
        /// A string table.
        table table_len tables Table;
        /// An automaton.
        dfa dfa_len dfas Dfa;
    }

    /// The instruction at `pc`.
    #[inline]
    pub fn inst(&self, pc: u32) -> Inst {
        // `verify` has decoded every instruction once, so the fallback is never taken.
        Inst::from_bytes(&self.insts[pc as usize]).unwrap_or(Inst::plain(Op::End))
    }

    /// The instruction at `pc` of bytes that may not be verified yet.
    pub(crate) fn decode_inst(&self, pc: u32) -> Option<Inst> {
        Inst::from_bytes(&self.insts[pc as usize])
    }

    /// Number of instructions.
    #[inline]
    pub fn inst_len(&self) -> u32 {
        self.insts.len() as u32
    }

    /// A slot or leaf of a conjunction, or an absent leaf of a gate.
    #[inline]
    pub fn item(&self, index: u32) -> u32 {
        u32::from_le_bytes(self.items[index as usize])
    }

    /// Number of items.
    #[inline]
    pub fn item_len(&self) -> u32 {
        self.items.len() as u32
    }

    /// The conjunctions looked at for every record.
    #[inline]
    pub fn free_conjs(&self) -> impl Iterator<Item = u32> + use<'p> {
        self.free_conjs.iter().map(|&bytes| u32::from_le_bytes(bytes))
    }

    /// The gates looked at for every record.
    #[inline]
    pub fn free_gates(&self) -> impl Iterator<Item = u32> + use<'p> {
        self.free_gates.iter().map(|&bytes| u32::from_le_bytes(bytes))
    }

    /// A word of a table, automaton or posting.
    #[inline]
    pub fn word(&self, index: u32) -> u32 {
        u32::from_le_bytes(self.words[index as usize])
    }

    /// Number of words.
    #[inline]
    pub fn word_len(&self) -> u32 {
        self.words.len() as u32
    }

    /// Bytes of the literal pool.
    #[inline]
    pub fn literal(&self, offset: u32, len: u32) -> &'p [u8] {
        &self.literals[offset as usize..][..len as usize]
    }

    /// Length of the literal pool.
    #[inline]
    pub fn literal_bytes(&self) -> usize {
        self.literals.len()
    }

    /// The `f64` at an offset of the literal pool.
    #[inline]
    pub fn f64_at(&self, offset: u32) -> f64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.literal(offset, 8));
        f64::from_le_bytes(bytes)
    }

    /// The `u128` at an offset of the literal pool.
    #[inline]
    pub fn u128_at(&self, offset: u32) -> u128 {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(self.literal(offset, 16));
        u128::from_le_bytes(bytes)
    }

    /// The key of an edge.
    #[inline]
    pub fn key(&self, edge: Edge) -> &'p [u8] {
        self.literal(edge.key, edge.key_len)
    }

    /// The slots of a posting; none for [`NONE`].
    #[inline]
    pub fn posting(&self, index: u32) -> impl Iterator<Item = u32> + use<'p> {
        let slots: &'p [[u8; 4]] = if index == NONE {
            &[]
        } else {
            let count = self.word(index) as usize;
            &self.words[index as usize + 1..][..count]
        };
        slots.iter().map(|&bytes| u32::from_le_bytes(bytes))
    }

    /// The child of `node` under `segment`.
    #[inline]
    pub fn child(&self, node: Node, segment: &[u8]) -> Option<u32> {
        let (mut low, mut high) = (node.edge_start, node.edge_start + node.edge_len);
        if node.edge_len <= 8 {
            return (low..high).map(|at| self.edge(at)).find(|&edge| self.key(edge) == segment).map(|e| e.child);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            let edge = self.edge(middle);
            match self.key(edge).cmp(segment) {
                std::cmp::Ordering::Equal => return Some(edge.child),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The posting of `text` in a string table, if it is a member.
    #[inline]
    pub fn lookup(&self, table: Table, text: &[u8]) -> Option<u32> {
        let hash = string_hash(table.seed, text);
        let mask = table.capacity - 1;
        let mut at = hash & mask;
        loop {
            let entry = table.start + at * 4;
            let literal = self.word(entry + 1);
            if literal == NONE {
                return None;
            }
            if self.word(entry) == hash && self.literal(literal, self.word(entry + 2)) == text {
                return Some(self.word(entry + 3));
            }
            at = (at + 1) & mask;
        }
    }

    /// The posting of the state that an automaton is in after `text`.
    #[inline]
    pub fn run(&self, dfa: Dfa, text: &[u8]) -> u32 {
        let transitions = dfa.start + 256;
        let mut state = dfa.start_state;
        for &byte in text {
            let class = self.word(dfa.start + u32::from(byte));
            state = self.word(transitions + state * dfa.class_len + class);
            if state == 0 {
                return NONE;
            }
        }
        self.word(transitions + dfa.state_len * dfa.class_len + state)
    }
}

/// Why bytes are no program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramError {
    pub(crate) kind: ProgramErrorKind,
}

/// The rule that a program breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramErrorKind {
    /// Not even the first bytes are there.
    NotAProgram,
    /// A version this crate does not read.
    Version(u16),
    /// The bytes end early or go on too long.
    Length {
        /// What the header says.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The checksum does not match: the bytes were damaged.
    Checksum {
        /// What the header says.
        expected: u32,
        /// What the bytes give.
        found: u32,
    },
    /// A field of the header holds what no program has.
    Header(&'static str),
    /// An entry of a section breaks a rule.
    Entry {
        /// The section.
        section: &'static str,
        /// Which entry.
        index: u64,
        /// The rule.
        rule: &'static str,
    },
}

impl ProgramError {
    /// The broken rule.
    pub fn kind(&self) -> &ProgramErrorKind {
        &self.kind
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ProgramErrorKind::NotAProgram => f.write_str("not an eventsieve program: the first bytes differ"),
            ProgramErrorKind::Version(found) => {
                write!(f, "program of version {found}; this build reads version {VERSION}: compile it again")
            }
            ProgramErrorKind::Length { expected, found } => {
                write!(f, "program should be {expected} bytes long but is {found}")
            }
            ProgramErrorKind::Checksum { expected, found } => {
                write!(f, "program is damaged: checksum {found:08x}, header says {expected:08x}")
            }
            ProgramErrorKind::Header(rule) => write!(f, "program header is wrong: {rule}"),
            ProgramErrorKind::Entry { section, index, rule } => {
                write!(f, "program is wrong at {section}[{index}]: {rule}")
            }
        }
    }
}

impl std::error::Error for ProgramError {}
