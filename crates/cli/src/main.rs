//! The `eventsieve` command.
//!
//! | module | what it does |
//! |---|---|
//! | `args` | the words a person types, and their help |
//! | `criteria` | `--criteria`, `--pattern` or `--program` to a [`Sieve`](eventsieve::Sieve) |
//! | `limits` | `--limit`: a bound, chosen by name |
//! | `filter` | records in, matching records out: the order of work |
//! | `pipeline` | the same on several threads, in the order of the input |
//! | `records` | files and stdin to chunks of whole records, in bounded memory |
//! | `claim` | stretches of a file that several threads read at once |
//! | `chunk` | one of these chunks: its text, and where the records lie |
//! | `layout` | does a file hold one record a line, or JSON documents that span lines |
//! | `units` | documents to records: envelopes and aggregates |
//! | `answer`, `report` | what a chunk came to; what of it is written and said |
//! | `output` | what is written to stdout and stderr, and how it looks |
//! | `test_cases` | `test`: case files against the engine |
//! | `compile`, `disasm` | criteria to a program file, a program as a listing |
//! | `exit` | what the status of the process is |
#![forbid(unsafe_code)]

mod answer;
mod args;
mod chunk;
mod claim;
mod compile;
mod criteria;
mod disasm;
mod exit;
mod filter;
mod layout;
mod limits;
mod output;
mod pipeline;
mod records;
mod report;
mod test_cases;
mod units;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::code_of(args::parse().and_then(run))
}

fn run(args: args::Cli) -> Result<exit::Exit, exit::Failure> {
    output::choose_color(args.color);
    match &args.command {
        args::Command::Filter(args) => filter::run(args),
        args::Command::Compile(args) => compile::run(args),
        args::Command::Disasm(args) => disasm::run(args),
        args::Command::Test(args) => test_cases::run(args),
    }
}
