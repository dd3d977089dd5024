//! The gate: one linear pass over the bytes, after which an evaluation may trust them.
//!
//! What the vm leans on, each checked here: every index lies inside its section; jumps go forward, and
//! the last instruction is `end`; children come after their parents in the trie and gates before their
//! parents; string tables have an empty entry; automata stay inside their states; literals that carry a
//! structure have it.

use std::hash::{DefaultHasher, Hasher};

use crate::format::*;
use crate::inst::{GOTO, Inst, Op, Operand};
use crate::program::{Layout, ProgramErrorKind, View};
use crate::{Dialect, ProgramError, Source, fold, glob};

/// CRC-32 of everything a checksum can cover: the header before the checksum, and all after it.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..32]);
    hasher.update(&bytes[CHECKED_FROM..]);
    hasher.finalize()
}

/// Checks everything and returns where the sections lie.
pub(crate) fn verify(bytes: &[u8]) -> Result<Layout, ProgramError> {
    let layout = header(bytes).map_err(|kind| ProgramError { kind })?;
    let view = View::new(bytes, &layout);
    sections(&view, &mut Work::new(bytes.len())).map_err(|kind| ProgramError { kind })?;
    Ok(layout)
}

type Checked = Result<(), ProgramErrorKind>;

fn header(bytes: &[u8]) -> Result<Layout, ProgramErrorKind> {
    use ProgramErrorKind::*;
    if !bytes.starts_with(&MAGIC) {
        return Err(NotAProgram);
    }
    let table = HEADER_BYTES + SECTIONS * 16;
    let found = bytes.len() as u64;
    if bytes.len() < table {
        return Err(Length { expected: table as u64, found });
    }
    let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    let version = u16::from_le_bytes([bytes[8], bytes[9]]);
    if version != VERSION {
        return Err(Version(version));
    }
    if u64_at(24) != found {
        return Err(Length { expected: u64_at(24), found });
    }
    let sum = checksum(bytes);
    if sum != u32_at(32) {
        return Err(Checksum { expected: u32_at(32), found: sum });
    }
    let source = Source::from_code(bytes[10]).ok_or(Header("unknown source"))?;
    let dialect = Dialect::from_code(bytes[11]).ok_or(Header("unknown dialect"))?;
    let flags = u32_at(12);
    if flags & !FLAG_PASS_ALL != 0 {
        return Err(Header("unknown flags"));
    }
    if u32_at(20) as usize != SECTIONS || u32_at(36) != 0 {
        return Err(Header("wrong number of sections"));
    }
    let mut sections = [const { 0..0 }; SECTIONS];
    let mut at = table as u64;
    for (index, section) in Section::ALL.into_iter().enumerate() {
        let row = HEADER_BYTES + index * 16;
        let (start, len) = (u64_at(row), u64_at(row + 8));
        if start != at || len > found - at {
            return Err(Header("sections do not follow each other"));
        }
        if len % section.entry_bytes() as u64 != 0 {
            return Err(Entry { section: section.name(), index: 0, rule: "length is no whole number of entries" });
        }
        at += len;
        if len / section.entry_bytes() as u64 >= u64::from(NONE) {
            return Err(Entry { section: section.name(), index: 0, rule: "more entries than can be named" });
        }
        sections[index] = start as usize..at as usize;
    }
    if at != found {
        return Err(Header("bytes after the last section"));
    }
    let filter_len = u32_at(16);
    if filter_len > FILTERS {
        return Err(Header("more filters than a program may have"));
    }
    // The checksum tells damage; two programs have the same one too easily.
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    Ok(Layout { source, dialect, flags, filter_len, id: hasher.finish(), sections })
}

/// What entries refer to may be shared, so looking at it for every entry could take longer than a pass over the
/// bytes. Postings are looked at once each, and the rest is bounded by a multiple of the program's size, which no
/// compiled program comes near.
struct Work {
    postings: std::collections::HashSet<u32>,
    left: u64,
}

impl Work {
    fn new(program_bytes: usize) -> Work {
        Work { postings: std::collections::HashSet::new(), left: 64 * program_bytes as u64 }
    }

    /// Takes `count` bytes or words to look at; `false` if that is more than is left.
    fn take(&mut self, count: u32) -> bool {
        match self.left.checked_sub(u64::from(count)) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// Fails with a rule unless the condition holds.
fn require(condition: bool, section: Section, index: u32, rule: &'static str) -> Checked {
    if condition {
        Ok(())
    } else {
        Err(ProgramErrorKind::Entry { section: section.name(), index: u64::from(index), rule })
    }
}

/// Whether `start..start + len` lies inside `0..whole`.
fn inside(start: u32, len: u32, whole: u32) -> bool {
    u64::from(start) + u64::from(len) <= u64::from(whole)
}

fn sections(view: &View<'_>, work: &mut Work) -> Checked {
    trie(view)?;
    for index in 0..view.inst_len() {
        inst(view, index, work)?;
    }
    if let Some(last) = view.inst_len().checked_sub(1) {
        require(view.inst(last).op == Op::End, Section::Insts, last, "the last instruction is not `end`")?;
    }
    for index in 0..view.leaf_len() {
        let leaf = view.leaf(index);
        require(leaf.pc < view.inst_len(), Section::Leaves, index, "code outside the program")?;
        require(leaf.node < view.node_len(), Section::Leaves, index, "node outside the trie")?;
    }
    slots(view, work)?;
    gates(view, work)?;
    tables(view, work)?;
    dfas(view, work)
}

fn trie(view: &View<'_>) -> Checked {
    require(view.node_len() > 0, Section::Nodes, 0, "no root node")?;
    // Each list belongs to one owner, in order: nothing is looked at twice.
    let mut edges = 0;
    for index in 0..view.node_len() {
        let node = view.node(index);
        require(node.edge_start == edges, Section::Nodes, index, "edges do not follow those of the node before")?;
        require(inside(node.edge_start, node.edge_len, view.edge_len()), Section::Nodes, index, "edges outside")?;
        require(node.leaf == NONE || node.leaf < view.leaf_len(), Section::Nodes, index, "leaf outside")?;
        require(node.flags & 0xfffc == 0, Section::Nodes, index, "unknown flags")?;
        require(index != 0 || node.depth() == 0, Section::Nodes, index, "root is not at depth 0")?;
        let mut before: Option<&[u8]> = None;
        for at in node.edge_start..node.edge_start + node.edge_len {
            let edge = view.edge(at);
            let inside = u64::from(edge.key) + u64::from(edge.key_len) <= view.literal_bytes() as u64;
            require(inside, Section::Edges, at, "key outside the literals")?;
            require(edge.child > index && edge.child < view.node_len(), Section::Edges, at, "child is no later node")?;
            let depth = view.node(edge.child).depth();
            require(depth == node.depth() + 1, Section::Edges, at, "child is not one level deeper")?;
            let key = view.key(edge);
            require(before.is_none_or(|before| before < key), Section::Edges, at, "keys are not in order")?;
            before = Some(key);
        }
        edges += node.edge_len;
    }
    Ok(())
}

fn inst(view: &View<'_>, index: u32, work: &mut Work) -> Checked {
    let fail = |rule| require(false, Section::Insts, index, rule);
    let Some(inst) = view.decode_inst(index) else { return fail("unknown instruction") };
    let Inst { op, x, a, b, c } = inst;
    if x & !op.legal_flags() != 0 {
        return fail("unknown flags");
    }
    let literals = view.literal_bytes() as u64;
    let pool = |offset: u32, len: u64| u64::from(offset) + len <= literals;
    let values = [a, b, c];
    for (at, operand) in op.operands().into_iter().enumerate() {
        let value = values[at];
        let fine = match operand {
            Operand::Zero => value == 0,
            Operand::Pc => value > index && value < view.inst_len(),
            Operand::Slot => value < view.slot_len(),
            Operand::Outcome if x & GOTO != 0 => value > index && value < view.inst_len(),
            Operand::Outcome => value < view.slot_len(),
            Operand::Literal => pool(value, u64::from(b)),
            Operand::FoldLiteral => pool(value, u64::from(b)) && work.take(b) && fold::is_valid(view.literal(a, b)),
            Operand::GlobLiteral => {
                pool(value, u64::from(b)) && work.take(b) && glob::Glob::parse(view.literal(a, b)).is_some()
            }
            Operand::Len => true,
            Operand::F64 => pool(value, 8) && view.f64_at(value).is_finite(),
            Operand::F64Pair => {
                pool(value, 16)
                    && view.f64_at(value).is_finite()
                    && view.f64_at(value + 8).is_finite()
                    && view.f64_at(value) <= view.f64_at(value + 8)
            }
            Operand::U128Pair => pool(value, 32) && view.u128_at(value) <= view.u128_at(value + 16),
            Operand::Table => value < view.table_len(),
            Operand::Dfa => value < view.dfa_len(),
        };
        if !fine {
            return fail(match operand {
                Operand::Pc | Operand::Outcome => "jump or slot outside, or not forward",
                Operand::Zero => "unused operand is not zero",
                _ => "operand outside its section or malformed",
            });
        }
    }
    Ok(())
}

fn slots(view: &View<'_>, work: &mut Work) -> Checked {
    let (mut conjs, mut inputs) = (0, 0);
    for index in 0..view.slot_len() {
        let slot = view.slot(index);
        let follows = slot.conj_start == conjs && slot.input_start == inputs;
        require(follows, Section::Slots, index, "lists do not follow those of the slot before")?;
        require(inside(slot.conj_start, slot.conj_len, view.conj_len()), Section::Slots, index, "conjs outside")?;
        require(inside(slot.input_start, slot.input_len, view.input_len()), Section::Slots, index, "inputs outside")?;
        conjs += slot.conj_len;
        inputs += slot.input_len;
    }
    for index in 0..view.conj_len() {
        let conj = view.conj(index);
        let len = conj.slot_len() + conj.absent_len();
        require(conj.filter < view.filter_len, Section::Conjs, index, "filter outside")?;
        require(inside(conj.item_start, len, view.item_len()), Section::Conjs, index, "items outside")?;
        require(work.take(len), Section::Conjs, index, "items overlap more than a program of this size can need")?;
        require(conj.when & !u32::from(WHEN_ANY) == 0, Section::Conjs, index, "unknown payload format")?;
        let absent_start = conj.item_start + conj.slot_len();
        for at in conj.item_start..absent_start {
            require(view.item(at) < view.slot_len(), Section::Items, at, "slot outside")?;
        }
        for at in absent_start..absent_start + conj.absent_len() {
            require(view.item(at) < view.leaf_len(), Section::Items, at, "leaf outside")?;
        }
    }
    for (index, conj) in view.free_conjs().enumerate() {
        require(conj < view.conj_len(), Section::FreeConjs, index as u32, "conj outside")?;
    }
    Ok(())
}

fn gates(view: &View<'_>, work: &mut Work) -> Checked {
    for index in 0..view.gate_len() {
        let gate = view.gate(index);
        if gate.parent == NONE {
            require(gate.filter < view.filter_len, Section::Gates, index, "filter outside")?;
        } else {
            let fine = gate.parent > index && gate.parent < view.gate_len() && gate.filter == NONE;
            require(fine, Section::Gates, index, "parent is no later gate")?;
            let parent = view.gate(gate.parent);
            require(parent.depth() <= gate.depth(), Section::Gates, index, "parent is deeper")?;
        }
        require(gate.parent_bit() < 64, Section::Gates, index, "bit outside")?;
        require(gate.when() & !WHEN_ANY == 0, Section::Gates, index, "unknown payload format")?;
        let absent = gate.absent_len < NONE / 2 && inside(gate.absent_start, gate.absent_len * 2, view.item_len());
        require(absent, Section::Gates, index, "absent leaves outside")?;
        let sleepers = inside(gate.sleeper_start(), gate.sleeper_len, view.item_len());
        require(sleepers, Section::Gates, index, "sleepers outside")?;
        let bounded = work.take(gate.absent_len) && work.take(gate.sleeper_len);
        require(bounded, Section::Gates, index, "items overlap more than a program of this size can need")?;
        for at in gate.sleeper_start()..gate.sleeper_start() + gate.sleeper_len {
            require(view.item(at) < index, Section::Items, at, "sleeper is no earlier gate")?;
        }
        for at in 0..gate.absent_len {
            let at = gate.absent_start + at * 2;
            require(view.item(at) < view.leaf_len(), Section::Items, at, "leaf outside")?;
            require(view.item(at + 1) < 64, Section::Items, at + 1, "bit outside")?;
        }
    }
    for (index, gate) in view.free_gates().enumerate() {
        require(gate < view.gate_len(), Section::FreeGates, index as u32, "gate outside")?;
    }
    for index in 0..view.input_len() {
        let input = view.input(index);
        require(input.gate < view.gate_len(), Section::Inputs, index, "gate outside")?;
        require(input.bit() < 64, Section::Inputs, index, "bit outside")?;
        require(input.guard == NONE || input.guard < view.gate_len(), Section::Inputs, index, "guard outside")?;
    }
    Ok(())
}

fn posting(view: &View<'_>, index: u32, section: Section, owner: u32, work: &mut Work) -> Checked {
    if index == NONE || !work.postings.insert(index) {
        return Ok(());
    }
    let fine = index < view.word_len() && inside(index + 1, view.word(index), view.word_len());
    require(fine, section, owner, "posting outside")?;
    require(work.take(view.word(index)), section, owner, "postings overlap more than a program of this size can need")?;
    let slots = view.posting(index).all(|slot| slot < view.slot_len());
    require(slots, section, owner, "posting names a slot outside")
}

fn tables(view: &View<'_>, work: &mut Work) -> Checked {
    for index in 0..view.table_len() {
        let table = view.table(index);
        let fail = |condition, rule| require(condition, Section::Tables, index, rule);
        fail(table.capacity.is_power_of_two() && table.capacity < 1 << 30, "capacity is no power of two")?;
        fail(inside(table.start, table.capacity * 4, view.word_len()), "entries outside")?;
        fail(work.take(table.capacity * 4), "tables overlap more than a program of this size can need")?;
        let mut used = 0;
        for at in 0..table.capacity {
            let entry = table.start + at * 4;
            let literal = view.word(entry + 1);
            if literal != NONE {
                used += 1;
                let end = u64::from(literal) + u64::from(view.word(entry + 2));
                fail(end <= view.literal_bytes() as u64, "text outside the literals")?;
                posting(view, view.word(entry + 3), Section::Tables, index, work)?;
            }
        }
        fail(used == table.len && used <= table.capacity / 2, "too full, or the count is wrong")?;
    }
    Ok(())
}

fn dfas(view: &View<'_>, work: &mut Work) -> Checked {
    for index in 0..view.dfa_len() {
        let dfa = view.dfa(index);
        let fail = |condition, rule| require(condition, Section::Dfas, index, rule);
        fail(dfa.state_len > 0 && dfa.class_len > 0 && dfa.class_len <= 256, "no states or classes")?;
        fail(dfa.start_state < dfa.state_len, "start state outside")?;
        let transitions = u64::from(dfa.state_len) * u64::from(dfa.class_len);
        let words = 256 + transitions + u64::from(dfa.state_len);
        fail(u64::from(dfa.start) + words <= u64::from(view.word_len()), "words outside")?;
        fail(work.take(words as u32), "automata overlap more than a program of this size can need")?;
        for at in 0..256 {
            fail(view.word(dfa.start + at) < dfa.class_len, "byte class outside")?;
        }
        for at in 0..transitions as u32 {
            let next = view.word(dfa.start + 256 + at);
            fail(next < dfa.state_len, "transition outside")?;
            fail(at >= dfa.class_len || next == 0, "the dead state has a way out")?;
        }
        for at in 0..dfa.state_len {
            posting(view, view.word(dfa.start + 256 + transitions as u32 + at), Section::Dfas, index, work)?;
        }
    }
    Ok(())
}
