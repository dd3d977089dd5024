//! Records in which scopes do not tell which values go together, judged by search.
//!
//! A record may reach one path in several ways inside one scope: a key repeated, `"a.b"` beside `"a": {"b": …}`,
//! a value and fields at one path inside an array. Which of its values may then be taken together is what the
//! reference finds by trying combinations, and no counting gives the same answers. So
//! for these records, and for filters that have scopes at all, [`Search`] does try: branch by branch, path by
//! path in sorted order, values consistent when they lie in the same element of every array they share. The
//! walk recognises such records ([`crate::walk::Trail::irregular`]); all others never come here.
//!
//! Trying is exponential, so it is bounded by [`STEPS`] for one record; beyond that the scopes' answer
//! stands, which is deterministic and linear.

use eventsieve_program::View;
use eventsieve_program::format::{Gate, NONE};

/// Most steps spent on one record.
const STEPS: u32 = 50_000;
/// Deepest nesting of gates that is searched; compiled programs stay far below.
const GATE_DEPTH: usize = 256;

/// What can set a bit of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
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

    fn of(&self, gate: u32, bit: u32) -> &[(u32, Source)] {
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
    steps: u32,
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
        self.steps = 0;
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
        // In order of leaves; of one leaf in document order. (A stable sort would allocate.)
        self.occurrences.sort_unstable_by_key(|occurrence| (occurrence.leaf, occurrence.order));
    }

    /// Whether a gate that accepts a filter can be ready.
    pub(crate) fn holds(&mut self, view: &View<'_>, sources: &Sources, gate: u32) -> Result<bool, GaveUp> {
        self.conditions.clear();
        self.goals.clear();
        self.goals.push(Goal { gate, bit: 0 });
        self.expand(view, sources, 0)
    }

    fn step(&mut self) -> Result<(), GaveUp> {
        self.steps += 1;
        if self.steps > STEPS { Err(GaveUp) } else { Ok(()) }
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
        self.chosen.clear();
        self.choose(0)
    }

    /// Chooses a value for condition number `at` and all after it.
    fn choose(&mut self, at: usize) -> Result<bool, GaveUp> {
        let Some(&Condition { leaf, slot }) = self.sorted.get(at) else { return Ok(true) };
        let start = self.occurrences.partition_point(|occurrence| occurrence.leaf < leaf);
        let end = self.occurrences.partition_point(|occurrence| occurrence.leaf <= leaf);
        if slot == NONE {
            for index in start..end {
                self.step()?;
                if self.is_consistent(self.occurrences[index].element) {
                    return Ok(false);
                }
            }
            return self.choose(at + 1);
        }
        // Where some values of the path lie in an array of which an element is chosen, the reference looks
        // only at values in that element, also if others lie in no element of it.
        let mut within = None;
        for &(array, element) in &self.chosen {
            if (start..end).any(|index| self.element_of(self.occurrences[index].element, array).is_some()) {
                within = Some((array, element));
                break;
            }
        }
        for index in start..end {
            self.step()?;
            let occurrence = self.occurrences[index];
            let satisfied = &self.satisfied[occurrence.slots.0 as usize..occurrence.slots.1 as usize];
            let inside =
                within.is_none_or(|(array, element)| self.element_of(occurrence.element, array) == Some(element));
            if !inside || !satisfied.contains(&slot) || !self.is_consistent(occurrence.element) {
                continue;
            }
            let before = self.chosen.len();
            self.add(occurrence.element);
            let found = self.choose(at + 1)?;
            self.chosen.truncate(before);
            if found {
                return Ok(true);
            }
        }
        Ok(false)
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
