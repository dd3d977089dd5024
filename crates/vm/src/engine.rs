//! A program made ready to run, and what it answers.

use std::fmt;
use std::sync::Arc;

use eventsieve_program::format::{NONE, WHEN_ANY, WHEN_BROKEN, WHEN_JSON, WHEN_PLAIN};
use eventsieve_program::literals::Literals;
use eventsieve_program::{Program, View};
use simd_json::{INPUT_PADDING, Node, Tape};

use crate::batch::{Batch, Item};
use crate::check::{Malformed, RecordLimits, check};
use crate::cursor::{Buffer, Located};
use crate::exec;
use crate::index::{self, Index};
use crate::index_walk::{IndexWalk, Until};
use crate::irregular::{Search, Sources};
use crate::isa::Isa;
use crate::judge::{Bytes, Tests, Texts, bits, judge, judge_few, judge_irregular};
use crate::keys::Keys;
use crate::lately::{Rate, Reach};
use crate::outcome::Outcome;
use crate::payload::{Belief, Coded, Placing};
use crate::plan::flat::Flat;
use crate::plan::{PLAN_FROM, Plans};
use crate::prefilter::{Adaptive, CodedPrefilter, Members, Prefilter};
use crate::resolve::{Few, Resolve};
use crate::scratch::{Parse, Scratch};
use crate::tape_cursor::{TapeCursor, is_within};
use crate::text_cursor::TextCursor;
use crate::view::{Encoding, Member, PayloadFormat, RecordView, Shape};
use crate::walk::{self, Deferred, Found, HitValue, Lost, Trail, walk};

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// At least one filter matched: the record is delivered.
    Match,
    /// The record is valid and no filter matched: it is dropped.
    NoMatch,
    /// The record is no valid JSON object, or exceeds a limit: it is dropped.
    Malformed,
}

/// Misuse of an [`Engine`]. A bad record is never an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The scratch was made for another program.
    ForeignScratch,
    /// The caller's slice has another length than the batch.
    OutputLength {
        /// Records in the batch.
        expected: usize,
        /// Length of the slice.
        found: usize,
    },
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvaluateError::ForeignScratch => {
                f.write_str("the scratch was made for another program; make one with `scratch()` of this one")
            }
            EvaluateError::OutputLength { expected, found } => {
                write!(f, "the batch has {expected} records but the slice for verdicts has length {found}")
            }
        }
    }
}

impl std::error::Error for EvaluateError {}

/// Which reader feeds the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrontEnd {
    /// The record's own text by way of its bitmaps.
    #[default]
    Index,
    /// simd-json's tape, and the record's own text for what a tape cannot hold.
    Tape,
    /// The record's own text, always.
    Text,
}

/// Which records are proved to be valid JSON within the limits.
///
/// A match always is, but for [`Checks::Trusted`]. What the other two differ in is a record that no filter would let
/// through: it is dropped either way, and the proof costs about as much as everything else together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checks {
    /// Those that would match. Others may come out as [`Verdict::NoMatch`] whether or not they are malformed;
    /// [`Verdict::Malformed`] is never wrong.
    #[default]
    Matches,
    /// All: every malformed record comes out as [`Verdict::Malformed`].
    Every,
    /// None: records are trusted to be JSON **and to repeat no key**, so a record is not read on once every field that a
    /// filter asks about was met, and nothing is proved. For records that this program, or one it trusts, has written.
    ///
    /// On any other record the verdict may be wrong either way: a match may be cut short or no JSON at all, and a field that
    /// is written again behind the place where reading stopped does not count. `"a.b"` and `"a": {"b": …}` are one
    /// field, and must not both be there. Nothing worse comes of it. Where filters ask about more than 64 fields, or
    /// one of them is missing, records are read to their end.
    Trusted,
}

/// A program made ready to run. Immutable and shareable; all mutable state is in a [`Scratch`].
#[derive(Debug, Clone)]
pub struct Engine<'p> {
    program: Program<'p>,
    limits: RecordLimits,
    front_end: FrontEnd,
    checks: Checks,
    isa: Isa,
    sources: Sources,
    shape: Shape,
    /// For [`FrontEnd::Index`]; `None` for a trie that has too many.
    keys: Option<Keys>,
    prefilter: bool,
    prefilters: Prefilters,
    plans: Arc<Plans>,
    /// The gates for records without scopes, where they are no more than conjunctions.
    flat: Option<Arc<Flat>>,
    /// All there is to resolve, if it is little.
    few: Option<Few>,
    /// What of `few` does not depend on the payload, if anything.
    metadata: Option<Metadata>,
    /// When records that are trusted need not be read on, and payloads.
    until: Option<(Until, Until)>,
    /// Whether some filter asks for a JSON payload.
    asks_json: bool,
    /// Whether some filter accepts records because their payload is no JSON.
    passes_other_formats: bool,
}

/// Searches for what a match must hold.
#[derive(Debug, Clone, Default)]
struct Prefilters {
    /// In a delivered record as it is.
    record: Option<Required>,
    /// In the record or in what is coded in it, once that is decoded.
    decoded: Option<Prefilter>,
}

/// What a record must hold as it is.
#[derive(Debug, Clone)]
enum Required {
    Literals(Prefilter),
    /// Or in what is coded in it.
    Coded(CodedPrefilter),
    Members(Members),
}

impl Prefilters {
    fn new(view: &View<'_>, shape: &Shape) -> Prefilters {
        let coded: Vec<&str> = match shape.payload {
            Some(payload) if payload.encoding == Encoding::Base64 => {
                std::iter::once(payload.key).chain(shape.beside).collect()
            }
            _ => Vec::new(),
        };
        let literals = Literals::of(view, &coded);
        let search = |literals: Result<&[Vec<u8>], _>| literals.ok().and_then(Prefilter::new);
        let decoded = literals.decoded().ok().filter(|_| !coded.is_empty());
        let record = search(literals.record()).map(Required::Literals);
        // Where a record is what a filter sees, members are in it as they are.
        let members = || Some(view).filter(|_| *shape == Shape::RAW).and_then(Members::new).map(Required::Members);
        Prefilters {
            record: record.or_else(|| decoded.and_then(CodedPrefilter::new).map(Required::Coded)).or_else(members),
            decoded: decoded.and_then(Prefilter::new),
        }
    }
}

/// Bytes of records that are searched before they are read.
const WINDOW_BYTES: usize = 128 << 10;

impl<'p> Engine<'p> {
    /// An engine with default limits for records that are what a filter sees.
    pub fn new(program: Program<'p>) -> Engine<'p> {
        Engine::for_shape(program, Shape::RAW)
    }

    /// An engine with default limits for records that are built like this.
    pub fn for_shape(program: Program<'p>, shape: Shape) -> Engine<'p> {
        let sources = Sources::new(&program.view());
        let view = program.view();
        let asks_json = (0..view.conj_len()).any(|conj| view.conj(conj).when as u8 == WHEN_JSON)
            || (0..view.gate_len()).any(|gate| view.gate(gate).when() == WHEN_JSON);
        let is_other = |when: u8| when & WHEN_JSON == 0;
        let passes_other_formats = (0..view.conj_len()).any(|conj| is_other(view.conj(conj).when as u8))
            || (0..view.gate_len()).any(|gate| view.gate(gate).parent == NONE && is_other(view.gate(gate).when()));
        let keys = Keys::new(&view, &shape);
        let prefilters = Prefilters::new(&view, &shape);
        let plans = Arc::new(Plans::new(&view, PLAN_FROM));
        let flat = Flat::new(&view, &sources).map(Arc::new);
        let few = Few::new(&view);
        let until = until(&view, &shape);
        let metadata = few.as_ref().and_then(|few| Metadata::new(&view, &shape, few));
        Engine {
            program,
            limits: RecordLimits::default(),
            front_end: FrontEnd::default(),
            checks: Checks::default(),
            isa: Isa::detect(),
            sources,
            shape,
            keys,
            prefilter: true,
            prefilters,
            plans,
            flat,
            few,
            metadata,
            until,
            asks_json,
            passes_other_formats,
        }
    }

    /// Whether records without any literal that a match must hold are dropped unread; verdicts are the same.
    pub fn with_prefilter(mut self, prefilter: bool) -> Engine<'p> {
        self.prefilter = prefilter;
        self
    }

    /// Plans the leaves with at least so many instructions instead of those with many; `u32::MAX` plans none. For tests:
    /// verdicts are the same.
    #[doc(hidden)]
    pub fn with_plans_from(mut self, inst_len: u32) -> Engine<'p> {
        let view = self.program.view();
        self.plans = Arc::new(Plans::new(&view, inst_len));
        self.flat = if inst_len == u32::MAX { None } else { Flat::new(&view, &self.sources).map(Arc::new) };
        self
    }

    /// Whether gates are looked at as conjunctions where no scope opens.
    #[doc(hidden)]
    pub fn is_flat(&self) -> bool {
        self.flat.is_some()
    }

    /// How many leaves are planned.
    #[doc(hidden)]
    pub fn planned(&self) -> usize {
        self.plans.len()
    }

    /// Which records are proved to be valid.
    pub fn with_checks(mut self, checks: Checks) -> Engine<'p> {
        self.checks = checks;
        self
    }

    /// Forces an instruction set; all give the same verdicts.
    pub fn with_isa(mut self, isa: Isa) -> Engine<'p> {
        self.isa = isa;
        self
    }

    /// Forces a front end; both give the same verdicts.
    pub fn with_front_end(mut self, front_end: FrontEnd) -> Engine<'p> {
        self.front_end = front_end;
        self
    }

    /// Other limits for records.
    pub fn with_limits(mut self, limits: RecordLimits) -> Engine<'p> {
        self.limits = limits;
        self
    }

    /// The program.
    pub fn program(&self) -> &Program<'p> {
        &self.program
    }

    /// The limits for records.
    pub fn limits(&self) -> &RecordLimits {
        &self.limits
    }

    /// Memory for one thread.
    pub fn scratch(&self) -> Scratch {
        Scratch {
            program_id: self.program.id(),
            trail: Trail::default(),
            resolve: Resolve::new(&self.program.view()),
            search: Search::default(),
            plan: self.plans.memory(),
            parse: Parse::default(),
            index: Index::new(),
            adaptive: Adaptive::default(),
            rate: Rate::default(),
            reach: Reach::default(),
            payload_adaptive: Adaptive::default(),
            candidates: Vec::new(),
            payload: Vec::new(),
            beside: Vec::new(),
            texts: Texts::default(),
            formats: Vec::new(),
            verdicts: Vec::new(),
            matched: Vec::new(),
            matched_start: Vec::new(),
        }
    }

    /// One verdict a record, in the scratch's storage.
    ///
    /// Never allocates once the scratch is warm; a larger batch or record than any before may.
    ///
    /// # Errors
    /// [`EvaluateError::ForeignScratch`].
    pub fn evaluate<'s>(&self, scratch: &'s mut Scratch, batch: &Batch<'_>) -> Result<&'s [Verdict], EvaluateError> {
        let mut verdicts = std::mem::take(&mut scratch.verdicts);
        verdicts.clear();
        verdicts.resize(batch.len(), Verdict::NoMatch);
        let done = self.evaluate_into(scratch, batch, &mut verdicts);
        scratch.verdicts = verdicts;
        done?;
        Ok(&scratch.verdicts)
    }

    /// One verdict a record, in the caller's storage.
    ///
    /// # Errors
    /// [`EvaluateError`].
    pub fn evaluate_into(
        &self,
        scratch: &mut Scratch,
        batch: &Batch<'_>,
        verdicts: &mut [Verdict],
    ) -> Result<(), EvaluateError> {
        self.accepts(scratch)?;
        if verdicts.len() != batch.len() {
            return Err(EvaluateError::OutputLength { expected: batch.len(), found: verdicts.len() });
        }
        self.each(scratch, batch, false, |_, record, verdict, _| verdicts[record] = verdict);
        Ok(())
    }

    /// One verdict a record, and which filters matched it.
    ///
    /// # Errors
    /// [`EvaluateError::ForeignScratch`].
    pub fn evaluate_sets<'s>(&self, scratch: &'s mut Scratch, batch: &Batch<'_>) -> Result<Outcome<'s>, EvaluateError> {
        self.accepts(scratch)?;
        scratch.verdicts.clear();
        scratch.matched.clear();
        scratch.matched_start.clear();
        scratch.matched_start.push(0);
        scratch.formats.clear();
        self.each(scratch, batch, true, |scratch, _, verdict, format| {
            scratch.verdicts.push(verdict);
            scratch.formats.push(format);
            let from = scratch.matched.len();
            if verdict == Verdict::Match {
                scratch.matched.extend_from_slice(&scratch.resolve.accepted);
                scratch.matched[from..].sort_unstable();
            }
            scratch.matched_start.push(scratch.matched.len());
        });
        Ok(Outcome {
            verdicts: &scratch.verdicts,
            matched: &scratch.matched,
            starts: &scratch.matched_start,
            formats: &scratch.formats,
            asks_json: self.asks_json,
        })
    }

    /// Why a record is malformed, and where; `Ok` if it is not.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn check(&self, record: &[u8]) -> Result<(), Malformed> {
        check(record, &self.limits)
    }

    fn accepts(&self, scratch: &Scratch) -> Result<(), EvaluateError> {
        if scratch.program_id == self.program.id() { Ok(()) } else { Err(EvaluateError::ForeignScratch) }
    }

    /// Calls `then` for each record of a batch in order, with its verdict and, if `formats` are wanted, its payload's.
    fn each(
        &self,
        scratch: &mut Scratch,
        batch: &Batch<'_>,
        formats: bool,
        mut then: impl FnMut(&mut Scratch, usize, Verdict, Option<PayloadFormat>),
    ) {
        let view = self.program.view();
        // Whoever wants all malformed records told wants the formats of payloads as they are, too.
        let unread = self.checks != Checks::Every || !(formats && self.shape.payload.is_some());
        let required = self.prefilters.record.as_ref().filter(|_| unread && self.searches());
        let Some(required) = required else {
            for (record, item) in batch.items().enumerate() {
                let (verdict, format) = self.record(&view, scratch, item);
                then(scratch, record, verdict, format);
            }
            return;
        };
        let mut candidates = std::mem::take(&mut scratch.candidates);
        let mut first = 0;
        while first < batch.len() {
            // As much as stays in the cache until it is read again.
            let behind = batch.window(first, WINDOW_BYTES);
            candidates.clear();
            // A record that is only read to its first fields is not searched to its end.
            let is_short = self.checks == Checks::Trusted && scratch.reach.is_short();
            candidates.resize(behind - first, is_short);
            if !is_short {
                self.search(&view, required, batch, first, &mut candidates, &mut scratch.adaptive);
            }
            for (record, &candidate) in (first..behind).zip(&candidates) {
                // PERF: most are dropped, and not even looked up.
                let (verdict, format) = if candidate {
                    self.record(&view, scratch, batch.item(record))
                } else {
                    (self.unread(scratch, || batch.item(record)), None)
                };
                then(scratch, record, verdict, format);
            }
            first = behind;
        }
        scratch.candidates = candidates;
    }

    /// Marks the records from `first` on that have to be read.
    fn search(
        &self,
        view: &View<'_>,
        required: &Required,
        batch: &Batch<'_>,
        first: usize,
        candidates: &mut [bool],
        adaptive: &mut Adaptive,
    ) {
        if let Some(buffer) = batch.buffer() {
            let (len, range) = (candidates.len(), |record| batch.range(first + record));
            let mark = |at: usize| candidates[at] = true;
            match required {
                Required::Literals(prefilter) => prefilter.candidates(self.isa, buffer, len, range, adaptive, mark),
                Required::Coded(coded) => coded.candidates(self.isa, buffer, len, range, adaptive, mark),
                Required::Members(members) => members.candidates(view, self.isa, buffer, len, range, adaptive, mark),
            }
            return;
        }
        for (record, candidate) in (first..).zip(candidates) {
            // Only of a whole record is everything in one text.
            *candidate = batch.item(record).text().is_none_or(|record| match required {
                Required::Literals(prefilter) => prefilter.admits(self.isa, record, adaptive),
                Required::Coded(coded) => coded.admits(self.isa, record, adaptive),
                Required::Members(members) => members.admits(view, self.isa, record, adaptive),
            });
        }
    }

    /// The verdict on a record that cannot match.
    fn unread<'b>(&self, scratch: &mut Scratch, item: impl FnOnce() -> Item<'b>) -> Verdict {
        scratch.resolve.accepted.clear();
        if self.checks != Checks::Every {
            return Verdict::NoMatch;
        }
        let valid = item().text().is_none_or(|json| self.limits.take(json) && self.is_valid(scratch, json));
        if valid { Verdict::NoMatch } else { Verdict::Malformed }
    }

    /// Whether literals are searched for at all.
    fn searches(&self) -> bool {
        self.prefilter && self.front_end == FrontEnd::Index
    }

    /// The verdict on one record, whose accepted filters are then in the scratch, and the format of its payload where
    /// that is known.
    fn record(&self, view: &View<'_>, scratch: &mut Scratch, item: Item<'_>) -> (Verdict, Option<PayloadFormat>) {
        scratch.resolve.accepted.clear();
        let given = match item {
            Item::Whole(record) => Given { json: Some(record), ..Given::default() },
            Item::View(pieces) => {
                Given { json: pieces.delivered.or(pieces.metadata), pieces: Some(pieces), ..Given::default() }
            }
            Item::Tape(tape) => Given { tape: Some(&tape.0), ..Given::default() },
        };
        let json = given.json;
        let payload = given.pieces.and_then(|pieces| pieces.payload);
        if json.is_some_and(|json| !self.limits.take(json))
            || payload.is_some_and(|payload| !self.limits.take(payload.bytes))
            || given.tape.is_some_and(|nodes| !is_within(nodes, &self.limits, &mut scratch.parse.open))
        {
            return (Verdict::Malformed, None);
        }
        let trusted = self.checks == Checks::Trusted;
        if trusted && self.program.passes_all() {
            return (Verdict::Match, None);
        }
        let believe = self.checks != Checks::Every && self.front_end == FrontEnd::Index && given.tape.is_none();
        if believe && !self.program.passes_all() && (trusted || !scratch.rate.is_high()) {
            match self.judged(view, scratch, given, Trust::Record) {
                Judged::Lost => return (Verdict::Malformed, None),
                Judged::Is(format) if scratch.resolve.accepted.is_empty() => {
                    scratch.rate.count(false);
                    return (Verdict::NoMatch, format);
                }
                Judged::Is(format) => {
                    scratch.rate.count(true);
                    // It would match, so now the record has to be JSON.
                    return if trusted || json.is_none_or(|json| self.is_valid(scratch, json)) {
                        (Verdict::Match, format)
                    } else {
                        scratch.resolve.accepted.clear();
                        (Verdict::Malformed, None)
                    };
                }
            }
        }
        if !json.is_none_or(|json| self.is_valid(scratch, json)) {
            return (Verdict::Malformed, None);
        }
        if self.program.passes_all() {
            return (Verdict::Match, None);
        }
        match self.judged(view, scratch, given, Trust::Nothing) {
            Judged::Lost => (Verdict::Malformed, None),
            Judged::Is(format) => {
                let matched = !scratch.resolve.accepted.is_empty();
                scratch.rate.count(matched);
                (if matched { Verdict::Match } else { Verdict::NoMatch }, format)
            }
        }
    }

    /// Whether a record is valid; its bitmaps are left behind.
    fn is_valid(&self, scratch: &mut Scratch, json: &[u8]) -> bool {
        match self.front_end {
            FrontEnd::Index => index::is_valid(self.isa, json, &self.limits, &mut scratch.index),
            FrontEnd::Tape | FrontEnd::Text => check(json, &self.limits).is_ok(),
        }
    }

    /// Judges a record. With [`Trust::Nothing`], it has been found valid, and for the front end over bitmaps these lie in
    /// the scratch.
    fn judged(&self, view: &View<'_>, scratch: &mut Scratch, given: Given<'_>, trust: Trust) -> Judged {
        let Given { json, pieces, tape } = given;
        let Scratch { trail, resolve, search, plan, parse, payload, beside, texts, index, payload_adaptive, .. } =
            scratch;
        trail.begin(view);
        let mut deferred = Deferred::default();
        // Of a record that was proved the payload's format is wanted, too.
        let forbidden = match &self.few {
            Some(few) if trust != Trust::Nothing || self.shape.payload.is_none() => few.forbidden(),
            _ => 0,
        };
        let until = self.until.filter(|_| self.checks == Checks::Trusted && trust == Trust::Record);
        if let Some(json) = json {
            let walked = match until.zip(self.keys.as_ref()) {
                Some(((until, _), keys)) => {
                    self.walk_until(view, keys, until, forbidden, &mut scratch.reach, index, trail, json)
                }
                None => {
                    if trust != Trust::Nothing && self.front_end == FrontEnd::Index {
                        index::index(self.isa, json, index);
                    }
                    self.walk_json(view, forbidden, parse, index, trail, json)
                }
            };
            deferred = match walked {
                Ok(deferred) => deferred,
                Err(Lost) => return Judged::Lost,
            };
            if deferred.is_dropped {
                resolve.accepted.clear();
                return Judged::Is(None);
            }
        }
        if let Some(nodes) = tape {
            let Parse { buffer, ends, .. } = parse;
            deferred = match walk(view, &self.shape, &mut TapeCursor::copying(nodes, buffer, ends), trail) {
                Ok(deferred) => deferred,
                Err(Lost) => return Judged::Lost,
            };
        }
        let json = json.unwrap_or_default();
        let locate = |located: Located| -> (&[u8], bool) {
            let buffer = if located.buffer == Buffer::Parsed { &parse.buffer } else { json };
            (&buffer[located.start as usize..][..located.len as usize], located.escaped)
        };
        let root = view.node(0);
        let mut coded_beside = None;
        if let Some((key, located)) = self.shape.beside.zip(deferred.beside) {
            let (bytes, escaped) = locate(located);
            let encoding = self.shape.payload.map_or(Encoding::Plain, |payload| payload.encoding);
            coded_beside = view.child(root, key.as_bytes()).map(|node| (node, Coded { bytes, escaped, encoding }));
        }
        for (key, member) in pieces.iter().flat_map(|pieces| pieces.members()) {
            let Some(node) = view.child(root, key.as_bytes()) else { continue };
            match *member {
                Member::Number(value) => {
                    let located = walk::spell(i128::from(value), &mut trail.text);
                    walk::push_scalar(view, trail, node, HitValue::Number(located));
                }
                Member::Text(text) => {
                    let start = trail.text.len() as u32;
                    trail.text.extend_from_slice(text.as_bytes());
                    let located = Located { buffer: Buffer::Text, escaped: false, start, len: text.len() as u32 };
                    walk::push_scalar(view, trail, node, HitValue::String(located));
                }
                Member::Decoded(coded) => {
                    trail.forget_decoded(false);
                    coded_beside = Some((node, Coded::given(coded)));
                }
            }
        }
        let keys = match self.front_end {
            FrontEnd::Index => self.keys.as_ref(),
            FrontEnd::Tape | FrontEnd::Text => None,
        };
        let (isa, limits) = (self.isa, &self.limits);
        let placing =
            |node, buffer, until, forbidden| Placing { view, keys, isa, limits, node, buffer, until, forbidden };
        let mut decoded_beside: &[u8] = &[];
        if let Some((node, coded)) = coded_beside {
            decoded_beside =
                placing(node, Buffer::Beside, None, 0).place(trail, index, coded, beside, Belief::None).text;
        }
        let mut decoded_payload: &[u8] = &[];
        let mut format = None;
        // Whether the payload looks like JSON and was not proved to be.
        let mut believed = false;
        if let Some(shape) = self.shape.payload
            && let Some(node) = view.child(root, shape.key.as_bytes())
        {
            let handed_over = pieces.and_then(|pieces| pieces.payload);
            if handed_over.is_some() {
                trail.forget_decoded(true);
            }
            let coded = match (handed_over, deferred.payload) {
                (Some(coded), _) => Some(Coded::given(coded)),
                (None, Some(Found::String(located))) => {
                    let (bytes, escaped) = locate(located);
                    Some(Coded { bytes, escaped, encoding: shape.encoding })
                }
                _ => None,
            };
            // Nobody need decode what cannot make a difference.
            if let Some((few, metadata)) = self.few.as_ref().zip(self.metadata)
                && self.checks != Checks::Every
            {
                let bytes = Bytes {
                    record: json,
                    parsed: &parse.buffer,
                    payload: &[],
                    beside: decoded_beside,
                    text: &trail.text,
                };
                let plans = &self.plans;
                let mut tests = Tests { plans, flat: None, memory: &mut *plan, bytes: &bytes, texts: &mut *texts };
                let (satisfied, seen) = bits(view, &trail.hits, &mut tests);
                if !few.may_accept(satisfied | !metadata.slots, seen) {
                    return Judged::Is(None);
                }
            }
            format = Some(match coded {
                Some(coded) => {
                    let placing = placing(node, Buffer::Payload, until.map(|(_, payload)| payload), forbidden);
                    // As plain text it would be a value, and a value that is believed to be missing may make
                    // a filter accept. So belief needs that nothing asks for that value.
                    // And where a payload that is no JSON lets a record pass, it has to be proved at once.
                    // PERF: then the proof is what it costs; to look for literals first and not to walk gained 3 %.
                    let believe = trust == Trust::Record && view.node(node).leaf == NONE && !self.passes_other_formats;
                    let prefilter = self.prefilters.decoded.as_ref().filter(|_| believe && self.searches());
                    let belief = match prefilter {
                        Some(prefilter) => Belief::Literals(prefilter, payload_adaptive),
                        None if believe => Belief::Json,
                        None => Belief::None,
                    };
                    let placed = placing.place(trail, index, coded, payload, belief);
                    decoded_payload = placed.text;
                    believed = placed.believed;
                    if placed.unread {
                        // A literal may lie in what is not coded, or beside.
                        // No literal has a quote, so none begins before the payload and ends in it.
                        let (before, behind) = match deferred.payload {
                            Some(Found::String(located)) if located.buffer == Buffer::Record => {
                                let (start, len) = (located.start as usize, located.len as usize);
                                (&json[..start], &json[start + len..])
                            }
                            _ => (json, &json[..0]),
                        };
                        let elsewhere = [before, behind, decoded_beside, &trail.text];
                        let may_match = |text: &&[u8]| prefilter.is_none_or(|all| all.may_match(self.isa, text));
                        if !elsewhere.iter().any(may_match) {
                            return Judged::Is(None);
                        }
                        return self.judged(view, scratch, given, Trust::RecordOnly);
                    }
                    placed.format
                }
                None if matches!(deferred.payload, Some(Found::Container)) => PayloadFormat::Json,
                None => PayloadFormat::Undecodable,
            });
        }
        let when = match format {
            None | Some(PayloadFormat::Json) => WHEN_JSON,
            Some(PayloadFormat::Plain) => WHEN_PLAIN,
            Some(PayloadFormat::Undecodable) => WHEN_BROKEN,
        };
        let bytes = Bytes {
            record: json,
            parsed: &parse.buffer,
            payload: decoded_payload,
            beside: decoded_beside,
            text: &trail.text,
        };
        let mut tests = Tests { plans: &self.plans, flat: self.flat.as_deref(), memory: plan, bytes: &bytes, texts };
        let mut judge = |when, resolve: &mut Resolve| {
            if let Some(few) = &self.few {
                judge_few(view, few, &trail.hits, &mut tests, resolve, when);
                return;
            }
            resolve.begin(trail.hits.len(), when);
            if trail.irregular {
                judge_irregular(view, &self.sources, &trail.hits, &mut tests, resolve, search);
            } else {
                judge(view, &trail.hits, &mut tests, resolve);
            }
        };
        if !believed {
            judge(when, resolve);
            return Judged::Is(format);
        }
        // What counts under any format counts; then nothing that matches is missed, whatever the payload is.
        judge(WHEN_ANY, resolve);
        if resolve.accepted.is_empty() {
            return Judged::Is(None);
        }
        if self.checks == Checks::Trusted || index::is_valid(self.isa, decoded_payload, &self.limits, index) {
            judge(WHEN_JSON, resolve);
            return Judged::Is(format);
        }
        // Not JSON after all. The record itself is still only believed, and is indexed again.
        self.judged(view, scratch, given, Trust::RecordOnly)
    }

    /// Walks the beginning of a record, and a longer one as long as not everything was met.
    #[allow(clippy::too_many_arguments, reason = "the parts of a scratch, borrowed apart")]
    fn walk_until(
        &self,
        view: &View<'_>,
        keys: &Keys,
        until: Until,
        forbidden: u64,
        reach: &mut Reach,
        index: &mut Index,
        trail: &mut Trail,
        json: &[u8],
    ) -> Result<Deferred, Lost> {
        /// Bytes to begin with; the whole costs at most a third more than reading the record at once.
        const FIRST_BYTES: usize = 256;
        let mut len = FIRST_BYTES.min(json.len());
        loop {
            let text = &json[..len];
            index::index(self.isa, text, index);
            let blocks = index.blocks();
            let walk = IndexWalk {
                view,
                keys,
                text,
                buffer: Buffer::Record,
                blocks,
                trail,
                root: 0,
                until: Some(until),
                forbidden,
            };
            let walked = index::run(self.isa, walk);
            if walked.is_ok() || len == json.len() {
                reach.count(len, json.len());
                return walked;
            }
            trail.begin(view);
            len = (len * 4).min(json.len());
        }
    }

    fn walk_json(
        &self,
        view: &View<'_>,
        forbidden: u64,
        parse: &mut Parse,
        index: &Index,
        trail: &mut Trail,
        json: &[u8],
    ) -> Result<Deferred, Lost> {
        match self.front_end {
            FrontEnd::Index => {
                if let Some(keys) = &self.keys {
                    let blocks = index.blocks();
                    let walk = IndexWalk {
                        view,
                        keys,
                        text: json,
                        buffer: Buffer::Record,
                        blocks,
                        trail,
                        root: 0,
                        until: None,
                        forbidden,
                    };
                    return index::run(self.isa, walk);
                }
            }
            FrontEnd::Tape => match walk_tape(view, &self.shape, parse, trail, json) {
                Err(Lost) => trail.begin(view),
                walked => return walked,
            },
            FrontEnd::Text => {}
        }
        walk(view, &self.shape, &mut TextCursor::new(json), trail)
    }
}

/// A record as it was handed over.
#[derive(Debug, Clone, Copy, Default)]
struct Given<'r> {
    /// All of it that is in one JSON object.
    json: Option<&'r [u8]>,
    /// The pieces, if it came in pieces.
    pieces: Option<&'r RecordView<'r>>,
    /// The nodes of the tape, if it came as one.
    tape: Option<&'r [Node<'r>]>,
}

/// The slots that a payload cannot satisfy.
#[derive(Debug, Clone, Copy)]
struct Metadata {
    slots: u64,
}

impl Metadata {
    /// `None` if all depends on the payload, or nothing.
    fn new(view: &View<'_>, shape: &Shape, few: &Few) -> Option<Metadata> {
        let payload = view.child(view.node(0), shape.payload?.key.as_bytes())?;
        let leaves = below(view, payload);
        let mut of_payload = 0_u64;
        for leaf in (0..view.leaf_len()).filter(|leaf| leaves >> leaf & 1 != 0) {
            exec::slots_of(view, view.leaf(leaf).pc, |slot| of_payload |= 1 << slot);
        }
        few.asks(!of_payload, !leaves).then_some(Metadata { slots: !of_payload })
    }
}

/// The leaves at a node and below it, a bit each.
fn below(view: &View<'_>, node: u32) -> u64 {
    let (mut leaves, mut open) = (0_u64, vec![node]);
    while let Some(node) = open.pop() {
        let node = view.node(node);
        if node.leaf != NONE {
            leaves |= 1 << node.leaf;
        }
        open.extend((node.edge_start..node.edge_start + node.edge_len).map(|edge| view.edge(edge).child));
    }
    leaves
}

/// What has to be met in a record, and in its payload; `None` if that is too much to keep track of, or nothing.
fn until(view: &View<'_>, shape: &Shape) -> Option<(Until, Until)> {
    if !(1..=64).contains(&view.leaf_len()) {
        return None;
    }
    let root = view.node(0);
    let child = |key: Option<&str>| key.and_then(|key| view.child(root, key.as_bytes()));
    let payload_node = child(shape.payload.map(|payload| payload.key));
    let beside_node = child(shape.beside);
    let [all, payload, beside] =
        [Some(0), payload_node, beside_node].map(|node| node.map_or(0, |node| below(view, node)));
    let outer =
        Until { leaves: all & !payload & !beside, payload: payload_node.is_some(), beside: beside_node.is_some() };
    Some((outer, Until { leaves: payload, payload: false, beside: false }))
}

/// What of a record is believed to be JSON without proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Nothing: the record has been proved, and the payload is when it is met.
    Nothing,
    /// The record, not its payload.
    RecordOnly,
    /// The record, and its payload.
    Record,
}

/// What [`Engine::judged`] found.
enum Judged {
    /// The record is no JSON object.
    Lost,
    /// The filters are in the scratch; the format is the payload's, if a filter looks at it.
    Is(Option<PayloadFormat>),
}

/// Parses with simd-json and walks the tape.
fn walk_tape(
    view: &View<'_>,
    shape: &Shape,
    parse: &mut Parse,
    trail: &mut Trail,
    record: &[u8],
) -> Result<Deferred, Lost> {
    parse.buffer.clear();
    parse.buffer.reserve(record.len() + INPUT_PADDING);
    parse.buffer.extend_from_slice(record);
    parse.buffer.resize(record.len() + INPUT_PADDING, b' ');
    let mut tape: Tape<'_> = parse.tape.take().unwrap_or_else(Tape::null).reset();
    let base = parse.buffer.as_ptr() as usize;
    let parsed = simd_json::fill_tape_padded(&mut parse.buffer, record.len(), &mut parse.buffers, &mut tape);
    let walked = match parsed {
        Ok(()) => {
            let nodes: &[Node<'_>] = &tape.0;
            walk(view, shape, &mut TapeCursor::new(nodes, base, &mut parse.ends), trail)
        }
        Err(_) => Err(Lost),
    };
    parse.tape = Some(tape.reset());
    walked
}
