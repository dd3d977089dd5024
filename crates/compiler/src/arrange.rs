//! Arranges the conditions of a filter by path prefix: which of them one array element must serve.
//!
//! What lies below one common prefix must hold inside one element of every array there, and becomes a [`Group`] of its
//! own. Two things make this more than sorting by prefix.
//!
//! **`$or` beside something with the same key.** One element must serve both, so the `$or` is multiplied out with what
//! it shares the key with, and only then. All other `$or`s stay as they are: `n` of them cost `n`, not `2^n`.
//!
//! **Where an absence is judged** (oddity D7 of the README): inside the element that the values chosen *before* it lie
//! in, that is, at the longest prefix it shares with a path that has a value and sorts before it. So inside a prefix
//! each absence either stays, because some value inside sorts before it, or it is judged further out. Where that depends
//! on the alternative taken, [`Arranging::split`] tells the cases apart by the *first* path that has a value: `n`
//! fields that may be absent make `n + 1` cases, not `2^n`. This is done prefix by prefix, so that cases of one
//! object are not multiplied with those of the next; each becomes one alternative where the prefix is put
//! together with what is beside it.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use eventsieve_program::text::cmp_utf16;

use crate::lower::{Alternative, Budget, Field, Group, Input, Item, List, LowerError, Path, for_each_field, lift};

/// Arranges a list in which no branch writes a path twice into alternatives of which one must hold.
pub(crate) fn arrange(list: List, budget: &mut Budget) -> Result<Vec<Group>, LowerError> {
    let group = Arranging { budget }.group(list, 0)?;
    let mut groups = Vec::new();
    alternatives_of(group, &mut groups);
    Ok(groups)
}

/// A group of the record that is nothing but alternatives is these.
fn alternatives_of(group: Group, out: &mut Vec<Group>) {
    match <[Input; 1]>::try_from(group.inputs) {
        Ok([Input::Or(alternatives)]) if group.depth == 0 => {
            for alternative in alternatives {
                match alternative {
                    Alternative::Absent(path) => out.push(Group { depth: 0, inputs: vec![Input::Absent(path)] }),
                    Alternative::Group(group) => alternatives_of(group, out),
                }
            }
        }
        Ok([input]) => out.push(Group { depth: group.depth, inputs: vec![input] }),
        Err(inputs) => out.push(Group { depth: group.depth, inputs }),
    }
}

/// One case of what lies below a prefix.
struct Case {
    /// What must hold inside it.
    inside: List,
    /// What is judged further out along with it: absences, and `$or`s of nothing else.
    outside: List,
}

/// Where a condition is judged, seen from inside a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Inside,
    Outside,
    /// That depends on the alternative taken.
    Either,
}

impl Place {
    fn of_absence(path: &Path, first: Option<&Path>) -> Place {
        if first.is_some_and(|first| first.sorts_before(path)) { Place::Inside } else { Place::Outside }
    }

    /// `first` is the first path below the prefix that has a value.
    fn of(item: &Item, first: Option<&Path>) -> Place {
        match item {
            Item::Field(field) if !field.absent => Place::Inside,
            Item::Field(field) => match Place::of_absence(&field.path, first) {
                Place::Outside if field.tests.is_some() => Place::Either,
                place => place,
            },
            Item::Or(alternatives) => Place::all(alternatives.iter().map(|list| Place::of_list(list, first))),
        }
    }

    fn of_list(list: &[Item], first: Option<&Path>) -> Place {
        Place::all(list.iter().map(|item| Place::of(item, first)))
    }

    fn all(places: impl Iterator<Item = Place>) -> Place {
        let same = |before, place| if before == place { before } else { Place::Either };
        places.reduce(same).unwrap_or(Place::Inside)
    }
}

struct Arranging<'b> {
    budget: &'b mut Budget,
}

impl Arranging<'_> {
    /// Arranges a list whose paths all lie below a prefix of `depth` segments and whose absences are all judged there
    /// or deeper.
    fn group(&mut self, list: List, depth: usize) -> Result<Group, LowerError> {
        self.budget.look_at(&list)?;
        let mut inputs = Vec::new();
        for component in components(list, |item| keys(std::slice::from_ref(item), depth)) {
            self.component(component, depth, &mut inputs)?;
        }
        Ok(Group { depth, inputs })
    }

    /// Items of which each shares the key after the prefix with another.
    fn component(&mut self, mut list: List, depth: usize, inputs: &mut Vec<Input>) -> Result<(), LowerError> {
        let below = |field: &Field| field.path.depth() > depth + 1;
        let is_absence = |item: &Item| matches!(item, Item::Field(field) if !below(field) && field.tests.is_none());
        for item in list.extract_if(.., |item| is_absence(item)) {
            if let Item::Field(field) = item {
                inputs.push(Input::Absent(field.path));
            }
        }
        // Of items at the key itself and of alternatives that reach it, or other keys.
        let is_wide = |item: &Item| match item {
            Item::Field(field) => !below(field) && field.absent,
            Item::Or(_) => {
                let mut all_below = true;
                for_each_field(std::slice::from_ref(item), &mut |field| all_below &= below(field));
                !all_below || keys(std::slice::from_ref(item), depth).len() != 1
            }
        };
        match list.iter().position(is_wide) {
            None => self.below_key(list, depth, inputs),
            Some(_) if list.len() == 1 => {
                let lists = list.into_iter().flat_map(alternatives).collect();
                inputs.push(self.either(lists, depth)?);
                Ok(())
            }
            // Several items share a key and one of them is wide: one element must serve them together.
            Some(at) => {
                let lists = self.multiply(list, at)?;
                inputs.push(self.either(lists, depth)?);
                Ok(())
            }
        }
    }

    fn either(&mut self, lists: Vec<List>, depth: usize) -> Result<Input, LowerError> {
        let mut alternatives = Vec::with_capacity(lists.len());
        for list in lists {
            let mut group = self.group(list, depth)?;
            alternatives.push(match group.inputs.as_mut_slice() {
                [Input::Absent(path)] => Alternative::Absent(Rc::clone(path)),
                [Input::Or(inner)] => {
                    let mut inner = std::mem::take(inner);
                    alternatives.append(&mut inner);
                    continue;
                }
                _ => Alternative::Group(group),
            });
        }
        Ok(Input::Or(alternatives))
    }

    /// A value at one key, what lies below it, or both.
    fn below_key(&mut self, list: List, depth: usize, inputs: &mut Vec<Input>) -> Result<(), LowerError> {
        let (mut slots, mut under) = (Vec::new(), List::new());
        for item in list {
            match item {
                Item::Field(Field { path, tests: Some(tests), .. }) if path.depth() == depth + 1 => {
                    slots.push(Input::Slot { path, tests, guarded: false });
                }
                item => under.push(item),
            }
        }
        if under.is_empty() {
            inputs.append(&mut slots);
            return Ok(());
        }
        if !slots.is_empty() {
            // The value at the key comes before everything below it, so every absence stays inside.
            let mut part = self.group(under, depth + 1)?;
            if part.inputs.iter().all(|input| matches!(input, Input::Absent(_))) {
                // Nothing but absences, judged inside the element that the value lies in.
                part.inputs.append(&mut slots);
            } else {
                slots.iter_mut().for_each(|slot| {
                    if let Input::Slot { guarded, .. } = slot {
                        *guarded = true;
                    }
                });
                inputs.append(&mut slots);
            }
            inputs.push(Input::Part(part));
            return Ok(());
        }
        // The levels down to where paths part or end need no groups of their own: no absence can be judged between.
        // So the recursion is as deep as there are fields, not as there are segments.
        let part_depth = common_depth(&under).max(depth + 1);
        let mut cases = Vec::new();
        for case in self.split(under)? {
            let part = self.group(case.inside, part_depth)?;
            let mut case_inputs = Vec::new();
            if !part.inputs.is_empty() {
                case_inputs.push(Input::Part(part));
            }
            for item in case.outside {
                case_inputs.push(self.absences(item, depth)?);
            }
            cases.push(case_inputs);
        }
        if cases.len() == 1 {
            inputs.extend(cases.into_iter().flatten());
        } else {
            let cases = cases.into_iter().map(|inputs| match <[Input; 1]>::try_from(inputs) {
                Ok([Input::Absent(path)]) => Alternative::Absent(path),
                Ok([input]) => Alternative::Group(Group { depth, inputs: vec![input] }),
                Err(inputs) => Alternative::Group(Group { depth, inputs }),
            });
            inputs.push(Input::Or(cases.collect()));
        }
        Ok(())
    }

    /// Absences, or a `$or` of nothing else, judged at `depth`.
    fn absences(&mut self, item: Item, depth: usize) -> Result<Input, LowerError> {
        match item {
            Item::Field(field) => Ok(Input::Absent(field.path)),
            Item::Or(lists) => {
                let mut alternatives = Vec::with_capacity(lists.len());
                for list in lists {
                    let mut inputs = Vec::with_capacity(list.len());
                    for item in list {
                        inputs.push(self.absences(item, depth)?);
                    }
                    alternatives.push(match inputs.as_slice() {
                        [Input::Absent(path)] => Alternative::Absent(Rc::clone(path)),
                        _ => Alternative::Group(Group { depth, inputs }),
                    });
                }
                Ok(Input::Or(alternatives))
            }
        }
    }

    /// Multiplies item `at` of `list` out: one list for each of its alternatives.
    fn multiply(&mut self, mut list: List, at: usize) -> Result<Vec<List>, LowerError> {
        let item = list.remove(at);
        let choices = alternatives(item);
        self.budget.take(choices.len(), &list)?;
        let mut lists = Vec::with_capacity(choices.len());
        for mut choice in choices {
            self.budget.look_at(&list)?;
            choice.extend_from_slice(&list);
            lift(&mut choice);
            lists.push(choice);
        }
        Ok(lists)
    }

    /// Tells the cases apart in which the absences of a list below one prefix are judged inside it or further out.
    fn split(&mut self, list: List) -> Result<Vec<Case>, LowerError> {
        let mut cases = Vec::new();
        self.split_into(list, &mut cases)?;
        Ok(cases)
    }

    fn split_into(&mut self, list: List, cases: &mut Vec<Case>) -> Result<(), LowerError> {
        self.budget.look_at(&list)?;
        let certain = first_certain(&list);
        // The absences that are not certain to stay, and whether any are.
        let mut last_open: Option<Rc<Path>> = None;
        for_each_field(&list, &mut |field| {
            if field.absent
                && Place::of_absence(&field.path, certain.as_deref()) == Place::Outside
                && last_open.as_ref().is_none_or(|last| last.sorts_before(&field.path))
            {
                last_open = Some(Rc::clone(&field.path));
            }
        });
        let Some(last_open) = last_open else {
            cases.push(Case { inside: list, outside: List::new() });
            return Ok(());
        };
        // Alternatives with nothing beside them are looked at one by one.
        if let [Item::Or(_)] = list.as_slice() {
            return list.into_iter().flat_map(alternatives).try_for_each(|list| self.split_into(list, cases));
        }
        let mut firsts: Vec<Rc<Path>> = Vec::new();
        for_each_field(&list, &mut |field| {
            if field.tests.is_some() && field.path.sorts_before(&last_open) {
                firsts.push(Rc::clone(&field.path));
            }
        });
        firsts.sort_by(|a, b| cmp_utf16(&a.text, &b.text));
        firsts.dedup();
        if let Some(certain) = &certain {
            firsts.retain(|path| path.sorts_before(certain));
        }
        self.budget.take(firsts.len(), &list)?;
        let mut rest = list;
        for path in firsts {
            self.budget.look_at(&rest)?;
            if let Some(list) = restrict(&rest, &path, true) {
                self.take_out(list, List::new(), Some(&path), cases)?;
            }
            match restrict(&rest, &path, false) {
                Some(list) => rest = list,
                None => return Ok(()),
            }
        }
        self.take_out(rest, List::new(), certain.as_deref(), cases)
    }

    /// Takes out of a list what is judged further out, where `first` is the first path that has a value. What holds
    /// both kinds is multiplied out.
    fn take_out(
        &mut self,
        list: List,
        mut outside: List,
        first: Option<&Path>,
        cases: &mut Vec<Case>,
    ) -> Result<(), LowerError> {
        self.budget.look_at(&list)?;
        let (mut inside, mut either) = (List::new(), List::new());
        for item in list {
            match Place::of(&item, first) {
                Place::Inside => inside.push(item),
                Place::Outside => outside.push(item),
                Place::Either => either.push(item),
            }
        }
        if either.is_empty() {
            cases.push(Case { inside, outside });
            return Ok(());
        }
        let mut choices = [Vec::new(), Vec::new()];
        let mut lists = Vec::new();
        for alternative in alternatives(either.remove(0)) {
            match Place::of_list(&alternative, first) {
                Place::Inside => choices[0].push(alternative),
                Place::Outside => choices[1].push(alternative),
                Place::Either => lists.push(alternative),
            }
        }
        lists.extend(choices.into_iter().filter(|choice| !choice.is_empty()).map(|choice| vec![Item::Or(choice)]));
        inside.append(&mut either);
        self.budget.take(lists.len() - 1, &inside)?;
        for mut list in lists {
            list.extend_from_slice(&inside);
            lift(&mut list);
            self.take_out(list, outside.clone(), first, cases)?;
        }
        Ok(())
    }
}

/// The alternatives of an item.
fn alternatives(item: Item) -> Vec<List> {
    match item {
        Item::Or(alternatives) => alternatives,
        Item::Field(field) if field.absent && field.tests.is_some() => {
            vec![vec![Item::Field(field.with_value())], vec![Item::Field(field.without_value())]]
        }
        item => vec![vec![item]],
    }
}

/// A path such that every branch of the list has a value there or at one that sorts before it.
fn first_certain(list: &[Item]) -> Option<Rc<Path>> {
    let earlier = |a: Rc<Path>, b: Rc<Path>| if b.sorts_before(&a) { b } else { a };
    let later = |a: Rc<Path>, b: Rc<Path>| if b.sorts_before(&a) { a } else { b };
    let certain = list.iter().filter_map(|item| match item {
        Item::Field(field) => field.is_certain().then(|| Rc::clone(&field.path)),
        Item::Or(alternatives) => {
            let firsts: Option<Vec<Rc<Path>>> = alternatives.iter().map(|list| first_certain(list)).collect();
            firsts?.into_iter().reduce(later)
        }
    });
    certain.reduce(earlier)
}

/// The branches of a list that have a value at `path` (`wanted`), or none there (not `wanted`).
fn restrict(list: &[Item], path: &Rc<Path>, wanted: bool) -> Option<List> {
    let mut out = List::with_capacity(list.len());
    let mut found = false;
    for item in list {
        match item {
            Item::Field(field) if Rc::ptr_eq(&field.path, path) && field.tests.is_some() => {
                found = true;
                if wanted {
                    out.push(Item::Field(field.with_value()));
                } else if field.absent {
                    out.push(Item::Field(field.without_value()));
                } else {
                    return None;
                }
            }
            Item::Field(field) => out.push(Item::Field(field.clone())),
            Item::Or(alternatives) => {
                let mut reached = false;
                for_each_field(std::slice::from_ref(item), &mut |field| {
                    reached |= Rc::ptr_eq(&field.path, path) && field.tests.is_some();
                });
                if !reached {
                    out.push(item.clone());
                    continue;
                }
                found = true;
                let kept: Vec<List> =
                    alternatives.iter().filter_map(|alternative| restrict(alternative, path, wanted)).collect();
                if kept.is_empty() {
                    return None;
                }
                out.push(Item::Or(kept));
            }
        }
    }
    lift(&mut out);
    (found || !wanted).then_some(out)
}

/// How many segments all paths of a list share, the last segment of each left out.
fn common_depth(list: &[Item]) -> usize {
    let mut first: Option<Rc<Path>> = None;
    let mut depth = usize::MAX;
    for_each_field(list, &mut |field| {
        let first = first.get_or_insert_with(|| Rc::clone(&field.path));
        depth = depth.min(first.shared_depth(&field.path)).min(field.path.depth() - 1);
    });
    if depth == usize::MAX { 0 } else { depth }
}

/// The segments after `depth` that a list's paths begin with.
fn keys(list: &[Item], depth: usize) -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::new();
    for_each_field(list, &mut |field| {
        keys.insert(field.path.segment(depth).to_vec());
    });
    keys
}

/// Splits a list into parts that have nothing in common, in what `marks` says of each item.
pub(crate) fn components(list: List, marks: impl Fn(&Item) -> BTreeSet<Vec<u8>>) -> Vec<List> {
    let mut parts: Vec<List> = Vec::new();
    let mut owner: HashMap<Vec<u8>, usize> = HashMap::new();
    // Where a part went that was joined with another.
    let mut joined: Vec<usize> = Vec::new();
    fn find(joined: &[usize], mut part: usize) -> usize {
        while joined[part] != part {
            part = joined[part];
        }
        part
    }
    for item in list {
        let marks = marks(&item);
        let mut touched: Vec<usize> =
            marks.iter().filter_map(|mark| owner.get(mark)).map(|&part| find(&joined, part)).collect();
        touched.sort_unstable();
        touched.dedup();
        let target = match touched.first() {
            Some(&first) => first,
            None => {
                parts.push(List::new());
                joined.push(parts.len() - 1);
                parts.len() - 1
            }
        };
        for &other in touched.iter().skip(1) {
            let mut items = std::mem::take(&mut parts[other]);
            parts[target].append(&mut items);
            joined[other] = target;
        }
        owner.extend(marks.into_iter().map(|mark| (mark, target)));
        parts[target].push(item);
    }
    parts.retain(|items| !items.is_empty());
    parts
}
