//! Amazon DocumentDB change streams.
//!
//! | | |
//! |---|---|
//! | payload key | none |
//! | metadata | `event`: the change event |
//! | envelope | `{"eventSource": "aws:docdb", "events": [{"event": {…}}, …]}` |
//!
//! **The service takes no filters for this source** (recorded: `Invalid parameters: filterCriteria`), and the `lambda`
//! and `pipes` dialects report exactly that. Under the `eventbridge` dialect filtering works here as an extension:
//! `{"event": {"operationType": ["insert"]}}`.

use eventsieve_vm::Shape;

use super::{EnvelopeShape, Rules};

pub(crate) const RULES: Rules = Rules {
    payload: None,
    shape: Shape::RAW,
    event_sources: &["aws:docdb"],
    envelope: EnvelopeShape::List("events"),
    filterable: false,
};
