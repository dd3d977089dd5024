//! Pairs of a pattern and a record that interest a filter engine.
//!
//! Chance alone almost never makes a record that matches, so a record is derived from its pattern (`record`): it holds
//! values that pass, or nearly pass, under keys of the pattern, and is then bent: arrays, arrays of arrays, repeated and
//! dotted keys, numbers in odd spellings. One in a few pairs is spoilt on purpose, on either side. Keys and texts come from
//! small vocabularies (`words`), of which each pair uses a handful, so that collisions are frequent. One pair in four has hardly
//! any values, but many absences and `$or`s: it is about where things are.
//!
//! [`random_pair`] is the cheap road for campaigns of millions: a seed in, two texts out, the same on every machine.
//! [`Pair`] is the same with its structure, and [`pairs`] a proptest strategy over it that shrinks by structure.
//!
//! ```
//! use eventsieve_oracle::generate::{Pair, random_pair};
//!
//! assert_eq!(random_pair(7), random_pair(7));
//! assert_eq!(random_pair(7).0, Pair::random(7).pattern());
//! ```

mod damage;
mod pattern;
mod record;
mod rng;
mod shrink;
mod words;
mod write;

use std::fmt;

use self::damage::Damage;
use self::words::Vocabulary;
use crate::reference::json::Json;

pub use self::rng::Rng;
pub use self::shrink::{PairTree, Pairs, pairs};

/// A pattern's text and a record's bytes, both perhaps invalid, made from a seed.
pub fn random_pair(seed: u64) -> (String, Vec<u8>) {
    let pair = Pair::random(seed);
    (pair.pattern(), pair.record())
}

/// A pattern and a record, as structure plus what was done to their texts.
#[derive(Clone, PartialEq)]
pub struct Pair {
    seed: u64,
    pattern: Json,
    record: Json,
    /// Seeds of spelling: white space and escapes. `None` is plain.
    pattern_spelling: Option<u64>,
    record_spelling: Option<u64>,
    pattern_damage: Vec<Damage>,
    record_damage: Vec<Damage>,
}

impl Pair {
    /// The pair of a seed.
    pub fn random(seed: u64) -> Self {
        Self::made(seed, Rng::new(seed))
    }

    /// The pair of the seed that the first eight bytes spell, each further byte changing one choice: see [`Rng::steered`].
    ///
    /// ```
    /// use eventsieve_oracle::generate::Pair;
    ///
    /// assert_eq!(Pair::steered(&7_u64.to_le_bytes()).pattern(), Pair::random(7).pattern());
    /// ```
    pub fn steered(bytes: &[u8]) -> Self {
        let seed = Rng::steered(&bytes[..bytes.len().min(8)]).seed();
        Self::made(seed, Rng::steered(bytes))
    }

    fn made(seed: u64, mut rng: Rng) -> Self {
        let vocabulary = Vocabulary::random(&mut rng);
        let pattern = pattern::random(&mut rng, &vocabulary);
        let mut record = record::random(&mut rng, &vocabulary, &pattern);
        if rng.one_in(50) {
            damage::burden(&mut rng, &vocabulary, &mut record);
        }
        Self {
            seed,
            pattern,
            record,
            pattern_spelling: rng.percent(40).then(|| rng.next()),
            record_spelling: rng.percent(40).then(|| rng.next()),
            pattern_damage: if rng.percent(2) { Damage::random(&mut rng) } else { Vec::new() },
            record_damage: if rng.percent(6) { Damage::random(&mut rng) } else { Vec::new() },
        }
    }

    /// The seed it was made from, also after shrinking.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The text of the pattern.
    pub fn pattern(&self) -> String {
        let bytes = damage::apply(&self.pattern_damage, write::write(&self.pattern, self.pattern_spelling));
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// The bytes of the record.
    pub fn record(&self) -> Vec<u8> {
        damage::apply(&self.record_damage, write::write(&self.record, self.record_spelling))
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("seed", &self.seed)
            .field("pattern", &self.pattern())
            .field("record", &self.record().escape_ascii().to_string())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::reference::{Answer, judge};

    /// A generator is only worth its run time while it reaches every answer often.
    #[test]
    fn every_answer_is_frequent() {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for seed in 0..4_000 {
            let (pattern, record) = random_pair(seed);
            *counts.entry(judge(&pattern, &record).answer.to_string()).or_default() += 1;
        }
        let share = |answer: Answer| counts.get(&answer.to_string()).copied().unwrap_or(0) * 100 / 4_000;
        assert!(share(Answer::Match) >= 25, "{counts:?}");
        assert!(share(Answer::NoMatch) >= 25, "{counts:?}");
        assert!((4..30).contains(&share(Answer::InvalidPattern)), "{counts:?}");
        assert!((2..15).contains(&share(Answer::InvalidEvent)), "{counts:?}");
        assert!(share(Answer::TooExpensive) < 1, "{counts:?}");
    }

    /// Each of these words, and each way to bend a record, must turn up among matches, or a test of ours tests less than it says.
    #[test]
    fn matches_meet_every_operator() {
        let wanted = [
            "prefix",
            "suffix",
            "equals-ignore-case",
            "wildcard",
            "anything-but",
            "numeric",
            "cidr",
            "exists",
            "exactly",
            "$or",
        ];
        let mut met: BTreeMap<&str, u32> = BTreeMap::new();
        for seed in 0..4_000 {
            let (pattern, record) = random_pair(seed);
            if judge(&pattern, &record).answer == Answer::Match {
                for word in wanted.iter().filter(|word| pattern.contains(*word)) {
                    *met.entry(word).or_default() += 1;
                }
            }
        }
        assert!(wanted.iter().all(|word| met.get(word).is_some_and(|count| *count >= 40)), "{met:?}");
    }

    /// Where an absence is judged depends on what stands beside it, and in `$or`s that is decided by the compiler.
    #[test]
    fn absences_meet_ors_and_arrays() {
        let mut counts = [0_u32; 2];
        for seed in 0..4_000 {
            let (pattern, record) = random_pair(seed);
            if pattern.contains("$or") && pattern.contains("exists") && record.contains(&b'[') {
                match judge(&pattern, &record).answer {
                    Answer::Match => counts[0] += 1,
                    Answer::NoMatch => counts[1] += 1,
                    _ => {}
                }
            }
        }
        assert!(counts.iter().all(|count| *count >= 60), "{counts:?}");
    }
}
