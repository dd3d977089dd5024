//! What a matching record must hold: the literals of a prefilter.
//!
//! A filter is accepted in *ways*: each of its conjunctions is one, and each of its gates that has no parent. A way
//! needs all of its slots, so one slot is chosen for it, such that every test that can satisfy the slot is the test of
//! a text, and the record must hold one of these texts. Over all ways of all filters that makes a set of *literals*:
//!
//! > A record may be dropped unread iff it contains none of the literals **and** no two bytes `\u`.
//!
//! That holds because a literal is free of whatever JSON can write in a second way but by `\u`: it is cut at `"`, `\`,
//! `/` and control characters (which have short escapes) and at halves of surrogate pairs (which have no bytes), and the
//! best piece is taken. It holds one level down as well, in JSON inside a string, where `\u` is written `\\u`. A literal is
//! searched without quotes, as within a string they are written `\"`.
//!
//! | test | literal |
//! |---|---|
//! | exact, prefix, suffix | its text |
//! | wildcard | the best of its fixed pieces |
//! | ignore-case | its best run without letters, of at least [`FOLD_BYTES`] bytes |
//! | exact strings in a table | all of those that satisfy the slot |
//! | number, address | none: many spellings |
//! | `true`, `false`, `null` | none: they are in most records |
//! | exists, anything-but, absence | none |
//! | byte-wise tests that were merged into an automaton | none |
//!
//! Pieces of less than [`LITERAL_BYTES`] bytes are none, and more than [`LITERALS`] literals are too many.
//!
//! **Base64.** Members of some sources are coded in the delivered record ([`coded_keys`]). So there are two sets.
//! [`Literals::record`] is for the record as it is delivered: no way leans on a coded member. [`Literals::decoded`] is
//! for the record *and* what its coded members decode to: dropped may be what has no literal (and no `\u`) in either.
//! Both are searched for the whole set, as a value under a coded key may also lie in the record as it is (where the
//! member is no string, or its key is written with dots).
//!
//! **Members.** Where a filter has no literal, it may still need a value under one of a few keys: [`members`] has those
//! values. To look for the key and test what follows it says more than the key alone, which is in most records.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::rc::Rc;

use crate::format::{NONE, WHEN_ANY};
use crate::glob::Glob;
use crate::inst::{GOTO, Inst, Op, Operand};
use crate::{Source, View, fold};

/// Most literals of a set.
pub const LITERALS: usize = 64;
/// Shortest literal. A search needs two bytes, and where two are in nearly every record it switches itself off.
pub const LITERAL_BYTES: usize = 2;
/// Shortest literal from an ignore-case test, whose letters are left out: what is left is often a mere separator.
pub const FOLD_BYTES: usize = 3;

/// Pairs of a test and a slot it satisfies after which a program is too large to be looked at. So many filters have more than
/// [`LITERALS`] texts, and it would take them long to find that out; and a hostile program could have its size squared.
const STEPS: u32 = 1 << 14;

/// Most instructions of a leaf that [`members`] may name.
const MEMBER_INSTS: u32 = 16;

/// A value that satisfies a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The leaf that the value is seen at.
    pub leaf: u32,
    /// The slot that one of the leaf's tests satisfies; `None` for whichever it is.
    pub slot: Option<u32>,
}

/// Values of which a record must hold at least one to match, ascending; `None` if it need not hold any in particular, or
/// any value of some leaf would do. Where they stand in a member that is coded, they are not in the record as it is.
///
/// Of many filters that all ask for an exact value of one leaf, it is the values of that leaf.
pub fn members(view: &View<'_>) -> Option<Vec<Member>> {
    if view.flags & crate::format::FLAG_PASS_ALL != 0 {
        return None;
    }
    few_members(view).or_else(|| shared_leaf(view).map(|leaf| vec![Member { leaf, slot: None }]))
}

/// The leaf at which every way asks for a value that is one of many in a table; of several such leaves, the one with the
/// most, since it tells records apart best.
fn shared_leaf(view: &View<'_>) -> Option<u32> {
    const NO_LEAF: u32 = u32::MAX;
    const LEAVES: u32 = u32::MAX - 1;
    // What a compiler writes is read once. A hostile program may have all leaves share one table.
    let mut steps = [view.inst_len(), view.word_len(), view.slot_len()].into_iter().map(u64::from).sum::<u64>();
    // The leaf of each slot, and how many values each leaf's tables have; none if a test of it is of another kind.
    let mut leaf_of = vec![NO_LEAF; view.slot_len() as usize];
    let mut values = vec![0_u32; view.leaf_len() as usize];
    for leaf in 0..view.leaf_len() {
        let mut is_exact = true;
        let mut add = |slot: u32| {
            let known = &mut leaf_of[slot as usize];
            *known = if matches!(*known, NO_LEAF) || *known == leaf { leaf } else { LEAVES };
        };
        let start = view.leaf(leaf).pc;
        for pc in start.. {
            let inst = view.inst(pc);
            steps = steps.checked_sub(1)?;
            match inst.op {
                Op::End => break,
                Op::Lookup => {
                    let table = view.table(inst.a);
                    for entry in (0..table.capacity).map(|row| table.start + row * 4) {
                        steps = steps.checked_sub(1)?;
                        if view.word(entry + 1) != NONE {
                            values[leaf as usize] = values[leaf as usize].saturating_add(1);
                            for slot in view.posting(view.word(entry + 3)) {
                                steps = steps.checked_sub(1)?;
                                add(slot);
                            }
                        }
                    }
                }
                Op::Scan => is_exact = false,
                op if op.operands()[2] == Operand::Outcome && inst.x & GOTO == 0 => {
                    is_exact &= op != Op::Always;
                    add(inst.c);
                }
                _ => {}
            }
            is_exact &= pc - start < MEMBER_INSTS;
        }
        if !is_exact {
            values[leaf as usize] = 0;
        }
    }
    let mut eligible: Vec<u32> = (0..view.leaf_len()).filter(|&leaf| values[leaf as usize] > 0).collect();
    eligible.sort_by_key(|&leaf| std::cmp::Reverse(values[leaf as usize]));
    eligible.truncate(SHARED_LEAVES);
    let causes = causes(view);
    eligible.into_iter().find(|&leaf| has_each_way(view, &causes, |slot| leaf_of[slot as usize] == leaf))
}

/// Most leaves that are asked whether all ways share them.
const SHARED_LEAVES: usize = 8;

/// Whether every way needs a slot that is one of some.
fn has_each_way(view: &View<'_>, causes: &[(u32, u32, Cause)], is_one: impl Fn(u32) -> bool) -> bool {
    let conj_has = |index: u32| {
        let conj = view.conj(index);
        conj.when as u8 & WHEN_ANY == 0
            || (conj.item_start..conj.item_start + conj.slot_len()).any(|at| is_one(view.item(at)))
    };
    let anchored_have = (0..view.slot_len()).filter(|&slot| !is_one(slot)).all(|slot| {
        let entry = view.slot(slot);
        (entry.conj_start..entry.conj_start + entry.conj_len).all(conj_has)
    });
    if !anchored_have || !view.free_conjs().all(conj_has) {
        return false;
    }
    let mut have: Vec<bool> = Vec::with_capacity(view.gate_len() as usize);
    let mut causes = causes;
    for index in 0..view.gate_len() {
        let gate = view.gate(index);
        let own;
        (own, causes) = causes.split_at(causes.partition_point(|&(of, ..)| of == index));
        // A bit has one if all that can set it have; a gate, if one of its bits has.
        let has = own.chunk_by(|a, b| a.1 == b.1).any(|of_bit| {
            gate.need() >> of_bit[0].1 & 1 != 0
                && of_bit.iter().all(|&(.., cause)| match cause {
                    Cause::Absence => false,
                    Cause::Slot(slot) => is_one(slot),
                    Cause::Gate(gate) => have[gate as usize],
                })
        });
        if !has && gate.parent == NONE && gate.when() & WHEN_ANY != 0 {
            return false;
        }
        have.push(has);
    }
    true
}

/// As [`members`], where each is a test of its own.
fn few_members(view: &View<'_>) -> Option<Vec<Member>> {
    let mut members = Vec::new();
    let mut weights = Vec::new();
    let mut found: Vec<Result<Vec<u32>, Why>> = vec![Ok(Vec::new()); view.slot_len() as usize];
    let mut steps = STEPS;
    for leaf in 0..view.leaf_len() {
        let mut pc = view.leaf(leaf).pc;
        let start = pc;
        // Whether every value of the kind that is at hand comes to this instruction.
        let mut by_all = true;
        loop {
            let inst = view.inst(pc);
            pc += 1;
            steps = steps.checked_sub(1)?;
            let is_long = pc - start > MEMBER_INSTS;
            let mut add = |slot: u32, rarity: Option<u32>| {
                let fact = &mut found[slot as usize];
                match (fact.as_mut(), rarity) {
                    (Ok(ids), Some(rarity)) if !is_long => {
                        ids.push(members.len() as u32);
                        members.push(Member { leaf, slot: Some(slot) });
                        weights.push(16 * rarity);
                    }
                    _ => *fact = Err(Why::Test(inst.op)),
                }
            };
            match inst.op {
                Op::End => break,
                // Many tests have literals, or else are too many to be run more often than they have to.
                Op::Lookup => {
                    let table = view.table(inst.a);
                    for entry in (0..table.capacity).map(|row| table.start + row * 4) {
                        if view.word(entry + 1) != NONE {
                            view.posting(view.word(entry + 3)).for_each(|slot| add(slot, None));
                        }
                    }
                }
                Op::Scan => {
                    let dfa = view.dfa(inst.a);
                    let accepts = dfa.start + 256 + dfa.state_len * dfa.class_len;
                    for state in 0..dfa.state_len {
                        view.posting(view.word(accepts + state)).for_each(|slot| add(slot, None));
                    }
                }
                op if op.operands()[2] == Operand::Outcome => {
                    if inst.x & GOTO != 0 {
                        by_all = false;
                    } else {
                        let rarity = match op {
                            Op::Always if by_all => None,
                            Op::Always => Some(1),
                            Op::True | Op::False | Op::Null => Some(2),
                            _ => Some(3),
                        };
                        add(inst.c, rarity);
                    }
                }
                _ => {}
            }
        }
    }
    let mut finder = Finder {
        view,
        texts: Vec::new(),
        weights,
        slots: Vec::new(),
        coded: vec![false; view.slot_len() as usize],
        causes: causes(view),
    };
    finder.slots = found.into_iter().map(|fact| fact.map(|ids| finder.set(ids))).collect();
    let ids = finder.needed(false).ok()?;
    let mut needed: Vec<Member> = ids.iter().map(|&id| members[id as usize]).collect();
    needed.sort_unstable();
    needed.dedup();
    Some(needed)
}

/// The members of a delivered record that are written in base64.
pub fn coded_keys(source: Source) -> &'static [&'static str] {
    match source {
        Source::Kinesis | Source::ActiveMq | Source::RabbitMq => &["data"],
        Source::Msk | Source::Kafka => &["value", "key"],
        Source::Raw | Source::Sqs | Source::DynamoDb | Source::DocumentDb => &[],
    }
}

/// The literals of a program, see the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literals {
    record: Result<Vec<Vec<u8>>, NoLiterals>,
    decoded: Result<Vec<Vec<u8>>, NoLiterals>,
}

/// Why there are no literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoLiterals {
    filter: Option<u32>,
    why: Why,
}

/// What keeps a slot, a way or a whole program from having literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    PassesAll,
    TooMany,
    TooLarge,
    Absence,
    Coded,
    Test(Op),
}

impl Literals {
    /// The literals of a program whose records have base64 under the keys `coded`.
    pub fn of(view: &View<'_>, coded: &[&str]) -> Literals {
        let finder = match Finder::new(view, coded) {
            Ok(finder) => finder,
            Err(why) => {
                let none = NoLiterals { filter: None, why };
                return Literals { record: Err(none), decoded: Err(none) };
            }
        };
        let record = finder.literals(true);
        let decoded = if coded.is_empty() { record.clone() } else { finder.literals(false) };
        Literals { record, decoded }
    }

    /// What a delivered record must hold, as it is, to match. With no literal at all no record can.
    ///
    /// # Errors
    /// Why it need not hold anything in particular.
    pub fn record(&self) -> Result<&[Vec<u8>], &NoLiterals> {
        self.record.as_deref()
    }

    /// What a delivered record or one of its decoded members must hold. The same as [`Literals::record`] where
    /// nothing is coded.
    ///
    /// # Errors
    /// Why they need not hold anything in particular.
    pub fn decoded(&self) -> Result<&[Vec<u8>], &NoLiterals> {
        self.decoded.as_deref()
    }
}

impl NoLiterals {
    /// The filter that has none, if it is a matter of one; of several, the first.
    pub fn filter(&self) -> Option<usize> {
        self.filter.map(|filter| filter as usize)
    }
}

impl fmt::Display for NoLiterals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(filter) = self.filter {
            write!(f, "filter {filter} can match ")?;
        }
        match self.why {
            Why::PassesAll => f.write_str("every valid record passes"),
            Why::TooMany => write!(f, "by more than {LITERALS} different texts"),
            Why::TooLarge => f.write_str("the program is too large to be searched for them"),
            Why::Absence => f.write_str("without any value"),
            Why::Coded => f.write_str("by a text that is written in base64"),
            Why::Test(Op::Number | Op::Between | Op::Spelling) => f.write_str("by a number, which has many spellings"),
            Why::Test(Op::Address) => f.write_str("by an address, which has many spellings"),
            Why::Test(op @ (Op::True | Op::False | Op::Null)) => {
                write!(f, "by `{}`, which is in most records", op.mnemonic())
            }
            Why::Test(Op::Always) => f.write_str("by a value of many"),
            Why::Test(Op::Scan) => f.write_str("by one of many tests that are an automaton"),
            Why::Test(Op::Fold | Op::FoldPrefix | Op::FoldSuffix) => {
                write!(f, "by a text without {FOLD_BYTES} bytes in a row that have no case")
            }
            Why::Test(_) => {
                write!(f, "by a text without {LITERAL_BYTES} bytes in a row that are never escaped")
            }
        }
    }
}

impl std::error::Error for NoLiterals {}

/// Literals one of which must be there, by number, ascending.
#[derive(Debug)]
struct Set {
    ids: Vec<u32>,
    /// How rare they are, all in all; the more the better.
    weight: u32,
}

/// A set, or why there is none.
type Fact = Result<Rc<Set>, Why>;

/// What can set a bit of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    Absence,
    Slot(u32),
    Gate(u32),
}

/// Everything that is known of a program before the two questions are asked.
struct Finder<'v, 'p> {
    view: &'v View<'p>,
    texts: Vec<Cow<'p, [u8]>>,
    weights: Vec<u32>,
    slots: Vec<Fact>,
    /// Slots that a value of a coded member can satisfy.
    coded: Vec<bool>,
    /// Gate, bit and what sets it, in order.
    causes: Vec<(u32, u32, Cause)>,
}

impl<'v, 'p> Finder<'v, 'p> {
    fn new(view: &'v View<'p>, coded_keys: &[&str]) -> Result<Finder<'v, 'p>, Why> {
        if view.flags & crate::format::FLAG_PASS_ALL != 0 {
            return Err(Why::PassesAll);
        }
        let mut finder = Finder {
            view,
            texts: Vec::new(),
            weights: Vec::new(),
            slots: Vec::new(),
            coded: vec![false; view.slot_len() as usize],
            causes: Vec::new(),
        };
        finder.read_slots(&coded_leaves(view, coded_keys))?;
        finder.causes = causes(view);
        Ok(finder)
    }

    /// Reads the tests. An instruction that can satisfy a slot counts wherever it stands.
    fn read_slots(&mut self, coded_leaves: &[bool]) -> Result<(), Why> {
        let view = self.view;
        let mut steps = STEPS;
        let mut numbers: HashMap<Cow<'p, [u8]>, u32> = HashMap::new();
        let mut found: Vec<Result<Vec<u32>, Why>> = vec![Ok(Vec::new()); view.slot_len() as usize];
        // Which instructions a value of a coded member can reach, and how deep the leaf lies they belong to. As jumps go
        // forward, one pass is enough.
        let mut reached = vec![false; view.inst_len() as usize + 1];
        let mut depths = vec![0; view.inst_len() as usize];
        for leaf in 0..view.leaf_len() {
            let entry = view.leaf(leaf);
            reached[entry.pc as usize] |= coded_leaves[leaf as usize];
            depths[entry.pc as usize] = view.node(entry.node).depth();
        }
        let mut depth = 0;
        for pc in 0..view.inst_len() {
            let inst = view.inst(pc);
            depth = depths[pc as usize].max(if pc > 0 && view.inst(pc - 1).op == Op::End { 0 } else { depth });
            let is_coded = reached[pc as usize];
            if is_coded && inst.op != Op::End {
                reached[pc as usize + 1] = true;
                let jump = if inst.x & GOTO != 0 { inst.c } else { inst.a };
                if inst.x & GOTO != 0 || matches!(inst.op, Op::UnlessString | Op::UnlessNumber) {
                    reached[jump as usize] = true;
                }
            }
            let mut add = |slot: u32, text: Option<Cow<'p, [u8]>>| -> Result<(), Why> {
                steps = steps.checked_sub(1).ok_or(Why::TooLarge)?;
                self.coded[slot as usize] |= is_coded;
                let fact = &mut found[slot as usize];
                let Ok(ids) = fact else { return Ok(()) };
                let Some(text) = text else {
                    *fact = Err(Why::Test(inst.op));
                    return Ok(());
                };
                let id = *numbers.entry(text).or_insert_with_key(|text| {
                    self.weights.push(weight(text));
                    self.texts.push(text.clone());
                    self.texts.len() as u32 - 1
                });
                // Deep fields tell records apart better than those at the top, which are few and often the same.
                self.weights[id as usize] =
                    self.weights[id as usize].max(weight(&self.texts[id as usize]) + 4 * depth.min(5));
                if !ids.contains(&id) {
                    ids.push(id);
                }
                if ids.len() > LITERALS {
                    *fact = Err(Why::TooMany);
                }
                Ok(())
            };
            match inst.op {
                Op::Lookup => {
                    let table = view.table(inst.a);
                    for entry in (0..table.capacity).map(|row| table.start + row * 4) {
                        if view.word(entry + 1) == NONE {
                            continue;
                        }
                        let text = best_piece(view.literal(view.word(entry + 1), view.word(entry + 2)));
                        for slot in view.posting(view.word(entry + 3)) {
                            add(slot, text.map(Cow::Borrowed))?;
                        }
                    }
                }
                Op::Scan => {
                    let dfa = view.dfa(inst.a);
                    let accepts = dfa.start + 256 + dfa.state_len * dfa.class_len;
                    for state in 0..dfa.state_len {
                        for slot in view.posting(view.word(accepts + state)) {
                            add(slot, None)?;
                        }
                    }
                }
                op if op.operands()[2] == Operand::Outcome && inst.x & GOTO == 0 => add(inst.c, text_of(view, inst))?,
                _ => {}
            }
        }
        self.slots = found.into_iter().map(|fact| fact.map(|ids| self.set(ids))).collect();
        Ok(())
    }

    fn set(&self, mut ids: Vec<u32>) -> Rc<Set> {
        ids.sort_unstable();
        let weakest = ids.iter().map(|&id| self.weights[id as usize]).min().unwrap_or(u32::MAX);
        let weight = weakest.saturating_sub(2 * ids.len().max(1).ilog2());
        Rc::new(Set { ids, weight })
    }

    /// A set for all of these together.
    fn union(&self, mut facts: impl Iterator<Item = Fact>) -> Fact {
        let Some(first) = facts.next() else { return Ok(self.set(Vec::new())) };
        let mut all = first?;
        for fact in facts {
            let other = fact?;
            if all.ids == other.ids {
                continue;
            }
            let ids: BTreeSet<u32> = all.ids.iter().chain(&other.ids).copied().collect();
            if ids.len() > LITERALS {
                return Err(Why::TooMany);
            }
            all = self.set(ids.into_iter().collect());
        }
        Ok(all)
    }

    /// The literals of all ways of all filters. Asked of the record alone, what is coded there has none.
    fn literals(&self, record_alone: bool) -> Result<Vec<Vec<u8>>, NoLiterals> {
        self.needed(record_alone).map(|ids| self.sorted(&ids))
    }

    /// The numbers of what all ways of all filters need, one of it at least.
    fn needed(&self, record_alone: bool) -> Result<BTreeSet<u32>, NoLiterals> {
        let view = self.view;
        let slot_fact = |slot: u32| -> Fact {
            if record_alone && self.coded[slot as usize] {
                return Err(Why::Coded);
            }
            self.slots[slot as usize].clone()
        };
        let mut ids: BTreeSet<u32> = BTreeSet::new();
        let mut refused: Option<NoLiterals> = None;
        let mut way = |filter: u32, when: u8, fact: Fact| {
            let why = match fact {
                _ if when & WHEN_ANY == 0 => return,
                Ok(set) => {
                    if ids.len() <= LITERALS {
                        ids.extend(&set.ids);
                    }
                    return;
                }
                Err(why) => why,
            };
            if refused.is_none_or(|before| before.filter > Some(filter)) {
                refused = Some(NoLiterals { filter: Some(filter), why });
            }
        };
        let conj_way = |index: u32, anchor: Option<u32>| {
            let conj = view.conj(index);
            let items = (conj.item_start..conj.item_start + conj.slot_len()).map(|at| view.item(at));
            (conj.filter, conj.when as u8, best(anchor.into_iter().chain(items).map(slot_fact)))
        };
        for slot in 0..view.slot_len() {
            let entry = view.slot(slot);
            for index in entry.conj_start..entry.conj_start + entry.conj_len {
                let (filter, when, fact) = conj_way(index, Some(slot));
                way(filter, when, fact);
            }
        }
        for index in view.free_conjs() {
            let (filter, when, fact) = conj_way(index, None);
            way(filter, when, fact);
        }
        // Gates come before their parents.
        let mut gates: Vec<Fact> = Vec::with_capacity(view.gate_len() as usize);
        let mut causes = self.causes.as_slice();
        for index in 0..view.gate_len() {
            let gate = view.gate(index);
            let own;
            (own, causes) = causes.split_at(causes.partition_point(|&(of, ..)| of == index));
            let fact = best((0..64).filter(|bit| gate.need() >> bit & 1 != 0).map(|bit| {
                let of_bit = own.iter().filter(|&&(_, of, _)| of == bit);
                self.union(of_bit.map(|&(.., cause)| match cause {
                    Cause::Absence => Err(Why::Absence),
                    Cause::Slot(slot) => slot_fact(slot),
                    Cause::Gate(gate) => gates[gate as usize].clone(),
                }))
            }));
            if gate.parent == NONE {
                way(gate.filter, gate.when(), fact.clone());
            }
            gates.push(fact);
        }
        match refused {
            Some(refused) => Err(refused),
            None if ids.len() > LITERALS => Err(NoLiterals { filter: None, why: Why::TooMany }),
            None => Ok(ids),
        }
    }

    /// The texts, in order. One that contains another is found where the other is.
    fn sorted(&self, ids: &BTreeSet<u32>) -> Vec<Vec<u8>> {
        let texts: BTreeSet<&[u8]> = ids.iter().map(|&id| &*self.texts[id as usize]).collect();
        let holds = |text: &[u8], other: &[u8]| text != other && text.windows(other.len()).any(|part| part == other);
        let needed = texts.iter().filter(|text| !texts.iter().any(|other| holds(text, other)));
        needed.map(|text| text.to_vec()).collect()
    }
}

/// The best of several conditions that must all hold.
fn best(facts: impl Iterator<Item = Fact>) -> Fact {
    let mut best: Fact = Err(Why::Absence);
    for fact in facts {
        best = match (best, fact) {
            (Ok(before), Ok(now)) => Ok(if now.weight > before.weight { now } else { before }),
            (Ok(before), Err(_)) => Ok(before),
            (Err(_), Ok(now)) => Ok(now),
            // Of two reasons the one that speaks of a value says more.
            (Err(Why::Absence), Err(now)) => Err(now),
            (Err(before), Err(_)) => Err(before),
        };
    }
    best
}

fn causes(view: &View<'_>) -> Vec<(u32, u32, Cause)> {
    let mut causes = Vec::new();
    for slot in 0..view.slot_len() {
        let entry = view.slot(slot);
        for index in entry.input_start..entry.input_start + entry.input_len {
            let input = view.input(index);
            causes.push((input.gate, input.bit(), Cause::Slot(slot)));
        }
    }
    for index in 0..view.gate_len() {
        let gate = view.gate(index);
        if gate.parent != NONE {
            causes.push((gate.parent, gate.parent_bit(), Cause::Gate(index)));
        }
        for at in 0..gate.absent_len {
            causes.push((index, view.item(gate.absent_start + at * 2 + 1), Cause::Absence));
        }
    }
    causes.sort_unstable();
    causes
}

/// The leaves at and below these keys of the root.
fn coded_leaves(view: &View<'_>, coded_keys: &[&str]) -> Vec<bool> {
    let mut nodes = vec![false; view.node_len() as usize];
    let mut leaves = vec![false; view.leaf_len() as usize];
    for index in 0..view.node_len() {
        let node = view.node(index);
        for at in node.edge_start..node.edge_start + node.edge_len {
            let edge = view.edge(at);
            let is_coded = index == 0 && coded_keys.iter().any(|key| key.as_bytes() == view.key(edge));
            nodes[edge.child as usize] |= is_coded || nodes[index as usize];
        }
        if nodes[index as usize] && node.leaf != NONE {
            leaves[node.leaf as usize] = true;
        }
    }
    leaves
}

/// What a string must hold for an instruction to succeed.
fn text_of<'p>(view: &View<'p>, inst: Inst) -> Option<Cow<'p, [u8]>> {
    let literal = view.literal(inst.a, inst.b);
    match inst.op {
        Op::Exact | Op::Prefix | Op::Suffix => best_piece(literal).map(Cow::Borrowed),
        Op::Glob => {
            Glob::parse(literal)?.pieces().filter_map(best_piece).max_by_key(|piece| weight(piece)).map(Cow::Borrowed)
        }
        Op::Fold | Op::FoldPrefix | Op::FoldSuffix => {
            let (mut best, mut run): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
            for unit in fold::units(literal).map(Some).chain(std::iter::once(None)) {
                match unit {
                    Some(unit) if unit.first == unit.second => run.extend_from_slice(unit.first),
                    _ => {
                        if let Some(piece) = best_piece(&run)
                            && piece.len() >= FOLD_BYTES
                            && (best.is_empty() || weight(piece) > weight(&best))
                        {
                            best = piece.to_vec();
                        }
                        run.clear();
                    }
                }
            }
            (!best.is_empty()).then_some(Cow::Owned(best))
        }
        _ => None,
    }
}

/// The rarest of the pieces of a text that JSON writes in one way, but for `\u`.
fn best_piece(text: &[u8]) -> Option<&[u8]> {
    let mut best: Option<&[u8]> = None;
    let mut start = 0;
    let mut at = 0;
    while at <= text.len() {
        let cut = match text[at..] {
            [] | [b'"' | b'\\' | b'/' | 0..0x20, ..] => 1,
            // Half of a surrogate pair, in WTF-8.
            [0xed, 0xa0..=0xff, ..] => 3,
            _ => 0,
        };
        if cut == 0 {
            at += 1;
            continue;
        }
        let piece = &text[start..at];
        if piece.len() >= LITERAL_BYTES && best.is_none_or(|best| weight(piece) > weight(best)) {
            best = Some(piece);
        }
        at += cut;
        start = at;
    }
    best
}

/// How rare a text is among records, roughly in bits; a guess, made to choose among texts that all would do.
fn weight(text: &[u8]) -> u32 {
    let bits = |&byte: &u8| match byte {
        b'0'..=b'9' => 3,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b'-' | b'_' | b'.' | b':' | b' ' | 0x80.. => 4,
        b'a'..=b'z' | b'A'..=b'Z' => 5,
        _ => 6,
    };
    let sum = text.iter().take(16).map(bits).sum::<u32>().min(48);
    // What the services themselves write into records is in all of them.
    if text.starts_with(b"aws") || text.starts_with(b"arn:") { sum / 4 } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_where_json_has_another_way_to_write_them() {
        let piece = |text: &str| best_piece(text.as_bytes()).map(|piece| String::from_utf8_lossy(piece).into_owned());
        for (text, expected) in [
            ("running", Some("running")),
            ("", None),
            ("x", None),
            ("no", Some("no")),
            ("a/b", None),
            ("/api/v2/orders", Some("orders")),
            ("say \"hello\"", Some("hello")),
            ("C:\\Windows\\x", Some("Windows")),
            ("line\nbreak\u{1f}\u{7f}more", Some("\u{7f}more")),
            ("é", Some("é")),
            ("😀", Some("😀")),
        ] {
            assert_eq!(piece(text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(best_piece(&[b'a', b'b', 0xed, 0xa0, 0xbd, b'x', b'y', b'z']), Some(b"xyz".as_slice()));
        assert_eq!(best_piece(&[0xed, 0xbf, 0xbf]), None);
        assert_eq!(best_piece("\u{d7ff}".as_bytes()), Some("\u{d7ff}".as_bytes()), "no surrogate");
    }

    #[test]
    fn rare_texts_weigh_more() {
        for (more, less) in [("paid", "no"), ("order", "12345"), ("order", "aws:sqs"), ("Ωmega", "arn:aws:")] {
            assert!(weight(more.as_bytes()) > weight(less.as_bytes()), "{more} {less}");
        }
    }
}
