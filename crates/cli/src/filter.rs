//! `filter`: records in, matching records out.
//!
//! A run is a sequence of chunks. Each chunk is answered on its own ([`Plan::answer`], on any thread), and the
//! answers are taken in the order of the input ([`Report::take`], on one thread), which alone writes.

use std::path::PathBuf;
use std::time::Instant;

use eventsieve::{Batch, Scratch, Sieve, Verdict};
use serde::Serialize;

use crate::args::{FilterArgs, Format};
use crate::criteria;
use crate::exit::{Exit, Failure};
use crate::output::{self, Progress, Summary, counted};
use crate::pipeline;
use crate::records::{Chunk, Inputs, Item, Span, total_bytes};

pub(crate) fn run(args: &FilterArgs) -> Result<Exit, Failure> {
    let files = if args.files.is_empty() { vec![PathBuf::from("-")] } else { args.files.clone() };
    if criteria::reads_stdin(&args.chosen) && files.iter().any(|file| criteria::is_stdin(file)) {
        return Err(Failure::Trouble("stdin cannot hold the criteria and the records".to_owned()));
    }
    let sieve = criteria::sieve(&args.chosen)?;
    let names: Vec<String> = files.iter().map(|file| criteria::name_of(file)).collect();
    let plan = Plan { sieve: &sieve, names: &names, want: Want::of(args) };
    let mut report = Report::new(&names, Progress::new(total_bytes(&files)));
    pipeline::run(&plan, Inputs::new(&files), args.threads.len(), &mut report)?;
    report.finish(args)
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
        let slices: Vec<&[u8]> = memory.spans.iter().map(|span| &chunk.bytes[span.start..span.end]).collect();
        let batch = Batch::from_slices(&slices);
        let mut answer = Answer {
            file: chunk.file,
            bytes: chunk.bytes.len() as u64,
            records: slices.len() as u64,
            ..Answer::default()
        };
        let (scratch, spans) = (&mut memory.scratch, memory.spans.as_slice());
        match self.want {
            Want::Which => self.tell_filters(scratch, &chunk, spans, &batch, &mut answer),
            Want::Count { keep } => {
                let verdicts = self.verdicts(scratch, &batch);
                answer.count(verdicts, keep);
                self.note_problems(&chunk, spans, verdicts, &mut answer);
            }
            Want::Records { keep, null } => {
                let verdicts = self.verdicts(scratch, &batch);
                answer.count(verdicts, keep);
                self.note_problems(&chunk, spans, verdicts, &mut answer);
                let kept = spans.iter().zip(verdicts).filter(|(_, verdict)| **verdict == keep).map(|(span, _)| span);
                if null {
                    write_null_ended(&chunk.bytes, kept, &mut answer.out);
                } else if chunk.has_lines() {
                    write_lines(&chunk.bytes, kept, &mut answer);
                } else {
                    write_documents(&chunk.bytes, kept, &mut answer.out);
                }
            }
        }
        drop(slices);
        answer.spare = chunk.bytes;
        answer
    }

    fn verdicts<'s>(&self, scratch: &'s mut Scratch, batch: &Batch<'_>) -> &'s [Verdict] {
        self.sieve.evaluate(scratch, batch).expect("the scratch was made by this sieve")
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
        let before = &record[..offset];
        let line = span.line + memchr::memchr_iter(b'\n', before).count() as u64;
        let column = 1 + before.len() - memchr::memrchr(b'\n', before).map_or(0, |feed| feed + 1);
        Problem { line, column: column as u64, reason }
    }
}

impl Answer {
    fn count(&mut self, verdicts: &[Verdict], keep: Verdict) {
        let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count() as u64;
        self.matched = count(Verdict::Match);
        self.malformed = count(Verdict::Malformed);
        self.kept = count(keep);
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

/// Documents, each followed by a line feed: what stood between them was not theirs.
fn write_documents<'s>(bytes: &[u8], kept: impl Iterator<Item = &'s Span>, out: &mut Vec<u8>) {
    for span in kept {
        out.extend_from_slice(&bytes[span.start..span.end]);
        out.push(b'\n');
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
