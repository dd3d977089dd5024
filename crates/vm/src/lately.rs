//! What the records before were like: guesses about the next ones that only speed depends on.

/// How far records that are trusted are read, lately.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    records: u32,
    read: u64,
    total: u64,
    long: bool,
}

impl Reach {
    /// Records after which it is found anew.
    const WINDOW: u32 = 64;

    /// Whether the first few bytes are enough; so it is taken to be until it is known.
    pub(crate) fn is_short(&self) -> bool {
        !self.long
    }

    pub(crate) fn count(&mut self, read: usize, total: usize) {
        self.records += 1;
        self.read += read as u64;
        self.total += total as u64;
        if self.records == Reach::WINDOW {
            *self = Reach { long: self.read > self.total / 4, ..Reach::default() };
        }
    }
}

/// How many of the records that are read match, lately.
///
/// A record that matches is proved, and whoever proves it has indexed it. So where most match, they are proved first
/// and the walk has the same bitmaps; where few do, walking unproved is cheaper.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rate {
    read: u32,
    matched: u32,
    high: bool,
}

impl Rate {
    /// Records after which it is found anew.
    const WINDOW: u32 = 128;

    pub(crate) fn is_high(&self) -> bool {
        self.high
    }

    pub(crate) fn count(&mut self, matched: bool) {
        self.read += 1;
        self.matched += u32::from(matched);
        if self.read == Rate::WINDOW {
            *self = Rate { high: self.matched * 4 > Rate::WINDOW * 3, ..Rate::default() };
        }
    }
}
