//! How complex the wildcards of one path are, by the service's measure.
//!
//! The measure is the most *prefixes* of the wildcard texts that one value can match at once, where a
//! prefix ends after a literal byte or a `*`: `abc` 1, `a*` 2, `*a*` 3, `*a*b*c*d*` 6. Read as one
//! automaton with a place after every byte and star, that is the largest number of places, the beginning
//! not counted, that any value can reach together.

use std::collections::{HashSet, VecDeque};

use smallvec::SmallVec;

use crate::ast::{Wildcard, WildcardPiece};

/// Sets of places looked at before the search is given up.
const MAX_SETS: usize = 20_000;
/// Places in all sets looked at before the search is given up.
const MAX_WORK: usize = 400_000;

/// A part of a wildcard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Byte(u8),
    Star,
}

/// A place of the automaton.
type Place = u32;
/// Places in ascending order.
type Set = SmallVec<[Place; 8]>;

/// The complexity of the wildcards of one path, or some number above `cap` as soon as it is known to be
/// more.
///
/// The sets of places that values can reach are searched breadth first. Sets above `cap` end the search,
/// so each one is small; how many there are is bounded by the number of bytes in the wildcards for one or
/// two stars, but can be large for many long wildcards with several stars. After some 20,000 sets the
/// search is given up and the highest number found so far is the answer: such wildcards are let through
/// rather than refused on a guess.
pub fn score(wildcards: &[Wildcard], cap: u32) -> u32 {
    let tests: Vec<&[Wildcard]> = wildcards.iter().map(std::slice::from_ref).collect();
    score_tests(&tests, cap)
}

/// [`score`] of tests that may hold several wildcards each, as `anything-but` does. Such a test is one to
/// the service: what its wildcards have in common at their beginning counts once.
pub(crate) fn score_tests(tests: &[&[Wildcard]], cap: u32) -> u32 {
    let automaton = Automaton::new(tests);
    let begin = automaton.closed(automaton.roots.iter().copied());
    let mut best = automaton.weight(&begin);
    let mut seen: HashSet<Set> = HashSet::new();
    let mut queue = VecDeque::from([begin]);
    let mut work = 0;
    while let Some(set) = queue.pop_front() {
        if best > cap {
            return best;
        }
        for byte in automaton.next_bytes(&set) {
            let next = automaton.step(&set, byte);
            work += next.len() + 1;
            best = best.max(automaton.weight(&next));
            if best > cap || work > MAX_WORK || seen.len() > MAX_SETS {
                return best;
            }
            if !next.is_empty() && !seen.contains(&next) {
                seen.insert(next.clone());
                queue.push_back(next);
            }
        }
    }
    best
}

/// Wildcards as a tree of parts for each test; a place is the end of a prefix.
struct Automaton {
    /// Of each place, the parts that can come next and where they lead.
    next: Vec<SmallVec<[(Part, Place); 1]>>,
    /// Whether the place lies behind a star, and so stays reached whatever comes.
    is_star: Vec<bool>,
    /// The beginnings; they do not count.
    roots: Vec<Place>,
}

impl Automaton {
    fn new(tests: &[&[Wildcard]]) -> Automaton {
        let mut tests: Vec<Vec<Vec<Part>>> =
            tests.iter().map(|wildcards| wildcards.iter().map(parts).collect()).collect();
        // Twice the same test is one test.
        tests.sort();
        tests.dedup();
        let mut automaton = Automaton { next: Vec::new(), is_star: Vec::new(), roots: Vec::new() };
        for wildcards in &tests {
            let root = automaton.place(false);
            automaton.roots.push(root);
            for wildcard in wildcards {
                let mut at = root;
                for &part in wildcard {
                    at = automaton.place_after(at, part);
                }
            }
        }
        automaton
    }

    fn place(&mut self, is_star: bool) -> Place {
        self.next.push(SmallVec::new());
        self.is_star.push(is_star);
        self.is_star.len() as Place - 1
    }

    fn place_after(&mut self, at: Place, part: Part) -> Place {
        if let Some((_, place)) = self.next[at as usize].iter().find(|(known, _)| *known == part) {
            return *place;
        }
        let place = self.place(part == Part::Star);
        self.next[at as usize].push((part, place));
        place
    }

    /// The places, and those that lie behind a star next to them.
    fn closed(&self, places: impl Iterator<Item = Place>) -> Set {
        let mut set = Set::new();
        for place in places {
            set.push(place);
            // A star never follows a star, so one step is enough.
            let star = self.next[place as usize].iter().find(|(part, _)| *part == Part::Star);
            set.extend(star.map(|&(_, behind)| behind));
        }
        set.sort_unstable();
        set.dedup();
        set
    }

    /// Places that count.
    fn weight(&self, set: &Set) -> u32 {
        set.iter().filter(|place| self.roots.binary_search(place).is_err()).count() as u32
    }

    /// The places after one more byte of the value; `None` is a byte that no part names.
    fn step(&self, set: &Set, byte: Option<u8>) -> Set {
        let moved = set.iter().flat_map(|&place| {
            let on = self.next[place as usize]
                .iter()
                .find(|(part, _)| matches!(part, Part::Byte(want) if Some(*want) == byte))
                .map(|&(_, next)| next);
            on.into_iter().chain(self.is_star[place as usize].then_some(place))
        });
        self.closed(moved)
    }

    /// The bytes that matter next, each once, and one that stands for all others.
    fn next_bytes(&self, set: &Set) -> SmallVec<[Option<u8>; 8]> {
        let mut bytes: SmallVec<[Option<u8>; 8]> = SmallVec::from_slice(&[None]);
        for (part, _) in set.iter().flat_map(|&place| &self.next[place as usize]) {
            if let Part::Byte(byte) = *part
                && !bytes.contains(&Some(byte))
            {
                bytes.push(Some(byte));
            }
        }
        bytes
    }
}

fn parts(wildcard: &Wildcard) -> Vec<Part> {
    let mut parts = Vec::new();
    for piece in &wildcard.0 {
        match piece {
            WildcardPiece::Star => parts.push(Part::Star),
            WildcardPiece::Literal(bytes) => parts.extend(bytes.iter().map(|&byte| Part::Byte(byte))),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wildcard(text: &str) -> Wildcard {
        let mut pieces = Vec::new();
        for (at, literal) in text.split('*').enumerate() {
            if at > 0 {
                pieces.push(WildcardPiece::Star);
            }
            if !literal.is_empty() {
                pieces.push(WildcardPiece::Literal(literal.as_bytes().to_vec()));
            }
        }
        Wildcard(pieces)
    }

    fn scored(texts: &[&str]) -> u32 {
        score(&texts.iter().map(|text| wildcard(text)).collect::<Vec<_>>(), 100)
    }

    #[test]
    fn known_scores() {
        assert_eq!(scored(&[]), 0);
        assert_eq!(scored(&[""]), 0);
        assert_eq!(scored(&["abc"]), 1);
        assert_eq!(scored(&["*"]), 1);
        assert_eq!(scored(&["a*"]), 2);
        assert_eq!(scored(&["*a*"]), 3);
        assert_eq!(scored(&["*a*b*c*d*"]), 6);
        assert_eq!(scored(&["*:*:*:*:*:event-bus/*"]), 11);
        assert_eq!(scored(&["/Users/*/dir/dir/dir/dir/dir/doc.txt"]), 7);
        assert_eq!(scored(&["*:stack/A/*", "*:stack/B/*", "*:stack/C/*"]), 9);
        assert_eq!(scored(&["*:stack/A/*", "*:stack/B/*", "*:stack/C/*", "*:stack/D/*"]), 12);
        assert_eq!(scored(&["*x*", "*x*"]), 3);
    }

    #[test]
    fn the_wildcards_of_one_test_share_their_beginnings() {
        let both = [wildcard("*a"), wildcard("*b")];
        assert_eq!(score_tests(&[&both], 100), 2);
        assert_eq!(score(&both, 100), 3);
    }

    #[test]
    fn the_search_ends_soon_whatever_is_searched() {
        let many_stars = "a*".repeat(4000);
        assert!(score(&[wildcard(&many_stars)], 10) > 10);
        let long = format!("*{}*", "ab".repeat(5000));
        assert!(score(&[wildcard(&long)], 10) > 10);
        let longer: Vec<Wildcard> = (0..5)
            .map(|at| wildcard(&format!("*{0}x*{0}y*", char::from(b'a' + at).to_string().repeat(3) + "bcdefgh")))
            .collect();
        score(&longer, 1000);
        let crowd: Vec<Wildcard> = (0..5000).map(|at| wildcard(&format!("prefix-{at}*"))).collect();
        assert!(score(&crowd, 10) > 10);
        let distinct: String = (0..10_000u32).filter_map(|at| char::from_u32(0x4e00 + at)).collect();
        assert!(score(&[wildcard(&format!("*{distinct}*"))], 10) <= 10);
    }
}
