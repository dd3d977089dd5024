//! Case files: what a pattern or an event source mapping must answer.
//!
//! A case file is data that any engine can be held against. It comes in three spellings, told apart by [`CaseFile::parse`]:
//!
//! * **NDJSON**: one case a line; blank lines and lines starting with `//` are skipped;
//! * one **JSON** document holding a list of cases;
//! * one **YAML** document holding a list of cases (a file named `.yaml` or `.yml`, or text that is neither of the above).
//!
//! # A pattern case
//!
//! | field | holds |
//! |---|---|
//! | `name` | what the case is called; the place in the file stands in for a missing one |
//! | `dialect` | `eventbridge` (the default), `lambda` or `pipes` |
//! | `pattern` | the text of the pattern, exactly as written, also where it is no JSON; an object stands for its JSON text |
//! | `event` | the text of the event, or an object; absent where only the pattern is tried |
//! | `expect` | `match`, `no-match`, `invalid-pattern` (whatever the event is) or `invalid-event` |
//! | `aws_message` | optional: the full text of the service's error, to be compared |
//!
//! # A mapping case
//!
//! | field | holds |
//! |---|---|
//! | `name` | as above |
//! | `source` | `sqs`, `kinesis`, `dynamodb`, `msk`, `kafka`, `activemq`, `rabbitmq`, … |
//! | `dialect` | `lambda` is the default |
//! | `filter_criteria` | the criteria object, kept as JSON text |
//! | `records` | a list of records as a function receives them, or a whole envelope object; kept as JSON text |
//! | `expect` | the indices, counted from 0, of the records that are delivered; `[]` means that none is |
//!
//! Fields beyond these are ignored. A row of neither shape is kept as [`Case::Other`] with the reason, so that a reading
//! list can live beside the cases and a runner can say how much it skipped. A row that has one of the shapes but says
//! something impossible (an unknown word in `expect`, an index past the records) is an error that names file and line:
//! a misspelt expectation must not pass as "nothing to check".
//!
//! ```
//! use eventsieve_cases::{Case, CaseFile, Expect};
//!
//! let text = r#"
//! // Numbers compare by value.
//! {"name": "spelling", "pattern": "{\"a\": [300]}", "event": "{\"a\": 3e2}", "expect": "match"}
//! "#;
//! let file = CaseFile::parse("numbers.ndjson", text)?;
//! let Case::Pattern(case) = &file.cases[0] else { panic!("a pattern case") };
//! assert_eq!(case.expect, Expect::Match);
//! assert_eq!(case.place.to_string(), "line 3");
//! # Ok::<(), eventsieve_cases::CaseError>(())
//! ```

#![forbid(unsafe_code)]

mod error;
mod model;
mod read;

pub use error::{CaseError, CaseErrorKind};
pub use model::{Case, CaseFile, Expect, MappingCase, OtherRow, PatternCase, Place, Records};
