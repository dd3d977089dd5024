//! sonic-rs `get_many`: looks for the fields, skips what lies between by SIMD, and stops at the last of them.
//!
//! Checked, it validates what it reads and skips; unchecked, it trusts. It finds no paths through arrays.

use std::borrow::Cow;

use sonic_rs::{JsonValueTrait, LazyValue, PointerTree};

use super::{Engine, Prepared, Validates};
use crate::payload::Payload;
use crate::plain::{Filters, Found, Scalar};
use crate::workloads::{View, Workload};

/// `get_many`.
pub struct Checked;

/// `get_many_unchecked`.
pub struct Unchecked;

impl Engine for Checked {
    fn name(&self) -> &'static str {
        "sonic-rs"
    }

    fn mode(&self) -> &'static str {
        "get_many"
    }

    fn validates(&self) -> Validates {
        Validates::PartlyRead
    }

    fn prepare(&self, workload: &Workload) -> Result<Box<dyn Prepared>, String> {
        prepare(workload, get_checked)
    }
}

impl Engine for Unchecked {
    fn name(&self) -> &'static str {
        "sonic-rs"
    }

    fn mode(&self) -> &'static str {
        "unchecked"
    }

    fn validates(&self) -> Validates {
        Validates::Nothing
    }

    fn prepare(&self, workload: &Workload) -> Result<Box<dyn Prepared>, String> {
        prepare(workload, get_unchecked)
    }
}

/// The values at the paths of the tree.
type Get = for<'d> fn(&'d [u8], &PointerTree) -> Option<Vec<Option<LazyValue<'d>>>>;

fn get_checked<'d>(document: &'d [u8], tree: &PointerTree) -> Option<Vec<Option<LazyValue<'d>>>> {
    sonic_rs::get_many(document, tree).ok()
}

fn get_unchecked<'d>(document: &'d [u8], tree: &PointerTree) -> Option<Vec<Option<LazyValue<'d>>>> {
    // SAFETY: `Workload::verify` has parsed the workload's records, and their payloads, as JSON.
    unsafe { sonic_rs::get_many_unchecked(document, tree) }.ok()
}

fn prepare(workload: &Workload, get: Get) -> Result<Box<dyn Prepared>, String> {
    let filters = Filters::parse(&workload.payload_patterns());
    let mut tree = PointerTree::new();
    filters.paths().iter().for_each(|path| tree.add_path(path.iter()));
    Ok(Box::new(Ready { payload: workload.payload, decoded: Vec::new(), filters, tree, get }))
}

struct Ready {
    payload: Payload,
    decoded: Vec<u8>,
    filters: Filters,
    tree: PointerTree,
    get: Get,
}

impl Prepared for Ready {
    fn run(&mut self, records: View<'_>) -> usize {
        let mut matches = 0;
        for record in records.iter() {
            let Some(document) = self.payload.decode(record, &mut self.decoded) else { continue };
            let Some(values) = (self.get)(document, &self.tree) else { continue };
            let mut found = Found::new();
            for (path, value) in values.iter().enumerate() {
                found.extend(value.as_ref().and_then(scalar).map(|scalar| (path, scalar)));
            }
            matches += usize::from(self.filters.match_found(&found));
        }
        matches
    }
}

fn scalar<'v>(value: &'v LazyValue<'_>) -> Option<Scalar<'v>> {
    if let Some(text) = value.as_str() {
        Some(Scalar::Text(Cow::Borrowed(text)))
    } else if let Some(number) = value.as_f64() {
        Some(Scalar::Number(number))
    } else if let Some(bool) = value.as_bool() {
        Some(Scalar::Bool(bool))
    } else {
        value.is_null().then_some(Scalar::Null)
    }
}
