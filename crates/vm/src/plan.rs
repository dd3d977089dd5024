//! Leaves with many tests: the same answers as their code, without running it test by test.
//!
//! Code runs every test of a leaf for every value. Where a leaf has many, a [`Plan`] is made of its code once, when the
//! engine is: the code stays the definition, and a plan reports exactly the slots that it satisfies. What it makes of it:
//!
//! | tests | become |
//! |---|---|
//! | `exact`, `member`, `spelling` | sorted texts, one search: [`affixes`] |
//! | `prefix`, `suffix` | the same, with every beginning or ending found by that search |
//! | `fold`, `fold-prefix`, `fold-suffix` of texts whose only cases are ASCII's | the same, of the value in small letters |
//! | `glob` with one piece | a test of the above, or of what the value contains |
//! | other `glob` | candidates by the rarest of their fixed pieces: [`globs`] |
//! | `number`, `between`, `address` | [`intervals`] |
//! | exceptions of an anything-but | whichever of the above they are: then all are satisfied but those an exception of which was met |
//! | `lookup`, `scan` | themselves |
//! | other folds | themselves |
//!
//! [`flat`] does the same for what satisfied slots lead to.
//!
//! Code that has another shape than the compiler gives it, and leaves beyond [`PLAN_BYTES`], have no plan.

mod affixes;
pub(crate) mod flat;
mod globs;
mod intervals;

use eventsieve_program::format::NONE;
use eventsieve_program::inst::{GOTO, HIGH_OPEN, Inst, LOW_OPEN, Op, V6};
use eventsieve_program::{View, addr, fold};

use self::affixes::{Affixes, End};
use self::globs::Globs;
use self::intervals::{Interval, Intervals};
use crate::exec::{self, Facts, Value};

/// Most memory for the plans of one program.
const PLAN_BYTES: usize = 32 << 20;
/// From so many instructions on, a leaf has a plan.
pub(crate) const PLAN_FROM: u32 = 12;

/// What follows from a test: a slot, or an exception, or a glob that may match.
///
/// The two highest bits tell which; programs have fewer than 2³⁰ slots or no plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Target(u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// A slot is satisfied.
    Slot(u32),
    /// An exception of this anything-but was met.
    Except(u32),
    /// A glob, by its number, may match.
    Glob(u32),
}

impl Target {
    const EXCEPT: u32 = 1 << 30;
    const GLOB: u32 = 1 << 31;
    const NUMBER: u32 = Target::EXCEPT - 1;

    fn slot(slot: u32) -> Target {
        debug_assert!(slot <= Target::NUMBER);
        Target(slot)
    }

    #[inline]
    fn outcome(self) -> Outcome {
        match self.0 & !Target::NUMBER {
            0 => Outcome::Slot(self.0),
            Target::EXCEPT => Outcome::Except(self.0 & Target::NUMBER),
            _ => Outcome::Glob(self.0 & Target::NUMBER),
        }
    }
}

/// The plans of a program.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    /// For each leaf its plan, or [`NONE`]; empty if there are none.
    of_leaf: Vec<u32>,
    plans: Vec<Plan>,
}

impl Plans {
    /// Plans for the leaves whose code has at least `from` instructions.
    pub(crate) fn new(view: &View<'_>, from: u32) -> Plans {
        let mut plans = Plans::default();
        if view.slot_len() > Target::NUMBER || view.inst_len() > Target::NUMBER {
            return plans;
        }
        let mut bytes = 0;
        for leaf in 0..view.leaf_len() {
            let pc = view.leaf(leaf).pc;
            let has_many = (0..from).all(|at| pc + at < view.inst_len() && view.inst(pc + at).op != Op::End);
            if !has_many {
                continue;
            }
            let Some(plan) = Plan::new(view, pc) else { continue };
            if bytes + plan.bytes() > PLAN_BYTES {
                continue;
            }
            bytes += plan.bytes();
            if plans.of_leaf.is_empty() {
                plans.of_leaf = vec![NONE; view.leaf_len() as usize];
            }
            plans.of_leaf[leaf as usize] = plans.plans.len() as u32;
            plans.plans.push(plan);
        }
        plans
    }

    /// The plan of a leaf, if it has one.
    #[inline]
    pub(crate) fn of(&self, leaf: u32) -> Option<&Plan> {
        self.plans.get(*self.of_leaf.get(leaf as usize)? as usize)
    }

    /// How many leaves have one.
    pub(crate) fn len(&self) -> usize {
        self.plans.len()
    }

    /// Memory to run them in.
    pub(crate) fn memory(&self) -> Memory {
        let most = |len: fn(&Plan) -> usize| self.plans.iter().map(len).max().unwrap_or(0);
        Memory {
            lowered: Vec::with_capacity(most(|plan| plan.fold_bytes)),
            met: Vec::with_capacity(most(|plan| plan.excepts[0].len())),
            globs: globs::Memory::new(most(|plan| plan.globs.piece_len())),
        }
    }
}

/// What running a plan needs and does not keep.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// An end of the value in small letters.
    lowered: Vec<u8>,
    /// The anything-buts an exception of which was met.
    met: Vec<u32>,
    globs: globs::Memory,
}

/// What became of the code of one leaf.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Tables and automata of the program.
    lookups: Vec<u32>,
    scans: Vec<u32>,
    /// Strings as they are.
    exact: Affixes,
    /// Strings as byte-wise tests see them.
    equal: Affixes,
    prefixes: Affixes,
    suffixes: Affixes,
    /// The same in small letters.
    fold_equal: Affixes,
    fold_prefixes: Affixes,
    fold_suffixes: Affixes,
    /// Length of the longest of these.
    fold_bytes: usize,
    globs: Globs,
    addresses: Intervals<(bool, u128)>,
    /// Tests of strings that are run one by one.
    singles: Vec<(Inst, Target)>,
    numbers: Intervals<f64>,
    spellings: Affixes,
    /// The slots that `true`, `false`, `null` and any value satisfy.
    constants: [Vec<u32>; 3],
    always: Vec<u32>,
    /// The slots of anything-buts with exceptions that are strings, and numbers; targets number them.
    excepts: [Vec<u32>; 2],
}

impl Plan {
    /// A plan for the code from `pc` on, if that has the shape that the compiler gives it.
    fn new(view: &View<'_>, pc: u32) -> Option<Plan> {
        let mut tests = Tests::default();
        tests.read(view, pc)?;
        let mut globs = globs::Builder::new(view);
        for &(offset, len, target) in &tests.globs {
            globs.add(offset, len, target)?;
        }
        let globs::Sorted { globs, equal, prefixes, suffixes } = globs.finish()?;
        tests.equal.extend(equal);
        tests.prefixes.extend(prefixes);
        tests.suffixes.extend(suffixes);
        let folded = |list: &[(Vec<u8>, Target)], end| {
            Affixes::new(end, list.iter().map(|(text, target)| (text.as_slice(), *target)).collect())
        };
        let folds = [&tests.fold_equal, &tests.fold_prefixes, &tests.fold_suffixes];
        Some(Plan {
            fold_bytes: folds.iter().flat_map(|list| list.iter()).map(|(text, _)| text.len()).max().unwrap_or(0),
            fold_equal: folded(&tests.fold_equal, End::Front),
            fold_prefixes: folded(&tests.fold_prefixes, End::Front),
            fold_suffixes: folded(&tests.fold_suffixes, End::Back),
            exact: Affixes::new(End::Front, tests.exact),
            equal: Affixes::new(End::Front, tests.equal),
            prefixes: Affixes::new(End::Front, tests.prefixes),
            suffixes: Affixes::new(End::Back, tests.suffixes),
            spellings: Affixes::new(End::Front, tests.spellings),
            addresses: Intervals::new(&tests.addresses)?,
            numbers: Intervals::new(&tests.numbers)?,
            globs,
            lookups: tests.lookups,
            scans: tests.scans,
            singles: tests.singles,
            constants: tests.constants,
            always: tests.always,
            excepts: tests.excepts,
        })
    }

    /// Memory held.
    fn bytes(&self) -> usize {
        let affixes = [
            &self.exact,
            &self.equal,
            &self.prefixes,
            &self.suffixes,
            &self.fold_equal,
            &self.fold_prefixes,
            &self.fold_suffixes,
            &self.spellings,
        ];
        let lists = [&self.lookups, &self.scans, &self.always].into_iter().chain(&self.constants).chain(&self.excepts);
        affixes.iter().map(|affixes| affixes.bytes()).sum::<usize>()
            + lists.map(|list| list.len() * size_of::<u32>()).sum::<usize>()
            + self.singles.len() * size_of::<(Inst, Target)>()
            + self.numbers.bytes()
            + self.addresses.bytes()
            + self.globs.bytes()
            + size_of::<Plan>()
    }

    /// As [`exec`](crate::exec::exec) of the leaf's code.
    pub(crate) fn run(&self, view: &View<'_>, value: Value<'_>, memory: &mut Memory, mut satisfied: impl FnMut(u32)) {
        let Memory { lowered, met, globs } = memory;
        met.clear();
        let mut reach = |target: Target| match target.outcome() {
            Outcome::Slot(slot) => satisfied(slot),
            Outcome::Except(except) => met.push(except),
            // `strings` answers these itself.
            Outcome::Glob(_) => {}
        };
        match value {
            Value::String { exact, bytes } => self.strings(view, exact, bytes, lowered, globs, &mut reach),
            Value::Number(spelling) => match exec::comparable(spelling) {
                Some(value) => self.numbers.find(value, reach),
                None => self.spellings.find_equal(spelling, reach),
            },
            Value::True => self.constants[0].iter().for_each(|&slot| satisfied(slot)),
            Value::False => self.constants[1].iter().for_each(|&slot| satisfied(slot)),
            Value::Null => self.constants[2].iter().for_each(|&slot| satisfied(slot)),
        }
        self.always.iter().for_each(|&slot| satisfied(slot));
        // Only exceptions of the value's own kind were met.
        let met_of = match value {
            Value::String { .. } => Some(0),
            Value::Number(_) => Some(1),
            _ => None,
        };
        for (kind, slots) in self.excepts.iter().enumerate() {
            if met_of != Some(kind) || met.is_empty() {
                slots.iter().for_each(|&slot| satisfied(slot));
                continue;
            }
            met.sort_unstable();
            let mut from = 0;
            for &except in &*met {
                // One that was met twice leaves nothing between.
                let behind = (except as usize).max(from);
                slots[from..behind].iter().for_each(|&slot| satisfied(slot));
                from = from.max(except as usize + 1);
            }
            slots[from..].iter().for_each(|&slot| satisfied(slot));
        }
    }

    fn strings(
        &self,
        view: &View<'_>,
        exact: &[u8],
        bytes: &[u8],
        lowered: &mut Vec<u8>,
        globs: &mut globs::Memory,
        reach: &mut impl FnMut(Target),
    ) {
        for &table in &self.lookups {
            if let Some(posting) = view.lookup(view.table(table), exact) {
                view.posting(posting).for_each(|slot| reach(Target::slot(slot)));
            }
        }
        for &dfa in &self.scans {
            view.posting(view.run(view.dfa(dfa), bytes)).for_each(|slot| reach(Target::slot(slot)));
        }
        self.exact.find_equal(exact, &mut *reach);
        self.equal.find_equal(bytes, &mut *reach);
        let mut sift = |target: Target| match target.outcome() {
            Outcome::Glob(glob) => self.globs.confirm(view, glob, bytes, &mut *reach),
            Outcome::Slot(_) | Outcome::Except(_) => reach(target),
        };
        self.prefixes.find(bytes, &mut sift);
        self.suffixes.find(bytes, &mut sift);
        self.globs.find(bytes, globs, &mut sift);
        if ![&self.fold_equal, &self.fold_prefixes, &self.fold_suffixes].iter().all(|texts| texts.is_empty()) {
            self.folded(bytes, lowered, reach);
        }
        let mut facts = Facts::of(Value::String { exact, bytes });
        for &(inst, target) in &self.singles {
            if facts.string(view, inst) {
                reach(target);
            }
        }
        if !self.addresses.is_empty()
            && let Some((family, bits)) = addr::parse_addr(exact)
        {
            self.addresses.find((family == addr::Family::V6, bits), reach);
        }
    }

    /// The value in small letters, of which no more is looked at than the longest text.
    fn folded(&self, bytes: &[u8], lowered: &mut Vec<u8>, reach: &mut impl FnMut(Target)) {
        let len = bytes.len().min(self.fold_bytes);
        if !self.fold_suffixes.is_empty() {
            lower_into(&bytes[bytes.len() - len..], lowered);
            self.fold_suffixes.find(lowered, &mut *reach);
        }
        lower_into(&bytes[..len], lowered);
        self.fold_prefixes.find(lowered, &mut *reach);
        if bytes.len() == len {
            self.fold_equal.find_equal(lowered, reach);
        }
    }
}

/// Replaces what is in `out` by the text with its ASCII letters small.
fn lower_into(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend(text.iter().map(u8::to_ascii_lowercase));
}

/// The tests of one leaf, sorted by kind.
#[derive(Default)]
struct Tests<'p> {
    lookups: Vec<u32>,
    scans: Vec<u32>,
    exact: Vec<(&'p [u8], Target)>,
    equal: Vec<(&'p [u8], Target)>,
    prefixes: Vec<(&'p [u8], Target)>,
    suffixes: Vec<(&'p [u8], Target)>,
    fold_equal: Vec<(Vec<u8>, Target)>,
    fold_prefixes: Vec<(Vec<u8>, Target)>,
    fold_suffixes: Vec<(Vec<u8>, Target)>,
    globs: Vec<(u32, u32, Target)>,
    addresses: Vec<Interval<(bool, u128)>>,
    singles: Vec<(Inst, Target)>,
    numbers: Vec<Interval<f64>>,
    spellings: Vec<(&'p [u8], Target)>,
    constants: [Vec<u32>; 3],
    always: Vec<u32>,
    excepts: [Vec<u32>; 2],
}

impl<'p> Tests<'p> {
    /// Reads code up to its end; `None` if it has a shape that is not known.
    fn read(&mut self, view: &View<'p>, mut pc: u32) -> Option<()> {
        loop {
            let inst = view.inst(pc);
            pc += 1;
            match inst.op {
                Op::End => return Some(()),
                Op::UnlessString | Op::UnlessNumber => pc = self.block(view, inst, pc)?,
                _ if inst.x & GOTO != 0 => return None,
                Op::Always => self.always.push(inst.c),
                Op::True => self.constants[0].push(inst.c),
                Op::False => self.constants[1].push(inst.c),
                Op::Null => self.constants[2].push(inst.c),
                _ => self.test(view, inst, Target::slot(inst.c))?,
            }
        }
    }

    /// Reads what only values of one kind reach, and, if that are the exceptions of an anything-but, its end too.
    /// Returns where code goes on.
    fn block(&mut self, view: &View<'p>, guard: Inst, from: u32) -> Option<u32> {
        let is_number = guard.op == Op::UnlessNumber;
        let behind = guard.a;
        let block = || (from..behind).map(|pc| view.inst(pc));
        if !block().all(|inst| kind_of(inst.op) == Some(is_number)) {
            return None;
        }
        if block().all(is_plain) {
            block().try_for_each(|inst| self.test(view, inst, Target::slot(inst.c)))?;
            return Some(behind);
        }
        // Each exception leads past the one instruction that satisfies.
        let last = view.inst(behind);
        let is_exception = |inst: Inst| !is_plain(inst) && inst.c == behind + 1;
        if last.op != Op::Always || last.x & GOTO != 0 || !block().all(is_exception) {
            return None;
        }
        let slots = &mut self.excepts[usize::from(is_number)];
        let target = Target(slots.len() as u32 | Target::EXCEPT);
        slots.push(last.c);
        block().try_for_each(|inst| self.test(view, inst, target))?;
        Some(behind + 1)
    }

    fn test(&mut self, view: &View<'p>, inst: Inst, target: Target) -> Option<()> {
        let literal = || view.literal(inst.a, inst.b);
        match inst.op {
            Op::Exact => self.exact.push((literal(), target)),
            Op::Prefix => self.prefixes.push((literal(), target)),
            Op::Suffix => self.suffixes.push((literal(), target)),
            Op::Glob => self.globs.push((inst.a, inst.b, target)),
            Op::Fold | Op::FoldPrefix | Op::FoldSuffix => match small_letters(literal()) {
                Some(text) => match inst.op {
                    Op::Fold => self.fold_equal.push((text, target)),
                    Op::FoldPrefix => self.fold_prefixes.push((text, target)),
                    _ => self.fold_suffixes.push((text, target)),
                },
                None => self.singles.push((inst, target)),
            },
            Op::Address => {
                let end = |offset| (inst.x & V6 != 0, view.u128_at(inst.a + offset));
                self.addresses.push(Interval { low: end(0), high: end(16), low_open: false, high_open: false, target });
            }
            Op::Member => {
                let table = view.table(inst.a);
                for entry in 0..table.capacity {
                    let at = table.start + entry * 4;
                    if view.word(at + 1) != NONE {
                        self.exact.push((view.literal(view.word(at + 1), view.word(at + 2)), target));
                    }
                }
            }
            Op::Lookup => self.lookups.push(inst.a),
            Op::Scan => self.scans.push(inst.a),
            Op::Number => {
                let value = view.f64_at(inst.a);
                self.numbers.push(Interval { low: value, high: value, low_open: false, high_open: false, target });
            }
            Op::Between => self.numbers.push(Interval {
                low: view.f64_at(inst.a),
                high: view.f64_at(inst.a + 8),
                low_open: inst.x & LOW_OPEN != 0,
                high_open: inst.x & HIGH_OPEN != 0,
                target,
            }),
            Op::Spelling => self.spellings.push((literal(), target)),
            Op::End | Op::Always | Op::UnlessString | Op::UnlessNumber | Op::True | Op::False | Op::Null => {
                return None;
            }
        }
        Some(())
    }
}

/// Whether a test is of numbers; `None` for what tests neither numbers nor strings.
fn kind_of(op: Op) -> Option<bool> {
    match op {
        Op::End | Op::Always | Op::UnlessString | Op::UnlessNumber | Op::True | Op::False | Op::Null => None,
        Op::Number | Op::Between | Op::Spelling => Some(true),
        Op::Exact | Op::Prefix | Op::Suffix | Op::Fold | Op::FoldPrefix | Op::FoldSuffix => Some(false),
        Op::Glob | Op::Address | Op::Member | Op::Lookup | Op::Scan => Some(false),
    }
}

/// Whether a test that holds satisfies a slot.
fn is_plain(inst: Inst) -> bool {
    inst.x & GOTO == 0
}

/// A fold sequence as a text, where a value matches it if and only if it is that text once its ASCII letters are small.
fn small_letters(sequence: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    for unit in fold::units(sequence) {
        let is_letter = unit.first.len() == 1 && unit.first.is_ascii() && unit.first[0].is_ascii_alphabetic();
        let fits = if is_letter {
            unit.first != unit.second && unit.first.eq_ignore_ascii_case(unit.second)
        } else {
            unit.first == unit.second && !unit.first.iter().any(u8::is_ascii_alphabetic)
        };
        if !fits {
            return None;
        }
        text.extend(unit.first.iter().map(u8::to_ascii_lowercase));
    }
    Some(text)
}
