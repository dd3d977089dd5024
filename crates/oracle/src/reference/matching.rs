//! Branches against leaves: every combination is tried until one holds.

use std::collections::HashMap;

use super::compile::{Branch, Compiled};
use super::flatten::{Leaf, Membership};
use super::json::Text;
use super::{Budget, Spent};

/// The search for a combination of leaves that satisfies a branch.
pub(super) struct Search<'a> {
    compiled: &'a Compiled,
    leaves: HashMap<&'a Text, Vec<&'a Leaf>>,
    /// Answers already found: list of tests, leaf of the path it belongs to.
    known: HashMap<(usize, usize), bool>,
    mixed_membership: bool,
    budget: &'a mut Budget,
}

impl<'a> Search<'a> {
    pub(super) fn new(compiled: &'a Compiled, leaves: &'a [Leaf], budget: &'a mut Budget) -> Self {
        let mut by_path: HashMap<&Text, Vec<&Leaf>> = HashMap::new();
        for leaf in leaves {
            by_path.entry(&leaf.path).or_default().push(leaf);
        }
        Self { compiled, leaves: by_path, known: HashMap::new(), mixed_membership: false, budget }
    }

    /// Whether a path was met both in and outside an array that was already chosen from.
    pub(super) fn met_mixed_membership(&self) -> bool {
        self.mixed_membership
    }

    pub(super) fn any_branch(&mut self) -> Result<bool, Spent> {
        for branch in &self.compiled.branches {
            let paths: Vec<(&Text, usize)> = Branch::iter(branch).map(|(path, list)| (path, *list)).collect();
            if self.rest_holds(&paths, &Membership::new())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the rest of a branch's paths, in order, can be satisfied within the elements chosen so far.
    fn rest_holds(&mut self, paths: &[(&Text, usize)], chosen: &Membership) -> Result<bool, Spent> {
        let Some(((path, list), rest)) = paths.split_first() else {
            return Ok(true);
        };
        let leaves = self.leaves.get(path).cloned().unwrap_or_default();
        self.budget.spend(1 + leaves.len())?;

        // Absence is judged within what the paths before this one have chosen.
        let absent_will_do = self.compiled.lists[*list].contains(&super::test::Test::Absent);
        let reachable = leaves.iter().filter(|leaf| together(chosen, &leaf.arrays).is_some()).count();
        if absent_will_do && reachable == 0 && self.rest_holds(rest, chosen)? {
            return Ok(true);
        }

        // Once some leaf of this path sits in a chosen array, only leaves of the chosen element count.
        let binding = chosen.iter().find(|(array, _)| leaves.iter().any(|leaf| sits_in(leaf, *array)));
        let candidates: Vec<(usize, &Leaf)> = leaves
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, leaf)| binding.is_none_or(|element| leaf.arrays.contains(element)))
            .collect();
        if binding.is_some() && candidates.len() != reachable {
            self.mixed_membership = true;
        }
        for (index, leaf) in candidates {
            let Some(chosen) = together(chosen, &leaf.arrays) else { continue };
            if self.list_holds(*list, index, leaf)? && self.rest_holds(rest, &chosen)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a leaf passes one of the tests of a list.
    fn list_holds(&mut self, list: usize, index: usize, leaf: &Leaf) -> Result<bool, Spent> {
        if let Some(known) = self.known.get(&(list, index)) {
            return Ok(*known);
        }
        let mut holds = false;
        for test in &self.compiled.lists[list] {
            if test.holds(&leaf.value, self.budget)? {
                holds = true;
                break;
            }
        }
        self.known.insert((list, index), holds);
        Ok(holds)
    }
}

fn sits_in(leaf: &Leaf, array: usize) -> bool {
    leaf.arrays.iter().any(|(other, _)| *other == array)
}

/// Both choices at once, unless they take different elements of one array.
fn together(chosen: &Membership, more: &Membership) -> Option<Membership> {
    let mut both = chosen.clone();
    for (array, element) in more {
        match both.iter().find(|(other, _)| other == array) {
            Some((_, other)) if other != element => return None,
            Some(_) => {}
            None => both.push((*array, *element)),
        }
    }
    Some(both)
}
