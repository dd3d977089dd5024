//! jaq 3, the jq that is a Rust library: every record is read into a value, and a compiled jq filter is run on it.
//!
//! The filter is what somebody would write who knows the records: plain paths, `[]` where an array lies on the way, and no
//! care for values of another type. Its reader is its own, which takes more than JSON (comments, `NaN`), but takes it to the end.

use std::fmt::Write as _;

use jaq_core::compile::Compiler;
use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Ctx, Filter, Vars, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

use super::{Engine, Prepared, Validates};
use crate::payload::Payload;
use crate::workloads::{View, Workload};

/// The engine.
pub struct Jaq;

impl Engine for Jaq {
    fn name(&self) -> &'static str {
        "jaq 3"
    }

    fn mode(&self) -> &'static str {
        "Val and filter"
    }

    fn validates(&self) -> Validates {
        Validates::Records
    }

    fn prepare(&self, workload: &Workload) -> Result<Box<dyn Prepared>, String> {
        let payload = workload.payload;
        let mut decoded = Vec::new();
        let first = payload.decode(workload.records.view().iter().next().ok_or("no records")?, &mut decoded);
        let sample = serde_json::from_slice(first.ok_or("no payload")?).map_err(|error| error.to_string())?;
        let filters: Result<Vec<String>, String> =
            workload.payload_patterns().iter().map(|pattern| filter(pattern, &sample)).collect();
        let filter = compile(&any(&filters?))?;
        Ok(Box::new(Ready { filter, payload, decoded: Vec::new() }))
    }
}

struct Ready {
    filter: Filter<JustLut<Val>>,
    payload: Payload,
    decoded: Vec<u8>,
}

impl Prepared for Ready {
    fn run(&mut self, records: View<'_>) -> usize {
        let context = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let mut matches = 0;
        for record in records.iter() {
            let Some(document) = self.payload.decode(record, &mut self.decoded) else { continue };
            let Ok(value) = read::parse_single(document) else { continue };
            let mut answers = self.filter.id.run((context.clone(), value)).map(unwrap_valr);
            matches += usize::from(matches!(answers.next(), Some(Ok(Val::Bool(true)))));
        }
        matches
    }
}

fn compile(code: &str) -> Result<Filter<JustLut<Val>>, String> {
    // The standard library, which takes more crates, has only this of what is used, and has it so.
    let code = &*format!("def null: [][0]; {code}");
    let arena = Arena::default();
    let modules = Loader::new(jaq_core::defs()).load(&arena, File { code, path: () });
    let modules = modules.map_err(|_| "jaq cannot read the filter".to_owned())?;
    let functions = jaq_core::funs().chain(jaq_json::funs());
    Compiler::default().with_funs(functions).compile(modules).map_err(|_| "jaq cannot compile the filter".to_owned())
}

/// One of these; none is never. As a tree, for 100,000 in a row are too deep for a parser that recurs.
fn any(conditions: &[String]) -> String {
    match conditions {
        [] => "false".to_owned(),
        [condition] => condition.clone(),
        _ => {
            let (left, right) = conditions.split_at(conditions.len() / 2);
            format!("({} or {})", any(left), any(right))
        }
    }
}

/// A pattern in jq, for records like this one.
fn filter(pattern: &str, sample: &Value) -> Result<String, String> {
    let pattern = serde_json::from_str(pattern).map_err(|error| error.to_string())?;
    let mut conditions = Vec::new();
    collect(
        &pattern,
        Place { path: ".".to_owned(), has: None, sample: Some(sample), in_array: false },
        &mut conditions,
    )?;
    Ok(format!("({})", conditions.join(" and ")))
}

/// Where in a pattern, and in the sample.
struct Place<'s> {
    /// In jq.
    path: String,
    /// In jq, whether it is there.
    has: Option<String>,
    sample: Option<&'s Value>,
    /// Whether the path goes through an array.
    in_array: bool,
}

impl Place<'_> {
    fn child(&self, key: &str) -> Place<'_> {
        let mut step = String::new();
        let _ = write!(step, "[{}]", Value::from(key));
        let mut path = format!("{}{step}", self.path);
        let mut sample = self.sample.and_then(|sample| sample.get(key));
        let mut in_array = self.in_array;
        while let Some(Value::Array(elements)) = sample {
            path.push_str("[]");
            (sample, in_array) = (elements.first(), true);
        }
        let has = Some(format!("({} | has({}))", self.path, Value::from(key)));
        Place { path, has, sample, in_array }
    }
}

fn collect(pattern: &Value, place: Place<'_>, conditions: &mut Vec<String>) -> Result<(), String> {
    match pattern {
        Value::Object(members) => members.iter().try_for_each(|(key, value)| match key.starts_with('$') {
            true => Err(format!("not asked for {key}")),
            false => collect(value, place.child(key), conditions),
        }),
        Value::Array(tests) => {
            let tests: Result<Vec<String>, String> = tests.iter().map(|test| condition(test, &place)).collect();
            conditions.push(any(&tests?));
            Ok(())
        }
        other => Err(format!("not a pattern: {other}")),
    }
}

/// A test of a pattern in jq.
fn condition(test: &Value, place: &Place<'_>) -> Result<String, String> {
    let of_value = |condition: String| match place.in_array {
        true => format!("any({}; {condition})", place.path),
        false => format!("({} | {condition})", place.path),
    };
    let Value::Object(operator) = test else { return Ok(of_value(format!(". == {test}"))) };
    let (name, operand) = operator.iter().next().ok_or("an operator has a name")?;
    match (&**name, operand) {
        ("numeric", Value::Array(bounds)) => {
            let bounds = bounds.chunks_exact(2).map(|pair| match (pair[0].as_str(), &pair[1]) {
                (Some("="), bound) => Ok(format!(". == {bound}")),
                (Some(comparison), bound) => Ok(format!(". {comparison} {bound}")),
                (None, other) => Err(format!("not a comparison: {other}")),
            });
            Ok(of_value(bounds.collect::<Result<Vec<_>, _>>()?.join(" and ")))
        }
        ("anything-but", Value::Array(values)) if values.iter().all(|value| !value.is_object()) => {
            let others = values.iter().map(|value| format!(" and . != {value}"));
            Ok(of_value(format!(". != null{}", others.collect::<String>())))
        }
        ("anything-but", value) if !value.is_object() => Ok(of_value(format!(". != null and . != {value}"))),
        ("exists", Value::Bool(wanted)) => match (&place.has, place.in_array) {
            (Some(has), false) if *wanted => Ok(has.clone()),
            (Some(has), false) => Ok(format!("({has} | not)")),
            _ => Err("not asked what exists in arrays".to_owned()),
        },
        (name, _) => Err(format!("not asked for {name}")),
    }
}
