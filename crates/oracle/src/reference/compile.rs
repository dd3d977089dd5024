//! Pattern text to branches, or no.
//!
//! A branch is a path → list of tests map; an `$or` multiplies the branches met so far in its object. A path written twice
//! keeps what was written last.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{Block, parse_address, parse_block};
use super::json::{Json, Text, read_object, text};
use super::number::comparable;
use super::test::{Folded, Glob, Shape, Test, question_marked};
use super::{Budget, Spent};

/// Paths of one branch.
const PATHS: usize = 256;

/// Names that a field inside an `$or` must not have.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// A pattern that compiled.
pub(super) struct Compiled {
    /// Branches, each path → which list of tests. Paths in the order of their UTF-16 units.
    pub(super) branches: Vec<Branch>,
    /// Every list of values of the pattern.
    pub(super) lists: Vec<Vec<Test>>,
}

pub(super) type Branch = BTreeMap<Text, usize>;

/// Why a pattern did not compile.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is no pattern.
    Invalid,
    /// It has too many branches for the budget.
    Spent,
}

impl From<Spent> for Refusal {
    fn from(Spent: Spent) -> Self {
        Refusal::Spent
    }
}

/// For the functions that judge values: `None` is an invalid pattern.
impl Refusal {
    fn of<T>(value: Option<T>) -> Result<T, Refusal> {
        value.ok_or(Refusal::Invalid)
    }
}

pub(super) fn compile(pattern: &str, budget: &mut Budget) -> Result<Compiled, Refusal> {
    let root = Refusal::of(read_object(pattern.as_bytes()))?;
    let mut compiler = Compiler { lists: Vec::new(), budget };
    let mut branches = Vec::new();
    compiler.object(&mut branches, &[], &root, false)?;
    let lists = compiler.lists;
    // Two refusals come last, of what a branch keeps: what a later writing of the path replaced is not asked.
    let pointless = |list: &usize| lists[*list].iter().any(Test::is_pointless);
    for branch in &branches {
        compiler.budget.spend(branch.len())?;
        if branch.len() > PATHS || branch.values().any(pointless) {
            return Err(Refusal::Invalid);
        }
    }
    Ok(Compiled { branches, lists })
}

impl Compiled {
    /// Every key that is a step of some path.
    pub(super) fn used_keys(&self) -> BTreeSet<Text> {
        self.branches.iter().flat_map(BTreeMap::keys).flat_map(|path| steps(path)).collect()
    }

    /// Whether some branch has this path.
    pub(super) fn uses(&self, path: &Text) -> bool {
        self.branches.iter().any(|branch| branch.contains_key(path))
    }

    /// Whether some path has an empty step.
    pub(super) fn has_empty_steps(&self) -> bool {
        let dot = u16::from(b'.');
        self.branches.iter().flat_map(BTreeMap::keys).any(|path| path.split(|unit| *unit == dot).any(<[u16]>::is_empty))
    }
}

/// A path or key at its dots. As in the reference, empty steps at the end are lost.
pub(super) fn steps(path: &[u16]) -> Vec<Text> {
    let dot = u16::from(b'.');
    let mut steps: Vec<Text> = path.split(|unit| *unit == dot).map(<[u16]>::to_vec).collect();
    if path.contains(&dot) {
        while steps.last().is_some_and(Vec::is_empty) {
            steps.pop();
        }
    }
    steps
}

/// Keys joined by dots.
pub(super) fn join(keys: &[Text]) -> Text {
    keys.join(&u16::from(b'.'))
}

struct Compiler<'b> {
    lists: Vec<Vec<Test>>,
    budget: &'b mut Budget,
}

impl Compiler<'_> {
    /// Adds what an object asks to every branch.
    fn object(
        &mut self,
        branches: &mut Vec<Branch>,
        path: &[Text],
        members: &[(Text, Json)],
        inside_or: bool,
    ) -> Result<(), Refusal> {
        if members.is_empty() {
            return Err(Refusal::Invalid);
        }
        for (key, value) in members {
            if *key == text("$or") {
                self.or(branches, path, value)?;
                continue;
            }
            if inside_or && RESERVED.iter().any(|name| text(name) == *key) {
                return Err(Refusal::Invalid);
            }
            match value {
                Json::Object(members) => {
                    let path = [path, std::slice::from_ref(key)].concat();
                    self.object(branches, &path, members, inside_or)?;
                }
                Json::Array(values) => {
                    let tests = Refusal::of(value_list(values))?;
                    self.lists.push(tests);
                    if branches.is_empty() {
                        branches.push(Branch::new());
                    }
                    self.budget.spend(branches.len())?;
                    // The reference drops the dot after an empty path, so `{"":{"a":…}}` asks about `a`.
                    let parent = join(path);
                    let path = if parent.is_empty() { key.clone() } else { join(&[parent, key.clone()]) };
                    for branch in branches.iter_mut() {
                        branch.insert(path.clone(), self.lists.len() - 1);
                    }
                }
                _ => return Err(Refusal::Invalid),
            }
        }
        Ok(())
    }

    /// Every branch so far goes on once for each alternative.
    fn or(&mut self, branches: &mut Vec<Branch>, path: &[Text], alternatives: &Json) -> Result<(), Refusal> {
        let Json::Array(alternatives) = alternatives else { return Err(Refusal::Invalid) };
        let before = std::mem::take(branches);
        for alternative in alternatives {
            let Json::Object(members) = alternative else { return Err(Refusal::Invalid) };
            self.budget.spend(before.iter().map(|branch| 8 + branch.len()).sum())?;
            let mut longer = if before.is_empty() { vec![Branch::new()] } else { before.clone() };
            self.object(&mut longer, path, members, true)?;
            branches.extend(longer);
        }
        if alternatives.len() < 2 { Err(Refusal::Invalid) } else { Ok(()) }
    }
}

fn value_list(values: &[Json]) -> Option<Vec<Test>> {
    let mut tests = Vec::new();
    for value in values {
        match value {
            Json::Object(members) => tests.push(operator(members)?),
            // A bare string that is an address is compared as one.
            Json::Text(text) => tests.push(match parse_address(text) {
                Some(address) => Test::Block(Block::of(address)),
                None => Test::Text(text.clone()),
            }),
            Json::Number(token) => {
                tests.extend(comparable(token).map(Test::Number));
                tests.push(Test::Token(token.clone()));
            }
            Json::Word(word) => tests.push(Test::Token((*word).to_owned())),
            Json::Array(_) => return None,
        }
    }
    (!tests.is_empty()).then_some(tests)
}

/// The one member of an object that may have only one.
fn only(members: &[(Text, Json)]) -> Option<(String, &Json)> {
    match members {
        [(key, value)] => Some((String::from_utf16(key).ok()?, value)),
        _ => None,
    }
}

fn string(value: &Json) -> Option<&Text> {
    match value {
        Json::Text(text) => Some(text),
        _ => None,
    }
}

fn operator(members: &[(Text, Json)]) -> Option<Test> {
    let (name, operand) = only(members)?;
    match name.as_str() {
        "exactly" => Some(Test::Text(string(operand)?.clone())),
        "prefix" | "suffix" => Some(Test::Shape(match operand {
            Json::Object(inner) => {
                let (inner, operand) = only(inner)?;
                if inner != "equals-ignore-case" {
                    return None;
                }
                let text = string(operand)?;
                match name.as_str() {
                    "prefix" => Shape::FoldedPrefix(folded(&quoted(text, Quotes::BEFORE))),
                    _ => Shape::FoldedSuffix(folded(&quoted(text, Quotes::AFTER))),
                }
            }
            _ => affix(&name, string(operand)?),
        })),
        "equals-ignore-case" => Some(Test::Shape(Shape::Folded(folded(&quoted(string(operand)?, Quotes::AROUND))))),
        "wildcard" => Some(Test::Shape(Shape::Wildcard(wildcard(string(operand)?)?))),
        "exists" => match operand {
            Json::Word("true") => Some(Test::Exists),
            Json::Word("false") => Some(Test::Absent),
            _ => None,
        },
        "cidr" => Some(Test::Block(parse_block(string(operand)?)?)),
        "numeric" => match operand {
            Json::Array(terms) => numeric(terms),
            _ => None,
        },
        "anything-but" => anything_but(operand),
        _ => None,
    }
}

fn affix(name: &str, text: &Text) -> Shape {
    match name {
        "prefix" => Shape::Prefix(question_marked(&quoted(text, Quotes::BEFORE))),
        _ => Shape::Suffix(question_marked(&quoted(text, Quotes::AFTER))),
    }
}

fn numeric(terms: &[Json]) -> Option<Test> {
    let comparison = |term: &Json| String::from_utf16(string(term)?).ok();
    let bound = |term: &Json| match term {
        Json::Number(token) => comparable(token),
        _ => None,
    };
    let between = |low, low_open, high, high_open| Test::Between { low, low_open, high, high_open };
    match terms {
        [name, number] => {
            let (name, number) = (comparison(name)?, bound(number)?);
            match name.as_str() {
                "=" => Some(Test::Number(number)),
                // An open end is the largest double.
                "<" | "<=" => Some(between(f64::MIN, false, number, name == "<")),
                ">" | ">=" => Some(between(number, name == ">", f64::MAX, false)),
                _ => None,
            }
        }
        [low_name, low, high_name, high] => {
            let (low_name, low, high_name, high) =
                (comparison(low_name)?, bound(low)?, comparison(high_name)?, bound(high)?);
            let named = matches!(low_name.as_str(), ">" | ">=") && matches!(high_name.as_str(), "<" | "<=");
            (named && low < high).then(|| between(low, low_name == ">", high, high_name == "<"))
        }
        _ => None,
    }
}

fn anything_but(operand: &Json) -> Option<Test> {
    let Json::Object(inner) = operand else {
        let items = one_or_many(operand)?;
        let texts: Option<Vec<Text>> = items.iter().map(|item| string(item).cloned()).collect();
        if let Some(texts) = texts {
            return Some(Test::NotTexts(texts));
        }
        let numbers: Option<Vec<f64>> = items
            .iter()
            .map(|item| match item {
                Json::Number(token) => comparable(token),
                _ => None,
            })
            .collect();
        return Some(Test::NotNumbers(numbers?));
    };
    let (name, operand) = only(inner)?;
    let mut shapes = Vec::new();
    for item in one_or_many(operand)? {
        let text = string(item)?;
        shapes.push(match name.as_str() {
            "prefix" | "suffix" if text.is_empty() => return None,
            "prefix" | "suffix" => affix(&name, text),
            "equals-ignore-case" => Shape::Folded(folded(&quoted(text, Quotes::AROUND))),
            "wildcard" => Shape::Wildcard(wildcard(text)?),
            _ => return None,
        });
    }
    Some(Test::NotShapes(shapes))
}

/// The items of a list that is not empty, or the one value that stands for it.
fn one_or_many(operand: &Json) -> Option<&[Json]> {
    match operand {
        Json::Array(items) if items.is_empty() => None,
        Json::Array(items) => Some(items),
        other => Some(std::slice::from_ref(other)),
    }
}

/// Which quotes a byte-wise test takes with it.
struct Quotes {
    before: bool,
    after: bool,
}

impl Quotes {
    const BEFORE: Quotes = Quotes { before: true, after: false };
    const AFTER: Quotes = Quotes { before: false, after: true };
    const AROUND: Quotes = Quotes { before: true, after: true };
}

fn quoted(text: &Text, quotes: Quotes) -> Text {
    let quote = |wanted: bool| wanted.then_some(u16::from(b'"'));
    quote(quotes.before).into_iter().chain(text.iter().copied()).chain(quote(quotes.after)).collect()
}

/// Lower and upper case of every unit. Half a surrogate pair has neither, and is a question mark in bytes.
fn folded(text: &Text) -> Folded {
    text.iter()
        .map(|unit| match char::from_u32(u32::from(*unit)) {
            Some(unit) => [unit.to_lowercase().to_string().into_bytes(), unit.to_uppercase().to_string().into_bytes()],
            None => [b"?".to_vec(), b"?".to_vec()],
        })
        .collect()
}

/// The steps of a wildcard, quotes included. `\*` and `\\` are the only escapes, and two stars in a row are refused.
fn wildcard(text: &Text) -> Option<Vec<Glob>> {
    let bytes = question_marked(&quoted(text, Quotes::AROUND));
    let mut steps = Vec::new();
    let mut rest = bytes.as_slice();
    loop {
        rest = match rest {
            [] => return Some(steps),
            [b'*', b'*', ..] => return None,
            [b'*', rest @ ..] => {
                steps.push(Glob::Any);
                rest
            }
            [b'\\', escaped @ (b'*' | b'\\'), rest @ ..] => {
                steps.push(Glob::Byte(*escaped));
                rest
            }
            [b'\\', ..] => return None,
            [byte, rest @ ..] => {
                steps.push(Glob::Byte(*byte));
                rest
            }
        };
    }
}
