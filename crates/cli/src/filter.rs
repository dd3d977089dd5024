//! `filter`: records in, matching records out.
//!
//! A run is a sequence of chunks. Each chunk is answered on its own ([`Plan::answer`], on any thread), and the
//! answers are taken in the order of the input ([`Report::take`], on one thread), which alone writes.

use std::ops::Range;
use std::path::PathBuf;

use eventsieve::{Batch, Checks, DropReason, Envelope, Outcome, Scratch, Sieve, Source, Verdict};
use serde::Serialize;

use crate::answer::{Answer, NAMED_PROBLEMS, Problem};
use crate::args::FilterArgs;
use crate::chunk::{Chunk, Span, Text};
use crate::criteria;
use crate::exit::{Exit, Failure};
use crate::output::{self, Progress};
use crate::pipeline;
use crate::records::{Inputs, Item, total_bytes};
use crate::report::Report;
use crate::units::{self, Unit};

pub(crate) fn run(args: &FilterArgs) -> Result<Exit, Failure> {
    let files = if args.files.is_empty() { vec![PathBuf::from("-")] } else { args.files.clone() };
    if criteria::reads_stdin(&args.chosen) && files.iter().any(|file| criteria::is_stdin(file)) {
        return Err(Failure::Trouble("stdin cannot hold the criteria and the records".to_owned()));
    }
    let checks = checks(args)?;
    let names: Vec<String> = files.iter().map(|file| criteria::name_of(file)).collect();
    let mut inputs = Inputs::new(&files, args.which);
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
    let sieve = criteria::sieve(&args.chosen, told)?.with_checks(checks);
    if args.deaggregate && sieve.source() != Source::Kinesis {
        let source = sieve.source();
        return Err(Failure::Trouble(format!("--deaggregate is for the source kinesis, this is {source}")));
    }
    let plan = Plan { sieve: &sieve, names: &names, want: Want::of(args), deaggregate: args.deaggregate };
    let mut report = Report::new(&names, Progress::new(total_bytes(&files)));
    pipeline::run(&plan, first, inputs, args.threads.len(), &mut report)?;
    report.finish(args, open && told.is_none())
}

/// Which records are proved to be JSON.
fn checks(args: &FilterArgs) -> Result<Checks, Failure> {
    let checks = Checks::from(args.checks);
    let all = [("--fail-on-malformed", args.fail_on_malformed), ("--invert", args.invert)];
    if checks == Checks::Matches
        && let Some((flag, _)) = all.iter().find(|(_, given)| *given)
    {
        return Err(Failure::Trouble(format!("{flag} needs --checks every: it asks about records that do not match")));
    }
    Ok(checks)
}

/// Documents that are asked for their source before they are taken as raw records.
const ASKED: usize = 100;

/// Reads until a document tells the source; what was read is kept. The first chunk that holds valid documents decides.
fn tell_source(inputs: &mut Inputs<'_>, first: &mut Vec<Item>) -> Option<Source> {
    while let Some(mut item) = inputs.next(Text::default()) {
        let mut decided = false;
        let mut told = None;
        if let Item::Chunk(chunk) = &mut item {
            let mut spans = Vec::new();
            chunk.find_records(&mut spans);
            for span in spans.iter().take(ASKED) {
                let document = &chunk.text[span.range()];
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
    /// The same as ranges.
    ranges: Vec<Range<usize>>,
}

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
        Memory { scratch: self.sieve.scratch(), spans: Vec::new(), ranges: Vec::new() }
    }

    /// Evaluates a chunk. `out` is memory for what is to be written.
    pub(crate) fn answer(&self, memory: &mut Memory, item: Item, out: Vec<u8>) -> Answer {
        let (mut chunk, trouble) = match item {
            Item::Chunk(chunk) => (chunk, None),
            Item::Claim(claim) => claim.read(),
            Item::Unreadable(file, trouble) => {
                return Answer { file, trouble: Some(trouble), ..Answer::default() };
            }
        };
        let lines = chunk.find_records(&mut memory.spans);
        let mut answer = Answer { file: chunk.file, lines, out, trouble, ..Answer::default() };
        if self.are_records(&chunk) {
            self.answer_records(memory, &chunk, &mut answer);
        } else {
            self.answer_units(memory, &chunk, &mut answer);
        }
        answer.text = chunk.text;
        answer
    }

    /// Whether every document is a record: no envelope can be among them, and no aggregate is asked about.
    fn are_records(&self, chunk: &Chunk) -> bool {
        let source = self.sieve.source();
        source == Source::Raw || !(self.deaggregate || Envelope::is_likely(&chunk.text, source))
    }

    /// Every document is a record.
    fn answer_records(&self, memory: &mut Memory, chunk: &Chunk, answer: &mut Answer) {
        let Memory { scratch, spans, ranges } = memory;
        let bytes: &[u8] = &chunk.text;
        ranges.clear();
        ranges.extend(spans.iter().map(Span::range));
        let batch = Batch::from_ranges(bytes, ranges).expect("records lie in their chunk, one after the other");
        answer.records = batch.len() as u64;
        let (keep, null) = self.keeps();
        let verdicts = if self.sieve.source() == Source::Raw && !matches!(self.want, Want::Which) {
            self.sieve.evaluate(scratch, &batch).expect("the scratch was made by this sieve")
        } else {
            let outcome = self.sieve.evaluate_sets(scratch, &batch).expect("the scratch was made by this sieve");
            answer.payload_not_json = payloads_not_json(&outcome);
            if let Want::Which = self.want {
                self.tell_filters(chunk, spans, &outcome, answer);
            }
            outcome.verdicts()
        };
        answer.count(verdicts, keep);
        self.note_problems(chunk, spans, verdicts, answer);
        if !matches!(self.want, Want::Records { .. }) {
            return;
        }
        let kept = spans.iter().zip(verdicts).filter(|(_, verdict)| **verdict == keep).map(|(span, _)| span);
        if null {
            answer.write_null_ended(bytes, kept);
        } else if chunk.has_lines() {
            answer.write_lines(bytes, kept);
        } else {
            answer.write_documents(bytes, kept);
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
        let Memory { scratch, spans, .. } = memory;
        let units: Vec<Unit<'_>> =
            spans.iter().map(|span| units::read(&chunk.text[span.range()], source, self.deaggregate)).collect();
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
        answer.payload_not_json = payloads_not_json(&outcome);
        let file = (self.names.len() > 1).then(|| self.names[chunk.file].as_str());
        for (at, (unit, span)) in units.iter().zip(spans.iter()).enumerate() {
            let records = starts[at]..starts[at + 1];
            if let Unit::Broken { offset, reason } = unit {
                answer.records += 1;
                answer.malformed += 1;
                let place = place(span, &chunk.text[span.range()], *offset);
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
                    let end: &[u8] = if null { b"\0" } else { &chunk.text[span.end..span.next] };
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
    fn tell_filters(&self, chunk: &Chunk, spans: &[Span], outcome: &Outcome<'_>, answer: &mut Answer) {
        let verdicts = outcome.verdicts();
        let file = (self.names.len() > 1).then(|| self.names[chunk.file].as_str());
        for (record, span) in spans.iter().enumerate() {
            let bytes = &chunk.text[span.range()];
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
            answer.problems =
                malformed.take(NAMED_PROBLEMS).map(|(span, _)| self.problem(span, &chunk.text[span.range()])).collect();
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

/// Dropped records whose payload is no JSON although a filter asks for JSON.
fn payloads_not_json(outcome: &Outcome<'_>) -> u64 {
    let records = 0..outcome.verdicts().len();
    records.filter(|&record| outcome.drop_reason(record) == Some(DropReason::PayloadNotJson)).count() as u64
}

/// Line and column of an offset in a record.
fn place(span: &Span, record: &[u8], offset: usize) -> (u64, u64) {
    let before = &record[..offset.min(record.len())];
    let line = span.line + memchr::memchr_iter(b'\n', before).count() as u64;
    let column = 1 + before.len() - memchr::memrchr(b'\n', before).map_or(0, |feed| feed + 1);
    (line, column as u64)
}
