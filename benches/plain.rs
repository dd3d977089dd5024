//! Filters as plain data and the plain way to apply them: what a program without a filter engine would do.
//!
//! This is the naive loop that workloads are checked against, and the matching half of the peers that only parse. It knows the
//! operators that the workloads use, and arrays of scalars; it does not know `$or` or the consistency of arrays of objects.

use std::borrow::Cow;

use serde_json::Value;
use smallvec::SmallVec;

/// A leaf of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'d> {
    /// A string, unescaped.
    Text(Cow<'d, str>),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// Leaves that stand at paths a filter asks for.
pub type Found<'d> = SmallVec<[(usize, Scalar<'d>); 8]>;

/// A condition on one leaf.
#[derive(Debug, Clone)]
enum Test {
    Equals(Scalar<'static>),
    Prefix(String),
    Suffix(String),
    Wildcard(Vec<String>),
    IgnoreCase(String),
    Range(Vec<(String, f64)>),
    AnythingBut(Vec<Scalar<'static>>),
    Exists(bool),
}

/// What must hold at one path.
#[derive(Debug, Clone)]
struct Condition {
    path: usize,
    tests: Vec<Test>,
}

/// Filters, each a list of conditions; a record matches if all of one filter's hold.
#[derive(Debug, Clone)]
pub struct Filters {
    paths: Vec<Vec<String>>,
    filters: Vec<Vec<Condition>>,
    tree: Tree,
}

/// The paths of all filters, by their first key.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Which path ends here.
    pub path: Option<usize>,
    /// What follows which key.
    pub children: Vec<(String, Tree)>,
}

impl Tree {
    /// What follows a key.
    pub fn child(&self, key: &str) -> Option<&Tree> {
        self.children.iter().find(|(name, _)| name == key).map(|(_, child)| child)
    }

    fn insert(&mut self, path: &[String], number: usize) {
        let Some((key, rest)) = path.split_first() else {
            self.path = Some(number);
            return;
        };
        let at = self.children.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
            self.children.push((key.clone(), Tree::default()));
            self.children.len() - 1
        });
        self.children[at].1.insert(rest, number);
    }
}

impl Filters {
    /// Reads patterns.
    ///
    /// # Panics
    /// If one of them uses what the workloads do not.
    pub fn parse(patterns: &[String]) -> Filters {
        let mut filters = Filters { paths: Vec::new(), filters: Vec::new(), tree: Tree::default() };
        let mut numbers = std::collections::HashMap::new();
        for pattern in patterns {
            let value: Value = serde_json::from_str(pattern).expect("a workload's patterns are JSON");
            let mut conditions = Vec::new();
            collect(&value, &mut Vec::new(), &mut |path, tests| {
                let next = numbers.len();
                let number = *numbers.entry(path.to_vec()).or_insert(next);
                if number == next {
                    filters.paths.push(path.to_vec());
                    filters.tree.insert(path, number);
                }
                conditions.push(Condition { path: number, tests: tests.iter().map(test).collect() });
            });
            filters.filters.push(conditions);
        }
        filters
    }

    /// The paths that filters ask for.
    pub fn paths(&self) -> &[Vec<String>] {
        &self.paths
    }

    /// The same as a tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// How many filters there are.
    pub fn filter_count(&self) -> usize {
        self.filters.len()
    }

    /// Whether any filter matches what was found of a record.
    pub fn match_found(&self, found: &[(usize, Scalar<'_>)]) -> bool {
        self.filters.iter().any(|conditions| conditions.iter().all(|condition| condition.holds(found)))
    }

    /// Whether any filter matches a document.
    pub fn match_value(&self, document: &Value) -> bool {
        let mut found = Found::new();
        find(document, &self.tree, &mut found);
        self.match_found(&found)
    }
}

/// Calls back for every leaf of a pattern.
fn collect(pattern: &Value, path: &mut Vec<String>, each: &mut impl FnMut(&[String], &[Value])) {
    match pattern {
        Value::Object(members) => {
            for (key, value) in members {
                path.push(key.clone());
                collect(value, path, each);
                path.pop();
            }
        }
        Value::Array(tests) => each(path, tests),
        other => panic!("not a pattern: {other}"),
    }
}

fn scalar(value: &Value) -> Scalar<'static> {
    match borrowed_scalar(value) {
        Some(Scalar::Text(text)) => Scalar::Text(Cow::Owned(text.into_owned())),
        Some(Scalar::Number(number)) => Scalar::Number(number),
        Some(Scalar::Bool(bool)) => Scalar::Bool(bool),
        Some(Scalar::Null) => Scalar::Null,
        None => panic!("not a scalar: {value}"),
    }
}

fn borrowed_scalar(value: &Value) -> Option<Scalar<'_>> {
    Some(match value {
        Value::String(text) => Scalar::Text(Cow::Borrowed(text)),
        Value::Number(number) => Scalar::Number(number.as_f64()?),
        Value::Bool(bool) => Scalar::Bool(*bool),
        Value::Null => Scalar::Null,
        Value::Array(_) | Value::Object(_) => return None,
    })
}

fn test(value: &Value) -> Test {
    let Value::Object(operator) = value else { return Test::Equals(scalar(value)) };
    let (name, operand) = operator.iter().next().expect("an operator has a name");
    let text = || operand.as_str().expect("the operand is a string").to_owned();
    match name.as_str() {
        "prefix" => Test::Prefix(text()),
        "suffix" => Test::Suffix(text()),
        "wildcard" => Test::Wildcard(text().split('*').map(str::to_owned).collect()),
        "equals-ignore-case" => Test::IgnoreCase(text().to_lowercase()),
        "anything-but" => match operand {
            Value::Array(values) => Test::AnythingBut(values.iter().map(scalar).collect()),
            value => Test::AnythingBut(vec![scalar(value)]),
        },
        "exists" => Test::Exists(operand.as_bool().expect("the operand is a boolean")),
        "numeric" => {
            let parts = operand.as_array().expect("the operand is a list");
            let bound = |pair: &[Value]| Some((pair[0].as_str()?.to_owned(), pair[1].as_f64()?));
            Test::Range(parts.chunks_exact(2).map(|pair| bound(pair).expect("a comparison and a number")).collect())
        }
        other => panic!("the workloads do not use {other}"),
    }
}

/// Finds the leaves at the paths of a tree; arrays do not count as a step.
fn find<'d>(value: &'d Value, tree: &Tree, found: &mut Found<'d>) {
    match value {
        Value::Object(members) => {
            for (key, child) in &tree.children {
                if let Some(value) = members.get(key) {
                    find(value, child, found);
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| find(element, tree, found)),
        leaf => {
            if let Some(path) = tree.path {
                found.extend(borrowed_scalar(leaf).map(|scalar| (path, scalar)));
            }
        }
    }
}

impl Condition {
    fn holds(&self, found: &[(usize, Scalar<'_>)]) -> bool {
        let here = found.iter().filter(|(path, _)| *path == self.path).map(|(_, scalar)| scalar);
        self.tests.iter().any(|test| match test {
            Test::Exists(false) => here.clone().next().is_none(),
            test => here.clone().any(|scalar| test.accepts(scalar)),
        })
    }
}

impl Test {
    fn accepts(&self, scalar: &Scalar<'_>) -> bool {
        match (self, scalar) {
            (Test::Equals(wanted), scalar) => wanted == scalar,
            (Test::Prefix(prefix), Scalar::Text(text)) => text.starts_with(prefix.as_str()),
            (Test::Suffix(suffix), Scalar::Text(text)) => text.ends_with(suffix.as_str()),
            (Test::Wildcard(pieces), Scalar::Text(text)) => glob(pieces, text),
            (Test::IgnoreCase(wanted), Scalar::Text(text)) => text.to_lowercase() == *wanted,
            (Test::Range(bounds), Scalar::Number(number)) => {
                bounds.iter().all(|(comparison, bound)| match &**comparison {
                    "<" => number < bound,
                    "<=" => number <= bound,
                    ">" => number > bound,
                    ">=" => number >= bound,
                    _ => number == bound,
                })
            }
            (Test::AnythingBut(values), scalar) => !values.contains(scalar),
            (Test::Exists(wanted), _) => *wanted,
            _ => false,
        }
    }
}

/// Whether a text is the pieces in their order with anything between them.
fn glob(pieces: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else { return pieces.first().is_some_and(|only| only == text) };
    let Some(mut rest) = text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str())) else {
        return false;
    };
    middle.iter().all(|piece| match rest.find(piece.as_str()) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}
