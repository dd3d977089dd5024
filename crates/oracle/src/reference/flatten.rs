//! Event to leaves.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::{join, steps};
use super::json::{Json, Text};
use super::test::Scalar;

/// A scalar of an event, where it sits, and in which elements of which arrays.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) path: Text,
    pub(super) value: Scalar,
    pub(super) arrays: Membership,
    /// How many keys lead to each of those arrays.
    depths: Vec<usize>,
}

/// Elements of arrays: which array, which element. Each array once.
pub(super) type Membership = Vec<(usize, usize)>;

/// The leaves of an event, in order. Keys that no path uses are passed over.
pub(super) fn flatten(root: &[(Text, Json)], used: &BTreeSet<Text>) -> Vec<Leaf> {
    let mut flattener =
        Flattener { used, keys: Vec::new(), arrays: Vec::new(), depths: Vec::new(), array_len: 0, leaves: Vec::new() };
    flattener.object(root);
    flattener.leaves
}

struct Flattener<'u> {
    used: &'u BTreeSet<Text>,
    keys: Vec<Text>,
    arrays: Membership,
    depths: Vec<usize>,
    array_len: usize,
    leaves: Vec<Leaf>,
}

impl Flattener<'_> {
    fn object(&mut self, members: &[(Text, Json)]) {
        for (key, value) in members {
            let dotted = key.contains(&u16::from(b'.'));
            if self.used.contains(key) || (dotted && steps(key).iter().all(|step| self.used.contains(step))) {
                self.keys.push(key.clone());
                self.value(value);
                self.keys.pop();
            }
        }
    }

    fn value(&mut self, value: &Json) {
        let scalar = match value {
            Json::Object(members) => return self.object(members),
            Json::Array(elements) => return self.array(elements),
            Json::Text(text) => Scalar::Text(text.clone()),
            Json::Number(token) => Scalar::Token(token.clone()),
            Json::Word(word) => Scalar::Token((*word).to_owned()),
        };
        self.leaves.push(Leaf {
            path: join(&self.keys),
            value: scalar,
            arrays: self.arrays.clone(),
            depths: self.depths.clone(),
        });
    }

    /// Only elements that are objects or arrays make a difference to what they hold.
    fn array(&mut self, elements: &[Json]) {
        let array = self.array_len;
        self.array_len += 1;
        for (index, element) in elements.iter().enumerate() {
            if matches!(element, Json::Object(_) | Json::Array(_)) {
                self.arrays.push((array, index));
                self.depths.push(steps(&join(&self.keys)).len());
                self.value(element);
                self.depths.pop();
                self.arrays.pop();
            } else {
                self.value(element);
            }
        }
    }
}

/// Whether the leaves of one path that matters sit in arrays at different places.
pub(super) fn uneven(leaves: &[Leaf], matters: impl Fn(&Text) -> bool) -> bool {
    let mut places: BTreeMap<&Text, &[usize]> = BTreeMap::new();
    leaves
        .iter()
        .any(|leaf| matters(&leaf.path) && *places.entry(&leaf.path).or_insert(&leaf.depths) != leaf.depths.as_slice())
}
