//! Pairs as a proptest strategy that shrinks by structure.

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::Pair;
use crate::reference::json::Json;

/// Pairs of a pattern and a record, each from a random seed; a failing one is made smaller by leaving out damage, odd
/// spelling, members and elements, one at a time, as long as it still fails.
pub fn pairs() -> Pairs {
    Pairs { _private: () }
}

/// The strategy of [`pairs`].
#[derive(Debug, Clone, Copy)]
pub struct Pairs {
    _private: (),
}

impl Strategy for Pairs {
    type Tree = PairTree;
    type Value = Pair;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = proptest::arbitrary::any::<u64>().new_tree(runner)?.current();
        Ok(PairTree::new(Pair::random(seed)))
    }
}

/// A pair on its way to a smaller one.
#[derive(Debug, Clone)]
pub struct PairTree {
    /// The smallest pair known to fail.
    best: Pair,
    shown: Pair,
    smaller: std::vec::IntoIter<Pair>,
}

impl PairTree {
    fn new(pair: Pair) -> Self {
        Self { best: pair.clone(), shown: pair, smaller: Vec::new().into_iter() }
    }

    fn show_next(&mut self) -> bool {
        match self.smaller.next() {
            Some(next) => {
                self.shown = next;
                true
            }
            None => {
                self.shown = self.best.clone();
                false
            }
        }
    }
}

impl ValueTree for PairTree {
    type Value = Pair;

    fn current(&self) -> Pair {
        self.shown.clone()
    }

    /// The pair shown failed: go on from it.
    fn simplify(&mut self) -> bool {
        self.best = self.shown.clone();
        self.smaller = self.best.smaller().into_iter();
        self.show_next()
    }

    /// The pair shown passed: try the next.
    fn complicate(&mut self) -> bool {
        self.show_next()
    }
}

impl Pair {
    /// Every pair that is this one with one thing left out, the largest things first.
    pub fn smaller(&self) -> Vec<Pair> {
        let mut smaller = Vec::new();
        let mut add = |change: &dyn Fn(&mut Pair)| {
            let mut pair = self.clone();
            change(&mut pair);
            if pair != *self {
                smaller.push(pair);
            }
        };
        add(&|pair| pair.pattern_damage.clear());
        add(&|pair| pair.record_damage.clear());
        add(&|pair| pair.pattern_spelling = None);
        add(&|pair| pair.record_spelling = None);
        for json in without_one(&self.record) {
            add(&|pair| pair.record = json.clone());
        }
        for json in without_one(&self.pattern) {
            add(&|pair| pair.pattern = json.clone());
        }
        smaller
    }
}

/// The value with one member or element left out, or an array or object replaced by one thing in it.
fn without_one(json: &Json) -> Vec<Json> {
    let mut smaller = Vec::new();
    match json {
        Json::Object(members) => {
            for index in 0..members.len() {
                let mut fewer = members.clone();
                fewer.remove(index);
                smaller.push(Json::Object(fewer));
            }
            for (index, (_, value)) in members.iter().enumerate() {
                for value in without_one(value) {
                    let mut changed = members.clone();
                    changed[index].1 = value;
                    smaller.push(Json::Object(changed));
                }
            }
        }
        Json::Array(elements) => {
            if let [only] = elements.as_slice() {
                smaller.push(only.clone());
            }
            for index in 0..elements.len() {
                let mut fewer = elements.clone();
                fewer.remove(index);
                smaller.push(Json::Array(fewer));
            }
            for (index, element) in elements.iter().enumerate() {
                for element in without_one(element) {
                    let mut changed = elements.clone();
                    changed[index] = element;
                    smaller.push(Json::Array(changed));
                }
            }
        }
        Json::Text(text) if text.len() > 1 => {
            for index in 0..text.len().min(12) {
                let mut fewer = text.clone();
                fewer.remove(index);
                smaller.push(Json::Text(fewer));
            }
        }
        _ => {}
    }
    smaller
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{Config, TestError};

    use super::*;

    /// A property that fails on every pattern with an `$or` must end at the smallest one there is.
    #[test]
    fn shrinking_reaches_a_small_pair() {
        let config = Config { cases: 500, max_shrink_iters: 20_000, failure_persistence: None, ..Config::default() };
        let outcome = TestRunner::new(config).run(&pairs(), |pair| {
            proptest::prop_assert!(!pair.pattern().contains("$or"));
            Ok(())
        });
        let Err(TestError::Fail(_, pair)) = outcome else { panic!("{outcome:?}") };
        assert!(pair.pattern().len() < 40, "{pair:?}");
        // `{}`, or one of the few records that are no object from the start: `"x"`, `null`.
        assert!(pair.record().len() <= 4, "{pair:?}");
    }
}
