//! quamina 0.7, the peer: an automaton beside a parser that stops at the last field it needs.
//!
//! Built with limits raised so that the largest sets fit, in its default mode (`BuiltForComfort`), which is the faster one
//! for these filters. It is handed decoded payloads.

use super::{Engine, Prepared, Validates};
use crate::payload::Payload;
use crate::workloads::{View, Workload};
use quamina::QuaminaBuilder;

/// The engine.
pub struct Quamina;

/// A compiled set of filters.
pub type Matcher = quamina::Quamina<u32>;

/// Compiles a workload's filters.
///
/// # Errors
/// What quamina says if it refuses one.
pub fn compile(patterns: &[String]) -> Result<Matcher, String> {
    const BYTES: usize = 4 << 30;
    const STATES: usize = 1 << 20;
    let builder = QuaminaBuilder::new().with_arena_byte_budget(BYTES).with_max_states_per_pattern(STATES);
    let mut matcher: Matcher = builder.build().map_err(|error| error.to_string())?;
    for (number, pattern) in patterns.iter().enumerate() {
        matcher.add_pattern(number as u32, pattern).map_err(|error| error.to_string())?;
    }
    Ok(matcher)
}

impl Engine for Quamina {
    fn name(&self) -> &'static str {
        "quamina 0.7"
    }

    fn mode(&self) -> &'static str {
        "default"
    }

    fn validates(&self) -> Validates {
        Validates::PartlyRead
    }

    fn prepare(&self, workload: &Workload) -> Result<Box<dyn Prepared>, String> {
        let matcher = compile(&workload.payload_patterns())?;
        Ok(Box::new(Ready { matcher, payload: workload.payload, buffer: Vec::new() }))
    }
}

struct Ready {
    matcher: Matcher,
    payload: Payload,
    buffer: Vec<u8>,
}

impl Prepared for Ready {
    fn run(&mut self, records: View<'_>) -> usize {
        let mut matches = 0;
        for record in records.iter() {
            let Some(document) = self.payload.decode(record, &mut self.buffer) else { continue };
            matches += usize::from(self.matcher.has_matches(document).unwrap_or(false));
        }
        matches
    }

    fn compiled_bytes(&self) -> Option<usize> {
        Some(self.matcher.matcher_stats().bytes)
    }
}
