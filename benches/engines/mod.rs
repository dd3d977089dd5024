//! Ours and its peers, behind one trait. One file an engine; [`all`] is the list.

pub mod eventsieve;
pub mod jaq;
pub mod memmem;
pub mod quamina;
pub mod serde;
pub mod simd_json;
pub mod sonic;

use crate::workloads::{View, Workload};

/// Something that can be asked about the records of a workload.
pub trait Engine: Sync {
    /// Its name, with the version where a peer's matters.
    fn name(&self) -> &'static str;

    /// In which way it is used.
    fn mode(&self) -> &'static str;

    /// What it has found valid of the records it is done with.
    fn validates(&self) -> Validates;

    /// What the number means that a run returns.
    fn answer(&self) -> Answer {
        Answer::Matches
    }

    /// Makes it ready for a workload.
    ///
    /// # Errors
    /// In a few words, why it can not be asked.
    fn prepare(&self, workload: &Workload) -> Result<Box<dyn Prepared>, String>;
}

/// An engine ready for one workload.
pub trait Prepared {
    /// Goes through records and counts, as its [`Answer`] says.
    fn run(&mut self, records: View<'_>) -> usize;

    /// Bytes that its compiled filters take, if it can tell.
    fn compiled_bytes(&self) -> Option<usize> {
        None
    }
}

/// How much of the records an engine has validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validates {
    /// Every record, to its end.
    Records,
    /// Every record that it lets through, to its end.
    Matches,
    /// What it read: it stops where its last field is found, or skips without looking.
    PartlyRead,
    /// Nothing.
    Nothing,
}

impl Validates {
    /// For rows.
    pub fn label(self) -> &'static str {
        match self {
            Validates::Records => "records",
            Validates::Matches => "matches",
            Validates::PartlyRead => "partly",
            Validates::Nothing => "nothing",
        }
    }

    /// Whether a match is known to be valid JSON.
    pub fn is_sound(self) -> bool {
        matches!(self, Validates::Records | Validates::Matches)
    }
}

/// What an engine counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Records that match.
    Matches,
    /// Records that hold the literal, at least those that match.
    Candidates,
    /// Valid records; it looks at no filter.
    Valid,
}

impl Answer {
    /// Whether the count is right for the first `count` records of a workload.
    pub fn is_right(self, answer: usize, workload: &Workload, count: usize) -> bool {
        match self {
            Answer::Matches => answer == workload.matches_among(count),
            Answer::Candidates => (workload.matches_among(count)..=count).contains(&answer),
            Answer::Valid => answer == count,
        }
    }
}

/// All engines in the order of the table, ours in its default mode first.
pub fn all() -> Vec<&'static dyn Engine> {
    let mut engines: Vec<&'static dyn Engine> = Vec::new();
    engines.extend(eventsieve::MODES.iter().map(|mode| mode as &dyn Engine));
    engines.extend([&quamina::Quamina as &dyn Engine, &simd_json::Walk, &simd_json::TapeAlone]);
    engines.extend([&sonic::Checked as &dyn Engine, &sonic::Unchecked]);
    engines.extend([&serde::Whole as &dyn Engine, &serde::Fields, &serde::Ignored, &jaq::Jaq, &memmem::Memmem]);
    engines
}

/// Ours in its default mode, and quamina.
pub fn ours_and_quamina() -> [&'static dyn Engine; 2] {
    [&eventsieve::MODES[0], &quamina::Quamina]
}
