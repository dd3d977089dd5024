//! `filter`: records in, matching records out.
//!
//! A run is a sequence of chunks. Each chunk is answered on its own ([`Plan::answer`], on any thread), and the
//! answers are taken in the order of the input ([`Report::take`], on one thread), which alone writes.

use std::path::PathBuf;
use std::time::Instant;

use eventsieve::{Batch, DropReason, Envelope, Scratch, Sieve, Source, Verdict};
use serde::Serialize;

use crate::args::{FilterArgs, Format};
use crate::criteria;
use crate::exit::{Exit, Failure};
use crate::output::{self, Progress, Summary, counted};
use crate::pipeline;
use crate::records::{Chunk, Inputs, Item, Span, total_bytes};
use crate::units::{self, Unit};

pub(crate) fn run(args: &FilterArgs) -> Result<Exit, Failure> {
    let files = if args.files.is_empty() { vec![PathBuf::from("-")] } else { args.files.clone() };
    if criteria::reads_stdin(&args.chosen) && files.iter().any(|file| criteria::is_stdin(file)) {
        return Err(Failure::Trouble("stdin cannot hold the criteria and the records".to_owned()));
    }
    let names: Vec<String> = files.iter().map(|file| criteria::name_of(file)).collect();
    let mut inputs = Inputs::new(&files);
    // The source may have to be told from the records, and the criteria are compiled for it: so read first.
    let mut first = Vec::new();
    let mut told = None;
    let open = criteria::is_source_open(&args.chosen);
    if open {
        told = tell_source(&mut inputs, &mut first);
        if let Some(source) = told {
            output::note(&format!("source {source}, told from the records; --source says otherwise"));
        }
    }
    let sieve = criteria::sieve(&args.chosen, told)?;
    if args.deaggregate && sieve.source() != Source::Kinesis {
        let source = sieve.source();
        return Err(Failure::Trouble(format!("--deaggregate is for the source kinesis, this is {source}")));
    }
    let plan = Plan { sieve: &sieve, names: &names, want: Want::of(args), deaggregate: args.deaggregate };
    let mut report = Report::new(&names, Progress::new(total_bytes(&files)));
    pipeline::run(&plan, first, inputs, args.threads.len(), &mut report)?;
    report.untold = open && told.is_none();
    report.finish(args)
}

/// Documents that are asked for their source before they are taken as raw records.
const ASKED: usize = 100;

/// Reads until a document tells the source; what was read is kept. The first chunk that holds valid documents decides.
fn tell_source(inputs: &mut Inputs<'_>, first: &mut Vec<Item>) -> Option<Source> {
    while let Some(mut item) = inputs.next(Vec::new()) {
        let mut decided = false;
        let mut told = None;
        if let Item::Chunk(chunk) = &mut item {
            let mut spans = Vec::new();
            chunk.find_records(&mut spans);
            for span in spans.iter().take(ASKED) {
                let document = &chunk.bytes[span.start..span.end];
                decided |= eventsieve::check(document, &eventsieve::RecordLimits::default()).is_ok();
                told = Envelope::source_of(document);
                if told.is_some() {
                    break;
                }
            }
            chunk.keep_records(spans);
        }
        first.push(item);
        if decided {
            return told;
        }
    }
    None
}

/// What to write about each record.
#[derive(Debug, Clone, Copy)]
enum Want {
    /// The records with this verdict, ended as they lay or by a NUL byte.
    Records { keep: Verdict, null: bool },
    /// Nothing; how many records have this verdict is told in the end.
    Count { keep: Verdict },
    /// Which filters matched.
    Which,
}

impl Want {
    fn of(args: &FilterArgs) -> Want {
        let keep = if args.invert { Verdict::NoMatch } else { Verdict::Match };
        match (args.which, args.count) {
            (true, _) => Want::Which,
            (_, true) => Want::Count { keep },
            _ => Want::Records { keep, null: args.null },
        }
    }
}

/// What to do with a chunk; the same for all of them.
pub(crate) struct Plan<'p> {
    sieve: &'p Sieve<'static>,
    names: &'p [String],
    want: Want,
    deaggregate: bool,
}

/// Memory of one thread.
pub(crate) struct Memory {
    scratch: Scratch,
    spans: Vec<Span>,
}

/// What a chunk came to.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    file: usize,
    /// What to write.
    out: Vec<u8>,
    /// The last record in `out` has no line ending.
    open_end: bool,
    records: u64,
    matched: u64,
    kept: u64,
    malformed: u64,
    /// Dropped records whose payload is no JSON although a filter asks for JSON.
    payload_not_json: u64,
    /// The first few malformed records.
    problems: Vec<Problem>,
    /// Why the file cannot be read (further).
    unreadable: Option<String>,
    bytes: u64,
    /// The chunk's memory, to be used again.
    spare: Vec<u8>,
}

/// A malformed record.
#[derive(Debug)]
struct Problem {
    line: u64,
    column: u64,
    reason: String,
}

/// Malformed records that are named one by one.
const NAMED_PROBLEMS: usize = 10;

/// A line of `--which`; the field names are a promise.
#[derive(Serialize)]
struct WhichLine<'w> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'w str>,
    line: u64,
    /// Which record of an envelope (or of an aggregate), counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<usize>,
    #[serde(rename = "match")]
    matched: bool,
    filters: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed: Option<String>,
}

impl Plan<'_> {
    /// Memory for one thread.
    pub(crate) fn memory(&self) -> Memory {
        Memory { scratch: self.sieve.scratch(), spans: Vec::new() }
    }

    /// Evaluates a chunk.
    pub(crate) fn answer(&self, memory: &mut Memory, item: Item) -> Answer {
        let mut chunk = match item {
            Item::Chunk(chunk) => chunk,
            Item::Unreadable(file, error) => {
                return Answer { file, unreadable: Some(error.to_string()), ..Answer::default() };
            }
        };
        chunk.find_records(&mut memory.spans);
        let mut answer = Answer { file: chunk.file, bytes: chunk.bytes.len() as u64, ..Answer::default() };
        if self.sieve.source() == Source::Raw {
            self.answer_records(memory, &chunk, &mut answer);
        } else {
            self.answer_units(memory, &chunk, &mut answer);
        }
        answer.spare = chunk.bytes;
        answer
    }

    /// Every document is a record.
    fn answer_records(&self, memory: &mut Memory, chunk: &Chunk, answer: &mut Answer) {
        let (scratch, spans) = (&mut memory.scratch, memory.spans.as_slice());
        let slices: Vec<&[u8]> = spans.iter().map(|span| &chunk.bytes[span.start..span.end]).collect();
        let batch = Batch::from_slices(&slices);
        answer.records = slices.len() as u64;
        if let Want::Which = self.want {
            self.tell_filters(scratch, chunk, spans, &batch, answer);
            return;
        }
        let verdicts = self.sieve.evaluate(scratch, &batch).expect("the scratch was made by this sieve");
        let (keep, null) = self.keeps();
        answer.count(verdicts, keep);
        self.note_problems(chunk, spans, verdicts, answer);
        if let Want::Count { .. } = self.want {
            return;
        }
        let kept = spans.iter().zip(verdicts).filter(|(_, verdict)| **verdict == keep).map(|(span, _)| span);
        if null {
            write_null_ended(&chunk.bytes, kept, &mut answer.out);
        } else if chunk.has_lines() {
            write_lines(&chunk.bytes, kept, answer);
        } else {
            write_documents(&chunk.bytes, kept, answer);
        }
    }

    /// The verdict of records to keep, and whether they end with a NUL byte.
    fn keeps(&self) -> (Verdict, bool) {
        match self.want {
            Want::Records { keep, null } => (keep, null),
            Want::Count { keep } => (keep, false),
            Want::Which => (Verdict::Match, false),
        }
    }

    /// A document is a record, an aggregate of records, or an envelope.
    fn answer_units(&self, memory: &mut Memory, chunk: &Chunk, answer: &mut Answer) {
        let source = self.sieve.source();
        let (scratch, spans) = (&mut memory.scratch, memory.spans.as_slice());
        let units: Vec<Unit<'_>> = spans
            .iter()
            .map(|span| units::read(&chunk.bytes[span.start..span.end], source, self.deaggregate))
            .collect();
        let envelopes: Vec<Option<Envelope<'_>>> = units.iter().map(|unit| unit.envelope(source)).collect();
        let mut slices: Vec<&[u8]> = Vec::with_capacity(units.len());
        let mut starts = Vec::with_capacity(units.len() + 1);
        for (unit, envelope) in units.iter().zip(&envelopes) {
            starts.push(slices.len());
            match (unit, envelope) {
                (_, Some(envelope)) => slices.extend((0..envelope.len()).map(|record| envelope.record(record))),
                (Unit::Split(records), _) => slices.extend(records.iter().map(Vec::as_slice)),
                (Unit::Record(record), _) => slices.push(record),
                (Unit::Broken { .. } | Unit::Envelope(_), _) => {}
            }
        }
        starts.push(slices.len());
        let batch = Batch::from_slices(&slices);
        let outcome = self.sieve.evaluate_sets(scratch, &batch).expect("the scratch was made by this sieve");
        let verdicts = outcome.verdicts();
        let (keep, null) = self.keeps();
        answer.records = slices.len() as u64;
        answer.count(verdicts, keep);
        let not_json = |record: &usize| outcome.drop_reason(*record) == Some(DropReason::PayloadNotJson);
        answer.payload_not_json = (0..slices.len()).filter(not_json).count() as u64;
        let file = (self.names.len() > 1).then(|| self.names[chunk.file].as_str());
        for (at, (unit, span)) in units.iter().zip(spans).enumerate() {
            let records = starts[at]..starts[at + 1];
            if let Unit::Broken { offset, reason } = unit {
                answer.records += 1;
                answer.malformed += 1;
                let place = place(span, &chunk.bytes[span.start..span.end], *offset);
                answer.problem(Problem { line: place.0, column: place.1, reason: reason.clone() });
                continue;
            }
            let mut reasons = Vec::new();
            for record in records.clone().filter(|&record| verdicts[record] == Verdict::Malformed) {
                let mut problem = self.problem(span, slices[record]);
                if envelopes[at].is_some() {
                    problem.reason = format!("record {}: {}", record - records.start, problem.reason);
                }
                reasons.push((record, problem.reason.clone()));
                answer.problem(problem);
            }
            match self.want {
                Want::Count { .. } => {}
                Want::Which => {
                    for record in records.clone() {
                        let single = matches!(unit, Unit::Record(_));
                        let line = WhichLine {
                            file,
                            line: span.line,
                            record: (!single).then(|| record - records.start),
                            matched: verdicts[record] == Verdict::Match,
                            filters: outcome.filters(record).iter().collect(),
                            malformed: reasons.iter().find(|(of, _)| *of == record).map(|(_, why)| why.clone()),
                        };
                        answer.out.extend_from_slice(output::json_line(&line).as_bytes());
                    }
                }
                Want::Records { .. } => {
                    let end: &[u8] = if null { b"\0" } else { &chunk.bytes[span.end..span.next] };
                    let kept = |record: usize| verdicts[record] == keep;
                    match &envelopes[at] {
                        Some(envelope) => {
                            let mut spliced = Vec::new();
                            if envelope.splice(|record| kept(records.start + record), &mut spliced) {
                                answer.write(&spliced, end);
                            }
                        }
                        None => {
                            records.filter(|&record| kept(record)).for_each(|record| answer.write(slices[record], end))
                        }
                    }
                }
            }
        }
    }

    /// One line for each record.
    fn tell_filters(
        &self,
        scratch: &mut Scratch,
        chunk: &Chunk,
        spans: &[Span],
        batch: &Batch<'_>,
        answer: &mut Answer,
    ) {
        let outcome = self.sieve.evaluate_sets(scratch, batch).expect("the scratch was made by this sieve");
        let verdicts = outcome.verdicts();
        answer.count(verdicts, Verdict::Match);
        self.note_problems(chunk, spans, verdicts, answer);
        let file = (self.names.len() > 1).then(|| self.names[chunk.file].as_str());
        for (record, span) in spans.iter().enumerate() {
            let bytes = &chunk.bytes[span.start..span.end];
            let malformed = (verdicts[record] == Verdict::Malformed).then(|| self.problem(span, bytes).reason);
            let line = WhichLine {
                file,
                line: span.line,
                record: None,
                matched: verdicts[record] == Verdict::Match,
                filters: outcome.filters(record).iter().collect(),
                malformed,
            };
            answer.out.extend_from_slice(output::json_line(&line).as_bytes());
        }
    }

    /// Finds out about the first few malformed records.
    fn note_problems(&self, chunk: &Chunk, spans: &[Span], verdicts: &[Verdict], answer: &mut Answer) {
        if answer.malformed > 0 {
            let malformed = spans.iter().zip(verdicts).filter(|(_, verdict)| **verdict == Verdict::Malformed);
            answer.problems = malformed
                .take(NAMED_PROBLEMS)
                .map(|(span, _)| self.problem(span, &chunk.bytes[span.start..span.end]))
                .collect();
        }
    }

    /// Why and where a record is malformed. Columns count bytes, as editors and compilers do for logs.
    fn problem(&self, span: &Span, record: &[u8]) -> Problem {
        let (offset, reason) = match self.sieve.check(record) {
            Err(malformed) => (malformed.offset().min(record.len()), malformed.to_string()),
            Ok(()) => (0, "beyond a limit of the engine".to_owned()),
        };
        let (line, column) = place(span, record, offset);
        Problem { line, column, reason }
    }
}

/// Line and column of an offset in a record.
fn place(span: &Span, record: &[u8], offset: usize) -> (u64, u64) {
    let before = &record[..offset.min(record.len())];
    let line = span.line + memchr::memchr_iter(b'\n', before).count() as u64;
    let column = 1 + before.len() - memchr::memrchr(b'\n', before).map_or(0, |feed| feed + 1);
    (line, column as u64)
}

impl Answer {
    fn count(&mut self, verdicts: &[Verdict], keep: Verdict) {
        let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count() as u64;
        self.matched = count(Verdict::Match);
        self.malformed = count(Verdict::Malformed);
        self.kept = count(keep);
    }

    /// Writes one record with its ending, which it may lack if nothing follows.
    fn write(&mut self, record: &[u8], end: &[u8]) {
        if self.open_end {
            self.out.push(b'\n');
        }
        self.out.extend_from_slice(record);
        self.out.extend_from_slice(end);
        self.open_end = end.is_empty();
    }

    fn problem(&mut self, problem: Problem) {
        if self.problems.len() < NAMED_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// Lines as they lay. Neighbours are copied together.
fn write_lines<'s>(bytes: &[u8], kept: impl Iterator<Item = &'s Span>, answer: &mut Answer) {
    let mut run = 0..0;
    for span in kept {
        if span.start != run.end {
            answer.out.extend_from_slice(&bytes[run]);
            run = span.start..span.start;
        }
        run.end = span.next;
        answer.open_end = span.next == span.end;
    }
    answer.out.extend_from_slice(&bytes[run]);
}

/// Documents with the white space that followed them; a line feed parts documents that had none.
fn write_documents<'s>(bytes: &[u8], kept: impl Iterator<Item = &'s Span>, answer: &mut Answer) {
    for span in kept {
        answer.write(&bytes[span.start..span.end], &bytes[span.end..span.next]);
    }
}

/// Records, each followed by a NUL byte.
fn write_null_ended<'s>(bytes: &[u8], kept: impl Iterator<Item = &'s Span>, out: &mut Vec<u8>) {
    for span in kept {
        out.extend_from_slice(&bytes[span.start..span.end]);
        out.push(0);
    }
}

/// What has been written and said so far.
pub(crate) struct Report<'r> {
    names: &'r [String],
    progress: Progress,
    started: Instant,
    summary: Summary,
    kept: u64,
    named_problems: usize,
    unreadable: bool,
    /// Nothing told the source, and nobody said it.
    untold: bool,
    /// What was written last lacks its line ending, and gets one if anything follows.
    open_end: bool,
}

impl<'r> Report<'r> {
    fn new(names: &'r [String], progress: Progress) -> Report<'r> {
        Report {
            names,
            progress,
            started: Instant::now(),
            summary: Summary::default(),
            kept: 0,
            named_problems: 0,
            unreadable: false,
            untold: false,
            open_end: false,
        }
    }

    /// Writes an answer and gives back the memory of its chunk.
    pub(crate) fn take(&mut self, answer: Answer) -> Result<Vec<u8>, Failure> {
        let name = &self.names[answer.file];
        if let Some(error) = &answer.unreadable {
            self.progress.clear();
            output::complain(&format!("{name}: {error}"));
            self.unreadable = true;
        }
        for problem in answer.problems.iter().take(NAMED_PROBLEMS - self.named_problems) {
            self.progress.clear();
            output::note(&format!("{name}:{}:{}: {}", problem.line, problem.column, problem.reason));
            self.named_problems += 1;
        }
        self.summary.records += answer.records;
        self.summary.matched += answer.matched;
        self.summary.malformed += answer.malformed;
        self.summary.payload_not_json += answer.payload_not_json;
        self.summary.bytes += answer.bytes;
        self.kept += answer.kept;
        if !answer.out.is_empty() {
            if self.open_end {
                output::print(b"\n")?;
            }
            output::print(&answer.out)?;
            self.open_end = answer.open_end;
        }
        self.progress.tick(self.summary.bytes);
        Ok(answer.spare)
    }

    /// Says what is left to say; the status.
    fn finish(mut self, args: &FilterArgs) -> Result<Exit, Failure> {
        self.progress.clear();
        if args.count {
            output::print(format!("{}\n", self.kept).as_bytes())?;
        }
        let unnamed = self.summary.malformed - self.named_problems as u64;
        if unnamed > 0 {
            let count = counted(usize::try_from(unnamed).unwrap_or(usize::MAX), "more malformed record");
            output::note(&format!("… and {count}"));
        }
        // Said where it may explain something: a filter for a source finds nothing in records taken as they are.
        if self.untold && self.summary.matched == 0 && self.summary.records > self.summary.malformed {
            output::note("source raw, for no record tells another; --source says otherwise");
        }
        self.summary.dropped = self.summary.records - self.summary.matched;
        self.summary.seconds = self.started.elapsed().as_secs_f64();
        if args.stats || std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            output::note(&match args.format {
                Format::Text => self.summary.text(),
                Format::Json => output::json_line(&self.summary).trim_end().to_owned(),
            });
        }
        Ok(if self.unreadable || (args.fail_on_malformed && self.summary.malformed > 0) {
            Exit::Trouble
        } else if self.kept > 0 {
            Exit::Yes
        } else {
            Exit::No
        })
    }
}
