//! Records and criteria to judge them by, made here, the same on every machine and in every run.
//!
//! One file a kind of record. How many records match is known twice: from how the records are made, and from the loop in
//! [`plain`](crate::plain) that parses every record with `serde_json` and knows no index, automaton or program. A workload
//! in which the two differ panics before anything is timed.
//!
//! [`catalog`] lists them by name: `sqs-1%` is the shape, then the share of records that match. A record that does not match
//! may still hold the literal that a prefilter looks for: there is one such decoy for every two matches.

pub mod arrays;
pub mod citylots;
pub mod dynamodb;
pub mod kafka;
pub mod kinesis;
pub mod many;
pub mod orders;
pub mod random;
pub mod sqs;
pub mod wide;

use eventsieve::Source;

use crate::payload::Payload;
use crate::plain::Filters;
use random::Random;

/// The literal that exact filters look for. No other part of any record holds it.
pub const NEEDLE: &str = "OrderEscalated";

/// Records and the criteria to judge them by.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Shape and share of matches.
    pub name: String,
    /// What the records are.
    pub source: Source,
    /// Where the document that filters look at stands in a record, for engines that know no sources.
    pub payload: Payload,
    /// The patterns, one a filter.
    pub patterns: Vec<String>,
    /// A literal that every match holds in its raw bytes, if there is one.
    pub literal: Option<&'static str>,
    /// The records.
    pub records: Records,
    /// For each record, whether it matches.
    pub expected: Vec<bool>,
}

impl Workload {
    /// How many of the first `count` records match.
    pub fn matches_among(&self, count: usize) -> usize {
        self.expected[..count].iter().filter(|&&matches| matches).count()
    }

    /// How many records match.
    pub fn matches(&self) -> usize {
        self.matches_among(self.expected.len())
    }

    /// The patterns as an engine needs them that is handed the decoded payload: without the payload's key around them.
    pub fn payload_patterns(&self) -> Vec<String> {
        self.patterns.iter().map(|pattern| self.payload.inner_pattern(pattern)).collect()
    }

    /// Asserts that a naive loop over parsed records finds the matches that the generator made.
    ///
    /// # Panics
    /// If it does not.
    pub fn verify(&self) {
        let filters = Filters::parse(&self.payload_patterns());
        // A loop over all filters is too slow for the largest sets; a part of the records does as well.
        let count = self.expected.len().min((40_000_000 / self.patterns.len()).max(50));
        let mut buffer = Vec::new();
        for (index, record) in self.records.first(count).iter().enumerate() {
            let matches = self.payload.decode(record, &mut buffer).is_some_and(|document| {
                let value: serde_json::Value = serde_json::from_slice(document).expect("a workload's records are JSON");
                filters.match_value(&value)
            });
            assert_eq!(matches, self.expected[index], "{}: record {index} is not as it was made", self.name);
        }
    }
}

/// Records that lie one after the other, each with its line feed.
#[derive(Debug, Clone)]
pub struct Records {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl Default for Records {
    fn default() -> Records {
        Records { bytes: Vec::new(), offsets: vec![0] }
    }
}

impl Records {
    /// Appends a record.
    pub fn push(&mut self, record: &str) {
        debug_assert!(!record.contains('\n'), "one line a record");
        self.bytes.extend_from_slice(record.as_bytes());
        self.bytes.push(b'\n');
        self.offsets.push(self.bytes.len());
    }

    /// All of them, borrowed.
    pub fn view(&self) -> View<'_> {
        View { bytes: &self.bytes, offsets: &self.offsets }
    }

    /// The first `count` of them.
    pub fn first(&self, count: usize) -> View<'_> {
        View { bytes: &self.bytes[..self.offsets[count]], offsets: &self.offsets[..=count] }
    }

    /// Number `index` alone.
    pub fn one(&self, index: usize) -> View<'_> {
        View { bytes: &self.bytes, offsets: &self.offsets[index..index + 2] }
    }
}

/// Some records of a workload.
#[derive(Debug, Clone, Copy)]
pub struct View<'r> {
    /// The buffer they lie in.
    pub bytes: &'r [u8],
    /// Record `i` is `bytes[offsets[i]..offsets[i + 1]]`, line feed included.
    pub offsets: &'r [usize],
}

impl<'r> View<'r> {
    /// Number of records.
    pub fn count(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Bytes of the records.
    pub fn byte_count(&self) -> usize {
        self.offsets[self.count()] - self.offsets[0]
    }

    /// The records, without their line feeds.
    pub fn iter(&self) -> impl Iterator<Item = &'r [u8]> + use<'r> {
        let (bytes, offsets) = (self.bytes, self.offsets);
        offsets.windows(2).map(move |pair| &bytes[pair[0]..pair[1] - 1])
    }
}

/// Which role a record plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It matches.
    Hit,
    /// It holds the literal, and does not match.
    Decoy,
    /// It does not match.
    Other,
}

impl Role {
    /// What stands where the filter looks for [`NEEDLE`].
    pub fn kind(self, random: &mut Random) -> &'static str {
        if self == Role::Hit { NEEDLE } else { random.pick(random::TYPES) }
    }

    /// What stands in a field that no filter looks at.
    pub fn previous(self, random: &mut Random) -> &'static str {
        if self == Role::Decoy { NEEDLE } else { random.pick(random::TYPES) }
    }
}

/// Share of the records that match, in thousandths.
pub type PerMille = usize;

/// About `bytes` of records, a share of which match. `make` writes record number `index` in a role into the text it is given.
pub fn records(
    seed: u64,
    bytes: usize,
    share: PerMille,
    mut make: impl FnMut(&mut Random, usize, Role, &mut String),
) -> (Records, Vec<bool>) {
    let mut random = Random::new(seed);
    let mut text = String::new();
    // How many records there will be is needed to choose among them; a few records tell their size.
    const PROBES: usize = 64;
    let mut probe = random.clone();
    (0..PROBES).for_each(|index| make(&mut probe, index, Role::Other, &mut text));
    let total = (bytes * PROBES / text.len()).max(PROBES / 2);
    let hits = if share == 0 { 0 } else { (total * share / 1000).max(1) };
    let expected = random.choose(hits, total);
    let decoys = random.choose((hits / 2).min(total - hits), total - hits);
    let mut decoys = decoys.into_iter();
    let mut records = Records::default();
    records.bytes.reserve(bytes + bytes / 16);
    for (index, &hit) in expected.iter().enumerate() {
        let role = match hit || !decoys.next().unwrap_or(false) {
            _ if hit => Role::Hit,
            true => Role::Other,
            false => Role::Decoy,
        };
        text.clear();
        make(&mut random, index, role, &mut text);
        records.push(&text);
    }
    (records, expected)
}

/// A workload that can be made.
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What question it is for.
    pub group: Group,
    make: Box<dyn Fn(usize) -> Workload>,
}

/// The rows of the table that say what is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A literal to look for; up to five filters.
    Literal,
    /// None to look for.
    NoLiteral,
    /// A document inside a document.
    Payload,
    /// Many filters.
    Many,
    /// The product of arrays.
    Arrays,
    /// The fields stand first, and peers stop reading there.
    Early,
}

impl Group {
    /// Whether its rows take part in the geometric mean against quamina.
    pub fn in_mean(self) -> bool {
        matches!(self, Group::Literal | Group::NoLiteral)
    }

    /// In a few words.
    pub fn label(self) -> &'static str {
        match self {
            Group::Literal => "a literal to look for",
            Group::NoLiteral => "no literal",
            Group::Payload => "payload decoded",
            Group::Many => "many filters",
            Group::Arrays => "arrays",
            Group::Early => "fields first",
        }
    }
}

impl Entry {
    /// Makes about `bytes` of it, checked.
    pub fn make(&self, bytes: usize) -> Workload {
        let workload = Workload { name: self.name.clone(), ..(self.make)(bytes) };
        workload.verify();
        workload
    }
}

/// All workloads, none of them made yet.
pub fn catalog() -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut add = |name: String, group: Group, make: Box<dyn Fn(usize) -> Workload>| {
        entries.push(Entry { name, group, make });
    };
    const SHARES: [(PerMille, &str); 5] = [(0, "0%"), (1, "0.1%"), (10, "1%"), (100, "10%"), (1000, "100%")];
    for (share, label) in SHARES {
        add(format!("sqs-{label}"), Group::Literal, Box::new(move |bytes| sqs::decoded(bytes, share)));
        add(format!("kinesis-{label}"), Group::Literal, Box::new(move |bytes| kinesis::decoded(bytes, share)));
        add(format!("dynamodb-{label}"), Group::Literal, Box::new(move |bytes| dynamodb::stream(bytes, share)));
        add(format!("kafka-{label}"), Group::Literal, Box::new(move |bytes| kafka::decoded(bytes, share)));
        add(format!("wide8k-{label}"), Group::Literal, Box::new(move |bytes| wide::late(bytes, 8_000, share)));
        add(format!("wide64k-{label}"), Group::Literal, Box::new(move |bytes| wide::late(bytes, 64_000, share)));
    }
    add("citylots-1%".to_owned(), Group::Literal, Box::new(|bytes| citylots::five_exact(bytes, 10)));
    add("sqs-numeric-1%".to_owned(), Group::NoLiteral, Box::new(|bytes| sqs::numeric(bytes, 10)));
    add("sqs-anything-but-1%".to_owned(), Group::NoLiteral, Box::new(|bytes| sqs::anything_but(bytes, 10)));
    add("kinesis-numeric-1%".to_owned(), Group::NoLiteral, Box::new(|bytes| kinesis::numeric(bytes, 10)));
    add("kinesis-absent-1%".to_owned(), Group::NoLiteral, Box::new(|bytes| kinesis::absent(bytes, 10)));
    add("dynamodb-anything-but-1%".to_owned(), Group::NoLiteral, Box::new(|bytes| dynamodb::anything_but(bytes, 10)));
    add("wide64k-numeric-1%".to_owned(), Group::NoLiteral, Box::new(|bytes| wide::numeric(bytes, 64_000, 10)));
    for (share, label) in [(10, "1%"), (1000, "100%")] {
        add(format!("sqs-string-{label}"), Group::Payload, Box::new(move |bytes| sqs::delivered(bytes, share)));
        add(format!("kinesis-base64-{label}"), Group::Payload, Box::new(move |bytes| kinesis::delivered(bytes, share)));
        add(format!("kafka-base64-{label}"), Group::Payload, Box::new(move |bytes| kafka::delivered(bytes, share)));
    }
    add("many-mixed-1000".to_owned(), Group::Many, Box::new(|bytes| many::mixed(bytes, 1_000)));
    for (filters, label) in [(1, "1"), (1_000, "1000"), (100_000, "100000")] {
        add(format!("many-exact-{label}"), Group::Many, Box::new(move |bytes| many::exact(bytes, filters)));
    }
    add("arrays-3x400".to_owned(), Group::Arrays, Box::new(|bytes| arrays::three(bytes / 4, 400)));
    add("early8k-1%".to_owned(), Group::Early, Box::new(|bytes| wide::early(bytes, 8_000, 10)));
    add("early64k-1%".to_owned(), Group::Early, Box::new(|bytes| wide::early(bytes, 64_000, 10)));
    entries
}

/// The one workload of that name.
///
/// # Panics
/// If there is none.
pub fn named(name: &str, bytes: usize) -> Workload {
    let entry = catalog().into_iter().find(|entry| entry.name == name);
    entry.unwrap_or_else(|| panic!("there is no workload {name}")).make(bytes)
}
