//! The main type: criteria compiled for one source.

use crate::source::rules;
use eventsieve_compiler::{CompileError, CompileErrors, FilterCriteria, Limits, Options};
use eventsieve_program::{Dialect, Program, Source};
use eventsieve_vm::{
    Batch, Checks, Engine, EvaluateError, FrontEnd, Isa, Malformed, Outcome, RecordLimits, Scratch, Verdict,
};

/// Criteria compiled for one source, ready to run. Immutable, `Send + Sync`.
///
/// Compile once, share it (in an `Arc`, say), give each thread its own [`Scratch`]. The lifetime is that of
/// the program's bytes where they are borrowed, `'static` for a sieve that was compiled here.
///
/// ```
/// use eventsieve::{Batch, FilterCriteria, Program, Sieve, Source};
///
/// let criteria = FilterCriteria::from_patterns([r#"{"id":["a"]}"#]);
/// let sieve = Sieve::builder(Source::Raw).compile(&criteria)?;
/// let bytes = sieve.program().as_bytes(); // ship these …
/// let there = Sieve::from_program(Program::from_bytes(bytes)?); // … and run them elsewhere
/// let mut scratch = there.scratch();
/// let records: [&[u8]; 1] = [br#"{"id":"a"}"#];
/// let outcome = there.evaluate_sets(&mut scratch, &Batch::from_slices(&records))?;
/// assert!(outcome.filters(0).contains(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sieve<'p> {
    engine: Engine<'p>,
    warnings: Vec<CompileError>,
}

const _: () = {
    const fn shareable<T: Send + Sync>() {}
    shareable::<Sieve<'static>>();
};

impl Sieve<'static> {
    /// Starts compiling for a source, with the defaults of its dialect.
    pub fn builder(source: Source) -> SieveBuilder {
        SieveBuilder {
            options: Options::new(source),
            limits: None,
            records: RecordLimits::default(),
            front_end: None,
            checks: Checks::default(),
        }
    }
}

impl<'p> Sieve<'p> {
    /// Runs a program that was compiled before.
    pub fn from_program(program: Program<'p>) -> Sieve<'p> {
        let shape = rules(program.source()).shape;
        Sieve { engine: Engine::for_shape(program, shape), warnings: Vec::new() }
    }

    /// The program: its bytes can be stored, shipped, mapped.
    pub fn program(&self) -> &Program<'p> {
        self.engine.program()
    }

    /// What the dialect had to say about criteria it nevertheless took. Empty for a loaded program.
    pub fn warnings(&self) -> &[CompileError] {
        &self.warnings
    }

    /// Number of filters.
    pub fn filter_len(&self) -> usize {
        self.program().filter_len()
    }

    /// Where its records come from.
    pub fn source(&self) -> Source {
        self.program().source()
    }

    /// Memory for one thread. Grows to the largest batch and record it meets, then allocates no more.
    pub fn scratch(&self) -> Scratch {
        self.engine.scratch()
    }

    /// One verdict a record, in the scratch's storage.
    ///
    /// # Errors
    /// [`EvaluateError::ForeignScratch`] if the scratch belongs to another program.
    pub fn evaluate<'s>(&self, scratch: &'s mut Scratch, batch: &Batch<'_>) -> Result<&'s [Verdict], EvaluateError> {
        self.engine.evaluate(scratch, batch)
    }

    /// One verdict a record, in the caller's storage.
    ///
    /// # Errors
    /// As [`Sieve::evaluate`], and [`EvaluateError::OutputLength`] if the slice has not the batch's length.
    pub fn evaluate_into(
        &self,
        scratch: &mut Scratch,
        batch: &Batch<'_>,
        verdicts: &mut [Verdict],
    ) -> Result<(), EvaluateError> {
        self.engine.evaluate_into(scratch, batch, verdicts)
    }

    /// One verdict a record, and which filters matched it.
    ///
    /// # Errors
    /// As [`Sieve::evaluate`].
    pub fn evaluate_sets<'s>(&self, scratch: &'s mut Scratch, batch: &Batch<'_>) -> Result<Outcome<'s>, EvaluateError> {
        self.engine.evaluate_sets(scratch, batch)
    }

    /// Why a record is malformed, and where; `Ok` if it is not.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn check(&self, record: &[u8]) -> Result<(), Malformed> {
        self.engine.check(record)
    }

    /// Which records are proved to be valid: those that would match, unless told otherwise.
    ///
    /// ```
    /// use eventsieve::{Batch, Checks, FilterCriteria, Sieve, Source, Verdict};
    ///
    /// let criteria = FilterCriteria::from_patterns([r#"{"id":["a"]}"#]);
    /// let sieve = Sieve::builder(Source::Raw).compile(&criteria)?.with_checks(Checks::Every);
    /// let mut scratch = sieve.scratch();
    /// let records: [&[u8]; 2] = [br#"{"id":"b"}"#, br#"{"id":"b",}"#];
    /// let verdicts = sieve.evaluate(&mut scratch, &Batch::from_slices(&records))?;
    /// assert_eq!(verdicts, [Verdict::NoMatch, Verdict::Malformed]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_checks(self, checks: Checks) -> Sieve<'p> {
        Sieve { engine: self.engine.with_checks(checks), warnings: self.warnings }
    }

    /// Whether records without any of the literals that a match must hold are dropped unread, which is the default where
    /// there are such literals ([`Program::disasm`] shows them). Verdicts are the same.
    pub fn with_prefilter(self, prefilter: bool) -> Sieve<'p> {
        Sieve { engine: self.engine.with_prefilter(prefilter), warnings: self.warnings }
    }

    /// Forces an instruction set, for tests and benchmarks; verdicts are the same.
    pub fn with_isa(self, isa: Isa) -> Sieve<'p> {
        Sieve { engine: self.engine.with_isa(isa), warnings: self.warnings }
    }

    /// Forces a front end, for tests and benchmarks; verdicts are the same.
    pub fn with_front_end(self, front_end: FrontEnd) -> Sieve<'p> {
        Sieve { engine: self.engine.with_front_end(front_end), warnings: self.warnings }
    }

    /// Other limits for records than the default ones.
    pub fn with_record_limits(self, limits: RecordLimits) -> Sieve<'p> {
        Sieve { engine: self.engine.with_limits(limits), warnings: self.warnings }
    }
}

/// How criteria are to be compiled. Made by [`Sieve::builder`].
#[derive(Debug, Clone)]
pub struct SieveBuilder {
    options: Options,
    limits: Option<Limits>,
    records: RecordLimits,
    front_end: Option<FrontEnd>,
    checks: Checks,
}

impl SieveBuilder {
    /// Which operators and limits are legal. Default: `eventbridge` for raw records, `lambda` otherwise.
    pub fn dialect(mut self, dialect: Dialect) -> SieveBuilder {
        self.options.dialect = dialect;
        self
    }

    /// Other limits than the dialect's, whichever is called last.
    pub fn limits(mut self, limits: Limits) -> SieveBuilder {
        self.limits = Some(limits);
        self
    }

    /// Whether warnings of the dialect are errors.
    pub fn strict(mut self, strict: bool) -> SieveBuilder {
        self.options.strict = strict;
        self
    }

    /// Which records are proved to be valid, see [`Sieve::with_checks`].
    pub fn checks(mut self, checks: Checks) -> SieveBuilder {
        self.checks = checks;
        self
    }

    /// Limits for records.
    pub fn record_limits(mut self, limits: RecordLimits) -> SieveBuilder {
        self.records = limits;
        self
    }

    /// Compiles criteria.
    ///
    /// # Errors
    /// Everything wrong with the criteria, in one go.
    pub fn compile(&self, criteria: &FilterCriteria) -> Result<Sieve<'static>, CompileErrors> {
        let mut options = self.options.clone();
        options.limits = self.limits.clone().unwrap_or_else(|| Limits::of(options.dialect));
        let rules = rules(options.source);
        options.payload = rules.payload;
        options.filterable = rules.filterable;
        let compiled = eventsieve_compiler::compile(criteria, &options)?;
        let engine = Engine::for_shape(compiled.program, rules.shape)
            .with_limits(self.records)
            .with_front_end(self.front_end.unwrap_or_default())
            .with_checks(self.checks);
        Ok(Sieve { engine, warnings: compiled.warnings })
    }
}
