//! The only writer of program bytes.

use crate::format::*;
use crate::inst::{INST_BYTES, Inst};
use crate::{Dialect, Program, ProgramError, Source};

/// The sections of a program as lists, before they become bytes.
///
/// [`Parts::assemble`] lays them out, adds the header and lets the verifier look at the result.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "one list a section; crate::format says what each holds")]
pub struct Parts {
    pub source: Source,
    pub dialect: Dialect,
    pub flags: u32,
    pub filter_len: u32,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    pub leaves: Vec<Leaf>,
    pub insts: Vec<Inst>,
    pub slots: Vec<Slot>,
    pub conjs: Vec<Conj>,
    pub items: Vec<u32>,
    pub free_conjs: Vec<u32>,
    pub free_gates: Vec<u32>,
    pub gates: Vec<Gate>,
    pub inputs: Vec<Input>,
    pub tables: Vec<Table>,
    pub dfas: Vec<Dfa>,
    pub words: Vec<u32>,
    pub literals: Vec<u8>,
}

impl Parts {
    /// Parts of a program that has a root node and nothing else.
    pub fn new(source: Source, dialect: Dialect) -> Parts {
        Parts {
            source,
            dialect,
            flags: 0,
            filter_len: 0,
            nodes: Vec::new(),
            edges: Vec::new(),
            leaves: Vec::new(),
            insts: Vec::new(),
            slots: Vec::new(),
            conjs: Vec::new(),
            items: Vec::new(),
            free_conjs: Vec::new(),
            free_gates: Vec::new(),
            gates: Vec::new(),
            inputs: Vec::new(),
            tables: Vec::new(),
            dfas: Vec::new(),
            words: Vec::new(),
            literals: Vec::new(),
        }
    }

    /// Bytes of the program that these parts make.
    pub fn program_bytes(&self) -> usize {
        let words = self.items.len() + self.free_conjs.len() + self.free_gates.len() + self.words.len();
        HEADER_BYTES
            + SECTIONS * 16
            + self.nodes.len() * Node::BYTES
            + self.edges.len() * Edge::BYTES
            + self.leaves.len() * Leaf::BYTES
            + self.insts.len() * INST_BYTES
            + self.slots.len() * Slot::BYTES
            + self.conjs.len() * Conj::BYTES
            + self.gates.len() * Gate::BYTES
            + self.inputs.len() * Input::BYTES
            + self.tables.len() * Table::BYTES
            + self.dfas.len() * Dfa::BYTES
            + words * 4
            + self.literals.len()
    }

    /// Lays the sections out and verifies the program.
    ///
    /// # Errors
    /// What [`Program::from_bytes`] finds wrong with the parts.
    pub fn assemble(&self) -> Result<Program<'static>, ProgramError> {
        fn pack<T: Copy, const N: usize>(out: &mut Vec<u8>, list: &[T], bytes: impl Fn(T) -> [u8; N]) {
            out.extend(list.iter().flat_map(|&entry| bytes(entry)));
        }
        let table = HEADER_BYTES + SECTIONS * 16;
        let mut out = vec![0; table];
        let mut starts = Vec::with_capacity(SECTIONS + 1);
        for section in Section::ALL {
            starts.push(out.len());
            match section {
                Section::Nodes => pack(&mut out, &self.nodes, Node::to_bytes),
                Section::Edges => pack(&mut out, &self.edges, Edge::to_bytes),
                Section::Leaves => pack(&mut out, &self.leaves, Leaf::to_bytes),
                Section::Insts => pack(&mut out, &self.insts, Inst::to_bytes),
                Section::Slots => pack(&mut out, &self.slots, Slot::to_bytes),
                Section::Conjs => pack(&mut out, &self.conjs, Conj::to_bytes),
                Section::Items => pack(&mut out, &self.items, u32::to_le_bytes),
                Section::FreeConjs => pack(&mut out, &self.free_conjs, u32::to_le_bytes),
                Section::FreeGates => pack(&mut out, &self.free_gates, u32::to_le_bytes),
                Section::Gates => pack(&mut out, &self.gates, Gate::to_bytes),
                Section::Inputs => pack(&mut out, &self.inputs, Input::to_bytes),
                Section::Tables => pack(&mut out, &self.tables, Table::to_bytes),
                Section::Dfas => pack(&mut out, &self.dfas, Dfa::to_bytes),
                Section::Words => pack(&mut out, &self.words, u32::to_le_bytes),
                Section::Literals => out.extend_from_slice(&self.literals),
            }
        }
        starts.push(out.len());
        out[..8].copy_from_slice(&MAGIC);
        out[8..10].copy_from_slice(&VERSION.to_le_bytes());
        out[10] = self.source.code();
        out[11] = self.dialect.code();
        out[12..16].copy_from_slice(&self.flags.to_le_bytes());
        out[16..20].copy_from_slice(&self.filter_len.to_le_bytes());
        out[20..24].copy_from_slice(&(SECTIONS as u32).to_le_bytes());
        debug_assert_eq!(out.len(), self.program_bytes());
        let whole = out.len() as u64;
        out[24..32].copy_from_slice(&whole.to_le_bytes());
        for (at, pair) in starts.windows(2).enumerate() {
            let row = HEADER_BYTES + at * 16;
            out[row..row + 8].copy_from_slice(&(pair[0] as u64).to_le_bytes());
            out[row + 8..row + 16].copy_from_slice(&((pair[1] - pair[0]) as u64).to_le_bytes());
        }
        seal(&mut out);
        Program::from_bytes(out)
    }
}

/// Writes the checksum that fits the bytes, as a damaged program needs before its other faults show.
///
/// For tests and fuzzers: a program is made by [`Parts::assemble`]. Does nothing if the header is cut.
pub fn seal(bytes: &mut [u8]) {
    if bytes.len() >= HEADER_BYTES {
        let sum = crate::verify::checksum(bytes);
        bytes[32..36].copy_from_slice(&sum.to_le_bytes());
    }
}
