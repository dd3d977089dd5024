//! The cases themselves.

use std::fmt;

/// One case file, in the order it was written.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CaseFile {
    /// The file, as it was named to the reader.
    pub name: String,
    /// Every row.
    pub cases: Vec<Case>,
}

impl CaseFile {
    /// The pattern cases, in order.
    pub fn patterns(&self) -> impl Iterator<Item = &PatternCase> {
        self.cases.iter().filter_map(|case| match case {
            Case::Pattern(case) => Some(case),
            _ => None,
        })
    }

    /// The mapping cases, in order.
    pub fn mappings(&self) -> impl Iterator<Item = &MappingCase> {
        self.cases.iter().filter_map(|case| match case {
            Case::Mapping(case) => Some(case),
            _ => None,
        })
    }

    /// The rows that are no cases, in order.
    pub fn others(&self) -> impl Iterator<Item = &OtherRow> {
        self.cases.iter().filter_map(|case| match case {
            Case::Other(row) => Some(row),
            _ => None,
        })
    }
}

/// A row of a case file.
#[derive(Debug, Clone)]
pub enum Case {
    /// One pattern, one event.
    Pattern(PatternCase),
    /// Filter criteria of a source, with the records it delivers.
    Mapping(MappingCase),
    /// Neither; nothing to check here.
    Other(OtherRow),
}

impl Case {
    /// The name of the row.
    pub fn name(&self) -> &str {
        match self {
            Case::Pattern(case) => &case.name,
            Case::Mapping(case) => &case.name,
            Case::Other(row) => &row.name,
        }
    }

    /// Where the row stands in its file.
    pub fn place(&self) -> Place {
        match self {
            Case::Pattern(case) => case.place,
            Case::Mapping(case) => case.place,
            Case::Other(row) => row.place,
        }
    }
}

/// One pattern and, mostly, one event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatternCase {
    /// What the case is called.
    pub name: String,
    /// Where it stands in its file.
    pub place: Place,
    /// The dialect as written; `eventbridge` where the row names none.
    pub dialect: String,
    /// The text of the pattern, which may be no JSON at all.
    pub pattern: String,
    /// The text of the event; `None` where only the pattern is tried.
    pub event: Option<String>,
    /// The answer to expect.
    pub expect: Expect,
    /// The service's error text, to be compared when present.
    pub aws_message: Option<String>,
}

/// The answer that a pattern case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Pattern and event are valid, and the event passes.
    Match,
    /// Pattern and event are valid, and the event does not pass.
    NoMatch,
    /// The pattern does not compile, whatever the event is.
    InvalidPattern,
    /// The pattern is valid, but the event is not one valid JSON object.
    InvalidEvent,
}

impl Expect {
    /// Every answer, in the order of the documentation.
    pub const ALL: [Expect; 4] = [Expect::Match, Expect::NoMatch, Expect::InvalidPattern, Expect::InvalidEvent];

    /// The word for it in a case file.
    pub fn as_str(self) -> &'static str {
        match self {
            Expect::Match => "match",
            Expect::NoMatch => "no-match",
            Expect::InvalidPattern => "invalid-pattern",
            Expect::InvalidEvent => "invalid-event",
        }
    }

    /// The answer for a word of a case file.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|expect| expect.as_str() == word)
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Filter criteria of a source, the records that arrive, and the ones that are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MappingCase {
    /// What the case is called.
    pub name: String,
    /// Where it stands in its file.
    pub place: Place,
    /// The source as written, e.g. `sqs`.
    pub source: String,
    /// The dialect as written; `lambda` where the row names none.
    pub dialect: String,
    /// The criteria as JSON text.
    pub filter_criteria: String,
    /// The records that arrive.
    pub records: Records,
    /// Indices, counted from 0 and in the order written, of the records that are delivered.
    pub expect: Vec<usize>,
}

/// The records of a mapping case, each as JSON text, byte for byte as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Records {
    /// One text for each record.
    List(Vec<String>),
    /// One envelope, as a function receives it; its records are counted in the order they stand in it.
    Envelope(String),
}

/// A row that is no case: it has no expectation, or not all that a case needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherRow {
    /// What the row is called.
    pub name: String,
    /// Where it stands in its file.
    pub place: Place,
    /// Why it is no case, one clause.
    pub reason: String,
}

/// Where a row stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The line it begins on, counted from 1.
    Line(usize),
    /// Its number in the list, counted from 1, where lines are not known (YAML).
    Item(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(line) => write!(f, "line {line}"),
            Place::Item(item) => write!(f, "item {item}"),
        }
    }
}
