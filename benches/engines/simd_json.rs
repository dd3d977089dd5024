//! simd-json's tape: alone, and with a walk over it.
//!
//! It parses in place, so each record is copied first; into a padded buffer, which spares it a copy of its own.

use std::borrow::Cow;

use simd_json::{Buffers, INPUT_PADDING, Node, StaticNode, Tape};

use super::{Answer, Engine, Prepared, Validates};
use crate::payload::Payload;
use crate::plain::{Filters, Found, Scalar, Tree};
use crate::workloads::{View, Workload};

/// Tape, walk, filters.
pub struct Walk;

/// Nothing but the tape: what parsing costs.
pub struct TapeAlone;

impl Engine for Walk {
    fn name(&self) -> &'static str {
        "simd-json"
    }

    fn mode(&self) -> &'static str {
        "tape and walk"
    }

    fn validates(&self) -> Validates {
        Validates::Records
    }

    fn prepare(&self, workload: &Workload) -> Result<Box<dyn Prepared>, String> {
        let filters = Filters::parse(&workload.payload_patterns());
        Ok(Box::new(Ready { parser: Parser::new(workload.payload), filters: Some(filters) }))
    }
}

impl Engine for TapeAlone {
    fn name(&self) -> &'static str {
        "simd-json"
    }

    fn mode(&self) -> &'static str {
        "tape alone"
    }

    fn validates(&self) -> Validates {
        Validates::Records
    }

    fn answer(&self) -> Answer {
        Answer::Valid
    }

    fn prepare(&self, workload: &Workload) -> Result<Box<dyn Prepared>, String> {
        Ok(Box::new(Ready { parser: Parser::new(workload.payload), filters: None }))
    }
}

struct Ready {
    parser: Parser,
    filters: Option<Filters>,
}

impl Prepared for Ready {
    fn run(&mut self, records: View<'_>) -> usize {
        let mut count = 0;
        for record in records.iter() {
            let filters = self.filters.as_ref();
            let passes = |nodes: &[Node<'_>]| {
                filters.is_none_or(|filters| {
                    let mut found = Found::new();
                    find(nodes, 0, filters.tree(), &mut found);
                    filters.match_found(&found)
                })
            };
            count += usize::from(self.parser.parse(record, passes));
        }
        count
    }
}

/// Everything that is used again for the next record.
struct Parser {
    payload: Payload,
    decoded: Vec<u8>,
    copy: Vec<u8>,
    buffers: Buffers,
    tape: Option<Tape<'static>>,
}

impl Parser {
    fn new(payload: Payload) -> Parser {
        let (decoded, copy, buffers) = (Vec::new(), Vec::new(), Buffers::default());
        Parser { payload, decoded, copy, buffers, tape: Some(Tape::null().reset()) }
    }

    /// False if the record is malformed; otherwise what `passes` says.
    fn parse(&mut self, record: &[u8], passes: impl FnOnce(&[Node<'_>]) -> bool) -> bool {
        let Some(document) = self.payload.decode(record, &mut self.decoded) else { return false };
        let length = document.len();
        self.copy.clear();
        self.copy.extend_from_slice(document);
        self.copy.resize(length + INPUT_PADDING, 0);
        let mut tape: Tape<'_> = self.tape.take().unwrap_or_else(Tape::null).reset();
        let parsed = simd_json::fill_tape_padded(&mut self.copy, length, &mut self.buffers, &mut tape);
        let answer = parsed.is_ok() && passes(&tape.0);
        self.tape = Some(tape.reset());
        answer
    }
}

/// Finds the leaves at the paths of a tree, from node `at`; arrays do not count as a step.
fn find<'d>(nodes: &[Node<'d>], at: usize, tree: &Tree, found: &mut Found<'d>) {
    match nodes[at] {
        Node::Object { len, .. } => {
            let mut next = at + 1;
            for _ in 0..len {
                let Node::String(key) = nodes[next] else { return };
                if let Some(child) = tree.child(key) {
                    find(nodes, next + 1, child, found);
                }
                next = after(nodes, next + 1);
            }
        }
        Node::Array { len, .. } => {
            let mut next = at + 1;
            for _ in 0..len {
                find(nodes, next, tree, found);
                next = after(nodes, next);
            }
        }
        Node::String(text) => found.extend(tree.path.map(|path| (path, Scalar::Text(Cow::Borrowed(text))))),
        Node::Static(node) => found.extend(tree.path.map(|path| (path, number(node)))),
    }
}

/// The node after the value at `at`.
fn after(nodes: &[Node<'_>], at: usize) -> usize {
    match nodes[at] {
        Node::Object { count, .. } | Node::Array { count, .. } => at + 1 + count,
        _ => at + 1,
    }
}

fn number(node: StaticNode) -> Scalar<'static> {
    match node {
        StaticNode::Null => Scalar::Null,
        StaticNode::Bool(bool) => Scalar::Bool(bool),
        StaticNode::F64(number) => Scalar::Number(number),
        StaticNode::I64(number) => Scalar::Number(number as f64),
        StaticNode::U64(number) => Scalar::Number(number as f64),
    }
}
