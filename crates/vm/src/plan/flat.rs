//! Gates of records in which no scope opens: conjunctions, looked at only where the narrowest slot was satisfied.
//!
//! Gates count bit by bit, so a satisfied slot costs as much as there are gates that wait for it. Where all values lie in
//! one scope, the record, a bit of a gate is nothing but "one of these slots is satisfied or one of these leaves absent",
//! and a gate that is the only source of a bit of another is part of it. What accepts a filter is then a conjunction of
//! such *clauses*. It hangs on its narrowest clause: unless a slot of that is satisfied, nobody looks at it.

use eventsieve_program::View;
use eventsieve_program::format::NONE;
use eventsieve_program::inst::{GOTO, Op, Operand};

use crate::irregular::{Source, Sources};

/// Deepest nesting of gates.
const DEPTH: usize = 64;
/// Marks an item that is a leaf, which has to be absent.
const ABSENT: u32 = 1 << 31;

/// What accepts a filter.
#[derive(Debug, Clone, Copy)]
struct Conjunction {
    filter: u32,
    when: u8,
    /// Its clauses.
    clauses: (u32, u32),
}

/// All gates of a program as conjunctions.
#[derive(Debug)]
pub(crate) struct Flat {
    conjunctions: Vec<Conjunction>,
    /// For each clause the first of its items; the next clause's are behind.
    clauses: Vec<u32>,
    items: Vec<u32>,
    /// For each slot the first of `anchored`; the next slot's are behind.
    starts: Vec<u32>,
    anchored: Vec<u32>,
    /// Those that may hold by absences alone.
    free: Vec<u32>,
}

/// What is known of a record.
pub(crate) trait Facts {
    fn is_satisfied(&self, slot: u32) -> bool;
    fn is_absent(&self, leaf: u32) -> bool;
    fn when(&self) -> u8;
}

impl Flat {
    /// `None` if a gate is more than a conjunction, or there are none.
    pub(crate) fn new(view: &View<'_>, sources: &Sources) -> Option<Flat> {
        if view.gate_len() == 0 || view.slot_len() >= ABSENT || view.leaf_len() >= ABSENT {
            return None;
        }
        let mut flat = Flat {
            conjunctions: Vec::new(),
            clauses: vec![0],
            items: Vec::new(),
            starts: Vec::new(),
            anchored: Vec::new(),
            free: Vec::new(),
        };
        for index in (0..view.gate_len()).filter(|&index| view.gate(index).parent == NONE) {
            let first = flat.clauses.len() as u32 - 1;
            flat.gate(view, sources, index, DEPTH)?;
            let gate = view.gate(index);
            let clauses = (first, flat.clauses.len() as u32 - 1);
            flat.conjunctions.push(Conjunction { filter: gate.filter, when: gate.when(), clauses });
        }
        flat.anchor(view);
        Some(flat)
    }

    /// Adds the clauses of a gate and of those below.
    fn gate(&mut self, view: &View<'_>, sources: &Sources, index: u32, depth: usize) -> Option<()> {
        let need = view.gate(index).need();
        if need == 0 || depth == 0 {
            return None;
        }
        for bit in (0..u64::BITS).filter(|bit| need >> bit & 1 != 0) {
            match sources.of(index, bit) {
                [] => return None,
                [(_, Source::Gate(inner))] => self.gate(view, sources, *inner, depth - 1)?,
                several => {
                    for (_, source) in several {
                        self.items.push(match *source {
                            Source::Slot(slot) => slot,
                            Source::Absent(leaf) => leaf | ABSENT,
                            Source::Gate(_) => return None,
                        });
                    }
                    self.clauses.push(self.items.len() as u32);
                }
            }
        }
        Some(())
    }

    /// Hangs each conjunction on its narrowest clause.
    fn anchor(&mut self, view: &View<'_>) {
        let breadths = breadths(view);
        let mut wanted = vec![0_u32; view.slot_len() as usize];
        self.items.iter().filter(|&&item| item & ABSENT == 0).for_each(|&item| wanted[item as usize] += 1);
        let mut anchored: Vec<(u32, u32)> = Vec::new();
        for (number, conjunction) in (0..).zip(&self.conjunctions) {
            let of_slots = (conjunction.clauses.0..conjunction.clauses.1)
                .map(|clause| self.clause(clause))
                .filter(|items| items.iter().all(|item| item & ABSENT == 0));
            let cost = |items: &&[u32]| {
                let breadth = items.iter().map(|&slot| breadths[slot as usize]).max();
                (breadth, items.iter().map(|&slot| u64::from(wanted[slot as usize])).sum::<u64>())
            };
            match of_slots.min_by_key(cost) {
                Some(slots) => anchored.extend(slots.iter().map(|&slot| (slot, number))),
                None => self.free.push(number),
            }
        }
        anchored.sort_unstable();
        anchored.dedup();
        self.starts = (0..=view.slot_len()).map(|slot| anchored.partition_point(|&(of, _)| of < slot) as u32).collect();
        self.anchored = anchored.into_iter().map(|(_, number)| number).collect();
    }

    #[inline]
    fn clause(&self, clause: u32) -> &[u32] {
        let clause = clause as usize;
        &self.items[self.clauses[clause] as usize..self.clauses[clause + 1] as usize]
    }

    /// The filter of each conjunction that hangs on a satisfied slot and holds.
    #[inline]
    pub(crate) fn of_slot(&self, slot: u32, facts: &impl Facts, mut accepted: impl FnMut(u32)) {
        let range = self.starts[slot as usize] as usize..self.starts[slot as usize + 1] as usize;
        self.anchored[range].iter().for_each(|&number| self.conjunction(number, facts, &mut accepted));
    }

    /// The filter of each conjunction that hangs on nothing and holds.
    pub(crate) fn free(&self, facts: &impl Facts, mut accepted: impl FnMut(u32)) {
        self.free.iter().for_each(|&number| self.conjunction(number, facts, &mut accepted));
    }

    #[inline]
    fn conjunction(&self, number: u32, facts: &impl Facts, accepted: &mut impl FnMut(u32)) {
        let Conjunction { filter, when, clauses } = self.conjunctions[number as usize];
        let holds = |&item: &u32| {
            if item & ABSENT == 0 { facts.is_satisfied(item) } else { facts.is_absent(item & !ABSENT) }
        };
        if when & facts.when() != 0 && (clauses.0..clauses.1).all(|clause| self.clause(clause).iter().any(holds)) {
            accepted(filter);
        }
    }
}

/// For each slot, how many values its tests let through, roughly.
fn breadths(view: &View<'_>) -> Vec<u8> {
    let mut breadths = vec![0; view.slot_len() as usize];
    for pc in 0..view.inst_len() {
        let inst = view.inst(pc);
        if inst.op.operands()[2] != Operand::Outcome || inst.x & GOTO != 0 {
            continue;
        }
        let breadth = match inst.op {
            Op::Exact | Op::Fold | Op::Number | Op::Spelling | Op::Member => 0,
            Op::Always => 2,
            _ => 1,
        };
        let slot: &mut u8 = &mut breadths[inst.c as usize];
        *slot = breadth.max(*slot);
    }
    for index in 0..view.dfa_len() {
        let dfa = view.dfa(index);
        let accepts = dfa.start + 256 + dfa.state_len * dfa.class_len;
        for state in 0..dfa.state_len {
            for slot in view.posting(view.word(accepts + state)) {
                let slot = &mut breadths[slot as usize];
                *slot = 1.max(*slot);
            }
        }
    }
    breadths
}
