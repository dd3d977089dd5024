//! How often each interesting branch was reached.

use std::collections::BTreeMap;
use std::fmt;

/// Counts by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// One more.
    pub fn add(&mut self, branch: &'static str) {
        *self.counts.entry(branch).or_default() += 1;
    }

    /// One more if it is so.
    pub fn add_if(&mut self, so: bool, branch: &'static str) {
        if so {
            self.add(branch);
        }
    }

    /// How often.
    pub fn count(&self, branch: &str) -> u64 {
        self.counts.get(branch).copied().unwrap_or(0)
    }
}

impl fmt::Display for Tally {
    /// `branch 12, other branch 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (branch, count)) in self.counts.iter().enumerate() {
            write!(f, "{}{branch} {count}", if place > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}
