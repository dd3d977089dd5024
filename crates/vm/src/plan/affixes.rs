//! Many texts, and which of them a value begins with, ends with or is.
//!
//! The texts are sorted. Those that a value begins with are then the ancestors of the last one that does not come after
//! it, where the parent of a text is the longest other text that it begins with: whatever is sorted between a beginning
//! of the value and the value itself has that beginning, too. One binary search finds them all, and it compares eight
//! bytes at a time as a number, after what all the texts have in common. Endings are the same, read backwards.

use std::cmp::Ordering;

use super::Target;

/// Which end of a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Front,
    Back,
}

/// No parent.
const ROOT: u32 = u32::MAX;

#[derive(Debug)]
struct Entry {
    /// Where its text lies, and how long it is, without what all have in common.
    text: (u32, u32),
    parent: u32,
    /// First of its targets; the next entry's are behind.
    targets: u32,
}

/// Sorted texts with targets.
#[derive(Debug)]
pub(super) struct Affixes {
    end: End,
    /// What every text begins (or ends) with.
    common: Vec<u8>,
    /// The first eight bytes of each text, as a number that sorts as they do.
    heads: Vec<u64>,
    entries: Vec<Entry>,
    texts: Vec<u8>,
    targets: Vec<Target>,
}

impl Affixes {
    /// Takes the texts with their targets, in any order; one text may come more than once.
    pub(super) fn new(end: End, mut list: Vec<(&[u8], Target)>) -> Affixes {
        list.sort_by(|(left, _), (right, _)| end.order(left, right));
        let common_len = match (list.first(), list.last()) {
            (Some((first, _)), Some((last, _))) => end.common_len(first, last),
            _ => 0,
        };
        let mut affixes = Affixes {
            end,
            common: list.first().map_or_else(Vec::new, |(first, _)| end.split(first, common_len).0.to_vec()),
            heads: Vec::new(),
            entries: Vec::new(),
            texts: Vec::new(),
            targets: Vec::new(),
        };
        // The entries that the one at hand may begin with, each an ancestor of the next.
        let mut ancestors: Vec<u32> = Vec::new();
        let mut before: Option<&[u8]> = None;
        for (text, target) in list {
            if before != Some(text) {
                before = Some(text);
                let rest = end.split(text, common_len).1;
                while let Some(&last) = ancestors.last()
                    && !end.has(rest, affixes.text(last))
                {
                    ancestors.pop();
                }
                let number = affixes.entries.len() as u32;
                affixes.entries.push(Entry {
                    text: (affixes.texts.len() as u32, rest.len() as u32),
                    parent: ancestors.last().copied().unwrap_or(ROOT),
                    targets: affixes.targets.len() as u32,
                });
                affixes.heads.push(end.head(rest));
                affixes.texts.extend_from_slice(rest);
                ancestors.push(number);
            }
            affixes.targets.push(target);
        }
        affixes
    }

    /// Memory held.
    pub(super) fn bytes(&self) -> usize {
        self.common.len()
            + self.heads.len() * (size_of::<u64>() + size_of::<Entry>())
            + self.texts.len()
            + self.targets.len() * size_of::<Target>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The targets of every text that the value begins (or ends) with.
    #[inline]
    pub(super) fn find(&self, value: &[u8], mut found: impl FnMut(Target)) {
        let Some((mut at, rest)) = self.last_not_after(value) else { return };
        while at != ROOT && !self.end.has(rest, self.text(at)) {
            at = self.entries[at as usize].parent;
        }
        while at != ROOT {
            self.targets_of(at).iter().copied().for_each(&mut found);
            at = self.entries[at as usize].parent;
        }
    }

    /// The targets of the text that the value is.
    #[inline]
    pub(super) fn find_equal(&self, value: &[u8], found: impl FnMut(Target)) {
        if let Some((at, rest)) = self.last_not_after(value)
            && self.text(at) == rest
        {
            self.targets_of(at).iter().copied().for_each(found);
        }
    }

    /// The last text in order that is not after the value, and the value without what is common to all.
    #[inline]
    fn last_not_after<'v>(&self, value: &'v [u8]) -> Option<(u32, &'v [u8])> {
        if self.is_empty() || !self.end.has(value, &self.common) {
            return None;
        }
        let rest = self.end.split(value, self.common.len()).1;
        let head = self.end.head(rest);
        let first = self.heads.partition_point(|&other| other < head);
        let mut behind = first;
        if self.heads.get(first) == Some(&head) {
            let ties = self.heads[first..].partition_point(|&other| other == head);
            let ties = &self.entries[first..first + ties];
            behind += ties.partition_point(|entry| self.end.order(self.text_of(entry), rest) != Ordering::Greater);
        }
        behind.checked_sub(1).map(|at| (at as u32, rest))
    }

    #[inline]
    fn text_of(&self, entry: &Entry) -> &[u8] {
        &self.texts[entry.text.0 as usize..][..entry.text.1 as usize]
    }

    #[inline]
    fn text(&self, at: u32) -> &[u8] {
        self.text_of(&self.entries[at as usize])
    }

    #[inline]
    fn targets_of(&self, at: u32) -> &[Target] {
        let behind = self.entries.get(at as usize + 1).map_or(self.targets.len(), |next| next.targets as usize);
        &self.targets[self.entries[at as usize].targets as usize..behind]
    }
}

impl End {
    /// The order of texts as read from this end.
    #[inline]
    fn order(self, left: &[u8], right: &[u8]) -> Ordering {
        match self {
            End::Front => left.cmp(right),
            End::Back => left.iter().rev().cmp(right.iter().rev()),
        }
    }

    /// Whether a value has a text at this end.
    #[inline]
    fn has(self, value: &[u8], text: &[u8]) -> bool {
        match self {
            End::Front => value.starts_with(text),
            End::Back => value.ends_with(text),
        }
    }

    /// The first eight bytes as a number; fewer are filled up with zeros, which sort before everything.
    #[inline]
    fn head(self, text: &[u8]) -> u64 {
        let mut bytes = [0; 8];
        match self {
            End::Front => match text.first_chunk() {
                Some(first) => u64::from_be_bytes(*first),
                None => {
                    bytes[..text.len()].copy_from_slice(text);
                    u64::from_be_bytes(bytes)
                }
            },
            End::Back => match text.last_chunk() {
                Some(last) => u64::from_le_bytes(*last),
                None => {
                    bytes[8 - text.len()..].copy_from_slice(text);
                    u64::from_le_bytes(bytes)
                }
            },
        }
    }

    /// A text cut `len` bytes from this end: those, and the rest.
    #[inline]
    fn split(self, text: &[u8], len: usize) -> (&[u8], &[u8]) {
        match self {
            End::Front => text.split_at(len),
            End::Back => {
                let (rest, part) = text.split_at(text.len() - len);
                (part, rest)
            }
        }
    }

    fn common_len(self, left: &[u8], right: &[u8]) -> usize {
        match self {
            End::Front => left.iter().zip(right).take_while(|(left, right)| left == right).count(),
            End::Back => left.iter().rev().zip(right.iter().rev()).take_while(|(left, right)| left == right).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All texts over a small alphabet, zero bytes included, up to four bytes and around eight.
    fn texts() -> Vec<Vec<u8>> {
        let mut texts = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..4 {
            let behind = texts.len();
            for at in from..behind {
                for byte in [0, b'a', 0xff] {
                    texts.push([texts[at].as_slice(), &[byte]].concat());
                }
            }
            from = behind;
        }
        let long: Vec<Vec<u8>> = texts.iter().step_by(3).map(|text| [b"aaaaaa", text.as_slice()].concat()).collect();
        texts.extend(long);
        texts
    }

    #[test]
    fn every_beginning_and_every_ending_is_found() {
        let texts = texts();
        for end in [End::Front, End::Back] {
            for step in 1..12 {
                for start in 0..step {
                    let chosen: Vec<&Vec<u8>> = texts.iter().skip(start).step_by(step * 3).collect();
                    let list = chosen.iter().zip(0..).map(|(text, at)| (text.as_slice(), Target::slot(at))).collect();
                    let affixes = Affixes::new(end, list);
                    for value in &texts {
                        let mut found = Vec::new();
                        affixes.find(value, |target| found.push(target));
                        found.sort_unstable();
                        let expected = |holds: &dyn Fn(&[u8]) -> bool| -> Vec<Target> {
                            let chosen = chosen.iter().zip(0..).filter(|(text, _)| holds(text));
                            chosen.map(|(_, at)| Target::slot(at)).collect()
                        };
                        assert_eq!(found, expected(&|text| end.has(value, text)), "{end:?} {value:?} in {chosen:?}");
                        let mut found = Vec::new();
                        affixes.find_equal(value, |target| found.push(target));
                        assert_eq!(found, expected(&|text| text == value), "{value:?} in {chosen:?}");
                    }
                }
            }
        }
    }
}
