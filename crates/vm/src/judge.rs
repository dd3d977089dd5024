//! From the hits of a record to the filters that it meets: tests are run, and what they satisfy is resolved.

use eventsieve_program::format::NONE;
use eventsieve_program::{View, text};

use crate::cursor::{Buffer, Located};
use crate::exec::{self, Value};
use crate::irregular::{GaveUp, Search, Sources};
use crate::plan::flat::Flat;
use crate::plan::{self, Plans};
use crate::resolve::{Few, Resolve};
use crate::walk::{Hit, HitValue};

/// What the tests of a record's values need.
pub(crate) struct Tests<'r> {
    pub(crate) plans: &'r Plans,
    pub(crate) flat: Option<&'r Flat>,
    pub(crate) memory: &'r mut plan::Memory,
    pub(crate) bytes: &'r Bytes<'r>,
    pub(crate) texts: &'r mut Texts,
}

impl Tests<'_> {
    /// Runs the tests of a leaf against a value, by its plan if it has one.
    #[inline]
    pub(crate) fn run(&mut self, view: &View<'_>, leaf: u32, value: HitValue, satisfied: impl FnMut(u32)) {
        let value = self.bytes.value(value, self.texts);
        match self.plans.of(leaf) {
            Some(plan) => plan.run(view, value, self.memory, satisfied),
            None => exec::exec(view, view.leaf(leaf).pc, value, satisfied),
        }
    }
}

/// Runs the hits of a record through tests and resolution.
pub(crate) fn judge(view: &View<'_>, hits: &[Hit], tests: &mut Tests<'_>, resolve: &mut Resolve) {
    if let Some(flat) = tests.flat
        && !hits.iter().any(|hit| matches!(hit, Hit::Open { .. }))
    {
        for hit in hits {
            if let Hit::Value { leaf, value } = *hit {
                resolve.see(leaf);
                tests.run(view, leaf, value, |slot| resolve.satisfy_flat(slot));
            }
        }
        resolve.finish_without_scopes(view, flat);
        return;
    }
    for hit in hits {
        match *hit {
            Hit::Open { depth, .. } => resolve.open(depth),
            Hit::Close => resolve.close(view),
            Hit::Value { leaf, value } => {
                resolve.see(leaf);
                tests.run(view, leaf, value, |slot| resolve.satisfy(view, slot));
            }
        }
    }
    resolve.finish(view);
}

/// As [`judge`], where there are neither gates nor many slots, so that scopes mean nothing.
pub(crate) fn judge_few(
    view: &View<'_>,
    few: &Few,
    hits: &[Hit],
    tests: &mut Tests<'_>,
    resolve: &mut Resolve,
    when: u8,
) {
    let (satisfied, seen) = bits(view, hits, tests);
    resolve.accept_few(few, satisfied, seen, when);
}

/// The slots that hits satisfy and the leaves they are at, a bit each.
#[inline]
pub(crate) fn bits(view: &View<'_>, hits: &[Hit], tests: &mut Tests<'_>) -> (u64, u64) {
    let (mut satisfied, mut seen) = (0_u64, 0_u64);
    for hit in hits {
        if let Hit::Value { leaf, value } = *hit {
            seen |= 1 << leaf;
            tests.run(view, leaf, value, |slot| satisfied |= 1 << slot);
        }
    }
    (satisfied, seen)
}

/// As [`judge`], by search; filters for which that takes too long are judged by scopes after all.
pub(crate) fn judge_irregular(
    view: &View<'_>,
    sources: &Sources,
    hits: &[Hit],
    tests: &mut Tests<'_>,
    resolve: &mut Resolve,
    search: &mut Search,
) {
    search.begin();
    for hit in hits {
        match *hit {
            Hit::Open { array, .. } => search.open(array),
            Hit::Close => search.close(),
            Hit::Value { leaf, value } => {
                resolve.see(leaf);
                search.value(leaf);
                tests.run(view, leaf, value, |slot| {
                    resolve.satisfy_flat(slot);
                    search.satisfy(slot);
                });
            }
        }
    }
    search.seal();
    resolve.finish_flat(view);
    for index in 0..view.gate_len() {
        let gate = view.gate(index);
        if gate.parent != NONE || gate.when() & resolve.when() == 0 || resolve.has_accepted(gate.filter) {
            continue;
        }
        match search.holds(view, sources, index) {
            Ok(true) => resolve.accept(gate.filter),
            Ok(false) => {}
            Err(GaveUp) => search.gave_up.push(gate.filter),
        }
    }
    if search.gave_up.is_empty() {
        return;
    }
    search.found.clear();
    search.found.extend_from_slice(&resolve.accepted);
    resolve.begin(hits.len(), resolve.when());
    judge(view, hits, tests, resolve);
    resolve.accepted.retain(|filter| search.gave_up.contains(filter) && !search.found.contains(filter));
    resolve.accepted.extend_from_slice(&search.found);
}

/// The buffers that hits point into.
pub(crate) struct Bytes<'b> {
    pub(crate) record: &'b [u8],
    pub(crate) parsed: &'b [u8],
    pub(crate) payload: &'b [u8],
    pub(crate) beside: &'b [u8],
    pub(crate) text: &'b [u8],
}

/// Text of the value at hand, where it must be made.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// Decoded.
    pub(crate) decoded: Vec<u8>,
    /// The same with lone surrogates replaced.
    pub(crate) replaced: Vec<u8>,
}

impl<'b> Bytes<'b> {
    pub(crate) fn at(&self, located: Located) -> &'b [u8] {
        let buffer = match located.buffer {
            Buffer::Record => self.record,
            Buffer::Parsed => self.parsed,
            Buffer::Payload => self.payload,
            Buffer::Beside => self.beside,
            Buffer::Text => self.text,
        };
        &buffer[located.start as usize..][..located.len as usize]
    }

    /// The value as tests see it.
    pub(crate) fn value<'v>(&self, value: HitValue, texts: &'v mut Texts) -> Value<'v>
    where
        'b: 'v,
    {
        match value {
            HitValue::True => Value::True,
            HitValue::False => Value::False,
            HitValue::Null => Value::Null,
            HitValue::Number(located) => Value::Number(self.at(located)),
            HitValue::String(located) if !located.escaped => {
                let exact = self.at(located);
                Value::String { exact, bytes: exact }
            }
            HitValue::String(located) => {
                let Texts { decoded, replaced } = texts;
                decoded.clear();
                // `check` has accepted the escapes.
                let lone = text::unescape_into(self.at(located), decoded).is_ok_and(|text| text.lone_surrogate);
                let exact: &'v [u8] = decoded;
                if !lone {
                    return Value::String { exact, bytes: exact };
                }
                replaced.clear();
                text::question_marks(exact, replaced);
                Value::String { exact, bytes: replaced }
            }
        }
    }
}
