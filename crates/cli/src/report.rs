//! What a run of `filter` writes and says, in the order of the input.

use std::io::IsTerminal;
use std::time::Instant;

use crate::answer::{Answer, NAMED_PROBLEMS, Spare};
use crate::args::{FilterArgs, Format};
use crate::exit::{Exit, Failure};
use crate::output::{self, Progress, Summary, counted};

/// What has been written and said so far.
pub(crate) struct Report<'r> {
    names: &'r [String],
    progress: Progress,
    started: Instant,
    summary: Summary,
    kept: u64,
    named_problems: usize,
    unreadable: bool,
    /// The file that was given up last: what others have read of it behind the trouble does not count.
    given_up: Option<usize>,
    /// The file of the last answer, and its lines so far that the reader has not numbered.
    lines: (usize, u64),
    /// What was written last lacks its line ending, and gets one if anything follows.
    open_end: bool,
}

impl<'r> Report<'r> {
    pub(crate) fn new(names: &'r [String], progress: Progress) -> Report<'r> {
        Report {
            names,
            progress,
            started: Instant::now(),
            summary: Summary::default(),
            kept: 0,
            named_problems: 0,
            unreadable: false,
            given_up: None,
            lines: (0, 0),
            open_end: false,
        }
    }

    /// Writes an answer and gives back its memory.
    pub(crate) fn take(&mut self, answer: Answer) -> Result<Spare, Failure> {
        if self.given_up == Some(answer.file) {
            return Ok(answer.into_spare());
        }
        let name = &self.names[answer.file];
        if self.lines.0 != answer.file {
            self.lines = (answer.file, 0);
        }
        let lines = self.lines.1;
        if let Some(trouble) = &answer.trouble {
            self.progress.clear();
            output::complain(&format!("{name}: {}", trouble.tell(lines)));
            self.unreadable = true;
            self.given_up = Some(answer.file);
        }
        for problem in answer.problems.iter().take(NAMED_PROBLEMS - self.named_problems) {
            self.progress.clear();
            output::note(&format!("{name}:{}:{}: {}", lines + problem.line, problem.column, problem.reason));
            self.named_problems += 1;
        }
        self.lines.1 += answer.lines;
        self.summary.records += answer.records;
        self.summary.matched += answer.matched;
        self.summary.malformed += answer.malformed;
        self.summary.payload_not_json += answer.payload_not_json;
        self.summary.bytes += answer.text.len() as u64;
        self.kept += answer.kept;
        let written = answer.written();
        if !written.is_empty() {
            if self.open_end {
                output::print(b"\n")?;
            }
            output::print(written)?;
            self.open_end = answer.open_end;
        }
        self.progress.tick(self.summary.bytes);
        Ok(answer.into_spare())
    }

    /// Says what is left to say; the status. `untold`: nothing told the source, and nobody said it.
    pub(crate) fn finish(mut self, args: &FilterArgs, untold: bool) -> Result<Exit, Failure> {
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
        if untold && self.summary.matched == 0 && self.summary.records > self.summary.malformed {
            output::note("source raw, for no record tells another; --source says otherwise");
        }
        self.summary.dropped = self.summary.records - self.summary.matched;
        self.summary.seconds = self.started.elapsed().as_secs_f64();
        if args.stats || std::io::stderr().is_terminal() {
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
