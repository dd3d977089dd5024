//! Errors of a criteria: gathered, each pointing at the text, in the order the service would meet them.
//!
//! A [`CompileError`] says what is wrong, what would be legal, and what the service says about it
//! ([`CompileError::aws_message`]). [`CompileErrors::render`] draws them; `Display` is one line.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::criteria::{FilterCriteria, Sources};
use crate::draw;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// What is wrong. Its [`code`](ErrorKind::code) never changes meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* $name,)*
        }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name,)*];

            /// A stable name for scripts.
            pub fn code(self) -> &'static str {
                match self {
                    $(ErrorKind::$name => $code,)*
                }
            }
        }
    };
}

kinds! {
    /// The criteria is no JSON.
    CriteriaSyntax = "criteria-syntax",
    /// The criteria is JSON but neither filters nor patterns.
    CriteriaShape = "criteria-shape",
    /// A filter without a pattern.
    MissingPattern = "missing-pattern",
    /// More filters than the limit.
    TooManyFilters = "too-many-filters",
    /// A pattern longer than the limit.
    PatternTooLong = "pattern-too-long",
    /// The pattern is no JSON.
    Syntax = "syntax",
    /// Objects and lists nested too deep.
    TooDeep = "too-deep",
    /// A number with too many digits.
    NumberTooLong = "number-too-long",
    /// A key with too many characters.
    KeyTooLong = "key-too-long",
    /// Something stands after the pattern.
    TrailingText = "trailing-text",
    /// The pattern is JSON but no object.
    NotAnObject = "not-an-object",
    /// An object without fields.
    EmptyObject = "empty-object",
    /// A field without tests.
    EmptyList = "empty-list",
    /// A field that leads to neither an object nor a list.
    BareValue = "bare-value",
    /// A list inside the list of a field.
    NestedList = "nested-list",
    /// `$or` without a list.
    OrNotAList = "or-not-a-list",
    /// Something in the list of `$or` that is no object.
    OrNotAnObject = "or-not-an-object",
    /// `$or` with fewer than two alternatives.
    OrTooFew = "or-too-few",
    /// A field inside `$or` with the name of an operator.
    ReservedName = "reserved-name",
    /// An object in a list that names no operator.
    MissingOperator = "missing-operator",
    /// An operator that does not exist.
    UnknownOperator = "unknown-operator",
    /// More than one operator in one object.
    SeveralOperators = "several-operators",
    /// An operator that cannot stand inside this one.
    UnsupportedInner = "unsupported-inner",
    /// An operand that must be a string.
    NotAString = "not-a-string",
    /// An operand of `exists` that is neither true nor false.
    NotABoolean = "not-a-boolean",
    /// An operand of `numeric` that is no list.
    NumericNotAList = "numeric-not-a-list",
    /// A comparison in `numeric` that does not exist or cannot stand there.
    NumericOperator = "numeric-operator",
    /// Something in `numeric` that must be a number.
    NumericValue = "numeric-value",
    /// Too much in `numeric`.
    NumericTooLong = "numeric-too-long",
    /// A range that no number can lie in.
    EmptyRange = "empty-range",
    /// A number that cannot be compared.
    NotComparable = "not-comparable",
    /// An operand of `cidr` that is no CIDR block.
    BadCidr = "bad-cidr",
    /// Two `*` in a row.
    WildcardStars = "wildcard-stars",
    /// A backslash before something else than `*` or a backslash.
    WildcardEscape = "wildcard-escape",
    /// Wildcards too complex, or at the limit.
    WildcardComplexity = "wildcard-complexity",
    /// An operand of `anything-but` that it does not take.
    AnythingButOperand = "anything-but-operand",
    /// Strings and numbers in one `anything-but`.
    AnythingButMixed = "anything-but-mixed",
    /// Nothing in an `anything-but`.
    AnythingButEmpty = "anything-but-empty",
    /// An empty prefix or suffix in an `anything-but`.
    AnythingButEmptyText = "anything-but-empty-text",
    /// An operator that the dialect refuses.
    OperatorNotInDialect = "operator-not-in-dialect",
    /// An operator that the documents of the dialect do not mention.
    UndocumentedOperator = "undocumented-operator",
    /// More segments in one path than the limit.
    PathTooDeep = "path-too-deep",
    /// More distinct paths in one alternative than the limit.
    TooManyPaths = "too-many-paths",
    /// `$or`s that multiply out to more alternatives than the limit.
    TooManyAlternatives = "too-many-alternatives",
    /// A payload clause that is no object, for a source whose payload is always JSON.
    PayloadNotAnObject = "payload-not-an-object",
    /// A filter on metadata that the documents of the dialect do not offer to filters.
    MetadataFilter = "metadata-filter",
    /// Filters for a source for which the service takes none.
    NotFilterable = "not-filterable",
    /// A program larger than its format can hold.
    ProgramTooLarge = "program-too-large",
}

/// Whether an error stops the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// No program comes of it.
    Error,
    /// Legal, but probably not what was meant, or not sure to work everywhere.
    Warning,
}

/// Orders of errors the service meets outside of its reading of the pattern.
pub(crate) mod order {
    /// Before the pattern is read.
    pub(crate) const FIRST: u64 = 0;
    /// When the rule is put together.
    pub(crate) const BUILD: u64 = u64::MAX - 2;
    /// When the service measures the rule.
    pub(crate) const MEASURE: u64 = u64::MAX - 1;
    /// Never.
    pub(crate) const NEVER: u64 = u64::MAX;
}

/// One thing that is wrong with a criteria.
#[derive(Debug, Clone)]
pub struct CompileError {
    kind: ErrorKind,
    severity: Severity,
    filter: Option<usize>,
    span: Option<Range<usize>>,
    outer_span: Option<Range<usize>>,
    message: String,
    help: Option<String>,
    reason: Option<String>,
    order: u64,
    sources: Option<Arc<Sources>>,
}

impl CompileError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> CompileError {
        CompileError {
            kind,
            severity: Severity::Error,
            filter: None,
            span: None,
            outer_span: None,
            message: message.into(),
            help: None,
            reason: None,
            order: order::NEVER,
            sources: None,
        }
    }

    pub(crate) fn warning(kind: ErrorKind, message: impl Into<String>) -> CompileError {
        CompileError { severity: Severity::Warning, ..CompileError::new(kind, message) }
    }

    /// In the pattern of a filter, where known.
    pub(crate) fn in_filter(mut self, filter: usize, span: Option<Range<usize>>) -> CompileError {
        self.filter = Some(filter);
        self.span = span;
        self
    }

    /// In the text around the patterns.
    pub(crate) fn in_criteria(mut self, span: Range<usize>) -> CompileError {
        self.outer_span = Some(span);
        self
    }

    /// What to do about it.
    pub(crate) fn with_help(mut self, help: impl Into<Option<String>>) -> CompileError {
        self.help = help.into();
        self
    }

    /// The service's words for it; without them it is the message.
    pub(crate) fn with_reason(mut self, reason: impl Into<String>) -> CompileError {
        self.reason = Some(reason.into());
        self
    }

    /// When the service would meet it, among those of one filter.
    pub(crate) fn with_order(mut self, order: u64) -> CompileError {
        self.order = order;
        self
    }

    pub(crate) fn attach(&mut self, sources: &Arc<Sources>) {
        if let (Some(filter), Some(span), None) = (self.filter, &self.span, &self.outer_span) {
            self.outer_span = sources.outer_span(filter, span.clone());
        }
        self.sources = Some(Arc::clone(sources));
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether it stops the compiler.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The filter it is in, counted from 0; `None` where it concerns the criteria as a whole.
    pub fn filter(&self) -> Option<usize> {
        self.filter
    }

    /// The bytes of the filter's pattern it points at.
    pub fn span(&self) -> Option<Range<usize>> {
        self.span.clone()
    }

    /// The bytes of the criteria text it points at, where the criteria was read from one text.
    pub fn outer_span(&self) -> Option<Range<usize>> {
        self.outer_span.clone()
    }

    /// Line and column of [`outer_span`](Self::outer_span), both counted from 1, columns in characters.
    pub fn outer_position(&self) -> Option<(usize, usize)> {
        let text = self.sources.as_ref()?.text()?;
        Some(draw::position(text, self.outer_span.as_ref()?.start))
    }

    /// What is wrong and what would be legal; one lower-case clause.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, where that is clear.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The full text EventBridge answers with, as recorded; in our words where no recording exists.
    pub fn aws_message(&self) -> String {
        format!("Event pattern is not valid. Reason: {}", self.reason.as_deref().unwrap_or(&self.message))
    }

    /// The text the Lambda API answers with: one for every bad pattern. `None` where it is not known.
    pub fn lambda_message(&self) -> Option<&'static str> {
        match self.kind {
            ErrorKind::CriteriaSyntax | ErrorKind::CriteriaShape | ErrorKind::TooManyFilters => None,
            ErrorKind::PatternTooLong => None,
            ErrorKind::NotFilterable => Some("Invalid parameters: filterCriteria"),
            _ if self.severity == Severity::Warning => None,
            _ => Some("Invalid filter pattern definition."),
        }
    }

    /// Draws the error: what, where (in the file `name`, if the criteria came from one), help.
    pub fn render(&self, name: Option<&str>) -> String {
        let mut out = String::new();
        if self.severity == Severity::Warning {
            out.push_str("warning: ");
        }
        out.push_str(&self.to_line());
        out.push('\n');
        if let Some((line, column)) = self.outer_position() {
            let name = name.unwrap_or("criteria");
            out.push_str(&format!("    at {name}:{line}:{column}\n"));
        }
        let pattern = || self.sources.as_ref()?.pattern(self.filter?);
        let outer = || self.sources.as_ref()?.text();
        if let (Some(span), Some(text)) = (&self.span, pattern()) {
            draw::excerpt(&mut out, text, span);
        } else if let (Some(span), Some(text)) = (&self.outer_span, outer()) {
            draw::excerpt(&mut out, text, span);
        }
        if let Some(help) = &self.help {
            out.push_str(&format!("    help: {help}\n"));
        }
        out
    }

    fn to_line(&self) -> String {
        match self.filter {
            Some(filter) => format!("filter {filter}: {}", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CompileError {}

/// Everything that is wrong with a criteria; never empty.
#[derive(Debug, Clone)]
pub struct CompileErrors {
    // Invariant: not empty.
    errors: Vec<CompileError>,
}

impl CompileErrors {
    /// The errors, by filter and then in the order the service would meet them.
    pub fn iter(&self) -> std::slice::Iter<'_, CompileError> {
        self.errors.iter()
    }

    /// How many there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.errors.len()
    }

    /// The one the service would report.
    pub fn first(&self) -> &CompileError {
        &self.errors[0]
    }

    /// [`CompileError::aws_message`] of the first.
    pub fn aws_message(&self) -> String {
        self.first().aws_message()
    }

    /// Draws every error, with an empty line between two. `name` is the file the criteria came from.
    pub fn render(&self, name: Option<&str>) -> String {
        let drawn: Vec<String> = self.errors.iter().map(|error| error.render(name)).collect();
        drawn.join("\n")
    }
}

impl fmt::Display for CompileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.as_slice() {
            [only] => f.write_str(&only.to_line()),
            errors => write!(f, "{} errors, first {}", errors.len(), self.first().to_line()),
        }
    }
}

impl std::error::Error for CompileErrors {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.first())
    }
}

impl<'e> IntoIterator for &'e CompileErrors {
    type Item = &'e CompileError;
    type IntoIter = std::slice::Iter<'e, CompileError>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Errors kept of one criteria, and as many warnings: nobody reads more, and text is cheap to make wrong.
const KEPT: usize = 1000;

/// Errors and warnings of one criteria while it is compiled. The first thousand of each are kept.
#[derive(Debug)]
pub struct Diagnostics {
    sources: Arc<Sources>,
    strict: bool,
    errors: Vec<CompileError>,
    warnings: Vec<CompileError>,
    error_len: usize,
}

impl Diagnostics {
    /// Nothing wrong so far. With `strict`, warnings become errors.
    pub fn new(criteria: &FilterCriteria, strict: bool) -> Diagnostics {
        Diagnostics {
            sources: Arc::clone(criteria.sources()),
            strict,
            errors: Vec::new(),
            warnings: Vec::new(),
            error_len: 0,
        }
    }

    pub(crate) fn push(&mut self, mut error: CompileError) {
        error.attach(&self.sources);
        let kept = match error.severity {
            Severity::Error => {
                self.error_len += 1;
                &mut self.errors
            }
            Severity::Warning => &mut self.warnings,
        };
        // Errors are found in about the order of the text, so what is left out is never the first.
        if kept.len() < KEPT {
            kept.push(error);
        }
    }

    /// Errors so far, warnings not counted, those not kept counted.
    pub fn error_len(&self) -> usize {
        self.error_len
    }

    /// The warnings, or else the errors.
    ///
    /// # Errors
    /// If there are any, with warnings left out.
    pub fn finish(mut self) -> Result<Vec<CompileError>, CompileErrors> {
        // Not before: what is only doubtful must not keep a later stage from finding more.
        if self.strict {
            let severity = Severity::Error;
            self.errors.extend(self.warnings.drain(..).map(|warning| CompileError { severity, ..warning }));
        }
        let place = |error: &CompileError| (error.filter.map_or(0, |filter| filter + 1), error.order);
        self.errors.sort_by_key(place);
        self.warnings.sort_by_key(|warning| (warning.filter, warning.span.as_ref().map_or(0, |span| span.start)));
        if self.errors.is_empty() { Ok(self.warnings) } else { Err(CompileErrors { errors: self.errors }) }
    }
}

/// One error that keeps a criteria from being read at all.
pub(crate) fn single(mut error: CompileError, sources: &Arc<Sources>) -> CompileErrors {
    error.attach(sources);
    CompileErrors { errors: vec![error] }
}
