//! From what an author wrote to what it means: one [`Group`] tree a filter.
//!
//! **Input**: [`crate::ast`], objects with fields and `$or`s. **Output**: alternatives (ORed), each an AND
//! over slots (a path with its tests), absent paths and nested groups, arranged so that the evaluator can
//! judge them in one pass over a record (`design` notes in the crate documentation, "Arrays and `$or`").
//!
//! The steps, in order:
//!
//! 1. [`Lowering::list`] flattens nested objects into one list of fields with full paths. A key with dots
//!    is the same as nested keys.
//! 2. The last field written wins where a path is repeated (section 7): at once in [`last_wins`] among plain
//!    fields, by multiplying out in [`settle_repeats`] around and between `$or`s.
//! 3. [`settle_absences`]: where it depends on the alternative taken inside which array element an
//!    `exists: false` is judged (D7), those alternatives are multiplied out.
//! 4. [`Grouping::group`] arranges a list by path prefix: what lies below one common prefix must hold inside one
//!    array element and becomes a [`Group`] of its own. A `$or` that shares a prefix with something beside
//!    it is multiplied out with it, and only then; all other `$or`s stay as they are, so that `n` of them
//!    cost `n`, not `2^n`.
//!
//! The number of alternatives made by multiplying out is bounded by `Limits::or_alternatives`.

use std::collections::HashMap;
use std::rc::Rc;

use eventsieve_program::text::cmp_utf16;

use crate::ast::{MemberValue, Object, Span, Test, TestKind};

/// A path: its text (segments joined with dots, WTF-8) and where the segments end.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    pub(crate) text: Vec<u8>,
    depth: usize,
}

impl Path {
    fn new(text: Vec<u8>) -> Path {
        let depth = 1 + text.iter().filter(|&&byte| byte == b'.').count();
        Path { text, depth }
    }

    /// The segments between the dots.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.text.split(|&byte| byte == b'.')
    }

    /// Number of segments.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Segment number `at`.
    fn segment(&self, at: usize) -> &[u8] {
        self.segments().nth(at).unwrap_or_default()
    }

    /// How many leading segments two paths share.
    fn shared_depth(&self, other: &Path) -> usize {
        self.segments().zip(other.segments()).take_while(|(a, b)| a == b).count()
    }

    /// Whether `self` is visited before `other` by the reference.
    fn sorts_before(&self, other: &Path) -> bool {
        cmp_utf16(&self.text, &other.text).is_lt()
    }
}

/// The tests of one path, in canonical order: two fields with equal lists share a slot.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) path: Rc<Path>,
    /// What a value must satisfy; `None` where only absence is asked.
    pub(crate) tests: Option<Rc<[Test]>>,
    /// Whether the path may also be absent (`exists: false` in the list).
    absent: bool,
    /// Place in the pattern: of two fields of one path the later wins.
    order: u32,
}

impl Field {
    fn is_certain(&self) -> bool {
        self.tests.is_some() && !self.absent
    }
}

#[derive(Debug, Clone)]
enum Item {
    Field(Field),
    Or(Vec<List>),
}

type List = Vec<Item>;

/// An AND whose members must all come from one element of every array at its prefix.
#[derive(Debug)]
pub(crate) struct Group {
    /// Number of segments of the prefix: where it is counted. 0 is the record.
    pub(crate) depth: usize,
    /// What must hold.
    pub(crate) inputs: Vec<Input>,
}

/// One condition of a [`Group`].
#[derive(Debug)]
pub(crate) enum Input {
    /// A path with tests. `guarded`: the group has a [`Input::Part`] below this very path, and a value
    /// inside an array element at this path counts only if that part holds in the same element.
    Slot { path: Rc<Path>, tests: Rc<[Test]>, guarded: bool },
    /// No value of this path may be seen inside the scope.
    Absent(Rc<Path>),
    /// What lies below one key: holds if some array element (or the object) satisfies it.
    Part(Group),
    /// One of these must hold.
    Or(Vec<Alternative>),
}

/// One branch of an [`Input::Or`].
#[derive(Debug)]
pub(crate) enum Alternative {
    /// No value of this path may be seen inside the scope.
    Absent(Rc<Path>),
    /// All of these.
    Group(Group),
}

/// Why a pattern cannot be lowered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LowerError {
    /// Multiplying out would make more alternatives than the limit.
    TooManyAlternatives { limit: usize, paths: Vec<Vec<u8>> },
    /// More distinct paths in one branch than the service takes.
    TooManyPaths { found: usize },
    /// More segments in one path than a program can hold.
    PathTooDeep { found: usize },
    /// A range at the far end of what a double holds, not overridden by a later field.
    EmptyRange { span: Span },
}

/// Most paths one branch may have.
pub(crate) const PATHS: usize = 256;

/// Most segments of one path. The service has no such limit; nesting is limited to 1,000, so only keys with thousands
/// of dots meet it.
pub(crate) const SEGMENTS: usize = 10_000;

/// Lowers one pattern into alternatives of which one must hold.
pub(crate) fn lower(pattern: &Object, or_alternatives: usize) -> Result<Vec<Group>, LowerError> {
    let mut lowering = Lowering { paths: HashMap::new(), order: 0 };
    let mut list = Vec::new();
    lowering.list(pattern, None, &mut list);
    if let Some(found) = lowering.paths.values().map(|path| path.depth()).find(|&depth| depth > SEGMENTS) {
        return Err(LowerError::PathTooDeep { found });
    }
    last_wins(&mut list);
    flatten(&mut list);
    let mut budget = Budget { left: or_alternatives, limit: or_alternatives };
    settle_repeats(&mut list, &mut budget)?;
    let found = branch_paths(&list);
    if found > PATHS {
        return Err(LowerError::TooManyPaths { found });
    }
    let mut empty = None;
    for_each_field(&list, &mut |field| {
        empty = empty.take().or_else(|| {
            let tests = field.tests.as_deref().unwrap_or_default();
            let is_empty = |test: &&Test| matches!(&test.kind, TestKind::Numeric(interval) if interval.is_empty());
            tests.iter().find(is_empty).map(|test| test.span.clone())
        });
    });
    if let Some(span) = empty {
        return Err(LowerError::EmptyRange { span });
    }
    let lists = settle_absences(list, &mut budget)?;
    let mut groups = Vec::with_capacity(lists.len());
    for list in lists {
        let (group, _) = Grouping { budget: &mut budget }.new_group(list, 0, &mut Vec::new())?;
        // A root that is a single `$or` is nothing but its alternatives.
        match <[Input; 1]>::try_from(group.inputs) {
            Ok([Input::Or(alternatives)]) => groups.extend(alternatives.into_iter().map(|one| match one {
                Alternative::Absent(path) => Group { depth: 0, inputs: vec![Input::Absent(path)] },
                Alternative::Group(group) => group,
            })),
            Ok([input]) => groups.push(Group { depth: 0, inputs: vec![input] }),
            Err(inputs) => groups.push(Group { depth: 0, inputs }),
        }
    }
    Ok(groups)
}

struct Lowering {
    paths: HashMap<Vec<u8>, Rc<Path>>,
    order: u32,
}

impl Lowering {
    /// `prefix` is the keys above joined with dots, `None` at the root. A leading empty key is dropped
    /// by the reference when the next key is appended, and so it is here.
    fn list(&mut self, object: &Object, prefix: Option<&[u8]>, out: &mut List) {
        for member in &object.members {
            match &member.value {
                MemberValue::Object(inner) => {
                    let below = match prefix {
                        None => member.key.clone(),
                        Some(prefix) => [prefix, &member.key].join(&b'.'),
                    };
                    self.list(inner, Some(&below), out);
                }
                MemberValue::Tests(tests) => {
                    let text = match prefix {
                        None | Some([]) => member.key.clone(),
                        Some(prefix) => [prefix, &member.key].join(&b'.'),
                    };
                    let field = self.field(text, tests);
                    out.push(Item::Field(field));
                }
                MemberValue::Or(alternatives) => {
                    let mut lists = Vec::with_capacity(alternatives.len());
                    for alternative in alternatives {
                        let mut list = Vec::new();
                        self.list(alternative, prefix, &mut list);
                        lists.push(list);
                    }
                    out.push(Item::Or(lists));
                }
            }
        }
    }

    fn field(&mut self, text: Vec<u8>, tests: &[Test]) -> Field {
        let path = match self.paths.get(&text) {
            Some(path) => Rc::clone(path),
            None => {
                let path = Rc::new(Path::new(text.clone()));
                self.paths.insert(text, Rc::clone(&path));
                path
            }
        };
        let absent = tests.iter().any(|test| test.kind == TestKind::Exists(false));
        let present: Vec<Test> = tests.iter().filter(|test| test.kind != TestKind::Exists(false)).cloned().collect();
        self.order += 1;
        let tests = (!present.is_empty()).then(|| Rc::from(present));
        Field { path, tests, absent, order: self.order }
    }
}

/// Keeps the last field of every path among the plain fields of each list.
fn last_wins(list: &mut List) {
    let mut last: HashMap<Rc<Path>, u32> = HashMap::new();
    for item in list.iter_mut() {
        match item {
            Item::Field(field) => {
                let order = last.entry(Rc::clone(&field.path)).or_default();
                *order = field.order.max(*order);
            }
            Item::Or(alternatives) => alternatives.iter_mut().for_each(last_wins),
        }
    }
    list.retain(|item| match item {
        Item::Field(field) => last[&field.path] == field.order,
        Item::Or(_) => true,
    });
}

/// Lifts alternatives that are nothing but alternatives themselves: a nested `$or`, or a field that may hold a
/// value or be absent.
fn flatten(list: &mut List) {
    for item in list {
        let Item::Or(alternatives) = item else { continue };
        let mut flat = Vec::with_capacity(alternatives.len());
        for mut alternative in std::mem::take(alternatives) {
            flatten(&mut alternative);
            match alternative.as_slice() {
                [Item::Or(_)] => {
                    if let Some(Item::Or(inner)) = alternative.pop() {
                        flat.extend(inner);
                    }
                }
                [Item::Field(field)] if field.absent && field.tests.is_some() => {
                    flat.extend(split_field(field).map(|field| vec![Item::Field(field)]));
                }
                _ => flat.push(alternative),
            }
        }
        *alternatives = flat;
    }
}

/// Whether a list can hold without any value being present.
fn optional(list: &List) -> bool {
    list.iter().all(|item| match item {
        Item::Field(field) => field.absent,
        Item::Or(alternatives) => alternatives.iter().any(optional),
    })
}

/// The most paths any branch has, once no path is written twice in one.
fn branch_paths(list: &List) -> usize {
    list.iter()
        .map(|item| match item {
            Item::Field(_) => 1,
            Item::Or(alternatives) => alternatives.iter().map(branch_paths).max().unwrap_or(0),
        })
        .sum()
}

/// Counts the alternatives that multiplying out makes.
struct Budget {
    left: usize,
    limit: usize,
}

impl Budget {
    fn take(&mut self, count: usize, list: &[Item]) -> Result<(), LowerError> {
        match self.left.checked_sub(count) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let mut paths = Vec::new();
                for_each_field(list, &mut |field| {
                    if paths.len() < 8 && !paths.contains(&field.path.text) {
                        paths.push(field.path.text.clone());
                    }
                });
                Err(LowerError::TooManyAlternatives { limit: self.limit, paths })
            }
        }
    }
}

fn for_each_field<'i>(list: &'i [Item], visit: &mut impl FnMut(&'i Field)) {
    for item in list {
        match item {
            Item::Field(field) => visit(field),
            Item::Or(alternatives) => alternatives.iter().for_each(|list| for_each_field(list, visit)),
        }
    }
}

fn any_field(list: &[Item], test: &mut impl FnMut(&Field) -> bool) -> bool {
    list.iter().any(|item| match item {
        Item::Field(field) => test(field),
        Item::Or(alternatives) => alternatives.iter().any(|list| any_field(list, test)),
    })
}

/// The two alternatives of a field that may hold a value or be absent.
fn split_field(field: &Field) -> [Field; 2] {
    [Field { absent: false, ..field.clone() }, Field { tests: None, ..field.clone() }]
}

/// Multiplies item `at` of `list` out: one list for each of its alternatives.
fn multiply(list: List, at: usize, budget: &mut Budget) -> Result<Vec<List>, LowerError> {
    let alternatives: Vec<List> = match &list[at] {
        Item::Or(alternatives) => alternatives.clone(),
        Item::Field(field) => split_field(field).map(|field| vec![Item::Field(field)]).into(),
    };
    budget.take(alternatives.len(), &list)?;
    let mut out = Vec::with_capacity(alternatives.len());
    for alternative in alternatives {
        let mut merged = List::with_capacity(list.len() + alternative.len());
        merged.extend_from_slice(&list[..at]);
        merged.extend(alternative);
        merged.extend_from_slice(&list[at + 1..]);
        last_wins(&mut merged);
        flatten(&mut merged);
        out.push(merged);
    }
    Ok(out)
}

/// Multiplies out what writes one path more than once, until the last one written has won everywhere.
fn settle_repeats(list: &mut List, budget: &mut Budget) -> Result<(), LowerError> {
    let paths = |item: &Item| {
        let mut paths = std::collections::BTreeSet::new();
        for_each_field(std::slice::from_ref(item), &mut |field| {
            paths.insert(field.path.text.clone());
        });
        paths
    };
    for component in components(std::mem::take(list), paths) {
        let Some(at) = component.iter().position(|item| matches!(item, Item::Or(_))) else {
            list.extend(component);
            continue;
        };
        let mut alternatives = if component.len() > 1 {
            multiply(component, at, budget)?
        } else {
            component.into_iter().flat_map(|item| if let Item::Or(inner) = item { inner } else { Vec::new() }).collect()
        };
        for alternative in &mut alternatives {
            settle_repeats(alternative, budget)?;
        }
        list.push(Item::Or(alternatives));
    }
    flatten(list);
    Ok(())
}

/// Splits a list by which of some fields is the first to have a value, in sorted order; the fields are those that
/// may be absent and share `shared` segments with `path`. One list for each, and one for none of them.
///
/// Where an absence is judged depends on whether *some* value was chosen before it, not on which: so `n` such fields
/// make `n + 1` lists, not `2^n`.
fn split_first(list: &List, path: &Path, shared: usize, budget: &mut Budget) -> Result<Vec<List>, LowerError> {
    let mut open: Vec<(usize, Rc<Path>)> = Vec::new();
    for (at, item) in list.iter().enumerate() {
        if let Item::Field(field) = item
            && field.absent
            && field.tests.is_some()
            && field.path.shared_depth(path) >= shared
        {
            open.push((at, Rc::clone(&field.path)));
        }
    }
    open.sort_by(|(_, a), (_, b)| cmp_utf16(&a.text, &b.text));
    budget.take(open.len() + 1, list)?;
    let mut lists = Vec::with_capacity(open.len() + 1);
    for first in 0..=open.len() {
        let mut split = list.clone();
        for (place, &(at, _)) in open.iter().enumerate().take(first + 1) {
            if let Item::Field(field) = &mut split[at] {
                if place < first {
                    field.tests = None;
                } else {
                    field.absent = false;
                }
            }
        }
        lists.push(split);
    }
    Ok(lists)
}

/// How deep the prefix is inside which an absence is judged: the longest that the path shares with a value
/// chosen before it, that is, with a positive path that sorts before it (oddity D7 of the README).
fn anchor_depth<'f>(path: &Path, chosen: impl Iterator<Item = &'f Rc<Path>>) -> usize {
    chosen.filter(|before| before.sorts_before(path)).map(|before| before.shared_depth(path)).max().unwrap_or(0)
}

/// Most fields looked at while absences are settled. Each step looks at its list anew, so without a bound a list of
/// thousands of alternatives would cost their square.
const FIELDS_LOOKED_AT: usize = 4_000_000;

/// Multiplies out what an absence's meaning depends on, until the anchor of each is certain.
fn settle_absences(list: List, budget: &mut Budget) -> Result<Vec<List>, LowerError> {
    let mut open = vec![list];
    let mut settled = Vec::new();
    let mut looked_at = 0;
    while let Some(mut list) = open.pop() {
        // Alternatives with nothing beside them are lists of their own: looked at one by one.
        if let [Item::Or(alternatives)] = list.as_mut_slice() {
            open.extend(std::mem::take(alternatives).into_iter().rev());
            continue;
        }
        for_each_field(&list, &mut |_| looked_at += 1);
        if looked_at > FIELDS_LOOKED_AT {
            budget.take(usize::MAX, &list)?;
        }
        match unsettled(&list, &mut Vec::new(), &mut Vec::new()) {
            None => settled.push(list),
            Some(Unsettled::Here(at)) => {
                let mut lists = multiply(list, at, budget)?;
                lists.reverse();
                open.append(&mut lists);
            }
            Some(Unsettled::First { path, shared }) => {
                let mut lists = split_first(&list, &path, shared, budget)?;
                lists.reverse();
                open.append(&mut lists);
            }
            Some(below @ Unsettled::Below { .. }) => {
                let mut list = list;
                apply(&mut list, below, budget)?;
                open.push(list);
            }
        }
    }
    Ok(settled)
}

/// What to multiply out: an item of this list, or one of a list inside an item.
enum Unsettled {
    /// Multiply this item out.
    Here(usize),
    /// Split by the first of the fields that may be absent and share `shared` segments with `path`.
    First {
        path: Rc<Path>,
        shared: usize,
    },
    Below {
        item: usize,
        alternative: usize,
        then: Box<Unsettled>,
    },
}

fn apply(list: &mut List, found: Unsettled, budget: &mut Budget) -> Result<(), LowerError> {
    let Unsettled::Below { item, alternative, then } = found else { return Ok(()) };
    let Item::Or(alternatives) = &mut list[item] else { return Ok(()) };
    match *then {
        Unsettled::Here(at) => {
            let inner = std::mem::take(&mut alternatives[alternative]);
            let lists = multiply(inner, at, budget)?;
            alternatives.splice(alternative..=alternative, lists);
            Ok(())
        }
        Unsettled::First { path, shared } => {
            let lists = split_first(&alternatives[alternative], &path, shared, budget)?;
            alternatives.splice(alternative..=alternative, lists);
            Ok(())
        }
        below => apply(&mut alternatives[alternative], below, budget),
    }
}

/// Finds an absence whose anchor is not certain, and the item on which it depends.
///
/// `chosen` are the paths that certainly have a value in this branch, `beside` the lists around with the item
/// that leads here, which may bring more.
fn unsettled<'l>(list: &'l List, chosen: &mut Vec<Rc<Path>>, around: &mut Vec<(&'l List, usize)>) -> Option<Unsettled> {
    let before = chosen.len();
    for item in list {
        if let Item::Field(field) = item
            && field.is_certain()
        {
            chosen.push(Rc::clone(&field.path));
        }
    }
    let found = list.iter().enumerate().find_map(|(at, item)| match item {
        Item::Field(field) if field.absent => unsettled_field(field, at, list, chosen, around),
        Item::Field(_) => None,
        Item::Or(alternatives) => {
            around.push((list, at));
            let found = alternatives.iter().enumerate().find_map(|(alternative, inner)| {
                unsettled(inner, chosen, around).map(|then| match then {
                    // The item to multiply out is this one, or lies further out.
                    Unsettled::Here(usize::MAX) => Unsettled::Here(at),
                    then => Unsettled::Below { item: at, alternative, then: Box::new(then) },
                })
            });
            around.pop();
            found
        }
    });
    chosen.truncate(before);
    found
}

/// `Here(usize::MAX)` asks the caller one level up to multiply out the item that leads here.
fn unsettled_field(
    field: &Field,
    at: usize,
    list: &List,
    chosen: &[Rc<Path>],
    around: &[(&List, usize)],
) -> Option<Unsettled> {
    let path = &field.path;
    if path.depth() < 2 {
        return None;
    }
    let anchor = anchor_depth(path, chosen.iter());
    let deeper = |other: &Field| {
        other.tests.is_some() && other.path.sorts_before(path) && other.path.shared_depth(path) > anchor
    };
    let depends = |item: &Item| match item {
        Item::Field(other) => other.absent && deeper(other),
        Item::Or(alternatives) => alternatives.iter().any(|list| any_field(list, &mut |other| deeper(other))),
    };
    // Something beside it decides the anchor: multiply that out.
    if let Some((other, item)) = list.iter().enumerate().find(|&(other, item)| other != at && depends(item)) {
        return Some(match item {
            Item::Or(_) => Unsettled::Here(other),
            Item::Field(_) => Unsettled::First { path: Rc::clone(path), shared: anchor + 1 },
        });
    }
    if around.iter().any(|(outer, lead)| outer.iter().enumerate().any(|(other, item)| other != *lead && depends(item)))
    {
        return Some(Unsettled::Here(usize::MAX));
    }
    // It is judged further out than the group it would be part of: multiply out what holds it.
    if field.tests.is_some() && anchor + 1 < path.depth() {
        return Some(Unsettled::First { path: Rc::clone(path), shared: anchor + 1 });
    }
    let held_deeper = |&(outer, lead): &(&List, usize)| matches!(&outer[lead], Item::Or(alternatives) if all_share_more(alternatives, anchor));
    around.iter().any(held_deeper).then_some(Unsettled::Here(usize::MAX))
}

/// Whether all paths of some lists share more than `depth` segments, the last segment of each left out. Stops at the
/// first that does not, for it is asked for every absence in the lists.
fn all_share_more(lists: &[List], depth: usize) -> bool {
    let mut first: Option<Rc<Path>> = None;
    let mut parts = |field: &Field| {
        let first = first.get_or_insert_with(|| Rc::clone(&field.path));
        first.shared_depth(&field.path).min(field.path.depth() - 1) <= depth
    };
    !lists.iter().any(|list| any_field(list, &mut parts)) && first.is_some()
}

/// How many segments all paths of some lists share, the last segment of each left out.
fn common_depth(lists: &[List]) -> usize {
    let mut first: Option<Rc<Path>> = None;
    let mut depth = usize::MAX;
    for list in lists {
        for_each_field(list, &mut |field| {
            let first = first.get_or_insert_with(|| Rc::clone(&field.path));
            depth = depth.min(first.shared_depth(&field.path)).min(field.path.depth() - 1);
        });
    }
    if depth == usize::MAX { 0 } else { depth }
}

struct Grouping<'b> {
    budget: &'b mut Budget,
}

impl Grouping<'_> {
    /// As [`Grouping::group`], for a list whose certain fields are not among the `chosen` yet.
    fn new_group(
        &mut self,
        list: List,
        depth: usize,
        chosen: &mut Vec<Rc<Path>>,
    ) -> Result<(Group, Vec<Rc<Path>>), LowerError> {
        let chosen_before = chosen.len();
        for item in &list {
            if let Item::Field(field) = item
                && field.is_certain()
                && !chosen.iter().any(|path| Rc::ptr_eq(path, &field.path))
            {
                chosen.push(Rc::clone(&field.path));
            }
        }
        let grouped = self.group(list, depth, chosen);
        chosen.truncate(chosen_before);
        grouped
    }

    /// Arranges a list whose paths all lie below a prefix of `depth` segments. Returns the group, and
    /// the absent paths that are judged further out than it.
    fn group(
        &mut self,
        list: List,
        depth: usize,
        chosen: &mut Vec<Rc<Path>>,
    ) -> Result<(Group, Vec<Rc<Path>>), LowerError> {
        let mut group = Group { depth, inputs: Vec::new() };
        let mut escaped = Vec::new();
        // Absences judged here or further out leave the list; those judged deeper stay with their key.
        let mut rest = List::with_capacity(list.len());
        for item in list {
            match item {
                Item::Field(field) if field.tests.is_none() => {
                    let anchor = anchor_depth(&field.path, chosen.iter());
                    if anchor > depth {
                        rest.push(Item::Field(field));
                    } else if anchor == depth || depth == 0 {
                        group.inputs.push(Input::Absent(Rc::clone(&field.path)));
                    } else {
                        escaped.push(Rc::clone(&field.path));
                    }
                }
                item => rest.push(item),
            }
        }
        for component in components(rest, |item| keys(std::slice::from_ref(item), depth)) {
            self.component(component, depth, chosen, &mut group, &mut escaped)?;
        }
        Ok((group, escaped))
    }

    fn component(
        &mut self,
        component: List,
        depth: usize,
        chosen: &mut Vec<Rc<Path>>,
        group: &mut Group,
        escaped: &mut Vec<Rc<Path>>,
    ) -> Result<(), LowerError> {
        let below = |field: &Field| field.path.depth() > depth + 1;
        let mut exact = Vec::new();
        let mut under = List::new();
        let mut wide = List::new();
        for item in component {
            match &item {
                Item::Field(field) if below(field) => under.push(item),
                Item::Field(field) if !field.absent => exact.push(field.clone()),
                // A value or absence at the key itself, and alternatives that reach other keys too.
                Item::Field(_) => wide.push(item),
                Item::Or(alternatives) => {
                    let one_key = keys(std::slice::from_ref(&item), depth).len() == 1;
                    if one_key && !alternatives.iter().any(|list| any_field(list, &mut |field| !below(field))) {
                        under.push(item);
                    } else {
                        wide.push(item);
                    }
                }
            }
        }
        if wide.is_empty() {
            return self.one_key(exact, under, depth, chosen, group, escaped);
        }
        if exact.is_empty() && under.is_empty() && wide.len() == 1 {
            let alternatives = match wide.pop() {
                Some(Item::Or(alternatives)) => alternatives,
                Some(Item::Field(field)) => split_field(&field).map(|field| vec![Item::Field(field)]).into(),
                None => Vec::new(),
            };
            let or = self.alternatives(alternatives, depth, chosen)?;
            group.inputs.push(or);
            return Ok(());
        }
        // Several items share a key and one of them is a `$or`: one element must serve them together.
        let mut list: List = exact.into_iter().map(Item::Field).collect();
        list.append(&mut under);
        list.append(&mut wide);
        let may_split = |item: &Item| match item {
            Item::Or(_) => true,
            Item::Field(field) => field.absent && field.tests.is_some(),
        };
        let at = list.iter().position(may_split).unwrap_or(0);
        let alternatives = multiply(list, at, self.budget)?;
        let or = self.alternatives(alternatives, depth, chosen)?;
        group.inputs.push(or);
        Ok(())
    }

    fn alternatives(
        &mut self,
        lists: Vec<List>,
        depth: usize,
        chosen: &mut Vec<Rc<Path>>,
    ) -> Result<Input, LowerError> {
        let mut alternatives = Vec::with_capacity(lists.len());
        for list in lists {
            if let [Item::Field(field)] = list.as_slice()
                && field.tests.is_none()
            {
                alternatives.push(Alternative::Absent(Rc::clone(&field.path)));
                continue;
            }
            let (mut group, escaped) = self.new_group(list, depth, chosen)?;
            // `settle_absences` leaves no alternative with an absence judged further out than here.
            debug_assert!(escaped.is_empty(), "an absence escaped from an alternative");
            group.inputs.extend(escaped.into_iter().map(Input::Absent));
            alternatives.push(Alternative::Group(group));
        }
        Ok(Input::Or(alternatives))
    }

    /// Fields at one key, and what lies below it.
    fn one_key(
        &mut self,
        exact: Vec<Field>,
        under: List,
        depth: usize,
        chosen: &mut Vec<Rc<Path>>,
        group: &mut Group,
        escaped: &mut Vec<Rc<Path>>,
    ) -> Result<(), LowerError> {
        let mut slots: Vec<Input> = exact
            .iter()
            .filter_map(|field| {
                let tests = Rc::clone(field.tests.as_ref()?);
                Some(Input::Slot { path: Rc::clone(&field.path), tests, guarded: false })
            })
            .collect();
        if under.is_empty() {
            group.inputs.append(&mut slots);
            return Ok(());
        }
        let may_split = |item: &Item| match item {
            Item::Or(_) => true,
            Item::Field(field) => field.absent && field.tests.is_some(),
        };
        if !slots.is_empty()
            && optional(&under)
            && let Some(at) = under.iter().position(may_split)
        {
            // What is below can hold by absences alone, and then the value here must wake it.
            let at = at + exact.len();
            let list = exact.into_iter().map(Item::Field).chain(under).collect();
            let alternatives = multiply(list, at, self.budget)?;
            let or = self.alternatives(alternatives, depth, chosen)?;
            group.inputs.push(or);
            return Ok(());
        }
        // Where nothing stands at the key itself, the levels down to where paths part or end need no groups of
        // their own: no absence can be judged between. So the recursion is as deep as there are fields, not
        // as there are segments.
        let part_depth =
            if slots.is_empty() { common_depth(std::slice::from_ref(&under)).max(depth + 1) } else { depth + 1 };
        let (mut part, out) = self.group(under, part_depth, chosen)?;
        for path in out {
            if anchor_depth(&path, chosen.iter()) == depth || depth == 0 {
                group.inputs.push(Input::Absent(path));
            } else {
                escaped.push(path);
            }
        }
        if part.inputs.iter().all(|input| matches!(input, Input::Absent(_))) {
            // Nothing but absences, judged inside the element that the value at the key itself lies in.
            if part.inputs.is_empty() {
                group.inputs.append(&mut slots);
            } else {
                part.inputs.append(&mut slots);
                group.inputs.push(Input::Part(part));
            }
            return Ok(());
        }
        for slot in &mut slots {
            if let Input::Slot { guarded, .. } = slot {
                *guarded = true;
            }
        }
        group.inputs.append(&mut slots);
        group.inputs.push(Input::Part(part));
        Ok(())
    }
}

/// The segments after `depth` that a list's paths begin with.
fn keys(list: &[Item], depth: usize) -> std::collections::BTreeSet<Vec<u8>> {
    let mut keys = std::collections::BTreeSet::new();
    for_each_field(list, &mut |field| {
        keys.insert(field.path.segment(depth).to_vec());
    });
    keys
}

/// Splits a list into parts that have nothing in common, in what `marks` says of each item.
fn components(list: List, marks: impl Fn(&Item) -> std::collections::BTreeSet<Vec<u8>>) -> Vec<List> {
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

#[cfg(test)]
mod tests {
    use crate::{FilterCriteria, Options, compile};
    use eventsieve_program::Source;

    fn compiles(pattern: &str) -> bool {
        compile(&FilterCriteria::from_patterns([pattern]), &Options::new(Source::Raw)).is_ok()
    }

    #[test]
    fn a_range_at_the_far_end_is_refused_unless_it_is_overridden() {
        for range in [r#"["<=",-1.7976931348623157e308]"#, r#"[">",1.7976931348623157e308]"#] {
            assert!(!compiles(&format!(r#"{{"a":[{{"numeric":{range}}}]}}"#)));
            assert!(compiles(&format!(r#"{{"a":[{{"numeric":{range}}}],"a":["x"]}}"#)));
            assert!(!compiles(&format!(r#"{{"a":["x"],"$or":[{{"a":[{{"numeric":{range}}}]}},{{"b":["y"]}}]}}"#)));
        }
    }

    #[test]
    fn fourteen_ors_without_common_fields_stay_fourteen() {
        let ors: Vec<String> = (0..14).map(|n| format!(r#""$or":[{{"a{n}":["x"]}},{{"b{n}":["y"]}}]"#)).collect();
        let criteria = FilterCriteria::from_patterns([format!("{{{}}}", ors.join(","))]);
        let program = compile(&criteria, &Options::new(Source::Raw)).unwrap().program;
        assert_eq!(program.view().gate_len(), 1);
        assert_eq!(program.view().slot_len(), 28);
    }

    #[test]
    fn fields_that_may_be_absent_do_not_multiply() {
        for prefix in ["", "detail.", "detail.inner."] {
            let fields: Vec<String> = (0..40).map(|n| format!(r#""{prefix}f{n}":["x",{{"exists":false}}]"#)).collect();
            let pattern = format!("{{{}}}", fields.join(","));
            let criteria = FilterCriteria::from_patterns([pattern]);
            let program = compile(&criteria, &Options::new(Source::Raw)).unwrap().program;
            assert!(program.as_bytes().len() < 100_000, "{prefix}: {}", program.as_bytes().len());
        }
    }

    #[test]
    fn ors_that_share_a_field_are_multiplied_up_to_the_limit() {
        let ors = |count: usize| {
            let ors: Vec<String> =
                (0..count).map(|n| format!(r#""$or":[{{"k":{{"x{n}":["x"]}},"z":["1"]}},{{"y{n}":["y"]}}]"#)).collect();
            format!("{{{}}}", ors.join(","))
        };
        assert!(compiles(&ors(4)));
        assert!(!compiles(&ors(20)));
    }
}
