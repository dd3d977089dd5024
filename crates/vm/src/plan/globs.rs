//! Many globs, and which of them match a value.
//!
//! A glob needs all its fixed pieces, so it is looked at only where the rarest of them is met: at the end of the value
//! where the glob fixes it there, or anywhere in it, by an Aho-Corasick automaton. Rare is what few of the other globs
//! have, too. A glob with one piece is nothing but that piece.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use aho_corasick::{AhoCorasick, MatchKind};
use eventsieve_program::View;
use eventsieve_program::glob::Glob;

use super::Target;
use crate::exec::glob_matches;

/// Reading a whole value costs about as much as trying so many globs in vain.
const READING: u32 = 16;

/// Where a piece has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Place {
    Front,
    Back,
    Anywhere,
}

/// Globs, and an automaton for the pieces that may be anywhere.
#[derive(Debug)]
pub(super) struct Globs {
    /// Where the literal of each lies, how long it is, and what it leads to.
    globs: Vec<(u32, u32, Target)>,
    automaton: Option<AhoCorasick>,
    /// What each piece leads to: the range of `targets` up to the next one's.
    starts: Vec<u32>,
    targets: Vec<Target>,
}

/// Which pieces were met already.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// For each piece, the value that it was met in last.
    met: Vec<u32>,
    value: u32,
}

impl Memory {
    pub(super) fn new(piece_len: usize) -> Memory {
        Memory { met: vec![0; piece_len], value: 0 }
    }
}

impl Globs {
    /// Memory held.
    pub(super) fn bytes(&self) -> usize {
        self.globs.len() * size_of::<(u32, u32, Target)>()
            + self.automaton.as_ref().map_or(0, AhoCorasick::memory_usage)
            + self.starts.len() * 4
            + self.targets.len() * size_of::<Target>()
    }

    /// Number of pieces that may be anywhere.
    pub(super) fn piece_len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The targets of all pieces that the value has somewhere.
    pub(super) fn find(&self, value: &[u8], memory: &mut Memory, mut found: impl FnMut(Target)) {
        let Some(automaton) = &self.automaton else { return };
        if memory.value == u32::MAX {
            memory.met.fill(0);
            memory.value = 0;
        }
        memory.value += 1;
        // Made for the same program with other plans.
        if memory.met.len() < self.piece_len() {
            memory.met.resize(self.piece_len(), 0);
        }
        for hit in automaton.find_overlapping_iter(value) {
            let piece = hit.pattern().as_usize();
            if memory.met[piece] != memory.value {
                memory.met[piece] = memory.value;
                self.targets[self.starts[piece] as usize..self.starts[piece + 1] as usize]
                    .iter()
                    .copied()
                    .for_each(&mut found);
            }
        }
    }

    /// Whether a candidate does match; then its target is reached.
    #[inline]
    pub(super) fn confirm(&self, view: &View<'_>, glob: u32, value: &[u8], reach: impl FnOnce(Target)) {
        let (offset, len, target) = self.globs[glob as usize];
        if Glob::parse(view.literal(offset, len)).is_some_and(|glob| glob_matches(&glob, value)) {
            reach(target);
        }
    }
}

/// Texts with what they lead to.
type Texts<'p> = Vec<(&'p [u8], Target)>;

/// Globs, and what became of some of them.
pub(super) struct Sorted<'p> {
    pub(super) globs: Globs,
    pub(super) equal: Texts<'p>,
    pub(super) prefixes: Texts<'p>,
    pub(super) suffixes: Texts<'p>,
}

/// Collects globs.
pub(super) struct Builder<'v, 'p> {
    view: &'v View<'p>,
    globs: Vec<(u32, u32, Target)>,
    /// Pieces that decide alone.
    equal: Texts<'p>,
    prefixes: Texts<'p>,
    suffixes: Texts<'p>,
    anywhere: BTreeMap<&'p [u8], Vec<Target>>,
}

impl<'v, 'p> Builder<'v, 'p> {
    pub(super) fn new(view: &'v View<'p>) -> Builder<'v, 'p> {
        Builder {
            view,
            globs: Vec::new(),
            equal: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            anywhere: BTreeMap::new(),
        }
    }

    /// Adds the glob at a place of the literals; `None` if there is none.
    pub(super) fn add(&mut self, offset: u32, len: u32, target: Target) -> Option<()> {
        let glob = Glob::parse(self.view.literal(offset, len))?;
        let mut pieces = glob.pieces();
        match (pieces.next(), pieces.next()) {
            (None, _) if glob.leading || glob.trailing => self.prefixes.push((b"", target)),
            (None, _) => self.equal.push((b"", target)),
            (Some(piece), None) => match (glob.leading, glob.trailing) {
                (false, false) => self.equal.push((piece, target)),
                (false, true) => self.prefixes.push((piece, target)),
                (true, false) => self.suffixes.push((piece, target)),
                (true, true) => self.anywhere.entry(piece).or_default().push(target),
            },
            _ => self.globs.push((offset, len, target)),
        }
        Some(())
    }

    /// `None` if an automaton would be too large.
    pub(super) fn finish(mut self) -> Option<Sorted<'p>> {
        let mut counts: HashMap<(Place, &[u8]), u32> = HashMap::new();
        for &(offset, len, _) in &self.globs {
            for_each_piece(self.view.literal(offset, len), |place, piece| {
                *counts.entry((place, piece)).or_default() += 1;
            });
        }
        for (number, &(offset, len, _)) in (0..).zip(&self.globs) {
            let mut best: Option<(u32, Reverse<usize>, Place, &[u8])> = None;
            for_each_piece(self.view.literal(offset, len), |place, piece| {
                let reading = if place == Place::Anywhere { READING } else { 0 };
                let cost = (counts[&(place, piece)] + reading, Reverse(piece.len()), place, piece);
                best = Some(best.map_or(cost, |best| best.min(cost)));
            });
            let target = Target(number | Target::GLOB);
            match best? {
                (_, _, Place::Front, piece) => self.prefixes.push((piece, target)),
                (_, _, Place::Back, piece) => self.suffixes.push((piece, target)),
                (_, _, Place::Anywhere, piece) => self.anywhere.entry(piece).or_default().push(target),
            }
        }
        let mut globs = Globs { globs: self.globs, automaton: None, starts: Vec::new(), targets: Vec::new() };
        if !self.anywhere.is_empty() {
            // Overlapping hits are asked for, which is what the standard kind is for.
            let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(self.anywhere.keys());
            globs.automaton = Some(automaton.ok()?);
            globs.starts.push(0);
            for targets in self.anywhere.values() {
                globs.targets.extend_from_slice(targets);
                globs.starts.push(globs.targets.len() as u32);
            }
        }
        Some(Sorted { globs, equal: self.equal, prefixes: self.prefixes, suffixes: self.suffixes })
    }
}

/// The pieces of a glob and where they have to be.
fn for_each_piece<'p>(literal: &'p [u8], mut found: impl FnMut(Place, &'p [u8])) {
    let Some(glob) = Glob::parse(literal) else { return };
    let mut pieces = glob.pieces().peekable();
    let mut is_first = true;
    while let Some(piece) = pieces.next() {
        let place = match pieces.peek() {
            _ if is_first && !glob.leading => Place::Front,
            None if !glob.trailing => Place::Back,
            _ => Place::Anywhere,
        };
        found(place, piece);
        is_first = false;
    }
}
