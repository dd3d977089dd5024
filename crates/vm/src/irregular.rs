//! Records in which scopes do not tell which values go together, judged by search.
//!
//! A record may reach one path in several ways inside one scope: a key repeated, `"a.b"` beside `"a": {"b": …}`,
//! a value and fields at one path inside an array. Which of its values may then be taken together is what the
//! reference finds by trying combinations, and no counting gives the same answers. So
//! for these records, and for filters that have scopes at all, [`Search`] does try: branch by branch, path by
//! path in sorted order, values consistent when they lie in the same element of every array they share. The
//! walk recognises such records ([`crate::walk::Trail::irregular`]); all others never come here.
//!
//! Trying is exponential in the number of arrays that one branch brings together, so three things keep it short: values
//! of one path in the same element are one choice; a choice that has no array in common with what failed behind it is
//! not changed; and a filter for which it takes more than [`STEPS`] (and a multiple of the record's values) gets the
//! scopes' answer, which is deterministic and linear. What one filter takes is not taken from another.

use eventsieve_program::View;
use eventsieve_program::format::{Gate, NONE};

/// Most steps spent on one gate that accepts a filter, beside [`STEPS_PER_VALUE`].
const STEPS: u32 = 50_000;
/// Steps for each value of the record.
const STEPS_PER_VALUE: u32 = 16;
/// Deepest nesting of gates that is searched; compiled programs stay far below.
const GATE_DEPTH: usize = 256;

/// What can set a bit of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Slot(u32),
    Absent(u32),
    Gate(u32),
}

/// For each gate, the sources of its bits: the reverse of what a program stores.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    starts: Vec<u32>,
    list: Vec<(u32, Source)>,
    /// For each slot, its leaf.
    slot_leaf: Vec<u32>,
}

impl Sources {
    /// Reads a program's gates. `slot_leaf` is taken from the code of the leaves.
    pub(crate) fn new(view: &View<'_>) -> Sources {
        if view.gate_len() == 0 {
            return Sources::default();
        }
        let mut all: Vec<(u32, u32, Source)> = Vec::new();
        for slot in 0..view.slot_len() {
            let entry = view.slot(slot);
            for index in entry.input_start..entry.input_start + entry.input_len {
                let input = view.input(index);
                all.push((input.gate, input.bit(), Source::Slot(slot)));
            }
        }
        for index in 0..view.gate_len() {
            let gate = view.gate(index);
            if gate.parent != NONE {
                all.push((gate.parent, gate.parent_bit(), Source::Gate(index)));
            }
            for at in 0..gate.absent_len {
                let item = gate.absent_start + at * 2;
                all.push((index, view.item(item + 1), Source::Absent(view.item(item))));
            }
        }
        all.sort_unstable();
        let mut starts = Vec::with_capacity(view.gate_len() as usize + 1);
        for gate in 0..=view.gate_len() {
            starts.push(all.partition_point(|&(of, ..)| of < gate) as u32);
        }
        let mut slot_leaf = vec![NONE; view.slot_len() as usize];
        for leaf in 0..view.leaf_len() {
            crate::exec::slots_of(view, view.leaf(leaf).pc, |slot| slot_leaf[slot as usize] = leaf);
        }
        Sources { starts, list: all.into_iter().map(|(_, bit, source)| (bit, source)).collect(), slot_leaf }
    }

    /// What sets a bit of a gate.
    pub(crate) fn of(&self, gate: u32, bit: u32) -> &[(u32, Source)] {
        let all = &self.list[self.starts[gate as usize] as usize..self.starts[gate as usize + 1] as usize];
        let start = all.partition_point(|&(of, _)| of < bit);
        let end = all.partition_point(|&(of, _)| of <= bit);
        &all[start..end]
    }
}

/// A value of the record at a leaf.
#[derive(Debug, Clone, Copy)]
struct Occurrence {
    leaf: u32,
    /// Place in the record.
    order: u32,
    /// The innermost element it lies in: an index into `elements` plus one, 0 for none.
    element: u32,
    /// Its satisfied slots: a range of `satisfied`.
    slots: (u32, u32),
}

/// An array element that is a scope.
#[derive(Debug, Clone, Copy)]
struct Element {
    array: u32,
    /// The element around it, coded like [`Occurrence::element`].
    outer: u32,
}

/// One condition of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Condition {
    leaf: u32,
    /// [`NONE`] asks for absence.
    slot: u32,
}

/// A goal still to be expanded into conditions: bits of a gate from `bit` on.
#[derive(Debug, Clone, Copy)]
struct Goal {
    gate: u32,
    bit: u32,
}

/// The search's memory. Filled while a record's hits are judged, then asked.
#[derive(Debug, Default)]
pub(crate) struct Search {
    occurrences: Vec<Occurrence>,
    elements: Vec<Element>,
    satisfied: Vec<u32>,
    current: u32,
    conditions: Vec<Condition>,
    sorted: Vec<Condition>,
    goals: Vec<Goal>,
    /// Chosen elements: array and element, in the order chosen.
    chosen: Vec<(u32, u32)>,
    /// What made choices fail: arrays, a set for each level that has failed and whose failure is being looked at.
    conflicts: Vec<u32>,
    /// Steps left.
    left: u32,
    /// The filters that took too long.
    pub(crate) gave_up: Vec<u32>,
    /// The filters found so far.
    pub(crate) found: Vec<u32>,
}

/// The search took too long.
#[derive(Debug)]
pub(crate) struct GaveUp;

impl Search {
    pub(crate) fn begin(&mut self) {
        self.occurrences.clear();
        self.elements.clear();
        self.satisfied.clear();
        self.current = 0;
        self.gave_up.clear();
    }

    pub(crate) fn open(&mut self, array: u32) {
        self.elements.push(Element { array, outer: self.current });
        self.current = self.elements.len() as u32;
    }

    pub(crate) fn close(&mut self) {
        if let Some(element) = self.current.checked_sub(1) {
            self.current = self.elements[element as usize].outer;
        }
    }

    pub(crate) fn value(&mut self, leaf: u32) {
        let at = self.satisfied.len() as u32;
        let order = self.occurrences.len() as u32;
        self.occurrences.push(Occurrence { leaf, order, element: self.current, slots: (at, at) });
    }

    /// A slot was satisfied by the value seen last.
    pub(crate) fn satisfy(&mut self, slot: u32) {
        self.satisfied.push(slot);
        if let Some(last) = self.occurrences.last_mut() {
            last.slots.1 = self.satisfied.len() as u32;
        }
    }

    /// All values have been seen.
    pub(crate) fn seal(&mut self) {
        // By leaf, and those of one element together. (A stable sort would allocate.)
        self.occurrences.sort_unstable_by_key(|occurrence| (occurrence.leaf, occurrence.element, occurrence.order));
    }

    /// Whether a gate that accepts a filter can be ready.
    pub(crate) fn holds(&mut self, view: &View<'_>, sources: &Sources, gate: u32) -> Result<bool, GaveUp> {
        self.conditions.clear();
        self.goals.clear();
        self.goals.push(Goal { gate, bit: 0 });
        self.left = STEPS.saturating_add((self.occurrences.len() as u32).saturating_mul(STEPS_PER_VALUE));
        self.expand(view, sources, 0)
    }

    fn step(&mut self) -> Result<(), GaveUp> {
        self.left = self.left.checked_sub(1).ok_or(GaveUp)?;
        Ok(())
    }

    /// Expands the last goal; with none left, the branch is complete and is tried.
    fn expand(&mut self, view: &View<'_>, sources: &Sources, depth: usize) -> Result<bool, GaveUp> {
        self.step()?;
        if depth > GATE_DEPTH * 64 {
            return Err(GaveUp);
        }
        let Some(goal) = self.goals.pop() else { return self.try_branch() };
        let gate: Gate = view.gate(goal.gate);
        let rest = gate.need() >> goal.bit;
        if rest == 0 {
            let found = self.expand(view, sources, depth + 1)?;
            self.goals.push(goal);
            return Ok(found);
        }
        let bit = goal.bit + rest.trailing_zeros();
        for &(_, source) in sources.of(goal.gate, bit) {
            let (goals, conditions) = (self.goals.len(), self.conditions.len());
            if bit < 63 {
                self.goals.push(Goal { gate: goal.gate, bit: bit + 1 });
            }
            match source {
                Source::Gate(gate) if self.goals.len() < GATE_DEPTH => self.goals.push(Goal { gate, bit: 0 }),
                Source::Gate(_) => return Err(GaveUp),
                Source::Slot(slot) => {
                    let leaf = sources.slot_leaf[slot as usize];
                    self.conditions.push(Condition { leaf, slot });
                }
                Source::Absent(leaf) => self.conditions.push(Condition { leaf, slot: NONE }),
            }
            let found = self.expand(view, sources, depth + 1)?;
            self.goals.truncate(goals);
            self.conditions.truncate(conditions);
            if found {
                return Ok(true);
            }
        }
        self.goals.push(goal);
        Ok(false)
    }

    fn try_branch(&mut self) -> Result<bool, GaveUp> {
        self.sorted.clear();
        self.sorted.extend_from_slice(&self.conditions);
        self.sorted.sort_unstable();
        self.sorted.dedup();
        self.chosen.clear();
        self.conflicts.clear();
        self.choose(0)
    }

    /// Chooses a value for condition number `at` and all after it.
    ///
    /// If that fails, it leaves behind at the end of `conflicts` the arrays on which the failure rests: with the same
    /// elements of these it fails again, whatever else is chosen.
    fn choose(&mut self, at: usize) -> Result<bool, GaveUp> {
        let Some(&Condition { leaf, slot }) = self.sorted.get(at) else { return Ok(true) };
        let start = self.occurrences.partition_point(|occurrence| occurrence.leaf < leaf);
        let end = self.occurrences.partition_point(|occurrence| occurrence.leaf <= leaf);
        let base = self.conflicts.len();
        if slot == NONE {
            let mut last = None;
            for index in start..end {
                self.step()?;
                let element = self.occurrences[index].element;
                if last.replace(element) != Some(element) && self.is_consistent(element) {
                    self.blame(base, element);
                    return Ok(false);
                }
            }
            return self.choose(at + 1);
        }
        // Where some values of the path lie in an array of which an element is chosen, the reference looks
        // only at values in that element, also if others lie in no element of it.
        let mut within = None;
        for at in 0..self.chosen.len() {
            let (array, element) = self.chosen[at];
            self.step()?;
            if (start..end).any(|index| self.element_of(self.occurrences[index].element, array).is_some()) {
                within = Some((array, element));
                break;
            }
        }
        if let Some((array, _)) = within {
            self.blame_array(base, array);
        }
        let mut tried = None;
        for index in start..end {
            self.step()?;
            let Occurrence { element, slots, .. } = self.occurrences[index];
            let satisfied = &self.satisfied[slots.0 as usize..slots.1 as usize];
            if tried == Some(element) || !satisfied.contains(&slot) {
                continue;
            }
            tried = Some(element);
            let inside = within.is_none_or(|(array, chosen)| self.element_of(element, array) == Some(chosen));
            if !inside || !self.is_consistent(element) {
                self.blame(base, element);
                continue;
            }
            let before = self.chosen.len();
            self.add(element);
            let behind = self.conflicts.len();
            let found = self.choose(at + 1)?;
            self.chosen.truncate(before);
            if found {
                self.conflicts.truncate(base);
                return Ok(true);
            }
            if !self.changes(start, end, slot, behind)? {
                // No other choice here touches what failed behind.
                self.conflicts.drain(base..behind);
                return Ok(false);
            }
            // What failed behind is part of why this fails.
            let mut kept = behind;
            for index in behind..self.conflicts.len() {
                let array = self.conflicts[index];
                if !self.conflicts[base..kept].contains(&array) {
                    self.conflicts[kept] = array;
                    kept += 1;
                }
            }
            self.conflicts.truncate(kept);
        }
        Ok(false)
    }

    /// Whether one of the values that satisfy `slot` lies in an array of `conflicts[behind..]`.
    fn changes(&mut self, start: usize, end: usize, slot: u32, behind: usize) -> Result<bool, GaveUp> {
        let mut last = None;
        for index in start..end {
            self.step()?;
            let Occurrence { element, slots, .. } = self.occurrences[index];
            if last == Some(element) || !self.satisfied[slots.0 as usize..slots.1 as usize].contains(&slot) {
                continue;
            }
            last = Some(element);
            let mut at = element;
            while let Some(index) = at.checked_sub(1) {
                let entry = self.elements[index as usize];
                if self.conflicts[behind..].contains(&entry.array) {
                    return Ok(true);
                }
                at = entry.outer;
            }
        }
        Ok(false)
    }

    /// The arrays around an element are part of why the level whose conflicts begin at `base` fails.
    fn blame(&mut self, base: usize, mut element: u32) {
        while let Some(index) = element.checked_sub(1) {
            let entry = self.elements[index as usize];
            self.blame_array(base, entry.array);
            element = entry.outer;
        }
    }

    fn blame_array(&mut self, base: usize, array: u32) {
        if !self.conflicts[base..].contains(&array) {
            self.conflicts.push(array);
        }
    }

    /// The element of `array` that `element` lies in or is.
    fn element_of(&self, mut element: u32, array: u32) -> Option<u32> {
        while let Some(index) = element.checked_sub(1) {
            let entry = self.elements[index as usize];
            if entry.array == array {
                return Some(element);
            }
            element = entry.outer;
        }
        None
    }

    /// Whether an element and those around it agree with the chosen ones.
    fn is_consistent(&self, mut element: u32) -> bool {
        while let Some(index) = element.checked_sub(1) {
            let entry = self.elements[index as usize];
            if self.chosen.iter().any(|&(array, chosen)| array == entry.array && chosen != element) {
                return false;
            }
            element = entry.outer;
        }
        true
    }

    /// Chooses an element and those around it; outermost first, as the reference meets them.
    fn add(&mut self, element: u32) {
        let from = self.chosen.len();
        let mut at = element;
        while let Some(index) = at.checked_sub(1) {
            let entry = self.elements[index as usize];
            if !self.chosen.iter().any(|&(array, _)| array == entry.array) {
                self.chosen.insert(from, (entry.array, at));
            }
            at = entry.outer;
        }
    }
}
