//! Many string tests of one path as one automaton.
//!
//! Where a path has several tests that look at bytes one by one (prefix, suffix, wildcard, ignore-case),
//! they are merged into one deterministic automaton that reads the value once. regex-automata does the
//! construction (determinisation with size limits and byte classes are its craft); its states are then
//! renumbered into the plain tables of [`eventsieve_program::format`], so that a program holds no other
//! crate's format. Where the automaton would grow beyond its limit, and where there are so many tests that
//! it probably would, they stay single instructions, of which the vm makes a plan.

use std::collections::HashMap;

use eventsieve_program::fold;
use eventsieve_program::glob::Glob;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, Repetition};

/// Working memory while an automaton is built, as a multiple of the largest that is kept.
const WORKING: usize = 16;

/// A string test that an automaton can do.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Shape {
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Fold(Vec<u8>),
    FoldPrefix(Vec<u8>),
    FoldSuffix(Vec<u8>),
    Glob(Vec<u8>),
}

/// A finished automaton. State 0 is dead.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) classes: Vec<u32>,
    pub(crate) class_len: u32,
    /// Row after row of next states.
    pub(crate) transitions: Vec<u32>,
    /// Which of the tests hold if the value ends in a state.
    pub(crate) accepts: Vec<Vec<usize>>,
    pub(crate) start: u32,
}

/// Merges the tests; `None` where the automaton would have more than `most` bytes.
pub(crate) fn merge<'s>(shapes: impl Iterator<Item = &'s Shape>, most: usize) -> Option<Merged> {
    let working = most.saturating_mul(WORKING);
    let hirs: Vec<Hir> = shapes.map(hir).collect();
    let nfa = thompson::Compiler::new()
        .configure(
            thompson::Config::new().utf8(false).which_captures(WhichCaptures::None).nfa_size_limit(Some(working)),
        )
        .build_many_from_hir(&hirs)
        .ok()?;
    let dfa = dense::Builder::new()
        .configure(
            dense::Config::new()
                .match_kind(MatchKind::All)
                .start_kind(StartKind::Anchored)
                .dfa_size_limit(Some(most))
                .determinize_size_limit(Some(working)),
        )
        .build_from_nfa(&nfa)
        .ok()?;
    renumber(&dfa)
}

fn renumber(dfa: &dense::DFA<Vec<u32>>) -> Option<Merged> {
    let byte_classes = dfa.byte_classes();
    let mut classes = Vec::with_capacity(256);
    let mut representatives: Vec<u8> = Vec::new();
    for byte in 0..=u8::MAX {
        let class = usize::from(byte_classes.get(byte));
        if class == representatives.len() {
            representatives.push(byte);
        }
        classes.push(class as u32);
    }
    let first = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
    let mut merged = Merged {
        classes,
        class_len: representatives.len() as u32,
        transitions: vec![0; representatives.len()],
        accepts: vec![Vec::new()],
        start: 1,
    };
    let mut numbers: HashMap<StateID, u32> = HashMap::new();
    let mut queue = vec![first];
    numbers.insert(first, 1);
    let mut at = 0;
    while at < queue.len() {
        let state = queue[at];
        at += 1;
        for &byte in &representatives {
            let next = dfa.next_state(state, byte);
            let number = if dfa.is_dead_state(next) {
                0
            } else {
                *numbers.entry(next).or_insert_with(|| {
                    queue.push(next);
                    queue.len() as u32
                })
            };
            merged.transitions.push(number);
        }
        let end = dfa.next_eoi_state(state);
        let mut accepted = Vec::new();
        if dfa.is_match_state(end) {
            accepted.extend((0..dfa.match_len(end)).map(|index| dfa.match_pattern(end, index).as_usize()));
            accepted.sort_unstable();
        }
        merged.accepts.push(accepted);
    }
    Some(merged)
}

fn any_bytes() -> Hir {
    let byte = Hir::class(Class::Bytes(ClassBytes::new([ClassBytesRange::new(0, 255)])));
    Hir::repetition(Repetition { min: 0, max: None, greedy: true, sub: Box::new(byte) })
}

fn hir(shape: &Shape) -> Hir {
    let literal = |text: &[u8]| Hir::literal(text.to_vec());
    let folded = |sequence: &[u8]| {
        Hir::concat(
            fold::units(sequence)
                .map(|unit| {
                    if unit.first == unit.second {
                        literal(unit.first)
                    } else {
                        Hir::alternation(vec![literal(unit.first), literal(unit.second)])
                    }
                })
                .collect(),
        )
    };
    // The match must reach the end of the value: what may follow is spelled out.
    match shape {
        Shape::Prefix(text) => Hir::concat(vec![literal(text), any_bytes()]),
        Shape::Suffix(text) => Hir::concat(vec![any_bytes(), literal(text)]),
        Shape::Fold(sequence) => folded(sequence),
        Shape::FoldPrefix(sequence) => Hir::concat(vec![folded(sequence), any_bytes()]),
        Shape::FoldSuffix(sequence) => Hir::concat(vec![any_bytes(), folded(sequence)]),
        Shape::Glob(bytes) => {
            let Some(glob) = Glob::parse(bytes) else { return Hir::fail() };
            let mut parts = Vec::new();
            if glob.leading {
                parts.push(any_bytes());
            }
            for (index, piece) in glob.pieces().enumerate() {
                if index > 0 {
                    parts.push(any_bytes());
                }
                parts.push(literal(piece));
            }
            if glob.trailing {
                parts.push(any_bytes());
            }
            Hir::concat(parts)
        }
    }
}
