//! From what an author wrote to what it means: one [`Group`] tree a filter.
//!
//! **Input**: [`crate::ast`], objects with fields and `$or`s. **Output**: alternatives (ORed), each an AND
//! over slots (a path with its tests), absent paths and nested groups, arranged so that the evaluator can
//! judge them in one pass over a record (crate documentation, "Arrays and `$or`").
//!
//! The steps, in order:
//!
//! 1. [`Lowering::list`] flattens nested objects into one list of fields with full paths. A key with dots
//!    is the same as nested keys.
//! 2. The last field written wins where a path is repeated (section 7): at once in [`last_wins`] among plain
//!    fields, by multiplying out in [`settle_repeats`] around and between `$or`s. Alternatives that come out
//!    equal are one, so that many `$or`s over the same few fields stay few.
//! 3. [`crate::arrange`] turns the list into groups by path prefix.
//!
//! The number of alternatives made by multiplying out is bounded by `Limits::or_alternatives`.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use eventsieve_program::text::cmp_utf16;

use crate::arrange;
use crate::ast::{MemberValue, Object, Span, Test, TestKind};
use crate::emit::canonical;
use crate::options::Limits;

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
    pub(crate) fn segment(&self, at: usize) -> &[u8] {
        self.segments().nth(at).unwrap_or_default()
    }

    /// How many leading segments two paths share.
    pub(crate) fn shared_depth(&self, other: &Path) -> usize {
        self.segments().zip(other.segments()).take_while(|(a, b)| a == b).count()
    }

    /// Whether `self` is visited before `other` by the reference.
    pub(crate) fn sorts_before(&self, other: &Path) -> bool {
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
    pub(crate) absent: bool,
    /// Place in the pattern: of two fields of one path the later wins.
    order: u32,
}

impl Field {
    pub(crate) fn is_certain(&self) -> bool {
        self.tests.is_some() && !self.absent
    }

    /// The field where it has a value.
    pub(crate) fn with_value(&self) -> Field {
        Field { absent: false, ..self.clone() }
    }

    /// The field where it has none.
    pub(crate) fn without_value(&self) -> Field {
        Field { tests: None, ..self.clone() }
    }
}

/// One condition of a [`List`].
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Field(Field),
    Or(Vec<List>),
}

/// An AND. After [`settle_repeats`] no path is written twice in one branch.
pub(crate) type List = Vec<Item>;

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
    /// Multiplying out would make more alternatives than the limit; some of the paths that force it.
    TooManyAlternatives { limit: usize, paths: Vec<Vec<u8>> },
    /// More distinct paths in one branch than the service takes.
    TooManyPaths { found: usize, limit: usize },
    /// More segments in one path than a program can hold.
    PathTooDeep { found: usize, limit: usize },
    /// A range at the far end of what a double holds, not overridden by a later field.
    EmptyRange { span: Span },
}

/// Lowers one pattern into alternatives of which one must hold.
pub(crate) fn lower(pattern: &Object, limits: &Limits) -> Result<Vec<Group>, LowerError> {
    let segments = limits.path_segments.min(Limits::MAX_PATH_SEGMENTS);
    let mut lowering = Lowering { paths: HashMap::new(), order: 0 };
    let mut list = Vec::new();
    lowering.list(pattern, None, &mut list);
    if let Some(found) = lowering.paths.values().map(|path| path.depth()).find(|&depth| depth > segments) {
        return Err(LowerError::PathTooDeep { found, limit: segments });
    }
    let mut budget = Budget::new(limits.or_alternatives);
    last_wins(&mut list);
    settle_repeats(&mut list, &mut Interner::default(), &mut budget)?;
    let found = branch_paths(&list);
    if found > limits.paths {
        return Err(LowerError::TooManyPaths { found, limit: limits.paths });
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
    arrange::arrange(list, &mut budget)
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

/// Lifts what an alternative is nothing but: a nested `$or` gives its alternatives to the one around it, and a `$or`
/// of one alternative is that alternative.
pub(crate) fn lift(list: &mut List) {
    if !list.iter().any(|item| matches!(item, Item::Or(_))) {
        return;
    }
    let mut lifted = List::with_capacity(list.len());
    for item in std::mem::take(list) {
        let Item::Or(alternatives) = item else {
            lifted.push(item);
            continue;
        };
        let mut flat = Vec::with_capacity(alternatives.len());
        for mut alternative in alternatives {
            lift(&mut alternative);
            match alternative.as_mut_slice() {
                [Item::Or(inner)] => flat.append(inner),
                _ => flat.push(alternative),
            }
        }
        if flat.len() == 1 { lifted.extend(flat.into_iter().flatten()) } else { lifted.push(Item::Or(flat)) }
    }
    *list = lifted;
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

/// What multiplying out may still cost.
pub(crate) struct Budget {
    /// Alternatives.
    left: usize,
    limit: usize,
    /// Fields looked at or copied. Each step looks at its list anew, so without a bound a list of thousands of
    /// alternatives would cost their square.
    work: usize,
}

impl Budget {
    const WORK: usize = 8_000_000;

    fn new(limit: usize) -> Budget {
        Budget { left: limit, limit, work: Budget::WORK }
    }

    /// `count` alternatives are made of `list`.
    pub(crate) fn take(&mut self, count: usize, list: &[Item]) -> Result<(), LowerError> {
        match self.left.checked_sub(count) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.spent(list)),
        }
    }

    /// All fields of `list` are looked at.
    pub(crate) fn look_at(&mut self, list: &[Item]) -> Result<(), LowerError> {
        let mut fields = 1;
        for_each_field(list, &mut |_| fields += 1);
        match self.work.checked_sub(fields) {
            Some(work) => {
                self.work = work;
                Ok(())
            }
            None => Err(self.spent(list)),
        }
    }

    fn spent(&self, list: &[Item]) -> LowerError {
        let mut paths = Vec::new();
        for_each_field(list, &mut |field| {
            if paths.len() < 8 && !paths.contains(&field.path.text) {
                paths.push(field.path.text.clone());
            }
        });
        LowerError::TooManyAlternatives { limit: self.limit, paths }
    }
}

pub(crate) fn for_each_field<'i>(list: &'i [Item], visit: &mut impl FnMut(&'i Field)) {
    for item in list {
        match item {
            Item::Field(field) => visit(field),
            Item::Or(alternatives) => alternatives.iter().for_each(|list| for_each_field(list, visit)),
        }
    }
}

/// Numbers lists of tests by their meaning.
#[derive(Default)]
struct Interner {
    by_place: HashMap<*const Test, usize>,
    by_meaning: HashMap<Vec<u8>, usize>,
}

impl Interner {
    fn number(&mut self, tests: &Rc<[Test]>) -> usize {
        if let Some(&number) = self.by_place.get(&tests.as_ptr()) {
            return number;
        }
        let next = self.by_meaning.len();
        let number = *self.by_meaning.entry(canonical(tests)).or_insert(next);
        self.by_place.insert(tests.as_ptr(), number);
        number
    }

    /// Equal for lists that mean the same.
    fn key(&mut self, list: &List, out: &mut Vec<[usize; 3]>) {
        let from = out.len();
        for item in list {
            if let Item::Field(field) = item {
                let tests = field.tests.as_ref().map_or(usize::MAX, |tests| self.number(tests));
                out.push([Rc::as_ptr(&field.path) as usize, tests, usize::from(field.absent)]);
            }
        }
        out[from..].sort_unstable();
        for item in list {
            if let Item::Or(alternatives) = item {
                out.push([alternatives.len(), 0, 2]);
                for alternative in alternatives {
                    self.key(alternative, out);
                    out.push([0, 0, 3]);
                }
            }
        }
    }
}

/// Multiplies out what writes one path more than once, until the last one written has won everywhere.
fn settle_repeats(list: &mut List, interner: &mut Interner, budget: &mut Budget) -> Result<(), LowerError> {
    if !list.iter().any(|item| matches!(item, Item::Or(_))) {
        return Ok(());
    }
    for item in list.iter_mut() {
        if let Item::Or(alternatives) = item {
            alternatives.iter_mut().try_for_each(|alternative| settle_repeats(alternative, interner, budget))?;
        }
    }
    lift(list);
    let paths = |item: &Item| {
        let mut paths = std::collections::BTreeSet::new();
        for_each_field(std::slice::from_ref(item), &mut |field| {
            paths.insert(field.path.text.clone());
        });
        paths
    };
    for component in arrange::components(std::mem::take(list), paths) {
        if component.len() == 1 {
            list.extend(component);
        } else {
            list.push(Item::Or(merge(component, interner, budget)?));
        }
    }
    lift(list);
    Ok(())
}

/// The alternatives of items of which each stands after those that it shares paths with and that were written before it: of
/// each path the last one stays. What comes out equal is kept once, at every step, since what is written later is the same
/// for both.
fn merge(items: List, interner: &mut Interner, budget: &mut Budget) -> Result<Vec<List>, LowerError> {
    let mut merged: Vec<List> = vec![List::new()];
    for item in &items {
        let single;
        let alternatives = match item {
            Item::Field(_) => {
                single = vec![vec![item.clone()]];
                &single
            }
            Item::Or(alternatives) => alternatives,
        };
        let (mut next, mut known) = (Vec::new(), HashSet::new());
        for before in &merged {
            for alternative in alternatives {
                let mut list = before.clone();
                list.extend_from_slice(alternative);
                budget.look_at(&list)?;
                last_wins(&mut list);
                settle_repeats(&mut list, interner, budget)?;
                let mut key = Vec::new();
                interner.key(&list, &mut key);
                if known.insert(key) {
                    next.push(list);
                    if next.len() > budget.left {
                        return Err(budget.spent(&items));
                    }
                }
            }
        }
        merged = next;
    }
    budget.take(merged.len(), &items)?;
    Ok(merged)
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

    /// Compiles a pattern whose members are made by `member` from 0 to `count`, and returns the program's size.
    fn bytes(prefix: &str, count: usize, suffix: &str, member: impl Fn(usize) -> String) -> usize {
        let members: Vec<String> = (0..count).map(member).collect();
        let pattern = format!("{prefix}{}{suffix}", members.join(","));
        let criteria = FilterCriteria::from_patterns([pattern]);
        compile(&criteria, &Options::new(Source::Raw)).unwrap().program.as_bytes().len()
    }

    #[test]
    fn objects_of_fields_that_may_be_absent_do_not_multiply() {
        let one = |n| format!(r#""f{n}":{{"a":["x",{{"exists":false}}]}}"#);
        let two = |n| format!(r#""f{n}":{{"a":["x",{{"exists":false}}],"b":{{"c":["x",{{"exists":false}}]}}}}"#);
        assert!(bytes("{", 20, "}", one) < 10_000);
        assert!(bytes(r#"{"k":{"#, 20, "}}", one) < 20_000);
        assert!(bytes("{", 20, "}", two) < 20_000);
        assert!(bytes(r#"{"k":{"#, 20, "}}", two) < 100_000);
    }

    #[test]
    fn alternatives_that_come_out_equal_are_one() {
        let same = |_| r#""$or":[{"a":["x",{"exists":false}]},{"b":["x",{"exists":false}]}]"#.to_owned();
        assert!(bytes("{", 14, "}", same) < 1_000);
        let three = |_| r#""$or":[{"a":["x"]},{"b":["x"]},{"c":["x"]}]"#.to_owned();
        assert!(bytes("{", 14, "}", three) < 1_500);
    }

    #[test]
    fn absences_in_ors_multiply_only_where_they_are_judged_further_out_than_the_rest() {
        let apart =
            |n| format!(r#""$or":[{{"a{n}":["x"]}},{{"b{n}":[{{"exists":false}}],"c{n}":[{{"exists":false}}]}}]"#);
        assert!(bytes("{", 14, "}", apart) < 10_000);
        assert!(bytes(r#"{"d":{"#, 14, "}}", apart) < 20_000);
        let below = |n| format!(r#""$or":[{{"p{n}":{{"a":["x"]}}}},{{"p{n}":{{"b":[{{"exists":false}}]}}}}]"#);
        assert!(bytes("{", 14, "}", below) < 10_000);
        assert!(bytes(r#"{"d":{"#, 14, "}}", below) < 20_000);
        let beside = |n| format!(r#""$or":[{{"a{n}":["x"]}},{{"b{n}":["x"]}}]"#);
        assert!(bytes(r#"{"d":{"A":["x",{"exists":false}],"z":[{"exists":false}],"#, 14, "}}", beside) < 10_000);
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
