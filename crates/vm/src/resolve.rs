//! From satisfied slots to filters: conjunctions at the end, gates scope by scope.
//!
//! Everything is stamped with a clock that never runs backwards, so nothing is cleared between records.
//! A *scope* is the record, or an array element that shares its array with several conditions of one
//! filter. The rules are those of [`eventsieve_program::format`] ("Satisfying" to "Guard"); each slot,
//! each scope and each gate is touched once for what happened in it, so the whole is linear in the record.

use eventsieve_program::View;
use eventsieve_program::format::{Gate, NONE};

use crate::plan::flat::{self, Flat};

/// An open scope.
#[derive(Debug, Clone, Copy)]
struct Scope {
    /// The clock when it opened.
    start: u32,
    /// Depth of its node.
    depth: u32,
    /// The nearest open scope of a shallower node.
    outer: u32,
    /// First of the gates and guards that wait for its end.
    waiting: u32,
}

/// What waits for the end of a scope; a list linked through `next`.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    kind: WaitingKind,
    next: u32,
}

#[derive(Debug, Clone, Copy)]
enum WaitingKind {
    /// A gate with absences or sleepers.
    Gate(u32),
    /// An input (by number) that counts if its guard was ready inside the scope.
    Guarded(u32),
}

#[derive(Debug, Clone, Copy, Default)]
struct GateState {
    /// Bits set in the scope of `stamp`.
    bits: u64,
    /// `start` of the scope the bits belong to.
    stamp: u32,
    /// The clock when it was last ready.
    ready: u32,
}

/// All mutable state of resolving.
#[derive(Debug, Default)]
pub(crate) struct Resolve {
    clock: u32,
    /// The clock when the record began.
    begin: u32,
    slot_seen: Vec<u32>,
    slot_scope: Vec<u32>,
    leaf_seen: Vec<u32>,
    gates: Vec<GateState>,
    filter_seen: Vec<u32>,
    fired: Vec<u32>,
    /// Filters on the way to `accepted`.
    accepted_flat: Vec<u32>,
    scopes: Vec<Scope>,
    waiting: Vec<Waiting>,
    /// The filters that matched the record, in the order they were found.
    pub(crate) accepted: Vec<u32>,
    when: u8,
}

/// The clock is set back, and all stamps with it, before it could overflow within one record.
const CLOCK_END: u32 = u32::MAX / 2;

impl Resolve {
    pub(crate) fn new(view: &View<'_>) -> Resolve {
        Resolve {
            clock: 1,
            slot_seen: vec![0; view.slot_len() as usize],
            slot_scope: vec![0; view.slot_len() as usize],
            leaf_seen: vec![0; view.leaf_len() as usize],
            gates: vec![GateState::default(); view.gate_len() as usize],
            filter_seen: vec![0; view.filter_len as usize],
            ..Resolve::default()
        }
    }

    /// Starts a record that will bring `hit_len` hits, with its payload format.
    pub(crate) fn begin(&mut self, hit_len: usize, when: u8) {
        if self.clock > CLOCK_END || hit_len as u64 * 4 > u64::from(CLOCK_END) {
            self.clock = 1;
            self.slot_seen.fill(0);
            self.slot_scope.fill(0);
            self.leaf_seen.fill(0);
            self.filter_seen.fill(0);
            self.gates.fill(GateState::default());
        }
        self.clock += 1;
        self.begin = self.clock;
        self.when = when;
        self.fired.clear();
        self.accepted.clear();
        self.waiting.clear();
        self.scopes.clear();
        self.scopes.push(Scope { start: self.clock, depth: 0, outer: 0, waiting: NONE });
    }

    /// A value was seen at a leaf.
    #[inline]
    pub(crate) fn see(&mut self, leaf: u32) {
        self.clock += 1;
        self.leaf_seen[leaf as usize] = self.clock;
    }

    /// A slot was satisfied by the value seen last.
    #[inline]
    pub(crate) fn satisfy(&mut self, view: &View<'_>, slot: u32) {
        self.satisfy_flat(slot);
        let at = slot as usize;
        let current = self.scopes.len() as u32 - 1;
        let scope = self.scopes[current as usize];
        if self.slot_scope[at] == scope.start {
            return;
        }
        self.slot_scope[at] = scope.start;
        let entry = view.slot(slot);
        for index in entry.input_start..entry.input_start + entry.input_len {
            let input = view.input(index);
            if input.guard != NONE && scope.depth == input.depth() && current != 0 {
                self.wait(current, WaitingKind::Guarded(index));
            } else {
                self.set(view, input.gate, input.bit(), current);
            }
        }
    }

    /// An array element begins.
    pub(crate) fn open(&mut self, depth: u32) {
        self.clock += 1;
        let last = self.scopes.len() as u32 - 1;
        let before = self.scopes[last as usize];
        let outer = if before.depth < depth { last } else { before.outer };
        self.scopes.push(Scope { start: self.clock, depth, outer, waiting: NONE });
    }

    /// The innermost array element ends.
    pub(crate) fn close(&mut self, view: &View<'_>) {
        self.end_scope(view);
        if self.scopes.len() > 1 {
            self.scopes.pop();
        }
    }

    /// A slot was satisfied, as far as conjunctions are concerned.
    pub(crate) fn satisfy_flat(&mut self, slot: u32) {
        let at = slot as usize;
        if self.slot_seen[at] < self.begin {
            self.fired.push(slot);
        }
        self.slot_seen[at] = self.clock;
    }

    /// Whether a filter was accepted already.
    pub(crate) fn has_accepted(&self, filter: u32) -> bool {
        self.filter_seen[filter as usize] >= self.begin
    }

    /// The payload format of the record.
    pub(crate) fn when(&self) -> u8 {
        self.when
    }

    /// The record ends: what is left to decide is decided.
    pub(crate) fn finish(&mut self, view: &View<'_>) {
        for gate in view.free_gates() {
            self.touch(view, gate, 0);
        }
        self.end_scope(view);
        self.finish_flat(view);
    }

    /// Decides the conjunctions.
    pub(crate) fn finish_flat(&mut self, view: &View<'_>) {
        for at in 0..self.fired.len() {
            let slot = view.slot(self.fired[at]);
            for conj in slot.conj_start..slot.conj_start + slot.conj_len {
                self.conj(view, conj);
            }
        }
        for conj in view.free_conjs() {
            self.conj(view, conj);
        }
    }

    /// Decides conjunctions and gates of a record in which no scope was opened; all slots were satisfied by
    /// [`Resolve::satisfy_flat`].
    pub(crate) fn finish_without_scopes(&mut self, view: &View<'_>, flat: &Flat) {
        self.finish_flat(view);
        let mut accepted = std::mem::take(&mut self.accepted_flat);
        for &slot in &self.fired {
            flat.of_slot(slot, self, |filter| accepted.push(filter));
        }
        flat.free(self, |filter| accepted.push(filter));
        accepted.drain(..).for_each(|filter| self.accept(filter));
        self.accepted_flat = accepted;
    }

    fn conj(&mut self, view: &View<'_>, index: u32) {
        let conj = view.conj(index);
        if conj.when as u8 & self.when == 0 {
            return;
        }
        let absent_start = conj.item_start + conj.slot_len();
        let satisfied = |at: u32| self.slot_seen[view.item(at) as usize] >= self.begin;
        let seen = |at: u32| self.leaf_seen[view.item(at) as usize] >= self.begin;
        if (conj.item_start..absent_start).all(satisfied) && !(absent_start..absent_start + conj.absent_len()).any(seen)
        {
            self.accept(conj.filter);
        }
    }

    pub(crate) fn accept(&mut self, filter: u32) {
        let seen = &mut self.filter_seen[filter as usize];
        if *seen < self.begin {
            *seen = self.clock.max(self.begin);
            self.accepted.push(filter);
        }
    }

    /// The innermost scope from `scope` outwards that a gate of this depth counts in.
    #[inline]
    fn climb(&self, mut scope: u32, depth: u32) -> u32 {
        while self.scopes[scope as usize].depth > depth {
            scope = self.scopes[scope as usize].outer;
        }
        scope
    }

    fn wait(&mut self, scope: u32, kind: WaitingKind) {
        let scope = &mut self.scopes[scope as usize];
        self.waiting.push(Waiting { kind, next: scope.waiting });
        scope.waiting = self.waiting.len() as u32 - 1;
    }

    /// Makes the gate's state belong to `scope`, and has it looked at when the scope ends.
    fn touch(&mut self, view: &View<'_>, gate: u32, scope: u32) {
        let start = self.scopes[scope as usize].start;
        let state = &mut self.gates[gate as usize];
        if state.stamp != start {
            state.stamp = start;
            state.bits = 0;
            if view.gate(gate).waits() {
                self.wait(scope, WaitingKind::Gate(gate));
            }
        }
    }

    /// Sets a bit of a gate, as seen from `scope`, and of the gates above that become ready by it.
    fn set(&mut self, view: &View<'_>, gate: u32, bit: u32, scope: u32) {
        let (mut gate, mut bit, mut scope) = (gate, bit, scope);
        loop {
            let entry = view.gate(gate);
            scope = self.climb(scope, entry.depth());
            self.touch(view, gate, scope);
            let state = &mut self.gates[gate as usize];
            state.bits |= 1 << bit;
            if state.bits & entry.need() != entry.need() || state.ready >= state.stamp {
                return;
            }
            match self.ready(gate, entry) {
                Some((parent, parent_bit)) => (gate, bit) = (parent, parent_bit),
                None => return,
            }
        }
    }

    /// Marks a gate ready; returns the bit of the parent that this sets.
    fn ready(&mut self, gate: u32, entry: Gate) -> Option<(u32, u32)> {
        self.gates[gate as usize].ready = self.clock;
        if entry.parent == NONE {
            if entry.when() & self.when != 0 {
                self.accept(entry.filter);
            }
            None
        } else {
            Some((entry.parent, entry.parent_bit()))
        }
    }

    /// Decides what waits for the end of the innermost scope. A gate that becomes ready may make another
    /// one of this scope wait or become ready, so absences are set first and the list is read until empty.
    fn end_scope(&mut self, view: &View<'_>) {
        let current = self.scopes.len() as u32 - 1;
        let start = self.scopes[current as usize].start;
        // Guards ask whether a gate was ready in this scope, so they come after all gates.
        let mut guards = NONE;
        loop {
            let at = self.scopes[current as usize].waiting;
            if at == NONE {
                break;
            }
            let Waiting { kind, next } = self.waiting[at as usize];
            self.scopes[current as usize].waiting = next;
            match kind {
                WaitingKind::Guarded(index) => {
                    self.waiting[at as usize].next = guards;
                    guards = at;
                    // A guard that may hold by absences alone is woken by the value it guards.
                    self.touch(view, view.input(index).guard, current);
                }
                WaitingKind::Gate(gate) => {
                    let entry = view.gate(gate);
                    if self.gates[gate as usize].stamp != start || self.gates[gate as usize].ready >= start {
                        continue;
                    }
                    let sleepers = entry.sleeper_start()..entry.sleeper_start() + entry.sleeper_len;
                    sleepers.for_each(|at| self.touch(view, view.item(at), current));
                    for index in 0..entry.absent_len {
                        let item = entry.absent_start + index * 2;
                        if self.leaf_seen[view.item(item) as usize] < start {
                            self.gates[gate as usize].bits |= 1 << view.item(item + 1);
                        }
                    }
                    if self.gates[gate as usize].bits & entry.need() == entry.need()
                        && let Some((parent, bit)) = self.ready(gate, entry)
                    {
                        self.set(view, parent, bit, current);
                    }
                }
            }
        }
        while guards != NONE {
            let Waiting { kind, next } = self.waiting[guards as usize];
            guards = next;
            if let WaitingKind::Guarded(index) = kind {
                let input = view.input(index);
                if self.gates[input.guard as usize].ready >= start {
                    let outer = self.scopes[current as usize].outer;
                    self.set(view, input.gate, input.bit(), outer);
                }
            }
        }
    }
}

/// The conjunctions of a program that has nothing else, and of that little: slots and leaves are bits.
#[derive(Debug, Clone)]
pub(crate) struct Few {
    ways: Vec<Way>,
    /// Leaves that must not be seen, whichever it is.
    forbidden: u64,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// Slots that must be satisfied.
    satisfied: u64,
    /// Leaves that must not be seen.
    absent: u64,
    when: u8,
    filter: u32,
}

impl Few {
    /// From so many on, those whose slots were not satisfied should not be looked at.
    const WAYS: u32 = 16;

    /// `None` if there is more.
    pub(crate) fn new(view: &View<'_>) -> Option<Few> {
        if view.gate_len() > 0 || view.slot_len() > 64 || view.leaf_len() > 64 || view.conj_len() > Few::WAYS {
            return None;
        }
        let mut ways = Vec::new();
        let mut add = |anchor: u64, index: u32| {
            let conj = view.conj(index);
            let absent_start = conj.item_start + conj.slot_len();
            let bits = |items: std::ops::Range<u32>| items.fold(0, |bits, at| bits | 1 << view.item(at));
            ways.push(Way {
                satisfied: anchor | bits(conj.item_start..absent_start),
                absent: bits(absent_start..absent_start + conj.absent_len()),
                when: conj.when as u8,
                filter: conj.filter,
            });
        };
        for slot in 0..view.slot_len() {
            let entry = view.slot(slot);
            (entry.conj_start..entry.conj_start + entry.conj_len).for_each(|conj| add(1 << slot, conj));
        }
        view.free_conjs().for_each(|conj| add(0, conj));
        let forbidden = if ways.is_empty() { 0 } else { ways.iter().fold(!0, |all, way| all & way.absent) };
        Some(Few { ways, forbidden })
    }
}

impl Few {
    /// Leaves that no filter accepts a record with.
    #[inline]
    pub(crate) fn forbidden(&self) -> u64 {
        self.forbidden
    }

    /// Whether some filter may be accepted yet, if no more than these slots are going to be satisfied and at least these
    /// leaves are seen.
    #[inline]
    pub(crate) fn may_accept(&self, satisfied: u64, seen: u64) -> bool {
        self.ways.iter().any(|way| satisfied & way.satisfied == way.satisfied && seen & way.absent == 0)
    }

    /// Whether some filter asks for one of these slots, or for one of these leaves to be absent.
    pub(crate) fn asks(&self, slots: u64, leaves: u64) -> bool {
        self.ways.iter().any(|way| way.satisfied & slots != 0 || way.absent & leaves != 0)
    }
}

impl Resolve {
    /// Accepts the filters of a record at once, by the slots that were satisfied and the leaves that were seen in it.
    #[inline]
    pub(crate) fn accept_few(&mut self, few: &Few, satisfied: u64, seen: u64, when: u8) {
        self.accepted.clear();
        for way in &few.ways {
            if satisfied & way.satisfied == way.satisfied
                && seen & way.absent == 0
                && when & way.when != 0
                && !self.accepted.contains(&way.filter)
            {
                self.accepted.push(way.filter);
            }
        }
    }
}

impl flat::Facts for Resolve {
    #[inline]
    fn is_satisfied(&self, slot: u32) -> bool {
        self.slot_seen[slot as usize] >= self.begin
    }

    #[inline]
    fn is_absent(&self, leaf: u32) -> bool {
        self.leaf_seen[leaf as usize] < self.begin
    }

    #[inline]
    fn when(&self) -> u8 {
        self.when
    }
}
