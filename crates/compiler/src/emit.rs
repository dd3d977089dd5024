//! From meaning to bytes: trie, leaf code, and how satisfied slots make filters.
//!
//! One [`Emitter`] takes the alternatives of every filter ([`crate::lower`]) and numbers what they share:
//! equal paths are one leaf, equal lists of tests at one path are one slot. Everything is numbered in the
//! order of the criteria or of sorted keys, never in the order of a hash map: same criteria, same bytes.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use eventsieve_program::addr::Family;
use eventsieve_program::assemble::Parts;
use eventsieve_program::format::{
    Conj, Dfa, Edge, FLAG_PASS_ALL, Gate, Input as InputEntry, Leaf, NODE_EMPTY_KEY, NODE_SCOPED, NONE, Node, Slot,
    Table, string_hash,
};
use eventsieve_program::inst::{GOTO, HIGH_OPEN, Inst, LOW_OPEN, Op, V6};
use eventsieve_program::{Dialect, Program, ProgramError, Source, glob, text};

use crate::ast::{Except, Test, TestKind, Wildcard, WildcardPiece};
use crate::fold;
use crate::lower::{Alternative, Group, Input, Path};
use crate::options::Limits;
use crate::value::{self, Shape};

/// From so many exact strings at one path on, they go into a table.
const TABLE_FROM: usize = 5;
/// From so many byte-wise tests at one path on, they are merged into an automaton.
const MERGE_FROM: usize = 6;
/// Up to so many: more make an automaton that grows too large or takes long to build, and the vm has plans for them.
const MERGE_TO: usize = 32;
/// Most bits of one gate; larger groups are split.
const GATE_BITS: usize = 60;

/// Where a condition counts.
#[derive(Debug, Clone, Copy)]
enum Target {
    Gate { gate: usize, bit: u32 },
    Filter { filter: u32, when: u8 },
}

#[derive(Debug)]
struct TrieNode {
    children: BTreeMap<Vec<u8>, usize>,
    leaf: Option<usize>,
    scoped: bool,
    /// Reached by an event key that is empty.
    by_empty_key: bool,
    depth: u32,
}

#[derive(Debug)]
struct SlotEntry {
    leaf: usize,
    tests: Rc<[Test]>,
    inputs: Vec<(usize, u32, Option<usize>)>,
    /// How many conjunctions want it.
    wanted: u32,
}

#[derive(Debug)]
struct GateEntry {
    depth: usize,
    target: Target,
    need: u64,
    absent: Vec<(usize, u32)>,
}

#[derive(Debug)]
struct ConjEntry {
    filter: u32,
    when: u8,
    slots: Vec<u32>,
    absent: Vec<usize>,
}

/// Why there is no program.
#[derive(Debug)]
pub(crate) enum EmitError {
    /// It would have so many bytes, which is more than the limit.
    Limit { found: usize },
    /// It would be larger than its format can hold.
    Format(ProgramError),
}

/// Collects filters and writes the program.
pub(crate) struct Emitter {
    source: Source,
    dialect: Dialect,
    filter_len: u32,
    nodes: Vec<TrieNode>,
    leaf_nodes: Vec<usize>,
    leaf_slots: Vec<Vec<u32>>,
    slots: Vec<SlotEntry>,
    slot_ids: HashMap<(usize, Vec<u8>), u32>,
    gates: Vec<GateEntry>,
    conjs: Vec<ConjEntry>,
}

impl Emitter {
    pub(crate) fn new(source: Source, dialect: Dialect) -> Emitter {
        let root = TrieNode { children: BTreeMap::new(), leaf: None, scoped: false, by_empty_key: false, depth: 0 };
        Emitter {
            source,
            dialect,
            filter_len: 0,
            nodes: vec![root],
            leaf_nodes: Vec::new(),
            leaf_slots: Vec::new(),
            slots: Vec::new(),
            slot_ids: HashMap::new(),
            gates: Vec::new(),
            conjs: Vec::new(),
        }
    }

    /// Counts a filter, whether or not anything is added for it.
    pub(crate) fn filter(&mut self, filter: u32) {
        self.filter_len = self.filter_len.max(filter + 1);
    }

    /// Lets a filter pass every record under the payload formats of `when`.
    pub(crate) fn always(&mut self, filter: u32, when: u8) {
        self.conjs.push(ConjEntry { filter, when, slots: Vec::new(), absent: Vec::new() });
    }

    /// Adds alternatives of one filter, each of which accepts it under the payload formats of `when`.
    pub(crate) fn alternatives(&mut self, filter: u32, when: u8, alternatives: &[Group]) {
        self.empty_keys(alternatives);
        for group in alternatives {
            let (mut slots, mut absent) = (Vec::new(), Vec::new());
            if flat(group, &mut slots, &mut absent) {
                let mut conj = ConjEntry { filter, when, slots: Vec::new(), absent: Vec::new() };
                conj.slots = slots.into_iter().map(|(path, tests)| self.slot(path, tests)).collect();
                conj.absent = absent.into_iter().map(|path| self.leaf(path)).collect();
                conj.slots.sort_unstable();
                conj.slots.dedup();
                for &slot in &conj.slots {
                    self.slots[slot as usize].wanted += 1;
                }
                self.conjs.push(conj);
            } else {
                self.group(group, Target::Filter { filter, when }, true);
            }
        }
    }

    /// The reference walks an empty key of an event only if one of the keys it looks for is empty, and when it collects
    /// those, it forgets empty segments at the end of a path.
    fn empty_keys(&mut self, alternatives: &[Group]) {
        let mut paths = Vec::new();
        alternatives.iter().for_each(|group| collect_paths(group, &mut paths));
        let looked_for = |path: &Rc<Path>| {
            let mut segments: Vec<&[u8]> = path.segments().collect();
            while segments.len() > 1 && segments.last().is_some_and(|segment| segment.is_empty()) {
                segments.pop();
            }
            let all_empty = path.depth() > 1 && segments == [b"".as_slice()];
            !all_empty && segments.iter().any(|segment| segment.is_empty())
        };
        if !paths.iter().any(looked_for) {
            return;
        }
        for path in paths {
            self.leaf(&path);
            let mut node = 0;
            for segment in path.segments() {
                node = self.nodes[node].children[segment];
                self.nodes[node].by_empty_key |= segment.is_empty();
            }
        }
    }

    fn leaf(&mut self, path: &Path) -> usize {
        let mut node = 0;
        for (index, segment) in path.segments().enumerate() {
            node = match self.nodes[node].children.get(segment) {
                Some(&child) => child,
                None => {
                    let child = self.nodes.len();
                    self.nodes[node].children.insert(segment.to_vec(), child);
                    self.nodes.push(TrieNode {
                        children: BTreeMap::new(),
                        leaf: None,
                        scoped: false,
                        by_empty_key: false,
                        depth: index as u32 + 1,
                    });
                    child
                }
            };
        }
        *self.nodes[node].leaf.get_or_insert_with(|| {
            self.leaf_nodes.push(node);
            self.leaf_slots.push(Vec::new());
            self.leaf_nodes.len() - 1
        })
    }

    fn slot(&mut self, path: &Path, tests: &Rc<[Test]>) -> u32 {
        let leaf = self.leaf(path);
        let key = canonical(tests);
        if let Some(&slot) = self.slot_ids.get(&(leaf, key.clone())) {
            return slot;
        }
        let slot = self.slots.len() as u32;
        self.slots.push(SlotEntry { leaf, tests: Rc::clone(tests), inputs: Vec::new(), wanted: 0 });
        self.slot_ids.insert((leaf, key), slot);
        self.leaf_slots[leaf].push(slot);
        slot
    }

    /// Emits a group and returns its gate. A group of one condition needs none unless `forced`.
    fn group(&mut self, group: &Group, target: Target, forced: bool) -> Option<usize> {
        if let [input] = group.inputs.as_slice()
            && !forced
            && !matches!(input, Input::Absent(_))
        {
            self.input(input, target);
            return None;
        }
        let gate = self.gate(group.depth, target);
        self.mark_scope(group);
        let inputs: Vec<&Input> = group.inputs.iter().collect();
        self.inputs(&inputs, gate);
        Some(gate)
    }

    fn gate(&mut self, depth: usize, target: Target) -> usize {
        self.gates.push(GateEntry { depth, target, need: 0, absent: Vec::new() });
        self.gates.len() - 1
    }

    /// What a group asks must hold inside one element of every array on the way to it: each node of its
    /// prefix opens scopes.
    fn mark_scope(&mut self, group: &Group) {
        if group.depth == 0 {
            return;
        }
        let Some(path) = any_path(group) else { return };
        self.leaf(&path);
        let mut node = 0;
        for segment in path.segments().take(group.depth) {
            node = self.nodes[node].children[segment];
            self.nodes[node].scoped = true;
        }
    }

    fn inputs(&mut self, inputs: &[&Input], gate: usize) {
        // A guarded slot and the part that guards it must stay together, so pieces are cut between keys.
        if inputs.len() > GATE_BITS {
            let (absent, mut rest): (Vec<&Input>, Vec<&Input>) =
                inputs.iter().partition(|input| matches!(input, Input::Absent(_)));
            let mut pieces = Vec::new();
            while rest.len() > GATE_BITS / 2 {
                let mut at = GATE_BITS / 2;
                while at > 1 && matches!(rest[at - 1], Input::Slot { guarded: true, .. }) {
                    at -= 1;
                }
                let tail = rest.split_off(at);
                pieces.push(std::mem::replace(&mut rest, tail));
            }
            pieces.push(rest);
            pieces.extend(absent.chunks(GATE_BITS / 2).skip(1).map(<[&Input]>::to_vec));
            let depth = self.gates[gate].depth;
            for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
                let bit = self.bit(gate);
                let inner = self.gate(depth, Target::Gate { gate, bit });
                self.inputs(&piece, inner);
            }
            for input in absent.into_iter().take(GATE_BITS / 2) {
                let bit = self.bit(gate);
                self.input(input, Target::Gate { gate, bit });
            }
            return;
        }
        let mut guarded = Vec::new();
        for &input in inputs {
            let bit = self.bit(gate);
            let target = Target::Gate { gate, bit };
            match input {
                Input::Slot { path, tests, guarded: true } => {
                    let slot = self.slot(path, tests);
                    guarded.push((slot, bit));
                }
                Input::Part(part) if !guarded.is_empty() => {
                    let guard = self.group(part, target, true);
                    for (slot, bit) in guarded.drain(..) {
                        self.slots[slot as usize].inputs.push((gate, bit, guard));
                    }
                }
                input => self.input(input, target),
            }
        }
    }

    fn bit(&mut self, gate: usize) -> u32 {
        let bit = self.gates[gate].need.count_ones();
        self.gates[gate].need |= 1 << bit;
        bit
    }

    fn input(&mut self, input: &Input, target: Target) {
        match input {
            Input::Slot { path, tests, .. } => {
                let slot = self.slot(path, tests);
                let (gate, bit) = match target {
                    Target::Gate { gate, bit } => (gate, bit),
                    Target::Filter { .. } => {
                        let gate = self.gate(0, target);
                        (gate, self.bit(gate))
                    }
                };
                self.slots[slot as usize].inputs.push((gate, bit, None));
            }
            Input::Absent(path) => self.absent(path, target),
            Input::Part(group) => {
                self.group(group, target, false);
            }
            Input::Or(alternatives) => {
                for alternative in alternatives {
                    match alternative {
                        Alternative::Absent(path) => self.absent(path, target),
                        Alternative::Group(group) => {
                            self.group(group, target, false);
                        }
                    }
                }
            }
        }
    }

    fn absent(&mut self, path: &Path, target: Target) {
        let leaf = self.leaf(path);
        let (gate, bit) = match target {
            Target::Gate { gate, bit } => (gate, bit),
            Target::Filter { .. } => {
                let gate = self.gate(0, target);
                (gate, self.bit(gate))
            }
        };
        self.gates[gate].absent.push((leaf, bit));
    }

    /// Bytes that the program has at least, as far as it is known already.
    pub(crate) fn least_bytes(&self) -> usize {
        self.slots.len() * Slot::BYTES
            + self.gates.len() * Gate::BYTES
            + self.conjs.len() * Conj::BYTES
            + self.nodes.len() * Node::BYTES
    }

    /// Writes the program, unless it has more bytes than the limit.
    pub(crate) fn finish(self, pass_all: bool, limits: &Limits) -> Result<Program<'static>, EmitError> {
        let mut parts = Parts::new(self.source, self.dialect);
        parts.filter_len = self.filter_len;
        parts.flags = if pass_all { FLAG_PASS_ALL } else { 0 };
        let automaton_bytes = limits.automaton_bytes;
        let mut writer = Writer { parts, automaton_bytes, literals: HashMap::new(), postings: HashMap::new() };
        let leaf_ids = self.write_trie(&mut writer);
        self.write_code(&mut writer, &leaf_ids);
        self.write_resolve(&mut writer.parts, &leaf_ids);
        let found = writer.parts.program_bytes();
        if found > limits.program_bytes {
            return Err(EmitError::Limit { found });
        }
        writer.parts.assemble().map_err(EmitError::Format)
    }

    /// Writes nodes, edges and leaves; returns the number of each of our leaves in the program.
    fn write_trie(&self, writer: &mut Writer) -> Vec<u32> {
        // Breadth first, so that children come after parents and siblings lie side by side.
        let mut order = vec![0];
        let mut at = 0;
        while at < order.len() {
            order.extend(self.nodes[order[at]].children.values());
            at += 1;
        }
        let mut numbers = vec![0_u32; self.nodes.len()];
        for (number, &node) in order.iter().enumerate() {
            numbers[node] = number as u32;
        }
        let mut texts = vec![Vec::new(); self.nodes.len()];
        for &node in &order {
            for (key, &child) in &self.nodes[node].children {
                texts[child] = if node == 0 { key.clone() } else { [&texts[node], key.as_slice()].join(&b'.') };
            }
        }
        // Leaves are numbered as the reference sorts paths, so that their order can be read off a program.
        let mut by_path: Vec<usize> = (0..self.leaf_nodes.len()).collect();
        by_path.sort_by(|&a, &b| text::cmp_utf16(&texts[self.leaf_nodes[a]], &texts[self.leaf_nodes[b]]));
        let mut leaf_ids = vec![NONE; self.leaf_nodes.len()];
        for (id, &leaf) in by_path.iter().enumerate() {
            leaf_ids[leaf] = id as u32;
            writer.parts.leaves.push(Leaf { pc: 0, node: numbers[self.leaf_nodes[leaf]] });
        }
        for &node in &order {
            let entry = &self.nodes[node];
            let leaf = entry.leaf.map_or(NONE, |leaf| leaf_ids[leaf]);
            writer.parts.nodes.push(Node {
                edge_start: writer.parts.edges.len() as u32,
                edge_len: entry.children.len() as u32,
                leaf,
                flags: entry.depth << 16
                    | if entry.scoped { NODE_SCOPED } else { 0 }
                    | if entry.by_empty_key { NODE_EMPTY_KEY } else { 0 },
            });
            for (key, &child) in &entry.children {
                let (key, key_len) = writer.literal(key);
                writer.parts.edges.push(Edge { key, key_len, child: numbers[child] });
            }
        }
        leaf_ids
    }

    fn write_code(&self, writer: &mut Writer, leaf_ids: &[u32]) {
        let mut by_id: Vec<(u32, usize)> = leaf_ids.iter().copied().zip(0..).collect();
        by_id.sort_unstable();
        for (id, leaf) in by_id {
            writer.parts.leaves[id as usize].pc = writer.parts.insts.len() as u32;
            let slots: Vec<(u32, &[Test])> =
                self.leaf_slots[leaf].iter().map(|&slot| (slot, &*self.slots[slot as usize].tests)).collect();
            writer.leaf_code(&slots);
        }
    }

    fn write_resolve(&self, parts: &mut Parts, leaf_ids: &[u32]) {
        let mut anchored: Vec<Vec<&ConjEntry>> = vec![Vec::new(); self.slots.len()];
        let mut free = Vec::new();
        for conj in &self.conjs {
            let cost = |&slot: &u32| {
                let entry = &self.slots[slot as usize];
                (entry.tests.iter().map(|test| breadth(&test.kind)).max().unwrap_or(0), entry.wanted, slot)
            };
            match conj.slots.iter().min_by_key(|slot| cost(slot)) {
                Some(&anchor) => anchored[anchor as usize].push(conj),
                None => free.push(conj),
            }
        }
        let push = |parts: &mut Parts, conj: &ConjEntry, anchor: Option<u32>| {
            let item_start = parts.items.len() as u32;
            let slots = conj.slots.iter().copied().filter(|&slot| Some(slot) != anchor);
            parts.items.extend(slots);
            let slot_len = parts.items.len() as u32 - item_start;
            parts.items.extend(conj.absent.iter().map(|&leaf| leaf_ids[leaf]));
            let absent_len = conj.absent.len() as u32;
            parts.conjs.push(Conj {
                filter: conj.filter,
                item_start,
                lens: slot_len | absent_len << 16,
                when: u32::from(conj.when),
            });
        };
        let gate_number = |gate: usize| (self.gates.len() - 1 - gate) as u32;
        for (slot, entry) in self.slots.iter().enumerate() {
            let conj_start = parts.conjs.len() as u32;
            for conj in &anchored[slot] {
                push(parts, conj, Some(slot as u32));
            }
            let input_start = parts.inputs.len() as u32;
            let depth = self.nodes[self.leaf_nodes[entry.leaf]].depth;
            parts.inputs.extend(entry.inputs.iter().map(|&(gate, bit, guard)| InputEntry {
                gate: gate_number(gate),
                shape: bit | depth << 16,
                guard: guard.map_or(NONE, gate_number),
            }));
            parts.slots.push(Slot {
                conj_start,
                conj_len: parts.conjs.len() as u32 - conj_start,
                input_start,
                input_len: entry.inputs.len() as u32,
            });
        }
        for conj in free {
            parts.free_conjs.push(parts.conjs.len() as u32);
            push(parts, conj, None);
        }
        // What can be ready by absences alone; inner gates were made after outer ones, so from the end.
        let mut by_absence: Vec<u64> =
            self.gates.iter().map(|gate| gate.absent.iter().fold(0, |bits, &(_, bit)| bits | 1 << bit)).collect();
        let mut sleepers: Vec<Vec<u32>> = vec![Vec::new(); self.gates.len()];
        for (gate, entry) in self.gates.iter().enumerate().rev() {
            if by_absence[gate] & entry.need != entry.need {
                continue;
            }
            match entry.target {
                Target::Gate { gate: parent, bit } => {
                    by_absence[parent] |= 1 << bit;
                    sleepers[parent].push(gate_number(gate));
                }
                Target::Filter { .. } => parts.free_gates.push(gate_number(gate)),
            }
        }
        parts.free_gates.sort_unstable();
        // Gates were made from the outside in; written the other way round, parents come last.
        for (gate, entry) in self.gates.iter().enumerate().rev() {
            let absent_start = parts.items.len() as u32;
            for &(leaf, bit) in &entry.absent {
                parts.items.extend([leaf_ids[leaf], bit]);
            }
            let (parent, parent_bit, filter, when) = match entry.target {
                Target::Gate { gate, bit } => (gate_number(gate), bit, NONE, 0),
                Target::Filter { filter, when } => (NONE, 0, filter, when),
            };
            sleepers[gate].sort_unstable();
            parts.items.extend_from_slice(&sleepers[gate]);
            parts.gates.push(Gate {
                need_low: entry.need as u32,
                need_high: (entry.need >> 32) as u32,
                parent,
                shape: parent_bit | u32::from(when) << 8 | (entry.depth as u32) << 16,
                filter,
                absent_start,
                absent_len: entry.absent.len() as u32,
                sleeper_len: sleepers[gate].len() as u32,
            });
        }
    }
}

/// Whether a group is an AND of slots and absences without scopes, and which.
fn flat<'g>(group: &'g Group, slots: &mut Vec<(&'g Path, &'g Rc<[Test]>)>, absent: &mut Vec<&'g Path>) -> bool {
    fn single(group: &Group) -> Option<(&Path, &Rc<[Test]>)> {
        match group.inputs.as_slice() {
            [Input::Slot { path, tests, guarded: false }] => Some((path, tests)),
            [Input::Part(part)] => single(part),
            _ => None,
        }
    }
    for input in &group.inputs {
        match input {
            Input::Slot { path, tests, guarded: false } => slots.push((path, tests)),
            Input::Absent(path) => absent.push(path),
            Input::Part(part) => match single(part) {
                Some(slot) => slots.push(slot),
                None => return false,
            },
            _ => return false,
        }
    }
    slots.len() < 0xffff && absent.len() < 0xffff
}

fn collect_paths(group: &Group, out: &mut Vec<Rc<Path>>) {
    for input in &group.inputs {
        match input {
            Input::Slot { path, .. } | Input::Absent(path) => out.push(Rc::clone(path)),
            Input::Part(part) => collect_paths(part, out),
            Input::Or(alternatives) => alternatives.iter().for_each(|alternative| match alternative {
                Alternative::Absent(path) => out.push(Rc::clone(path)),
                Alternative::Group(group) => collect_paths(group, out),
            }),
        }
    }
}

fn any_path(group: &Group) -> Option<Rc<Path>> {
    group.inputs.iter().find_map(|input| match input {
        Input::Slot { path, .. } | Input::Absent(path) => Some(Rc::clone(path)),
        Input::Part(part) => any_path(part),
        Input::Or(alternatives) => alternatives.iter().find_map(|alternative| match alternative {
            Alternative::Absent(path) => Some(Rc::clone(path)),
            Alternative::Group(group) => any_path(group),
        }),
    })
}

/// How many values a test lets through, roughly: conjunctions hang on their narrowest slot.
fn breadth(kind: &TestKind) -> u8 {
    match kind {
        TestKind::Exact(_) | TestKind::Number { .. } | TestKind::Fold(_) => 0,
        TestKind::Addr(range) => u8::from(range.low != range.high),
        TestKind::True | TestKind::False | TestKind::Null | TestKind::Numeric(_) => 1,
        TestKind::Prefix(_) | TestKind::Suffix(_) | TestKind::PrefixFold(_) | TestKind::SuffixFold(_) => 1,
        TestKind::Wildcard(_) => 1,
        TestKind::Exists(_) | TestKind::AnythingBut(_) => 2,
    }
}

/// A text that is equal for lists with the same tests, whatever their order and spans.
pub(crate) fn canonical(tests: &[Test]) -> Vec<u8> {
    let mut keys: Vec<String> = tests.iter().map(|test| format!("{:?}", test.kind)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.join("\n").into_bytes()
}

struct Writer {
    parts: Parts,
    automaton_bytes: usize,
    literals: HashMap<Vec<u8>, u32>,
    postings: HashMap<Vec<u32>, u32>,
}

/// The string tests of one leaf, before instructions are chosen.
#[derive(Default)]
struct Strings {
    exact: BTreeMap<Vec<u8>, Vec<u32>>,
    shapes: BTreeMap<Shape, Vec<u32>>,
    addresses: Vec<(Family, u128, u128, u32)>,
}

impl Writer {
    fn literal(&mut self, bytes: &[u8]) -> (u32, u32) {
        let len = bytes.len() as u32;
        if let Some(&offset) = self.literals.get(bytes) {
            return (offset, len);
        }
        let offset = self.parts.literals.len() as u32;
        self.parts.literals.extend_from_slice(bytes);
        self.literals.insert(bytes.to_vec(), offset);
        (offset, len)
    }

    fn posting(&mut self, slots: &[u32]) -> u32 {
        if slots.is_empty() {
            return NONE;
        }
        if let Some(&at) = self.postings.get(slots) {
            return at;
        }
        let at = self.parts.words.len() as u32;
        self.parts.words.push(slots.len() as u32);
        self.parts.words.extend_from_slice(slots);
        self.postings.insert(slots.to_vec(), at);
        at
    }

    fn push(&mut self, inst: Inst) -> usize {
        self.parts.insts.push(inst);
        self.parts.insts.len() - 1
    }

    /// Lets a forward jump lead to the next instruction.
    fn land(&mut self, jump: usize) {
        let here = self.parts.insts.len() as u32;
        let inst = &mut self.parts.insts[jump];
        if matches!(inst.op, Op::UnlessString | Op::UnlessNumber) { inst.a = here } else { inst.c = here }
    }

    fn leaf_code(&mut self, slots: &[(u32, &[Test])]) {
        let mut strings = Strings::default();
        for &(slot, tests) in slots {
            tests.iter().for_each(|test| strings.add(&test.kind, slot));
        }
        if !strings.is_empty() {
            let skip = self.push(Inst::plain(Op::UnlessString));
            self.strings(&strings);
            self.land(skip);
        }
        let kinds = || slots.iter().flat_map(|&(slot, tests)| tests.iter().map(move |test| (slot, &test.kind)));
        if kinds().any(|(_, kind)| matches!(kind, TestKind::Number { .. } | TestKind::Numeric(_))) {
            let skip = self.push(Inst::plain(Op::UnlessNumber));
            for (slot, kind) in kinds() {
                self.number(kind, slot);
            }
            self.land(skip);
        }
        for (slot, kind) in kinds() {
            let op = match kind {
                TestKind::True => Op::True,
                TestKind::False => Op::False,
                TestKind::Null => Op::Null,
                TestKind::Exists(true) => Op::Always,
                _ => continue,
            };
            self.push(Inst { c: slot, ..Inst::plain(op) });
        }
        for (slot, kind) in kinds() {
            if let TestKind::AnythingBut(except) = kind {
                self.anything_but(except, slot);
            }
        }
        self.push(Inst::plain(Op::End));
    }

    fn number(&mut self, kind: &TestKind, c: u32) {
        let inst = match kind {
            TestKind::Number { value: Some(value), .. } => {
                Inst { a: self.literal(&value.to_le_bytes()).0, c, ..Inst::plain(Op::Number) }
            }
            TestKind::Number { value: None, text } => {
                let (a, b) = self.literal(text.as_bytes());
                Inst { a, b, c, ..Inst::plain(Op::Spelling) }
            }
            TestKind::Numeric(interval) if interval.low == interval.high => {
                Inst { a: self.literal(&interval.low.to_le_bytes()).0, c, ..Inst::plain(Op::Number) }
            }
            TestKind::Numeric(interval) => {
                let ends = [interval.low.to_le_bytes(), interval.high.to_le_bytes()].concat();
                let x = if interval.low_open { LOW_OPEN } else { 0 } | if interval.high_open { HIGH_OPEN } else { 0 };
                Inst { x, a: self.literal(&ends).0, c, ..Inst::plain(Op::Between) }
            }
            _ => return,
        };
        self.push(inst);
    }

    fn strings(&mut self, strings: &Strings) {
        if strings.exact.len() >= TABLE_FROM {
            let rows: Vec<(&[u8], u32)> =
                strings.exact.iter().map(|(text, slots)| (text.as_slice(), self.posting(slots))).collect();
            let table = self.table(&rows);
            self.push(Inst { a: table, ..Inst::plain(Op::Lookup) });
        } else {
            for (text, slots) in &strings.exact {
                let (a, b) = self.literal(text);
                for &c in slots {
                    self.push(Inst { op: Op::Exact, x: 0, a, b, c });
                }
            }
        }
        for &(family, low, high, c) in &strings.addresses {
            let ends = [low.to_le_bytes(), high.to_le_bytes()].concat();
            let x = if family == Family::V6 { V6 } else { 0 };
            let a = self.literal(&ends).0;
            self.push(Inst { x, a, c, ..Inst::plain(Op::Address) });
        }
        if (MERGE_FROM..=MERGE_TO).contains(&strings.shapes.len())
            && let Some(merged) = value::merge(strings.shapes.keys(), self.automaton_bytes)
        {
            let postings: Vec<&Vec<u32>> = strings.shapes.values().collect();
            let dfa = self.dfa(&merged, &postings);
            self.push(Inst { a: dfa, ..Inst::plain(Op::Scan) });
        } else {
            for (shape, slots) in &strings.shapes {
                for &slot in slots {
                    self.shape(shape, 0, slot);
                }
            }
        }
    }

    fn shape(&mut self, shape: &Shape, x: u8, c: u32) -> usize {
        let (op, bytes) = match shape {
            Shape::Prefix(bytes) => (Op::Prefix, bytes),
            Shape::Suffix(bytes) => (Op::Suffix, bytes),
            Shape::Fold(bytes) => (Op::Fold, bytes),
            Shape::FoldPrefix(bytes) => (Op::FoldPrefix, bytes),
            Shape::FoldSuffix(bytes) => (Op::FoldSuffix, bytes),
            Shape::Glob(bytes) => (Op::Glob, bytes),
        };
        let (a, b) = self.literal(bytes);
        self.push(Inst { op, x, a, b, c })
    }

    /// The slot is satisfied unless one of the exceptions holds: each exception jumps over the `always`.
    fn anything_but(&mut self, except: &Except, slot: u32) {
        let mut jumps = Vec::new();
        let other_type = match except {
            Except::Numbers(_) => self.push(Inst::plain(Op::UnlessNumber)),
            _ => self.push(Inst::plain(Op::UnlessString)),
        };
        let mut shapes = Vec::new();
        match except {
            Except::Strings(texts) if texts.len() >= TABLE_FROM => {
                let mut texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
                texts.sort_unstable();
                texts.dedup();
                let rows: Vec<(&[u8], u32)> = texts.into_iter().map(|text| (text, NONE)).collect();
                let table = self.table(&rows);
                jumps.push(self.push(Inst { x: GOTO, a: table, ..Inst::plain(Op::Member) }));
            }
            Except::Strings(texts) => {
                for text in texts {
                    let (a, b) = self.literal(text);
                    jumps.push(self.push(Inst { op: Op::Exact, x: GOTO, a, b, c: 0 }));
                }
            }
            Except::Numbers(numbers) => {
                for &number in numbers {
                    let a = self.literal(&number.to_le_bytes()).0;
                    jumps.push(self.push(Inst { x: GOTO, a, ..Inst::plain(Op::Number) }));
                }
            }
            Except::Prefix(texts) => texts.iter().for_each(|text| prefix_shapes(text, &mut shapes)),
            Except::Suffix(texts) => texts.iter().for_each(|text| suffix_shapes(text, &mut shapes)),
            Except::Fold(texts) => shapes.extend(texts.iter().map(|text| Shape::Fold(fold::sequence(text)))),
            Except::Wildcard(wildcards) => shapes.extend(wildcards.iter().map(glob_shape)),
        }
        for shape in &shapes {
            jumps.push(self.shape(shape, GOTO, 0));
        }
        self.land(other_type);
        self.push(Inst { c: slot, ..Inst::plain(Op::Always) });
        for jump in jumps {
            self.land(jump);
        }
    }

    fn table(&mut self, rows: &[(&[u8], u32)]) -> u32 {
        let capacity = (rows.len() * 2).next_power_of_two();
        // Of a few seeds, the one with the shortest longest search; one that is short enough ends the trial.
        let mut best: Option<(usize, u32, Vec<Option<usize>>)> = None;
        for seed in 0..16 {
            let mut cells: Vec<Option<usize>> = vec![None; capacity];
            let mut longest = 0;
            for (row, (text, _)) in rows.iter().enumerate() {
                let mut at = string_hash(seed, text) as usize & (capacity - 1);
                let mut steps = 1;
                while cells[at].is_some() {
                    at = (at + 1) & (capacity - 1);
                    steps += 1;
                    if steps > 4096 {
                        break;
                    }
                }
                if steps > 4096 {
                    longest = usize::MAX;
                    break;
                }
                cells[at] = Some(row);
                longest = longest.max(steps);
            }
            if longest != usize::MAX && best.as_ref().is_none_or(|(before, ..)| longest < *before) {
                best = Some((longest, seed, cells));
            }
            if longest <= 24 {
                break;
            }
        }
        // An author who made all sixteen seeds collide gets the slow but right answer of seed 0.
        let (seed, cells) = match best {
            Some((_, seed, cells)) => (seed, cells),
            None => {
                let mut cells = vec![None; capacity];
                for (row, (text, _)) in rows.iter().enumerate() {
                    let mut at = string_hash(0, text) as usize & (capacity - 1);
                    while cells[at].is_some() {
                        at = (at + 1) & (capacity - 1);
                    }
                    cells[at] = Some(row);
                }
                (0, cells)
            }
        };
        let entries: Vec<[u32; 4]> = cells
            .into_iter()
            .map(|cell| match cell {
                None => [0, NONE, 0, NONE],
                Some(row) => {
                    let (text, posting) = rows[row];
                    let (offset, len) = self.literal(text);
                    [string_hash(seed, text), offset, len, posting]
                }
            })
            .collect();
        let start = self.parts.words.len() as u32;
        self.parts.words.extend(entries.into_iter().flatten());
        self.parts.tables.push(Table { start, capacity: capacity as u32, len: rows.len() as u32, seed });
        self.parts.tables.len() as u32 - 1
    }

    fn dfa(&mut self, merged: &value::Merged, slots_of: &[&Vec<u32>]) -> u32 {
        let accepts: Vec<u32> = merged
            .accepts
            .iter()
            .map(|tests| {
                let mut slots: Vec<u32> = tests.iter().flat_map(|&test| slots_of[test].iter().copied()).collect();
                slots.sort_unstable();
                slots.dedup();
                self.posting(&slots)
            })
            .collect();
        let start = self.parts.words.len() as u32;
        self.parts.words.extend_from_slice(&merged.classes);
        self.parts.words.extend_from_slice(&merged.transitions);
        self.parts.words.extend_from_slice(&accepts);
        self.parts.dfas.push(Dfa {
            start,
            state_len: accepts.len() as u32,
            class_len: merged.class_len,
            start_state: merged.start,
        });
        self.parts.dfas.len() as u32 - 1
    }
}

impl Strings {
    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.shapes.is_empty() && self.addresses.is_empty()
    }

    fn add(&mut self, kind: &TestKind, slot: u32) {
        let mut shapes = Vec::new();
        match kind {
            TestKind::Exact(text) => {
                let slots = self.exact.entry(text.clone()).or_default();
                if !slots.contains(&slot) {
                    slots.push(slot);
                }
            }
            TestKind::Addr(range) => self.addresses.push((range.family, range.low, range.high, slot)),
            TestKind::Prefix(text) => prefix_shapes(text, &mut shapes),
            TestKind::Suffix(text) => suffix_shapes(text, &mut shapes),
            TestKind::Fold(text) => shapes.push(Shape::Fold(fold::sequence(text))),
            TestKind::PrefixFold(text) => {
                shapes.push(Shape::FoldPrefix(fold::sequence(text)));
                if let Some(text) = text.strip_suffix(b"\"") {
                    shapes.push(Shape::Fold(fold::sequence(text)));
                }
            }
            TestKind::SuffixFold(text) => {
                shapes.push(Shape::FoldSuffix(fold::sequence(text)));
                if let Some(text) = text.strip_prefix(b"\"") {
                    shapes.push(Shape::Fold(fold::sequence(text)));
                }
            }
            TestKind::Wildcard(wildcard) => shapes.push(glob_shape(wildcard)),
            _ => {}
        }
        for shape in shapes {
            let slots = self.shapes.entry(shape).or_default();
            if !slots.contains(&slot) {
                slots.push(slot);
            }
        }
    }
}

/// What byte-wise tests see of a text.
fn seen(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    text::question_marks(text, &mut out);
    out
}

/// A string equal to these bytes, as byte-wise tests see it.
fn equal_shape(bytes: &[u8]) -> Shape {
    let mut out = Vec::new();
    glob::push(&mut out, false, false, (!bytes.is_empty()).then_some(bytes).into_iter());
    Shape::Glob(out)
}

/// The reference compares with the quotes that wrap a value, so a prefix that ends with a quote also
/// matches a value that ends there (oddity D5).
fn prefix_shapes(text: &[u8], out: &mut Vec<Shape>) {
    let text = seen(text);
    if let Some(whole) = text.strip_suffix(b"\"") {
        out.push(equal_shape(whole));
    }
    out.push(Shape::Prefix(text));
}

/// As [`prefix_shapes`], for the opening quote.
fn suffix_shapes(text: &[u8], out: &mut Vec<Shape>) {
    let text = seen(text);
    if let Some(whole) = text.strip_prefix(b"\"") {
        out.push(equal_shape(whole));
    }
    out.push(Shape::Suffix(text));
}

fn glob_shape(wildcard: &Wildcard) -> Shape {
    let pieces = || {
        wildcard.0.iter().filter_map(|piece| match piece {
            WildcardPiece::Star => None,
            WildcardPiece::Literal(bytes) => Some(bytes.as_slice()),
        })
    };
    let star = |piece: Option<&WildcardPiece>| piece == Some(&WildcardPiece::Star);
    let mut out = Vec::new();
    glob::push(&mut out, star(wildcard.0.first()), star(wildcard.0.last()), pieces());
    Shape::Glob(out)
}
