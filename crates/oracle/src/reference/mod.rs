//! The reference evaluator: the meaning of patterns written down once more, as plainly as possible.
//!
//! Nothing here is clever. A pattern is multiplied out into branches (`compile`), an event is flattened into leaves
//! (`flatten`), and a branch is tried on the leaves one combination at a time (`matching`), so time is exponential in bad
//! cases. A budget of steps turns those into [`Answer::TooExpensive`], which a test skips.
//!
//! *Invariant*: nothing in this folder depends on eventsieve's own crates. When the engine and this disagree, read the
//! specification; sharing code would hide exactly the mistakes this is here to find. Text is kept as UTF-16 units, as the
//! service's own reference keeps it, because its oddities (order of paths, case folding, lone surrogates) are stated in them.
//!
//! What is left out on purpose: the limit on wildcards and the other limits of a dialect.

mod address;
mod compile;
mod flatten;
pub(crate) mod json;
mod matching;
mod number;
mod test;

use std::fmt;

use eventsieve_cases::Expect;

use self::compile::Refusal;

/// Steps that [`judge`] may take: some tens of milliseconds.
pub const DEFAULT_STEPS: u64 = 2_000_000;

/// What a pattern says to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The pattern does not compile. Decided before the event is looked at.
    InvalidPattern,
    /// The pattern is valid, the event is not one JSON object in UTF-8.
    InvalidEvent,
    /// The event passes.
    Match,
    /// The event does not pass.
    NoMatch,
    /// The budget of steps was spent before the answer was found.
    TooExpensive,
}

impl Answer {
    /// The same in the words of case files; `None` for [`Answer::TooExpensive`].
    pub fn expect(self) -> Option<Expect> {
        match self {
            Answer::InvalidPattern => Some(Expect::InvalidPattern),
            Answer::InvalidEvent => Some(Expect::InvalidEvent),
            Answer::Match => Some(Expect::Match),
            Answer::NoMatch => Some(Expect::NoMatch),
            Answer::TooExpensive => None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expect().map_or("too-expensive", Expect::as_str))
    }
}

/// An answer, with what a test must know before it relies on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judged {
    /// The answer.
    pub answer: Answer,
    /// One path was met both inside and outside an array that an earlier path had chosen an element of. The meaning of
    /// that is left open, so an engine may answer otherwise.
    pub mixed_membership: bool,
    /// Wider than `mixed_membership`, and told from the event alone: the leaves of some path the pattern uses do not all
    /// sit in arrays at the same places (`{"a":["x",["y"]]}`, or `a.b` reached through an array and through a dotted key).
    pub uneven_paths: bool,
    /// A path of the pattern has an empty step (`""`, `"a."`, `"a..b"`), where the specification shrugs.
    pub empty_steps: bool,
}

impl Judged {
    /// Whether any engine must give this answer: it was found, and rests on nothing that is left open.
    pub fn is_settled(&self) -> bool {
        self.answer != Answer::TooExpensive && !self.mixed_membership && !self.empty_steps
    }
}

/// The answer to a pattern on an event, within [`DEFAULT_STEPS`].
pub fn answer(pattern: &str, event: &[u8]) -> Answer {
    judge(pattern, event).answer
}

/// The answer to a pattern on an event, with what to know about it, within [`DEFAULT_STEPS`].
pub fn judge(pattern: &str, event: &[u8]) -> Judged {
    judge_within(pattern, event, DEFAULT_STEPS)
}

/// The answer to a pattern on an event, with what to know about it, within a budget of steps.
pub fn judge_within(pattern: &str, event: &[u8], steps: u64) -> Judged {
    let mut judged =
        Judged { answer: Answer::TooExpensive, mixed_membership: false, uneven_paths: false, empty_steps: false };
    let mut budget = Budget { left: steps };
    let compiled = match compile::compile(pattern, &mut budget) {
        Ok(compiled) => compiled,
        Err(Refusal::Invalid) => return Judged { answer: Answer::InvalidPattern, ..judged },
        Err(Refusal::Spent) => return judged,
    };
    judged.empty_steps = compiled.has_empty_steps();
    let Some(root) = json::read_object(event) else {
        return Judged { answer: Answer::InvalidEvent, ..judged };
    };
    let leaves = flatten::flatten(&root, &compiled.used_keys());
    judged.uneven_paths = flatten::uneven(&leaves, |path| compiled.uses(path));
    let mut search = matching::Search::new(&compiled, &leaves, &mut budget);
    let found = search.any_branch();
    judged.mixed_membership = search.met_mixed_membership();
    judged.answer = match found {
        Ok(true) => Answer::Match,
        Ok(false) => Answer::NoMatch,
        Err(Spent) => Answer::TooExpensive,
    };
    judged
}

/// Steps left to take.
struct Budget {
    left: u64,
}

/// The budget is spent.
#[derive(Debug)]
struct Spent;

impl Budget {
    fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        self.left = self.left.checked_sub(steps as u64).ok_or(Spent)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
